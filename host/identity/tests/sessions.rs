//! Sessions and sign-on codes.

#![allow(clippy::unwrap_used, reason = "a helper that panics fails its test")]

mod common;

use common::*;
use yunlong_identity::{CodeError, SessionOrigin};
use yunlong_model::Clock as _;

const PORTAL: &SessionOrigin = &SessionOrigin::Portal;

fn at(name: &str) -> SessionOrigin {
    SessionOrigin::Installation(app(name))
}

async fn city_with_citizen() -> City {
    let city = city().await;
    city.account(citizen("citizen-1")).await;
    city
}

#[tokio::test]
async fn a_token_is_good_at_its_own_origin_alone() {
    let city = city_with_citizen().await;
    let (portal, _) = city.sign_in("citizen-1", SessionOrigin::Portal).await;
    let (bearer, _) = city.sign_in("citizen-1", SessionOrigin::Bearer).await;
    for other in [SessionOrigin::Console, SessionOrigin::Bearer, at("tickets")] {
        assert!(!city.alive(&portal, &other).await, "{other:?}");
    }
    assert!(!city.alive(&bearer, PORTAL).await);
    for nonsense in ["", "x", &"a".repeat(43)] {
        assert!(!city.alive(nonsense, PORTAL).await);
    }
}

#[tokio::test]
async fn only_the_hash_of_a_token_is_stored() {
    let city = city_with_citizen().await;
    let (token, session) = city.sign_in("citizen-1", SessionOrigin::Portal).await;
    let code = city.identity.issue_code(&session, at("tickets")).await.unwrap();
    let stored = city.stored().await;
    assert!(!stored.contains(&token) && !stored.contains(code.as_str()));
    assert_eq!(token.len(), 43);
    assert!(!format!("{session:?}").contains(&token));
}

#[tokio::test]
async fn a_session_ends_after_twelve_hours_even_in_use() {
    let city = city_with_citizen().await;
    let (token, _) = city.sign_in("citizen-1", SessionOrigin::Portal).await;
    for _ in 0..11 {
        city.clock.advance(HOUR);
        assert!(city.alive(&token, PORTAL).await);
    }
    city.clock.advance(HOUR);
    assert!(!city.alive(&token, PORTAL).await);
}

#[tokio::test]
async fn a_browsers_session_ends_after_two_idle_hours_and_a_programs_does_not() {
    let city = city_with_citizen().await;
    let (portal, _) = city.sign_in("citizen-1", SessionOrigin::Portal).await;
    let (bearer, _) = city.sign_in("citizen-1", SessionOrigin::Bearer).await;
    city.clock.advance(2 * HOUR - 1);
    assert!(city.alive(&portal, PORTAL).await);
    city.clock.advance(2 * HOUR - 1);
    assert!(city.alive(&portal, PORTAL).await);
    city.clock.advance(2 * HOUR);
    assert!(!city.alive(&portal, PORTAL).await);
    assert!(city.alive(&bearer, &SessionOrigin::Bearer).await);
}

#[tokio::test]
async fn use_is_remembered_over_a_restart_but_not_written_at_each_request() {
    let city = city_with_citizen().await;
    let (token, _) = city.sign_in("citizen-1", SessionOrigin::Portal).await;
    let seq = *city.store.watch().borrow();
    for _ in 0..9 {
        city.clock.advance(MINUTE);
        assert!(city.alive(&token, PORTAL).await);
    }
    assert_eq!(*city.store.watch().borrow(), seq);
    city.clock.advance(HOUR);
    let mut commits = city.store.watch();
    commits.mark_unchanged();
    assert!(city.alive(&token, PORTAL).await);
    commits.changed().await.unwrap();
    city.clock.advance(2 * HOUR - 1);
    let city = city.restarted().await;
    assert!(city.alive(&token, PORTAL).await);
}

#[tokio::test]
async fn signing_out_works_at_once_and_for_what_began_from_it() {
    let city = city_with_citizen().await;
    let (portal, session) = city.sign_in("citizen-1", SessionOrigin::Portal).await;
    let (other, _) = city.sign_in("citizen-1", SessionOrigin::Portal).await;
    let code = city.identity.issue_code(&session, at("tickets")).await.unwrap();
    let child = city.identity.redeem_code(code.as_str(), at("tickets")).await.unwrap();
    assert!(city.alive(child.token.as_str(), &at("tickets")).await);
    let late = city.identity.issue_code(&session, at("library")).await.unwrap();

    city.identity.sign_out(&portal).await.unwrap();
    assert!(!city.alive(&portal, PORTAL).await && !city.alive(child.token.as_str(), &at("tickets")).await);
    assert_eq!(city.identity.redeem_code(late.as_str(), at("library")).await.unwrap_err(), CodeError::SessionEnded);
    assert_eq!(city.identity.issue_code(&session, at("tickets")).await.unwrap_err(), CodeError::SessionEnded);
    assert!(city.alive(&other, PORTAL).await, "another device stays signed in");
    city.identity.sign_out(&portal).await.unwrap();
    let city = city.restarted().await;
    assert!(!city.alive(&portal, PORTAL).await && city.alive(&other, PORTAL).await);
}

#[tokio::test]
async fn signing_out_at_an_app_leaves_the_portal_signed_in() {
    let city = city_with_citizen().await;
    let (portal, session) = city.sign_in("citizen-1", SessionOrigin::Portal).await;
    let code = city.identity.issue_code(&session, at("tickets")).await.unwrap();
    let child = city.identity.redeem_code(code.as_str(), at("tickets")).await.unwrap();
    city.identity.sign_out(child.token.as_str()).await.unwrap();
    assert!(!city.alive(child.token.as_str(), &at("tickets")).await && city.alive(&portal, PORTAL).await);
}

#[tokio::test]
async fn a_session_from_a_code_ends_with_the_one_behind_it() {
    let city = city_with_citizen().await;
    let (_, session) = city.sign_in("citizen-1", SessionOrigin::Portal).await;
    city.clock.advance(HOUR);
    let code = city.identity.issue_code(&session, at("tickets")).await.unwrap();
    let child = city.identity.redeem_code(code.as_str(), at("tickets")).await.unwrap();
    assert_eq!(child.expires_at, session.expires_at);
}

#[tokio::test]
async fn a_code_is_good_once() {
    let city = city_with_citizen().await;
    let (_, session) = city.sign_in("citizen-1", SessionOrigin::Portal).await;
    let code = city.identity.issue_code(&session, at("tickets")).await.unwrap();
    city.identity.redeem_code(code.as_str(), at("tickets")).await.unwrap();
    assert_eq!(city.identity.redeem_code(code.as_str(), at("tickets")).await.unwrap_err(), CodeError::Invalid);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_who_race_for_a_code_one_wins() {
    let city = city_with_citizen().await;
    let (_, session) = city.sign_in("citizen-1", SessionOrigin::Portal).await;
    for _ in 0..10 {
        let code = city.identity.issue_code(&session, at("tickets")).await.unwrap();
        let all: Vec<_> = (0..8)
            .map(|_| {
                let (identity, code) = (city.identity.clone(), code.clone());
                tokio::spawn(async move { identity.redeem_code(code.as_str(), at("tickets")).await })
            })
            .collect();
        let mut won = 0;
        for one in all {
            match one.await.unwrap() {
                Ok(_) => won += 1,
                Err(e) => assert_eq!(e, CodeError::Invalid),
            }
        }
        assert_eq!(won, 1);
    }
}

#[tokio::test]
async fn a_code_expires_after_a_minute() {
    let city = city_with_citizen().await;
    let (_, session) = city.sign_in("citizen-1", SessionOrigin::Portal).await;
    let (a, b) = (
        city.identity.issue_code(&session, at("tickets")).await.unwrap(),
        city.identity.issue_code(&session, at("tickets")).await.unwrap(),
    );
    city.clock.advance(MINUTE - 1);
    city.identity.redeem_code(a.as_str(), at("tickets")).await.unwrap();
    city.clock.advance(1);
    assert_eq!(city.identity.redeem_code(b.as_str(), at("tickets")).await.unwrap_err(), CodeError::Invalid);
}

#[tokio::test]
async fn a_code_that_turns_up_at_another_origin_is_used_up() {
    let city = city_with_citizen().await;
    let (_, session) = city.sign_in("citizen-1", SessionOrigin::Portal).await;
    let code = city.identity.issue_code(&session, at("tickets")).await.unwrap();
    assert_eq!(city.identity.redeem_code(code.as_str(), at("hostile")).await.unwrap_err(), CodeError::Invalid);
    assert_eq!(city.identity.redeem_code(code.as_str(), at("tickets")).await.unwrap_err(), CodeError::Invalid);
}

#[tokio::test]
async fn what_has_expired_is_thrown_away_and_nothing_else() {
    let city = city_with_citizen().await;
    let before = city.stored().await;
    let (_, session) = city.sign_in("citizen-1", SessionOrigin::Portal).await;
    let code = city.identity.issue_code(&session, at("tickets")).await.unwrap();
    city.identity.redeem_code(code.as_str(), at("tickets")).await.unwrap();
    city.identity.issue_code(&session, at("library")).await.unwrap();
    city.clock.advance(6 * HOUR);
    let (alive, _) = city.sign_in("citizen-1", SessionOrigin::Portal).await;
    assert_eq!(city.identity.purge_expired().await.unwrap(), 1, "the code that nobody redeemed");
    city.clock.advance(6 * HOUR);
    assert_eq!(city.identity.purge_expired().await.unwrap(), 2, "the session and its child");
    city.identity.sign_out(&alive).await.unwrap();
    let without_audit = |s: &str| s.lines().filter(|l| !l.contains("@identity/audit")).collect::<Vec<_>>().join("\n");
    assert_eq!(without_audit(&city.stored().await), without_audit(&before));
    assert!(city.clock.now().0 > 0);
}

//! Signing in: lock-out, bounded hashing, the same answer for everybody.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use common::*;
use std::sync::atomic::Ordering;
use std::time::Duration;
use yunlong_identity::{IdentityConfig, SessionOrigin, SignInError};
use yunlong_model::Clock as _;

const PORTAL: &SessionOrigin = &SessionOrigin::Portal;

async fn fail(city: &City, name: &str) -> SignInError {
    city.identity.sign_in(name, "wrong horse", PORTAL).await.unwrap_err()
}

async fn right(city: &City, name: &str) -> Result<(), SignInError> {
    city.identity.sign_in(name, PASSWORD, PORTAL).await.map(|_| ())
}

#[tokio::test]
async fn the_fifth_failure_locks_for_a_quarter_of_an_hour_even_the_right_password() {
    let city = city().await;
    city.account(citizen("citizen-1")).await;
    for _ in 0..4 {
        assert_eq!(fail(&city, "citizen-1").await, SignInError::Wrong);
    }
    let until = city.clock.now().plus_millis(15 * MINUTE);
    assert_eq!(fail(&city, "citizen-1").await, SignInError::LockedUntil(until));
    let hashes = city.hasher.total.load(Ordering::SeqCst);
    city.clock.advance(15 * MINUTE - 1);
    assert_eq!(right(&city, "citizen-1").await, Err(SignInError::LockedUntil(until)));
    assert_eq!(city.hasher.total.load(Ordering::SeqCst), hashes, "a locked account costs no hash");
    city.clock.advance(1);
    assert_eq!(right(&city, "citizen-1").await, Ok(()));
}

#[tokio::test]
async fn a_success_starts_the_count_again_and_a_second_lock_lasts_longer() {
    let city = city().await;
    city.account(citizen("citizen-1")).await;
    for _ in 0..4 {
        fail(&city, "citizen-1").await;
    }
    right(&city, "citizen-1").await.unwrap();
    for minutes in [15, 30] {
        for _ in 0..4 {
            assert_eq!(fail(&city, "citizen-1").await, SignInError::Wrong);
        }
        let until = city.clock.now().plus_millis(minutes * MINUTE);
        assert_eq!(fail(&city, "citizen-1").await, SignInError::LockedUntil(until));
        city.clock.advance(minutes * MINUTE);
    }
}

#[tokio::test]
async fn a_lock_survives_a_restart_and_an_administrator_can_end_it() {
    let city = city().await;
    city.account(citizen("citizen-1")).await;
    for _ in 0..5 {
        fail(&city, "citizen-1").await;
    }
    let city = city.restarted().await;
    assert!(matches!(right(&city, "citizen-1").await, Err(SignInError::LockedUntil(_))));
    city.identity.unlock("citizen-1", "city-admin").await.unwrap();
    right(&city, "citizen-1").await.unwrap();
}

#[tokio::test]
async fn a_lock_harms_no_other_account() {
    let city = city().await;
    city.account(citizen("citizen-1")).await;
    city.account(citizen("citizen-2")).await;
    for _ in 0..5 {
        fail(&city, "citizen-1").await;
    }
    right(&city, "citizen-2").await.unwrap();
}

#[tokio::test]
async fn an_unknown_account_answers_and_locks_like_a_known_one_and_costs_as_much() {
    let city = city().await;
    city.account(citizen("citizen-1")).await;
    for name in ["citizen-1", "citizen-9", "Not A Name", ""] {
        let work = || (city.hasher.total.load(Ordering::SeqCst), city.store.watch().borrow().0);
        let before = work();
        for _ in 0..4 {
            assert_eq!(fail(&city, name).await, SignInError::Wrong, "{name}");
        }
        assert!(matches!(fail(&city, name).await, SignInError::LockedUntil(_)), "{name}");
        assert_eq!(work(), (before.0 + 5, before.1 + 5), "a hash and a commit each: {name}");
    }
    let city = city.restarted().await;
    assert!(matches!(fail(&city, "citizen-9").await, SignInError::LockedUntil(_)));
    assert!(!city.stored().await.contains("Not A Name"), "what strangers type is not kept");
}

#[tokio::test]
async fn a_lock_tells_nothing_about_which_names_exist_however_many_names_are_tried_between() {
    let city = city().await;
    city.account(citizen("citizen-1")).await;
    for name in ["citizen-1", "citizen-9"] {
        for _ in 0..5 {
            fail(&city, name).await;
        }
    }
    // As many strange names as the table of failures once had rows for them.
    for n in 0..5_000 {
        fail(&city, &format!("stranger-{n}")).await;
    }
    for name in ["citizen-1", "citizen-9"] {
        assert!(matches!(fail(&city, name).await, SignInError::LockedUntil(_)), "{name}");
    }
}

#[tokio::test]
async fn racing_guesses_get_no_more_tries_than_patient_ones() {
    let city = city().await;
    city.account(citizen("citizen-1")).await;
    let guesses = (0..40).map(|_| {
        let identity = city.identity.clone();
        tokio::spawn(async move { identity.sign_in("citizen-1", "wrong horse", PORTAL).await.unwrap_err() })
    });
    let (mut wrong, mut locked) = (0, 0);
    for guess in guesses.collect::<Vec<_>>() {
        match guess.await.unwrap() {
            SignInError::Wrong => wrong += 1,
            SignInError::LockedUntil(_) => locked += 1,
            other => panic!("{other}"),
        }
    }
    assert_eq!((wrong, locked), (4, 36));
    assert!(matches!(right(&city, "citizen-1").await, Err(SignInError::LockedUntil(_))));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn five_hundred_sign_ins_at_once_never_compute_more_than_four_hashes_together() {
    let city = city_with(IdentityConfig::default(), Duration::from_millis(1)).await;
    city.identity.create_accounts((0..500).map(|i| citizen(&format!("citizen-{i:03}"))).collect()).await.unwrap();
    city.hasher.most.store(0, Ordering::SeqCst);
    let all: Vec<_> = (0..500)
        .map(|i| {
            let identity = city.identity.clone();
            tokio::spawn(async move { identity.sign_in(&format!("citizen-{i:03}"), PASSWORD, PORTAL).await })
        })
        .collect();
    let mut tokens = std::collections::BTreeSet::new();
    for one in all {
        tokens.insert(one.await.unwrap().unwrap().token.as_str().to_owned());
    }
    assert_eq!(tokens.len(), 500);
    let most = city.hasher.most.load(Ordering::SeqCst);
    assert!((1..=4).contains(&most), "{most}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_finds_the_queue_full_is_told_when_to_come_back_and_is_not_blamed() {
    let config = IdentityConfig { concurrent_hashes: 1, queued_hashes: 1, ..IdentityConfig::default() };
    let city = city_with(config, Duration::from_millis(100)).await;
    city.account(citizen("citizen-1")).await;
    let all: Vec<_> = (0..10)
        .map(|_| {
            let identity = city.identity.clone();
            tokio::spawn(async move { identity.sign_in("citizen-1", PASSWORD, PORTAL).await })
        })
        .collect();
    let mut busy = 0;
    for one in all {
        match one.await.unwrap() {
            Ok(_) => {}
            Err(SignInError::Busy { retry_after }) => {
                assert!(retry_after > Duration::ZERO);
                busy += 1;
            }
            Err(other) => panic!("{other}"),
        }
    }
    assert!(busy >= 1, "ten at once do not fit into two places");
    right(&city, "citizen-1").await.unwrap();
}

#[tokio::test]
async fn who_goes_away_while_hashing_leaves_no_place_occupied() {
    let config = IdentityConfig { concurrent_hashes: 1, queued_hashes: 0, ..IdentityConfig::default() };
    let city = city_with(config, Duration::from_millis(20)).await;
    city.account(citizen("citizen-1")).await;
    for _ in 0..3 {
        let _ =
            tokio::time::timeout(Duration::from_millis(1), city.identity.sign_in("citizen-1", PASSWORD, PORTAL)).await;
        while let Err(e) = right(&city, "citizen-1").await {
            assert!(matches!(e, SignInError::Busy { .. }), "{e}");
            tokio::task::yield_now().await;
        }
    }
    assert_eq!(city.hasher.most.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn failures_are_in_the_audit_trail() {
    let city = city().await;
    city.account(citizen("citizen-1")).await;
    for _ in 0..5 {
        fail(&city, "citizen-1").await;
    }
    let rows = city.identity.audit(20).await.unwrap();
    let count = |action: &str| rows.iter().filter(|r| r.action == action && r.target == "citizen-1").count();
    assert_eq!((count("sign-in.failed"), count("sign-in.locked")), (5, 1));
    right(&city, "citizen-1").await.unwrap_err();
}

#[tokio::test]
async fn a_disabled_account_is_a_wrong_password_and_its_sessions_end() {
    let city = city().await;
    city.account(citizen("citizen-1")).await;
    let (token, _) = city.sign_in("citizen-1", SessionOrigin::Portal).await;
    city.identity.set_disabled("citizen-1", true, "city-admin").await.unwrap();
    assert!(!city.alive(&token, PORTAL).await);
    assert_eq!(right(&city, "citizen-1").await, Err(SignInError::Wrong));
    city.identity.set_disabled("citizen-1", false, "city-admin").await.unwrap();
    assert!(!city.alive(&token, PORTAL).await, "enabling brings no session back");
    right(&city, "citizen-1").await.unwrap();
}

#[tokio::test]
async fn a_new_password_ends_sessions_and_the_old_password() {
    let city = city().await;
    city.account(citizen("citizen-1")).await;
    let (token, _) = city.sign_in("citizen-1", SessionOrigin::Portal).await;
    city.identity.set_password("citizen-1", "another horse".into(), "citizen-1").await.unwrap();
    assert!(!city.alive(&token, PORTAL).await);
    assert_eq!(right(&city, "citizen-1").await, Err(SignInError::Wrong));
    city.identity.sign_in("citizen-1", "another horse", PORTAL).await.unwrap();
}

#[tokio::test]
async fn a_password_of_a_megabyte_is_wrong() {
    let city = city().await;
    city.account(citizen("citizen-1")).await;
    let long = "x".repeat(1 << 20);
    assert_eq!(city.identity.sign_in("citizen-1", &long, PORTAL).await.unwrap_err(), SignInError::Wrong);
}

//! Acting for somebody else.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use common::*;
use yunlong_identity::{Basis, CodeError, CompanyMandate, IdentityError, NewMandate, Session, SessionOrigin};
use yunlong_model::{Grantor, InstallationName};

const DAY: i64 = 24 * HOUR;

fn days(days: u32, services: &[&str]) -> NewMandate {
    NewMandate { services: services.iter().map(|s| app(s)).collect(), days }
}

async fn two(city: &City) -> (Session, Session, String) {
    city.account(with_attributes("mother")).await;
    city.account(citizen("daughter")).await;
    let (_, mother) = city.sign_in("mother", SessionOrigin::Portal).await;
    let (token, daughter) = city.sign_in("daughter", SessionOrigin::Portal).await;
    (mother, daughter, token)
}

/// The session as it is now.
async fn now(city: &City, token: &str) -> Session {
    city.identity.authenticate(token, &SessionOrigin::Portal).await.unwrap().unwrap()
}

async fn acting_at(
    city: &City,
    session: &Session,
    installation: &InstallationName,
) -> Option<yunlong_model::ActingFor> {
    city.identity.principal(Some(session), installation).await.unwrap().acting_for
}

#[tokio::test]
async fn a_mandate_is_given_taken_chosen_seen_by_the_app_and_written_down() {
    let city = city().await;
    let (mother, daughter, token) = two(&city).await;
    let (mandate, code) = city.identity.give_mandate(&mother, None, days(30, &[])).await.unwrap();
    let tickets = app("tickets");
    assert_eq!(city.identity.act_for(&daughter, Some(&mandate.id)).await, Err(IdentityError::NoSuchMandate));
    city.identity.take_mandate("daughter", code.as_str()).await.unwrap();
    assert_eq!(acting_at(&city, &now(&city, &token).await, &tickets).await, None, "only once it is chosen");
    city.identity.act_for(&daughter, Some(&mandate.id)).await.unwrap();
    let principal = city.identity.principal(Some(&now(&city, &token).await), &tickets).await.unwrap();
    let acting = principal.acting_for.unwrap();
    assert_eq!((acting.grantor, acting.mandate), (Grantor::Person, mandate.id.clone()));
    assert_eq!(acting.subject, city.identity.subject(&tickets, "mother"), "as the app knows her");
    assert_eq!(principal.subject, Some(city.identity.subject(&tickets, "daughter")), "who acts stays who it is");
    assert_ne!(acting.subject, city.identity.subject(&app("guestbook"), "mother"), "pairwise");
    assert_eq!(city.identity.account_of(&tickets, &acting.subject).await.unwrap().as_deref(), Some("mother"));
    let actions: Vec<_> = city.identity.audit(50).await.unwrap().into_iter().map(|r| (r.actor, r.action)).collect();
    for (actor, action) in
        [("mother", "mandate.given"), ("daughter", "mandate.taken"), ("daughter", "mandate.acting-began")]
    {
        assert!(actions.contains(&(actor.into(), action.into())), "{action}");
    }
    city.identity.act_for(&daughter, None).await.unwrap();
    assert_eq!(acting_at(&city, &now(&city, &token).await, &tickets).await, None);
}

#[tokio::test]
async fn a_mandate_covers_the_services_that_were_chosen() {
    let city = city().await;
    let (mother, daughter, token) = two(&city).await;
    let (mandate, code) = city.identity.give_mandate(&mother, None, days(30, &["tickets"])).await.unwrap();
    city.identity.take_mandate("daughter", code.as_str()).await.unwrap();
    city.identity.act_for(&daughter, Some(&mandate.id)).await.unwrap();
    let session = now(&city, &token).await;
    assert!(acting_at(&city, &session, &app("tickets")).await.is_some());
    assert_eq!(acting_at(&city, &session, &app("guestbook")).await, None);
}

#[tokio::test]
async fn a_revoked_or_expired_mandate_is_none_at_the_next_call() {
    let city = city().await;
    let (mother, daughter, token) = two(&city).await;
    for ends in ["grantor", "grantee", "time"] {
        let (mandate, code) = city.identity.give_mandate(&mother, None, days(1, &[])).await.unwrap();
        city.identity.take_mandate("daughter", code.as_str()).await.unwrap();
        city.identity.act_for(&now(&city, &token).await, Some(&mandate.id)).await.unwrap();
        let session = now(&city, &token).await;
        assert!(acting_at(&city, &session, &app("tickets")).await.is_some());
        match ends {
            "grantor" => city.identity.revoke_mandate(&mother, &mandate.id).await.unwrap(),
            "grantee" => city.identity.revoke_mandate(&daughter, &mandate.id).await.unwrap(),
            _ => city.clock.advance(DAY),
        }
        assert_eq!(acting_at(&city, &session, &app("tickets")).await, None, "{ends}");
        assert!(city.identity.acting(&session).await.unwrap().is_none(), "{ends}");
    }
}

#[tokio::test]
async fn a_code_is_good_once_for_a_week_and_not_for_oneself() {
    let city = city().await;
    let (mother, ..) = two(&city).await;
    city.account(citizen("stranger")).await;
    let (_, code) = city.identity.give_mandate(&mother, None, days(30, &[])).await.unwrap();
    assert_eq!(city.identity.take_mandate("mother", code.as_str()).await.unwrap_err(), CodeError::Invalid);
    city.identity.take_mandate("daughter", code.as_str()).await.unwrap();
    assert_eq!(city.identity.take_mandate("stranger", code.as_str()).await.unwrap_err(), CodeError::Invalid);
    let (_, code) = city.identity.give_mandate(&mother, None, days(30, &[])).await.unwrap();
    city.clock.advance(7 * DAY);
    assert_eq!(city.identity.take_mandate("daughter", code.as_str()).await.unwrap_err(), CodeError::Invalid);
}

#[tokio::test]
async fn a_mandate_is_no_others_to_use_or_revoke() {
    let city = city().await;
    let (mother, ..) = two(&city).await;
    city.account(citizen("stranger")).await;
    let (_, stranger) = city.sign_in("stranger", SessionOrigin::Portal).await;
    let (mandate, code) = city.identity.give_mandate(&mother, None, days(30, &[])).await.unwrap();
    city.identity.take_mandate("daughter", code.as_str()).await.unwrap();
    assert_eq!(city.identity.act_for(&stranger, Some(&mandate.id)).await, Err(IdentityError::NoSuchMandate));
    assert_eq!(city.identity.revoke_mandate(&stranger, &mandate.id).await, Err(IdentityError::NoSuchMandate));
    assert!(city.identity.give_mandate(&stranger, Some(&mandate.id), days(30, &[])).await.is_err());
    for wrong in [0, 1_099] {
        assert!(city.identity.give_mandate(&mother, None, days(wrong, &[])).await.is_err(), "{wrong} days");
    }
}

#[tokio::test]
async fn every_mandate_is_listed_and_revoked_however_many_there_are() {
    let city = city().await;
    let (mother, daughter, token) = two(&city).await;
    let mut given = Vec::new();
    for _ in 0..230 {
        let (mandate, code) = city.identity.give_mandate(&mother, None, days(30, &[])).await.unwrap();
        city.identity.take_mandate("daughter", code.as_str()).await.unwrap();
        city.clock.advance(1);
        given.push(mandate.id);
    }
    let (mut listed, mut before) = (Vec::new(), None::<String>);
    loop {
        let page = city.identity.mandates_given("mother", before.as_deref(), 50).await.unwrap();
        assert!(page.mandates.len() <= 50);
        listed.extend(page.mandates.into_iter().map(|m| m.id));
        before = page.next;
        if before.is_none() {
            break;
        }
    }
    assert!(listed.iter().eq(given.iter().rev()), "each once, the newest first");
    city.identity.act_for(&daughter, Some(&given[229])).await.unwrap();
    for id in &given[..229] {
        city.identity.revoke_mandate(&mother, id).await.unwrap();
    }
    let held = city.identity.mandates_held("daughter").await.unwrap();
    assert_eq!(held.iter().map(|m| &m.id).collect::<Vec<_>>(), [&given[229]], "behind all those that are over");
    assert!(acting_at(&city, &now(&city, &token).await, &app("tickets")).await.is_some());
    city.identity.revoke_mandate(&mother, &given[229]).await.unwrap();
    assert_eq!(acting_at(&city, &now(&city, &token).await, &app("tickets")).await, None);
}

#[tokio::test]
async fn choosing_for_whom_one_acts_ends_the_sessions_at_the_apps() {
    let city = city().await;
    let (mother, daughter, token) = two(&city).await;
    let (mandate, code) = city.identity.give_mandate(&mother, None, days(30, &[])).await.unwrap();
    city.identity.take_mandate("daughter", code.as_str()).await.unwrap();
    let at = SessionOrigin::Installation(app("tickets"));
    let sign_on = async || {
        let code = city.identity.issue_code(&now(&city, &token).await, at.clone()).await.unwrap();
        city.identity.redeem_code(code.as_str(), at.clone()).await.unwrap().token.as_str().to_owned()
    };
    let before = sign_on().await;
    city.identity.act_for(&daughter, Some(&mandate.id)).await.unwrap();
    assert!(!city.alive(&before, &at).await);
    let after = sign_on().await;
    let session = city.identity.authenticate(&after, &at).await.unwrap().unwrap();
    assert!(acting_at(&city, &session, &app("tickets")).await.is_some(), "the new one is in the new office");
}

#[tokio::test]
async fn a_company_is_recorded_by_an_official_and_its_representative_gives_mandates_for_it() {
    let city = city().await;
    city.account(citizen("boss")).await;
    city.account(citizen("clerk")).await;
    let company = |code: &str, papers: &str| CompanyMandate {
        code: code.into(),
        name: "徐州示范物流有限公司".into(),
        papers: papers.into(),
        days: 365,
    };
    for (code, papers) in [("91320300MA000TX14H", "营业执照"), ("91320300MA000TX14G", "")] {
        assert!(city.identity.record_company(company(code, papers), "official-1").await.is_err(), "{code} {papers}");
    }
    let (first, code) =
        city.identity.record_company(company("91320300MA000TX14G", "营业执照"), "official-1").await.unwrap();
    assert!(
        matches!(&first.basis, Basis::Official { account, papers } if account == "official-1" && papers == "营业执照")
    );
    city.identity.take_mandate("boss", code.as_str()).await.unwrap();
    let (_, boss) = city.sign_in("boss", SessionOrigin::Portal).await;
    let (second, code) = city.identity.give_mandate(&boss, Some(&first.id), days(30, &[])).await.unwrap();
    city.identity.take_mandate("clerk", code.as_str()).await.unwrap();
    let (token, clerk) = city.sign_in("clerk", SessionOrigin::Portal).await;
    let further = city.identity.give_mandate(&clerk, Some(&second.id), days(30, &[])).await;
    assert!(further.is_err(), "who was given a mandate gives none");
    city.identity.act_for(&clerk, Some(&second.id)).await.unwrap();
    let acting = acting_at(&city, &now(&city, &token).await, &app("tickets")).await.unwrap();
    assert!(matches!(acting.grantor, Grantor::Company { code, .. } if code == "91320300MA000TX14G"));
    let listed = city.identity.mandates_given("boss", None, 10).await.unwrap();
    assert_eq!(listed.mandates.iter().map(|m| &m.id).collect::<Vec<_>>(), [&second.id]);
    // What the representative gave ends with the office.
    city.identity.revoke_mandate(&boss, &first.id).await.unwrap();
    assert_eq!(acting_at(&city, &now(&city, &token).await, &app("tickets")).await, None);
}

//! Codes of an authenticator app, recovery codes, stepping up, the policy.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use common::*;
use data_encoding::BASE32_NOPAD;
use std::time::Duration;
use totp_rs::Builder;
use yunlong_identity::{
    Code, FactorError, IdentityConfig, PlatformRole, SecurityPolicy, Session, SessionOrigin, SignInError, TotpOffer,
};
use yunlong_model::{Assurance, Clock as _};

const PORTAL: &SessionOrigin = &SessionOrigin::Portal;
const STEP: i64 = 30_000;

/// Somebody's phone.
struct Phone(Vec<u8>);

impl Phone {
    fn scans(offer: &TotpOffer) -> Self {
        Self(BASE32_NOPAD.decode(offer.secret.as_bytes()).unwrap())
    }

    fn shows(&self, city: &City) -> String {
        let totp = Builder::new().with_secret(self.0.clone()).build().unwrap();
        totp.generate(city.clock.now().as_u64() / 1000).to_string()
    }
}

/// An official who has enrolled a phone, in a session of the portal; and the recovery codes.
async fn enrolled(city: &City, name: &str) -> (Phone, Session, Vec<Code>) {
    city.account(official(name, "320300", &[])).await;
    let (token, session) = city.sign_in(name, SessionOrigin::Portal).await;
    let phone = Phone::scans(&city.identity.offer_totp(name).await.unwrap());
    let codes = city.identity.confirm_totp(&session, &phone.shows(city)).await.unwrap().unwrap();
    let session = city.identity.authenticate(&token, PORTAL).await.unwrap().unwrap();
    city.clock.advance(STEP);
    (phone, session, codes)
}

/// The token that waits for the second factor.
async fn password(city: &City, name: &str) -> String {
    let new = city.identity.sign_in(name, PASSWORD, PORTAL).await.unwrap();
    assert!(new.waits_for_second_factor);
    new.token.as_str().to_owned()
}

#[tokio::test]
async fn a_password_alone_signs_nobody_in_who_has_a_second_factor() {
    let city = city().await;
    let (phone, ..) = enrolled(&city, "official-1").await;
    let token = password(&city, "official-1").await;
    assert!(!city.alive(&token, PORTAL).await, "the token waits");
    assert_eq!(city.identity.second_step(&token, PORTAL, "000000").await.unwrap_err(), FactorError::Wrong);
    let new = city.identity.second_step(&token, PORTAL, &phone.shows(&city)).await.unwrap();
    assert_ne!(new.token.as_str(), token);
    let session = city.identity.authenticate(new.token.as_str(), PORTAL).await.unwrap().unwrap();
    assert_eq!((session.assurance(), session.strong_at), (Assurance::MultiFactor, Some(city.clock.now())));
    assert!(!city.alive(&token, PORTAL).await, "the waiting token never becomes a session");
    let again = city.identity.second_step(&token, PORTAL, &phone.shows(&city)).await.unwrap_err();
    assert_eq!(again, FactorError::SessionEnded, "it is used up");
}

#[tokio::test]
async fn a_code_is_good_once_even_within_its_thirty_seconds() {
    let city = city().await;
    let (phone, ..) = enrolled(&city, "official-1").await;
    let code = phone.shows(&city);
    let (first, second) = (password(&city, "official-1").await, password(&city, "official-1").await);
    city.identity.second_step(&first, PORTAL, &code).await.unwrap();
    assert_eq!(city.identity.second_step(&second, PORTAL, &code).await.unwrap_err(), FactorError::Used);
    city.clock.advance(STEP);
    city.identity.second_step(&second, PORTAL, &phone.shows(&city)).await.unwrap();
}

#[tokio::test]
async fn the_code_of_the_step_before_and_after_is_good_and_an_older_one_is_not() {
    let city = city().await;
    let (phone, ..) = enrolled(&city, "official-1").await;
    city.clock.advance(10 * STEP);
    let code = phone.shows(&city);
    for (late, good) in [(STEP, true), (2 * STEP, false)] {
        city.clock.advance(late);
        let token = password(&city, "official-1").await;
        assert_eq!(city.identity.second_step(&token, PORTAL, &code).await.is_ok(), good, "{late}");
    }
}

#[tokio::test]
async fn a_waiting_token_is_good_for_five_minutes_and_at_its_own_origin() {
    let city = city().await;
    let (phone, ..) = enrolled(&city, "official-1").await;
    let token = password(&city, "official-1").await;
    let elsewhere = city.identity.second_step(&token, &SessionOrigin::Bearer, &phone.shows(&city)).await;
    assert_eq!(elsewhere.unwrap_err(), FactorError::SessionEnded);
    city.clock.advance(5 * MINUTE);
    let late = city.identity.second_step(&token, PORTAL, &phone.shows(&city)).await;
    assert_eq!(late.unwrap_err(), FactorError::SessionEnded);
}

#[tokio::test]
async fn guessing_codes_locks_whatever_password_attempts_do_between() {
    let city = city().await;
    let (phone, ..) = enrolled(&city, "official-1").await;
    for n in 0..5 {
        let token = password(&city, "official-1").await;
        let refused = city.identity.second_step(&token, PORTAL, "000000").await.unwrap_err();
        assert_eq!(matches!(refused, FactorError::LockedUntil(_)), n == 4, "{n}: {refused}");
    }
    let token = password(&city, "official-1").await;
    let right = city.identity.second_step(&token, PORTAL, &phone.shows(&city)).await.unwrap_err();
    assert!(matches!(right, FactorError::LockedUntil(_)), "{right}");
    city.clock.advance(15 * MINUTE);
    let token = password(&city, "official-1").await;
    city.identity.second_step(&token, PORTAL, &phone.shows(&city)).await.unwrap();
}

#[tokio::test]
async fn a_recovery_code_stands_in_for_the_phone_once() {
    let city = city().await;
    let (_, session, codes) = enrolled(&city, "official-1").await;
    assert_eq!(codes.len(), 10);
    let code = codes[3].as_str().to_lowercase().replace('-', " ");
    let token = password(&city, "official-1").await;
    city.identity.second_step(&token, PORTAL, &code).await.unwrap();
    assert_eq!(city.identity.factors("official-1").await.unwrap().recovery_left, 9);
    let token = password(&city, "official-1").await;
    assert_eq!(city.identity.second_step(&token, PORTAL, &code).await.unwrap_err(), FactorError::Wrong);
    let stored = city.stored().await;
    assert!(codes.iter().all(|c| !stored.contains(c.as_str()) && !stored.contains(&c.as_str().replace('-', ""))));
    let renewed = city.identity.new_recovery_codes(&session).await.unwrap();
    let old = city.identity.second_step(&token, PORTAL, codes[4].as_str()).await.unwrap_err();
    assert_eq!(old, FactorError::Wrong, "new codes make the old ones void");
    city.identity.second_step(&token, PORTAL, renewed[0].as_str()).await.unwrap();
}

#[tokio::test]
async fn the_secret_is_not_in_the_store() {
    let city = city().await;
    city.account(official("official-1", "320300", &[])).await;
    let offer = city.identity.offer_totp("official-1").await.unwrap();
    let bytes = BASE32_NOPAD.decode(offer.secret.as_bytes()).unwrap();
    let stored = city.stored().await;
    assert!(!stored.contains(&offer.secret) && !stored.contains(&data_encoding::HEXLOWER.encode(&bytes)));
    assert!(!format!("{offer:?}").contains(&offer.secret));
    assert_ne!(city.identity.offer_totp("official-1").await.unwrap().secret, offer.secret);
}

#[tokio::test]
async fn an_offer_is_void_after_a_quarter_of_an_hour_and_changes_nothing_before() {
    let city = city().await;
    city.account(official("official-1", "320300", &[])).await;
    let (_, session) = city.sign_in("official-1", SessionOrigin::Portal).await;
    let phone = Phone::scans(&city.identity.offer_totp("official-1").await.unwrap());
    assert_eq!(city.identity.confirm_totp(&session, "000000").await.unwrap_err(), FactorError::Wrong);
    assert!(!city.identity.sign_in("official-1", PASSWORD, PORTAL).await.unwrap().waits_for_second_factor);
    city.clock.advance(15 * MINUTE);
    let late = city.identity.confirm_totp(&session, &phone.shows(&city)).await.unwrap_err();
    assert_eq!(late, FactorError::NotEnrolled);
}

#[tokio::test]
async fn stepping_up_is_good_for_as_long_as_the_policy_says_and_is_carried_to_other_origins() {
    let city = city().await;
    let (phone, session, _) = enrolled(&city, "official-1").await;
    assert!(!city.identity.needs_step_up(&session), "enrolling was showing it");
    city.clock.advance(10 * MINUTE);
    assert!(city.identity.needs_step_up(&session));
    city.identity.step_up(&session, &phone.shows(&city)).await.unwrap();
    let code = city.identity.issue_code(&session, SessionOrigin::Console).await.unwrap();
    let console = city.identity.redeem_code(code.as_str(), SessionOrigin::Console).await.unwrap();
    let console = city.identity.authenticate(console.token.as_str(), &SessionOrigin::Console).await.unwrap().unwrap();
    assert!(!city.identity.needs_step_up(&console));
    assert_eq!(console.strong_at, Some(city.clock.now()));
    let principal = city.identity.principal(Some(&console), &app("tickets")).await.unwrap();
    assert_eq!(principal.assurance, Assurance::MultiFactor);
}

#[tokio::test]
async fn without_a_second_factor_nothing_can_be_asked_for() {
    let city = city().await;
    city.account(citizen("citizen-1")).await;
    let (_, session) = city.sign_in("citizen-1", SessionOrigin::Portal).await;
    assert!(!city.identity.needs_step_up(&session));
    assert_eq!(city.identity.step_up(&session, "000000").await.unwrap_err(), FactorError::NotEnrolled);
    let principal = city.identity.principal(Some(&session), &app("tickets")).await.unwrap();
    assert_eq!(principal.assurance, Assurance::Password);
}

#[tokio::test]
async fn the_last_factor_that_goes_takes_the_recovery_codes_along() {
    let city = city().await;
    let (_, session, _) = enrolled(&city, "official-1").await;
    city.identity.remove_totp(&session).await.unwrap();
    assert_eq!(city.identity.factors("official-1").await.unwrap(), yunlong_identity::FactorList::default());
    assert!(!city.identity.sign_in("official-1", PASSWORD, PORTAL).await.unwrap().waits_for_second_factor);
}

#[tokio::test]
async fn officials_without_the_second_factor_that_the_policy_wants_can_only_set_one_up() {
    let city = city().await;
    city.account(official("official-1", "320300", &[PlatformRole::DepartmentAdmin])).await;
    city.account(citizen("citizen-1")).await;
    let (portal, session) = city.sign_in("official-1", SessionOrigin::Portal).await;
    let (bearer, _) = city.sign_in("official-1", SessionOrigin::Bearer).await;
    let strict = SecurityPolicy { officials_need_second_factor: true, step_up_minutes: 5, ..SecurityPolicy::default() };
    city.identity.set_policy(strict.clone(), "city-security").await.unwrap();
    assert!(!city.alive(&bearer, &SessionOrigin::Bearer).await, "a session from before the policy");
    let refused = city.identity.sign_in("official-1", PASSWORD, &SessionOrigin::Bearer).await.unwrap_err();
    assert_eq!(refused, SignInError::MustEnroll);
    let still = city.identity.authenticate(&portal, PORTAL).await.unwrap().unwrap();
    assert!(still.must_enroll);
    city.sign_in("citizen-1", SessionOrigin::Bearer).await;
    let city = city.restarted().await;
    assert_eq!(*city.identity.policy(), strict, "it survives a restart");
    let phone = Phone::scans(&city.identity.offer_totp("official-1").await.unwrap());
    city.identity.confirm_totp(&session, &phone.shows(&city)).await.unwrap();
    assert!(!city.identity.authenticate(&portal, PORTAL).await.unwrap().unwrap().must_enroll);
}

#[tokio::test]
async fn until_a_policy_is_set_administrators_need_a_second_factor_and_nobody_else_does() {
    let city = city_with(IdentityConfig::default(), Duration::ZERO).await;
    city.account(official("chief-1", "320300", &[PlatformRole::SystemAdmin])).await;
    city.account(official("official-1", "320300", &[])).await;
    city.account(citizen("citizen-1")).await;
    let sign_in = async |name: &str| city.identity.sign_in(name, PASSWORD, &SessionOrigin::Bearer).await;
    assert_eq!(sign_in("chief-1").await.unwrap_err(), SignInError::MustEnroll);
    assert!(sign_in("official-1").await.is_ok() && sign_in("citizen-1").await.is_ok());
    let (_, session) = city.sign_in("chief-1", SessionOrigin::Portal).await;
    assert!(session.must_enroll, "at the portal, to enroll one");
    let phone = Phone::scans(&city.identity.offer_totp("chief-1").await.unwrap());
    city.identity.confirm_totp(&session, &phone.shows(&city)).await.unwrap();
    assert!(city.identity.sign_in("chief-1", PASSWORD, &SessionOrigin::Bearer).await.unwrap().waits_for_second_factor);
    // Whoever gets a role later needs one from then on.
    let (token, _) = city.sign_in("official-1", SessionOrigin::Portal).await;
    city.identity.set_platform_role("official-1", Some(PlatformRole::AuditAdmin), "city-security").await.unwrap();
    let there = city.identity.authenticate(&token, PORTAL).await.unwrap();
    assert!(there.is_none_or(|s| s.must_enroll));
    let relaxed = SecurityPolicy { administrators_need_second_factor: false, ..SecurityPolicy::default() };
    city.identity.set_policy(relaxed, "city-security").await.unwrap();
    city.identity.sign_in("official-1", PASSWORD, &SessionOrigin::Bearer).await.unwrap();
}

#[tokio::test]
async fn a_policy_of_before_says_nothing_of_administrators() {
    let city = city().await;
    let mut txn = yunlong_store::Txn::new(city.store.clone());
    let key = yunlong_store::Key::space("@identity").text("policy");
    txn.put_as(key, &serde_json::json!({ "officials_need_second_factor": true, "step_up_minutes": 7 }));
    txn.commit().await.unwrap();
    for config in [IdentityConfig::default(), IdentityConfig::demo()] {
        let wanted = SecurityPolicy { officials_need_second_factor: true, step_up_minutes: 7, ..config.policy.clone() };
        let identity = open(&city.store, &city.clock, config, city.hasher.clone()).await;
        assert_eq!(*identity.policy(), wanted);
    }
}

#[tokio::test]
async fn a_policy_of_no_minutes_is_refused() {
    let city = city().await;
    for step_up_minutes in [0, 61] {
        let policy = SecurityPolicy { step_up_minutes, ..SecurityPolicy::default() };
        assert!(city.identity.set_policy(policy, "city-security").await.is_err());
    }
}

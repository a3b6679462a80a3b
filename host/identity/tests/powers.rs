//! Who may do what with accounts; coming back to one; the sessions list; outside providers.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use common::*;
use proptest::prelude::*;
use yunlong_identity::{
    AccountKind, Attributes, AuditFilter, CodeError, Device, External, IdentityError, NewAccount, NewPerson,
    PlatformRole, Session, SessionOrigin, SignInError,
};

const PORTAL: &SessionOrigin = &SessionOrigin::Portal;

fn person(name: &str, organization: &str) -> NewPerson {
    NewPerson {
        name: name.into(),
        kind: AccountKind::Official,
        organization: Some(organization.into()),
        attributes: Attributes::default(),
    }
}

async fn as_role(city: &City, name: &str, organization: &str, role: PlatformRole) -> Session {
    city.account(official(name, organization, &[role])).await;
    city.sign_in(name, SessionOrigin::Console).await.1
}

#[tokio::test]
async fn no_account_holds_two_of_the_platforms_roles() {
    let city = city().await;
    for a in PlatformRole::ALL {
        for b in PlatformRole::ALL.into_iter().filter(|b| *b != a) {
            let refused = city.identity.create_account(official("official-1", "320300", &[a, b])).await;
            assert!(matches!(refused, Err(IdentityError::Invalid { field, .. }) if field == "platform_roles"));
        }
    }
    city.account(official("official-1", "320300", &[PlatformRole::SystemAdmin])).await;
    city.identity.set_platform_role("official-1", Some(PlatformRole::AuditAdmin), "city-security").await.unwrap();
    let account = city.identity.account("official-1").await.unwrap().unwrap();
    assert_eq!(account.platform_roles, [PlatformRole::AuditAdmin], "the new role replaces the old one");
    city.account(citizen("citizen-1")).await;
    let refused = city.identity.set_platform_role("citizen-1", Some(PlatformRole::AuditAdmin), "city-security").await;
    assert!(refused.is_err());
}

#[tokio::test]
async fn the_three_administrators_hold_each_other_in_check() {
    let city = city().await;
    let system = as_role(&city, "city-system", "320300", PlatformRole::SystemAdmin).await;
    let security = as_role(&city, "city-security", "320300", PlatformRole::SecurityAdmin).await;
    let audit = as_role(&city, "city-audit", "320300", PlatformRole::AuditAdmin).await;
    let department = as_role(&city, "gulou-admin", "320302", PlatformRole::DepartmentAdmin).await;
    city.account(official("gulou-1", "320302", &[])).await;
    city.account(official("yunlong-1", "320303", &[])).await;
    city.account(citizen("citizen-1")).await;
    let account = async |name: &str| city.identity.account(name).await.unwrap().unwrap();
    let i = &city.identity;
    // (who, may control: gulou-1, yunlong-1, gulou-admin, city-system, city-security, citizen-1)
    for (who, may) in [
        (&system, [false; 6]),
        (&security, [true, true, true, true, false, true]),
        (&audit, [false; 6]),
        (&department, [true, false, false, false, false, false]),
    ] {
        for (name, want) in
            ["gulou-1", "yunlong-1", "gulou-admin", "city-system", "city-security", "citizen-1"].into_iter().zip(may)
        {
            assert_eq!(i.may_control_account(who, &account(name).await), want, "{} over {name}", who.account);
            let empowers = who.account == "city-security" && name != "city-security";
            assert_eq!(i.may_empower(who, &account(name).await), empowers, "{} empowers {name}", who.account);
        }
    }
    for (who, own, others, citizen) in [
        (&system, true, true, true),
        (&security, false, false, false),
        (&audit, false, false, false),
        (&department, true, false, false),
    ] {
        let may = |kind, o| i.may_open_account(who, kind, o);
        assert_eq!(may(AccountKind::Official, Some("320302")), own, "{}", who.account);
        assert_eq!(may(AccountKind::Official, Some("320303")), others, "{}", who.account);
        assert_eq!(may(AccountKind::Citizen, None), citizen, "{}", who.account);
    }
    assert!(!i.may_administer(&security, "320300") && !i.may_administer(&audit, "320300"), "they run nothing");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    /// Whatever roles are given one after the other, an account has at most one.
    #[test]
    fn any_history_of_roles_leaves_one_at_most(history in proptest::collection::vec(proptest::option::of(0..4_usize), 1..12)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let city = city().await;
            city.account(official("official-1", "320300", &[])).await;
            for step in history {
                let role = step.map(|n| PlatformRole::ALL[n]);
                city.identity.set_platform_role("official-1", role, "city-security").await.unwrap();
                let account = city.identity.account("official-1").await.unwrap().unwrap();
                assert_eq!(account.platform_roles, role.into_iter().collect::<Vec<_>>());
            }
        });
    }
}

#[tokio::test]
async fn an_opened_account_has_no_password_until_its_owner_sets_one() {
    let city = city().await;
    let code = city.identity.open_account(person("official-1", "320302"), "city-admin").await.unwrap();
    assert_eq!(city.identity.sign_in("official-1", "", PORTAL).await.unwrap_err(), SignInError::Wrong);
    let weak = city.identity.redeem_reset(code.code.as_str(), "short".into()).await.unwrap_err();
    assert!(matches!(weak, CodeError::Identity(IdentityError::Invalid { .. })), "and the code is still good");
    let typed = code.code.as_str().to_lowercase();
    assert_eq!(city.identity.redeem_reset(&typed, "another horse".into()).await.unwrap(), "official-1");
    city.identity.sign_in("official-1", "another horse", PORTAL).await.unwrap();
    let again = city.identity.redeem_reset(&typed, "a third horse".into()).await.unwrap_err();
    assert_eq!(again, CodeError::Invalid, "once");
    let rows = city.identity.audit(50).await.unwrap();
    assert!(rows.iter().any(|r| r.action == "account.created" && r.actor == "city-admin" && r.target == "official-1"));
    assert!(!city.stored().await.contains(code.code.as_str()));
}

#[tokio::test]
async fn a_reset_changes_nothing_until_it_is_redeemed_and_then_ends_everything_old() {
    let city = city().await;
    city.account(citizen("citizen-1")).await;
    let (token, _) = city.sign_in("citizen-1", SessionOrigin::Portal).await;
    let first = city.identity.issue_reset("citizen-1", false, "city-security").await.unwrap();
    let code = city.identity.issue_reset("citizen-1", false, "city-security").await.unwrap();
    assert!(city.alive(&token, PORTAL).await);
    let void = city.identity.redeem_reset(first.code.as_str(), "another horse".into()).await.unwrap_err();
    assert_eq!(void, CodeError::Invalid, "the newer one makes it void");
    city.identity.redeem_reset(code.code.as_str(), "another horse".into()).await.unwrap();
    assert!(!city.alive(&token, PORTAL).await);
    assert_eq!(city.identity.sign_in("citizen-1", PASSWORD, PORTAL).await.unwrap_err(), SignInError::Wrong);
}

#[tokio::test]
async fn nobody_who_linked_an_outside_sign_in_comes_back_after_a_reset() {
    let city = city().await;
    city.account(citizen("citizen-1")).await;
    let (_, session) = city.sign_in("citizen-1", SessionOrigin::Portal).await;
    let intruder = external("1", Attributes::default());
    city.identity.link_external(&session, &intruder).await.unwrap();
    let code = city.identity.issue_reset("citizen-1", false, "city-security").await.unwrap();
    assert_eq!(city.identity.external_links("citizen-1").await.unwrap().len(), 1, "until it is redeemed");
    city.identity.redeem_reset(code.code.as_str(), "another horse".into()).await.unwrap();
    assert!(city.identity.external_links("citizen-1").await.unwrap().is_empty());
    let rows = city.identity.audit(50).await.unwrap();
    let unlinked = rows.iter().find(|r| r.action == "external.unlinked").unwrap();
    assert_eq!((unlinked.target.as_str(), &unlinked.detail), ("citizen-1", &intruder.issuer));
    // The subject is a stranger's now, with an account of its own.
    let new = city.identity.sign_in_external(&intruder, PORTAL, Device::default()).await.unwrap();
    let session = city.identity.authenticate(new.token.as_str(), PORTAL).await.unwrap().unwrap();
    assert_ne!(session.account, "citizen-1");
}

#[tokio::test]
async fn a_reset_expires_and_opens_no_disabled_account() {
    let city = city().await;
    city.account(citizen("citizen-1")).await;
    let code = city.identity.issue_reset("citizen-1", false, "city-security").await.unwrap();
    city.identity.set_disabled("citizen-1", true, "city-security").await.unwrap();
    let redeem = || city.identity.redeem_reset(code.code.as_str(), "another horse".into());
    assert_eq!(redeem().await.unwrap_err(), CodeError::Invalid);
    city.identity.set_disabled("citizen-1", false, "city-security").await.unwrap();
    city.clock.advance(24 * HOUR);
    assert_eq!(redeem().await.unwrap_err(), CodeError::Invalid);
    let nobody = city.identity.issue_reset("nobody", false, "city-security").await.unwrap_err();
    assert_eq!(nobody, IdentityError::NoSuchAccount("nobody".into()));
}

#[tokio::test]
async fn ones_own_password_is_changed_with_the_old_one_and_the_session_goes_on_under_a_new_token() {
    let city = city().await;
    city.account(citizen("citizen-1")).await;
    let (token, session) = city.sign_in("citizen-1", SessionOrigin::Portal).await;
    let (other, _) = city.sign_in("citizen-1", SessionOrigin::Bearer).await;
    let change =
        |old: &'static str| city.identity.change_password(&session, old, "another horse".into(), Device::default());
    assert_eq!(change("wrong horse").await.unwrap_err(), SignInError::Wrong);
    assert!(city.alive(&token, PORTAL).await);
    let new = change(PASSWORD).await.unwrap();
    assert!(city.alive(new.token.as_str(), PORTAL).await);
    assert!(!city.alive(&token, PORTAL).await && !city.alive(&other, &SessionOrigin::Bearer).await);
}

#[tokio::test]
async fn a_password_is_proven_without_beginning_a_session_and_guessing_it_locks() {
    let city = city().await;
    city.account(citizen("citizen-1")).await;
    let (_, session) = city.sign_in("citizen-1", SessionOrigin::Portal).await;
    city.identity.prove_password("citizen-1", PASSWORD).await.unwrap();
    assert_eq!(city.identity.sessions_of(&session).await.unwrap().len(), 1);
    for _ in 0..4 {
        assert_eq!(city.identity.prove_password("citizen-1", "wrong").await.unwrap_err(), SignInError::Wrong);
    }
    let locked = city.identity.prove_password("citizen-1", "wrong").await.unwrap_err();
    assert!(matches!(locked, SignInError::LockedUntil(_)));
    let signing_in = city.identity.sign_in("citizen-1", PASSWORD, PORTAL).await.unwrap_err();
    assert!(matches!(signing_in, SignInError::LockedUntil(_)), "one count for both");
}

#[tokio::test]
async fn sessions_are_listed_ended_one_by_one_and_all_at_once() {
    let city = city().await;
    city.account(citizen("citizen-1")).await;
    city.account(citizen("citizen-2")).await;
    let (portal, session) = city.sign_in("citizen-1", SessionOrigin::Portal).await;
    let device = Device { name: "curl".into(), network: "10.0.3.0/24".into() };
    let bearer =
        city.identity.sign_in_from("citizen-1", PASSWORD, &SessionOrigin::Bearer, device.clone()).await.unwrap();
    let code = city.identity.issue_code(&session, SessionOrigin::Installation(app("tickets"))).await.unwrap();
    let at_app = city.identity.redeem_code(code.as_str(), SessionOrigin::Installation(app("tickets"))).await.unwrap();
    let all = city.identity.sessions_of(&session).await.unwrap();
    assert_eq!(all.len(), 2);
    assert!(all[0].current && all[0].signed_on == [SessionOrigin::Installation(app("tickets"))]);
    assert_eq!((&all[1].origin, &all[1].device, all[1].current), (&SessionOrigin::Bearer, &device, false));

    let (_, stranger) = city.sign_in("citizen-2", SessionOrigin::Portal).await;
    city.identity.end_session(&stranger, &all[1].handle).await.unwrap();
    assert!(city.alive(bearer.token.as_str(), &SessionOrigin::Bearer).await, "another person's is not theirs to end");
    city.identity.end_session(&session, &all[1].handle).await.unwrap();
    assert!(!city.alive(bearer.token.as_str(), &SessionOrigin::Bearer).await);
    assert_eq!(city.identity.sessions_of(&session).await.unwrap().len(), 1);
    city.identity.sign_out_everywhere("citizen-1", "citizen-1").await.unwrap();
    for (token, origin) in
        [(portal.as_str(), SessionOrigin::Portal), (at_app.token.as_str(), SessionOrigin::Installation(app("tickets")))]
    {
        assert!(!city.alive(token, &origin).await, "{origin:?}");
    }
}

#[tokio::test]
async fn a_token_is_worth_nothing_at_any_other_origin() {
    let city = city().await;
    city.account(citizen("citizen-1")).await;
    let origins = [
        SessionOrigin::Portal,
        SessionOrigin::Console,
        SessionOrigin::Bearer,
        SessionOrigin::Installation(app("tickets")),
        SessionOrigin::Installation(app("guestbook")),
    ];
    for own in &origins {
        let (token, _) = city.sign_in("citizen-1", own.clone()).await;
        for at in &origins {
            assert_eq!(city.alive(&token, at).await, at == own, "{own:?} at {at:?}");
        }
    }
}

fn external(subject: &str, attributes: Attributes) -> External {
    External { issuer: "https://id.example".into(), subject: subject.into(), attributes }
}

#[tokio::test]
async fn an_outside_subject_is_one_account_for_ever_and_another_issuers_is_not() {
    let city = city().await;
    let sign_in = async |e: External| {
        let new = city.identity.sign_in_external(&e, PORTAL, Device::default()).await.unwrap();
        city.identity.authenticate(new.token.as_str(), PORTAL).await.unwrap().unwrap()
    };
    let first = sign_in(external("1", with_attributes("x").attributes)).await;
    assert_eq!((first.kind, first.platform_roles.len()), (AccountKind::Citizen, 0));
    assert_eq!(sign_in(external("1", Attributes::default())).await.account, first.account);
    assert_ne!(sign_in(external("2", Attributes::default())).await.account, first.account);
    let other = External { issuer: "https://evil.example".into(), ..external("1", Attributes::default()) };
    assert_ne!(sign_in(other).await.account, first.account);
    let known = city.identity.attributes_of(&first.account).await.unwrap();
    assert_eq!(known.real_name.as_deref(), Some("云小龙"));
    assert!(!city.stored().await.contains("\"subject\""));
}

#[tokio::test]
async fn a_number_that_a_provider_tells_never_leads_into_an_account_that_has_it() {
    let city = city().await;
    city.account(with_attributes("citizen-1")).await;
    let told = external("1", with_attributes("x").attributes);
    let refused = city.identity.sign_in_external(&told, PORTAL, Device::default()).await.unwrap_err();
    assert_eq!(refused, SignInError::Identity(IdentityError::ResidentIdTaken));
    assert_eq!(city.identity.accounts(None, 10).await.unwrap().len(), 1, "nothing was created");
    // Its owner links the provider, and then it leads there.
    let (_, session) = city.sign_in("citizen-1", SessionOrigin::Portal).await;
    city.identity.link_external(&session, &told).await.unwrap();
    let new = city.identity.sign_in_external(&told, PORTAL, Device::default()).await.unwrap();
    let session = city.identity.authenticate(new.token.as_str(), PORTAL).await.unwrap().unwrap();
    assert_eq!(session.account, "citizen-1");
    city.account(citizen("citizen-2")).await;
    let (_, other) = city.sign_in("citizen-2", SessionOrigin::Portal).await;
    assert_eq!(city.identity.link_external(&other, &told).await, Err(IdentityError::ExternalTaken));
    let links = city.identity.external_links("citizen-1").await.unwrap();
    city.identity.unlink_external(&session, &links[0].id).await.unwrap();
    assert!(city.identity.external_links("citizen-1").await.unwrap().is_empty());
}

#[tokio::test]
async fn the_only_way_into_an_account_is_not_unlinked() {
    let city = city().await;
    let new = city.identity.sign_in_external(&external("1", Attributes::default()), PORTAL, Device::default()).await;
    let session = city.identity.authenticate(new.unwrap().token.as_str(), PORTAL).await.unwrap().unwrap();
    let links = city.identity.external_links(&session.account).await.unwrap();
    assert!(city.identity.unlink_external(&session, &links[0].id).await.is_err());
}

#[tokio::test]
async fn a_disabled_account_is_not_entered_from_outside() {
    let city = city().await;
    let who = external("1", Attributes::default());
    let new = city.identity.sign_in_external(&who, PORTAL, Device::default()).await.unwrap();
    let session = city.identity.authenticate(new.token.as_str(), PORTAL).await.unwrap().unwrap();
    city.identity.set_disabled(&session.account, true, "city-security").await.unwrap();
    let refused = city.identity.sign_in_external(&who, PORTAL, Device::default()).await.unwrap_err();
    assert_eq!(refused, SignInError::Wrong);
}

#[tokio::test]
async fn the_audit_trail_is_read_page_by_page_and_filtered() {
    let city = city().await;
    for n in 0..25 {
        city.identity.record("city-admin", "signer.enrolled", &format!("key-{n:02}"), "").await.unwrap();
        city.identity.record("city-security", "signer.revoked", &format!("key-{n:02}"), "").await.unwrap();
    }
    let filter = AuditFilter { actor: "city-security".into(), action: "signer.".into(), target: String::new() };
    let (mut seen, mut before) = (Vec::new(), None);
    loop {
        let page = city.identity.audit_page(before.as_deref(), 10, &filter).await.unwrap();
        seen.extend(page.rows.into_iter().map(|r| r.target));
        match page.next {
            Some(next) => before = Some(next),
            None => break,
        }
    }
    let want: Vec<String> = (0..25).rev().map(|n| format!("key-{n:02}")).collect();
    assert_eq!(seen, want);
    assert!(city.identity.audit_page(Some("ff"), 10, &filter).await.is_err(), "a place outside the trail");
}

#[tokio::test]
async fn citizens_and_vendors_have_no_role_on_the_platform() {
    let city = city().await;
    for kind in [AccountKind::Citizen, AccountKind::Vendor] {
        let new = NewAccount { kind, ..official("someone-1", "320300", &[PlatformRole::DepartmentAdmin]) };
        assert!(city.identity.create_account(new).await.is_err(), "{kind:?}");
    }
}

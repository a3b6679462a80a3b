//! Roles, consents, attributes, pairwise subjects.

#![allow(clippy::unwrap_used, reason = "a helper that panics fails its test")]

mod common;

use common::*;
use std::collections::BTreeSet;
use yunlong_identity::{Attested, AttributeError, IdentityError, PlatformRole, SessionOrigin};
use yunlong_model::Kind;
use yunlong_model::manifest::Attribute::{BirthDate, Mobile, RealName, ResidentId};

/// What is released, without what it rests on.
fn value(attested: Result<Attested, AttributeError>) -> Result<Option<String>, AttributeError> {
    attested.map(|a| a.value)
}

async fn city_with_citizen() -> City {
    let city = city().await;
    city.account(with_attributes("citizen-1")).await;
    city.account(official("tourism-admin", "320300", &[PlatformRole::DepartmentAdmin])).await;
    city
}

#[tokio::test]
async fn nothing_is_released_without_consent_and_nothing_after_it_is_withdrawn() {
    let city = city_with_citizen().await;
    let (tickets, scopes) = (app("tickets"), [scope("concession", &[BirthDate])]);
    let get = async || value(city.identity.attribute(&tickets, &scopes, "citizen-1", BirthDate).await);
    assert_eq!(get().await, Err(AttributeError::ConsentRequired("concession".into())));
    city.identity.consent("citizen-1", &tickets, &scopes[0]).await.unwrap();
    assert_eq!(get().await, Ok(Some("1990-01-01".into())));
    let attested = city.identity.attribute(&tickets, &scopes, "citizen-1", BirthDate).await.unwrap();
    assert_eq!(attested.scope, "concession");
    let row = city.store.get(&attested.row.key).await.unwrap().unwrap();
    assert_eq!(attested.row.version, Some(row.version), "the row that a withdrawal changes");
    city.identity.withdraw("citizen-1", &tickets, "concession").await.unwrap();
    assert_eq!(get().await, Err(AttributeError::ConsentRequired("concession".into())));
    assert_ne!(city.store.get(&attested.row.key).await.unwrap().unwrap().version, row.version);

    let record = &city.identity.consents("citizen-1").await.unwrap()[0];
    assert!(!record.stands() && record.reason.zh == "核对优惠票");
    let actions: Vec<_> =
        city.identity.audit(2).await.unwrap().into_iter().map(|r| (r.action, r.actor, r.target)).collect();
    let row = |action: &str| (action.to_owned(), "citizen-1".to_owned(), "tickets".to_owned());
    assert_eq!(actions, [row("consent.withdrawn"), row("consent.given")]);
}

#[tokio::test]
async fn a_consent_covers_its_scope_its_installation_and_its_person_alone() {
    let city = city_with_citizen().await;
    city.account(citizen("citizen-2")).await;
    let scopes = [scope("concession", &[BirthDate]), scope("delivery", &[RealName, Mobile])];
    city.identity.consent("citizen-1", &app("tickets"), &scopes[1]).await.unwrap();
    let get = async |installation: &str, account: &str, attribute| {
        value(city.identity.attribute(&app(installation), &scopes, account, attribute).await)
    };
    assert_eq!(get("tickets", "citizen-1", RealName).await, Ok(Some("云小龙".into())));
    assert_eq!(get("tickets", "citizen-1", Mobile).await, Ok(Some("19900000001".into())));
    assert_eq!(get("tickets", "citizen-1", BirthDate).await, Err(AttributeError::ConsentRequired("concession".into())));
    assert_eq!(get("tickets", "citizen-1", ResidentId).await, Err(AttributeError::NotGranted));
    assert_eq!(get("library", "citizen-1", RealName).await, Err(AttributeError::ConsentRequired("delivery".into())));
    assert_eq!(get("tickets", "citizen-2", RealName).await, Err(AttributeError::ConsentRequired("delivery".into())));
    assert_eq!(city.identity.consented("citizen-1", &app("tickets")).await.unwrap(), ["delivery"]);
}

#[tokio::test]
async fn whether_an_attribute_exists_is_told_only_behind_a_consent() {
    let city = city_with_citizen().await;
    city.account(citizen("citizen-2")).await;
    let scopes = [scope("concession", &[BirthDate])];
    let get = async || value(city.identity.attribute(&app("tickets"), &scopes, "citizen-2", BirthDate).await);
    assert_eq!(get().await, Err(AttributeError::ConsentRequired("concession".into())));
    city.identity.consent("citizen-2", &app("tickets"), &scopes[0]).await.unwrap();
    assert_eq!(get().await, Ok(None));
}

#[tokio::test]
async fn a_wider_scope_or_another_purpose_needs_a_new_consent() {
    let city = city_with_citizen().await;
    let old = scope("concession", &[BirthDate]);
    city.identity.consent("citizen-1", &app("tickets"), &old).await.unwrap();
    let wider = scope("concession", &[BirthDate, ResidentId]);
    let mut purpose = old.clone();
    purpose.reason.en = "For marketing".into();
    let get = async |s: &yunlong_model::manifest::Scope, a| {
        value(city.identity.attribute(&app("tickets"), std::slice::from_ref(s), "citizen-1", a).await)
    };
    assert!(get(&wider, BirthDate).await.is_ok(), "what they agreed to stays");
    assert_eq!(get(&wider, ResidentId).await, Err(AttributeError::ConsentRequired("concession".into())));
    assert_eq!(get(&purpose, BirthDate).await, Err(AttributeError::ConsentRequired("concession".into())));
    assert!(!city.identity.has_consented("citizen-1", &app("tickets"), &wider).await.unwrap());
    city.identity.consent("citizen-1", &app("tickets"), &wider).await.unwrap();
    assert!(city.identity.has_consented("citizen-1", &app("tickets"), &wider).await.unwrap());
    assert_eq!(get(&wider, ResidentId).await, Ok(Some(ID.into())));
}

#[tokio::test]
async fn consents_and_roles_survive_a_restart() {
    let city = city_with_citizen().await;
    let s = scope("concession", &[BirthDate]);
    city.identity.consent("citizen-1", &app("tickets"), &s).await.unwrap();
    city.identity.assign_role(&app("tickets"), "citizen-1", "gate", "tourism-admin").await.unwrap();
    let city = city.restarted().await;
    assert!(city.identity.attribute(&app("tickets"), &[s], "citizen-1", BirthDate).await.is_ok());
    assert_eq!(city.identity.roles(&app("tickets"), "citizen-1").await.unwrap(), ["gate"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_two_who_set_roles_at_once_one_list_stands_whole_and_single_roles_are_not_lost() {
    let city = city_with_citizen().await;
    let (tickets, identity) = (app("tickets"), &city.identity);
    let list = |roles: &[&str]| roles.iter().map(|r| (*r).to_owned()).collect::<Vec<String>>();
    for round in 0..40 {
        let (a, b) = (list(&["gate", "till"]), list(&["office"]));
        let (one, two) = tokio::join!(
            identity.set_roles(&tickets, "citizen-1", &a, "tourism-admin"),
            identity.set_roles(&tickets, "citizen-1", &b, "tourism-admin"),
        );
        one.and(two).unwrap();
        let stands = identity.roles(&tickets, "citizen-1").await.unwrap();
        assert!(stands == a || stands == b, "round {round}: {stands:?}");
        let (one, two) = tokio::join!(
            identity.assign_role(&tickets, "citizen-1", "gate", "tourism-admin"),
            identity.assign_role(&tickets, "citizen-1", "office", "tourism-admin"),
        );
        one.and(two).unwrap();
        let stands = identity.roles(&tickets, "citizen-1").await.unwrap();
        assert!(stands.contains(&"gate".to_owned()) && stands.contains(&"office".to_owned()), "{stands:?}");
        identity.set_roles(&tickets, "citizen-1", &[], "tourism-admin").await.unwrap();
    }
    // Each change stands in the trail, and nothing that was none.
    let before = identity.audit(10_000).await.unwrap().len();
    identity.set_roles(&tickets, "citizen-1", &list(&["gate", "gate"]), "tourism-admin").await.unwrap();
    identity.set_roles(&tickets, "citizen-1", &list(&["gate", "till"]), "tourism-admin").await.unwrap();
    assert_eq!(identity.audit(10_000).await.unwrap().len(), before + 2);
}

#[tokio::test]
async fn a_role_works_in_its_installation_until_it_is_revoked() {
    let city = city_with_citizen().await;
    let (_, session) = city.sign_in("citizen-1", SessionOrigin::Portal).await;
    let roles = async |name: &str| city.identity.principal(Some(&session), &app(name)).await.unwrap().roles;
    assert!(roles("tickets").await.is_empty());
    city.identity.assign_role(&app("tickets"), "citizen-1", "gate", "tourism-admin").await.unwrap();
    city.identity.assign_role(&app("tickets"), "citizen-1", "gate", "tourism-admin").await.unwrap();
    assert_eq!(roles("tickets").await, ["gate"]);
    assert!(roles("library").await.is_empty());
    let assigned = city.identity.role_assignments(&app("tickets")).await.unwrap();
    assert_eq!((assigned.len(), assigned[0].assigned_by.as_str()), (1, "tourism-admin"));
    city.identity.revoke_role(&app("tickets"), "citizen-1", "gate", "tourism-admin").await.unwrap();
    assert!(roles("tickets").await.is_empty());
    assert!(matches!(
        city.identity.assign_role(&app("tickets"), "nobody-1", "gate", "x").await,
        Err(IdentityError::NoSuchAccount(_))
    ));
    let actions: Vec<_> = city.identity.audit(2).await.unwrap().into_iter().map(|r| r.action).collect();
    assert_eq!(actions, ["role.revoked", "role.assigned"]);
}

#[tokio::test]
async fn a_subject_is_stable_differs_in_every_installation_and_tells_nothing() {
    let city = city_with_citizen().await;
    let (_, session) = city.sign_in("citizen-1", SessionOrigin::Portal).await;
    let mut subjects = BTreeSet::new();
    for name in ["tickets", "library", "a", "aa"] {
        let principal = city.identity.principal(Some(&session), &app(name)).await.unwrap();
        let subject = principal.subject.clone().unwrap();
        assert_eq!(city.identity.principal(Some(&session), &app(name)).await.unwrap().subject.as_ref(), Some(&subject));
        assert_eq!(city.identity.account_of(&app(name), &subject).await.unwrap().as_deref(), Some("citizen-1"));
        assert!(subject.starts_with("p-") && subject.len() == 34 && !subject.contains("citizen"), "{subject}");
        assert!(subject[2..].bytes().all(|b| b.is_ascii_lowercase() || (b'2'..=b'7').contains(&b)));
        subjects.insert(subject);
    }
    assert_eq!(subjects.len(), 4);
    let tickets = city.identity.subject(&app("tickets"), "citizen-1");
    assert_eq!(
        city.identity.account_of(&app("library"), &tickets).await.unwrap(),
        None,
        "another installation's subject leads nowhere"
    );
    assert_eq!(city.identity.account_of(&app("tickets"), "p-unknown").await.unwrap(), None);
}

#[tokio::test]
async fn the_principal_shows_what_the_app_may_know() {
    let city = city_with_citizen().await;
    let nobody = city.identity.principal(None, &app("tickets")).await.unwrap();
    assert_eq!((nobody.kind, nobody.subject), (Kind::Anonymous, None));
    let (_, session) = city.sign_in("tourism-admin", SessionOrigin::Portal).await;
    let official = city.identity.principal(Some(&session), &app("tickets")).await.unwrap();
    assert_eq!((official.kind, official.organization.as_deref()), (Kind::Official, Some("320300")));
}

#[tokio::test]
async fn a_person_is_remembered_once() {
    let city = city_with_citizen().await;
    let (_, session) = city.sign_in("citizen-1", SessionOrigin::Portal).await;
    city.identity.principal(Some(&session), &app("tickets")).await.unwrap();
    let seq = *city.store.watch().borrow();
    for _ in 0..5 {
        city.identity.principal(Some(&session), &app("tickets")).await.unwrap();
    }
    assert_eq!(*city.store.watch().borrow(), seq);
}

#[tokio::test]
async fn a_removed_installation_is_forgotten() {
    let city = city_with_citizen().await;
    let (tickets, s) = (app("tickets"), scope("concession", &[BirthDate]));
    let (_, session) = city.sign_in("citizen-1", SessionOrigin::Portal).await;
    let subject = city.identity.principal(Some(&session), &tickets).await.unwrap().subject.unwrap();
    city.identity.consent("citizen-1", &tickets, &s).await.unwrap();
    city.identity.assign_role(&tickets, "citizen-1", "gate", "tourism-admin").await.unwrap();
    city.identity.forget_installation(&tickets, "city-admin").await.unwrap();
    city.identity.forget_installation(&tickets, "city-admin").await.unwrap();
    assert!(city.identity.role_assignments(&tickets).await.unwrap().is_empty());
    assert_eq!(city.identity.account_of(&tickets, &subject).await.unwrap(), None);
    assert!(city.identity.attribute(&tickets, &[s], "citizen-1", BirthDate).await.is_err());
    assert!(city.identity.consents("citizen-1").await.unwrap().iter().all(|c| !c.stands()));
}

#[tokio::test]
async fn a_consent_given_before_the_first_visit_is_forgotten_as_well() {
    let city = city_with_citizen().await;
    city.identity.consent("citizen-1", &app("tickets"), &scope("concession", &[BirthDate])).await.unwrap();
    city.identity.forget_installation(&app("tickets"), "city-admin").await.unwrap();
    assert!(city.identity.consented("citizen-1", &app("tickets")).await.unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_withdrawal_is_never_overtaken_by_a_reader_that_looked_before() {
    let city = city_with_citizen().await;
    let (tickets, s) = (app("tickets"), scope("concession", &[BirthDate]));
    for _ in 0..200 {
        city.identity.consent("citizen-1", &tickets, &s).await.unwrap();
        let reader = {
            let (identity, tickets, s) = (city.identity.clone(), tickets.clone(), s.clone());
            tokio::spawn(async move {
                for _ in 0..5 {
                    let _ = identity.attribute(&tickets, std::slice::from_ref(&s), "citizen-1", BirthDate).await;
                    tokio::task::yield_now().await;
                }
            })
        };
        city.identity.withdraw("citizen-1", &tickets, "concession").await.unwrap();
        assert!(city.identity.attribute(&tickets, std::slice::from_ref(&s), "citizen-1", BirthDate).await.is_err());
        reader.await.unwrap();
        assert!(city.identity.attribute(&tickets, std::slice::from_ref(&s), "citizen-1", BirthDate).await.is_err());
    }
}

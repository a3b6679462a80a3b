//! Persons across accounts and datasets, what installations see of them, and who administers what.

#![allow(clippy::unwrap_used, reason = "a helper that panics fails its test")]

mod common;

use common::*;
use std::collections::BTreeSet;
use yunlong_identity::{Identity, PlatformRole, Secrets};
use yunlong_model::PersonId;
use yunlong_store::{Direction, Key, Txn};

#[tokio::test]
async fn a_person_is_the_same_by_resident_id_and_by_account() {
    let city = city().await;
    city.account(with_attributes("citizen-1")).await;
    city.account(citizen("citizen-2")).await;
    let by_id = city.identity.person_of_resident_id(ID);
    assert_eq!(city.identity.person_of_account("citizen-1").await.unwrap(), by_id);
    assert_eq!(city.identity.account_of_person(&by_id).await.unwrap().as_deref(), Some("citizen-1"));
    let all = city.identity.persons_of_account("citizen-1").await.unwrap();
    assert_eq!((all.len(), &all[0]), (2, &by_id), "also what was stored under the account alone");
    assert!(!format!("{by_id:?}").contains(by_id.as_str()) && !by_id.as_str().contains(ID));

    let without = city.identity.person_of_account("citizen-2").await.unwrap();
    assert_ne!(without, by_id);
    assert_eq!(city.identity.persons_of_account("citizen-2").await.unwrap(), std::slice::from_ref(&without));
    assert_eq!(city.identity.account_of_person(&without).await.unwrap(), None);
    assert_eq!(city.identity.account_of_person(&PersonId::new("nobody")).await.unwrap(), None);
}

#[tokio::test]
async fn references_of_two_installations_two_datasets_or_two_cities_have_nothing_in_common() {
    let city = city().await;
    let (audit, clock) = (common::audit(&city.store, &city.clock).await, std::sync::Arc::new(city.clock.clone()));
    let other = Identity::open(city.store.clone(), clock, Secrets::new([9; 32]), audit, config()).await.unwrap();
    let reference = |i: &Identity, app_name: &str, dataset: &str| i.reference(&app(app_name), dataset, ID);
    let all: BTreeSet<String> = [
        reference(&city.identity, "tickets", "population.person"),
        reference(&city.identity, "library", "population.person"),
        reference(&city.identity, "tickets", "population.household"),
        reference(&other, "tickets", "population.person"),
    ]
    .into();
    assert_eq!(all.len(), 4);
    assert!(all.iter().all(|r| r.len() == 34 && r.starts_with("r-") && !r.contains(ID)), "{all:?}");
    let again = reference(&city.identity, "tickets", "population.person");
    assert!(all.contains(&again), "the same each time");
}

#[tokio::test]
async fn an_organization_finds_its_administrators_among_however_many_citizens() {
    let city = city().await;
    city.account(citizen("citizen-1")).await;
    city.account(official("tourism-admin", "320300", &[PlatformRole::DepartmentAdmin])).await;
    city.account(official("tourism-clerk", "320300", &[])).await;
    city.account(official("county-admin", "320302", &[PlatformRole::DepartmentAdmin])).await;
    assert_eq!(city.identity.administrators_of("320300").await.unwrap(), ["tourism-admin"]);
    assert_eq!(city.identity.administrators_of("320302").await.unwrap(), ["county-admin"]);
    assert!(city.identity.administers("tourism-admin", "320300").await.unwrap());
    assert!(!city.identity.administers("tourism-admin", "320302").await.unwrap(), "exactly its own");
    assert!(!city.identity.administers("tourism-clerk", "320300").await.unwrap());
    assert!(!city.identity.administers("nobody", "320300").await.unwrap());
    city.identity.set_disabled("tourism-admin", true, "-").await.unwrap();
    assert!(city.identity.administrators_of("320300").await.unwrap().is_empty());
    assert!(city.identity.is_within("320302", "320300") && !city.identity.is_within("320300", "320302"));
}

#[tokio::test]
async fn accounts_of_a_city_from_before_there_was_an_index_are_found_as_well() {
    let city = city().await;
    city.account(official("tourism-admin", "320300", &[PlatformRole::DepartmentAdmin])).await;
    // As an older version left it: no rows of members, and no mark.
    let mut txn = Txn::new(city.store.clone());
    for table in ["member", "members-indexed"] {
        let range = Key::space("@identity").text(table).children();
        for row in city.store.scan(&range, Direction::Ascending, 100).await.unwrap() {
            txn.delete(row.key);
        }
    }
    txn.commit().await.unwrap();
    assert!(city.identity.administrators_of("320300").await.unwrap().is_empty());
    let again = city.restarted().await;
    assert_eq!(again.identity.administrators_of("320300").await.unwrap(), ["tourism-admin"]);
}

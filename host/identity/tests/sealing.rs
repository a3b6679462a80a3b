//! Attributes at rest.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod common;

use common::{ID, city, open as reopened, with_attributes};
use std::sync::Arc;
use yunlong_identity::{Identity, IdentityConfig, IdentityError, Secrets};
use yunlong_sealing::{Algorithm, DataKey, Keyring};
use yunlong_store::{Direction, Key, Txn};

fn row(account: &str) -> Key {
    Key::space("@identity").text("attributes").text(account)
}

#[tokio::test]
async fn nothing_of_a_person_can_be_read_from_the_store() {
    let city = city().await;
    city.account(with_attributes("alice")).await;
    let stored = city.stored().await;
    for secret in [ID, "云小龙", "19900000001", "19900101"] {
        assert!(!stored.contains(secret), "{secret} stands in the store");
    }
    assert_eq!(city.identity.attributes_of("alice").await.unwrap(), with_attributes("alice").attributes);
}

#[tokio::test]
async fn a_value_that_was_moved_to_another_account_does_not_open() {
    let city = city().await;
    city.account(with_attributes("alice")).await;
    city.account(common::citizen("mallory")).await;
    let stolen = city.store.get(&row("alice")).await.unwrap().unwrap().value;
    let mut txn = Txn::new(city.store.clone());
    txn.put(row("mallory"), stolen);
    txn.commit().await.unwrap();
    let refused = city.identity.attributes_of("mallory").await;
    assert!(matches!(refused, Err(IdentityError::Crypto(_))), "{refused:?}");
}

async fn with_keys(city: &common::City, current: &str, former: &[&str]) -> Identity {
    let key = |text: &str| DataKey::from_file(text).unwrap();
    let ring = Keyring::new(key(current), former.iter().map(|t| key(t)).collect());
    let secrets = Secrets::new([7; 32]).with_fields(ring);
    let (clock, config) = (Arc::new(city.clock.clone()), IdentityConfig::default());
    let audit = common::audit(&city.store, &city.clock).await;
    Identity::open_with_hasher(city.store.clone(), clock, secrets, audit, config, city.hasher.clone()).await.unwrap()
}

#[tokio::test]
async fn keys_change_while_everything_stays_readable() {
    let city = city().await;
    city.account(with_attributes("alice")).await;
    // A row from before there was a seal.
    let mut txn = Txn::new(city.store.clone());
    txn.put_as(row("bob"), &with_attributes("bob").attributes);
    txn.commit().await.unwrap();
    let (old, new) = (DataKey::generate(Algorithm::Aes256Gcm).unwrap(), DataKey::generate(Algorithm::Sm4Gcm).unwrap());

    // The derived key is in use for alice: without it she cannot be read, and nothing is changed.
    let wrong = with_keys(&city, &old, &[]).await;
    let before = city.stored().await;
    assert!(wrong.attributes_of("alice").await.is_err() && wrong.seal_anew().await.is_err());
    let alice = |s: &str| s.lines().find(|l| l.contains("attributes") && l.contains("alice")).unwrap().to_owned();
    assert_eq!(alice(&city.stored().await), alice(&before));

    // Under the derived key bob is sealed and alice stays.
    assert_eq!(city.identity.seal_anew().await.unwrap(), 1);
    assert_eq!(city.identity.seal_anew().await.unwrap(), 0, "nothing is left to do");
    assert!(!city.stored().await.contains("19900000001"));

    // From key to key: the store is only readable with the newer one in the end.
    let first = reopened(&city.store, &city.clock, IdentityConfig::default(), city.hasher.clone()).await;
    assert_eq!(first.attributes_of("bob").await.unwrap(), with_attributes("bob").attributes);
    let mut txn = Txn::new(city.store.clone());
    for row in
        city.store.scan(&Key::space("@identity").text("attributes").children(), Direction::Ascending, 9).await.unwrap()
    {
        txn.delete(row.key);
    }
    txn.commit().await.unwrap();
    let one = with_keys(&city, &old, &[]).await;
    one.create_account(common::citizen("carol")).await.unwrap();
    let both = with_keys(&city, &new, &[&old]).await;
    assert!(both.attributes_of("carol").await.is_ok());
    assert_eq!(both.seal_anew().await.unwrap(), 1);
    assert!(one.attributes_of("carol").await.is_err(), "it is still sealed with the old key");
    assert!(with_keys(&city, &new, &[]).await.attributes_of("carol").await.is_ok());
}

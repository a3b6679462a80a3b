//! Journals of failed requests, as they lie in the store. Who may do what with them is the gateway's to test.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use common::*;
use yunlong_installations::{InstallationError, Installations, NewJournal};
use yunlong_sealing::{Algorithm, DataKey, Keyring};

fn key() -> String {
    DataKey::generate(Algorithm::Aes256Gcm).unwrap().to_string()
}

fn ring(current: &str, former: &[&str]) -> Keyring {
    let read = |text: &str| DataKey::from_file(text).unwrap();
    Keyring::new(read(current), former.iter().map(|k| read(k)).collect())
}

/// Larger than any row.
fn file() -> Vec<u8> {
    (0..200_000_u32).map(|n| n.to_le_bytes()[0]).collect()
}

async fn keep(installations: &Installations, keys: &Keyring) {
    let new = NewJournal {
        request_id: "r-1".into(),
        version: "1.0.0".parse().unwrap(),
        outcome: "trap".into(),
        file: file().into(),
    };
    installations.keep_journal(keys, &name("tickets"), &new).await.unwrap();
}

async fn opened(installations: &Installations, keys: &Keyring) -> Result<Vec<u8>, InstallationError> {
    let opened = installations.open_journal(keys, &name("tickets"), 1, "city-admin", "").await?;
    Ok(opened.unwrap().to_vec())
}

#[tokio::test]
async fn what_was_turned_on_and_kept_is_there_after_a_restart() {
    let (store, installations) = fresh().await;
    running(&installations, new("tickets", manifest("1.0.0", ""))).await;
    installations.set_journaling(&name("tickets"), true, "city-admin").await.unwrap();
    let keys = ring(&key(), &[]);
    keep(&installations, &keys).await;
    let again = open(&store).await;
    assert_eq!(again.journaling(&name("tickets")).unwrap().by, "city-admin");
    assert_eq!(again.journals(&name("tickets")).await.unwrap()[0].bytes, 200_000);
    assert_eq!(opened(&again, &keys).await.unwrap(), file());
    let trail = again.audit(10).await.unwrap();
    assert_eq!((trail[0].action.as_str(), trail[0].actor.as_str()), ("journal.opened", "city-admin"));
}

#[tokio::test]
async fn no_other_key_opens_it_and_a_change_of_keys_takes_it_along() {
    let (_, installations) = fresh().await;
    running(&installations, new("tickets", manifest("1.0.0", ""))).await;
    installations.set_journaling(&name("tickets"), true, "city-admin").await.unwrap();
    let (old, newer) = (key(), key());
    keep(&installations, &ring(&old, &[])).await;
    let refused = opened(&installations, &ring(&newer, &[])).await.unwrap_err();
    assert!(refused.to_string().contains("keys.data"), "{refused}");
    let told =
        async || installations.audit(50).await.unwrap().into_iter().filter(|r| r.action == "journal.opened").count();
    assert_eq!(told().await, 0, "what was not opened is not told as opened");
    assert_eq!(installations.seal_journals_anew(&ring(&newer, &[&old])).await.unwrap(), 5);
    assert_eq!(opened(&installations, &ring(&newer, &[])).await.unwrap(), file());
    assert_eq!(installations.seal_journals_anew(&ring(&newer, &[])).await.unwrap(), 0);
}

#[tokio::test]
async fn nothing_is_turned_on_or_kept_for_an_installation_that_is_gone() {
    let (_, installations) = fresh().await;
    running(&installations, new("tickets", manifest("1.0.0", ""))).await;
    installations.set_journaling(&name("tickets"), true, "city-admin").await.unwrap();
    installations.uninstall(&name("tickets"), "city-admin").await.unwrap();
    assert!(installations.journaling(&name("tickets")).is_none());
    let gone = installations.set_journaling(&name("tickets"), true, "city-admin").await.unwrap_err();
    assert_eq!(gone, InstallationError::NotFound(name("tickets")));
    keep(&installations, &ring(&key(), &[])).await;
    assert!(installations.journals(&name("tickets")).await.unwrap().is_empty());
}

//! What cannot be logged is not answered; and what somebody downloads holds nobody up.

use crate::{City, config, keyring, person, read};
use std::io::Read as _;
use std::sync::Arc;
use std::time::Duration;
use yunlong_audit::{Audit, AuditError, Entry, ExportOptions};
use yunlong_model::Kind;
use yunlong_store::memory::MemoryStore;
use yunlong_store::{Key, Txn};

/// Changes the newest tile, or changes it back.
async fn flip_tile(city: &City) {
    let tile = Key::space("@audit").text("tile").u64(0).u64(0);
    let mut value = city.store.get(&tile).await.unwrap().unwrap().value.to_vec();
    value[0] ^= 1;
    let mut txn = Txn::new(city.store.clone());
    txn.put(tile, value.into());
    txn.commit().await.unwrap();
}

#[tokio::test]
async fn reads_stop_while_the_log_does_not_grow_and_go_on_when_it_does() {
    let city = City::new().await;
    city.audit.record(vec![read(1, "a")]).await.unwrap();
    city.audit.sequence_once().await.unwrap();
    flip_tile(&city).await;
    city.audit.record(vec![read(1, "b")]).await.unwrap();
    city.clock.advance(59_000);
    city.audit.record(vec![read(1, "c")]).await.unwrap();
    let standing = city.audit.watch().standing();
    assert_eq!((standing.waiting, standing.wait, standing.stopped), (2, Duration::from_secs(59), false));
    city.clock.advance(2_000);
    let refused = city.audit.record(vec![read(1, "d")]).await.unwrap_err();
    assert!(
        matches!(&refused, AuditError::Behind { waiting: 2, seconds: 61, why } if why.contains("root")),
        "{refused}"
    );
    let standing = city.audit.watch().standing();
    assert!(standing.stopped && standing.failing.is_some(), "{standing:?}");
    // Those who look after the log can write down what they do.
    city.audit.record(vec![Entry::new("audit.exported", "auditor", Kind::Official)]).await.unwrap();
    flip_tile(&city).await;
    city.clock.advance(3_000);
    city.audit.record(vec![read(1, "e")]).await.unwrap();
    let standing = city.audit.watch().standing();
    assert_eq!((standing.waiting, standing.stopped, standing.failing), (1, false, None), "only the newest waits");
    city.audit.sequence_once().await.unwrap();
    let targets = city.audit.entries_about(&person(1), &[], None, 10).await.unwrap().entries;
    assert_eq!(targets.iter().map(|s| s.entry.target.as_str()).collect::<String>(), "ecba", "d was not answered");
}

#[tokio::test]
async fn too_many_entries_without_leaves_are_caught_up_with_first() {
    let mut config = config();
    config.most_waiting = 3;
    let city = City::with(Arc::new(MemoryStore::new()), config).await;
    for n in 0..10 {
        city.audit.record(vec![read(n, "a")]).await.unwrap();
        assert!(city.audit.watch().standing().waiting <= 4);
    }
    assert!(city.audit.size().await.unwrap() >= 6, "whoever records gives leaves when nobody else does");
}

#[tokio::test]
async fn what_an_earlier_process_left_without_leaves_counts_from_when_it_was_written() {
    let city = City::new().await;
    city.audit.record(vec![read(1, "a")]).await.unwrap();
    city.clock.advance(30_000);
    let clock = Arc::new(city.clock.clone());
    let again = Audit::open(city.store.clone(), clock, keyring(), config()).await.unwrap();
    let standing = again.watch().standing();
    assert_eq!((standing.waiting, standing.wait), (1, Duration::from_secs(30)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_download_that_stalls_holds_up_no_erasure() {
    let city = City::new().await;
    city.audit.record((0..2_000).map(|n| read(n % 7, "a")).collect()).await.unwrap();
    let (mut file, exported) = city.audit.gather(ExportOptions::default()).await.unwrap();
    // Nobody has read a byte of it.
    let who = person(1);
    let erased = tokio::time::timeout(Duration::from_secs(20), city.audit.erase(&who, &[], "r", "admin"));
    assert!(erased.await.unwrap().unwrap() > 0);
    let mut text = Vec::new();
    file.read_to_end(&mut text).unwrap();
    assert_eq!(text.split(|b| *b == b'\n').count() as u64, exported.lines + 1);
    assert!(crate::check(&text, &city.expectations()).is_ok(), "it is the log as it was");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_export_is_bounded_and_one_is_gathered_at_a_time() {
    let mut config = config();
    config.spool_bytes = 2_000;
    let city = City::with(Arc::new(MemoryStore::new()), config).await;
    city.audit.record((0..20).map(|n| read(n, "a")).collect()).await.unwrap();
    assert!(matches!(city.audit.gather(ExportOptions::default()).await, Err(AuditError::Write(_))));
    let city = City::new().await;
    city.audit.record((0..2_000).map(|n| read(n % 7, "a")).collect()).await.unwrap();
    let (one, two) =
        tokio::join!(city.audit.gather(ExportOptions::default()), city.audit.gather(ExportOptions::default()));
    assert!(one.is_ok() && matches!(two, Err(AuditError::Exporting)));
}

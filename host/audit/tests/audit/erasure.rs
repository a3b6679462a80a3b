//! What goes: a person's entries by an erasure, old ones by their age; and what stays until an order ends.

use crate::{City, START, check, config, person, read, what};
use data_encoding::BASE64;
use yunlong_audit::{AuditError, AuditFilter, Book, EntryFilter, ExportOptions, HiddenBy};
use yunlong_model::Timestamp;
use yunlong_store::{Direction, Key, Txn};
use yunlong_verify::What;
use yunlong_verify::note::Note;

#[tokio::test]
async fn erasure_takes_the_payloads_leaves_the_log_whole_and_excuses_nothing_else() {
    let city = City::new().await;
    city.audit.record(vec![read(1, "a"), read(2, "b"), read(1, "c")]).await.unwrap();
    city.audit.sequence_once().await.unwrap();
    let before = city.audit.latest_checkpoint().await.unwrap().unwrap();
    assert_eq!(city.audit.erase(&person(1), &[], "本人申请", "admin").await.unwrap(), 2);
    assert_eq!(city.audit.erase(&person(1), &[], "again", "admin").await.unwrap(), 0);
    city.audit.sequence_once().await.unwrap();

    assert_eq!(city.audit.entries_about(&person(1), &[], None, 10).await.unwrap().entries, []);
    assert_eq!(city.audit.entries_about(&person(2), &[], None, 10).await.unwrap().entries.len(), 1);
    let report = city.verified().await.unwrap();
    assert_eq!((report.leaves, report.gone), (4, 2));
    // The log continues what it was.
    let mut expected = city.expectations();
    expected.checkpoints = vec![Note::parse(&before).unwrap().checkpoint(&expected.key).unwrap()];
    assert!(check(&city.export().await, &expected).is_ok());

    // A new entry about the same person gets a new key, and a payload that goes without an erasure is missed.
    city.audit.record(vec![read(1, "d")]).await.unwrap();
    city.audit.sequence_once().await.unwrap();
    assert_eq!(city.audit.entries_about(&person(1), &[], None, 10).await.unwrap().entries.len(), 1);
    remove_payload_of(&city, 4).await;
    let fault = city.verified().await.unwrap_err();
    assert_eq!((fault.index, fault.what), (Some(4), What::Missing));
}

/// Removes the payload that belongs to a leaf.
async fn remove_payload_of(city: &City, index: u64) {
    let payloads = Key::space("@audit").text("payload");
    let mut rows = city.store.scan(&payloads.children(), Direction::Ascending, 1_000).await.unwrap();
    for row in rows.drain(..) {
        let mut txn = Txn::new(city.store.clone());
        txn.delete(row.key.clone());
        txn.commit().await.unwrap();
        if city.verified().await.is_err_and(|f| f.index == Some(index)) {
            return;
        }
        let mut txn = Txn::new(city.store.clone());
        txn.put(row.key, row.value);
        txn.commit().await.unwrap();
    }
    panic!("no payload belongs to the leaf {index}");
}

#[tokio::test]
async fn an_entry_that_meets_an_erasure_is_sealed_anew() {
    let city = City::new().await;
    city.audit.record(vec![read(1, "a")]).await.unwrap();
    // Another process, whose cache the recorder of this one does not share.
    let other = City::with(city.store.clone(), config()).await;
    assert_eq!(other.audit.erase(&person(1), &[], "r", "admin").await.unwrap(), 1);
    city.audit.record(vec![read(1, "b"), read(2, "c")]).await.unwrap();
    city.audit.sequence_once().await.unwrap();
    let page = other.audit.entries_about(&person(1), &[], None, 10).await.unwrap();
    assert_eq!(page.entries.iter().map(|s| s.entry.target.as_str()).collect::<Vec<_>>(), ["b"]);
    assert_eq!(city.verified().await.unwrap().gone, 1);
}

#[tokio::test]
async fn payloads_expire_after_their_retention_and_a_leaf_tells_which() {
    let city = City::new().await;
    city.audit.record(vec![read(1, "old"), read(2, "old")]).await.unwrap();
    city.audit.sequence_once().await.unwrap();
    city.clock.advance(1_096 * 86_400_000);
    city.audit.record(vec![read(1, "new")]).await.unwrap();
    city.audit.sequence_once().await.unwrap();
    assert_eq!(city.audit.expire().await.unwrap(), 0, "three years to the millisecond are not more than three");
    city.clock.advance(1);
    assert_eq!(city.audit.expire().await.unwrap(), 2);
    assert_eq!(city.audit.expire().await.unwrap(), 0);
    city.audit.sequence_once().await.unwrap();
    let report = city.verified().await.unwrap();
    assert_eq!((report.leaves, report.gone), (4, 2));
    let left = city.audit.entries_about(&person(1), &[], None, 10).await.unwrap();
    assert_eq!(left.entries.iter().map(|s| s.entry.target.as_str()).collect::<Vec<_>>(), ["new"]);
    remove_payload_of(&city, 2).await;
    assert_eq!(what(city.verified().await), What::Missing, "what is younger is not excused");
}

fn hidden(about: u32, target: &str) -> yunlong_audit::Entry {
    let mut entry = read(about, target);
    entry.hidden = Some(HiddenBy { order: "order-7".into(), until: Timestamp(START + 1_000) });
    entry
}

#[tokio::test]
async fn acts_about_a_person_are_sealed_erased_and_expire_as_reads_do() {
    let city = City::new().await;
    city.act("consent.given", Some(1)).await;
    city.act("consent.given", Some(2)).await;
    city.act("organizations.written", None).await;
    city.audit.sequence_once().await.unwrap();
    // In no row of the store is anything in the plain.
    let rows = city.store.scan(&Key::space("@audit").children(), Direction::Ascending, 10_000).await.unwrap();
    for needle in ["li-si", "in person", "consent.given"] {
        assert!(!rows.iter().any(|r| r.value.windows(needle.len()).any(|w| w == needle.as_bytes())), "{needle}");
    }
    let acts = async || {
        let page = city.audit.leaf_through(Book::People, None, 10, &AuditFilter::default()).await.unwrap();
        page.rows.len()
    };
    assert_eq!(acts().await, 3);
    assert_eq!(city.audit.erase(&person(1), &[], "closed", "admin").await.unwrap(), 1);
    assert_eq!(acts().await, 2);
    let report = city.verified().await.unwrap();
    assert_eq!((report.leaves, report.gone), (4, 1));
    city.clock.advance(1_096 * 86_400_000 + 1);
    assert_eq!(city.audit.expire().await.unwrap(), 4);
    assert_eq!(acts().await, 0);
    assert_eq!(city.verified().await.unwrap().gone, 4);
}

#[tokio::test]
async fn an_erasure_neither_destroys_nor_shows_what_a_standing_order_hides() {
    let city = City::new().await;
    city.audit.record(vec![read(1, "seen"), hidden(1, "watched"), hidden(2, "other")]).await.unwrap();
    city.audit.sequence_once().await.unwrap();
    let standing = ["order-7".to_owned()];
    assert_eq!(city.audit.erase(&person(1), &standing, "closed", "admin").await.unwrap(), 1);
    city.verified().await.unwrap();
    let about = EntryFilter { about: Some(person(1)), ..EntryFilter::default() };
    let left = city.audit.search(&about, None, 10).await.unwrap().entries;
    assert_eq!(left.iter().map(|s| s.entry.target.as_str()).collect::<Vec<_>>(), ["watched"]);
    // Of the leaves that were published as erased, none is hidden.
    let mut export = Vec::new();
    city.audit.export(&mut export, ExportOptions::default()).await.unwrap();
    let gone: Vec<String> = String::from_utf8(export)
        .unwrap()
        .lines()
        .filter(|l| l.contains("\"gone\""))
        .map(|l| serde_json::from_str::<serde_json::Value>(l).unwrap()["leaf"].as_str().unwrap().to_owned())
        .map(|l| String::from_utf8(BASE64.decode(l.as_bytes()).unwrap()).unwrap())
        .collect();
    assert!(gone.len() == 1 && !gone[0].contains("hidden"), "{gone:?}");

    assert_eq!(city.audit.finish_waiting(&standing).await.unwrap(), 0, "it stands");
    city.audit.record(vec![hidden(1, "watched on")]).await.unwrap();
    assert_eq!(city.audit.finish_waiting(&[]).await.unwrap(), 2, "it has ended");
    assert_eq!(city.audit.finish_waiting(&[]).await.unwrap(), 0);
    assert_eq!(city.audit.search(&about, None, 10).await.unwrap().entries, []);
    let other = city.audit.entries_about(&person(2), &[], None, 10).await.unwrap();
    assert_eq!(other.entries.len(), 1, "another person's entries under the same order stay");
    assert_eq!(city.verified().await.unwrap().gone, 3);
}

#[tokio::test]
async fn what_several_keys_hold_about_a_person_is_one_list_newest_first() {
    let city = City::new().await;
    for n in 0..6 {
        let entry = if n % 2 == 0 { read(1, &n.to_string()) } else { hidden(1, &n.to_string()) };
        city.audit.record(vec![entry]).await.unwrap();
    }
    let page = async |standing: &[String], before: Option<&str>| {
        let page = city.audit.entries_about(&person(1), standing, before, 4).await.unwrap();
        let targets = page.entries.iter().map(|s| s.entry.target.clone()).collect::<String>();
        (targets, page.next)
    };
    let (first, next) = page(&[], None).await;
    assert_eq!((first.as_str(), page(&[], next.as_deref()).await.0.as_str()), ("5432", "10"));
    assert_eq!(page(&["order-7".into()], None).await.0, "420");
}

#[tokio::test]
async fn a_retention_that_is_lowered_is_an_entry_and_what_expired_too_early_is_a_fault() {
    let city = City::new().await;
    city.audit.record(vec![read(1, "a")]).await.unwrap();
    let mut short = config();
    short.retention_days = 200;
    let lowered = City::with(city.store.clone(), short).await;
    let filter = EntryFilter { action: "audit.retention-lowered".into(), ..EntryFilter::default() };
    let told = lowered.audit.search(&filter, None, 10).await.unwrap().entries;
    assert_eq!(told.iter().map(|s| s.entry.detail.as_str()).collect::<Vec<_>>(), ["1096 -> 200 days"]);
    lowered.clock.advance(201 * 86_400_000);
    lowered.audit.sequence_once().await.unwrap();
    assert_eq!(lowered.audit.expire().await.unwrap(), 2);
    let export = lowered.export().await;
    assert!(check(&export, &lowered.expectations()).is_ok(), "as it was announced");
    assert_eq!(what(check(&export, &city.expectations())), What::TooYoung(1_096));
    // The same setting again is no entry.
    let mut same = config();
    same.retention_days = 200;
    let again = City::with(city.store.clone(), same).await;
    assert_eq!(again.audit.sequence_once().await.unwrap(), 3);
    assert!(matches!(
        city.audit.erase(&yunlong_model::PersonId::new("-"), &[], "r", "admin").await,
        Err(AuditError::Invalid(_))
    ));
}

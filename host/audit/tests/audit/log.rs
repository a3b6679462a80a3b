//! What is written is in the log, is found again by whom it concerns, and can be proven.

use crate::{City, START, check, config, keyring, person, read, trail_key, what};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use yunlong_audit::{AuditError, Entry, EntryFilter, ExportOptions, HiddenBy, Outcome, Trail};
use yunlong_model::{Kind, Timestamp};
use yunlong_store::memory::MemoryStore;
use yunlong_store::{Direction, Key, Store, Txn};
use yunlong_verify::What;
use yunlong_verify::note::{Note, VKey};
use yunlong_verify::proof::{ProofError, consistency, inclusion};
use yunlong_verify::tree::{Tree, leaf_hash};

#[tokio::test]
async fn reads_grants_and_trails_are_leaves_in_the_order_of_their_commits() {
    let city = City::new().await;
    city.audit.record(vec![read(1, "a"), read(2, "b")]).await.unwrap();
    city.trail("sign-in.failed").await;
    let mut txn = Txn::new(city.store.clone());
    txn.put(Key::space("@hub").text("grant"), bytes::Bytes::from_static(b"granted"));
    city.audit.stage(&mut txn, &Entry::new("grant.approved", "admin", Kind::Official)).await.unwrap();
    txn.commit().await.unwrap();

    assert_eq!(city.audit.sequence_once().await.unwrap(), 4);
    assert_eq!(city.audit.sequence_once().await.unwrap(), 4, "nothing is new");
    let report = city.verified().await.unwrap();
    assert_eq!((report.leaves, report.checkpoints, report.gone), (4, 1, 0));

    let bundle = city.audit.bundle(0, Some(4)).await.unwrap();
    let kinds: Vec<String> = leaves(&bundle).iter().map(|l| String::from_utf8_lossy(l).into_owned()).collect();
    for (leaf, kind) in kinds.iter().zip(["read", "read", "row", "grant"]) {
        assert!(leaf.contains(&format!("\"kind\":\"{kind}\"")), "{leaf}");
        assert!(!leaf.contains("clerk") && !leaf.contains("population"), "a leaf tells nothing: {leaf}");
    }
}

fn leaves(bundle: &[u8]) -> Vec<Vec<u8>> {
    let (mut out, mut rest) = (Vec::new(), bundle);
    while let Some((length, behind)) = rest.split_first_chunk::<2>() {
        let (leaf, behind) = behind.split_at(u16::from_be_bytes(*length).into());
        out.push(leaf.to_vec());
        rest = behind;
    }
    out
}

#[tokio::test]
async fn what_was_not_written_is_not_answered() {
    struct Full(MemoryStore);
    #[async_trait::async_trait]
    impl Store for Full {
        async fn get(&self, key: &Key) -> Result<Option<yunlong_store::Versioned>, yunlong_store::StoreError> {
            self.0.get(key).await
        }
        async fn scan(
            &self,
            range: &yunlong_store::KeyRange,
            direction: Direction,
            limit: usize,
        ) -> Result<Vec<yunlong_store::Entry>, yunlong_store::StoreError> {
            self.0.scan(range, direction, limit).await
        }
        async fn counter(&self, key: &Key) -> Result<i64, yunlong_store::StoreError> {
            self.0.counter(key).await
        }
        async fn counters(
            &self,
            range: &yunlong_store::KeyRange,
            limit: usize,
        ) -> Result<Vec<(Key, i64)>, yunlong_store::StoreError> {
            self.0.counters(range, limit).await
        }
        async fn commit(&self, batch: yunlong_store::Batch) -> Result<yunlong_store::Seq, yunlong_store::CommitError> {
            if batch.appends.is_empty() {
                return self.0.commit(batch).await;
            }
            Err(yunlong_store::StoreError::NoSpace { free: 0, reserve: 1 }.into())
        }
        fn watch(&self) -> watch::Receiver<yunlong_store::Seq> {
            self.0.watch()
        }
        async fn changes(
            &self,
            space: &str,
            after: yunlong_store::Seq,
            limit: usize,
        ) -> Result<Vec<yunlong_store::Change>, yunlong_store::StoreError> {
            self.0.changes(space, after, limit).await
        }
        async fn trim_changes(&self, through: yunlong_store::Seq) -> Result<(), yunlong_store::StoreError> {
            self.0.trim_changes(through).await
        }
    }
    let city = City::with(Arc::new(Full(MemoryStore::new())), config()).await;
    let refused = city.audit.record(vec![read(1, "a")]).await.unwrap_err();
    assert!(matches!(refused, AuditError::Commit(_)), "{refused}");
    assert_eq!(city.audit.entries_about(&person(1), &[], None, 10).await.unwrap().entries, []);
}

#[tokio::test]
async fn a_person_finds_what_was_read_about_them_newest_first_and_page_by_page() {
    let city = City::new().await;
    for n in 0..5 {
        city.clock.advance(1_000);
        city.audit.record(vec![read(1, &format!("r{n}")), read(2, "other")]).await.unwrap();
    }
    city.audit.sequence_once().await.unwrap();
    let first = city.audit.entries_about(&person(1), &[], None, 3).await.unwrap();
    let targets = |page: &yunlong_audit::EntryPage| -> Vec<String> {
        page.entries.iter().map(|s| s.entry.target.clone()).collect()
    };
    assert_eq!(targets(&first), ["r4", "r3", "r2"]);
    assert_eq!(first.entries[0].at, Timestamp(START + 5_000));
    assert_eq!(first.entries[0].index, Some(8));
    let second = city.audit.entries_about(&person(1), &[], first.next.as_deref(), 3).await.unwrap();
    assert_eq!(targets(&second), ["r1", "r0"]);
    assert_eq!(second.next, None);
    assert!(matches!(city.audit.entries_about(&person(1), &[], Some("zz"), 3).await, Err(AuditError::Invalid(_))));
}

#[tokio::test]
async fn a_hidden_read_appears_when_its_order_ends_and_only_the_city_s_number_tells_of_it() {
    let city = City::new().await;
    let mut hidden = read(1, "watched");
    hidden.hidden = Some(HiddenBy { order: "order-7".into(), until: Timestamp(START + 1_000) });
    city.audit.record(vec![read(1, "seen"), hidden]).await.unwrap();
    city.audit.sequence_once().await.unwrap();
    let standing = ["order-7".to_owned()];
    let now = city.audit.entries_about(&person(1), &standing, None, 10).await.unwrap();
    assert_eq!(now.entries.iter().map(|s| s.entry.target.as_str()).collect::<Vec<_>>(), ["seen"]);
    let later = city.audit.entries_about(&person(1), &[], None, 10).await.unwrap();
    assert_eq!(later.entries.len(), 2);
    assert_eq!(city.audit.hidden_count().await.unwrap(), 1);
    assert_eq!(city.verified().await.unwrap().hidden, 1, "whoever has the leaves counts the same");
    let filter = EntryFilter { hidden: true, ..EntryFilter::default() };
    assert_eq!(city.audit.search(&filter, None, 10).await.unwrap().entries.len(), 1);
}

#[tokio::test]
async fn overseers_find_by_every_field() {
    let city = City::new().await;
    let mut denied = read(2, "x");
    denied.action = "data.denied".into();
    denied.outcome = Outcome::Denied("no purpose".into());
    denied.request_id = "req-1".into();
    denied.organization = Some("county-a".into());
    city.audit.record(vec![read(1, "x"), denied, Entry::new("consent.given", "someone", Kind::Citizen)]).await.unwrap();
    city.audit.sequence_once().await.unwrap();
    let all = EntryFilter::default();
    let found = async |filter: EntryFilter| city.audit.search(&filter, None, 10).await.unwrap().entries.len();
    assert_eq!(found(all.clone()).await, 3);
    assert_eq!(found(EntryFilter { about: Some(person(2)), ..all.clone() }).await, 1);
    assert_eq!(found(EntryFilter { action: "data.".into(), ..all.clone() }).await, 2);
    assert_eq!(found(EntryFilter { denied: true, ..all.clone() }).await, 1);
    assert_eq!(found(EntryFilter { request_id: "req-1".into(), ..all.clone() }).await, 1);
    assert_eq!(found(EntryFilter { organization: "county-a".into(), ..all.clone() }).await, 1);
    assert_eq!(found(EntryFilter { actor: "nobody".into(), ..all.clone() }).await, 0);
    assert_eq!(found(EntryFilter { from: Some(Timestamp(START + 1)), ..all }).await, 0);
}

#[tokio::test]
async fn erasure_takes_the_payloads_leaves_the_log_whole_and_excuses_nothing_else() {
    let city = City::new().await;
    city.audit.record(vec![read(1, "a"), read(2, "b"), read(1, "c")]).await.unwrap();
    city.audit.sequence_once().await.unwrap();
    let before = city.audit.latest_checkpoint().await.unwrap().unwrap();
    assert_eq!(city.audit.erase(&person(1), "本人申请", "admin").await.unwrap(), 2);
    assert_eq!(city.audit.erase(&person(1), "again", "admin").await.unwrap(), 0);
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
    assert_eq!(other.audit.erase(&person(1), "r", "admin").await.unwrap(), 1);
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

#[tokio::test]
async fn proofs_hold_for_whoever_has_the_key_alone() {
    let city = City::new().await;
    let key = VKey::parse(&city.audit.vkey()).unwrap();
    let mut sizes = Vec::new();
    for n in 0..9 {
        city.audit.record((0..=n * 17).map(|i| read(i % 3, "x")).collect()).await.unwrap();
        city.trail("x").await;
        sizes.push(city.audit.sequence_once().await.unwrap());
    }
    for (n, size) in sizes.iter().enumerate() {
        for index in [0, size / 3, size - 1] {
            let proof = serde_json::to_vec(&city.audit.inclusion_proof(index, *size).await.unwrap()).unwrap();
            assert_eq!(inclusion(&proof, &key, &[]).unwrap().index, index);
        }
        for later in &sizes[n..] {
            let proof = serde_json::to_vec(&city.audit.consistency_proof(*size, *later).await.unwrap()).unwrap();
            assert_eq!(consistency(&proof, &key, &[]), Ok((*size, *later)));
        }
    }
    let newest = *sizes.last().unwrap();
    let disclosed = city.audit.disclose(newest - 2).await.unwrap();
    let checked = city.audit.check(&disclosed).await.unwrap();
    assert_eq!((checked.unchanged, checked.sealed, checked.witnesses.len()), (true, Some(true), 0));
    let mut other = disclosed.clone();
    other.opened.salt = "00".repeat(32);
    assert!(!city.audit.check(&other).await.unwrap().unchanged, "another record than the leaf’s");
    let changes: [fn(&mut yunlong_audit::Disclosure); 4] = [
        |d| d.proof.index -= 1,
        |d| d.proof.proof.reverse(),
        |d| _ = d.proof.proof.pop(),
        |d| d.proof.checkpoint = d.proof.checkpoint.as_ref().map(|c| c.replacen("/audit", "/other", 1)),
    ];
    for (n, change) in changes.iter().enumerate() {
        let mut other = disclosed.clone();
        change(&mut other);
        assert_eq!(city.audit.check(&other).await.unwrap().sealed, Some(false), "change {n}");
    }
    let mut opened = serde_json::to_value(disclosed).unwrap();
    let shown = inclusion(opened.to_string().as_bytes(), &key, &[]).unwrap();
    assert!(shown.record.unwrap().contains("办理居住证"));
    opened["opened"]["salt"] = "00".repeat(32).into();
    assert_eq!(inclusion(opened.to_string().as_bytes(), &key, &[]), Err(ProofError::Opened));
    for wrong in [city.audit.inclusion_proof(newest, newest).await, city.audit.inclusion_proof(0, newest + 1).await] {
        assert!(matches!(wrong, Err(AuditError::NotFound(_))));
    }
    assert!(matches!(city.audit.consistency_proof(2, 1).await, Err(AuditError::Invalid(_))));
    assert!(matches!(city.audit.consistency_proof(1, newest + 1).await, Err(AuditError::NotFound(_))));
}

#[tokio::test]
async fn tiles_and_bundles_give_the_root_of_the_checkpoint() {
    let city = City::new().await;
    for _ in 0..3 {
        city.audit.record((0..100).map(|n| read(n, "x")).collect()).await.unwrap();
        city.audit.sequence_once().await.unwrap();
    }
    let mut tree = Tree::default();
    for (n, width) in [(0, None), (1, Some(44))] {
        let tile = city.audit.tile(0, n, width).await.unwrap();
        for (leaf, hash) in leaves(&city.audit.bundle(n, width).await.unwrap()).iter().zip(tile.chunks(32)) {
            assert_eq!(leaf_hash(leaf), hash);
            tree.push(leaf_hash(leaf));
        }
    }
    let note = Note::parse(&city.audit.latest_checkpoint().await.unwrap().unwrap()).unwrap();
    let checkpoint = note.checkpoint(&city.expectations().key).unwrap();
    assert_eq!((checkpoint.size, checkpoint.root), (300, tree.root()));
    assert_eq!(city.audit.tile(1, 0, Some(1)).await.unwrap(), tree.partial_tile(1).unwrap().1[0]);
    for (level, n, width) in [(0, 1, None), (0, 1, Some(45)), (0, 2, Some(1)), (3, 0, Some(1))] {
        assert!(matches!(city.audit.tile(level, n, width).await, Err(AuditError::NotFound(_))), "{level} {n}");
    }
}

#[tokio::test]
async fn two_sequencers_grow_one_tree() {
    let city = City::new().await;
    let other = City::with(city.store.clone(), config()).await;
    let writing = async {
        for n in 0..60 {
            city.audit.record(vec![read(n % 4, "x")]).await.unwrap();
        }
    };
    let growing = async |audit: &yunlong_audit::Audit| {
        for _ in 0..40 {
            audit.sequence_once().await.unwrap();
            tokio::task::yield_now().await;
        }
    };
    tokio::join!(writing, growing(&city.audit), growing(&other.audit));
    assert_eq!(city.audit.sequence_once().await.unwrap(), 60);
    assert_eq!(city.verified().await.unwrap().leaves, 60);
}

#[tokio::test]
async fn the_task_sequences_what_comes_and_finishes_at_its_end() {
    let mut fast = config();
    fast.checkpoint_every = Duration::from_millis(5);
    let city = City::with(Arc::new(MemoryStore::new()), fast).await;
    let (stop, stopped) = watch::channel(false);
    let running = tokio::spawn(city.audit.clone().run(stopped));
    city.audit.record(vec![read(1, "a")]).await.unwrap();
    let mut commits = city.store.watch();
    tokio::time::timeout(Duration::from_secs(20), async {
        while city.audit.size().await.unwrap() < 1 {
            commits.changed().await.unwrap();
        }
    })
    .await
    .unwrap();
    city.audit.record(vec![read(1, "b")]).await.unwrap();
    stop.send(true).unwrap();
    running.await.unwrap();
    assert_eq!(city.audit.size().await.unwrap(), 2, "what was acknowledged before the end has its leaf");
    city.verified().await.unwrap();
}

#[tokio::test]
async fn an_audit_is_not_opened_with_what_does_not_fit_it() {
    let city = City::new().await;
    city.trail("x").await;
    city.audit.sequence_once().await.unwrap();
    let open = async |change: fn(&mut yunlong_audit::AuditConfig)| {
        let mut config = config();
        change(&mut config);
        let clock = Arc::new(city.clock.clone());
        yunlong_audit::Audit::open(city.store.clone(), clock, keyring(), config).await.err().map(|e| e.to_string())
    };
    assert_eq!(open(|_| {}).await, None);
    let refused = async |change: fn(&mut yunlong_audit::AuditConfig), why: &str| {
        let error = open(change).await.unwrap();
        assert!(error.contains(why), "{error}");
    };
    refused(|c| c.trails.clear(), "the trail `identity` has leaves").await;
    refused(|c| c.origin = "other/audit".into(), "origin").await;
    refused(|c| c.signing_key[0] ^= 1, "another signing key").await;
    refused(|c| c.trails.push(Trail { name: "Bad".into(), prefix: Key::space("@x") }), "`Bad`").await;
    refused(|c| c.trails.push(Trail { name: "twice".into(), prefix: trail_key() }), "the same").await;
}

#[tokio::test]
async fn the_leaf_of_a_row_is_found_by_its_key() {
    let city = City::new().await;
    city.audit.record(vec![read(1, "a")]).await.unwrap();
    city.trail("x").await;
    let row = city.store.scan(&trail_key().children(), Direction::Ascending, 1).await.unwrap().remove(0);
    assert_eq!(city.audit.leaf_of(&row.key).await.unwrap(), None, "not yet");
    city.audit.sequence_once().await.unwrap();
    assert_eq!(city.audit.leaf_of(&row.key).await.unwrap(), Some(1));
    assert!(matches!(city.audit.leaf_of(&Key::space("@x")).await, Err(AuditError::Invalid(_))));
}

#[tokio::test]
async fn old_checkpoints_go_but_one_for_each_hour_and_the_log_still_verifies() {
    let city = City::new().await;
    for _ in 0..12 {
        city.audit.record(vec![read(1, "a")]).await.unwrap();
        city.audit.sequence_once().await.unwrap();
        city.clock.advance(20 * 60_000);
    }
    assert_eq!(city.audit.thin().await.unwrap(), 0, "they are young");
    city.clock.advance(2 * 86_400_000);
    city.audit.record(vec![read(1, "b")]).await.unwrap();
    city.audit.sequence_once().await.unwrap();
    let gone = city.audit.thin().await.unwrap();
    assert!((7..=9).contains(&gone), "{gone} of 12 went");
    let report = city.verified().await.unwrap();
    assert_eq!((report.leaves, report.checkpoints), (13, 13 - gone));
}

#[tokio::test]
async fn a_changed_data_key_reseals_the_keys_of_people() {
    use yunlong_sealing::{DataKey, Keyring};
    use zeroize::Zeroizing;
    let city = City::new().await;
    city.audit.record(vec![read(1, "a"), read(2, "b")]).await.unwrap();
    let key = |n: u8| DataKey::derived(&Zeroizing::new([n; 32]));
    let both = Arc::new(Keyring::new(key(4), vec![key(3)]));
    let clock = Arc::new(city.clock.clone());
    let audit = yunlong_audit::Audit::open(city.store.clone(), clock.clone(), both, config()).await.unwrap();
    assert_eq!(audit.reseal().await.unwrap(), 2);
    assert_eq!(audit.reseal().await.unwrap(), 0);
    let new = Arc::new(Keyring::new(key(4), vec![]));
    let audit = yunlong_audit::Audit::open(city.store.clone(), clock, new, config()).await.unwrap();
    assert_eq!(audit.entries_about(&person(1), &[], None, 10).await.unwrap().entries.len(), 1);
    let mut out = Vec::new();
    audit.sequence_once().await.unwrap();
    assert_eq!(audit.export(&mut out, ExportOptions::default()).await.unwrap().damages, 0);
}

#[tokio::test]
async fn what_does_not_fit_is_passed_over_in_one_walk() {
    let city = City::new().await;
    city.audit.record((0..450).map(|n| read(1, if n == 7 { "wanted" } else { "x" })).collect()).await.unwrap();
    let wanted = |e: &yunlong_audit::Entry| e.target == "wanted";
    let page = city.audit.entries_about_where(&person(1), &[], None, 10, &wanted).await.unwrap();
    assert_eq!((page.entries.len(), page.next), (1, None));
    assert!(wanted(&page.entries[0].entry));
}

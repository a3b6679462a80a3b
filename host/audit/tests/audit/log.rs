//! What is written is in the log, is found again by whom it concerns, and can be proven.

use crate::{City, START, config, keyring, person, read};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use yunlong_audit::{AuditError, AuditFilter, Book, Entry, EntryFilter, ExportOptions, HiddenBy, Outcome};
use yunlong_model::{Kind, Timestamp};
use yunlong_store::memory::MemoryStore;
use yunlong_store::{Direction, Key, Store, Txn};
use yunlong_verify::note::Note;
use yunlong_verify::proof::{ProofError, Trust, consistency, inclusion};
use yunlong_verify::tree::{Tree, leaf_hash};

#[tokio::test]
async fn reads_grants_and_trails_are_leaves_in_the_order_of_their_commits() {
    let city = City::new().await;
    city.audit.record(vec![read(1, "a"), read(2, "b")]).await.unwrap();
    city.act("sign-in.failed", Some(3)).await;
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
    for (leaf, kind) in kinds.iter().zip(["read", "read", "act", "grant"]) {
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
async fn proofs_hold_for_whoever_has_the_key_alone() {
    let city = City::new().await;
    let trust = city.trust();
    let mut sizes = Vec::new();
    for n in 0..9 {
        city.audit.record((0..=n * 17).map(|i| read(i % 3, "x")).collect()).await.unwrap();
        city.act("x", None).await;
        sizes.push(city.audit.sequence_once().await.unwrap());
    }
    for (n, size) in sizes.iter().enumerate() {
        for index in [0, size / 3, size - 1] {
            let proof = serde_json::to_vec(&city.audit.inclusion_proof(index, *size).await.unwrap()).unwrap();
            assert_eq!(inclusion(&proof, &trust).unwrap().index, index);
        }
        for later in &sizes[n..] {
            let proof = serde_json::to_vec(&city.audit.consistency_proof(*size, *later).await.unwrap()).unwrap();
            assert_eq!(consistency(&proof, &trust), Ok((*size, *later)));
        }
    }
    let newest = *sizes.last().unwrap();
    let disclosed = city.audit.disclose(newest - 2, None).await.unwrap();
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
    let shown = inclusion(opened.to_string().as_bytes(), &trust).unwrap();
    assert!(shown.record.unwrap().contains("办理居住证"));
    opened["opened"]["salt"] = "00".repeat(32).into();
    assert_eq!(inclusion(opened.to_string().as_bytes(), &trust), Err(ProofError::Opened));
    for wrong in [city.audit.inclusion_proof(newest, newest).await, city.audit.inclusion_proof(0, newest + 1).await] {
        assert!(matches!(wrong, Err(AuditError::NotFound(_))));
    }
    assert!(matches!(city.audit.consistency_proof(2, 1).await, Err(AuditError::Invalid(_))));
    assert!(matches!(city.audit.consistency_proof(1, newest + 1).await, Err(AuditError::NotFound(_))));
}

#[tokio::test]
async fn a_proof_is_held_against_every_checkpoint_that_was_kept() {
    let city = City::new().await;
    let mut kept = Vec::new();
    for n in 0..4 {
        city.audit.record((0..=n * 40).map(|i| read(i % 3, "x")).collect()).await.unwrap();
        let size = city.audit.sequence_once().await.unwrap();
        let note = Note::parse(&city.audit.checkpoint(size).await.unwrap().unwrap()).unwrap();
        kept.push(note.checkpoint(&city.trust().key).unwrap());
    }
    let disclosed = async |kept: Option<u64>| serde_json::to_vec(&city.audit.disclose(5, kept).await.unwrap()).unwrap();
    for checkpoint in &kept {
        let trust = Trust { checkpoints: vec![checkpoint.clone()], ..city.trust() };
        let proof = disclosed(Some(checkpoint.size)).await;
        assert_eq!(inclusion(&proof, &trust).unwrap().index, 5);
        if checkpoint.size != kept[3].size {
            let unconnected = ProofError::Unconnected { kept: checkpoint.size, size: kept[3].size };
            assert_eq!(inclusion(&disclosed(None).await, &trust), Err(unconnected));
        }
        // Kept from another history of the same key.
        let mut other = checkpoint.clone();
        other.root[0] ^= 1;
        let trust = Trust { checkpoints: vec![other], ..city.trust() };
        assert_eq!(inclusion(&proof, &trust), Err(ProofError::Rewritten(checkpoint.size)));
    }
    let cut = city.audit.disclose(5, Some(kept[3].size + 1)).await;
    assert!(matches!(cut, Err(AuditError::NotFound(_))), "the log has not so many leaves any more");
    let proof = serde_json::to_vec(&city.audit.consistency_proof(kept[0].size, kept[1].size).await.unwrap()).unwrap();
    let trust = Trust { checkpoints: vec![kept[2].clone()], ..city.trust() };
    let unconnected = ProofError::Unconnected { kept: kept[2].size, size: kept[1].size };
    assert_eq!(consistency(&proof, &trust), Err(unconnected), "it says nothing about what was kept");
}

#[tokio::test]
async fn an_export_without_contents_holds_nothing_that_can_be_read() {
    let city = City::new().await;
    city.audit.record(vec![read(1, "secret-target")]).await.unwrap();
    city.act("consent.given", Some(1)).await;
    let mut closed = Vec::new();
    city.audit.export(&mut closed, ExportOptions { opened: false }).await.unwrap();
    // Whatever is in it in base64, too.
    let mut all = closed.clone();
    for line in closed.split(|b| *b == b'\n') {
        let strings = String::from_utf8_lossy(line).split('"').map(str::to_owned).collect::<Vec<_>>();
        all.extend(strings.iter().filter_map(|s| data_encoding::BASE64.decode(s.as_bytes()).ok()).flatten());
    }
    let holds = |needle: &str| all.windows(needle.len()).any(|w| w == needle.as_bytes());
    for secret in ["secret-target", "li-si", "in person", "admin", "clerk", "办理居住证", &person(1).as_str()[8..]]
    {
        assert!(!holds(secret), "{secret}");
    }
    assert!(holds("\"kind\":\"consent\""), "the leaves themselves are there");
    assert!(crate::check(&closed, &city.expectations()).is_ok(), "and it verifies");
    let opened = city.export().await;
    assert!(opened.len() > closed.len());
}

#[tokio::test]
async fn acts_are_leafed_through_in_their_own_book() {
    let city = City::new().await;
    for n in 0..5 {
        city.audit.record(vec![read(1, "x")]).await.unwrap();
        city.act(if n % 2 == 0 { "consent.given" } else { "role.assigned" }, Some(n)).await;
    }
    let page = async |before: Option<&str>, filter: &AuditFilter| {
        city.audit.leaf_through(Book::People, before, 2, filter).await.unwrap()
    };
    let consents = AuditFilter { action: "consent.".into(), ..AuditFilter::default() };
    let first = page(None, &consents).await;
    assert_eq!(first.rows.iter().map(|r| r.action.as_str()).collect::<Vec<_>>(), ["consent.given"; 2]);
    let second = page(first.next.as_deref(), &consents).await;
    assert_eq!((second.rows.len(), second.next), (1, None));
    assert_eq!(page(None, &AuditFilter { target: "nobody".into(), ..AuditFilter::default() }).await.rows, []);
    let apps = city.audit.leaf_through(Book::Apps, None, 9, &AuditFilter::default()).await.unwrap();
    assert_eq!(apps.rows, []);
    assert!(matches!(
        city.audit.leaf_through(Book::People, Some("zz"), 9, &AuditFilter::default()).await,
        Err(AuditError::Invalid(_))
    ));
    let mine = city.audit.entries_about(&person(1), &[], None, 10).await.unwrap().entries;
    assert!(mine.iter().all(|s| s.entry.action == "data.read"), "what was read is a list of its own");
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
    city.act("x", None).await;
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
    refused(|c| c.origin = "other/audit".into(), "origin").await;
    refused(|c| c.signing_key[0] ^= 1, "another signing key").await;
}

#[tokio::test]
async fn the_leaf_of_a_row_is_found_by_its_key() {
    let city = City::new().await;
    city.audit.record(vec![read(1, "a")]).await.unwrap();
    city.act("x", None).await;
    let people = Key::space("@audit").text("leaf").text("people");
    let row = city.store.scan(&people.children(), Direction::Ascending, 1).await.unwrap().remove(0);
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

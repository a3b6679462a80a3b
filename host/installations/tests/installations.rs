//! Installing, upgrading, granting, configuring, removing.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use async_trait::async_trait;
use common::*;
use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use yunlong_installations::{
    AppLog, Capability, DataRange, Exported, InstallationError, Installations, Level, Migration, New, RoleDue,
    RollBack, Status, Upgrade, Why,
};
use yunlong_model::clock::ManualClock;
use yunlong_model::{Digest, Manifest, Timestamp};
use yunlong_store::memory::MemoryStore;
use yunlong_store::{
    Batch, CommitError, Direction, Entry, Key, KeyRange, Seq, SharedStore, Store, StoreError, Txn, Versioned,
};
#[tokio::test]
async fn an_installation_that_was_cut_short_is_taken_back_at_the_next_open() {
    let (store, installations) = fresh().await;
    installations.install(new("tickets", manifest("1.0.0", ""))).await.unwrap();
    // What its first call wrote before the server was killed.
    let mut txn = Txn::new(store.clone());
    txn.put_as(Key::space("tickets").text("rest"), &true);
    txn.commit().await.unwrap();
    let installations = open(&store).await;
    assert_eq!(installations.get(&name("tickets")), None);
    assert_eq!(store.get(&Key::space("tickets").text("rest")).await.unwrap(), None);
    // The name is free again, and the second try is whole.
    running(&installations, new("tickets", manifest("1.0.0", ""))).await;
    assert_eq!(open(&store).await.get(&name("tickets")).unwrap().status, Status::Running);
}

#[tokio::test]
async fn an_installation_is_the_same_after_a_restart() {
    let (store, installations) = fresh().await;
    running(&installations, New { config: values(json!({ "fee": 5 })), ..new("tickets", manifest("1.0.0", "")) }).await;
    let before = installations.get(&name("tickets")).unwrap();
    assert_eq!((before.status.clone(), before.config.clone()), (Status::Running, values(json!({ "fee": 5 }))));
    assert_eq!(*open(&store).await.get(&name("tickets")).unwrap(), *before);
    assert!(before.declares_role("gate") && !before.declares_role("admin"));
}

#[tokio::test]
async fn a_name_is_given_out_once_and_never_again() {
    let (store, installations) = fresh().await;
    running(&installations, new("tickets", manifest("1.0.0", ""))).await;
    let again = || new("tickets", manifest("1.0.0", ""));
    assert_eq!(installations.install(again()).await.unwrap_err(), InstallationError::Taken(name("tickets")));
    installations.uninstall(&name("tickets"), "city-admin").await.unwrap();
    assert!(installations.get(&name("tickets")).is_none());
    let installations = open(&store).await;
    assert_eq!(installations.install(again()).await.unwrap_err(), InstallationError::FormerlyUsed(name("tickets")));
    installations.install(new("tickets-2", manifest("1.0.0", ""))).await.unwrap();
}

#[tokio::test]
async fn of_two_racing_installations_with_one_name_one_wins() {
    let (_, installations) = fresh().await;
    let (a, b) = tokio::join!(
        installations.install(new("tickets", manifest("1.0.0", ""))),
        installations.install(new("tickets", manifest("1.0.0", "")))
    );
    assert!(a.is_ok() != b.is_ok());
}

#[tokio::test]
async fn an_installation_that_never_ran_leaves_no_trace() {
    let (store, installations) = fresh().await;
    installations.install(new("tickets", manifest("1.0.0", ""))).await.unwrap();
    installations.log().append(&name("tickets"), Level::Error, "the health check failed", None);
    installations.abandon(&name("tickets")).await.unwrap();
    let rows = store.scan(&Key::space("@installations").children(), Direction::Ascending, 100).await.unwrap();
    assert!(rows.iter().all(|r| format!("{:?}", r.key).contains("audit")), "{rows:?}");
    // The name is free, and neither the digest nor the signer was pinned.
    let other =
        New { package_digest: Digest::of(b"other"), signer: "key-2".into(), ..new("tickets", manifest("1.0.0", "")) };
    running(&installations, other).await;
}

#[tokio::test]
async fn an_older_version_another_vendor_and_a_changed_digest_are_refused() {
    let (_, installations) = fresh().await;
    running(&installations, new("tickets", manifest("1.1.0", ""))).await;
    let older = installations.install(new("other", manifest("1.0.9", ""))).await.unwrap_err();
    assert_eq!(
        older,
        InstallationError::OlderVersion { offered: "1.0.9".parse().unwrap(), known: "1.1.0".parse().unwrap() }
    );
    let before_release = installations.install(new("other", manifest("1.1.0-rc.1", ""))).await.unwrap_err();
    assert!(matches!(before_release, InstallationError::OlderVersion { .. }));
    let vendor = installations.install(new("other", of_vendor("w", "1.2.0"))).await.unwrap_err();
    assert!(matches!(vendor, InstallationError::OtherVendor { .. }), "{vendor}");
    let digest = installations
        .install(New { package_digest: Digest::of(b"x"), ..new("other", manifest("1.1.0", "")) })
        .await
        .unwrap_err();
    assert!(matches!(digest, InstallationError::ChangedDigest { .. }), "{digest}");
    assert!(installations.get(&name("other")).is_none());
    running(&installations, new("other", manifest("1.1.0", ""))).await;

    let down = take(&installations, "tickets", upgrade(manifest("1.0.0", ""), &[])).await.unwrap_err();
    assert!(matches!(down, InstallationError::OlderVersion { .. }), "{down}");
    let vendor = take(&installations, "tickets", upgrade(of_vendor("w", "1.2.0"), &[])).await.unwrap_err();
    assert!(matches!(vendor, InstallationError::OtherVendor { .. }), "{vendor}");
    // A vendor that has lost its key goes on with the next one.
    let rotated = Upgrade { signer: "key-2".into(), ..upgrade(manifest("1.2.0", ""), &[]) };
    assert_eq!(take(&installations, "tickets", rotated).await.unwrap().signer, "key-2");
    let renamed = Manifest::parse(&toml_of("library")).unwrap();
    let app = take(&installations, "tickets", upgrade(renamed, &[])).await.unwrap_err();
    assert!(matches!(app, InstallationError::OtherApp { .. }), "{app}");
    assert_eq!(installations.get(&name("tickets")).unwrap().version.to_string(), "1.2.0");
}

/// A release of the same name by somebody else.
fn of_vendor(vendor: &str, version: &str) -> Manifest {
    Manifest { vendor: vendor.into(), ..manifest(version, "") }
}

fn toml_of(app: &str) -> String {
    format!(
        "name = \"{app}\"\nversion = \"2.0.0\"\nvendor = \"v\"\ntitle = {{ zh = \"a\", en = \"a\" }}\ndescription = {{ zh = \"a\", en = \"a\" }}\n"
    )
}

#[tokio::test]
async fn an_installation_that_is_behind_others_may_come_forward_by_a_step() {
    let (_, installations) = fresh().await;
    running(&installations, new("a", manifest("1.0.0", ""))).await;
    running(&installations, new("b", manifest("1.2.0", ""))).await;
    take(&installations, "a", upgrade(manifest("1.1.0", ""), &[])).await.unwrap();
}

#[tokio::test]
async fn what_is_not_approved_or_not_asked_for_is_refused() {
    let (_, installations) = fresh().await;
    let e = installations
        .install(New { grants: vec![Capability::Identity], ..new("tickets", manifest("1.0.0", "")) })
        .await
        .unwrap_err();
    assert_eq!(e, InstallationError::NotApproved(vec![Capability::Data]));
    let mut more = new("tickets", manifest("1.0.0", ""));
    more.grants.push(Capability::Payments);
    assert_eq!(
        installations.install(more).await.unwrap_err(),
        InstallationError::NotRequested(vec![Capability::Payments])
    );
    assert!(installations.list().is_empty());
}

#[tokio::test]
async fn a_grant_can_be_taken_and_given_back() {
    let (store, installations) = fresh().await;
    running(&installations, new("tickets", manifest("1.0.0", ""))).await;
    let data = |i: &Installations| i.get(&name("tickets")).unwrap().is_granted(&Capability::Data);
    assert!(data(&installations));
    installations.revoke_grant(&name("tickets"), &Capability::Data, "city-admin").await.unwrap();
    assert!(!data(&installations) && !data(&open(&store).await));
    assert_eq!(installations.get(&name("tickets")).unwrap().ungranted(), [Capability::Data]);
    installations.restore_grant(&name("tickets"), &Capability::Data, "city-admin").await.unwrap();
    assert!(data(&installations));
    let e = installations.restore_grant(&name("tickets"), &Capability::Payments, "city-admin").await.unwrap_err();
    assert_eq!(e, InstallationError::NotRequested(vec![Capability::Payments]));
    let audit = installations.audit(2).await.unwrap();
    assert_eq!(
        audit.iter().map(|r| (r.action.as_str(), r.detail.as_str())).collect::<Vec<_>>(),
        [("grant.restored", "data"), ("grant.revoked", "data")]
    );
}

#[tokio::test]
async fn an_upgrade_needs_approval_for_what_is_new_and_keeps_what_was_revoked_revoked() {
    let (_, installations) = fresh().await;
    running(&installations, new("tickets", manifest("1.0.0", ""))).await;
    installations.revoke_grant(&name("tickets"), &Capability::Data, "city-admin").await.unwrap();
    let wider = || manifest("1.1.0", "outbound = [\"example.org\"]");
    let outbound = Capability::Outbound("example.org".into());
    let e = take(&installations, "tickets", upgrade(wider(), &[])).await.unwrap_err();
    assert_eq!(e, InstallationError::NotApproved(vec![outbound.clone()]));
    let i = take(&installations, "tickets", upgrade(wider(), std::slice::from_ref(&outbound))).await.unwrap();
    assert!(i.is_granted(&outbound) && i.is_granted(&Capability::Identity) && !i.is_granted(&Capability::Data));
    assert_eq!((i.version.to_string(), i.status.clone()), ("1.1.0".into(), Status::Running));
    let i = take(&installations, "tickets", upgrade(manifest("1.2.0", ""), &[])).await.unwrap();
    assert!(!i.is_granted(&outbound), "what is asked for no longer is granted no longer");
}

#[tokio::test]
async fn configuration_is_checked_and_errors_name_the_field() {
    let (_, installations) = fresh().await;
    let fields = |e: InstallationError| match e {
        InstallationError::Config(problems) => problems.into_iter().map(|p| p.field).collect::<Vec<_>>(),
        other => panic!("{other}"),
    };
    let bad = New { config: values(json!({ "fee": "x", "colour": 1 })), ..new("tickets", manifest("1.0.0", "")) };
    assert_eq!(fields(installations.install(bad).await.unwrap_err()), ["colour", "fee"]);
    let i = running(&installations, new("tickets", manifest("1.0.0", ""))).await;
    assert_eq!(i.config, values(json!({ "fee": 600 })));
    assert_eq!(
        fields(installations.set_config(&name("tickets"), values(json!({ "fee": 1.5 })), "x").await.unwrap_err()),
        ["fee"]
    );
    let i = installations.set_config(&name("tickets"), values(json!({ "fee": 7 })), "x").await.unwrap();
    assert_eq!(i.config, values(json!({ "fee": 7 })));
    let i = installations.set_config(&name("tickets"), values(json!({})), "x").await.unwrap();
    assert_eq!(i.config, values(json!({ "fee": 600 })));
}

#[tokio::test]
async fn topics_reach_those_who_declared_them_and_were_granted_them() {
    let (_, installations) = fresh().await;
    let source = "[[publishes]]\nname = \"order.paid\"\naudience = \"city\"\n[[publishes]]\nname = \"order.lost\"\n[[consumes]]\ntopic = \"order.paid\"\n[[consumes]]\ntopic = \"order.lost\"";
    let consumer = toml_of("dashboard")
        + "[[consumes]]\ntopic = \"order.paid\"\nfrom = \"tickets\"\n[[consumes]]\ntopic = \"order.lost\"\nfrom = \"tickets\"\n";
    running(&installations, new("tickets", manifest("1.0.0", source))).await;
    running(&installations, new("tickets-2", manifest("1.0.0", source))).await;
    running(&installations, new("dashboard", Manifest::parse(&consumer).unwrap())).await;
    let subscribers = |source: &str, topic: &str| installations.subscribers(&name(source), topic);
    assert_eq!(subscribers("tickets", "order.paid"), [name("dashboard"), name("tickets")]);
    assert_eq!(subscribers("tickets-2", "order.paid"), [name("tickets-2")]);
    // The reader's own department alone cannot open another's topic.
    assert_eq!(subscribers("tickets", "order.lost"), [name("tickets")]);
    let topic = Capability::Consume { topic: "order.paid".into(), from: name("tickets") };
    installations.revoke_grant(&name("dashboard"), &topic, "city-admin").await.unwrap();
    assert_eq!(subscribers("tickets", "order.paid"), [name("tickets")]);
    // Nor does a permission outlast the publisher's own.
    installations.restore_grant(&name("dashboard"), &topic, "city-admin").await.unwrap();
    installations.revoke_grant(&name("tickets"), &Capability::Publish("order.paid".into()), "x").await.unwrap();
    assert_eq!(subscribers("tickets", "order.paid"), [name("tickets")]);
    assert!(subscribers("tickets", "order.none").is_empty());
}

async fn write_rows(store: &SharedStore, space: &str, rows: usize) {
    let mut txn = Txn::new(store.clone());
    for i in 0..rows {
        txn.put(Key::space(space).text("d").text("orders").u64(i as u64), bytes::Bytes::from_static(b"{}"));
    }
    txn.adjust(Key::space(space).text("c").text("sold"), 7, 0, 100);
    txn.append(Key::space(space).text("audit"), bytes::Bytes::from_static(b"{}"));
    txn.commit().await.unwrap();
}

async fn left(store: &SharedStore, space: &str) -> (usize, i64) {
    let range = Key::space(space).children();
    let rows = store.scan(&range, Direction::Ascending, 10_000).await.unwrap().len();
    (rows, store.counter(&Key::space(space).text("c").text("sold")).await.unwrap())
}

#[tokio::test]
async fn removing_deletes_everything_of_it_and_nothing_else() {
    let (store, installations) = fresh().await;
    running(&installations, new("tickets", manifest("1.0.0", ""))).await;
    running(&installations, new("tickets-2", manifest("1.0.0", ""))).await;
    write_rows(&store, "tickets", 2_500).await;
    write_rows(&store, "tickets-2", 10).await;
    installations.log().append(&name("tickets"), Level::Info, "hello", None);
    installations.uninstall(&name("tickets"), "city-admin").await.unwrap();
    installations.log().append(&name("tickets"), Level::Info, "a late line", None);
    installations.log().flush().await.unwrap();
    assert_eq!(left(&store, "tickets").await, (0, 0));
    assert_eq!(left(&store, "tickets-2").await, (11, 7));
    assert_eq!(
        installations.uninstall(&name("tickets"), "x").await.unwrap_err(),
        InstallationError::NotFound(name("tickets"))
    );
}

/// A store that fails after so many commits.
struct Failing {
    inner: MemoryStore,
    commits_left: AtomicUsize,
}

#[async_trait]
impl Store for Failing {
    async fn get(&self, key: &Key) -> Result<Option<Versioned>, StoreError> {
        self.inner.get(key).await
    }
    async fn scan(&self, range: &KeyRange, direction: Direction, limit: usize) -> Result<Vec<Entry>, StoreError> {
        self.inner.scan(range, direction, limit).await
    }
    async fn counter(&self, key: &Key) -> Result<i64, StoreError> {
        self.inner.counter(key).await
    }
    async fn counters(&self, range: &KeyRange, limit: usize) -> Result<Vec<(Key, i64)>, StoreError> {
        self.inner.counters(range, limit).await
    }
    async fn commit(&self, batch: Batch) -> Result<Seq, CommitError> {
        let left = self.commits_left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |n| n.checked_sub(1));
        if left.is_err() { Err(StoreError::Io("unplugged".into()).into()) } else { self.inner.commit(batch).await }
    }
    fn watch(&self) -> tokio::sync::watch::Receiver<Seq> {
        self.inner.watch()
    }
}

#[tokio::test]
async fn a_removal_that_is_cut_short_anywhere_is_finished_at_the_next_open() {
    for commits in 0..6 {
        let failing = Arc::new(Failing { inner: MemoryStore::new(), commits_left: AtomicUsize::new(usize::MAX) });
        let store: SharedStore = failing.clone();
        let installations = open(&store).await;
        running(&installations, new("tickets", manifest("1.0.0", ""))).await;
        write_rows(&store, "tickets", 2_500).await;
        failing.commits_left.store(commits, Ordering::SeqCst);
        assert!(installations.uninstall(&name("tickets"), "city-admin").await.is_err(), "{commits}");
        failing.commits_left.store(usize::MAX, Ordering::SeqCst);
        let installations = open(&store).await;
        if commits == 0 {
            assert!(installations.get(&name("tickets")).is_some(), "nothing was marked, so nothing happened");
            assert_eq!(left(&store, "tickets").await, (2_501, 7));
        } else {
            assert!(installations.get(&name("tickets")).is_none());
            assert_eq!(left(&store, "tickets").await, (0, 0), "{commits}");
        }
    }
}

#[tokio::test]
async fn the_log_keeps_the_newest_thousand_lines_over_restarts() {
    let (store, installations) = fresh().await;
    let (log, n) = (installations.log(), name("tickets"));
    for i in 0..700 {
        log.append(&n, Level::Info, &format!("line {i}"), Some("r-1"));
    }
    log.flush().await.unwrap();
    for i in 700..1_500 {
        log.append(&n, Level::Info, &format!("line {i}"), None);
        if i % 100 == 0 {
            log.flush().await.unwrap();
        }
    }
    log.flush().await.unwrap();
    let stored = store.scan(&Key::space("tickets").text("log").children(), Direction::Ascending, 5_000).await.unwrap();
    assert_eq!(stored.len(), 1_000);

    let again = open(&store).await;
    again.log().append(&n, Level::Warn, "after the restart", None);
    let tail = again.log().tail(&n, 3).await.unwrap();
    assert_eq!(
        tail.iter().map(|l| l.text.as_str()).collect::<Vec<_>>(),
        ["line 1498", "line 1499", "after the restart"]
    );
    assert_eq!(again.log().tail(&n, 5_000).await.unwrap().len(), 1_000);
    again.log().flush().await.unwrap();
    again.log().flush().await.unwrap();
    let lines = open(&store).await.log().tail(&n, 5_000).await.unwrap();
    assert_eq!(
        (lines.len(), lines[0].text.as_str(), lines[999].text.as_str()),
        (1_000, "line 501", "after the restart")
    );
}

#[tokio::test]
async fn a_flood_is_bounded_and_a_line_is_cleaned() {
    let store: SharedStore = Arc::new(MemoryStore::new());
    let log = AppLog::new(store.clone(), Arc::new(ManualClock::default()));
    let n = name("tickets");
    for i in 0..10_000 {
        log.append(&n, Level::Info, &format!("{i}"), None);
    }
    log.append(&n, Level::Error, &format!("\u{1b}[31m{}", "龙".repeat(3_000)), None);
    log.flush().await.unwrap();
    let lines = log.tail(&n, 5_000).await.unwrap();
    assert_eq!(lines.len(), 1_000);
    let last = &lines[999].text;
    assert!(!last.contains('\u{1b}') && last.len() <= 4_096 + 10 && last.ends_with("龙…"), "{last}");
    assert!(log.tail(&name("unknown"), 10).await.unwrap().is_empty());
}

#[tokio::test]
async fn the_log_is_written_in_the_background_and_at_the_end() {
    let store: SharedStore = Arc::new(MemoryStore::new());
    let log = Arc::new(AppLog::new(store.clone(), Arc::new(ManualClock::default())));
    let (stop, stopped) = tokio::sync::watch::channel(false);
    let running = tokio::spawn(log.clone().run(stopped));
    log.append(&name("tickets"), Level::Info, "bye", None);
    stop.send(true).unwrap();
    running.await.unwrap();
    assert_eq!(left(&store, "tickets").await.0, 1);
}

#[tokio::test]
async fn the_release_before_stands_by_until_the_trial_is_over_and_can_be_gone_back_to_later() {
    let (store, installations) = fresh().await;
    running(&installations, new("tickets", manifest("1.0.0", "outbound = [\"example.org\"]"))).await;
    let first = installations.get(&name("tickets")).unwrap();
    installations.take_charge(&name("tickets"), upgrade(manifest("1.1.0", ""), &[]), SWITCH).await.unwrap();
    // What still runs of the former release is answered with its own grants.
    let as_first = installations.get_release(&name("tickets"), &first.package_digest).unwrap();
    let outbound = Capability::Outbound("example.org".into());
    assert!(as_first.is_granted(&outbound) && as_first.version.to_string() == "1.0.0");
    assert!(!installations.get(&name("tickets")).unwrap().is_granted(&outbound));
    let same = upgrade(manifest("1.1.0", ""), &[]);
    assert!(matches!(installations.plan(&name("other"), &same).await, Err(InstallationError::NotFound(_))));
    let again = installations.plan(&name("tickets"), &upgrade(manifest("1.2.0", ""), &[])).await.unwrap_err();
    assert_eq!(again, InstallationError::UnderWay(name("tickets")));
    // What is revoked meanwhile is revoked for both.
    installations.revoke_grant(&name("tickets"), &Capability::Data, "city-admin").await.unwrap();
    let installations = open(&store).await;
    assert!(installations.get(&name("tickets")).unwrap().trial().is_some(), "a restart does not end the trial");
    installations.settle(&name("tickets")).await.unwrap();
    let runs = installations.plan(&name("tickets"), &same).await.unwrap_err();
    assert!(matches!(runs, InstallationError::Runs { .. }), "{runs}");
    assert!(installations.get_release(&name("tickets"), &first.package_digest).is_none());

    let former = installations.former(&name("tickets")).await.unwrap();
    assert_eq!(former.len(), 1);
    let to = former[0].release.clone();
    let back = RollBack {
        to,
        from: Digest::of(b"1.1.0"),
        data: DataRange { oldest: 1, newest: 1 },
        hold: false,
        unwritten: false,
        by: "city-admin".into(),
        why: Why::said("the gate cannot print"),
    };
    let i = installations.roll_back(&name("tickets"), back).await.unwrap();
    assert_eq!((i.version.to_string(), i.status.clone()), ("1.0.0".into(), Status::Running));
    assert!(i.is_granted(&outbound), "what only this release asks for is granted as it was");
    assert!(!i.is_granted(&Capability::Data), "what was revoked stays revoked");
    let history = installations.history(&name("tickets"), 10).await.unwrap();
    let told: Vec<_> = history.iter().map(|r| (r.event.as_str(), r.version.to_string())).collect();
    let version = |v: &str| v.to_owned();
    assert_eq!(
        told,
        [
            ("rolled-back", version("1.0.0")),
            ("settled", version("1.1.0")),
            ("upgraded", version("1.1.0")),
            ("installed", version("1.0.0")),
        ]
    );
    assert_eq!(history[0].why, Why::said("the gate cannot print"));
}

#[tokio::test]
async fn a_canary_leaves_the_release_in_charge_and_the_data_may_be_of_both() {
    let (store, installations) = fresh().await;
    running(&installations, new("tickets", manifest("1.0.0", ""))).await;
    let newer = || upgrade(manifest("1.1.0", "data = { schema = 2, reads = [1] }"), &[]);
    installations.start_canary(&name("tickets"), newer(), 10).await.unwrap();
    let i = open(&store).await.get(&name("tickets")).unwrap();
    assert_eq!((i.version.to_string(), i.data), ("1.0.0".into(), DataRange { oldest: 1, newest: 2 }));
    assert_eq!(i.canary().unwrap().release.version.to_string(), "1.1.0");
    installations.abort_canary(&name("tickets"), "city-admin", Why::said("enough")).await.unwrap();
    let i = installations.get(&name("tickets")).unwrap();
    assert!(i.change.is_none() && i.data.newest == 2, "what it wrote is still there");
    installations.start_canary(&name("tickets"), newer(), 10).await.unwrap();
    let i = installations.promote(&name("tickets"), SWITCH, "city-admin").await.unwrap();
    assert_eq!(
        (i.version.to_string(), i.trial().unwrap().former.version.to_string()),
        ("1.1.0".into(), "1.0.0".into())
    );
    let former = Digest::of(b"1.0.0");
    let refused = installations.migrated(&name("tickets"), &former, 2).await.unwrap_err();
    assert!(matches!(refused, InstallationError::NotInCharge(_)), "another release has charge: {refused}");
    let migrated = installations.migrated(&name("tickets"), &i.package_digest, 2).await.unwrap().data;
    assert_eq!(migrated, DataRange { oldest: 2, newest: 2 });
}

#[tokio::test]
async fn a_batch_of_a_migration_does_not_commit_behind_a_stop_a_roll_back_or_a_removal() {
    let (store, installations) = fresh().await;
    let i = running(&installations, new("tickets", manifest("1.0.0", ""))).await;
    let batch = Migration {
        package_digest: i.package_digest,
        from: 1,
        to: 2,
        cursor: None,
        done: 1,
        total: None,
        batches: 1,
        started_at: Timestamp(1),
        updated_at: Timestamp(1),
        finished: false,
        failure: None,
    };
    let staged = async |batch: &Migration| {
        let mut txn = Txn::new(store.clone());
        let holds = installations.stage_batch(&mut txn, &name("tickets"), batch).await.unwrap();
        (holds, txn)
    };
    let other = Migration { package_digest: Digest::of(b"another"), ..batch.clone() };
    assert!(!staged(&other).await.0, "another release has charge");
    let (holds, early) = staged(&batch).await;
    assert!(holds);
    installations.set_status(&name("tickets"), Status::Stopped, "city-admin").await.unwrap();
    assert_eq!(early.commit().await, Err(CommitError::Conflict), "it was stopped in between");
    assert!(!staged(&batch).await.0, "it is stopped");
    installations.set_status(&name("tickets"), Status::Running, "city-admin").await.unwrap();
    let (_, late) = staged(&batch).await;
    installations.uninstall(&name("tickets"), "city-admin").await.unwrap();
    assert_eq!(late.commit().await, Err(CommitError::Conflict), "it was removed in between");
    assert!(!staged(&batch).await.0);
}

#[tokio::test]
async fn an_export_that_ends_behind_the_removal_leaves_nothing() {
    let (_, installations) = fresh().await;
    running(&installations, new("tickets", manifest("1.0.0", ""))).await;
    let digest = Digest::of(b"lines");
    let made =
        Exported { digest, documents: 1, counters: 0, values: 0, files: 0, at: Timestamp(1), by: "city-admin".into() };
    installations.set_exported(&name("tickets"), &made).await.unwrap();
    assert_eq!(installations.exported(&name("tickets")).await.unwrap(), Some(made.clone()));
    installations.uninstall(&name("tickets"), "city-admin").await.unwrap();
    assert_eq!(installations.exported(&name("tickets")).await.unwrap(), None);
    let late = installations.set_exported(&name("tickets"), &made).await.unwrap_err();
    assert_eq!(late, InstallationError::NotFound(name("tickets")));
    assert_eq!(installations.exported(&name("tickets")).await.unwrap(), None);
}

#[tokio::test]
async fn a_role_is_due_once_and_not_behind_a_change_by_hand() {
    let (store, installations) = fresh().await;
    let due = |account: &str| RoleDue { account: account.into(), role: "gate".into() };
    let tickets = new("tickets", manifest("1.0.0", ""));
    installations.install_with_roles(tickets, vec![due("a"), due("b")]).await.unwrap();
    installations.set_status(&name("tickets"), Status::Running, "city-admin").await.unwrap();
    let staged = async |role: &RoleDue| {
        let mut txn = Txn::new(store.clone());
        let stood = installations.stage_role_done(&mut txn, &name("tickets"), role).await.unwrap();
        (stood, txn)
    };
    let (stood, first) = staged(&due("a")).await;
    assert!(stood);
    first.commit().await.unwrap();
    assert!(!staged(&due("a")).await.0, "it was assigned");
    installations.look_again(&name("tickets")).await.unwrap();
    assert_eq!(installations.get(&name("tickets")).unwrap().roles_due, [due("b")]);
    let (_, late) = staged(&due("b")).await;
    installations.roles_by_hand(&name("tickets"), "b").await.unwrap();
    assert_eq!(late.commit().await, Err(CommitError::Conflict));
    assert!(!staged(&due("b")).await.0);
    assert!(open(&store).await.get(&name("tickets")).unwrap().roles_due.is_empty());
}

#[test]
fn what_was_approved_wrongly_is_told_whole_in_both_languages() {
    for (e, zh, en) in [
        (
            InstallationError::NotApproved(vec![Capability::Data, Capability::Payments]),
            "应用申请的权限没有全部批准，缺少：“data”、“payments”。请全部批准，或不安装",
            "the app asks for permissions that were not approved: data, payments. Approve all that it asks for, or do not install it",
        ),
        (
            InstallationError::NotRequested(vec![Capability::Payments]),
            "批准了应用没有申请的权限：“payments”。请只批准它申请的权限",
            "permissions were approved that the app does not ask for: payments. Approve exactly those that it asks for",
        ),
    ] {
        let text = e.text();
        assert_eq!((text.zh.as_str(), text.en.as_str()), (zh, en));
    }
}

#[tokio::test]
async fn a_migrations_batch_and_its_place_are_one_commit_and_two_cannot_go_on_from_one_place() {
    let (store, installations) = fresh().await;
    running(&installations, new("tickets", manifest("1.0.0", ""))).await;
    let place = |cursor: &str| Migration {
        package_digest: Digest::of(b"1.0.0"),
        from: 1,
        to: 2,
        cursor: Some(cursor.into()),
        done: 1,
        total: None,
        batches: 1,
        started_at: Timestamp(1),
        updated_at: Timestamp(1),
        finished: false,
        failure: None,
    };
    let (mut first, mut second) = (Txn::new(store.clone()), Txn::new(store.clone()));
    installations.stage_migration(&mut first, &name("tickets"), &place("a")).await.unwrap();
    installations.stage_migration(&mut second, &name("tickets"), &place("b")).await.unwrap();
    first.commit().await.unwrap();
    assert_eq!(second.commit().await, Err(CommitError::Conflict));
    let at = open(&store).await.migration(&name("tickets")).await.unwrap().unwrap();
    assert_eq!(at.cursor.as_deref(), Some("a"));
}

#[tokio::test]
async fn who_stopped_it_and_who_published_stands_in_the_audit_trail() {
    let (_, installations) = fresh().await;
    running(&installations, new("tickets", manifest("1.0.0", ""))).await;
    installations.set_status(&name("tickets"), Status::Stopped, "wang-fang").await.unwrap();
    installations.record("li-hua", "package.published", "sha256:00", "tickets 1.1.0").await.unwrap();
    let rows = installations.audit(2).await.unwrap();
    let told: Vec<_> = rows.iter().map(|r| (r.actor.as_str(), r.action.as_str(), r.target.as_str())).collect();
    assert_eq!(told, [("li-hua", "package.published", "sha256:00"), ("wang-fang", "stopped", "tickets")]);
}

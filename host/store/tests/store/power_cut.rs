//! Power cuts: the journal's file operations are recorded; at many points the unsynced ones are
//! dropped or torn, in part, and the store is opened on what is left.

use crate::simulated::{Dice, Op, Simulated};
use crate::{key, value};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use yunlong_store::sled_engine::{SledOptions, SledStore};
use yunlong_store::{Direction, Key, Store, Txn};

/// Rows that one commit of the test writes; half a commit is any other number of them.
const PARTS: u64 = 3;

/// Another boot each time, as after a power cut.
fn rebooted(boot: u64) -> SledOptions {
    SledOptions {
        cache_bytes: 4 << 20,
        journal_bytes: 6_000,
        boot_id: Some(format!("boot {boot}")),
        ..SledOptions::default()
    }
}

/// The commit number `n`: rows of several sectors, an appended row, a counter.
async fn commit(store: &Arc<SledStore>, n: u64) {
    let mut txn = Txn::new(store.clone());
    for part in 0..PARTS {
        txn.put(key("row").u64(n).u64(part), value(format!("{n} {part} {}", "x".repeat(300))));
    }
    // A row that every commit replaces, and one that lives for a while.
    txn.put(key("latest").u64(n % 4), value(n.to_string()));
    txn.put(key("brief").u64(n), value(""));
    if n >= 4 {
        txn.delete(key("brief").u64(n - 4));
    }
    txn.append(key("log"), value(n.to_string()));
    txn.adjust(key("count"), 1, 0, i64::MAX);
    txn.commit().await.unwrap();
}

/// The numbers of the commits that are there. Panics when there is half of one.
async fn present(store: &SledStore) -> BTreeSet<u64> {
    let rows = store.scan(&key("row").children(), Direction::Ascending, usize::MAX).await.unwrap();
    let mut parts: BTreeMap<u64, u64> = BTreeMap::new();
    for row in &rows {
        let text = std::str::from_utf8(&row.value).unwrap();
        *parts.entry(text.split(' ').next().unwrap().parse().unwrap()).or_default() += 1;
    }
    assert!(parts.values().all(|n| *n == PARTS), "half a commit: {parts:?}");
    let log = store.scan(&key("log").children(), Direction::Ascending, usize::MAX).await.unwrap();
    let logged: BTreeSet<u64> = log.iter().map(|e| std::str::from_utf8(&e.value).unwrap().parse().unwrap()).collect();
    let present: BTreeSet<u64> = parts.into_keys().collect();
    assert_eq!(logged, present);
    assert_eq!(log.len(), present.len());
    assert_eq!(store.counter(&key("count")).await.unwrap(), present.len() as i64);
    for (n, latest) in store.scan(&key("latest").children(), Direction::Ascending, 9).await.unwrap().iter().enumerate()
    {
        let newest = present.iter().filter(|p| **p % 4 == n as u64).max();
        assert_eq!(latest.value, value(newest.unwrap().to_string()));
    }
    let brief = store.scan(&key("brief").children(), Direction::Ascending, usize::MAX).await.unwrap();
    let brief: Vec<Key> = brief.into_iter().map(|e| e.key).collect();
    let not_removed = present.iter().filter(|n| !present.contains(&(**n + 4))).map(|n| key("brief").u64(*n));
    assert_eq!(brief, not_removed.collect::<Vec<_>>());
    present
}

fn acknowledged(log: &[Op]) -> BTreeSet<u64> {
    log.iter().filter_map(|op| if let Op::Acknowledged(n) = op { Some(*n) } else { None }).collect()
}

/// Commits from several tasks with rotations and an orderly restart in between; answers the log.
async fn recorded() -> Vec<Op> {
    let files = Simulated::new(BTreeMap::new());
    let dir = tempfile::tempdir().unwrap();
    for (boot, numbers) in [(0, 0..40_u64), (0, 40..64)] {
        let store = Arc::new(SledStore::open_with(dir.path(), Arc::new(files.clone()), rebooted(boot)).unwrap());
        let task = |lane: u64| {
            let (store, files, numbers) = (store.clone(), files.clone(), numbers.clone());
            tokio::spawn(async move {
                for n in numbers.filter(|n| n % 4 == lane) {
                    commit(&store, n).await;
                    files.acknowledged(n);
                }
            })
        };
        for lane in (0..4).map(task).collect::<Vec<_>>() {
            lane.await.unwrap();
        }
    }
    files.log()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_acknowledged_commit_is_lost_and_none_is_half_there() {
    let log = recorded().await;
    assert!(
        log.iter().any(|op| matches!(op, Op::Rename(_, to) if to.starts_with("snapshot-"))),
        "journals were rotated"
    );
    for round in 0..160_u64 {
        let mut dice = Dice::new(round + 1);
        let cut = usize::try_from(dice.below(log.len() as u64 + 1)).unwrap();
        let acknowledged = acknowledged(&log[..cut]);
        let left = Simulated::new(Simulated::replayed(&log[..cut]).after_power_cut(&mut dice));

        let dir = tempfile::tempdir().unwrap();
        let store = SledStore::open_with(dir.path(), Arc::new(left.clone()), rebooted(1));
        let store = Arc::new(store.unwrap_or_else(|e| panic!("round {round}, cut at {cut}: {e}")));
        let first = present(&store).await;
        assert!(
            first.is_superset(&acknowledged),
            "round {round}, cut at {cut}: {first:?} lacks some of {acknowledged:?}"
        );
        commit(&store, 1_000).await;
        drop(store);

        // A second cut right after the first recovery.
        let left = Simulated::new(left.after_power_cut(&mut dice));
        let dir = tempfile::tempdir().unwrap();
        let store = SledStore::open_with(dir.path(), Arc::new(left), rebooted(2)).unwrap();
        let mut second = present(&store).await;
        assert!(second.remove(&1_000));
        assert_eq!(second, first, "round {round}, cut at {cut}");
    }
}

/// The process is killed, so that the next one sees bytes that were never synced; what it shows of
/// them must survive the power cut that follows.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_seen_after_a_kill_survives_a_power_cut() {
    let log = recorded().await;
    for round in 0..60_u64 {
        let mut dice = Dice::new(round + 1_000);
        // Right behind a write of a frame there is most to lose.
        let appends: Vec<usize> = (0..log.len()).filter(|i| matches!(log[*i], Op::Append(..))).collect();
        let cut = appends[usize::try_from(dice.below(appends.len() as u64)).unwrap()] + 1;
        let files = Simulated::replayed(&log[..cut]);
        let dir = tempfile::tempdir().unwrap();
        let store = SledStore::open_with(dir.path(), Arc::new(files.clone()), rebooted(0)).unwrap();
        let seen = present(&store).await;
        let left = Simulated::new(files.after_power_cut(&mut dice));
        drop(store);
        let dir = tempfile::tempdir().unwrap();
        let store = SledStore::open_with(dir.path(), Arc::new(left), rebooted(1)).unwrap();
        assert_eq!(present(&store).await, seen, "round {round}, cut at {cut}");
        assert!(store.get(&Key::space("s")).await.unwrap().is_none());
    }
}

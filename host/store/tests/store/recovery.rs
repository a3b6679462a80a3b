//! Opening again: after an orderly end, with damaged files, after failed syncs, with old journals replaced.

use crate::simulated::{Dice, Simulated, Syncs};
use crate::{key, open, options, value};
use bytes::Bytes;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use yunlong_store::sled_engine::{SledOptions, SledStore};
use yunlong_store::{Batch, CommitError, Direction, Key, Seq, Store, StoreError, Txn, Write};

async fn put(store: &SledStore, name: &str, value: Bytes) -> Result<Seq, CommitError> {
    store.commit(Batch { writes: vec![Write::Put(key(name), value)], ..Batch::default() }).await
}

async fn read(store: &SledStore, name: &str) -> Option<Bytes> {
    store.get(&key(name)).await.unwrap().map(|v| v.value)
}

/// Everything that can be read.
async fn everything(store: &SledStore) -> String {
    let rows = store.scan(&Key::space("s").children(), Direction::Ascending, usize::MAX).await.unwrap();
    let counters = store.counters(&Key::space("s").children(), usize::MAX).await.unwrap();
    format!("{rows:?} {counters:?} {:?}", *store.watch().borrow())
}

async fn fill(store: &Arc<SledStore>, rounds: u64) {
    for n in 0..rounds {
        let mut txn = Txn::new(store.clone());
        txn.put(key("row").u64(n % 7), value("x".repeat(n as usize * 11)));
        txn.delete(key("row").u64((n + 3) % 7));
        txn.put(key("long"), Bytes::from(vec![n as u8; 60_000 + 1_000 * n as usize]));
        txn.append(key("log"), value(n.to_string()));
        txn.adjust(key("count"), 3, 0, i64::MAX);
        txn.commit().await.unwrap();
    }
}

fn journals(dir: &Path) -> Vec<String> {
    let names = fs::read_dir(dir).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<_> = names.filter(|n| n.starts_with("journal-")).collect();
    names.sort();
    names
}

fn no_rotation() -> SledOptions {
    SledOptions { journal_bytes: 1 << 30, ..options() }
}

#[tokio::test]
async fn an_orderly_end_keeps_everything() {
    let dir = tempfile::tempdir().unwrap();
    let store = Arc::new(open(dir.path()));
    fill(&store, 20).await;
    let before = everything(&store).await;
    drop(store);
    assert_eq!(fs::read_to_string(dir.path().join("state")).unwrap(), "clean");
    let store = open(dir.path());
    assert_eq!(everything(&store).await, before);
    assert!(fs::read_to_string(dir.path().join("state")).unwrap().starts_with("open "));
}

#[tokio::test]
async fn without_its_index_a_store_is_what_it_was() {
    let dir = tempfile::tempdir().unwrap();
    for round in 0..6 {
        let store = Arc::new(open(dir.path()));
        fill(&store, 8).await;
        let before = everything(&store).await;
        drop(store);
        if round % 2 == 0 {
            fs::remove_dir_all(dir.path().join("index")).unwrap();
        } else {
            for file in fs::read_dir(dir.path().join("index")).unwrap() {
                let path = file.unwrap().path();
                if path.is_file() {
                    fs::write(path, b"not what sled wrote").unwrap();
                }
            }
        }
        assert_eq!(everything(&open(dir.path())).await, before, "round {round}");
    }
}

#[tokio::test]
async fn after_another_boot_without_an_orderly_end_the_index_is_built_anew() {
    let dir = tempfile::tempdir().unwrap();
    let store = Arc::new(open(dir.path()));
    fill(&store, 10).await;
    let before = everything(&store).await;
    drop(store);
    fs::write(dir.path().join("state"), "open another boot").unwrap();
    let marker = dir.path().join("index/left-over");
    fs::write(&marker, "").unwrap();
    let store = open(dir.path());
    assert!(!marker.exists());
    assert_eq!(everything(&store).await, before);
}

#[tokio::test]
async fn an_index_of_long_ago_catches_up() {
    let (dir, old) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let copy = |from: &Path, to: &Path| {
        fs::create_dir_all(to).unwrap();
        for file in fs::read_dir(from).unwrap() {
            let file = file.unwrap();
            if file.file_type().unwrap().is_file() {
                fs::copy(file.path(), to.join(file.file_name())).unwrap();
            }
        }
    };
    let store = Arc::new(SledStore::open(dir.path(), no_rotation()).unwrap());
    fill(&store, 5).await;
    drop(store);
    copy(&dir.path().join("index"), old.path());
    let store = Arc::new(SledStore::open(dir.path(), no_rotation()).unwrap());
    fill(&store, 9).await;
    let before = everything(&store).await;
    drop(store);
    fs::remove_dir_all(dir.path().join("index")).unwrap();
    copy(old.path(), &dir.path().join("index"));
    assert_eq!(everything(&SledStore::open(dir.path(), no_rotation()).unwrap()).await, before);
}

#[tokio::test]
async fn a_torn_tail_is_cut_off() {
    let dir = tempfile::tempdir().unwrap();
    let store = SledStore::open(dir.path(), no_rotation()).unwrap();
    put(&store, "a", value("1")).await.unwrap();
    drop(store);
    let path = dir.path().join(journals(dir.path()).last().unwrap());
    let mut bytes = fs::read(&path).unwrap();
    let whole = bytes.len();
    bytes.extend_from_within(20..whole - 3);
    fs::write(&path, &bytes[..bytes.len() - 2]).unwrap();
    for round in 0..3 {
        let store = SledStore::open(dir.path(), no_rotation()).unwrap();
        assert_eq!(read(&store, "a").await, Some(value("1")));
        assert_eq!(put(&store, "b", value("2")).await, Ok(Seq(2 + round)));
    }
}

#[tokio::test]
async fn damage_in_the_middle_is_told_and_not_cut_off() {
    let dir = tempfile::tempdir().unwrap();
    let store = SledStore::open(dir.path(), no_rotation()).unwrap();
    for n in 0..5 {
        put(&store, "a", value("y".repeat(100 + n))).await.unwrap();
    }
    drop(store);
    let path = dir.path().join(&journals(dir.path())[0]);
    let good = fs::read(&path).unwrap();
    for at in [30, 100, 200, good.len() / 2] {
        let mut bad = good.clone();
        bad[at] ^= 1;
        fs::write(&path, &bad).unwrap();
        assert!(matches!(SledStore::open(dir.path(), no_rotation()), Err(StoreError::Corrupt(_))), "byte {at}");
    }
    fs::write(&path, &good).unwrap();
    assert!(SledStore::open(dir.path(), no_rotation()).is_ok(), "refusing to open has changed nothing");
}

#[tokio::test]
async fn a_journal_that_lacks_the_last_acknowledged_commit_is_damage() {
    let dir = tempfile::tempdir().unwrap();
    let store = SledStore::open(dir.path(), no_rotation()).unwrap();
    put(&store, "a", value("1")).await.unwrap();
    put(&store, "a", value("2")).await.unwrap();
    drop(store);
    let path = dir.path().join(&journals(dir.path())[0]);
    let bytes = fs::read(&path).unwrap();
    fs::write(&path, &bytes[..bytes.len() - 1]).unwrap();
    // sled has seen the commit, so it was acknowledged.
    assert!(matches!(SledStore::open(dir.path(), no_rotation()), Err(StoreError::Corrupt(_))));
}

#[tokio::test]
async fn a_missing_journal_is_damage() {
    let dir = tempfile::tempdir().unwrap();
    for _ in 0..3 {
        let store = SledStore::open(dir.path(), no_rotation()).unwrap();
        put(&store, "a", value("1")).await.unwrap();
        put(&store, "a", value("2")).await.unwrap();
    }
    fs::remove_file(dir.path().join(&journals(dir.path())[1])).unwrap();
    assert!(matches!(SledStore::open(dir.path(), no_rotation()), Err(StoreError::Corrupt(_))));
}

#[tokio::test]
async fn a_folder_is_open_once() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    assert!(matches!(SledStore::open(dir.path(), options()), Err(StoreError::Locked(_))));
    drop(store);
    assert!(SledStore::open(dir.path(), options()).is_ok());
}

#[tokio::test]
async fn journals_are_replaced_by_a_snapshot() {
    let dir = tempfile::tempdir().unwrap();
    for _ in 0..4 {
        let store = Arc::new(open(dir.path()));
        for n in 0..100 {
            put(&store, "a", Bytes::from(vec![n; 500])).await.unwrap();
        }
    }
    let bytes: u64 = journals(dir.path()).iter().map(|n| fs::metadata(dir.path().join(n)).unwrap().len()).sum();
    assert!(bytes < 100_000, "400 commits of 500 bytes left {bytes} bytes of journals");
    let store = open(dir.path());
    assert_eq!(read(&store, "a").await, Some(Bytes::from(vec![99; 500])));
}

#[tokio::test]
async fn after_a_failed_sync_the_store_refuses_everything() {
    let files = Simulated::new(BTreeMap::new());
    let dir = tempfile::tempdir().unwrap();
    let reopen = |files: &Simulated, boot: &str| {
        let options = SledOptions { boot_id: Some(boot.to_owned()), ..no_rotation() };
        SledStore::open_with(dir.path(), Arc::new(files.clone()), options)
    };
    let store = reopen(&files, "first").unwrap();
    put(&store, "a", value("1")).await.unwrap();
    files.set_syncs(Syncs::Fail);
    assert!(matches!(put(&store, "a", value("2")).await, Err(CommitError::Store(StoreError::Io(_)))));
    files.set_syncs(Syncs::Work);
    assert!(put(&store, "a", value("3")).await.is_err(), "a sync that works again proves nothing");
    assert!(store.get(&key("a")).await.is_err());
    assert!(store.scan(&Key::space("s").children(), Direction::Ascending, 1).await.is_err());
    assert!(store.commit(Batch::default()).await.is_err());
    drop(store);
    // The next opening decides, and what it shows is durable, whatever the failed sync has left.
    let store = reopen(&files, "first").unwrap();
    let seen = read(&store, "a").await;
    assert!([Some(value("1")), Some(value("2"))].contains(&seen));
    let left = Simulated::new(files.after_power_cut(&mut Dice::new(1)));
    drop(store);
    assert_eq!(read(&reopen(&left, "second").unwrap(), "a").await, seen);
}

#[tokio::test]
async fn a_damaged_snapshot_is_told_when_it_is_needed() {
    let files = Simulated::new(BTreeMap::new());
    let dir = tempfile::tempdir().unwrap();
    let reopen = |boot: &str| {
        let options = SledOptions { boot_id: Some(boot.to_owned()), ..options() };
        SledStore::open_with(dir.path(), Arc::new(files.clone()), options)
    };
    let store = reopen("first").unwrap();
    for n in 0..100 {
        put(&store, "a", Bytes::from(vec![n; 500])).await.unwrap();
    }
    // It is written beside the commits, and given up when the store is closed first.
    let snapshot = || files.names().into_iter().find(|n| n.starts_with("snapshot-"));
    tokio::time::timeout(Duration::from_secs(30), async {
        while snapshot().is_none() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await
    .expect("a snapshot");
    drop(store);
    let snapshot = snapshot().unwrap();
    files.damage(&snapshot, |bytes| {
        let at = bytes.len() - 100;
        bytes[at] ^= 1;
    });
    fs::remove_dir_all(dir.path().join("index")).unwrap();
    assert!(matches!(reopen("second"), Err(StoreError::Corrupt(_))));
}

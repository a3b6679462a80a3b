//! A copy of a store in use is the state at one sequence number, whole or not at all.

use crate::{key, open, options, value};
use bytes::Bytes;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use yunlong_store::sled_engine::files::DiskFiles;
use yunlong_store::sled_engine::{Backup, Rows, SledOptions, SledStore, verify, verify_reading};
use yunlong_store::{Direction, Key, KeyRange, Seq, Store, StoreError, Txn, usage_key};

async fn copy(store: &Arc<SledStore>, to: &Path) -> Result<Backup, StoreError> {
    let (store, to) = (store.clone(), to.to_owned());
    tokio::task::spawn_blocking(move || store.backup(&DiskFiles::new(&to).unwrap())).await.unwrap()
}

/// Moves one of `total` from one account to another, so that every state sums to the same.
async fn transfer(store: &Arc<SledStore>, n: u64, accounts: u64) {
    loop {
        let mut txn = Txn::new(store.clone());
        let (a, b) = (key("account").u64(n % accounts), key("account").u64((n * 7 + 3) % accounts));
        if a == b {
            return;
        }
        let from: i64 = txn.get_as(&a).await.unwrap().unwrap_or(0);
        let to: i64 = txn.get_as(&b).await.unwrap().unwrap_or(0);
        txn.put_as(a, &(from - 1));
        txn.put_as(b, &(to + 1));
        txn.adjust(key("transfers"), 1, 0, i64::MAX);
        txn.append(key("log"), value(n.to_string()));
        txn.put(key("large").u64(n % 3), Bytes::from(vec![n as u8; 70_000]));
        if txn.commit().await.is_ok() {
            return;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_copy_made_under_load_is_one_state() {
    let dir = tempfile::tempdir().unwrap();
    // Small journals: rotations are due all the time, and must wait for the copy.
    let store = Arc::new(open(dir.path()));
    let stop = Arc::new(AtomicBool::new(false));
    let writers: Vec<_> = (0..4)
        .map(|w| {
            let (store, stop) = (store.clone(), stop.clone());
            tokio::spawn(async move {
                let mut n = w;
                while !stop.load(Ordering::Relaxed) {
                    transfer(&store, n, 23).await;
                    n += 4;
                }
            })
        })
        .collect();
    for round in 0..5 {
        tokio::time::sleep(std::time::Duration::from_millis(120)).await;
        let before = *store.watch().borrow();
        let target = tempfile::tempdir().unwrap();
        let made = copy(&store, target.path()).await.unwrap();
        assert!(made.seq >= before, "round {round}");
        let found = verify(&DiskFiles::new(target.path()).unwrap()).unwrap();
        assert_eq!(found.seq, made.seq);
        let restored = SledStore::open(target.path(), options()).unwrap();
        assert_eq!(*restored.watch().borrow(), made.seq);
        let accounts = restored.scan(&key("account").children(), Direction::Ascending, 1_000).await.unwrap();
        let sum: i64 = accounts.iter().map(|e| serde_json::from_slice::<i64>(&e.value).unwrap()).sum();
        let log = restored.scan(&key("log").children(), Direction::Ascending, usize::MAX).await.unwrap();
        let transfers = restored.counter(&key("transfers")).await.unwrap();
        assert_eq!((sum, log.len() as i64), (0, transfers), "round {round}: half of a commit was copied");
        assert!(log.iter().all(|e| e.version <= made.seq));
    }
    stop.store(true, Ordering::Relaxed);
    for writer in writers {
        writer.await.unwrap();
    }
}

#[tokio::test]
async fn a_copy_goes_on_as_a_store_of_its_own() {
    let (dir, target) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let store = Arc::new(open(dir.path()));
    for n in 0..30 {
        transfer(&store, n, 5).await;
    }
    let made = copy(&store, target.path()).await.unwrap();
    assert_eq!(made.files.len(), 2);
    let everything = async |s: &SledStore| {
        let rows = s.scan(&Key::space("s").children(), Direction::Ascending, usize::MAX).await.unwrap();
        let usage = s.counter(&usage_key("s")).await.unwrap();
        format!("{rows:?} {usage}")
    };
    let restored = Arc::new(open(target.path()));
    assert_eq!(everything(&restored).await, everything(&store).await);
    // One value, read without opening: of the snapshot and of the journal behind it.
    let (files, wanted) = (DiskFiles::new(dir.path()).unwrap(), key("account").u64(3));
    let one = [KeyRange::one(&wanted)];
    let kept = store.get(&wanted).await.unwrap().map(|v| v.value);
    let (found, rows) = verify_reading(&files, &one).unwrap();
    assert_eq!((found.seq, rows.get(&wanted), rows.len()), (made.seq, kept.as_ref(), 1));
    let copied = DiskFiles::new(target.path()).unwrap();
    assert_eq!(verify_reading(&copied, &one).unwrap().1.get(&wanted), kept.as_ref());
    assert!(verify_reading(&files, &[KeyRange::one(&key("nothing"))]).unwrap().1.is_empty());
    // A whole range is what a scan of the open store finds.
    let range = key("account").children();
    let scanned = store.scan(&range, Direction::Ascending, usize::MAX).await.unwrap();
    let scanned: Rows = scanned.into_iter().map(|e| (e.key, e.value)).collect();
    assert!(scanned.len() > 1);
    assert_eq!(verify_reading(&copied, &[range, KeyRange::one(&key("nothing"))]).unwrap().1, scanned);
    transfer(&restored, 31, 5).await;
    assert_eq!(*restored.watch().borrow(), Seq(made.seq.0 + 1));
    // The original goes on too, and rotates again after the copy.
    for n in 0..40 {
        transfer(&store, n, 5).await;
    }
    drop(store);
    assert!(verify(&DiskFiles::new(dir.path()).unwrap()).unwrap().seq > made.seq);
}

#[tokio::test]
async fn an_empty_store_is_copied_too() {
    let (dir, target) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let store = Arc::new(open(dir.path()));
    assert_eq!(copy(&store, target.path()).await.unwrap().seq, Seq(0));
    assert_eq!(*open(target.path()).watch().borrow(), Seq(0));
}

#[tokio::test]
async fn a_copy_that_was_damaged_is_noticed() {
    let dir = tempfile::tempdir().unwrap();
    let store = Arc::new(SledStore::open(dir.path(), SledOptions { journal_bytes: 1 << 30, ..options() }).unwrap());
    for n in 0..10 {
        transfer(&store, n, 5).await;
    }
    for (prefix, cut) in [("snapshot-", true), ("snapshot-", false), ("journal-", false)] {
        let target = tempfile::tempdir().unwrap();
        copy(&store, target.path()).await.unwrap();
        let file = fs::read_dir(target.path()).unwrap().map(|e| e.unwrap().path());
        let file = file.into_iter().find(|p| p.file_name().unwrap().to_str().unwrap().starts_with(prefix)).unwrap();
        let mut bytes = fs::read(&file).unwrap();
        if cut {
            bytes.truncate(bytes.len() - 5);
        } else {
            bytes[10] ^= 1;
        }
        fs::write(&file, bytes).unwrap();
        let found = verify(&DiskFiles::new(target.path()).unwrap());
        // A journal with nothing behind its header is as good as none: its header is what was damaged.
        assert!(matches!(found, Err(StoreError::Corrupt(_))) || prefix == "journal-", "{prefix} {cut}: {found:?}");
    }
}

//! A disk that fills up: writing is refused before anything is written, reading goes on, and writing
//! comes back by itself.

use crate::simulated::Simulated;
use crate::{key, options, value};
use std::io::{self, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use yunlong_store::sled_engine::files::{Files, LogFile};
use yunlong_store::sled_engine::{SledOptions, SledStore};
use yunlong_store::{Batch, CommitError, Seq, Store, StoreError, Write};

const RESERVE: u64 = 1 << 20;

/// Files on a disk with as much space as the test says.
struct Filling {
    files: Simulated,
    free: Arc<AtomicU64>,
}

impl Files for Filling {
    fn create(&self, name: &str) -> io::Result<Box<dyn LogFile>> {
        self.files.create(name)
    }
    fn open(&self, name: &str) -> io::Result<Box<dyn Read + Send>> {
        self.files.open(name)
    }
    fn list(&self) -> io::Result<Vec<String>> {
        self.files.list()
    }
    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        self.files.rename(from, to)
    }
    fn remove(&self, name: &str) -> io::Result<()> {
        self.files.remove(name)
    }
    fn sync_dir(&self) -> io::Result<()> {
        self.files.sync_dir()
    }
    fn free(&self) -> io::Result<Option<u64>> {
        Ok(Some(self.free.load(Ordering::SeqCst)))
    }
}

async fn put(store: &SledStore, name: &str, text: &str) -> Result<Seq, CommitError> {
    store.commit(Batch { writes: vec![Write::Put(key(name), value(text))], ..Batch::default() }).await
}

#[tokio::test]
async fn a_full_disk_refuses_writes_and_nothing_else() {
    let dir = tempfile::tempdir().unwrap();
    let (files, free) = (Simulated::new(std::collections::BTreeMap::new()), Arc::new(AtomicU64::new(u64::MAX)));
    let filling = Filling { files: files.clone(), free: free.clone() };
    let options = SledOptions { reserve_bytes: RESERVE, journal_bytes: 1 << 30, ..options() };
    let store = SledStore::open_with(dir.path(), Arc::new(filling), options).unwrap();
    put(&store, "a", "1").await.unwrap();

    free.store(RESERVE, Ordering::SeqCst);
    let before = files.log().len();
    let refused = put(&store, "a", "2").await.unwrap_err();
    assert_eq!(refused, CommitError::Store(StoreError::NoSpace { free: RESERVE, reserve: RESERVE }));
    assert!(refused.to_string().contains("make room"), "{refused}");
    assert_eq!(files.log().len(), before, "something was written");
    assert_eq!(store.get(&key("a")).await.unwrap().unwrap().value, value("1"));
    assert_eq!(store.commit(Batch::default()).await, Ok(Seq(1)), "what writes nothing is not refused");
    assert!(store.space().refuses(0).is_none() && store.space().refuses(1).is_some());
    assert_eq!(store.stopped(), None);

    // Enough for a small commit, not for a large one.
    free.store(RESERVE + 1_000, Ordering::SeqCst);
    assert_eq!(put(&store, "a", "3").await, Ok(Seq(2)));
    assert!(put(&store, "a", &"x".repeat(2_000)).await.is_err());

    free.store(u64::MAX, Ordering::SeqCst);
    assert_eq!(put(&store, "a", &"x".repeat(2_000)).await, Ok(Seq(3)), "no number was used up by what was refused");
}

#[tokio::test]
async fn no_snapshot_is_begun_that_would_fill_the_disk() {
    let dir = tempfile::tempdir().unwrap();
    let (files, free) = (Simulated::new(std::collections::BTreeMap::new()), Arc::new(AtomicU64::new(RESERVE + 2_000)));
    let filling = Filling { files: files.clone(), free: free.clone() };
    let options = SledOptions { reserve_bytes: RESERVE, journal_bytes: 4_096, ..options() };
    let store = SledStore::open_with(dir.path(), Arc::new(filling), options).unwrap();
    let snapshots = || files.names().iter().filter(|n| n.starts_with("snapshot")).count();
    for n in 0..40 {
        put(&store, &n.to_string(), &"x".repeat(1_000)).await.unwrap();
    }
    assert_eq!((snapshots(), store.stopped()), (0, None), "the journals are ten times what is due");
    free.store(u64::MAX, Ordering::SeqCst);
    for n in 0..100 {
        put(&store, &n.to_string(), "x").await.unwrap();
        if snapshots() > 0 {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    panic!("there is space, and no snapshot");
}

#[tokio::test]
async fn a_real_disk_says_how_much_is_free() {
    let dir = tempfile::tempdir().unwrap();
    let options = SledOptions { reserve_bytes: u64::MAX / 2, ..options() };
    let store = SledStore::open(dir.path(), options).unwrap();
    assert!(store.space().free.is_some_and(|free| free > 0));
    assert!(matches!(put(&store, "a", "1").await, Err(CommitError::Store(StoreError::NoSpace { .. }))));
}

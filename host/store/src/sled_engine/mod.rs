//! The embedded engine: sled serves reads, a journal of our own makes commits durable.
//!
//! sled 0.34 does not wait for its files to reach stable storage, and how its pages come out of a
//! power cut is unknown. So a commit goes first to an append-only [journal](journal) that is
//! really synced, and only then to sled, which thus never shows what could be lost. After a crash
//! of the process sled gets what it lacks from the journal; after a crash of the machine it is
//! thrown away and built anew from the last [snapshot](snapshot) and the journals after it.
//!
//! One thread commits. It takes all batches that wait as one group: one sync for all of them.
//! After an error of a write or a sync the store refuses everything, since nobody can tell what
//! is on the disk; the next opening can.

mod backup;
mod committer;
pub mod files;
mod frame;
mod index;
mod journal;
mod overlay;
mod record;
mod recover;
mod snapshot;

use crate::commit;
use crate::{Batch, CommitError, Direction, Entry, Key, KeyRange, Seq, Store, StoreError, Versioned};
use async_trait::async_trait;
pub use backup::{Backup, Rows, Verified, verify, verify_reading};
use committer::{Committer, Request};
use files::{DiskFiles, Files};
use index::{Heads, Index};
use overlay::{Above, Overlay};
use std::fs::{File, OpenOptions};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread::JoinHandle;
use tokio::sync::{mpsc, oneshot, watch};

/// How a store is opened.
#[derive(Clone, Debug)]
pub struct SledOptions {
    /// Memory for sled's pages, in bytes.
    pub cache_bytes: u64,
    /// Journals are replaced by a snapshot when they exceed this and the last snapshot's size.
    pub journal_bytes: u64,
    /// Free bytes that are kept: when less would be left, commits are refused
    /// ([`StoreError::NoSpace`]) before anything is written, and the engine never meets a full disk.
    pub reserve_bytes: u64,
    /// How many batches may wait before [`Store::commit`] waits to hand one over.
    pub queue: usize,
    /// The boot that this is, in place of the system's. For tests: a boot that differs from the one
    /// before is what follows a power cut.
    pub boot_id: Option<String>,
}

impl Default for SledOptions {
    fn default() -> Self {
        Self {
            cache_bytes: 128 << 20,
            journal_bytes: 64 << 20,
            // The largest group is journalled once and written by sled about twice, in segments of 8 MiB.
            reserve_bytes: 256 << 20,
            queue: 1_024,
            boot_id: None,
        }
    }
}

/// A store in a folder. Dropping it finishes what was handed over and closes it in good order.
pub struct SledStore {
    dir: PathBuf,
    shared: Option<Arc<Shared>>,
    requests: Option<mpsc::Sender<Request>>,
    committer: Option<JoinHandle<()>>,
    /// Held as long as the folder is in use.
    _lock: File,
}

struct Shared {
    index: Index,
    files: Arc<dyn Files>,
    newest: watch::Sender<Seq>,
    poisoned: OnceLock<String>,
    stop: Stop,
    /// Whether the last commit was refused for want of space: so that it is told once.
    low: AtomicBool,
    options: SledOptions,
}

/// How much can still be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Space {
    /// Free bytes; `None` where that is unknown.
    pub free: Option<u64>,
    /// Bytes that are kept free.
    pub reserve: u64,
}

impl Space {
    /// Why `bytes` may not be written, if they may not.
    #[must_use]
    pub fn refuses(&self, bytes: u64) -> Option<StoreError> {
        let free = self.free?;
        let kept = self.reserve > 0 && free < self.reserve.saturating_add(bytes);
        kept.then_some(StoreError::NoSpace { free, reserve: self.reserve })
    }
}

/// A request to stop.
#[derive(Default)]
struct Stop(AtomicBool);

impl Stop {
    fn ask(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    fn asked(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

impl Shared {
    fn poison(&self, why: String) {
        tracing::error!(error = why, "the store stops: what is on the disk is unknown until it is opened again");
        let _ = self.poisoned.set(why);
    }

    fn space(&self) -> Space {
        // Where it cannot be asked, the disk itself will tell.
        let free = if self.options.reserve_bytes > 0 { self.files.free().ok().flatten() } else { None };
        Space { free, reserve: self.options.reserve_bytes }
    }

    fn check(&self) -> Result<(), StoreError> {
        match self.poisoned.get() {
            Some(why) => Err(StoreError::Io(format!("the store stopped after an error: {why}"))),
            None => Ok(()),
        }
    }
}

impl SledStore {
    /// Opens the store in a folder, which is created if it is not there.
    ///
    /// # Errors
    /// [`StoreError::Locked`] when another process has it open; [`StoreError::Corrupt`] when a
    /// commit that was acknowledged is not there any more; [`StoreError::Io`].
    pub fn open(dir: &Path, options: SledOptions) -> Result<Self, StoreError> {
        let files = DiskFiles::new(dir).map_err(|e| StoreError::Io(format!("{}: {e}", dir.display())))?;
        Self::open_with(dir, Arc::new(files), options)
    }

    /// As [`SledStore::open`], with the journal's files elsewhere. `dir` must exist; it holds sled's
    /// files and the lock.
    ///
    /// # Errors
    /// As [`SledStore::open`].
    pub fn open_with(dir: &Path, files: Arc<dyn Files>, options: SledOptions) -> Result<Self, StoreError> {
        let lock = lock(dir)?;
        let opened = recover::open(dir, &*files, &options)?;
        let (sender, requests) = mpsc::channel(options.queue.max(1));
        let shared = Arc::new(Shared {
            index: opened.index,
            files,
            newest: watch::Sender::new(opened.last),
            poisoned: OnceLock::new(),
            stop: Stop::default(),
            low: AtomicBool::new(false),
            options,
        });
        let committer = Committer {
            shared: shared.clone(),
            requests,
            journal: opened.journal,
            last: opened.last,
            older_bytes: opened.journal_bytes,
            snapshot_bytes: opened.snapshot_bytes,
            snapshot: None,
            pins: Arc::default(),
        };
        let thread = std::thread::Builder::new().name("yunlong-commit".into()).spawn(move || committer.run());
        let thread = thread.map_err(|e| StoreError::Io(e.to_string()))?;
        Ok(Self {
            dir: dir.to_owned(),
            shared: Some(shared),
            requests: Some(sender),
            committer: Some(thread),
            _lock: lock,
        })
    }

    /// How much can still be written.
    #[must_use]
    pub fn space(&self) -> Space {
        self.shared.as_ref().map_or(Space { free: None, reserve: 0 }, |s| s.space())
    }

    /// The bytes that each space holds.
    ///
    /// # Errors
    /// When the index cannot be read.
    pub fn usage(&self) -> Result<Vec<(String, i64)>, StoreError> {
        let counters = self.shared()?.index.counters(&Key::space("@usage").children(), usize::MAX)?;
        Ok(counters.into_iter().filter_map(|(key, bytes)| Some((key.last_text()?, bytes))).collect())
    }

    /// Why the store refuses everything since an error, if it does.
    #[must_use]
    pub fn stopped(&self) -> Option<String> {
        self.shared.as_ref().and_then(|s| s.poisoned.get().cloned())
    }

    fn shared(&self) -> Result<&Shared, StoreError> {
        let shared = self.shared.as_deref().ok_or(StoreError::Closed)?;
        shared.check()?;
        Ok(shared)
    }

    async fn ask(&self, request: impl FnOnce(committer::Answer) -> Request) -> Result<Seq, CommitError> {
        let (answer, answered) = oneshot::channel();
        let requests = self.requests.as_ref().ok_or(StoreError::Closed)?;
        requests.send(request(answer)).await.map_err(|_| StoreError::Closed)?;
        answered.await.map_err(|_| StoreError::Closed)?
    }
}

impl std::fmt::Debug for SledStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SledStore").field("dir", &self.dir).finish_non_exhaustive()
    }
}

impl Drop for SledStore {
    fn drop(&mut self) {
        drop(self.requests.take());
        if let Some(committer) = self.committer.take() {
            let _ = committer.join();
        }
        // Nobody else has it now, so that sled closes here, before its files are synced.
        let Some(Shared { index, files, poisoned, .. }) = self.shared.take().and_then(Arc::into_inner) else { return };
        let flushed = index.flush();
        drop(index);
        if poisoned.get().is_none()
            && let Err(e) = flushed.and_then(|()| recover::mark_clean(&self.dir, &*files))
        {
            tracing::warn!(error = %e, "the store was not closed in good order; it will be recovered");
        }
    }
}

fn lock(dir: &Path) -> Result<File, StoreError> {
    let path = dir.join("lock");
    let file = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(&path);
    let file = file.map_err(|e| StoreError::Io(format!("{}: {e}", path.display())))?;
    match rustix::fs::flock(&file, rustix::fs::FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(file),
        Err(rustix::io::Errno::WOULDBLOCK) => Err(StoreError::Locked(dir.display().to_string())),
        Err(e) => Err(StoreError::Io(format!("{}: {e}", path.display()))),
    }
}

#[async_trait]
impl Store for SledStore {
    async fn get(&self, key: &Key) -> Result<Option<Versioned>, StoreError> {
        self.shared()?.index.get(key)
    }

    async fn scan(&self, range: &KeyRange, direction: Direction, limit: usize) -> Result<Vec<Entry>, StoreError> {
        self.shared()?.index.scan(range, direction, limit)
    }

    async fn counter(&self, key: &Key) -> Result<i64, StoreError> {
        self.shared()?.index.counter(key)
    }

    async fn counters(&self, range: &KeyRange, limit: usize) -> Result<Vec<(Key, i64)>, StoreError> {
        self.shared()?.index.counters(range, limit)
    }

    async fn commit(&self, batch: Batch) -> Result<Seq, CommitError> {
        let bytes = commit::check_limits(&batch)?;
        let shared = self.shared()?;
        if batch.is_readonly() {
            let index = &shared.index;
            let (heads, group) = (Heads::default(), Overlay::default());
            return index.at_rest(|newest| {
                let state = Above { index, heads: &heads, group: &group };
                commit::check_reads(&batch, &state).map(|()| newest)
            });
        }
        self.ask(|answer| Request::Commit { batch, bytes, answer }).await
    }

    fn watch(&self) -> watch::Receiver<Seq> {
        match &self.shared {
            Some(shared) => shared.newest.subscribe(),
            // Only while it is being dropped.
            None => watch::channel(Seq(0)).1,
        }
    }
}

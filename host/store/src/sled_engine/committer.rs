//! The one thread that commits: it gathers what waits, validates, journals, syncs, applies, answers.

use super::index::Heads;
use super::journal::Journal;
use super::overlay::{Above, Overlay};
use super::{Shared, record, snapshot};
use crate::commit::{Commit, resolve};
use crate::{Batch, CommitError, Seq, StoreError};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread::JoinHandle;
use tokio::sync::{mpsc, oneshot};

/// A group is closed when it has this many batches or this weight: more would make the first wait
/// long, and readers wait while the group is applied.
const GROUP_BATCHES: usize = 512;
const GROUP_WEIGHT: usize = 8 << 20;
/// A row weighs its bytes and this: about 20,000 short rows close a group.
const ROW_WEIGHT: usize = 400;

pub(super) type Answer = oneshot::Sender<Result<Seq, CommitError>>;

/// What the committer is asked for.
pub(super) enum Request {
    /// Validate and commit a batch of about `bytes`.
    Commit { batch: Batch, bytes: usize, answer: Answer },
    /// Start a new journal and keep it, with all that follows, for as long as the answer lives.
    Pin { answer: oneshot::Sender<Result<Pinned, StoreError>> },
}

/// A journal that is kept.
pub(super) struct Pinned {
    /// The last commit before it.
    pub(super) through: Seq,
    /// Its number.
    pub(super) journal: u64,
    _hold: Arc<()>,
}

pub(super) struct Committer {
    pub(super) shared: Arc<Shared>,
    pub(super) requests: mpsc::Receiver<Request>,
    pub(super) journal: Journal,
    /// The newest commit.
    pub(super) last: Seq,
    /// Bytes of the journals before this one that no snapshot has replaced.
    pub(super) older_bytes: u64,
    pub(super) snapshot_bytes: u64,
    pub(super) snapshot: Option<JoinHandle<Option<u64>>>,
    /// Cloned for each [`Pinned`] that lives.
    pub(super) pins: Arc<()>,
}

impl Committer {
    /// Runs until the store is dropped; what was sent before is still done.
    pub(super) fn run(mut self) {
        while let Some(first) = self.requests.blocking_recv() {
            let (pins, group) =
                self.gather(first).into_iter().partition::<Vec<_>, _>(|r| matches!(r, Request::Pin { .. }));
            self.commit(group);
            for request in pins {
                if let Request::Pin { answer } = request {
                    let _ = answer.send(self.pin());
                }
            }
            // sled may panic where its files are damaged; then this must not go on as if nothing had been.
            if catch_unwind(AssertUnwindSafe(|| self.rotate_if_large())).is_err() {
                self.shared.poison("a snapshot could not be started".into());
            }
        }
        self.shared.stop.ask();
        if let Some(snapshot) = self.snapshot.take() {
            let _ = snapshot.join();
        }
    }

    fn gather(&mut self, first: Request) -> Vec<Request> {
        let weight = |request: &Request| match request {
            Request::Commit { batch, bytes, .. } => bytes + batch.rows() * ROW_WEIGHT,
            Request::Pin { .. } => 0,
        };
        let mut total = weight(&first);
        let mut group = vec![first];
        while group.len() < GROUP_BATCHES && total < GROUP_WEIGHT {
            let Ok(next) = self.requests.try_recv() else { break };
            total += weight(&next);
            group.push(next);
        }
        group
    }

    /// Commits a group. Everybody is answered at the end: a refusal may rest on a commit of the same
    /// group, and who is told of it must be able to see it.
    fn commit(&mut self, group: Vec<Request>) {
        if let Some(full) = self.lacks_space(&group) {
            for request in group {
                if let Request::Commit { answer, .. } = request {
                    let _ = answer.send(Err(full.clone().into()));
                }
            }
            return;
        }
        let mut answers = Vec::with_capacity(group.len());
        let done = catch_unwind(AssertUnwindSafe(|| self.try_commit(group, &mut answers)));
        let failed = match done {
            Ok(Ok(())) => None,
            Ok(Err(e)) => Some(e),
            Err(_) => Some(StoreError::Io("the engine panicked".into())),
        };
        if let Some(error) = failed {
            self.shared.poison(error.to_string());
            let refused = || CommitError::Store(self.shared.check().err().unwrap_or(StoreError::Closed));
            for (answer, _) in answers {
                let _ = answer.send(Err(refused()));
            }
            return;
        }
        for (answer, outcome) in answers {
            // Who asked may have gone.
            let _ = answer.send(outcome);
        }
    }

    /// Before anything is written: a journal that cannot be written to its end stops the store.
    fn lacks_space(&self, group: &[Request]) -> Option<StoreError> {
        let size = |r: &Request| match r {
            Request::Commit { bytes, .. } => *bytes as u64,
            Request::Pin { .. } => 0,
        };
        let bytes = group.iter().map(size).sum();
        let full = self.shared.space().refuses(bytes);
        let before = self.shared.low.swap(full.is_some(), Ordering::Relaxed);
        match &full {
            Some(e) if !before => tracing::error!(error = %e, "what would be written is refused"),
            None if before => tracing::info!("there is space again: writing goes on"),
            _ => {}
        }
        full
    }

    fn pin(&mut self) -> Result<Pinned, StoreError> {
        self.shared.check()?;
        let number = self.journal.number() + 1;
        let journal = Journal::create(&*self.shared.files, number).map_err(|e| StoreError::Io(e.to_string()))?;
        self.older_bytes += std::mem::replace(&mut self.journal, journal).bytes();
        Ok(Pinned { through: self.last, journal: number, _hold: self.pins.clone() })
    }

    fn try_commit(
        &mut self,
        group: Vec<Request>,
        answers: &mut Vec<(Answer, Result<Seq, CommitError>)>,
    ) -> Result<(), StoreError> {
        let (mut overlay, heads) = (Overlay::default(), Heads::default());
        let mut commits: Vec<Commit> = Vec::new();
        for request in group {
            let seq = Seq(self.last.0 + 1 + commits.len() as u64);
            // Pins were parted from the group before.
            let Request::Commit { batch, answer, .. } = request else { continue };
            let state = Above { index: &self.shared.index, heads: &heads, group: &overlay };
            let outcome = resolve(batch, seq, &state);
            answers.push((answer, outcome.as_ref().map(|c| c.seq).map_err(Clone::clone)));
            if let Ok(commit) = outcome {
                overlay.add(&commit);
                commits.push(commit);
            }
        }
        // An error of the engine while validating fails its own batch only, unless it is poisoned.
        self.shared.check()?;
        let (Some(first), Some(last)) = (commits.first(), commits.last()) else { return Ok(()) };
        let payload = record::encode(&commits);
        self.journal.append(first.seq, &payload).map_err(|e| StoreError::Io(e.to_string()))?;
        self.last = last.seq;
        self.shared.index.apply(&overlay, &heads)?;
        self.shared.newest.send_replace(self.last);
        Ok(())
    }

    /// Starts a new journal and, beside it, the snapshot that makes the older ones needless.
    fn rotate_if_large(&mut self) {
        if let Some(finished) = self.snapshot.take_if(|s| s.is_finished())
            && let Ok(Some(bytes)) = finished.join()
        {
            self.snapshot_bytes = bytes;
            self.older_bytes = 0;
        }
        let limit = self.shared.options.journal_bytes.max(self.snapshot_bytes);
        let bytes = self.journal.bytes().saturating_add(self.older_bytes);
        let pinned = Arc::strong_count(&self.pins) > 1;
        if self.snapshot.is_some() || pinned || bytes <= limit || self.shared.check().is_err() {
            return;
        }
        // A snapshot is about as large as the one before and what came since.
        if self.shared.space().refuses(self.snapshot_bytes.saturating_add(bytes)).is_some() {
            return;
        }
        let files = &self.shared.files;
        let number = self.journal.number() + 1;
        match Journal::create(&**files, number) {
            Ok(journal) => {
                self.older_bytes += std::mem::replace(&mut self.journal, journal).bytes();
                self.start_snapshot(number);
            }
            // The current file may go on; a half-made next one is overwritten by the next attempt.
            Err(e) => tracing::error!(error = %e, "no new journal could be started"),
        }
    }

    fn start_snapshot(&mut self, journal: u64) {
        let (shared, through) = (self.shared.clone(), self.last);
        let write = move || match snapshot::write(&*shared.files, &shared.index, through, journal, &shared.stop) {
            Ok(bytes) => Some(bytes),
            Err(StoreError::Closed) => None,
            Err(e) => {
                tracing::error!(error = %e, "no snapshot could be written; the journals stay");
                None
            }
        };
        match std::thread::Builder::new().name("yunlong-snapshot".into()).spawn(write) {
            Ok(handle) => self.snapshot = Some(handle),
            Err(e) => tracing::error!(error = %e, "no thread for a snapshot"),
        }
    }
}

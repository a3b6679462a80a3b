//! Whether the log grows: how much waits for a leaf and for how long, what the witnesses said.
//!
//! X-Road's rule holds here: what cannot be logged is not answered. An entry that is written and gets
//! no leaf could still be taken away unseen, so reads of personal data stop when the log stays behind.

use crate::error::AuditError;
use crate::{Audit, Entry};
use parking_lot::Mutex;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use yunlong_model::{Clock, Timestamp};

/// How often the log is tried while it stays behind.
const PAUSE: i64 = 2_000;

/// How it stands with a witness.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WitnessStatus {
    /// The name in its key.
    pub name: String,
    /// The size of the newest tree that it cosigned since this process started.
    pub cosigned: u64,
    /// Why it refuses, when it holds that the log was changed. A person must look at this.
    pub refusal: Option<String>,
    /// How often it has refused since this process started.
    pub refusals: u64,
}

/// How it stands with the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Entries that were recorded and have no leaf.
    pub waiting: u64,
    /// How long the oldest of them has waited, or the log has failed to grow.
    pub wait: Duration,
    /// Reads of personal data are refused until the log has grown.
    pub stopped: bool,
    /// Why the log did not grow when it was last tried.
    pub failing: Option<String>,
    /// Leaves under the newest checkpoint that this process signed or found.
    pub leaves: u64,
    /// When that was.
    pub checkpoint_at: Option<Timestamp>,
    /// The witnesses.
    pub witnesses: Vec<WitnessStatus>,
}

/// Tells how it stands with the log, without keeping its store open.
#[derive(Clone)]
pub struct AuditWatch(pub(crate) Arc<Progress>);

impl AuditWatch {
    /// How it stands now.
    #[must_use]
    pub fn standing(&self) -> Standing {
        self.0.standing()
    }
}

#[derive(Default)]
struct Counts {
    /// Entries that were handed over so far, and those of them that have leaves.
    recorded: u64,
    leaved: u64,
    /// Since when something waits.
    since: Option<Timestamp>,
    failing: Option<String>,
    tried: Option<Timestamp>,
    leaves: u64,
    checkpoint_at: Option<Timestamp>,
    witnesses: BTreeMap<String, WitnessStatus>,
}

pub(crate) struct Progress {
    clock: Arc<dyn Clock>,
    most_waiting: u64,
    longest_wait: Duration,
    counts: Mutex<Counts>,
    /// One tries for all who wait.
    trying: tokio::sync::Mutex<()>,
}

/// What an attempt at the log began with.
pub(crate) struct Attempt {
    recorded: u64,
    at: Timestamp,
}

impl Progress {
    pub(crate) fn new(clock: Arc<dyn Clock>, most_waiting: u64, longest_wait: Duration, witnesses: &[String]) -> Self {
        let status = |name: &String| (name.clone(), WitnessStatus { name: name.clone(), ..WitnessStatus::default() });
        let counts = Counts { witnesses: witnesses.iter().map(status).collect(), ..Counts::default() };
        Self { clock, most_waiting, longest_wait, counts: Mutex::new(counts), trying: tokio::sync::Mutex::default() }
    }

    /// Entries are about to be written.
    pub(crate) fn recording(&self, entries: u64) {
        let now = self.clock.now();
        let mut counts = self.counts.lock();
        counts.recorded += entries;
        counts.since.get_or_insert(now);
    }

    /// They were not written after all.
    pub(crate) fn not_recorded(&self, entries: u64) {
        let mut counts = self.counts.lock();
        counts.recorded = counts.recorded.saturating_sub(entries).max(counts.leaved);
        if counts.recorded == counts.leaved && counts.failing.is_none() {
            counts.since = None;
        }
    }

    /// At opening: what an earlier process left without leaves.
    pub(crate) fn found(&self, waiting: Option<Timestamp>, leaves: u64) {
        let mut counts = self.counts.lock();
        counts.leaves = leaves;
        if let Some(since) = waiting {
            counts.recorded += 1;
            counts.since = Some(since);
        }
    }

    pub(crate) fn attempt(&self) -> Attempt {
        let at = self.clock.now();
        let mut counts = self.counts.lock();
        counts.tried = Some(at);
        Attempt { recorded: counts.recorded, at }
    }

    /// Everything that was written before the attempt has its leaf.
    pub(crate) fn grown(&self, attempt: &Attempt, leaves: u64) {
        let mut counts = self.counts.lock();
        counts.leaved = counts.leaved.max(attempt.recorded).min(counts.recorded);
        counts.since = (counts.recorded > counts.leaved).then_some(attempt.at);
        counts.failing = None;
        if leaves != counts.leaves || counts.checkpoint_at.is_none() {
            (counts.leaves, counts.checkpoint_at) = (leaves, Some(attempt.at));
        }
    }

    pub(crate) fn failed(&self, attempt: &Attempt, why: &AuditError) {
        let mut counts = self.counts.lock();
        counts.since.get_or_insert(attempt.at);
        counts.failing = Some(why.to_string());
    }

    pub(crate) fn witness<T>(&self, name: &str, f: impl FnOnce(&mut WitnessStatus) -> T) -> T {
        let mut counts = self.counts.lock();
        let fresh = || WitnessStatus { name: name.to_owned(), ..WitnessStatus::default() };
        f(counts.witnesses.entry(name.to_owned()).or_insert_with(fresh))
    }

    pub(crate) fn standing(&self) -> Standing {
        let now = self.clock.now();
        let counts = self.counts.lock();
        let waiting = counts.recorded - counts.leaved;
        let wait = counts.since.map_or(0, |since| now.0.saturating_sub(since.0));
        let wait = Duration::from_millis(u64::try_from(wait).unwrap_or(0));
        Standing {
            waiting,
            wait,
            stopped: waiting > self.most_waiting || wait > self.longest_wait,
            failing: counts.failing.clone(),
            leaves: counts.leaves,
            checkpoint_at: counts.checkpoint_at,
            witnesses: counts.witnesses.values().cloned().collect(),
        }
    }

    /// Whether too much waits, or for too long. Asked for each read.
    fn is_behind(&self) -> bool {
        let now = self.clock.now();
        let counts = self.counts.lock();
        let longest = i64::try_from(self.longest_wait.as_millis()).unwrap_or(i64::MAX);
        counts.recorded - counts.leaved > self.most_waiting
            || counts.since.is_some_and(|since| now.0.saturating_sub(since.0) > longest)
    }

    fn behind(&self) -> AuditError {
        let Standing { waiting, wait, failing, .. } = self.standing();
        let why = failing.unwrap_or_else(|| "more is recorded than gets leaves".into());
        AuditError::Behind { waiting, seconds: wait.as_secs(), why }
    }

    fn tried_lately(&self) -> bool {
        let now = self.clock.now();
        let counts = self.counts.lock();
        counts.failing.is_some() && counts.tried.is_some_and(|at| (0..PAUSE).contains(&(now.0 - at.0)))
    }
}

impl Audit {
    /// How it stands with the log, for whoever watches over the platform.
    #[must_use]
    pub fn watch(&self) -> AuditWatch {
        AuditWatch(self.inner.progress.clone())
    }

    /// Refuses reads of personal data while the log does not grow. Everything else goes on: those who
    /// look after the log must be able to.
    pub(crate) async fn may_record(&self, entries: &[Entry]) -> Result<(), AuditError> {
        let progress = &self.inner.progress;
        if !progress.is_behind() || !entries.iter().any(|e| e.action.starts_with("data.")) {
            return Ok(());
        }
        let _one = progress.trying.lock().await;
        if !progress.is_behind() {
            return Ok(());
        }
        // Nobody may be there to give leaves, or they are too slow: whoever asks then waits for them.
        if !progress.tried_lately() && self.sequence_once().await.is_ok() {
            return Ok(());
        }
        Err(progress.behind())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use yunlong_model::clock::ManualClock;

    #[test]
    fn what_waits_is_counted_and_timed() {
        let clock = ManualClock::new(Timestamp(1_000));
        let progress = Progress::new(Arc::new(clock.clone()), 5, Duration::from_secs(60), &["w".into()]);
        assert_eq!((progress.standing().waiting, progress.is_behind()), (0, false));
        progress.recording(3);
        let attempt = progress.attempt();
        clock.advance(10_000);
        progress.recording(3);
        assert!(progress.is_behind(), "six wait");
        progress.grown(&attempt, 3);
        let standing = progress.standing();
        assert_eq!((standing.waiting, standing.wait, standing.leaves), (3, Duration::from_secs(10), 3));
        progress.not_recorded(3);
        assert_eq!((progress.standing().waiting, progress.standing().wait), (0, Duration::ZERO));
        // An attempt that fails is waited for as well: rows of other services may be behind it.
        let attempt = progress.attempt();
        progress.failed(&attempt, &AuditError::Damaged("x".into()));
        clock.advance(60_001);
        assert!(progress.standing().stopped && progress.is_behind());
        assert!(matches!(progress.behind(), AuditError::Behind { waiting: 0, seconds: 60, .. }));
    }
}

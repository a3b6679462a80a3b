//! The logs of the installations: the newest lines of each, in memory and in the store.

use crate::keys;
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use yunlong_model::{Clock, InstallationName, Timestamp};
use yunlong_store::txn::from_json;
use yunlong_store::{CommitError, Direction, SharedStore, StoreError, Txn};

/// Lines kept for each installation.
const LINES: usize = 1_000;
/// The longest line in bytes; the rest is cut off.
const LONGEST: usize = 4_096;
/// How often lines are written to the store.
const FLUSH: Duration = Duration::from_secs(1);

/// How much a line matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// For finding a fault.
    Debug,
    /// What the app says, and what happens to it.
    Info,
    /// Something that should not be.
    Warn,
    /// A call that failed.
    Error,
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Debug => "debug",
            Self::Info => "info",
            Self::Warn => "warn",
            Self::Error => "error",
        })
    }
}

/// A line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogLine {
    /// When.
    pub at: Timestamp,
    /// How much it matters.
    pub level: Level,
    /// The text: no control characters but line breaks and tabs.
    pub text: String,
    /// The request, message or job that it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
}

/// The logs. [`AppLog::append`] only touches memory; [`AppLog::run`] writes what is new to the
/// store every second and keeps the newest 1,000 lines of each installation. A crash loses at
/// most the last second; an installation that floods its log loses its older lines alone.
pub struct AppLog {
    store: SharedStore,
    clock: Arc<dyn Clock>,
    rings: Mutex<Rings>,
    /// One reader or writer of stored lines at a time.
    storing: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct Rings {
    by_name: BTreeMap<InstallationName, Ring>,
    /// Removed installations: names do not come back, so nothing may be written for them again.
    gone: BTreeSet<InstallationName>,
}

#[derive(Default)]
struct Ring {
    lines: VecDeque<LogLine>,
    /// Lines of this run.
    pushed: u64,
    /// How many of them have been dealt with: stored, or pushed out before they could be.
    flushed: u64,
    /// How many lines are stored; `None` while the ring holds none of those of earlier runs.
    stored: Option<usize>,
}

impl Ring {
    fn push(&mut self, line: LogLine) {
        self.lines.push_back(line);
        self.pushed += 1;
        while self.lines.len() > LINES {
            self.lines.pop_front();
        }
    }

    /// How many of the newest lines are not stored.
    fn unstored(&self) -> usize {
        usize::try_from(self.pushed - self.flushed).unwrap_or(usize::MAX).min(self.lines.len())
    }
}

impl AppLog {
    /// Logs on a store.
    #[must_use]
    pub fn new(store: SharedStore, clock: Arc<dyn Clock>) -> Self {
        Self { store, clock, rings: Mutex::default(), storing: tokio::sync::Mutex::new(()) }
    }

    /// Adds a line. Never waits and never fails; a long text is cut.
    pub fn append(&self, installation: &InstallationName, level: Level, text: &str, request_id: Option<&str>) {
        let line =
            LogLine { at: self.clock.now(), level, text: clean(text), request_id: request_id.map(str::to_owned) };
        let mut rings = self.rings.lock();
        if rings.gone.contains(installation) {
            return;
        }
        match rings.by_name.get_mut(installation) {
            Some(ring) => ring.push(line),
            None => rings.by_name.entry(installation.clone()).or_default().push(line),
        }
    }

    /// The newest `n` lines, oldest first.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn tail(&self, installation: &InstallationName, n: usize) -> Result<Vec<LogLine>, StoreError> {
        let _one = self.storing.lock().await;
        self.load(installation).await?;
        let rings = self.rings.lock();
        let Some(ring) = rings.by_name.get(installation) else { return Ok(Vec::new()) };
        Ok(ring.lines.iter().skip(ring.lines.len().saturating_sub(n)).cloned().collect())
    }

    /// Writes what is new to the store.
    ///
    /// # Errors
    /// When the store fails; the lines stay in memory for the next time.
    pub async fn flush(&self) -> Result<(), CommitError> {
        let _one = self.storing.lock().await;
        let names: Vec<_> = {
            let rings = self.rings.lock();
            rings.by_name.iter().filter(|(_, r)| r.unstored() > 0).map(|(n, _)| n.clone()).collect()
        };
        for name in names {
            self.load(&name).await?;
            self.flush_one(&name).await?;
        }
        Ok(())
    }

    /// Writes new lines every second until `shutdown` turns true, and then a last time.
    pub async fn run(self: Arc<Self>, mut shutdown: watch::Receiver<bool>) {
        loop {
            let over = tokio::select! {
                // An error: whoever could say so is gone.
                _ = shutdown.wait_for(|over| *over) => true,
                () = tokio::time::sleep(FLUSH) => false,
            };
            if let Err(error) = self.flush().await {
                tracing::warn!(%error, "log lines of installations were not stored");
            }
            if over {
                return;
            }
        }
    }

    /// Drops the lines of a removed installation, and those that may still come.
    pub async fn forget(&self, installation: &InstallationName) {
        let _one = self.storing.lock().await;
        let mut rings = self.rings.lock();
        rings.by_name.remove(installation);
        rings.gone.insert(installation.clone());
    }

    /// Takes lines again of a name that is free again.
    pub(crate) fn welcome(&self, installation: &InstallationName) {
        self.rings.lock().gone.remove(installation);
    }

    /// Puts the lines of earlier runs before those of this one, once.
    async fn load(&self, installation: &InstallationName) -> Result<(), StoreError> {
        let needed = {
            let rings = self.rings.lock();
            !rings.gone.contains(installation) && rings.by_name.get(installation).is_none_or(|r| r.stored.is_none())
        };
        if !needed {
            return Ok(());
        }
        let rows = self.store.scan(&keys::log(installation).children(), Direction::Descending, LINES).await?;
        let count = rows.len();
        let lines = rows.iter().map(|e| from_json::<LogLine>(&e.key, &e.value)).collect::<Result<Vec<_>, _>>()?;
        let mut rings = self.rings.lock();
        if count == 0 && !rings.by_name.contains_key(installation) {
            // Asking about a name that never logged leaves no trace.
            return Ok(());
        }
        let ring = rings.by_name.entry(installation.clone()).or_default();
        for line in lines {
            if ring.lines.len() < LINES {
                ring.lines.push_front(line);
            }
        }
        ring.stored = Some(count);
        Ok(())
    }

    async fn flush_one(&self, name: &InstallationName) -> Result<(), CommitError> {
        let (new, stored, through) = {
            let rings = self.rings.lock();
            let Some(ring) = rings.by_name.get(name) else { return Ok(()) };
            let new: Vec<_> = ring.lines.iter().skip(ring.lines.len() - ring.unstored()).cloned().collect();
            (new, ring.stored.unwrap_or(0), ring.pushed)
        };
        let mut txn = Txn::new(self.store.clone());
        let surplus = (stored + new.len()).saturating_sub(LINES);
        if surplus > 0 {
            for row in self.store.scan(&keys::log(name).children(), Direction::Ascending, surplus).await? {
                txn.delete(row.key);
            }
        }
        for line in &new {
            txn.append_as(keys::log(name), line);
        }
        txn.commit().await?;
        if let Some(ring) = self.rings.lock().by_name.get_mut(name) {
            ring.flushed = through;
            ring.stored = Some((stored + new.len()).min(LINES));
        }
        Ok(())
    }
}

/// Cuts a text, and takes out what would play tricks in a terminal.
fn clean(text: &str) -> String {
    let end = (0..=text.len().min(LONGEST)).rev().find(|i| text.is_char_boundary(*i)).unwrap_or(0);
    let mut out: String =
        text[..end].chars().map(|c| if c.is_control() && c != '\n' && c != '\t' { '\u{FFFD}' } else { c }).collect();
    if end < text.len() {
        out.push('…');
    }
    out
}

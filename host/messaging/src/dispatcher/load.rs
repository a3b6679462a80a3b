//! Reads from the store what is due.

use super::{Dispatcher, Known};
use crate::lanes::{Item, Lane, Lanes};
use crate::queue::{self, JobRow, QueueRow, RetryState};
use crate::{Messaging, MessagingError};
use std::collections::{HashMap, HashSet};
use yunlong_model::{InstallationName, Timestamp};
use yunlong_store::{CommitError, Direction, Key, KeyRange, Seq, Txn};

/// Rows read at a time: each may carry a payload of 256 KiB.
const CHUNK: usize = 64;

impl Dispatcher {
    /// Brings what is held in memory up to date: queues that changed, rows that fell due.
    pub(super) async fn load(&mut self) -> Result<(), MessagingError> {
        let now = self.messaging.clock.now();
        self.read_markers().await?;
        let names: Vec<InstallationName> = self.known.keys().cloned().collect();
        for name in &names {
            self.promote(name, now).await?;
            self.start_jobs(name, now);
            self.read_ready(name).await?;
        }
        for name in std::mem::take(&mut *self.messaging.woken.lock()) {
            self.turns.of(&name).unpark();
        }
        self.turns.advance(now);
        Ok(())
    }

    /// Reads the heads of the queues whose marker has another version than when it was read last.
    async fn read_markers(&mut self) -> Result<(), MessagingError> {
        let mut range = queue::markers().children();
        loop {
            let entries = self.messaging.store.scan(&range, Direction::Ascending, 1_000).await?;
            for entry in &entries {
                let Some(name) = entry.key.last_text().and_then(|n| n.parse::<InstallationName>().ok()) else {
                    continue;
                };
                if self.known.get(&name).is_none_or(|k| k.marker != entry.version) {
                    self.read_head(&name, entry.version).await?;
                }
            }
            match entries.last() {
                Some(last) if entries.len() == 1_000 => range.start = last.key.next(),
                _ => return Ok(()),
            }
        }
    }

    async fn read_head(&mut self, name: &InstallationName, marker: Seq) -> Result<(), MessagingError> {
        let waiting = self.messaging.first_due(name).await?;
        let jobs = self.messaging.scan_jobs(name).await?;
        if !self.known.contains_key(name) {
            let failed = self.messaging.scan_failed(name).await?;
            self.known.insert(name.clone(), Known { failed, ..Known::default() });
        }
        let lanes = self.turns.of(name);
        let Some(known) = self.known.get_mut(name) else { return Ok(()) };
        known.waiting = waiting;
        known.jobs.clear();
        for Due { job, at, asked } in jobs {
            let lane = Lane::Job(job.clone());
            if !lanes.holds(&lane) {
                known.jobs.insert(job, at);
            } else if let Some(asked) = asked.filter(|asked| known.asked.get(&job) != Some(asked))
                // A job in a lane runs, and its row is read again when that ends, or it waits after a
                // failure: then who asks for a run does not wait. Once: what the platform itself puts
                // off is not to be hurried by every message that comes.
                && lanes.sooner(&lane, at)
            {
                known.asked.insert(job, asked);
            }
        }
        known.more = true;
        // Last, so that an error above has everything read again.
        known.marker = marker;
        Ok(())
    }

    /// Moves delayed rows that fell due behind the ready ones.
    async fn promote(&mut self, name: &InstallationName, now: Timestamp) -> Result<(), MessagingError> {
        let Some(known) = self.known.get_mut(name) else { return Ok(()) };
        while known.waiting.is_some_and(|at| at <= now) {
            self.messaging.promote(name, now).await?;
            known.waiting = self.messaging.first_due(name).await?;
            known.more = true;
        }
        Ok(())
    }

    fn start_jobs(&mut self, name: &InstallationName, now: Timestamp) {
        let Some(known) = self.known.get_mut(name) else { return };
        let due: Vec<String> = known.jobs.iter().filter(|(_, at)| **at <= now).map(|(job, _)| job.clone()).collect();
        let lanes = self.turns.of(name);
        for job in due {
            known.jobs.remove(&job);
            let item = Item { row: queue::job(name, &job), failures: 0 };
            lanes.push(Lane::Job(job), item, None);
        }
    }

    /// Reads ready rows up to the window; beyond it only while nothing that was read can start,
    /// so that keys in backoff do not hide others behind them.
    async fn read_ready(&mut self, name: &InstallationName) -> Result<(), MessagingError> {
        let window = self.messaging.config.window;
        let lanes = self.turns.of(name);
        let Some(known) = self.known.get_mut(name) else { return Ok(()) };
        while known.more && wants_more(lanes, window) {
            let mut range = queue::ready(name).children();
            if let Some(cursor) = &known.cursor {
                range.start = cursor.next();
            }
            let entries = self.messaging.store.scan(&range, Direction::Ascending, CHUNK).await?;
            known.more = entries.len() == CHUNK;
            for entry in entries {
                known.cursor = Some(entry.key.clone());
                let lane = match queue::parse::<QueueRow>(&entry.key, &entry.value) {
                    Ok(row) => row.event.key.map_or_else(|| Lane::Row(entry.key.clone()), Lane::Key),
                    Err(e) => {
                        // One damaged row must not hold up every queue of the city.
                        tracing::error!(installation = %name, error = %e, "a message cannot be read and is left where it is");
                        continue;
                    }
                };
                let (failures, at) = known.failed.remove(&entry.key).map_or((0, None), |(n, at)| (n, Some(at)));
                lanes.push(lane, Item { row: entry.key, failures }, at);
            }
        }
        Ok(())
    }
}

/// When a job is to be looked at.
struct Due {
    job: String,
    at: Timestamp,
    /// When somebody asked for a run that has not ended.
    asked: Option<Timestamp>,
}

/// Rows in memory never go over this multiple of the window, whatever cannot start.
const HARD_LIMIT: usize = 64;

fn wants_more(lanes: &Lanes, window: usize) -> bool {
    lanes.pending() < window
        || (lanes.runnable() == 0
            && lanes.running() == 0
            && !lanes.is_parked()
            && lanes.pending() < window.saturating_mul(HARD_LIMIT))
}

impl Messaging {
    async fn first_due(&self, name: &InstallationName) -> Result<Option<Timestamp>, MessagingError> {
        let first = self.store.scan(&queue::waiting(name).children(), Direction::Ascending, 1).await?;
        Ok(first.first().and_then(|e| queue::due_of(&e.key)))
    }

    /// Moves up to [`CHUNK`] delayed rows in one commit.
    async fn promote(&self, name: &InstallationName, now: Timestamp) -> Result<(), MessagingError> {
        let range =
            KeyRange { start: queue::waiting(name), end: queue::waiting(name).u64(now.as_u64().saturating_add(1)) };
        let entries = self.store.scan(&range, Direction::Ascending, CHUNK).await?;
        let mut txn = Txn::new(self.store.clone());
        for entry in entries {
            // Read through the transaction: a row that somebody else moved is not moved again.
            if let Some(value) = txn.get(&entry.key).await? {
                txn.delete(entry.key);
                txn.append(queue::ready(name), value);
            }
        }
        queue::mark(&mut txn, name);
        match txn.commit().await {
            Ok(_) | Err(CommitError::Conflict) => Ok(()),
            Err(e) => Err(e.into()),
        }
    }

    async fn scan_jobs(&self, name: &InstallationName) -> Result<Vec<Due>, MessagingError> {
        let paused = self.store.scan(&queue::all_paused(name).children(), Direction::Ascending, 10_000).await?;
        let paused: HashSet<String> = paused.iter().filter_map(|e| e.key.last_text()).collect();
        let entries = self.store.scan(&queue::jobs(name).children(), Direction::Ascending, 10_000).await?;
        let mut jobs = Vec::with_capacity(entries.len());
        for entry in entries {
            let Some(job) = entry.key.last_text() else { continue };
            let row: JobRow = queue::parse(&entry.key, &entry.value)?;
            if let Some(at) = row.due(paused.contains(&job)) {
                jobs.push(Due { job, at, asked: row.asked.map(|a| a.at) });
            }
        }
        Ok(jobs)
    }

    async fn scan_failed(&self, name: &InstallationName) -> Result<HashMap<Key, (u32, Timestamp)>, MessagingError> {
        let prefix = queue::retry_states(name);
        let mut range = prefix.children();
        let mut failed = HashMap::new();
        loop {
            let entries = self.store.scan(&range, Direction::Ascending, 1_000).await?;
            for entry in &entries {
                let state: RetryState = queue::parse(&entry.key, &entry.value)?;
                let row = entry.key.as_bytes().get(prefix.as_bytes().len()..).unwrap_or_default();
                let failures = u32::try_from(state.failures.len()).unwrap_or(u32::MAX);
                failed.insert(Key::from_bytes(row.to_vec()), (failures, state.not_before));
            }
            match entries.last() {
                Some(last) if entries.len() == 1_000 => range.start = last.key.next(),
                _ => return Ok(failed),
            }
        }
    }
}

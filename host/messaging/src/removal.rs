//! What becomes of an installation's queue when the installation rests or goes.

use crate::queue;
use crate::{Messaging, MessagingError};
use std::collections::{BTreeSet, HashMap};
use std::time::{Duration, Instant};
use yunlong_model::{InstallationName, Timestamp};
use yunlong_store::{Direction, Txn};

/// Delayed messages that are counted at most: their payloads are read for it.
const COUNTED: usize = 1_000;
/// Rows read at a time.
const CHUNK: usize = 64;
/// How often it is looked whether attempts have ended.
const LOOK: Duration = Duration::from_millis(5);

/// Messages that wait for their time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Delayed {
    /// How many; 1,000 means that many or more.
    pub count: usize,
    /// When the first of them falls due.
    pub next: Option<Timestamp>,
}

impl Messaging {
    /// The messages of an installation that wait for their time.
    ///
    /// # Errors
    /// [`MessagingError::Store`].
    pub async fn delayed(&self, installation: &InstallationName) -> Result<Delayed, MessagingError> {
        let mut range = queue::waiting(installation).children();
        let mut delayed = Delayed { count: 0, next: None };
        while delayed.count < COUNTED {
            let rows = self.store.scan(&range, Direction::Ascending, CHUNK).await?;
            let Some(last) = rows.last() else { break };
            delayed.next = delayed.next.or_else(|| queue::due_of(&rows[0].key));
            delayed.count += rows.len();
            range.start = last.key.next();
        }
        delayed.count = delayed.count.min(COUNTED);
        Ok(delayed)
    }

    /// Waits until the deliveries to an installation that are under way now have ended, their commits
    /// included; at most `limit`. Answers whether they have. Those that begin meanwhile do not count.
    pub async fn idle(&self, installation: &InstallationName, limit: Duration) -> bool {
        let end = Instant::now() + limit;
        let newest = self.attempts.lock().next;
        while self.attempts.lock().oldest(installation).is_some_and(|oldest| oldest < newest) {
            if Instant::now() >= end {
                return false;
            }
            tokio::time::sleep(LOOK).await;
        }
        true
    }

    /// Closes the queue of an installation that is removed: from here on nothing is put into it,
    /// whoever sends it. Transactions that are open and would have do not commit.
    ///
    /// # Errors
    /// [`MessagingError::Commit`].
    pub async fn close(&self, installation: &InstallationName) -> Result<(), MessagingError> {
        let mut txn = Txn::new(self.store.clone());
        txn.put_as(queue::closed(installation), &self.clock.now());
        txn.delete(queue::marker(installation));
        txn.commit().await?;
        Ok(())
    }

    /// Whether the queue of an installation was closed: its removal was begun.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn is_closed(&self, installation: &InstallationName) -> Result<bool, MessagingError> {
        Ok(self.store.get(&queue::closed(installation)).await?.is_some())
    }

    pub(crate) fn busy<'a>(&'a self, installation: &InstallationName) -> Busy<'a> {
        let mut attempts = self.attempts.lock();
        let id = attempts.next;
        attempts.next += 1;
        attempts.running.entry(installation.clone()).or_default().insert(id);
        Busy { messaging: self, installation: installation.clone(), id }
    }
}

/// Attempts under way, numbered as they began.
#[derive(Default)]
pub(crate) struct Attempts {
    next: u64,
    running: HashMap<InstallationName, BTreeSet<u64>>,
}

impl Attempts {
    fn oldest(&self, installation: &InstallationName) -> Option<u64> {
        self.running.get(installation)?.first().copied()
    }
}

/// An attempt counts for as long as this lives.
pub(crate) struct Busy<'a> {
    messaging: &'a Messaging,
    installation: InstallationName,
    id: u64,
}

impl Drop for Busy<'_> {
    fn drop(&mut self) {
        let mut attempts = self.messaging.attempts.lock();
        if let Some(running) = attempts.running.get_mut(&self.installation) {
            running.remove(&self.id);
            if running.is_empty() {
                attempts.running.remove(&self.installation);
            }
        }
    }
}

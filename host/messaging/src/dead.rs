//! Dead letters: deliveries that were given up, kept with what went wrong.

use crate::queue::{self, QueueRow};
use crate::{Kind, Messaging, MessagingError, ids};
use serde::{Deserialize, Serialize};
use yunlong_model::{Event, InstallationName, Timestamp};
use yunlong_store::{Direction, Txn};

/// Letters that are put back in one commit: each may carry 256 KiB.
const AT_ONCE: usize = 20;

/// One failed attempt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// When.
    pub at: Timestamp,
    /// Which attempt, from 1.
    pub attempt: u32,
    /// What the consumer or the platform said, at most 2,000 characters.
    pub error: String,
}

/// A delivery that was given up.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DeadLetter {
    /// Its id, for [`Messaging::redrive`]. Ids sort by the time of the giving-up.
    pub id: String,
    /// Whether it was for the consumer or for the jobs.
    pub kind: Kind,
    /// The event.
    pub event: Event,
    /// When it was given up.
    pub at: Timestamp,
    /// All failed attempts, oldest first; the last one is why it was given up.
    pub failures: Vec<Failure>,
}

impl Messaging {
    /// At most `limit` dead letters of an installation, newest first, older than the letter
    /// `before` when that is given.
    ///
    /// # Errors
    /// [`MessagingError::Store`].
    pub async fn dead_letters(
        &self,
        installation: &InstallationName,
        before: Option<&str>,
        limit: usize,
    ) -> Result<Vec<DeadLetter>, MessagingError> {
        let mut range = queue::dead(installation).children();
        if let Some(id) = before {
            range.end = queue::dead(installation).text(id);
        }
        let mut txn = Txn::new(self.store.clone());
        let rows = txn.scan(&range, Direction::Descending, limit).await?;
        rows.iter().map(|(key, bytes)| queue::parse(key, bytes)).collect()
    }

    /// Stages that a dead letter is put back at the end of the queue, with all attempts before it. Its
    /// place in the order of its key is lost: what came behind it was delivered meanwhile.
    ///
    /// # Errors
    /// [`MessagingError::UnknownDeadLetter`], also for a letter that somebody else redrove;
    /// [`MessagingError::Store`].
    pub async fn redrive(
        &self,
        txn: &mut Txn,
        installation: &InstallationName,
        id: &str,
    ) -> Result<(), MessagingError> {
        let letter = take(txn, installation, id).await?;
        queue::enqueue(txn, installation, &QueueRow { kind: letter.kind, event: letter.event }, None).await?;
        Ok(())
    }

    /// Stages that dead letters are put back, oldest first, up to the one `newest` and some at a time;
    /// answers how many. One that fails again meanwhile is behind `newest`.
    ///
    /// # Errors
    /// [`MessagingError::Store`].
    pub async fn redrive_some(
        &self,
        txn: &mut Txn,
        installation: &InstallationName,
        newest: &str,
    ) -> Result<usize, MessagingError> {
        // Ids sort by the time of the giving-up.
        let mut range = queue::dead(installation).children();
        range.end = queue::dead(installation).text(newest).next();
        let rows = txn.scan(&range, Direction::Ascending, AT_ONCE).await?;
        for (key, bytes) in &rows {
            let letter: DeadLetter = queue::parse(key, bytes)?;
            txn.delete(key.clone());
            queue::enqueue(txn, installation, &QueueRow { kind: letter.kind, event: letter.event }, None).await?;
        }
        Ok(rows.len())
    }

    /// Stages that a dead letter is removed for good.
    ///
    /// # Errors
    /// As [`Messaging::redrive`].
    pub async fn discard(
        &self,
        txn: &mut Txn,
        installation: &InstallationName,
        id: &str,
    ) -> Result<(), MessagingError> {
        take(txn, installation, id).await.map(drop)
    }
}

async fn take(txn: &mut Txn, installation: &InstallationName, id: &str) -> Result<DeadLetter, MessagingError> {
    let key = queue::dead(installation).text(id);
    let letter = txn
        .get_as::<DeadLetter>(&key)
        .await?
        .ok_or_else(|| MessagingError::UnknownDeadLetter(id.chars().take(100).collect()))?;
    txn.delete(key);
    Ok(letter)
}

/// Stages a dead letter.
pub(crate) fn bury(
    txn: &mut Txn,
    installation: &InstallationName,
    row: QueueRow,
    failures: Vec<Failure>,
    now: Timestamp,
) {
    let letter = DeadLetter { id: ids::uuid_v7(now), kind: row.kind, event: row.event, at: now, failures };
    txn.put_as(queue::dead(installation).text(&letter.id), &letter);
}

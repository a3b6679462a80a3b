//! Dead letters: deliveries that were given up, kept with what went wrong.

use crate::queue::{self, QueueRow};
use crate::{Kind, Messaging, MessagingError, ids};
use serde::{Deserialize, Serialize};
use yunlong_model::{Event, InstallationName, Timestamp};
use yunlong_store::{Direction, Txn, transact};

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

    /// Puts all dead letters back that are there when this begins, oldest first and some at a time,
    /// and answers how many. One that fails again meanwhile stays. `with` stages what goes with each
    /// commit, and is told how many it puts back.
    ///
    /// # Errors
    /// [`MessagingError::Commit`], [`MessagingError::Store`]; what was put back before stays put back.
    pub async fn redrive_all(
        &self,
        installation: &InstallationName,
        with: impl Fn(&mut Txn, usize) + Send + Sync,
    ) -> Result<usize, MessagingError> {
        // Ids sort by the time of the giving-up.
        let Some(newest) = self.dead_letters(installation, None, 1).await?.pop() else { return Ok(0) };
        let mut range = queue::dead(installation).children();
        range.end = queue::dead(installation).text(&newest.id).next();
        let mut all = 0;
        loop {
            let some = transact!(&self.store, |txn| {
                let rows = txn.scan(&range, Direction::Ascending, AT_ONCE).await?;
                for (key, bytes) in &rows {
                    let letter: DeadLetter = queue::parse(key, bytes)?;
                    txn.delete(key.clone());
                    queue::enqueue(txn, installation, &QueueRow { kind: letter.kind, event: letter.event }, None)
                        .await?;
                }
                if !rows.is_empty() {
                    with(txn, rows.len());
                }
                Ok::<_, MessagingError>(rows.len())
            })?;
            all += some;
            if some < AT_ONCE {
                return Ok(all);
            }
        }
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

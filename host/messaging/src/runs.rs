//! Runs of jobs: who runs one now, and how the last ones ended.
//!
//! A run is claimed in a commit of its own before the app is called, and the claim is kept alive by
//! a beat for as long as the call lasts. Whoever finds a claim whose beat has stopped takes it over
//! and writes down that the run was lost. A run's own transaction reads its claim, so that what a
//! lost run would still write conflicts: two dispatchers, or a dispatcher and the one after a crash,
//! never both commit one run.

use crate::dead;
use crate::deliver::Attempted;
use crate::queue::{self, JobRow, QueueRow};
use crate::{Failure, Kind, Messaging, MessagingError, ids, jobs};
use serde::{Deserialize, Serialize};
use std::time::Duration;
use yunlong_model::{InstallationName, Timestamp};
use yunlong_store::{Direction, Txn, transact};

/// A claim without a beat for this long is lost.
pub(crate) const LEASE_MILLIS: i64 = 15_000;
/// A claim is renewed this often: two beats may fail before it is lost.
const BEAT: Duration = Duration::from_secs(5);
/// Runs that are kept of each job.
const KEPT: usize = 50;

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RunOutcome {
    /// What it wrote is committed.
    Done,
    /// It failed and comes again.
    Failed,
    /// It failed and was given up: it is a dead letter.
    GivenUp,
    /// The platform ended in the middle of it; nothing of it was committed.
    Lost,
}

/// A run of a job that is over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Run {
    /// When it fell due.
    pub scheduled: Timestamp,
    /// When it began.
    pub started: Timestamp,
    /// When it ended.
    pub ended: Timestamp,
    /// Which attempt it was, from 1.
    pub attempt: u32,
    /// How it ended.
    pub outcome: RunOutcome,
    /// What went wrong.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// The account that asked for it; the clock did when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
}

/// A job that is being run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Claim {
    /// New for each run, so that nobody takes another one's for its own.
    pub(crate) id: String,
    pub(crate) scheduled: Timestamp,
    pub(crate) started: Timestamp,
    pub(crate) attempt: u32,
    pub(crate) by: Option<String>,
}

impl Claim {
    pub(crate) fn ended(&self, now: Timestamp, outcome: RunOutcome, error: Option<String>) -> Run {
        Run {
            scheduled: self.scheduled,
            started: self.started,
            ended: now,
            attempt: self.attempt,
            outcome,
            error,
            by: self.by.clone(),
        }
    }
}

/// What came of trying to claim a run.
pub(crate) enum Claimed {
    /// It is ours.
    Ours(Claim),
    /// Somebody else runs it, until then at least.
    Others(Timestamp),
    /// There is nothing to run.
    Nothing,
}

impl Messaging {
    /// Claims the run of a job that is due.
    pub(crate) async fn claim(&self, to: &InstallationName, job: &str) -> Result<Claimed, MessagingError> {
        let (key, claim_key, beat_key) = (queue::job(to, job), queue::claim(to, job), queue::beat(to, job));
        transact!(&self.store, |txn| {
            let now = self.clock.now();
            let paused = txn.get(&queue::paused(to, job)).await?.is_some();
            let Some(mut row) = txn.get_as::<JobRow>(&key).await? else { return Ok(Claimed::Nothing) };
            if row.due(paused).is_none_or(|at| at > now) {
                return Ok(Claimed::Nothing);
            }
            if let Some(lost) = txn.get_as::<Claim>(&claim_key).await? {
                let until = txn.get_as::<Timestamp>(&beat_key).await?.unwrap_or_default();
                if until > now {
                    return Ok(Claimed::Others(until));
                }
                self.write_off(txn, to, job, &mut row, &lost, now);
                if row.due(paused).is_none_or(|at| at > now) {
                    txn.delete(claim_key.clone());
                    txn.delete(beat_key.clone());
                    return Ok(Claimed::Nothing);
                }
            }
            let attempt = u32::try_from(row.retry.failures.len()).unwrap_or(u32::MAX).saturating_add(1);
            let asked = row.asked.as_ref();
            let claim = Claim {
                id: ids::uuid_v7(now),
                scheduled: asked.map_or(row.scheduled, |a| a.at),
                started: now,
                attempt,
                by: asked.map(|a| a.by.clone()),
            };
            txn.put_as(claim_key.clone(), &claim);
            txn.put_as(beat_key.clone(), &now.plus_millis(LEASE_MILLIS));
            Ok::<_, MessagingError>(Claimed::Ours(claim))
        })
    }

    /// Stages that a run was lost. It counts as an attempt: a job that brings the server down must
    /// not do so for ever.
    fn write_off(
        &self,
        txn: &mut Txn,
        to: &InstallationName,
        job: &str,
        row: &mut JobRow,
        lost: &Claim,
        now: Timestamp,
    ) {
        const WHY: &str = "the platform ended in the middle of the run";
        row.retry.failures.push(Failure::new(now, lost.attempt, WHY));
        let given_up = row.retry.failures.len() >= self.config.retry.attempts as usize;
        let outcome = if given_up { RunOutcome::GivenUp } else { RunOutcome::Lost };
        txn.append_as(queue::runs(to, job), &lost.ended(now, outcome, Some(WHY.into())));
        tracing::warn!(installation = %to, job, given_up, "a run of a job was lost");
        if given_up {
            let kind = Kind::Job { job: job.to_owned(), scheduled: lost.scheduled };
            let event = jobs::event(to, job, lost.scheduled, now);
            dead::bury(txn, to, QueueRow { kind, event }, std::mem::take(&mut row.retry.failures), now);
            *row = jobs::after_run(row, now);
        }
        txn.put_as(queue::job(to, job), row);
    }

    /// Keeps a claim alive while `run` lasts.
    pub(crate) async fn beating<T>(
        &self,
        to: &InstallationName,
        job: &str,
        claim: &Claim,
        run: impl Future<Output = T>,
    ) -> T {
        let mut run = std::pin::pin!(run);
        loop {
            tokio::select! {
                ended = &mut run => return ended,
                () = tokio::time::sleep(BEAT) => {}
            }
            if let Err(error) = self.beat(to, job, claim).await {
                tracing::warn!(installation = %to, job, %error, "the claim of a run could not be renewed");
            }
        }
    }

    async fn beat(&self, to: &InstallationName, job: &str, claim: &Claim) -> Result<(), MessagingError> {
        transact!(&self.store, |txn| {
            if owns(txn, to, job, claim).await? {
                txn.put_as(queue::beat(to, job), &self.clock.now().plus_millis(LEASE_MILLIS));
            }
            Ok(())
        })
    }

    /// Gives a claim back without a run: the app had no try.
    pub(crate) async fn unclaim(&self, to: &InstallationName, job: &str, claim: &Claim) -> Result<(), MessagingError> {
        transact!(&self.store, |txn| {
            if owns(txn, to, job, claim).await? {
                release(txn, to, job);
            }
            Ok(())
        })
    }

    /// The last runs of a job, newest first: at most the 50 that are kept.
    ///
    /// # Errors
    /// [`MessagingError::Store`].
    pub async fn job_runs(
        &self,
        installation: &InstallationName,
        job: &str,
        limit: usize,
    ) -> Result<Vec<Run>, MessagingError> {
        let range = queue::runs(installation, job).children();
        let rows = self.store.scan(&range, Direction::Descending, limit.min(KEPT)).await?;
        rows.iter().map(|e| queue::parse(&e.key, &e.value)).collect()
    }

    /// Forgets the oldest runs of a job. Not worth failing anything for.
    pub(crate) async fn prune_runs(&self, to: &InstallationName, job: &str) {
        let prune = async {
            let rows = self.store.scan(&queue::runs(to, job).children(), Direction::Descending, KEPT * 2).await?;
            let mut txn = Txn::new(self.store.clone());
            rows.into_iter().skip(KEPT).for_each(|row| txn.delete(row.key));
            if !txn.is_empty() {
                txn.commit().await?;
            }
            Ok::<_, MessagingError>(())
        };
        if let Err(error) = prune.await {
            tracing::warn!(installation = %to, job, %error, "old runs of a job are kept for now");
        }
    }
}

/// Whether a claim still stands, remembered by the transaction.
pub(crate) async fn owns(
    txn: &mut Txn,
    to: &InstallationName,
    job: &str,
    claim: &Claim,
) -> Result<bool, MessagingError> {
    Ok(txn.get_as::<Claim>(&queue::claim(to, job)).await?.is_some_and(|c| c.id == claim.id))
}

/// Stages that nobody runs the job.
pub(crate) fn release(txn: &mut Txn, to: &InstallationName, job: &str) {
    txn.delete(queue::claim(to, job));
    txn.delete(queue::beat(to, job));
}

/// What a job's next time is, as an attempt's outcome.
pub(crate) fn next(row: Option<&JobRow>, paused: bool) -> Attempted {
    row.and_then(|r| r.due(paused)).map_or(Attempted::Done, Attempted::Next)
}

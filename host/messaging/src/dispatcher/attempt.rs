//! One attempt: the consumer's transaction, and what follows from how it ended.

use crate::deliver::Attempted;
use crate::queue::{self, JobRow, QueueRow, RetryState};
use crate::runs::{self, Claim, Claimed, Run, RunOutcome};
use crate::{Deliver, Delivery, DeliveryError, Failure, Kind, Messaging, MessagingError, dead, jobs};
use futures::FutureExt;
use std::panic::AssertUnwindSafe;
use yunlong_model::{InstallationName, Timestamp};
use yunlong_store::{CommitError, Key, Txn, transact};

/// After the store failed or the platform was busy, a delivery rests this long at least. It counts
/// as no attempt.
const STORE_TROUBLE_MILLIS: i64 = 1_000;

/// How a run of the consumer ended, when the store did not fail.
enum Ran {
    Committed,
    /// The row is not there any more.
    Gone,
    Failed(DeliveryError),
}

/// What an attempt takes from the store.
#[derive(Clone, Copy)]
enum Target<'a> {
    Row { key: &'a Key, failures: u32 },
    Job { key: &'a Key, job: &'a str, claim: &'a Claim },
}

impl Messaging {
    /// Attempts the row of an event or of a redriven job.
    pub(super) async fn attempt_row(
        &self,
        deliver: &dyn Deliver,
        to: &InstallationName,
        key: &Key,
        failures: u32,
    ) -> Attempted {
        let _busy = self.busy(to);
        let ended = match self.run_consumer(deliver, to, Target::Row { key, failures }).await {
            Ok(Ran::Committed | Ran::Gone) => Ok(Attempted::Done),
            Ok(Ran::Failed(error)) => self.fail_row(to, key, &error).await,
            Err(e) => Err(e),
        };
        self.or_later(to, ended)
    }

    /// Attempts a job. Its row carries its own failures; its claim keeps others from running it.
    pub(super) async fn attempt_job(&self, deliver: &dyn Deliver, to: &InstallationName, job: &str) -> Attempted {
        if !deliver.ready(to) {
            return Attempted::Parked;
        }
        let _busy = self.busy(to);
        let key = queue::job(to, job);
        let ended = match self.claim(to, job).await {
            Ok(Claimed::Ours(claim)) => self.run_claimed(deliver, to, &key, job, &claim).await,
            Ok(Claimed::Others(until)) => Ok(Attempted::Later(until)),
            Ok(Claimed::Nothing) => self.job_due(to, job).await,
            Err(e) => Err(e),
        };
        self.or_later(to, ended)
    }

    async fn run_claimed(
        &self,
        deliver: &dyn Deliver,
        to: &InstallationName,
        key: &Key,
        job: &str,
        claim: &Claim,
    ) -> Result<Attempted, MessagingError> {
        let run = self.run_consumer(deliver, to, Target::Job { key, job, claim });
        let ended = match self.beating(to, job, claim, run).await? {
            Ran::Committed => self.job_due(to, job).await,
            Ran::Gone => {
                self.unclaim(to, job, claim).await?;
                self.job_due(to, job).await
            }
            Ran::Failed(error) => self.fail_job(to, key, job, claim, &error).await,
        };
        self.prune_runs(to, job).await;
        ended
    }

    fn or_later(&self, to: &InstallationName, ended: Result<Attempted, MessagingError>) -> Attempted {
        ended.unwrap_or_else(|e| {
            tracing::warn!(installation = %to, error = %e, "a delivery could not be recorded and will be repeated");
            Attempted::Later(self.clock.now().plus_millis(STORE_TROUBLE_MILLIS))
        })
    }

    /// Runs the consumer in a fresh transaction in which the acknowledgment is staged,
    /// and commits. After a conflict everything is run again.
    async fn run_consumer(
        &self,
        deliver: &dyn Deliver,
        to: &InstallationName,
        target: Target<'_>,
    ) -> Result<Ran, MessagingError> {
        for round in 0..=self.config.conflicts {
            let mut txn = Txn::new(self.store.clone());
            let Some(delivery) = self.stage(&mut txn, to, target).await? else { return Ok(Ran::Gone) };
            let started = self.clock.now();
            let (kind, attempt) = (delivery.kind.clone(), delivery.attempt);
            let handled = AssertUnwindSafe(deliver.deliver(to, delivery, &mut txn)).catch_unwind().await;
            match handled {
                Ok(Ok(())) if txn.is_empty() => {
                    return Ok(Ran::Failed(DeliveryError::Retry("the consumer's transaction was lost".into())));
                }
                Ok(Ok(())) => self.stage_run(&mut txn, to, target, &kind, started, attempt),
                // A failure that rests on what has changed meanwhile is no failure.
                Ok(Err(error)) => match txn.validate().await {
                    Err(CommitError::Conflict) if round < self.config.conflicts => {
                        self.pause_after_conflict(to, round).await;
                        continue;
                    }
                    _ => return Ok(Ran::Failed(error)),
                },
                Err(_) => {
                    return Ok(Ran::Failed(DeliveryError::Retry("the platform failed while it delivered".into())));
                }
            }
            match txn.commit().await {
                Ok(_) => {
                    self.stats.update(to, |s| s.delivered += 1);
                    return Ok(Ran::Committed);
                }
                Err(CommitError::Conflict) => self.pause_after_conflict(to, round).await,
                Err(CommitError::Store(e)) => return Err(e.into()),
                // A counter at its bound may have room later, and so may the installation.
                Err(e @ (CommitError::OutOfBounds { .. } | CommitError::OverQuota { .. })) => {
                    return Ok(Ran::Failed(DeliveryError::Retry(e.to_string())));
                }
                Err(e @ CommitError::TooLarge(_)) => return Ok(Ran::Failed(DeliveryError::Reject(e.to_string()))),
            }
        }
        Ok(Ran::Failed(DeliveryError::Retry(format!("{} runs in a row met a conflict", self.config.conflicts + 1))))
    }

    async fn pause_after_conflict(&self, to: &InstallationName, round: u32) {
        self.stats.update(to, |s| s.conflicts += 1);
        // The first repetition comes at once; when many fight over one key, spreading them out
        // lets one of them win.
        if round > 0 {
            let most = 1_u64 << round.min(6);
            tokio::time::sleep(std::time::Duration::from_millis(rand::random_range(0..=most))).await;
        }
    }

    /// Stages the acknowledgment and answers what to deliver; `None` when there is nothing (any
    /// more).
    async fn stage(
        &self,
        txn: &mut Txn,
        to: &InstallationName,
        target: Target<'_>,
    ) -> Result<Option<Delivery>, MessagingError> {
        match target {
            Target::Row { key, failures } => {
                let Some(row) = txn.get_as::<QueueRow>(key).await? else { return Ok(None) };
                txn.delete(key.clone());
                if failures > 0 {
                    txn.delete(queue::retry_state(to, key));
                }
                Ok(Some(Delivery { kind: row.kind, event: row.event, attempt: failures.saturating_add(1) }))
            }
            Target::Job { key, job, claim } => {
                let now = self.clock.now();
                if !runs::owns(txn, to, job, claim).await? {
                    return Ok(None);
                }
                let Some(row) = txn.get_as::<JobRow>(key).await? else { return Ok(None) };
                txn.put_as(key.clone(), &jobs::after_run(&row, now));
                runs::release(txn, to, job);
                let kind = Kind::Job { job: job.to_owned(), scheduled: claim.scheduled };
                let event = jobs::event(to, job, claim.scheduled, now);
                Ok(Some(Delivery { kind, event, attempt: claim.attempt }))
            }
        }
    }

    /// Stages that a run was done; also of a job that was redriven as a dead letter.
    fn stage_run(
        &self,
        txn: &mut Txn,
        to: &InstallationName,
        target: Target<'_>,
        kind: &Kind,
        started: Timestamp,
        attempt: u32,
    ) {
        let Kind::Job { job, scheduled } = kind else { return };
        let now = self.clock.now();
        let run = match target {
            Target::Job { claim, .. } => claim.ended(now, RunOutcome::Done, None),
            Target::Row { .. } => Run {
                scheduled: *scheduled,
                started,
                ended: now,
                attempt,
                outcome: RunOutcome::Done,
                error: None,
                by: None,
            },
        };
        txn.append_as(queue::runs(to, job), &run);
    }

    async fn fail_row(
        &self,
        to: &InstallationName,
        key: &Key,
        error: &DeliveryError,
    ) -> Result<Attempted, MessagingError> {
        if let Some(kept) = self.not_tried(to, error) {
            return Ok(kept);
        }
        let spread = rand::random::<f64>();
        let ended = transact!(&self.store, |txn| {
            let now = self.clock.now();
            let Some(row) = txn.get_as::<QueueRow>(key).await? else { return Ok::<_, MessagingError>(Attempted::Done) };
            let state_key = queue::retry_state(to, key);
            let mut state = txn.get_as::<RetryState>(&state_key).await?.unwrap_or_default();
            match self.record(&mut state, error, now, spread) {
                Some(at) => {
                    txn.put_as(state_key, &state);
                    Ok(Attempted::Retry(at))
                }
                None => {
                    txn.delete(key.clone());
                    txn.delete(state_key);
                    dead::bury(txn, to, row, state.failures, now);
                    Ok(Attempted::Done)
                }
            }
        })?;
        self.count_failure(to, &ended, error);
        Ok(ended)
    }

    async fn fail_job(
        &self,
        to: &InstallationName,
        key: &Key,
        job: &str,
        claim: &Claim,
        error: &DeliveryError,
    ) -> Result<Attempted, MessagingError> {
        if let Some(kept) = self.not_tried(to, error) {
            self.unclaim(to, job, claim).await?;
            return Ok(kept);
        }
        let spread = rand::random::<f64>();
        let ended = transact!(&self.store, |txn| {
            let now = self.clock.now();
            let paused = txn.get(&queue::paused(to, job)).await?.is_some();
            let Some(mut row) = txn.get_as::<JobRow>(key).await? else {
                return Ok::<_, MessagingError>(Attempted::Done);
            };
            if !runs::owns(txn, to, job, claim).await? {
                // Somebody thought that it was lost, and has written that down.
                return Ok(runs::next(Some(&row), paused));
            }
            runs::release(txn, to, job);
            let again = self.record(&mut row.retry, error, now, spread);
            let outcome = if again.is_some() { RunOutcome::Failed } else { RunOutcome::GivenUp };
            let said = row.retry.failures.last().map(|f| f.error.clone());
            txn.append_as(queue::runs(to, job), &claim.ended(now, outcome, said));
            match again {
                Some(at) => {
                    row.retry.not_before = at;
                    txn.put_as(key.clone(), &row);
                    Ok(row.due(paused).map_or(Attempted::Done, Attempted::Retry))
                }
                None => {
                    let kind = Kind::Job { job: job.to_owned(), scheduled: claim.scheduled };
                    let event = jobs::event(to, job, claim.scheduled, now);
                    dead::bury(txn, to, QueueRow { kind, event }, std::mem::take(&mut row.retry.failures), now);
                    let next = jobs::after_run(&row, now);
                    txn.put_as(key.clone(), &next);
                    Ok(runs::next(Some(&next), paused))
                }
            }
        })?;
        self.count_failure(to, &ended, error);
        Ok(ended)
    }

    /// What becomes of a delivery that the app has not had its try at.
    fn not_tried(&self, to: &InstallationName, error: &DeliveryError) -> Option<Attempted> {
        match error {
            DeliveryError::NotRunning => Some(Attempted::Parked),
            DeliveryError::Later(why) => {
                tracing::info!(installation = %to, why, "a delivery waits for the platform");
                // Spread out, so that what waited together does not come back together.
                let pause = STORE_TROUBLE_MILLIS + rand::random_range(0..=STORE_TROUBLE_MILLIS);
                Some(Attempted::Later(self.clock.now().plus_millis(pause)))
            }
            DeliveryError::Retry(_) | DeliveryError::Reject(_) => None,
        }
    }

    /// Adds a failure; answers when the next attempt is, or `None` when it is given up.
    fn record(&self, state: &mut RetryState, error: &DeliveryError, now: Timestamp, spread: f64) -> Option<Timestamp> {
        let attempt = u32::try_from(state.failures.len()).unwrap_or(u32::MAX).saturating_add(1);
        state.failures.push(Failure::new(now, attempt, &error.to_string()));
        let delay = match error {
            DeliveryError::Reject(_) => None,
            DeliveryError::Retry(_) | DeliveryError::Later(_) | DeliveryError::NotRunning => {
                self.config.retry.delay(attempt, spread)
            }
        }?;
        state.not_before = now.plus_millis(delay);
        Some(state.not_before)
    }

    fn count_failure(&self, to: &InstallationName, ended: &Attempted, error: &DeliveryError) {
        let given_up = !matches!(ended, Attempted::Retry(_));
        tracing::info!(installation = %to, %error, given_up, "a delivery failed");
        self.stats.update(to, |s| if given_up { s.dead += 1 } else { s.retried += 1 });
    }

    async fn job_due(&self, to: &InstallationName, job: &str) -> Result<Attempted, MessagingError> {
        let mut txn = Txn::new(self.store.clone());
        let paused = txn.get(&queue::paused(to, job)).await?.is_some();
        let row = txn.get_as::<JobRow>(&queue::job(to, job)).await?;
        Ok(runs::next(row.as_ref(), paused))
    }
}

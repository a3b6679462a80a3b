//! Jobs that run by the clock.

use crate::queue::{self, Asked, JobRow, RetryState};
use crate::runs::{self, Claim, Run};
use crate::{Messaging, MessagingError, ids};
use chrono::{DateTime, NaiveDateTime};
use serde::Serialize;
use yunlong_model::manifest::Job;
use yunlong_model::{Event, InstallationName, Timestamp};
use yunlong_store::{Direction, Txn};

/// Jobs are written in the time of Asia/Shanghai: UTC+8, without summer time since 1992.
const SHANGHAI_MILLIS: i64 = 8 * 3_600_000;

/// The first time after `after` that a cron pattern names; `None` for a pattern that is not one
/// or names no time (such as 30 February).
pub(crate) fn next_run(cron: &str, after: Timestamp) -> Option<Timestamp> {
    let cron: croner::Cron = cron.parse().ok()?;
    // To the second: a pattern has none, and a fraction would be carried into the answer.
    let local: NaiveDateTime =
        DateTime::from_timestamp_millis(after.0.div_euclid(1_000) * 1_000 + SHANGHAI_MILLIS)?.naive_utc();
    let next = cron.find_next_occurrence(&local, false).ok()?;
    Some(Timestamp(next.and_utc().timestamp_millis() - SHANGHAI_MILLIS))
}

/// A job as officials see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct JobState {
    /// Its name in the manifest.
    pub name: String,
    /// Its cron pattern, in Asia/Shanghai.
    pub cron: String,
    /// When it runs next; absent while it is paused.
    pub next: Option<Timestamp>,
    /// Who paused it.
    pub paused_by: Option<String>,
    /// Who asked for a run that has not begun.
    pub asked_by: Option<String>,
    /// Since when it is being run.
    pub running_since: Option<Timestamp>,
    /// Attempts of this run that failed.
    pub failures: u32,
    /// The last run that is over.
    pub last: Option<Run>,
}

/// The row after a run: the next time after *now*, so runs that were missed are run once.
pub(crate) fn after_run(row: &JobRow, now: Timestamp) -> JobRow {
    // A run that somebody asked for leaves the schedule as it is.
    let scheduled = if row.asked.is_some() && row.scheduled > now {
        row.scheduled
    } else {
        // A pattern that names no further time waits for ever; it was checked when it was scheduled.
        next_run(&row.cron, now.max(row.scheduled)).unwrap_or(Timestamp(i64::MAX))
    };
    JobRow { cron: row.cron.clone(), scheduled, retry: RetryState::default(), asked: None }
}

/// A run as an event, so that logs show both alike.
pub(crate) fn event(to: &InstallationName, job: &str, scheduled: Timestamp, now: Timestamp) -> Event {
    Event {
        id: ids::uuid_v7(now),
        source: "/platform/jobs".into(),
        topic: "city.job".into(),
        subject: Some(job.to_owned()),
        time: scheduled,
        key: Some(format!("{to}/{job}")),
        data: serde_json::json!({ "job": job, "scheduled": scheduled }),
    }
}

impl Messaging {
    /// Schedules exactly the jobs of a manifest: at installation, upgrade and start. A job whose
    /// pattern has not changed keeps its next run, so calling this again changes nothing; a run
    /// that was missed meanwhile is run once.
    ///
    /// # Errors
    /// [`MessagingError::Invalid`] for a cron pattern that names no time, [`MessagingError::Store`].
    pub async fn schedule_jobs(
        &self,
        txn: &mut Txn,
        installation: &InstallationName,
        jobs: &[Job],
    ) -> Result<(), MessagingError> {
        let rows = txn.scan(&queue::jobs(installation).children(), Direction::Ascending, 10_000).await?;
        for (key, _) in rows {
            let Some(name) = key.last_text() else { continue };
            if !jobs.iter().any(|j| j.name == name) {
                txn.delete(key);
                // A run that is under way finds its claim gone and commits nothing.
                runs::release(txn, installation, &name);
                txn.delete(queue::paused(installation, &name));
                for (run, _) in
                    txn.scan(&queue::runs(installation, &name).children(), Direction::Ascending, 1_000).await?
                {
                    txn.delete(run);
                }
            }
        }
        for job in jobs {
            self.schedule_job(txn, installation, job).await?;
        }
        Ok(())
    }

    /// Schedules one job, as [`Messaging::schedule_jobs`] does.
    ///
    /// # Errors
    /// As there.
    pub async fn schedule_job(
        &self,
        txn: &mut Txn,
        installation: &InstallationName,
        job: &Job,
    ) -> Result<(), MessagingError> {
        let key = queue::job(installation, &job.name);
        if txn.get_as::<JobRow>(&key).await?.is_some_and(|row| row.cron == job.cron) {
            return Ok(());
        }
        let scheduled = next_run(&job.cron, self.clock.now()).ok_or_else(|| {
            MessagingError::Invalid(format!("job `{}`: the pattern `{}` names no time", job.name, job.cron))
        })?;
        txn.put_as(key, &JobRow { cron: job.cron.clone(), scheduled, retry: RetryState::default(), asked: None });
        queue::mark(txn, installation);
        Ok(())
    }

    /// When a job runs next; `None` when it is not scheduled.
    ///
    /// # Errors
    /// [`MessagingError::Store`].
    pub async fn next_job_run(
        &self,
        installation: &InstallationName,
        job: &str,
    ) -> Result<Option<Timestamp>, MessagingError> {
        let mut txn = Txn::new(self.store.clone());
        Ok(txn.get_as::<JobRow>(&queue::job(installation, job)).await?.map(|row| row.scheduled))
    }

    /// The jobs of an installation, by name.
    ///
    /// # Errors
    /// [`MessagingError::Store`].
    pub async fn jobs(&self, installation: &InstallationName) -> Result<Vec<JobState>, MessagingError> {
        let now = self.clock.now();
        let rows = self.store.scan(&queue::jobs(installation).children(), Direction::Ascending, 10_000).await?;
        let mut all = Vec::with_capacity(rows.len());
        for entry in rows {
            let Some(name) = entry.key.last_text() else { continue };
            let row: JobRow = queue::parse(&entry.key, &entry.value)?;
            let mut txn = Txn::new(self.store.clone());
            let paused: Option<Asked> = txn.get_as(&queue::paused(installation, &name)).await?;
            let claim: Option<Claim> = txn.get_as(&queue::claim(installation, &name)).await?;
            let until: Option<Timestamp> = txn.get_as(&queue::beat(installation, &name)).await?;
            let alive = until.is_some_and(|until| until > now);
            all.push(JobState {
                next: row.due(paused.is_some()),
                paused_by: paused.map(|p| p.by),
                asked_by: row.asked.map(|a| a.by),
                running_since: claim.filter(|_| alive).map(|c| c.started),
                failures: u32::try_from(row.retry.failures.len()).unwrap_or(u32::MAX),
                last: self.job_runs(installation, &name, 1).await?.pop(),
                cron: row.cron,
                name,
            });
        }
        Ok(all)
    }

    /// Stages that a job runs as soon as there is a place, whatever the clock says, also when it waits
    /// after a failure; the schedule stays.
    ///
    /// # Errors
    /// [`MessagingError::UnknownJob`]; [`MessagingError::JobRuns`] when it is being run already.
    pub async fn run_job(
        &self,
        txn: &mut Txn,
        installation: &InstallationName,
        job: &str,
        by: &str,
    ) -> Result<(), MessagingError> {
        let now = self.clock.now();
        let key = queue::job(installation, job);
        let mut row = job_row(txn, &key, job).await?;
        let beat: Option<Timestamp> = txn.get_as(&queue::beat(installation, job)).await?;
        if beat.is_some_and(|until| until > now) {
            return Err(MessagingError::JobRuns(job.to_owned()));
        }
        row.asked = Some(Asked { by: by.to_owned(), at: now });
        row.retry.not_before = row.retry.not_before.min(now);
        txn.put_as(key, &row);
        queue::mark(txn, installation);
        Ok(())
    }

    /// Stages that a job is kept from running by the clock. A run that is under way ends as it would.
    ///
    /// # Errors
    /// [`MessagingError::UnknownJob`].
    pub async fn pause_job(
        &self,
        txn: &mut Txn,
        installation: &InstallationName,
        job: &str,
        by: &str,
    ) -> Result<(), MessagingError> {
        job_row(txn, &queue::job(installation, job), job).await?;
        let key = queue::paused(installation, job);
        if txn.get(&key).await?.is_none() {
            txn.put_as(key, &Asked { by: by.to_owned(), at: self.clock.now() });
            queue::mark(txn, installation);
        }
        Ok(())
    }

    /// Stages that a paused job runs by the clock again, from its next time on: what it missed is not
    /// run.
    ///
    /// # Errors
    /// [`MessagingError::UnknownJob`].
    pub async fn resume_job(
        &self,
        txn: &mut Txn,
        installation: &InstallationName,
        job: &str,
    ) -> Result<(), MessagingError> {
        let now = self.clock.now();
        let key = queue::job(installation, job);
        let row = job_row(txn, &key, job).await?;
        let pause = queue::paused(installation, job);
        if txn.get(&pause).await?.is_some() {
            txn.delete(pause);
            if row.scheduled <= now {
                txn.put_as(key, &after_run(&row, now));
            }
            queue::mark(txn, installation);
        }
        Ok(())
    }
}

async fn job_row(txn: &mut Txn, key: &yunlong_store::Key, job: &str) -> Result<JobRow, MessagingError> {
    let unknown = || MessagingError::UnknownJob(job.chars().take(100).collect());
    txn.get_as::<JobRow>(key).await?.ok_or_else(unknown)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(s: &str) -> Timestamp {
        Timestamp(s.parse::<jiff::Timestamp>().unwrap().as_millisecond())
    }

    #[test]
    fn patterns_are_read_in_shanghai() {
        // 03:00 in Shanghai is 19:00 UTC of the day before.
        assert_eq!(next_run("0 3 * * *", at("2026-10-01T00:00:00Z")), Some(at("2026-10-01T19:00:00Z")));
        assert_eq!(next_run("0 3 * * *", at("2026-10-01T18:59:59.999Z")), Some(at("2026-10-01T19:00:00Z")));
    }

    #[test]
    fn the_next_run_is_after_the_given_time_not_at_it() {
        assert_eq!(next_run("*/5 * * * *", at("2026-10-01T00:05:00Z")), Some(at("2026-10-01T00:10:00Z")));
        assert_eq!(next_run("*/5 * * * *", at("2026-10-01T00:04:59.001Z")), Some(at("2026-10-01T00:05:00Z")));
    }

    #[test]
    fn what_names_no_time_has_no_next_run() {
        assert_eq!(next_run("never", at("2026-10-01T00:00:00Z")), None);
        assert_eq!(next_run("0 0 30 2 *", at("2026-10-01T00:00:00Z")), None);
    }
}

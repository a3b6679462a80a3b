//! Jobs that run by the clock.

use crate::queue::{self, JobRow, RetryState};
use crate::{Messaging, MessagingError};
use chrono::{DateTime, NaiveDateTime};
use yunlong_model::manifest::Job;
use yunlong_model::{InstallationName, Timestamp};
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
            if !key.last_text().is_some_and(|name| jobs.iter().any(|j| j.name == name)) {
                txn.delete(key);
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
        txn.put_as(key, &JobRow { cron: job.cron.clone(), scheduled, retry: RetryState::default() });
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

//! Jobs and dead letters: what officials do with them. Each is one commit with its row of the audit
//! trail.

use super::{OperationError, Operations};
use yunlong_model::InstallationName;
use yunlong_store::transact;

/// What is done with one job or one letter.
#[derive(Clone, Copy)]
enum Act {
    RunJob,
    PauseJob,
    ResumeJob,
    Redrive,
    Discard,
}

impl Act {
    /// Its name in the audit trail.
    fn name(self) -> &'static str {
        match self {
            Self::RunJob => "job.run",
            Self::PauseJob => "job.paused",
            Self::ResumeJob => "job.resumed",
            Self::Redrive => "dead-letter.redriven",
            Self::Discard => "dead-letter.discarded",
        }
    }
}

impl Operations {
    /// Runs a job now, whatever the clock says.
    ///
    /// # Errors
    /// [`OperationError::Messaging`]: there is no such job, or it is being run.
    pub async fn run_job(&self, name: &InstallationName, job: &str, by: &str) -> Result<(), OperationError> {
        self.recorded(Act::RunJob, name, job, by).await
    }

    /// Keeps a job from running by the clock.
    ///
    /// # Errors
    /// [`OperationError::Messaging`].
    pub async fn pause_job(&self, name: &InstallationName, job: &str, by: &str) -> Result<(), OperationError> {
        self.recorded(Act::PauseJob, name, job, by).await
    }

    /// Lets a paused job run by the clock again.
    ///
    /// # Errors
    /// [`OperationError::Messaging`].
    pub async fn resume_job(&self, name: &InstallationName, job: &str, by: &str) -> Result<(), OperationError> {
        self.recorded(Act::ResumeJob, name, job, by).await
    }

    /// Delivers a dead letter again.
    ///
    /// # Errors
    /// [`OperationError::Messaging`]: there is no such letter.
    pub async fn redrive(&self, name: &InstallationName, id: &str, by: &str) -> Result<(), OperationError> {
        self.recorded(Act::Redrive, name, id, by).await
    }

    /// Delivers all dead letters again that are there now, and answers how many.
    ///
    /// # Errors
    /// [`OperationError::Messaging`].
    pub async fn redrive_all(&self, name: &InstallationName, by: &str) -> Result<usize, OperationError> {
        let (installations, messaging) = (&self.services.installations, &self.services.messaging);
        // Those that are there now; one that fails again stays.
        let Some(newest) = messaging.dead_letters(name, None, 1).await?.pop() else { return Ok(0) };
        let mut all = 0;
        loop {
            let some: Result<usize, OperationError> = transact!(&self.services.store, |txn| {
                let some = messaging.redrive_some(txn, name, &newest.id).await?;
                if some > 0 {
                    let (action, count) = ("dead-letters.redriven", some.to_string());
                    installations.stage_record(txn, by, action, name.as_str(), &count).await?;
                }
                Ok(some)
            });
            match some? {
                0 => return Ok(all),
                some => all += some,
            }
        }
    }

    /// Removes a dead letter for good.
    ///
    /// # Errors
    /// [`OperationError::Messaging`]: there is no such letter.
    pub async fn discard(&self, name: &InstallationName, id: &str, by: &str) -> Result<(), OperationError> {
        self.recorded(Act::Discard, name, id, by).await
    }

    async fn recorded(&self, act: Act, name: &InstallationName, what: &str, by: &str) -> Result<(), OperationError> {
        let messaging = &self.services.messaging;
        transact!(&self.services.store, |txn| {
            match act {
                Act::RunJob => messaging.run_job(txn, name, what, by).await?,
                Act::PauseJob => messaging.pause_job(txn, name, what, by).await?,
                Act::ResumeJob => messaging.resume_job(txn, name, what).await?,
                Act::Redrive => messaging.redrive(txn, name, what).await?,
                Act::Discard => messaging.discard(txn, name, what).await?,
            }
            self.services.installations.stage_record(txn, by, act.name(), name.as_str(), what).await?;
            Ok(())
        })
    }
}

//! Jobs and dead letters: what officials do with them, written down in the audit trail.

use super::{OperationError, Operations};
use yunlong_model::InstallationName;

impl Operations {
    /// Runs a job now, whatever the clock says.
    ///
    /// # Errors
    /// [`OperationError::Messaging`]: there is no such job, or it is being run.
    pub async fn run_job(&self, name: &InstallationName, job: &str, by: &str) -> Result<(), OperationError> {
        self.services.messaging.run_job(name, job, by).await?;
        self.record(by, "job.run", name, job).await
    }

    /// Keeps a job from running by the clock.
    ///
    /// # Errors
    /// [`OperationError::Messaging`].
    pub async fn pause_job(&self, name: &InstallationName, job: &str, by: &str) -> Result<(), OperationError> {
        self.services.messaging.pause_job(name, job, by).await?;
        self.record(by, "job.paused", name, job).await
    }

    /// Lets a paused job run by the clock again.
    ///
    /// # Errors
    /// [`OperationError::Messaging`].
    pub async fn resume_job(&self, name: &InstallationName, job: &str, by: &str) -> Result<(), OperationError> {
        self.services.messaging.resume_job(name, job).await?;
        self.record(by, "job.resumed", name, job).await
    }

    /// Delivers a dead letter again.
    ///
    /// # Errors
    /// [`OperationError::Messaging`]: there is no such letter.
    pub async fn redrive(&self, name: &InstallationName, id: &str, by: &str) -> Result<(), OperationError> {
        self.services.messaging.redrive(name, id).await?;
        self.record(by, "dead-letter.redriven", name, id).await
    }

    /// Delivers all dead letters again that are there now, and answers how many.
    ///
    /// # Errors
    /// [`OperationError::Messaging`].
    pub async fn redrive_all(&self, name: &InstallationName, by: &str) -> Result<usize, OperationError> {
        let redriven = self.services.messaging.redrive_all(name).await?;
        if redriven > 0 {
            self.record(by, "dead-letters.redriven", name, &redriven.to_string()).await?;
        }
        Ok(redriven)
    }

    /// Removes a dead letter for good.
    ///
    /// # Errors
    /// [`OperationError::Messaging`]: there is no such letter.
    pub async fn discard(&self, name: &InstallationName, id: &str, by: &str) -> Result<(), OperationError> {
        self.services.messaging.discard(name, id).await?;
        self.record(by, "dead-letter.discarded", name, id).await
    }

    async fn record(
        &self,
        by: &str,
        action: &str,
        name: &InstallationName,
        detail: &str,
    ) -> Result<(), OperationError> {
        Ok(self.services.installations.record(by, action, name.as_str(), detail).await?)
    }
}

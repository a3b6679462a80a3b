//! What is done as soon as there is something to do: changes are told, bulk jobs walk on.

use crate::{Hub, HubError};
use std::time::Duration;
use tokio::sync::watch;

/// Changes that come together are told together.
const GATHER: Duration = Duration::from_millis(200);
/// A step that failed is taken again after this.
const AGAIN: Duration = Duration::from_secs(10);

impl Hub {
    pub(crate) async fn run_work(&self, mut stop: watch::Receiver<bool>) {
        let mut commits = self.inner.store.watch();
        loop {
            // Seen before the work, so that what is committed meanwhile is not missed.
            commits.borrow_and_update();
            let done = tokio::select! {
                _ = stop.wait_for(|stop| *stop) => return,
                done = self.work() => done,
            };
            if let Err(error) = done {
                tracing::warn!(%error, "changes or bulk jobs were not done: they are tried again");
            }
            let more = async {
                // An error means that the store is closing: the clock below goes on until the stop.
                if commits.changed().await.is_err() {
                    std::future::pending::<()>().await;
                }
                tokio::time::sleep(GATHER).await;
            };
            tokio::select! {
                _ = stop.wait_for(|stop| *stop) => return,
                () = more => {}
                () = self.inner.sharing.work.notified() => {}
                () = tokio::time::sleep(AGAIN) => {}
            }
        }
    }

    /// Does all that is to be done now: tells every change, and takes bulk jobs to their end.
    /// [`Hub::run`] calls it; tests do, too.
    ///
    /// # Errors
    /// When the store, the audit or messaging fails; what is left is done by the next call.
    pub async fn work(&self) -> Result<(), HubError> {
        while self.tell_changes().await? | self.run_jobs().await? {
            // The runtime has other things to do as well.
            tokio::task::yield_now().await;
        }
        Ok(())
    }

    /// Writes down how many denials were repetitions, of those whose minute is over.
    pub(crate) async fn write_denials(&self) -> Result<(), HubError> {
        let due = self.inner.sharing.denials.due(self.inner.now());
        if !due.is_empty() {
            self.inner.audit.record(due).await?;
        }
        Ok(())
    }
}

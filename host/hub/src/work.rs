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
            // What failed was logged by its name, and is tried again.
            drop(done);
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
        loop {
            // Neither waits for the other, nor a dataset or a job for another one that fails.
            let (told, walked) = (self.tell_changes().await, self.run_jobs().await);
            let more = [&told, &walked].into_iter().any(|done| matches!(done, Ok(true)));
            if !more {
                return told.and(walked).map(drop);
            }
            // The runtime has other things to do as well.
            tokio::task::yield_now().await;
        }
    }

    /// Writes down how many denials were repetitions, of those whose minute is over.
    pub(crate) async fn write_denials(&self) -> Result<(), HubError> {
        let due = self.inner.sharing.denials.due(self.inner.now());
        if due.is_empty() {
            return Ok(());
        }
        let done = self.inner.audit.record(due.clone()).await;
        if done.is_err() {
            self.inner.sharing.denials.keep(due);
        }
        Ok(done?)
    }
}

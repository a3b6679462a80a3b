//! What an app publishes, written down: an imaginary installation that hears all of it.

use async_trait::async_trait;
use parking_lot::Mutex;
use std::sync::Arc;
use yunlong_messaging::{Deliver, Delivery, DeliveryError};
use yunlong_model::{Event, InstallationName};
use yunlong_runtime::Runtime;
use yunlong_store::Txn;

/// The name of who hears all.
pub(crate) const LISTENER: &str = "scenario-listener";

/// Hands deliveries to the runtime, but for the listener's, which it keeps.
pub(crate) struct Recorder {
    pub(crate) runtime: Arc<Runtime>,
    pub(crate) listener: InstallationName,
    pub(crate) heard: Mutex<Vec<Event>>,
}

impl Recorder {
    /// What was published so far and is due, in the order of the commits.
    pub(crate) fn heard(&self) -> Vec<Event> {
        self.heard.lock().clone()
    }
}

#[async_trait]
impl Deliver for Recorder {
    async fn deliver(&self, to: &InstallationName, delivery: Delivery, txn: &mut Txn) -> Result<(), DeliveryError> {
        if *to != self.listener {
            return self.runtime.deliver(to, delivery, txn).await;
        }
        let mut heard = self.heard.lock();
        // A commit that met a conflict delivers again.
        if !heard.iter().any(|e| e.id == delivery.event.id && e.source == delivery.event.source) {
            heard.push(delivery.event);
        }
        Ok(())
    }

    fn ready(&self, to: &InstallationName) -> bool {
        *to == self.listener || self.runtime.ready(to)
    }
}

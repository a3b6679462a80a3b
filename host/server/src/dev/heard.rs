//! What the app published lately, written down by a listener that is no installation.

use async_trait::async_trait;
use parking_lot::Mutex;
use std::collections::VecDeque;
use std::sync::Arc;
use yunlong_messaging::{Deliver, Delivery, DeliveryError};
use yunlong_model::{Event, InstallationName};
use yunlong_runtime::Runtime;
use yunlong_store::Txn;

/// The name of who hears all.
pub(super) const LISTENER: &str = "dev-listener";
/// Events that are kept.
const KEPT: usize = 200;

/// Hands deliveries to the runtime, but for the listener's, which it keeps.
pub(super) struct Heard {
    runtime: Arc<Runtime>,
    listener: InstallationName,
    events: Mutex<VecDeque<Event>>,
}

impl Heard {
    pub(super) fn new(runtime: Arc<Runtime>, listener: InstallationName) -> Self {
        Self { runtime, listener, events: Mutex::default() }
    }

    /// The last events, newest first.
    pub(super) fn events(&self) -> Vec<Event> {
        self.events.lock().iter().rev().cloned().collect()
    }
}

#[async_trait]
impl Deliver for Heard {
    async fn deliver(&self, to: &InstallationName, delivery: Delivery, txn: &mut Txn) -> Result<(), DeliveryError> {
        if *to != self.listener {
            return self.runtime.deliver(to, delivery, txn).await;
        }
        let mut events = self.events.lock();
        // A commit that met a conflict delivers again.
        if !events.iter().any(|e| e.id == delivery.event.id && e.source == delivery.event.source) {
            if events.len() == KEPT {
                events.pop_front();
            }
            events.push_back(delivery.event);
        }
        Ok(())
    }

    fn ready(&self, to: &InstallationName) -> bool {
        *to == self.listener || self.runtime.ready(to)
    }
}

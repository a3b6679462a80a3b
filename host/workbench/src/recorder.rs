//! What an app publishes, written down: an imaginary installation that hears all of it.

use async_trait::async_trait;
use parking_lot::Mutex;
use std::collections::HashSet;
use std::sync::Arc;
use yunlong_messaging::{Deliver, Delivery, DeliveryError};
use yunlong_model::{Event, InstallationName};
use yunlong_runtime::Runtime;
use yunlong_store::Txn;

/// The name of who hears all.
pub(crate) const LISTENER: &str = "scenario-listener";

/// Bytes of events that are kept: an app whose messages lead to messages would fill the machine.
const MOST_BYTES: usize = 64 << 20;

/// What was heard.
#[derive(Default)]
pub(crate) struct Heard {
    events: Vec<Event>,
    known: HashSet<(String, String)>,
    bytes: usize,
}

/// Hands deliveries to the runtime, but for the listener's, which it keeps.
pub(crate) struct Recorder {
    pub(crate) runtime: Arc<Runtime>,
    pub(crate) listener: InstallationName,
    pub(crate) heard: Mutex<Heard>,
}

impl Recorder {
    /// What was published so far and is due, in the order of the commits.
    pub(crate) fn heard(&self) -> Vec<Event> {
        self.heard.lock().events.clone()
    }

    /// Whether more was published than is kept.
    pub(crate) fn is_full(&self) -> bool {
        self.heard.lock().bytes > MOST_BYTES
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
        let event = delivery.event;
        if heard.bytes <= MOST_BYTES && heard.known.insert((event.source.clone(), event.id.clone())) {
            heard.bytes += event.data.to_string().len() + event.id.len() + event.source.len();
            heard.events.push(event);
        }
        Ok(())
    }

    fn ready(&self, to: &InstallationName) -> bool {
        *to == self.listener || self.runtime.ready(to)
    }
}

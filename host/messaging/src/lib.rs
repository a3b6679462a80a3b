//! Durable topics, consumers, delays, dead letters, jobs and notifications.
//!
//! Publishing stages rows in the publisher's own [`Txn`](yunlong_store::Txn): one row in the queue
//! of each subscriber, in the same commit as the publisher's data, so an event exists if and only
//! if its cause does. The [`Dispatcher`] takes rows from the queues and hands them to a
//! [`Deliver`] together with a transaction in which the row is removed already: what the consumer
//! writes there commits with the acknowledgment, hence at-least-once delivery has its effect
//! exactly once.
//!
//! Order: events of one key reach one installation in the order of their commits, also across
//! retries: while the first of a key waits for its next attempt, the others of that key wait
//! behind it and other keys go on. A delayed event takes its place in the order when it falls due.
//!
//! This crate keeps nothing in memory that it could not read again: a dispatcher can be dropped at
//! any point and a new one goes on.
//!
//! **Key space.** `(installation,"q",…)` the incoming queue: `"r"` ready rows (in the order of
//! commits), `"w"` delayed rows by due time, `"s"` the failures of rows that wait for a retry, `"j"`
//! jobs, `"p"` those that are paused, `"c"` and `"b"` who runs one now, `"h"` its last runs; `(installation,"dead",id)` dead letters; `(installation,"once",topic,key)` deduplication
//! keys; `(@messaging,"queue",installation)` a marker whose version says that a queue changed;
//! `(@messaging,"closed",installation)` that an installation was removed;
//! `(@messaging,"inbox",account)` notes to people.
#![deny(missing_docs)]

mod config;
mod dead;
mod deliver;
mod dispatcher;
mod error;
mod ids;
mod inbox;
mod jobs;
mod lanes;
mod publish;
mod queue;
mod removal;
mod runs;
mod schemas;
mod stats;

pub use config::{Config, RetryPolicy};
pub use dead::{DeadLetter, Failure};
pub use deliver::{Deliver, Delivery, DeliveryError, Kind};
pub use dispatcher::{Dispatcher, Progress};
pub use error::MessagingError;
pub use inbox::{InboxPage, Note, Notice};
pub use jobs::JobState;
pub use publish::{MAX_DATA, Outgoing};
pub use removal::Delayed;
pub use runs::{Run, RunOutcome};
pub use stats::QueueStats;

use parking_lot::Mutex;
use std::sync::Arc;
use yunlong_model::{Clock, InstallationName, Manifest};
use yunlong_sealing::Keyring;
use yunlong_store::SharedStore;

/// What messaging must know about installations; the server answers from the list of
/// installations and their grants.
pub trait Subscriptions: Send + Sync + 'static {
    /// The manifest of an installation, running or not; `None` when there is no such installation.
    fn manifest(&self, installation: &InstallationName) -> Option<Arc<Manifest>>;

    /// The installations that consume `topic` of `source`, the source itself among them when it
    /// consumes its own topic. Only those whose department granted it.
    fn subscribers(&self, source: &InstallationName, topic: &str) -> Vec<InstallationName>;
}

/// The messaging service.
pub struct Messaging {
    store: SharedStore,
    clock: Arc<dyn Clock>,
    registry: Arc<dyn Subscriptions>,
    config: Config,
    schemas: schemas::SchemaCache,
    stats: stats::Stats,
    woken: Mutex<Vec<InstallationName>>,
    /// Attempts under way, the commit included.
    attempts: Mutex<removal::Attempts>,
    wake: tokio::sync::Notify,
    fields: Option<Arc<Keyring>>,
}

impl Messaging {
    /// A service with the default [`Config`].
    #[must_use]
    pub fn new(store: SharedStore, clock: Arc<dyn Clock>, registry: Arc<dyn Subscriptions>) -> Self {
        Self::with_config(store, clock, registry, Config::default())
    }

    /// A service with other limits.
    #[must_use]
    pub fn with_config(
        store: SharedStore,
        clock: Arc<dyn Clock>,
        registry: Arc<dyn Subscriptions>,
        config: Config,
    ) -> Self {
        Self {
            store,
            clock,
            registry,
            config,
            schemas: schemas::SchemaCache::default(),
            stats: stats::Stats::default(),
            woken: Mutex::default(),
            attempts: Mutex::default(),
            wake: tokio::sync::Notify::new(),
            fields: None,
        }
    }

    /// The same, with the keys that notes to people are sealed with at rest.
    #[must_use]
    pub fn with_fields(self, fields: Arc<Keyring>) -> Self {
        Self { fields: Some(fields), ..self }
    }

    /// Delivers again to an installation that answered [`DeliveryError::NotRunning`]: called when
    /// it has been started, so that its queue need not wait for [`Config::parked_millis`].
    pub fn wake(&self, installation: &InstallationName) {
        self.woken.lock().push(installation.clone());
        self.wake.notify_one();
    }

    /// Figures of each queue that the dispatcher has seen, by installation.
    #[must_use]
    pub fn stats(&self) -> Vec<QueueStats> {
        self.stats.all()
    }
}

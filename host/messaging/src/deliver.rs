//! What takes a delivery, and one attempt at it.

use crate::Failure;
use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use yunlong_model::{Event, InstallationName, Timestamp};
use yunlong_store::Txn;

/// What is delivered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Kind {
    /// An event, to the consumer.
    Event,
    /// A job that fell due.
    Job {
        /// The job's name.
        job: String,
        /// When it fell due. Runs that were missed are run once, at the time of the first one.
        scheduled: Timestamp,
    },
}

/// One delivery.
#[derive(Clone, Debug, PartialEq)]
pub struct Delivery {
    /// Whether it goes to the consumer or to the jobs.
    pub kind: Kind,
    /// The event. A job has one as well, of topic `city.job`, so that logs show both alike.
    pub event: Event,
    /// 1 for the first attempt. Runs that were repeated because of a conflict do not count.
    pub attempt: u32,
}

/// Why a delivery failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DeliveryError {
    /// Try again later.
    #[error("{0}")]
    Retry(String),
    /// It will never succeed.
    #[error("{0}")]
    Reject(String),
    /// The platform was too busy or failed by itself: come again, and count no attempt, since the
    /// app has not had its try.
    #[error("{0}")]
    Later(String),
    /// The installation is stopped or not loaded: keep it, and count no attempt.
    #[error("the installation is not running")]
    NotRunning,
}

/// Takes deliveries: the runtime.
#[async_trait]
pub trait Deliver: Send + Sync + 'static {
    /// Handles one delivery. What is staged in `txn` commits together with the acknowledgment,
    /// which is staged there already; the caller commits, and not at all after an error.
    ///
    /// A taker that needs to own the transaction for a while may swap an empty one in and must
    /// swap it back before it answers `Ok`; otherwise the delivery counts as failed.
    async fn deliver(&self, to: &InstallationName, delivery: Delivery, txn: &mut Txn) -> Result<(), DeliveryError>;

    /// Whether it would take a delivery: asked before a job is claimed, so that those of a stopped
    /// installation cost no commits.
    fn ready(&self, _to: &InstallationName) -> bool {
        true
    }
}

/// What became of an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Attempted {
    /// The row is gone: acknowledged, made a dead letter, or removed by somebody else.
    Done,
    /// A job was done; this is when it falls due next.
    Next(Timestamp),
    /// The attempt failed and comes again.
    Retry(Timestamp),
    /// The store failed or the platform was busy: come again, and count nothing.
    Later(Timestamp),
    /// The installation is not running.
    Parked,
}

/// At most this many characters of an error are kept.
pub(crate) const MAX_ERROR: usize = 2_000;

impl Failure {
    pub(crate) fn new(at: Timestamp, attempt: u32, error: &str) -> Self {
        Self { at, attempt, error: error.chars().take(MAX_ERROR).collect() }
    }
}

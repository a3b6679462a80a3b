//! Events between apps, and notes to people. Both are staged in a transaction
//! ([`Tx::publish`](crate::Tx::publish), [`Tx::notify`](crate::Tx::notify)): they exist if and
//! only if it commits.

use crate::payments::PaymentOutcome;
use crate::{Failure, Text};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// The topic of the events by which the platform reports what became of a payment.
pub const PAYMENTS_TOPIC: &str = "city.payments";

/// An event to publish. Id, source and time are the host's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outgoing {
    /// A topic that `app.toml` declares under `[[publishes]]`.
    pub topic: String,
    /// What the event is about, such as an order's number.
    pub subject: Option<String>,
    /// The ordering key: events with one key arrive in the order of their commits.
    pub key: Option<String>,
    /// The payload, JSON text of at most 256 KiB.
    pub data: String,
    /// Not to be delivered before this time (ms since 1970): the way to let a hold expire.
    pub not_before: Option<u64>,
    /// Publishing twice with one deduplication key publishes once.
    pub deduplication_key: Option<String>,
}

impl Outgoing {
    /// An event of `topic` with `data` as JSON.
    ///
    /// Data that has no JSON form (a map with keys that are not text) becomes `null`, which the
    /// host refuses where the topic has a schema.
    #[must_use]
    pub fn new(topic: &str, data: &impl Serialize) -> Self {
        let data = serde_json::to_string(data).unwrap_or_else(|_| "null".to_owned());
        Self { topic: topic.to_owned(), subject: None, key: None, data, not_before: None, deduplication_key: None }
    }

    /// What the event is about.
    #[must_use]
    pub fn subject(mut self, subject: impl Into<String>) -> Self {
        self.subject = Some(subject.into());
        self
    }

    /// The ordering key.
    #[must_use]
    pub fn key(mut self, key: impl Into<String>) -> Self {
        self.key = Some(key.into());
        self
    }

    /// Not to be delivered before `time` (ms since 1970).
    #[must_use]
    pub fn not_before(mut self, time: u64) -> Self {
        self.not_before = Some(time);
        self
    }

    /// Publishes once for this deduplication key.
    #[must_use]
    pub fn once(mut self, deduplication_key: impl Into<String>) -> Self {
        self.deduplication_key = Some(deduplication_key.into());
        self
    }
}

/// A note to a person, shown in their inbox on the portal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notification {
    /// The pairwise subject of the person, as this installation knows them.
    pub recipient: String,
    /// The title.
    pub title: Text,
    /// The text.
    pub body: Text,
    /// A path of this app that the note leads to.
    pub path: Option<String>,
}

impl Notification {
    /// A note without a link.
    #[must_use]
    pub fn new(recipient: impl Into<String>, title: Text, body: Text) -> Self {
        Self { recipient: recipient.into(), title, body, path: None }
    }

    /// The path of this app that the note leads to.
    #[must_use]
    pub fn path(mut self, path: impl Into<String>) -> Self {
        self.path = Some(path.into());
        self
    }
}

/// An event as a consumer gets it: the attributes of CloudEvents 1.0.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Unique for its source. The same id is the same event, delivered again.
    pub id: String,
    /// `/installations/<name>`, or `/platform/<service>` for the platform's own.
    pub source: String,
    /// The topic (the CloudEvents attribute `type`).
    pub topic: String,
    /// What the event is about.
    pub subject: Option<String>,
    /// When it was published (ms since 1970).
    pub time: u64,
    /// The ordering key.
    pub key: Option<String>,
    /// The payload, JSON text.
    pub data: String,
    /// 1 for the first delivery, 2 for the next.
    pub attempt: u32,
}

impl Event {
    /// The payload as a `T`.
    ///
    /// # Errors
    /// [`Failure::Reject`] when it is not one: another attempt would not help.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, Failure> {
        serde_json::from_str(&self.data).map_err(|e| Failure::Reject(format!("{} {}: {e}", self.topic, self.id)))
    }

    /// What became of a payment, when this is an event of the platform's payments.
    ///
    /// # Errors
    /// [`Failure::Reject`] when the payload is not what the contract says.
    pub fn payment(&self) -> Result<Option<PaymentOutcome>, Failure> {
        if self.topic == PAYMENTS_TOPIC { self.json().map(Some) } else { Ok(None) }
    }
}

/// Why publishing failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MessagingError {
    /// `app.toml` declares no such topic, or no department granted it.
    #[error("topic not declared or not granted: {0}")]
    Undeclared(String),
    /// The payload breaks the topic's schema, or something is too long.
    #[error("invalid event: {0}")]
    Invalid(String),
    /// The recipient is nobody whom this installation knows.
    #[error("unknown recipient")]
    UnknownRecipient,
    /// The transaction is closed.
    #[error("the transaction is closed")]
    Closed,
    /// Anything else, in words.
    #[error("{0}")]
    Other(String),
}

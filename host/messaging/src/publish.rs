//! Publishing, always inside a transaction.

use crate::queue::{self, QueueRow};
use crate::{Kind, Messaging, MessagingError, ids};
use std::sync::Arc;
use yunlong_model::{Event, InstallationName, Manifest, Timestamp, topics};
use yunlong_store::Txn;

/// The largest payload in bytes of JSON text.
pub const MAX_DATA: usize = 256 * 1024;
/// The longest subject, key or deduplication key in bytes.
const MAX_WORD: usize = 256;
const HOUR: i64 = 3_600_000;

/// An event to publish. Id, source and time are the service's.
#[derive(Clone, Debug, PartialEq)]
pub struct Outgoing {
    /// A topic that the manifest declares under `publishes`.
    pub topic: String,
    /// What the event is about: 1 to 256 bytes.
    pub subject: Option<String>,
    /// The ordering key: 1 to 256 bytes.
    pub key: Option<String>,
    /// The payload, at most [`MAX_DATA`] bytes as text.
    pub data: serde_json::Value,
    /// Not to be delivered before this time.
    pub not_before: Option<Timestamp>,
    /// Publishing twice with one deduplication key (within a source and topic) publishes once:
    /// 1 to 256 bytes, kept as long as the installation.
    pub deduplication_key: Option<String>,
}

impl Messaging {
    /// Stages an event for every subscriber and answers its id; with a deduplication key that was
    /// used before, the id of the first event, and stages nothing.
    ///
    /// The event exists if and only if `txn` commits.
    ///
    /// # Errors
    /// [`MessagingError::Undeclared`] for a topic that the manifest does not publish,
    /// [`MessagingError::Invalid`] for a payload that breaks the topic's schema or is too large
    /// and for words that are empty or too long, [`MessagingError::Store`].
    pub async fn publish(
        &self,
        txn: &mut Txn,
        source: &InstallationName,
        event: Outgoing,
    ) -> Result<String, MessagingError> {
        let manifest = self.registry.manifest(source).ok_or_else(|| MessagingError::Undeclared(event.topic.clone()))?;
        self.publish_as(txn, source, &manifest, event).await
    }

    /// As [`Messaging::publish`], for the release of an installation that declares `manifest`: beside
    /// the one in charge there may be a canary with other topics.
    ///
    /// # Errors
    /// As there.
    pub async fn publish_as(
        &self,
        txn: &mut Txn,
        source: &InstallationName,
        manifest: &Arc<Manifest>,
        event: Outgoing,
    ) -> Result<String, MessagingError> {
        let validator = self.schemas.validator(source, manifest, &event.topic)?;
        check_word("subject", event.subject.as_deref())?;
        check_word("key", event.key.as_deref())?;
        check_word("deduplication key", event.deduplication_key.as_deref())?;
        check_size(&event.data)?;
        if let Some(schema) = validator {
            let validator = schema.for_value(&event.data).ok_or_else(|| {
                MessagingError::Invalid(format!(
                    "the payload is too large for the schema of topic `{}`: simplify the schema or send less",
                    event.topic
                ))
            })?;
            let first = validator.iter_errors(&event.data).next().map(|e| {
                let at = e.instance_path().to_string();
                format!(
                    "the payload breaks the schema of topic `{}` at `{}`: {e}",
                    event.topic,
                    if at.is_empty() { "/" } else { &at }
                )
            });
            if let Some(problem) = first {
                return Err(MessagingError::Invalid(problem));
            }
        }
        let now = self.clock.now();
        let id = ids::uuid_v7(now);
        if let Some(key) = &event.deduplication_key {
            let once = queue::once(source, &event.topic, key);
            if let Some(first) = txn.get_as::<String>(&once).await? {
                return Ok(first);
            }
            txn.put_as(once, &id);
        }
        let subscribers = self.registry.subscribers(source, &event.topic);
        let row = QueueRow {
            kind: Kind::Event,
            event: Event {
                id: id.clone(),
                source: format!("/installations/{source}"),
                topic: event.topic,
                subject: event.subject,
                time: now,
                key: event.key,
                data: event.data,
            },
        };
        for to in subscribers {
            queue::enqueue(txn, &to, &row, event.not_before.filter(|at| *at > now)).await?;
        }
        Ok(id)
    }

    /// Stages an event of a platform service for one installation and answers its id. The source
    /// is `/platform/<service>`. An installation that was removed gets nothing, and that is no error:
    /// a payment's callback may come after its app has gone.
    ///
    /// # Errors
    /// [`MessagingError::Invalid`] when something is empty or too long, [`MessagingError::Store`].
    pub async fn publish_platform(
        &self,
        txn: &mut Txn,
        to: &InstallationName,
        service: &str,
        event: Outgoing,
    ) -> Result<String, MessagingError> {
        let now = self.clock.now();
        self.stage_platform(txn, to, service, event, (ids::uuid_v7(now), now)).await
    }

    /// As [`Messaging::publish_platform`], of something that two installations must not recognize by its
    /// moment: the event's time is the full hour before, and its id tells no time and no order.
    ///
    /// # Errors
    /// As there.
    pub async fn publish_platform_undated(
        &self,
        txn: &mut Txn,
        to: &InstallationName,
        service: &str,
        event: Outgoing,
    ) -> Result<String, MessagingError> {
        let now = self.clock.now().0;
        let hour = Timestamp(now - now.rem_euclid(HOUR));
        self.stage_platform(txn, to, service, event, (ids::uuid_v4(), hour)).await
    }

    async fn stage_platform(
        &self,
        txn: &mut Txn,
        to: &InstallationName,
        service: &str,
        event: Outgoing,
        (id, time): (String, Timestamp),
    ) -> Result<String, MessagingError> {
        check_word("subject", event.subject.as_deref())?;
        check_word("key", event.key.as_deref())?;
        check_size(&event.data)?;
        // What the catalogue says of the platform's topics holds. A payment's outcome is not refused for it in a city.
        debug_assert_eq!(topics::breach(&event.topic, &event.data), None);
        let row = QueueRow {
            kind: Kind::Event,
            event: Event {
                id: id.clone(),
                source: format!("/platform/{service}"),
                topic: event.topic,
                subject: event.subject,
                time,
                key: event.key,
                data: event.data,
            },
        };
        let now = self.clock.now();
        queue::enqueue(txn, to, &row, event.not_before.filter(|at| *at > now)).await?;
        Ok(id)
    }
}

fn check_word(what: &str, word: Option<&str>) -> Result<(), MessagingError> {
    match word {
        Some(w) if w.is_empty() || w.len() > MAX_WORD => {
            Err(MessagingError::Invalid(format!("the {what} has {} bytes: 1 to {MAX_WORD} are possible", w.len())))
        }
        _ => Ok(()),
    }
}

fn check_size(data: &serde_json::Value) -> Result<(), MessagingError> {
    let bytes = data.to_string().len();
    if bytes > MAX_DATA {
        return Err(MessagingError::Invalid(format!("the payload has {bytes} bytes: at most {MAX_DATA} are possible")));
    }
    Ok(())
}

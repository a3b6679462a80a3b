//! Events in the shape of CloudEvents 1.0.

use crate::Timestamp;
use serde::{Deserialize, Serialize};

/// An event: the context attributes of CloudEvents 1.0 that differ from event to event, and JSON
/// data. `specversion` is `1.0` and `datacontenttype` is `application/json` for all of them, so that
/// neither is stored.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// Unique for its source.
    pub id: String,
    /// `/installations/<name>` or `/platform/<service>`.
    pub source: String,
    /// The topic; the CloudEvents attribute `type`.
    #[serde(rename = "type")]
    pub topic: String,
    /// What the event is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// When it was published.
    pub time: Timestamp,
    /// The ordering key (extension `partitionkey`).
    #[serde(default, rename = "partitionkey", skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// The payload.
    pub data: serde_json::Value,
}

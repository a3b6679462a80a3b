//! The topics of the platform itself: what it tells an installation, and what an event of each has in it.
//!
//! They need no declaration under `[[consumes]]`. The schemas stand in the city's catalogue of messages beside those
//! of the apps, and what the platform sends is held to them wherever it is tested.

use crate::Text;
use serde_json::{Value, json};

/// How a payment or a refund ended (`city:payments`).
pub const PAYMENTS: &str = "city.payments";
/// A record of shared data has changed (`city:data/shared`).
pub const HUB_CHANGED: &str = "city.hub.changed";
/// A job over shared data has ended (`city:data/shared`).
pub const HUB_JOB: &str = "city.hub.job";

/// A topic of the platform.
#[derive(Clone, Debug)]
pub struct PlatformTopic {
    /// Its name; all of them begin with `city.`, which no app's may.
    pub name: &'static str,
    /// The event's source, `/platform/<service>`.
    pub source: &'static str,
    /// What it tells, and who gets it.
    pub description: Text,
    /// The JSON Schema (2020-12) of the payload.
    pub schema: Value,
}

/// All topics of the platform, by name.
#[must_use]
pub fn platform() -> Vec<PlatformTopic> {
    vec![hub_changed(), hub_job(), payments()]
}

/// What is wrong with a payload of a topic of the platform, for its tests; `None` when nothing is, or when the topic
/// is none of the platform's.
#[must_use]
pub fn breach(topic: &str, data: &Value) -> Option<String> {
    let known = platform().into_iter().find(|t| t.name == topic)?;
    match jsonschema::validate(&known.schema, data) {
        Ok(()) => None,
        Err(e) => Some(format!("{topic} at `{}`: {e}", e.instance_path())),
    }
}

fn payments() -> PlatformTopic {
    PlatformTopic {
        name: PAYMENTS,
        source: "/platform/payments",
        description: Text {
            zh: "一笔付款或退款有了结果。平台只告诉发起它的应用；同一笔付款的消息按先后送达。".into(),
            en: "A payment or a refund has ended. Told to the app that asked for it, and to no other; what is about one payment arrives in its order."
                .into(),
        },
        schema: json!({
            "type": "object",
            "additionalProperties": false,
            "required": ["outcome", "intent", "reference", "amount", "refund", "reason"],
            "properties": {
                "outcome": {
                    "enum": ["captured", "failed", "cancelled", "refunded", "refund-failed"],
                    "description": "How it ended"
                },
                "intent": { "type": "string", "description": "The payment, as `create` answered it" },
                "reference": { "type": "string", "description": "The app's own number of the payment" },
                "amount": { "type": "integer", "minimum": 0, "description": "Fen; of the refund, if it is about one" },
                "refund": { "type": ["string", "null"], "description": "The app's own number of the refund" },
                "reason": { "type": ["string", "null"], "description": "Why it failed, in words" },
            },
        }),
    }
}

fn hub_changed() -> PlatformTopic {
    PlatformTopic {
        name: HUB_CHANGED,
        source: "/platform/hub",
        description: Text {
            zh: "共享数据的一条记录有了变化。只告诉获准跟踪该数据集变化的应用；写明哪些获准的字段变了，不写值。".into(),
            en: "A record of shared data has changed. Told to apps that were granted to follow the dataset; it names the granted fields that changed, and never a value."
                .into(),
        },
        schema: json!({
            "type": "object",
            "additionalProperties": false,
            "required": ["dataset", "purpose", "reference", "version", "fields", "ended"],
            "properties": {
                "dataset": { "type": "string", "description": "The dataset, such as `legal-entities.entity`" },
                "purpose": { "type": "string", "description": "The purpose that was granted" },
                "reference": { "type": "string", "description": "The record, as this installation is given it" },
                "version": {
                    "type": "integer", "minimum": 0,
                    "description": "The record's version since; 0 for one that was removed"
                },
                "fields": {
                    "type": "array", "items": { "type": "string" },
                    "description": "Which of the granted fields changed"
                },
                "ended": { "type": "boolean", "description": "Whether the record no longer holds or was removed" },
            },
        }),
    }
}

fn hub_job() -> PlatformTopic {
    PlatformTopic {
        name: HUB_JOB,
        source: "/platform/hub",
        description: Text {
            zh: "对共享数据的一次批量读取结束了。只告诉发起它的应用。".into(),
            en: "A job over shared data has ended. Told to the app that began it.".into(),
        },
        schema: json!({
            "type": "object",
            "additionalProperties": false,
            "required": ["job", "dataset", "purpose", "ready", "records", "pages", "failure"],
            "properties": {
                "job": { "type": "string", "description": "The job, as it was answered" },
                "dataset": { "type": "string", "description": "The dataset" },
                "purpose": { "type": "string", "description": "The purpose that was granted" },
                "ready": { "type": "boolean", "description": "Whether its pages can be read" },
                "records": { "type": "integer", "minimum": 0, "description": "How many records it has" },
                "pages": { "type": "integer", "minimum": 0, "description": "How many pages they are on" },
                "failure": { "type": ["string", "null"], "description": "Why it failed, in words" },
            },
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_topic_is_described_and_its_schema_is_one_that_an_app_could_have_written() {
        let all = platform();
        assert!(all.is_sorted_by_key(|t| t.name));
        for topic in &all {
            assert!(topic.name.starts_with("city.") && topic.source.starts_with("/platform/"), "{}", topic.name);
            crate::Schema::compile(&topic.schema).unwrap();
            let properties = topic.schema["properties"].as_object().unwrap();
            assert!(properties.values().all(|p| p["description"].is_string()), "{}", topic.name);
        }
    }

    #[test]
    fn a_payload_that_is_not_as_described_is_told_with_its_place() {
        let good = json!({
            "outcome": "refunded", "intent": "019a", "reference": "T-1", "amount": 100, "refund": "R-1", "reason": null,
        });
        assert_eq!(breach(PAYMENTS, &good), None);
        let mut bad = good;
        bad["amount"] = json!("100");
        assert!(breach(PAYMENTS, &bad).unwrap().contains("/amount"));
        assert_eq!(breach("order.paid", &json!({})), None, "an app's own");
    }
}

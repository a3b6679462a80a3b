//! What the double needs of `app.toml`, so that it refuses what the host would refuse.

use crate::identity::Attribute;
use crate::payments::PaymentError;
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;

/// The parts of `app.toml` that the double enforces. The rest is checked when it is packaged.
#[derive(Deserialize)]
pub(crate) struct Manifest {
    pub(crate) name: String,
    pub(crate) version: String,
    #[serde(default)]
    roles: Vec<Named>,
    #[serde(default)]
    pub(crate) collections: Vec<Collection>,
    #[serde(default)]
    pub(crate) counters: Vec<String>,
    #[serde(default)]
    pub(crate) files: Vec<super::files::Area>,
    #[serde(default)]
    publishes: Vec<Named>,
    #[serde(default)]
    consumes: Vec<Subscription>,
    #[serde(default)]
    scopes: Vec<Scope>,
    #[serde(default)]
    datasets: Vec<DatasetUse>,
    #[serde(default)]
    jobs: Vec<Named>,
    #[serde(default)]
    pub(crate) outbound: Vec<String>,
    payments: Option<Value>,
    config: Option<Value>,
}

#[derive(Deserialize)]
pub(crate) struct Collection {
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) indexes: Vec<Index>,
}

#[derive(Clone, Deserialize)]
pub(crate) struct Index {
    pub(crate) name: String,
    pub(crate) fields: Vec<String>,
    #[serde(default)]
    pub(crate) unique: bool,
}

#[derive(Deserialize)]
struct Named {
    name: String,
}

#[derive(Deserialize)]
struct Subscription {
    topic: String,
    from: Option<String>,
}

#[derive(Deserialize)]
struct Scope {
    name: String,
    attributes: Vec<String>,
}

/// A use of a dataset of the information hub.
#[derive(Deserialize)]
pub(crate) struct DatasetUse {
    dataset: String,
    purpose: String,
    basis: String,
    pub(crate) fields: Vec<String>,
    /// `own`, which is the default, `all`, or a table of divisions.
    rows: Option<Value>,
    #[serde(default = "reads")]
    pub(crate) access: Vec<String>,
    #[serde(default)]
    pub(crate) roles: Vec<String>,
}

fn reads() -> Vec<String> {
    vec!["get".to_owned()]
}

impl DatasetUse {
    /// The name of the consent that it rests on.
    pub(crate) fn consent(&self) -> Option<&str> {
        (self.basis == "consent").then_some(self.purpose.as_str())
    }

    /// Whether it is about the records of the person who asks alone.
    pub(crate) fn rows_are_own(&self) -> bool {
        self.rows.as_ref().is_none_or(|r| r == "own")
    }
}

impl Manifest {
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        toml::from_str(text).map_err(|e| e.to_string())
    }

    pub(crate) fn publishes(&self, topic: &str) -> bool {
        self.publishes.iter().any(|t| t.name == topic)
    }

    /// Whether an event of `source` reaches the app's own consumer.
    pub(crate) fn consumes(&self, topic: &str, source: &str) -> bool {
        let own = format!("/installations/{}", self.name);
        topic == crate::messaging::PAYMENTS_TOPIC
            || self.consumes.iter().any(|s| {
                s.topic == topic
                    && source == s.from.as_ref().map_or_else(|| own.clone(), |f| format!("/installations/{f}"))
            })
    }

    pub(crate) fn declares_role(&self, role: &str) -> bool {
        self.roles.iter().any(|r| r.name == role)
    }

    pub(crate) fn declares_job(&self, job: &str) -> bool {
        self.jobs.iter().any(|j| j.name == job)
    }

    pub(crate) fn dataset_use(&self, dataset: &str, purpose: &str) -> Option<&DatasetUse> {
        self.datasets.iter().find(|u| u.dataset == dataset && u.purpose == purpose)
    }

    /// Whether a person can consent to this: a scope, or the use of a dataset that rests on consent.
    pub(crate) fn asks_consent(&self, name: &str) -> bool {
        self.scopes.iter().any(|s| s.name == name) || self.datasets.iter().any(|u| u.consent() == Some(name))
    }

    /// The scopes that carry an attribute.
    pub(crate) fn scopes_with(&self, attribute: Attribute) -> Vec<&str> {
        let name = match attribute {
            Attribute::RealName => "real-name",
            Attribute::ResidentId => "resident-id",
            Attribute::Mobile => "mobile",
            Attribute::BirthDate => "birth-date",
        };
        self.scopes.iter().filter(|s| s.attributes.iter().any(|a| a == name)).map(|s| s.name.as_str()).collect()
    }

    pub(crate) fn payments_granted(&self) -> Result<(), PaymentError> {
        if self.payments.is_some() {
            Ok(())
        } else {
            Err(PaymentError::NotGranted("app.toml has no [payments]".into()))
        }
    }

    pub(crate) fn config_defaults(&self) -> BTreeMap<String, Value> {
        let properties = self.config.as_ref().and_then(|c| c.get("properties")).and_then(Value::as_object);
        properties.into_iter().flatten().filter_map(|(k, v)| v.get("default").map(|d| (k.clone(), d.clone()))).collect()
    }
}

//! A record of a dataset, as it is stored and as it is released.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use yunlong_model::Timestamp;

/// A version of a record.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// The value of the dataset's key item.
    pub key: String,
    /// Grows by one with every change.
    pub version: u64,
    /// The fields.
    pub body: Map<String, Value>,
    /// The day from which it holds, `YYYY-MM-DD`.
    pub valid_from: String,
    /// The first day on which it no longer holds; `None` while it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_to: Option<String>,
    /// When this version was recorded.
    pub recorded: Timestamp,
    /// Where it comes from when a field says nothing else.
    pub source: Provenance,
    /// Fields that come from elsewhere than the rest.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub sources: BTreeMap<String, Provenance>,
}

/// Where a value comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Provenance {
    /// The organization that gave it.
    pub organization: String,
    /// The account or installation that brought it.
    pub by: String,
    /// The import, correction or call that it came with.
    pub through: String,
    /// When.
    pub at: Timestamp,
}

/// A record as far as it is released: fields that are not granted are absent, values are masked.
#[derive(Clone, Debug, PartialEq)]
pub struct Released {
    /// The opaque reference in the installation.
    pub reference: String,
    /// The record's version.
    pub version: u64,
    /// The released fields.
    pub body: Map<String, Value>,
    /// Granted fields that the record does not have.
    pub unrecorded: Vec<String>,
    /// The day from which it holds.
    pub valid_from: String,
    /// The first day on which it no longer holds.
    pub valid_to: Option<String>,
    /// Where the released fields come from.
    pub sources: Vec<(String, Provenance)>,
}

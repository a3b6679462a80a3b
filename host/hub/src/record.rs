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
    /// The day from which the record has been there without a gap, when that is before `valid_from`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<String>,
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
///
/// Of a record about a person nothing here moves unless a granted field does, and nothing but the granted
/// values is the same in two installations: neither the version nor, unless the app is given the number that
/// says who it is anyway, a day.
#[derive(Clone, Debug, PartialEq)]
pub struct Released {
    /// The opaque reference in the installation.
    pub reference: String,
    /// The record's version; for a record about a person an opaque number that changes with the granted
    /// fields, to be compared for equality alone.
    pub version: u64,
    /// The released fields.
    pub body: Map<String, Value>,
    /// Granted fields that the record does not have.
    pub unrecorded: Vec<String>,
    /// The day from which the version holds. For a record about a person: from which the record has been
    /// there, where the grant gives its key or the person's number in the plain; empty where it does not.
    pub valid_from: String,
    /// The first day on which it no longer holds; of a record about a person as [`Released::valid_from`],
    /// `None` where that is empty.
    pub valid_to: Option<String>,
    /// Where the released fields come from.
    pub sources: Vec<FieldSource>,
}

/// Where a released field comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldSource {
    /// The field.
    pub field: String,
    /// The organization that gave it.
    pub organization: String,
    /// When it was recorded (RFC 3339); in a record about a person the day, or empty as
    /// [`Released::valid_from`] is.
    pub recorded: String,
}

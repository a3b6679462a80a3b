//! How a version of a record is stored: short names, since there are millions, and sealed when the
//! dataset is about persons.

use crate::{Dataset, HubError, Provenance, Record};
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use yunlong_model::Timestamp;
use yunlong_sealing::{Keyring, sealed_with};
use yunlong_store::Key;

/// What is stored of a version.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Stored {
    pub(crate) record: Record,
    /// The highest version that the record ever had: a former version that was corrected has it.
    pub(crate) highest: u64,
}

/// A provenance: organization, who, through what, when.
#[derive(Serialize, Deserialize)]
struct Source<'a>(
    #[serde(borrow)] std::borrow::Cow<'a, str>,
    #[serde(borrow)] std::borrow::Cow<'a, str>,
    #[serde(borrow)] std::borrow::Cow<'a, str>,
    Timestamp,
);

impl<'a> Source<'a> {
    fn of(p: &'a Provenance) -> Self {
        Self(p.organization.as_str().into(), p.by.as_str().into(), p.through.as_str().into(), p.at)
    }

    fn into(self) -> Provenance {
        Provenance {
            organization: self.0.into_owned(),
            by: self.1.into_owned(),
            through: self.2.into_owned(),
            at: self.3,
        }
    }
}

#[derive(Serialize)]
struct RowOut<'a> {
    k: &'a str,
    n: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    l: Option<u64>,
    b: &'a Map<String, Value>,
    f: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    t: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    d: Option<&'a str>,
    r: Timestamp,
    s: Source<'a>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    x: BTreeMap<&'a str, Source<'a>>,
}

#[derive(Deserialize)]
struct RowIn<'a> {
    k: String,
    n: u64,
    l: Option<u64>,
    b: Map<String, Value>,
    f: String,
    t: Option<String>,
    d: Option<String>,
    r: Timestamp,
    #[serde(borrow)]
    s: Source<'a>,
    #[serde(default, borrow)]
    x: BTreeMap<String, Source<'a>>,
}

/// The bytes of a version that stands under `key`.
pub(crate) fn to_bytes(keys: &Keyring, dataset: &Dataset, key: &Key, stored: &Stored) -> Result<Bytes, HubError> {
    let record = &stored.record;
    let row = RowOut {
        k: &record.key,
        n: record.version,
        l: (stored.highest != record.version).then_some(stored.highest),
        b: &record.body,
        f: &record.valid_from,
        t: record.valid_to.as_deref(),
        d: record.since.as_deref(),
        r: record.recorded,
        s: Source::of(&record.source),
        x: record.sources.iter().map(|(f, p)| (f.as_str(), Source::of(p))).collect(),
    };
    let json = serde_json::to_vec(&row)
        .map_err(|e| yunlong_store::StoreError::Corrupt(format!("a record cannot be written as JSON: {e}")))?;
    if dataset.is_personal() {
        return Ok(keys.seal(key.as_bytes(), &json)?.into());
    }
    Ok(json.into())
}

/// The version of these bytes. Whether they are sealed shows in the first one.
pub(crate) fn from_bytes(keys: &Keyring, key: &Key, bytes: &[u8]) -> Result<Stored, HubError> {
    if sealed_with(bytes).is_some() {
        let plain = keys.open(key.as_bytes(), bytes)?;
        return parse(key, &plain);
    }
    parse(key, bytes)
}

fn parse(key: &Key, json: &[u8]) -> Result<Stored, HubError> {
    let row: RowIn<'_> = serde_json::from_slice(json)
        .map_err(|e| yunlong_store::StoreError::Corrupt(format!("the record {key:?}: {e}")))?;
    let record = Record {
        key: row.k,
        version: row.n,
        body: row.b,
        valid_from: row.f,
        valid_to: row.t,
        since: row.d,
        recorded: row.r,
        source: row.s.into(),
        sources: row.x.into_iter().map(|(f, s)| (f, s.into())).collect(),
    };
    Ok(Stored { highest: row.l.unwrap_or(record.version), record })
}

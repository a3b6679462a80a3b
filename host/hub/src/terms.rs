//! The terms on which an installation uses a dataset: what it asks for, and what it was granted.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;
use yunlong_model::manifest::DatasetUse;
pub use yunlong_model::manifest::{Access, LegalBasis, Rows};

/// What was granted of a dataset, for one purpose.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Terms {
    /// The items that may be read or written, each with the mask that the host applies.
    pub fields: BTreeMap<String, Mask>,
    /// Which records.
    pub rows: Rows,
    /// Only records whose items have these values; the host checks them even where the item itself is not granted.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub only: BTreeMap<String, Value>,
    /// What may be done.
    pub access: Vec<Access>,
    /// The roles of the app, one of which an official must hold. Empty: no official reads records about
    /// other persons; what is about nobody is for every official.
    #[serde(default)]
    pub roles: Vec<String>,
    /// On what the processing rests.
    pub basis: LegalBasis,
    /// The provision that the basis is found in; required unless it is consent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub law: Option<String>,
}

/// What the host makes of a value before an app sees it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mask {
    /// The value.
    #[default]
    Plain,
    /// The beginning and the end, as people know it from receipts: `张*`, `3203**********9999`, `199****0001`.
    Partial,
    /// Of a date the year: `1990`.
    Year,
    /// Of a date the whole years until today, as a number: `36`. Enough for a concession.
    Age,
    /// Of a division's code the county, six digits.
    County,
    /// Whether there is a value: `true`.
    Presence,
}

impl Mask {
    /// Whether whoever sees a value through this mask learns nothing that the outer one hides. Masks that
    /// show different parts of a value are not within each other.
    #[must_use]
    pub fn is_within(self, outer: Self) -> bool {
        outer == Self::Plain || self == outer || self == Self::Presence
    }
}

/// In which respect terms give more than others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Widening {
    /// These fields, or they are masked less.
    Fields(Vec<String>),
    /// More records.
    Rows,
    /// These kinds of access.
    Access(Vec<Access>),
    /// More officials.
    Roles,
    /// Another basis, or another law.
    Basis,
    /// A longer time.
    Time,
}

impl Terms {
    /// All that a use asks for: what a provider narrows, or grants as it is.
    #[must_use]
    pub fn of_use(u: &DatasetUse) -> Self {
        Self {
            fields: u.fields.iter().map(|f| (f.clone(), Mask::Plain)).collect(),
            rows: u.rows.clone(),
            only: BTreeMap::new(),
            access: u.access.clone(),
            roles: u.roles.clone(),
            basis: u.basis,
            law: u.law.clone(),
        }
    }

    /// In which respects these terms give more than `outer`; none when they are within it. A provider
    /// may narrow what is asked for, and never widen it.
    #[must_use]
    pub fn wider_than(&self, outer: &Self) -> Vec<Widening> {
        let mut wider = Vec::new();
        let more = |(field, mask): &(&String, &Mask)| !outer.fields.get(*field).is_some_and(|m| mask.is_within(*m));
        let fields: Vec<String> = self.fields.iter().filter(more).map(|(f, _)| f.clone()).collect();
        if !fields.is_empty() {
            wider.push(Widening::Fields(fields));
        }
        let only_kept = outer.only.iter().all(|(item, value)| self.only.get(item) == Some(value));
        if !self.rows.is_within(&outer.rows) || !only_kept {
            wider.push(Widening::Rows);
        }
        let access: Vec<Access> = self.access.iter().filter(|a| !outer.access.contains(a)).copied().collect();
        if !access.is_empty() {
            wider.push(Widening::Access(access));
        }
        // Where the app names no role, the provider may name some; it takes none away by naming none.
        let roles =
            outer.roles.is_empty() || !self.roles.is_empty() && self.roles.iter().all(|r| outer.roles.contains(r));
        if !roles {
            wider.push(Widening::Roles);
        }
        if (self.basis, &self.law) != (outer.basis, &outer.law) {
            wider.push(Widening::Basis);
        }
        wider
    }
}

//! Records: versions with their validity and provenance, found by their key and by declared indexes.
//!
//! [`Records`] asks nobody whether the caller may: the reader of an app, the import and the console's
//! operations do. Whatever they give out they write into the audit log first.
//!
//! Invariants:
//! - The versions of a record never overlap. The newest one is the head; it begins today at the latest,
//!   so that what holds today is the head, or nothing.
//! - A version is never changed in place: one that another takes the place of is kept with what was
//!   replaced, and numbers only grow.
//! - Index rows, counters, places and the row of changes are written in the commit of the record.
//! - Records about persons are sealed and stand under keyed hashes.

mod build;
pub(crate) mod changes;
pub(crate) mod index;
mod merge;
mod read;
mod row;
mod stage;
mod step;
mod write;

pub use changes::{ChangeSet, Changed};
pub(crate) use index::Order;
pub(crate) use read::Plan;
pub use read::{Bound, Find, Found, FoundPage};
pub use write::{Authority, Fresh, Writer, Written};

use crate::catalogue::Live;
use crate::hub::Inner;
use crate::keys::Tags;
use crate::{Dataset, FieldError, Hub, HubError, Record, validate};
use row::Stored;
use serde_json::Value;
use std::borrow::Cow;
use std::sync::Arc;
use yunlong_formats::{Date, ResidentId};
use yunlong_model::PersonId;

/// The records of one dataset, without a check of any right.
#[derive(Clone)]
pub struct Records {
    inner: Arc<Inner>,
    live: Arc<Live>,
}

impl Hub {
    /// The records of a dataset that is not withdrawn.
    ///
    /// # Errors
    /// [`HubError::NoSuchDataset`].
    pub fn records(&self, dataset: &str) -> Result<Records, HubError> {
        Ok(Records { inner: self.inner.clone(), live: self.live_or_refused(dataset)? })
    }
}

impl Records {
    /// The dataset.
    #[must_use]
    pub fn dataset(&self) -> &Arc<Dataset> {
        self.live.dataset()
    }

    /// The id in the store of the record with this key: a keyed hash where it is about a person, and the
    /// key itself elsewhere.
    #[must_use]
    pub fn id(&self, key: &str) -> String {
        let dataset = self.dataset();
        let key = &*self.normal(key);
        if !dataset.is_personal() {
            return key.to_owned();
        }
        if dataset.person.as_ref() == Some(&dataset.key) {
            return self.tags().record_of_person(&dataset.id, &self.inner.person(key));
        }
        self.tags().record(&dataset.id, key)
    }

    /// The id of the record about a person, in a dataset whose key is their resident ID.
    #[must_use]
    pub fn id_of_person(&self, person: &PersonId) -> Option<String> {
        let dataset = self.dataset();
        (dataset.person.as_ref() == Some(&dataset.key)).then(|| self.tags().record_of_person(&dataset.id, person))
    }

    /// Whom a record is about.
    #[must_use]
    pub fn person(&self, record: &Record) -> Option<PersonId> {
        let item = self.dataset().person.as_ref()?;
        record.body.get(item).and_then(Value::as_str).map(|id| self.inner.person(id))
    }

    /// A key in its normal form; what cannot be one stays as it is, and is the key of nothing.
    pub(crate) fn normal<'a>(&self, key: &'a str) -> Cow<'a, str> {
        let item = self.dataset().item(&self.dataset().key);
        match item.and_then(|i| validate::normal(i, &Value::String(key.to_owned())).ok().flatten()) {
            Some(Value::String(normal)) => Cow::Owned(normal),
            _ => Cow::Borrowed(key),
        }
    }

    pub(crate) fn tags(&self) -> Tags<'_> {
        self.inner.tags()
    }

    fn today(&self) -> Date {
        crate::days::day(self.inner.now())
    }
}

impl Inner {
    pub(crate) fn tags(&self) -> Tags<'_> {
        Tags(&self.config.key)
    }

    /// The person of a resident ID. A number that is not one is its own person, whom nobody ever is.
    pub(crate) fn person(&self, resident_id: &str) -> PersonId {
        // What the hub holds has the normal form already; others bring what people type.
        let normal = resident_id.parse::<ResidentId>();
        self.identity.person_of_resident_id(normal.as_ref().map_or(resident_id, ResidentId::as_str))
    }
}

/// Why a change of a record cannot hold from this day on, if it cannot. It names days of the record.
pub(crate) fn refused_day(record: &Record, from: Date) -> Option<FieldError> {
    step::change(Some(record), step::Days { from: from.to_string(), to: None }).err()
}

/// Whether a version holds on a day. Dates of one form are in the order of their texts.
pub(crate) fn holds(record: &Record, day: &str) -> bool {
    record.valid_from.as_str() <= day && record.valid_to.as_deref().is_none_or(|to| day < to)
}

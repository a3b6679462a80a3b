//! Shared data: the datasets of the city's information hub.
//!
//! `app.toml` declares under `[[datasets]]` which dataset is used, for which purpose and on which legal
//! basis; the dataset's provider grants it. Every call is checked anew, and every read of personal data
//! is in the city's audit log before it is answered.
//!
//! ```no_run
//! # use yunlong_sdk::{web, shared::Dataset};
//! # fn f() -> web::Result<bool> {
//! // Of the person who asks; the app need not know their resident ID.
//! let residents = Dataset::open("population.person", "concession-check")?;
//! let Some(me) = residents.me(&["birth_date"])? else { return Ok(false) };
//! Ok(me.text("birth_date").is_some_and(|born| born < "1966-01-01"))
//! # }
//! ```
//!
//! Where `access` has `changes`, the consumer gets `city.hub.changed` when a granted field of a record
//! changes, and `ended` in it when the record is gone; its payload is described in `wit/city-data`, and the
//! example `residents` follows it.
//!
//! In a handler `?` is enough: a visitor is sent to sign in, and a person who has not consented is sent
//! to the consent page, and both come back.

mod query;

pub use query::{Index, Query};
pub(crate) use query::{RawBound, RawQuery};

use crate::backend::{Active, Backend};
use crate::data::encode;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

type RawDataset = <Active as Backend>::Dataset;

/// A dataset that was opened for a purpose.
pub struct Dataset {
    raw: RawDataset,
}

/// A record, as far as it is released. A field that is not granted is absent.
#[derive(Clone, Debug, PartialEq)]
pub struct Released {
    /// The record's opaque reference in this installation. For a record about a person it differs from
    /// one installation to another.
    pub reference: String,
    /// The record's version: another one when a granted field has changed. Compare it for equality alone, and
    /// give it to [`Dataset::write`]; about a person it is this installation's own number.
    pub version: u64,
    /// The released fields, masked as the grant says.
    pub body: Map<String, Value>,
    /// Granted fields that the record does not have.
    pub unrecorded: Vec<String>,
    /// From when it holds, `YYYY-MM-DD`; empty for a record about a person whose number is not granted.
    pub valid_from: String,
    /// Until when it held, that day excluded; `None` while it holds.
    pub valid_to: Option<String>,
    /// Where the released fields come from.
    pub sources: Vec<Source>,
}

/// Where a field's value comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// The field.
    pub field: String,
    /// The code of the organization that gave it.
    pub organization: String,
    /// When it was recorded (RFC 3339); for a record about a person the day, or empty as
    /// [`Released::valid_from`] is.
    pub recorded: String,
}

impl Released {
    /// A field that is a text.
    #[must_use]
    pub fn text(&self, field: &str) -> Option<&str> {
        self.body.get(field).and_then(Value::as_str)
    }

    /// A field that is a whole number, such as an age that the grant gives instead of a date of birth.
    #[must_use]
    pub fn integer(&self, field: &str) -> Option<i64> {
        self.body.get(field).and_then(Value::as_i64)
    }

    /// The released fields as a type of the app's own. What may not be granted must be an `Option` in it.
    ///
    /// # Errors
    /// [`SharedError::Invalid`] when they do not fit.
    pub fn decode<T: DeserializeOwned>(&self) -> Result<T, SharedError> {
        serde_json::from_value(Value::Object(self.body.clone())).map_err(|e| SharedError::Invalid(e.to_string()))
    }
}

/// A page of a query's answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Page {
    /// The records, in the index's order; those about persons that have the same values there in an order of the
    /// installation's own.
    pub records: Vec<Released>,
    /// Give this to [`Query::after`] for the next page; `None` when there is no more.
    pub next: Option<String>,
}

/// Where a bulk job stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Job {
    /// Its id.
    pub id: String,
    /// Whether its pages can be read.
    pub ready: bool,
    /// Records so far; of people none before the job is ready.
    pub records: u64,
    /// Pages so far.
    pub pages: u32,
    /// Why it failed, if it did.
    pub failure: Option<String>,
}

/// Why a call on shared data is denied or failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SharedError {
    /// The catalogue has no such dataset, or `app.toml` does not declare this use of it.
    #[error("{0}")]
    UnknownDataset(String),
    /// The provider has not decided yet, or has refused.
    #[error("not granted: {0}")]
    NotGranted(String),
    /// The grant has expired, at this time (RFC 3339).
    #[error("the grant expired at {0}")]
    Expired(String),
    /// The grant was revoked, at this time (RFC 3339).
    #[error("the grant was revoked at {0}")]
    Revoked(String),
    /// The dataset is granted for other purposes; these.
    #[error("granted for other purposes: {}", .0.join(", "))]
    OtherPurpose(Vec<String>),
    /// Fields that the grant does not cover; these.
    #[error("fields that are not granted: {}", .0.join(", "))]
    FieldsNotGranted(Vec<String>),
    /// The grant does not cover this kind of access; it covers these.
    #[error("this access is not granted, only: {}", .0.join(", "))]
    AccessNotGranted(Vec<String>),
    /// The record is outside of the rows that the grant covers.
    #[error("the record is outside of the rows that are granted")]
    RowNotGranted,
    /// Nobody is signed in.
    #[error("nobody is signed in")]
    NotSignedIn,
    /// The official holds none of the roles that the grant demands; these.
    #[error("one of these roles is required: {}", .0.join(", "))]
    RoleRequired(Vec<String>),
    /// The person has not consented, or has taken the consent back. The consent's name.
    #[error("the person has not consented to `{0}`")]
    ConsentRequired(String),
    /// The dataset is not shared; the law that is cited for it.
    #[error("the dataset is not shared: {0}")]
    NotShared(String),
    /// The organization is not the authority for these fields.
    #[error("another organization is the authority for: {}", .0.join(", "))]
    NotAuthority(Vec<String>),
    /// A write met a record that has changed since it was read.
    #[error("the record has changed since it was read")]
    Conflict,
    /// There is no such record, job or page.
    #[error("not found")]
    NotFound,
    /// A key, field name, query, cursor, record or time that cannot be.
    #[error("invalid: {0}")]
    Invalid(String),
    /// Over a limit.
    #[error("too large: {0}")]
    TooLarge(String),
    /// The hub or its log cannot be reached.
    #[error("the information hub cannot be reached: {0}")]
    Unavailable(String),
    /// Anything else, in words.
    #[error("{0}")]
    Other(String),
}

impl SharedError {
    /// The case's name in the contract, such as `not-granted`: for answers and logs.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::UnknownDataset(_) => "unknown-dataset",
            Self::NotGranted(_) => "not-granted",
            Self::Expired(_) => "expired",
            Self::Revoked(_) => "revoked",
            Self::OtherPurpose(_) => "other-purpose",
            Self::FieldsNotGranted(_) => "fields-not-granted",
            Self::AccessNotGranted(_) => "access-not-granted",
            Self::RowNotGranted => "row-not-granted",
            Self::NotSignedIn => "not-signed-in",
            Self::RoleRequired(_) => "role-required",
            Self::ConsentRequired(_) => "consent-required",
            Self::NotShared(_) => "not-shared",
            Self::NotAuthority(_) => "not-authority",
            Self::Conflict => "conflict",
            Self::NotFound => "not-found",
            Self::Invalid(_) => "invalid",
            Self::TooLarge(_) => "too-large",
            Self::Unavailable(_) => "unavailable",
            Self::Other(_) => "other",
        }
    }

    /// Whether it is the grant that is missing, over or too narrow: the department's affair with the
    /// provider, about which the person who asks can do nothing.
    #[must_use]
    pub fn is_about_the_grant(&self) -> bool {
        matches!(
            self,
            Self::UnknownDataset(_)
                | Self::NotGranted(_)
                | Self::Expired(_)
                | Self::Revoked(_)
                | Self::OtherPurpose(_)
                | Self::FieldsNotGranted(_)
                | Self::AccessNotGranted(_)
                | Self::NotShared(_)
        )
    }
}

impl Dataset {
    /// Opens a dataset by its code in the catalogue, for a purpose that `app.toml` declares.
    ///
    /// # Errors
    /// [`SharedError`].
    pub fn open(dataset: &str, purpose: &str) -> Result<Self, SharedError> {
        Ok(Self { raw: Active::open(dataset, purpose)? })
    }

    /// The fields that the grant gives, in the catalogue's order.
    ///
    /// # Errors
    /// [`SharedError`].
    pub fn fields(&self) -> Result<Vec<String>, SharedError> {
        Active::shared_fields(&self.raw)
    }

    /// Reads one record by the value of its key item. Ask for the fields that are needed now, since each
    /// is written into the log; none: all that are granted. A record that does not exist, and one that
    /// no longer holds, is `None`.
    ///
    /// # Errors
    /// [`SharedError`].
    pub fn get(&self, key: &str, fields: &[&str]) -> Result<Option<Released>, SharedError> {
        Active::shared_get(&self.raw, key, fields, None)
    }

    /// As [`Dataset::get`], the version that held on a day (`YYYY-MM-DD`).
    ///
    /// # Errors
    /// [`SharedError`].
    pub fn get_as_of(&self, key: &str, fields: &[&str], day: &str) -> Result<Option<Released>, SharedError> {
        Active::shared_get(&self.raw, key, fields, Some(day))
    }

    /// Reads the record about the person who asks. `None` when there is none, or the account has no
    /// resident ID.
    ///
    /// # Errors
    /// [`SharedError`].
    pub fn me(&self, fields: &[&str]) -> Result<Option<Released>, SharedError> {
        Active::shared_me(&self.raw, fields)
    }

    /// Finds records.
    ///
    /// # Errors
    /// [`SharedError`].
    pub fn query(&self, query: &Query, fields: &[&str]) -> Result<Page, SharedError> {
        Active::shared_query(&self.raw, &query.raw, fields)
    }

    /// Writes fields for which the installation's organization is the authority; `body` becomes a JSON
    /// object of them, and other fields stay. `version` is the one that the change is based on, 0 for a
    /// record that must be new; `valid_from` is the day from which it holds. Answers the new version.
    ///
    /// # Errors
    /// [`SharedError`].
    pub fn write<T: Serialize>(&self, key: &str, body: &T, version: u64, valid_from: &str) -> Result<u64, SharedError> {
        let body = encode(body).map_err(|e| SharedError::Invalid(e.to_string()))?;
        Active::shared_write(&self.raw, key, &body, version, valid_from)
    }

    /// Starts a job of the host that reads all records of a query; the topic `city.hub.job` tells the consumer
    /// when it has ended. Answers its id.
    ///
    /// # Errors
    /// [`SharedError`].
    pub fn start_job(&self, query: &Query, fields: &[&str]) -> Result<String, SharedError> {
        Active::shared_start_job(&self.raw, &query.raw, fields)
    }

    /// Where a job stands that this installation started.
    ///
    /// # Errors
    /// [`SharedError`].
    pub fn job(&self, id: &str) -> Result<Job, SharedError> {
        Active::shared_job(&self.raw, id)
    }

    /// Reads a page, from 0, of a job that is ready. Grant, consent and roles are checked again.
    ///
    /// # Errors
    /// [`SharedError`].
    pub fn job_page(&self, id: &str, page: u32) -> Result<Vec<Released>, SharedError> {
        Active::shared_job_page(&self.raw, id, page)
    }
}

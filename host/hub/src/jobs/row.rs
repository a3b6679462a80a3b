//! A job, as the store keeps it.

use super::BulkJob;
use crate::{Bound, Caller, Hub, Open, Query};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use yunlong_model::{InstallationName, Kind, PersonId, Timestamp};

/// A job, as it is kept.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct JobRow {
    #[serde(flatten)]
    pub(super) state: BulkJob,
    pub(super) dataset: String,
    pub(super) purpose: String,
    pub(super) caller: StoredCaller,
    pub(super) query: StoredQuery,
    pub(super) fields: Vec<String>,
    pub(super) cursor: Option<String>,
    pub(super) lease: Timestamp,
    /// Of a job about persons that has found all: how many of its records stand in pages by now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) laid: Option<u64>,
}

/// The caller who started it, whose rights each step and each page ask for again.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct StoredCaller {
    pub(super) installation: InstallationName,
    organization: String,
    office: Option<String>,
    kind: Kind,
    account: Option<String>,
    person: Option<PersonId>,
    roles: Vec<String>,
    request_id: String,
}

/// The parts of a query that a job has.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct StoredQuery {
    index: Vec<String>,
    equals: Vec<Value>,
    lower: Option<(Value, bool)>,
    upper: Option<(Value, bool)>,
    pub(super) filter: Map<String, Value>,
}

impl JobRow {
    pub(super) fn open(&self, hub: &Hub) -> Open {
        Open {
            hub: hub.clone(),
            caller: self.caller.to_caller(),
            dataset: self.dataset.clone(),
            purpose: self.purpose.clone(),
        }
    }
}

impl StoredCaller {
    pub(super) fn of(caller: &Caller) -> Self {
        Self {
            installation: caller.installation.clone(),
            organization: caller.organization.clone(),
            office: caller.office.clone(),
            kind: caller.kind,
            account: caller.account.clone(),
            person: caller.person.clone(),
            roles: caller.roles.clone(),
            request_id: caller.request_id.clone(),
        }
    }

    pub(super) fn to_caller(&self) -> Caller {
        Caller {
            installation: self.installation.clone(),
            organization: self.organization.clone(),
            office: self.office.clone(),
            kind: self.kind,
            account: self.account.clone(),
            person: self.person.clone(),
            roles: self.roles.clone(),
            invocation: "bulk",
            request_id: self.request_id.clone(),
        }
    }
}

impl StoredQuery {
    pub(super) fn of(query: &Query) -> Self {
        let bound = |b: &Option<Bound>| b.as_ref().map(|b| (b.value.clone(), b.inclusive));
        Self {
            index: query.index.clone(),
            equals: query.equals.clone(),
            lower: bound(&query.lower),
            upper: bound(&query.upper),
            filter: query.filter.clone(),
        }
    }

    pub(super) fn to_query(&self) -> Query {
        let bound = |b: &Option<(Value, bool)>| {
            b.as_ref().map(|(value, inclusive)| Bound { value: value.clone(), inclusive: *inclusive })
        };
        Query {
            index: self.index.clone(),
            equals: self.equals.clone(),
            lower: bound(&self.lower),
            upper: bound(&self.upper),
            filter: self.filter.clone(),
            limit: super::PAGE,
            cursor: None,
        }
    }
}

//! What passes through the API. The OpenAPI document is made of these types. No subject of a person is in any answer.

mod flows;
mod goods;
mod lending;
mod loans;
mod receipts;
mod sensors;
mod way;

pub(super) use flows::*;
pub(super) use goods::*;
pub(super) use lending::*;
pub(super) use loans::*;
pub(super) use receipts::*;
pub(super) use sensors::*;
pub(super) use way::*;

use crate::domain::time::rfc3339;
use crate::domain::warehouse::Unit;
use serde::{Deserialize, Serialize};
use yunlong_sdk::schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

/// The schemas of words: each lists what the domain's own type can be.
macro_rules! words {
    ($($name:ident: $all:expr;)*) => { $(
        pub(super) fn $name(_: &mut SchemaGenerator) -> Schema {
            let words: Vec<&str> = $all.iter().map(|w| w.code()).collect();
            json_schema!({ "type": "string", "enum": words })
        }
    )* };
}
pub(super) use words;

macro_rules! api {
    ($($(#[$doc:meta])* $derive:ident $name:ident { $($(#[$fdoc:meta])* $field:ident: $t:ty,)* })*) => { $(
        $(#[$doc])*
        #[derive(Clone, Debug, $derive, JsonSchema)]
        #[schemars(crate = "yunlong_sdk::schemars")]
        pub(crate) struct $name { $($(#[$fdoc])* pub(crate) $field: $t,)* }
    )* };
}
pub(super) use api;

words! {
    unit: Unit::ALL;
    role: crate::domain::actor::Role::ALL;
}

/// A page of a list.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(crate = "yunlong_sdk::schemars")]
pub(crate) struct Listed<T> {
    /// What is on the page.
    pub(crate) items: Vec<T>,
    /// Where the next page begins, for `after`; `null` when this is the last.
    pub(crate) next: Option<String>,
}

api! {
    /// Which part of a list is wanted.
    Deserialize Paging {
        /// How many at most, 1 to 100; 20 when not said.
        limit: Option<u32>,
        /// `next` of the page before.
        after: Option<String>,
    }
    /// A state that was passed.
    Serialize PassageItem {
        /// The state.
        state: String,
        /// When (RFC 3339).
        at: String,
    }
    /// Who asks.
    Serialize Me {
        /// The organization: a unified social credit code, or the code of a division. Empty without one.
        organization: String,
        /// What it is called, where it is known.
        organization_name: String,
        /// What the caller may be.
        #[schemars(schema_with = "roles")]
        roles: Vec<String>,
        /// What waits for the caller, what is urgent first.
        waiting: Vec<WaitingItem>,
    }
    /// Things that wait for the same step.
    Serialize WaitingItem {
        /// For which role.
        #[schemars(schema_with = "role")]
        role: String,
        /// What is to be done.
        what: yunlong_sdk::Text,
        /// Whether it cannot wait.
        urgent: bool,
        /// The pages of the things.
        paths: Vec<String>,
        /// Whether there are more of them.
        more: bool,
    }
    /// A reason in words, without anybody's data.
    Deserialize Reason {
        /// The reason.
        reason: String,
    }
}

fn roles(generator: &mut SchemaGenerator) -> Schema {
    let items = role(generator);
    json_schema!({ "type": "array", "items": items })
}

/// A time as the API writes it.
pub(super) fn time(at: i64) -> String {
    rfc3339(at)
}

pub(super) fn maybe_time(at: Option<i64>) -> Option<String> {
    at.map(rfc3339)
}

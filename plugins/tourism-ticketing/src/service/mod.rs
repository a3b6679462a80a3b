//! What the app does, for pages and API alike: read, decide in the domain, stage, commit.

pub mod catalogue;
pub mod closures;
pub mod concession;
pub mod consumer;
pub mod gate;
pub mod install;
pub mod manage;
pub mod offline;
pub mod orders;
pub mod purchase;
pub mod refusal;
pub mod sales;
pub mod statement;

pub use refusal::Refusal;

use crate::domain::keys::Keys;
use yunlong_sdk::{clock, context};

/// Now: milliseconds of UTC.
#[must_use]
pub fn now() -> i64 {
    i64::try_from(clock::now()).unwrap_or(i64::MAX)
}

/// The installation's keys.
#[must_use]
pub fn keys() -> Keys {
    Keys(context::derive_key::<32>)
}

//! What the gateway promises to clients, to apps and to the people behind them: read as a
//! specification. Requests go through the whole router; in place of the runtime stands an app that
//! tells what it was given.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#![allow(unreachable_pub, reason = "the modules of one test share them")]

mod accounts;
mod acts;
mod advisories;
mod apps;
mod audit_log;
mod cashier;
mod catalogue;
mod consents;
mod console;
mod escrow;
mod exchange;
mod factors;
mod files;
mod forgery;
mod going_back;
mod held;
mod hosts;
mod hub_forms;
mod hub_rights;
mod journals;
mod limits;
mod mandates;
mod my_data;
mod outside;
mod pages;
mod platform;
mod recalls;
mod recorded;
mod records;
mod releases;
mod removal;
mod reviews;
mod sessions;
mod sharing;
mod standing;
mod topics;
mod trials;
mod upgrades;

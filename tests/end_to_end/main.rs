//! End to end: the real server, real components, real HTTP. Each module is a chapter of the
//! specification.

#![allow(clippy::unwrap_used, reason = "a helper that panics fails its test")]

mod attachments;
mod crash;
mod education;
mod examples;
mod files;
mod foreign;
mod gateway;
mod hostile;
mod hub;
mod logistics;
mod new_app;
mod operation;
mod packages;
mod python;
mod quick_start;
mod registry;
mod releases;
mod replay;
mod rural;
mod scenarios;
mod sealing;
mod stale;
mod telemetry;
mod ticketing;
mod ticketing_more;
mod ticketing_operation;
mod vendor_clients;

//! A small city in one process, for one app: the real runtime over a store in memory, people who are invented, a
//! clock that stands still until it is moved, a sandbox cashier, and faults on purpose.
//!
//! `yunlong test` plays an app's [scenarios](Scenario) here: files of requests, messages and jobs with what is to
//! come of them. Each is played in a [`City`] of its own. Between the steps, when nothing is under way, the app's
//! [invariants](Invariants) are looked at. With faults each scenario is played again once for each host call of each
//! invocation: the guest is cut off there, or the call answers an error, or the answer is lost on its way; then the
//! invariants must hold, and the same request again must end well.
//!
//! **Invariants.**
//! - A city shares nothing with another but the cache of compiled code; nothing of it is left when it is dropped.
//! - Nothing goes out: no name is looked up and no connection made, whatever the manifest declares.
//! - A scenario says nothing by itself: a key that is not known refuses the file, with its line.
//! - This crate knows neither pages nor routes of the platform: what the gateway does to a request and its answer
//!   (sessions, static files, headers) is not played here.
#![deny(missing_docs)]

mod app;
mod city;
mod compare;
mod error;
mod faults;
mod founding;
mod invariants;
mod journals;
mod play;
mod recorder;
mod report;
mod run;
mod scenario;
mod shard;
mod sight;
mod values;

pub use app::App;
pub use city::{City, Sandbox};
pub use error::WorkbenchError;
pub use faults::{FaultKind, FaultReport, Finding, FindingKind};
pub use founding::{CITY, Foundation, Founding, Unfounded};
pub use invariants::{Invariants, Violation};
pub use journals::Folder;
pub use report::{Report, ScenarioReport, StepReport, html, junit, text};
pub use run::{Options, Progress, TimeLimits, run};
pub use scenario::{Scenario, read_files, read_folder};
pub use shard::{Shard, ShardError};

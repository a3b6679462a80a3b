//! Installations: what is installed, what it may do, how it is configured, whether it runs, and
//! its log.
//!
//! [`Installations`] keeps every record in memory and in the store; [`Installations::get`] answers
//! from memory, since the runtime asks it at each host call. Changes go through one writer at a
//! time and are seen by the next call.
//!
//! Invariants:
//! - A journal of a failed request stands nowhere in the plain, and opens for nobody whom the audit trail does not name.
//! - A name that was used is never given out again: it is an origin, and browsers remember origins.
//! - An app keeps its first vendor, whichever of its keys signs; a release keeps its digest; a new installation
//!   or an upgrade never goes back to an older release, a roll-back only to one that the installation ran.
//! - What is installed or given charge is asked about at the registry in the same commit: nothing that was yanked or
//!   recalled meanwhile slips in.
//! - A grant exists only for what the manifest asks for and a person approved.
//! - A role that was chosen with an installation is assigned in the commit that strikes it off the list, and whoever
//!   changes an account's roles by hand strikes it off first: what was taken away does not come back.
//! - Removing an installation deletes all that it wrote, and installing leaves a whole one or none;
//!   a stop in the middle of either is made good at the next open.
#![deny(missing_docs)]

mod capability;
mod config;
mod error;
mod export;
mod journals;
mod keys;
mod log;
mod quota;
mod recall;
mod record;
mod registry;
mod release;
mod roles;
mod service;
mod uninstall;
mod upgrade;
mod why;

pub use capability::{Capability, CapabilityError, Difference};
pub use config::{ConfigProblem, effective};
pub use error::InstallationError;
pub use export::Exported;
pub use journals::{JOURNAL_AGE, JOURNALING, JournalRow, Journaling, MAX_JOURNALS, NewJournal};
pub use log::{AppLog, Level, LogLine};
pub use quota::Quotas;
pub use record::{Grant, Installation, New, RoleDue, Status, Upgrade};
pub use registry::{Registry, Wanted};
pub use release::{Canary, Change, DataRange, Former, HistoryRow, Migration, Release, Stage, Trial};
pub use service::Installations;
pub use upgrade::{RollBack, Switch};
pub use why::Why;

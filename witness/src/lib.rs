//! A witness of logs (C2SP tlog-witness): it remembers the newest checkpoint of each log that it knows,
//! and cosigns a newer one after it has seen the proof that the log only grew.
//!
//! Run elsewhere, by somebody else than the log's operator, it takes from the operator the power to
//! sign a rewritten log: no two histories get its cosignature.
//!
//! **Invariants.**
//! - What was cosigned is on stable storage before the cosignature leaves, and two requests for one log
//!   never pass the check at the same time.
//! - The size that is remembered never falls, except by the hand of who runs the witness.
//! - A second process on the same folder does not start.
//! - No code of the platform's host is in here.
#![deny(missing_docs)]

mod config;
mod keyfile;
mod memory;
mod request;
mod service;
mod witness;

pub use config::{Config, ConfigError, LogConfig};
pub use keyfile::{KeyFile, KeyFileError};
pub use memory::MemoryError;
pub use request::{Request, RequestError};
pub use service::{router, serve};
pub use witness::{Refusal, Witness};

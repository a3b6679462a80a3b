//! The words of the platform: names, principals, manifests, grants and events.
//!
//! Everything here is plain data with its rules. This crate performs no I/O and knows neither
//! the store, nor wasm, nor HTTP.
#![deny(missing_docs)]

pub mod clock;
pub mod digest;
pub mod event;
pub mod files;
pub mod manifest;
mod manifest_error;
pub mod money;
pub mod name;
pub mod person;
pub mod personal;
pub mod principal;
pub mod schema;
pub mod standard;
pub mod text;
pub mod topics;
pub mod uses;

pub use clock::{Clock, SystemClock, Timestamp};
pub use digest::Digest;
pub use event::Event;
pub use manifest::Manifest;
pub use name::{AppName, InstallationName, NameError, is_vendor_name};
pub use person::PersonId;
pub use principal::{ActingFor, Assurance, Grantor, Kind, Presentation, Principal};
pub use schema::{Schema, SchemaError};
pub use text::{Lang, Text};

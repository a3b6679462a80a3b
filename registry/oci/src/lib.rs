//! An OCI registry: the [distribution specification](https://github.com/opencontainers/distribution-spec)
//! 1.1.1 in full, with immutable tags.
//!
//! - [`blobs`] (a room below) keeps bytes: in a folder or in an object store.
//! - `metadata` keeps everything else in the platform's store, each change one transaction.
//! - `http` is the protocol: [`Registry::router`].
//! - [`Access`](access::Access) and [`Admission`](admission::Admission) are answered by whoever embeds
//!   it: who may do what, and which pushes are kept.
//!
//! It knows no packages of apps, no reviewers and no pages.
//!
//! What is published stays: a tag changes only when [`Admission`](admission::Admission) knows that nothing was
//! published under it, and neither a tagged manifest nor what belongs to it
//! can be deleted. [`publication::yank`] hides a tag and keeps the digest.
#![deny(missing_docs)]

pub mod access;
pub mod admission;
mod collect;
pub mod config;
mod contents;
mod error;
mod http;
mod local;
pub mod manifest;
mod metadata;
pub mod name;
mod registry;
pub mod serve;
mod sight;
mod token;

pub use collect::Collected;
pub use config::Config;
pub use contents::Contents;
pub use digest::Digest;
pub use error::OciError;
pub use metadata::blobs::{stored_at, stored_rows};
pub use metadata::{QuotaKind, SPACE};
pub use name::{Reference, RepositoryName, Tag};
pub use registry::{OpenError, Registry, Usage};
pub use yunlong_blobs as blobs;
pub use yunlong_blobs::digest;

/// Tags inside a transaction of the caller, so that they change together with rows of the caller's.
pub mod publication {
    pub use crate::metadata::tags::{TagRow, Yank, get, hold, restore, yank};
}

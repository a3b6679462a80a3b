//! Backup and restore of the data folder.
//!
//! A backup is a folder: the store's files as `store/snapshot-…` and `store/journal-…` (the state at
//! one commit, see the store), the blobs that this state names as `registry/blobs/…` and `files/blobs/…`, and a manifest with
//! the SHA-256 of each file, which is written last: without it, it is no backup. The platform's secret and
//! the data keys are in it only when that is asked for, encrypted with a passphrase. The compile cache is
//! not, it is made again; nor are uploads in progress, which their clients begin again; nor blobs that are
//! in a bucket.

mod blobs;
pub(crate) mod control;
mod make;
mod manifest;
mod put_back;
mod sealed;

pub(crate) use blobs::{Absent, absent, naming};
pub(crate) use make::{BackUp, back_up};
pub(crate) use put_back::{Restore, refuse_half_restored, restore};

/// The file of the platform's secret and the data keys, encrypted.
const SEALED: &str = "keys.sealed";
/// The folder of the store's files, in a backup as in a data folder.
const STORE: &str = "store";
/// The folder of the registry's blobs, likewise.
const REGISTRY: &str = "registry";
/// The folder of apps' files, likewise.
const FILES: &str = crate::blobs::FILES;

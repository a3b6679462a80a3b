//! The store: ordered keys, validated reads, atomic commits, counters.
//!
//! [`Store`] is what an engine implements. There are no interactive engine transactions: a
//! [`Batch`] carries what was read and what is to be written, one committer validates it, gives it
//! a [`Seq`] and makes it durable before anybody can see it. [`Txn`] gathers a batch.
//! [`documents`] puts collections with declared indexes on top, [`buckets`] keys with bytes as values. Nothing above the trait knows
//! which engine it runs on.
#![deny(missing_docs)]

pub mod buckets;
mod commit;
pub mod documents;
pub mod key;
pub mod memory;
pub mod retry;
pub mod sled_engine;
pub mod txn;

use async_trait::async_trait;
use bytes::Bytes;
pub use key::{Key, KeyRange};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
pub use txn::{Txn, transact};

/// The sequence number of a commit: monotonic over the whole store, 0 before the first one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Seq(pub u64);

/// A value and the commit that wrote it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Versioned {
    /// The bytes.
    pub value: Bytes,
    /// The commit.
    pub version: Seq,
}

/// A key with its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The key.
    pub key: Key,
    /// The bytes.
    pub value: Bytes,
    /// The commit that wrote them.
    pub version: Seq,
}

/// A read of one key: at commit its version must still be this; `None`: it must be absent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReadCheck {
    /// The key.
    pub key: Key,
    /// The version that was read.
    pub version: Option<Seq>,
}

/// A read of a range: at commit it must hold the same number of keys and the same newest version.
/// An insertion or a change raises the newest version, a removal lowers the count: together they
/// catch every phantom.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RangeCheck {
    /// The part of the range that was really covered.
    pub range: KeyRange,
    /// How many keys it held.
    pub count: u64,
    /// The newest version among them; 0 when there are none.
    pub newest: Seq,
}

/// A write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Write {
    /// Adds or replaces.
    Put(Key, Bytes),
    /// Removes.
    Delete(Key),
}

/// An adjustment of a counter, applied when the commit is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Adjust {
    /// The counter's key (counters live in a key space of their own).
    pub key: Key,
    /// What is added.
    pub delta: i64,
    /// The sum may not be under this.
    pub min: i64,
    /// The sum may not be over this.
    pub max: i64,
}

/// A row whose key ends in the commit's sequence number and the row's place in the batch, so that
/// rows stand in the order of their commits: messages, audit rows, ledger entries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Append {
    /// The key is `prefix` ‖ u64 sequence ‖ u64 place in [`Batch::appends`].
    pub prefix: Key,
    /// The row.
    pub value: Bytes,
}

impl Append {
    /// The key that the row gets in the commit `seq`, as the row number `place` of its batch.
    #[must_use]
    pub fn key(&self, seq: Seq, place: usize) -> Key {
        self.prefix.clone().u64(seq.0).u64(place as u64)
    }
}

/// The most bytes that a space may hold when the commit is applied. Every engine counts the keys and
/// values of each space in the commit that changes them, see [`usage_key`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ceiling {
    /// The space: the first component of its keys.
    pub space: String,
    /// Bytes. A commit that makes the space smaller is never refused.
    pub bytes: i64,
}

/// The counter of the bytes that a space holds: kept by the engine, to be read only.
#[must_use]
pub fn usage_key(space: &str) -> Key {
    Key::space("@usage").text(space)
}

/// One commit: all or nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Batch {
    /// Keys that were read.
    pub reads: Vec<ReadCheck>,
    /// Ranges that were read.
    pub ranges: Vec<RangeCheck>,
    /// Writes.
    pub writes: Vec<Write>,
    /// Counters.
    pub adjusts: Vec<Adjust>,
    /// Messages, audit rows and the like.
    pub appends: Vec<Append>,
    /// How large spaces may become.
    pub ceilings: Vec<Ceiling>,
}

impl Batch {
    /// Whether it changes nothing.
    #[must_use]
    pub fn is_readonly(&self) -> bool {
        self.rows() == 0
    }

    /// How many rows it changes.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.writes.len() + self.adjusts.len() + self.appends.len()
    }
}

/// Why a commit was refused or failed. Nothing was written, except as [`CommitError::Store`] says.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CommitError {
    /// Something that was read has changed: read again and decide again.
    #[error("something that was read has changed since: run the transaction again")]
    Conflict,
    /// A counter would leave its bounds.
    #[error("the counter {:?} stands at {value}: {} is not possible within {}..={}", .adjust.key, .adjust.delta, .adjust.min, .adjust.max)]
    OutOfBounds {
        /// The adjustment.
        adjust: Adjust,
        /// What the counter stands at, earlier adjustments of the same batch included.
        value: i64,
    },
    /// A key, value or batch is over a limit.
    #[error("too large: {0}")]
    TooLarge(String),
    /// A space would become larger than it may be.
    #[error("{} MiB of {} MiB are used, and {wanted} bytes more do not fit: delete what is no longer needed, or let the operator raise the quota of `{space}`", .used >> 20, .limit >> 20)]
    OverQuota {
        /// The space.
        space: String,
        /// The bytes that it holds.
        used: i64,
        /// The bytes that the commit would add.
        wanted: i64,
        /// The bytes that it may hold.
        limit: i64,
    },
    /// The engine failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The engine failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// Input or output failed; whether an unfinished commit took place is unknown.
    #[error("the store cannot be read or written: {0}")]
    Io(String),
    /// So little space is free that nothing may be written. Nothing was; reading goes on, and so does
    /// writing as soon as there is space again.
    #[error("the disk is full: {} MiB are free, and {} MiB are kept in reserve: make room, nothing needs to be restarted", .free >> 20, .reserve >> 20)]
    NoSpace {
        /// Free bytes.
        free: u64,
        /// Bytes that must stay free.
        reserve: u64,
    },
    /// What is stored is not what this program writes.
    #[error("the store is damaged: {0}")]
    Corrupt(String),
    /// An encrypted value cannot be opened, or written, with the keys that are given.
    #[error("encrypted data cannot be used: {0}")]
    Sealed(String),
    /// The store is shutting down.
    #[error("the store is closed")]
    Closed,
    /// Another process has the store open.
    #[error("the data folder is in use by another process: {0}")]
    Locked(String),
}

/// Which way a range is walked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Direction {
    /// Smallest key first.
    #[default]
    Ascending,
    /// Largest key first.
    Descending,
}

/// An engine.
///
/// Reads see exactly the commits that are durable. Commits are serializable with respect to their
/// read checks.
#[async_trait]
pub trait Store: Send + Sync + 'static {
    /// Reads a key.
    async fn get(&self, key: &Key) -> Result<Option<Versioned>, StoreError>;

    /// Reads at most `limit` entries of a range.
    async fn scan(&self, range: &KeyRange, direction: Direction, limit: usize) -> Result<Vec<Entry>, StoreError>;

    /// Reads a counter; 0 when it was never adjusted.
    async fn counter(&self, key: &Key) -> Result<i64, StoreError>;

    /// Reads at most `limit` counters of a range, in ascending order.
    async fn counters(&self, range: &KeyRange, limit: usize) -> Result<Vec<(Key, i64)>, StoreError>;

    /// Validates and applies a batch, and answers once it is on stable storage. A batch without
    /// writes, adjusts and appends only validates, and answers the newest sequence number.
    async fn commit(&self, batch: Batch) -> Result<Seq, CommitError>;

    /// The newest sequence number; it changes with every commit. The way to wait for work.
    fn watch(&self) -> tokio::sync::watch::Receiver<Seq>;
}

/// A store that is shared.
pub type SharedStore = Arc<dyn Store>;

/// The longest key in bytes.
pub const MAX_KEY: usize = 2_048;
/// The largest value in bytes. An engine may split it (sled: over 64 KiB).
pub const MAX_VALUE: usize = 4 * 1024 * 1024;
/// The largest batch: writes, adjusts and appends together.
pub const MAX_BATCH_ROWS: usize = 20_000;
/// The most keys, and the most rows of ranges, that one commit may have read.
pub const MAX_READS: usize = 50_000;
/// The largest batch in bytes of keys and values.
pub const MAX_BATCH_BYTES: usize = 64 * 1024 * 1024;

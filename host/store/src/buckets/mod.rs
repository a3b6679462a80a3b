//! Buckets: named sets of keys with bytes as values, for programs that know `wasi:keyvalue` and
//! nothing of documents.
//!
//! Layout, in the installation's key space: values stand under `b`/`v`/bucket/key, encrypted with the
//! city's data key and bound to their place; names under `b`/`k`/bucket/position/key, without a value,
//! so that keys are listed without reading what they hold. The position is a hash of the key: a number
//! that says where a list goes on, whoever asks, however many keys there are, which is what the
//! cursors of both drafts of the interface can carry. Keys are as readable as ids of documents.

mod error;
mod seal;

use crate::{Direction, Key, SharedStore, StoreError, Txn};
use bytes::Bytes;
pub use error::BucketError;
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;
use std::ops::RangeInclusive;
use std::sync::Arc;
use yunlong_model::{InstallationName, Manifest};
use yunlong_sealing::Keyring;

pub use crate::Seq;

/// The longest key in bytes; it is not empty either.
pub const MAX_KEY: usize = 512;
/// The largest value in bytes.
pub const MAX_VALUE: usize = 1024 * 1024;
/// Keys of one page of a list, and of one batch.
pub const MAX_KEYS: usize = 500;
/// Bytes of values that one batch may carry, either way.
pub const MAX_BATCH: usize = 4 * 1024 * 1024;

/// The buckets of an installation: those of its manifest.
#[derive(Clone, Debug)]
pub struct Buckets {
    space: Key,
    names: BTreeSet<String>,
    keys: Arc<Keyring>,
}

/// A stored value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Value {
    /// The bytes.
    pub bytes: Vec<u8>,
    /// The commit that wrote them; 0 for a transaction's own write.
    pub version: Seq,
}

/// Some of the keys of a bucket.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeyPage {
    /// The keys, in no order that means anything.
    pub keys: Vec<String>,
    /// Where the next page begins; `None` when there is no more.
    pub next: Option<u64>,
}

impl Buckets {
    /// The buckets of an installation. Values are encrypted with `keys`.
    #[must_use]
    pub fn new(installation: &InstallationName, manifest: &Manifest, keys: Arc<Keyring>) -> Self {
        let names = manifest.buckets.iter().map(|b| b.name.clone()).collect();
        Self { space: Key::space(installation.as_str()).text("b"), names, keys }
    }

    /// Whether there is a bucket of this name.
    ///
    /// # Errors
    /// [`BucketError::Undeclared`] when there is not.
    pub fn declared(&self, bucket: &str) -> Result<(), BucketError> {
        if self.names.contains(bucket) { Ok(()) } else { Err(BucketError::Undeclared(clipped(bucket))) }
    }

    /// Reads a value.
    ///
    /// # Errors
    /// Undeclared bucket, impossible key, or the store's.
    pub async fn get(&self, store: &SharedStore, bucket: &str, key: &str) -> Result<Option<Value>, BucketError> {
        let at = self.value_key(bucket, key)?;
        let Some(found) = store.get(&at).await? else { return Ok(None) };
        Ok(Some(Value { bytes: self.opened(&at, &found.value)?, version: found.version }))
    }

    /// Reads several values, in the order of the keys.
    ///
    /// # Errors
    /// As [`Buckets::get`]; [`BucketError::TooLarge`] for more than [`MAX_KEYS`] keys, or values of
    /// more than [`MAX_BATCH`] bytes together.
    pub async fn get_many(
        &self,
        store: &SharedStore,
        bucket: &str,
        keys: &[String],
    ) -> Result<Vec<Option<Vec<u8>>>, BucketError> {
        at_most(keys.len())?;
        let (mut values, mut total) = (Vec::with_capacity(keys.len()), 0);
        for key in keys {
            let value = self.get(store, bucket, key).await?.map(|v| v.bytes);
            total += value.as_ref().map_or(0, Vec::len);
            if total > MAX_BATCH {
                return Err(BucketError::TooLarge(format!(
                    "the values have more than {} MiB together: ask for fewer keys at once",
                    MAX_BATCH >> 20
                )));
            }
            values.push(value);
        }
        Ok(values)
    }

    /// Whether a key is there.
    ///
    /// # Errors
    /// As [`Buckets::get`].
    pub async fn exists(&self, store: &SharedStore, bucket: &str, key: &str) -> Result<bool, BucketError> {
        self.value_key(bucket, key)?;
        Ok(store.get(&self.name_key(bucket, key)).await?.is_some())
    }

    /// At most [`MAX_KEYS`] keys: those behind the position `after`, from the first on without it.
    /// Whatever the position is, no other bucket's keys are among them.
    ///
    /// # Errors
    /// Undeclared bucket, or the store's.
    pub async fn list(&self, store: &SharedStore, bucket: &str, after: Option<u64>) -> Result<KeyPage, BucketError> {
        self.declared(bucket)?;
        let prefix = self.names_prefix(bucket);
        let mut range = prefix.children();
        if let Some(after) = after {
            range.start = prefix.u64(after).after_children();
        }
        let mut rows = store.scan(&range, Direction::Ascending, MAX_KEYS + 1).await?;
        // A page ends between two positions: the next one begins behind a position, not within it.
        let next = match rows.get(MAX_KEYS).map(|r| position_of(&r.key)) {
            Some(behind) => {
                rows.truncate(MAX_KEYS);
                while rows.last().is_some_and(|r| position_of(&r.key) == behind) {
                    rows.pop();
                }
                rows.last().and_then(|r| position_of(&r.key))
            }
            None => None,
        };
        let damaged = |key: &Key| StoreError::Corrupt(format!("{key:?} names no key of a bucket"));
        let keys = rows.iter().map(|r| r.key.last_text().ok_or_else(|| damaged(&r.key).into()));
        Ok(KeyPage { keys: keys.collect::<Result<_, BucketError>>()?, next })
    }

    /// Adds or replaces a value.
    ///
    /// # Errors
    /// Undeclared bucket, impossible key, too large a value.
    pub fn put(&self, txn: &mut Txn, bucket: &str, key: &str, value: &[u8]) -> Result<(), BucketError> {
        let at = self.value_key(bucket, key)?;
        if value.len() > MAX_VALUE {
            return Err(BucketError::TooLarge(format!(
                "a value of {} bytes: at most {MAX_VALUE} are possible",
                value.len()
            )));
        }
        let sealed = self.closed(&at, value)?;
        txn.put(self.name_key(bucket, key), Bytes::new());
        txn.put(at, sealed);
        Ok(())
    }

    /// Adds or replaces several values, all or none of them.
    ///
    /// # Errors
    /// As [`Buckets::put`]; [`BucketError::TooLarge`] for more than [`MAX_KEYS`] keys, or values of
    /// more than [`MAX_BATCH`] bytes together.
    pub fn put_many(&self, txn: &mut Txn, bucket: &str, pairs: &[(String, Vec<u8>)]) -> Result<(), BucketError> {
        self.declared(bucket)?;
        at_most(pairs.len())?;
        if pairs.iter().map(|(_, v)| v.len()).sum::<usize>() > MAX_BATCH {
            return Err(BucketError::TooLarge(format!(
                "the values have more than {} MiB together: set fewer keys at once",
                MAX_BATCH >> 20
            )));
        }
        pairs.iter().try_for_each(|(key, value)| self.put(txn, bucket, key, value))
    }

    /// Removes a key; removing one that is absent is no error.
    ///
    /// # Errors
    /// Undeclared bucket, or an impossible key.
    pub fn delete(&self, txn: &mut Txn, bucket: &str, key: &str) -> Result<(), BucketError> {
        let at = self.value_key(bucket, key)?;
        txn.delete(self.name_key(bucket, key));
        txn.delete(at);
        Ok(())
    }

    /// Removes several keys, all or none of them.
    ///
    /// # Errors
    /// As [`Buckets::delete`]; [`BucketError::TooLarge`] for more than [`MAX_KEYS`] keys.
    pub fn delete_many(&self, txn: &mut Txn, bucket: &str, keys: &[String]) -> Result<(), BucketError> {
        self.declared(bucket)?;
        at_most(keys.len())?;
        keys.iter().try_for_each(|key| self.delete(txn, bucket, key))
    }

    /// Adds `delta` to the number that a value holds as decimal text, and answers the sum. An absent
    /// value counts as 0.
    ///
    /// # Errors
    /// As [`Buckets::put`]; [`BucketError::Invalid`] when the value is no such number, or the sum is
    /// outside `bounds`.
    pub async fn increment(
        &self,
        txn: &mut Txn,
        bucket: &str,
        key: &str,
        delta: i128,
        bounds: RangeInclusive<i128>,
    ) -> Result<i128, BucketError> {
        let at = self.value_key(bucket, key)?;
        let before = match txn.get(&at).await? {
            Some(sealed) => {
                let number = String::from_utf8(self.opened(&at, &sealed)?).ok().and_then(|t| t.parse::<i128>().ok());
                number.filter(|n| bounds.contains(n)).ok_or_else(|| {
                    BucketError::Invalid(
                        "the value is no number in decimal text: set the key anew, or delete it".into(),
                    )
                })?
            }
            None => 0,
        };
        let sum = before.checked_add(delta).filter(|sum| bounds.contains(sum)).ok_or_else(|| {
            BucketError::Invalid(format!("{before} plus {delta} is not within {} to {}", bounds.start(), bounds.end()))
        })?;
        self.put(txn, bucket, key, sum.to_string().as_bytes())?;
        Ok(sum)
    }

    /// Replaces a value if it is still the one of `version`; `None`: if it is absent. Answers whether
    /// it is; nothing is staged when it is not.
    ///
    /// # Errors
    /// As [`Buckets::put`], and the store's.
    pub async fn swap(
        &self,
        txn: &mut Txn,
        bucket: &str,
        key: &str,
        version: Option<Seq>,
        value: &[u8],
    ) -> Result<bool, BucketError> {
        let found = txn.get_versioned(&self.value_key(bucket, key)?).await?;
        if found.map(|v| v.version) != version {
            return Ok(false);
        }
        self.put(txn, bucket, key, value)?;
        Ok(true)
    }

    fn value_key(&self, bucket: &str, key: &str) -> Result<Key, BucketError> {
        self.declared(bucket)?;
        if key.is_empty() || key.len() > MAX_KEY {
            return Err(BucketError::Invalid(format!("a key has 1 to {MAX_KEY} bytes, this one {}", key.len())));
        }
        Ok(self.space.clone().text("v").text(bucket).text(key))
    }

    fn names_prefix(&self, bucket: &str) -> Key {
        self.space.clone().text("k").text(bucket)
    }

    fn name_key(&self, bucket: &str, key: &str) -> Key {
        self.names_prefix(bucket).u64(position(key)).text(key)
    }
}

fn at_most(keys: usize) -> Result<(), BucketError> {
    if keys > MAX_KEYS {
        return Err(BucketError::TooLarge(format!("{keys} keys at once: at most {MAX_KEYS} are possible")));
    }
    Ok(())
}

/// Where a key stands among those of its bucket.
fn position(key: &str) -> u64 {
    let digest = Sha256::digest(key.as_bytes());
    digest.iter().take(8).fold(0, |n, byte| n << 8 | u64::from(*byte))
}

/// The position that a row of names stands at.
fn position_of(row: &Key) -> Option<u64> {
    row.parts().find_map(|part| match part {
        crate::key::Part::U64(n) => Some(n),
        crate::key::Part::Text(_) => None,
    })
}

fn clipped(name: &str) -> String {
    name.chars().take(60).collect()
}

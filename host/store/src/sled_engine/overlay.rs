//! What a group of commits changes, seen over the durable state: later batches of a group are
//! validated against the earlier ones, and the index gets only the outcome.

use super::index::{Heads, Index};
use crate::commit::{Commit, State};
use crate::{Key, KeyRange, Seq, StoreError, Versioned};
use std::collections::BTreeMap;

/// The outcome of a group.
#[derive(Default)]
pub(super) struct Overlay {
    /// `None`: removed.
    pub(super) rows: BTreeMap<Key, Option<Versioned>>,
    pub(super) counters: BTreeMap<Key, i64>,
    /// The group's last commit.
    pub(super) last: Seq,
    /// About how many bytes of keys and values were added.
    pub(super) bytes: usize,
}

impl Overlay {
    pub(super) fn add(&mut self, commit: &Commit) {
        self.last = commit.seq;
        for (key, value) in &commit.rows {
            self.bytes += key.as_bytes().len() + value.as_ref().map_or(0, bytes::Bytes::len);
            let row = value.clone().map(|value| Versioned { value, version: commit.seq });
            self.rows.insert(key.clone(), row);
        }
        self.counters.extend(commit.counters.iter().cloned());
    }
}

/// The durable state with a group's changes over it.
pub(super) struct Above<'a> {
    pub(super) index: &'a Index,
    pub(super) heads: &'a Heads,
    pub(super) group: &'a Overlay,
}

impl State for Above<'_> {
    fn version(&self, key: &Key) -> Result<Option<Seq>, StoreError> {
        match self.group.rows.get(key) {
            Some(row) => Ok(row.as_ref().map(|v| v.version)),
            None => Ok(self.heads.of(self.index, key)?.map(|h| h.version)),
        }
    }

    /// First the keys of the group, then the others: only the set of versions matters.
    fn each_version(&self, range: &KeyRange, f: &mut dyn FnMut(&[u8], Seq) -> bool) -> Result<(), StoreError> {
        for (key, row) in self.group.rows.range(range.start.clone()..range.end.clone()) {
            if let Some(row) = row
                && !f(key.as_bytes(), row.version)
            {
                return Ok(());
            }
        }
        self.index.each_version(range, &mut |key, version| self.group.rows.contains_key(key) || f(key, version))
    }

    fn length(&self, key: &Key) -> Result<Option<usize>, StoreError> {
        match self.group.rows.get(key) {
            Some(row) => Ok(row.as_ref().map(|v| v.value.len())),
            None => Ok(self.heads.of(self.index, key)?.map(|h| h.length)),
        }
    }

    fn counter(&self, key: &Key) -> Result<i64, StoreError> {
        match self.group.counters.get(key) {
            Some(n) => Ok(*n),
            None => self.index.counter(key),
        }
    }
}

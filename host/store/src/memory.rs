//! The reference engine: everything in memory, one lock, nothing durable. Tests compare the
//! other engines with it, and services are tested on it.

use crate::commit::{self, Commit, State};
use crate::{Batch, CommitError, Direction, Entry, Key, KeyRange, Seq, Store, StoreError, Versioned};
use async_trait::async_trait;
use parking_lot::Mutex;
use std::collections::BTreeMap;
use tokio::sync::watch;

/// A store in memory.
#[derive(Debug)]
pub struct MemoryStore {
    maps: Mutex<Maps>,
    newest: watch::Sender<Seq>,
}

#[derive(Debug, Default)]
struct Maps {
    rows: BTreeMap<Key, Versioned>,
    counters: BTreeMap<Key, i64>,
    seq: Seq,
}

impl MemoryStore {
    /// An empty store.
    #[must_use]
    pub fn new() -> Self {
        Self { maps: Mutex::default(), newest: watch::Sender::new(Seq(0)) }
    }
}

impl Default for MemoryStore {
    fn default() -> Self {
        Self::new()
    }
}

impl Maps {
    fn apply(&mut self, commit: Commit) {
        self.seq = commit.seq;
        for (key, value) in commit.rows {
            match value {
                Some(value) => self.rows.insert(key, Versioned { value, version: commit.seq }),
                None => self.rows.remove(&key),
            };
        }
        self.counters.extend(commit.counters);
    }
}

impl State for Maps {
    fn version(&self, key: &Key) -> Result<Option<Seq>, StoreError> {
        Ok(self.rows.get(key).map(|v| v.version))
    }

    fn each_version(&self, range: &KeyRange, f: &mut dyn FnMut(&[u8], Seq) -> bool) -> Result<(), StoreError> {
        for (key, v) in self.rows.range(range.start.clone()..range.end.clone()) {
            if !f(key.as_bytes(), v.version) {
                break;
            }
        }
        Ok(())
    }

    fn counter(&self, key: &Key) -> Result<i64, StoreError> {
        Ok(self.counters.get(key).copied().unwrap_or(0))
    }

    fn length(&self, key: &Key) -> Result<Option<usize>, StoreError> {
        Ok(self.rows.get(key).map(|v| v.value.len()))
    }
}

#[async_trait]
impl Store for MemoryStore {
    async fn get(&self, key: &Key) -> Result<Option<Versioned>, StoreError> {
        Ok(self.maps.lock().rows.get(key).cloned())
    }

    async fn scan(&self, range: &KeyRange, direction: Direction, limit: usize) -> Result<Vec<Entry>, StoreError> {
        if range.is_empty() {
            return Ok(Vec::new());
        }
        let maps = self.maps.lock();
        let rows = maps.rows.range(range.start.clone()..range.end.clone());
        let entry =
            |(key, v): (&Key, &Versioned)| Entry { key: key.clone(), value: v.value.clone(), version: v.version };
        Ok(match direction {
            Direction::Ascending => rows.take(limit).map(entry).collect(),
            Direction::Descending => rows.rev().take(limit).map(entry).collect(),
        })
    }

    async fn counter(&self, key: &Key) -> Result<i64, StoreError> {
        State::counter(&*self.maps.lock(), key)
    }

    async fn counters(&self, range: &KeyRange, limit: usize) -> Result<Vec<(Key, i64)>, StoreError> {
        if range.is_empty() {
            return Ok(Vec::new());
        }
        let maps = self.maps.lock();
        let counters = maps.counters.range(range.start.clone()..range.end.clone());
        Ok(counters.take(limit).map(|(k, n)| (k.clone(), *n)).collect())
    }

    async fn commit(&self, batch: Batch) -> Result<Seq, CommitError> {
        commit::check_limits(&batch)?;
        let mut maps = self.maps.lock();
        if batch.is_readonly() {
            commit::check_reads(&batch, &*maps)?;
            return Ok(maps.seq);
        }
        let seq = Seq(maps.seq.0 + 1);
        let commit = commit::resolve(batch, seq, &*maps)?;
        maps.apply(commit);
        self.newest.send_replace(seq);
        Ok(seq)
    }

    fn watch(&self) -> watch::Receiver<Seq> {
        self.newest.subscribe()
    }
}

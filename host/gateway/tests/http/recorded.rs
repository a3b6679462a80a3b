//! A store that remembers which spaces each commit wrote to, and that fails where a test wants it.

use async_trait::async_trait;
use parking_lot::Mutex;
use std::collections::BTreeSet;
use yunlong_store::key::Part;
use yunlong_store::memory::MemoryStore;
use yunlong_store::{Batch, CommitError, Direction, Entry, Key, KeyRange, Seq, Store, StoreError, Versioned, Write};

#[derive(Default)]
pub struct Recorded {
    inner: MemoryStore,
    commits: Mutex<Vec<(Seq, BTreeSet<String>)>>,
    /// The table (the second text of a key) whose commits fail.
    pub fails: Mutex<Option<&'static str>>,
}

impl Recorded {
    /// The newest commit after another one that wrote to a space, and all spaces that it wrote to.
    pub fn newest(&self, space: &str, after: Seq) -> Option<(Seq, BTreeSet<String>)> {
        let commits = self.commits.lock();
        commits.iter().rev().find(|(seq, spaces)| *seq > after && spaces.contains(space)).cloned()
    }
}

#[async_trait]
impl Store for Recorded {
    async fn get(&self, key: &Key) -> Result<Option<Versioned>, StoreError> {
        self.inner.get(key).await
    }
    async fn scan(&self, range: &KeyRange, direction: Direction, limit: usize) -> Result<Vec<Entry>, StoreError> {
        self.inner.scan(range, direction, limit).await
    }
    async fn counter(&self, key: &Key) -> Result<i64, StoreError> {
        self.inner.counter(key).await
    }
    async fn counters(&self, range: &KeyRange, limit: usize) -> Result<Vec<(Key, i64)>, StoreError> {
        self.inner.counters(range, limit).await
    }
    async fn commit(&self, batch: Batch) -> Result<Seq, CommitError> {
        let written = batch.writes.iter().map(|w| match w {
            Write::Put(key, _) | Write::Delete(key) => key,
        });
        let written: Vec<&Key> = written.collect();
        let failing = *self.fails.lock();
        let is_failing = |k: &&Key| matches!(k.parts().nth(1), Some(Part::Text(table)) if Some(&*table) == failing);
        if failing.is_some() && written.iter().any(is_failing) {
            return Err(StoreError::Io("as the test wants it".into()).into());
        }
        let spaces =
            written.into_iter().chain(batch.appends.iter().map(|a| &a.prefix)).filter_map(Key::space_name).collect();
        let seq = self.inner.commit(batch).await?;
        self.commits.lock().push((seq, spaces));
        Ok(seq)
    }
    fn watch(&self) -> tokio::sync::watch::Receiver<Seq> {
        self.inner.watch()
    }
}

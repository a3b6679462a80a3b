//! [`Txn`] gathers what a transaction reads and writes; [`transact`] runs it until it commits.

use crate::retry::Retry;
use crate::{
    Adjust, Append, Batch, Ceiling, CommitError, Direction, Entry, Key, KeyRange, RangeCheck, ReadCheck, Seq,
    SharedStore, StoreError, Versioned, Write,
};
use bytes::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;

/// A transaction: optimistic, serializable, nothing is locked.
///
/// Reads go to the store and are remembered; writes stay here, where its own reads see them.
/// [`Txn::commit`] applies everything at once if nothing that was read has changed since. Two reads
/// may see two states of the store; then the commit is a conflict, and [`Txn::of_one_moment`] tells it
/// before. Dropping it forgets everything.
pub struct Txn {
    store: SharedStore,
    /// A commit after which everything that was read was so, but for what was read since it was [`Txn::of_one_moment`].
    moment: Seq,
    /// Whether something was read since that may not have been so at that moment.
    since: bool,
    reads: BTreeMap<Key, Option<Seq>>,
    ranges: Vec<RangeCheck>,
    writes: BTreeMap<Key, Option<Bytes>>,
    adjusts: Vec<Adjust>,
    appends: Vec<Append>,
    ceilings: Vec<Ceiling>,
    staged: usize,
    unserializable: Option<String>,
}

/// What a staged row costs beside its key and value.
const ROW_OVERHEAD: usize = 64;

impl Txn {
    /// A transaction that has done nothing yet.
    #[must_use]
    pub fn new(store: SharedStore) -> Self {
        let moment = *store.watch().borrow();
        Self {
            store,
            moment,
            since: false,
            reads: BTreeMap::new(),
            ranges: Vec::new(),
            writes: BTreeMap::new(),
            adjusts: Vec::new(),
            appends: Vec::new(),
            ceilings: Vec::new(),
            staged: 0,
            unserializable: None,
        }
    }

    /// The store it runs on.
    #[must_use]
    pub fn store(&self) -> &SharedStore {
        &self.store
    }

    /// Reads a key: its own write, or the committed value, which is remembered.
    ///
    /// # Errors
    /// When the engine fails.
    pub async fn get(&mut self, key: &Key) -> Result<Option<Bytes>, StoreError> {
        Ok(self.get_versioned(key).await?.map(|v| v.value))
    }

    /// As [`Txn::get`], with the version: 0 for its own write, which has no commit yet.
    ///
    /// # Errors
    /// When the engine fails.
    pub async fn get_versioned(&mut self, key: &Key) -> Result<Option<Versioned>, StoreError> {
        if let Some(own) = self.writes.get(key) {
            return Ok(own.clone().map(|value| Versioned { value, version: Seq(0) }));
        }
        let found = self.store.get(key).await?;
        // The first version that was seen stays: if a later read saw another one, the commit must fail.
        self.reads.entry(key.clone()).or_insert(found.as_ref().map(|v| v.version));
        // What is absent may have been there.
        self.since |= found.as_ref().is_none_or(|v| v.version > self.moment);
        Ok(found)
    }

    /// Reads a key that holds JSON.
    ///
    /// # Errors
    /// When the engine fails; [`StoreError::Corrupt`] when the value is not such JSON.
    pub async fn get_as<T: DeserializeOwned>(&mut self, key: &Key) -> Result<Option<T>, StoreError> {
        self.get(key).await?.map(|bytes| from_json(key, &bytes)).transpose()
    }

    /// Reads at most `limit` entries of a range, its own writes among them, and remembers the part
    /// that was covered. Its own appends are not seen: they have no key before the commit.
    ///
    /// # Errors
    /// When the engine fails.
    pub async fn scan(
        &mut self,
        range: &KeyRange,
        direction: Direction,
        limit: usize,
    ) -> Result<Vec<(Key, Bytes)>, StoreError> {
        if limit == 0 || range.is_empty() {
            return Ok(Vec::new());
        }
        let own: Vec<_> = self.writes.range(range.start.clone()..range.end.clone()).collect();
        // Each of its own writes hides at most one committed entry, so this many entries leave
        // `limit` that are visible, if there are so many.
        let fetch = limit.saturating_add(own.len());
        let committed = self.store.scan(range, direction, fetch).await?;
        let reached = if committed.len() < fetch { None } else { committed.last().map(|e| e.key.clone()) };
        let fetched = covered(range, direction, reached.as_ref());

        let mut merged: BTreeMap<&Key, &Bytes> = committed.iter().map(|e| (&e.key, &e.value)).collect();
        for (key, value) in own.into_iter().filter(|(k, _)| fetched.contains(k)) {
            match value {
                Some(value) => merged.insert(key, value),
                None => merged.remove(key),
            };
        }
        let pair = |(k, v): (&Key, &Bytes)| (k.clone(), v.clone());
        let merged = merged.into_iter();
        let out: Vec<_> = match direction {
            Direction::Ascending => merged.take(limit).map(pair).collect(),
            Direction::Descending => merged.rev().take(limit).map(pair).collect(),
        };
        // What lies behind the last entry that was answered had no influence on anything.
        let last = if out.len() < limit { reached.as_ref() } else { out.last().map(|(k, _)| k) };
        let part = covered(range, direction, last);
        self.ranges.push(range_check(part, &committed));
        self.since = true;
        Ok(out)
    }

    /// Adds or replaces a value.
    pub fn put(&mut self, key: Key, value: Bytes) {
        self.count(&key, value.len());
        self.writes.insert(key, Some(value));
    }

    /// Adds or replaces a value as JSON. A value that JSON cannot express fails the commit.
    pub fn put_as<T: Serialize>(&mut self, key: Key, value: &T) {
        if let Some(json) = self.json_of(&key, value) {
            self.put(key, json);
        }
    }

    /// Removes a key; removing one that is absent is no error.
    pub fn delete(&mut self, key: Key) {
        self.count(&key, 0);
        self.writes.insert(key, None);
    }

    /// Adds `delta` to a counter at the commit, which is refused when the sum would be outside
    /// `min..=max`. Adjustments do not conflict with each other.
    pub fn adjust(&mut self, key: Key, delta: i64, min: i64, max: i64) {
        self.count(&key, 0);
        self.adjusts.push(Adjust { key, delta, min, max });
    }

    /// What a counter stands at, with its own adjustments (saturating). Not remembered.
    ///
    /// # Errors
    /// When the engine fails.
    pub async fn counter(&self, key: &Key) -> Result<i64, StoreError> {
        let committed = self.store.counter(key).await?;
        Ok(self.adjusts.iter().filter(|a| a.key == *key).fold(committed, |sum, a| sum.saturating_add(a.delta)))
    }

    /// Adds a row whose key ends in the commit's sequence number: see [`Append`].
    pub fn append(&mut self, prefix: Key, value: Bytes) {
        self.count(&prefix, value.len());
        self.appends.push(Append { prefix, value });
    }

    /// Adds a row as JSON. A value that JSON cannot express fails the commit.
    pub fn append_as<T: Serialize>(&mut self, prefix: Key, value: &T) {
        if let Some(json) = self.json_of(&prefix, value) {
            self.append(prefix, json);
        }
    }

    /// Lets the commit be refused ([`CommitError::OverQuota`]) when it would make the space larger
    /// than `bytes`. Until then nothing is read for it, and it conflicts with nobody.
    pub fn hold_to(&mut self, space: &str, bytes: u64) {
        let bytes = i64::try_from(bytes).unwrap_or(i64::MAX);
        self.ceilings.push(Ceiling { space: space.to_owned(), bytes });
    }

    /// Forgets everything that is staged. What was read stays, to be validated.
    pub fn unstage(&mut self) {
        self.writes.clear();
        self.adjusts.clear();
        self.appends.clear();
        self.ceilings.clear();
        self.unserializable = None;
        self.staged = 0;
    }

    /// How many rows are staged: writes, adjustments and appends.
    #[must_use]
    pub fn len(&self) -> usize {
        self.writes.len() + self.adjusts.len() + self.appends.len()
    }

    fn count(&mut self, key: &Key, value: usize) {
        self.staged = self.staged.saturating_add(key.as_bytes().len() + value + ROW_OVERHEAD);
    }

    /// About how many bytes of memory were staged so far; what a later write replaced counts too.
    #[must_use]
    pub fn staged_bytes(&self) -> usize {
        self.staged
    }

    /// Whether nothing is staged.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Applies everything or nothing, and answers once it is on stable storage. When the future is
    /// dropped while it waits, the commit may still take place.
    ///
    /// # Errors
    /// [`CommitError::Conflict`] when something that was read has changed, and what else the store refuses.
    pub async fn commit(self) -> Result<Seq, CommitError> {
        if let Some(problem) = self.unserializable {
            return Err(StoreError::Corrupt(problem).into());
        }
        let batch = Batch {
            reads: self.reads.into_iter().map(|(key, version)| ReadCheck { key, version }).collect(),
            ranges: self.ranges,
            writes: self
                .writes
                .into_iter()
                .map(|(key, value)| match value {
                    Some(value) => Write::Put(key, value),
                    None => Write::Delete(key),
                })
                .collect(),
            adjusts: self.adjusts,
            appends: self.appends,
            ceilings: self.ceilings,
        };
        let rows = batch.rows();
        let committed = self.store.commit(batch).await;
        // In the caller's span, which carries the request's id: the last step of a request's way.
        match &committed {
            Ok(seq) => tracing::debug!(seq = seq.0, rows, "committed"),
            Err(error) => tracing::debug!(%error, rows, "not committed"),
        }
        committed
    }

    /// Whether everything that was read was so at one moment. To be asked before a decision is made on it: what
    /// never was together, such as a loan before a payment with its receipt after it, leads to refusals that
    /// have no ground ("opacity": Guerraoui and Kapalka, 2008). Next to nothing is done while nobody commits.
    ///
    /// # Errors
    /// [`CommitError::Conflict`] when something has changed between two reads; when the engine fails.
    pub async fn of_one_moment(&mut self) -> Result<(), CommitError> {
        if self.since {
            let newest = self.store.commit(Batch::default()).await?;
            self.moment = if newest == self.moment { newest } else { self.validate().await? };
            self.since = false;
        }
        Ok(())
    }

    /// Whether everything that was read still is as it was; the newest commit up to which it is.
    ///
    /// # Errors
    /// [`CommitError::Conflict`] when it is not; when the engine fails.
    pub async fn validate(&self) -> Result<Seq, CommitError> {
        let reads = self.reads.iter().map(|(key, version)| ReadCheck { key: key.clone(), version: *version }).collect();
        let batch = Batch { reads, ranges: self.ranges.clone(), ..Batch::default() };
        self.store.commit(batch).await
    }

    fn json_of<T: Serialize>(&mut self, key: &Key, value: &T) -> Option<Bytes> {
        match serde_json::to_vec(value) {
            Ok(json) => Some(json.into()),
            Err(e) => {
                self.unserializable
                    .get_or_insert_with(|| format!("the value for {key:?} cannot be written as JSON: {e}"));
                None
            }
        }
    }
}

impl std::fmt::Debug for Txn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Txn")
            .field("reads", &self.reads)
            .field("ranges", &self.ranges)
            .field("writes", &self.writes.keys())
            .field("adjusts", &self.adjusts)
            .field("appends", &self.appends.len())
            .finish_non_exhaustive()
    }
}

/// Parses a stored JSON value.
///
/// # Errors
/// [`StoreError::Corrupt`] names the key.
pub fn from_json<T: DeserializeOwned>(key: &Key, bytes: &[u8]) -> Result<T, StoreError> {
    serde_json::from_slice(bytes).map_err(|e| StoreError::Corrupt(format!("the value of {key:?}: {e}")))
}

/// The part of a range that a walk covered when it stopped at `last` (`None`: it went to the end).
fn covered(range: &KeyRange, direction: Direction, last: Option<&Key>) -> KeyRange {
    match (last, direction) {
        (None, _) => range.clone(),
        (Some(last), Direction::Ascending) => KeyRange { start: range.start.clone(), end: last.next() },
        (Some(last), Direction::Descending) => KeyRange { start: last.clone(), end: range.end.clone() },
    }
}

fn range_check(range: KeyRange, committed: &[Entry]) -> RangeCheck {
    let within = committed.iter().filter(|e| range.contains(&e.key));
    let (count, newest) = within.fold((0, Seq(0)), |(n, newest), e| (n + 1, newest.max(e.version)));
    RangeCheck { range, count, newest }
}

/// Runs `f` until its commit succeeds: a conflict runs it again, up to 32 times with growing,
/// jittered pauses. When `f` refuses, nothing is written, and the refusal counts only if what it
/// read still holds. `f` must have no effects but those on the transaction.
///
/// # Errors
/// What `f` answers, and the commit's error; [`CommitError::Conflict`] when every attempt met one.
pub async fn transact<T, E, F>(store: &SharedStore, f: F) -> Result<T, E>
where
    F: AsyncFn(&mut Txn) -> Result<T, E>,
    E: From<CommitError>,
{
    let mut retry = Retry::default();
    loop {
        let mut txn = Txn::new(store.clone());
        match f(&mut txn).await {
            Ok(answer) => {
                if retry.commit(txn).await? {
                    return Ok(answer);
                }
            }
            Err(refusal) => {
                if !retry.is_stale(&txn).await {
                    return Err(refusal);
                }
            }
        }
    }
}

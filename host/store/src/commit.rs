//! What every engine does alike: the limits of a batch, and its validation against a state.

use crate::{
    Adjust, Batch, Ceiling, CommitError, Key, KeyRange, MAX_BATCH_BYTES, MAX_BATCH_ROWS, MAX_KEY, MAX_READS, MAX_VALUE,
    RangeCheck, Seq, StoreError, Write, usage_key,
};
use bytes::Bytes;
use std::collections::BTreeMap;

/// A state that batches are validated against.
pub(crate) trait State {
    /// The version of a key.
    fn version(&self, key: &Key) -> Result<Option<Seq>, StoreError>;

    /// Calls `f` for the version of each key in a range until it answers `false`.
    fn each_version(&self, range: &KeyRange, f: &mut dyn FnMut(&[u8], Seq) -> bool) -> Result<(), StoreError>;

    /// What a counter stands at.
    fn counter(&self, key: &Key) -> Result<i64, StoreError>;

    /// The length of a key's value, when it is there.
    fn length(&self, key: &Key) -> Result<Option<usize>, StoreError>;
}

/// A validated batch with absolute values: applying it twice is the same as applying it once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Commit {
    pub(crate) seq: Seq,
    /// New values; `None` removes. A key stands here once.
    pub(crate) rows: Vec<(Key, Option<Bytes>)>,
    /// What counters stand at afterwards.
    pub(crate) counters: Vec<(Key, i64)>,
}

/// Refuses a batch that is over a limit; answers its size in bytes.
pub(crate) fn check_limits(batch: &Batch) -> Result<usize, CommitError> {
    let too_large = |what: String| Err(CommitError::TooLarge(what));
    // The committer looks at all of them while everybody else waits.
    let covered = batch.ranges.iter().fold(batch.ranges.len() as u64, |n, r| n.saturating_add(r.count));
    if batch.reads.len() > MAX_READS || covered > MAX_READS as u64 {
        return too_large(format!("more than {MAX_READS} rows were read in one transaction"));
    }
    if batch.rows() > MAX_BATCH_ROWS {
        return too_large(format!("{} rows in one commit, {MAX_BATCH_ROWS} are possible", batch.rows()));
    }
    let mut total = 0;
    let written = batch.writes.iter().map(|w| match w {
        Write::Put(k, v) => (k, v.len(), 0),
        Write::Delete(k) => (k, 0, 0),
    });
    // An append's key grows by two numbers.
    let appended = batch.appends.iter().map(|a| (&a.prefix, a.value.len(), 18));
    let adjusted = batch.adjusts.iter().map(|a| (&a.key, 8, 0));
    for (key, value, more) in written.chain(appended).chain(adjusted) {
        let length = key.as_bytes().len() + more;
        if length > MAX_KEY {
            return too_large(format!("a key of {length} bytes, {MAX_KEY} are possible"));
        }
        if value > MAX_VALUE {
            return too_large(format!("a value of {value} bytes, {MAX_VALUE} are possible"));
        }
        total += length + value;
    }
    if total > MAX_BATCH_BYTES {
        return too_large(format!("a commit of {total} bytes, {MAX_BATCH_BYTES} are possible"));
    }
    Ok(total)
}

/// Whether everything that the batch read still is as it was.
pub(crate) fn check_reads(batch: &Batch, state: &dyn State) -> Result<(), CommitError> {
    for read in &batch.reads {
        if state.version(&read.key)? != read.version {
            return Err(CommitError::Conflict);
        }
    }
    for check in &batch.ranges {
        if !range_unchanged(check, state)? {
            return Err(CommitError::Conflict);
        }
    }
    Ok(())
}

fn range_unchanged(check: &RangeCheck, state: &dyn State) -> Result<bool, StoreError> {
    if check.range.is_empty() {
        return Ok(check.count == 0);
    }
    let (mut count, mut newest) = (0, Seq(0));
    state.each_version(&check.range, &mut |_, version| {
        count += 1;
        newest = newest.max(version);
        count <= check.count && newest <= check.newest
    })?;
    Ok(count == check.count && newest == check.newest)
}

/// Validates a batch against `state` and works out what it leads to as the commit `seq`.
pub(crate) fn resolve(batch: Batch, seq: Seq, state: &dyn State) -> Result<Commit, CommitError> {
    check_reads(&batch, state)?;
    let mut counters: BTreeMap<Key, i64> = BTreeMap::new();
    for adjust in &batch.adjusts {
        let value = match counters.get(&adjust.key) {
            Some(v) => *v,
            None => state.counter(&adjust.key)?,
        };
        match adjusted(adjust, value) {
            Some(sum) => counters.insert(adjust.key.clone(), sum),
            None => return Err(CommitError::OutOfBounds { adjust: adjust.clone(), value }),
        };
    }
    // Of several writes to one key the last one counts.
    let mut rows: BTreeMap<Key, Option<Bytes>> = BTreeMap::new();
    for write in batch.writes {
        match write {
            Write::Put(k, v) => rows.insert(k, Some(v)),
            Write::Delete(k) => rows.insert(k, None),
        };
    }
    let mut rows: Vec<_> = rows.into_iter().collect();
    let written = rows.len();
    rows.extend(batch.appends.into_iter().enumerate().map(|(i, a)| (a.key(seq, i), Some(a.value))));
    account(&rows, written, &batch.ceilings, &mut counters, state)?;
    Ok(Commit { seq, rows, counters: counters.into_iter().collect() })
}

/// Counts what each space holds afterwards. The rows before `appended` may replace others, those from
/// there on have keys that are new.
fn account(
    rows: &[(Key, Option<Bytes>)],
    appended: usize,
    ceilings: &[Ceiling],
    counters: &mut BTreeMap<Key, i64>,
    state: &dyn State,
) -> Result<(), CommitError> {
    let mut changes: BTreeMap<String, i64> = BTreeMap::new();
    for (n, (key, value)) in rows.iter().enumerate() {
        let Some(space) = key.space_name() else { continue };
        let row = |length: usize| i64::try_from(key.as_bytes().len() + length).unwrap_or(i64::MAX);
        let before = if n < appended { state.length(key)?.map_or(0, row) } else { 0 };
        let after = value.as_ref().map_or(0, |v| row(v.len()));
        *changes.entry(space).or_default() += after - before;
    }
    for (space, wanted) in changes.into_iter().filter(|(_, change)| *change != 0) {
        let key = usage_key(&space);
        let used = state.counter(&key)?;
        let sum = used.saturating_add(wanted);
        let ceiling = ceilings.iter().filter(|c| c.space == space).map(|c| c.bytes).min();
        if let Some(limit) = ceiling.filter(|limit| wanted > 0 && sum > *limit) {
            return Err(CommitError::OverQuota { space, used, wanted, limit });
        }
        counters.insert(key, sum);
    }
    Ok(())
}

fn adjusted(adjust: &Adjust, value: i64) -> Option<i64> {
    value.checked_add(adjust.delta).filter(|sum| (adjust.min..=adjust.max).contains(sum))
}

//! The index: what sled holds. It serves reads and can be thrown away: snapshot and journal have
//! everything.
//!
//! One tree, since one `apply_batch` on one tree is what sled applies as a whole: the marker of the
//! newest applied commit changes together with the rows. A letter tells the kinds apart.

use super::overlay::Overlay;
use crate::{Direction, Entry, Key, KeyRange, Seq, StoreError, Versioned};
use bytes::{Bytes, BytesMut};
use parking_lot::RwLock;
use sled::IVec;
use std::cell::RefCell;
use std::collections::HashMap;
use std::path::Path;

/// Values: version ‖ 0 ‖ bytes, or version ‖ 1 ‖ number of chunks.
pub(super) const DATA: u8 = b'd';
/// Chunks of long values: data key ‖ number.
const CHUNK: u8 = b'k';
/// Counters: i64.
const COUNTER: u8 = b'c';
/// Rows and their marker of versions that kept a feed of changes: left out of every snapshot.
const FEED: u8 = b'f';
/// The sequence of the newest commit that is applied.
const APPLIED: &[u8] = b"ma";
const FLOOR: &[u8] = b"mf";

/// The longest piece of a value in one row of sled: what is much longer would go to sled's blob
/// files, one file each.
pub(super) const CHUNK_BYTES: usize = 64 * 1024;

/// A row in the words of a snapshot: a kind, a key, and the whole value.
pub(super) struct RawRow {
    pub(super) key: Vec<u8>,
    pub(super) value: Vec<u8>,
}

/// sled and the gate before it.
pub(super) struct Index {
    db: sled::Db,
    /// The sequence of the newest applied commit. Writers of a group hold the gate while sled
    /// applies it, readers of more than one row while they read, so that no scan sees half of a
    /// commit: its check by count and newest version would not notice.
    gate: RwLock<Seq>,
}

impl Index {
    /// Opens sled in `dir`. sled may panic on files that it cannot read; that is an error here.
    pub(super) fn open(dir: &Path, cache_bytes: u64) -> Result<Self, StoreError> {
        let config = sled::Config::new()
            .path(dir)
            .cache_capacity(cache_bytes)
            .mode(sled::Mode::HighThroughput)
            .flush_every_ms(Some(1_000));
        let opened = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| config.open()));
        let db = opened.map_err(|_| StoreError::Corrupt("sled cannot read its files".into()))?.map_err(io)?;
        let index = Self { db, gate: RwLock::new(Seq(0)) };
        let applied = index.number(APPLIED)?.map_or(Seq(0), Seq);
        *index.gate.write() = applied;
        Ok(index)
    }

    /// The newest applied commit.
    pub(super) fn applied(&self) -> Seq {
        *self.gate.read()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.db.is_empty()
    }

    /// Runs `f` while no commit is applied; it gets the newest applied one.
    pub(super) fn at_rest<T>(&self, f: impl FnOnce(Seq) -> T) -> T {
        let applied = self.gate.read();
        f(*applied)
    }

    pub(super) fn get(&self, key: &Key) -> Result<Option<Versioned>, StoreError> {
        let Some(row) = self.db.get(data_key(key)).map_err(io)? else { return Ok(None) };
        let row = Row::parse(key.as_bytes(), &row)?;
        if row.chunks == 0 {
            return Ok(Some(Versioned { value: Bytes::copy_from_slice(row.inline), version: row.version }));
        }
        // The chunks must be those of this row: read it again while nothing changes.
        let _rest = self.gate.read();
        let Some(row) = self.db.get(data_key(key)).map_err(io)? else { return Ok(None) };
        self.whole(key.as_bytes(), &row).map(Some)
    }

    pub(super) fn scan(&self, range: &KeyRange, direction: Direction, limit: usize) -> Result<Vec<Entry>, StoreError> {
        if range.is_empty() || limit == 0 {
            return Ok(Vec::new());
        }
        let _rest = self.gate.read();
        let rows = self.db.range(data_key(&range.start)..data_key(&range.end));
        let entry = |row: sled::Result<(IVec, IVec)>| {
            let (key, row) = row.map_err(io)?;
            let key = &key[1..];
            let Versioned { value, version } = self.whole(key, &row)?;
            Ok(Entry { key: Key::from_bytes(key.to_vec()), value, version })
        };
        match direction {
            Direction::Ascending => rows.take(limit).map(entry).collect(),
            Direction::Descending => rows.rev().take(limit).map(entry).collect(),
        }
    }

    pub(super) fn counters(&self, range: &KeyRange, limit: usize) -> Result<Vec<(Key, i64)>, StoreError> {
        if range.is_empty() {
            return Ok(Vec::new());
        }
        let _rest = self.gate.read();
        let rows = self.db.range(counter_key(&range.start)..counter_key(&range.end)).take(limit);
        rows.map(|row| {
            let (key, value) = row.map_err(io)?;
            Ok((Key::from_bytes(key[1..].to_vec()), number(&value)?.cast_signed()))
        })
        .collect()
    }

    /// What stands at a key, without its value.
    pub(super) fn head(&self, key: &Key) -> Result<Option<Head>, StoreError> {
        let Some(row) = self.db.get(data_key(key)).map_err(io)? else { return Ok(None) };
        let row = Row::parse(key.as_bytes(), &row)?;
        let length = match row.chunks.checked_sub(1) {
            None => row.inline.len(),
            // All chunks but the last one are full.
            Some(last) => {
                let chunk = self.db.get(chunk_key(key.as_bytes(), last)).map_err(io)?;
                last as usize * CHUNK_BYTES + chunk.map_or(0, |c| c.len())
            }
        };
        Ok(Some(Head { version: row.version, length, chunks: row.chunks }))
    }

    /// Applies a group as one batch of sled, with the marker. `heads` are those of this index.
    pub(super) fn apply(&self, group: &Overlay, heads: &Heads) -> Result<(), StoreError> {
        let mut batch = sled::Batch::default();
        for (key, row) in &group.rows {
            let old = heads.of(self, key)?.map_or(0, |h| h.chunks);
            let new = match row {
                Some(v) => put_value(&mut batch, key.as_bytes(), v.version, &v.value),
                None => {
                    batch.remove(data_key(key));
                    0
                }
            };
            for n in new..old {
                batch.remove(chunk_key(key.as_bytes(), n));
            }
        }
        for (key, value) in &group.counters {
            batch.insert(counter_key(key), &value.to_be_bytes());
        }
        batch.insert(APPLIED, &group.last.0.to_be_bytes());
        let mut applied = self.gate.write();
        self.db.apply_batch(batch).map_err(io)?;
        *applied = group.last;
        Ok(())
    }

    /// At most `limit` rows behind `after`, with whole values, for a snapshot. They are one state;
    /// the rows of the next call are of a later one.
    pub(super) fn raw_rows(&self, after: Option<&[u8]>, limit: usize) -> Result<Vec<RawRow>, StoreError> {
        use std::ops::Bound;
        let _rest = self.gate.read();
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        let mut out = Vec::new();
        let (mut bytes, mut rows) = (0, self.db.range::<&[u8], _>((from, Bound::Unbounded)));
        while out.len() < limit && bytes < 4 << 20 {
            let Some(row) = rows.next() else { break };
            let (key, value) = row.map_err(io)?;
            let value = match key.first() {
                // Chunks go with their value; the walk jumps over them.
                Some(&CHUNK) => {
                    rows = self.db.range::<&[u8], _>((Bound::Included(&[CHUNK + 1][..]), Bound::Unbounded));
                    continue;
                }
                Some(&DATA) => {
                    let whole = self.whole(&key[1..], &value)?;
                    [&whole.version.0.to_be_bytes()[..], &whole.value].concat()
                }
                Some(&FEED) => continue,
                _ if *key == *APPLIED || *key == *FLOOR => continue,
                _ => value.to_vec(),
            };
            bytes += key.len() + value.len();
            out.push(RawRow { key: key.to_vec(), value });
        }
        Ok(out)
    }

    /// Puts rows of a snapshot into an empty index.
    pub(super) fn restore(&self, rows: &[(&[u8], &[u8])]) -> Result<(), StoreError> {
        let mut batch = sled::Batch::default();
        for (key, value) in rows {
            match (key.split_first(), value.split_first_chunk::<8>()) {
                (Some((&DATA, key)), Some((version, value))) => {
                    put_value(&mut batch, key, Seq(u64::from_be_bytes(*version)), value);
                }
                (Some((&COUNTER, _)), _) => batch.insert(*key, *value),
                (Some((&FEED, _)), _) => {}
                _ if *key == FLOOR => {}
                _ => return Err(StoreError::Corrupt("a row of the snapshot has an unknown form".into())),
            }
        }
        self.db.apply_batch(batch).map_err(io)
    }

    /// Says that everything up to `seq` is in the index now.
    pub(super) fn mark_applied(&self, seq: Seq) -> Result<(), StoreError> {
        let mut applied = self.gate.write();
        self.db.insert(APPLIED, &seq.0.to_be_bytes()).map_err(io)?;
        *applied = seq;
        Ok(())
    }

    pub(super) fn flush(&self) -> Result<(), StoreError> {
        self.db.flush().map(|_| ()).map_err(io)
    }

    fn whole(&self, key: &[u8], row: &IVec) -> Result<Versioned, StoreError> {
        let row = Row::parse(key, row)?;
        if row.chunks == 0 {
            return Ok(Versioned { value: Bytes::copy_from_slice(row.inline), version: row.version });
        }
        let mut value = BytesMut::with_capacity(row.chunks as usize * CHUNK_BYTES);
        for n in 0..row.chunks {
            let chunk = self.db.get(chunk_key(key, n)).map_err(io)?;
            let missing = || StoreError::Corrupt(format!("a chunk of {:?} is missing", Key::from_bytes(key.to_vec())));
            value.extend_from_slice(&chunk.ok_or_else(missing)?);
        }
        Ok(Versioned { value: value.freeze(), version: row.version })
    }

    fn number(&self, key: &[u8]) -> Result<Option<u64>, StoreError> {
        self.db.get(key).map_err(io)?.map(|v| number(&v)).transpose()
    }
}

/// What stands at a key, without its value.
#[derive(Clone, Copy, Debug)]
pub(super) struct Head {
    pub(super) version: Seq,
    /// Bytes of the value.
    pub(super) length: usize,
    /// 0: the value is inline.
    chunks: u32,
}

/// Heads that were looked up while a group was validated. Nothing else writes to the index meanwhile,
/// so that a key is looked up once, though it is validated, counted and replaced.
#[derive(Default)]
pub(super) struct Heads(RefCell<HashMap<Key, Option<Head>>>);

impl Heads {
    pub(super) fn of(&self, index: &Index, key: &Key) -> Result<Option<Head>, StoreError> {
        if let Some(head) = self.0.borrow().get(key) {
            return Ok(*head);
        }
        let head = index.head(key)?;
        self.0.borrow_mut().insert(key.clone(), head);
        Ok(head)
    }
}

impl Index {
    pub(super) fn each_version(
        &self,
        range: &KeyRange,
        f: &mut dyn FnMut(&[u8], Seq) -> bool,
    ) -> Result<(), StoreError> {
        for row in self.db.range(data_key(&range.start)..data_key(&range.end)) {
            let (key, row) = row.map_err(io)?;
            if !f(&key[1..], Row::parse(&key[1..], &row)?.version) {
                break;
            }
        }
        Ok(())
    }

    pub(super) fn counter(&self, key: &Key) -> Result<i64, StoreError> {
        Ok(self.number(&counter_key(key))?.unwrap_or(0).cast_signed())
    }
}

/// A row of data as it stands in sled.
struct Row<'a> {
    version: Seq,
    inline: &'a [u8],
    /// 0: the value is inline.
    chunks: u32,
}

impl<'a> Row<'a> {
    fn parse(key: &[u8], row: &'a [u8]) -> Result<Self, StoreError> {
        let parsed = row.split_first_chunk::<8>().and_then(|(version, rest)| {
            let version = Seq(u64::from_be_bytes(*version));
            match rest.split_first()? {
                (0, inline) => Some(Self { version, inline, chunks: 0 }),
                (1, n) => Some(Self { version, inline: &[], chunks: u32::from_be_bytes(n.try_into().ok()?) }),
                _ => None,
            }
        });
        parsed.ok_or_else(|| StoreError::Corrupt(format!("the row of {:?}", Key::from_bytes(key.to_vec()))))
    }
}

/// Puts a value, in chunks when it is long, and answers in how many.
fn put_value(batch: &mut sled::Batch, key: &[u8], version: Seq, value: &[u8]) -> u32 {
    let mut row = version.0.to_be_bytes().to_vec();
    let mut chunks = 0;
    if value.len() <= CHUNK_BYTES {
        row.push(0);
        row.extend_from_slice(value);
    } else {
        for chunk in value.chunks(CHUNK_BYTES) {
            batch.insert(chunk_key(key, chunks), chunk);
            chunks += 1;
        }
        row.push(1);
        row.extend_from_slice(&chunks.to_be_bytes());
    }
    batch.insert(prefixed(DATA, key), row);
    chunks
}

fn prefixed(kind: u8, key: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(key.len() + 1);
    out.push(kind);
    out.extend_from_slice(key);
    out
}

fn data_key(key: &Key) -> Vec<u8> {
    prefixed(DATA, key.as_bytes())
}

fn counter_key(key: &Key) -> Vec<u8> {
    prefixed(COUNTER, key.as_bytes())
}

/// The number has a fixed length, so no chunk of one key is that of another.
fn chunk_key(key: &[u8], n: u32) -> Vec<u8> {
    let mut out = prefixed(CHUNK, key);
    out.extend_from_slice(&n.to_be_bytes());
    out
}

fn number(value: &[u8]) -> Result<u64, StoreError> {
    let bytes = value.try_into().map_err(|_| StoreError::Corrupt("a stored number".into()))?;
    Ok(u64::from_be_bytes(bytes))
}

fn io(error: sled::Error) -> StoreError {
    match error {
        sled::Error::Corruption { .. } => StoreError::Corrupt(format!("sled: {error}")),
        other => StoreError::Io(format!("sled: {other}")),
    }
}

//! A copy of a store that is in use, and reading a store's files without opening it.
//!
//! A copy is what the store itself would find after a crash: a snapshot and the journal that
//! continues it. The committer starts a new journal and keeps it (and all that follows) while the
//! rows are walked; then the journal is copied up to the newest commit of that moment. The snapshot is
//! a fuzzy scan, which the journal makes whole, as [`super::snapshot`] explains: the copy is the state
//! at one sequence number, although commits went on all the time.

use super::committer::{Pinned, Request};
use super::files::Files;
use super::frame::{FrameReader, FrameWriter, JOURNAL};
use super::{SledStore, journal, record, snapshot};
use crate::{Key, KeyRange, Seq, StoreError};
use bytes::Bytes;
use std::collections::BTreeMap;
use std::io;
use tokio::sync::oneshot;

/// A copy that was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Backup {
    /// The commit whose state it is.
    pub seq: Seq,
    /// Its files.
    pub files: Vec<String>,
}

impl SledStore {
    /// Copies the store into `to` while it is in use. Blocks: call it where that is allowed.
    ///
    /// # Errors
    /// When `to` cannot be written, or the store is stopping or has stopped.
    pub fn backup(&self, to: &dyn Files) -> Result<Backup, StoreError> {
        let shared = self.shared.clone().ok_or(StoreError::Closed)?;
        let (answer, answered) = oneshot::channel();
        let requests = self.requests.as_ref().ok_or(StoreError::Closed)?;
        requests.blocking_send(Request::Pin { answer }).map_err(|_| StoreError::Closed)?;
        let pinned: Pinned = answered.blocking_recv().map_err(|_| StoreError::Closed)??;
        let files = vec![snapshot::name(pinned.journal), journal::name(pinned.journal)];
        snapshot::write_rows(to, &files[0], &shared.index, pinned.through, &shared.stop)?;
        // What the walk saw is durable and at most this new.
        let newest = *shared.newest.borrow();
        copy_journal(&*shared.files, to, pinned.journal, pinned.through, newest)?;
        to.sync_dir().map_err(|e| io_error(&e))?;
        Ok(Backup { seq: newest, files })
    }
}

fn copy_journal(from: &dyn Files, to: &dyn Files, number: u64, through: Seq, newest: Seq) -> Result<(), StoreError> {
    let name = journal::name(number);
    let mut reader = FrameReader::new(&name, from.open(&name).map_err(|e| io_error(&e))?, JOURNAL)?;
    let mut writer =
        FrameWriter::new(to.create(&name).map_err(|e| io_error(&e))?, JOURNAL).map_err(|e| io_error(&e))?;
    let mut last = through;
    while last < newest {
        // Everything up to `newest` was synced before it was told: these frames are whole.
        let missing = || StoreError::Corrupt(format!("{name} ends at the commit {}, before {}", last.0, newest.0));
        let frame = reader.next()?.ok_or_else(missing)?;
        for commit in record::decode(&frame.payload)? {
            last = commit.seq;
        }
        writer.append(frame.number, &frame.payload).map_err(|e| io_error(&e))?;
    }
    writer.sync().map_err(|e| io_error(&e))
}

/// What a look at a store's files found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verified {
    /// The newest commit.
    pub seq: Seq,
    /// Rows of the snapshot; 0 when there is none.
    pub rows: u64,
    /// Bytes of the journals.
    pub journal_bytes: u64,
}

/// Rows that were read without opening a store.
pub type Rows = BTreeMap<Key, Bytes>;

/// Reads the snapshot and all journals and checks every frame. Nothing is written and no lock is
/// taken; of a store that is in use, files may go while they are read.
///
/// # Errors
/// [`StoreError::Corrupt`] names the file and the place; [`StoreError::Io`].
pub fn verify(files: &dyn Files) -> Result<Verified, StoreError> {
    verify_reading(files, &[]).map(|(verified, _)| verified)
}

/// As [`verify`], and the rows of some ranges as of the newest commit: what a store says, without
/// opening it. The rows are held in memory.
///
/// # Errors
/// As [`verify`].
pub fn verify_reading(files: &dyn Files, wanted: &[KeyRange]) -> Result<(Verified, Rows), StoreError> {
    let names = files.list().map_err(|e| io_error(&e))?;
    let mut snapshots: Vec<u64> = names.iter().filter_map(|n| journal::number("snapshot-", n)).collect();
    let mut journals: Vec<u64> = names.iter().filter_map(|n| journal::number("journal-", n)).collect();
    snapshots.sort_unstable();
    journals.sort_unstable();
    let (mut through, mut rows, mut found) = (Seq(0), 0, Rows::new());
    if let Some(number) = snapshots.last().copied() {
        through = snapshot::through(files, number)?;
        rows = snapshot::read(files, number, &mut |rows| {
            for (row, value) in rows {
                if let Some((key, value)) = snapshot::data_in(wanted, row, value) {
                    found.insert(Key::from_bytes(key.to_vec()), Bytes::copy_from_slice(value));
                }
            }
            Ok(())
        })?;
        journals.retain(|n| *n >= number);
    }
    let replayed = journal::replay(files, &journals, through, &mut |commit| {
        for (key, value) in commit.rows {
            if wanted.iter().any(|range| range.contains(&key)) {
                match value {
                    Some(value) => found.insert(key, value),
                    None => found.remove(&key),
                };
            }
        }
        Ok(())
    })?;
    Ok((Verified { seq: replayed.last, rows, journal_bytes: replayed.bytes }, found))
}

fn io_error(e: &io::Error) -> StoreError {
    StoreError::Io(e.to_string())
}

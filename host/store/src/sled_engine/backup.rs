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
use crate::{Key, Seq, StoreError};
use bytes::Bytes;
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

/// Reads the snapshot and all journals and checks every frame. Nothing is written and no lock is
/// taken; of a store that is in use, files may go while they are read.
///
/// # Errors
/// [`StoreError::Corrupt`] names the file and the place; [`StoreError::Io`].
pub fn verify(files: &dyn Files) -> Result<Verified, StoreError> {
    walk(files, None).map(|(verified, _)| verified)
}

/// As [`verify`], and the value of one key as of the newest commit: what a store says of itself,
/// without opening it.
///
/// # Errors
/// As [`verify`].
pub fn verify_reading(files: &dyn Files, key: &Key) -> Result<(Verified, Option<Bytes>), StoreError> {
    walk(files, Some(key))
}

fn walk(files: &dyn Files, wanted: Option<&Key>) -> Result<(Verified, Option<Bytes>), StoreError> {
    let names = files.list().map_err(|e| io_error(&e))?;
    let mut snapshots: Vec<u64> = names.iter().filter_map(|n| journal::number("snapshot-", n)).collect();
    let mut journals: Vec<u64> = names.iter().filter_map(|n| journal::number("journal-", n)).collect();
    snapshots.sort_unstable();
    journals.sort_unstable();
    let (mut through, mut rows, mut found) = (Seq(0), 0, None);
    if let Some(number) = snapshots.last().copied() {
        through = snapshot::through(files, number)?;
        rows = snapshot::read(files, number, &mut |rows| {
            for (row, value) in rows {
                if let Some(key) = wanted
                    && let Some(bytes) = snapshot::value_of(key, row, value)
                {
                    found = Some(Bytes::copy_from_slice(bytes));
                }
            }
            Ok(())
        })?;
        journals.retain(|n| *n >= number);
    }
    let replayed = journal::replay(files, &journals, through, &mut |commit| {
        if let Some((_, value)) = commit.rows.into_iter().find(|(key, _)| Some(key) == wanted) {
            found = value;
        }
        Ok(())
    })?;
    Ok((Verified { seq: replayed.last, rows, journal_bytes: replayed.bytes }, found))
}

fn io_error(e: &io::Error) -> StoreError {
    StoreError::Io(e.to_string())
}

//! Snapshots: all rows of the index in one file, so that older journals can go.
//!
//! A snapshot is written while commits go on (a fuzzy scan): its rows are of several states between
//! the commit S after which the journal was rotated and the end of the scan. That is enough,
//! because journal records are absolute and all commits after S are replayed over it, in order:
//! a row that was written after S gets its last value from the replay, whatever the scan saw; a row
//! that was not has the value it had at S. And the scan cannot have seen a commit that the replay
//! lacks, since the index gets a commit only after the journal has it durably.

use super::files::Files;
use super::frame::{FrameReader, FrameWriter, SNAPSHOT};
use super::index::{DATA, Index};
use super::record::{Input, put_bytes};
use super::{Stop, journal};
use crate::{KeyRange, Seq, StoreError};
use std::io;

/// A key and its value, as the index holds them.
type Row<'a> = (&'a [u8], &'a [u8]);

const TEMPORARY: &str = "snapshot.tmp";
const ROWS_A_FRAME: usize = 256;
const HEAD: u8 = 1;
const ROWS: u8 = 2;
const END: u8 = 3;

/// The name of the snapshot that the journal files from `journal` on continue.
pub(super) fn name(journal: u64) -> String {
    format!("snapshot-{journal:012}")
}

/// Writes the snapshot that `journal` continues and removes what it replaces; answers its size.
/// `through` is the last commit of the journals before `journal`.
pub(super) fn write(
    files: &dyn Files,
    index: &Index,
    through: Seq,
    journal: u64,
    stop: &Stop,
) -> Result<u64, StoreError> {
    let written = write_rows(files, TEMPORARY, index, through, stop);
    if written.is_err() {
        // It is of no use; a leftover is removed when the store is opened.
        let _ = files.remove(TEMPORARY);
    }
    let bytes = written?;
    let named = files.rename(TEMPORARY, &name(journal)).and_then(|()| files.sync_dir());
    named.map_err(io_error)?;
    remove_older(files, journal).map_err(io_error)?;
    Ok(bytes)
}

/// Writes all rows into the file `name` of `files`, which need not be those of the store.
pub(super) fn write_rows(
    files: &dyn Files,
    name: &str,
    index: &Index,
    through: Seq,
    stop: &Stop,
) -> Result<u64, StoreError> {
    let file = files.create(name).map_err(io_error)?;
    let mut writer = FrameWriter::new(file, SNAPSHOT).map_err(io_error)?;
    let mut number = 0;
    let mut put = |payload: &[u8]| {
        number += 1;
        writer.append(number, payload).map_err(io_error)
    };
    put(&[&[HEAD][..], &through.0.to_be_bytes()].concat())?;
    let mut after: Option<Vec<u8>> = None;
    let mut count: u64 = 0;
    loop {
        if stop.asked() {
            return Err(StoreError::Closed);
        }
        let rows = index.raw_rows(after.as_deref(), ROWS_A_FRAME)?;
        let Some(last) = rows.last() else { break };
        let mut payload = vec![ROWS];
        for row in &rows {
            put_bytes(&mut payload, &row.key);
            put_bytes(&mut payload, &row.value);
        }
        put(&payload)?;
        count += rows.len() as u64;
        after = Some(last.key.clone());
    }
    put(&[&[END][..], &count.to_be_bytes()].concat())?;
    writer.sync().map_err(io_error)?;
    Ok(writer.bytes)
}

/// Removes journals and snapshots from before the snapshot that `journal` continues. The order does
/// not matter, and what comes back after a power cut is removed again at the next opening.
pub(super) fn remove_older(files: &dyn Files, journal: u64) -> io::Result<()> {
    for file in files.list()? {
        let old = [journal::number("journal-", &file), journal::number("snapshot-", &file)];
        if old.into_iter().flatten().any(|n| n < journal) || file == TEMPORARY {
            files.remove(&file)?;
        }
    }
    Ok(())
}

/// The commit that a snapshot is the state of, at least.
pub(super) fn through(files: &dyn Files, journal: u64) -> Result<Seq, StoreError> {
    let mut reader = open(files, journal)?;
    head(&name(journal), &mut reader)
}

/// Puts all rows of a snapshot into an empty index.
pub(super) fn restore(files: &dyn Files, journal: u64, index: &Index) -> Result<(), StoreError> {
    read(files, journal, &mut |rows| index.restore(rows)).map(drop)
}

/// Hands all rows of a snapshot to `f` and answers how many there are.
pub(super) fn read(
    files: &dyn Files,
    journal: u64,
    f: &mut dyn FnMut(&[Row<'_>]) -> Result<(), StoreError>,
) -> Result<u64, StoreError> {
    let name = name(journal);
    let mut reader = open(files, journal)?;
    head(&name, &mut reader)?;
    let mut count = 0_u64;
    while let Some(frame) = reader.next()? {
        let mut input = Input(&frame.payload);
        match input.byte() {
            Some(ROWS) => {
                let mut rows = Vec::new();
                while !input.is_empty() {
                    rows.push(input.bytes().zip(input.bytes()).ok_or_else(|| damaged(&name))?);
                }
                count += rows.len() as u64;
                f(&rows)?;
            }
            Some(END) if input.number() == Some(count) => return Ok(count),
            _ => break,
        }
    }
    // It got its name only when it was whole and synced.
    Err(damaged(&name))
}

/// Key and value in a row, if it is data and its key is in one of the ranges.
pub(super) fn data_in<'a>(ranges: &[KeyRange], row: &'a [u8], value: &'a [u8]) -> Option<Row<'a>> {
    let (kind, key) = row.split_first()?;
    let (_version, value) = value.split_first_chunk::<8>()?;
    let wanted = |range: &KeyRange| key >= range.start.as_bytes() && key < range.end.as_bytes();
    (*kind == DATA && ranges.iter().any(wanted)).then_some((key, value))
}

fn open(files: &dyn Files, journal: u64) -> Result<FrameReader, StoreError> {
    let name = name(journal);
    let file = files.open(&name).map_err(|e| StoreError::Io(format!("{name}: {e}")))?;
    FrameReader::new(&name, file, SNAPSHOT)
}

fn head(name: &str, reader: &mut FrameReader) -> Result<Seq, StoreError> {
    let frame = reader.next()?.ok_or_else(|| damaged(name))?;
    let mut input = Input(&frame.payload);
    let seq = if input.byte() == Some(HEAD) { input.number() } else { None };
    seq.map(Seq).ok_or_else(|| damaged(name))
}

fn damaged(name: &str) -> StoreError {
    StoreError::Corrupt(format!("{name} is damaged"))
}

#[expect(clippy::needless_pass_by_value, reason = "it is given to map_err")]
fn io_error(e: io::Error) -> StoreError {
    StoreError::Io(e.to_string())
}

//! Opening: decides whether the index can be trusted, brings it up to the journal, or builds it anew.

use super::files::{Files, sync_tree};
use super::index::{Heads, Index};
use super::journal::{self, Journal};
use super::overlay::Overlay;
use super::{SledOptions, snapshot};
use crate::{Seq, StoreError};
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

/// Records whether sled's files are what was last written to them.
const STATE: &str = "state";
/// The content of `state` after an orderly end: sled's files are synced.
const CLEAN: &str = "clean";

/// Where sled's files are.
pub(super) fn index_dir(dir: &Path) -> PathBuf {
    dir.join("index")
}

/// What opening leads to.
pub(super) struct Opened {
    pub(super) index: Index,
    pub(super) journal: Journal,
    /// The newest commit.
    pub(super) last: Seq,
    /// Bytes in the journals before the new one.
    pub(super) journal_bytes: u64,
    pub(super) snapshot_bytes: u64,
}

/// Opens everything in a folder that is locked.
pub(super) fn open(dir: &Path, files: &dyn Files, options: &SledOptions) -> Result<Opened, StoreError> {
    let names = files.list().map_err(io)?;
    let numbers = |prefix: &str| {
        let mut numbers: Vec<u64> = names.iter().filter_map(|n| journal::number(prefix, n)).collect();
        numbers.sort_unstable();
        numbers
    };
    let snapshot = numbers("snapshot-").last().copied();
    let first = snapshot.unwrap_or(0);
    snapshot::remove_older(files, first).map_err(io)?;
    let mut journals = numbers("journal-");
    journals.retain(|n| *n >= first);
    let through = snapshot.map(|n| snapshot::through(files, n)).transpose()?.unwrap_or_default();

    let index = open_index(dir, files, options)?;
    let index = if index.applied() < through || (index.applied() == Seq(0) && !index.is_empty()) {
        // It is older than the journals, or was being built when the process died.
        let index = rebuilt(dir, index, options)?;
        if let Some(number) = snapshot {
            tracing::info!(through = through.0, "building the index from the snapshot");
            snapshot::restore(files, number, &index)?;
        }
        index.mark_applied(through)?;
        index
    } else {
        index
    };
    let replayed = replay(files, &journals, through, &index)?;
    if index.applied() > replayed.last {
        return Err(StoreError::Corrupt(format!(
            "the journal ends at the commit {}, but {} was acknowledged",
            replayed.last.0,
            index.applied().0
        )));
    }

    let number = journals.last().map_or(first, |n| n + 1).max(1);
    let mut journal = Journal::create(files, number).map_err(io)?;
    if let Some((seq, payload)) = replayed.frame {
        journal.append(seq, &payload).map_err(io)?;
    }
    let snapshot_bytes = snapshot.map_or(0, |n| fs::metadata(dir.join(snapshot::name(n))).map_or(0, |m| m.len()));
    Ok(Opened { index, journal, last: replayed.last, journal_bytes: replayed.bytes, snapshot_bytes })
}

/// Applies what the index lacks, many commits at a time.
fn replay(files: &dyn Files, journals: &[u64], through: Seq, index: &Index) -> Result<journal::Replayed, StoreError> {
    let applied = index.applied();
    let mut group = Overlay::default();
    let flush = |group: &mut Overlay| {
        if group.last > Seq(0) { index.apply(&std::mem::take(group), &Heads::default()) } else { Ok(()) }
    };
    let replayed = journal::replay(files, journals, through, &mut |commit| {
        if commit.seq > applied {
            group.add(&commit);
            if group.bytes > 4 << 20 || group.rows.len() > 4_096 {
                flush(&mut group)?;
            }
        }
        Ok(())
    })?;
    flush(&mut group)?;
    Ok(replayed)
}

fn open_index(dir: &Path, files: &dyn Files, options: &SledOptions) -> Result<Index, StoreError> {
    let path = index_dir(dir);
    let boot = options.boot_id.clone().unwrap_or_else(boot_id);
    let open_since = format!("open {boot}");
    let state = read_state(files).unwrap_or_default();
    if state != CLEAN && state != open_since {
        // After a power cut sled's files may be anything: it never waited for them to be synced.
        // They go before the state says that they are of this boot.
        wipe(&path)?;
        files.sync_dir().map_err(io)?;
    }
    write_state(files, &open_since)?;
    match Index::open(&path, options.cache_bytes) {
        Ok(index) => Ok(index),
        Err(e) => {
            tracing::warn!(error = %e, "the index cannot be opened and is built anew");
            wipe(&path)?;
            Index::open(&path, options.cache_bytes)
        }
    }
}

fn rebuilt(dir: &Path, index: Index, options: &SledOptions) -> Result<Index, StoreError> {
    if index.is_empty() {
        return Ok(index);
    }
    drop(index);
    wipe(&index_dir(dir))?;
    Index::open(&index_dir(dir), options.cache_bytes)
}

/// Records that sled's files are complete. sled must be closed.
pub(super) fn mark_clean(dir: &Path, files: &dyn Files) -> Result<(), StoreError> {
    sync_tree(&index_dir(dir)).map_err(io)?;
    write_state(files, CLEAN)
}

fn read_state(files: &dyn Files) -> Option<String> {
    let mut text = String::new();
    files.open(STATE).ok()?.take(256).read_to_string(&mut text).ok()?;
    Some(text)
}

fn write_state(files: &dyn Files, text: &str) -> Result<(), StoreError> {
    let temporary = "state.tmp";
    let write = || {
        let mut file = files.create(temporary)?;
        file.append(text.as_bytes())?;
        file.sync()?;
        files.rename(temporary, STATE)?;
        files.sync_dir()
    };
    write().map_err(io)
}

/// Differs after each start of the machine. Where there is none, no boot is like another.
fn boot_id() -> String {
    let read = fs::read_to_string("/proc/sys/kernel/random/boot_id");
    read.map_or_else(
        |_| format!("{:?} {}", std::time::SystemTime::now(), std::process::id()),
        |id| id.trim().to_owned(),
    )
}

fn wipe(path: &Path) -> Result<(), StoreError> {
    match fs::remove_dir_all(path) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => Err(io(e)),
        _ => Ok(()),
    }
}

#[expect(clippy::needless_pass_by_value, reason = "it is given to map_err")]
fn io(e: std::io::Error) -> StoreError {
    StoreError::Io(e.to_string())
}

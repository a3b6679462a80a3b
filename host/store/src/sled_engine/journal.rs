//! The journal: numbered files of frames, a frame a group of commits. It is the truth; the index
//! only ever holds what stands here durably.
//!
//! Each opening of the store starts a new file whose first frame repeats the last one that was
//! found. That one frame may never have been synced (the process may have died, or its fsync have
//! failed, which a later fsync on the same file would not tell); all before it were, since a frame
//! is only written after the sync of the one before. It also leaves torn tails where they are:
//! whether one hides a loss shows in the sequence numbers of the next file.

use super::files::Files;
use super::frame::{FrameReader, FrameWriter, JOURNAL};
use super::record;
use crate::commit::Commit;
use crate::{Seq, StoreError};
use std::io;

/// The name of the journal file `number`; larger numbers come later.
pub(super) fn name(number: u64) -> String {
    format!("journal-{number:012}")
}

/// The number in a file's name.
pub(super) fn number(prefix: &str, name: &str) -> Option<u64> {
    name.strip_prefix(prefix)?.parse().ok()
}

/// The journal file that is being written.
pub(super) struct Journal {
    writer: FrameWriter,
    number: u64,
}

impl Journal {
    /// Starts a file and makes its name durable.
    pub(super) fn create(files: &dyn Files, number: u64) -> io::Result<Self> {
        let mut writer = FrameWriter::new(files.create(&name(number))?, JOURNAL)?;
        writer.sync()?;
        files.sync_dir()?;
        Ok(Self { writer, number })
    }

    /// Appends a group and returns when it is durable.
    pub(super) fn append(&mut self, first: Seq, payload: &[u8]) -> io::Result<()> {
        self.writer.append(first.0, payload)?;
        self.writer.sync()
    }

    pub(super) fn bytes(&self) -> u64 {
        self.writer.bytes
    }

    pub(super) fn number(&self) -> u64 {
        self.number
    }
}

/// The last frame that was replayed, to be repeated.
pub(super) type LastFrame = Option<(Seq, Vec<u8>)>;

/// What a replay found.
pub(super) struct Replayed {
    /// The newest commit.
    pub(super) last: Seq,
    pub(super) frame: LastFrame,
    /// Bytes of all files.
    pub(super) bytes: u64,
}

/// Reads the files `numbers` in order and hands each commit after `through` to `f`, once.
///
/// # Errors
/// [`StoreError::Corrupt`] when a commit is missing.
pub(super) fn replay(
    files: &dyn Files,
    numbers: &[u64],
    through: Seq,
    f: &mut dyn FnMut(Commit) -> Result<(), StoreError>,
) -> Result<Replayed, StoreError> {
    let mut found = Replayed { last: through, frame: None, bytes: 0 };
    for number in numbers {
        let name = name(*number);
        let file = files.open(&name).map_err(|e| StoreError::Io(format!("{name}: {e}")))?;
        let mut reader = FrameReader::new(&name, file, JOURNAL)?;
        while let Some(frame) = reader.next()? {
            for commit in record::decode(&frame.payload)? {
                if commit.seq.0 > found.last.0 + 1 {
                    let missing = found.last.0 + 1;
                    return Err(StoreError::Corrupt(format!(
                        "{name}: the commit {missing} is missing before {}",
                        commit.seq.0
                    )));
                }
                if commit.seq > found.last {
                    found.last = commit.seq;
                    f(commit)?;
                }
            }
            found.frame = Some((Seq(frame.number), frame.payload));
        }
        found.bytes += reader.bytes;
    }
    Ok(found)
}

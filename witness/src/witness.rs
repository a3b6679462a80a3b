//! The witness: who is cosigned, and when.

use crate::keyfile::KeyFile;
use crate::memory::{Memory, MemoryError, origin_hash};
use crate::request::{Request, RequestError};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use yunlong_verify::note::{Checkpoint, KeyType, Note, NoteError, VKey, cosign};
use yunlong_verify::tree::{continues, empty_root};

/// A witness of some logs.
pub struct Witness {
    key: KeyFile,
    memory: Memory,
    logs: BTreeMap<String, Log>,
}

struct Log {
    key: VKey,
    /// The newest checkpoint that was cosigned. Held while one is checked and written.
    newest: Mutex<Option<Checkpoint>>,
}

/// Why a checkpoint is not cosigned. Each is a status of C2SP tlog-witness.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// 400
    #[error(transparent)]
    Malformed(#[from] RequestError),
    /// 400
    #[error("the old size {old} is larger than the checkpoint's, {size}")]
    OldLarger {
        /// The old size.
        old: u64,
        /// The checkpoint's size.
        size: u64,
    },
    /// 404
    #[error("no log of this origin is known here")]
    UnknownLog,
    /// 403
    #[error("the log has not signed this: {0}")]
    Unsigned(NoteError),
    /// 409
    #[error("the newest checkpoint that was cosigned has {0} leaves")]
    Conflict(u64),
    /// 422
    #[error("it does not continue what was cosigned: {0}")]
    Inconsistent(&'static str),
    /// 500
    #[error(transparent)]
    Memory(#[from] MemoryError),
}

impl Witness {
    /// A witness that remembers in `folder`.
    ///
    /// # Errors
    /// When the folder is in use, or does not hold what this witness wrote.
    pub fn open(key: KeyFile, folder: &Path, logs: Vec<VKey>) -> Result<Self, MemoryError> {
        let memory = Memory::open(folder)?;
        let mut known = BTreeMap::new();
        for log in logs {
            let newest = match memory.read(&log.name)? {
                Some(note) => Some(
                    remembered(&note, &log, &key.vkey)
                        .map_err(|why| MemoryError::Changed { file: memory.file(&log.name), why: why.to_string() })?,
                ),
                None => None,
            };
            let size = newest.as_ref().map_or(0, |c: &Checkpoint| c.size);
            tracing::info!(origin = log.name, size, "a log is known");
            known.insert(log.name.clone(), Log { key: log, newest: Mutex::new(newest) });
        }
        Ok(Self { key, memory, logs: known })
    }

    /// The witness's verifier key.
    #[must_use]
    pub fn vkey(&self) -> String {
        self.key.vkey.text()
    }

    /// Checks a request, remembers its checkpoint and answers the line of the cosignature, made at
    /// `time` (POSIX seconds).
    ///
    /// # Errors
    /// [`Refusal`]; nothing was remembered, except that after [`Refusal::Memory`] the disk decides.
    pub fn add_checkpoint(&self, body: &[u8], time: u64) -> Result<String, Refusal> {
        let request = Request::parse(body)?;
        let log = self.logs.get(&request.checkpoint.origin).ok_or(Refusal::UnknownLog)?;
        let checkpoint = request.signed.checkpoint(&log.key).map_err(Refusal::Unsigned)?;
        if request.old > checkpoint.size {
            return Err(Refusal::OldLarger { old: request.old, size: checkpoint.size });
        }
        // A panic under the lock leaves what was remembered before.
        let mut newest = log.newest.lock().unwrap_or_else(PoisonError::into_inner);
        let (size, root) = newest.as_ref().map_or((0, empty_root()), |c| (c.size, c.root));
        if request.old != size {
            return Err(Refusal::Conflict(size));
        }
        if !continues((size, &root), (checkpoint.size, &checkpoint.root), &request.proof) {
            tracing::error!(
                origin = checkpoint.origin,
                size,
                offered = request.note,
                "a log offers a checkpoint, signed, that does not continue what was cosigned"
            );
            return Err(Refusal::Inconsistent("the proof does not hold"));
        }
        let line = cosign(&self.key.vkey, &self.key.key, time, &request.signed.text);
        // With the log's signature alone, whatever else came along.
        let note = format!("{}{line}", only(&request.note, &log.key));
        self.memory.write(&log.key.name, &note)?;
        tracing::info!(origin = checkpoint.origin, size = checkpoint.size, "cosigned");
        *newest = Some(checkpoint);
        Ok(line)
    }

    /// The newest checkpoint that was cosigned, by the hash of its log's origin.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn newest(&self, hash: &str) -> Result<Option<String>, MemoryError> {
        match self.logs.keys().find(|origin| origin_hash(origin) == hash) {
            Some(origin) => self.memory.read(origin),
            None => Ok(None),
        }
    }
}

/// What a file holds must be signed by the log and by this witness.
fn remembered(note: &str, log: &VKey, own: &VKey) -> Result<Checkpoint, NoteError> {
    debug_assert_eq!(own.kind, KeyType::Cosignature);
    let note = Note::parse(note)?;
    let checkpoint = note.checkpoint(log)?;
    if note.signed_by(own)? { Ok(checkpoint) } else { Err(NoteError::Unsigned(own.name.clone())) }
}

/// The note without the signatures of others than its log.
fn only(note: &str, log: &VKey) -> String {
    let Some(at) = note.rfind("\n\n") else { return note.to_owned() };
    let (text, lines) = note.split_at(at + 2);
    let own = format!("— {} ", log.name);
    let kept: String = lines.split_inclusive('\n').filter(|l| l.starts_with(&own)).collect();
    format!("{text}{kept}")
}

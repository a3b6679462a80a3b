//! What the witness remembers: a file for each log, with the newest checkpoint that it cosigned.

use data_encoding::HEXLOWER;
use sha2::{Digest as _, Sha256};
use std::fs::{File, TryLockError};
use std::io::Write as _;
use std::path::{Path, PathBuf};

/// Why the memory cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum MemoryError {
    /// A file cannot be read or written.
    #[error("{}: {error}", .file.display())]
    Io {
        /// The file.
        file: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// Another process uses the folder.
    #[error("{}: another process uses it: two witnesses with one memory could cosign two histories", .0.display())]
    Locked(PathBuf),
    /// A file does not hold what this witness cosigned.
    #[error(
        "{}: it does not hold a checkpoint of the log that this witness cosigned ({why}): put it back from a copy; \
         without it the witness cosigns any history once",
        .file.display()
    )]
    Changed {
        /// The file.
        file: PathBuf,
        /// What is wrong.
        why: String,
    },
}

/// A folder that is in use by this process alone.
pub(crate) struct Memory {
    folder: PathBuf,
    _lock: File,
}

/// The hash of an origin: the name of its file, and of its address.
pub(crate) fn origin_hash(origin: &str) -> String {
    HEXLOWER.encode(&Sha256::digest(origin))
}

impl Memory {
    pub(crate) fn open(folder: &Path) -> Result<Self, MemoryError> {
        let at = |file: &Path| {
            let file = file.to_owned();
            move |error| MemoryError::Io { file, error }
        };
        std::fs::create_dir_all(folder).map_err(at(folder))?;
        let file = folder.join("lock");
        let lock = File::options().create(true).append(true).open(&file).map_err(at(&file))?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { folder: folder.to_owned(), _lock: lock }),
            Err(TryLockError::WouldBlock) => Err(MemoryError::Locked(folder.to_owned())),
            Err(TryLockError::Error(error)) => Err(at(&file)(error)),
        }
    }

    pub(crate) fn file(&self, origin: &str) -> PathBuf {
        self.folder.join(origin_hash(origin))
    }

    /// The checkpoint that was cosigned last, with its cosignature; `None` for a log that never was.
    pub(crate) fn read(&self, origin: &str) -> Result<Option<String>, MemoryError> {
        let file = self.file(origin);
        match std::fs::read_to_string(&file) {
            Ok(note) => Ok(Some(note)),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(MemoryError::Io { file, error }),
        }
    }

    /// Replaces it: all or nothing, and on stable storage when this returns.
    pub(crate) fn write(&self, origin: &str, note: &str) -> Result<(), MemoryError> {
        let file = self.file(origin);
        let beside = file.with_extension("new");
        let replace = || {
            let mut out = File::create(&beside)?;
            out.write_all(note.as_bytes())?;
            out.sync_all()?;
            std::fs::rename(&beside, &file)?;
            // The new name itself must be on the disk, too.
            File::open(&self.folder)?.sync_all()
        };
        replace().map_err(|error| MemoryError::Io { file, error })
    }
}

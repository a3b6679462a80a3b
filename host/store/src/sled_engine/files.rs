//! The few file operations that durability rests on, behind a trait: a test can record them and
//! replay what a power cut would have left.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// A flat folder of files that are written once, from the beginning to the end.
///
/// Nothing is durable by itself: what was appended is after [`LogFile::sync`], and names (created,
/// renamed, removed) are after [`Files::sync_dir`].
pub trait Files: Send + Sync + 'static {
    /// Creates a file, or empties it.
    ///
    /// # Errors
    /// The system's.
    fn create(&self, name: &str) -> io::Result<Box<dyn LogFile>>;

    /// Opens a file for reading from its beginning.
    ///
    /// # Errors
    /// The system's.
    fn open(&self, name: &str) -> io::Result<Box<dyn Read + Send>>;

    /// The names of all files.
    ///
    /// # Errors
    /// The system's.
    fn list(&self) -> io::Result<Vec<String>>;

    /// Gives a file another name, in place of the file that had it.
    ///
    /// # Errors
    /// The system's.
    fn rename(&self, from: &str, to: &str) -> io::Result<()>;

    /// Removes a file.
    ///
    /// # Errors
    /// The system's.
    fn remove(&self, name: &str) -> io::Result<()>;

    /// Makes names durable.
    ///
    /// # Errors
    /// The system's.
    fn sync_dir(&self) -> io::Result<()>;

    /// How many bytes can still be written; `None` where that is unknown.
    ///
    /// # Errors
    /// The system's.
    fn free(&self) -> io::Result<Option<u64>> {
        Ok(None)
    }
}

/// A file that is being written.
pub trait LogFile: Send {
    /// Writes at the end.
    ///
    /// # Errors
    /// The system's; part of the bytes may have been written.
    fn append(&mut self, bytes: &[u8]) -> io::Result<()>;

    /// Makes everything that was appended durable. After an error nobody knows what is, and a
    /// second call that succeeds proves nothing (the kernel has dropped the pages by then).
    ///
    /// # Errors
    /// The system's.
    fn sync(&mut self) -> io::Result<()>;
}

/// Files in a folder of the file system, readable by their owner only.
#[derive(Debug)]
pub struct DiskFiles(PathBuf);

impl DiskFiles {
    /// The folder, which is created if it is not there.
    ///
    /// # Errors
    /// The system's.
    pub fn new(dir: &Path) -> io::Result<Self> {
        if !dir.is_dir() {
            DirBuilder::new().recursive(true).mode(0o700).create(dir)?;
            // The folder's own name must survive too, and those of the folders created above it.
            for above in dir.canonicalize()?.ancestors().skip(1) {
                // Folders that this process may not open were there before.
                let _ = File::open(above).and_then(|above| above.sync_all());
            }
        }
        Ok(Self(dir.to_owned()))
    }
}

impl Files for DiskFiles {
    fn create(&self, name: &str) -> io::Result<Box<dyn LogFile>> {
        let file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(self.0.join(name))?;
        Ok(Box::new(DiskFile(file)))
    }

    fn open(&self, name: &str) -> io::Result<Box<dyn Read + Send>> {
        Ok(Box::new(File::open(self.0.join(name))?))
    }

    fn list(&self) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in fs::read_dir(&self.0)? {
            let entry = entry?;
            if entry.file_type()?.is_file() {
                names.extend(entry.file_name().into_string());
            }
        }
        Ok(names)
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        fs::rename(self.0.join(from), self.0.join(to))
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        fs::remove_file(self.0.join(name))
    }

    fn sync_dir(&self) -> io::Result<()> {
        File::open(&self.0)?.sync_all()
    }

    fn free(&self) -> io::Result<Option<u64>> {
        let stat = rustix::fs::statvfs(&self.0)?;
        // What the superuser alone may fill does not count.
        Ok(Some(stat.f_bavail.saturating_mul(stat.f_frsize)))
    }
}

struct DiskFile(File);

impl LogFile for DiskFile {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.0.write_all(bytes)
    }

    fn sync(&mut self) -> io::Result<()> {
        // fdatasync: the new length is part of what is needed to read the data, so it is synced too.
        self.0.sync_data()
    }
}

/// Syncs every file and folder below `dir`.
pub(super) fn sync_tree(dir: &Path) -> io::Result<()> {
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            sync_tree(&entry.path())?;
        } else {
            File::open(entry.path())?.sync_all()?;
        }
    }
    File::open(dir)?.sync_all()
}

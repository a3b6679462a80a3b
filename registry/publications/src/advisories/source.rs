//! Reading a copy of the advisories from a folder or a zip: osv.dev's `all.zip`, or a checkout or archive of
//! RustSec's `advisory-db`. What is read is hostile until it was read: entries, bytes and depth are bounded,
//! links are not followed, and a file that is no advisory is counted, not fatal.

use super::{Advisory, osv, rustsec};
use cap_std::fs::Dir;
use std::collections::BTreeMap;
use std::io::{Read, Seek};
use std::path::Path;
use yunlong_model::{Digest, Timestamp};

/// The most files. All of osv.dev's records for crates.io, npm and PyPI are fewer.
const MAX_FILES: u64 = 500_000;
/// The largest file.
const MAX_FILE: u64 = 1024 * 1024;
/// The most bytes that are unpacked.
const MAX_TOTAL: u64 = 2 * 1024 * 1024 * 1024;
/// The largest archive.
pub const MAX_ARCHIVE: u64 = 512 * 1024 * 1024;
/// The most bytes of advisories of one package that are kept: a row of the store.
const MAX_PACKAGE: usize = 2 * 1024 * 1024;
/// How deep folders are looked into.
const MAX_DEPTH: usize = 8;

/// Why no advisories can be taken from somewhere.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// It cannot be read.
    #[error("无法读取 {path}：{source} / {path} cannot be read: {source}")]
    Io {
        /// The file or folder.
        path: String,
        /// What the operating system says.
        source: std::io::Error,
    },
    /// Not a zip.
    #[error("不是 zip 文件：{0} / this is no zip: {0}")]
    Zip(String),
    /// Over a limit.
    #[error("内容过多：{0} / there is too much in it: {0}")]
    TooMuch(String),
    /// Nothing in it is an advisory.
    #[error(
        "其中没有安全公告（共 {0} 个文件）：请提供 osv.dev 的 all.zip，或 RustSec advisory-db / there is no advisory in it ({0} files): give osv.dev's all.zip, or RustSec's advisory-db"
    )]
    Empty(u64),
}

/// Advisories that were read, by package.
#[derive(Clone, Debug, Default)]
pub struct Advisories {
    pub(crate) by_package: BTreeMap<(super::Ecosystem, String), Vec<Advisory>>,
    /// The digest over all that was read, in the order of the files' names.
    pub digest: Option<Digest>,
    /// How many advisories.
    pub count: u64,
    /// How many files looked like one and could not be read.
    pub unreadable: u64,
    /// When the newest was last changed.
    pub newest: Timestamp,
    files: u64,
    total: u64,
    chain: Vec<u8>,
}

impl Advisories {
    /// Reads a folder or a zip.
    ///
    /// # Errors
    /// [`SourceError`].
    pub fn read(path: &Path) -> Result<Self, SourceError> {
        let io = |source| SourceError::Io { path: path.display().to_string(), source };
        let meta = std::fs::metadata(path).map_err(io)?;
        if meta.is_dir() {
            let dir = Dir::open_ambient_dir(path, cap_std::ambient_authority()).map_err(io)?;
            let mut all = Self::default();
            all.folder(&dir, "", 0)?;
            return all.finish();
        }
        if meta.len() > MAX_ARCHIVE {
            return Err(SourceError::TooMuch(format!("{} bytes of {MAX_ARCHIVE}", meta.len())));
        }
        Self::read_zip(std::io::BufReader::new(std::fs::File::open(path).map_err(io)?))
    }

    /// Reads a zip.
    ///
    /// # Errors
    /// [`SourceError`].
    pub fn read_zip(archive: impl Read + Seek) -> Result<Self, SourceError> {
        let bad = |e: zip::result::ZipError| SourceError::Zip(e.to_string());
        let mut zip = zip::ZipArchive::new(archive).map_err(bad)?;
        let mut all = Self::default();
        if zip.len() as u64 > MAX_FILES {
            return Err(SourceError::TooMuch(format!("{} files of {MAX_FILES}", zip.len())));
        }
        for n in 0..zip.len() {
            let mut entry = zip.by_index(n).map_err(bad)?;
            let name = entry.name().map_err(bad)?.into_owned();
            if entry.is_file() {
                all.file(&name, &mut entry)?;
            }
        }
        all.finish()
    }

    fn folder(&mut self, dir: &Dir, at: &str, depth: usize) -> Result<(), SourceError> {
        let io = |at: &str| {
            let path = at.to_owned();
            move |source| SourceError::Io { path, source }
        };
        if depth > MAX_DEPTH {
            return Err(SourceError::TooMuch(format!("{at}: deeper than {MAX_DEPTH} folders")));
        }
        // Sorted, so that the digest does not depend on the file system.
        let mut names = Vec::new();
        for entry in dir.entries().map_err(io(at))? {
            let entry = entry.map_err(io(at))?;
            let Ok(name) = entry.file_name().into_string() else { continue };
            // `.git` and the like.
            if !name.starts_with('.') {
                names.push((name, entry.file_type().map_err(io(at))?));
            }
            if names.len() as u64 > MAX_FILES {
                return Err(SourceError::TooMuch(format!("{at}: more than {MAX_FILES} files")));
            }
        }
        names.sort_by(|a, b| a.0.cmp(&b.0));
        for (name, kind) in names {
            let path = format!("{at}{name}");
            if kind.is_dir() {
                self.folder(&dir.open_dir(&name).map_err(io(&path))?, &format!("{path}/"), depth + 1)?;
            } else if kind.is_file() && wanted(&name) {
                let mut file = dir.open(&name).map_err(io(&path))?;
                self.file(&path, &mut file)?;
            }
        }
        Ok(())
    }

    fn file(&mut self, name: &str, reader: &mut impl Read) -> Result<(), SourceError> {
        if !wanted(name) {
            return Ok(());
        }
        self.files += 1;
        if self.files > MAX_FILES {
            return Err(SourceError::TooMuch(format!("more than {MAX_FILES} files")));
        }
        let mut bytes = Vec::new();
        let read = reader.take(MAX_FILE + 1).read_to_end(&mut bytes);
        read.map_err(|source| SourceError::Io { path: name.to_owned(), source })?;
        self.total += bytes.len() as u64;
        if self.total > MAX_TOTAL {
            return Err(SourceError::TooMuch(format!("more than {MAX_TOTAL} bytes")));
        }
        self.chain.extend_from_slice(Digest::of(&bytes).as_bytes());
        if self.chain.len() >= 64 * 1024 {
            self.chain = Digest::of(&self.chain).as_bytes().to_vec();
        }
        let found = if bytes.len() as u64 > MAX_FILE {
            Err("too large".to_owned())
        } else if name.ends_with(".json") {
            osv::read(&bytes)
        } else {
            std::str::from_utf8(&bytes).map_err(|e| e.to_string()).and_then(rustsec::read)
        };
        match found {
            Ok(found) => {
                for advisory in found {
                    self.count += 1;
                    self.newest = self.newest.max(advisory.modified);
                    self.by_package.entry((advisory.ecosystem, advisory.package.clone())).or_default().push(advisory);
                }
            }
            Err(why) => {
                tracing::debug!(file = name, why, "no advisory");
                self.unreadable += 1;
            }
        }
        Ok(())
    }

    fn finish(mut self) -> Result<Self, SourceError> {
        if self.count == 0 {
            return Err(SourceError::Empty(self.files));
        }
        for ((ecosystem, package), all) in &self.by_package {
            let bytes = serde_json::to_vec(all).map_or(0, |b| b.len());
            if bytes > MAX_PACKAGE {
                return Err(SourceError::TooMuch(format!("{ecosystem} {package}: {bytes} bytes of {MAX_PACKAGE}")));
            }
        }
        self.digest = Some(Digest::of(&self.chain));
        Ok(self)
    }

    /// Those of an ecosystem, by the names of their packages.
    pub(crate) fn of(&self, ecosystem: super::Ecosystem) -> impl Iterator<Item = (&str, &Vec<Advisory>)> {
        self.by_package.iter().filter(move |((e, _), _)| *e == ecosystem).map(|((_, name), all)| (name.as_str(), all))
    }

    /// How many packages they are about.
    #[must_use]
    pub fn packages(&self) -> u64 {
        self.by_package.len() as u64
    }
}

/// Whether a file may be an advisory: OSV's are `<id>.json`, RustSec's `crates/<crate>/RUSTSEC-….md`.
fn wanted(name: &str) -> bool {
    let file = name.rsplit('/').next().unwrap_or(name);
    file.ends_with(".json")
        || (file.starts_with("RUSTSEC-") && file.ends_with(".md") && !file.starts_with("RUSTSEC-0000"))
}

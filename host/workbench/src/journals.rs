//! Journals of requests that failed, in a folder of whoever writes the app.

use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use yunlong_model::InstallationName;
use yunlong_runtime::{Journal, Journals};

/// Journals that one city leaves: of an app that fails always, more tell nothing new.
const MOST: usize = 20;

/// A folder of journals. Everything in a small city is invented, so that nothing is sealed; the files are their
/// owner's alone all the same.
#[derive(Debug)]
pub struct Folder {
    dir: PathBuf,
    /// What the names of the files begin with.
    prefix: String,
    written: AtomicUsize,
}

impl Folder {
    /// Files go into `dir`, which is made when the first one does; their names begin with `prefix`.
    #[must_use]
    pub fn new(dir: &Path, prefix: &str) -> Self {
        // A name of a file holds no way out of the folder.
        let prefix = prefix.chars().map(|c| if c.is_alphanumeric() || c == '-' { c } else { '-' }).collect();
        Self { dir: dir.to_owned(), prefix, written: AtomicUsize::new(0) }
    }

    fn write(&self, journal: &Journal) -> std::io::Result<PathBuf> {
        std::fs::create_dir_all(&self.dir)?;
        let outcome = journal.end.error.as_ref().map_or("answered", |e| e.outcome.as_str());
        let path = self.dir.join(format!("{}-{}-{outcome}.yjournal", self.prefix, journal.head.request_id));
        let mut file = std::fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&path)?;
        file.write_all(journal.write().as_bytes())?;
        Ok(path)
    }
}

impl Journals for Folder {
    fn wanted(&self, _: &InstallationName) -> bool {
        self.written.load(Ordering::Relaxed) < MOST
    }

    fn keep(&self, journal: Journal) {
        self.written.fetch_add(1, Ordering::Relaxed);
        // A file of a megabyte, on the machine of one person: nobody else waits.
        match self.write(&journal) {
            Ok(path) => tracing::info!(path = %path.display(), "the journal of a failed request"),
            Err(error) => tracing::warn!(dir = %self.dir.display(), %error, "a journal was not written"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_leads_out_of_no_folder() {
        assert_eq!(Folder::new(Path::new("j"), "../../etc/a.toml").prefix, "------etc-a-toml");
    }
}

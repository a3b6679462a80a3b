//! When an app's files changed.
//!
//! Looked at in steps rather than told by the kernel: what counts is whether the *content* is another one, so the
//! files are read either way; and folders that a container or a virtual machine shares tell nothing of changes.

use sha2::{Digest as _, Sha256};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How often it is looked. Names, sizes and times of a few hundred files are read in a millisecond.
const LOOK: Duration = Duration::from_millis(250);
/// What `yunlong build` makes.
pub(super) fn component(dir: &Path) -> PathBuf {
    dir.join("build").join("app.wasm")
}

type Stamp = [u8; 32];

/// The app's folder.
pub(super) struct Source {
    dir: PathBuf,
    /// Folders in it that this command itself writes to: the city's and that of journals.
    except: Vec<PathBuf>,
    /// Whether the component is a source as well: nobody here builds it.
    with_component: bool,
    stamp: Option<Stamp>,
    content: Option<Stamp>,
}

impl Source {
    /// Remembers how it is now.
    pub(super) fn open(dir: &Path, except: Vec<PathBuf>, with_component: bool) -> Self {
        let mut source = Self { dir: dir.to_owned(), except, with_component, stamp: None, content: None };
        source.stamp = source.look().ok();
        source.content = source.read().ok();
        source
    }

    /// Waits until the content of some file is another one, and no file was written for a moment.
    pub(super) async fn changed(&mut self) {
        loop {
            tokio::time::sleep(LOOK).await;
            // What cannot be read now (an editor is replacing it) is looked at again.
            let Ok(stamp) = self.look() else { continue };
            if self.stamp == Some(stamp) {
                continue;
            }
            tokio::time::sleep(LOOK).await;
            if self.look().ok() != Some(stamp) {
                continue;
            }
            let Ok(content) = self.read() else { continue };
            self.stamp = Some(stamp);
            if self.content.replace(content) != Some(content) {
                return;
            }
        }
    }

    /// Names, sizes and times.
    fn look(&self) -> io::Result<Stamp> {
        self.hash(|hash, path| {
            let data = std::fs::metadata(path)?;
            hash.update(data.len().to_le_bytes());
            let at = data.modified()?.duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
            hash.update(at.as_nanos().to_le_bytes());
            Ok(())
        })
    }

    /// Names and contents.
    fn read(&self) -> io::Result<Stamp> {
        self.hash(|hash, path| {
            hash.update(Sha256::digest(std::fs::read(path)?));
            Ok(())
        })
    }

    fn hash(&self, mut file: impl FnMut(&mut Sha256, &Path) -> io::Result<()>) -> io::Result<Stamp> {
        let mut files = yunlong_cli::sources::files(&self.dir, &self.except)?;
        let component = component(&self.dir);
        if self.with_component && component.is_file() {
            files.push(component);
        }
        files.sort();
        let mut hash = Sha256::new();
        for path in files {
            hash.update(path.as_os_str().as_encoded_bytes());
            hash.update([0]);
            file(&mut hash, &path)?;
        }
        Ok(hash.finalize().into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_another_content_of_a_source_is_a_change() {
        let dir = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            let path = dir.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        write("src/lib.rs", "one");
        let except = vec![dir.path().join("city"), dir.path().join("journals")];
        let read = |with| Source::open(dir.path(), except.clone(), with).read();
        let (before, with) = (read(false).unwrap(), read(true).unwrap());
        write("src/lib.rs", "one");
        write("target/debug/x", "made");
        write("build/app.wasm", "made");
        write("node_modules/a/index.js", "another's");
        write(".mypy_cache/3.13/app.json", "made");
        write("app/__pycache__/pages.pyc", "made");
        write("dev.log", "where somebody leads the output of dev");
        write("sbom.cdx.json", "what the build of Python writes beside app.toml");
        write("a-0.1.0.tar", "what `yunlong package` makes");
        write("city/store/journal", "what --data city is");
        write("journals/1.journal", "what --journals journals is");
        assert_eq!(read(false).unwrap(), before);
        assert_ne!(read(true).unwrap(), with, "where nothing is built the component is a source");
        write("src/lib.rs", "two");
        assert_ne!(read(false).unwrap(), before);
    }
}

//! The book in `docs/`. What can be written from a source is ([`contract`], [`manifest`]), and what people wrote is
//! checked: each link leads somewhere ([`links`]), each code block is what it says it is ([`blocks`]).

pub mod blocks;
pub mod contract;
pub mod links;
pub mod manifest;

use anyhow::{Context, Result};
use std::path::{Path, PathBuf};

/// A page of the book.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// Where it is, below the checkout's root.
    pub file: PathBuf,
    /// Its Markdown.
    pub text: String,
}

/// The checkout's root.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).map_or_else(PathBuf::new, Path::to_path_buf)
}

/// What people read as Markdown: the book, and the pages that GitHub and its like show beside the code.
///
/// # Errors
/// When a folder or a file cannot be read.
pub fn pages(root: &Path) -> Result<Vec<Page>> {
    let mut found = Vec::new();
    for name in ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md", "wit/README.md"] {
        found.push(read(root, Path::new(name))?);
    }
    collect(root, Path::new("docs"), &mut found)?;
    for lesson in std::fs::read_dir(root.join("examples")).context("cannot read examples/")? {
        let readme = Path::new("examples").join(lesson?.file_name()).join("README.md");
        if root.join(&readme).exists() {
            found.push(read(root, &readme)?);
        }
    }
    found.sort_by(|a, b| a.file.cmp(&b.file));
    Ok(found)
}

fn collect(root: &Path, folder: &Path, found: &mut Vec<Page>) -> Result<()> {
    let entries = std::fs::read_dir(root.join(folder)).with_context(|| format!("cannot read {}", folder.display()))?;
    for entry in entries {
        let entry = entry?;
        let path = folder.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            collect(root, &path, found)?;
        } else if path.extension().is_some_and(|e| e == "md") {
            found.push(read(root, &path)?);
        }
    }
    Ok(())
}

fn read(root: &Path, file: &Path) -> Result<Page> {
    let text = std::fs::read_to_string(root.join(file)).with_context(|| format!("cannot read {}", file.display()))?;
    Ok(Page { file: file.to_path_buf(), text })
}

//! The scenarios of a package: what the app says of itself, as files that the review plays. They are part of the
//! package and so are signed with it. What they mean is not known here.

use crate::layout::{read_exactly, tar_of};
use crate::package::Limits;
use crate::{Most, PackageError};
use cap_std::fs::Dir;
use std::collections::BTreeMap;
use std::path::Path;

/// The folder beside `app.toml`.
const FOLDER: &str = "scenarios";
/// The part's name in errors.
const PART: &str = "the scenarios";
/// The longest name of a file in bytes.
const MAX_NAME: usize = 100;

/// Whether this is the name of a scenario's file: plain, visible, TOML, and in no folder.
fn is_name(name: &str) -> bool {
    let plain = |c: char| !c.is_control() && !r#"/\:*?"<>|"#.contains(c);
    name.len() <= MAX_NAME && name.ends_with(".toml") && !name.starts_with('.') && name.chars().all(plain)
}

fn check_name(name: &str) -> Result<(), PackageError> {
    let shown = || format!("{FOLDER}/{}", name.chars().take(MAX_NAME).collect::<String>());
    if is_name(name) { Ok(()) } else { Err(PackageError::Path(shown())) }
}

/// Reads `scenarios/*.toml` beside `app.toml`; what else stands there is left out, as `yunlong test` leaves it out.
/// Links are refused.
pub(crate) fn read_dir(dir: &Path, limits: &Limits) -> Result<BTreeMap<String, String>, PackageError> {
    let mut files = Files::new(limits);
    let root = Dir::open_ambient_dir(dir, cap_std::ambient_authority())
        .map_err(PackageError::io(dir.display().to_string()))?;
    match root.symlink_metadata(FOLDER) {
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(files.all),
        Err(e) => return Err(PackageError::io(FOLDER)(e)),
        Ok(meta) if !meta.is_dir() => return Err(PackageError::NotAFile(FOLDER.into())),
        Ok(_) => {}
    }
    let root = root.open_dir(FOLDER).map_err(PackageError::io(FOLDER))?;
    for entry in root.read_dir(".").map_err(PackageError::io(FOLDER))? {
        let entry = entry.map_err(PackageError::io(FOLDER))?;
        let Ok(name) = entry.file_name().into_string() else { continue };
        if !name.ends_with(".toml") || name.starts_with('.') {
            continue;
        }
        let path = format!("{FOLDER}/{name}");
        if !entry.file_type().map_err(PackageError::io(&path))?.is_file() {
            return Err(PackageError::NotAFile(path));
        }
        let file = root.open(&name).map_err(PackageError::io(&path))?;
        let size = file.metadata().map_err(PackageError::io(&path))?.len();
        files.keep(name, size, file)?;
    }
    Ok(files.all)
}

pub(crate) fn to_tar(files: &BTreeMap<String, String>) -> Result<Vec<u8>, PackageError> {
    for name in files.keys() {
        check_name(name)?;
    }
    tar_of(files.iter().map(|(name, text)| (name.as_str(), text.as_bytes())))
}

pub(crate) fn from_tar(tar: &[u8], limits: &Limits) -> Result<BTreeMap<String, String>, PackageError> {
    let bad = |e: std::io::Error| PackageError::unreadable(PART, e);
    let mut files = Files::new(limits);
    for entry in tar::Archive::new(tar).entries().map_err(bad)?.raw(true) {
        let entry = entry.map_err(bad)?;
        let name = String::from_utf8(entry.path_bytes().into_owned())
            .map_err(|e| PackageError::Path(String::from_utf8_lossy(e.as_bytes()).into_owned()))?;
        if entry.header().entry_type() != tar::EntryType::Regular {
            return Err(PackageError::NotAFile(name));
        }
        let size = entry.header().entry_size().map_err(bad)?;
        files.keep(name, size, entry)?;
    }
    Ok(files.all)
}

/// Gathers files within the limits, which are checked before bytes are kept.
struct Files<'a> {
    limits: &'a Limits,
    total: u64,
    all: BTreeMap<String, String>,
}

impl<'a> Files<'a> {
    fn new(limits: &'a Limits) -> Self {
        Self { limits, total: 0, all: BTreeMap::new() }
    }

    fn keep(&mut self, name: String, size: u64, reader: impl std::io::Read) -> Result<(), PackageError> {
        check_name(&name)?;
        let path = format!("{FOLDER}/{name}");
        self.total = self.total.saturating_add(size);
        if self.total > self.limits.scenarios {
            return Err(PackageError::too_large(PART, Most::Bytes(self.limits.scenarios)));
        }
        if self.all.len() >= self.limits.scenario_files {
            return Err(PackageError::too_large(PART, Most::Files(self.limits.scenario_files)));
        }
        let bytes = read_exactly(&path, size, self.limits.scenario, reader)?;
        let text = String::from_utf8(bytes.to_vec())
            .map_err(|_| PackageError::malformed(path.as_str(), "不是 UTF-8", "not UTF-8"))?;
        if self.all.insert(name, text).is_some() { Err(PackageError::Duplicate(path)) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_plain_files_of_one_folder() {
        for good in ["buying.toml", "退票.toml", "invariants.toml"] {
            assert!(is_name(good), "{good}");
        }
        for bad in ["", ".toml", ".a.toml", "a/b.toml", "../a.toml", "a\\b.toml", "a\0.toml", "a.txt", "c:a.toml"] {
            assert!(!is_name(bad), "{bad}");
        }
        assert!(!is_name(&format!("{}.toml", "a".repeat(100))));
    }
}

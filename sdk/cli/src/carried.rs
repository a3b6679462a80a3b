//! What the program carries inside: the contract, the SDKs, the templates and the schemas of the city's datasets; and
//! the cache that they are unpacked into, so that an app is made and built outside of any checkout.
//!
//! The cache's folder is named by the digest of what is in it and appears whole, by one rename. So two programs may
//! unpack at once, a program of another version has a folder of its own, and a folder that is there is complete.

use crate::CliError;
use flate2::read::ZlibDecoder;
use std::collections::BTreeSet;
use std::io::{ErrorKind, Read as _};
use std::path::{Component, Path, PathBuf};
use tar::{Archive, EntryType};

const ARCHIVE: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/carried.tar.z"));

/// The SHA-256 of what is carried, in hexadecimal.
pub(crate) const DIGEST: &str = env!("YUNLONG_CARRIED");

/// How much of the digest names the folder: enough that two versions never meet.
const NAME: usize = 32;

/// The version of the SDKs: that of the program.
pub(crate) const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The files below a folder of what is carried: their paths relative to it, whether they may be run, and their bytes.
pub(crate) fn files(below: &str) -> Result<Vec<(PathBuf, bool, Vec<u8>)>, CliError> {
    let mut out = Vec::new();
    each(|path, executable, bytes| {
        if let Ok(path) = path.strip_prefix(below) {
            out.push((path.to_owned(), executable, bytes));
        }
        Ok(())
    })?;
    Ok(out)
}

/// One text of what is carried.
pub(crate) fn text(path: &str) -> Result<Option<String>, CliError> {
    let mut found = None;
    each(|at, _, bytes| {
        if at == Path::new(path) {
            found = String::from_utf8(bytes).ok();
        }
        Ok(())
    })?;
    Ok(found)
}

/// The templates that this build carries, by their languages' names.
pub(crate) fn templates() -> Result<BTreeSet<String>, CliError> {
    let mut out = BTreeSet::new();
    each(|path, _, _| {
        if let Some(Component::Normal(language)) =
            path.strip_prefix("sdk/templates").ok().and_then(|rest| rest.components().next())
        {
            out.extend(language.to_str().map(str::to_owned));
        }
        Ok(())
    })?;
    Ok(out)
}

fn each(mut f: impl FnMut(&Path, bool, Vec<u8>) -> Result<(), CliError>) -> Result<(), CliError> {
    let damaged = || CliError::io("what the program carries");
    let mut archive = Archive::new(ZlibDecoder::new(ARCHIVE));
    for entry in archive.entries().map_err(damaged())? {
        let mut entry = entry.map_err(damaged())?;
        let path = entry.path().map_err(damaged())?.into_owned();
        let plain = entry.header().entry_type() == EntryType::Regular
            && path.components().all(|c| matches!(c, Component::Normal(_)));
        if !plain {
            return Err(damaged()(ErrorKind::InvalidData.into()));
        }
        let executable = entry.header().mode().map_err(damaged())? & 0o100 != 0;
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).map_err(damaged())?;
        f(&path, executable, bytes)?;
    }
    Ok(())
}

/// The folder of all versions: `$XDG_CACHE_HOME/yunlong/sdk` or `~/.cache/yunlong/sdk`.
pub(crate) fn cache() -> Result<PathBuf, CliError> {
    let base = match std::env::var_os("XDG_CACHE_HOME").filter(|v| Path::new(v).is_absolute()) {
        Some(dir) => PathBuf::from(dir),
        None => std::env::home_dir()
            .ok_or_else(|| {
                CliError::told(
                    ("没有主文件夹", "there is no home folder"),
                    ("把 XDG_CACHE_HOME 设为您的一个文件夹", "set XDG_CACHE_HOME to a folder of yours"),
                )
            })?
            .join(".cache"),
    };
    Ok(base.join("yunlong/sdk"))
}

/// Where what this program carries is, or will be, in the cache.
pub(crate) fn place(cache: &Path) -> PathBuf {
    cache.join(format!("{VERSION}-{}", &DIGEST[..NAME]))
}

/// The folder in the cache, unpacked if it is not there.
pub(crate) fn unpack() -> Result<PathBuf, CliError> {
    unpack_into(&cache()?)
}

fn unpack_into(cache: &Path) -> Result<PathBuf, CliError> {
    let place = place(cache);
    if place.is_dir() {
        return Ok(place);
    }
    std::fs::create_dir_all(cache).map_err(CliError::io(cache.display()))?;
    let temporary = scratch(cache, "unpacking")?;
    let written = each(|path, executable, bytes| write(&temporary.join(path), executable, &bytes));
    // Whoever came first has made the same: the name is the digest of the contents.
    let moved = written.and_then(|()| match std::fs::rename(&temporary, &place) {
        Err(e) if !place.is_dir() => Err(CliError::io(place.display())(e)),
        _ => Ok(()),
    });
    // After a rename there is nothing left to remove.
    _ = std::fs::remove_dir_all(&temporary);
    moved.map(|()| place)
}

/// A new folder beside its destination, which no other process and no other thread has.
pub(crate) fn scratch(parent: &Path, what: &str) -> Result<PathBuf, CliError> {
    for n in 0..1_000_u32 {
        let dir = parent.join(format!(".{what}-{}-{n}", std::process::id()));
        match std::fs::create_dir(&dir) {
            Ok(()) => return Ok(dir),
            Err(e) if e.kind() == ErrorKind::AlreadyExists => {}
            Err(e) => return Err(CliError::io(dir.display())(e)),
        }
    }
    let shown = parent.display();
    Err(CliError::told(
        (format!("{shown} 里没做完的文件夹太多"), format!("{shown} holds too much that was begun and left")),
        (
            format!("删除那里名称以 `.{what}-` 开头的文件夹"),
            format!("remove the folders there whose names begin with `.{what}-`"),
        ),
    ))
}

/// Writes a file, and the folders that lead to it.
pub(crate) fn write(path: &Path, executable: bool, bytes: &[u8]) -> Result<(), CliError> {
    if let Some(parent) = path.parent() {
        std::fs::create_dir_all(parent).map_err(CliError::io(parent.display()))?;
    }
    std::fs::write(path, bytes).map_err(CliError::io(path.display()))?;
    #[cfg(unix)]
    if executable {
        use std::os::unix::fs::PermissionsExt as _;
        let permissions = std::fs::Permissions::from_mode(0o755);
        std::fs::set_permissions(path, permissions).map_err(CliError::io(path.display()))?;
    }
    #[cfg(not(unix))]
    let _ = executable;
    Ok(())
}

/// The link in an app's folder that leads to the SDKs.
pub(crate) const LINK: &str = ".yunlong";

/// Makes the link of an app's folder lead to what this program carries; answers whether it led elsewhere before. A
/// folder of that name, which somebody put there, is left alone.
pub(crate) fn link(app: &Path) -> Result<bool, CliError> {
    let (place, link) = (unpack()?, app.join(LINK));
    match std::fs::read_link(&link) {
        Ok(leads) if leads == place => return Ok(false),
        Ok(_) => std::fs::remove_file(&link).map_err(CliError::io(link.display()))?,
        Err(e) if e.kind() == ErrorKind::NotFound => {}
        Err(_) => return Ok(false),
    }
    match symlink(&place, &link) {
        // Another command of the same person made it meanwhile.
        Err(e) if e.kind() == ErrorKind::AlreadyExists => Ok(true),
        other => other.map(|()| true).map_err(CliError::io(link.display())),
    }
}

#[cfg(unix)]
fn symlink(to: &Path, at: &Path) -> std::io::Result<()> {
    std::os::unix::fs::symlink(to, at)
}

#[cfg(windows)]
fn symlink(to: &Path, at: &Path) -> std::io::Result<()> {
    std::os::windows::fs::symlink_dir(to, at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_contract_the_sdk_and_the_template_are_carried_and_nothing_that_tools_leave() {
        let mut paths = Vec::new();
        each(|path, _, _| {
            paths.push(path.display().to_string());
            Ok(())
        })
        .unwrap();
        for wanted in [
            "Cargo.toml",
            "wit/city-data/data.wit",
            "wit/deps/http/http.wit",
            "sdk/rust/src/lib.rs",
            "sdk/rust-macros/Cargo.toml",
            "sdk/templates/rust/Cargo.lock",
            "sdk/templates/rust/.cargo/config.toml",
            "host/hub/data/datasets/population.person.toml",
        ] {
            assert!(paths.iter().any(|p| p == wanted), "{wanted} is not carried");
        }
        for path in &paths {
            let leftover = ["target", "node_modules", ".venv", "__pycache__"];
            assert!(!path.split('/').any(|part| leftover.contains(&part)), "{path} is carried");
        }
        assert!(templates().unwrap().contains("rust"));
    }

    #[test]
    fn the_carried_workspace_has_what_its_rooms_inherit() {
        let root: toml::Table = text("Cargo.toml").unwrap().unwrap().parse().unwrap();
        for room in ["sdk/rust", "sdk/rust-macros"] {
            let manifest = text(&format!("{room}/Cargo.toml")).unwrap().unwrap();
            for line in manifest.lines().filter_map(|l| l.trim().strip_suffix(".workspace = true")) {
                let found = ["package", "dependencies"].iter().any(|t| root["workspace"][*t].get(line).is_some());
                assert!(found || line == "lints", "{room} inherits {line}");
            }
        }
    }

    #[test]
    fn many_unpack_at_once_and_each_finds_it_whole() {
        let dir = tempfile::tempdir().unwrap();
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    let place = unpack_into(dir.path()).unwrap();
                    assert!(place.join("sdk/rust/src/lib.rs").is_file());
                    assert!(place.join("wit/city-app/app.wit").is_file());
                });
            }
        });
        let left: Vec<_> = std::fs::read_dir(dir.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
        assert_eq!(left.len(), 1, "nothing half-made is left: {left:?}");
    }

    #[test]
    fn what_was_begun_and_left_stands_in_nobodys_way() {
        let dir = tempfile::tempdir().unwrap();
        let left = scratch(dir.path(), "unpacking").unwrap();
        std::fs::write(left.join("half"), "x").unwrap();
        assert!(unpack_into(dir.path()).unwrap().join("Cargo.toml").is_file());
    }
}

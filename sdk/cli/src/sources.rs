//! An app's sources: the files of its folder that people write, and not what tools leave there.

use ignore::{DirEntry, WalkBuilder};
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// Folders that tools make, and that hold no source. So do those that begin with a dot.
const MADE_FOLDERS: [&str; 5] = ["build", "target", "node_modules", "__pycache__", "dist"];
/// Files that this program's own commands write into an app's folder: what a build or `yunlong package` leaves there
/// is no reason to build again.
const MADE_FILES: [&str; 2] = ["sbom.cdx.json", "provenance.intoto.json"];
/// What ends so is a package, or where somebody leads the output of a command.
const MADE_ENDINGS: [&str; 2] = [".tar", ".log"];
/// More files than an app has: somebody named the wrong folder.
const MOST: usize = 20_000;
/// Of the sources, those that no component is made of: words, and what tries the component from outside.
const BESIDE: [&str; 3] = ["scenarios", "tests", "test"];

/// The sources below a folder, without the folders of `except`. What its `.gitignore` names is none, and links are not
/// followed: they lead out of it, or round in it.
///
/// # Errors
/// A folder that cannot be read.
pub fn files(dir: &Path, except: &[PathBuf]) -> io::Result<Vec<PathBuf>> {
    let dir = std::fs::canonicalize(dir)?;
    // They may be made later, or again.
    let except: Vec<PathBuf> = except.iter().filter_map(|e| std::fs::canonicalize(e).ok()).collect();
    // What stands above the folder is not the app's: a home folder kept in git may ignore everything.
    let walk = WalkBuilder::new(&dir)
        .require_git(false)
        .parents(false)
        .git_global(false)
        .filter_entry(move |entry| is_source(entry, &except))
        .build();
    let mut files = Vec::new();
    for entry in walk {
        let entry = entry.map_err(io::Error::other)?;
        if entry.file_type().is_some_and(|kind| kind.is_file()) && files.len() < MOST {
            files.push(entry.into_path());
        }
    }
    Ok(files)
}

fn is_source(entry: &DirEntry, except: &[PathBuf]) -> bool {
    if entry.depth() == 0 {
        return true;
    }
    let name = entry.file_name().to_string_lossy();
    if entry.file_type().is_some_and(|kind| kind.is_dir()) {
        return !MADE_FOLDERS.contains(&&*name) && !except.iter().any(|e| e == entry.path());
    }
    !MADE_FILES.contains(&&*name) && !MADE_ENDINGS.iter().any(|ending| name.ends_with(ending))
}

/// Whether something that the component is made of was written after this file.
pub fn is_older(component: &Path, dir: &Path) -> bool {
    is_behind(component, dir, |path| {
        path.components().next().is_none_or(|c| !BESIDE.iter().any(|b| c.as_os_str() == *b))
    })
}

/// Whether something that the package holds was written after this file.
pub(crate) fn is_older_package(package: &Path, dir: &Path) -> bool {
    is_behind(package, dir, |path| !path.starts_with("tests") && !path.starts_with("test"))
}

fn is_behind(made: &Path, dir: &Path, counts: impl Fn(&Path) -> bool) -> bool {
    let written = |path: &Path| -> Option<SystemTime> { std::fs::metadata(path).ok()?.modified().ok() };
    let (Some(at), Ok(root)) = (written(made), std::fs::canonicalize(dir)) else { return false };
    let sources = files(dir, &[]).unwrap_or_default();
    let counted = sources.iter().filter(|path| {
        let inside = path.strip_prefix(&root).unwrap_or(path);
        inside.extension().is_none_or(|e| e != "md") && counts(inside)
    });
    counted.filter_map(|path| written(path)).any(|source| source > at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn write(dir: &Path, name: &str) -> PathBuf {
        let path = dir.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, name).unwrap();
        path
    }

    #[test]
    fn what_tools_and_our_own_commands_write_is_no_source() {
        let dir = tempfile::tempdir().unwrap();
        let dir = dir.path();
        for name in ["src/lib.rs", "app.toml", ".gitignore", "reports/kept.html"] {
            write(dir, name);
        }
        std::fs::write(dir.join(".gitignore"), "/reports/*.xml\n/generated/\n").unwrap();
        for made in [
            "build/app.wasm",
            "target/debug/x",
            "node_modules/a/index.js",
            "app/__pycache__/pages.pyc",
            ".venv/lib/a.py",
            "sbom.cdx.json",
            "a-0.1.0.tar",
            "dev.log",
            "reports/junit.xml",
            "generated/a.rs",
            "city/store/journal",
            "journals/1.journal",
        ] {
            write(dir, made);
        }
        let except = [dir.join("city"), dir.join("journals"), dir.join("not-there-yet")];
        let mut found: Vec<_> = files(dir, &except).unwrap();
        found.sort();
        let root = std::fs::canonicalize(dir).unwrap();
        let names: Vec<_> = found.iter().map(|p| p.strip_prefix(&root).unwrap().display().to_string()).collect();
        assert_eq!(names, ["app.toml", "reports/kept.html", "src/lib.rs"]);
    }

    #[test]
    fn a_component_is_older_than_what_it_is_made_of_and_not_than_its_scenarios() {
        let dir = tempfile::tempdir().unwrap();
        let dir = dir.path();
        let component = write(dir, "build/app.wasm");
        let made = std::fs::metadata(&component).unwrap().modified().unwrap();
        let put = |name: &str, later: bool| {
            let file = std::fs::File::options().write(true).open(write(dir, name)).unwrap();
            let by = Duration::from_secs(60);
            file.set_modified(if later { made + by } else { made - by }).unwrap();
        };
        put("src/lib.rs", false);
        for later in ["README.md", "scenarios/a.toml", "tests/app.rs", "sbom.cdx.json"] {
            put(later, true);
        }
        assert!(!is_older(&component, dir));
        assert!(is_older_package(&component, dir), "a package holds its scenarios");
        put("src/lib.rs", true);
        assert!(is_older(&component, dir));
        assert!(!is_older(&dir.join("none"), dir), "what is not there is not old");
    }
}

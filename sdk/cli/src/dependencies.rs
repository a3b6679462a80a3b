//! What an app stands on, before it is built: its link to the SDK, packages of npm, an environment of Python. A fresh
//! clone has none of it, and after an update of this program all of it is an older SDK's.

use crate::build::run_in;
use crate::carried::{self, LINK};
use crate::terminal::lang;
use crate::tools::Tool;
use crate::{CliError, project::Language};
use std::path::{Component, Path, PathBuf};

/// Makes the link to the SDK, if the file says that the app reaches it so; answers whether it led elsewhere before.
pub(crate) fn link(dir: &Path, file: &str) -> Result<bool, CliError> {
    let uses = std::fs::read_to_string(dir.join(file)).is_ok_and(|text| text.contains(LINK));
    if uses { carried::link(dir) } else { Ok(false) }
}

/// Packages of npm. The SDK's own are installed once, beside it in the cache: npm installs nothing for a folder
/// outside of a project, and would look for what is inside of it in the project's lock.
pub(crate) fn npm(dir: &Path) -> Result<(), CliError> {
    let mut changed = false;
    if std::fs::read_to_string(dir.join("package.json")).is_ok_and(|text| text.contains("@yunlong/sdk")) {
        let place = carried::unpack()?;
        install_for_sdk(&place)?;
        changed = repoint(dir, &place)?;
    }
    if changed || !is_whole(dir, "node_modules") {
        let install = if dir.join("package-lock.json").is_file() { "ci" } else { "install" };
        step(lang().pick("安装依赖（npm）", "installing what package.json names (npm)"));
        whole(dir, "node_modules", |dir| run_in(dir, "npm", &[install, "--no-audit", "--no-fund"]))?;
    }
    Ok(())
}

fn install_for_sdk(place: &Path) -> Result<(), CliError> {
    let sdk = place.join(Language::Typescript.sdk());
    let there = sdk.join("node_modules");
    if there.is_dir() || !sdk.join("package-lock.json").is_file() {
        return Ok(());
    }
    step(lang().pick("安装 SDK 的依赖（npm，只需一次）", "installing what the SDK stands on (npm, once)"));
    // In a folder of its own and moved there whole: two may do so at once.
    let scratch = carried::scratch(&carried::cache()?, "npm")?;
    let installed = (|| {
        for file in ["package.json", "package-lock.json"] {
            std::fs::copy(sdk.join(file), scratch.join(file)).map_err(CliError::io(file))?;
        }
        run_in(&scratch, "npm", &["ci", "--no-audit", "--no-fund"])?;
        match std::fs::rename(scratch.join("node_modules"), &there) {
            Err(e) if !there.is_dir() => Err(CliError::io(there.display())(e)),
            _ => Ok(()),
        }
    })();
    _ = std::fs::remove_dir_all(&scratch);
    installed
}

/// Leads package.json and its lock to the SDK in this person's cache, by the way that npm writes: relative to the
/// project. Answers whether they led elsewhere.
fn repoint(dir: &Path, place: &Path) -> Result<bool, CliError> {
    let to = relative(dir, &place.join(Language::Typescript.sdk()))?;
    let mut changed = false;
    for file in ["package.json", "package-lock.json"] {
        let path = dir.join(file);
        let Ok(text) = std::fs::read_to_string(&path) else { continue };
        let new = led_to(&text, &to);
        if new != text {
            std::fs::write(&path, new).map_err(CliError::io(path.display()))?;
            changed = true;
        }
    }
    Ok(changed)
}

/// A text of JSON in which each string that is a path to the SDK in somebody's cache is this one.
fn led_to(text: &str, to: &str) -> String {
    let sdk = Language::Typescript.sdk();
    let mut parts: Vec<String> = text.split('"').map(str::to_owned).collect();
    for part in &mut parts {
        let path = part.strip_prefix("file:").unwrap_or(part);
        let cached = path.contains("/yunlong/sdk/") && path.ends_with(&format!("/{sdk}"));
        if cached || path == format!("{LINK}/{sdk}") {
            let scheme = if part.starts_with("file:") { "file:" } else { "" };
            *part = format!("{scheme}{to}");
        }
    }
    parts.join("\"")
}

/// The way from a folder to a place, as `../..` and on.
fn relative(from: &Path, to: &Path) -> Result<String, CliError> {
    let real = |path: &Path| std::fs::canonicalize(path).map_err(CliError::io(path.display()));
    let (from, to) = (real(from)?, real(to)?);
    let same = from.components().zip(to.components()).take_while(|(a, b)| a == b).count();
    let up = from.components().skip(same).map(|_| Component::ParentDir);
    let way: PathBuf = up.chain(to.components().skip(same)).collect();
    way.to_str().map(|way| way.replace('\\', "/")).ok_or_else(|| {
        CliError::usage(format!("{} is not UTF-8", to.display()), "set XDG_CACHE_HOME to a folder whose name is")
    })
}

/// The Python of the app's own environment, with what requirements.txt names.
pub(crate) fn venv(dir: &Path) -> Result<String, CliError> {
    let changed = link(dir, "requirements.txt")?;
    let python = dir.join(if cfg!(windows) { ".venv/Scripts/python.exe" } else { ".venv/bin/python" });
    // The link of a virtual environment must not be followed: it would be the Python of the system.
    let python = std::path::absolute(&python).map_err(CliError::io(python.display()))?;
    let program = python.display().to_string();
    if changed || !is_whole(dir, ".venv") {
        step(lang().pick("建立 .venv 并安装依赖", "making .venv and installing what requirements.txt names"));
        whole(dir, ".venv", |dir| {
            // Where somebody made one by hand it is not theirs alone to lose what else they put into it.
            run_in(dir, Tool::Python.program(), &["-m", "venv", ".venv"])?;
            run_in(dir, &program, &["-m", "pip", "install", "--disable-pip-version-check", "-r", "requirements.txt"])
        })?;
    }
    Ok(program)
}

/// The file that says that a folder of dependencies is all there: a process may be killed while it fills one.
const WHOLE: &str = ".yunlong-whole";

fn is_whole(dir: &Path, made: &str) -> bool {
    dir.join(made).join(WHOLE).is_file()
}

/// Makes a folder of dependencies whole, or takes it away again: half of it would pass for all.
fn whole(dir: &Path, made: &str, make: impl FnOnce(&Path) -> Result<(), CliError>) -> Result<(), CliError> {
    let mark = dir.join(made).join(WHOLE);
    _ = std::fs::remove_file(&mark);
    make(dir).inspect_err(|_| _ = std::fs::remove_dir_all(dir.join(made)))?;
    std::fs::write(&mark, "").map_err(CliError::io(mark.display()))
}

fn step(text: &str) {
    eprintln!("{text}…");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::build::failed;

    #[test]
    fn half_of_the_dependencies_does_not_pass_for_all() {
        let dir = tempfile::tempdir().unwrap();
        let cut_off = whole(dir.path(), ".venv", |dir| {
            std::fs::create_dir(dir.join(".venv")).unwrap();
            Err(failed("pip install"))
        });
        assert!(cut_off.unwrap_err().next().contains("doctor --vendor"));
        assert!(!dir.path().join(".venv").exists());
        // One that was killed in the midst leaves no mark.
        std::fs::create_dir(dir.path().join(".venv")).unwrap();
        assert!(!is_whole(dir.path(), ".venv"));
        whole(dir.path(), ".venv", |_| Ok(())).unwrap();
        assert!(is_whole(dir.path(), ".venv"));
    }

    #[test]
    fn paths_to_an_sdk_of_another_person_or_version_lead_to_this_one() {
        let theirs = r#"{"dependencies":{"@yunlong/sdk":"file:../.cache/yunlong/sdk/0.0.9-aa/sdk/js","hono":"4"},
            "../.cache/yunlong/sdk/0.0.9-aa/sdk/js":{"name":"@yunlong/sdk"}}"#;
        let ours = led_to(theirs, "../x/yunlong/sdk/0.1.0-bb/sdk/js");
        assert_eq!(ours.matches("../x/yunlong/sdk/0.1.0-bb/sdk/js").count(), 2);
        assert!(!ours.contains("0.0.9") && ours.contains("\"hono\":\"4\"") && ours.contains("file:../x"), "{ours}");
        assert_eq!(led_to(&ours, "../x/yunlong/sdk/0.1.0-bb/sdk/js"), ours);
        assert_eq!(led_to("\"file:.yunlong/sdk/js\"", "../a"), "\"file:../a\"");
    }

    #[test]
    fn the_way_to_the_cache_is_written_as_npm_writes_it() {
        let dir = tempfile::tempdir().unwrap();
        let (app, cache) = (dir.path().join("apps/a"), dir.path().join("cache/sdk"));
        std::fs::create_dir_all(&app).unwrap();
        std::fs::create_dir_all(&cache).unwrap();
        assert_eq!(relative(&app, &cache).unwrap(), "../../cache/sdk");
    }
}

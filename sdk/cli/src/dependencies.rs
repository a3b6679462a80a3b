//! What an app stands on, before it is built: its link to the SDK, packages of npm, an environment of Python. A fresh
//! clone has none of it, and after an update of this program all of it is an older SDK's.

use crate::build::run_in;
use crate::carried::{self, LINK};
use crate::terminal::lang;
use crate::tools::Tool;
use crate::{CliError, project::Language};
use data_encoding::HEXLOWER;
use sha2::{Digest as _, Sha256};
use std::path::{Component, Path, PathBuf};
use std::process::{Command, Stdio};

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
    let wanted =
        Wanted { folder: "node_modules", digest: digest(dir, &["package.json", "package-lock.json"]), changed };
    // What the build starts: where it is, npm ended well.
    let works = || dir.join("node_modules/.bin/yunlong-build").is_file();
    provide(dir, &wanted, works, |owner| {
        step(lang().pick("安装依赖（npm）", "installing what package.json names (npm)"));
        // `ci` takes a folder away first, which is not done to somebody's own.
        let clean = owner == Owner::Ours && dir.join("package-lock.json").is_file();
        run_in(dir, "npm", &[if clean { "ci" } else { "install" }, "--no-audit", "--no-fund"])
    })
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
        let shown = to.display();
        CliError::told(
            (format!("{shown} 不是 UTF-8"), format!("{shown} is not UTF-8")),
            ("把 XDG_CACHE_HOME 设为名称是 UTF-8 的文件夹", "set XDG_CACHE_HOME to a folder whose name is"),
        )
    })
}

/// The Python of the app's own environment, with what requirements.txt names.
pub(crate) fn venv(dir: &Path) -> Result<String, CliError> {
    let changed = link(dir, "requirements.txt")?;
    let python = dir.join(if cfg!(windows) { ".venv/Scripts/python.exe" } else { ".venv/bin/python" });
    // The link of a virtual environment must not be followed: it would be the Python of the system.
    let python = std::path::absolute(&python).map_err(CliError::io(python.display()))?;
    let program = python.display().to_string();
    let wanted = Wanted { folder: ".venv", digest: digest(dir, &requirements(dir)), changed };
    let works = || {
        let mut probe = Command::new(&program);
        probe.current_dir(dir).args(["-c", "import yunlong.build"]);
        probe.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        probe.status().is_ok_and(|status| status.success())
    };
    provide(dir, &wanted, works, |_| {
        step(lang().pick("建立 .venv 并安装依赖", "making .venv and installing what requirements.txt names"));
        if !Path::new(&program).exists() {
            run_in(dir, Tool::Python.program(), &["-m", "venv", ".venv"])?;
        }
        run_in(dir, &program, &["-m", "pip", "install", "--disable-pip-version-check", "-r", "requirements.txt"])
    })?;
    Ok(program)
}

/// requirements.txt, and the files that it names (`-r`, `-c`).
fn requirements(dir: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(dir.join("requirements.txt")).unwrap_or_default();
    let named = text.lines().filter_map(|line| {
        let (option, file) = line.trim().split_once(char::is_whitespace)?;
        ["-r", "-c", "--requirement", "--constraint"].contains(&option).then(|| file.trim().to_owned())
    });
    std::iter::once("requirements.txt".to_owned()).chain(named).collect()
}

/// What files of a folder hold; one that is not there counts as well.
fn digest(dir: &Path, files: &[impl AsRef<str>]) -> String {
    let mut hash = Sha256::new();
    for file in files {
        let bytes = std::fs::read(dir.join(file.as_ref())).unwrap_or_default();
        hash.update((bytes.len() as u64).to_le_bytes());
        hash.update(bytes);
    }
    HEXLOWER.encode(&hash.finalize())
}

/// A folder of dependencies, as it should be.
struct Wanted {
    folder: &'static str,
    /// Of the files that say what is in it.
    digest: String,
    /// Whether they stand on another SDK than before.
    changed: bool,
}

/// Who made a folder of dependencies. Somebody's own is filled and never taken away: it is not ours to lose what else
/// is in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Owner {
    Ours,
    Theirs,
}

/// Sees to it that a folder of dependencies is whole: half of one would pass for all, and so would one of before a
/// change of what it should hold.
///
/// What was found and what was begun stands beside the component, since npm empties its folder: a process may be
/// killed while it fills one.
fn provide(
    dir: &Path,
    wanted: &Wanted,
    works: impl FnOnce() -> bool,
    make: impl FnOnce(Owner) -> Result<(), CliError>,
) -> Result<(), CliError> {
    let folder = dir.join(wanted.folder);
    let mark = dir.join("build").join(format!("{}.whole", wanted.folder.trim_start_matches('.')));
    let known = std::fs::read_to_string(&mark).ok();
    let owner = match &known {
        Some(known) if known.starts_with("theirs") => Owner::Theirs,
        None if folder.exists() => Owner::Theirs,
        _ => Owner::Ours,
    };
    let write = |digest: &str| {
        let owner = if owner == Owner::Ours { "ours" } else { "theirs" };
        std::fs::create_dir_all(dir.join("build"))
            .and_then(|()| std::fs::write(&mark, format!("{owner} {digest}")))
            .map_err(CliError::io(mark.display()))
    };
    let there = folder.exists();
    let holds = known.as_deref().and_then(|k| k.split_once(' ')).is_some_and(|(_, digest)| digest == wanted.digest);
    if there && !wanted.changed && (holds || (known.is_none() && works())) {
        return write(&wanted.digest);
    }
    write("begun")?;
    if let Err(e) = make(owner) {
        if !there {
            _ = std::fs::remove_dir_all(&folder);
            _ = std::fs::remove_file(&mark);
        }
        return Err(e);
    }
    // npm writes its lock where there was none.
    let digest = if wanted.folder == "node_modules" {
        digest(dir, &["package.json", "package-lock.json"])
    } else {
        wanted.digest.clone()
    };
    write(&digest)
}

fn step(text: &str) {
    eprintln!("{text}…");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::build::failed;

    fn wanted(digest: &str) -> Wanted {
        Wanted { folder: ".venv", digest: digest.into(), changed: false }
    }

    /// Whether it was made anew.
    fn provided(dir: &Path, wanted: &Wanted) -> bool {
        let mut made = false;
        let make = |_| {
            made = true;
            std::fs::create_dir_all(dir.join(".venv")).map_err(CliError::io(".venv"))
        };
        provide(dir, wanted, || false, make).unwrap();
        made
    }

    #[test]
    fn half_of_the_dependencies_does_not_pass_for_all() {
        let dir = tempfile::tempdir().unwrap();
        let dir = dir.path();
        let cut_off = provide(
            dir,
            &wanted("a"),
            || false,
            |owner| {
                assert_eq!(owner, Owner::Ours);
                std::fs::create_dir(dir.join(".venv")).unwrap();
                Err(failed("pip install"))
            },
        );
        assert!(cut_off.unwrap_err().next().contains("doctor --vendor"));
        assert!(!dir.join(".venv").exists());
        // One that was killed in the midst has only begun, whatever it holds.
        std::fs::create_dir_all(dir.join("build")).unwrap();
        std::fs::create_dir(dir.join(".venv")).unwrap();
        std::fs::write(dir.join("build/venv.whole"), "ours begun").unwrap();
        let mut asked = false;
        provide(
            dir,
            &wanted("a"),
            || true,
            |_| {
                asked = true;
                Ok(())
            },
        )
        .unwrap();
        assert!(asked);
        assert!(!provided(dir, &wanted("a")), "it is whole now");
    }

    #[test]
    fn dependencies_are_installed_again_when_what_names_them_changed() {
        let dir = tempfile::tempdir().unwrap();
        let dir = dir.path();
        let of = || digest(dir, &requirements(dir));
        std::fs::write(dir.join("requirements.txt"), "a==1\n-c limits.txt\n").unwrap();
        let first = of();
        assert!(provided(dir, &wanted(&first)) && !provided(dir, &wanted(&of())));
        std::fs::write(dir.join("limits.txt"), "b==1").unwrap();
        assert_ne!(of(), first, "a file that it names counts");
        assert!(provided(dir, &wanted(&of())) && !provided(dir, &wanted(&of())));
        assert!(provided(dir, &Wanted { changed: true, ..wanted(&of()) }), "another SDK");
    }

    #[test]
    fn a_folder_that_a_person_made_is_taken_as_it_is_or_filled_and_never_removed() {
        let dir = tempfile::tempdir().unwrap();
        let dir = dir.path();
        std::fs::create_dir(dir.join(".venv")).unwrap();
        std::fs::write(dir.join(".venv/mine"), "kept").unwrap();
        let refused = provide(
            dir,
            &wanted("a"),
            || false,
            |owner| {
                assert_eq!(owner, Owner::Theirs);
                Err(failed("pip install"))
            },
        );
        assert!(refused.is_err() && dir.join(".venv/mine").exists(), "offline");
        let again = provide(
            dir,
            &wanted("a"),
            || false,
            |owner| {
                assert_eq!(owner, Owner::Theirs, "it stays theirs");
                Err(failed("pip install"))
            },
        );
        assert!(again.is_err() && dir.join(".venv/mine").exists());

        let other = tempfile::tempdir().unwrap();
        std::fs::create_dir(other.path().join(".venv")).unwrap();
        provide(other.path(), &wanted("a"), || true, |_| Err(failed("nothing to do"))).unwrap();
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

//! An app's folder: its manifest, its language, and where its component is.

use crate::terminal::lang;
use crate::{CliError, sources};
use std::path::{Path, PathBuf};
use yunlong_model::Manifest;

/// The component that `yunlong build` makes, in the app's folder.
pub(crate) const COMPONENT: &str = "build/app.wasm";

/// A language that there is an SDK for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Language {
    /// Rust: Cargo.toml
    Rust,
    /// TypeScript: package.json
    Typescript,
    /// Python: pyproject.toml
    Python,
}

impl Language {
    pub(crate) const ALL: [Self; 3] = [Self::Rust, Self::Typescript, Self::Python];

    /// The name of its template's folder.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Rust => "rust",
            Self::Typescript => "typescript",
            Self::Python => "python",
        }
    }

    /// The folder of its SDK in what is carried.
    pub(crate) const fn sdk(self) -> &'static str {
        match self {
            Self::Rust => "sdk/rust",
            Self::Typescript => "sdk/js",
            Self::Python => "sdk/python",
        }
    }

    /// The file by which it is known.
    pub(crate) const fn marker(self) -> &'static str {
        match self {
            Self::Rust => "Cargo.toml",
            Self::Typescript => "package.json",
            Self::Python => "pyproject.toml",
        }
    }

    /// The language of an app's folder.
    ///
    /// # Errors
    /// When there is no file of any, or of several.
    pub(crate) fn of(dir: &Path) -> Result<Self, CliError> {
        let found: Vec<Self> = Self::ALL.into_iter().filter(|l| dir.join(l.marker()).is_file()).collect();
        match found[..] {
            [one] => Ok(one),
            [] => Err(CliError::told(
                (
                    format!("{} 中没有 Cargo.toml、package.json 或 pyproject.toml", dir.display()),
                    format!("{} has neither Cargo.toml nor package.json nor pyproject.toml", dir.display()),
                ),
                (
                    "在应用的文件夹里运行，或用 `yunlong new` 新建一个；别的工具链生成的组件用 --component 指定",
                    "run this in the app's folder, or make an app with `yunlong new`; a component of another toolchain is given with --component",
                ),
            )),
            _ => Err(CliError::told(
                (
                    format!("{} 中有几种语言的文件，看不出组件由哪一种构建", dir.display()),
                    format!(
                        "{} has files of several languages, and it is not clear which makes the component",
                        dir.display()
                    ),
                ),
                ("用 --lang 写明", "say which with --lang"),
            )),
        }
    }
}

/// The checked `app.toml` of a folder.
///
/// # Errors
/// When there is none, or it is refused.
pub(crate) fn manifest(dir: &Path) -> Result<Manifest, CliError> {
    let toml = dir.join("app.toml");
    let text = std::fs::read_to_string(&toml).map_err(|e| {
        CliError::from(yunlong_registry::PackageError::Io { what: toml.display().to_string(), source: e })
    })?;
    Ok(Manifest::parse(&text).map_err(yunlong_registry::PackageError::from)?)
}

/// The newest component of an app: what `yunlong build` made, a `<crate>.wasm` that cargo built for wasm32-wasip2, or
/// `component.wasm` beside app.toml.
///
/// # Errors
/// When there is none.
pub(crate) fn component(dir: &Path, manifest: &Manifest) -> Result<PathBuf, CliError> {
    let file = format!("{}.wasm", manifest.name.as_str().replace('-', "_"));
    let mut targets: Vec<PathBuf> = std::env::var_os("CARGO_TARGET_DIR").map(PathBuf::from).into_iter().collect();
    if let Ok(dir) = std::fs::canonicalize(dir) {
        targets.extend(dir.ancestors().take(5).map(|a| a.join("target")));
    }
    let beside = format!("{}.wasm", manifest.name);
    let mut candidates = vec![dir.join(COMPONENT), dir.join("component.wasm"), dir.join(beside)];
    for target in targets {
        for profile in ["guest", "release"] {
            candidates.push(target.join("wasm32-wasip2").join(profile).join(&file));
        }
    }
    let built = candidates.into_iter().filter_map(|p| Some((std::fs::metadata(&p).ok()?.modified().ok()?, p)));
    // Of two of the same moment, the earlier of these places: clocks of file systems are coarse.
    built.rev().max_by_key(|(at, _)| *at).map(|(_, p)| p).ok_or_else(|| {
        CliError::told(
            (format!("没有找到 {} 的组件", manifest.name), format!("no component of `{}` was found", manifest.name)),
            (
                "用 `yunlong build` 构建，或用 --component 指定文件",
                "build it with `yunlong build`, or name the file with --component",
            ),
        )
    })
}

/// The newest component of the app in a folder: see [`component`].
///
/// # Errors
/// When `app.toml` cannot be read, or nothing was built.
pub fn find_component(dir: &Path) -> Result<PathBuf, CliError> {
    component(dir, &manifest(dir)?)
}

/// The component that a command works on: the one that is named; or else what `yunlong build` makes of the folder as it
/// is now, unless nothing is to be built. Where it is in none of our languages, the newest that there is.
///
/// # Errors
/// When `app.toml` cannot be read, the build fails, or there is nothing.
pub fn ready_component(dir: &Path, named: Option<&Path>, no_build: bool) -> Result<PathBuf, CliError> {
    let manifest = manifest(dir)?;
    match named {
        Some(file) => Ok(file.to_owned()),
        None => ready(dir, &manifest, no_build),
    }
}

fn ready(dir: &Path, manifest: &Manifest, no_build: bool) -> Result<PathBuf, CliError> {
    let made = dir.join(COMPONENT);
    let language = match Language::of(dir) {
        Ok(language) if !no_build => language,
        _ => {
            let file = component(dir, manifest)?;
            if no_build && sources::is_older(&file, dir) {
                let shown = file.display();
                eprintln!(
                    "{}",
                    lang().pick(
                        &format!("注意：源文件比 {shown} 新，这次用的是旧的构建；去掉 --no-build 就会重新构建"),
                        &format!("note: there are sources newer than {shown}, which is used as it is; without --no-build it is built again"),
                    )
                );
            }
            return Ok(file);
        }
    };
    // cargo knows what its own build is made of, and answers at once when nothing changed; the others build for half a
    // minute whatever changed.
    if language != Language::Rust && made.is_file() && !sources::is_older(&made, dir) {
        return Ok(made);
    }
    match crate::build::build(dir, Some(language)) {
        Ok((file, ..)) => Ok(file),
        Err(CliError::Toolchain { problem, next }) if made.is_file() => {
            let and = lang().pick("；或加 --no-build，使用已构建的组件", "; or give --no-build to take what is built");
            Err(CliError::Toolchain { problem, next: next + and })
        }
        Err(e) => Err(e),
    }
}

/// The file that `yunlong package` makes when no other is named.
pub(crate) fn package_file(manifest: &Manifest) -> PathBuf {
    PathBuf::from(format!("{}-{}.tar", manifest.name, manifest.version))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_language_is_known_by_its_file_and_never_guessed() {
        let dir = tempfile::tempdir().unwrap();
        assert!(Language::of(dir.path()).unwrap_err().next().contains("yunlong new"));
        for language in Language::ALL {
            let dir = tempfile::tempdir().unwrap();
            std::fs::write(dir.path().join(language.marker()), "").unwrap();
            assert_eq!(Language::of(dir.path()).unwrap(), language);
            std::fs::write(dir.path().join(Language::Rust.marker()), "").unwrap();
            std::fs::write(dir.path().join(Language::Python.marker()), "").unwrap();
            assert!(Language::of(dir.path()).unwrap_err().next().contains("--lang"));
        }
    }

    const TOML: &str = "name = \"a\"\nversion = \"1.0.0\"\nvendor = \"v\"\ntitle = { zh = \"甲\", en = \"A\" }\ndescription = { zh = \"甲\", en = \"A\" }\n";

    #[test]
    fn a_stale_component_is_built_again_and_not_passed_for_the_sources() {
        let dir = tempfile::tempdir().unwrap();
        let dir = dir.path();
        std::fs::write(dir.join("app.toml"), TOML).unwrap();
        // In no language of ours: what there is is taken.
        std::fs::write(dir.join("component.wasm"), "other").unwrap();
        assert_eq!(ready_component(dir, None, false).unwrap(), dir.join("component.wasm"));
        // Rust, whose build is attempted, and fails for there is no package in it.
        std::fs::write(dir.join("Cargo.toml"), "[").unwrap();
        std::fs::create_dir(dir.join("build")).unwrap();
        std::fs::write(dir.join(COMPONENT), "old").unwrap();
        // The clock of files is coarse: both may be of one tick.
        let later = std::time::SystemTime::now() + std::time::Duration::from_secs(60);
        std::fs::File::options().write(true).open(dir.join(COMPONENT)).unwrap().set_modified(later).unwrap();
        assert!(ready_component(dir, None, false).is_err());
        assert_eq!(ready_component(dir, None, true).unwrap(), dir.join(COMPONENT), "it was asked for as it is");
        let named = dir.join("mine.wasm");
        assert_eq!(ready_component(dir, Some(&named), false).unwrap(), named);
    }

    #[test]
    fn what_takes_half_a_minute_is_built_when_a_source_changed() {
        let dir = tempfile::tempdir().unwrap();
        let dir = dir.path();
        std::fs::write(dir.join("app.toml"), TOML).unwrap();
        // No version of npm reads this: a build would fail.
        std::fs::write(dir.join("package.json"), "[").unwrap();
        std::fs::create_dir(dir.join("build")).unwrap();
        let component = dir.join(COMPONENT);
        std::fs::write(&component, "made").unwrap();
        let later = std::time::SystemTime::now() + std::time::Duration::from_secs(60);
        std::fs::File::options().write(true).open(&component).unwrap().set_modified(later).unwrap();
        assert_eq!(ready_component(dir, None, false).unwrap(), component, "nothing changed since");
        let earlier = std::time::SystemTime::now() - std::time::Duration::from_secs(60);
        std::fs::File::options().write(true).open(&component).unwrap().set_modified(earlier).unwrap();
        assert!(ready_component(dir, None, false).is_err(), "a build is attempted");
    }
}

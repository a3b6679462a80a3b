//! Guests: built for wasm32-wasip2, packaged and signed with the `yunlong` command line, exactly
//! as a vendor would.

use crate::python::{self, Python};
use crate::{cargo_command, root, run, step, target_dir, typescript};
use anyhow::{Context, Result, bail};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Which guests.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Set {
    /// `plugins/*`, whatever they are written in, and `examples/*` in Rust.
    Apps,
    /// `tests/hostile/*`, `tests/guests/*` and the conformance app in Rust.
    Hostile,
    /// The lessons in TypeScript and Python: a set of their own, since they need Node, Python and half a minute each.
    Scripted,
}

impl Set {
    fn folders(self) -> &'static [&'static str] {
        match self {
            Self::Apps => &["plugins", "examples"],
            Self::Hostile => &["tests/hostile", "tests/guests", "tests/conformance/services"],
            Self::Scripted => &[],
        }
    }
}

/// A packaged guest.
pub(crate) struct Package {
    /// The folder's name, which is the crate's and the app's.
    pub(crate) name: String,
    /// The signed package.
    pub(crate) file: PathBuf,
}

/// Where the packages and the demo vendor's key go.
pub(crate) fn packages_dir() -> Result<PathBuf> {
    Ok(target_dir()?.join("packages"))
}

/// Builds the `yunlong` binary and answers its path.
pub(crate) fn build_host(profile: &str) -> Result<PathBuf> {
    step("Building the host (the first time takes some minutes: it compiles a WebAssembly compiler)");
    build_binaries(profile, &["yunlong"])?;
    binary(profile, "yunlong")
}

/// Builds binaries with the features of the whole workspace, so that demo, tests and tools share what
/// they compile.
pub(crate) fn build_binaries(profile: &str, names: &[&str]) -> Result<()> {
    let mut build = cargo_command(&["build", "--workspace", "--profile", profile]);
    for name in names {
        build.args(["--bin", name]);
    }
    if profile == "dev" {
        // Tests turn on features of dependencies, and with them wasmtime would be compiled again:
        // building one small test as well selects the same features from the start.
        build.args(["--test", "answers"]);
    }
    run(&mut build)
}

/// Builds an example with the features of the whole workspace.
pub(crate) fn build_example(profile: &str, name: &str) -> Result<()> {
    run(&mut cargo_command(&["build", "--workspace", "--profile", profile, "--example", name]))
}

/// Where an example of a profile is.
pub(crate) fn example(profile: &str, name: &str) -> Result<PathBuf> {
    let folder = if profile == "dev" { "debug" } else { profile };
    Ok(target_dir()?.join(folder).join("examples").join(format!("{name}{}", std::env::consts::EXE_SUFFIX)))
}

/// Where a binary of a profile is.
pub(crate) fn binary(profile: &str, name: &str) -> Result<PathBuf> {
    let folder = if profile == "dev" { "debug" } else { profile };
    Ok(target_dir()?.join(folder).join(format!("{name}{}", std::env::consts::EXE_SUFFIX)))
}

/// The guests of `sets`: the crate's name, and its folder. Those without `app.toml` are only built:
/// a test packs them by itself, since `yunlong package` refuses them.
fn sources(sets: &[Set]) -> Result<Vec<(String, PathBuf)>> {
    let mut found = Vec::new();
    for folder in sets.iter().flat_map(|s| s.folders()) {
        let dir = root().join(folder);
        if !dir.exists() {
            continue;
        }
        for entry in std::fs::read_dir(&dir).with_context(|| format!("cannot read {}", dir.display()))? {
            let path = entry?.path();
            if path.join("Cargo.toml").exists() {
                let manifest = std::fs::read_to_string(path.join("Cargo.toml"))
                    .with_context(|| format!("{} has no Cargo.toml", path.display()))?;
                let name = manifest
                    .lines()
                    .find_map(|l| l.strip_prefix("name = "))
                    .with_context(|| format!("{} names no package", path.display()))?;
                found.push((name.trim().trim_matches('"').to_owned(), path));
            }
        }
    }
    found.sort();
    Ok(found)
}

/// Builds the guests of `sets`, packages and signs them with a key made for this target folder.
pub(crate) fn build_and_package(host: &Path, sets: &[Set]) -> Result<Vec<Package>> {
    let sources = sources(sets)?;
    step(&format!("Building {} apps for wasm32-wasip2", sources.len()));
    let mut build = cargo_command(&["build", "--target", "wasm32-wasip2", "--profile", "guest"]);
    for (name, _) in &sources {
        build.args(["--package", name]);
    }
    run(&mut build)?;

    std::fs::create_dir_all(packages_dir()?)?;
    let key = vendor_key(host)?;
    let mut packages = built_elsewhere(host, &key, sets)?;
    step("Packaging and signing");
    let built = target_dir()?.join("wasm32-wasip2/guest");
    for (name, dir) in sources.into_iter().filter(|(_, dir)| dir.join("app.toml").exists()) {
        let component = built.join(format!("{}.wasm", name.replace('-', "_")));
        if !component.exists() {
            bail!("{} was not built: is `crate-type` of {name} a cdylib?", component.display());
        }
        packages.push(package(host, &key, name, &dir, &component)?);
    }
    Ok(packages)
}

/// A guest that builds itself with the tools of its own language.
struct Scripted {
    language: Language,
    dir: PathBuf,
    /// Where its component goes when it is no app, and is played by conformance scenarios alone.
    component: Option<PathBuf>,
}

#[derive(Clone, Copy)]
enum Language {
    TypeScript,
    Python,
}

impl Scripted {
    fn app(language: Language) -> impl Fn(PathBuf) -> Self {
        move |dir| Self { language, dir, component: None }
    }

    /// What the conformance scenarios play: the templates, and the app of the second set.
    fn conformance(what: &str, folder: &Path) -> Result<[Self; 2]> {
        let to = |language: &str| Ok::<_, anyhow::Error>(packages_dir()?.join(format!("{what}-{language}.wasm")));
        Ok([
            Self { language: Language::TypeScript, dir: folder.join("typescript"), component: Some(to("typescript")?) },
            Self { language: Language::Python, dir: folder.join("python"), component: Some(to("python")?) },
        ])
    }

    fn build(&self, host: &Path, key: &Path) -> Result<Option<Package>> {
        let shown = self.dir.strip_prefix(root()).unwrap_or(&self.dir).display();
        step(&format!("Building {shown} (about half a minute)"));
        let built = match self.language {
            Language::TypeScript => typescript::build(&self.dir)?,
            Language::Python => Python::set_up()?.build(&self.dir)?,
        };
        if let Some(to) = &self.component {
            std::fs::copy(&built, to).with_context(|| format!("cannot copy {}", built.display()))?;
            return Ok(None);
        }
        let name = self.dir.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
        package(host, key, name, &self.dir, &built).map(Some)
    }
}

/// Builds the guests that build themselves. Each takes one processor for half a minute: two are built at a time.
fn built_elsewhere(host: &Path, key: &Path, sets: &[Set]) -> Result<Vec<Package>> {
    let mut guests = Vec::new();
    if sets.contains(&Set::Apps) {
        guests.extend(typescript::apps(&root().join("plugins"))?.into_iter().map(Scripted::app(Language::TypeScript)));
    }
    if sets.contains(&Set::Scripted) {
        Python::set_up()?;
        guests.extend(Scripted::conformance("template", &root().join("sdk/templates"))?);
        guests.extend(Scripted::conformance("services", &root().join("tests/conformance/services"))?);
        let examples = root().join("examples");
        guests.extend(typescript::apps(&examples)?.into_iter().map(Scripted::app(Language::TypeScript)));
        guests.extend(python::apps(&examples)?.into_iter().map(Scripted::app(Language::Python)));
    }
    // The SDK beside them is the same for all: installed before two of them look for it.
    for guest in &guests {
        if matches!(guest.language, Language::TypeScript) {
            typescript::install(&guest.dir)?;
        }
    }
    let guests = std::sync::Mutex::new(guests.into_iter());
    let next = || guests.lock().map_or(None, |mut guests| guests.next());
    let some = || std::iter::from_fn(next).map(|guest| guest.build(host, key)).collect::<Result<Vec<_>>>();
    let built = std::thread::scope(|threads| {
        let other = threads.spawn(some);
        let mut built = some()?;
        built.extend(other.join().unwrap_or_else(|_| bail!("a guest could not be built"))?);
        anyhow::Ok(built)
    })?;
    Ok(built.into_iter().flatten().collect())
}

/// The demo vendor's key, made for this target folder.
pub(crate) fn vendor_key(host: &Path) -> Result<PathBuf> {
    let key = packages_dir()?.join("demo-vendor.pem");
    if !key.exists() {
        run(Command::new(host).args(["keys", "generate", "--out"]).arg(&key))?;
    }
    Ok(key)
}

/// Packages and signs a component with the `app.toml` of `dir`.
pub(crate) fn package(host: &Path, key: &Path, name: String, dir: &Path, component: &Path) -> Result<Package> {
    let file = packages_dir()?.join(format!("{name}.tar"));
    run(Command::new(host)
        .arg("package")
        .arg(dir)
        .arg("--component")
        .arg(component)
        .arg("--key")
        .arg(key)
        .arg("--output")
        .arg(&file)
        .arg("--quiet"))
    .with_context(|| format!("cannot package {name}"))?;
    Ok(Package { name, file })
}

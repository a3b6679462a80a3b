//! Programs that know nothing of this platform (`tests/foreign`), written here and by others: built with the tools of
//! their own languages, packaged with a plain `app.toml` and nothing else.

use crate::guests::{package, packages_dir, vendor_key};
use crate::{cargo_command, root, run, setup, step, target_dir, upstream};
use anyhow::{Context, Result};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The published definitions that a program of another language is built after.
const WIT: [&str; 7] = ["io", "clocks", "random", "filesystem", "sockets", "cli", "http"];

/// Builds and packages all of them.
pub(crate) fn build_and_package(host: &Path) -> Result<()> {
    let dir = root().join("tests/foreign");
    let out = target_dir()?.join("foreign");
    std::fs::create_dir_all(&out)?;
    let mut built = rust(&dir.join("rust"), &out)?;
    built.extend(upstream::build(&out)?);
    built.push((dir.join("hono"), hono(&dir.join("hono"), &out)?));
    built.push((dir.join("python"), python(&dir.join("python"), &out)?));
    step("Packaging and signing programs of others");
    std::fs::create_dir_all(packages_dir()?)?;
    let key = vendor_key(host)?;
    for (dir, component) in built {
        let name = component.file_stem().unwrap_or_default().to_string_lossy().replace('_', "-");
        package(host, &key, name, &dir, &component)?;
    }
    Ok(())
}

/// The Rust programs: two workspaces, since their crates pin different versions of one.
fn rust(dir: &Path, out: &Path) -> Result<Vec<(PathBuf, PathBuf)>> {
    step("Building programs of others in Rust");
    let mut built = Vec::new();
    for workspace in [dir.to_path_buf(), dir.join("spin-kv")] {
        let build = ["build", "--locked", "--target", "wasm32-wasip2", "--profile", "guest", "--target-dir"];
        run(cargo_command(&build).arg(out).current_dir(&workspace))?;
    }
    for entry in std::fs::read_dir(dir).with_context(|| format!("cannot read {}", dir.display()))? {
        let path = entry?.path();
        if path.join("app.toml").exists() {
            let name = path.file_name().unwrap_or_default().to_string_lossy().replace('-', "_");
            built.push((path, out.join("wasm32-wasip2/guest").join(format!("{name}.wasm"))));
        }
    }
    built.sort();
    Ok(built)
}

fn hono(dir: &Path, out: &Path) -> Result<PathBuf> {
    let component = out.join("hono-guestbook.wasm");
    let wit = root().join("wit/deps");
    unless_built(
        &component,
        &inputs(&[dir.join("package-lock.json"), dir.join("build.mjs"), dir.join("src")])?,
        || {
            setup::npm_ci(dir)?;
            step("Building a hono app (its engine is initialised, which takes half a minute)");
            run(Command::new("node").arg("build.mjs").arg(&wit).arg(&component).current_dir(dir))
        },
    )?;
    Ok(component)
}

fn python(dir: &Path, out: &Path) -> Result<PathBuf> {
    let component = out.join("python-board.wasm");
    let sources = [dir.join("requirements.txt"), dir.join("world.wit"), dir.join("app.py")];
    unless_built(&component, &inputs(&sources)?, || {
        let tool = setup::componentize_py(&dir.join("requirements.txt"))?;
        step("Building a Python app (its interpreter is initialised, which takes half a minute)");
        let wit = out.join("python-wit");
        let _ = std::fs::remove_dir_all(&wit);
        for name in WIT.iter().chain(&["keyvalue-draft"]) {
            let (from, to) = (root().join("wit/deps").join(name), wit.join("deps").join(name));
            std::fs::create_dir_all(&to)?;
            for file in std::fs::read_dir(&from).with_context(|| format!("cannot read {}", from.display()))? {
                let file = file?;
                std::fs::copy(file.path(), to.join(file.file_name()))?;
            }
        }
        std::fs::copy(dir.join("world.wit"), wit.join("world.wit"))?;
        let mut build = Command::new(tool);
        build.arg("-d").arg(&wit).args(["-w", "app", "componentize", "app", "-o"]).arg(&component);
        run(build.current_dir(dir))
    })?;
    Ok(component)
}

/// All bytes that a component is made of; folders are read with what is directly in them.
fn inputs(paths: &[PathBuf]) -> Result<Vec<u8>> {
    let mut all = Vec::new();
    for path in paths {
        let mut files = vec![path.clone()];
        if path.is_dir() {
            files = std::fs::read_dir(path)?.map(|e| e.map(|e| e.path())).collect::<std::io::Result<_>>()?;
            files.sort();
        }
        for file in files {
            all.extend(std::fs::read(&file).with_context(|| format!("cannot read {}", file.display()))?);
        }
    }
    Ok(all)
}

/// Builds a component unless it is there and was made of the same bytes: an interpreter is initialised
/// for each, which is slow.
fn unless_built(component: &Path, inputs: &[u8], build: impl FnOnce() -> Result<()>) -> Result<()> {
    let stamp = component.with_extension("inputs");
    if component.exists() && std::fs::read(&stamp).is_ok_and(|s| s == inputs) {
        return Ok(());
    }
    build()?;
    std::fs::write(&stamp, inputs).with_context(|| format!("cannot write {}", stamp.display()))
}

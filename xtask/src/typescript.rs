//! The SDK for TypeScript, its template and the lessons written in it: checked, tested and built by
//! their own npm scripts, as a vendor does.

use crate::{root, run, setup, step};
use anyhow::{Context, Result, bail};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The SDK, which the others find beside them.
fn sdk() -> PathBuf {
    root().join("sdk/js")
}

/// The npm packages of a folder of apps, by their folders' names, which are the apps'.
pub(crate) fn apps(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))? {
        let path = entry?.path();
        if path.join("package.json").exists() {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

/// Installs what the SDK and an app need. The SDK comes first: an app refers to its folder.
pub(crate) fn install(dir: &Path) -> Result<()> {
    setup::npm_ci(&sdk())?;
    setup::npm_ci(dir)
}

/// Installs what every TypeScript project of the checkout needs.
pub(crate) fn install_all() -> Result<()> {
    let services = root().join("tests/conformance/services/typescript");
    projects()?.iter().chain([&services]).try_for_each(|dir| install(dir))
}

/// Every TypeScript project with a check and tests of its own.
fn projects() -> Result<Vec<PathBuf>> {
    // The gateway's charts are plain JavaScript; their check is that what is checked in is what its sources make.
    let mut projects = vec![sdk(), root().join("sdk/templates/typescript"), root().join("host/gateway/charts")];
    for folder in ["plugins", "examples"] {
        projects.extend(apps(&root().join(folder))?);
    }
    Ok(projects)
}

fn npm_run(dir: &Path, script: &str) -> Result<()> {
    run(Command::new("npm").args(["run", "--silent", script]).current_dir(dir))
        .with_context(|| format!("`npm run {script}` in {}", dir.display()))
}

/// Checks the types of every TypeScript project and runs its tests. All of them run, so that one
/// failure does not hide another.
pub(crate) fn check_and_test() -> Result<()> {
    let projects = projects()?;
    let mut failed = Vec::new();
    for (n, dir) in projects.iter().enumerate() {
        let shown = dir.strip_prefix(root()).unwrap_or(dir).display().to_string();
        step(&format!("TypeScript {} of {}: {shown}", n + 1, projects.len()));
        install(dir)?;
        if let Err(e) = npm_run(dir, "check").and_then(|()| npm_run(dir, "test")) {
            eprintln!("{e:#}");
            failed.push(shown);
        }
    }
    if failed.is_empty() {
        Ok(())
    } else {
        bail!("TypeScript projects whose check or tests failed: {}", failed.join(", "))
    }
}

/// Builds an app for which [`install`] was called, and answers its component. What was built from the same sources is
/// built anew: only the build itself knows them all.
pub(crate) fn build(dir: &Path) -> Result<PathBuf> {
    npm_run(dir, "build")?;
    let component = dir.join("build/app.wasm");
    if !component.exists() {
        bail!("{} was not built: does `npm run build` call yunlong-build?", component.display());
    }
    Ok(component)
}

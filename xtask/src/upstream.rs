//! Programs that no one here wrote: examples that published crates ship (`tests/foreign/upstream`). Their sources come
//! from the package registry as it delivers them, pinned by version and checksum, and are built as they are.

use crate::{cargo_command, root, run, step};
use anyhow::{Context, Result, bail};
use std::path::{Path, PathBuf};

/// An example of a crate, and the folder with its `app.toml`.
struct Program {
    krate: &'static str,
    example: &'static str,
    app: &'static str,
}

const PROGRAMS: [Program; 6] = [
    Program { krate: "wstd", example: "http_server", app: "upstream-wstd" },
    Program { krate: "wstd", example: "http_server_proxy", app: "upstream-wstd-proxy" },
    Program { krate: "wasip2", example: "http-proxy", app: "upstream-wasip2" },
    Program { krate: "wasip2", example: "http-proxy-no_std", app: "upstream-wasip2-no-std" },
    // Built for WASI 0.2.0, the oldest that is published.
    Program { krate: "wasi", example: "http-proxy", app: "upstream-wasi" },
    Program { krate: "wasip3", example: "http-proxy", app: "upstream-wasip3" },
];

/// Builds all of them below `out`: the folder of each one's `app.toml`, and its component.
pub(crate) fn build(out: &Path) -> Result<Vec<(PathBuf, PathBuf)>> {
    step("Building examples of published crates as they are");
    let home = root().join("tests/foreign/upstream");
    let sources = sources(&home)?;
    let out = out.join("upstream");
    let mut built = Vec::new();
    for program in &PROGRAMS {
        let (_, from) = sources
            .iter()
            .find(|(name, _)| name == program.krate)
            .with_context(|| format!("{} does not depend on {}", home.display(), program.krate))?;
        let copy = copy_of(from, &out)?;
        // One for each crate: several have an example of one name.
        let target = out.join("target").join(program.krate);
        // With the lock that the crate was published with, and from the checkout: its toolchain is the one.
        let mut build = cargo_command(&["build", "--locked", "--release", "--quiet", "--target", "wasm32-wasip2"]);
        build.args(["--example", program.example]).arg("--target-dir").arg(&target);
        run(build.arg("--manifest-path").arg(copy.join("Cargo.toml")))?;
        built.push((home.join(program.app), component(&target, program, &out)?));
    }
    Ok(built)
}

/// The crates that the lock pins, with the folders where cargo has laid their sources. It fetches what is missing, and
/// checks it against the lock.
fn sources(home: &Path) -> Result<Vec<(String, PathBuf)>> {
    let manifest = home.join("Cargo.toml");
    let mut ask = cargo_command(&["metadata", "--format-version=1", "--locked", "--quiet", "--manifest-path"]);
    let out = ask.arg(&manifest).output().context("cannot run `cargo metadata`")?;
    if !out.status.success() {
        bail!("the sources of {} cannot be had: {}", home.display(), String::from_utf8_lossy(&out.stderr));
    }
    let all: serde_json::Value = serde_json::from_slice(&out.stdout).context("`cargo metadata` gave no JSON")?;
    let list = |value: &serde_json::Value| value.as_array().cloned().unwrap_or_default();
    let resolve = &all["resolve"];
    let nodes = list(&resolve["nodes"]);
    // A dependency of one of them may be another version of another.
    let own = nodes.iter().find(|node| node["id"] == resolve["root"]).context("the manifest names no crate")?;
    let packages = list(&all["packages"]);
    let mut found = Vec::new();
    for dependency in list(&own["deps"]) {
        let package = packages.iter().find(|p| p["id"] == dependency["pkg"]).context("a crate without metadata")?;
        let (name, path) = (package["name"].as_str(), package["manifest_path"].as_str().map(Path::new));
        let (name, folder) = (name.context("a crate without a name")?, path.and_then(Path::parent));
        found.push((name.to_owned(), folder.context("a crate without a folder")?.to_owned()));
    }
    Ok(found)
}

/// The sources as the registry delivered them, in a folder where cargo may write. One line is added to the manifest: the
/// copy may lie below the checkout, and is no member of its workspace.
fn copy_of(from: &Path, out: &Path) -> Result<PathBuf> {
    let name = from.file_name().with_context(|| format!("{} is no crate's folder", from.display()))?;
    let copy = out.join(name);
    if copy.exists() {
        return Ok(copy);
    }
    // Under its name it is whole.
    let half = out.join("half-copied");
    let _ = std::fs::remove_dir_all(&half);
    copy_all(from, &half)?;
    let manifest = half.join("Cargo.toml");
    let text = std::fs::read_to_string(&manifest).with_context(|| format!("cannot read {}", manifest.display()))?;
    std::fs::write(&manifest, format!("{text}\n[workspace]\n"))?;
    std::fs::rename(&half, &copy).with_context(|| format!("cannot make {}", copy.display()))?;
    Ok(copy)
}

fn copy_all(from: &Path, to: &Path) -> Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from).with_context(|| format!("cannot read {}", from.display()))? {
        let entry = entry?;
        let (path, to) = (entry.path(), to.join(entry.file_name()));
        if path.is_dir() {
            copy_all(&path, &to)?;
        } else {
            std::fs::copy(&path, &to).with_context(|| format!("cannot copy {}", path.display()))?;
        }
    }
    Ok(())
}

/// What cargo made, under the app's name.
fn component(target: &Path, program: &Program, out: &Path) -> Result<PathBuf> {
    let made = target.join("wasm32-wasip2/release/examples");
    // A library's file has underscores, a program's has the name.
    let names = [program.example.to_owned(), program.example.replace('-', "_")];
    let found = names.iter().map(|name| made.join(format!("{name}.wasm"))).find(|path| path.exists());
    let from = found.with_context(|| format!("{} of {} was not built", program.example, program.krate))?;
    let to = out.join(format!("{}.wasm", program.app));
    std::fs::copy(&from, &to).with_context(|| format!("cannot copy {}", from.display()))?;
    Ok(to)
}

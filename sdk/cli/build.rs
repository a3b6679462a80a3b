//! Gathers what the command line carries inside: the contract, the SDKs, the templates and the schemas of the city's
//! datasets, as one compressed archive. The same files give the same bytes, and its digest names it.
//!
//! A folder that is not there (an SDK of another language) is left out: `yunlong new` says so by name.

use flate2::Compression;
use flate2::write::ZlibEncoder;
use sha2::{Digest as _, Sha256};
use std::error::Error;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

/// What is carried, as paths in the checkout; they are the paths in the archive, too, so that what points from one to
/// another holds there as well.
const CARRIED: [&str; 7] =
    ["wit", "sdk/rust", "sdk/rust-macros", "sdk/js", "sdk/python", "sdk/templates", "host/hub/data/datasets"];

/// What tools leave behind, at any depth.
const LEFT_BEHIND: [&str; 12] = [
    "target",
    "node_modules",
    ".venv",
    "venv",
    "__pycache__",
    ".mypy_cache",
    ".pytest_cache",
    ".ruff_cache",
    ".git",
    ".yunlong",
    ".DS_Store",
    "sbom.cdx.json",
];

/// Files that make a folder a project: its tools leave something beside them, if not now then after the next build.
const PROJECTS: [&str; 3] = ["Cargo.toml", "package.json", "pyproject.toml"];

/// Where builds leave something in a folder whose name is a source's elsewhere.
fn is_built(path: &Path) -> bool {
    path == Path::new("sdk/python/build") || (path.starts_with("sdk/templates") && path.ends_with("build"))
}

/// The rooms of the workspace that are carried; they take their dependencies' versions from the root.
const MEMBERS: [&str; 2] = ["sdk/rust", "sdk/rust-macros"];

fn main() -> Result<(), Box<dyn Error>> {
    let here = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?);
    let root = here.parent().and_then(Path::parent).ok_or("the crate stands outside of the checkout")?;
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed={}", root.join("Cargo.toml").display());
    let mut files = Vec::new();
    for carried in CARRIED {
        let dir = root.join(carried);
        if dir.is_dir() {
            gather(root, &dir, &mut files)?;
        } else {
            // Its parent tells when it comes.
            println!("cargo::rerun-if-changed={}", root.join("sdk").display());
        }
    }
    files.sort();
    let mut archive = tar::Builder::new(Vec::new());
    append(&mut archive, Path::new("Cargo.toml"), workspace(root)?.as_bytes(), 0o644)?;
    for file in &files {
        let path = root.join(file);
        append(&mut archive, file, &fs::read(&path)?, mode(&path)?)?;
    }
    let archive = archive.into_inner()?;
    let mut digest = String::new();
    for byte in Sha256::digest(&archive) {
        write!(digest, "{byte:02x}")?;
    }
    let mut packed = ZlibEncoder::new(Vec::new(), Compression::best());
    packed.write_all(&archive)?;
    fs::write(PathBuf::from(env::var("OUT_DIR")?).join("carried.tar.z"), packed.finish()?)?;
    println!("cargo::rustc-env=YUNLONG_CARRIED={digest}");
    Ok(())
}

/// The files below a folder, as paths in the checkout; whether all that it holds is carried. Links are not followed:
/// nothing from elsewhere is carried.
///
/// A folder is watched whole when all of it is carried, since only so a new file is seen. Where tools leave something
/// behind, or will, each part is watched for itself: an installation of packages would else build this crate anew.
fn gather(root: &Path, dir: &Path, files: &mut Vec<PathBuf>) -> Result<bool, Box<dyn Error>> {
    let (mut whole, mut parts) = (!PROJECTS.iter().any(|file| dir.join(file).exists()), Vec::new());
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        let (kind, path) = (entry.file_type()?, entry.path());
        let name = entry.file_name();
        let name = name.to_str().ok_or_else(|| format!("{} is not UTF-8", path.display()))?;
        let short = path.strip_prefix(root)?;
        if LEFT_BEHIND.contains(&name)
            || is_built(short)
            || name.ends_with(".egg-info")
            || name.ends_with(".tsbuildinfo")
        {
            whole = false;
        } else if kind.is_dir() {
            if gather(root, &path, files)? {
                parts.push(path);
            } else {
                whole = false;
            }
        } else if kind.is_file() {
            // Python leaves `__pycache__` beside what it runs.
            whole &= !name.ends_with(".py");
            files.push(short.to_owned());
            parts.push(path);
        }
    }
    if !whole || CARRIED.iter().any(|c| dir == root.join(c)) {
        // What lies below is not watched by a folder above.
        let watched = if whole { vec![dir.to_owned()] } else { parts };
        for part in watched {
            println!("cargo::rerun-if-changed={}", part.display());
        }
    }
    Ok(whole)
}

fn append(archive: &mut tar::Builder<Vec<u8>>, path: &Path, bytes: &[u8], mode: u32) -> Result<(), Box<dyn Error>> {
    let mut header = tar::Header::new_gnu();
    header.set_size(bytes.len() as u64);
    header.set_mode(mode);
    // No time and no owner: the digest is that of the contents.
    header.set_mtime(0);
    header.set_cksum();
    Ok(archive.append_data(&mut header, path, bytes)?)
}

#[cfg(unix)]
fn mode(path: &Path) -> Result<u32, Box<dyn Error>> {
    use std::os::unix::fs::PermissionsExt as _;
    Ok(if fs::metadata(path)?.permissions().mode() & 0o100 == 0 { 0o644 } else { 0o755 })
}

#[cfg(not(unix))]
fn mode(_: &Path) -> Result<u32, Box<dyn Error>> {
    Ok(0o644)
}

/// The root of the carried workspace: what the carried rooms inherit, and nothing else.
fn workspace(root: &Path) -> Result<String, Box<dyn Error>> {
    let read = |path: PathBuf| -> Result<toml::Table, Box<dyn Error>> {
        println!("cargo::rerun-if-changed={}", path.display());
        Ok(fs::read_to_string(path)?.parse()?)
    };
    let all = read(root.join("Cargo.toml"))?;
    let all = all.get("workspace").and_then(toml::Value::as_table).ok_or("the root is no workspace")?;
    let mut wanted = toml::Table::new();
    for member in MEMBERS {
        inherited(&read(root.join(member).join("Cargo.toml"))?, all, &mut wanted)?;
    }
    let mut out = toml::Table::new();
    out.insert("resolver".into(), all.get("resolver").cloned().ok_or("the workspace names no resolver")?);
    out.insert("members".into(), MEMBERS.iter().map(|m| toml::Value::from(*m)).collect::<Vec<_>>().into());
    for table in ["package", "lints"] {
        out.insert(table.into(), all.get(table).cloned().ok_or_else(|| format!("no workspace.{table}"))?);
    }
    out.insert("dependencies".into(), wanted.into());
    let whole = toml::Table::from_iter([("workspace".to_owned(), toml::Value::from(out))]);
    Ok(toml::to_string(&whole)?)
}

/// The dependencies that a manifest takes from the workspace, at any depth (`[target.….dependencies]`).
fn inherited(table: &toml::Table, all: &toml::Table, wanted: &mut toml::Table) -> Result<(), Box<dyn Error>> {
    for (key, value) in table {
        let Some(inner) = value.as_table() else { continue };
        if !key.ends_with("dependencies") {
            inherited(inner, all, wanted)?;
            continue;
        }
        for (name, dependency) in inner {
            let by_root = dependency.get("workspace").and_then(toml::Value::as_bool).unwrap_or(false);
            if by_root {
                let of = all.get("dependencies").and_then(|d| d.get(name));
                wanted.insert(name.clone(), of.cloned().ok_or_else(|| format!("the root has no dependency {name}"))?);
            }
        }
    }
    Ok(())
}

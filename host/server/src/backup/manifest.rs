//! What a backup holds.

use anyhow::{Context, Result, bail, ensure};
use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufReader, Read as _, Write as _};
use std::path::{Component, Path, PathBuf};

pub(super) const FILE: &str = "manifest.json";
/// The form of a backup, to be raised when an older program could not read a newer one.
const FORMAT: u32 = 3;
/// The oldest form that this program reads: before 3 there were no files of apps.
const OLDEST: u32 = 2;

/// `manifest.json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Manifest {
    format: u32,
    /// When it was made, as RFC 3339.
    pub(super) made_at: String,
    /// The version of the program that made it.
    pub(super) version: String,
    /// The newest commit that is in it.
    pub(super) seq: u64,
    /// How many blobs are in a bucket, and not here.
    #[serde(default)]
    pub(super) elsewhere: u64,
    /// Every file by its path below the backup.
    pub(super) files: BTreeMap<String, Entry>,
}

/// A file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Entry {
    pub(super) bytes: u64,
    pub(super) sha256: String,
}

impl Manifest {
    /// Reads back every file below `dir`, so that the sums are those of what is there, and writes the
    /// manifest.
    pub(super) fn write(dir: &Path, seq: u64, elsewhere: u64) -> Result<Self> {
        let mut files = BTreeMap::new();
        for path in walk(dir)? {
            files.insert(path.clone(), sum(&dir.join(&path))?);
        }
        let made_at = jiff::Timestamp::now().to_string();
        let version = env!("CARGO_PKG_VERSION").to_owned();
        let manifest = Self { format: FORMAT, made_at, version, seq, elsewhere, files };
        let temporary = dir.join("manifest.tmp");
        let mut file = File::create_new(&temporary).with_context(|| temporary.display().to_string())?;
        file.write_all(&serde_json::to_vec_pretty(&manifest)?)?;
        file.sync_all()?;
        std::fs::rename(&temporary, dir.join(FILE))?;
        File::open(dir)?.sync_all()?;
        Ok(manifest)
    }

    /// Reads the manifest and every file that it names, and refuses whatever differs.
    pub(super) fn verify(dir: &Path) -> Result<Self> {
        let path = dir.join(FILE);
        let text = std::fs::read(&path)
            .with_context(|| format!("{}: this is no backup, or one that was not finished", path.display()))?;
        let manifest: Self = serde_json::from_slice(&text).with_context(|| path.display().to_string())?;
        ensure!(
            (OLDEST..=FORMAT).contains(&manifest.format),
            "the backup has the form {}, this program reads {OLDEST} to {FORMAT}: use the version {} that made it",
            manifest.format,
            manifest.version
        );
        for (name, entry) in &manifest.files {
            // A backup may come from anywhere: its paths lead nowhere else.
            if Path::new(name).components().any(|c| !matches!(c, Component::Normal(_))) {
                bail!("the manifest names `{name}`, which is no path within a backup");
            }
            let found =
                sum(&dir.join(name)).with_context(|| format!("{name} cannot be read: the backup is not whole"))?;
            ensure!(found == *entry, "{name} is not what was backed up: the backup is damaged, take another one");
        }
        Ok(manifest)
    }
}

/// The paths of all files below `dir`, with `/`.
pub(super) fn walk(dir: &Path) -> Result<Vec<String>> {
    let mut out = Vec::new();
    let mut open = vec![PathBuf::new()];
    while let Some(at) = open.pop() {
        for entry in std::fs::read_dir(dir.join(&at)).with_context(|| dir.join(&at).display().to_string())? {
            let entry = entry?;
            let path = at.join(entry.file_name());
            let kind = entry.file_type()?;
            if kind.is_dir() {
                open.push(path);
            } else if kind.is_file() {
                out.push(path.to_str().with_context(|| format!("{} is not UTF-8", path.display()))?.to_owned());
            }
        }
    }
    out.sort();
    Ok(out)
}

fn sum(path: &Path) -> Result<Entry> {
    let mut file = BufReader::new(File::open(path)?);
    let (mut hash, mut bytes, mut buffer) = (Sha256::new(), 0, vec![0; 1 << 16]);
    loop {
        let n = file.read(&mut buffer)?;
        if n == 0 {
            return Ok(Entry { bytes, sha256: HEXLOWER.encode(&hash.finalize()) });
        }
        hash.update(&buffer[..n]);
        bytes += n as u64;
    }
}

/// Copies files with their folders; each is on the disk when this answers.
pub(super) fn copy(from: &Path, to: &Path, names: &[String]) -> Result<()> {
    use std::os::unix::fs::OpenOptionsExt as _;
    for name in names {
        let target = to.join(name);
        if let Some(above) = target.parent() {
            crate::city::make_private(above)?;
        }
        let source = from.join(name);
        let mut input = File::open(&source).with_context(|| source.display().to_string())?;
        let output = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&target);
        let mut output = output.with_context(|| target.display().to_string())?;
        std::io::copy(&mut input, &mut output).with_context(|| target.display().to_string())?;
        output.sync_all()?;
    }
    Ok(())
}

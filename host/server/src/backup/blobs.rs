//! The blobs of the registry and of apps' files: which ones a store names, and whether they are there.
//!
//! A blob is written and synced before a commit names it, and never changes. So whoever reads the store
//! first and the blobs afterwards finds all of them, unless the collector removes one in between: it is
//! held meanwhile.

use super::manifest::{self, Manifest};
use super::{FILES, REGISTRY};
use crate::settings::Settings;
use anyhow::{Context, Result, bail, ensure};
use data_encoding::HEXLOWER;
use sha2::{Digest as _, Sha512};
use std::io::Read as _;
use std::path::Path;
use yunlong_oci::blobs::Place;
use yunlong_oci::digest::Algorithm;
use yunlong_store::KeyRange;
use yunlong_store::sled_engine::files::Files;
use yunlong_store::sled_engine::{Rows, Verified, verify_reading};

/// A blob that a store names.
pub(super) struct Named {
    /// The folder that it is in.
    folder: &'static str,
    place: Place,
    size: u64,
}

impl Named {
    /// Where it is below a data folder.
    fn path(&self) -> String {
        format!("{}/blobs/{}", self.folder, self.place.path())
    }
}

/// The rows that name blobs.
pub(crate) fn naming() -> [KeyRange; 2] {
    [yunlong_oci::stored_rows(), yunlong_files::stored_rows()]
}

/// The blobs among the rows of a store.
fn named(rows: &Rows) -> Result<Vec<Named>> {
    let (mut named, files) = (Vec::with_capacity(rows.len()), yunlong_files::stored_rows());
    for (key, value) in rows {
        let found = if files.contains(key) {
            let at = yunlong_files::stored_at(key, value).context("the store has a row of a file that is none")?;
            // One whose bytes are still arriving has none yet.
            at.map(|(place, size)| Named { folder: FILES, place, size })
        } else {
            let at = yunlong_oci::stored_at(key, value).context("the store has a row of a blob that is none")?;
            Some(Named { folder: REGISTRY, place: at.0, size: at.1 })
        };
        named.extend(found);
    }
    Ok(named)
}

/// Reads the store's files frame by frame; answers what it names as well.
pub(super) fn read(files: &dyn Files) -> Result<(Verified, Vec<Named>)> {
    let (verified, rows) = verify_reading(files, &naming())?;
    Ok((verified, named(&rows)?))
}

/// Copies the blobs that the copied store names.
pub(super) fn copy(settings: &Settings, data: &Path, to: &Path, store: &dyn Files) -> Result<u64> {
    let (_, blobs) = read(store).context("the store that was copied")?;
    if settings.registry.bucket().is_some() {
        return Ok(blobs.len() as u64);
    }
    for blob in &blobs {
        ensure!(
            data.join(blob.path()).is_file(),
            "the blob {} is missing in {}: `yunlong doctor` names every one; put it back out of an older backup and back up again (only that, when the server was restarted meanwhile)",
            blob.place.digest,
            data.display()
        );
    }
    let names: Vec<String> = blobs.iter().map(Named::path).collect();
    manifest::copy(data, to, &names).context("the blobs")?;
    Ok(0)
}

/// Refuses a backup that lacks a blob that its store names, or in which one is not what its digest says.
pub(super) fn check(from: &Path, manifest: &Manifest, blobs: &[Named]) -> Result<()> {
    if manifest.elsewhere > 0 {
        return Ok(());
    }
    for blob in blobs {
        let (name, place, size) = (blob.path(), &blob.place, &blob.size);
        let Some(entry) = manifest.files.get(&name) else {
            bail!("the backup lacks the blob {}: take another backup", place.digest);
        };
        let hex = match place.digest.algorithm() {
            Algorithm::Sha256 => entry.sha256.clone(),
            Algorithm::Sha512 => sha512(&from.join(&name)).with_context(|| name.clone())?,
        };
        ensure!(
            entry.bytes == *size && hex == place.digest.hex(),
            "{name} is not the blob {}: it was damaged before it was backed up: put it back in the data folder out of an older backup, and back up again",
            place.digest
        );
    }
    Ok(())
}

fn sha512(path: &Path) -> Result<String> {
    let (mut file, mut hash, mut buffer) = (std::fs::File::open(path)?, Sha512::new(), vec![0; 1 << 16]);
    loop {
        let n = file.read(&mut buffer)?;
        if n == 0 {
            return Ok(HEXLOWER.encode(&hash.finalize()));
        }
        hash.update(&buffer[..n]);
    }
}

/// What the doctor finds of a store's blobs in the data folder.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Absent {
    pub(crate) blobs: usize,
    pub(crate) bytes: u64,
    /// Not there, or of another size.
    pub(crate) wrong: Vec<String>,
}

/// Looks for every blob that the rows name. Sizes are compared; contents are compared when they are served.
pub(crate) fn absent(data: &Path, rows: &Rows) -> Result<Absent> {
    let mut found = Absent::default();
    for blob in named(rows)? {
        found.blobs += 1;
        found.bytes += blob.size;
        match std::fs::metadata(data.join(blob.path())) {
            Ok(meta) if meta.len() == blob.size => {}
            _ => found.wrong.push(blob.place.digest.to_string()),
        }
    }
    Ok(found)
}

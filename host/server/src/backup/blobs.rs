//! The registry's blobs: which ones a store names, and whether they are there.
//!
//! A blob is written and synced before a commit names it, and never changes. So whoever reads the store
//! first and the blobs afterwards finds all of them, unless the collector removes one in between: it is
//! held meanwhile.

use super::REGISTRY;
use super::manifest::{self, Manifest};
use crate::settings::Settings;
use anyhow::{Context, Result, bail, ensure};
use data_encoding::HEXLOWER;
use sha2::{Digest as _, Sha512};
use std::io::Read as _;
use std::path::Path;
use yunlong_oci::blobs::Place;
use yunlong_oci::digest::Algorithm;
use yunlong_store::sled_engine::files::Files;
use yunlong_store::sled_engine::{Rows, Verified, verify_reading};

/// Where a blob is below a data folder.
fn path(place: &Place) -> String {
    format!("{REGISTRY}/blobs/{}", place.path())
}

/// The blobs among the rows of a store, with their sizes.
fn named(rows: &Rows) -> Result<Vec<(Place, u64)>> {
    let mut named = Vec::with_capacity(rows.len());
    for (key, value) in rows {
        named.push(yunlong_oci::stored_at(key, value).context("the store has a row of a blob that is none")?);
    }
    Ok(named)
}

/// Reads the store's files frame by frame; answers what it names as well.
pub(super) fn read(files: &dyn Files) -> Result<(Verified, Vec<(Place, u64)>)> {
    let (verified, rows) = verify_reading(files, &[yunlong_oci::stored_rows()])?;
    Ok((verified, named(&rows)?))
}

/// Copies the blobs that the copied store names.
pub(super) fn copy(settings: &Settings, data: &Path, to: &Path, store: &dyn Files) -> Result<u64> {
    let (_, blobs) = read(store).context("the store that was copied")?;
    if settings.registry.bucket().is_some() {
        return Ok(blobs.len() as u64);
    }
    for (place, _) in &blobs {
        let name = path(place);
        ensure!(
            data.join(&name).is_file(),
            "the registry's blob {} is missing in {}: `yunlong doctor` names every one; put it back out of an older backup and back up again (only that, when the server was restarted meanwhile)",
            place.digest,
            data.display()
        );
    }
    let names: Vec<String> = blobs.iter().map(|(place, _)| path(place)).collect();
    manifest::copy(data, to, &names).context("the registry's blobs")?;
    Ok(0)
}

/// Refuses a backup that lacks a blob that its store names, or in which one is not what its digest says.
pub(super) fn check(from: &Path, manifest: &Manifest, blobs: &[(Place, u64)]) -> Result<()> {
    if manifest.elsewhere > 0 {
        return Ok(());
    }
    for (place, size) in blobs {
        let name = path(place);
        let Some(entry) = manifest.files.get(&name) else {
            bail!("the backup lacks the registry's blob {}: take another backup", place.digest);
        };
        let hex = match place.digest.algorithm() {
            Algorithm::Sha256 => entry.sha256.clone(),
            Algorithm::Sha512 => sha512(&from.join(&name)).with_context(|| name.clone())?,
        };
        ensure!(
            entry.bytes == *size && hex == place.digest.hex(),
            "{name} is not the registry's blob {}: it was damaged before it was backed up: put it back in the data folder out of an older backup, and back up again",
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
    for (place, size) in named(rows)? {
        found.blobs += 1;
        found.bytes += size;
        match std::fs::metadata(data.join(path(&place))) {
            Ok(meta) if meta.len() == size => {}
            _ => found.wrong.push(place.digest.to_string()),
        }
    }
    Ok(found)
}

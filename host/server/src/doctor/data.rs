//! The data folder: whose it is, its space, its keys, its store.

use super::{Check, State};
use crate::backup::{Absent, absent, naming};
use crate::blobs;
use crate::data_keys;
use crate::secret;
use crate::settings::Settings;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::Path;
use std::time::Duration;
use yunlong_identity::Secrets;
use yunlong_store::sled_engine::files::{DiskFiles, Files as _};
use yunlong_store::sled_engine::{Rows, Space, verify_reading};
use yunlong_store::{KeyRange, StoreError};

/// A running server replaces files; then the look at them begins anew.
const TRIES: usize = 5;
/// How long a bucket may take to answer.
const PATIENCE: Duration = Duration::from_secs(10);

pub(super) fn checks(settings: &Settings) -> Vec<Check> {
    let data = match settings.data() {
        Ok(data) => data,
        Err(e) => return vec![Check::wrong("data folder", e.to_string(), "give --data")],
    };
    let Read { store, fingerprint, registry } = read(data, settings);
    let platform = platform_key(data, settings, fingerprint.as_deref());
    vec![folder(data), space(data, settings), platform, data_keys(settings), store, registry]
}

fn folder(data: &Path) -> Check {
    let shown = data.display();
    let meta = match std::fs::metadata(data) {
        Ok(meta) if meta.is_dir() => meta,
        Ok(_) => return Check::wrong("data folder", format!("{shown} is no folder"), "give another --data"),
        Err(_) => {
            return Check::advice(
                "data folder",
                format!("{shown} is not there"),
                "the first start makes it; `yunlong init` makes the first administrator",
            );
        }
    };
    if data.join("restoring").exists() {
        return Check::wrong(
            "data folder",
            "a restore was cut short",
            "empty the folder and run `yunlong restore` again",
        );
    }
    let (owner, me) = (meta.uid(), rustix::process::geteuid().as_raw());
    if owner != me {
        return Check::advice(
            "data folder",
            format!("{shown} belongs to the user {owner}, and this is the user {me}"),
            "run the doctor as the server's user, so that it sees what the server sees",
        );
    }
    if meta.permissions().mode() & 0o077 != 0 {
        return Check::wrong("data folder", format!("others can read {shown}"), format!("run `chmod 700 {shown}`"));
    }
    Check::ok("data folder", format!("{shown}, for its owner only"))
}

fn space(data: &Path, settings: &Settings) -> Check {
    // The folder that is there, or the one that it will be made in.
    let Some(there) = data.ancestors().find(|a| a.is_dir()) else {
        return Check::advice("free space", "the data folder is not there", "give --data");
    };
    let free = DiskFiles::new(there).and_then(|f| f.free()).ok().flatten();
    let space = Space { free, reserve: settings.store().reserve_bytes };
    let Some(free) = free else {
        return Check::advice("free space", "it cannot be found out", "watch it by other means");
    };
    let shown = format!("{} MiB are free, {} MiB are kept", free >> 20, space.reserve >> 20);
    if space.refuses(0).is_some() {
        Check::wrong("free space", shown, "make room: nothing is written until there is more")
    } else if free < space.reserve.saturating_mul(4) {
        Check::advice("free space", shown, "make room before writing is refused")
    } else {
        Check::ok("free space", shown)
    }
}

fn platform_key(data: &Path, settings: &Settings, fingerprint: Option<&str>) -> Check {
    let path = settings.keys.platform.clone().unwrap_or_else(|| secret::path(data));
    let shown = path.display();
    if !path.exists() {
        return if data.join("store").is_dir() {
            Check::wrong(
                "platform's secret",
                format!("{shown} is missing, and there is data"),
                "restore it from your backup",
            )
        } else {
            Check::ok("platform's secret", format!("{shown} is made at the first start"))
        };
    }
    match secret::load(&path, false) {
        Ok(found) => match fingerprint {
            Some(known) if known != secret::fingerprint(&Secrets::new(*found)) => Check::wrong(
                "platform's secret",
                secret::another(&path),
                "put the file of this data folder back: nothing can be made good with another one",
            ),
            Some(_) => Check::ok("platform's secret", format!("{shown}, for its owner only; it is this folder's")),
            None => Check::ok("platform's secret", format!("{shown}, for its owner only")),
        },
        Err(e) => Check::wrong("platform's secret", format!("{e:#}"), "do what the text says"),
    }
}

fn data_keys(settings: &Settings) -> Check {
    let files = &settings.keys.data;
    if files.is_empty() {
        return Check::advice(
            "data keys",
            "personal fields are encrypted with a key that is derived from the platform's secret",
            "make one that lies apart from the data: `yunlong data-key new --out FILE`, and name it in keys.data",
        );
    }
    let mut names = Vec::new();
    for file in files {
        match data_keys::read(file) {
            Ok(key) => names.push(format!("{} ({})", key.id(), key.algorithm().name())),
            Err(e) => return Check::wrong("data keys", format!("{e:#}"), "restore the file, or correct keys.data"),
        }
    }
    Check::ok("data keys", names.join(", "))
}

/// What the store's files tell.
struct Read {
    store: Check,
    /// Of the platform's secret.
    fingerprint: Option<String>,
    registry: Check,
}

fn read(data: &Path, settings: &Settings) -> Read {
    let without = |store: Check, registry: Check| Read { store, fingerprint: None, registry };
    if data.join("packages/trust.json").is_file() {
        let old = Check::wrong(
            "registry",
            crate::city::PACKAGES_OF_BEFORE,
            "start with an empty data folder, enroll the keys and publish anew",
        );
        return without(Check::ok("store", "not looked at"), old);
    }
    let dir = data.join("store");
    if !dir.is_dir() {
        return without(Check::ok("store", "empty"), Check::ok("registry", "empty"));
    }
    let unknown = || Check::advice("registry", "the store cannot be read", "mend the store first");
    let files = match DiskFiles::new(&dir) {
        Ok(files) => files,
        Err(e) => {
            return without(Check::wrong("store", e.to_string(), "look at the folder's permissions"), unknown());
        }
    };
    let fingerprint = secret::fingerprint_key();
    let [packages, files_of_apps] = naming();
    let wanted = [KeyRange::one(&fingerprint), packages, files_of_apps];
    let (mut found, mut tries) = (verify_reading(&files, &wanted), 1);
    loop {
        match found {
            Ok((verified, mut rows)) => {
                let kept = rows.remove(&fingerprint);
                let registry = registry(data, settings, &rows);
                // A blob that was given up goes between the two looks.
                if registry.state == State::Wrong && tries < TRIES {
                    (found, tries) = (verify_reading(&files, &wanted), tries + 1);
                    continue;
                }
                let store = Check::ok(
                    "store",
                    format!(
                        "whole up to the commit {}: a snapshot of {} rows, {} MiB of journals",
                        verified.seq.0,
                        verified.rows,
                        verified.journal_bytes >> 20
                    ),
                );
                let fingerprint = kept.and_then(|v| serde_json::from_slice(&v).ok());
                return Read { store, fingerprint, registry };
            }
            Err(StoreError::Io(_)) if tries < TRIES => {
                (found, tries) = (verify_reading(&files, &wanted), tries + 1);
            }
            Err(e @ StoreError::Corrupt(_)) => {
                let next = "delete nothing: copy the folder away, then restore the last backup; the message names the file and the place";
                return without(Check::wrong("store", e.to_string(), next), unknown());
            }
            Err(e) => {
                return without(Check::wrong("store", e.to_string(), "run the doctor as the server's user"), unknown());
            }
        }
    }
}

/// The blobs that the store names: in the data folder, or in a bucket that answers.
fn registry(data: &Path, settings: &Settings, rows: &Rows) -> Check {
    match settings.registry.bucket() {
        Some(bucket) => match blobs::reach(settings, PATIENCE) {
            Ok(()) => Check::ok("registry", format!("{} blobs in the bucket {bucket}, which answers", rows.len())),
            Err(e) => Check::wrong(
                "registry",
                format!("{} blobs in the bucket {bucket}: {e:#}", rows.len()),
                "correct registry.s3_…, or what keeps the bucket from answering",
            ),
        },
        None => match absent(data, rows) {
            Ok(Absent { blobs, bytes, wrong }) if wrong.is_empty() => {
                Check::ok("registry", format!("{blobs} blobs of {} MiB, all in their places", bytes >> 20))
            }
            Ok(Absent { blobs, wrong, .. }) => Check::wrong(
                "registry",
                format!("of {blobs} blobs these are missing or cut off: {}", wrong.join(", ")),
                "put them back out of a backup (registry/blobs, files/blobs), or yank what needs them; what runs goes on as long as it is not loaded anew",
            ),
            Err(e) => Check::wrong("registry", format!("{e:#}"), "copy the folder away, then restore the last backup"),
        },
    }
}

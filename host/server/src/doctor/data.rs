//! The data folder: whose it is, its space, its keys, its store.

use super::Check;
use crate::data_keys;
use crate::secret;
use crate::settings::Settings;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::Path;
use yunlong_identity::Secrets;
use yunlong_store::StoreError;
use yunlong_store::sled_engine::files::{DiskFiles, Files as _};
use yunlong_store::sled_engine::{Space, verify_reading};

/// A running server replaces files; then the look at them begins anew.
const TRIES: usize = 5;

pub(super) fn checks(settings: &Settings) -> Vec<Check> {
    let data = match settings.data() {
        Ok(data) => data,
        Err(e) => return vec![Check::wrong("data folder", e.to_string(), "give --data")],
    };
    let (store, fingerprint) = store(data);
    let platform = platform_key(data, settings, fingerprint.as_deref());
    vec![folder(data), space(data, settings), platform, data_keys(settings), store]
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

/// The store, and the fingerprint of the platform's secret that it keeps.
fn store(data: &Path) -> (Check, Option<String>) {
    let dir = data.join("store");
    if !dir.is_dir() {
        return (Check::ok("store", "empty"), None);
    }
    let files = match DiskFiles::new(&dir) {
        Ok(files) => files,
        Err(e) => return (Check::wrong("store", e.to_string(), "look at the folder's permissions"), None),
    };
    let fingerprint = secret::fingerprint_key();
    let mut found = verify_reading(&files, &fingerprint);
    for _ in 1..TRIES {
        if !matches!(found, Err(StoreError::Io(_))) {
            break;
        }
        found = verify_reading(&files, &fingerprint);
    }
    let (found, fingerprint) = match found {
        Ok((found, value)) => (Ok(found), value.and_then(|v| serde_json::from_slice(&v).ok())),
        Err(e) => (Err(e), None),
    };
    let check = match found {
        Ok(v) => Check::ok(
            "store",
            format!(
                "whole up to the commit {}: a snapshot of {} rows, {} MiB of journals",
                v.seq.0,
                v.rows,
                v.journal_bytes >> 20
            ),
        ),
        Err(e @ StoreError::Corrupt(_)) => Check::wrong(
            "store",
            e.to_string(),
            "delete nothing: copy the folder away, then restore the last backup; the message names the file and the place",
        ),
        Err(e) => Check::wrong("store", e.to_string(), "run the doctor as the server's user"),
    };
    (check, fingerprint)
}

//! Static files of a package.

use crate::layout::{read_exactly, tar_of};
use crate::package::Limits;
use crate::{Most, PackageError};
use bytes::Bytes;
use cap_std::fs::Dir;
use std::collections::BTreeMap;
use std::path::Path;

/// A static file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asset {
    /// Its bytes.
    pub bytes: Bytes,
    /// Its media type, from its name's ending; text types with `charset=utf-8`.
    pub media_type: &'static str,
}

/// The longest path of an asset in bytes.
const MAX_PATH: usize = 200;

/// The media type of a file's name; `application/octet-stream` when its ending is not known.
#[must_use]
pub fn media_type(path: &str) -> &'static str {
    let ending = path.rsplit('/').next().and_then(|n| n.rsplit_once('.')).map(|(_, e)| e.to_ascii_lowercase());
    match ending.as_deref() {
        Some("html" | "htm") => "text/html; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("js" | "mjs") => "text/javascript; charset=utf-8",
        Some("txt" | "md") => "text/plain; charset=utf-8",
        Some("csv") => "text/csv; charset=utf-8",
        Some("json" | "map") => "application/json",
        Some("geojson") => "application/geo+json",
        Some("webmanifest") => "application/manifest+json",
        Some("xml") => "application/xml",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("jpg" | "jpeg") => "image/jpeg",
        Some("gif") => "image/gif",
        Some("webp") => "image/webp",
        Some("avif") => "image/avif",
        Some("ico") => "image/x-icon",
        Some("woff2") => "font/woff2",
        Some("woff") => "font/woff",
        Some("ttf") => "font/ttf",
        Some("pdf") => "application/pdf",
        Some("mp3") => "audio/mpeg",
        Some("mp4") => "video/mp4",
        Some("wasm") => "application/wasm",
        _ => "application/octet-stream",
    }
}

/// Whether this is a path of an asset: relative, plain components, no hidden files.
fn check_path(path: &str) -> Result<(), PackageError> {
    let plain = |p: &str| {
        !p.is_empty() && !p.starts_with('.') && p.chars().all(|c| !c.is_control() && !r#"\:*?"<>|"#.contains(c))
    };
    if path.len() <= MAX_PATH && path.split('/').all(plain) {
        Ok(())
    } else {
        Err(PackageError::Path(path.chars().take(MAX_PATH).collect()))
    }
}

/// Reads the files under `dir/folder`. Links and hidden files are refused.
pub(crate) fn read_dir(dir: &Path, folder: &str, limits: &Limits) -> Result<BTreeMap<String, Bytes>, PackageError> {
    let root = Dir::open_ambient_dir(dir, cap_std::ambient_authority())
        .map_err(PackageError::io(dir.display().to_string()))?;
    // No part of the way to the folder may be a link either.
    let mut so_far = String::new();
    for part in folder.split('/') {
        so_far = if so_far.is_empty() { part.to_owned() } else { format!("{so_far}/{part}") };
        if !root.symlink_metadata(&so_far).map_err(PackageError::io(&so_far))?.is_dir() {
            return Err(PackageError::NotAFile(so_far));
        }
    }
    let root = root.open_dir(folder).map_err(PackageError::io(folder))?;
    let mut files = BTreeMap::new();
    let mut folders = vec![String::new()];
    let mut total = 0;
    while let Some(folder) = folders.pop() {
        let at = if folder.is_empty() { "." } else { folder.trim_end_matches('/') };
        for entry in root.read_dir(at).map_err(PackageError::io(at))? {
            let entry = entry.map_err(PackageError::io(at))?;
            let name =
                entry.file_name().into_string().map_err(|n| PackageError::Path(n.to_string_lossy().into_owned()))?;
            let path = format!("{folder}{name}");
            check_path(&path)?;
            let kind = entry.file_type().map_err(PackageError::io(&path))?;
            if kind.is_dir() {
                folders.push(format!("{path}/"));
            } else if kind.is_file() {
                let file = root.open(&path).map_err(PackageError::io(&path))?;
                let size = file.metadata().map_err(PackageError::io(&path))?.len();
                keep(&mut files, &mut total, path, size, file, limits)?;
            } else {
                return Err(PackageError::NotAFile(path));
            }
        }
    }
    Ok(files)
}

pub(crate) fn to_tar(files: &BTreeMap<String, Bytes>) -> Result<Vec<u8>, PackageError> {
    for path in files.keys() {
        check_path(path)?;
    }
    tar_of(files.iter().map(|(p, b)| (p.as_str(), b.as_ref())))
}

pub(crate) fn from_tar(tar: &[u8], limits: &Limits) -> Result<BTreeMap<String, Asset>, PackageError> {
    let bad = |e: std::io::Error| PackageError::unreadable("assets", e);
    let mut files = BTreeMap::new();
    let mut total = 0;
    for entry in tar::Archive::new(tar).entries().map_err(bad)?.raw(true) {
        let entry = entry.map_err(bad)?;
        let path = String::from_utf8(entry.path_bytes().into_owned())
            .map_err(|e| PackageError::Path(String::from_utf8_lossy(e.as_bytes()).into_owned()))?;
        check_path(&path)?;
        if entry.header().entry_type() != tar::EntryType::Regular {
            return Err(PackageError::NotAFile(path));
        }
        let size = entry.header().entry_size().map_err(bad)?;
        keep(&mut files, &mut total, path, size, entry, limits)?;
    }
    Ok(files.into_iter().map(|(p, bytes)| (p.clone(), Asset { bytes, media_type: media_type(&p) })).collect())
}

fn keep(
    files: &mut BTreeMap<String, Bytes>,
    total: &mut u64,
    path: String,
    size: u64,
    reader: impl std::io::Read,
    limits: &Limits,
) -> Result<(), PackageError> {
    *total = total.saturating_add(size);
    if *total > limits.assets {
        return Err(PackageError::too_large("assets", Most::Bytes(limits.assets)));
    }
    if files.len() >= limits.asset_files {
        return Err(PackageError::too_large("assets", Most::Files(limits.asset_files)));
    }
    let bytes = read_exactly(&path, size, limits.assets, reader)?;
    if files.insert(path.clone(), bytes).is_some() { Err(PackageError::Duplicate(path)) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_stay_below_the_folder() {
        for good in ["a.css", "图/龟山.svg", "a/b/c.js"] {
            assert!(check_path(good).is_ok(), "{good}");
        }
        for bad in
            ["", "/a", "../a", "a/../b", "a//b", "a/", ".env", "a/.git/b", "a\\b", "a\0b", "c:x", &"a".repeat(201)]
        {
            assert!(check_path(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn types_come_from_a_fixed_list() {
        assert_eq!(media_type("x/a.CSS"), "text/css; charset=utf-8");
        assert_eq!(media_type("a.tar.svg"), "image/svg+xml");
        assert_eq!(media_type("css"), "application/octet-stream");
        assert_eq!(media_type("a.css/b"), "application/octet-stream");
    }
}

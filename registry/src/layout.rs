//! OCI image layouts, as folder and as tar.

use crate::oci;
use crate::package::Limits;
use crate::{Most, PackageError};
use bytes::Bytes;
use oci_spec::image::{Descriptor, ImageIndex, ImageIndexBuilder, MediaType};
use std::collections::BTreeMap;
use std::io::Read;
use std::path::Path;
use yunlong_model::{Digest, Text};

const LAYOUT_FILE: &str = "oci-layout";
const INDEX_FILE: &str = "index.json";
const BLOBS: &str = "blobs/sha256";
const LAYOUT: &[u8] = br#"{"imageLayoutVersion":"1.0.0"}"#;

/// A layout in memory. Blobs stand under the digest that their name claims: [`Layout::resolve`]
/// checks it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Layout {
    pub(crate) index: Vec<Descriptor>,
    pub(crate) blobs: BTreeMap<Digest, Bytes>,
}

impl Layout {
    /// Adds a blob and answers its descriptor.
    pub(crate) fn add(&mut self, media_type: MediaType, bytes: impl Into<Bytes>) -> Result<Descriptor, PackageError> {
        let bytes = bytes.into();
        let descriptor = oci::descriptor(media_type, &bytes)?;
        self.blobs.insert(Digest::of(&bytes), bytes);
        Ok(descriptor)
    }

    /// The blob of a descriptor, with its size and digest checked.
    pub(crate) fn resolve(&self, d: &Descriptor, what: &str, limit: u64) -> Result<Bytes, PackageError> {
        let expected = oci::digest_of(d, what)?;
        let bytes = self.blobs.get(&expected).ok_or_else(|| PackageError::Missing(format!("{what} ({expected})")))?;
        if bytes.len() as u64 > limit {
            return Err(PackageError::too_large(what, Most::Bytes(limit)));
        }
        let found = Digest::of(bytes);
        if found != expected {
            return Err(PackageError::DigestMismatch { what: what.to_owned(), expected, found });
        }
        if d.size() != bytes.len() as u64 {
            let (said, has) = (d.size(), bytes.len());
            return Err(PackageError::malformed(
                what,
                format!("描述为 {said} 字节，实有 {has} 字节"),
                format!("its descriptor says {said} bytes, it has {has}"),
            ));
        }
        Ok(bytes.clone())
    }

    pub(crate) fn read(path: &Path, limits: &Limits) -> Result<Self, PackageError> {
        let what = path.display().to_string();
        let meta = std::fs::metadata(path).map_err(PackageError::io(&what))?;
        if meta.is_dir() {
            return Self::from_dir(path, limits);
        }
        if meta.len() > limits.total {
            return Err(PackageError::too_large(what, Most::Bytes(limits.total)));
        }
        let file = std::fs::File::open(path).map_err(PackageError::io(&what))?;
        Self::from_tar(std::io::BufReader::new(file), limits)
    }

    pub(crate) fn from_tar(reader: impl Read, limits: &Limits) -> Result<Self, PackageError> {
        let bad = |e: std::io::Error| {
            PackageError::NotAPackage(Text {
                zh: "文件损坏，或不是 tar：请用“yunlong package”重新打包".into(),
                en: format!("the tar cannot be read: {e}"),
            })
        };
        let mut archive = tar::Archive::new(reader.take(limits.total.saturating_add(1)));
        let mut files = Files::new(limits);
        // Raw: extension headers (long names, sparse files, pax) are entries of a type that is
        // refused below. No path of a layout needs them.
        for entry in archive.entries().map_err(bad)?.raw(true) {
            let entry = entry.map_err(bad)?;
            let header = entry.header();
            let path = String::from_utf8(entry.path_bytes().into_owned())
                .map_err(|e| PackageError::Path(String::from_utf8_lossy(e.as_bytes()).into_owned()))?;
            let size = header.entry_size().map_err(bad)?;
            match header.entry_type() {
                tar::EntryType::Directory if size == 0 => files.folder(&path)?,
                tar::EntryType::Regular => files.file(&path, size, entry)?,
                _ => return Err(PackageError::NotAFile(path)),
            }
        }
        files.finish()
    }

    fn from_dir(path: &Path, limits: &Limits) -> Result<Self, PackageError> {
        use cap_std::fs::Dir;
        let root = Dir::open_ambient_dir(path, cap_std::ambient_authority())
            .map_err(PackageError::io(path.display().to_string()))?;
        let mut files = Files::new(limits);
        let mut folders = vec![String::new()];
        while let Some(folder) = folders.pop() {
            let at = if folder.is_empty() { "." } else { folder.trim_end_matches('/') };
            for entry in root.read_dir(at).map_err(PackageError::io(at))? {
                let entry = entry.map_err(PackageError::io(at))?;
                let name = entry
                    .file_name()
                    .into_string()
                    .map_err(|n| PackageError::Path(n.to_string_lossy().into_owned()))?;
                let path = format!("{folder}{name}");
                let kind = entry.file_type().map_err(PackageError::io(&path))?;
                if kind.is_dir() {
                    files.folder(&path)?;
                    folders.push(format!("{path}/"));
                } else if kind.is_file() {
                    files.check_path(&path)?;
                    let file = root.open(&path).map_err(PackageError::io(&path))?;
                    let size = file.metadata().map_err(PackageError::io(&path))?.len();
                    files.file(&path, size, file)?;
                } else {
                    return Err(PackageError::NotAFile(path));
                }
            }
        }
        files.finish()
    }

    fn index_json(&self) -> Result<Vec<u8>, PackageError> {
        let index: ImageIndex = ImageIndexBuilder::default()
            .schema_version(2u32)
            .media_type(MediaType::ImageIndex)
            .manifests(self.index.clone())
            .build()
            .map_err(|e| PackageError::unreadable(INDEX_FILE, e))?;
        oci::canonical_json(&index)
    }

    /// The files of the layout in the one order that is ever written.
    fn files(&self) -> Result<Vec<(String, Bytes)>, PackageError> {
        let mut files = vec![
            (LAYOUT_FILE.to_owned(), Bytes::from_static(LAYOUT)),
            (INDEX_FILE.to_owned(), self.index_json()?.into()),
        ];
        files.extend(self.blobs.iter().map(|(d, b)| (format!("{BLOBS}/{}", d.hex()), b.clone())));
        Ok(files)
    }

    pub(crate) fn to_tar(&self) -> Result<Vec<u8>, PackageError> {
        let files = self.files()?;
        tar_of(files.iter().map(|(p, b)| (p.as_str(), b.as_ref())))
    }

    pub(crate) fn write_dir(&self, dir: &Path) -> Result<(), PackageError> {
        let blobs = dir.join(BLOBS);
        let name = |p: &Path| p.display().to_string();
        if dir.exists()
            && !dir.join(LAYOUT_FILE).is_file()
            && std::fs::read_dir(dir).map_err(PackageError::io(name(dir)))?.next().is_some()
        {
            return Err(PackageError::malformed(
                name(dir),
                "文件夹中有其他内容：请另选一个",
                "the folder holds something else: choose a new one",
            ));
        }
        std::fs::create_dir_all(&blobs).map_err(PackageError::io(name(&blobs)))?;
        // What an earlier build left would be stray blobs.
        for old in std::fs::read_dir(&blobs).map_err(PackageError::io(name(&blobs)))? {
            let old = old.map_err(PackageError::io(name(&blobs)))?.path();
            std::fs::remove_file(&old).map_err(PackageError::io(name(&old)))?;
        }
        for (path, bytes) in self.files()? {
            let path = dir.join(path);
            std::fs::write(&path, bytes).map_err(PackageError::io(name(&path)))?;
        }
        Ok(())
    }
}

/// A tar without anything of the machine or the time in it.
pub(crate) fn tar_of<'a>(files: impl Iterator<Item = (&'a str, &'a [u8])>) -> Result<Vec<u8>, PackageError> {
    let mut builder = tar::Builder::new(Vec::new());
    for (path, bytes) in files {
        let mut header = tar::Header::new_ustar();
        header.set_path(path).map_err(PackageError::io(path))?;
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        header.set_uid(0);
        header.set_gid(0);
        header.set_mtime(0);
        header.set_entry_type(tar::EntryType::Regular);
        header.set_cksum();
        builder.append(&header, bytes).map_err(PackageError::io(path))?;
    }
    builder.into_inner().map_err(PackageError::io("the tar"))
}

fn no_layout() -> PackageError {
    PackageError::NotAPackage(Text {
        zh: format!("没有“{LAYOUT_FILE}”文件"), en: format!("no `{LAYOUT_FILE}` file")
    })
}

/// Reads exactly `size` bytes.
pub(crate) fn read_exactly(path: &str, size: u64, limit: u64, reader: impl Read) -> Result<Bytes, PackageError> {
    if size > limit {
        return Err(PackageError::too_large(path, Most::Bytes(limit)));
    }
    let mut bytes = Vec::new();
    reader.take(size.saturating_add(1)).read_to_end(&mut bytes).map_err(PackageError::io(path))?;
    if bytes.len() as u64 != size {
        let there = bytes.len();
        return Err(PackageError::malformed(
            path,
            format!("不完整：应有 {size} 字节，实有 {there} 字节"),
            format!("cut off: {size} bytes were announced, {there} are there"),
        ));
    }
    Ok(bytes.into())
}

/// Gathers files: an allow-list of paths, and limits that are checked before bytes are kept.
struct Files<'a> {
    limits: &'a Limits,
    total: u64,
    layout: Option<Bytes>,
    index: Option<Bytes>,
    blobs: BTreeMap<Digest, Bytes>,
}

enum Place {
    Layout,
    Index,
    Blob(Digest),
}

impl<'a> Files<'a> {
    fn new(limits: &'a Limits) -> Self {
        Self { limits, total: 0, layout: None, index: None, blobs: BTreeMap::new() }
    }

    fn check_path(&self, path: &str) -> Result<Place, PackageError> {
        // `tar -C dir .` writes `./`.
        match path.strip_prefix("./").unwrap_or(path) {
            LAYOUT_FILE => Ok(Place::Layout),
            INDEX_FILE => Ok(Place::Index),
            other => other
                .strip_prefix(BLOBS)
                .and_then(|r| r.strip_prefix('/'))
                .and_then(|hex| format!("sha256:{hex}").parse().ok())
                .map(Place::Blob)
                .ok_or_else(|| PackageError::Path(path.chars().take(200).collect())),
        }
    }

    fn folder(&self, path: &str) -> Result<(), PackageError> {
        let plain = path.strip_prefix("./").unwrap_or(path).trim_end_matches('/');
        if ["", ".", "blobs", BLOBS].contains(&plain) {
            Ok(())
        } else {
            Err(PackageError::Path(path.chars().take(200).collect()))
        }
    }

    fn file(&mut self, path: &str, size: u64, reader: impl Read) -> Result<(), PackageError> {
        let place = self.check_path(path)?;
        let limit = match place {
            Place::Blob(_) => self.limits.component.max(self.limits.assets),
            Place::Layout | Place::Index => self.limits.document,
        };
        self.total = self.total.saturating_add(size);
        if self.total > self.limits.total {
            return Err(PackageError::too_large("the package", Most::Bytes(self.limits.total)));
        }
        if self.blobs.len() >= self.limits.blobs {
            return Err(PackageError::too_large("the package", Most::Blobs(self.limits.blobs)));
        }
        let bytes = read_exactly(path, size, limit, reader)?;
        let old = match place {
            Place::Layout => self.layout.replace(bytes),
            Place::Index => self.index.replace(bytes),
            Place::Blob(digest) => self.blobs.insert(digest, bytes),
        };
        if old.is_some() { Err(PackageError::Duplicate(path.to_owned())) } else { Ok(()) }
    }

    fn finish(self) -> Result<Layout, PackageError> {
        let layout = self.layout.ok_or_else(no_layout)?;
        let version: oci_spec::image::OciLayout =
            serde_json::from_slice(&layout).map_err(|e| PackageError::unreadable(LAYOUT_FILE, e))?;
        if version.image_layout_version() != "1.0.0" {
            return Err(PackageError::malformed(
                LAYOUT_FILE,
                "imageLayoutVersion 不是 1.0.0",
                "imageLayoutVersion is not 1.0.0",
            ));
        }
        let index = self.index.ok_or_else(|| PackageError::Missing(INDEX_FILE.into()))?;
        let index: ImageIndex = serde_json::from_slice(&index).map_err(|e| PackageError::unreadable(INDEX_FILE, e))?;
        if index.schema_version() != 2 {
            return Err(PackageError::malformed(INDEX_FILE, "schemaVersion 不是 2", "schemaVersion is not 2"));
        }
        if let Some(t) = index.media_type() {
            oci::expect_type(t, &MediaType::ImageIndex, INDEX_FILE)?;
        }
        Ok(Layout { index: index.manifests().clone(), blobs: self.blobs })
    }
}

/// Writes a file beside its place and moves it there, so that nobody reads half of it.
pub(crate) fn replace_file(path: &Path, bytes: &[u8]) -> Result<(), PackageError> {
    use std::io::Write as _;
    let mut temporary = path.as_os_str().to_owned();
    temporary.push(format!(".{}.tmp", std::process::id()));
    let temporary = std::path::PathBuf::from(temporary);
    let write = || -> std::io::Result<()> {
        let mut file = std::fs::File::create(&temporary)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        std::fs::rename(&temporary, path)?;
        let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
        std::fs::File::open(folder)?.sync_all()
    };
    write().map_err(|e| {
        _ = std::fs::remove_file(&temporary);
        PackageError::io(path.display().to_string())(e)
    })
}

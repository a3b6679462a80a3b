//! Precompiled components on disk, by digest and engine.
//!
//! Deserialising runs whatever the file holds as machine code, so a file is believed only with
//! its tag: an HMAC-SHA-256, under a key of this platform, over the file's name and SHA-256. A
//! file that somebody put there, or that was meant for another component, is compiled again.

use crate::engine::ProfileEngine;
use crate::error::CompileError;
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest as _, Sha256};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use wasmtime::component::Component;
use yunlong_model::Digest;

type Tag = Hmac<Sha256>;

/// The cache folder.
pub(crate) struct Cache {
    dir: PathBuf,
    key: [u8; 32],
}

impl Cache {
    /// Opens or creates the folder, for its owner alone.
    pub(crate) fn open(dir: &Path, key: [u8; 32]) -> std::io::Result<Self> {
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(dir)?;
        std::fs::set_permissions(dir, std::fs::Permissions::from_mode(0o700))?;
        Ok(Self { dir: dir.to_owned(), key })
    }

    fn name(digest: &Digest, engine: &ProfileEngine) -> String {
        format!("{}-{}.cwasm", digest.hex(), engine.key)
    }

    fn tag(&self, name: &str, file: &[u8]) -> Option<Tag> {
        let mut tag = <Tag as KeyInit>::new_from_slice(&self.key).ok()?;
        tag.update(name.as_bytes());
        tag.update(&[0]);
        tag.update(&Sha256::digest(file));
        Some(tag)
    }

    /// The component, when it was compiled for this engine before and nobody touched the file.
    pub(crate) fn load(&self, digest: &Digest, engine: &ProfileEngine) -> Option<Component> {
        let name = Self::name(digest, engine);
        let path = self.dir.join(&name);
        let file = std::fs::read(&path).ok()?;
        let tag = std::fs::read(path.with_extension("tag")).ok()?;
        if self.tag(&name, &file)?.verify_slice(&tag).is_err() {
            tracing::warn!(file = %name, "the cached file is not ours: it is compiled again");
            return None;
        }
        // SAFETY: the tag shows that these very bytes came from our own compiling child. They are
        // taken from memory, not read a second time, so nothing can be put in their place.
        match unsafe { Component::deserialize(&engine.engine, &file) } {
            Ok(component) => Some(component),
            Err(e) => {
                tracing::info!(file = %name, error = %e, "the cached file is for another engine: it is compiled again");
                None
            }
        }
    }

    /// Keeps what the child compiled and loads it.
    pub(crate) fn store(
        &self,
        digest: &Digest,
        engine: &ProfileEngine,
        compiled: &[u8],
    ) -> Result<Component, CompileError> {
        let name = Self::name(digest, engine);
        let io = |e: std::io::Error| CompileError::Io(e.to_string());
        let tag = self.tag(&name, compiled).ok_or_else(|| CompileError::Io("no key".into()))?.finalize().into_bytes();
        // SAFETY: the bytes come from our own compiling child, through its pipe.
        let component = unsafe { Component::deserialize(&engine.engine, compiled) }
            .map_err(|e| CompileError::Refused(format!("{e:#}")))?;
        let path = self.dir.join(&name);
        self.write(&path, compiled).map_err(io)?;
        self.write(&path.with_extension("tag"), &tag).map_err(io)?;
        Ok(component)
    }

    /// Whole or not at all: written aside and renamed.
    fn write(&self, path: &Path, bytes: &[u8]) -> std::io::Result<()> {
        let aside = self.dir.join(format!(".{:016x}.tmp", rand::random::<u64>()));
        let written = std::fs::OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&aside)
            .and_then(|mut f| f.write_all(bytes))
            .and_then(|()| std::fs::rename(&aside, path));
        if written.is_err() {
            let _ = std::fs::remove_file(&aside);
        }
        written
    }
}

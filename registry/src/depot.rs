//! The packages of one host, in a folder: each as a tar under its digest, and the enrolled keys.
//!
//! The OCI server takes this place later; what it offers stays the same.

use crate::layout::replace_file;
use crate::package::{self, Limits};
use crate::{Package, PackageError, TrustStore, VerifiedSigner, VerifyError};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError, RwLock};
use yunlong_model::Digest;

const TRUST_FILE: &str = "trust.json";

/// A folder of verified packages.
#[derive(Debug)]
pub struct Depot {
    dir: PathBuf,
    limits: Limits,
    trust: RwLock<TrustStore>,
    writing: Mutex<()>,
}

/// A package cannot be taken in or given out.
#[derive(Debug, thiserror::Error)]
pub enum DepotError {
    /// It is not whole.
    #[error(transparent)]
    Package(#[from] PackageError),
    /// Nobody trusted signed it.
    #[error(transparent)]
    Verify(#[from] VerifyError),
}

impl Depot {
    /// Opens the folder; makes it when it is not there.
    ///
    /// # Errors
    /// [`PackageError`] when it cannot be read or written, or `trust.json` is damaged.
    pub fn open(dir: &Path, limits: Limits) -> Result<Self, PackageError> {
        std::fs::create_dir_all(dir).map_err(PackageError::io(dir.display().to_string()))?;
        let path = dir.join(TRUST_FILE);
        let trust = match std::fs::read(&path) {
            Ok(bytes) => serde_json::from_slice(&bytes).map_err(|e| PackageError::malformed(TRUST_FILE, e))?,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => TrustStore::default(),
            Err(e) => return Err(PackageError::io(path.display().to_string())(e)),
        };
        Ok(Self { dir: dir.to_owned(), limits, trust: RwLock::new(trust), writing: Mutex::new(()) })
    }

    /// The limits for what is read.
    #[must_use]
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// The enrolled keys as they stand.
    #[must_use]
    pub fn trust(&self) -> TrustStore {
        self.trust.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Changes the enrolled keys: they are on the disk when this answers. What `change` refuses changes nothing.
    ///
    /// # Errors
    /// `E` from `change`, or the write's.
    pub fn change_trust<T, E: From<PackageError>>(
        &self,
        change: impl FnOnce(&mut TrustStore) -> Result<T, E>,
    ) -> Result<T, E> {
        let _one = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let mut next = self.trust();
        let answer = change(&mut next)?;
        let bytes = serde_json::to_vec_pretty(&next).map_err(|e| PackageError::malformed(TRUST_FILE, e))?;
        replace_file(&self.dir.join(TRUST_FILE), &bytes)?;
        *self.trust.write().unwrap_or_else(PoisonError::into_inner) = next;
        Ok(answer)
    }

    /// Takes in a package's tar, if an enrolled key in force of its vendor signed it.
    ///
    /// # Errors
    /// [`DepotError`]; nothing is kept then.
    pub fn put(&self, tar: &[u8]) -> Result<(Package, VerifiedSigner), DepotError> {
        self.put_package(package::open_bytes(tar, &self.limits)?)
    }

    /// Reads a package's tar and finds out who signed it, and keeps nothing.
    ///
    /// # Errors
    /// As [`Depot::put`].
    pub fn check(&self, tar: &[u8]) -> Result<(Package, VerifiedSigner), DepotError> {
        let package = package::open_bytes(tar, &self.limits)?;
        let signer = self.trust().verify(&package)?;
        Ok((package, signer))
    }

    /// Takes in a package that was opened already.
    ///
    /// # Errors
    /// [`DepotError`]; nothing is kept then.
    pub fn put_package(&self, package: Package) -> Result<(Package, VerifiedSigner), DepotError> {
        let signer = self.trust().verify(&package)?;
        let _one = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        replace_file(&self.path(&package.digest), &package.to_tar()?)?;
        Ok((package, signer))
    }

    /// The package of this digest, read and verified anew: what lies on the disk is not trusted either.
    ///
    /// # Errors
    /// [`DepotError`].
    pub fn get(&self, digest: &Digest) -> Result<Option<(Package, VerifiedSigner)>, DepotError> {
        let path = self.path(digest);
        if !path.exists() {
            return Ok(None);
        }
        let package = package::open(&path, &self.limits)?;
        if package.digest != *digest {
            return Err(PackageError::DigestMismatch {
                what: path.display().to_string(),
                expected: *digest,
                found: package.digest,
            }
            .into());
        }
        let signer = self.trust().verify(&package)?;
        Ok(Some((package, signer)))
    }

    /// The digests of all packages, sorted.
    ///
    /// # Errors
    /// [`PackageError::Io`].
    pub fn list(&self) -> Result<Vec<Digest>, PackageError> {
        let at = || self.dir.display().to_string();
        let mut digests = Vec::new();
        for entry in std::fs::read_dir(&self.dir).map_err(PackageError::io(at()))? {
            let name = entry.map_err(PackageError::io(at()))?.file_name();
            if let Some(digest) =
                name.to_str().and_then(|n| n.strip_suffix(".tar")).and_then(|hex| format!("sha256:{hex}").parse().ok())
            {
                digests.push(digest);
            }
        }
        digests.sort();
        Ok(digests)
    }

    fn path(&self, digest: &Digest) -> PathBuf {
        self.dir.join(format!("{}.tar", digest.hex()))
    }
}

//! Where packages are: a registry's manifests, blobs and referrers, by their digests. The OCI server implements
//! [`Packages`] over what it keeps; this crate reads through it and believes nothing that it answers.

use crate::refusal::Refusal;
use crate::release::Release;
use async_trait::async_trait;
use bytes::Bytes;
use std::collections::BTreeMap;
use yunlong_model::{Digest, Text};
use yunlong_registry::{Limits, Most, Package, PackageError, package};

/// A registry, as far as packages are read from it.
#[async_trait]
pub trait Packages: Send + Sync + 'static {
    /// The bytes of a manifest, as they were pushed.
    ///
    /// # Errors
    /// Why it cannot be read, for the log.
    async fn manifest(&self, repository: &str, digest: &Digest) -> Result<Option<Bytes>, String>;

    /// The digests of the manifests whose subject is this one, of any type. At most `limit`.
    ///
    /// # Errors
    /// As for [`Packages::manifest`].
    async fn referrers(&self, repository: &str, subject: &Digest, limit: usize) -> Result<Vec<Digest>, String>;

    /// The digest that a tag stands for.
    ///
    /// # Errors
    /// As for [`Packages::manifest`].
    async fn tagged(&self, repository: &str, tag: &str) -> Result<Option<Digest>, String>;

    /// A blob of at most `limit` bytes: whoever has a larger one reads no more than that, and answers an error.
    ///
    /// # Errors
    /// As for [`Packages::manifest`].
    async fn blob(&self, repository: &str, digest: &Digest, limit: u64) -> Result<Option<Bytes>, String>;
}

/// A package cannot be read from a registry.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The registry failed.
    #[error("无法读取仓库：{0} / the registry cannot be read: {0}")]
    Registry(String),
    /// The registry has no such package.
    #[error("仓库“{repository}”中没有 {digest} / the repository `{repository}` has no {digest}")]
    NoSuchPackage {
        /// The repository.
        repository: String,
        /// The package.
        digest: Digest,
    },
    /// The package is refused.
    #[error(transparent)]
    Refused(#[from] Refusal),
}

impl ReadError {
    /// What a person reads.
    #[must_use]
    pub fn text(&self) -> Text {
        match self {
            Self::Registry(e) => {
                Text { zh: format!("无法读取仓库：{e}"), en: format!("The registry cannot be read: {e}") }
            }
            Self::NoSuchPackage { repository, digest } => Text {
                zh: format!("仓库“{repository}”中没有 {digest}"),
                en: format!("The repository `{repository}` has no {digest}"),
            },
            Self::Refused(refusal) => refusal.text(),
        }
    }

    /// Why the package itself is refused; `None` when it is the registry that cannot be read, which may pass.
    #[must_use]
    pub fn refusal(&self) -> Option<Refusal> {
        match self {
            Self::Registry(_) => None,
            Self::NoSuchPackage { digest, .. } => Some(Refusal::MissingReferrer { what: digest.to_string() }),
            Self::Refused(refusal) => Some(refusal.clone()),
        }
    }
}

impl From<PackageError> for ReadError {
    fn from(e: PackageError) -> Self {
        Self::Refused(e.into())
    }
}

/// Reads a package and everything that refers to it, before it is published. Sizes are checked against what the
/// manifests announce before a blob is asked for, and digests when it is there.
///
/// # Errors
/// [`ReadError`].
pub async fn read(
    packages: &dyn Packages,
    repository: &str,
    digest: &Digest,
    limits: &Limits,
) -> Result<Package, ReadError> {
    let wasm = wasm_manifest(packages, repository, digest).await?;
    let mut all = packages.referrers(repository, digest, limits.blobs).await.map_err(ReadError::Registry)?;
    // cosign before version 3 has no referrers.
    let old = format!("sha256-{}.sig", digest.hex());
    all.extend(packages.tagged(repository, &old).await.map_err(ReadError::Registry)?);
    all.truncate(limits.blobs);
    let mut referrers = Vec::new();
    for referrer in all {
        let Some(bytes) = packages.manifest(repository, &referrer).await.map_err(ReadError::Registry)? else {
            continue;
        };
        same(&bytes, &referrer, "a referrer")?;
        match package::wanted_blobs(&bytes, limits) {
            Ok(wanted) if wanted.is_empty() => {}
            Ok(_) => referrers.push(bytes),
            // Bytes that would unpack refuse the package, whatever they are said to be.
            Err(e @ PackageError::Compressed { .. }) => return Err(e.into()),
            // A manifest of something else that refers to this package is nobody's fault.
            Err(_) => {}
        }
    }
    whole(packages, repository, wasm, referrers, limits).await
}

/// Reads a package that was published: exactly what belonged to it then. What was attached since is not looked at,
/// so that nobody who may push to its repository can keep it from loading.
///
/// # Errors
/// [`ReadError`]; [`Refusal::MissingReferrer`] when something of it is gone.
pub async fn read_release(packages: &dyn Packages, release: &Release, limits: &Limits) -> Result<Package, ReadError> {
    let repository = &release.repository;
    let wasm = wasm_manifest(packages, repository, &release.digest).await?;
    let mut referrers = Vec::new();
    for referrer in &release.referrers {
        let found = packages.manifest(repository, referrer).await.map_err(ReadError::Registry)?;
        let bytes = found.ok_or_else(|| Refusal::MissingReferrer { what: referrer.to_string() })?;
        same(&bytes, referrer, "a referrer")?;
        referrers.push(bytes);
    }
    whole(packages, repository, wasm, referrers, limits).await
}

async fn wasm_manifest(packages: &dyn Packages, repository: &str, digest: &Digest) -> Result<Bytes, ReadError> {
    let no_such = || ReadError::NoSuchPackage { repository: repository.to_owned(), digest: *digest };
    let wasm = packages.manifest(repository, digest).await.map_err(ReadError::Registry)?.ok_or_else(no_such)?;
    same(&wasm, digest, "the wasm manifest")?;
    Ok(wasm)
}

/// Reads what these manifests name, and puts the package together.
async fn whole(
    packages: &dyn Packages,
    repository: &str,
    wasm: Bytes,
    referrers: Vec<Bytes>,
    limits: &Limits,
) -> Result<Package, ReadError> {
    let mut wanted: BTreeMap<Digest, u64> = BTreeMap::new();
    for manifest in std::iter::once(&wasm).chain(&referrers) {
        wanted.extend(package::wanted_blobs(manifest, limits)?);
    }
    if wanted.len() > limits.blobs {
        return Err(PackageError::TooLarge { what: "the package".into(), limit: Most::Blobs(limits.blobs) }.into());
    }
    let total: u64 = wanted.values().fold(0, |sum, size| sum.saturating_add(*size));
    if total > limits.total {
        return Err(PackageError::TooLarge { what: "the package".into(), limit: Most::Bytes(limits.total) }.into());
    }
    let mut blobs = BTreeMap::new();
    for (digest, size) in wanted {
        // One that is missing is named by what it belongs to when the package is put together.
        if let Some(bytes) = packages.blob(repository, &digest, size).await.map_err(ReadError::Registry)? {
            blobs.insert(digest, bytes);
        }
    }
    Ok(Package::from_registry(wasm, referrers, blobs, limits)?)
}

fn same(bytes: &[u8], expected: &Digest, what: &str) -> Result<(), Refusal> {
    let found = Digest::of(bytes);
    if found == *expected {
        return Ok(());
    }
    Err(Refusal::Changed { what: what.to_owned(), expected: *expected, found })
}

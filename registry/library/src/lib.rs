//! The registry as a host uses it: where bytes are ([`yunlong_oci`]) and what is decided about them
//! ([`yunlong_publications`]), put together.
//!
//! **Invariants.**
//! - What is submitted is in the registry, under the tag of its version, before anybody can review it.
//! - Nothing comes out of [`Library::get`] that was not read whole, by its digest, and admitted to the stage at
//!   that moment: a key that was revoked a second ago counts no more.
//! - A version and its tag are yanked in one commit: both stand in one store.
//! - Checks that a stop of the platform cut off are begun again.
#![deny(missing_docs)]

mod admission;
mod error;
mod packages;
mod worker;

pub use admission::{PackageAdmission, belongs, shown};
pub use error::LibraryError;
pub use packages::OciPackages;

use async_trait::async_trait;
use bytes::Bytes;
use std::sync::Arc;
use tokio::sync::{Notify, Semaphore, SemaphorePermit};
use yunlong_model::Digest;
use yunlong_oci::access::Account;
use yunlong_oci::{OciError, Registry, RepositoryName, Tag};
use yunlong_publications::{Hides, Probe, PublicationError, Publications, Release, Stage, Submitted, packages as read};
use yunlong_registry::{Limits, Package, VerifiedSigner, package};
use yunlong_store::{StoreError, Txn};

/// The library. Cheap to clone; all clones are the same one.
#[derive(Clone)]
pub struct Library {
    inner: Arc<Inner>,
}

struct Inner {
    publications: Publications,
    registry: Registry,
    packages: OciPackages,
    limits: Limits,
    probes: Vec<Arc<dyn Probe>>,
    /// Something was submitted.
    news: Notify,
    /// A package is in memory whole while it is looked at.
    reads: Semaphore,
}

/// So many packages are read at once; others wait.
pub(crate) const READS: usize = 4;

/// A place to read a package; it is given back when it is dropped.
pub(crate) async fn place(reads: &Semaphore) -> Option<SemaphorePermit<'_>> {
    // It is never closed: an error would mean that there is no bound.
    reads.acquire().await.ok()
}

impl Library {
    /// Puts it together. `probes` run with the checks of each submission.
    #[must_use]
    pub fn new(publications: Publications, registry: Registry, limits: Limits, probes: Vec<Arc<dyn Probe>>) -> Self {
        let packages = OciPackages::new(registry.clone());
        Self {
            inner: Arc::new(Inner {
                publications,
                registry,
                packages,
                limits,
                probes,
                news: Notify::new(),
                reads: Semaphore::new(READS),
            }),
        }
    }

    /// What is decided.
    #[must_use]
    pub fn publications(&self) -> &Publications {
        &self.inner.publications
    }

    /// Where bytes are.
    #[must_use]
    pub fn registry(&self) -> &Registry {
        &self.inner.registry
    }

    /// The limits for what is read.
    #[must_use]
    pub fn limits(&self) -> &Limits {
        &self.inner.limits
    }

    /// Takes in a package's tar: pushes it to `<vendor>/<app>` under its version, and submits it. The same bytes
    /// again change nothing.
    ///
    /// # Errors
    /// [`LibraryError`]; what is refused before it is pushed leaves nothing behind.
    pub async fn take_in(&self, tar: Bytes, by: &str) -> Result<Submitted, LibraryError> {
        let limits = self.inner.limits;
        let _place = place(&self.inner.reads).await;
        let package = blocking(move || package::open_bytes(&tar, &limits)).await??;
        // Refused before anything is kept, where that can be known, and nobody's package takes room and tag in
        // another vendor's repository. The submission decides.
        let signer = self.inner.publications.admit(Stage::Push, &package, None, None).await?;
        self.inner.publications.may_publish(&signer, by).await?;
        let repository = format!("{}/{}", package.manifest.vendor, package.manifest.name);
        self.push(&package, &repository, by).await?;
        self.keep(&package, &repository, by).await
    }

    /// Submits what a client pushed to a repository under the tag of its version.
    ///
    /// # Errors
    /// [`LibraryError::Untagged`] when it does not stand under that tag; [`LibraryError`].
    pub async fn submit(&self, repository: &str, digest: &Digest, by: &str) -> Result<Submitted, LibraryError> {
        let _place = place(&self.inner.reads).await;
        let package = read::read(&self.inner.packages, repository, digest, &self.inner.limits).await?;
        let wanted = tag_of(&package);
        let tagged = self.inner.registry.contents(&name(repository)?).resolve(&tag(&wanted)?).await;
        if !matches!(&tagged, Ok(found) if found.to_string() == digest.to_string()) {
            return Err(LibraryError::Untagged { repository: repository.to_owned(), tag: wanted });
        }
        self.keep(&package, repository, by).await
    }

    async fn keep(&self, package: &Package, repository: &str, by: &str) -> Result<Submitted, LibraryError> {
        let submitted = self.inner.publications.submit(package, repository, by).await?;
        self.inner.news.notify_one();
        Ok(submitted)
    }

    async fn push(&self, package: &Package, repository: &str, by: &str) -> Result<(), LibraryError> {
        let (registry, repository) = (&self.inner.registry, name(repository)?);
        let account = Account { name: by.to_owned() };
        for (digest, bytes) in package.blobs() {
            registry.put_blob(&repository, &oci(digest)?, bytes.clone(), Some(&account)).await?;
        }
        let version = tag(&tag_of(package))?;
        // Referrers before the tag: whoever finds the tag finds everything. A manifest by itself may be untagged.
        for (digest, bytes) in package.manifests() {
            if digest == package.digest {
                registry.put_manifest(&repository, &[], bytes, Some(&account)).await?;
            }
        }
        for (digest, bytes) in package.manifests().filter(|(d, _)| *d != package.digest) {
            tracing::debug!(%digest, "pushed");
            registry.put_manifest(&repository, &[], bytes, Some(&account)).await?;
        }
        registry.put_manifest(&repository, &[version], &package.wasm_manifest, Some(&account)).await?;
        Ok(())
    }

    /// Reads a package that was published, whole, and admits it to a stage. `running` is the version that an
    /// installation runs and is to leave for it.
    ///
    /// # Errors
    /// [`LibraryError`] says why it may not pass.
    pub async fn get(
        &self,
        digest: &Digest,
        stage: Stage,
        running: Option<&semver::Version>,
    ) -> Result<(Package, VerifiedSigner), LibraryError> {
        let release = self.inner.publications.release(digest).await?;
        let package = self.read(&release).await?;
        let signer = self.inner.publications.admit(stage, &package, Some(digest), running).await?;
        Ok((package, signer))
    }

    async fn read(&self, release: &Release) -> Result<Package, LibraryError> {
        let _place = place(&self.inner.reads).await;
        Ok(read::read_release(&self.inner.packages, release, &self.inner.limits).await?)
    }

    /// Takes an approved version out of what is offered, here and in the registry: its tag is no longer found, its
    /// digest is.
    ///
    /// # Errors
    /// [`LibraryError`].
    pub async fn yank(&self, digest: &Digest, reason: &str, recall: bool, by: &str) -> Result<Release, LibraryError> {
        let registry = self.inner.registry.clone();
        self.inner.publications.yank_with(digest, reason, recall, by, &HidesTag(registry)).await.map_err(Into::into)
    }
}

/// Hides the tag of a yanked version in the commit that yanks it: no stop in between leaves it there.
struct HidesTag(Registry);

#[async_trait]
impl Hides for HidesTag {
    async fn hide(&self, txn: &mut Txn, release: &Release) -> Result<(), PublicationError> {
        let Some(yank) = &release.yank else { return Ok(()) };
        let names = (name(&release.repository), tag(&tag_of_version(&release.version)));
        // It was submitted out of there, under that tag.
        let (Ok(repository), Ok(tag)) = names else { return Ok(()) };
        match self.0.yank_in(txn, &repository, &tag, &yank.reason, &yank.by).await {
            Ok(()) | Err(OciError::ManifestUnknown(_)) => Ok(()),
            Err(OciError::Store(e)) => Err(e.into()),
            Err(other) => Err(StoreError::Io(other.to_string()).into()),
        }
    }
}

/// The tag of a version: as `wkg` and `oras` write it, with `_` for the `+` that no tag may have.
fn tag_of(package: &Package) -> String {
    tag_of_version(&package.manifest.version)
}

fn tag_of_version(version: &semver::Version) -> String {
    version.to_string().replace('+', "_")
}

fn tag(text: &str) -> Result<Tag, OciError> {
    Ok(text.parse()?)
}

fn name(repository: &str) -> Result<RepositoryName, OciError> {
    Ok(repository.parse()?)
}

fn oci(digest: &Digest) -> Result<yunlong_oci::Digest, OciError> {
    Ok(digest.to_string().parse()?)
}

/// Reads and hashes megabytes: not on the threads that serve.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, LibraryError> {
    tokio::task::spawn_blocking(work).await.map_err(|_| LibraryError::Stopping)
}

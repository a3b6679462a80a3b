//! Packages out of the OCI registry.

use async_trait::async_trait;
use bytes::Bytes;
use yunlong_model::Digest;
use yunlong_oci::{Contents, OciError, Registry};
use yunlong_publications::Packages;

/// [`Packages`] over a registry of this process.
pub struct OciPackages(Registry);

impl OciPackages {
    /// Over this registry.
    #[must_use]
    pub fn new(registry: Registry) -> Self {
        Self(registry)
    }

    fn of(&self, repository: &str) -> Result<OneRepository, String> {
        Ok(OneRepository { contents: self.0.contents(&repository.parse().map_err(told)?), pushed: None })
    }
}

#[async_trait]
impl Packages for OciPackages {
    async fn manifest(&self, repository: &str, digest: &Digest) -> Result<Option<Bytes>, String> {
        self.of(repository)?.manifest(repository, digest).await
    }

    async fn referrers(&self, repository: &str, subject: &Digest, limit: usize) -> Result<Vec<Digest>, String> {
        self.of(repository)?.referrers(repository, subject, limit).await
    }

    async fn tagged(&self, repository: &str, tag: &str) -> Result<Option<Digest>, String> {
        self.of(repository)?.tagged(repository, tag).await
    }

    async fn blob(&self, repository: &str, digest: &Digest, limit: u64) -> Result<Option<Bytes>, String> {
        self.of(repository)?.blob(repository, digest, limit).await
    }
}

/// [`Packages`] over one repository of it, and over a manifest that is being pushed there.
pub(crate) struct OneRepository {
    pub(crate) contents: Contents,
    pub(crate) pushed: Option<(Digest, Bytes)>,
}

#[async_trait]
impl Packages for OneRepository {
    async fn manifest(&self, _repository: &str, digest: &Digest) -> Result<Option<Bytes>, String> {
        if let Some((_, bytes)) = self.pushed.as_ref().filter(|(pushed, _)| pushed == digest) {
            return Ok(Some(bytes.clone()));
        }
        found(self.contents.manifest(&oci(digest)?).await.map(|(_, bytes)| bytes))
    }

    async fn referrers(&self, _repository: &str, subject: &Digest, limit: usize) -> Result<Vec<Digest>, String> {
        let referrers = self.contents.referrers(&oci(subject)?, limit).await.map_err(told)?;
        // Those with another algorithm than SHA-256 are of no package.
        Ok(referrers.iter().filter_map(|d| d.digest.to_string().parse().ok()).collect())
    }

    async fn tagged(&self, _repository: &str, tag: &str) -> Result<Option<Digest>, String> {
        let digest = found(self.contents.resolve(&tag.parse().map_err(told)?).await)?;
        Ok(digest.and_then(|d| d.to_string().parse().ok()))
    }

    async fn blob(&self, _repository: &str, digest: &Digest, limit: u64) -> Result<Option<Bytes>, String> {
        found(self.contents.blob(&oci(digest)?, limit).await)
    }
}

fn oci(digest: &Digest) -> Result<yunlong_oci::Digest, String> {
    digest.to_string().parse().map_err(told)
}

fn found<T>(answer: Result<T, OciError>) -> Result<Option<T>, String> {
    match answer {
        Ok(found) => Ok(Some(found)),
        Err(OciError::ManifestUnknown(_) | OciError::BlobUnknown(_) | OciError::Yanked { .. }) => Ok(None),
        Err(e) => Err(told(e)),
    }
}

fn told(e: impl std::fmt::Display) -> String {
    e.to_string()
}

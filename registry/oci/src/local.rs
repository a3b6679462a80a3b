//! Pushes from within the process: what the platform itself puts into its registry passes the same checks as a
//! client's push, quotas and the admission among them. Only the right to push is not asked: whoever calls
//! decides it.

use crate::access::Account;
use crate::digest::{Algorithm, Digest};
use crate::error::OciError;
use crate::manifest::Manifest;
use crate::metadata::{blobs, tags};
use crate::name::{RepositoryName, Tag};
use crate::registry::{Registry, Source};
use bytes::Bytes;
use yunlong_store::Txn;

/// A body that is there as a whole.
struct Whole(Option<Bytes>);

impl Source for Whole {
    async fn next(&mut self) -> Result<Option<Bytes>, OciError> {
        Ok(self.0.take())
    }
}

impl Registry {
    /// Puts a blob into a repository. One that is there already is left alone, and stays for as long as a push
    /// may take.
    ///
    /// # Errors
    /// [`OciError`] as for a client: the quota, the digest, the size.
    pub async fn put_blob(
        &self,
        repository: &RepositoryName,
        digest: &Digest,
        bytes: Bytes,
        account: Option<&Account>,
    ) -> Result<(), OciError> {
        let inner = &self.0;
        match blobs::locate(&inner.store, repository, digest).await {
            Ok(_) => return inner.renew(repository, digest).await,
            Err(OciError::BlobUnknown(_)) => {}
            Err(e) => return Err(e),
        }
        let (id, mut session) = inner.open_upload(repository, account, digest.algorithm()).await?;
        let length = bytes.len() as u64;
        let done = async {
            inner.receive(id, &mut session, Some(length), &mut Whole(Some(bytes))).await?;
            inner.finish(id, &session, digest).await
        };
        let done = done.await;
        // One that is finished, or was ended with its error, is no longer there to be forgotten.
        if done.is_err()
            && let Err(error) = inner.cancel(id).await
            && !matches!(error, OciError::UploadUnknown)
        {
            tracing::warn!(%error, "left for the collector");
        }
        done
    }

    /// Puts a manifest into a repository, whose blobs are there, under these tags; by its digest alone when there
    /// are none.
    ///
    /// # Errors
    /// [`OciError`] as for a client: a tag that stands for other bytes, a blob that is missing, a refusal.
    pub async fn put_manifest(
        &self,
        repository: &RepositoryName,
        tags: &[Tag],
        bytes: &Bytes,
        account: Option<&Account>,
    ) -> Result<Digest, OciError> {
        let manifest = Manifest::parse(None, bytes, self.0.config.limits.descriptors)?;
        let digest = Algorithm::Sha256.digest(bytes);
        Ok(self.0.push(repository, tags, digest, &manifest, bytes, account).await?.digest)
    }

    /// Hides a tag, in a transaction of the caller's over the same store: it is neither listed nor found any more;
    /// what it stood for can still be pulled by its digest. Doing it twice changes nothing.
    ///
    /// # Errors
    /// [`OciError::ManifestUnknown`]; when the store fails.
    pub async fn yank_in(
        &self,
        txn: &mut Txn,
        repository: &RepositoryName,
        tag: &Tag,
        reason: &str,
        by: &str,
    ) -> Result<(), OciError> {
        let yank = tags::Yank { reason: reason.to_owned(), by: by.to_owned(), at: self.0.clock.now() };
        tags::yank(txn, repository, tag, yank).await.map(drop)
    }
}

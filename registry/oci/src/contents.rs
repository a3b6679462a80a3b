//! What a repository holds, for whoever checks pushes or installs from it.

use crate::blobs::ByteStream;
use crate::blobs::{BlobError, Place};
use crate::digest::{Digest, Hasher};
use crate::error::OciError;
use crate::manifest::{Descriptor, Manifest};
use crate::metadata::{blobs, manifests, tags};
use crate::name::{RepositoryName, Tag};
use crate::registry::Inner;
use bytes::{Bytes, BytesMut};
use futures::{StreamExt as _, TryStreamExt as _, stream};
use std::fmt;
use std::sync::Arc;

/// Reads one repository. No right is asked: that was done before one of these is handed out.
#[derive(Clone)]
pub struct Contents {
    pub(crate) inner: Arc<Inner>,
    pub(crate) repository: RepositoryName,
}

impl fmt::Debug for Contents {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Contents({})", self.repository)
    }
}

impl Contents {
    /// The repository.
    #[must_use]
    pub fn repository(&self) -> &RepositoryName {
        &self.repository
    }

    /// The size of a blob in bytes.
    ///
    /// # Errors
    /// [`OciError::BlobUnknown`].
    pub async fn blob_size(&self, digest: &Digest) -> Result<u64, OciError> {
        Ok(blobs::locate(&self.inner.store, &self.repository, digest).await?.0.size)
    }

    /// A whole blob of at most `most` bytes.
    ///
    /// # Errors
    /// [`OciError::BlobUnknown`], [`OciError::TooLarge`]; [`OciError::Blobs`] when its bytes are not
    /// those that were pushed.
    pub async fn blob(&self, digest: &Digest, most: u64) -> Result<Bytes, OciError> {
        let (size, mut stream) = self.blob_stream(digest).await?;
        if size > most {
            return Err(OciError::TooLarge { what: "blob", limit: most });
        }
        let mut bytes = BytesMut::with_capacity(usize::try_from(size).unwrap_or(0));
        while let Some(piece) = stream.try_next().await? {
            bytes.extend_from_slice(&piece);
        }
        Ok(bytes.freeze())
    }

    /// A blob's size and bytes. The stream ends with an error, before its last piece, when they are not
    /// those that were pushed.
    ///
    /// # Errors
    /// [`OciError::BlobUnknown`].
    pub async fn blob_stream(&self, digest: &Digest) -> Result<(u64, ByteStream), OciError> {
        let (link, place) = blobs::locate(&self.inner.store, &self.repository, digest).await?;
        let stream = self.inner.blobs.read(&place, link.size, 0..link.size).await?;
        Ok((link.size, verified(stream, place)))
    }

    /// A manifest and its bytes.
    ///
    /// # Errors
    /// [`OciError::ManifestUnknown`].
    pub async fn manifest(&self, digest: &Digest) -> Result<(Manifest, Bytes), OciError> {
        let row = manifests::get(&self.inner.store, &self.repository, digest).await?;
        let bytes = manifests::bytes(&self.inner.store, &self.repository, digest).await?;
        Ok((Manifest::parse(Some(&row.media_type), &bytes, usize::MAX)?, bytes))
    }

    /// What a tag stands for.
    ///
    /// # Errors
    /// [`OciError::ManifestUnknown`], [`OciError::Yanked`].
    pub async fn resolve(&self, tag: &Tag) -> Result<Digest, OciError> {
        tags::resolve(&self.inner.store, &self.repository, tag).await
    }

    /// The tags that are not yanked, at most `limit`, in the order of their bytes.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn tags(&self, limit: usize) -> Result<Vec<Tag>, OciError> {
        let found = tags::after(&self.inner.store, &self.repository, None, limit).await?;
        Ok(found.iter().filter_map(|(tag, _)| tag.parse().ok()).collect())
    }

    /// The manifests whose subject is `subject`, at most `limit`.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn referrers(&self, subject: &Digest, limit: usize) -> Result<Vec<Descriptor>, OciError> {
        manifests::referrers(&self.inner.store, &self.repository, subject, None, limit).await
    }
}

/// Holds each piece back until the next one came, and the last one until the digest of everything is
/// right: whoever reads damaged bytes sees a stream that breaks off.
pub(crate) fn verified(stream: ByteStream, place: Place) -> ByteStream {
    struct State {
        stream: ByteStream,
        held: Option<Bytes>,
        hasher: Option<Hasher>,
        place: Place,
    }
    let hasher = Some(place.digest.algorithm().hasher());
    let state = State { stream, held: None, hasher, place };
    stream::try_unfold(state, |mut s| async move {
        loop {
            let Some(hasher) = &mut s.hasher else { return Ok(None) };
            match s.stream.try_next().await? {
                Some(piece) => {
                    hasher.update(&piece);
                    if let Some(earlier) = s.held.replace(piece) {
                        return Ok(Some((earlier, s)));
                    }
                }
                None => {
                    let found = s.hasher.take().map(Hasher::finish);
                    if found.as_ref() != Some(&s.place.digest) {
                        tracing::error!(place = ?s.place, "a stored blob is damaged");
                        return Err(BlobError::Damaged(s.place.digest));
                    }
                    return Ok(s.held.take().map(|last| (last, s)));
                }
            }
        }
    })
    .boxed()
}

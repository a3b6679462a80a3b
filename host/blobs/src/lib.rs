//! Where the bytes of blobs are: the registry's packages, and the files of apps.
//!
//! A [`BlobStore`] knows uploads and places, and neither repositories, installations nor who asks. An *upload* grows
//! by [`Append`]; [`BlobStore::place`] checks its digest and makes it a blob in one step, so that
//! nothing half-written can ever be read. A *place* is a digest and the id of the upload that made
//! it: the same content pushed twice has two places, of which the metadata names one. That is why
//! removing a blob can never hit one that is being pushed anew: they are different files.
#![deny(missing_docs)]

pub mod digest;
mod folder;
mod object;
#[cfg(feature = "s3")]
mod s3;

pub use folder::FolderBlobs;
pub use object::ObjectBlobs;
#[cfg(feature = "s3")]
pub use s3::S3;

pub use digest::Digest;

use crate::digest::Algorithm;
use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::BoxStream;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::ops::Range;
use std::str::FromStr;
use uuid::Uuid;

/// The id of an upload: random, so that nobody can guess another's.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct UploadId(Uuid);

impl UploadId {
    /// A new id.
    #[must_use]
    pub fn random() -> Self {
        Self(Uuid::new_v4())
    }
}

impl fmt::Display for UploadId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.hyphenated().fmt(f)
    }
}

impl fmt::Debug for UploadId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for UploadId {
    type Err = uuid::Error;

    /// The hyphenated form in lower case, and no other one: it names a file.
    fn from_str(s: &str) -> Result<Self, uuid::Error> {
        let id = Self(s.parse()?);
        if id.to_string() == s { Ok(id) } else { Uuid::parse_str("").map(Self) }
    }
}

/// Where a blob's bytes are.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Place {
    /// What they are.
    pub digest: Digest,
    /// The upload that brought them.
    pub upload: UploadId,
}

impl Place {
    /// Where its bytes are below the folder `blobs` of a [`FolderBlobs`]: `sha256/ab/abcd….<upload>`.
    #[must_use]
    pub fn path(&self) -> String {
        let hex = self.digest.hex();
        format!("{}/{}/{hex}.{}", self.digest.algorithm().as_str(), &hex[..2], self.upload)
    }

    /// The place that a path (as [`Place::path`] makes it) stands for.
    fn from_path(algorithm: &str, file: &str) -> Option<Self> {
        let (hex, upload) = file.split_once('.')?;
        Some(Self { digest: format!("{algorithm}:{hex}").parse().ok()?, upload: upload.parse().ok()? })
    }
}

impl fmt::Debug for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.digest, self.upload)
    }
}

/// Something that a [`BlobStore`] holds.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stored {
    /// An upload that is not placed.
    Upload(UploadId),
    /// A blob.
    Blob(Place),
}

/// Bytes that arrive piece by piece.
pub type ByteStream = BoxStream<'static, Result<Bytes, BlobError>>;

/// Bytes cannot be kept or read.
#[derive(Debug, thiserror::Error)]
pub enum BlobError {
    /// The folder or the object store fails.
    #[error("blob storage: {0}")]
    Io(String),
    /// Another request works on the same upload.
    #[error("another request is working on this upload")]
    Busy,
    /// The upload does not hold as many bytes as it should.
    #[error("of {wanted} bytes of the upload, {found} are there: start it again")]
    Lost {
        /// What the caller knows to be durable.
        wanted: u64,
        /// What is there.
        found: u64,
    },
    /// The bytes are others than the digest says.
    #[error("the bytes have the digest {found}")]
    Digest {
        /// The digest of what is there.
        found: Digest,
    },
    /// No such blob.
    #[error("the blob is not there")]
    Missing,
    /// What is stored is not what was stored.
    #[error("the stored blob {0} is damaged")]
    Damaged(Digest),
}

impl BlobError {
    pub(crate) fn io(e: impl fmt::Display) -> Self {
        Self::Io(e.to_string())
    }
}

/// Adds to one upload. Dropping it without [`Append::sync`] may leave bytes behind, which the next
/// [`BlobStore::append`] cuts off.
#[async_trait]
pub trait Append: Send {
    /// Adds bytes.
    ///
    /// # Errors
    /// [`BlobError::Io`]; then the appender is of no more use.
    async fn write(&mut self, bytes: Bytes) -> Result<(), BlobError>;

    /// Makes everything durable that was written, and answers the length of the upload.
    ///
    /// # Errors
    /// [`BlobError::Io`]; then the appender is of no more use.
    async fn sync(&mut self) -> Result<u64, BlobError>;
}

/// Content-addressed bytes.
#[async_trait]
pub trait BlobStore: Send + Sync + 'static {
    /// Goes on with an upload at `at`, which is 0 or a length that [`Append::sync`] answered; what
    /// lies behind is cut off. The digest is computed with `algorithm` along the way.
    ///
    /// # Errors
    /// [`BlobError::Busy`], [`BlobError::Lost`], [`BlobError::Io`].
    async fn append(&self, upload: UploadId, at: u64, algorithm: Algorithm) -> Result<Box<dyn Append>, BlobError>;

    /// Makes the first `length` bytes of an upload the blob at `Place { digest, upload }`, durably and
    /// in one step, if their digest is `digest`. Done twice, it is done.
    ///
    /// # Errors
    /// [`BlobError::Digest`] when they are other bytes; [`BlobError::Busy`], [`BlobError::Lost`],
    /// [`BlobError::Io`].
    async fn place(&self, upload: UploadId, length: u64, digest: &Digest) -> Result<(), BlobError>;

    /// Forgets an upload that was not placed; no error when there is none.
    ///
    /// # Errors
    /// [`BlobError::Busy`], [`BlobError::Io`].
    async fn discard(&self, upload: UploadId) -> Result<(), BlobError>;

    /// Reads a part of a blob that is `size` bytes long.
    ///
    /// # Errors
    /// [`BlobError::Missing`]; [`BlobError::Damaged`] when it has another size; [`BlobError::Io`].
    async fn read(&self, place: &Place, size: u64, range: Range<u64>) -> Result<ByteStream, BlobError>;

    /// Removes a blob; no error when it is not there.
    ///
    /// # Errors
    /// [`BlobError::Io`].
    async fn remove(&self, place: &Place) -> Result<(), BlobError>;

    /// Everything that is stored, in no order.
    fn list(&self) -> BoxStream<'static, Result<Stored, BlobError>>;
}

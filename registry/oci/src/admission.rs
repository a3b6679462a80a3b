//! What a push must fulfil. The registry keeps content; who embeds it decides which content is kept,
//! and may add rows of its own to the transaction that publishes it.

use crate::access::Account;
use crate::contents::Contents;
use crate::digest::Digest;
use crate::manifest::Manifest;
use crate::name::{RepositoryName, Tag};
use async_trait::async_trait;
use bytes::Bytes;
use yunlong_model::{Text, Timestamp};
use yunlong_store::{CommitError, StoreError, Txn};

/// A manifest that somebody wants to push. It is well formed, its digest was computed from its bytes,
/// and everything that it refers to is in the repository.
#[derive(Debug)]
pub struct Push<'a> {
    /// The repository.
    pub repository: &'a RepositoryName,
    /// The tags that it shall get; none for a push by digest.
    pub tags: &'a [Tag],
    /// The digest of `bytes`.
    pub digest: &'a Digest,
    /// The bytes as they were sent and will be kept.
    pub bytes: &'a Bytes,
    /// What they say.
    pub manifest: &'a Manifest,
    /// Who pushes.
    pub account: Option<&'a Account>,
    /// What the repository holds already: the blobs of this manifest among it.
    pub contents: &'a Contents,
}

/// A tag that stands for one manifest, and that somebody wants to stand for another one.
#[derive(Clone, Copy, Debug)]
pub struct Retag<'a> {
    /// The repository.
    pub repository: &'a RepositoryName,
    /// The tag. It is not yanked.
    pub tag: &'a Tag,
    /// What it stands for.
    pub from: &'a Digest,
    /// What it shall stand for.
    pub to: &'a Digest,
}

/// A manifest that becomes part of a repository in the transaction that is under way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Publication {
    /// The repository.
    pub repository: RepositoryName,
    /// The tags that are new. Empty: the manifest is kept by its digest alone.
    pub tags: Vec<Tag>,
    /// The manifest.
    pub digest: Digest,
    /// The manifest that it refers to as its subject: then it is a referrer (signature, SBOM, …).
    pub subject: Option<Digest>,
    /// Its artifact type (image-spec: `artifactType`, or else the config's media type).
    pub artifact_type: Option<String>,
    /// Whether the manifest was not in the repository before.
    pub first: bool,
    /// Who pushed it.
    pub account: Option<Account>,
    /// When.
    pub at: Timestamp,
}

/// A push that is refused: nothing of it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// 403 `DENIED`: who pushes may not do this, or the content may not be published.
    Denied(Text),
    /// 400 `MANIFEST_INVALID`: the manifest or what it refers to is wrong.
    Invalid(Text),
}

impl Refusal {
    /// A refusal with 403 `DENIED`.
    #[must_use]
    pub fn denied(zh: impl Into<String>, en: impl Into<String>) -> Self {
        Self::Denied(Text { zh: zh.into(), en: en.into() })
    }

    /// A refusal with 400 `MANIFEST_INVALID`.
    #[must_use]
    pub fn invalid(zh: impl Into<String>, en: impl Into<String>) -> Self {
        Self::Invalid(Text { zh: zh.into(), en: en.into() })
    }
}

/// Why a hook lets a transaction fail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HookError {
    /// The push is refused after all, on grounds of what was read in the transaction.
    Refused(Refusal),
    /// The store fails.
    Store(CommitError),
}

impl From<Refusal> for HookError {
    fn from(r: Refusal) -> Self {
        Self::Refused(r)
    }
}

impl From<CommitError> for HookError {
    fn from(e: CommitError) -> Self {
        Self::Store(e)
    }
}

impl From<StoreError> for HookError {
    fn from(e: StoreError) -> Self {
        Self::Store(e.into())
    }
}

/// The check before a manifest is kept.
#[async_trait]
pub trait Admission: Send + Sync + 'static {
    /// Checks a push; it may read for a while (the registry bounds the time). What it found out goes
    /// into its answer, which is asked again inside the transaction.
    ///
    /// # Errors
    /// [`Refusal`]: the push ends with an OCI error, and nothing is kept.
    async fn check(&self, push: &Push<'_>) -> Result<Box<dyn Admitted>, Refusal>;

    /// Whether a tag may be set anew. Tags do not change, unless whoever embeds the registry knows of one that
    /// nothing was published under it yet. Called inside the transaction that would set it, and before in one that
    /// only looks: what is read here is validated, and nothing may be written.
    ///
    /// # Errors
    /// [`HookError`]: nothing is committed.
    async fn may_retag(&self, _txn: &mut Txn, _retag: &Retag<'_>) -> Result<bool, HookError> {
        Ok(false)
    }
}

/// A push that passed the check.
#[async_trait]
pub trait Admitted: Send + Sync {
    /// Called inside the transaction that keeps the manifest and sets its tags: rows that are written
    /// here (a leaf of a transparency log, say) are committed together with them or not at all, and
    /// what is read here is validated. It is called once for each attempt of the transaction, and
    /// must have no effects but those on it. It is not called when a push changes nothing.
    ///
    /// # Errors
    /// [`HookError`]: nothing is committed.
    async fn published(&self, txn: &mut Txn, publication: &Publication) -> Result<(), HookError>;
}

/// Admits whatever the [`Access`](crate::access::Access) lets through: for a registry by itself.
#[derive(Clone, Copy, Debug, Default)]
pub struct AdmitAll;

#[async_trait]
impl Admission for AdmitAll {
    async fn check(&self, _push: &Push<'_>) -> Result<Box<dyn Admitted>, Refusal> {
        Ok(Box::new(Self))
    }
}

#[async_trait]
impl Admitted for AdmitAll {
    async fn published(&self, _txn: &mut Txn, _publication: &Publication) -> Result<(), HookError> {
        Ok(())
    }
}

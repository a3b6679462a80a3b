//! The registry: what the protocol asks for, and what whoever embeds it needs.

use crate::access::{Access, Account};
use crate::admission::{Admission, Push};
use crate::blobs::{BlobError, BlobStore, Place, UploadId};
use crate::config::Config;
use crate::contents::Contents;
use crate::digest::{Algorithm, Digest};
use crate::error::OciError;
use crate::http::Clients;
use crate::manifest::Manifest;
use crate::metadata::blobs::BlobRow;
use crate::metadata::manifests::NewManifest;
use crate::metadata::tags::Change;
use crate::metadata::uploads::Session;
use crate::metadata::{self, QuotaKind, blobs, manifests, tags, uploads};
use crate::name::{RepositoryName, Tag};
use bytes::Bytes;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{RwLock, RwLockReadGuard};
use yunlong_model::{Clock, Timestamp};
use yunlong_store::{SharedStore, transact};

/// A registry. Cloning it is cheap; all clones are the same one.
#[derive(Clone)]
pub struct Registry(pub(crate) Arc<Inner>);

pub(crate) struct Inner {
    pub(crate) store: SharedStore,
    pub(crate) blobs: Arc<dyn BlobStore>,
    pub(crate) config: Config,
    pub(crate) access: Arc<dyn Access>,
    pub(crate) admission: Arc<dyn Admission>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) clients: Clients,
    /// Written by the collector, read by whoever needs that no bytes go meanwhile.
    pub(crate) collecting: RwLock<()>,
}

/// A registry that cannot be opened.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// The address is none.
    #[error("`{0}` is not the address of a registry: give scheme and host only, such as http://localhost:5000")]
    Url(String),
    /// A time that would never let anything happen, or would remove what is being pushed.
    #[error("{0} is too short")]
    TooShort(&'static str),
}

/// What an owner uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Usage {
    /// Bytes of blobs and manifests, counted once for each repository, and of uploads under way.
    pub bytes: u64,
    /// Repositories.
    pub repositories: u64,
    /// Tags.
    pub tags: u64,
}

/// What a push of a manifest did.
pub(crate) struct Pushed {
    pub(crate) digest: Digest,
    pub(crate) subject: Option<Digest>,
}

/// The part of a body that arrives, whatever it comes from.
pub(crate) trait Source: Send {
    /// The next bytes; `None` at the end.
    fn next(&mut self) -> impl Future<Output = Result<Option<Bytes>, OciError>> + Send;
}

impl Registry {
    /// A registry over these parts.
    ///
    /// # Errors
    /// [`OpenError`] when the configuration cannot work.
    pub fn open(
        store: SharedStore,
        blobs: Arc<dyn BlobStore>,
        config: Config,
        access: Arc<dyn Access>,
        admission: Arc<dyn Admission>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, OpenError> {
        let url: http::Uri = config.url.parse().map_err(|_| OpenError::Url(config.url.clone()))?;
        let plain = matches!(url.scheme_str(), Some("http" | "https")) && matches!(url.path(), "" | "/");
        if !plain || url.query().is_some() || url.authority().is_none_or(|a| a.as_str().contains('@')) {
            return Err(OpenError::Url(config.url));
        }
        if config.token_lifetime < Duration::from_secs(60) {
            // Clients take 60 seconds for granted (distribution's token specification).
            return Err(OpenError::TooShort("token_lifetime"));
        }
        // A blob has to outlive the slowest request between its upload and its manifest.
        if config.collection.grace < config.limits.request {
            return Err(OpenError::TooShort("collection.grace"));
        }
        if config.collection.untagged.is_some_and(|time| time < config.limits.request) {
            return Err(OpenError::TooShort("collection.untagged"));
        }
        if config.collection.session < config.limits.request {
            return Err(OpenError::TooShort("collection.session"));
        }
        let clients = Clients::new(config.limits.transfers_per_client);
        let collecting = RwLock::new(());
        Ok(Self(Arc::new(Inner { store, blobs, config, access, admission, clock, clients, collecting })))
    }

    /// Reads a repository, whoever asks. It need not exist.
    #[must_use]
    pub fn contents(&self, repository: &RepositoryName) -> Contents {
        self.0.contents(repository)
    }

    /// Waits for the collector's run, if one is under way, and keeps it from the next one as long as the answer
    /// lives: every blob that the store names at a moment in between stays where it is. Pushes go on. Blocks:
    /// call it where that is allowed.
    pub fn hold_collector(&self) -> RwLockReadGuard<'_, ()> {
        self.0.collecting.blocking_read()
    }

    /// What an owner uses of its quota.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn usage(&self, owner: &str) -> Result<Usage, OciError> {
        let read = async |kind| {
            let n = self.0.store.counter(&metadata::used(owner, kind)).await?;
            Ok::<_, OciError>(u64::try_from(n).unwrap_or(0))
        };
        Ok(Usage {
            bytes: read(QuotaKind::Bytes).await?,
            repositories: read(QuotaKind::Repositories).await?,
            tags: read(QuotaKind::Tags).await?,
        })
    }
}

impl Inner {
    pub(crate) fn contents(self: &Arc<Self>, repository: &RepositoryName) -> Contents {
        Contents { inner: self.clone(), repository: repository.clone() }
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub(crate) fn ago(&self, time: Duration) -> Timestamp {
        self.now().plus_millis(i64::try_from(time.as_millis()).map_or(i64::MIN, |ms| -ms))
    }

    /// Refuses early what the commit would refuse late: an upload into a quota that is used up.
    pub(crate) async fn check_room(&self, repository: &RepositoryName, more: u64) -> Result<(), OciError> {
        let owner = repository.owner();
        let used = self.store.counter(&metadata::used(owner, QuotaKind::Bytes)).await?;
        if u64::try_from(used).unwrap_or(0).saturating_add(more) > self.config.quotas.of(owner).bytes {
            return Err(OciError::Quota { owner: owner.to_owned(), kind: QuotaKind::Bytes });
        }
        Ok(())
    }

    /// Opens an upload session.
    pub(crate) async fn open_upload(
        &self,
        repository: &RepositoryName,
        account: Option<&Account>,
        algorithm: Algorithm,
    ) -> Result<(UploadId, Session), OciError> {
        self.check_room(repository, 0).await?;
        let id = UploadId::random();
        let session = Session {
            repository: repository.clone(),
            account: account.map(|a| a.name.clone()),
            algorithm,
            offset: 0,
            taken: 0,
            touched: self.now(),
        };
        transact!(&self.store, |txn| {
            uploads::open(txn, id, &session, self.config.limits.sessions_per_account);
            Ok::<_, OciError>(())
        })?;
        Ok((id, session))
    }

    /// The session of an upload, for whoever may go on with it.
    pub(crate) async fn session(
        &self,
        id: UploadId,
        repository: &RepositoryName,
        account: Option<&Account>,
    ) -> Result<Session, OciError> {
        let session = uploads::get(&self.store, id).await?;
        let mine = session.repository == *repository && session.account.as_deref() == account.map(|a| &*a.name);
        if mine { Ok(session) } else { Err(OciError::UploadUnknown) }
    }

    /// Adds what `source` brings to an upload. `announced` is how many bytes were promised: with other
    /// than that, nothing behind the last checkpoint counts. When the source breaks off, what came
    /// counts, so that the client can go on there.
    pub(crate) async fn receive(
        &self,
        id: UploadId,
        session: &mut Session,
        announced: Option<u64>,
        source: &mut impl Source,
    ) -> Result<(), OciError> {
        let limits = &self.config.limits;
        let start = session.offset;
        let too_large = OciError::TooLarge { what: "blob", limit: limits.blob_bytes };
        if start.saturating_add(announced.unwrap_or(0)) > limits.blob_bytes {
            return Err(too_large);
        }
        self.check_room(&session.repository, announced.unwrap_or(0)).await?;
        let mut append = self.blobs.append(id, start, session.algorithm).await?;
        let (mut received, mut unsynced) = (0_u64, 0_u64);
        let broken = loop {
            let bytes = match source.next().await {
                Ok(Some(bytes)) => bytes,
                Ok(None) => break None,
                Err(e) => break Some(e),
            };
            let more = bytes.len() as u64;
            received += more;
            unsynced += more;
            if start + received > limits.blob_bytes {
                return Err(too_large);
            }
            if let Some(announced) = announced.filter(|a| received > *a) {
                return Err(OciError::Size { announced, found: received });
            }
            append.write(bytes).await?;
            if unsynced >= limits.checkpoint_bytes {
                unsynced = 0;
                self.advance(id, session, append.sync().await?).await?;
            }
        };
        match (broken, announced) {
            (None, Some(announced)) if received != announced => Err(OciError::Size { announced, found: received }),
            (broken, _) => {
                self.advance(id, session, append.sync().await?).await?;
                broken.map_or(Ok(()), Err)
            }
        }
    }

    async fn advance(&self, id: UploadId, session: &mut Session, to: u64) -> Result<(), OciError> {
        let (from, at) = (session.offset, self.now());
        transact!(&self.store, |txn| { uploads::advance(txn, &self.config.quotas, id, from, to, at).await })?;
        session.offset = to;
        session.touched = at;
        Ok(())
    }

    /// Ends an upload: its bytes become a blob of the repository, if they have this digest. Otherwise
    /// nothing of it is kept.
    pub(crate) async fn finish(&self, id: UploadId, session: &Session, digest: &Digest) -> Result<(), OciError> {
        match self.blobs.place(id, session.offset, digest).await {
            Err(BlobError::Digest { found }) => {
                self.cancel(id).await?;
                return Err(OciError::DigestMismatch { expected: digest.clone(), found });
            }
            placed => placed?,
        }
        let lost = self.lost(id, digest).await?;
        let (quotas, at) = (&self.config.quotas, self.now());
        let row = BlobRow { size: session.offset, upload: id };
        let linked = transact!(&self.store, |txn| {
            // What the session took is given back, and the blob takes it, in this order: at no moment is it counted
            // twice. Placed bytes whose session is closed are nobody's: the collector may remove them.
            uploads::close(txn, id).await?;
            blobs::link_new(txn, quotas, &session.repository, digest, row, lost, at).await
        });
        let own = Place { digest: digest.clone(), upload: id };
        match linked {
            Ok(place) if place == own => {}
            // The same content was there already.
            Ok(_) => self.clear(self.blobs.remove(&own).await),
            Err(e @ OciError::Quota { .. }) => {
                self.clear(self.blobs.remove(&own).await);
                self.cancel(id).await?;
                return Err(e);
            }
            Err(e) => return Err(e),
        }
        self.clear(self.blobs.discard(id).await);
        Ok(())
    }

    /// The place of a blob that is pushed once more, if its bytes are gone or cut short there: whoever brings them
    /// again heals it.
    async fn lost(&self, id: UploadId, digest: &Digest) -> Result<Option<UploadId>, OciError> {
        let Some((place, size)) = blobs::place(&self.store, digest).await? else { return Ok(None) };
        if place.upload == id {
            return Ok(None);
        }
        match self.blobs.read(&place, size, 0..size.min(1)).await {
            Err(error @ (BlobError::Missing | BlobError::Damaged(_))) => {
                tracing::warn!(%error, ?place, "replaced by the same content that is pushed");
                Ok(Some(place.upload))
            }
            Ok(_) => Ok(None),
            Err(e) => Err(e.into()),
        }
    }

    /// Forgets an upload and its bytes.
    pub(crate) async fn cancel(&self, id: UploadId) -> Result<(), OciError> {
        transact!(&self.store, |txn| { uploads::close(txn, id).await.map(|_| ()) })?;
        self.clear(self.blobs.discard(id).await);
        Ok(())
    }

    /// Clearing up is not what was asked for: what is left over now, the collector finds.
    pub(crate) fn clear(&self, cleared: Result<(), BlobError>) {
        if let Err(error) = cleared {
            tracing::warn!(%error, "left for the collector");
        }
    }

    /// Gives a repository a blob of another one.
    pub(crate) async fn mount(
        &self,
        from: &RepositoryName,
        to: &RepositoryName,
        digest: &Digest,
    ) -> Result<(), OciError> {
        let at = self.now();
        transact!(&self.store, |txn| { blobs::mount(txn, &self.config.quotas, from, to, digest, at).await })
    }

    /// Somebody who may push found that a blob is there, and may leave it out of the upload: the
    /// collector has to leave it in place for a while.
    pub(crate) async fn renew(&self, repository: &RepositoryName, digest: &Digest) -> Result<(), OciError> {
        let (older_than, at) = (self.ago(self.config.collection.grace / 2), self.now());
        let (link, _) = blobs::locate(&self.store, repository, digest).await?;
        if link.at < older_than {
            transact!(&self.store, |txn| { blobs::touch(txn, repository, digest, older_than, at).await })?;
        }
        Ok(())
    }

    /// Keeps a manifest, if it may be kept.
    pub(crate) async fn push(
        self: &Arc<Self>,
        repository: &RepositoryName,
        pushed_tags: &[Tag],
        digest: Digest,
        manifest: &Manifest,
        bytes: &Bytes,
        account: Option<&Account>,
    ) -> Result<Pushed, OciError> {
        let pushed = Pushed { digest, subject: manifest.subject.as_ref().map(|s| s.digest.clone()) };
        let digest = &pushed.digest;
        let at = self.now();
        let new = NewManifest { repository, digest, bytes, manifest, tags: pushed_tags, account, at };
        if !self.is_news(&new).await? {
            return Ok(pushed);
        }
        let contents = self.contents(repository);
        let push = Push { repository, tags: pushed_tags, digest, bytes, manifest, account, contents: &contents };
        let limit = self.config.limits.admission;
        let admitted = match tokio::time::timeout(limit, self.admission.check(&push)).await {
            Ok(answer) => answer.map_err(OciError::Refused)?,
            Err(_) => return Err(OciError::AdmissionTimeout(limit.as_secs())),
        };
        transact!(&self.store, |txn| {
            if let Some(publication) = manifests::put(txn, &self.config.quotas, &*self.admission, &new).await? {
                admitted.published(txn, &publication).await?;
            }
            Ok::<_, OciError>(())
        })?;
        Ok(pushed)
    }

    /// Whether a push would change anything, and whether it could at all: cheap refusals come before
    /// the admission check, which is not.
    async fn is_news(&self, new: &NewManifest<'_>) -> Result<bool, OciError> {
        let known = match manifests::get(&self.store, new.repository, new.digest).await {
            Ok(_) => true,
            Err(OciError::ManifestUnknown(_)) => false,
            Err(e) => return Err(e),
        };
        let mut news = !known;
        for tag in new.tags {
            news |= transact!(&self.store, |txn| {
                tags::change(txn, &*self.admission, new.repository, tag, new.digest).await
            })? != Change::Same;
        }
        if !known {
            transact!(&self.store, |txn| { manifests::check_needs(txn, new).await })?;
        }
        Ok(news)
    }
}

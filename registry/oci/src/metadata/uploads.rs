//! Upload sessions. What a session says of its offset is durable in the blob storage: the bytes are
//! synced first.

use super::{QuotaKind, give_back, open_sessions, read, rows, take};
use crate::blobs::UploadId;
use crate::config::Quotas;
use crate::digest::Algorithm;
use crate::error::OciError;
use crate::name::RepositoryName;
use serde::{Deserialize, Serialize};
use yunlong_model::Timestamp;
use yunlong_store::{Key, SharedStore, Txn};

/// An upload session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Session {
    pub(crate) repository: RepositoryName,
    /// The account that opened it; nobody else goes on with it.
    pub(crate) account: Option<String>,
    /// What the digest is computed with along the way.
    pub(crate) algorithm: Algorithm,
    /// How many bytes are durable.
    pub(crate) offset: u64,
    /// How many of them were taken from the owner's quota, which is as many: what is never finished takes room as
    /// well. Sessions of before that was counted took none.
    #[serde(default)]
    pub(crate) taken: u64,
    /// When it was opened or last grew.
    pub(crate) touched: Timestamp,
}

pub(crate) fn key(upload: UploadId) -> Key {
    rows("upload").text(&upload.to_string())
}

/// Opens a session. The counter of the account's sessions is bounded at the commit.
pub(crate) fn open(txn: &mut Txn, upload: UploadId, session: &Session, most: u32) {
    txn.put_as(key(upload), session);
    txn.adjust(counter(session), 1, i64::MIN, i64::from(most));
}

fn counter(session: &Session) -> Key {
    open_sessions(session.account.as_deref().unwrap_or_default())
}

/// A session.
///
/// # Errors
/// [`OciError::UploadUnknown`].
pub(crate) async fn get(store: &SharedStore, upload: UploadId) -> Result<Session, OciError> {
    read(store, &key(upload)).await?.ok_or(OciError::UploadUnknown)
}

/// Whether a session is open.
pub(crate) async fn is_open(store: &SharedStore, upload: UploadId) -> Result<bool, OciError> {
    Ok(read::<Session>(store, &key(upload)).await?.is_some())
}

/// Writes down that a session has grown. What came in is taken from its owner's quota until the session is closed;
/// the commit is refused when that is used up.
///
/// # Errors
/// [`OciError::UploadUnknown`] when it is closed; [`OciError::UploadBusy`] when another request was
/// faster.
pub(crate) async fn advance(
    txn: &mut Txn,
    quotas: &Quotas,
    upload: UploadId,
    from: u64,
    to: u64,
    at: Timestamp,
) -> Result<(), OciError> {
    let session: Session = txn.get_as(&key(upload)).await?.ok_or(OciError::UploadUnknown)?;
    if session.offset != from {
        return Err(OciError::UploadBusy);
    }
    let more = to.saturating_sub(from);
    if more == 0 {
        // What brings nothing does not keep a session open either.
        return Ok(());
    }
    take(txn, &session.repository, QuotaKind::Bytes, more, quotas.of(session.repository.owner()).bytes);
    txn.put_as(key(upload), &Session { offset: to, taken: session.taken + more, touched: at, ..session });
    Ok(())
}

/// Closes a session, and gives back what it took.
///
/// # Errors
/// [`OciError::UploadUnknown`] when it is closed.
pub(crate) async fn close(txn: &mut Txn, upload: UploadId) -> Result<Session, OciError> {
    let session: Session = txn.get_as(&key(upload)).await?.ok_or(OciError::UploadUnknown)?;
    txn.delete(key(upload));
    give_back(txn, &session.repository, QuotaKind::Bytes, session.taken);
    txn.adjust(counter(&session), -1, i64::MIN, i64::MAX);
    Ok(session)
}

/// Closes a session that has not grown since `before`. Answers whether.
pub(crate) async fn close_idle(txn: &mut Txn, upload: UploadId, before: Timestamp) -> Result<bool, OciError> {
    match txn.get_as::<Session>(&key(upload)).await? {
        Some(session) if session.touched < before => close(txn, upload).await.map(|_| true),
        _ => Ok(false),
    }
}

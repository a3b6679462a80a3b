//! Which repository has which blob, and where the bytes are.

use super::{QuotaKind, give_back, read, repositories, rows, rows_of, take};
use crate::blobs::{Place, UploadId};
use crate::config::Quotas;
use crate::digest::Digest;
use crate::error::OciError;
use crate::name::RepositoryName;
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use yunlong_model::Timestamp;
use yunlong_store::{Direction, Key, KeyRange, SharedStore, Txn};

/// A repository's right to a blob.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Link {
    pub(crate) size: u64,
    /// When it was pushed or mounted, or asked for by somebody who may push.
    pub(crate) at: Timestamp,
}

/// Where a blob is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct BlobRow {
    pub(crate) size: u64,
    pub(crate) upload: UploadId,
}

pub(crate) fn link_key(repository: &RepositoryName, digest: &Digest) -> Key {
    rows_of("link", repository).text(&digest.to_string())
}

fn linked_key(digest: &Digest, repository: &RepositoryName) -> Key {
    rows("linked").text(&digest.to_string()).text(repository.as_str())
}

pub(crate) fn blob_key(digest: &Digest) -> Key {
    rows("blob").text(&digest.to_string())
}

/// Rows of the manifests that refer to `target`.
pub(crate) fn needs_key(repository: &RepositoryName, target: &Digest) -> Key {
    rows_of("needs", repository).text(&target.to_string())
}

/// Gives a repository a blob whose bytes are at `row`, unless they are known at another place that is not `lost`.
/// Answers the place that counts.
pub(crate) async fn link_new(
    txn: &mut Txn,
    quotas: &Quotas,
    repository: &RepositoryName,
    digest: &Digest,
    row: BlobRow,
    lost: Option<UploadId>,
    at: Timestamp,
) -> Result<Place, OciError> {
    let known: Option<BlobRow> = txn.get_as(&blob_key(digest)).await?;
    let row = match known.filter(|known| Some(known.upload) != lost) {
        Some(known) => known,
        None => {
            txn.put_as(blob_key(digest), &row);
            row
        }
    };
    link(txn, quotas, repository, digest, row.size, at).await?;
    Ok(Place { digest: digest.clone(), upload: row.upload })
}

async fn link(
    txn: &mut Txn,
    quotas: &Quotas,
    repository: &RepositoryName,
    digest: &Digest,
    size: u64,
    at: Timestamp,
) -> Result<(), OciError> {
    repositories::ensure(txn, quotas, repository, at).await?;
    let key = link_key(repository, digest);
    if txn.get(&key).await?.is_none() {
        take(txn, repository, QuotaKind::Bytes, size, quotas.of(repository.owner()).bytes);
        txn.put(linked_key(digest, repository), Bytes::new());
    }
    txn.put_as(key, &Link { size, at });
    Ok(())
}

/// Gives a repository a blob that another one has.
///
/// # Errors
/// [`OciError::BlobUnknown`] when the other one has not.
pub(crate) async fn mount(
    txn: &mut Txn,
    quotas: &Quotas,
    from: &RepositoryName,
    to: &RepositoryName,
    digest: &Digest,
    at: Timestamp,
) -> Result<(), OciError> {
    let unknown = || OciError::BlobUnknown(digest.clone());
    let source: Link = txn.get_as(&link_key(from, digest)).await?.ok_or_else(unknown)?;
    // Read, so that the collector cannot take the bytes away meanwhile.
    txn.get(&blob_key(digest)).await?.ok_or_else(unknown)?;
    link(txn, quotas, to, digest, source.size, at).await
}

/// Writes down that somebody who may push relies on a blob, if the last such note is older than
/// `older_than`.
pub(crate) async fn touch(
    txn: &mut Txn,
    repository: &RepositoryName,
    digest: &Digest,
    older_than: Timestamp,
    at: Timestamp,
) -> Result<(), OciError> {
    let key = link_key(repository, digest);
    match txn.get_as::<Link>(&key).await? {
        Some(link) if link.at < older_than => txn.put_as(key, &Link { at, ..link }),
        Some(_) => {}
        None => return Err(OciError::BlobUnknown(digest.clone())),
    }
    Ok(())
}

/// Size and place of a blob that a repository has.
pub(crate) async fn locate(
    store: &SharedStore,
    repository: &RepositoryName,
    digest: &Digest,
) -> Result<(Link, Place), OciError> {
    let unknown = || OciError::BlobUnknown(digest.clone());
    let link: Link = read(store, &link_key(repository, digest)).await?.ok_or_else(unknown)?;
    let row: BlobRow = read(store, &blob_key(digest)).await?.ok_or_else(unknown)?;
    Ok((link, Place { digest: digest.clone(), upload: row.upload }))
}

/// Where a blob is, whoever has it.
pub(crate) async fn place(store: &SharedStore, digest: &Digest) -> Result<Option<(Place, u64)>, OciError> {
    let row: Option<BlobRow> = read(store, &blob_key(digest)).await?;
    Ok(row.map(|row| (Place { digest: digest.clone(), upload: row.upload }, row.size)))
}

/// Repositories that have a blob, at most `limit`.
pub(crate) async fn holders(
    store: &SharedStore,
    digest: &Digest,
    limit: usize,
) -> Result<Vec<RepositoryName>, OciError> {
    let range = rows("linked").text(&digest.to_string()).children();
    let found = store.scan(&range, Direction::Ascending, limit).await?;
    Ok(found.iter().filter_map(|e| e.key.last_text()?.parse().ok()).collect())
}

/// Whether a manifest of a repository refers to a blob, as far as one look tells.
pub(crate) async fn is_needed(
    store: &SharedStore,
    repository: &RepositoryName,
    digest: &Digest,
) -> Result<bool, OciError> {
    let found = store.scan(&needs_key(repository, digest).children(), Direction::Ascending, 1).await?;
    Ok(!found.is_empty())
}

/// The manifests of a repository that refer to a blob or a manifest, at most `limit`.
pub(crate) async fn needed_by(
    store: &SharedStore,
    repository: &RepositoryName,
    target: &Digest,
    limit: usize,
) -> Result<Vec<Digest>, OciError> {
    let found = store.scan(&needs_key(repository, target).children(), Direction::Ascending, limit).await?;
    Ok(found.iter().filter_map(|e| e.key.last_text()?.parse().ok()).collect())
}

/// Takes a blob from a repository, if no manifest of it refers to the blob.
///
/// # Errors
/// [`OciError::BlobUnknown`], [`OciError::Held`].
pub(crate) async fn unlink(txn: &mut Txn, repository: &RepositoryName, digest: &Digest) -> Result<(), OciError> {
    let key = link_key(repository, digest);
    let link: Link = txn.get_as(&key).await?.ok_or_else(|| OciError::BlobUnknown(digest.clone()))?;
    if !txn.scan(&needs_key(repository, digest).children(), Direction::Ascending, 1).await?.is_empty() {
        return Err(OciError::held(digest, "仍被清单引用", "a manifest refers to it"));
    }
    txn.delete(key);
    txn.delete(linked_key(digest, repository));
    give_back(txn, repository, QuotaKind::Bytes, link.size);
    Ok(())
}

/// As [`unlink`], for the collector: only when nobody wanted the blob since `before`. Answers whether.
pub(crate) async fn unlink_idle(
    txn: &mut Txn,
    repository: &RepositoryName,
    digest: &Digest,
    before: Timestamp,
) -> Result<bool, OciError> {
    match txn.get_as::<Link>(&link_key(repository, digest)).await? {
        Some(link) if link.at < before => match unlink(txn, repository, digest).await {
            Ok(()) => Ok(true),
            Err(OciError::Held { .. }) => Ok(false),
            Err(e) => Err(e),
        },
        _ => Ok(false),
    }
}

/// Forgets a blob that no repository has any more. Answers the place whose bytes are to be removed
/// once this is committed.
pub(crate) async fn forget_unlinked(txn: &mut Txn, digest: &Digest) -> Result<Option<Place>, OciError> {
    let Some(row) = txn.get_as::<BlobRow>(&blob_key(digest)).await? else { return Ok(None) };
    let range = rows("linked").text(&digest.to_string()).children();
    if !txn.scan(&range, Direction::Ascending, 1).await?.is_empty() {
        return Ok(None);
    }
    txn.delete(blob_key(digest));
    Ok(Some(Place { digest: digest.clone(), upload: row.upload }))
}

/// The rows that say where the bytes of all blobs are, for whoever copies or checks a registry.
#[must_use]
pub fn stored_rows() -> KeyRange {
    rows("blob").children()
}

/// The place of a blob and its size, out of one of [`stored_rows`].
#[must_use]
pub fn stored_at(key: &Key, value: &[u8]) -> Option<(Place, u64)> {
    let row: BlobRow = serde_json::from_slice(value).ok()?;
    Some((Place { digest: key.last_text()?.parse().ok()?, upload: row.upload }, row.size))
}

/// Whether the bytes at a place are those that the registry serves.
pub(crate) async fn counts(store: &SharedStore, place: &Place) -> Result<bool, OciError> {
    let row: Option<BlobRow> = read(store, &blob_key(&place.digest)).await?;
    Ok(row.is_some_and(|r| r.upload == place.upload))
}

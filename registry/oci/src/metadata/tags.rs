//! Tags: set once, hidden when they are yanked, and set anew only when the admission knows that nothing was
//! published under them.

use super::{QuotaKind, manifests, read, rows_of, take};
use crate::admission::{Admission, Retag};
use crate::config::Quotas;
use crate::digest::Digest;
use crate::error::OciError;
use crate::name::{RepositoryName, Tag};
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use yunlong_model::Timestamp;
use yunlong_store::{Direction, Key, KeyRange, SharedStore, Txn};

/// A tag.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TagRow {
    /// The manifest.
    pub digest: Digest,
    /// When it was set.
    pub at: Timestamp,
    /// By which account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// Set when it is hidden.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub yanked: Option<Yank>,
}

/// Why and by whom a tag was hidden.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Yank {
    /// When.
    pub at: Timestamp,
    /// By which account.
    pub by: String,
    /// Why, in words: it is shown to whoever asks for the tag.
    pub reason: String,
}

pub(crate) fn key(repository: &RepositoryName, tag: &Tag) -> Key {
    rows_of("tag", repository).text(tag.as_str())
}

pub(crate) fn tagged_key(repository: &RepositoryName, digest: &Digest) -> Key {
    rows_of("tagged", repository).text(&digest.to_string())
}

/// What setting a tag to a manifest takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    /// Nothing: it stands for it.
    Same,
    /// The tag is free.
    New,
    /// It stands for this one, and may be set anew.
    Anew(Digest),
}

/// What setting a tag to a manifest takes, as far as it may be set.
///
/// # Errors
/// [`OciError::TagTaken`], [`OciError::TagRetired`].
pub(crate) async fn change(
    txn: &mut Txn,
    admission: &dyn Admission,
    repository: &RepositoryName,
    tag: &Tag,
    digest: &Digest,
) -> Result<Change, OciError> {
    let Some(row) = get(txn, repository, tag).await? else { return Ok(Change::New) };
    if row.yanked.is_some() {
        return Err(OciError::TagRetired(tag.clone()));
    }
    if row.digest == *digest {
        return Ok(Change::Same);
    }
    if admission.may_retag(txn, &Retag { repository, tag, from: &row.digest, to: digest }).await? {
        return Ok(Change::Anew(row.digest));
    }
    Err(OciError::TagTaken { tag: tag.clone(), digest: row.digest })
}

/// Makes a change that [`change`] found in the same transaction.
///
/// # Errors
/// When the store fails.
pub(crate) async fn set(
    txn: &mut Txn,
    quotas: &Quotas,
    repository: &RepositoryName,
    tag: &Tag,
    row: &TagRow,
    change: &Change,
) -> Result<(), OciError> {
    match change {
        Change::Same => return Ok(()),
        Change::New => take(txn, repository, QuotaKind::Tags, 1, u64::from(quotas.of(repository.owner()).tags)),
        Change::Anew(before) => {
            // What a tag once stood for may have been looked at by somebody who decided about it: it stays.
            manifests::hold(txn, repository, before, row.at).await?;
            txn.delete(tagged_key(repository, before).text(tag.as_str()));
        }
    }
    txn.put(tagged_key(repository, &row.digest).text(tag.as_str()), Bytes::new());
    txn.put_as(key(repository, tag), row);
    Ok(())
}

/// What a tag stands for.
///
/// # Errors
/// [`OciError::ManifestUnknown`], [`OciError::Yanked`].
pub(crate) async fn resolve(store: &SharedStore, repository: &RepositoryName, tag: &Tag) -> Result<Digest, OciError> {
    let row: TagRow =
        read(store, &key(repository, tag)).await?.ok_or_else(|| OciError::ManifestUnknown(tag.to_string()))?;
    match row.yanked {
        None => Ok(row.digest),
        Some(yank) => Err(OciError::Yanked { tag: tag.clone(), reason: yank.reason }),
    }
}

/// The tags of a manifest, yanked ones among them, at most `limit`.
pub(crate) async fn of(
    store: &SharedStore,
    repository: &RepositoryName,
    digest: &Digest,
    limit: usize,
) -> Result<Vec<String>, OciError> {
    let found = store.scan(&tagged_key(repository, digest).children(), Direction::Ascending, limit).await?;
    Ok(found.iter().filter_map(|e| e.key.last_text()).collect())
}

/// At most `limit` tags after `last` that are not yanked, and their manifests, in the order of their bytes. There
/// are no more behind them when there are fewer.
pub(crate) async fn after(
    store: &SharedStore,
    repository: &RepositoryName,
    last: Option<&str>,
    limit: usize,
) -> Result<Vec<(String, Digest)>, OciError> {
    const PAGE: usize = 500;
    let all = rows_of("tag", repository).children();
    let mut start = last.map_or(all.start, |l| rows_of("tag", repository).text(l).next());
    let mut tags = Vec::new();
    while tags.len() < limit {
        let page = store.scan(&KeyRange { start, end: all.end.clone() }, Direction::Ascending, PAGE).await?;
        for entry in &page {
            let row: TagRow = yunlong_store::txn::from_json(&entry.key, &entry.value)?;
            if row.yanked.is_none() && tags.len() < limit {
                tags.extend(entry.key.last_text().map(|tag| (tag, row.digest)));
            }
        }
        match page.last() {
            Some(entry) if page.len() == PAGE => start = entry.key.next(),
            _ => break,
        }
    }
    Ok(tags)
}

/// A tag as it stands, yanked or not.
///
/// # Errors
/// When the store fails.
pub async fn get(txn: &mut Txn, repository: &RepositoryName, tag: &Tag) -> Result<Option<TagRow>, OciError> {
    Ok(txn.get_as(&key(repository, tag)).await?)
}

/// Hides a tag: it is neither listed nor resolved any more, while its manifest can still be pulled by
/// digest. The label is not used again. Yanking twice changes nothing.
///
/// # Errors
/// [`OciError::ManifestUnknown`].
pub async fn yank(txn: &mut Txn, repository: &RepositoryName, tag: &Tag, yank: Yank) -> Result<TagRow, OciError> {
    let mut row = get(txn, repository, tag).await?.ok_or_else(|| OciError::ManifestUnknown(tag.to_string()))?;
    if row.yanked.is_none() {
        row.yanked = Some(yank);
        txn.put_as(key(repository, tag), &row);
    }
    Ok(row)
}

/// Takes a yank back.
///
/// # Errors
/// [`OciError::ManifestUnknown`].
pub async fn restore(txn: &mut Txn, repository: &RepositoryName, tag: &Tag) -> Result<TagRow, OciError> {
    let mut row = get(txn, repository, tag).await?.ok_or_else(|| OciError::ManifestUnknown(tag.to_string()))?;
    if row.yanked.take().is_some() {
        txn.put_as(key(repository, tag), &row);
    }
    Ok(row)
}

/// Marks a manifest as published although no tag stands for it: it and its referrers cannot be
/// deleted any more.
///
/// # Errors
/// [`OciError::ManifestUnknown`].
pub async fn hold(txn: &mut Txn, repository: &RepositoryName, digest: &Digest, at: Timestamp) -> Result<(), OciError> {
    manifests::hold(txn, repository, digest, at).await
}

//! Manifests: their bytes, what they refer to, who refers to them, and what holds them.

use super::{QuotaKind, give_back, read, repositories, rows_of, tags, take};
use crate::access::Account;
use crate::admission::{Admission, Publication};
use crate::config::Quotas;
use crate::digest::Digest;
use crate::error::OciError;
use crate::manifest::{Descriptor, Manifest};
use crate::metadata::blobs::{Link, link_key, needs_key};
use crate::metadata::tags::{Change, TagRow, tagged_key};
use crate::name::{RepositoryName, Tag};
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use yunlong_model::Timestamp;
use yunlong_store::{Direction, Key, KeyRange, SharedStore, Txn};

/// How far subjects are followed when it is asked what holds a manifest.
const MAX_SUBJECTS: usize = 32;

/// A manifest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ManifestRow {
    pub(crate) media_type: String,
    pub(crate) size: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) subject: Option<Digest>,
    /// Blobs and manifests that it needs.
    pub(crate) needs: Vec<Digest>,
    pub(crate) at: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) by: Option<String>,
    /// Set when it counts as published without a tag.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) held: Option<Timestamp>,
}

fn key(repository: &RepositoryName, digest: &Digest) -> Key {
    rows_of("manifest", repository).text(&digest.to_string())
}

fn bytes_key(repository: &RepositoryName, digest: &Digest) -> Key {
    rows_of("bytes", repository).text(&digest.to_string())
}

fn referrers_key(repository: &RepositoryName, subject: &Digest) -> Key {
    rows_of("referrer", repository).text(&subject.to_string())
}

/// A manifest that is to be kept.
pub(crate) struct NewManifest<'a> {
    pub(crate) repository: &'a RepositoryName,
    pub(crate) digest: &'a Digest,
    pub(crate) bytes: &'a Bytes,
    pub(crate) manifest: &'a Manifest,
    pub(crate) tags: &'a [Tag],
    pub(crate) account: Option<&'a Account>,
    pub(crate) at: Timestamp,
}

/// Keeps a manifest and sets its tags. Answers what is new, `None` when nothing is.
///
/// # Errors
/// [`OciError::TagTaken`], [`OciError::TagRetired`], [`OciError::ManifestBlobUnknown`],
/// [`OciError::ManifestInvalid`] when a descriptor's size is not its target's.
pub(crate) async fn put(
    txn: &mut Txn,
    quotas: &Quotas,
    admission: &dyn Admission,
    new: &NewManifest<'_>,
) -> Result<Option<Publication>, OciError> {
    let mut changes: BTreeMap<Tag, Change> = BTreeMap::new();
    for tag in new.tags {
        let change = tags::change(txn, admission, new.repository, tag, new.digest).await?;
        if change != Change::Same {
            changes.insert(tag.clone(), change);
        }
    }
    let new_tags: Vec<Tag> = changes.keys().cloned().collect();
    let first = txn.get(&key(new.repository, new.digest)).await?.is_none();
    if !first && new_tags.is_empty() {
        return Ok(None);
    }
    if first {
        check_needs(txn, new).await?;
        repositories::ensure(txn, quotas, new.repository, new.at).await?;
        insert(txn, quotas, new);
    }
    let by = new.account.map(|a| a.name.clone());
    for (tag, change) in &changes {
        let row = TagRow { digest: new.digest.clone(), at: new.at, by: by.clone(), yanked: None };
        tags::set(txn, quotas, new.repository, tag, &row, change).await?;
    }
    Ok(Some(Publication {
        repository: new.repository.clone(),
        tags: new_tags,
        digest: new.digest.clone(),
        subject: new.manifest.subject.as_ref().map(|s| s.digest.clone()),
        artifact_type: new.manifest.artifact_type().map(str::to_owned),
        first,
        account: new.account.cloned(),
        at: new.at,
    }))
}

/// Whether everything is there that a manifest refers to, and as large as it says.
pub(crate) async fn check_needs(txn: &mut Txn, new: &NewManifest<'_>) -> Result<(), OciError> {
    let mut missing = Vec::new();
    let mut check = |d: &Descriptor, size: Option<u64>| match size {
        None => {
            missing.push(d.digest.clone());
            Ok(())
        }
        Some(size) if size != d.size => Err(OciError::invalid(
            format!("{} 的大小为 {size} 字节，清单声明为 {} 字节", d.digest, d.size),
            format!("{} has {size} bytes, the manifest says {}", d.digest, d.size),
        )),
        Some(_) => Ok(()),
    };
    for blob in new.manifest.blobs() {
        let link: Option<Link> = txn.get_as(&link_key(new.repository, &blob.digest)).await?;
        check(blob, link.map(|l| l.size))?;
    }
    for child in &new.manifest.manifests {
        let row: Option<ManifestRow> = txn.get_as(&key(new.repository, &child.digest)).await?;
        check(child, row.map(|r| r.size))?;
    }
    if missing.is_empty() { Ok(()) } else { Err(OciError::ManifestBlobUnknown(missing)) }
}

fn insert(txn: &mut Txn, quotas: &Quotas, new: &NewManifest<'_>) {
    let (repository, manifest) = (new.repository, new.manifest);
    let needs: Vec<_> = manifest.blobs().chain(&manifest.manifests).map(|d| d.digest.clone()).collect();
    let this = new.digest.to_string();
    for target in &needs {
        txn.put(needs_key(repository, target).text(&this), Bytes::new());
    }
    let subject = manifest.subject.as_ref().map(|s| s.digest.clone());
    if let Some(subject) = &subject {
        let descriptor = manifest.referrer(new.digest, new.bytes.len());
        txn.put_as(referrers_key(repository, subject).text(&this), &descriptor);
    }
    let row = ManifestRow {
        media_type: manifest.media_type.clone(),
        size: new.bytes.len() as u64,
        subject,
        needs,
        at: new.at,
        by: new.account.map(|a| a.name.clone()),
        held: None,
    };
    take(txn, repository, QuotaKind::Bytes, row.size, quotas.of(repository.owner()).bytes);
    txn.put_as(key(repository, new.digest), &row);
    txn.put(bytes_key(repository, new.digest), new.bytes.clone());
}

/// A manifest's row.
///
/// # Errors
/// [`OciError::ManifestUnknown`].
pub(crate) async fn get(
    store: &SharedStore,
    repository: &RepositoryName,
    digest: &Digest,
) -> Result<ManifestRow, OciError> {
    read(store, &key(repository, digest)).await?.ok_or_else(|| OciError::ManifestUnknown(digest.to_string()))
}

/// A manifest's bytes.
///
/// # Errors
/// [`OciError::ManifestUnknown`].
pub(crate) async fn bytes(
    store: &SharedStore,
    repository: &RepositoryName,
    digest: &Digest,
) -> Result<Bytes, OciError> {
    let found = store.get(&bytes_key(repository, digest)).await?;
    Ok(found.ok_or_else(|| OciError::ManifestUnknown(digest.to_string()))?.value)
}

/// At most `limit` referrers of `subject` after `last`, in the order of their digests.
pub(crate) async fn referrers(
    store: &SharedStore,
    repository: &RepositoryName,
    subject: &Digest,
    last: Option<&Digest>,
    limit: usize,
) -> Result<Vec<Descriptor>, OciError> {
    let rows = referrers_key(repository, subject);
    let all = rows.children();
    let start = last.map_or(all.start, |l| rows.text(&l.to_string()).next());
    let found = store.scan(&KeyRange { start, end: all.end }, Direction::Ascending, limit).await?;
    found.iter().map(|e| Ok(yunlong_store::txn::from_json(&e.key, &e.value)?)).collect()
}

/// Marks a manifest as published.
pub(crate) async fn hold(
    txn: &mut Txn,
    repository: &RepositoryName,
    digest: &Digest,
    at: Timestamp,
) -> Result<(), OciError> {
    let key = key(repository, digest);
    let row: ManifestRow = txn.get_as(&key).await?.ok_or_else(|| OciError::ManifestUnknown(digest.to_string()))?;
    if row.held.is_none() {
        txn.put_as(key, &ManifestRow { held: Some(at), ..row });
    }
    Ok(())
}

/// Removes a manifest that nothing holds.
///
/// # Errors
/// [`OciError::ManifestUnknown`], [`OciError::Held`].
pub(crate) async fn delete(txn: &mut Txn, repository: &RepositoryName, digest: &Digest) -> Result<(), OciError> {
    let row: ManifestRow =
        txn.get_as(&key(repository, digest)).await?.ok_or_else(|| OciError::ManifestUnknown(digest.to_string()))?;
    check_free(txn, repository, digest, &row).await?;
    let this = digest.to_string();
    for target in &row.needs {
        txn.delete(needs_key(repository, target).text(&this));
    }
    if let Some(subject) = &row.subject {
        txn.delete(referrers_key(repository, subject).text(&this));
    }
    txn.delete(key(repository, digest));
    txn.delete(bytes_key(repository, digest));
    give_back(txn, repository, QuotaKind::Bytes, row.size);
    Ok(())
}

/// As [`delete`], for the collector: only what was pushed before `before`, and that nothing refers to. Answers
/// whether. What refers to it goes first.
pub(crate) async fn delete_idle(
    txn: &mut Txn,
    repository: &RepositoryName,
    digest: &Digest,
    before: Timestamp,
) -> Result<bool, OciError> {
    let row: Option<ManifestRow> = txn.get_as(&key(repository, digest)).await?;
    if row.is_none_or(|r| r.at >= before) || !is_empty(txn, &referrers_key(repository, digest)).await? {
        return Ok(false);
    }
    match delete(txn, repository, digest).await {
        Ok(()) => Ok(true),
        Err(OciError::Held { .. }) => Ok(false),
        Err(e) => Err(e),
    }
}

/// Refuses what is published: a manifest with a tag (a yanked one, too) or a mark, one that an index
/// refers to, and whatever refers to such a one as its subject.
async fn check_free(
    txn: &mut Txn,
    repository: &RepositoryName,
    digest: &Digest,
    row: &ManifestRow,
) -> Result<(), OciError> {
    let held = |zh, en| Err(OciError::held(digest, zh, en));
    let (mut at, mut row) = (digest.clone(), row.clone());
    for step in 0..MAX_SUBJECTS {
        let own = step == 0;
        if row.held.is_some() || !is_empty(txn, &tagged_key(repository, &at)).await? {
            return if own {
                held("已发布的版本永不删除，如需停用请撤回", "what is published is never deleted: yank it instead")
            } else {
                held("它属于一个已发布的版本", "it belongs to something published")
            };
        }
        if !is_empty(txn, &needs_key(repository, &at)).await? {
            return held("仍被索引引用，请先删除该索引", "an index refers to it: delete that first");
        }
        let Some(subject) = row.subject else { return Ok(()) };
        match txn.get_as(&key(repository, &subject)).await? {
            Some(next) => (at, row) = (subject, next),
            // Its subject is not here: it belongs to nothing.
            None => return Ok(()),
        }
    }
    held("引用链过长", "it refers to too long a row of subjects")
}

async fn is_empty(txn: &mut Txn, rows: &Key) -> Result<bool, OciError> {
    Ok(txn.scan(&rows.children(), Direction::Ascending, 1).await?.is_empty())
}

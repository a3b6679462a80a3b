//! What the registry knows, in the platform's store: rows of the space `@oci`, each change one
//! transaction.
//!
//! | row | says |
//! |---|---|
//! | `repository` name | that it exists |
//! | `tag` name, tag | the manifest, and whether the tag is yanked |
//! | `tagged` name, digest, tag | the reverse |
//! | `manifest` name, digest | what a manifest refers to; `bytes` name, digest are its bytes |
//! | `needs` name, target, manifest | that a manifest refers to a blob or manifest |
//! | `referrer` name, subject, manifest | the descriptor in the subject's list of referrers |
//! | `link` name, digest | that a repository has a blob, and when it was last wanted |
//! | `linked` digest, name | the reverse |
//! | `blob` digest | where the bytes are |
//! | `upload` id | an upload session: its offset is what is durable |
//!
//! The collector decides by ranges that it read as empty (`needs`, `linked`). A range that was read is
//! validated at the commit, so a push that adds a row to it makes the collector's transaction a
//! conflict, and the other way round: no blob is lost to a race.

pub(crate) mod blobs;
pub(crate) mod manifests;
pub(crate) mod repositories;
pub(crate) mod tags;
pub(crate) mod uploads;

use crate::name::RepositoryName;
use serde::de::DeserializeOwned;
use std::fmt;
use yunlong_store::key::Part;
use yunlong_store::{CommitError, Key, SharedStore, StoreError, Txn};

/// The space.
pub const SPACE: &str = "@oci";

/// Rows of one kind.
pub(crate) fn rows(kind: &str) -> Key {
    Key::space(SPACE).text(kind)
}

/// Rows of one kind in one repository.
pub(crate) fn rows_of(kind: &str, repository: &RepositoryName) -> Key {
    rows(kind).text(repository.as_str())
}

/// Reads a row outside of any transaction.
pub(crate) async fn read<T: DeserializeOwned>(store: &SharedStore, key: &Key) -> Result<Option<T>, StoreError> {
    match store.get(key).await? {
        Some(row) => Ok(Some(yunlong_store::txn::from_json(key, &row.value)?)),
        None => Ok(None),
    }
}

/// The text components of a key behind the space and the kind.
pub(crate) fn texts(key: &Key) -> Vec<String> {
    key.parts()
        .skip(2)
        .filter_map(|p| match p {
            Part::Text(s) => Some(s),
            Part::U64(_) => None,
        })
        .collect()
}

/// What an owner's quota is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QuotaKind {
    /// Bytes of blobs, manifests and uploads under way.
    Bytes,
    /// Repositories.
    Repositories,
    /// Tags.
    Tags,
}

impl QuotaKind {
    /// As it stands in keys and error documents.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Bytes => "bytes",
            Self::Repositories => "repositories",
            Self::Tags => "tags",
        }
    }

    pub(crate) fn chinese(self) -> &'static str {
        match self {
            Self::Bytes => "存储",
            Self::Repositories => "仓库数量",
            Self::Tags => "标签数量",
        }
    }
}

impl fmt::Display for QuotaKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The counter of what an owner uses.
pub(crate) fn used(owner: &str, kind: QuotaKind) -> Key {
    rows("used").text(owner).text(kind.as_str())
}

/// Takes from an owner's quota; the commit is refused when it is used up.
pub(crate) fn take(txn: &mut Txn, repository: &RepositoryName, kind: QuotaKind, amount: u64, quota: u64) {
    let bound = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
    if amount > 0 {
        txn.adjust(used(repository.owner(), kind), bound(amount), i64::MIN, bound(quota));
    }
}

/// Gives back to an owner's quota.
pub(crate) fn give_back(txn: &mut Txn, repository: &RepositoryName, kind: QuotaKind, amount: u64) {
    if amount > 0 {
        let amount = i64::try_from(amount).unwrap_or(i64::MAX);
        txn.adjust(used(repository.owner(), kind), -amount, i64::MIN, i64::MAX);
    }
}

/// The counter of an account's open upload sessions.
pub(crate) fn open_sessions(account: &str) -> Key {
    rows("open").text(account)
}

/// Whose quota of what a commit would have gone over.
pub(crate) fn quota_of(e: &CommitError) -> Option<(String, QuotaKind)> {
    let CommitError::OutOfBounds { adjust, .. } = e else { return None };
    let kind =
        |s: &str| [QuotaKind::Bytes, QuotaKind::Repositories, QuotaKind::Tags].into_iter().find(|k| k.as_str() == s);
    match &kind_and_texts(&adjust.key)? {
        (row, texts) if row == "used" => match &texts[..] {
            [owner, what] => Some((owner.clone(), kind(what)?)),
            _ => None,
        },
        _ => None,
    }
}

/// Whether a commit would have opened too many upload sessions.
pub(crate) fn is_session_bound(e: &CommitError) -> bool {
    match e {
        CommitError::OutOfBounds { adjust, .. } => kind_and_texts(&adjust.key).is_some_and(|(row, _)| row == "open"),
        _ => false,
    }
}

fn kind_and_texts(key: &Key) -> Option<(String, Vec<String>)> {
    match key.parts().nth(1)? {
        Part::Text(kind) if key.space_name().as_deref() == Some(SPACE) => Some((kind, texts(key))),
        _ => None,
    }
}

//! Repositories: they exist from the first blob or manifest on.

use super::{QuotaKind, read, rows, take};
use crate::config::Quotas;
use crate::error::OciError;
use crate::name::RepositoryName;
use serde::{Deserialize, Serialize};
use yunlong_model::Timestamp;
use yunlong_store::{Direction, Key, KeyRange, SharedStore, Txn};

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Repository {
    at: Timestamp,
}

fn key(name: &RepositoryName) -> Key {
    rows("repository").text(name.as_str())
}

/// Makes a repository when it is not there.
pub(crate) async fn ensure(
    txn: &mut Txn,
    quotas: &Quotas,
    name: &RepositoryName,
    at: Timestamp,
) -> Result<(), OciError> {
    if txn.get(&key(name)).await?.is_none() {
        txn.put_as(key(name), &Repository { at });
        let quota = quotas.of(name.owner()).repositories;
        take(txn, name, QuotaKind::Repositories, 1, u64::from(quota));
    }
    Ok(())
}

/// Whether a repository is there.
pub(crate) async fn exists(store: &SharedStore, name: &RepositoryName) -> Result<bool, OciError> {
    Ok(read::<Repository>(store, &key(name)).await?.is_some())
}

/// At most `limit` names after `last`, in order.
pub(crate) async fn after(
    store: &SharedStore,
    last: Option<&str>,
    limit: usize,
) -> Result<Vec<RepositoryName>, OciError> {
    let all = rows("repository").children();
    let start = last.map_or(all.start, |l| rows("repository").text(l).next());
    let found = store.scan(&KeyRange { start, end: all.end }, Direction::Ascending, limit).await?;
    Ok(found.iter().filter_map(|e| e.key.last_text()?.parse().ok()).collect())
}

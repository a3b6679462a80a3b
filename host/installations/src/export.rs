//! What is known of the last export of an installation: whoever removes it says which file holds its data.

use crate::service::detached;
use crate::{Installation, InstallationError, Installations, keys};
use serde::{Deserialize, Serialize};
use yunlong_model::{Digest, InstallationName, Timestamp};
use yunlong_store::transact;
use yunlong_store::txn::from_json;

/// An export that was read to its end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exported {
    /// The SHA-256 of the file but for its last line, which names it.
    pub digest: Digest,
    /// How many documents it holds.
    pub documents: u64,
    /// How many counters it holds.
    pub counters: u64,
    /// How many values of buckets it holds.
    #[serde(default)]
    pub values: u64,
    /// How many files it holds.
    #[serde(default)]
    pub files: u64,
    /// When it ended.
    pub at: Timestamp,
    /// The account that made it.
    pub by: String,
}

impl Installations {
    /// Writes down that an export was read to its end; the one before is forgotten.
    ///
    /// # Errors
    /// [`InstallationError::NotFound`] when it was removed meanwhile.
    pub async fn set_exported(&self, name: &InstallationName, made: &Exported) -> Result<(), InstallationError> {
        let (me, name, made) = (self.clone(), name.clone(), made.clone());
        detached(async move {
            transact!(&me.inner.store, |txn| {
                let there: Option<Installation> = txn.get_as(&keys::installation(&name)).await?;
                if there.is_none() {
                    return Err(InstallationError::NotFound(name.clone()));
                }
                txn.put_as(keys::exported(&name), &made);
                let detail = format!(
                    "{}: {} documents, {} counters, {} values, {} files",
                    made.digest, made.documents, made.counters, made.values, made.files
                );
                me.inner.audit(txn, &made.by, "export.finished", name.as_str(), &detail).await
            })
        })
        .await
    }

    /// The last export of an installation that was read to its end.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn exported(&self, name: &InstallationName) -> Result<Option<Exported>, InstallationError> {
        let key = keys::exported(name);
        Ok(self.inner.store.get(&key).await?.map(|v| from_json(&key, &v.value)).transpose()?)
    }
}

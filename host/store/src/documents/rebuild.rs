//! Building indexes anew, for a version of an app that declares other ones.

use super::{Direction, DocumentError, Schema};
use crate::{Key, KeyRange, SharedStore, transact};
use bytes::Bytes;
use serde_json::Value;

/// Rows or documents in one transaction.
const STEP: usize = 100;

impl Schema {
    /// Whether both declare the same indexes: documents that one wrote are then found by the other.
    #[must_use]
    pub fn indexes_alike(&self, other: &Self) -> bool {
        // A collection without indexes has no rows: whether it is declared makes no difference.
        let of = |schema: &Self| {
            let rows = schema.collections.iter().flat_map(|(collection, c)| {
                c.indexes.iter().map(|i| (collection.clone(), i.name.clone(), i.fields.clone(), i.unique))
            });
            rows.collect::<std::collections::BTreeSet<_>>()
        };
        of(self) == of(other)
    }

    /// Removes all index rows and builds those that this schema declares. A document whose field an
    /// index cannot order is left out of that index. Nothing else may write meanwhile, and queries
    /// find less than there is; when it fails it can be run again.
    ///
    /// # Errors
    /// [`DocumentError::UniqueViolation`] when documents share a value that is to be unique;
    /// [`DocumentError::TooLarge`] when a value is too long for a key; the store's.
    pub async fn rebuild_indexes(&self, store: &SharedStore) -> Result<(), DocumentError> {
        for kind in ["i", "u"] {
            self.remove_all(store, &self.space.clone().text(kind).children()).await?;
        }
        for collection in self.collections.keys() {
            let mut range = self.documents_prefix(collection).children();
            while let Some(last) = self.build_some(store, collection, &range).await? {
                range.start = last.next();
            }
        }
        Ok(())
    }

    async fn remove_all(&self, store: &SharedStore, range: &KeyRange) -> Result<(), DocumentError> {
        loop {
            let left = transact!(store, |txn| {
                let rows = txn.scan(range, Direction::Ascending, STEP).await?;
                let left = rows.len() == STEP;
                rows.into_iter().for_each(|(key, _)| txn.delete(key));
                Ok::<_, DocumentError>(left)
            })?;
            if !left {
                return Ok(());
            }
        }
    }

    /// Adds the rows of the next documents in `range`; answers the last one's key.
    async fn build_some(
        &self,
        store: &SharedStore,
        collection: &str,
        range: &KeyRange,
    ) -> Result<Option<Key>, DocumentError> {
        transact!(store, |txn| {
            let documents = txn.scan(range, Direction::Ascending, STEP).await?;
            for (key, body) in &documents {
                let body = self.opened(key, body)?;
                let (Some(id), Ok(body)) = (key.last_text(), serde_json::from_slice::<Value>(&body)) else { continue };
                for index in self.indexes(collection)? {
                    let Ok(Some(values)) = index.values(&body) else { continue };
                    let row = self.row_key(collection, index, &values, &id);
                    self.check_row(txn, collection, index, &row, &id).await?;
                    txn.put(row, Bytes::copy_from_slice(id.as_bytes()));
                }
            }
            Ok(documents.last().map(|(key, _)| key.clone()))
        })
    }
}

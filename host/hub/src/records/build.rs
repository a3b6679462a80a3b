//! Building and removing the rows of indexes, step by step beside everybody's work.

use super::{index, row};
use crate::{Hub, HubError, keys};
use yunlong_store::{Direction, Txn, transact};

/// Records of one commit when an index is built.
const BUILT: usize = 500;
/// Rows of one commit when an index is removed.
const REMOVED: usize = 5_000;

impl Hub {
    /// Writes the rows of these indexes for all records; others may write some meanwhile.
    pub(crate) async fn build(&self, dataset: &str, indexes: &[Vec<String>]) -> Result<(), HubError> {
        if indexes.is_empty() {
            return Ok(());
        }
        let records = self.records(dataset)?;
        let store = &self.inner.store;
        let mut range = keys::heads(dataset).children();
        loop {
            let rows = store.scan(&range, Direction::Ascending, BUILT).await?;
            let Some(last) = rows.last() else { return Ok(()) };
            range.start = last.key.next();
            transact!(store, |txn| {
                for found in &rows {
                    // Read again in the transaction: who changes the record meanwhile makes it conflict.
                    let Some(bytes) = txn.get(&found.key).await? else { continue };
                    let stored = row::from_bytes(&self.inner.keys, &found.key, &bytes)?;
                    let id = found.key.last_text().unwrap_or_default();
                    for items in indexes {
                        let row = index::row(&records.tags(), records.dataset(), items, &id, &stored.record.body);
                        if let Some(key) = row {
                            txn.put(key, bytes::Bytes::new());
                        }
                    }
                }
                Ok::<_, HubError>(())
            })?;
        }
    }

    /// Removes all rows of these indexes.
    pub(crate) async fn drop_indexes(&self, dataset: &str, indexes: &[Vec<String>]) -> Result<(), HubError> {
        for items in indexes {
            loop {
                let range = keys::index(dataset, items).children();
                let rows = self.inner.store.scan(&range, Direction::Ascending, REMOVED).await?;
                if rows.is_empty() {
                    break;
                }
                let mut txn = Txn::new(self.inner.store.clone());
                for row in rows {
                    txn.delete(row.key);
                }
                txn.commit().await?;
            }
        }
        Ok(())
    }
}

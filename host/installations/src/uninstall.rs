//! Removing an installation and all that it wrote.

use crate::service::detached;
use crate::{Installation, InstallationError, Installations, keys};
use yunlong_model::InstallationName;
use yunlong_store::txn::from_json;
use yunlong_store::{Direction, Txn, transact};

/// Rows of one commit: small enough that other commits do not wait long behind it.
const ROWS: usize = 1_000;

impl Installations {
    /// Removes an installation and deletes its key space; its name stays reserved for ever. The
    /// caller has unloaded it from the runtime before.
    ///
    /// The first commit marks the removal; from then on it is gone for everybody, and what is left
    /// of it is deleted in batches, at the next open if need be.
    ///
    /// # Errors
    /// [`InstallationError::NotFound`]. When the store fails behind the mark, the removal goes on
    /// at the next open.
    pub async fn uninstall(&self, name: &InstallationName, by: &str) -> Result<(), InstallationError> {
        self.remove(name, by, false).await
    }

    /// Takes an installation back whose first start failed: nothing of it is left, and its name is
    /// free again, since no browser has ever seen its origin.
    ///
    /// # Errors
    /// As [`Installations::uninstall`].
    pub async fn abandon(&self, name: &InstallationName) -> Result<(), InstallationError> {
        self.remove(name, "platform", true).await
    }

    async fn remove(&self, name: &InstallationName, by: &str, free_name: bool) -> Result<(), InstallationError> {
        let (me, name, by) = (self.clone(), name.clone(), by.to_owned());
        detached(async move {
            let _one = me.inner.changing.lock().await;
            transact!(&me.inner.store, |txn| {
                let key = keys::installation(&name);
                let installation: Installation =
                    txn.get_as(&key).await?.ok_or_else(|| InstallationError::NotFound(name.clone()))?;
                txn.delete(key);
                txn.put_as(keys::removal(&name), &name);
                if free_name {
                    txn.delete(keys::name(&name));
                } else {
                    me.inner.bury(txn, &installation);
                }
                // The history and the former releases, too: the audit trail keeps what happened.
                for table in [keys::history(&name), keys::former(&name)] {
                    for (key, _) in txn.scan(&table.children(), Direction::Ascending, ROWS).await? {
                        txn.delete(key);
                    }
                }
                txn.delete(keys::migration(&name));
                txn.delete(keys::exported(&name));
                txn.delete(keys::journaling(&name));
                let action = if free_name { "abandoned" } else { "removed" };
                me.inner.audit(txn, &by, action, name.as_str(), "").await?;
                Ok::<_, InstallationError>(())
            })?;
            me.inner.forget(&name);
            me.inner.log.forget(&name).await;
            let cleared = me.clear(&name).await;
            if free_name {
                me.inner.log.welcome(&name);
            }
            cleared
        })
        .await
    }

    pub(crate) async fn finish_removals(&self) -> Result<(), InstallationError> {
        for row in self.inner.store.scan(&keys::removals().children(), Direction::Ascending, usize::MAX).await? {
            let name: InstallationName = from_json(&row.key, &row.value)?;
            tracing::info!(installation = %name, "finishing a removal that was cut short");
            self.clear(&name).await?;
        }
        Ok(())
    }

    /// Deletes the key space and then the mark. Rows are not read back into use and nobody writes
    /// them any more, so the commits carry no read checks.
    async fn clear(&self, name: &InstallationName) -> Result<(), InstallationError> {
        let store = &self.inner.store;
        let space = keys::space(name).children();
        loop {
            let rows = store.scan(&space, Direction::Ascending, ROWS).await?;
            if rows.is_empty() {
                break;
            }
            let mut txn = Txn::new(store.clone());
            for row in rows {
                txn.delete(row.key);
            }
            txn.commit().await?;
        }
        // Counters cannot be deleted; at zero they tell nothing.
        let mut rest = space;
        loop {
            let counters = store.counters(&rest, ROWS).await?;
            let Some((last, _)) = counters.last() else { break };
            rest.start = last.next();
            let mut txn = Txn::new(store.clone());
            for (key, value) in counters {
                if let Some(delta) = value.checked_neg().filter(|d| *d != 0) {
                    txn.adjust(key, delta, i64::MIN, i64::MAX);
                }
            }
            if !txn.is_empty() {
                txn.commit().await?;
            }
        }
        let mut txn = Txn::new(store.clone());
        txn.delete(keys::removal(name));
        txn.commit().await?;
        Ok(())
    }
}

//! Sealing anew after the city's data key has changed.

use crate::{Hub, HubError, keys};
use yunlong_sealing::sealed_with;
use yunlong_store::{Direction, Key, transact};

/// Rows of one commit.
const BATCH: usize = 500;

impl Hub {
    /// Seals with the current key whatever is sealed with a former one: records, their former versions,
    /// corrections, reports of imports, jobs. Answers how many there were. It may be cut short at any
    /// place and begun again.
    ///
    /// # Errors
    /// When the store fails, or a row does not open with any key that is given.
    pub async fn seal_anew(&self) -> Result<u64, HubError> {
        let (inner, mut range, mut done) = (&self.inner, yunlong_store::Key::space(keys::SPACE).children(), 0);
        loop {
            let rows = inner.store.scan(&range, Direction::Ascending, BATCH).await?;
            let Some(last) = rows.last() else { return Ok(done) };
            range.start = last.key.next();
            // Everything that the hub seals is a whole value, bound to its key.
            let former = |value: &[u8]| {
                sealed_with(value).is_some_and(|id| id != inner.keys.current().id())
                    && inner.keys.keys().any(|k| Some(k.id()) == sealed_with(value))
            };
            let due: Vec<Key> = rows.into_iter().filter(|r| former(&r.value)).map(|r| r.key).collect();
            if due.is_empty() {
                continue;
            }
            done += transact!(&inner.store, |txn| {
                let mut sealed = 0;
                for key in &due {
                    let Some(stored) = txn.get(key).await? else { continue };
                    let plain = inner.keys.open(key.as_bytes(), &stored)?;
                    txn.put(key.clone(), inner.keys.seal(key.as_bytes(), &plain)?.into());
                    sealed += 1;
                }
                Ok::<_, HubError>(sealed)
            })?;
        }
    }
}

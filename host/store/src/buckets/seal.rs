//! Values at rest: encrypted with the city's data key and bound to their row, all of them, since a
//! program that knows nothing of this platform cannot say which are personal.

use super::{BucketError, Buckets};
use crate::{Direction, Key, SharedStore, StoreError, transact};
use bytes::Bytes;
use yunlong_sealing::SealError;

/// Values of one commit when they are sealed anew.
const STEP: usize = 100;

fn failed(key: &Key, error: &SealError) -> BucketError {
    StoreError::Sealed(format!("the value {key:?}: {error}")).into()
}

impl Buckets {
    pub(super) fn closed(&self, at: &Key, value: &[u8]) -> Result<Bytes, BucketError> {
        self.keys.seal(at.as_bytes(), value).map(Bytes::from).map_err(|e| failed(at, &e))
    }

    pub(super) fn opened(&self, at: &Key, sealed: &[u8]) -> Result<Vec<u8>, BucketError> {
        Ok(self.keys.open(at.as_bytes(), sealed).map_err(|e| failed(at, &e))?.to_vec())
    }

    /// Seals with the current key whatever is sealed with a former one, in buckets too that only
    /// another release declares. Answers how many values there were. Others may write meanwhile; it
    /// may be cut short at any place and begun again.
    ///
    /// # Errors
    /// When a value does not open with any key that is given; the store's.
    pub async fn seal_anew(&self, store: &SharedStore) -> Result<u64, BucketError> {
        let (mut range, mut done) = (self.space.clone().text("v").children(), 0);
        loop {
            let rows = store.scan(&range, Direction::Ascending, STEP).await?;
            let Some(last) = rows.last() else { return Ok(done) };
            range.start = last.key.next();
            let due: Vec<Key> = rows.into_iter().filter(|r| !self.keys.is_current(&r.value)).map(|r| r.key).collect();
            if !due.is_empty() {
                done += self.seal_these(store, &due).await?;
            }
        }
    }

    async fn seal_these(&self, store: &SharedStore, due: &[Key]) -> Result<u64, BucketError> {
        transact!(store, |txn| {
            let mut sealed = 0;
            for key in due {
                let Some(value) = txn.get(key).await? else { continue };
                let plain = self.opened(key, &value)?;
                txn.put(key.clone(), self.closed(key, &plain)?);
                sealed += 1;
            }
            Ok::<_, BucketError>(sealed)
        })
    }
}

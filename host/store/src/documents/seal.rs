//! Documents of sealed collections at rest: encrypted with the city's data key and bound to their row.
//!
//! Whether a stored value is sealed shows in its first byte, which JSON never has: a collection that
//! became sealed, or is so no more, is read as it lies, and [`Schema::seal_anew`] brings it up to date.

use super::{Direction, DocumentError, Schema};
use crate::key::Part;
use crate::{Key, SharedStore, StoreError, transact};
use bytes::Bytes;
use std::borrow::Cow;
use yunlong_sealing::{Keyring, SealError, sealed_with};

/// Documents of one commit when they are sealed anew.
const STEP: usize = 100;

fn failed(key: &Key, error: &SealError) -> DocumentError {
    StoreError::Sealed(format!("the document {key:?}: {error}")).into()
}

impl Schema {
    /// What is stored for a body.
    pub(super) fn closed(&self, collection: &str, key: &Key, body: &str) -> Result<Bytes, DocumentError> {
        if !self.collection(collection)?.sealed {
            return Ok(Bytes::copy_from_slice(body.as_bytes()));
        }
        let keys = self.keys.as_ref().ok_or_else(|| without_keys(key))?;
        keys.seal(key.as_bytes(), body.as_bytes()).map(Bytes::from).map_err(|e| failed(key, &e))
    }

    /// The body of what is stored.
    pub(super) fn opened<'a>(&self, key: &Key, value: &'a Bytes) -> Result<Cow<'a, [u8]>, DocumentError> {
        if sealed_with(value).is_none() {
            return Ok(Cow::Borrowed(value));
        }
        let keys = self.keys.as_ref().ok_or_else(|| without_keys(key))?;
        let body = keys.open(key.as_bytes(), value).map_err(|e| failed(key, &e))?;
        Ok(Cow::Owned(body.to_vec()))
    }

    /// Whether no collection of `before` lacks the seal that it has here: then documents that are
    /// there need not be sealed anew.
    #[must_use]
    pub fn seals_no_more_than(&self, before: &Self) -> bool {
        let sealed = |schema: &Self, name: &str| schema.collections.get(name).is_none_or(|c| c.sealed);
        self.collections.iter().all(|(name, c)| !c.sealed || sealed(before, name))
    }

    /// Seals with the current key whatever is due: documents of sealed collections that are plain, and
    /// whatever is sealed with a former key, in collections too that only another release declares.
    /// Answers how many there were. Others may write meanwhile; it may be cut short at any place and
    /// begun again.
    ///
    /// # Errors
    /// When a document does not open with any key that is given; the store's.
    pub async fn seal_anew(&self, store: &SharedStore) -> Result<u64, DocumentError> {
        let keys = self.keys.as_ref().ok_or_else(|| without_keys(&self.space))?;
        let (mut range, mut done) = (self.space.clone().text("d").children(), 0);
        loop {
            let rows = store.scan(&range, Direction::Ascending, STEP).await?;
            let Some(last) = rows.last() else { return Ok(done) };
            range.start = last.key.next();
            let due = |key: &Key, value: &Bytes| {
                let wanted = self.collections.get(&collection_of(key)?).is_some_and(|c| c.sealed);
                Some(!keys.is_current(value) && (wanted || sealed_with(value).is_some()))
            };
            let due: Vec<Key> =
                rows.into_iter().filter(|r| due(&r.key, &r.value) == Some(true)).map(|r| r.key).collect();
            if !due.is_empty() {
                done += self.seal_these(store, keys, &due).await?;
            }
        }
    }

    async fn seal_these(&self, store: &SharedStore, keys: &Keyring, due: &[Key]) -> Result<u64, DocumentError> {
        transact!(store, |txn| {
            let mut sealed = 0;
            for key in due {
                let Some(value) = txn.get(key).await? else { continue };
                let sealed_now = keys.seal(key.as_bytes(), &self.opened(key, &value)?).map_err(|e| failed(key, &e))?;
                txn.put(key.clone(), sealed_now.into());
                sealed += 1;
            }
            Ok::<_, DocumentError>(sealed)
        })
    }
}

/// The collection of a document's key.
fn collection_of(key: &Key) -> Option<String> {
    match key.parts().nth(2) {
        Some(Part::Text(name)) => Some(name),
        _ => None,
    }
}

fn without_keys(key: &Key) -> DocumentError {
    StoreError::Sealed(format!("the document {key:?}: no data key is given")).into()
}

//! How attributes are stored: sealed, and bound to the row of their account. The one place where they
//! are written and read.

use crate::error::IdentityError;
use crate::secret::Secrets;
use crate::types::Attributes;
use crate::{Identity, keys};
use yunlong_sealing::sealed_with;
use yunlong_store::txn::from_json;
use yunlong_store::{Direction, Key, Txn, transact};
use zeroize::Zeroizing;

/// Rows of one commit when attributes are sealed anew.
const BATCH: usize = 200;

/// Stages the attributes under `key`.
pub(crate) fn put(secrets: &Secrets, txn: &mut Txn, key: Key, attributes: &Attributes) -> Result<(), IdentityError> {
    let plain = serde_json::to_vec(attributes).map_err(|e| IdentityError::Crypto(e.to_string()))?;
    let plain = Zeroizing::new(plain);
    let sealed = secrets.fields().seal(key.as_bytes(), &plain).map_err(|e| crypto(&key, &e))?;
    txn.put(key, sealed.into());
    Ok(())
}

/// Reads what stands under `key`. What was written before there was a seal is read as it is, and
/// sealed by [`Identity::seal_anew`].
pub(crate) fn open(secrets: &Secrets, key: &Key, stored: &[u8]) -> Result<Attributes, IdentityError> {
    if sealed_with(stored).is_none() {
        return Ok(from_json(key, stored)?);
    }
    let plain = secrets.fields().open(key.as_bytes(), stored).map_err(|e| crypto(key, &e))?;
    Ok(from_json(key, &plain)?)
}

fn crypto(key: &Key, error: &yunlong_sealing::SealError) -> IdentityError {
    IdentityError::Crypto(format!("{key:?}: {error}"))
}

impl Identity {
    /// Seals with the current key whatever is not: plain rows, and those of a former key. Answers how
    /// many there were. It may be cut short at any place and begun again.
    ///
    /// # Errors
    /// When the store fails, or a row does not open with any key that is given.
    pub async fn seal_anew(&self) -> Result<u64, IdentityError> {
        let (inner, mut range, mut done) = (&self.inner, keys::attributes_of_all().children(), 0);
        loop {
            let rows = inner.store.scan(&range, Direction::Ascending, BATCH).await?;
            let Some(last) = rows.last() else { return Ok(done) };
            range.start = last.key.next();
            let due: Vec<Key> =
                rows.into_iter().filter(|r| !inner.secrets.fields().is_current(&r.value)).map(|r| r.key).collect();
            if due.is_empty() {
                continue;
            }
            done += transact!(&inner.store, |txn| {
                let mut sealed = 0;
                for key in &due {
                    let Some(stored) = txn.get(key).await? else { continue };
                    let attributes = open(&inner.secrets, key, &stored)?;
                    put(&inner.secrets, txn, key.clone(), &attributes)?;
                    sealed += 1;
                }
                Ok::<_, IdentityError>(sealed)
            })?;
        }
    }
}

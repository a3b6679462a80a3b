//! Cursors: where a page ended, bound to the query by a hash. A cursor is no secret and no proof:
//! whatever one says, the walk stays in the range of the query that it comes with.

use super::{Bound, Direction, DocumentError, Query};
use crate::Key;
use data_encoding::BASE64URL_NOPAD;
use sha2::{Digest, Sha256};

/// Bytes of the hash that a cursor carries.
const HASH: usize = 12;

/// What the cursors of a query have in common. The limit is not in it: pages may differ in size.
pub(super) fn query_hash(prefix: &Key, query: &Query) -> [u8; HASH] {
    let bound = |b: &Option<Bound>| b.as_ref().map(|b| (b.inclusive, b.value.clone()));
    let said = serde_json::json!([
        query.equals,
        bound(&query.lower),
        bound(&query.upper),
        query.direction == Direction::Descending
    ]);
    let digest = Sha256::new().chain_update(prefix.as_bytes()).chain_update(said.to_string()).finalize();
    let mut out = [0; HASH];
    out.copy_from_slice(&digest[..HASH]);
    out
}

/// The cursor of a page that ended at `last`, a row under `prefix`.
pub(super) fn encode(hash: [u8; HASH], prefix: &Key, last: &Key) -> String {
    let row = last.as_bytes().get(prefix.as_bytes().len()..).unwrap_or_default();
    BASE64URL_NOPAD.encode(&[&hash[..], row].concat())
}

/// The row at which the page before ended.
pub(super) fn decode(hash: [u8; HASH], prefix: &Key, cursor: &str) -> Result<Key, DocumentError> {
    let refused = || DocumentError::Invalid("the cursor is not from this query".into());
    let bytes = BASE64URL_NOPAD.decode(cursor.as_bytes()).map_err(|_| refused())?;
    match bytes.split_at_checked(HASH) {
        Some((head, row)) if head == hash => Ok(prefix.clone().raw(row)),
        _ => Err(refused()),
    }
}

//! Numbers that count up without gaps, in the order of commits.

use crate::error::PublicationError;
use crate::keys;
use yunlong_store::Txn;

/// The number that was given last; 0 before the first.
pub(crate) async fn last(txn: &mut Txn, of: &str) -> Result<u64, PublicationError> {
    Ok(txn.get_as(&keys::number(of)).await?.unwrap_or(0))
}

/// The next number, from 1 on.
pub(crate) async fn next(txn: &mut Txn, of: &str) -> Result<u64, PublicationError> {
    let next = last(txn, of).await? + 1;
    txn.put_as(keys::number(of), &next);
    Ok(next)
}

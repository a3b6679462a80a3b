//! The tree of what may be said of each version: a Merkle tree of RFC 9162's shape and hashing, whose leaves
//! change in their places. Its root goes into every entry of the log, so that one leaf and its path show
//! what the city said of a version at that moment: that it was approved, and *not yanked*, which a log that
//! only grows cannot show by itself.
//!
//! 256 leaves are one row, the roots of complete rows another, so that a change reads and writes two rows.

use crate::error::PublicationError;
use crate::keys;
use serde::{Deserialize, Serialize};
use yunlong_audit::tree::{Hash, leaf_hash, root_of};
use yunlong_store::{Key, StoreError, Txn};

/// Leaves of a row.
const TILE: u64 = 256;

/// The tree as an entry of the log names it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct StateRoot {
    /// Leaves.
    pub(crate) size: u64,
    /// In lower-case hexadecimal.
    pub(crate) root: String,
}

/// How many leaves there are, and the roots of the complete rows.
#[derive(Default)]
struct Head {
    size: u64,
    roots: Vec<Hash>,
}

fn hashes(key: &Key, bytes: &[u8]) -> Result<Vec<Hash>, StoreError> {
    let (chunks, rest) = bytes.as_chunks::<32>();
    if rest.is_empty() { Ok(chunks.to_vec()) } else { Err(StoreError::Corrupt(format!("the hashes of {key:?}"))) }
}

async fn head(txn: &mut Txn) -> Result<Head, PublicationError> {
    let key = keys::state_head();
    let Some(bytes) = txn.get(&key).await? else { return Ok(Head::default()) };
    let damaged = || StoreError::Corrupt(format!("the head of {key:?}"));
    let (size, roots) = bytes.split_first_chunk::<8>().ok_or_else(damaged)?;
    Ok(Head { size: u64::from_be_bytes(*size), roots: hashes(&key, roots)? })
}

async fn tile(txn: &mut Txn, n: u64) -> Result<Vec<Hash>, PublicationError> {
    let key = keys::state_tile(n);
    match txn.get(&key).await? {
        Some(bytes) => Ok(hashes(&key, &bytes)?),
        None => Ok(Vec::new()),
    }
}

/// Sets the leaf of a slot: one that there is, or the next one.
pub(crate) async fn set(txn: &mut Txn, slot: u64, record: &[u8]) -> Result<(), PublicationError> {
    let mut head = head(txn).await?;
    let n = slot / TILE;
    let place = usize::try_from(slot % TILE).unwrap_or(0);
    let mut hashes = tile(txn, n).await?;
    let hash = leaf_hash(record);
    if slot == head.size && place == hashes.len() {
        hashes.push(hash);
        head.size += 1;
    } else {
        let lost = || StoreError::Corrupt(format!("slot {slot} of the tree of versions, which has {}", head.size));
        *hashes.get_mut(place).ok_or_else(lost)? = hash;
    }
    if hashes.len() as u64 == TILE {
        let root = root_of(&hashes);
        let n = usize::try_from(n).unwrap_or(usize::MAX);
        match head.roots.get_mut(n) {
            Some(old) => *old = root,
            None => head.roots.push(root),
        }
    }
    txn.put(keys::state_tile(n), hashes.concat().into());
    txn.put(keys::state_head(), [&head.size.to_be_bytes()[..], &head.roots.concat()].concat().into());
    Ok(())
}

/// The slot that the next version gets.
pub(crate) async fn next_slot(txn: &mut Txn) -> Result<u64, PublicationError> {
    Ok(head(txn).await?.size)
}

/// The roots of all rows, the incomplete one among them.
async fn all_roots(txn: &mut Txn, head: &Head) -> Result<Vec<Hash>, PublicationError> {
    let mut roots = head.roots.clone();
    if !head.size.is_multiple_of(TILE) {
        roots.push(root_of(&tile(txn, head.size / TILE).await?));
    }
    Ok(roots)
}

/// The root as it stands in a transaction.
pub(crate) async fn root(txn: &mut Txn) -> Result<StateRoot, PublicationError> {
    let head = head(txn).await?;
    let root = root_of(&all_roots(txn, &head).await?);
    Ok(StateRoot { size: head.size, root: data_encoding::HEXLOWER.encode(&root) })
}

/// The path from a slot to the root, as RFC 9162 2.1.3.1 makes it.
pub(crate) async fn path(txn: &mut Txn, slot: u64) -> Result<Vec<Hash>, PublicationError> {
    let head = head(txn).await?;
    let hashes = tile(txn, slot / TILE).await?;
    let roots = all_roots(txn, &head).await?;
    let mut out = Vec::new();
    path_in(&hashes, usize::try_from(slot % TILE).unwrap_or(usize::MAX), &mut out);
    path_in(&roots, usize::try_from(slot / TILE).unwrap_or(usize::MAX), &mut out);
    Ok(out)
}

/// The path within a list of subtrees of one size, of which the last may be smaller.
fn path_in(hashes: &[Hash], index: usize, out: &mut Vec<Hash>) {
    if hashes.len() < 2 {
        return;
    }
    // The largest power of two below the length.
    let middle = 1 << (usize::BITS - 1 - (hashes.len() - 1).leading_zeros());
    let (left, right) = hashes.split_at(middle);
    if index < middle {
        path_in(left, index, out);
        out.push(root_of(right));
    } else {
        path_in(right, index - middle, out);
        out.push(root_of(left));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use yunlong_store::SharedStore;
    use yunlong_store::memory::MemoryStore;

    fn record(slot: u64, round: u64) -> Vec<u8> {
        format!("{slot} {round}").into_bytes()
    }

    /// Against the whole list, and against the verifier's own reading of a path.
    #[tokio::test]
    async fn every_slot_leads_to_the_root_whatever_changed_before() {
        let store: SharedStore = Arc::new(MemoryStore::new());
        let mut all: Vec<Hash> = Vec::new();
        for size in 1..=600_u64 {
            let mut txn = Txn::new(store.clone());
            assert_eq!(next_slot(&mut txn).await.unwrap(), size - 1);
            set(&mut txn, size - 1, &record(size - 1, 0)).await.unwrap();
            all.push(leaf_hash(&record(size - 1, 0)));
            let changed = size * 7 % size;
            set(&mut txn, changed, &record(changed, size)).await.unwrap();
            all[changed as usize] = leaf_hash(&record(changed, size));
            txn.commit().await.unwrap();
            if size % 37 != 0 && ![1, 2, 255, 256, 257, 511, 512, 513].contains(&size) {
                continue;
            }
            let mut txn = Txn::new(store.clone());
            let root = root(&mut txn).await.unwrap();
            assert_eq!((root.size, root.root), (size, data_encoding::HEXLOWER.encode(&root_of(&all))));
            for slot in [0, size / 2, size - 1] {
                let path = path(&mut txn, slot).await.unwrap();
                let leaf = all[slot as usize];
                assert!(yunlong_verify::tree::includes(&leaf, slot, size, &path, &root_of(&all)), "{slot} of {size}");
                assert!(
                    size == 1 || !yunlong_verify::tree::includes(&leaf, (slot + 1) % size, size, &path, &root_of(&all))
                );
            }
        }
    }

    #[tokio::test]
    async fn a_slot_that_is_not_there_cannot_be_changed() {
        let store: SharedStore = Arc::new(MemoryStore::new());
        let mut txn = Txn::new(store);
        assert!(set(&mut txn, 3, b"x").await.is_err());
    }
}

//! What the log shows: checkpoints, tiles, bundles of leaves, proofs.

use crate::error::AuditError;
use crate::keys::Position;
use crate::leaf::{Leaf, Pointer};
use crate::note::head;
use crate::sequence::hashes_of;
use crate::state::State;
use crate::tree::{Hash, Span, TILE, consistency, fold, inclusion};
use crate::{Audit, Book, Inner, keys, payload_key, payload_place};
use bytes::Bytes;
use data_encoding::{BASE64, HEXLOWER};
use serde::Serialize;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use yunlong_store::{Direction, Key};

/// That a leaf is in a tree, as `yunlong-verify inclusion` takes it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct InclusionProof {
    /// The leaf's place.
    pub index: u64,
    /// The tree's size.
    pub size: u64,
    /// The leaf, in base64.
    pub leaf: String,
    /// The audit path, from the leaf up, in base64.
    pub proof: Vec<String>,
    /// The signed checkpoint of that size, when one was signed and is kept.
    pub checkpoint: Option<String>,
}

/// That a tree continues another, as `yunlong-verify consistency` takes it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ConsistencyProof {
    /// The smaller size.
    pub from: u64,
    /// The larger size.
    pub to: u64,
    /// The proof of RFC 9162 2.1.4.1, in base64.
    pub proof: Vec<String>,
    /// The signed checkpoints of both sizes, where they are kept.
    pub checkpoints: (Option<String>, Option<String>),
}

/// One record, opened for somebody who is to see it, with the proof that it is in the log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Disclosure {
    /// The proof.
    #[serde(flatten)]
    pub proof: InclusionProof,
    /// What the leaf commits to.
    pub opened: Opened,
    /// That the tree of the proof continues the one of a checkpoint that the reader kept, or the other
    /// way round; only when they asked for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub consistency: Option<ConsistencyProof>,
}

/// What a leaf commits to: SHA-256(salt ‖ record).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Opened {
    /// In lower-case hexadecimal.
    pub salt: String,
    /// In base64.
    pub record: String,
}

fn bad(text: String) -> AuditError {
    AuditError::Invalid(text)
}

impl Audit {
    /// Leaves in the tree.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn size(&self) -> Result<u64, AuditError> {
        Ok(self.inner.state().await?.size)
    }

    /// How many entries of the whole city were hidden from their persons when they were written.
    /// Whoever has the leaves can count them.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn hidden_count(&self) -> Result<u64, AuditError> {
        Ok(self.inner.state().await?.hidden)
    }

    /// The newest checkpoint, with the cosignatures that it has; `None` before the first leaf.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn latest_checkpoint(&self) -> Result<Option<String>, AuditError> {
        match self.inner.state().await?.checkpoint {
            0 => Ok(None),
            size => Ok(Some(self.inner.checkpoint(size).await?.1)),
        }
    }

    /// The checkpoint of this size, if it is kept.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn checkpoint(&self, size: u64) -> Result<Option<String>, AuditError> {
        Ok(self.inner.stored_checkpoint(size).await?.map(|(_, note)| note))
    }

    /// The first `width` hashes of a tile, 256 when it is `None`: C2SP tlog-tiles.
    ///
    /// # Errors
    /// [`AuditError::NotFound`] when the tree has not so many; when the store fails.
    pub async fn tile(&self, level: u8, n: u64, width: Option<u8>) -> Result<Vec<u8>, AuditError> {
        let wanted = width_of(width)? * 32;
        let missing = || AuditError::NotFound(format!("tile {n} of level {level}"));
        let tile = self.inner.store.get(&keys::tile(level, n)).await?.ok_or_else(missing)?;
        Ok(tile.value.get(..wanted).ok_or_else(missing)?.to_vec())
    }

    /// The first `width` leaves of a bundle, 256 when it is `None`, each behind its length in 16 bits.
    ///
    /// # Errors
    /// [`AuditError::NotFound`] when the tree has not so many; when the store fails.
    pub async fn bundle(&self, n: u64, width: Option<u8>) -> Result<Vec<u8>, AuditError> {
        let wanted = width_of(width)?;
        let missing = || AuditError::NotFound(format!("bundle {n}"));
        let pointers = self.inner.pointers(n).await?;
        let mut out = Vec::with_capacity(wanted * 300);
        for pointer in pointers.get(..wanted).ok_or_else(missing)? {
            let (_, leaf) = self.inner.own_leaf(*pointer).await?;
            let length = u16::try_from(leaf.len()).map_err(|_| AuditError::Damaged("a leaf is too long".into()))?;
            out.extend_from_slice(&length.to_be_bytes());
            out.extend_from_slice(&leaf);
        }
        Ok(out)
    }

    /// The proof that the leaf `index` is in the tree of `size` leaves.
    ///
    /// # Errors
    /// [`AuditError::NotFound`] when there is no such leaf or tree; when the store fails.
    pub async fn inclusion_proof(&self, index: u64, size: u64) -> Result<InclusionProof, AuditError> {
        let state = self.inner.state().await?;
        if size > state.size || index >= size {
            return Err(AuditError::NotFound(format!("leaf {index} in a tree of {size}: it has {}", state.size)));
        }
        let proof = self.inner.hashes(&inclusion(index, size)).await?;
        let pointer = self.inner.pointer(index).await?;
        let (_, leaf) = self.inner.own_leaf(pointer).await?;
        let checkpoint = self.checkpoint(size).await?;
        Ok(InclusionProof { index, size, leaf: BASE64.encode(&leaf), proof: encoded(&proof), checkpoint })
    }

    /// The proof that the tree of `to` leaves continues the one of `from` leaves.
    ///
    /// # Errors
    /// [`AuditError::Invalid`] when `from` is the larger one; [`AuditError::NotFound`] when the tree is
    /// smaller; when the store fails.
    pub async fn consistency_proof(&self, from: u64, to: u64) -> Result<ConsistencyProof, AuditError> {
        let state = self.inner.state().await?;
        if from > to {
            return Err(bad(format!("from {from} to {to}: the first size must not be the larger one")));
        }
        if to > state.size {
            return Err(AuditError::NotFound(format!("tree of {to} leaves: it has {}", state.size)));
        }
        // Anything continues the empty tree: there is nothing to prove.
        let spans = if from == 0 { Vec::new() } else { consistency(from, to) };
        let proof = encoded(&self.inner.hashes(&spans).await?);
        Ok(ConsistencyProof {
            from,
            to,
            proof,
            checkpoints: (self.checkpoint(from).await?, self.checkpoint(to).await?),
        })
    }

    /// The leaf of a row: its key, as it stands in the store. `None` while it has none.
    ///
    /// # Errors
    /// [`AuditError::Invalid`] for a key of nothing that is followed; when the store fails.
    pub async fn leaf_of(&self, row: &Key) -> Result<Option<u64>, AuditError> {
        let position = Book::ALL.into_iter().find_map(|book| Position::of(&keys::leaves(book), row));
        let position = position.ok_or_else(|| bad("this is no row that the audit follows".into()))?;
        let state = self.inner.state().await?;
        self.inner.index_of(&state, position).await
    }

    /// The record of a leaf, opened, and the proof that it is in the newest tree that the witnesses have
    /// cosigned: for whoever may see it. Who has `kept` a checkpoint of some size gets the proof that the
    /// two trees belong to one log.
    ///
    /// # Errors
    /// [`AuditError::NotFound`] when there is no such leaf, or its payload is gone, or the log is smaller
    /// than what was kept; when the store fails.
    pub async fn disclose(&self, index: u64, kept: Option<u64>) -> Result<Disclosure, AuditError> {
        let state = self.inner.state().await?;
        if index >= state.size {
            return Err(AuditError::NotFound(format!("leaf {index}: it has {}", state.size)));
        }
        let size = self.inner.best_checkpoint(&state, index).await?;
        let proof = self.inclusion_proof(index, size).await?;
        let consistency = match kept {
            Some(kept) if kept != size => Some(self.consistency_proof(kept.min(size), kept.max(size)).await?),
            _ => None,
        };
        let pointer = self.inner.pointer(index).await?;
        let opened = self.inner.opened(pointer).await?;
        let opened = opened.ok_or_else(|| AuditError::NotFound(format!("payload of the leaf {index}")))?;
        Ok(Disclosure { proof, opened, consistency })
    }
}

fn width_of(width: Option<u8>) -> Result<usize, AuditError> {
    match width {
        None => Ok(TILE),
        Some(0) => Err(bad("a partial tile has 1 to 255 hashes".into())),
        Some(w) => Ok(w.into()),
    }
}

fn encoded(hashes: &[Hash]) -> Vec<String> {
    hashes.iter().map(|h| BASE64.encode(h)).collect()
}

impl Inner {
    /// The size of the checkpoint before, and the signed note.
    pub(crate) async fn stored_checkpoint(&self, size: u64) -> Result<Option<(u64, String)>, AuditError> {
        let found = self.store.get(&keys::checkpoint(size)).await?;
        found.map(|v| self.read_checkpoint(size, &v.value)).transpose()
    }

    /// A checkpoint that must be there.
    pub(crate) async fn checkpoint(&self, size: u64) -> Result<(u64, String), AuditError> {
        let missing = || AuditError::Damaged(format!("the checkpoint of {size} leaves is gone"));
        self.stored_checkpoint(size).await?.ok_or_else(missing)
    }

    pub(crate) async fn pointers(&self, n: u64) -> Result<Vec<Pointer>, AuditError> {
        let row = keys::pointers(n);
        let Some(found) = self.store.get(&row).await? else { return Ok(Vec::new()) };
        Pointer::read_all(&found.value)
            .ok_or_else(|| AuditError::Damaged(format!("the pointers of the leaves from {} on", n * TILE as u64)))
    }

    pub(crate) async fn pointer(&self, index: u64) -> Result<Pointer, AuditError> {
        let pointers = self.pointers(index / TILE as u64).await?;
        let found = pointers.get((index % TILE as u64) as usize);
        found.copied().ok_or_else(|| AuditError::Damaged(format!("the leaf {index} has no pointer")))
    }

    /// Tag and leaf.
    pub(crate) async fn own_leaf(&self, pointer: Pointer) -> Result<(String, Bytes), AuditError> {
        let row = pointer.position.key(&keys::leaves(pointer.book));
        let found = self.store.get(&row).await?;
        let found = found.as_ref().and_then(|found| Some((self.our_row(pointer.book, &found.value)?, &found.value)));
        let (parts, value) =
            found.ok_or_else(|| AuditError::Damaged(format!("the leaf's row {row:?} is gone, or was changed")))?;
        Ok((HEXLOWER.encode(&parts.tag), value.slice_ref(parts.leaf)))
    }

    /// Salt and record of a leaf; `None` when they are gone.
    async fn opened(&self, pointer: Pointer) -> Result<Option<Opened>, AuditError> {
        let (tag, leaf) = self.own_leaf(pointer).await?;
        let Some(sealed) = self.store.get(&payload_key(&tag, pointer)).await? else { return Ok(None) };
        let Some((person, _)) = self.people.stored_under(&tag).await? else { return Ok(None) };
        let commitment = Leaf::parse(&leaf).and_then(|l| l.commitment());
        let commitment = commitment.ok_or_else(|| AuditError::Damaged("a leaf cannot be read".into()))?;
        let plain = person.keys.open(&payload_place(&tag, &commitment), &sealed.value)?;
        let (salt, record) = plain.split_at_checked(crate::SALT).ok_or(yunlong_sealing::SealError::Broken)?;
        Ok(Some(Opened { salt: HEXLOWER.encode(salt), record: BASE64.encode(record) }))
    }

    /// The newest checkpoint over the leaf `index` that all witnesses cosigned, else the one that most
    /// did; the newest of all when none did, or none is configured.
    async fn best_checkpoint(&self, state: &State, index: u64) -> Result<u64, AuditError> {
        const STEP: usize = 200;
        const LOOKED_AT: usize = 20_000;
        let (mut best, mut most, mut looked) = (state.checkpoint, 0, 0);
        let mut range = keys::checkpoints().children();
        range.start = keys::checkpoint(index.saturating_add(1));
        while most < self.witnesses.len() && looked < LOOKED_AT {
            let rows = self.store.scan(&range, Direction::Descending, STEP).await?;
            let Some(last) = rows.last() else { break };
            range.end = last.key.clone();
            looked += rows.len();
            for row in &rows {
                let Some((size, _)) = checkpoint_parts(&row.value).and_then(|(_, _, note)| head(note)) else {
                    continue;
                };
                let (_, note) = self.read_checkpoint(size, &row.value)?;
                let count = self.witnesses.iter().filter(|(key, _)| key.cosignature(&note, &note).is_some()).count();
                // One that was signed meanwhile is of a larger tree than is looked at here.
                if count > most && size <= state.size {
                    (best, most) = (size, count);
                }
            }
        }
        Ok(best)
    }

    /// The hashes of subtrees.
    pub(crate) async fn hashes(&self, spans: &[Span]) -> Result<Vec<Hash>, AuditError> {
        let mut tiles: BTreeMap<(u8, u64), Vec<Hash>> = BTreeMap::new();
        let mut out = Vec::with_capacity(spans.len());
        for span in spans {
            let mut parts = Vec::new();
            for complete in span.complete() {
                let (level, n, part) = complete.in_tile();
                if let Entry::Vacant(place) = tiles.entry((level, n)) {
                    let found = self.store.get(&keys::tile(level, n)).await?;
                    place.insert(hashes_of(&found.map(|v| v.value).unwrap_or_default()));
                }
                let hashes = tiles.get(&(level, n)).and_then(|t| t.get(part));
                let missing = || AuditError::Damaged(format!("the tile {n} of level {level} lacks hashes"));
                parts.push(crate::tree::root_of(hashes.ok_or_else(missing)?));
            }
            out.push(fold(&parts));
        }
        Ok(out)
    }

    /// The leaf at a position, by halving: positions rise with indexes, since sources are merged in
    /// the order of their commits.
    pub(crate) async fn index_of(&self, state: &State, position: Position) -> Result<Option<u64>, AuditError> {
        let (mut low, mut high) = (0, state.size.div_ceil(TILE as u64));
        while low < high {
            let middle = u64::midpoint(low, high);
            let pointers = self.pointers(middle).await?;
            let (Some(first), Some(last)) = (pointers.first(), pointers.last()) else { return Ok(None) };
            if position < first.position {
                high = middle;
            } else if position > last.position {
                low = middle + 1;
            } else {
                let found = pointers.binary_search_by_key(&position, |p| p.position).ok();
                return Ok(found.map(|n| middle * TILE as u64 + n as u64));
            }
        }
        Ok(None)
    }

    /// Lets checkpoints go that are older than a day, but one for each hour and those that a witness
    /// cosigned; answers how many.
    async fn thin(&self, before: yunlong_model::Timestamp) -> Result<u64, AuditError> {
        const HOUR: i64 = 3_600_000;
        const AT_ONCE: usize = 5_000;
        let state = self.state().await?;
        let mut range = keys::checkpoints().children();
        range.start = keys::checkpoint(*self.thinned.lock());
        let (mut gone, mut hour) = (0, None);
        // Those that go, up to the next one that stays.
        let mut due: Vec<u64> = Vec::new();
        loop {
            let rows = self.store.scan(&range, Direction::Ascending, 500).await?;
            let Some(last) = rows.last() else { return Ok(gone) };
            range.start = last.key.next();
            for row in &rows {
                let Some((size, _)) = checkpoint_parts(&row.value).and_then(|(_, _, note)| head(note)) else {
                    continue;
                };
                let (_, note) = self.read_checkpoint(size, &row.value)?;
                let at = self.time_of_leaf(size.saturating_sub(1)).await?;
                let this = Some(at.0.div_euclid(HOUR));
                let needed = hour != this || cosignatures(&note) > 0 || size == state.checkpoint || at >= before;
                if !needed && due.len() < AT_ONCE {
                    due.push(size);
                } else if !due.is_empty() {
                    gone += self.drop_checkpoints(&std::mem::take(&mut due), size).await?;
                }
                hour = this;
                if at >= before {
                    return Ok(gone);
                }
                if due.is_empty() {
                    *self.thinned.lock() = size;
                }
            }
        }
    }

    /// Removes checkpoints, and links the next one to the one before them.
    async fn drop_checkpoints(&self, due: &[u64], next: u64) -> Result<u64, AuditError> {
        let mut txn = yunlong_store::Txn::new(self.store.clone());
        let first = due.first().copied().unwrap_or_default();
        let rows = (txn.get(&keys::checkpoint(first)).await?, txn.get(&keys::checkpoint(next)).await?);
        let (Some(gone), Some(kept)) = rows else { return Ok(0) };
        let (previous, _) = self.read_checkpoint(first, &gone)?;
        let (_, note) = self.read_checkpoint(next, &kept)?;
        due.iter().for_each(|size| txn.delete(keys::checkpoint(*size)));
        txn.put(keys::checkpoint(next), self.checkpoint_row(next, previous, &note));
        txn.commit().await?;
        Ok(due.len() as u64)
    }

    pub(crate) async fn time_of_leaf(&self, index: u64) -> Result<yunlong_model::Timestamp, AuditError> {
        let (_, leaf) = self.own_leaf(self.pointer(index).await?).await?;
        let leaf = Leaf::parse(&leaf).ok_or_else(|| AuditError::Damaged(format!("the leaf {index} cannot be read")))?;
        Ok(leaf.at)
    }
}

impl Audit {
    /// Lets checkpoints go that nobody needs any more: older than a day, not the last of an hour, not
    /// cosigned. The leaves that they covered are covered by later ones. Answers how many.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn thin(&self) -> Result<u64, AuditError> {
        let _alone = self.inner.exporting.write().await;
        self.inner.thin(self.inner.clock.now().plus_millis(-86_400_000)).await
    }
}

/// How many signatures a note has beside the log's own.
pub(crate) fn cosignatures(note: &str) -> usize {
    note.lines().filter(|l| l.starts_with("— ")).count().saturating_sub(1)
}

/// A stored checkpoint: the size of the one before, the row's keyed hash, the note.
pub(crate) fn checkpoint_parts(row: &[u8]) -> Option<(u64, [u8; 32], &str)> {
    let (previous, rest) = row.split_first_chunk::<8>()?;
    let (mac, note) = rest.split_first_chunk::<32>()?;
    Some((u64::from_be_bytes(*previous), *mac, std::str::from_utf8(note).ok()?))
}

impl Inner {
    fn mac_of_checkpoint(&self, size: u64, previous: u64, note: &str) -> [u8; 32] {
        let row = keys::checkpoint(size);
        let parts = [row.as_bytes(), &previous.to_be_bytes(), note.as_bytes()];
        crate::leaf::hmac(self.secrets.state.as_slice(), &parts)
    }

    /// A checkpoint as it is stored: under a keyed hash, since nothing signs which one came before, and
    /// that a cosignature is there.
    pub(crate) fn checkpoint_row(&self, size: u64, previous: u64, note: &str) -> Bytes {
        let mac = self.mac_of_checkpoint(size, previous, note);
        [&previous.to_be_bytes()[..], &mac, note.as_bytes()].concat().into()
    }

    /// The size of the checkpoint before, and the note.
    pub(crate) fn read_checkpoint(&self, size: u64, row: &[u8]) -> Result<(u64, String), AuditError> {
        let held = checkpoint_parts(row).filter(|(p, mac, note)| *mac == self.mac_of_checkpoint(size, *p, note));
        let changed = || AuditError::Damaged(format!("the checkpoint of {size} leaves was changed"));
        held.map(|(previous, _, note)| (previous, note.to_owned())).ok_or_else(changed)
    }
}

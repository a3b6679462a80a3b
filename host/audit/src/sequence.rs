//! The sequencer: gives rows their places in the tree, in the order of their commits.

use crate::error::AuditError;
use crate::keys::Position;
use crate::leaf::{Leaf, Pointer, TAG, of_row, sha256};
use crate::note::head;
use crate::state::{Followed, State};
use crate::tree::{Edge, Hash, LEVELS, TILE, Tile, leaf_hash};
use crate::{Audit, Inner, keys};
use bytes::Bytes;
use serde::Deserialize;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::Instant;
use yunlong_model::Timestamp;
use yunlong_store::{CommitError, Direction, Key, Seq, Txn};

/// The most leaves of one step: what a commit and a moment's work can hold.
const STEP: usize = 16_384;
/// How often a step is tried against others that take it.
const ATTEMPTS: u32 = 32;
/// The pause after a failure.
const PAUSE: Duration = Duration::from_secs(2);
/// How often payloads that are too old, and old checkpoints, are looked for.
const UPKEEP: Duration = Duration::from_secs(3_600);

/// A row that is to become a leaf.
struct Row {
    source: u16,
    position: Position,
    key: Key,
    value: Bytes,
}

/// A leaf that has its hash.
struct Made {
    pointer: Pointer,
    hash: Hash,
    hidden: bool,
    /// Where the leaf's index is to be found, when it excuses payloads that are gone.
    excuses: Option<Key>,
}

/// What a step did.
enum Step {
    Idle,
    Grown { more: bool },
}

impl Audit {
    /// Gives everything that is committed now its place in the tree; answers the tree's size. The
    /// newest checkpoint covers it.
    ///
    /// # Errors
    /// When the store fails; [`AuditError::Damaged`] when the tiles do not have the root that was
    /// signed last: then nothing is signed any more until somebody has looked.
    pub async fn sequence_once(&self) -> Result<u64, AuditError> {
        let mut conflicts = 0;
        loop {
            match self.inner.step().await {
                Ok(Step::Grown { more: true }) => conflicts = 0,
                Ok(Step::Grown { more: false } | Step::Idle) => return Ok(self.inner.state().await?.size),
                // Another sequencer was faster: go on from what it did.
                Err(AuditError::Commit(CommitError::Conflict)) if conflicts < ATTEMPTS => conflicts += 1,
                Err(e) => return Err(e),
            }
        }
    }

    /// Sequences, offers checkpoints to the witnesses, finishes erasures and lets old payloads expire,
    /// until `stop` is true or its sender is gone.
    pub async fn run(self, stop: watch::Receiver<bool>) {
        tokio::join!(self.sequencing(stop.clone()), self.offering(stop.clone()), self.upkeep(stop));
    }

    async fn sequencing(&self, mut stop: watch::Receiver<bool>) {
        let mut commits = self.inner.store.watch();
        loop {
            commits.mark_unchanged();
            let began = Instant::now();
            let pause = match self.sequence_once().await {
                Ok(_) => self.inner.config.checkpoint_every,
                Err(error) => {
                    tracing::error!(%error, "the audit's log does not grow");
                    PAUSE
                }
            };
            if wait(&mut stop, tokio::time::sleep_until(began + pause)).await {
                break;
            }
            let new = async {
                // Without a sender the store is closed, and the next step says so.
                let _ = commits.changed().await;
            };
            if wait(&mut stop, new).await {
                break;
            }
        }
        // What was acknowledged before the end is in the last checkpoint.
        if let Err(error) = self.sequence_once().await {
            tracing::warn!(%error, "the last audit rows get their leaves at the next start");
        }
    }

    async fn upkeep(&self, mut stop: watch::Receiver<bool>) {
        loop {
            for done in [self.finish_erasures().await, self.expire().await, self.thin().await] {
                if let Err(error) = done {
                    tracing::error!(%error, "the audit's upkeep failed and is tried again in an hour");
                }
            }
            if wait(&mut stop, tokio::time::sleep(UPKEEP)).await {
                return;
            }
        }
    }
}

/// Waits; answers whether it is time to stop.
pub(crate) async fn wait(stop: &mut watch::Receiver<bool>, what: impl Future<Output = ()>) -> bool {
    tokio::select! {
        _ = stop.wait_for(|stop| *stop) => true,
        () = what => false,
    }
}

impl Inner {
    /// One commit: the next rows, their tiles, a checkpoint.
    async fn step(&self) -> Result<Step, AuditError> {
        // Read before the rows: every row of a commit up to here is there.
        let until = *self.store.watch().borrow();
        let mut txn = Txn::new(self.store.clone());
        let mut state = match txn.get(&keys::state()).await? {
            Some(found) => self.read_under_hash(&keys::state(), &found)?,
            None => self.first_state().await?,
        };
        self.follow_new_trails(&mut state);
        let mut rows = self.gather(&state, until).await?;
        let Some(last) = rows.last().map(|r| r.position) else { return Ok(Step::Idle) };
        let more = rows.len() == STEP;
        let edge = self.edge(&mut txn, &state).await?;
        let trails: Vec<String> = state.trails.iter().map(|t| t.name.clone()).collect();
        let salts: Vec<[u8; 32]> =
            rows.iter().map(|r| if r.source == 0 { [0; 32] } else { self.salt_of_row(&r.key) }).collect();
        // Milliseconds of hashing: not on a thread that answers requests.
        let work = move || {
            let mut edge = edge;
            let made: Vec<Made> = rows.drain(..).zip(salts).map(|(row, salt)| make(&trails, row, &salt)).collect();
            let hashes: Vec<Hash> = made.iter().map(|m| m.hash).collect();
            let tiles = edge.extend(&hashes);
            (edge, made, tiles)
        };
        let (edge, made, tiles) =
            tokio::task::spawn_blocking(work).await.map_err(|_| yunlong_store::StoreError::Closed)?;
        self.put_tiles(&mut txn, state.size, &made, tiles).await?;
        for (n, made) in made.iter().enumerate() {
            state.hidden += u64::from(made.hidden);
            if let Some(row) = &made.excuses {
                txn.put(row.clone(), (state.size + n as u64).to_be_bytes().to_vec().into());
            }
        }
        let previous = std::mem::replace(&mut state.checkpoint, edge.size());
        let note = self.key.checkpoint(edge.size(), &edge.root());
        txn.put(keys::checkpoint(edge.size()), self.checkpoint_row(edge.size(), previous, &note));
        state.size = edge.size();
        (state.seq, state.place) = if more { (last.seq, last.place) } else { (until.0, u64::MAX) };
        txn.put(keys::state(), self.under_hash(&keys::state(), &state)?.into());
        txn.commit().await?;
        Ok(Step::Grown { more })
    }

    /// A trail that is given for the first time is covered from here on; from the beginning, when the
    /// log itself begins.
    fn follow_new_trails(&self, state: &mut State) {
        for trail in &self.trails {
            if !state.trails.iter().any(|t| t.name == trail.name) {
                state.trails.push(Followed { name: trail.name.clone(), after: (state.seq, state.place) });
            }
        }
    }

    /// The next rows of all sources in the order of their commits, at most [`STEP`].
    async fn gather(&self, state: &State, until: Seq) -> Result<Vec<Row>, AuditError> {
        let mut rows = Vec::new();
        let from = if state.size == 0 && state.seq == 0 { Position::default() } else { state.position().next() };
        for source in 0..=state.trails.len() {
            let source = u16::try_from(source).map_err(|_| AuditError::Config("too many trails".into()))?;
            let (prefix, _) = self.source(state, source)?;
            let mut range = keys::rows(&prefix, from, until);
            let enough = rows.len() + STEP;
            while rows.len() < enough {
                let found = self.store.scan(&range, Direction::Ascending, enough - rows.len()).await?;
                let Some(last) = found.last() else { break };
                range.start = last.key.next();
                // Keys that no append made were put there by somebody; the export names them.
                rows.extend(found.into_iter().filter_map(|e| {
                    Some(Row { source, position: Position::of(&prefix, &e.key)?, key: e.key, value: e.value })
                }));
            }
        }
        rows.sort_by_key(|r| r.position);
        rows.truncate(STEP);
        Ok(rows)
    }

    /// The right edge of the stored tree, which must have the root that was signed last.
    async fn edge(&self, txn: &mut Txn, state: &State) -> Result<Edge, AuditError> {
        let mut levels = Vec::with_capacity(usize::from(LEVELS));
        for (level, n, width) in Edge::shape(state.size) {
            let hashes = match width {
                0 => Vec::new(),
                _ => hashes_of(&txn.get(&keys::tile(level, n)).await?.unwrap_or_default()),
            };
            if hashes.len() != width {
                return Err(AuditError::Damaged(format!("the tile {n} of level {level} has not {width} hashes")));
            }
            levels.push(hashes);
        }
        let edge = Edge::new(state.size, levels);
        if state.checkpoint > 0 {
            let (_, note) = self.checkpoint(state.checkpoint).await?;
            if head(&note) != Some((edge.size(), edge.root())) {
                let why = format!("its tiles do not have the root that was signed for {} leaves", state.checkpoint);
                return Err(AuditError::Damaged(why));
            }
        }
        Ok(edge)
    }

    async fn put_tiles(&self, txn: &mut Txn, size: u64, made: &[Made], tiles: Vec<Tile>) -> Result<(), AuditError> {
        for tile in tiles {
            txn.put(keys::tile(tile.level, tile.n), tile.hashes.concat().into());
        }
        let first = keys::pointers(size / TILE as u64);
        let mut row = if size.is_multiple_of(TILE as u64) {
            Vec::new()
        } else {
            txn.get(&first).await?.map(|b| b.to_vec()).unwrap_or_default()
        };
        for (made, index) in made.iter().zip(size..) {
            made.pointer.write(&mut row);
            if (index + 1).is_multiple_of(TILE as u64) {
                txn.put(keys::pointers(index / TILE as u64), std::mem::take(&mut row).into());
            }
        }
        if !row.is_empty() {
            txn.put(keys::pointers((size + made.len() as u64) / TILE as u64), row.into());
        }
        Ok(())
    }
}

/// A row's leaf. A leaf that cannot be read stays what it is: the verifier will name it.
fn make(trails: &[String], row: Row, salt: &[u8; 32]) -> Made {
    if row.source == 0 {
        let bytes = row.value.get(TAG..).unwrap_or_default();
        let leaf = Leaf::parse(bytes);
        let pointer = Pointer { source: 0, position: row.position, row: None };
        let hidden = leaf.as_ref().is_some_and(|l| l.hidden);
        let excuses = leaf.and_then(|l| match (l.erased, l.expired) {
            (Some(tag), _) => Some(keys::erased(&tag)),
            (None, Some(range)) => Some(keys::expiry(range.to)),
            (None, None) => None,
        });
        return Made { pointer, hash: leaf_hash(bytes), hidden, excuses };
    }
    let commitment = sha256(&[salt, &row.value]);
    let at = time_of(&row.value);
    let trail = trails.get(usize::from(row.source) - 1).map_or("", String::as_str);
    let hash = leaf_hash(&of_row(trail, at, &commitment));
    let pointer = Pointer { source: row.source, position: row.position, row: Some((at, commitment)) };
    Made { pointer, hash, hidden: false, excuses: None }
}

/// When a trail's row says that it was written; the beginning of time for one that says nothing.
pub(crate) fn time_of(row: &[u8]) -> Timestamp {
    #[derive(Deserialize)]
    struct At {
        at: Timestamp,
    }
    serde_json::from_slice(row).map_or(Timestamp(0), |At { at }| at)
}

/// The hashes of a stored tile.
pub(crate) fn hashes_of(tile: &[u8]) -> Vec<Hash> {
    // What is left over of a row that somebody cut makes the count wrong, which is noticed.
    tile.chunks(32).map(|c| c.try_into().unwrap_or([0; 32])).collect()
}

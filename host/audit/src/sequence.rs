//! The sequencer: gives rows their places in the tree, in the order of their commits.

use crate::error::AuditError;
use crate::keys::Position;
use crate::leaf::{Leaf, Pointer, row_parts};
use crate::note::head;
use crate::state::State;
use crate::tree::{Edge, Hash, LEVELS, TILE, Tile, leaf_hash};
use crate::{Audit, Book, Inner, keys};
use bytes::Bytes;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::Instant;
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
    book: Book,
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
    /// signed last, or a row behind them was not written by this log: then nothing is signed any more
    /// until somebody has looked.
    pub async fn sequence_once(&self) -> Result<u64, AuditError> {
        let progress = &self.inner.progress;
        let attempt = progress.attempt();
        let done = self.grow().await;
        match &done {
            Ok(size) => progress.grown(&attempt, *size),
            Err(why) => progress.failed(&attempt, why),
        }
        done
    }

    async fn grow(&self) -> Result<u64, AuditError> {
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
        let rows = self.gather(&state, until).await?;
        let Some(last) = rows.last().map(|r| r.position) else { return Ok(Step::Idle) };
        let more = rows.len() == STEP;
        let edge = self.edge(&mut txn, &state).await?;
        let key = self.secrets.rows.clone();
        // Milliseconds of hashing: not on a thread that answers requests.
        let work = move || {
            let mut edge = edge;
            let made: Vec<Made> = rows.iter().map(|row| make(key.as_slice(), row)).collect::<Result<_, _>>()?;
            let hashes: Vec<Hash> = made.iter().map(|m| m.hash).collect();
            let tiles = edge.extend(&hashes);
            Ok::<_, AuditError>((edge, made, tiles))
        };
        let (edge, made, tiles) =
            tokio::task::spawn_blocking(work).await.map_err(|_| yunlong_store::StoreError::Closed)??;
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

    /// The next rows of all books in the order of their commits, at most [`STEP`].
    async fn gather(&self, state: &State, until: Seq) -> Result<Vec<Row>, AuditError> {
        let mut rows = Vec::new();
        for book in Book::ALL {
            let prefix = keys::leaves(book);
            let mut range = keys::rows(&prefix, state.next(), until);
            let enough = rows.len() + STEP;
            while rows.len() < enough {
                let found = self.store.scan(&range, Direction::Ascending, enough - rows.len()).await?;
                let Some(last) = found.last() else { break };
                range.start = last.key.next();
                // Keys that no append made were put there by somebody; the export names them.
                rows.extend(found.into_iter().filter_map(|e| {
                    Some(Row { book, position: Position::of(&prefix, &e.key)?, key: e.key, value: e.value })
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

/// A row's leaf.
fn make(key: &[u8], row: &Row) -> Result<Made, AuditError> {
    let parts = row_parts(key, row.book, &row.value).filter(|parts| parts.ours);
    let strange = || {
        let why = format!("the row {:?} is behind the log's end, and this log did not write it", row.key);
        AuditError::Damaged(why)
    };
    let parts = parts.ok_or_else(strange)?;
    let leaf = Leaf::parse(parts.leaf).ok_or_else(strange)?;
    let excuses = match (&leaf.erased, &leaf.expired) {
        (Some(tag), _) => Some(keys::erased(tag)),
        (None, Some(range)) => Some(keys::expiry(range.to)),
        (None, None) => None,
    };
    let pointer = Pointer { book: row.book, position: row.position };
    Ok(Made { pointer, hash: leaf_hash(parts.leaf), hidden: leaf.hidden, excuses })
}

/// The hashes of a stored tile.
pub(crate) fn hashes_of(tile: &[u8]) -> Vec<Hash> {
    // What is left over of a row that somebody cut makes the count wrong, which is noticed.
    tile.chunks(32).map(|c| c.try_into().unwrap_or([0; 32])).collect()
}

//! A store that holds one call back, so that two things happen at once in an order that a test chooses.

use async_trait::async_trait;
use std::sync::{Arc, Mutex};
use tokio::sync::oneshot;
use yunlong_store::memory::MemoryStore;
use yunlong_store::{Batch, CommitError, Direction, Entry, Key, KeyRange, Seq, Store, StoreError, Versioned, Write};

/// A store in memory with a gate.
#[derive(Default)]
pub(crate) struct Gated {
    inner: MemoryStore,
    gate: Mutex<Option<Gate>>,
}

struct Gate {
    at: At,
    reached: oneshot::Sender<()>,
    opened: oneshot::Receiver<()>,
}

/// Which call is held back: the first of these.
pub(crate) enum At {
    /// A commit that writes into a range.
    Commit(KeyRange),
    /// A read of a key of a range.
    Get(KeyRange),
}

/// A call that is held back.
pub(crate) struct Held {
    reached: oneshot::Receiver<()>,
    open: oneshot::Sender<()>,
}

impl Held {
    /// Waits until the call came.
    pub(crate) async fn reached(&mut self) {
        (&mut self.reached).await.unwrap();
    }

    /// Lets it go on.
    pub(crate) fn open(self) {
        self.open.send(()).unwrap();
    }
}

impl Gated {
    /// Holds back the next such call.
    pub(crate) fn hold(&self, at: At) -> Held {
        let ((reached, has_reached), (open, opened)) = (oneshot::channel(), oneshot::channel());
        *self.gate.lock().unwrap() = Some(Gate { at, reached, opened });
        Held { reached: has_reached, open }
    }

    async fn pass(&self, meant: impl Fn(&At) -> bool) {
        let gate = self.gate.lock().unwrap().take_if(|gate| meant(&gate.at));
        if let Some(gate) = gate {
            gate.reached.send(()).unwrap();
            gate.opened.await.unwrap();
        }
    }
}

/// The store as the service takes it.
pub(crate) fn gated() -> Arc<Gated> {
    Arc::default()
}

#[async_trait]
impl Store for Gated {
    async fn get(&self, key: &Key) -> Result<Option<Versioned>, StoreError> {
        self.pass(|at| matches!(at, At::Get(range) if range.contains(key))).await;
        self.inner.get(key).await
    }
    async fn scan(&self, range: &KeyRange, direction: Direction, limit: usize) -> Result<Vec<Entry>, StoreError> {
        self.inner.scan(range, direction, limit).await
    }
    async fn counter(&self, key: &Key) -> Result<i64, StoreError> {
        self.inner.counter(key).await
    }
    async fn counters(&self, range: &KeyRange, limit: usize) -> Result<Vec<(Key, i64)>, StoreError> {
        self.inner.counters(range, limit).await
    }
    async fn commit(&self, batch: Batch) -> Result<Seq, CommitError> {
        let puts = |range: &KeyRange| batch.writes.iter().any(|w| matches!(w, Write::Put(k, _) if range.contains(k)));
        self.pass(|at| matches!(at, At::Commit(range) if puts(range))).await;
        self.inner.commit(batch).await
    }
    fn watch(&self) -> tokio::sync::watch::Receiver<Seq> {
        self.inner.watch()
    }
}

//! A store that takes a breath before each of its steps, so that a process can be killed between any two.

use async_trait::async_trait;
use std::future::{Future, poll_fn};
use std::task::Poll;
use yunlong_store::{
    Batch, CommitError, Direction, Entry, Key, KeyRange, Seq, SharedStore, Store, StoreError, Versioned,
};

pub(crate) struct Stepped(pub(crate) SharedStore);

async fn breath() {
    let mut taken = false;
    poll_fn(|cx| {
        if std::mem::replace(&mut taken, true) {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

#[async_trait]
impl Store for Stepped {
    async fn get(&self, key: &Key) -> Result<Option<Versioned>, StoreError> {
        breath().await;
        self.0.get(key).await
    }

    async fn scan(&self, range: &KeyRange, direction: Direction, limit: usize) -> Result<Vec<Entry>, StoreError> {
        breath().await;
        self.0.scan(range, direction, limit).await
    }

    async fn counter(&self, key: &Key) -> Result<i64, StoreError> {
        breath().await;
        self.0.counter(key).await
    }

    async fn counters(&self, range: &KeyRange, limit: usize) -> Result<Vec<(Key, i64)>, StoreError> {
        breath().await;
        self.0.counters(range, limit).await
    }

    async fn commit(&self, batch: Batch) -> Result<Seq, CommitError> {
        breath().await;
        let committed = self.0.commit(batch).await;
        // Killed here, it is committed and nobody was told.
        breath().await;
        committed
    }

    fn watch(&self) -> tokio::sync::watch::Receiver<Seq> {
        self.0.watch()
    }
}

/// Runs something until it ends, or is killed behind that many breaths.
pub(crate) async fn killed_after<F: Future>(breaths: usize, run: F) -> Option<F::Output> {
    let mut run = std::pin::pin!(run);
    for _ in 0..breaths {
        if let Poll::Ready(ended) = futures::poll!(run.as_mut()) {
            return Some(ended);
        }
    }
    None
}

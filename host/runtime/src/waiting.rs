//! Requests of a release that wait for their answers: how many have waited for too long, and how they are ended
//! before their own limits.
//!
//! A call's outcome is known when it ends. A release that hangs would not be seen to fail before its limit of time,
//! which may be a minute; and its calls would hold all places of the installation long after it was left.

use parking_lot::Mutex;
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tokio::sync::Notify;

/// The requests of one release that are under way.
#[derive(Default)]
pub(crate) struct Waiting {
    /// When each began, the oldest first; its number tells those of one instant apart.
    begun: Mutex<BTreeSet<(Instant, u64)>>,
    numbers: AtomicU64,
    /// How long one may take from now on.
    limit: Mutex<Option<Duration>>,
    hastened: Notify,
}

/// A request that is under way, until it is dropped.
pub(crate) struct UnderWay<'a> {
    waiting: &'a Waiting,
    begun: Instant,
    number: u64,
}

impl Waiting {
    pub(crate) fn begin(&self) -> UnderWay<'_> {
        let (begun, number) = (Instant::now(), self.numbers.fetch_add(1, Ordering::Relaxed));
        self.begun.lock().insert((begun, number));
        UnderWay { waiting: self, begun, number }
    }

    /// How many have waited for longer than this.
    pub(crate) fn longer_than(&self, limit: Duration) -> usize {
        let Some(before) = Instant::now().checked_sub(limit) else { return 0 };
        self.begun.lock().range(..(before, 0)).count()
    }

    /// From now on a request ends as soon as it has taken this long, those that are under way among them; `None`:
    /// when its own limit ends it, as ever.
    pub(crate) fn hasten(&self, limit: Option<Duration>) {
        *self.limit.lock() = limit;
        self.hastened.notify_waiters();
    }
}

impl UnderWay<'_> {
    /// How long it has taken so far.
    pub(crate) fn took(&self) -> Duration {
        self.begun.elapsed()
    }

    /// Completes with the limit once it is [hastened](Waiting::hasten) and has taken that long.
    pub(crate) async fn too_long(&self) -> Duration {
        loop {
            // Taken before the limit is read, so that no change of it is missed.
            let hastened = self.waiting.hastened.notified();
            let limit = *self.waiting.limit.lock();
            let Some(limit) = limit else {
                hastened.await;
                continue;
            };
            tokio::select! {
                () = tokio::time::sleep_until((self.begun + limit).into()) => return limit,
                () = hastened => {}
            }
        }
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.waiting.begun.lock().remove(&(self.begun, self.number));
    }
}

//! Takes rows from the queues and hands them to the consumers.

mod attempt;
mod load;

use crate::deliver::Attempted;
use crate::lanes::{Lane, Turns};
use crate::{Deliver, Messaging, MessagingError};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinSet;
use yunlong_model::{InstallationName, Timestamp};
use yunlong_store::{Key, Seq};

/// Without anything else to wait for, look again after this time.
const IDLE: Duration = Duration::from_secs(60);
/// At shutdown, deliveries under way may take this long to end; what has not ended by then is
/// dropped, loses nothing, and is delivered again.
const GRACE: Duration = Duration::from_secs(2);
/// After the store has failed, try again after this time.
const TROUBLE: Duration = Duration::from_secs(1);

/// What the dispatcher knows of one installation's queue in the store.
#[derive(Default)]
struct Known {
    /// The version of the queue's marker when it was read last.
    marker: Seq,
    /// The last ready row that was read: rows come in the order of commits, so new ones are
    /// behind it.
    cursor: Option<Key>,
    /// Ready rows may be left behind the cursor.
    more: bool,
    /// When the first delayed row falls due.
    waiting: Option<Timestamp>,
    /// When each job that is not in a lane falls due.
    jobs: BTreeMap<String, Timestamp>,
    /// When each run was asked for that had a job come before its time.
    asked: BTreeMap<String, Timestamp>,
    /// Rows that failed before this dispatcher started: failures, and when they come again.
    failed: HashMap<Key, (u32, Timestamp)>,
}

/// What a step did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Attempts that ended in this step.
    pub attempts: usize,
    /// When there is something to do next, if nothing is published before.
    pub next: Option<Timestamp>,
}

struct Finished {
    installation: InstallationName,
    lane: Lane,
    outcome: Attempted,
}

/// Delivers what is in the queues. There is one at a time; a second one over the same store would
/// do no harm but work for nothing, since an acknowledgment validates that its row is still there.
pub struct Dispatcher {
    messaging: Arc<Messaging>,
    deliver: Arc<dyn Deliver>,
    known: BTreeMap<InstallationName, Known>,
    turns: Turns,
    tasks: JoinSet<Finished>,
}

impl Dispatcher {
    /// A dispatcher that starts from what is stored.
    #[must_use]
    pub fn new(messaging: Arc<Messaging>, deliver: Arc<dyn Deliver>) -> Self {
        Self { messaging, deliver, known: BTreeMap::new(), turns: Turns::default(), tasks: JoinSet::new() }
    }

    /// One step, for tests and tools: reads what is due by the service's clock, starts as many
    /// deliveries as the limits allow, and waits until all of them have ended. Dropping the future
    /// is as good as a crash, after which only a new dispatcher may go on.
    ///
    /// # Errors
    /// [`MessagingError`] when the store fails.
    pub async fn poll_once(&mut self) -> Result<Progress, MessagingError> {
        self.load().await?;
        self.start();
        let mut attempts = 0;
        while let Some(finished) = self.tasks.join_next().await {
            if let Ok(finished) = finished {
                self.settle(finished);
                attempts += 1;
            }
        }
        Ok(Progress { attempts, next: self.next_time() })
    }

    /// Delivers until `shutdown` becomes true or the store closes.
    async fn run(mut self, mut shutdown: watch::Receiver<bool>) {
        let mut commits = self.messaging.store.watch();
        let messaging = self.messaging.clone();
        while !*shutdown.borrow() {
            commits.mark_unchanged();
            let wait = match self.load().await {
                Ok(()) => {
                    self.start();
                    self.next_time().map_or(IDLE, |at| until(at, messaging.clock.now()))
                }
                Err(e) => {
                    tracing::warn!(error = %e, "messages cannot be read from the store");
                    TROUBLE
                }
            };
            tokio::select! {
                Some(finished) = self.tasks.join_next() => if let Ok(finished) = finished { self.settle(finished) },
                changed = commits.changed() => if changed.is_err() { break },
                () = messaging.wake.notified() => {}
                () = tokio::time::sleep(wait) => {}
                changed = shutdown.changed() => if changed.is_err() { break },
            }
        }
        let _ = tokio::time::timeout(GRACE, async { while self.tasks.join_next().await.is_some() {} }).await;
    }

    /// Starts deliveries up to the limits.
    fn start(&mut self) {
        let config = self.messaging.config;
        while self.tasks.len() < config.concurrency {
            let Some((installation, lane, item)) = self.turns.start(config.concurrency_per_installation) else { break };
            let (messaging, deliver) = (self.messaging.clone(), self.deliver.clone());
            self.tasks.spawn(async move {
                let outcome = match &lane {
                    Lane::Job(job) => messaging.attempt_job(&*deliver, &installation, job).await,
                    Lane::Key(_) | Lane::Row(_) => {
                        messaging.attempt_row(&*deliver, &installation, &item.row, item.failures).await
                    }
                };
                Finished { installation, lane, outcome }
            });
        }
        self.report();
    }

    fn settle(&mut self, finished: Finished) {
        let Finished { installation, lane, outcome } = finished;
        let now = self.messaging.clock.now();
        let lanes = self.turns.of(&installation);
        match outcome {
            Attempted::Done => lanes.finish(&lane),
            Attempted::Next(at) => {
                lanes.finish(&lane);
                if let Lane::Job(job) = lane {
                    self.known.entry(installation).or_default().jobs.insert(job, at);
                }
            }
            Attempted::Retry(at) => {
                let is_job = matches!(lane, Lane::Job(_));
                lanes.again(&lane, Some(at), true);
                if is_job && let Some(known) = self.known.get_mut(&installation) {
                    // Somebody may have asked for a run between the attempt's commit and now.
                    known.marker = Seq::default();
                }
            }
            Attempted::Later(at) => lanes.again(&lane, Some(at), false),
            Attempted::Parked => {
                lanes.again(&lane, None, false);
                lanes.park(now.plus_millis(self.messaging.config.parked_millis));
            }
        }
    }

    fn next_time(&self) -> Option<Timestamp> {
        let stored = self.known.values().flat_map(|k| k.waiting.into_iter().chain(k.jobs.values().copied())).min();
        [stored, self.turns.next_time()].into_iter().flatten().min()
    }

    fn report(&self) {
        for (installation, lanes) in &self.turns.lanes {
            self.messaging.stats.update(installation, |s| {
                s.depth = lanes.pending() as u64;
                s.running = lanes.running() as u64;
                s.parked = lanes.is_parked();
            });
        }
    }
}

impl Messaging {
    /// Delivers until `shutdown` becomes true (or its sender is dropped) or the store closes.
    /// Deliveries under way get two seconds to end.
    pub async fn run(self: Arc<Self>, deliver: Arc<dyn Deliver>, shutdown: watch::Receiver<bool>) {
        Dispatcher::new(self, deliver).run(shutdown).await;
    }
}

fn until(at: Timestamp, now: Timestamp) -> Duration {
    // At least a millisecond, so that a clock that stands still does not make the loop spin.
    Duration::from_millis(u64::try_from(at.0.saturating_sub(now.0)).unwrap_or(0).max(1)).min(IDLE)
}

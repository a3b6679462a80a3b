//! The recorder: everything that waits to be written goes into one commit, and whoever waits for it
//! is answered when the commit is on stable storage.

use crate::error::AuditError;
use std::collections::BTreeMap;
use tokio::sync::{mpsc, oneshot};
use yunlong_store::{Append, Batch, CommitError, Key, ReadCheck, Seq, SharedStore};

/// The most rows and bytes of one group: far under the limits of a batch, and small enough that
/// nobody waits long for the others.
const ROWS: usize = 4_096;
const BYTES: usize = 8 << 20;
/// How many may wait before callers wait to be let in.
const QUEUE: usize = 4_096;

/// Rows of one caller; all are committed together.
pub(crate) struct Request {
    pub(crate) appends: Vec<Append>,
    /// Rows that must be as they were: keys of people, and what the caller's entries rest on.
    pub(crate) checks: Vec<ReadCheck>,
    pub(crate) done: oneshot::Sender<Result<Seq, CommitError>>,
}

impl Request {
    fn bytes(&self) -> usize {
        self.appends.iter().map(|a| a.value.len() + a.prefix.as_bytes().len() + 18).sum()
    }
}

/// Hands rows over to the task that commits them.
#[derive(Clone)]
pub(crate) struct Recorder {
    queue: mpsc::Sender<Request>,
}

impl Recorder {
    /// Starts the task; it ends when the last handle is dropped and everything handed over is written.
    pub(crate) fn start(store: SharedStore) -> Self {
        let (queue, requests) = mpsc::channel(QUEUE);
        tokio::spawn(work(store, requests));
        Self { queue }
    }

    /// Answers when the rows are on stable storage.
    pub(crate) async fn commit(&self, appends: Vec<Append>, checks: Vec<ReadCheck>) -> Result<Seq, AuditError> {
        let (done, answer) = oneshot::channel();
        let closed = |()| AuditError::from(yunlong_store::StoreError::Closed);
        let request = Request { appends, checks, done };
        self.queue.send(request).await.map_err(|_| closed(()))?;
        Ok(answer.await.map_err(|_| closed(()))??)
    }
}

async fn work(store: SharedStore, mut requests: mpsc::Receiver<Request>) {
    let mut waiting = None;
    loop {
        let first = match waiting.take() {
            Some(request) => request,
            None => match requests.recv().await {
                Some(request) => request,
                None => return,
            },
        };
        let (mut rows, mut bytes) = (first.appends.len(), first.bytes());
        let mut group = vec![first];
        while let Ok(next) = requests.try_recv() {
            if rows + next.appends.len() > ROWS || bytes + next.bytes() > BYTES {
                waiting = Some(next);
                break;
            }
            rows += next.appends.len();
            bytes += next.bytes();
            group.push(next);
        }
        commit(&store, group).await;
    }
}

/// Commits a group. When a row that somebody checks has changed meanwhile (a person's key was destroyed, a
/// grant revoked), only they are told, and the others are committed together.
async fn commit(store: &SharedStore, mut group: Vec<Request>) {
    let result = store.commit(batch_of(&mut group, true)).await;
    if !matches!(result, Err(CommitError::Conflict)) || group.len() == 1 {
        return group.into_iter().for_each(|r| answer(r, result.clone()));
    }
    let mut holding = stand(store, group).await;
    if holding.is_empty() {
        return;
    }
    let result = store.commit(batch_of(&mut holding, true)).await;
    if !matches!(result, Err(CommitError::Conflict)) {
        return holding.into_iter().for_each(|r| answer(r, result.clone()));
    }
    // Something changed once more: each by itself, so that nobody waits for the others' luck.
    for request in holding {
        let mut alone = [request];
        let batch = batch_of(&mut alone, false);
        let result = store.commit(batch).await;
        let [request] = alone;
        answer(request, result);
    }
}

/// Tells those whose checks fail, and answers the others.
async fn stand(store: &SharedStore, group: Vec<Request>) -> Vec<Request> {
    let mut now: BTreeMap<Key, Option<Seq>> = BTreeMap::new();
    let mut holding = Vec::with_capacity(group.len());
    for request in group {
        let mut failed = None;
        for check in &request.checks {
            let version = match now.get(&check.key) {
                Some(version) => *version,
                None => match store.get(&check.key).await {
                    Ok(found) => *now.entry(check.key.clone()).or_insert(found.map(|f| f.version)),
                    Err(e) => {
                        failed = Some(CommitError::from(e));
                        break;
                    }
                },
            };
            if version != check.version {
                failed = Some(CommitError::Conflict);
                break;
            }
        }
        match failed {
            Some(error) => answer(request, Err(error)),
            None => holding.push(request),
        }
    }
    holding
}

fn answer(request: Request, result: Result<Seq, CommitError>) {
    // A caller that has gone does not need the answer.
    let _ = request.done.send(result);
}

/// One batch of all. `keep`: the rows may be needed once more.
fn batch_of(group: &mut [Request], keep: bool) -> Batch {
    let mut reads: BTreeMap<Key, Option<Seq>> = BTreeMap::new();
    let mut batch = Batch::default();
    for request in group {
        for check in &request.checks {
            // Two views of one key cannot both hold: then the group conflicts, as it must.
            if let Some(other) = reads.insert(check.key.clone(), check.version).filter(|v| *v != check.version) {
                batch.reads.push(ReadCheck { key: check.key.clone(), version: other });
            }
        }
        match keep {
            true => batch.appends.extend(request.appends.iter().cloned()),
            false => batch.appends.append(&mut request.appends),
        }
    }
    batch.reads.extend(reads.into_iter().map(|(key, version)| ReadCheck { key, version }));
    batch
}

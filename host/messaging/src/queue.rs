//! Keys and rows of a queue.

use crate::{Failure, Kind};
use serde::{Deserialize, Serialize};
use yunlong_model::{Event, InstallationName, Timestamp};
use yunlong_store::key::Part;
use yunlong_store::{Key, Txn};

const SPACE: &str = "@messaging";

/// A row of a queue.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct QueueRow {
    pub(crate) kind: Kind,
    pub(crate) event: Event,
}

/// What is known of a row that has failed: absent before the first failure.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct RetryState {
    pub(crate) failures: Vec<Failure>,
    pub(crate) not_before: Timestamp,
}

/// The next run of a job. There is one row a job, under its name, so no restart and no second
/// installation can schedule it twice.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct JobRow {
    pub(crate) cron: String,
    pub(crate) scheduled: Timestamp,
    pub(crate) retry: RetryState,
}

impl JobRow {
    /// When the dispatcher must look at it.
    pub(crate) fn due(&self) -> Timestamp {
        self.scheduled.max(self.retry.not_before)
    }
}

fn queue(installation: &InstallationName, part: &str) -> Key {
    Key::space(installation.as_str()).text("q").text(part)
}

pub(crate) fn ready(installation: &InstallationName) -> Key {
    queue(installation, "r")
}

pub(crate) fn waiting(installation: &InstallationName) -> Key {
    queue(installation, "w")
}

/// When a key under [`waiting`] falls due.
pub(crate) fn due_of(key: &Key) -> Option<Timestamp> {
    match key.parts().nth(3) {
        Some(Part::U64(ms)) => i64::try_from(ms).ok().map(Timestamp),
        _ => None,
    }
}

pub(crate) fn retry_states(installation: &InstallationName) -> Key {
    queue(installation, "s")
}

pub(crate) fn retry_state(installation: &InstallationName, row: &Key) -> Key {
    retry_states(installation).raw(row.as_bytes())
}

pub(crate) fn jobs(installation: &InstallationName) -> Key {
    queue(installation, "j")
}

pub(crate) fn job(installation: &InstallationName, name: &str) -> Key {
    jobs(installation).text(name)
}

pub(crate) fn dead(installation: &InstallationName) -> Key {
    Key::space(installation.as_str()).text("dead")
}

pub(crate) fn once(installation: &InstallationName, topic: &str, key: &str) -> Key {
    Key::space(installation.as_str()).text("once").text(topic).text(key)
}

pub(crate) fn markers() -> Key {
    Key::space(SPACE).text("queue")
}

pub(crate) fn inboxes() -> Key {
    Key::space(SPACE).text("inbox")
}

pub(crate) fn inbox(account: &str) -> Key {
    inboxes().text(account)
}

/// Whose inbox a key is in.
pub(crate) fn inbox_owner(key: &Key) -> Option<String> {
    match key.parts().nth(2) {
        Some(Part::Text(account)) => Some(account),
        _ => None,
    }
}

pub(crate) fn unread(account: &str) -> Key {
    Key::space(SPACE).text("unread").text(account)
}

/// Stages the marker by which the dispatcher sees that a queue changed. It is written and never
/// read in a transaction, so publishers do not conflict over it.
pub(crate) fn mark(txn: &mut Txn, installation: &InstallationName) {
    txn.put(markers().text(installation.as_str()), bytes::Bytes::new());
}

/// Stages a row: ready, or delayed until `not_before`.
pub(crate) fn enqueue(txn: &mut Txn, to: &InstallationName, row: &QueueRow, not_before: Option<Timestamp>) {
    let prefix = match not_before {
        Some(at) => waiting(to).u64(at.as_u64()),
        None => ready(to),
    };
    txn.append_as(prefix, row);
    mark(txn, to);
}

/// Reads a row.
pub(crate) fn parse<T: serde::de::DeserializeOwned>(key: &Key, bytes: &[u8]) -> Result<T, crate::MessagingError> {
    serde_json::from_slice(bytes).map_err(|e| yunlong_store::StoreError::Corrupt(format!("{key:?}: {e}")).into())
}

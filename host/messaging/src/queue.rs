//! Keys and rows of a queue.

use crate::{Failure, Kind};
use serde::{Deserialize, Serialize};
use yunlong_model::{Event, InstallationName, Timestamp};
use yunlong_store::key::Part;
use yunlong_store::{Key, StoreError, Txn};

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
    /// A person wants it run before its time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) asked: Option<Asked>,
}

/// Who did something, and when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Asked {
    pub(crate) by: String,
    pub(crate) at: Timestamp,
}

impl JobRow {
    /// When the dispatcher must look at it. A job that is paused runs only when somebody asks.
    pub(crate) fn due(&self, paused: bool) -> Option<Timestamp> {
        let at = match &self.asked {
            Some(asked) => asked.at,
            None if paused => return None,
            None => self.scheduled,
        };
        Some(at.max(self.retry.not_before))
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

/// Jobs that somebody paused. Not part of the job's row, which a run reads: pausing must not undo
/// what a run has done.
pub(crate) fn all_paused(installation: &InstallationName) -> Key {
    queue(installation, "p")
}

pub(crate) fn paused(installation: &InstallationName, job: &str) -> Key {
    all_paused(installation).text(job)
}

/// Who runs a job now.
pub(crate) fn claim(installation: &InstallationName, job: &str) -> Key {
    queue(installation, "c").text(job)
}

/// Until when the claim of a job stands. Not part of the claim, which a run reads: renewing must
/// not conflict with the run.
pub(crate) fn beat(installation: &InstallationName, job: &str) -> Key {
    queue(installation, "b").text(job)
}

/// The runs of a job that are over.
pub(crate) fn runs(installation: &InstallationName, job: &str) -> Key {
    queue(installation, "h").text(job)
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

/// Stands there when an installation was removed.
pub(crate) fn closed(installation: &InstallationName) -> Key {
    Key::space(SPACE).text("closed").text(installation.as_str())
}

pub(crate) fn marker(installation: &InstallationName) -> Key {
    markers().text(installation.as_str())
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
    txn.put(marker(installation), bytes::Bytes::new());
}

/// Stages a row: ready, or delayed until `not_before`. A queue that was closed takes none, and one
/// that is closed before the commit makes it a conflict: nothing is written for what was removed.
pub(crate) async fn enqueue(
    txn: &mut Txn,
    to: &InstallationName,
    row: &QueueRow,
    not_before: Option<Timestamp>,
) -> Result<(), StoreError> {
    if txn.get(&closed(to)).await?.is_some() {
        return Ok(());
    }
    let prefix = match not_before {
        Some(at) => waiting(to).u64(at.as_u64()),
        None => ready(to),
    };
    txn.append_as(prefix, row);
    mark(txn, to);
    Ok(())
}

/// Reads a row.
pub(crate) fn parse<T: serde::de::DeserializeOwned>(key: &Key, bytes: &[u8]) -> Result<T, crate::MessagingError> {
    serde_json::from_slice(bytes).map_err(|e| yunlong_store::StoreError::Corrupt(format!("{key:?}: {e}")).into())
}

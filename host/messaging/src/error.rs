//! Why a call failed.

use yunlong_store::{CommitError, StoreError};

/// Why a call failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MessagingError {
    /// The manifest declares no such topic under `publishes`.
    #[error("the app declares no topic `{0}` under [[publishes]]")]
    Undeclared(String),
    /// The payload breaks the topic's schema, or something is empty or too long.
    #[error("{0}")]
    Invalid(String),
    /// There is no such dead letter: never, or it was redriven or discarded.
    #[error("there is no dead letter `{0}`")]
    UnknownDeadLetter(String),
    /// The installation has no such job.
    #[error("there is no job `{0}`: the app's manifest names its jobs")]
    UnknownJob(String),
    /// The job is being run.
    #[error("the job `{0}` is being run: wait until it has ended")]
    JobRuns(String),
    /// There is no such note in this person's inbox.
    #[error("there is no such note")]
    UnknownNote,
    /// A note could not be sealed or opened.
    #[error("the encryption of notes failed: {0}")]
    Sealing(String),
    /// A commit was refused.
    #[error(transparent)]
    Commit(#[from] CommitError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

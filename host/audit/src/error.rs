//! What can go wrong.

use yunlong_sealing::SealError;
use yunlong_store::{CommitError, StoreError};

/// Why the audit did not do something. When an entry was not written, what it tells must not be
/// answered.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AuditError {
    /// The configuration cannot be used.
    #[error("the audit cannot be opened: {0}")]
    Config(String),
    /// What was given is not something to look for.
    #[error("{0}")]
    Invalid(String),
    /// It is not in the log, or not yet.
    #[error("there is no {0} in the log")]
    NotFound(String),
    /// What is stored is not what was signed or written: somebody changed it.
    #[error("the stored audit was changed: {0}: export the log and let yunlong-verify name the first fault")]
    Damaged(String),
    /// The log does not grow, so that nothing personal is read until it does.
    #[error(
        "the audit log does not grow ({waiting} entries without a leaf, the oldest for {seconds} s): no personal data \
         is read until it does; an operator must look: {why}"
    )]
    Behind {
        /// Entries without a leaf.
        waiting: u64,
        /// For how long.
        seconds: u64,
        /// What keeps it from growing.
        why: String,
    },
    /// Too many others changed the same at once.
    #[error("the person's audit key changed again and again while the entry was written: try again")]
    Busy,
    /// What the entries rest on (a grant, a consent) has changed before they could be written.
    #[error("what was to be written down rests on something that has changed meanwhile: decide again")]
    Moved,
    /// One export at a time.
    #[error("another export of the log is being gathered: try again when it has ended")]
    Exporting,
    /// Something does not open or seal.
    #[error(transparent)]
    Sealed(#[from] SealError),
    /// The store failed or refused.
    #[error(transparent)]
    Commit(#[from] CommitError),
    /// An export cannot be written.
    #[error("the export cannot be written: {0}")]
    Write(String),
}

impl From<StoreError> for AuditError {
    fn from(e: StoreError) -> Self {
        Self::Commit(e.into())
    }
}

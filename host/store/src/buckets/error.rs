//! Why a call on a bucket failed.

use crate::{CommitError, StoreError};

/// Why a call on a bucket failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BucketError {
    /// `app.toml` declares no such bucket.
    #[error("app.toml does not declare the bucket `{0}`: list it under [[buckets]]")]
    Undeclared(String),
    /// A key, value or number that cannot be.
    #[error("{0}")]
    Invalid(String),
    /// Over a limit.
    #[error("too large: {0}")]
    TooLarge(String),
    /// The installation holds as much as it may. Nothing was written.
    #[error("{0}")]
    OverQuota(String),
    /// Others changed the same key each time. Nothing was written.
    #[error("others change the same key all the time: try again")]
    Conflict,
    /// The store failed. Nothing was written, unless it happened during a commit.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<CommitError> for BucketError {
    fn from(error: CommitError) -> Self {
        match error {
            CommitError::Conflict => Self::Conflict,
            CommitError::TooLarge(what) => Self::TooLarge(what),
            e @ CommitError::OverQuota { .. } => Self::OverQuota(e.to_string()),
            CommitError::Store(e) => Self::Store(e),
            // Nothing of a bucket is a counter.
            e @ CommitError::OutOfBounds { .. } => Self::Invalid(e.to_string()),
        }
    }
}

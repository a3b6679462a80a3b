//! Why a call on documents failed: the words of the WIT interface `city:data/collections`.

use crate::key::Part;
use crate::{CommitError, StoreError};

/// Why a call on documents failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DocumentError {
    /// Another commit changed something that the transaction read. Run it again.
    #[error("something that was read has changed since: run the transaction again")]
    Conflict,
    /// `insert` met a document with this id.
    #[error("there is a document `{0}` already")]
    AlreadyExists(String),
    /// A value of a unique index is taken.
    #[error("the value of the unique index `{index}` of `{collection}` is taken by `{existing}`")]
    UniqueViolation {
        /// The collection.
        collection: String,
        /// The unique index.
        index: String,
        /// The id of the document that has the value.
        existing: String,
    },
    /// A counter would leave its bounds. Nothing was written.
    #[error("the counter `{counter}` of `{key}` stands at {value}: {delta} is not possible within {min}..={max}")]
    OutOfBounds {
        /// The counter's declared name.
        counter: String,
        /// The counter's key.
        key: String,
        /// What it stands at, earlier adjustments of the same transaction included.
        value: i64,
        /// The adjustment that was refused.
        delta: i64,
        /// The lower bound.
        min: i64,
        /// The upper bound.
        max: i64,
    },
    /// `app.toml` declares no such collection, index or counter.
    #[error("app.toml does not declare {0}")]
    Undeclared(String),
    /// A document, id, query or cursor that cannot be.
    #[error("{0}")]
    Invalid(String),
    /// Over a limit.
    #[error("too large: {0}")]
    TooLarge(String),
    /// The installation holds as much as it may. Nothing was written.
    #[error("{0}")]
    OverQuota(String),
    /// The store failed. Nothing was written, unless it happened during a commit.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<CommitError> for DocumentError {
    fn from(error: CommitError) -> Self {
        match error {
            CommitError::Conflict => Self::Conflict,
            CommitError::TooLarge(what) => Self::TooLarge(what),
            e @ CommitError::OverQuota { .. } => Self::OverQuota(e.to_string()),
            CommitError::Store(e) => Self::Store(e),
            CommitError::OutOfBounds { adjust, value } => {
                // A document's counter stands under installation/`c`/counter/key.
                let mut names = adjust.key.parts().skip(2).map(|part| match part {
                    Part::Text(text) => text,
                    Part::U64(n) => n.to_string(),
                });
                Self::OutOfBounds {
                    counter: names.next().unwrap_or_default(),
                    key: names.next().unwrap_or_default(),
                    value,
                    delta: adjust.delta,
                    min: adjust.min,
                    max: adjust.max,
                }
            }
        }
    }
}

//! Why something was not done with a file.

use yunlong_blobs::BlobError;
use yunlong_store::{CommitError, StoreError};

/// Why a ticket does not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TicketError {
    /// It was not issued here, or changed on the way.
    #[error("this is no ticket of this platform")]
    Forged,
    /// Its time is over.
    #[error("the ticket has expired: open the page again")]
    Expired,
    /// It was issued for another installation.
    #[error("the ticket is another app's")]
    OtherInstallation,
    /// It was issued for another person, or nobody is signed in.
    #[error("the ticket is another person's: open the page again")]
    OtherPerson,
}

/// Why something was not done with a file. Nothing was changed then, unless a variant says so.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// The manifest has no such area.
    #[error("app.toml declares no area of files `{0}`: add it under [[files]]")]
    Undeclared(String),
    /// No such file or upload, or it has expired.
    #[error("there is no such file: it was deleted, or has expired without having been attached")]
    NotFound,
    /// It was uploaded by somebody else.
    #[error("the file was uploaded by another person")]
    NotYours,
    /// It belongs to another document.
    #[error("the file is attached to `{0}` already")]
    Attached(String),
    /// A name, path, number or range that cannot be.
    #[error("{0}")]
    Invalid(String),
    /// More bytes than the area, or the ticket, takes.
    #[error("the file is too large: at most {limit} bytes are possible")]
    TooLarge {
        /// Bytes.
        limit: u64,
    },
    /// A type that the area, or the ticket, does not take.
    #[error("the file is {found}, and {} is wanted", .wanted.join(" or "))]
    WrongType {
        /// What it is.
        found: String,
        /// What is taken.
        wanted: Vec<String>,
    },
    /// The installation's files would take more than they may.
    #[error("the app has no room for the file: it may store {limit} bytes of files")]
    OverQuota {
        /// Bytes.
        limit: u64,
    },
    /// The person has begun too many uploads.
    #[error("too many uploads are begun and not sent: finish them, or wait until they expire")]
    TooManyOpen,
    /// The ticket does not count.
    #[error(transparent)]
    Ticket(#[from] TicketError),
    /// The client goes on elsewhere than where the upload is.
    #[error("the upload is at {at}: go on there")]
    Offset {
        /// Bytes that are durable.
        at: u64,
    },
    /// The bytes are others than their checksum says; they were dropped.
    #[error("the bytes do not have their checksum: send them again")]
    Checksum,
    /// The client was cut off. What arrived is kept.
    #[error("the upload was cut off: go on with it")]
    Cut,
    /// Another request works on it.
    #[error("another request is working on this upload: try again in a moment")]
    Busy,
    /// The installation was removed.
    #[error("the app was removed and takes no files")]
    Closed,
    /// The bytes cannot be kept or read.
    #[error(transparent)]
    Blob(BlobError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The commit failed.
    #[error(transparent)]
    Commit(CommitError),
}

impl From<BlobError> for FileError {
    fn from(e: BlobError) -> Self {
        match e {
            BlobError::Busy => Self::Busy,
            // What was acknowledged is gone: there is nothing to go on with.
            BlobError::Lost { .. } => Self::NotFound,
            e => Self::Blob(e),
        }
    }
}

impl From<CommitError> for FileError {
    fn from(e: CommitError) -> Self {
        match e {
            // The one counter of this room.
            CommitError::OutOfBounds { adjust, .. } => {
                Self::OverQuota { limit: u64::try_from(adjust.max).unwrap_or(0) }
            }
            e => Self::Commit(e),
        }
    }
}

//! The installation's own data: typed collections of JSON documents, queries over their declared
//! indexes, bounded counters and serializable transactions.

mod query;
mod transact;

pub use query::{Index, Page, Query};
pub(crate) use query::{RawBound, RawPage, RawQuery};
pub use transact::{Tx, transact};

use crate::backend::{Active, Backend};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::marker::PhantomData;
use std::ops::Deref;

/// A type whose values are stored as documents of one collection. Derive it:
///
/// ```
/// use serde::{Deserialize, Serialize};
/// use yunlong_sdk::Document;
///
/// #[derive(Serialize, Deserialize, Document)]
/// #[document(collection = "entries", indexes("by-time", "by-author"))]
/// struct Entry {
///     #[document(id)]
///     number: String,
///     time: u64,
///     author: String,
/// }
/// assert_eq!(Entry::COLLECTION, "entries");
/// assert_eq!(Entry::BY_TIME.name(), "by-time");
/// ```
///
/// `indexes(…)` names the indexes that `app.toml` declares; each becomes a constant of type
/// [`Index`]. What could never be stored does not compile, such as a struct without an id:
///
/// ```compile_fail
/// #[derive(serde::Serialize, serde::Deserialize, yunlong_sdk::Document)]
/// #[document(collection = "entries")]
/// struct Entry {
///     number: String,
/// }
/// ```
///
/// or a name that `app.toml` would refuse:
///
/// ```compile_fail
/// #[derive(serde::Serialize, serde::Deserialize, yunlong_sdk::Document)]
/// #[document(collection = "Guest Entries")]
/// struct Entry {
///     #[document(id)]
///     number: String,
/// }
/// ```
pub trait Document: Serialize + DeserializeOwned {
    /// The collection's name in `app.toml`.
    const COLLECTION: &'static str;

    /// The document's id: 1 to 256 bytes.
    fn id(&self) -> &str;
}

/// A document as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored<T> {
    /// Its id.
    pub id: String,
    /// The sequence number of the commit that wrote this state.
    pub version: u64,
    /// The document.
    pub value: T,
}

impl<T> Deref for Stored<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T> Stored<T> {
    /// The document alone.
    #[must_use]
    pub fn into_value(self) -> T {
        self.value
    }
}

/// Why a data call failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DataError {
    /// Another commit changed something that this transaction read. [`transact`] runs it again
    /// by itself; this arrives only when it gave up.
    #[error("another commit changed what this transaction read")]
    Conflict,
    /// `insert` met a document with this id.
    #[error("`{0}` exists already")]
    AlreadyExists(String),
    /// A value of a unique index is taken by another document.
    #[error("{collection}: the index `{index}` has this value for `{existing}` already")]
    UniqueViolation {
        /// The collection.
        collection: String,
        /// The unique index.
        index: String,
        /// The id of the document that has the value.
        existing: String,
    },
    /// An adjustment would take a counter outside its bounds; nothing was written.
    #[error("counter `{counter}` of `{key}` stands at {value}: {delta:+} would leave {min} to {max}")]
    OutOfBounds {
        /// The counter's declared name.
        counter: String,
        /// The counter's key.
        key: String,
        /// What the counter stands at.
        value: i64,
        /// The adjustment that was refused.
        delta: i64,
        /// The lower bound that was asked for.
        min: i64,
        /// The upper bound that was asked for.
        max: i64,
    },
    /// `app.toml` declares no such collection, index or counter.
    #[error("not declared in app.toml: {0}")]
    Undeclared(String),
    /// The document is not a JSON object, an id is empty or too long, a cursor is not from this
    /// query.
    #[error("invalid: {0}")]
    Invalid(String),
    /// A document, query or transaction is over a limit.
    #[error("too large: {0}")]
    TooLarge(String),
    /// The transaction is closed.
    #[error("the transaction is closed")]
    Closed,
    /// The store cannot be reached.
    #[error("the store cannot be reached: {0}")]
    Unavailable(String),
    /// A stored document does not have the type that was asked for.
    #[error("{collection} `{id}`: {problem}")]
    Mismatch {
        /// The collection.
        collection: String,
        /// The document.
        id: String,
        /// What is wrong.
        problem: String,
    },
    /// Anything else, in words.
    #[error("{0}")]
    Other(String),
}

/// A document as the backend gives it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RawDocument {
    pub(crate) id: String,
    pub(crate) version: u64,
    pub(crate) body: String,
}

pub(crate) fn decode<T: Document>(raw: RawDocument) -> Result<Stored<T>, DataError> {
    match serde_json::from_str(&raw.body) {
        Ok(value) => Ok(Stored { id: raw.id, version: raw.version, value }),
        Err(e) => Err(DataError::Mismatch { collection: T::COLLECTION.to_owned(), id: raw.id, problem: e.to_string() }),
    }
}

pub(crate) fn encode<T: Serialize>(value: &T) -> Result<String, DataError> {
    serde_json::to_string(value).map_err(|e| DataError::Invalid(e.to_string()))
}

/// A collection, read and written outside any transaction of the caller's own.
///
/// ```no_run
/// # use serde::{Deserialize, Serialize};
/// # use yunlong_sdk::{Collection, Document};
/// # #[derive(Serialize, Deserialize, Document)]
/// # #[document(collection = "entries")]
/// # struct Entry { #[document(id)] number: String }
/// const ENTRIES: Collection<Entry> = Collection::new();
/// # fn f() -> Result<(), yunlong_sdk::DataError> {
/// let entry = ENTRIES.get("E-1")?;
/// # Ok(()) }
/// ```
pub struct Collection<T>(PhantomData<fn() -> T>);

impl<T> Clone for Collection<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Collection<T> {}

impl<T: Document> Default for Collection<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T: Document> Collection<T> {
    /// The collection of `T`.
    #[must_use]
    pub const fn new() -> Self {
        Self(PhantomData)
    }

    /// Reads one document as last committed.
    ///
    /// # Errors
    /// [`DataError`].
    pub fn get(self, id: &str) -> Result<Option<Stored<T>>, DataError> {
        Active::get(T::COLLECTION, id)?.map(decode).transpose()
    }

    /// Reads one page as last committed.
    ///
    /// # Errors
    /// [`DataError`].
    pub fn find(self, query: Query<T>) -> Result<Page<T>, DataError> {
        Page::decode(Active::find(T::COLLECTION, &query.raw)?)
    }

    /// Adds a document whose id must be new, in a transaction of its own.
    ///
    /// # Errors
    /// [`DataError::AlreadyExists`] and the others.
    pub fn insert(self, document: &T) -> Result<(), DataError> {
        transact(|tx| tx.insert(document))
    }

    /// Adds or replaces a document, in a transaction of its own.
    ///
    /// # Errors
    /// [`DataError`].
    pub fn put(self, document: &T) -> Result<(), DataError> {
        transact(|tx| tx.put(document))
    }

    /// Removes a document, in a transaction of its own; one that is absent is no error.
    ///
    /// # Errors
    /// [`DataError`].
    pub fn delete(self, id: &str) -> Result<(), DataError> {
        transact(|tx| tx.delete::<T>(id))
    }
}

/// What a counter stands at, as last committed; one that was never adjusted is 0.
///
/// # Errors
/// [`DataError`].
pub fn counter(counter: &str, key: &str) -> Result<i64, DataError> {
    Active::counter(counter, key)
}

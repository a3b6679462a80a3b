//! Collections of JSON documents with declared indexes, on top of keys.
//!
//! Layout, in the installation's key space: documents stand under `d`/collection/id, index rows
//! under `i`/collection/index/values/id and, for unique indexes, `u`/collection/index/values; the
//! value of an index row is the document's id. Counters are under `c`/counter/key, audit rows
//! under `audit`. Documents of sealed collections are encrypted, see [`Schema::with_keys`]. Index rows are written in the commit of their document, so a scan of an index
//! that is remembered as a range catches every phantom.

mod cursor;
mod encode;
mod error;
mod query;
mod rebuild;
mod seal;
mod write;

use crate::{CommitError, Key, Seq, SharedStore, StoreError, Txn};
use bytes::Bytes;
pub use error::DocumentError;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use yunlong_model::{InstallationName, Manifest, Timestamp};
use yunlong_sealing::Keyring;

pub use crate::Direction;

/// Appends a JSON scalar as bytes whose order is the order of the values, as index rows have it: null <
/// false < true < numbers < strings. Every value says where it ends, so that values can stand one behind
/// the other, under [`Key::raw`]. `false` when it is an array or an object; then nothing was appended.
pub fn ordered_scalar(out: &mut Vec<u8>, value: &Value) -> bool {
    encode::scalar(out, value)
}

/// The longest id of a document, and the longest key of a counter, in bytes.
pub const MAX_ID: usize = 256;
/// The largest document in bytes of JSON text.
pub const MAX_BODY: usize = 1024 * 1024;
/// The most documents that a page may hold.
pub const MAX_PAGE: u32 = 500;
/// A page ends early when its documents have this many bytes, or the last of them goes over it.
pub const MAX_PAGE_BYTES: usize = 4 * 1024 * 1024;
/// The largest `detail` of an audit row in bytes of JSON text.
pub const MAX_AUDIT_DETAIL: usize = 16 * 1024;

/// What an installation may store: the collections, indexes and counters of its manifest.
#[derive(Clone, Debug)]
pub struct Schema {
    space: Key,
    collections: BTreeMap<String, Collection>,
    counters: BTreeSet<String>,
    keys: Option<Arc<Keyring>>,
}

#[derive(Clone, Debug)]
struct Collection {
    indexes: Vec<Index>,
    sealed: bool,
}

#[derive(Clone, Debug)]
struct Index {
    name: String,
    /// Paths, split at the dots.
    fields: Vec<Vec<String>>,
    unique: bool,
}

/// A stored document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// Its id: 1 to 256 bytes.
    pub id: String,
    /// The commit that wrote it; 0 for a transaction's own write, which has no commit yet.
    pub version: Seq,
    /// A JSON object as text, as it was written.
    pub body: String,
}

/// One end of a range.
#[derive(Clone, Debug, PartialEq)]
pub struct Bound {
    /// A JSON scalar.
    pub value: Value,
    /// Whether the value itself is in the range.
    pub inclusive: bool,
}

/// A query over one index. Scalars are ordered null < false < true < numbers < strings, numbers by
/// value, strings by code points.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Query {
    /// The index's declared name, or `id` for the order of ids.
    pub index: String,
    /// JSON scalars for the first fields of the index.
    pub equals: Vec<Value>,
    /// The lower end for the field that follows.
    pub lower: Option<Bound>,
    /// The upper end for the field that follows.
    pub upper: Option<Bound>,
    /// Which way to walk.
    pub direction: Direction,
    /// 1 to 500 documents.
    pub limit: u32,
    /// `next` of the page before, of the same query.
    pub cursor: Option<String>,
}

/// A page of a query's answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// The documents in the index's order.
    pub documents: Vec<Document>,
    /// The cursor of the next page; `None` when there is no more.
    pub next: Option<String>,
}

/// A row of an installation's audit trail.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AuditRow {
    /// When it was written.
    pub at: Timestamp,
    /// Who did it.
    pub actor: String,
    /// A verb such as `order.refund`.
    pub action: String,
    /// What it was done to.
    pub target: String,
    /// A JSON object without personal data.
    pub detail: Value,
}

impl Schema {
    /// The schema of an installation.
    #[must_use]
    pub fn new(installation: &InstallationName, manifest: &Manifest) -> Self {
        let index = |i: &yunlong_model::manifest::Index| Index {
            name: i.name.clone(),
            fields: i.fields.iter().map(|f| f.split('.').map(str::to_owned).collect()).collect(),
            unique: i.unique,
        };
        let collections = manifest.collections.iter();
        Self {
            space: Key::space(installation.as_str()),
            collections: collections
                .map(|c| {
                    let indexes = c.indexes.iter().map(index).collect();
                    (c.name.clone(), Collection { indexes, sealed: c.sealed })
                })
                .collect(),
            counters: manifest.counters.iter().cloned().collect(),
            keys: None,
        }
    }

    /// The same, with the keys that documents of sealed collections are encrypted with. Without them
    /// such documents are neither written nor read.
    #[must_use]
    pub fn with_keys(self, keys: Arc<Keyring>) -> Self {
        Self { keys: Some(keys), ..self }
    }

    /// Reads one document in a transaction.
    ///
    /// # Errors
    /// Undeclared collection, impossible id, or the store's.
    pub async fn get(&self, txn: &mut Txn, collection: &str, id: &str) -> Result<Option<Document>, DocumentError> {
        let key = self.document_key(collection, id)?;
        let found = txn.get_versioned(&key).await?;
        found.map(|v| self.document(&key, id, v.version, &v.value)).transpose()
    }

    /// Reads one document outside a transaction.
    ///
    /// # Errors
    /// As [`Schema::get`].
    pub async fn get_committed(
        &self,
        store: &SharedStore,
        collection: &str,
        id: &str,
    ) -> Result<Option<Document>, DocumentError> {
        let key = self.document_key(collection, id)?;
        let found = store.get(&key).await?;
        found.map(|v| self.document(&key, id, v.version, &v.value)).transpose()
    }

    /// Adds `delta` to a counter at the commit: see [`Txn::adjust`].
    ///
    /// # Errors
    /// Undeclared counter, or a key that is too long.
    pub fn adjust(
        &self,
        txn: &mut Txn,
        counter: &str,
        key: &str,
        delta: i64,
        min: i64,
        max: i64,
    ) -> Result<(), DocumentError> {
        txn.adjust(self.counter_key(counter, key)?, delta, min, max);
        Ok(())
    }

    /// What a counter stands at, with the transaction's own adjustments.
    ///
    /// # Errors
    /// Undeclared counter, a key that is too long, or the store's.
    pub async fn counter(&self, txn: &Txn, counter: &str, key: &str) -> Result<i64, DocumentError> {
        Ok(txn.counter(&self.counter_key(counter, key)?).await?)
    }

    /// What a counter stands at.
    ///
    /// # Errors
    /// As [`Schema::counter`].
    pub async fn counter_committed(&self, store: &SharedStore, counter: &str, key: &str) -> Result<i64, DocumentError> {
        Ok(store.counter(&self.counter_key(counter, key)?).await?)
    }

    /// The keys that a counter was ever adjusted under, in their order, and what it stands at for each; at most
    /// `limit`.
    ///
    /// # Errors
    /// Undeclared counter, or the store's.
    pub async fn counters_committed(
        &self,
        store: &SharedStore,
        counter: &str,
        limit: usize,
    ) -> Result<Vec<(String, i64)>, DocumentError> {
        self.counter_key(counter, "")?;
        let all = self.space.clone().text("c").text(counter).children();
        let rows = store.counters(&all, limit).await?;
        Ok(rows.into_iter().filter_map(|(key, n)| Some((key.last_text()?, n))).collect())
    }

    /// Adds a row to the installation's audit trail, with the commit. `detail` is a JSON object as text.
    ///
    /// # Errors
    /// When `detail` is no JSON object, or something is too long.
    pub fn audit(
        &self,
        txn: &mut Txn,
        actor: &str,
        action: &str,
        target: &str,
        detail: &str,
        now: Timestamp,
    ) -> Result<(), DocumentError> {
        for (what, text) in [("actor", actor), ("action", action), ("target", target)] {
            if text.is_empty() || text.len() > MAX_ID {
                return Err(DocumentError::Invalid(format!("{what}: 1 to {MAX_ID} bytes")));
            }
        }
        if detail.len() > MAX_AUDIT_DETAIL {
            return Err(DocumentError::TooLarge(format!("detail: at most {MAX_AUDIT_DETAIL} bytes")));
        }
        let detail: Value = serde_json::from_str(detail).map_err(|e| DocumentError::Invalid(format!("detail: {e}")))?;
        if !detail.is_object() {
            return Err(DocumentError::Invalid("detail: must be a JSON object".into()));
        }
        let row = AuditRow { at: now, actor: actor.into(), action: action.into(), target: target.into(), detail };
        txn.append_as(self.audit_prefix(), &row);
        Ok(())
    }

    /// The prefix of the installation's audit rows.
    #[must_use]
    pub fn audit_prefix(&self) -> Key {
        self.space.clone().text("audit")
    }

    /// The newest `limit` audit rows, newest first; those before the row `before`, if it is given.
    ///
    /// # Errors
    /// The store's.
    pub async fn audit_committed(
        &self,
        store: &SharedStore,
        before: Option<&Key>,
        limit: usize,
    ) -> Result<Vec<(Key, AuditRow)>, StoreError> {
        let mut range = self.audit_prefix().children();
        if let Some(before) = before {
            range.end = range.end.min(before.clone());
        }
        let rows = store.scan(&range, Direction::Descending, limit).await?;
        rows.into_iter().map(|e| Ok((e.key.clone(), crate::txn::from_json(&e.key, &e.value)?))).collect()
    }

    /// Says what a refused commit means in the words of documents.
    #[must_use]
    pub fn commit_error(error: CommitError) -> DocumentError {
        error.into()
    }

    fn collection(&self, name: &str) -> Result<&Collection, DocumentError> {
        self.collections.get(name).ok_or_else(|| DocumentError::Undeclared(format!("collection `{name}`")))
    }

    fn indexes(&self, collection: &str) -> Result<&[Index], DocumentError> {
        self.collection(collection).map(|c| c.indexes.as_slice())
    }

    fn documents_prefix(&self, collection: &str) -> Key {
        self.space.clone().text("d").text(collection)
    }

    fn document_key(&self, collection: &str, id: &str) -> Result<Key, DocumentError> {
        self.indexes(collection)?;
        if id.is_empty() || id.len() > MAX_ID {
            return Err(DocumentError::Invalid(format!("an id has 1 to {MAX_ID} bytes, this one {}", id.len())));
        }
        Ok(self.documents_prefix(collection).text(id))
    }

    fn index_prefix(&self, collection: &str, index: &Index) -> Key {
        self.space.clone().text(if index.unique { "u" } else { "i" }).text(collection).text(&index.name)
    }

    fn counter_key(&self, counter: &str, key: &str) -> Result<Key, DocumentError> {
        if !self.counters.contains(counter) {
            return Err(DocumentError::Undeclared(format!("counter `{counter}`")));
        }
        if key.len() > MAX_ID {
            return Err(DocumentError::Invalid(format!(
                "a counter's key has at most {MAX_ID} bytes, this one {}",
                key.len()
            )));
        }
        Ok(self.space.clone().text("c").text(counter).text(key))
    }

    /// The document that is stored under `key` as `value`.
    fn document(&self, key: &Key, id: &str, version: Seq, value: &Bytes) -> Result<Document, DocumentError> {
        let corrupt = |e: std::str::Utf8Error| StoreError::Corrupt(format!("the document {key:?}: {e}"));
        let opened = self.opened(key, value)?;
        let body = std::str::from_utf8(&opened).map_err(corrupt)?;
        Ok(Document { id: id.to_owned(), version, body: body.to_owned() })
    }
}

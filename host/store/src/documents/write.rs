//! Writing documents and, in the same transaction, their index rows.

use super::{Document, DocumentError, Index, MAX_BODY, Schema};
use crate::{CommitError, Key, MAX_KEY, Txn};
use bytes::Bytes;
use serde_json::Value;

impl Schema {
    /// Adds a document whose id must be new.
    ///
    /// # Errors
    /// [`DocumentError::AlreadyExists`], and as [`Schema::put`].
    pub async fn insert(&self, txn: &mut Txn, collection: &str, id: &str, body: &str) -> Result<(), DocumentError> {
        let new = parse(body)?;
        if self.get(txn, collection, id).await?.is_some() {
            return Err(refused(txn, DocumentError::AlreadyExists(id.to_owned())).await);
        }
        self.replace(txn, collection, id, None, Some((body, &new))).await
    }

    /// Adds or replaces a document. In a collection without indexes nothing is read for it, so that
    /// the last writer wins; otherwise two who replace one document at once conflict.
    ///
    /// # Errors
    /// Undeclared collection; [`DocumentError::Invalid`] for an impossible id, a body that is no JSON
    /// object or an indexed field that is no scalar; [`DocumentError::TooLarge`] over 1 MiB;
    /// [`DocumentError::UniqueViolation`]; the store's.
    pub async fn put(&self, txn: &mut Txn, collection: &str, id: &str, body: &str) -> Result<(), DocumentError> {
        let new = parse(body)?;
        let old = self.indexed(txn, collection, id).await?;
        self.replace(txn, collection, id, old, Some((body, &new))).await
    }

    /// Removes a document; removing one that is absent is no error.
    ///
    /// # Errors
    /// Undeclared collection, impossible id, or the store's.
    pub async fn delete(&self, txn: &mut Txn, collection: &str, id: &str) -> Result<(), DocumentError> {
        let old = self.indexed(txn, collection, id).await?;
        self.replace(txn, collection, id, old, None).await
    }

    /// The document that index rows have to be moved from, if there are indexes.
    async fn indexed(&self, txn: &mut Txn, collection: &str, id: &str) -> Result<Option<Document>, DocumentError> {
        if self.indexes(collection)?.is_empty() { Ok(None) } else { self.get(txn, collection, id).await }
    }

    async fn replace(
        &self,
        txn: &mut Txn,
        collection: &str,
        id: &str,
        old: Option<Document>,
        new: Option<(&str, &Value)>,
    ) -> Result<(), DocumentError> {
        let key = self.document_key(collection, id)?;
        // An old body was checked when it was written; what an index that is newer than the
        // document cannot order is not in that index.
        let old: Option<Value> = old.and_then(|d| serde_json::from_str(&d.body).ok());
        // Everything is checked before anything is staged: a refused write leaves the transaction usable.
        let mut moves = Vec::new();
        for index in self.indexes(collection)? {
            let before = old.as_ref().and_then(|body| index.values(body).ok().flatten());
            let after = new.map(|(_, body)| index.values(body)).transpose()?.flatten();
            if before == after {
                continue;
            }
            let before = before.map(|values| self.row_key(collection, index, &values, id));
            let after = after.map(|values| self.row_key(collection, index, &values, id));
            if let Some(row) = &after {
                self.check_row(txn, collection, index, row, id).await?;
            }
            moves.push((before, after));
        }
        let stored = new.map(|(body, _)| self.closed(collection, &key, body)).transpose()?.unwrap_or_default();
        for (before, after) in moves {
            if let Some(row) = before {
                txn.delete(row);
            }
            if let Some(row) = after {
                txn.put(row, Bytes::copy_from_slice(id.as_bytes()));
            }
        }
        match new {
            Some(_) => txn.put(key, stored),
            None => txn.delete(key),
        }
        Ok(())
    }

    pub(super) fn row_key(&self, collection: &str, index: &Index, values: &[u8], id: &str) -> Key {
        let key = self.index_prefix(collection, index).raw(values);
        if index.unique { key } else { key.text(id) }
    }

    pub(super) async fn check_row(
        &self,
        txn: &mut Txn,
        collection: &str,
        index: &Index,
        row: &Key,
        id: &str,
    ) -> Result<(), DocumentError> {
        let length = row.as_bytes().len();
        if length > MAX_KEY {
            return Err(DocumentError::TooLarge(format!(
                "the values for the index `{}` take {length} bytes with the id, {MAX_KEY} are possible",
                index.name
            )));
        }
        if index.unique
            && let Some(existing) = txn.get(row).await?
            && *existing != *id.as_bytes()
        {
            let taken = DocumentError::UniqueViolation {
                collection: collection.to_owned(),
                index: index.name.clone(),
                existing: String::from_utf8_lossy(&existing).into_owned(),
            };
            return Err(refused(txn, taken).await);
        }
        Ok(())
    }
}

/// A refusal counts only if what the transaction had read still holds: who looked, saw nothing, and
/// then was forestalled must look again, not be told that what it never saw is there.
async fn refused(txn: &Txn, refusal: DocumentError) -> DocumentError {
    match txn.validate().await {
        Err(CommitError::Conflict) => DocumentError::Conflict,
        _ => refusal,
    }
}

fn parse(body: &str) -> Result<Value, DocumentError> {
    if body.len() > MAX_BODY {
        return Err(DocumentError::TooLarge(format!("a document of {} bytes, {MAX_BODY} are possible", body.len())));
    }
    let value: Value =
        serde_json::from_str(body).map_err(|e| DocumentError::Invalid(format!("the document is not JSON: {e}")))?;
    if value.is_object() { Ok(value) } else { Err(DocumentError::Invalid("the document must be a JSON object".into())) }
}

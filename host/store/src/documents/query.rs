//! Queries: which range of an index a query walks, and the documents behind its rows.

use super::{Bound, Document, DocumentError, Index, MAX_PAGE, Page, Query, Schema, cursor, document, encode};
use crate::{CommitError, Direction, Key, KeyRange, SharedStore, Txn};
use serde_json::Value;

/// How often a page is read again when a commit passes through it.
const ATTEMPTS: u32 = 8;

impl Schema {
    /// Reads one page in a transaction, which remembers the part of the index that was covered.
    ///
    /// # Errors
    /// Undeclared collection or index; [`DocumentError::Invalid`] for a query that cannot be or a
    /// cursor of another one; [`DocumentError::Conflict`] when a commit passed through the page
    /// while it was read; the store's.
    pub async fn find(&self, txn: &mut Txn, collection: &str, query: &Query) -> Result<Page, DocumentError> {
        let walk = self.walk(collection, query)?;
        let limit = query.limit as usize;
        let mut rows = txn.scan(&walk.range, query.direction, limit + 1).await?;
        let more = rows.len() > limit;
        rows.truncate(limit);
        let mut documents = Vec::with_capacity(rows.len());
        for (row, value) in &rows {
            let id = match walk.index {
                // The row is the document.
                None => row.last_text(),
                Some(_) => String::from_utf8(value.to_vec()).ok(),
            };
            let id = id.ok_or_else(|| crate::StoreError::Corrupt(format!("the index row {row:?}")))?;
            // A row and its document are written in one commit; if they differ, one came between.
            documents.push(self.get(txn, collection, &id).await?.ok_or(DocumentError::Conflict)?);
        }
        let next = if more { rows.last().map(|(last, _)| cursor::encode(walk.hash, &walk.prefix, last)) } else { None };
        Ok(Page { documents, next })
    }

    /// Reads one page outside a transaction. The page is one state of the collection; only when
    /// commits keep passing through it, documents that moved meanwhile are left out.
    ///
    /// # Errors
    /// As [`Schema::find`], without the conflict.
    pub async fn find_committed(
        &self,
        store: &SharedStore,
        collection: &str,
        query: &Query,
    ) -> Result<Page, DocumentError> {
        for _ in 0..ATTEMPTS {
            let mut txn = Txn::new(store.clone());
            match self.find(&mut txn, collection, query).await {
                Err(DocumentError::Conflict) => {}
                Err(e) => return Err(e),
                Ok(page) => match txn.validate().await {
                    Ok(_) => return Ok(page),
                    Err(CommitError::Conflict) => {}
                    Err(e) => return Err(e.into()),
                },
            }
        }
        self.find_loosely(store, collection, query).await
    }

    /// One pass without validation: rows whose document has moved away are left out.
    async fn find_loosely(&self, store: &SharedStore, collection: &str, query: &Query) -> Result<Page, DocumentError> {
        let walk = self.walk(collection, query)?;
        let limit = query.limit as usize;
        let mut rows = store.scan(&walk.range, query.direction, limit + 1).await?;
        let more = rows.len() > limit;
        rows.truncate(limit);
        let mut documents = Vec::with_capacity(rows.len());
        for row in &rows {
            let found = match walk.index {
                None => row.key.last_text().map(|id| document(&row.key, &id, row.version, &row.value)).transpose()?,
                Some(index) => {
                    let id = String::from_utf8_lossy(&row.value);
                    let found = self.get_committed(store, collection, &id).await?;
                    found.filter(|d| walk.is_row_of(index, &row.key, d))
                }
            };
            documents.extend(found);
        }
        let next = if more { rows.last().map(|e| cursor::encode(walk.hash, &walk.prefix, &e.key)) } else { None };
        Ok(Page { documents, next })
    }

    fn walk(&self, collection: &str, query: &Query) -> Result<Walk<'_>, DocumentError> {
        let invalid = |what: String| Err(DocumentError::Invalid(what));
        let indexes = self.indexes(collection)?;
        if !(1..=MAX_PAGE).contains(&query.limit) {
            return invalid(format!("limit: 1 to {MAX_PAGE}"));
        }
        let (index, prefix, fields) = if query.index == "id" {
            (None, self.documents_prefix(collection), 1)
        } else {
            let undeclared = || DocumentError::Undeclared(format!("index `{}` of `{collection}`", query.index));
            let index = indexes.iter().find(|i| i.name == query.index).ok_or_else(undeclared)?;
            (Some(index), self.index_prefix(collection, index), index.fields.len())
        };
        let ranged = query.lower.is_some() || query.upper.is_some();
        if query.equals.len() + usize::from(ranged) > fields {
            return invalid(format!("the index `{}` has {fields} field(s), the query names more", query.index));
        }
        let mut base = prefix.clone();
        for value in &query.equals {
            base = add(base, index, value)?;
        }
        let mut range = base.children();
        if let Some(Bound { value, inclusive }) = &query.lower {
            let at = add(base.clone(), index, value)?;
            range.start = if *inclusive { at } else { at.after_children() };
        }
        if let Some(Bound { value, inclusive }) = &query.upper {
            let at = add(base, index, value)?;
            range.end = if *inclusive { at.after_children() } else { at };
        }
        let hash = cursor::query_hash(&prefix, query);
        if let Some(text) = &query.cursor {
            let last = cursor::decode(hash, &prefix, text)?;
            if !range.contains(&last) {
                return invalid("the cursor is not from this query".into());
            }
            match query.direction {
                Direction::Ascending => range.start = last.next(),
                Direction::Descending => range.end = last,
            }
        }
        Ok(Walk { index, prefix, range, hash })
    }
}

/// What a query walks.
struct Walk<'a> {
    /// `None`: the documents themselves, in the order of ids.
    index: Option<&'a Index>,
    prefix: Key,
    range: KeyRange,
    hash: [u8; 12],
}

impl Walk<'_> {
    fn is_row_of(&self, index: &Index, row: &Key, document: &Document) -> bool {
        let body: Option<Value> = serde_json::from_str(&document.body).ok();
        let values = body.and_then(|body| index.values(&body).ok().flatten());
        values.is_some_and(|values| row.as_bytes().starts_with(self.prefix.clone().raw(&values).as_bytes()))
    }
}

fn add(key: Key, index: Option<&Index>, value: &Value) -> Result<Key, DocumentError> {
    if index.is_none() {
        let id = value.as_str().ok_or_else(|| DocumentError::Invalid("an id is a string".into()))?;
        return Ok(key.text(id));
    }
    let mut bytes = Vec::new();
    if encode::scalar(&mut bytes, value) {
        Ok(key.raw(&bytes))
    } else {
        Err(DocumentError::Invalid("a query compares with null, booleans, numbers and strings only".into()))
    }
}

//! Queries: which range of an index a query walks, and the documents behind its rows.

use super::{Bound, Document, DocumentError, Index, MAX_PAGE, MAX_PAGE_BYTES, Page, Query, Schema, cursor, encode};
use crate::{CommitError, Direction, Key, KeyRange, SharedStore, Txn};
use serde_json::Value;

/// How often a page is read again when a commit passes through it.
const ATTEMPTS: u32 = 8;
/// Documents read in one go in the order of ids.
const DOCUMENTS_AT_ONCE: usize = 16;

impl Schema {
    /// Reads one page in a transaction, which remembers the part of the index that was covered.
    ///
    /// # Errors
    /// Undeclared collection or index; [`DocumentError::Invalid`] for a query that cannot be or a
    /// cursor of another one; [`DocumentError::Conflict`] when a commit passed through the page
    /// while it was read; the store's.
    pub async fn find(&self, txn: &mut Txn, collection: &str, query: &Query) -> Result<Page, DocumentError> {
        let walk = self.walk(collection, query)?;
        let mut filling = Filling::new(query);
        let mut range = walk.range.clone();
        loop {
            let want = filling.chunk(&walk);
            let rows = txn.scan(&range, query.direction, want).await?;
            let ended = rows.len() < want;
            for (row, value) in rows {
                if filling.is_full() {
                    return Ok(filling.page(&walk, true));
                }
                let id = match walk.index {
                    // The row is the document.
                    None => row.last_text(),
                    Some(_) => String::from_utf8(value.to_vec()).ok(),
                };
                let id = id.ok_or_else(|| crate::StoreError::Corrupt(format!("the index row {row:?}")))?;
                // A row and its document are written in one commit; if they differ, one came between.
                let found = self.get(txn, collection, &id).await?.ok_or(DocumentError::Conflict)?;
                walk.pass(&mut range, query.direction, &row);
                filling.add(row, Some(found));
            }
            if ended {
                return Ok(filling.page(&walk, false));
            }
        }
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
        let mut filling = Filling::new(query);
        let mut range = walk.range.clone();
        loop {
            let want = filling.chunk(&walk);
            let rows = store.scan(&range, query.direction, want).await?;
            let ended = rows.len() < want;
            for row in rows {
                if filling.is_full() {
                    return Ok(filling.page(&walk, true));
                }
                let found = match walk.index {
                    None => row
                        .key
                        .last_text()
                        .map(|id| self.document(&row.key, &id, row.version, &row.value))
                        .transpose()?,
                    Some(index) => {
                        let id = String::from_utf8_lossy(&row.value);
                        let found = self.get_committed(store, collection, &id).await?;
                        found.filter(|d| walk.is_row_of(index, &row.key, d))
                    }
                };
                walk.pass(&mut range, query.direction, &row.key);
                filling.add(row.key, found);
            }
            if ended {
                return Ok(filling.page(&walk, false));
            }
        }
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

/// A page that is being filled: to its limit, or until its documents are large enough.
struct Filling {
    limit: usize,
    rows: usize,
    bytes: usize,
    documents: Vec<Document>,
    last: Option<Key>,
}

impl Filling {
    fn new(query: &Query) -> Self {
        Self { limit: query.limit as usize, rows: 0, bytes: 0, documents: Vec::new(), last: None }
    }

    /// How many rows to read next: one more than are wanted shows whether there is a next page.
    /// Rows that are documents are read a few at a time, since each may have a mebibyte.
    fn chunk(&self, walk: &Walk<'_>) -> usize {
        let wanted = self.limit - self.rows + 1;
        if walk.index.is_none() { wanted.min(DOCUMENTS_AT_ONCE) } else { wanted }
    }

    fn is_full(&self) -> bool {
        self.rows >= self.limit || self.bytes >= MAX_PAGE_BYTES
    }

    fn add(&mut self, row: Key, document: Option<Document>) {
        self.rows += 1;
        self.bytes += document.as_ref().map_or(0, |d| d.body.len());
        self.last = Some(row);
        self.documents.extend(document);
    }

    fn page(self, walk: &Walk<'_>, more: bool) -> Page {
        let last = self.last.filter(|_| more);
        Page { next: last.map(|last| cursor::encode(walk.hash, &walk.prefix, &last)), documents: self.documents }
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
    /// Takes what was walked off a range.
    fn pass(&self, range: &mut KeyRange, direction: Direction, row: &Key) {
        match direction {
            Direction::Ascending => range.start = row.next(),
            Direction::Descending => range.end = row.clone(),
        }
    }

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

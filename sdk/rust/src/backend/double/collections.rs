//! Committed documents and counters, and how indexes order them.

use super::manifest::{Index, Manifest};
use crate::data::{DataError, RawBound, RawDocument, RawPage, RawQuery};
use serde_json::Value;
use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

/// The host's bounds.
const DOCUMENT_BYTES: usize = 1024 * 1024;
const ID_BYTES: usize = 256;
const PAGE_DOCUMENTS: u32 = 500;

#[derive(Clone)]
pub(crate) struct Entry {
    pub(crate) version: u64,
    pub(crate) body: String,
    pub(crate) value: Value,
}

/// Writes that are not committed: `None` removes.
pub(crate) type Overlay = BTreeMap<String, Option<Entry>>;

struct Collection {
    indexes: Vec<Index>,
    documents: BTreeMap<String, Entry>,
}

pub(crate) struct Collections {
    collections: BTreeMap<String, Collection>,
    declared_counters: BTreeSet<String>,
    counters: BTreeMap<(String, String), i64>,
}

impl Collections {
    pub(crate) fn new(manifest: &Manifest) -> Self {
        let collections = manifest
            .collections
            .iter()
            .map(|c| (c.name.clone(), Collection { indexes: c.indexes.clone(), documents: BTreeMap::new() }));
        Self {
            collections: collections.collect(),
            declared_counters: manifest.counters.iter().cloned().collect(),
            counters: BTreeMap::new(),
        }
    }

    fn collection(&self, name: &str) -> Result<&Collection, DataError> {
        self.collections.get(name).ok_or_else(|| DataError::Undeclared(format!("collection `{name}`")))
    }

    pub(crate) fn get(&self, collection: &str, id: &str) -> Result<Option<RawDocument>, DataError> {
        Ok(self.entry(collection, id)?.map(|e| RawDocument {
            id: id.to_owned(),
            version: e.version,
            body: e.body.clone(),
        }))
    }

    pub(crate) fn entry(&self, collection: &str, id: &str) -> Result<Option<&Entry>, DataError> {
        check_id(id)?;
        Ok(self.collection(collection)?.documents.get(id))
    }

    pub(crate) fn apply(&mut self, collection: &str, id: &str, entry: Option<Entry>) {
        if let Some(c) = self.collections.get_mut(collection) {
            match entry {
                Some(e) => c.documents.insert(id.to_owned(), e),
                None => c.documents.remove(id),
            };
        }
    }

    pub(crate) fn counter(&self, counter: &str, key: &str) -> Result<i64, DataError> {
        if !self.declared_counters.contains(counter) {
            return Err(DataError::Undeclared(format!("counter `{counter}`")));
        }
        Ok(self.counters.get(&(counter.to_owned(), key.to_owned())).copied().unwrap_or(0))
    }

    pub(crate) fn set_counter(&mut self, counter: &str, key: &str, value: i64) {
        self.counters.insert((counter.to_owned(), key.to_owned()), value);
    }

    /// A document that may be written: a JSON object whose indexed fields can be ordered.
    pub(crate) fn check(&self, collection: &str, id: &str, body: &str) -> Result<Entry, DataError> {
        check_id(id)?;
        let indexes = &self.collection(collection)?.indexes;
        if body.len() > DOCUMENT_BYTES {
            return Err(DataError::TooLarge(format!(
                "the document has {} bytes; {DOCUMENT_BYTES} are allowed",
                body.len()
            )));
        }
        let value: Value = serde_json::from_str(body).map_err(|e| DataError::Invalid(e.to_string()))?;
        if !value.is_object() {
            return Err(DataError::Invalid("a document is a JSON object".into()));
        }
        for field in indexes.iter().flat_map(|i| &i.fields) {
            if let Some(Value::Array(_) | Value::Object(_)) = field_of(&value, field) {
                return Err(DataError::Invalid(format!("the indexed field `{field}` cannot be ordered")));
            }
        }
        Ok(Entry { version: 0, body: body.to_owned(), value })
    }

    /// Refuses a document whose values of a unique index another one has.
    pub(crate) fn check_unique(
        &self,
        collection: &str,
        id: &str,
        entry: &Entry,
        overlay: &Overlay,
    ) -> Result<(), DataError> {
        let c = self.collection(collection)?;
        for index in c.indexes.iter().filter(|i| i.unique) {
            let Some(key) = key_of(index, &entry.value) else { continue };
            let taken = view(c, overlay)
                .into_iter()
                .find(|(other, e)| *other != id && key_of(index, &e.value).as_ref() == Some(&key));
            if let Some((existing, _)) = taken {
                return Err(DataError::UniqueViolation {
                    collection: collection.to_owned(),
                    index: index.name.clone(),
                    existing: existing.to_owned(),
                });
            }
        }
        Ok(())
    }

    pub(crate) fn find(&self, collection: &str, query: &RawQuery, overlay: &Overlay) -> Result<RawPage, DataError> {
        let c = self.collection(collection)?;
        if !(1..=PAGE_DOCUMENTS).contains(&query.limit) {
            return Err(DataError::Invalid(format!("limit {} is not in 1 to {PAGE_DOCUMENTS}", query.limit)));
        }
        let after = query.cursor.as_deref().map(|text| Cursor::read(text, collection, query)).transpose()?;
        let index = c.indexes.iter().find(|i| i.name == query.index);
        if index.is_none() && query.index != "id" {
            return Err(DataError::Undeclared(format!("index `{}` of `{collection}`", query.index)));
        }
        let width = index.map_or(1, |i| i.fields.len());
        if query.equals.len() > width
            || (query.equals.len() == width && (query.lower.is_some() || query.upper.is_some()))
        {
            return Err(DataError::Invalid(format!("the index `{}` has {width} fields", query.index)));
        }
        let mut rows: Vec<(Vec<Value>, &str, &Entry)> = view(c, overlay)
            .into_iter()
            .filter_map(|(id, e)| Some((index.map_or_else(|| Some(vec![id.into()]), |i| key_of(i, &e.value))?, id, e)))
            .filter(|(key, ..)| matches(key, query))
            .collect();
        let direct = |o: Ordering| if query.descending { o.reverse() } else { o };
        rows.sort_by(|a, b| direct(compare_keys(&a.0, &b.0).then_with(|| a.1.cmp(b.1))));
        if let Some((key, id)) = &after {
            rows.retain(|r| direct(compare_keys(&r.0, key).then_with(|| r.1.cmp(id))) == Ordering::Greater);
        }
        let limit = query.limit as usize;
        let next =
            (rows.len() > limit).then(|| Cursor::write(collection, query, &rows[limit - 1].0, rows[limit - 1].1));
        rows.truncate(limit);
        Ok(RawPage {
            documents: rows
                .into_iter()
                .map(|(_, id, e)| RawDocument { id: id.to_owned(), version: e.version, body: e.body.clone() })
                .collect(),
            next,
        })
    }
}

fn check_id(id: &str) -> Result<(), DataError> {
    if (1..=ID_BYTES).contains(&id.len()) {
        Ok(())
    } else {
        Err(DataError::Invalid(format!("an id has 1 to {ID_BYTES} bytes, not {}", id.len())))
    }
}

/// The committed documents with the overlay on top.
fn view<'a>(c: &'a Collection, overlay: &'a Overlay) -> BTreeMap<&'a str, &'a Entry> {
    let mut all: BTreeMap<&str, &Entry> = c.documents.iter().map(|(id, e)| (id.as_str(), e)).collect();
    for (id, entry) in overlay {
        match entry {
            Some(e) => all.insert(id, e),
            None => all.remove(id.as_str()),
        };
    }
    all
}

fn field_of<'a>(document: &'a Value, path: &str) -> Option<&'a Value> {
    path.split('.').try_fold(document, |value, name| value.get(name))
}

/// The values of an index; `None` when the document lacks one of the fields.
fn key_of(index: &Index, document: &Value) -> Option<Vec<Value>> {
    index.fields.iter().map(|f| field_of(document, f).cloned()).collect()
}

fn matches(key: &[Value], query: &RawQuery) -> bool {
    let n = query.equals.len();
    if !key.iter().zip(&query.equals).all(|(a, b)| compare(a, b) == Ordering::Equal) {
        return false;
    }
    let Some(next) = key.get(n) else { return true };
    let within = |bound: &Option<RawBound>, side: Ordering| {
        bound.as_ref().is_none_or(|b| {
            let o = compare(next, &b.value);
            o == side || (b.inclusive && o == Ordering::Equal)
        })
    };
    within(&query.lower, Ordering::Greater) && within(&query.upper, Ordering::Less)
}

fn compare_keys(a: &[Value], b: &[Value]) -> Ordering {
    a.iter().zip(b).map(|(a, b)| compare(a, b)).find(|o| *o != Ordering::Equal).unwrap_or_else(|| a.len().cmp(&b.len()))
}

/// The order of JSON scalars: null, false, true, numbers, text by its bytes.
fn compare(a: &Value, b: &Value) -> Ordering {
    let rank = |v: &Value| match v {
        Value::Null => 0,
        Value::Bool(_) => 1,
        Value::Number(_) => 2,
        Value::String(_) => 3,
        Value::Array(_) | Value::Object(_) => 4,
    };
    match (a, b) {
        (Value::Bool(a), Value::Bool(b)) => a.cmp(b),
        (Value::Number(a), Value::Number(b)) => match (a.as_i128(), b.as_i128()) {
            (Some(a), Some(b)) => a.cmp(&b),
            _ => a.as_f64().unwrap_or(0.0).total_cmp(&b.as_f64().unwrap_or(0.0)),
        },
        (Value::String(a), Value::String(b)) => a.cmp(b),
        _ => rank(a).cmp(&rank(b)),
    }
}

/// Cursors are opaque to apps: hexadecimal, bound to the query that made them.
struct Cursor;

impl Cursor {
    fn of(collection: &str, query: &RawQuery) -> String {
        format!(
            "{collection}|{}|{:?}|{:?}|{:?}|{}",
            query.index, query.equals, query.lower, query.upper, query.descending
        )
    }

    fn write(collection: &str, query: &RawQuery, key: &[Value], id: &str) -> String {
        let text = serde_json::json!([Self::of(collection, query), key, id]).to_string();
        text.bytes().map(|b| format!("{b:02x}")).collect()
    }

    fn read(text: &str, collection: &str, query: &RawQuery) -> Result<(Vec<Value>, String), DataError> {
        let foreign = || DataError::Invalid("the cursor is not from this query".into());
        let bytes: Option<Vec<u8>> = text
            .as_bytes()
            .chunks(2)
            .map(|pair| std::str::from_utf8(pair).ok().and_then(|p| u8::from_str_radix(p, 16).ok()))
            .collect();
        let (of, key, id): (String, Vec<Value>, String) =
            serde_json::from_slice(&bytes.ok_or_else(foreign)?).map_err(|_| foreign())?;
        if of == Self::of(collection, query) { Ok((key, id)) } else { Err(foreign()) }
    }
}

//! Everything that an installation keeps, for its department to take along: before it is removed, or to go on
//! elsewhere.
//!
//! One line of JSON for each thing (`application/jsonl`). The first says what it is, the last how much: a file
//! without it was cut short. People are in it as the app knows them, by pseudonyms of this installation.

use super::{OperationError, Operations};
use data_encoding::BASE64;
use serde_json::{Value, json};
use yunlong_installations::Installation;
use yunlong_store::buckets::{BucketError, Buckets};
use yunlong_store::documents::{DocumentError, Query, Schema};
use yunlong_store::{Key, key::Part};

/// Documents, and counters, that are read at once.
const AT_ONCE: u32 = 200;

/// Reads an installation's data from one end to the other.
pub(crate) struct Export {
    operations: Operations,
    installation: std::sync::Arc<Installation>,
    schema: Schema,
    buckets: Buckets,
    at: Place,
    documents: u64,
    counters: u64,
    values: u64,
}

/// Where it goes on.
enum Place {
    Head,
    Documents { collection: usize, cursor: Option<String> },
    Counters { after: Option<Key> },
    Values { bucket: usize, after: Option<u64> },
    Foot,
    End,
}

impl Operations {
    /// Begins an export, which is written down before the first byte of it is read.
    ///
    /// # Errors
    /// [`OperationError::NoSuchInstallation`]; when it cannot be written down.
    pub(crate) async fn export(&self, i: &Installation, by: &str) -> Result<Export, OperationError> {
        let installation = self.get(&i.name)?;
        let detail = format!("{} {}", installation.app, installation.version);
        self.services.installations.record(by, "exported", installation.name.as_str(), &detail).await?;
        let keys = self.services.identity.field_keys().clone();
        let buckets = Buckets::new(&installation.name, &installation.manifest, keys.clone());
        let schema = Schema::new(&installation.name, &installation.manifest).with_keys(keys);
        let (operations, at) = (self.clone(), Place::Head);
        Ok(Export { operations, installation, schema, buckets, at, documents: 0, counters: 0, values: 0 })
    }
}

impl Export {
    /// The next lines; `None` behind the last.
    ///
    /// # Errors
    /// When the store fails.
    pub(crate) async fn next(&mut self) -> Result<Option<String>, OperationError> {
        let (lines, next) = match std::mem::replace(&mut self.at, Place::End) {
            Place::Head => (line(&self.head()), Place::Documents { collection: 0, cursor: None }),
            Place::Documents { collection, cursor } => self.some_documents(collection, cursor).await?,
            Place::Counters { after } => self.some_counters(after).await?,
            Place::Values { bucket, after } => self.some_values(bucket, after).await?,
            Place::Foot => (
                line(
                    &json!({ "end": { "documents": self.documents, "counters": self.counters, "values": self.values } }),
                ),
                Place::End,
            ),
            Place::End => return Ok(None),
        };
        self.at = next;
        Ok(Some(lines))
    }

    fn head(&self) -> Value {
        let i = &self.installation;
        let collections: Vec<_> = i.manifest.collections.iter().map(|c| &c.name).collect();
        let buckets: Vec<_> = i.manifest.buckets.iter().map(|b| &b.name).collect();
        json!({ "export": {
            "installation": i.name, "app": i.app, "version": i.version, "organization": i.organization,
            "schema": i.manifest.data.schema, "collections": collections, "buckets": buckets, "config": i.config,
            "at": self.operations.services.clock.now().to_rfc3339(),
        } })
    }

    async fn some_documents(
        &mut self,
        collection: usize,
        cursor: Option<String>,
    ) -> Result<(String, Place), OperationError> {
        let Some(found) = self.installation.manifest.collections.get(collection) else {
            return Ok((String::new(), Place::Counters { after: None }));
        };
        let query = Query { index: "id".into(), limit: AT_ONCE, cursor, ..Query::default() };
        let page = self.schema.find_committed(&self.operations.services.store, &found.name, &query).await?;
        let mut lines = String::new();
        for document in &page.documents {
            // Parsed, so that it stays on one line.
            let body = serde_json::from_str(&document.body).unwrap_or_else(|_| Value::from(document.body.as_str()));
            lines.push_str(&line(&json!({ "collection": found.name, "id": document.id, "document": body })));
        }
        self.documents += page.documents.len() as u64;
        Ok((
            lines,
            match page.next {
                Some(next) => Place::Documents { collection, cursor: Some(next) },
                None => Place::Documents { collection: collection + 1, cursor: None },
            },
        ))
    }

    async fn some_counters(&mut self, after: Option<Key>) -> Result<(String, Place), OperationError> {
        let mut range = Key::space(self.installation.name.as_str()).text("c").children();
        if let Some(last) = &after {
            range.start = last.next();
        }
        let store = &self.operations.services.store;
        let found = store.counters(&range, AT_ONCE as usize).await.map_err(DocumentError::Store)?;
        let Some((last, _)) = found.last() else {
            return Ok((String::new(), Place::Values { bucket: 0, after: None }));
        };
        let last = last.clone();
        let mut lines = String::new();
        for (key, value) in &found {
            // Under installation/`c`/counter/key.
            let mut names = key.parts().skip(2).map(|part| match part {
                Part::Text(text) => text,
                Part::U64(n) => n.to_string(),
            });
            let (counter, of) = (names.next(), names.next());
            lines.push_str(&line(&json!({ "counter": counter, "key": of, "value": value })));
        }
        self.counters += found.len() as u64;
        Ok((lines, Place::Counters { after: Some(last) }))
    }

    async fn some_values(&mut self, bucket: usize, after: Option<u64>) -> Result<(String, Place), OperationError> {
        let Some(found) = self.installation.manifest.buckets.get(bucket) else {
            return Ok((String::new(), Place::Foot));
        };
        let store = &self.operations.services.store;
        let page = self.buckets.list(store, &found.name, after).await.map_err(unread)?;
        let mut lines = String::new();
        for key in &page.keys {
            // Deleted since the list was read.
            let Some(value) = self.buckets.get(store, &found.name, key).await.map_err(unread)? else { continue };
            let value = BASE64.encode(&value.bytes);
            lines.push_str(&line(&json!({ "bucket": found.name, "key": key, "base64": value })));
            self.values += 1;
        }
        Ok((
            lines,
            match page.next {
                Some(next) => Place::Values { bucket, after: Some(next) },
                None => Place::Values { bucket: bucket + 1, after: None },
            },
        ))
    }
}

fn unread(e: BucketError) -> DocumentError {
    match e {
        BucketError::Store(e) => DocumentError::Store(e),
        e => DocumentError::Invalid(e.to_string()),
    }
}

fn line(value: &Value) -> String {
    format!("{value}\n")
}

//! Everything that an installation keeps, for its department to take along: before it is removed, or to go on
//! elsewhere.
//!
//! One line of JSON for each thing (`application/jsonl`). The first says what it is, the last how much there is, when
//! it was read, and the SHA-256 of all lines before: a file without it was cut short. Whoever removes an installation
//! names that digest, and it is computed anew from what is there then. People are in it as the app knows them, by
//! pseudonyms of this installation.

use super::{OperationError, Operations};
use data_encoding::BASE64;
use serde::de::IgnoredAny;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use std::sync::Arc;
use yunlong_blobs::UploadId;
use yunlong_files::{File, FileError};
use yunlong_installations::{Exported, Installation, Status};
use yunlong_model::manifest::{Bucket, Collection};
use yunlong_model::{Digest, InstallationName};
use yunlong_store::buckets::{BucketError, Buckets};
use yunlong_store::documents::{Document, DocumentError, Query, Schema};
use yunlong_store::{Direction, Key, key::Part};

/// Documents, counters and rows of files that are read at once.
const AT_ONCE: u32 = 200;
/// Bytes of a file on one line.
const BYTES: u32 = 192 << 10;

/// An export that somebody takes along.
pub(crate) struct Export {
    reading: Reading,
    by: String,
    ended: bool,
}

/// Reads an installation's data from one end to the other: the same data gives the same lines.
struct Reading {
    operations: Operations,
    installation: Arc<Installation>,
    schema: Schema,
    collections: Vec<String>,
    stored: Buckets,
    buckets: Vec<String>,
    at: Place,
    documents: u64,
    counters: u64,
    values: u64,
    files: u64,
    hash: Sha256,
}

/// Where it goes on.
enum Place {
    Head,
    Documents { collection: usize, cursor: Option<String> },
    Counters { after: Option<Key> },
    Values { bucket: usize, after: Option<u64> },
    Files { after: Option<UploadId> },
    Bytes { file: Box<File>, at: u64, rest: Vec<File>, next: Option<UploadId> },
    End,
}

impl Operations {
    /// Begins an export, which is written down before the first byte of it is read. Of an installation that rests
    /// it holds every write that was acknowledged: calls that are under way have ended before.
    ///
    /// # Errors
    /// [`OperationError::NoSuchInstallation`]; [`OperationError::StillRunning`] when calls do not end; when it cannot
    /// be written down.
    pub(crate) async fn export(&self, name: &InstallationName, by: &str) -> Result<Export, OperationError> {
        // One that rests is not started while its calls end.
        let turn = self.turn(name).await;
        let installation = self.get(name)?;
        if rests(&installation) {
            self.come_to_rest(name).await?;
        }
        drop(turn);
        let detail = format!("{} {}", installation.app, installation.version);
        self.services.installations.record(by, "exported", name.as_str(), &detail).await?;
        Ok(Export { reading: Reading::begin(self, installation).await?, by: by.to_owned(), ended: false })
    }

    /// Waits until nothing of an installation that rests writes any more.
    ///
    /// # Errors
    /// [`OperationError::StillRunning`].
    pub(super) async fn come_to_rest(&self, name: &InstallationName) -> Result<(), OperationError> {
        // One that has failed may be loaded still.
        self.services.apps.unload(name);
        self.ended(name, None).await
    }

    /// The last export of an installation that was read to its end.
    ///
    /// # Errors
    /// When the store fails.
    pub(crate) async fn exported(&self, name: &InstallationName) -> Result<Option<Exported>, OperationError> {
        Ok(self.services.installations.exported(name).await?)
    }

    /// The digest that an export of what is there now would end with.
    pub(super) async fn digest_of_data(&self, installation: Arc<Installation>) -> Result<Digest, OperationError> {
        let mut reading = Reading::begin(self, installation).await?;
        while reading.next().await?.is_some() {}
        reading.digest()
    }
}

/// Whether nobody is served: it was stopped, or could not be started.
pub(crate) fn rests(i: &Installation) -> bool {
    matches!(i.status, Status::Stopped | Status::Failed(_))
}

impl Export {
    /// The next lines; `None` behind the last. That it was read to its end is written down before the last line is
    /// handed out.
    ///
    /// # Errors
    /// When the store fails; when the installation was removed meanwhile.
    pub(crate) async fn next(&mut self) -> Result<Option<String>, OperationError> {
        if let Some(lines) = self.reading.next().await? {
            return Ok(Some(lines));
        }
        if std::mem::replace(&mut self.ended, true) {
            return Ok(None);
        }
        let Reading { operations, installation, documents, counters, values, files, .. } = &self.reading;
        let (digest, at) = (self.reading.digest()?, operations.services.clock.now());
        let (documents, counters, values, files) = (*documents, *counters, *values, *files);
        let made = Exported { digest, documents, counters, values, files, at, by: self.by.clone() };
        operations.services.installations.set_exported(&installation.name, &made).await?;
        let end = json!({ "documents": documents, "counters": counters, "values": values, "files": files, "at": at.to_rfc3339(), "digest": digest });
        Ok(Some(line(&json!({ "end": end }))))
    }
}

impl Reading {
    async fn begin(operations: &Operations, installation: Arc<Installation>) -> Result<Self, OperationError> {
        let (space, m) = (Key::space(installation.name.as_str()), &installation.manifest);
        let collections = m.collections.iter().map(|c| c.name.clone()).collect();
        let collections = names(operations, &space.clone().text("d"), collections).await?;
        let buckets = m.buckets.iter().map(|b| b.name.clone()).collect();
        let buckets = names(operations, &space.text("b").text("k"), buckets).await?;
        let mut manifest = (*installation.manifest).clone();
        for name in &collections {
            if !manifest.collections.iter().any(|c| c.name == *name) {
                let (name, sealed) = (name.clone(), false);
                manifest.collections.push(Collection { name, sealed, personal: Vec::new(), indexes: Vec::new() });
            }
        }
        for name in &buckets {
            if !manifest.buckets.iter().any(|b| b.name == *name) {
                manifest.buckets.push(Bucket { name: name.clone() });
            }
        }
        let keys = operations.services.identity.field_keys().clone();
        Ok(Self {
            stored: Buckets::new(&installation.name, &manifest, keys.clone()),
            schema: Schema::new(&installation.name, &manifest).with_keys(keys),
            operations: operations.clone(),
            installation,
            collections,
            buckets,
            at: Place::Head,
            documents: 0,
            counters: 0,
            values: 0,
            files: 0,
            hash: Sha256::new(),
        })
    }

    /// The next lines; `None` when nothing is left.
    async fn next(&mut self) -> Result<Option<String>, OperationError> {
        let (lines, next) = match std::mem::replace(&mut self.at, Place::End) {
            Place::Head => (line(&self.head()), Place::Documents { collection: 0, cursor: None }),
            Place::Documents { collection, cursor } => self.some_documents(collection, cursor).await?,
            Place::Counters { after } => self.some_counters(after).await?,
            Place::Values { bucket, after } => self.some_values(bucket, after).await?,
            Place::Files { after } => self.some_files(after).await?,
            Place::Bytes { file, at, rest, next } => self.some_bytes(*file, at, rest, next).await?,
            Place::End => return Ok(None),
        };
        self.at = next;
        self.hash.update(&lines);
        Ok(Some(lines))
    }

    /// The SHA-256 of all lines so far.
    fn digest(&self) -> Result<Digest, OperationError> {
        let hex = data_encoding::HEXLOWER.encode(&self.hash.clone().finalize());
        // Of 64 digits, always.
        let digest = format!("sha256:{hex}").parse();
        Ok(digest.map_err(|e: yunlong_model::digest::DigestError| DocumentError::Invalid(e.to_string()))?)
    }

    /// Nothing of the moment stands in it.
    fn head(&self) -> Value {
        let i = &self.installation;
        json!({ "export": {
            "installation": i.name, "app": i.app, "version": i.version, "organization": i.organization,
            "schema": i.manifest.data.schema, "collections": self.collections, "buckets": self.buckets, "config": i.config,
        } })
    }

    async fn some_documents(
        &mut self,
        collection: usize,
        cursor: Option<String>,
    ) -> Result<(String, Place), OperationError> {
        let Some(found) = self.collections.get(collection) else {
            return Ok((String::new(), Place::Counters { after: None }));
        };
        let query = Query { index: "id".into(), limit: AT_ONCE, cursor, ..Query::default() };
        let page = self.schema.find_committed(&self.operations.services.store, found, &query).await?;
        let lines = page.documents.iter().map(|d| document(found, d)).collect();
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
        let Some(found) = self.buckets.get(bucket) else { return Ok((String::new(), Place::Files { after: None })) };
        let store = &self.operations.services.store;
        let page = self.stored.list(store, found, after).await.map_err(unread)?;
        let mut lines = String::new();
        for key in &page.keys {
            // Deleted since the list was read.
            let Some(value) = self.stored.get(store, found, key).await.map_err(unread)? else { continue };
            lines.push_str(&line(&json!({ "bucket": found, "key": key, "base64": BASE64.encode(&value.bytes) })));
            self.values += 1;
        }
        let next = match page.next {
            Some(next) => Place::Values { bucket, after: Some(next) },
            None => Place::Values { bucket: bucket + 1, after: None },
        };
        Ok((lines, next))
    }

    /// Files that are attached; any other goes by itself within a day.
    async fn some_files(&mut self, after: Option<UploadId>) -> Result<(String, Place), OperationError> {
        let files = &self.operations.services.files;
        let (rest, next) = files.list(&self.installation.name, after, AT_ONCE as usize).await?;
        Ok((String::new(), self.next_file(rest, next)))
    }

    /// A file with a piece of its bytes, on lines of their own: each can be held in memory.
    async fn some_bytes(
        &mut self,
        found: File,
        at: u64,
        rest: Vec<File>,
        next: Option<UploadId>,
    ) -> Result<(String, Place), OperationError> {
        let mut lines = if at == 0 { file(&found) } else { String::new() };
        let files = &self.operations.services.files;
        match files.read(&self.installation.name, found.id, at, BYTES).await {
            Ok(bytes) if !bytes.is_empty() => {
                let offset = at + bytes.len() as u64;
                let base64 = BASE64.encode(&bytes);
                lines.push_str(&line(&json!({ "file": found.id.to_string(), "offset": at, "base64": base64 })));
                if offset < found.size {
                    return Ok((lines, Place::Bytes { file: Box::new(found), at: offset, rest, next }));
                }
            }
            Ok(_) => {}
            // Deleted since the list was read: the line that names it says how many bytes it had.
            Err(FileError::NotFound) => {}
            Err(e) => return Err(e.into()),
        }
        self.files += 1;
        Ok((lines, self.next_file(rest, next)))
    }

    fn next_file(&self, mut rest: Vec<File>, next: Option<UploadId>) -> Place {
        if rest.is_empty() {
            return next.map_or(Place::End, |after| Place::Files { after: Some(after) });
        }
        let file = Box::new(rest.remove(0));
        Place::Bytes { file, at: 0, rest, next }
    }
}

/// What is known of a file, on one line; its bytes follow.
fn file(f: &File) -> String {
    line(&json!({
        "file": f.id.to_string(), "area": f.area, "name": f.name, "type": f.media_type, "size": f.size,
        "sha256": f.sha256, "created": f.created.to_rfc3339(), "uploader": f.uploader, "attached_to": f.attached_to,
    }))
}

fn unread(e: BucketError) -> DocumentError {
    match e {
        BucketError::Store(e) => DocumentError::Store(e),
        e => DocumentError::Invalid(e.to_string()),
    }
}

/// The collections or buckets that the release in charge declares, and behind them those below `rows` that only
/// another release wrote to: a former one, or a canary that was ended. What they hold goes with the installation too.
async fn names(operations: &Operations, rows: &Key, declared: Vec<String>) -> Result<Vec<String>, OperationError> {
    let (mut all, place) = (declared, rows.parts().count());
    let mut range = rows.children();
    loop {
        let found = operations.services.store.scan(&range, Direction::Ascending, 1).await;
        let found = found.map_err(DocumentError::Store)?;
        let Some(Part::Text(name)) = found.first().and_then(|row| row.key.parts().nth(place)) else { return Ok(all) };
        range.start = rows.clone().text(&name).after_children();
        if !all.contains(&name) {
            all.push(name);
        }
    }
}

/// A document on one line, its body as it was written: a number that is longer than a computer's keeps its digits.
fn document(collection: &str, d: &Document) -> String {
    if serde_json::from_str::<IgnoredAny>(&d.body).is_err() {
        return line(&json!({ "collection": collection, "id": d.id, "document": d.body }));
    }
    // In JSON a line ends between its tokens alone.
    let body = d.body.replace(['\n', '\r'], " ");
    format!(
        "{{\"collection\":{},\"id\":{},\"document\":{body}}}\n",
        Value::from(collection),
        Value::from(d.id.as_str())
    )
}

fn line(value: &Value) -> String {
    format!("{value}\n")
}

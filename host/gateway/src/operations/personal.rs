//! What installations keep about a person, as their manifests mark it: showing, copying and erasing it.
//!
//! An erasure is written down before it begins and goes on behind a crash: each step looks for what is
//! left by the person's subject, changes at most [`STEP`] documents, and counts them in the same commit.
//!
//! A document may be about several people. Whoever is shown, given or rid of something gets the fields of
//! their own part and no others; what one of them has cleared is nobody else's, which the manifest's check
//! sees to.

use super::{OperationError, Operations, invalid};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;
use yunlong_audit::Entry;
use yunlong_blobs::UploadId;
use yunlong_files::File;
use yunlong_installations::{Installation, Status};
use yunlong_model::manifest::{FileArea, FileErasure, OnErasure, Personal, PersonalField, PersonalKind};
use yunlong_model::{InstallationName, Kind, PersonId, Text, Timestamp};
use yunlong_store::documents::{DocumentError, Query, Schema};
use yunlong_store::{Direction, Key, Txn, transact, txn::from_json};

/// Documents that one commit of an erasure changes.
const STEP: u32 = 50;
/// Documents that are counted for the overview; behind it "more than".
const COUNTED: usize = 2_000;

/// Documents of a collection that are about a person, in one of the ways in which they are about people.
#[derive(Clone, Debug)]
pub(crate) struct Held {
    /// The collection and the part of it, as [`part_name`] writes it.
    pub(crate) part: String,
    /// What the manifest says of it.
    pub(crate) personal: Personal,
    /// The personal part of each document, with its id.
    pub(crate) documents: Vec<(String, Value)>,
    /// Where to go on.
    pub(crate) next: Option<String>,
}

/// How many documents of a collection are about a person.
#[derive(Clone, Debug)]
pub(crate) struct Count {
    /// What the manifest says of it.
    pub(crate) personal: Personal,
    /// How many there are.
    pub(crate) documents: usize,
    /// Whether there are more than were counted.
    pub(crate) more: bool,
}

/// An erasure, under way or done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Erasure {
    pub(crate) account: String,
    pub(crate) installation: InstallationName,
    pub(crate) asked_at: Timestamp,
    /// `None` while it is under way.
    pub(crate) finished_at: Option<Timestamp>,
    pub(crate) deleted: u64,
    pub(crate) cleared: u64,
    /// Documents that a law keeps.
    pub(crate) kept: u64,
    /// For the audit log: the request that asked for it.
    pub(crate) request_id: String,
}

fn table(name: &str) -> Key {
    Key::space("@personal").text(name)
}

/// The last erasure of a person in an installation.
fn erasure(account: &str, installation: &InstallationName) -> Key {
    table("erasure").text(account).text(installation.as_str())
}

/// The same, as long as it is under way.
fn open(account: &str, installation: &InstallationName) -> Key {
    table("open-erasure").text(account).text(installation.as_str())
}

impl Operations {
    /// The installations whose manifest says that they keep personal data, by name.
    pub(crate) fn keepers(&self) -> Vec<Arc<Installation>> {
        let all = self.services.installations.list();
        all.into_iter().filter(|i| marked(i).next().is_some() || areas(i).next().is_some()).collect()
    }

    /// How much an installation keeps about the person of an account.
    ///
    /// # Errors
    /// When the store fails.
    pub(crate) async fn count_held(&self, i: &Installation, account: &str) -> Result<Vec<Count>, OperationError> {
        let mut counts = Vec::new();
        for (collection, personal) in marked(i) {
            let mut count = Count { personal: personal.clone(), documents: 0, more: false };
            let mut cursor = None;
            loop {
                let page = self.page(i, collection, personal, account, cursor, 500).await?;
                count.documents += page.documents.len();
                cursor = page.next;
                count.more = cursor.is_some();
                if cursor.is_none() || count.documents >= COUNTED {
                    break;
                }
            }
            counts.push(count);
        }
        for area in areas(i) {
            let (files, next) = self.files_of(i, account, area, None, COUNTED).await?;
            counts.push(Count { personal: of_area(area), documents: files.len(), more: next.is_some() });
        }
        Ok(counts)
    }

    /// What the person of an account uploaded into an area.
    async fn files_of(
        &self,
        i: &Installation,
        account: &str,
        area: &FileArea,
        after: Option<UploadId>,
        limit: usize,
    ) -> Result<(Vec<File>, Option<UploadId>), OperationError> {
        let subject = self.services.identity.subject(&i.name, account);
        Ok(self.services.files.of_person(&i.name, &subject, &[&area.name], after, limit).await?)
    }

    /// What an installation keeps about the person of an account, at most `limit` documents of each part;
    /// those of the part `only` behind a cursor, when both are given.
    ///
    /// # Errors
    /// When the store fails, or the cursor is not one.
    pub(crate) async fn held(
        &self,
        i: &Installation,
        account: &str,
        only: Option<(&str, Option<String>)>,
        limit: u32,
    ) -> Result<Vec<Held>, OperationError> {
        let mut all = Vec::new();
        for (collection, personal) in marked(i) {
            let cursor = match &only {
                Some((name, _)) if *name != part_name(collection, personal) => continue,
                Some((_, cursor)) => cursor.clone(),
                None => None,
            };
            let page = self.page(i, collection, personal, account, cursor, limit).await?;
            let documents = page.documents.into_iter().map(|d| {
                let body = serde_json::from_str(&d.body).unwrap_or(Value::Null);
                (d.id, personal_part(&body, personal))
            });
            all.push(Held {
                part: part_name(collection, personal),
                personal: personal.clone(),
                documents: documents.collect(),
                next: page.next,
            });
        }
        for area in areas(i) {
            let cursor = match &only {
                Some((name, _)) if *name != area_part(area) => continue,
                Some((_, cursor)) => cursor.as_deref().and_then(|c| c.parse().ok()),
                None => None,
            };
            let (files, next) = self.files_of(i, account, area, cursor, limit as usize).await?;
            let documents = files.into_iter().map(|f| (f.id.to_string(), told(&f)));
            all.push(Held {
                part: area_part(area),
                personal: of_area(area),
                documents: documents.collect(),
                next: next.map(|id| id.to_string()),
            });
        }
        Ok(all)
    }

    async fn page(
        &self,
        i: &Installation,
        collection: &str,
        personal: &Personal,
        account: &str,
        cursor: Option<String>,
        limit: u32,
    ) -> Result<yunlong_store::documents::Page, OperationError> {
        let query = self.query(i, personal, account, cursor, limit);
        self.schema(i).find_committed(&self.services.store, collection, &query).await.map_err(OperationError::Documents)
    }

    fn query(&self, i: &Installation, p: &Personal, account: &str, cursor: Option<String>, limit: u32) -> Query {
        let subject = self.services.identity.subject(&i.name, account);
        Query {
            index: p.index.clone(),
            equals: vec![subject.into()],
            direction: Direction::Descending,
            limit,
            cursor,
            ..Query::default()
        }
    }

    fn schema(&self, i: &Installation) -> Schema {
        Schema::new(&i.name, &i.manifest).with_keys(self.services.identity.field_keys().clone())
    }

    /// The last erasure that this person asked for in an installation.
    ///
    /// # Errors
    /// When the store fails.
    pub(crate) async fn erasure_of(
        &self,
        account: &str,
        installation: &InstallationName,
    ) -> Result<Option<Erasure>, OperationError> {
        let key = erasure(account, installation);
        let found = self.services.store.get(&key).await.map_err(DocumentError::Store)?;
        Ok(found.map(|v| from_json(&key, &v.value)).transpose().map_err(DocumentError::Store)?)
    }

    /// Erases what an installation keeps about the person of an account, as its manifest says: removed,
    /// cleared of the personal fields, or kept where a law demands it. One that is under way goes on.
    ///
    /// # Errors
    /// [`OperationError::Invalid`] while the installation's data is being made ready for a new version;
    /// the store's. What was done by then stays done, and the rest follows at the next start.
    pub(crate) async fn erase(
        &self,
        installation: &InstallationName,
        account: &str,
        request_id: &str,
    ) -> Result<Erasure, OperationError> {
        let (name, account, request_id) = (installation.clone(), account.to_owned(), request_id.to_owned());
        self.detached(|me| async move {
            let begun = Erasure {
                account: account.clone(),
                installation: name.clone(),
                asked_at: me.services.clock.now(),
                finished_at: None,
                deleted: 0,
                cleared: 0,
                kept: 0,
                request_id,
            };
            me.ready_to_erase(&name)?;
            let (row, marker) = (erasure(&account, &name), open(&account, &name));
            let written: Result<(), OperationError> = transact!(&me.services.store, |txn| {
                if txn.get(&marker).await.map_err(DocumentError::Store)?.is_none() {
                    txn.put_as(row.clone(), &begun);
                    txn.put_as(marker.clone(), &(&account, &name));
                }
                Ok(())
            });
            written?;
            me.carry_on(&name, &account).await
        })
        .await
    }

    /// Finishes the erasures that a crash cut short. Called once, when the installations have started;
    /// one that cannot be finished yet is tried again at the next start.
    ///
    /// # Errors
    /// When the list of them cannot be read.
    pub async fn finish_erasures(&self) -> Result<(), OperationError> {
        let range = table("open-erasure").children();
        let rows = self.services.store.scan(&range, Direction::Ascending, usize::MAX).await;
        for row in rows.map_err(DocumentError::Store)? {
            let (account, name): (String, InstallationName) =
                from_json(&row.key, &row.value).map_err(DocumentError::Store)?;
            if self.services.installations.get(&name).is_none() {
                // Removed with all that it kept.
                self.close(&name, &account).await?;
            } else if let Err(error) = self.carry_on(&name, &account).await {
                tracing::warn!(installation = %name, %error, "an erasure could not be finished and waits for the next start");
            }
        }
        Ok(())
    }

    fn ready_to_erase(&self, name: &InstallationName) -> Result<Arc<Installation>, OperationError> {
        let i = self.get(name)?;
        if matches!(i.status, Status::Migrating | Status::Installing) {
            return Err(invalid(
                "installation",
                "该应用的数据正在升级，请几分钟后再试。",
                "The app’s data is being made ready for a new version: try again in a few minutes.",
            ));
        }
        Ok(i)
    }

    async fn carry_on(&self, name: &InstallationName, account: &str) -> Result<Erasure, OperationError> {
        // No upgrade rebuilds the indexes meanwhile.
        let _turn = self.turn(name).await;
        let i = self.ready_to_erase(name)?;
        let person = self.services.identity.person_of_account(account).await?;
        for (collection, personal) in marked(&i) {
            if personal.on_erasure != OnErasure::Keep {
                while self.erase_some(&i, collection, personal, account, &person).await? {}
            }
        }
        self.erase_files(&i, account, &person).await?;
        let mut kept = 0;
        for count in self.count_held(&i, account).await? {
            kept += if count.personal.on_erasure == OnErasure::Keep { count.documents as u64 } else { 0 };
        }
        let row = erasure(account, name);
        let counted: Result<(), OperationError> = transact!(&self.services.store, |txn| {
            let mut done = self.begun(txn, &row).await?;
            done.kept = kept;
            txn.put_as(row.clone(), &done);
            Ok(())
        });
        counted?;
        self.close(name, account).await?;
        let done = self.erasure_of(account, name).await?;
        done.ok_or_else(|| OperationError::NoSuchInstallation(name.clone()))
    }

    /// Ends an erasure: from then on it is not taken up again.
    async fn close(&self, name: &InstallationName, account: &str) -> Result<(), OperationError> {
        let (row, marker, now) = (erasure(account, name), open(account, name), self.services.clock.now());
        transact!(&self.services.store, |txn| {
            let mut done = self.begun(txn, &row).await?;
            done.finished_at = Some(now);
            txn.put_as(row.clone(), &done);
            txn.delete(marker.clone());
            Ok::<_, OperationError>(())
        })
    }

    async fn begun(&self, txn: &mut Txn, row: &Key) -> Result<Erasure, OperationError> {
        let found = txn.get(row).await.map_err(DocumentError::Store)?;
        let missing = || DocumentError::Store(yunlong_store::StoreError::Corrupt(format!("no erasure at {row:?}")));
        Ok(from_json(row, &found.ok_or_else(missing)?).map_err(DocumentError::Store)?)
    }

    /// One step; `false` when there is nothing left.
    async fn erase_some(
        &self,
        i: &Installation,
        collection: &str,
        personal: &Personal,
        account: &str,
        person: &PersonId,
    ) -> Result<bool, OperationError> {
        let (schema, row) = (self.schema(i), erasure(account, &i.name));
        let query = self.query(i, personal, account, None, STEP);
        transact!(&self.services.store, |txn| {
            let page = schema.find(txn, collection, &query).await?;
            let found = page.documents.len() as u64;
            if found == 0 {
                return Ok(false);
            }
            let mut state = self.begun(txn, &row).await?;
            let act = match personal.on_erasure {
                OnErasure::Delete => "deleted",
                OnErasure::Clear | OnErasure::Keep => "cleared",
            };
            for document in page.documents {
                if act == "deleted" {
                    schema.delete(txn, collection, &document.id).await?;
                } else {
                    let body = cleared(&document.body, personal);
                    schema.put(txn, collection, &document.id, &body).await?;
                }
            }
            *(if act == "deleted" { &mut state.deleted } else { &mut state.cleared }) += found;
            txn.put_as(row.clone(), &state);
            let entry = Entry {
                organization: Some(i.organization.clone()),
                installation: Some(i.name.clone()),
                about: Some(person.clone()),
                target: collection.to_owned(),
                fields: personal.fields.iter().map(|f| f.path.clone()).collect(),
                request_id: state.request_id.clone(),
                detail: format!("{act} {found}"),
                ..Entry::new("personal.erased", account, Kind::Citizen)
            };
            self.services.audit.stage(txn, &entry).await?;
            Ok::<_, OperationError>(true)
        })
    }
}

impl Operations {
    /// Deletes what a person uploaded, where no law keeps it. The entry of the log is written before, so that nothing
    /// goes unsaid; done twice, the second finds nothing.
    async fn erase_files(&self, i: &Installation, account: &str, person: &PersonId) -> Result<(), OperationError> {
        let subject = self.services.identity.subject(&i.name, account);
        let going = areas(i).filter(|a| a.personal.as_ref().is_some_and(|p| p.on_erasure == FileErasure::Delete));
        for area in going {
            let names = [area.name.as_str()];
            let row = erasure(account, &i.name);
            let (found, _) = self.services.files.of_person(&i.name, &subject, &names, None, 1).await?;
            if !found.is_empty() {
                transact!(&self.services.store, |txn| {
                    let state = self.begun(txn, &row).await?;
                    let entry = Entry {
                        organization: Some(i.organization.clone()),
                        installation: Some(i.name.clone()),
                        about: Some(person.clone()),
                        target: area_part(area),
                        request_id: state.request_id.clone(),
                        detail: "deleted".to_owned(),
                        ..Entry::new("personal.erased", account, Kind::Citizen)
                    };
                    self.services.audit.stage(txn, &entry).await?;
                    Ok::<_, OperationError>(())
                })?;
            }
            let erased = self.services.files.erase(&i.name, &subject, &names).await?;
            transact!(&self.services.store, |txn| {
                let mut state = self.begun(txn, &row).await?;
                state.deleted += erased;
                txn.put_as(row.clone(), &state);
                Ok::<_, OperationError>(())
            })?;
        }
        Ok(())
    }
}

/// The areas of personal files.
fn areas(i: &Installation) -> impl Iterator<Item = &FileArea> {
    i.manifest.files.iter().filter(|a| a.personal.is_some())
}

/// How an area is named in an address: no collection's part has a colon.
fn area_part(area: &FileArea) -> String {
    format!("files:{}", area.name)
}

/// All parts of what an installation keeps about people, by their names.
pub(crate) fn parts(i: &Installation) -> Vec<(String, Personal)> {
    let documents = marked(i).map(|(collection, p)| (part_name(collection, p), p.clone()));
    documents.chain(areas(i).map(|a| (area_part(a), of_area(a)))).collect()
}

/// What an area's files tell their person, in the words in which collections do.
fn of_area(area: &FileArea) -> Personal {
    let field = |path: &str, zh: &str, en: &str, kind| PersonalField {
        path: path.to_owned(),
        title: Text { zh: zh.to_owned(), en: en.to_owned() },
        kind,
        values: BTreeMap::new(),
    };
    let personal = area.personal.as_ref();
    Personal {
        title: area.title.clone(),
        subject: String::new(),
        index: String::new(),
        fields: vec![
            field("name", "文件名", "Name", PersonalKind::Text),
            field("type", "类型", "Type", PersonalKind::Text),
            field("size", "字节数", "Bytes", PersonalKind::Text),
            field("uploaded", "上传时间", "Uploaded", PersonalKind::Moment),
            field("sha256", "校验值", "Digest", PersonalKind::Digest),
        ],
        on_erasure: match personal.map(|p| p.on_erasure) {
            Some(FileErasure::Keep) => OnErasure::Keep,
            _ => OnErasure::Delete,
        },
        law: personal.and_then(|p| p.law.clone()),
    }
}

fn told(f: &File) -> Value {
    json!({ "name": f.name, "type": f.media_type, "size": f.size, "uploaded": f.created.0, "sha256": f.sha256 })
}

/// What is personal in the collections, one part for each person whom a document is about.
pub(crate) fn marked(i: &Installation) -> impl Iterator<Item = (&str, &Personal)> {
    i.manifest.collections.iter().flat_map(|c| c.personal.iter().map(|p| (c.name.as_str(), p)))
}

/// How a part is named in an address: neither name has a slash.
pub(crate) fn part_name(collection: &str, personal: &Personal) -> String {
    format!("{collection}/{}", personal.index)
}

/// The fields of a document that are about the person of a part, where they stand.
pub(crate) fn personal_part(body: &Value, personal: &Personal) -> Value {
    let mut part = Value::Null;
    for field in &personal.fields {
        let names: Vec<&str> = field.path.split('.').collect();
        if let Some(found) = at(body, &names) {
            merge(&mut part, found);
        }
    }
    if part.is_null() { Value::Object(Map::new()) } else { part }
}

/// What stands at a path, within what leads to it; arrays are passed through.
fn at(body: &Value, path: &[&str]) -> Option<Value> {
    let Some((first, rest)) = path.split_first() else { return Some(body.clone()) };
    match body {
        Value::Array(all) => {
            let found: Vec<Value> = all.iter().map(|v| at(v, path).unwrap_or(Value::Null)).collect();
            found.iter().any(|v| !v.is_null()).then_some(Value::Array(found))
        }
        Value::Object(o) => {
            let inner = at(o.get(*first)?, rest)?;
            Some(Value::Object(Map::from_iter([((*first).to_owned(), inner)])))
        }
        _ => None,
    }
}

fn merge(into: &mut Value, more: Value) {
    match (into, more) {
        (Value::Object(into), Value::Object(more)) => {
            for (name, value) in more {
                match into.get_mut(&name) {
                    Some(there) => merge(there, value),
                    None => _ = into.insert(name, value),
                }
            }
        }
        (Value::Array(into), Value::Array(more)) => {
            for (there, value) in into.iter_mut().zip(more) {
                merge(there, value);
            }
        }
        (into, more) if into.is_null() => *into = more,
        _ => {}
    }
}

/// The document without its personal fields, under a subject that is nobody's.
fn cleared(body: &str, personal: &Personal) -> String {
    let mut body: Value = serde_json::from_str(body).unwrap_or_else(|_| Value::Object(Map::new()));
    for field in &personal.fields {
        remove(&mut body, &field.path.split('.').collect::<Vec<_>>());
    }
    let nobody = format!("p-{}{}", crate::RequestId::generate(), crate::RequestId::generate());
    replace(&mut body, &personal.subject.split('.').collect::<Vec<_>>(), &Value::String(nobody));
    body.to_string()
}

fn remove(body: &mut Value, path: &[&str]) {
    match (body, path) {
        (Value::Array(all), path) => all.iter_mut().for_each(|v| remove(v, path)),
        (Value::Object(o), [last]) => _ = o.remove(*last),
        (Value::Object(o), [first, rest @ ..]) => {
            if let Some(inner) = o.get_mut(*first) {
                remove(inner, rest);
            }
        }
        _ => {}
    }
}

fn replace(body: &mut Value, path: &[&str], value: &Value) {
    match (body, path) {
        (Value::Object(o), [last]) => _ = o.insert((*last).to_owned(), value.clone()),
        (Value::Object(o), [first, rest @ ..]) => {
            if let Some(inner) = o.get_mut(*first) {
                replace(inner, rest, value);
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn personal(fields: &[&str]) -> Personal {
        let fields: Vec<_> =
            fields.iter().map(|f| json!({ "path": f, "title": { "zh": "项", "en": "Item" } })).collect();
        serde_json::from_value(json!({
            "title": { "zh": "订单", "en": "Orders" }, "subject": "owner", "index": "by-owner",
            "fields": fields, "on_erasure": "clear",
        }))
        .unwrap()
    }

    #[test]
    fn the_personal_part_keeps_its_place_and_nothing_else() {
        let body = json!({ "owner": "p-1", "price": 30, "contact": { "mobile": "1", "note": "n" },
            "visitors": [{ "name": "A", "id": "x", "ticket": 1 }, { "name": "B", "ticket": 2 }] });
        let part = |fields: &[&str]| personal_part(&body, &personal(fields));
        assert_eq!(part(&["contact.mobile"]), json!({ "contact": { "mobile": "1" } }));
        assert_eq!(
            part(&["visitors.name", "visitors.id"]),
            json!({ "visitors": [{ "name": "A", "id": "x" }, { "name": "B" }] })
        );
        assert_eq!(part(&["none", "price.of"]), json!({}));
    }

    #[test]
    fn a_cleared_document_keeps_the_rest_under_a_subject_of_nobody() {
        let body = json!({ "owner": "p-1", "price": 30, "visitors": [{ "name": "A", "ticket": 1 }] }).to_string();
        let after: Value = serde_json::from_str(&cleared(&body, &personal(&["visitors.name"]))).unwrap();
        assert_eq!(after["visitors"], json!([{ "ticket": 1 }]));
        assert_eq!(after["price"], 30);
        let owner = after["owner"].as_str().unwrap();
        assert!(owner.starts_with("p-") && owner != "p-1");
        assert_ne!(cleared(&body, &personal(&["visitors"])), cleared(&body, &personal(&["visitors"])));
    }
}

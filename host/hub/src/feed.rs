//! The feed of changes: what changed in a dataset is told to the apps that asked for it, as messages.
//!
//! How far a dataset's changes were told is written in the commit that stages the messages, so that each
//! change is told once to each app whose grant stood when it was told, whatever stops in between. A message says which record, by
//! the app's own reference, and which of the granted fields changed; it never says a value.

use crate::read::{Call, Want};
use crate::sharing::keys;
use crate::{Access, Caller, Changed, Dataset, Grant, Hub, HubError, Open, ReadError, Record, Records};
use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::cmp::Ordering;
use std::collections::BTreeSet;
use std::sync::Arc;
use yunlong_audit::Entry;
use yunlong_messaging::Outgoing;
use yunlong_model::{InstallationName, Kind};
use yunlong_store::txn::from_json;
use yunlong_store::{Key, SharedStore, StoreError, Txn, transact};

/// How far the changes of a dataset were told.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Told {
    /// The last row of changes that was begun, in hexadecimal digits.
    row: String,
    /// How many of its changes were told; `None`: all of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    done: Option<usize>,
}

/// Commits of changes that are looked at in one turn.
const ROWS: usize = 20;
/// Changes of one commit of messages. With several apps each of them is several rows.
const CHANGES: usize = 100;

/// An app that is told of changes, with what it may know.
struct Follower {
    open: Open,
    call: Call,
}

/// A message and its entry in the log.
struct Telling {
    to: InstallationName,
    /// The grant that it rests on.
    grant: Key,
    event: Outgoing,
    entry: Option<Entry>,
}

impl Hub {
    /// Tells what changed since the last time; answers whether there is more to tell at once.
    pub(crate) async fn tell_changes(&self) -> Result<bool, HubError> {
        let mut more = false;
        for dataset in self.datasets() {
            more |= self.tell_changes_of(&dataset).await?;
        }
        Ok(more)
    }

    async fn tell_changes_of(&self, dataset: &Arc<Dataset>) -> Result<bool, HubError> {
        let records = self.records(&dataset.id)?;
        let told = told(&self.inner.store, &dataset.id).await?.unwrap_or_default();
        let rows = records.changes(told.before()?.as_ref(), ROWS).await?;
        if rows.is_empty() {
            return Ok(false);
        }
        let (count, mut through) = (rows.len(), None);
        for row in rows {
            let mut from = told.done_of(&row.at);
            while from < row.changes.len() {
                // Asked for again each time: a grant may have been revoked meanwhile.
                let followers = self.followers(dataset).await?;
                if followers.is_empty() {
                    break;
                }
                let chunk: Vec<Changed> = row.changes.iter().skip(from).take(CHANGES).cloned().collect();
                from += chunk.len();
                let all = from >= row.changes.len();
                let mark = Told::at(&row.at, (!all).then_some(from));
                self.tell_some(&records, &followers, &chunk, &mark).await?;
            }
            through = Some(row.at);
        }
        if let Some(through) = through {
            self.mark(&dataset.id, Told::at(&through, None)).await?;
            // Nobody else follows them.
            records.trim_changes(&through, ROWS).await?;
        }
        Ok(count == ROWS)
    }

    /// Stages the messages of some changes, with how far it has come, in one commit.
    async fn tell_some(
        &self,
        records: &Records,
        followers: &[Follower],
        changes: &[Changed],
        mark: &Told,
    ) -> Result<(), HubError> {
        let mut tellings = Vec::new();
        for change in changes {
            // One that was removed has nobody left to ask about.
            let Some(record) = records.newest(&change.id).await? else { continue };
            for follower in followers {
                tellings.extend(follower.telling(change, &record).await?);
            }
        }
        let key = keys::told(&records.dataset().id);
        transact!(&self.inner.store, |txn| {
            // Two that tell the same conflict here.
            let before: Option<Told> = txn.get_as(&key).await?;
            if before.as_ref().is_some_and(|b| b.is_past(mark)) {
                return Ok(());
            }
            let standing = self.still_standing(txn, followers).await?;
            for telling in tellings.iter().filter(|t| standing.contains(&t.grant)) {
                let (to, event) = (&telling.to, telling.event.clone());
                self.inner.messaging.publish_platform(txn, to, "hub", event).await?;
                if let Some(entry) = &telling.entry {
                    self.inner.audit.stage(txn, entry).await?;
                }
            }
            txn.put_as(key.clone(), mark);
            Ok::<_, HubError>(())
        })
    }

    /// The grants of the followers that stand in this transaction: one that is revoked at the same time
    /// conflicts with it.
    async fn still_standing(&self, txn: &mut Txn, followers: &[Follower]) -> Result<BTreeSet<Key>, HubError> {
        let (now, mut standing) = (self.inner.now(), BTreeSet::new());
        for key in followers.iter().map(Follower::grant) {
            let grant: Option<Grant> = txn.get_as(&key).await?;
            if grant.is_some_and(|g| g.stands(now)) {
                standing.insert(key);
            }
        }
        Ok(standing)
    }

    async fn mark(&self, dataset: &str, mark: Told) -> Result<(), HubError> {
        let key = keys::told(dataset);
        transact!(&self.inner.store, |txn| {
            let before: Option<Told> = txn.get_as(&key).await?;
            if !before.as_ref().is_some_and(|b| b.is_past(&mark)) {
                txn.put_as(key.clone(), &mark);
            }
            Ok::<_, HubError>(())
        })
    }

    /// The installations that may know of changes of a dataset now.
    async fn followers(&self, dataset: &Arc<Dataset>) -> Result<Vec<Follower>, HubError> {
        let mut followers = Vec::new();
        for installed in self.inner.installations.list() {
            // Most apps are none: their grants are not even read.
            if !installed.manifest.datasets.iter().any(|u| u.dataset == dataset.id) {
                continue;
            }
            for grant in self.grants_of(&installed.name).await?.of_dataset(&dataset.id) {
                let open = Open {
                    hub: self.clone(),
                    caller: service(&installed.name, &installed.organization),
                    dataset: dataset.id.clone(),
                    purpose: grant.purpose.clone(),
                };
                // What does not follow is no denial: nobody asked.
                match open.begin_quietly(&Want::new(Access::Changes, "changes", &[])).await {
                    Ok(Ok(call)) => followers.push(Follower { open, call }),
                    Ok(Err(_)) | Err(ReadError::Denied(_)) => {}
                    Err(e) => return Err(unavailable(&e)),
                }
            }
        }
        Ok(followers)
    }
}

impl Follower {
    fn grant(&self) -> Key {
        keys::grant(&self.open.caller.installation, &self.open.dataset, &self.open.purpose)
    }

    /// What the app is told of a change; nothing when none of its fields changed, the record is not among
    /// its rows, or the person has not consented.
    async fn telling(&self, change: &Changed, record: &Record) -> Result<Option<Telling>, HubError> {
        let (open, call) = (&self.open, &self.call);
        let granted = call.field_names();
        let fields: Vec<String> = granted.into_iter().filter(|f| change.fields.contains(f)).collect();
        let person = call.records().person(record);
        if fields.is_empty() && !change.ended || !call.is_in(person.as_ref(), &record.body) {
            return Ok(None);
        }
        if !open.is_consented(call, person.as_ref()).await.map_err(|e| unavailable(&e))? {
            return Ok(None);
        }
        let reference = open.reference(call.dataset(), &record.key);
        let entry = match person {
            Some(person) => {
                let about = crate::read::About { person, reference: reference.clone() };
                let entry = open.entry(call, "data.read", about).await.map_err(|e| unavailable(&e))?;
                Some(Entry { fields: fields.clone(), ..entry })
            }
            None => None,
        };
        let event = Outgoing {
            topic: "city.hub.changed".into(),
            subject: Some(reference.clone()),
            // Changes of one record arrive in their order.
            key: Some(reference.clone()),
            data: json!({
                "dataset": open.dataset, "purpose": open.purpose, "reference": reference,
                "version": change.version, "fields": fields, "ended": change.ended,
            }),
            not_before: None,
            deduplication_key: None,
        };
        Ok(Some(Telling { to: open.caller.installation.clone(), grant: self.grant(), event, entry }))
    }
}

impl Told {
    fn at(key: &Key, done: Option<usize>) -> Self {
        Self { row: HEXLOWER.encode(key.as_bytes()), done }
    }

    /// Where to read on: behind the row, or before one that was begun. A key ends in a number; without
    /// its last byte it stands before it, and behind what was told but for some rows of the same commit,
    /// which their marks keep from being told twice.
    fn before(&self) -> Result<Option<Key>, HubError> {
        let bytes = HEXLOWER.decode(self.row.as_bytes());
        let mut bytes = bytes.map_err(|e| StoreError::Corrupt(format!("how far changes were told: {e}")))?;
        if self.done.is_some() {
            bytes.pop();
        }
        Ok((!bytes.is_empty()).then(|| Key::from_bytes(bytes)))
    }

    /// How many changes of a row were told.
    fn done_of(&self, row: &Key) -> usize {
        match self.row.cmp(&HEXLOWER.encode(row.as_bytes())) {
            Ordering::Less => 0,
            Ordering::Equal => self.done.unwrap_or(usize::MAX),
            Ordering::Greater => usize::MAX,
        }
    }

    /// Whether this is as far as another mark, or farther. Hexadecimal digits keep the order of bytes.
    fn is_past(&self, other: &Self) -> bool {
        let far = |t: &Self| (t.row.clone(), t.done.unwrap_or(usize::MAX));
        far(self) >= far(other)
    }
}

async fn told(store: &SharedStore, dataset: &str) -> Result<Option<Told>, HubError> {
    let key = keys::told(dataset);
    Ok(store.get(&key).await?.map(|t| from_json(&key, &t.value)).transpose()?)
}

fn service(installation: &InstallationName, organization: &str) -> Caller {
    Caller {
        installation: installation.clone(),
        organization: organization.to_owned(),
        kind: Kind::Service,
        account: None,
        person: None,
        roles: Vec::new(),
        invocation: "message",
        request_id: String::new(),
    }
}

fn unavailable(e: &ReadError) -> HubError {
    StoreError::Io(e.to_string()).into()
}

//! The feed of changes: what changed in a dataset is told to the apps that asked for it, as messages.
//!
//! That a record was removed is told, too, as its end: the row of changes leads to what is kept of it for
//! that, sealed, and is removed with the telling.
//!
//! How far a dataset's changes were told is written in the commit that stages the messages, so that each
//! change is told once to each app whose grant stood when it was told, whatever stops in between. A message says which record, by
//! the app's own reference, and which of the granted fields changed; it never says a value.
//!
//! Two apps that follow the same people must not find each other's records by what arrives together: what is
//! about persons is delivered later, each record at a moment of the installation's own ([`delivered_at`]).

use crate::hub::All;
use crate::read::{Call, Consent, Want};
use crate::records::changes::Erased;
use crate::sharing::keys;
use crate::{Access, Caller, Changed, Dataset, Hub, HubError, Open, ReadError, Record, Records};
use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::cmp::Ordering;
use std::sync::Arc;
use yunlong_audit::Entry;
use yunlong_messaging::Outgoing;
use yunlong_model::uses::division_contains;
use yunlong_model::{InstallationName, Kind, PersonId, Timestamp, topics};
use yunlong_store::txn::from_json;
use yunlong_store::{Key, ReadCheck, SharedStore, StoreError, Txn, transact};

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

/// Changes about persons of a quarter of an hour are delivered over the next one.
const QUARTER: i64 = 15 * 60_000;

/// An app that is told of changes, with what it may know.
struct Follower {
    /// What changed before is not told.
    since: Timestamp,
    open: Open,
    call: Call,
}

/// A message and its entry in the log.
struct Telling {
    to: InstallationName,
    event: Outgoing,
    entry: Option<Entry>,
    /// The consent that it rests on: whose, and its row.
    consent: Option<(String, ReadCheck)>,
}

/// What is to be told of some changes, and the rows by which that was decided.
#[derive(Default)]
struct Tellings {
    all: Vec<Telling>,
    rests_on: Vec<ReadCheck>,
    /// Rows of removed records, which have served when this is told.
    erased: Vec<Key>,
}

/// How often some changes are looked at anew because a grant or a consent changed beside it.
const ATTEMPTS: u32 = 8;

impl Hub {
    /// Tells what changed since the last time; answers whether there is more to tell at once.
    pub(crate) async fn tell_changes(&self) -> Result<bool, HubError> {
        let (mut more, mut all) = (false, All::default());
        for dataset in self.datasets() {
            let told = self.tell_changes_of(&dataset).await;
            more |= matches!(told, Ok(true));
            all.of(&format!("the feed of {}", dataset.id), told.map(drop));
        }
        all.done().map(|()| more)
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
                let chunk: Vec<Changed> = row.changes.iter().skip(from).take(CHANGES).cloned().collect();
                let all = from + chunk.len() >= row.changes.len();
                let mark = Told::at(&row.at, (!all).then_some(from + chunk.len()));
                if !self.tell_some(&records, (row.time, &chunk), &mark).await? {
                    // Nobody follows: there is nobody to tell what was removed, either.
                    self.forget_erased(&records, row.changes.iter().skip(from)).await?;
                    break;
                }
                from += chunk.len();
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

    /// Stages the messages of some changes, with how far it has come, in one commit, which checks the grants
    /// and the consents by which they were decided: one that is revoked or withdrawn at the same time conflicts
    /// with it, and the changes are looked at anew. Answers whether anybody follows.
    async fn tell_some(
        &self,
        records: &Records,
        changes: (Timestamp, &[Changed]),
        mark: &Told,
    ) -> Result<bool, HubError> {
        let key = keys::told(&records.dataset().id);
        for _ in 0..ATTEMPTS {
            // Asked for again each time: a grant may have been revoked meanwhile.
            let followers = self.followers(records.dataset()).await?;
            if followers.is_empty() {
                return Ok(false);
            }
            let tellings = self.tellings(records, &followers, changes).await?;
            let done: Result<bool, HubError> = transact!(&self.inner.store, |txn| {
                // Two that tell the same conflict here.
                let before: Option<Told> = txn.get_as(&key).await?;
                if before.as_ref().is_some_and(|b| b.is_past(mark)) {
                    return Ok(true);
                }
                let consents = tellings.all.iter().filter_map(|t| t.consent.as_ref()).map(|(_, row)| row);
                for row in tellings.rests_on.iter().chain(consents) {
                    if txn.get_versioned(&row.key).await?.map(|found| found.version) != row.version {
                        return Ok(false);
                    }
                }
                for telling in &tellings.all {
                    let (to, event, messaging) = (&telling.to, telling.event.clone(), &self.inner.messaging);
                    if records.dataset().is_personal() {
                        messaging.publish_platform_undated(txn, to, "hub", event).await?;
                    } else {
                        messaging.publish_platform(txn, to, "hub", event).await?;
                    }
                    if let Some(entry) = &telling.entry {
                        self.inner.audit.stage(txn, entry).await?;
                    }
                }
                for key in &tellings.erased {
                    txn.delete(key.clone());
                }
                txn.put_as(key.clone(), mark);
                Ok::<_, HubError>(true)
            });
            if done? {
                return Ok(true);
            }
            for follower in &followers {
                follower.open.look_again(&follower.call.ground());
            }
            for telling in &tellings.all {
                if let Some((account, _)) = &telling.consent {
                    self.inner.identity.look_again(&telling.to, account);
                }
            }
        }
        let why = "grants or consents change again and again while changes are told";
        Err(StoreError::Io(why.into()).into())
    }

    async fn tellings(
        &self,
        records: &Records,
        followers: &[Follower],
        (time, changes): (Timestamp, &[Changed]),
    ) -> Result<Tellings, HubError> {
        let mut tellings = Tellings::default();
        for follower in followers {
            tellings.rests_on.extend(follower.call.ground().rows);
        }
        for change in changes {
            if let Some(record) = records.newest(&change.id).await? {
                for follower in followers.iter().filter(|f| f.since <= time) {
                    tellings.all.extend(follower.telling(change, &record).await?);
                }
            } else if let Some((erased, row)) = records.erased(&change.id).await? {
                for follower in followers.iter().filter(|f| f.since <= time) {
                    tellings.all.extend(follower.farewell(&erased).await?);
                }
                tellings.erased.push(row.key.clone());
                tellings.rests_on.push(row);
            }
        }
        Ok(tellings)
    }

    async fn forget_erased(&self, records: &Records, changes: impl Iterator<Item = &Changed>) -> Result<(), HubError> {
        for change in changes.filter(|c| c.ended) {
            let Some((_, row)) = records.erased(&change.id).await? else { continue };
            let mut txn = Txn::new(self.inner.store.clone());
            txn.delete(row.key);
            txn.commit().await?;
        }
        Ok(())
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
                    Ok(Ok(call)) => followers.push(Follower { since: grant.since(), open, call }),
                    Ok(Err(_)) | Err(ReadError::Denied(_)) => {}
                    Err(e) => return Err(unavailable(&e)),
                }
            }
        }
        Ok(followers)
    }
}

impl Follower {
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
        let consent = match open.consent(call, person.as_ref()).await.map_err(|e| unavailable(&e))? {
            Consent::Missing => return Ok(None),
            Consent::NotNeeded => None,
            Consent::Given(account, row) => Some((account, row)),
        };
        let version = open.version(call, record);
        let telling = self.tell(person, &record.key, version, fields, change.ended, "").await?;
        Ok(Some(Telling { consent, ..telling }))
    }

    /// What the app is told of a record that was removed: that whatever it holds under its reference is to go.
    /// A consent that is gone as well keeps nobody from being told that; to an app that never saw the
    /// reference it says nothing.
    async fn farewell(&self, erased: &Erased) -> Result<Option<Telling>, HubError> {
        let within = |granted: &[String]| {
            let code = erased.division.as_deref();
            code.is_some_and(|code| granted.iter().any(|g| division_contains(g, code)))
        };
        if !self.call.allowed.divisions().all(within) {
            return Ok(None);
        }
        let telling = self.tell(erased.person.clone(), &erased.key, 0, Vec::new(), true, "; removed").await?;
        Ok(Some(telling))
    }

    async fn tell(
        &self,
        person: Option<PersonId>,
        key: &str,
        version: u64,
        fields: Vec<String>,
        ended: bool,
        detail: &str,
    ) -> Result<Telling, HubError> {
        let (open, call) = (&self.open, &self.call);
        let reference = open.reference(call.dataset(), key);
        let entry = match person {
            Some(person) => {
                let about = crate::read::About { person, reference: reference.clone() };
                let entry = open.entry(call, "data.read", about).await.map_err(|e| unavailable(&e))?;
                Some(Entry { fields: fields.clone(), detail: format!("{}{detail}", entry.detail), ..entry })
            }
            None => None,
        };
        let event = Outgoing {
            topic: topics::HUB_CHANGED.into(),
            subject: Some(reference.clone()),
            // Changes of one record arrive in their order.
            key: Some(reference.clone()),
            data: json!({
                "dataset": open.dataset, "purpose": open.purpose, "reference": reference,
                "version": version, "fields": fields, "ended": ended,
            }),
            not_before: call.dataset().is_personal().then(|| delivered_at(open, &reference)),
            deduplication_key: None,
        };
        Ok(Telling { to: open.caller.installation.clone(), event, entry, consent: None })
    }
}

/// When a change of a record about a person that is told now is delivered: in the quarter of an hour behind the
/// one that it is now, at a place there that is the installation's own and always the same for the record. So
/// whatever changed in a quarter of an hour arrives in an order that no other app sees, and changes of one record
/// still arrive in theirs.
fn delivered_at(open: &Open, reference: &str) -> Timestamp {
    let now = open.hub.inner.now().0;
    let begins = now - now.rem_euclid(QUARTER) + QUARTER;
    let place = open.hub.inner.tags().number(&["delivered", open.caller.installation.as_str(), reference]);
    Timestamp(begins + i64::try_from(place).unwrap_or(0).rem_euclid(QUARTER))
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
        office: None,
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

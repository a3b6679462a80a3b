//! Writing: one change of one record, staged with all that hangs on it.

use super::changes::{Erased, Gathered};
use super::merge::Merged;
use super::stage::Heads;
use super::step::{self, Days, Place};
use super::{Records, Stored, row};
use crate::catalogue::Live;
use crate::{Dataset, FieldError, Hub, HubError, Provenance, Record, keys, validate};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::sync::Arc;
use yunlong_formats::Date;
use yunlong_model::{PersonId, Timestamp};
use yunlong_store::txn::from_json;
use yunlong_store::{Direction, Txn};

/// For which fields somebody may write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Authority {
    /// Those for which this organization is the authority.
    Of(String),
    /// All of them, on behalf of the organizations that are: the platform's administrators, who load what
    /// those organizations hand over.
    All,
}

/// A change of a record.
#[derive(Clone, Debug, PartialEq)]
pub struct Fresh {
    /// The value of the key item.
    pub key: String,
    /// The fields that are set. Others stay as they are; `null` takes a value away.
    pub fields: Map<String, Value>,
    /// The day from which it holds.
    pub valid_from: Date,
    /// The first day on which it no longer holds, if that is known.
    pub valid_to: Option<Date>,
    /// Where it comes from.
    pub provenance: Provenance,
    /// The version that it is based on; 0: the record must be new; `None`: whatever there is.
    pub based_on: Option<u64>,
}

/// What became of a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Written {
    /// The record is new. The version is 1.
    New,
    /// It has this version now.
    Changed(u64),
    /// It says nothing new; nothing was written. The record has this version.
    Unchanged(u64),
}

impl Written {
    /// The version of the record since.
    #[must_use]
    pub fn version(self) -> u64 {
        match self {
            Self::New => 1,
            Self::Changed(version) | Self::Unchanged(version) => version,
        }
    }
}

/// Gathers changes of one dataset for one transaction. [`Writer::finish`] stages what is counted over all
/// of them; without it the transaction is not to be committed.
pub struct Writer {
    pub(super) records: Records,
    pub(super) counts: BTreeMap<String, i64>,
    pub(super) gathered: Gathered,
    pub(super) changed: u64,
    /// Whether the provider brought the dataset up to date by what was written.
    renewed: bool,
    now: Timestamp,
    once: bool,
    pub(super) today: String,
    pub(super) divisions: validate::Divisions,
}

impl Hub {
    /// A writer of a dataset's records in this transaction.
    ///
    /// The transaction conflicts with a change of the dataset's description, so that no record is
    /// written by one that does not stand any more.
    ///
    /// # Errors
    /// [`HubError::NoSuchDataset`]; when the store fails.
    pub async fn writer(&self, txn: &mut Txn, dataset: &str) -> Result<Writer, HubError> {
        let mut records = self.records(dataset)?;
        let key = keys::dataset(dataset);
        let stored = txn.get(&key).await?.ok_or_else(|| HubError::NoSuchDataset(dataset.to_owned()))?;
        let entry: crate::CatalogueEntry = from_json(&key, &stored)?;
        if entry.version != records.live.entry.version {
            records.live = Live::new(entry)?;
        }
        Ok(Writer {
            records,
            counts: BTreeMap::new(),
            gathered: Gathered::default(),
            changed: 0,
            renewed: false,
            now: self.inner.now(),
            once: false,
            today: crate::days::day(self.inner.now()).to_string(),
            divisions: validate::Divisions::default(),
        })
    }
}

impl Writer {
    /// The dataset, as it is described in this transaction.
    #[must_use]
    pub fn dataset(&self) -> &Arc<Dataset> {
        self.records.dataset()
    }

    /// The same, for a file, which says things once: a record that came through the same provenance on the
    /// same day already, with other values, is refused ([`HubError::Twice`]).
    #[must_use]
    pub fn once(self) -> Self {
        Self { once: true, ..self }
    }

    /// Whom a record is about.
    pub(crate) fn person(&self, record: &Record) -> Option<PersonId> {
        self.records.person(record)
    }

    /// The id in the store of the record with this key.
    pub(crate) fn id(&self, key: &str) -> String {
        self.records.id(key)
    }

    /// A key in its normal form.
    pub(crate) fn normal<'a>(&self, key: &'a str) -> std::borrow::Cow<'a, str> {
        self.records.normal(key)
    }

    /// Writes a change as the rules of succession say: it begins a version that is not before the newest
    /// one.
    ///
    /// # Errors
    /// [`HubError::Record`] says what is wrong with which field; [`HubError::Changed`] when it is based on
    /// another version. Then nothing was staged.
    pub async fn put(&mut self, txn: &mut Txn, by: &Authority, fresh: Fresh) -> Result<Written, HubError> {
        let (id, stored) = self.meet(txn, by, &fresh).await?;
        let written = self.succeed(txn, by, fresh, &id, stored.as_ref()).await?;
        // A file has brought it up to date when all of it is loaded.
        self.renewed |= !self.once && self.provider_only(by).is_ok();
        Ok(written)
    }

    async fn succeed(
        &mut self,
        txn: &mut Txn,
        by: &Authority,
        fresh: Fresh,
        id: &str,
        stored: Option<&Stored>,
    ) -> Result<Written, HubError> {
        let head = stored.map(|s| &s.record);
        let (days, from, through) = (days_of(&fresh), fresh.valid_from, fresh.provenance.through.clone());
        let merged = self.merge(by, fresh, head)?;
        if let Some(head) = head
            && step::says_nothing_new(head, &merged.body, &days)
        {
            return Ok(Written::Unchanged(head.version));
        }
        if self.once && head.is_some_and(|h| h.valid_from == days.from && step::came_through(h, &through)) {
            return Err(HubError::Twice);
        }
        self.check(&merged, from, &days).await?;
        let place = step::change(head, days).map_err(one)?;
        self.place(txn, id, stored, merged, place).await
    }

    /// Writes a correction: what it says held from its first day on, however long ago that is. The version
    /// that it replaces, or a part of, is kept among what was replaced.
    ///
    /// # Errors
    /// As [`Writer::put`].
    pub async fn correct(&mut self, txn: &mut Txn, by: &Authority, fresh: Fresh) -> Result<Written, HubError> {
        let (id, stored) = self.meet(txn, by, &fresh).await?;
        let Some(stored) = stored else { return self.succeed(txn, by, fresh, &id, None).await };
        let former = self.former(txn, &id).await?;
        let (days, from) = (days_of(&fresh), fresh.valid_from);
        let place = step::correction(&former, &stored.record, days.clone()).map_err(one)?;
        let stored = Stored {
            record: Record { since: step::since_corrected(&former, &stored.record, &place), ..stored.record },
            ..stored
        };
        let base = self.base_of(&place, &former, &stored.record);
        let merged = self.merge(by, fresh, base)?;
        if let Some(base) = base
            && base.body == merged.body
            && step::days_at(&place) == (Days { from: base.valid_from.clone(), to: base.valid_to.clone() })
        {
            return Ok(Written::Unchanged(stored.record.version));
        }
        self.check(&merged, from, &days).await?;
        self.place(txn, &id, Some(&stored), merged, place).await
    }

    /// Ends a record: from this day on it no longer holds.
    ///
    /// # Errors
    /// [`HubError::NoSuchRecord`]; [`HubError::Record`] when it has ended on another day, or began later;
    /// [`HubError::Forbidden`] unless it is the provider.
    pub async fn close(
        &mut self,
        txn: &mut Txn,
        by: &Authority,
        key: &str,
        valid_to: Date,
        provenance: Provenance,
    ) -> Result<Written, HubError> {
        self.provider_only(by)?;
        let id = self.records.id(key);
        let Some(stored) = self.head(txn, &id).await? else {
            return Err(HubError::NoSuchRecord(self.dataset().id.clone()));
        };
        let (mut record, to) = (stored.record.clone(), valid_to.to_string());
        match &record.valid_to {
            Some(ended) if *ended == to => return Ok(Written::Unchanged(record.version)),
            Some(ended) => {
                let (zh, en) = (format!("该记录已于 {ended} 失效"), format!("the record ended on {ended}"));
                return Err(one(FieldError::new("valid_to", zh, en)));
            }
            None => {}
        }
        step::sane(&Days { from: record.valid_from.clone(), to: Some(to.clone()) }, "9999-12-31").map_err(one)?;
        record.valid_to = Some(to);
        record.version = stored.highest + 1;
        record.recorded = self.now;
        // Who said that it ends is the source of that; the fields keep theirs.
        let source = std::mem::replace(&mut record.source, provenance);
        for field in record.body.keys() {
            record.sources.entry(field.clone()).or_insert_with(|| source.clone());
        }
        let after = Stored { highest: record.version, record };
        self.renewed = true;
        self.stage(
            txn,
            Heads { id: &id, before: Some(&stored.record), after: Some(&after), fields: vec![], ended: true },
        )?;
        Ok(Written::Changed(after.record.version))
    }

    /// Removes a record with all its versions, as if it had never been there. For what the law says is to be
    /// erased; whatever else ends is closed.
    ///
    /// # Errors
    /// [`HubError::NoSuchRecord`]; when the store fails.
    pub async fn erase(&mut self, txn: &mut Txn, key: &str) -> Result<(), HubError> {
        let id = self.records.id(key);
        let Some(stored) = self.head(txn, &id).await? else {
            return Err(HubError::NoSuchRecord(self.dataset().id.clone()));
        };
        let dataset = self.dataset().id.clone();
        for under in [keys::former(&dataset, &id), keys::replaced(&dataset, &id)] {
            for (key, _) in txn.scan(&under.children(), Direction::Ascending, usize::MAX).await? {
                txn.delete(key);
            }
        }
        let kept = Erased {
            key: stored.record.key.clone(),
            person: self.records.person(&stored.record),
            division: self
                .dataset()
                .division
                .as_ref()
                .and_then(|d| stored.record.body.get(d)?.as_str().map(str::to_owned)),
        };
        let at = keys::erased(&dataset, &id);
        let json = serde_json::to_vec(&kept).map_err(|e| yunlong_store::StoreError::Corrupt(e.to_string()))?;
        txn.put(at.clone(), self.records.inner.keys.seal(at.as_bytes(), &json)?.into());
        let fields = stored.record.body.keys().cloned().collect();
        self.stage(txn, Heads { id: &id, before: Some(&stored.record), after: None, fields, ended: true })
    }

    /// The newest version of a record, as this transaction sees it.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn newest(&self, txn: &mut Txn, key: &str) -> Result<Option<Record>, HubError> {
        Ok(self.head(txn, &self.records.id(key)).await?.map(|s| s.record))
    }

    /// Stages what is counted over all changes. Answers how many records were written.
    pub fn finish(self, txn: &mut Txn) -> u64 {
        let Self { records, counts, gathered, changed, renewed, now, .. } = self;
        let dataset = records.dataset();
        if renewed {
            txn.put_as(keys::renewed(&dataset.id), &now);
        }
        if changed == 0 {
            return 0;
        }
        for (item, delta) in counts.into_iter().filter(|(_, delta)| *delta != 0) {
            let key = if item.is_empty() { keys::counts(&dataset.id) } else { keys::count_of(&dataset.id, &item) };
            txn.adjust(key, delta, 0, i64::MAX);
        }
        txn.put_as(keys::touched(&dataset.id), &now);
        gathered.stage(txn, dataset, now);
        changed
    }

    /// Whoever writes an existing record finds it by its key, which is checked first, and so is whether they
    /// are the authority for what they give.
    async fn meet(&self, txn: &mut Txn, by: &Authority, fresh: &Fresh) -> Result<(String, Option<Stored>), HubError> {
        if let Some(error) = validate::key(self.dataset(), &fresh.key) {
            return Err(one(error));
        }
        self.may_set(by, &fresh.fields)?;
        let id = self.records.id(&fresh.key);
        let stored = self.head(txn, &id).await?;
        let is = stored.as_ref().map_or(0, |s| s.record.version);
        match fresh.based_on {
            Some(based_on) if based_on != is => Err(HubError::Changed { is, based_on }),
            _ => Ok((id, stored)),
        }
    }

    async fn head(&self, txn: &mut Txn, id: &str) -> Result<Option<Stored>, HubError> {
        let key = keys::head(&self.dataset().id, id);
        match txn.get(&key).await? {
            Some(bytes) => Ok(Some(row::from_bytes(&self.records.inner.keys, &key, &bytes)?)),
            None => Ok(None),
        }
    }

    /// The former versions, the oldest first.
    async fn former(&self, txn: &mut Txn, id: &str) -> Result<Vec<Record>, HubError> {
        let range = keys::former(&self.dataset().id, id).children();
        let rows = txn.scan(&range, Direction::Ascending, usize::MAX).await?;
        rows.iter().map(|(key, bytes)| Ok(row::from_bytes(&self.records.inner.keys, key, bytes)?.record)).collect()
    }

    /// The version whose fields a correction changes.
    fn base_of<'a>(&self, place: &Place, former: &'a [Record], head: &'a Record) -> Option<&'a Record> {
        let from = match place {
            Place::InsteadOfHead(_) => return Some(head),
            Place::Head { before, days } => {
                let goes_on = head.valid_to.as_ref().is_none_or(|to| *to > days.from);
                return (before.is_some() && goes_on).then_some(head);
            }
            Place::InsteadOfFormer(days) => &days.from,
            Place::Former { cut, .. } => &cut.as_ref()?.from,
        };
        former.iter().find(|r| r.valid_from == *from)
    }
}

impl Writer {
    async fn place(
        &mut self,
        txn: &mut Txn,
        id: &str,
        stored: Option<&Stored>,
        merged: Merged,
        place: Place,
    ) -> Result<Written, HubError> {
        let highest = stored.map_or(0, |s| s.highest) + 1;
        let key = merged.body.get(&self.dataset().key).and_then(Value::as_str).unwrap_or_default().to_owned();
        let days = step::days_at(&place);
        let record = Record {
            key,
            version: highest,
            body: merged.body,
            valid_from: days.from,
            valid_to: days.to,
            since: step::since(&place, stored.map(|s| &s.record)),
            recorded: self.now,
            source: merged.source,
            sources: merged.sources,
        };
        match (&place, stored) {
            (Place::Head { before: Some(before), .. }, Some(stored)) => self.end(txn, id, &stored.record, before)?,
            (Place::InsteadOfHead(_), Some(stored)) => self.keep_replaced(txn, id, highest, &stored.record)?,
            (Place::Former { cut, .. }, Some(stored)) => {
                if let Some(cut) = cut {
                    let inside = self.former_at(txn, id, &cut.from).await?;
                    self.keep_replaced(txn, id, highest, &inside)?;
                    self.end(txn, id, &inside, cut)?;
                }
                return self.place_former(txn, id, stored, record, merged.changed);
            }
            (Place::InsteadOfFormer(days), Some(stored)) => {
                let same = self.former_at(txn, id, &days.from).await?;
                self.keep_replaced(txn, id, highest, &same)?;
                return self.place_former(txn, id, stored, record, merged.changed);
            }
            _ => {}
        }
        let ended = record.valid_to.is_some();
        let after = Stored { record, highest };
        let before = stored.map(|s| &s.record);
        self.stage(txn, Heads { id, before, after: Some(&after), fields: merged.changed, ended })?;
        Ok(if before.is_none() { Written::New } else { Written::Changed(highest) })
    }

    /// A former version changes; of the newest one only the highest number does.
    fn place_former(
        &mut self,
        txn: &mut Txn,
        id: &str,
        stored: &Stored,
        record: Record,
        changed: Vec<String>,
    ) -> Result<Written, HubError> {
        let version = record.version;
        self.put_row(txn, keys::former(&self.dataset().id, id).text(&record.valid_from.clone()), record)?;
        let head = Stored { record: stored.record.clone(), highest: version };
        let key = keys::head(&self.dataset().id, id);
        txn.put(key.clone(), row::to_bytes(&self.records.inner.keys, self.records.dataset(), &key, &head)?);
        self.gathered.add(id, version, changed, false);
        self.changed += 1;
        Ok(Written::Changed(version))
    }

    async fn former_at(&self, txn: &mut Txn, id: &str, from: &str) -> Result<Record, HubError> {
        let key = keys::former(&self.dataset().id, id).text(from);
        let bytes = txn.get(&key).await?.ok_or_else(|| HubError::NoSuchRecord(self.dataset().id.clone()))?;
        Ok(row::from_bytes(&self.records.inner.keys, &key, &bytes)?.record)
    }

    /// What was the newest version, or a former one, goes on as a former one with these days.
    fn end(&self, txn: &mut Txn, id: &str, record: &Record, days: &Days) -> Result<(), HubError> {
        let record = Record { valid_to: days.to.clone(), ..record.clone() };
        self.put_row(txn, keys::former(&self.dataset().id, id).text(&record.valid_from.clone()), record)
    }

    /// Keeps a version as it was before the version `by` took its place, or a part of it.
    fn keep_replaced(&self, txn: &mut Txn, id: &str, by: u64, record: &Record) -> Result<(), HubError> {
        self.put_row(txn, keys::replaced(&self.dataset().id, id).u64(by), record.clone())
    }

    fn put_row(&self, txn: &mut Txn, key: yunlong_store::Key, record: Record) -> Result<(), HubError> {
        let stored = Stored { highest: record.version, record };
        let bytes = row::to_bytes(&self.records.inner.keys, self.dataset(), &key, &stored)?;
        txn.put(key, bytes);
        Ok(())
    }
}

pub(super) fn one(error: FieldError) -> HubError {
    HubError::Record(vec![error])
}

fn days_of(fresh: &Fresh) -> Days {
    Days { from: fresh.valid_from.to_string(), to: fresh.valid_to.map(|d| d.to_string()) }
}

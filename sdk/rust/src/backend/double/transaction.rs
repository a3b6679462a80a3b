//! Optimistic transactions: reads are remembered and compared at the commit.

use super::collections::{Collections, Entry, Overlay};
use super::{Audited, FileOp, PaymentOp, State};
use crate::data::{DataError, RawDocument, RawPage, RawQuery};
use crate::messaging::{Notification, Outgoing};
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

/// Ids and versions that a query answered.
type Seen = Vec<(String, u64)>;

#[derive(Default)]
pub(crate) struct Staged {
    writes: BTreeMap<String, Overlay>,
    reads: Vec<(String, String, Option<u64>)>,
    queries: Vec<(String, RawQuery, Seen)>,
    adjusts: Vec<(String, String, i64, i64, i64)>,
    pub(crate) audit: Vec<Audited>,
    pub(crate) events: Vec<(String, Outgoing)>,
    pub(crate) notes: Vec<Notification>,
    pub(crate) payments: Vec<PaymentOp>,
    /// Intents that `payments` builds on, with their versions.
    pub(crate) intents: Vec<(String, Option<u64>)>,
    pub(crate) files: Vec<FileOp>,
}

#[derive(Default)]
pub(crate) struct Transaction {
    staged: RefCell<Staged>,
    closed: Cell<bool>,
}

fn seen(page: &RawPage) -> Seen {
    page.documents.iter().map(|d| (d.id.clone(), d.version)).collect()
}

impl Transaction {
    pub(crate) fn close(&self) {
        self.closed.set(true);
    }

    pub(crate) fn stage<T>(&self, f: impl FnOnce(&mut Staged) -> T) -> Result<T, DataError> {
        if self.closed.get() { Err(DataError::Closed) } else { Ok(f(&mut self.staged.borrow_mut())) }
    }

    pub(crate) fn payments(&self) -> Vec<PaymentOp> {
        self.staged.borrow().payments.clone()
    }

    pub(crate) fn get(&self, data: &Collections, collection: &str, id: &str) -> Result<Option<RawDocument>, DataError> {
        let committed = data.get(collection, id)?;
        self.stage(|s| {
            if let Some(own) = s.writes.get(collection).and_then(|o| o.get(id)) {
                return own.as_ref().map(|e| RawDocument {
                    id: id.to_owned(),
                    version: e.version,
                    body: e.body.clone(),
                });
            }
            s.reads.push((collection.to_owned(), id.to_owned(), committed.as_ref().map(|d| d.version)));
            committed
        })
    }

    pub(crate) fn find(&self, data: &Collections, collection: &str, query: &RawQuery) -> Result<RawPage, DataError> {
        let committed = data.find(collection, query, &Overlay::new())?;
        self.stage(|s| {
            s.queries.push((collection.to_owned(), query.clone(), seen(&committed)));
            match s.writes.get(collection) {
                Some(overlay) => data.find(collection, query, overlay),
                None => Ok(committed),
            }
        })?
    }

    pub(crate) fn insert(&self, data: &Collections, collection: &str, id: &str, body: &str) -> Result<(), DataError> {
        if self.get(data, collection, id)?.is_some() {
            return Err(self.refused(data, DataError::AlreadyExists(id.to_owned())));
        }
        self.put(data, collection, id, body)
    }

    pub(crate) fn put(&self, data: &Collections, collection: &str, id: &str, body: &str) -> Result<(), DataError> {
        let entry = data.check(collection, id, body)?;
        let put = self.stage(|s| {
            let overlay = s.writes.entry(collection.to_owned()).or_default();
            data.check_unique(collection, id, &entry, overlay)?;
            overlay.insert(id.to_owned(), Some(entry));
            Ok(())
        })?;
        put.map_err(|refusal| self.refused(data, refusal))
    }

    /// A refusal counts only if what was read still holds.
    fn refused(&self, data: &Collections, refusal: DataError) -> DataError {
        self.stage(|s| reads_hold(s, data)).and_then(|held| held).err().unwrap_or(refusal)
    }

    pub(crate) fn delete(&self, data: &Collections, collection: &str, id: &str) -> Result<(), DataError> {
        data.get(collection, id)?;
        self.stage(|s| {
            s.writes.entry(collection.to_owned()).or_default().insert(id.to_owned(), None);
        })
    }

    pub(crate) fn adjust(
        &self,
        data: &Collections,
        counter: &str,
        key: &str,
        delta: i64,
        min: i64,
        max: i64,
    ) -> Result<(), DataError> {
        data.counter(counter, key)?;
        self.stage(|s| s.adjusts.push((counter.to_owned(), key.to_owned(), delta, min, max)))
    }

    pub(crate) fn counter(&self, data: &Collections, counter: &str, key: &str) -> Result<i64, DataError> {
        let committed = data.counter(counter, key)?;
        self.stage(|s| {
            s.adjusts.iter().filter(|a| a.0 == counter && a.1 == key).fold(committed, |sum, a| sum.saturating_add(a.2))
        })
    }

    /// Applies everything or nothing.
    pub(crate) fn commit(&self, city: &mut State) -> Result<u64, DataError> {
        if self.closed.replace(true) {
            return Err(DataError::Closed);
        }
        let staged = self.staged.take();
        if city.conflicts > 0 {
            city.conflicts -= 1;
            return Err(DataError::Conflict);
        }
        validate(&staged, &city.data)?;
        if staged.intents.iter().any(|(id, version)| city.ledger.version(id) != *version) {
            return Err(DataError::Conflict);
        }
        let counters = counters(&staged, &city.data)?;
        city.sequence += 1;
        apply(staged, counters, city);
        Ok(city.sequence)
    }
}

fn validate(staged: &Staged, data: &Collections) -> Result<(), DataError> {
    reads_hold(staged, data)?;
    for (collection, overlay) in &staged.writes {
        for (id, entry) in overlay {
            if let Some(entry) = entry {
                data.check_unique(collection, id, entry, overlay)?;
            }
        }
    }
    Ok(())
}

fn reads_hold(staged: &Staged, data: &Collections) -> Result<(), DataError> {
    for (collection, id, version) in &staged.reads {
        if data.get(collection, id)?.map(|d| d.version) != *version {
            return Err(DataError::Conflict);
        }
    }
    for (collection, query, before) in &staged.queries {
        if seen(&data.find(collection, query, &Overlay::new())?) != *before {
            return Err(DataError::Conflict);
        }
    }
    Ok(())
}

/// What the counters will stand at.
fn counters(staged: &Staged, data: &Collections) -> Result<BTreeMap<(String, String), i64>, DataError> {
    let mut out = BTreeMap::new();
    for (counter, key, delta, min, max) in &staged.adjusts {
        let at = (counter.clone(), key.clone());
        let value = match out.get(&at) {
            Some(value) => *value,
            None => data.counter(counter, key)?,
        };
        match value.checked_add(*delta) {
            Some(sum) if (*min..=*max).contains(&sum) => out.insert(at, sum),
            _ => {
                return Err(DataError::OutOfBounds {
                    counter: counter.clone(),
                    key: key.clone(),
                    value,
                    delta: *delta,
                    min: *min,
                    max: *max,
                });
            }
        };
    }
    Ok(out)
}

fn apply(staged: Staged, counters: BTreeMap<(String, String), i64>, city: &mut State) {
    for (collection, overlay) in staged.writes {
        for (id, entry) in overlay {
            let entry = entry.map(|e| Entry { version: city.sequence, ..e });
            city.data.apply(&collection, &id, entry);
        }
    }
    for ((counter, key), value) in counters {
        city.data.set_counter(&counter, &key, value);
    }
    for op in staged.files {
        city.files.apply(op);
    }
    city.audit.extend(staged.audit);
    city.notes.extend(staged.notes);
    let source = format!("/installations/{}", city.manifest.name);
    for (id, event) in staged.events {
        if let Some(once) = &event.deduplication_key
            && city.deduplicated.insert((event.topic.clone(), once.clone()), id.clone()).is_some()
        {
            continue;
        }
        city.publish(source.clone(), event, id);
    }
    for op in staged.payments {
        if let Some(outcome) = city.ledger.apply(op) {
            city.report(&outcome);
        }
    }
}

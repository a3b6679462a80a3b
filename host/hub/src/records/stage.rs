//! Staging a record's newest version with all that hangs on it: index rows, the place, the person, the counts.

use super::write::{Writer, one};
use super::{Stored, index, row};
use crate::{Dataset, FieldError, HubError, Record, keys};
use yunlong_store::Txn;

/// A record before and after a change, as far as its newest version goes.
pub(super) struct Heads<'a> {
    pub(super) id: &'a str,
    pub(super) before: Option<&'a Record>,
    pub(super) after: Option<&'a Stored>,
    /// Which fields a follower is told of.
    pub(super) fields: Vec<String>,
    pub(super) ended: bool,
}

impl Writer {
    /// Stages the newest version with its index rows, its place, its person and its counts.
    pub(super) fn stage(&mut self, txn: &mut Txn, heads: Heads<'_>) -> Result<(), HubError> {
        let dataset = self.records.dataset().clone();
        let Heads { id, before, after, fields, ended } = heads;
        let now = after.map(|s| &s.record);
        let key = keys::head(&dataset.id, id);
        match after {
            Some(stored) => txn.put(key.clone(), row::to_bytes(&self.records.inner.keys, &dataset, &key, stored)?),
            None => txn.delete(key),
        }
        self.stage_indexes(txn, &dataset, id, before, now);
        if let Some(item) = &dataset.geometry {
            let shape = |r: Option<&Record>| r.and_then(|r| r.body.get(item)).cloned();
            let (old, new) = (shape(before), shape(now));
            crate::geo::stage(txn, &dataset.id, id, old.as_ref(), new.as_ref())
                .map_err(|e| one(FieldError { field: Some(item.clone()), reason: e.text() }))?;
        }
        self.count(before, now);
        let version = now.or(before).map_or(0, |r| r.version);
        self.gathered.add(id, version, fields, ended);
        self.changed += 1;
        Ok(())
    }

    fn stage_indexes(&self, txn: &mut Txn, dataset: &Dataset, id: &str, before: Option<&Record>, now: Option<&Record>) {
        let tags = self.records.tags();
        let mut exchange = |old: Option<yunlong_store::Key>, new: Option<yunlong_store::Key>| {
            if old == new {
                return;
            }
            if let Some(old) = old {
                txn.delete(old);
            }
            if let Some(new) = new {
                txn.put(new, bytes::Bytes::new());
            }
        };
        for items in &dataset.indexes {
            let row = |r: Option<&Record>| r.and_then(|r| index::row(&tags, dataset, items, id, &r.body));
            exchange(row(before), row(now));
        }
        if dataset.person.as_ref().is_some_and(|p| *p != dataset.key) {
            let row = |r: Option<&Record>| {
                let person = self.records.person(r?)?;
                Some(keys::about(&dataset.id, &tags.person(&dataset.id, &person)).text(id))
            };
            exchange(row(before), row(now));
        }
    }

    fn count(&mut self, before: Option<&Record>, now: Option<&Record>) {
        let mut add = |record: Option<&Record>, delta: i64| {
            let Some(record) = record else { return };
            // The empty name counts the records themselves.
            for name in std::iter::once("").chain(record.body.keys().map(String::as_str)) {
                match self.counts.get_mut(name) {
                    Some(count) => *count += delta,
                    None => {
                        self.counts.insert(name.to_owned(), delta);
                    }
                }
            }
        };
        add(before, -1);
        add(now, 1);
    }
}

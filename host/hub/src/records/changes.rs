//! What has changed in a dataset, in the order of the commits: one row for each commit, so that a load of a
//! million records does not write a million of them.
//!
//! A row names records by their ids, which are keyed hashes where they are about persons, and fields by
//! their names. Whoever follows the rows removes them when nobody needs them any more.

use crate::{Dataset, HubError, keys};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use yunlong_model::{PersonId, Timestamp};
use yunlong_store::txn::from_json;
use yunlong_store::{Direction, Key, SharedStore, Txn};

/// One record that changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changed {
    /// The record's id in the store.
    pub id: String,
    /// The version that it has since.
    pub version: u64,
    /// The fields that changed, were added or went away.
    pub fields: Vec<String>,
    /// Whether it no longer holds, or was removed.
    pub ended: bool,
}

/// What one commit changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangeSet {
    /// Where it stands: give it as `after` for what follows.
    pub at: Key,
    /// When.
    pub time: Timestamp,
    /// The records.
    pub changes: Vec<Changed>,
}

/// What is kept of a record that was removed, until those who may hold a copy were told: whose it was, and
/// where it belonged. It stands sealed in a row of its own, and goes with the telling.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Erased {
    /// The value of its key item, from which each app's reference is made.
    pub(crate) key: String,
    /// Whom it was about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) person: Option<PersonId>,
    /// Its division.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) division: Option<String>,
}

/// As it is stored: which fields changed is said once for all records with the same ones.
#[derive(Default, Serialize, Deserialize)]
pub(crate) struct Gathered {
    /// When.
    t: Timestamp,
    /// Sets of fields.
    f: Vec<Vec<String>>,
    /// Id, version, set of fields, whether it ended.
    c: Vec<(String, u64, usize, bool)>,
    #[serde(skip)]
    places: BTreeMap<Vec<String>, usize>,
}

/// A row has at most so many: about 100 KiB.
const IN_ROW: usize = 2_000;

impl Gathered {
    pub(crate) fn add(&mut self, id: &str, version: u64, fields: Vec<String>, ended: bool) {
        let place = *self.places.entry(fields).or_insert_with_key(|fields| {
            self.f.push(fields.clone());
            self.f.len() - 1
        });
        self.c.push((id.to_owned(), version, place, ended));
    }

    /// Stages the rows.
    pub(crate) fn stage(mut self, txn: &mut Txn, dataset: &Dataset, now: Timestamp) {
        self.t = now;
        while self.c.len() > IN_ROW {
            let rest = self.c.split_off(IN_ROW);
            let first = std::mem::replace(&mut self.c, rest);
            let row = Self { t: now, f: self.f.clone(), c: first, places: BTreeMap::new() };
            txn.append_as(keys::changes(&dataset.id), &row);
        }
        if !self.c.is_empty() {
            txn.append_as(keys::changes(&dataset.id), &self);
        }
    }
}

/// At most `limit` commits that changed the dataset after `after`, oldest first.
pub(crate) async fn after(
    store: &SharedStore,
    dataset: &str,
    after: Option<&Key>,
    limit: usize,
) -> Result<Vec<ChangeSet>, HubError> {
    let mut range = keys::changes(dataset).children();
    if let Some(after) = after.filter(|k| range.contains(k)) {
        range.start = after.next();
    }
    let rows = store.scan(&range, Direction::Ascending, limit).await?;
    rows.into_iter()
        .map(|row| {
            let gathered: Gathered = from_json(&row.key, &row.value)?;
            let changed = |(id, version, place, ended): (String, u64, usize, bool)| Changed {
                id,
                version,
                fields: gathered.f.get(place).cloned().unwrap_or_default(),
                ended,
            };
            let changes = gathered.c.iter().cloned().map(changed).collect();
            Ok(ChangeSet { at: row.key, time: gathered.t, changes })
        })
        .collect()
}

/// Removes at most `limit` rows up to and with `through`; answers how many there were.
pub(crate) async fn trim(store: &SharedStore, dataset: &str, through: &Key, limit: usize) -> Result<usize, HubError> {
    let mut range = keys::changes(dataset).children();
    range.end = through.next().min(range.end);
    if range.is_empty() {
        return Ok(0);
    }
    let rows = store.scan(&range, Direction::Ascending, limit).await?;
    let mut txn = Txn::new(store.clone());
    for row in &rows {
        txn.delete(row.key.clone());
    }
    txn.commit().await?;
    Ok(rows.len())
}

//! The order of answers about persons: each installation has its own.
//!
//! An index has one order for everybody. Two apps that were given different fields of the same people could put
//! the tenth record of one beside the tenth of the other, and know more of somebody than either was given. So
//! records follow each other by the values of the index, which both apps were given or neither, and those of
//! equal values by a permutation of their ids that is the installation's own.
//!
//! For that all rows of equal values are read before the first of them is answered. How many that are is bounded;
//! a job has no bound, since it can sort what it found (`jobs`).

use super::call::Call;
use super::walk::other_query;
use super::{Open, ReadError};
use crate::records::{Find, Order, Plan, Records, index};
use std::collections::VecDeque;
use yunlong_store::{Direction, Key, KeyRange, SharedStore};

/// Rows of equal values that are sorted for an answer: the residents of a community. They are keys without values,
/// so that a page costs milliseconds.
const TOGETHER: usize = 5_000;
/// Rows that are read at once; those that are missing of the last one's values are read with them.
const AT_ONCE: usize = 100;

/// The rows of an index, in the installation's own order.
pub(super) struct Ordered<'a> {
    store: &'a SharedStore,
    records: &'a Records,
    index: &'a [String],
    order: Order,
    plan: Plan,
    /// Where the page before ended.
    after: Option<Key>,
    rows: VecDeque<Row>,
}

/// A row in that order.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Row {
    /// The row's key, with the record's place in the order instead of its id.
    at: Key,
    pub(super) id: String,
}

/// The order in which an installation sees the records of a dataset about persons.
pub(crate) fn own_order(open: &Open) -> Order {
    Order::of(&open.hub.inner.tags(), &open.dataset, &open.caller.installation)
}

impl<'a> Ordered<'a> {
    pub(super) fn of(open: &'a Open, call: &'a Call, find: &'a Find, cursor: Option<&str>) -> Result<Self, ReadError> {
        let (records, store) = (call.records(), &open.hub.inner.store);
        let mut plan = records.plan(find)?;
        let after = cursor.map(|cursor| plan.place_of(cursor)).transpose()?;
        if let Some(after) = &after {
            // From the first row of those values on: which of them come later is known when all were read.
            plan.range.start = index::values_of(after).ok_or_else(other_query)?.max(plan.range.start);
        }
        let (index, order) = (&*find.index, own_order(open));
        Ok(Self { store, records, index, order, plan, after, rows: VecDeque::new() })
    }

    pub(super) async fn next(&mut self) -> Result<Option<Row>, ReadError> {
        while self.rows.is_empty() && !self.plan.range.is_empty() {
            self.read_on().await?;
        }
        Ok(self.rows.pop_front())
    }

    /// What to give for the rows behind this one.
    pub(super) fn cursor(&self, row: &Row) -> String {
        self.plan.cursor(&row.at)
    }

    /// Reads some rows, with all that have the values of the last one, and sorts them.
    async fn read_on(&mut self) -> Result<(), ReadError> {
        let range = &mut self.plan.range;
        let mut keys = scan(self.store, range, AT_ONCE).await?;
        let values = keys.last().map(|last| (index::values_of(last), last.next()));
        match values {
            Some((Some(values), next)) if keys.len() == AT_ONCE => {
                let end = values.after_children().min(range.end.clone());
                keys.extend(scan(self.store, &KeyRange { start: next, end: end.clone() }, TOGETHER).await?);
                range.start = end;
            }
            _ => range.start = range.end.clone(),
        }
        let ids = index::ids_of(&self.records.tags(), self.records.dataset(), self.index, keys.iter())?;
        let mut rows = Vec::with_capacity(keys.len());
        for (key, id) in keys.iter().zip(ids) {
            let values = index::values_of(key).ok_or_else(other_query)?;
            rows.push((values, id));
        }
        if rows.chunk_by(|(a, _), (b, _)| a == b).any(|same| same.len() > TOGETHER) {
            return Err(too_many_alike());
        }
        let place = |(values, id): (Key, String)| Ok(Row { at: values.text(&self.order.place(&id)?), id });
        let rows: Result<Vec<Row>, ReadError> = rows.into_iter().map(place).collect();
        let mut rows = rows?;
        rows.sort_unstable();
        self.rows = rows.into_iter().filter(|row| self.after.as_ref().is_none_or(|after| row.at > *after)).collect();
        Ok(())
    }
}

async fn scan(store: &SharedStore, range: &KeyRange, limit: usize) -> Result<Vec<Key>, ReadError> {
    Ok(store.scan(range, Direction::Ascending, limit).await?.into_iter().map(|row| row.key).collect())
}

fn too_many_alike() -> ReadError {
    ReadError::TooLarge(format!(
        "more than {TOGETHER} records have the values that were asked for: ask by an index that tells them apart, or start a job"
    ))
}

/// All records of a dataset about persons have nothing by which they could be put in order but who they are.
pub(super) fn no_index(call: &Call) -> ReadError {
    let indexes = &call.dataset().indexes;
    let granted = indexes.iter().filter(|index| index.iter().all(|item| call.is_searchable(item)));
    let granted: Vec<String> = granted.map(|index| format!("[{}]", index.join(", "))).collect();
    let by = if granted.is_empty() {
        "none of its indexes is granted".to_owned()
    } else {
        format!("granted are: {}", granted.join(", "))
    };
    ReadError::Invalid(format!("a query about persons is over an index ({by}); all records are read by a job"))
}

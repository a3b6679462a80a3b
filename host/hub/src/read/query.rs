//! Finding records by an index.

use super::call::{Call, Want};
use super::key::consent;
use super::log::About;
use super::order::own_order;
use super::walk::Walk;
use super::{Open, ReadError, decided_anew};
use crate::records::{Bound, Found};
use crate::{Access, Dataset, Denial, ItemKind, Released, validate};
use serde_json::{Map, Value};
use std::collections::BTreeSet;
use yunlong_audit::Entry;
use yunlong_formats::ResidentId;
use yunlong_model::PersonId;
use yunlong_store::documents::ordered_scalar;

/// A query over one of the dataset's indexes. Every item of the index, and of the filter, must be granted
/// without a mask.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Query {
    /// The items of the index, in its order; none: all records, of a dataset about persons by a job alone.
    pub index: Vec<String>,
    /// Values of the first items.
    pub equals: Vec<Value>,
    /// The lower end for the item that follows.
    pub lower: Option<Bound>,
    /// The upper end for the item that follows.
    pub upper: Option<Bound>,
    /// Only records whose items have these values.
    pub filter: Map<String, Value>,
    /// At most this many records, 1 to 500.
    pub limit: usize,
    /// Where the page before ended.
    pub cursor: Option<String>,
}

/// A page of an answer.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ReleasedPage {
    /// The records, in the index's order; those about persons that have the same values there in an order of the
    /// installation's own.
    pub records: Vec<Released>,
    /// Where to go on; `None` when there is no more. A page may be short and have a next one.
    pub next: Option<String>,
}

/// The most records of a page.
pub(crate) const MAX_PAGE: usize = 500;

/// A query that was checked.
pub(crate) struct Asked {
    pub(crate) query: Query,
    /// The persons whom it names. An answer tells something about each of them, one without records, too.
    pub(crate) named: Vec<PersonId>,
}

impl Open {
    /// Finds records. What the caller may not see is left out, as if it were not there.
    ///
    /// # Errors
    /// [`ReadError`]; [`Denial::Fields`] when an item of the index or the filter is not granted, or is
    /// masked; [`Denial::Row`] when a division is asked for that is outside of the granted ones;
    /// [`ReadError::TooLarge`] when so many records are kept from the caller among those that the query meets
    /// that they could be counted by its pages, or when more records about persons have the same values than are
    /// sorted for an answer.
    pub async fn query(&self, query: &Query, fields: &[String]) -> Result<ReleasedPage, ReadError> {
        check_limit(query.limit)?;
        let asked = self.asked(query)?;
        decided_anew!(self.query_once(&asked, fields))
    }

    async fn query_once(&self, asked: &Asked, fields: &[String]) -> Result<ReleasedPage, ReadError> {
        let call = self.begin(&Want::new(Access::Query, "query", fields)).await?;
        self.check_searchable(&call, &asked.query).await?;
        let (found, next) = if let Some(own) = call.allowed.own_of().cloned() {
            (self.own(&call, &asked.query, &own).await?, None)
        } else {
            self.walk(&call, &asked.query, Walk::Page).await?
        };
        let records = self.release_all(&call, &found, &asked.named).await?;
        Ok(ReleasedPage { records, next })
    }

    /// Checks what does not depend on a right, and brings the filter's values into their normal form. A number
    /// that is nobody's is refused before anything is written about whoever it might name.
    pub(crate) fn asked(&self, query: &Query) -> Result<Asked, ReadError> {
        let mut query = query.clone();
        let Some(dataset) = self.hub.dataset(&self.dataset) else { return Ok(Asked { query, named: Vec::new() }) };
        for (name, value) in &mut query.filter {
            let Some(item) = dataset.item(name) else { continue };
            let normal = validate::normal(item, value);
            if let Some(normal) = normal.map_err(|e| ReadError::Invalid(format!("`{name}`: {}", e.reason.en)))? {
                *value = normal;
            }
        }
        let named = self.named(&dataset, &query)?;
        Ok(Asked { query, named })
    }

    fn named(&self, dataset: &Dataset, query: &Query) -> Result<Vec<PersonId>, ReadError> {
        let ends = query.index.get(query.equals.len()).map(|item| {
            let values = query.lower.iter().chain(&query.upper).map(|b| &b.value);
            values.map(move |value| (item, value))
        });
        let values = query.index.iter().zip(&query.equals).chain(ends.into_iter().flatten()).chain(&query.filter);
        let mut named = BTreeSet::new();
        for (name, value) in values {
            if dataset.item(name).is_none_or(|i| i.kind != ItemKind::ResidentId) {
                continue;
            }
            let id = value.as_str().unwrap_or_default().parse::<ResidentId>();
            let id = id.map_err(|e| ReadError::Invalid(format!("`{name}`: {e}")))?;
            named.insert(self.hub.inner.person(id.as_str()));
        }
        Ok(named.into_iter().collect())
    }

    /// Every item by which records are found must be granted, and not masked.
    pub(crate) async fn check_searchable(&self, call: &Call, query: &Query) -> Result<(), ReadError> {
        let items = query.index.iter().chain(query.filter.keys());
        let not: Vec<String> = items.filter(|i| !call.is_searchable(i)).cloned().collect();
        if !not.is_empty() {
            return Err(self.deny_call(call, None, Denial::Fields(not)).await);
        }
        // Whoever asks for a division by its code is told that it is not theirs to see.
        let asked = query.index.iter().zip(&query.equals).find(|(i, _)| call.dataset().division.as_ref() == Some(i));
        if let Some(code) = asked.and_then(|(_, v)| v.as_str())
            && !call
                .allowed
                .divisions()
                .all(|granted| granted.iter().any(|g| yunlong_model::uses::division_contains(g, code)))
        {
            return Err(self.deny_call(call, None, Denial::Row).await);
        }
        Ok(())
    }

    /// Releases records that passed every check, and writes down first whom the answer tells about: those whose
    /// records they are, and those who were asked about by their numbers and are not among them.
    pub(crate) async fn release_all(
        &self,
        call: &Call,
        found: &[Found],
        named: &[PersonId],
    ) -> Result<Vec<Released>, ReadError> {
        let entries = self.entries(call, found, named).await?;
        self.write_down(call, entries).await?;
        let released = |f: &Found| self.release(call, self.reference(call.dataset(), &f.record.key), &f.record);
        Ok(found.iter().map(released).collect())
    }

    /// What is to be written down of an answer that tells about these records and these persons.
    pub(crate) async fn entries(
        &self,
        call: &Call,
        found: &[Found],
        named: &[PersonId],
    ) -> Result<Vec<Entry>, ReadError> {
        let (mut entries, mut told) = (Vec::with_capacity(found.len()), BTreeSet::new());
        for Found { record, .. } in found {
            if let Some(person) = call.records().person(record) {
                told.insert(person.clone());
                let about = About { person, reference: self.reference(call.dataset(), &record.key) };
                entries.push(self.entry(call, "data.read", about).await?);
            }
        }
        for person in named.iter().filter(|p| !told.contains(*p)) {
            let about = About { person: person.clone(), reference: String::new() };
            let mut entry = self.entry(call, "data.read", about).await?;
            entry.detail.push_str("; nothing found");
            entries.push(entry);
        }
        Ok(entries)
    }

    /// Whether a record that was found may be shown: its rows, the filter, the consent of its person.
    pub(crate) async fn shows(
        &self,
        call: &Call,
        found: &Found,
        filter: &Map<String, Value>,
    ) -> Result<bool, ReadError> {
        let (record, person) = (&found.record, call.records().person(&found.record));
        Ok(filter.iter().all(|(item, value)| record.body.get(item) == Some(value))
            && call.is_in(person.as_ref(), &record.body)
            && self.is_consented(call, person.as_ref()).await?)
    }

    /// The records about the caller themself that the query fits.
    pub(crate) async fn own(&self, call: &Call, query: &Query, own: &PersonId) -> Result<Vec<Found>, ReadError> {
        if !self.is_consented(call, Some(own)).await? {
            let about = About { person: own.clone(), reference: String::new() };
            return Err(self.deny_call(call, Some(about), consent(call)).await);
        }
        let (order, mut kept) = (own_order(self), Vec::new());
        for found in call.records().about(own).await? {
            if fits(query, &found.record.body) && self.shows(call, &found, &query.filter).await? {
                kept.push((order.place(&found.id)?, found));
            }
        }
        kept.sort_by(|(a, _), (b, _)| a.cmp(b));
        Ok(kept.into_iter().map(|(_, found)| found).take(query.limit).collect())
    }
}

pub(crate) fn check_limit(limit: usize) -> Result<(), ReadError> {
    if (1..=MAX_PAGE).contains(&limit) {
        Ok(())
    } else {
        Err(ReadError::Invalid(format!("a page has 1 to {MAX_PAGE} records")))
    }
}

/// Whether a record is one that the index would find.
fn fits(query: &Query, body: &Map<String, Value>) -> bool {
    let mut items = query.index.iter().map(|item| body.get(item));
    let equal = query.equals.iter().all(|wanted| items.next().flatten() == Some(wanted));
    let bounded = query.lower.is_some() || query.upper.is_some();
    let within = !bounded || items.next().flatten().is_some_and(|value| is_between(query, value));
    equal && within && items.all(|rest| rest.is_some())
}

fn is_between(query: &Query, value: &Value) -> bool {
    let bytes = |v: &Value| {
        let mut out = Vec::new();
        ordered_scalar(&mut out, v).then_some(out)
    };
    let Some(at) = bytes(value) else { return false };
    let over = |b: &Bound| bytes(&b.value).is_some_and(|end| at > end || b.inclusive && at == end);
    let under = |b: &Bound| bytes(&b.value).is_some_and(|end| at < end || b.inclusive && at == end);
    query.lower.as_ref().is_none_or(over) && query.upper.as_ref().is_none_or(under)
}

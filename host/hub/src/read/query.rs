//! Finding records by an index.

use super::call::{Call, Want};
use super::key::consent;
use super::log::About;
use super::{Open, ReadError};
use crate::records::{Bound, Find, Found};
use crate::{Access, Denial, Released};
use data_encoding::BASE64URL_NOPAD;
use serde_json::{Map, Value};
use yunlong_model::PersonId;
use yunlong_store::documents::ordered_scalar;

/// A query over one of the dataset's indexes. Every item of the index, and of the filter, must be granted
/// without a mask.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Query {
    /// The items of the index, in its order; none: all records.
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
    /// The records, in the index's order.
    pub records: Vec<Released>,
    /// Where to go on; `None` when there is no more. A page may be short and have a next one.
    pub next: Option<String>,
}

/// The most records of a page.
pub(crate) const MAX_PAGE: usize = 500;
/// Records that a page looks at: a filter or rows that fit few must not read the whole dataset.
const SCANNED: usize = 2_000;
/// The longest cursor that is looked at.
const MAX_CURSOR: usize = 4_096;

impl Open {
    /// Finds records. What the caller may not see is left out, as if it were not there.
    ///
    /// # Errors
    /// [`ReadError`]; [`Denial::Fields`] when an item of the index or the filter is not granted, or is
    /// masked; [`Denial::Row`] when a division is asked for that is outside of the granted ones.
    pub async fn query(&self, query: &Query, fields: &[String]) -> Result<ReleasedPage, ReadError> {
        check_limit(query.limit)?;
        let call = self.begin(&Want::new(Access::Query, "query", fields)).await?;
        self.check_searchable(&call, query).await?;
        let (found, next) = if let Some(own) = call.allowed.own_of().cloned() {
            (self.own(&call, query, &own).await?, None)
        } else {
            self.walk(&call, query).await?
        };
        if found.is_empty()
            && let Some(person) = asked_person(&call, query).map(|id| self.hub.inner.person(id))
        {
            let about = About { person, reference: String::new() };
            let mut entry = self.entry(&call, "data.read", about).await?;
            entry.detail.push_str("; nothing found");
            self.hub.inner.audit.record(vec![entry]).await?;
        }
        let records = self.release_all(&call, &found).await?;
        Ok(ReleasedPage { records, next })
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

    /// Releases records that passed every check, and writes the reads down first.
    pub(crate) async fn release_all(&self, call: &Call, found: &[Found]) -> Result<Vec<Released>, ReadError> {
        let (mut released, mut entries) = (Vec::with_capacity(found.len()), Vec::new());
        for Found { record, .. } in found {
            let reference = self.reference(call.dataset(), &record.key);
            if let Some(person) = call.records().person(record) {
                let about = About { person, reference: reference.clone() };
                entries.push(self.entry(call, "data.read", about).await?);
            }
            released.push(call.release(reference, record));
        }
        if !entries.is_empty() {
            self.hub.inner.audit.record(entries).await?;
        }
        Ok(released)
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
        let mut kept = Vec::new();
        for found in call.records().about(own).await? {
            if kept.len() < query.limit
                && fits(query, &found.record.body)
                && self.shows(call, &found, &query.filter).await?
            {
                kept.push(found);
            }
        }
        Ok(kept)
    }

    /// Walks the index until the page is full or enough was looked at.
    pub(crate) async fn walk(&self, call: &Call, query: &Query) -> Result<(Vec<Found>, Option<String>), ReadError> {
        let mut find = Find { cursor: self.open_cursor(query.cursor.as_deref())?, ..find_of(query) };
        narrow(call, &mut find);
        let (mut kept, mut scanned) = (Vec::new(), 0);
        loop {
            find.limit = (query.limit - kept.len()).clamp(1, MAX_PAGE);
            let page = call.records().find(&find).await?;
            scanned += find.limit;
            for found in page.records {
                if self.shows(call, &found, &query.filter).await? {
                    kept.push(found);
                }
            }
            find.cursor = page.next;
            if find.cursor.is_none() || kept.len() >= query.limit || scanned >= SCANNED {
                break;
            }
        }
        let next = find.cursor.map(|c| self.seal_cursor(&c)).transpose()?;
        Ok((kept, next))
    }

    /// Cursors tell rows of an index, and rows of datasets about persons could be compared between
    /// installations: so they are sealed for this installation, dataset and purpose.
    pub(crate) fn seal_cursor(&self, cursor: &str) -> Result<String, ReadError> {
        let sealed = self.hub.inner.keys.seal(&self.cursor_place(), cursor.as_bytes());
        let sealed = sealed.map_err(|e| ReadError::Unavailable(e.to_string()))?;
        Ok(BASE64URL_NOPAD.encode(&sealed))
    }

    pub(crate) fn open_cursor(&self, cursor: Option<&str>) -> Result<Option<String>, ReadError> {
        let Some(cursor) = cursor else { return Ok(None) };
        let sealed = BASE64URL_NOPAD.decode(cursor.as_bytes()).ok().filter(|_| cursor.len() <= MAX_CURSOR);
        let plain = sealed.and_then(|s| self.hub.inner.keys.open(&self.cursor_place(), &s).ok());
        let text = plain.and_then(|p| String::from_utf8(p.to_vec()).ok());
        text.map(Some).ok_or_else(|| ReadError::Invalid("the cursor is not from this query: begin again".into()))
    }

    fn cursor_place(&self) -> Vec<u8> {
        format!("hub-cursor\n{}\n{}\n{}", self.caller.installation, self.dataset, self.purpose).into_bytes()
    }
}

/// The query of the records behind one of an app, from the beginning.
pub(crate) fn find_of(query: &Query) -> Find {
    Find {
        index: query.index.clone(),
        equals: query.equals.clone(),
        lower: query.lower.clone(),
        upper: query.upper.clone(),
        descending: false,
        limit: query.limit,
        cursor: None,
    }
}

pub(crate) fn check_limit(limit: usize) -> Result<(), ReadError> {
    if (1..=MAX_PAGE).contains(&limit) {
        Ok(())
    } else {
        Err(ReadError::Invalid(format!("a page has 1 to {MAX_PAGE} records")))
    }
}

/// The resident ID that a query asks for.
fn asked_person<'a>(call: &Call, query: &'a Query) -> Option<&'a str> {
    let item = call.dataset().person.as_ref()?;
    let asked = query.index.iter().zip(&query.equals).find(|(i, _)| *i == item)?;
    asked.1.as_str()
}

/// Where the index begins with the division and the query leaves it open, only the granted ones are walked.
fn narrow(call: &Call, find: &mut Find) {
    let open = find.equals.is_empty() && find.lower.is_none() && find.upper.is_none();
    if !open || find.index.first() != call.dataset().division.as_ref() || find.index.is_empty() {
        return;
    }
    let Some(granted) = call.allowed.divisions().next() else { return };
    let significant = |code: &String| {
        yunlong_formats::DivisionCode::parse(code).map(|d| d.significant().to_owned()).unwrap_or_default()
    };
    let codes: Vec<String> = granted.iter().map(significant).collect();
    if let (Some(least), Some(most)) = (codes.iter().min(), codes.iter().max()) {
        find.lower = Some(Bound { value: Value::from(least.clone()), inclusive: true });
        // Behind every code that begins with these digits.
        find.upper = Some(Bound { value: Value::from(format!("{most}:")), inclusive: false });
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

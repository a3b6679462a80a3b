//! Walking an index for a query: only where the caller may see something, and so that nothing of what they
//! may not see shows in the pages.
//!
//! A page that is short although the walk goes on tells that records were passed over. Where records are kept
//! from the caller (by rows, or because somebody has not consented) that would be a way to count them: then a
//! walk goes on until the page is full or the index ends, and one that would take too long is refused.
//!
//! Records about persons come in an order of the installation's own ([`Ordered`]).

use super::call::Call;
use super::order::{Ordered, no_index};
use super::query::{MAX_PAGE, Query};
use super::{Open, ReadError};
use crate::LegalBasis;
use crate::records::{Bound, Find, Found};
use data_encoding::BASE64URL_NOPAD;
use serde_json::Value;
use yunlong_formats::DivisionCode;
use yunlong_model::uses::division_contains;

/// Records that a walk looks at: a filter or rows that fit few must not read the whole dataset.
pub(crate) const SCANNED: usize = 2_000;
/// The longest cursor that is looked at.
const MAX_CURSOR: usize = 4_096;

/// For whom a walk is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Walk {
    /// The caller takes the page, and sees whether it is short.
    Page,
    /// A job of the host, which tells what it found and not how far it has come.
    Job,
}

impl Open {
    /// Walks the index until the page is full or enough was looked at.
    pub(crate) async fn walk(
        &self,
        call: &Call,
        query: &Query,
        walk: Walk,
    ) -> Result<(Vec<Found>, Option<String>), ReadError> {
        let parts = Parts::of(call, query);
        let keeps = walk == Walk::Page && keeps_some_back(call, query, &parts);
        let from = match self.open_cursor(query.cursor.as_deref())? {
            None => (0, None),
            Some(text) => {
                let (at, cursor) = text.split_once(':').ok_or_else(other_query)?;
                let cursor = Some(cursor.to_owned()).filter(|c| !c.is_empty());
                (at.parse().map_err(|_| other_query())?, cursor)
            }
        };
        if walk == Walk::Page && call.dataset().is_personal() {
            return self.walk_in_own_order(call, query, (&parts, keeps), from).await;
        }
        let ((mut at, mut cursor), mut kept, mut scanned) = (from, Vec::new(), 0);
        while let Some(part) = parts.finds.get(at) {
            let find = Find { limit: (query.limit - kept.len()).clamp(1, MAX_PAGE), cursor, ..part.clone() };
            let page = call.records().find(&find).await?;
            scanned += find.limit;
            for found in page.records {
                if self.shows(call, &found, &query.filter).await? {
                    kept.push(found);
                }
            }
            cursor = page.next;
            if cursor.is_none() {
                at += 1;
            }
            if kept.len() >= query.limit {
                break;
            }
            if scanned >= SCANNED && at < parts.finds.len() {
                if keeps {
                    return Err(too_many(call));
                }
                break;
            }
        }
        let goes_on = at < parts.finds.len();
        let next = goes_on.then(|| self.seal_cursor(&format!("{at}:{}", cursor.unwrap_or_default()))).transpose()?;
        Ok((kept, next))
    }

    /// The same over records about persons: the order is the installation's own.
    async fn walk_in_own_order(
        &self,
        call: &Call,
        query: &Query,
        (parts, keeps): (&Parts, bool),
        (mut at, mut cursor): (usize, Option<String>),
    ) -> Result<(Vec<Found>, Option<String>), ReadError> {
        if query.index.is_empty() {
            return Err(no_index(call));
        }
        let (mut kept, mut seen) = (Vec::new(), 0);
        while let Some(find) = parts.finds.get(at) {
            let mut rows = Ordered::of(self, call, find, cursor.take().as_deref())?;
            while let Some(row) = rows.next().await? {
                seen += 1;
                if let Some(record) = call.records().current(&row.id).await? {
                    let found = Found { id: row.id.clone(), record };
                    if self.shows(call, &found, &query.filter).await? {
                        kept.push(found);
                    }
                }
                let is_full = kept.len() >= query.limit;
                if !is_full && keeps && seen >= SCANNED {
                    return Err(too_many(call));
                }
                if is_full || seen >= SCANNED {
                    let next = self.seal_cursor(&format!("{at}:{}", rows.cursor(&row)))?;
                    return Ok((kept, Some(next)));
                }
            }
            at += 1;
        }
        Ok((kept, None))
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
        text.map(Some).ok_or_else(other_query)
    }

    fn cursor_place(&self) -> Vec<u8> {
        format!("hub-cursor\n{}\n{}\n{}", self.caller.installation, self.dataset, self.purpose).into_bytes()
    }
}

pub(super) fn other_query() -> ReadError {
    ReadError::Invalid("the cursor is not from this query: begin again".into())
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

/// The ranges of the index that are walked one after another.
struct Parts {
    finds: Vec<Find>,
    /// Whether nothing in them lies outside of the granted divisions.
    within: bool,
}

impl Parts {
    /// Where the item that the query leaves open, or bounds, is the division, the granted ones alone.
    fn of(call: &Call, query: &Query) -> Self {
        let find = find_of(query);
        let division = call.dataset().division.as_ref();
        let open = query.index.get(query.equals.len());
        let Some(codes) = granted(call).filter(|_| open.is_some() && open == division) else {
            // A division that is asked for by its code was checked: it is a granted one.
            let by_code = query.index.iter().zip(&query.equals).any(|(item, _)| Some(item) == division);
            return Self { finds: vec![find], within: by_code };
        };
        let significant = |code: &String| DivisionCode::parse(code).ok().map(|d| d.significant().to_owned());
        let part = |digits: String| {
            let least = Bound { value: Value::from(digits.clone()), inclusive: true };
            // Behind every code that begins with these digits.
            let most = Bound { value: Value::from(format!("{digits}:")), inclusive: false };
            let lower = match &find.lower {
                Some(asked) if asked.value.as_str() >= least.value.as_str() => asked.clone(),
                _ => least,
            };
            let upper = match &find.upper {
                Some(asked) if asked.value.as_str() < most.value.as_str() => asked.clone(),
                _ => most,
            };
            Find { lower: Some(lower), upper: Some(upper), ..find.clone() }
        };
        Self { finds: codes.iter().filter_map(significant).map(part).collect(), within: true }
    }
}

/// The divisions that every limit allows, in their order and none within another; `None` without a limit.
fn granted(call: &Call) -> Option<Vec<String>> {
    let mut lists = call.allowed.divisions().map(<[String]>::to_vec);
    let first = lists.next()?;
    let within = |codes: &[String], code: &String| codes.iter().any(|c| division_contains(c, code));
    let mut codes = lists.fold(first, |a, b| {
        let of_a = a.iter().filter(|code| within(&b, code));
        let of_b = b.iter().filter(|code| within(&a, code));
        of_a.chain(of_b).cloned().collect()
    });
    codes.sort();
    codes.dedup();
    let all = codes.clone();
    codes.retain(|code| !all.iter().any(|other| other != code && division_contains(other, code)));
    Some(codes)
}

/// Whether records may be passed over of which the caller is not to know how many there are.
fn keeps_some_back(call: &Call, query: &Query, parts: &Parts) -> bool {
    let by_items = call.allowed.only().any(|(item, value)| {
        let asked = query.index.iter().zip(&query.equals).any(|(i, v)| i == item && v == value);
        !asked && query.filter.get(item) != Some(value)
    });
    let by_divisions = !parts.within && call.allowed.divisions().next().is_some();
    by_items || by_divisions || call.allowed.basis == LegalBasis::Consent
}

fn too_many(call: &Call) -> ReadError {
    let dataset = call.dataset();
    let begins = |i: &&Vec<String>| dataset.division.is_some() && i.first() == dataset.division.as_ref();
    let indexes: Vec<String> = dataset.indexes.iter().filter(begins).map(|i| format!("[{}]", i.join(", "))).collect();
    let instead = if indexes.is_empty() || call.allowed.divisions().next().is_none() {
        String::new()
    } else {
        format!(" query by an index that begins with the division ({}),", indexes.join(", "))
    };
    ReadError::TooLarge(format!(
        "the query meets more than {SCANNED} records, of which some are outside of what is granted, and its pages would tell how many:{instead} ask for fewer at once, or start a job"
    ))
}

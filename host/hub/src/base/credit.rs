//! 信用: what is on record about an entity's conduct.

use super::{About, Fields, TypedPage, lacks, open, over};
use crate::{Caller, Hub, Open, Query, ReadError, Released, days};
use std::collections::BTreeMap;

const EVENT: &str = "credit.event";
/// The most pages that a summary reads: ten thousand events.
const MAX_PAGES: usize = 50;

/// A credit event.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Event {
    /// What was released.
    pub about: About,
    /// Its number.
    pub event: Option<String>,
    /// The entity that it is about.
    pub uscc: Option<String>,
    /// `licence`, `penalty`, `honour`, `performance` or `breach`.
    pub kind: Option<String>,
    /// When it was decided, `YYYY-MM-DD`.
    pub date: Option<String>,
    /// The last day on which it is in force, or is shown.
    pub until: Option<String>,
    /// Who decided it.
    pub authority: Option<String>,
    /// What it says.
    pub content: Option<String>,
    /// In fen.
    pub amount: Option<i64>,
    /// The division.
    pub division: Option<String>,
}

impl From<&Released> for Event {
    fn from(released: &Released) -> Self {
        let mut f = Fields::of(released);
        Self {
            event: f.text("event"),
            uscc: f.text("uscc"),
            kind: f.text("kind"),
            date: f.text("date"),
            until: f.text("until"),
            authority: f.text("authority"),
            content: f.text("content"),
            amount: f.integer("amount"),
            division: f.text("division"),
            about: f.about(),
        }
    }
}

/// How many events of a kind are in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KindCount {
    /// The kind.
    pub kind: String,
    /// How many.
    pub count: u32,
}

fn events_of(uscc: &str, cursor: Option<String>) -> Query {
    over(&["uscc", "date"], vec![uscc.into()], cursor)
}

/// A page of the events about an entity, the oldest first; of these kinds only, unless there are none.
///
/// # Errors
/// As [`Open::query`]; the denial of `kind` when kinds are named and it is not granted.
pub async fn events(
    hub: &Hub,
    caller: Caller,
    purpose: &str,
    uscc: &str,
    kinds: &[String],
    cursor: Option<String>,
) -> Result<TypedPage<Event>, ReadError> {
    let open = open(hub, caller, EVENT, purpose).await?;
    let page = open.query(&events_of(uscc, cursor), &[]).await?;
    let records: Vec<Event> = page.records.iter().map(Event::from).collect();
    if !kinds.is_empty() && records.iter().any(|e| e.kind.is_none()) {
        return Err(lacks("kind"));
    }
    let wanted = |e: &Event| kinds.is_empty() || e.kind.as_ref().is_some_and(|k| kinds.contains(k));
    Ok(TypedPage { records: records.into_iter().filter(wanted).collect(), next: page.next })
}

/// How many events of each kind are in force today: those without an end, and those whose end is not past.
///
/// # Errors
/// As [`Open::query`]; the denial of `kind` or `until` when it is not granted or is masked;
/// [`ReadError::TooLarge`] for more than ten thousand events; what `meter` answers, which is asked before each
/// page is read.
pub async fn summary(
    hub: &Hub,
    caller: Caller,
    purpose: &str,
    uscc: &str,
    meter: &mut (dyn FnMut() -> Result<(), ReadError> + Send),
) -> Result<Vec<KindCount>, ReadError> {
    let open = open(hub, caller, EVENT, purpose).await?;
    let today = days::day(hub.inner.now()).to_string();
    let mut counts: BTreeMap<String, u32> = BTreeMap::new();
    for event in all_events(&open, uscc, meter).await? {
        // Only what is needed to count is read, so this is all that was released.
        let kind = event.kind.ok_or_else(|| lacks("kind"))?;
        // A whole date, or one that is not on record: a year alone does not tell whether it is past.
        let whole = event.until.as_ref().is_none_or(|until| until.len() == today.len());
        if !whole || event.about.present.iter().any(|item| item == "until") {
            return Err(lacks("until"));
        }
        if event.until.is_none_or(|until| until >= today) {
            *counts.entry(kind).or_default() += 1;
        }
    }
    Ok(counts.into_iter().map(|(kind, count)| KindCount { kind, count }).collect())
}

async fn all_events(
    open: &Open,
    uscc: &str,
    meter: &mut (dyn FnMut() -> Result<(), ReadError> + Send),
) -> Result<Vec<Event>, ReadError> {
    let fields = ["kind".to_owned(), "until".to_owned()];
    let (mut all, mut query) = (Vec::new(), events_of(uscc, None));
    for _ in 0..MAX_PAGES {
        meter()?;
        let page = open.query(&query, &fields).await?;
        all.extend(page.records.iter().map(Event::from));
        match page.next {
            Some(next) => query.cursor = Some(next),
            None => return Ok(all),
        }
    }
    Err(ReadError::TooLarge("the entity has more events than a summary counts: read them by pages".into()))
}

//! Messages: what they are and how they are kept.

use serde::{Deserialize, Serialize};
use yunlong_sdk::{Collection, DataError, Document, Page, Problem, context, data, now, random, t, transact, web};

const ENTRIES: Collection<Entry> = Collection::new();
const PAGE: u32 = 10;

/// How many characters a message may have.
pub(crate) const TEXT: std::ops::RangeInclusive<usize> = 1..=500;
/// How many characters a name may have.
pub(crate) const NAME: std::ops::RangeInclusive<usize> = 1..=30;

/// A message as it is stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Document)]
#[document(collection = "entries", indexes("by-visibility", "by-author"))]
pub struct Entry {
    /// Its id.
    #[document(id)]
    pub id: String,
    /// The pairwise subject of the one who wrote it.
    pub author: String,
    /// The name they chose to show.
    pub name: String,
    /// The message.
    pub text: String,
    /// When it was written, ms since 1970.
    pub time: u64,
    /// Whether a moderator took it from the list.
    pub hidden: bool,
}

/// A message that passed the checks of its form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewEntry {
    /// The name to show.
    pub name: String,
    /// The message.
    pub text: String,
}

// ANCHOR: visible
/// A page of what everybody can see, newest first.
pub(crate) fn visible(after: Option<String>) -> Result<Page<Entry>, DataError> {
    ENTRIES.find(Entry::BY_VISIBILITY.equals(false).descending().limit(PAGE).after(after))
}
// ANCHOR_END: visible

/// How many messages this person may have.
pub(crate) fn allowance() -> web::Result<i64> {
    Ok(context::config("entries_per_person")?.unwrap_or(20))
}

/// How many they have.
pub(crate) fn count_of(author: &str) -> Result<i64, DataError> {
    data::counter("entries", author)
}

// ANCHOR: add
/// Adds a message, unless its author has as many as are allowed.
pub(crate) fn add(author: &str, new: NewEntry) -> web::Result<Entry> {
    let allowance = allowance()?;
    let entry = Entry {
        id: random::code(16),
        author: author.to_owned(),
        name: new.name,
        text: new.text,
        time: now(),
        hidden: false,
    };
    let added = transact(|tx| {
        tx.insert(&entry)?;
        // Checked when the commit is applied: two messages sent at once cannot both be the last.
        tx.adjust("entries", author, 1, 0..=allowance)
    });
    match added {
        Ok(()) => Ok(entry),
        Err(DataError::OutOfBounds { .. }) => {
            Err(Problem::conflict(t("您的留言已达上限", "You have left as many messages as are allowed"))
                .kind("too-many-entries")
                .into())
        }
        Err(e) => Err(e.into()),
    }
}
// ANCHOR_END: add

/// Takes a message from the list; hiding it again changes nothing.
pub(crate) fn hide(id: &str) -> web::Result<()> {
    transact(|tx| {
        let Some(entry) = tx.get::<Entry>(id)? else { return Err(Problem::not_found().into()) };
        if !entry.hidden {
            tx.put(&Entry { hidden: true, ..entry.into_value() })?;
            tx.audit("entry.hide", id, &serde_json::json!({}))?;
        }
        Ok(())
    })
}

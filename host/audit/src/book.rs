//! Books: entries of one kind of act, which can be leafed through by themselves. Wherever an entry is,
//! it is a leaf of the one tree, sealed, erasable and retained alike.

use crate::error::AuditError;
use crate::{Audit, Entry, EntryPage};
use serde::{Deserialize, Serialize};
use yunlong_model::{Kind, PersonId, Timestamp};
use yunlong_store::Txn;

/// The book that an entry stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Book {
    /// Reads of personal data, grants, corrections, and acts upon them.
    Data,
    /// Accounts, sign-ins, consents, mandates, roles.
    People,
    /// Installations, packages, keys.
    Apps,
}

impl Book {
    pub(crate) const ALL: [Self; 3] = [Self::Data, Self::People, Self::Apps];

    /// Its name in keys of the store.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Data => "data",
            Self::People => "people",
            Self::Apps => "apps",
        }
    }

    /// Its number in pointers.
    pub(crate) fn number(self) -> u8 {
        match self {
            Self::Data => 0,
            Self::People => 1,
            Self::Apps => 2,
        }
    }

    pub(crate) fn of_number(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|b| b.number() == number)
    }

    pub(crate) fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|b| b.name() == name)
    }
}

/// A row of a book, as administrators leaf through it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditRow {
    /// When.
    pub at: Timestamp,
    /// The account that acted; `-` for somebody who is not signed in.
    pub actor: String,
    /// What was done, such as `sign-in.failed`, `grant.revoked`, `installed`.
    pub action: String,
    /// To what or whom.
    pub target: String,
    /// More, in the words of the action.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub detail: String,
}

/// What somebody looks for. Empty fields fit every row.
#[derive(Clone, Debug, Default)]
pub struct AuditFilter {
    /// The account that acted.
    pub actor: String,
    /// The beginning of the action, such as `role.`.
    pub action: String,
    /// To what or whom.
    pub target: String,
}

impl AuditFilter {
    fn fits(&self, entry: &Entry) -> bool {
        (self.actor.is_empty() || entry.actor == self.actor)
            && entry.action.starts_with(&self.action)
            && (self.target.is_empty() || entry.target == self.target)
    }
}

/// Some rows, the newest first, and where to go on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditPage {
    /// The rows.
    pub rows: Vec<AuditRow>,
    /// What to give as `before` for older ones; `None` at the end.
    pub next: Option<String>,
}

/// An act of another service, in the words of its book.
#[derive(Clone, Copy, Debug)]
pub struct Act<'a> {
    /// The account that acted; `-` for somebody who is not signed in.
    pub actor: &'a str,
    /// What was done.
    pub action: &'a str,
    /// To what or whom.
    pub target: &'a str,
    /// More.
    pub detail: &'a str,
    /// The person whom it is about: what is told of them goes when they are erased.
    pub about: Option<&'a PersonId>,
}

impl Audit {
    /// Writes an act into a book, in the commit of what it tells.
    ///
    /// # Errors
    /// As [`Audit::stage`].
    pub async fn tell(&self, book: Book, txn: &mut Txn, act: Act<'_>) -> Result<(), AuditError> {
        let entry = Entry {
            actor_kind: None,
            about: act.about.cloned(),
            target: act.target.to_owned(),
            detail: act.detail.to_owned(),
            ..Entry::new(act.action, act.actor, Kind::Anonymous)
        };
        self.stage_in(book, txn, &entry).await
    }

    /// At most `limit` rows of a book that fit, the newest first, older than `before`; without what was
    /// erased or has expired. A page may be short and still have a next one, when much was looked at.
    ///
    /// # Errors
    /// [`AuditError::Invalid`] for a `before` that this did not give; when the store fails.
    pub async fn leaf_through(
        &self,
        book: Book,
        before: Option<&str>,
        limit: usize,
        filter: &AuditFilter,
    ) -> Result<AuditPage, AuditError> {
        let EntryPage { entries, next } =
            self.inner.all(book, before, limit, &|_, entry: &Entry| filter.fits(entry)).await?;
        let row = |s: crate::Seen| AuditRow {
            at: s.at,
            actor: s.entry.actor,
            action: s.entry.action,
            target: s.entry.target,
            detail: s.entry.detail,
        };
        Ok(AuditPage { rows: entries.into_iter().map(row).collect(), next })
    }
}

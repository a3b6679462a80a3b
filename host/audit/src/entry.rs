//! What is written down, and what is found again.

use serde::{Deserialize, Serialize};
use yunlong_model::{InstallationName, Kind, PersonId, Text, Timestamp};

/// One act, as the audit keeps it. When it happened is set by the audit's own clock.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// What was done: `data.read`, `data.denied`, `data.written`, `grant.approved` and the like. The
    /// part before the dot decides the kind that the public leaf shows.
    pub action: String,
    /// Who did it: an account, `service:<installation>`, or `-` for somebody who is not signed in.
    pub actor: String,
    /// What kind of principal that is; `None` where it was not looked up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor_kind: Option<Kind>,
    /// The organization of the actor or of the installation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organization: Option<String>,
    /// The installation through which it was done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub installation: Option<InstallationName>,
    /// The person whom it is about; their payloads can be erased.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub about: Option<PersonId>,
    /// The dataset.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dataset: Option<String>,
    /// What it was done to: a record's reference, a grant's id.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub target: String,
    /// What for: the purpose's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub purpose: Option<String>,
    /// What for, in the words that held when it was done: the app and its manifest may be gone when the
    /// person reads it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Text>,
    /// On what legal ground.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub basis: Option<String>,
    /// Which fields were shown.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<String>,
    /// How it ended.
    pub outcome: Outcome,
    /// The order that keeps this from the person for a time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hidden: Option<HiddenBy>,
    /// The request.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub request_id: String,
    /// More, in the words of the action.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub detail: String,
}

impl Entry {
    /// An answered act of which nothing else is known yet.
    #[must_use]
    pub fn new(action: impl Into<String>, actor: impl Into<String>, actor_kind: Kind) -> Self {
        Self {
            action: action.into(),
            actor: actor.into(),
            actor_kind: Some(actor_kind),
            organization: None,
            installation: None,
            about: None,
            dataset: None,
            target: String::new(),
            purpose: None,
            reason: None,
            basis: None,
            fields: Vec::new(),
            outcome: Outcome::Answered,
            hidden: None,
            request_id: String::new(),
            detail: String::new(),
        }
    }
}

/// How an act ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// It was carried out.
    Answered,
    /// It was refused, for this reason.
    Denied(String),
}

/// What keeps an entry from the person whom it is about, while it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HiddenBy {
    /// The order's id. Whether it still stands, its registry says, not the entry.
    pub order: String,
    /// When the order was to end, as it was known when the entry was written.
    pub until: Timestamp,
}

/// An entry that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// When it was written.
    pub at: Timestamp,
    /// Its leaf in the log; `None` while it has none yet, which lasts less than a second.
    pub index: Option<u64>,
    /// What it says.
    pub entry: Entry,
}

/// Some entries, the newest first, and where to go on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EntryPage {
    /// The entries.
    pub entries: Vec<Seen>,
    /// What to give as `before` for older ones; `None` at the end.
    pub next: Option<String>,
}

/// What somebody looks for. What is empty fits every entry.
#[derive(Clone, Debug, Default)]
pub struct EntryFilter {
    /// The person whom it is about. Entries that an order hides from them are found here.
    pub about: Option<PersonId>,
    /// Who did it.
    pub actor: String,
    /// The beginning of the action, such as `data.`.
    pub action: String,
    /// To what.
    pub target: String,
    /// The organization of the actor.
    pub organization: String,
    /// Through which installation.
    pub installation: String,
    /// The dataset.
    pub dataset: String,
    /// The request.
    pub request_id: String,
    /// Not older than this.
    pub from: Option<Timestamp>,
    /// Older than this.
    pub until: Option<Timestamp>,
    /// Only what was refused.
    pub denied: bool,
    /// Only what an order hid.
    pub hidden: bool,
}

impl EntryFilter {
    pub(crate) fn fits(&self, at: Timestamp, entry: &Entry) -> bool {
        let same = |wanted: &str, is: Option<&str>| wanted.is_empty() || is == Some(wanted);
        self.about.as_ref().is_none_or(|p| entry.about.as_ref() == Some(p))
            && same(&self.actor, Some(&entry.actor))
            && entry.action.starts_with(&self.action)
            && same(&self.target, Some(&entry.target))
            && same(&self.organization, entry.organization.as_deref())
            && same(&self.installation, entry.installation.as_ref().map(InstallationName::as_str))
            && same(&self.dataset, entry.dataset.as_deref())
            && same(&self.request_id, Some(&entry.request_id))
            && self.from.is_none_or(|from| at >= from)
            && self.until.is_none_or(|until| at < until)
            && (!self.denied || matches!(entry.outcome, Outcome::Denied(_)))
            && (!self.hidden || entry.hidden.is_some())
    }
}

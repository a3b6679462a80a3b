//! A grant: what an installation may do with a dataset for one purpose, until when.

use crate::Terms;
use serde::{Deserialize, Serialize};
use yunlong_model::{InstallationName, Timestamp};

/// What a provider has granted. There is one for an installation, a dataset and a purpose; a newer one
/// takes the place of an older one, which stays in the history of its request.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Grant {
    /// The id of the request that it answers.
    pub request: String,
    /// Who may.
    pub installation: InstallationName,
    /// The dataset's code.
    pub dataset: String,
    /// For what.
    pub purpose: String,
    /// On which terms.
    pub terms: Terms,
    /// From when.
    pub from: Timestamp,
    /// From when without a break, where it replaced one that still stood.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unbroken_from: Option<Timestamp>,
    /// Until when; no longer at this moment.
    pub until: Timestamp,
    /// The account that granted it; `-` for what is shared unconditionally.
    pub granted_by: String,
    /// When, by whom and why it was revoked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revoked: Option<Revoked>,
    /// The end that the department was warned of, so that it is told once of each.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub warned_of: Option<Timestamp>,
}

/// A revocation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Revoked {
    /// When; it takes effect at the next call.
    pub at: Timestamp,
    /// The account.
    pub by: String,
    /// Why, as the department that held the grant reads it.
    pub reason: String,
}

impl Grant {
    /// From when the installation may without a break, under this grant or those that it replaced.
    #[must_use]
    pub fn since(&self) -> Timestamp {
        self.unbroken_from.unwrap_or(self.from)
    }

    /// Whether nobody decided on it: the dataset was shared unconditionally.
    #[must_use]
    pub fn is_automatic(&self) -> bool {
        self.granted_by == Self::AUTOMATIC
    }

    /// Who grants what is shared unconditionally.
    pub(crate) const AUTOMATIC: &'static str = "-";

    /// Whether it holds at this moment.
    #[must_use]
    pub fn stands(&self, now: Timestamp) -> bool {
        self.revoked.is_none() && self.from <= now && now < self.until
    }

    /// Whether the department is to be warned, `days` before it ends and once for each end.
    pub(crate) fn warning_due(&self, now: Timestamp, days: u32) -> bool {
        let begins = self.until.plus_millis(-i64::from(days) * 86_400_000);
        self.stands(now) && now >= begins && self.warned_of != Some(self.until)
    }
}

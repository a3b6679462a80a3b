//! Whom personal data is about, across datasets, accounts and apps.

use serde::{Deserialize, Serialize};
use std::fmt;

/// A natural person, as the platform itself recognizes them: a keyed hash of their resident ID, or of
/// their account when it has none. Whether or not they have an account, whatever is stored about them
/// is found by it. It never leaves the platform: an app sees pairwise subjects and references only.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PersonId(String);

impl PersonId {
    /// From the keyed hash's text, as the identity service derives it.
    #[must_use]
    pub fn new(tag: impl Into<String>) -> Self {
        Self(tag.into())
    }

    /// The text, for keys of the store.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Shows the beginning only: whole ids do not belong in logs.
impl fmt::Debug for PersonId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let head: String = self.0.chars().take(6).collect();
        write!(f, "PersonId({head}…)")
    }
}

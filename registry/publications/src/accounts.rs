//! Who acts. Accounts belong to another service; this one asks for as much as its rules need.

use async_trait::async_trait;
use std::collections::BTreeSet;
use yunlong_model::{Kind, Text};

/// What an account may do here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Duty {
    /// Publish for its organization, and end its keys and versions.
    Publish,
    /// Review what others publish.
    Review,
    /// Decide for the city: enroll and revoke keys, assign reviewers, yank, import advisories.
    Govern,
}

impl Duty {
    /// What people read.
    #[must_use]
    pub fn title(self) -> Text {
        let (zh, en) = match self {
            Self::Publish => ("发布应用", "publish apps"),
            Self::Review => ("审核应用", "review apps"),
            Self::Govern => ("管理应用仓库", "govern the registry"),
        };
        Text { zh: zh.into(), en: en.into() }
    }
}

/// An account, as far as it matters here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// The account's name.
    pub account: String,
    /// What kind of principal it is.
    pub kind: Kind,
    /// The code of its organization. Whoever has none can neither publish nor review: nobody could tell
    /// whether the two are the same.
    pub organization: Option<String>,
    /// What it may do.
    pub duties: BTreeSet<Duty>,
}

impl Person {
    /// Whether it has a duty.
    #[must_use]
    pub fn has(&self, duty: Duty) -> bool {
        self.duties.contains(&duty)
    }

    /// Whether it belongs to this organization.
    #[must_use]
    pub fn is_of(&self, organization: &str) -> bool {
        self.organization.as_deref() == Some(organization)
    }
}

/// Where accounts are looked up: at each act, so that what was taken away counts at once.
#[async_trait]
pub trait Accounts: Send + Sync + 'static {
    /// The account of this name; `None` when there is none or it is closed.
    ///
    /// # Errors
    /// Why it cannot be looked up, for the log.
    async fn person(&self, account: &str) -> Result<Option<Person>, String>;
}

//! Who asks.

use crate::Lang;
use serde::{Deserialize, Serialize};

/// What kind of principal asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Nobody has signed in.
    Anonymous,
    /// A natural person.
    Citizen,
    /// A person who acts for a legal entity.
    Representative,
    /// A member of a department, in office.
    Official,
    /// The installation itself.
    Service,
}

/// How sure the platform is of who it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Assurance {
    /// Not signed in.
    None,
    /// A password.
    Password,
    /// A second factor.
    MultiFactor,
}

/// The principal of one invocation, as one installation sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Principal {
    /// The pairwise subject; `None` for an anonymous visitor.
    pub subject: Option<String>,
    /// The platform's own account; never shown to a guest.
    pub account: Option<String>,
    /// What kind.
    pub kind: Kind,
    /// How sure.
    pub assurance: Assurance,
    /// Roles in the installation.
    pub roles: Vec<String>,
    /// For an official, the organization's code.
    pub organization: Option<String>,
}

impl Principal {
    /// Nobody.
    #[must_use]
    pub fn anonymous() -> Self {
        Self {
            subject: None,
            account: None,
            kind: Kind::Anonymous,
            assurance: Assurance::None,
            roles: Vec::new(),
            organization: None,
        }
    }

    /// The installation's own service principal: consumers, jobs and lifecycle calls.
    #[must_use]
    pub fn service(installation: &str, organization: &str) -> Self {
        Self {
            subject: Some(format!("service:{installation}")),
            account: None,
            kind: Kind::Service,
            assurance: Assurance::None,
            roles: Vec::new(),
            organization: Some(organization.to_owned()),
        }
    }
}

/// How the person wants pages to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Presentation {
    /// The language.
    pub lang: Lang,
    /// Larger type and targets.
    pub elder: bool,
}

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

/// For whom a principal acts, under a mandate that stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActingFor {
    /// The pairwise subject of the grantor in the installation: what the installation sees when the
    /// grantor comes themself, if they are a person.
    pub subject: String,
    /// Who it is.
    pub grantor: Grantor,
    /// The mandate's id, for the app's own record.
    pub mandate: String,
}

/// Who gave a mandate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Grantor {
    /// A natural person; what is known of them is released to nobody who acts for them.
    Person,
    /// A company.
    Company {
        /// Its unified social credit code.
        code: String,
        /// Its registered name.
        name: String,
    },
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
    /// For whom they act, when it is not for themself.
    pub acting_for: Option<ActingFor>,
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
            acting_for: None,
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
            acting_for: None,
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

//! Who asks, and what they let this app know about themselves.

use crate::Lang;
use crate::backend::{Active, Backend};

/// What kind of principal asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Nobody has signed in.
    Anonymous,
    /// A natural person acting for themself.
    Citizen,
    /// A person who acts for a legal entity.
    Representative,
    /// A member of a department, acting in office.
    Official,
    /// The installation itself: consumers, jobs and lifecycle calls run as this.
    Service,
}

/// How sure the platform is of the principal's identity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Assurance {
    /// Not signed in.
    None,
    /// Signed in with a password.
    Password,
    /// Signed in with a second factor.
    MultiFactor,
}

/// Who makes the call that this instance serves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Principal {
    /// A stable, opaque id of this principal in this installation; `None` for an anonymous
    /// visitor. Never the same in two installations.
    pub subject: Option<String>,
    /// What kind of principal it is.
    pub kind: Kind,
    /// How sure the platform is.
    pub assurance: Assurance,
    /// The roles of `app.toml` that the department assigned to this principal.
    pub roles: Vec<String>,
    /// For an official: the code of the organization in whose office they act.
    pub organization: Option<String>,
}

impl Principal {
    /// Whether the department assigned this role.
    #[must_use]
    pub fn has_role(&self, role: &str) -> bool {
        self.roles.iter().any(|r| r == role)
    }

    /// Whether nobody has signed in.
    #[must_use]
    pub fn is_anonymous(&self) -> bool {
        self.kind == Kind::Anonymous
    }
}

/// The one for whom a principal acts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActingFor {
    /// The grantor's opaque id in this installation; for a person the subject that they have when
    /// they come themself.
    pub subject: String,
    /// Who it is.
    pub grantor: Grantor,
    /// The mandate's id, for the app's own record.
    pub mandate: String,
}

/// Who gave a mandate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Grantor {
    /// A natural person. Nothing of their personal data is released to whoever acts for them.
    Person,
    /// A company.
    Company {
        /// Its unified social credit code.
        code: String,
        /// Its registered name.
        name: String,
    },
}

/// How the person wants pages to be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Presentation {
    /// The language.
    pub lang: Lang,
    /// Larger type and targets, fewer choices.
    pub elder: bool,
}

/// An attribute that the platform can release.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Attribute {
    /// The person's name as registered.
    RealName,
    /// The 18-character resident ID number (GB 11643).
    ResidentId,
    /// A mobile number of the mainland, 11 digits.
    Mobile,
    /// The date of birth as `YYYY-MM-DD`. Enough for a concession; ask for this rather than for
    /// the whole number.
    BirthDate,
}

/// Why an attribute is not released.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AttributeError {
    /// Nobody is signed in.
    #[error("nobody is signed in")]
    NotSignedIn,
    /// The person has not consented to this scope.
    #[error("the person has not consented to the scope `{0}`")]
    ConsentRequired(String),
    /// `app.toml` declares no scope with this attribute, or no department granted it.
    #[error("not granted: {0}")]
    NotGranted(String),
    /// The person's record holds no such attribute.
    #[error("the person's record holds no such attribute")]
    Absent,
    /// Anything else, in words.
    #[error("{0}")]
    Other(String),
}

/// The principal of the current call. Cheap: the host has it at hand.
#[must_use]
pub fn current() -> Principal {
    Active::principal()
}

/// For whom the current principal acts, under a mandate of the portal; `None` when for themself, and
/// where the mandate does not cover this installation. [`current`] still tells who acts: record
/// both.
#[must_use]
pub fn acting_for() -> Option<ActingFor> {
    Active::acting_for()
}

/// How the current person wants pages to be.
#[must_use]
pub fn presentation() -> Presentation {
    Active::presentation()
}

/// An attribute of the current person.
///
/// In a handler `?` is enough: a visitor who is not signed in is sent to sign in, and one who
/// has not consented is sent to the consent page, and both come back.
///
/// # Errors
/// [`AttributeError`]; in a consumer, job or lifecycle call always `NotSignedIn`.
pub fn attribute(attribute: Attribute) -> Result<String, AttributeError> {
    Active::attribute(attribute)
}

/// The address of the sign-in page that leads back to `return_path`, a path of this app.
#[must_use]
pub fn sign_in_url(return_path: &str) -> String {
    Active::sign_in_url(return_path)
}

/// The address of the page that asks for the second factor and leads back to `return_path`, a path
/// of this app: before something that needs more than [`Assurance::Password`]. Check the assurance
/// again when they are back.
#[must_use]
pub fn step_up_url(return_path: &str) -> String {
    Active::step_up_url(return_path)
}

/// The address of the page that asks the person to consent to `scopes` and leads back to
/// `return_path`, whatever they decide.
#[must_use]
pub fn consent_url(scopes: &[&str], return_path: &str) -> String {
    Active::consent_url(scopes, return_path)
}

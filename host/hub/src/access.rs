//! What a call may do: the grant ∩ the user's right ∩ the purpose ∩ the person's consent.
//!
//! [`decide`] is the one place where that is decided. It is a function of what it is given: no store,
//! no clock. What it allows is an [`Allowed`]; the reader asks it once more for each record
//! ([`Allowed::row`]), because only the record tells whom it is about and where it belongs.

use crate::{Access, Dataset, Grant, LegalBasis, Mask, Rows, Sharing, Terms};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use yunlong_model::manifest::DatasetUse;
use yunlong_model::uses::division_contains;
use yunlong_model::{InstallationName, Kind, PersonId, Timestamp};

/// Who calls, as the runtime knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// The installation.
    pub installation: InstallationName,
    /// The organization that installed it.
    pub organization: String,
    /// An official's own organization. Apps are open to every account: who signs in is not therefore of
    /// the department that uses the app.
    pub office: Option<String>,
    /// What kind of principal.
    pub kind: Kind,
    /// The account; `None` for visitors and the service principal.
    pub account: Option<String>,
    /// The person behind the account, when it has a resident ID or is a citizen's.
    pub person: Option<PersonId>,
    /// Roles in the installation.
    pub roles: Vec<String>,
    /// Whether this is a request, a message, a job or a lifecycle call: for the log.
    pub invocation: &'static str,
    /// For the log.
    pub request_id: String,
}

/// What a call asks for.
#[derive(Clone, Debug)]
pub struct Ask<'a> {
    /// Who.
    pub caller: &'a Caller,
    /// The dataset as the catalogue has it.
    pub dataset: &'a Dataset,
    /// The purpose that the app opened it with.
    pub purpose: &'a str,
    /// What the app declares of it, as the release in charge has it; `None` when it declares nothing, or
    /// its department took the permission back.
    pub declared: Option<&'a DatasetUse>,
    /// Whether it is declared, and its department took the permission back.
    pub taken_back: bool,
    /// The grant for this installation, dataset and purpose.
    pub grant: Option<&'a Grant>,
    /// Other purposes of this installation for the dataset whose grants stand.
    pub other_purposes: &'a [String],
    /// Whether the office of an official lies within the organization that installed the app.
    pub of_department: bool,
    /// What is to be done.
    pub access: Access,
    /// The fields; empty: all that are granted.
    pub fields: &'a [String],
    /// Now.
    pub now: Timestamp,
}

/// Why a call is denied.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Denial {
    /// The catalogue has no such dataset, or the app does not declare this use.
    #[error("there is no dataset `{0}` in the catalogue for this use: declare it under [[datasets]] in app.toml")]
    UnknownDataset(String),
    /// The app declares this use, and the department that installed it took the permission back.
    #[error(
        "the department that runs this app took the permission for this use back: its administrator can give it again at the console"
    )]
    TakenBack,
    /// Nothing was granted.
    #[error("not granted: {0}")]
    NotGranted(String),
    /// The grant has expired.
    #[error("the grant expired at {}: the department asks for a new one at the console", .0.to_rfc3339())]
    Expired(Timestamp),
    /// The grant was revoked.
    #[error("the grant was revoked at {}", .0.to_rfc3339())]
    Revoked(Timestamp),
    /// It is granted for other purposes.
    #[error("granted for other purposes only: {}", .0.join(", "))]
    OtherPurpose(Vec<String>),
    /// Fields that the grant does not cover.
    #[error("these fields are not granted: {}", .0.join(", "))]
    Fields(Vec<String>),
    /// A kind of access that the grant does not cover.
    #[error("this access is not granted; granted are: {}", .0.iter().map(|a| access_name(*a)).collect::<Vec<_>>().join(", "))]
    Access(Vec<Access>),
    /// A record outside of the granted rows.
    #[error("the record is outside of the rows that are granted")]
    Row,
    /// Nobody is signed in.
    #[error("nobody is signed in")]
    NotSignedIn,
    /// The official's office is not of the department that uses the app.
    #[error("the data is granted to the department that uses this app, and the official is of another one")]
    Department,
    /// The official holds none of the roles.
    #[error("one of these roles is required: {}", .0.join(", "))]
    Role(Vec<String>),
    /// The person has not consented, or took it back. The payload is the consent's name.
    #[error("the person has not consented to `{0}`")]
    Consent(String),
    /// The dataset is not shared.
    #[error("this dataset is not shared: {0}")]
    NotShared(String),
    /// The organization is not the authority for these fields.
    #[error("another organization is the authority for: {}", .0.join(", "))]
    NotAuthority(Vec<String>),
}

impl Denial {
    /// A short name for the log and for counting.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::UnknownDataset(_) => "unknown-dataset",
            Self::TakenBack => "taken-back",
            Self::NotGranted(_) => "not-granted",
            Self::Expired(_) => "expired",
            Self::Revoked(_) => "revoked",
            Self::OtherPurpose(_) => "other-purpose",
            Self::Fields(_) => "fields-not-granted",
            Self::Access(_) => "access-not-granted",
            Self::Row => "row-not-granted",
            Self::NotSignedIn => "not-signed-in",
            Self::Department => "other-department",
            Self::Role(_) => "role-required",
            Self::Consent(_) => "consent-required",
            Self::NotShared(_) => "not-shared",
            Self::NotAuthority(_) => "not-authority",
        }
    }
}

/// The name of a kind of access, as `app.toml` writes it.
#[must_use]
pub fn access_name(access: Access) -> &'static str {
    match access {
        Access::Get => "get",
        Access::Query => "query",
        Access::Changes => "changes",
        Access::Bulk => "bulk",
        Access::Write => "write",
    }
}

/// What a call may do. Consent is still to be asked for, of each person whom a record is about.
#[derive(Clone, Debug, PartialEq)]
pub struct Allowed {
    /// The fields that are released, with their masks.
    pub fields: BTreeMap<String, Mask>,
    /// Which rows.
    /// Those of the grant and those that are declared: a record is in both.
    rows: [Rows; 2],
    only: BTreeMap<String, Value>,
    /// On what it rests.
    pub basis: LegalBasis,
    own_of: Option<PersonId>,
}

/// Whether there is a grant that stands, whatever is done with it.
///
/// # Errors
/// [`Denial`].
pub fn standing<'a>(ask: &Ask<'a>) -> Result<(&'a DatasetUse, &'a Grant), Denial> {
    let (dataset, caller) = (ask.dataset, ask.caller);
    let undeclared = || if ask.taken_back { Denial::TakenBack } else { Denial::UnknownDataset(dataset.id.clone()) };
    let declared = ask.declared.ok_or_else(undeclared)?;
    if let Sharing::NotShared { law } = &dataset.sharing
        && caller.organization != dataset.provider
    {
        return Err(Denial::NotShared(law.clone()));
    }
    let Some(grant) = ask.grant else {
        return Err(if ask.other_purposes.is_empty() {
            Denial::NotGranted(format!("no grant of `{}` for `{}`", dataset.id, ask.purpose))
        } else {
            Denial::OtherPurpose(ask.other_purposes.to_vec())
        });
    };
    if let Some(revoked) = &grant.revoked {
        return Err(Denial::Revoked(revoked.at));
    }
    if ask.now < grant.from {
        return Err(Denial::NotGranted(format!("the grant begins at {}", grant.from.to_rfc3339())));
    }
    if ask.now >= grant.until {
        return Err(Denial::Expired(grant.until));
    }
    if grant.is_automatic() && dataset.sharing != Sharing::Unconditional {
        let why = "it was given without a decision while the dataset was shared unconditionally, which it no longer is: the department asks anew";
        return Err(Denial::NotGranted(why.into()));
    }
    if grant.terms.basis == LegalBasis::PublicData && dataset.is_personal() {
        return Err(Denial::NotGranted("data about persons is not public data: the use rests on another basis".into()));
    }
    Ok((declared, grant))
}

/// Decides what does not depend on a record.
///
/// The order of the checks is part of the contract: what is wrong with the grant comes before what is
/// wrong with the call, so that a person reads the reason that they can do something about.
///
/// What a grant gives is bounded by what the app declares now: a release that no longer asks for a
/// field, an access or rows does without them, whatever an older request was granted.
///
/// # Errors
/// [`Denial`].
pub fn decide(ask: &Ask<'_>) -> Result<Allowed, Denial> {
    let (dataset, caller) = (ask.dataset, ask.caller);
    let (declared, grant) = standing(ask)?;
    let terms = &grant.terms;
    let access: Vec<Access> = terms.access.iter().filter(|a| declared.access.contains(a)).copied().collect();
    if !access.contains(&ask.access) {
        return Err(Denial::Access(access));
    }
    if declared.basis != terms.basis {
        return Err(Denial::NotGranted("the app now rests on another legal basis than was granted".into()));
    }
    let own_of = principal(ask, terms, declared)?;
    let given = |f: &String| terms.fields.contains_key(f) && declared.fields.contains(f);
    let not: Vec<String> = ask.fields.iter().filter(|f| !given(f)).cloned().collect();
    if !not.is_empty() {
        return Err(Denial::Fields(not));
    }
    if ask.access == Access::Write {
        let foreign = |f: &&String| dataset.item(f).is_none_or(|i| dataset.authority(i) != caller.organization);
        let foreign: Vec<String> = ask.fields.iter().filter(foreign).cloned().collect();
        if !foreign.is_empty() {
            return Err(Denial::NotAuthority(foreign));
        }
    }
    let wanted = |f: &String| given(f) && (ask.fields.is_empty() || ask.fields.contains(f));
    let fields = terms.fields.iter().filter(|(f, _)| wanted(f)).map(|(f, m)| (f.clone(), *m)).collect();
    let rows = [&terms.rows, &declared.rows].map(Clone::clone);
    Ok(Allowed { fields, rows, only: terms.only.clone(), basis: terms.basis, own_of })
}

/// The user's own right; `Some` when they may see records about themself only.
fn principal(ask: &Ask<'_>, terms: &Terms, declared: &DatasetUse) -> Result<Option<PersonId>, Denial> {
    let (dataset, caller) = (ask.dataset, ask.caller);
    let own = terms.rows == Rows::Own || declared.rows == Rows::Own;
    match caller.kind {
        Kind::Anonymous if dataset.is_personal() || own => Err(Denial::NotSignedIn),
        Kind::Anonymous => Ok(None),
        // Whoever acts for a company acts as a person: the records of others are as closed to them.
        Kind::Citizen | Kind::Representative if dataset.is_personal() || own => {
            caller.person.clone().map(Some).ok_or(Denial::Row)
        }
        Kind::Citizen | Kind::Representative => Ok(None),
        Kind::Official => {
            let of_others = dataset.is_personal() && !own;
            if of_others && !ask.of_department {
                return Err(Denial::Department);
            }
            // To be of the department is not enough: somebody has said whose duty it is.
            if of_others && terms.roles.is_empty() {
                let why = "it names no role of the app, so that no official reads records about others by it: roles stand in app.toml, or the provider names them";
                return Err(Denial::NotGranted(why.into()));
            }
            for roles in [&terms.roles, &declared.roles] {
                if !roles.is_empty() && !roles.iter().any(|r| caller.roles.contains(r)) {
                    return Err(Denial::Role(roles.clone()));
                }
            }
            if own { caller.person.clone().map(Some).ok_or(Denial::Row) } else { Ok(None) }
        }
        // There is no person whose own records a job could read.
        Kind::Service if own => Err(Denial::Row),
        Kind::Service => Ok(None),
    }
}

impl Allowed {
    /// Whether the allowed rows are the caller's own records only.
    #[must_use]
    pub fn own_of(&self) -> Option<&PersonId> {
        self.own_of.as_ref()
    }

    /// Whether some records are kept from the caller, other than by whom they are about: what is not
    /// there and what is kept must then look the same.
    #[must_use]
    pub fn is_limited(&self) -> bool {
        !self.only.is_empty() || self.rows.iter().any(|r| matches!(r, Rows::Divisions(_)))
    }

    /// The values that records must have in some items.
    pub(crate) fn only(&self) -> impl Iterator<Item = (&String, &Value)> {
        self.only.iter()
    }

    /// The divisions that the rows are limited to, each list of them a limit of its own.
    pub fn divisions(&self) -> impl Iterator<Item = &[String]> {
        self.rows.iter().filter_map(|r| if let Rows::Divisions(codes) = r { Some(codes.as_slice()) } else { None })
    }

    /// Decides on one record: `person` is whom it is about.
    ///
    /// # Errors
    /// [`Denial::Row`].
    pub fn row(&self, dataset: &Dataset, person: Option<&PersonId>, body: &Map<String, Value>) -> Result<(), Denial> {
        if let Some(own) = &self.own_of
            && person != Some(own)
        {
            return Err(Denial::Row);
        }
        let code = dataset.division.as_ref().and_then(|item| body.get(item)).and_then(Value::as_str);
        let within = |granted: &[String]| code.is_some_and(|c| granted.iter().any(|g| division_contains(g, c)));
        if !self.divisions().all(within) {
            return Err(Denial::Row);
        }
        if self.only.iter().any(|(item, value)| body.get(item) != Some(value)) {
            return Err(Denial::Row);
        }
        Ok(())
    }
}

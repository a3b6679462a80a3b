//! The words of this service.

use crate::secret::{Code, Password, Token, TokenHash};
use serde::{Deserialize, Serialize};
use std::fmt;
use yunlong_formats::{Date, Mobile, ResidentId};
use yunlong_model::manifest::{Access, Attribute, Rows};
use yunlong_model::{Assurance, InstallationName, Kind, Text, Timestamp};

/// What an account is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AccountKind {
    /// A natural person.
    Citizen,
    /// A member of a department.
    Official,
    /// A person who acts for a vendor.
    Vendor,
}

impl AccountKind {
    /// The kind of principal that such an account is to an app.
    #[must_use]
    pub fn principal(self) -> Kind {
        match self {
            Self::Citizen => Kind::Citizen,
            Self::Official => Kind::Official,
            Self::Vendor => Kind::Representative,
        }
    }
}

/// What an account may do on the platform itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PlatformRole {
    /// Runs the platform: installs, starts, stops and configures apps of every organization, opens
    /// accounts, enrolls vendors' keys. Gives nobody a power over the platform.
    #[serde(alias = "city-admin")]
    SystemAdmin,
    /// Decides who may: gives and takes platform roles, disables, unlocks and resets accounts, sets
    /// the policy of second factors, revokes vendors' keys. Runs nothing.
    SecurityAdmin,
    /// Reads who did what, the other administrators' acts among it. Changes nothing.
    AuditAdmin,
    /// Administers its own organization and those below.
    DepartmentAdmin,
    /// Reviews the apps that vendors publish, those of its own organization excepted. Runs nothing.
    AppReviewer,
}

impl PlatformRole {
    /// Every role.
    pub const ALL: [Self; 5] =
        [Self::SystemAdmin, Self::SecurityAdmin, Self::AuditAdmin, Self::DepartmentAdmin, Self::AppReviewer];

    /// The role as it is written: `system-admin`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::SystemAdmin => "system-admin",
            Self::SecurityAdmin => "security-admin",
            Self::AuditAdmin => "audit-admin",
            Self::DepartmentAdmin => "department-admin",
            Self::AppReviewer => "app-reviewer",
        }
    }

    /// The role that is written so.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|r| r.as_str() == name)
    }

    /// The role in words.
    #[must_use]
    pub fn title(self) -> Text {
        let (zh, en) = match self {
            Self::SystemAdmin => ("系统管理员", "System administrator"),
            Self::SecurityAdmin => ("安全管理员", "Security administrator"),
            Self::AuditAdmin => ("审计管理员", "Audit administrator"),
            Self::DepartmentAdmin => ("部门管理员", "Department administrator"),
            Self::AppReviewer => ("应用审核员", "App reviewer"),
        };
        Text { zh: zh.into(), en: en.into() }
    }
}

/// What the platform knows of a person. `Debug` shows masked values.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Attributes {
    /// The name as registered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub real_name: Option<String>,
    /// The resident ID number: at most one account has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resident_id: Option<ResidentId>,
    /// The mobile number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mobile: Option<Mobile>,
}

impl Attributes {
    /// The attribute as an app gets it; `None` when the record does not hold it.
    #[must_use]
    pub fn get(&self, attribute: Attribute) -> Option<String> {
        match attribute {
            Attribute::RealName => self.real_name.clone(),
            Attribute::ResidentId => self.resident_id.as_ref().map(ToString::to_string),
            Attribute::Mobile => self.mobile.as_ref().map(ToString::to_string),
            Attribute::BirthDate => self.resident_id.as_ref().map(|id| id.birth_date().to_string()),
        }
    }
}

impl fmt::Debug for Attributes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Attributes")
            .field("real_name", &self.real_name.as_deref().map(yunlong_formats::mask_name))
            .field("resident_id", &self.resident_id)
            .field("mobile", &self.mobile)
            .finish()
    }
}

/// An account to be created.
#[derive(Clone, Debug)]
pub struct NewAccount {
    /// 3 to 40 of `a-z`, `0-9`, `.`, `_` and `-`; the first a letter, the last none of the signs.
    pub name: String,
    /// What it is for.
    pub kind: AccountKind,
    /// 8 to 256 characters, and not the name.
    pub password: Password,
    /// The code of the organization; an official and a vendor must have one.
    pub organization: Option<String>,
    /// What is known of the person.
    pub attributes: Attributes,
    /// What it may do on the platform. A citizen has none.
    pub platform_roles: Vec<PlatformRole>,
}

/// An account to be opened by an administrator: its owner sets the password.
#[derive(Clone, Debug)]
pub struct NewPerson {
    /// As [`NewAccount::name`].
    pub name: String,
    /// What it is for.
    pub kind: AccountKind,
    /// As [`NewAccount::organization`].
    pub organization: Option<String>,
    /// What is known of the person.
    pub attributes: Attributes,
}

/// A one-time code with which the owner of an account sets its password; shown once.
#[derive(Clone, Debug)]
pub struct ResetCode {
    /// The code.
    pub code: Code,
    /// Until when it is good.
    pub expires_at: Timestamp,
}

/// An account, without anything secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// Its name.
    pub name: String,
    /// What it is for.
    pub kind: AccountKind,
    /// The code of its organization.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organization: Option<String>,
    /// What it may do on the platform.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub platform_roles: Vec<PlatformRole>,
    /// When it was created.
    pub created_at: Timestamp,
    /// A disabled account cannot sign in, and its sessions are dead.
    #[serde(default)]
    pub disabled: bool,
    /// Whether a second factor is enrolled: signing in then takes it, too.
    #[serde(default)]
    pub second_factor: bool,
    /// Sessions of an older generation are dead: a changed password raises it.
    #[serde(default)]
    pub(crate) generation: u64,
}

/// Where a session's token is accepted.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SessionOrigin {
    /// The portal's cookie.
    Portal,
    /// The console's cookie.
    Console,
    /// The cookie of an installation's origin.
    Installation(InstallationName),
    /// No cookie: a program that sends the token itself, on every origin.
    Bearer,
}

/// Somebody who is signed in.
#[derive(Clone, Debug)]
pub struct Session {
    /// The account.
    pub account: String,
    /// What the account is for.
    pub kind: AccountKind,
    /// The code of the account's organization.
    pub organization: Option<String>,
    /// What the account may do on the platform.
    pub platform_roles: Vec<PlatformRole>,
    /// Where the token is accepted.
    pub origin: SessionOrigin,
    /// When it ends at the latest.
    pub expires_at: Timestamp,
    /// When the second factor was last shown in this session, or in the portal's that it began from;
    /// `None`: by a password, or an outside provider, alone.
    pub strong_at: Option<Timestamp>,
    /// Whether the account has a second factor, so that it can be asked for.
    pub second_factor: bool,
    /// The policy wants a second factor of this account and it has none: it may enroll one at the
    /// portal, and nothing else.
    pub must_enroll: bool,
    /// The mandate under which the person acts for somebody else ([`crate::Identity::act_for`]).
    pub mandate: Option<String>,
    pub(crate) id: TokenHash,
}

impl Session {
    /// How sure the platform is of the person.
    #[must_use]
    pub fn assurance(&self) -> Assurance {
        if self.strong_at.is_some() { Assurance::MultiFactor } else { Assurance::Password }
    }

    /// Whether the second factor was shown within this time: what dangerous acts ask for.
    #[must_use]
    pub fn is_strong(&self, now: Timestamp, within: std::time::Duration) -> bool {
        let millis = i64::try_from(within.as_millis()).unwrap_or(i64::MAX);
        self.strong_at.is_some_and(|at| now < at.plus_millis(millis))
    }

    /// Whether the account has this role on the platform.
    #[must_use]
    pub fn has(&self, role: PlatformRole) -> bool {
        self.platform_roles.contains(&role)
    }
}

/// A session that has just begun: the only time that its token is known.
#[derive(Clone, Debug)]
pub struct NewSession {
    /// The token, for its owner alone.
    pub token: Token,
    /// When it ends at the latest.
    pub expires_at: Timestamp,
    /// The password was right and the account has a second factor: the token signs nobody in, it is
    /// what [`crate::Identity::second_step`] takes.
    pub waits_for_second_factor: bool,
}

/// From where somebody signs in, as coarsely as it helps them to recognize a session of their own.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Device {
    /// The browser or program and the system, such as `Firefox · Windows`; empty when unknown.
    #[serde(default)]
    pub name: String,
    /// The network, without the part that tells one machine of it from another: `10.0.3.0/24`.
    #[serde(default)]
    pub network: String,
}

/// A session as its owner sees it in the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionEntry {
    /// What ends it: [`crate::Identity::end_session`].
    pub handle: String,
    /// Where its token is accepted.
    pub origin: SessionOrigin,
    /// From where it began.
    pub device: Device,
    /// When it began.
    pub started_at: Timestamp,
    /// When it was last used, to ten minutes.
    pub last_seen: Timestamp,
    /// Whether a second factor was shown in it.
    pub strong: bool,
    /// The origins that it signed on at.
    pub signed_on: Vec<SessionOrigin>,
    /// Whether it is the one that asks.
    pub current: bool,
}

/// A role that the department gave to an account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoleAssignment {
    /// The account.
    pub account: String,
    /// The role, as the app declares it.
    pub role: String,
    /// The account that assigned it.
    pub assigned_by: String,
    /// When.
    pub assigned_at: Timestamp,
}

/// A consent, as it was given.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConsentRecord {
    /// The installation that may read the attributes.
    pub installation: InstallationName,
    /// The scope, or the purpose of a use of a dataset.
    pub scope: String,
    /// The attributes that the scope held then.
    pub attributes: Vec<Attribute>,
    /// The dataset, when the consent is to a use of one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dataset: Option<String>,
    /// The items of the dataset that the person was shown.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<String>,
    /// What the app said that it does with them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub access: Vec<Access>,
    /// Whether it reads for the person themself alone, or also without them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rows: Option<Rows>,
    /// The reason that the person read.
    pub reason: Text,
    /// When it was given.
    pub given_at: Timestamp,
    /// When it was withdrawn; `None` while it stands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub withdrawn_at: Option<Timestamp>,
}

impl ConsentRecord {
    /// Whether it stands.
    #[must_use]
    pub fn stands(&self) -> bool {
        self.withdrawn_at.is_none()
    }
}

/// What kind of organization.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OrganizationLevel {
    /// A province.
    Province,
    /// A prefecture-level city.
    City,
    /// A county, district or county-level city.
    County,
    /// A town, township or subdistrict.
    Town,
    /// A village or residents' committee.
    Village,
    /// A department of one of these.
    Department,
    /// A vendor.
    Vendor,
}

/// A node of the tree of organizations.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Organization {
    /// A division code (GB/T 2260, GB/T 10114) or, for departments and vendors, a USCC (GB 32100).
    pub code: String,
    /// What it is.
    pub level: OrganizationLevel,
    /// The name in Chinese.
    pub name: String,
    /// The code of the organization above.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<String>,
    /// The first day on which it exists; `None`: before records begin.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_from: Option<Date>,
    /// The first day on which it no longer exists; `None`: it still does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_to: Option<Date>,
}

impl Organization {
    /// Whether it exists on this day.
    #[must_use]
    pub fn valid_on(&self, day: Date) -> bool {
        self.valid_from.is_none_or(|from| from <= day) && self.valid_to.is_none_or(|to| day < to)
    }
}

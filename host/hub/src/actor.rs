//! Who acts on the hub itself: officials at the console, operators with the command line.

use yunlong_model::Kind;

/// An account that acts, as the gateway knows it from the session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor {
    /// The account; `-` for the platform itself.
    pub account: String,
    /// What kind of principal.
    pub kind: Kind,
    /// For an official, the organization in whose office they act.
    pub organization: Option<String>,
    /// The platform's system administrator.
    pub system_admin: bool,
    /// The platform's security administrator: legal orders.
    pub security_admin: bool,
    /// The platform's audit administrator: search in the log.
    pub audit_admin: bool,
    /// For the audit log.
    pub request_id: String,
}

impl Actor {
    /// The platform itself: seeding, clocks that run out.
    #[must_use]
    pub fn platform() -> Self {
        Self {
            account: "-".into(),
            kind: Kind::Service,
            organization: None,
            system_admin: true,
            security_admin: false,
            audit_admin: false,
            request_id: String::new(),
        }
    }

    /// Whether they act in the office of this organization.
    #[must_use]
    pub fn acts_for(&self, organization: &str) -> bool {
        self.kind == Kind::Official && self.organization.as_deref() == Some(organization)
    }
}

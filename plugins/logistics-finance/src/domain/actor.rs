//! Who does something: a person in an office, or under a company's mandate.
//!
//! Several banks, warehouses and carriers use one installation. Which one somebody stands for is the organization of
//! the principal: for an official the code of the office, for a person who acts for a company its USCC.

use super::refused::Refused;
use serde::{Deserialize, Serialize};

/// What somebody may be here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Owns goods and borrows on them.
    Manufacturer,
    /// Keeps goods and issues receipts.
    Warehouse,
    /// Lends, and holds pledges.
    Bank,
    /// Carries goods.
    Carrier,
    /// Registers warehouses, publishes prices, freezes and looks at everything.
    Regulator,
}

impl Role {
    /// Every role.
    pub const ALL: [Self; 5] = [Self::Manufacturer, Self::Warehouse, Self::Bank, Self::Carrier, Self::Regulator];

    /// As `app.toml` names it.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Manufacturer => "manufacturer",
            Self::Warehouse => "warehouse",
            Self::Bank => "bank",
            Self::Carrier => "carrier",
            Self::Regulator => "regulator",
        }
    }

    /// The role of a name.
    #[must_use]
    pub fn of(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|r| r.code() == code)
    }
}

/// Who does something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor {
    /// The person's own subject in this installation, also when they act for a company.
    pub subject: String,
    /// The organization: a USCC, or a division's code.
    pub organization: String,
    /// What the organization is called, where it is known.
    pub organization_name: String,
    /// What they may be.
    pub roles: Vec<Role>,
    /// The mandate under which they act, if they act for a company.
    pub mandate: Option<String>,
}

impl Actor {
    /// Whether they hold a role.
    #[must_use]
    pub fn is(&self, role: Role) -> bool {
        self.roles.contains(&role)
    }

    /// Whether they hold a role, in the organization that a thing belongs to.
    #[must_use]
    pub fn is_of(&self, role: Role, organization: &str) -> bool {
        self.is(role) && self.organization == organization
    }

    /// # Errors
    /// [`Refused::Role`] unless they hold the role.
    pub fn needs(&self, role: Role) -> Result<(), Refused> {
        if self.is(role) { Ok(()) } else { Err(Refused::Role { role }) }
    }

    /// # Errors
    /// [`Refused::Role`] without the role, [`Refused::NotYours`] when the thing belongs to another organization.
    pub fn needs_of(&self, role: Role, organization: &str) -> Result<(), Refused> {
        self.needs(role)?;
        if self.organization == organization { Ok(()) } else { Err(Refused::NotYours) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bank_official_is_of_one_bank() {
        let actor = Actor {
            subject: "p-1".into(),
            organization: "91320300MA000TX14G".into(),
            organization_name: String::new(),
            roles: vec![Role::Bank],
            mandate: None,
        };
        assert_eq!(actor.needs_of(Role::Bank, "91320300MA000TX14G"), Ok(()));
        assert_eq!(actor.needs_of(Role::Bank, "91320300MA000TX9X6"), Err(Refused::NotYours));
        assert_eq!(actor.needs(Role::Carrier), Err(Refused::Role { role: Role::Carrier }));
        assert!(Role::ALL.into_iter().all(|r| Role::of(r.code()) == Some(r)));
    }
}

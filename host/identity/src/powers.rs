//! Who may do what with accounts, and the three administrators who hold each other in check.
//!
//! The system administrator opens accounts and gives nobody power; the security administrator gives
//! power and runs nothing; the audit administrator reads what both did. No account holds two of the
//! roles, and nobody changes their own (GB/T 22239, "separation of three administrators").

use crate::Identity;
use crate::error::IdentityError;
use crate::types::{Account, AccountKind, PlatformRole, Session};

impl Identity {
    /// Whether this person may open an account of this kind in this organization: a system
    /// administrator any, a department's administrator officials of their own tree.
    #[must_use]
    pub fn may_open_account(&self, session: &Session, kind: AccountKind, organization: Option<&str>) -> bool {
        session.has(PlatformRole::SystemAdmin)
            || (session.has(PlatformRole::DepartmentAdmin)
                && kind == AccountKind::Official
                && organization.is_some_and(|o| self.is_own(session, o)))
    }

    /// Whether this person may see who has the account.
    #[must_use]
    pub fn may_see_account(&self, session: &Session, account: &Account) -> bool {
        session.has(PlatformRole::SystemAdmin)
            || session.has(PlatformRole::SecurityAdmin)
            || (session.has(PlatformRole::DepartmentAdmin)
                && account.organization.as_deref().is_some_and(|o| self.is_own(session, o)))
    }

    /// Whether this person may disable, enable, unlock and reset the account: a security
    /// administrator each but their own, a department's administrator the officials of their tree
    /// that have no power over the platform. Not a system administrator: whoever resets an account
    /// can become it.
    #[must_use]
    pub fn may_control_account(&self, session: &Session, account: &Account) -> bool {
        session.account != account.name
            && (session.has(PlatformRole::SecurityAdmin)
                || (session.has(PlatformRole::DepartmentAdmin)
                    && account.kind == AccountKind::Official
                    && account.platform_roles.is_empty()
                    && account.organization.as_deref().is_some_and(|o| self.is_own(session, o))))
    }

    /// Whether this person may give and take platform roles of the account.
    #[must_use]
    pub fn may_empower(&self, session: &Session, account: &Account) -> bool {
        session.account != account.name && session.has(PlatformRole::SecurityAdmin)
    }

    /// Gives an official exactly this role on the platform, or none. It holds from the next request.
    ///
    /// # Errors
    /// [`IdentityError::NoSuchAccount`]; [`IdentityError::Invalid`] for an account that is no
    /// official's.
    pub async fn set_platform_role(
        &self,
        account: &str,
        role: Option<PlatformRole>,
        by: &str,
    ) -> Result<(), IdentityError> {
        let found = self.account(account).await?.ok_or_else(|| IdentityError::NoSuchAccount(account.to_owned()))?;
        if role.is_some() && found.kind != AccountKind::Official {
            return Err(IdentityError::invalid(
                "role",
                "只有工作人员账号可以有平台角色",
                "only an official's account has a role on the platform",
            ));
        }
        let detail = role.map_or("none", PlatformRole::as_str);
        self.change_account_saying(account, by, "account.role-set", detail, move |_, account| {
            account.platform_roles = role.into_iter().collect();
        })
        .await
    }

    fn is_own(&self, session: &Session, organization: &str) -> bool {
        session.organization.as_deref().is_some_and(|own| self.tree().is_within(organization, own))
    }
}

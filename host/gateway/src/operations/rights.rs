//! What an installation may do, and who has which of its roles.

use super::{OperationError, Operations, find, invalid, unknown_capability};
use std::sync::Arc;
use yunlong_installations::Installation;
use yunlong_model::InstallationName;

impl Operations {
    /// Takes back (`granted: false`) or gives again what an installation may do, by the
    /// capability's id. Takes effect at the next call.
    ///
    /// # Errors
    /// [`OperationError::Invalid`] for an id that the manifest does not declare.
    pub async fn set_grant(
        &self,
        name: &InstallationName,
        id: &str,
        granted: bool,
        by: &str,
    ) -> Result<Arc<Installation>, OperationError> {
        let installation = self.get(name)?;
        let capability = find(&installation.manifest, id).ok_or_else(|| unknown_capability(id))?;
        if granted {
            return Ok(self.services.installations.restore_grant(name, &capability, by).await?);
        }
        let revoked = self.services.installations.revoke_grant(name, &capability, by).await?;
        self.services.hub.denies_anew(name, None).await;
        Ok(revoked)
    }

    /// Gives an account exactly these roles in an installation.
    ///
    /// # Errors
    /// [`OperationError::Invalid`] for a role that the app does not declare, [`OperationError::Identity`].
    pub async fn set_roles(
        &self,
        name: &InstallationName,
        account: &str,
        roles: &[String],
        by: &str,
    ) -> Result<(), OperationError> {
        self.check_roles(name, account, roles).await?;
        self.services.installations.roles_by_hand(name, account).await?;
        Ok(self.services.identity.set_roles(name, account, roles, by).await?)
    }

    /// Assigns one role to an account, or takes it away. The others stay as they are, whoever else
    /// changes them meanwhile; one that the app declares no longer can be taken away.
    ///
    /// # Errors
    /// As [`Operations::set_roles`].
    pub async fn set_role(
        &self,
        name: &InstallationName,
        account: &str,
        role: &str,
        assigned: bool,
        by: &str,
    ) -> Result<(), OperationError> {
        let declared: &[String] = if assigned { &[role.to_owned()] } else { &[] };
        self.check_roles(name, account, declared).await?;
        self.services.installations.roles_by_hand(name, account).await?;
        let identity = &self.services.identity;
        let done = if assigned {
            identity.assign_role(name, account, role, by).await
        } else {
            identity.revoke_role(name, account, role, by).await
        };
        Ok(done?)
    }

    /// Whether there is the account, and the app declares the roles.
    pub(super) async fn check_roles(
        &self,
        name: &InstallationName,
        account: &str,
        roles: &[String],
    ) -> Result<(), OperationError> {
        let installation = self.get(name)?;
        if self.services.identity.account(account).await?.is_none() {
            return Err(invalid("account", format!("没有账号“{account}”"), format!("There is no account `{account}`")));
        }
        match roles.iter().find(|r| !installation.manifest.roles.iter().any(|d| d.name == **r)) {
            None => Ok(()),
            Some(unknown) => Err(invalid(
                "roles",
                format!("该应用没有“{unknown}”角色"),
                format!("The app declares no role `{unknown}`"),
            )),
        }
    }
}

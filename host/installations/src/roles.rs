//! The roles that were chosen with an installation and are not assigned yet.
//!
//! One is struck off the list in the commit that assigns it, and an account's are struck off before its roles are
//! changed by hand. So no role comes back that was taken away, wherever a stop falls.

use crate::{Installation, InstallationError, Installations, RoleDue, keys};
use std::sync::Arc;
use yunlong_model::InstallationName;
use yunlong_store::Txn;

impl Installations {
    /// Stages that a role is struck off the list, in the transaction that assigns it, and answers whether it stood
    /// there: when it does not, it must not be assigned. Whoever commits it calls [`Installations::look_again`].
    ///
    /// # Errors
    /// [`InstallationError::NotFound`].
    pub async fn stage_role_done(
        &self,
        txn: &mut Txn,
        name: &InstallationName,
        role: &RoleDue,
    ) -> Result<bool, InstallationError> {
        let key = keys::installation(name);
        let mut now: Installation = txn.get_as(&key).await?.ok_or_else(|| InstallationError::NotFound(name.clone()))?;
        let before = now.roles_due.len();
        now.roles_due.retain(|due| due != role);
        let stood = now.roles_due.len() < before;
        if stood {
            txn.put_as(key, &now);
        }
        Ok(stood)
    }

    /// Reads an installation again that was changed in a transaction of somebody else's.
    ///
    /// # Errors
    /// When the store fails. What is in memory lags behind then, which loses nothing: the commits read the store.
    pub async fn look_again(&self, name: &InstallationName) -> Result<(), InstallationError> {
        let _one = self.inner.changing.lock().await;
        let mut txn = Txn::new(self.inner.store.clone());
        if let Some(now) = txn.get_as::<Installation>(&keys::installation(name)).await? {
            self.remember(now);
        }
        Ok(())
    }

    /// The roles of an account are changed by hand: those that were chosen for it with the installation are not due
    /// any more. Nothing is written when there are none.
    ///
    /// # Errors
    /// [`InstallationError::NotFound`]; then nothing may be changed by hand either.
    pub async fn roles_by_hand(&self, name: &InstallationName, account: &str) -> Result<(), InstallationError> {
        // The list only ever gets shorter, and memory lags behind at most.
        if self.get(name).is_some_and(|i| i.roles_due.iter().all(|due| due.account != account)) {
            return Ok(());
        }
        let who = account.to_owned();
        let detail = account.to_owned();
        self.change(name, "platform", "roles.seen-to", detail, move |installation, _| {
            installation.roles_due.retain(|due| due.account != who);
            Ok(())
        })
        .await
        .map(drop)
    }

    /// The roles that were chosen with it have been seen to: each is assigned, or was refused.
    ///
    /// # Errors
    /// [`InstallationError::NotFound`].
    pub async fn roles_seen_to(&self, name: &InstallationName) -> Result<Arc<Installation>, InstallationError> {
        self.change(name, "platform", "roles.seen-to", String::new(), |installation, _| {
            installation.roles_due.clear();
            Ok(())
        })
        .await
    }
}

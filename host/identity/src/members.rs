//! The accounts of an organization, found without reading every citizen's.

use crate::error::IdentityError;
use crate::types::{Account, PlatformRole};
use crate::{Identity, keys};
use yunlong_store::txn::from_json;
use yunlong_store::{Direction, SharedStore, Txn};

/// Rows of one commit when the rows of older accounts are written.
const BATCH: usize = 500;

/// Stages the row of a new account. An account stays with the organization that it was opened for.
pub(crate) fn stage(txn: &mut Txn, account: &Account) {
    if let Some(organization) = &account.organization {
        txn.put_as(keys::member(organization, &account.name), &account.name);
    }
}

/// Writes the rows of accounts that were opened before there were any. Once; it may be cut short and
/// begun again.
pub(crate) async fn index(store: &SharedStore) -> Result<(), IdentityError> {
    if store.get(&keys::members_indexed()).await?.is_some() {
        return Ok(());
    }
    let mut range = keys::accounts().children();
    loop {
        let rows = store.scan(&range, Direction::Ascending, BATCH).await?;
        let mut txn = Txn::new(store.clone());
        for row in &rows {
            stage(&mut txn, &from_json(&row.key, &row.value)?);
        }
        match rows.last() {
            Some(last) => range.start = last.key.next(),
            None => txn.put_as(keys::members_indexed(), &true),
        }
        if !txn.is_empty() {
            txn.commit().await?;
        }
        if rows.is_empty() {
            return Ok(());
        }
    }
}

impl Identity {
    /// The accounts of an organization that administer it: who is told what the organization has to
    /// decide. Disabled ones are left out.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn administrators_of(&self, organization: &str) -> Result<Vec<String>, IdentityError> {
        let rows = keys::members_of(organization).children();
        let rows = self.inner.store.scan(&rows, Direction::Ascending, usize::MAX).await?;
        let mut found = Vec::new();
        for row in rows {
            let name: String = from_json(&row.key, &row.value)?;
            if self.administers(&name, organization).await? {
                found.push(name);
            }
        }
        Ok(found)
    }

    /// Whether the account is an administrator of exactly this organization, as it stands now.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn administers(&self, account: &str, organization: &str) -> Result<bool, IdentityError> {
        let account = self.account(account).await?;
        Ok(account.is_some_and(|a| {
            !a.disabled
                && a.organization.as_deref() == Some(organization)
                && a.platform_roles.contains(&PlatformRole::DepartmentAdmin)
        }))
    }

    /// Whether an organization is another one or lies below it.
    #[must_use]
    pub fn is_within(&self, organization: &str, ancestor: &str) -> bool {
        self.tree().is_within(organization, ancestor)
    }
}

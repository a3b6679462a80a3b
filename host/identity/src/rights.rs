//! Rights in an installation: the roles that the department assigned to an account, and the
//! attributes that its person lets the app read.

use crate::audit::Told;
use crate::error::{AttributeError, IdentityError};
use crate::types::{ConsentRecord, RoleAssignment};
use crate::{Identity, detached, keys};
use std::collections::BTreeSet;
use std::sync::Arc;
use yunlong_model::manifest::{Attribute, Scope};
use yunlong_model::{InstallationName, Timestamp};
use yunlong_store::transact;
use yunlong_store::txn::from_json;
use yunlong_store::{Direction, ReadCheck, Txn};

/// The rights of one account in one installation.
#[derive(Default)]
pub(crate) struct Rights {
    pub(crate) roles: Vec<String>,
    consents: Vec<Standing>,
}

/// A consent that stands.
pub(crate) struct Standing {
    pub(crate) record: ConsentRecord,
    /// The row that says so: whoever writes down what rests on it checks that it is still the same.
    pub(crate) row: ReadCheck,
}

/// An attribute, as far as a person's consent releases it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attested {
    /// The value; `None` when the person's record holds none.
    pub value: Option<String>,
    /// The scope whose consent covers it.
    pub scope: String,
    /// The consent's row in the store. Whoever passes the attribute on writes that down in a commit that
    /// checks it: then the consent was not withdrawn before.
    pub row: ReadCheck,
}

impl Rights {
    /// A consent covers what the person was shown: the scope with these attributes and this
    /// reason. When the app changes one of them it needs a new consent (Personal Information
    /// Protection Law of the PRC, article 14).
    fn covering(&self, scope: &Scope, attribute: Attribute) -> Option<&Standing> {
        let covers =
            |c: &ConsentRecord| c.scope == scope.name && c.reason == scope.reason && c.attributes.contains(&attribute);
        self.consents.iter().find(|c| covers(&c.record))
    }

    fn covers(&self, scope: &Scope, attribute: Attribute) -> bool {
        self.covering(scope, attribute).is_some()
    }

    /// The consents that stand.
    pub(crate) fn consents(&self) -> &[Standing] {
        &self.consents
    }
}

impl Identity {
    /// Assigns a role in an installation to an account. Whether the app declares the role, and
    /// whether `by` may assign it ([`Identity::may_administer`]), the caller knows.
    ///
    /// # Errors
    /// [`IdentityError::NoSuchAccount`], [`IdentityError::Invalid`] for a blank role.
    pub async fn assign_role(
        &self,
        installation: &InstallationName,
        account: &str,
        role: &str,
        by: &str,
    ) -> Result<(), IdentityError> {
        if !is_role(role) {
            return Err(no_role());
        }
        let row = RoleAssignment {
            account: account.into(),
            role: role.into(),
            assigned_by: by.into(),
            assigned_at: self.inner.now(),
        };
        self.change_rights(installation, account, move |told, txn, installation, existing| {
            assign(told, txn, installation, existing, &row);
        })
        .await
    }

    /// Stages that an account gets a role, in the transaction of what it is about: both are committed or neither.
    /// Whoever commits it calls [`Identity::look_again`] then, whatever came of it.
    ///
    /// # Errors
    /// As [`Identity::assign_role`].
    pub async fn stage_role(
        &self,
        txn: &mut Txn,
        installation: &InstallationName,
        account: &str,
        role: &str,
        by: &str,
    ) -> Result<(), IdentityError> {
        if !is_role(role) {
            return Err(no_role());
        }
        if txn.get(&keys::account(account)).await?.is_none() {
            return Err(IdentityError::NoSuchAccount(account.to_owned()));
        }
        let row = RoleAssignment {
            account: account.into(),
            role: role.into(),
            assigned_by: by.into(),
            assigned_at: self.inner.now(),
        };
        let existing = read(txn, installation, account).await?;
        let mut told = Told::default();
        assign(&mut told, txn, installation, &existing, &row);
        self.inner.audit_all(txn, told).await
    }

    /// Takes a role away; it has no effect from the moment at which this answers.
    ///
    /// # Errors
    /// [`IdentityError::NoSuchAccount`]. A role that was not assigned is no error.
    pub async fn revoke_role(
        &self,
        installation: &InstallationName,
        account: &str,
        role: &str,
        by: &str,
    ) -> Result<(), IdentityError> {
        let (account_name, role, by) = (account.to_owned(), role.to_owned(), by.to_owned());
        self.change_rights(installation, account, move |told, txn, installation, existing| {
            if existing.roles.contains(&role) {
                unassign(told, txn, installation, &account_name, &role, &by);
            }
        })
        .await
    }

    /// Gives an account exactly these roles in an installation, in one commit: of two who set them at
    /// once, one list stands whole.
    ///
    /// # Errors
    /// As [`Identity::assign_role`].
    pub async fn set_roles(
        &self,
        installation: &InstallationName,
        account: &str,
        roles: &[String],
        by: &str,
    ) -> Result<(), IdentityError> {
        if !roles.iter().all(|r| is_role(r)) {
            return Err(no_role());
        }
        let (name, by, now) = (account.to_owned(), by.to_owned(), self.inner.now());
        let roles: BTreeSet<String> = roles.iter().cloned().collect();
        self.change_rights(installation, account, move |told, txn, installation, existing| {
            for role in existing.roles.iter().filter(|r| !roles.contains(*r)) {
                unassign(told, txn, installation, &name, role, &by);
            }
            for role in &roles {
                let row = RoleAssignment {
                    account: name.clone(),
                    role: role.clone(),
                    assigned_by: by.clone(),
                    assigned_at: now,
                };
                assign(told, txn, installation, existing, &row);
            }
        })
        .await
    }

    /// The roles of an account in an installation.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn roles(&self, installation: &InstallationName, account: &str) -> Result<Vec<String>, IdentityError> {
        Ok(self.rights(installation, account).await?.roles.clone())
    }

    /// Every assignment in an installation, by account and role.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn role_assignments(
        &self,
        installation: &InstallationName,
    ) -> Result<Vec<RoleAssignment>, IdentityError> {
        let rows =
            self.inner.store.scan(&keys::roles_in(installation).children(), Direction::Ascending, usize::MAX).await?;
        rows.iter().map(|e| Ok(from_json(&e.key, &e.value)?)).collect()
    }

    /// The attribute of a person for an app, if the person's consent to one of `scopes` covers it.
    /// `scopes` are those of the manifest that are granted to the installation. Nothing is written down
    /// here: it leaves the platform through the hub alone, which does that first.
    ///
    /// # Errors
    /// [`AttributeError`]. Whether the record holds the attribute is told only behind a consent.
    pub async fn attribute(
        &self,
        installation: &InstallationName,
        scopes: &[Scope],
        account: &str,
        attribute: Attribute,
    ) -> Result<Attested, AttributeError> {
        let carrying: Vec<_> = scopes.iter().filter(|s| s.attributes.contains(&attribute)).collect();
        let first = carrying.first().ok_or(AttributeError::NotGranted)?;
        let rights = self.rights(installation, account).await?;
        let covering = carrying.iter().find_map(|s| rights.covering(s, attribute));
        let consent = covering.ok_or_else(|| AttributeError::ConsentRequired(first.name.clone()))?;
        let value = self.attributes_of(account).await?.get(attribute);
        Ok(Attested { value, scope: consent.record.scope.clone(), row: consent.row.clone() })
    }

    /// Forgets what is kept in memory of an account's rights in an installation: for whoever met a consent
    /// that has changed since it was loaded, or committed a role ([`Identity::stage_role`]).
    pub fn look_again(&self, installation: &InstallationName, account: &str) {
        self.inner.rights.invalidate(&(installation.clone(), account.to_owned()));
    }

    /// Records that a person consents to a scope as it stands in the manifest: its attributes, and
    /// the reason that they were shown. A consent that stands already stays as it is.
    ///
    /// # Errors
    /// [`IdentityError::NoSuchAccount`].
    pub async fn consent(
        &self,
        account: &str,
        installation: &InstallationName,
        scope: &Scope,
    ) -> Result<(), IdentityError> {
        let record = ConsentRecord {
            installation: installation.clone(),
            scope: scope.name.clone(),
            attributes: scope.attributes.clone(),
            dataset: None,
            fields: Vec::new(),
            access: Vec::new(),
            rows: None,
            reason: scope.reason.clone(),
            given_at: self.inner.now(),
            withdrawn_at: None,
        };
        let (name, scope) = (account.to_owned(), scope.clone());
        self.change_rights(installation, account, move |told, txn, installation, existing| {
            if scope.attributes.iter().all(|a| existing.covers(&scope, *a)) {
                return;
            }
            txn.put_as(keys::consent(&name, installation, &scope.name), &record);
            let detail =
                serde_json::json!({ "scope": scope.name, "attributes": scope.attributes, "reason": scope.reason });
            told.of(&name, &name, "consent.given", installation.as_str(), detail.to_string());
        })
        .await?;
        // Somebody may consent before they ever visit the app; the way back is what
        // `forget_installation` finds them by.
        self.remember(installation, &self.subject(installation, account), account).await
    }

    /// Takes a consent back, to a scope by its name or to a use of a dataset by its purpose; nothing is
    /// released from the moment at which this answers. The record stays, with the time.
    ///
    /// # Errors
    /// [`IdentityError::NoSuchAccount`]. A consent that was not given is no error.
    pub async fn withdraw(
        &self,
        account: &str,
        installation: &InstallationName,
        scope: &str,
    ) -> Result<(), IdentityError> {
        let (name, scope, now) = (account.to_owned(), scope.to_owned(), self.inner.now());
        self.change_rights(installation, account, move |told, txn, installation, existing| {
            if let Some(found) = existing.consents.iter().find(|c| c.record.scope == scope) {
                let record = ConsentRecord { withdrawn_at: Some(now), ..found.record.clone() };
                txn.put_as(keys::consent(&name, installation, &scope), &record);
                told.of(&name, &name, "consent.withdrawn", installation.as_str(), scope.clone());
            }
        })
        .await
    }

    /// Every consent that a person has given, those withdrawn among them.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn consents(&self, account: &str) -> Result<Vec<ConsentRecord>, IdentityError> {
        let rows =
            self.inner.store.scan(&keys::consents_of(account).children(), Direction::Ascending, usize::MAX).await?;
        rows.iter().map(|e| Ok(from_json(&e.key, &e.value)?)).collect()
    }

    /// The scopes of an installation to which a person's consent stands.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn consented(
        &self,
        account: &str,
        installation: &InstallationName,
    ) -> Result<Vec<String>, IdentityError> {
        Ok(self.rights(installation, account).await?.consents.iter().map(|c| c.record.scope.clone()).collect())
    }

    /// Whether a person's consent stands for the scope as the manifest has it now. Where it does
    /// not, the portal asks.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn has_consented(
        &self,
        account: &str,
        installation: &InstallationName,
        scope: &Scope,
    ) -> Result<bool, IdentityError> {
        let rights = self.rights(installation, account).await?;
        Ok(scope.attributes.iter().all(|a| rights.covers(scope, *a)))
    }

    pub(crate) async fn rights(
        &self,
        installation: &InstallationName,
        account: &str,
    ) -> Result<Arc<Rights>, IdentityError> {
        let key = (installation.clone(), account.to_owned());
        if let Some(rights) = self.inner.rights.get(&key) {
            return Ok(rights);
        }
        let epoch = self.inner.rights.epoch();
        let mut txn = Txn::new(self.inner.store.clone());
        let rights = Arc::new(read(&mut txn, installation, account).await?);
        self.inner.rights.insert(epoch, key, rights.clone());
        Ok(rights)
    }

    pub(crate) async fn change_rights(
        &self,
        installation: &InstallationName,
        account: &str,
        change: impl Fn(&mut Told, &mut Txn, &InstallationName, &Rights) + Send + Sync + 'static,
    ) -> Result<(), IdentityError> {
        let (me, key) = (self.clone(), (installation.clone(), account.to_owned()));
        detached(async move {
            let (installation, account) = &key;
            let done = transact!(&me.inner.store, |txn| {
                if txn.get(&keys::account(account)).await?.is_none() {
                    return Err(IdentityError::NoSuchAccount(account.clone()));
                }
                let existing = read(txn, installation, account).await?;
                let mut told = Told::default();
                change(&mut told, txn, installation, &existing);
                me.inner.audit_all(txn, told).await
            });
            // Whatever came of it: a commit that failed may still have taken place.
            me.inner.rights.invalidate(&key);
            done
        })
        .await
    }

    /// Forgets an installation that was removed: its roles and subjects; consents are withdrawn.
    /// Its name never comes back, so this may be done in several commits, and again.
    ///
    /// # Errors
    /// When the store fails; then it may be called again.
    pub async fn forget_installation(&self, installation: &InstallationName, by: &str) -> Result<(), IdentityError> {
        let (store, now) = (&self.inner.store, self.inner.now());
        for role in self.role_assignments(installation).await? {
            self.revoke_role(installation, &role.account, &role.role, by).await?;
        }
        loop {
            let rows = store.scan(&keys::subjects(installation).children(), Direction::Ascending, 200).await?;
            if rows.is_empty() {
                break;
            }
            let accounts = rows.iter().map(|e| from_json::<String>(&e.key, &e.value)).collect::<Result<Vec<_>, _>>()?;
            transact!(store, |txn| {
                for (row, account) in rows.iter().zip(&accounts) {
                    withdraw_all(txn, installation, account, now).await?;
                    txn.delete(row.key.clone());
                }
                let count = accounts.len().to_string();
                self.inner.audit_about(None, txn, by, "installation.forgotten", installation.as_str(), &count).await?;
                Ok::<_, IdentityError>(())
            })?;
            self.inner.rights.invalidate_all();
            self.inner.subjects.invalidate_all();
        }
        Ok(())
    }
}

fn is_role(role: &str) -> bool {
    (1..=60).contains(&role.len())
}

fn no_role() -> IdentityError {
    IdentityError::invalid("role", "请选择应用声明的角色", "choose a role that the app declares")
}

/// Assigns a role that is not assigned yet.
fn assign(told: &mut Told, txn: &mut Txn, installation: &InstallationName, existing: &Rights, row: &RoleAssignment) {
    if existing.roles.contains(&row.role) {
        return;
    }
    txn.put_as(keys::role(installation, &row.account, &row.role), row);
    told.of(&row.account, &row.assigned_by, "role.assigned", &row.account, format!("{installation}: {}", row.role));
}

fn unassign(told: &mut Told, txn: &mut Txn, installation: &InstallationName, account: &str, role: &str, by: &str) {
    txn.delete(keys::role(installation, account, role));
    told.of(account, by, "role.revoked", account, format!("{installation}: {role}"));
}

async fn withdraw_all(
    txn: &mut Txn,
    installation: &InstallationName,
    account: &str,
    now: Timestamp,
) -> Result<(), IdentityError> {
    for Standing { record: consent, .. } in read(txn, installation, account).await?.consents {
        let key = keys::consent(account, installation, &consent.scope);
        txn.put_as(key, &ConsentRecord { withdrawn_at: Some(now), ..consent });
    }
    Ok(())
}

async fn read(txn: &mut Txn, installation: &InstallationName, account: &str) -> Result<Rights, IdentityError> {
    let roles = txn.scan(&keys::roles(installation, account).children(), Direction::Ascending, usize::MAX).await?;
    let consents =
        txn.scan(&keys::consents(account, installation).children(), Direction::Ascending, usize::MAX).await?;
    let mut standing = Vec::new();
    for (key, _) in consents {
        // Value and version of one moment: a withdrawal in between must not lend its version to a consent.
        let Some(found) = txn.get_versioned(&key).await? else { continue };
        let record: ConsentRecord = from_json(&key, &found.value)?;
        if record.stands() {
            standing.push(Standing { record, row: ReadCheck { key, version: Some(found.version) } });
        }
    }
    let roles = roles.iter().filter_map(|(k, _)| k.last_text()).collect();
    Ok(Rights { roles, consents: standing })
}

//! Accounts: created, looked up, given a new password, disabled.

use crate::attempts::Place;
use crate::error::{IdentityError, SignInError};
use crate::secret::{Password, Token};
use crate::sessions::Start;
use crate::types::{
    Account, AccountKind, Attributes, Device, NewAccount, NewPerson, NewSession, PlatformRole, Session,
};
use crate::{Identity, attributes, detached, keys, members};
use std::sync::Arc;
use tokio::task::JoinSet;
use yunlong_model::Presentation;
use yunlong_store::transact;
use yunlong_store::txn::from_json;
use yunlong_store::{Direction, Txn};

/// What every request of a person needs.
pub(crate) struct Person {
    pub(crate) account: Account,
    pub(crate) preferences: Option<Presentation>,
}

/// Accounts of a bulk creation that share a commit: at most 5 rows each, far under the store's limit.
const BULK: usize = 200;

/// A checked account with its hash, ready to be written.
#[derive(Clone)]
pub(crate) struct Ready {
    pub(crate) account: Account,
    /// `None`: its owner sets the first password, or signs in with an outside provider.
    pub(crate) hash: Option<String>,
    pub(crate) attributes: Attributes,
}

impl Identity {
    /// Creates an account.
    ///
    /// # Errors
    /// [`IdentityError::Invalid`] names the field; [`IdentityError::NameTaken`],
    /// [`IdentityError::ResidentIdTaken`], [`IdentityError::NoSuchOrganization`].
    pub async fn create_account(&self, new: NewAccount) -> Result<(), IdentityError> {
        let ready = self.prepare(new).await?;
        transact!(&self.inner.store, |txn| {
            if txn.get(&keys::account(&ready.account.name)).await?.is_some() {
                return Err(IdentityError::NameTaken(ready.account.name.clone()));
            }
            self.stage(txn, &ready, "-").await
        })
    }

    /// Creates many accounts and leaves out those whose name exists; answers how many were new.
    /// Each has a salt of its own; hashing uses every turn that sign-ins leave free.
    ///
    /// # Errors
    /// As [`Identity::create_account`]; accounts before the one at fault may have been created.
    pub async fn create_accounts(&self, new: Vec<NewAccount>) -> Result<usize, IdentityError> {
        let mut created = 0;
        let mut new = new.into_iter();
        loop {
            let chunk: Vec<_> = new.by_ref().take(BULK).collect();
            if chunk.is_empty() {
                return Ok(created);
            }
            let mut hashing = JoinSet::new();
            for account in chunk {
                if self.inner.store.get(&keys::account(&account.name)).await?.is_none() {
                    let me = self.clone();
                    hashing.spawn(async move { me.prepare(account).await });
                }
            }
            let mut ready = Vec::new();
            while let Some(done) = hashing.join_next().await {
                ready.push(done.map_err(|e| IdentityError::Crypto(e.to_string()))??);
            }
            created += transact!(&self.inner.store, |txn| {
                let mut written = 0;
                for account in &ready {
                    if txn.get(&keys::account(&account.account.name)).await?.is_none() {
                        self.stage(txn, account, "-").await?;
                        written += 1;
                    }
                }
                Ok::<_, IdentityError>(written)
            })?;
        }
    }

    /// The account of this name.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn account(&self, name: &str) -> Result<Option<Account>, IdentityError> {
        Ok(self.person(name).await?.map(|p| p.account.clone()))
    }

    /// At most `limit` accounts behind the name `after`, in the order of names.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn accounts(&self, after: Option<&str>, limit: usize) -> Result<Vec<Account>, IdentityError> {
        let mut range = keys::accounts().children();
        if let Some(after) = after {
            range.start = keys::account(after).next();
        }
        let rows = self.inner.store.scan(&range, Direction::Ascending, limit).await?;
        rows.iter().map(|e| Ok(from_json(&e.key, &e.value)?)).collect()
    }

    /// What the platform knows of a person: for that person's own eyes, never for an app.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn attributes_of(&self, account: &str) -> Result<Attributes, IdentityError> {
        let key = keys::attributes(account);
        match self.inner.store.get(&key).await? {
            Some(found) => attributes::open(&self.inner.secrets, &key, &found.value),
            None => Ok(Attributes::default()),
        }
    }

    /// Sets a new password, unlocks the account and ends its sessions.
    ///
    /// # Errors
    /// [`IdentityError::Invalid`] for a password that is refused, [`IdentityError::NoSuchAccount`].
    pub async fn set_password(&self, account: &str, password: Password, by: &str) -> Result<(), IdentityError> {
        check_password(account, &password)?;
        let hash = self.inner.gate.enter_patiently().await?.hash(password).await?;
        self.change_and_forgive(account, by, "account.password-set", move |txn, account| {
            account.generation += 1;
            txn.put_as(keys::password(&account.name), &hash);
        })
        .await
    }

    /// Changes one's own password: the old one is asked for, and counted when it is wrong. Every
    /// session ends, and the answer is a new one in the place of the one that asks.
    ///
    /// # Errors
    /// [`SignInError::Wrong`] and [`SignInError::LockedUntil`] for the old password,
    /// [`IdentityError::Invalid`] for the new one.
    pub async fn change_password(
        &self,
        session: &Session,
        old: &str,
        new: Password,
        device: Device,
    ) -> Result<NewSession, SignInError> {
        let name = &session.account;
        check_password(name, &new).map_err(|e| e.at("new_password"))?;
        self.prove_password(name, old).await?;
        self.set_password(name, new, name).await?;
        let origin = &session.origin;
        let (me, name, origin, strong_at) = (self.clone(), name.clone(), origin.clone(), session.strong_at);
        detached(async move {
            transact!(&me.inner.store, |txn| {
                let account: Account = txn
                    .get_as(&keys::account(&name))
                    .await?
                    .ok_or_else(|| IdentityError::NoSuchAccount(name.clone()))?;
                let mut start = Start::at(&account, &origin);
                (start.device, start.strong_at) = (device.clone(), strong_at);
                Ok::<_, SignInError>(me.inner.start(txn, &start)?)
            })
        })
        .await
    }

    /// Disables an account, which ends its sessions at once, or enables it again.
    ///
    /// # Errors
    /// [`IdentityError::NoSuchAccount`].
    pub async fn set_disabled(&self, account: &str, disabled: bool, by: &str) -> Result<(), IdentityError> {
        let action = if disabled { "account.disabled" } else { "account.enabled" };
        self.change_account(account, by, action, move |_, account| {
            account.disabled = disabled;
            account.generation += 1;
        })
        .await
    }

    /// Ends a lock before its time.
    ///
    /// # Errors
    /// [`IdentityError::NoSuchAccount`].
    pub async fn unlock(&self, account: &str, by: &str) -> Result<(), IdentityError> {
        self.change_and_forgive(account, by, "account.unlocked", |_, _| {}).await
    }

    /// How the person wants pages to be; `None` when they never said.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn preferences(&self, account: &str) -> Result<Option<Presentation>, IdentityError> {
        Ok(self.person(account).await?.and_then(|p| p.preferences))
    }

    /// Keeps how the person wants pages to be.
    ///
    /// # Errors
    /// [`IdentityError::NoSuchAccount`].
    pub async fn set_preferences(&self, account: &str, preferences: Presentation) -> Result<(), IdentityError> {
        let (me, name) = (self.clone(), account.to_owned());
        detached(async move {
            let done = transact!(&me.inner.store, |txn| {
                if txn.get(&keys::account(&name)).await?.is_none() {
                    return Err(IdentityError::NoSuchAccount(name.clone()));
                }
                txn.put_as(keys::preferences(&name), &preferences);
                Ok(())
            });
            me.inner.people.invalidate(&name);
            done
        })
        .await
    }

    pub(crate) async fn person(&self, name: &str) -> Result<Option<Arc<Person>>, IdentityError> {
        if let Some(person) = self.inner.people.get(name) {
            return Ok(Some(person));
        }
        let epoch = self.inner.people.epoch();
        let key = keys::account(name);
        let Some(found) = self.inner.store.get(&key).await? else { return Ok(None) };
        let account = from_json(&key, &found.value)?;
        let key = keys::preferences(name);
        let preferences = self.inner.store.get(&key).await?.map(|p| from_json(&key, &p.value)).transpose()?;
        let person = Arc::new(Person { account, preferences });
        self.inner.people.insert(epoch, name.to_owned(), person.clone());
        Ok(Some(person))
    }

    pub(crate) async fn change_account(
        &self,
        name: &str,
        by: &str,
        action: &'static str,
        change: impl Fn(&mut Txn, &mut Account) + Send + Sync + 'static,
    ) -> Result<(), IdentityError> {
        self.change(name, by, (action, ""), false, change).await
    }

    /// As [`Identity::change_account`], with more for the audit trail.
    pub(crate) async fn change_account_saying(
        &self,
        name: &str,
        by: &str,
        action: &'static str,
        detail: &'static str,
        change: impl Fn(&mut Txn, &mut Account) + Send + Sync + 'static,
    ) -> Result<(), IdentityError> {
        self.change(name, by, (action, detail), false, change).await
    }

    /// As [`Identity::change_account`], and failed attempts are no longer held against it.
    async fn change_and_forgive(
        &self,
        name: &str,
        by: &str,
        action: &'static str,
        change: impl Fn(&mut Txn, &mut Account) + Send + Sync + 'static,
    ) -> Result<(), IdentityError> {
        self.change(name, by, (action, ""), true, change).await
    }

    async fn change(
        &self,
        name: &str,
        by: &str,
        (action, detail): (&'static str, &'static str),
        forgive: bool,
        change: impl Fn(&mut Txn, &mut Account) + Send + Sync + 'static,
    ) -> Result<(), IdentityError> {
        let (me, name, by) = (self.clone(), name.to_owned(), by.to_owned());
        detached(async move {
            let done = transact!(&me.inner.store, |txn| {
                let key = keys::account(&name);
                let mut account: Account =
                    txn.get_as(&key).await?.ok_or_else(|| IdentityError::NoSuchAccount(name.clone()))?;
                change(txn, &mut account);
                txn.put_as(key, &account);
                if forgive {
                    Place::of_name(&me.inner.secrets, &name).forgive(txn).await?;
                    Place::of_second_factor(&me.inner.secrets, &name).forgive(txn).await?;
                }
                me.inner.audit_of(&name, txn, &by, action, &name, detail).await?;
                Ok::<_, IdentityError>(())
            });
            me.inner.people.invalidate(&name);
            done
        })
        .await
    }

    async fn prepare(&self, new: NewAccount) -> Result<Ready, IdentityError> {
        check_password(&new.name, &new.password)?;
        let NewAccount { name, kind, password, organization, attributes, mut platform_roles } = new;
        platform_roles.sort_unstable();
        platform_roles.dedup();
        check_roles(kind, organization.as_deref(), &platform_roles)?;
        let mut ready = self.check_person(NewPerson { name, kind, organization, attributes }).await?;
        ready.account.platform_roles = platform_roles;
        ready.hash = Some(self.inner.gate.enter_patiently().await?.hash(password).await?);
        Ok(ready)
    }

    /// Checks what is known of a new account but its password.
    pub(crate) async fn check_person(&self, new: NewPerson) -> Result<Ready, IdentityError> {
        check_name(&new.name)?;
        check_roles(new.kind, new.organization.as_deref(), &[])?;
        if let Some(code) = &new.organization
            && self.organization(code).await?.is_none()
        {
            return Err(IdentityError::NoSuchOrganization(code.clone()));
        }
        if let Some(name) = &new.attributes.real_name
            && !(1..=60).contains(&name.trim().chars().count())
        {
            return Err(IdentityError::invalid("real_name", "姓名应为 1 至 60 个字", "a name has 1 to 60 characters"));
        }
        let account = Account {
            name: new.name,
            kind: new.kind,
            organization: new.organization,
            platform_roles: Vec::new(),
            created_at: self.inner.now(),
            disabled: false,
            second_factor: false,
            generation: 0,
        };
        Ok(Ready { account, hash: None, attributes: new.attributes })
    }

    pub(crate) async fn stage(&self, txn: &mut Txn, new: &Ready, by: &str) -> Result<(), IdentityError> {
        let name = &new.account.name;
        if let Some(id) = &new.attributes.resident_id {
            let key = keys::resident_id(&self.inner.secrets.resident_id_tag(id.as_str()));
            if txn.get(&key).await?.is_some() {
                return Err(IdentityError::ResidentIdTaken);
            }
            txn.put_as(key, name);
        }
        txn.put_as(keys::account(name), &new.account);
        members::stage(txn, &new.account);
        if let Some(hash) = &new.hash {
            txn.put_as(keys::password(name), hash);
        }
        attributes::put(&self.inner.secrets, txn, keys::attributes(name), &new.attributes)?;
        self.inner.audit_of(name, txn, by, "account.created", name, "").await?;
        Ok(())
    }
}

/// Whether this can be an account's name. What cannot is not even looked up.
pub(crate) fn is_name(name: &str) -> bool {
    let b = name.as_bytes();
    let sign = |b: &u8| matches!(b, b'.' | b'_' | b'-');
    (3..=40).contains(&b.len())
        && b.iter().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || sign(b))
        && b[0].is_ascii_lowercase()
        && !b.last().is_some_and(sign)
}

fn check_name(name: &str) -> Result<(), IdentityError> {
    if is_name(name) {
        Ok(())
    } else {
        Err(IdentityError::invalid(
            "name",
            "账号名为 3 至 40 位小写字母、数字、“.”“_”“-”，以字母开头，以字母或数字结尾",
            "an account name has 3 to 40 of a-z, 0-9, `.`, `_` and `-`, starts with a letter and ends with a letter or digit",
        ))
    }
}

/// Length is what counts (NIST SP 800-63B, 3.1.1.2): no rules about kinds of characters.
pub(crate) fn check_password(name: &str, password: &Password) -> Result<(), IdentityError> {
    let password = password.as_str();
    if !(8..=256).contains(&password.chars().count()) {
        return Err(IdentityError::invalid(
            "password",
            "密码应为 8 至 256 个字符",
            "a password has 8 to 256 characters",
        ));
    }
    if password.eq_ignore_ascii_case(name) {
        return Err(IdentityError::invalid(
            "password",
            "密码不能与账号名相同",
            "the password cannot be the account name",
        ));
    }
    Ok(())
}

fn check_roles(kind: AccountKind, organization: Option<&str>, roles: &[PlatformRole]) -> Result<(), IdentityError> {
    if kind != AccountKind::Official && !roles.is_empty() {
        return Err(IdentityError::invalid(
            "platform_roles",
            "只有工作人员账号可以有平台角色",
            "only an official's account has platform roles",
        ));
    }
    if roles.len() > 1 {
        return Err(IdentityError::invalid(
            "platform_roles",
            "一个账号只能有一个平台角色",
            "an account holds one platform role at most",
        ));
    }
    if kind != AccountKind::Citizen && organization.is_none() {
        return Err(IdentityError::invalid(
            "organization",
            "请填写所属组织的代码",
            "enter the code of the organization",
        ));
    }
    Ok(())
}

pub(crate) fn random_token() -> Result<Token, IdentityError> {
    Token::random().ok_or_else(|| IdentityError::Crypto("the operating system gave no random bytes".into()))
}

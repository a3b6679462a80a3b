//! Signing in with a password: bounded in number, the same work for everybody, locked after
//! repeated failures.

use crate::attempts::Place;
use crate::error::{IdentityError, SignInError};
use crate::secret::Password;
use crate::sessions::Start;
use crate::types::{Account, Device, NewSession, SessionOrigin};
use crate::{Identity, accounts, detached, keys};
use yunlong_model::Timestamp;
use yunlong_store::Txn;
use yunlong_store::transact;
use yunlong_store::txn::from_json;

/// Longer passwords cannot exist; hashing them would be free work for a stranger.
const LONGEST: usize = 1_024;

/// How an attempt ended. Not a `Result`: a failure must be committed as well.
enum Outcome {
    In(NewSession),
    /// The password was right, and nothing else was asked for.
    Proven,
    Wrong,
    Locked(Timestamp),
    MustEnroll,
}

impl Identity {
    /// Signs somebody in, from nowhere in particular: [`Identity::sign_in_from`].
    ///
    /// # Errors
    /// [`SignInError`].
    pub async fn sign_in(
        &self,
        account: &str,
        password: &str,
        origin: &SessionOrigin,
    ) -> Result<NewSession, SignInError> {
        self.sign_in_from(account, password, origin, Device::default()).await
    }

    /// Signs somebody in. An account with a second factor gets a token that waits for it
    /// ([`Identity::second_step`]).
    ///
    /// The answer takes the same work whether the account exists or not, and failures are counted
    /// and lock in the same way. While a name is locked the password is not looked at, so that
    /// guessing goes no further. Attempts at one name that race each other are counted one by one:
    /// those behind the fifth failure see the lock, even with the right password.
    ///
    /// # Errors
    /// [`SignInError`].
    pub async fn sign_in_from(
        &self,
        account: &str,
        password: &str,
        origin: &SessionOrigin,
        device: Device,
    ) -> Result<NewSession, SignInError> {
        match self.try_password(account.trim(), password, Some((origin.clone(), device))).await? {
            Outcome::In(session) => Ok(session),
            Outcome::Locked(until) => Err(SignInError::LockedUntil(until)),
            Outcome::MustEnroll => Err(SignInError::MustEnroll),
            Outcome::Proven | Outcome::Wrong => Err(SignInError::Wrong),
        }
    }

    /// Checks the password of somebody who is signed in, before what an open session alone must not
    /// do. Failures are counted and lock as in signing in.
    ///
    /// # Errors
    /// [`SignInError`].
    pub async fn prove_password(&self, account: &str, password: &str) -> Result<(), SignInError> {
        match self.try_password(account, password, None).await? {
            Outcome::Proven => Ok(()),
            Outcome::Locked(until) => Err(SignInError::LockedUntil(until)),
            Outcome::In(_) | Outcome::MustEnroll | Outcome::Wrong => Err(SignInError::Wrong),
        }
    }

    /// Whether an account has a password: one that an outside provider opened has none.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn has_password(&self, account: &str) -> Result<bool, IdentityError> {
        Ok(self.stored_hash(account).await?.is_some())
    }

    /// Tries a password; with `wanted`, for a session there.
    async fn try_password(
        &self,
        name: &str,
        password: &str,
        wanted: Option<(SessionOrigin, Device)>,
    ) -> Result<Outcome, SignInError> {
        let attempt = Attempt {
            place: Place::of_name(&self.inner.secrets, name),
            hash: self.stored_hash(name).await?,
            name: name.to_owned(),
            wanted,
        };
        self.refuse_locked(&attempt).await?;
        let turn = self.inner.gate.enter().await?;
        // Others may have failed while this one waited.
        self.refuse_locked(&attempt).await?;
        let possible = password.len() <= LONGEST;
        let hash = attempt.hash.clone().unwrap_or_else(|| self.inner.dummy_hash.clone());
        let matches = turn.verify(Password::from(if possible { password } else { "" }), hash).await? && possible;
        let me = self.clone();
        detached(async move { transact!(&me.inner.store, |txn| { me.settle(txn, &attempt, matches).await }) }).await
    }

    /// Writes how an attempt ended: a session, or one more failure. A name that is no account takes
    /// the same way, so that the time it takes tells nothing; only its row in the audit trail is
    /// left out, since people type passwords into the wrong field.
    async fn settle(&self, txn: &mut Txn, attempt: &Attempt, matches: bool) -> Result<Outcome, SignInError> {
        let (now, name) = (self.inner.now(), attempt.name.as_str());
        if let Some(until) = attempt.place.locked(txn, now).await? {
            return Ok(Outcome::Locked(until));
        }
        let account: Option<Account> =
            if attempt.hash.is_some() { txn.get_as(&keys::account(name)).await? } else { None };
        // A password that was changed while its old hash was being checked is wrong now.
        let current: Option<String> =
            if attempt.hash.is_some() { txn.get_as(&keys::password(name)).await? } else { None };
        if let Some(account) = account.filter(|a| matches && !a.disabled && current == attempt.hash) {
            attempt.place.forgive(txn).await?;
            return match &attempt.wanted {
                Some((origin, device)) => self.let_in(txn, &account, origin, device).await,
                None => Ok(Outcome::Proven),
            };
        }
        let lock = attempt.place.fail(txn, &self.inner).await?;
        if attempt.hash.is_some() {
            let at = attempt.wanted.as_ref().map_or_else(|| "proof".into(), |(origin, _)| origin_text(origin));
            self.inner.audit_of(name, txn, "-", "sign-in.failed", name, &at).await?;
            if let Some(until) = lock {
                self.inner.audit_of(name, txn, "-", "sign-in.locked", name, &until.to_rfc3339()).await?;
            }
        }
        Ok(lock.map_or(Outcome::Wrong, Outcome::Locked))
    }

    async fn let_in(
        &self,
        txn: &mut Txn,
        account: &Account,
        origin: &SessionOrigin,
        device: &Device,
    ) -> Result<Outcome, SignInError> {
        // A program cannot enroll; a browser at the portal can, and may nothing else.
        if self.must_enroll(account) && *origin != SessionOrigin::Portal {
            return Ok(Outcome::MustEnroll);
        }
        let name = &account.name;
        let action = if account.second_factor { "sign-in.password-accepted" } else { "sign-in.succeeded" };
        self.inner.audit_of(name, txn, name, action, name, &origin_text(origin)).await?;
        let mut start = Start::at(account, origin);
        start.device = device.clone();
        start.pending = account.second_factor;
        Ok(Outcome::In(self.inner.start(txn, &start)?))
    }

    async fn stored_hash(&self, name: &str) -> Result<Option<String>, IdentityError> {
        if !accounts::is_name(name) {
            return Ok(None);
        }
        let key = keys::password(name);
        Ok(self.inner.store.get(&key).await?.map(|h| from_json(&key, &h.value)).transpose()?)
    }

    async fn refuse_locked(&self, attempt: &Attempt) -> Result<(), SignInError> {
        match attempt.place.locked_now(&self.inner).await? {
            Some(until) => Err(SignInError::LockedUntil(until)),
            None => Ok(()),
        }
    }
}

/// Somebody tries to sign in.
struct Attempt {
    name: String,
    /// Where failures are counted.
    place: Place,
    /// Where a session is wanted, and from where; `None` when the password alone is to be proven.
    wanted: Option<(SessionOrigin, Device)>,
    /// The hash of the account's password; `None` when the name is no account.
    hash: Option<String>,
}

pub(crate) fn origin_text(origin: &SessionOrigin) -> String {
    match origin {
        SessionOrigin::Portal => "portal".into(),
        SessionOrigin::Console => "console".into(),
        SessionOrigin::Bearer => "bearer".into(),
        SessionOrigin::Installation(name) => name.to_string(),
    }
}

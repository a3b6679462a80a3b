//! Signing in with a password: bounded in number, the same work for everybody, locked after
//! repeated failures.

use crate::error::{IdentityError, SignInError};
use crate::secret::Password;
use crate::sessions::{Start, millis};
use crate::types::{Account, NewSession, SessionOrigin};
use crate::{Identity, IdentityConfig, accounts, detached, keys};
use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use yunlong_model::Timestamp;
use yunlong_store::transact;
use yunlong_store::txn::from_json;
use yunlong_store::{Key, Txn};

/// Rows for the failures of names that are no accounts: a lock must not tell which names exist,
/// nor may strangers fill the store. Of two names that share a row the later one has it.
const UNKNOWN: u64 = 4_096;
/// Longer passwords cannot exist; hashing them would be free work for a stranger.
const LONGEST: usize = 1_024;

/// The failures of one account, or of a name that is none.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Attempts {
    /// SHA-256 of the name, in hexadecimal.
    name: String,
    /// Consecutive failures since the last success or lock.
    failures: u32,
    /// Locks since the last success.
    locks: u32,
    locked_until: Option<Timestamp>,
}

impl Attempts {
    fn locked(&self, now: Timestamp) -> Option<Timestamp> {
        self.locked_until.filter(|until| now < *until)
    }

    /// Counts a failure; answers the end of the lock that it caused.
    fn fail(&mut self, now: Timestamp, config: &IdentityConfig) -> Option<Timestamp> {
        self.failures += 1;
        if self.failures < config.failures_before_lock {
            return None;
        }
        let doubled = millis(config.first_lock).saturating_mul(1_i64 << self.locks.min(30));
        let until = now.plus_millis(doubled.min(millis(config.longest_lock)));
        self.failures = 0;
        self.locks = self.locks.saturating_add(1);
        self.locked_until = Some(until);
        Some(until)
    }
}

/// How an attempt ended. Not a `Result`: a failure must be committed as well.
enum Outcome {
    In(NewSession),
    Wrong,
    Locked(Timestamp),
}

impl Identity {
    /// Signs somebody in.
    ///
    /// The answer takes the same work whether the account exists or not. While an account is
    /// locked the password is not looked at, so that guessing goes no further. Attempts at one
    /// account that race each other are counted one by one: those behind the fifth failure see
    /// the lock, even with the right password.
    ///
    /// # Errors
    /// [`SignInError`].
    pub async fn sign_in(
        &self,
        account: &str,
        password: &str,
        origin: &SessionOrigin,
    ) -> Result<NewSession, SignInError> {
        let attempt = Attempt::new(account.trim(), origin, self.stored_hash(account.trim()).await?);
        self.refuse_locked(&attempt).await?;
        let turn = self.inner.gate.enter().await?;
        // Others may have failed while this one waited.
        self.refuse_locked(&attempt).await?;
        let possible = password.len() <= LONGEST;
        let hash = attempt.hash.clone().unwrap_or_else(|| self.inner.dummy_hash.clone());
        let matches = turn.verify(Password::from(if possible { password } else { "" }), hash).await? && possible;
        let me = self.clone();
        let outcome =
            detached(async move { transact!(&me.inner.store, |txn| { me.settle(txn, &attempt, matches).await }) });
        match outcome.await? {
            Outcome::In(session) => Ok(session),
            Outcome::Wrong => Err(SignInError::Wrong),
            Outcome::Locked(until) => Err(SignInError::LockedUntil(until)),
        }
    }

    /// Writes how an attempt ended: a session, or one more failure. A name that is no account takes
    /// the same way, so that the time it takes tells nothing; only its row in the audit trail is
    /// left out, since people type passwords into the wrong field.
    async fn settle(&self, txn: &mut Txn, attempt: &Attempt, matches: bool) -> Result<Outcome, SignInError> {
        let (now, name) = (self.inner.now(), attempt.name.as_str());
        let stored: Option<Attempts> = txn.get_as(&attempt.key).await?;
        let mut attempts = stored.clone().filter(|a| a.name == attempt.fingerprint).unwrap_or_default();
        if let Some(until) = attempts.locked(now) {
            return Ok(Outcome::Locked(until));
        }
        let account: Option<Account> =
            if attempt.hash.is_some() { txn.get_as(&keys::account(name)).await? } else { None };
        // A password that was changed while its old hash was being checked is wrong now.
        let current: Option<String> =
            if attempt.hash.is_some() { txn.get_as(&keys::password(name)).await? } else { None };
        if let Some(account) = account.filter(|a| matches && !a.disabled && current == attempt.hash) {
            if stored.is_some() {
                txn.delete(attempt.key.clone());
            }
            self.inner.audit(txn, name, "sign-in.succeeded", name, &origin_text(&attempt.origin));
            let start = Start { account: &account, origin: &attempt.origin, parent: None };
            return Ok(Outcome::In(self.inner.start(txn, &start)?));
        }
        attempts.name.clone_from(&attempt.fingerprint);
        let lock = attempts.fail(now, &self.inner.config);
        txn.put_as(attempt.key.clone(), &attempts);
        if attempt.hash.is_some() {
            self.inner.audit(txn, "-", "sign-in.failed", name, &origin_text(&attempt.origin));
            if let Some(until) = lock {
                self.inner.audit(txn, "-", "sign-in.locked", name, &until.to_rfc3339());
            }
        }
        Ok(lock.map_or(Outcome::Wrong, Outcome::Locked))
    }

    async fn stored_hash(&self, name: &str) -> Result<Option<String>, IdentityError> {
        if !accounts::is_name(name) {
            return Ok(None);
        }
        let key = keys::password(name);
        Ok(self.inner.store.get(&key).await?.map(|h| from_json(&key, &h.value)).transpose()?)
    }

    async fn refuse_locked(&self, attempt: &Attempt) -> Result<(), SignInError> {
        let stored = self.inner.store.get(&attempt.key).await?;
        let attempts: Option<Attempts> = stored.map(|a| from_json(&attempt.key, &a.value)).transpose()?;
        match attempts.filter(|a| a.name == attempt.fingerprint).and_then(|a| a.locked(self.inner.now())) {
            Some(until) => Err(SignInError::LockedUntil(until)),
            None => Ok(()),
        }
    }
}

/// Somebody tries to sign in.
struct Attempt {
    name: String,
    fingerprint: String,
    origin: SessionOrigin,
    /// The hash of the account's password; `None` when the name is no account.
    hash: Option<String>,
    /// Where failures are counted.
    key: Key,
}

impl Attempt {
    fn new(name: &str, origin: &SessionOrigin, hash: Option<String>) -> Self {
        let digest: [u8; 32] = Sha256::digest(name.as_bytes()).into();
        let bucket = digest.iter().take(8).fold(0_u64, |n, b| n << 8 | u64::from(*b)) % UNKNOWN;
        let key = if hash.is_some() { keys::attempts(name) } else { keys::unknown_attempts(bucket) };
        Self { name: name.to_owned(), fingerprint: HEXLOWER.encode(&digest), origin: origin.clone(), hash, key }
    }
}

fn origin_text(origin: &SessionOrigin) -> String {
    match origin {
        SessionOrigin::Portal => "portal".into(),
        SessionOrigin::Console => "console".into(),
        SessionOrigin::Bearer => "bearer".into(),
        SessionOrigin::Installation(name) => name.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: i64 = 60_000;

    #[test]
    fn the_fifth_failure_locks_and_each_lock_lasts_twice_as_long() {
        let config = IdentityConfig::default();
        let mut a = Attempts::default();
        let mut now = Timestamp(0);
        for minutes in [15, 30, 60, 120, 240, 480, 960, 1440, 1440] {
            for _ in 0..4 {
                assert_eq!(a.fail(now, &config), None);
            }
            let until = now.plus_millis(minutes * MINUTE);
            assert_eq!(a.fail(now, &config), Some(until));
            assert_eq!(a.locked(until.plus_millis(-1)), Some(until));
            assert_eq!(a.locked(until), None);
            now = until;
        }
    }
}

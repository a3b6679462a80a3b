//! Accounts and rights of a registry that runs by itself: a table.

use super::{Access, Account, Action, SignInError};
use crate::name::RepositoryName;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};
use argon2::{Argon2, Params};
use async_trait::async_trait;
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;
use tokio::sync::Semaphore;

/// An account: a password, and the owners (first component of a repository's name) that it may
/// work with.
#[derive(Clone, Debug)]
pub struct AccountEntry {
    /// The Argon2id hash in PHC format.
    pub password_hash: String,
    /// Where it may push, pull and delete.
    pub owns: Vec<String>,
    /// Where it may pull.
    pub reads: Vec<String>,
}

/// A fixed table of accounts, and the owners whose repositories are public.
#[derive(Debug)]
pub struct AccessTable {
    accounts: BTreeMap<String, AccountEntry>,
    public: Vec<String>,
    /// Verified against when the account does not exist, so that the time does not tell.
    decoy: String,
    /// A hash takes 19 MiB and some tens of milliseconds: few at once.
    places: Arc<Semaphore>,
}

impl AccessTable {
    /// A table. Nothing is public but the owners that are named.
    ///
    /// # Errors
    /// The name of an account whose hash is none.
    pub fn new(accounts: BTreeMap<String, AccountEntry>, public: Vec<String>) -> Result<Self, String> {
        for (name, entry) in &accounts {
            PasswordHash::new(&entry.password_hash).map_err(|e| format!("the password hash of `{name}`: {e}"))?;
        }
        Ok(Self {
            accounts,
            public,
            decoy: Self::hash("no account has this password")?,
            places: Arc::new(Semaphore::new(2)),
        })
    }

    /// Hashes a password for an [`AccountEntry`] with Argon2id at OWASP's smallest parameters.
    ///
    /// # Errors
    /// When it cannot be hashed.
    pub fn hash(password: &str) -> Result<String, String> {
        let argon2 = Argon2::new(argon2::Algorithm::Argon2id, argon2::Version::V0x13, Params::default());
        Ok(argon2.hash_password(password.as_bytes()).map_err(|e| e.to_string())?.to_string())
    }
}

fn names(list: &[String], owner: &str) -> bool {
    list.iter().any(|o| o == owner)
}

#[async_trait]
impl Access for AccessTable {
    async fn sign_in(&self, user: &str, password: &str, _client: Option<IpAddr>) -> Result<Account, SignInError> {
        let unavailable = |e: String| SignInError::Unavailable(e);
        let place = self.places.clone().acquire_owned().await.map_err(|e| unavailable(e.to_string()))?;
        let entry = self.accounts.get(user);
        let hash = entry.map_or_else(|| self.decoy.clone(), |e| e.password_hash.clone());
        let password = zeroize::Zeroizing::new(password.to_owned());
        let right = tokio::task::spawn_blocking(move || {
            // Held to the end, also when nobody waits for the answer any more.
            let _place = place;
            PasswordHash::new(&hash).is_ok_and(|h| Argon2::default().verify_password(password.as_bytes(), &h).is_ok())
        });
        match (right.await.map_err(|e| unavailable(e.to_string()))?, entry) {
            (true, Some(_)) => Ok(Account { name: user.to_owned() }),
            _ => Err(SignInError::Wrong),
        }
    }

    async fn may(&self, who: Option<&Account>, repository: &RepositoryName, action: Action) -> bool {
        let owner = repository.owner();
        if action == Action::Pull && names(&self.public, owner) {
            return true;
        }
        let Some(entry) = who.and_then(|a| self.accounts.get(&a.name)) else { return false };
        names(&entry.owns, owner) || (action == Action::Pull && names(&entry.reads, owner))
    }
}

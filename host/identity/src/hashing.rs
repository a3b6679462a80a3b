//! Password hashing, bounded: never more than a few hashes at once, never an endless queue.

use crate::config::{Argon2Params, IdentityConfig};
use crate::error::{IdentityError, SignInError};
use crate::secret::Password;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};
use argon2::{Algorithm, Argon2, Params, Version};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// What hashes passwords. Blocking: the service calls it where blocking is allowed.
pub trait Hasher: Send + Sync + 'static {
    /// The hash, with its own salt and costs, as a PHC string.
    ///
    /// # Errors
    /// In words, when the machine cannot.
    fn hash(&self, password: &str) -> Result<String, String>;

    /// Whether this is the password of the hash.
    fn verify(&self, password: &str, hash: &str) -> bool;
}

/// Argon2id version 1.3 (RFC 9106).
#[derive(Debug)]
pub struct Argon2Hasher(Argon2<'static>);

impl Argon2Hasher {
    /// A hasher with these costs.
    ///
    /// # Errors
    /// When Argon2 does not allow them.
    pub fn new(params: Argon2Params) -> Result<Self, IdentityError> {
        let params = Params::new(params.memory_kib, params.passes, params.lanes, None)
            .map_err(|e| IdentityError::Crypto(e.to_string()))?;
        Ok(Self(Argon2::new(Algorithm::Argon2id, Version::V0x13, params)))
    }
}

impl Hasher for Argon2Hasher {
    fn hash(&self, password: &str) -> Result<String, String> {
        self.0.hash_password(password.as_bytes()).map(|h| h.to_string()).map_err(|e| e.to_string())
    }

    fn verify(&self, password: &str, hash: &str) -> bool {
        PasswordHash::new(hash).is_ok_and(|hash| self.0.verify_password(password.as_bytes(), &hash).is_ok())
    }
}

/// What a caller who finds the queue full is told to wait.
const RETRY_AFTER: Duration = Duration::from_secs(5);

/// Lets a few hash at once and some wait.
pub(crate) struct Gate {
    hasher: Arc<dyn Hasher>,
    /// Those who hash and those who wait.
    seats: Arc<Semaphore>,
    /// Those who hash.
    turns: Arc<Semaphore>,
    wait: Duration,
}

/// The right to compute one hash.
pub(crate) struct Turn {
    hasher: Arc<dyn Hasher>,
    seat: Option<OwnedSemaphorePermit>,
    turn: OwnedSemaphorePermit,
}

impl Gate {
    pub(crate) fn new(hasher: Arc<dyn Hasher>, config: &IdentityConfig) -> Self {
        let turns = config.concurrent_hashes.max(1);
        let seats = turns.saturating_add(config.queued_hashes).min(Semaphore::MAX_PERMITS);
        Self {
            hasher,
            seats: Arc::new(Semaphore::new(seats)),
            turns: Arc::new(Semaphore::new(turns)),
            wait: config.hash_wait,
        }
    }

    /// Waits for a turn.
    ///
    /// # Errors
    /// [`SignInError::Busy`] when too many wait already, or the wait is too long.
    pub(crate) async fn enter(&self) -> Result<Turn, SignInError> {
        let busy = || SignInError::Busy { retry_after: RETRY_AFTER };
        let seat = self.seats.clone().try_acquire_owned().map_err(|_| busy())?;
        let turn = tokio::time::timeout(self.wait, self.turns.clone().acquire_owned()).await;
        match turn {
            Ok(Ok(turn)) => Ok(Turn { hasher: self.hasher.clone(), seat: Some(seat), turn }),
            _ => Err(busy()),
        }
    }

    /// Waits for a turn as long as it takes: for an administrator's work, not for visitors.
    pub(crate) async fn enter_patiently(&self) -> Result<Turn, IdentityError> {
        let turn = self.turns.clone().acquire_owned().await.map_err(|e| IdentityError::Crypto(e.to_string()))?;
        Ok(Turn { hasher: self.hasher.clone(), seat: None, turn })
    }
}

impl Turn {
    pub(crate) async fn hash(self, password: Password) -> Result<String, IdentityError> {
        self.run(move |hasher| hasher.hash(password.as_str())).await?.map_err(IdentityError::Crypto)
    }

    pub(crate) async fn verify(self, password: Password, hash: String) -> Result<bool, IdentityError> {
        self.run(move |hasher| hasher.verify(password.as_str(), &hash)).await
    }

    /// The permits travel into the blocking task: when the caller goes away, the hash still runs,
    /// and must still count.
    async fn run<T: Send + 'static>(
        self,
        f: impl FnOnce(&dyn Hasher) -> T + Send + 'static,
    ) -> Result<T, IdentityError> {
        let Self { hasher, seat, turn } = self;
        tokio::task::spawn_blocking(move || {
            let answer = f(&*hasher);
            drop((turn, seat));
            answer
        })
        .await
        .map_err(|e| IdentityError::Crypto(e.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_are_argon2id_with_the_costs_asked_for_and_a_salt_each() {
        let h = Argon2Hasher::new(Argon2Params { memory_kib: 256, passes: 1, lanes: 1 }).unwrap();
        let (a, b) = (h.hash("correct horse").unwrap(), h.hash("correct horse").unwrap());
        assert!(a.starts_with("$argon2id$v=19$m=256,t=1,p=1$"), "{a}");
        assert_ne!(a, b);
        assert!(h.verify("correct horse", &a) && h.verify("correct horse", &b));
        assert!(!h.verify("correct horsf", &a) && !h.verify("correct horse", "no hash"));
    }

    #[test]
    fn a_hash_is_checked_with_the_costs_it_was_made_with() {
        let cheap = Argon2Hasher::new(Argon2Params { memory_kib: 256, passes: 1, lanes: 1 }).unwrap();
        let dear = Argon2Hasher::new(Argon2Params { memory_kib: 512, passes: 2, lanes: 1 }).unwrap();
        assert!(dear.verify("pass phrase", &cheap.hash("pass phrase").unwrap()));
    }

    #[test]
    fn impossible_costs_are_refused() {
        assert!(Argon2Hasher::new(Argon2Params { memory_kib: 1, passes: 0, lanes: 0 }).is_err());
    }
}

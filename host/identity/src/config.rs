//! What an operator can set.

use crate::policy::SecurityPolicy;
use std::time::Duration;

/// Costs of Argon2id (RFC 9106).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Argon2Params {
    /// Memory in KiB.
    pub memory_kib: u32,
    /// Passes over the memory.
    pub passes: u32,
    /// Lanes.
    pub lanes: u32,
}

impl Default for Argon2Params {
    /// The first choice of OWASP's password storage cheat sheet: 19 MiB, 2 passes, 1 lane.
    fn default() -> Self {
        Self { memory_kib: 19_456, passes: 2, lanes: 1 }
    }
}

/// Whose passkeys they are: the portal, as browsers see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RelyingParty {
    /// The portal's host name.
    pub domain: String,
    /// The portal's origin, such as `https://city.example`.
    pub origin: String,
}

/// How the service behaves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdentityConfig {
    /// Costs of a new password hash. An old hash is checked with the costs it was made with.
    pub argon2: Argon2Params,
    /// Password hashes computed at the same time. Memory for hashing is at most this times
    /// [`Argon2Params::memory_kib`].
    pub concurrent_hashes: usize,
    /// Sign-ins that may wait for their turn; the next one is told to come back later.
    pub queued_hashes: usize,
    /// How long a sign-in waits for its turn before it is told to come back later.
    pub hash_wait: Duration,
    /// Consecutive failures that lock an account.
    pub failures_before_lock: u32,
    /// How long the first lock lasts; each further one lasts twice as long as the one before.
    pub first_lock: Duration,
    /// No lock lasts longer.
    pub longest_lock: Duration,
    /// A session ends after this time, used or not.
    pub session_lifetime: Duration,
    /// A session of a browser ends when it was not used for this time.
    pub session_idle: Duration,
    /// A one-time code for sign-on must be redeemed within this time.
    pub code_lifetime: Duration,
    /// Entries of each cache (sessions, people, rights).
    pub cache_entries: usize,
    /// For whom passkeys are made; `None`: none are.
    pub relying_party: Option<RelyingParty>,
    /// The policy that holds until the security administrator sets one.
    pub policy: SecurityPolicy,
}

impl Default for IdentityConfig {
    fn default() -> Self {
        Self {
            argon2: Argon2Params::default(),
            // 4 × 19 MiB: hashing never takes more than 80 MiB, and two cores are kept busy.
            concurrent_hashes: 4,
            queued_hashes: 1_000,
            // 1,000 waiting at about 20 ms each on two cores are served in 10 s.
            hash_wait: Duration::from_secs(20),
            failures_before_lock: 5,
            first_lock: Duration::from_secs(15 * 60),
            longest_lock: Duration::from_secs(24 * 3600),
            session_lifetime: Duration::from_secs(12 * 3600),
            session_idle: Duration::from_secs(2 * 3600),
            code_lifetime: Duration::from_secs(60),
            cache_entries: 20_000,
            relying_party: None,
            policy: SecurityPolicy::default(),
        }
    }
}

impl IdentityConfig {
    /// For a demonstration that seeds hundreds of accounts whose one password is public anyway:
    /// still Argon2id with a salt of its own for each account, at the lowest useful cost. Its
    /// administrators need no second factor: whoever looks at it should not have to enroll one.
    #[must_use]
    pub fn demo() -> Self {
        Self {
            argon2: Argon2Params { memory_kib: 1_024, passes: 1, lanes: 1 },
            policy: SecurityPolicy { administrators_need_second_factor: false, ..SecurityPolicy::default() },
            ..Self::default()
        }
    }
}

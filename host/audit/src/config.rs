//! How an audit is opened.

use std::time::Duration;
use yunlong_store::Key;
use zeroize::Zeroizing;

/// The trail of another service, whose rows become leaves where they stand.
///
/// Its rows are JSON of [`yunlong_store::trail::AuditRow`], appended under `prefix` in the commit of
/// what they tell. A trail that is given for the first time to a log that has leaves already is
/// covered from then on, not backwards.
#[derive(Clone, Debug)]
pub struct Trail {
    /// The name in the leaves: lower-case letters, digits and dashes.
    pub name: String,
    /// Where its rows stand.
    pub prefix: Key,
}

/// A witness that cosigns checkpoints.
#[derive(Clone, Debug)]
pub struct Witness {
    /// The submission prefix of C2SP tlog-witness, such as `https://witness.example`.
    pub url: String,
    /// Its verifier key, of the signature type 0x04.
    pub vkey: String,
}

/// How an audit is opened.
#[derive(Debug)]
pub struct AuditConfig {
    /// The log's name in its checkpoints, such as `city.example/320300/audit`.
    pub origin: String,
    /// The Ed25519 key that signs checkpoints. The salts of trails derive from it, too.
    pub signing_key: Zeroizing<[u8; 32]>,
    /// Trails of other services.
    pub trails: Vec<Trail>,
    /// How many days payloads are kept. Leaves are kept for ever.
    pub retention_days: u32,
    /// Who cosigns.
    pub witnesses: Vec<Witness>,
    /// The least time between two checkpoints.
    pub checkpoint_every: Duration,
    /// The least time between two offers to the witnesses.
    pub offer_every: Duration,
}

impl AuditConfig {
    /// Three years, two checkpoints a second, no witness.
    #[must_use]
    pub fn new(origin: impl Into<String>, signing_key: Zeroizing<[u8; 32]>) -> Self {
        Self {
            origin: origin.into(),
            signing_key,
            trails: Vec::new(),
            retention_days: 1_096,
            witnesses: Vec::new(),
            checkpoint_every: Duration::from_millis(500),
            offer_every: Duration::from_secs(5),
        }
    }
}

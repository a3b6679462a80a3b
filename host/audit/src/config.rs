//! How an audit is opened.

use std::path::PathBuf;
use std::time::Duration;
use zeroize::Zeroizing;

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
    /// The Ed25519 key that signs checkpoints. The keyed hashes of rows derive from it, too.
    pub signing_key: Zeroizing<[u8; 32]>,
    /// How many days payloads are kept. Leaves are kept for ever. That it was changed is an entry.
    pub retention_days: u32,
    /// Who cosigns.
    pub witnesses: Vec<Witness>,
    /// The least time between two checkpoints.
    pub checkpoint_every: Duration,
    /// The least time between two offers to the witnesses.
    pub offer_every: Duration,
    /// How many entries may wait for their leaves, and how long, before reads of personal data stop.
    pub most_waiting: u64,
    /// See `most_waiting`.
    pub longest_wait: Duration,
    /// Where an export is gathered before it is handed out; the machine's folder for temporary files
    /// when it is `None`.
    pub spool: Option<PathBuf>,
    /// The most bytes of an export that is gathered.
    pub spool_bytes: u64,
}

impl AuditConfig {
    /// Three years, two checkpoints a second, no witness; reads stop when a minute's entries, or
    /// 500,000, have no leaves.
    #[must_use]
    pub fn new(origin: impl Into<String>, signing_key: Zeroizing<[u8; 32]>) -> Self {
        Self {
            origin: origin.into(),
            signing_key,
            retention_days: 1_096,
            witnesses: Vec::new(),
            checkpoint_every: Duration::from_millis(500),
            offer_every: Duration::from_secs(5),
            most_waiting: 500_000,
            longest_wait: Duration::from_secs(60),
            spool: None,
            spool_bytes: 64 << 30,
        }
    }
}

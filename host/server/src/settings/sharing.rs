//! The log that proves itself, and shared data.

use super::Settings;
use schemars::JsonSchema;
use serde::Deserialize;
use std::path::PathBuf;
use std::time::Duration;
use yunlong_audit::AuditConfig;
use yunlong_hub::HubConfig;
use yunlong_identity::Secrets;
use zeroize::Zeroizing;

/// The audit log: every read of personal data, grant, consent, installation and act of an administrator.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Audit {
    /// The log's name in its checkpoints, best a name below the city's own domain. Set it before the first
    /// start and leave it: who keeps checkpoints knows the log by it.
    #[schemars(regex(pattern = "^[a-z0-9][a-z0-9./-]{2,100}$"))]
    pub(crate) name: String,
    /// How many days what entries tell is kept; three years by default. Their hashes are kept for ever.
    /// The law asks for six months of network logs at least, and for three years of records of providing
    /// personal data.
    #[schemars(range(min = 183, max = 36_500))]
    pub(crate) retention_days: u32,
    /// The least time between two signed checkpoints, in milliseconds.
    #[schemars(range(min = 50, max = 60_000))]
    pub(crate) checkpoint_millis: u64,
    /// The least time between two offers to the witnesses, in seconds.
    #[schemars(range(min = 1, max = 86_400))]
    pub(crate) offer_seconds: u64,
    /// How long entries may wait for their leaves, in seconds, before reads of personal data stop: what
    /// cannot be logged is not answered.
    #[schemars(range(min = 5, max = 3_600))]
    pub(crate) longest_wait_seconds: u64,
    /// The largest export of the log, in GiB. It is gathered in the data folder before it is handed out.
    #[schemars(range(min = 1, max = 65_536))]
    pub(crate) export_gib: u64,
}

impl Default for Audit {
    fn default() -> Self {
        let d = AuditConfig::new("", Zeroizing::new([0; 32]));
        Self {
            name: "yunlong.local/audit".into(),
            retention_days: d.retention_days,
            checkpoint_millis: d.checkpoint_every.as_secs() * 1_000 + u64::from(d.checkpoint_every.subsec_millis()),
            offer_seconds: d.offer_every.as_secs(),
            longest_wait_seconds: d.longest_wait.as_secs(),
            export_gib: d.spool_bytes >> 30,
        }
    }
}

/// A witness that cosigns the log's checkpoints (`yunlong-witness`, run elsewhere by somebody else).
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Witness {
    /// Its address (C2SP tlog-witness), such as `https://witness.example`.
    pub(crate) url: String,
    /// Its verifier key, as `yunlong-witness keygen` prints it.
    pub(crate) key: String,
}

/// Shared data: the deadlines of whoever decides. Working days are Monday to Friday.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Hub {
    /// Working days until a request for data is to be accepted.
    #[schemars(range(min = 1, max = 250))]
    pub(crate) acceptance_working_days: u32,
    /// Working days until a request for data is to be decided.
    #[schemars(range(min = 1, max = 250))]
    pub(crate) decision_working_days: u32,
    /// Working days until a correction is to be answered.
    #[schemars(range(min = 1, max = 250))]
    pub(crate) correction_working_days: u32,
}

impl Default for Hub {
    fn default() -> Self {
        let d = HubConfig::new(Zeroizing::new([0; 32]));
        Self {
            acceptance_working_days: d.acceptance_working_days,
            decision_working_days: d.decision_working_days,
            correction_working_days: d.correction_working_days,
        }
    }
}

impl Settings {
    pub(crate) fn audit(&self, secrets: &Secrets, spool: PathBuf) -> AuditConfig {
        let a = &self.audit;
        let key = Zeroizing::new(secrets.derive("audit-log", &[]));
        AuditConfig {
            retention_days: a.retention_days,
            witnesses: self
                .witness
                .iter()
                .map(|w| yunlong_audit::Witness { url: w.url.clone(), vkey: w.key.clone() })
                .collect(),
            checkpoint_every: Duration::from_millis(a.checkpoint_millis),
            offer_every: Duration::from_secs(a.offer_seconds),
            longest_wait: Duration::from_secs(a.longest_wait_seconds),
            spool: Some(spool),
            spool_bytes: a.export_gib << 30,
            ..AuditConfig::new(&a.name, key)
        }
    }

    pub(crate) fn hub(&self, secrets: &Secrets) -> HubConfig {
        let h = &self.hub;
        HubConfig {
            acceptance_working_days: h.acceptance_working_days,
            decision_working_days: h.decision_working_days,
            correction_working_days: h.correction_working_days,
            ..HubConfig::new(Zeroizing::new(secrets.derive("hub", &[])))
        }
    }
}

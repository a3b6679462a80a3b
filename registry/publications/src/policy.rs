//! What the city asks of a package, as numbers and choices that an operator can read and change.

use crate::advisories::Severity;
use crate::checks::ProbeKind;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use yunlong_registry::Algorithm;

/// The city's rules for publications.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Policy {
    /// With which kinds of keys vendors may sign. A city that is bound to the national algorithms allows
    /// SM2 with SM3 alone; by default it is not among them.
    pub algorithms: Vec<Algorithm>,
    /// A component of more bytes is refused.
    pub max_component: u64,
    /// A component of more bytes is remarked: it is slow to pull, to compile and to start.
    pub warn_component: u64,
    /// Assets of more bytes together are remarked.
    pub warn_assets: u64,
    /// Whether a package without a list of what it is made of is refused, or only remarked.
    pub require_sbom: bool,
    /// Whether a package that does not say how it was built is refused, or only remarked.
    pub require_provenance: bool,
    /// The severity from which a known vulnerability refuses a package. One of unknown severity counts as
    /// the highest.
    pub refuse_vulnerable_from: Severity,
    /// After so many days the imported advisories are remarked as old.
    pub advisories_days: u32,
    /// Probes without which a package does not pass.
    pub probes: BTreeSet<ProbeKind>,
    /// How old the log's last word about all versions may be before it is said again, in milliseconds.
    pub attest_every_ms: i64,
}

impl Default for Policy {
    fn default() -> Self {
        const MIB: u64 = 1024 * 1024;
        Self {
            algorithms: vec![Algorithm::Ed25519, Algorithm::EcdsaP256],
            // What `yunlong_registry::Limits` reads at most; components of interpreted languages carry their
            // interpreter, some 20 MiB.
            max_component: 64 * MIB,
            warn_component: 32 * MIB,
            warn_assets: 16 * MIB,
            require_sbom: true,
            require_provenance: false,
            refuse_vulnerable_from: Severity::High,
            // RustSec publishes several times a week.
            advisories_days: 30,
            probes: ProbeKind::ALL.into_iter().collect(),
            attest_every_ms: 3_600_000,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_is_read_field_by_field_and_unknown_ones_are_refused() {
        let policy: Policy = serde_json::from_str(r#"{"algorithms":["sm2-sm3"],"require_sbom":false}"#).unwrap();
        assert_eq!((policy.algorithms, policy.require_sbom), (vec![Algorithm::Sm2Sm3], false));
        assert!(serde_json::from_str::<Policy>(r#"{"colour":1}"#).is_err());
    }
}

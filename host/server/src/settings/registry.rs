//! The registry: where it listens, and what the city asks of a package.

use schemars::JsonSchema;
use serde::Deserialize;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;
use yunlong_publications::Policy;
use yunlong_publications::checks::ProbeKind;

/// The registry of apps: an OCI registry with a port of its own, since its clients know only host and port.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Registry {
    /// Its listener's address.
    pub(crate) address: IpAddr,
    /// Its listener's port; without one nobody pushes or pulls from outside, and packages come in at the
    /// console. `--registry-port`.
    #[schemars(range(min = 1))]
    pub(crate) port: Option<u16>,
    /// The address that clients see, behind a proxy that ends TLS, such as `https://registry.city.example`: without a
    /// path. By default http, localhost and the port.
    pub(crate) origin: Option<String>,
    /// Keep the bytes of packages and of apps' files in this bucket (S3, and what speaks its protocol) in place of the data folder.
    pub(crate) s3_bucket: Option<String>,
    /// The bucket's region; servers of one's own often say `us-east-1`.
    pub(crate) s3_region: String,
    /// Scheme, host and port of a server that is not AWS's; without TLS only where it says `http:`.
    pub(crate) s3_endpoint: Option<String>,
    /// What stands before all names in the bucket, such as `city`.
    pub(crate) s3_prefix: Option<String>,
    /// The file of the access key: its id on the first line, the key on the second; readable by the server's
    /// user only. Without one, AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY of the environment.
    pub(crate) s3_credentials: Option<PathBuf>,
    /// For `yunlong registry` alone, which has no accounts of a city: a file of accounts, a line each, of NAME,
    /// HASH (`yunlong registry --hash`) and OWNER[,OWNER…], the first components of the repositories that the
    /// account may work with.
    pub(crate) accounts: Option<PathBuf>,
    /// For `yunlong registry` alone: owners whose repositories anybody may pull.
    pub(crate) public: Vec<String>,
    /// What one vendor may keep, in GiB.
    #[schemars(range(min = 1, max = 65_536))]
    pub(crate) quota_gib: u64,
    /// Refuse a package that does not list what it is made of (CycloneDX), instead of remarking it.
    pub(crate) require_sbom: bool,
    /// Refuse a package that does not say how it was built (SLSA provenance), instead of remarking it.
    pub(crate) require_provenance: bool,
    /// Refuse a package whose probes for loops, memory and oversize answers, and whose scenarios, did not run to their
    /// end for a reason of the platform's, instead of remarking it. What they find counts in any case.
    pub(crate) require_probes: bool,
    /// How long the scenarios of a package are played again with faults, in seconds: a host call is cut off or answers
    /// an error, once for each of them. With 0 they are played without.
    #[schemars(range(max = 3_600))]
    pub(crate) fault_seconds: u64,
}

impl Default for Registry {
    fn default() -> Self {
        let policy = Policy::default();
        Self {
            address: IpAddr::V4(Ipv4Addr::LOCALHOST),
            port: None,
            origin: None,
            s3_bucket: None,
            s3_region: "us-east-1".to_owned(),
            s3_endpoint: None,
            s3_prefix: None,
            s3_credentials: None,
            accounts: None,
            public: Vec::new(),
            quota_gib: 20,
            // Toolchains of other languages do not list it by themselves yet.
            require_sbom: false,
            require_provenance: policy.require_provenance,
            require_probes: true,
            fault_seconds: 120,
        }
    }
}

impl Registry {
    /// Where it listens, if it does.
    pub(crate) fn listener(&self) -> Option<SocketAddr> {
        Some(SocketAddr::new(self.address, self.port?))
    }

    /// Where clients reach it.
    pub(crate) fn url(&self) -> String {
        let own = || format!("http://localhost:{}", self.port.unwrap_or(5000));
        self.origin.clone().unwrap_or_else(own)
    }

    /// The bucket, if the bytes are in one.
    pub(crate) fn bucket(&self) -> Option<&str> {
        self.s3_bucket.as_deref()
    }

    pub(crate) fn quota_bytes(&self) -> u64 {
        self.quota_gib << 30
    }

    pub(crate) fn faults(&self) -> Duration {
        Duration::from_secs(self.fault_seconds)
    }

    /// What the city asks of a package.
    pub(crate) fn policy(&self) -> Policy {
        let behaviour = |kind: &ProbeKind| *kind != ProbeKind::SeparateConsent;
        let probes = ProbeKind::ALL.into_iter().filter(|kind| self.require_probes || !behaviour(kind)).collect();
        Policy {
            require_sbom: self.require_sbom,
            require_provenance: self.require_provenance,
            probes,
            ..Policy::default()
        }
    }
}

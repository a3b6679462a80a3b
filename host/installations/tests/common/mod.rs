//! What the tests of installations begin with: a store in memory, and an app of several versions.
#![allow(dead_code, unreachable_pub, clippy::unwrap_used, reason = "each test file uses a part; a test may panic")]

use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;
use yunlong_audit::{Audit, AuditConfig};
use yunlong_installations::{Capability, Installation, InstallationError, Installations, New, Status, Switch, Upgrade};
use yunlong_model::clock::ManualClock;
use yunlong_model::{Digest, InstallationName, Manifest, Timestamp};
use yunlong_sealing::{DataKey, Keyring};
use yunlong_store::SharedStore;
use yunlong_store::memory::MemoryStore;
use zeroize::Zeroizing;

pub fn manifest(version: &str, extra: &str) -> Manifest {
    Manifest::parse(&format!(
        r#"
        name = "tickets"
        version = "{version}"
        vendor = "v"
        title = {{ zh = "票", en = "Tickets" }}
        description = {{ zh = "票", en = "Tickets" }}
        {extra}
        [[roles]]
        name = "gate"
        title = {{ zh = "检票", en = "Gate" }}
        [[collections]]
        name = "orders"
        [config]
        type = "object"
        [config.properties.fee]
        type = "integer"
        default = 600
        "#
    ))
    .unwrap()
}

pub fn name(s: &str) -> InstallationName {
    s.parse().unwrap()
}

pub fn new(installation: &str, manifest: Manifest) -> New {
    New {
        name: name(installation),
        organization: "320300".into(),
        organization_name: "徐州市".into(),
        package_digest: Digest::of(manifest.version.to_string().as_bytes()),
        signer: "key-1".into(),
        grants: Capability::of_manifest(&manifest),
        manifest: Arc::new(manifest),
        config: BTreeMap::new(),
        by: "city-admin".into(),
    }
}

pub fn upgrade(manifest: Manifest, grants: &[Capability]) -> Upgrade {
    Upgrade {
        package_digest: Digest::of(manifest.version.to_string().as_bytes()),
        signer: "key-1".into(),
        grants: grants.to_vec(),
        manifest: Arc::new(manifest),
        by: "city-admin".into(),
    }
}

/// Gives a release charge, and ends its trial.
pub async fn take(
    installations: &Installations,
    of: &str,
    to: Upgrade,
) -> Result<Arc<Installation>, InstallationError> {
    installations.take_charge(&name(of), to, SWITCH).await?;
    installations.settle(&name(of)).await
}

pub const SWITCH: Switch =
    Switch { hold: false, until: Timestamp(1_790_000_600_000), total: 0, errors: 0, slowest_ms: 0 };

pub async fn open(store: &SharedStore) -> Installations {
    let clock = Arc::new(ManualClock::new(Timestamp(1_790_000_000_000)));
    let config = AuditConfig::new("city.example/audit", Zeroizing::new([5; 32]));
    let keys = Arc::new(Keyring::new(DataKey::derived(&Zeroizing::new([3; 32])), Vec::new()));
    let audit = Audit::open(store.clone(), clock.clone(), keys, config).await.unwrap();
    Installations::open(store.clone(), clock, audit).await.unwrap()
}

pub async fn fresh() -> (SharedStore, Installations) {
    let store: SharedStore = Arc::new(MemoryStore::new());
    let installations = open(&store).await;
    (store, installations)
}

/// Installed and started.
pub async fn running(installations: &Installations, new: New) -> Arc<Installation> {
    let installed = installations.install(new).await.unwrap();
    assert_eq!(installed.status, Status::Installing);
    installations.set_status(&installed.name, Status::Running, "city-admin").await.unwrap()
}

pub fn values(v: Value) -> BTreeMap<String, Value> {
    serde_json::from_value(v).unwrap()
}

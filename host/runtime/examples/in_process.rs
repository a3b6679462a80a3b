//! What one request costs in process, without HTTP around it:
//! `cargo run --release -p yunlong-runtime --example in_process -- guest.wasm [path]`.
//!
//! Build the compiling child first: `cargo build --release -p yunlong-runtime`.

#![allow(clippy::unwrap_used, reason = "a helper that panics fails its test")]

use bytes::Bytes;
use http_body_util::Full;
use std::sync::Arc;
use std::time::Instant;
use yunlong_audit::{Audit, AuditConfig};
use yunlong_files::Files;
use yunlong_hub::{Hub, HubConfig, HubServices};
use yunlong_identity::{Identity, IdentityConfig, Secrets};
use yunlong_installations::{Capability, Installations, New, Status};
use yunlong_messaging::{Messaging, Subscriptions};
use yunlong_model::{Clock, Digest, InstallationName, Manifest, Presentation, Principal, SystemClock};
use yunlong_payments::Payments;
use yunlong_runtime::{Origins, Runtime, RuntimeConfig, Services};
use yunlong_store::{SharedStore, memory::MemoryStore};

struct Nobody;

impl Subscriptions for Nobody {
    fn manifest(&self, _: &InstallationName) -> Option<Arc<Manifest>> {
        None
    }

    fn subscribers(&self, _: &InstallationName, _: &str) -> Vec<InstallationName> {
        Vec::new()
    }
}

const MANIFEST: &str = "name = \"guest\"\nversion = \"1.0.0\"\nvendor = \"v\"\ntitle = { zh = \"甲\", en = \"A\" }\ndescription = { zh = \"甲\", en = \"A\" }";

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut args = std::env::args().skip(1);
    let wasm = std::fs::read(args.next().ok_or("which guest?")?)?;
    let path = args.next().unwrap_or_else(|| "/".into());
    let dir = std::env::temp_dir().join(format!("yunlong-in-process-{}", std::process::id()));
    let store: SharedStore = Arc::new(MemoryStore::new());
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let secrets = Secrets::new([1; 32]);
    let keys = secrets.fields().clone();
    let log = AuditConfig::new("city.test/audit", [2; 32].into());
    let audit = Audit::open(store.clone(), clock.clone(), keys.clone(), log).await?;
    let installations = Arc::new(Installations::open(store.clone(), clock.clone(), audit.clone()).await?);
    let messaging = Arc::new(Messaging::new(store.clone(), clock.clone(), Arc::new(Nobody)));
    let identity = Identity::open(store.clone(), clock.clone(), secrets, audit.clone(), IdentityConfig::demo()).await?;
    let identity = Arc::new(identity);
    let hub = HubServices {
        store: store.clone(),
        clock: clock.clone(),
        keys,
        audit,
        identity: identity.clone(),
        messaging: messaging.clone(),
        installations: installations.clone(),
    };
    let services = Services {
        files: Files::in_memory(store.clone(), clock.clone(), identity.field_keys().clone()),
        hub: Hub::open(hub, HubConfig::new([3; 32].into())).await?,
        store: store.clone(),
        identity,
        installations: installations.clone(),
        payments: Arc::new(Payments::new(store, clock.clone(), messaging.clone(), Vec::new())),
        messaging,
        log: installations.log().clone(),
        clock,
        origins: Origins::new("http", "localhost:8080"),
    };
    let mut config = RuntimeConfig::new(&dir, [7; 32]);
    let child = std::env::current_exe()?.with_file_name("..").join("yunlong-compile");
    config.compiler.command = Some((child, Vec::new()));
    let runtime = Runtime::new(config, services)?;
    let manifest = Arc::new(Manifest::parse(MANIFEST)?);
    let name: InstallationName = "guest".parse()?;
    let new = New {
        name: name.clone(),
        organization: "320300".into(),
        organization_name: "徐州市".into(),
        package_digest: Digest::of(&wasm),
        signer: "key".into(),
        grants: Capability::of_manifest(&manifest),
        manifest,
        config: Default::default(),
        by: "bench".into(),
    };
    installations.install(new).await?;
    runtime.load(&installations.set_status(&name, Status::Running, "bench").await?, &wasm).await?;
    for round in 1..=3 {
        let n = 20_000_u32;
        let started = Instant::now();
        let mut bytes = 0;
        for _ in 0..n {
            let request = http::Request::get(&path).body(Full::new(Bytes::new()))?;
            bytes = runtime
                .request(&name, Principal::anonymous(), Presentation::default(), "bench", request)
                .await?
                .body()
                .len();
        }
        println!(
            "round {round}: {:.1} µs a request of {bytes} bytes",
            started.elapsed().as_secs_f64() * 1e6 / f64::from(n)
        );
    }
    std::fs::remove_dir_all(dir)?;
    Ok(())
}

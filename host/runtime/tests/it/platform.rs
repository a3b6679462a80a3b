//! A whole platform in memory.

use bytes::Bytes;
use http_body_util::Full;
use std::sync::Arc;
use std::time::Duration;
use yunlong_audit::{Audit, AuditConfig};
use yunlong_files::Files;
use yunlong_hub::{Hub, HubConfig, HubServices};
use yunlong_identity::{Identity, IdentityConfig, Secrets};
use yunlong_installations::{Capability, Installation, Installations, LogLine, New, Status};
use yunlong_messaging::{Messaging, Subscriptions};
use yunlong_model::clock::ManualClock;
use yunlong_model::{Clock, Digest, InstallationName, Manifest, Presentation, Principal, Timestamp};
use yunlong_payments::Payments;
use yunlong_runtime::{CompilerConfig, InvocationError, LoadError, Origins, Runtime, RuntimeConfig, Services};
use yunlong_store::SharedStore;
use yunlong_store::memory::MemoryStore;

pub(crate) struct Platform {
    pub(crate) runtime: Arc<Runtime>,
    pub(crate) installations: Arc<Installations>,
    pub(crate) store: SharedStore,
    pub(crate) clock: ManualClock,
    pub(crate) audit: Audit,
    pub(crate) payments: Arc<Payments>,
    pub(crate) cache: tempfile::TempDir,
}

struct Registry(Arc<Installations>);

impl Subscriptions for Registry {
    fn manifest(&self, installation: &InstallationName) -> Option<Arc<Manifest>> {
        self.0.get(installation).map(|i| i.manifest.clone())
    }

    fn subscribers(&self, source: &InstallationName, topic: &str) -> Vec<InstallationName> {
        self.0.subscribers(source, topic)
    }
}

impl Platform {
    pub(crate) async fn new() -> Self {
        Self::with(|_| {}).await
    }

    pub(crate) async fn with(change: impl FnOnce(&mut RuntimeConfig)) -> Self {
        Self::on(tempfile::tempdir().unwrap(), change).await
    }

    /// A platform on a cache folder that may hold something already.
    pub(crate) async fn on(cache: tempfile::TempDir, change: impl FnOnce(&mut RuntimeConfig)) -> Self {
        let store: SharedStore = Arc::new(MemoryStore::new());
        let manual = ManualClock::new(Timestamp(1_790_000_000_000));
        let clock: Arc<dyn Clock> = Arc::new(manual.clone());
        let secrets = Secrets::new([1; 32]);
        let log = AuditConfig::new("city.test/audit", [2; 32].into());
        let audit = Audit::open(store.clone(), clock.clone(), secrets.fields().clone(), log).await.unwrap();
        let installations = Arc::new(Installations::open(store.clone(), clock.clone(), audit.clone()).await.unwrap());
        let messaging =
            Arc::new(Messaging::new(store.clone(), clock.clone(), Arc::new(Registry(installations.clone()))));
        let demo = IdentityConfig::demo();
        let identity = Identity::open(store.clone(), clock.clone(), secrets, audit.clone(), demo).await.unwrap();
        let identity = Arc::new(identity);
        let services = HubServices {
            store: store.clone(),
            clock: clock.clone(),
            keys: identity.field_keys().clone(),
            audit: audit.clone(),
            identity: identity.clone(),
            messaging: messaging.clone(),
            installations: installations.clone(),
        };
        let hub = Hub::open(services, HubConfig::new([3; 32].into())).await.unwrap();
        let files = Files::in_memory(store.clone(), clock.clone(), identity.field_keys().clone());
        let payments = super::payments_on(&store, &clock, &messaging);
        let services = Services {
            hub,
            files,
            payments: payments.clone(),
            store: store.clone(),
            identity: identity.clone(),
            log: installations.log().clone(),
            installations: installations.clone(),
            messaging,
            clock,
            origins: Origins::new("http", "localhost:8080"),
        };
        let mut config = RuntimeConfig::new(cache.path().join("cache"), [7; 32]);
        config.small.instances = 32;
        config.large.instances = 2;
        config.concurrent.instances = 32;
        config.per_installation = 4;
        config.compiler = CompilerConfig {
            command: Some((env!("CARGO_BIN_EXE_yunlong-compile").into(), Vec::new())),
            ..CompilerConfig::default()
        };
        change(&mut config);
        let runtime = Runtime::new(config, services).unwrap();
        Self { runtime, installations, store, clock: manual, audit, payments, cache }
    }

    /// Installs and loads an app with `extra` in its manifest, everything approved.
    pub(crate) async fn install(
        &self,
        name: &str,
        extra: &str,
        component: &[u8],
    ) -> Result<Arc<Installation>, LoadError> {
        let manifest = format!(
            "name = \"{name}\"\nversion = \"1.0.0\"\nvendor = \"v\"\ntitle = {{ zh = \"甲\", en = \"A\" }}\ndescription = {{ zh = \"甲\", en = \"A\" }}\n{extra}"
        );
        let manifest = Arc::new(Manifest::parse(&manifest).unwrap());
        let name: InstallationName = name.parse().unwrap();
        let new = New {
            name: name.clone(),
            organization: "320300".into(),
            organization_name: "徐州市".into(),
            package_digest: Digest::of(component),
            signer: "key".into(),
            grants: Capability::of_manifest(&manifest),
            manifest,
            config: Default::default(),
            by: "city-admin".into(),
        };
        self.installations.install(new).await.unwrap();
        let installation = self.installations.set_status(&name, Status::Running, "city-admin").await.unwrap();
        self.runtime.load(&installation, component).await?;
        Ok(installation)
    }

    pub(crate) async fn get(&self, name: &str) -> Result<http::Response<Bytes>, InvocationError> {
        self.call(name, Principal::anonymous(), "request-1").await
    }

    pub(crate) async fn get_as(
        &self,
        name: &str,
        principal: Principal,
    ) -> Result<http::Response<Bytes>, InvocationError> {
        self.call(name, principal, "request-1").await
    }

    /// As the request of this id: a share of them goes to a canary.
    pub(crate) async fn get_with_id(&self, name: &str, id: &str) -> Result<http::Response<Bytes>, InvocationError> {
        self.call(name, Principal::anonymous(), id).await
    }

    async fn call(&self, name: &str, principal: Principal, id: &str) -> Result<http::Response<Bytes>, InvocationError> {
        let request = http::Request::get("/").body(Full::new(Bytes::new())).unwrap();
        // Whatever a guest does, nobody waits for ever.
        tokio::time::timeout(
            Duration::from_secs(30),
            self.runtime.request(&name.parse().unwrap(), principal, Presentation::default(), id, request),
        )
        .await
        .expect("the request hung")
    }

    pub(crate) async fn log(&self, name: &str) -> Vec<LogLine> {
        self.installations.log().tail(&name.parse().unwrap(), 100).await.unwrap()
    }

    pub(crate) async fn log_text(&self, name: &str) -> String {
        self.log(name).await.into_iter().map(|l| l.text + "\n").collect()
    }
}

//! What every small city begins with: the services over a store in memory, and the runtime. The probes of review
//! found theirs by it too.

use std::collections::BTreeMap;
use std::sync::{Arc, Weak};
use yunlong_audit::{Audit, AuditConfig};
use yunlong_files::Files;
use yunlong_hub::{Hub, HubConfig, HubServices};
use yunlong_identity::{Identity, IdentityConfig, Secrets};
use yunlong_installations::{Installations, Quotas};
use yunlong_messaging::{Config, Messaging, Subscriptions};
use yunlong_model::{Clock, InstallationName, Manifest};
use yunlong_payments::{CallbackSink, Headers, Payments, Provider, SandboxCashier, SandboxSecret, SinkError};
use yunlong_runtime::{Origins, Runtime, RuntimeConfig, RuntimeError, Services};
use yunlong_store::SharedStore;
use yunlong_store::memory::MemoryStore;

/// The one organization there.
pub const CITY: &str = "320300";
const DIVISIONS: &str = "code,level,name,parent\n320300,city,徐州市,320000\n";
/// What the app may store: all of it is memory.
const QUOTA: u64 = 64 << 20;

/// The city could not be set up; the text says which part.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Unfounded(String);

impl Unfounded {
    fn of(part: &'static str) -> impl FnOnce(String) -> Self {
        move |e| Self(format!("{part}: {e}"))
    }
}

/// What a city is founded with.
pub struct Founding {
    /// The domain under which its apps believe to be served.
    pub domain: String,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// The sandboxes.
    pub sandbox: RuntimeConfig,
    /// Limits of the dispatcher.
    pub messaging: Config,
    /// Who else hears what the app publishes, beside its own consumer.
    pub listener: Option<InstallationName>,
    /// Whether the sandbox cashier takes payments.
    pub cashier: bool,
}

/// The services.
pub struct Foundation {
    /// The store.
    pub store: SharedStore,
    /// The audit log. Nobody makes leaves of its entries but who asks for it.
    pub audit: Audit,
    /// Who people are.
    pub identity: Arc<Identity>,
    /// What is installed.
    pub installations: Arc<Installations>,
    /// Events, jobs and notes.
    pub messaging: Arc<Messaging>,
    /// Payments.
    pub payments: Arc<Payments>,
    /// Files.
    pub files: Arc<Files>,
    /// Runs the app.
    pub runtime: Arc<Runtime>,
}

struct Registered {
    installations: Arc<Installations>,
    listener: Option<InstallationName>,
}

impl Subscriptions for Registered {
    fn manifest(&self, installation: &InstallationName) -> Option<Arc<Manifest>> {
        self.installations.get(installation).map(|i| i.manifest.clone())
    }

    fn subscribers(&self, source: &InstallationName, topic: &str) -> Vec<InstallationName> {
        let mut all = self.installations.subscribers(source, topic);
        all.extend(self.listener.clone());
        all
    }
}

/// Takes the cashier's callbacks to the payments of the same city, which know the cashier.
#[derive(Default)]
struct Callbacks(std::sync::OnceLock<Weak<Payments>>);

#[async_trait::async_trait]
impl CallbackSink for Callbacks {
    async fn send(&self, provider: &str, headers: &Headers, body: &[u8]) -> Result<(), SinkError> {
        let Some(payments) = self.0.get().and_then(Weak::upgrade) else {
            return Err(SinkError::Unavailable("the city is gone".into()));
        };
        payments.handle_callback(provider, headers, body).await.map_err(|e| SinkError::Refused(e.to_string()))
    }
}

impl Founding {
    /// Sets up the services. Nothing is installed, and nobody lives there yet.
    ///
    /// # Errors
    /// [`Unfounded`] names the service that cannot start.
    pub async fn found(self) -> Result<Foundation, Unfounded> {
        let Self { domain, clock, sandbox, messaging, listener, cashier } = self;
        let store: SharedStore = Arc::new(MemoryStore::new());
        let secrets = Secrets::new(rand::random());
        let fields = secrets.fields().clone();
        let log = AuditConfig::new(format!("{domain}/audit"), rand::random::<[u8; 32]>().into());
        let audit = Audit::open(store.clone(), clock.clone(), fields.clone(), log).await;
        let audit = audit.map_err(|e| Unfounded::of("the log")(e.to_string()))?;
        let installations = Installations::open(store.clone(), clock.clone(), audit.clone()).await;
        let installations = installations.map_err(|e| Unfounded::of("installations")(e.to_string()))?;
        installations.set_quotas(Quotas::new(QUOTA, BTreeMap::new()));
        let installations = Arc::new(installations);
        let registered = Arc::new(Registered { installations: installations.clone(), listener });
        let messaging = Messaging::with_config(store.clone(), clock.clone(), registered, messaging);
        let messaging = Arc::new(messaging.with_fields(fields.clone()));
        // The demo's costs of a password hash: nobody signs in with these.
        let config = IdentityConfig::demo();
        let identity = Identity::open(store.clone(), clock.clone(), secrets.clone(), audit.clone(), config).await;
        let identity = Arc::new(identity.map_err(|e| Unfounded::of("identity")(e.to_string()))?);
        let divisions = identity.import_divisions(DIVISIONS).await;
        divisions.map_err(|e| Unfounded::of("divisions")(e.to_string()))?;
        let services = HubServices {
            store: store.clone(),
            clock: clock.clone(),
            keys: fields,
            audit: audit.clone(),
            identity: identity.clone(),
            messaging: messaging.clone(),
            installations: installations.clone(),
        };
        let hub = Hub::open(services, HubConfig::new(rand::random::<[u8; 32]>().into())).await;
        let hub = hub.map_err(|e| Unfounded::of("the information hub")(e.to_string()))?;
        let sink = Arc::new(Callbacks::default());
        let secret = SandboxSecret::new(&secrets.derive("sandbox-cashier", &[]));
        let sandbox_cashier = SandboxCashier::new(store.clone(), clock.clone(), secret, sink.clone());
        let providers: Vec<Arc<dyn Provider>> = if cashier { vec![Arc::new(sandbox_cashier)] } else { Vec::new() };
        let payments = Arc::new(Payments::new(store.clone(), clock.clone(), messaging.clone(), providers));
        _ = sink.0.set(Arc::downgrade(&payments));
        let files = Files::in_memory(store.clone(), clock.clone(), secrets.fields().clone());
        let services = Services {
            files: files.clone(),
            store: store.clone(),
            identity: identity.clone(),
            log: installations.log().clone(),
            installations: installations.clone(),
            messaging: messaging.clone(),
            payments: payments.clone(),
            hub,
            clock,
            origins: Origins::new("https", &domain),
        };
        let runtime = Runtime::new(sandbox, services);
        let runtime = runtime.map_err(|e: RuntimeError| Unfounded::of("the runtime")(e.to_string()))?;
        Ok(Foundation { store, audit, identity, installations, messaging, payments, files, runtime })
    }
}

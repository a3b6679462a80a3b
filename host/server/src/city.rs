//! The services of one city on one machine, put together from the store up.

use crate::callbacks::Loopback;
use crate::subscriptions::Registered;
use crate::{metrics, secret};
use anyhow::{Context, Result, anyhow};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use yunlong_gateway::{Gateway, GatewayConfig, Origins};
use yunlong_identity::{Identity, IdentityConfig, Secrets, XUZHOU_DIVISIONS};
use yunlong_installations::{AppLog, Installations};
use yunlong_messaging::Messaging;
use yunlong_model::{Clock, SystemClock};
use yunlong_payments::{Payments, Provider, SandboxCashier, SandboxSecret};
use yunlong_registry::{Depot, Limits};
use yunlong_runtime::{Runtime, RuntimeConfig};
use yunlong_store::sled_engine::{SledOptions, SledStore};
use yunlong_store::{SharedStore, StoreError};

/// What stands without any app: the store and who people are.
pub(crate) struct Ground {
    pub(crate) store: SharedStore,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) secrets: Secrets,
    pub(crate) identity: Arc<Identity>,
}

impl Ground {
    /// Opens the data folder, which is made when it is not there.
    pub(crate) async fn open(data: &Path, config: IdentityConfig) -> Result<Self> {
        make_private(data)?;
        let store = SledStore::open(&data.join("store"), SledOptions::default()).map_err(|e| match e {
            StoreError::Locked(_) => {
                anyhow!(
                    "{} is in use by another process: stop the other `yunlong`, or choose another folder with --data",
                    data.display()
                )
            }
            e => anyhow!(e).context(data.display().to_string()),
        })?;
        let store: SharedStore = Arc::new(store);
        let empty = store.watch().borrow().0 == 0;
        let secrets = Secrets::new(*secret::load(data, empty)?);
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let identity =
            Identity::open(store.clone(), clock.clone(), secrets.clone(), config).await.context("identity")?;
        identity.import_divisions(XUZHOU_DIVISIONS).await.context("divisions")?;
        Ok(Self { store, clock, secrets, identity: Arc::new(identity) })
    }
}

/// Everything that serves.
pub(crate) struct City {
    pub(crate) store: SharedStore,
    pub(crate) identity: Arc<Identity>,
    pub(crate) installations: Arc<Installations>,
    pub(crate) messaging: Arc<Messaging>,
    pub(crate) payments: Arc<Payments>,
    pub(crate) log: Arc<AppLog>,
    pub(crate) runtime: Arc<Runtime>,
    pub(crate) gateway: Arc<Gateway>,
}

impl City {
    /// Puts the services together. `listener` is where the public listener really is, `origins`
    /// what browsers see.
    pub(crate) async fn open(
        data: &Path,
        ground: Ground,
        origins: Origins,
        listener: SocketAddr,
        config: GatewayConfig,
    ) -> Result<Self> {
        let Ground { store, clock, secrets, identity } = ground;
        let installations = Installations::open(store.clone(), clock.clone()).await.context("installations")?;
        let log = installations.log().clone();
        let installations = Arc::new(installations);
        let messaging =
            Arc::new(Messaging::new(store.clone(), clock.clone(), Arc::new(Registered(installations.clone()))));
        let portal = origins.portal().to_owned();
        let authority = portal.split_once("://").map_or(portal.as_str(), |(_, a)| a);
        let cashier = SandboxCashier::new(
            store.clone(),
            clock.clone(),
            SandboxSecret::new(&secrets.derive("sandbox-cashier", &[])),
            Arc::new(Loopback::new(listener, authority)?),
        );
        let providers: Vec<Arc<dyn Provider>> = vec![Arc::new(cashier)];
        let payments = Arc::new(Payments::new(store.clone(), clock.clone(), messaging.clone(), providers));
        let packages = data.join("packages");
        let depot =
            Arc::new(Depot::open(&packages, Limits::default()).with_context(|| packages.display().to_string())?);
        let services = yunlong_runtime::Services {
            store: store.clone(),
            identity: identity.clone(),
            installations: installations.clone(),
            messaging: messaging.clone(),
            payments: payments.clone(),
            log: log.clone(),
            clock: clock.clone(),
            origins: yunlong_runtime::Origins::new(origins.scheme().as_str(), authority),
        };
        let runtime = Runtime::new(RuntimeConfig::new(data.join("cache"), secrets.derive("runtime", &[])), services)
            .context("the runtime")?;
        let services = yunlong_gateway::Services {
            store: store.clone(),
            identity: identity.clone(),
            installations: installations.clone(),
            messaging: messaging.clone(),
            payments: payments.clone(),
            depot,
            apps: runtime.clone(),
            clock,
        };
        let gateway = Gateway::new(origins, config, services);
        gateway.metrics().register(|registry| {
            runtime.register_metrics(registry);
            metrics::register(registry, messaging.clone());
        });
        Ok(Self { store, identity, installations, messaging, payments, log, runtime, gateway })
    }
}

fn make_private(dir: &Path) -> Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(dir)
        .with_context(|| format!("{} cannot be made", dir.display()))
}

//! The services of one city on one machine, put together from the store up.

use crate::callbacks::Loopback;
use crate::journals::Kept;
use crate::refusal::{Refusal, both};
use crate::settings::Settings;
use crate::subscriptions::Registered;
use crate::{backup, blobs, compiled, data_keys, metrics, registry, registry_command, secret};
use anyhow::{Context, Result, anyhow, ensure};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use yunlong_audit::Audit;
use yunlong_files::{Files, TicketKey};
use yunlong_gateway::{Gateway, GatewayConfig, Origins};
use yunlong_hub::{Hub, HubServices};
use yunlong_identity::{Identity, IdentityConfig, Secrets, XUZHOU_DIVISIONS};
use yunlong_installations::{AppLog, Installations};
use yunlong_library::Library;
use yunlong_messaging::Messaging;
use yunlong_model::{Clock, InstallationName, SystemClock};
use yunlong_payments::{Payments, Provider, SandboxCashier, SandboxSecret};
use yunlong_runtime::Runtime;
use yunlong_store::sled_engine::SledStore;
use yunlong_store::{SharedStore, StoreError};

/// What stands without any app: the store and who people are.
pub(crate) struct Ground {
    pub(crate) engine: Arc<SledStore>,
    pub(crate) store: SharedStore,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) secrets: Secrets,
    pub(crate) audit: Audit,
    pub(crate) identity: Arc<Identity>,
}

impl Ground {
    /// Opens the data folder, which is made when it is not there.
    pub(crate) async fn open(settings: &Settings, config: IdentityConfig) -> Result<Self> {
        let data = settings.data()?;
        make_private(data)?;
        backup::refuse_half_restored(data)?;
        refuse_packages_of_before(data)?;
        let engine = open_store(data, settings)?;
        let store: SharedStore = engine.clone();
        let empty = store.watch().borrow().0 == 0;
        registry_command::refuse_its_folder(&store, data).await?;
        let platform = settings.keys.platform.clone().unwrap_or_else(|| secret::path(data));
        let secrets = Secrets::new(*secret::load(&platform, empty)?);
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        // Before anything is written: with a wrong key nothing may be changed.
        let known = secret::confirm(&secrets, &store, &platform).await?;
        let secrets = data_keys::open(&settings.keys.data, secrets, &store, &*clock, empty).await?;
        if !known {
            secret::remember(&secrets, &store).await?;
        }
        let log = settings.audit(&secrets, data.to_owned());
        let audit = Audit::open(store.clone(), clock.clone(), secrets.fields().clone(), log).await;
        let audit = audit.context("the audit log")?;
        let identity = Identity::open(store.clone(), clock.clone(), secrets.clone(), audit.clone(), config).await;
        let identity = identity.context("identity")?;
        identity.import_divisions(XUZHOU_DIVISIONS).await.context("divisions")?;
        Ok(Self { engine, store, clock, secrets, audit, identity: Arc::new(identity) })
    }
}

/// What is said of a folder whose packages are files of their own. They were never reviewed: to take them in
/// here would put an approval into the log that nobody gave.
pub(crate) const PACKAGES_OF_BEFORE: &str = "it holds packages of a version without a registry (the folder `packages`), which nobody reviewed; this version runs approved packages only";

fn refuse_packages_of_before(data: &Path) -> Result<()> {
    ensure!(
        !data.join("packages/trust.json").is_file(),
        "{}: {PACKAGES_OF_BEFORE}. Nothing was changed: go on with the version before, or start with an empty data folder, enroll the vendors' keys and have the packages published and approved anew",
        data.display()
    );
    Ok(())
}

/// Opens the store of a data folder.
pub(crate) fn open_store(data: &Path, settings: &Settings) -> Result<Arc<SledStore>> {
    let store = SledStore::open(&data.join("store"), settings.store()).map_err(|e| match e {
        StoreError::Locked(_) => {
            let shown = data.display();
            anyhow!(Refusal {
                problem: both(format!("{shown} 正被另一个进程使用"), format!("{shown} is in use by another process"),),
                next: both(
                    "请停止另一个 yunlong，或用 --data 指定另一个文件夹",
                    "stop the other `yunlong`, or choose another folder with --data",
                ),
            })
        }
        e => anyhow!(e).context(data.display().to_string()),
    })?;
    Ok(Arc::new(store))
}

/// What stands between a city's services when `yunlong dev` founds it; in a city that serves people there is none.
pub(crate) struct Bench {
    /// Sees every host call of the apps.
    pub(crate) observer: Arc<dyn yunlong_runtime::Observer>,
    /// Where compiled components are kept from one city to the next, and the key of that folder.
    pub(crate) cache: (PathBuf, [u8; 32]),
    /// Who hears everything that is published.
    pub(crate) listener: InstallationName,
    /// Where the journals of failed requests go, if anywhere.
    pub(crate) journals: Option<PathBuf>,
}

/// Everything that serves.
pub(crate) struct City {
    pub(crate) engine: Arc<SledStore>,
    pub(crate) store: SharedStore,
    pub(crate) secrets: Secrets,
    pub(crate) identity: Arc<Identity>,
    pub(crate) installations: Arc<Installations>,
    pub(crate) messaging: Arc<Messaging>,
    pub(crate) payments: Arc<Payments>,
    pub(crate) files: Arc<Files>,
    pub(crate) audit: Audit,
    pub(crate) hub: Hub,
    pub(crate) log: Arc<AppLog>,
    pub(crate) library: Library,
    pub(crate) runtime: Arc<Runtime>,
    pub(crate) gateway: Arc<Gateway>,
}

impl City {
    /// Puts the services together. `listener` is where the public listener really is, `origins`
    /// what browsers see.
    pub(crate) async fn open(
        settings: &Settings,
        ground: Ground,
        origins: Origins,
        listener: SocketAddr,
        config: GatewayConfig,
        bench: Option<&Bench>,
    ) -> Result<Self> {
        let Ground { engine, store, clock, secrets, audit, identity } = ground;
        let data = settings.data()?;
        let installations = Installations::open(store.clone(), clock.clone(), audit.clone()).await;
        let installations = installations.context("installations")?;
        installations.set_quotas(settings.quotas());
        let log = installations.log().clone();
        let installations = Arc::new(installations);
        let registered =
            Arc::new(Registered { installations: installations.clone(), listener: bench.map(|b| b.listener.clone()) });
        let messaging = Messaging::with_config(store.clone(), clock.clone(), registered, settings.messaging());
        let messaging = Arc::new(messaging.with_fields(secrets.fields().clone()));
        let services = HubServices {
            store: store.clone(),
            clock: clock.clone(),
            keys: secrets.fields().clone(),
            audit: audit.clone(),
            identity: identity.clone(),
            messaging: messaging.clone(),
            installations: installations.clone(),
        };
        let hub = Hub::open(services, settings.hub(&secrets)).await.context("the information hub")?;
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
        let below = registry::Ground {
            store: store.clone(),
            clock: clock.clone(),
            audit: audit.clone(),
            identity: identity.clone(),
            hub: hub.clone(),
            secrets: &secrets,
        };
        let library = registry::open(settings, below, data, bench.is_none()).context("the registry")?;
        let files = Arc::new(Files::new(
            store.clone(),
            blobs::open_files(settings, data).context("files")?,
            clock.clone(),
            secrets.fields().clone(),
            TicketKey::new(secrets.derive("file-tickets", &[])),
        ));
        let services = yunlong_runtime::Services {
            files: files.clone(),
            store: store.clone(),
            identity: identity.clone(),
            installations: installations.clone(),
            messaging: messaging.clone(),
            payments: payments.clone(),
            hub: hub.clone(),
            log: log.clone(),
            clock: clock.clone(),
            origins: yunlong_runtime::Origins::new(origins.scheme().as_str(), authority),
        };
        let mut sandbox = compiled::sandbox(settings, data, &secrets)?;
        sandbox.journals = Some(Arc::new(Kept::new(installations.clone(), secrets.fields().clone())));
        if let Some(Bench { observer, cache: (folder, key), journals, .. }) = bench {
            if let Some(dir) = journals {
                sandbox.journals = Some(Arc::new(yunlong_workbench::Folder::new(dir, "dev")));
            }
            sandbox.observer = Some(observer.clone());
            (sandbox.cache_dir, sandbox.cache_secret) = (folder.clone(), Some(*key));
            // Whoever changes a line waits for the compiler, and for nothing else.
            sandbox.compiler.optimize = false;
        }
        let runtime = Runtime::new(sandbox, services).context("the runtime")?;
        let services = yunlong_gateway::Services {
            files: files.clone(),
            store: store.clone(),
            identity: identity.clone(),
            installations: installations.clone(),
            messaging: messaging.clone(),
            payments: payments.clone(),
            library: library.clone(),
            hub: hub.clone(),
            audit: audit.clone(),
            apps: runtime.clone(),
            clock,
        };
        let gateway = Gateway::new(origins, config, services);
        gateway.metrics().register(|registry| {
            runtime.register_metrics(registry);
            metrics::register(registry, messaging.clone(), installations.clone(), engine.clone(), audit.watch());
        });
        Ok(Self {
            engine,
            store,
            secrets,
            identity,
            installations,
            messaging,
            payments,
            files,
            audit,
            hub,
            log,
            library,
            runtime,
            gateway,
        })
    }
}

/// Makes a folder that its owner alone can read.
pub(crate) fn make_private(dir: &Path) -> Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(dir)
        .with_context(|| format!("{} cannot be made", dir.display()))
}

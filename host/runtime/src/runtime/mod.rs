//! The runtime: what is loaded, switched and cleared away.

mod invocation;

pub(crate) use invocation::Failure;

use crate::city::bindings;
use crate::config::RuntimeConfig;
use crate::engine::Profile;
use crate::engines::{Compiled, Engines};
use crate::error::{InvocationError, LoadError, RuntimeError};
use crate::inspect::{self, CONSUMER, HANDLER, HANDLER_03, Inspection, JOBS, LIFECYCLE, MIGRATIONS};
use crate::keys::InstallationKey;
use crate::limits::{Budget, Reserve};
use crate::metrics::{InstallationMetrics, Metrics};
use crate::outcomes::{Outcomes, Recent};
use crate::shares::{Share, Shares};
use crate::slots::{Flights, Held, Slots};
use crate::state::State;
use crate::{Origins, standard};
use bindings::exports::city::app as exports;
use parking_lot::RwLock;
use prometheus_client::registry::Registry;
use std::collections::HashMap;
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};
use wasmtime::Store;
use wasmtime::component::{Instance, InstancePre};
use wasmtime_wasi_http::p2::bindings::exports::wasi::http::incoming_handler;
use wasmtime_wasi_http::p3::bindings::ServiceIndices;
use yunlong_files::Files;
use yunlong_hub::Hub;
use yunlong_identity::Identity;
use yunlong_installations::{AppLog, Installation, Installations, Status};
use yunlong_messaging::Messaging;
use yunlong_model::{Clock, Digest, InstallationName};
use yunlong_payments::Payments;
use yunlong_store::SharedStore;
use yunlong_store::buckets::Buckets;
use yunlong_store::documents::Schema;

/// What the host interfaces call.
pub struct Services {
    /// The store.
    pub store: SharedStore,
    /// Who people are.
    pub identity: Arc<Identity>,
    /// What is installed, with which grants.
    pub installations: Arc<Installations>,
    /// Events and notes.
    pub messaging: Arc<Messaging>,
    /// Payments.
    pub payments: Arc<Payments>,
    /// Files.
    pub files: Arc<Files>,
    /// Shared data.
    pub hub: Hub,
    /// What apps print, and what happens to them.
    pub log: Arc<AppLog>,
    /// The time, for guests too.
    pub clock: Arc<dyn Clock>,
    /// Where portal and apps are reached.
    pub origins: Origins,
}

/// Runs components. Cheap to share; dropped, it stops its threads.
pub struct Runtime {
    config: Arc<RuntimeConfig>,
    services: Arc<Services>,
    engines: Arc<Engines>,
    apps: RwLock<HashMap<InstallationName, Slots>>,
    /// The calls of every release that was loaded and is not forgotten yet, whether or not it still
    /// has a slot.
    flights: Flown,
    memory: Arc<Reserve>,
    shares: Shares,
    metrics: Metrics,
}

type Flown = parking_lot::Mutex<HashMap<InstallationName, Vec<(Digest, Weak<Flights>)>>>;

/// How often it is looked whether calls have ended.
const LOOK: Duration = Duration::from_millis(5);

/// A release of an installation that is ready to run.
pub(crate) struct Loaded {
    pub(crate) name: InstallationName,
    /// The installation as this release saw it when it was loaded.
    pub(crate) installation: Arc<Installation>,
    pub(crate) flights: Arc<Flights>,
    pub(crate) outcomes: Recent,
    compiled: Arc<Compiled>,
    pre: InstancePre<State>,
    pub(crate) handler: Option<incoming_handler::GuestIndices>,
    pub(crate) service: Option<ServiceIndices>,
    pub(crate) consumer: Option<exports::consumer::GuestIndices>,
    pub(crate) jobs: Option<exports::jobs::GuestIndices>,
    pub(crate) lifecycle: Option<exports::lifecycle::GuestIndices>,
    pub(crate) migrations: Option<exports::migrations::GuestIndices>,
    budget: Budget,
    schema: Arc<Schema>,
    buckets: Arc<Buckets>,
    key: InstallationKey,
    share: Arc<Share>,
    metrics: InstallationMetrics,
}

impl Runtime {
    /// Starts it, on engines of its own where the settings name none.
    ///
    /// # Errors
    /// When an engine cannot be created or the cache folder cannot be used.
    pub fn new(config: RuntimeConfig, services: Services) -> Result<Arc<Self>, RuntimeError> {
        let engines = config.engines.clone().map_or_else(|| Engines::new(&config), Ok)?;
        let memory = config.total_memory.unwrap_or_else(half_of_memory);
        Ok(Arc::new(Self {
            engines,
            apps: RwLock::default(),
            flights: Flown::default(),
            memory: Arc::new(Reserve::new(memory)),
            shares: Shares::default(),
            metrics: Metrics::default(),
            config: Arc::new(config),
            services: Arc::new(services),
        }))
    }

    /// Makes the runtime's figures part of `registry`.
    pub fn register_metrics(&self, registry: &mut Registry) {
        self.metrics.register(registry);
    }

    /// Compiles a component for its profile, unless the cache has it already: at publication or
    /// installation, so that loading is quick.
    ///
    /// # Errors
    /// When it is no component, or the compiler refuses it or reaches a limit.
    pub async fn compile(&self, component: &[u8]) -> Result<Inspection, LoadError> {
        Ok(self.engines.compile(component).await?.inspection().clone())
    }

    /// Loads an installation, or replaces what is loaded under its name. Calls that run go on.
    ///
    /// # Errors
    /// [`LoadError::Refused`] names an import that no grant covers, or an export that is missing;
    /// the others say why the component cannot be used.
    pub async fn load(&self, installation: &Arc<Installation>, component: &[u8]) -> Result<(), LoadError> {
        let main = self.link(installation, component).await?;
        self.apps.write().insert(installation.name.clone(), Slots { main, beside: None });
        Ok(())
    }

    /// Loads another release of an installation beside the one in charge. It serves nobody before
    /// [`Runtime::switch`] or a canary says so. Where nothing is loaded it has charge.
    ///
    /// # Errors
    /// As [`Runtime::load`].
    pub async fn stage(&self, installation: &Arc<Installation>, component: &[u8]) -> Result<(), LoadError> {
        let staged = self.link(installation, component).await?;
        let mut apps = self.apps.write();
        match apps.get_mut(&installation.name) {
            Some(slots) if slots.main.package() == staged.package() => slots.main = staged,
            Some(slots) => slots.beside = Some(staged),
            None => drop(apps.insert(installation.name.clone(), Slots { main: staged, beside: None })),
        }
        Ok(())
    }

    /// Takes the release of this package out of service. Calls that run go on.
    pub fn unstage(&self, name: &InstallationName, package: &Digest) {
        let mut apps = self.apps.write();
        let Some(slots) = apps.get_mut(name) else { return };
        if slots.beside.as_ref().is_some_and(|l| l.package() == *package) {
            slots.beside = None;
        } else if slots.main.package() == *package {
            match slots.beside.take() {
                Some(other) => slots.main = other,
                None => drop(apps.remove(name)),
            }
        }
    }

    /// Gives the release of this package charge, if it is loaded, and answers whether it has it: the
    /// calls that come are its, those that run end where they began.
    pub fn switch(&self, name: &InstallationName, package: &Digest) -> bool {
        self.apps.write().get_mut(name).is_some_and(|slots| slots.switch(package))
    }

    /// Waits until no call of the installation runs, but for those of the release `but`; at most
    /// `limit`. Answers whether it is so.
    pub async fn idle(&self, name: &InstallationName, but: Option<&Digest>, limit: Duration) -> bool {
        let running = || {
            let mut flights = self.flights.lock();
            let Some(all) = flights.get_mut(name) else { return 0 };
            all.retain(|(_, f)| f.strong_count() > 0);
            let counts = all.iter().filter(|(package, _)| but != Some(package)).filter_map(|(_, f)| f.upgrade());
            counts.map(|f| f.count()).sum()
        };
        let end = Instant::now() + limit;
        while running() > 0 {
            if Instant::now() >= end {
                return false;
            }
            tokio::time::sleep(LOOK).await;
        }
        true
    }

    /// How the calls of a loaded release ended in the last `window`, which is at most a minute.
    #[must_use]
    pub fn outcomes(&self, name: &InstallationName, package: &Digest, window: Duration) -> Outcomes {
        let apps = self.apps.read();
        apps.get(name).and_then(|s| s.of(package)).map(|l| l.outcomes.within(window)).unwrap_or_default()
    }

    /// The longest that a request of a loaded release took in the last `window` that did not fail.
    #[must_use]
    pub fn slowest(&self, name: &InstallationName, package: &Digest, window: Duration) -> Duration {
        let apps = self.apps.read();
        apps.get(name).and_then(|s| s.of(package)).map(|l| l.outcomes.slowest(window)).unwrap_or_default()
    }

    /// How many requests of a release have waited for their answers for longer than this, whether or not it still has
    /// a slot.
    #[must_use]
    pub fn waiting(&self, name: &InstallationName, package: &Digest, longer_than: Duration) -> u64 {
        self.flown(name, package).iter().map(|f| f.requests.longer_than(longer_than) as u64).sum()
    }

    /// From now on a request of a release ends as soon as it has taken this long, those that are under way among them;
    /// `None`: when its own limit ends it, as ever.
    pub fn hasten(&self, name: &InstallationName, package: &Digest, limit: Option<Duration>) {
        for flights in self.flown(name, package) {
            flights.requests.hasten(limit);
        }
    }

    fn flown(&self, name: &InstallationName, package: &Digest) -> Vec<Arc<Flights>> {
        let flights = self.flights.lock();
        let all = flights.get(name).into_iter().flatten();
        all.filter(|(of, _)| of == package).filter_map(|(_, f)| f.upgrade()).collect()
    }

    pub(crate) async fn link(
        &self,
        installation: &Arc<Installation>,
        component: &[u8],
    ) -> Result<Arc<Loaded>, LoadError> {
        let compiled = self.engines.compile(component).await?;
        let (component, inspection) = (&compiled.component, compiled.inspection());
        inspect::check(inspection, &installation.manifest)?;
        let link = |e: wasmtime::Error| LoadError::Link(format!("{e:#}"));
        let linker = &self.engines.of(compiled.profile).linker;
        let own = standard::suited(linker, component).map_err(link)?;
        let pre = own.as_ref().unwrap_or(linker).instantiate_pre(component).map_err(link)?;
        // An export that is there but of another shape is refused, not ignored.
        macro_rules! indices {
            ($interface:expr, $indices:ty) => {
                inspection.exports_interface($interface).then(|| <$indices>::new(&pre)).transpose().map_err(link)?
            };
        }
        let name = installation.name.clone();
        let loaded = Loaded {
            handler: indices!(HANDLER, incoming_handler::GuestIndices),
            service: indices!(HANDLER_03, ServiceIndices),
            consumer: indices!(CONSUMER, exports::consumer::GuestIndices),
            jobs: indices!(JOBS, exports::jobs::GuestIndices),
            lifecycle: indices!(LIFECYCLE, exports::lifecycle::GuestIndices),
            migrations: indices!(MIGRATIONS, exports::migrations::GuestIndices),
            installation: installation.clone(),
            flights: Arc::default(),
            outcomes: Recent::default(),
            budget: installation.manifest.limits.into(),
            schema: Arc::new(
                Schema::new(&name, &installation.manifest).with_keys(self.services.identity.field_keys().clone()),
            ),
            buckets: Arc::new(Buckets::new(&name, &installation.manifest, self.services.identity.field_keys().clone())),
            key: InstallationKey::new(&self.config.secret, name.as_str()),
            share: self.shares.of(&name, &self.config, self.memory.limit()),
            metrics: self.metrics.of(name.as_str()),
            name: name.clone(),
            pre,
            compiled,
        };
        let loaded = Arc::new(loaded);
        let mut flights = self.flights.lock();
        let all = flights.entry(name).or_default();
        all.retain(|(_, f)| f.strong_count() > 0);
        all.push((loaded.package(), Arc::downgrade(&loaded.flights)));
        Ok(loaded)
    }

    /// Stops handing calls to an installation. Calls that run go on.
    pub fn unload(&self, name: &InstallationName) {
        self.apps.write().remove(name);
    }

    /// What is loaded, in no order.
    #[must_use]
    pub fn loaded(&self) -> Vec<InstallationName> {
        self.apps.read().keys().cloned().collect()
    }

    /// What a loaded component imports and exports.
    #[must_use]
    pub fn inspection(&self, name: &InstallationName) -> Option<Inspection> {
        self.apps.read().get(name).map(|s| s.main.compiled.inspection().clone())
    }

    pub(crate) fn services(&self) -> &Arc<Services> {
        &self.services
    }

    pub(crate) fn config(&self) -> &RuntimeConfig {
        &self.config
    }

    /// The release of this package, or the one in charge when none is named.
    pub(crate) fn find(&self, name: &InstallationName, package: Option<&Digest>) -> Result<Held, InvocationError> {
        let apps = self.apps.read();
        let found = apps.get(name).and_then(|slots| match package {
            Some(package) => slots.of(package),
            None => Some(&slots.main),
        });
        found.cloned().map(Held::new).ok_or_else(|| InvocationError::NotLoaded(name.clone()))
    }

    /// The release that serves a call, and the installation as that release sees it: the canary's for
    /// those of its share, `who` in it; otherwise the one in charge.
    pub(crate) fn serving(
        &self,
        name: &InstallationName,
        who: Option<&str>,
    ) -> Result<(Held, Arc<Installation>), InvocationError> {
        let held = loop {
            let record = self.running(name)?;
            let canary =
                record.canary().filter(|c| who.is_some_and(|who| c.takes(who))).map(|c| c.release.package_digest);
            let wanted = canary.unwrap_or(record.package_digest);
            // What is on record and not loaded yet is served by what is.
            let held = self.find(name, Some(&wanted)).or_else(|_| self.find(name, None))?;
            // Looked at again once it is held: who makes data ready waits for the calls that are held, so either it
            // finds this one or this one sees it.
            if Arc::ptr_eq(&record, &self.running(name)?) {
                break held;
            }
        };
        let seen = self.services.installations.get_release(name, &held.package());
        let installation = seen.unwrap_or_else(|| held.installation.clone());
        Ok((held, installation))
    }

    /// The installation as it is now, if it is to run.
    pub(crate) fn running(&self, name: &InstallationName) -> Result<Arc<Installation>, InvocationError> {
        self.services
            .installations
            .get(name)
            .filter(|i| matches!(i.status, Status::Running))
            .ok_or_else(|| InvocationError::NotLoaded(name.clone()))
    }
}

impl Loaded {
    pub(crate) async fn instantiate(&self, store: &mut Store<State>) -> wasmtime::Result<Instance> {
        self.pre.instantiate_async(store).await
    }

    /// The digest of its package.
    pub(crate) fn package(&self) -> Digest {
        self.installation.package_digest
    }

    pub(crate) fn response_limit(&self) -> usize {
        self.budget.response
    }

    /// The digest of its component.
    pub(crate) fn digest(&self) -> Digest {
        self.compiled.digest
    }

    pub(crate) fn profile(&self) -> Profile {
        self.compiled.profile
    }

    /// Changes the limits of time, of which a replay has others than the city.
    pub(crate) fn give_time(&mut self, change: impl Fn(Duration) -> Duration) {
        (self.budget.wall, self.budget.cpu) = (change(self.budget.wall), change(self.budget.cpu));
    }
}

fn half_of_memory() -> usize {
    let info = rustix::system::sysinfo();
    let bytes = (info.totalram as u64).saturating_mul(u64::from(info.mem_unit));
    usize::try_from(bytes / 2).unwrap_or(usize::MAX)
}

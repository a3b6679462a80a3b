//! The runtime: what is loaded, and how an instance is set up, watched and cleared away.

use crate::cache::Cache;
use crate::city::{self, bindings};
use crate::compile;
use crate::config::RuntimeConfig;
use crate::engine::{Engines, Profile};
use crate::error::{CompileError, InspectError, InvocationError, LoadError, RuntimeError, Shortage};
use crate::inspect::{self, CONSUMER, HANDLER, HANDLER_03, Inspection, JOBS, LIFECYCLE, MIGRATIONS};
use crate::interceptor::{Interceptor, Stop};
use crate::journal::{Printed, Tape};
use crate::keys::{self, InstallationKey};
use crate::limits::{Budget, MemoryMeter, Metered, Reserve};
use crate::log::Stream;
use crate::metrics::{InstallationMetrics, Metrics, Running};
use crate::outbound::Egress;
use crate::outcomes::{Outcomes, Recent};
use crate::shares::{Share, Shares};
use crate::slots::{Flights, Held, Slots};
use crate::state::{Invocation, Kind, State};
use crate::{Origins, standard, wasi};
use bindings::exports::city::app as exports;
use futures::FutureExt;
use parking_lot::RwLock;
use prometheus_client::registry::Registry;
use std::collections::HashMap;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};
use tokio::sync::{Mutex, OwnedSemaphorePermit, Semaphore};
use tracing::Instrument as _;
use wasmtime::component::{Component, Instance, InstancePre, Linker, ResourceTable};
use wasmtime::{CallHook, Store, UpdateDeadline};
use wasmtime_wasi_http::WasiHttpCtx;
use wasmtime_wasi_http::p2::bindings::exports::wasi::http::incoming_handler;
use wasmtime_wasi_http::p3::bindings::ServiceIndices;
use yunlong_files::Files;
use yunlong_hub::Hub;
use yunlong_identity::Identity;
use yunlong_installations::{AppLog, Installation, Installations, Level, Status};
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

/// Bytes that the headers of one message may take in the host.
const MAX_FIELDS: usize = 64 << 10;
/// Resources (streams, bodies, transactions) that one instance may hold at once.
const MAX_RESOURCES: usize = 1_000;
/// Tasks, streams and futures of WASI 0.3, and the ends of these, that one instance may hold at once.
const MAX_CONCURRENT: usize = 4_000;
/// Bytes that one host call may copy out of the guest.
const MAX_COPIED: usize = 8 << 20;
/// How much of a trap's story goes into the app's log.
const MAX_STORY: usize = 4_000;

/// Runs components. Cheap to share; dropped, it stops its threads.
pub struct Runtime {
    config: Arc<RuntimeConfig>,
    services: Arc<Services>,
    engines: Engines,
    linkers: HashMap<Profile, Linker<State>>,
    cache: Arc<Cache>,
    apps: RwLock<HashMap<InstallationName, Slots>>,
    /// The calls of every release that was loaded and is not forgotten yet, whether or not it still
    /// has a slot.
    flights: Flown,
    pools: HashMap<Profile, Arc<Semaphore>>,
    memory: Arc<Reserve>,
    shares: Shares,
    metrics: Metrics,
    /// One compilation at a time: each may take all its limits.
    compiling: Mutex<()>,
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
    digest: Digest,
    profile: Profile,
    pre: InstancePre<State>,
    component: Component,
    inspection: Inspection,
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

/// Places in the installation's share and in the pool, and the gauge.
pub(crate) struct Admitted {
    _places: [OwnedSemaphorePermit; 2],
    _running: Running,
}

/// How an invocation's future may end on the guest's side.
pub(crate) enum Failure {
    /// wasm or a host call failed.
    Guest(wasmtime::Error),
    /// Known already.
    Known(InvocationError),
}

impl From<wasmtime::Error> for Failure {
    fn from(e: wasmtime::Error) -> Self {
        Self::Guest(e)
    }
}

impl Runtime {
    /// Starts the engines and opens the cache.
    ///
    /// # Errors
    /// When an engine cannot be created or the cache folder cannot be used.
    pub fn new(config: RuntimeConfig, services: Services) -> Result<Arc<Self>, RuntimeError> {
        let engines = Engines::new(&config)?;
        let mut linkers = HashMap::new();
        let mut pools = HashMap::new();
        for (profile, pool) in Profile::ALL.map(|p| (p, config.pool(p))) {
            let linker =
                linker(profile, &engines.get(profile).engine).map_err(|e| RuntimeError::Engine(format!("{e:#}")))?;
            linkers.insert(profile, linker);
            pools.insert(profile, Arc::new(Semaphore::new(pool.instances as usize)));
        }
        let secret = config.cache_secret.as_ref().unwrap_or(&config.secret);
        let cache = Arc::new(Cache::open(&config.cache_dir, keys::cache_key(secret))?);
        let memory = config.total_memory.unwrap_or_else(half_of_memory);
        Ok(Arc::new(Self {
            engines,
            linkers,
            cache,
            apps: RwLock::default(),
            flights: Flown::default(),
            pools,
            memory: Arc::new(Reserve::new(memory)),
            shares: Shares::default(),
            metrics: Metrics::default(),
            compiling: Mutex::new(()),
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
        let inspection = inspected(component).await?;
        self.compiled(component, &Digest::of(component), inspection.profile).await?;
        Ok(inspection)
    }

    async fn compiled(&self, component: &[u8], digest: &Digest, profile: Profile) -> Result<Component, LoadError> {
        let same = |l: &&Arc<Loaded>| l.digest == *digest && l.profile == profile;
        let loaded =
            self.apps.read().values().flat_map(|s| [Some(&s.main), s.beside.as_ref()]).flatten().find(same).cloned();
        if let Some(loaded) = loaded {
            return Ok(loaded.component.clone());
        }
        // What is compiled already does not wait behind a compilation of something else.
        if let Some(component) = self.cached(digest, profile).await? {
            return Ok(component);
        }
        let _one = self.compiling.lock().await;
        if let Some(component) = self.cached(digest, profile).await? {
            return Ok(component);
        }
        let started = Instant::now();
        let compiled = compile::compile(&self.config.compiler, self.config.insight, profile, component).await?;
        tracing::info!(%digest, profile = profile.name(), bytes = compiled.len(), seconds = started.elapsed().as_secs_f32(), "compiled");
        let engine = self.engines.get(profile).clone();
        let (cache, d) = (self.cache.clone(), *digest);
        Ok(blocking(move || cache.store(&d, &engine, &compiled)).await?)
    }

    async fn cached(&self, digest: &Digest, profile: Profile) -> Result<Option<Component>, LoadError> {
        let engine = self.engines.get(profile).clone();
        let (cache, d) = (self.cache.clone(), *digest);
        Ok(blocking(move || Ok(cache.load(&d, &engine))).await?)
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
        let inspection = inspected(component).await?;
        inspect::check(&inspection, &installation.manifest)?;
        let digest = Digest::of(component);
        let profile = inspection.profile;
        let component = self.compiled(component, &digest, profile).await?;
        let link = |e: wasmtime::Error| LoadError::Link(format!("{e:#}"));
        let linker = &self.linkers[&profile];
        let own = standard::suited(linker, &component).map_err(link)?;
        let pre = own.as_ref().unwrap_or(linker).instantiate_pre(&component).map_err(link)?;
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
            digest,
            profile,
            pre,
            component,
            inspection,
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
        self.apps.read().get(name).map(|s| s.main.inspection.clone())
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
        let record = self.running(name)?;
        let canary = record.canary().filter(|c| who.is_some_and(|who| c.takes(who))).map(|c| c.release.package_digest);
        let wanted = canary.unwrap_or(record.package_digest);
        // What is on record and not loaded yet is served by what is.
        let held = self.find(name, Some(&wanted)).or_else(|_| self.find(name, None))?;
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

    /// Waits for a place in the installation's share, then for one in the pool, in that order:
    /// who waits for its own share keeps nobody else from the pool.
    pub(crate) async fn admit(&self, loaded: &Loaded) -> Result<Admitted, InvocationError> {
        let (places, pool) = (loaded.share.places(loaded.profile), &self.pools[&loaded.profile]);
        let waited_ms = self.config.queue_timeout.as_millis().try_into().unwrap_or(u64::MAX);
        let both = async {
            let own = places.clone().acquire_owned().await.ok()?;
            let all = pool.clone().acquire_owned().await.ok()?;
            Some([own, all])
        };
        let places = match (places.clone().try_acquire_owned(), pool.clone().try_acquire_owned()) {
            (Ok(own), Ok(all)) => [own, all],
            (own, all) => {
                drop((own, all));
                let waited = tokio::time::timeout(self.config.queue_timeout, both).await.ok().flatten();
                waited.ok_or_else(|| {
                    let e = InvocationError::Overloaded(Shortage::Instances { waited_ms });
                    loaded.metrics.outcome("queue", e.outcome());
                    e
                })?
            }
        };
        Ok(Admitted { _places: places, _running: Running::new(&loaded.metrics.running) })
    }

    /// A store for one invocation. The deadline runs from here.
    pub(crate) fn store(
        &self,
        loaded: &Loaded,
        kind: Kind,
        invocation: Invocation,
        request_id: String,
    ) -> (Store<State>, Arc<Interceptor>) {
        self.store_with(loaded, kind, invocation, request_id, None)
    }

    /// As [`Runtime::store`], with a journal that is recorded or played.
    pub(crate) fn store_with(
        &self,
        loaded: &Loaded,
        kind: Kind,
        invocation: Invocation,
        request_id: String,
        tape: Option<Tape>,
    ) -> (Store<State>, Arc<Interceptor>) {
        let interceptor = Interceptor::new(
            loaded.name.clone(),
            kind,
            request_id,
            loaded.budget,
            loaded.installation.clone(),
            self.services.installations.clone(),
            self.config.observer.clone(),
        );
        let interceptor = Arc::new(interceptor.with_tape(tape));
        let mut table = ResourceTable::new();
        table.set_max_capacity(MAX_RESOURCES);
        let mut http = WasiHttpCtx::new();
        http.set_field_size_limit(MAX_FIELDS);
        let state = State {
            table,
            wasi: wasi::context(&interceptor, self.services.clock.clone()),
            http,
            egress: Egress::new(interceptor.clone(), self.config.clone()),
            memory: MemoryMeter::new(interceptor.clone(), [loaded.share.memory.clone(), self.memory.clone()]),
            interceptor: interceptor.clone(),
            invocation,
            services: self.services.clone(),
            key: loaded.key.clone(),
            schema: loaded.schema.clone(),
            buckets: loaded.buckets.clone(),
            open_transactions: 0,
        };
        let mut store = Store::new(&self.engines.get(loaded.profile).engine, state);
        store.limiter(|s| &mut s.memory);
        store.set_hostcall_fuel(MAX_COPIED);
        if let Some(concurrent) = store.concurrent_resource_table() {
            concurrent.set_max_capacity(MAX_CONCURRENT);
        }
        store.set_epoch_deadline(1);
        let watcher = interceptor.clone();
        store.epoch_deadline_callback(move |_| {
            watcher.tick()?;
            Ok(UpdateDeadline::Yield(1))
        });
        let watcher = interceptor.clone();
        store.call_hook(move |_, hook| match hook {
            CallHook::CallingHost => Ok(watcher.enter()?),
            CallHook::ReturningFromHost => Ok(watcher.leave()?),
            CallHook::CallingWasm | CallHook::ReturningFromWasm => Ok(()),
        });
        (store, interceptor)
    }

    /// Drives an invocation to its end on the caller's task: meters its CPU time, ends it at its
    /// deadline by dropping it with its store, and reports what became of it.
    pub(crate) async fn watch<T>(
        &self,
        loaded: &Loaded,
        interceptor: Arc<Interceptor>,
        guest: impl Future<Output = Result<T, Failure>>,
    ) -> Result<T, InvocationError> {
        let started = Instant::now();
        // Carries the id into whatever the host logs for this call: host calls, commits, refusals.
        let span = tracing::info_span!(
            "invocation",
            installation = %loaded.name,
            kind = interceptor.kind.name(),
            request_id = %interceptor.request_id,
        );
        let guest = guest.instrument(span.clone());
        let ended = {
            // A fault in the host's own code ends this call, not the connection or the process.
            let guest = std::pin::pin!(AssertUnwindSafe(guest).catch_unwind());
            tokio::time::timeout_at(interceptor.deadline().into(), Metered::new(interceptor.clone(), guest)).await
        };
        let (result, story) = match ended {
            Ok(Ok(Ok(Ok(value)))) => (Ok(value), None),
            Ok(Ok(Ok(Err(Failure::Known(e))))) => (Err(e), None),
            Ok(Ok(Err(_panic))) => (Err(InvocationError::Internal("a host function panicked".into())), None),
            Ok(Ok(Ok(Err(Failure::Guest(e))))) => {
                let story = format!("{e:?}");
                (Err(classify(&e, &interceptor, self.config.queue_timeout.as_millis())), Some(story))
            }
            Ok(Err(stop)) => (Err(stopped(&stop, &interceptor)), None),
            Err(_) => (Err(stopped(&interceptor.halt(Stop::Deadline), &interceptor)), None),
        };
        span.in_scope(|| self.report(loaded, &interceptor, started, result.as_ref().err(), story));
        result
    }

    fn report(
        &self,
        loaded: &Loaded,
        interceptor: &Interceptor,
        started: Instant,
        error: Option<&InvocationError>,
        story: Option<String>,
    ) {
        let (m, kind, wall) = (&loaded.metrics, interceptor.kind, started.elapsed());
        interceptor.ended(wall, error);
        m.duration.observe(wall.as_secs_f64());
        m.cpu.inc_by(interceptor.cpu.spent().as_secs_f64());
        let (all, named) = interceptor.counts();
        m.all_calls.inc_by(all);
        for (interface, n) in named {
            m.calls(interface.name(), n.into());
        }
        let peak = i64::try_from(interceptor.memory_peak()).unwrap_or(i64::MAX);
        if peak > m.memory.get() {
            m.memory.set(peak);
        }
        m.outcome(kind.name(), error.map_or("ok", InvocationError::outcome));
        let id = Some(interceptor.request_id.as_str());
        let lines = interceptor.log.take();
        if let Some(tape) = &interceptor.tape {
            let name = |stream| if stream == Stream::Out { "out" } else { "err" }.to_owned();
            let printed = |(stream, line): &(Stream, String)| Printed { stream: name(*stream), line: line.clone() };
            let story = story.as_ref().map(|s| s.chars().take(4 * MAX_STORY).collect());
            tape.tell(lines.iter().map(printed).collect(), story);
        }
        for (stream, line) in lines {
            let level = if stream == Stream::Out { Level::Info } else { Level::Warn };
            self.services.log.append(&loaded.name, level, &line, id);
        }
        if let Some(e) = error {
            let story: String = story.unwrap_or_default().chars().take(MAX_STORY).collect();
            let text = format!("{} failed: {e}{}{story}", kind.name(), if story.is_empty() { "" } else { "\n" });
            self.services.log.append(&loaded.name, Level::Error, &text, id);
            tracing::info!(installation = %loaded.name, request_id = %interceptor.request_id, kind = kind.name(), outcome = e.outcome(), error = %e, "invocation failed");
        }
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
        self.digest
    }

    pub(crate) fn profile(&self) -> Profile {
        self.profile
    }

    /// Changes the limits of time, of which a replay has others than the city.
    pub(crate) fn give_time(&mut self, change: impl Fn(Duration) -> Duration) {
        (self.budget.wall, self.budget.cpu) = (change(self.budget.wall), change(self.budget.cpu));
    }
}

/// All interfaces of one engine. What an installation may really do is decided at load and at
/// each call, not here.
fn linker(profile: Profile, engine: &wasmtime::Engine) -> wasmtime::Result<Linker<State>> {
    let mut linker = Linker::new(engine);
    wasmtime_wasi::p2::add_to_linker_async(&mut linker)?;
    // Some of it passes the interceptor here.
    linker.allow_shadowing(true);
    crate::sockets::add_to_linker(&mut linker)?;
    crate::random::add_to_linker(&mut linker)?;
    linker.allow_shadowing(false);
    wasmtime_wasi_http::p2::add_only_http_to_linker_async(&mut linker)?;
    if profile == Profile::Concurrent {
        wasmtime_wasi::p3::add_to_linker(&mut linker)?;
        linker.allow_shadowing(true);
        crate::sockets::add_to_linker_03(&mut linker)?;
        crate::random::add_to_linker_03(&mut linker)?;
        crate::clocks::add_to_linker_03(&mut linker)?;
        linker.allow_shadowing(false);
        wasmtime_wasi_http::p3::add_to_linker(&mut linker)?;
    }
    standard::add_to_linker(&mut linker)?;
    city::add_to_linker(&mut linker)?;
    Ok(linker)
}

fn half_of_memory() -> usize {
    let info = rustix::system::sysinfo();
    let bytes = (info.totalram as u64).saturating_mul(u64::from(info.mem_unit));
    usize::try_from(bytes / 2).unwrap_or(usize::MAX)
}

async fn inspected(component: &[u8]) -> Result<Inspection, InspectError> {
    if component.len() as u64 > compile::MAX_COMPONENT {
        return Err(InspectError::TooLarge(format!("{} bytes", component.len())));
    }
    let bytes = component.to_vec();
    tokio::task::spawn_blocking(move || inspect::inspect(&bytes))
        .await
        .unwrap_or_else(|e| Err(InspectError::Malformed(format!("the validator failed: {e}"))))
}

async fn blocking<T: Send + 'static>(
    f: impl FnOnce() -> Result<T, CompileError> + Send + 'static,
) -> Result<T, CompileError> {
    tokio::task::spawn_blocking(f).await.unwrap_or_else(|e| Err(CompileError::Io(e.to_string())))
}

fn stopped(stop: &Stop, i: &Interceptor) -> InvocationError {
    let ms = |d: std::time::Duration| u64::try_from(d.as_millis()).unwrap_or(u64::MAX);
    match stop {
        Stop::HostCalls => InvocationError::HostCalls { limit: i.budget.host_calls },
        Stop::Cpu => InvocationError::Cpu { limit_ms: ms(i.budget.cpu) },
        Stop::Deadline => InvocationError::Deadline { limit_ms: ms(i.budget.wall) },
        Stop::Shortage => InvocationError::Overloaded(Shortage::Memory),
        Stop::Memory => InvocationError::Memory { limit_mib: (i.budget.memory >> 20) as u64 },
        Stop::NotGranted(what) => InvocationError::NotGranted(what.clone()),
        Stop::Fault(why) => InvocationError::Internal(format!("fault: {why}")),
        Stop::Trapped(why) => InvocationError::Trap(why.clone()),
        Stop::Unknown(_) => InvocationError::Internal(stop.to_string()),
    }
}

/// What an error that came out of wasm means.
fn classify(e: &wasmtime::Error, i: &Interceptor, queue_ms: u128) -> InvocationError {
    if let Some(stop) = i.reason() {
        return stopped(&stop, i);
    }
    if e.is::<wasmtime::PoolConcurrencyLimitError>() {
        let waited_ms = u64::try_from(queue_ms).unwrap_or(u64::MAX);
        return InvocationError::Overloaded(Shortage::Instances { waited_ms });
    }
    if i.was_memory_short() {
        return stopped(&Stop::Shortage, i);
    }
    if i.was_memory_refused() {
        return stopped(&Stop::Memory, i);
    }
    if let Some(trap) = e.downcast_ref::<wasmtime::Trap>() {
        return InvocationError::Trap(trap.to_string());
    }
    if let Some(exit) = e.downcast_ref::<wasmtime_wasi::I32Exit>() {
        return InvocationError::Trap(format!("it called exit with {}", exit.0));
    }
    InvocationError::Trap(e.root_cause().to_string())
}

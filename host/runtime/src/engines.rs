//! The engines of all profiles, and what was compiled for them.

use crate::cache::Cache;
use crate::compile;
use crate::config::{CompilerConfig, Insight, RuntimeConfig};
use crate::engine::{Profile, ProfileEngine};
use crate::error::{CompileError, InspectError, LoadError, RuntimeError};
use crate::inspect::{self, Inspection};
use crate::keys;
use crate::state::State;
use crate::{city, standard};
use std::collections::HashMap;
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};
use tokio::sync::{Mutex, Semaphore};
use wasmtime::component::{Component, Linker};
use yunlong_model::Digest;

/// What components run on: an engine for each [profile](Profile) with its pool of instances, the linkers, the cache of
/// compiled code, and the thread that makes guests yield. One runtime has it for itself, or several share it, as the
/// cities of a run of scenarios do (see [`RuntimeConfig::engines`]): then they share the pools, and a component is
/// inspected, compiled and loaded once for all of them.
pub struct Engines {
    small: Place,
    large: Place,
    concurrent: Place,
    cache: Arc<Cache>,
    compiler: CompilerConfig,
    insight: Insight,
    /// What somebody holds.
    compiled: parking_lot::Mutex<HashMap<Digest, Weak<Compiled>>>,
    /// One compilation at a time: each may take all its limits.
    compiling: Mutex<()>,
}

/// Where the components of one profile run.
pub(crate) struct Place {
    pub(crate) engine: ProfileEngine,
    pub(crate) linker: Linker<State>,
    /// The instances that its pool has left.
    pub(crate) pool: Arc<Semaphore>,
}

/// A component that was inspected and compiled. As long as it is held, its engines need not look for it again.
pub struct Compiled {
    pub(crate) digest: Digest,
    pub(crate) profile: Profile,
    pub(crate) component: Component,
    inspection: Inspection,
}

impl Compiled {
    /// What the component imports and exports.
    #[must_use]
    pub fn inspection(&self) -> &Inspection {
        &self.inspection
    }
}

impl Place {
    fn new(config: &RuntimeConfig, profile: Profile) -> Result<Self, RuntimeError> {
        let pool = config.pool(profile);
        let engine = ProfileEngine::new(profile, pool, config.insight)?;
        let linker = linker(profile, &engine.engine).map_err(|e| RuntimeError::Engine(format!("{e:#}")))?;
        Ok(Self { engine, linker, pool: Arc::new(Semaphore::new(pool.instances as usize)) })
    }
}

impl Engines {
    /// Starts them and opens the cache, as the settings say.
    ///
    /// # Errors
    /// When an engine cannot be created or the cache folder cannot be used.
    pub fn new(config: &RuntimeConfig) -> Result<Arc<Self>, RuntimeError> {
        let secret = config.cache_secret.as_ref().unwrap_or(&config.secret);
        let engines = Self {
            small: Place::new(config, Profile::Small)?,
            large: Place::new(config, Profile::Large)?,
            concurrent: Place::new(config, Profile::Concurrent)?,
            cache: Arc::new(Cache::open(&config.cache_dir, keys::cache_key(secret))?),
            compiler: config.compiler.clone(),
            insight: config.insight,
            compiled: parking_lot::Mutex::default(),
            compiling: Mutex::new(()),
        };
        engines.tick(config.tick)?;
        Ok(Arc::new(engines))
    }

    pub(crate) fn of(&self, profile: Profile) -> &Place {
        match profile {
            Profile::Small => &self.small,
            Profile::Large => &self.large,
            Profile::Concurrent => &self.concurrent,
        }
    }

    /// Inspects a component and compiles it for its profile, unless somebody holds it already or the cache has it.
    ///
    /// # Errors
    /// When it is no component, or the compiler refuses it or reaches a limit.
    pub async fn compile(&self, component: &[u8]) -> Result<Arc<Compiled>, LoadError> {
        let digest = Digest::of(component);
        if let Some(held) = self.held(&digest) {
            return Ok(held);
        }
        let inspection = inspected(component).await?;
        let profile = inspection.profile;
        let component = self.component(component, &digest, profile).await?;
        let mut all = self.compiled.lock();
        // Somebody else may have come before.
        if let Some(held) = all.get(&digest).and_then(Weak::upgrade) {
            return Ok(held);
        }
        let compiled = Arc::new(Compiled { digest, profile, component, inspection });
        all.retain(|_, held| held.strong_count() > 0);
        all.insert(digest, Arc::downgrade(&compiled));
        Ok(compiled)
    }

    fn held(&self, digest: &Digest) -> Option<Arc<Compiled>> {
        self.compiled.lock().get(digest).and_then(Weak::upgrade)
    }

    async fn component(&self, component: &[u8], digest: &Digest, profile: Profile) -> Result<Component, LoadError> {
        // What is compiled already does not wait behind a compilation of something else.
        if let Some(component) = self.cached(digest, profile).await? {
            return Ok(component);
        }
        let _one = self.compiling.lock().await;
        if let Some(component) = self.cached(digest, profile).await? {
            return Ok(component);
        }
        let started = Instant::now();
        let compiled = compile::compile(&self.compiler, self.insight, profile, component).await?;
        tracing::info!(%digest, profile = profile.name(), bytes = compiled.len(), seconds = started.elapsed().as_secs_f32(), "compiled");
        let engine = self.of(profile).engine.clone();
        let (cache, d) = (self.cache.clone(), *digest);
        Ok(blocking(move || cache.store(&d, &engine, &compiled)).await?)
    }

    async fn cached(&self, digest: &Digest, profile: Profile) -> Result<Option<Component>, LoadError> {
        let engine = self.of(profile).engine.clone();
        let (cache, d) = (self.cache.clone(), *digest);
        Ok(blocking(move || Ok(cache.load(&d, &engine))).await?)
    }

    /// Epochs count ticks of a clock, not CPU time: here they do nothing but make a guest yield.
    fn tick(&self, every: Duration) -> Result<(), RuntimeError> {
        let engines = Profile::ALL.map(|profile| self.of(profile).engine.engine.weak());
        std::thread::Builder::new()
            .name("wasm-ticks".into())
            .spawn(move || {
                loop {
                    std::thread::sleep(every);
                    let mut alive = false;
                    for e in &engines {
                        if let Some(e) = e.upgrade() {
                            e.increment_epoch();
                            alive = true;
                        }
                    }
                    if !alive {
                        return;
                    }
                }
            })
            .map(|_| ())
            .map_err(|e| RuntimeError::Engine(e.to_string()))
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

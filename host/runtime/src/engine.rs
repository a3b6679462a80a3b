//! Engines: one a profile, each with its own pool and its own key in the cache.
//!
//! Instances come from pools, since a fresh one serves each call: slots are reset, not unmapped.
//! What makes that cheap is the kernel's `PAGEMAP_SCAN`, which finds the pages that a call really
//! touched; without it, less is kept resident, since all of it would be cleared every time.

use crate::config::{Insight, PoolConfig, RuntimeConfig};
use crate::error::RuntimeError;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::str::FromStr;
use wasmtime::{
    Config, Enabled, Engine, InstanceAllocationStrategy, OptLevel, PoolingAllocationConfig, WasmBacktraceDetails,
};

/// Which engine runs a component.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Profile {
    /// Compiled languages: few core modules, small tables.
    Small,
    /// An interpreter inside: dozens of core modules, large tables.
    Large,
    /// Asynchronous functions of WASI 0.3. What they need costs every call, and holds for a whole
    /// engine: so others have none of it.
    Concurrent,
}

impl Profile {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Small, Self::Large, Self::Concurrent];

    /// The name, as the compiling child gets it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Small => "small",
            Self::Large => "large",
            Self::Concurrent => "concurrent",
        }
    }

    /// What one component of this profile may need.
    #[must_use]
    pub fn shape(self) -> Shape {
        match self {
            // wit-component makes a main module, an adapter, a shim and a fix-up; composed
            // components a few times that.
            Self::Small => Shape { core_instances: 16, memories: 4, tables: 12, table_elements: 20_000 },
            // The same, and what binds its functions that wait.
            Self::Concurrent => Shape { core_instances: 32, memories: 4, tables: 24, table_elements: 20_000 },
            // componentize-py: about 60 core instances and tables, a good 60,000 elements.
            Self::Large => Shape { core_instances: 128, memories: 8, tables: 128, table_elements: 200_000 },
        }
    }
}

impl FromStr for Profile {
    type Err = String;

    fn from_str(s: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|p| p.name() == s)
            .ok_or_else(|| format!("`{s}` is not an engine profile: small, large or concurrent"))
    }
}

/// The most that one component may have, whatever its memory limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// Core instances.
    pub core_instances: u32,
    /// Linear memories.
    pub memories: u32,
    /// Tables.
    pub tables: u32,
    /// Elements of one table.
    pub table_elements: u64,
}

/// The largest memory of one instance: what `app.toml` may ask for at most.
pub(crate) const MAX_MEMORY: usize = 256 << 20;

/// Reserved for each memory, so that no access needs a bounds check; it is never committed.
const RESERVATION: u64 = 4 << 30;
const GUARD: u64 = 32 << 20;
const ASYNC_STACK: usize = 1 << 20;
const WASM_STACK: usize = 512 << 10;

/// What the compiled code depends on. The compiling child and the host must agree on all of it.
fn code_config(profile: Profile, insight: Insight) -> Config {
    let mut c = Config::new();
    c.cranelift_opt_level(OptLevel::Speed)
        .epoch_interruption(true)
        .memory_reservation(RESERVATION)
        .memory_guard_size(GUARD)
        .memory_may_move(false)
        .memory_init_cow(true)
        .max_wasm_stack(WASM_STACK)
        .async_stack_size(ASYNC_STACK)
        .wasm_relaxed_simd(false)
        .wasm_memory64(false);
    // Said in each case: otherwise a variable of the environment decides.
    c.wasm_backtrace_details(match insight {
        Insight::Names => WasmBacktraceDetails::Disable,
        Insight::Lines | Insight::Debugger => WasmBacktraceDetails::Enable,
    });
    if insight == Insight::Debugger {
        c.debug_info(true).cranelift_opt_level(OptLevel::None);
    }
    match profile {
        Profile::Small | Profile::Large => {
            c.wasm_component_model(true).wasm_component_model_async(false).concurrency_support(false)
        }
        Profile::Concurrent => c.wasm_component_model(true).wasm_component_model_async(true).concurrency_support(true),
    };
    c
}

/// An engine that compiles and runs nothing. It reserves no pool, so that it fits into a limited
/// address space.
pub(crate) fn compiling_engine(profile: Profile, optimize: bool, insight: Insight) -> wasmtime::Result<Engine> {
    let mut c = code_config(profile, insight);
    if !optimize {
        // The one setting that the host need not agree on: code of either kind means the same.
        c.cranelift_opt_level(OptLevel::None);
    }
    c.allocation_strategy(InstanceAllocationStrategy::OnDemand);
    Engine::new(&c)
}

fn pooling(profile: Profile, pool: PoolConfig) -> PoolingAllocationConfig {
    let shape = profile.shape();
    let n = pool.instances;
    let mut p = PoolingAllocationConfig::new();
    let scan = PoolingAllocationConfig::is_pagemap_scan_available();
    p.total_component_instances(n)
        .max_component_instance_size(1 << 20)
        .max_core_instances_per_component(shape.core_instances)
        .max_memories_per_component(shape.memories)
        .max_tables_per_component(shape.tables)
        .max_core_instance_size(1 << 20)
        .table_elements(usize::try_from(shape.table_elements).unwrap_or(usize::MAX))
        .max_memory_size(MAX_MEMORY)
        // Each task of a guest has a stack of its own: the call, and what it starts beside it.
        .total_stacks(if profile == Profile::Concurrent { n.saturating_mul(4) } else { n })
        // Most components have one memory and two to four instances and tables. The totals allow
        // for twice that; who comes when they are used up waits in the queue like others.
        .total_memories(n.saturating_mul(2))
        .total_core_instances(n.saturating_mul(match profile {
            Profile::Small | Profile::Concurrent => 8,
            Profile::Large => 64,
        }))
        .total_tables(n.saturating_mul(match profile {
            Profile::Small | Profile::Concurrent => 4,
            Profile::Large => 64,
        }))
        .max_unused_warm_slots(100)
        .pagemap_scan(if scan { Enabled::Auto } else { Enabled::No })
        .linear_memory_keep_resident(if scan { 128 << 10 } else { 32 << 10 })
        .table_keep_resident(if scan { 16 << 10 } else { 4 << 10 })
        .async_stack_keep_resident(16 << 10);
    p
}

/// What this machine gives the pools.
#[derive(Clone, Debug)]
pub struct Machine {
    /// Whether the kernel tells which pages were written (PAGEMAP_SCAN, Linux 6.7): without it
    /// each request costs about twice the time.
    pub pagemap_scan: bool,
    /// Why no pool of the configured size could be reserved, if none could: then a request costs
    /// several times as much.
    pub pool: Option<String>,
}

impl Machine {
    /// Tries it out: reserves all pools and gives them back.
    #[must_use]
    pub fn probe(config: &RuntimeConfig) -> Self {
        let try_pool = |(profile, pool)| {
            let mut c = code_config(profile, config.insight);
            c.allocation_strategy(InstanceAllocationStrategy::Pooling(pooling(profile, pool)));
            Engine::new(&c)
        };
        // All at once, as the server has them.
        let engines: wasmtime::Result<Vec<Engine>> =
            Profile::ALL.into_iter().map(|p| (p, config.pool(p))).map(try_pool).collect();
        Self {
            pagemap_scan: PoolingAllocationConfig::is_pagemap_scan_available(),
            pool: engines.err().map(|e| format!("{e:#}")),
        }
    }
}

/// A running engine.
#[derive(Clone)]
pub(crate) struct ProfileEngine {
    pub(crate) engine: Engine,
    /// Part of the names of files in the cache.
    pub(crate) key: String,
}

impl ProfileEngine {
    pub(crate) fn new(profile: Profile, pool: PoolConfig, insight: Insight) -> Result<Self, RuntimeError> {
        let mut c = code_config(profile, insight);
        c.allocation_strategy(InstanceAllocationStrategy::Pooling(pooling(profile, pool)));
        let engine = match Engine::new(&c) {
            Ok(engine) => engine,
            Err(e) => {
                // Under a limit of address space (containers, ulimit -v) the reservation fails.
                tracing::warn!(profile = profile.name(), error = %e, "no pool: instances are allocated on demand, which is several times slower");
                compiling_engine(profile, true, insight).map_err(|e| RuntimeError::Engine(e.to_string()))?
            }
        };
        // Not secret, and new with each build of the standard library: then files are compiled
        // again, nothing worse.
        let mut h = DefaultHasher::new();
        engine.precompile_compatibility_hash().hash(&mut h);
        Ok(Self { key: format!("{}-{}-{:016x}", profile.name(), insight.name(), h.finish()), engine })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_child_compiles_fits_the_pool() {
        let kinds = [Insight::Names, Insight::Lines, Insight::Debugger];
        for (profile, insight) in Profile::ALL.into_iter().flat_map(|p| kinds.map(|i| (p, i))) {
            let child = compiling_engine(profile, true, insight).unwrap();
            let host = ProfileEngine::new(profile, PoolConfig { instances: 2 }, insight).unwrap();
            assert!(host.engine.pooling_allocator_metrics().is_some());
            let hash = |e: &Engine| {
                let mut h = DefaultHasher::new();
                e.precompile_compatibility_hash().hash(&mut h);
                h.finish()
            };
            assert_eq!(hash(&child), hash(&host.engine), "{profile:?} {insight:?}");
        }
    }
}

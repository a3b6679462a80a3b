//! The probes of review that run a package: does it loop, does its memory grow without end, does it answer
//! without end? And does it do what it says of itself, in the scenarios that it brings along?
//!
//! A package is compiled as an installation compiles it, in the child with its limits, and installed in a city
//! of its own: a store in memory, two invented accounts, no network. Then everything that the binary exports is
//! called once or a few times, with what is ordinary and with what is hostile, in the same sandboxes and within
//! the same limits as later: those of its own `app.toml`. A call that had to be stopped at a limit fails the
//! probe of that limit. What an app answers is its own affair: here there is no data, and an error is as good as
//! a page.
//!
//! One run serves the three probes. What it cannot find is what hides: an app that misbehaves on one path alone,
//! or in a year, passes. Then the sandbox's limits hold as they do here, and harm nobody else.
//!
//! Scenarios are played apart from that, by the workbench as `yunlong test --faults` plays them.
//!
//! **Invariants.**
//! - Nothing of the city is reached: neither its store, nor its accounts, nor the network, nor the keys that an
//!   installation there derives. The cache of compiled code alone is shared.
//! - A run takes no longer than its compiler's limit and [`ProbesConfig::budget`], and the scenarios no longer than
//!   that and [`ProbesConfig::faults`]. Given up, it ends at once and leaves nothing behind.
//! - No entry point passes that was not called.
#![deny(missing_docs)]

mod calls;
mod city;
mod links;
mod meter;
mod report;
mod run;
mod sample;
mod scenarios;
mod told;
mod verdict;

use async_trait::async_trait;
use report::Ran;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Mutex;
use yunlong_model::Digest;
use yunlong_publications::checks::{Measured, Probe, ProbeError, ProbeKind};
use yunlong_registry::Package;
use yunlong_runtime::{OutboundConfig, PoolConfig, RuntimeConfig};

/// The kinds that one run answers.
const KINDS: [ProbeKind; 3] = [ProbeKind::Loop, ProbeKind::Memory, ProbeKind::OversizeAnswer];
/// CPU time of the compiling child, in seconds: all its threads together. A Python interpreter of 18 MB takes
/// 40; what takes minutes would keep every host that installs it from its work.
const COMPILE_CPU_SECONDS: u64 = 120;
/// Instances of a pool. One runs at a time; one component may need as many memories as four instances have.
const INSTANCES: u32 = 4;
/// What the instances may take together; an installation gets half of it, which is twice the largest limit that
/// `app.toml` can have.
const MEMORY: usize = 1 << 30;

/// How packages are probed.
#[derive(Clone)]
pub struct ProbesConfig {
    /// The sandboxes. The compiler's limits are those of the check.
    pub sandbox: RuntimeConfig,
    /// How long the calls of one package may take together, compilation not among it; and how long all its
    /// scenarios may, played without faults.
    pub budget: Duration,
    /// How long the scenarios may be played again with faults; with zero they are not.
    pub faults: Duration,
}

impl ProbesConfig {
    /// As the city's runtime of this configuration: compiled code is shared with it, so that what passed is
    /// not compiled again when it is installed. Compiling may take 120 s of CPU time at most, the calls a minute, the
    /// scenarios a minute and then two with faults.
    #[must_use]
    pub fn new(city: RuntimeConfig) -> Self {
        let mut sandbox = RuntimeConfig {
            // Keys of installations are derived from it: none that the city knows.
            secret: rand::random(),
            cache_secret: Some(city.cache_secret.unwrap_or(city.secret)),
            small: PoolConfig { instances: INSTANCES },
            large: PoolConfig { instances: INSTANCES },
            concurrent: PoolConfig { instances: INSTANCES },
            per_installation: 1,
            total_memory: Some(MEMORY),
            // No name is looked up and no connection made, whatever `app.toml` declares.
            outbound: OutboundConfig { max_requests: 0, ..OutboundConfig::default() },
            observer: None,
            ..city
        };
        sandbox.compiler.cpu_seconds = sandbox.compiler.cpu_seconds.min(COMPILE_CPU_SECONDS);
        Self { sandbox, budget: Duration::from_secs(60), faults: Duration::from_secs(120) }
    }
}

/// The probes. One package is probed at a time, since they measure.
pub struct Probes {
    config: ProbesConfig,
    last: Mutex<Option<Last>>,
}

/// The last run, for those of the three that have not asked for it yet.
struct Last {
    package: Digest,
    taken: Vec<ProbeKind>,
    ran: Result<Arc<Ran>, ProbeError>,
}

impl Probes {
    /// With this configuration.
    #[must_use]
    pub fn new(config: ProbesConfig) -> Arc<Self> {
        Arc::new(Self { config, last: Mutex::default() })
    }

    /// Each of them, for the checks of a package.
    #[must_use]
    pub fn all(self: &Arc<Self>) -> Vec<Arc<dyn Probe>> {
        let one = |kind| Arc::new(One { kind, probes: self.clone() }) as Arc<dyn Probe>;
        KINDS.into_iter().map(one).chain([Arc::new(Scenarios(self.clone())) as Arc<dyn Probe>]).collect()
    }

    /// Runs the package, or hands out the run that another kind has asked for: each kind gets a run once, so that
    /// checks that are asked for again run again.
    async fn ran(&self, kind: ProbeKind, package: &Package) -> Result<Arc<Ran>, ProbeError> {
        let mut last = self.last.lock().await;
        if let Some(mut known) = last.take().filter(|l| l.package == package.digest && !l.taken.contains(&kind)) {
            known.taken.push(kind);
            let ran = known.ran.clone();
            if known.taken.len() < KINDS.len() {
                *last = Some(known);
            }
            return ran;
        }
        let ran = run::run(&self.config, package).await.map(Arc::new);
        *last = Some(Last { package: package.digest, taken: vec![kind], ran: ran.clone() });
        ran
    }
}

/// One of the three.
struct One {
    kind: ProbeKind,
    probes: Arc<Probes>,
}

#[async_trait]
impl Probe for One {
    fn kind(&self) -> ProbeKind {
        self.kind
    }

    async fn run(&self, package: &Package) -> Result<Measured, ProbeError> {
        let ran = self.probes.ran(self.kind, package).await?;
        Ok(verdict::measured(self.kind, &ran))
    }
}

/// The play of the scenarios.
struct Scenarios(Arc<Probes>);

#[async_trait]
impl Probe for Scenarios {
    fn kind(&self) -> ProbeKind {
        ProbeKind::Scenarios
    }

    async fn run(&self, package: &Package) -> Result<Measured, ProbeError> {
        // Not beside a run that measures.
        let _alone = self.0.last.lock().await;
        scenarios::played(&self.0.config, package).await
    }
}

//! What an operator sets.

use crate::engine::Profile;
use crate::engines::Engines;
use crate::interceptor::Observer;
use crate::journal::Journals;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// How the runtime runs.
#[derive(Clone)]
pub struct RuntimeConfig {
    /// Engines that other runtimes run on as well. They were made with settings like these, from the folder of
    /// precompiled components to the compiling child, and only they count for them; the runtime makes its own when
    /// absent.
    pub engines: Option<Arc<Engines>>,
    /// The folder of precompiled components. Created with mode 0700.
    pub cache_dir: PathBuf,
    /// The platform's secret. Keys of installations and of the cache are derived from it.
    pub secret: [u8; 32],
    /// The secret of the cache's key, where it is another one: of a runtime that shares the folder with
    /// another one and none of the keys of installations. [`RuntimeConfig::secret`] when absent.
    pub cache_secret: Option<[u8; 32]>,
    /// The pool of ordinary components.
    pub small: PoolConfig,
    /// The pool of components that carry an interpreter.
    pub large: PoolConfig,
    /// The pool of components with asynchronous functions (WASI 0.3).
    pub concurrent: PoolConfig,
    /// How many instances one installation may run at once; at most an eighth of its pool.
    pub per_installation: u32,
    /// How long a call waits for a free instance before it is refused as overloaded.
    pub queue_timeout: Duration,
    /// Bytes that the linear memories and tables of all instances together may take; half of the
    /// machine's memory when absent. One installation gets at most half of it.
    pub total_memory: Option<usize>,
    /// How often a running guest lets others have the thread; also how exactly limits of CPU
    /// time are kept.
    pub tick: Duration,
    /// The compiling child.
    pub compiler: CompilerConfig,
    /// Outgoing HTTP.
    pub outbound: OutboundConfig,
    /// Sees every host call: for faults in tests.
    pub observer: Option<Arc<dyn Observer>>,
    /// Who wants the journals of requests that failed; nobody when absent.
    pub journals: Option<Arc<dyn Journals>>,
    /// Bytes of calls, and of the request, that are written down for one journal. One that would be larger is not kept.
    pub journal_limit: usize,
    /// How much of the guest's source can be seen in what is compiled.
    pub insight: Insight,
}

/// How much of the guest's source can be seen in compiled code. Code of one kind is of no use to an engine of another.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Insight {
    /// Names of functions: what serves people.
    #[default]
    Names,
    /// Files and lines as well, where the component has them: for backtraces.
    Lines,
    /// Lines and variables for a native debugger (DWARF and the interface of gdb for code made at run time), without
    /// optimisation.
    Debugger,
}

impl Insight {
    /// The name, as the compiling child gets it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Names => "names",
            Self::Lines => "lines",
            Self::Debugger => "debugger",
        }
    }

    pub(crate) fn named(name: &str) -> Option<Self> {
        [Self::Names, Self::Lines, Self::Debugger].into_iter().find(|i| i.name() == name)
    }
}

impl RuntimeConfig {
    /// The defaults, with this cache folder and secret.
    #[must_use]
    pub fn new(cache_dir: impl Into<PathBuf>, secret: [u8; 32]) -> Self {
        Self {
            engines: None,
            cache_dir: cache_dir.into(),
            secret,
            cache_secret: None,
            small: PoolConfig { instances: 1_000 },
            large: PoolConfig { instances: 64 },
            concurrent: PoolConfig { instances: 200 },
            per_installation: 64,
            queue_timeout: Duration::from_secs(1),
            total_memory: None,
            tick: Duration::from_millis(5),
            compiler: CompilerConfig::default(),
            outbound: OutboundConfig::default(),
            observer: None,
            journals: None,
            journal_limit: 1 << 20,
            insight: Insight::Names,
        }
    }
}

impl RuntimeConfig {
    /// The pool of a profile.
    #[must_use]
    pub(crate) fn pool(&self, profile: Profile) -> PoolConfig {
        match profile {
            Profile::Small => self.small,
            Profile::Large => self.large,
            Profile::Concurrent => self.concurrent,
        }
    }

    /// How many instances one installation of a profile may run at once: seven busy apps still
    /// leave room for an eighth.
    #[must_use]
    pub(crate) fn share(&self, profile: Profile) -> usize {
        self.per_installation.min(self.pool(profile).instances / 8).max(1) as usize
    }
}

/// The size of one engine's pool.
#[derive(Clone, Copy, Debug)]
pub struct PoolConfig {
    /// Instances that can live at once. They take address space, not memory.
    pub instances: u32,
}

/// The compiling child and its limits. A component that compiles badly takes this process down,
/// never the host.
#[derive(Clone, Debug)]
pub struct CompilerConfig {
    /// The program and its first arguments; the profile's name follows. The running executable
    /// with `compile-component` when absent.
    pub command: Option<(PathBuf, Vec<String>)>,
    /// Wall time. It ends a child that hangs; one that works is bounded by its CPU time, however busy the machine is.
    pub timeout: Duration,
    /// CPU time of the child in seconds (RLIMIT_CPU).
    pub cpu_seconds: u64,
    /// Address space of the child in bytes (RLIMIT_AS).
    pub address_space: u64,
    /// Whether the code is to be fast, or the compiler: whoever writes an app waits for the one, citizens for the
    /// other.
    pub optimize: bool,
}

impl Default for CompilerConfig {
    fn default() -> Self {
        // A Python interpreter of 18 MB takes 20 s and less than 2 GiB on a busy machine.
        Self {
            command: None,
            timeout: Duration::from_secs(1_200),
            cpu_seconds: 300,
            address_space: 6 << 30,
            optimize: true,
        }
    }
}

/// Outgoing HTTP of all installations.
#[derive(Clone, Debug)]
pub struct OutboundConfig {
    /// Addresses that the operator fixes, by `host` or `host:port`. They are not looked up, and
    /// they alone may be private: the way to a service inside the city's own network.
    pub pinned: BTreeMap<String, SocketAddr>,
    /// To connect, TLS included.
    pub connect_timeout: Duration,
    /// Until the first byte, and between two.
    pub read_timeout: Duration,
    /// The largest response body in bytes.
    pub max_response: u64,
    /// Requests that one invocation may send; with 0 no name is looked up and no connection made.
    pub max_requests: u32,
}

impl Default for OutboundConfig {
    fn default() -> Self {
        Self {
            pinned: BTreeMap::new(),
            connect_timeout: Duration::from_secs(5),
            read_timeout: Duration::from_secs(10),
            max_response: 8 << 20,
            max_requests: 32,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_installation_can_take_a_whole_pool() {
        let config = RuntimeConfig::new("unused", [0; 32]);
        for (profile, pool) in Profile::ALL.map(|p| (p, config.pool(p))) {
            let share = config.share(profile);
            assert!(share >= 1 && share <= pool.instances as usize / 8, "{profile:?}: {share}");
        }
    }
}

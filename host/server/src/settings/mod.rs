//! The configuration file: what an operator can set, with defaults that say why.
//!
//! These types are the one source: `yunlong config schema` prints the JSON Schema that is derived
//! from them, `docs/configuration.md` is made of that schema, and the same schema's ranges are what a
//! file is checked against. Secrets never stand here: a key is named by its file.

mod accounts;
mod docs;
mod read;
mod registry;
mod sharing;

pub(crate) use accounts::{Accounts, Provider, Trusts};
pub(crate) use docs::markdown;
pub(crate) use read::{Read, SettingsError, read, schema};
pub(crate) use registry::Registry;
pub(crate) use sharing::{Audit, Hub, Witness};

use http::HeaderName;
use schemars::JsonSchema;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;
use yunlong_gateway::GatewayConfig;
use yunlong_identity::IdentityConfig;
use yunlong_runtime::{CompilerConfig, OutboundConfig, PoolConfig, RuntimeConfig};
use yunlong_store::sled_engine::SledOptions;

const KIB: usize = 1 << 10;
const MIB: usize = 1 << 20;

/// How `yunlong serve` runs.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Settings {
    /// The data folder: store, registry, compiled components, the platform's secret. `--data` and YUNLONG_DATA.
    pub(crate) data: Option<PathBuf>,
    /// The portal's address as browsers see it, such as `https://city.example`; the console and the apps
    /// are below it. Plain http is for names under `localhost` only. `--origin`; by default
    /// `http://localhost` and the port.
    pub(crate) origin: Option<String>,
    pub(crate) listen: Listen,
    pub(crate) proxy: Proxy,
    pub(crate) limits: Limits,
    pub(crate) sessions: Sessions,
    pub(crate) accounts: Accounts,
    pub(crate) provider: Vec<Provider>,
    pub(crate) runtime: Runtime,
    pub(crate) outbound: Outbound,
    pub(crate) messaging: Messaging,
    pub(crate) store: Store,
    pub(crate) quota: Quota,
    pub(crate) audit: Audit,
    pub(crate) witness: Vec<Witness>,
    pub(crate) hub: Hub,
    pub(crate) registry: Registry,
    pub(crate) keys: Keys,
    pub(crate) log: Log,
    pub(crate) telemetry: Telemetry,
    pub(crate) shutdown: Shutdown,
    /// The configuration file's folder: what it names may lie beside it.
    #[serde(skip)]
    pub(crate) beside: PathBuf,
}

/// Where the server listens.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Listen {
    /// The public listener's address. `--listen`.
    pub(crate) address: IpAddr,
    /// The public listener's port. `--port`.
    #[schemars(range(min = 1))]
    pub(crate) port: u16,
    /// The address of the admin listener: /healthz, /readyz, /metrics. Whoever reaches it can read
    /// them: keep it on loopback or a network of the operators' own. `--admin-listen`.
    pub(crate) admin_address: IpAddr,
    /// The admin listener's port; the public one plus 1 by default. `--admin-port`.
    #[schemars(range(min = 1))]
    pub(crate) admin_port: Option<u16>,
}

impl Default for Listen {
    fn default() -> Self {
        let loopback = IpAddr::V4(Ipv4Addr::LOCALHOST);
        Self { address: loopback, port: 8080, admin_address: loopback, admin_port: None }
    }
}

/// The proxy that ends TLS before this server.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Proxy {
    /// The header in which the proxy writes the client's address, such as `x-forwarded-for`; its last
    /// address counts, which the proxy itself has seen. Set it only where nobody can reach this server
    /// but through the proxy; without it all visitors of a proxy share one limit on failed sign-ins.
    #[schemars(regex(pattern = "^[A-Za-z0-9!#$%&'*+.^_`|~-]+$"))]
    pub(crate) client_header: Option<String>,
}

/// Limits of requests and connections.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Limits {
    /// The largest request body, in KiB. 1 MiB is much for JSON and forms.
    #[schemars(range(min = 1, max = 65_536))]
    pub(crate) body_kib: usize,
    /// The largest package that is taken in, in MiB. An interpreter compiled to wasm is about 30 MiB.
    #[schemars(range(min = 1, max = 1_024))]
    pub(crate) package_mib: usize,
    /// The longest path and query, in bytes (RFC 9110 section 4.1 recommends 8,000 at least).
    #[schemars(range(min = 256, max = 65_536))]
    pub(crate) uri_bytes: usize,
    /// The largest header section, in bytes of names and values.
    #[schemars(range(min = 4_096, max = 262_144))]
    pub(crate) header_bytes: usize,
    /// The most header fields.
    #[schemars(range(min = 20, max = 1_000))]
    pub(crate) header_count: usize,
    /// How long a client may take for its body, in seconds.
    #[schemars(range(min = 1, max = 3_600))]
    pub(crate) read_timeout_seconds: u64,
    /// How long a client may take for a file that it uploads, in seconds: a package at the console, by its API or
    /// pushed to the registry, a copy of advisories. On a line that carries less than about 1.4 megabits a second
    /// a package of 96 MiB needs more than the default. What pauses for half a minute is given up before.
    #[schemars(range(min = 30, max = 86_400))]
    pub(crate) upload_timeout_seconds: u64,
    /// How long one of the platform's own pages may take, in seconds. Apps have deadlines of their own.
    #[schemars(range(min = 1, max = 600))]
    pub(crate) page_timeout_seconds: u64,
    /// How long a connection may stay without a whole header section, in seconds: idle, or dripping one in.
    #[schemars(range(min = 1, max = 3_600))]
    pub(crate) idle_timeout_seconds: u64,
    /// The most connections at once; more wait in the kernel's queue. Each takes an open file.
    #[schemars(range(min = 1, max = 1_000_000))]
    pub(crate) connections: usize,
    /// Failed sign-ins for one account in a minute, before the password is looked at at all.
    #[schemars(range(min = 1, max = 10_000))]
    pub(crate) sign_in_failures_per_account: u32,
    /// Failed sign-ins from one client address (IPv6: /64) in a minute. An office shares an address, so
    /// it is generous; successes do not count.
    #[schemars(range(min = 1, max = 1_000_000))]
    pub(crate) sign_in_failures_per_client: u32,
}

impl Default for Limits {
    fn default() -> Self {
        let d = GatewayConfig::default();
        Self {
            body_kib: d.body_limit / KIB,
            package_mib: d.package_limit / MIB,
            uri_bytes: d.uri_limit,
            header_bytes: d.header_limit,
            header_count: d.header_count,
            read_timeout_seconds: d.read_timeout.as_secs(),
            upload_timeout_seconds: d.upload_timeout.as_secs(),
            page_timeout_seconds: d.page_timeout.as_secs(),
            idle_timeout_seconds: d.idle_timeout.as_secs(),
            connections: d.connections,
            sign_in_failures_per_account: d.sign_in_failures_per_account,
            sign_in_failures_per_client: d.sign_in_failures_per_client,
        }
    }
}

/// Sessions and locks of accounts.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Sessions {
    /// A session ends after this many minutes, used or not.
    #[schemars(range(min = 1, max = 43_200))]
    pub(crate) lifetime_minutes: u64,
    /// A browser's session ends when it was not used for this many minutes.
    #[schemars(range(min = 1, max = 43_200))]
    pub(crate) idle_minutes: u64,
    /// Consecutive failures that lock an account.
    #[schemars(range(min = 1, max = 100))]
    pub(crate) failures_before_lock: u32,
    /// How long the first lock lasts, in minutes; each further one lasts twice as long.
    #[schemars(range(min = 1, max = 1_440))]
    pub(crate) first_lock_minutes: u64,
    /// Password hashes computed at the same time; each takes 19 MiB.
    #[schemars(range(min = 1, max = 256))]
    pub(crate) concurrent_hashes: usize,
}

impl Default for Sessions {
    fn default() -> Self {
        let d = IdentityConfig::default();
        Self {
            lifetime_minutes: d.session_lifetime.as_secs() / 60,
            idle_minutes: d.session_idle.as_secs() / 60,
            failures_before_lock: d.failures_before_lock,
            first_lock_minutes: d.first_lock.as_secs() / 60,
            concurrent_hashes: d.concurrent_hashes,
        }
    }
}

/// The pools of sandboxes.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Runtime {
    /// Instances of ordinary components that can live at once. They take address space, not memory.
    #[schemars(range(min = 8, max = 100_000))]
    pub(crate) instances: u32,
    /// Instances of components that carry an interpreter.
    #[schemars(range(min = 8, max = 10_000))]
    pub(crate) large_instances: u32,
    /// How many instances one installation may run at once; at most an eighth of its pool.
    #[schemars(range(min = 1, max = 10_000))]
    pub(crate) instances_per_installation: u32,
    /// How long a call waits for a free instance before it is refused as overloaded, in milliseconds.
    #[schemars(range(min = 1, max = 60_000))]
    pub(crate) queue_timeout_millis: u64,
    /// The memory of all instances together, in MiB; half of the machine's when absent. One installation
    /// gets at most half of it.
    #[schemars(range(min = 64))]
    pub(crate) memory_mib: Option<usize>,
    /// The folder of compiled components, which servers of one user on one machine may share; in the data folder when
    /// absent. It has a key of its own: whoever can write there can run code in this server.
    pub(crate) compiled: Option<PathBuf>,
    /// How long compiling one component may take, in seconds of CPU time of all its threads, and four times as long of
    /// wall time. What takes longer is refused. An interpreter of 20 MB takes 20 s and more.
    #[schemars(range(min = 1, max = 3_600))]
    pub(crate) compile_seconds: u64,
    /// How much address space compiling one component may take, in MiB.
    #[schemars(range(min = 256, max = 1_048_576))]
    pub(crate) compile_mib: u64,
}

impl Default for Runtime {
    fn default() -> Self {
        let d = RuntimeConfig::new("", [0; 32]);
        Self {
            instances: d.small.instances,
            large_instances: d.large.instances,
            instances_per_installation: d.per_installation,
            queue_timeout_millis: d.queue_timeout.as_secs() * 1_000 + u64::from(d.queue_timeout.subsec_millis()),
            memory_mib: d.total_memory.map(|b| b / MIB),
            compiled: None,
            compile_seconds: d.compiler.cpu_seconds,
            compile_mib: d.compiler.address_space >> 20,
        }
    }
}

/// HTTP that apps send to the hosts that they declare.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Outbound {
    /// Fixed addresses by `host` or `host:port`, such as `"bank.internal" = "10.0.0.7:8443"`. They are not
    /// looked up, and they alone may be private: the way to a service inside the city's own network.
    pub(crate) pinned: BTreeMap<String, SocketAddr>,
    /// To connect, TLS included, in seconds.
    #[schemars(range(min = 1, max = 300))]
    pub(crate) connect_timeout_seconds: u64,
    /// Until the first byte, and between two, in seconds.
    #[schemars(range(min = 1, max = 300))]
    pub(crate) read_timeout_seconds: u64,
    /// The largest response body, in KiB.
    #[schemars(range(min = 1, max = 1_048_576))]
    pub(crate) max_response_kib: u64,
    /// Requests that one invocation may send.
    #[schemars(range(min = 1, max = 10_000))]
    pub(crate) max_requests: u32,
}

impl Default for Outbound {
    fn default() -> Self {
        let d = OutboundConfig::default();
        Self {
            pinned: d.pinned,
            connect_timeout_seconds: d.connect_timeout.as_secs(),
            read_timeout_seconds: d.read_timeout.as_secs(),
            max_response_kib: d.max_response >> 10,
            max_requests: d.max_requests,
        }
    }
}

/// Deliveries of messages and jobs.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Messaging {
    /// Deliveries under way at one time. Each is an instance with memory of its own.
    #[schemars(range(min = 1, max = 10_000))]
    pub(crate) concurrency: usize,
    /// Deliveries under way at one time for one installation, so that a flooded queue never takes every place.
    #[schemars(range(min = 1, max = 10_000))]
    pub(crate) concurrency_per_installation: usize,
    /// After this many failed attempts a delivery becomes a dead letter.
    #[schemars(range(min = 1, max = 100))]
    pub(crate) attempts: u32,
    /// The delay after the first failure, in milliseconds; it doubles with each further one.
    #[schemars(range(min = 1, max = 3_600_000))]
    pub(crate) first_retry_millis: i64,
    /// No delay is longer, in seconds.
    #[schemars(range(min = 1, max = 86_400))]
    pub(crate) longest_retry_seconds: i64,
}

impl Default for Messaging {
    fn default() -> Self {
        let d = yunlong_messaging::Config::default();
        Self {
            concurrency: d.concurrency,
            concurrency_per_installation: d.concurrency_per_installation,
            attempts: d.retry.attempts,
            first_retry_millis: d.retry.first_millis,
            longest_retry_seconds: d.retry.longest_millis / 1_000,
        }
    }
}

/// The embedded store.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Store {
    /// Memory for the index's pages, in MiB.
    #[schemars(range(min = 8, max = 1_048_576))]
    pub(crate) cache_mib: u64,
    /// Journals are replaced by a snapshot when they exceed this and the last snapshot's size, in MiB.
    #[schemars(range(min = 1, max = 1_048_576))]
    pub(crate) journal_mib: u64,
    /// Free space of the data folder's file system that is kept, in MiB. When less is free, what would be
    /// written is refused, reading goes on, and /readyz says so; writing comes back by itself.
    #[schemars(range(max = 1_073_741_824))]
    pub(crate) reserve_mib: u64,
}

impl Default for Store {
    fn default() -> Self {
        let d = SledOptions::default();
        Self { cache_mib: d.cache_bytes >> 20, journal_mib: d.journal_bytes >> 20, reserve_mib: d.reserve_bytes >> 20 }
    }
}

/// How much each installation may store: documents, indexes, messages, audit rows, its log.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Quota {
    /// MiB for each installation.
    #[schemars(range(min = 1, max = 1_073_741_824))]
    pub(crate) mib: u64,
    /// MiB for single installations, by name, such as `tourism-ticketing = 20480`.
    pub(crate) installations: BTreeMap<String, u64>,
}

impl Default for Quota {
    fn default() -> Self {
        // A ticket with its order, rows of indexes and messages takes about 6 KiB: half a million of them.
        Self { mib: 4_096, installations: BTreeMap::new() }
    }
}

/// Key files. Each must be readable by the server's user only.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Keys {
    /// The platform's secret, 32 bytes; `secret.key` in the data folder when absent, made at the first
    /// start. Pairwise subjects and signed codes hang on it: guard it as you guard the data.
    pub(crate) platform: Option<PathBuf>,
    /// Keys that personal fields are encrypted with at rest (`yunlong data-key new --out FILE`). The first
    /// one encrypts, the others are still read: to change the key put the new one first, restart, and
    /// remove the old one when the log says that nothing uses it. When the list is empty, a key that is
    /// derived from the platform's secret encrypts.
    pub(crate) data: Vec<PathBuf>,
}

/// The log, on standard error.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Log {
    /// What is logged, as `tracing` filters. `--log` and YUNLONG_LOG.
    pub(crate) filter: String,
    /// How. `--log-format` and YUNLONG_LOG_FORMAT.
    pub(crate) format: LogFormat,
}

impl Default for Log {
    fn default() -> Self {
        Self { filter: "info,yunlong::access=warn".into(), format: LogFormat::Text }
    }
}

/// How the log is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, serde::Serialize, JsonSchema, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum LogFormat {
    /// Lines for people.
    Text,
    /// A JSON object a line.
    Json,
}

/// Traces.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Telemetry {
    /// The OTLP collector (HTTP) that traces are sent to, such as `http://localhost:4318`. `--otlp` and
    /// OTEL_EXPORTER_OTLP_ENDPOINT.
    pub(crate) otlp: Option<String>,
}

/// How the server ends after SIGTERM.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Shutdown {
    /// How long the server goes on to take requests after /readyz has turned to 503, in seconds: as long
    /// as the load balancer needs to notice.
    #[schemars(range(max = 300))]
    pub(crate) unready_seconds: u64,
    /// How long requests that are under way may take to end then, in seconds.
    #[schemars(range(min = 1, max = 600))]
    pub(crate) grace_seconds: u64,
}

impl Default for Shutdown {
    fn default() -> Self {
        Self { unready_seconds: 0, grace_seconds: GatewayConfig::default().drain.as_secs() }
    }
}

impl Settings {
    /// The data folder.
    pub(crate) fn data(&self) -> Result<&Path, SettingsError> {
        self.data.as_deref().ok_or(SettingsError::NoData)
    }

    /// The admin listener's address.
    pub(crate) fn admin_address(&self) -> Result<SocketAddr, SettingsError> {
        let port = match self.listen.admin_port {
            Some(port) => port,
            None => self.listen.port.checked_add(1).ok_or(SettingsError::NoAdminPort)?,
        };
        let address = SocketAddr::new(self.listen.admin_address, port);
        if port == self.listen.port { Err(SettingsError::OnePort) } else { Ok(address) }
    }

    pub(crate) fn public_address(&self) -> SocketAddr {
        SocketAddr::new(self.listen.address, self.listen.port)
    }

    /// How long a file may take to arrive, at the console as at the registry.
    pub(crate) fn upload_timeout(&self) -> Duration {
        Duration::from_secs(self.limits.upload_timeout_seconds)
    }

    pub(crate) fn gateway(&self) -> Result<GatewayConfig, SettingsError> {
        let l = &self.limits;
        let header = self.proxy.client_header.as_deref().map(|h| {
            h.parse::<HeaderName>().map_err(|_| SettingsError::Value {
                key: "proxy.client_header".into(),
                problem: format!("`{h}` is not the name of a header"),
            })
        });
        Ok(GatewayConfig {
            body_limit: l.body_kib * KIB,
            package_limit: l.package_mib * MIB,
            uri_limit: l.uri_bytes,
            header_limit: l.header_bytes,
            header_count: l.header_count,
            read_timeout: Duration::from_secs(l.read_timeout_seconds),
            upload_timeout: self.upload_timeout(),
            page_timeout: Duration::from_secs(l.page_timeout_seconds),
            idle_timeout: Duration::from_secs(l.idle_timeout_seconds),
            connections: l.connections,
            client_header: header.transpose()?,
            sign_in_failures_per_account: l.sign_in_failures_per_account,
            sign_in_failures_per_client: l.sign_in_failures_per_client,
            drain: Duration::from_secs(self.shutdown.grace_seconds),
            self_registration: self.accounts.self_registration,
            // What `serve` adds itself (providers) and what nobody needs to set.
            ..GatewayConfig::default()
        })
    }

    pub(crate) fn identity(&self, demo: bool) -> IdentityConfig {
        let base = if demo { IdentityConfig::demo() } else { IdentityConfig::default() };
        let s = &self.sessions;
        IdentityConfig {
            session_lifetime: Duration::from_secs(s.lifetime_minutes * 60),
            session_idle: Duration::from_secs(s.idle_minutes * 60),
            failures_before_lock: s.failures_before_lock,
            first_lock: Duration::from_secs(s.first_lock_minutes * 60),
            concurrent_hashes: s.concurrent_hashes,
            ..base
        }
    }

    pub(crate) fn runtime(&self, cache: PathBuf, secret: [u8; 32]) -> RuntimeConfig {
        let (r, o) = (&self.runtime, &self.outbound);
        let base = RuntimeConfig::new(cache, secret);
        RuntimeConfig {
            small: PoolConfig { instances: r.instances },
            large: PoolConfig { instances: r.large_instances },
            per_installation: r.instances_per_installation,
            queue_timeout: Duration::from_millis(r.queue_timeout_millis),
            total_memory: r.memory_mib.map(|m| m.saturating_mul(MIB)),
            compiler: CompilerConfig {
                // A machine that is busy is no reason to refuse a component; a child that hangs is.
                timeout: Duration::from_secs(4 * r.compile_seconds),
                cpu_seconds: r.compile_seconds,
                address_space: r.compile_mib << 20,
                ..base.compiler.clone()
            },
            outbound: OutboundConfig {
                pinned: o.pinned.clone(),
                connect_timeout: Duration::from_secs(o.connect_timeout_seconds),
                read_timeout: Duration::from_secs(o.read_timeout_seconds),
                max_response: o.max_response_kib << 10,
                max_requests: o.max_requests,
            },
            ..base
        }
    }

    pub(crate) fn quotas(&self) -> yunlong_installations::Quotas {
        let bytes = |mib: u64| mib.saturating_mul(MIB as u64);
        let single = self.quota.installations.iter().map(|(name, mib)| (name.clone(), bytes(*mib)));
        yunlong_installations::Quotas::new(bytes(self.quota.mib), single.collect())
    }

    pub(crate) fn messaging(&self) -> yunlong_messaging::Config {
        let m = &self.messaging;
        let base = yunlong_messaging::Config::default();
        yunlong_messaging::Config {
            concurrency: m.concurrency,
            concurrency_per_installation: m.concurrency_per_installation,
            retry: yunlong_messaging::RetryPolicy {
                attempts: m.attempts,
                first_millis: m.first_retry_millis,
                longest_millis: m.longest_retry_seconds * 1_000,
            },
            ..base
        }
    }

    pub(crate) fn store(&self) -> SledOptions {
        let s = &self.store;
        let base = SledOptions::default();
        SledOptions {
            cache_bytes: s.cache_mib << 20,
            journal_bytes: s.journal_mib << 20,
            reserve_bytes: s.reserve_mib << 20,
            ..base
        }
    }
}

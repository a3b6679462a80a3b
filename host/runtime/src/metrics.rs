//! Figures of each installation, for Prometheus.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};
use std::sync::atomic::AtomicU64;

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Outcome {
    installation: String,
    kind: &'static str,
    outcome: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Of {
    installation: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Call {
    installation: String,
    interface: &'static str,
}

/// All figures of the runtime.
#[derive(Clone)]
pub(crate) struct Metrics {
    invocations: Family<Outcome, Counter>,
    duration: Family<Of, Histogram, fn() -> Histogram>,
    cpu: Family<Of, Counter<f64, AtomicU64>>,
    calls: Family<Call, Counter>,
    memory: Family<Of, Gauge>,
    running: Family<Of, Gauge>,
}

fn durations() -> Histogram {
    Histogram::new([0.000_1, 0.000_5, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 30.0])
}

impl Default for Metrics {
    fn default() -> Self {
        Self {
            invocations: Family::default(),
            duration: Family::new_with_constructor(durations as fn() -> Histogram),
            cpu: Family::default(),
            calls: Family::default(),
            memory: Family::default(),
            running: Family::default(),
        }
    }
}

impl Metrics {
    /// Makes the figures part of `registry`, whose prefix is the platform's.
    pub(crate) fn register(&self, registry: &mut Registry) {
        registry.register(
            "invocations",
            "Requests, messages, jobs and lifecycle calls, by outcome",
            self.invocations.clone(),
        );
        registry.register_with_unit(
            "invocation_duration",
            "Wall time of invocations",
            Unit::Seconds,
            self.duration.clone(),
        );
        registry.register_with_unit("guest_cpu", "CPU time of invocations", Unit::Seconds, self.cpu.clone());
        registry.register(
            "host_calls",
            "Calls into the host, by interface; `all` counts every one",
            self.calls.clone(),
        );
        registry.register_with_unit(
            "guest_memory_peak",
            "The largest memory of one instance so far",
            Unit::Bytes,
            self.memory.clone(),
        );
        registry.register("running_instances", "Instances that run now", self.running.clone());
    }

    /// The figures of one installation, looked up once.
    pub(crate) fn of(&self, installation: &str) -> InstallationMetrics {
        let of = Of { installation: installation.to_owned() };
        InstallationMetrics {
            duration: self.duration.get_or_create(&of).clone(),
            cpu: self.cpu.get_or_create(&of).clone(),
            all_calls: self
                .calls
                .get_or_create(&Call { installation: installation.to_owned(), interface: "all" })
                .clone(),
            memory: self.memory.get_or_create(&of).clone(),
            running: self.running.get_or_create(&of).clone(),
            metrics: self.clone(),
            installation: installation.to_owned(),
        }
    }
}

/// The figures of one installation.
pub(crate) struct InstallationMetrics {
    pub(crate) duration: Histogram,
    pub(crate) cpu: Counter<f64, AtomicU64>,
    pub(crate) all_calls: Counter,
    pub(crate) memory: Gauge,
    pub(crate) running: Gauge,
    metrics: Metrics,
    installation: String,
}

impl InstallationMetrics {
    pub(crate) fn outcome(&self, kind: &'static str, outcome: &'static str) {
        self.metrics
            .invocations
            .get_or_create(&Outcome { installation: self.installation.clone(), kind, outcome })
            .inc();
    }

    pub(crate) fn calls(&self, interface: &'static str, n: u64) {
        self.metrics.calls.get_or_create(&Call { installation: self.installation.clone(), interface }).inc_by(n);
    }
}

/// Counts a running instance for as long as it lives.
pub(crate) struct Running(Gauge);

impl Running {
    pub(crate) fn new(gauge: &Gauge) -> Self {
        gauge.inc();
        Self(gauge.clone())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.0.dec();
    }
}

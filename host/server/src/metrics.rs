//! Figures of the queues, the installations, the store and the process, for Prometheus.

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric as _};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::{Registry, Unit};
use std::sync::{Arc, Weak};
use yunlong_audit::{AuditWatch, WitnessStatus};
use yunlong_installations::{Installations, Status};
use yunlong_messaging::{Messaging, QueueStats};
use yunlong_store::sled_engine::SledStore;

/// Makes these figures part of `registry`.
pub(crate) fn register(
    registry: &mut Registry,
    messaging: Arc<Messaging>,
    installations: Arc<Installations>,
    engine: Arc<SledStore>,
    audit: AuditWatch,
) {
    registry.register_collector(Box::new(Log(audit)));
    registry.register_collector(Box::new(Queues(messaging)));
    // Collectors live as long as the registry, which must not keep the store open.
    registry.register_collector(Box::new(Storage { installations, engine: Arc::downgrade(&engine) }));
}

/// What is installed, and what it and the platform's services store.
struct Storage {
    installations: Arc<Installations>,
    engine: Weak<SledStore>,
}

impl std::fmt::Debug for Storage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Storage")
    }
}

fn gauge(value: u64) -> ConstGauge {
    ConstGauge::new(i64::try_from(value).unwrap_or(i64::MAX))
}

impl Collector for Storage {
    fn encode(&self, mut encoder: DescriptorEncoder) -> Result<(), std::fmt::Error> {
        let all = self.installations.list();
        let mut family = encoder.encode_descriptor(
            "installation_up",
            "1 when the installation serves, 0 when it was stopped or has failed",
            None,
            MetricType::Gauge,
        )?;
        for i in &all {
            let up = gauge(u64::from(matches!(i.status, Status::Running)));
            up.encode(family.encode_family(&[("installation", i.name.as_str())])?)?;
        }
        let mut family = encoder.encode_descriptor(
            "quota",
            "Bytes that the installation may store",
            Some(&Unit::Bytes),
            MetricType::Gauge,
        )?;
        for i in &all {
            gauge(self.installations.quota(&i.name))
                .encode(family.encode_family(&[("installation", i.name.as_str())])?)?;
        }
        if let Some(engine) = self.engine.upgrade() {
            let mut family = encoder.encode_descriptor(
                "stored",
                "Bytes of keys and values, by installation or service of the platform (`@identity`)",
                Some(&Unit::Bytes),
                MetricType::Gauge,
            )?;
            for (space, bytes) in engine.usage().unwrap_or_default() {
                gauge(u64::try_from(bytes).unwrap_or(0)).encode(family.encode_family(&[("space", space.as_str())])?)?;
            }
            let space = engine.space();
            let writable = engine.stopped().is_none() && space.refuses(0).is_none();
            let single = [
                (
                    "store_writable",
                    "1 while commits are taken, 0 when the disk is full or the store has stopped",
                    Some(u64::from(writable)),
                ),
                ("store_free_bytes", "Free bytes of the data folder's file system", space.free),
                ("store_reserve_bytes", "Bytes of it that are kept", Some(space.reserve)),
            ];
            for (name, help, value) in single.into_iter().filter_map(|(n, h, v)| Some((n, h, v?))) {
                gauge(value).encode(encoder.encode_descriptor(name, help, None, MetricType::Gauge)?)?;
            }
        }
        let process = [
            ("process_resident_bytes", "Memory of the process", resident_bytes()),
            ("process_open_files", "Open files of the process", open_files()),
        ];
        for (name, help, value) in process.into_iter().filter_map(|(n, h, v)| Some((n, h, v?))) {
            gauge(value).encode(encoder.encode_descriptor(name, help, None, MetricType::Gauge)?)?;
        }
        Ok(())
    }
}

/// The resident set, from proc(5); `None` where there is no such file.
fn resident_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let kib: u64 =
        status.lines().find_map(|l| l.strip_prefix("VmRSS:"))?.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib * 1_024)
}

fn open_files() -> Option<u64> {
    Some(std::fs::read_dir("/proc/self/fd").ok()?.count() as u64)
}

/// The audit log.
struct Log(AuditWatch);

impl std::fmt::Debug for Log {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Log")
    }
}

impl Collector for Log {
    fn encode(&self, mut encoder: DescriptorEncoder) -> Result<(), std::fmt::Error> {
        let log = self.0.standing();
        let at = log.checkpoint_at.map(|at| u64::try_from(at.0 / 1_000).unwrap_or(0));
        let single = [
            ("audit_waiting_entries", "Entries of the audit without a leaf", Some(log.waiting)),
            ("audit_wait_seconds", "How long the oldest of them has waited", Some(log.wait.as_secs())),
            (
                "audit_growing",
                "1 while the log grows, 0 when its last step failed or reads have stopped",
                Some(u64::from(log.failing.is_none() && !log.stopped)),
            ),
            ("audit_leaves", "Leaves under the newest checkpoint", Some(log.leaves)),
            ("audit_checkpoint_timestamp_seconds", "When the newest checkpoint was signed", at),
        ];
        for (name, help, value) in single.into_iter().filter_map(|(n, h, v)| Some((n, h, v?))) {
            gauge(value).encode(encoder.encode_descriptor(name, help, None, MetricType::Gauge)?)?;
        }
        type OfWitness = fn(&WitnessStatus) -> u64;
        let gauges: [(&str, &str, OfWitness); 2] = [
            ("audit_witnessed_leaves", "Leaves that the witness has cosigned since the start", |w| w.cosigned),
            ("audit_witness_refuses", "1 while the witness holds that the log was changed", |w| {
                u64::from(w.refusal.is_some())
            }),
        ];
        for (name, help, value) in gauges {
            let mut family = encoder.encode_descriptor(name, help, None, MetricType::Gauge)?;
            for w in &log.witnesses {
                gauge(value(w)).encode(family.encode_family(&[("witness", w.name.as_str())])?)?;
            }
        }
        let help = "How often the witness has refused since the start";
        let mut family = encoder.encode_descriptor("audit_witness_refusals", help, None, MetricType::Counter)?;
        for w in &log.witnesses {
            ConstCounter::new(w.refusals).encode(family.encode_family(&[("witness", w.name.as_str())])?)?;
        }
        Ok(())
    }
}

struct Queues(Arc<Messaging>);

impl std::fmt::Debug for Queues {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Queues")
    }
}

type Figure = (&'static str, &'static str, fn(&QueueStats) -> u64);

const GAUGES: [Figure; 2] = [
    ("queue_depth", "Messages that are ready or wait for a retry, as far as they were read", |s| s.depth),
    ("queue_deliveries_running", "Deliveries under way", |s| s.running),
];
const COUNTERS: [Figure; 4] = [
    ("queue_delivered", "Deliveries that were acknowledged", |s| s.delivered),
    ("queue_retried", "Attempts that failed and are repeated", |s| s.retried),
    ("queue_conflicts", "Deliveries that were run again because of a conflict", |s| s.conflicts),
    ("queue_dead_letters", "Deliveries that became dead letters", |s| s.dead),
];

impl Collector for Queues {
    fn encode(&self, mut encoder: DescriptorEncoder) -> Result<(), std::fmt::Error> {
        let stats = self.0.stats();
        for (name, help, value) in GAUGES {
            let mut family = encoder.encode_descriptor(name, help, None, MetricType::Gauge)?;
            for s in &stats {
                let gauge = ConstGauge::new(i64::try_from(value(s)).unwrap_or(i64::MAX));
                gauge.encode(family.encode_family(&[("installation", s.installation.as_str())])?)?;
            }
        }
        for (name, help, value) in COUNTERS {
            let mut family = encoder.encode_descriptor(name, help, None, MetricType::Counter)?;
            for s in &stats {
                ConstCounter::new(value(s))
                    .encode(family.encode_family(&[("installation", s.installation.as_str())])?)?;
            }
        }
        Ok(())
    }
}

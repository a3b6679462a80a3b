//! Figures of the queues and of the process, for Prometheus.

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric as _};
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Registry;
use std::sync::Arc;
use yunlong_messaging::{Messaging, QueueStats};

/// Makes the queues' figures part of `registry`.
pub(crate) fn register(registry: &mut Registry, messaging: Arc<Messaging>) {
    registry.register_collector(Box::new(Queues(messaging)));
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
            let mut family =
                encoder.encode_descriptor(name, help, None, prometheus_client::metrics::MetricType::Gauge)?;
            for s in &stats {
                let gauge = ConstGauge::new(i64::try_from(value(s)).unwrap_or(i64::MAX));
                gauge.encode(family.encode_family(&[("installation", s.installation.as_str())])?)?;
            }
        }
        for (name, help, value) in COUNTERS {
            let mut family =
                encoder.encode_descriptor(name, help, None, prometheus_client::metrics::MetricType::Counter)?;
            for s in &stats {
                ConstCounter::new(value(s))
                    .encode(family.encode_family(&[("installation", s.installation.as_str())])?)?;
            }
        }
        Ok(())
    }
}

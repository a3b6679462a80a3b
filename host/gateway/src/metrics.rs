//! What the gateway counts, in the text format of Prometheus / OpenMetrics.

use parking_lot::Mutex;
use prometheus_client::encoding::{EncodeLabelSet, text::encode};
use prometheus_client::metrics::{counter::Counter, family::Family, gauge::Gauge, histogram::Histogram};
use prometheus_client::registry::Registry;
use std::time::Duration;

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct RequestLabels {
    /// `portal`, `console`, an installation's name, or `none` for a wrong host.
    site: String,
    /// `2xx` and so on: single codes would multiply the series without telling more than the log.
    status: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct SiteLabels {
    site: String,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct ReasonLabels {
    reason: &'static str,
}

/// The gateway's metrics and the registry in which other parts put theirs.
#[derive(Debug)]
pub struct Metrics {
    registry: Mutex<Registry>,
    requests: Family<RequestLabels, Counter>,
    seconds: Family<SiteLabels, Histogram>,
    in_flight: Gauge,
    refused: Family<ReasonLabels, Counter>,
    sign_ins: Family<ReasonLabels, Counter>,
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::with_prefix("yunlong");
        let requests = Family::<RequestLabels, Counter>::default();
        // From a static file to the longest deadline of a guest.
        let seconds = Family::<SiteLabels, Histogram>::new_with_constructor(|| {
            Histogram::new([
                0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 2.5, 10.0, 60.0,
            ])
        });
        let in_flight = Gauge::default();
        let refused = Family::<ReasonLabels, Counter>::default();
        let sign_ins = Family::<ReasonLabels, Counter>::default();
        registry.register("http_requests", "Answered requests", requests.clone());
        registry.register(
            "http_request_seconds",
            "Time from the header section to the answer's header section",
            seconds.clone(),
        );
        registry.register("http_requests_in_flight", "Requests being answered", in_flight.clone());
        registry.register(
            "http_failures",
            "Requests that ended in a failure of the gateway's own, by kind",
            refused.clone(),
        );
        registry.register("sign_ins", "Sign-ins by outcome", sign_ins.clone());
        Self { registry: Mutex::new(registry), requests, seconds, in_flight, refused, sign_ins }
    }
}

impl Metrics {
    /// Lets another part of the platform register its metrics.
    pub fn register<R>(&self, f: impl FnOnce(&mut Registry) -> R) -> R {
        f(&mut self.registry.lock())
    }

    /// Everything as text.
    #[must_use]
    pub fn encode(&self) -> String {
        let mut out = String::with_capacity(8 * 1024);
        // Writing to a string does not fail.
        let _ = encode(&mut out, &self.registry.lock());
        out
    }

    pub(crate) fn begin(&self) -> InFlight<'_> {
        self.in_flight.inc();
        InFlight(&self.in_flight)
    }

    pub(crate) fn answered(&self, site: &str, status: u16, took: Duration) {
        let class = match status / 100 {
            1 => "1xx",
            2 => "2xx",
            3 => "3xx",
            4 => "4xx",
            _ => "5xx",
        };
        self.requests.get_or_create(&RequestLabels { site: site.to_owned(), status: class }).inc();
        self.seconds.get_or_create(&SiteLabels { site: site.to_owned() }).observe(took.as_secs_f64());
    }

    pub(crate) fn refused(&self, reason: &'static str) {
        self.refused.get_or_create(&ReasonLabels { reason }).inc();
    }

    pub(crate) fn sign_in(&self, outcome: &'static str) {
        self.sign_ins.get_or_create(&ReasonLabels { reason: outcome }).inc();
    }
}

/// Counts down when the answer is there or the client has gone.
pub(crate) struct InFlight<'a>(&'a Gauge);

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        self.0.dec();
    }
}

//! One run of a package: set up, call, write down.

use crate::ProbesConfig;
use crate::calls::{Call, Calls, Input};
use crate::city::{City, Unfounded};
use crate::report::{Figures, Ran, Report, Unloaded};
use bytes::Bytes;
use std::time::{Duration, Instant};
use tokio::time::timeout_at;
use tracing::Instrument as _;
use yunlong_messaging::DeliveryError;
use yunlong_publications::checks::ProbeError;
use yunlong_registry::Package;
use yunlong_runtime::InvocationError;

/// Batches of a migration after which it is said to go on for ever: there is next to no data.
const BATCHES: u32 = 20;

/// Runs a package.
///
/// # Errors
/// [`ProbeError`] when the probes themselves fail: that says nothing of the package.
pub(crate) async fn run(config: &ProbesConfig, package: &Package) -> Result<Ran, ProbeError> {
    let span = tracing::info_span!("probes", app = %package.manifest.name, package = %package.digest);
    probe(config, package).instrument(span).await
}

async fn probe(config: &ProbesConfig, package: &Package) -> Result<Ran, ProbeError> {
    let started = Instant::now();
    let city = match City::found(&config.sandbox, package).await {
        Ok(city) => city,
        Err(Unfounded::Broken(e)) => return Err(e),
        Err(Unfounded::Refused(error)) => {
            let limits = &config.sandbox.compiler;
            return Ok(Ran::Refused(Unloaded {
                error,
                wall_seconds: limits.timeout.as_secs(),
                cpu_seconds: limits.cpu_seconds,
                memory_mib: limits.address_space >> 20,
            }));
        }
    };
    let begun = Instant::now();
    let end = begun + config.budget;
    let mut calls = Calls::of(&package.manifest, city.exports(), city.name(), city.now());
    let limits = package.manifest.limits;
    let mut report = Report::new(limits, millis(config.budget), millis(begun - started), city.is_configured());
    while let Some(call) = calls.next() {
        if report.enough(&call) {
            report.entry(&call.entry).left_out += 1;
            continue;
        }
        let at = Instant::now();
        if at >= end {
            report.entry(&call.entry).late += 1;
            continue;
        }
        let (name, export, with) = (call.entry.clone(), call.export(), call.with.clone());
        let Ok(ended) = timeout_at(end.into(), make(&city, call)).await else {
            let entry = report.entry(&name);
            entry.late += 1;
            entry.cut_ms = Some(millis(at.elapsed()));
            continue;
        };
        let Called { took, error, page, endless } = ended?;
        report.called(&name, export, &with, took, error);
        report.entry(&name).endless |= endless;
        if let Some(page) = page {
            calls.follow(&page);
        }
    }
    report.called_ms = millis(begun.elapsed());
    let (calls, entries, took_ms) = (report.calls(), report.entries.len(), report.called_ms);
    tracing::info!(calls, entry_points = entries, took_ms, "probed");
    Ok(Ran::Called(report))
}

/// How a call ended.
struct Called {
    took: Figures,
    error: Option<InvocationError>,
    /// The body of an answer.
    page: Option<Bytes>,
    endless: bool,
}

async fn make(city: &City, call: Call) -> Result<Called, ProbeError> {
    city.meter().take();
    let (mut answered, mut page, mut endless) = (0, None, false);
    let failed = match call.input {
        Input::Request(who, request) => match city.request(who, request).await {
            Ok(response) => {
                answered = response.body().len() as u64;
                page = Some(response.into_body());
                None
            }
            Err(e) => Some(e),
        },
        Input::Install => city.install().await.err(),
        Input::Health => city.health().await.err(),
        Input::Migrate { from, to } => match migrate(city, from, to).await {
            Ok(went_on) => {
                endless = went_on;
                None
            }
            Err(e) => Some(e),
        },
        Input::Delivery(delivery) => match city.deliver(delivery).await {
            // What the guest refuses is its answer. What stopped it the meter knows.
            Ok(()) | Err(DeliveryError::Retry(_) | DeliveryError::Reject(_)) => None,
            Err(e @ (DeliveryError::Later(_) | DeliveryError::NotRunning)) => {
                Some(InvocationError::Internal(e.to_string()))
            }
        },
    };
    let took = city.meter().take();
    let error = took.as_ref().and_then(|t| t.error.clone()).or(failed);
    if let Some(e) = error.as_ref().filter(|e| e.is_platforms()) {
        return Err(ProbeError(format!("{}: {e}", call.entry)));
    }
    let figures = took.map_or_else(Figures::default, |t| Figures {
        wall_ms: millis(t.wall),
        cpu_ms: millis(t.cpu),
        memory_bytes: t.memory_peak as u64,
        host_calls: t.host_calls,
        answered_bytes: answered,
    });
    Ok(Called { took: figures, error, page, endless })
}

/// Runs a migration batch by batch; whether it still went on after [`BATCHES`].
async fn migrate(city: &City, from: u32, to: u32) -> Result<bool, InvocationError> {
    let mut cursor = None;
    for _ in 0..BATCHES {
        cursor = city.migrate(from, to, cursor).await?;
        if cursor.is_none() {
            return Ok(false);
        }
    }
    Ok(true)
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

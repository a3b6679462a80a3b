//! `yunlong serve`: starting in order, and ending in order within five seconds.

use crate::city::{City, Ground};
use crate::demo;
use crate::options::Serve;
use crate::progress::Progress;
use crate::telemetry::Telemetry;
use anyhow::{Context, Result};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tokio::task::JoinSet;
use yunlong_gateway::{GatewayConfig, Readiness, admin_router, router};
use yunlong_identity::{Identity, IdentityConfig, RelyingParty};
use yunlong_installations::Status;

/// What is under way may take this long to end after a signal: listeners and workers give their own
/// work 2 to 3 s.
const DRAIN: Duration = Duration::from_millis(3_800);
/// Whatever happens, the process is gone this long after a signal.
const LAST_RESORT: Duration = Duration::from_millis(4_700);

pub(crate) fn run(options: Serve) -> Result<()> {
    options.check()?;
    // Outside the asynchronous runtime: the exporter's client blocks.
    let telemetry = Telemetry::start(&options.log, options.log_format, options.otlp.as_deref())?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().context("no threads")?;
    let outcome = runtime.block_on(serve(&options));
    runtime.shutdown_timeout(Duration::from_millis(300));
    telemetry.stop();
    outcome
}

/// What runs in the background as long as the server does.
type Worker = std::pin::Pin<Box<dyn Future<Output = ()> + Send>>;

/// What the admin listener tells.
#[derive(Default)]
struct Health {
    phase: Mutex<Option<&'static str>>,
    ended: Mutex<Vec<String>>,
}

impl Health {
    fn phase(&self, phase: Option<&'static str>) {
        *self.phase.lock().unwrap_or_else(PoisonError::into_inner) = phase;
    }

    fn readiness(&self) -> Readiness {
        let phase = *self.phase.lock().unwrap_or_else(PoisonError::into_inner);
        let ended = self.ended.lock().unwrap_or_else(PoisonError::into_inner);
        let missing: Vec<String> = phase.map(str::to_owned).into_iter().chain(ended.iter().cloned()).collect();
        if missing.is_empty() { Readiness::Ready } else { Readiness::NotReady(missing) }
    }
}

async fn serve(options: &Serve) -> Result<()> {
    let stop = stop_signal()?;
    let health = Arc::new(Health::default());
    health.phase(Some("starting"));
    let (address, admin_address) = (options.public_address(), options.admin_address()?);
    let origins = options.origins()?;
    // Ports before work: one that is taken is told at once.
    let public = TcpListener::bind(address)
        .await
        .with_context(|| format!("{address} cannot be listened on: choose another --port"))?;
    let admin = TcpListener::bind(admin_address)
        .await
        .with_context(|| format!("{admin_address} cannot be listened on: choose another --admin-port"))?;
    let config = options.gateway()?;
    let mut identity = if options.demo.demo { IdentityConfig::demo() } else { IdentityConfig::default() };
    identity.relying_party =
        Some(RelyingParty { domain: origins.domain().to_owned(), origin: origins.portal().to_owned() });
    let ground = Ground::open(&options.data, identity).await?;
    let city = City::open(&options.data, ground, origins, address, config).await?;

    let mut tasks = JoinSet::new();
    let told = health.clone();
    let admin_routes = admin_router(city.gateway.metrics().clone(), Arc::new(move || told.readiness()));
    tasks.spawn(yunlong_gateway::serve(admin, admin_routes, GatewayConfig::default(), until(stop.clone())));
    tokio::select! {
        started = start(&city, options) => started?,
        // Killed while seeding: the next start goes on from what is there.
        () = until(stop.clone()) => return Ok(()),
    }

    let workers: [(&str, Worker); 4] = [
        ("the dispatcher of messages", Box::pin(city.messaging.clone().run(city.runtime.clone(), stop.clone()))),
        ("the payments worker", Box::pin(city.payments.clone().run(stop.clone()))),
        ("the log writer", Box::pin(city.log.clone().run(stop.clone()))),
        ("the purge of expired sessions", Box::pin(purge(city.identity.clone(), stop.clone()))),
    ];
    for (name, worker) in workers {
        let (health, stop) = (health.clone(), stop.clone());
        tasks.spawn(async move {
            // In a task of its own, so that a panic shows as an end.
            _ = tokio::spawn(worker).await;
            if !*stop.borrow() {
                tracing::error!(worker = name, "ended, which it should not");
                health.ended.lock().unwrap_or_else(PoisonError::into_inner).push(format!("{name} has ended"));
            }
        });
    }
    tasks.spawn(yunlong_gateway::serve(
        public,
        router(city.gateway.clone()),
        GatewayConfig::default(),
        until(stop.clone()),
    ));
    health.phase(None);
    println!("ready {}", city.gateway.origins().portal());

    until(stop).await;
    health.phase(Some("stopping"));
    tracing::info!("stopping");
    if tokio::time::timeout(DRAIN, async { while tasks.join_next().await.is_some() {} }).await.is_err() {
        tracing::warn!("something did not end in time and is cut off; nothing that was committed is lost");
        tasks.shutdown().await;
    }
    if let Err(error) = city.log.flush().await {
        tracing::warn!(%error, "the last lines of the apps' logs are lost");
    }
    Ok(())
}

/// Throws away expired sessions and codes once an hour.
async fn purge(identity: Arc<Identity>, stop: watch::Receiver<bool>) {
    loop {
        tokio::select! {
            () = until(stop.clone()) => return,
            () = tokio::time::sleep(Duration::from_secs(3_600)) => {}
        }
        if let Err(error) = identity.purge_expired().await {
            tracing::warn!(%error, "expired sessions stay until the next try");
        }
    }
}

/// Loads what is installed, then seeds the demo.
async fn start(city: &City, options: &Serve) -> Result<()> {
    let count = city.installations.list().iter().filter(|i| i.status != Status::Stopped).count();
    if count > 0 {
        let mut progress = Progress::new("loading apps", count);
        let mut first = true;
        let step = |i: &yunlong_installations::Installation| {
            if !std::mem::take(&mut first) {
                progress.advance(1);
            }
            progress.at(i.name.as_str());
        };
        city.gateway.operations().start_all(step).await.context("the installations cannot be loaded")?;
    }
    if options.demo.demo {
        demo::seed(city, &options.demo).await?;
    }
    Ok(())
}

/// Turns true at the first SIGTERM or SIGINT. A second one, or five seconds, end the process.
fn stop_signal() -> Result<watch::Receiver<bool>> {
    let (sender, receiver) = watch::channel(false);
    let mut term = signal(SignalKind::terminate()).context("no signals")?;
    let mut int = signal(SignalKind::interrupt()).context("no signals")?;
    tokio::spawn(async move {
        tokio::select! { _ = term.recv() => {}, _ = int.recv() => {} }
        // A thread, not a task: it must work when the asynchronous runtime does not.
        std::thread::spawn(|| {
            std::thread::sleep(LAST_RESORT);
            eprintln!("stopping took too long: ended");
            std::process::exit(1);
        });
        sender.send_replace(true);
        tokio::select! { _ = term.recv() => {}, _ = int.recv() => {} }
        std::process::exit(130);
    });
    Ok(receiver)
}

async fn until(mut stop: watch::Receiver<bool>) {
    // A dropped sender means that the runtime ends: as good as a signal.
    _ = stop.wait_for(|s| *s).await;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn readiness_names_what_is_missing() {
        let health = Health::default();
        assert_eq!(health.readiness(), Readiness::Ready);
        health.phase(Some("starting"));
        assert_eq!(health.readiness(), Readiness::NotReady(vec!["starting".into()]));
        health.phase(None);
        health.ended.lock().unwrap().push("the dispatcher has ended".into());
        assert_eq!(health.readiness(), Readiness::NotReady(vec!["the dispatcher has ended".into()]));
    }
}

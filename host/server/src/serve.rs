//! `yunlong serve`: starting in order, and ending in order within the time that is set for it.

use crate::backup::control;
use crate::city::{City, Ground};
use crate::data_keys;
use crate::demo;
use crate::journals;
use crate::options::Serve;
use crate::ports;
use crate::progress::Progress;
use crate::registry;
use crate::settings::Settings;
use crate::telemetry::Telemetry;
use anyhow::{Context, Result};
use std::pin::Pin;
use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};
use std::time::Duration;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tokio::task::JoinSet;
use yunlong_audit::{Audit, AuditWatch, Standing};
use yunlong_gateway::{Readiness, admin_router, router};
use yunlong_hub::Hub;
use yunlong_identity::{Identity, RelyingParty};
use yunlong_installations::{Installations, Status};
use yunlong_store::sled_engine::SledStore;

/// Workers give their own work 2 to 3 s; what is under way gets this much beside the grace that is
/// set for requests.
const BESIDE: Duration = Duration::from_millis(800);
/// Whatever happens, the process is gone this long after the last of it.
const LAST_RESORT: Duration = Duration::from_millis(900);

pub(crate) fn run(options: Serve) -> Result<()> {
    let settings = options.settings()?;
    // Outside the asynchronous runtime: the exporter's client blocks.
    let telemetry = Telemetry::start(&settings.log.filter, settings.log.format, settings.telemetry.otlp.as_deref())?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().context("no threads")?;
    let outcome = runtime.block_on(serve(&options, &settings));
    runtime.shutdown_timeout(Duration::from_millis(300));
    telemetry.stop();
    outcome
}

/// What runs in the background as long as the server does.
type Worker = Pin<Box<dyn Future<Output = ()> + Send>>;

/// What the admin listener tells.
#[derive(Default)]
struct Health {
    phase: Mutex<Option<&'static str>>,
    ended: Mutex<Vec<String>>,
    /// What is asked as well, once it is there. Answers under way must not keep the store open.
    city: OnceLock<(Weak<SledStore>, Weak<Installations>)>,
    /// The audit log, which tells without keeping anything open.
    log: OnceLock<AuditWatch>,
}

impl Health {
    fn phase(&self, phase: Option<&'static str>) {
        *self.phase.lock().unwrap_or_else(PoisonError::into_inner) = phase;
    }

    fn readiness(&self) -> Readiness {
        let phase = *self.phase.lock().unwrap_or_else(PoisonError::into_inner);
        let ended = self.ended.lock().unwrap_or_else(PoisonError::into_inner);
        let mut missing: Vec<String> = phase.map(str::to_owned).into_iter().chain(ended.iter().cloned()).collect();
        let mut degraded = Vec::new();
        let city = self.city.get().and_then(|(store, apps)| Some((store.upgrade()?, apps.upgrade()?)));
        if let Some((store, installations)) = city {
            missing.extend(store.stopped().map(|why| format!("the store has stopped: {why}")));
            // Reading goes on, so traffic may.
            degraded.extend(store.space().refuses(0).map(|full| format!("nothing is written: {full}")));
            degraded.extend(installations.list().iter().filter_map(|i| match &i.status {
                Status::Failed(why) => Some(format!("the installation {} has failed: {}", i.name, why.text().en)),
                Status::Recalled => Some(format!("the installation {} stands still: its version was recalled", i.name)),
                _ => None,
            }));
        }
        degraded.extend(self.log.get().into_iter().flat_map(|log| audit_troubles(&log.standing())));
        match (missing.is_empty(), degraded.is_empty()) {
            (false, _) => Readiness::NotReady(missing),
            (true, false) => Readiness::Degraded(degraded),
            (true, true) => Readiness::Ready,
        }
    }
}

/// What is wrong with the audit log, if anything is.
fn audit_troubles(log: &Standing) -> Vec<String> {
    let mut out = Vec::new();
    if log.stopped {
        let why = log.failing.as_deref().unwrap_or("more is recorded than gets leaves");
        out.push(format!(
            "personal data is not read, since the audit log does not grow: {} entries wait for a leaf, for {} s: {why}",
            log.waiting,
            log.wait.as_secs()
        ));
    } else if let Some(why) = &log.failing {
        out.push(format!("the audit log does not grow, and reads of personal data will stop: {why}"));
    }
    let refusals = log.witnesses.iter().filter_map(|w| Some((&w.name, w.refusal.as_ref()?)));
    out.extend(refusals.map(|(name, why)| format!("the witness {name} refuses to cosign the audit log: {why}")));
    out
}

async fn serve(options: &Serve, settings: &Settings) -> Result<()> {
    let grace = Duration::from_secs(settings.shutdown.grace_seconds);
    let unready = Duration::from_secs(settings.shutdown.unready_seconds);
    let signalled = stop_signal(unready + grace + BESIDE + LAST_RESORT)?;
    let health = Arc::new(Health::default());
    health.phase(Some("starting"));
    let (address, admin_address) = (settings.public_address(), settings.admin_address()?);
    let origins = options.origins(settings)?;
    // Ports before work: one that is taken is told at once.
    let public = ports::listen(address, "--port").await?;
    let admin = ports::listen(admin_address, "--admin-port").await?;
    let registry = match settings.registry.listener() {
        Some(at) => Some(ports::listen(at, "--registry-port").await?),
        None => None,
    };
    if options.demo.demo {
        demo::announce(settings.data()?, options.common.data.is_none());
    }
    let config = options.gateway(settings)?;
    let mut identity = settings.identity(options.demo.demo);
    identity.relying_party =
        Some(RelyingParty { domain: origins.domain().to_owned(), origin: origins.portal().to_owned() });
    let ground = Ground::open(settings, identity).await?;
    let city = City::open(settings, ground, origins, address, config, None).await?;
    _ = health.log.set(city.audit.watch());
    _ = health.city.set((Arc::downgrade(&city.engine), Arc::downgrade(&city.installations)));

    // The admin listener is the last to go: it tells that the others are going.
    let (admin_stop, admin_stopped) = watch::channel(false);
    let told = health.clone();
    let admin_routes = admin_router(city.gateway.metrics().clone(), Arc::new(move || told.readiness()));
    let admin = tokio::spawn(yunlong_gateway::serve(admin, admin_routes, settings.gateway()?, until(admin_stopped)));
    tokio::select! {
        started = start(&city, options) => started?,
        // Killed while seeding: the next start goes on from what is there.
        () = until(signalled.clone()) => return Ok(()),
    }

    let (stop, stopped) = watch::channel(false);
    let mut tasks = JoinSet::new();
    workers(&city, settings, &health, &stopped, &mut tasks)?;
    let routes = router(city.gateway.clone());
    if let Some(listener) = registry {
        let client_header = settings.gateway()?.client_header;
        tasks.spawn(registry::run(city.library.clone(), client_header, listener, until(stopped.clone())));
    }
    tasks.spawn(yunlong_gateway::serve(public, routes, settings.gateway()?, until(stopped)));
    health.phase(None);
    if !options.demo.demo && city.payments.only_sandbox() {
        tracing::warn!("THE SANDBOX CASHIER IS THE ONLY PAYMENT PROVIDER: no payment moves real money");
        eprintln!("warning: the sandbox cashier is the only payment provider: no payment moves real money");
    }
    println!("ready {}", city.gateway.origins().portal());

    until(signalled).await;
    health.phase(Some("stopping"));
    tracing::info!("stopping");
    // Whoever balances the load sees /readyz first, and then nothing more comes in.
    tokio::time::sleep(unready).await;
    stop.send_replace(true);
    if tokio::time::timeout(grace + BESIDE, async { while tasks.join_next().await.is_some() {} }).await.is_err() {
        tracing::warn!("something did not end in time and is cut off; nothing that was committed is lost");
        tasks.shutdown().await;
    }
    if let Err(error) = city.log.flush().await {
        tracing::warn!(%error, "the last lines of the apps' logs are lost");
    }
    admin_stop.send_replace(true);
    // Its own connections, of a metrics collector that keeps one open, are not waited for.
    _ = tokio::time::timeout(Duration::from_millis(100), admin).await;
    Ok(())
}

/// What runs beside the listeners. One that ends before its time shows in the readiness.
fn workers(
    city: &City,
    settings: &Settings,
    health: &Arc<Health>,
    stop: &watch::Receiver<bool>,
    tasks: &mut JoinSet<()>,
) -> Result<()> {
    let collector = city.library.registry().clone();
    let (library, ended) = (city.library.clone(), stop.clone());
    let (operations, ending) = (city.gateway.operations().clone(), stop.clone());
    let workers: [(&str, Worker); 13] = [
        ("the dispatcher of messages", Box::pin(city.messaging.clone().run(city.runtime.clone(), stop.clone()))),
        ("the payments worker", Box::pin(city.payments.clone().run(stop.clone()))),
        ("the audit log's sequencer", Box::pin(city.audit.clone().run(stop.clone()))),
        (
            "the erasures that wait for orders",
            Box::pin(finish_waiting(city.audit.clone(), city.hub.clone(), stop.clone())),
        ),
        ("the information hub's clock", Box::pin(city.hub.clone().run(stop.clone()))),
        ("the checks of publications", Box::pin(library.run(until(ended)))),
        ("the automatic upgrades", Box::pin(operations.run(until(ending)))),
        (
            "the registry's collector",
            Box::pin({
                let stop = stop.clone();
                async move { collector.run(until(stop)).await }
            }),
        ),
        ("the sweeper of files", Box::pin(city.files.clone().run(until(stop.clone())))),
        ("the log writer", Box::pin(city.log.clone().run(stop.clone()))),
        ("the purge of expired journals", Box::pin(journals::expire(city.installations.clone(), stop.clone()))),
        ("the purge of expired sessions", Box::pin(purge(city.identity.clone(), stop.clone()))),
        (
            "the control socket",
            Box::pin(control::run(
                settings.data()?.to_owned(),
                city.engine.clone(),
                city.library.registry().clone(),
                Some(city.files.clone()),
                until(stop.clone()),
            )),
        ),
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
    let (hub, audit) = (city.hub.clone(), city.audit.clone());
    let (store, secrets) = (city.store.clone(), city.secrets.clone());
    let (identity, messaging, stop) = (city.identity.clone(), city.messaging.clone(), stop.clone());
    let (installations, files) = (city.installations.clone(), city.files.clone());
    tasks.spawn(async move {
        tokio::select! {
            done = data_keys::rotate(&store, &secrets, &identity, &messaging, &installations, &files, &hub, &audit) => if let Err(error) = done {
                tracing::error!(error = format!("{error:#}"), "not everything is encrypted with the current key; the next start goes on");
            },
            () = until(stop) => {}
        }
    });
    Ok(())
}

/// Erases, once a minute, what was to be erased and was kept for an order that has ended.
async fn finish_waiting(audit: Audit, hub: Hub, stop: watch::Receiver<bool>) {
    loop {
        let done = async {
            let standing = hub.standing_orders().await?;
            anyhow::Ok(audit.finish_waiting(&standing).await?)
        };
        if let Err(error) = done.await {
            tracing::warn!(%error, "erasures that waited for an order stay until the next try");
        }
        tokio::select! {
            () = until(stop.clone()) => return,
            () = tokio::time::sleep(Duration::from_secs(60)) => {}
        }
    }
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
    let count =
        city.installations.list().iter().filter(|i| !matches!(i.status, Status::Stopped | Status::Recalled)).count();
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

/// Turns true at the first SIGTERM or SIGINT. A second one, or the last resort, end the process.
pub(crate) fn stop_signal(last_resort: Duration) -> Result<watch::Receiver<bool>> {
    let (sender, receiver) = watch::channel(false);
    let mut term = signal(SignalKind::terminate()).context("no signals")?;
    let mut int = signal(SignalKind::interrupt()).context("no signals")?;
    tokio::spawn(async move {
        tokio::select! { _ = term.recv() => {}, _ = int.recv() => {} }
        // A thread, not a task: it must work when the asynchronous runtime does not.
        std::thread::spawn(move || {
            std::thread::sleep(last_resort);
            eprintln!("stopping took too long: ended");
            std::process::exit(1);
        });
        sender.send_replace(true);
        tokio::select! { _ = term.recv() => {}, _ = int.recv() => {} }
        std::process::exit(130);
    });
    Ok(receiver)
}

pub(crate) async fn until(mut stop: watch::Receiver<bool>) {
    // A dropped sender means that the runtime ends: as good as a signal.
    _ = stop.wait_for(|s| *s).await;
}

#[cfg(test)]
mod tests {
    use super::*;
    use yunlong_audit::WitnessStatus;

    #[test]
    fn a_log_that_does_not_grow_and_a_witness_that_refuses_are_named() {
        let witness = WitnessStatus { name: "w".into(), ..WitnessStatus::default() };
        let mut log = Standing {
            waiting: 7,
            wait: Duration::from_secs(3),
            stopped: false,
            failing: None,
            leaves: 1,
            checkpoint_at: None,
            witnesses: vec![witness],
        };
        assert_eq!(audit_troubles(&log), Vec::<String>::new());
        log.failing = Some("a tile was changed".into());
        log.witnesses[0].refusal = Some("409".into());
        let told = audit_troubles(&log);
        assert!(told[0].contains("will stop: a tile was changed") && told[1].contains("the witness w refuses"));
        log.stopped = true;
        assert!(audit_troubles(&log)[0].contains("not read") && audit_troubles(&log)[0].contains("7 entries"));
    }

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

//! The city of one app, and what stands around it.

use super::error::DevError;
use super::faults::Faults;
use super::heard::{Heard, LISTENER};
use super::take::Known;
use super::who::Tickets;
use crate::city::{self, City, Ground};
use crate::demo;
use crate::options::origins;
use crate::serve::until;
use crate::settings::Settings;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinSet;
use yunlong_gateway::GatewayConfig;
use yunlong_model::{Clock as _, InstallationName, Lang, Manifest, SystemClock, Timestamp};
use yunlong_registry::{Algorithm, KeyPair};

/// Citizens who live there: adults, and with 005, 009 and 010 one of each age that pages treat differently.
pub(super) const CITIZENS: u32 = 10;
/// Officials of the department that installs the app.
pub(super) const OFFICIALS: [&str; 2] = ["tourism-admin", "tourism-gate"];
/// Synthetic people in the shared data beside the citizens, where the app asks for shared data.
const PEOPLE: u64 = 60;

/// What the bar and open pages know of the builds.
#[derive(Clone, Debug, Default)]
pub(super) struct Standing {
    /// Grows with each build that took over or failed: a page that knows another number is old.
    pub(super) number: u64,
    /// When that was.
    pub(super) at: Timestamp,
    /// Why the last one failed, in both languages.
    pub(super) failure: Option<(String, String)>,
}

impl Standing {
    pub(super) fn failure(&self, lang: Lang) -> Option<&str> {
        self.failure.as_ref().map(|(zh, en)| lang.pick(zh, en))
    }
}

/// The city and its surroundings.
pub(super) struct Bench {
    pub(super) city: City,
    pub(super) name: InstallationName,
    pub(super) faults: Arc<Faults>,
    pub(super) heard: Arc<Heard>,
    pub(super) standing: watch::Sender<Standing>,
    /// Turns true when everything is to end.
    pub(super) stopped: watch::Receiver<bool>,
    pub(super) tickets: Tickets,
    pub(super) gateway_config: GatewayConfig,
    pub(super) key: KeyPair,
    /// What was taken over last. One at a time.
    pub(super) known: tokio::sync::Mutex<Option<Known>>,
}

impl Bench {
    /// Founds the city in a folder, or opens the one that is there. The app is not yet in it.
    pub(super) async fn found(
        manifest: &Manifest,
        port: u16,
        data: &Path,
        cache: (PathBuf, [u8; 32]),
        journals: Option<PathBuf>,
        stopped: watch::Receiver<bool>,
    ) -> Result<Arc<Self>, DevError> {
        let name: InstallationName =
            manifest.name.as_str().parse().map_err(|e: yunlong_model::NameError| DevError::Manifest(e.text()))?;
        let listener: InstallationName = LISTENER.parse().map_err(DevError::city)?;
        let mut settings = Settings { data: Some(data.to_owned()), ..Settings::default() };
        settings.listen.port = port;
        // They take seconds, and whoever saves a file is not judged yet: the review does that.
        settings.registry.require_probes = false;
        let origins = origins(None, "localhost", port).map_err(|e| DevError::City(format!("{e:#}")))?;
        let mut config = settings.gateway().map_err(|e| DevError::City(format!("{e:#}")))?;
        config.drain = Duration::from_millis(200);
        // Nobody watches a new version here: the next one may come at once.
        config.trial = Duration::from_millis(1);
        let faults = Arc::new(Faults::default());
        let around = city::Bench { observer: faults.clone(), cache, listener: listener.clone(), journals };
        let founded = async {
            let ground = Ground::open(&settings, settings.identity(true)).await?;
            let address = ([127, 0, 0, 1], port).into();
            let city = City::open(&settings, ground, origins, address, config.clone(), Some(&around)).await?;
            city.gateway.operations().start_all(|_| {}).await?;
            demo::accounts(&city, CITIZENS).await?;
            if !manifest.datasets.is_empty() {
                demo::hub::seed(&city, PEOPLE, CITIZENS).await?;
            }
            let key = KeyPair::generate(Algorithm::Ed25519);
            let pem = key.public().to_pem()?;
            city.gateway.operations().enroll(&manifest.vendor, demo::VENDOR_CODE, &pem, demo::ADMINISTRATOR).await?;
            anyhow::Ok((city, key))
        };
        let (city, key) = founded.await.map_err(|e: anyhow::Error| DevError::City(format!("{e:#}")))?;
        Ok(Arc::new(Self {
            heard: Arc::new(Heard::new(city.runtime.clone(), listener)),
            city,
            name,
            faults,
            standing: watch::Sender::new(Standing::default()),
            stopped,
            tickets: Tickets::default(),
            gateway_config: config,
            key,
            known: tokio::sync::Mutex::default(),
        }))
    }

    /// What runs in the background of a city: all but what is for years, such as the collector of the registry.
    pub(super) fn workers(&self, tasks: &mut JoinSet<()>) {
        let (city, stop) = (&self.city, &self.stopped);
        tasks.spawn(city.messaging.clone().run(self.heard.clone(), stop.clone()));
        tasks.spawn(city.payments.clone().run(stop.clone()));
        tasks.spawn(city.audit.clone().run(stop.clone()));
        tasks.spawn(city.hub.clone().run(stop.clone()));
        tasks.spawn(city.log.clone().run(stop.clone()));
        let (operations, stop) = (city.gateway.operations().clone(), stop.clone());
        tasks.spawn(async move { operations.run(until(stop)).await });
    }

    /// Where the app is.
    pub(super) fn origin(&self) -> String {
        self.city.gateway.origins().app(&self.name)
    }

    /// Something else serves now.
    pub(super) fn took_over(&self) {
        self.standing.send_modify(|s| *s = Standing { number: s.number + 1, at: SystemClock.now(), failure: None });
    }

    /// The last build failed, and what was there goes on.
    pub(super) fn failed(&self, e: &DevError) {
        let told = Some((e.story(Lang::Zh), e.story(Lang::En)));
        self.standing.send_modify(|s| *s = Standing { number: s.number + 1, at: SystemClock.now(), failure: told });
    }
}

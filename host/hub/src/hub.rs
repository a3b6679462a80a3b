//! The service itself: what it stands on, what it keeps in memory, and its clock.

use crate::catalogue::Catalogue;
use crate::state::SharingState;
use crate::{HubConfig, HubError};
use parking_lot::RwLock;
use std::sync::Arc;
use tokio::sync::watch;
use yunlong_audit::Audit;
use yunlong_identity::Identity;
use yunlong_installations::Installations;
use yunlong_messaging::Messaging;
use yunlong_model::{Clock, Timestamp};
use yunlong_sealing::Keyring;
use yunlong_store::{SharedStore, StoreError};

/// What the hub stands on.
pub struct HubServices {
    /// Where everything is kept, in the space `@hub`.
    pub store: SharedStore,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// The keys that records about persons are sealed with.
    pub keys: Arc<Keyring>,
    /// Where reads and acts are written down.
    pub audit: Audit,
    /// Organizations, divisions, persons.
    pub identity: Arc<Identity>,
    /// Notes to people, events to apps.
    pub messaging: Arc<Messaging>,
    /// What apps declare and what they were granted.
    pub installations: Arc<Installations>,
}

/// The hub. Cheap to clone; all clones are the same service.
#[derive(Clone)]
pub struct Hub {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) store: SharedStore,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) keys: Arc<Keyring>,
    pub(crate) audit: Audit,
    pub(crate) identity: Arc<Identity>,
    pub(crate) messaging: Arc<Messaging>,
    pub(crate) installations: Arc<Installations>,
    pub(crate) config: HubConfig,
    /// The catalogue, as it was committed last. A change replaces the whole map.
    pub(crate) catalogue: RwLock<Arc<Catalogue>>,
    /// Held by whoever changes the catalogue, from before the commit until the copy in memory is replaced.
    pub(crate) catalogue_writer: tokio::sync::Mutex<()>,
    /// The lines of imports that run: which key stood at which one.
    pub(crate) import_lines: parking_lot::Mutex<crate::import::Lines>,
    /// What sharing and reading keep in memory.
    pub(crate) sharing: SharingState,
}

/// Working days until somebody is to act, as they are set up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deadlines {
    /// Until a request is to be accepted.
    pub acceptance: u32,
    /// Until a request is to be decided.
    pub decision: u32,
    /// Until a correction is to be answered.
    pub correction: u32,
}

impl Hub {
    /// The deadlines that hold here.
    #[must_use]
    pub fn deadlines(&self) -> Deadlines {
        let config = &self.inner.config;
        Deadlines {
            acceptance: config.acceptance_working_days,
            decision: config.decision_working_days,
            correction: config.correction_working_days,
        }
    }

    /// Opens the hub and puts the base datasets into the catalogue, or brings them up to date.
    ///
    /// # Errors
    /// When the store or the audit fails.
    pub async fn open(services: HubServices, config: HubConfig) -> Result<Self, HubError> {
        let HubServices { store, clock, keys, audit, identity, messaging, installations } = services;
        let catalogue = Catalogue::load(&store).await?;
        let inner = Inner {
            store,
            clock,
            keys,
            audit,
            identity,
            messaging,
            installations,
            config,
            catalogue: RwLock::new(Arc::new(catalogue)),
            catalogue_writer: tokio::sync::Mutex::new(()),
            import_lines: parking_lot::Mutex::default(),
            sharing: SharingState::default(),
        };
        let hub = Self { inner: Arc::new(inner) };
        hub.seed_base_datasets().await?;
        Ok(hub)
    }

    /// Runs what depends on the time until `stop` says so: reminders, indexes that are being built,
    /// and the clocks of sharing.
    pub async fn run(self, stop: watch::Receiver<bool>) {
        tokio::join!(self.run_clock(stop.clone()), self.run_work(stop));
    }

    async fn run_clock(&self, mut stop: watch::Receiver<bool>) {
        loop {
            // What failed was logged, and is tried again at the next tick: nothing here is done half.
            drop(self.tick().await);
            tokio::select! {
                _ = stop.wait_for(|stop| *stop) => return,
                () = tokio::time::sleep(self.inner.config.tick_every) => {}
            }
        }
    }

    /// Does once what is due now. [`Hub::run`] calls it; tests do, too. One part that fails keeps no other
    /// from being done.
    ///
    /// # Errors
    /// The first, when the store, the audit or messaging fails; what is left is done by the next call.
    pub async fn tick(&self) -> Result<(), HubError> {
        let mut all = All::default();
        all.of("the building of indexes", self.build_indexes().await);
        all.of("reminders of corrections", self.remind_of_corrections().await);
        all.of("what is left of imports", self.tidy_imports().await);
        all.of("what is left of exports", self.tidy_exports().await);
        all.of("uses that have ended", self.end_what_is_left().await);
        all.of("reminders of requests", self.remind_of_requests().await);
        all.of("grants that nobody decided on", self.end_automatic_grants().await);
        all.of("warnings of grants that end", self.warn_of_ends().await);
        all.of("counts of denials", self.write_denials().await);
        all.done()
    }
}

/// The outcomes of things that do not wait for each other.
#[derive(Default)]
pub(crate) struct All(Option<HubError>);

impl All {
    /// Takes an outcome; a failure is logged by the name of what failed.
    pub(crate) fn of(&mut self, what: &str, done: Result<(), HubError>) {
        if let Err(error) = done {
            tracing::warn!(what, %error, "the hub did not do something that was due");
            self.0.get_or_insert(error);
        }
    }

    /// The first failure.
    pub(crate) fn done(self) -> Result<(), HubError> {
        self.0.map_or(Ok(()), Err)
    }
}

impl Inner {
    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }
}

/// Runs a change to its end even when the caller goes away, so that what must follow the commit
/// (the copy in memory) is never left out.
pub(crate) async fn detached<T, E>(change: impl Future<Output = Result<T, E>> + Send + 'static) -> Result<T, E>
where
    T: Send + 'static,
    E: From<StoreError> + Send + 'static,
{
    match tokio::spawn(change).await {
        Ok(answer) => answer,
        Err(e) => match e.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            // The runtime is shutting down.
            Err(_) => Err(StoreError::Closed.into()),
        },
    }
}

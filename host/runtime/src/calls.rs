//! Messages, jobs and lifecycle calls: the optional exports.
//!
//! They run like requests, each in an instance of its own with its own budget, as the
//! installation's service principal. The host's transaction is lent to the guest; the host commits
//! it, and only when the guest has answered `ok`.

use crate::city::bindings::city::messaging::types::Event as WitEvent;
use crate::city::bindings::exports::city::app as exports;
use crate::city::collections::Transaction;
use crate::error::{InvocationError, Shortage};
use crate::inspect::{CONSUMER, JOBS, MIGRATIONS};
use crate::runtime::{Failure, Loaded, Runtime};
use crate::state::{Invocation, Kind, State};
use async_trait::async_trait;
use std::sync::Arc;
use wasmtime::Store;
use wasmtime::component::Resource;
use yunlong_installations::{Capability, Installation, Level};
use yunlong_messaging::{Deliver, Delivery, DeliveryError};
use yunlong_model::{Digest, InstallationName, Presentation, Principal, Timestamp};
use yunlong_store::{CommitError, Txn};

/// What is called.
enum Call {
    Handle(WitEvent),
    Run { job: String, scheduled: Timestamp },
    Install,
    Health,
    Migrate { from: u32, to: u32, cursor: Option<String> },
}

/// How far a migration is after a batch.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Step {
    /// Where the next batch goes on; `None` when all is done.
    pub next: Option<String>,
    /// Done so far, as the app counts.
    pub done: u64,
    /// All that there is to do, if the app knows.
    pub total: Option<u64>,
}

/// What the guest answered.
enum Answer {
    Done,
    Migrated(Step),
    Retry(String),
    Reject(String),
}

impl Call {
    fn kind(&self) -> Kind {
        match self {
            Self::Handle(_) => Kind::Message,
            Self::Run { .. } => Kind::Job,
            Self::Install | Self::Health | Self::Migrate { .. } => Kind::Lifecycle,
        }
    }
}

impl Runtime {
    /// Calls `lifecycle.install`, if the component exports it, with a transaction that the caller
    /// commits when this answers `Ok`. The installation must be loaded; it need not be running.
    ///
    /// # Errors
    /// [`InvocationError::Refused`] with the app's own words; any other when it failed.
    pub async fn lifecycle_install(&self, name: &InstallationName, txn: &mut Txn) -> Result<(), InvocationError> {
        let loaded = self.find(name, None)?;
        self.lifecycle(&loaded, Call::Install, txn, "install").await.map(drop)
    }

    /// Calls `lifecycle.health` of the release of this package, or of the one in charge, if the
    /// component exports it. The release must be loaded; it need not be on record.
    ///
    /// # Errors
    /// As [`Runtime::lifecycle_install`].
    pub async fn health(&self, name: &InstallationName, package: Option<&Digest>) -> Result<(), InvocationError> {
        let loaded = self.find(name, package)?;
        // Nothing is lent to it: this one is never seen.
        let mut none = Txn::new(self.services().store.clone());
        self.lifecycle(&loaded, Call::Health, &mut none, "health").await.map(drop)
    }

    /// Runs a batch of `migrations.migrate` in the release in charge, with a transaction that the
    /// caller commits when this answers `Ok`.
    ///
    /// # Errors
    /// [`InvocationError::NotExported`] when the component has no migrations; otherwise as
    /// [`Runtime::lifecycle_install`].
    pub async fn migrate(
        &self,
        name: &InstallationName,
        from: u32,
        to: u32,
        cursor: Option<String>,
        txn: &mut Txn,
    ) -> Result<Step, InvocationError> {
        let loaded = self.find(name, None)?;
        match self.lifecycle(&loaded, Call::Migrate { from, to, cursor }, txn, "migrate").await? {
            Answer::Migrated(step) => Ok(step),
            _ => Ok(Step::default()),
        }
    }

    async fn lifecycle(&self, loaded: &Loaded, call: Call, txn: &mut Txn, id: &str) -> Result<Answer, InvocationError> {
        let exported = match call {
            Call::Migrate { .. } if loaded.migrations.is_none() => {
                return Err(InvocationError::NotExported(MIGRATIONS));
            }
            Call::Migrate { .. } => true,
            _ => loaded.lifecycle.is_some(),
        };
        if !exported {
            return Ok(Answer::Done);
        }
        let name = &loaded.name;
        let installations = &self.services().installations;
        if installations.get(name).is_none() {
            return Err(InvocationError::NotLoaded(name.clone()));
        }
        // One that is only tried is not on record.
        let seen = installations.get_release(name, &loaded.package());
        let installation = seen.unwrap_or_else(|| loaded.installation.clone());
        match self.call(loaded, installation, call, format!("{id}-{name}"), txn).await? {
            Answer::Retry(why) | Answer::Reject(why) => {
                self.services().log.append(name, Level::Error, &format!("{id} refused: {why}"), None);
                Err(InvocationError::Refused(why))
            }
            answer => Ok(answer),
        }
    }

    /// Runs a call. The transaction is taken out of `txn` and put back when the guest answers. What it staged is gone
    /// when it refuses, and what it read is there, since a refusal may rest on what has changed. When it fails, an empty
    /// one stays there.
    async fn call(
        &self,
        loaded: &Loaded,
        installation: Arc<Installation>,
        call: Call,
        request_id: String,
        txn: &mut Txn,
    ) -> Result<Answer, InvocationError> {
        let _place = self.admit(loaded).await?;
        let kind = call.kind();
        let principal = Principal::service(installation.name.as_str(), &installation.organization);
        let invocation = Invocation { installation, principal, presentation: Presentation::default() };
        let (store, interceptor) = self.store(loaded, kind, invocation, request_id);
        let name = &loaded.name;
        txn.hold_to(name.as_str(), self.services().installations.quota(name));
        let lent = std::mem::replace(txn, Txn::new(self.services().store.clone()));
        let (answer, back) = self.watch(loaded, interceptor.clone(), run(loaded, store, call, lent)).await?;
        if matches!(answer, Answer::Retry(_) | Answer::Reject(_)) && interceptor.was_memory_short() {
            // It refuses for want of memory that others had: it has not had its try.
            return Err(InvocationError::Overloaded(Shortage::Memory));
        }
        if let Some(back) = back {
            *txn = back;
        }
        if matches!(answer, Answer::Retry(_) | Answer::Reject(_)) {
            txn.unstage();
        }
        Ok(answer)
    }
}

async fn run(
    loaded: &Loaded,
    mut store: Store<State>,
    call: Call,
    lent: Txn,
) -> Result<(Answer, Option<Txn>), Failure> {
    let instance = loaded.instantiate(&mut store).await?;
    let own = store.data_mut().table.push(Transaction::lent(lent)).map_err(wasmtime::Error::from)?;
    let borrow = || Resource::<Transaction>::new_borrow(own.rep());
    let absent = |what| Failure::Known(InvocationError::NotExported(what));
    let words = |r: Result<(), String>| r.map_or_else(Answer::Reject, |()| Answer::Done);
    let failure = |r: Result<(), exports::consumer::Failure>| match r {
        Ok(()) => Answer::Done,
        Err(exports::consumer::Failure::Retry(why)) => Answer::Retry(why),
        Err(exports::consumer::Failure::Reject(why)) => Answer::Reject(why),
    };
    let answer = match call {
        Call::Handle(event) => {
            let consumer = loaded.consumer.as_ref().ok_or_else(|| absent(CONSUMER))?.load(&mut store, &instance)?;
            failure(consumer.call_handle(&mut store, &event, borrow()).await?)
        }
        Call::Run { job, scheduled } => {
            let jobs = loaded.jobs.as_ref().ok_or_else(|| absent(JOBS))?.load(&mut store, &instance)?;
            failure(jobs.call_run(&mut store, &job, scheduled.as_u64(), borrow()).await?)
        }
        Call::Install => {
            let lifecycle = loaded
                .lifecycle
                .as_ref()
                .ok_or_else(|| absent(crate::inspect::LIFECYCLE))?
                .load(&mut store, &instance)?;
            words(lifecycle.call_install(&mut store, borrow()).await?)
        }
        Call::Health => {
            let lifecycle = loaded
                .lifecycle
                .as_ref()
                .ok_or_else(|| absent(crate::inspect::LIFECYCLE))?
                .load(&mut store, &instance)?;
            words(lifecycle.call_health(&mut store).await?)
        }
        Call::Migrate { from, to, cursor } => {
            let migrations =
                loaded.migrations.as_ref().ok_or_else(|| absent(MIGRATIONS))?.load(&mut store, &instance)?;
            match migrations.call_migrate(&mut store, from, to, cursor.as_deref(), borrow()).await? {
                Ok(p) => Answer::Migrated(Step { next: p.next, done: p.done, total: p.total }),
                Err(why) => Answer::Reject(why),
            }
        }
    };
    store.data().end();
    let back = store.data_mut().table.delete(own).map_err(wasmtime::Error::from)?.into_txn();
    Ok((answer, back))
}

/// What was granted when it was enqueued may be revoked by now.
fn still_granted(installation: &Installation, call: &Call) -> Result<(), Capability> {
    match call {
        Call::Run { job, .. } => {
            let need = Capability::Jobs(job.clone());
            if installation.is_granted(&need) { Ok(()) } else { Err(need) }
        }
        // The platform's own events need no grant, nor do an app's own topics.
        Call::Handle(event) => match event.source.strip_prefix("/installations/").map(str::parse) {
            Some(Ok(from)) if from != installation.name => {
                let need = Capability::Consume { topic: event.topic.clone(), from };
                if installation.is_granted(&need) { Ok(()) } else { Err(need) }
            }
            _ => Ok(()),
        },
        Call::Install | Call::Health | Call::Migrate { .. } => Ok(()),
    }
}

#[async_trait]
impl Deliver for Runtime {
    async fn deliver(&self, to: &InstallationName, delivery: Delivery, txn: &mut Txn) -> Result<(), DeliveryError> {
        let event = delivery.event;
        let id = event.id.clone();
        let call = match delivery.kind {
            yunlong_messaging::Kind::Job { job, scheduled } => Call::Run { job, scheduled },
            yunlong_messaging::Kind::Event => Call::Handle(WitEvent {
                id: event.id,
                source: event.source,
                topic: event.topic,
                subject: event.subject,
                time: event.time.as_u64(),
                key: event.key,
                data: event.data.to_string(),
                attempt: delivery.attempt,
            }),
        };
        let kind = call.kind();
        // Messages and jobs are the release's in charge: a canary gets none.
        let Ok((loaded, installation)) = self.serving(to, None) else { return Err(DeliveryError::NotRunning) };
        if let Err(what) = still_granted(&installation, &call) {
            return Err(DeliveryError::Reject(format!("capability not granted: {what}")));
        }
        if let Call::Handle(event) = &call
            && loaded.consumer.is_none()
            && event.source.starts_with("/platform/")
        {
            // The platform tells whoever listens, such as that a bulk job has ended. An app without a consumer
            // asks when it wants to know; that it does not listen is no failure of it.
            return Ok(());
        }
        let ended = self.call(&loaded, installation, call, id.clone(), txn).await;
        if let Ok(Answer::Retry(why) | Answer::Reject(why)) = &ended
            && txn.validate().await == Err(CommitError::Conflict)
        {
            // It rests on what has changed meanwhile: no failure of the app. Whoever delivers sees that, too, and comes again.
            return Err(DeliveryError::Retry(why.clone()));
        }
        match &ended {
            Ok(answer) => loaded.outcomes.record(!matches!(answer, Answer::Done)),
            Err(e) if e.is_platforms() => {}
            Err(_) => loaded.outcomes.record(true),
        }
        let (why, error) = match ended {
            Ok(Answer::Done | Answer::Migrated(_)) => return Ok(()),
            Ok(Answer::Retry(why)) => (why.clone(), DeliveryError::Retry(why)),
            Ok(Answer::Reject(why)) => (why.clone(), DeliveryError::Reject(why)),
            // Reported already.
            Err(e @ InvocationError::NotExported(_)) => return Err(DeliveryError::Reject(e.to_string())),
            Err(e) if e.is_platforms() => return Err(DeliveryError::Later(e.to_string())),
            Err(e) => return Err(DeliveryError::Retry(e.to_string())),
        };
        self.services().log.append(to, Level::Warn, &format!("{} refused: {why}", kind.name()), Some(&id));
        Err(error)
    }

    fn ready(&self, to: &InstallationName) -> bool {
        self.serving(to, None).is_ok()
    }
}

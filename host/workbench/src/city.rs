//! The city of one scenario: its app is installed with every permission, its people are invented, its clock stands
//! still.

use crate::recorder::{LISTENER, Recorder};
use crate::scenario::{Person, Scenario};
use crate::sight::Sight;
use crate::{App, CITY, Folder, Foundation, Founding, WorkbenchError};
use bytes::Bytes;
use data_encoding::HEXLOWER;
use http_body_util::Full;
use parking_lot::Mutex;
use serde_json::{Value, json};
use std::path::PathBuf;
use std::sync::Arc;
use yunlong_identity::{Attributes, NewAccount, Password, SessionOrigin};
use yunlong_installations::{Capability, New, Status};
use yunlong_messaging::{Config, Deliver as _, Delivery, DeliveryError, Dispatcher, Note};
use yunlong_model::clock::ManualClock;
use yunlong_model::{Clock as _, Digest, InstallationName, NameError, Presentation, Principal, Timestamp};
use yunlong_payments::{Behaviour, EscrowState, Intent, RefundStatus};
use yunlong_runtime::{
    Engines, InvocationError, Journals, LoadError, OutboundConfig, PoolConfig, RuntimeConfig, RuntimeError,
};
use yunlong_store::Txn;
use yunlong_store::documents::{DocumentError, Query, Schema};

/// Who approves what is approved.
const BY: &str = "workbench";
/// Rounds of deliveries after which what goes on is said to go on for ever.
const ROUNDS: u32 = 500;
/// How far the clock moves for a delivery that is tried again.
const PATIENCE_MILLIS: i64 = 15_000;
/// Documents, counters and notes that are read at most of each.
const MOST: usize = 100_000;
/// Instances that a pool has for each city. One call runs at a time; a component may need as many memories as four
/// instances have.
const INSTANCES: u32 = 4;

/// The sandboxes of cities: where compiled code is kept, and by what it is compiled.
#[derive(Clone)]
pub struct Sandbox {
    config: RuntimeConfig,
    journals: Option<PathBuf>,
}

impl Sandbox {
    /// The defaults, with compiled components in `cache_dir` under a key that every city has that shares the folder.
    #[must_use]
    pub fn new(cache_dir: PathBuf, cache_secret: [u8; 32]) -> Self {
        let config = RuntimeConfig::new(cache_dir, rand::random());
        Self { config: RuntimeConfig { cache_secret: Some(cache_secret), ..config }, journals: None }
    }

    /// As these are set up: their compiler with its limits, their cache with its key, their memory.
    #[must_use]
    pub fn like(config: &RuntimeConfig) -> Self {
        let cache_secret = Some(config.cache_secret.unwrap_or(config.secret));
        Self { config: RuntimeConfig { cache_secret, journals: None, ..config.clone() }, journals: None }
    }

    /// The same, with the journals of failed requests in this folder. Of what fails by a fault on purpose none is written.
    #[must_use]
    pub fn with_journals(self, journals: Option<PathBuf>) -> Self {
        Self { journals, ..self }
    }

    /// The same, without journals.
    pub(crate) fn unwritten(&self) -> Self {
        self.clone().with_journals(None)
    }

    /// The same, with engines for so many cities at once, which share them: what a city of a play takes longest for
    /// otherwise.
    pub(crate) fn shared_by(&self, cities: usize) -> Result<(Self, Arc<Engines>), RuntimeError> {
        let pool = PoolConfig { instances: INSTANCES.saturating_mul(u32::try_from(cities).unwrap_or(u32::MAX)) };
        let config = RuntimeConfig { small: pool, large: pool, concurrent: pool, ..self.config.clone() };
        let engines = Engines::new(&config)?;
        let config = RuntimeConfig { engines: Some(engines.clone()), ..config };
        Ok((Self { config, journals: self.journals.clone() }, engines))
    }

    fn runtime(&self, sight: &Arc<Sight>, scenario: &str) -> RuntimeConfig {
        RuntimeConfig {
            // Keys of installations are derived from it: each city has its own.
            secret: rand::random(),
            per_installation: 1,
            // Whatever app.toml declares: a test must not depend on what is elsewhere.
            outbound: OutboundConfig { max_requests: 0, ..OutboundConfig::default() },
            observer: Some(sight.clone()),
            journals: self.journals.as_ref().map(|dir| Arc::new(Folder::new(dir, scenario)) as Arc<dyn Journals>),
            ..self.config.clone()
        }
    }
}

/// Why a component cannot be used.
pub(crate) fn unloadable(e: LoadError) -> WorkbenchError {
    match e {
        // That is the machine's fault, not the component's.
        LoadError::Compile(yunlong_runtime::CompileError::Io(_)) => WorkbenchError::city(e),
        e => WorkbenchError::Load(e),
    }
}

/// A city with one app.
pub struct City {
    base: Foundation,
    clock: ManualClock,
    name: InstallationName,
    schema: Schema,
    deliver: Arc<Recorder>,
    dispatcher: Dispatcher,
    pub(crate) sight: Arc<Sight>,
    requests: Mutex<u64>,
}

impl City {
    /// Founds it: the app is installed and started, the people of the scenario have moved in.
    ///
    /// # Errors
    /// [`WorkbenchError::Load`] when the component is refused; [`WorkbenchError::City`] for what the scenario asks
    /// for and cannot be had, such as a configuration that the app's schema refuses.
    pub async fn found(app: &App, scenario: &Scenario, sandbox: &Sandbox) -> Result<Self, WorkbenchError> {
        let clock = ManualClock::new(scenario.clock);
        let sight = Arc::new(Sight::default());
        let listener: InstallationName = LISTENER.parse().map_err(WorkbenchError::city)?;
        let founding = Founding {
            domain: "city.invalid".into(),
            clock: Arc::new(clock.clone()),
            sandbox: sandbox.runtime(&sight, scenario.file.trim_end_matches(".toml")),
            // One after the other, so that two runs make the same calls in the same order.
            messaging: Config { concurrency: 1, concurrency_per_installation: 1, ..Config::default() },
            listener: Some(listener.clone()),
            cashier: true,
        };
        let base = founding.found().await.map_err(WorkbenchError::city)?;
        let name = name_of(app)?;
        let new = New {
            name: name.clone(),
            organization: CITY.into(),
            organization_name: "徐州市".into(),
            package_digest: Digest::of(&app.component),
            signer: BY.into(),
            grants: Capability::of_manifest(&app.manifest),
            manifest: app.manifest.clone(),
            config: scenario.config.clone(),
            by: BY.into(),
        };
        base.installations.install(new).await.map_err(WorkbenchError::city)?;
        let installation = base.installations.set_status(&name, Status::Running, BY).await;
        let installation = installation.map_err(WorkbenchError::city)?;
        base.runtime.load(&installation, &app.component).await.map_err(unloadable)?;
        let deliver = Arc::new(Recorder { runtime: base.runtime.clone(), listener, heard: Mutex::default() });
        let dispatcher = Dispatcher::new(base.messaging.clone(), deliver.clone());
        let schema = Schema::new(&name, &app.manifest).with_keys(base.identity.field_keys().clone());
        let mut city = Self { base, clock, name, schema, deliver, dispatcher, sight, requests: Mutex::new(0) };
        for person in &scenario.people {
            city.settle_person(app, person).await?;
        }
        city.begin(app).await?;
        Ok(city)
    }

    async fn settle_person(&self, app: &App, person: &Person) -> Result<(), WorkbenchError> {
        let attributes: Attributes = person.attributes.clone();
        let password = HEXLOWER.encode(&rand::random::<[u8; 16]>());
        let new = NewAccount {
            name: person.name.clone(),
            kind: person.kind.into(),
            password: Password::from(password.clone()),
            organization: person.is_official().then(|| CITY.to_owned()),
            attributes,
            platform_roles: Vec::new(),
        };
        self.base.identity.create_account(new).await.map_err(WorkbenchError::city)?;
        // They visit the app once: only then can it write to them.
        let identity = &self.base.identity;
        let signed_in = identity.sign_in(&person.name, &password, &SessionOrigin::Portal).await;
        let token = signed_in.map_err(WorkbenchError::city)?.token;
        let session = identity.authenticate(token.as_str(), &SessionOrigin::Portal).await;
        let session = session.map_err(WorkbenchError::city)?;
        identity.principal(session.as_ref(), &self.name).await.map_err(WorkbenchError::city)?;
        for role in &person.roles {
            self.base.identity.assign_role(&self.name, &person.name, role, BY).await.map_err(WorkbenchError::city)?;
        }
        for scope in &person.consents {
            self.consent(app, &person.name, scope).await?;
        }
        Ok(())
    }

    /// What an installation does when it begins: its own `install`, and its jobs.
    async fn begin(&mut self, app: &App) -> Result<(), WorkbenchError> {
        let mut txn = Txn::new(self.base.store.clone());
        self.base.runtime.lifecycle_install(&self.name, &mut txn).await.map_err(WorkbenchError::city)?;
        self.base
            .messaging
            .schedule_jobs(&mut txn, &self.name, &app.manifest.jobs)
            .await
            .map_err(WorkbenchError::city)?;
        txn.commit().await.map_err(WorkbenchError::city)?;
        self.settle().await.map_err(WorkbenchError::City)
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub(crate) fn name(&self) -> &InstallationName {
        &self.name
    }

    /// The commit that was the last one: two that differ tell that something was written between them.
    pub(crate) fn commits(&self) -> u64 {
        self.base.store.watch().borrow().0
    }

    /// The subject that the app knows a person by.
    pub(crate) fn subject(&self, account: &str) -> String {
        self.base.identity.subject(&self.name, account)
    }

    pub(crate) async fn consent(&self, app: &App, account: &str, scope: &str) -> Result<(), WorkbenchError> {
        let found = app.manifest.scopes.iter().find(|s| s.name == scope);
        let scope = found.ok_or_else(|| WorkbenchError::City(format!("app.toml declares no scope `{scope}`")))?;
        self.base.identity.consent(account, &self.name, scope).await.map_err(WorkbenchError::city)
    }

    pub(crate) async fn withdraw(&self, account: &str, scope: &str) -> Result<(), WorkbenchError> {
        self.base.identity.withdraw(account, &self.name, scope).await.map_err(WorkbenchError::city)
    }

    pub(crate) async fn request(
        &self,
        who: Option<&Person>,
        presentation: Presentation,
        request: http::Request<Bytes>,
    ) -> Result<http::Response<Bytes>, InvocationError> {
        let principal = who.map_or_else(Principal::anonymous, |p| self.principal(p));
        let id = {
            let mut n = self.requests.lock();
            *n += 1;
            format!("scenario-{n}")
        };
        self.base.runtime.request(&self.name, principal, presentation, &id, request.map(Full::new)).await
    }

    fn principal(&self, person: &Person) -> Principal {
        Principal {
            subject: Some(self.subject(&person.name)),
            account: Some(person.name.clone()),
            kind: person.principal_kind(),
            assurance: person.assurance,
            roles: person.roles.clone(),
            organization: person.is_official().then(|| CITY.to_owned()),
            acting_for: None,
        }
    }

    /// Hands over an event or a run of a job, once, and commits what it wrote.
    pub(crate) async fn deliver(&self, delivery: Delivery) -> Result<(), DeliveryError> {
        let mut txn = Txn::new(self.base.store.clone());
        self.base.runtime.deliver(&self.name, delivery, &mut txn).await?;
        txn.commit().await.map_err(|e| DeliveryError::Retry(e.to_string()))?;
        Ok(())
    }

    /// Pays at the cashier's page.
    pub(crate) async fn pay(&self, intent: &str, account: &str, behaviour: Behaviour) -> Result<(), String> {
        self.base.payments.pay_at_cashier(intent, account, behaviour).await.map(drop).map_err(|e| e.to_string())
    }

    /// The app's payments by its own numbers, each with where its money is. What is not held belongs to its payees from
    /// the moment at which it is taken.
    pub(crate) async fn payments(&self) -> Result<Vec<Value>, String> {
        let (mut all, mut cursor) = (Vec::new(), None::<String>);
        loop {
            let page = self.base.payments.intents_for(&self.name, cursor.as_deref(), 100).await;
            let page = page.map_err(|e| e.to_string())?;
            all.extend(page.intents.iter().map(shown));
            cursor = page.next;
            if cursor.is_none() || all.len() >= MOST {
                return Ok(all);
            }
            tokio::task::yield_now().await;
        }
    }

    /// Moves the clock. The log's entries become leaves before: a log that stood still for so long would let nothing
    /// personal be read.
    pub(crate) async fn advance(&self, millis: i64) -> Result<(), String> {
        self.base.audit.sequence_once().await.map_err(|e| e.to_string())?;
        self.clock.advance(millis);
        Ok(())
    }

    /// Delivers and pays what is due now, and what follows from it, until nothing is under way.
    pub(crate) async fn settle(&mut self) -> Result<(), String> {
        for _ in 0..ROUNDS {
            let before = self.commits();
            let progress = self.dispatcher.poll_once().await.map_err(|e| e.to_string())?;
            self.base.payments.poll_once().await.map_err(|e| e.to_string())?;
            if self.deliver.is_full() {
                return Err("more than 64 MiB of messages were published".into());
            }
            if progress.attempts == 0 && self.commits() == before {
                return Ok(());
            }
            // A play that takes too long is cut off here.
            tokio::task::yield_now().await;
        }
        Err(format!("messages led to messages for {ROUNDS} rounds without an end"))
    }

    /// As [`City::settle`], and what is to be tried again soon is waited for: the clock moves by seconds.
    pub(crate) async fn settle_patiently(&mut self) -> Result<(), String> {
        let end = self.now().plus_millis(PATIENCE_MILLIS);
        loop {
            self.settle().await?;
            let progress = self.dispatcher.poll_once().await.map_err(|e| e.to_string())?;
            match progress.next {
                Some(at) if at > self.now() && at <= end => self.clock.advance(at.0 - self.now().0),
                _ => return Ok(()),
            }
        }
    }

    /// The documents of a collection in the order of their ids, each with its id as `_id`.
    pub(crate) async fn documents(&self, collection: &str) -> Result<Vec<Value>, DocumentError> {
        let mut query = Query { index: "id".into(), limit: 500, ..Query::default() };
        let mut all = Vec::new();
        loop {
            let page = self.schema.find_committed(&self.base.store, collection, &query).await?;
            tokio::task::yield_now().await;
            for document in page.documents {
                let mut body: Value = serde_json::from_str(&document.body)
                    .map_err(|e| DocumentError::Invalid(format!("{}: {e}", document.id)))?;
                if let Some(map) = body.as_object_mut() {
                    map.insert("_id".into(), document.id.into());
                }
                all.push(body);
            }
            query.cursor = page.next;
            if query.cursor.is_none() || all.len() >= MOST {
                return Ok(all);
            }
        }
    }

    pub(crate) async fn counter(&self, counter: &str, key: &str) -> Result<i64, DocumentError> {
        self.schema.counter_committed(&self.base.store, counter, key).await
    }

    /// Every key of a counter, as `{ key, value }`.
    pub(crate) async fn counters(&self, counter: &str) -> Result<Vec<Value>, DocumentError> {
        let all = self.schema.counters_committed(&self.base.store, counter, MOST).await?;
        Ok(all.into_iter().map(|(key, value)| json!({ "key": key, "value": value })).collect())
    }

    /// What the app has published on a topic, as far as it is due.
    pub(crate) fn messages(&self, topic: &str) -> Vec<Value> {
        let heard = self.deliver.heard();
        let of_topic = heard.into_iter().filter(|e| e.topic == topic);
        let shown = |e: yunlong_model::Event| json!({ "topic": e.topic, "source": e.source, "subject": e.subject, "key": e.key, "data": e.data });
        of_topic.map(shown).collect()
    }

    /// What stands in a person's inbox, oldest first.
    pub(crate) async fn notes(&self, account: &str) -> Result<Vec<Value>, String> {
        let page = self.base.messaging.inbox(account, None, 100).await.map_err(|e| e.to_string())?;
        let shown = |n: Note| json!({ "title": n.title, "body": n.body, "path": n.path });
        Ok(page.notes.into_iter().rev().map(shown).collect())
    }
}

/// A payment as scenarios and invariants see it; amounts in fen.
fn shown(i: &Intent) -> Value {
    let plain = EscrowState {
        amount: i.amount,
        captured: i.captured,
        released: i.captured - i.refunded(),
        refunding: i.refunds.values().filter(|r| r.status == RefundStatus::Staged).map(|r| r.amount).sum(),
        refunded: i.refunds.values().filter(|r| r.status == RefundStatus::Done).map(|r| r.amount).sum(),
        held: 0,
    };
    let s = i.escrow_state().unwrap_or(plain);
    json!({
        "reference": i.reference, "intent": i.id, "status": i.status.code(), "escrow": i.escrow.is_some(),
        "amount": s.amount, "captured": s.captured, "held": s.held, "released": s.released,
        "refunding": s.refunding, "refunded": s.refunded,
    })
}

/// The app's own name, as an installation has by default.
fn name_of(app: &App) -> Result<InstallationName, WorkbenchError> {
    let name = app.manifest.name.as_str();
    // A reserved word is an app's name and no installation's.
    name.parse().or_else(|_| format!("{name}-1").parse()).map_err(|e: NameError| WorkbenchError::city(e))
}

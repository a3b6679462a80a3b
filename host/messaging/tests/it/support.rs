//! A city with three installations, and a consumer that does what it is told.

use async_trait::async_trait;
use parking_lot::Mutex;
use std::collections::BTreeMap;
use std::sync::Arc;
use yunlong_messaging::{
    Config, Deliver, Delivery, DeliveryError, Dispatcher, Messaging, MessagingError, Outgoing, Subscriptions,
};
use yunlong_model::clock::ManualClock;
use yunlong_model::{InstallationName, Manifest, Timestamp};
use yunlong_store::memory::MemoryStore;
use yunlong_store::{SharedStore, Txn};

pub(crate) const START: Timestamp = Timestamp(1_790_000_000_000);

pub(crate) fn name(s: &str) -> InstallationName {
    s.parse().unwrap()
}

pub(crate) fn manifest(extra: &str) -> Arc<Manifest> {
    let head = r#"
        name = "app"
        version = "1.0.0"
        vendor = "examples"
        title = { zh = "应用", en = "App" }
        description = { zh = "测试", en = "Tests" }
    "#;
    Arc::new(Manifest::parse(&format!("{head}\n{extra}")).unwrap())
}

const PUBLISHER: &str = r#"
    [[publishes]]
    name = "order.paid"
    schema = { type = "object", required = ["n"], properties = { n = { type = "integer" } } }
    [[publishes]]
    name = "note"
    [[consumes]]
    topic = "order.paid"
"#;
const SUBSCRIBER: &str = r#"
    [[consumes]]
    topic = "order.paid"
    from = "shop"
"#;

/// `shop` publishes and hears itself; `gate` hears it; `quiet` hears nothing.
#[derive(Default)]
pub(crate) struct Registry(pub(crate) Mutex<BTreeMap<InstallationName, Arc<Manifest>>>);

impl Registry {
    pub(crate) fn city() -> Arc<Self> {
        let all = [("shop", PUBLISHER), ("gate", SUBSCRIBER), ("quiet", "")];
        Arc::new(Self(Mutex::new(all.into_iter().map(|(n, m)| (name(n), manifest(m))).collect())))
    }
}

impl Subscriptions for Registry {
    fn manifest(&self, installation: &InstallationName) -> Option<Arc<Manifest>> {
        self.0.lock().get(installation).cloned()
    }

    fn subscribers(&self, source: &InstallationName, topic: &str) -> Vec<InstallationName> {
        let hears = |who: &InstallationName, m: &Manifest| {
            m.consumes.iter().any(|c| c.topic == topic && c.from.as_deref().unwrap_or(who.as_str()) == source.as_str())
        };
        self.0.lock().iter().filter(|(who, m)| hears(who, m)).map(|(who, _)| who.clone()).collect()
    }
}

/// What the consumer is to do, by installation, delivery and how often it was called before.
type Script = dyn Fn(&InstallationName, &Delivery) -> Result<(), DeliveryError> + Send + Sync;

/// Records what it gets and answers as the script says.
pub(crate) struct Consumer {
    script: Box<Script>,
    /// What it waits for in the middle of each delivery.
    waits: Option<Arc<tokio::sync::Notify>>,
    pub(crate) seen: Mutex<Vec<(InstallationName, Delivery)>>,
}

impl Consumer {
    pub(crate) fn new(
        script: impl Fn(&InstallationName, &Delivery) -> Result<(), DeliveryError> + Send + Sync + 'static,
    ) -> Arc<Self> {
        Arc::new(Self { script: Box::new(script), waits: None, seen: Mutex::default() })
    }

    /// Calls `reached` in each delivery, waits for `go_on`, and accepts it.
    pub(crate) fn waiting(go_on: Arc<tokio::sync::Notify>, reached: impl Fn() + Send + Sync + 'static) -> Arc<Self> {
        let script = move |_: &InstallationName, _: &Delivery| {
            reached();
            Ok(())
        };
        Arc::new(Self { script: Box::new(script), waits: Some(go_on), seen: Mutex::default() })
    }

    pub(crate) fn accepting() -> Arc<Self> {
        Self::new(|_, _| Ok(()))
    }

    /// The `n` of the payloads that one installation got, in order.
    pub(crate) fn numbers(&self, of: &str) -> Vec<i64> {
        self.seen
            .lock()
            .iter()
            .filter(|(to, _)| to.as_str() == of)
            .filter_map(|(_, d)| d.event.data["n"].as_i64())
            .collect()
    }

    pub(crate) fn count(&self) -> usize {
        self.seen.lock().len()
    }
}

#[async_trait]
impl Deliver for Consumer {
    async fn deliver(&self, to: &InstallationName, delivery: Delivery, _txn: &mut Txn) -> Result<(), DeliveryError> {
        self.seen.lock().push((to.clone(), delivery.clone()));
        tokio::task::yield_now().await;
        let answer = (self.script)(to, &delivery);
        if let Some(go_on) = &self.waits {
            go_on.notified().await;
        }
        answer
    }
}

pub(crate) struct City {
    pub(crate) store: SharedStore,
    pub(crate) clock: ManualClock,
    pub(crate) registry: Arc<Registry>,
    pub(crate) messaging: Arc<Messaging>,
}

impl City {
    pub(crate) fn new() -> Self {
        Self::with(Config::default())
    }

    pub(crate) fn with(config: Config) -> Self {
        let store: SharedStore = Arc::new(MemoryStore::new());
        let clock = ManualClock::new(START);
        let registry = Registry::city();
        let messaging =
            Arc::new(Messaging::with_config(store.clone(), Arc::new(clock.clone()), registry.clone(), config));
        Self { store, clock, registry, messaging }
    }

    /// What is left after a crash: the store and the time.
    pub(crate) fn restart(&mut self, config: Config) {
        self.messaging = Arc::new(Messaging::with_config(
            self.store.clone(),
            Arc::new(self.clock.clone()),
            self.registry.clone(),
            config,
        ));
    }

    /// Starts again with these keys for notes.
    pub(crate) fn seal(&mut self, fields: Arc<yunlong_sealing::Keyring>) {
        let messaging = Messaging::new(self.store.clone(), Arc::new(self.clock.clone()), self.registry.clone());
        self.messaging = Arc::new(messaging.with_fields(fields));
    }

    pub(crate) fn dispatcher(&self, consumer: &Arc<Consumer>) -> Dispatcher {
        Dispatcher::new(self.messaging.clone(), consumer.clone())
    }

    /// Stages something and commits it.
    pub(crate) async fn commit<T>(
        &self,
        stage: impl AsyncFnOnce(&Messaging, &mut Txn) -> Result<T, MessagingError>,
    ) -> Result<T, MessagingError> {
        let mut txn = Txn::new(self.store.clone());
        let staged = stage(&self.messaging, &mut txn).await?;
        txn.commit().await?;
        Ok(staged)
    }

    pub(crate) async fn run_job(&self, job: &str) -> Result<(), MessagingError> {
        self.commit(async |m, txn| m.run_job(txn, &name("shop"), job, "city-admin").await).await
    }

    pub(crate) async fn pause_job(&self, job: &str) -> Result<(), MessagingError> {
        self.commit(async |m, txn| m.pause_job(txn, &name("shop"), job, "city-admin").await).await
    }

    pub(crate) async fn resume_job(&self, job: &str) -> Result<(), MessagingError> {
        self.commit(async |m, txn| m.resume_job(txn, &name("shop"), job).await).await
    }

    pub(crate) async fn redrive(&self, of: &InstallationName, id: &str) -> Result<(), MessagingError> {
        self.commit(async |m, txn| m.redrive(txn, of, id).await).await
    }

    pub(crate) async fn discard(&self, of: &InstallationName, id: &str) -> Result<(), MessagingError> {
        self.commit(async |m, txn| m.discard(txn, of, id).await).await
    }

    pub(crate) async fn publish(&self, event: Outgoing) -> String {
        let mut txn = Txn::new(self.store.clone());
        let id = self.messaging.publish(&mut txn, &name("shop"), event).await.unwrap();
        txn.commit().await.unwrap();
        id
    }
}

pub(crate) fn order(n: i64, key: Option<&str>) -> Outgoing {
    Outgoing {
        topic: "order.paid".into(),
        subject: Some(format!("order-{n}")),
        key: key.map(str::to_owned),
        data: serde_json::json!({ "n": n }),
        not_before: None,
        deduplication_key: None,
    }
}

/// Steps until nothing happens at this time any more.
pub(crate) async fn drain(dispatcher: &mut Dispatcher) -> usize {
    let mut attempts = 0;
    loop {
        match dispatcher.poll_once().await.unwrap().attempts {
            0 => return attempts,
            n => attempts += n,
        }
    }
}

//! A city whose store is in memory, and the wire between the sandbox and the platform.

// Each test program uses its own part of it.
#![allow(dead_code)]

pub(crate) mod stepped;

use async_trait::async_trait;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use yunlong_messaging::{Messaging, Subscriptions};
use yunlong_model::clock::ManualClock;
use yunlong_model::{Clock, InstallationName, Manifest, Text, Timestamp};
use yunlong_payments::*;
use yunlong_store::memory::MemoryStore;
use yunlong_store::{CommitError, Direction, Key, SharedStore, Txn};

pub(crate) struct NoApps;

impl Subscriptions for NoApps {
    fn manifest(&self, _: &InstallationName) -> Option<Arc<Manifest>> {
        None
    }

    fn subscribers(&self, _: &InstallationName, _: &str) -> Vec<InstallationName> {
        Vec::new()
    }
}

/// Keeps callbacks until the test hands them over; can be out of reach.
#[derive(Default)]
pub(crate) struct Wire {
    pub(crate) sent: Mutex<Vec<(Headers, Vec<u8>)>>,
    pub(crate) broken: Mutex<bool>,
}

#[async_trait]
impl CallbackSink for Wire {
    async fn send(&self, _: &str, headers: &Headers, body: &[u8]) -> Result<(), SinkError> {
        if *self.broken.lock().unwrap() {
            return Err(SinkError::Unavailable("cut".into()));
        }
        self.sent.lock().unwrap().push((headers.clone(), body.to_vec()));
        Ok(())
    }
}

pub(crate) const A: &str = "91320300MA000TX14G";
pub(crate) const B: &str = "92320324MA000TX221";

pub(crate) struct City {
    pub(crate) store: SharedStore,
    pub(crate) clock: ManualClock,
    pub(crate) wire: Arc<Wire>,
    pub(crate) payments: Payments,
    pub(crate) app: InstallationName,
}

impl City {
    pub(crate) fn new() -> Self {
        Self::on(Arc::new(MemoryStore::new()), ManualClock::new(Timestamp(1_800_000_000_000)), Arc::default())
    }

    pub(crate) fn on(store: SharedStore, clock: ManualClock, wire: Arc<Wire>) -> Self {
        let shared: Arc<dyn Clock> = Arc::new(clock.clone());
        let messaging = Arc::new(Messaging::new(store.clone(), shared.clone(), Arc::new(NoApps)));
        let sink: Arc<dyn CallbackSink> = wire.clone();
        let cashier =
            SandboxCashier::new(store.clone(), shared.clone(), SandboxSecret::new(b"a key of this test"), sink);
        let payments = Payments::new(store.clone(), shared, messaging, vec![Arc::new(cashier)]);
        Self { store, clock, wire, payments, app: "tickets".parse().unwrap() }
    }

    /// What a process leaves when it is killed: the store.
    pub(crate) fn crash(self) -> Self {
        Self::on(self.store, self.clock, self.wire)
    }

    pub(crate) fn txn(&self) -> Txn {
        Txn::new(self.store.clone())
    }

    pub(crate) async fn create(&self, reference: &str, a: u64, b: u64) -> Result<Intent, PaymentError> {
        let mut txn = self.txn();
        let intent = self
            .payments
            .create(&mut txn, &self.app, Some("citizen"), new_intent(reference, a, b, self.clock.now()))
            .await?;
        txn.commit().await?;
        Ok(intent)
    }

    pub(crate) async fn stage(
        &self,
        f: impl AsyncFnOnce(&mut Txn) -> Result<(), PaymentError>,
    ) -> Result<(), PaymentError> {
        let mut txn = self.txn();
        f(&mut txn).await?;
        txn.commit().await.map(|_| ()).map_err(|e: CommitError| e.into())
    }

    /// Hands over what was sent; answers how many were refused.
    pub(crate) async fn deliver(&self) -> Vec<CallbackError> {
        let sent = std::mem::take(&mut *self.wire.sent.lock().unwrap());
        let mut refused = Vec::new();
        for (headers, body) in sent {
            if let Err(e) = self.payments.handle_callback("sandbox", &headers, &body).await {
                refused.push(e);
            }
        }
        refused
    }

    pub(crate) async fn settle(&self) {
        for _ in 0..3 {
            self.payments.poll_once().await.unwrap();
            assert_eq!(self.deliver().await, []);
        }
    }

    /// The outcomes in the app's queue, by intent.
    pub(crate) async fn outcomes(&self) -> BTreeMap<String, Vec<(String, u64)>> {
        let rows = self
            .store
            .scan(&Key::space("tickets").text("q").children(), Direction::Ascending, usize::MAX)
            .await
            .unwrap();
        let mut found: BTreeMap<String, Vec<(String, u64)>> = BTreeMap::new();
        for row in rows {
            let Ok(json) = serde_json::from_slice::<serde_json::Value>(&row.value) else { continue };
            let data = &json["event"]["data"];
            if let (Some(intent), Some(outcome)) = (data["intent"].as_str(), data["outcome"].as_str()) {
                found
                    .entry(intent.to_owned())
                    .or_default()
                    .push((outcome.to_owned(), data["amount"].as_u64().unwrap()));
            }
        }
        found
    }

    pub(crate) async fn dump(&self) -> usize {
        let all = yunlong_store::KeyRange { start: Key::from_bytes(vec![0]), end: Key::from_bytes(vec![0xFF; 4]) };
        self.store.scan(&all, Direction::Ascending, usize::MAX).await.unwrap().len()
    }
}

pub(crate) fn new_intent(reference: &str, a: u64, b: u64, now: Timestamp) -> NewIntent {
    let line = |payee: &str, amount| Line { payee: payee.into(), amount, description: "门票".into() };
    NewIntent {
        reference: reference.into(),
        description: Text { zh: "门票".into(), en: "Ticket".into() },
        amount: a + b,
        lines: vec![line(A, a), line(B, b)],
        expires_at: now.plus_millis(900_000),
        return_path: "/orders/1".into(),
    }
}

pub(crate) fn refund(reference: &str, a: u64, b: u64) -> NewRefund {
    let line = |payee: &str, amount| Line { payee: payee.into(), amount, description: String::new() };
    let lines = [line(A, a), line(B, b)].into_iter().filter(|l| l.amount > 0).collect();
    NewRefund { reference: reference.into(), lines, reason: "asked".into() }
}

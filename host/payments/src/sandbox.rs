//! The sandbox cashier: a provider that moves no money and can be told to delay, repeat or fail.
//! It keeps its books and what it has to send in the store, so that a delayed callback survives a
//! crash, and calls back like an outside provider, by a signed request.

use crate::callback::{Callback, CallbackError, CallbackEvent, Headers};
use crate::keys;
use crate::provider::{CallbackSink, Charge, Order, Provider, ProviderError, RefundOrder, SinkError, Standing};
use async_trait::async_trait;
use futures::StreamExt as _;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use std::sync::Arc;
use yunlong_model::{Clock, Timestamp};
use yunlong_store::{CommitError, Direction, Key, SharedStore, StoreError, transact};
use zeroize::Zeroizing;

/// Carries the time of signing, in milliseconds since 1970.
const TIMESTAMP: &str = "x-sandbox-timestamp";
/// Carries the nonce.
const NONCE: &str = "x-sandbox-nonce";
/// Carries HMAC-SHA-256 over `timestamp.nonce.body`, in lower-case hexadecimal.
const SIGNATURE: &str = "x-sandbox-signature";
/// How old a callback may be, and how far ahead a clock may run: 5 minutes.
pub(crate) const WINDOW_MILLIS: i64 = 5 * 60 * 1_000;
/// No callback is delayed longer: a day.
const MAX_DELAY_MILLIS: u64 = 86_400_000;
/// Callbacks sent at once.
const CONCURRENT: usize = 32;
/// Callbacks read at once.
const BATCH: usize = 512;

/// What the sandbox does with an attempt.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Behaviour {
    /// Takes the money at once.
    #[default]
    Succeed,
    /// Refuses, as a card without cover.
    Fail,
    /// Takes the money, and says so after this long.
    Delay {
        /// Milliseconds, at most a day.
        millis: u64,
    },
    /// Takes the money and says so several times.
    Repeat {
        /// How often, at most 10.
        times: u32,
    },
    /// Takes the money, and later refuses to return it.
    FailRefund,
    /// Takes the money and never says so: it has to be asked.
    Lose,
}

/// The key that callbacks are signed with. It has no `Debug` and is wiped when dropped.
#[derive(Clone)]
pub struct SandboxSecret(Zeroizing<Vec<u8>>);

impl SandboxSecret {
    /// A key from bytes; 32 of them are enough.
    #[must_use]
    pub fn new(bytes: &[u8]) -> Self {
        Self(Zeroizing::new(bytes.to_vec()))
    }

    fn mac(&self, timestamp: &str, nonce: &str, body: &[u8]) -> Option<Hmac<Sha256>> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0).ok()?;
        for part in [timestamp.as_bytes(), b".", nonce.as_bytes(), b".", body] {
            mac.update(part);
        }
        Some(mac)
    }
}

/// An order in the sandbox's books.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Booked {
    /// When it was, or will be, decided.
    decided_at: Timestamp,
    failure: Option<String>,
}

/// A callback that waits to be sent.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Pending {
    tries: u32,
    event: CallbackEvent,
    /// What it was sent for, to make its next key of.
    what: String,
    n: u32,
}

/// The sandbox provider.
pub struct SandboxCashier {
    store: SharedStore,
    clock: Arc<dyn Clock>,
    secret: SandboxSecret,
    sink: Arc<dyn CallbackSink>,
}

impl SandboxCashier {
    /// The provider's name.
    pub const NAME: &str = "sandbox";

    /// A cashier that sends its callbacks to `sink`.
    #[must_use]
    pub fn new(store: SharedStore, clock: Arc<dyn Clock>, secret: SandboxSecret, sink: Arc<dyn CallbackSink>) -> Self {
        Self { store, clock, secret, sink }
    }

    /// Signs a callback as this provider does: the headers to send with `body`.
    #[must_use]
    pub fn sign(&self, body: &[u8], now: Timestamp) -> Headers {
        let timestamp = now.0.to_string();
        let nonce = data_encoding::BASE64URL_NOPAD.encode(&rand::random::<[u8; 18]>());
        let signature = self
            .secret
            .mac(&timestamp, &nonce, body)
            .map(|m| data_encoding::HEXLOWER.encode(&m.finalize().into_bytes()));
        Headers::from([
            ("content-type".to_owned(), "application/json".to_owned()),
            (TIMESTAMP.to_owned(), timestamp),
            (NONCE.to_owned(), nonce),
            (SIGNATURE.to_owned(), signature.unwrap_or_default()),
        ])
    }

    async fn plan(
        &self,
        intent: &str,
        what: &str,
        event: &CallbackEvent,
        behaviour: Behaviour,
    ) -> Result<(), ProviderError> {
        let (delay, times) = match behaviour {
            Behaviour::Delay { millis } => (millis.min(MAX_DELAY_MILLIS), 1),
            Behaviour::Repeat { times } => (0, times.clamp(1, 10)),
            Behaviour::Lose => (0, 0),
            Behaviour::Succeed | Behaviour::Fail | Behaviour::FailRefund => (0, 1),
        };
        let due = self.clock.now().plus_millis(i64::try_from(delay).unwrap_or(0));
        let (CallbackEvent::Charge { failure, .. } | CallbackEvent::Refund { failure, .. }) = event;
        let booked = Booked { decided_at: due, failure: failure.clone() };
        let planned: Result<(), CommitError> = transact!(&self.store, |txn| {
            let book = keys::order(intent, what);
            // The same order again is the same order.
            if txn.get(&book).await?.is_some() {
                return Ok(());
            }
            txn.put_as(book, &booked);
            for n in 0..times {
                let pending = Pending { tries: 0, event: event.clone(), what: what.to_owned(), n };
                txn.put_as(keys::callback(due, intent, what, n), &pending);
            }
            Ok(())
        });
        planned.map_err(|e| ProviderError::Unavailable(e.to_string()))
    }

    /// What is due.
    async fn pending(&self) -> Result<Vec<(Key, Pending)>, StoreError> {
        let due = keys::until(&keys::callbacks(), self.clock.now());
        let rows = self.store.scan(&due, Direction::Ascending, BATCH).await?;
        rows.into_iter()
            .map(|row| {
                let pending = serde_json::from_slice(&row.value)
                    .map_err(|e| StoreError::Corrupt(format!("{:?}: {e}", row.key)))?;
                Ok((row.key, pending))
            })
            .collect()
    }

    async fn send(&self, key: &Key, mut pending: Pending) -> Result<(), CommitError> {
        let body = match serde_json::to_vec(&pending.event) {
            Ok(body) => body,
            Err(e) => return Err(StoreError::Corrupt(e.to_string()).into()),
        };
        let headers = self.sign(&body, self.clock.now());
        let again = match self.sink.send(Self::NAME, &headers, &body).await {
            Ok(()) => None,
            Err(SinkError::Refused(why)) => {
                tracing::warn!(why, "the platform refused a callback of the sandbox");
                None
            }
            Err(SinkError::Unavailable(why)) => {
                tracing::debug!(why, "a callback of the sandbox did not arrive");
                pending.tries = pending.tries.saturating_add(1);
                // 0.2 s, 0.4 s … 51 s.
                let due = self.clock.now().plus_millis(100 << pending.tries.min(9));
                let (CallbackEvent::Charge { intent, .. } | CallbackEvent::Refund { intent, .. }) = &pending.event;
                Some((keys::callback(due, intent, &pending.what, pending.n), pending))
            }
        };
        transact!(&self.store, |txn| {
            txn.delete(key.clone());
            if let Some((later, pending)) = &again {
                txn.put_as(later.clone(), pending);
            }
            Ok::<(), CommitError>(())
        })
    }
}

#[async_trait]
impl Provider for SandboxCashier {
    fn name(&self) -> &str {
        Self::NAME
    }

    fn supports_direct_confirmation(&self) -> bool {
        true
    }

    async fn charge(&self, charge: &Charge) -> Result<(), ProviderError> {
        let failure =
            (charge.behaviour == Behaviour::Fail).then(|| "模拟支付失败 · the sandbox was told to fail".to_owned());
        let event = CallbackEvent::Charge {
            intent: charge.intent.clone(),
            attempt: charge.attempt,
            amount: charge.amount,
            failure,
        };
        self.plan(&charge.intent, &charge.key(), &event, charge.behaviour).await
    }

    async fn refund(&self, refund: &RefundOrder) -> Result<(), ProviderError> {
        let failure = (refund.behaviour == Behaviour::FailRefund)
            .then(|| "模拟退款失败 · the sandbox was told to fail".to_owned());
        let event = CallbackEvent::Refund {
            intent: refund.intent.clone(),
            reference: refund.reference.clone(),
            amount: refund.amount,
            failure,
        };
        // A delay was asked for the payment, not for its refund.
        let behaviour = match refund.behaviour {
            Behaviour::Repeat { .. } | Behaviour::Lose => refund.behaviour,
            _ => Behaviour::Succeed,
        };
        self.plan(&refund.intent, &refund.key(), &event, behaviour).await
    }

    async fn look_up(&self, order: &Order) -> Result<Standing, ProviderError> {
        let key = match order {
            Order::Charge(charge) => keys::order(&charge.intent, &charge.key()),
            Order::Refund(refund) => keys::order(&refund.intent, &refund.key()),
        };
        let unavailable = |e: &dyn std::fmt::Display| ProviderError::Unavailable(e.to_string());
        let Some(row) = self.store.get(&key).await.map_err(|e| unavailable(&e))? else { return Ok(Standing::Unknown) };
        let booked: Booked = serde_json::from_slice(&row.value).map_err(|e| unavailable(&e))?;
        Ok(if self.clock.now() < booked.decided_at {
            Standing::Pending
        } else {
            Standing::Settled { failure: booked.failure }
        })
    }

    fn verify(&self, headers: &Headers, body: &[u8], now: Timestamp) -> Result<Callback, CallbackError> {
        let header = |name: &str| headers.get(name).map(String::as_str).ok_or(CallbackError::BadSignature);
        let (timestamp, nonce, signature) = (header(TIMESTAMP)?, header(NONCE)?, header(SIGNATURE)?);
        if nonce.is_empty() || nonce.len() > 64 {
            return Err(CallbackError::BadSignature);
        }
        let signature =
            data_encoding::HEXLOWER.decode(signature.as_bytes()).map_err(|_| CallbackError::BadSignature)?;
        let mac = self.secret.mac(timestamp, nonce, body).ok_or(CallbackError::BadSignature)?;
        // Compares in constant time.
        mac.verify_slice(&signature).map_err(|_| CallbackError::BadSignature)?;
        let signed_at = Timestamp(timestamp.parse().map_err(|_| CallbackError::BadSignature)?);
        if (now.0.saturating_sub(signed_at.0)).saturating_abs() > WINDOW_MILLIS {
            return Err(CallbackError::Stale);
        }
        let event = serde_json::from_slice(body).map_err(|e| CallbackError::Invalid(e.to_string()))?;
        Ok(Callback { nonce: nonce.to_owned(), signed_at, event })
    }

    async fn poll(&self) -> Option<Timestamp> {
        let pending = match self.pending().await {
            Ok(pending) => pending,
            Err(e) => {
                tracing::error!(error = %e, "the sandbox cannot read what it has to send");
                return None;
            }
        };
        let now = self.clock.now();
        let full = pending.len() == BATCH;
        let results: Vec<_> = futures::stream::iter(pending)
            .map(|(key, p)| async move { self.send(&key, p).await })
            .buffer_unordered(CONCURRENT)
            .collect()
            .await;
        for e in results.into_iter().filter_map(Result::err) {
            tracing::error!(error = %e, "the sandbox cannot record what it sent");
        }
        if full {
            return Some(now);
        }
        crate::worker::next_due(&self.store, &keys::callbacks(), self.clock.now()).await.unwrap_or(Some(now))
    }
}

//! What a payment provider is to the platform.

use crate::{Behaviour, Callback, CallbackError, Headers};
use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use yunlong_model::Timestamp;

/// An order to take money.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Charge {
    /// The intent.
    pub intent: String,
    /// 1 for the first attempt. Intent and attempt together are the idempotency key.
    pub attempt: u32,
    /// Fen.
    pub amount: u64,
    /// What the sandbox is told to do; other providers ignore it.
    pub behaviour: Behaviour,
}

impl Order {
    /// The intent that it belongs to.
    #[must_use]
    pub fn intent(&self) -> &str {
        match self {
            Self::Charge(c) => &c.intent,
            Self::Refund(r) => &r.intent,
        }
    }

    /// Where it stands while its outcome is awaited.
    pub(crate) fn open_key(&self) -> yunlong_store::Key {
        match self {
            Self::Charge(c) => crate::keys::open_order(&c.intent, &c.key()),
            Self::Refund(r) => crate::keys::open_order(&r.intent, &r.key()),
        }
    }
}

impl Charge {
    /// Its name among the orders of its intent.
    pub(crate) fn key(&self) -> String {
        charge_key(self.attempt)
    }
}

impl RefundOrder {
    /// Its name among the orders of its intent.
    pub(crate) fn key(&self) -> String {
        refund_key(&self.reference)
    }
}

pub(crate) fn charge_key(attempt: u32) -> String {
    format!("charge {attempt}")
}

pub(crate) fn refund_key(reference: &str) -> String {
    format!("refund {reference}")
}

/// An order to return money.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefundOrder {
    /// The intent.
    pub intent: String,
    /// The app's number. Intent and reference together are the idempotency key.
    pub reference: String,
    /// Fen.
    pub amount: u64,
    /// What the sandbox is told to do; other providers ignore it.
    pub behaviour: Behaviour,
}

/// An order, to ask what became of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Order {
    /// To take money.
    Charge(Charge),
    /// To return it.
    Refund(RefundOrder),
}

/// What became of an order, in the provider's books.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// The provider never had it: it is to be given again.
    Unknown,
    /// It is not decided yet.
    Pending,
    /// It ended.
    Settled {
        /// Why it failed; absent when the money moved.
        failure: Option<String>,
    },
}

/// Why a provider did not take an order.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProviderError {
    /// It will not, ever: the reason is for people.
    #[error("refused: {0}")]
    Refused(String),
    /// It cannot be reached, or its answer is unknown: the same order is given again.
    #[error("not reached: {0}")]
    Unavailable(String),
}

/// A payment provider. Orders are idempotent by their keys; outcomes come as signed callbacks, and
/// can be looked up.
#[async_trait]
pub trait Provider: Send + Sync + 'static {
    /// Its name, as it stands in callback addresses and ledger accounts.
    fn name(&self) -> &str;

    /// Whether it takes money without a page of its own.
    fn supports_direct_confirmation(&self) -> bool;

    /// Takes an order; the outcome comes as a callback.
    async fn charge(&self, charge: &Charge) -> Result<(), ProviderError>;

    /// Takes an order; the outcome comes as a callback.
    async fn refund(&self, refund: &RefundOrder) -> Result<(), ProviderError>;

    /// Looks an order up in the provider's books: its callback may have been lost on the way.
    async fn look_up(&self, order: &Order) -> Result<Standing, ProviderError>;

    /// Checks a callback's signature and time, and reads it.
    ///
    /// # Errors
    /// [`CallbackError`] when it is not this provider's, too old, or unreadable.
    fn verify(&self, headers: &Headers, body: &[u8], now: Timestamp) -> Result<Callback, CallbackError>;

    /// Does what the provider itself has to do in the background; the sandbox sends its callbacks.
    /// Answers when it next wants to be called, if it knows.
    async fn poll(&self) -> Option<Timestamp> {
        None
    }
}

/// Why a callback did not arrive.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SinkError {
    /// The receiver refuses it, and would again.
    #[error("refused: {0}")]
    Refused(String),
    /// The receiver cannot be reached now.
    #[error("not reached: {0}")]
    Unavailable(String),
}

/// How the sandbox reaches the platform's callback address; the server sends a real HTTP request.
#[async_trait]
pub trait CallbackSink: Send + Sync + 'static {
    /// Sends one callback.
    async fn send(&self, provider: &str, headers: &Headers, body: &[u8]) -> Result<(), SinkError>;
}

//! What a payment provider is to the platform.

use crate::{Behaviour, Callback, CallbackError, Headers};
use async_trait::async_trait;
use yunlong_model::Timestamp;

/// An order to take money.
#[derive(Clone, Debug, PartialEq, Eq)]
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

/// An order to return money.
#[derive(Clone, Debug, PartialEq, Eq)]
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

/// A payment provider. Orders are idempotent by their keys; outcomes come as signed callbacks.
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

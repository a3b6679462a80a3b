//! Callbacks: what a provider tells the platform, and why one is refused.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use yunlong_model::Timestamp;

/// Request headers by lower-case name.
pub type Headers = BTreeMap<String, String>;

/// A callback whose signature and time were checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Callback {
    /// Unique for each callback; one that was seen is a replay.
    pub nonce: String,
    /// When the provider signed it.
    pub signed_at: Timestamp,
    /// What it says.
    pub event: CallbackEvent,
}

/// What a provider says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case", deny_unknown_fields)]
pub enum CallbackEvent {
    /// An attempt to take money ended.
    Charge {
        /// The intent.
        intent: String,
        /// The attempt.
        attempt: u32,
        /// Fen.
        amount: u64,
        /// Why it failed; absent when the money was taken.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        failure: Option<String>,
    },
    /// An order to return money ended.
    Refund {
        /// The intent.
        intent: String,
        /// The app's number for the refund.
        reference: String,
        /// Fen.
        amount: u64,
        /// Why it failed; absent when the money was returned.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        failure: Option<String>,
    },
}

/// Why a callback is refused. It left no trace in the data, unless the store failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CallbackError {
    /// No such provider.
    #[error("there is no payment provider `{0}`")]
    UnknownProvider(String),
    /// The signature is absent or wrong.
    #[error("the callback's signature is absent or wrong")]
    BadSignature,
    /// Signed too long ago, or in the future.
    #[error("the callback was signed outside the accepted time")]
    Stale,
    /// The nonce was seen.
    #[error("the callback was received before")]
    Replayed,
    /// Signed, but it says what cannot be.
    #[error("the callback is not valid: {0}")]
    Invalid(String),
    /// It could not be written down: the provider sends it again.
    #[error("the callback could not be recorded: {0}")]
    Failed(String),
}

//! Payments over the platform's ledger. Money is a whole number of fen.
//!
//! An intent, its confirmation, cancellation or refund is staged in a transaction
//! ([`Tx::create_intent`](crate::Tx::create_intent) and its siblings); the outcome comes back to
//! the app's consumer as an [`Event`](crate::messaging::Event) whose
//! [`payment`](crate::messaging::Event::payment) is a [`PaymentOutcome`].
//!
//! What such an intent takes belongs to the payees of its lines at once. Where nobody is to get it yet, because a buyer
//! still has to confirm, [`create_escrow`] makes an intent whose money the platform holds:
//! [`release`] pays it to payees, [`refund_held`] returns it, [`escrow()`] tells where it is.

mod escrow;

pub use escrow::{EscrowState, HeldRefund, NewEscrow, Release, create_escrow, escrow, refund_held, release};

use crate::Text;
use crate::backend::{Active, Backend};
use serde::{Deserialize, Serialize};

/// Who receives a part of the money.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// The receiver's unified social credit code (GB 32100).
    pub payee: String,
    /// Fen.
    pub amount: u64,
    /// What it is for, as a statement would show it.
    pub description: String,
}

/// What to pay.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewIntent {
    /// The app's own number for it. Asking again with the same reference and amount answers the
    /// first intent.
    pub reference: String,
    /// What the payer reads.
    pub description: Text,
    /// How the money is split; the amount is their sum. At least one line.
    pub lines: Vec<Line>,
    /// A payment that arrives later is still reported; the app decides what becomes of it.
    /// Milliseconds since 1970.
    pub expires_at: u64,
    /// The path of this app to which the cashier leads back.
    pub return_path: String,
}

impl NewIntent {
    /// Fen to pay: the sum of the lines.
    #[must_use]
    pub fn amount(&self) -> u64 {
        self.lines.iter().fold(0, |sum, l| sum.saturating_add(l.amount))
    }
}

/// Where an intent stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// Waiting for the payer.
    Pending,
    /// The provider was asked and has not answered.
    Processing,
    /// The money is taken.
    Captured,
    /// The provider refused; the payer may try again until it expires.
    Failed,
    /// Given up before it was paid.
    Cancelled,
    /// Everything was returned.
    Refunded,
}

/// A payment intent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Intent {
    /// Its id, unique on the platform.
    pub id: String,
    /// The app's own number for it.
    pub reference: String,
    /// Fen asked for.
    pub amount: u64,
    /// Fen taken.
    pub captured: u64,
    /// Fen returned, or staged to be returned.
    pub refunded: u64,
    /// Where it stands.
    pub status: Status,
    /// The address of the cashier's page, to redirect (303) the payer to.
    pub cashier_url: String,
}

/// A part of a captured intent to return.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewRefund {
    /// The app's own number for the refund: the same number is the same refund, once.
    pub reference: String,
    /// What each payee gives back.
    pub lines: Vec<Line>,
    /// Why, as a statement would show it.
    pub reason: String,
}

/// What became of a payment: the payload of an event of the topic `city.payments`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PaymentOutcome {
    /// What happened.
    pub outcome: Outcome,
    /// The intent's id.
    pub intent: String,
    /// The app's own number for the intent.
    pub reference: String,
    /// Fen taken or returned.
    pub amount: u64,
    /// The app's own number for the refund, when it is about one.
    #[serde(default)]
    pub refund: Option<String>,
    /// Why it failed, in words.
    #[serde(default)]
    pub reason: Option<String>,
}

/// What happened to a payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// The money is taken.
    Captured,
    /// The provider refused; the payer may try again.
    Failed,
    /// The intent was given up.
    Cancelled,
    /// A refund was paid out.
    Refunded,
    /// A refund was refused.
    RefundFailed,
}

/// Why a payment call failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PaymentError {
    /// This installation has no such intent.
    #[error("unknown intent `{0}`")]
    UnknownIntent(String),
    /// The intent's status does not allow it, or it is of the other kind (an escrow or not); the text says what is.
    #[error("{0}")]
    WrongStatus(String),
    /// The lines are empty or name a payee that is not a USCC; a refund is over what is left, a release
    /// over what is held; a reference was used with another amount or other lines.
    #[error("invalid payment: {0}")]
    Invalid(String),
    /// The department did not grant payments to this installation.
    #[error("payments are not granted: {0}")]
    NotGranted(String),
    /// The transaction is closed.
    #[error("the transaction is closed")]
    Closed,
    /// Anything else, in words.
    #[error("{0}")]
    Other(String),
}

/// Reads an intent of this installation.
///
/// # Errors
/// [`PaymentError::UnknownIntent`] when there is none.
pub fn intent(id: &str) -> Result<Intent, PaymentError> {
    Active::intent(id)
}

//! Money that the platform holds until the app says who gets it.
//!
//! What an escrow captured is at every moment `held + released + refunding + refunded`.
//!
//! ```no_run
//! # use yunlong_sdk::{Text, now, transact, web};
//! # use yunlong_sdk::payments::{self, HeldRefund, Intent, Line, NewEscrow, Release};
//! # fn order() -> Result<Intent, web::Error> {
//! // The order and its escrow are one transaction; the payer is led to `cashier_url`.
//! transact(|tx| {
//!     Ok(payments::create_escrow(tx, NewEscrow {
//!         reference: "order-1".into(),
//!         description: yunlong_sdk::t("实木床", "A wooden bed"),
//!         amount: 108_000,
//!         expires_at: now() + 15 * 60_000,
//!         return_path: "/orders/order-1".into(),
//!     })?)
//! })
//! # }
//! # fn confirmed(intent: &str, seller: String, station: String) -> Result<(), web::Error> {
//! // The buyer confirms: whoever earned it gets it, with the commit.
//! let line = |payee, amount, what: &str| Line { payee, amount, description: what.into() };
//! transact(|tx| {
//!     Ok(payments::release(tx, intent, Release {
//!         reference: "settle".into(),
//!         lines: vec![line(seller.clone(), 104_760, "货款"), line(station.clone(), 3_240, "佣金")],
//!         reason: "买家确认收货".into(),
//!     })?)
//! })
//! # }
//! ```

use super::{Intent, Line, PaymentError};
use crate::backend::{Active, Backend};
use crate::{Text, Tx};
use serde::{Deserialize, Serialize};

/// What to hold once it is paid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewEscrow {
    /// The app's own number for it. One reference has one intent, of either kind: asking again
    /// with the same reference and amount answers the first.
    pub reference: String,
    /// What the payer reads.
    pub description: Text,
    /// Fen, at least 1.
    pub amount: u64,
    /// A payment that arrives later is still reported, and held; the app decides what becomes of it.
    /// Milliseconds since 1970.
    pub expires_at: u64,
    /// The path of this app to which the cashier leads back.
    pub return_path: String,
}

/// A part of what is held, for payees.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Release {
    /// The app's own number for the release: the same number is the same release, once.
    pub reference: String,
    /// Who gets how much: at least one line, in sum at most what is held.
    pub lines: Vec<Line>,
    /// Why, as a statement would show it.
    pub reason: String,
}

/// A part of what is held, to return to the payer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeldRefund {
    /// The app's own number for the refund: the same number is the same refund, once, also when
    /// the provider refused it.
    pub reference: String,
    /// Fen, at least 1 and at most what is held.
    pub amount: u64,
    /// Why, as a statement would show it.
    pub reason: String,
}

/// Where the money of an escrow is, in fen: `captured` is the sum of the four below it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct EscrowState {
    /// Asked for.
    pub amount: u64,
    /// Taken: 0 or the amount.
    pub captured: u64,
    /// Held by the platform, to be released or refunded.
    pub held: u64,
    /// Paid to payees.
    pub released: u64,
    /// On its way back to the payer.
    pub refunding: u64,
    /// Back at the payer.
    pub refunded: u64,
}

/// Stages an intent whose money is held for this installation once it is captured. Its cashier page
/// answers once the transaction is committed. The same as [`Tx::create_escrow`].
///
/// # Errors
/// [`PaymentError::Invalid`] for what cannot be, such as a reference that has another intent.
pub fn create_escrow(tx: &Tx<'_>, escrow: NewEscrow) -> Result<Intent, PaymentError> {
    tx.create_escrow(&escrow)
}

/// Pays a part of what is held to payees, with the commit: there is no event, and no way back. The same
/// reference with the same lines has no second effect. The same as [`Tx::release`].
///
/// # Errors
/// [`PaymentError::Invalid`] for more than is held, and for a reference that was used with other lines;
/// [`PaymentError::WrongStatus`] before it is captured, and for an intent that is no escrow.
pub fn release(tx: &Tx<'_>, intent: &str, release: Release) -> Result<(), PaymentError> {
    tx.release(intent, &release)
}

/// Stages the return of a part of what is held to the payer. The outcome comes as an event,
/// [`Outcome::Refunded`](super::Outcome::Refunded) or [`Outcome::RefundFailed`](super::Outcome::RefundFailed); what
/// failed is held again, to be tried under another reference. The same as [`Tx::refund_held`].
///
/// # Errors
/// As [`release`].
pub fn refund_held(tx: &Tx<'_>, intent: &str, refund: HeldRefund) -> Result<(), PaymentError> {
    tx.refund_held(intent, &refund)
}

/// Where the money of an escrow of this installation is, as committed.
///
/// # Errors
/// [`PaymentError::UnknownIntent`]; [`PaymentError::WrongStatus`] for an intent that is no escrow.
pub fn escrow(intent: &str) -> Result<EscrowState, PaymentError> {
    Active::escrow(intent)
}

//! Payment intents over a double-entry ledger.
//!
//! An app *stages* what it wants in its own [`Txn`](yunlong_store::Txn): the intent's record and a command row are
//! part of the app's commit. After the commit the worker ([`Payments::run`]) takes the command and
//! calls the [`Provider`]; the provider answers by a signed callback ([`Payments::handle_callback`]),
//! whose effect on intent, ledger and the app's queue is one commit again.
//!
//! What a plain intent takes is its payees' at once. What an escrow takes is held for its installation until the app
//! releases it to payees, in the commit of its own transaction, or returns it to the payer by the provider.
//!
//! Everything is restart-safe: a command stays until the provider accepted it, an order that it
//! accepted is looked up in its books when no callback comes, and all effects of an outcome are
//! idempotent, so repeating any of it changes nothing.
//!
//! **Key space** `@payments`: `intent` records by id; `ref` ids by installation and reference;
//! `closed` stands for an installation that was removed; `payer` ids by account, newest first; `cmd`
//! commands in the order of commits; `open` orders whose outcome is awaited, by intent; `ledger`
//! entries in the order of commits; `nonce` callbacks' nonces by time; `callback` what the sandbox
//! still has to send, `order` its books; counters `balance` by account. Nothing here is written by
//! every purchase: balances are counters.
#![deny(missing_docs)]

mod callback;
mod closing;
mod error;
mod escrow;
mod holding;
mod intent;
mod keys;
mod ledger;
mod listing;
mod provider;
mod sandbox;
mod service;
mod verify;
mod worker;

pub use callback::{Callback, CallbackError, CallbackEvent, Headers};
pub use error::PaymentError;
pub use escrow::{Escrow, EscrowState, HeldRefund, NewEscrow, NewRelease, Release};
pub use holding::Held;
pub use intent::{Intent, Line, NewIntent, NewRefund, Refund, RefundStatus, Status};
pub use ledger::{Entry, LedgerError, LedgerReport, Part, Posting};
pub use listing::IntentPage;
pub use provider::{CallbackSink, Charge, Order, Provider, ProviderError, RefundOrder, SinkError, Standing};
pub use sandbox::{Behaviour, SandboxCashier, SandboxSecret};
pub use service::Payments;

//! Warehouse receipts, loans and freight in plain Rust: no host, no store, no clock of its own.
//!
//! Architecture invariant: nothing in this folder calls the host. Of the SDK it knows the calendar and the text in two
//! languages, no more. Every rule of the trade stands here and is tested here.

pub mod actor;
pub mod alert;
pub mod borrower;
pub mod calendar;
pub mod effect;
pub mod flow;
pub mod freight;
pub mod keys;
pub mod ledger;
pub mod loan;
pub mod money;
pub mod pledge;
pub mod quote;
pub mod receipt;
pub mod refused;
pub mod sample;
pub mod sensor;
pub mod signature;
pub mod time;
pub mod warehouse;

#[cfg(test)]
mod histories;

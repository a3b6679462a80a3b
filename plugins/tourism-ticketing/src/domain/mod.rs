//! Ticketing in plain Rust: no host, no store, no clock of its own.
//!
//! Architecture invariant: nothing in this folder calls the host. Of the SDK it knows the calendar
//! and the text in two languages, no more. Every rule of the trade stands here and is tested here.

pub mod admission;
pub mod alert;
pub mod batch;
pub mod browse;
pub mod catalogue;
pub mod code;
pub mod district;
pub mod edit;
pub mod effect;
pub mod entitlement;
pub mod keys;
pub mod mandate;
pub mod order;
pub mod pricing;
pub mod refund;
pub mod sample;
pub mod site;
pub mod slot;
pub mod state;
pub mod statement;
pub mod time;
pub mod visitor;

#[cfg(test)]
mod histories;

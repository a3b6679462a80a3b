//! The trade in plain Rust: no host, no store, no clock of its own.
//!
//! Architecture invariant: nothing in this folder calls the host. Of the SDK it knows the calendar
//! and the text in two languages, no more. Every rule of the trade stands here and is tested here.

pub mod batch;
pub mod cart;
pub mod commission;
pub mod coupon;
pub mod coverage;
pub mod division;
pub mod edit;
pub mod effect;
pub mod escrow;
pub mod explain;
pub mod farmer;
pub mod group;
pub mod keys;
pub mod listing;
pub mod machine;
pub mod money;
pub mod order;
pub mod picture;
pub mod product;
pub mod returns;
pub mod sample;
pub mod shipment;
pub mod station;
pub mod statistics;
pub mod store;
pub mod time;

#[cfg(test)]
mod histories;

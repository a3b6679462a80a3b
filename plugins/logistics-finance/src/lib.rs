//! 仓单质押与三流合一: warehouse receipts, loans on them, and freight.
#![deny(missing_docs)]

pub mod domain;

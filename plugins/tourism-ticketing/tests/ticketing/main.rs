//! The whole app against the city in memory.
#![allow(clippy::unwrap_used)]

mod browsing;
mod buying;
mod closing;
mod contract;
mod gate;
mod histories;
mod managing;
mod mandates;
mod money;
mod offline;
mod pages;
mod statements;
mod support;

//! The whole app against the city in memory.
#![allow(clippy::unwrap_used)]

mod buying;
mod gate;
mod histories;
mod money;
mod pages;
mod support;

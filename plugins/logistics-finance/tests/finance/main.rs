//! The services against the city in memory.
#![allow(clippy::unwrap_used)]

mod acceptance;
mod edges;
mod hands;
mod histories;
mod migrations;
mod sample;
mod sensors;
mod shipments;
mod support;
mod waiting;

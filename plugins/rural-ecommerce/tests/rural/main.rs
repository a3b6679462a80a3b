//! The whole app against the city in memory.
#![allow(clippy::unwrap_used)]

mod batches;
mod buying;
mod deadlines;
mod groups;
mod histories;
mod money;
mod returns;
mod selling;
mod shipping;
mod stations;
mod statistics;
mod support;

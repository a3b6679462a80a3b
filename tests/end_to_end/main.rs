//! End to end: the real server, real components, real HTTP. Each module is a chapter of the
//! specification.

mod crash;
mod gateway;
mod hostile;
mod operation;
mod packages;
mod releases;
mod telemetry;
mod ticketing;
mod ticketing_operation;

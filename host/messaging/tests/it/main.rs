//! Messaging, through its public interface.
#![allow(clippy::unwrap_used)]

mod delivery;
mod histories;
mod inbox;
mod jobs;
mod publishing;
mod support;

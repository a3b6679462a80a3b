//! The runtime with real guests and real services, in memory.

#![allow(clippy::unwrap_used, reason = "a helper that panics fails its test")]

mod cache;
mod calls;
mod city;
mod guest;
mod imports;
mod limits;
mod payments;
mod platform;
mod releases;
mod replay;
mod shared;
mod standard;
mod wasi_03;

use std::sync::Arc;
use yunlong_messaging::Messaging;
use yunlong_model::Clock;
use yunlong_payments::Payments;
use yunlong_store::SharedStore;

pub(crate) fn payments_on(store: &SharedStore, clock: &Arc<dyn Clock>, messaging: &Arc<Messaging>) -> Arc<Payments> {
    Arc::new(Payments::new(store.clone(), clock.clone(), messaging.clone(), Vec::new()))
}

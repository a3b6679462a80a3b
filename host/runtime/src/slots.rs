//! Which releases of an installation are loaded, and which calls run in them.

use crate::runtime::Loaded;
use crate::waiting::Waiting;
use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use yunlong_model::Digest;

/// The releases of one installation: the one in charge, and one beside it that is tried, serves a
/// share, or stands by.
pub(crate) struct Slots {
    pub(crate) main: Arc<Loaded>,
    pub(crate) beside: Option<Arc<Loaded>>,
}

impl Slots {
    /// The release of this package, if it is loaded.
    pub(crate) fn of(&self, package: &Digest) -> Option<&Arc<Loaded>> {
        [Some(&self.main), self.beside.as_ref()].into_iter().flatten().find(|l| l.package() == *package)
    }

    /// Gives the release of this package charge, if it is loaded; the other one stands by.
    pub(crate) fn switch(&mut self, package: &Digest) -> bool {
        if self.main.package() == *package {
            return true;
        }
        match self.beside.take_if(|l| l.package() == *package) {
            Some(next) => {
                self.beside = Some(std::mem::replace(&mut self.main, next));
                true
            }
            None => false,
        }
    }
}

/// Calls that have a release and are not over.
#[derive(Default)]
pub(crate) struct Flights {
    all: AtomicUsize,
    /// The requests among them that have a place.
    pub(crate) requests: Waiting,
}

impl Flights {
    pub(crate) fn count(&self) -> usize {
        self.all.load(Ordering::Acquire)
    }
}

/// A loaded release that a call holds. Taken under the lock under which releases are exchanged, so
/// that whoever waits for a release to be idle misses none.
pub(crate) struct Held(Arc<Loaded>);

impl Held {
    pub(crate) fn new(loaded: Arc<Loaded>) -> Self {
        loaded.flights.all.fetch_add(1, Ordering::AcqRel);
        Self(loaded)
    }
}

impl Deref for Held {
    type Target = Loaded;

    fn deref(&self) -> &Loaded {
        &self.0
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.0.flights.all.fetch_sub(1, Ordering::AcqRel);
    }
}

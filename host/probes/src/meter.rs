//! What a call took, as the runtime tells it.

use parking_lot::Mutex;
use std::time::Duration;
use yunlong_runtime::{Ended, HostCall, InvocationError, Observer, Verdict};

/// What the invocation that ended last took. One runs at a time.
#[derive(Default)]
pub(crate) struct Meter(Mutex<Option<Took>>);

/// What an invocation took.
pub(crate) struct Took {
    pub(crate) wall: Duration,
    pub(crate) cpu: Duration,
    pub(crate) memory_peak: usize,
    pub(crate) host_calls: u64,
    pub(crate) error: Option<InvocationError>,
}

impl Meter {
    /// The last one; `None` when nothing ended since this was asked before.
    pub(crate) fn take(&self) -> Option<Took> {
        self.0.lock().take()
    }
}

impl Observer for Meter {
    fn observe(&self, _: &HostCall<'_>) -> Verdict {
        Verdict::Proceed
    }

    fn ended(&self, ended: &Ended<'_>) {
        *self.0.lock() = Some(Took {
            wall: ended.wall,
            cpu: ended.cpu,
            memory_peak: ended.memory_peak,
            host_calls: ended.host_calls,
            error: ended.error.cloned(),
        });
    }
}

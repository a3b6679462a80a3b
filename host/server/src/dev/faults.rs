//! Faults on purpose: what an app meets on a bad day, whenever whoever writes it wants to see that.

use parking_lot::Mutex;
use std::time::Duration;
use yunlong_runtime::{HostCall, Interface, Observer, Verdict};

/// The longest that an answer is held back.
pub(super) const SLOWEST: Duration = Duration::from_secs(30);
/// The most commits that are to conflict.
pub(super) const MOST_CONFLICTS: u32 = 1_000;

/// What is to fail.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Wanted {
    /// So many commits of the app's own data answer a conflict.
    pub(super) conflicts: u32,
    /// Its own data cannot be reached.
    pub(super) store: bool,
    /// Nothing can be published, nobody notified.
    pub(super) messaging: bool,
    /// Payments cannot be reached.
    pub(super) payments: bool,
    /// Shared data cannot be reached.
    pub(super) shared: bool,
    /// Each answer comes so much later.
    pub(super) slow: Duration,
}

/// Sees each host call.
#[derive(Default)]
pub(super) struct Faults(Mutex<Wanted>);

impl Faults {
    /// What still is to fail.
    pub(super) fn wanted(&self) -> Wanted {
        *self.0.lock()
    }

    pub(super) fn want(&self, wanted: Wanted) {
        *self.0.lock() =
            Wanted { conflicts: wanted.conflicts.min(MOST_CONFLICTS), slow: wanted.slow.min(SLOWEST), ..wanted };
    }
}

impl Observer for Faults {
    fn observe(&self, call: &HostCall<'_>) -> Verdict {
        let mut wanted = self.0.lock();
        let away = match call.interface {
            Interface::Collections => wanted.store,
            Interface::Publisher => wanted.messaging,
            Interface::Intents => wanted.payments,
            Interface::Shared | Interface::Base => wanted.shared,
            _ => false,
        };
        if away {
            return Verdict::Fail("开发：按设定失败 / development: fails as asked".into());
        }
        if call.interface == Interface::Collections && call.function == "transaction.commit" && wanted.conflicts > 0 {
            wanted.conflicts -= 1;
            return Verdict::Conflict;
        }
        Verdict::Proceed
    }
}

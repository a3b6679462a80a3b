//! Sees each host call of the city's app, and fails one of them when it is told to.

use parking_lot::Mutex;
use yunlong_runtime::{HostCall, Interface, Kind, Observer, Verdict};

/// A host call, as it is told in reports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Seen {
    /// Which invocation made it: what its instance served, and the id of that.
    pub(crate) invocation: (Kind, String),
    pub(crate) interface: Interface,
    pub(crate) function: &'static str,
    /// Whether it has an error to answer with.
    pub(crate) can_fail: bool,
}

impl Seen {
    /// `city:data/collections.transaction.commit`.
    pub(crate) fn name(&self) -> String {
        format!("{}.{}", self.interface.name(), self.function)
    }

    /// Whether it leaves anything behind at all. A guest that is cut off behind one that does not leaves what it
    /// would leave when it is cut off before.
    pub(crate) fn leaves_nothing(&self) -> bool {
        matches!(
            self.interface,
            Interface::Clocks
                | Interface::Random
                | Interface::Output
                | Interface::Context
                | Interface::Principal
                | Interface::Representation
        )
    }
}

/// What happens to a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Blow {
    /// The guest is stopped.
    Cut,
    /// The call answers an error.
    Fail,
}

/// The calls since [`Sight::begin`], and the one to be failed. Invocations of a city come one after the other.
#[derive(Default)]
pub(crate) struct Sight(Mutex<Looking>);

#[derive(Default)]
struct Looking {
    seen: Vec<Seen>,
    blow: Option<(usize, Blow)>,
    struck: bool,
}

impl Sight {
    /// Begins to count anew; the call of this number, from 0, is to fail.
    pub(crate) fn begin(&self, blow: Option<(usize, Blow)>) {
        *self.0.lock() = Looking { seen: Vec::new(), blow, struck: false };
    }

    /// The calls since then.
    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.0.lock().seen.clone()
    }

    /// Whether the call that was to fail has come.
    pub(crate) fn struck(&self) -> bool {
        self.0.lock().struck
    }
}

impl Observer for Sight {
    fn observe(&self, call: &HostCall<'_>) -> Verdict {
        let mut looking = self.0.lock();
        let number = looking.seen.len();
        looking.seen.push(Seen {
            invocation: (call.kind, call.request_id.to_owned()),
            interface: call.interface,
            function: call.function,
            can_fail: call.can_fail,
        });
        match looking.blow {
            Some((at, blow)) if at == number => {
                looking.struck = true;
                let why = "a fault of the test".to_owned();
                if blow == Blow::Cut { Verdict::Stop(why) } else { Verdict::Fail(why) }
            }
            _ => Verdict::Proceed,
        }
    }
}

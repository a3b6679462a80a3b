//! The one place that every host call passes: budget, grant, meter, and the observer that a
//! journal or a test's faults hang on.
//!
//! Calls arrive by two ways. [`Interceptor::enter`] is the store's call hook: it fires for each
//! call from wasm into the host, whatever the interface, and keeps the budget. The named calls of
//! `city:*`, keyvalue, clocks, random numbers, output and outgoing HTTP then say who they are through
//! [`Interceptor::call`], which checks the grant, counts by interface and asks the observer.

use crate::error::InvocationError;
use crate::journal::Tape;
use crate::limits::{Budget, CpuMeter};
use crate::log::GuestLog;
use crate::state::Kind;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};
use yunlong_installations::{Capability, Installation, Installations, Status};
use yunlong_model::InstallationName;

/// An interface, as calls are counted by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(usize)]
pub enum Interface {
    /// `city:app/context`
    Context,
    /// `city:identity/principal`
    Principal,
    /// `city:identity/attributes`
    Attributes,
    /// `city:identity/representation`
    Representation,
    /// `city:data/collections`
    Collections,
    /// `city:data/shared`
    Shared,
    /// `city:base`
    Base,
    /// `city:messaging/publisher`
    Publisher,
    /// `city:payments/intents`
    Intents,
    /// `city:files/files`
    Files,
    /// `wasi:clocks`
    Clocks,
    /// `wasi:random`
    Random,
    /// `wasi:cli/stdout` and `stderr`
    Output,
    /// `wasi:http/outgoing-handler`
    Outgoing,
    /// `wasi:sockets`, refused at every call
    Sockets,
    /// `wasi:keyvalue`
    KeyValue,
    /// `wasi:config`
    Config,
    /// `wasi:logging`
    Logging,
}

impl Interface {
    /// All of them.
    pub const ALL: [Self; 18] = [
        Self::Context,
        Self::Principal,
        Self::Attributes,
        Self::Representation,
        Self::Collections,
        Self::Shared,
        Self::Base,
        Self::Publisher,
        Self::Intents,
        Self::Files,
        Self::Clocks,
        Self::Random,
        Self::Output,
        Self::Outgoing,
        Self::Sockets,
        Self::KeyValue,
        Self::Config,
        Self::Logging,
    ];

    /// The interface's or package's name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Context => "city:app/context",
            Self::Principal => "city:identity/principal",
            Self::Attributes => "city:identity/attributes",
            Self::Representation => "city:identity/representation",
            Self::Collections => "city:data/collections",
            Self::Shared => "city:data/shared",
            Self::Base => "city:base",
            Self::Publisher => "city:messaging/publisher",
            Self::Intents => "city:payments/intents",
            Self::Files => "city:files/files",
            Self::Clocks => "wasi:clocks",
            Self::Random => "wasi:random",
            Self::Output => "wasi:cli",
            Self::Outgoing => "wasi:http/outgoing-handler",
            Self::Sockets => "wasi:sockets",
            Self::KeyValue => "wasi:keyvalue",
            Self::Config => "wasi:config",
            Self::Logging => "wasi:logging",
        }
    }
}

/// One named call, as an [`Observer`] sees it.
#[derive(Clone, Copy, Debug)]
pub struct HostCall<'a> {
    /// Who calls.
    pub installation: &'a InstallationName,
    /// What kind of call the instance serves.
    pub kind: Kind,
    /// For which request, message, job or lifecycle call.
    pub request_id: &'a str,
    /// The interface.
    pub interface: Interface,
    /// The function.
    pub function: &'static str,
    /// Whether it has an error to answer with, so that [`Verdict::Fail`] is heeded.
    pub can_fail: bool,
}

/// What becomes of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It goes on.
    Proceed,
    /// The guest is stopped with this reason: a fault for tests.
    Stop(String),
    /// The call is not done and answers an error with this reason, as when a service is away: a fault for tests.
    /// A call that has no error to answer with goes on.
    Fail(String),
    /// A commit of the guest's own data is not done and answers that another one came first: a fault for tests.
    /// A call that commits nothing goes on.
    Conflict,
}

/// What a call is to answer instead of being done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// That its service is away.
    Unavailable(String),
    /// That another commit came first.
    Conflict,
}

/// What one invocation took, and how it ended, as an [`Observer`] sees it.
#[derive(Clone, Copy, Debug)]
pub struct Ended<'a> {
    /// Whose it was.
    pub installation: &'a InstallationName,
    /// What kind of call the instance served.
    pub kind: Kind,
    /// Which request, message, job or lifecycle call.
    pub request_id: &'a str,
    /// Wall time.
    pub wall: Duration,
    /// CPU time, of host calls too.
    pub cpu: Duration,
    /// The most bytes that its memories and tables took together.
    pub memory_peak: usize,
    /// Calls into the host.
    pub host_calls: u64,
    /// Why it did not end as it should.
    pub error: Option<&'a InvocationError>,
}

/// Sees every named host call before it is done, and the end of every invocation.
pub trait Observer: Send + Sync + 'static {
    /// Called on the guest's own thread: must not block.
    fn observe(&self, call: &HostCall<'_>) -> Verdict;

    /// Called when an invocation has ended, also one that was stopped at a limit; not when its caller gave it
    /// up. Must not block.
    fn ended(&self, _ended: &Ended<'_>) {}
}

/// Why the interceptor or a limit stopped a guest; the error that the trap carries.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Stop {
    HostCalls,
    Cpu,
    Deadline,
    /// It wanted more than its own limit.
    Memory,
    /// It was within its limit, and what instances share was all taken.
    Shortage,
    NotGranted(String),
    Fault(String),
    /// A call of a journal that trapped then, for a reason of its own.
    Trapped(String),
    /// A call that the journal has no answer to.
    Unknown(String),
}

impl fmt::Display for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::HostCalls => f.write_str("the budget of host calls is spent"),
            Self::Cpu => f.write_str("the CPU time is spent"),
            Self::Deadline => f.write_str("the deadline has passed"),
            Self::Memory => f.write_str("the memory limit is reached"),
            Self::Shortage => f.write_str("the memory that instances share is all taken"),
            Self::NotGranted(what) => write!(f, "capability not granted: {what}"),
            Self::Fault(why) => write!(f, "fault: {why}"),
            Self::Trapped(why) => f.write_str(why),
            Self::Unknown(what) => write!(f, "the journal has no answer to {what}"),
        }
    }
}

impl std::error::Error for Stop {}

/// See the module's text. Shared by the store, the clocks and the random source of one invocation.
pub(crate) struct Interceptor {
    pub(crate) installation: InstallationName,
    pub(crate) kind: Kind,
    pub(crate) request_id: String,
    pub(crate) budget: Budget,
    pub(crate) cpu: CpuMeter,
    pub(crate) log: GuestLog,
    begun: Instant,
    deadline: Instant,
    calls: AtomicU64,
    by_interface: [AtomicU32; Interface::ALL.len()],
    stopped: AtomicBool,
    stop: OnceLock<Stop>,
    memory_refused: AtomicBool,
    memory_short: AtomicBool,
    memory_peak: AtomicUsize,
    /// The installation as the release of this instance saw it when it was loaded.
    release: Arc<Installation>,
    installations: Arc<Installations>,
    observer: Option<Arc<dyn Observer>>,
    /// What is recorded of this invocation, or played to it.
    pub(crate) tape: Option<Tape>,
}

impl Interceptor {
    pub(crate) fn new(
        installation: InstallationName,
        kind: Kind,
        request_id: String,
        budget: Budget,
        release: Arc<Installation>,
        installations: Arc<Installations>,
        observer: Option<Arc<dyn Observer>>,
    ) -> Self {
        let begun = Instant::now();
        Self {
            installation,
            kind,
            request_id,
            budget,
            cpu: CpuMeter::default(),
            log: GuestLog::default(),
            begun,
            deadline: begun + budget.wall,
            calls: AtomicU64::new(0),
            by_interface: Default::default(),
            stopped: AtomicBool::new(false),
            stop: OnceLock::new(),
            memory_refused: AtomicBool::new(false),
            memory_short: AtomicBool::new(false),
            memory_peak: AtomicUsize::new(0),
            release,
            installations,
            observer,
            tape: None,
        }
    }

    /// With a journal that is recorded or played.
    pub(crate) fn with_tape(self, tape: Option<Tape>) -> Self {
        Self { tape, ..self }
    }

    /// Counts a call into the host and keeps the budget.
    pub(crate) fn enter(&self) -> Result<(), Stop> {
        // One thread at a time runs a guest: a plain load and store is enough, and cheaper.
        let n = self.calls.load(Ordering::Relaxed) + 1;
        self.calls.store(n, Ordering::Relaxed);
        if n > self.budget.host_calls {
            return Err(self.halt(Stop::HostCalls));
        }
        Ok(())
    }

    /// After a call: a call that has no error of its own to answer with stops the guest here.
    pub(crate) fn leave(&self) -> Result<(), Stop> {
        if self.stopped.load(Ordering::Relaxed) {
            Err(self.reason().unwrap_or(Stop::Fault("stopped".into())))
        } else {
            Ok(())
        }
    }

    /// At each yield of a guest that computes.
    pub(crate) fn tick(&self) -> Result<(), Stop> {
        if self.cpu.now() > self.budget.cpu {
            return Err(self.halt(Stop::Cpu));
        }
        if Instant::now() > self.deadline {
            return Err(self.halt(Stop::Deadline));
        }
        Ok(())
    }

    /// Tells the observer of the end.
    pub(crate) fn ended(&self, wall: Duration, error: Option<&InvocationError>) {
        let Some(observer) = &self.observer else { return };
        observer.ended(&Ended {
            installation: &self.installation,
            kind: self.kind,
            request_id: &self.request_id,
            wall,
            cpu: self.cpu.spent(),
            memory_peak: self.memory_peak(),
            host_calls: self.calls.load(Ordering::Relaxed),
            error,
        });
    }

    /// A named call that everybody may make.
    pub(crate) fn call(&self, interface: Interface, function: &'static str) -> Result<(), Stop> {
        self.pass(interface, function, false).map(drop)
    }

    /// A named call with an error of its own: the inner one is why it is to answer that.
    pub(crate) fn fallible(&self, interface: Interface, function: &'static str) -> Result<Result<(), String>, Stop> {
        self.pass(interface, function, true).map(|passed| match passed {
            Err(Fault::Unavailable(why)) => Err(why),
            Ok(()) | Err(Fault::Conflict) => Ok(()),
        })
    }

    /// A named call that commits: it may meet a conflict as well.
    pub(crate) fn committing(&self, interface: Interface, function: &'static str) -> Result<Result<(), Fault>, Stop> {
        self.pass(interface, function, true)
    }

    fn pass(&self, interface: Interface, function: &'static str, can_fail: bool) -> Result<Result<(), Fault>, Stop> {
        let counter = &self.by_interface[interface as usize];
        counter.store(counter.load(Ordering::Relaxed).wrapping_add(1), Ordering::Relaxed);
        tracing::trace!(interface = interface.name(), function, "host call");
        let Some(observer) = &self.observer else { return Ok(Ok(())) };
        match observer.observe(&HostCall {
            installation: &self.installation,
            kind: self.kind,
            request_id: &self.request_id,
            interface,
            function,
            can_fail,
        }) {
            Verdict::Fail(why) if can_fail => Ok(Err(Fault::Unavailable(why))),
            Verdict::Conflict if can_fail => Ok(Err(Fault::Conflict)),
            Verdict::Proceed | Verdict::Fail(_) | Verdict::Conflict => Ok(Ok(())),
            Verdict::Stop(why) => Err(self.halt(Stop::Fault(why))),
        }
    }

    /// Whether a grant stands right now. Grants are read at each call, so that a revocation takes
    /// effect at the next one.
    pub(crate) fn granted(&self, need: impl Fn(&Capability) -> bool) -> bool {
        if let Some(i) = self.installations.get_release(&self.installation, &self.release.package_digest) {
            // A call that was under way when the city recalled its version gets no further.
            if i.status == Status::Recalled {
                return false;
            }
            return i.grants.iter().any(|g| need(&g.capability));
        }
        // A release that is tried before it is on record, or that was just left: what it was loaded
        // with, but for what was revoked since.
        self.installations.get(&self.installation).is_some_and(|now| {
            let asked = Capability::of_manifest(&now.manifest);
            let stands = |c: &Capability| now.is_granted(c) || !asked.contains(c);
            self.release.grants.iter().any(|g| need(&g.capability) && stands(&g.capability))
        })
    }

    /// For calls without an error to answer with: refuses by stopping the guest.
    pub(crate) fn require(&self, what: &str, need: impl Fn(&Capability) -> bool) -> Result<(), Stop> {
        if self.granted(need) { Ok(()) } else { Err(self.halt(Stop::NotGranted(what.to_owned()))) }
    }

    /// Remembers the first reason.
    pub(crate) fn halt(&self, stop: Stop) -> Stop {
        self.stopped.store(true, Ordering::Relaxed);
        self.stop.get_or_init(|| stop).clone()
    }

    pub(crate) fn reason(&self) -> Option<Stop> {
        self.stop.get().cloned()
    }

    /// A growth of memory was refused: a trap that follows is most likely the guest's answer to it.
    pub(crate) fn memory_refused(&self) {
        self.memory_refused.store(true, Ordering::Relaxed);
    }

    /// A growth within the guest's own limit was refused: what follows is not the guest's fault.
    pub(crate) fn memory_short(&self) {
        self.memory_short.store(true, Ordering::Relaxed);
    }

    pub(crate) fn was_memory_short(&self) -> bool {
        self.memory_short.load(Ordering::Relaxed)
    }

    /// Memory never shrinks: the last figure is the peak.
    pub(crate) fn memory_used(&self, bytes: usize) {
        self.memory_peak.store(bytes, Ordering::Relaxed);
    }

    pub(crate) fn memory_peak(&self) -> usize {
        self.memory_peak.load(Ordering::Relaxed)
    }

    pub(crate) fn was_memory_refused(&self) -> bool {
        self.memory_refused.load(Ordering::Relaxed)
    }

    /// How long ago the invocation began.
    pub(crate) fn age(&self) -> Duration {
        self.begun.elapsed()
    }

    pub(crate) fn deadline(&self) -> Instant {
        self.deadline
    }

    /// All calls so far, and those that said their names.
    pub(crate) fn counts(&self) -> (u64, impl Iterator<Item = (Interface, u32)> + '_) {
        (
            self.calls.load(Ordering::Relaxed),
            Interface::ALL
                .into_iter()
                .map(|i| (i, self.by_interface[i as usize].load(Ordering::Relaxed)))
                .filter(|(_, n)| *n > 0),
        )
    }
}

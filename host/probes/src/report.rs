//! What a run found.

use crate::calls::{Call, Export};
use std::collections::{BTreeMap, BTreeSet};
use yunlong_model::Text;
use yunlong_model::manifest::Limits;
use yunlong_publications::checks::ProbeKind;
use yunlong_runtime::{InvocationError, LoadError};

/// Stops of one export after which it is called no more: each may take its whole limit, and one is enough to fail.
const ENOUGH: u32 = 3;

/// What became of a package that was to be run.
pub(crate) enum Ran {
    /// It was called.
    Called(Report),
    /// It cannot be compiled or loaded, as no installation of it could be.
    Refused(Unloaded),
}

/// Why nothing was called.
pub(crate) struct Unloaded {
    pub(crate) error: LoadError,
    /// The compiler's limits.
    pub(crate) wall_seconds: u64,
    pub(crate) cpu_seconds: u64,
    pub(crate) memory_mib: u64,
}

/// What calls took: of one, or the most of several.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Figures {
    pub(crate) wall_ms: u64,
    pub(crate) cpu_ms: u64,
    pub(crate) memory_bytes: u64,
    pub(crate) host_calls: u64,
    /// Of an answer that was whole.
    pub(crate) answered_bytes: u64,
}

impl Figures {
    fn most(self, other: Self) -> Self {
        Self {
            wall_ms: self.wall_ms.max(other.wall_ms),
            cpu_ms: self.cpu_ms.max(other.cpu_ms),
            memory_bytes: self.memory_bytes.max(other.memory_bytes),
            host_calls: self.host_calls.max(other.host_calls),
            answered_bytes: self.answered_bytes.max(other.answered_bytes),
        }
    }
}

/// A call that did not end by itself.
pub(crate) struct Stopped {
    /// Which limit it met.
    pub(crate) kind: ProbeKind,
    pub(crate) error: InvocationError,
    pub(crate) with: Text,
    pub(crate) took: Figures,
}

/// What is known of one entry point.
pub(crate) struct Entry {
    pub(crate) name: String,
    pub(crate) calls: u32,
    /// Calls that were left out, since it or its export had to be stopped before.
    pub(crate) left_out: u32,
    /// Calls for which no time was left, or not enough to see their end.
    pub(crate) late: u32,
    /// For so long ran the call that the end of all time met.
    pub(crate) cut_ms: Option<u64>,
    /// A migration went on and on over next to no data.
    pub(crate) endless: bool,
    pub(crate) most: Figures,
    /// How its calls ended: `ok`, or the short name of an error.
    pub(crate) ended: BTreeSet<&'static str>,
    pub(crate) stopped: Option<Stopped>,
}

impl Entry {
    /// Whether it was never seen to end, for want of time.
    pub(crate) fn unknown(&self) -> bool {
        self.calls == 0 && self.late > 0
    }
}

/// What a run found.
pub(crate) struct Report {
    pub(crate) limits: Limits,
    pub(crate) budget_ms: u64,
    /// What preparing took: services, and compiling unless it was done before.
    pub(crate) prepared_ms: u64,
    pub(crate) called_ms: u64,
    /// Whether it was configured: otherwise nothing fits what its configuration must have.
    pub(crate) configured: bool,
    /// In the order in which they were called first.
    pub(crate) entries: Vec<Entry>,
    stops: BTreeMap<Export, u32>,
}

impl Report {
    pub(crate) fn new(limits: Limits, budget_ms: u64, prepared_ms: u64, configured: bool) -> Self {
        let (entries, stops) = (Vec::new(), BTreeMap::new());
        Self { limits, budget_ms, prepared_ms, called_ms: 0, configured, entries, stops }
    }

    /// Whether a call is to be left out.
    pub(crate) fn enough(&self, call: &Call) -> bool {
        let stopped = self.entries.iter().any(|e| e.name == call.entry && e.stopped.is_some());
        stopped || self.stops.get(&call.export()).is_some_and(|n| *n >= ENOUGH)
    }

    pub(crate) fn entry(&mut self, name: &str) -> &mut Entry {
        let known = self.entries.iter().position(|e| e.name == name);
        let at = known.unwrap_or_else(|| {
            self.entries.push(Entry {
                name: name.to_owned(),
                calls: 0,
                left_out: 0,
                late: 0,
                cut_ms: None,
                endless: false,
                most: Figures::default(),
                ended: BTreeSet::new(),
                stopped: None,
            });
            self.entries.len() - 1
        });
        &mut self.entries[at]
    }

    /// Writes down a call that has ended, or was stopped at a limit of its own.
    pub(crate) fn called(
        &mut self,
        name: &str,
        export: Export,
        with: &Text,
        took: Figures,
        error: Option<InvocationError>,
    ) {
        let entry = self.entry(name);
        entry.calls += 1;
        entry.most = entry.most.most(took);
        entry.ended.insert(error.as_ref().map_or("ok", InvocationError::outcome));
        let Some((error, kind)) = error.and_then(|e| limit_of(&e).map(|kind| (e, kind))) else { return };
        entry.stopped = Some(Stopped { kind, error, with: with.clone(), took });
        *self.stops.entry(export).or_default() += 1;
    }

    /// How many calls were made.
    pub(crate) fn calls(&self) -> u32 {
        self.entries.iter().map(|e| e.calls).sum()
    }

    /// The first entry point with the highest figure.
    pub(crate) fn highest(&self, of: fn(&Figures) -> u64) -> Option<&Entry> {
        self.entries.iter().reduce(|most, e| if of(&e.most) > of(&most.most) { e } else { most })
    }

    /// Whether something was not called that was to be called.
    pub(crate) fn is_partial(&self) -> bool {
        self.entries.iter().any(|e| e.left_out > 0 || e.late > 0)
    }
}

/// Which probe is about the limit that stopped a call; `None` when it ended by itself, however badly.
fn limit_of(error: &InvocationError) -> Option<ProbeKind> {
    match error {
        InvocationError::Deadline { .. } | InvocationError::Cpu { .. } | InvocationError::HostCalls { .. } => {
            Some(ProbeKind::Loop)
        }
        InvocationError::Memory { .. } => Some(ProbeKind::Memory),
        InvocationError::ResponseTooLarge { .. } => Some(ProbeKind::OversizeAnswer),
        InvocationError::NotLoaded(_)
        | InvocationError::NotExported(_)
        | InvocationError::Trap(_)
        | InvocationError::NotGranted(_)
        | InvocationError::NoResponse(_)
        | InvocationError::Overloaded(_)
        | InvocationError::BadRequest(_)
        | InvocationError::Refused(_)
        | InvocationError::Internal(_) => None,
    }
}

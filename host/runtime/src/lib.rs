//! Runs components: sandbox, budgets, host interfaces.
//!
//! A fresh instance serves each call, whether a request, a message, a job or a lifecycle call, and
//! is thrown away. It comes from a pool and a precompiled, pre-linked component, so that this
//! costs tens of microseconds. Every call into the host passes the one [interceptor](Observer):
//! grant, budget, meter; and the [journal](Journal) of it, where one is kept or played.
//!
//! **Invariants.** No guest future is spawned: it is polled by the task that serves the call, and
//! ends with it. Nothing is decided in `city` and `standard`: those modules convert, check the grant and call a
//! service. Compiled code is taken from our own compiling child alone.
#![deny(missing_docs)]

mod cache;
mod calls;
mod city;
mod clocks;
mod compile;
mod config;
mod engine;
mod engines;
mod error;
mod file_answer;
mod inspect;
mod interceptor;
mod journal;
mod keys;
mod limits;
mod log;
mod metrics;
mod origins;
mod outbound;
mod outcomes;
mod random;
mod request;
mod runtime;
mod service;
mod shares;
mod slots;
mod sockets;
mod standard;
mod state;
mod waiting;
mod wasi;

pub use calls::Step;
pub use compile::{COMPILE_COMMAND, MAX_COMPONENT, compile_child_main};
pub use config::{CompilerConfig, Insight, OutboundConfig, PoolConfig, RuntimeConfig};
pub use engine::{Machine, Profile, Shape};
pub use engines::{Compiled, Engines};
pub use error::{CompileError, InspectError, InvocationError, LoadError, RefusedImport, RuntimeError, Shortage};
pub use file_answer::FileAnswer;
pub use inspect::{Import, Inspection, check, has_lines, inspect};
pub use interceptor::{Ended, HostCall, Interface, Observer, Verdict};
pub use journal::{
    Answer, Asker, Call, Data, Difference, End, Failed, Head, Journal, JournalError, Journals, MAX_JOURNAL, Outcome,
    Printed, ReplayError, Replayed, Replaying, Request,
};
pub use origins::Origins;
pub use outcomes::Outcomes;
pub use runtime::{Runtime, Services};
pub use state::Kind;

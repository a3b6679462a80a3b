//! Journals of host calls: what a guest asked of the host and was answered, so that a request that failed can be run
//! again elsewhere, with the same answers and without any service.
//!
//! Every host function that answers something passes [`Interceptor::turn`]: where nothing is recorded or played, that
//! is one branch. Recorded are arguments and answers as the interfaces have them, not bytes of the guest's memory, so
//! that a journal outlives a change of the guest's code, and two runs can be compared call by call.
//!
//! **Invariants.** A call that is played asks no service. A host function that is linked and answers something is
//! journaled: `city:*` is linked through [`city::Journaled`] alone. Not recorded is when a stream or an answer from
//! elsewhere is ready, and in which pieces it comes; nor anything of WASI 0.3, whose calls interleave.

mod call;
pub(crate) mod city;
mod file;
mod keep;
mod outgoing;
mod player;
mod recorder;
mod replay;

pub use call::{Call, Data, Outcome};
pub use file::{Answer, Asker, End, Failed, Head, Journal, JournalError, MAX_JOURNAL, Printed, Request};
pub use keep::Journals;
pub use player::Difference;
pub use replay::{ReplayError, Replayed, Replaying};

pub(crate) use keep::one_piece;
pub(crate) use outgoing::{Sent, drained, played, recorded};

use crate::error::InvocationError;
use crate::interceptor::{Interceptor, Interface, Stop};
use parking_lot::Mutex;
use player::Player;
use recorder::Recorder;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::collections::HashMap;

/// The function whose answers are keys.
const DERIVE_KEY: &str = "derive-key";

/// What is recorded of an invocation, or played to it.
pub(crate) struct Tape {
    mode: Mode,
    /// The handles that the guest has, by what the table calls them: the table uses a number again.
    handles: Mutex<Handles>,
    /// What is told at the end, beside the calls.
    told: Mutex<Told>,
}

enum Mode {
    Record(Recorder),
    Play(Mutex<Player>),
}

#[derive(Default)]
struct Handles {
    numbers: HashMap<u32, u32>,
    given: u32,
}

/// What an invocation printed, and where it was when it was stopped.
#[derive(Clone, Debug, Default)]
pub(crate) struct Told {
    pub(crate) log: Vec<Printed>,
    pub(crate) backtrace: Option<String>,
}

/// What becomes of a call.
#[derive(Debug)]
pub(crate) enum Turn {
    /// It is done.
    Pass,
    /// It is done, and what comes of it is written down here.
    Record(usize),
    /// It is not done: this is its answer.
    Play(Value),
    /// It is not done, and its answer does not come: a request to elsewhere that was under way at the end.
    Never,
}

impl Tape {
    pub(crate) fn record(limit: usize, spent: usize) -> Self {
        Self::new(Mode::Record(Recorder::new(limit, spent)))
    }

    pub(crate) fn play(calls: &[Call]) -> Self {
        Self::new(Mode::Play(Mutex::new(Player::new(calls))))
    }

    fn new(mode: Mode) -> Self {
        Self { mode, handles: Mutex::default(), told: Mutex::default() }
    }

    /// What was recorded; `None` when it was too much.
    pub(crate) fn calls(&self) -> Option<Vec<Call>> {
        match &self.mode {
            Mode::Record(recorder) => recorder.take(),
            Mode::Play(_) => None,
        }
    }

    /// Keeps what is told at the end.
    pub(crate) fn tell(&self, log: Vec<Printed>, backtrace: Option<String>) {
        *self.told.lock() = Told { log, backtrace };
    }

    pub(crate) fn told(&self) -> Told {
        self.told.lock().clone()
    }

    fn recorder(&self) -> Option<&Recorder> {
        match &self.mode {
            Mode::Record(recorder) => Some(recorder),
            Mode::Play(_) => None,
        }
    }

    fn player(&self) -> Option<&Mutex<Player>> {
        match &self.mode {
            Mode::Record(_) => None,
            Mode::Play(player) => Some(player),
        }
    }
}

impl Interceptor {
    /// A call begins: whether it is done, and whether what comes of it is written down.
    ///
    /// # Errors
    /// When it is played, and stopped the guest then; or when the journal has no answer to it.
    pub(crate) fn turn(
        &self,
        interface: Interface,
        function: &'static str,
        args: impl FnOnce() -> Value,
    ) -> Result<Turn, Stop> {
        let Some(tape) = &self.tape else { return Ok(Turn::Pass) };
        match &tape.mode {
            Mode::Record(recorder) => {
                Ok(recorder.begin(interface.name(), function, args()).map_or(Turn::Pass, Turn::Record))
            }
            Mode::Play(player) => {
                let args = args();
                let Some(call) = player.lock().next(interface, function, &args) else {
                    return Err(self.halt(Stop::Unknown(format!("{} {function}", interface.name()))));
                };
                if let Some(stop) = call.stop {
                    let stop = self.halt(stop);
                    if !matches!(call.outcome, Outcome::Answer(_)) {
                        return Err(stop);
                    }
                }
                match call.outcome {
                    Outcome::Answer(answer) => Ok(Turn::Play(answer)),
                    Outcome::Trap(text) => Err(self.halt(Stop::Trapped(text))),
                    Outcome::Unfinished if interface == Interface::Outgoing => Ok(Turn::Never),
                    // Whatever ended the call then, it did not come back.
                    Outcome::Unfinished => Err(self.halt(Stop::Deadline)),
                }
            }
        }
    }

    /// A call has ended: writes down what came of it.
    pub(crate) fn took<T: Serialize>(&self, turn: &Turn, ended: Result<&T, &dyn std::fmt::Display>) {
        let (Turn::Record(place), Some(recorder)) = (turn, self.tape.as_ref().and_then(|t| t.recorder())) else {
            return;
        };
        let outcome = match ended {
            Ok(answer) => match serde_json::to_value(answer) {
                Ok(answer) => Outcome::Answer(answer),
                Err(_) => return recorder.give_up(),
            },
            Err(why) => Outcome::Trap(why.to_string()),
        };
        recorder.end(*place, outcome, self.reason());
    }

    /// A call without an error of its own: what stops the guest stops it when the call returns. `call` does it.
    pub(crate) fn plain<T: Serialize + DeserializeOwned + Default>(
        &self,
        interface: Interface,
        function: &'static str,
        call: impl FnOnce() -> T,
    ) -> T {
        match self.turn(interface, function, || Value::Array(Vec::new())) {
            Ok(Turn::Play(answer)) => answered(answer).unwrap_or_default(),
            Ok(turn) => {
                // A stop takes effect behind the call.
                let _ = self.call(interface, function);
                let answer = call();
                self.took(&turn, Ok(&answer));
                answer
            }
            Err(_) => T::default(),
        }
    }

    /// The number of a handle in the journal, from 1: the same one as long as the guest asks for the same.
    pub(crate) fn handle(&self, rep: u32) -> Value {
        let number = self.tape.as_ref().and_then(|t| t.handles.lock().numbers.get(&rep).copied());
        serde_json::json!({ "handle": number.unwrap_or(0) })
    }

    /// The guest was given a handle.
    pub(crate) fn gave(&self, rep: u32) {
        if let Some(tape) = &self.tape {
            let mut handles = tape.handles.lock();
            handles.given += 1;
            let number = handles.given;
            handles.numbers.insert(rep, number);
        }
    }
}

/// An answer of a journal as the host function gives it.
pub(crate) fn answered<T: DeserializeOwned>(answer: Value) -> wasmtime::Result<T> {
    serde_json::from_value(answer)
        .map_err(|e| wasmtime::Error::msg(format!("the journal's answer to this call is not one of its kind: {e}")))
}

/// What the end of an invocation looks like in a file.
fn end(ended: &Result<http::Response<bytes::Bytes>, InvocationError>, backtrace: Option<String>, most: usize) -> End {
    match ended {
        Ok(response) => End { answer: Some(Answer::of(response, most)), error: None, backtrace: None },
        Err(e) => End {
            answer: None,
            error: Some(Failed { outcome: e.outcome().to_owned(), text: e.to_string() }),
            backtrace,
        },
    }
}

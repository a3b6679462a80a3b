//! Writes down the calls of one invocation, up to a bound.

use super::call::{Call, Outcome};
use crate::interceptor::Stop;
use parking_lot::Mutex;
use serde_json::Value;

/// What a call takes beside its arguments and answer, in bytes.
const OVERHEAD: usize = 120;

/// The calls so far.
pub(crate) struct Recorder {
    /// Bytes that may be kept.
    limit: usize,
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    calls: Vec<Call>,
    bytes: usize,
    /// Something was left out: the rest is of no use.
    truncated: bool,
}

impl Kept {
    fn take(&mut self, bytes: usize, limit: usize) -> bool {
        self.bytes = self.bytes.saturating_add(bytes);
        if self.bytes > limit {
            self.truncate();
        }
        !self.truncated
    }

    fn truncate(&mut self) {
        self.truncated = true;
        self.calls = Vec::new();
    }
}

impl Recorder {
    /// Keeps at most `limit` bytes, of which the request has taken `spent`.
    pub(crate) fn new(limit: usize, spent: usize) -> Self {
        let recorder = Self { limit, kept: Mutex::default() };
        recorder.kept.lock().take(spent, limit);
        recorder
    }

    /// A call begins. Answers its place, unless there is no room any more.
    pub(crate) fn begin(&self, interface: &str, function: &str, args: Value) -> Option<usize> {
        let mut kept = self.kept.lock();
        if !kept.take(args.to_string().len() + interface.len() + function.len() + OVERHEAD, self.limit) {
            return None;
        }
        kept.calls.push(Call {
            interface: interface.to_owned(),
            function: function.to_owned(),
            args,
            outcome: Outcome::Unfinished,
            stop: None,
        });
        Some(kept.calls.len() - 1)
    }

    /// What came of the call at this place.
    pub(crate) fn end(&self, place: usize, outcome: Outcome, stop: Option<Stop>) {
        let mut kept = self.kept.lock();
        let bytes = match &outcome {
            Outcome::Answer(answer) => answer.to_string().len(),
            Outcome::Trap(text) => text.len(),
            Outcome::Unfinished => 0,
        };
        if kept.take(bytes, self.limit)
            && let Some(call) = kept.calls.get_mut(place)
        {
            (call.outcome, call.stop) = (outcome, stop);
        }
    }

    /// Whether so many bytes more may be kept; they count from here on.
    pub(crate) fn room(&self, bytes: usize) -> bool {
        self.kept.lock().take(bytes, self.limit)
    }

    /// What belongs to the answer of a call and came after it: fields of the object that its answer is. Its bytes
    /// were counted by [`Recorder::room`].
    pub(crate) fn add(&self, place: usize, within: &str, fields: Value) {
        let mut kept = self.kept.lock();
        if let Some(Call { outcome: Outcome::Answer(answer), .. }) = kept.calls.get_mut(place)
            && let (Some(Value::Object(answer)), Value::Object(fields)) = (answer.get_mut(within), fields)
        {
            answer.extend(fields);
        }
    }

    /// Nothing of it is of use, since something could not be written down.
    pub(crate) fn give_up(&self) {
        self.kept.lock().truncate();
    }

    /// The calls; `None` when they were too many or too large.
    pub(crate) fn take(&self) -> Option<Vec<Call>> {
        let mut kept = self.kept.lock();
        if kept.truncated { None } else { Some(std::mem::take(&mut kept.calls)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn calls_stand_in_their_order_and_one_that_did_not_end_says_so() {
        let recorder = Recorder::new(10_000, 0);
        let first = recorder.begin("a", "f", json!([1])).unwrap();
        recorder.begin("a", "g", json!([])).unwrap();
        recorder.end(first, Outcome::Answer(json!(2)), None);
        let calls = recorder.take().unwrap();
        let outcomes: Vec<_> = calls.into_iter().map(|c| c.outcome).collect();
        assert_eq!(outcomes, [Outcome::Answer(json!(2)), Outcome::Unfinished]);
    }

    #[test]
    fn what_is_over_the_bound_is_not_kept_and_takes_no_memory() {
        let recorder = Recorder::new(1_000, 0);
        let place = recorder.begin("a", "f", json!([])).unwrap();
        recorder.end(place, Outcome::Answer(json!("x".repeat(2_000))), None);
        assert_eq!(recorder.begin("a", "g", json!([])), None);
        assert_eq!(recorder.kept.lock().calls.capacity(), 0);
        assert_eq!(recorder.take(), None);
        // A request that takes it all leaves no room for a call.
        assert_eq!(Recorder::new(1_000, 1_001).take(), None);
    }
}

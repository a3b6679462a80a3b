//! Answers a guest's calls from a journal.
//!
//! As long as the guest asks what it asked then, each call gets the answer of then. The first one that differs is where
//! the two runs part, and that is certain. What comes behind it is as near as can be had, so that one run shows more
//! than one difference: calls that the guest leaves out are passed over; one whose arguments alone are others gets
//! the answer that stands there; one that was asked elsewhere in the journal gets that answer; time stands still, and
//! random bytes are zeros. Whatever else is asked ends the run: nothing is asked of any service here.

use super::call::{Call, Data, Outcome};
use super::file::is_withheld;
use crate::interceptor::Interface;
use crate::keys::MAX_DERIVED;
use crate::random::MAX_BYTES;
use serde_json::{Value, json};
use std::collections::VecDeque;

/// How many calls ahead the same one is looked for.
const AHEAD: usize = 200;
/// Differences that are told; of the others their number.
const TOLD: usize = 200;

/// One difference between two runs.
#[derive(Clone, Debug, PartialEq)]
pub struct Difference {
    /// The call's number in the journal, from 1: of a call that is new, the number of the one before which it is made.
    pub number: usize,
    /// What was called then.
    pub then: Option<Call>,
    /// What is called now.
    pub now: Option<Call>,
}

/// A journal that is being played.
pub(crate) struct Player {
    left: VecDeque<Call>,
    /// All of them, for what is asked again out of its order.
    all: Vec<Call>,
    differences: Vec<Difference>,
    differing: usize,
    withheld: usize,
}

impl Player {
    pub(crate) fn new(calls: &[Call]) -> Self {
        Self {
            left: calls.iter().cloned().collect(),
            all: calls.to_vec(),
            differences: Vec::new(),
            differing: 0,
            withheld: 0,
        }
    }

    /// The call of the journal that answers this one; `None` when nothing there does.
    pub(crate) fn next(&mut self, interface: Interface, function: &str, args: &Value) -> Option<Call> {
        let found = self.find(interface, function, args);
        found.map(|mut call| {
            if is_withheld(&call) {
                self.withheld += 1;
                call.outcome = Outcome::Answer(json!(zeros(args.get(1), MAX_DERIVED)));
            }
            call
        })
    }

    fn find(&mut self, interface: Interface, function: &str, args: &Value) -> Option<Call> {
        let name = interface.name();
        if self.left.front().is_some_and(|c| c.asks(name, function, args)) {
            return self.left.pop_front();
        }
        let now = || call(interface, function, args, Outcome::Unfinished);
        // Time and chance are asked for everywhere: the next one may belong to another place.
        if !is_of_the_moment(interface)
            && let Some(ahead) = self.left.iter().take(AHEAD).position(|c| c.asks(name, function, args))
        {
            self.pass_over(ahead);
            return self.left.pop_front();
        }
        // What was asked between, and is not any more, is time or chance: that hides no change of arguments.
        let same = self.left.iter().position(|c| !is_moment(c)).unwrap_or(0);
        if self.left.get(same).is_some_and(|c| c.is_of(name, function)) {
            self.pass_over(same);
            let then = self.left.pop_front()?;
            self.differs(1, Some(then.clone()), Some(now()));
            return Some(then);
        }
        self.differs(0, None, Some(now()));
        if is_of_the_moment(interface) {
            return Some(self.stand_in(interface, function, args));
        }
        self.all.iter().find(|c| c.asks(name, function, args) && !gives_handle(function)).cloned()
    }

    /// The guest has ended: what it did not ask any more.
    pub(crate) fn end(&mut self) {
        self.pass_over(self.left.len());
    }

    /// The calls that were answered from the journal in their place, or passed over.
    fn played(&self) -> usize {
        self.all.len() - self.left.len()
    }

    fn pass_over(&mut self, n: usize) {
        for _ in 0..n {
            let Some(then) = self.left.pop_front() else { return };
            self.differs(1, Some(then), None);
        }
    }

    /// `taken`: whether the call of then was taken off already.
    fn differs(&mut self, taken: usize, then: Option<Call>, now: Option<Call>) {
        self.differing += 1;
        if self.differences.len() < TOLD {
            let number = self.played() + 1 - taken;
            self.differences.push(Difference { number, then, now });
        }
    }

    /// For time and chance that were not asked for then.
    fn stand_in(&self, interface: Interface, function: &str, args: &Value) -> Call {
        let before = self.all[..self.played()].iter().rev().find(|c| c.is_of(interface.name(), function));
        let answer = match (before, function) {
            (Some(Call { outcome: Outcome::Answer(answer), .. }), f) if f.ends_with("clock.now") => answer.clone(),
            (_, f) if f.ends_with("bytes") => json!(zeros(args.get(0), MAX_BYTES)),
            (_, "insecure-seed") => json!([0, 0]),
            _ => json!(0),
        };
        call(interface, function, args, Outcome::Answer(answer))
    }

    /// The differences, and how many there were in all.
    pub(crate) fn differences(&mut self) -> (Vec<Difference>, usize) {
        (std::mem::take(&mut self.differences), self.differing)
    }

    /// How many keys were asked for that were taken out of the journal.
    pub(crate) fn withheld(&self) -> usize {
        self.withheld
    }
}

fn call(interface: Interface, function: &str, args: &Value, outcome: Outcome) -> Call {
    Call {
        interface: interface.name().to_owned(),
        function: function.to_owned(),
        args: args.clone(),
        outcome,
        stop: None,
    }
}

fn is_of_the_moment(interface: Interface) -> bool {
    matches!(interface, Interface::Clocks | Interface::Random)
}

fn is_moment(call: &Call) -> bool {
    call.interface == Interface::Clocks.name() || call.interface == Interface::Random.name()
}

/// Two handles that come of one call would be one.
fn gives_handle(function: &str) -> bool {
    matches!(function, "transaction.begin" | "dataset.open" | "open" | "cas.new" | "swap")
}

fn zeros(length: Option<&Value>, most: usize) -> Data {
    let length = length.and_then(Value::as_u64).and_then(|n| usize::try_from(n).ok()).unwrap_or(0);
    Data(vec![0; length.min(most)])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(interface: Interface, function: &str, args: Value, answer: i64) -> Call {
        call(interface, function, &args, Outcome::Answer(json!(answer)))
    }

    fn data(function: &str, id: &str, answer: i64) -> Call {
        made(Interface::Collections, function, json!([id]), answer)
    }

    fn clock(answer: i64) -> Call {
        made(Interface::Clocks, "wall-clock.now", json!([]), answer)
    }

    /// Plays `asked` against `recorded`: the answers, and the differences as `number -then +now`.
    fn play(recorded: &[Call], asked: &[Call]) -> (Vec<Option<Value>>, Vec<String>) {
        let mut player = Player::new(recorded);
        let answers = asked.iter().map(|c| {
            let interface = Interface::ALL.into_iter().find(|i| i.name() == c.interface).unwrap();
            match player.next(interface, &c.function, &c.args)?.outcome {
                Outcome::Answer(answer) => Some(answer),
                _ => None,
            }
        });
        let answers = answers.collect();
        player.end();
        let side =
            |sign, call: Option<Call>| call.map_or(String::new(), |c| format!(" {sign}{}{}", c.function, c.args));
        let told = |d: Difference| format!("{}{}{}", d.number, side('-', d.then), side('+', d.now));
        (answers, player.differences().0.into_iter().map(told).collect())
    }

    fn some(answers: &[i64]) -> Vec<Option<Value>> {
        answers.iter().map(|a| Some(json!(a))).collect()
    }

    #[test]
    fn the_same_calls_get_the_same_answers() {
        let recorded = [clock(5), data("get", "a", 1), clock(6), data("get", "a", 2)];
        assert_eq!(play(&recorded, &recorded), (some(&[5, 1, 6, 2]), vec![]));
    }

    #[test]
    fn the_first_call_that_changed_is_named_and_what_follows_is_still_compared() {
        let recorded = [data("get", "a", 1), data("put", "a", 2), data("get", "b", 3)];
        let asked = [data("get", "a", 0), data("put", "c", 0), data("get", "b", 0)];
        assert_eq!(play(&recorded, &asked), (some(&[1, 2, 3]), vec![r#"2 -put["a"] +put["c"]"#.to_owned()]));
    }

    #[test]
    fn a_call_that_is_left_out_is_passed_over() {
        let recorded = [data("get", "a", 1), clock(5), data("get", "b", 2), data("get", "c", 3)];
        let asked = [data("get", "a", 0), data("get", "c", 0)];
        let (answers, differences) = play(&recorded, &asked);
        assert_eq!(answers, some(&[1, 3]));
        assert_eq!(differences, ["2 -wall-clock.now[]", r#"3 -get["b"]"#]);
    }

    #[test]
    fn calls_that_are_not_made_any_more_at_the_end_are_told() {
        let recorded = [data("get", "a", 1), data("get", "b", 2)];
        assert_eq!(play(&recorded, &recorded[..1]), (some(&[1]), vec![r#"2 -get["b"]"#.to_owned()]));
    }

    #[test]
    fn a_new_question_about_time_gets_the_time_of_then_and_takes_nobody_elses() {
        let recorded = [clock(5), data("get", "a", 1), clock(9)];
        let asked = [clock(0), clock(0), data("get", "a", 0), clock(0)];
        assert_eq!(play(&recorded, &asked), (some(&[5, 5, 1, 9]), vec!["2 +wall-clock.now[]".to_owned()]));
    }

    #[test]
    fn what_was_asked_before_may_be_asked_again_and_what_never_was_has_no_answer() {
        let recorded = [data("get", "a", 1), data("put", "a", 2)];
        let asked = [data("get", "a", 0), data("get", "a", 0), data("delete", "a", 0)];
        let (answers, differences) = play(&recorded, &asked);
        assert_eq!(answers, [Some(json!(1)), Some(json!(1)), None]);
        assert_eq!(differences[0], r#"2 +get["a"]"#);
        assert_eq!(differences[1], r#"2 +delete["a"]"#);
    }

    #[test]
    fn random_bytes_that_were_not_asked_for_then_are_zeros() {
        let asked = [made(Interface::Random, "get-random-bytes", json!([3]), 0)];
        let (answers, _) = play(&[], &asked);
        assert_eq!(answers, [Some(json!({ "text": "\0\0\0" }))]);
    }
}

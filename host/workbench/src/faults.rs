//! Plays a scenario again, once for each host call of each invocation: the guest is cut off there, or the call
//! answers an error, or the answer is lost on its way. Then the invariants must hold, and the same again must end
//! well.

use crate::play::{Play, Wanted, both};
use crate::run::Ground;
use crate::sight::{Blow, Seen};
use crate::{Scenario, Shard, Violation, WorkbenchError};
use std::sync::Arc;
use yunlong_model::Text;

/// What was done to a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultKind {
    /// The guest was stopped before the call was done, as when its machine is lost.
    Cut,
    /// The call was not done and answered an error, as when a service is away.
    Error,
    /// Everything was done, and the answer did not arrive.
    AnswerLost,
}

/// What came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FindingKind {
    /// An invariant did not hold after the fault.
    BrokenByFault,
    /// The same again did not end as it is to.
    RetryFailed,
    /// An invariant did not hold after the same was done again.
    BrokenByRetry,
    /// The scenario did not come to the same step again: two runs of it differ.
    Unsteady,
}

/// Something that a fault showed.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// The step's line.
    pub line: usize,
    /// The step's title.
    pub step: String,
    /// What was done.
    pub fault: FaultKind,
    /// To which call: its number in the step, from 1, and its name. `None` for an answer that was lost.
    pub call: Option<(usize, String)>,
    /// What came of it.
    pub kind: FindingKind,
    /// In words.
    pub problem: Text,
    /// The invariants that do not hold, with the documents in question.
    pub violations: Vec<Violation>,
}

/// All faults of a scenario.
#[derive(Clone, Debug, Default)]
pub struct FaultReport {
    /// Host calls of the scenario's steps.
    pub calls: usize,
    /// How often it was played again.
    pub runs: usize,
    /// Runs in which the call did not come.
    pub unreached: usize,
    /// Runs that had not ended when the time of all was over; most of them had not begun.
    pub late: usize,
    /// What was found, in the order of the steps.
    pub findings: Vec<Finding>,
}

/// One fault.
#[derive(Clone, Debug)]
pub(crate) struct Fault {
    step: usize,
    kind: FaultKind,
    /// The call's number in the step, from 0.
    call: Option<(usize, Seen)>,
}

/// How a run with a fault ended.
pub(crate) enum Struck {
    Well,
    Unreached,
    /// The time was over before it ended.
    Late,
    Found(Box<Finding>),
}

/// The faults of a scenario whose steps made these calls, as far as they are in the shard.
pub(crate) fn planned(scenario: &Scenario, calls: &[Vec<Seen>], shard: Shard) -> Vec<Fault> {
    let mut all = Vec::new();
    for (step, seen) in calls.iter().enumerate() {
        for (n, call) in seen.iter().enumerate() {
            let before = n.checked_sub(1).and_then(|b| seen.get(b));
            let as_before = before.is_some_and(|b| b.invocation == call.invocation && b.leaves_nothing());
            let here = Some((n, call.clone()));
            if !as_before {
                all.push(Fault { step, kind: FaultKind::Cut, call: here.clone() });
            }
            if call.can_fail {
                all.push(Fault { step, kind: FaultKind::Error, call: here });
            }
        }
        if !seen.is_empty() && scenario.steps.get(step).is_some_and(Play::may_write) {
            all.push(Fault { step, kind: FaultKind::AnswerLost, call: None });
        }
    }
    let mut n = 0..;
    all.retain(|_| n.next().is_some_and(|n| shard.has(n)));
    all
}

/// Plays a scenario up to the fault, and what follows.
pub(crate) async fn strike(ground: &Ground, scenario: &Arc<Scenario>, fault: &Fault) -> Result<Struck, WorkbenchError> {
    let mut play = Play::begin(&ground.app, scenario, &ground.sandbox.unwritten()).await?;
    let Some(step) = scenario.steps.get(fault.step) else { return Ok(Struck::Unreached) };
    let finding = |kind, problem: Text, violations| {
        let call = fault.call.as_ref().map(|(n, seen)| (n + 1, seen.name()));
        let (line, step) = (step.line, step.title.clone());
        Ok(Struck::Found(Box::new(Finding { line, step, fault: fault.kind, call, kind, problem, violations })))
    };
    let endless = |e: String| both(e.clone(), e);
    for before in scenario.steps.iter().take(fault.step) {
        let played = play.perform(before, Wanted::First).await;
        if let Err(problem) = match played {
            Ok(()) => play.city.settle().await.map_err(endless),
            Err(e) => Err(e),
        } {
            let line = before.line;
            let problem = both(
                format!("再次运行时，第 {line} 行的步骤没有通过：{}", problem.zh),
                format!("when it was played again, the step of line {line} failed: {}", problem.en),
            );
            return finding(FindingKind::Unsteady, problem, Vec::new());
        }
    }
    let blow =
        fault.call.as_ref().map(|(n, _)| (*n, if fault.kind == FaultKind::Error { Blow::Fail } else { Blow::Cut }));
    play.city.sight.begin(blow);
    let before = play.city.commits();
    let first = play.perform(step, Wanted::First).await;
    let wrote = play.city.commits() != before;
    let in_step = play.city.sight.struck() || fault.call.is_none();
    if let Err(problem) = play.city.settle_patiently().await {
        return finding(FindingKind::RetryFailed, endless(problem), Vec::new());
    }
    if !play.city.sight.struck() && fault.call.is_some() {
        return Ok(Struck::Unreached);
    }
    let invariants = &ground.invariants;
    let broken = invariants.broken(&play.city, scenario).await.map_err(WorkbenchError::City)?;
    if !broken.is_empty() {
        let problem = both("故障之后，不变量不成立", "after the fault an invariant does not hold");
        return finding(FindingKind::BrokenByFault, problem, broken);
    }
    // What failed behind the step the platform has tried again itself. An app that bore the error has nothing to
    // be asked again.
    let again = in_step && Play::is_asking(step) && (first.is_err() || fault.kind != FaultKind::Error);
    if !again {
        return Ok(Struck::Well);
    }
    let wanted = if wrote { Wanted::AgainAfterWriting } else { Wanted::Again };
    if let Err(problem) = play.perform(step, wanted).await {
        return finding(FindingKind::RetryFailed, problem, Vec::new());
    }
    if let Err(problem) = play.city.settle_patiently().await {
        return finding(FindingKind::RetryFailed, endless(problem), Vec::new());
    }
    let broken = invariants.broken(&play.city, scenario).await.map_err(WorkbenchError::City)?;
    if broken.is_empty() {
        return Ok(Struck::Well);
    }
    let problem = both("重试之后，不变量不成立", "after the same was done again an invariant does not hold");
    finding(FindingKind::BrokenByRetry, problem, broken)
}

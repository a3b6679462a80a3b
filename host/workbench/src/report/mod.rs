//! What a run says, for people and for programs.

mod html;
mod junit;
mod text;

pub use html::html;
pub use junit::junit;
pub use text::text;

use crate::Scenario;
use crate::faults::{FaultKind, FaultReport, Finding, FindingKind};
use std::time::Duration;
use yunlong_model::{Lang, Text};

/// A run.
#[derive(Clone, Debug)]
pub struct Report {
    /// The app.
    pub app: String,
    /// Its version.
    pub version: String,
    /// How many invariants were looked at.
    pub invariants: usize,
    /// The scenarios, by their files' names.
    pub scenarios: Vec<ScenarioReport>,
    /// How long it took.
    pub took: Duration,
}

/// A scenario that was played.
#[derive(Clone, Debug)]
pub struct ScenarioReport {
    /// The file.
    pub file: String,
    /// What it is about.
    pub title: Text,
    /// The steps that were played, in order; the last one has the problem that ended it.
    pub steps: Vec<StepReport>,
    /// Why it could not begin.
    pub problem: Option<Text>,
    /// Whether the time of all plays was over before it ended. What it did until then is not told.
    pub late: bool,
    /// What faults showed, when they were asked for.
    pub faults: Option<FaultReport>,
    /// How long the play without faults took.
    pub took: Duration,
}

/// A step that was played.
#[derive(Clone, Debug)]
pub struct StepReport {
    /// Its line.
    pub line: usize,
    /// Its title.
    pub title: String,
    /// How long it took, with what followed from it.
    pub took: Duration,
    /// What was not as it is to be.
    pub problem: Option<Text>,
}

impl ScenarioReport {
    pub(crate) fn new(scenario: &Scenario) -> Self {
        Self {
            file: scenario.file.clone(),
            title: scenario.title.clone(),
            steps: Vec::new(),
            problem: None,
            late: false,
            faults: None,
            took: Duration::ZERO,
        }
    }

    /// One whose time was over before it ended.
    pub(crate) fn late(scenario: &Scenario) -> Self {
        let problem = Text {
            zh: "在全部场景的时限之内没有完成".into(),
            en: "it had not ended when the time of all scenarios was over".into(),
        };
        Self { problem: Some(problem), late: true, ..Self::new(scenario) }
    }

    /// Whether something was not as it is to be, faults apart.
    #[must_use]
    pub fn failed(&self) -> bool {
        self.problem.is_some() || self.steps.iter().any(|s| s.problem.is_some())
    }

    /// What faults showed.
    #[must_use]
    pub fn findings(&self) -> &[Finding] {
        self.faults.as_ref().map_or(&[], |f| &f.findings)
    }
}

impl Finding {
    /// What was done to which call, in both languages.
    #[must_use]
    pub fn in_words(&self) -> Text {
        Text { zh: fault_in_words(self, Lang::Zh), en: fault_in_words(self, Lang::En) }
    }
}

impl Report {
    /// Whether all is well.
    #[must_use]
    pub fn passed(&self) -> bool {
        self.scenarios.iter().all(|s| !s.failed() && s.findings().is_empty())
    }

    /// How many scenarios failed, or showed something under faults.
    #[must_use]
    pub fn failures(&self) -> usize {
        self.scenarios.iter().filter(|s| s.failed() || !s.findings().is_empty()).count()
    }

    /// How many runs with faults were to be made.
    #[must_use]
    pub fn fault_runs(&self) -> usize {
        self.scenarios.iter().filter_map(|s| s.faults.as_ref()).map(|f| f.runs).sum()
    }
}

/// `在第 4 个主机调用 … 处中断`.
fn fault_in_words(finding: &Finding, lang: Lang) -> String {
    let call = finding.call.as_ref().map(|(n, name)| (n.to_string(), name.as_str())).unwrap_or_default();
    let (n, name) = call;
    match (finding.fault, lang) {
        (FaultKind::Cut, Lang::Zh) => format!("在第 {n} 次主机调用 {name} 之前中断"),
        (FaultKind::Cut, Lang::En) => format!("cut off before host call {n}, {name}"),
        (FaultKind::Error, Lang::Zh) => format!("第 {n} 次主机调用 {name} 返回错误"),
        (FaultKind::Error, Lang::En) => format!("host call {n}, {name}, answered an error"),
        (FaultKind::AnswerLost, Lang::Zh) => "答复在途中丢失".into(),
        (FaultKind::AnswerLost, Lang::En) => "the answer was lost on its way".into(),
    }
}

/// What to do about a finding.
fn advice(kind: FindingKind, lang: Lang) -> &'static str {
    match kind {
        FindingKind::BrokenByFault => {
            lang.pick("把应当一起成立的写入放进同一个事务", "put what must be true together into one transaction")
        }
        FindingKind::BrokenByRetry => lang.pick(
            "让重复的请求不再写第二次，例如用唯一索引或由请求决定的编号",
            "let the same request write once, by a unique index or an id that follows from the request",
        ),
        FindingKind::RetryFailed => lang.pick(
            "让重试得到应有的答复；如果重试可以有别的答复，请在该步骤写 retry",
            "let a retry get its answer; where another answer is right, say so by `retry` at the step",
        ),
        FindingKind::Unsteady => lang.pick(
            "让场景每次都一样：不要依赖随机数、真实时间或顺序",
            "make the scenario the same each time: let it rest on no chance, real time or order",
        ),
    }
}

//! What only the city can look at: how a component behaves when it is pushed to its limits, and whether what it
//! asks of shared data may be asked so. This crate runs no wasm and knows no catalogue of data; whoever does
//! hands in the probes, and a package does not pass without those that the city asks for.

use super::{Check, CheckResult, Outcome};
use crate::policy::Policy;
use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::sync::Arc;
use yunlong_model::Text;
use yunlong_registry::Package;

/// What a probe looks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ProbeKind {
    /// Requests, jobs and events that do not end: they are stopped within the manifest's own limits.
    Loop,
    /// Memory that grows without end: it is held to the manifest's own limit.
    Memory,
    /// Answers without end: they are cut off at the manifest's own limit.
    OversizeAnswer,
    /// Sensitive items that are asked for together with others under one consent.
    SeparateConsent,
    /// The package's own scenarios, and its invariants under faults.
    Scenarios,
}

impl ProbeKind {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Loop, Self::Memory, Self::OversizeAnswer, Self::SeparateConsent, Self::Scenarios];

    fn check(self) -> Check {
        match self {
            Self::Loop => Check::ProbeLoop,
            Self::Memory => Check::ProbeMemory,
            Self::OversizeAnswer => Check::ProbeOversizeAnswer,
            Self::SeparateConsent => Check::SeparateConsent,
            Self::Scenarios => Check::Scenarios,
        }
    }

    fn title(self) -> (&'static str, &'static str) {
        match self {
            Self::Loop => ("死循环探测", "the probe for loops"),
            Self::Memory => ("内存探测", "the probe for memory"),
            Self::OversizeAnswer => ("超大回应探测", "the probe for oversize answers"),
            Self::SeparateConsent => ("单独同意检查", "the check for separate consent"),
            Self::Scenarios => ("场景测试", "the play of its scenarios"),
        }
    }
}

/// What a probe measured.
#[derive(Clone, Debug, PartialEq)]
pub struct Measured {
    /// How it ended.
    pub outcome: Outcome,
    /// What was seen, for people.
    pub text: Text,
    /// The figures, with their units in their names.
    pub data: Value,
}

/// A probe did not run to its end. That is not the package's fault, and no pass either.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ProbeError(pub String);

/// A probe.
#[async_trait]
pub trait Probe: Send + Sync {
    /// What it looks for.
    fn kind(&self) -> ProbeKind;

    /// Runs it, within a time of its own.
    ///
    /// # Errors
    /// [`ProbeError`] when it could not be run.
    async fn run(&self, package: &Package) -> Result<Measured, ProbeError>;
}

pub(super) async fn run(package: &Package, probes: &[Arc<dyn Probe>], policy: &Policy) -> Vec<CheckResult> {
    let mut out = Vec::new();
    for probe in probes {
        let (zh, en) = probe.kind().title();
        out.push(match probe.run(package).await {
            Ok(m) => CheckResult { check: probe.kind().check(), outcome: m.outcome, text: m.text, data: m.data },
            Err(e) => {
                let text = (format!("{zh}没有完成：{e}"), format!("{en} did not end: {e}"));
                let outcome = missing(probe.kind(), policy);
                CheckResult::new(probe.kind().check(), outcome, text, json!({ "error": e.to_string() }))
            }
        });
    }
    let ran = |kind: &ProbeKind| probes.iter().any(|p| p.kind() == *kind);
    for kind in ProbeKind::ALL.into_iter().filter(|k| !ran(k)) {
        let (zh, en) = kind.title();
        let text = (format!("{zh}没有运行"), format!("{en} was not run"));
        out.push(CheckResult::new(kind.check(), missing(kind, policy), text, json!({ "ran": false })));
    }
    out
}

fn missing(kind: ProbeKind, policy: &Policy) -> Outcome {
    if policy.probes.contains(&kind) { Outcome::Fail } else { Outcome::Warn }
}

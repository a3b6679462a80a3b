//! The scenarios of a package: played as its vendor plays them with `yunlong test --faults`, each in a city of its
//! own, and told to the reviewer.
//!
//! They are the vendor's word, and so are the invariants. What the platform adds is that the word was kept: here,
//! in the real runtime, with each host call cut off once.

use crate::ProbesConfig;
use crate::told::{short, shorten};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use yunlong_model::{Digest, Text};
use yunlong_publications::checks::{Measured, Outcome, ProbeError};
use yunlong_registry::Package;
use yunlong_workbench::{
    App, FaultKind, Finding, FindingKind, Options, Progress, Report, Sandbox, ScenarioReport, Shard, TimeLimits,
    Violation, WorkbenchError,
};

/// Scenarios and findings that the text tells; the data has more.
const TOLD: usize = 3;
/// Findings that the data tells, of all scenarios together.
const KEPT: usize = 8;
/// Characters of a title, of what was not as it is to be, and of a document.
const TITLE: usize = 60;
const PROBLEM: usize = 300;
const DOCUMENT: usize = 200;
/// Invariants of a finding, and documents of an invariant, that the data shows.
const VIOLATIONS: usize = 1;
const DOCUMENTS: usize = 2;

/// Nobody watches.
struct Unwatched;

impl Progress for Unwatched {
    fn planned(&self, _: usize) {}

    fn played(&self, _: &str) {}
}

/// Plays the scenarios of a package.
///
/// # Errors
/// [`ProbeError`] when no city can be founded: that says nothing of the package.
pub(crate) async fn played(config: &ProbesConfig, package: &Package) -> Result<Measured, ProbeError> {
    let manifest = &package.manifest;
    let (scenarios, invariants) = match yunlong_workbench::read_files(&package.scenarios, manifest) {
        Ok((scenarios, _)) if scenarios.is_empty() => return Ok(none()),
        Ok(read) => read,
        Err(e) => return Ok(unreadable(&e)),
    };
    let component = package.component.clone();
    let app = App { manifest: Arc::new(manifest.clone()), digest: Digest::of(&component), component };
    let limits = TimeLimits { plain: config.budget, faults: config.faults };
    // One city at a time: the machine serves a city.
    let options =
        Options { jobs: 1, faults: config.faults > Duration::ZERO, shard: Shard::WHOLE, limits: Some(limits) };
    let sandbox = Sandbox::like(&config.sandbox);
    let unwatched: Arc<dyn Progress> = Arc::new(Unwatched);
    match yunlong_workbench::run(&app, scenarios, &invariants, &sandbox, options, &unwatched).await {
        Ok(report) => Ok(measured(&report, options.faults)),
        Err(e @ WorkbenchError::Load(_)) => Ok(unreadable(&e)),
        Err(e) => Err(ProbeError(e.to_string())),
    }
}

fn none() -> Measured {
    Measured {
        outcome: Outcome::Warn,
        text: Text {
            zh: "安装包里没有场景：它按说明做什么，没有任何一步试过。开发商可以在 scenarios/ 中写下场景，用 yunlong test 运行后再打包".into(),
            en: "the package has no scenarios: nothing of what it says it does was tried. Its vendor can write them into scenarios/, play them with `yunlong test` and package again".into(),
        },
        data: json!({ "ran": false, "scenarios": 0 }),
    }
}

/// A file that cannot be read, or a component that cannot be loaded.
fn unreadable(e: &WorkbenchError) -> Measured {
    let text = shorten(&e.text(), PROBLEM);
    Measured { outcome: Outcome::Fail, data: json!({ "ran": false, "error": text }), text }
}

/// What is said of a run.
fn measured(report: &Report, faults: bool) -> Measured {
    let failed = |s: &&ScenarioReport| s.failed() && !s.late;
    let mut fails: Vec<Text> = report.scenarios.iter().filter(failed).map(why_failed).collect();
    let findings = || report.scenarios.iter().flat_map(|s| s.findings().iter().map(move |f| (s, f)));
    fails.extend(findings().filter(|(_, f)| breaks(f.kind)).map(|(s, f)| why_found(s, f)));
    let mut remarks: Vec<Text> = findings().filter(|(_, f)| !breaks(f.kind)).map(|(s, f)| why_found(s, f)).collect();
    remarks.extend(not_played(report));
    let (outcome, text) = match (fails.is_empty(), remarks.is_empty()) {
        (false, _) => (Outcome::Fail, joined(&fails)),
        (true, false) => (Outcome::Warn, joined(&remarks)),
        (true, true) => (Outcome::Pass, passed(report, faults)),
    };
    Measured { outcome, text, data: data(report) }
}

/// Whether a finding says that what the app itself declares does not hold. The others are for a person to judge: a
/// retry that ends otherwise, or two plays that differ, may be as they should be.
fn breaks(kind: FindingKind) -> bool {
    matches!(kind, FindingKind::BrokenByFault | FindingKind::BrokenByRetry)
}

fn why_failed(s: &ScenarioReport) -> Text {
    let title = shorten(&s.title, TITLE);
    let file = short(&s.file, TITLE);
    let step = s.steps.iter().find_map(|step| Some((step, step.problem.as_ref()?)));
    match (step, &s.problem) {
        (Some((step, problem)), _) => {
            let (line, at, problem) = (step.line, short(&step.title, TITLE), shorten(problem, PROBLEM));
            Text {
                zh: format!("场景“{}”（{file} 第 {line} 行，{at}）没有通过：{}", title.zh, problem.zh),
                en: format!("the scenario “{}” ({file}, line {line}, {at}) failed: {}", title.en, problem.en),
            }
        }
        (None, problem) => {
            let problem = problem.as_ref().map_or_else(empty, |p| shorten(p, PROBLEM));
            Text {
                zh: format!("场景“{}”（{file}）没有通过：{}", title.zh, problem.zh),
                en: format!("the scenario “{}” ({file}) failed: {}", title.en, problem.en),
            }
        }
    }
}

fn why_found(s: &ScenarioReport, f: &Finding) -> Text {
    let (title, file, at) = (shorten(&s.title, TITLE), short(&s.file, TITLE), short(&f.step, TITLE));
    let (line, fault, problem) = (f.line, f.in_words(), shorten(&f.problem, PROBLEM));
    let broken = f.violations.first().map_or_else(empty, |v| {
        let (name, title, found) = (short(&v.name, TITLE), shorten(&v.title, TITLE), short(&v.found, TITLE));
        Text {
            zh: format!("（不变量 {name}“{}”：{found}）", title.zh),
            en: format!(" (the invariant {name}, “{}”: {found})", title.en),
        }
    });
    Text {
        zh: format!("场景“{}”（{file} 第 {line} 行，{at}）{}：{}{}", title.zh, fault.zh, problem.zh, broken.zh),
        en: format!(
            "the scenario “{}” ({file}, line {line}, {at}), {}: {}{}",
            title.en, fault.en, problem.en, broken.en
        ),
    }
}

fn empty() -> Text {
    Text { zh: String::new(), en: String::new() }
}

/// What there was no time for.
fn not_played(report: &Report) -> Vec<Text> {
    let late = report.scenarios.iter().filter(|s| s.late).count();
    let faults: usize = report.scenarios.iter().filter_map(|s| s.faults.as_ref()).map(|f| f.late).sum();
    let (all, runs) = (report.scenarios.len(), report.fault_runs());
    let mut out = Vec::new();
    if late > 0 {
        out.push(Text {
            zh: format!("{all} 个场景中有 {late} 个在时限之内没有完成"),
            en: format!("{late} of {all} scenarios had not ended when the time was over"),
        });
    }
    if faults > 0 {
        out.push(Text {
            zh: format!("{runs} 次故障运行中有 {faults} 次在时限之内没有进行；其余没有发现问题"),
            en: format!("{faults} of {runs} runs with faults were not made within the time; the others found nothing"),
        });
    }
    out
}

fn passed(report: &Report, faults: bool) -> Text {
    let (all, invariants, runs) = (report.scenarios.len(), report.invariants, report.fault_runs());
    if faults {
        return Text {
            zh: format!("{all} 个场景全部通过；{invariants} 条不变量在 {runs} 次故障运行中都成立"),
            en: format!("all {all} scenarios pass, and {invariants} invariants hold in {runs} runs with faults"),
        };
    }
    Text {
        zh: format!("{all} 个场景全部通过，{invariants} 条不变量都成立；这个平台不做故障运行"),
        en: format!(
            "all {all} scenarios pass, and {invariants} invariants hold; this platform makes no runs with faults"
        ),
    }
}

fn joined(all: &[Text]) -> Text {
    let told = all.iter().take(TOLD);
    let mut zh = told.clone().map(|t| t.zh.as_str()).collect::<Vec<_>>().join("；");
    let mut en = told.map(|t| t.en.as_str()).collect::<Vec<_>>().join("; ");
    if all.len() > TOLD {
        zh += &format!("；……（另有 {} 项）", all.len() - TOLD);
        en += &format!("; … (+{})", all.len() - TOLD);
    }
    Text { zh, en }
}

fn data(report: &Report) -> Value {
    let mut room = KEPT;
    let results: Vec<Value> = report.scenarios.iter().map(|s| result(s, &mut room)).collect();
    let late: usize = report.scenarios.iter().filter_map(|s| s.faults.as_ref()).map(|f| f.late).sum();
    json!({
        "ran": true,
        "scenarios": report.scenarios.len(),
        "failed": report.scenarios.iter().filter(|s| s.failed() && !s.late).count(),
        "late": report.scenarios.iter().filter(|s| s.late).count(),
        "invariants": report.invariants,
        "fault_runs": report.fault_runs(),
        "fault_runs_late": late,
        "findings": report.scenarios.iter().map(|s| s.findings().len()).sum::<usize>(),
        "took_ms": u64::try_from(report.took.as_millis()).unwrap_or(u64::MAX),
        "results": results,
    })
}

fn result(s: &ScenarioReport, room: &mut usize) -> Value {
    let outcome = match (s.late, s.failed(), s.findings().is_empty()) {
        (true, ..) => "late",
        (_, true, _) => "failed",
        (_, _, false) => "broken-by-faults",
        _ => "passed",
    };
    let mut row = json!({
        "file": short(&s.file, TITLE), "title": shorten(&s.title, TITLE), "outcome": outcome, "steps": s.steps.len(),
    });
    let Some(more) = row.as_object_mut() else { return row };
    if let Some(faults) = &s.faults {
        more.insert("fault_runs".into(), faults.runs.into());
        more.insert("fault_runs_late".into(), faults.late.into());
    }
    let step = s.steps.iter().find_map(|step| Some((step, step.problem.as_ref()?)));
    if (step.is_some() || s.problem.is_some()) && *room > 0 {
        *room -= 1;
        if let Some((step, _)) = step {
            more.insert("line".into(), step.line.into());
            more.insert("step".into(), short(&step.title, TITLE).into());
        }
        let problem = step.map(|(_, p)| p).or(s.problem.as_ref());
        more.insert("problem".into(), json!(problem.map(|p| shorten(p, PROBLEM))));
    }
    let findings: Vec<Value> = s.findings().iter().take(*room).map(found).collect();
    *room -= findings.len();
    if !findings.is_empty() {
        more.insert("findings".into(), findings.into());
    }
    row
}

fn found(f: &Finding) -> Value {
    let fault = match f.fault {
        FaultKind::Cut => "cut",
        FaultKind::Error => "error",
        FaultKind::AnswerLost => "answer-lost",
    };
    let kind = match f.kind {
        FindingKind::BrokenByFault => "broken-by-fault",
        FindingKind::BrokenByRetry => "broken-by-retry",
        FindingKind::RetryFailed => "retry-failed",
        FindingKind::Unsteady => "unsteady",
    };
    let violation = |v: &Violation| {
        json!({
            "name": short(&v.name, TITLE), "title": shorten(&v.title, TITLE), "found": short(&v.found, TITLE),
            "documents": v.documents.iter().take(DOCUMENTS).map(|d| short(d, DOCUMENT)).collect::<Vec<_>>(),
        })
    };
    json!({
        "line": f.line, "step": short(&f.step, TITLE), "fault": fault, "kind": kind,
        "call": f.call.as_ref().map(|(n, name)| json!({ "number": n, "name": name })),
        "text": f.in_words(), "problem": shorten(&f.problem, PROBLEM),
        "violations": f.violations.iter().take(VIOLATIONS).map(violation).collect::<Vec<_>>(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn both(text: &str) -> Text {
        Text { zh: text.into(), en: text.into() }
    }

    fn scenario(file: &str) -> ScenarioReport {
        ScenarioReport {
            file: file.into(),
            title: both("Buying"),
            steps: Vec::new(),
            problem: None,
            late: false,
            faults: None,
            took: Duration::ZERO,
        }
    }

    fn report(scenarios: Vec<ScenarioReport>) -> Report {
        Report { app: "lesson".into(), version: "1.0.0".into(), invariants: 1, scenarios, took: Duration::ZERO }
    }

    fn finding(kind: FindingKind) -> Finding {
        Finding {
            line: 3,
            step: "POST /".into(),
            fault: FaultKind::Cut,
            call: Some((4, "city:data/collections.transaction.commit".into())),
            kind,
            problem: both("it does not hold"),
            violations: vec![Violation {
                name: "sold".into(),
                title: both("sold is counted"),
                found: "1 = 0".into(),
                documents: vec!["{}".into(); 9],
            }],
        }
    }

    #[test]
    fn a_broken_invariant_fails_and_a_retry_that_ends_otherwise_is_remarked() {
        let with = |kind| {
            let faults = yunlong_workbench::FaultReport {
                calls: 4,
                runs: 5,
                findings: vec![finding(kind)],
                ..Default::default()
            };
            measured(&report(vec![ScenarioReport { faults: Some(faults), ..scenario("buying.toml") }]), true)
        };
        for (kind, outcome) in [
            (FindingKind::BrokenByFault, Outcome::Fail),
            (FindingKind::BrokenByRetry, Outcome::Fail),
            (FindingKind::RetryFailed, Outcome::Warn),
            (FindingKind::Unsteady, Outcome::Warn),
        ] {
            let said = with(kind);
            assert_eq!(said.outcome, outcome, "{kind:?}");
            for word in ["buying.toml", "POST /", "transaction.commit", "sold", "1 = 0"] {
                assert!(said.text.zh.contains(word) && said.text.en.contains(word), "{word}: {:?}", said.text);
            }
            assert_eq!(
                said.data["results"][0]["findings"][0]["violations"][0]["documents"].as_array().unwrap().len(),
                2
            );
        }
    }

    #[test]
    fn what_there_was_no_time_for_is_remarked_and_fails_nobody() {
        let late = ScenarioReport { late: true, problem: Some(both("no time")), ..scenario("long.toml") };
        let said = measured(&report(vec![scenario("short.toml"), late]), true);
        assert_eq!((said.outcome, &said.data["late"], &said.data["failed"]), (Outcome::Warn, &json!(1), &json!(0)));
        let faults = yunlong_workbench::FaultReport { runs: 9, late: 4, ..Default::default() };
        let said = measured(&report(vec![ScenarioReport { faults: Some(faults), ..scenario("a.toml") }]), true);
        assert_eq!((said.outcome, &said.data["fault_runs_late"]), (Outcome::Warn, &json!(4)));
        assert!(said.text.zh.contains("9 次故障运行中有 4 次"), "{}", said.text.zh);
    }

    #[test]
    fn what_is_kept_of_many_and_long_findings_is_little() {
        let long = "界".repeat(100_000);
        let many = |n: usize| {
            let finding = Finding { problem: both(&long), step: long.clone(), ..finding(FindingKind::BrokenByFault) };
            let faults = yunlong_workbench::FaultReport { runs: 9, findings: vec![finding; 50], ..Default::default() };
            ScenarioReport { title: both(&long), faults: Some(faults), ..scenario(&format!("{n}.toml")) }
        };
        let said = measured(&report((0..63).map(many).collect()), true);
        let bytes = said.data.to_string().len() + said.text.zh.len() + said.text.en.len();
        assert!(bytes < 64 << 10, "{bytes}");
        assert_eq!(said.data["findings"], json!(63 * 50));
    }
}

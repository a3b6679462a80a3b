//! The report at a terminal.

use super::{Report, ScenarioReport, advice, fault_in_words};
use std::fmt::Write as _;
use yunlong_model::Lang;

/// The report as text.
#[must_use]
pub fn text(report: &Report, lang: Lang) -> String {
    let mut out = String::new();
    for scenario in &report.scenarios {
        one(&mut out, scenario, lang);
    }
    let (all, bad) = (report.scenarios.len(), report.failures());
    let seconds = report.took.as_secs_f32();
    let (invariants, runs) = (report.invariants, report.fault_runs());
    let line = match lang {
        Lang::Zh => format!(
            "{} {}：{all} 个场景，{bad} 个未通过；{invariants} 条不变量；{runs} 次故障运行；用时 {seconds:.1} 秒",
            report.app, report.version
        ),
        Lang::En => format!(
            "{} {}: {all} scenarios, {bad} failed; {invariants} invariants; {runs} runs with faults; {seconds:.1} s",
            report.app, report.version
        ),
    };
    _ = writeln!(out, "{line}");
    out
}

fn one(out: &mut String, scenario: &ScenarioReport, lang: Lang) {
    let mark = if scenario.failed() || !scenario.findings().is_empty() { "✗" } else { "✓" };
    let ms = scenario.took.as_millis();
    _ = writeln!(out, "{mark} {}  {}  ({ms} ms)", scenario.file, scenario.title.get(lang));
    if let Some(problem) = &scenario.problem {
        _ = writeln!(out, "  {}", problem.get(lang));
    }
    for step in &scenario.steps {
        if let Some(problem) = &step.problem {
            _ = writeln!(out, "  {}:{}  {}", scenario.file, step.line, step.title);
            _ = writeln!(out, "    {}", problem.get(lang).replace('\n', "\n    "));
        }
    }
    let Some(faults) = &scenario.faults else { return };
    let (calls, runs, unreached) = (faults.calls, faults.runs, faults.unreached);
    let line = match lang {
        Lang::Zh => format!("{calls} 次主机调用，{runs} 次故障运行，其中 {unreached} 次未到达该调用"),
        Lang::En => {
            format!("{calls} host calls, {runs} runs with faults, {unreached} of which did not come to the call")
        }
    };
    _ = writeln!(out, "  {line}");
    if faults.late > 0 {
        let late = faults.late;
        let line = match lang {
            Lang::Zh => format!("其中 {late} 次在时限之内没有进行"),
            Lang::En => format!("{late} of them were not made within the time"),
        };
        _ = writeln!(out, "  {line}");
    }
    for finding in &faults.findings {
        _ = writeln!(out, "  ✗ {}:{}  {}", scenario.file, finding.line, finding.step);
        _ = writeln!(out, "    {}", fault_in_words(finding, lang));
        _ = writeln!(out, "    {}", finding.problem.get(lang).replace('\n', "\n    "));
        for violation in &finding.violations {
            _ = writeln!(out, "      {}: {} — {}", violation.name, violation.title.get(lang), violation.found);
            for document in &violation.documents {
                _ = writeln!(out, "        {document}");
            }
        }
        _ = writeln!(out, "    → {}", advice(finding.kind, lang));
    }
}

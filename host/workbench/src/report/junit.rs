//! The report as JUnit XML, which every CI reads: a suite a scenario, a case a step, and one for its faults.

use super::{Report, ScenarioReport, fault_in_words};
use std::fmt::Write as _;
use yunlong_model::Lang;

/// The report as JUnit XML.
#[must_use]
pub fn junit(report: &Report, lang: Lang) -> String {
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let cases: usize = report.scenarios.iter().map(cases).sum();
    let bad: usize = report.scenarios.iter().map(bad).sum();
    _ = writeln!(
        out,
        "<testsuites name=\"{}\" tests=\"{cases}\" failures=\"{bad}\" time=\"{:.3}\">",
        escaped(&report.app),
        report.took.as_secs_f64()
    );
    for scenario in &report.scenarios {
        suite(&mut out, scenario, lang);
    }
    out.push_str("</testsuites>\n");
    out
}

/// The steps that were played, the beginning when it failed, and the faults.
fn cases(s: &ScenarioReport) -> usize {
    s.steps.len() + usize::from(s.problem.is_some()) + usize::from(s.faults.is_some())
}

fn bad(s: &ScenarioReport) -> usize {
    usize::from(s.failed()) + usize::from(!s.findings().is_empty())
}

fn suite(out: &mut String, s: &ScenarioReport, lang: Lang) {
    let name = escaped(&format!("{} {}", s.file, s.title.get(lang)));
    let seconds = s.took.as_secs_f64();
    _ = writeln!(
        out,
        "  <testsuite name=\"{name}\" tests=\"{}\" failures=\"{}\" time=\"{seconds:.3}\">",
        cases(s),
        bad(s)
    );
    let file = escaped(&s.file);
    let mut case = |title: &str, seconds: f64, problem: Option<String>| {
        let head = format!("    <testcase classname=\"{file}\" name=\"{}\" time=\"{seconds:.3}\"", escaped(title));
        match problem {
            None => _ = writeln!(out, "{head}/>"),
            Some(problem) => {
                let message = escaped(problem.lines().next().unwrap_or_default());
                _ = writeln!(out, "{head}><failure message=\"{message}\">{}</failure></testcase>", escaped(&problem));
            }
        }
    };
    if let Some(problem) = &s.problem {
        case(lang.pick("开始", "the beginning"), 0.0, Some(problem.get(lang).to_owned()));
    }
    for step in &s.steps {
        let title = format!("{}: {}", step.line, step.title);
        case(&title, step.took.as_secs_f64(), step.problem.as_ref().map(|p| p.get(lang).to_owned()));
    }
    if let Some(faults) = &s.faults {
        let told = |f: &crate::Finding| {
            let violations: String = f
                .violations
                .iter()
                .map(|v| format!("\n{}: {} — {}\n{}", v.name, v.title.get(lang), v.found, v.documents.join("\n")))
                .collect();
            let (line, step) = (f.line, &f.step);
            format!("{line}: {step}: {}\n{}{violations}", fault_in_words(f, lang), f.problem.get(lang))
        };
        let problems: Vec<String> = faults.findings.iter().map(told).collect();
        let title = format!("{} ({})", lang.pick("故障", "faults"), faults.runs);
        case(&title, 0.0, (!problems.is_empty()).then(|| problems.join("\n\n")));
    }
    out.push_str("  </testsuite>\n");
}

/// What XML 1.0 takes: its five signs escaped, and what it has no place for left out.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&apos;"),
            '\n' | '\t' => out.push(c),
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => {}
            c => out.push(c),
        }
    }
    out
}

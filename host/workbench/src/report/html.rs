//! The report as one page of HTML, without scripts and without anything from elsewhere.

use super::{Report, ScenarioReport, advice, fault_in_words};
use maud::{DOCTYPE, Markup, PreEscaped, html as markup};
use yunlong_model::Lang;

const STYLE: &str = "body{font:16px/1.6 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1b1f24;background:#fff}\
h1,h2{line-height:1.3}pre{white-space:pre-wrap;overflow-wrap:anywhere;background:#f3f4f6;padding:.75rem}\
.bad{color:#a40e26}.good{color:#116329}table{border-collapse:collapse;width:100%}td,th{text-align:left;padding:.25rem .5rem;border-bottom:1px solid #ccc;vertical-align:top}\
@media(prefers-color-scheme:dark){body{color:#e6edf3;background:#0d1117}pre{background:#161b22}.bad{color:#ff8182}.good{color:#7ee787}}";

/// The report as a page.
#[must_use]
pub fn html(report: &Report, lang: Lang) -> String {
    let title = format!("{} {} · {}", report.app, report.version, lang.pick("场景测试", "Scenarios"));
    let (all, bad) = (report.scenarios.len(), report.failures());
    let page = markup! {
        (DOCTYPE)
        html lang=(lang.tag()) {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (title) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                main {
                    h1 { (title) }
                    p {
                        @if report.passed() { strong.good { (lang.pick("全部通过", "All passed")) } }
                        @else { strong.bad { (lang.pick("未通过：", "Failed: ")) (bad) " / " (all) } }
                        " · " (report.invariants) " " (lang.pick("条不变量", "invariants"))
                        " · " (report.fault_runs()) " " (lang.pick("次故障运行", "runs with faults"))
                        " · " (format!("{:.1} s", report.took.as_secs_f32()))
                    }
                    @for scenario in &report.scenarios { (one(scenario, lang)) }
                }
            }
        }
    };
    page.into_string()
}

fn one(scenario: &ScenarioReport, lang: Lang) -> Markup {
    let fine = !scenario.failed() && scenario.findings().is_empty();
    markup! {
        section {
            h2 {
                @if fine { span.good { "✓ " } } @else { span.bad { "✗ " } }
                (scenario.title.get(lang)) " " small { code { (scenario.file) } }
            }
            @if let Some(problem) = &scenario.problem { pre.bad { (problem.get(lang)) } }
            table {
                thead { tr {
                    th scope="col" { (lang.pick("行", "Line")) }
                    th scope="col" { (lang.pick("步骤", "Step")) }
                    th scope="col" { (lang.pick("结果", "Result")) }
                } }
                tbody { @for step in &scenario.steps { tr {
                    td { (step.line) }
                    td { (step.title) }
                    td {
                        @match &step.problem {
                            None => span.good { "✓ " (step.took.as_millis()) " ms" },
                            Some(problem) => pre.bad { (problem.get(lang)) },
                        }
                    }
                } } }
            }
            @if let Some(faults) = &scenario.faults {
                p {
                    (lang.pick("主机调用", "Host calls")) ": " (faults.calls) " · "
                    (lang.pick("故障运行", "runs with faults")) ": " (faults.runs) " · "
                    (lang.pick("未到达", "not reached")) ": " (faults.unreached)
                    @if faults.late > 0 { " · " (lang.pick("时限内未进行", "not made within the time")) ": " (faults.late) }
                }
                @for finding in &faults.findings {
                    h3.bad { (finding.line) ": " (finding.step) }
                    p { (fault_in_words(finding, lang)) }
                    pre { (finding.problem.get(lang)) }
                    @for violation in &finding.violations {
                        p { strong { (violation.name) } ": " (violation.title.get(lang)) " — " code { (violation.found) } }
                        @if !violation.documents.is_empty() { pre { (violation.documents.join("\n")) } }
                    }
                    p { "→ " (advice(finding.kind, lang)) }
                }
            }
        }
    }
}

//! What came of a package's scenarios, one by one: which failed, where, and what a fault showed.

use crate::view::View;
use maud::{Markup, html};
use serde_json::Value;

/// The results of the check, as it keeps them.
pub(super) fn results(view: &View, data: &Value) -> Markup {
    let rows = list(&data["results"]);
    html! {
        @if !rows.is_empty() { ul { @for row in rows { li { (result(view, row)) } } } }
    }
}

fn result(view: &View, row: &Value) -> Markup {
    let (class, word) = match row["outcome"].as_str() {
        Some("passed") => ("badge-ok", view.t("通过", "Passed")),
        Some("late") => ("badge-warn", view.t("未完成", "Not ended")),
        Some("broken-by-faults") => ("badge-bad", view.t("故障中不成立", "Broken by faults")),
        _ => ("badge-bad", view.t("未通过", "Failed")),
    };
    html! {
        span class={ "badge " (class) } { (word) } " " (both(view, &row["title"])) " " code { (text(&row["file"])) }
        @if let Some(runs) = row["fault_runs"].as_u64() {
            " " small.muted { (view.t("故障运行 ", "runs with faults: ")) (runs) (view.t(" 次", "")) }
        }
        @if !row["problem"].is_null() {
            p { (place(view, row)) (both(view, &row["problem"])) }
        }
        @for finding in list(&row["findings"]) {
            p { (place(view, finding)) (both(view, &finding["text"])) (view.t("：", ": ")) (both(view, &finding["problem"])) }
            @for v in list(&finding["violations"]) {
                p { strong { (text(&v["name"])) } " " (both(view, &v["title"])) ": " code { (text(&v["found"])) } }
                @for document in list(&v["documents"]) { pre.log tabindex="0" { (text(document)) } }
            }
        }
    }
}

/// Which step of the file.
fn place(view: &View, at: &Value) -> Markup {
    html! {
        @if let Some(line) = at["line"].as_u64() {
            (view.t("第 ", "Line ")) (line) (view.t(" 行 ", " ")) code { (text(&at["step"])) } (view.t("：", ": "))
        }
    }
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn both<'a>(view: &View, value: &'a Value) -> &'a str {
    text(&value[view.lang().pick("zh", "en")])
}

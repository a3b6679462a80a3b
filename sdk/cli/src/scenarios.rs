//! What came of an app's scenarios in the city's review, as lines of a terminal.

use crate::apps::items;
use crate::permissions::printable;
use serde_json::Value;
use yunlong_model::Lang;

/// The name of the check.
const CHECK: &str = "scenarios";

/// What a check found of scenarios that did not pass: a line for each problem, with what it is about. Nothing of
/// other checks.
pub(crate) fn lines(check: &Value, lang: Lang) -> Vec<String> {
    if check["check"] != CHECK {
        return Vec::new();
    }
    let both = |value: &Value| printable(value[lang.pick("zh", "en")].as_str().unwrap_or(""));
    let text = |value: &Value| printable(value.as_str().unwrap_or(""));
    let mut out = Vec::new();
    for row in items(&check["data"]["results"]).iter().filter(|r| r["outcome"] != "passed") {
        let word = match row["outcome"].as_str() {
            Some("late") => lang.pick("未完成", "not ended"),
            Some("broken-by-faults") => lang.pick("故障中不成立", "broken by faults"),
            _ => lang.pick("未通过", "failed"),
        };
        out.push(format!("✗ {} {} ({word})", text(&row["file"]), both(&row["title"])));
        let place = |at: &Value| at["line"].as_u64().map(|line| format!("{line}: {}: ", text(&at["step"])));
        if !row["problem"].is_null() {
            out.push(format!("  {}{}", place(row).unwrap_or_default(), both(&row["problem"])));
        }
        for f in items(&row["findings"]) {
            out.push(format!("  {}{}: {}", place(f).unwrap_or_default(), both(&f["text"]), both(&f["problem"])));
            for v in items(&f["violations"]) {
                out.push(format!("    {}: {} — {}", text(&v["name"]), both(&v["title"]), text(&v["found"])));
                out.extend(items(&v["documents"]).iter().map(|d| format!("      {}", text(d))));
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_failed_is_told_with_its_place_and_what_passed_is_not() {
        let check = json!({ "check": "scenarios", "data": { "results": [
            { "file": "fine.toml", "title": { "zh": "好", "en": "Fine" }, "outcome": "passed" },
            { "file": "buy.toml", "title": { "zh": "买票", "en": "Buying\u{1b}[2J" }, "outcome": "broken-by-faults", "findings": [{
                "line": 7, "step": "POST /tickets", "text": { "zh": "中断", "en": "cut off before host call 4" },
                "problem": { "zh": "不成立", "en": "an invariant does not hold" },
                "violations": [{ "name": "sold", "title": { "zh": "已售", "en": "sold is counted" }, "found": "1 = 0", "documents": ["{}"] }],
            }] },
        ] } });
        let told = lines(&check, Lang::En).join("\n");
        for wanted in
            ["buy.toml", "7: POST /tickets: cut off before host call 4", "sold: sold is counted — 1 = 0", "{}"]
        {
            assert!(told.contains(wanted), "`{wanted}`: {told}");
        }
        assert!(!told.contains("fine.toml") && !told.contains('\u{1b}'), "{told}");
        assert!(lines(&check, Lang::Zh).join("\n").contains("买票 (故障中不成立)"));
        assert!(lines(&json!({ "check": "size", "data": check["data"] }), Lang::En).is_empty());
    }
}

//! What `yunlong replay` says. The report goes to standard output, what the app printed to standard error. Bodies and
//! headers are not shown: whose they are is a citizen's business; the file has them.

use serde_json::Value;
use yunlong_model::{Digest, Lang};
use yunlong_runtime::{Call, Difference, End, Journal, Outcome, Replayed, has_lines};

/// Characters that are shown of each side of a difference, before and behind where they part.
const BEFORE: usize = 24;
const BEHIND: usize = 56;

/// What is run.
pub(super) fn before(journal: &Journal, component: &[u8], lang: Lang) {
    let head = &journal.head;
    let (request, at) = (&journal.request, head.at.to_shanghai());
    println!(
        "{} {} {} ({}, {at})",
        lang.pick("请求", "request"),
        request.method,
        path(&request.target),
        head.request_id
    );
    println!("{} {} {}", lang.pick("应用", "app"), head.manifest.name, head.version);
    let same = if journal.is_of(component) {
        lang.pick("与当时运行的相同", "the one that ran").to_owned()
    } else {
        format!("{} {}", lang.pick("与当时运行的不同，当时是", "another one than the one that ran,"), head.component)
    };
    println!("{} {} ({same})", lang.pick("组件", "component"), Digest::of(component));
    if !has_lines(component) {
        println!(
            "{}",
            lang.pick(
                "  组件没有源码行号。Rust 应用可这样构建：CARGO_PROFILE_GUEST_DEBUG=line-tables-only CARGO_PROFILE_GUEST_STRIP=none yunlong build",
                "  the component names no lines of source. For an app in Rust: CARGO_PROFILE_GUEST_DEBUG=line-tables-only CARGO_PROFILE_GUEST_STRIP=none yunlong build"
            )
        );
    }
    let withheld = journal.withheld();
    if withheld > 0 {
        println!(
            "{}",
            lang.pick(
                &format!("  故障记录里有 {withheld} 处密钥没有随文件提供，重放时以零代替"),
                &format!("  {withheld} keys were left out of the journal: zeros stand in their place")
            )
        );
    }
}

/// The path alone: a query may hold what a person typed.
fn path(target: &str) -> &str {
    let path = target.split_once('?').map_or(target, |(path, _)| path);
    path.split_once("://").and_then(|(_, rest)| rest.find('/').map(|at| &rest[at..])).unwrap_or(path)
}

/// How it went.
pub(super) fn after(journal: &Journal, replayed: &Replayed, most: usize, lang: Lang) {
    for printed in &replayed.log {
        eprintln!("{} {}", if printed.stream == "err" { "!" } else { "|" }, printed.line);
    }
    println!("{} {}", lang.pick("结果", "ended"), ending(&replayed.end, lang));
    if let Some(backtrace) = &replayed.end.backtrace {
        backtrace.lines().for_each(|line| println!("  {line}"));
    }
    let same = if replayed.is_same(journal) { lang.pick("是", "yes") } else { lang.pick("否", "no") };
    match (&replayed.end.answer, &journal.end.answer) {
        (Some(_), Some(_)) => println!("{}{same}", lang.pick("字节相同：", "same bytes: ")),
        _ => println!("{}{same}", lang.pick("结局相同：", "same end: ")),
    }
    if !replayed.is_same(journal) {
        println!("  {} {}", lang.pick("当时", "then"), ending(&journal.end, lang));
    }
    differences(journal, replayed, most, lang);
}

fn ending(end: &End, lang: Lang) -> String {
    match (&end.answer, &end.error) {
        (Some(a), _) => {
            let (status, headers, length, digest) = (a.status, a.headers.len(), a.length, a.digest);
            lang.pick(
                &format!("状态 {status}，{headers} 个头字段，正文 {length} 字节，{digest}"),
                &format!("status {status}, {headers} headers, a body of {length} bytes, {digest}"),
            )
            .to_owned()
        }
        (None, Some(e)) => format!("{}: {}", e.outcome, e.text),
        (None, None) => lang.pick("没有结果", "in no way").to_owned(),
    }
}

fn differences(journal: &Journal, replayed: &Replayed, most: usize, lang: Lang) {
    let all = journal.calls.len();
    let Some(first) = replayed.differences.first() else {
        println!(
            "{}",
            lang.pick(&format!("{all} 次平台调用全部相同"), &format!("all of the {all} calls are the same"))
        );
        return;
    };
    let name = |d: &Difference| d.now.as_ref().or(d.then.as_ref()).map(function).unwrap_or_default();
    println!(
        "{}",
        lang.pick(
            &format!("第一处不同：第 {} 次调用 {}（共 {} 处）", first.number, name(first), replayed.differing),
            &format!("first difference: call {}, {} ({} in all)", first.number, name(first), replayed.differing)
        )
    );
    for (n, d) in replayed.differences.iter().take(most).enumerate() {
        if n == 1 {
            println!(
                "{}",
                lang.pick(
                    "  以下的回答是故障记录里最接近的，仅供参考：",
                    "  behind it, answers are the nearest that the journal has:"
                )
            );
        }
        shown(d).iter().for_each(|line| println!("  {line}"));
    }
    let more = replayed.differing.saturating_sub(replayed.differences.len().min(most));
    if more > 0 {
        println!("  {}", lang.pick(&format!("还有 {more} 处"), &format!("and {more} more")));
    }
}

fn function(call: &Call) -> String {
    format!("{} {}", call.interface, call.function)
}

/// The lines of a difference: what was called then behind `-`, what is called now behind `+`; of calls of the same
/// function, only the arguments that differ.
fn shown(d: &Difference) -> Vec<String> {
    match (&d.then, &d.now) {
        (Some(then), Some(now)) if function(then) == function(now) => {
            let mut lines = vec![format!("{:>4} ~ {}{}", d.number, function(now), answer(then))];
            let (old, new) = (arguments(then), arguments(now));
            for n in 0..old.len().max(new.len()) {
                let (old, new) = (text(old.get(n)), text(new.get(n)));
                if old != new {
                    let (old, new) = (around(&old, &new), around(&new, &old));
                    lines.push(format!("       {}: {old}", n + 1));
                    lines.push(format!("       {}→ {new}", " ".repeat((n + 1).to_string().len())));
                }
            }
            lines
        }
        (then, now) => {
            let gone = then.iter().map(|c| format!("{:>4} - {c}", d.number));
            let new = now.iter().map(|c| format!("{:>4} + {c}", d.number));
            gone.chain(new).collect()
        }
    }
}

fn answer(call: &Call) -> &'static str {
    match call.outcome {
        Outcome::Answer(_) => "",
        Outcome::Trap(_) => " (stopped the app)",
        Outcome::Unfinished => " (did not end)",
    }
}

fn arguments(call: &Call) -> Vec<Value> {
    call.args.as_array().cloned().unwrap_or_default()
}

fn text(value: Option<&Value>) -> String {
    match value {
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
        None => "—".into(),
    }
}

/// The part of a text around the place where it parts from another.
fn around(text: &str, other: &str) -> String {
    let same = text.chars().zip(other.chars()).take_while(|(a, b)| a == b).count();
    let from = same.saturating_sub(BEFORE);
    let part: String = text.chars().skip(from).take(same - from + BEHIND).collect();
    let cut = text.chars().count() > from + part.chars().count();
    let visible: String = part.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    format!("{}{visible}{}", if from > 0 { "…" } else { "" }, if cut { "…" } else { "" })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn call(function: &str, args: Value) -> Call {
        let call = json!({
            "interface": "city:data/collections", "function": function, "args": args, "outcome": { "answer": null },
        });
        serde_json::from_value(call).unwrap()
    }

    #[test]
    fn of_a_changed_call_only_the_arguments_that_differ_are_shown_where_they_do() {
        let long = |end: &str| format!("{}{end}", "x".repeat(200));
        let difference = Difference {
            number: 3,
            then: Some(call("put", json!(["orders", "a", long("1")]))),
            now: Some(call("put", json!(["orders", "a", long("2")]))),
        };
        let x = "x".repeat(BEFORE);
        assert_eq!(
            shown(&difference),
            ["   3 ~ city:data/collections put".to_owned(), format!("       3: …{x}1"), format!("        → …{x}2")]
        );
    }

    #[test]
    fn calls_that_came_or_went_are_shown_whole() {
        let difference = Difference { number: 1, then: Some(call("get", json!(["a"]))), now: None };
        assert_eq!(shown(&difference), [r#"   1 - city:data/collections get("a")"#]);
        let difference = Difference { number: 1, then: None, now: Some(call("get", json!(["b"]))) };
        assert_eq!(shown(&difference), [r#"   1 + city:data/collections get("b")"#]);
    }

    #[test]
    fn a_terminal_is_not_drawn_on_and_no_query_is_shown() {
        assert_eq!(around("a\u{1b}[2J", "b"), "a [2J");
        assert_eq!(path("https://tickets.localhost/book?name=wang"), "/book");
        assert_eq!(path("/book?name=wang"), "/book");
    }
}

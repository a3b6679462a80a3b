//! `yunlong review`: what vendors published, what the platform found, and the decision.

use crate::apps::{items, table};
use crate::client::Client;
use crate::permissions::printable;
use crate::terminal::{self, say, say_raw};
use crate::{CliError, Server, scenarios};
use clap::{Args, Subcommand};
use serde_json::{Value, json};
use yunlong_model::Lang;

/// `yunlong review`.
#[derive(Subcommand, Debug)]
pub enum Review {
    /// List what was submitted, the newest first
    List(List),
    /// Show a submission: what the platform found in the binary, what it may do, what was said
    Show(Shown),
    /// Give a submission to a reviewer; without --reviewer take it yourself
    Assign(Assign),
    /// Approve a submission: departments may install it from now on
    Approve(Approve),
    /// Ask the vendor for changes
    AskChanges(Decide),
    /// Reject a submission for good
    Reject(Decide),
    /// Add a comment
    Comment(Decide),
    /// Have the checks run again, with newer advisories for instance
    Recheck(Shown),
    /// Take back what you published
    Withdraw(Shown),
}

/// `yunlong review list`.
#[derive(Args, Debug)]
pub struct List {
    /// Only those in this state, such as `waiting`
    #[arg(long, default_value = "")]
    state: String,
    /// Only those of this app
    #[arg(long, default_value = "")]
    app: String,
    /// Only those older than this number
    #[arg(long, default_value = "", value_name = "NUMBER")]
    before: String,
    /// The platform's own answer, as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    server: Server,
}

/// A submission.
#[derive(Args, Debug)]
pub struct Shown {
    /// Its number
    number: u64,
    /// The platform's own answer, as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    server: Server,
}

/// `yunlong review assign`.
#[derive(Args, Debug)]
pub struct Assign {
    /// The submission's number
    number: u64,
    /// The reviewer's account
    #[arg(long)]
    reviewer: Option<String>,
    #[command(flatten)]
    server: Server,
}

/// `yunlong review approve`.
#[derive(Args, Debug)]
pub struct Approve {
    /// The submission's number
    number: u64,
    /// The digest of the findings that you looked at, as `yunlong review show` tells it: an approval is of these
    #[arg(long, value_name = "DIGEST")]
    findings: String,
    /// What you say to it: everybody reads it
    #[arg(short = 'm', long, default_value = "")]
    remark: String,
    #[command(flatten)]
    server: Server,
}

/// A decision, or a comment.
#[derive(Args, Debug)]
pub struct Decide {
    /// The submission's number
    number: u64,
    /// What you say to it: the vendor reads it, and everybody once it is approved
    #[arg(short = 'm', long, default_value = "")]
    remark: String,
    #[command(flatten)]
    server: Server,
}

pub(crate) fn run(command: &Review) -> Result<(), CliError> {
    match command {
        Review::List(options) => list(options),
        Review::Show(options) => show(options),
        Review::Assign(o) => take(&o.server, o.number, "assign", &json!({ "reviewer": o.reviewer })),
        Review::Approve(o) => {
            take(&o.server, o.number, "approve", &json!({ "remark": o.remark, "findings": o.findings }))
        }
        Review::AskChanges(o) => decide(o, "ask-changes"),
        Review::Reject(o) => decide(o, "reject"),
        Review::Comment(o) => {
            let path = format!("/api/v1/submissions/{}/comments", o.number);
            Client::signed_in(&o.server)?.post(&path, &json!({ "text": o.remark }))?;
            say!("{}", terminal::lang().pick("已添加", "added"))
        }
        Review::Recheck(o) => take(&o.server, o.number, "recheck", &json!({})),
        Review::Withdraw(o) => take(&o.server, o.number, "withdraw", &json!({})),
    }
}

fn decide(options: &Decide, step: &str) -> Result<(), CliError> {
    take(&options.server, options.number, step, &json!({ "remark": options.remark }))
}

fn take(server: &Server, number: u64, step: &str, body: &Value) -> Result<(), CliError> {
    let answer = Client::signed_in(server)?.post(&format!("/api/v1/submissions/{number}/{step}"), body)?;
    say!("{} {} {}: {}", number, text(&answer["app"]), text(&answer["version"]), title(&answer["state_title"]))
}

fn list(options: &List) -> Result<(), CliError> {
    let query = [("state", &*options.state), ("app", &*options.app), ("before", &*options.before)];
    let answer = Client::signed_in(&options.server)?.get_with("/api/v1/submissions", &query)?;
    if options.json {
        return say!("{answer:#}");
    }
    let rows: Vec<[String; 5]> = items(&answer["submissions"])
        .iter()
        .map(|s| [s["number"].to_string(), text(&s["app"]), text(&s["version"]), text(&s["state"]), text(&s["vendor"])])
        .collect();
    if rows.is_empty() {
        eprintln!(
            "{}",
            terminal::lang().pick(
                "没有符合条件的提交：开发商用 `yunlong publish` 发布",
                "nothing was submitted that fits: vendors publish with `yunlong publish`",
            )
        );
        return Ok(());
    }
    say_raw!("{}", table(&["NUMBER", "APP", "VERSION", "STATE", "VENDOR"], &rows))?;
    if let Some(next) = answer["next"].as_u64() {
        let older = terminal::lang().pick("更早的", "older ones");
        eprintln!("{older}: `yunlong review list --before {next}`");
    }
    Ok(())
}

fn show(options: &Shown) -> Result<(), CliError> {
    let answer = Client::signed_in(&options.server)?.get(&format!("/api/v1/submissions/{}", options.number))?;
    if options.json {
        return say!("{answer:#}");
    }
    say!("{} {}  {}", text(&answer["app"]), text(&answer["version"]), title(&answer["state_title"]))?;
    say!("{}", text(&answer["digest"]))?;
    let findings = &answer["findings"];
    if findings.is_null() {
        eprintln!(
            "{}",
            terminal::lang()
                .pick("检查还没有结束：过几秒再运行一次", "the checks have not ended yet: ask again in some seconds",)
        );
    }
    if let Some(digest) = answer["checked"]["findings"].as_str() {
        // Scripts look for this word, in whichever language the rest is.
        say!("findings {digest}")?;
    }
    for check in items(&findings["checks"]) {
        say!("  {:<5} {}", text(&check["outcome"]), printable(&title(&check["text"])))?;
        for line in scenarios::lines(check, terminal::lang()) {
            say!("        {line}")?;
        }
    }
    say_raw!("{}", binary(&findings["component"], terminal::lang()))?;
    say_raw!("{}", difference(&findings["difference"], terminal::lang()))?;
    let asks = terminal::lang().pick("app.toml 申请", "app.toml asks for");
    for permission in items(&findings["permissions"]) {
        say!("  {asks}: {}", title(&permission["text"]))?;
    }
    for comment in items(&answer["comments"]) {
        say!("  {}: {}", text(&comment["by"]), text(&comment["text"]))?;
    }
    Ok(())
}

/// What the binary itself shows that it can do: read from it, whatever its manifest says.
fn binary(component: &Value, lang: Lang) -> String {
    let names = |list: &Value| items(list).iter().map(|v| printable(v.as_str().unwrap_or(""))).collect::<Vec<_>>();
    let callable = items(&component["imports"]).iter().filter(|i| i["callable"] == true);
    let callable: Vec<String> = callable.map(|i| printable(i["name"].as_str().unwrap_or(""))).collect();
    let tools = items(&component["producers"]).iter();
    let tools: Vec<String> =
        tools.map(|p| printable(&format!("{} {}", text(&p["name"]), text(&p["version"])))).collect();
    let mut out = String::new();
    for (heading, list) in [
        (lang.pick("组件可以调用", "the binary can call"), callable),
        (lang.pick("组件提供", "the binary offers"), names(&component["exports"])),
        (lang.pick("由这些工具生成", "made by"), tools),
    ] {
        if !list.is_empty() {
            out.push_str(&format!("  {heading}:\n"));
            out.extend(list.iter().map(|l| format!("    {l}\n")));
        }
    }
    if let Some(size) = component["size"].as_u64() {
        out.push_str(&format!("  {}: {size}\n", lang.pick("组件大小（字节）", "bytes of the component")));
    }
    out
}

/// What is different from the last approved version.
fn difference(difference: &Value, lang: Lang) -> String {
    if difference.is_null() {
        return String::new();
    }
    let mut out =
        format!("  {} {}:\n", lang.pick("与上一版本相比", "against version"), printable(&text(&difference["before"])));
    for (sign, permissions) in [("+", &difference["widened"]), ("-", &difference["narrowed"])] {
        out.extend(items(permissions).iter().map(|p| format!("    {sign} {}\n", printable(&title(&p["text"])))));
    }
    for (sign, imports) in [("+", &difference["imports_added"]), ("-", &difference["imports_removed"])] {
        out.extend(items(imports).iter().map(|i| format!("    {sign} {}\n", printable(i.as_str().unwrap_or("")))));
    }
    if out.lines().count() == 1 {
        out.push_str(&format!("    {}\n", lang.pick("权限和接口没有变化", "no permission and no interface changed")));
    }
    out
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or("").to_owned()
}

/// A text in the language of the terminal.
fn title(value: &Value) -> String {
    text(match terminal::lang() {
        Lang::Zh => &value["zh"],
        Lang::En => &value["en"],
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_binary_can_do_is_told_by_the_binary() {
        let component = json!({
            "size": 4096, "exports": ["wasi:http/incoming-handler@0.2.10"],
            "imports": [
                { "name": "city:payments/intents@1.0.0", "callable": true },
                { "name": "wasi:io/error@0.2.10", "callable": false },
            ],
            "producers": [{ "field": "language", "name": "Rust\u{1b}[2J", "version": "" }],
        });
        let told = binary(&component, Lang::En);
        assert!(told.contains("can call:\n    city:payments/intents@1.0.0\n"), "{told}");
        assert!(!told.contains("wasi:io/error"), "types alone are nothing to call: {told}");
        assert!(told.contains("offers:\n    wasi:http/incoming-handler@0.2.10\n") && told.contains("4096"), "{told}");
        assert!(!told.contains('\u{1b}'), "a tool's name draws nothing on the terminal");
    }

    #[test]
    fn the_difference_names_what_was_added_and_what_was_taken_away() {
        let wider = json!({ "before": "1.0.0", "widened": [{ "text": { "zh": "收款", "en": "takes payments" } }],
            "narrowed": [], "imports_added": ["city:payments/intents@1.0.0"], "imports_removed": [] });
        let told = difference(&wider, Lang::En);
        assert_eq!(told, "  against version 1.0.0:\n    + takes payments\n    + city:payments/intents@1.0.0\n");
        let same =
            json!({ "before": "1.0.0", "widened": [], "narrowed": [], "imports_added": [], "imports_removed": [] });
        assert!(difference(&same, Lang::Zh).contains("没有变化"));
        assert_eq!(difference(&Value::Null, Lang::En), "");
    }
}

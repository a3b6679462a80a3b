//! Upgrading, canaries, going back, history, health.

use crate::apps::{self, table};
use crate::client::Client;
use crate::install::published;
use crate::permissions::{Line, describe, is_file, printable};
use crate::terminal::{say, say_raw};
use crate::{CliError, Server, terminal};
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Value, json};
use std::io::IsTerminal as _;
use std::path::Path;
use std::time::Duration;
use yunlong_registry::{Limits, package};

/// How often the progress of a migration is asked for.
const LOOK: Duration = Duration::from_millis(500);

/// `yunlong upgrade`.
#[derive(Args, Debug)]
pub struct Upgrade {
    /// The installation
    name: String,
    /// A package's file or folder, a digest (sha256:…), or a version that is published; the newest one by default
    #[arg(conflicts_with_all = ["promote", "abort", "resume"])]
    to: Option<String>,
    /// Serve only this share of a hundred people at first, always the same ones
    #[arg(long, value_name = "PERCENT", value_parser = clap::value_parser!(u8).range(1..=99))]
    canary: Option<u8>,
    /// Give the canary to everybody
    #[arg(long, conflicts_with_all = ["abort", "resume", "canary"])]
    promote: bool,
    /// End the canary
    #[arg(long, conflicts_with_all = ["resume", "canary"])]
    abort: bool,
    /// Try a migration again that has stopped
    #[arg(long, conflicts_with = "canary")]
    resume: bool,
    /// Approve what the new version asks for in addition without asking
    #[arg(short, long)]
    yes: bool,
    #[command(flatten)]
    server: Server,
}

/// `yunlong rollback`.
#[derive(Args, Debug)]
pub struct Rollback {
    /// The installation
    name: String,
    /// The version to go back to; the one that was left last by default
    #[arg(long, value_name = "VERSION")]
    to: Option<semver::Version>,
    /// Why, for the history
    #[arg(long, default_value = "", value_name = "TEXT")]
    reason: String,
    /// Go back although the older version does not read all that was written since: nothing is
    /// deleted, but people may not see it
    #[arg(long)]
    accept_unreadable: bool,
    #[command(flatten)]
    server: Server,
}

/// A command that names an installation and may answer JSON.
#[derive(Args, Debug)]
pub struct Shown {
    /// The installation
    name: String,
    /// The platform's own answer, as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    server: Server,
}

pub(crate) fn upgrade(options: &Upgrade) -> Result<(), CliError> {
    let path = |action: &str| apps::path(&options.name, action);
    let client = Client::signed_in(&options.server)?;
    let action = [("/promote", options.promote), ("/abort", options.abort), ("/resume", options.resume)];
    let state = match action.into_iter().find(|(_, wanted)| *wanted) {
        Some((action, _)) => client.post(&path(&format!("/upgrade{action}"))?, &json!({}))?,
        None => begin(options, &client)?,
    };
    let state = follow(&client, &path("/upgrade")?, state)?;
    told(&options.name, &state)
}

/// Brings an installation to a package, with everything that it asks for in addition.
pub(crate) fn bring(client: &Client, name: &str, digest: &str) -> Result<(), CliError> {
    let difference = client.get(&apps::path(name, &format!("/difference/{digest}"))?)?;
    let added = Line::of_answer(&difference["added"]);
    let approve: Vec<&str> = added.iter().map(|l| l.id.as_str()).collect();
    let state = client.post(&apps::path(name, "/upgrade")?, &json!({ "package": digest, "approve": approve }))?;
    let state = follow(client, &apps::path(name, "/upgrade")?, state)?;
    match stopped(&state) {
        Some(why) => Err(why),
        None => Ok(()),
    }
}

/// Shows what the new version asks for in addition, and upgrades.
fn begin(options: &Upgrade, client: &Client) -> Result<Value, CliError> {
    let installation = client.get(&apps::path(&options.name, "")?)?;
    let digest = package_of(options, client, &installation)?;
    let difference = client.get(&apps::path(&options.name, &format!("/difference/{digest}"))?)?;
    let (added, removed) = (Line::of_answer(&difference["added"]), Line::of_answer(&difference["removed"]));
    let lang = terminal::lang();
    eprintln!(
        "{} {} → {}",
        options.name,
        printable(installation["version"].as_str().unwrap_or("")),
        printable(difference["version"].as_str().unwrap_or(""))
    );
    for (heading, lines) in [
        (lang.pick("新版本还可以：", "The new version may also:"), &added),
        (lang.pick("不再需要：", "It no longer asks for:"), &removed),
    ] {
        if !lines.is_empty() {
            eprint!("{heading}\n{}", describe(lines, lang, false));
        }
    }
    if !options.yes {
        terminal::confirm(lang.pick("升级吗？", "Upgrade?"))?;
    }
    let approve: Vec<&str> = added.iter().map(|l| l.id.as_str()).collect();
    let mut body = json!({ "package": digest, "approve": approve });
    if let Some(share) = options.canary {
        body["share"] = json!(share);
    }
    client.post(&apps::path(&options.name, "/upgrade")?, &body)
}

fn package_of(options: &Upgrade, client: &Client, installation: &Value) -> Result<String, CliError> {
    let text = |v: &Value| v["digest"].as_str().unwrap_or("").to_owned();
    let app = installation["app"].as_str().unwrap_or("");
    match &options.to {
        Some(to) if to.starts_with("sha256:") => Ok(to.clone()),
        Some(to) if is_file(to) => {
            let package = package::open(Path::new(to), &Limits::default())?;
            Ok(text(&client.upload_package(&package.to_tar()?)?))
        }
        Some(version) => Ok(text(&published(client, &format!("{app}@{version}"))?)),
        None => Ok(text(&published(client, app)?)),
    }
}

/// Shows the progress of a migration until it has ended or stopped.
fn follow(client: &Client, path: &str, mut state: Value) -> Result<Value, CliError> {
    let bar = std::io::stderr().is_terminal().then(|| {
        let bar = ProgressBar::no_length();
        if let Ok(style) = ProgressStyle::with_template("{prefix:>10} {bar:30} {pos}/{len}") {
            bar.set_style(style);
        }
        bar.set_prefix(terminal::lang().pick("迁移数据", "migrating"));
        bar
    });
    while migrates(&state) {
        let (done, total) = (state["migration"]["done"].as_u64(), state["migration"]["total"].as_u64());
        match &bar {
            Some(bar) => {
                total.into_iter().for_each(|t| bar.set_length(t));
                bar.set_position(done.unwrap_or(0));
            }
            None => eprintln!(
                "{}: {}{}",
                terminal::lang().pick("迁移数据", "migrating"),
                done.unwrap_or(0),
                total.map_or(String::new(), |t| format!("/{t}"))
            ),
        }
        std::thread::sleep(LOOK);
        state = client.get(path)?;
    }
    if let Some(bar) = bar {
        bar.finish_and_clear();
    }
    Ok(state)
}

/// Whether a migration is to be waited for: begun or about to be, and not stopped.
fn migrates(state: &Value) -> bool {
    let m = &state["migration"];
    if m["failure"].is_string() || state["status"] == "failed" || state["status"] == "stopped" {
        return false;
    }
    state["status"] == "migrating" || (m.is_object() && m["finished"] == false && state["stage"] == "trial")
}

/// Why an upgrade stands still, if it does.
fn stopped(state: &Value) -> Option<CliError> {
    let why = state["migration"]["failure"].as_str().or(state["problem"].as_str())?;
    Some(CliError::usage(
        printable(why),
        terminal::lang().pick(
            "排除原因后运行 `yunlong upgrade 名称 --resume`，或用 `yunlong rollback 名称` 退回",
            "mend the cause and give `yunlong upgrade NAME --resume`, or go back with `yunlong rollback NAME`",
        ),
    ))
}

fn told(name: &str, state: &Value) -> Result<(), CliError> {
    let text = |v: &Value| printable(v.as_str().unwrap_or(""));
    if let Some(why) = stopped(state) {
        return Err(why);
    }
    match state["stage"].as_str() {
        Some("canary") => {
            let (other, share, version) = (text(&state["other"]), &state["share"], text(&state["version"]));
            say!(
                "{}",
                terminal::lang().pick(
                    &format!("{name} {other} 服务 {share} % 的人，其余仍用 {version}：`yunlong upgrade {name} --promote` 全面升级，`--abort` 放弃"),
                    &format!("{name} {other} serves {share} % beside {version}: `yunlong upgrade {name} --promote` or `--abort`"),
                )
            )
        }
        _ => say!("{name} {}  {}", text(&state["version"]), text(&state["status"])),
    }
}

pub(crate) fn rollback(options: &Rollback) -> Result<(), CliError> {
    let client = Client::signed_in(&options.server)?;
    let mut body = json!({ "accept_unreadable": options.accept_unreadable, "reason": options.reason });
    if let Some(version) = &options.to {
        body["version"] = json!(version);
    }
    let back = client.post(&apps::path(&options.name, "/rollback")?, &body)?;
    say!("{} {}  {}", options.name, back["version"].as_str().unwrap_or(""), back["status"].as_str().unwrap_or(""))
}

pub(crate) fn history(options: &Shown) -> Result<(), CliError> {
    let answer = Client::signed_in(&options.server)?.get(&apps::path(&options.name, "/history")?)?;
    if options.json {
        return say!("{answer:#}");
    }
    let text = |v: &Value| printable(v.as_str().unwrap_or(""));
    let rows: Vec<[String; 5]> = answer["history"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|r| {
            let version = match r["from"].as_str() {
                Some(from) => format!("{} → {}", printable(from), text(&r["version"])),
                None => text(&r["version"]),
            };
            [text(&r["at"]), text(&r["event"]), version, text(&r["by"]), text(&r["detail"])]
        })
        .collect();
    say_raw!("{}", table(&["WHEN", "WHAT", "VERSION", "BY", "WHY"], &rows))
}

pub(crate) fn health(options: &Shown) -> Result<(), CliError> {
    let answer = Client::signed_in(&options.server)?.post(&apps::path(&options.name, "/health")?, &json!({}))?;
    if options.json {
        return say!("{answer:#}");
    }
    if answer["healthy"] == true {
        return say!("{} {}", options.name, terminal::lang().pick("运行正常", "is well"));
    }
    let (name, why) = (&options.name, printable(answer["reason"].as_str().unwrap_or("")));
    Err(CliError::told(
        (format!("{name} 不正常：{why}"), format!("{name} is not well: {why}")),
        ("在控制台查看它的日志", "see its log at the console"),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_migration_is_waited_for_until_it_ends_or_stops() {
        let state =
            |status: &str, migration: Value| json!({"status": status, "stage": "trial", "migration": migration});
        let m =
            |finished: bool, failure: Value| json!({"done": 1, "total": 2, "finished": finished, "failure": failure});
        assert!(migrates(&state("migrating", Value::Null)), "about to begin");
        assert!(migrates(&state("running", m(false, Value::Null))), "people are served meanwhile");
        assert!(!migrates(&state("running", m(true, Value::Null))));
        assert!(!migrates(&state("running", m(false, json!("odd")))));
        assert!(!migrates(&state("failed", m(false, Value::Null))));
        assert!(!migrates(&json!({"status": "running", "migration": null})));
    }
}

//! Jobs and dead letters.

use crate::apps::{self, table};
use crate::client::Client;
use crate::permissions::printable;
use crate::terminal::{lang, say, say_raw};
use crate::{CliError, Server};
use clap::Args;
use serde_json::{Value, json};

/// `yunlong jobs`.
#[derive(Args, Debug)]
pub struct Jobs {
    /// The installation
    name: String,
    /// Run this job now, whatever the clock says
    #[arg(long, value_name = "JOB", conflicts_with_all = ["pause", "resume", "runs"])]
    run: Option<String>,
    /// Keep this job from running by the clock
    #[arg(long, value_name = "JOB", conflicts_with_all = ["resume", "runs"])]
    pause: Option<String>,
    /// Let this job run by the clock again
    #[arg(long, value_name = "JOB", conflicts_with = "runs")]
    resume: Option<String>,
    /// Show the last runs of this job
    #[arg(long, value_name = "JOB")]
    runs: Option<String>,
    /// The platform's own answer, as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    server: Server,
}

/// `yunlong dead-letters`.
#[derive(Args, Debug)]
pub struct DeadLetters {
    /// The installation
    name: String,
    /// Deliver this one again
    #[arg(long, value_name = "ID", conflicts_with_all = ["redrive_all", "discard"])]
    redrive: Option<String>,
    /// Deliver all again that are there now
    #[arg(long, conflicts_with = "discard")]
    redrive_all: bool,
    /// Remove this one for good
    #[arg(long, value_name = "ID")]
    discard: Option<String>,
    /// Show those before this one
    #[arg(long, value_name = "ID")]
    before: Option<String>,
    /// The platform's own answer, as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    server: Server,
}

/// The time of a timestamp in milliseconds, in Beijing.
fn time(value: &Value) -> String {
    value.as_i64().map_or_else(String::new, |ms| yunlong_model::Timestamp(ms).to_shanghai())
}

fn text(value: &Value) -> String {
    printable(value.as_str().unwrap_or(""))
}

pub(crate) fn jobs(options: &Jobs) -> Result<(), CliError> {
    let client = Client::signed_in(&options.server)?;
    let acts = [("run", &options.run), ("pause", &options.pause), ("resume", &options.resume)];
    if let Some((action, job)) = acts.into_iter().find_map(|(action, job)| job.as_ref().map(|j| (action, j))) {
        client.post(&job_path(&options.name, job, action)?, &json!({}))?;
        let done = match action {
            "run" => lang().pick("即将运行", "runs at once:"),
            "pause" => lang().pick("已暂停", "paused"),
            _ => lang().pick("已恢复", "resumed"),
        };
        return say!("{done} {job}");
    }
    if let Some(job) = &options.runs {
        let answer = client.get(&job_path(&options.name, job, "runs")?)?;
        return if options.json { say!("{answer:#}") } else { runs(&answer) };
    }
    let answer = client.get(&apps::path(&options.name, "/jobs")?)?;
    if options.json {
        return say!("{answer:#}");
    }
    let rows: Vec<[String; 4]> = answer["jobs"].as_array().into_iter().flatten().map(row).collect();
    say_raw!("{}", table(&["JOB", "PATTERN", "NEXT", "LAST"], &rows))?;
    let delayed = &answer["delayed"];
    if delayed["count"].as_u64().is_some_and(|n| n > 0) {
        let (count, first) = (&delayed["count"], time(&delayed["next"]));
        say!(
            "{}",
            lang().pick(
                &format!("{count} 条延时消息，最早的在 {first}"),
                &format!("{count} delayed messages, the first at {first}"),
            )
        )?;
    }
    Ok(())
}

fn job_path(name: &str, job: &str, action: &str) -> Result<String, CliError> {
    // The rule of app.toml: anything else is no job, and must not become another path.
    let ok =
        !job.is_empty() && job.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'_');
    if !ok {
        return Err(CliError::told(
            (format!("“{job}”不是任务的名称"), format!("`{job}` is no job's name")),
            ("用 `yunlong jobs 名称` 查看", "see `yunlong jobs NAME`"),
        ));
    }
    apps::path(name, &format!("/jobs/{job}/{action}"))
}

fn row(job: &Value) -> [String; 4] {
    let next = if job["running_since"].is_i64() {
        lang().pick("正在运行", "running").to_owned()
    } else if job["asked_by"].is_string() {
        lang().pick("马上", "at once").to_owned()
    } else if job["paused_by"].is_string() {
        format!("{} {}", lang().pick("已暂停，操作人", "paused by"), text(&job["paused_by"]))
    } else {
        time(&job["next"])
    };
    let last = &job["last"];
    let last =
        if last.is_object() { format!("{} {}", text(&last["outcome"]), time(&last["ended"])) } else { String::new() };
    [text(&job["name"]), text(&job["cron"]), next, last]
}

fn runs(answer: &Value) -> Result<(), CliError> {
    let rows: Vec<[String; 5]> = answer["runs"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|r| {
            let took = r["ended"].as_i64().unwrap_or(0).saturating_sub(r["started"].as_i64().unwrap_or(0));
            [
                time(&r["started"]),
                format!("{took} ms"),
                r["attempt"].to_string(),
                text(&r["outcome"]),
                text(&r["error"]),
            ]
        })
        .collect();
    say_raw!("{}", table(&["BEGAN", "TOOK", "ATTEMPT", "OUTCOME", "WHY"], &rows))
}

pub(crate) fn dead_letters(options: &DeadLetters) -> Result<(), CliError> {
    let client = Client::signed_in(&options.server)?;
    let path = |rest: &str| apps::path(&options.name, &format!("/dead-letters{rest}"));
    if options.redrive_all {
        let answer = client.post(&path("/redrive")?, &json!({}))?;
        return say!("{}: {}", lang().pick("重新投递", "delivered again"), answer["redriven"]);
    }
    if let Some(id) = &options.redrive {
        client.post(&path(&format!("/{}/redrive", letter(id)?))?, &json!({}))?;
        return say!("{}: {id}", lang().pick("重新投递", "delivered again"));
    }
    if let Some(id) = &options.discard {
        client.delete(&path(&format!("/{}", letter(id)?))?)?;
        return say!("{} {id}", lang().pick("已移除", "removed"));
    }
    let query: Vec<(&str, &str)> = options.before.as_deref().map(|b| ("before", b)).into_iter().collect();
    let answer = client.get_with(&path("")?, &query)?;
    if options.json {
        return say!("{answer:#}");
    }
    let rows: Vec<[String; 4]> = answer["dead_letters"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|l| {
            let why = l["failures"].as_array().and_then(|f| f.last()).map(|f| text(&f["error"])).unwrap_or_default();
            [text(&l["id"]), time(&l["at"]), text(&l["event"]["topic"]), why]
        })
        .collect();
    if rows.is_empty() {
        eprintln!("{}", lang().pick("没有未送达的消息。", "There are no dead letters."));
        return Ok(());
    }
    say_raw!("{}", table(&["ID", "WHEN", "TOPIC", "WHY"], &rows))?;
    if let Some(next) = answer["next"].as_str() {
        let more = lang().pick("更多", "more");
        eprintln!("{more}: `yunlong dead-letters {} --before {}`", options.name, printable(next));
    }
    Ok(())
}

/// A dead letter's id, as it may stand in a path.
fn letter(id: &str) -> Result<&str, CliError> {
    if !id.is_empty() && id.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-') {
        Ok(id)
    } else {
        Err(CliError::told(
            (format!("“{id}”不是未送达消息的编号"), format!("`{id}` is no dead letter's id")),
            ("用 `yunlong dead-letters 名称` 查看", "see `yunlong dead-letters NAME`"),
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_are_none_never_reach_the_server() {
        assert!(job_path("tickets", "../stop", "run").is_err() && letter("../x").is_err() && letter("").is_err());
        assert_eq!(job_path("tickets", "sweep", "run").unwrap(), "/api/v1/installations/tickets/jobs/sweep/run");
    }

    #[test]
    fn a_job_shows_what_comes_next() {
        let job = |extra: Value| {
            let mut job = json!({"name": "sweep", "cron": "0 3 * * *", "next": 1_790_000_000_000_i64});
            if let (Some(job), Value::Object(extra)) = (job.as_object_mut(), extra) {
                job.extend(extra);
            }
            row(&job)[2].clone()
        };
        assert!(job(json!({})).starts_with("2026-09-21"));
        assert_eq!(job(json!({"paused_by": "wang"})), "paused by wang");
        assert_eq!(job(json!({"paused_by": "wang", "asked_by": "li"})), "at once");
        assert_eq!(job(json!({"running_since": 1})), "running");
    }
}

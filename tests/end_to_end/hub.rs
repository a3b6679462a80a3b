//! Shared data, read by a real app over HTTP: what a grant, a role, a purpose and a consent let through,
//! and that nothing is answered without its entry in the log.

mod log;
mod matrix;
mod own;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use std::time::Duration;
use yunlong_tests::{City, Client, Plan, eventually};

/// The app that reads as it is told.
pub(crate) const READER: &str = "reader";
/// The demo's police department, which provides the population.
pub(crate) const POLICE: &str = "11320300MB000YL23J";
/// Its official.
pub(crate) const PROVIDER: &str = "police-data";
/// Two of the demo's citizens, and their numbers.
pub(crate) const FIRST: (&str, &str) = ("citizen-001", "320311197106120011");
pub(crate) const FIFTH: (&str, &str) = ("citizen-005", "320312196402280054");
/// Reads the log.
pub(crate) const AUDITOR: &str = "city-audit";

/// A small city with the reader in it.
pub(crate) async fn city() -> Result<City> {
    Plan::with(&[READER]).citizens(5).args(&["--demo-people", "20"]).start().await
}

/// `POST` to the console that must answer 2xx; its JSON.
pub(crate) async fn done(console: &Client, path: &str, body: &Value) -> Result<Value> {
    let answer = console.post(path, body).await?;
    ensure!((200..300).contains(&answer.status), "{path} {body}: {} {}", answer.status, answer.text);
    if answer.text.is_empty() { Ok(Value::Null) } else { answer.json() }
}

/// The open request of an installation for a use.
async fn request_of(provider: &Client, installation: &str, dataset: &str, purpose: &str) -> Result<String> {
    let all = provider.get("/api/v1/hub/requests?box=in&open=true").await?.json()?;
    let requests = all["requests"].as_array().context("no requests")?;
    let is = |r: &&Value| {
        r["installation"] == installation && r["asked"]["dataset"] == dataset && r["asked"]["purpose"] == purpose
    };
    let found = requests.iter().find(is).with_context(|| format!("{installation} does not ask: {all}"))?;
    Ok(found["id"].as_str().context("no id")?.to_owned())
}

/// The provider grants these fields, until a time or as long as was asked for.
pub(crate) async fn grant(
    provider: &Client,
    (installation, dataset, purpose): (&str, &str, &str),
    fields: &[&str],
    extra: &Value,
) -> Result<()> {
    let id = request_of(provider, installation, dataset, purpose).await?;
    let mut body = json!({"field": fields, "access": ["get"]});
    for (key, value) in extra.as_object().into_iter().flatten() {
        body[key] = value.clone();
    }
    done(provider, &format!("/api/v1/hub/requests/{id}/approve"), &body).await.map(drop)
}

/// A time from now, as RFC 3339.
pub(crate) fn in_seconds(seconds: u32) -> Result<String> {
    let date = ["-u", "-d", &format!("+{seconds} seconds"), "+%FT%TZ"];
    let out = std::process::Command::new("date").args(date).output()?;
    Ok(String::from_utf8(out.stdout)?.trim().to_owned())
}

/// Puts records into a dataset, as its provider does.
pub(crate) async fn import(provider: &Client, dataset: &str, records: &[Value]) -> Result<()> {
    let new = json!({"dataset": dataset, "file": "test.jsonl", "size": records.len(), "fingerprint": dataset, "valid_from": "2020-01-01"});
    let import = done(provider, "/api/v1/hub/imports", &new).await?;
    let id = import["id"].as_str().context("no id")?;
    let rows: Vec<Value> = records.iter().enumerate().map(|(i, r)| json!({"line": i + 1, "record": r})).collect();
    let n = import["next_batch"].as_u64().unwrap_or(0);
    let report = done(provider, &format!("/api/v1/hub/imports/{id}/batches/{n}"), &json!({ "rows": rows })).await?;
    ensure!(report["loaded"] == records.len(), "not all was loaded: {report}");
    done(provider, &format!("/api/v1/hub/imports/{id}/finish"), &json!({})).await.map(drop)
}

/// What the reader answers to whoever asks it to read.
pub(crate) async fn read(client: &Client, what: &Value) -> Result<Value> {
    let answer = client.post("/read", what).await?;
    ensure!(answer.status == 200, "{what}: {} {}", answer.status, answer.text);
    let mut json = answer.json()?;
    json["request"] = answer.header("x-request-id").into();
    Ok(json)
}

/// `ok`, or the code of the denial.
pub(crate) fn outcome(answer: &Value) -> &str {
    answer["denied"].as_str().unwrap_or(if answer["records"].is_array() { "ok" } else { "nothing" })
}

/// The entries of a request in the log, once they are there.
pub(crate) async fn entries_of(auditor: &Client, request: &str) -> Result<Vec<Value>> {
    eventually(&format!("the log has the request {request}"), Duration::from_secs(10), async || {
        let page = auditor.get(&format!("/api/v1/audit/entries?request_id={request}")).await?.json()?;
        let entries: Vec<Value> =
            page["entries"].as_array().context("no entries")?.iter().map(|e| e["entry"].clone()).collect();
        ensure!(entries.iter().all(|e| e["request_id"] == request), "others than the request’s: {page}");
        Ok((!entries.is_empty()).then_some(entries))
    })
    .await
}

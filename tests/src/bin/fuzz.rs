//! Fuzzing behind `cargo xtask fuzz`: each department's app in a city of its own is sent what its OpenAPI document
//! allows and what it forbids, by schemathesis. No answer may be a server's error, nor one that the document leaves out.
//!
//! `SCHEMATHESIS` names the program, the arguments name the apps: all four without any.

use anyhow::{Context, Result, ensure};
use std::process::Command;
use yunlong_tests::{City, Plan};

/// What the answers are held against.
const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance,\
                      response_schema_conformance";
/// Requests are the same in each run, so that a finding can be looked at.
const SEED: &str = "20140701";
/// Seconds for one account: two of them make two minutes of an app.
const SECONDS: &str = "55";

/// Each app, and the official whose role reaches furthest in it.
const APPS: [(&str, &str); 4] = [
    ("tourism-ticketing", "tourism-admin"),
    ("logistics-finance", "finance-admin"),
    ("rural-ecommerce", "commerce-admin"),
    ("education-resources", "education-admin"),
];

#[tokio::main]
async fn main() -> Result<()> {
    let wanted: Vec<String> = std::env::args().skip(1).collect();
    let unknown = wanted.iter().find(|w| APPS.iter().all(|(app, _)| app != w));
    ensure!(unknown.is_none(), "usage: fuzz [APP]...: `{}` is none of the four", unknown.map_or("", String::as_str));
    let mut failed = Vec::new();
    for (app, official) in APPS.iter().filter(|(app, _)| wanted.is_empty() || wanted.iter().any(|w| w == app)) {
        let mut city = Plan::with(&[app]).start().await?;
        for account in [official, "citizen-001"] {
            println!("\n{app}, as {account}");
            if !fuzz(&city, app, account).await? {
                failed.push(format!("{app} as {account}"));
            }
        }
        reached(&city, app).await?;
        city.stop().await?;
    }
    ensure!(failed.is_empty(), "answers outside the document: {}", failed.join(", "));
    Ok(())
}

/// Requests that went elsewhere, or that all stopped at the door, would find nothing: the app took some of them and
/// refused others.
async fn reached(city: &City, app: &str) -> Result<()> {
    let metrics = city.admin("/metrics").await?.text;
    for (status, least) in [("2xx", 20.0), ("4xx", 200.0)] {
        let name = format!("yunlong_http_requests_total{{site=\"{app}\",status=\"{status}\"}} ");
        let seen = metrics.lines().find_map(|l| l.strip_prefix(&name)).map_or(Ok(0.0), str::parse::<f64>)?;
        ensure!(seen >= least, "{app} gave {seen} answers of {status}: the fuzzing did not reach it");
    }
    Ok(())
}

/// One run. Answers whether nothing was found; what was found is shown with the command that repeats it.
async fn fuzz(city: &City, app: &str, account: &str) -> Result<bool> {
    let document = city.signed_in(app, account).await?.get("/openapi.json").await?;
    ensure!(document.status == 200, "{app} shows no document: {} {}", document.status, document.text);
    // The names of installations are known to browsers, not to every resolver.
    let file = city.data().join("openapi.json");
    std::fs::write(&file, &document.text)?;
    let program = std::env::var_os("SCHEMATHESIS").context("SCHEMATHESIS is not set: run `cargo xtask fuzz`")?;
    let mut run = Command::new(program);
    run.arg("run").arg(&file).arg("--url").arg(format!("http://localhost:{}", city.port()));
    run.args(["--header", &format!("Host: {app}.localhost:{}", city.port())]);
    run.args(["--header", &format!("Authorization: Bearer {}", city.token(account).await?)]);
    run.args(["--checks", CHECKS, "--seed", SEED, "--max-time", SECONDS, "--generation-database", "none"]);
    run.args(["--phases", "examples,coverage,fuzzing", "--request-timeout", "20", "--max-redirects", "0"]);
    // It writes its caches where it stands.
    let status = tokio::task::block_in_place(|| run.current_dir(city.data()).status()).context("cannot start it")?;
    Ok(status.success())
}

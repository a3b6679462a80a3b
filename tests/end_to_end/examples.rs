//! The examples at work on the real host: what their own tests, which run on a double, cannot show.

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use std::time::Duration;
use yunlong_tests::{Client, Plan, eventually};

const APP: &str = "ticker";

/// What was counted: the number, and the ticks.
async fn counted(client: &Client) -> Result<(u64, Vec<Value>)> {
    let ticks = client.get("/api/ticks").await?;
    ensure!(ticks.status == 200, "listTicks: {} {}", ticks.status, ticks.text);
    let ticks = ticks.json()?;
    Ok((ticks["total"].as_u64().context("no total")?, ticks["latest"].as_array().context("no ticks")?.clone()))
}

#[tokio::test]
async fn the_tickers_job_publishes_and_its_consumer_counts() -> Result<()> {
    let city = Plan::with(&[APP]).citizens(1).start().await?;
    let (anybody, citizen) = (city.client(APP)?, city.signed_in(APP, "citizen-001").await?);

    // The clock's own run, within a minute and its delivery.
    let by_the_clock = eventually("the job of the minute", Duration::from_secs(75), async || {
        let (total, ticks) = counted(&anybody).await?;
        Ok((total > 0).then_some(ticks))
    })
    .await?;
    let first = &by_the_clock[by_the_clock.len() - 1];
    ensure!(first["by"] == "clock", "{first}");
    ensure!(first["time"].as_u64().is_some_and(|at| at % 60_000 == 0), "not a whole minute: {first}");

    // A person's is a message as well, and counted on arrival.
    let nobody = anybody.post("/api/ticks", &json!({})).await?.status;
    ensure!(matches!(nobody, 401 | 403), "nobody made it tick: {nobody}");
    let sent = citizen.request(reqwest::Method::POST, "/api/ticks").send().await?.status();
    ensure!(sent == 202, "publishTick: {sent}");
    let ticks = eventually("the person's tick, counted once", Duration::from_secs(20), async || {
        let (total, ticks) = counted(&anybody).await?;
        let is_there = ticks.iter().any(|tick| tick["by"] == "person");
        Ok((is_there && total == ticks.len() as u64).then_some(ticks))
    })
    .await?;
    let ids: std::collections::BTreeSet<_> = ticks.iter().filter_map(|tick| tick["id"].as_str()).collect();
    ensure!(ids.len() == ticks.len(), "one message was counted twice: {ticks:?}");
    let page = anybody.page("/", "zh").await?;
    ensure!(page.status == 200 && page.text.contains("收到的消息总数"), "{}", page.text);

    // The operator sees the runs, and nothing was given up.
    let console = city.signed_in("console", "city-admin").await?;
    let runs = console.get(&format!("/api/v1/installations/{APP}/jobs/tick/runs")).await?.json()?;
    ensure!(runs["runs"].as_array().is_some_and(|runs| runs.iter().any(|run| run["outcome"] == "done")), "{runs}");
    let letters = console.get(&format!("/api/v1/installations/{APP}/dead-letters")).await?.json()?;
    ensure!(letters["dead_letters"] == json!([]), "{letters}");

    let document = anybody.get("/openapi.json").await?.json()?;
    ensure!(document["openapi"].as_str().is_some_and(|v| v.starts_with("3.1")), "{}", document["openapi"]);
    ensure!(document["paths"]["/api/ticks"]["get"]["operationId"] == "listTicks", "{document}");
    ensure!(document["paths"]["/api/ticks"]["post"]["operationId"] == "publishTick", "{document}");
    Ok(())
}

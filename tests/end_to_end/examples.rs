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

/// The lesson in TypeScript: what the engine in its component does with a mandate, a unique index, a note
/// and randomness.
#[tokio::test]
async fn whoever_acts_by_mandate_makes_the_holders_check_and_the_holder_finds_it() -> Result<()> {
    const APP: &str = "mandates";
    let city = Plan::with(&[APP]).citizens(3).start().await?;
    let (mother, daughter) = (city.token("citizen-001").await?, city.token("citizen-002").await?);
    let portal = |token: &str| Ok::<_, anyhow::Error>(city.client("")?.with_token(token.to_owned()));
    let app = |token: &str| Ok::<_, anyhow::Error>(city.client(APP)?.with_token(token.to_owned()));
    ensure!(city.client(APP)?.get("/api/checks").await?.status == 401, "nobody has a card");

    // A holder who was here before can be told what was done for them.
    ensure!(app(&mother)?.get("/api/checks").await?.json()? == json!([]));
    let given = portal(&mother)?.form("/mandates/give", &[("days", "30"), ("agree", "true")]).await?;
    let code = given.text.split("class=\"secret\">").nth(1).and_then(|t| t.split('<').next()).context("no code")?;
    let taken = portal(&daughter)?.form("/mandates/take", &[("code", code)]).await?;
    ensure!(taken.status == 303, "{}", taken.text);
    let held = portal(&daughter)?.page("/mandates", "zh").await?.text;
    let mandate =
        held.split("name=\"mandate\" value=\"").nth(1).and_then(|t| t.split('"').next()).context("no mandate")?;
    ensure!(portal(&daughter)?.form("/mandates/act", &[("mandate", mandate)]).await?.status == 303);

    let page = app(&daughter)?.page("/", "zh").await?;
    ensure!(page.text.contains("正在为他人代办") && page.text.contains("代为办理年审"), "{}", page.text);
    let unseen = app(&daughter)?.form("/checks", &[]).await?;
    ensure!(unseen.status == 409, "what was not seen is not done: {} {}", unseen.status, unseen.text);
    let made = app(&daughter)?.form("/checks", &[("mandate", mandate)]).await?;
    ensure!(made.status == 303, "{} {}", made.status, made.text);
    let again = app(&daughter)?.form("/checks", &[("mandate", mandate)]).await?;
    ensure!(again.status == 409 && again.text.contains("本年度已经年审"), "{}", again.text);

    // The holder finds it under their own subject, and is told; what the delegate has is nothing of it.
    let listed = app(&mother)?.get("/api/checks").await?.json()?;
    ensure!(listed[0]["by"] == "delegate" && listed.as_array().is_some_and(|all| all.len() == 1), "{listed}");
    let inbox = portal(&mother)?.page("/inbox", "zh").await?.text;
    ensure!(inbox.contains("您的爱心卡已由他人代办年审"), "{inbox}");
    ensure!(portal(&daughter)?.form("/mandates/act", &[("mandate", "")]).await?.status == 303);
    ensure!(app(&daughter)?.get("/api/checks").await?.json()? == json!([]));

    // Each request is a fresh instance with randomness of its own: two checks have two ids, or the second
    // would be refused.
    for token in [&daughter, &city.token("citizen-003").await?] {
        let made = app(token)?.post("/api/checks", &json!({})).await?;
        ensure!(made.status == 201, "{} {}", made.status, made.text);
    }
    let document = city.client(APP)?.get("/openapi.json").await?.json()?;
    ensure!(document["paths"]["/api/checks"]["post"]["operationId"] == "makeCheck", "{document}");
    Ok(())
}

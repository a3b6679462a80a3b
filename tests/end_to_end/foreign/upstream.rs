//! Programs that no one here wrote: examples of published crates, built as the package registry delivers them
//! (`xtask/src/upstream.rs`) and served as they are.

use super::{get, text};
use anyhow::{Result, ensure};
use reqwest::Method;
use yunlong_tests::Plan;

#[tokio::test]
async fn the_examples_of_published_crates_are_served_unchanged() -> Result<()> {
    let simple = ["upstream-wasip2", "upstream-wasip2-no-std", "upstream-wasi", "upstream-wasip3"];
    let city = Plan::with(&simple).citizens(1).start().await?;
    for app in simple {
        let client = city.client(app)?;
        for path in ["/", "/any/where?a=b"] {
            let answer = get(&client, path).await?;
            ensure!(answer == "Hello, WASI!", "{app}{path}: {answer}");
        }
    }
    Ok(())
}

#[tokio::test]
async fn the_http_server_of_wstd_waits_streams_and_echoes_as_it_does_elsewhere() -> Result<()> {
    let city = Plan::with(&["upstream-wstd", "upstream-wstd-proxy"]).citizens(1).start().await?;
    let client = city.signed_in("upstream-wstd", "citizen-001").await?;
    ensure!(get(&client, "/").await? == "Hello, wasi:http/proxy world!\n");
    for path in ["/wait-response", "/wait-body"] {
        let slept = get(&client, path).await?;
        let millis = slept.strip_prefix("slept for ").and_then(|rest| rest.strip_suffix(" millis\n"));
        let millis = millis.and_then(|n| n.parse::<u64>().ok());
        ensure!(millis.is_some_and(|n| n >= 1_000), "{path}: {slept}");
    }
    let streamed = get(&client, "/stream-body").await?;
    ensure!(streamed.lines().filter(|line| line.starts_with("stream started ")).count() == 5, "{streamed}");
    ensure!(text(&client, Method::POST, "/echo", "云龙湖", 200).await? == "云龙湖");
    text(&client, Method::GET, "/response-status", "", 500).await?;
    text(&client, Method::GET, "/nowhere", "", 404).await?;
    // An answer that it gives up, before its head or behind it, is the platform's to tell.
    for path in ["/response-fail", "/response-body-fail"] {
        client.get(path).await?.problem(500)?;
    }

    // What the other wants from its environment is not there, and it says so by a panic.
    let proxy = city.client("upstream-wstd-proxy")?;
    text(&proxy, Method::GET, "/", "", 404).await?;
    text(&proxy, Method::GET, "/proxy/", "", 500).await?;
    let admin = city.signed_in("console", "city-admin").await?;
    let log = admin.get("/api/v1/installations/upstream-wstd-proxy/log").await?;
    ensure!(log.text.contains("missing environment variable TARGET_URL"), "{} {}", log.status, log.text);
    Ok(())
}

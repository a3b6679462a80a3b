//! Programs of `wasi:http/handler@0.3`: served as those of 0.2 are, one request an instance, within the same limits.

use super::{get, text};
use anyhow::{Context as _, Result, ensure};
use reqwest::Method;
use std::time::{Duration, Instant};
use yunlong_registry::{KeyPair, Limits, Materials, Package};
use yunlong_tests::{Answer, City, Plan, eventually};

async fn log_of(city: &City, app: &str) -> Result<String> {
    let console = city.signed_in("console", "city-admin").await?;
    let answer = console.get(&format!("/api/v1/installations/{app}/log")).await?;
    ensure!(answer.status == 200, "log: {} {}", answer.status, answer.text);
    Ok(answer.text)
}

#[tokio::test]
async fn a_program_of_wasi_03_answers_streams_and_goes_on_behind_its_answer() -> Result<()> {
    let city = Plan::with(&["wasip3-plain"]).citizens(1).start().await?;
    let client = city.signed_in("wasip3-plain", "citizen-001").await?;
    for _ in 0..3 {
        ensure!(
            get(&client, "/a?b=c").await? == "/a is request 1 of this instance\n",
            "an instance served two requests"
        );
    }
    ensure!(get(&client, "/wait").await? == "/wait is request 1 of this instance\n");

    // More than any buffer on its way holds.
    let long = "云龙湖".repeat(60_000);
    ensure!(text(&client, Method::POST, "/echo", &long, 200).await? == long);
    ensure!(text(&client, Method::POST, "/echo", "", 200).await?.is_empty());
    ensure!(get(&client, "/trailer").await? == "a body before a trailer\n");

    ensure!(get(&client, "/behind").await? == "answered\n");
    eventually("what is done behind an answer is in the log", Duration::from_secs(30), async || {
        Ok(log_of(&city, "wasip3-plain").await?.contains("done behind the answer").then_some(()))
    })
    .await?;

    // What a program of an operating system looks for is not there; clocks and random numbers are.
    let seen = get(&client, "/machine").await?;
    let want = "environment 0\nfolders 0\ntcp false\nudp false\nnames false\ntime true\nrandom true";
    ensure!(seen == want, "{seen}");
    let log = log_of(&city, "wasip3-plain").await?;
    for function in ["tcp-socket.create", "udp-socket.create", "resolve-addresses"] {
        ensure!(log.contains(&format!("wasi:sockets {function} is refused")), "{function}: {log}");
    }
    Ok(())
}

#[tokio::test]
async fn a_program_of_wasi_03_that_keeps_to_nothing_ends_at_its_limits_and_harms_nobody() -> Result<()> {
    let city = Plan::with(&["wasip3-hostile", "wasip3-plain"]).citizens(1).start().await?;
    let hostile = city.client("wasip3-hostile")?;
    let neighbour = city.client("wasip3-plain")?;
    ensure!(get(&hostile, "/").await? == "answered");
    for (path, statuses, reason) in [
        ("/loop", &[500, 503, 504][..], &["cpu", "longer than"][..]),
        // What goes on behind the answer is held to the limits, too, and the answer waits for it.
        ("/loop-behind", &[500, 503, 504], &["cpu", "longer than"]),
        ("/sleep", &[504], &["longer than"]),
        ("/sleep-behind", &[504], &["longer than"]),
        ("/unfinished", &[504], &["longer than"]),
        ("/endless", &[500, 502], &["response", "too large", "256 kib"]),
        ("/calls", &[500, 503], &["host call", "host-call"]),
        ("/alloc", &[500], &["memory"]),
        ("/trap", &[500], &["trap", "unreachable"]),
        ("/trap-behind", &[500], &["trap", "unreachable"]),
        ("/refuse", &[500, 502], &["loop"]),
        // Streams that it makes and forgets.
        ("/hoard", &[500, 503, 504], &["failed"]),
    ] {
        let began = Instant::now();
        let attacks = futures::future::join_all((0..4).map(|_| hostile.get(path)));
        let calm = async {
            for _ in 0..4 {
                ensure!(
                    get(&neighbour, "/a").await?.starts_with("/a is request 1"),
                    "the neighbour suffers from {path}"
                );
            }
            Ok(())
        };
        let (answers, calm) = tokio::join!(attacks, calm);
        calm?;
        ensure!(began.elapsed() < Duration::from_secs(30), "{path} took {:?}", began.elapsed());
        for answer in answers {
            let answer: Answer = answer?;
            ensure!(statuses.contains(&answer.status), "{path}: {} {}", answer.status, answer.text);
            let id = answer.header("x-request-id").to_owned();
            eventually(&format!("the log says why {path} failed"), Duration::from_secs(30), async || {
                let console = city.signed_in("console", "city-admin").await?;
                let log = console.get("/api/v1/installations/wasip3-hostile/log?lines=1000").await?.json()?;
                let lines = log["lines"].as_array().context("no lines")?.iter();
                let own = lines.filter(|line| line["request_id"] == id.as_str());
                let told = own.filter_map(|line| line["text"].as_str()).collect::<Vec<_>>().join("\n").to_lowercase();
                Ok(reason.iter().any(|r| told.contains(r)).then_some(()))
            })
            .await?;
        }
    }
    // Outgoing requests pass the same gate.
    ensure!(get(&hostile, "/send").await? == "ErrorCode::HttpRequestDenied");
    let log = log_of(&city, "wasip3-hostile").await?;
    ensure!(log.contains("outgoing HTTP to metadata.test is refused"), "{log}");
    Ok(())
}

#[tokio::test]
async fn a_program_of_wasi_03_whose_manifest_does_not_name_the_feature_is_refused() -> Result<()> {
    let city = Plan::with(&[]).citizens(1).start().await?;
    let plain = yunlong_registry::package::open(&yunlong_tests::package("wasip3-plain")?, &Limits::default())?;
    let manifest = plain.manifest_toml.replace("wasi-http-03 = true", "").replace("wasip3-plain", "wasip3-unnamed");
    ensure!(!manifest.contains("wasi-http-03"), "{manifest}");
    let mut package =
        Package::assemble(Materials { manifest_toml: &manifest, component: &plain.component, ..Materials::default() })?;
    package.sign(&KeyPair::from_pem(&std::fs::read_to_string(yunlong_tests::vendor_key()?)?)?)?;
    let publishing = city.publishing().await?;
    let refused = publishing.publish(package.to_tar()?).await.err().context("it was taken")?.to_string();
    ensure!(refused.contains("422") && refused.contains("wasi:http/handler"), "{refused}");
    ensure!(refused.contains("wasi-http-03"), "it does not say what to declare: {refused}");
    Ok(())
}

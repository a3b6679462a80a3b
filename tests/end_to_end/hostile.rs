//! An app that misbehaves harms no other app, learns nothing it may not, and is reported in its log.

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use std::time::Duration;
use yunlong_tests::{City, Client, Plan, eventually};

async fn city() -> Result<City> {
    Plan::with(&["abuser", "guestbook"]).start().await
}

async fn log_of(city: &City, app: &str) -> Result<String> {
    let console = city.signed_in("console", "city-admin").await?;
    let a = console.get(&format!("/api/v1/installations/{app}/log")).await?;
    ensure!(a.status == 200, "log: {} {}", a.status, a.text);
    Ok(a.text)
}

/// The neighbour answers while `attack` runs, and the attack ends with `status` and a problem
/// document whose request id stands in the log beside `reason`.
async fn attack_fails_alone(city: &City, path: &str, statuses: &[u16], reason: &[&str]) -> Result<()> {
    let abuser = city.client("abuser")?;
    let neighbour = city.client("guestbook")?;
    let attacks = futures::future::join_all((0..4).map(|_| abuser.get(path)));
    let calm = async {
        for _ in 0..5 {
            let a = neighbour.page("/", "zh").await?;
            ensure!(a.status == 200, "the neighbour suffers from {path}: {} {}", a.status, a.text);
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        anyhow::Ok(())
    };
    let (answers, calm) = tokio::join!(attacks, calm);
    calm?;
    for answer in answers {
        let answer = answer?;
        ensure!(statuses.contains(&answer.status), "{path}: {} {}", answer.status, answer.text);
        let problem = answer.problem(answer.status)?;
        let id = problem["request_id"]
            .as_str()
            .or(problem["instance"].as_str())
            .context("the problem names no request")?
            .to_owned();
        ensure!(answer.header("x-request-id").len() > 8, "no request id in the header");
        eventually(&format!("the log says why {path} failed"), Duration::from_secs(30), async || {
            let log = log_of(city, "abuser").await?;
            let id = id.rsplit(':').next().unwrap_or(&id);
            Ok((log.contains(id) && reason.iter().any(|r| log.to_lowercase().contains(r))).then_some(()))
        })
        .await?;
    }
    ensure!(neighbour.page("/", "zh").await?.status == 200, "the neighbour is gone after {path}");
    Ok(())
}

#[tokio::test]
async fn a_loop_ends_at_its_cpu_limit() -> Result<()> {
    attack_fails_alone(&city().await?, "/loop", &[500, 503, 504], &["cpu", "longer than"]).await
}

#[tokio::test]
async fn a_sleeper_ends_at_its_deadline() -> Result<()> {
    attack_fails_alone(&city().await?, "/sleep", &[504], &["longer than"]).await
}

#[tokio::test]
async fn a_memory_hog_ends_at_its_cap() -> Result<()> {
    attack_fails_alone(&city().await?, "/alloc", &[500], &["memory"]).await
}

#[tokio::test]
async fn a_trap_is_a_clean_page() -> Result<()> {
    let city = city().await?;
    attack_fails_alone(&city, "/trap", &[500], &["trap"]).await?;
    attack_fails_alone(&city, "/trap-in-body", &[500], &["trap"]).await?;
    attack_fails_alone(&city, "/silent", &[500], &["response"]).await?;
    for lang in ["zh", "en"] {
        let page = city.client("abuser")?.page("/trap", lang).await?;
        ensure!(page.status == 500 && page.text.contains(page.header("x-request-id")), "{}", page.text);
        ensure!(
            !page.text.contains("wasm") && !page.text.contains("backtrace"),
            "the page tells too much: {}",
            page.text
        );
    }
    Ok(())
}

#[tokio::test]
async fn an_answer_of_a_gigabyte_is_refused() -> Result<()> {
    attack_fails_alone(&city().await?, "/huge", &[500, 502], &["response", "too large"]).await
}

#[tokio::test]
async fn a_flood_of_host_calls_ends_at_its_budget() -> Result<()> {
    attack_fails_alone(&city().await?, "/calls", &[500, 503], &["host call", "host-call"]).await
}

#[tokio::test]
async fn shouting_does_not_fill_the_log() -> Result<()> {
    let city = city().await?;
    let shouted = city.client("abuser")?.get("/shout").await?;
    let id = shouted.header("x-request-id").to_owned();
    ensure!(!id.is_empty(), "no request id in the header");
    let console = city.signed_in("console", "city-admin").await?;
    let kept = eventually("the shouting is in the log", Duration::from_secs(10), async || {
        let log = console.get("/api/v1/installations/abuser/log?lines=1000").await?.json()?;
        let lines = log["lines"].as_array().context("no lines")?.iter();
        let kept: Vec<Value> = lines.filter(|line| line["request_id"] == *id).cloned().collect();
        // The runtime's own line is the last.
        Ok(kept.last().is_some_and(|line| line["level"] == "error").then_some(kept))
    })
    .await?;
    // The thousands of lines that its host calls allow become two hundred, a word about the others, and why it ended.
    ensure!(kept.len() == 202, "{} lines of one call are kept", kept.len());
    let text = |n: usize| kept[n]["text"].as_str().unwrap_or_default().to_owned();
    ensure!((0..200).all(|n| text(n) == format!("{n} {}", "x".repeat(1_000))), "{}", text(0));
    let dropped = text(200);
    let many = dropped.trim_start_matches("… ").strip_suffix(" more lines were dropped").and_then(|n| n.parse().ok());
    ensure!(many.is_some_and(|n: u32| n > 100), "{dropped}");
    Ok(())
}

#[tokio::test]
async fn no_sockets_files_environment_or_undeclared_hosts() -> Result<()> {
    let city = city().await?;
    let abuser = city.client("abuser")?;
    // Somebody is there: an open socket would get through.
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await?;
    let target = listener.local_addr()?;
    for (path, fields) in [
        ("/socket", &["tcp", "udp", "listen", "lookup"][..]),
        ("/files", &["read", "write", "list"]),
        ("/outbound", &["outbound"]),
    ] {
        let a = abuser.get(&format!("{path}?{target}")).await?;
        ensure!(a.status == 200, "{path} must be denied at the call, not end the instance: {} {}", a.status, a.text);
        let json = a.json()?;
        for field in fields {
            let got = json[*field].as_str().unwrap_or("");
            ensure!(got != "ok" && !got.starts_with("status"), "{path} {field}: {got}");
        }
        if path == "/files" {
            ensure!(json["environment"] == json!([]), "environment: {json}");
            ensure!(json["arguments"].as_array().is_none_or(|a| a.len() <= 1), "arguments: {json}");
        }
    }
    let knocked = tokio::time::timeout(Duration::from_millis(300), listener.accept()).await;
    ensure!(knocked.is_err(), "the guest connected: {knocked:?}");
    let log = log_of(&city, "abuser").await?;
    for said in ["create-tcp-socket is refused", "create-udp-socket is refused", "resolve-addresses is refused"] {
        ensure!(log.contains(said), "the log does not say `{said}`: {log}");
    }
    ensure!(log.contains(&format!("outgoing HTTP to {target} is refused")), "{log}");
    Ok(())
}

#[tokio::test]
async fn an_unknown_import_refuses_the_installation_and_is_named() -> Result<()> {
    let city = city().await?;
    // `yunlong package` would refuse it; a hostile vendor packs with tools of their own.
    let component = std::fs::read(yunlong_tests::component("intruder")?)?;
    let manifest = include_str!("../hostile/intruder/manifest.toml");
    let mut package = yunlong_registry::Package::build(manifest, &component, &std::collections::BTreeMap::new())?;
    let key = yunlong_registry::KeyPair::from_pem(&std::fs::read_to_string(yunlong_tests::vendor_key()?)?)?;
    package.sign(&key)?;
    let said = match city.publish(package.to_tar()?).await {
        Ok(submission) => anyhow::bail!("it was taken in: {submission}"),
        Err(refused) => refused.to_string(),
    };
    ensure!(said.contains("422") && said.contains("city:secrets/vault"), "the import is not named: {said}");
    let console = city.signed_in("console", "city-admin").await?;
    ensure!(!console.get("/api/v1/installations").await?.text.contains("intruder"), "it left a trace");
    Ok(())
}

#[tokio::test]
async fn cookies_tokens_and_forwarding_headers_end_at_the_gateway() -> Result<()> {
    let city = city().await?;
    let token = city.token("citizen-001").await?;
    let client = city.client("abuser")?.with_token(token.clone());
    let a = client
        .request(reqwest::Method::GET, "/headers")
        .header("cookie", "session=secret-cookie; other=1")
        .header("x-forwarded-for", "203.0.113.7")
        .header("forwarded", "for=203.0.113.7")
        .header("x-real-ip", "203.0.113.7")
        .header("proxy-authorization", "Basic c2VjcmV0")
        .send()
        .await?
        .text()
        .await?;
    for secret in [&token[..], "secret-cookie", "203.0.113.7", "c2VjcmV0", "authorization"] {
        ensure!(!a.to_lowercase().contains(&secret.to_lowercase()), "the guest saw {secret}: {a}");
    }
    ensure!(!a.contains("citizen-001"), "the guest saw the account: {a}");
    Ok(())
}

#[tokio::test]
async fn response_headers_pass_by_allow_list() -> Result<()> {
    let city = city().await?;
    let a = city.client("abuser")?.get("/response-headers").await?;
    ensure!(a.status == 200);
    for name in
        ["set-cookie", "access-control-allow-origin", "strict-transport-security", "service-worker-allowed", "server"]
    {
        ensure!(a.header(name).is_empty(), "{name} passed: {}", a.header(name));
    }
    ensure!(
        a.header("content-security-policy").contains("default-src 'none'"),
        "{}",
        a.header("content-security-policy")
    );
    ensure!(a.header("x-request-id") != "forged");
    Ok(())
}

#[tokio::test]
async fn subjects_are_pairwise_and_attributes_need_consent() -> Result<()> {
    let city = city().await?;
    // The same app, installed twice: two installations, two subjects, two keys.
    let token = city.token("city-admin").await?;
    let abuser = city.publish_and_approve(yunlong_tests::package("abuser")?).await?;
    let out = city.cli(&["install", &abuser, "--org", "320303", "--name", "abuser-two", "--yes", "--token", &token])?;
    ensure!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    let person = city.token("citizen-001").await?;
    let ask = async |label: &str, token: &str| -> Result<Value> {
        city.client(label)?.with_token(token.to_owned()).get("/principal").await?.json()
    };
    let one = ask("abuser", &person).await?;
    let two = ask("abuser-two", &person).await?;
    ensure!(
        one["subject"].is_string() && one["subject"] == ask("abuser", &person).await?["subject"],
        "not stable: {one}"
    );
    ensure!(one["subject"] != two["subject"], "linkable: {one} {two}");
    ensure!(one["key"] != two["key"], "two installations share a key");
    ensure!(one["subject"] != ask("abuser", &city.token("citizen-002").await?).await?["subject"]);

    let client: Client = city.client("abuser")?.with_token(person);
    let a = client.get("/attributes").await?.json()?;
    ensure!(a["mobile"].as_str().unwrap_or("").contains("ConsentRequired"), "{a}");
    for undeclared in ["resident_id", "real_name"] {
        ensure!(a[undeclared].as_str().unwrap_or("").contains("NotGranted"), "{undeclared}: {a}");
    }
    Ok(())
}

#[tokio::test]
async fn another_installations_data_cannot_be_named() -> Result<()> {
    let city = city().await?;
    let found = city.client("abuser")?.get("/foreign").await?.json()?;
    for (what, got) in found.as_object().context("no object")? {
        let got = got.as_str().unwrap_or("");
        ensure!(got != "ok", "{what} worked: {found}");
    }
    let written = city.client("abuser")?.get("/write").await?.json()?;
    ensure!(written["put"] == "ok" && written["commit"] == "ok", "{written}");
    for refused in ["array", "large", "again"] {
        ensure!(written[refused] != "ok", "{refused}: {written}");
    }
    Ok(())
}

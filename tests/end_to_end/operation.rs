//! The operators' promises, with apps at work: backup under load, quotas, a full disk, failed
//! installations, metrics by installation, one id from the browser to the store.

use anyhow::{Context, Result, ensure};
use futures::StreamExt as _;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;
use yunlong_tests::{City, Client, Plan, binary, day, eventually, resident_id};

const APP: &str = "tourism-ticketing";

async fn buy(client: &Client, n: u32, date: &str) -> Result<String> {
    let visitor =
        json!({"name": "游客", "id_type": "resident-id", "id_number": resident_id(n), "phone": "19900000001"});
    let body = json!({"product": "yunlonghu-single", "date": date, "slot": "09:00", "visitors": [visitor]});
    let made = client.post("/api/orders", &body).await?;
    ensure!(made.status == 201, "createOrder: {} {}", made.status, made.text);
    let id = made.json()?["id"].as_str().context("no id")?.to_owned();
    let paid = client.post(&format!("/api/orders/{id}/pay"), &json!({})).await?;
    ensure!(paid.status == 202, "payOrder: {} {}", paid.status, paid.text);
    // Written out: the future of an async closure is not known to be `Send`, and this one is spawned.
    for _ in 0..1_200 {
        let order = client.get(&format!("/api/orders/{id}")).await?.json()?;
        if order["state"] == "issued" {
            return Ok(id);
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    anyhow::bail!("the order {id} was not issued within a minute")
}

async fn all_orders(client: &Client) -> Result<Vec<Value>> {
    let (mut out, mut after) = (Vec::new(), String::new());
    loop {
        let page = client.get(&format!("/api/orders?limit=100{after}")).await?.json()?;
        out.extend(page["orders"].as_array().context("no orders")?.iter().cloned());
        match page["next"].as_str() {
            Some(next) => after = format!("&after={next}"),
            None => return Ok(out),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_during_load_restores_to_a_city_that_is_sound_and_serves() -> Result<()> {
    let city = Plan::with(&[APP]).citizens(8).config(APP, "hold_minutes", "1").start().await?;
    let tokens = city.tokens((1..=8).map(|n| format!("citizen-{n:03}"))).await?;
    let (date, app) = (day(2), city.client(APP)?);
    let (stop, next) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU32::new(0)));
    let load: Vec<_> = tokens
        .iter()
        .map(|token| {
            let (client, date, stop, next) = (app.with_token(token.clone()), date.clone(), stop.clone(), next.clone());
            tokio::spawn(async move {
                let mut issued = Vec::new();
                while !stop.load(Ordering::Relaxed) {
                    issued.push(buy(&client, next.fetch_add(1, Ordering::Relaxed), &date).await?);
                }
                anyhow::Ok(issued)
            })
        })
        .collect();
    // What was issued before the copy began must be in it.
    let before = eventually("some are issued", Duration::from_secs(60), async || {
        let mut before = BTreeSet::new();
        for token in &tokens {
            let orders = all_orders(&app.with_token(token.clone())).await?.into_iter();
            let issued = orders.filter(|o| o["state"] == "issued");
            before.extend(issued.filter_map(|o| o["id"].as_str().map(str::to_owned)));
        }
        Ok((before.len() > 10).then_some(before))
    })
    .await?;
    let place = tempfile::tempdir()?;
    let copy = place.path().join("copy");
    let (data, to) = (city.data().to_owned(), copy.clone());
    let made = tokio::task::spawn_blocking(move || {
        std::process::Command::new(binary()?)
            .args(["backup", "--data"])
            .arg(data)
            .arg("--to")
            .arg(to)
            .output()
            .map_err(anyhow::Error::from)
    })
    .await??;
    ensure!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    tokio::time::sleep(Duration::from_secs(1)).await;
    stop.store(true, Ordering::Relaxed);
    for buyer in load {
        buyer.await??;
    }
    let restored = tempfile::tempdir()?;
    let put = std::process::Command::new(binary()?)
        .args(["restore", "--from"])
        .arg(&copy)
        .arg("--data")
        .arg(restored.path())
        .output()?;
    ensure!(put.status.success(), "{}", String::from_utf8_lossy(&put.stderr));
    // The secret is kept apart from the backup, as it should be.
    ensure!(!restored.path().join("secret.key").exists());
    std::fs::copy(city.data().join("secret.key"), restored.path().join("secret.key"))?;
    drop(city);

    let city = Plan::with(&[APP]).citizens(8).config(APP, "hold_minutes", "1").start_in(restored).await?;
    let app = city.client(APP)?;
    let mut orders = Vec::new();
    for n in 1..=8 {
        let client = city.signed_in(APP, &format!("citizen-{n:03}")).await?;
        let at_rest = eventually("orders come to rest", Duration::from_secs(150), async || {
            let all = all_orders(&client).await?;
            let done = all.iter().all(|o| ["issued", "expired", "refunded"].iter().any(|s| o["state"] == *s));
            Ok(done.then_some(all))
        });
        orders.extend(at_rest.await?);
    }
    let ids: BTreeSet<&str> =
        orders.iter().filter(|o| o["state"] == "issued").filter_map(|o| o["id"].as_str()).collect();
    for id in &before {
        ensure!(ids.contains(id.as_str()), "{id} was issued before the backup and is not in it");
    }
    let tickets = i64::try_from(ids.len())?;
    let slots = app.get(&format!("/api/attractions/yunlonghu/slots?date={date}")).await?.json()?;
    let slot = slots["slots"].as_array().and_then(|s| s.iter().find(|s| s["slot"] == "09:00")).context("no slot")?;
    ensure!(slot["remaining"] == 2_000 - tickets, "{} places are left beside {tickets} tickets", slot["remaining"]);
    let report = city.signed_in("console", "city-admin").await?.get("/api/v1/ledger").await?.json()?;
    let kept: i64 =
        orders.iter().map(|o| o["captured"].as_i64().unwrap_or(0) - o["refunded"].as_i64().unwrap_or(0)).sum();
    ensure!(report["sound"] == true && report["balances"]["clearing:sandbox"] == kept, "{kept}: {report}");
    // It goes on.
    buy(&city.signed_in(APP, "citizen-001").await?, 9_000, &date).await?;
    Ok(())
}

async fn write_entry(client: &Client) -> Result<u16> {
    let text = "满".repeat(500);
    Ok(client.post("/api/entries", &json!({"name": "访客", "text": text})).await?.status)
}

#[tokio::test]
async fn a_full_disk_leaves_reading_and_the_apps_whole() -> Result<()> {
    let mut city = Plan::with(&["guestbook"]).start().await?;
    let token = city.token("citizen-001").await?;
    let guests = city.client("guestbook")?.with_token(token.clone());
    ensure!(write_entry(&guests).await? == 201);
    city.restart_with(&["-o", "store.reserve_mib=1073741824"]).await?;
    ensure!(guests.page("/", "zh").await?.text.contains("满满"), "what is there cannot be read");
    let status = write_entry(&guests).await?;
    ensure!(status == 503, "a full disk: {status}");
    let ready = city.admin("/readyz").await?;
    ensure!(ready.status == 200 && ready.text.contains("the disk is full"), "{} {}", ready.status, ready.text);
    city.restart_with(&[]).await?;
    ensure!(write_entry(&guests).await? == 201, "writing did not come back");
    Ok(())
}

#[tokio::test]
async fn an_installation_is_held_to_its_quota_and_the_console_shows_it() -> Result<()> {
    let city = Plan::with(&["guestbook", "hello"])
        .citizens(60)
        .args(&["-o", "quota.installations.guestbook=1"])
        .start()
        .await?;
    let tokens = city.tokens((1..=60).map(|n| format!("citizen-{n:03}"))).await?;
    let guests = city.client("guestbook")?;
    let full = AtomicBool::new(false);
    futures::stream::iter(&tokens)
        .for_each_concurrent(8, |token| {
            let (client, full) = (guests.with_token(token.clone()), &full);
            async move {
                for _ in 0..40 {
                    if full.load(Ordering::Relaxed) {
                        return;
                    }
                    match write_entry(&client).await {
                        Ok(201) => {}
                        // As many as one person may leave.
                        Ok(409) => return,
                        _ => full.store(true, Ordering::Relaxed),
                    }
                }
            }
        })
        .await;
    ensure!(full.load(Ordering::Relaxed), "a megabyte was never full");
    ensure!(guests.page("/", "zh").await?.status == 200, "reading ended too");
    let console = city.signed_in("console", "city-admin").await?;
    let shown = console.get("/api/v1/installations/guestbook").await?.json()?;
    let (used, quota) =
        (shown["used_bytes"].as_i64().context("used")?, shown["quota_bytes"].as_i64().context("quota")?);
    ensure!(quota == 1 << 20 && used > quota / 2 && used <= quota + 65_536, "{used} of {quota}");
    let page = console.page("/apps/guestbook", "zh").await?.text;
    ensure!(page.contains("MiB / 1.0 MiB") && page.contains("即将用满"), "the page does not say it");
    let log = console.get("/api/v1/installations/guestbook/log?lines=50").await?.text;
    ensure!(log.contains("delete what is no longer needed"), "the app's log does not say what to do: {log}");
    let metrics = city.admin("/metrics").await?.text;
    ensure!(metrics.contains("yunlong_quota_bytes{installation=\"guestbook\"} 1048576"), "{metrics}");
    Ok(())
}

#[tokio::test]
async fn a_failed_installation_degrades_the_readiness_and_is_named() -> Result<()> {
    let mut city = Plan::with(&["guestbook", "hello"]).start().await?;
    ensure!(city.admin("/readyz").await?.text == "ready\n");
    city.kill();
    let blobs = yunlong_tests::files(&city.data().join("registry/blobs"))?;
    let named = b"name = \"guestbook\"";
    let mut cut = 0;
    for path in blobs {
        let bytes = std::fs::read(&path)?;
        // Its app.toml.
        if bytes.windows(named.len()).any(|w| w == named) {
            std::fs::write(&path, &bytes[..bytes.len() / 2])?;
            cut += 1;
        }
    }
    ensure!(cut > 0, "no blob of the guestbook was found");
    city.restart_with(&[]).await?;
    let ready = city.admin("/readyz").await?;
    ensure!(
        ready.status == 200 && ready.text.contains("the installation guestbook has failed"),
        "{} {}",
        ready.status,
        ready.text
    );
    ensure!(city.client("hello")?.page("/", "zh").await?.status == 200, "the others are affected");
    let metrics = city.admin("/metrics").await?.text;
    ensure!(metrics.contains("yunlong_installation_up{installation=\"guestbook\"} 0"), "{metrics}");
    Ok(())
}

/// Lines of the JSON log that carry an id: in themselves, or in the spans that they stand in.
fn with_id(city: &City, id: &str) -> Vec<Value> {
    let lines = city.log();
    let lines = lines.iter().filter(|l| l.contains(id)).filter_map(|l| serde_json::from_str(l).ok());
    lines.collect()
}

#[tokio::test]
async fn one_id_leads_from_the_browser_to_the_store() -> Result<()> {
    let filter = "info,yunlong::access=info,yunlong_runtime::interceptor=trace,yunlong_store=debug";
    let city = Plan::with(&["guestbook"]).args(&["--log-format", "json", "--log", filter]).start().await?;
    let guests = city.signed_in("guestbook", "citizen-001").await?;
    let made = guests.post("/api/entries", &json!({"name": "访客", "text": "你好"})).await?;
    ensure!(made.status == 201, "{} {}", made.status, made.text);
    let id = made.header("x-request-id").to_owned();
    let lines = eventually("the log has the request", Duration::from_secs(30), async || {
        let lines = with_id(&city, &id);
        Ok(lines.iter().any(|l| l["target"] == "yunlong::access").then_some(lines))
    })
    .await?;
    let find = |what: &str, is: &dyn Fn(&Value) -> bool| {
        lines.iter().find(|l| is(l)).cloned().with_context(|| format!("no line of {what} among {lines:#?}"))
    };
    let access = find("the gateway", &|l| l["target"] == "yunlong::access")?;
    ensure!(
        access["request_id"] == id.as_str() && access["status"] == 201 && access["site"] == "guestbook",
        "{access}"
    );
    find("a host call", &|l| l["message"] == "host call" && l["interface"] == "city:data/collections")?;
    let commit = find("the commit", &|l| l["message"] == "committed")?;
    ensure!(commit["seq"].as_u64().is_some_and(|s| s > 0), "{commit}");
    let spans: Vec<&str> =
        commit["spans"].as_array().context("no spans")?.iter().filter_map(|s| s["name"].as_str()).collect();
    ensure!(spans == ["request", "invocation"], "{spans:?}");
    ensure!(
        commit["spans"][1]["request_id"] == id.as_str() && commit["spans"][1]["installation"] == "guestbook",
        "{commit}"
    );
    Ok(())
}

#[tokio::test]
async fn every_installation_has_its_figures_and_nothing_that_strangers_invent() -> Result<()> {
    let city = Plan::with(&["guestbook", "hello"]).start().await?;
    let guests = city.signed_in("guestbook", "citizen-001").await?;
    ensure!(write_entry(&guests).await? == 201 && guests.page("/", "zh").await?.status == 200);
    // A hundred names that nobody installed, and paths that nobody made.
    for n in 0..100 {
        let request = city.client("")?.request(reqwest::Method::GET, &format!("/invented-{n}"));
        request.header("host", format!("invented-{n}.localhost:{}", city.port())).send().await?;
    }
    let metrics = city.admin("/metrics").await?.text;
    for (name, labels) in [
        ("yunlong_http_requests_total", &["site=\"guestbook\"", "status=\"2xx\""][..]),
        ("yunlong_http_request_seconds_bucket", &["site=\"guestbook\"", "le="]),
        ("yunlong_invocations_total", &["installation=\"guestbook\"", "kind=\"request\"", "outcome=\"ok\""]),
        ("yunlong_host_calls_total", &["installation=\"guestbook\"", "interface=\"city:data/collections\""]),
        ("yunlong_guest_memory_peak_bytes", &["installation=\"guestbook\""]),
        ("yunlong_stored_bytes", &["space=\"guestbook\""]),
        ("yunlong_quota_bytes", &["installation=\"hello\""]),
        ("yunlong_installation_up", &["installation=\"hello\""]),
    ] {
        let line =
            metrics.lines().find(|l| l.starts_with(&format!("{name}{{")) && labels.iter().all(|s| l.contains(s)));
        let value = line.and_then(|l| l.rsplit(' ').next()).and_then(|v| v.parse::<f64>().ok());
        ensure!(value.is_some_and(|v| v > 0.0 || name.ends_with("bucket")), "{name} {labels:?} is missing: {metrics}");
    }
    ensure!(!metrics.contains("invented"), "strangers make series: {metrics}");
    Ok(())
}

//! The ticketing app among others: what other departments' apps hear of it, and days that are larger
//! than one page.

use crate::ticketing::{APP, buy, order, until, visitor};
use anyhow::{Context, Result, ensure};
use reqwest::Method;
use serde_json::{Value, json};
use std::time::Duration;
use yunlong_tests::{Client, Plan, day, eventually};

/// Another department's app, in `tests/guests`.
const LISTENER: &str = "listener";

async fn heard(listener: &Client, topic: &str, n: usize) -> Result<Vec<Value>> {
    eventually(&format!("{n} × {topic}"), Duration::from_secs(30), async || {
        let all = listener.get("/").await?.json()?["heard"].as_array().context("nothing")?.clone();
        let of: Vec<Value> = all.into_iter().filter(|h| h["topic"] == topic).collect();
        Ok((of.len() >= n).then_some(of))
    })
    .await
}

/// A museum that takes so many people at any time of the day, on every day.
async fn museum(manager: &Client, cap: u32) -> Result<()> {
    let whole = manager.get("/api/manage/catalogue").await?.json()?;
    let all = whole["attractions"].as_array().context("no attractions")?;
    let mut museum = all.iter().find(|a| a["id"] == "museum").context("no museum")?.clone();
    let named = whole["operators"].as_array().and_then(|o| o.iter().find(|o| o["attraction"] == "museum"));
    museum["operator_name"] = named.context("no operator")?["name"].clone();
    museum["sessions"] = json!([{"start": "09:00", "end": "21:00", "cap": cap}]);
    (museum["closed_weekdays"], museum["daily_cap"]) = (json!([]), json!(cap));
    let put = manager.send(Method::PUT, "/api/manage/attractions/museum", Some(&museum)).await?;
    ensure!(put.status == 200, "{} {}", put.status, put.text);
    Ok(())
}

async fn book(citizen: &Client, from: u32, until: u32) -> Result<()> {
    let mut booked = from;
    while booked < until {
        let n = 30.min(until - booked);
        let who: Vec<Value> = (booked..booked + n).map(visitor).collect();
        let made = citizen.post("/api/orders", &order("museum-single", &day(1), "09:00", &who)).await?;
        ensure!(made.status == 201, "{booked}: {} {}", made.status, made.text);
        booked += n;
    }
    Ok(())
}

/// Acceptance line 9: the message, as another department's app receives it.
#[tokio::test(flavor = "multi_thread")]
async fn another_departments_app_hears_of_a_red_alert_and_of_nobody() -> Result<()> {
    let city = Plan::with(&[APP, LISTENER]).citizens(5).config(APP, "max_visitors", "30").start_copied().await?;
    let citizen = city.signed_in(APP, "citizen-001").await?;
    let manager = city.signed_in(APP, "tourism-admin").await?;
    let listener = city.client(LISTENER)?;
    museum(&manager, 1_000).await?;
    book(&citizen, 0, 949).await?;
    let before = heard(&listener, "capacity.alert", 2).await?;
    ensure!(before.iter().all(|h| h["data"]["level"] != "red"), "{before:?} at 949");
    book(&citizen, 949, 950).await?;
    let alerts = heard(&listener, "capacity.alert", 3).await?;
    let red = alerts.iter().find(|h| h["data"]["level"] == "red").with_context(|| format!("{alerts:?}"))?;
    ensure!(red["source"] == "/installations/tourism-ticketing", "{red}");
    let name = &red["data"]["name"]["zh"];
    ensure!(name.as_str().is_some_and(|n| n.contains("博物馆")), "{red}");
    let want = json!({"attraction": "museum", "name": red["data"]["name"], "date": day(1), "level": "red",
        "taken": 950, "cap": 1_000, "percent": 95});
    ensure!(red["data"] == want, "{red}");
    // A sale and its refund are told without whose they are.
    let bought = buy(&citizen, &order("guishan-single", &day(1), "09:00", &[visitor(5_000)])).await?;
    let id = bought["id"].as_str().context("no id")?;
    ensure!(citizen.post(&format!("/api/orders/{id}/refund"), &json!({})).await?.status == 202);
    until(&citizen, id, &["refunded"]).await?;
    let refunded = heard(&listener, "order.refunded", 1).await?;
    let issued = heard(&listener, "order.issued", 1).await?;
    let same = issued.iter().filter(|h| h["data"]["reference"] == refunded[0]["data"]["reference"]).count();
    ensure!(same == 1 && refunded[0]["data"]["amount"] == 6_000, "{refunded:?}");
    let all = listener.get("/").await?.text;
    let number = visitor(5_000)["id_number"].as_str().context("no number")?.to_owned();
    for private in [id, "张三", "19900000001", number.as_str()] {
        ensure!(!all.contains(private), "{private} left the department");
    }
    Ok(())
}

/// In the sandbox, with its bounds on memory, time and calls.
#[tokio::test(flavor = "multi_thread")]
async fn a_statement_of_more_than_eight_thousand_tickets_is_whole() -> Result<()> {
    let city = Plan::with(&[APP]).citizens(5).config(APP, "max_visitors", "30").start_copied().await?;
    let citizen = city.signed_in(APP, "citizen-001").await?;
    let manager = city.signed_in(APP, "tourism-admin").await?;
    museum(&manager, 10_000).await?;
    book(&citizen, 0, 8_040).await?;
    let s = manager.get(&format!("/api/statement?from={}&attraction=museum", day(1))).await?;
    ensure!(s.status == 200, "{} {}", s.status, s.text);
    ensure!(s.json()?["lines"][0]["tickets"] == 8_040, "{}", s.text);
    let file = |format: &str, n: u32| format!("/sales/statement/file?format={format}&file={n}&from={}", day(1));
    for (n, rows) in [(1, 8_000), (2, 40)] {
        let csv = manager.get(&file("tickets", n)).await?;
        ensure!(csv.status == 200 && csv.text.lines().count() == rows + 1, "file {n}: {}", csv.status);
        let xlsx = manager.request(Method::GET, &file("xlsx", n)).send().await?;
        ensure!(xlsx.status() == 200 && xlsx.bytes().await?.starts_with(b"PK"), "file {n} is no workbook");
    }
    ensure!(manager.get(&file("tickets", 3)).await?.status == 404);
    Ok(())
}

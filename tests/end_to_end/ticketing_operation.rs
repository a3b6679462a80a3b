//! The ticketing app in operation: acceptance lines 5, 6, 8, 9 and 10 of its domain, and what a
//! department does day by day.

use crate::ticketing::{APP, buy, city, ledger_is_sound, order, remaining, until, visitor};
use anyhow::{Context, Result, ensure};
use reqwest::Method;
use serde_json::{Value, json};
use std::time::Duration;
use yunlong_tests::{City, Client, Plan, day, eventually};

fn visitors(from: u32, n: u32) -> Vec<Value> {
    (from..from + n).map(visitor).collect()
}

async fn put(client: &Client, path: &str, body: &Value) -> Result<Value> {
    let a = client.send(Method::PUT, path, Some(body)).await?;
    ensure!(a.status == 200, "{path}: {} {}", a.status, a.text);
    a.json()
}

async fn code(client: &Client, order: &Value, ticket: usize) -> Result<String> {
    let id = order["id"].as_str().context("no id")?;
    let shown = client.get(&format!("/api/orders/{id}/tickets/{ticket}/code")).await?.json()?;
    Ok(shown["code"].as_str().with_context(|| format!("no code: {shown}"))?.to_owned())
}

fn millis() -> i64 {
    std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .map_or(0, |d| i64::try_from(d.as_millis()).unwrap_or(0))
}

async fn judged(gate: &Client, number: &str) -> Result<Value> {
    eventually(&format!("batch {number} is judged"), Duration::from_secs(60), async || {
        let batch = gate.get(&format!("/api/gates/batches/{number}")).await?.json()?;
        Ok((batch["state"] == "reconciled" || batch["state"] == "conflict").then_some(batch))
    })
    .await
}

/// Acceptance line 5, with a gate whose clock is three hours slow, a batch that is uploaded twice
/// and cut in the middle, and a crash before it is judged.
#[tokio::test(flavor = "multi_thread")]
async fn thirty_scans_of_a_gate_without_a_network_settle_once() -> Result<()> {
    let mut city = city(5).await?;
    let citizen = city.signed_in(APP, "citizen-001").await?;
    let date = day(1);
    let mut codes = Vec::new();
    for n in 0..6 {
        let order = buy(&citizen, &order("guishan-single", &date, "09:00", &visitors(n * 5, 5))).await?;
        for ticket in 0..5 {
            codes.push(code(&citizen, &order, ticket).await?);
        }
    }
    let gate = city.signed_in(APP, "tourism-gate").await?;
    let slow = millis() - 3 * 3_600_000;
    let batch = |number: &str, gate: &str, codes: &[String]| {
        let scans: Vec<Value> =
            codes.iter().zip(0_i64..).map(|(c, n)| json!({"code": c, "at": slow + n * 40})).collect();
        json!({"number": number, "attraction": "guishan", "gate": gate, "scans": scans})
    };
    let east = batch("east-0001", "东门", &codes);
    ensure!(citizen.post("/api/gates/batches", &east).await?.status == 403, "a citizen uploads");
    let half: String = east.to_string().chars().take(600).collect();
    let cut = gate.request(Method::POST, "/api/gates/batches").header("content-type", "application/json").body(half);
    ensure!(cut.send().await?.status() == 400);
    ensure!(gate.get("/api/gates/batches/east-0001").await?.status == 404, "half a batch was kept");
    for _ in 0..2 {
        let kept = gate.post("/api/gates/batches", &east).await?;
        ensure!(kept.status == 202, "{} {}", kept.status, kept.text);
    }
    city.restart().await?;
    let (gate, manager) = (city.signed_in(APP, "tourism-gate").await?, city.signed_in(APP, "tourism-admin").await?);
    let first = judged(&gate, "east-0001").await?;
    ensure!(first["state"] == "reconciled" && first["admitted"] == 30, "{first}");
    let off = first["clock_off_seconds"].as_i64().context("no clock")?;
    ensure!((-10_900..=-10_700).contains(&off), "the clock is off by {off} s");
    let other = batch("east-0001", "东门", &codes[..3]);
    ensure!(gate.post("/api/gates/batches", &other).await?.problem(422)?["type"] == "urn:yunlong:problem:batch-reused");
    // One of the thirty was let in at the west gate, too.
    ensure!(gate.post("/api/gates/batches", &batch("west-0001", "西门", &codes[4..5])).await?.status == 202);
    let second = judged(&gate, "west-0001").await?;
    ensure!(second["state"] == "conflict" && second["admitted"] == 0, "{second}");
    ensure!(
        second["conflicts"][0]["verdict"] == "already-used" && second["conflicts"][0]["first_gate"] == "东门",
        "{second}"
    );
    // One settlement.
    let s = manager.get(&format!("/api/statement?from={date}&attraction=guishan")).await?.json()?;
    ensure!(
        s["kept"] == 180_000 && s["lines"].as_array().map(Vec::len) == Some(1) && s["lines"][0]["admitted"] == 30,
        "{s}"
    );
    let sales = manager.get(&format!("/api/sales?date={date}")).await?.json()?;
    ensure!(sales["attractions"][0]["admitted"] == 30, "{sales}");
    let page = manager.page("/sales/batches", "zh").await?;
    ensure!(page.status == 200 && page.text.contains("已在别处入园"), "the conflict is not shown");
    ensure!(ledger_is_sound(&city).await?["balances"]["clearing:sandbox"] == 180_000);
    files(&manager, &date).await
}

/// The statement as files.
async fn files(manager: &Client, date: &str) -> Result<()> {
    let file = |format: &str| format!("/sales/statement/file?format={format}&from={date}&until={date}");
    let csv = manager.get(&file("csv")).await?;
    ensure!(csv.status == 200 && csv.text.contains("1800.00"), "{} {}", csv.status, csv.text);
    ensure!(csv.header("content-disposition").contains(".csv"), "{}", csv.header("content-disposition"));
    let tickets = manager.get(&file("tickets")).await?;
    ensure!(tickets.text.lines().count() == 31, "{}", tickets.text);
    let xlsx = manager.request(Method::GET, &file("xlsx")).send().await?.bytes().await?;
    ensure!(xlsx.starts_with(b"PK") && xlsx.len() > 2_000, "{} bytes are no workbook", xlsx.len());
    Ok(())
}

/// Acceptance line 6.
#[tokio::test(flavor = "multi_thread")]
async fn a_storm_returns_the_unused_part_of_a_joint_ticket_once() -> Result<()> {
    let city = city(5).await?;
    let citizen = city.signed_in(APP, "citizen-001").await?;
    let (gate, manager) = (city.signed_in(APP, "tourism-gate").await?, city.signed_in(APP, "tourism-admin").await?);
    let date = day(1);
    let bought = buy(&citizen, &order("lianghan-joint", &date, "09:00", &[visitor(1)])).await?;
    let id = bought["id"].as_str().context("no id")?;
    let scan = json!({"code": code(&citizen, &bought, 0).await?, "attraction": "guishan", "gate": "东门"});
    ensure!(gate.post("/api/admissions", &scan).await?.status == 200);
    let path = format!("/api/manage/attractions/bingmayong/days/{date}");
    let storm = json!({"open": false, "reason": {"zh": "暴雨", "en": "Storm"}, "refund_sold": true});
    for _ in 0..2 {
        put(&manager, &path, &storm).await?;
        let back = until(&citizen, id, &["part-refunded"]).await?;
        ensure!(back["refunded"] == 7_314 && back["refunds"].as_array().map(Vec::len) == Some(1), "{back}");
    }
    let report = ledger_is_sound(&city).await?;
    ensure!(report["balances"]["clearing:sandbox"] == 5_486, "{report}");
    let s = manager.get(&format!("/api/statement?from={date}")).await?.json()?;
    ensure!(s["paid"] == 12_800 && s["returned"] == 7_314 && s["kept"] == 5_486, "{s}");
    let inbox = city.signed_in("", "citizen-001").await?.page("/inbox", "zh").await?;
    ensure!(inbox.text.contains("暴雨"), "the citizen was not told why");
    Ok(())
}

/// Acceptance line 8.
#[tokio::test(flavor = "multi_thread")]
async fn the_museum_is_closed_on_mondays_and_a_sold_day_that_closes_refunds_its_tickets() -> Result<()> {
    let city = city(5).await?;
    let citizen = city.signed_in(APP, "citizen-001").await?;
    let manager = city.signed_in(APP, "tourism-admin").await?;
    let (mut closed, mut open) = (Vec::new(), Vec::new());
    for n in 1..=14 {
        let slots = citizen.get(&format!("/api/attractions/museum/slots?date={}", day(n))).await?.json()?;
        if slots["closed"] == true { closed.push(day(n)) } else { open.push(day(n)) }
    }
    ensure!(closed.len() == 2, "two Mondays in a fortnight: {closed:?}");
    let refused = citizen.post("/api/orders", &order("museum-single", &closed[0], "09:00", &[visitor(1)])).await?;
    ensure!(refused.problem(409)?["type"] == "urn:yunlong:problem:closed", "{}", refused.text);
    let free = citizen.post("/api/orders", &order("museum-single", &open[0], "09:00", &[visitor(1)])).await?.json()?;
    let paid = buy(&citizen, &order("guishan-single", &open[0], "09:00", &visitors(2, 3))).await?;
    for (attraction, order) in [("museum", &free), ("guishan", &paid)] {
        let path = format!("/api/manage/attractions/{attraction}/days/{}", open[0]);
        let asked = manager.send(Method::PUT, &path, Some(&json!({"open": false}))).await?.problem(409)?;
        ensure!(asked["type"] == "urn:yunlong:problem:tickets-sold", "{asked}");
        put(&manager, &path, &json!({"open": false, "refund_sold": true})).await?;
        let back = until(&citizen, order["id"].as_str().context("no id")?, &["refunded"]).await?;
        ensure!(back["refunded"] == back["captured"], "{back}");
    }
    let report = ledger_is_sound(&city).await?;
    ensure!(report["balances"].as_object().is_some_and(|b| b.values().all(|v| v == 0)), "{report}");
    let closures = manager.get("/api/manage/closures").await?.json()?;
    ensure!(closures["closures"].as_array().is_some_and(|c| c.iter().all(|c| c["done"] == true)), "{closures}");
    Ok(())
}

/// Acceptance line 9.
#[tokio::test(flavor = "multi_thread")]
async fn nine_hundred_and_fifty_of_a_thousand_give_a_red_alert() -> Result<()> {
    let city = Plan::with(&[APP]).citizens(5).config(APP, "max_visitors", "30").start_copied().await?;
    let citizen = city.signed_in(APP, "citizen-001").await?;
    let manager = city.signed_in(APP, "tourism-admin").await?;
    // The museum takes 1,000 people a day and no money.
    let mut date = String::new();
    for n in 1..=2 {
        let slots = citizen.get(&format!("/api/attractions/museum/slots?date={}", day(n))).await?.json()?;
        if slots["closed"] == false {
            date = day(n);
        }
    }
    let alerts = async || -> Result<Vec<(String, i64)>> {
        let all = manager.get(&format!("/api/manage/alerts?date={date}")).await?.json()?;
        let all = all["alerts"].as_array().context("no alerts")?;
        Ok(all.iter().filter_map(|a| Some((a["level"].as_str()?.to_owned(), a["taken"].as_i64()?))).collect())
    };
    let (mut booked, mut slots) = (0_u32, ["09:00", "11:00", "13:00", "15:00"].iter().cycle());
    while booked < 949 {
        let n = 30.min(949 - booked);
        let slot = slots.next().context("no slot")?;
        let a = citizen.post("/api/orders", &order("museum-single", &date, slot, &visitors(booked, n))).await?;
        ensure!(a.status == 201, "{booked}: {} {}", a.status, a.text);
        booked += n;
    }
    let levels: Vec<String> = alerts().await?.into_iter().map(|a| a.0).collect();
    ensure!(levels.len() == 2 && !levels.contains(&"red".to_owned()), "{levels:?} at 949");
    ensure!(!manager.page(&format!("/sales?date={date}"), "zh").await?.text.contains("红色预警"));
    let last = citizen.post("/api/orders", &order("museum-single", &date, "15:00", &[visitor(5_000)])).await?;
    ensure!(last.status == 201, "{} {}", last.status, last.text);
    ensure!(alerts().await?.contains(&("red".to_owned(), 950)), "{:?}", alerts().await?);
    let page = manager.page(&format!("/sales?date={date}"), "zh").await?;
    ensure!(page.text.contains("红色预警") && page.text.contains("950 / 1000"), "no red alert on the page");
    Ok(())
}

/// Acceptance line 10.
#[tokio::test(flavor = "multi_thread")]
async fn the_forty_sixth_passenger_is_refused_and_keeps_no_ticket() -> Result<()> {
    let city = city(5).await?;
    let citizen = city.signed_in(APP, "citizen-001").await?;
    let date = day(1);
    let package = |who: &[Value]| {
        json!({"product": "lianghan-day", "date": date, "visitors": who, "components": [
            {"attraction": "dongzhan-line", "slot": "08:00"}, {"attraction": "guishan", "slot": "09:00"},
            {"attraction": "bingmayong", "slot": "13:00"}]})
    };
    for n in 0..9 {
        let a = citizen.post("/api/orders", &package(&visitors(n * 5, 5))).await?;
        ensure!(a.status == 201, "{n}: {} {}", a.status, a.text);
    }
    let left = async || -> Result<(i64, i64, i64)> {
        Ok((
            remaining(&citizen, "dongzhan-line", &date, "08:00").await?,
            remaining(&citizen, "guishan", &date, "09:00").await?,
            remaining(&citizen, "bingmayong", &date, "13:00").await?,
        ))
    };
    ensure!(left().await? == (0, 55, 155), "{:?}", left().await?);
    let refused = citizen.post("/api/orders", &package(&[visitor(100)])).await?.problem(409)?;
    ensure!(refused["component"]["attraction"] == "dongzhan-line", "{refused}");
    ensure!(left().await? == (0, 55, 155), "the refused passenger keeps a ticket");
    // The same person goes by the next coach.
    let mut next = package(&[visitor(100)]);
    next["components"][0]["slot"] = json!("10:00");
    let bought = buy(&citizen, &next).await?;
    let lines: i64 = bought["lines"].as_array().context("no lines")?.iter().filter_map(|l| l["amount"].as_i64()).sum();
    ensure!(lines == 14_400 && bought["lines"].as_array().map(Vec::len) == Some(3), "{bought}");
    Ok(())
}

#[tokio::test]
async fn a_visitor_without_a_phone_enters_by_the_document() -> Result<()> {
    let city: City = city(5).await?;
    let citizen = city.signed_in(APP, "citizen-001").await?;
    let gate = city.signed_in(APP, "tourism-gate").await?;
    let mut who = visitor(1);
    who["phone"] = json!("");
    let bought = buy(&citizen, &order("guishan-single", &day(1), "09:00", &[who.clone()])).await?;
    let scan = |id: &Value| json!({"document": {"id_type": "resident-id", "id_number": id}, "attraction": "guishan", "gate": "东门"});
    let stranger = gate.post("/api/admissions", &scan(&visitor(2)["id_number"])).await?.problem(409)?;
    ensure!(stranger["type"] == "urn:yunlong:problem:no-ticket", "{stranger}");
    let entered = gate.post("/api/admissions", &scan(&who["id_number"])).await?;
    ensure!(entered.status == 200 && entered.json()?["order"] == bought["id"], "{} {}", entered.status, entered.text);
    let again = gate.post("/api/admissions", &scan(&who["id_number"])).await?.problem(409)?;
    ensure!(again["type"] == "urn:yunlong:problem:already-used", "{again}");
    Ok(())
}

#[tokio::test]
async fn a_manager_neither_pays_nor_shows_a_buyers_ticket() -> Result<()> {
    let city = city(5).await?;
    let citizen = city.signed_in(APP, "citizen-001").await?;
    let manager = city.signed_in(APP, "tourism-admin").await?;
    let made = citizen.post("/api/orders", &order("guishan-single", &day(1), "09:00", &[visitor(1)])).await?.json()?;
    let path = format!("/api/orders/{}", made["id"].as_str().context("no id")?);
    ensure!(manager.get(&path).await?.status == 200);
    for step in ["pay", "cancel"] {
        ensure!(manager.post(&format!("{path}/{step}"), &json!({})).await?.status == 404, "{step}");
    }
    ensure!(manager.get(&format!("{path}/tickets/0/code")).await?.status == 404);
    Ok(())
}

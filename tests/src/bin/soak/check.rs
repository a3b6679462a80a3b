//! The checker: waits until nothing is under way, reads everything back through the APIs, and compares
//! it with what was acknowledged and with itself.

use crate::APP;
use crate::book::{Book, Known};
use anyhow::{Context, Result, bail, ensure};
use futures::{StreamExt as _, TryStreamExt as _};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use yunlong_tests::{City, Client, eventually};

/// A hold lasts a minute, a lost result is looked up after one.
const PATIENCE: Duration = Duration::from_secs(240);
/// States in which nothing happens any more by itself.
const AT_REST: &[&str] = &["issued", "part-used", "used", "expired", "refunded", "part-refunded", "cancelled"];
/// States in which a place is taken.
const LIVE: &[&str] = &["held", "paid", "issued", "part-used", "used", "part-refunded"];

pub(crate) async fn everything(city: &City, book: &Book, tokens: &[String]) -> Result<()> {
    let breaches = book.breaches();
    ensure!(breaches.is_empty(), "clients saw: {}", breaches.join("; "));
    let app = city.client(APP)?;
    let mut orders = BTreeMap::new();
    eventually("every order comes to rest", PATIENCE, async || {
        orders = all_orders(&app, tokens).await?;
        let moving = orders.values().filter(|o| !AT_REST.contains(&state(o))).count();
        if moving > 0 {
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        Ok((moving == 0).then_some(()))
    })
    .await
    .with_context(|| {
        let moving: Vec<String> =
            orders.values().filter(|o| !AT_REST.contains(&state(o))).map(Value::to_string).collect();
        format!("stuck: {}", moving.join("\n"))
    })?;
    for (id, known) in book.orders() {
        kept(&id, known, orders.get(&id))?;
    }
    orders.values().try_for_each(money)?;
    one_ticket_each(&orders)?;
    caps(&app, &orders).await?;
    ledger(city, &orders).await?;
    intents(city, tokens).await?;
    guest_book(city, book).await?;
    health(city).await
}

fn state(order: &Value) -> &str {
    order["state"].as_str().unwrap_or_default()
}

fn fen(order: &Value, field: &str) -> i64 {
    order[field].as_i64().unwrap_or(0)
}

async fn all_orders(app: &Client, tokens: &[String]) -> Result<BTreeMap<String, Value>> {
    let pages = futures::stream::iter(tokens)
        .map(|token| {
            let client = app.with_token(token.clone());
            async move {
                let (mut out, mut after) = (Vec::new(), String::new());
                loop {
                    let page = client.get(&format!("/api/orders?limit=100{after}")).await?.json()?;
                    out.extend(page["orders"].as_array().context("no orders")?.iter().cloned());
                    match page["next"].as_str() {
                        Some(next) => after = format!("&after={next}"),
                        None => return anyhow::Ok(out),
                    }
                }
            }
        })
        .buffer_unordered(8)
        .try_collect::<Vec<_>>()
        .await?;
    let mut all = BTreeMap::new();
    for order in pages.into_iter().flatten() {
        let id = order["id"].as_str().context("an order without an id")?.to_owned();
        ensure!(all.insert(id.clone(), order).is_none(), "two people have the order {id}");
    }
    Ok(all)
}

/// Nothing that was acknowledged is lost or undone.
fn kept(id: &str, known: Known, order: Option<&Value>) -> Result<()> {
    let order = order.with_context(|| format!("the acknowledged order {id} of citizen {} is lost", known.owner + 1))?;
    let now = state(order);
    if known.issued && !known.refund_asked {
        ensure!(
            matches!(now, "issued" | "part-used" | "used"),
            "{id} was issued, nobody gave it back, and it is {now}"
        );
    }
    if known.refund_accepted {
        ensure!(now == "refunded", "the refund of {id} was accepted, and it is {now}");
    }
    ensure!(known.admitted <= 1, "{id} was admitted {} times", known.admitted);
    if known.admitted == 1 {
        ensure!(matches!(now, "used" | "part-used"), "{id} was admitted, and it is {now}");
    }
    Ok(())
}

/// Money and state say the same.
fn money(order: &Value) -> Result<()> {
    let (amount, captured, refunded) = (fen(order, "amount"), fen(order, "captured"), fen(order, "refunded"));
    let kept = captured - refunded;
    let due = match state(order) {
        "issued" | "part-used" | "used" => amount,
        "expired" | "refunded" | "cancelled" => 0,
        _ => return Ok(()),
    };
    ensure!(kept == due && refunded <= captured, "{due} fen are due: {order}");
    let lines: i64 = order["lines"].as_array().into_iter().flatten().map(|l| fen(l, "amount")).sum();
    ensure!(lines == amount, "the lines sum to {lines}: {order}");
    Ok(())
}

/// The masked number tells people of one birthday apart badly; together with the slot's count it is
/// the order's own number that must be unique, and each order has one visitor here.
fn one_ticket_each(orders: &BTreeMap<String, Value>) -> Result<()> {
    let mut seen = BTreeSet::new();
    for (id, order) in orders {
        for visitor in order["visitors"].as_array().into_iter().flatten() {
            let ticket = visitor["ticket"].as_u64().context("no ticket")?;
            ensure!(seen.insert((id.clone(), ticket)), "the ticket {ticket} of {id} is there twice");
        }
        ensure!(
            order["visitors"].as_array().is_some_and(|v| v.len() == 1),
            "{id} has other visitors than were asked for"
        );
    }
    Ok(())
}

/// What is left and what is taken sum to the cap, of the slot and of the day.
async fn caps(app: &Client, orders: &BTreeMap<String, Value>) -> Result<()> {
    let mut taken: BTreeMap<(String, String), BTreeMap<String, i64>> = BTreeMap::new();
    for order in orders.values().filter(|o| LIVE.contains(&state(o))) {
        let people = order["visitors"].as_array().map_or(0, Vec::len);
        for c in order["components"].as_array().into_iter().flatten() {
            let text = |field: &str| c[field].as_str().unwrap_or_default().to_owned();
            let day = taken.entry((text("attraction"), text("date"))).or_default();
            *day.entry(text("slot")).or_default() += i64::try_from(people)?;
        }
    }
    let catalogue = app.get("/api/attractions").await?.json()?;
    for ((attraction, date), slots) in taken {
        let listed = catalogue["attractions"].as_array().context("no attractions")?;
        let daily = listed.iter().find(|a| a["id"] == attraction.as_str()).and_then(|a| a["daily_cap"].as_i64());
        let daily = daily.context("no daily cap")?;
        let of_day: i64 = slots.values().sum();
        ensure!(of_day <= daily, "{attraction} on {date}: {of_day} of {daily}");
        let shown = app.get(&format!("/api/attractions/{attraction}/slots?date={date}")).await?.json()?;
        for slot in shown["slots"].as_array().context("no slots")? {
            let name = slot["slot"].as_str().context("no slot")?;
            let (cap, left) = (slot["cap"].as_i64().context("cap")?, slot["remaining"].as_i64().context("remaining")?);
            let n = slots.get(name).copied().unwrap_or(0);
            ensure!(n <= cap, "{attraction} on {date} at {name}: {n} tickets of {cap}");
            let expected = (cap - n).min(daily - of_day);
            ensure!(
                left == expected,
                "{attraction} on {date} at {name}: {left} are left, {n} of {cap} are taken, {of_day} of {daily} on the day"
            );
        }
    }
    Ok(())
}

async fn ledger(city: &City, orders: &BTreeMap<String, Value>) -> Result<()> {
    let report = city.signed_in("console", "city-admin").await?.get("/api/v1/ledger").await?.json()?;
    ensure!(report["sound"] == true && report["total"] == 0, "the ledger is not sound: {report}");
    let kept: i64 = orders.values().map(|o| fen(o, "captured") - fen(o, "refunded")).sum();
    let cleared = report["balances"]["clearing:sandbox"].as_i64().unwrap_or(0);
    ensure!(cleared == kept, "the provider holds {cleared} fen, the orders say {kept}");
    Ok(())
}

/// No payment stays in between.
async fn intents(city: &City, tokens: &[String]) -> Result<()> {
    let portal = city.client("")?;
    for token in tokens {
        let client = portal.with_token(token.clone());
        let mut cursor = String::new();
        loop {
            let page = client.get(&format!("/orders{cursor}")).await?.json()?;
            for payment in page["payments"].as_array().context("no payments")? {
                if payment["status"] == "processing" {
                    bail!("a payment is stuck: {payment}");
                }
            }
            match page["next"].as_str() {
                Some(next) => cursor = format!("?cursor={}", encoded(next)),
                None => break,
            }
        }
    }
    Ok(())
}

fn encoded(text: &str) -> String {
    let mut url = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() { url.push(char::from(byte)) } else { url += &format!("%{byte:02X}") }
    }
    url
}

async fn guest_book(city: &City, book: &Book) -> Result<()> {
    let client = city.client("guestbook")?;
    let (mut there, mut after) = (BTreeSet::new(), String::new());
    loop {
        let page = client.get(&format!("/api/entries{after}")).await?.json()?;
        for entry in page["entries"].as_array().context("no entries")? {
            there.insert(entry["id"].as_str().context("no id")?.to_owned());
        }
        match page["next"].as_str() {
            Some(next) => after = format!("?after={}", encoded(next)),
            None => break,
        }
    }
    for id in book.entries() {
        ensure!(there.contains(&id), "the acknowledged entry {id} of the guest book is lost");
    }
    Ok(())
}

async fn health(city: &City) -> Result<()> {
    let ready = city.admin("/readyz").await?;
    ensure!(ready.status == 200 && ready.text == "ready\n", "{} {}", ready.status, ready.text);
    let metrics = city.admin("/metrics").await?.text;
    for line in metrics.lines().filter(|l| l.starts_with("yunlong_queue_dead_letters_total")) {
        ensure!(line.ends_with(" 0"), "a message became a dead letter: {line}");
    }
    Ok(())
}

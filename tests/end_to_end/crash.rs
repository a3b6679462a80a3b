//! SIGKILL in the middle of purchases: nothing is lost, nothing is sold twice, the ledger sums to
//! zero, holds expire.

use anyhow::{Context, Result, ensure};
use futures::StreamExt as _;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use yunlong_tests::{City, Client, Plan, day, eventually, resident_id};

const APP: &str = "tourism-ticketing";
/// Purchases under way at once.
const AT_ONCE: usize = 50;
/// Orders that are made and never paid.
const ABANDONED: u32 = 20;
/// The slot of the purchases, and that of the orders that nobody pays.
const BOUGHT: &str = "09:00";
const LEFT: &str = "12:00";

#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_purchases_survive_sigkill() -> Result<()> {
    let mut city = Plan::with(&[APP])
        .citizens(40)
        .config(APP, "hold_minutes", "1")
        .config(APP, "max_open_orders", "1000")
        .start()
        .await?;
    let tokens = city.tokens((1..=40).map(|n| format!("citizen-{n:03}"))).await?;
    let date = day(2);
    let abandoned = abandon(&city, &tokens, &date).await?;
    // Each purchase has its own idempotency key, so that it can be repeated after the crash.
    let mut issued: BTreeMap<u32, String> = BTreeMap::new();
    let mut acknowledged: BTreeSet<String> = abandoned.clone();
    let mut caught = 0;
    // The power goes when so many orders of the round are made: at the first, at many, at most.
    for kill_after in [Some(10), Some(40), Some(80), None] {
        let app = city.client(APP)?;
        let made = AtomicUsize::new(0);
        let purchases = futures::stream::iter((0..200_u32).filter(|n| !issued.contains_key(n)).collect::<Vec<_>>())
            .map(|n| {
                let client = app.with_token(tokens[n as usize % tokens.len()].clone());
                let (date, made) = (&date, &made);
                async move { (n, buy(&client, n, date, made).await) }
            })
            .buffer_unordered(AT_ONCE)
            .collect::<Vec<_>>();
        let done = match kill_after {
            Some(orders) => {
                // The first comes while every hold that nobody pays is still good.
                let held = issued.is_empty().then_some(&*date);
                let (done, killed) = tokio::join!(purchases, kill_at(&city, &made, orders, held));
                killed?;
                done
            }
            None => purchases.await,
        };
        let mut open = 0;
        for (n, outcome) in done {
            match outcome {
                Ok((order, true)) => {
                    issued.insert(n, order.clone());
                    acknowledged.insert(order);
                }
                Ok((order, false)) => {
                    acknowledged.insert(order);
                    (open, caught) = (open + 1, caught + 1);
                }
                Err(e) => {
                    ensure!(kill_after.is_some(), "purchase {n} failed with nobody killed: {e:#}");
                    open += 1;
                }
            }
        }
        if let Some(orders) = kill_after {
            ensure!(open > 0, "the kill after {orders} orders interrupted no purchase");
            city.restart().await?;
        } else {
            ensure!(open == 0, "{open} purchases are open with nobody killed");
        }
    }
    ensure!(issued.len() == 200, "{} of 200 purchases were completed", issued.len());
    ensure!(caught > 0, "no kill met an order between its acknowledgment and its ticket");
    let owners = everybodys_orders(&city, &tokens).await?;
    for id in &acknowledged {
        ensure!(owners.contains_key(id), "the acknowledged order {id} is lost");
    }
    let tickets = settle(&owners).await?;
    for (n, id) in &issued {
        let order = owners[id].get(&format!("/api/orders/{id}")).await?.json()?;
        ensure!(order["state"] == "issued", "purchase {n} was issued before a crash and is {} now", order["state"]);
    }
    for id in &abandoned {
        let order = owners[id].get(&format!("/api/orders/{id}")).await?.json()?;
        ensure!(order["state"] == "expired" && order["captured"] == 0, "nobody paid for it: {order}");
    }
    let (cap, left) = places(&city, &date, BOUGHT).await?;
    ensure!(left == cap - tickets, "{left} of {cap} places are left beside {tickets} tickets");
    let (cap, left) = places(&city, &date, LEFT).await?;
    ensure!(left == cap, "{left} of {cap} places are left though every hold is over");
    let report = city.signed_in("console", "city-admin").await?.get("/api/v1/ledger").await?.json()?;
    ensure!(report["sound"] == true && report["balances"]["clearing:sandbox"] == 4_000 * tickets, "{report}");
    // Not the place alone is free again, but the visitor, too: one ID has one ticket for a slot.
    let again = order_of(&city.client(APP)?.with_token(tokens[0].clone()), 1_000, "again", &date, LEFT).await?;
    ensure!(!abandoned.contains(&again), "an order that is over was answered for a new one");
    Ok(())
}

/// Orders that nobody will pay, all held: their ids.
async fn abandon(city: &City, tokens: &[String], date: &str) -> Result<BTreeSet<String>> {
    let app = city.client(APP)?;
    let mut orders = BTreeSet::new();
    for n in 0..ABANDONED {
        let client = app.with_token(tokens[n as usize % tokens.len()].clone());
        orders.insert(order_of(&client, 1_000 + n, &format!("abandoned-{n}"), date, LEFT).await?);
    }
    all_held(city, date).await?;
    Ok(orders)
}

async fn all_held(city: &City, date: &str) -> Result<()> {
    let (cap, left) = places(city, date, LEFT).await?;
    ensure!(left == cap - i64::from(ABANDONED), "{left} of {cap} places are left beside {ABANDONED} holds");
    Ok(())
}

/// SIGKILL once so many orders of the round are acknowledged, with every abandoned one of `held`'s day held.
async fn kill_at(city: &City, made: &AtomicUsize, orders: usize, held: Option<&str>) -> Result<()> {
    eventually(&format!("{orders} orders"), Duration::from_secs(60), async || {
        Ok((made.load(Ordering::Relaxed) >= orders).then_some(()))
    })
    .await?;
    if let Some(date) = held {
        all_held(city, date).await?;
    }
    let pid = city.pid().context("the server is gone")?;
    ensure!(std::process::Command::new("kill").args(["-9", &pid.to_string()]).status()?.success());
    Ok(())
}

/// Every order, with the client of whoever has it.
async fn everybodys_orders(city: &City, tokens: &[String]) -> Result<BTreeMap<String, Client>> {
    let app = city.client(APP)?;
    let mut owners = BTreeMap::new();
    for token in tokens {
        let client = app.with_token(token.clone());
        let mut after = String::new();
        loop {
            let page = client.get(&format!("/api/orders?limit=100{after}")).await?.json()?;
            for order in page["orders"].as_array().context("no orders")? {
                owners.insert(order["id"].as_str().context("no id")?.to_owned(), client.clone());
            }
            match page["next"].as_str() {
                Some(next) => after = format!("&after={next}"),
                None => break,
            }
        }
    }
    Ok(owners)
}

/// Waits until every order ends as issued or, when its hold ran out, expired; answers how many are issued.
async fn settle(owners: &BTreeMap<String, Client>) -> Result<i64> {
    let mut tickets = 0_i64;
    let mut seen_ids: BTreeMap<String, String> = BTreeMap::new();
    for (id, client) in owners {
        let order = eventually(&format!("order {id} comes to rest"), Duration::from_secs(100), async || {
            let order = client.get(&format!("/api/orders/{id}")).await?.json()?;
            Ok(["issued", "expired", "refunded"].iter().any(|s| order["state"] == *s).then_some(order))
        })
        .await?;
        if order["state"] == "issued" {
            ensure!(order["captured"] == 4_000, "issued without money: {order}");
            tickets += 1;
            let person = order["visitors"][0]["id_number"].as_str().unwrap_or("").to_owned()
                + order["visitors"][0]["name"].as_str().unwrap_or("");
            if let Some(first) = seen_ids.insert(person.clone(), id.clone()) {
                anyhow::bail!("{person} has two tickets for one slot: {first} and {id}");
            }
        } else {
            ensure!(order["captured"] == order["refunded"], "money without a ticket: {order}");
        }
    }
    Ok(tickets)
}

/// The cap of a slot at the lake, and what is left of it.
async fn places(city: &City, date: &str, slot: &str) -> Result<(i64, i64)> {
    let slots = city.client(APP)?.get(&format!("/api/attractions/yunlonghu/slots?date={date}")).await?.json()?;
    let slot = slots["slots"].as_array().and_then(|s| s.iter().find(|s| s["slot"] == slot)).context("no slot")?;
    Ok((slot["cap"].as_i64().context("no cap")?, slot["remaining"].as_i64().context("no number")?))
}

/// An order for one visitor: its id.
async fn order_of(client: &Client, n: u32, key: &str, date: &str, slot: &str) -> Result<String> {
    let visitor =
        json!({"name": name(n), "id_type": "resident-id", "id_number": resident_id(n), "phone": "19900000001"});
    let body = json!({"product": "yunlonghu-single", "date": date, "slot": slot, "visitors": [visitor]});
    let r = client.request(reqwest::Method::POST, "/api/orders").header("idempotency-key", key).json(&body);
    let made = yunlong_tests::Answer::read(r.send().await?).await?;
    ensure!(made.status == 201 || made.status == 200, "{} {}", made.status, made.text);
    Ok(made.json()?["id"].as_str().context("no id")?.to_owned())
}

/// Answers the order, and whether it was issued before something failed.
async fn buy(client: &Client, n: u32, date: &str, made: &AtomicUsize) -> Result<(String, bool)> {
    for attempt in 0..4 {
        let id = order_of(client, n, &format!("purchase-{n}-{attempt}"), date, BOUGHT).await?;
        made.fetch_add(1, Ordering::Relaxed);
        let state = pay(client, &id).await.unwrap_or_else(|_| "unknown".to_owned());
        // A hold that ran out while the server was down is over: a person would order again.
        if state != "expired" {
            return Ok((id, state == "issued"));
        }
    }
    anyhow::bail!("four holds of purchase {n} ran out")
}

/// Pays, and answers the state in which the order ends.
async fn pay(client: &Client, id: &str) -> Result<String> {
    client.post(&format!("/api/orders/{id}/pay"), &json!({})).await?;
    for _ in 0..1_200 {
        let order: Value = client.get(&format!("/api/orders/{id}")).await?.json()?;
        if order["state"] == "issued" || order["state"] == "expired" {
            return Ok(order["state"].as_str().unwrap_or("").to_owned());
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    Ok("unfinished".to_owned())
}

/// A name of its own for each purchase, without digits.
fn name(n: u32) -> String {
    let digits = ['零', '一', '二', '三', '四', '五', '六', '七', '八', '九'];
    "游客"
        .chars()
        .chain(format!("{n:04}").chars().filter_map(|c| digits.get(c.to_digit(10)? as usize).copied()))
        .collect()
}

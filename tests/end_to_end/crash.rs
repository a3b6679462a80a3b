//! SIGKILL in the middle of purchases: nothing is lost, nothing is sold twice, the ledger sums to
//! zero, holds expire.

use anyhow::{Context, Result, ensure};
use futures::StreamExt as _;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use yunlong_tests::{Plan, day, eventually, resident_id};

const APP: &str = "tourism-ticketing";

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
    // Each purchase has its own idempotency key, so that it can be repeated after the crash.
    let mut issued: BTreeMap<u32, String> = BTreeMap::new();
    let mut acknowledged: BTreeSet<String> = BTreeSet::new();
    for round in 0..4 {
        let app = city.client(APP)?;
        let purchases = futures::stream::iter((0..200_u32).filter(|n| !issued.contains_key(n)).collect::<Vec<_>>())
            .map(|n| {
                let client = app.with_token(tokens[n as usize % tokens.len()].clone());
                let date = &date;
                async move { (n, buy(&client, n, date).await) }
            })
            .buffer_unordered(50)
            .collect::<Vec<_>>();
        let done = if round < 3 {
            let (done, ()) = tokio::join!(purchases, async {
                tokio::time::sleep(Duration::from_millis(700 + 900 * round)).await;
                if let Some(pid) = city.pid() {
                    let _ = std::process::Command::new("kill").args(["-9", &pid.to_string()]).status();
                }
            });
            done
        } else {
            purchases.await
        };
        for (n, outcome) in done {
            match outcome {
                Ok((order, true)) => {
                    issued.insert(n, order.clone());
                    acknowledged.insert(order);
                }
                Ok((order, false)) => {
                    acknowledged.insert(order);
                }
                Err(e) => ensure!(round < 3, "purchase {n} failed with nobody killed: {e:#}"),
            }
        }
        if round < 3 {
            city.restart().await?;
        }
    }
    // Every order that was acknowledged is there and ends as issued or, when its hold ran out, expired.
    let app = city.client(APP)?;
    let mut tickets = 0_i64;
    let mut owners = BTreeMap::new();
    for token in &tokens {
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
    for id in &acknowledged {
        ensure!(owners.contains_key(id), "the acknowledged order {id} is lost");
    }
    let mut seen_ids: BTreeMap<String, String> = BTreeMap::new();
    for (id, client) in &owners {
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
    for (n, id) in &issued {
        let order = owners[id].get(&format!("/api/orders/{id}")).await?.json()?;
        ensure!(order["state"] == "issued", "purchase {n} was issued before a crash and is {} now", order["state"]);
    }
    ensure!(issued.len() == 200, "{} of 200 purchases were completed", issued.len());
    let slots = app.get(&format!("/api/attractions/yunlonghu/slots?date={date}")).await?.json()?;
    let slot = slots["slots"].as_array().and_then(|s| s.iter().find(|s| s["slot"] == "09:00")).context("no slot")?;
    let left = slot["remaining"].as_i64().context("no number")?;
    ensure!(left == 2_000 - tickets, "{left} places left beside {tickets} tickets");
    let report = city.signed_in("console", "city-admin").await?.get("/api/v1/ledger").await?.json()?;
    ensure!(report["sound"] == true && report["balances"]["clearing:sandbox"] == 4_000 * tickets, "{report}");
    Ok(())
}

/// Answers the order, and whether it was issued before something failed.
async fn buy(client: &yunlong_tests::Client, n: u32, date: &str) -> Result<(String, bool)> {
    for attempt in 0..4 {
        let (order, state) = try_to_buy(client, n, attempt, date).await?;
        // A hold that ran out while the server was down is over: a person would order again.
        if state != "expired" {
            return Ok((order, state == "issued"));
        }
    }
    anyhow::bail!("four holds of purchase {n} ran out")
}

async fn try_to_buy(client: &yunlong_tests::Client, n: u32, attempt: u32, date: &str) -> Result<(String, String)> {
    let visitor =
        json!({"name": name(n), "id_type": "resident-id", "id_number": resident_id(n), "phone": "19900000001"});
    let body = json!({"product": "yunlonghu-single", "date": date, "slot": "09:00", "visitors": [visitor]});
    let r = client
        .request(reqwest::Method::POST, "/api/orders")
        .header("idempotency-key", format!("purchase-{n}-{attempt}"))
        .json(&body);
    let made = yunlong_tests::Answer::read(r.send().await?).await?;
    ensure!(made.status == 201 || made.status == 200, "{} {}", made.status, made.text);
    let id = made.json()?["id"].as_str().context("no id")?.to_owned();
    let rest: Result<String> = async {
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
    .await;
    Ok((id, rest.unwrap_or_else(|_| "unknown".to_owned())))
}

/// A name of its own for each purchase, without digits.
fn name(n: u32) -> String {
    let digits = ['零', '一', '二', '三', '四', '五', '六', '七', '八', '九'];
    "游客"
        .chars()
        .chain(format!("{n:03}").chars().filter_map(|c| digits.get(c.to_digit(10)? as usize).copied()))
        .collect()
}

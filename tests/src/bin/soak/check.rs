//! The checker: waits until nothing is under way, reads everything back through the APIs, and compares
//! it with what was acknowledged and with itself. It shares nothing with the apps but their public interfaces.

mod education;
mod logistics;
mod rural;
mod ticketing;

use crate::APP;
use crate::book::Book;
use crate::load::Stage;
use anyhow::{Context, Result, ensure};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use yunlong_tests::{City, Client, eventually};

/// A hold lasts a minute, a lost result is looked up after one.
const PATIENCE: Duration = Duration::from_secs(240);

/// Things by their ids.
type Map = BTreeMap<String, Value>;

pub(crate) async fn everything(city: &City, book: &Book, stage: &Stage, tokens: &[String]) -> Result<()> {
    let breaches = book.breaches();
    ensure!(breaches.is_empty(), "clients saw: {}", breaches.join("; "));
    orders(city, book, stage, tokens).await?;
    logistics::everything(book, &stage.finance).await.context("logistics finance")?;
    education::everything(book, &stage.class).await.context("education")?;
    release(city, book).await?;
    guest_book(city, book).await?;
    health(city).await
}

/// The orders of tickets and of goods with what they took, once nothing happens to them by itself any more.
///
/// A payment whose result was lost is called off with its order's hold, and nobody sees that its money is still to
/// come: it may come between two reads, for a place that is taken again. So a finding counts where the orders stayed
/// as they were read.
async fn orders(city: &City, book: &Book, stage: &Stage, tokens: &[String]) -> Result<()> {
    let mut finding = None;
    for _ in 0..5 {
        let (tickets, goods) = at_rest(city, book, stage, tokens).await?;
        let found = async {
            ticketing::everything(city, book, &tickets).await?;
            rural::everything(city, book, &stage.market, &stage.finance.carrier, &goods)
                .await
                .context("rural e-commerce")
        };
        let Err(found) = found.await else { return Ok(()) };
        finding = Some(found);
        let now = (ticketing::all_orders(&city.client(APP)?, tokens).await?, rural::orders(&stage.market).await?);
        if now == (tickets, goods) {
            break;
        }
        book.count("checks of orders that went on meanwhile");
    }
    finding.map_or(Ok(()), Err)
}

/// Waits until nothing happens by itself any more: the orders of tickets and of goods.
async fn at_rest(city: &City, book: &Book, stage: &Stage, tokens: &[String]) -> Result<(Map, Map)> {
    let app = city.client(APP)?;
    let manager = city.signed_in(APP, "tourism-admin").await?;
    let mut moving = Vec::new();
    eventually("everything comes to rest", PATIENCE, async || {
        let tickets = ticketing::all_orders(&app, tokens).await?;
        let goods = rural::orders(&stage.market).await?;
        moving = tickets.values().filter(|o| !ticketing::at_rest(o)).map(Value::to_string).collect();
        moving.extend(rural::moving(&stage.market, book, &goods).await?);
        moving.extend(ticketing::department(city, &manager, book).await?);
        if moving.is_empty() {
            // Money that comes late finds an order that is over: the app is told of it a moment later.
            moving.extend(intents(city, tokens).await?);
            moving.extend(ledger(city, &tickets, &goods).await?);
            moving.extend(logistics::moves(&stage.finance).await?);
        }
        if moving.is_empty() {
            return Ok(Some((tickets, goods)));
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
        Ok(None)
    })
    .await
    .with_context(|| format!("stuck: {}", moving.join("\n")))
}

fn fen(of: &Value, field: &str) -> i64 {
    of[field].as_i64().unwrap_or(0)
}

fn text(value: &Value, field: &str) -> String {
    value[field].as_str().unwrap_or_default().to_owned()
}

fn children<'a>(of: &'a Value, field: &str) -> impl Iterator<Item = &'a Value> {
    of[field].as_array().into_iter().flatten()
}

/// A list with all its pages.
async fn pages(client: &Client, path: &str, items: &str) -> Result<Vec<Value>> {
    let (mut all, mut after) = (Vec::new(), String::new());
    loop {
        let page = client.get(&format!("{path}?limit=100{after}")).await?;
        ensure!(page.status == 200, "{path}: {} {}", page.status, page.text);
        let page = page.json()?;
        all.extend(page[items].as_array().with_context(|| format!("no {items}: {page}"))?.iter().cloned());
        match page["next"].as_str() {
            Some(next) => after = format!("&after={}", encoded(next)),
            None => return Ok(all),
        }
    }
}

/// A list by its ids.
async fn all_of(client: &Client, path: &str) -> Result<Map> {
    let mut all = Map::new();
    for item in pages(client, path, "items").await? {
        ensure!(all.insert(text(&item, "id"), item.clone()).is_none(), "{path} shows it twice: {item}");
    }
    Ok(all)
}

/// Everything of this kind that was shown is there, and has passed every state that was shown.
fn kept(book: &Book, kind: &'static str, all: &Map) -> Result<()> {
    for (id, passed) in book.shown(kind) {
        let now = all.get(&id).with_context(|| format!("the acknowledged {kind} {id} is lost"))?;
        let history = now["history"].as_array().context("no history")?;
        ensure!(history.starts_with(&passed), "the {kind} {id} has passed {passed:?}, and says {history:?}");
    }
    Ok(())
}

/// The release in charge is the one of which it was acknowledged, or one that was asked for since.
async fn release(city: &City, book: &Book) -> Result<()> {
    let console = city.signed_in("console", "city-admin").await?;
    let state = console.get(&format!("/api/v1/installations/{APP}/upgrade")).await?.json()?;
    ensure!(state["status"] == "running", "the app does not run: {state}");
    let possible = book.versions();
    let now = text(&state, "version");
    ensure!(possible.contains(&now), "version {now} is in charge, and {possible:?} were asked for: {state}");
    Ok(())
}

/// Sound at any time; where the orders say other sums, money is on its way.
async fn ledger(city: &City, tickets: &Map, goods: &Map) -> Result<Option<String>> {
    let report = city.signed_in("console", "city-admin").await?.get("/api/v1/ledger").await?.json()?;
    ensure!(report["sound"] == true && report["total"] == 0, "the ledger is not sound: {report}");
    let of_tickets: i64 = tickets.values().map(|o| fen(o, "captured") - fen(o, "refunded")).sum();
    let kept = of_tickets + goods.values().map(rural::stays).sum::<i64>();
    let cleared = report["balances"]["clearing:sandbox"].as_i64().unwrap_or(0);
    if cleared != kept {
        return Ok(Some(format!("the provider holds {cleared} fen, the orders say {kept}")));
    }
    Ok(rural::escrows(goods, &report))
}

/// The payments that are in between.
async fn intents(city: &City, tokens: &[String]) -> Result<Vec<String>> {
    let portal = city.client("")?;
    let mut moving = Vec::new();
    for token in tokens {
        let client = portal.with_token(token.clone());
        let mut cursor = String::new();
        loop {
            let page = client.get(&format!("/orders{cursor}")).await?.json()?;
            for payment in page["payments"].as_array().context("no payments")? {
                if payment["status"] == "processing" {
                    moving.push(payment.to_string());
                }
            }
            match page["next"].as_str() {
                Some(next) => cursor = format!("?cursor={}", encoded(next)),
                None => break,
            }
        }
    }
    Ok(moving)
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

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_was_shown_and_is_undone_is_found() {
        let of = |states: &[&str]| json!({"id": "a", "history": states.iter().map(|s| json!({"state": s, "at": "t"})).collect::<Vec<_>>()});
        let book = Book::default();
        book.saw("order", &of(&["placed", "paid"]));
        // An older answer that comes later changes nothing.
        book.saw("order", &of(&["placed"]));
        let check = |all: &Map| kept(&book, "order", all);
        check(&Map::from([("a".to_owned(), of(&["placed", "paid", "accepted"]))])).unwrap();
        assert!(check(&Map::new()).is_err(), "lost");
        assert!(check(&Map::from([("a".to_owned(), of(&["placed"]))])).is_err(), "undone");
        assert!(check(&Map::from([("a".to_owned(), of(&["placed", "cancelled"]))])).is_err(), "another life");
    }
}

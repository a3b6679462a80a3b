//! Tickets: money and state say the same, no slot is oversold, and nobody has two tickets for one.

use super::{fen, text};
use crate::APP;
use crate::book::{Book, Known};
use crate::load::ticketing as load;
use anyhow::{Context, Result, bail, ensure};
use futures::{StreamExt as _, TryStreamExt as _};
use serde_json::Value;
use std::collections::BTreeMap;
use yunlong_tests::{City, Client};

/// States in which nothing happens any more by itself.
const AT_REST: &[&str] = &["issued", "part-used", "used", "expired", "refunded", "part-refunded"];
/// States in which a place is taken.
const LIVE: &[&str] = &["held", "paid", "issued", "part-used", "used", "part-refunded"];

pub(super) async fn everything(city: &City, book: &Book, orders: &BTreeMap<String, Value>) -> Result<()> {
    let known = book.orders();
    for (id, known) in &known {
        kept(id, known, orders.get(id), book)?;
    }
    orders.values().try_for_each(money)?;
    one_id_one_ticket(orders, &known)?;
    caps(&city.client(APP)?, &city.signed_in(APP, "tourism-admin").await?, orders).await
}

fn state(order: &Value) -> &str {
    order["state"].as_str().unwrap_or_default()
}

/// Nothing happens to it any more by itself, and no money is on its way.
pub(super) fn at_rest(order: &Value) -> bool {
    AT_REST.contains(&state(order)) && refunds(order).all(|r| r["state"] != "asked")
}

fn refunds(order: &Value) -> impl Iterator<Item = &Value> {
    order["refunds"].as_array().into_iter().flatten()
}

fn parts(order: &Value) -> impl Iterator<Item = &Value> {
    order["components"].as_array().into_iter().flatten()
}

/// The parts in which the visitor has a place: those that were not given back.
fn live(order: &Value) -> impl Iterator<Item = &Value> {
    let back = |c: &Value| {
        refunds(order)
            .any(|r| r["tickets"].as_array().is_some_and(|t| t.iter().any(|t| t["attraction"] == c["attraction"])))
    };
    parts(order).filter(move |c| LIVE.contains(&state(order)) && !back(c))
}

/// What the department has begun and the app has not ended: closures and gates' batches.
pub(super) async fn department(city: &City, manager: &Client, book: &Book) -> Result<Vec<String>> {
    let listed = manager.get("/api/manage/closures").await?.json()?;
    let closures = listed["closures"].as_array().context("no closures")?.iter();
    let mut moving: Vec<String> = closures.filter(|c| c["done"] != true).map(Value::to_string).collect();
    let batches = book.batches();
    if batches.is_empty() {
        return Ok(moving);
    }
    let gate = city.signed_in(APP, "tourism-gate").await?;
    for number in batches {
        let answer = gate.get(&format!("/api/gates/batches/{number}")).await?;
        ensure!(answer.status == 200, "the acknowledged batch {number} is lost: {} {}", answer.status, answer.text);
        let batch = answer.json()?;
        match batch["state"].as_str() {
            Some("reconciled" | "conflict") => {
                ensure!(batch["judged"] == batch["scans"], "some scans were not judged: {batch}");
                let ends =
                    batch["conflicts"].as_array().map_or(0, Vec::len) as u64 + batch["admitted"].as_u64().unwrap_or(0);
                ensure!(batch["scans"] == ends, "a scan was judged twice or never: {batch}");
                book.settled(&number);
            }
            _ => moving.push(batch.to_string()),
        }
    }
    Ok(moving)
}

pub(super) async fn all_orders(app: &Client, tokens: &[String]) -> Result<BTreeMap<String, Value>> {
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
fn kept(id: &str, known: &Known, order: Option<&Value>, book: &Book) -> Result<()> {
    let order = order.with_context(|| format!("the acknowledged order {id} of citizen {} is lost", known.owner + 1))?;
    let now = state(order);
    // The department gives back the tickets of a day that it closes.
    let closed = parts(order).any(|c| book.was_closed(&text(c, "attraction"), &text(c, "date")));
    if known.issued && !known.refund_asked {
        ensure!(
            matches!(now, "issued" | "part-used" | "used") || closed && matches!(now, "refunded" | "part-refunded"),
            "{id} was issued, nobody gave it back, and it is {now}"
        );
    }
    if known.scanned && !closed {
        ensure!(matches!(now, "used" | "part-used"), "{id} is in a gate's acknowledged batch, and it is {now}");
    }
    if known.refund_accepted {
        ensure!(now == "refunded", "the refund of {id} was accepted, and it is {now}");
    }
    ensure!(known.admitted <= 1, "{id} was admitted {} times", known.admitted);
    if known.admitted == 1 {
        ensure!(
            matches!(now, "used" | "part-used") || closed && now == "part-refunded",
            "{id} was admitted, and it is {now}"
        );
    }
    Ok(())
}

/// Money and state say the same.
fn money(order: &Value) -> Result<()> {
    let (amount, captured, refunded) = (fen(order, "amount"), fen(order, "captured"), fen(order, "refunded"));
    let kept = captured - refunded;
    let mut returned = 0;
    for refund in refunds(order) {
        ensure!(refund["state"] == "settled", "the sandbox refuses no refund: {order}");
        let tickets = refund["tickets"].as_array().into_iter().flatten();
        ensure!(tickets.map(|t| fen(t, "amount")).sum::<i64>() == fen(refund, "amount"), "a refund's tickets: {order}");
        returned += fen(refund, "amount");
    }
    ensure!(refunded == returned, "the refunds sum to {returned}: {order}");
    let due = match state(order) {
        "issued" | "part-used" | "used" => amount,
        "expired" | "refunded" => 0,
        "part-refunded" => {
            ensure!(0 < returned && returned < amount, "a part was given back: {order}");
            amount - returned
        }
        other => bail!("an order at rest is {other}: {order}"),
    };
    ensure!(kept == due && refunded <= captured, "{due} fen are due: {order}");
    let lines: i64 = order["lines"].as_array().into_iter().flatten().map(|l| fen(l, "amount")).sum();
    ensure!(lines == amount, "the lines sum to {lines}: {order}");
    Ok(())
}

/// One ID has one ticket for a slot, though the load asks for two at once. Each visitor has a name of their own.
fn one_id_one_ticket(orders: &BTreeMap<String, Value>, known: &BTreeMap<String, Known>) -> Result<()> {
    let mut seen = BTreeMap::new();
    for (id, order) in orders {
        let [visitor] = order["visitors"].as_array().map_or(&[][..], Vec::as_slice) else {
            bail!("{id} has other visitors than were asked for: {order}")
        };
        let name = text(visitor, "name");
        if let Some(known) = known.get(id) {
            let asked = load::name(known.visitor);
            ensure!(name == asked, "{id} was made for {asked}, and is for {name}");
        }
        for c in live(order) {
            let place = (name.clone(), text(c, "attraction"), text(c, "date"), text(c, "slot"));
            if let Some(first) = seen.insert(place, id) {
                bail!("{name} has two tickets for one slot, {first} and {id}: {order}");
            }
        }
    }
    Ok(())
}

/// What is left and what is taken sum to the cap, of the slot and of the day; on a closed day nobody has a
/// ticket that is not used.
async fn caps(app: &Client, manager: &Client, orders: &BTreeMap<String, Value>) -> Result<()> {
    let mut taken: BTreeMap<(String, String), BTreeMap<String, i64>> = BTreeMap::new();
    for c in orders.values().flat_map(live) {
        let day = taken.entry((text(c, "attraction"), text(c, "date"))).or_default();
        *day.entry(text(c, "slot")).or_default() += 1;
    }
    let catalogue = app.get("/api/attractions").await?.json()?;
    for ((attraction, date), slots) in taken {
        let listed = catalogue["attractions"].as_array().context("no attractions")?;
        let ordinary = listed.iter().find(|a| a["id"] == attraction.as_str()).and_then(|a| a["daily_cap"].as_i64());
        let ordinary = ordinary.context("no daily cap")?;
        let plans = manager.get(&format!("/api/manage/attractions/{attraction}/days")).await?.json()?;
        let plan = plans["days"].as_array().context("no days")?.iter().find(|d| d["date"] == date.as_str());
        let daily = plan.and_then(|d| d["daily_cap"].as_i64()).unwrap_or(ordinary);
        let of_day: i64 = slots.values().sum();
        // The department only lowers it.
        ensure!(of_day <= ordinary, "{attraction} on {date}: {of_day} of {ordinary}");
        let shown = app.get(&format!("/api/attractions/{attraction}/slots?date={date}")).await?.json()?;
        if shown["closed"] == true {
            let here = |c: &Value| c["attraction"] == attraction.as_str() && c["date"] == date.as_str();
            let valid = orders.values().find(|o| state(o) == "issued" && live(o).any(here));
            ensure!(valid.is_none(), "{attraction} is closed on {date}, and there is a ticket: {valid:?}");
        }
        for slot in shown["slots"].as_array().context("no slots")? {
            let name = slot["slot"].as_str().context("no slot")?;
            let (cap, left) = (slot["cap"].as_i64().context("cap")?, slot["remaining"].as_i64().context("remaining")?);
            let n = slots.get(name).copied().unwrap_or(0);
            ensure!(n <= cap, "{attraction} on {date} at {name}: {n} tickets of {cap}");
            let expected = (cap - n).min(daily - of_day).max(0);
            // Every order that ever had a place there, whatever became of it: one of them tells why.
            let here =
                |c: &Value| c["attraction"] == attraction.as_str() && c["date"] == date.as_str() && c["slot"] == name;
            let all = || orders.values().filter(|o| parts(o).any(here)).map(|o| format!("\n{o}")).collect::<String>();
            ensure!(
                left == expected,
                "{attraction} on {date} at {name}: {left} are left, {n} of {cap} are taken, {of_day} of {daily} on the day, of these orders:{}",
                all()
            );
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// An order of a joint ticket at rest, with its parts' prices.
    fn order(visitor: u32, state: &str, returned: &[(&str, i64)]) -> Value {
        let refunds: Vec<Value> = returned
            .iter()
            .map(|(attraction, amount)| {
                let ticket = json!({"ticket": 0, "attraction": attraction, "amount": amount});
                json!({"state": "settled", "amount": amount, "tickets": [ticket]})
            })
            .collect();
        let part = |attraction: &str| json!({"attraction": attraction, "date": "2026-12-01", "slot": "09:00"});
        json!({
            "state": state, "amount": 128, "captured": 128, "refunded": returned.iter().map(|r| r.1).sum::<i64>(),
            "lines": [{"amount": 55}, {"amount": 73}], "refunds": refunds,
            "visitors": [{"name": load::name(visitor)}], "components": [part("guishan"), part("bingmayong")],
        })
    }

    fn changed(mut order: Value, field: &str, value: i64) -> Value {
        order[field] = value.into();
        order
    }

    #[test]
    fn money_without_a_ticket_and_a_ticket_without_money_are_found() {
        let part = || order(1, "part-refunded", &[("bingmayong", 73)]);
        assert!(money(&part()).is_ok() && money(&order(1, "issued", &[])).is_ok());
        assert!(money(&order(1, "refunded", &[("guishan", 55), ("bingmayong", 73)])).is_ok());
        for wrong in [
            changed(part(), "refunded", 0),
            changed(part(), "refunded", 128),
            changed(part(), "captured", 127),
            changed(order(1, "issued", &[]), "captured", 0),
            order(1, "expired", &[]),
            order(1, "refunded", &[("guishan", 55)]),
            order(1, "used", &[("guishan", 55)]),
            order(1, "part-refunded", &[]),
        ] {
            assert!(money(&wrong).is_err(), "{wrong}");
        }
        let mut pending = part();
        pending["refunds"][0]["state"] = "asked".into();
        assert!(money(&pending).is_err() && !at_rest(&pending) && at_rest(&part()));
    }

    #[test]
    fn two_tickets_of_one_id_for_one_slot_are_found() {
        let of = |a: Value, b: Value| BTreeMap::from([("a".to_owned(), a), ("b".to_owned(), b)]);
        let known = BTreeMap::new();
        let twice = of(order(1, "issued", &[]), order(1, "used", &[]));
        assert!(one_id_one_ticket(&twice, &known).unwrap_err().to_string().contains("two tickets"));
        for fine in [
            of(order(1, "issued", &[]), order(2, "issued", &[])),
            of(order(1, "expired", &[]), order(1, "issued", &[])),
        ] {
            one_id_one_ticket(&fine, &known).unwrap();
        }
        // What was given back is free again, the other part is not.
        let back = [("guishan", 55)];
        assert!(one_id_one_ticket(&of(order(1, "part-refunded", &back), order(1, "issued", &[])), &known).is_err());
        let other = BTreeMap::from([("a".to_owned(), Known { visitor: 2, ..Known::default() })]);
        assert!(one_id_one_ticket(&of(order(1, "issued", &[]), order(3, "issued", &[])), &other).is_err());
    }

    #[test]
    fn what_was_acknowledged_and_is_undone_is_found() {
        let book = Book::default();
        let issued = Known { issued: true, ..Known::default() };
        let scanned = Known { scanned: true, ..issued };
        let back = order(1, "refunded", &[("guishan", 55), ("bingmayong", 73)]);
        assert!(kept("a", &issued, None, &book).is_err(), "lost");
        assert!(kept("a", &issued, Some(&back), &book).is_err(), "nobody gave it back");
        assert!(kept("a", &scanned, Some(&order(1, "issued", &[])), &book).is_err(), "the scan is lost");
        book.closes("guishan", "2026-12-01");
        assert!(kept("a", &issued, Some(&back), &book).is_ok(), "its day was closed");
    }
}

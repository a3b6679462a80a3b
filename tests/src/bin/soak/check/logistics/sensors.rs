//! Sensors: a reading counts once, however often it was sent; goods that left without an order are missing, their receipt
//! is frozen and its bank was told once.

use super::{Finance, Map, Value, fen, pages, text};
use crate::book::Book;
use anyhow::{Context, Result, ensure};
use std::collections::{BTreeMap, BTreeSet};

pub(super) async fn everything(
    book: &Book,
    finance: &Finance,
    lots: &Map,
    receipts: &Map,
    alerts: &[Value],
) -> Result<()> {
    let (sent, heard) = (by_lot(&book.noted("reading that was sent"))?, by_lot(&book.noted("reading"))?);
    let mut of_device: BTreeMap<String, BTreeSet<u64>> = BTreeMap::new();
    for (lot, sent) in &sent {
        let events = pages(&finance.regulator, &format!("/api/lots/{lot}/events"), "items").await?;
        for event in &events {
            let sequence = event["sequence"].as_u64().context("no sequence")?;
            of_device.entry(text(event, "device")).or_default().insert(sequence);
        }
        let lot = lots.get(lot).with_context(|| format!("the lot {lot} is lost"))?;
        readings(lot, &events, sent, heard.get(&text(lot, "id")))?;
        for receipt in receipts.values().filter(|r| r["lot"] == lot["id"]) {
            told(receipt, &events, alerts)?;
        }
    }
    for (device, sequences) in of_device {
        let shown = finance.clerk.get(&format!("/api/devices/{device}")).await?.json()?;
        let last = sequences.last().copied().unwrap_or(0);
        let missing = last - sequences.len() as u64;
        ensure!(shown["last_sequence"] == last && shown["missing"] == missing, "{missing} of {last} are lost: {shown}");
    }
    Ok(())
}

/// Readings with their kilograms, by their lots.
type Readings = BTreeMap<String, BTreeMap<String, i64>>;

fn by_lot(notes: &BTreeSet<String>) -> Result<Readings> {
    let mut all = Readings::new();
    for note in notes {
        let [event, lot, kilograms] = note.split(' ').collect::<Vec<_>>()[..] else {
            anyhow::bail!("not a reading: {note}")
        };
        all.entry(lot.to_owned()).or_default().insert(event.to_owned(), kilograms.parse()?);
    }
    Ok(all)
}

/// The lot's readings are those that were sent, and all that were acknowledged; what is missing is their sum.
fn readings(
    lot: &Value,
    events: &[Value],
    sent: &BTreeMap<String, i64>,
    heard: Option<&BTreeMap<String, i64>>,
) -> Result<()> {
    let mut there = BTreeMap::new();
    for event in events {
        let (id, kilograms) = (text(event, "id"), fen(event, "quantity"));
        ensure!(sent.get(&id) == Some(&kilograms), "nobody sent this reading: {event}");
        ensure!(there.insert(id, kilograms).is_none(), "a reading is there twice: {event}");
    }
    for reading in heard.into_iter().flat_map(BTreeMap::keys) {
        ensure!(there.contains_key(reading), "the acknowledged reading {reading} is lost: {lot}");
    }
    let left: i64 = there.values().map(|kilograms| -kilograms).sum();
    ensure!(fen(lot, "missing") == left, "{left} kg left without an order: {lot}");
    Ok(())
}

/// A pledged receipt of a lot of which something is missing is frozen, and its bank has one alert; and one of each reading
/// that came late.
fn told(receipt: &Value, events: &[Value], alerts: &[Value]) -> Result<()> {
    if events.is_empty() {
        return Ok(());
    }
    ensure!(receipt["state"] == "frozen", "goods are missing: {receipt}");
    let loan = &receipt["pledged_to"]["loan"];
    let of = |kind: &str| alerts.iter().filter(|a| a["kind"] == kind && a["loan"] == *loan).collect::<Vec<_>>();
    let missing = of("goods-missing");
    ensure!(
        missing.len() == 1 && missing[0]["receipt"] == receipt["id"] && fen(missing[0], "amount") > 0,
        "the bank was told {} times: {receipt} {missing:?}",
        missing.len()
    );
    let gaps = of("sensor-gap");
    for event in events.iter().filter(|e| e["late"] == true) {
        let ending = format!("/sensor-gap/{}", text(event, "id"));
        let n = gaps.iter().filter(|a| text(a, "id").ends_with(&ending)).count();
        ensure!(n == 1, "the bank was told {n} times that it came late: {event}");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn event(n: u64, kilograms: i64) -> Value {
        json!({"id": format!("D/{n}"), "device": "D", "sequence": n, "quantity": kilograms, "late": n == 1})
    }

    #[test]
    fn a_reading_that_is_lost_forged_or_counted_twice_is_found() {
        let sent = BTreeMap::from([("D/1".to_owned(), -5), ("D/2".to_owned(), -7)]);
        let lot = |missing: i64| json!({"id": "L", "missing": missing});
        let check = |missing: i64, events: &[Value]| readings(&lot(missing), events, &sent, Some(&sent));
        check(12, &[event(1, -5), event(2, -7)]).unwrap();
        assert!(check(17, &[event(1, -5), event(2, -7)]).is_err(), "counted twice");
        assert!(check(5, &[event(1, -5)]).is_err(), "lost");
        assert!(check(14, &[event(1, -5), event(2, -9)]).is_err(), "forged");
    }

    #[test]
    fn a_bank_that_was_not_told_or_told_twice_is_found() {
        let receipt = |state: &str| json!({"id": "R", "state": state, "pledged_to": {"loan": "N"}});
        let missing = json!({"id": "a", "kind": "goods-missing", "loan": "N", "receipt": "R", "amount": 5});
        let gap = json!({"id": "N/sensor-gap/D/1", "kind": "sensor-gap", "loan": "N"});
        let events = [event(1, -5)];
        told(&receipt("frozen"), &events, &[missing.clone(), gap.clone()]).unwrap();
        assert!(told(&receipt("pledged"), &events, &[missing.clone(), gap.clone()]).is_err(), "not frozen");
        assert!(told(&receipt("frozen"), &events, std::slice::from_ref(&missing)).is_err(), "not told of the gap");
        assert!(told(&receipt("frozen"), &events, &[missing.clone(), missing, gap]).is_err(), "told twice");
    }
}

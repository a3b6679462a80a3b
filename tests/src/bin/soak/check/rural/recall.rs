//! Bad batches: nothing of them is on sale, what was not sent is refunded, and nothing was sent once it was known.

use super::{Client, Map, Value, children, fen, text};
use crate::book::Book;
use anyhow::{Result, ensure};
use std::collections::{BTreeMap, BTreeSet};

/// States in which the store has something to do with an order, or its buyer.
const WAITS: [&str; 4] = ["placed", "paid", "accepted", "part-shipped"];

/// Batches that somebody has called bad, with their listings.
pub(super) fn batches(book: &Book) -> BTreeMap<String, String> {
    let pair = |note: &String| note.split_once(' ').map(|(code, listing)| (code.to_owned(), listing.to_owned()));
    book.noted("bad batch").iter().filter_map(pair).collect()
}

fn is_of(order: &Value, bad: &BTreeMap<String, String>) -> bool {
    children(order, "lines").any(|l| l["batch"].as_str().is_some_and(|batch| bad.contains_key(batch)))
}

/// Whether it is still to be given up or refunded.
pub(super) fn waits(order: &Value, bad: &BTreeMap<String, String>) -> bool {
    is_of(order, bad) && WAITS.contains(&&*text(order, "state"))
}

pub(super) async fn everything(anybody: &Client, book: &Book, all: &Map) -> Result<()> {
    let bad = batches(book);
    let mut recalled = BTreeMap::new();
    for (code, listing) in bad {
        let trace = anybody.get(&format!("/api/trace/{code}")).await?.json()?;
        // A recall that nobody heard an answer to may not have been one.
        if trace["state"] == "passed" {
            continue;
        }
        ensure!(["failed", "recalled"].contains(&&*text(&trace, "state")), "it was called bad: {trace}");
        let shown = anybody.get(&format!("/api/listings/{listing}")).await?.json()?;
        ensure!(shown["listing"]["state"] == "recalled", "a bad batch is on sale: {trace} {shown}");
        recalled.insert(code, listing);
    }
    let sent = book.noted("order that was sent before its batch was bad");
    all.values().filter(|o| is_of(o, &recalled)).try_for_each(|order| of_bad(order, &sent))
}

fn of_bad(order: &Value, sent: &BTreeSet<String>) -> Result<()> {
    let shipped = children(order, "shipments").next().is_some();
    ensure!(!shipped || sent.contains(&text(order, "id")), "goods of a bad batch were sent: {order}");
    let escrow = &order["escrow"];
    let back = fen(escrow, "captured") == fen(escrow, "refunded");
    ensure!(shipped || back, "money rests for goods of a bad batch that nobody sent: {order}");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn goods_of_a_bad_batch_that_are_sent_or_kept_are_found() {
        let order = |state: &str, refunded: i64, shipments: Value| {
            json!({
                "id": "o", "state": state, "lines": [{"batch": "B"}], "shipments": shipments,
                "escrow": {"captured": 9, "refunded": refunded},
            })
        };
        let (sent, nobody) = (BTreeSet::from(["o".to_owned()]), BTreeSet::new());
        of_bad(&order("refunded", 9, json!([])), &nobody).unwrap();
        of_bad(&order("shipped", 0, json!([{}])), &sent).unwrap();
        assert!(of_bad(&order("shipped", 0, json!([{}])), &nobody).is_err(), "sent afterwards");
        assert!(of_bad(&order("accepted", 0, json!([])), &nobody).is_err(), "not refunded");
        let bad = BTreeMap::from([("B".to_owned(), "l".to_owned())]);
        assert!(waits(&order("accepted", 0, json!([])), &bad) && !waits(&order("refunded", 9, json!([])), &bad));
        assert!(!waits(&order("accepted", 0, json!([])), &BTreeMap::new()));
    }
}

//! Lost parcels: each is one claim, which holds the money until it is decided, and what was decided went back.

use super::{Map, Value, children, fen, text};
use crate::book::Book;
use anyhow::{Context, Result, ensure};
use std::collections::BTreeMap;

/// `order claim`, of each parcel that the carrier has acknowledged to be lost.
fn lost(book: &Book) -> Vec<(String, String)> {
    let pair = |note: &String| note.split_once(' ').map(|(order, claim)| (order.to_owned(), claim.to_owned()));
    book.noted("lost parcel").iter().filter_map(pair).collect()
}

/// Of which their order has not heard yet.
pub(super) fn unheard(book: &Book, all: &Map) -> Vec<String> {
    let there =
        |order: &str, claim: &str| all.get(order).is_some_and(|o| children(o, "claims").any(|c| c["id"] == claim));
    let open = lost(book).into_iter().filter(|(order, claim)| !there(order, claim));
    open.map(|(order, claim)| format!("the lost parcel {claim} is no claim of {order}")).collect()
}

pub(super) fn everything(book: &Book, all: &Map) -> Result<()> {
    let mut decided = BTreeMap::new();
    for note in book.noted("claim that was decided") {
        let [_, claim, fen] = note.split(' ').collect::<Vec<_>>()[..] else { anyhow::bail!("no decision: {note}") };
        decided.insert(claim.to_owned(), fen.parse()?);
    }
    for (order, claim) in lost(book) {
        let order = all.get(&order).with_context(|| format!("the order {order} is lost"))?;
        one_claim(order, &claim, decided.get(&claim).copied())?;
    }
    Ok(())
}

fn one_claim(order: &Value, id: &str, decided: Option<i64>) -> Result<()> {
    let [claim] = children(order, "claims").filter(|c| c["id"] == id).collect::<Vec<_>>()[..] else {
        anyhow::bail!("the lost parcel {id} is not one claim: {order}")
    };
    ensure!(claim["reason"] == "lost", "{claim}");
    let refund = |r: &&Value| r["reason"] == "parcel-claim";
    let back: i64 = children(order, "refunds").filter(refund).map(|r| fen(r, "amount")).sum();
    ensure!(back == fen(claim, "amount"), "{back} fen went back for {claim}: {order}");
    if claim["open"] == true {
        let held = fen(&order["escrow"], "held") == fen(order, "total") && text(order, "state") != "settled";
        ensure!(held && decided.is_none(), "the claim {id} is open, {decided:?} were decided: {order}");
    }
    ensure!(decided.is_none_or(|fen| fen == back), "{decided:?} fen were decided: {claim}");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_claim_that_is_lost_undone_or_paid_twice_is_found() {
        let order = |open: bool, amount: i64, refunds: &[i64], held: i64| {
            let refunds: Vec<Value> = refunds.iter().map(|a| json!({"reason": "parcel-claim", "amount": a})).collect();
            let claim = json!({"id": "r/1", "reason": "lost", "open": open, "amount": amount});
            json!({
                "id": "o", "state": "shipped", "total": 9, "claims": [claim], "refunds": refunds,
                "escrow": {"held": held},
            })
        };
        one_claim(&order(true, 0, &[], 9), "r/1", None).unwrap();
        one_claim(&order(false, 4, &[4], 5), "r/1", Some(4)).unwrap();
        assert!(one_claim(&order(true, 0, &[], 5), "r/1", None).is_err(), "not held");
        assert!(one_claim(&order(true, 0, &[], 9), "r/1", Some(4)).is_err(), "undone");
        assert!(one_claim(&order(false, 4, &[4, 4], 1), "r/1", Some(4)).is_err(), "twice");
        assert!(one_claim(&order(true, 0, &[], 9), "r/2", None).is_err(), "lost");
        let book = Book::default();
        book.note("lost parcel", "o r/2".to_owned());
        assert_eq!(unheard(&book, &Map::from([("o".to_owned(), order(true, 0, &[], 9))])).len(), 1);
    }
}

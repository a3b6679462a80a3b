//! Group buys: one has formed by as many paid orders as it takes, or everybody's money is back.

use super::{Client, Map, Market, Value, children, fen, text};
use crate::book::Book;
use anyhow::{Context, Result, ensure};

/// Groups whose deadline passes on its own: all of them are over within seconds.
pub(super) async fn open(market: &Market, book: &Book) -> Result<Vec<String>> {
    let mut open = Vec::new();
    for group in book.noted("group").difference(&book.noted("group that is over")) {
        let shown = market.manager.get(&format!("/api/groups/{group}")).await?.json()?;
        if shown["state"] == "failed" || shown["state"] == "formed" {
            book.note("group that is over", group.clone());
            book.count(if shown["state"] == "formed" { "groups that formed" } else { "groups that failed" });
        } else {
            open.push(shown.to_string());
        }
    }
    Ok(open)
}

pub(super) async fn everything(anybody: &Client, book: &Book, all: &Map) -> Result<()> {
    for group in book.noted("group") {
        let shown = anybody.get(&format!("/api/groups/{group}")).await?;
        ensure!(shown.status == 200, "the acknowledged group {group} is lost: {} {}", shown.status, shown.text);
        let of_group: Vec<&Value> = all.values().filter(|o| o["group"] == group.as_str()).collect();
        one_group(&shown.json()?, &of_group).with_context(|| format!("{of_group:?}"))?;
    }
    Ok(())
}

fn one_group(group: &Value, orders: &[&Value]) -> Result<()> {
    let formed = match &*text(group, "state") {
        "formed" => true,
        "failed" => false,
        other => anyhow::bail!("a group whose time is over is {other}: {group}"),
    };
    let mut stay = 0;
    for order in orders {
        let (escrow, state) = (&order["escrow"], text(order, "state"));
        let over = ["placed", "cancelled", "refunded"].contains(&&*state);
        stay += i64::from(!over);
        ensure!(formed || (over && state != "placed"), "its group has failed, and it is {state}: {order}");
        ensure!(formed || !children(order, "history").any(|h| h["state"] == "accepted"), "accepted: {order}");
        let back = fen(escrow, "captured") == fen(escrow, "refunded") && fen(escrow, "held") == 0;
        ensure!(!over || back, "its money is not back: {order}");
        ensure!(!over || children(order, "refunds").count() <= 1, "refunded more than once: {order}");
    }
    let (paid, minimum) = (fen(group, "paid"), fen(group, "minimum"));
    ensure!(!formed || (stay == paid && paid >= minimum), "{stay} orders stand in the group: {group}");
    ensure!(formed || paid < minimum, "enough have paid: {group}");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn order(state: &str, refunds: usize) -> Value {
        let back = if refunds > 0 { 9 } else { 0 };
        json!({
            "state": state, "refunds": vec![json!({"amount": 9}); refunds], "history": [{"state": state}],
            "escrow": {"captured": 9, "refunded": back, "held": 9 - back},
        })
    }

    #[test]
    fn a_group_that_forms_by_too_few_or_fails_and_keeps_money_is_found() {
        let group = |state: &str, paid: i64| json!({"state": state, "paid": paid, "minimum": 2});
        let (paid, back) = (order("paid", 0), order("refunded", 1));
        one_group(&group("formed", 2), &[&paid, &paid, &back]).unwrap();
        one_group(&group("failed", 1), &[&back]).unwrap();
        assert!(one_group(&group("formed", 2), &[&paid]).is_err(), "one order, and two are counted");
        assert!(one_group(&group("formed", 1), &[&paid]).is_err(), "too few");
        assert!(one_group(&group("failed", 1), &[&paid]).is_err(), "not refunded");
        assert!(one_group(&group("failed", 2), &[&back, &back]).is_err(), "enough had paid");
        assert!(one_group(&group("failed", 1), &[&order("refunded", 2)]).is_err(), "refunded twice");
        assert!(one_group(&group("open", 1), &[&paid]).is_err(), "it never ends");
    }
}

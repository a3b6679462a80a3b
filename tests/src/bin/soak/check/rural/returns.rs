//! Returns: what was decided stands, money goes back once and never over what the units are worth, and an open one holds
//! the money.

use super::{Map, Market, Value, children, fen, pages, text};
use crate::book::Book;
use anyhow::{Context, Result, ensure};
use std::collections::BTreeMap;

/// States in which somebody has a word to say, and the money waits.
const OPEN: [&str; 5] = ["asked", "approved", "sent", "inspected", "disputed"];

pub(super) async fn everything(market: &Market, book: &Book, orders: &Map) -> Result<()> {
    let mut all = Map::new();
    for seller in &market.sellers {
        for back in pages(seller, "/api/store/returns", "returns").await? {
            ensure!(all.insert(text(&back, "id"), back.clone()).is_none(), "two stores have a return: {back}");
        }
    }
    for id in book.noted("return") {
        ensure!(all.contains_key(&id), "the acknowledged return {id} is lost");
    }
    for decided in book.noted("return that was decided") {
        stands(&decided, &all)?;
    }
    let mut of_order: BTreeMap<String, Vec<&Value>> = BTreeMap::new();
    for back in all.values() {
        of_order.entry(text(back, "order")).or_default().push(back);
    }
    for (order, returns) in of_order {
        one_order(orders.get(&order).with_context(|| format!("the order {order} is lost"))?, &returns)?;
    }
    Ok(())
}

/// `id state fen`, as it was acknowledged.
fn stands(decided: &str, all: &Map) -> Result<()> {
    let [id, state, fen_back] = decided.split(' ').collect::<Vec<_>>()[..] else {
        anyhow::bail!("no decision: {decided}")
    };
    let now = all.get(id).with_context(|| format!("the return {id} is lost"))?;
    let same = now["state"] == state && fen(now, "refunded").to_string() == fen_back;
    ensure!(same, "it was decided: {decided}, and it says {now}");
    Ok(())
}

fn one_order(order: &Value, returns: &[&Value]) -> Result<()> {
    let mut paid = 0;
    for back in returns {
        let (state, refunded) = (text(back, "state"), fen(back, "refunded"));
        ensure!((0..=fen(back, "amount")).contains(&refunded), "more than its units are worth went back: {back}");
        ensure!(refunded == 0 || ["refunded", "arbitrated"].contains(&&*state), "refunded undecided: {back}");
        ensure!(state != "refunded" || refunded == fen(back, "amount"), "less than its units are worth: {back}");
        paid += refunded;
    }
    let of_return = |r: &&Value| ["return", "arbitration"].contains(&&*text(r, "reason"));
    let refunds: i64 = children(order, "refunds").filter(of_return).map(|r| fen(r, "amount")).sum();
    ensure!(refunds == paid, "{paid} fen are due for its returns, {refunds} went back: {order} {returns:?}");
    let open: Vec<&&Value> = returns.iter().filter(|r| OPEN.contains(&&*text(r, "state"))).collect();
    ensure!(open.len() <= 1, "two returns are open: {open:?}");
    let id = open.first().map_or(&Value::Null, |r| &r["id"]);
    ensure!(order["open_return"] == *id, "{id} is open: {order}");
    let held = fen(&order["escrow"], "held") > 0 && order["state"] != "settled";
    ensure!(open.is_empty() || held, "a return is open, and the money is gone: {order} {open:?}");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn back(state: &str, refunded: i64) -> Value {
        json!({"id": "o.1", "order": "o", "state": state, "amount": 100, "refunded": refunded})
    }

    fn order(open: Value, refunded: i64, held: i64) -> Value {
        let refunds = json!([{"reason": "arbitration", "amount": refunded}, {"reason": "缺货", "amount": 7}]);
        json!({"id": "o", "state": "delivered", "open_return": open, "refunds": refunds, "escrow": {"held": held}})
    }

    #[test]
    fn money_that_goes_back_twice_too_much_or_undecided_is_found() {
        let check = |order: Value, returns: &[Value]| one_order(&order, &returns.iter().collect::<Vec<_>>());
        check(order(json!("o.1"), 0, 9), &[back("disputed", 0)]).unwrap();
        check(order(Value::Null, 40, 9), &[back("arbitrated", 40)]).unwrap();
        assert!(check(order(Value::Null, 80, 9), &[back("arbitrated", 40)]).is_err(), "twice");
        assert!(check(order(Value::Null, 101, 9), &[back("arbitrated", 101)]).is_err(), "too much");
        assert!(check(order(Value::Null, 40, 9), &[back("rejected", 40)]).is_err(), "undecided");
        assert!(check(order(json!("o.1"), 0, 0), &[back("disputed", 0)]).is_err(), "not held");
        assert!(check(order(Value::Null, 0, 9), &[back("asked", 0)]).is_err(), "the order does not know");
        let all = Map::from([("o.1".to_owned(), back("arbitrated", 40))]);
        stands("o.1 arbitrated 40", &all).unwrap();
        assert!(stands("o.1 arbitrated 41", &all).is_err() && stands("o.2 arbitrated 40", &all).is_err());
    }
}

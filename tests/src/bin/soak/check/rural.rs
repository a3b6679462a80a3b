//! Rural e-commerce: each order's escrow is whole, nothing is sold beyond the stock, the city is the sum of its counties,
//! and an order is counted once.

mod claims;
mod groups;
mod recall;
mod returns;

use super::{City, Client, Map, Value, children, fen, kept, pages, text};
use crate::book::Book;
use crate::load::rural::{APP, Goods, Market, ORDER};
use anyhow::{Context, Result, bail, ensure};
use std::collections::{BTreeMap, BTreeSet};

/// The four levels, from the city to the villages.
const LEVELS: usize = 4;

/// Every order, from the stores' side.
pub(super) async fn orders(market: &Market) -> Result<Map> {
    let mut all = Map::new();
    for seller in &market.sellers {
        for order in pages(seller, "/api/store/orders", "orders").await? {
            ensure!(all.insert(text(&order, "id"), order.clone()).is_none(), "two stores have an order: {order}");
        }
    }
    Ok(all)
}

/// What happens by itself: to an order, a group whose time is over, a parcel that was lost.
pub(super) async fn moving(market: &Market, book: &Book, all: &Map) -> Result<Vec<String>> {
    let bad = recall::batches(book);
    let waits = all.values().filter(|o| moves(o) || recall::waits(o, &bad));
    let mut moving: Vec<String> = waits.map(Value::to_string).collect();
    moving.extend(claims::unheard(book, all));
    moving.extend(groups::open(market, book).await?);
    Ok(moving)
}

/// Whether something happens to it by itself.
fn moves(order: &Value) -> bool {
    let unasked = |s: &Value| s["carrier"] == "city" && s["waybill"].is_null() && s["refused"].is_null();
    matches!(order["state"].as_str(), Some("confirmed" | "refunding"))
        || children(order, "refunds").any(|r| r["state"] == "asked")
        || children(order, "shipments").any(unasked)
}

/// What of its payer's money has not been returned.
pub(super) fn stays(order: &Value) -> i64 {
    fen(&order["escrow"], "captured") - fen(&order["escrow"], "refunded")
}

/// The escrow accounts of the ledger are those of the orders, one by one.
pub(super) fn escrows(orders: &Map, report: &Value) -> Option<String> {
    let mut held: Vec<i64> = orders.values().map(|o| fen(&o["escrow"], "held")).filter(|held| *held != 0).collect();
    let parts = report["escrows"].as_object().map(|all| all.values().cloned().collect::<Vec<_>>()).unwrap_or_default();
    let mut there: Vec<i64> = parts.iter().map(|p| fen(p, "held")).filter(|held| *held != 0).collect();
    held.sort_unstable();
    there.sort_unstable();
    let balance = |account: &str| report["balances"][account].as_i64().unwrap_or(0);
    let payee = format!("payee:{APP}:");
    let balances = report["balances"].as_object().into_iter().flatten();
    let paid_out: i64 = balances.filter(|(a, _)| a.starts_with(&payee)).filter_map(|(_, b)| b.as_i64()).sum();
    let released: i64 = orders.values().map(|o| fen(&o["escrow"], "released")).sum();
    let same = held == there
        && -balance(&format!("escrow:{APP}")) == held.iter().sum::<i64>()
        && balance(&format!("returning:{APP}")) == 0
        && -paid_out == released;
    (!same).then(|| format!("the orders hold {held:?} and released {released}, the ledger says {report}"))
}

pub(super) async fn everything(city: &City, book: &Book, market: &Market, carrier: &Client, all: &Map) -> Result<()> {
    kept(book, ORDER, all)?;
    all.values().try_for_each(account)?;
    let anybody = city.client(APP)?;
    stocks(&anybody, market, all).await?;
    returns::everything(market, book, all).await?;
    recall::everything(&anybody, book, all).await?;
    groups::everything(&anybody, book, all).await?;
    claims::everything(book, all)?;
    figures(&anybody, market, all).await?;
    waybills(carrier, all).await
}

/// What came in is held, was paid out or went back, and says the same as the state.
fn account(order: &Value) -> Result<()> {
    let (escrow, total, state) = (&order["escrow"], fen(order, "total"), text(order, "state"));
    let of = |what: &str| fen(escrow, what);
    let (captured, released, refunded, held) = (of("captured"), of("released"), of("refunded"), of("held"));
    ensure!(captured == released + refunded + held, "the escrow is not whole: {order}");
    ensure!([captured, released, refunded, held].iter().all(|f| *f >= 0), "less than nothing: {order}");
    ensure!(captured == 0 || captured == total, "{total} fen were asked for: {order}");
    let mut returned = 0;
    for refund in children(order, "refunds") {
        ensure!(refund["state"] == "settled", "the sandbox refuses no refund: {order}");
        returned += fen(refund, "amount");
    }
    ensure!(returned == refunded, "the refunds sum to {returned}: {order}");
    let division = &order["division"];
    let divided: i64 = ["platform", "station", "seller"].iter().map(|part| fen(division, part)).sum();
    ensure!(divided == released, "what was divided is {divided}: {order}");
    match &*state {
        "placed" => ensure!(captured == 0, "it was paid for: {order}"),
        "cancelled" | "refunded" => ensure!(refunded == captured, "money rests without goods: {order}"),
        "settled" => ensure!(captured == total && held == 0, "money rests in a settled order: {order}"),
        _ => ensure!(captured == total && released == 0 && held > 0, "goods without money: {order}"),
    }
    Ok(())
}

/// What is left and what is in orders is what there was. An order that nobody pays for is given up by itself after some
/// minutes, also while one looks: what is left counts when the orders before and after it say the same.
async fn stocks(anybody: &Client, market: &Market, all: &Map) -> Result<()> {
    let mut before = all.clone();
    for _ in 0..10 {
        let mut left = Vec::new();
        for goods in &market.goods {
            let shown = anybody.get(&format!("/api/listings/{}", goods.listing)).await?.json()?;
            left.push(fen(&shown["skus"][0], "left"));
        }
        let after = orders(market).await?;
        if market.goods.iter().all(|goods| sold(goods, &before) == sold(goods, &after)) {
            return market.goods.iter().zip(left).try_for_each(|(goods, left)| stock(goods, &after, left));
        }
        before = after;
    }
    bail!("what is sold goes on changing while nobody is at work")
}

/// Units that are in orders. What was sent does not come back into the stock, though its money went back.
fn sold(goods: &Goods, all: &Map) -> i64 {
    let gone = |o: &&Value| match o["state"].as_str() {
        Some("cancelled") => false,
        Some("refunded") => children(o, "shipments").next().is_some(),
        _ => true,
    };
    let lines = all.values().filter(gone).flat_map(|o| children(o, "lines"));
    lines.filter(|l| l["listing"] == goods.listing.as_str()).map(|l| fen(l, "quantity")).sum()
}

fn stock(goods: &Goods, all: &Map, left: i64) -> Result<()> {
    let sold = sold(goods, all);
    ensure!(
        (0..=goods.stock).contains(&sold) && sold + left == goods.stock,
        "{}: {sold} of {} are sold, {left} are left",
        goods.listing,
        goods.stock
    );
    Ok(())
}

/// Orders that a store accepted, what they were worth, and what of it went back.
fn counted(all: &Map) -> [i64; 3] {
    let accepted = |o: &&Value| children(o, "history").any(|h| h["state"] == "accepted");
    all.values().filter(accepted).fold([0; 3], |[orders, amount, refunded], o| {
        [orders + 1, amount + fen(o, "total"), refunded + fen(&o["escrow"], "refunded")]
    })
}

/// From the city down to the villages where something was sold: each level is the sum of what is below it, and the city
/// is what the orders say.
async fn figures(anybody: &Client, market: &Market, all: &Map) -> Result<()> {
    let what = ["orders", "amount", "refunded"];
    let of = |figure: &Value| what.map(|w| fen(figure, w));
    let today = yunlong_tests::day(0);
    let months = BTreeSet::from([market.month.as_str(), today.get(..7).context("no month")?]);
    let mut city = [0; 3];
    for month in months {
        let mut level = BTreeMap::from([("320300".to_owned(), None)]);
        for depth in 0..LEVELS {
            let mut next = BTreeMap::new();
            for (code, above) in level {
                let shown = anybody.get(&format!("/api/figures?division={code}&period={month}")).await?.json()?;
                let here = of(&shown["of"]);
                ensure!(above.is_none_or(|above| above == here), "{code} in {month} is not as the level above says");
                let below: Vec<(String, [i64; 3])> =
                    children(&shown, "below").map(|b| (text(b, "code"), of(b))).collect();
                let sum = below.iter().fold([0; 3], |sum, (_, b)| std::array::from_fn(|i| sum[i] + b[i]));
                ensure!(depth + 1 == LEVELS || sum == here, "{code} in {month}: {here:?}, those below sum to {sum:?}");
                if depth == 0 {
                    city = std::array::from_fn(|i| city[i] + here[i]);
                }
                next.extend(below.into_iter().filter(|(_, b)| *b != [0; 3]).map(|(code, b)| (code, Some(b))));
            }
            level = next;
        }
    }
    let orders = counted(all);
    ensure!(city == orders, "the city counts {city:?} ({what:?}), the orders say {orders:?}");
    Ok(())
}

/// What the city's carrier was asked for has one waybill.
async fn waybills(carrier: &Client, all: &Map) -> Result<()> {
    let mut of_request: BTreeMap<String, String> = BTreeMap::new();
    // Others are of trades that are not of this app.
    for waybill in pages(carrier, "/api/waybills", "items").await?.iter().filter(|w| w["request"].is_string()) {
        let (request, id) = (text(waybill, "request"), text(waybill, "id"));
        if let Some(first) = of_request.insert(request, id.clone()) {
            anyhow::bail!("one shipment has two waybills, {first} and {id}");
        }
    }
    for shipment in all.values().flat_map(|o| children(o, "shipments")).filter(|s| s["carrier"] == "city") {
        ensure!(shipment["refused"].is_null(), "the carrier refuses nothing here: {shipment}");
        ensure!(
            of_request.get(&text(shipment, "request")) == Some(&text(shipment, "waybill")),
            "no waybill: {shipment}"
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn order(state: &str, [captured, released, refunded, held]: [i64; 4]) -> Value {
        let refunds = if refunded == 0 { json!([]) } else { json!([{"amount": refunded, "state": "settled"}]) };
        json!({
            "id": "a", "state": state, "total": 1_000, "refunds": refunds, "shipments": [],
            "escrow": {"captured": captured, "released": released, "refunded": refunded, "held": held},
            "division": {"platform": released, "station": 0, "seller": 0},
            "lines": [{"listing": "bed", "quantity": 2}], "history": [{"state": "accepted"}],
        })
    }

    #[test]
    fn money_without_goods_and_goods_without_money_are_found() {
        for fine in [
            order("placed", [0; 4]),
            order("paid", [1_000, 0, 0, 1_000]),
            order("delivered", [1_000, 0, 10, 990]),
            order("settled", [1_000, 990, 10, 0]),
            order("refunded", [1_000, 0, 1_000, 0]),
            order("cancelled", [0; 4]),
            order("cancelled", [1_000, 0, 1_000, 0]),
        ] {
            account(&fine).unwrap();
            assert!(!moves(&fine));
        }
        for wrong in [
            order("paid", [0; 4]),
            order("paid", [1_000, 0, 0, 999]),
            order("paid", [999, 0, 0, 999]),
            order("settled", [1_000, 900, 0, 100]),
            order("refunded", [1_000, 0, 999, 1]),
            order("cancelled", [1_000, 0, 0, 1_000]),
        ] {
            assert!(account(&wrong).is_err(), "{wrong}");
        }
        let mut asked = order("paid", [1_000, 0, 10, 990]);
        asked["refunds"][0]["state"] = "asked".into();
        assert!(account(&asked).is_err() && moves(&asked));
    }

    #[test]
    fn a_unit_too_many_or_too_few_is_found() {
        let goods = Goods::of("bed", 4);
        let all = |states: &[&str]| -> Map {
            states.iter().enumerate().map(|(n, s)| (n.to_string(), order(s, [0; 4]))).collect()
        };
        stock(&goods, &all(&["paid", "settled", "cancelled"]), 0).unwrap();
        assert!(stock(&goods, &all(&["paid", "settled", "refunded"]), 2).is_err(), "given back twice");
        assert!(stock(&goods, &all(&["paid", "settled", "placed"]), -2).is_err(), "oversold");
        // What was sent and refunded is not back.
        let (mut back, mut sent) = (all(&["paid"]), order("refunded", [0; 4]));
        sent["shipments"] = json!([{"carrier": "store"}]);
        back.insert("1".to_owned(), sent);
        stock(&goods, &back, 0).unwrap();
        assert!(stock(&goods, &back, 2).is_err(), "sold once more");
    }

    #[test]
    fn the_ledger_holds_what_the_orders_hold() {
        let all = Map::from([
            ("a".to_owned(), order("paid", [1_000, 0, 0, 1_000])),
            ("b".to_owned(), order("settled", [1_000, 1_000, 0, 0])),
        ]);
        let report = |held: i64, on_the_way: i64| {
            let mut balances = serde_json::Map::new();
            balances.insert(format!("escrow:{APP}"), (-held).into());
            balances.insert(format!("returning:{APP}"), (-on_the_way).into());
            balances.insert(format!("payee:{APP}:x"), (-1_000).into());
            json!({"balances": balances, "escrows": {"i": {"held": held, "refunding": on_the_way}}})
        };
        assert_eq!(escrows(&all, &report(1_000, 0)), None);
        assert!(escrows(&all, &report(999, 0)).is_some() && escrows(&all, &report(1_000, 1)).is_some());
        assert_eq!(counted(&all), [2, 2_000, 0]);
    }
}

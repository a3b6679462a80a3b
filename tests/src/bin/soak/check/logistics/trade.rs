//! Three flows: funds are released and an invoice settles only where order, waybill, receipt and payment agree, as each of
//! them is found on its own list.

use super::{Finance, Map, Value, all_of, fen, text};
use crate::book::Book;
use crate::load::logistics::{BUYER, MANUFACTURER};
use anyhow::{Context, Result, ensure};
use std::collections::BTreeMap;

pub(super) async fn everything(book: &Book, finance: &Finance, receipts: &Map) -> Result<()> {
    let flows = all_of(&finance.regulator, "/api/flows").await?;
    let waybills = all_of(&finance.carrier, "/api/waybills").await?;
    for flow in book.noted("flow") {
        ensure!(flows.contains_key(&flow), "the acknowledged trade {flow} is lost");
    }
    for flow in book.noted("trade that was settled") {
        let flow = flows.get(&flow).with_context(|| format!("the settled trade {flow} is lost"))?;
        ensure!(flow["state"] == "settled" && flow["invoice"].is_string(), "it was settled: {flow}");
    }
    let mut payments = BTreeMap::new();
    for (id, flow) in &flows {
        let linked = |part: &str, all: &Map| all.get(&text(&flow[part], part)).cloned().unwrap_or_default();
        side_by_side(flow, &linked("waybill", &waybills), &linked("receipt", receipts))?;
        if let Some(number) = flow["payment"]["bank_reference"].as_str()
            && let Some(first) = payments.insert(number.to_owned(), id)
        {
            anyhow::bail!("one payment is of two trades, {first} and {id}");
        }
    }
    Ok(())
}

fn side_by_side(flow: &Value, waybill: &Value, receipt: &Value) -> Result<()> {
    let (order, payment) = (&flow["order"], &flow["payment"]);
    let same = |a: &Value, b: &Value| !a.is_null() && a == b;
    let agree = same(&waybill["order"], &order["number"])
        && same(&waybill["goods"], &order["goods"])
        && same(&waybill["proof"]["quantity"], &order["quantity"])
        && same(&receipt["goods"], &order["goods"])
        && same(&receipt["quantity"], &order["quantity"])
        && [BUYER, MANUFACTURER].contains(&&*text(receipt, "holder"))
        && same(&payment["amount"], &order["amount"])
        && payment["payer"] == BUYER
        && payment["payee"] == MANUFACTURER;
    let points = flow["disagreements"].as_array().map_or(0, Vec::len);
    ensure!(agree == (points == 0), "{points} points do not agree: {flow} {waybill} {receipt}");
    let released = flow["state"] != "open";
    ensure!(agree || !released, "{} fen were released: {flow} {waybill} {receipt}", fen(order, "amount"));
    ensure!(released == flow["released_at"].is_string(), "{flow}");
    ensure!(flow["invoice"].is_null() == (flow["state"] != "settled"), "{flow}");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn funds_without_goods_money_or_a_proof_are_found() {
        let flow = |state: &str, points: &[&str]| {
            json!({
                "state": state, "disagreements": points, "invoice": null,
                "released_at": if state == "open" { Value::Null } else { json!("t") },
                "order": {"number": "S", "goods": "coal", "quantity": 3, "amount": 9},
                "payment": {"amount": 9, "payer": BUYER, "payee": MANUFACTURER},
            })
        };
        let waybill = |proof: Value| json!({"order": "S", "goods": "coal", "proof": proof});
        let receipt = |quantity: u64| json!({"goods": "coal", "quantity": quantity, "holder": MANUFACTURER});
        let arrived = || waybill(json!({"quantity": 3}));
        side_by_side(&flow("released", &[]), &arrived(), &receipt(3)).unwrap();
        side_by_side(&flow("open", &["no-proof"]), &waybill(Value::Null), &receipt(3)).unwrap();
        assert!(side_by_side(&flow("released", &["no-proof"]), &waybill(Value::Null), &receipt(3)).is_err());
        assert!(side_by_side(&flow("released", &[]), &arrived(), &receipt(2)).is_err(), "a kilogram too few");
        assert!(side_by_side(&flow("open", &[]), &Value::Null, &receipt(3)).is_err(), "it says that they agree");
        let mut unpaid = flow("released", &[]);
        unpaid["payment"] = Value::Null;
        assert!(side_by_side(&unpaid, &arrived(), &receipt(3)).is_err());
    }
}

//! Logistics finance: the ledger sums to zero, one pledge stands on a receipt, receipts of a lot are within it, a loan is
//! paid out once, and what was booked is still there.

mod margin;
mod sensors;
mod trade;

pub(super) use margin::moves;

use super::{Map, Value, all_of, children, fen, kept, pages, text};
use crate::book::Book;
use crate::load::logistics::{Finance, LOAN, RECEIPT};
use anyhow::{Context, Result, bail, ensure};
use futures::{StreamExt as _, TryStreamExt as _};
use std::collections::BTreeMap;

/// States in which a receipt promises goods.
const LIVE: &[&str] = &["issued", "pledge-pending", "pledged", "frozen", "released"];
/// States of a loan in which money went out.
const PAID_OUT: &[&str] = &["disbursed", "repaying", "overdue", "settled", "disposal", "written-off"];

pub(super) async fn everything(book: &Book, finance: &Finance) -> Result<()> {
    let loans = all_of(&finance.regulator, "/api/loans").await?;
    let receipts = all_of(&finance.regulator, "/api/receipts").await?;
    let lots = all_of(&finance.clerk, "/api/lots").await?;
    kept(book, LOAN, &loans)?;
    kept(book, RECEIPT, &receipts)?;
    for lot in book.noted("lot") {
        ensure!(lots.contains_key(&lot), "the acknowledged lot {lot} is lost");
    }
    lots.values().try_for_each(|lot| promised(lot, &receipts))?;
    let mut register = Vec::new();
    for bank in &finance.banks {
        register.extend(pages(&bank.checker, "/api/pledges", "items").await?);
    }
    standing(&register, &receipts, &loans)?;
    let mut alerts = Vec::new();
    for bank in &finance.banks {
        alerts.extend(pages(&bank.checker, "/api/alerts", "items").await?);
    }
    sensors::everything(book, finance, &lots, &receipts, &alerts).await?;
    margin::called(book, &loans, &alerts)?;
    trade::everything(book, finance, &receipts).await?;
    let entries: BTreeMap<String, Vec<Value>> = futures::stream::iter(loans.keys())
        .map(|loan| async move {
            let entries = pages(&finance.regulator, &format!("/api/loans/{loan}/entries"), "items").await?;
            anyhow::Ok((loan.clone(), entries))
        })
        .buffer_unordered(8)
        .try_collect()
        .await?;
    let mut accounts = BTreeMap::new();
    for (id, loan) in &loans {
        let of_loan = entries.get(id).context("no entries")?;
        booked(loan, of_loan)?;
        secured(loan, &register)?;
        for posting in of_loan.iter().flat_map(|e| children(e, "postings")) {
            *accounts.entry(text(posting, "account")).or_insert(0) += fen(posting, "amount");
        }
    }
    ensure!(accounts.values().sum::<i64>() == 0, "the ledger does not sum to zero: {accounts:?}");
    for repayment in book.noted("repayment") {
        let (loan, reference) = repayment.split_once('/').context("a repayment without a loan")?;
        let loan = loans.get(loan).with_context(|| format!("the loan {loan} is lost"))?;
        let there = children(loan, "repayments").filter(|r| r["bank_reference"] == reference).count();
        ensure!(there == 1, "the acknowledged repayment {reference} is there {there} times: {loan}");
    }
    Ok(())
}

/// Live receipts promise no more than lies there, and the lot's books say how much.
fn promised(lot: &Value, receipts: &Map) -> Result<()> {
    let live = receipts.values().filter(|r| r["lot"] == lot["id"] && LIVE.contains(&&*text(r, "state")));
    let sum: i64 = live.map(|r| fen(r, "quantity")).sum();
    ensure!(sum <= fen(lot, "quantity") && sum == fen(lot, "receipted"), "receipts promise {sum}: {lot}");
    Ok(())
}

/// At most one pledge stands on a receipt; receipt, register and loan say the same.
fn standing(register: &[Value], receipts: &Map, loans: &Map) -> Result<()> {
    let mut standing = BTreeMap::new();
    for pledge in register.iter().filter(|p| p["ended_at"].is_null()) {
        if let Some(first) = standing.insert(text(pledge, "receipt"), pledge) {
            bail!("two pledges stand on one receipt: {first} {pledge}");
        }
        let receipt = receipts.get(&text(pledge, "receipt")).with_context(|| format!("no receipt: {pledge}"))?;
        let to = &receipt["pledged_to"];
        ensure!(to["loan"] == pledge["loan"] && to["bank"] == pledge["bank"], "{pledge} is not on {receipt}");
        ensure!(receipt["quantity"] == pledge["quantity"], "{pledge} is of another quantity than {receipt}");
        let loan = loans.get(&text(pledge, "loan")).with_context(|| format!("no loan: {pledge}"))?;
        ensure!(loan["state"] != "rejected", "{pledge} stands for a loan that was given up");
    }
    for receipt in receipts.values().filter(|r| matches!(r["state"].as_str(), Some("pledged" | "pledge-pending"))) {
        ensure!(standing.contains_key(&text(receipt, "id")), "pledged, and not in the register: {receipt}");
    }
    Ok(())
}

/// Each entry sums to zero, money goes out once, and what is left is what the entries say.
fn booked(loan: &Value, entries: &[Value]) -> Result<()> {
    for entry in entries {
        let sum: i64 = children(entry, "postings").map(|p| fen(p, "amount")).sum();
        ensure!(sum == 0, "an entry sums to {sum}: {entry}");
    }
    let out: Vec<&Value> = entries.iter().filter(|e| e["kind"] == "disbursement").collect();
    let state = text(loan, "state");
    ensure!(out.len() == usize::from(PAID_OUT.contains(&&*state)), "paid out {} times: {loan} {entries:?}", out.len());
    let Some(out) = out.first() else { return Ok(()) };
    let principal = fen(loan, "principal");
    let paid: i64 = children(out, "postings").map(|p| fen(p, "amount")).filter(|a| *a > 0).sum();
    ensure!(paid == principal, "{paid} fen were paid out: {loan}");
    let mut left = principal;
    for repayment in children(loan, "repayments") {
        let reference = &repayment["bank_reference"];
        let booked = entries.iter().filter(|e| e["kind"] == "repayment" && e["reference"] == *reference).count();
        ensure!(booked == 1, "the repayment {reference} is booked {booked} times: {loan}");
        left -= fen(repayment, "principal");
    }
    let booked = entries.iter().filter(|e| e["kind"] == "repayment").count();
    ensure!(booked == children(loan, "repayments").count(), "a repayment is in the books alone: {loan} {entries:?}");
    ensure!(left >= 0 && (state == "settled") == (left == 0), "{left} fen are left: {loan}");
    ensure!(fen(loan, "owed") >= left, "less is owed than is left, {left}: {loan}");
    Ok(())
}

/// Money went out on a signed contract, a registered pledge, and no more than the goods allow.
fn secured(loan: &Value, register: &[Value]) -> Result<()> {
    if !PAID_OUT.contains(&&*text(loan, "state")) {
        return Ok(());
    }
    let signed = loan["bank_signed_at"].is_string() && loan["borrower_signed_at"].is_string();
    ensure!(signed, "paid out without a signed contract: {loan}");
    let registered = register.iter().any(|p| p["loan"] == loan["id"] && p["registered_at"].is_string());
    ensure!(registered, "paid out without a registered pledge: {loan}");
    let most = fen(&loan["valuation"], "value") * fen(&loan["terms"], "ltv_bps") / 10_000;
    ensure!(fen(loan, "principal") <= most, "{most} fen could be lent: {loan}");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn loan(state: &str) -> Value {
        json!({
            "id": "L", "state": state, "principal": 700, "owed": 700, "repayments": [], "valuation": {"value": 1_000},
            "terms": {"ltv_bps": 7_000}, "bank_signed_at": "t", "borrower_signed_at": "t",
        })
    }

    fn entry(kind: &str, reference: &str, amount: i64) -> Value {
        let posting = |account: &str, amount: i64| json!({"account": account, "amount": amount});
        json!({"kind": kind, "reference": reference, "postings": [posting("a", amount), posting("b", -amount)]})
    }

    fn repaid(principal: i64) -> Value {
        let mut loan = loan("repaying");
        loan["repayments"] = json!([{"bank_reference": "R", "principal": principal}]);
        loan
    }

    #[test]
    fn money_that_goes_out_twice_or_never_comes_back_is_found() {
        let out = || entry("disbursement", "D", 700);
        booked(&loan("signed"), &[]).unwrap();
        booked(&loan("disbursed"), &[out()]).unwrap();
        booked(&repaid(100), &[out(), entry("repayment", "R", 100)]).unwrap();
        let mut lame = out();
        lame["postings"][0]["amount"] = json!(699);
        for (loan, entries) in [
            (loan("disbursed"), vec![]),
            (loan("signed"), vec![out()]),
            (loan("disbursed"), vec![out(), out()]),
            (loan("disbursed"), vec![lame]),
            (loan("settled"), vec![out()]),
            (loan("disbursed"), vec![out(), entry("repayment", "R", 100)]),
            (repaid(100), vec![out()]),
            (repaid(100), vec![out(), entry("repayment", "R", 100), entry("repayment", "R", 100)]),
        ] {
            assert!(booked(&loan, &entries).is_err(), "{loan} {entries:?}");
        }
    }

    #[test]
    fn money_without_a_contract_a_pledge_or_enough_goods_is_found() {
        let register = [json!({"loan": "L", "registered_at": "t"})];
        secured(&loan("disbursed"), &register).unwrap();
        assert!(secured(&loan("disbursed"), &[]).is_err());
        for (field, value) in [("bank_signed_at", Value::Null), ("principal", json!(701))] {
            let mut wrong = loan("disbursed");
            wrong[field] = value;
            assert!(secured(&wrong, &register).is_err(), "{field}");
        }
    }

    #[test]
    fn a_second_pledge_and_a_promise_too_many_are_found() {
        let receipt =
            json!({"id": "R", "lot": "T", "quantity": 3, "state": "pledged", "pledged_to": {"loan": "L", "bank": "B"}});
        let receipts = Map::from([("R".to_owned(), receipt)]);
        let loans = Map::from([("L".to_owned(), loan("signed"))]);
        let pledge = json!({"receipt": "R", "loan": "L", "bank": "B", "quantity": 3, "ended_at": null});
        standing(std::slice::from_ref(&pledge), &receipts, &loans).unwrap();
        let mut other = pledge.clone();
        other["bank"] = json!("C");
        for wrong in [vec![], vec![pledge.clone(), pledge], vec![other]] {
            assert!(standing(&wrong, &receipts, &loans).is_err(), "{wrong:?}");
        }
        let lot = |quantity: i64, receipted: i64| json!({"id": "T", "quantity": quantity, "receipted": receipted});
        promised(&lot(3, 3), &receipts).unwrap();
        assert!(promised(&lot(2, 3), &receipts).is_err() && promised(&lot(4, 2), &receipts).is_err());
    }
}

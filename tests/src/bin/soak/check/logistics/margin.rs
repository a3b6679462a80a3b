//! Margin calls: by the published prices and what is owed, a call is open where it must be and nowhere else, and the bank
//! was told of it once.

use super::{Finance, Map, PAID_OUT, Value, all_of, fen, pages, text};
use crate::book::Book;
use anyhow::{Context, Result, ensure};
use std::collections::BTreeMap;

/// Loans whose prices have changed and that nobody has looked at yet.
pub(crate) async fn moves(finance: &Finance) -> Result<Vec<String>> {
    let quotes = pages(&finance.regulator, "/api/quotes", "items").await?;
    let prices: BTreeMap<String, i64> = quotes.iter().map(|q| (text(q, "goods"), fen(q, "price"))).collect();
    let mut values: BTreeMap<String, i64> = BTreeMap::new();
    for bank in &finance.banks {
        for pledge in pages(&bank.checker, "/api/pledges", "items").await? {
            if pledge["ended_at"].is_null() && pledge["registered_at"].is_string() {
                let price = prices.get(&text(&pledge, "goods")).context("no price")?;
                *values.entry(text(&pledge, "loan")).or_default() += fen(&pledge, "quantity") * price / 1_000;
            }
        }
    }
    let loans = all_of(&finance.regulator, "/api/loans").await?;
    let odd = loans.values().filter(|loan| !rightly(loan, values.get(&text(loan, "id")).copied().unwrap_or(0)));
    Ok(odd.map(|loan| format!("called or not called for more: {loan}")).collect())
}

/// Whether a call is open above the margin line, and none within what may be lent. In between it stays what it was.
fn rightly(loan: &Value, value: i64) -> bool {
    let state = text(loan, "state");
    if !PAID_OUT.contains(&&*state) || ["disposal", "settled", "written-off"].contains(&&*state) {
        return true;
    }
    let (owed, open) = (fen(loan, "owed") * 10_000, loan["margin"]["state"] == "open");
    let of = |line: &str| value * fen(&loan["terms"], line);
    if owed > of("margin_bps") { open } else { !open || owed > of("ltv_bps") }
}

/// Every call that was seen is on record, and was told to the bank once.
pub(super) fn called(book: &Book, loans: &Map, alerts: &[Value]) -> Result<()> {
    let calls = book.noted("margin call");
    for (id, loan) in loans {
        let told = alerts.iter().filter(|a| a["loan"] == id.as_str() && a["kind"] == "margin-call").count();
        let called = !loan["margin"].is_null();
        ensure!(called || !calls.contains(id), "a margin call is lost: {loan}");
        ensure!(told == usize::from(called), "the bank was told {told} times of a margin call: {loan}");
        let cured = alerts.iter().filter(|a| a["loan"] == id.as_str() && a["kind"] == "margin-cured").count();
        ensure!(cured <= usize::from(loan["margin"]["state"] == "cured"), "told {cured} times that it was met: {loan}");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn loan(owed: i64, margin: &str) -> Value {
        let margin = if margin.is_empty() { Value::Null } else { json!({"state": margin}) };
        json!({"id": "L", "state": "disbursed", "owed": owed, "margin": margin, "terms": {"ltv_bps": 7_000, "margin_bps": 8_000}})
    }

    #[test]
    fn a_call_too_many_or_too_few_is_found() {
        assert!(rightly(&loan(800, ""), 1_000) && rightly(&loan(801, "open"), 1_000));
        assert!(rightly(&loan(701, "open"), 1_000) && rightly(&loan(700, "cured"), 1_000));
        assert!(!rightly(&loan(801, ""), 1_000) && !rightly(&loan(801, "cured"), 1_000));
        assert!(!rightly(&loan(700, "open"), 1_000));
    }

    #[test]
    fn a_bank_that_was_told_twice_or_never_is_found() {
        let alert = || json!({"loan": "L", "kind": "margin-call"});
        let check =
            |loan: Value, alerts: &[Value]| called(&Book::default(), &Map::from([("L".to_owned(), loan)]), alerts);
        check(loan(1, "open"), &[alert()]).unwrap();
        check(loan(1, ""), &[]).unwrap();
        assert!(check(loan(1, "open"), &[]).is_err() && check(loan(1, "open"), &[alert(), alert()]).is_err());
        let book = Book::default();
        book.note("margin call", "L".to_owned());
        assert!(called(&book, &Map::from([("L".to_owned(), loan(1, ""))]), &[]).is_err(), "lost");
    }
}

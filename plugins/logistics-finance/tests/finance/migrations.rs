//! Rows of schema 1, written before there were the fields by which what waits is found.

use crate::acceptance::to_carry;
use crate::support::*;
use logistics_finance::LogisticsFinance;
use logistics_finance::domain::alert::{self, Alert};
use logistics_finance::domain::freight::FreightOrder;
use logistics_finance::domain::ledger::Entry;
use logistics_finance::domain::loan::Loan;
use logistics_finance::service::{freight, loans};
use logistics_finance::store::{ALERTS, ENTRIES, FREIGHT_ORDERS, LOANS, PLEDGES, WAREHOUSES, by};
use serde_json::Value;
use yunlong_sdk::{Collection, DataError, Document, Query, transact};

/// Writes every row of a collection as it was before some fields were.
fn age<T: Document>(rows: Collection<T>, without: &[&str]) {
    let mut after = None;
    loop {
        let page = rows.find(Query::by_id().limit(200).after(after)).unwrap();
        transact(|tx| {
            for row in &page.items {
                let mut old: Value = serde_json::to_value(&row.value).unwrap();
                without.iter().for_each(|field| drop(old.as_object_mut().unwrap().remove(*field)));
                tx.put(&serde_json::from_value::<T>(old).unwrap())?;
            }
            Ok::<_, DataError>(())
        })
        .unwrap();
        after = page.next;
        if after.is_none() {
            return;
        }
    }
}

/// How many rows an index finds, whatever they are.
fn found<T: Document>(rows: Collection<T>, query: Query<T>) -> usize {
    rows.find(query.limit(200)).unwrap().items.len()
}

/// What waits, by each index that schema 2 has over a field of its own.
fn by_index() -> [usize; 5] {
    let warehouse = WAREHOUSES.find(Query::by_id().limit(1)).unwrap().items[0].id.clone();
    [
        found(PLEDGES, by::PLEDGE_WAREHOUSE.equals(warehouse.as_str())),
        found(ALERTS, by::ALERT_UNSEEN.equals(BANK_A)),
        found(FREIGHT_ORDERS, by::FREIGHT_OPEN.all()),
        found(ENTRIES, by::ENTRY_NUMBER.equals(BANK_A)),
        found(LOANS, by::LOAN_BANK_HELD.equals(BANK_A)),
    ]
}

/// A city in which something waits for each index, and more than a batch of alerts.
fn busy() -> Xuzhou {
    let x = Xuzhou::new();
    let (loan, _) = x.out(70_000_000);
    x.second_loan(&x.warehouse().id);
    loans::repay(&x.bank(BANK_A, "teller"), &loan.id, "RP-1", 1_000_000).unwrap();
    loans::repay(&x.bank(BANK_A, "teller"), &loan.id, "RP-2", 69_000_000).unwrap();
    freight::order(&x.company(A), None, &to_carry("PO-1")).unwrap();
    transact(|tx| {
        for n in 0..150 {
            tx.put(&Alert::new(&loan, alert::Kind::SensorGap, &n.to_string(), TUESDAY + n))?;
        }
        Ok::<_, DataError>(())
    })
    .unwrap();
    x
}

#[test]
fn what_was_written_before_an_index_had_its_field_is_found_again_once_it_is_migrated() {
    let x = busy();
    let before = by_index();
    assert!(before.iter().all(|n| *n > 0), "something waits for each: {before:?}");
    age(PLEDGES, &["warehouse"]);
    age(ALERTS, &["unseen"]);
    age(FREIGHT_ORDERS, &["open"]);
    age(ENTRIES, &["number"]);
    age(LOANS, &["held_since"]);
    assert_eq!(by_index(), [0; 5], "nothing of it is found");
    let all = x.migrate::<LogisticsFinance>(1, 2).unwrap();
    assert_eq!(by_index(), before);
    assert!(all > 150, "every row was looked at, in batches: {all}");
    let loans: Vec<_> = LOANS.find(Query::by_id().limit(200)).unwrap().items;
    x.migrate::<LogisticsFinance>(1, 2).unwrap();
    let again: Vec<_> = LOANS.find(Query::by_id().limit(200)).unwrap().items;
    let versions = |rows: &[yunlong_sdk::Stored<Loan>]| rows.iter().map(|l| l.version).collect::<Vec<_>>();
    assert_eq!(versions(&loans), versions(&again), "what has its fields is not written again");
}

#[test]
fn a_number_that_two_entries_bear_from_before_it_was_forbidden_stays_with_one() {
    let x = busy();
    age(ENTRIES, &["number"]);
    let entries = ENTRIES.find(by::ENTRY_BANK.equals(BANK_A)).unwrap().items;
    let repaid = entries.iter().find(|e| e.reference() == "RP-1").unwrap();
    let mut twin = serde_json::to_value(&repaid.value).unwrap();
    twin["loan"] = "LN-OTHER".into();
    transact(|tx| tx.put(&serde_json::from_value::<Entry>(twin.clone()).unwrap())).unwrap();
    x.migrate::<LogisticsFinance>(1, 2).unwrap();
    assert_eq!(found(ENTRIES, by::ENTRY_NUMBER.equals(BANK_A).equals("RP-1")), 1);
}

#[test]
fn what_was_seen_taken_or_let_go_does_not_wait_again() {
    let x = busy();
    transact(|tx| {
        for row in ALERTS.find(Query::by_id().limit(200))?.items {
            let mut alert = row.into_value();
            alert.see("officer");
            tx.put(&alert)?;
        }
        for row in FREIGHT_ORDERS.find(Query::by_id().limit(200))?.items {
            tx.put(&FreightOrder { open: None, waybill: Some("WB-1".into()), ..row.into_value() })?;
        }
        Ok::<_, DataError>(())
    })
    .unwrap();
    x.migrate::<LogisticsFinance>(1, 2).unwrap();
    let [_, alerts, orders, ..] = by_index();
    assert_eq!((alerts, orders), (0, 0));
}

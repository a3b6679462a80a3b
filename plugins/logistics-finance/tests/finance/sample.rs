//! The sample comes by messages, a part at a time, and once.

use crate::support::*;
use logistics_finance::LogisticsFinance;
use logistics_finance::domain::sample::{BANKS, STORIES, TRADES};
use logistics_finance::service::{install, loans, parties, receipts};
use logistics_finance::store::{LEDGER_SUM, LOANS, RECEIPTS, WAREHOUSES, WAYBILLS};
use yunlong_sdk::testing::TestCity;
use yunlong_sdk::{Query, data};

#[test]
fn two_hundred_receipts_and_loans_are_loaded_and_the_books_balance() {
    let city = TestCity::new(APP);
    city.set_now(TUESDAY as u64);
    city.install::<LogisticsFinance>().unwrap();
    let x = Xuzhou { city };
    x.settle();
    assert_eq!(install::progress().unwrap(), (STORIES + TRADES, STORIES + TRADES));
    let all = Query::by_id().limit(500);
    let receipts_loaded = RECEIPTS.find(all).unwrap().items;
    assert_eq!(receipts_loaded.len() as u64, STORIES + TRADES);
    assert_eq!(WAREHOUSES.find(Query::by_id().limit(500)).unwrap().items.len(), 12);
    assert_eq!(WAYBILLS.find(Query::by_id().limit(500)).unwrap().items.len() as u64, TRADES);
    assert_eq!(data::counter(LEDGER_SUM, "all").unwrap(), 0);
    let found = LOANS.find(Query::by_id().limit(500)).unwrap().items;
    let states: std::collections::BTreeSet<_> = found.iter().map(|l| l.state.code()).collect();
    assert_eq!(states.len(), 11, "{states:?}");
    let issued = receipts_loaded.iter().find(|r| r.issued_at.is_some()).unwrap();
    assert!(receipts::verify(&issued.id).unwrap().genuine);
    // Whom the sample names by a code, it calls by a name, without asking any register.
    let waybills = WAYBILLS.find(Query::by_id().limit(500)).unwrap().items;
    let carried = waybills.iter().flat_map(|w| [w.shipper.as_str(), w.carrier.as_str()]);
    let lent = found.iter().flat_map(|l| [l.borrower.as_str(), l.bank.as_str()]);
    let held = receipts_loaded.iter().flat_map(|r| [r.holder.as_str(), r.custodian.as_str()]);
    let codes: std::collections::BTreeSet<&str> = carried.chain(lent).chain(held).collect();
    let names = parties::names(codes.iter().copied());
    let nameless: Vec<&&str> = codes.iter().filter(|c| names.get(c).is_none()).collect();
    assert!(nameless.is_empty() && x.shared_reads().is_empty(), "{nameless:?}");
    // A bank sees its own half.
    let mine = loans::list(&x.bank(BANKS[0], "officer"), None, 500, None).unwrap();
    assert!(mine.items.iter().all(|l| l.bank == BANKS[0]) && !mine.items.is_empty());
    // Installed without it, nothing is there.
    let empty = Xuzhou::new();
    empty.settle();
    assert_eq!(install::progress().unwrap().0, 0);
}

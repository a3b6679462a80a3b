//! The sample comes by messages, a part at a time, and once.

use crate::support::*;
use logistics_finance::LogisticsFinance;
use logistics_finance::domain::loan::{self, MarginCall};
use logistics_finance::domain::receipt;
use logistics_finance::domain::sample::{BANKS, STORIES, TRADES};
use logistics_finance::domain::sensor::{self, Device};
use logistics_finance::service::{install, keys, loans, parties, receipts};
use logistics_finance::store::{ALERTS, DEVICES, LEDGER_SUM, LOANS, RECEIPTS, SENSOR_EVENTS, WAREHOUSES, WAYBILLS};
use logistics_finance::views::overview;
use std::collections::BTreeSet;
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
    assert!(found.len() >= 200, "{} loans", found.len());
    for state in loan::State::ALL {
        assert!(found.iter().any(|l| l.state == state), "no loan is {}", state.code());
    }
    for state in receipt::State::ALL {
        assert!(receipts_loaded.iter().any(|r| r.state == state), "no receipt is {}", state.code());
    }
    assert!(found.iter().any(|l| l.frozen.is_some()));
    assert!(found.iter().any(|l| l.margin.as_ref().is_some_and(MarginCall::is_open)));
    let issued = receipts_loaded.iter().find(|r| r.issued_at.is_some()).unwrap();
    assert!(receipts::verify(&issued.id).unwrap().genuine);
    // Whom the sample names by a code, it calls by a name, without asking any register.
    let waybills = WAYBILLS.find(Query::by_id().limit(500)).unwrap().items;
    let carried = waybills.iter().flat_map(|w| [w.shipper.as_str(), w.carrier.as_str()]);
    let lent = found.iter().flat_map(|l| [l.borrower.as_str(), l.bank.as_str()]);
    let held = receipts_loaded.iter().flat_map(|r| [r.holder.as_str(), r.custodian.as_str()]);
    let codes: BTreeSet<&str> = carried.chain(lent).chain(held).collect();
    let names = parties::names(codes.iter().copied());
    let nameless: Vec<&&str> = codes.iter().filter(|c| names.get(c).is_none()).collect();
    assert!(nameless.is_empty() && x.shared_reads().is_empty(), "{nameless:?}");
    // A bank sees its own half.
    let mine = loans::list(&x.bank(BANKS[0], "officer"), None, 500, None).unwrap();
    assert!(mine.items.iter().all(|l| l.bank == BANKS[0]) && !mine.items.is_empty());
    // Every month of the year has its part, and every kind of alert that the stories know is on the lists.
    let year = overview::of(&x.regulator()).unwrap();
    assert!(year.months.iter().all(|(_, m)| m.lent > 0 && m.repaid > 0), "{:?}", year.months);
    let alerts = ALERTS.find(Query::by_id().limit(500)).unwrap().items;
    let kinds: BTreeSet<_> = alerts.iter().map(|a| a.kind.code()).collect();
    let told = ["borrower-changed", "goods-missing", "margin-call", "overdue"];
    assert!(told.iter().all(|kind| kinds.contains(kind)), "{kinds:?}");
    assert!(year.unseen > 0 && year.unseen < alerts.len());
    // What a gate has sent is signed by it.
    let events = SENSOR_EVENTS.find(Query::by_id().limit(500)).unwrap().items;
    let last = events.iter().max_by_key(|e| e.received_at).unwrap();
    let gate = Device { active: true, ..DEVICES.get(&last.reading.device).unwrap().unwrap().into_value() };
    sensor::believe(&keys(), Some(&gate), &last.reading, last.received_at).unwrap();
    // Installed without it, nothing is there.
    let empty = Xuzhou::new();
    empty.settle();
    assert_eq!(install::progress().unwrap().0, 0);
}

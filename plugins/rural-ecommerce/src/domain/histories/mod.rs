//! Random histories of a small trade, with crashes, abandoned transactions, and messages that come
//! late, twice or out of order. After every step every promise of the app is looked at.

mod acts;
mod city;
mod promises;
mod steps;

use crate::domain::machine::Machine;
use crate::domain::order::State;
use city::City;
use proptest::collection::vec;
use proptest::test_runner::{Config, TestRunner};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

/// How many histories there are.
const CASES: u32 = 3_000;

/// What a history came by, in words.
fn passed(city: &City) -> BTreeSet<String> {
    let orders = || city.orders.values();
    let states = orders().flat_map(|o| o.history.iter().map(|p| format!("order {}", p.state.code())));
    let returns = city.returns.values().map(|r| format!("return {}", r.state.code()));
    let refunds = orders().flat_map(|o| &o.refunds).map(|r| format!("refund {}", r.reason));
    let claims = orders().flat_map(|o| &o.claims).map(|c| format!("claim {} {:?}", c.reason.code(), c.state));
    let batches = city.batches.values().map(|b| format!("batch {}", b.state.code()));
    let group = format!("group {}", city.group.state.code());
    let shares = orders().filter_map(|o| o.release.as_ref()).filter(|r| r.division.station > 0);
    let shares = shares.map(|_| "commission of a station".to_owned());
    states.chain(returns).chain(refunds).chain(claims).chain(batches).chain(shares).chain([group]).collect()
}

/// Of a thousand histories, how many come by an end at the least: about a third of what do, since they differ from run
/// to run. A generator that never gets anywhere would keep every promise.
fn floors() -> Vec<(String, u32)> {
    // Goods are sent in two parts by chance alone.
    let floor = |s: &State| if *s == State::PartShipped { 12 } else { 140 };
    let orders = State::ALL.iter().map(|s| (format!("order {}", s.code()), floor(s)));
    let others = [
        ("group formed", 70),
        ("group failed", 250),
        ("return arbitrated", 90),
        ("return disputed", 25),
        ("return refunded", 65),
        ("return withdrawn", 30),
        ("batch failed", 60),
        ("batch recalled", 60),
        ("refund not-accepted", 170),
        ("refund not-shipped", 110),
        ("refund batch-failed", 9),
        ("refund late-payment", 75),
        ("refund parcel-claim", 15),
        ("claim lost Refunded", 7),
        ("claim damaged Dismissed", 8),
        ("claim overdue Open", 35),
        ("commission of a station", 40),
    ];
    orders.chain(others.map(|(end, floor)| (end.to_owned(), floor))).collect()
}

#[test]
fn every_promise_holds_in_every_history_and_histories_come_by_every_end() {
    let config = Config { cases: CASES, max_shrink_iters: 2_000, ..Config::with_source_file(file!()) };
    let seen = RefCell::new(BTreeMap::<String, u32>::new());
    let told = TestRunner::new(config).run(&vec(steps::op(), 10..70), |ops| {
        let city = steps::run(&ops);
        passed(&city).into_iter().for_each(|end| *seen.borrow_mut().entry(end).or_default() += 1);
        Ok(())
    });
    told.unwrap_or_else(|e| panic!("{e}"));
    let seen = seen.into_inner();
    for (end, floor) in floors() {
        let came = seen.get(&end).copied().unwrap_or(0);
        assert!(came * 1_000 >= floor * CASES, "`{end}` in {came} of {CASES} histories: {seen:#?}");
    }
}

/// What was found once stays found: histories that broke a promise while this was written.
#[test]
fn an_order_that_was_cancelled_and_paid_late_goes_back_whole() {
    use steps::Op;
    let _ = steps::run(&[
        Op::Place { first: (0, 2), second: None, group: false, off: 7, station: None, crash: false },
        Op::Cancel { order: 0, crash: false },
        Op::Capture { order: 0 },
        Op::Deliver { message: 0, keep: true, crash: true, refuse: false },
        Op::Deliver { message: 0, keep: true, crash: false, refuse: false },
        Op::Deliver { message: 0, keep: false, crash: false, refuse: true },
    ]);
}

//! Random histories of a small trade, with crashes, abandoned transactions, and messages that come
//! late, twice or out of order. After every step every promise of the app is looked at.

mod city;
mod promises;
mod steps;

use proptest::prelude::*;

proptest! {
    #![proptest_config(ProptestConfig { cases: 3_000, max_shrink_iters: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn every_promise_holds_in_every_history(ops in prop::collection::vec(steps::op(), 1..70)) {
        let _ = steps::run(&ops);
    }
}

#[test]
fn histories_reach_the_ends_of_an_orders_life() {
    use crate::domain::machine::Machine;
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;
    // A generator that never gets anywhere would keep every promise.
    let mut runner = TestRunner::deterministic();
    let mut seen = std::collections::BTreeSet::new();
    for _ in 0..1_500 {
        let ops = prop::collection::vec(steps::op(), 30..70).new_tree(&mut runner).unwrap().current();
        let city = steps::run(&ops);
        seen.extend(city.orders.values().flat_map(|o| o.history.iter().map(|p| p.state.code().to_owned())));
        seen.extend(city.returns.values().map(|r| format!("return {}", r.state.code())));
        let refunds = city.orders.values().flat_map(|o| &o.refunds);
        seen.extend(refunds.map(|r| format!("refund {}", r.reason)));
        let claims = city.orders.values().flat_map(|o| &o.claims);
        seen.extend(claims.map(|c| format!("claim {} {:?}", c.reason.code(), c.state)));
        seen.insert(format!("group {}", city.group.state.code()));
    }
    let states = crate::domain::order::State::ALL.iter().map(|s| s.code().to_owned());
    let others = [
        "return refunded",
        "return arbitrated",
        "return withdrawn",
        "return disputed",
        "refund not-accepted",
        "refund not-shipped",
        "refund batch-failed",
        "refund group-failed",
        "refund late-payment",
        "refund parcel-claim",
        "claim lost Refunded",
        "claim damaged Dismissed",
        "claim overdue Open",
        "group failed",
    ];
    for end in states.chain(others.map(str::to_owned)) {
        assert!(seen.contains(&end), "no history reached `{end}`: {seen:?}");
    }
}

/// A generator that never gets anywhere would keep every promise.
#[test]
fn histories_reach_every_state_of_an_order_and_groups_that_fail_and_batches_that_are_recalled() {
    use crate::domain::machine::Machine as _;
    use crate::domain::order::State;
    use proptest::strategy::ValueTree as _;
    use proptest::test_runner::TestRunner;
    let mut runner = TestRunner::deterministic();
    let mut seen = std::collections::BTreeSet::new();
    for _ in 0..600 {
        let ops = prop::collection::vec(steps::op(), 40..90).new_tree(&mut runner).unwrap().current();
        let city = steps::run(&ops);
        seen.extend(city.orders.values().flat_map(|o| o.history.iter().map(|p| p.state.code())));
        seen.insert(city.group.state.code());
        seen.extend(city.batches.values().map(|b| b.state.code()));
    }
    let wanted = State::ALL.iter().map(|s| s.code()).chain(["failed", "recalled"]);
    for state in wanted {
        assert!(seen.contains(state), "no history reached `{state}`: {seen:?}");
    }
}

/// What was found once stays found: histories that broke a promise while this was written.
#[test]
fn an_order_that_was_cancelled_and_paid_late_goes_back_whole() {
    use steps::Op;
    let _ = steps::run(&[
        Op::Place { first: (0, 2), second: None, group: false, off: 7, station: false, crash: false },
        Op::Cancel { order: 0, crash: false },
        Op::Capture { order: 0 },
        Op::Deliver { message: 0, keep: true, crash: true, refuse: false },
        Op::Deliver { message: 0, keep: true, crash: false, refuse: false },
        Op::Deliver { message: 0, keep: false, crash: false, refuse: true },
    ]);
}

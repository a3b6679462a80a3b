//! The promises of the trade over random histories: whatever warehouses, companies, banks, prices, gates and crashes
//! do, in whatever order.
//!
//! The model applies a step all or nothing, as a transaction does: a step that a rule or the unique index refuses, or
//! whose process dies before its commit, leaves no trace. Two transactions that read the same state are written one
//! after the other: the second is refused when what it read has changed.

mod city;
mod hands;
mod loans;
mod steps;

use city::City;
use proptest::prelude::*;
use steps::{op, run};

proptest! {
    #![proptest_config(ProptestConfig { cases: 3_000, max_shrink_iters: 2_000, ..ProptestConfig::default() })]
    #[test]
    fn no_history_breaks_a_promise(ops in prop::collection::vec(op(), 1..70)) {
        run(&mut City::new(), &ops);
    }
}

#[test]
fn histories_reach_the_ends_of_a_loans_life() {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;
    // A generator that never gets anywhere would keep every promise.
    let mut runner = TestRunner::deterministic();
    let mut seen = std::collections::BTreeSet::new();
    let mut kept_from = std::collections::BTreeSet::new();
    for _ in 0..1_500 {
        let ops = prop::collection::vec(op(), 40..90).new_tree(&mut runner).unwrap().current();
        let mut city = City::new();
        run(&mut city, &ops);
        seen.extend(city.loans.values().flat_map(|l| l.history.iter().map(|p| p.state.code())));
        seen.extend(city.receipts.values().flat_map(|r| r.history.iter().map(|p| p.state.code())));
        kept_from.extend(city.hands.refused);
    }
    for state in [
        "disbursed",
        "repaying",
        "overdue",
        "disposal",
        "settled",
        "rejected",
        "written-off",
        "pledged",
        "released",
        "frozen",
    ] {
        assert!(seen.contains(state), "no history reached `{state}`: {seen:?}");
    }
    for step in ["approve", "sign", "confirm-disbursement", "release", "confirm-sale", "write-off", "unfreeze"] {
        assert!(kept_from.contains(step), "nobody was kept from `{step}`: {kept_from:?}");
    }
}

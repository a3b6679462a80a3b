//! Random histories over the services: whoever does what, sent twice, in processes that die in front of any call of the
//! host. The rules have such tests in `domain::histories`; this one holds the adapter to them: documents, the ledger's
//! balances and the audit trail say the same after every step.

mod papers;
mod steps;

use crate::support::*;
use papers::{Papers, check};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use std::cell::RefCell;
use std::collections::BTreeMap;
use steps::{Run, Step, step};

const CASES: u32 = 4_000;

/// What becomes of the process that takes a step.
#[derive(Clone, Copy, Debug)]
enum Life {
    Lives,
    /// It dies in front of a call; whoever asked may ask again.
    Dies(u32, bool),
    /// Its answer is lost, and it is asked again.
    Again,
}

fn life() -> impl Strategy<Value = Life> {
    prop_oneof![
        7 => Just(Life::Lives),
        2 => (0_u32..25, any::<bool>()).prop_map(|(calls, again)| Life::Dies(calls, again)),
        1 => Just(Life::Again),
    ]
}

/// How often a history came by what is to be tried.
type Ends = BTreeMap<&'static str, u32>;

fn add(ends: &mut Ends, end: &'static str) {
    *ends.entry(end).or_default() += 1;
}

/// A step, its life, and what must hold after it.
fn take(run: &Run, before: Papers, step: &Step, life: Life, ends: &mut Ends) -> Papers {
    let Some(act) = run.plan(&before, step) else { return before };
    let done = match life {
        Life::Lives | Life::Again => act(&run.x),
        Life::Dies(calls, again) => match run.x.cut_after(calls, || act(&run.x)) {
            Some(done) => done,
            None => {
                add(ends, "died");
                let left = run.papers();
                // Messages are handled one by one, and each all or not at all.
                assert!(left == before || matches!(step, Step::Deliver), "half of {step:?} was written");
                check(&before, &left);
                return if again { take(run, left, step, Life::Lives, ends) } else { left };
            }
        },
    };
    let after = run.papers();
    check(&before, &after);
    if let Err(refusal) = &done {
        let written = Papers { audit: after.audit.clone(), ..before.clone() };
        assert_eq!(written, after, "a refusal changed something: {refusal:?}");
        add(ends, if after.audit == before.audit { "refused" } else { "same hands" });
        return after;
    }
    if step.lets_go() {
        after.goods_cover_what_is_owed();
    }
    if matches!(life, Life::Again) && step.once() {
        // Refused or answered with what is there: either way nothing more happens.
        let _ = act(&run.x);
        let twice = run.papers();
        assert_eq!(Papers { audit: after.audit.clone(), ..twice.clone() }, after, "{step:?} has its effect twice");
        add(ends, "again");
        return twice;
    }
    after
}

#[test]
fn documents_ledger_and_audit_keep_every_promise_whoever_does_what_and_dies_where() {
    let config = Config { cases: CASES, max_shrink_iters: 200, ..Config::with_source_file(file!()) };
    let ends = RefCell::new(Ends::new());
    let histories = prop::collection::vec((step(), life()), 20..45);
    let told = TestRunner::new(config).run(&histories, |steps| {
        let run = Run::new();
        let mut papers = run.papers();
        for (step, life) in &steps {
            papers = take(&run, papers, step, *life, &mut ends.borrow_mut());
        }
        run.x.settle();
        check(&papers, &run.papers());
        for state in papers.loans.values().flat_map(|l| &l.history) {
            add(&mut ends.borrow_mut(), state.state.code());
        }
        let gone = papers.receipts.values().any(|r| r.frozen.as_ref().is_some_and(|f| f.reason == "goods-missing"));
        if gone {
            add(&mut ends.borrow_mut(), "goods missing");
        }
        Ok(())
    });
    told.unwrap_or_else(|e| panic!("{e}"));
    // A generator that never gets anywhere would keep every promise.
    let ends = ends.into_inner();
    // A third of what was measured: histories differ from run to run.
    let floors = [
        ("died", 1_000),
        ("again", 600),
        ("refused", 9_000),
        ("same hands", 150),
        ("goods missing", 150),
        ("disbursed", 75),
        ("repaying", 60),
        ("settled", 50),
        ("rejected", 18),
    ];
    for (end, least) in floors {
        let came = ends.get(end).copied().unwrap_or(0);
        assert!(came >= least, "`{end}` {came} times: the histories try too little: {ends:#?}");
    }
}

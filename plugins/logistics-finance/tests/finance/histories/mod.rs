//! Random histories over the services: whoever does what, sent twice, in processes that die in front of any call of the
//! host. The rules have such tests in `domain::histories`; this one holds the adapter to them: documents, the ledger's
//! balances and the audit trail say the same after every step.

mod links;
mod papers;
mod steps;
mod trade;

use crate::support::*;
use papers::{Papers, check};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use std::cell::RefCell;
use std::collections::BTreeMap;
use steps::{BANKS, Run, Step};

const CASES: u32 = 4_000;
/// Histories of trades, beside those of loans.
const TRADES: u32 = 1_500;

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
type Ends = BTreeMap<String, u32>;

fn add(ends: &mut Ends, end: &str) {
    *ends.entry(end.to_owned()).or_default() += 1;
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

/// Runs so many histories, and answers how often they came by what is to be tried: states of loans, and acts by what the
/// audit trail calls them.
fn histories(cases: u32, step: impl Strategy<Value = Step>, banks: &[&str]) -> Ends {
    let config = Config { cases, max_shrink_iters: 200, ..Config::with_source_file(file!()) };
    let ends = RefCell::new(Ends::new());
    let histories = prop::collection::vec((step, life()), 20..45);
    let told = TestRunner::new(config).run(&histories, |steps| {
        let run = Run::new(banks);
        let mut papers = run.papers();
        for (step, life) in &steps {
            papers = take(&run, papers, step, *life, &mut ends.borrow_mut());
        }
        run.x.settle();
        check(&papers, &run.papers());
        let mut ends = ends.borrow_mut();
        for state in papers.loans.values().flat_map(|l| &l.history) {
            add(&mut ends, state.state.code());
        }
        for row in &papers.audit {
            add(&mut ends, &row.action);
        }
        let gone = papers.receipts.values().any(|r| r.frozen.as_ref().is_some_and(|f| f.reason == "goods-missing"));
        if gone {
            add(&mut ends, "goods missing");
        }
        Ok(())
    });
    told.unwrap_or_else(|e| panic!("{e}"));
    ends.into_inner()
}

/// A generator that never gets anywhere would keep every promise. The floors are a third of what was measured, and a
/// ninth where that was below thirty: histories differ from run to run.
fn tried(ends: &Ends, floors: &[(&str, u32)]) {
    for (end, least) in floors {
        let came = ends.get(*end).copied().unwrap_or(0);
        assert!(came >= *least, "`{end}` {came} times: the histories try too little: {ends:#?}");
    }
}

#[test]
fn documents_ledger_and_audit_keep_every_promise_whoever_does_what_and_dies_where() {
    let ends = histories(CASES, steps::step(), &BANKS);
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
    tried(&ends, &floors);
}

/// The company has a file at one bank; the others are opened on the way.
#[test]
fn files_waybills_and_links_keep_every_promise_whoever_does_what_and_dies_where() {
    let ends = histories(TRADES, trade::step(), &[BANK_A]);
    let floors = [
        ("died", 380),
        ("again", 700),
        ("refused", 1_800),
        ("same hands", 19),
        // One of each is there at the beginning.
        ("borrower.open", TRADES + 400),
        ("consent.give", TRADES + 210),
        ("consent.withdraw", 130),
        ("loan.approve", 18),
        ("freight.order", 1_150),
        ("waybill.book", 640),
        ("waybill.load", 400),
        ("waybill.advance", 530),
        ("waybill.parcel", 3),
        ("waybill.sign", 160),
        ("flow.open", 940),
        ("flow.link-waybill", 450),
        ("flow.link-receipt", 115),
        ("flow.confirm-payment", 130),
        ("flow.release-funds", 26),
        ("flow.release-funds.refused", 3),
        ("flow.settle", 17),
    ];
    tried(&ends, &floors);
}

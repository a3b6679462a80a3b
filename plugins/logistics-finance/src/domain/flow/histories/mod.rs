//! Orders, waybills, receipts and payments over random histories: whoever links, carries, pledges, pays and releases in
//! whatever order, and whichever answers are lost, no funds go unless the four agree.
//!
//! The promise is read off the papers themselves, not off the copies in the link that the code compares.

mod trade;

use super::super::freight;
use super::super::receipt::State::{Issued, Released as Freed, Withdrawn};
use super::{Flow, State};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use trade::{Op, Trade, op};

const CASES: u32 = 4_000;

/// How a step ends.
#[derive(Clone, Copy, Debug)]
enum End {
    Done,
    /// It is decided, and the process dies before its commit.
    Lost,
    /// It is committed, its answer is lost, and it is asked for again.
    Twice,
}

fn end() -> impl Strategy<Value = End> {
    prop_oneof![7 => Just(End::Done), 1 => Just(End::Lost), 2 => Just(End::Twice)]
}

/// The order, the waybill, the receipt and the payment say the same.
fn all_agree(trade: &Trade, flow: &Flow) {
    let (id, order) = (&flow.id, &flow.order);
    let waybill = &trade.waybills[&flow.carried.as_ref().expect("released without a waybill").waybill];
    assert_eq!((&waybill.shipper, &waybill.order), (&order.seller, &order.number), "{id}: a waybill of another order");
    let proof = waybill.proof.as_ref().map(|p| p.quantity);
    let arrived = (waybill.state, &waybill.goods, proof);
    assert_eq!(arrived, (freight::State::Signed, &order.goods, Some(order.quantity)), "{id}: what arrived");
    let receipt = &trade.receipts[&flow.stored.as_ref().expect("released without a receipt").receipt];
    assert_eq!((&receipt.goods, receipt.quantity), (&order.goods, order.quantity), "{id}: what was stored");
    assert!([&order.seller, &order.buyer].contains(&&receipt.holder), "{id}: the goods are {}'s", receipt.holder);
    let free = matches!(receipt.state, Issued | Freed | Withdrawn) && receipt.pledged_to.is_none();
    assert!(free && receipt.frozen.is_none(), "{id}: the goods are {:?}", receipt.state);
    let paid = trade.booked.get(id).expect("released without a payment");
    assert_eq!((&paid.payer, &paid.payee), (&order.buyer, &order.seller), "{id}: who paid whom");
    assert_eq!(paid.amount, order.amount, "{id}: what was paid");
    assert_ne!(Some(&paid.by), flow.released_by.as_ref(), "{id}: one person confirmed the payment and released it");
}

/// Everything that never happens, from one moment to the next.
fn check(before: &Trade, after: &Trade) {
    let mut rest_on = BTreeSet::new();
    for (id, flow) in &after.flows {
        let was = before.flows.get(id);
        match (was.map_or(State::Open, |f| f.state), flow.state) {
            (State::Open, State::Open) => {}
            (State::Open, State::Released) => all_agree(after, flow),
            (State::Open, State::Settled) => panic!("{id}: an invoice settled and no funds were released"),
            (State::Released, State::Settled) => {
                let as_it_was = Flow { state: State::Released, invoice: None, ..flow.clone() };
                assert_eq!(Some(&as_it_was), was, "{id}: the invoice changed what the funds rested on");
            }
            _ => assert_eq!(Some(flow), was, "{id}: what the funds rested on changed"),
        }
        assert_eq!(flow.invoice.is_some(), flow.state == State::Settled, "{id}");
        for paper in flow.state.ne(&State::Open).then(|| trade::papers(flow)).into_iter().flatten() {
            assert!(rest_on.insert(paper.clone()), "{paper} released the funds of two links");
        }
    }
}

fn run(ops: &[(Op, End)]) -> Trade {
    let mut trade = Trade::new();
    for (op, end) in ops {
        let mut next = trade.clone();
        next.take(op);
        check(&trade, &next);
        match end {
            End::Lost => continue,
            End::Done => {}
            End::Twice => {
                let once = next.clone();
                next.take(op);
                check(&once, &next);
                // Many steps in one may come by what the first time left otherwise.
                if !matches!(op, Op::Onward { .. }) {
                    assert_eq!((&next.flows, &next.booked), (&once.flows, &once.booked), "{op:?} counted twice");
                    assert_eq!((&next.freight, &next.waybills), (&once.freight, &once.waybills), "{op:?}, twice");
                }
            }
        }
        trade = next;
    }
    trade
}

#[test]
fn no_history_releases_funds_unless_order_waybill_receipt_and_payment_agree() {
    let config = Config { cases: CASES, max_shrink_iters: 2_000, ..Config::with_source_file(file!()) };
    let seen = RefCell::new(BTreeMap::<&'static str, u32>::new());
    let histories = prop::collection::vec((op(), end()), 10..70);
    let told = TestRunner::new(config).run(&histories, |ops| {
        let trade = run(&ops);
        let states = trade.flows.values().map(|f| f.state.code()).collect::<BTreeSet<_>>();
        states.into_iter().chain(trade.refused).for_each(|end| *seen.borrow_mut().entry(end).or_default() += 1);
        Ok(())
    });
    told.unwrap_or_else(|e| panic!("{e}"));
    // A generator that never gets anywhere would keep the promise: each end, and each point that alone kept funds back.
    let seen = seen.into_inner();
    let points = [
        "no-waybill",
        "no-proof",
        "other-order",
        "other-goods-carried",
        "other-quantity-delivered",
        "no-receipt",
        "other-goods-stored",
        "other-quantity-stored",
        "other-holder",
        "encumbered",
        "no-payment",
        "other-amount",
        "other-parties",
        "same-hands",
    ];
    for (end, least) in [("released", 400), ("settled", 100)].into_iter().chain(points.map(|p| (p, 20))) {
        let came = seen.get(end).copied().unwrap_or(0);
        assert!(came >= least, "`{end}` in {came} of {CASES} histories: {seen:#?}");
    }
}

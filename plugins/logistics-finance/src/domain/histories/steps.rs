//! What can happen, and how the model does it.

use super::city::{City, STOCK};
use super::hands::PEOPLE;
use super::loans::{LoanStep, apply, downward, loan_step, onward, take};
use crate::domain::receipt::{self, Receipt};
use crate::domain::refused::Refused;
use crate::domain::time::DAY;
use proptest::prelude::*;
use std::collections::BTreeMap;

#[derive(Clone, Debug)]
pub(super) enum Op {
    /// The warehouse issues a receipt of so many tonnes.
    Issue(u64),
    Split(usize, u64),
    Merge(usize, usize),
    Transfer(usize, bool),
    Withdraw(usize),
    Cancel(usize),
    Reissue(usize),
    /// Somebody freezes a receipt.
    Freeze(usize, usize),
    Unfreeze(usize, usize),
    /// So many kilograms pass the gate.
    Gate(u64),
    /// So many of those that are gone come back through it.
    Back(u64),
    /// Somebody counts what lies there; what was written off is made good before, if so.
    Count(bool),
    /// A company applies with some receipts; two banks in the same moment when `race`.
    Apply {
        receipts: Vec<usize>,
        principal: u64,
        race: bool,
        by: usize,
    },
    /// Somebody's step with a loan; the process dies before its commit when `crash`.
    Loan {
        loan: usize,
        step: LoanStep,
        by: usize,
        crash: bool,
    },
    /// The next steps of a loan's way, so that histories get far.
    Onward(usize),
    /// A loan's way to its bad end: nothing comes back, and what the goods bring is so many fen each.
    Downward(usize, u64),
    Price(u64),
    Wait(u8),
}

pub(super) fn op() -> impl Strategy<Value = Op> {
    let any_receipt = || 0_usize..8;
    let anybody = || 0..PEOPLE.len();
    prop_oneof![
        4 => (1_u64..700).prop_map(|t| Op::Issue(t * 1_000)),
        1 => (any_receipt(), 1_u64..400_000).prop_map(|(r, q)| Op::Split(r, q)),
        1 => (any_receipt(), any_receipt()).prop_map(|(a, b)| Op::Merge(a, b)),
        1 => (any_receipt(), any::<bool>()).prop_map(|(r, back)| Op::Transfer(r, back)),
        1 => any_receipt().prop_map(Op::Withdraw),
        1 => any_receipt().prop_map(Op::Cancel),
        1 => any_receipt().prop_map(Op::Reissue),
        1 => (any_receipt(), anybody()).prop_map(|(r, by)| Op::Freeze(r, by)),
        2 => (any_receipt(), anybody()).prop_map(|(r, by)| Op::Unfreeze(r, by)),
        1 => (1_u64..200_000).prop_map(Op::Gate),
        1 => (1_u64..200_000).prop_map(Op::Back),
        1 => any::<bool>().prop_map(Op::Count),
        4 => (prop::collection::vec(any_receipt(), 1..4), 1_u64..60_000_000, any::<bool>(), anybody())
            .prop_map(|(receipts, principal, race, by)| Op::Apply { receipts, principal, race, by }),
        14 => (0_usize..3, loan_step(), anybody(), prop::bool::weighted(0.15))
            .prop_map(|(loan, step, by, crash)| Op::Loan { loan, step, by, crash }),
        10 => (0_usize..3).prop_map(Op::Onward),
        1 => (0_usize..3, 1_u64..30_000_000).prop_map(|(loan, proceeds)| Op::Downward(loan, proceeds)),
        1 => (40_000_u64..160_000).prop_map(Op::Price),
        2 => (1_u8..100).prop_map(Op::Wait),
    ]
}

pub(super) fn run(city: &mut City, ops: &[Op]) {
    for op in ops {
        step(city, op);
        city.check();
    }
}

pub(super) fn pick<T>(map: &BTreeMap<String, T>, n: usize) -> Option<String> {
    map.keys().nth(n % map.len().max(1)).cloned()
}

fn step(city: &mut City, op: &Op) {
    let now = city.now;
    match op {
        Op::Issue(quantity) => {
            let id = city.number("WR");
            let mut lot = city.lot.clone();
            let mut receipt = Receipt::draft(id.clone(), &lot, *quantity, "A", "clerk", now).unwrap();
            if receipt.issue(&mut lot, now).is_ok() {
                city.lot = lot;
                city.receipts.insert(id, receipt);
            }
        }
        Op::Split(r, quantity) => {
            let Some(id) = pick(&city.receipts, *r) else { return };
            let parts = [
                (city.number("WR"), *quantity),
                (city.number("WR"), city.receipts[&id].quantity.saturating_sub(*quantity)),
            ];
            let mut receipt = city.receipts[&id].clone();
            if let Ok(children) = receipt.split(&parts, now) {
                city.receipts.insert(id, receipt);
                city.receipts.extend(children.into_iter().map(|c| (c.id.clone(), c)));
            }
        }
        Op::Merge(a, b) => {
            let (Some(a), Some(b)) = (pick(&city.receipts, *a), pick(&city.receipts, *b)) else { return };
            let id = city.number("WR");
            let mut both = [city.receipts[&a].clone(), city.receipts[&b].clone()];
            if let Ok(merged) = Receipt::merge(&mut both, &id, now) {
                city.receipts.extend(both.into_iter().chain([merged]).map(|r| (r.id.clone(), r)));
            }
        }
        Op::Transfer(r, back) => one(city, *r, |receipt, _| receipt.transfer(if *back { "A" } else { "C" }, now)),
        Op::Withdraw(r) => one(city, *r, |receipt, lot| receipt.withdraw(lot, now)),
        Op::Cancel(r) => one(city, *r, |receipt, lot| receipt.cancel(lot, now)),
        Op::Reissue(r) => one(city, *r, |receipt, _| receipt.reissue(now)),
        Op::Freeze(r, by) => freeze(city, *r, PEOPLE[*by]),
        Op::Unfreeze(r, by) => unfreeze(city, *r, PEOPLE[*by]),
        Op::Gate(quantity) => gate(city, *quantity),
        Op::Back(quantity) => {
            let back = (*quantity).min(city.lot.missing);
            city.gone -= back;
            city.lot.found(back);
        }
        Op::Count(made_good) => {
            city.gone -= if *made_good { city.lot.written_off } else { 0 };
            let there = STOCK - city.gone;
            city.lot.counted(there).unwrap();
            assert_eq!(city.lot.quantity + city.lot.leaving, there, "the books say what lies there");
        }
        Op::Apply { receipts, principal, race, by } => apply(city, receipts, *principal, *race, PEOPLE[*by]),
        Op::Loan { loan, step, by, crash } => {
            let Some(id) = pick(&city.loans, *loan) else { return };
            take(city, &id, step, PEOPLE[*by], *crash);
        }
        Op::Onward(loan) => onward(city, *loan),
        Op::Downward(loan, proceeds) => downward(city, *loan, *proceeds),
        Op::Price(price) => city.price = *price,
        Op::Wait(days) => city.now += i64::from(*days) * DAY,
    }
}

fn freeze(city: &mut City, n: usize, by: &'static str) {
    let Some(id) = pick(&city.receipts, n) else { return };
    let (was_frozen, now) = (city.receipts[&id].frozen.is_some(), city.now);
    one(city, n, |receipt, _| receipt.freeze("by hand", by, now));
    if !was_frozen && city.receipts[&id].frozen.is_some() {
        city.hands.did(by, "freeze", &id, &[]);
    }
}

fn unfreeze(city: &mut City, n: usize, by: &'static str) {
    let Some(id) = pick(&city.receipts, n) else { return };
    let (was_frozen, now) = (city.receipts[&id].frozen.is_some(), city.now);
    let mut told = None;
    one(city, n, |receipt, lot| receipt.unfreeze(by, lot, now).inspect_err(|e| told = Some(e.clone())));
    if let Some(Refused::SameHands { step, .. }) = told {
        city.hands.refused.insert(step);
    }
    if was_frozen && city.receipts[&id].frozen.is_none() {
        city.hands.did(by, "unfreeze", &id, &["freeze"]);
        city.hands.forget("freeze", &id);
    }
}

fn one(
    city: &mut City,
    n: usize,
    f: impl FnOnce(&mut Receipt, &mut crate::domain::warehouse::Lot) -> Result<(), Refused>,
) {
    let Some(id) = pick(&city.receipts, n) else { return };
    let (mut receipt, mut lot) = (city.receipts[&id].clone(), city.lot.clone());
    let before = (receipt.clone(), lot.clone());
    if f(&mut receipt, &mut lot).is_ok() {
        city.receipts.insert(id, receipt);
        city.lot = lot;
    } else {
        assert_eq!((receipt, lot), before, "a refusal changes nothing");
    }
}

/// What the webhook does: unexplained goods freeze every live receipt of the lot in the same commit.
fn gate(city: &mut City, quantity: u64) {
    // No more can pass than lies there.
    let there = STOCK - city.gone;
    let quantity = quantity.min(there);
    let pledged: Vec<String> =
        city.receipts.values().filter(|r| r.state == receipt::State::Pledged).map(|r| r.id.clone()).collect();
    city.gone += quantity;
    if city.lot.left(quantity) > 0 {
        for receipt in city.receipts.values_mut().filter(|r| r.is_live()) {
            receipt.freeze("goods-missing", "sensor", city.now).unwrap();
        }
        for id in pledged {
            assert_eq!(city.receipts[&id].state, receipt::State::Frozen, "pledged goods left and nothing is frozen");
        }
    }
}

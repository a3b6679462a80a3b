//! What can happen, and how the model does it.

use super::city::{City, STOCK};
use crate::domain::borrower::{Consent, CreditCheck};
use crate::domain::calendar::Calendar;
use crate::domain::effect::Effect;
use crate::domain::loan::tests::{LIMITS, consent, file, terms, warehouse};
use crate::domain::loan::{Application, Approval, Deal, Outcome, Part, Sale};
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
    Freeze(usize),
    Unfreeze(usize),
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
    },
    /// A step with a loan; the process dies before its commit when `crash`.
    Loan {
        loan: usize,
        step: LoanStep,
        crash: bool,
    },
    /// The next steps of a loan's way, so that histories get far.
    Onward(usize),
    /// A loan's way to its bad end: nothing comes back, and what the goods bring is so many fen each.
    Downward(usize, u64),
    Price(u64),
    Wait(u8),
}

#[derive(Clone, Debug)]
pub(super) enum LoanStep {
    Check(bool),
    Approve(u64, u8),
    Reject,
    Sign(bool),
    Register,
    Ask,
    /// Whether it was paid, under which number of the bank, and about which payment of the loan.
    Answer(bool, u8, u32),
    AskAgain,
    Repay(u64, u8),
    Release(usize, Option<u64>, u8),
    Add(usize),
    Revalue,
    MarginEnds,
    FallDue,
    Dispose,
    EnterSale(u64, u8, u8),
    /// Whether it is agreed to, by whom.
    ConfirmSale(bool, u8),
    WriteOff(u8),
    Freeze,
    Unfreeze,
}

fn loan_step() -> impl Strategy<Value = LoanStep> {
    use LoanStep::*;
    prop_oneof![
        1 => any::<bool>().prop_map(Check),
        1 => (1_u64..90_000_000, 0_u8..4).prop_map(|(p, h)| Approve(p, h)),
        1 => Just(Reject),
        1 => any::<bool>().prop_map(Sign),
        1 => Just(Register),
        1 => Just(Ask),
        1 => (any::<bool>(), 0_u8..3, 1_u32..3).prop_map(|(paid, r, d)| Answer(paid, r, d)),
        1 => Just(AskAgain),
        4 => (1_u64..80_000_000, 0_u8..6).prop_map(|(a, r)| Repay(a, r)),
        3 => (0_usize..4, prop::option::of(1_u64..400_000), 0_u8..3).prop_map(|(r, q, h)| Release(r, q, h)),
        1 => (0_usize..8).prop_map(Add),
        2 => Just(Revalue),
        1 => Just(MarginEnds),
        2 => Just(FallDue),
        2 => Just(Dispose),
        2 => (1_u64..90_000_000, 0_u8..4, 0_u8..2).prop_map(|(p, r, h)| EnterSale(p, r, h)),
        2 => (any::<bool>(), 0_u8..2).prop_map(|(agreed, h)| ConfirmSale(agreed, h)),
        1 => (0_u8..4).prop_map(WriteOff),
        1 => Just(Freeze),
        1 => Just(Unfreeze),
    ]
}

pub(super) fn op() -> impl Strategy<Value = Op> {
    let any_receipt = || 0_usize..8;
    prop_oneof![
        4 => (1_u64..700).prop_map(|t| Op::Issue(t * 1_000)),
        1 => (any_receipt(), 1_u64..400_000).prop_map(|(r, q)| Op::Split(r, q)),
        1 => (any_receipt(), any_receipt()).prop_map(|(a, b)| Op::Merge(a, b)),
        1 => (any_receipt(), any::<bool>()).prop_map(|(r, back)| Op::Transfer(r, back)),
        1 => any_receipt().prop_map(Op::Withdraw),
        1 => any_receipt().prop_map(Op::Cancel),
        1 => any_receipt().prop_map(Op::Reissue),
        1 => any_receipt().prop_map(Op::Freeze),
        2 => any_receipt().prop_map(Op::Unfreeze),
        1 => (1_u64..200_000).prop_map(Op::Gate),
        1 => (1_u64..200_000).prop_map(Op::Back),
        1 => any::<bool>().prop_map(Op::Count),
        4 => (prop::collection::vec(any_receipt(), 1..4), 1_u64..60_000_000, any::<bool>())
            .prop_map(|(receipts, principal, race)| Op::Apply { receipts, principal, race }),
        12 => (0_usize..3, loan_step(), prop::bool::weighted(0.15))
            .prop_map(|(loan, step, crash)| Op::Loan { loan, step, crash }),
        10 => (0_usize..3).prop_map(Op::Onward),
        1 => (0_usize..3, 1_u64..30_000_000).prop_map(|(loan, proceeds)| Op::Downward(loan, proceeds)),
        1 => (40_000_u64..160_000).prop_map(Op::Price),
        2 => (1_u8..100).prop_map(Op::Wait),
    ]
}

/// Who sells goods: the teller also books repayments and would let goods go.
const SELLERS: [&str; 2] = ["teller", "seller"];
const OFFICERS: [&str; 4] = ["opener", "checker", "rep", "approver"];

pub(super) fn run(city: &mut City, ops: &[Op]) {
    for op in ops {
        step(city, op);
        city.check();
    }
}

fn pick<T>(map: &BTreeMap<String, T>, n: usize) -> Option<String> {
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
        Op::Freeze(r) => one(city, *r, |receipt, _| receipt.freeze("by hand", "regulator", now)),
        Op::Unfreeze(r) => one(city, *r, |receipt, lot| receipt.unfreeze(lot, now)),
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
        Op::Apply { receipts, principal, race } => apply(city, receipts, *principal, *race),
        Op::Loan { loan, step, crash } => {
            let Some(id) = pick(&city.loans, *loan) else { return };
            take(city, &id, step, *crash);
        }
        Op::Onward(loan) => {
            let Some(id) = pick(&city.loans, *loan) else { return };
            let principal = city.loans[&id].principal;
            use LoanStep::{Answer, Approve, Ask, Check, Register, Sign};
            for step in [Check(true), Approve(principal, 3), Sign(true), Sign(false), Register, Ask, Answer(true, 1, 1)]
            {
                take(city, &id, &step, false);
            }
        }
        Op::Downward(loan, proceeds) => {
            let Some(id) = pick(&city.loans, *loan) else { return };
            city.now = city.now.max(city.loans[&id].due.map_or(0, |due| due.plus(1).start()));
            use LoanStep::{ConfirmSale, Dispose, EnterSale, FallDue, WriteOff};
            let sold = (1..4).flat_map(|n| [EnterSale(*proceeds, n, 0), ConfirmSale(true, 1)]);
            for step in [FallDue, Dispose].into_iter().chain(sold).chain([WriteOff(0)]) {
                take(city, &id, &step, false);
            }
        }
        Op::Price(price) => city.price = *price,
        Op::Wait(days) => city.now += i64::from(*days) * DAY,
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

fn apply(city: &mut City, receipts: &[usize], principal: u64, race: bool) {
    let mut ids: Vec<String> = receipts.iter().filter_map(|r| pick(&city.receipts, *r)).collect();
    ids.sort();
    ids.dedup();
    let of: Vec<Receipt> = ids.iter().map(|id| city.receipts[id].clone()).collect();
    let banks = if race { &["B1", "B2"][..] } else { &["B1"] };
    // Both read before either writes.
    let mut deals = Vec::new();
    for bank in banks {
        let id = city.number("LN");
        let application = Application {
            id,
            purpose: String::new(),
            principal,
            terms: terms(),
            by: "rep".into(),
            request: String::new(),
        };
        deals.push(Deal::apply(&file(bank), application, of.clone(), &[warehouse()], city.now));
    }
    let won = deals.into_iter().flatten().filter(|deal| city.commit(None, deal, Vec::new()).is_ok()).count();
    assert!(won <= 1, "two banks in one moment");
}

/// A number of the bank: the loan's own, or one that other loans use, too.
fn number(kind: &str, loan: &str, n: u8) -> String {
    if n == 0 { format!("{kind}-0") } else { format!("{kind}-{loan}-{n}") }
}

fn take(city: &mut City, id: &str, step: &LoanStep, crash: bool) {
    let Some(read) = city.deal(id) else { return };
    let mut deal = read.clone();
    let Ok(effects) = decide(city, &mut deal, step) else { return };
    if crash {
        return;
    }
    if city.commit(Some(&read), &deal, effects).is_ok() && matches!(step, LoanStep::Release(..)) {
        city.check_release(id);
    }
}

fn decide(city: &mut City, deal: &mut Deal, step: &LoanStep) -> Result<Vec<Effect>, Refused> {
    let (now, prices, calendar) = (city.now, city.prices(), Calendar::default());
    let standing: Consent = consent(&deal.loan.bank);
    let none = |()| Vec::new();
    match step {
        LoanStep::Check(clean) => {
            let counts = if *clean { BTreeMap::new() } else { BTreeMap::from([("breach".to_owned(), 1)]) };
            deal.credit_checked(CreditCheck::of(counts, "checker", now), Some(&standing), now).map(none)
        }
        LoanStep::Approve(principal, hands) => {
            let by = OFFICERS[usize::from(*hands) % OFFICERS.len()];
            let consent = Some(&standing);
            deal.approve(&Approval { principal: *principal, by, consent, prices: &prices, limits: LIMITS }, now)
                .map(none)
        }
        LoanStep::Reject => deal.reject("no", now).map(none),
        LoanStep::Sign(bank) => deal.sign(*bank, if *bank { "approver" } else { "rep" }, now).map(none),
        LoanStep::Register => deal.register_pledges(now).map(none),
        LoanStep::Ask => deal.ask_disbursement("maker", &prices, 30, now),
        LoanStep::Answer(paid, n, payment) => {
            let outcome = if *paid {
                Outcome::Paid { bank_reference: number("BK", &deal.loan.id, *n) }
            } else {
                Outcome::Refused { reason: "no".into() }
            };
            let (about, open) = (format!("{}-D{payment}", deal.loan.id), deal.loan.disbursement.clone());
            let done = deal.disbursed(Some(&about), &outcome, "payer", &calendar, now);
            assert!(
                deal.loan.disbursement == open || open.is_some_and(|o| o.reference == about),
                "answered for another"
            );
            done
        }
        LoanStep::AskAgain => Ok(deal.ask_again(now)),
        LoanStep::Repay(amount, n) => {
            let amount = (*amount).min(deal.loan.owed_at(now));
            deal.repay(&number("R", &deal.loan.id, *n), amount, "teller", now)
        }
        LoanStep::Release(r, quantity, hands) => {
            let by = ["keeper", "keeper", "teller"][usize::from(*hands) % 3];
            let receipt = deal.standing().nth(*r).map(|p| p.receipt.clone()).unwrap_or_default();
            let (kept, freed) = (city.number("WR"), city.number("WR"));
            let done = deal.release(by, &[Part { receipt, quantity: *quantity, kept, freed }], &prices, 30, now);
            let loan = &deal.loan;
            let sold = loan.sales.iter().flat_map(|s| [Some(&s.by), s.confirmed_by.as_ref()]).flatten();
            let booked = loan.repayments.iter().map(|r| &r.by).chain(sold).any(|b| b == by);
            assert!(done.is_err() || !booked, "one person booked the money and let go of the goods");
            done
        }
        LoanStep::Add(r) => {
            let id = pick(&city.receipts, *r).unwrap_or_default();
            let Some(more) = city.receipts.get(&id).cloned() else { return Err(Refused::NotYours) };
            deal.add_collateral(vec![more], &[warehouse()], now).map(none)
        }
        LoanStep::Revalue => {
            let value = deal.secured(&prices, 30, now)?;
            Ok(deal.revalue(&value, 3, &calendar, now))
        }
        LoanStep::MarginEnds => Ok(deal.margin_ended(now)),
        LoanStep::FallDue => Ok(deal.fall_due(now)),
        LoanStep::Dispose => deal.dispose("officer", now),
        LoanStep::EnterSale(proceeds, n, hands) => {
            let receipt = deal.standing().next().map(|p| p.receipt.clone()).unwrap_or_default();
            let sale = Sale {
                number: String::new(),
                receipt,
                buyer: "C".into(),
                proceeds: *proceeds,
                reference: number("S", &deal.loan.id, *n),
                surplus: 0,
                by: SELLERS[usize::from(*hands)].into(),
                confirmed_by: None,
                at: now,
            };
            deal.enter_sale(&sale, now).map(none)
        }
        LoanStep::ConfirmSale(agreed, hands) => {
            let number = deal.loan.pending_sales.first().map(|s| s.number.clone()).unwrap_or_default();
            if *agreed {
                deal.confirm_sale(&number, SELLERS[usize::from(*hands)], now)
            } else {
                deal.refuse_sale(&number).map(none)
            }
        }
        LoanStep::WriteOff(hands) => {
            deal.write_off(["boss", "approver", "officer", "boss"][usize::from(*hands) % 4], now)
        }
        LoanStep::Freeze => {
            deal.loan.freeze("name-changed", now);
            Ok(Vec::new())
        }
        LoanStep::Unfreeze => {
            deal.loan.unfreeze();
            Ok(Vec::new())
        }
    }
}

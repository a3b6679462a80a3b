//! What can happen to a loan, by whom, and how the model does it.

use super::city::City;
use super::hands::PEOPLE;
use super::steps::pick;
use crate::domain::borrower::{Borrower, Consent, CreditCheck};
use crate::domain::calendar::Calendar;
use crate::domain::effect::Effect;
use crate::domain::loan::tests::{LIMITS, consent, file, terms, warehouse};
use crate::domain::loan::{Application, Approval, Deal, Outcome, Part, Sale};
use crate::domain::receipt::Receipt;
use crate::domain::refused::Refused;
use proptest::prelude::*;
use std::collections::BTreeMap;

#[derive(Clone, Debug)]
pub(super) enum LoanStep {
    Check(bool),
    Approve(u64),
    Reject,
    Sign(bool),
    Register,
    Ask,
    /// Whether it was paid, under which number of the bank, and about which payment of the loan.
    Answer(bool, u8, u32),
    AskAgain,
    Repay(u64, u8),
    Release(usize, Option<u64>),
    Add(usize),
    Revalue,
    MarginEnds,
    FallDue,
    Dispose,
    EnterSale(u64, u8),
    /// Whether it is agreed to.
    ConfirmSale(bool),
    WriteOff,
    Freeze,
    Unfreeze,
}

pub(super) fn loan_step() -> impl Strategy<Value = LoanStep> {
    use LoanStep::*;
    prop_oneof![
        1 => any::<bool>().prop_map(Check),
        1 => (1_u64..90_000_000).prop_map(Approve),
        1 => Just(Reject),
        1 => any::<bool>().prop_map(Sign),
        1 => Just(Register),
        1 => Just(Ask),
        1 => (any::<bool>(), 0_u8..3, 1_u32..3).prop_map(|(paid, r, d)| Answer(paid, r, d)),
        1 => Just(AskAgain),
        4 => (1_u64..80_000_000, 0_u8..6).prop_map(|(a, r)| Repay(a, r)),
        3 => (0_usize..4, prop::option::of(1_u64..400_000)).prop_map(|(r, q)| Release(r, q)),
        1 => (0_usize..8).prop_map(Add),
        2 => Just(Revalue),
        1 => Just(MarginEnds),
        2 => Just(FallDue),
        2 => Just(Dispose),
        2 => (1_u64..90_000_000, 0_u8..4).prop_map(|(p, r)| EnterSale(p, r)),
        2 => any::<bool>().prop_map(ConfirmSale),
        1 => Just(WriteOff),
        1 => Just(Freeze),
        1 => Just(Unfreeze),
    ]
}

/// Everybody tries one step after the other: whoever may takes it.
fn by_somebody(city: &mut City, id: &str, steps: &[LoanStep]) {
    for step in steps {
        PEOPLE.into_iter().for_each(|by| take(city, id, step, by, false));
    }
}

/// The next steps of a loan's way.
pub(super) fn onward(city: &mut City, loan: usize) {
    let Some(id) = pick(&city.loans, loan) else { return };
    let principal = city.loans[&id].principal;
    use LoanStep::{Answer, Approve, Ask, Check, Register, Sign};
    take(city, &id, &Check(true), PEOPLE[1], false);
    by_somebody(city, &id, &[Approve(principal), Sign(true), Sign(false), Register]);
    take(city, &id, &Ask, PEOPLE[0], false);
    by_somebody(city, &id, &[Answer(true, 1, 1)]);
}

/// A loan's way to its bad end.
pub(super) fn downward(city: &mut City, loan: usize, proceeds: u64) {
    let Some(id) = pick(&city.loans, loan) else { return };
    city.now = city.now.max(city.loans[&id].due.map_or(0, |due| due.plus(1).start()));
    use LoanStep::{ConfirmSale, Dispose, EnterSale, FallDue, WriteOff};
    take(city, &id, &FallDue, PEOPLE[0], false);
    take(city, &id, &Dispose, PEOPLE[0], false);
    for n in 1..4 {
        take(city, &id, &EnterSale(proceeds, n), PEOPLE[0], false);
        by_somebody(city, &id, &[ConfirmSale(true)]);
    }
    by_somebody(city, &id, &[WriteOff]);
}

pub(super) fn apply(city: &mut City, receipts: &[usize], principal: u64, race: bool, by: &str) {
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
            by: by.into(),
            request: String::new(),
        };
        let file = Borrower { opened_by: PEOPLE[0].into(), ..file(bank) };
        deals.push(Deal::apply(&file, application, of.clone(), &[warehouse()], city.now));
    }
    let mut won = 0;
    for deal in deals.into_iter().flatten() {
        if city.commit(None, &deal, Vec::new()).is_ok() {
            won += 1;
            city.hands.did(PEOPLE[0], "open-file", &deal.loan.id, &[]);
            city.hands.did(by, "apply", &deal.loan.id, &[]);
        }
    }
    assert!(won <= 1, "two banks in one moment");
}

/// A number of the bank: the loan's own, or one that other loans use, too.
fn number(kind: &str, loan: &str, n: u8) -> String {
    if n == 0 { format!("{kind}-0") } else { format!("{kind}-{loan}-{n}") }
}

pub(super) fn take(city: &mut City, id: &str, step: &LoanStep, by: &'static str, crash: bool) {
    let Some(read) = city.deal(id) else { return };
    let mut deal = read.clone();
    let effects = match decide(city, &mut deal, step, by) {
        Ok(effects) => effects,
        Err(Refused::SameHands { step, .. }) => {
            city.hands.refused.insert(step);
            return;
        }
        Err(_) => return,
    };
    if crash || city.commit(Some(&read), &deal, effects).is_err() {
        return;
    }
    city.hands.changed(by, &read, &deal);
    match step {
        LoanStep::Ask if deal != read => {
            city.hands.did(by, "ask-disbursement", &deal.loan.disbursement.as_ref().unwrap().reference, &[]);
        }
        LoanStep::Dispose => city.hands.did(by, "dispose", id, &[]),
        LoanStep::WriteOff => city.hands.did(by, "write-off", id, &["approve", "dispose"]),
        LoanStep::Release(..) => {
            city.hands.did(by, "release", id, &["book-money"]);
            city.check_release(id);
        }
        _ => {}
    }
}

fn decide(city: &mut City, deal: &mut Deal, step: &LoanStep, by: &str) -> Result<Vec<Effect>, Refused> {
    let (now, prices, calendar) = (city.now, city.prices(), Calendar::default());
    let standing: Consent = consent(&deal.loan.bank);
    let none = |()| Vec::new();
    match step {
        LoanStep::Check(clean) => {
            let counts = if *clean { BTreeMap::new() } else { BTreeMap::from([("breach".to_owned(), 1)]) };
            deal.credit_checked(CreditCheck::of(counts, by, now), Some(&standing), now).map(none)
        }
        LoanStep::Approve(principal) => {
            let consent = Some(&standing);
            deal.approve(&Approval { principal: *principal, by, consent, prices: &prices, limits: LIMITS }, now)
                .map(none)
        }
        LoanStep::Reject => deal.reject("no", now).map(none),
        LoanStep::Sign(bank) => deal.sign(*bank, by, now).map(none),
        LoanStep::Register => deal.register_pledges(now).map(none),
        LoanStep::Ask => deal.ask_disbursement(by, &prices, 30, now),
        LoanStep::Answer(paid, n, payment) => {
            let outcome = if *paid {
                Outcome::Paid { bank_reference: number("BK", &deal.loan.id, *n) }
            } else {
                Outcome::Refused { reason: "no".into() }
            };
            let (about, open) = (format!("{}-D{payment}", deal.loan.id), deal.loan.disbursement.clone());
            let done = deal.disbursed(Some(&about), &outcome, by, &calendar, now);
            assert!(
                deal.loan.disbursement == open || open.is_some_and(|o| o.reference == about),
                "answered for another"
            );
            done
        }
        LoanStep::AskAgain => Ok(deal.ask_again(now)),
        LoanStep::Repay(amount, n) => {
            let amount = (*amount).min(deal.loan.owed_at(now));
            deal.repay(&number("R", &deal.loan.id, *n), amount, by, now)
        }
        LoanStep::Release(r, quantity) => {
            let receipt = deal.standing().nth(*r).map(|p| p.receipt.clone()).unwrap_or_default();
            let (kept, freed) = (city.number("WR"), city.number("WR"));
            deal.release(by, &[Part { receipt, quantity: *quantity, kept, freed }], &prices, 30, now)
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
        LoanStep::Dispose => deal.dispose(by, now),
        LoanStep::EnterSale(proceeds, n) => {
            let receipt = deal.standing().next().map(|p| p.receipt.clone()).unwrap_or_default();
            let sale = Sale {
                number: String::new(),
                receipt,
                buyer: "C".into(),
                proceeds: *proceeds,
                reference: number("S", &deal.loan.id, *n),
                surplus: 0,
                by: by.into(),
                confirmed_by: None,
                at: now,
            };
            deal.enter_sale(&sale, now).map(none)
        }
        LoanStep::ConfirmSale(agreed) => {
            let number = deal.loan.pending_sales.first().map(|s| s.number.clone()).unwrap_or_default();
            if *agreed { deal.confirm_sale(&number, by, now) } else { deal.refuse_sale(&number).map(none) }
        }
        LoanStep::WriteOff => deal.write_off(by, now),
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

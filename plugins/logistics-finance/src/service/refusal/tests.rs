use super::*;
use crate::domain::actor::Role;
use crate::domain::flow::Disagreement;
use crate::domain::refused::Thing;
use crate::domain::time::Date;
use crate::domain::warehouse::Unit;

/// Whether a text has a Chinese side, and an English one without Chinese.
fn both(text: &Text) -> bool {
    let chinese = |s: &str| s.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c));
    chinese(&text.zh) && !chinese(&text.en) && !text.en.is_empty()
}

fn all() -> Vec<Refused> {
    let id = || "X1".to_owned();
    let mut all: Vec<Refused> = Role::ALL.into_iter().map(|role| Refused::Role { role }).collect();
    for thing in [
        Thing::Receipt,
        Thing::Pledge,
        Thing::Loan,
        Thing::Disbursement,
        Thing::Waybill,
        Thing::Parcel,
        Thing::Flow,
        Thing::Margin,
    ] {
        all.push(WrongState { thing, id: id(), state: "issued", step: "transfer", allowed: vec!["split"] }.into());
    }
    all.extend([
        Refused::LotShort { lot: id(), free: 1, asked: 2, unit: Unit::Piece },
        Refused::LotMissing { lot: id(), short: 1, unit: Unit::Kilogram },
        Refused::OverBooks { lot: id(), counted: 2, most: 1 },
        Refused::Parts { sum: 1, quantity: 2 },
        Refused::NotAlike(id(), id()),
        Refused::Pledged { receipt: id(), bank: id() },
        Refused::ReceiptFrozen { receipt: id(), reason: "goods-missing".into() },
        Refused::Affiliate { warehouse: id(), borrower: id() },
        Refused::OverLtv { principal: 2, most: 1, value: 3, ltv_bps: 7_000 },
        Refused::NoQuote { goods: id() },
        Refused::SameHands { step: "approve", first: "open-file" },
        Refused::NoConsent { borrower: id(), bank: id(), withdrawn: true },
        Refused::NoConsent { borrower: id(), bank: id(), withdrawn: false },
        Refused::Credit(vec!["breach-in-force", "score-too-low", "check-too-old", "no-check"]),
        Refused::NotRegistered { receipt: id() },
        Refused::NotSigned,
        Refused::LoanFrozen { reason: "name-changed".into() },
        Refused::ReferenceReused { reference: id() },
        Refused::OtherPayment { reference: id(), last: id() },
        Refused::OverOwed { owed: 1, paid: 2 },
        Refused::LeavesOverLtv { left: 1, needed: 2 },
        Refused::TooEarly { step: "dispose", from: Date::at(0) },
        Refused::Disagree(vec![Disagreement::NoPayment, Disagreement::Encumbered]),
        SensorError::NotSigned.into(),
        SensorError::SentAt { off: 1 }.into(),
        SensorError::TakenLater.into(),
        SensorError::SequenceReused(1).into(),
        SensorError::OtherLot.into(),
        SensorError::Quantity(-1).into(),
        Refused::NoParcel(id()),
        Refused::NoSale(id()),
        Refused::NoProof,
    ]);
    all
}

#[test]
fn every_rule_says_what_happened_and_what_to_do_in_both_languages() {
    for rule in all() {
        let refusal = Refusal::from(rule.clone());
        assert!(both(&refusal.title()), "{rule:?}: {:?}", refusal.title());
        assert!(both(&refusal.detail()), "{rule:?}: {:?}", refusal.detail());
    }
}

#[test]
fn every_rule_is_a_problem_with_a_kind_of_its_own_status() {
    for rule in all() {
        let Error::Problem(problem) = Refusal::from(rule.clone()).into_error(Lang::Zh) else {
            panic!("{rule:?} is no problem")
        };
        assert!((400..500).contains(&problem.status().as_u16()), "{rule:?}");
    }
}

#[test]
fn every_state_and_step_has_words() {
    use crate::domain::{flow, freight, loan, pledge, receipt};
    let states = receipt::State::ALL.map(receipt::State::code).into_iter();
    let states =
        states.chain(loan::State::ALL.map(loan::State::code)).chain(pledge::State::ALL.map(pledge::State::code));
    let states =
        states.chain(freight::State::ALL.map(freight::State::code)).chain(flow::State::ALL.map(flow::State::code));
    for code in states {
        assert!(both(&state_name(code)), "{code}");
    }
    let receipt_steps = receipt::State::ALL.into_iter().flat_map(|s| s.allows()).map(|s| s.code());
    let loan_steps = loan::State::ALL.into_iter().flat_map(|s| s.allows()).map(|s| s.code());
    for code in receipt_steps.chain(loan_steps) {
        assert!(both(&step_name(code)), "{code}");
    }
}

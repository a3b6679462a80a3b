//! Money that is booked: under a number that the bank uses once, about the payment that it names, and never by the one
//! person who also lets the goods go.

use crate::support::*;
use logistics_finance::domain::loan::{Outcome, State};
use logistics_finance::domain::receipt;
use logistics_finance::domain::refused::Refused;
use logistics_finance::service::loans::{self, Freed};
use logistics_finance::service::receipts;

fn all(receipt: &str) -> [Freed; 1] {
    [Freed { receipt: receipt.into(), quantity: None }]
}

#[test]
fn a_settled_loan_keeps_its_goods_until_other_hands_let_them_go() {
    let x = Xuzhou::new();
    let (loan, pledged) = x.out(70_000_000);
    let settled = loans::repay(&x.bank(BANK_A, "teller"), &loan.id, "RP-1", 70_000_000).unwrap();
    assert_eq!(settled.state, State::Settled);
    assert_eq!(receipts::get(&x.company(A), &pledged.id).unwrap().state, receipt::State::Pledged);
    let e = rule(loans::release(&x.bank(BANK_A, "teller"), &loan.id, &all(&pledged.id)));
    assert_eq!(e, Refused::SameHands { step: "release", first: "repay" });
    assert_eq!(x.audited("loan.release.refused"), 1);
    loans::release(&x.bank(BANK_A, "keeper"), &loan.id, &all(&pledged.id)).unwrap();
    assert_eq!(receipts::get(&x.company(A), &pledged.id).unwrap().state, receipt::State::Released);
}

#[test]
fn an_answer_that_comes_late_about_one_payment_is_none_to_the_next() {
    let x = Xuzhou::new();
    let (loan, _) = x.ready(70_000_000);
    let payment = |n: u32| format!("{}-D{n}", loan.id);
    let no = Outcome::Refused { reason: "额度不足".into() };
    let answer = |n: u32, outcome: &Outcome| {
        loans::confirm_disbursement(&x.bank(BANK_A, "payer"), &loan.id, Some(&payment(n)), outcome)
    };
    loans::ask_disbursement(&x.bank(BANK_A, "maker"), &loan.id).unwrap();
    for _ in 0..2 {
        assert_eq!(answer(1, &no).unwrap().state, State::Signed);
    }
    loans::ask_disbursement(&x.bank(BANK_A, "maker"), &loan.id).unwrap();
    for late in [no, paid("BK-1")] {
        let other = Refused::OtherPayment { reference: payment(1), last: payment(2) };
        assert_eq!(rule(answer(1, &late)), other);
        let unnamed = loans::confirm_disbursement(&x.bank(BANK_A, "payer"), &loan.id, None, &late);
        assert_eq!(rule(unnamed), Refused::Nothing("reference"));
    }
    assert_eq!(answer(2, &paid("BK-2")).unwrap().state, State::Disbursed);
}

#[test]
fn nobody_who_asked_for_the_payment_confirms_it() {
    let x = Xuzhou::new();
    let (loan, _) = x.ready(70_000_000);
    for maker in ["maker", "second"] {
        loans::ask_disbursement(&x.bank(BANK_A, maker), &loan.id).unwrap();
    }
    for maker in ["maker", "second"] {
        let e = rule(loans::confirm_disbursement(&x.bank(BANK_A, maker), &loan.id, None, &paid("BK-1")));
        assert_eq!(e, Refused::SameHands { step: "confirm-disbursement", first: "ask-disbursement" });
    }
    loans::confirm_disbursement(&x.bank(BANK_A, "payer"), &loan.id, None, &paid("BK-1")).unwrap();
}

#[test]
fn one_number_of_a_bank_moves_money_for_one_loan() {
    let x = Xuzhou::new();
    let (first, _) = x.out(70_000_000);
    let second = x.second_loan(&x.warehouse().id);
    loans::ask_disbursement(&x.bank(BANK_A, "maker"), &second.id).unwrap();
    let payer = x.bank(BANK_A, "payer");
    let used = |number: &str| Refused::ReferenceReused { reference: number.into() };
    assert_eq!(rule(loans::confirm_disbursement(&payer, &second.id, None, &paid("BK-1"))), used("BK-1"));
    loans::confirm_disbursement(&payer, &second.id, None, &paid("BK-2")).unwrap();
    let teller = x.bank(BANK_A, "teller");
    for _ in 0..2 {
        loans::repay(&teller, &first.id, "RP-1", 1_000_000).unwrap();
    }
    assert_eq!(rule(loans::repay(&teller, &second.id, "RP-1", 1_000_000)), used("RP-1"));
    assert_eq!(rule(loans::repay(&teller, &second.id, "BK-1", 1_000_000)), used("BK-1"), "of whatever kind");
    let kept = loans::get(&teller, &second.id).unwrap();
    assert_eq!((kept.balance.principal, kept.repayments.len()), (7_000_000, 0));
    // Interest that falls due on one day is an entry of each loan.
    x.advance(DAY);
    loans::repay(&x.bank(BANK_A, "teller"), &first.id, "RP-2", 1_000_000).unwrap();
    loans::repay(&x.bank(BANK_A, "teller"), &second.id, "RP-3", 1_000_000).unwrap();
}

//! Paying out: what must be there before, and one payment whatever is asked, answered or replayed.

use super::*;

#[test]
fn nothing_is_paid_out_unsigned_or_unregistered_or_on_frozen_goods() {
    let mut deal = approved(70_000_000);
    let now_prices = prices(100_000);
    assert_eq!(deal.ask_disbursement("maker", &now_prices, 30, START), Err(Refused::NotSigned));
    assert_eq!(deal.sign(false, "rep", START), Ok(()));
    assert_eq!(deal.sign(true, "rep", START), Err(Refused::SameHands { step: "sign", first: "sign" }));
    deal.sign(true, "approver", START).unwrap();
    let unregistered = Err(Refused::NotRegistered { receipt: "WR1".into() });
    assert_eq!(deal.ask_disbursement("maker", &now_prices, 30, START), unregistered);
    deal.register_pledges(START).unwrap();
    deal.receipts[0].freeze("x", "p", START).unwrap();
    assert!(matches!(deal.ask_disbursement("maker", &now_prices, 30, START), Err(Refused::ReceiptFrozen { .. })));
    deal.receipts[0].unfreeze("regulator", &coal(1_000_000), START).unwrap();
    assert!(matches!(deal.ask_disbursement("maker", &prices(99_999), 30, START), Err(Refused::OverLtv { .. })));
    assert!(deal.loan.disbursement.is_none());
}

#[test]
fn a_payment_that_is_asked_for_again_is_one_payment() {
    let mut deal = ready(70_000_000);
    let now_prices = prices(100_000);
    assert_eq!(deal.ask_disbursement("maker", &now_prices, 30, START).unwrap().len(), 1);
    assert!(deal.ask_disbursement("maker", &now_prices, 30, START + 1).unwrap().is_empty());
    let first = deal.loan.disbursement.clone().unwrap();
    assert_eq!((first.reference.as_str(), first.asked), ("LN1-D1", 2));
    // Nobody answers: it is unknown, and asked for again under the same number.
    assert_eq!(deal.ask_again(START + 1 + ANSWER_WITHIN).len(), 2);
    let unknown = deal.loan.disbursement.clone().unwrap();
    assert_eq!((unknown.state, unknown.reference), (DisbursementState::Unknown, first.reference));
    assert!(deal.reject("x", START).is_err(), "the money may be on its way");
    let calendar = Calendar::default();
    let by_maker = deal.disbursed(None, &paid(), "maker", &calendar, START + 2);
    assert_eq!(by_maker, Err(Refused::SameHands { step: "confirm-disbursement", first: "ask-disbursement" }));
    let effects = deal.disbursed(None, &paid(), "payer", &calendar, START + 2).unwrap();
    assert_eq!(effects.iter().filter(|e| matches!(e, Effect::Book(_))).count(), 1);
    let once = deal.clone();
    assert!(deal.disbursed(None, &paid(), "payer", &calendar, START + 3).unwrap().is_empty());
    assert!(deal.ask_disbursement("maker", &now_prices, 30, START + 3).unwrap().is_empty());
    assert_eq!(deal, once, "replayed: exactly one");
    let other = Outcome::Paid { bank_reference: "BK-2".into() };
    assert!(matches!(deal.disbursed(None, &other, "payer", &calendar, START), Err(Refused::ReferenceReused { .. })));
    assert_eq!(deal.loan.balance.principal, 70_000_000);
}

#[test]
fn a_payment_that_was_refused_is_asked_for_under_a_new_number() {
    let mut deal = ready(70_000_000);
    deal.ask_disbursement("maker", &prices(100_000), 30, START).unwrap();
    let no = Outcome::Refused { reason: "limit".into() };
    deal.disbursed(None, &no, "payer", &Calendar::default(), START).unwrap();
    assert_eq!(deal.loan.state, State::Signed);
    deal.ask_disbursement("maker", &prices(100_000), 30, START).unwrap();
    let second = deal.clone();
    assert_eq!(deal.loan.disbursement.as_ref().unwrap().reference, "LN1-D2");
    // What comes late about the first payment is no answer to the second.
    let calendar = Calendar::default();
    for late in [no, paid()] {
        let other = Refused::OtherPayment { reference: "LN1-D1".into(), last: "LN1-D2".into() };
        assert_eq!(deal.disbursed(Some("LN1-D1"), &late, "payer", &calendar, START), Err(other));
        let unnamed = deal.disbursed(None, &late, "payer", &calendar, START);
        assert_eq!(unnamed, Err(Refused::Nothing("reference")), "which of the two?");
    }
    assert_eq!(deal, second);
    deal.disbursed(Some("LN1-D2"), &paid(), "payer", &calendar, START).unwrap();
    let once = deal.clone();
    assert!(deal.disbursed(Some("LN1-D2"), &paid(), "payer", &calendar, START).unwrap().is_empty());
    assert_eq!(deal, once);
}

#[test]
fn nobody_who_asked_for_a_payment_says_what_became_of_it() {
    let mut deal = ready(70_000_000);
    for maker in ["maker", "second", "maker"] {
        deal.ask_disbursement(maker, &prices(100_000), 30, START).unwrap();
    }
    for maker in ["maker", "second"] {
        let e = deal.disbursed(None, &paid(), maker, &Calendar::default(), START);
        assert_eq!(e, Err(Refused::SameHands { step: "confirm-disbursement", first: "ask-disbursement" }));
    }
    deal.disbursed(None, &paid(), "payer", &Calendar::default(), START).unwrap();
}

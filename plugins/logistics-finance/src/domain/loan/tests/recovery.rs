//! Goods are sold by two persons, and the rest is given up by a third.

use super::*;

fn sale(proceeds: u64) -> Sale {
    Sale {
        number: String::new(),
        receipt: "WR1".into(),
        buyer: "C".into(),
        proceeds,
        reference: "S1".into(),
        surplus: 0,
        by: "teller".into(),
        confirmed_by: None,
        at: START,
    }
}

/// Entered by the teller and confirmed by another officer.
fn sold(deal: &mut Deal, proceeds: u64, now: i64) {
    deal.enter_sale(&sale(proceeds), now).unwrap();
    let number = deal.loan.pending_sales[0].number.clone();
    deal.confirm_sale(&number, "second", now).unwrap();
}

fn in_disposal() -> Deal {
    let mut deal = out(70_000_000);
    let late = deal.loan.due.unwrap().plus(1).start();
    deal.fall_due(late);
    deal.dispose("officer", late).unwrap();
    deal
}

#[test]
fn what_a_sale_brings_pays_the_loan_and_the_rest_is_the_borrowers() {
    let mut deal = in_disposal();
    let now = deal.loan.due.unwrap().plus(1).start();
    let owed = deal.loan.owed_at(now);
    sold(&mut deal, owed + 5, now);
    assert_eq!((deal.loan.state, deal.loan.sales[0].surplus), (State::Settled, 5));
    assert_eq!((deal.receipts[0].holder.as_str(), deal.receipts[0].state), ("C", receipt::State::Released));
    let once = deal.clone();
    deal.enter_sale(&sale(owed + 5), now).unwrap();
    assert!(deal.confirm_sale("LN1-S1", "second", now).unwrap().is_empty());
    assert_eq!(deal, once, "entered or confirmed again, it changes nothing");
    let fee = Sale { proceeds: 1, ..sale(1) };
    assert_eq!(deal.enter_sale(&fee, now), Err(Refused::ReferenceReused { reference: "S1".into() }));
}

#[test]
fn goods_are_sold_by_two_persons_or_not_at_all() {
    let mut deal = in_disposal();
    let now = deal.loan.due.unwrap().plus(1).start();
    deal.enter_sale(&sale(1), now).unwrap();
    let waiting = deal.clone();
    assert_eq!((deal.receipts[0].holder.as_str(), deal.loan.sales.len()), ("A", 0), "nothing moves yet");
    let same = Refused::SameHands { step: "confirm-sale", first: "enter-sale" };
    assert_eq!(deal.confirm_sale("LN1-S1", "teller", now), Err(same));
    assert_eq!(deal, waiting);
    // Another price is another sale: who looked at the first does not confirm it.
    deal.enter_sale(&Sale { reference: "S2".into(), ..sale(69_000_000) }, now).unwrap();
    assert_eq!(deal.confirm_sale("LN1-S1", "second", now), Err(Refused::NoSale("LN1-S1".into())));
    deal.refuse_sale("LN1-S2").unwrap();
    assert_eq!(deal.confirm_sale("LN1-S2", "second", now), Err(Refused::NoSale("LN1-S2".into())));
    sold(&mut deal, 69_000_000, now);
    let booked = &deal.loan.sales[0];
    assert_eq!((booked.number.as_str(), booked.confirmed_by.as_deref()), ("LN1-S3", Some("second")));
}

#[test]
fn a_loan_that_is_paid_back_sells_nothing_more() {
    let mut deal = in_disposal();
    let now = deal.loan.due.unwrap().plus(1).start();
    deal.enter_sale(&sale(1), now).unwrap();
    deal.repay("R1", deal.loan.owed_at(now), "teller", now).unwrap();
    assert_eq!((deal.loan.state, deal.loan.pending_sales.len()), (State::Settled, 0));
    assert_eq!(deal.confirm_sale("LN1-S1", "second", now), Err(Refused::NoSale("LN1-S1".into())));
}

#[test]
fn the_rest_is_written_off_by_other_hands_once_everything_is_sold() {
    let mut deal = in_disposal();
    let now = deal.loan.due.unwrap().plus(1).start();
    assert!(matches!(deal.write_off("boss", now), Err(Refused::Pledged { .. })));
    sold(&mut deal, 1_000, now);
    for (by, first) in [("approver", "approve"), ("officer", "dispose")] {
        assert_eq!(deal.write_off(by, now), Err(Refused::SameHands { step: "write-off", first }));
    }
    let effects = deal.write_off("boss", now).unwrap();
    assert!(matches!(&effects[..], [Effect::Book(_)]));
    assert_eq!((deal.loan.state, deal.loan.balance.owed()), (State::WrittenOff, 0));
}

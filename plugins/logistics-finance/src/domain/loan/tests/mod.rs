mod payout;
mod recovery;

use super::*;
use crate::domain::borrower::{Borrower, Consent};
use crate::domain::calendar::Calendar;
use crate::domain::quote::{Prices, coal_at};
use crate::domain::receipt::{self, Receipt};
use crate::domain::time::DAY;
use crate::domain::warehouse::{Warehouse, coal};
use yunlong_sdk::Text;

/// Tuesday 2026-11-24, 08:00 in Shanghai.
pub(crate) const START: i64 = 1_795_478_400_000;
pub(crate) const LIMITS: Limits = Limits { price_days: 30, credit_days: 30 };

pub(crate) fn terms() -> Terms {
    Terms {
        rate: Rate { bps: 435, day_count: DayCount::Actual360, overdue_bps: 5_000 },
        term_days: 90,
        ltv_bps: 7_000,
        margin_bps: 8_000,
    }
}

pub(crate) fn file(bank: &str) -> Borrower {
    Borrower {
        id: Borrower::key(bank, "A"),
        bank: bank.into(),
        uscc: "A".into(),
        name: "甲".into(),
        version: 1,
        opened_by: "opener".into(),
        opened_at: 0,
    }
}

pub(crate) fn consent(bank: &str) -> Consent {
    Consent {
        id: Borrower::key(bank, "A"),
        bank: bank.into(),
        borrower: "A".into(),
        given_by: "rep".into(),
        mandate: "m".into(),
        given_at: 0,
        until: i64::MAX,
        withdrawn_at: None,
    }
}

pub(crate) fn warehouse() -> Warehouse {
    Warehouse {
        id: "WH1".into(),
        name: Text::same("仓"),
        custodian: "W".into(),
        custodian_name: String::new(),
        division: "320305".into(),
        address: String::new(),
        affiliates: vec!["Z".into()],
        active: true,
        created_at: 0,
        request: String::new(),
    }
}

pub(crate) fn prices(price: u64) -> Prices {
    Prices::from([("coal-5500".to_owned(), coal_at(price, START))])
}

/// A receipt of so many kilograms of coal, issued to the borrower.
pub(crate) fn receipt(id: &str, quantity: u64) -> Receipt {
    let mut lot = coal(quantity);
    let mut receipt = Receipt::draft(id.into(), &lot, quantity, "A", "clerk", START).unwrap();
    receipt.issue(&mut lot, START).unwrap();
    receipt
}

fn application(principal: u64) -> Application {
    Application {
        id: "LN1".into(),
        purpose: "采购".into(),
        principal,
        terms: terms(),
        by: "rep".into(),
        request: String::new(),
    }
}

/// Applied for on 1,000 t of coal, which are worth a million yuan at 1,000 yuan a tonne.
fn applied(principal: u64) -> Deal {
    Deal::apply(&file("B"), application(principal), vec![receipt("WR1", 1_000_000)], &[warehouse()], START).unwrap()
}

fn check(counts: &[(&str, u32)]) -> CreditCheck {
    CreditCheck::of(counts.iter().map(|(k, n)| ((*k).to_owned(), *n)).collect(), "checker", START)
}

fn approve(deal: &mut Deal, principal: u64, by: &str) -> Result<(), Refused> {
    let (consent, prices) = (consent("B"), prices(100_000));
    deal.approve(&Approval { principal, by, consent: Some(&consent), prices: &prices, limits: LIMITS }, START)
}

fn approved(principal: u64) -> Deal {
    let mut deal = applied(principal);
    deal.credit_checked(check(&[]), Some(&consent("B")), START).unwrap();
    approve(&mut deal, principal, "approver").unwrap();
    deal
}

fn ready(principal: u64) -> Deal {
    let mut deal = approved(principal);
    deal.sign(false, "rep", START).unwrap();
    deal.sign(true, "approver", START).unwrap();
    deal.register_pledges(START).unwrap();
    deal
}

fn paid() -> Outcome {
    Outcome::Paid { bank_reference: "BK-1".into() }
}

fn out(principal: u64) -> Deal {
    let mut deal = ready(principal);
    deal.ask_disbursement("maker", &prices(100_000), 30, START).unwrap();
    deal.disbursed(None, &paid(), "payer", &Calendar::default(), START).unwrap();
    deal
}

#[test]
fn seventy_percent_is_approved_and_a_fen_more_is_not() {
    let mut deal = applied(70_000_001);
    deal.credit_checked(check(&[]), Some(&consent("B")), START).unwrap();
    let e = approve(&mut deal, 70_000_001, "approver").unwrap_err();
    let over = Refused::OverLtv { principal: 70_000_001, most: 70_000_000, value: 100_000_000, ltv_bps: 7_000 };
    assert_eq!((e, deal.loan.state), (over, State::CreditChecked));
    approve(&mut deal, 70_000_000, "approver").unwrap();
    assert_eq!((deal.loan.state, deal.loan.principal), (State::Approved, 70_000_000));
}

#[test]
fn whoever_opened_the_file_applied_or_checked_does_not_approve() {
    for (by, first) in [("opener", "open-file"), ("rep", "apply"), ("checker", "check-credit")] {
        let mut deal = applied(1);
        deal.credit_checked(check(&[]), Some(&consent("B")), START).unwrap();
        assert_eq!(approve(&mut deal, 1, by), Err(Refused::SameHands { step: "approve", first }));
        assert_eq!(deal.loan.state, State::CreditChecked);
    }
}

#[test]
fn a_breach_an_old_check_and_a_consent_that_was_taken_back_forbid_it() {
    let mut deal = applied(1);
    deal.credit_checked(check(&[("breach", 1)]), Some(&consent("B")), START).unwrap();
    assert_eq!(approve(&mut deal, 1, "approver"), Err(Refused::Credit(vec!["breach-in-force"])));
    deal.credit_checked(check(&[]), Some(&consent("B")), START).unwrap();
    let back = Consent { withdrawn_at: Some(START), ..consent("B") };
    let now_prices = prices(100_000);
    let approval = Approval { principal: 1, by: "approver", consent: Some(&back), prices: &now_prices, limits: LIMITS };
    assert!(matches!(deal.approve(&approval, START), Err(Refused::NoConsent { withdrawn: true, .. })));
    let standing = consent("B");
    let late = Approval { consent: Some(&standing), ..approval };
    assert_eq!(deal.approve(&late, START + 31 * DAY), Err(Refused::Credit(vec!["check-too-old"])));
}

#[test]
fn goods_at_an_affiliate_and_goods_of_others_secure_nothing() {
    let mine = || vec![receipt("WR1", 10)];
    let affiliate = Warehouse { affiliates: vec!["A".into()], ..warehouse() };
    let e = Deal::apply(&file("B"), application(1), mine(), &[affiliate], START).unwrap_err();
    assert!(matches!(e, Refused::Affiliate { .. }));
    let others = vec![Receipt { holder: "C".into(), ..receipt("WR1", 10) }];
    assert_eq!(Deal::apply(&file("B"), application(1), others, &[warehouse()], START), Err(Refused::NotYours));
    let taken = applied(1).receipts;
    let e = Deal::apply(&file("B2"), application(1), taken, &[warehouse()], START).unwrap_err();
    assert_eq!(e, Refused::Pledged { receipt: "WR1".into(), bank: "B".into() });
}

#[test]
fn the_due_day_moves_over_holidays_and_interest_runs_until_it() {
    let due: Date = Date::at(START).plus(90);
    let calendar = Calendar { holidays: (0..4).map(|n| due.plus(n)).collect(), ..Calendar::default() };
    let mut deal = ready(70_000_000);
    deal.ask_disbursement("maker", &prices(100_000), 30, START).unwrap();
    deal.disbursed(None, &paid(), "payer", &calendar, START).unwrap();
    let moved = deal.loan.due.unwrap();
    assert!(moved >= due.plus(4) && calendar.is_business_day(moved));
    let days = Date::at(START).days_until(moved);
    let owed = deal.loan.owed_at(moved.start());
    assert_eq!(owed - 70_000_000, 70_000_000 * 435 * u64::try_from(days).unwrap() / 3_600_000);
    assert!(deal.fall_due(moved.start()).is_empty(), "not on the due day");
    assert!(!deal.fall_due(moved.plus(1).start()).is_empty());
    assert_eq!(deal.loan.state, State::Overdue);
}

fn part(quantity: u64) -> Part {
    Part { receipt: "WR1".into(), quantity: Some(quantity), kept: "K".into(), freed: "F".into() }
}

#[test]
fn three_of_seven_repaid_release_what_leaves_seventy_percent_and_no_kilogram_more() {
    let mut deal = out(70_000_000);
    assert_eq!(deal.repay("R1", 30_000_000, "teller", START).unwrap().len(), 1);
    assert_eq!((deal.loan.state, deal.loan.balance.principal), (State::Repaying, 40_000_000));
    // 400,000.00 need 571,428.58 of value: 571,429 kg at a yuan each.
    let now_prices = prices(100_000);
    let before = deal.clone();
    let e = deal.release("keeper", &[part(428_572)], &now_prices, 30, START).unwrap_err();
    assert_eq!(e, Refused::LeavesOverLtv { left: 57_142_800, needed: 57_142_858 });
    assert_eq!(deal, before, "a refusal changes nothing");
    deal.release("keeper", &[part(428_571)], &now_prices, 30, START).unwrap();
    let of = |id: &str| deal.receipts.iter().find(|r| r.id == id).unwrap();
    assert_eq!((of("F").state, of("F").quantity), (receipt::State::Released, 428_571));
    assert_eq!((of("K").state, of("K").quantity), (receipt::State::Pledged, 571_429));
    assert_eq!(of("WR1").state, receipt::State::Cancelled);
    assert_eq!(deal.standing().map(|p| p.receipt.as_str()).collect::<Vec<_>>(), ["K"]);
}

#[test]
fn a_repayment_counts_once_and_a_fen_too_much_is_refused() {
    let mut deal = out(70_000_000);
    let too_much = Refused::OverOwed { owed: 70_000_000, paid: 70_000_001 };
    assert_eq!(deal.repay("R1", 70_000_001, "teller", START), Err(too_much));
    deal.repay("R1", 10, "teller", START).unwrap();
    let once = deal.clone();
    assert!(deal.repay("R1", 10, "teller", START).unwrap().is_empty());
    assert_eq!(deal, once);
    assert_eq!(deal.repay("R1", 11, "teller", START), Err(Refused::ReferenceReused { reference: "R1".into() }));
    deal.repay("R2", 69_999_990, "teller", START).unwrap();
    assert_eq!(deal.loan.state, State::Settled);
    assert!(deal.repay("R3", 1, "teller", START).is_err());
}

#[test]
fn whoever_booked_the_money_does_not_let_go_of_the_goods() {
    let mut deal = out(70_000_000);
    deal.repay("R1", 30_000_000, "teller", START).unwrap();
    let same = Err(Refused::SameHands { step: "release", first: "repay" });
    assert_eq!(deal.release("teller", &[part(428_571)], &prices(100_000), 30, START), same, "a part of them");
    deal.repay("R2", 40_000_000, "teller", START).unwrap();
    assert_eq!((deal.loan.state, deal.receipts[0].state), (State::Settled, receipt::State::Pledged));
    assert_eq!(deal.loan.held_since, Some(START));
    let all = [Part::whole("WR1")];
    assert_eq!(deal.release("teller", &all, &Prices::new(), 30, START), same, "all of them");
    deal.release("keeper", &all, &Prices::new(), 30, START).unwrap();
    assert_eq!((deal.receipts[0].state, deal.loan.held_since), (receipt::State::Released, None));
}

#[test]
fn a_price_that_falls_by_a_fifth_calls_for_more_and_is_cured_or_disposed_of() {
    let calendar = Calendar::default();
    let fallen = prices(80_000);
    let call = |deal: &mut Deal| {
        let value = deal.secured(&fallen, 30, START).unwrap();
        deal.revalue(&value, 3, &calendar, START)
    };
    let mut deal = out(70_000_000);
    let effects = call(&mut deal);
    assert!(matches!(&effects[..], [Effect::Alert(a), Effect::Wake { .. }] if a.amount == Some(20_000_000)));
    let open = deal.loan.margin.clone().unwrap();
    assert_eq!((open.ltv_bps, open.until.to_string().as_str()), (8_750, "2026-11-27"));
    assert!(call(&mut deal).is_empty(), "called once");
    assert!(matches!(deal.dispose("officer", START), Err(Refused::TooEarly { .. })));

    // Cured by repaying down to 70 % of 800,000.
    let mut cured = deal.clone();
    cured.repay("R1", 14_000_000, "teller", START).unwrap();
    let effects = call(&mut cured);
    assert!(matches!(&effects[..], [Effect::Alert(a)] if a.kind == crate::domain::alert::Kind::MarginCured));
    assert!(cured.margin_ended(START + 10 * DAY).is_empty());

    // Cured by pledging more, once it is registered.
    let mut more = deal.clone();
    more.add_collateral(vec![receipt("WR2", 250_000)], &[warehouse()], START).unwrap();
    assert!(call(&mut more).is_empty(), "asked for, it secures nothing yet");
    more.register_pledges(START).unwrap();
    assert_eq!(call(&mut more).len(), 1);

    // Neither: the day after the last one it goes into disposal.
    assert!(deal.margin_ended(open.until.start()).is_empty());
    deal.margin_ended(open.until.plus(1).start());
    assert_eq!((deal.loan.state, deal.loan.margin.clone().unwrap().state), (State::Disposal, MarginState::Lapsed));
}

#[test]
fn a_frozen_loan_takes_money_and_nothing_else() {
    let mut deal = out(70_000_000);
    assert!(deal.loan.freeze("representative-changed", START) && !deal.loan.freeze("again", START));
    let e = deal.release("keeper", &[part(1)], &prices(100_000), 30, START).unwrap_err();
    assert_eq!(e, Refused::LoanFrozen { reason: "representative-changed".into() });
    deal.repay("R1", 1, "teller", START).unwrap();
    assert!(deal.loan.unfreeze());
}

#[test]
fn a_settled_loan_keeps_a_frozen_receipt_until_it_is_cleared_up() {
    let mut deal = out(70_000_000);
    deal.receipts[0].freeze("goods-missing", "sensor", START).unwrap();
    deal.repay("R1", 70_000_000, "teller", START).unwrap();
    assert_eq!((deal.loan.state, deal.standing().count()), (State::Settled, 1));
    let all = Part { quantity: None, ..part(0) };
    assert!(matches!(
        deal.release("keeper", std::slice::from_ref(&all), &Prices::new(), 30, START),
        Err(Refused::ReceiptFrozen { .. })
    ));
    deal.receipts[0].unfreeze("regulator", &coal(1_000_000), START).unwrap();
    deal.release("keeper", &[all], &Prices::new(), 30, START).unwrap();
    assert_eq!(deal.standing().count(), 0);
}

#[test]
fn what_is_rejected_leaves_the_receipts_free() {
    let mut deal = ready(70_000_000);
    deal.reject("gave up", START).unwrap();
    assert_eq!((deal.loan.state, deal.standing().count()), (State::Rejected, 0));
    assert!(deal.receipts.iter().all(|r| r.pledged_to.is_none()));
}

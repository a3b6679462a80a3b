//! The acceptance lines, in their order. Manufacturer 91320300MA000TX14G.

use crate::support::*;
use logistics_finance::LogisticsFinance;
use logistics_finance::domain::flow::{Disagreement, State as FlowState};
use logistics_finance::domain::freight::{Place, State as Way};
use logistics_finance::domain::ledger::Kind;
use logistics_finance::domain::loan::{DisbursementState, MarginState, State};
use logistics_finance::domain::receipt;
use logistics_finance::domain::refused::Refused;
use logistics_finance::service::flows::{NewFlow, NewPayment, Side};
use logistics_finance::service::freight::NewFreight;
use logistics_finance::service::loans::Freed;
use logistics_finance::service::{alerts, flows, freight, loans, receipts};
use logistics_finance::store::{LEDGER_SUM, PLEDGES, by};
use yunlong_sdk::data;

#[test]
fn line_1_a_receipt_pledged_at_one_bank_is_refused_at_the_other() {
    let x = Xuzhou::new();
    let receipt = x.issue(&x.coal(1_000), 1_000).unwrap();
    x.file(BANK_A);
    x.file(BANK_B);
    x.apply(BANK_A, 100, &[&receipt]).unwrap();
    let e = rule(x.apply(BANK_B, 100, &[&receipt]));
    assert_eq!(e, Refused::Pledged { receipt: receipt.id.clone(), bank: BANK_A.into() });
    let standing = PLEDGES.find(by::PLEDGE_STANDING.equals(receipt.id.as_str())).unwrap();
    assert_eq!(standing.items.len(), 1);
}

#[test]
fn line_1_two_hundred_requests_for_one_receipt_have_one_winner() {
    let x = Xuzhou::new();
    let receipt = x.issue(&x.coal(1_000), 1_000).unwrap();
    x.file(BANK_A);
    x.file(BANK_B);
    let (mut won, mut refused) = (0, 0);
    for n in 0..200 {
        // Some of them meet somebody else's commit on their way.
        x.conflict_next(n % 3);
        match x.apply([BANK_A, BANK_B][n as usize % 2], 100, &[&receipt]) {
            Ok(_) => won += 1,
            other => {
                assert!(matches!(rule(other), Refused::Pledged { .. }));
                refused += 1;
            }
        }
    }
    assert_eq!((won, refused), (1, 199));
}

#[test]
fn line_2_receipts_never_promise_more_than_lies_there() {
    let x = Xuzhou::new();
    let lot = x.coal(1_000);
    x.issue(&lot, 600).unwrap();
    let e = rule(x.issue(&lot, 500));
    assert!(matches!(e, Refused::LotShort { free: 400_000, asked: 500_000, .. }));
    x.issue(&lot, 400).unwrap();
    assert!(matches!(rule(x.issue(&lot, 1)), Refused::LotShort { free: 0, .. }));
}

#[test]
fn line_3_seven_hundred_thousand_are_approved_and_a_fen_more_is_not() {
    let x = Xuzhou::new();
    let (loan, _) = x.checked(70_000_001);
    let approver = x.bank(BANK_A, "approver");
    let e = rule(loans::approve(&approver, &loan.id, None));
    assert!(matches!(e, Refused::OverLtv { principal: 70_000_001, most: 70_000_000, value: 100_000_000, .. }));
    let loan = loans::approve(&approver, &loan.id, Some(70_000_000)).unwrap();
    assert_eq!((loan.state, loan.principal), (State::Approved, 70_000_000));
}

#[test]
fn line_5_a_partial_release_never_leaves_more_than_seventy_percent() {
    let x = Xuzhou::new();
    let (loan, receipt) = x.out(70_000_000);
    let bank = x.bank(BANK_A, "keeper");
    let free = |kg: u64| [Freed { receipt: receipt.id.clone(), quantity: Some(kg) }];
    assert!(matches!(rule(loans::release(&bank, &loan.id, &free(1))), Refused::LeavesOverLtv { .. }));
    loans::repay(&x.bank(BANK_A, "teller"), &loan.id, "RP-1", 30_000_000).unwrap();
    let e = rule(loans::release(&bank, &loan.id, &free(428_572)));
    assert_eq!(e, Refused::LeavesOverLtv { left: 57_142_800, needed: 57_142_858 });
    loans::release(&bank, &loan.id, &free(428_571)).unwrap();
    let overview = loans::overview(&bank, &loan.id).unwrap();
    assert_eq!((overview.owed, overview.value.unwrap().value), (40_000_000, 57_142_900));
    let mine = receipts::list(&x.company(A), 10, None).unwrap();
    let freed = mine.items.iter().find(|r| r.state == receipt::State::Released).unwrap();
    assert_eq!((freed.quantity, freed.parents.clone()), (428_571, vec![receipt.id]));
    assert!(receipts::verify(&freed.id).unwrap().genuine);
}

#[test]
fn line_6_a_payment_whose_outcome_is_unknown_is_made_once() {
    let x = Xuzhou::new();
    let (loan, _) = x.ready(70_000_000);
    let first = loans::ask_disbursement(&x.bank(BANK_A, "maker"), &loan.id).unwrap().disbursement.unwrap();
    // The bank does not answer; the app asks again by itself, under the same number.
    x.advance(31 * 60_000);
    x.settle();
    let unknown = loans::get(&x.bank(BANK_A, "maker"), &loan.id).unwrap().disbursement.unwrap();
    assert_eq!((unknown.state, &unknown.reference), (DisbursementState::Unknown, &first.reference));
    assert!(x.alerts(BANK_A).contains(&"disbursement-unknown"));
    // The call is replayed, and the answer comes five times.
    let again = loans::ask_disbursement(&x.bank(BANK_A, "maker"), &loan.id).unwrap().disbursement.unwrap();
    assert_eq!(again.reference, first.reference);
    let payer = x.bank(BANK_A, "payer");
    for _ in 0..5 {
        let done = loans::confirm_disbursement(&payer, &loan.id, None, &paid("BK-1")).unwrap();
        assert_eq!((done.state, done.balance.principal), (State::Disbursed, 70_000_000));
    }
    let e = rule(loans::confirm_disbursement(&payer, &loan.id, None, &paid("BK-2")));
    assert!(matches!(e, Refused::ReferenceReused { .. }));
    let entries = loans::ledger(&payer, &loan.id, 100, None).unwrap();
    assert_eq!(entries.items.iter().filter(|e| e.kind() == Kind::Disbursement).count(), 1);
    assert_eq!(data::counter(LEDGER_SUM, "all").unwrap(), 0);
}

/// 100 t of coal to carry for an order.
pub(crate) fn to_carry(order: &str) -> NewFreight {
    let place = |division: &str| Place { division: division.into(), address: String::new() };
    NewFreight {
        carrier: CARRIER.into(),
        order: order.into(),
        goods: "coal-5500".into(),
        quantity: 100 * TONNE,
        from: place("320305"),
        to: place("320324"),
        value: 10_000_000,
        not_after: TUESDAY + 5 * DAY as i64,
        parcels: Vec::new(),
    }
}

fn delivered(x: &Xuzhou, order: &str) -> String {
    let freight_order = freight::order(&x.company(A), None, &to_carry(order)).unwrap();
    let carrier = x.carrier();
    let waybill = freight::book(&carrier, &freight_order.id).unwrap();
    freight::load(&carrier, &waybill.id, "苏C·00001", "D-1").unwrap();
    freight::advance(&carrier, &waybill.id, Way::InTransit, None).unwrap();
    freight::advance(&carrier, &waybill.id, Way::Delivered, None).unwrap();
    waybill.id
}

#[test]
fn line_7_a_proof_of_delivery_without_payment_settles_nothing() {
    let x = Xuzhou::new();
    let receipt = x.issue(&x.coal(100), 100).unwrap();
    let waybill = delivered(&x, "SO-1");
    let new = NewFlow {
        number: "SO-1".into(),
        buyer: C.into(),
        bank: BANK_A.into(),
        goods: "coal-5500".into(),
        quantity: 100 * TONNE,
        amount: 10_000_000,
    };
    let seller = x.company(A);
    let flow = flows::open(&seller, Some("k"), &new).unwrap();
    flows::link_waybill(&seller, &flow.id, &waybill).unwrap();
    flows::link_receipt(&seller, &flow.id, &receipt.id).unwrap();
    freight::sign(&x.carrier(), &waybill, "收货岗", "POD-1", 100 * TONNE).unwrap();
    let open = Refused::Disagree(vec![Disagreement::NoPayment]);
    assert_eq!(rule(flows::settle(&x.company(A), &flow.id, "INV-1")), open);
    assert_eq!(rule(flows::release_funds(&x.bank(BANK_A, "officer"), &flow.id)), open);
    assert_eq!(flows::get(&x.company(C), &flow.id).unwrap().state, FlowState::Open);

    let payment = NewPayment { bank_reference: "PM-1".into(), payer: C.into(), payee: A.into(), amount: 10_000_000 };
    flows::confirm_payment(&x.bank(BANK_A, "teller"), &flow.id, &payment).unwrap();
    let e = rule(flows::release_funds(&x.bank(BANK_A, "teller"), &flow.id));
    assert!(matches!(e, Refused::SameHands { .. }));
    flows::release_funds(&x.bank(BANK_A, "officer"), &flow.id).unwrap();
    let settled = flows::settle(&x.company(A), &flow.id, "INV-1").unwrap();
    assert_eq!(settled.state, FlowState::Settled);
    assert_eq!(flows::list(&x.company(C), Side::Buyer, 10, None).unwrap().items.len(), 1);
}

#[test]
fn a_seller_links_no_receipt_of_others_and_learns_nothing_of_it() {
    let x = Xuzhou::new();
    let lot = x.coal(100);
    let receipt = x.issue(&lot, 100).unwrap();
    let order = |seller: &str, buyer: &str| NewFlow {
        number: format!("SO-{seller}"),
        buyer: buyer.into(),
        bank: BANK_A.into(),
        goods: "coal-5500".into(),
        quantity: 100 * TONNE,
        amount: 10_000_000,
    };
    // Whoever knows the number names its holder as the buyer.
    let stranger = flows::open(&x.company(C), None, &order(C, A)).unwrap();
    not_found(flows::link_receipt(&x.company(C), &stranger.id, &receipt.id));
    // The holder links it, and it stays linked when it passes to the buyer, and nobody sees to whom it goes then.
    let sale = flows::open(&x.company(A), None, &order(A, C)).unwrap();
    flows::link_receipt(&x.company(A), &sale.id, &receipt.id).unwrap();
    receipts::transfer(&x.company(A), &receipt.id, C).unwrap();
    let holder = || flows::get(&x.company(A), &sale.id).unwrap().stored.unwrap().holder;
    assert_eq!(holder(), C);
    receipts::transfer(&x.company(C), &receipt.id, CARRIER).unwrap();
    assert_eq!(holder(), "");
    // What the buyer has already, the buyer links.
    let other = x.issue(&x.coal(100), 100).unwrap();
    receipts::transfer(&x.company(A), &other.id, C).unwrap();
    not_found(flows::link_receipt(&x.company(A), &sale.id, &other.id));
    let linked = flows::link_receipt(&x.company(C), &sale.id, &other.id).unwrap();
    assert_eq!(linked.stored.unwrap().receipt, other.id);
}

#[test]
fn line_7_a_receipt_that_was_pledged_since_keeps_the_funds() {
    let x = Xuzhou::new();
    let receipt = x.issue(&x.coal(100), 100).unwrap();
    let waybill = delivered(&x, "SO-1");
    freight::sign(&x.carrier(), &waybill, "收货岗", "POD-1", 100 * TONNE).unwrap();
    let new = NewFlow {
        number: "SO-1".into(),
        buyer: C.into(),
        bank: BANK_A.into(),
        goods: "coal-5500".into(),
        quantity: 100 * TONNE,
        amount: 10_000_000,
    };
    let seller = x.company(A);
    let flow = flows::open(&seller, None, &new).unwrap();
    flows::link_waybill(&seller, &flow.id, &waybill).unwrap();
    flows::link_receipt(&seller, &flow.id, &receipt.id).unwrap();
    let payment = NewPayment { bank_reference: "PM-1".into(), payer: C.into(), payee: A.into(), amount: 10_000_000 };
    flows::confirm_payment(&x.bank(BANK_A, "teller"), &flow.id, &payment).unwrap();
    x.file(BANK_B);
    x.apply(BANK_B, 100, &[&receipt]).unwrap();
    let e = rule(flows::release_funds(&x.bank(BANK_A, "officer"), &flow.id));
    assert_eq!(e, Refused::Disagree(vec![Disagreement::Encumbered]));
}

#[test]
fn line_8_whoever_opened_the_applicants_file_does_not_approve_and_it_is_audited() {
    let x = Xuzhou::new();
    let (loan, _) = x.checked(1_000);
    let e = rule(loans::approve(&x.bank(BANK_A, "opener"), &loan.id, None));
    assert_eq!(e, Refused::SameHands { step: "approve", first: "open-file" });
    let row = x.audit().into_iter().find(|a| a.action == "loan.approve.refused").unwrap();
    assert_eq!((row.actor, row.target), (Some(format!("{BANK_A}-opener")), loan.id.clone()));
    assert_eq!(loans::get(&x.bank(BANK_A, "opener"), &loan.id).unwrap().state, State::CreditChecked);
    assert_eq!(x.audited("loan.approve"), 0);
}

#[test]
fn line_9_a_price_that_falls_by_a_fifth_calls_for_more_until_it_is_cured() {
    let x = Xuzhou::new();
    let (loan, _) = x.out(70_000_000);
    x.price(800);
    x.settle();
    let called = loans::get(&x.company(A), &loan.id).unwrap().margin.unwrap();
    assert_eq!((called.state, called.ltv_bps, called.short), (MarginState::Open, 8_750, 20_000_000));
    assert_eq!(x.alerts(BANK_A), ["margin-call"]);
    assert!(!x.inbox(&format!("{BANK_A}-approver")).is_empty(), "the bank's people are told");
    loans::repay(&x.bank(BANK_A, "teller"), &loan.id, "RP-1", 14_000_000).unwrap();
    let cured = loans::get(&x.company(A), &loan.id).unwrap().margin.unwrap();
    assert_eq!(cured.state, MarginState::Cured);
    x.advance(10 * DAY);
    x.settle();
    assert_eq!(loans::get(&x.company(A), &loan.id).unwrap().state, State::Repaying);
}

#[test]
fn line_9_a_margin_call_that_is_not_met_leads_to_disposal() {
    let x = Xuzhou::new();
    let (loan, _) = x.out(70_000_000);
    x.price(800);
    x.settle();
    // Three business days: Wednesday, Thursday, Friday. On Friday there is still time.
    x.advance(3 * DAY);
    x.settle();
    assert_eq!(loans::get(&x.company(A), &loan.id).unwrap().state, State::Disbursed);
    x.advance(DAY);
    x.settle();
    let disposed = loans::get(&x.company(A), &loan.id).unwrap();
    assert_eq!((disposed.state, disposed.margin.unwrap().state), (State::Disposal, MarginState::Lapsed));
    assert!(x.alerts(BANK_A).contains(&"margin-lapsed"));
    let first = alerts::list(&x.bank(BANK_A, "officer"), 1, None).unwrap().items.remove(0).into_value();
    assert!(alerts::seen(&x.bank(BANK_A, "officer"), &first.id).unwrap().seen_by.is_some());
    not_found(alerts::seen(&x.bank(BANK_B, "officer"), &first.id));
    assert_eq!(x.city.deliver::<LogisticsFinance>().dead, 0);
}

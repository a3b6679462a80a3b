//! Times that come due: nobody's silence holds the money for ever.

use crate::support::*;
use rural_ecommerce::domain::listing::Listing;
use rural_ecommerce::domain::order::{Order, State};
use rural_ecommerce::domain::returns::{Asked, Reason, Return, State as ReturnState};
use rural_ecommerce::domain::shipment::{Carrier, ClaimState, ParcelState, Units};
use rural_ecommerce::service::{orders, returns, shipping};
use serde_json::json;

fn asked(x: &Xuzhou, o: &Order) -> Return {
    let units = vec![Units { line: 0, units: 1 }];
    let asked = Asked { units, reason: Reason::Quality, text: "开裂".into() };
    x.by("anna", |w| returns::ask(w, &o.id, &asked)).unwrap()
}

fn stands(x: &Xuzhou, r: &Return) -> ReturnState {
    x.by("anna", |w| returns::get(w, &r.id)).unwrap().state
}

fn accepted(x: &Xuzhou, bed: &Listing, quantity: u32) -> Order {
    let o = x.bought("anna", &bed.id, quantity);
    x.by("bed-maker", |w| orders::accept(w, &o.id)).unwrap()
}

fn sent(x: &Xuzhou, o: &Order, carrier: Carrier) -> (Order, String) {
    let o = x.by("bed-maker", |w| shipping::ship(w, &o.id, &whole(o, carrier))).unwrap();
    let request = o.shipments.last().unwrap().request.clone();
    (o, request)
}

#[test]
fn a_seller_who_never_answers_agrees_and_a_buyer_who_never_sends_takes_it_back() {
    let x = Xuzhou::new();
    let o = x.delivered(&x.bed(5), "bed-maker", "anna", 2);
    let r = asked(&x, &o);
    x.later(7 * DAY - 1);
    assert_eq!(stands(&x, &r), ReturnState::Asked);
    x.later(1);
    assert_eq!(stands(&x, &r), ReturnState::Approved);
    assert!(x.inbox("anna").iter().any(|n| n.body.zh.contains("视为同意")));
    x.later(7 * DAY);
    assert_eq!((stands(&x, &r), x.order(&o.id).open_return), (ReturnState::Withdrawn, None));
    x.later(3 * DAY);
    assert_eq!(x.order(&o.id).state, State::Settled, "the order goes on by itself");
}

#[test]
fn goods_that_came_back_and_are_not_refunded_go_to_an_arbiter() {
    for inspected in [false, true] {
        let x = Xuzhou::new();
        let o = x.delivered(&x.bed(5), "bed-maker", "anna", 2);
        let r = asked(&x, &o);
        x.by("bed-maker", |w| returns::approve(w, &r.id, "")).unwrap();
        x.by("anna", |w| returns::send(w, &r.id, "SF0001")).unwrap();
        if inspected {
            x.later(6 * DAY);
            x.by("bed-maker", |w| returns::inspect(w, &r.id)).unwrap();
        }
        x.later(7 * DAY - 1);
        assert_ne!(stands(&x, &r), ReturnState::Disputed, "each step has its own days");
        x.later(1);
        assert_eq!(stands(&x, &r), ReturnState::Disputed);
        assert_eq!(x.order(&o.id).escrow.held(), 216_000, "held until the arbiter has decided");
        x.role("arbiter", |w| returns::arbitrate(w, &r.id, 108_000, "已寄回")).unwrap();
        x.settle();
        assert_eq!(x.escrow(&o).refunded, 108_000);
    }
}

#[test]
fn what_is_not_sent_in_time_is_refunded_once() {
    let x = Xuzhou::new();
    let bed = x.bed(5);
    let o = accepted(&x, &bed, 2);
    assert_eq!(kind(x.by("anna", |w| orders::cancel(w, &o.id))), "wrong-state", "the store is in time");
    x.later(7 * DAY - 1);
    assert_eq!(x.order(&o.id).state, State::Accepted);
    let due: Vec<_> = x.queued().into_iter().filter(|e| e.topic == "order.due").collect();
    x.advance(1);
    x.settle();
    for event in due {
        x.deliver_event::<rural_ecommerce::Rural>(&event).unwrap();
    }
    let o = x.order(&o.id);
    assert_eq!((o.state, o.refunds.len(), o.refunds[0].reason.as_str()), (State::Refunded, 1, "not-shipped"));
    assert_eq!((x.escrow(&o).refunded, x.stock(&bed.id)), (216_000, 5));
}

#[test]
fn the_buyer_gives_up_what_is_late_before_the_clocks_word_and_keeps_what_was_sent() {
    let x = Xuzhou::new();
    let o = accepted(&x, &x.bed(5), 2);
    let mut one = whole(&o, Carrier::Store);
    one.units[0].units = 1;
    x.by("bed-maker", |w| shipping::ship(w, &o.id, &one)).unwrap();
    x.advance(7 * DAY);
    let late = x.by("anna", |w| orders::cancel(w, &o.id)).unwrap();
    assert_eq!((late.state, late.escrow.refunded()), (State::Shipped, 108_000));
    x.settle();
    assert_eq!(x.order(&o.id).refunds.len(), 1, "the clock finds nothing more");
}

#[test]
fn a_shipment_without_news_becomes_a_claim_for_each_parcel() {
    let x = Xuzhou::new();
    let o = accepted(&x, &x.bed(5), 1);
    let (_, request) = sent(&x, &o, Carrier::Store);
    x.later(15 * DAY - 1);
    assert!(x.order(&o.id).claims.is_empty());
    x.later(1);
    let overdue = x.order(&o.id);
    assert_eq!(overdue.claims.len(), 3, "a bed has three parcels");
    assert!(overdue.claims.iter().all(|c| (c.reason, c.state) == (ParcelState::Overdue, ClaimState::Open)));
    assert_eq!(kind(x.by("anna", |w| orders::confirm(w, &o.id))), "escrow-held");
    // It arrives after all; a manager says that nothing is due, and the order goes on.
    x.by("bed-maker", |w| shipping::brought(w, &o.id, &request)).unwrap();
    for c in &overdue.claims {
        x.role("manager", |w| orders::decide_claim(w, &o.id, &c.id, &[], "已送达")).unwrap();
    }
    x.later(7 * DAY);
    assert_eq!(x.order(&o.id).state, State::Settled);
}

#[test]
fn a_carrier_that_never_answers_leaves_the_goods_to_be_sent_again_and_a_late_answer_doubles_nothing() {
    let x = Xuzhou::new();
    let o = accepted(&x, &x.bed(5), 1);
    let (_, request) = sent(&x, &o, Carrier::City);
    x.later(48 * HOUR - 1);
    assert_eq!(x.order(&o.id).state, State::Shipped);
    x.later(1);
    let silent = x.order(&o.id);
    assert_eq!((silent.state, silent.to_ship(0)), (State::Accepted, 1));
    assert!(x.inbox("bed-maker").iter().any(|n| n.title.zh == "物流未接单"));
    let (again, _) = sent(&x, &silent, Carrier::Store);
    for word in [
        ("shipment.answered", json!({"request": request, "waybill": "W-1"})),
        (
            "waybill.changed",
            json!({"waybill": "W-1", "request": request, "parcel": null, "state": "signed", "reason": null, "at": TUESDAY}),
        ),
    ] {
        x.arrive("logistics-finance", word.0, Some(&request), &word.1);
        x.run();
    }
    assert_eq!(x.order(&o.id), again, "the late word is of a shipment that is no more");
}

#[test]
fn a_store_that_asks_a_silent_carrier_again_and_again_does_not_hold_the_money() {
    let x = Xuzhou::new();
    let o = accepted(&x, &x.bed(5), 1);
    for _ in 0..5 {
        let now = x.order(&o.id);
        if now.state == State::Accepted {
            sent(&x, &now, Carrier::City);
        }
        x.later(2 * DAY);
        x.settle();
    }
    assert_eq!(x.order(&o.id).state, State::Refunded);
}

#[test]
fn a_confirmation_does_not_end_the_days_in_which_goods_may_be_returned() {
    let x = Xuzhou::new();
    let o = x.delivered(&x.bed(5), "bed-maker", "anna", 2);
    x.by("anna", |w| orders::confirm(w, &o.id)).unwrap();
    x.later(6 * DAY);
    assert_eq!(x.order(&o.id).state, State::Confirmed);
    let r = asked(&x, &o);
    x.by("anna", |w| returns::withdraw(w, &r.id)).unwrap();
    x.later(3 * DAY);
    assert_eq!(x.order(&o.id).state, State::Settled);
}

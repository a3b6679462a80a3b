//! Returns and arbitration.

use crate::support::*;
use rural_ecommerce::domain::listing::Listing;
use rural_ecommerce::domain::order::{Order, State as OrderState};
use rural_ecommerce::domain::product::Category;
use rural_ecommerce::domain::returns::{Asked, Reason, Return, State};
use rural_ecommerce::domain::shipment::Units;
use rural_ecommerce::service::{Refusal, Wanted, orders, returns};

fn asked(units: u32, reason: Reason) -> Asked {
    Asked { units: vec![Units { line: 0, units }], reason, text: "说明".into() }
}

fn ask(x: &Xuzhou, o: &Order, units: u32, reason: Reason) -> Result<Return, Refusal> {
    x.by("anna", |w| returns::ask(w, &o.id, &asked(units, reason)))
}

fn two_beds(x: &Xuzhou) -> Order {
    let bed = x.bed(5);
    x.delivered(&bed, "bed-maker", "anna", 2)
}

#[test]
fn one_of_two_comes_back_and_its_price_returns_and_the_rest_is_settled() {
    let x = Xuzhou::new();
    let o = two_beds(&x);
    let r = ask(&x, &o, 1, Reason::NoReason).unwrap();
    assert_eq!((r.amount, r.state), (108_000, State::Asked));
    assert_eq!(kind(x.by("anna", |w| orders::confirm(w, &o.id))), "escrow-held");
    assert_eq!(kind(ask(&x, &o, 1, Reason::Quality)), "return-open");
    let seller = |f: fn(&yunlong_sdk::Principal, &str) -> Result<Return, Refusal>| x.by("bed-maker", |w| f(w, &r.id));
    assert_eq!(kind(seller(returns::inspect)), "wrong-state");
    seller(|w, id| returns::approve(w, id, "请寄回")).unwrap();
    x.by("anna", |w| returns::send(w, &r.id, "顺丰 SF0001")).unwrap();
    seller(returns::inspect).unwrap();
    assert_eq!(seller(returns::refund).unwrap().refunded, 108_000);
    assert_eq!(kind(seller(returns::refund)), "wrong-state", "once");
    x.settle();
    x.by("anna", |w| orders::confirm(w, &o.id)).unwrap();
    x.later(7 * DAY);
    let o = x.order(&o.id);
    assert_eq!((o.state, o.escrow.refunded(), o.escrow.released()), (OrderState::Settled, 108_000, 108_000));
    assert_eq!(x.escrow(&o).released, 108_000);
}

#[test]
fn fresh_food_has_no_return_without_a_reason_unless_the_department_says_so() {
    let x = Xuzhou::new();
    x.garlic_store();
    let b = x.batch("garlic-grower", PIZHOU);
    let l: Listing = x.listed("garlic-grower", &product(Category::FreshFood, 3_980), Some(&b.id), 10);
    let o = x.delivered(&l, "garlic-grower", "anna", 1);
    assert_eq!(kind(ask(&x, &o, 1, Reason::NoReason)), "fresh-food");
    x.configure("fresh_no_reason", true);
    let r = ask(&x, &o, 1, Reason::NoReason).unwrap();
    x.by("anna", |w| returns::withdraw(w, &r.id)).unwrap();
    x.configure("fresh_no_reason", false);
    ask(&x, &o, 1, Reason::Damaged).unwrap();
}

#[test]
fn without_a_reason_it_is_seven_days_and_not_a_millisecond_more() {
    let x = Xuzhou::new();
    x.configure("confirm_days", 10);
    let o = two_beds(&x);
    x.advance(7 * DAY - 1);
    let r = ask(&x, &o, 1, Reason::NoReason).unwrap();
    x.by("anna", |w| returns::withdraw(w, &r.id)).unwrap();
    x.advance(1);
    assert_eq!(kind(ask(&x, &o, 1, Reason::NoReason)), "return-too-late");
    ask(&x, &o, 1, Reason::Quality).unwrap();
}

#[test]
fn a_rejected_return_goes_to_an_arbiter_who_has_no_part_in_it() {
    let x = Xuzhou::new();
    let o = two_beds(&x);
    let r = ask(&x, &o, 2, Reason::Quality).unwrap();
    assert_eq!(kind(x.by("bed-maker", |w| returns::reject(w, &r.id, " "))), "invalid-fields");
    x.by("bed-maker", |w| returns::reject(w, &r.id, "没有质量问题")).unwrap();
    x.by("anna", |w| returns::appeal(w, &r.id)).unwrap();
    x.later(60 * DAY);
    assert_eq!(x.order(&o.id).escrow.held(), 216_000, "held while it is disputed");
    for party in ["anna", "bed-maker"] {
        x.sign_in_official(party, &["arbiter"]);
        assert_eq!(kind(returns::arbitrate(&x.who(), &r.id, 1, "裁决")), "partial-arbiter");
    }
    assert_eq!(kind(x.by("anna", |w| returns::arbitrate(w, &r.id, 1, "裁决"))), "role-required");
    assert_eq!(x.role("arbiter", |w| returns::disputed(w, &Wanted::default(), 10, None)).unwrap().items.len(), 1);
    x.role("arbiter", |w| orders::get(w, &o.id)).unwrap();
    assert_eq!(kind(x.role("arbiter", |w| returns::arbitrate(w, &r.id, 216_001, "裁决"))), "invalid-fields");
    let done = x.role("arbiter", |w| returns::arbitrate(w, &r.id, 50_001, "部分退款")).unwrap();
    assert_eq!((done.state, done.refunded), (State::Arbitrated, 50_001));
    x.settle();
    assert_eq!(x.escrow(&o).refunded, 50_001);
}

#[test]
fn a_rejected_return_that_nobody_takes_further_lets_the_order_settle() {
    let x = Xuzhou::new();
    let o = two_beds(&x);
    let r = ask(&x, &o, 1, Reason::Quality).unwrap();
    x.later(6 * DAY);
    x.by("bed-maker", |w| returns::reject(w, &r.id, "没有质量问题")).unwrap();
    x.later(3 * DAY - 1);
    assert_eq!(x.order(&o.id).state, OrderState::Delivered, "three days to go to the arbiter");
    x.later(1);
    assert_eq!(x.order(&o.id).state, OrderState::Settled);
    assert_eq!(kind(x.by("anna", |w| returns::appeal(w, &r.id))), "wrong-state");
}

#[test]
fn a_return_is_nobody_elses_business() {
    let x = Xuzhou::new();
    let o = two_beds(&x);
    assert_eq!(kind(x.by("bo", |w| returns::ask(w, &o.id, &asked(1, Reason::Quality)))), "not-found");
    assert_eq!(kind(ask(&x, &o, 3, Reason::Quality)), "too-many-units");
    assert_eq!(kind(ask(&x, &o, 0, Reason::Quality)), "nothing-chosen");
    let r = ask(&x, &o, 1, Reason::Quality).unwrap();
    assert_eq!(kind(x.by("bo", |w| returns::get(w, &r.id))), "not-found");
    assert_eq!(kind(x.role("arbiter", |w| returns::get(w, &r.id))), "not-found", "no dispute yet");
    assert_eq!(kind(x.by("anna", |w| returns::approve(w, &r.id, ""))), "not-found", "the seller's word");
    assert_eq!(kind(x.by("bed-maker", |w| returns::send(w, &r.id, "x"))), "not-found", "the buyer's");
}

//! Parcels, the city's carrier, claims: acceptance line 9.

use crate::support::*;
use rural_ecommerce::Rural;
use rural_ecommerce::domain::order::{Back, Order, State};
use rural_ecommerce::domain::product::Category;
use rural_ecommerce::domain::returns::{Asked, Reason};
use rural_ecommerce::domain::shipment::{Carrier, ClaimState, ParcelState, Units};
use rural_ecommerce::service::{Wanted, orders, returns, shipping};
use serde_json::{Value, json};

/// A bed that was accepted and handed to the city's carrier: the order and the request.
fn handed_over(x: &Xuzhou) -> (Order, String) {
    let bed = x.bed(5);
    let o = x.bought("anna", &bed.id, 1);
    x.by("bed-maker", |w| orders::accept(w, &o.id)).unwrap();
    let o = x.by("bed-maker", |w| shipping::ship(w, &o.id, &whole(&o, Carrier::City))).unwrap();
    let request = o.shipments[0].request.clone();
    (o, request)
}

fn carrier_says(x: &Xuzhou, topic: &str, data: &Value) {
    x.arrive("logistics-finance", topic, data["request"].as_str(), data);
    x.run();
}

fn changed(request: &str, parcel: Option<&str>, state: &str, reason: Option<&str>) -> Value {
    json!({"waybill": "W-1", "request": request, "parcel": parcel, "state": state, "reason": reason, "at": TUESDAY})
}

/// Acceptance line 9.
#[test]
fn an_order_becomes_a_waybill_and_a_lost_parcel_a_claim_that_holds_the_escrow() {
    let x = Xuzhou::new();
    let (o, request) = handed_over(&x);
    let asked = x.published().into_iter().find(|e| e.topic == "shipment.requested").unwrap();
    let data: Value = serde_json::from_str(&asked.data).unwrap();
    assert_eq!((data["value"].as_u64(), data["parcels"].as_array().unwrap().len()), (Some(108_000), 3));
    for secret in ["买家 1 号", "19900000001", o.id.as_str(), "anna", "bed-maker"] {
        assert!(!asked.data.contains(secret) && !format!("{asked:?}").contains(secret), "{secret} left the department");
    }
    for _ in 0..2 {
        carrier_says(&x, "shipment.answered", &json!({"request": request, "waybill": "W-1"}));
    }
    assert_eq!(x.order(&o.id).shipments[0].waybill.as_deref(), Some("W-1"));
    carrier_says(&x, "waybill.changed", &changed(&request, None, "in-transit", None));
    carrier_says(&x, "waybill.changed", &changed(&request, Some("1"), "delivered", None));
    carrier_says(&x, "waybill.changed", &changed(&request, Some("2"), "exception", Some("lost")));
    carrier_says(&x, "waybill.changed", &changed(&request, Some("2"), "exception", Some("lost")));
    carrier_says(&x, "waybill.changed", &changed(&request, Some("3"), "signed", None));
    let o = x.order(&o.id);
    let claim = o.claims[0].clone();
    assert_eq!((o.claims.len(), claim.state, o.state), (1, ClaimState::Open, State::Shipped));
    assert_eq!(kind(x.by("anna", |w| orders::confirm(w, &o.id))), "escrow-held");
    x.later(60 * DAY);
    assert_eq!((x.order(&o.id).escrow.held(), x.escrow(&o).held), (108_000, 108_000), "held, however long it takes");
    let back = Back { line: 0, units: 1, shipped: true, amount: None };
    assert_eq!(
        kind(x.by("bed-maker", |w| orders::decide_claim(w, &o.id, &claim.id, &[back], "丢失"))),
        "role-required"
    );
    x.role("manager", |w| orders::decide_claim(w, &o.id, &claim.id, &[back], "承运人丢失，全额退款")).unwrap();
    x.settle();
    let o = x.order(&o.id);
    assert_eq!((o.state, x.escrow(&o).refunded, o.claims[0].amount), (State::Refunded, 108_000, 108_000));
}

#[test]
fn a_parcel_that_was_found_lets_the_order_go_on() {
    let x = Xuzhou::new();
    let (o, request) = handed_over(&x);
    carrier_says(&x, "waybill.changed", &changed(&request, Some("2"), "exception", Some("lost")));
    carrier_says(&x, "waybill.changed", &changed(&request, None, "delivered", None));
    let found = x.order(&o.id);
    assert_eq!((found.state, found.shipments[0].parcels[1].state), (State::Delivered, ParcelState::Delivered));
    x.later(30 * DAY);
    assert_eq!(x.order(&o.id).state, State::Delivered, "the claim is still open");
    x.role("manager", |w| orders::decide_claim(w, &o.id, &found.claims[0].id, &[], "已找到并送达")).unwrap();
    x.later(3 * DAY);
    assert_eq!(x.order(&o.id).state, State::Settled);
}

#[test]
fn what_a_carrier_says_late_or_twice_or_of_nothing_changes_nothing() {
    let x = Xuzhou::new();
    let (o, request) = handed_over(&x);
    carrier_says(&x, "waybill.changed", &changed(&request, None, "delivered", None));
    let before = x.order(&o.id);
    for state in ["booked", "loaded", "in-transit", "delivered"] {
        carrier_says(&x, "waybill.changed", &changed(&request, None, state, None));
    }
    carrier_says(&x, "waybill.changed", &changed(&request, Some("1"), "exception", Some("lost")));
    assert_eq!(x.order(&o.id), before);
    x.arrive("logistics-finance", "waybill.changed", None, &changed("NOBODYS", None, "delivered", None));
    x.deliver::<Rural>();
    assert_eq!(x.dead_letters().len(), 1);
}

#[test]
fn a_carrier_that_refuses_leaves_the_goods_to_be_sent_again() {
    let x = Xuzhou::new();
    let (o, request) = handed_over(&x);
    let no = json!({"request": request, "refused": {"code": "not-served", "zh": "不在服务区", "en": "not served"}});
    carrier_says(&x, "shipment.answered", &no);
    let o = x.order(&o.id);
    assert_eq!((o.state, o.to_ship(0)), (State::Accepted, 1));
    let again = x.by("bed-maker", |w| shipping::ship(w, &o.id, &whole(&o, Carrier::Store))).unwrap();
    assert_eq!(again.state, State::Shipped);
    assert_eq!(kind(x.by("bed-maker", |w| shipping::brought(w, &o.id, &request))), "not-found", "the carrier's");
}

/// Else its units were unsent, and what the buyer has could be given back by nobody while the store is paid.
#[test]
fn a_carrier_that_refuses_what_the_buyer_has_confirmed_changes_nothing() {
    let x = Xuzhou::new();
    let (o, request) = handed_over(&x);
    let confirmed = x.by("anna", |w| orders::confirm(w, &o.id)).unwrap();
    assert_eq!(confirmed.state, State::Confirmed);
    let no = json!({"request": request, "refused": {"code": "not-served", "zh": "不在服务区", "en": "not served"}});
    carrier_says(&x, "shipment.answered", &no);
    assert_eq!(x.order(&o.id), confirmed);
    let asked = Asked { units: vec![Units { line: 0, units: 1 }], reason: Reason::Damaged, text: String::new() };
    let back = x.by("anna", |w| returns::ask(w, &o.id, &asked)).unwrap();
    assert_eq!((back.amount, x.order(&o.id).open_return), (108_000, Some(back.id)));
}

/// Furniture in twenty parcels: none of them is left behind without a word.
#[test]
fn more_parcels_than_a_shipment_takes_are_refused_and_sent_in_two() {
    let x = Xuzhou::new();
    x.furniture_store();
    let mut wardrobe = product(Category::Furniture, 10_000);
    wardrobe.skus[0].parcels = 20;
    let wardrobe = x.listed("bed-maker", &wardrobe, None, 11);
    let o = x.bought("anna", &wardrobe.id, 11);
    x.by("bed-maker", |w| orders::accept(w, &o.id)).unwrap();
    let mut what = whole(&o, Carrier::Store);
    assert_eq!(kind(x.by("bed-maker", |w| shipping::ship(w, &o.id, &what))), "too-many-parcels");
    assert!(x.order(&o.id).shipments.is_empty());
    what.units[0].units = 10;
    let o = x.by("bed-maker", |w| shipping::ship(w, &o.id, &what)).unwrap();
    assert_eq!((o.state, o.shipments[0].parcels.len(), o.to_ship(0)), (State::PartShipped, 200, 1));
    what.units[0].units = 1;
    let o = x.by("bed-maker", |w| shipping::ship(w, &o.id, &what)).unwrap();
    assert_eq!((o.state, o.shipments[1].parcels.len()), (State::Shipped, 20));
}

#[test]
fn a_shipment_with_a_number_is_sent_once_and_never_more_units_than_there_are() {
    let x = Xuzhou::new();
    let bed = x.bed(5);
    let o = x.bought("anna", &bed.id, 2);
    assert_eq!(kind(x.by("bed-maker", |w| shipping::ship(w, &o.id, &whole(&o, Carrier::Store)))), "wrong-state");
    x.by("bed-maker", |w| orders::accept(w, &o.id)).unwrap();
    let mut what = whole(&o, Carrier::City);
    what.units[0].units = 1;
    what.key = Some("first".into());
    for _ in 0..2 {
        assert_eq!(x.by("bed-maker", |w| shipping::ship(w, &o.id, &what)).unwrap().shipments.len(), 1);
    }
    what.key = Some("second".into());
    what.units[0].units = 2;
    assert_eq!(kind(x.by("bed-maker", |w| shipping::ship(w, &o.id, &what))), "too-many-units");
    assert_eq!(x.published().iter().filter(|e| e.topic == "shipment.requested").count(), 1);
    // The other bed cannot be had: half of the price goes back, and the order is sent whole.
    let unsent = Back { line: 0, units: 1, shipped: false, amount: None };
    let o = x.by("bed-maker", |w| orders::give_back(w, &o.id, &[unsent], "缺货")).unwrap();
    assert_eq!((o.state, o.escrow.held(), x.stock(&bed.id)), (State::Shipped, 108_000, 4));
}

#[test]
fn an_open_claim_is_on_the_managers_list_and_they_are_told_and_a_party_does_not_decide_it() {
    let x = Xuzhou::new();
    let (o, request) = handed_over(&x);
    let listed = || x.role("manager", |w| orders::with_claims(w, &Wanted::default(), 10, None)).unwrap().items.len();
    assert_eq!(listed(), 0);
    for parcel in ["1", "2"] {
        carrier_says(&x, "waybill.changed", &changed(&request, Some(parcel), "exception", Some("lost")));
    }
    assert_eq!(listed(), 1, "an order stands there once");
    // The manager who let the goods on sale.
    assert_eq!(x.inbox("the-manager").iter().filter(|n| n.title.zh.contains("包裹异常")).count(), 2);
    let claims = x.order(&o.id).claims;
    for party in ["anna", "bed-maker"] {
        x.sign_in_official(party, &["manager"]);
        assert_eq!(kind(orders::decide_claim(&x.who(), &o.id, &claims[0].id, &[], "x")), "own-goods");
    }
    for c in &claims {
        assert_eq!(listed(), 1);
        x.role("manager", |w| orders::decide_claim(w, &o.id, &c.id, &[], "已赔付")).unwrap();
    }
    assert_eq!(listed(), 0);
    assert_eq!(kind(x.by("anna", |w| orders::with_claims(w, &Wanted::default(), 10, None))), "role-required");
}

//! Holds, payments, refunds, alerts.

use crate::support::*;
use serde_json::{Value, json};
use tourism_ticketing::Ticketing;
use tourism_ticketing::domain::catalogue::Session;
use tourism_ticketing::store::ATTRACTIONS;
use yunlong_sdk::Request;

fn expire(x: &Xuzhou) {
    x.advance(15 * MINUTE);
    x.deliver::<Ticketing>();
}

fn pay_late(x: &Xuzhou, id: &str) {
    x.city.pay(&format!("intent-{id}"));
    x.deliver::<Ticketing>();
}

#[test]
fn a_hold_lasts_fifteen_minutes_and_gives_its_places_back() {
    let x = Xuzhou::new();
    let id = text(&x.ordered(&guishan(1)), "/id");
    x.advance(15 * MINUTE - 1);
    x.deliver::<Ticketing>();
    assert_eq!((x.state(&id).as_str(), x.remaining("guishan", "09:00")), ("held", 99));
    x.advance(1);
    let pay = x.call(&format!("/api/orders/{id}/pay"), &json!({}));
    assert_eq!(kind(&pay), "hold-over", "also before the message has arrived");
    x.deliver::<Ticketing>();
    assert_eq!((x.state(&id).as_str(), x.remaining("guishan", "09:00")), ("expired", 100));
}

#[test]
fn paying_is_accepted_and_issues_once_however_often_the_outcome_arrives() {
    let x = Xuzhou::new();
    let order = x.ordered(&guishan(1));
    let id = text(&order, "/id");
    let look = x.call(&format!("/api/orders/{id}/pay"), &json!({"confirm": false}));
    assert_eq!((look.code().as_u16(), look.body_json()["cashier_url"].clone()), (202, order["cashier_url"].clone()));
    for _ in 0..2 {
        assert_eq!(x.call(&format!("/api/orders/{id}/pay"), &json!({})).code().as_u16(), 202);
    }
    x.city.pay(&format!("intent-{id}"));
    let outcome = x.queued().into_iter().find(|e| e.topic == "city.payments").unwrap();
    x.deliver::<Ticketing>();
    x.deliver_event::<Ticketing>(&outcome).unwrap();
    assert_eq!(x.state(&id), "issued");
    assert_eq!(x.inbox("anna").len(), 1, "one note");
    assert_eq!(x.published().iter().filter(|e| e.topic == "order.issued").count(), 1);
    assert_eq!(
        x.call(&format!("/api/orders/{id}/pay"), &json!({})).code().as_u16(),
        202,
        "paid already: answered as it is"
    );
    expire(&x);
    assert_eq!(x.state(&id), "issued", "the hold's end finds it paid");
}

#[test]
fn a_refused_payment_can_be_tried_again_until_the_hold_ends() {
    let x = Xuzhou::new();
    let id = text(&x.ordered(&guishan(1)), "/id");
    x.refuse_payment(&format!("intent-{id}"), "no funds");
    x.deliver::<Ticketing>();
    assert_eq!(x.state(&id), "held");
    pay_late(&x, &id);
    assert_eq!(x.state(&id), "issued");
}

#[test]
fn late_money_buys_the_tickets_while_there_is_room() {
    let x = Xuzhou::new();
    let id = text(&x.ordered(&guishan(1)), "/id");
    expire(&x);
    pay_late(&x, &id);
    assert_eq!((x.state(&id).as_str(), x.remaining("guishan", "09:00")), ("issued", 99));
    assert_eq!(kind(&x.order(&guishan(1))), "duplicate-id", "its claim stands again");
}

#[test]
fn late_money_without_room_goes_back_by_itself_and_nothing_is_oversold() {
    let x = Xuzhou::new();
    let mut a = ATTRACTIONS.get("guishan").unwrap().unwrap().into_value();
    a.sessions = a.sessions.iter().map(|s| Session { cap: 1, ..*s }).collect();
    ATTRACTIONS.put(&a).unwrap();
    let late = text(&x.ordered(&guishan(1)), "/id");
    expire(&x);
    let other = x.bought(&guishan(2));
    pay_late(&x, &late);
    assert_eq!((x.state(&late).as_str(), x.remaining("guishan", "09:00")), ("refunding", 0));
    x.pay_refunds();
    x.deliver::<Ticketing>();
    let order = x.get_order(&late);
    assert_eq!(
        (order["state"].clone(), order["captured"].clone(), order["refunded"].clone()),
        (json!("refunded"), json!(6_000), json!(6_000))
    );
    assert_eq!((x.state(&other).as_str(), x.remaining("guishan", "09:00")), ("issued", 0));
    let report = x.as_manager(|| x.api(&format!("/api/sales?date={}", day(1))).body_json());
    assert_eq!((report["sold"].clone(), report["revenue"].clone()), (json!(1), json!(6_000)));
}

#[test]
fn late_money_of_somebody_who_bought_again_goes_back() {
    let x = Xuzhou::new();
    let late = text(&x.ordered(&guishan(1)), "/id");
    expire(&x);
    x.bought(&guishan(1));
    pay_late(&x, &late);
    assert_eq!(x.state(&late), "refunding");
}

#[test]
fn a_whole_order_is_refunded_once_and_its_places_are_free_when_the_money_is_back() {
    let x = Xuzhou::new();
    let id = x.bought(&joint(1));
    let refund = || x.call(&format!("/api/orders/{id}/refund"), &json!({"reason": "雨"}));
    assert_eq!(refund().code().as_u16(), 202);
    let again = refund();
    assert_eq!((kind(&again).as_str(), again.body_json()["state"].clone()), ("wrong-state", json!("refunding")));
    assert_eq!(x.remaining("guishan", "09:00"), 99);
    assert_eq!(kind(&x.api(&format!("/api/orders/{id}/tickets/0/code"))), "wrong-state", "the ticket is void at once");
    x.pay_refunds();
    x.deliver::<Ticketing>();
    assert_eq!(
        (x.state(&id).as_str(), x.remaining("guishan", "09:00"), x.remaining("bingmayong", "13:00")),
        ("refunded", 100, 200)
    );
    assert_eq!(x.inbox("anna").len(), 2);
    assert!(x.audit().iter().any(|r| r.action == "order.refund" && r.target == id));
    x.ordered(&joint(1));
}

#[test]
fn the_owner_and_the_manager_refund_and_nobody_else_sees_the_order() {
    let x = Xuzhou::new();
    let id = x.bought(&guishan(1));
    x.sign_in("bo");
    for answer in [
        x.api(&format!("/api/orders/{id}")),
        x.call(&format!("/api/orders/{id}/refund"), &json!({})),
        x.call(&format!("/api/orders/{id}/pay"), &json!({})),
    ] {
        assert_eq!(kind(&answer), "not-found");
    }
    assert_eq!(x.as_manager(|| x.call(&format!("/api/orders/{id}/refund"), &json!({}))).code().as_u16(), 202);
}

#[test]
fn a_manager_sees_an_order_and_neither_pays_nor_gives_it_up() {
    let x = Xuzhou::new();
    let id = text(&x.ordered(&guishan(1)), "/id");
    x.as_manager(|| {
        assert_eq!(x.get_order(&id)["state"], "held");
        for step in ["pay", "cancel"] {
            assert_eq!(kind(&x.call(&format!("/api/orders/{id}/{step}"), &json!({}))), "not-found", "{step}");
        }
    });
    assert_eq!(x.state(&id), "held");
}

#[test]
fn an_order_that_was_given_up_is_refunded_when_its_money_arrives() {
    let x = Xuzhou::new();
    let id = text(&x.ordered(&guishan(1)), "/id");
    x.call(&format!("/api/orders/{id}/pay"), &json!({}));
    assert_eq!(x.call(&format!("/api/orders/{id}/cancel"), &json!({})).code().as_u16(), 200);
    pay_late(&x, &id);
    assert_eq!(x.state(&id), "refunding", "not a ticket that nobody wants");
    x.settle();
    assert_eq!((x.state(&id).as_str(), x.remaining("guishan", "09:00")), ("refunded", 100));
    assert_eq!(x.get_order(&id)["refunds"][0]["reason"], "paid-after-giving-up");
    x.ordered(&guishan(1));
}

/// What an order that expired waits for while its money is on the way.
fn late(change: impl FnOnce(&Xuzhou)) -> String {
    let x = Xuzhou::new();
    let id = text(&x.ordered(&guishan(1)), "/id");
    expire(&x);
    change(&x);
    pay_late(&x, &id);
    x.state(&id)
}

#[test]
fn late_money_meets_the_caps_the_closures_and_the_time_of_when_it_arrives() {
    assert_eq!(late(|_| {}), "issued");
    let cap = |cap: u32| {
        move |_: &Xuzhou| {
            let mut a = ATTRACTIONS.get("guishan").unwrap().unwrap().into_value();
            a.sessions = a.sessions.iter().map(|s| Session { cap, ..*s }).collect();
            ATTRACTIONS.put(&a).unwrap();
        }
    };
    assert_eq!(late(cap(1)), "issued");
    assert_eq!(late(cap(0)), "refunding", "the cap was lowered");
    let close = |x: &Xuzhou| {
        x.as_manager(|| {
            let day = x.put(&format!("/api/manage/attractions/guishan/days/{}", day(1)), &json!({"open": false}));
            assert_eq!(day.code().as_u16(), 200, "{}", day.body_text());
        });
    };
    assert_eq!(late(close), "refunding", "the day was closed");
    assert_eq!(late(|x| x.advance(30 * 60 * MINUTE)), "refunding", "the slot is over");
}

#[test]
fn what_returns_follows_the_tiers_and_a_manager_may_return_everything() {
    let x = Xuzhou::new();
    let tiers = json!([{"before_minutes": 1_440, "percent": 100}, {"before_minutes": 120, "percent": 50}]);
    x.as_manager(|| {
        let product = json!({"name": {"zh": "两汉联票", "en": "Joint"}, "kind": "joint", "price": 12_800, "refund_tiers": tiers,
            "components": [{"attraction": "guishan", "weight": 60}, {"attraction": "bingmayong", "weight": 80}]});
        assert_eq!(x.put("/api/manage/products/lianghan-joint", &product).code().as_u16(), 200);
    });
    // 龟山汉墓 at nine tomorrow, 汉兵马俑 at one; it is eight in the morning.
    let mut order = joint(1);
    order["visitors"] = json!([visitor(1), visitor(2)]);
    let id = x.bought(&order);
    assert_eq!(x.get_order(&id)["returnable"], 25_600);
    x.advance(2 * 60 * MINUTE);
    assert_eq!(x.get_order(&id)["returnable"], 5_486 + 2 * 7_314, "half of one part");
    let refund = |body: Value| x.call(&format!("/api/orders/{id}/refund"), &body);
    assert_eq!(kind(&refund(json!({"tickets": [7]}))), "invalid-fields");
    assert_eq!(refund(json!({"tickets": [1]})).code().as_u16(), 202);
    x.settle();
    let back = x.get_order(&id);
    assert_eq!((back["state"].clone(), back["refunded"].clone()), (json!("part-refunded"), json!(2_743 + 7_314)));
    x.at_nine_tomorrow();
    assert_eq!(x.get_order(&id)["returnable"], 3_657, "the part whose time is past returns nothing");
    x.advance(3 * 60 * MINUTE);
    assert_eq!(kind(&refund(json!({}))), "too-late-to-return");
    assert_eq!(kind(&refund(json!({"full": true}))), "role-required");
    assert_eq!(x.as_manager(|| refund(json!({"full": true, "reason": "病"}))).code().as_u16(), 202);
    x.settle();
    let back = x.get_order(&id);
    assert_eq!((back["state"].clone(), back["refunded"].clone()), (json!("refunded"), json!(12_800 + 2_743 + 7_314)));
    let report = x.as_manager(|| x.api(&format!("/api/sales?date={}", day(1))).body_json());
    assert_eq!(
        (report["sold"].clone(), report["revenue"].clone()),
        (json!(0), json!(25_600 - 22_857)),
        "what was kept is earned"
    );
}

#[test]
fn a_ticket_whose_slot_is_over_is_shown_as_expired() {
    let x = Xuzhou::new();
    let id = x.bought(&guishan(1));
    x.at_nine_tomorrow();
    let shown = || x.api(&format!("/api/orders/{id}/tickets/0/code")).body_json()["entitlements"][0]["state"].clone();
    assert_eq!(shown(), "unused");
    x.advance(121 * MINUTE);
    assert_eq!(shown(), "expired");
    assert_eq!(kind(&x.call(&format!("/api/orders/{id}/refund"), &json!({}))), "too-late-to-return");
}

#[test]
fn a_refused_refund_is_told_and_can_be_asked_for_again() {
    let x = Xuzhou::new();
    let id = x.bought(&guishan(1));
    let refund = || x.call(&format!("/api/orders/{id}/refund"), &json!({})).code().as_u16();
    refund();
    x.refuse_refunds("account closed");
    x.deliver::<Ticketing>();
    assert_eq!(
        (x.state(&id).as_str(), x.get_order(&id)["refund_failure"].clone()),
        ("refunding", json!("account closed"))
    );
    assert_eq!(refund(), 202);
    x.pay_refunds();
    x.deliver::<Ticketing>();
    assert_eq!(x.state(&id), "refunded");
}

#[test]
fn a_free_booking_is_cancelled_without_money() {
    let x = Xuzhou::new();
    let id = text(
        &x.ordered(&json!({"attraction": "museum", "date": day(1), "slot": "09:00", "visitors": [visitor(1)]})),
        "/id",
    );
    let answer = x.call(&format!("/api/orders/{id}/refund"), &json!({}));
    assert_eq!((answer.body_json()["state"].clone(), x.remaining("museum", "09:00")), (json!("refunded"), 300));
}

#[test]
fn what_a_state_does_not_allow_is_refused_with_what_it_allows() {
    let x = Xuzhou::new();
    let id = text(&x.ordered(&guishan(1)), "/id");
    let refund = x.call(&format!("/api/orders/{id}/refund"), &json!({})).body_json();
    assert_eq!((refund["state"].clone(), refund["allowed"].clone()), (json!("held"), json!(["pay", "expire"])));
    pay_late(&x, &id);
    let cancel = x.call(&format!("/api/orders/{id}/cancel"), &json!({}));
    assert_eq!(
        (kind(&cancel).as_str(), cancel.body_json()["allowed"].clone()),
        ("wrong-state", json!(["admit", "refund"]))
    );
}

#[test]
fn alerts_are_given_once_at_each_level_and_sales_stop_at_the_cap() {
    let x = Xuzhou::new();
    let mut a = ATTRACTIONS.get("guishan").unwrap().unwrap().into_value();
    a.daily_cap = 20;
    ATTRACTIONS.put(&a).unwrap();
    for n in 0..20 {
        x.bought(&guishan(n));
    }
    assert_eq!(kind(&x.order(&guishan(99))), "sold-out");
    let levels: Vec<(String, u64)> = x
        .published()
        .iter()
        .filter(|e| e.topic == "capacity.alert")
        .map(|e| serde_json::from_str::<serde_json::Value>(&e.data).unwrap())
        .map(|d| (text(&d, "/level"), d["taken"].as_u64().unwrap()))
        .collect();
    assert_eq!(levels, [("yellow".to_owned(), 16), ("orange".to_owned(), 18), ("red".to_owned(), 19)]);
    let report = x.as_manager(|| x.api(&format!("/api/sales?date={}", day(1))).body_json());
    assert_eq!(report["attractions"][0]["alert"], "red");
}

#[test]
fn the_figures_are_the_managers() {
    let x = Xuzhou::new();
    assert_eq!(kind(&x.api("/api/sales")), "role-required");
    x.sign_out();
    assert_eq!(x.send::<Ticketing>(Request::get("/api/sales")).code().as_u16(), 401);
}

#[test]
fn an_event_about_no_order_becomes_a_dead_letter_and_is_not_lost() {
    let x = Xuzhou::new();
    let id = text(&x.ordered(&guishan(1)), "/id");
    let mut event = x.queued().into_iter().next().unwrap();
    event.data = event.data.replace(&id, "NOSUCHORDER0");
    assert!(x.deliver_event::<Ticketing>(&event).is_err());
    assert_eq!(x.state(&id), "held");
}

#[test]
fn a_conflict_is_tried_again_and_changes_nothing_twice() {
    let x = Xuzhou::new();
    x.conflict_next(3);
    let id = text(&x.ordered(&guishan(1)), "/id");
    assert_eq!(x.remaining("guishan", "09:00"), 99);
    x.city.pay(&format!("intent-{id}"));
    x.conflict_next(2);
    x.deliver::<Ticketing>();
    assert_eq!(x.state(&id), "issued");
}

/// Other departments' apps may receive these: nothing in them leads to a person.
#[test]
fn what_the_city_may_hear_names_neither_the_order_nor_anybody() {
    let x = Xuzhou::new();
    let id = x.bought(&guishan(1));
    x.call(&format!("/api/orders/{id}/refund"), &json!({}));
    x.settle();
    let of = |topic: &str| x.published().into_iter().find(|e| e.topic == topic).unwrap();
    let (issued, refunded) = (of("order.issued"), of("order.refunded"));
    for event in [&issued, &refunded] {
        let whole = format!("{:?} {:?} {}", event.subject, event.key, event.data);
        for private in [id.as_str(), "anna", "云龙", "320302", "19900000001"] {
            assert!(!whole.contains(private), "{private} stands in {whole}");
        }
    }
    let data = |e: &yunlong_sdk::Event| serde_json::from_str::<serde_json::Value>(&e.data).unwrap();
    assert_eq!(data(&issued)["reference"], data(&refunded)["reference"], "one order, one reference");
    assert_eq!(data(&issued)["visits"], json!([{"attraction": "guishan", "date": day(1), "start": "09:00"}]));
}

//! What the canteen does, as a specification.
#![allow(clippy::unwrap_used)]

use canteen::{Canteen, Order, State};
use yunlong_sdk::testing::TestCity;
use yunlong_sdk::{App, Collection, Lang};

const MINUTE: u64 = 60 * 1000;

fn city() -> TestCity {
    TestCity::new(include_str!("../app.toml"))
}

/// Orders as `who`; the order's path.
fn order(city: &TestCity, who: &str) -> String {
    city.sign_in(who);
    let answer = city.post::<Canteen>("/orders", &[]);
    assert_eq!(answer.code(), 303, "{}", answer.body_text());
    answer.header_value("location").unwrap().to_owned()
}

fn stored(path: &str) -> Order {
    Collection::<Order>::new().get(path.trim_start_matches("/orders/")).unwrap().unwrap().into_value()
}

fn left(city: &TestCity, words: &str) -> bool {
    city.get::<Canteen>("/").body_text().contains(&format!("剩余份数：<strong>{words}</strong>"))
}

#[test]
fn routes_do_not_stand_in_each_others_way() {
    Canteen::router().check().unwrap();
}

#[test]
fn an_order_is_held_and_becomes_lunch_when_it_is_paid() {
    let city = city();
    city.configure("portions", 2);
    let path = order(&city, "wang");
    assert!(left(&city, "1"));
    assert!(city.get::<Canteen>(&path).body_text().contains("去付款"));
    city.pay(&stored(&path).intent);
    city.deliver::<Canteen>();
    assert_eq!(stored(&path).state, State::Paid);
    assert_eq!(city.inbox("wang").len(), 1);
    city.advance(20 * MINUTE);
    city.deliver::<Canteen>();
    assert_eq!(stored(&path).state, State::Paid, "a hold that was paid does not end");
    assert!(left(&city, "1"));
}

#[test]
fn no_more_are_sold_than_there_are() {
    let city = city();
    city.configure("portions", 1);
    order(&city, "wang");
    city.sign_in("li");
    let refused = city.post::<Canteen>("/orders", &[]);
    assert!(refused.code() == 409 && refused.body_text().contains("已订完"));
    assert!(left(&city, "0") && !city.get::<Canteen>("/").body_text().contains("预订一份"));
    assert_eq!(city.published().len(), 1, "what was refused left nothing behind");
}

#[test]
fn a_portion_that_nobody_pays_for_is_free_again() {
    let city = city();
    city.configure("portions", 1);
    let path = order(&city, "wang");
    city.advance(9 * MINUTE);
    city.deliver::<Canteen>();
    assert_eq!(stored(&path).state, State::Held);
    city.advance(MINUTE);
    // The hold ends, and the payment's end, an event of its own, ends the order.
    city.deliver::<Canteen>();
    city.deliver::<Canteen>();
    assert_eq!(stored(&path).state, State::Ended);
    assert!(left(&city, "1"));
}

#[test]
fn money_that_comes_too_late_goes_back() {
    let city = city();
    let path = order(&city, "wang");
    city.advance(10 * MINUTE);
    city.deliver::<Canteen>();
    city.deliver::<Canteen>();
    city.pay(&stored(&path).intent);
    city.deliver::<Canteen>();
    assert_eq!(stored(&path).state, State::Ended);
    assert_eq!(city.inbox("wang")[0].title.zh, "餐费退回");
    city.pay_refunds();
    city.deliver::<Canteen>();
    assert_eq!(yunlong_sdk::payments::intent(&stored(&path).intent).unwrap().refunded, 1200);
    assert!(left(&city, "80"), "the portion was given back once");
}

#[test]
fn a_paid_order_is_given_back_by_its_owner_on_its_day() {
    let city = city();
    let path = order(&city, "wang");
    let back = format!("{path}/return");
    assert_eq!(city.post::<Canteen>(&back, &[]).code(), 409, "nothing was paid");
    city.pay(&stored(&path).intent);
    city.deliver::<Canteen>();
    city.sign_in("li");
    assert_eq!(city.get::<Canteen>(&path).code(), 404);
    assert_eq!(city.post::<Canteen>(&back, &[]).code(), 404);
    city.sign_in("wang");
    assert_eq!(city.post::<Canteen>(&back, &[]).code(), 303);
    assert_eq!(city.post::<Canteen>(&back, &[]).code(), 409, "once");
    assert!(left(&city, "79"), "until the money is returned");
    city.pay_refunds();
    city.deliver::<Canteen>();
    assert_eq!(stored(&path).state, State::Ended);
    assert!(left(&city, "80"));
}

#[test]
fn a_refund_that_is_refused_leaves_the_lunch_and_is_asked_for_again() {
    let city = city();
    let path = order(&city, "wang");
    city.pay(&stored(&path).intent);
    city.deliver::<Canteen>();
    assert_eq!(city.post::<Canteen>(&format!("{path}/return"), &[]).code(), 303);
    city.refuse_refunds("no");
    city.deliver::<Canteen>();
    assert_eq!(stored(&path).state, State::Paid);
    assert_eq!(city.post::<Canteen>(&format!("{path}/return"), &[]).code(), 303);
    city.pay_refunds();
    city.deliver::<Canteen>();
    assert_eq!(stored(&path).state, State::Ended);
    assert!(left(&city, "80"));
}

#[test]
fn yesterdays_lunch_is_not_given_back() {
    let city = city();
    let path = order(&city, "wang");
    city.pay(&stored(&path).intent);
    city.deliver::<Canteen>();
    city.advance(24 * 60 * MINUTE);
    assert_eq!(city.post::<Canteen>(&format!("{path}/return"), &[]).code(), 409);
}

#[test]
fn who_is_not_signed_in_is_led_to_sign_in_and_reads_english() {
    let city = city();
    city.prefer(Lang::En, false);
    assert!(city.get::<Canteen>("/").body_text().contains("Portions left"));
    assert_eq!(city.post::<Canteen>("/orders", &[]).code(), 303);
    assert!(city.published().is_empty());
}

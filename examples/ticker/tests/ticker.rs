//! What the ticker does, as a specification.
#![allow(clippy::unwrap_used)]

use ticker::Ticker;
use yunlong_sdk::testing::{Deliveries, TestCity};
use yunlong_sdk::{App, Failure, Lang, Request, now};

fn city() -> TestCity {
    TestCity::new(include_str!("../app.toml"))
}

fn total(city: &TestCity) -> i64 {
    city.get::<Ticker>("/api/ticks").body_json()["total"].as_i64().unwrap()
}

#[test]
fn routes_do_not_stand_in_each_others_way() {
    Ticker::router().check().unwrap();
}

#[test]
fn each_run_of_the_job_is_counted_once_it_arrives() {
    let city = city();
    for _ in 0..3 {
        city.run_job::<Ticker>("tick").unwrap();
        city.advance(60_000);
    }
    assert_eq!(total(&city), 0, "published and not yet delivered");
    assert_eq!(city.deliver::<Ticker>(), Deliveries { handled: 3, retried: 0, dead: 0 });
    assert_eq!(total(&city), 3);
}

#[test]
fn a_run_that_is_repeated_publishes_once() {
    let city = city();
    city.run_job::<Ticker>("tick").unwrap();
    city.run_job::<Ticker>("tick").unwrap();
    assert_eq!(city.published().len(), 1);
}

#[test]
fn an_event_that_is_delivered_again_is_not_counted_again() {
    let city = city();
    city.run_job::<Ticker>("tick").unwrap();
    let event = city.published().remove(0);
    city.deliver::<Ticker>();
    city.deliver_event::<Ticker>(&event).unwrap();
    assert_eq!(total(&city), 1);
}

#[test]
fn a_conflict_delivers_again_and_counts_once() {
    let city = city();
    city.run_job::<Ticker>("tick").unwrap();
    city.conflict_next(2);
    city.deliver::<Ticker>();
    assert_eq!(total(&city), 1);
}

#[test]
fn the_button_needs_a_person_and_ticks_like_the_clock() {
    let city = city();
    assert_eq!(city.post::<Ticker>("/", &[]).code(), 303);
    assert_eq!(city.published().len(), 0, "sent to sign in, nothing published");
    assert_eq!(city.send::<Ticker>(Request::post("/api/ticks")).code(), 401);
    city.sign_in("p-1");
    assert_eq!(city.post::<Ticker>("/", &[]).header_value("location"), Some("/?sent=1"));
    assert_eq!(city.send::<Ticker>(Request::post("/api/ticks")).code(), 202);
    assert_eq!(city.deliver::<Ticker>().handled, 2);
    city.prefer(Lang::En, true);
    let page = city.get::<Ticker>("/").body_text();
    assert!(
        page.contains("<html lang=\"en\" data-elder>") && page.contains("Button") && page.contains("2026-05-01 09:00")
    );
}

#[test]
fn yesterdays_ticks_are_forgotten_and_stay_counted() {
    let city = city();
    city.run_job::<Ticker>("tick").unwrap();
    city.deliver::<Ticker>();
    city.advance(25 * 60 * 60 * 1000);
    city.run_job::<Ticker>("tick").unwrap();
    city.deliver::<Ticker>();
    let ticks = city.get::<Ticker>("/api/ticks").body_json();
    assert_eq!((ticks["total"].as_i64(), ticks["latest"].as_array().unwrap().len()), (Some(2), 1));
    assert_eq!(ticks["latest"][0]["time"], now());
}

#[test]
fn what_can_never_succeed_becomes_a_dead_letter() {
    let city = city();
    city.run_job::<Ticker>("tick").unwrap();
    let mut event = city.published().remove(0);
    event.data = "[]".into();
    assert!(matches!(city.deliver_event::<Ticker>(&event), Err(Failure::Reject(_))));
    assert_eq!(total(&city), 0);
}

//! The promises of ticketing over random histories: whatever buyers, gates, payments, clocks and
//! crashes do, in whatever order, and however often a message arrives.
//!
//! The model applies the effects of a step all or nothing, as a transaction does: a step that
//! breaks a bound or a claim, or whose process dies, leaves no trace.

mod city;
mod promises;
mod steps;

use super::effect::Effect;
use super::order::{Order, Standing, State};
use super::refund::Ticket;
use super::slot::Slot;
use city::{START, opened, world};
use proptest::prelude::*;
use steps::{Op, buy, op, run};

proptest! {
    #![proptest_config(ProptestConfig { cases: 3_000, max_shrink_iters: 2_000, ..ProptestConfig::default() })]
    #[test]
    fn no_history_breaks_a_promise(cap in 1_u32..8, daily in 1_u32..12, ops in prop::collection::vec(op(), 1..60)) {
        let world = world(cap, daily);
        run(&mut opened(&world), &world, &ops);
    }
}

fn a_held_order() -> Order {
    let world = world(5, 5);
    let mut city = opened(&world);
    let op = Op::Buy { product: 2, slots: (0, 0), people: vec![1, 2], age: None, crash: false };
    buy(&mut city, &world, &op, 0, START);
    city.orders.into_values().next().unwrap()
}

#[test]
fn an_illegal_step_says_the_state_and_what_it_allows() {
    let mut o = a_held_order();
    let e = o.start_refund(o.in_full(), "asked", START).unwrap_err();
    assert_eq!(e.to_string(), "the order is held, which does not allow `refund`; allowed: pay, expire");
    assert_eq!(o.state, State::Held);
}

#[test]
fn a_hold_is_not_ended_before_its_time_nor_twice() {
    let mut o = a_held_order();
    assert!(o.hold_ended(o.hold_until - 1).is_empty());
    assert!(!o.hold_ended(o.hold_until).is_empty());
    assert!(o.hold_ended(o.hold_until).is_empty());
    assert_eq!(o.state, State::Expired);
}

#[test]
fn late_money_without_a_place_goes_back_whole() {
    let mut o = a_held_order();
    o.expire(START).unwrap();
    let effects = o.captured(Standing::Gone, START + 1).unwrap();
    assert!(matches!(&effects[..], [Effect::Refund { refund, .. }] if refund.amount == 25_600));
    assert_eq!(o.state, State::Refunding);
    o.refund_settled(&o.refunds[0].reference.clone(), START + 2);
    assert_eq!((o.state, o.refunded), (State::Refunded, 25_600));
}

#[test]
fn money_for_an_order_that_was_given_up_goes_back_though_places_are_free() {
    let mut o = a_held_order();
    let slots = o.parts.iter().map(|p| p.slot.clone()).collect();
    o.give_up(START).unwrap();
    let effects = o.captured(Standing::Free(slots), START + 1).unwrap();
    assert!(matches!(&effects[..], [Effect::Refund { refund, .. }] if refund.reason == "paid-after-giving-up"));
    assert_eq!(o.state, State::Refunding);
}

#[test]
fn late_money_takes_the_caps_that_are_in_force_when_it_comes() {
    let mut o = a_held_order();
    o.expire(START).unwrap();
    let lowered: Vec<Slot> = o.parts.iter().map(|p| Slot { cap: 2, ..p.slot.clone() }).collect();
    let effects = o.captured(Standing::Free(lowered), START + 1).unwrap();
    let caps: Vec<u32> =
        effects.iter().filter_map(|e| if let Effect::Take { slot, .. } = e { Some(slot.cap) } else { None }).collect();
    assert_eq!((caps, o.state), (vec![2, 2], State::Issued));
}

#[test]
fn a_refused_refund_can_be_asked_for_again_under_a_new_number() {
    let mut o = a_held_order();
    o.captured(Standing::Gone, START).unwrap();
    o.start_refund(o.in_full(), "asked", START).unwrap();
    let first = o.refunds[0].reference.clone();
    assert!(o.start_refund(o.in_full(), "asked", START).is_err(), "not while the first is on its way");
    assert!(o.retry_refunds(START).is_empty());
    o.refund_failed(&first, "declined");
    assert_eq!(o.retry_refunds(START).len(), 1);
    assert_ne!(o.refunds[0].reference, first);
    assert!(o.refund_settled(&first, START).is_empty(), "an answer to the first changes nothing");
}

/// Acceptance line 6: 龟山汉墓 was visited, a storm closes 汉兵马俑.
#[test]
fn the_unused_part_of_a_joint_ticket_returns_at_its_settlement_price() {
    let world = world(5, 5);
    let mut city = opened(&world);
    let op = Op::Buy { product: 2, slots: (0, 0), people: vec![1], age: None, crash: false };
    buy(&mut city, &world, &op, 0, START);
    let mut o = city.orders.into_values().next().unwrap();
    o.captured(Standing::Gone, START).unwrap();
    o.count_admission(Ticket { visitor: 0, part: 0 }, START).unwrap();
    let effects = o.start_refund(o.in_full(), "closed", START).unwrap();
    let returned = effects.iter().find_map(|e| if let Effect::Refund { lines, .. } = e { Some(lines) } else { None });
    assert_eq!(
        returned.unwrap().iter().map(|l| (&*l.description, l.amount)).collect::<Vec<_>>(),
        [("汉兵马俑博物馆", 7_314)]
    );
    assert!(o.start_refund(o.in_full(), "closed", START).is_err(), "the same again changes nothing");
    o.refund_settled(&o.refunds[0].reference.clone(), START);
    assert_eq!((o.state, o.refunded), (State::PartRefunded, 7_314));
    assert_eq!(o.settlement().iter().map(|l| l.amount).sum::<u64>(), 5_486);
}

#[test]
fn a_free_ticket_is_issued_at_once_and_given_back_without_money() {
    let mut world = world(5, 5);
    world.products[0].price = 0;
    let mut city = opened(&world);
    buy(&mut city, &world, &Op::Buy { product: 0, slots: (0, 0), people: vec![1], age: None, crash: false }, 0, START);
    let mut o = city.orders.values().next().unwrap().clone();
    assert_eq!((o.state, city.money.len()), (State::Issued, 0));
    let effects = o.start_refund(o.in_full(), "asked", START).unwrap();
    assert_eq!(o.state, State::Refunded);
    city.commit(&o, effects, START).unwrap();
    assert!(city.taken.values().all(|n| *n == 0) && city.claims.is_empty());
}

//! The promises of ticketing over random histories: whatever buyers, gates, payments, clocks and
//! crashes do, in whatever order, and however often a message arrives.
//!
//! The model applies the effects of a step all or nothing, as a transaction does: a step that
//! breaks a bound or a claim, or whose process dies, leaves no trace.

use super::admission::{self, Window, WindowRule};
use super::catalogue::{DayPlan, Product, Session};
use super::effect::Effect;
use super::entitlement::{self, Entitlement};
use super::keys;
use super::order::{Intent, NewOrder, Order, Part, Standing, State};
use super::slot::{self, Slot};
use super::time::{Date, MINUTE};
use super::visitor::{IdType, Visitor};
use super::{pricing, sample};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

const HOLD: u32 = 15;
const START: i64 = 1_790_000_000_000;

#[derive(Clone, Debug, PartialEq)]
enum Message {
    HoldEnded(String),
    Captured(String),
    Refunded { order: String, reference: String },
    RefundFailed { order: String, reference: String },
}

#[derive(Clone, Debug, Default, PartialEq)]
struct Money {
    captured: u64,
    refunded: u64,
    references: BTreeSet<String>,
    lines: BTreeMap<String, i64>,
}

/// What is on stable storage.
#[derive(Clone, Debug, Default, PartialEq)]
struct City {
    orders: BTreeMap<String, Order>,
    entitlements: BTreeMap<String, Entitlement>,
    claims: BTreeMap<(String, String, String), String>,
    taken: BTreeMap<String, i64>,
    uses: BTreeMap<String, u32>,
    sold: BTreeMap<String, (i64, i64)>,
    money: BTreeMap<String, Money>,
    queue: Vec<(i64, Message)>,
    caps: BTreeMap<String, i64>,
}

#[derive(Debug, PartialEq)]
enum Failed {
    Full(String),
    Claimed(String),
    Refused,
}

impl City {
    fn adjust(&mut self, key: String, delta: i64, max: i64) -> Result<(), Failed> {
        let v = self.taken.entry(key.clone()).or_default();
        let next = *v + delta;
        if next < 0 || next > max {
            return Err(Failed::Full(key));
        }
        *v = next;
        if delta > 0 {
            let cap = self.caps.entry(key).or_default();
            *cap = (*cap).max(next);
        }
        Ok(())
    }

    fn put(&mut self, e: Entitlement) -> Result<(), Failed> {
        self.claims.retain(|_, id| *id != e.id);
        if let Some(c) = &e.claim {
            let key = (c.id.clone(), c.attraction.clone(), c.slot.clone());
            if let Some(first) = self.claims.get(&key) {
                return Err(Failed::Claimed(entitlement::order_of(first).to_owned()));
            }
            self.claims.insert(key, e.id.clone());
        }
        self.entitlements.insert(e.id.clone(), e);
        Ok(())
    }

    /// One transaction: the order and all effects, or nothing.
    fn commit(&mut self, order: &Order, effects: Vec<Effect>) -> Result<(), Failed> {
        let mut next = self.clone();
        for effect in effects {
            next.apply(order, effect)?;
        }
        next.orders.insert(order.id.clone(), order.clone());
        *self = next;
        Ok(())
    }

    fn apply(&mut self, order: &Order, effect: Effect) -> Result<(), Failed> {
        let id = &order.id;
        match effect {
            Effect::Claim(e) | Effect::Void(e) => self.put(e)?,
            Effect::Remove(e) => {
                self.entitlements.remove(&e);
                self.claims.retain(|_, c| *c != e);
            }
            Effect::Take { slot, people } => {
                self.adjust(slot.id.to_string(), i64::from(people), i64::from(slot.cap))?;
                self.adjust(slot.id.day_key(), i64::from(people), i64::from(slot.daily_cap))?;
            }
            Effect::Release { slot, people } => {
                self.adjust(slot.to_string(), -i64::from(people), i64::MAX)?;
                self.adjust(slot.day_key(), -i64::from(people), i64::MAX)?;
            }
            Effect::Sold { slot, people, revenue } => {
                let s = self.sold.entry(slot.id.to_string()).or_default();
                *s = (s.0 + people, s.1 + revenue);
            }
            Effect::OpenIntent => {
                self.money.insert(id.clone(), Money::default());
            }
            Effect::Refund { refund, lines } => {
                let m = self.money.get_mut(id).ok_or(Failed::Refused)?;
                let amount: u64 = lines.iter().map(|l| l.amount).sum();
                assert_eq!(amount, refund.amount, "lines of a refund sum to it");
                if m.references.insert(refund.reference.clone()) {
                    // The provider's answer is drawn when the message is delivered.
                    self.queue.push((0, Message::Refunded { order: id.clone(), reference: refund.reference }));
                }
            }
            Effect::ExpireAt(at) => self.queue.push((at, Message::HoldEnded(id.clone()))),
            Effect::CancelIntent | Effect::Notify(_) | Effect::Announce(_) => {}
        }
        Ok(())
    }

    fn standing(&self, order: &Order) -> Standing {
        let n = i64::from(order.people());
        let room = order.parts.iter().all(|p| {
            let left = |key: &str, cap: u32| i64::from(cap) - self.taken.get(key).copied().unwrap_or(0) >= n;
            left(&p.slot.id.to_string(), p.slot.cap) && left(&p.slot.id.day_key(), p.slot.daily_cap)
        });
        let unclaimed = order
            .entitlements()
            .filter_map(|e| e.claim)
            .all(|c| !self.claims.contains_key(&(c.id, c.attraction, c.slot)));
        if room && unclaimed { Standing::Free } else { Standing::Gone }
    }

    fn handle(&mut self, message: &Message, now: i64, provider_refuses: bool) -> Result<(), Failed> {
        let (Message::HoldEnded(id)
        | Message::Captured(id)
        | Message::Refunded { order: id, .. }
        | Message::RefundFailed { order: id, .. }) = message;
        let mut order = self.orders[id].clone();
        let effects = match message {
            Message::HoldEnded(_) => order.hold_ended(now),
            Message::Captured(_) => order.captured(self.standing(&order), now).map_err(|_| Failed::Refused)?,
            Message::Refunded { reference, .. } if provider_refuses => {
                self.queue.push((now, Message::RefundFailed { order: id.clone(), reference: reference.clone() }));
                return Ok(());
            }
            Message::Refunded { reference, .. } => {
                let m = self.money.get_mut(id).ok_or(Failed::Refused)?;
                if order.state == State::Refunding {
                    m.refunded = m.captured;
                }
                order.refund_settled(reference, now).map_err(|_| Failed::Refused)?
            }
            Message::RefundFailed { reference, .. } => order.refund_failed(reference, "declined"),
        };
        self.commit(&order, effects)
    }
}

struct World {
    slots: Vec<Vec<Slot>>,
    products: Vec<Product>,
}

fn world(cap: u32, daily: u32) -> World {
    let date = Date::at(START).plus(1);
    let slots = ["guishan", "bingmayong"]
        .map(|id| {
            let mut a = sample::attraction(id);
            a.daily_cap = daily;
            a.sessions = a.sessions[..2].iter().map(|s| Session { cap, ..*s }).collect();
            slot::day(&a, None::<&DayPlan>, date).slots().to_vec()
        })
        .to_vec();
    World { slots, products: ["guishan-single", "bingmayong-single", "lianghan-joint"].map(sample::product).to_vec() }
}

#[derive(Clone, Debug)]
enum Op {
    Buy { product: usize, slots: (usize, usize), people: Vec<u8>, age: Option<i32>, crash: bool },
    Capture { order: usize, crash: bool },
    Deliver { message: usize, keep: bool, crash: bool, refuse: bool },
    Wait(i64),
    GiveUp(usize),
    Refund { order: usize, crash: bool },
    Admit { order: usize, visitor: usize, part: usize, racing: bool },
}

fn op() -> impl Strategy<Value = Op> {
    let crash = prop::bool::weighted(0.1);
    prop_oneof![
        6 => (0_usize..3, (0_usize..2, 0_usize..2), prop::collection::btree_set(0_u8..12, 1..4), prop::option::weighted(0.2, 58_i32..70), crash)
            .prop_map(|(product, slots, people, age, crash)| Op::Buy { product, slots, people: people.into_iter().collect(), age, crash }),
        5 => (any::<usize>(), crash).prop_map(|(order, crash)| Op::Capture { order, crash }),
        8 => (any::<usize>(), prop::bool::weighted(0.3), crash, prop::bool::weighted(0.2)).prop_map(|(message, keep, crash, refuse)| Op::Deliver { message, keep, crash, refuse }),
        2 => (0_i64..20).prop_map(|m| Op::Wait(m * MINUTE)),
        1 => any::<usize>().prop_map(Op::GiveUp),
        2 => (any::<usize>(), crash).prop_map(|(order, crash)| Op::Refund { order, crash }),
        4 => (any::<usize>(), 0_usize..4, 0_usize..2, any::<bool>()).prop_map(|(order, visitor, part, racing)| Op::Admit { order, visitor, part, racing }),
    ]
}

fn visitor(person: u8, product: &Product, age: Option<i32>) -> Visitor {
    let q = pricing::quote(product, age).unwrap();
    Visitor {
        name: "云龙".into(),
        id_type: IdType::ResidentId,
        id_masked: String::new(),
        id_hash: keys::for_tests().id_hash("resident-id", &person.to_string()),
        phone: String::new(),
        price: q.price,
        shares: q.shares,
        concession: q.concession,
    }
}

fn buy(city: &mut City, world: &World, op: &Op, number: usize, now: i64) {
    let Op::Buy { product, slots, people, age, crash } = op else { return };
    let product = &world.products[*product];
    let parts = product
        .components
        .iter()
        .zip([slots.0, slots.1])
        .map(|(c, s)| {
            let a = usize::from(c.attraction == "bingmayong");
            Part {
                name: sample::attraction(&c.attraction).name,
                operator: sample::attraction(&c.attraction).operator,
                slot: world.slots[a][s].clone(),
            }
        })
        .collect();
    let visitors = people.iter().map(|p| visitor(*p, product, *age)).collect();
    let new = NewOrder { id: format!("{number:012}"), owner: "p-a".into(), request: String::new(), parts, visitors };
    let mut order = Order::draft(new, product, now);
    let effects = order.hold(HOLD, now).unwrap();
    if order.total > 0 {
        order.intent = Some(Intent { id: format!("pi-{number}"), cashier_url: String::new() });
    }
    if *crash {
        return;
    }
    let before = city.clone();
    match city.commit(&order, effects) {
        Ok(()) => {}
        Err(Failed::Claimed(first)) => {
            assert!(before.orders.contains_key(&first), "the refusal names the first order");
            assert_eq!(*city, before);
        }
        // Neither component of a joint purchase is reserved when one is full.
        Err(_) => assert_eq!(*city, before),
    }
}

fn admit(city: &mut City, id: &str, visitor: usize, part: usize, racing: bool, now: i64) {
    let window = Window { rule: WindowRule::AnyTime, early_minutes: 0, late_minutes: 0 };
    let Some(e) = city.entitlements.get(&entitlement::id(id, visitor, part)).cloned() else { return };
    let mut attempts = Vec::new();
    for gate in if racing { &["east", "west"][..] } else { &["east"] } {
        // Both gates read before either writes.
        let mut order = city.orders[id].clone();
        let admitted = admission::admit(&mut order, e.clone(), gate, &window, now);
        attempts.push(admitted.map(|e| (order, e)));
    }
    for (order, e) in attempts.into_iter().flatten() {
        // The `uses` counter is bounded by the entitlement's uses: the second gate's commit fails.
        let uses = city.uses.entry(e.id.clone()).or_default();
        if *uses < e.uses {
            *uses += 1;
            city.entitlements.insert(e.id.clone(), e);
            city.orders.insert(order.id.clone(), order);
        }
    }
}

fn run(city: &mut City, world: &World, ops: &[Op]) {
    let mut now = START;
    for (number, op) in ops.iter().enumerate() {
        let pick = |i: &usize| city.orders.keys().nth(i % city.orders.len().max(1)).cloned();
        match op {
            Op::Buy { .. } => buy(city, world, op, number, now),
            Op::Wait(ms) => now += ms,
            Op::Capture { order, crash } => {
                // The provider may take the money at any time, also after the hold.
                let Some(id) = pick(order) else { continue };
                let total = city.orders[&id].total;
                if let Some(m) = city.money.get_mut(&id).filter(|m| m.captured == 0 && !crash) {
                    m.captured = total;
                    city.queue.push((now, Message::Captured(id)));
                }
            }
            Op::Deliver { message, keep, crash, refuse } => {
                let due: Vec<usize> = (0..city.queue.len()).filter(|i| city.queue[*i].0 <= now).collect();
                let Some(&i) = due.get(message % due.len().max(1)) else { continue };
                let m = city.queue[i].1.clone();
                let before = city.clone();
                if city.handle(&m, now, *refuse).is_err() || *crash {
                    *city = before;
                } else if !keep {
                    // Acknowledged; otherwise it is delivered again.
                    city.queue.remove(i);
                }
            }
            Op::GiveUp(order) => {
                let Some(mut o) = pick(order).map(|id| city.orders[&id].clone()) else { continue };
                if let Ok(effects) = o.expire(now) {
                    city.commit(&o, effects).unwrap();
                }
            }
            Op::Refund { order, crash } => {
                let Some(mut o) = pick(order).map(|id| city.orders[&id].clone()) else { continue };
                if let Ok(effects) = o.start_refund("asked", now)
                    && !crash
                {
                    city.commit(&o, effects).unwrap();
                }
            }
            Op::Admit { order, visitor, part, racing } => {
                let Some(id) = pick(order) else { continue };
                admit(city, &id, *visitor, *part, *racing, now);
            }
        }
        check(city, world);
    }
    settle(city, now + 60 * MINUTE);
    check(city, world);
    check_settled(city);
}

/// Delivers everything, as a restarted host does.
fn settle(city: &mut City, now: i64) {
    for _ in 0..10_000 {
        let Some((_, m)) = city.queue.first().cloned() else { return };
        let before = city.clone();
        if city.handle(&m, now, false).is_err() {
            *city = before;
        }
        city.queue.remove(0);
    }
    panic!("messages without end");
}

fn active(o: &Order) -> bool {
    matches!(o.state, State::Held | State::Paid | State::Issued | State::PartUsed | State::Used)
        || (o.state == State::Refunding && o.history.iter().any(|p| p.state == State::Issued))
}

fn check(city: &City, world: &World) {
    let mut taken: BTreeMap<String, i64> = BTreeMap::new();
    for o in city.orders.values().filter(|o| active(o)) {
        for p in &o.parts {
            *taken.entry(p.slot.id.to_string()).or_default() += i64::from(o.people());
            *taken.entry(p.slot.id.day_key()).or_default() += i64::from(o.people());
        }
    }
    for s in world.slots.iter().flatten() {
        let (slot, day) = (s.id.to_string(), s.id.day_key());
        let get = |m: &BTreeMap<String, i64>, k: &str| m.get(k).copied().unwrap_or(0);
        assert!(get(&taken, &slot) <= i64::from(s.cap), "held + sold passes the slot's cap");
        assert!(get(&taken, &day) <= i64::from(s.daily_cap), "held + sold passes the day's cap");
        assert_eq!(get(&taken, &slot), get(&city.taken, &slot), "the counter is what orders hold");
        assert_eq!(get(&taken, &day), get(&city.taken, &day));
    }
    let mut owned = BTreeSet::new();
    for o in city.orders.values() {
        let mine: Vec<_> = o.entitlements().filter_map(|e| city.entitlements.get(&e.id)).collect();
        if active(o) {
            assert_eq!(mine.len(), o.visitors.len() * o.parts.len(), "an order has all its components or none");
            for c in mine.iter().filter_map(|e| e.claim.as_ref()) {
                assert!(
                    owned.insert((c.id.clone(), c.attraction.clone(), c.slot.clone())),
                    "one ID, attraction and slot has one entitlement"
                );
            }
        }
        let used = mine.iter().filter(|e| e.state == entitlement::State::Used).count();
        assert_eq!(used, o.admitted as usize, "every admission is counted once");
        assert!(used == 0 || matches!(o.state, State::PartUsed | State::Used));
        assert_eq!(o.lines().iter().map(|l| l.amount).sum::<u64>(), o.total, "lines sum to what is paid");
    }
    for (id, uses) in &city.uses {
        assert!(*uses <= city.entitlements[id].uses, "more admissions than uses");
    }
    for m in city.money.values() {
        assert!(m.refunded <= m.captured, "refunds over paid");
    }
}

/// When every message has arrived, nobody's money is without a ticket or on its way back.
fn check_settled(city: &City) {
    let (mut people, mut revenue) = (0, 0);
    for (id, o) in &city.orders {
        let m = city.money.get(id).cloned().unwrap_or_default();
        match o.state {
            State::Issued | State::PartUsed | State::Used => assert_eq!((m.captured, m.refunded), (o.total, 0)),
            State::Expired => assert_eq!(m.captured, 0, "money taken and neither ticket nor refund"),
            State::Refunded => assert_eq!(m.captured, m.refunded),
            // The provider said no; it can be asked for again.
            State::Refunding => assert!(o.refund.as_ref().is_some_and(|r| r.failed.is_some())),
            s => panic!("{id} rests in {}", s.code()),
        }
        if matches!(o.state, State::Issued | State::PartUsed | State::Used)
            || (o.state == State::Refunding && active(o))
        {
            people += i64::from(o.admissions());
            revenue += i64::try_from(o.total).unwrap();
        }
    }
    let sold = city.sold.values().fold((0, 0), |a, s| (a.0 + s.0, a.1 + s.1));
    assert_eq!(sold, (people, revenue), "the sales figures are those of the orders");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3_000, max_shrink_iters: 2_000, ..ProptestConfig::default() })]
    #[test]
    fn no_history_breaks_a_promise(cap in 1_u32..8, daily in 1_u32..12, ops in prop::collection::vec(op(), 1..60)) {
        run(&mut City::default(), &world(cap, daily), &ops);
    }
}

fn a_held_order() -> Order {
    let (mut city, world) = (City::default(), world(5, 5));
    buy(
        &mut city,
        &world,
        &Op::Buy { product: 2, slots: (0, 0), people: vec![1, 2], age: None, crash: false },
        0,
        START,
    );
    city.orders.into_values().next().unwrap()
}

#[test]
fn an_illegal_step_says_the_state_and_what_it_allows() {
    let mut o = a_held_order();
    let e = o.start_refund("asked", START).unwrap_err();
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
    o.refund_settled(&o.refund.clone().unwrap().reference, START + 2).unwrap();
    assert_eq!((o.state, o.refunded), (State::Refunded, 25_600));
}

#[test]
fn a_refused_refund_can_be_asked_for_again_under_a_new_number() {
    let mut o = a_held_order();
    o.captured(Standing::Free, START).unwrap();
    o.start_refund("asked", START).unwrap();
    let first = o.refund.clone().unwrap().reference;
    assert!(o.start_refund("asked", START).is_err(), "not while the first is on its way");
    o.refund_failed(&first, "declined");
    o.start_refund("asked", START).unwrap();
    assert_ne!(o.refund.clone().unwrap().reference, first);
    assert!(o.refund_settled(&first, START).unwrap().is_empty(), "an answer to the first changes nothing");
}

#[test]
fn a_free_ticket_is_issued_at_once_and_given_back_without_money() {
    let (mut city, mut world) = (City::default(), world(5, 5));
    world.products[0].price = 0;
    buy(&mut city, &world, &Op::Buy { product: 0, slots: (0, 0), people: vec![1], age: None, crash: false }, 0, START);
    let mut o = city.orders.values().next().unwrap().clone();
    assert_eq!((o.state, city.money.len()), (State::Issued, 0));
    let effects = o.start_refund("asked", START).unwrap();
    assert_eq!(o.state, State::Refunded);
    city.commit(&o, effects).unwrap();
    assert!(city.taken.values().all(|n| *n == 0) && city.claims.is_empty());
}

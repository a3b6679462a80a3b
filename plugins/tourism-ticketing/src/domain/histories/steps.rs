//! What buyers, gates, payments, clocks and crashes do, and a history of it.

use super::city::{City, Failed, HOLD, Message, START, World};
use super::promises::{check, check_settled};
use crate::domain::admission::{self, Window, WindowRule};
use crate::domain::catalogue::{Product, Proof};
use crate::domain::entitlement::{self};
use crate::domain::keys;
use crate::domain::order::{Intent, NewOrder, Order, Part};
use crate::domain::refund::Returned;
use crate::domain::time::MINUTE;
use crate::domain::visitor::{IdType, Visitor};
use crate::domain::{pricing, sample};
use proptest::prelude::*;

#[derive(Clone, Debug)]
pub(super) enum Op {
    Buy { product: usize, slots: (usize, usize), people: Vec<u8>, age: Option<i32>, crash: bool },
    Capture { order: usize, crash: bool },
    Deliver { message: usize, keep: bool, crash: bool, refuse: bool },
    Wait(i64),
    GiveUp(usize),
    Refund { order: usize, full: bool, visitors: Option<usize>, crash: bool },
    SetCap { slot: usize, cap: u32, daily: u32 },
    Close { slot: usize },
    Admit { order: usize, visitor: usize, part: usize, racing: bool },
}

pub(super) fn op() -> impl Strategy<Value = Op> {
    let crash = prop::bool::weighted(0.1);
    prop_oneof![
        6 => (0_usize..3, (0_usize..2, 0_usize..2), prop::collection::btree_set(0_u8..12, 1..4), prop::option::weighted(0.2, 58_i32..70), crash)
            .prop_map(|(product, slots, people, age, crash)| Op::Buy { product, slots, people: people.into_iter().collect(), age, crash }),
        5 => (any::<usize>(), crash).prop_map(|(order, crash)| Op::Capture { order, crash }),
        8 => (any::<usize>(), prop::bool::weighted(0.3), crash, prop::bool::weighted(0.2)).prop_map(|(message, keep, crash, refuse)| Op::Deliver { message, keep, crash, refuse }),
        2 => (0_i64..20).prop_map(|m| Op::Wait(m * MINUTE)),
        // From the evening before to after the slots' end.
        1 => (0_i64..1_200).prop_map(|m| Op::Wait(m * MINUTE)),
        2 => any::<usize>().prop_map(Op::GiveUp),
        3 => (any::<usize>(), any::<bool>(), prop::option::of(0_usize..4), crash).prop_map(|(order, full, visitors, crash)| Op::Refund { order, full, visitors, crash }),
        1 => (0_usize..4, 0_u32..8, 0_u32..12).prop_map(|(slot, cap, daily)| Op::SetCap { slot, cap, daily }),
        1 => (0_usize..4).prop_map(|slot| Op::Close { slot }),
        4 => (any::<usize>(), 0_usize..4, 0_usize..2, any::<bool>()).prop_map(|(order, visitor, part, racing)| Op::Admit { order, visitor, part, racing }),
    ]
}

pub(super) fn visitor(person: u8, product: &Product, age: Option<i32>) -> Visitor {
    let q = pricing::quote(product, age.map(|a| (a, Proof::Account))).unwrap();
    Visitor {
        name: "云龙".into(),
        id_type: IdType::ResidentId,
        id_masked: String::new(),
        id_hash: keys::for_tests().id_hash("resident-id", &person.to_string()),
        document_check: String::new(),
        phone: String::new(),
        price: q.price,
        shares: q.shares,
        concession: q.concession,
    }
}

pub(super) fn buy(city: &mut City, world: &World, op: &Op, number: usize, now: i64) {
    let Op::Buy { product, slots, people, age, crash } = op else { return };
    let product = &world.products[*product];
    let parts: Option<Vec<Part>> = product
        .components
        .iter()
        .zip([slots.0, slots.1])
        .map(|(c, s)| {
            let a = usize::from(c.attraction == "bingmayong");
            // A slot that is closed or over is not sold.
            let slot = city.slots.get(&world.slots[a][s].id.to_string()).filter(|s| now < s.ends_at)?.clone();
            let place = sample::attraction(&c.attraction);
            Some(Part { name: place.name, operator: place.operator, slot })
        })
        .collect();
    let Some(parts) = parts else { return };
    let visitors = people.iter().map(|p| visitor(*p, product, *age)).collect();
    let new = NewOrder {
        id: format!("{number:012}"),
        owner: "p-a".into(),
        request: String::new(),
        parts,
        visitors,
        guardian: false,
        acting: None,
    };
    let mut order = Order::draft(new, product, now);
    let effects = order.hold(HOLD, now).unwrap();
    if order.total > 0 {
        order.intent = Some(Intent { id: format!("pi-{number}"), cashier_url: String::new() });
    }
    if *crash {
        return;
    }
    let before = city.clone();
    match city.commit(&order, effects, now) {
        Ok(()) => {}
        Err(Failed::Claimed(first)) => {
            assert!(before.orders.contains_key(&first), "the refusal names the first order");
            assert_eq!(*city, before);
        }
        // Neither component of a joint purchase is reserved when one is full.
        Err(_) => assert_eq!(*city, before),
    }
}

pub(super) fn admit(city: &mut City, id: &str, visitor: usize, part: usize, racing: bool, now: i64) {
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

pub(super) fn run(city: &mut City, world: &World, ops: &[Op]) {
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
                if let Ok(effects) = o.give_up(now) {
                    city.commit(&o, effects, now).unwrap();
                }
            }
            Op::Refund { order, full, visitors, crash } => {
                let Some(mut o) = pick(order).map(|id| city.orders[&id].clone()) else { continue };
                let before = o.clone();
                let effects = if o.refund_failure().is_some() {
                    Ok(if *full { o.retry_closure("storm", now) } else { o.retry_refunds(now) })
                } else {
                    let items = if *full { o.in_full() } else { o.returnable(now) };
                    let of = |i: &Returned| visitors.is_none_or(|v| i.ticket.visitor == v);
                    o.start_refund(items.into_iter().filter(of).collect(), "asked", now)
                };
                match effects {
                    Ok(effects) if !crash => city.commit(&o, effects, now).unwrap(),
                    Ok(_) => {}
                    Err(_) => assert_eq!(o, before, "a refusal changes nothing"),
                }
            }
            Op::SetCap { slot, cap, daily } => {
                let key = world.slots[slot / 2][slot % 2].id.to_string();
                let day = world.slots[slot / 2][0].id.day_key();
                if let Some(s) = city.slots.get_mut(&key) {
                    s.cap = *cap;
                }
                city.slots.values_mut().filter(|s| s.id.day_key() == day).for_each(|s| s.daily_cap = *daily);
            }
            Op::Close { slot } => {
                let key = world.slots[slot / 2][slot % 2].id.to_string();
                if city.slots.remove(&key).is_some() {
                    city.queue.push((now, Message::Sweep));
                }
            }
            Op::Admit { order, visitor, part, racing } => {
                let Some(id) = pick(order) else { continue };
                admit(city, &id, *visitor, *part, *racing, now);
            }
        }
        check(city);
    }
    settle(city, now + 60 * MINUTE);
    check(city);
    check_settled(city);
}

/// Delivers everything, as a restarted host does.
pub(super) fn settle(city: &mut City, now: i64) {
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

//! The model: what is on stable storage, and how effects and messages change it.

use crate::domain::catalogue::{DayPlan, Product, Session};
use crate::domain::effect::Effect;
use crate::domain::entitlement::{self, Entitlement};
use crate::domain::order::{Order, RefundState, Standing, State};
use crate::domain::refund::{Returned, Ticket};
use crate::domain::sample;
use crate::domain::slot::{self, Slot};
use crate::domain::time::Date;
use std::collections::BTreeMap;

pub(super) const HOLD: u32 = 15;
/// Unpaid orders that one buyer may hold.
pub(super) const OPEN: i64 = 3;
pub(super) const START: i64 = 1_790_000_000_000;

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Message {
    HoldEnded(String),
    Captured(String),
    Refunded {
        order: String,
        reference: String,
    },
    RefundFailed {
        order: String,
        reference: String,
    },
    /// Goes through the tickets whose slot is no more.
    Sweep,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Money {
    pub(super) captured: u64,
    pub(super) refunded: u64,
    /// What each receiver has and may return.
    pub(super) left: BTreeMap<String, u64>,
    /// Refunds that the provider was asked for, and its answer, which is one: paid or refused.
    pub(super) asked: BTreeMap<String, (u64, Option<bool>)>,
}

/// What is on stable storage.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct City {
    pub(super) orders: BTreeMap<String, Order>,
    pub(super) entitlements: BTreeMap<String, Entitlement>,
    pub(super) claims: BTreeMap<(String, String, String), String>,
    pub(super) taken: BTreeMap<String, i64>,
    pub(super) uses: BTreeMap<String, u32>,
    pub(super) sold: BTreeMap<String, (i64, i64)>,
    /// What became of the closures' money: fen that are back, and fen that were refused.
    pub(super) closed: (u64, i64),
    pub(super) money: BTreeMap<String, Money>,
    pub(super) queue: Vec<(i64, Message)>,
    pub(super) open: i64,
    /// The slots in force, by their id; one that is closed is not among them.
    pub(super) slots: BTreeMap<String, Slot>,
}

#[derive(Debug, PartialEq)]
pub(super) enum Failed {
    TooManyOpen,
    Full(String),
    Claimed(String),
    Refused,
}

impl City {
    pub(super) fn adjust(&mut self, key: String, delta: i64, max: i64) -> Result<(), Failed> {
        let v = self.taken.entry(key.clone()).or_default();
        let next = *v + delta;
        if next < 0 || next > max {
            return Err(Failed::Full(key));
        }
        *v = next;
        Ok(())
    }

    pub(super) fn put(&mut self, e: Entitlement) -> Result<(), Failed> {
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
    pub(super) fn commit(&mut self, order: &Order, effects: Vec<Effect>, now: i64) -> Result<(), Failed> {
        let mut next = self.clone();
        for effect in effects {
            next.apply(order, effect, now)?;
        }
        next.orders.insert(order.id.clone(), order.clone());
        *self = next;
        Ok(())
    }

    pub(super) fn apply(&mut self, order: &Order, effect: Effect, now: i64) -> Result<(), Failed> {
        let id = &order.id;
        match effect {
            Effect::Claim(e) | Effect::Put(e) => self.put(e)?,
            Effect::Remove(e) => {
                self.entitlements.remove(&e);
                self.claims.retain(|_, c| *c != e);
            }
            Effect::Take { slot, people } => {
                let in_force = self.slots.get(&slot.id.to_string());
                assert_eq!(in_force, Some(&slot), "places are taken by what is in force, not by what was");
                assert!(now < slot.ends_at, "places of a slot that is over");
                self.adjust(slot.id.to_string(), i64::from(people), i64::from(slot.cap))?;
                self.adjust(slot.id.day_key(), i64::from(people), i64::from(slot.daily_cap))?;
            }
            Effect::Release { slot, people } => {
                self.adjust(slot.to_string(), -i64::from(people), i64::MAX)?;
                self.adjust(slot.day_key(), -i64::from(people), i64::MAX)?;
            }
            Effect::Sold { slot, people, revenue } => {
                self.figure(&slot.id.to_string(), i64::from(people), fen(revenue))
            }
            Effect::Unsold { slot, people, amount } => self.figure(&slot.to_string(), -i64::from(people), -fen(amount)),
            Effect::OpenHold if self.open >= OPEN => return Err(Failed::TooManyOpen),
            Effect::OpenHold => self.open += 1,
            Effect::CloseHold => self.open -= 1,
            Effect::OpenIntent => {
                let mut left = BTreeMap::new();
                for l in order.lines() {
                    *left.entry(l.payee).or_default() += l.amount;
                }
                self.money.insert(id.clone(), Money { left, ..Money::default() });
            }
            Effect::Refund { refund, lines } => {
                let m = self.money.get_mut(id).ok_or(Failed::Refused)?;
                let amount: u64 = lines.iter().map(|l| l.amount).sum();
                assert_eq!(amount, refund.amount, "lines of a refund sum to it");
                assert!(amount > 0 && m.captured > 0, "a refund of nothing");
                if m.asked.insert(refund.reference.clone(), (amount, None)).is_none() {
                    for l in lines {
                        let left = m.left.get_mut(&l.payee).unwrap();
                        *left = left.checked_sub(l.amount).expect("a receiver returns more than it has");
                    }
                    // The provider's answer is drawn when the message is delivered.
                    self.queue.push((0, Message::Refunded { order: id.clone(), reference: refund.reference }));
                }
            }
            Effect::Closure { returned, failed, .. } => {
                self.closed = (self.closed.0 + returned, self.closed.1 + failed);
            }
            Effect::ExpireAt(at) => self.queue.push((at, Message::HoldEnded(id.clone()))),
            Effect::CancelIntent | Effect::Notify(_) | Effect::Announce(_) | Effect::Returned { .. } => {}
        }
        Ok(())
    }

    pub(super) fn figure(&mut self, slot: &str, people: i64, fen: i64) {
        let s = self.sold.entry(slot.to_owned()).or_default();
        *s = (s.0 + people, s.1 + fen);
    }

    /// As the consumer finds it: by what is in force at that time.
    pub(super) fn standing(&self, order: &Order, now: i64) -> Standing {
        let n = i64::from(order.people());
        let mut slots = Vec::new();
        for p in &order.parts {
            let Some(slot) = self.slots.get(&p.slot.id.to_string()) else { return Standing::Gone };
            let left = |key: &str, cap: u32| i64::from(cap) - self.taken.get(key).copied().unwrap_or(0) >= n;
            let room = left(&slot.id.to_string(), slot.cap) && left(&slot.id.day_key(), slot.daily_cap);
            if !room || now >= slot.ends_at {
                return Standing::Gone;
            }
            slots.push(slot.clone());
        }
        let mut claims = order.entitlements().filter_map(|e| e.claim);
        if claims.any(|c| self.claims.contains_key(&(c.id, c.attraction, c.slot))) {
            return Standing::Gone;
        }
        Standing::Free(slots)
    }

    /// Gives back every valid ticket whose slot is no more, as the closure's consumer does.
    pub(super) fn sweep(&mut self, now: i64) {
        let mut met: BTreeMap<String, Vec<Ticket>> = BTreeMap::new();
        for e in self.entitlements.values().filter(|e| e.state == entitlement::State::Unused) {
            if !self.slots.contains_key(&e.slot.to_string()) {
                met.entry(e.order.clone()).or_default().push(Ticket { visitor: e.visitor, part: e.part });
            }
        }
        for (id, tickets) in met {
            let mut o = self.orders[&id].clone();
            let effects = if o.state == State::Held {
                o.expire(now)
            } else {
                let items = o.in_full().into_iter().filter(|i| tickets.contains(&i.ticket)).collect();
                o.close(items, "storm", now)
            };
            self.commit(&o, effects.unwrap(), now).unwrap();
        }
    }

    pub(super) fn handle(&mut self, message: &Message, now: i64, provider_refuses: bool) -> Result<(), Failed> {
        let (Message::HoldEnded(id)
        | Message::Captured(id)
        | Message::Refunded { order: id, .. }
        | Message::RefundFailed { order: id, .. }) = message
        else {
            self.sweep(now);
            return Ok(());
        };
        let mut order = self.orders[id].clone();
        let effects = match message {
            Message::HoldEnded(_) => order.hold_ended(now),
            Message::Captured(_) => order.captured(self.standing(&order, now), now).map_err(|_| Failed::Refused)?,
            Message::Refunded { reference, .. } => {
                let m = self.money.get_mut(id).ok_or(Failed::Refused)?;
                let (amount, answer) = m.asked.get_mut(reference).ok_or(Failed::Refused)?;
                if answer.is_none() && !provider_refuses {
                    m.refunded += *amount;
                }
                if !*answer.get_or_insert(!provider_refuses) {
                    self.queue.push((now, Message::RefundFailed { order: id.clone(), reference: reference.clone() }));
                    return Ok(());
                }
                order.refund_settled(reference, now)
            }
            Message::RefundFailed { reference, .. } => {
                // What the receivers were to return is theirs again.
                let failed = order.refunds.iter().find(|r| r.reference == *reference && r.state == RefundState::Asked);
                let back: Vec<_> = failed.iter().flat_map(|r| &r.items).copied().collect();
                let m = self.money.get_mut(id).ok_or(Failed::Refused)?;
                for Returned { ticket, amount } in back {
                    *m.left.get_mut(&order.parts[ticket.part].operator).unwrap() += amount;
                }
                order.refund_failed(reference, "declined")
            }
            Message::Sweep => Vec::new(),
        };
        self.commit(&order, effects, now)
    }
}

pub(super) fn fen(amount: u64) -> i64 {
    i64::try_from(amount).unwrap()
}

pub(super) struct World {
    pub(super) slots: Vec<Vec<Slot>>,
    pub(super) products: Vec<Product>,
}

pub(super) fn world(cap: u32, daily: u32) -> World {
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

/// A city in which every slot is open.
pub(super) fn opened(world: &World) -> City {
    City { slots: world.slots.iter().flatten().map(|s| (s.id.to_string(), s.clone())).collect(), ..City::default() }
}

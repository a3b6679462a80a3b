//! What holds at every moment, and when everything has arrived.

use super::city::{City, OPEN, fen};
use crate::domain::entitlement::{self};
use crate::domain::order::{Order, RefundState, State};
use crate::domain::refund::Ticket;
use std::collections::{BTreeMap, BTreeSet};

/// The tickets of an order that hold a place.
pub(super) fn holding(o: &Order) -> Vec<Ticket> {
    let settled = |t: &Ticket| {
        let back = o.refunds.iter().filter(|r| r.state == RefundState::Settled);
        back.flat_map(|r| &r.items).any(|i| i.ticket == *t)
    };
    match o.state {
        State::Held => o.tickets().collect(),
        _ if o.was_issued() => o.tickets().filter(|t| !settled(t)).collect(),
        _ => Vec::new(),
    }
}

pub(super) fn check(city: &City) {
    let mut taken: BTreeMap<String, i64> = BTreeMap::new();
    for o in city.orders.values() {
        for t in holding(o) {
            let slot = &o.parts[t.part].slot.id;
            *taken.entry(slot.to_string()).or_default() += 1;
            *taken.entry(slot.day_key()).or_default() += 1;
        }
    }
    // That no bound was passed is checked where places are taken; here, that counters are true.
    for (key, n) in &city.taken {
        assert_eq!(taken.get(key).copied().unwrap_or(0), *n, "the counter {key} is what orders hold");
    }
    let held = city.orders.values().filter(|o| o.state == State::Held).count();
    assert!(city.open == i64::try_from(held).unwrap() && city.open <= OPEN, "unpaid orders are counted and bounded");
    let mut owned = BTreeSet::new();
    for o in city.orders.values() {
        check_order(city, o);
        for c in holding(o).iter().filter_map(|t| city.entitlements[&t.id(&o.id)].claim.clone()) {
            assert!(owned.insert((c.id, c.attraction, c.slot)), "one ID, attraction and slot has one entitlement");
        }
    }
    for (id, uses) in &city.uses {
        assert!(*uses <= city.entitlements[id].uses, "more admissions than uses");
    }
    let closed = |state: RefundState| -> u64 {
        let of = city.orders.values().flat_map(|o| &o.refunds);
        of.filter(|r| r.closure.is_some() && r.state == state).map(|r| r.amount).sum()
    };
    let want = (closed(RefundState::Settled), fen(closed(RefundState::Failed)));
    assert_eq!(city.closed, want, "what became of a closure's money");
    for m in city.money.values() {
        assert!(m.refunded <= m.captured, "refunds over paid");
    }
}

pub(super) fn check_order(city: &City, o: &Order) {
    use entitlement::State as E;
    let mine: Vec<_> = o.entitlements().filter_map(|e| city.entitlements.get(&e.id)).collect();
    let whole = o.visitors.len() * o.parts.len();
    let expected = if o.state == State::Held || o.was_issued() { whole } else { 0 };
    assert_eq!(mine.len(), expected, "an order has all its components or none");
    for e in mine {
        let t = Ticket { visitor: e.visitor, part: e.part };
        let refund = o.refunds.iter().find(|r| r.items.iter().any(|i| i.ticket == t));
        let want = match refund.map(|r| r.state) {
            _ if o.used.contains(&t) => E::Used,
            None => E::Unused,
            Some(RefundState::Settled) => E::Refunded,
            Some(_) => E::Suspended,
        };
        assert_eq!(e.state, want, "the entitlement is what the order says");
        assert!(!(o.used.contains(&t) && refund.is_some()), "a used ticket was given back");
    }
    assert_eq!(o.lines().iter().map(|l| l.amount).sum::<u64>(), o.total, "lines sum to what is paid");
    let mut asked = BTreeSet::new();
    for i in o.refunds.iter().flat_map(|r| &r.items) {
        assert!(asked.insert(i.ticket), "a ticket is given back once");
        assert!(i.amount <= o.share(i.ticket), "more returns than was paid for it");
    }
    if o.was_issued() {
        let kept: u64 = o.settlement().iter().map(|l| l.amount).sum();
        assert_eq!(kept, o.captured - o.refunded, "the settlement's lines sum to paid less refunded");
    }
}

/// When every message has arrived, nobody's money is without a ticket or on its way back.
pub(super) fn check_settled(city: &City) {
    let (mut people, mut revenue) = (0, 0);
    for (id, o) in &city.orders {
        let m = city.money.get(id).cloned().unwrap_or_default();
        assert_eq!((m.captured, m.refunded), (o.captured, o.refunded), "{id}: the order knows its money");
        match o.state {
            State::Issued | State::PartUsed | State::Used | State::PartRefunded => assert_eq!(m.captured, o.total),
            State::Expired => assert_eq!(m.captured, 0, "money taken and neither ticket nor refund"),
            State::Refunded if o.given_up => assert_eq!(m.captured, m.refunded),
            State::Refunded => assert!(m.refunded <= m.captured),
            // The provider said no; it can be asked for again.
            State::Refunding => assert!(o.refund_failure().is_some()),
            s => panic!("{id} rests in {}", s.code()),
        }
        let closed = |t: &Ticket| !city.slots.contains_key(&o.parts[t.part].slot.id.to_string());
        assert!(!o.was_issued() || !o.unused().iter().any(closed), "{id}: a valid ticket for a closed slot");
        if o.was_issued() {
            people += i64::try_from(holding(o).len()).unwrap();
            revenue += fen(o.captured - o.refunded);
        }
    }
    let sold = city.sold.values().fold((0, 0), |a, s| (a.0 + s.0, a.1 + s.1));
    assert_eq!(sold, (people, revenue), "the sales figures are those of the orders");
}

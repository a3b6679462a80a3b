//! What each step of a history does to the city.

use super::city::{BATCHES, City, Message, PLATFORM, TIMES};
use super::promises::check;
use super::steps::{Op, Which};
use crate::domain::batch;
use crate::domain::commission::Rates;
use crate::domain::effect::Effect;
use crate::domain::group::{self, GroupError};
use crate::domain::machine::Machine;
use crate::domain::order::{Back, Line, NewOrder, NewShipment, Order, OrderError, Recipient, State};
use crate::domain::returns::{Asked, Reason, Return, Rules, Step as ReturnStep};
use crate::domain::shipment::{Carrier, ClaimState, ExceptionReason, Shipment, Units, WaybillState};
use crate::domain::station::StationSale;
use crate::domain::statistics::Place;
use crate::domain::time::{Date, Month};

/// The listing that a group buys.
const GROUPED: usize = 3;

fn order_id(number: usize) -> String {
    format!("{number:012}")
}

fn line(city: &City, (n, quantity): (usize, u32), group: bool, discount: u64) -> Line {
    let (l, p) = (&city.listings[n], &city.products[n]);
    let sku = &p.skus[0];
    let price = if group { city.group.price } else { sku.price };
    Line {
        listing: l.id.clone(),
        product: p.id.clone(),
        sku: sku.id.clone(),
        title: p.title.clone(),
        sku_name: sku.name.clone(),
        category: p.category,
        batch: l.batch.clone(),
        price,
        quantity,
        discount: discount.min(price * u64::from(quantity) - 1),
        grams: sku.grams,
        parcels: sku.parcels,
        cancelled: 0,
        returned: 0,
        given_back: 0,
    }
}

pub(super) fn place(city: &mut City, op: &Op, number: usize, now: i64) {
    let Op::Place { first, second, group, off, station, crash } = op else { return };
    let group = *group && first.0 == GROUPED;
    if group && city.group.joinable(now).is_err() {
        return;
    }
    let store = city.listings[first.0].store.clone();
    // One order is of one store, and each listing stands in it once.
    let second = second.filter(|s| !group && s.0 != first.0 && city.listings[s.0].store == store);
    let wanted: Vec<(usize, u32)> = [Some(*first), second].into_iter().flatten().collect();
    for (n, _) in &wanted {
        let batch = city.listings[*n].batch.as_deref().and_then(|b| city.batches.get(b));
        if city.listings[*n].buyable(&city.products[*n], batch, now).is_err() {
            return;
        }
        let day = Date::at(now);
        let food = city.products[*n].category.is_food();
        assert!(!food || batch.is_some_and(|b| b.is_live(day)), "a food line without a live batch");
    }
    let station = station.filter(|_| !group);
    let sale = |_| StationSale {
        station: "st".into(),
        village: "320324109002".into(),
        payee: "93320382MA000TX30Q".into(),
        keeper: "k".into(),
        made_at: now,
    };
    let new = NewOrder {
        id: order_id(number),
        owner: Some("buyer".into()),
        placed_by: "buyer".into(),
        request: String::new(),
        lines: wanted.iter().map(|w| line(city, *w, group, if group { 0 } else { *off })).collect(),
        coupon: None,
        group: group.then(|| "g".into()),
        claims_held: Vec::new(),
        station: station.map(sale),
        recipient: Recipient {
            name: "收货人".into(),
            phone: String::new(),
            division: "320324109002".into(),
            address: "一组".into(),
        },
        rates: Rates { platform: PLATFORM, station: station.unwrap_or(0) },
        commission_payee: "12320300MB000TX50F".into(),
    };
    let store = city.stores.iter().find(|s| s.id == store).unwrap().clone();
    let (mut order, mut effects) = Order::place(new, &store, TIMES, now);
    if group {
        order.pay_before(city.group.deadline, &mut effects);
    }
    let before = city.clone();
    // When the stock is short nothing is taken of either line.
    if !crash && city.commit(&order, effects, now).is_err() {
        assert_eq!(*city, before);
    }
}

/// Takes a step of an order; a refusal changes nothing.
pub(super) fn take(
    city: &mut City,
    order: Which,
    crash: bool,
    now: i64,
    f: impl FnOnce(&City, &mut Order) -> Result<Vec<Effect>, OrderError>,
) {
    let Some(id) = city.orders.keys().nth(order % city.orders.len().max(1)).cloned() else { return };
    let before = city.orders[&id].clone();
    let mut o = before.clone();
    match f(city, &mut o) {
        Ok(effects) if !crash => city.commit(&o, effects, now).unwrap(),
        Ok(_) => {}
        Err(_) => assert_eq!(o, before, "a refusal changes nothing"),
    }
}

pub(super) fn carrier(n: usize) -> (WaybillState, Option<ExceptionReason>) {
    match n {
        0 => (WaybillState::Booked, None),
        1 => (WaybillState::Loaded, None),
        2 => (WaybillState::InTransit, None),
        3 | 4 => (WaybillState::Delivered, None),
        5 => (WaybillState::Signed, None),
        6 => (WaybillState::Exception, Some(ExceptionReason::Lost)),
        7 => (WaybillState::Exception, Some(ExceptionReason::Damaged)),
        _ => (WaybillState::Exception, Some(ExceptionReason::Delayed)),
    }
}

pub(super) fn ship(o: &mut Order, all: bool, own: bool, now: i64) -> Result<Vec<Effect>, OrderError> {
    let units = (0..o.lines.len()).map(|line| {
        let left = o.to_ship(line);
        Units { line, units: if all { left } else { left.min(1) } }
    });
    let request = format!("{}-q{}", o.id, o.shipments.len());
    let carrier = if own { Carrier::Store } else { Carrier::City };
    let new = NewShipment { request, units: units.collect(), parcels: Vec::new(), carrier };
    o.ship(new, now)
}

pub(super) fn ask(city: &mut City, op: &Op, now: i64) {
    let Op::AskReturn { order, line, units, reason } = op else { return };
    let arrived = city.orders.values().filter(|o| matches!(o.state, State::Delivered | State::Confirmed));
    let arrived: Vec<String> = arrived.map(|o| o.id.clone()).collect();
    // Mostly of an order that allows it.
    let of = if arrived.is_empty() || *reason == 3 { city.orders.keys().cloned().collect() } else { arrived };
    let Some(id) = of.get(order % of.len().max(1)).cloned() else { return };
    let asked =
        Asked { units: vec![Units { line: *line, units: *units }], reason: Reason::ALL[*reason], text: String::new() };
    ask_for(city, &id, asked, now);
}

fn ask_for(city: &mut City, id: &str, asked: Asked, now: i64) {
    let mut o = city.orders[id].clone();
    let before = o.clone();
    let number = city.returns.len();
    let (reason, lines) = (asked.reason, asked.units.clone());
    match Return::ask(&mut o, format!("{id}.{number}"), asked, Rules { days: 7, fresh: false, step_days: 7 }, now) {
        Ok(mut r) => {
            let effects = r.hurry(now);
            let fresh = lines.iter().filter_map(|u| o.lines.get(u.line)).any(|l| l.category.perishes());
            assert!(!(fresh && reason == Reason::NoReason), "fresh food without a reason");
            city.returns.insert(r.id.clone(), r);
            city.commit(&o, effects, now).unwrap();
        }
        Err(_) => assert_eq!(o, before),
    }
}

pub(super) fn return_step(city: &mut City, op: &Op, now: i64) {
    let Op::ReturnStep { of, step, amount, crash } = op else { return };
    let open: Vec<&String> = city.returns.values().filter(|r| !r.state.allows().is_empty()).map(|r| &r.id).collect();
    let Some(id) = open.get(of % open.len().max(1)).map(|id| (*id).clone()) else { return };
    let allowed = city.returns[&id].state.allows();
    let Some(step) = allowed.get(step % allowed.len().max(1)).copied() else { return };
    return_to(city, &id, step, *amount, *crash, now);
}

fn return_to(city: &mut City, id: &str, step: ReturnStep, amount: u64, crash: bool, now: i64) {
    let mut r = city.returns[id].clone();
    let mut o = city.orders[&r.order].clone();
    r.step(step, now).unwrap();
    let effects = match step {
        ReturnStep::Refund => o.give_back(&r.backs(&o, None), "return", now).map(|mut e| {
            e.extend(o.close_return(now));
            e
        }),
        ReturnStep::Arbitrate if amount > 0 => {
            o.give_back(&r.backs(&o, Some(amount)), "arbitration", now).map(|mut e| {
                e.extend(o.close_return(now));
                e
            })
        }
        ReturnStep::Arbitrate | ReturnStep::Reject | ReturnStep::Withdraw => Ok(o.close_return(now)),
        ReturnStep::Appeal => match o.check(crate::domain::order::Step::Return) {
            Ok(()) if o.open_return.is_none() => {
                o.open_return(id);
                Ok(Vec::new())
            }
            Ok(()) => Err(OrderError::Nothing),
            Err(e) => Err(e),
        },
        _ => Ok(Vec::new()),
    };
    if let (Ok(mut effects), false) = (effects, crash) {
        effects.extend(r.hurry(now));
        city.returns.insert(id.to_owned(), r);
        city.commit(&o, effects, now).unwrap();
    }
}

pub(super) fn capture(city: &mut City, order: Which, now: i64) {
    let Some(id) = city.orders.keys().nth(order % city.orders.len().max(1)).cloned() else { return };
    // The provider may take the money at any time, also after the order was given up.
    let total = city.orders[&id].total;
    if let Some(m) = city.money.get_mut(&id).filter(|m| m.captured == 0) {
        m.captured = total;
        m.held = total;
        city.queue.push((now, Message::Captured(id, now)));
    }
}

pub(super) fn deliver(city: &mut City, op: &Op, now: i64) {
    let Op::Deliver { message, keep, crash, refuse } = op else { return };
    let due: Vec<usize> = (0..city.queue.len()).filter(|i| city.queue[*i].0 <= now).collect();
    let Some(&i) = due.get(message % due.len().max(1)) else { return };
    let m = city.queue[i].1.clone();
    let before = city.clone();
    city.handle(&m, now, *refuse);
    if *crash {
        *city = before;
    } else if !keep {
        // Acknowledged; otherwise it is delivered again.
        city.queue.remove(i);
    }
}

pub(super) fn fail_batch(city: &mut City, which: Which, recall: bool, now: i64) {
    let code = BATCHES[which];
    let b = city.batches.get_mut(code).unwrap();
    if b.state.check(if recall { batch::Step::Recall } else { batch::Step::Fail }).is_ok() {
        b.state = if recall { batch::State::Recalled } else { batch::State::Failed };
        city.queue.push((now, Message::SweepBatch(code)));
    }
}

pub(super) fn accept(city: &City, o: &mut Order, now: i64) -> Result<Vec<Effect>, OrderError> {
    let place = Place { village: o.village.clone(), month: Month::at(now) };
    let group = o.group.is_some().then_some(&city.group);
    let before = o.state;
    let done = o.accept(group, place, now);
    if let (State::Paid, Some(g), Ok(_)) = (before, group, &done) {
        assert_eq!(g.ready(), Ok::<(), GroupError>(()), "an order of a group that has not formed");
    }
    done
}

/// As many people join the group and pay as it needs, or one less.
pub(super) fn gather(city: &mut City, enough: bool, number: usize, now: i64) {
    for n in 0..city.group.minimum as usize - usize::from(!enough) {
        if city.group.state != group::State::Open {
            return;
        }
        let number = 1_000 * (number + 1) + n;
        let first = (GROUPED, 1);
        let join = Op::Place { first, second: None, group: true, off: 0, station: None, crash: false };
        place(city, &join, number, now);
        if let Some(order) = city.orders.keys().position(|id| *id == order_id(number)) {
            further(city, order, now);
        }
    }
}

/// The steps of a return that ends in a refund, before an arbiter, and by their decision.
const QUARRELS: [&[ReturnStep]; 3] = [
    &[ReturnStep::Approve, ReturnStep::Send, ReturnStep::Inspect, ReturnStep::Refund],
    &[ReturnStep::Reject, ReturnStep::Appeal],
    &[ReturnStep::Reject, ReturnStep::Appeal, ReturnStep::Arbitrate],
];

/// An order goes on to where it can be returned, as far as its state allows; then its buyer wants to, and it comes to
/// one of three ends.
pub(super) fn quarrel(city: &mut City, order: Which, amount: u64, end: Which, now: i64) {
    let Some(o) = arrive(city, order, State::Delivered, now) else { return };
    if o.open_return.is_none() {
        let units = vec![Units { line: 0, units: 1 }];
        ask_for(city, &o.id, Asked { units, reason: Reason::Damaged, text: String::new() }, now);
    }
    let Some(id) = city.orders[&o.id].open_return.clone() else { return };
    for step in QUARRELS[end] {
        if city.returns[&id].state.check(*step).is_ok() {
            return_to(city, &id, *step, amount, false, now);
            check(city);
        }
    }
}

/// An order goes on until it is shipped; then the city's carrier loses or breaks a parcel, and a manager decides.
pub(super) fn mishap(city: &mut City, order: Which, lost: bool, refund: bool, now: i64) {
    let reason = if lost { ExceptionReason::Lost } else { ExceptionReason::Damaged };
    if arrive(city, order, State::Shipped, now).is_none() {
        return;
    }
    take(city, order, false, now, |_, o| {
        let Some(s) = o.shipments.iter().find(|s| s.carrier == Carrier::City) else { return Ok(Vec::new()) };
        let (request, parcel) = (s.request.clone(), s.parcels[0].id.clone());
        let (of, wrong) = ((request.as_str(), Some(parcel.as_str())), (WaybillState::Exception, Some(reason)));
        Ok(o.waybill_changed(of, wrong, now, now))
    });
    check(city);
    take(city, order, false, now, |_, o| decide(o, refund, now));
}

/// A manager decides the first open claim.
pub(super) fn decide(o: &mut Order, refund: bool, now: i64) -> Result<Vec<Effect>, OrderError> {
    let Some(c) = o.claims.iter().find(|c| c.state == ClaimState::Open).cloned() else { return Ok(Vec::new()) };
    let s = o.shipments.iter().find(|s| s.request == c.request).cloned();
    let back = |u: &Units| {
        let units = u.units.min(o.returnable(u.line));
        Back { line: u.line, units, shipped: true, amount: None }
    };
    let backs: Vec<Back> = s.iter().flat_map(|s| s.units.iter().map(back)).filter(|b| b.units > 0).collect();
    o.decide_claim(&c.id, if refund { &backs } else { &[] }, "decided", now)
}

/// An order goes well until it stands at `state`: paid, accepted, shipped, brought. Answers it as it stands then.
fn arrive(city: &mut City, order: Which, state: State, now: i64) -> Option<Order> {
    let of = |city: &City| city.orders.values().nth(order % city.orders.len().max(1)).cloned();
    for _ in 0..4 {
        if of(city)?.state == state {
            break;
        }
        further(city, order, now);
        check(city);
    }
    of(city)
}

pub(super) fn further(city: &mut City, order: Which, now: i64) {
    let Some(o) = city.orders.values().nth(order % city.orders.len().max(1)).cloned() else { return };
    if o.state == State::Placed {
        capture(city, order, now);
        let of = |m: &(i64, Message)| matches!(&m.1, Message::Captured(id, _) if *id == o.id);
        if let Some(i) = city.queue.iter().position(of) {
            let m = city.queue.remove(i).1;
            city.handle(&m, now, false);
        }
        return;
    }
    take(city, order, false, now, |c, o| match o.state {
        State::Paid => accept(c, o, now),
        State::Accepted | State::PartShipped => ship(o, true, order.is_multiple_of(2), now),
        State::Shipped => {
            let parcels = |s: &Shipment| s.refused.is_none() && s.parcels.iter().any(|p| !p.state.arrived());
            let Some(s) = o.shipments.iter().find(|s| parcels(s)).cloned() else { return Ok(Vec::new()) };
            match s.carrier {
                Carrier::City => Ok(o.waybill_changed((&s.request, None), (WaybillState::Delivered, None), now, now)),
                _ => o.brought(&s.request, now),
            }
        }
        _ => Ok(Vec::new()),
    });
}

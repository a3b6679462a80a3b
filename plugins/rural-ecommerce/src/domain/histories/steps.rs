//! What buyers, stores, carriers, inspectors, payments, clocks and crashes do, and a history of it.

use super::city::{BATCHES, City, END, Message, RATES, START, TIMES};
use super::promises::{check, check_settled};
use crate::domain::batch;
use crate::domain::effect::Effect;
use crate::domain::group::GroupError;
use crate::domain::machine::Machine;
use crate::domain::order::{Back, Line, NewOrder, NewShipment, Order, OrderError, Recipient, State};
use crate::domain::returns::{Asked, Reason, Return, Rules, Step as ReturnStep};
use crate::domain::shipment::{Carrier, ExceptionReason, Shipment, Units, WaybillState};
use crate::domain::station::StationSale;
use crate::domain::statistics::Place;
use crate::domain::time::{DAY, Date, HOUR, MINUTE, Month};
use proptest::prelude::*;

type Which = usize;

#[derive(Clone, Debug)]
pub(super) enum Op {
    Place {
        first: (Which, u32),
        second: Option<(Which, u32)>,
        group: bool,
        off: u64,
        station: bool,
        crash: bool,
    },
    Capture {
        order: Which,
    },
    Deliver {
        message: Which,
        keep: bool,
        crash: bool,
        refuse: bool,
    },
    Wait(i64),
    Cancel {
        order: Which,
        crash: bool,
    },
    Accept {
        order: Which,
        crash: bool,
    },
    Ship {
        order: Which,
        all: bool,
        own: bool,
        crash: bool,
    },
    Carrier {
        order: Which,
        shipment: Which,
        parcel: Option<Which>,
        state: Which,
        crash: bool,
    },
    CarrierRefuses {
        order: Which,
        shipment: Which,
    },
    Confirm {
        order: Which,
        crash: bool,
    },
    GiveBack {
        order: Which,
        line: Which,
        units: u32,
        amount: Option<u64>,
        shipped: bool,
        crash: bool,
    },
    AskReturn {
        order: Which,
        line: Which,
        units: u32,
        reason: Which,
    },
    ReturnStep {
        of: Which,
        step: Which,
        amount: u64,
        crash: bool,
    },
    DecideClaim {
        order: Which,
        refund: bool,
    },
    FailBatch {
        batch: Which,
        recall: bool,
    },
    Retry {
        order: Which,
    },
    /// The next step of an order that goes well: so that histories come to where returns begin.
    Further {
        order: Which,
    },
}

pub(super) fn op() -> impl Strategy<Value = Op> {
    let i = any::<usize>;
    let crash = || prop::bool::weighted(0.1);
    prop_oneof![
        9 => ((0_usize..4, 1_u32..6), prop::option::weighted(0.4, (0_usize..4, 1_u32..4)), prop::bool::weighted(0.6), 0_u64..300, any::<bool>(), crash())
            .prop_map(|(first, second, group, off, station, crash)| Op::Place { first, second, group, off, station, crash }),
        7 => i().prop_map(|order| Op::Capture { order }),
        9 => (i(), prop::bool::weighted(0.25), crash(), prop::bool::weighted(0.2)).prop_map(|(message, keep, crash, refuse)| Op::Deliver { message, keep, crash, refuse }),
        2 => (0_i64..60).prop_map(|m| Op::Wait(m * MINUTE)),
        1 => (0_i64..200).prop_map(|h| Op::Wait(h * HOUR)),
        2 => (i(), crash()).prop_map(|(order, crash)| Op::Cancel { order, crash }),
        6 => (i(), crash()).prop_map(|(order, crash)| Op::Accept { order, crash }),
        6 => (i(), any::<bool>(), any::<bool>(), crash()).prop_map(|(order, all, own, crash)| Op::Ship { order, all, own, crash }),
        8 => (i(), i(), prop::option::weighted(0.4, i()), 0_usize..9, crash()).prop_map(|(order, shipment, parcel, state, crash)| Op::Carrier { order, shipment, parcel, state, crash }),
        1 => (i(), i()).prop_map(|(order, shipment)| Op::CarrierRefuses { order, shipment }),
        4 => (i(), crash()).prop_map(|(order, crash)| Op::Confirm { order, crash }),
        4 => (i(), 0_usize..2, 0_u32..4, prop::option::of(0_u64..60_000), any::<bool>(), crash()).prop_map(|(order, line, units, amount, shipped, crash)| Op::GiveBack { order, line, units, amount, shipped, crash }),
        5 => (i(), 0_usize..2, 1_u32..3, 0_usize..4).prop_map(|(order, line, units, reason)| Op::AskReturn { order, line, units, reason }),
        8 => (i(), i(), 0_u64..5_000, crash()).prop_map(|(of, step, amount, crash)| Op::ReturnStep { of, step, amount, crash }),
        2 => (i(), any::<bool>()).prop_map(|(order, refund)| Op::DecideClaim { order, refund }),
        1 => (0_usize..2, any::<bool>()).prop_map(|(batch, recall)| Op::FailBatch { batch, recall }),
        2 => i().prop_map(|order| Op::Retry { order }),
        12 => i().prop_map(|order| Op::Further { order }),
    ]
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

fn place(city: &mut City, op: &Op, number: usize, now: i64) {
    let Op::Place { first, second, group, off, station, crash } = op else { return };
    let group = *group && first.0 == 3;
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
    let sale = StationSale {
        station: "st".into(),
        village: "320324109002".into(),
        payee: "93320382MA000TX30Q".into(),
        keeper: "k".into(),
        made_at: now,
    };
    let new = NewOrder {
        id: format!("{number:012}"),
        owner: Some("buyer".into()),
        placed_by: "buyer".into(),
        request: String::new(),
        lines: wanted.iter().map(|w| line(city, *w, group, if group { 0 } else { *off })).collect(),
        coupon: None,
        group: group.then(|| "g".into()),
        claims_held: Vec::new(),
        station: (*station && !group).then_some(sale),
        recipient: Recipient {
            name: "收货人".into(),
            phone: String::new(),
            division: "320324109002".into(),
            address: "一组".into(),
        },
        rates: RATES,
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
fn take(
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

fn carrier(n: usize) -> (WaybillState, Option<ExceptionReason>) {
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

fn ship(o: &mut Order, all: bool, own: bool, now: i64) -> Result<Vec<Effect>, OrderError> {
    let units = (0..o.lines.len()).map(|line| {
        let left = o.to_ship(line);
        Units { line, units: if all { left } else { left.min(1) } }
    });
    let request = format!("{}-q{}", o.id, o.shipments.len());
    let carrier = if own { Carrier::Store } else { Carrier::City };
    let new = NewShipment { request, units: units.collect(), parcels: Vec::new(), carrier };
    o.ship(new, now)
}

fn ask(city: &mut City, op: &Op, now: i64) {
    let Op::AskReturn { order, line, units, reason } = op else { return };
    let arrived = city.orders.values().filter(|o| matches!(o.state, State::Delivered | State::Confirmed));
    let arrived: Vec<String> = arrived.map(|o| o.id.clone()).collect();
    // Mostly of an order that allows it.
    let of = if arrived.is_empty() || *reason == 3 { city.orders.keys().cloned().collect() } else { arrived };
    let Some(id) = of.get(order % of.len().max(1)).cloned() else { return };
    let mut o = city.orders[&id].clone();
    let before = o.clone();
    let number = city.returns.len();
    let reason = Reason::ALL[*reason];
    let asked = Asked { units: vec![Units { line: *line, units: *units }], reason, text: String::new() };
    match Return::ask(&mut o, format!("{id}.{number}"), asked, Rules { days: 7, fresh: false, step_days: 7 }, now) {
        Ok(mut r) => {
            let effects = r.hurry(now);
            let fresh = o.lines.get(*line).is_some_and(|l| l.category.perishes());
            assert!(!(fresh && reason == Reason::NoReason), "fresh food without a reason");
            city.returns.insert(r.id.clone(), r);
            city.commit(&o, effects, now).unwrap();
        }
        Err(_) => assert_eq!(o, before),
    }
}

fn return_step(city: &mut City, op: &Op, now: i64) {
    let Op::ReturnStep { of, step, amount, crash } = op else { return };
    let open: Vec<&String> = city.returns.values().filter(|r| !r.state.allows().is_empty()).map(|r| &r.id).collect();
    let Some(id) = open.get(of % open.len().max(1)).map(|id| (*id).clone()) else { return };
    let mut r = city.returns[&id].clone();
    let mut o = city.orders[&r.order].clone();
    let allowed = r.state.allows();
    let Some(step) = allowed.get(step % allowed.len().max(1)).copied() else { return };
    r.step(step, now).unwrap();
    let effects = match step {
        ReturnStep::Refund => o.give_back(&r.backs(&o, None), "return", now).map(|mut e| {
            e.extend(o.close_return(now));
            e
        }),
        ReturnStep::Arbitrate if *amount > 0 => {
            o.give_back(&r.backs(&o, Some(*amount)), "arbitration", now).map(|mut e| {
                e.extend(o.close_return(now));
                e
            })
        }
        ReturnStep::Arbitrate | ReturnStep::Reject | ReturnStep::Withdraw => Ok(o.close_return(now)),
        ReturnStep::Appeal => match o.check(crate::domain::order::Step::Return) {
            Ok(()) if o.open_return.is_none() => {
                o.open_return(&id);
                Ok(Vec::new())
            }
            Ok(()) => Err(OrderError::Nothing),
            Err(e) => Err(e),
        },
        _ => Ok(Vec::new()),
    };
    if let (Ok(mut effects), false) = (effects, *crash) {
        effects.extend(r.hurry(now));
        city.returns.insert(id, r);
        city.commit(&o, effects, now).unwrap();
    }
}

fn capture(city: &mut City, order: Which, now: i64) {
    let Some(id) = city.orders.keys().nth(order % city.orders.len().max(1)).cloned() else { return };
    // The provider may take the money at any time, also after the order was given up.
    let total = city.orders[&id].total;
    if let Some(m) = city.money.get_mut(&id).filter(|m| m.captured == 0) {
        m.captured = total;
        m.held = total;
        city.queue.push((now, Message::Captured(id, now)));
    }
}

fn deliver(city: &mut City, op: &Op, now: i64) {
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

fn fail_batch(city: &mut City, which: Which, recall: bool, now: i64) {
    let code = BATCHES[which];
    let b = city.batches.get_mut(code).unwrap();
    if b.state.check(if recall { batch::Step::Recall } else { batch::Step::Fail }).is_ok() {
        b.state = if recall { batch::State::Recalled } else { batch::State::Failed };
        city.queue.push((now, Message::SweepBatch(code)));
    }
}

fn accept(city: &City, o: &mut Order, now: i64) -> Result<Vec<Effect>, OrderError> {
    let place = Place { village: o.village.clone(), month: Month::at(now) };
    let group = o.group.is_some().then_some(&city.group);
    let before = o.state;
    let done = o.accept(group, place, now);
    if let (State::Paid, Some(g), Ok(_)) = (before, group, &done) {
        assert_eq!(g.ready(), Ok::<(), GroupError>(()), "an order of a group that has not formed");
    }
    done
}

fn further(city: &mut City, order: Which, now: i64) {
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

fn apply(city: &mut City, op: &Op, number: usize, now: i64) {
    match op {
        Op::Place { .. } => place(city, op, number, now),
        Op::Capture { order } => capture(city, *order, now),
        Op::Deliver { .. } => deliver(city, op, now),
        Op::Wait(_) => {}
        Op::Cancel { order, crash } => take(city, *order, *crash, now, |_, o| o.give_up(now)),
        Op::Accept { order, crash } => take(city, *order, *crash, now, |c, o| accept(c, o, now)),
        Op::Ship { order, all, own, crash } => take(city, *order, *crash, now, |_, o| ship(o, *all, *own, now)),
        Op::Carrier { order, shipment, parcel, state, crash } => take(city, *order, *crash, now, |_, o| {
            let Some(s) = o.shipments.get(shipment % o.shipments.len().max(1)) else { return Ok(Vec::new()) };
            let parcel = parcel.map(|p| s.parcels[p % s.parcels.len()].id.clone());
            let request = s.request.clone();
            if matches!(s.carrier, Carrier::Store) {
                return o.brought(&request, now);
            }
            Ok(o.waybill_changed((&request, parcel.as_deref()), carrier(*state), now, now))
        }),
        Op::CarrierRefuses { order, shipment } => take(city, *order, false, now, |_, o| {
            let Some(s) = o.shipments.get(shipment % o.shipments.len().max(1)) else { return Ok(Vec::new()) };
            let request = s.request.clone();
            if s.parcels.iter().any(|p| p.state != crate::domain::shipment::ParcelState::Ready) {
                return Ok(Vec::new());
            }
            Ok(o.carrier_refused(&request, yunlong_sdk::t("不在服务区", "not served"), now))
        }),
        Op::Confirm { order, crash } => take(city, *order, *crash, now, |_, o| o.confirm(now)),
        Op::GiveBack { order, line, units, amount, shipped, crash } => take(city, *order, *crash, now, |_, o| {
            o.give_back(&[Back { line: *line, units: *units, shipped: *shipped, amount: *amount }], "seller", now)
        }),
        Op::AskReturn { .. } => ask(city, op, now),
        Op::ReturnStep { .. } => return_step(city, op, now),
        Op::DecideClaim { order, refund } => take(city, *order, false, now, |_, o| {
            let open = |c: &&crate::domain::shipment::Claim| c.state == crate::domain::shipment::ClaimState::Open;
            let Some(c) = o.claims.iter().find(open).cloned() else { return Ok(Vec::new()) };
            let s = o.shipments.iter().find(|s| s.request == c.request).cloned();
            let back = |u: &Units| {
                let units = u.units.min(o.returnable(u.line));
                Back { line: u.line, units, shipped: true, amount: None }
            };
            let backs: Vec<Back> = s.iter().flat_map(|s| s.units.iter().map(back)).filter(|b| b.units > 0).collect();
            o.decide_claim(&c.id, if *refund { &backs } else { &[] }, "decided", now)
        }),
        Op::FailBatch { batch, recall } => fail_batch(city, *batch, *recall, now),
        Op::Further { order } => further(city, *order, now),
        Op::Retry { order } => take(city, *order, false, now, |_, o| o.retry_refunds(now)),
    }
}

/// Runs a history to its end: what there is then.
pub(super) fn run(ops: &[Op]) -> City {
    let mut city = City::new();
    let mut now = START;
    for (number, op) in ops.iter().enumerate() {
        if let Op::Wait(ms) = op {
            now += ms;
        }
        apply(&mut city, op, number, now);
        check(&city);
    }
    settle(&mut city, END + DAY);
    check(&city);
    check_settled(&city);
    city
}

/// Delivers everything, as a restarted host does.
fn settle(city: &mut City, now: i64) {
    for _ in 0..10_000 {
        let Some((at, m)) = city.queue.first().cloned() else { return };
        // What a message asks for later comes later.
        city.handle(&m, now.max(at), false);
        city.queue.remove(0);
    }
    panic!("messages without end");
}

//! What buyers, stores, carriers, inspectors, payments, clocks and crashes do, and a history of it.

use super::acts::{
    accept, ask, capture, carrier, decide, deliver, fail_batch, further, gather, mishap, place, quarrel, return_step,
    ship, take,
};
use super::city::{City, END, START};
use super::promises::{check, check_settled};
use crate::domain::commission::MAX_STATION;
use crate::domain::order::Back;
use crate::domain::shipment::Carrier;
use crate::domain::time::{DAY, HOUR, MINUTE};
use proptest::prelude::*;

pub(super) type Which = usize;

#[derive(Clone, Debug)]
pub(super) enum Op {
    Place {
        first: (Which, u32),
        second: Option<(Which, u32)>,
        group: bool,
        off: u64,
        /// The commission of the station that orders for somebody, in basis points.
        station: Option<u16>,
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
    /// People join the group buy, as many as it needs or one less: by themselves they seldom come in time.
    Gather {
        enough: bool,
    },
    /// An order goes well until its buyer wants to return it: see [`quarrel`].
    Quarrel {
        order: Which,
        amount: u64,
        end: Which,
    },
    /// An order goes well until its carrier loses or breaks a parcel, and a manager decides.
    Mishap {
        order: Which,
        lost: bool,
        refund: bool,
    },
}

/// None, little, or as much as a station may be given.
fn commission() -> impl Strategy<Value = u16> {
    prop_oneof![Just(0), 1..MAX_STATION, Just(MAX_STATION)]
}

pub(super) fn op() -> impl Strategy<Value = Op> {
    let i = any::<usize>;
    let crash = || prop::bool::weighted(0.1);
    prop_oneof![
        9 => ((0_usize..4, 1_u32..6), prop::option::weighted(0.4, (0_usize..4, 1_u32..4)), prop::bool::weighted(0.6), 0_u64..300, prop::option::of(commission()), crash())
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
        2 => any::<bool>().prop_map(|enough| Op::Gather { enough }),
        3 => (i(), 0_u64..5_000, 0_usize..3).prop_map(|(order, amount, end)| Op::Quarrel { order, amount, end }),
        1 => (i(), any::<bool>(), any::<bool>()).prop_map(|(order, lost, refund)| Op::Mishap { order, lost, refund }),
    ]
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
        Op::DecideClaim { order, refund } => take(city, *order, false, now, |_, o| decide(o, *refund, now)),
        Op::FailBatch { batch, recall } => fail_batch(city, *batch, *recall, now),
        Op::Further { order } => further(city, *order, now),
        Op::Gather { enough } => gather(city, *enough, number, now),
        Op::Quarrel { order, amount, end } => quarrel(city, *order, *amount, *end, now),
        Op::Mishap { order, lost, refund } => mishap(city, *order, *lost, *refund, now),
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

//! Events: what became of payments, what comes due, what carriers and other departments say. The host
//! commits what is staged together with the acknowledgment; after a conflict it delivers again.

use super::{now, sweeps};
use crate::domain::effect::Effect;
use crate::domain::group::GroupBuy;
use crate::domain::machine::Machine as _;
use crate::domain::order::{Due, Order, OrderError};
use crate::domain::returns::Return;
use crate::domain::shipment::{ExceptionReason, WaybillState};
use crate::policy;
use crate::store::{
    BATCH_FAILED, BATCH_SWEEP, GROUP_DUE, GROUP_SWEEP, ORDER_DUE, SAMPLE_LOAD, SHIPMENT_ANSWERED, ShipmentRequest,
    WAYBILL_CHANGED, stage,
};
use serde::Deserialize;
use serde_json::json;
use yunlong_sdk::payments::{Outcome, PaymentOutcome};
use yunlong_sdk::{Event, Failure, Text, Tx};

#[derive(Deserialize)]
struct OrderDue {
    order: String,
    what: Due,
    at: i64,
}

#[derive(Deserialize)]
struct GroupDue {
    group: String,
}

#[derive(Deserialize)]
struct SampleLoad {
    part: u32,
}

/// The carrier's answer to a request: a waybill, or why there is none.
#[derive(Deserialize)]
struct ShipmentAnswered {
    request: String,
    #[serde(default)]
    waybill: Option<String>,
    #[serde(default)]
    refused: Option<CarrierRefused>,
}

#[derive(Deserialize)]
struct CarrierRefused {
    zh: String,
    en: String,
}

/// Where a waybill is.
#[derive(Deserialize)]
struct WaybillChanged {
    request: String,
    #[serde(default)]
    parcel: Option<String>,
    state: WaybillState,
    #[serde(default)]
    reason: Option<ExceptionReason>,
    at: i64,
}

/// Handles an event.
///
/// # Errors
/// [`Failure`]: what cannot be handled becomes a dead letter and is not lost.
pub fn handle(event: &Event, tx: &Tx<'_>) -> Result<(), Failure> {
    if let Some(outcome) = event.payment()? {
        return payment(&outcome, i64::try_from(event.time).unwrap_or(i64::MAX), tx);
    }
    match event.topic.as_str() {
        ORDER_DUE => order_due(&event.json()?, tx),
        GROUP_DUE => sweeps::group_due(&event.json::<GroupDue>()?.group, tx),
        GROUP_SWEEP => sweeps::group(&event.json()?, tx),
        BATCH_SWEEP => sweeps::batch(&event.json()?, tx),
        BATCH_FAILED => sweeps::batch_failed(&event.json()?, tx),
        SHIPMENT_ANSWERED => answered(event.json()?, tx),
        WAYBILL_CHANGED => waybill(&event.json()?, tx),
        SAMPLE_LOAD => super::install::load(event.json::<SampleLoad>()?.part, tx),
        topic => Err(Failure::Reject(format!("nobody here consumes `{topic}`"))),
    }
}

fn load(tx: &Tx<'_>, id: &str) -> Result<Order, Failure> {
    tx.get::<Order>(id)?.map(|o| o.value).ok_or_else(|| Failure::Reject(format!("there is no order {id}")))
}

/// Changes an order; one that stays as it is is not written.
fn change(
    tx: &Tx<'_>,
    id: &str,
    now: i64,
    f: impl FnOnce(&mut Order) -> Result<Vec<Effect>, OrderError>,
) -> Result<(), Failure> {
    let mut order = load(tx, id)?;
    let before = order.clone();
    let effects = f(&mut order).map_err(|e| Failure::Reject(e.to_string()))?;
    if order == before && effects.is_empty() {
        return Ok(());
    }
    Ok(stage(tx, &mut order, effects, false, now)?)
}

fn order_due(due: &OrderDue, tx: &Tx<'_>) -> Result<(), Failure> {
    // The message comes when its time has come; a guest's clock a little behind the host's must not
    // make it pass unheeded.
    let now = now().max(due.at);
    if due.what == Due::Return {
        return return_due(&due.order, now, tx);
    }
    change(tx, &due.order, now, |o| o.due(due.what, now))
}

/// The days of an open return's next step are over.
fn return_due(order: &str, now: i64, tx: &Tx<'_>) -> Result<(), Failure> {
    let mut order = load(tx, order)?;
    let Some(open) = &order.open_return else { return Ok(()) };
    let Some(mut r) = tx.get::<Return>(open)?.map(|r| r.value) else { return Ok(()) };
    let effects = r.overdue(&mut order, now);
    if effects.is_empty() {
        return Ok(());
    }
    tx.put(&r)?;
    tx.audit("return.overdue", &r.id, &json!({"state": r.state.code()}))?;
    Ok(stage(tx, &mut order, effects, false, now)?)
}

fn payment(outcome: &PaymentOutcome, at: i64, tx: &Tx<'_>) -> Result<(), Failure> {
    let now = now();
    let refund = outcome.refund.as_deref().unwrap_or("");
    match outcome.outcome {
        Outcome::Captured => captured(outcome, at, now, tx),
        Outcome::Refunded => change(tx, &outcome.reference, now, |o| Ok(o.refund_settled(refund, now))),
        Outcome::RefundFailed => {
            let why = outcome.reason.as_deref().unwrap_or("");
            change(tx, &outcome.reference, now, |o| Ok(o.refund_failed(refund, why, now)))
        }
        // The payer may try again until the time is over; giving up is the app's own doing.
        _ => Ok(()),
    }
}

fn captured(outcome: &PaymentOutcome, at: i64, now: i64, tx: &Tx<'_>) -> Result<(), Failure> {
    let times = policy::times().map_err(|e| Failure::Retry(e.to_string()))?;
    let order = load(tx, &outcome.reference)?;
    if outcome.amount != order.total {
        let why = format!("{} fen were taken for order {} of {} fen", outcome.amount, order.id, order.total);
        return Err(Failure::Reject(why));
    }
    let mut group = match &order.group {
        Some(id) => tx.get::<GroupBuy>(id)?.map(|g| g.value),
        None => None,
    };
    let before = group.clone();
    change(tx, &outcome.reference, now, |o| o.captured(group.as_mut(), at, times, now))?;
    if let Some(g) = group.filter(|g| Some(g) != before.as_ref()) {
        tx.put(&g)?;
    }
    Ok(())
}

/// The order of a request; a request that is none of ours is an error of whoever sent it.
fn order_of(tx: &Tx<'_>, request: &str) -> Result<String, Failure> {
    let found = tx.get::<ShipmentRequest>(request)?;
    found.map(|r| r.value.order).ok_or_else(|| Failure::Reject(format!("there is no request {request}")))
}

fn answered(answer: ShipmentAnswered, tx: &Tx<'_>) -> Result<(), Failure> {
    let (id, now) = (order_of(tx, &answer.request)?, now());
    match (answer.waybill, answer.refused) {
        (Some(waybill), None) => change(tx, &id, now, |o| {
            o.booked(&answer.request, &waybill);
            Ok(Vec::new())
        }),
        (None, Some(why)) => {
            change(tx, &id, now, |o| Ok(o.carrier_refused(&answer.request, Text::new(why.zh, why.en), now)))
        }
        _ => Err(Failure::Reject(format!("the answer to {} has neither waybill nor refusal", answer.request))),
    }
}

fn waybill(w: &WaybillChanged, tx: &Tx<'_>) -> Result<(), Failure> {
    let (id, now) = (order_of(tx, &w.request)?, now());
    change(tx, &id, now, |o| Ok(o.waybill_changed((&w.request, w.parcel.as_deref()), (w.state, w.reason), w.at, now)))
}

//! Events: holds that end, what became of payments, and work that goes on by messages. The host
//! commits what is staged together with the acknowledgment; after a conflict it delivers again.

use super::{closures, now, offline};
use crate::domain::catalogue::{Attraction, DayPlan};
use crate::domain::entitlement::Claim;
use crate::domain::order::{Order, Standing, State};
use crate::domain::slot::{self, DAY_COUNTER, SLOT_COUNTER, SlotState};
use crate::policy;
use crate::store::{GATE_BATCH, HOLD_EXPIRED, ONE_ID, SWEEP, stage};
use serde::Deserialize;
use yunlong_sdk::payments::{Outcome, PaymentOutcome};
use yunlong_sdk::{Event, Failure, Tx};

#[derive(Deserialize)]
struct HoldExpired {
    order: String,
    hold_until: i64,
}

/// Handles an event.
///
/// # Errors
/// [`Failure`]: what cannot be handled becomes a dead letter and is not lost.
pub fn handle(event: &Event, tx: &Tx<'_>) -> Result<(), Failure> {
    if let Some(outcome) = event.payment()? {
        return payment(&outcome, tx);
    }
    match event.topic.as_str() {
        HOLD_EXPIRED => hold_expired(&event.json()?, tx),
        SWEEP => closures::sweep(&event.json()?, tx),
        GATE_BATCH => offline::reconcile(&event.json()?, tx),
        topic => Err(Failure::Reject(format!("nobody here consumes `{topic}`"))),
    }
}

fn hold_expired(hold: &HoldExpired, tx: &Tx<'_>) -> Result<(), Failure> {
    let mut order = load(tx, &hold.order)?;
    // The message comes when its time has come; a guest's clock a little behind the host's must
    // not make it pass unheeded.
    let now = now().max(hold.hold_until);
    let effects = order.hold_ended(now);
    if !effects.is_empty() {
        stage(tx, &mut order, effects, false, now)?;
    }
    Ok(())
}

fn load(tx: &Tx<'_>, id: &str) -> Result<Order, Failure> {
    tx.get::<Order>(id)?.map(|o| o.value).ok_or_else(|| Failure::Reject(format!("there is no order {id}")))
}

fn payment(outcome: &PaymentOutcome, tx: &Tx<'_>) -> Result<(), Failure> {
    let now = now();
    let mut order = load(tx, &outcome.reference)?;
    let refund = outcome.refund.as_deref().unwrap_or("");
    let before = order.clone();
    let effects = match outcome.outcome {
        Outcome::Captured => {
            if outcome.amount != order.total {
                return Err(Failure::Reject(format!(
                    "{} fen were taken for order {} of {} fen",
                    outcome.amount, order.id, order.total
                )));
            }
            let late = order.state == State::Expired && !order.given_up;
            let standing = if late { standing(tx, &order, now)? } else { Standing::Gone };
            order.captured(standing, now).map_err(|e| Failure::Reject(e.to_string()))?
        }
        Outcome::Refunded => order.refund_settled(refund, now),
        Outcome::RefundFailed => order.refund_failed(refund, outcome.reason.as_deref().unwrap_or("")),
        // The payer may try again until the hold ends; giving up is the app's own doing.
        Outcome::Failed | Outcome::Cancelled => Vec::new(),
    };
    if order == before {
        return Ok(());
    }
    Ok(stage(tx, &mut order, effects, false, now)?)
}

/// Whether the places of an expired order can be had again, by what is in force now: the caps, the
/// closed days, the time, and who has a ticket by now. The counters are read, not locked: when
/// somebody takes the last place meanwhile, the commit is refused by its bound and the host
/// delivers again.
fn standing(tx: &Tx<'_>, order: &Order, now: i64) -> Result<Standing, Failure> {
    let window = policy::sales_window().map_err(|e| Failure::Retry(e.to_string()))?;
    let people = i64::from(order.people());
    let mut slots = Vec::with_capacity(order.parts.len());
    for p in &order.parts {
        let id = &p.slot.id;
        let Some(attraction) = tx.get::<Attraction>(&id.attraction)? else { return Ok(Standing::Gone) };
        let plan = tx.get::<DayPlan>(&id.day_key())?;
        let day = slot::day(&attraction, plan.as_deref(), id.date);
        let Some(slot) = day.slot(id.start).cloned() else { return Ok(Standing::Gone) };
        let left = i64::from(slot.cap) - tx.counter(SLOT_COUNTER, &id.to_string())?;
        let left_of_day = i64::from(slot.daily_cap) - tx.counter(DAY_COUNTER, &id.day_key())?;
        if window.state(&slot, now) == SlotState::Past || left < people || left_of_day < people {
            return Ok(Standing::Gone);
        }
        slots.push(slot);
    }
    for Claim { id, attraction, slot } in order.entitlements().filter_map(|e| e.claim) {
        let other = tx.find(ONE_ID.equals(id).equals(attraction).equals(slot).limit(1))?;
        if !other.items.is_empty() {
            return Ok(Standing::Gone);
        }
    }
    Ok(Standing::Free(slots))
}

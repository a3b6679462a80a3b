//! Events: holds that end, and what became of payments. The host commits what is staged together
//! with the acknowledgment; after a conflict it delivers again.

use super::now;
use crate::domain::entitlement::{Claim, Entitlement};
use crate::domain::order::{Order, Standing, State};
use crate::domain::slot::{DAY_COUNTER, SLOT_COUNTER};
use crate::store::{HOLD_EXPIRED, stage};
use serde::Deserialize;
use yunlong_sdk::payments::{Outcome, PaymentOutcome};
use yunlong_sdk::{DataError, Event, Failure, Index, Tx};

/// The one-ID rule's index.
const ONE_ID: Index<Entitlement> = Index::new("one-id");

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
        HOLD_EXPIRED => {
            let hold: HoldExpired = event.json()?;
            let mut order = load(tx, &hold.order)?;
            // The message comes when its time has come; a guest's clock a little behind the
            // host's must not make it pass unheeded.
            let now = now().max(hold.hold_until);
            let effects = order.hold_ended(now);
            if !effects.is_empty() {
                stage(tx, &mut order, effects, false, now)?;
            }
            Ok(())
        }
        topic => Err(Failure::Reject(format!("nobody here consumes `{topic}`"))),
    }
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
            let standing = if order.state == State::Expired { standing(tx, &order)? } else { Standing::Free };
            order.captured(standing, now)
        }
        Outcome::Refunded => order.refund_settled(refund, now),
        Outcome::RefundFailed => Ok(order.refund_failed(refund, outcome.reason.as_deref().unwrap_or(""))),
        // The payer may try again until the hold ends; giving up is the app's own doing.
        Outcome::Failed | Outcome::Cancelled => Ok(Vec::new()),
    };
    let effects = effects.map_err(|e| Failure::Reject(e.to_string()))?;
    if order == before {
        return Ok(());
    }
    Ok(stage(tx, &mut order, effects, false, now)?)
}

/// Whether the places of an expired order can be had again. The counters are read, not locked:
/// when somebody takes the last place meanwhile, the commit is refused by its bound and the host
/// delivers again.
fn standing(tx: &Tx<'_>, order: &Order) -> Result<Standing, DataError> {
    let people = i64::from(order.people());
    for p in &order.parts {
        let slot = &p.slot;
        let left = i64::from(slot.cap) - tx.counter(SLOT_COUNTER, &slot.id.to_string())?;
        let left_of_day = i64::from(slot.daily_cap) - tx.counter(DAY_COUNTER, &slot.id.day_key())?;
        if left < people || left_of_day < people {
            return Ok(Standing::Gone);
        }
    }
    for Claim { id, attraction, slot } in order.entitlements().filter_map(|e| e.claim) {
        let other = tx.find(ONE_ID.equals(id).equals(attraction).equals(slot).limit(1))?;
        if !other.items.is_empty() {
            return Ok(Standing::Gone);
        }
    }
    Ok(Standing::Free)
}

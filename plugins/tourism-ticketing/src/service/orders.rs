//! What a buyer or the department does with an order.

use super::catalogue::known;
use super::{Refusal, now};
use crate::domain::order::{Order, State, Step};
use crate::store::{ORDERS, ORDERS_BY_OWNER, StageError, stage};
use yunlong_sdk::payments::PaymentError;
use yunlong_sdk::{Page, Principal, Tx, transact};

/// The department's role that sees every order and returns money.
pub const MANAGER: &str = "manager";
/// The role of those who admit.
pub const GATE: &str = "gate";

/// Whether somebody may see an order and act on it.
fn may(order: &Order, who: &Principal) -> bool {
    who.subject.as_deref() == Some(order.owner.as_str()) || who.has_role(MANAGER)
}

/// An order of the buyer, or any for a manager.
///
/// # Errors
/// [`Refusal::NotFound`], also for somebody else's order: numbers are nobody else's business.
pub fn get(id: &str, who: &Principal) -> Result<Order, Refusal> {
    known(ORDERS.get(id))?.map(|o| o.value).filter(|o| may(o, who)).ok_or(Refusal::NotFound)
}

/// A buyer's orders, the newest first.
///
/// # Errors
/// An error of the data service, also for a cursor of another query.
pub fn list(owner: &str, limit: u32, after: Option<String>) -> Result<Page<Order>, Refusal> {
    Ok(ORDERS.find(ORDERS_BY_OWNER.equals(owner).descending().limit(limit).after(after))?)
}

fn change<T>(
    id: &str,
    who: &Principal,
    mut f: impl FnMut(&Tx<'_>, &mut Order, i64) -> Result<T, Refusal>,
) -> Result<T, Refusal> {
    let now = now();
    transact(|tx| {
        let mut order =
            known(tx.get::<Order>(id))?.map(|o| o.value).filter(|o| may(o, who)).ok_or(Refusal::NotFound)?;
        f(tx, &mut order, now)
    })
}

/// Leads to the cashier; with `confirm` the provider is asked to take the money at once. An
/// order that is paid already is answered as it is.
///
/// # Errors
/// [`Refusal::WrongState`], [`Refusal::HoldOver`].
pub fn pay(id: &str, who: &Principal, confirm: bool) -> Result<Order, Refusal> {
    let order = get(id, who)?;
    if matches!(order.state, State::Issued | State::PartUsed | State::Used) {
        return Ok(order);
    }
    payable(&order, now())?;
    if !confirm {
        return Ok(order);
    }
    change(id, who, |tx, order, now| {
        // Paid in the meantime: nothing to ask for.
        if order.state == State::Issued {
            return Ok(order.clone());
        }
        payable(order, now)?;
        let confirmed = order.intent.as_ref().map_or(Ok(()), |intent| tx.confirm_intent(&intent.id));
        match confirmed {
            // Asked twice: the provider is at it, and its answer comes once.
            Ok(()) | Err(PaymentError::WrongStatus(_)) => Ok(order.clone()),
            Err(e) => Err(StageError::from(e).into()),
        }
    })
}

/// A late payment is only ever money that was on its way: nobody is led to pay an expired order.
fn payable(order: &Order, now: i64) -> Result<(), Refusal> {
    if order.state == State::Expired || (order.state == State::Held && now >= order.hold_until) {
        return Err(Refusal::HoldOver);
    }
    Ok(order.check(Step::Pay)?)
}

/// Gives up a held order: its places are free at once.
///
/// # Errors
/// [`Refusal::WrongState`].
pub fn cancel(id: &str, who: &Principal) -> Result<Order, Refusal> {
    change(id, who, |tx, order, now| {
        let effects = order.expire(now)?;
        stage(tx, order, effects, false, now)?;
        tx.audit("order.cancel", id, &serde_json::json!({}))?;
        Ok(order.clone())
    })
}

/// Returns a whole order that nobody has used.
///
/// # Errors
/// [`Refusal::WrongState`].
pub fn refund(id: &str, who: &Principal, reason: &str) -> Result<Order, Refusal> {
    change(id, who, |tx, order, now| {
        let effects = order.start_refund(reason, now)?;
        stage(tx, order, effects, false, now)?;
        tx.audit("order.refund", id, &serde_json::json!({"amount": order.captured, "reason": reason}))?;
        Ok(order.clone())
    })
}

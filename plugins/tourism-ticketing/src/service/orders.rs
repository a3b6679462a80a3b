//! What a buyer or the department does with an order.

use super::catalogue::known;
use super::{Refusal, now};
use crate::domain::order::{Order, State, Step, WrongState};
use crate::domain::refund::Returned;
use crate::domain::time::Date;
use crate::store::{ORDERS, ORDERS_BY_GRANTOR, ORDERS_BY_MANDATE, ORDERS_BY_OWNER, StageError, stage};
use serde_json::json;
use yunlong_sdk::payments::{self, PaymentError, Status};
use yunlong_sdk::{Page, Principal, Problem, Tx, identity, t, transact};

/// The department's role that sees every order and returns money.
pub const MANAGER: &str = "manager";
/// The role of those who admit.
pub const GATE: &str = "gate";

/// Whether somebody is the buyer: who alone pays, gives up and shows tickets.
#[must_use]
pub fn is_owner(order: &Order, who: &Principal) -> bool {
    who.subject.as_deref() == Some(order.owner.as_str())
}

/// Whether somebody may give an order's tickets back: the buyer, and the managers.
#[must_use]
pub fn may_give_back(order: &Order, who: &Principal) -> bool {
    is_owner(order, who) || who.has_role(MANAGER)
}

/// Whether somebody may see an order: those, and the one for whom it was made, also when another comes
/// for them. Seeing is all that a mandate's other side gets by it: the money is the buyer's.
fn may_see(order: &Order, who: &Principal) -> bool {
    let made_for = order.acting.as_ref().map(|a| a.subject.as_str());
    may_give_back(order, who) || (made_for.is_some() && made_for == represented(who).as_deref())
}

/// Whose orders somebody sees that others made for them: their own, or those of the one for whom they
/// act.
#[must_use]
pub fn represented(who: &Principal) -> Option<String> {
    identity::acting_for().map(|a| a.subject).or_else(|| who.subject.clone())
}

/// Orders that others made for somebody, the newest first.
///
/// # Errors
/// An error of the data service, also for a cursor of another query.
pub fn made_for(grantor: &str, limit: u32, after: Option<String>) -> Result<Page<Order>, Refusal> {
    Ok(ORDERS.find(ORDERS_BY_GRANTOR.equals(grantor).descending().limit(limit).after(after))?)
}

/// Orders that were made under a mandate on a day, the newest first.
///
/// # Errors
/// An error of the data service.
pub fn under_mandates(day: Date, limit: u32) -> Result<Vec<Order>, Refusal> {
    let of_day = ORDERS_BY_MANDATE.all().at_least(day.start()).below(day.plus(1).start());
    Ok(ORDERS.find(of_day.descending().limit(limit))?.into_iter().map(|o| o.value).collect())
}

/// An order of the buyer or the one for whom it was made, or any for a manager.
///
/// # Errors
/// [`Refusal::NotFound`], also for somebody else's order: numbers are nobody else's business.
pub fn get(id: &str, who: &Principal) -> Result<Order, Refusal> {
    known(ORDERS.get(id))?.map(|o| o.value).filter(|o| may_see(o, who)).ok_or(Refusal::NotFound)
}

/// An order of the buyer alone.
///
/// # Errors
/// [`Refusal::NotFound`] for everybody else, managers included.
pub fn own(id: &str, who: &Principal) -> Result<Order, Refusal> {
    get(id, who).and_then(|o| if is_owner(&o, who) { Ok(o) } else { Err(Refusal::NotFound) })
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
    may: fn(&Order, &Principal) -> bool,
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
    let order = own(id, who)?;
    if order.was_issued() {
        return Ok(order);
    }
    payable(&order, now())?;
    if !confirm {
        return Ok(order);
    }
    change(id, who, is_owner, |tx, order, now| {
        // Paid in the meantime: nothing to ask for.
        if order.was_issued() {
            return Ok(order.clone());
        }
        payable(order, now)?;
        let Some(intent) = &order.intent else { return Ok(order.clone()) };
        match tx.confirm_intent(&intent.id) {
            // Asked twice: the provider is at it, and its answer comes once.
            Err(PaymentError::WrongStatus(_)) if was_asked(&intent.id)? => Ok(order.clone()),
            // The hold ended since the clock was read.
            Err(PaymentError::WrongStatus(_)) => Err(Refusal::HoldOver),
            confirmed => Ok(confirmed.map(|()| order.clone()).map_err(StageError::from)?),
        }
    })
}

/// Whether the provider was asked for the money.
fn was_asked(intent: &str) -> Result<bool, Refusal> {
    let status = payments::intent(intent).map_err(StageError::from)?.status;
    Ok(matches!(status, Status::Processing | Status::Captured | Status::Refunded))
}

/// A late payment is only ever money that was on its way: nobody is led to pay an expired order.
fn payable(order: &Order, now: i64) -> Result<(), Refusal> {
    if order.state == State::Expired || (order.state == State::Held && now >= order.hold_until) {
        return Err(Refusal::HoldOver);
    }
    Ok(order.check(Step::Pay)?)
}

/// Gives up a held order: its places are free at once, and money that arrives later goes back.
///
/// # Errors
/// [`Refusal::WrongState`].
pub fn cancel(id: &str, who: &Principal) -> Result<Order, Refusal> {
    change(id, who, is_owner, |tx, order, now| {
        let effects = order.give_up(now)?;
        stage(tx, order, effects, false, now)?;
        tx.audit("order.cancel", id, &json!({}))?;
        Ok(order.clone())
    })
}

/// What is to be given back.
#[derive(Clone, Debug, Default)]
pub struct GiveBack {
    /// The visitors' places in the order; everybody when absent.
    pub visitors: Option<Vec<usize>>,
    /// The full price, whatever the tiers say: for managers.
    pub full: bool,
    /// Why, in words.
    pub reason: String,
}

/// What would be given back now.
#[must_use]
pub fn quote(order: &Order, what: &GiveBack, now: i64) -> Vec<Returned> {
    let items = if what.full { order.in_full() } else { order.returnable(now) };
    let asked = |i: &Returned| what.visitors.as_ref().is_none_or(|v| v.contains(&i.ticket.visitor));
    items.into_iter().filter(asked).collect()
}

/// Gives unused tickets back, or asks again for a refund that the provider refused.
///
/// # Errors
/// [`Refusal::WrongState`], [`Refusal::TooLateToReturn`].
pub fn refund(id: &str, who: &Principal, what: &GiveBack) -> Result<Order, Refusal> {
    if what.full && !who.has_role(MANAGER) {
        let title = t("只有管理员可以不按退票规则全额退款", "Only a manager may return the full price");
        return Err(Problem::forbidden(title).kind("role-required").into());
    }
    change(id, who, may_give_back, |tx, order, now| {
        let effects = if order.refund_failure().is_some() {
            order.retry_refunds(now)
        } else {
            order.check(Step::Refund)?;
            let items = quote(order, what, now);
            if items.is_empty() && !order.unused().is_empty() {
                return Err(Refusal::TooLateToReturn);
            }
            order.start_refund(items, &what.reason, now)?
        };
        stage(tx, order, effects, false, now)?;
        let amount = order.refunds.last().map_or(0, |r| r.amount);
        tx.audit("order.refund", id, &json!({"amount": amount, "full": what.full, "reason": what.reason}))?;
        Ok(order.clone())
    })
}

/// Whether the order's state allows giving back, or a refused refund can be asked for again.
///
/// # Errors
/// [`WrongState`].
pub fn may_return(order: &Order) -> Result<(), WrongState> {
    if order.refund_failure().is_some() { Ok(()) } else { order.check(Step::Refund) }
}

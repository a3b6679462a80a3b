//! What buyers, sellers, stations and managers do with an order.

use super::access::{self, ARBITER, MANAGER, known, need};
use super::{Refusal, now, stations, stores};
use crate::domain::edit::Check;
use crate::domain::group::GroupBuy;
use crate::domain::machine::Machine;
use crate::domain::order::{Back, Effect, Order, OrderError, State, Step};
use crate::domain::statistics::Place;
use crate::domain::time::{Date, Month};
use crate::store::{
    ORDERS, ORDERS_BY_OPEN_CLAIM, ORDERS_BY_OWNER, ORDERS_BY_OWNER_STATE, ORDERS_BY_PLACED, ORDERS_BY_STATE,
    ORDERS_BY_STATION, ORDERS_BY_STORE, ORDERS_BY_STORE_STATE, StageError, stage, table,
};
use serde_json::json;
use yunlong_sdk::payments::{self, PaymentError, Status};
use yunlong_sdk::{Page, Principal, Text, Tx, t, transact};

/// Whether somebody speaks for the buyer: the buyer, or the keeper who ordered for somebody.
#[must_use]
pub fn is_buyer(order: &Order, who: &Principal) -> bool {
    who.subject.as_deref() == Some(order.owner.as_deref().unwrap_or(&order.placed_by))
}

/// Whether somebody sells it.
#[must_use]
pub fn is_seller(order: &Order, who: &Principal) -> bool {
    who.subject.as_deref() == Some(order.seller.as_str())
}

fn is_seller_or_manager(order: &Order, who: &Principal) -> bool {
    is_seller(order, who) || who.has_role(MANAGER)
}

fn is_manager(_: &Order, who: &Principal) -> bool {
    who.has_role(MANAGER)
}

/// Refuses, and records, that a manager decides on an order of which they are a party.
fn no_party(who: &Principal, id: &str) -> Result<(), Refusal> {
    let me = access::subject(who)?;
    if !get(who, id)?.is_party(me) {
        return Ok(());
    }
    transact(|tx| tx.audit("order.own", id, &json!({"refused": true}))).map_err(Refusal::Data)?;
    Err(OrderError::OwnOrder.into())
}

fn may_see(order: &Order, who: &Principal) -> bool {
    // An arbiter sees what a dispute is about, and no other order.
    let disputed = who.has_role(ARBITER) && order.open_return.is_some();
    is_buyer(order, who) || is_seller_or_manager(order, who) || disputed
}

/// An order, for those whom it concerns.
///
/// # Errors
/// [`Refusal::NotFound`], also for somebody else's order: numbers are nobody else's business.
pub fn get(who: &Principal, id: &str) -> Result<Order, Refusal> {
    known(ORDERS.get(id))?.map(|o| o.value).filter(|o| may_see(o, who)).ok_or(Refusal::NotFound)
}

/// An order of the buyer alone.
///
/// # Errors
/// [`Refusal::NotFound`] for everybody else.
pub fn own(who: &Principal, id: &str) -> Result<Order, Refusal> {
    get(who, id).and_then(|o| if is_buyer(&o, who) { Ok(o) } else { Err(Refusal::NotFound) })
}

/// Which orders of a list are wanted, and in which order.
pub type Wanted = super::Wanted<State>;

/// The orders of whoever asks.
///
/// # Errors
/// An error of the data service, also for a cursor of another query.
pub fn list(who: &Principal, wanted: &Wanted, limit: u32, after: Option<String>) -> Result<Page<Order>, Refusal> {
    let me = access::subject(who)?;
    let queries = (ORDERS_BY_OWNER.equals(me), ORDERS_BY_OWNER_STATE.equals(me));
    wanted.read(ORDERS, queries, |o| (o.owner.as_deref() == Some(me)).then_some(o.state), limit, after)
}

/// The orders of the store of whoever asks.
///
/// # Errors
/// [`Refusal::NotSelling`].
pub fn of_store(who: &Principal, wanted: &Wanted, limit: u32, after: Option<String>) -> Result<Page<Order>, Refusal> {
    let store = stores::my_store(who)?.id;
    let queries = (ORDERS_BY_STORE.equals(store.as_str()), ORDERS_BY_STORE_STATE.equals(store.as_str()));
    wanted.read(ORDERS, queries, |o| (o.store == store).then_some(o.state), limit, after)
}

/// The orders that a station placed, the newest first: for its keeper and managers.
///
/// # Errors
/// [`Refusal::NotFound`] for another's station.
pub fn of_station(who: &Principal, station: &str, limit: u32, after: Option<String>) -> Result<Page<Order>, Refusal> {
    let station = stations::get(station)?;
    if !who.has_role(MANAGER) && who.subject.as_deref() != Some(station.keeper.as_str()) {
        return Err(Refusal::NotFound);
    }
    Ok(ORDERS.find(ORDERS_BY_STATION.equals(station.id.as_str()).descending().limit(limit).after(after))?)
}

/// Everybody's orders: for managers.
///
/// # Errors
/// [`Refusal::RoleRequired`].
pub fn every(who: &Principal, wanted: &Wanted, limit: u32, after: Option<String>) -> Result<Page<Order>, Refusal> {
    access::role(who, MANAGER)?;
    wanted.read(ORDERS, (ORDERS_BY_PLACED.all(), ORDERS_BY_STATE.all()), |o| Some(o.state), limit, after)
}

/// Changes an order in one transaction: those who may see it and are not allowed the step are told
/// that they have not the role; to others there is no such order.
pub(super) fn change(
    who: &Principal,
    id: &str,
    may: fn(&Order, &Principal) -> bool,
    mut f: impl FnMut(&Tx<'_>, &mut Order, i64) -> Result<Vec<Effect>, Refusal>,
) -> Result<Order, Refusal> {
    access::subject(who)?;
    let now = now();
    transact(|tx| {
        let mut order: Order = need(tx, id)?;
        if !may(&order, who) {
            return Err(if may_see(&order, who) { Refusal::RoleRequired(MANAGER) } else { Refusal::NotFound });
        }
        let before = order.clone();
        let effects = f(tx, &mut order, now)?;
        if order != before || !effects.is_empty() {
            stage(tx, &mut order, effects, false, now)?;
        }
        Ok(order)
    })
}

/// Leads to the cashier; with `confirm` the provider is asked to take the money at once. An order that
/// is paid already is answered as it is.
///
/// # Errors
/// What the state does not allow, also once the time to pay is over.
pub fn pay(who: &Principal, id: &str, confirm: bool) -> Result<Order, Refusal> {
    let order = own(who, id)?;
    if order.escrow.captured() > 0 {
        return Ok(order);
    }
    payable(&order, now())?;
    if !confirm {
        return Ok(order);
    }
    change(who, id, is_buyer, |tx, order, now| {
        if order.escrow.captured() > 0 {
            return Ok(Vec::new());
        }
        payable(order, now)?;
        let Some(intent) = &order.intent else { return Ok(Vec::new()) };
        match tx.confirm_intent(&intent.id) {
            // Asked twice: the provider is at it, and its answer comes once.
            Err(PaymentError::WrongStatus(_)) if was_asked(&intent.id)? => Ok(Vec::new()),
            // The time to pay ended since the clock was read.
            Err(PaymentError::WrongStatus(_)) => Ok(State::Cancelled.check(Step::Pay).map(|()| Vec::new())?),
            confirmed => Ok(confirmed.map(|()| Vec::new()).map_err(StageError::from)?),
        }
    })
}

/// Whether the provider was asked for the money.
fn was_asked(intent: &str) -> Result<bool, Refusal> {
    let status = payments::intent(intent).map_err(StageError::from)?.status;
    Ok(matches!(status, Status::Processing | Status::Captured | Status::Refunded))
}

/// Nobody is led to pay an order whose time is over, whether or not its message has arrived.
fn payable(order: &Order, now: i64) -> Result<(), Refusal> {
    let state = if now >= order.pay_until { State::Cancelled } else { order.state };
    let standing = if order.state == State::Placed { state } else { order.state };
    Ok(standing.check(Step::Pay)?)
}

/// Gives up an order: unpaid, paid and not accepted, or accepted and not sent in time. What was paid for
/// what is not sent goes back.
///
/// # Errors
/// What the state does not allow: an order that the store accepted and still has time to send.
pub fn cancel(who: &Principal, id: &str) -> Result<Order, Refusal> {
    change(who, id, is_buyer, |tx, order, now| {
        let effects = order.give_up(now)?;
        tx.audit("order.cancel", id, &json!({}))?;
        Ok(effects)
    })
}

/// The store takes an order on. It is counted in the statistics of its village.
///
/// # Errors
/// What the state does not allow, also while its group buy has not formed.
pub fn accept(who: &Principal, id: &str) -> Result<Order, Refusal> {
    change(who, id, is_seller, |tx, order, now| {
        let group = match &order.group {
            Some(g) => Some(need::<GroupBuy>(tx, g)?),
            None => None,
        };
        let village = table(tx)?.village(&order.village, Date::at(now)).map(|v| v.code.clone());
        let place = Place { village: village?, month: Month::at(now) };
        let effects = order.accept(group.as_ref(), place, now)?;
        tx.audit("order.accept", id, &json!({}))?;
        Ok(effects)
    })
}

/// The store, or a manager who is no party of it, gives units or money back: units that were not sent, a
/// reduction of the price. What was sent comes back as a return.
///
/// # Errors
/// What the state does not allow, more units or money than there is, a manager's own order.
pub fn give_back(who: &Principal, id: &str, backs: &[Back], why: &str) -> Result<Order, Refusal> {
    let mut c = Check::default();
    c.text(why, 1..=200, "/reason");
    units_or_money(&mut c, backs);
    c.end()?;
    if who.has_role(MANAGER) && !is_seller(&get(who, id)?, who) {
        no_party(who, id)?;
    }
    change(who, id, is_seller_or_manager, |tx, order, now| {
        let unsent = |b: &Back| Back { shipped: false, ..*b };
        let backs: Vec<Back> = backs.iter().map(unsent).collect();
        let effects = order.give_back(&backs, "seller", now)?;
        let amount = order.refunds.last().map_or(0, |r| r.amount);
        tx.audit("order.refund", id, &json!({"amount": amount, "why": why.trim()}))?;
        Ok(effects)
    })
}

/// Units go back at their worth, and an amount is a reduction for which no unit moves: never both.
fn units_or_money(c: &mut Check, backs: &[Back]) {
    for (i, b) in backs.iter().enumerate() {
        c.that(b.units == 0 || b.amount.is_none(), format!("/backs/{i}/amount"), EITHER);
    }
}

/// What is said to who enters units and an amount for one line.
pub const EITHER: Text = t(
    "件数和金额只填一项：件数按价值退回，金额为只退部分货款",
    "Enter units or an amount: units go back at their worth, an amount is a reduction alone",
);

/// Asks again for refunds that the provider refused: buyer, seller or manager.
///
/// # Errors
/// When none was refused.
pub fn retry_refunds(who: &Principal, id: &str) -> Result<Order, Refusal> {
    change(
        who,
        id,
        |o, w| is_buyer(o, w) || is_seller_or_manager(o, w),
        |tx, order, now| {
            let effects = order.retry_refunds(now)?;
            tx.audit("order.refund-again", id, &json!({}))?;
            Ok(effects)
        },
    )
}

/// The buyer has the goods: the money goes to the store.
///
/// # Errors
/// What the state does not allow, also while a return or a claim is open.
pub fn confirm(who: &Principal, id: &str) -> Result<Order, Refusal> {
    change(who, id, is_buyer, |tx, order, now| {
        // Asked twice: it is confirmed.
        if matches!(order.state, State::Confirmed | State::Settled) {
            return Ok(Vec::new());
        }
        let effects = order.confirm(now)?;
        tx.audit("order.confirm", id, &json!({}))?;
        Ok(effects)
    })
}

/// Orders with a claim on which nobody has decided, by the time of the oldest such claim: for managers. They are not
/// narrowed to a state.
///
/// # Errors
/// [`Refusal::RoleRequired`].
pub fn with_claims(
    who: &Principal,
    wanted: &Wanted,
    limit: u32,
    after: Option<String>,
) -> Result<Page<Order>, Refusal> {
    access::role(who, MANAGER)?;
    let (open, by_state) = (ORDERS_BY_OPEN_CLAIM.all().at_least(0), ORDERS_BY_STATE.all());
    let wanted = Wanted { state: None, ..wanted.clone() };
    wanted.read(ORDERS, (open, by_state), |o| o.open_claim.map(|_| o.state), limit, after)
}

/// A manager who is no party of it decides a claim for a parcel: with units that go back at their worth, or
/// with none.
///
/// # Errors
/// [`Refusal::RoleRequired`], a manager's own order, more units than were sent, a claim that is decided already.
pub fn decide_claim(who: &Principal, id: &str, claim: &str, backs: &[Back], why: &str) -> Result<Order, Refusal> {
    let mut c = Check::default();
    c.text(why, 1..=200, "/reason");
    units_or_money(&mut c, backs);
    c.end()?;
    if who.has_role(MANAGER) {
        no_party(who, id)?;
    }
    change(who, id, is_manager, |tx, order, now| {
        let backs: Vec<Back> = backs.iter().map(|b| Back { shipped: true, ..*b }).collect();
        let effects = order.decide_claim(claim, &backs, why.trim(), now)?;
        tx.audit("order.claim", id, &json!({"claim": claim, "refunded": !backs.is_empty()}))?;
        Ok(effects)
    })
}

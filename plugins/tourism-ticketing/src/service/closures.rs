//! Tickets for slots that are no more: the department closed a day, or took a session out of the
//! timetable. Whoever holds one gets the price back, used tickets stay used, and unpaid orders end.
//!
//! A change of the timetable publishes one event with its commit. Its consumer goes through the
//! tickets of those days a page at a time, and each page publishes the next: whatever is killed
//! when, every ticket is met, and a ticket that is met twice was given back already.

use super::now;
use crate::domain::catalogue::{Attraction, DayPlan};
use crate::domain::effect::Note;
use crate::domain::entitlement::{self, Entitlement};
use crate::domain::order::{Effect, Order, State};
use crate::domain::refund::Ticket;
use crate::domain::slot;
use crate::domain::time::Date;
use crate::store::{CLOSURES, Closure, ENTITLEMENTS_BY_DAY, SWEEP, StageError, stage};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use yunlong_sdk::{Failure, Outgoing, Query, Stored, Tx};

/// Tickets of one delivery: some hundred host calls.
const PAGE: u32 = 40;

/// The event by which the work goes on.
#[derive(Debug, Serialize, Deserialize)]
pub struct Sweep {
    closure: String,
    after: Option<String>,
}

/// Begins with a closure that was decided in this transaction.
///
/// # Errors
/// [`StageError`].
pub fn begin(tx: &Tx<'_>, closure: &Closure) -> Result<(), StageError> {
    tx.insert(closure)?;
    publish(tx, &closure.id, None)
}

fn publish(tx: &Tx<'_>, closure: &str, after: Option<String>) -> Result<(), StageError> {
    let sweep = Sweep { closure: closure.to_owned(), after };
    tx.publish(&Outgoing::new(SWEEP, &sweep).subject(closure).key(closure))?;
    Ok(())
}

/// The department's closures, the newest first.
///
/// # Errors
/// An error of the data service.
pub fn list(limit: u32) -> Result<Vec<Closure>, yunlong_sdk::DataError> {
    Ok(CLOSURES.find(Query::by_id().descending().limit(limit))?.into_iter().map(|c| c.value).collect())
}

/// Goes through one page of the tickets.
///
/// # Errors
/// [`Failure`].
pub(super) fn sweep(work: &Sweep, tx: &Tx<'_>) -> Result<(), Failure> {
    let now = now();
    let mut closure = tx
        .get::<Closure>(&work.closure)?
        .ok_or_else(|| Failure::Reject(format!("there is no closure {}", work.closure)))?
        .into_value();
    let attraction = tx
        .get::<Attraction>(&closure.attraction)?
        .ok_or_else(|| Failure::Reject(format!("there is no attraction {}", closure.attraction)))?
        .into_value();
    let days = ENTITLEMENTS_BY_DAY.equals(closure.attraction.as_str()).at_least(closure.from.to_string());
    let days = match closure.until {
        Some(until) => days.at_most(until.to_string()),
        None => days,
    };
    let page = tx.find(days.limit(PAGE).after(work.after.clone()))?;
    for (id, tickets) in dropped(tx, &attraction, &page.items)? {
        if let Some(mut order) = tx.get::<Order>(&id)?.map(Stored::into_value) {
            give_back(tx, &mut order, &tickets, &mut closure, now)?;
        }
    }
    closure.done = page.next.is_none();
    tx.put(&closure)?;
    if let Some(next) = page.next {
        publish(tx, &closure.id, Some(next))?;
    }
    Ok(())
}

/// The valid tickets of a page whose slot is no more, by order.
fn dropped(
    tx: &Tx<'_>,
    attraction: &Attraction,
    page: &[Stored<Entitlement>],
) -> Result<BTreeMap<String, Vec<Ticket>>, Failure> {
    // An attraction that is off sale still admits those who hold its tickets.
    let attraction = Attraction { active: true, ..attraction.clone() };
    let mut days: BTreeMap<Date, slot::Day> = BTreeMap::new();
    let mut out: BTreeMap<String, Vec<Ticket>> = BTreeMap::new();
    for e in page.iter().filter(|e| e.state == entitlement::State::Unused) {
        let date = e.slot.date;
        if let Entry::Vacant(unread) = days.entry(date) {
            let plan = tx.get::<DayPlan>(&DayPlan::key(&attraction.id, date))?;
            unread.insert(slot::day(&attraction, plan.as_deref(), date));
        }
        if days.get(&date).is_some_and(|d| d.slot(e.slot.start).is_none()) {
            out.entry(e.order.clone()).or_default().push(Ticket { visitor: e.visitor, part: e.part });
        }
    }
    Ok(out)
}

fn give_back(
    tx: &Tx<'_>,
    order: &mut Order,
    tickets: &[Ticket],
    closure: &mut Closure,
    now: i64,
) -> Result<(), Failure> {
    let reject = |e: crate::domain::order::WrongState| Failure::Reject(e.to_string());
    let effects = if order.state == State::Held {
        order.expire(now).map_err(reject)?
    } else {
        let items: Vec<_> = order.in_full().into_iter().filter(|i| tickets.contains(&i.ticket)).collect();
        if items.is_empty() {
            return Ok(());
        }
        closure.tickets += u32::try_from(items.len()).unwrap_or(u32::MAX);
        closure.amount += items.iter().map(|i| i.amount).sum::<u64>();
        order.start_refund(items, "closed", now).map_err(reject)?
    };
    closure.orders += 1;
    let told = Effect::Notify(Note::Closed { name: closure.name.clone(), reason: closure.reason.clone() });
    Ok(stage(tx, order, effects.into_iter().chain([told]).collect(), false, now)?)
}

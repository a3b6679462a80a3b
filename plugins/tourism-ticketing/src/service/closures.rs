//! Tickets for slots that are no more: the department closed a day, or took a session out of the
//! timetable. Whoever holds one gets the price back, used tickets stay used, and unpaid orders end.
//!
//! A change of the timetable publishes one event with its commit. Its consumer goes through the
//! tickets of those days a page at a time, and each page publishes the next: whatever is killed
//! when, every ticket is met, and a ticket that is met twice was given back already.

use super::catalogue::known;
use super::{Refusal, now};
use crate::domain::catalogue::{Attraction, DayPlan};
use crate::domain::effect::Note;
use crate::domain::entitlement::{self, Entitlement};
use crate::domain::order::{Effect, Order, State};
use crate::domain::refund::Ticket;
use crate::domain::slot;
use crate::domain::time::Date;
use crate::store::{
    CLOSURE_FAILED, CLOSURE_RETURNED, CLOSURES, Closure, ENTITLEMENTS_BY_DAY, SWEEP, StageError, stage,
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use yunlong_sdk::{DataError, Failure, Outgoing, Query, Stored, Tx, data, transact};

/// Tickets of one delivery: some hundred host calls.
const PAGE: u32 = 40;

/// A closure with what became of its money.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The closure.
    pub closure: Closure,
    /// Fen that are back.
    pub returned: u64,
    /// Fen that the provider refused to return, and that nobody asked for again.
    pub failed: u64,
}

impl Outcome {
    fn of(closure: Closure) -> Result<Self, DataError> {
        let counted = |counter: &str| Ok(u64::try_from(data::counter(counter, &closure.id)?).unwrap_or(0));
        let (returned, failed) = (counted(CLOSURE_RETURNED)?, counted(CLOSURE_FAILED)?);
        Ok(Self { closure, returned, failed })
    }

    /// Fen that were asked for and of which nothing is known yet.
    #[must_use]
    pub fn waiting(&self) -> u64 {
        self.closure.amount.saturating_sub(self.returned + self.failed)
    }
}

/// The event by which the work goes on.
#[derive(Debug, Serialize, Deserialize)]
pub struct Sweep {
    closure: String,
    after: Option<String>,
    /// Whether it asks again for refunds that failed, instead of looking for tickets.
    #[serde(default)]
    retry: bool,
}

/// Begins with a closure that was decided in this transaction.
///
/// # Errors
/// [`StageError`].
pub fn begin(tx: &Tx<'_>, closure: &Closure) -> Result<(), StageError> {
    tx.insert(closure)?;
    publish(tx, Sweep { closure: closure.id.clone(), after: None, retry: false })
}

fn publish(tx: &Tx<'_>, sweep: Sweep) -> Result<(), StageError> {
    tx.publish(&Outgoing::new(SWEEP, &sweep).subject(&sweep.closure).key(&sweep.closure))?;
    Ok(())
}

/// Asks again for every refund of a closure that the provider refused. Asked twice, each is asked for
/// once: by the second time it is on its way.
///
/// # Errors
/// [`Refusal::NotFound`].
pub fn retry(id: &str) -> Result<Outcome, Refusal> {
    let closure = known(CLOSURES.get(id))?.ok_or(Refusal::NotFound)?.into_value();
    let outcome = Outcome::of(closure)?;
    if outcome.failed > 0 {
        transact(|tx| {
            publish(tx, Sweep { closure: id.to_owned(), after: None, retry: true })?;
            tx.audit("closure.retry", id, &json!({"amount": outcome.failed}))?;
            Ok::<(), Refusal>(())
        })?;
    }
    Ok(outcome)
}

/// The department's closures, the newest first.
///
/// # Errors
/// An error of the data service.
pub fn list(limit: u32) -> Result<Vec<Outcome>, DataError> {
    let all = CLOSURES.find(Query::by_id().descending().limit(limit))?;
    all.into_iter().map(|c| Outcome::of(c.value)).collect()
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
    let days = ENTITLEMENTS_BY_DAY.equals(closure.attraction.as_str()).at_least(closure.from.to_string());
    let days = match closure.until {
        Some(until) => days.at_most(until.to_string()),
        None => days,
    };
    let page = tx.find(days.limit(PAGE).after(work.after.clone()))?;
    if work.retry {
        ask_again(tx, &page.items, &closure.id, now)?;
    } else {
        let attraction = tx
            .get::<Attraction>(&closure.attraction)?
            .ok_or_else(|| Failure::Reject(format!("there is no attraction {}", closure.attraction)))?
            .into_value();
        for (id, tickets) in dropped(tx, &attraction, &page.items)? {
            if let Some(mut order) = tx.get::<Order>(&id)?.map(Stored::into_value) {
                give_back(tx, &mut order, &tickets, &mut closure, now)?;
            }
        }
        closure.done = page.next.is_none();
        tx.put(&closure)?;
    }
    if page.next.is_some() {
        publish(tx, Sweep { closure: closure.id, after: page.next, retry: work.retry })?;
    }
    Ok(())
}

/// Asks again for what failed of the tickets of a page.
fn ask_again(tx: &Tx<'_>, page: &[Stored<Entitlement>], closure: &str, now: i64) -> Result<(), Failure> {
    let void = page.iter().filter(|e| e.state == entitlement::State::Suspended);
    let orders: BTreeSet<&str> = void.map(|e| e.order.as_str()).collect();
    for id in orders {
        let Some(mut order) = tx.get::<Order>(id)?.map(Stored::into_value) else { continue };
        let effects = order.retry_closure(closure, now);
        if !effects.is_empty() {
            stage(tx, &mut order, effects, false, now)?;
        }
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
        if let Entry::Vacant(day) = days.entry(date) {
            let plan = tx.get::<DayPlan>(&DayPlan::key(&attraction.id, date))?;
            day.insert(slot::day(&attraction, plan.as_deref(), date));
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
    // Who did not come to a slot that was over when the day was closed gets nothing back for that.
    let at = closure.at;
    let over = |t: &Ticket| order.parts.get(t.part).is_none_or(|p| p.slot.ends_at <= at);
    let tickets: Vec<Ticket> = tickets.iter().filter(|t| !over(t)).copied().collect();
    if tickets.is_empty() {
        return Ok(());
    }
    let effects = if order.state == State::Held {
        order.expire(now).map_err(reject)?
    } else {
        let items: Vec<_> = order.in_full().into_iter().filter(|i| tickets.contains(&i.ticket)).collect();
        if items.is_empty() {
            return Ok(());
        }
        closure.tickets += u32::try_from(items.len()).unwrap_or(u32::MAX);
        closure.amount += items.iter().map(|i| i.amount).sum::<u64>();
        order.close(items, &closure.id, now).map_err(reject)?
    };
    closure.orders += 1;
    let told = Effect::Notify(Note::Closed { name: closure.name.clone(), reason: closure.reason.clone() });
    Ok(stage(tx, order, effects.into_iter().chain([told]).collect(), false, now)?)
}

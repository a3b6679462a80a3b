//! What the department sells: attractions and coach lines, products, and days that are different.

use super::catalogue::known;
use super::{Refusal, closures, now};
use crate::domain::catalogue::{Attraction, DayPlan, Product};
use crate::domain::edit;
use crate::domain::entitlement;
use crate::domain::slot::{self, Day};
use crate::domain::time::Date;
use crate::domain::visitor::FieldError;
use crate::policy;
use crate::store::{ATTRACTIONS, Closure, DAY_PLANS, ENTITLEMENTS_BY_DAY, ORDERS, PRODUCTS, alert};
use serde_json::json;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use yunlong_sdk::{DataError, Query, Text, Tx, t, transact};

/// Pages of 500 tickets that are counted before a closure; with more it says "at least".
const COUNTED_PAGES: usize = 6;

/// Everything, on sale or not, in the order of lists.
///
/// # Errors
/// [`DataError`].
pub fn everything() -> Result<(Vec<Attraction>, Vec<Product>), DataError> {
    let mut places: Vec<Attraction> =
        ATTRACTIONS.find(Query::by_id().limit(500))?.into_iter().map(|a| a.value).collect();
    places.sort_by(|a, b| a.rank.cmp(&b.rank).then_with(|| a.id.cmp(&b.id)));
    let mut products: Vec<Product> = PRODUCTS.find(Query::by_id().limit(500))?.into_iter().map(|p| p.value).collect();
    products.sort_by(|a, b| a.rank.cmp(&b.rank).then_with(|| a.id.cmp(&b.id)));
    Ok((places, products))
}

/// An attraction, on sale or not.
///
/// # Errors
/// [`Refusal::NotFound`].
pub fn attraction(id: &str) -> Result<Attraction, Refusal> {
    Ok(known(ATTRACTIONS.get(id))?.ok_or(Refusal::NotFound)?.into_value())
}

/// A product, on sale or not.
///
/// # Errors
/// [`Refusal::NotFound`].
pub fn product(id: &str) -> Result<Product, Refusal> {
    Ok(known(PRODUCTS.get(id))?.ok_or(Refusal::NotFound)?.into_value())
}

/// What is different on a day.
///
/// # Errors
/// An error of the data service.
pub fn plan(attraction: &str, date: Date) -> Result<Option<DayPlan>, Refusal> {
    Ok(DAY_PLANS.get(&DayPlan::key(attraction, date))?.map(|p| p.value))
}

/// The days of an attraction that are different, from today on, at most `limit`.
///
/// # Errors
/// An error of the data service.
pub fn plans(attraction: &str, limit: u32) -> Result<Vec<(Date, DayPlan)>, Refusal> {
    let from = DayPlan::key(attraction, Date::at(now()));
    // `0` follows `/`: every key of the attraction stands below.
    let page = DAY_PLANS.find(Query::by_id().at_least(from).below(format!("{attraction}0")).limit(limit))?;
    let dated = |p: DayPlan| Some((p.id.split_once('/')?.1.parse().ok()?, p));
    Ok(page.into_iter().filter_map(|p| dated(p.value)).collect())
}

/// Adds or changes an attraction. Where slots are left out, the tickets that were sold for them
/// are refunded in full, if `refund_sold` says so.
///
/// # Errors
/// [`Refusal::Fields`], [`Refusal::TicketsSold`].
pub fn put_attraction(new: &Attraction, refund_sold: bool, by: &str) -> Result<(), Refusal> {
    edit::check_attraction(new).map_err(Refusal::Fields)?;
    let now = now();
    let today = Date::at(now);
    let before = known(ATTRACTIONS.get(&new.id))?.map(|a| a.value);
    let drops = before.as_ref().is_some_and(|b| edit::drops_sessions(b, new));
    if drops && !refund_sold {
        refuse_if_sold(new, (today, None), None, now)?;
    }
    let days = i32::try_from(policy::sales_window()?.booking_days).unwrap_or(0);
    transact(|tx| {
        tx.put(new)?;
        if drops {
            let reason = t("开放时间调整", "The opening hours have changed");
            closures::begin(tx, &closure(new, (today, None), reason, by, now))?;
        }
        if before.as_ref().is_some_and(|b| b.daily_cap != new.daily_cap) {
            for n in 0..=days {
                let date = today.plus(n);
                let plan = tx.get::<DayPlan>(&DayPlan::key(&new.id, date))?;
                alert_day(tx, new, &slot::day(new, plan.as_deref(), date), now)?;
            }
        }
        tx.audit("catalogue.attraction", &new.id, &json!({"daily_cap": new.daily_cap, "active": new.active}))?;
        Ok(())
    })
}

/// Adds or changes a product. Orders that were made keep what was sold.
///
/// # Errors
/// [`Refusal::Fields`].
pub fn put_product(new: &Product) -> Result<(), Refusal> {
    edit::check_product(new, &everything()?.0).map_err(Refusal::Fields)?;
    transact(|tx| {
        tx.put(new)?;
        tx.audit("catalogue.product", &new.id, &json!({"price": new.price, "active": new.active}))?;
        Ok(())
    })
}

/// Says what is different on a day from today on; a plan that says nothing makes it an ordinary one.
/// Where slots are left out that are not over, the tickets that were sold for them are refunded in
/// full, if `refund_sold` says so.
///
/// # Errors
/// [`Refusal::Fields`], [`Refusal::TicketsSold`], [`Refusal::NotFound`].
pub fn put_plan(id: &str, date: Date, plan: DayPlan, refund_sold: bool, by: &str) -> Result<DayPlan, Refusal> {
    edit::check_plan(&plan).map_err(Refusal::Fields)?;
    let place = attraction(id)?;
    let now = now();
    if date < Date::at(now) {
        let past = t("这一天已经过去，不能再更改", "The day is past and can no longer be changed");
        return Err(Refusal::Fields(vec![FieldError::new("/date", past)]));
    }
    let plan = DayPlan { id: DayPlan::key(id, date), ..plan };
    let listed = Attraction { active: true, ..place.clone() };
    let after = slot::day(&listed, Some(&plan), date);
    let drops = |before: Option<&DayPlan>| edit::drops_slots(&slot::day(&listed, before, date), &after, now);
    if drops(self::plan(id, date)?.as_ref()) && !refund_sold {
        refuse_if_sold(&place, (date, Some(date)), Some(&plan), now)?;
    }
    let ordinary = DayPlan { id: plan.id.clone(), ..DayPlan::default() };
    transact(|tx| {
        let before = tx.get::<DayPlan>(&plan.id)?.map(|p| p.value);
        if plan == ordinary {
            tx.delete::<DayPlan>(&plan.id)?;
        } else {
            tx.put(&plan)?;
        }
        if drops(before.as_ref()) {
            let reason = plan.reason.clone().unwrap_or_else(|| t("当日不开放", "Closed on that day"));
            closures::begin(tx, &closure(&place, (date, Some(date)), reason, by, now))?;
        }
        alert_day(tx, &place, &after, now)?;
        tx.audit("catalogue.day", &plan.id, &json!({"open": plan.open, "daily_cap": plan.daily_cap}))?;
        Ok(plan.clone())
    })
}

fn closure(place: &Attraction, days: (Date, Option<Date>), reason: Text, by: &str, now: i64) -> Closure {
    Closure {
        id: format!("{now:015}.{}.{}", place.id, yunlong_sdk::random::code(4)),
        attraction: place.id.clone(),
        name: place.name.clone(),
        from: days.0,
        until: days.1,
        reason,
        by: by.to_owned(),
        at: now,
        orders: 0,
        tickets: 0,
        amount: 0,
        done: false,
    }
}

/// A cap that is lowered may bring a day to a level at once.
fn alert_day(tx: &Tx<'_>, place: &Attraction, day: &Day, now: i64) -> Result<(), Refusal> {
    match day.slots().first() {
        Some(s) => Ok(alert(tx, &place.name, &s.id, s.daily_cap, now)?),
        None => Ok(()),
    }
}

/// Refuses while somebody holds a ticket, paid or not, for a slot that is no more and is not over.
fn refuse_if_sold(
    place: &Attraction,
    (from, until): (Date, Option<Date>),
    plan: Option<&DayPlan>,
    now: i64,
) -> Result<(), Refusal> {
    let today = Date::at(now);
    // The end of a slot that is no more stands in the orders alone; only today's can be over.
    let mut over: BTreeMap<(String, usize), bool> = BTreeMap::new();
    let place = Attraction { active: true, ..place.clone() };
    let mut days: BTreeMap<Date, Day> = BTreeMap::new();
    if let Some(plan) = plan {
        days.insert(from, slot::day(&place, Some(plan), from));
    }
    let (mut tickets, mut after) = (0, None);
    for _ in 0..COUNTED_PAGES {
        let query = ENTITLEMENTS_BY_DAY.equals(place.id.as_str()).at_least(from.to_string());
        let query = match until {
            Some(until) => query.at_most(until.to_string()),
            None => query,
        };
        let page = yunlong_sdk::Collection::new().find(query.limit(500).after(after.take()))?;
        for e in page.items.iter().filter(|e| e.state == entitlement::State::Unused) {
            if let Entry::Vacant(day) = days.entry(e.slot.date) {
                let plan = self::plan(&place.id, e.slot.date)?;
                day.insert(slot::day(&place, plan.as_ref(), e.slot.date));
            }
            if days.get(&e.slot.date).is_none_or(|d| d.slot(e.slot.start).is_some()) {
                continue;
            }
            let is_over = if e.slot.date > today {
                false
            } else {
                match over.entry((e.order.clone(), e.part)) {
                    Entry::Occupied(known) => *known.get(),
                    Entry::Vacant(unread) => {
                        let order = ORDERS.get(&e.order)?;
                        let part = order.as_ref().and_then(|o| o.parts.get(e.part));
                        *unread.insert(part.is_none_or(|p| p.slot.ends_at <= now))
                    }
                }
            };
            tickets += usize::from(!is_over);
        }
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    if tickets == 0 { Ok(()) } else { Err(Refusal::TicketsSold { tickets }) }
}

//! Reading what is on sale.

use super::Refusal;
use crate::domain::catalogue::{Attraction, DayPlan, Product};
use crate::domain::slot::{self, Availability, DAY_COUNTER, Day, SLOT_COUNTER};
use crate::domain::time::Date;
use crate::policy;
use crate::store::{ATTRACTIONS, DAY_PLANS, PRODUCTS};
use yunlong_sdk::{DataError, Query, Text, data};

/// A day of an attraction as visitors see it.
#[derive(Clone, Debug)]
pub enum DayView {
    /// Nobody is admitted; why, where the department said so.
    Closed(Option<Text>),
    /// Slots with what is left.
    Open(Vec<Availability>),
}

/// The attractions that sell, in the order of lists. A city has dozens, so one page holds all.
///
/// # Errors
/// [`DataError`].
pub fn attractions() -> Result<Vec<Attraction>, DataError> {
    let mut all: Vec<Attraction> =
        ATTRACTIONS.find(Query::by_id().limit(500))?.into_iter().map(|a| a.value).filter(|a| a.active).collect();
    all.sort_by(|a, b| a.rank.cmp(&b.rank).then_with(|| a.id.cmp(&b.id)));
    Ok(all)
}

/// The products that are sold, in the order of lists.
///
/// # Errors
/// [`DataError`].
pub fn products() -> Result<Vec<Product>, DataError> {
    let mut all: Vec<Product> =
        PRODUCTS.find(Query::by_id().limit(500))?.into_iter().map(|p| p.value).filter(|p| p.active).collect();
    all.sort_by(|a, b| a.rank.cmp(&b.rank).then_with(|| a.id.cmp(&b.id)));
    Ok(all)
}

/// One attraction that sells.
///
/// # Errors
/// [`Refusal::NotFound`] when there is none.
pub fn attraction(id: &str) -> Result<Attraction, Refusal> {
    known(ATTRACTIONS.get(id))?.map(|a| a.value).filter(|a| a.active).ok_or(Refusal::NotFound)
}

/// One product that is sold.
///
/// # Errors
/// [`Refusal::NotFound`] when there is none.
pub fn product(id: &str) -> Result<Product, Refusal> {
    known(PRODUCTS.get(id))?.map(|p| p.value).filter(|p| p.active).ok_or(Refusal::NotFound)
}

/// A text that cannot be an id (empty, too long) names nothing.
pub(crate) fn known<T>(found: Result<Option<T>, DataError>) -> Result<Option<T>, DataError> {
    match found {
        Err(DataError::Invalid(_) | DataError::TooLarge(_)) => Ok(None),
        other => other,
    }
}

/// The slots of a day with what is left.
///
/// # Errors
/// An error of the data service.
pub fn day(attraction: &Attraction, date: Date, now: i64) -> Result<DayView, Refusal> {
    let key = DayPlan::key(&attraction.id, date);
    let plan = DAY_PLANS.get(&key)?;
    match slot::day(attraction, plan.as_deref(), date) {
        Day::Closed(reason) => Ok(DayView::Closed(reason)),
        Day::Open(slots) => {
            let window = policy::sales_window()?;
            let day_taken = data::counter(DAY_COUNTER, &key)?;
            let view = |s: slot::Slot| {
                Ok(slot::availability(
                    s.clone(),
                    data::counter(SLOT_COUNTER, &s.id.to_string())?,
                    day_taken,
                    &window,
                    now,
                ))
            };
            Ok(DayView::Open(slots.into_iter().map(view).collect::<Result<_, DataError>>()?))
        }
    }
}

//! The department's figures, from counters alone: no order is read.

use super::{Refusal, catalogue, gate, now};
use crate::domain::alert::Level;
use crate::domain::catalogue::DayPlan;
use crate::domain::site::OnSite;
use crate::domain::slot::{self, DAY_COUNTER, Day, SLOT_COUNTER, Slot};
use crate::domain::time::Date;
use crate::store::{ADMITTED_COUNTER, DAY_PLANS, REVENUE_COUNTER, SOLD_COUNTER};
use yunlong_sdk::{DataError, Text, data};

/// One slot's figures.
#[derive(Clone, Debug)]
pub struct SlotSales {
    /// The slot.
    pub slot: Slot,
    /// People with a hold or a ticket.
    pub taken: i64,
    /// Tickets issued and not given back.
    pub sold: i64,
    /// Fen.
    pub revenue: i64,
    /// Visitors admitted.
    pub admitted: i64,
}

/// One attraction's figures of a day.
#[derive(Clone, Debug)]
pub struct AttractionSales {
    /// The attraction's id.
    pub attraction: String,
    /// Its name.
    pub name: Text,
    /// The day's cap; `None` on a closed day.
    pub cap: Option<u32>,
    /// People with a hold or a ticket on the whole day.
    pub taken: i64,
    /// How full the day is.
    pub alert: Option<Level>,
    /// Who is on site: today, where the attraction has an instantaneous cap.
    pub on_site: Option<OnSite>,
    /// By slot.
    pub slots: Vec<SlotSales>,
}

impl AttractionSales {
    /// Tickets of the day.
    #[must_use]
    pub fn sold(&self) -> i64 {
        self.slots.iter().map(|s| s.sold).sum()
    }

    /// Fen of the day.
    #[must_use]
    pub fn revenue(&self) -> i64 {
        self.slots.iter().map(|s| s.revenue).sum()
    }

    /// Visitors of the day.
    #[must_use]
    pub fn admitted(&self) -> i64 {
        self.slots.iter().map(|s| s.admitted).sum()
    }
}

/// Every attraction's figures of a day.
///
/// # Errors
/// An error of the data service.
pub fn of_day(date: Date) -> Result<Vec<AttractionSales>, Refusal> {
    let (now, mut all) = (now(), Vec::new());
    for a in catalogue::attractions()? {
        let key = DayPlan::key(&a.id, date);
        let plan = DAY_PLANS.get(&key)?;
        let taken = data::counter(DAY_COUNTER, &key)?;
        let day = slot::day(&a, plan.as_deref(), date);
        let cap = match &day {
            Day::Closed(_) => None,
            Day::Open(slots) => Some(slots.first().map_or(a.daily_cap, |s| s.daily_cap)),
        };
        let on_site = if date == Date::at(now) { gate::on_site(&a, now)? } else { None };
        let slots = day.slots().iter().map(figures).collect::<Result<_, _>>()?;
        all.push(AttractionSales {
            attraction: a.id,
            name: a.name,
            cap,
            taken,
            alert: cap.and_then(|c| Level::of(taken, c)),
            on_site,
            slots,
        });
    }
    Ok(all)
}

fn figures(slot: &Slot) -> Result<SlotSales, DataError> {
    let key = slot.id.to_string();
    Ok(SlotSales {
        taken: data::counter(SLOT_COUNTER, &key)?,
        sold: data::counter(SOLD_COUNTER, &key)?,
        revenue: data::counter(REVENUE_COUNTER, &key)?,
        admitted: data::counter(ADMITTED_COUNTER, &key)?,
        slot: slot.clone(),
    })
}

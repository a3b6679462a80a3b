//! Slots: an attraction's sessions on a day, derived from the timetable, never stored.
//!
//! Only what was taken is stored, in two bounded counters: one for the slot and one for the
//! attraction's day. Every purchase adjusts both, so held + sold can pass neither the slot's
//! cap nor what is left of the day's.

use super::catalogue::{Attraction, DayPlan, Session};
use super::time::{Clock, Date, MINUTE};
use serde::{Deserialize, Serialize};
use std::fmt;
use yunlong_sdk::Text;

/// The counter of a slot: people with a hold or a ticket.
pub const SLOT_COUNTER: &str = "slot-taken";
/// The counter of an attraction's day.
pub const DAY_COUNTER: &str = "day-taken";

/// One slot of one attraction; its text is the counter's key, `attraction/date/HHMM`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct SlotId {
    /// The attraction's id.
    pub attraction: String,
    /// The day on which it starts.
    pub date: Date,
    /// When it starts.
    pub start: Clock,
}

impl SlotId {
    /// The key of the day's counter, `attraction/date`.
    #[must_use]
    pub fn day_key(&self) -> String {
        DayPlan::key(&self.attraction, self.date)
    }
}

impl fmt::Display for SlotId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.attraction, self.date, self.start.compact())
    }
}

/// A slot with its bounds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Slot {
    /// Which.
    pub id: SlotId,
    /// When it ends, in local time.
    pub end: Clock,
    /// When it starts: milliseconds of UTC.
    pub starts_at: i64,
    /// When it ends: milliseconds of UTC. After midnight for a slot of the evening.
    pub ends_at: i64,
    /// At most so many people.
    pub cap: u32,
    /// At most so many people on the whole day.
    pub daily_cap: u32,
}

impl Slot {
    fn of(attraction: &str, date: Date, session: Session, daily_cap: u32) -> Self {
        let at = |c: Clock| date.start() + i64::from(c.minutes()) * MINUTE;
        let starts_at = at(session.start);
        let mut ends_at = at(session.end);
        if ends_at <= starts_at {
            ends_at += super::time::DAY;
        }
        Self {
            id: SlotId { attraction: attraction.to_owned(), date, start: session.start },
            end: session.end,
            starts_at,
            ends_at,
            cap: session.cap,
            daily_cap,
        }
    }

    /// `09:00–11:00`.
    #[must_use]
    pub fn hours(&self) -> String {
        format!("{}–{}", self.id.start, self.end)
    }
}

/// A day of an attraction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Day {
    /// Nobody is admitted; why, where the department said so.
    Closed(Option<Text>),
    /// The slots in order.
    Open(Vec<Slot>),
}

impl Day {
    /// The slot that starts at a time.
    #[must_use]
    pub fn slot(&self, start: Clock) -> Option<&Slot> {
        self.slots().iter().find(|s| s.id.start == start)
    }

    /// The slots; none on a closed day.
    #[must_use]
    pub fn slots(&self) -> &[Slot] {
        match self {
            Self::Closed(_) => &[],
            Self::Open(slots) => slots,
        }
    }
}

/// The slots of a day: the timetable with what is different on that day.
#[must_use]
pub fn day(attraction: &Attraction, plan: Option<&DayPlan>, date: Date) -> Day {
    let ordinary = !attraction.closed_weekdays.contains(&date.weekday());
    let open = plan.and_then(|p| p.open).unwrap_or(ordinary);
    if !open || !attraction.active {
        return Day::Closed(plan.and_then(|p| p.reason.clone()));
    }
    let cap = plan.and_then(|p| p.daily_cap).unwrap_or(attraction.daily_cap);
    let sessions = plan.and_then(|p| p.sessions.as_ref()).unwrap_or(&attraction.sessions);
    let mut slots: Vec<Slot> = sessions.iter().map(|s| Slot::of(&attraction.id, date, *s, cap)).collect();
    slots.sort_by_key(|s| s.starts_at);
    slots.dedup_by_key(|s| s.starts_at);
    Day::Open(slots)
}

/// Whether a slot can be bought.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SlotState {
    /// Yes.
    OnSale,
    /// No place is left, in the slot or on the day.
    SoldOut,
    /// Sales ended before the slot's end.
    Past,
    /// Further away than bookings go.
    NotYet,
}

impl SlotState {
    /// Every state.
    pub const ALL: [Self; 4] = [Self::OnSale, Self::SoldOut, Self::Past, Self::NotYet];

    /// As the API writes it.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::OnSale => "on-sale",
            Self::SoldOut => "sold-out",
            Self::Past => "past",
            Self::NotYet => "not-yet",
        }
    }
}

/// When slots are on sale.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SalesWindow {
    /// Bookings open so many days before.
    pub booking_days: u32,
    /// Sales end so many minutes before the slot ends.
    pub closes_before_end_minutes: u32,
}

impl SalesWindow {
    /// The last day that can be booked.
    #[must_use]
    pub fn last_day(&self, now: i64) -> Date {
        Date::at(now).plus(i32::try_from(self.booking_days).unwrap_or(i32::MAX))
    }

    /// Whether a slot is on sale, before asking what was taken.
    #[must_use]
    pub fn state(&self, slot: &Slot, now: i64) -> SlotState {
        if now >= slot.ends_at - i64::from(self.closes_before_end_minutes) * MINUTE {
            SlotState::Past
        } else if slot.id.date > self.last_day(now) {
            SlotState::NotYet
        } else {
            SlotState::OnSale
        }
    }
}

/// A slot with what is left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Availability {
    /// The slot.
    pub slot: Slot,
    /// People with a hold or a ticket.
    pub taken: u32,
    /// Places left: the least of the slot's and the day's; 0 when a cap was lowered below what
    /// is sold.
    pub remaining: u32,
    /// Whether it can be bought.
    pub state: SlotState,
}

/// What is left of a slot, given both counters.
#[must_use]
pub fn availability(slot: Slot, taken: i64, day_taken: i64, window: &SalesWindow, now: i64) -> Availability {
    let left = (i64::from(slot.cap) - taken).min(i64::from(slot.daily_cap) - day_taken);
    let remaining = u32::try_from(left.max(0)).unwrap_or(u32::MAX);
    let state = match window.state(&slot, now) {
        SlotState::OnSale if remaining == 0 => SlotState::SoldOut,
        state => state,
    };
    Availability { slot, taken: u32::try_from(taken.max(0)).unwrap_or(u32::MAX), remaining, state }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::sample;
    use proptest::prelude::*;

    const WINDOW: SalesWindow = SalesWindow { booking_days: 30, closes_before_end_minutes: 30 };

    fn date(s: &str) -> Date {
        s.parse().unwrap()
    }

    #[test]
    fn the_museum_has_no_slot_on_any_monday() {
        let museum = sample::attraction("museum");
        for n in 0..400 {
            let d = date("2026-11-23").plus(n);
            assert_eq!(day(&museum, None, d).slots().is_empty(), d.weekday() == 1, "{d}");
        }
    }

    #[test]
    fn a_holiday_opens_a_monday_and_a_closure_shuts_a_tuesday() {
        let museum = sample::attraction("museum");
        let open = DayPlan { open: Some(true), ..DayPlan::default() };
        assert!(!day(&museum, Some(&open), date("2026-11-23")).slots().is_empty());
        let why = Text::new("暴雨", "Storm");
        let shut = DayPlan { open: Some(false), reason: Some(why.clone()), ..DayPlan::default() };
        assert_eq!(day(&museum, Some(&shut), date("2026-11-24")), Day::Closed(Some(why)));
    }

    #[test]
    fn a_slot_across_midnight_ends_on_the_next_day() {
        let lake = sample::attraction("yunlonghu");
        let d = date("2026-11-24");
        let day = day(&lake, None, d);
        let night = day.slots().last().unwrap();
        assert!(night.ends_at > d.plus(1).start() && night.ends_at > night.starts_at);
    }

    #[test]
    fn a_cap_lowered_below_what_is_sold_leaves_nothing() {
        let tomb = sample::attraction("guishan");
        let d = date("2026-11-24");
        let plan = DayPlan { sessions: Some(vec![Session { cap: 10, ..tomb.sessions[0] }]), ..DayPlan::default() };
        let slot = day(&tomb, Some(&plan), d).slots()[0].clone();
        let a = availability(slot, 60, 60, &WINDOW, d.start());
        assert_eq!((a.remaining, a.state), (0, SlotState::SoldOut));
    }

    #[test]
    fn sales_follow_the_clock() {
        let tomb = sample::attraction("guishan");
        let d = date("2026-11-24");
        let slot = day(&tomb, None, d).slots()[0].clone();
        assert_eq!(WINDOW.state(&slot, slot.ends_at - 30 * MINUTE), SlotState::Past);
        assert_eq!(WINDOW.state(&slot, slot.ends_at - 30 * MINUTE - 1), SlotState::OnSale);
        assert_eq!(WINDOW.state(&slot, d.plus(-31).start()), SlotState::NotYet);
        assert_eq!(WINDOW.state(&slot, d.plus(-30).start()), SlotState::OnSale);
    }

    proptest! {
        #[test]
        fn remaining_passes_neither_cap(taken in 0_i64..300, others in 0_i64..3_000) {
            let tomb = sample::attraction("guishan");
            let d = date("2026-11-24");
            let slot = day(&tomb, None, d).slots()[0].clone();
            let a = availability(slot.clone(), taken, taken + others, &WINDOW, d.start());
            prop_assert!(i64::from(a.remaining) + taken <= i64::from(slot.cap).max(taken));
            prop_assert!(i64::from(a.remaining) + taken + others <= i64::from(slot.daily_cap).max(taken + others));
        }
    }
}

//! Simple interest by the day, without rounding that adds up: what is less than a fen is carried to the next day.

use super::super::time::Date;
use serde::{Deserialize, Serialize};

/// How many days a year has for interest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum DayCount {
    /// Actual days over 360, as banks lend here.
    #[default]
    #[serde(rename = "actual/360")]
    Actual360,
    /// Actual days over 365.
    #[serde(rename = "actual/365")]
    Actual365,
}

impl DayCount {
    fn days(self) -> u64 {
        match self {
            Self::Actual360 => 360,
            Self::Actual365 => 365,
        }
    }

    /// As contracts and the API write it.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Actual360 => "actual/360",
            Self::Actual365 => "actual/365",
        }
    }
}

/// At what rate interest runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rate {
    /// Basis points a year.
    pub bps: u64,
    /// How many days a year has.
    pub day_count: DayCount,
    /// Basis points of the rate that are added after the due day: 5,000 for half as much again.
    pub overdue_bps: u64,
}

/// What is owed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Balance {
    /// Fen of the principal.
    pub principal: u64,
    /// Fen of interest that has run.
    pub interest: u64,
    /// What is less than a fen, in parts of [`Rate::parts`].
    pub rest: u64,
    /// Until which day interest has run, that day excluded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Date>,
}

impl Rate {
    /// Into how many parts a fen is divided: basis points, of basis points, by the day.
    #[must_use]
    pub fn parts(&self) -> u64 {
        10_000 * 10_000 * self.day_count.days()
    }

    /// The parts of a fen that so many days bring on a principal.
    fn parts_for(&self, principal: u64, days: i64, overdue: bool) -> u128 {
        let surcharge = if overdue { 10_000 + u128::from(self.overdue_bps) } else { 10_000 };
        let days = u128::from(u64::try_from(days).unwrap_or(0));
        u128::from(principal) * u128::from(self.bps) * surcharge * days
    }
}

impl Balance {
    /// Everything that is owed, in fen.
    #[must_use]
    pub fn owed(&self) -> u64 {
        self.principal.saturating_add(self.interest)
    }

    /// Lets interest run until a day; after the due day at the higher rate. Answers the fen that came to it.
    pub fn run(&mut self, rate: &Rate, due: Option<Date>, until: Date) -> u64 {
        let from = self.until.unwrap_or(until);
        if until <= from {
            self.until = Some(from);
            return 0;
        }
        // The days up to the due day, and those after it.
        let turn = due.map_or(until, |d| d.clamp(from, until));
        let parts = u128::from(self.rest)
            + rate.parts_for(self.principal, from.days_until(turn), false)
            + rate.parts_for(self.principal, turn.days_until(until), true);
        let whole = u128::from(rate.parts());
        let fen = u64::try_from(parts / whole).unwrap_or(u64::MAX);
        self.rest = u64::try_from(parts % whole).unwrap_or(0);
        self.interest = self.interest.saturating_add(fen);
        self.until = Some(until);
        fen
    }

    /// Takes money: interest first, then principal. Answers how much of each. The caller has seen that it is not more
    /// than is owed.
    pub fn take(&mut self, amount: u64) -> (u64, u64) {
        let interest = amount.min(self.interest);
        let principal = (amount - interest).min(self.principal);
        self.interest -= interest;
        self.principal -= principal;
        (interest, principal)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const RATE: Rate = Rate { bps: 435, day_count: DayCount::Actual360, overdue_bps: 5_000 };

    fn day(s: &str) -> Date {
        s.parse().unwrap()
    }

    fn balance(principal: u64) -> Balance {
        Balance { principal, until: Some(day("2026-01-01")), ..Balance::default() }
    }

    #[test]
    fn ninety_days_at_4_35_percent_over_360() {
        let mut b = balance(70_000_000);
        // 700,000.00 × 4.35 % × 90 / 360 = 7,612.50.
        assert_eq!(b.run(&RATE, None, day("2026-04-01")), 761_250);
        let mut b = balance(70_000_000);
        let by_365 = Rate { day_count: DayCount::Actual365, ..RATE };
        assert_eq!(b.run(&by_365, None, day("2026-04-01")), 750_821);
    }

    #[test]
    fn after_the_due_day_it_runs_half_as_fast_again() {
        let mut b = balance(36_000_000);
        // 435 fen for 10,000 yuan... a day brings 4,350 fen; ten days before, ten after.
        assert_eq!(b.run(&RATE, Some(day("2026-01-11")), day("2026-01-21")), 43_500 + 65_250);
    }

    #[test]
    fn interest_is_paid_before_principal() {
        let mut b = Balance { principal: 1_000, interest: 30, ..Balance::default() };
        assert_eq!((b.take(20), b.take(110), b.owed()), ((20, 0), (10, 100), 900));
    }

    proptest! {
        #[test]
        fn it_is_the_same_however_often_it_is_looked_at(principal in 1_u64..10_000_000_000_000, bps in 0_u64..3_600, days in prop::collection::vec(0_i64..90, 1..12)) {
            let rate = Rate { bps, ..RATE };
            let start = day("2026-01-01");
            let (mut often, mut once) = (balance(principal), balance(principal));
            let mut at = start;
            for d in &days {
                at = at.plus(*d);
                often.run(&rate, None, at);
            }
            once.run(&rate, None, at);
            prop_assert_eq!(often, once);
            let exact = u128::from(principal) * u128::from(bps) * u128::try_from(start.days_until(at)).unwrap() / 3_600_000;
            prop_assert_eq!(u128::from(once.interest), exact);
        }
    }
}

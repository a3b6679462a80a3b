//! Which days a bank does business. Due days that fall on another day move to the next business day, and interest
//! runs until then.

use super::time::Date;
use std::collections::BTreeSet;

/// The most days that a due day is moved: longer than any row of holidays.
const LONGEST: i64 = 60;

/// Weekends, with the exceptions that the State Council announces each year: holidays, and weekend days that are
/// worked instead. Both lists are the installation's configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Calendar {
    /// Days on which no business is done.
    pub holidays: BTreeSet<Date>,
    /// Saturdays and Sundays on which business is done.
    pub workdays: BTreeSet<Date>,
}

impl Calendar {
    /// Whether business is done on a day.
    #[must_use]
    pub fn is_business_day(&self, day: Date) -> bool {
        !self.holidays.contains(&day) && (day.weekday() <= 5 || self.workdays.contains(&day))
    }

    /// The day itself, or the next business day.
    #[must_use]
    pub fn following(&self, day: Date) -> Date {
        (0..LONGEST).map(|n| day.plus(n)).find(|d| self.is_business_day(*d)).unwrap_or(day)
    }

    /// The business day that is so many business days after a day.
    #[must_use]
    pub fn business_days_after(&self, day: Date, days: u32) -> Date {
        (0..days).fold(day, |d, _| self.following(d.plus(1)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(s: &str) -> Date {
        s.parse().unwrap()
    }

    fn calendar() -> Calendar {
        Calendar {
            // A row of holidays, and the Saturday after it that is worked.
            holidays: (1..=7).map(|n| day(&format!("2026-10-{n:02}"))).collect(),
            workdays: [day("2026-10-10")].into(),
        }
    }

    #[test]
    fn a_due_day_in_the_holidays_moves_to_the_first_day_after() {
        let c = calendar();
        assert_eq!(c.following(day("2026-10-01")), day("2026-10-08"));
        assert_eq!(c.following(day("2026-10-10")), day("2026-10-10"), "a Saturday that is worked");
        assert_eq!(c.following(day("2026-10-11")), day("2026-10-12"), "a Sunday");
    }

    #[test]
    fn three_business_days_pass_over_holidays() {
        assert_eq!(calendar().business_days_after(day("2026-09-30"), 3), day("2026-10-10"));
    }
}

//! Time. All times are milliseconds since 1970-01-01T00:00:00Z; people read them as the clock in
//! Xuzhou shows them, which is China Standard Time, UTC+8 without summer time.

use crate::backend::{Active, Backend};
use std::fmt;

const DAY: i64 = 86_400_000;
const OFFSET: i64 = 8 * 3_600_000;

/// Now.
#[must_use]
pub fn now() -> u64 {
    Active::now()
}

/// A date of the Gregorian calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date {
    /// The year.
    pub year: i32,
    /// 1 to 12.
    pub month: u8,
    /// 1 to 31.
    pub day: u8,
}

impl Date {
    /// A date that exists.
    #[must_use]
    pub fn new(year: i32, month: u8, day: u8) -> Option<Self> {
        let date = Self { year, month, day };
        ((1..=9999).contains(&year) && Self::of_days(date.days()) == date).then_some(date)
    }

    /// `YYYY-MM-DD`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = text.as_bytes();
        if bytes.len() != 10
            || bytes[4] != b'-'
            || bytes[7] != b'-'
            || !text.bytes().enumerate().all(|(i, b)| i == 4 || i == 7 || b.is_ascii_digit())
        {
            return None;
        }
        Self::new(text[..4].parse().ok()?, text[5..7].parse().ok()?, text[8..].parse().ok()?)
    }

    /// The date in China at a time.
    #[must_use]
    pub fn at(ms: u64) -> Self {
        Self::of_days((i64::try_from(ms).unwrap_or(i64::MAX - OFFSET) + OFFSET).div_euclid(DAY))
    }

    /// Midnight in China at the start of this day.
    #[must_use]
    pub fn start(self) -> u64 {
        u64::try_from(self.days() * DAY - OFFSET).unwrap_or(0)
    }

    /// So many days later, or earlier when negative.
    #[must_use]
    pub fn plus_days(self, days: i64) -> Self {
        Self::of_days(self.days() + days)
    }

    /// Days since 1970-01-01.
    #[must_use]
    pub fn days(self) -> i64 {
        // The year begins in March, so that the leap day ends it.
        let (month, day) = (i64::from(self.month), i64::from(self.day));
        let year = i64::from(self.year) - i64::from(month <= 2);
        let era = year.div_euclid(400);
        let year_of_era = year.rem_euclid(400);
        let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
        era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
    }

    /// The date so many days after 1970-01-01.
    #[must_use]
    pub fn of_days(days: i64) -> Self {
        let shifted = days + 719_468;
        let era = shifted.div_euclid(146_097);
        let day_of_era = shifted.rem_euclid(146_097);
        let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let shifted_month = (5 * day_of_year + 2) / 153;
        let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
        let year = year_of_era + era * 400 + i64::from(month <= 2);
        Self { year: year as i32, month: month as u8, day: (day_of_year - (153 * shifted_month + 2) / 5 + 1) as u8 }
    }

    /// The day of the week: 1 for Monday to 7 for Sunday (ISO 8601).
    #[must_use]
    pub fn weekday(self) -> u8 {
        ((self.days() + 3).rem_euclid(7) + 1) as u8
    }

    /// Whole years from this date to another: an age. On 29 February the year is full on
    /// 1 March in common years.
    #[must_use]
    pub fn years_until(self, other: Self) -> i32 {
        other.year - self.year - i32::from((other.month, other.day) < (self.month, self.day))
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

/// A time in China to the minute, `2026-11-23 14:05`.
#[must_use]
pub fn minute(ms: u64) -> String {
    format!("{} {}", Date::at(ms), time_of_day(ms))
}

/// The time of day in China, `14:05`.
#[must_use]
pub fn time_of_day(ms: u64) -> String {
    let minutes = (i64::try_from(ms).unwrap_or(0) + OFFSET).rem_euclid(DAY) / 60_000;
    format!("{:02}:{:02}", minutes / 60, minutes % 60)
}

/// A time as RFC 3339 with China's offset, to the second: `2026-11-23T14:05:00+08:00`.
#[must_use]
pub fn rfc3339(ms: u64) -> String {
    let second = (ms / 1000) % 60;
    format!("{}T{}:{second:02}+08:00", Date::at(ms), time_of_day(ms))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_those_of_the_calendar_in_china() {
        assert_eq!(Date::at(0).to_string(), "1970-01-01");
        // 2026-11-22T16:00:00Z is midnight in China.
        assert_eq!(rfc3339(1_795_363_200_000), "2026-11-23T00:00:00+08:00");
        assert_eq!(minute(1_795_363_199_999), "2026-11-22 23:59");
        assert_eq!(Date::parse("2026-11-23").unwrap().start(), 1_795_363_200_000);
        assert_eq!(Date::parse("2026-11-23").unwrap().weekday(), 1);
    }

    #[test]
    fn every_day_of_four_centuries_comes_back() {
        let first = Date::new(1600, 1, 1).unwrap().days();
        let mut before = Date::of_days(first - 1);
        for days in first..first + 146_097 {
            let date = Date::of_days(days);
            assert_eq!(date.days(), days);
            assert!(date > before);
            before = date;
        }
    }

    #[test]
    fn dates_that_do_not_exist_are_refused() {
        for bad in [
            "2026-02-29",
            "2026-13-01",
            "2026-00-10",
            "2026-1-01",
            "0000-01-01",
            "２026-01-01",
            "2026-01-01Z",
            "+026-01-01",
        ] {
            assert_eq!(Date::parse(bad), None, "{bad}");
        }
        assert!(Date::parse("2024-02-29").is_some());
    }

    #[test]
    fn an_age_is_full_on_the_birthday() {
        let born = Date::parse("1966-11-23").unwrap();
        assert_eq!(born.years_until(Date::parse("2026-11-22").unwrap()), 59);
        assert_eq!(born.years_until(Date::parse("2026-11-23").unwrap()), 60);
    }
}

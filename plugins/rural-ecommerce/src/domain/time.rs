//! Days and months in Xuzhou. Instants are milliseconds of UTC; a business day is the calendar day
//! in Shanghai, cut off at midnight.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;
use yunlong_sdk::clock;

/// Milliseconds in a minute.
pub const MINUTE: i64 = 60_000;
/// Milliseconds in an hour.
pub const HOUR: i64 = 60 * MINUTE;
/// Milliseconds in a day.
pub const DAY: i64 = 24 * HOUR;

/// Text that is not a day or a month.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TimeError {
    /// Not `YYYY-MM-DD`, or a day that the calendar does not have.
    #[error("not a date: write YYYY-MM-DD")]
    Date,
    /// Not `YYYY-MM`.
    #[error("not a month: write YYYY-MM")]
    Month,
}

/// A calendar day in Shanghai, written `YYYY-MM-DD`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Date(clock::Date);

impl Date {
    /// The day of the calendar, if there is one.
    #[must_use]
    pub fn new(year: i32, month: u8, day: u8) -> Option<Self> {
        clock::Date::new(year, month, day).map(Self)
    }

    /// The day in Shanghai at an instant.
    #[must_use]
    pub fn at(millis: i64) -> Self {
        Self(clock::Date::at(u64::try_from(millis).unwrap_or(0)))
    }

    /// The instant at which this day begins in Shanghai.
    #[must_use]
    pub fn start(self) -> i64 {
        i64::try_from(self.0.start()).unwrap_or(i64::MAX)
    }

    /// So many days later.
    #[must_use]
    pub fn plus(self, days: i64) -> Self {
        Self(self.0.plus_days(days))
    }

    /// The month that it lies in.
    #[must_use]
    pub fn month(self) -> Month {
        Month { year: self.0.year, month: self.0.month }
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for Date {
    type Err = TimeError;
    fn from_str(s: &str) -> Result<Self, TimeError> {
        clock::Date::parse(s).map(Self).ok_or(TimeError::Date)
    }
}

impl TryFrom<String> for Date {
    type Error = TimeError;
    fn try_from(s: String) -> Result<Self, TimeError> {
        s.parse()
    }
}

impl From<Date> for String {
    fn from(d: Date) -> Self {
        d.to_string()
    }
}

/// A calendar month in Shanghai, written `YYYY-MM`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Month {
    year: i32,
    month: u8,
}

impl Month {
    /// The month at an instant.
    #[must_use]
    pub fn at(millis: i64) -> Self {
        Date::at(millis).month()
    }

    /// The year, as `2026`.
    #[must_use]
    pub fn year(self) -> i32 {
        self.year
    }

    /// The first day.
    #[must_use]
    pub fn first(self) -> Date {
        Date(clock::Date { year: self.year, month: self.month, day: 1 })
    }

    /// The last day.
    #[must_use]
    pub fn last(self) -> Date {
        self.next().first().plus(-1)
    }

    /// The month after.
    #[must_use]
    pub fn next(self) -> Self {
        if self.month == 12 { Self { year: self.year + 1, month: 1 } } else { Self { month: self.month + 1, ..self } }
    }

    /// The month before.
    #[must_use]
    pub fn before(self) -> Self {
        self.first().plus(-1).month()
    }
}

impl fmt::Display for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}", self.year, self.month)
    }
}

impl FromStr for Month {
    type Err = TimeError;
    fn from_str(s: &str) -> Result<Self, TimeError> {
        format!("{s}-01").parse::<Date>().map(Date::month).map_err(|_| TimeError::Month)
    }
}

impl TryFrom<String> for Month {
    type Error = TimeError;
    fn try_from(s: String) -> Result<Self, TimeError> {
        s.parse()
    }
}

impl From<Month> for String {
    fn from(m: Month) -> Self {
        m.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_month_has_a_first_and_a_last_day() {
        let m: Month = "2026-02".parse().unwrap();
        assert_eq!((m.first().to_string(), m.last().to_string()), ("2026-02-01".into(), "2026-02-28".into()));
        let december: Month = "2025-12".parse().unwrap();
        assert_eq!((december.next().to_string(), december.before().to_string()), ("2026-01".into(), "2025-11".into()));
        for bad in ["2026", "2026-13", "2026-1", "2026-01-01", ""] {
            assert_eq!(bad.parse::<Month>(), Err(TimeError::Month), "{bad}");
        }
    }
}

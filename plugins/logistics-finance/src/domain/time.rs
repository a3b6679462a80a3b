//! Days in Xuzhou. Instants are milliseconds of UTC; a business day is the calendar day in Shanghai,
//! cut off at midnight.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;
use yunlong_sdk::clock;

/// Milliseconds in a minute.
pub const MINUTE: i64 = 60_000;
/// Milliseconds in a day.
pub const DAY: i64 = 86_400_000;

/// A text that is no day: it is neither `YYYY-MM-DD` nor a day that the calendar has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a date: write YYYY-MM-DD")]
pub struct NoDate;

/// A calendar day in Shanghai, stored and sent as `YYYY-MM-DD`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Date(clock::Date);

impl Date {
    /// The day in Shanghai at an instant (milliseconds of UTC).
    #[must_use]
    pub fn at(millis: i64) -> Self {
        Self(clock::Date::at(u64::try_from(millis).unwrap_or(0)))
    }

    /// The instant at which this day begins in Shanghai, in milliseconds of UTC.
    #[must_use]
    pub fn start(self) -> i64 {
        i64::try_from(self.0.start()).unwrap_or(i64::MAX)
    }

    /// 1 for Monday to 7 for Sunday (ISO 8601).
    #[must_use]
    pub fn weekday(self) -> u8 {
        self.0.weekday()
    }

    /// So many days later, or earlier when negative.
    #[must_use]
    pub fn plus(self, days: i64) -> Self {
        Self(self.0.plus_days(days))
    }

    /// How many days lie between this day and a later one; negative when the other is earlier.
    #[must_use]
    pub fn days_until(self, later: Self) -> i64 {
        later.0.days() - self.0.days()
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for Date {
    type Err = NoDate;
    fn from_str(s: &str) -> Result<Self, NoDate> {
        clock::Date::parse(s).map(Self).ok_or(NoDate)
    }
}

impl TryFrom<String> for Date {
    type Error = NoDate;
    fn try_from(s: String) -> Result<Self, NoDate> {
        s.parse()
    }
}

impl From<Date> for String {
    fn from(d: Date) -> Self {
        d.to_string()
    }
}

/// `2026-10-01 09:00` in Shanghai, as people read an instant.
#[must_use]
pub fn local(millis: i64) -> String {
    clock::minute(u64::try_from(millis).unwrap_or(0))
}

/// RFC 3339 with Shanghai's offset, such as `2026-10-01T09:00:00+08:00`.
#[must_use]
pub fn rfc3339(millis: i64) -> String {
    clock::rfc3339(u64::try_from(millis).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_begins_at_midnight_in_shanghai() {
        let d: Date = "2026-11-23".parse().unwrap();
        assert_eq!(Date::at(d.start()), d);
        assert_eq!(Date::at(d.start() - 1), d.plus(-1));
        assert_eq!((d.weekday(), d.days_until(d.plus(40))), (1, 40));
    }

    #[test]
    fn what_is_no_day_is_refused() {
        for bad in ["2026-02-29", "2026-13-01", "20261123", "", "２026-11-23"] {
            assert_eq!(bad.parse::<Date>(), Err(NoDate), "{bad}");
        }
    }
}

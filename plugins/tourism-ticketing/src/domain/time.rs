//! Days and minutes in Xuzhou.
//!
//! Instants are milliseconds of UTC; a business day is the calendar day in Shanghai, cut off at
//! midnight.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;
use yunlong_sdk::clock;

/// Milliseconds in a minute.
pub const MINUTE: i64 = 60_000;
/// Milliseconds in a day.
pub const DAY: i64 = 86_400_000;

/// Text that is not a date or a time of day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TimeError {
    /// Not `YYYY-MM-DD`, or a day that the calendar does not have.
    #[error("not a date: write YYYY-MM-DD")]
    Date,
    /// Not `HH:MM` from 00:00 to 24:00.
    #[error("not a time of day: write HH:MM")]
    Clock,
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

    /// 1 for Monday to 7 for Sunday (ISO 8601).
    #[must_use]
    pub fn weekday(self) -> u8 {
        self.0.weekday()
    }

    /// So many days later, or earlier when negative.
    #[must_use]
    pub fn plus(self, days: i32) -> Self {
        Self(self.0.plus_days(i64::from(days)))
    }

    /// Whole years of age on this day of somebody born on `birth`. Who is born on 29 February
    /// comes of age on 1 March of a common year.
    #[must_use]
    pub fn age_of(self, birth: Self) -> i32 {
        birth.0.years_until(self.0)
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

/// A time of day, written `HH:MM`; 24:00 is the end of a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Clock(u16);

impl Clock {
    /// Minutes since midnight, at most 1,440.
    #[must_use]
    pub fn minutes(self) -> u16 {
        self.0
    }

    /// `HHMM`, as keys carry it.
    #[must_use]
    pub fn compact(self) -> String {
        format!("{:02}{:02}", self.0 / 60, self.0 % 60)
    }
}

impl fmt::Display for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:{:02}", self.0 / 60, self.0 % 60)
    }
}

impl FromStr for Clock {
    type Err = TimeError;
    /// `09:00`, or `0900` as keys carry it.
    fn from_str(s: &str) -> Result<Self, TimeError> {
        let digits: String = match s.as_bytes() {
            [_, _, b':', _, _] => s.replacen(':', "", 1),
            [_, _, _, _] => s.to_owned(),
            _ => return Err(TimeError::Clock),
        };
        if digits.len() != 4 || !digits.bytes().all(|b| b.is_ascii_digit()) {
            return Err(TimeError::Clock);
        }
        let n: u16 = digits.parse().map_err(|_| TimeError::Clock)?;
        let (h, m) = (n / 100, n % 100);
        if m > 59 || h > 24 || (h == 24 && m > 0) {
            return Err(TimeError::Clock);
        }
        Ok(Self(h * 60 + m))
    }
}

impl TryFrom<String> for Clock {
    type Error = TimeError;
    fn try_from(s: String) -> Result<Self, TimeError> {
        s.parse()
    }
}

impl From<Clock> for String {
    fn from(c: Clock) -> Self {
        c.to_string()
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
    use proptest::prelude::*;

    #[test]
    fn the_calendar_is_gregorian() {
        let d: Date = "2026-11-23".parse().unwrap();
        assert_eq!(d.weekday(), 1);
        assert_eq!(d.plus(8).to_string(), "2026-12-01");
        assert_eq!(Date::new(1970, 1, 1).unwrap(), Date::at(0));
        for bad in ["2026-02-29", "2026-13-01", "2026-1-01", "20261123", "2026-11-2x", "+026-11-23", "", "２026-11-23"]
        {
            assert!(bad.parse::<Date>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_day_begins_at_midnight_in_shanghai() {
        let d: Date = "2026-11-23".parse().unwrap();
        assert_eq!(Date::at(d.start()), d);
        assert_eq!(Date::at(d.start() - 1), d.plus(-1));
        assert_eq!(rfc3339(d.start()), "2026-11-23T00:00:00+08:00");
    }

    #[test]
    fn age_counts_birthdays() {
        let birth: Date = "1966-11-24".parse().unwrap();
        assert_eq!("2026-11-23".parse::<Date>().unwrap().age_of(birth), 59);
        assert_eq!("2026-11-24".parse::<Date>().unwrap().age_of(birth), 60);
    }

    #[test]
    fn times_of_day() {
        assert_eq!("09:00".parse::<Clock>().unwrap().minutes(), 540);
        assert_eq!("0900".parse::<Clock>().unwrap().to_string(), "09:00");
        for bad in ["9:00", "24:01", "12:60", "1a:00", "", "09-00"] {
            assert!(bad.parse::<Clock>().is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn dates_survive_text_and_back(days in 0_i32..80_000) {
            let d = Date::at(0).plus(days);
            prop_assert_eq!(d.to_string().parse::<Date>().unwrap(), d);
        }

        #[test]
        fn any_text_is_refused_or_read_without_a_panic(s in "\\PC{0,12}") {
            let _ = s.parse::<Date>();
            let _ = s.parse::<Clock>();
        }
    }
}

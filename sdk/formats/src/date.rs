//! Dates of the Gregorian calendar, without a clock or a time zone.

use crate::{Explain, explained};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use std::str::FromStr;

/// A day that exists, from 0001-01-01 to 9999-12-31. The order is the calendar's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date {
    year: u16,
    month: u8,
    day: u8,
}

/// No such day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DateError {
    /// Not `YYYY-MM-DD`.
    Malformed,
    /// The calendar has no such day.
    Impossible,
}

impl Explain for DateError {
    fn zh(&self) -> String {
        match self {
            Self::Malformed => "日期格式不对：请按 2026-10-01 的样式填写".into(),
            Self::Impossible => "没有这一天：请核对月份和日期".into(),
        }
    }

    fn en(&self) -> String {
        match self {
            Self::Malformed => "not a date: write it like 2026-10-01".into(),
            Self::Impossible => "there is no such day: check the month and the day".into(),
        }
    }
}
explained!(DateError);

impl Date {
    /// The day, if the calendar has it.
    ///
    /// # Errors
    /// [`DateError::Impossible`], for 30 February and the like.
    pub fn new(year: u16, month: u8, day: u8) -> Result<Self, DateError> {
        let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
        let days = match month {
            1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
            4 | 6 | 9 | 11 => 30,
            2 if leap => 29,
            2 => 28,
            _ => 0,
        };
        if (1..=9999).contains(&year) && (1..=days).contains(&day) {
            Ok(Self { year, month, day })
        } else {
            Err(DateError::Impossible)
        }
    }

    /// The year.
    #[must_use]
    pub fn year(self) -> u16 {
        self.year
    }

    /// The month, 1 to 12.
    #[must_use]
    pub fn month(self) -> u8 {
        self.month
    }

    /// The day of the month, 1 to 31.
    #[must_use]
    pub fn day(self) -> u8 {
        self.day
    }

    /// The age in full years on `today` of somebody born on this day (周岁: a year is full on the
    /// birthday itself; who was born on 29 February completes it on 1 March of a common year);
    /// `None` before birth.
    #[must_use]
    pub fn age_on(self, today: Self) -> Option<u16> {
        if today < self {
            return None;
        }
        let had_birthday = (today.month, today.day) >= (self.month, self.day);
        Some(today.year - self.year - u16::from(!had_birthday))
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

impl FromStr for Date {
    type Err = DateError;

    fn from_str(text: &str) -> Result<Self, DateError> {
        let b = text.as_bytes();
        if b.len() != 10 || b[4] != b'-' || b[7] != b'-' {
            return Err(DateError::Malformed);
        }
        let number = |range: std::ops::Range<usize>| {
            b[range]
                .iter()
                .try_fold(0_u16, |n, c| c.is_ascii_digit().then(|| n * 10 + u16::from(c - b'0')))
                .ok_or(DateError::Malformed)
        };
        let (month, day) = (number(5..7)?, number(8..10)?);
        Self::new(number(0..4)?, u8::try_from(month).unwrap_or(0), u8::try_from(day).unwrap_or(0))
    }
}

impl Serialize for Date {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Date {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        <std::borrow::Cow<'de, str>>::deserialize(d)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn date(s: &str) -> Date {
        s.parse().unwrap()
    }

    #[test]
    fn knows_leap_years() {
        for good in ["2024-02-29", "2000-02-29", "1990-12-31", "0001-01-01"] {
            assert_eq!(date(good).to_string(), good);
        }
        for bad in ["1990-02-29", "1900-02-29", "1990-04-31", "1990-13-01", "1990-00-01", "1990-01-00", "0000-01-01"] {
            assert_eq!(bad.parse::<Date>(), Err(DateError::Impossible), "{bad}");
        }
        for bad in ["", "1990-1-1", "19900101", "1990/01/01", "199x-01-01", "1990-01-0一"] {
            assert_eq!(bad.parse::<Date>(), Err(DateError::Malformed), "{bad}");
        }
    }

    #[test]
    fn a_year_is_full_on_the_birthday_itself() {
        let born = date("1966-10-01");
        assert_eq!(born.age_on(date("2026-09-30")), Some(59));
        assert_eq!(born.age_on(date("2026-10-01")), Some(60));
        assert_eq!(date("2024-02-29").age_on(date("2025-02-28")), Some(0));
        assert_eq!(date("2024-02-29").age_on(date("2025-03-01")), Some(1));
        assert_eq!(born.age_on(date("1966-09-30")), None);
    }
}

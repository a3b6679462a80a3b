//! Periods: a year, a quarter or a month, as `2025`, `2025-Q3` or `2025-07`.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;
use yunlong_formats::Explain;

/// How long the periods of a series are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Frequency {
    /// Months.
    Month,
    /// Quarters.
    Quarter,
    /// Years.
    Year,
}

impl Frequency {
    /// How many of them a year has.
    #[must_use]
    pub fn in_a_year(self) -> u32 {
        match self {
            Self::Year => 1,
            Self::Quarter => 4,
            Self::Month => 12,
        }
    }
}

/// A period.
///
/// Periods of one frequency are ordered by time, as their texts are. Of different ones the one that
/// begins first comes first, and of those that begin together the shorter one.
///
/// ```
/// use yunlong_hub::series::Period;
///
/// let quarter: Period = "2025-Q3".parse().unwrap();
/// assert_eq!(quarter.next().unwrap().to_string(), "2025-Q4");
/// assert_eq!(quarter.year_before().unwrap().to_string(), "2024-Q3");
/// assert!("2025-13".parse::<Period>().is_err());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Period {
    frequency: Frequency,
    /// Periods of this frequency since the year 0.
    number: u32,
}

/// Not a period.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no period: write a year, a quarter or a month, such as 2025, 2025-Q3 or 2025-07")]
pub struct PeriodError(pub String);

impl Explain for PeriodError {
    fn zh(&self) -> String {
        format!("“{}”不是时期：请按 2025、2025-Q3 或 2025-07 的样式填写年、季度或月", self.0)
    }

    fn en(&self) -> String {
        self.to_string()
    }
}

impl Period {
    /// A year, 1 to 9999.
    #[must_use]
    pub fn year(year: u16) -> Option<Self> {
        Self::of(Frequency::Year, year, 1)
    }

    /// A quarter, 1 to 4.
    #[must_use]
    pub fn quarter(year: u16, quarter: u8) -> Option<Self> {
        Self::of(Frequency::Quarter, year, quarter)
    }

    /// A month, 1 to 12.
    #[must_use]
    pub fn month(year: u16, month: u8) -> Option<Self> {
        Self::of(Frequency::Month, year, month)
    }

    fn of(frequency: Frequency, year: u16, part: u8) -> Option<Self> {
        let parts = frequency.in_a_year();
        let possible = (1..=9_999).contains(&year) && (1..=parts).contains(&u32::from(part));
        possible.then(|| Self { frequency, number: u32::from(year) * parts + u32::from(part) - 1 })
    }

    /// How long it is.
    #[must_use]
    pub fn frequency(self) -> Frequency {
        self.frequency
    }

    /// The year that it is in.
    #[must_use]
    pub fn in_year(self) -> u32 {
        self.number / self.frequency.in_a_year()
    }

    /// Which quarter or month of its year it is, from 1; 1 for a year.
    #[must_use]
    pub fn part(self) -> u32 {
        self.number % self.frequency.in_a_year() + 1
    }

    /// The period after it; `None` behind the year 9999.
    #[must_use]
    pub fn next(self) -> Option<Self> {
        let next = Self { number: self.number + 1, ..self };
        (next.in_year() <= 9_999).then_some(next)
    }

    /// The same quarter or month of the year before; `None` in the year 1.
    #[must_use]
    pub fn year_before(self) -> Option<Self> {
        let before = Self { number: self.number.checked_sub(self.frequency.in_a_year())?, ..self };
        (before.in_year() >= 1).then_some(before)
    }

    /// Its first month and the first month behind it, counted since the year 0.
    fn months(self) -> (u32, u32) {
        let length = 12 / self.frequency.in_a_year();
        (self.number * length, (self.number + 1) * length)
    }
}

impl FromStr for Period {
    type Err = PeriodError;

    fn from_str(text: &str) -> Result<Self, PeriodError> {
        let refused = || PeriodError(text.chars().take(20).collect());
        // Digits alone: `parse` would take a sign.
        let number = |s: &str| s.bytes().all(|b| b.is_ascii_digit()).then(|| s.parse::<u16>().ok()).flatten();
        let (year, rest) = text.split_at_checked(4).ok_or_else(refused)?;
        let year = number(year).ok_or_else(refused)?;
        let period = match rest.as_bytes() {
            [] => Self::year(year),
            [b'-', b'Q', quarter @ b'1'..=b'4'] => Self::quarter(year, quarter - b'0'),
            [b'-', tens @ b'0'..=b'9', ones @ b'0'..=b'9'] => Self::month(year, (tens - b'0') * 10 + ones - b'0'),
            _ => None,
        };
        period.ok_or_else(refused)
    }
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, part) = (self.in_year(), self.part());
        match self.frequency {
            Frequency::Year => write!(f, "{year:04}"),
            Frequency::Quarter => write!(f, "{year:04}-Q{part}"),
            Frequency::Month => write!(f, "{year:04}-{part:02}"),
        }
    }
}

impl Ord for Period {
    fn cmp(&self, other: &Self) -> Ordering {
        self.months().cmp(&other.months())
    }
}

impl PartialOrd for Period {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// The periods from one to another of the same frequency, both included.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PeriodRange {
    next: Option<Period>,
    last: Period,
}

impl PeriodRange {
    /// Nothing when `last` lies before `first`, or is of another frequency.
    #[must_use]
    pub fn new(first: Period, last: Period) -> Self {
        Self { next: (first.frequency == last.frequency).then_some(first), last }
    }
}

impl Iterator for PeriodRange {
    type Item = Period;

    fn next(&mut self) -> Option<Period> {
        let now = self.next.filter(|p| *p <= self.last)?;
        self.next = now.next();
        Some(now)
    }
}

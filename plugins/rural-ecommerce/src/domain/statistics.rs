//! Figures on four levels. An order is counted when its store accepts it: once, in the village of
//! the store as the table has it on that day, and in the month of that day. What returns for it later
//! is counted in the same place, so that the figures of a place are those of its orders.
//!
//! Each figure is a counter at the village and at every level above, changed in one commit. So a
//! level is the sum of those below it, and an order is in each once.

use super::division::{self, Level};
use super::time::{Date, Month};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::ops::AddAssign;

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Figure {
    /// Orders that stores accepted.
    Orders,
    /// Fen of them.
    Amount,
    /// Fen of them that returned.
    Refunded,
    /// Those among them that a station placed for somebody.
    Station,
}

impl Figure {
    /// Every figure.
    pub const ALL: [Self; 4] = [Self::Orders, Self::Amount, Self::Refunded, Self::Station];

    /// The counter's name.
    #[must_use]
    pub fn counter(self) -> &'static str {
        match self {
            Self::Orders => "stat-orders",
            Self::Amount => "stat-amount",
            Self::Refunded => "stat-refunded",
            Self::Station => "stat-station",
        }
    }
}

/// The figures of a division in a period, or a change of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Figures {
    /// Orders.
    pub orders: i64,
    /// Fen of them.
    pub amount: i64,
    /// Fen that returned.
    pub refunded: i64,
    /// Orders of stations.
    pub station: i64,
}

impl Figures {
    /// One figure.
    #[must_use]
    pub fn get(&self, f: Figure) -> i64 {
        match f {
            Figure::Orders => self.orders,
            Figure::Amount => self.amount,
            Figure::Refunded => self.refunded,
            Figure::Station => self.station,
        }
    }

    /// Sets one figure.
    pub fn set(&mut self, f: Figure, value: i64) {
        match f {
            Figure::Orders => self.orders = value,
            Figure::Amount => self.amount = value,
            Figure::Refunded => self.refunded = value,
            Figure::Station => self.station = value,
        }
    }

    /// Fen that stayed.
    #[must_use]
    pub fn net(&self) -> i64 {
        self.amount - self.refunded
    }
}

impl AddAssign for Figures {
    fn add_assign(&mut self, other: Self) {
        for f in Figure::ALL {
            self.set(f, self.get(f) + other.get(f));
        }
    }
}

/// A month or a year.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Period {
    /// A month.
    Month(Month),
    /// A calendar year.
    Year(i32),
}

impl Period {
    /// Reads `2026-11` or `2026`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if let Ok(m) = text.parse() {
            return Some(Self::Month(m));
        }
        // A number's parser takes a sign, too.
        let digits = text.len() == 4 && text.bytes().all(|b| b.is_ascii_digit());
        let year = digits.then(|| text.parse::<i32>().ok()).flatten()?;
        (1..=9999).contains(&year).then_some(Self::Year(year))
    }

    /// Its first and its last day.
    #[must_use]
    pub fn days(self) -> (Date, Date) {
        match self {
            Self::Month(m) => (m.first(), m.last()),
            Self::Year(y) => {
                let of = |month, day| Date::new(y, month, day).unwrap_or_else(|| Date::at(0));
                (of(1, 1), of(12, 31))
            }
        }
    }

    /// The counter's key for a division.
    #[must_use]
    pub fn key(self, division: &str) -> String {
        format!("{self}/{division}")
    }
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Month(m) => m.fmt(f),
            Self::Year(y) => write!(f, "{y:04}"),
        }
    }
}

/// Where and when an order was counted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// The village, as the table had it on that day.
    pub village: String,
    /// The month.
    pub month: Month,
}

impl Place {
    /// The keys of the counters that its figures stand in: four levels, month and year.
    #[must_use]
    pub fn keys(&self) -> Vec<String> {
        let periods = [Period::Month(self.month), Period::Year(self.month.year())];
        let line = division::line(&self.village);
        periods.iter().flat_map(|p| line.iter().map(|d| p.key(d))).collect()
    }

    /// Whether it is a village.
    #[must_use]
    pub fn is_village(&self) -> bool {
        Level::of(&self.village) == Some(Level::Village)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_counted_on_four_levels_in_its_month_and_year() {
        let p = Place { village: "320324109002".into(), month: "2026-11".parse().unwrap() };
        assert_eq!(
            p.keys(),
            [
                "2026-11/320324109002",
                "2026-11/320324109",
                "2026-11/320324",
                "2026-11/320300",
                "2026/320324109002",
                "2026/320324109",
                "2026/320324",
                "2026/320300"
            ]
        );
    }

    #[test]
    fn periods_are_months_and_years_alone() {
        assert_eq!(Period::parse("2026-11").unwrap().to_string(), "2026-11");
        assert_eq!(Period::parse("2026").unwrap().to_string(), "2026");
        for bad in ["", "26", "2026-1", "2026-13", "0000", "+202", "2026-11-01"] {
            assert_eq!(Period::parse(bad), None, "{bad}");
        }
    }
}

//! Economy 宏观经济: `economy.observation`, figures by indicator, division and period.

use super::Standing;
use crate::Text;
use crate::backend::{Active, Backend};
use crate::shared::SharedError;

/// A figure as it is on record.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Observation {
    /// What was released.
    pub standing: Standing,
    /// Its number.
    pub number: Option<String>,
    /// The indicator's code.
    pub indicator: Option<String>,
    /// The division.
    pub division: Option<String>,
    /// A year, a quarter or a month: `2025`, `2025-Q3`, `2025-07`.
    pub period: Option<String>,
    /// The value, in its unit.
    pub value: Option<f64>,
    /// The unit, such as `亿元`.
    pub unit: Option<String>,
    /// `preliminary`, `revised` or `final`.
    pub state: Option<String>,
}

/// An indicator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Indicator {
    /// Its code, such as `gdp`.
    pub code: String,
    /// Its name.
    pub name: Text,
}

/// A figure of a series.
#[derive(Clone, Debug, PartialEq)]
pub struct Point {
    /// A year, a quarter or a month.
    pub period: String,
    /// The value, in the series' unit.
    pub value: f64,
    /// `preliminary`, `revised` or `final`.
    pub state: Option<String>,
    /// Growth in percent against the same period of the year before, rounded to two places.
    pub growth: Option<f64>,
}

/// The figures of one indicator, division and unit.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    /// The indicator's code.
    pub indicator: String,
    /// The division.
    pub division: String,
    /// The unit of all figures.
    pub unit: String,
    /// The earliest first, one a period.
    pub points: Vec<Point>,
}

/// Which divisions are asked about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Divisions<'a> {
    /// These: 1 to 50 codes.
    Codes(&'a [&'a str]),
    /// All of a level (`city`, `county`, `town` or `village`) in a division.
    Level {
        /// The division around them.
        within: &'a str,
        /// The level.
        level: &'a str,
    },
}

/// The figure of a number; `None` when there is none.
///
/// # Errors
/// [`SharedError`].
pub fn get(purpose: &str, number: &str) -> Result<Option<Observation>, SharedError> {
    Active::observation(purpose, number)
}

/// The indicators that the catalogue has.
///
/// # Errors
/// [`SharedError`].
pub fn indicators(purpose: &str) -> Result<Vec<Indicator>, SharedError> {
    Active::indicators(purpose)
}

/// Series of an indicator from a period to another one, both included and of one frequency.
///
/// # Errors
/// [`SharedError`].
pub fn series(
    purpose: &str,
    indicator: &str,
    divisions: Divisions<'_>,
    from: &str,
    to: &str,
) -> Result<Vec<Series>, SharedError> {
    Active::series(purpose, indicator, divisions, from, to)
}

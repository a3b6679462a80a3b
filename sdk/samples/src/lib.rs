//! A synthetic city for demonstrations, tests and measurements.
//!
//! [`City`] makes rows for the five base databases out of a seed: people in households, companies with
//! credit events, places on the map, and economic series. The same seed gives the same rows on every machine
//! and in every release of this crate; a person is the same however many people are asked for. Rows come
//! one by one and nothing is kept, so a million people take no memory.
//!
//! # What is real, and what is not
//! Real are the divisions and the outlines of the districts (`data/README.md`). Nobody and nothing else
//! is: names are put together from lists, numbers are drawn and carry valid check digits, companies
//! are marked （示例） and have organization codes of a block (`MA000`) that this province was not
//! allotted. **The economic figures are drawn, too**: they look like a city's, are those of none, and
//! are no publication of any office; their `state` is left out for that reason.
//!
//! # What fits together
//! A household's head, spouse, children and parents are of fitting ages and live at one address; the
//! number of members is that of the people who name the household. The number of a resident is unique
//! in the city by construction, not by chance (see `people.rs`). Credit events name companies that exist.
//! A place's point lies in its district. Series of counties add up to the city's.
#![deny(missing_docs)]

mod check;
mod citizens;
mod companies;
mod divisions;
mod economy;
mod map;
mod names;
mod people;
mod places;
mod random;

pub use check::{resident_id, uscc};
pub use citizens::{Citizen, citizen_rows};

use serde_json::{Map, Value};
use yunlong_formats::Date;

/// A record of a dataset.
pub type Row = Map<String, Value>;

/// The rows of a dataset.
pub type Rows<'a> = Box<dyn Iterator<Item = Row> + Send + 'a>;

/// The largest number of people: up to here numbers of residents are unique by construction.
pub const MAX_PEOPLE: u64 = 2_000_000;

/// The datasets that there are rows for, in an order in which they can be loaded.
pub const DATASETS: [&str; 6] = [
    "population.person",
    "population.household",
    "legal-entities.entity",
    "credit.event",
    "geospatial.place",
    "economy.observation",
];

/// The items of a dataset's rows in the catalogue's order, each with its type there; empty for a dataset
/// that there are no rows for.
#[must_use]
pub fn items(dataset: &str) -> &'static [(&'static str, &'static str)] {
    match dataset {
        "population.person" => &[
            ("resident_id", "resident-id"),
            ("name", "text"),
            ("sex", "text"),
            ("birth_date", "date"),
            ("ethnicity", "text"),
            ("division", "division"),
            ("address", "text"),
            ("household", "text"),
            ("relation", "text"),
            ("mobile", "mobile"),
            ("status", "text"),
        ],
        "population.household" => &[
            ("household", "text"),
            ("head", "resident-id"),
            ("division", "division"),
            ("address", "text"),
            ("size", "integer"),
        ],
        "legal-entities.entity" => &[
            ("uscc", "uscc"),
            ("name", "text"),
            ("kind", "text"),
            ("representative", "text"),
            ("industry", "text"),
            ("division", "division"),
            ("address", "text"),
            ("capital", "integer"),
            ("founded", "date"),
            ("status", "text"),
        ],
        "credit.event" => &[
            ("event", "text"),
            ("uscc", "uscc"),
            ("kind", "text"),
            ("date", "date"),
            ("until", "date"),
            ("authority", "text"),
            ("content", "text"),
            ("amount", "integer"),
            ("division", "division"),
        ],
        "geospatial.place" => &[
            ("place", "text"),
            ("name", "text"),
            ("kind", "text"),
            ("address", "text"),
            ("division", "division"),
            ("geometry", "geometry"),
        ],
        "economy.observation" => &[
            ("observation", "text"),
            ("indicator", "text"),
            ("division", "division"),
            ("period", "period"),
            ("value", "decimal"),
            ("unit", "text"),
            ("state", "text"),
        ],
        _ => &[],
    }
}

/// The day on which the people are as old as they were drawn to be.
pub(crate) const TODAY: (u16, u8, u8) = (2025, 12, 31);

/// Why there are no samples.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SampleError {
    /// Numbers of residents would run out.
    #[error("{0} people are too many: at most {MAX_PEOPLE}")]
    TooMany(u64),
}

/// A synthetic city.
#[derive(Clone, Debug)]
pub struct City {
    seed: u64,
    people: u64,
}

impl City {
    /// A city of so many people.
    ///
    /// # Errors
    /// [`SampleError::TooMany`] above [`MAX_PEOPLE`].
    pub fn new(seed: u64, people: u64) -> Result<Self, SampleError> {
        if people > MAX_PEOPLE { Err(SampleError::TooMany(people)) } else { Ok(Self { seed, people }) }
    }

    /// The rows of one of [`DATASETS`]; `None` for another one.
    #[must_use]
    pub fn rows(&self, dataset: &str) -> Option<Rows<'static>> {
        Some(match dataset {
            "population.person" => Box::new(people::people(self.seed, self.people)),
            "population.household" => Box::new(people::households(self.seed, self.people)),
            "legal-entities.entity" => Box::new(companies::entities(self.seed, self.companies())),
            "credit.event" => Box::new(companies::events(self.seed, self.companies())),
            "geospatial.place" => Box::new(places::places(self.seed, self.places())),
            "economy.observation" => Box::new(economy::observations(self.seed)),
            _ => return None,
        })
    }

    /// How many rows a dataset has: counted, which for households takes about a second a million people.
    #[must_use]
    pub fn count(&self, dataset: &str) -> u64 {
        match dataset {
            "population.person" => self.people,
            "population.household" => people::household_count(self.seed, self.people),
            "legal-entities.entity" => self.companies(),
            "credit.event" => companies::event_count(self.seed, self.companies()),
            "geospatial.place" => self.places() + map::districts().len() as u64,
            "economy.observation" => economy::observations(self.seed).count() as u64,
            _ => 0,
        }
    }

    /// One company for twenty people, and 200 at least.
    fn companies(&self) -> u64 {
        (self.people / 20).max(200)
    }

    /// One place for fifty people, and 400 at least.
    fn places(&self) -> u64 {
        (self.people / 50).max(400)
    }
}

/// A row of values, without those that are absent.
macro_rules! row {
    ($($name:literal: $value:expr),+ $(,)?) => {{
        let mut row = $crate::Row::new();
        $(if let Some(value) = $crate::Cell::cell($value) { row.insert($name.to_owned(), value); })+
        row
    }};
}
pub(crate) use row;

/// What can stand in a row.
pub(crate) trait Cell {
    fn cell(self) -> Option<Value>;
}

impl Cell for Value {
    fn cell(self) -> Option<Value> {
        Some(self)
    }
}

impl Cell for &str {
    fn cell(self) -> Option<Value> {
        Some(self.into())
    }
}

impl Cell for String {
    fn cell(self) -> Option<Value> {
        Some(self.into())
    }
}

impl Cell for i64 {
    fn cell(self) -> Option<Value> {
        Some(self.into())
    }
}

impl Cell for Date {
    fn cell(self) -> Option<Value> {
        Some(self.to_string().into())
    }
}

impl<T: Cell> Cell for Option<T> {
    fn cell(self) -> Option<Value> {
        self.and_then(Cell::cell)
    }
}

//! 人口: residents and households.

use super::{About, Fields, open};
use crate::{Caller, Hub, ReadError, Released};

const PERSON: &str = "population.person";
const HOUSEHOLD: &str = "population.household";

/// A registered resident.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Person {
    /// What was released.
    pub about: About,
    /// 18 characters, GB 11643; or masked.
    pub resident_id: Option<String>,
    /// As registered; or masked.
    pub name: Option<String>,
    /// GB/T 2261.1: `1` male, `2` female, `0` unknown, `9` not stated.
    pub sex: Option<String>,
    /// `YYYY-MM-DD`; or the year alone, as the mask says.
    pub birth_date: Option<String>,
    /// Full years, in place of the date of birth, where the mask says so.
    pub age: Option<u16>,
    /// GB/T 3304.
    pub ethnicity: Option<String>,
    /// The division of registration; or its county.
    pub division: Option<String>,
    /// The registered address.
    pub address: Option<String>,
    /// The number of the household.
    pub household: Option<String>,
    /// To the head of the household, GB/T 4761, first digit.
    pub relation: Option<String>,
    /// 11 digits; or masked.
    pub mobile: Option<String>,
    /// `normal`, `moved-out` or `deceased`.
    pub status: Option<String>,
}

impl From<&Released> for Person {
    fn from(released: &Released) -> Self {
        let mut f = Fields::of(released);
        let (birth_date, age) = f.date_or_age("birth_date");
        Self {
            resident_id: f.text("resident_id"),
            name: f.text("name"),
            sex: f.text("sex"),
            birth_date,
            age,
            ethnicity: f.text("ethnicity"),
            division: f.text("division"),
            address: f.text("address"),
            household: f.text("household"),
            relation: f.text("relation"),
            mobile: f.text("mobile"),
            status: f.text("status"),
            about: f.about(),
        }
    }
}

/// A household.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Household {
    /// What was released.
    pub about: About,
    /// Its number.
    pub household: Option<String>,
    /// The resident ID of its head; or masked.
    pub head: Option<String>,
    /// The division.
    pub division: Option<String>,
    /// The address.
    pub address: Option<String>,
    /// How many members it has.
    pub size: Option<u32>,
}

impl From<&Released> for Household {
    fn from(released: &Released) -> Self {
        let mut f = Fields::of(released);
        Self {
            household: f.text("household"),
            head: f.text("head"),
            division: f.text("division"),
            address: f.text("address"),
            size: f.integer("size").and_then(|n| u32::try_from(n).ok()),
            about: f.about(),
        }
    }
}

/// The resident of a resident ID. `fields`: the items that are needed now; none: all that are granted.
///
/// # Errors
/// As [`crate::Open::get`].
pub async fn get(
    hub: &Hub,
    caller: Caller,
    purpose: &str,
    resident_id: &str,
    fields: &[String],
) -> Result<Option<Person>, ReadError> {
    let found = open(hub, caller, PERSON, purpose).await?.get(resident_id, fields, None).await?;
    Ok(found.as_ref().map(Person::from))
}

/// The person who asks.
///
/// # Errors
/// As [`crate::Open::me`].
pub async fn me(hub: &Hub, caller: Caller, purpose: &str, fields: &[String]) -> Result<Option<Person>, ReadError> {
    let found = open(hub, caller, PERSON, purpose).await?.me(fields).await?;
    Ok(found.as_ref().map(Person::from))
}

/// The household of a number.
///
/// # Errors
/// As [`crate::Open::get`].
pub async fn household(
    hub: &Hub,
    caller: Caller,
    purpose: &str,
    number: &str,
    fields: &[String],
) -> Result<Option<Household>, ReadError> {
    let found = open(hub, caller, HOUSEHOLD, purpose).await?.get(number, fields, None).await?;
    Ok(found.as_ref().map(Household::from))
}

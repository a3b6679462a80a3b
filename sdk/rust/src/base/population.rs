//! Population 人口: `population.person` and `population.household`.

use super::Standing;
use crate::backend::{Active, Backend};
use crate::shared::SharedError;

/// A registered resident.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Person {
    /// What was released.
    pub standing: Standing,
    /// 18 characters, GB 11643.
    pub resident_id: Option<String>,
    /// As registered.
    pub name: Option<String>,
    /// GB/T 2261.1: `1` male, `2` female, `0` unknown, `9` not stated.
    pub sex: Option<String>,
    /// `YYYY-MM-DD`, or the year alone where the grant says so.
    pub birth_date: Option<String>,
    /// Full years, where the grant gives the age instead of the date. The item is `birth_date`.
    pub age: Option<u16>,
    /// The code of GB/T 3304.
    pub ethnicity: Option<String>,
    /// The division of registration.
    pub division: Option<String>,
    /// The registered address.
    pub address: Option<String>,
    /// The number of the household.
    pub household: Option<String>,
    /// To the head of the household: the first digit of GB/T 4761, `0` for the head.
    pub relation: Option<String>,
    /// 11 digits.
    pub mobile: Option<String>,
    /// `normal`, `moved-out` or `deceased`.
    pub status: Option<String>,
}

/// A household.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Household {
    /// What was released.
    pub standing: Standing,
    /// Its number.
    pub number: Option<String>,
    /// The resident ID of its head.
    pub head: Option<String>,
    /// The division.
    pub division: Option<String>,
    /// The address.
    pub address: Option<String>,
    /// How many members it has.
    pub size: Option<u32>,
}

/// The resident of a resident ID. Name the items that are needed now; none: all that are granted.
///
/// # Errors
/// [`SharedError`].
pub fn get(purpose: &str, resident_id: &str, items: &[&str]) -> Result<Option<Person>, SharedError> {
    Active::person(purpose, resident_id, items)
}

/// The resident who asks; the app need not know their resident ID.
///
/// # Errors
/// [`SharedError`].
pub fn me(purpose: &str, items: &[&str]) -> Result<Option<Person>, SharedError> {
    Active::own_person(purpose, items)
}

/// The household of a number. The purpose is one for `population.household`.
///
/// # Errors
/// [`SharedError`].
pub fn household(purpose: &str, number: &str, items: &[&str]) -> Result<Option<Household>, SharedError> {
    Active::household(purpose, number, items)
}

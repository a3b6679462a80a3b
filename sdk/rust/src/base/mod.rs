//! The five base databases of the city's information hub, typed.
//!
//! Each is a view of datasets of [`shared`](crate::shared), and what is said there holds here: grant,
//! role, purpose and consent are checked at each call, and reads of personal data are in the log.
//!
//! Every item of a record is an `Option`. In [`Standing::released`] and `None`: not on record. Not in it:
//! not granted. In [`Standing::present`]: on record, and the grant lets no more be told.
//!
//! ```no_run
//! # use yunlong_sdk::{web, base::population};
//! # fn f() -> web::Result<bool> {
//! let Some(me) = population::me("concession-check", &["birth_date"])? else { return Ok(false) };
//! Ok(me.age.is_some_and(|age| age >= 60))
//! # }
//! ```

pub mod credit;
pub mod economy;
pub mod geospatial;
pub mod legal_entities;
pub mod population;

/// How a record stands, and what of it was released.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// The record's opaque reference in this installation.
    pub reference: String,
    /// The record's version, as [`shared`](crate::shared) gives it: to be compared for equality alone.
    pub version: u64,
    /// From when it holds, `YYYY-MM-DD`.
    pub valid_from: String,
    /// The first day on which it no longer holds; `None` while it holds.
    pub valid_to: Option<String>,
    /// Names of the items that are granted, whether they are on record or not.
    pub released: Vec<String>,
    /// Names of the items that are on record while the grant tells no more than that.
    pub present: Vec<String>,
}

/// A page of records.
#[derive(Clone, Debug, PartialEq)]
pub struct Page<T> {
    /// The records.
    pub items: Vec<T>,
    /// The cursor for the next page; `None` when there is no more. A page may be short and have a next one.
    pub next: Option<String>,
}

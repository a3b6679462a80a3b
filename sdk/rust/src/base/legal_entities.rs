//! Legal entities 法人: `legal-entities.entity`.

use super::{Page, Standing};
use crate::backend::{Active, Backend};
use crate::shared::SharedError;

/// A legal entity or another organization.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Entity {
    /// What was released.
    pub standing: Standing,
    /// The unified social credit code: 18 characters, GB 32100.
    pub uscc: Option<String>,
    /// The registered name.
    pub name: Option<String>,
    /// `company`, `sole-trader`, `farmers-cooperative`, `institution`, `government` or `association`.
    pub kind: Option<String>,
    /// The legal representative's name.
    pub representative: Option<String>,
    /// The section of GB/T 4754-2017, `A` to `S`.
    pub industry: Option<String>,
    /// The division of the seat.
    pub division: Option<String>,
    /// The seat.
    pub address: Option<String>,
    /// The registered capital in fen.
    pub capital: Option<i64>,
    /// `YYYY-MM-DD`.
    pub founded: Option<String>,
    /// `active`, `revoked` (the licence was taken away) or `cancelled`.
    pub status: Option<String>,
}

/// Which entities are looked for. The items that are asked by must be granted without a mask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which<'a> {
    /// Those of this registered name, letter by letter.
    Named(&'a str),
    /// Those whose seat is in a division, or in one that lies in it.
    Division(&'a str),
    /// Those of an industry whose seat is in a division.
    Industry {
        /// The section of GB/T 4754-2017, `A` to `S`.
        section: &'a str,
        /// The division, and all that lie in it.
        division: &'a str,
    },
}

/// The entity of a unified social credit code; `None` when there is none.
///
/// # Errors
/// [`SharedError`].
pub fn get(purpose: &str, uscc: &str) -> Result<Option<Entity>, SharedError> {
    Active::entity(purpose, uscc)
}

/// Finds entities, a page at a time.
///
/// # Errors
/// [`SharedError`].
pub fn find(purpose: &str, which: Which<'_>, cursor: Option<&str>) -> Result<Page<Entity>, SharedError> {
    Active::entities(purpose, which, cursor)
}

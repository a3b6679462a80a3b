//! Credit 信用: `credit.event`, what is on record about the conduct of entities.

use super::{Page, Standing};
use crate::backend::{Active, Backend};
use crate::shared::SharedError;
use std::collections::BTreeMap;

/// Something that was decided about an entity.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Event {
    /// What was released.
    pub standing: Standing,
    /// Its number.
    pub number: Option<String>,
    /// The entity.
    pub uscc: Option<String>,
    /// `licence`, `penalty`, `honour`, `performance` or `breach`.
    pub kind: Option<String>,
    /// When it was decided, `YYYY-MM-DD`.
    pub date: Option<String>,
    /// The last day on which it is in force or is shown, `YYYY-MM-DD`.
    pub until: Option<String>,
    /// Who decided it.
    pub authority: Option<String>,
    /// What it says.
    pub content: Option<String>,
    /// In fen.
    pub amount: Option<i64>,
    /// The division.
    pub division: Option<String>,
}

/// The events about an entity, the oldest first, of these kinds; all kinds when none is named.
///
/// # Errors
/// [`SharedError`].
pub fn events(purpose: &str, uscc: &str, kinds: &[&str], cursor: Option<&str>) -> Result<Page<Event>, SharedError> {
    Active::events(purpose, uscc, kinds, cursor)
}

/// How many events of each kind are in force today; kinds without any are left out.
///
/// # Errors
/// [`SharedError`].
pub fn summary(purpose: &str, uscc: &str) -> Result<BTreeMap<String, u32>, SharedError> {
    Active::credit_summary(purpose, uscc)
}

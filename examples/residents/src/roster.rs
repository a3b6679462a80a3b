//! What is read of the population base database, and for what.

use crate::schemas::{self, PopulationPersonCommunityRoster, ReleasedDate};
use yunlong_sdk::shared::{Dataset, Index, Released, SharedError};

const DATASET: &str = "population.person";
/// The purposes, as `app.toml` declares them: a dataset is opened for one of them.
pub(crate) const ROSTER: &str = "community-roster";
const OWN: &str = "own-entry";
/// An index of the catalogue. Its items must be granted.
const BY_DIVISION: Index<'static> = Index(&["division"]);
/// Each record of a page is a read that the resident sees under "My data": no more than a screen shows.
const PAGE: u32 = 20;

/// A resident on the roster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resident {
    /// The record's reference in this installation; no other one has it.
    pub reference: String,
    /// The name, as the grant gives it: whole, or `张*`.
    pub name: Option<String>,
    /// When they were born, as far as the grant tells.
    pub born: Born,
}

/// A date of birth behind whatever mask the provider chose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Born {
    /// A date, or a year alone.
    On(String),
    /// The age today.
    Aged(i64),
    /// Not granted, or not on record.
    Unknown,
}

// ANCHOR: page
/// A page of the residents of a community, and where the next one begins.
pub(crate) fn page(community: &str, after: Option<String>) -> Result<(Vec<Resident>, Option<String>), SharedError> {
    let people = Dataset::open(DATASET, ROSTER)?;
    // The fields that this page shows, by name: what is not asked for is not read and not in the log.
    let found = people.query(&BY_DIVISION.equals(community).limit(PAGE).after(after), &["name", "birth_date"])?;
    Ok((found.records.iter().map(resident).collect::<Result<_, _>>()?, found.next))
}
// ANCHOR_END: page

// ANCHOR: own
/// The entry of the person who asks: name and address. The app never learns their number.
pub(crate) fn own() -> Result<Option<Released>, SharedError> {
    Dataset::open(DATASET, OWN)?.me(&["name", "address"])
}
// ANCHOR_END: own

// ANCHOR: resident
fn resident(record: &Released) -> Result<Resident, SharedError> {
    // `yunlong bindgen` made the type of `app.toml`; each mask that the provider may choose is a case of it.
    let known: PopulationPersonCommunityRoster = record.decode()?;
    let born = match known.birth_date {
        Some(ReleasedDate::Date(date)) => Born::On(date),
        Some(ReleasedDate::Age(age)) => Born::Aged(age),
        Some(ReleasedDate::OnRecord(_)) | None => Born::Unknown,
    };
    let name = match known.name {
        Some(schemas::Released::Value(name)) => Some(name),
        Some(schemas::Released::OnRecord(_)) | None => None,
    };
    Ok(Resident { reference: record.reference.clone(), name, born })
}
// ANCHOR_END: resident

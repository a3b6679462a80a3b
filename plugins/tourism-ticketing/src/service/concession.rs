//! The buyer's own age for a reduced price, from their record in the city's population database.
//!
//! The record is read with the buyer's consent, for this purpose alone; the buyer sees each read on
//! the portal. The provider may grant the date of birth, or no more than the age today.

use super::Refusal;
use crate::domain::time::Date;
use crate::domain::visitor::FieldError;
use yunlong_sdk::Text;
use yunlong_sdk::money::yuan;
use yunlong_sdk::shared::{Dataset, SharedError};

/// The dataset, as `app.toml` declares it.
pub const DATASET: &str = "population.person";
/// The purpose, which is also the name of the consent.
pub const PURPOSE: &str = "concession-check";
/// The one field that is read.
pub const FIELD: &str = "birth_date";

/// What the record tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Known {
    /// The date of birth.
    Born(Date),
    /// The whole years of age today: the grant gives no more.
    Aged(i32),
}

/// Why the age is not known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unknown {
    /// The buyer can do something about it: sign in, consent.
    Ask(SharedError),
    /// The database has no record of the buyer, or none with a date of birth.
    NoRecord,
    /// The city does not, or no longer, release it to this app.
    NotReleased,
    /// The hub fails.
    Failed(SharedError),
}

/// The age of whoever asks.
///
/// # Errors
/// [`Unknown`].
pub fn own() -> Result<Known, Unknown> {
    let read = Dataset::open(DATASET, PURPOSE).and_then(|d| d.me(&[FIELD]));
    let record = match read {
        Ok(record) => record.ok_or(Unknown::NoRecord)?,
        Err(e @ (SharedError::NotSignedIn | SharedError::ConsentRequired(_))) => return Err(Unknown::Ask(e)),
        // The account is not bound to a resident, so that there is no record of its own.
        Err(SharedError::RowNotGranted) => return Err(Unknown::NoRecord),
        Err(e) if e.is_about_the_grant() => return Err(Unknown::NotReleased),
        Err(e) => return Err(Unknown::Failed(e)),
    };
    if let Some(age) = record.integer(FIELD).and_then(|a| i32::try_from(a).ok()) {
        return Ok(Known::Aged(age));
    }
    match record.text(FIELD).map(str::parse) {
        Some(Ok(born)) => Ok(Known::Born(born)),
        // A year alone decides nothing.
        Some(Err(_)) => Err(Unknown::NotReleased),
        None => Err(Unknown::NoRecord),
    }
}

impl Known {
    /// Whether a document with this date of birth can be the buyer's own.
    #[must_use]
    pub fn fits(self, document: Date, today: Date) -> bool {
        match self {
            Self::Born(born) => born == document,
            Self::Aged(age) => today.age_of(document) == age,
        }
    }

    /// The ages that the buyer may have on a day: one, unless a birthday in between is not known.
    #[must_use]
    pub fn ages_on(self, day: Date) -> Vec<i32> {
        match self {
            Self::Born(born) => vec![day.age_of(born)],
            Self::Aged(age) => vec![age, age + 1],
        }
    }
}

impl Unknown {
    /// As the buyer of this visitor's ticket reads it; `full` is the price without reduction, in fen.
    #[must_use]
    pub fn refusal(self, visitor: usize, full: u64) -> Refusal {
        let text = match self {
            Self::Ask(e) | Self::Failed(e) => return Refusal::Other(e.into()),
            Self::NoRecord => Text::new(
                format!(
                    "人口信息库中没有您的出生日期，无法核对年龄。可以按全价 {} 元购票；信息有误时，请在城市门户“我的数据”申请更正。",
                    yuan(full)
                ),
                format!(
                    "The population database holds no date of birth of yours, so that your age cannot be checked. You can buy at the full price of {} yuan; ask for a correction under “My data” on the city portal.",
                    yuan(full)
                ),
            ),
            Self::NotReleased => Text::new(
                format!(
                    "人口信息的提供部门目前没有授权本应用核对年龄，暂不能购买这种优惠票。可以按全价 {} 元购票。",
                    yuan(full)
                ),
                format!(
                    "The provider of the population database does not release ages to this app at present, so that this reduced ticket cannot be sold. You can buy at the full price of {} yuan.",
                    yuan(full)
                ),
            ),
        };
        Refusal::Fields(vec![FieldError::new(format!("/visitors/{visitor}/concession"), text)])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn date(text: &str) -> Date {
        text.parse().unwrap()
    }

    #[test]
    fn an_age_without_a_date_fits_the_documents_that_have_it_today() {
        let today = date("2026-11-24");
        for (born, fits) in [("1966-11-24", true), ("1966-11-25", false), ("1965-11-25", true), ("1965-11-24", false)] {
            assert_eq!(Known::Aged(60).fits(date(born), today), fits, "{born}");
        }
        assert_eq!(Known::Aged(59).ages_on(date("2026-11-30")), [59, 60], "a birthday may come before the visit");
        assert!(Known::Born(date("1966-11-25")).fits(date("1966-11-25"), today));
        assert_eq!(Known::Born(date("1966-11-25")).ages_on(date("2026-11-25")), [60]);
    }
}

//! Companies that borrow: the file that a bank opens, the consent to look at the credit record, and what the record
//! says.

use super::refused::Refused;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A company's file at a bank.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Borrower {
    /// The bank's organization, a slash and the company's USCC.
    pub id: String,
    /// The bank.
    pub bank: String,
    /// The company's USCC.
    pub uscc: String,
    /// Its registered name when the file was opened.
    pub name: String,
    /// The version of its record in the register then.
    #[serde(default)]
    pub version: u64,
    /// Who opened the file: this person decides on none of its loans.
    pub opened_by: String,
    /// Milliseconds of UTC.
    pub opened_at: i64,
}

impl Borrower {
    /// The id of a company's file at a bank.
    #[must_use]
    pub fn key(bank: &str, uscc: &str) -> String {
        format!("{bank}/{uscc}")
    }
}

/// A company's consent that a bank looks at its credit record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Consent {
    /// As of [`Borrower`].
    pub id: String,
    /// The bank.
    pub bank: String,
    /// The company's USCC.
    pub borrower: String,
    /// Who gave it for the company.
    pub given_by: String,
    /// The mandate under which they did.
    pub mandate: String,
    /// Milliseconds of UTC.
    pub given_at: i64,
    /// Until when it holds: milliseconds of UTC.
    pub until: i64,
    /// When it was taken back: milliseconds of UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub withdrawn_at: Option<i64>,
}

impl Consent {
    /// Whether it holds at a time.
    #[must_use]
    pub fn stands(&self, now: i64) -> bool {
        self.withdrawn_at.is_none() && now < self.until
    }

    /// # Errors
    /// [`Refused::NoConsent`] unless there is one that holds.
    pub fn needed(consent: Option<&Self>, borrower: &str, bank: &str, now: i64) -> Result<(), Refused> {
        if consent.is_some_and(|c| c.stands(now)) {
            return Ok(());
        }
        Err(Refused::NoConsent {
            borrower: borrower.to_owned(),
            bank: bank.to_owned(),
            withdrawn: consent.is_some_and(|c| c.withdrawn_at.is_some()),
        })
    }
}

/// How the credit record reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Grade {
    /// Nothing speaks against it.
    A,
    /// Something does, and the bank weighs it.
    B,
    /// Nothing is lent.
    D,
}

/// What a look at the credit record gave. The numbers alone are kept, none of the events.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreditCheck {
    /// Points, 0 to 1,000; see [`CreditCheck::of`].
    pub score: u32,
    /// How it reads.
    pub grade: Grade,
    /// How many events of each kind are in force.
    pub counts: BTreeMap<String, u32>,
    /// Who looked.
    pub by: String,
    /// Milliseconds of UTC.
    pub at: i64,
}

/// What nobody speaks for or against begins with.
const BASE: i64 = 600;

impl CreditCheck {
    /// Reads the events in force, by kind. The formula is open: 600 points, 60 for each honour and 40 for each
    /// contract performed (both up to 200), 10 for each licence (up to 50), 80 less for each penalty, 300 less for
    /// each breach; 0 to 1,000. A breach that is in force is grade D, whatever the points; so are less than 400.
    #[must_use]
    pub fn of(counts: BTreeMap<String, u32>, by: &str, now: i64) -> Self {
        let n = |kind: &str| i64::from(counts.get(kind).copied().unwrap_or(0));
        let points =
            BASE + (60 * n("honour")).min(200) + (40 * n("performance")).min(200) + (10 * n("licence")).min(50)
                - 80 * n("penalty")
                - 300 * n("breach");
        let score = u32::try_from(points.clamp(0, 1_000)).unwrap_or(0);
        let grade = match (n("breach"), score) {
            (1.., _) | (_, ..400) => Grade::D,
            (_, 600..) => Grade::A,
            _ => Grade::B,
        };
        Self { score, grade, counts, by: by.to_owned(), at: now }
    }

    /// # Errors
    /// [`Refused::Credit`] with the reasons when nothing may be lent on it.
    pub fn passes(&self) -> Result<(), Refused> {
        if self.grade != Grade::D {
            return Ok(());
        }
        let breach = self.counts.get("breach").is_some_and(|n| *n > 0);
        Err(Refused::Credit(if breach { vec!["breach-in-force"] } else { vec!["score-too-low"] }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(counts: &[(&str, u32)]) -> CreditCheck {
        CreditCheck::of(counts.iter().map(|(k, n)| ((*k).to_owned(), *n)).collect(), "p-1", 0)
    }

    #[test]
    fn the_formula_reads_the_record() {
        for (counts, score, grade) in [
            (&[][..], 600, Grade::A),
            (&[("honour", 2), ("performance", 9), ("licence", 1)][..], 930, Grade::A),
            (&[("penalty", 1)][..], 520, Grade::B),
            (&[("penalty", 3)][..], 360, Grade::D),
            (&[("breach", 1), ("honour", 9), ("performance", 9)][..], 700, Grade::D),
            (&[("breach", 9)][..], 0, Grade::D),
        ] {
            let c = check(counts);
            assert_eq!((c.score, c.grade), (score, grade), "{counts:?}");
        }
        assert_eq!(check(&[("breach", 1)]).passes(), Err(Refused::Credit(vec!["breach-in-force"])));
        assert_eq!(check(&[("penalty", 3)]).passes(), Err(Refused::Credit(vec!["score-too-low"])));
    }

    #[test]
    fn a_consent_ends_at_its_time_and_when_it_is_taken_back() {
        let c = Consent {
            id: Borrower::key("B", "A"),
            bank: "B".into(),
            borrower: "A".into(),
            given_by: "p".into(),
            mandate: "m".into(),
            given_at: 0,
            until: 100,
            withdrawn_at: None,
        };
        assert!(c.stands(99) && !c.stands(100));
        let back = Consent { withdrawn_at: Some(5), ..c };
        let refused = |withdrawn| Err(Refused::NoConsent { borrower: "A".into(), bank: "B".into(), withdrawn });
        assert_eq!(Consent::needed(Some(&back), "A", "B", 6), refused(true));
        assert_eq!(Consent::needed(None, "A", "B", 6), refused(false));
    }
}

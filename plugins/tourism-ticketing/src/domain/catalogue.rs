//! What is sold: attractions with their timetable, and products over them.

use super::refund::{self, RefundTier};
use super::time::{Clock, Date};
use serde::{Deserialize, Serialize};
use yunlong_sdk::Text;

/// What kind of place takes people in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PlaceKind {
    /// An attraction: a session is an admission period, its cap the people in it.
    #[default]
    Site,
    /// A coach line of the distribution centre: a session is a trip from its departure to its
    /// arrival, its cap the seats.
    Coach,
}

impl PlaceKind {
    /// Every kind.
    pub const ALL: [Self; 2] = [Self::Site, Self::Coach];

    /// As documents and the API write it.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Site => "site",
            Self::Coach => "coach",
        }
    }
}

/// A place that takes people in by the slot: an attraction, or a coach line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attraction {
    /// A slug, such as `guishan`; also the document's id.
    pub id: String,
    /// What kind of place.
    #[serde(default)]
    pub kind: PlaceKind,
    /// Its name.
    pub name: Text,
    /// A sentence about it.
    pub about: Text,
    /// Where it is.
    pub address: Text,
    /// The division's code (GB/T 2260), such as 320302.
    pub district: String,
    /// Who runs it and receives the money: a USCC (GB 32100).
    pub operator: String,
    /// The operator's name, as statements show it.
    pub operator_name: Text,
    /// The sessions of an ordinary day.
    pub sessions: Vec<Session>,
    /// Weekdays without admission: 1 for Monday to 7 for Sunday.
    #[serde(default)]
    pub closed_weekdays: Vec<u8>,
    /// At most so many people on one day.
    pub daily_cap: u32,
    /// At most so many people on site at once; no bound when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instant_cap: Option<u32>,
    /// How long a visitor usually stays, in minutes: tells how many are on site.
    #[serde(default = "two_hours")]
    pub stay_minutes: u32,
    /// Its gates; any name goes when there are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gates: Vec<Gate>,
    /// The path of a small picture among the app's assets.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub picture: Option<String>,
    /// Whether it appears in the list and sells.
    #[serde(default = "yes")]
    pub active: bool,
    /// Its place in lists.
    #[serde(default)]
    pub rank: u32,
}

fn yes() -> bool {
    true
}

fn two_hours() -> u32 {
    120
}

/// A gate of an attraction.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gate {
    /// Its name, as records show it.
    pub name: String,
    /// The subjects of the officers who work at it; everybody with the role when there are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub officers: Vec<String>,
}

/// Why nobody is admitted at a gate.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WrongGate {
    /// The attraction has gates, and this is none of them.
    #[error("the attraction has no such gate; it has: {}", .0.join(", "))]
    Unknown(Vec<String>),
    /// The gate has officers, and this is none of them.
    #[error("the officer does not work at this gate; theirs are: {}", .0.join(", "))]
    OtherOfficers(Vec<String>),
}

impl Attraction {
    /// Whether an officer works at a gate of this name.
    ///
    /// # Errors
    /// [`WrongGate`] names the gates to choose from.
    pub fn gate_of(&self, name: &str, officer: &str) -> Result<(), WrongGate> {
        if self.gates.is_empty() {
            return Ok(());
        }
        let serves = |g: &Gate| g.officers.is_empty() || g.officers.iter().any(|o| o == officer);
        let names = |which: &dyn Fn(&&Gate) -> bool| self.gates.iter().filter(which).map(|g| g.name.clone()).collect();
        match self.gates.iter().find(|g| g.name == name) {
            Some(gate) if serves(gate) => Ok(()),
            Some(_) => Err(WrongGate::OtherOfficers(names(&|g| serves(g)))),
            None => Err(WrongGate::Unknown(names(&|_| true))),
        }
    }
}

/// One admission period of a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// From.
    pub start: Clock,
    /// Until; a time that is not after `start` is of the next day.
    pub end: Clock,
    /// At most so many people.
    pub cap: u32,
}

/// What is different on one day; the document's id is [`DayPlan::key`]. Absent fields are as
/// on an ordinary day.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DayPlan {
    /// `attraction/date`.
    #[serde(default)]
    pub id: String,
    /// `false` closes the day, `true` opens a weekday that is otherwise closed (a public
    /// holiday on a Monday).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub open: Option<bool>,
    /// Why, as visitors read it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Text>,
    /// Another daily cap.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub daily_cap: Option<u32>,
    /// Another timetable.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sessions: Option<Vec<Session>>,
}

impl DayPlan {
    /// The id of the document for an attraction's day.
    #[must_use]
    pub fn key(attraction: &str, date: Date) -> String {
        format!("{attraction}/{date}")
    }
}

/// How a product is put together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ProductKind {
    /// One attraction.
    Single,
    /// Several attractions at one price, all or nothing.
    Joint,
    /// Attractions with the coach that leads to them, at one price, all or nothing.
    Package,
}

impl ProductKind {
    /// Every kind.
    pub const ALL: [Self; 3] = [Self::Single, Self::Joint, Self::Package];

    /// As documents and the API write it.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Single => "single",
            Self::Joint => "joint",
            Self::Package => "package",
        }
    }
}

/// One attraction of a product.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Component {
    /// The attraction's id.
    pub attraction: String,
    /// Its part of the price, in proportion to the other weights.
    pub weight: u64,
}

/// How the age of a concession is proven.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Proof {
    /// By the buyer's own record in the population database, read by their consent: for the buyer's
    /// own ticket.
    #[default]
    Account,
    /// By the resident ID that was typed, which the gate looks at: for children, who have no
    /// account.
    Document,
}

impl Proof {
    /// Every way.
    pub const ALL: [Self; 2] = [Self::Account, Self::Document];

    /// As documents and the API write it.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Account => "account",
            Self::Document => "document",
        }
    }
}

/// Who pays less.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Concession {
    /// A stable code, such as `senior-60`.
    pub code: String,
    /// What people read.
    pub title: Text,
    /// From this age on the day of the visit, in whole years.
    #[serde(default)]
    pub min_age: i32,
    /// Below this age on the day of the visit; no bound when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub below_age: Option<i32>,
    /// How the age is proven.
    #[serde(default)]
    pub proof: Proof,
    /// Per cent of the full price: 50 for half, 0 for free. A part of a fen is dropped.
    pub percent: u8,
}

/// When a product is sold and for which days, the last day included; no bound where one is absent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Validity {
    /// The first day of sales.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sale_from: Option<Date>,
    /// The last day of sales.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sale_until: Option<Date>,
    /// The first day of visits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub visit_from: Option<Date>,
    /// The last day of visits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub visit_until: Option<Date>,
}

impl Validity {
    /// Whether it bounds nothing.
    #[must_use]
    pub fn is_unbounded(&self) -> bool {
        *self == Self::default()
    }

    /// Whether it is sold on a day.
    #[must_use]
    pub fn sells_on(&self, day: Date) -> bool {
        within(day, self.sale_from, self.sale_until)
    }

    /// Whether a day may be visited with it.
    #[must_use]
    pub fn covers(&self, day: Date) -> bool {
        within(day, self.visit_from, self.visit_until)
    }
}

fn within(day: Date, from: Option<Date>, until: Option<Date>) -> bool {
    from.is_none_or(|f| f <= day) && until.is_none_or(|u| day <= u)
}

/// Something that can be ordered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Product {
    /// A slug; also the document's id.
    pub id: String,
    /// Its name.
    pub name: Text,
    /// How it is put together.
    pub kind: ProductKind,
    /// The attractions.
    pub components: Vec<Component>,
    /// Fen for one visitor. 0 is a free ticket that must still be booked.
    pub price: u64,
    /// Reduced prices, the best of which applies.
    #[serde(default)]
    pub concessions: Vec<Concession>,
    /// What returns when a ticket is given back, by the time before its slot begins.
    #[serde(default = "refund::until_the_start")]
    pub refund_tiers: Vec<RefundTier>,
    /// When it is sold, and for which days.
    #[serde(default, skip_serializing_if = "Validity::is_unbounded")]
    pub validity: Validity,
    /// Whether an ID can hold only one ticket for an attraction and slot.
    #[serde(default = "yes")]
    pub one_id: bool,
    /// Whether it is sold.
    #[serde(default = "yes")]
    pub active: bool,
    /// Its place in lists.
    #[serde(default)]
    pub rank: u32,
}

impl Product {
    /// The id of an attraction's own single product.
    #[must_use]
    pub fn single_id(attraction: &str) -> String {
        format!("{attraction}-single")
    }

    /// The best concession for a visitor of this age, proven this way.
    #[must_use]
    pub fn concession_for(&self, age: i32, proof: Proof) -> Option<&Concession> {
        let fits = |c: &&Concession| c.proof == proof && age >= c.min_age && c.below_age.is_none_or(|b| age < b);
        self.concessions.iter().filter(fits).min_by_key(|c| c.percent)
    }

    /// Whether it has a concession that is proven this way.
    #[must_use]
    pub fn has_concession(&self, proof: Proof) -> bool {
        self.concessions.iter().any(|c| c.proof == proof)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::sample;

    #[test]
    fn an_attraction_without_gates_takes_any_name_and_one_with_gates_its_own() {
        let mut a = sample::attraction("guishan");
        assert_eq!(a.gate_of("gate", "o-1"), Ok(()));
        let gate = |name: &str, officers: &[&str]| Gate {
            name: name.into(),
            officers: officers.iter().map(|o| (*o).to_owned()).collect(),
        };
        a.gates = vec![gate("东门", &[]), gate("西门", &["o-2"])];
        assert_eq!((a.gate_of("东门", "o-1"), a.gate_of("西门", "o-2")), (Ok(()), Ok(())));
        assert_eq!(a.gate_of("南门", "o-1"), Err(WrongGate::Unknown(vec!["东门".into(), "西门".into()])));
        assert_eq!(a.gate_of("西门", "o-1"), Err(WrongGate::OtherOfficers(vec!["东门".into()])));
    }

    #[test]
    fn a_validity_holds_to_its_last_day() {
        let day = |s: &str| s.parse::<Date>().unwrap();
        let v = Validity {
            sale_from: Some(day("2026-11-01")),
            sale_until: Some(day("2026-11-30")),
            visit_from: None,
            visit_until: Some(day("2026-12-31")),
        };
        assert!(v.sells_on(day("2026-11-01")) && v.sells_on(day("2026-11-30")));
        assert!(!v.sells_on(day("2026-10-31")) && !v.sells_on(day("2026-12-01")));
        assert!(v.covers(day("2020-01-01")) && v.covers(day("2026-12-31")) && !v.covers(day("2027-01-01")));
        assert!(Validity::default().sells_on(day("2026-11-01")));
    }

    #[test]
    fn what_was_written_before_these_fields_is_read() {
        let mut old = serde_json::to_value(sample::attraction("guishan")).unwrap();
        for field in ["instant_cap", "stay_minutes", "gates"] {
            old.as_object_mut().unwrap().remove(field);
        }
        let read: Attraction = serde_json::from_value(old).unwrap();
        assert_eq!((read.instant_cap, read.stay_minutes, read.gates.len()), (None, 120, 0));
    }
}

//! The five base databases as typed views over [`Open`]: what the interfaces of `city:base` answer.
//!
//! A view opens the dataset for the purpose, reads, and puts what was released into a record of that
//! dataset. It decides nothing: every right, consent and mask is [`Open`]'s, and so is the log. Every item
//! of a record is optional. Absent from [`About::released`]: not granted. Released and `None`: not on
//! record, or, in [`About::present`], on record and masked to that.

pub mod credit;
pub mod economy;
pub mod geospatial;
pub mod legal_entities;
pub mod population;

use crate::{Bound, Caller, Denial, Hub, Open, Query, ReadError, Released};
use serde_json::Value;
use yunlong_formats::DivisionCode;

/// What every typed record begins with.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct About {
    /// The record's opaque reference in the installation.
    pub reference: String,
    /// The record's version.
    pub version: u64,
    /// The day from which it holds.
    pub valid_from: String,
    /// The first day on which it no longer holds.
    pub valid_to: Option<String>,
    /// Names of the items that were released.
    pub released: Vec<String>,
    /// Names of the items that have a value of which no more may be told.
    pub present: Vec<String>,
}

/// A page of typed records.
#[derive(Clone, Debug, PartialEq)]
pub struct TypedPage<T> {
    /// The records.
    pub records: Vec<T>,
    /// Where to go on; `None` when there is no more. A page may be short and have a next one.
    pub next: Option<String>,
}

/// Takes released fields apart.
struct Fields<'a> {
    released: &'a Released,
    present: Vec<String>,
}

impl<'a> Fields<'a> {
    fn of(released: &'a Released) -> Self {
        Self { released, present: Vec::new() }
    }

    /// A value, as `f` takes it. No base dataset has an item that is a boolean, so a `true` is what a mask
    /// left of a value; what `f` does not take tells no more than that either.
    fn value<T>(&mut self, item: &str, f: impl FnOnce(&'a Value) -> Option<T>) -> Option<T> {
        let value = self.released.body.get(item).filter(|v| !v.is_null())?;
        let taken = f(value);
        if taken.is_none() {
            self.present.push(item.to_owned());
        }
        taken
    }

    fn text(&mut self, item: &str) -> Option<String> {
        self.value(item, |v| v.as_str().map(str::to_owned))
    }

    fn integer(&mut self, item: &str) -> Option<i64> {
        self.value(item, Value::as_i64)
    }

    fn number(&mut self, item: &str) -> Option<f64> {
        self.value(item, Value::as_f64)
    }

    /// A date and, where the mask makes one of it, an age in years.
    fn date_or_age(&mut self, item: &str) -> (Option<String>, Option<u16>) {
        let date = |v: &Value| v.as_str().map(|t| (Some(t.to_owned()), None));
        let age = |v: &Value| v.as_u64().and_then(|n| u16::try_from(n).ok()).map(|n| (None, Some(n)));
        self.value(item, |v| date(v).or_else(|| age(v))).unwrap_or_default()
    }

    /// What all records begin with; to be called when every item was taken.
    fn about(self) -> About {
        let r = self.released;
        let mut released: Vec<String> = r.body.keys().chain(&r.unrecorded).cloned().collect();
        released.sort_unstable();
        released.dedup();
        About {
            reference: r.reference.clone(),
            version: r.version,
            valid_from: r.valid_from.clone(),
            valid_to: r.valid_to.clone(),
            released,
            present: self.present,
        }
    }
}

/// A query over an index.
fn over(index: &[&str], equals: Vec<Value>, cursor: Option<String>) -> Query {
    Query { index: index.iter().map(|&i| i.to_owned()).collect(), equals, limit: PAGE, cursor, ..Query::default() }
}

/// The same, of a division and what lies in it: codes that begin with its significant digits.
fn within(mut query: Query, division: &DivisionCode) -> Query {
    let digits = division.significant();
    query.lower = Some(Bound { value: digits.into(), inclusive: true });
    // `:` is the character behind `9`.
    query.upper = Some(Bound { value: format!("{digits}:").into(), inclusive: false });
    query
}

fn division(code: &str) -> Result<DivisionCode, ReadError> {
    DivisionCode::parse(code).map_err(|e| ReadError::Invalid(e.to_string()))
}

/// Records of a page.
const PAGE: usize = 200;

/// Opens a base dataset.
async fn open(hub: &Hub, caller: Caller, dataset: &str, purpose: &str) -> Result<Open, ReadError> {
    hub.open_dataset(caller, dataset, purpose).await
}

/// The denial of an item that a view cannot do without.
fn lacks(item: &str) -> ReadError {
    ReadError::Denied(Denial::Fields(vec![item.to_owned()]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn released(body: Value, unrecorded: &[&str]) -> Released {
        Released {
            reference: "r".into(),
            version: 3,
            body: body.as_object().unwrap().clone(),
            unrecorded: unrecorded.iter().map(|&s| s.to_owned()).collect(),
            valid_from: "2026-01-01".into(),
            valid_to: None,
            sources: Vec::new(),
        }
    }

    #[test]
    fn an_item_that_is_not_granted_differs_from_one_that_is_not_on_record() {
        let person = population::Person::from(&released(json!({ "name": "云小龙" }), &["mobile"]));
        assert_eq!(person.name.as_deref(), Some("云小龙"));
        assert_eq!((person.mobile, person.address), (None, None));
        assert_eq!(person.about.released, ["mobile", "name"]);
        assert_eq!((person.about.version, person.about.reference.as_str()), (3, "r"));
    }

    #[test]
    fn masks_are_told_from_values() {
        let body =
            json!({ "birth_date": 36, "resident_id": "3203**********9999", "mobile": true, "division": "320302" });
        let person = population::Person::from(&released(body, &[]));
        assert_eq!((person.birth_date, person.age), (None, Some(36)));
        assert_eq!(person.resident_id.as_deref(), Some("3203**********9999"));
        assert_eq!((person.mobile, person.about.present), (None, vec!["mobile".to_owned()]));
        let year = population::Person::from(&released(json!({ "birth_date": "1990" }), &[]));
        assert_eq!((year.birth_date.as_deref(), year.age), (Some("1990"), None));
    }

    #[test]
    fn each_database_has_its_record() {
        let household = population::Household::from(&released(json!({ "household": "H1", "size": 3 }), &[]));
        assert_eq!((household.household.as_deref(), household.size), (Some("H1"), Some(3)));
        let entity =
            legal_entities::Entity::from(&released(json!({ "name": "示例公司", "capital": 100_000_000_i64 }), &[]));
        assert_eq!((entity.name.as_deref(), entity.capital), (Some("示例公司"), Some(100_000_000)));
        let event = credit::Event::from(&released(json!({ "kind": "penalty", "amount": true }), &[]));
        assert_eq!((event.kind.as_deref(), event.amount), (Some("penalty"), None));
        assert_eq!(event.about.present, ["amount"]);
        let point = json!({ "type": "Point", "coordinates": [117.18, 34.26] });
        let place = geospatial::Place::from(&released(json!({ "place": "p", "geometry": point }), &[]));
        assert_eq!(place.geometry.as_deref(), Some(point.to_string().as_str()));
        let figure = economy::Observation::from(&released(json!({ "value": 1.5, "period": "2025-Q3" }), &[]));
        assert_eq!((figure.value, figure.period.as_deref()), (Some(1.5), Some("2025-Q3")));
    }

    #[test]
    fn a_division_asks_for_what_lies_in_it() {
        let query = within(over(&["division"], vec![], None), &division("320300").unwrap());
        assert_eq!(query.lower.unwrap().value, json!("3203"));
        assert_eq!(query.upper.unwrap().value, json!("3203:"));
        assert!(matches!(division("3203001"), Err(ReadError::Invalid(_))));
    }
}

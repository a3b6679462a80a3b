//! What a value is to be: the conditions of scenarios and invariants.

use crate::values::{self, Unfilled, Vars};
use serde::Deserialize;
use serde_json::Value;
use std::cmp::Ordering;
use std::collections::BTreeMap;

/// Conditions by path, as in `where = { state = "issued", total = { at_least = 1 } }`. All must hold.
pub(crate) type Conditions = BTreeMap<String, Condition>;

/// A condition: a scalar or a list that the value is to equal, or one of the words.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged, expecting = "a value, or one of: is, not, in, at_least, at_most, exists, contains, length")]
pub(crate) enum Condition {
    /// Equals. First: a list would be taken for the words in their order.
    Is(Plain),
    /// One of the words.
    Words(Words),
}

/// A value that is no table.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub(crate) enum Plain {
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(String),
    List(Vec<Value>),
}

/// The words. Those that are there must all hold.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Words {
    is: Option<Value>,
    not: Option<Value>,
    r#in: Option<Vec<Value>>,
    at_least: Option<Value>,
    at_most: Option<Value>,
    exists: Option<bool>,
    contains: Option<String>,
    length: Option<usize>,
}

impl Plain {
    fn value(&self) -> Value {
        match self {
            Self::Bool(b) => (*b).into(),
            Self::Int(n) => (*n).into(),
            Self::Float(n) => (*n).into(),
            Self::Text(s) => s.clone().into(),
            Self::List(items) => items.clone().into(),
        }
    }
}

/// Whether two values are the same; numbers by value.
fn same(a: &Value, b: &Value) -> bool {
    match (a.as_f64(), b.as_f64()) {
        (Some(x), Some(y)) => (x - y).abs() < f64::EPSILON,
        _ => a == b,
    }
}

/// The order of two numbers or two texts.
fn order(a: &Value, b: &Value) -> Option<Ordering> {
    match (a, b) {
        (Value::String(x), Value::String(y)) => Some(x.cmp(y)),
        _ => a.as_f64()?.partial_cmp(&b.as_f64()?),
    }
}

impl Condition {
    /// The words, with what was captured put in.
    fn filled(&self, vars: &Vars) -> Result<Words, Unfilled> {
        let words = match self {
            Self::Is(plain) => return Ok(Words { is: Some(values::deep(&plain.value(), vars)?), ..Words::default() }),
            Self::Words(words) => words,
        };
        let fill = |v: &Option<Value>| v.as_ref().map(|v| values::deep(v, vars)).transpose();
        let all = |v: &Vec<Value>| v.iter().map(|v| values::deep(v, vars)).collect::<Result<Vec<_>, _>>();
        Ok(Words {
            is: fill(&words.is)?,
            not: fill(&words.not)?,
            r#in: words.r#in.as_ref().map(all).transpose()?,
            at_least: fill(&words.at_least)?,
            at_most: fill(&words.at_most)?,
            exists: words.exists,
            contains: words.contains.as_ref().map(|part| values::text(part, vars)).transpose()?,
            length: words.length,
        })
    }
}

impl Words {
    /// Whether the values at a path are as they are to be. Of several, each word wants one that fits it, but for
    /// `not`, which wants none. The words are filled.
    fn hold(&self, found: &[&Value]) -> bool {
        let found: Vec<&Value> = found.iter().copied().filter(|v| !v.is_null()).collect();
        let one = |fits: &dyn Fn(&Value) -> bool| found.iter().any(|v| fits(v));
        if let Some(want) = &self.is {
            let fits = match want.as_array().filter(|_| found.len() > 1) {
                Some(all) => all.len() == found.len() && all.iter().zip(&found).all(|(a, b)| same(a, b)),
                None => one(&|v| same(v, want)),
            };
            if !fits {
                return false;
            }
        }
        let size = |v: &Value| match v {
            Value::Array(items) => Some(items.len()),
            Value::String(s) => Some(s.chars().count()),
            _ => None,
        };
        let has = |v: &Value, part: &str| v.as_str().map_or_else(|| v.to_string().contains(part), |s| s.contains(part));
        self.not.as_ref().is_none_or(|not| !one(&|v| same(v, not)))
            && self.r#in.as_ref().is_none_or(|all| one(&|v| all.iter().any(|w| same(v, w))))
            && self.at_least.as_ref().is_none_or(|least| one(&|v| order(v, least).is_some_and(Ordering::is_ge)))
            && self.at_most.as_ref().is_none_or(|most| one(&|v| order(v, most).is_some_and(Ordering::is_le)))
            && self.exists.is_none_or(|exists| exists != found.is_empty())
            && self.contains.as_ref().is_none_or(|part| one(&|v| has(v, part)))
            && self.length.is_none_or(|length| one(&|v| size(v) == Some(length)))
    }
}

/// Conditions that many values are held against: what was captured is put in once.
pub(crate) struct Prepared<'a>(Vec<(&'a str, Result<Words, Unfilled>)>);

impl<'a> Prepared<'a> {
    pub(crate) fn new(conditions: &'a Conditions, vars: &Vars) -> Self {
        Self(conditions.iter().map(|(path, condition)| (path.as_str(), condition.filled(vars))).collect())
    }

    /// Whether all hold of a value. What cannot be filled is an error only where those before it hold.
    pub(crate) fn all(&self, value: &Value) -> Result<bool, Unfilled> {
        for (path, words) in &self.0 {
            if !words.as_ref().map_err(Clone::clone)?.hold(&values::at(value, path)) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// A path and the text that is to be at it, where everything is filled: who has an index by that path need not look
    /// at all values.
    pub(crate) fn text(&self) -> Option<(&'a str, &str)> {
        if self.0.iter().any(|(_, words)| words.is_err()) {
            return None;
        }
        self.0.iter().find_map(|(path, words)| Some((*path, words.as_ref().ok()?.is.as_ref()?.as_str()?)))
    }
}

/// How many comparisons conditions ask for: each entry of a list is one.
pub(crate) fn weight(conditions: &Conditions) -> usize {
    let list = |v: &Option<Value>| v.as_ref().and_then(Value::as_array).map_or(0, Vec::len);
    let one = |condition: &Condition| match condition {
        Condition::Is(Plain::List(items)) => items.len(),
        Condition::Is(_) => 0,
        Condition::Words(w) => w.r#in.as_ref().map_or(0, Vec::len) + list(&w.is) + list(&w.not),
    };
    conditions.values().map(|c| 1 + one(c)).sum()
}

/// Whether all conditions hold of a value.
pub(crate) fn all(conditions: &Conditions, value: &Value, vars: &Vars) -> Result<bool, Unfilled> {
    for (path, condition) in conditions {
        if !condition.filled(vars)?.hold(&values::at(value, path)) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// The first condition that does not hold: its path, and what is there.
pub(crate) fn first_that_fails(
    conditions: &Conditions,
    value: &Value,
    vars: &Vars,
) -> Result<Option<(String, String)>, Unfilled> {
    for (path, condition) in conditions {
        let found = values::at(value, path);
        if !condition.filled(vars)?.hold(&found) {
            let found: Vec<String> = found.iter().map(|v| v.to_string()).collect();
            return Ok(Some((path.clone(), if found.is_empty() { "∅".into() } else { found.join(", ") })));
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn holds(conditions: &str, value: &Value) -> bool {
        let conditions: Conditions = toml::from_str(conditions).unwrap();
        all(&conditions, value, &Vars::from([("id".into(), json!("7"))])).unwrap()
    }

    #[test]
    fn conditions_hold_of_what_fits_and_of_nothing_else() {
        let value = json!({ "state": "issued", "n": 3, "list": [1, 2], "rows": [{ "k": "a" }, { "k": "b" }], "id": "7", "none": null });
        for (fits, not) in [
            ("state = \"issued\"", "state = \"held\""),
            ("n = 3", "n = 4"),
            ("n = 3.0", "n = 3.5"),
            ("n = { at_least = 3, at_most = 3 }", "n = { at_least = 3, at_most = 2 }"),
            ("state = { in = [\"held\", \"issued\"] }", "state = { in = [\"held\"] }"),
            ("state = { not = \"held\" }", "state = { not = \"issued\" }"),
            ("absent = { exists = false }", "absent = { exists = true }"),
            ("none = { exists = false }", "none = { exists = true }"),
            ("state = { exists = true }", "state = { exists = false }"),
            ("list = { length = 2 }", "list = { length = 1 }"),
            ("list = [1, 2]", "list = [2, 1]"),
            ("\"rows.k\" = \"b\"", "\"rows.k\" = \"c\""),
            ("\"rows.k\" = [\"a\", \"b\"]", "\"rows.k\" = [\"a\"]"),
            ("\"rows.k\" = { not = \"c\" }", "\"rows.k\" = { not = \"a\" }"),
            ("state = { contains = \"ssu\" }", "state = { contains = \"held\" }"),
            ("id = \"${id}\"", "state = \"${id}\""),
        ] {
            assert!(holds(fits, &value), "{fits}");
            assert!(!holds(not, &value), "{not}");
        }
    }

    #[test]
    fn prepared_conditions_say_what_the_same_say_of_each_value() {
        let conditions: Conditions = toml::from_str("a = true\nb = \"${id}\"\nc = { at_least = 2, not = 4 }").unwrap();
        let vars = Vars::from([("id".into(), json!("7"))]);
        let prepared = Prepared::new(&conditions, &vars);
        assert_eq!(prepared.text(), Some(("b", "7")));
        for value in [
            json!({ "a": true, "b": "7", "c": 2 }),
            json!({ "a": true, "b": ["6", "7"], "c": [1, 3] }),
            json!({ "a": true, "b": "7", "c": [3, 4] }),
            json!({ "a": false, "b": "7", "c": 2 }),
            json!({ "a": true, "b": "8", "c": 2 }),
            json!({ "a": true, "b": 7, "c": 2 }),
            json!({}),
        ] {
            assert_eq!(prepared.all(&value), all(&conditions, &value, &vars), "{value}");
        }
    }

    /// Whoever misspells a name learns of it, with an index or without.
    #[test]
    fn what_is_unknown_is_an_error_where_it_is_asked_for_and_no_index_hides_it() {
        let conditions: Conditions = toml::from_str("a = true\nb = \"${ib}\"\nc = \"x\"").unwrap();
        let prepared = Prepared::new(&conditions, &Vars::new());
        assert_eq!(prepared.text(), None);
        assert_eq!(prepared.all(&json!({ "a": false })), Ok(false));
        assert_eq!(prepared.all(&json!({ "a": true })), Err(Unfilled::Unknown("ib".into())));
    }

    #[test]
    fn a_word_that_is_none_is_refused() {
        let error = toml::from_str::<Conditions>("n = { at_lest = 3 }").unwrap_err();
        assert!(error.to_string().contains("at_least"), "{error}");
    }
}

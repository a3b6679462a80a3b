//! What a value is to be: the conditions of scenarios and invariants.

use crate::values::{self, Unfilled, Vars};
use serde::Deserialize;
use serde_json::Value;
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
fn order(a: &Value, b: &Value) -> Option<std::cmp::Ordering> {
    match (a, b) {
        (Value::String(x), Value::String(y)) => Some(x.cmp(y)),
        _ => a.as_f64()?.partial_cmp(&b.as_f64()?),
    }
}

impl Condition {
    /// Whether the values at a path are as they are to be. Of several, each word wants one that fits it, but for
    /// `not`, which wants none.
    pub(crate) fn holds(&self, found: &[&Value], vars: &Vars) -> Result<bool, Unfilled> {
        let words = match self {
            Self::Is(plain) => Words { is: Some(plain.value()), ..Words::default() },
            Self::Words(words) => words.clone(),
        };
        let found: Vec<&Value> = found.iter().copied().filter(|v| !v.is_null()).collect();
        let fill = |v: &Option<Value>| v.as_ref().map(|v| values::deep(v, vars)).transpose();
        if let Some(want) = fill(&words.is)? {
            let list = want.is_array() && found.len() > 1;
            let fits = if list {
                want.as_array().is_some_and(|w| w.len() == found.len() && w.iter().zip(&found).all(|(a, b)| same(a, b)))
            } else {
                found.iter().any(|v| same(v, &want))
            };
            if !fits {
                return Ok(false);
            }
        }
        if let Some(not) = fill(&words.not)?
            && found.iter().any(|v| same(v, &not))
        {
            return Ok(false);
        }
        if let Some(all) = &words.r#in {
            let all = all.iter().map(|v| values::deep(v, vars)).collect::<Result<Vec<_>, _>>()?;
            if !found.iter().any(|v| all.iter().any(|w| same(v, w))) {
                return Ok(false);
            }
        }
        if let Some(least) = fill(&words.at_least)?
            && !found.iter().any(|v| order(v, &least).is_some_and(std::cmp::Ordering::is_ge))
        {
            return Ok(false);
        }
        if let Some(most) = fill(&words.at_most)?
            && !found.iter().any(|v| order(v, &most).is_some_and(std::cmp::Ordering::is_le))
        {
            return Ok(false);
        }
        if words.exists.is_some_and(|exists| exists == found.is_empty()) {
            return Ok(false);
        }
        if let Some(part) = &words.contains {
            let part = values::text(part, vars)?;
            if !found.iter().any(|v| v.as_str().map_or_else(|| v.to_string().contains(&part), |s| s.contains(&part))) {
                return Ok(false);
            }
        }
        if let Some(length) = words.length {
            let count = |v: &Value| match v {
                Value::Array(items) => Some(items.len()),
                Value::String(s) => Some(s.chars().count()),
                _ => None,
            };
            if !found.iter().any(|v| count(v) == Some(length)) {
                return Ok(false);
            }
        }
        Ok(true)
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
        if !condition.holds(&values::at(value, path), vars)? {
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
        if !condition.holds(&found, vars)? {
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
    fn a_word_that_is_none_is_refused() {
        let error = toml::from_str::<Conditions>("n = { at_lest = 3 }").unwrap_err();
        assert!(error.to_string().contains("at_least"), "{error}");
    }
}

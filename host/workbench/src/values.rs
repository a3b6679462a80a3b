//! Paths into JSON, and texts with `${…}` in them.

use serde_json::Value;
use std::collections::BTreeMap;

/// What a scenario has captured, by name.
pub(crate) type Vars = BTreeMap<String, Value>;

/// The values at a path of names with dots between them. A number is a place in a list; a name goes through every
/// item of a list. The empty path is the value itself.
pub(crate) fn at<'a>(value: &'a Value, path: &str) -> Vec<&'a Value> {
    let mut found = vec![value];
    for part in path.split('.').filter(|p| !p.is_empty()) {
        found = found.into_iter().flat_map(|v| step(v, part)).collect();
    }
    found
}

fn step<'a>(value: &'a Value, part: &str) -> Vec<&'a Value> {
    match value {
        Value::Object(map) => map.get(part).into_iter().collect(),
        Value::Array(items) => match part.parse::<usize>() {
            Ok(n) => items.get(n).into_iter().collect(),
            Err(_) => items.iter().flat_map(|i| step(i, part)).collect(),
        },
        _ => Vec::new(),
    }
}

/// A name that nothing was captured under.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Unknown(pub(crate) String);

/// A text with its `${name}` and `${name.path}` put in. One that is nothing else becomes the value as it is, a
/// number a number.
pub(crate) fn filled(text: &str, vars: &Vars) -> Result<Value, Unknown> {
    if let Some(name) = text.strip_prefix("${").and_then(|t| t.strip_suffix('}')).filter(|n| !n.contains("${")) {
        return look_up(name, vars);
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        out += before;
        let Some((name, after)) = after.split_once('}') else {
            out += "${";
            rest = after;
            continue;
        };
        match look_up(name, vars)? {
            Value::String(s) => out += &s,
            other => out += &other.to_string(),
        }
        rest = after;
    }
    Ok(Value::String(out + rest))
}

/// As [`filled`], as text.
pub(crate) fn text(text: &str, vars: &Vars) -> Result<String, Unknown> {
    Ok(match filled(text, vars)? {
        Value::String(s) => s,
        other => other.to_string(),
    })
}

/// As [`filled`], in each text of a value.
pub(crate) fn deep(value: &Value, vars: &Vars) -> Result<Value, Unknown> {
    Ok(match value {
        Value::String(s) => filled(s, vars)?,
        Value::Array(items) => Value::Array(items.iter().map(|v| deep(v, vars)).collect::<Result<_, _>>()?),
        Value::Object(map) => {
            let filled = map.iter().map(|(k, v)| Ok((k.clone(), deep(v, vars)?)));
            Value::Object(filled.collect::<Result<_, Unknown>>()?)
        }
        other => other.clone(),
    })
}

fn look_up(name: &str, vars: &Vars) -> Result<Value, Unknown> {
    let unknown = || Unknown(name.to_owned());
    // Names of people may have dots and colons in them: the whole name first.
    if let Some(value) = vars.get(name) {
        return Ok(value.clone());
    }
    let (head, path) = name.split_once('.').ok_or_else(unknown)?;
    let found = at(vars.get(head).ok_or_else(unknown)?, path);
    found.first().map(|v| (*v).clone()).ok_or_else(unknown)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_path_goes_through_objects_places_and_each_item() {
        let value = json!({ "a": [{ "b": 1 }, { "b": 2, "c": null }] });
        assert_eq!(at(&value, "a.b"), [&json!(1), &json!(2)]);
        assert_eq!(at(&value, "a.1.b"), [&json!(2)]);
        assert!(at(&value, "a.7.b").is_empty() && at(&value, "x").is_empty());
        assert_eq!(at(&value, ""), [&value]);
    }

    #[test]
    fn texts_take_what_was_captured_and_say_what_was_not() {
        let vars = Vars::from([("id".into(), json!("7")), ("n".into(), json!(3)), ("it".into(), json!({ "a": [5] }))]);
        assert_eq!(filled("${n}", &vars), Ok(json!(3)));
        assert_eq!(filled("/x/${id}/${n}?${it.a.0}", &vars), Ok(json!("/x/7/3?5")));
        assert_eq!(filled("${nobody}", &vars), Err(Unknown("nobody".into())));
        assert_eq!(filled("${it.b}", &vars), Err(Unknown("it.b".into())));
        assert_eq!(text("costs $5 {and} ${", &vars), Ok("costs $5 {and} ${".into()));
        assert_eq!(deep(&json!({ "a": ["${n}", 1] }), &vars), Ok(json!({ "a": [3, 1] })));
    }
}

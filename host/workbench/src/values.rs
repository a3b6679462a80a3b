//! Paths into JSON, and texts with `${…}` in them.

use serde_json::Value;
use std::collections::BTreeMap;
use yunlong_model::Text;

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

/// The longest value that is put into a text, in bytes: a text that names one a thousand times stays small.
const LONGEST: usize = 4_096;

/// Why a text cannot be filled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Unfilled {
    /// Nothing was captured under this name.
    Unknown(String),
    /// What was captured under this name is too long to be put into a text.
    TooLong(String),
}

impl Unfilled {
    /// For people.
    pub(crate) fn text(&self) -> Text {
        let (zh, en) = match self {
            Self::Unknown(name) => (
                format!("没有名为 `{name}` 的值：请先用 capture 取得"),
                format!("nothing is known by the name `{name}`: capture it in a step before"),
            ),
            Self::TooLong(name) => (
                format!("`{name}` 的值超过 {LONGEST} 字节：请用 after、before 或路径取出其中需要的部分"),
                format!(
                    "the value of `{name}` has more than {LONGEST} bytes: capture the part that is needed, by `after`, `before` or a path"
                ),
            ),
        };
        Text { zh, en }
    }
}

/// A text with its `${name}` and `${name.path}` put in. One that is nothing else becomes the value as it is, a
/// number a number.
pub(crate) fn filled(text: &str, vars: &Vars) -> Result<Value, Unfilled> {
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
pub(crate) fn text(text: &str, vars: &Vars) -> Result<String, Unfilled> {
    Ok(match filled(text, vars)? {
        Value::String(s) => s,
        other => other.to_string(),
    })
}

/// As [`filled`], in each text of a value.
pub(crate) fn deep(value: &Value, vars: &Vars) -> Result<Value, Unfilled> {
    Ok(match value {
        Value::String(s) => filled(s, vars)?,
        Value::Array(items) => Value::Array(items.iter().map(|v| deep(v, vars)).collect::<Result<_, _>>()?),
        Value::Object(map) => {
            let filled = map.iter().map(|(k, v)| Ok((k.clone(), deep(v, vars)?)));
            Value::Object(filled.collect::<Result<_, Unfilled>>()?)
        }
        other => other.clone(),
    })
}

fn look_up(name: &str, vars: &Vars) -> Result<Value, Unfilled> {
    let unknown = || Unfilled::Unknown(name.to_owned());
    // Names of people may have dots and colons in them: the whole name first.
    let value = if let Some(value) = vars.get(name) {
        value
    } else {
        let (head, path) = name.split_once('.').ok_or_else(unknown)?;
        at(vars.get(head).ok_or_else(unknown)?, path).first().copied().ok_or_else(unknown)?
    };
    let length = value.as_str().map_or_else(|| value.to_string().len(), str::len);
    if length > LONGEST { Err(Unfilled::TooLong(name.to_owned())) } else { Ok(value.clone()) }
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
        assert_eq!(filled("${nobody}", &vars), Err(Unfilled::Unknown("nobody".into())));
        assert_eq!(filled("${it.b}", &vars), Err(Unfilled::Unknown("it.b".into())));
        assert_eq!(text("costs $5 {and} ${", &vars), Ok("costs $5 {and} ${".into()));
        assert_eq!(deep(&json!({ "a": ["${n}", 1] }), &vars), Ok(json!({ "a": [3, 1] })));
    }

    #[test]
    fn what_is_too_long_for_a_text_is_refused_and_a_part_of_it_is_not() {
        let page = json!({ "body": "x".repeat(LONGEST + 1), "id": "7" });
        let vars = Vars::from([("page".into(), page)]);
        assert_eq!(filled("${page.body}", &vars), Err(Unfilled::TooLong("page.body".into())));
        assert_eq!(text("<${page}>", &vars), Err(Unfilled::TooLong("page".into())));
        assert_eq!(text("/${page.id}", &vars), Ok("/7".into()));
    }
}

//! A form from a JSON Schema: one field for each property of a simple type, and JSON for the rest.

use crate::body::Fields;
use crate::failure::Failure;
use crate::layout::field_error;
use crate::view::View;
use maud::{Markup, html};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// What a property's values are, as far as a form can show it.
#[derive(Clone, Debug, PartialEq)]
enum Input {
    Text,
    Integer,
    Number,
    Boolean,
    Choice(Vec<String>),
    Json,
}

fn properties(schema: Option<&Value>) -> Option<&Map<String, Value>> {
    schema?.get("properties")?.as_object()
}

fn input_of(property: &Value) -> Input {
    if let Some(values) = property.get("enum").and_then(Value::as_array)
        && let Some(texts) = values.iter().map(|v| v.as_str().map(str::to_owned)).collect::<Option<Vec<_>>>()
    {
        return Input::Choice(texts);
    }
    match property.get("type").and_then(Value::as_str) {
        Some("string") => Input::Text,
        Some("integer") => Input::Integer,
        Some("number") => Input::Number,
        Some("boolean") => Input::Boolean,
        _ => Input::Json,
    }
}

/// Whether there is anything to configure.
pub(super) fn has_fields(schema: Option<&Value>) -> bool {
    properties(schema).is_some_and(|p| !p.is_empty())
}

/// The fields, filled with `values`. Names are prefixed with `config.`.
pub(super) fn fields(
    view: &View,
    schema: Option<&Value>,
    values: &BTreeMap<String, Value>,
    failure: Option<&Failure>,
) -> Markup {
    let required: Vec<&str> = schema
        .and_then(|s| s.get("required"))
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    html! {
        @for (name, property) in properties(schema).into_iter().flatten() {
            (field(view, name, property, values.get(name).or_else(|| property.get("default")), required.contains(&name.as_str()), failure))
        }
    }
}

fn field(
    view: &View,
    name: &str,
    property: &Value,
    value: Option<&Value>,
    required: bool,
    failure: Option<&Failure>,
) -> Markup {
    let id = format!("config.{name}");
    let error = failure.and_then(|f| f.fields().iter().find(|e| e.name == id)).map(|e| e.detail.get(view.lang()));
    let invalid = error.map(|_| "true");
    let error_id = format!("{id}-error");
    let help = text_of(view, property, "description");
    let label = text_of(view, property, "title").unwrap_or(name);
    let text = match value {
        Some(Value::String(s)) => s.clone(),
        Some(v) => v.to_string(),
        None => String::new(),
    };
    let help_id = format!("{id}-help");
    let described = match (help, error) {
        (Some(_), Some(_)) => Some(format!("{error_id} {help_id}")),
        (Some(_), None) => Some(help_id.clone()),
        (None, Some(_)) => Some(error_id.clone()),
        (None, None) => None,
    };
    let described = described.as_deref();
    let input = input_of(property);
    html! {
        label for=(id) .required[required] { (label) }
        @match &input {
            Input::Choice(options) => select #(id) name=(id) aria-invalid=[invalid] aria-describedby=[described] { @for o in options { option value=(o) selected[*o == text] { (option_of(view, property, o)) } } },
            Input::Boolean => select #(id) name=(id) aria-invalid=[invalid] aria-describedby=[described] {
                option value="true" selected[text == "true"] { (view.t("是", "Yes")) }
                option value="false" selected[text != "true"] { (view.t("否", "No")) }
            },
            Input::Json => textarea #(id) name=(id) rows="3" spellcheck="false" required[required] aria-invalid=[invalid] aria-describedby=[described] { (text) },
            Input::Integer => input #(id) name=(id) type="number" step="1" value=(text) required[required] aria-invalid=[invalid] aria-describedby=[described];,
            Input::Number => input #(id) name=(id) type="number" step="any" value=(text) required[required] aria-invalid=[invalid] aria-describedby=[described];,
            Input::Text => input #(id) name=(id) value=(text) required[required] aria-invalid=[invalid] aria-describedby=[described];,
        }
        (field_error(&error_id, error))
        @if let Some(help) = help { span.field-help #(help_id) { (help) } }
    }
}

/// The manifest's text in the reader's language; the schema's own, which has one, when it gives none.
fn text_of<'p>(view: &View, property: &'p Value, name: &str) -> Option<&'p str> {
    in_language(view, property.get(format!("x-{name}"))).or_else(|| property.get(name).and_then(Value::as_str))
}

fn option_of<'p>(view: &View, property: &'p Value, value: &'p str) -> &'p str {
    in_language(view, property.get("x-options").and_then(|o| o.get(value))).unwrap_or(value)
}

fn in_language<'p>(view: &View, text: Option<&'p Value>) -> Option<&'p str> {
    text?.get(view.lang().pick("zh", "en"))?.as_str()
}

/// The values of a form. What cannot be read as the property's type stays text, so that the schema's
/// own check names it; a field that is left empty is not set.
pub(super) fn values(schema: Option<&Value>, form: &Fields) -> BTreeMap<String, Value> {
    let mut out = BTreeMap::new();
    for (name, property) in properties(schema).into_iter().flatten() {
        let text = form.text(&format!("config.{name}"));
        if text.is_empty() {
            continue;
        }
        let value = match input_of(property) {
            Input::Text | Input::Choice(_) => None,
            Input::Integer | Input::Number | Input::Boolean | Input::Json => serde_json::from_str(text).ok(),
        };
        out.insert(name.clone(), value.unwrap_or_else(|| Value::String(text.to_owned())));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn values_take_the_type_of_their_property_and_empty_ones_are_left_out() {
        let schema = json!({ "type": "object", "properties": {
            "minutes": { "type": "integer" }, "open": { "type": "boolean" }, "name": { "type": "string" },
            "mode": { "enum": ["a", "b"] }, "list": { "type": "array" }, "blank": { "type": "string" },
        } });
        let form = Fields::parse(b"config.minutes=15&config.open=true&config.name=15&config.mode=b&config.list=[1]&config.blank=&config.other=1");
        let want = [
            ("list", json!([1])),
            ("minutes", json!(15)),
            ("mode", json!("b")),
            ("name", json!("15")),
            ("open", json!(true)),
        ];
        assert_eq!(values(Some(&schema), &form), want.map(|(k, v)| (k.to_owned(), v)).into());
        assert_eq!(values(Some(&schema), &Fields::parse(b"config.minutes=many"))["minutes"], json!("many"));
    }
}

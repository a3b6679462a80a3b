//! Values made from JSON Schemas: what an app may expect, and what it does not.

use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use yunlong_model::Manifest;

/// The most nodes of a value. Nested arrays that each want items would multiply.
const NODES: usize = 2_000;
/// Strings and arrays are no longer than this, whatever the schema wants.
const LONGEST: u64 = 1_000;
const MOST_ITEMS: u64 = 3;
/// References and nesting go no deeper.
const DEPTH: usize = 32;

/// A value that fits the schema, as far as its types, bounds, enumerations and required properties say; with
/// every property that it has, or with the required ones alone.
pub(crate) fn value(schema: &Value, every: bool) -> Value {
    Sampler { root: schema, every, left: NODES }.of(schema, 0)
}

/// A value of the same shape in which every leaf has the wrong type.
pub(crate) fn wrong(value: &Value) -> Value {
    match value {
        Value::Object(members) => Value::Object(members.iter().map(|(k, v)| (k.clone(), wrong(v))).collect()),
        Value::Array(items) => Value::Array(items.iter().map(wrong).collect()),
        Value::String(_) => json!(-1.5e308),
        Value::Number(_) => json!("\u{0}\u{202e}not a number"),
        Value::Bool(_) | Value::Null => json!([[], {}]),
    }
}

/// Values for what the configuration must have and has no default for.
pub(crate) fn configuration(manifest: &Manifest) -> BTreeMap<String, Value> {
    let Some(schema) = &manifest.config else { return BTreeMap::new() };
    let defaults = manifest.config_defaults();
    match value(schema, false) {
        Value::Object(members) => members.into_iter().filter(|(k, _)| !defaults.contains_key(k)).collect(),
        _ => BTreeMap::new(),
    }
}

struct Sampler<'a> {
    root: &'a Value,
    every: bool,
    left: usize,
}

impl<'a> Sampler<'a> {
    fn of(&mut self, schema: &'a Value, depth: usize) -> Value {
        if self.left == 0 || depth > DEPTH {
            return Value::Null;
        }
        self.left -= 1;
        if let Some(given) = given(schema) {
            return given.clone();
        }
        let root = self.root;
        let within = |name: &str| schema[name].as_array().and_then(|all| all.first());
        let target = schema["$ref"].as_str().and_then(|to| to.strip_prefix('#')).and_then(|to| root.pointer(to));
        if let Some(other) = target.or_else(|| ["oneOf", "anyOf"].into_iter().find_map(within)) {
            return self.of(other, depth + 1);
        }
        let kind = match &schema["type"] {
            Value::String(one) => Some(one.as_str()),
            Value::Array(several) => several.iter().filter_map(Value::as_str).find(|t| *t != "null"),
            _ => None,
        };
        match kind {
            Some("null") => Value::Null,
            Some("boolean") => Value::Bool(false),
            Some("integer" | "number") => number(schema),
            Some("string") => string(schema),
            Some("array") => self.array(schema, depth),
            _ => self.object(schema, depth),
        }
    }

    fn object(&mut self, schema: &'a Value, depth: usize) -> Value {
        let required = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str);
        let required: Vec<&str> = required.collect();
        let mut members = Map::new();
        for (name, property) in schema["properties"].as_object().into_iter().flatten() {
            if self.every || required.contains(&name.as_str()) {
                members.insert(name.clone(), self.of(property, depth + 1));
            }
        }
        // What is required and not described may be anything.
        for name in required.iter().take(NODES) {
            if !members.contains_key(*name) {
                members.insert((*name).to_owned(), json!("probe"));
            }
        }
        // A whole that is made of parts has those of each.
        for part in schema["allOf"].as_array().into_iter().flatten() {
            if let Value::Object(more) = self.of(part, depth + 1) {
                members.extend(more);
            }
        }
        Value::Object(members)
    }

    fn array(&mut self, schema: &'a Value, depth: usize) -> Value {
        let first = schema["prefixItems"].as_array().into_iter().flatten();
        let mut items: Vec<Value> = first.map(|item| self.of(item, depth + 1)).collect();
        let wanted = schema["minItems"].as_u64().unwrap_or(0).clamp(self.every.into(), MOST_ITEMS);
        while (items.len() as u64) < wanted && schema["items"] != json!(false) {
            items.push(self.of(&schema["items"], depth + 1));
        }
        Value::Array(items)
    }
}

/// A value that the schema itself names.
fn given(schema: &Value) -> Option<&Value> {
    let first = |name: &str| schema[name].as_array().and_then(|all| all.first());
    schema.get("const").or_else(|| schema.get("default")).or_else(|| first("examples")).or_else(|| first("enum"))
}

fn number(schema: &Value) -> Value {
    if let Some(least) = schema["minimum"].as_i64() {
        return json!(least);
    }
    if let Some(below) = schema["exclusiveMinimum"].as_i64() {
        return json!(below.saturating_add(1));
    }
    match schema["maximum"].as_i64() {
        Some(most) if most < 0 => json!(most),
        _ => json!(0),
    }
}

fn string(schema: &Value) -> Value {
    let text = match schema["format"].as_str() {
        Some("date") => "2026-01-01",
        Some("date-time") => "2026-01-01T00:00:00Z",
        Some("time") => "00:00:00Z",
        Some("email") => "probe@example.org",
        Some("uri") => "https://example.org/",
        Some("uuid") => "00000000-0000-4000-8000-000000000000",
        _ => "probe",
    };
    let characters = |name: &str| schema[name].as_u64().map(|n| n.min(LONGEST)).and_then(|n| usize::try_from(n).ok());
    let mut text = text.to_owned();
    while text.len() < characters("minLength").unwrap_or(0) {
        text.push('x');
    }
    text.truncate(characters("maxLength").unwrap_or(text.len()));
    json!(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use yunlong_model::Schema;

    fn fits(schema: &Value) {
        let compiled = Schema::compile(schema).unwrap();
        for every in [false, true] {
            let made = value(schema, every);
            assert!(compiled.for_value(&made).unwrap().is_valid(&made), "{schema}: {made}");
        }
    }

    #[test]
    fn what_is_made_fits_its_schema() {
        for schema in [
            json!({ "type": "object", "required": ["at", "by"], "additionalProperties": false,
                "properties": { "at": { "type": "integer", "minimum": 1 }, "by": { "enum": ["clock", "person"] } } }),
            json!({ "type": "object", "required": ["visits"], "properties": { "visits": { "type": "array", "minItems": 2,
                "items": { "type": "object", "required": ["date"], "properties": { "date": { "type": "string" } } } } } }),
            json!({ "$defs": { "place": { "type": "string", "minLength": 8, "maxLength": 9 } }, "type": "object",
                "required": ["from"], "properties": { "from": { "$ref": "#/$defs/place" } } }),
            json!({ "type": ["string", "null"] }),
            json!({ "oneOf": [{ "const": 7 }, { "type": "string" }] }),
            json!({ "allOf": [{ "required": ["a"] }, { "required": ["b"], "properties": { "b": { "type": "boolean" } } }] }),
            json!({ "type": "number", "exclusiveMinimum": 4 }),
            json!({ "type": "array", "prefixItems": [{ "type": "integer" }], "items": false, "minItems": 1 }),
            json!({}),
        ] {
            fits(&schema);
        }
    }

    #[test]
    fn arrays_in_arrays_stay_small() {
        let schema = (0..40).fold(
            json!({ "type": "string" }),
            |inner, _| json!({ "type": "array", "minItems": 1_000_000, "items": inner }),
        );
        assert!(value(&schema, true).to_string().len() < 100_000);
    }

    #[test]
    fn what_is_wrong_has_no_leaf_of_the_right_type() {
        let made = json!({ "a": "x", "b": [1, true], "c": { "d": null } });
        let wrong = wrong(&made);
        assert!(wrong["a"].is_number() && wrong["b"][0].is_string());
        assert!(wrong["b"][1].is_array() && wrong["c"]["d"].is_array());
    }

    #[test]
    fn what_the_configuration_must_have_is_filled_in_and_defaults_are_left_alone() {
        let manifest = Manifest::parse(
            "name = \"hello\"\nversion = \"1.0.0\"\nvendor = \"v\"\ntitle = { zh = \"甲\", en = \"A\" }\ndescription = { zh = \"甲\", en = \"A\" }\n[config]\ntype = \"object\"\nrequired = [\"fee\", \"name\"]\n[config.properties.fee]\ntype = \"integer\"\nminimum = 3\n[config.properties.name]\ntype = \"string\"\ndefault = \"a\"\n[config.properties.more]\ntype = \"string\"\n",
        )
        .unwrap();
        assert_eq!(configuration(&manifest), BTreeMap::from([("fee".to_owned(), json!(3))]));
    }
}

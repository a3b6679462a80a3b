//! A topic's payload, from its JSON Schema. What types cannot say (lengths, patterns, sums) is the host's to check.

use super::model::{Choice, Field, Model, Named, Record, Type, line};
use serde_json::Value;
use std::collections::BTreeMap;

/// How deep a schema is followed; the manifest's own check refuses what leads back to itself.
const DEEPEST: usize = 64;

/// Adds the payload of a topic.
pub(super) fn add(model: &mut Model, topic: &str, schema: &Value) {
    let mut reader = Reader { model, root: schema, known: BTreeMap::new() };
    let kind = reader.kind(schema, topic, 0);
    let said = format!("The payload of the topic `{}`.", line(topic));
    match (reader.model.all.last_mut(), &kind) {
        (Some(Named::Record(record)), Type::Record(name)) if record.name == *name => record.doc.insert(0, said),
        _ => {
            let name = reader.model.name(topic);
            reader.model.all.push(Named::Alias { name, doc: vec![said], kind });
        }
    }
}

struct Reader<'a> {
    model: &'a mut Model,
    root: &'a Value,
    /// What a reference leads to, once it is made.
    known: BTreeMap<String, Type>,
}

impl Reader<'_> {
    fn kind(&mut self, schema: &Value, name: &str, depth: usize) -> Type {
        if depth > DEEPEST {
            return Type::Any;
        }
        if let Some(to) = schema["$ref"].as_str() {
            return self.reference(to, depth);
        }
        for union in ["anyOf", "oneOf"] {
            if let Some(variants) = schema[union].as_array() {
                return self.union(variants, name, depth);
            }
        }
        if let Some(values) = schema["enum"].as_array() {
            return self.choice(values, name);
        }
        if let Some(value) = schema.get("const") {
            return self.choice(std::slice::from_ref(value), name);
        }
        match &schema["type"] {
            Value::String(kind) => self.plain(kind, schema, name, depth),
            Value::Array(kinds) => {
                let others: Vec<&str> = kinds.iter().filter_map(Value::as_str).filter(|k| *k != "null").collect();
                let nullable = others.len() < kinds.len();
                match others[..] {
                    [one] => {
                        let kind = self.plain(one, schema, name, depth);
                        if nullable { Type::Nullable(Box::new(kind)) } else { kind }
                    }
                    _ => Type::Any,
                }
            }
            _ if schema["properties"].is_object() => self.plain("object", schema, name, depth),
            _ => Type::Any,
        }
    }

    fn reference(&mut self, to: &str, depth: usize) -> Type {
        if let Some(kind) = self.known.get(to) {
            return kind.clone();
        }
        let root = self.root;
        let Some(target) = to.strip_prefix('#').and_then(|pointer| root.pointer(pointer)) else { return Type::Any };
        let name = to.rsplit('/').next().unwrap_or(to);
        let kind = self.kind(target, name, depth + 1);
        self.known.insert(to.to_owned(), kind.clone());
        kind
    }

    /// One type or `null`; more than that has no name that all languages share.
    fn union(&mut self, variants: &[Value], name: &str, depth: usize) -> Type {
        let others: Vec<&Value> = variants.iter().filter(|v| v["type"] != "null").collect();
        match others[..] {
            [one] => {
                let kind = self.kind(one, name, depth + 1);
                if variants.len() > 1 { Type::Nullable(Box::new(kind)) } else { kind }
            }
            _ => Type::Any,
        }
    }

    fn choice(&mut self, values: &[Value], name: &str) -> Type {
        let texts: Vec<String> = values.iter().filter_map(|v| v.as_str().map(str::to_owned)).collect();
        let nulls = values.iter().filter(|v| v.is_null()).count();
        if texts.is_empty() || texts.len() + nulls != values.len() {
            let all = |is: fn(&Value) -> bool| values.iter().all(is);
            return if all(|v| v.is_i64() || v.is_u64()) {
                Type::Integer
            } else if all(Value::is_boolean) {
                Type::Boolean
            } else {
                Type::Any
            };
        }
        let name = self.model.name(name);
        self.model.all.push(Named::Choice(Choice { name: name.clone(), values: texts }));
        let kind = Type::Choice(name);
        if nulls > 0 { Type::Nullable(Box::new(kind)) } else { kind }
    }

    fn plain(&mut self, kind: &str, schema: &Value, name: &str, depth: usize) -> Type {
        match kind {
            "string" => Type::Text,
            "integer" => Type::Integer,
            "number" => Type::Number,
            "boolean" => Type::Boolean,
            "array" => {
                let items = &schema["items"];
                let of =
                    if items.is_object() { self.kind(items, &format!("{name}-item"), depth + 1) } else { Type::Any };
                Type::List(Box::new(of))
            }
            "object" => match schema["properties"].as_object().filter(|p| !p.is_empty()) {
                Some(_) => self.record(schema, name, depth),
                None => {
                    let values = &schema["additionalProperties"];
                    let of = if values.is_object() {
                        self.kind(values, &format!("{name}-value"), depth + 1)
                    } else {
                        Type::Any
                    };
                    Type::Map(Box::new(of))
                }
            },
            _ => Type::Any,
        }
    }

    fn record(&mut self, schema: &Value, name: &str, depth: usize) -> Type {
        let own = self.model.name(name);
        let required: Vec<&str> =
            schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        // In the order of their names: that of a table in TOML is not kept.
        let properties: BTreeMap<&String, &Value> = schema["properties"].as_object().into_iter().flatten().collect();
        let mut fields = Vec::new();
        for (property, of) in properties {
            fields.push(Field {
                name: property.clone(),
                kind: self.kind(of, &format!("{name}-{property}"), depth + 1),
                required: required.contains(&property.as_str()),
                doc: doc(of),
            });
        }
        self.model.all.push(Named::Record(Record { name: own.clone(), doc: doc(schema), fields }));
        Type::Record(own)
    }
}

fn doc(schema: &Value) -> Vec<String> {
    let texts = [&schema["title"], &schema["description"]].into_iter().filter_map(Value::as_str);
    texts.map(line).filter(|l| !l.is_empty()).collect()
}

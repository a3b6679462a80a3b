//! JSON Schemas that vendors write and the host evaluates.
//!
//! The host cannot interrupt an evaluation, so a schema is bounded when its manifest is read: it is
//! expanded, every `$ref` anew wherever it stands, and may have [`MAX_WEIGHT`] nodes then. What cannot
//! be bounded so (recursion, references to elsewhere) is refused, and patterns run in linear time.

use crate::Text;
use jsonschema::{PatternOptions, Validator};
use serde_json::Value;

/// The most nodes of an expanded schema.
pub const MAX_WEIGHT: usize = 2_000;
/// The most nodes of a value, times those of its schema, that are evaluated.
pub const MAX_WORK: usize = 20_000_000;
/// References and nesting may go this deep.
const MAX_DEPTH: usize = 64;

/// Why a schema is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SchemaError {
    /// It is no JSON Schema.
    #[error("{0}")]
    Invalid(String),
    /// It refers to something that is not in it.
    #[error("`$ref` \"{0}\" leads nowhere: refer to a part of this schema, as in `#/$defs/name`")]
    Reference(String),
    /// A keyword whose cost cannot be bounded.
    #[error("`{0}` is not supported: write the schema without it")]
    Unsupported(&'static str),
    /// Too many nodes, or a reference that leads back to itself.
    #[error(
        "the schema is too complex: with its references written out it may have {MAX_WEIGHT} nodes and {MAX_DEPTH} levels"
    )]
    TooComplex,
}

impl SchemaError {
    /// What a person reads. What is no JSON Schema is told by the validator, in English.
    #[must_use]
    pub fn text(&self) -> Text {
        let zh = match self {
            Self::Invalid(e) => format!("不是有效的 JSON Schema（{e}）"),
            Self::Reference(to) => format!("$ref “{to}”无处可寻：请引用本 Schema 的一部分，例如 #/$defs/name"),
            Self::Unsupported(keyword) => format!("不支持“{keyword}”：请不用它来书写"),
            Self::TooComplex => {
                format!("Schema 过于复杂：引用展开后最多 {MAX_WEIGHT} 个节点、{MAX_DEPTH} 层")
            }
        };
        Text { zh, en: self.to_string() }
    }
}

/// A compiled schema.
#[derive(Debug)]
pub struct Schema {
    validator: Validator,
    weight: usize,
}

impl Schema {
    /// Compiles a schema (JSON Schema 2020-12).
    ///
    /// # Errors
    /// [`SchemaError`].
    pub fn compile(schema: &Value) -> Result<Self, SchemaError> {
        let mut weight = 0;
        expand(schema, schema, 0, &mut weight)?;
        let validator = jsonschema::options()
            .with_pattern_options(PatternOptions::regex())
            .build(schema)
            .map_err(|e| SchemaError::Invalid(e.to_string()))?;
        Ok(Self { validator, weight })
    }

    /// The validator, for a value that is small enough for this schema.
    #[must_use]
    pub fn for_value(&self, value: &Value) -> Option<&Validator> {
        (nodes(value).saturating_mul(self.weight) <= MAX_WORK).then_some(&self.validator)
    }
}

fn expand(root: &Value, node: &Value, depth: usize, weight: &mut usize) -> Result<(), SchemaError> {
    *weight += 1;
    if *weight > MAX_WEIGHT || depth > MAX_DEPTH {
        return Err(SchemaError::TooComplex);
    }
    match node {
        Value::Object(members) => {
            for (name, value) in members {
                match (name.as_str(), value) {
                    ("$dynamicRef", _) => return Err(SchemaError::Unsupported("$dynamicRef")),
                    ("$recursiveRef", _) => return Err(SchemaError::Unsupported("$recursiveRef")),
                    ("$id", Value::String(_)) => return Err(SchemaError::Unsupported("$id")),
                    ("$ref", Value::String(to)) => {
                        let target = to.strip_prefix('#').and_then(|pointer| root.pointer(pointer));
                        let target = target.ok_or_else(|| SchemaError::Reference(to.clone()))?;
                        expand(root, target, depth + 1, weight)?;
                    }
                    // Evaluated where they are referred to.
                    ("$defs" | "definitions", Value::Object(_)) => {}
                    _ => expand(root, value, depth + 1, weight)?,
                }
            }
            Ok(())
        }
        Value::Array(items) => items.iter().try_for_each(|v| expand(root, v, depth + 1, weight)),
        _ => Ok(()),
    }
}

fn nodes(value: &Value) -> usize {
    match value {
        Value::Object(members) => 1 + members.values().map(nodes).sum::<usize>(),
        Value::Array(items) => 1 + items.iter().map(nodes).sum::<usize>(),
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_schema_with_definitions_works() {
        let schema = json!({
            "type": "object",
            "$defs": { "place": { "type": "string", "pattern": "^[a-z]+$" } },
            "properties": { "from": { "$ref": "#/$defs/place" }, "to": { "$ref": "#/$defs/place" } },
        });
        let schema = Schema::compile(&schema).unwrap();
        let valid = |v: Value| schema.for_value(&v).unwrap().is_valid(&v);
        assert!(valid(json!({ "from": "a", "to": "b" })) && !valid(json!({ "from": "A" })));
    }

    #[test]
    fn references_that_double_at_each_step_are_refused() {
        // 2^40 evaluations for one string, from forty short lines.
        let mut defs = serde_json::Map::new();
        for n in 0..40 {
            let next = json!({ "$ref": format!("#/$defs/a{}", n + 1) });
            defs.insert(format!("a{n}"), json!({ "oneOf": [next, next] }));
        }
        defs.insert("a40".into(), json!({ "type": "string" }));
        let schema = json!({ "$defs": defs, "$ref": "#/$defs/a0" });
        assert_eq!(Schema::compile(&schema).unwrap_err(), SchemaError::TooComplex);
    }

    #[test]
    fn what_cannot_be_bounded_is_refused_by_name() {
        for (schema, want) in [
            (json!({ "properties": { "child": { "$ref": "#" } } }), SchemaError::TooComplex),
            (
                json!({ "$ref": "https://schemas.example/x" }),
                SchemaError::Reference("https://schemas.example/x".into()),
            ),
            (json!({ "$ref": "#/$defs/none" }), SchemaError::Reference("#/$defs/none".into())),
            (json!({ "$dynamicRef": "#x" }), SchemaError::Unsupported("$dynamicRef")),
            (json!({ "items": { "$id": "x" } }), SchemaError::Unsupported("$id")),
        ] {
            assert_eq!(Schema::compile(&schema).unwrap_err(), want, "{schema}");
        }
        assert!(matches!(Schema::compile(&json!({ "type": "tree" })), Err(SchemaError::Invalid(_))));
        // A look-around would need a pattern engine that backtracks.
        assert!(Schema::compile(&json!({ "pattern": "(?=a)" })).is_err());
    }

    #[test]
    fn large_values_meet_small_schemas_only() {
        let wide = json!({ "items": { "anyOf": (0..900).map(|n| json!({ "const": n })).collect::<Vec<_>>() } });
        let wide = Schema::compile(&wide).unwrap();
        let many = Value::Array(vec![json!(1); 100_000]);
        assert!(wide.for_value(&many).is_none());
        assert!(wide.for_value(&json!([1, 2, 3])).is_some_and(|v| v.is_valid(&json!([1, 2, 3]))));
    }
}

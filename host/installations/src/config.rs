//! Configuration: values that the department sets, checked against the manifest's JSON Schema.

use jsonschema::ValidationError;
use jsonschema::error::ValidationErrorKind;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;
use yunlong_model::{Manifest, Schema, Text};

/// A value that is refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConfigProblem {
    /// The field, such as `fee` or `opening/0/from`.
    pub field: String,
    /// What is wrong with it.
    pub problem: Text,
}

impl ConfigProblem {
    fn new(field: impl Into<String>, zh: impl Into<String>, en: impl Into<String>) -> Self {
        Self { field: field.into(), problem: Text { zh: zh.into(), en: en.into() } }
    }
}

/// The values as the app gets them: those that are set, and the schema's defaults for the rest.
///
/// # Errors
/// Each field that is refused, in the order of the fields. A field that the schema does not list is
/// refused too, unless the schema speaks of further properties: most often it is a slip.
pub fn effective(
    manifest: &Manifest,
    values: &BTreeMap<String, Value>,
) -> Result<BTreeMap<String, Value>, Vec<ConfigProblem>> {
    let mut problems = unknown(manifest, values);
    let mut all = manifest.config_defaults();
    all.extend(values.iter().map(|(k, v)| (k.clone(), v.clone())));
    if let Some(schema) = &manifest.config {
        let instance = Value::Object(all.iter().map(|(k, v)| (k.clone(), v.clone())).collect());
        match Schema::compile(schema) {
            Ok(schema) => match schema.for_value(&instance) {
                Some(validator) => problems.extend(validator.iter_errors(&instance).flat_map(|e| explain(&e))),
                None => problems.push(ConfigProblem::new(
                    "",
                    "设置内容过大",
                    "the configuration is too large for its schema",
                )),
            },
            // The manifest's parser has checked it, so this is a manifest of another program.
            Err(e) => problems.push(ConfigProblem::new(
                "",
                format!("app.toml 中的设置说明无效：{e}"),
                format!("the schema in app.toml is not valid: {e}"),
            )),
        }
    }
    if problems.is_empty() {
        return Ok(all);
    }
    // One problem a field; what concerns no field in particular only when there is nothing else.
    problems.sort_by(|a, b| a.field.cmp(&b.field));
    problems.dedup_by(|a, b| a.field == b.field);
    if problems.iter().any(|p| !p.field.is_empty()) {
        problems.retain(|p| !p.field.is_empty());
    }
    Err(problems)
}

fn unknown(manifest: &Manifest, values: &BTreeMap<String, Value>) -> Vec<ConfigProblem> {
    let schema = manifest.config.as_ref();
    let speaks_of = |word: &str| schema.and_then(|s| s.get(word)).is_some_and(|v| *v != Value::Bool(false));
    if speaks_of("additionalProperties") || speaks_of("patternProperties") {
        return Vec::new();
    }
    let listed = schema.and_then(|s| s.get("properties")).and_then(Value::as_object);
    let known = listed.map(|l| l.keys().map(String::as_str).collect::<Vec<_>>().join(", ")).filter(|k| !k.is_empty());
    let (zh, en) = known.map_or_else(
        || ("该应用没有可设置的内容".to_owned(), "the app has no configuration".to_owned()),
        |k| (format!("没有这一项；可以设置的有 {k}"), format!("the app has no such field; it has {k}")),
    );
    let strange = values.keys().filter(|k| !listed.is_some_and(|l| l.contains_key(*k)));
    strange.map(|field| ConfigProblem::new(field, zh.clone(), en.clone())).collect()
}

fn explain(error: &ValidationError<'_>) -> Vec<ConfigProblem> {
    let at = error.instance_path().to_string();
    let at = at.trim_start_matches('/');
    let join = |name: &str| if at.is_empty() { name.to_owned() } else { format!("{at}/{name}") };
    match error.kind() {
        ValidationErrorKind::Required { property } => {
            let name = property.as_str().map_or_else(|| property.to_string(), str::to_owned);
            vec![ConfigProblem::new(join(&name), "必须填写", "must be set: it has no default")]
        }
        ValidationErrorKind::AdditionalProperties { unexpected } => {
            unexpected.iter().map(|n| ConfigProblem::new(join(n), "没有这一项", "the app has no such field")).collect()
        }
        kind => {
            let problem = Text { zh: in_chinese(kind).unwrap_or_else(|| error.to_string()), en: error.to_string() };
            vec![ConfigProblem { field: at.to_owned(), problem }]
        }
    }
}

/// The refusals that a form of simple fields can meet; the validator itself speaks English.
fn in_chinese(kind: &ValidationErrorKind) -> Option<String> {
    use ValidationErrorKind as K;
    let list = |options: &Value| {
        let all = options.as_array().into_iter().flatten();
        all.map(|v| v.as_str().map_or_else(|| v.to_string(), str::to_owned)).collect::<Vec<_>>().join("、")
    };
    Some(match kind {
        K::Minimum { limit } => format!("不能小于 {limit}"),
        K::Maximum { limit } => format!("不能大于 {limit}"),
        K::ExclusiveMinimum { limit } => format!("必须大于 {limit}"),
        K::ExclusiveMaximum { limit } => format!("必须小于 {limit}"),
        K::MultipleOf { multiple_of } => format!("必须是 {multiple_of} 的倍数"),
        K::MinLength { limit } => format!("至少 {limit} 个字符"),
        K::MaxLength { limit } => format!("最多 {limit} 个字符"),
        K::MinItems { limit } => format!("至少 {limit} 项"),
        K::MaxItems { limit } => format!("最多 {limit} 项"),
        K::UniqueItems => "不能有重复的项".to_owned(),
        K::Enum { options } => format!("只能是以下之一：{}", list(options)),
        K::Pattern { pattern } => format!("格式不符（{pattern}）"),
        K::Format { format } => format!("不是有效的 {format}"),
        K::Type { .. } => "类型不对，例如应填数字的填了文字".to_owned(),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn manifest(config: &str) -> Manifest {
        let head = r#"
            name = "a"
            version = "1.0.0"
            vendor = "v"
            title = { zh = "a", en = "a" }
            description = { zh = "a", en = "a" }
        "#;
        Manifest::parse(&format!("{head}\n{config}")).unwrap()
    }

    fn with_schema() -> Manifest {
        manifest(
            r#"
            [config]
            type = "object"
            required = ["fee", "contact"]
            [config.properties.fee]
            type = "integer"
            minimum = 0
            default = 600
            [config.properties.contact]
            type = "string"
            maxLength = 20
            [config.properties.gates]
            type = "array"
            items = { type = "object", properties = { name = { type = "string" } }, required = ["name"] }
            "#,
        )
    }

    fn values(v: Value) -> BTreeMap<String, Value> {
        serde_json::from_value(v).unwrap()
    }

    fn fields(v: Value) -> Vec<String> {
        effective(&with_schema(), &values(v)).unwrap_err().into_iter().map(|p| p.field).collect()
    }

    #[test]
    fn defaults_fill_what_is_not_set() {
        assert_eq!(
            effective(&with_schema(), &values(json!({ "contact": "0516" }))).unwrap(),
            values(json!({ "contact": "0516", "fee": 600 }))
        );
    }

    #[test]
    fn every_refused_field_is_named() {
        assert_eq!(fields(json!({})), ["contact"]);
        assert_eq!(fields(json!({ "contact": 1, "fee": -1 })), ["contact", "fee"]);
        assert_eq!(fields(json!({ "contact": "x", "fees": 1 })), ["fees"]);
        assert_eq!(fields(json!({ "contact": "x", "gates": [{ "name": "north" }, {}] })), ["gates/1/name"]);
        let problems = effective(&with_schema(), &values(json!({ "contact": "x", "fees": 1 }))).unwrap_err();
        assert!(problems[0].problem.en.contains("contact, fee, gates"), "{problems:?}");
    }

    #[test]
    fn an_app_without_a_schema_has_no_configuration() {
        assert_eq!(effective(&manifest(""), &BTreeMap::new()).unwrap(), BTreeMap::new());
        assert_eq!(effective(&manifest(""), &values(json!({ "a": 1 }))).unwrap_err()[0].field, "a");
    }

    #[test]
    fn a_schema_may_allow_further_fields_or_forbid_them() {
        let open = manifest("[config]\ntype = \"object\"\nadditionalProperties = { type = \"integer\" }");
        assert!(effective(&open, &values(json!({ "a": 1 }))).is_ok());
        assert_eq!(effective(&open, &values(json!({ "a": "x" }))).unwrap_err()[0].field, "a");
        let closed = manifest("[config]\ntype = \"object\"\nadditionalProperties = false");
        assert_eq!(effective(&closed, &values(json!({ "a": 1 }))).unwrap_err()[0].field, "a");
    }
}

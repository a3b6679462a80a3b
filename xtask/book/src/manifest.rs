//! The manifest's reference, written from the schema of the types that read `app.toml`: a table for each type, and
//! the schema itself for editors.

use crate::Page;
use anyhow::{Context, Result};
use serde_json::Value;
use std::fmt::Write;
use std::path::PathBuf;

/// The page and the schema's file, which the book publishes beside it.
///
/// # Errors
/// When the schema has a form that is not expected of it.
pub fn pages() -> Result<Vec<Page>> {
    let schema = yunlong_model::Manifest::json_schema();
    let mut file = serde_json::to_string_pretty(&schema)?;
    file.push('\n');
    Ok(vec![
        Page { file: PathBuf::from("docs/manifest.md"), text: page(&schema)? },
        Page { file: PathBuf::from("docs/app.schema.json"), text: file },
    ])
}

fn page(schema: &Value) -> Result<String> {
    let mut out = String::from(
        "# app.toml\n\n\
         <!-- Written by `cargo xtask book` from host/model. Change the doc comments there. -->\n\n\
         应用声明的一切：没有声明的一律不给。编辑器可以用 [app.schema.json](app.schema.json) 补全和检查；\
         `yunlong check` 与打包时检查全部规则。\n\n\
         What an app declares about itself. Nothing that is not declared is granted. Editors complete and check by \
         [app.schema.json](app.schema.json); all rules are checked by `yunlong check` and when a package is made.\n\n",
    );
    writeln!(out, "## app.toml {{#manifest}}\n")?;
    body(&mut out, schema, schema)?;
    let types = schema["$defs"].as_object().context("the schema has no $defs")?;
    for (name, of) in types {
        writeln!(out, "## {name} {{#{name}}}\n")?;
        body(&mut out, schema, of)?;
    }
    Ok(out.trim_end().to_owned() + "\n")
}

/// What a type says of itself, and its fields or cases.
fn body(out: &mut String, root: &Value, of: &Value) -> Result<()> {
    if let Some(said) = of["description"].as_str() {
        writeln!(out, "{}\n", prose(said))?;
    }
    if let Some(fields) = of["properties"].as_object() {
        let required: Vec<&str> = of["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        writeln!(out, "| field | type | | meaning |\n|---|---|---|---|")?;
        for (name, field) in fields {
            let presence = if required.contains(&name.as_str()) { "required".to_owned() } else { default(field) };
            writeln!(out, "| `{name}` | {} | {presence} | {} |", kind(field), cell(root, field))?;
        }
        return Ok(writeln!(out)?);
    }
    let cases = of["oneOf"].as_array().or_else(|| of["anyOf"].as_array());
    if let Some(cases) = cases {
        writeln!(out, "| value | meaning |\n|---|---|")?;
        for case in cases {
            writeln!(out, "| {} | {} |", value(case), cell(root, case))?;
        }
        writeln!(out)?;
    } else if of["type"] == "string" {
        writeln!(out, "A text.\n")?;
    }
    Ok(())
}

/// A case of an enumeration, as it is written.
fn value(case: &Value) -> String {
    if let Some(text) = case["const"].as_str() {
        return format!("`\"{text}\"`");
    }
    if let Some(texts) = case["enum"].as_array() {
        return texts.iter().filter_map(Value::as_str).map(|t| format!("`\"{t}\"`")).collect::<Vec<_>>().join(", ");
    }
    match case["properties"].as_object().and_then(|p| p.iter().next()) {
        Some((name, of)) => format!("`{{ {name} = … }}`, {}", kind(of)),
        None => kind(case),
    }
}

/// The type of a field, in words, with links to types that have a part of their own.
fn kind(of: &Value) -> String {
    if let Some(to) = of["$ref"].as_str().and_then(|r| r.strip_prefix("#/$defs/")) {
        return format!("[{to}](#{to})");
    }
    if let Some(one) = of["allOf"].as_array().and_then(|all| all.first()) {
        return kind(one);
    }
    if let Some(some) = of["anyOf"].as_array() {
        return some.iter().filter(|s| s["type"] != "null").map(kind).collect::<Vec<_>>().join(" or ");
    }
    let name = match &of["type"] {
        Value::String(name) => name.as_str(),
        Value::Array(names) => names.iter().filter_map(Value::as_str).find(|n| *n != "null").unwrap_or("any"),
        _ => return "any".to_owned(),
    };
    match name {
        "array" => format!("list of {}", kind(&of["items"])),
        "object" if of["additionalProperties"].is_object() => format!("table of {}", kind(&of["additionalProperties"])),
        "object" => "table".to_owned(),
        "string" => "text".to_owned(),
        "integer" => "integer".to_owned(),
        other => other.to_owned(),
    }
}

/// What holds when a field is left out.
fn default(field: &Value) -> String {
    match &field["default"] {
        Value::Null => String::new(),
        Value::Array(a) if a.is_empty() => String::new(),
        Value::Object(_) => String::new(),
        other => format!("`{other}`"),
    }
}

fn cell(root: &Value, of: &Value) -> String {
    let own = of["description"].as_str();
    // A field without words of its own is told by those of its type.
    let of_type = || {
        let to = of["$ref"].as_str().and_then(|r| r.strip_prefix("#/$defs/"))?;
        root["$defs"][to]["description"].as_str()
    };
    prose(own.or_else(of_type).unwrap_or_default()).split_whitespace().collect::<Vec<_>>().join(" ").replace('|', "\\|")
}

/// A doc comment as Markdown: its links lead to Rust, and are read as code here.
fn prose(said: &str) -> String {
    said.replace("[`", "`").replace("`]", "`")
}

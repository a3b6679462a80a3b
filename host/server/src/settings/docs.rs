//! The reference in `docs/configuration.md`, made of the schema.

use super::schema;
use serde_json::Value;
use std::fmt::Write as _;

const HEAD: &str = "\
# Configuration

<!-- Made by `yunlong config docs`: change the types in host/server/src/settings, not this page. -->

`yunlong serve --config FILE` (or YUNLONG_CONFIG) reads a TOML file. Each source overrides the one before it:

1. the defaults of this page,
2. the file,
3. `--option KEY=VALUE` (short `-o`), such as `-o limits.connections=500`,
4. the environment variables and flags that a setting names; a flag before its variable.

A name that does not exist is refused with the nearest one, a value out of its range with the range; nothing is passed over.
`yunlong config check FILE` says whether a file would be taken, `yunlong config schema` prints its JSON Schema (for editors), `yunlong doctor --config FILE` looks
at the machine as well. Secrets do not stand in the file: it names key files.

```toml,settings
data = \"/var/lib/yunlong\"
origin = \"https://city.example\"

[proxy]
client_header = \"x-forwarded-for\"

[keys]
data = [\"/etc/yunlong/data.key\"]
```
";

/// The whole page.
pub(crate) fn markdown() -> String {
    let schema = schema();
    let mut out = String::from(HEAD);
    let properties: Vec<_> = schema["properties"].as_object().into_iter().flatten().collect();
    let section = |v: &Value| v["properties"].is_object();
    // `[[name]]`: one section for each.
    let list = |v: &Value| section(&v["items"]);
    table(&mut out, "The top", &Value::Null, properties.iter().filter(|(_, v)| !section(v) && !list(v)).copied());
    for (name, inner) in properties.iter().filter(|(_, v)| section(v)) {
        let rows = inner["properties"].as_object().into_iter().flatten();
        table(&mut out, &format!("`[{name}]`"), inner, rows);
    }
    for (name, list) in properties.iter().filter(|(_, v)| list(v)) {
        let inner = &list["items"];
        let rows = inner["properties"].as_object().into_iter().flatten();
        table(&mut out, &format!("`[[{name}]]`"), inner, rows);
    }
    out
}

fn table<'a>(out: &mut String, title: &str, section: &Value, rows: impl Iterator<Item = (&'a String, &'a Value)>) {
    // Writing to a string does not fail.
    let _ = write!(out, "\n## {title}\n\n");
    if let Some(about) = section["description"].as_str() {
        let _ = write!(out, "{}\n\n", one_line(about));
    }
    let _ = writeln!(out, "| setting | type | default | what it is |\n|---|---|---|---|");
    for (name, schema) in rows {
        let about = one_line(schema["description"].as_str().unwrap_or_default());
        let needed = section["required"].as_array().is_some_and(|all| all.iter().any(|r| r == name.as_str()));
        let default = if needed { "must be given".to_owned() } else { default(schema) };
        let _ = writeln!(out, "| `{name}` | {} | {default} | {about} |", kind(schema));
    }
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").replace('|', "\\|")
}

fn kind(schema: &Value) -> String {
    if let Some(values) = schema["oneOf"].as_array() {
        let values: Vec<_> = values.iter().filter_map(|v| v["const"].as_str()).map(|v| format!("`{v}`")).collect();
        return values.join(" or ");
    }
    let name = match &schema["type"] {
        Value::String(one) => one.as_str(),
        Value::Array(several) => several.iter().filter_map(Value::as_str).find(|t| *t != "null").unwrap_or("text"),
        _ => "text",
    };
    let bounds = match (schema["minimum"].as_u64(), schema["maximum"].as_u64()) {
        (Some(min), Some(max)) => format!(", {min} to {max}"),
        (Some(min), None) => format!(", {min} or more"),
        (None, Some(max)) => format!(", at most {max}"),
        (None, None) => String::new(),
    };
    let name = match name {
        "integer" => "number",
        "string" => "text",
        "object" => "table",
        "array" => "list",
        other => other,
    };
    format!("{name}{bounds}")
}

fn default(schema: &Value) -> String {
    match &schema["default"] {
        Value::Null => "none".into(),
        Value::Object(o) if o.is_empty() => "none".into(),
        Value::Array(a) if a.is_empty() => "none".into(),
        Value::String(s) => format!("`{s}`"),
        other => format!("`{other}`"),
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_reference_in_docs_is_what_the_types_say() {
        // At run time: a target folder may be shared by checkouts.
        let here = std::env::var("CARGO_MANIFEST_DIR").unwrap();
        let path = std::path::Path::new(&here).join("../../docs/configuration.md");
        let kept = std::fs::read_to_string(path).unwrap_or_default();
        assert!(kept == super::markdown(), "run `cargo run --bin yunlong -- config docs > docs/configuration.md`");
    }

    #[test]
    fn every_setting_says_what_it_is() {
        fn walk(schema: &serde_json::Value, above: &str) {
            for (name, inner) in schema["properties"].as_object().into_iter().flatten() {
                let told = inner["description"].is_string() || inner["items"]["description"].is_string();
                assert!(told, "{above}{name} has no description");
                walk(inner, &format!("{above}{name}."));
                walk(&inner["items"], &format!("{above}{name}."));
            }
        }
        walk(&super::schema(), "");
    }
}

//! The types in TypeScript.

use super::model::{Model, Named, Record, Type};
use std::fmt::Write as _;

const HEAD: &str = "// Types of the datasets and topics that app.toml names. `yunlong bindgen` makes this file: run it again after a change,
// and change nothing here.
";

const RELEASED: &str = "
// A value behind whatever mask its provider chose: whole, in part, or `true` where only its being on record is told.
export type Released<T> = T | true;
";

const RELEASED_DATE: &str = "
// A date behind whatever mask its provider chose: `YYYY-MM-DD` or the year, an age, or `true`.
export type ReleasedDate = string | number | true;
";

pub(super) fn write(model: &Model) -> String {
    let mut out = HEAD.to_owned();
    for (wanted, text) in [
        (model.has(|t| matches!(t, Type::Released(_))), RELEASED),
        (model.has(|t| matches!(t, Type::ReleasedDate)), RELEASED_DATE),
    ] {
        if wanted {
            out.push_str(text);
        }
    }
    for named in &model.all {
        out.push('\n');
        match named {
            Named::Record(r) => record(&mut out, r),
            Named::Choice(c) => {
                let values: Vec<String> = c.values.iter().map(|v| quoted(v)).collect();
                _ = writeln!(out, "export type {} = {};", c.name, values.join(" | "));
            }
            Named::Alias { name, doc, kind } => {
                comment(&mut out, "", doc);
                _ = writeln!(out, "export type {name} = {};", of(kind));
            }
        }
    }
    out
}

fn comment(out: &mut String, indent: &str, lines: &[String]) {
    // Line by line: nothing in a text can end such a comment.
    for line in lines {
        _ = writeln!(out, "{indent}// {line}");
    }
}

fn record(out: &mut String, record: &Record) {
    comment(out, "", &record.doc);
    _ = writeln!(out, "export interface {} {{", record.name);
    for field in &record.fields {
        comment(out, "  ", &field.doc);
        let optional = if field.required { "" } else { "?" };
        _ = writeln!(out, "  {}{optional}: {};", key(&field.name), of(&field.kind));
    }
    out.push_str("}\n");
}

fn of(kind: &Type) -> String {
    match kind {
        Type::Text => "string".into(),
        Type::Integer | Type::Number => "number".into(),
        Type::Boolean => "boolean".into(),
        Type::Any => "unknown".into(),
        Type::Choice(name) | Type::Record(name) => name.clone(),
        Type::List(item) => format!("Array<{}>", of(item)),
        Type::Map(value) => format!("Record<string, {}>", of(value)),
        Type::Nullable(inner) => format!("{} | null", of(inner)),
        Type::Released(value) => format!("Released<{}>", of(value)),
        Type::ReleasedDate => "ReleasedDate".into(),
    }
}

fn key(name: &str) -> String {
    let plain = !name.is_empty()
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        && !name.starts_with(|c: char| c.is_ascii_digit());
    if plain { name.to_owned() } else { quoted(name) }
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

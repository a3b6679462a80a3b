//! The types in Rust, with serde.

use super::model::{Choice, Field, Model, Named, Record, Type, pascal, snake, unique};
use std::collections::BTreeSet;
use std::fmt::Write as _;

const HEAD: &str =
    "//! Types of the datasets and topics that app.toml names. `yunlong bindgen` makes this file: run it again after a
//! change, and change nothing here.
#![allow(dead_code)]

use serde::{Deserialize, Serialize};
";

const RELEASED: &str = "
/// A value behind whatever mask its provider chose.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Released<T> {
    /// The value, whole or in part.
    Value(T),
    /// It is on record; what it is is not told.
    OnRecord(bool),
}
";

const RELEASED_DATE: &str = "
/// A date behind whatever mask its provider chose.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum ReleasedDate {
    /// `YYYY-MM-DD`, or the year alone.
    Date(String),
    /// Whole years since then: an age.
    Age(i64),
    /// It is on record; what it is is not told.
    OnRecord(bool),
}
";

/// What a field cannot be called.
const KEYWORDS: [&str; 54] = [
    "Self", "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "crate", "do", "dyn",
    "else", "enum", "extern", "false", "final", "fn", "for", "gen", "if", "impl", "in", "let", "loop", "macro",
    "match", "mod", "move", "mut", "override", "priv", "pub", "ref", "return", "self", "static", "struct", "super",
    "trait", "true", "try", "type", "typeof", "union", "unsafe", "unsized", "use", "virtual", "where", "while",
    "yield", "_",
];

pub(super) fn write(model: &Model) -> String {
    let mut out = HEAD.to_owned();
    for (wanted, import) in [
        (model.has(|t| matches!(t, Type::Any)), "use serde_json::Value;\n"),
        (model.has(|t| matches!(t, Type::Map(_))), "use std::collections::BTreeMap;\n"),
    ] {
        if wanted {
            out.push_str(import);
        }
    }
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
            Named::Choice(c) => choice(&mut out, c),
            Named::Alias { name, doc, kind } => {
                docs(&mut out, "", doc);
                _ = writeln!(out, "pub type {name} = {};", of(kind));
            }
        }
    }
    out
}

fn docs(out: &mut String, indent: &str, lines: &[String]) {
    for line in lines {
        _ = writeln!(out, "{indent}/// {line}");
    }
}

fn record(out: &mut String, record: &Record) {
    docs(out, "", &record.doc);
    _ = writeln!(out, "#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]\npub struct {} {{", record.name);
    let mut taken = BTreeSet::new();
    for field in &record.fields {
        docs(out, "    ", &field.doc);
        let name = unique(&snake(&field.name, &KEYWORDS), &mut taken);
        let mut serde = Vec::new();
        if name != field.name {
            serde.push(format!("rename = {:?}", field.name));
        }
        if !field.required {
            serde.push("default, skip_serializing_if = \"Option::is_none\"".to_owned());
        }
        if !serde.is_empty() {
            _ = writeln!(out, "    #[serde({})]", serde.join(", "));
        }
        _ = writeln!(out, "    pub {name}: {},", field_type(field));
    }
    out.push_str("}\n");
}

fn field_type(field: &Field) -> String {
    match &field.kind {
        // One `Option` says both.
        kind @ Type::Nullable(_) => of(kind),
        kind if field.required => of(kind),
        kind => format!("Option<{}>", of(kind)),
    }
}

fn choice(out: &mut String, choice: &Choice) {
    _ = writeln!(
        out,
        "#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]\npub enum {} {{",
        choice.name
    );
    let mut taken = BTreeSet::new();
    for value in &choice.values {
        let name = unique(&pascal(value), &mut taken);
        if name != *value {
            _ = writeln!(out, "    #[serde(rename = {value:?})]");
        }
        _ = writeln!(out, "    {name},");
    }
    out.push_str("}\n");
}

fn of(kind: &Type) -> String {
    match kind {
        Type::Text => "String".into(),
        Type::Integer => "i64".into(),
        Type::Number => "f64".into(),
        Type::Boolean => "bool".into(),
        Type::Any => "Value".into(),
        Type::Choice(name) | Type::Record(name) => name.clone(),
        Type::List(item) => format!("Vec<{}>", of(item)),
        Type::Map(value) => format!("BTreeMap<String, {}>", of(value)),
        Type::Nullable(inner) => format!("Option<{}>", of(inner)),
        Type::Released(value) => format!("Released<{}>", of(value)),
        Type::ReleasedDate => "ReleasedDate".into(),
    }
}

//! The types in Python: frozen dataclasses, which is what the SDK reads documents, events and records as.

use super::model::{Field, Model, Named, Record, Type, snake, unique};
use std::collections::BTreeSet;
use std::fmt::Write as _;

const HEAD: &str = "# Types of the datasets and topics that app.toml names. `yunlong bindgen` makes this file: run it again after a change,
# and change nothing here.
";

/// What a field cannot be called: keywords, and the names that the annotations beside it are made of, which a field
/// would hide from them.
const RESERVED: [&str; 41] = [
    "and",
    "as",
    "assert",
    "async",
    "await",
    "bool",
    "break",
    "class",
    "continue",
    "def",
    "del",
    "dict",
    "elif",
    "else",
    "except",
    "field",
    "finally",
    "float",
    "for",
    "from",
    "global",
    "if",
    "import",
    "in",
    "int",
    "is",
    "lambda",
    "list",
    "nonlocal",
    "not",
    "or",
    "pass",
    "raise",
    "return",
    "str",
    "try",
    "while",
    "with",
    "yield",
    "dataclass",
    "object",
];

pub(super) fn write(model: &Model) -> String {
    let mut out = HEAD.to_owned();
    let records = || model.all.iter().filter_map(|n| if let Named::Record(r) = n { Some(r) } else { None });
    let released = model.has(|t| matches!(t, Type::Released(_) | Type::ReleasedDate));
    if records().next().is_some() {
        let field = records().any(|r| names(r).iter().any(|(name, f)| !metadata(name, f).is_empty()));
        _ = writeln!(out, "\nfrom dataclasses import dataclass{}", if field { ", field" } else { "" });
    }
    let choices = model.all.iter().any(|n| matches!(n, Named::Choice(_)));
    let imports: Vec<&str> = [(model.has(|t| matches!(t, Type::Any)), "Any"), (choices || released, "Literal")]
        .into_iter()
        .filter_map(|(wanted, name)| wanted.then_some(name))
        .collect();
    if !imports.is_empty() {
        let gap = if records().next().is_some() { "" } else { "\n" };
        _ = writeln!(out, "{gap}from typing import {}", imports.join(", "));
    }
    if released {
        out.push_str("\n# In a dataset `Literal[True]` stands for a value that is on record, and that the provider does not tell.\n");
    }
    for named in &model.all {
        match named {
            Named::Record(r) => record(&mut out, r),
            Named::Choice(c) => {
                let values: Vec<String> = c.values.iter().map(|v| quoted(v)).collect();
                _ = writeln!(out, "\n{} = Literal[{}]", c.name, values.join(", "));
            }
            Named::Alias { name, doc, kind } => {
                out.push('\n');
                comment(&mut out, "", doc);
                _ = writeln!(out, "{name} = {}", of(kind));
            }
        }
    }
    out
}

fn comment(out: &mut String, indent: &str, lines: &[String]) {
    for line in lines {
        _ = writeln!(out, "{indent}# {line}");
    }
}

fn names(record: &Record) -> Vec<(String, &Field)> {
    let mut taken = BTreeSet::new();
    record.fields.iter().map(|f| (unique(&snake(&f.name, &RESERVED), &mut taken), f)).collect()
}

fn record(out: &mut String, record: &Record) {
    out.push_str("\n\n");
    comment(out, "", &record.doc);
    // By name alone: a field that a schema gains stands among the others, and would move them.
    _ = writeln!(out, "@dataclass(frozen=True, kw_only=True)\nclass {}:", record.name);
    for (name, field) in names(record) {
        comment(out, "    ", &field.doc);
        let (none, default) = match (&field.kind, field.required) {
            (_, true) => ("", None),
            // `None` is among these.
            (Type::Nullable(_) | Type::Any, false) => ("", Some("None")),
            (_, false) => (" | None", Some("None")),
        };
        let metadata = metadata(&name, field);
        let value = match (default, metadata.as_str()) {
            (None, "") => String::new(),
            (Some(default), "") => format!(" = {default}"),
            (None, metadata) => format!(" = field(metadata={{{metadata}}})"),
            (Some(default), metadata) => format!(" = field(default={default}, metadata={{{metadata}}})"),
        };
        _ = writeln!(out, "    {name}: {}{none}{value}", of(&field.kind));
    }
    if record.fields.is_empty() {
        out.push_str("    pass\n");
    }
}

/// What the SDK has to know of a field beyond its type: its name in JSON, and that `None` is written as `null`.
fn metadata(name: &str, field: &Field) -> String {
    let mut said = Vec::new();
    if name != field.name {
        said.push(format!("\"json\": {}", quoted(&field.name)));
    }
    if field.required && matches!(field.kind, Type::Nullable(_)) {
        said.push("\"null\": True".to_owned());
    }
    said.join(", ")
}

fn of(kind: &Type) -> String {
    match kind {
        Type::Text => "str".into(),
        Type::Integer => "int".into(),
        Type::Number => "float".into(),
        Type::Boolean => "bool".into(),
        Type::Any => "Any".into(),
        Type::Choice(name) | Type::Record(name) => name.clone(),
        Type::List(item) => format!("list[{}]", of(item)),
        Type::Map(value) => format!("dict[str, {}]", of(value)),
        Type::Nullable(inner) => format!("{} | None", of(inner)),
        Type::Released(value) => format!("{} | Literal[True]", of(value)),
        Type::ReleasedDate => "str | int | Literal[True]".into(),
    }
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

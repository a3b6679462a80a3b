//! The types in Python: dictionaries with known keys, which is what JSON is there.

use super::model::{Model, Named, Record, Type};
use std::fmt::Write as _;

const HEAD: &str = "# Types of the datasets and topics that app.toml names. `yunlong bindgen` makes this file: run it again after a change,
# and change nothing here.
";

/// What a key of the short form cannot be.
const KEYWORDS: [&str; 35] = [
    "False", "None", "True", "and", "as", "assert", "async", "await", "break", "class", "continue", "def", "del",
    "elif", "else", "except", "finally", "for", "from", "global", "if", "import", "in", "is", "lambda", "nonlocal",
    "not", "or", "pass", "raise", "return", "try", "while", "with", "yield",
];

pub(super) fn write(model: &Model) -> String {
    let mut out = HEAD.to_owned();
    let records = || model.all.iter().filter_map(|n| if let Named::Record(r) = n { Some(r) } else { None });
    let choices = model.all.iter().any(|n| matches!(n, Named::Choice(_)));
    let released = model.has(|t| matches!(t, Type::Released(_) | Type::ReleasedDate));
    let imports: Vec<&str> = [
        (model.has(|t| matches!(t, Type::Any)), "Any"),
        (choices || released, "Literal"),
        (records().any(|r| r.fields.iter().any(|f| !f.required)), "NotRequired"),
        (records().next().is_some(), "TypedDict"),
    ]
    .into_iter()
    .filter_map(|(wanted, name)| wanted.then_some(name))
    .collect();
    if !imports.is_empty() {
        _ = writeln!(out, "\nfrom typing import {}", imports.join(", "));
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

fn record(out: &mut String, record: &Record) {
    out.push_str("\n\n");
    comment(out, "", &record.doc);
    let plain = record.fields.iter().all(|f| is_plain(&f.name));
    let kind = |required: bool, kind: &Type| if required { of(kind) } else { format!("NotRequired[{}]", of(kind)) };
    if plain {
        _ = writeln!(out, "class {}(TypedDict):", record.name);
    } else {
        // Keys that are no names need the form with a dictionary.
        _ = writeln!(out, "{0} = TypedDict(\n    \"{0}\",\n    {{", record.name);
    }
    for field in &record.fields {
        let kind = kind(field.required, &field.kind);
        if plain {
            comment(out, "    ", &field.doc);
            _ = writeln!(out, "    {}: {kind}", field.name);
        } else {
            comment(out, "        ", &field.doc);
            _ = writeln!(out, "        {}: {kind},", quoted(&field.name));
        }
    }
    if !plain {
        out.push_str("    },\n)\n");
    }
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

fn is_plain(name: &str) -> bool {
    // Two leading underscores would be changed by the class.
    !name.is_empty()
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        && !name.starts_with(|c: char| c.is_ascii_digit())
        && !name.starts_with("__")
        && !KEYWORDS.contains(&name)
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

//! The types in TypeScript: schemas of zod, which is what the SDK reads documents, events and records with, and the
//! types that they have.

use super::model::{Model, Named, Record, Type};
use std::fmt::Write as _;

const HEAD: &str = "// Types of the datasets and topics that app.toml names. `yunlong bindgen` makes this file: run it again after a change,
// and change nothing here.
";

const RELEASED: &str = "
// A value behind whatever mask its provider chose: whole, in part, or `true` where only its being on record is told.
const released = <T extends z.ZodType>(value: T) => z.union([value, z.literal(true)]);
";

const RELEASED_DATE: &str = "
// A date behind whatever mask its provider chose: `YYYY-MM-DD` or the year, an age, or `true`.
const releasedDate = z.union([z.string(), z.int(), z.literal(true)]);
";

pub(super) fn write(model: &Model) -> String {
    let mut out = HEAD.to_owned();
    if model.all.is_empty() {
        // A module all the same.
        out.push_str("\nexport {};\n");
        return out;
    }
    out.push_str("\nimport { z } from \"zod\";\n");
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
        let name = match named {
            Named::Record(r) => {
                record(&mut out, r);
                &r.name
            }
            Named::Choice(c) => {
                let values: Vec<String> = c.values.iter().map(|v| quoted(v)).collect();
                _ = writeln!(out, "export const {} = z.enum([{}]);", c.name, values.join(", "));
                &c.name
            }
            Named::Alias { name, doc, kind } => {
                comment(&mut out, "", doc);
                _ = writeln!(out, "export const {name} = {};", of(kind));
                name
            }
        };
        _ = writeln!(out, "export type {name} = z.infer<typeof {name}>;");
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
    _ = writeln!(out, "export const {} = z.object({{", record.name);
    for field in &record.fields {
        comment(out, "  ", &field.doc);
        let optional = if field.required { "" } else { ".optional()" };
        _ = writeln!(out, "  {}: {}{optional},", key(&field.name), of(&field.kind));
    }
    out.push_str("});\n");
}

fn of(kind: &Type) -> String {
    match kind {
        Type::Text => "z.string()".into(),
        Type::Integer => "z.int()".into(),
        Type::Number => "z.number()".into(),
        Type::Boolean => "z.boolean()".into(),
        Type::Any => "z.unknown()".into(),
        Type::Choice(name) | Type::Record(name) => name.clone(),
        Type::List(item) => format!("z.array({})", of(item)),
        Type::Map(value) => format!("z.record(z.string(), {})", of(value)),
        Type::Nullable(inner) => format!("{}.nullable()", of(inner)),
        Type::Released(value) => format!("released({})", of(value)),
        Type::ReleasedDate => "releasedDate".into(),
    }
}

fn key(name: &str) -> String {
    let plain = !name.is_empty()
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        && !name.starts_with(|c: char| c.is_ascii_digit());
    match name {
        // Written as any other key it would be the object's prototype.
        "__proto__" => "[\"__proto__\"]".to_owned(),
        name if plain => name.to_owned(),
        name => quoted(name),
    }
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

//! Whether an answer is as it is to be, and what is taken from it.

use super::{both, unknown};
use crate::compare;
use crate::scenario::{Capture, Expect, Statuses};
use crate::values::{self, Vars};
use bytes::Bytes;
use http::Response;
use serde_json::Value;
use std::collections::BTreeMap;
use yunlong_model::Text;

/// Characters of a body that a problem shows.
const EXCERPT: usize = 800;

/// The first thing that is not as it is to be.
pub(super) fn check(expect: &Expect, response: &Response<Bytes>, vars: &Vars) -> Result<(), Text> {
    let status = response.status().as_u16();
    let body = String::from_utf8_lossy(response.body());
    let fits = match &expect.status {
        Statuses::Below400 => status < 400,
        Statuses::One(n) => *n == status,
        Statuses::Some(all) => all.contains(&status),
    };
    let excerpt = || {
        let text: String = body.chars().take(EXCERPT).collect();
        if text.is_empty() { String::new() } else { format!("\n{text}") }
    };
    if !fits {
        let wanted = match &expect.status {
            Statuses::Below400 => "< 400".to_owned(),
            Statuses::One(n) => n.to_string(),
            Statuses::Some(all) => all.iter().map(u16::to_string).collect::<Vec<_>>().join(", "),
        };
        return Err(both(
            format!("状态应为 {wanted}，实际是 {status}{}", excerpt()),
            format!("the status is to be {wanted}, and is {status}{}", excerpt()),
        ));
    }
    for (name, wanted) in &expect.headers {
        let wanted = values::text(wanted, vars).map_err(unknown)?;
        let found: Vec<&str> =
            response.headers().get_all(name.as_str()).iter().filter_map(|v| v.to_str().ok()).collect();
        if !found.iter().any(|v| is_like(v, &wanted)) {
            let found = if found.is_empty() { "∅".into() } else { found.join(", ") };
            return Err(both(
                format!("响应头 {name} 应为 {wanted}，实际是 {found}"),
                format!("the header {name} is to be {wanted}, and is {found}"),
            ));
        }
    }
    for (texts, there) in [(&expect.contains, true), (&expect.lacks, false)] {
        for text in texts {
            let text = values::text(text, vars).map_err(unknown)?;
            if body.contains(&text) != there {
                return Err(if there {
                    both(
                        format!("正文中没有“{text}”{}", excerpt()),
                        format!("the body does not have “{text}”{}", excerpt()),
                    )
                } else {
                    both(format!("正文中不应有“{text}”"), format!("the body has “{text}”, which it is not to have"))
                });
            }
        }
    }
    if expect.json.is_empty() {
        return Ok(());
    }
    let json: Value = serde_json::from_str(&body).map_err(|e| {
        both(format!("正文不是 JSON：{e}{}", excerpt()), format!("the body is no JSON: {e}{}", excerpt()))
    })?;
    match compare::first_that_fails(&expect.json, &json, vars).map_err(unknown)? {
        None => Ok(()),
        Some((path, found)) => Err(both(
            format!("JSON 中的 `{path}` 不符合，实际是 {found}{}", excerpt()),
            format!("`{path}` of the JSON is not as expected but {found}{}", excerpt()),
        )),
    }
}

/// `*` at an end stands for anything.
fn is_like(value: &str, wanted: &str) -> bool {
    match (wanted.strip_prefix('*'), wanted.strip_suffix('*')) {
        (Some(_), Some(_)) => value.contains(wanted.trim_matches('*')),
        (Some(end), None) => value.ends_with(end),
        (None, Some(start)) => value.starts_with(start),
        (None, None) => value == wanted,
    }
}

/// What is taken from an answer, by name.
pub(super) fn capture(
    captures: &BTreeMap<String, Capture>,
    response: &Response<Bytes>,
    vars: &Vars,
) -> Result<Vec<(String, Value)>, Text> {
    let body = String::from_utf8_lossy(response.body());
    let mut all = Vec::new();
    for (name, capture) in captures {
        let missing = || {
            both(
                format!("无法取得 `{name}`：答复中没有"),
                format!("`{name}` cannot be captured: the answer has no such thing"),
            )
        };
        let whole = if let Some(header) = &capture.header {
            let found = response.headers().get(header.as_str()).and_then(|v| v.to_str().ok());
            Value::String(found.ok_or_else(missing)?.to_owned())
        } else if let Some(path) = &capture.json {
            let json: Value = serde_json::from_str(&body).map_err(|_| missing())?;
            let found = values::at(&json, path).first().map(|v| (*v).clone());
            found.ok_or_else(missing)?
        } else {
            Value::String(body.to_string())
        };
        let value = match (&whole, &capture.after, &capture.before) {
            (_, None, None) => whole,
            (Value::String(text), after, before) => {
                let after = values::text(after.as_deref().unwrap_or(""), vars).map_err(unknown)?;
                let rest = text.split_once(&after).map(|(_, r)| r).ok_or_else(missing)?;
                let part = match before {
                    Some(before) => rest.split_once(before.as_str()).map(|(p, _)| p).ok_or_else(missing)?,
                    None => rest,
                };
                Value::String(part.to_owned())
            }
            _ => return Err(missing()),
        };
        all.push((name.clone(), value));
    }
    Ok(all)
}

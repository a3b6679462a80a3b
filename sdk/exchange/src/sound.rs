//! What no record may hold, in whatever format it stands.

use crate::{LineError, Problem};
use serde_json::{Map, Value};

/// How many levels of arrays and objects a record may have, its own among them: the most of a geometry is
/// seven, and parsers of JSON give up at 128.
pub const MAX_DEPTH: usize = 32;

/// A record without what no record may hold.
pub(crate) fn record(record: Map<String, Value>) -> Result<Map<String, Value>, LineError> {
    for (name, value) in &record {
        // A name with control characters is not repeated: the error is one of the line.
        text(name).map_err(LineError::line)?;
        self::value(value, MAX_DEPTH - 1).map_err(|p| LineError::field(name, p))?;
    }
    Ok(record)
}

/// Descends at most `levels` levels.
fn value(value: &Value, levels: usize) -> Result<(), Problem> {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => Ok(()),
        Value::String(text) => self::text(text),
        Value::Array(_) | Value::Object(_) if levels == 0 => Err(too_deep()),
        Value::Array(all) => all.iter().try_for_each(|v| self::value(v, levels - 1)),
        Value::Object(all) => all.iter().try_for_each(|(name, v)| {
            text(name)?;
            self::value(v, levels - 1)
        }),
    }
}

fn text(text: &str) -> Result<(), Problem> {
    match text.chars().find(|c| c.is_control() && !matches!(c, '\t' | '\n' | '\r')) {
        Some(character) => Err(Problem::Control { character }),
        None => Ok(()),
    }
}

pub(crate) fn too_deep() -> Problem {
    Problem::TooDeep { limit: MAX_DEPTH }
}

/// Whether brackets outside of texts are open more than [`MAX_DEPTH`] levels deep: of what the parser of JSON
/// refuses, this is what it refuses for its depth.
pub(crate) fn is_deep(json: &str) -> bool {
    let (mut open, mut quoted) = (0_usize, false);
    let mut bytes = json.bytes();
    while let Some(byte) = bytes.next() {
        match (quoted, byte) {
            (true, b'\\') => _ = bytes.next(),
            (_, b'"') => quoted = !quoted,
            (false, b'[' | b'{') => {
                open += 1;
                if open > MAX_DEPTH {
                    return true;
                }
            }
            (false, b']' | b'}') => open = open.saturating_sub(1),
            _ => {}
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brackets_in_texts_are_no_levels() {
        let deep = |n: usize| format!("{}1{}", "[".repeat(n), "]".repeat(n));
        assert!(!is_deep(&deep(MAX_DEPTH)) && is_deep(&deep(MAX_DEPTH + 1)));
        assert!(!is_deep(&format!("[{}1]", "[],".repeat(100))));
        assert!(!is_deep(&format!("{{\"a\\\"{}\":1}}", "[{".repeat(100))));
        assert!(!is_deep(&format!("{{\"a\\\\\":1,\"{}\":2}}", "[{".repeat(100))));
    }
}

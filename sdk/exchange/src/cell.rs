//! Cells of CSV: formulas, and text that becomes a value.

use crate::{Kind, Problem, sound};
use serde_json::Value;

/// What a spreadsheet takes for the beginning of a formula, or strips on its way to one.
const FORMULA: [char; 11] = ['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠'];

/// Whether a text, apostrophes and blanks before it apart, begins like a formula.
fn is_formula(text: &str) -> bool {
    text.trim_start_matches('\'').trim_start_matches([' ', '\u{a0}', '\u{3000}']).starts_with(FORMULA)
}

/// A text as it is written into a cell that a spreadsheet may open: one that begins like a formula is
/// made text by an apostrophe.
#[must_use]
pub fn neutralise(text: &str) -> std::borrow::Cow<'_, str> {
    if is_formula(text) { format!("'{text}").into() } else { text.into() }
}

/// The text that stands in a cell.
fn text_of(cell: &str) -> Result<&str, Problem> {
    match (is_formula(cell), cell.strip_prefix('\'')) {
        (false, _) => Ok(cell),
        (true, Some(text)) => Ok(text),
        (true, None) => Err(Problem::Formula),
    }
}

/// The value of a cell that is not empty.
pub(crate) fn value_of(cell: &str, kind: Kind) -> Result<Value, Problem> {
    if cell.contains('\u{fffd}') {
        return Err(Problem::Damaged);
    }
    let wrong = || Problem::Kind { expected: kind };
    let plain = cell.trim();
    Ok(match kind {
        Kind::Text => text_of(cell)?.into(),
        Kind::Integer => plain.parse::<i64>().map_err(|_| wrong())?.into(),
        Kind::Decimal => number(plain).ok_or_else(wrong)?,
        Kind::Boolean => match plain {
            "true" | "TRUE" | "True" | "1" | "是" => true.into(),
            "false" | "FALSE" | "False" | "0" | "否" => false.into(),
            _ => return Err(wrong()),
        },
        Kind::Json => {
            serde_json::from_str(plain).map_err(|_| if sound::is_deep(plain) { sound::too_deep() } else { wrong() })?
        }
    })
}

/// A finite number, written in digits.
fn number(text: &str) -> Option<Value> {
    let digits = text.bytes().all(|b| b.is_ascii_digit() || b"+-.eE".contains(&b));
    if !digits {
        return None;
    }
    if let Ok(whole) = text.parse::<i64>() {
        return Some(whole.into());
    }
    serde_json::Number::from_f64(text.parse().ok()?).map(Value::Number)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn formulas_are_refused_and_what_the_export_made_of_them_is_taken() {
        for hostile in
            ["=HYPERLINK(\"http://x\")", "+1+1", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "\n=1", " =1", "　=1", "＝1", "-"]
        {
            assert_eq!(value_of(hostile, Kind::Text), Err(Problem::Formula), "{hostile:?}");
            let written = neutralise(hostile);
            assert!(written.starts_with('\''), "{hostile:?}");
            assert_eq!(value_of(&written, Kind::Text), Ok(hostile.into()), "{hostile:?}");
        }
        for plain in ["云龙", "a=b", "1-2", "'quoted'", "don't", "''", "'a"] {
            assert_eq!(neutralise(plain), plain);
            assert_eq!(value_of(plain, Kind::Text), Ok(plain.into()));
        }
    }

    #[test]
    fn cells_become_what_their_column_is() {
        assert_eq!(value_of("-5", Kind::Integer), Ok((-5).into()));
        assert_eq!(value_of(" 12 ", Kind::Decimal), Ok(12.into()));
        assert_eq!(value_of("-1.5e3", Kind::Decimal), Ok((-1500.0).into()));
        assert_eq!(value_of("是", Kind::Boolean), Ok(true.into()));
        assert_eq!(value_of("{\"a\":1}", Kind::Json), Ok(serde_json::json!({ "a": 1 })));
        for (cell, kind) in [
            ("1,000", Kind::Integer),
            ("1.5", Kind::Integer),
            ("NaN", Kind::Decimal),
            ("inf", Kind::Decimal),
            ("1e999", Kind::Decimal),
            ("=1", Kind::Decimal),
            ("maybe", Kind::Boolean),
            ("{", Kind::Json),
        ] {
            assert_eq!(value_of(cell, kind), Err(Problem::Kind { expected: kind }), "{cell}");
        }
        assert_eq!(value_of("徐\u{fffd}", Kind::Text), Err(Problem::Damaged));
    }

    proptest! {
        #[test]
        fn every_text_comes_back_from_its_cell(text in "[='+@ \t\n\ra-c＝　-]{0,6}|.{0,12}") {
            prop_assume!(!text.contains('\u{fffd}'));
            prop_assert_eq!(value_of(&neutralise(&text), Kind::Text), Ok(text.as_str().into()));
        }
    }
}

//! JSON scalars as bytes whose order is the order of the values: null < false < true < numbers <
//! strings. Every encoding says where it ends, so values can stand one behind the other.

use super::{DocumentError, Index};
use serde_json::{Number, Value};

const NULL: u8 = 0x10;
const FALSE: u8 = 0x11;
const TRUE: u8 = 0x12;
const NUMBER: u8 = 0x13;
const STRING: u8 = 0x14;

/// Appends the encoding of a scalar; `false` when the value is an array or an object.
pub(super) fn scalar(out: &mut Vec<u8>, value: &Value) -> bool {
    match value {
        Value::Null => out.push(NULL),
        Value::Bool(false) => out.push(FALSE),
        Value::Bool(true) => out.push(TRUE),
        Value::Number(n) => number(out, n),
        Value::String(s) => {
            out.push(STRING);
            for b in s.bytes() {
                out.push(b);
                if b == 0 {
                    out.push(0xFF);
                }
            }
            out.push(0);
        }
        Value::Array(_) | Value::Object(_) => return false,
    }
    true
}

/// The nearest double in the order of its value, then what an integer beyond 2^53 differs from it.
/// Rounding never reverses an order, and among integers with one nearest double the difference
/// decides, so the order is exact over all numbers.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    reason = "the loss is what the second part stores"
)]
fn number(out: &mut Vec<u8>, n: &Number) {
    let exact = n.as_i64().map(i128::from).or_else(|| n.as_u64().map(i128::from));
    let (nearest, difference) = match exact {
        Some(exact) => {
            let nearest = exact as f64;
            // At most 1,024: half the distance of two doubles near 2^64.
            (nearest, (exact - nearest as i128) as i16)
        }
        None => (n.as_f64().unwrap_or(0.0), 0),
    };
    // -0 equals 0.
    let bits = if nearest == 0.0 { 0 } else { nearest.to_bits() };
    let ordered = if bits >> 63 == 1 { !bits } else { bits | 1 << 63 };
    out.push(NUMBER);
    out.extend_from_slice(&ordered.to_be_bytes());
    out.extend_from_slice(&(difference.cast_unsigned() ^ 0x8000).to_be_bytes());
}

impl Index {
    /// The encoded values of a document, or `None` when it lacks a field and is not in the index.
    pub(super) fn values(&self, body: &Value) -> Result<Option<Vec<u8>>, DocumentError> {
        let mut out = Vec::new();
        for path in &self.fields {
            let Some(value) = path.iter().try_fold(body, |at, name| at.as_object()?.get(name)) else {
                return Ok(None);
            };
            if !scalar(&mut out, value) {
                let (field, index) = (path.join("."), &self.name);
                return Err(DocumentError::Invalid(format!(
                    "the field `{field}` of the index `{index}` must be null, a boolean, a number or a string"
                )));
            }
        }
        Ok(Some(out))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;
    use std::cmp::Ordering;

    fn enc(v: &Value) -> Vec<u8> {
        let mut out = Vec::new();
        assert!(scalar(&mut out, v));
        out
    }

    #[test]
    fn scalars_stand_in_the_order_of_their_values() {
        let sorted = [
            json!(null),
            json!(false),
            json!(true),
            json!(f64::MIN),
            json!(i64::MIN),
            json!(i64::MIN + 1),
            json!(-9_007_199_254_740_993_i64),
            json!(-9_007_199_254_740_992_i64),
            json!(-1.5),
            json!(-1),
            json!(-f64::MIN_POSITIVE),
            json!(0),
            json!(5e-324),
            json!(0.5),
            json!(1),
            json!(9_007_199_254_740_992_u64),
            json!(9_007_199_254_740_993_u64),
            json!(9_007_199_254_740_994_u64),
            json!(i64::MAX - 1),
            json!(i64::MAX),
            json!(u64::MAX - 1),
            json!(u64::MAX),
            json!(18_446_744_073_709_551_616.0),
            json!(f64::MAX),
            json!(""),
            json!("\0"),
            json!("\0\0"),
            json!("\u{1}"),
            json!("a"),
            json!("a\0"),
            json!("a\u{1}"),
            json!("ab"),
            json!("b"),
            json!("景"),
        ];
        for pair in sorted.windows(2) {
            assert!(enc(&pair[0]) < enc(&pair[1]), "{} < {}", pair[0], pair[1]);
        }
    }

    #[test]
    fn equal_numbers_have_one_encoding() {
        assert_eq!(enc(&json!(1)), enc(&json!(1.0)));
        assert_eq!(enc(&json!(0)), enc(&json!(-0.0)));
        assert_eq!(enc(&json!(i64::MIN)), enc(&json!(-9_223_372_036_854_775_808.0)));
    }

    fn any_scalar() -> impl Strategy<Value = Value> {
        prop_oneof![
            Just(json!(null)),
            any::<bool>().prop_map(|b| json!(b)),
            any::<i64>().prop_map(|n| json!(n)),
            any::<u64>().prop_map(|n| json!(n)),
            prop::num::f64::NORMAL.prop_map(|n| json!(n)),
            "[\\x00\\x01a景]{0,4}".prop_map(|s| json!(s)),
        ]
    }

    /// Compares two numbers exactly; a double that is not an integer lies strictly between two.
    fn compare_numbers(a: &Number, b: &Number) -> Ordering {
        let int = |n: &Number| n.as_i64().map(i128::from).or(n.as_u64().map(i128::from));
        match (int(a), int(b)) {
            (Some(a), Some(b)) => a.cmp(&b),
            (None, None) => a.as_f64().partial_cmp(&b.as_f64()).unwrap(),
            (Some(a), None) => {
                let b = b.as_f64().unwrap();
                // Saturates far beyond every u64, which keeps the order.
                a.cmp(&(b.floor() as i128)).then(if b.fract() == 0.0 { Ordering::Equal } else { Ordering::Less })
            }
            (None, Some(_)) => compare_numbers(b, a).reverse(),
        }
    }

    fn compare(a: &Value, b: &Value) -> Ordering {
        let rank = |v: &Value| match v {
            Value::Null => 0,
            Value::Bool(b) => 1 + u8::from(*b),
            Value::Number(_) => 3,
            _ => 4,
        };
        match (a, b) {
            (Value::Number(a), Value::Number(b)) => compare_numbers(a, b),
            (Value::String(a), Value::String(b)) => a.cmp(b),
            _ => rank(a).cmp(&rank(b)),
        }
    }

    proptest! {
        #[test]
        fn rows_of_several_fields_keep_the_order(a in prop::collection::vec(any_scalar(), 3), b in prop::collection::vec(any_scalar(), 3), same in 0usize..3) {
            let mut b = b;
            b[..same].clone_from_slice(&a[..same]);
            let want = a.iter().zip(&b).map(|(x, y)| compare(x, y)).find(|o| o.is_ne()).unwrap_or(Ordering::Equal);
            let row = |r: &[Value]| r.iter().flat_map(enc).collect::<Vec<_>>();
            prop_assert_eq!(row(&a).cmp(&row(&b)), want);
        }
    }
}

//! Ranges and conditions of downloads (RFC 9110, sections 13 and 14).

use std::ops::Range;

/// What is sent of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// All of it.
    Whole,
    /// These bytes.
    Bytes(Range<u64>),
    /// None: the file has no such bytes.
    Unsatisfiable,
}

/// The part of a file of `size` bytes that a `Range` header asks for. Several ranges are answered by all of it, as is
/// whatever is no range of bytes.
pub(super) fn requested(header: &str, size: u64) -> Part {
    let Some(spec) = header.trim().strip_prefix("bytes=") else { return Part::Whole };
    if spec.contains(',') {
        return Part::Whole;
    }
    let Some((first, last)) = spec.trim().split_once('-') else { return Part::Whole };
    let range = match (number(first), number(last)) {
        (Some(first), Some(last)) if first <= last => first..last.saturating_add(1).min(size),
        (Some(first), None) if last.is_empty() => first..size,
        (None, Some(suffix)) if first.is_empty() => size.saturating_sub(suffix)..size,
        _ => return Part::Whole,
    };
    if range.is_empty() { Part::Unsatisfiable } else { Part::Bytes(range) }
}

/// Whether a list of entity tags has this one, compared weakly, as `If-None-Match` wants.
pub(super) fn has_tag(list: &str, tag: &str) -> bool {
    list.split(',').map(str::trim).any(|t| t == "*" || t.strip_prefix("W/").unwrap_or(t) == tag)
}

/// Digits alone: `parse` would take a sign as well.
fn number(s: &str) -> Option<u64> {
    if !s.is_empty() && s.bytes().all(|b| b.is_ascii_digit()) { s.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_follow_rfc_9110() {
        for (header, expected) in [
            ("bytes=0-0", Part::Bytes(0..1)),
            ("bytes=500-1499", Part::Bytes(500..1500)),
            ("bytes=500-", Part::Bytes(500..2048)),
            ("bytes=-500", Part::Bytes(1548..2048)),
            ("bytes=-5000", Part::Bytes(0..2048)),
            ("bytes=2000-5000", Part::Bytes(2000..2048)),
            ("bytes=0-18446744073709551615", Part::Bytes(0..2048)),
            ("bytes=0-1,5-6", Part::Whole),
            ("lines=0-1", Part::Whole),
            ("bytes=500-0", Part::Whole),
            ("bytes=+1-2", Part::Whole),
            ("bytes=2048-", Part::Unsatisfiable),
            ("bytes=-0", Part::Unsatisfiable),
        ] {
            assert_eq!(requested(header, 2048), expected, "{header}");
        }
        assert_eq!(requested("bytes=0-", 0), Part::Unsatisfiable);
    }

    #[test]
    fn a_tag_is_found_in_a_list_weak_or_strong() {
        assert!(has_tag("\"a\", W/\"b\"", "\"b\"") && has_tag("*", "\"x\"") && !has_tag("\"a\"", "\"b\""));
    }
}

//! Byte ranges: of downloads (RFC 9110 14) and of upload chunks (distribution-spec, "Pushing a blob in
//! chunks"), which are two different grammars.

use crate::error::OciError;
use std::ops::Range;

/// The part of a download of `size` bytes that a `Range` header asks for. `None`: all of it, as for
/// several ranges, which a server may answer so.
pub(super) fn requested(header: &str, size: u64) -> Result<Option<Range<u64>>, OciError> {
    let Some(spec) = header.trim().strip_prefix("bytes=") else { return Ok(None) };
    if spec.contains(',') {
        return Ok(None);
    }
    let unsatisfiable = OciError::Range(size);
    let Some((first, last)) = spec.trim().split_once('-') else { return Err(unsatisfiable) };
    let range = match (number(first), number(last)) {
        (Some(first), Some(last)) if first <= last => first..last.saturating_add(1).min(size),
        (Some(first), None) if last.is_empty() => first..size,
        (None, Some(suffix)) if first.is_empty() => size.saturating_sub(suffix)..size,
        _ => return Err(unsatisfiable),
    };
    if range.is_empty() { Err(unsatisfiable) } else { Ok(Some(range)) }
}

/// The bytes of a chunk: `^[0-9]+-[0-9]+$`, both ends included.
pub(super) fn chunk(header: &str) -> Result<Range<u64>, OciError> {
    let wrong = OciError::UploadInvalid("Content-Range is not START-END");
    let (first, last) = header.split_once('-').ok_or(wrong.clone())?;
    match (number(first), number(last).and_then(|l| l.checked_add(1))) {
        (Some(first), Some(end)) if first < end => Ok(first..end),
        _ => Err(wrong),
    }
}

/// Digits alone: `parse` would take a sign as well.
fn number(s: &str) -> Option<u64> {
    if !s.is_empty() && s.bytes().all(|b| b.is_ascii_digit()) { s.parse().ok() } else { None }
}

/// How far an upload has come, as the `Range` header of an answer. Before the first byte it says
/// `0-0`, as the reference implementation does: the header has no way to say "nothing".
pub(super) fn so_far(offset: u64) -> String {
    format!("0-{}", offset.saturating_sub(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_of_downloads_follow_rfc_9110() {
        for (header, expected) in [
            ("bytes=0-0", Some(0..1)),
            ("bytes=500-1499", Some(500..1500)),
            ("bytes=500-", Some(500..2048)),
            ("bytes=-500", Some(1548..2048)),
            ("bytes=-5000", Some(0..2048)),
            ("bytes=2000-5000", Some(2000..2048)),
            ("bytes=0-1,5-6", None),
            ("lines=0-1", None),
        ] {
            assert_eq!(requested(header, 2048), Ok(expected), "{header}");
        }
        for header in
            ["bytes=500-0", "bytes=5000-", "bytes=2048-", "bytes=-0", "bytes=-", "bytes=a-b", "bytes=+1-2", "bytes=1"]
        {
            assert_eq!(requested(header, 2048), Err(OciError::Range(2048)), "{header}");
        }
        assert!(requested("bytes=0-", 0).is_err());
        assert!(requested("bytes=0-18446744073709551615", 2048).is_ok());
    }

    #[test]
    fn ranges_of_chunks_follow_the_specification() {
        assert_eq!(chunk("0-0"), Ok(0..1));
        assert_eq!(chunk("10-19"), Ok(10..20));
        for bad in ["", "-", "0-", "-1", "5-4", "bytes 0-1/2", "0-1/2", "+0-1", " 0-1", "0-18446744073709551615", "a-b"]
        {
            assert!(chunk(bad).is_err(), "{bad}");
        }
    }
}

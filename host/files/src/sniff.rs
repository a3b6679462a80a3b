//! What a file is, by its bytes. What a browser says is not asked.

/// Bytes of a text that are looked at for what it begins with.
const BEGINNING: usize = 1024;

/// The media type of a file by its first bytes: `application/octet-stream` when they tell nothing. The name only
/// tells one kind of plain text from another.
#[must_use]
pub fn recognize(head: &[u8], name: &str) -> String {
    // Markup first: a signature of something else may stand in the middle of it.
    if let Some(markup) = markup(head) {
        return markup.to_owned();
    }
    if let Some(found) = infer::get(head) {
        return found.mime_type().to_owned();
    }
    if is_text(head) {
        let kind = name.rsplit_once('.').map(|(_, e)| e.to_ascii_lowercase());
        return match kind.as_deref() {
            Some("csv") => "text/csv",
            Some("json") => "application/json",
            _ => "text/plain",
        }
        .to_owned();
    }
    "application/octet-stream".to_owned()
}

/// Whether a browser may show a file of this type at an app's origin. Nothing that can hold a script is: neither
/// HTML, nor SVG, nor XML.
#[must_use]
pub fn is_shown(media_type: &str) -> bool {
    match media_type {
        "application/pdf" | "text/plain" => true,
        "image/svg+xml" => false,
        other => ["image/", "audio/", "video/"].iter().any(|family| other.starts_with(family)),
    }
}

/// HTML, SVG or XML, as a browser that guesses would find it: behind a byte order mark and white space.
fn markup(head: &[u8]) -> Option<&'static str> {
    let utf16 = head.starts_with(&[0xFF, 0xFE]) || head.starts_with(&[0xFE, 0xFF]);
    let plain: Vec<u8> = head
        .iter()
        .copied()
        // Latin letters of UTF-16 are every other byte.
        .filter(|b| !utf16 || !matches!(b, 0 | 0xFE | 0xFF))
        .take(BEGINNING)
        .collect();
    let text = plain.strip_prefix(&[0xEF, 0xBB, 0xBF]).unwrap_or(&plain);
    let text = text.trim_ascii_start().to_ascii_lowercase();
    if !text.starts_with(b"<") {
        return None;
    }
    let has = |needle: &[u8]| text.windows(needle.len()).any(|w| w == needle);
    if has(b"<svg") {
        Some("image/svg+xml")
    } else if [
        &b"<!doctype html"[..],
        b"<html",
        b"<head",
        b"<body",
        b"<script",
        b"<iframe",
        b"<table",
        b"<div",
        b"<a ",
        b"<img",
        b"<p>",
        b"<h1",
        b"<style",
        b"<title",
        b"<br",
        b"<b>",
        b"<font",
        b"<!--",
    ]
    .iter()
    .any(|tag| has(tag))
    {
        Some("text/html")
    } else if text.starts_with(b"<?xml") {
        Some("text/xml")
    } else {
        // Of what begins like markup nobody can say that no browser takes it for that.
        Some("text/html")
    }
}

/// Text in UTF-8 or GB 18030: no byte of it is one that texts never have.
fn is_text(head: &[u8]) -> bool {
    !head.is_empty()
        && head.iter().all(|b| !matches!(b, 0..=8 | 14..=26 | 28..=31 | 127))
        && (is_utf8(head) || is_gb18030(head))
}

/// The last character may be cut off.
fn is_utf8(head: &[u8]) -> bool {
    match std::str::from_utf8(head) {
        Ok(_) => true,
        Err(e) => e.error_len().is_none(),
    }
}

/// By the form of its two-byte and four-byte characters.
fn is_gb18030(head: &[u8]) -> bool {
    let mut rest = head;
    while let Some((first, more)) = rest.split_first() {
        if *first < 0x80 {
            rest = more;
            continue;
        }
        if !(0x81..=0xFE).contains(first) {
            return false;
        }
        rest = match more {
            [] => return true,
            [0x40..=0x7E | 0x80..=0xFE, left @ ..] => left,
            [0x30..=0x39, left @ ..] => match left {
                [0x81..=0xFE, 0x30..=0x39, left @ ..] => left,
                [] | [0x81..=0xFE] => return true,
                _ => return false,
            },
            _ => return false,
        };
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_what_its_bytes_are_whatever_its_name() {
        let png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR";
        for (bytes, name, expected) in [
            (&png[..], "a.png", "image/png"),
            (png, "a.exe", "image/png"),
            (b"\xff\xd8\xff\xe0\0\x10JFIF\0", "a", "image/jpeg"),
            (b"%PDF-1.7\n", "a.jpg", "application/pdf"),
            ("姓名,电话\n".as_bytes(), "a.csv", "text/csv"),
            ("姓名,电话\n".as_bytes(), "a.jpg", "text/plain"),
            // GB 18030, as spreadsheets in China write it.
            (b"\xd0\xd5\xc3\xfb,\xb5\xe7\xbb\xb0\r\n", "a.csv", "text/csv"),
            (b"\0\x01\x02\x03", "a.txt", "application/octet-stream"),
            (b"", "a.txt", "application/octet-stream"),
        ] {
            assert_eq!(recognize(bytes, name), expected, "{name} {bytes:?}");
        }
        let program = recognize(b"MZ\x90\0\x03\0\0\0\x04\0\0\0\xff\xff\0\0", "photo.jpg");
        assert!(!is_shown(&program), "{program}");
    }

    #[test]
    fn markup_is_never_taken_for_something_that_is_shown() {
        let utf16: Vec<u8> =
            [0xFF, 0xFE].into_iter().chain("<script>".encode_utf16().flat_map(u16::to_le_bytes)).collect();
        for bytes in [
            &b"<svg xmlns='http://www.w3.org/2000/svg'><script/></svg>"[..],
            b"<?xml version='1.0'?>\n<!-- x --><svg onload='x'/>",
            b"\xef\xbb\xbf  \n<!DOCTYPE HTML><p>",
            b"<script>alert(1)</script>",
            b"<x-unknown>",
            &utf16,
        ] {
            let found = recognize(bytes, "a.txt");
            assert!(!is_shown(&found), "{found}: {bytes:?}");
        }
        assert!(is_shown("image/png") && is_shown("application/pdf") && !is_shown("text/html"));
    }
}

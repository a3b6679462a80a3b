//! The stylesheet and the icon, the same on every origin.

use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use std::io::Write;
use std::sync::OnceLock;
use yunlong_model::Digest;

const CSS: &str = concat!(include_str!("../assets/pico.min.css"), "\n", include_str!("../assets/city.css"));
const ICON: &str = include_str!("../assets/icon.svg");
/// What WebAuthn needs: there is no other way.
const PASSKEY: &str = include_str!("../assets/passkey.js");
/// What shows how far an upload is: a browser tells that to scripts alone. Forms work without it.
const UPLOAD: &str = include_str!("../assets/upload.js");

/// The fingerprinted path of the script that asks for a passkey.
pub(crate) fn passkey_path() -> String {
    script_path("passkey", PASSKEY)
}

/// The fingerprinted path of the script that shows how far an upload is.
pub(crate) fn upload_path() -> String {
    script_path("upload", UPLOAD)
}

fn script_path(name: &str, script: &str) -> String {
    format!("/_city/{name}.{}.js", &Digest::of(script.as_bytes()).hex()[..16])
}

/// The platform's own static files.
#[derive(Debug)]
pub(crate) struct Theme {
    css: Static,
    icon: Static,
    path: String,
    passkey: Static,
    passkey_path: String,
    upload: Static,
    upload_path: String,
}

impl Theme {
    pub(crate) fn new() -> Self {
        let css = Static::new(CSS.as_bytes().to_vec(), "text/css; charset=utf-8");
        let path = format!("/_city/theme.{}.css", &css.digest.hex()[..16]);
        Self {
            css,
            icon: Static::new(ICON.as_bytes().to_vec(), "image/svg+xml"),
            path,
            passkey: Static::new(PASSKEY.as_bytes().to_vec(), "text/javascript; charset=utf-8"),
            passkey_path: passkey_path(),
            upload: Static::new(UPLOAD.as_bytes().to_vec(), "text/javascript; charset=utf-8"),
            upload_path: upload_path(),
        }
    }

    /// The fingerprinted path: what it names never changes.
    pub(crate) fn path(&self) -> &str {
        &self.path
    }

    /// The answer, when `path` is one of these files.
    pub(crate) fn get(&self, path: &str, headers: &HeaderMap) -> Option<Response> {
        let (file, cache) = match path {
            "/_city/theme.css" => (&self.css, REVALIDATE),
            "/_city/icon.svg" => (&self.icon, REVALIDATE),
            p if p == self.path => (&self.css, IMMUTABLE),
            p if p == self.passkey_path => (&self.passkey, IMMUTABLE),
            p if p == self.upload_path => (&self.upload, IMMUTABLE),
            _ => return None,
        };
        Some(file.respond(headers, cache))
    }

    /// Whether `path` is one of these files.
    pub(crate) fn has(&self, path: &str) -> bool {
        path == "/_city/theme.css"
            || path == "/_city/icon.svg"
            || [&self.path, &self.passkey_path, &self.upload_path].into_iter().any(|own| path == own)
    }

    /// The script that asks the browser for a passkey.
    pub(crate) fn passkey_path(&self) -> &str {
        &self.passkey_path
    }

    /// The script that shows how far an upload is.
    pub(crate) fn upload_path(&self) -> &str {
        &self.upload_path
    }

    pub(crate) fn icon(&self, headers: &HeaderMap) -> Response {
        self.icon.respond(headers, REVALIDATE)
    }
}

/// Under a name that may change its content: ask again after five minutes.
pub(crate) const REVALIDATE: &str = "public, max-age=300";
/// Under a name that carries its fingerprint (RFC 8246).
pub(crate) const IMMUTABLE: &str = "public, max-age=31536000, immutable";

/// A file that does not change while the server runs. It is compressed when somebody first asks
/// for that, once; each coding has an ETag of its own, since its bytes are others (RFC 9110
/// section 8.8.3.3).
#[derive(Debug)]
pub(crate) struct Static {
    bytes: bytes::Bytes,
    media_type: &'static str,
    digest: Digest,
    gzip: OnceLock<Option<bytes::Bytes>>,
    brotli: OnceLock<Option<bytes::Bytes>>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Coding {
    Identity,
    Gzip,
    Brotli,
}

impl Static {
    pub(crate) fn new(bytes: impl Into<bytes::Bytes>, media_type: &'static str) -> Self {
        let bytes = bytes.into();
        Self { digest: Digest::of(&bytes), bytes, media_type, gzip: OnceLock::new(), brotli: OnceLock::new() }
    }

    pub(crate) fn media_type(&self) -> &'static str {
        self.media_type
    }

    /// 200 or 304.
    pub(crate) fn respond(&self, request: &HeaderMap, cache: &'static str) -> Response {
        let (coding, bytes) = self.coded(request);
        let suffix = match coding {
            Coding::Identity => "",
            Coding::Gzip => "-gz",
            Coding::Brotli => "-br",
        };
        let etag = format!("\"{}{suffix}\"", &self.digest.hex()[..32]);
        let mut response =
            if none_match(request, &etag) { StatusCode::NOT_MODIFIED.into_response() } else { bytes.into_response() };
        let fresh = response.status() == StatusCode::OK;
        let headers = response.headers_mut();
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(cache));
        headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
        if let Ok(etag) = HeaderValue::from_str(&etag) {
            headers.insert(header::ETAG, etag);
        }
        if fresh {
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(self.media_type));
            match coding {
                Coding::Identity => None,
                Coding::Gzip => Some("gzip"),
                Coding::Brotli => Some("br"),
            }
            .map(|c| headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(c)));
        }
        response
    }

    fn coded(&self, request: &HeaderMap) -> (Coding, bytes::Bytes) {
        // Pictures and fonts are compressed already; tiny files gain nothing.
        let worth = self.bytes.len() > 512
            && (self.media_type.starts_with("text/")
                || ["json", "svg", "javascript", "wasm", "ttf"].iter().any(|t| self.media_type.contains(t)));
        if worth {
            if accepts(request, "br")
                && let Some(b) = self.brotli.get_or_init(|| smaller(brotli(&self.bytes), &self.bytes))
            {
                return (Coding::Brotli, b.clone());
            }
            if accepts(request, "gzip")
                && let Some(b) = self.gzip.get_or_init(|| smaller(gzip(&self.bytes), &self.bytes))
            {
                return (Coding::Gzip, b.clone());
            }
        }
        (Coding::Identity, self.bytes.clone())
    }
}

fn smaller(coded: std::io::Result<Vec<u8>>, plain: &[u8]) -> Option<bytes::Bytes> {
    coded.ok().filter(|c| c.len() < plain.len()).map(Into::into)
}

fn gzip(bytes: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut w = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    w.write_all(bytes)?;
    w.finish()
}

fn brotli(bytes: &[u8]) -> std::io::Result<Vec<u8>> {
    // Quality 9 is within a few per cent of 11 and ten times as fast.
    let mut w = ::brotli::CompressorWriter::new(Vec::new(), 4096, 9, 22);
    w.write_all(bytes)?;
    w.flush()?;
    Ok(w.into_inner())
}

/// Whether a coding is named in `Accept-Encoding` and not ruled out by `q=0`.
fn accepts(request: &HeaderMap, coding: &str) -> bool {
    request.get_all(header::ACCEPT_ENCODING).iter().filter_map(|v| v.to_str().ok()).flat_map(|v| v.split(',')).any(
        |part| {
            let mut it = part.split(';').map(str::trim);
            it.next().is_some_and(|c| c.eq_ignore_ascii_case(coding))
                && !it.any(|p| p.strip_prefix("q=").and_then(|q| q.parse::<f32>().ok()).is_some_and(|q| q <= 0.0))
        },
    )
}

/// `If-None-Match` (RFC 9110 section 13.1.2), by weak comparison.
fn none_match(request: &HeaderMap, etag: &str) -> bool {
    request
        .get_all(header::IF_NONE_MATCH)
        .iter()
        .filter_map(|v| v.to_str().ok())
        .flat_map(|v| v.split(','))
        .map(str::trim)
        .any(|t| t == "*" || t.strip_prefix("W/").unwrap_or(t) == etag)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(http::HeaderName, &'static str)]) -> HeaderMap {
        pairs.iter().map(|(n, v)| (n.clone(), HeaderValue::from_static(v))).collect()
    }

    #[test]
    fn the_fingerprinted_sheet_never_changes_and_the_plain_name_is_asked_again() {
        let t = Theme::new();
        let plain = t.get("/_city/theme.css", &HeaderMap::new()).unwrap();
        assert_eq!(plain.headers()["cache-control"], REVALIDATE);
        assert_eq!(plain.headers()["content-type"], "text/css; charset=utf-8");
        let printed = t.get(t.path(), &HeaderMap::new()).unwrap();
        assert_eq!(printed.headers()["cache-control"], IMMUTABLE);
        assert_eq!(plain.headers()["etag"], printed.headers()["etag"]);
        assert!(t.get("/_city/theme.0000000000000000.css", &HeaderMap::new()).is_none());
    }

    #[test]
    fn each_coding_has_its_own_etag_and_answers_304_to_it() {
        let t = Theme::new();
        let mut tags = Vec::new();
        for (accept, coding) in
            [("", None), ("gzip", Some("gzip")), ("gzip, br", Some("br")), ("br;q=0, gzip;q=0.5", Some("gzip"))]
        {
            let asked = headers(&[(header::ACCEPT_ENCODING, accept)]);
            let r = t.get("/_city/theme.css", &asked).unwrap();
            assert_eq!(r.headers().get("content-encoding").map(|v| v.to_str().unwrap()), coding, "{accept}");
            let etag = r.headers()["etag"].clone();
            let mut again = asked.clone();
            again.insert(header::IF_NONE_MATCH, etag.clone());
            assert_eq!(t.get("/_city/theme.css", &again).unwrap().status(), StatusCode::NOT_MODIFIED);
            tags.push(etag);
        }
        assert_ne!(tags[0], tags[1]);
        assert_ne!(tags[1], tags[2]);
    }

    #[test]
    fn the_sheet_asks_no_other_host_for_anything() {
        let outside: Vec<_> = CSS
            .match_indices("url(")
            .filter(|(i, _)| !CSS[i + 4..].trim_start_matches('"').starts_with("data:"))
            .collect();
        assert!(outside.is_empty(), "{outside:?}");
        assert!(!CSS.contains("@import"));
        assert!(CSS.starts_with("@charset"));
    }
}

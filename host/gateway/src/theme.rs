//! The stylesheet, the icon and the platform's scripts, the same on every origin.

use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use std::io::Write;
use std::sync::{Arc, OnceLock};
use yunlong_model::Digest;

const CSS: &str = concat!(include_str!("../assets/pico.min.css"), "\n", include_str!("../assets/city.css"));
const ICON: &str = include_str!("../assets/icon.svg");
/// What WebAuthn needs: there is no other way.
const PASSKEY: &str = include_str!("../assets/passkey.js");
/// What shows how far an upload is: a browser tells that to scripts alone. Forms work without it.
const UPLOAD: &str = include_str!("../assets/upload.js");
/// What draws the tables of an app's page as charts and asks for the printer. Made from `charts/` by `npm run build`, and so
/// are the fingerprints in it, by which it loads the two below.
const PAGE: &str = include_str!("../assets/page.js");
/// ECharts with the parts that the city's charts use, made by the same command.
const ECHARTS: &str = include_str!("../assets/echarts.min.js");
/// The outlines of the districts, of which there is one copy.
const DISTRICTS: &str = include_str!("../../../sdk/samples/data/districts.geojson");

/// The path of the script of apps' pages. An app is built without this platform at hand, so it has a name that stays.
const PAGE_PATH: &str = "/_city/page.js";
const SCRIPT: &str = "text/javascript; charset=utf-8";

/// The fingerprinted path of the script that asks for a passkey.
pub(crate) fn passkey_path() -> String {
    fingerprinted("passkey", "js", PASSKEY)
}

/// The fingerprinted path of the script that shows how far an upload is.
pub(crate) fn upload_path() -> String {
    fingerprinted("upload", "js", UPLOAD)
}

fn echarts_path() -> String {
    fingerprinted("echarts", "js", ECHARTS)
}

fn districts_path() -> String {
    fingerprinted("districts", "geojson", DISTRICTS)
}

/// What the policy of an app's page allows, whatever is in the app's package: the platform's own files for charts, on that
/// page's `origin`, and nothing else.
pub(crate) fn page_sources(origin: &str) -> String {
    let (echarts, districts) = (echarts_path(), districts_path());
    format!("script-src {origin}{PAGE_PATH} {origin}{echarts}; connect-src {origin}{districts}; ")
}

fn fingerprinted(name: &str, ending: &str, content: &str) -> String {
    format!("/_city/{name}.{}.{ending}", &Digest::of(content.as_bytes()).hex()[..16])
}

/// The platform's own static files.
#[derive(Debug)]
pub(crate) struct Theme {
    files: Vec<Named>,
    path: String,
    passkey_path: String,
    upload_path: String,
}

/// A file under one of its names.
#[derive(Debug)]
struct Named {
    path: String,
    file: Arc<Static>,
    cache: &'static str,
}

const ICON_PATH: &str = "/_city/icon.svg";

impl Theme {
    pub(crate) fn new() -> Self {
        let path = fingerprinted("theme", "css", CSS);
        let css = Arc::new(Static::new(CSS.as_bytes(), "text/css; charset=utf-8"));
        let of = |path: &str, content: &'static str, media_type, cache| Named {
            path: path.to_owned(),
            file: Arc::new(Static::new(content.as_bytes(), media_type)),
            cache,
        };
        let files = vec![
            Named { path: "/_city/theme.css".to_owned(), file: css.clone(), cache: REVALIDATE },
            Named { path: path.clone(), file: css, cache: IMMUTABLE },
            of(ICON_PATH, ICON, "image/svg+xml", REVALIDATE),
            of(PAGE_PATH, PAGE, SCRIPT, REVALIDATE),
            of(&passkey_path(), PASSKEY, SCRIPT, IMMUTABLE),
            of(&upload_path(), UPLOAD, SCRIPT, IMMUTABLE),
            of(&echarts_path(), ECHARTS, SCRIPT, IMMUTABLE),
            of(&districts_path(), DISTRICTS, "application/geo+json", IMMUTABLE),
        ];
        Self { files, path, passkey_path: passkey_path(), upload_path: upload_path() }
    }

    /// The fingerprinted path: what it names never changes.
    pub(crate) fn path(&self) -> &str {
        &self.path
    }

    /// The answer, when `path` is one of these files.
    pub(crate) fn get(&self, path: &str, headers: &HeaderMap) -> Option<Response> {
        self.named(path).map(|n| n.file.respond(headers, n.cache))
    }

    /// Whether `path` is one of these files.
    pub(crate) fn has(&self, path: &str) -> bool {
        self.named(path).is_some()
    }

    fn named(&self, path: &str) -> Option<&Named> {
        self.files.iter().find(|n| n.path == path)
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
        self.get(ICON_PATH, headers).unwrap_or_else(|| StatusCode::NOT_FOUND.into_response())
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
    fn the_script_of_pages_loads_what_is_served_and_what_the_policy_allows() {
        let t = Theme::new();
        let policy = page_sources("http://a.localhost");
        for (path, media_type) in [(echarts_path(), SCRIPT), (districts_path(), "application/geo+json")] {
            assert!(PAGE.contains(&format!("\"{path}\"")), "{path}: run `npm run build` in host/gateway/charts");
            let answer = t.get(&path, &headers(&[(header::ACCEPT_ENCODING, "br")])).unwrap();
            assert_eq!(answer.headers()["cache-control"], IMMUTABLE);
            assert_eq!(answer.headers()["content-type"], media_type);
            assert_eq!(answer.headers()["content-encoding"], "br");
            assert!(policy.contains(&format!("http://a.localhost{path}")));
        }
        let page = t.get(PAGE_PATH, &HeaderMap::new()).unwrap();
        assert_eq!(page.headers()["cache-control"], REVALIDATE);
        assert!(policy.contains("http://a.localhost/_city/page.js "));
        assert!(!policy.contains("'self'") && !policy.contains("unsafe"));
    }

    #[test]
    fn the_scripts_of_pages_write_no_markup_of_their_own() {
        // A policy without `unsafe-inline` and `unsafe-eval` stops these anyhow; the page's data is anybody's words.
        for forbidden in ["eval(", ".outerHTML", "insertAdjacentHTML", "document.write", "innerHTML"] {
            assert!(!PAGE.contains(forbidden), "{forbidden}");
        }
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

//! An answer that is a file: streamed out of the store, with ranges and conditions.
//!
//! Whether the visitor may have it was decided by the app, in this very request. What it names is looked for among
//! its own installation's files and nowhere else.

use super::range::{Part, has_tag, requested};
use crate::failure::{Failure, Outcome, kinds};
use crate::view::View;
use axum::body::Body;
use axum::response::{IntoResponse as _, Response};
use futures::TryStreamExt as _;
use http::{HeaderMap, HeaderValue, Method, StatusCode, header, request::Parts};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use yunlong_files::{File, FileError, is_shown};
use yunlong_installations::{Capability, Installation};
use yunlong_runtime::FileAnswer;

/// Marks an answer that is a file: it is neither compressed, which would change its bytes under its tag, nor may it
/// run scripts.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sent {
    /// Whether pages of the app may show it in a frame. A PDF that is shown: an `img` or a `video` shows the others, and
    /// a viewer of the browser's own shows nothing but the document.
    pub(crate) is_framed: bool,
}

/// What a request asks of a file, should the answer be one.
pub(crate) struct Asked {
    method: Method,
    range: Option<HeaderValue>,
    if_range: Option<HeaderValue>,
    none_match: Option<HeaderValue>,
}

impl Asked {
    pub(crate) fn of(parts: &Parts) -> Self {
        let one = |name| parts.headers.get(name).cloned();
        Self {
            method: parts.method.clone(),
            range: one(header::RANGE),
            if_range: one(header::IF_RANGE),
            none_match: one(header::IF_NONE_MATCH),
        }
    }

    fn is_read(&self) -> bool {
        matches!(self.method, Method::GET | Method::HEAD)
    }
}

/// Sends the file that `named` names in place of the app's answer, which keeps its `Cache-Control` alone.
pub(crate) async fn send(
    view: &View,
    installation: &Installation,
    asked: &Asked,
    answer: http::Response<bytes::Bytes>,
    named: &HeaderValue,
) -> Outcome {
    if answer.status() != StatusCode::OK || !asked.is_read() {
        // The header counts on such answers alone.
        return Ok(answer.map(Body::from).into_response());
    }
    let wrong = || {
        tracing::warn!(request_id = %view.request_id, installation = %installation.name, "the app's header `city-file` is not what `serve` answers");
        Failure::new(kinds::APP_FAILED)
    };
    let named: FileAnswer = named.to_str().ok().and_then(|v| v.parse().ok()).ok_or_else(wrong)?;
    let id = named.id.parse().map_err(|_| wrong())?;
    let content = view.gateway.services.files.open(&installation.name, id).await?;
    let file = content.file.clone();
    if !installation.is_granted(&Capability::Files(file.area.clone())) {
        return Err(FileError::Undeclared(file.area).into());
    }
    let tag = format!("\"{}\"", file.sha256);
    let inline = named.inline && is_shown(&file.media_type);
    let sent = Sent { is_framed: inline && file.media_type == "application/pdf" };
    let mut headers = headers(installation, &file, &tag, inline)?;
    if let Some(own) = answer.headers().get(header::CACHE_CONTROL) {
        headers.insert(header::CACHE_CONTROL, own.clone());
    }
    let read = |value: &Option<HeaderValue>| value.as_ref().and_then(|v| v.to_str().ok()).map(str::to_owned);
    if read(&asked.none_match).is_some_and(|list| has_tag(&list, &tag)) {
        headers.remove(header::CONTENT_TYPE);
        headers.remove(header::CONTENT_DISPOSITION);
        return Ok(finished(sent, StatusCode::NOT_MODIFIED, headers, Body::empty()));
    }
    // With another tag, or a date, the client has something else: it gets all of this.
    let same = read(&asked.if_range).is_none_or(|t| t.trim() == tag);
    let part = match read(&asked.range) {
        Some(range) if same => requested(&range, file.size),
        _ => Part::Whole,
    };
    let (status, range) = match part {
        Part::Whole => (StatusCode::OK, 0..file.size),
        Part::Bytes(range) => {
            let said = format!("bytes {}-{}/{}", range.start, range.end - 1, file.size);
            headers.insert(header::CONTENT_RANGE, value(&said)?);
            (StatusCode::PARTIAL_CONTENT, range)
        }
        Part::Unsatisfiable => {
            let mut headers = HeaderMap::new();
            headers.insert(header::CONTENT_RANGE, value(&format!("bytes */{}", file.size))?);
            return Ok(finished(sent, StatusCode::RANGE_NOT_SATISFIABLE, headers, Body::empty()));
        }
    };
    headers.insert(header::CONTENT_LENGTH, (range.end - range.start).into());
    let body = if asked.method == Method::HEAD {
        Body::empty()
    } else {
        let id = file.id;
        let bytes = content.read(range).await?;
        Body::from_stream(bytes.inspect_err(move |error| tracing::error!(%id, %error, "a file cannot be read")))
    };
    Ok(finished(sent, status, headers, body))
}

fn finished(sent: Sent, status: StatusCode, headers: HeaderMap, body: Body) -> Response {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    response.extensions_mut().insert(sent);
    response
}

fn headers(installation: &Installation, file: &File, tag: &str, inline: bool) -> Outcome<HeaderMap> {
    let mut headers = HeaderMap::with_capacity(16);
    headers.insert(header::CONTENT_TYPE, value(&file.media_type)?);
    headers.insert(header::ETAG, value(tag)?);
    headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    headers.insert(header::CONTENT_DISPOSITION, value(&disposition(&file.name, inline))?);
    // What is personal stays in no cache; the rest is asked about again, which costs a few bytes.
    let personal = installation.manifest.file_area(&file.area).is_none_or(|a| a.personal.is_some());
    let kept = if personal { "private, no-store" } else { "private, no-cache" };
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(kept));
    Ok(headers)
}

fn value(text: &str) -> Outcome<HeaderValue> {
    HeaderValue::from_str(text).map_err(Failure::internal)
}

/// `Content-Disposition` with a name in UTF-8 (RFC 6266, RFC 8187), and one in ASCII for what knows no other.
fn disposition(name: &str, inline: bool) -> String {
    /// What RFC 8187 lets stand as it is (`attr-char`).
    const ATTRIBUTE: &AsciiSet = &NON_ALPHANUMERIC
        .remove(b'!')
        .remove(b'#')
        .remove(b'$')
        .remove(b'&')
        .remove(b'+')
        .remove(b'-')
        .remove(b'.')
        .remove(b'^')
        .remove(b'_')
        .remove(b'`')
        .remove(b'|')
        .remove(b'~');
    let kind = if inline { "inline" } else { "attachment" };
    let plain: String = name
        .chars()
        .map(|c| if c.is_ascii_graphic() && !matches!(c, '"' | '\\' | '%') || c == ' ' { c } else { '_' })
        .collect();
    format!("{kind}; filename=\"{plain}\"; filename*=UTF-8''{}", utf8_percent_encode(name, ATTRIBUTE))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_in_chinese_reaches_the_browser_and_cannot_end_the_header() {
        assert_eq!(
            disposition("坑洼 1.jpg", true),
            "inline; filename=\"__ 1.jpg\"; filename*=UTF-8''%E5%9D%91%E6%B4%BC%201.jpg"
        );
        assert_eq!(
            disposition("a\"; x=\\.pdf", false),
            "attachment; filename=\"a_; x=_.pdf\"; filename*=UTF-8''a%22%3B%20x%3D%5C.pdf"
        );
    }
}

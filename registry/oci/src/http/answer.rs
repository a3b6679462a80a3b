//! Answers, and the errors among them.

use crate::digest::Digest;
use crate::error::OciError;
use crate::http::range;
use crate::registry::Inner;
use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use http::{HeaderName, HeaderValue, StatusCode, header};

/// What a handler answers.
pub(super) type Answer = Result<Response, OciError>;

pub(super) const DIGEST: HeaderName = HeaderName::from_static("docker-content-digest");
pub(super) const SUBJECT: HeaderName = HeaderName::from_static("oci-subject");
pub(super) const TAG: HeaderName = HeaderName::from_static("oci-tag");
pub(super) const FILTERS: HeaderName = HeaderName::from_static("oci-filters-applied");
pub(super) const UPLOAD: HeaderName = HeaderName::from_static("docker-upload-uuid");
const API_VERSION: HeaderName = HeaderName::from_static("docker-distribution-api-version");

/// An answer without a body yet. What was pushed is never to be taken for a page: no browser shall
/// sniff or run it.
pub(super) fn answer(status: StatusCode, body: impl Into<Body>) -> Response {
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(API_VERSION, HeaderValue::from_static("registry/2.0"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'; sandbox"),
    );
    response
}

/// Sets headers on an answer.
pub(super) trait With: Sized {
    /// Sets a header; a text that cannot stand in one is left out.
    fn with(self, name: HeaderName, value: impl ToString) -> Self;

    /// Says which content an answer is about.
    fn of(self, digest: &Digest) -> Self {
        self.with(DIGEST, digest).with(header::ETAG, format_args!("\"{digest}\""))
    }
}

impl With for Response {
    fn with(mut self, name: HeaderName, value: impl ToString) -> Self {
        if let Ok(value) = HeaderValue::from_str(&value.to_string()) {
            self.headers_mut().append(name, value);
        }
        self
    }
}

/// A JSON document.
pub(super) fn json(status: StatusCode, media_type: &'static str, document: &serde_json::Value) -> Response {
    let bytes = Bytes::from(document.to_string());
    let length = bytes.len();
    answer(status, bytes).with(header::CONTENT_TYPE, media_type).with(header::CONTENT_LENGTH, length)
}

/// The answer to a request that is refused or failed.
pub(super) fn refuse(inner: &Inner, error: &OciError) -> Response {
    let problem = error.problem();
    match error {
        OciError::Blobs(cause) => tracing::error!(cause, "blob storage fails"),
        OciError::Store(cause) => tracing::error!(%cause, "the store fails"),
        _ => tracing::debug!(%error, status = problem.status.as_u16(), code = problem.code, "refused"),
    }
    let response = json(problem.status, "application/json", &error.document());
    match error {
        OciError::Unauthorized { scope } => challenge(inner, response, scope.as_deref(), None),
        OciError::WrongCredentials => challenge(inner, response, None, Some("invalid_token")),
        OciError::OutOfOrder { expected, location } => {
            response.with(header::LOCATION, location).with(header::RANGE, range::so_far(*expected))
        }
        OciError::Range(size) => response.with(header::CONTENT_RANGE, format_args!("bytes */{size}")),
        OciError::TooMany(seconds) => response.with(header::RETRY_AFTER, seconds),
        OciError::MethodNotAllowed(allow) => response.with(header::ALLOW, allow),
        OciError::Held { .. } => response.with(header::ALLOW, "GET, HEAD"),
        _ => response,
    }
}

/// Says where tokens are (distribution's token specification). Basic authentication is accepted too,
/// but not offered: some clients take the last challenge for the only one.
fn challenge(inner: &Inner, response: Response, scope: Option<&str>, error: Option<&str>) -> Response {
    let config = &inner.config;
    let mut value = format!(r#"Bearer realm="{}/token",service="{}""#, config.url, config.service());
    for (name, text) in [("scope", scope), ("error", error)] {
        if let Some(text) = text {
            value.push_str(&format!(r#",{name}="{text}""#));
        }
    }
    response.with(header::WWW_AUTHENTICATE, value)
}

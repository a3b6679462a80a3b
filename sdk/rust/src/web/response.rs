//! A response.

use super::{StatusCode, urlencoded};
use maud::Markup;
use serde::Serialize;

/// A response: status, headers and a body held whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    status: StatusCode,
    headers: Vec<(&'static str, String)>,
    body: Vec<u8>,
}

impl Response {
    /// An empty body with this status.
    #[must_use]
    pub fn empty(status: StatusCode) -> Self {
        Self { status, headers: Vec::new(), body: Vec::new() }
    }

    /// A body of any media type.
    #[must_use]
    pub fn new(content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        Self { status: StatusCode::OK, headers: vec![("content-type", content_type.to_owned())], body: body.into() }
    }

    /// A page. [`Layout::page`](crate::page::Layout::page) makes whole ones.
    #[must_use]
    pub fn html(markup: Markup) -> Self {
        Self::new("text/html; charset=utf-8", markup.into_string())
    }

    /// Plain text.
    #[must_use]
    pub fn text(text: impl Into<String>) -> Self {
        Self::new("text/plain; charset=utf-8", text.into())
    }

    /// JSON. A value without a JSON form (a map with keys that are not text) is a 500.
    #[must_use]
    pub fn json(value: &impl Serialize) -> Self {
        match serde_json::to_vec(value) {
            Ok(body) => Self::new("application/json", body),
            Err(e) => super::Problem::internal(&e.to_string()).to_response(crate::Lang::En),
        }
    }

    /// A file to save under `name`.
    #[must_use]
    pub fn download(content_type: &str, name: &str, body: impl Into<Vec<u8>>) -> Self {
        // RFC 6266 with the encoding of RFC 8187, so that a Chinese name arrives as it is.
        Self::new(content_type, body)
            .header("content-disposition", format!("attachment; filename*=UTF-8''{}", urlencoded::encode(name)))
    }

    /// After a form was accepted: the browser goes to `location` with a `GET` (303).
    #[must_use]
    pub fn see_other(location: &str) -> Self {
        Self::empty(StatusCode::SEE_OTHER).header("location", location)
    }

    /// Sets the status.
    #[must_use]
    pub fn status(mut self, status: StatusCode) -> Self {
        self.status = status;
        self
    }

    /// Sets a header; names are in lower case. The host passes on those of its list only.
    #[must_use]
    pub fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.retain(|(n, _)| *n != name);
        self.headers.push((name, value.into()));
        self
    }

    /// The status.
    #[must_use]
    pub fn code(&self) -> StatusCode {
        self.status
    }

    /// The headers.
    #[must_use]
    pub fn headers(&self) -> &[(&'static str, String)] {
        &self.headers
    }

    /// A header's value.
    #[must_use]
    pub fn header_value(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| *n == name).map(|(_, v)| v.as_str())
    }

    /// The body.
    #[must_use]
    pub fn body(&self) -> &[u8] {
        &self.body
    }

    /// The body as text, for tests; bytes that are not UTF-8 become U+FFFD.
    #[must_use]
    pub fn body_text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON, for tests; `null` when it is not.
    #[must_use]
    pub fn body_json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    pub(crate) fn without_body(mut self) -> Self {
        self.body.clear();
        self
    }
}

impl From<Markup> for Response {
    fn from(markup: Markup) -> Self {
        Self::html(markup)
    }
}

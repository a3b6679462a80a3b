//! Requests to other hosts: those that `app.toml` lists under `outbound`; the host refuses all others.
//!
//! ```no_run
//! # use serde::Deserialize;
//! # #[derive(Deserialize)] struct Prices { adult: u64 }
//! # fn f() -> yunlong_sdk::web::Result<Prices> {
//! // In a handler `?` is enough: a host that does not answer is a 502.
//! Ok(yunlong_sdk::http::get("https://api.example.org/prices")?.json()?)
//! # }
//! ```

use crate::backend::{Active, Backend};
use crate::web::{Method, StatusCode};
use ::http::Uri;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// How long to wait for an answer to begin, and between its parts, when nothing is said, in
/// milliseconds: well under what a person waits for.
pub const DEFAULT_TIMEOUT: u32 = 5_000;

/// The longest answer that is read when nothing is said, in bytes.
pub const DEFAULT_BYTES: usize = 4 * 1024 * 1024;

/// A request to another host. It has no `Debug`: headers and addresses may carry secrets.
#[derive(Clone, PartialEq, Eq)]
pub struct OutboundRequest {
    /// The method.
    pub method: Method,
    /// `https://…`, or `http://…` where the platform allows it.
    pub url: String,
    /// Names and values.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
    /// Milliseconds to wait for the answer to begin, and between its parts.
    pub timeout: u32,
    /// The longest answer that is read, in bytes.
    pub most: usize,
}

impl OutboundRequest {
    /// A request without headers and body.
    #[must_use]
    pub fn new(method: Method, url: impl Into<String>) -> Self {
        let url = url.into();
        Self { method, url, headers: Vec::new(), body: Vec::new(), timeout: DEFAULT_TIMEOUT, most: DEFAULT_BYTES }
    }

    /// Adds a header.
    #[must_use]
    pub fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_lowercase(), value.into()));
        self
    }

    /// Sends a value as JSON. One that has no JSON form (a map with keys that are not text) becomes `null`.
    #[must_use]
    pub fn json(mut self, value: &impl Serialize) -> Self {
        self.body = serde_json::to_vec(value).unwrap_or_else(|_| b"null".to_vec());
        self.header("content-type", "application/json")
    }

    /// Waits so many milliseconds.
    #[must_use]
    pub fn timeout(mut self, milliseconds: u32) -> Self {
        self.timeout = milliseconds;
        self
    }

    pub(crate) fn parts(&self) -> Result<Parts, HttpError> {
        let invalid = |why: &str| HttpError::Invalid(why.to_owned());
        let uri: Uri = self.url.parse().map_err(|e: ::http::uri::InvalidUri| HttpError::Invalid(e.to_string()))?;
        let https = match uri.scheme_str() {
            Some("https") => true,
            Some("http") => false,
            _ => return Err(invalid("it begins with neither https:// nor http://")),
        };
        let authority = uri.authority().ok_or_else(|| invalid("it names no host"))?.as_str();
        if authority.contains('@') {
            return Err(invalid("it has a user name"));
        }
        let path = uri.path_and_query().map_or("/", |p| p.as_str());
        Ok(Parts { https, authority: authority.to_owned(), path: path.to_owned() })
    }
}

/// An address in the parts that the contract has.
pub(crate) struct Parts {
    pub(crate) https: bool,
    pub(crate) authority: String,
    pub(crate) path: String,
}

/// An answer, read whole. Any status is one: look at it. Redirects are not followed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutboundResponse {
    /// The status.
    pub status: StatusCode,
    /// Names in lower case, and values.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl OutboundResponse {
    /// An answer with this status and body: for tests.
    #[must_use]
    pub fn new(status: StatusCode, body: impl Into<Vec<u8>>) -> Self {
        Self { status, headers: Vec::new(), body: body.into() }
    }

    /// A header's first value; the name is compared without case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, v)| v.as_str())
    }

    /// Whether the status is 2xx.
    #[must_use]
    pub fn is_success(&self) -> bool {
        self.status.is_success()
    }

    /// The body as UTF-8; other bytes become U+FFFD.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The JSON body as a `T`.
    ///
    /// # Errors
    /// [`HttpError::Unexpected`] when it is not one.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, HttpError> {
        serde_json::from_slice(&self.body).map_err(|e| HttpError::Unexpected(e.to_string()))
    }
}

/// Why there is no answer. Of an address the host alone is named: the rest may carry secrets.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HttpError {
    /// The address is none of HTTP.
    #[error("the address is none of HTTP: {0}")]
    Invalid(String),
    /// The platform or the network refused.
    #[error("{host}: {why}: is the host under `outbound` in app.toml, and does it answer?")]
    Refused {
        /// The host that was asked.
        host: String,
        /// What the platform says.
        why: String,
    },
    /// It took too long.
    #[error("{host}: no answer within {milliseconds} ms")]
    Late {
        /// The host that was asked.
        host: String,
        /// How long it was waited for.
        milliseconds: u32,
    },
    /// The answer is longer than what is read.
    #[error("{host}: the answer has more than {bytes} bytes")]
    TooLarge {
        /// The host that was asked.
        host: String,
        /// What is read at most.
        bytes: usize,
    },
    /// The answer is not what was expected.
    #[error("the answer is not what was expected: {0}")]
    Unexpected(String),
}

/// Sends a request and reads its answer whole.
///
/// # Errors
/// [`HttpError`].
pub fn send(request: &OutboundRequest) -> Result<OutboundResponse, HttpError> {
    let parts = request.parts()?;
    Active::send(request, &parts)
}

/// A `GET`.
///
/// # Errors
/// [`HttpError`].
pub fn get(url: &str) -> Result<OutboundResponse, HttpError> {
    send(&OutboundRequest::new(Method::GET, url))
}

/// A `POST` of JSON.
///
/// # Errors
/// [`HttpError`].
pub fn post_json(url: &str, value: &impl Serialize) -> Result<OutboundResponse, HttpError> {
    send(&OutboundRequest::new(Method::POST, url).json(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_a_host_and_no_user() {
        let parts = |url: &str| OutboundRequest::new(Method::GET, url).parts().map(|p| (p.https, p.authority, p.path));
        assert_eq!(parts("https://a.example:8443/x?y=1"), Ok((true, "a.example:8443".into(), "/x?y=1".into())));
        assert_eq!(parts("http://a.example"), Ok((false, "a.example".into(), "/".into())));
        for bad in ["ftp://a.example/", "/x", "https://li:secret@a.example/", "https://", "a b"] {
            let refused = parts(bad).unwrap_err();
            assert!(matches!(refused, HttpError::Invalid(_)) && !refused.to_string().contains("secret"), "{bad}");
        }
    }
}

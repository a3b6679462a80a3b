//! Paths and queries. A repository's name has slashes, so a path is read from its end.

use crate::access::Action;
use crate::error::OciError;
use crate::name::{NameError, RepositoryName};
use http::Method;
use percent_encoding::percent_decode_str;

/// The longest path that is looked at: name, digest and words fit several times.
const MAX_PATH: usize = 1_024;
/// The most parameters of a query.
const MAX_PARAMETERS: usize = 32;

/// What a path leads to.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Route {
    pub(super) repository: Option<RepositoryName>,
    pub(super) endpoint: Endpoint,
}

/// The end-points; references are as they were sent.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Endpoint {
    Base,
    Catalog,
    Tags,
    Manifest(String),
    Blob(String),
    Uploads,
    Upload(String),
    Referrers(String),
}

impl Route {
    /// Reads the path of a request, percent-encoding included. Components are decoded after they were
    /// split, so that no encoded slash makes a new one.
    pub(super) fn parse(path: &str) -> Result<Self, OciError> {
        if path.len() > MAX_PATH {
            return Err(OciError::NoEndpoint);
        }
        let rest = path.strip_prefix("/v2").unwrap_or_default();
        let decoded: Result<Vec<String>, _> =
            rest.split('/').skip(1).map(|s| percent_decode_str(s).decode_utf8().map(|s| s.into_owned())).collect();
        let parts = decoded.map_err(|_| OciError::NoEndpoint)?;
        let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
        let (name, endpoint) = match &parts[..] {
            [] | [""] => return Ok(Self { repository: None, endpoint: Endpoint::Base }),
            ["_catalog"] => return Ok(Self { repository: None, endpoint: Endpoint::Catalog }),
            [name @ .., "blobs", "uploads"] | [name @ .., "blobs", "uploads", ""] => (name, Endpoint::Uploads),
            [name @ .., "blobs", "uploads", id] => (name, Endpoint::Upload((*id).to_owned())),
            [name @ .., "blobs", digest] => (name, Endpoint::Blob((*digest).to_owned())),
            [name @ .., "manifests", reference] => (name, Endpoint::Manifest((*reference).to_owned())),
            [name @ .., "tags", "list"] => (name, Endpoint::Tags),
            [name @ .., "referrers", digest] => (name, Endpoint::Referrers((*digest).to_owned())),
            _ => return Err(OciError::NoEndpoint),
        };
        let whole = name.join("/");
        if name.iter().any(|part| part.contains('/')) {
            return Err(NameError::Repository(whole).into());
        }
        Ok(Self { repository: Some(whole.parse()?), endpoint })
    }
}

impl Endpoint {
    /// What a request needs to be allowed to do.
    pub(super) fn action(&self, method: &Method) -> Result<Action, OciError> {
        let (allow, action) = match (self, method) {
            (Self::Uploads | Self::Upload(_), _) => return self.push(method),
            (Self::Manifest(_), &Method::PUT) => ("", Some(Action::Push)),
            (Self::Blob(_) | Self::Manifest(_), &Method::DELETE) => ("", Some(Action::Delete)),
            (_, &Method::GET | &Method::HEAD) => ("", Some(Action::Pull)),
            (Self::Blob(_), _) => ("GET, HEAD, DELETE", None),
            (Self::Manifest(_), _) => ("GET, HEAD, PUT, DELETE", None),
            _ => ("GET, HEAD", None),
        };
        action.ok_or(OciError::MethodNotAllowed(allow))
    }

    fn push(&self, method: &Method) -> Result<Action, OciError> {
        let allowed = match self {
            Self::Uploads => matches!(*method, Method::POST),
            _ => matches!(*method, Method::PATCH | Method::PUT | Method::GET | Method::DELETE),
        };
        let allow = if *self == Self::Uploads { "POST" } else { "GET, PATCH, PUT, DELETE" };
        if allowed { Ok(Action::Push) } else { Err(OciError::MethodNotAllowed(allow)) }
    }
}

/// The parameters of a query.
#[derive(Debug, Default)]
pub(super) struct Query(Vec<(String, String)>);

impl Query {
    pub(super) fn parse(query: Option<&str>) -> Result<Self, OciError> {
        let pairs: Vec<(String, String)> =
            serde_urlencoded::from_str(query.unwrap_or_default()).map_err(|_| OciError::Parameter("query"))?;
        if pairs.len() > MAX_PARAMETERS { Err(OciError::Parameter("query")) } else { Ok(Self(pairs)) }
    }

    /// A parameter that may stand there once.
    pub(super) fn one(&self, name: &'static str) -> Result<Option<&str>, OciError> {
        let mut values = self.all(name);
        let value = values.next();
        if values.next().is_some() { Err(OciError::Parameter(name)) } else { Ok(value) }
    }

    /// All values of a parameter.
    pub(super) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(n, _)| n == name).map(|(_, v)| &**v)
    }

    /// A number that says how many are wanted.
    pub(super) fn number(&self, name: &'static str) -> Result<Option<usize>, OciError> {
        self.one(name)?.map(|v| v.parse().map_err(|_| OciError::Parameter(name))).transpose()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn route(path: &str) -> Result<(String, Endpoint), OciError> {
        let route = Route::parse(path)?;
        Ok((route.repository.map(|n| n.to_string()).unwrap_or_default(), route.endpoint))
    }

    #[test]
    fn a_path_is_read_from_its_end() {
        let is = |path: &str, name: &str, endpoint| assert_eq!(route(path).unwrap(), (name.to_owned(), endpoint));
        is("/v2", "", Endpoint::Base);
        is("/v2/", "", Endpoint::Base);
        is("/v2/_catalog", "", Endpoint::Catalog);
        is("/v2/a/b/c/tags/list", "a/b/c", Endpoint::Tags);
        is("/v2/a/manifests/1.0", "a", Endpoint::Manifest("1.0".into()));
        is("/v2/a/manifests/manifests/1.0", "a/manifests", Endpoint::Manifest("1.0".into()));
        is("/v2/a/blobs/sha256%3Aab", "a", Endpoint::Blob("sha256:ab".into()));
        is("/v2/a/blobs/uploads", "a", Endpoint::Uploads);
        is("/v2/a/blobs/uploads/", "a", Endpoint::Uploads);
        is("/v2/a/blobs/uploads/x", "a", Endpoint::Upload("x".into()));
        is("/v2/a/referrers/x", "a", Endpoint::Referrers("x".into()));
        is("/v2/tags/tags/list", "tags", Endpoint::Tags);
    }

    #[test]
    fn path_tricks_lead_nowhere() {
        for path in [
            "/v2/../etc/manifests/x",
            "/v2/a/../b/manifests/x",
            "/v2/a%2f..%2fb/manifests/x",
            "/v2/a%2fb/manifests/x",
            "/v2/%2e%2e/manifests/x",
            "/v2//manifests/x",
            "/v2/a//b/manifests/x",
            "/v2/A/manifests/x",
            "/v2/a%00/manifests/x",
            "/v2/manifests/x",
            "/v2/tags/list",
        ] {
            assert!(matches!(route(path), Err(OciError::Name(_))), "{path}: {:?}", route(path));
        }
        for path in ["/v2/a", "/v2/a/manifests", "/v2/a/tags", "/v2/%ff/manifests/x", "/v2/a/manifests/x/y"] {
            assert_eq!(route(path), Err(OciError::NoEndpoint), "{path}");
        }
    }
}

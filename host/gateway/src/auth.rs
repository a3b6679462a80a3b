//! From a cookie or a bearer token to a session.

use crate::Gateway;
use crate::failure::{Failure, Outcome, kinds};
use crate::origins::Site;
use http::{HeaderMap, header};
use yunlong_identity::{FactorError, IdentityError, Session, SessionOrigin};

/// How the visitor showed who they are.
#[derive(Debug, Default)]
pub(crate) struct Visitor {
    pub(crate) session: Option<Session>,
    pub(crate) token: Option<String>,
    pub(crate) by_bearer: bool,
    /// The cookie names a session that has ended: it is removed.
    pub(crate) stale_cookie: bool,
}

/// Where the cookie of a site is accepted.
pub(crate) fn session_origin(site: &Site) -> SessionOrigin {
    match site {
        Site::Portal => SessionOrigin::Portal,
        Site::Console => SessionOrigin::Console,
        Site::App(name) => SessionOrigin::Installation(name.clone()),
    }
}

/// Who makes the request. A bearer token stands over the cookie, and one that is not valid is
/// refused rather than passed over: its owner means to be somebody.
pub(crate) async fn visitor(gateway: &Gateway, site: &Site, headers: &HeaderMap) -> Outcome<Visitor> {
    let identity = &gateway.services.identity;
    if let Some(token) = bearer(headers)? {
        let session = identity.authenticate(token, &SessionOrigin::Bearer).await?;
        let session = session.ok_or_else(|| {
            Failure::new(kinds::UNAUTHENTICATED).because("令牌无效或已过期。", "The token is not valid or has expired.")
        })?;
        return Ok(Visitor {
            session: Some(session),
            token: Some(token.to_owned()),
            by_bearer: true,
            stale_cookie: false,
        });
    }
    let Some(token) = gateway.cookies.session(headers) else { return Ok(Visitor::default()) };
    let session = identity.authenticate(token, &session_origin(site)).await?;
    Ok(Visitor {
        stale_cookie: session.is_none(),
        token: session.as_ref().map(|_| token.to_owned()),
        session,
        by_bearer: false,
    })
}

/// The token of `Authorization: Bearer` (RFC 6750 section 2.1).
fn bearer(headers: &HeaderMap) -> Outcome<Option<&str>> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let (Some(value), more) = (values.next(), values.next()) else { return Ok(None) };
    let refused = || {
        Failure::new(kinds::UNAUTHENTICATED)
            .because("请使用 Authorization: Bearer 令牌。", "Use one Authorization header with a bearer token.")
    };
    if more.is_some() {
        return Err(refused());
    }
    let text = value.to_str().map_err(|_| refused())?;
    let (scheme, token) = text.split_once(' ').ok_or_else(refused)?;
    if scheme.eq_ignore_ascii_case("bearer") { Ok(Some(token.trim())) } else { Err(refused()) }
}

impl From<IdentityError> for Failure {
    fn from(e: IdentityError) -> Self {
        use yunlong_formats::Explain as _;
        match &e {
            IdentityError::Invalid { field, problem } => {
                Self::new(kinds::INVALID).field(field, problem.zh.clone(), problem.en.clone())
            }
            IdentityError::NoSuchAccount(_) | IdentityError::NoSuchOrganization(_) | IdentityError::NoSuchMandate => {
                Self::new(kinds::NOT_FOUND).because(e.zh(), e.en())
            }
            IdentityError::NameTaken(_) | IdentityError::ResidentIdTaken | IdentityError::ExternalTaken => {
                Self::new(kinds::CONFLICT).because(e.zh(), e.en())
            }
            IdentityError::Store(store) => store.clone().into(),
            IdentityError::Commit(commit) => commit.clone().into(),
            IdentityError::Audit(e) => e.clone().into(),
            IdentityError::Crypto(_) => Self::internal(e),
        }
    }
}

impl From<FactorError> for Failure {
    fn from(e: FactorError) -> Self {
        use yunlong_formats::Explain as _;
        match &e {
            FactorError::Wrong | FactorError::Used => Self::new(kinds::INVALID).field("code", e.zh(), e.en()),
            FactorError::LockedUntil(_) => Self::new(kinds::LOCKED).because(e.zh(), e.en()),
            FactorError::SessionEnded => Self::new(kinds::SIGN_ON_EXPIRED).because(e.zh(), e.en()),
            FactorError::NotEnrolled | FactorError::TooMany => Self::new(kinds::CONFLICT).because(e.zh(), e.en()),
            FactorError::Busy => Self::new(kinds::BUSY).retry_after(60),
            FactorError::Identity(inner) => inner.clone().into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    fn with(values: &[&'static str]) -> HeaderMap {
        values.iter().map(|v| (header::AUTHORIZATION, HeaderValue::from_static(v))).collect()
    }

    #[test]
    fn only_one_bearer_token_counts() {
        assert_eq!(bearer(&with(&[])).unwrap(), None);
        assert_eq!(bearer(&with(&["Bearer abc"])).unwrap(), Some("abc"));
        assert_eq!(bearer(&with(&["bearer  abc"])).unwrap(), Some("abc"));
        for bad in [&["Basic abc"][..], &["Bearer"], &["Bearer a", "Bearer b"], &[""]] {
            assert_eq!(bearer(&with(bad)).unwrap_err().kind(), kinds::UNAUTHENTICATED, "{bad:?}");
        }
    }
}

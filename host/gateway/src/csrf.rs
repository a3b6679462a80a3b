//! Who may change something.
//!
//! A browser sends the session cookie along with whatever page made it ask, so a request with an
//! unsafe method counts only when the browser itself says that a page of the *same origin* made it
//! (Fetch Metadata, `Sec-Fetch-Site`). The same site is not enough: the apps are each other's
//! siblings. `none` is not enough either: nobody types a POST. A bearer token needs no such proof,
//! since no browser adds it by itself. Nor does a program that brings nothing a browser would add: a
//! device that signs what it sends comes without a cookie, as nobody, and could as well be anywhere.
//! There are no hidden form tokens to leak, expire or forget.

use http::{HeaderMap, Method, header};

/// The request could have been made by somebody else's page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Forged;

/// Safe methods (RFC 9110 section 9.2.1).
pub(crate) fn is_safe(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS)
}

/// What the browser says of where a request comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum FetchSite {
    Absent,
    SameOrigin,
    Other,
}

fn fetch_site(headers: &HeaderMap) -> FetchSite {
    let mut values = headers.get_all("sec-fetch-site").iter();
    match (values.next(), values.next()) {
        (None, _) => FetchSite::Absent,
        (Some(v), None) if v == "same-origin" => FetchSite::SameOrigin,
        _ => FetchSite::Other,
    }
}

/// A browser made this request, or might have: it names the origin of whatever is not a plain visit (RFC 6454 section 7),
/// and adds the cookies that it has.
fn has_trace_of_browser(headers: &HeaderMap) -> bool {
    headers.contains_key(header::COOKIE) || headers.contains_key(header::ORIGIN)
}

/// Lets a request pass that is safe, carries a bearer token, comes from the same origin, or is a program's that acts as
/// nobody.
pub(crate) fn check(method: &Method, headers: &HeaderMap, by_bearer: bool) -> Result<(), Forged> {
    if is_safe(method) || by_bearer {
        return Ok(());
    }
    match fetch_site(headers) {
        FetchSite::SameOrigin => Ok(()),
        FetchSite::Absent if !has_trace_of_browser(headers) => Ok(()),
        FetchSite::Absent | FetchSite::Other => Err(Forged),
    }
}

/// The rule for the few operations that use no cookie at all (a session asked for with a password,
/// a provider's signed callback): programs may call them, other origins' pages may not.
pub(crate) fn check_without_cookie(headers: &HeaderMap) -> Result<(), Forged> {
    match fetch_site(headers) {
        FetchSite::Absent | FetchSite::SameOrigin => Ok(()),
        FetchSite::Other => Err(Forged),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(values: &[&'static str]) -> HeaderMap {
        values
            .iter()
            .map(|v| (http::HeaderName::from_static("sec-fetch-site"), http::HeaderValue::from_static(v)))
            .collect()
    }

    #[test]
    fn an_unsafe_method_needs_the_same_origin_or_a_token() {
        for (method, values, bearer, ok) in [
            (Method::GET, &["cross-site"][..], false, true),
            (Method::HEAD, &[], false, true),
            (Method::POST, &["same-origin"], false, true),
            (Method::POST, &["same-site"], false, false),
            (Method::POST, &["cross-site"], false, false),
            (Method::POST, &["none"], false, false),
            (Method::POST, &["same-origin", "same-origin"], false, false),
            (Method::POST, &["Same-Origin"], false, false),
            (Method::PUT, &[], true, true),
            (Method::POST, &["cross-site"], true, true),
        ] {
            assert_eq!(check(&method, &with(values), bearer).is_ok(), ok, "{method} {values:?} {bearer}");
        }
        assert!(check(&Method::from_bytes(b"PROPFIND").unwrap(), &with(&["none"]), false).is_err());
    }

    #[test]
    fn a_program_needs_no_proof_unless_it_looks_like_a_browser() {
        let (none, [cookie, origin]) = (HeaderMap::new(), [header::COOKIE, header::ORIGIN]);
        for method in [Method::POST, Method::DELETE, Method::from_bytes(b"PROPFIND").unwrap()] {
            assert!(check(&method, &none, false).is_ok(), "{method}");
            for name in [&cookie, &origin] {
                let headers = HeaderMap::from_iter([(name.clone(), http::HeaderValue::from_static("x"))]);
                assert!(check(&method, &headers, false).is_err(), "{method} with {name}");
            }
        }
    }

    #[test]
    fn programs_may_ask_for_a_session_but_other_pages_may_not() {
        assert!(check_without_cookie(&with(&[])).is_ok());
        assert!(check_without_cookie(&with(&["same-origin"])).is_ok());
        for other in ["same-site", "cross-site", "none"] {
            assert!(check_without_cookie(&with(&[other])).is_err(), "{other}");
        }
    }
}

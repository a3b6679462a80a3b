//! Around the gateway's router: whose requests are answered at all, the pages under `/_city/dev/`, and the bar on
//! the app's own pages. What passes to the gateway and back is otherwise left as it is.

use super::bar;
use super::bench::Bench;
use super::pages;
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use std::sync::Arc;
use tower::ServiceExt as _;

/// Where the pages are.
pub(super) const PREFIX: &str = "/_city/dev/";
/// The largest page that gets a bar, in bytes.
const LARGEST: usize = 16 << 20;

#[derive(Clone)]
struct Layer {
    bench: Arc<Bench>,
    inner: Router,
}

/// The routes of everything.
pub(super) fn router(bench: Arc<Bench>) -> Router {
    let inner = yunlong_gateway::router(bench.city.gateway.clone());
    Router::new().fallback(serve).with_state(Layer { bench, inner })
}

/// Which of the city's origins a request is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum At {
    App,
    Portal,
    Console,
}

async fn serve(State(Layer { bench, inner }): State<Layer>, mut request: Request) -> Response {
    let Some(at) = admitted(&bench, &request) else {
        return (StatusCode::FORBIDDEN, "yunlong dev answers for its own origins only / 只为自己的地址服务\n")
            .into_response();
    };
    let path = request.uri().path();
    if path.starts_with(PREFIX) || path == PREFIX.trim_end_matches('/') {
        return match at {
            At::App => pages::answer(&bench, request).await,
            At::Portal => pages::at_portal(&bench, &request),
            At::Console => StatusCode::NOT_FOUND.into_response(),
        };
    }
    if at != At::App {
        return call(inner, request).await;
    }
    tokio::time::sleep(bench.faults.wanted().slow).await;
    // A page that is to get a bar comes whole and plain.
    for name in [header::ACCEPT_ENCODING, header::IF_NONE_MATCH, header::IF_MODIFIED_SINCE] {
        if name == header::ACCEPT_ENCODING || wants_page(request.headers()) {
            request.headers_mut().remove(name);
        }
    }
    let (method, headers) = (request.method().clone(), request.headers().clone());
    let back = request.uri().path_and_query().map_or("/", |p| p.as_str()).to_owned();
    let response = call(inner, request).await;
    if method == Method::HEAD || !is_page(&response) {
        return response;
    }
    with_bar(&bench, response, &headers, method == Method::GET, &back).await
}

async fn call(inner: Router, request: Request) -> Response {
    match inner.oneshot(request).await {
        Ok(response) => response,
        Err(never) => match never {},
    }
}

/// The origin, when a request is for one of ours, and comes from one of ours or tells of none: the accounts here have
/// no secrets, so no other page of the browser may reach them, not even by a name that somebody bent to loopback.
fn admitted(bench: &Bench, request: &Request) -> Option<At> {
    let origins = bench.city.gateway.origins();
    let ours = [
        (At::App, bench.origin()),
        (At::Portal, origins.portal().to_owned()),
        (At::Console, origins.console().to_owned()),
    ];
    let mut hosts = request.headers().get_all(header::HOST).iter();
    let host = match (request.uri().authority(), hosts.next(), hosts.next()) {
        (Some(authority), _, None) => authority.as_str(),
        (None, Some(host), None) => host.to_str().ok()?,
        _ => return None,
    };
    let at = ours.iter().find(|(_, o)| o.split_once("://").is_some_and(|(_, a)| a == host)).map(|(at, _)| *at)?;
    let mut from = request.headers().get_all(header::ORIGIN).iter();
    from.all(|o| ours.iter().any(|(_, ours)| o.as_bytes() == ours.as_bytes())).then_some(at)
}

fn wants_page(headers: &HeaderMap) -> bool {
    headers.get(header::ACCEPT).is_some_and(|v| v.to_str().is_ok_and(|v| v.contains("text/html")))
}

fn is_page(response: &Response) -> bool {
    let headers = response.headers();
    let html = headers.get(header::CONTENT_TYPE).is_some_and(|v| v.as_bytes().starts_with(b"text/html"));
    html && !headers.contains_key(header::CONTENT_ENCODING) && !headers.contains_key(header::CONTENT_DISPOSITION)
}

/// The page, and the bar behind it. What stands behind the end of a document belongs to its body (HTML, section
/// 13.2.6.4.20), so that no page has to be taken apart.
async fn with_bar(
    bench: &Arc<Bench>,
    response: Response,
    headers: &HeaderMap,
    loads_again: bool,
    back: &str,
) -> Response {
    let (mut parts, body) = response.into_parts();
    let Ok(page) = to_bytes(body, LARGEST).await else {
        return (StatusCode::BAD_GATEWAY, "this page is too large for the bar\n").into_response();
    };
    let bar = match bar::render(bench, headers, loads_again, back).await {
        Ok(bar) => bar,
        Err(error) => {
            tracing::warn!(%error, "the bar cannot be shown");
            return Response::from_parts(parts, page.into());
        }
    };
    let mut whole = Vec::with_capacity(page.len() + bar.len());
    whole.extend_from_slice(&page);
    whole.extend_from_slice(bar.as_bytes());
    for name in [header::CONTENT_LENGTH, header::ETAG, header::LAST_MODIFIED] {
        parts.headers.remove(name);
    }
    parts.headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    allow_script(&mut parts.headers, &bench.origin());
    Response::from_parts(parts, Body::from(whole))
}

/// The policy of the page lets the bar's own file run, and nothing of the app that it would not let run in a city.
fn allow_script(headers: &mut HeaderMap, origin: &str) {
    let Some(policy) = headers.get(header::CONTENT_SECURITY_POLICY).and_then(|v| v.to_str().ok()) else { return };
    let allowed = allow(policy, "script-src", &format!("{origin}{PREFIX}bar.js"));
    let allowed = allow(&allowed, "connect-src", &format!("{origin}{PREFIX}changed"));
    if let Ok(value) = HeaderValue::from_str(&allowed) {
        headers.insert(header::CONTENT_SECURITY_POLICY, value);
    }
}

/// A policy with one more source of a directive. An app with scripts of its own may use all of its origin already, what is
/// the bar's among it.
fn allow(policy: &str, directive: &str, source: &str) -> String {
    let of = |d: &&str| d.split(' ').next() == Some(directive);
    match policy.split("; ").find(of) {
        Some(stands) if stands.split(' ').any(|s| s == "'self'") => policy.to_owned(),
        Some(stands) => policy.replacen(stands, &format!("{stands} {source}"), 1),
        None => format!("{policy}; {directive} {source}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_policy_allows_one_more_file_and_no_more() {
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'"));
        allow_script(&mut headers, "http://a.localhost:1");
        let expected = "default-src 'none'; script-src http://a.localhost:1/_city/dev/bar.js; connect-src http://a.localhost:1/_city/dev/changed";
        assert_eq!(headers[header::CONTENT_SECURITY_POLICY], expected);
        let platform = HeaderValue::from_static(
            "default-src 'none'; script-src http://*.localhost:1/_city/page.js; style-src 'self'",
        );
        headers.insert(header::CONTENT_SECURITY_POLICY, platform);
        allow_script(&mut headers, "http://a.localhost:1");
        let expected = "default-src 'none'; script-src http://*.localhost:1/_city/page.js http://a.localhost:1/_city/dev/bar.js; style-src 'self'; connect-src http://a.localhost:1/_city/dev/changed";
        assert_eq!(headers[header::CONTENT_SECURITY_POLICY], expected);
        let own = HeaderValue::from_static("default-src 'none'; script-src 'self'; connect-src 'self'");
        headers.insert(header::CONTENT_SECURITY_POLICY, own.clone());
        allow_script(&mut headers, "http://a.localhost:1");
        assert_eq!(headers[header::CONTENT_SECURITY_POLICY], own);
    }
}

//! The outermost service: every request comes in here, and every answer leaves here.

use crate::auth::{self, Visitor};
use crate::body::Reading;
use crate::failure::{Failure, Outcome, kinds};
use crate::origins::{HostError, Site, local_or_root};
use crate::request_id::RequestId;
use crate::view::{Inner, View};
use crate::{Gateway, apps, city, console, csrf, device, files, portal, throttle, view};
use axum::body::Body;
use axum::extract::{ConnectInfo, Request, State};
use axum::response::{IntoResponse, Response};
use http::{HeaderName, HeaderValue, Method, StatusCode, header, request::Parts};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Instant;
use tower::ServiceExt;
use tower_http::CompressionLevel;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::{Predicate, SizeAbove};
use tracing::Instrument;
use yunlong_model::{Lang, Presentation};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

pub(crate) fn router(gateway: Arc<Gateway>) -> axum::Router {
    // Pages are made for each request: the fastest level costs little and saves most. Static files
    // carry a content coding already and pass untouched.
    let compression =
        CompressionLayer::new().quality(CompressionLevel::Fastest).compress_when(SizeAbove::new(1024).and(is_text));
    axum::Router::new().fallback(serve).with_state(gateway).layer(compression)
}

#[allow(clippy::needless_pass_by_value, reason = "the shape that tower-http wants of a predicate")]
fn is_text(_: StatusCode, _: http::Version, headers: &http::HeaderMap, extensions: &http::Extensions) -> bool {
    if extensions.get::<files::Sent>().is_some() {
        return false;
    }
    let media_type = headers.get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or("");
    media_type.starts_with("text/") || media_type.contains("json") || media_type.contains("xml")
}

async fn serve(State(gateway): State<Arc<Gateway>>, request: Request) -> Response {
    let started = Instant::now();
    let metrics = gateway.metrics.clone();
    let _in_flight = metrics.begin();
    let (parts, body) = request.into_parts();
    let (body, reading) = Reading::of(body);
    let http_1 = parts.version <= http::Version::HTTP_11;
    let (method, path) = (parts.method.clone(), parts.uri.path().to_owned());
    let site = gateway.origins.site_of(&parts);
    let mut inner = first_view(&gateway, &parts, site.as_ref().ok().cloned());
    let admitted = admit(&gateway, &parts, site, &mut inner).await;
    let stale_cookie = matches!(admitted, Ok(Some(Admitted { stale_cookie: true })));
    let view = View::new(inner);
    let span = tracing::info_span!("request", request_id = %view.request_id, %method, path, otel.kind = "server");
    let answer = match admitted {
        Ok(Some(_)) => dispatch(&view, parts, body).instrument(span).await,
        Ok(None) => gateway.theme.get(&path, &parts.headers).ok_or_else(Failure::not_found),
        Err(failure) => Err(failure),
    };
    let mut response = answer.unwrap_or_else(IntoResponse::into_response);
    if let Some(failure) = response.extensions_mut().remove::<Failure>() {
        metrics.refused(failure.kind().slug);
        let allow = response.headers_mut().remove(header::ALLOW);
        response = failure.render(&view);
        allow.map(|methods| response.headers_mut().insert(header::ALLOW, methods));
    }
    finish(&view, &mut response, stale_cookie);
    if http_1 && !reading.is_whole() {
        response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    log(&view, &method, &path, response.status(), started);
    response
}

/// What is known before anybody is recognized.
fn first_view(gateway: &Arc<Gateway>, parts: &Parts, site: Option<Site>) -> Inner {
    let chosen = gateway.cookies.preferences(&parts.headers);
    let presentation = chosen.unwrap_or_else(|| {
        let accept = parts.headers.get(header::ACCEPT_LANGUAGE).and_then(|v| v.to_str().ok()).unwrap_or("");
        Presentation { lang: Lang::from_accept_language(accept), elder: false }
    });
    let path = way_back(gateway, parts, site.as_ref());
    Inner {
        gateway: gateway.clone(),
        request_id: RequestId::generate(),
        site,
        presentation,
        chosen,
        session: None,
        token: None,
        by_bearer: false,
        client: throttle::client_key(client(gateway, parts)),
        device: device::of(&parts.headers, client(gateway, parts)),
        acting: None,
        path,
        wants_json: view::wants_json(parts.uri.path(), &parts.headers),
    }
}

/// The client's address, from the connection or from the load balancer's header.
fn client(gateway: &Gateway, parts: &Parts) -> IpAddr {
    let named = gateway.config.client_header.as_ref().and_then(|name| crate::client::in_header(&parts.headers, name));
    if let Some(address) = named {
        return address;
    }
    parts.extensions.get::<ConnectInfo<SocketAddr>>().map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |c| c.0.ip())
}

/// Where a visitor comes back to after a switch or after signing in: this page; for a form, the page
/// that it stood on, since its own address may answer nothing but forms.
fn way_back(gateway: &Gateway, parts: &Parts, site: Option<&Site>) -> String {
    let path = if csrf::is_safe(&parts.method) {
        parts.uri.path_and_query().map_or("/", |p| p.as_str())
    } else {
        let referer = parts.headers.get(header::REFERER).and_then(|v| v.to_str().ok()).unwrap_or("");
        site.and_then(|s| referer.strip_prefix(gateway.origins.of(s).as_str())).unwrap_or("/")
    };
    local_or_root(Some(path)).to_owned()
}

struct Admitted {
    stale_cookie: bool,
}

/// Limits, host, session and the proof against forged requests. `None`: a static file that every
/// host may have, wrong ones included, since their error page needs it.
async fn admit(
    gateway: &Gateway,
    parts: &Parts,
    site: Result<Site, HostError>,
    view: &mut Inner,
) -> Outcome<Option<Admitted>> {
    within_limits(gateway, parts)?;
    if matches!(parts.method, Method::GET | Method::HEAD) && gateway.theme.has(parts.uri.path()) {
        return Ok(None);
    }
    let site = site.map_err(|e| {
        Failure::new(match e {
            HostError::Malformed => kinds::MALFORMED,
            HostError::Foreign => kinds::WRONG_HOST,
            HostError::NoSuchLabel => kinds::NO_SUCH_SERVICE,
        })
    })?;
    let uses_no_cookie = city::uses_no_cookie(&site, &parts.method, parts.uri.path());
    let visitor =
        if uses_no_cookie { Visitor::default() } else { auth::visitor(gateway, &site, &parts.headers).await? };
    let proof = if uses_no_cookie {
        csrf::check_without_cookie(&parts.headers)
    } else {
        csrf::check(&parts.method, &parts.headers, visitor.by_bearer)
    };
    if let Some(session) = &visitor.session {
        view.presentation = gateway.presentation_of(session, view.presentation).await;
        view.acting = gateway.services.identity.acting(session).await?;
    }
    (view.session, view.token, view.by_bearer) = (visitor.session, visitor.token, visitor.by_bearer);
    proof.map_err(|csrf::Forged| Failure::new(kinds::CROSS_ORIGIN))?;
    Ok(Some(Admitted { stale_cookie: visitor.stale_cookie }))
}

fn within_limits(gateway: &Gateway, parts: &Parts) -> Outcome<()> {
    let config = &gateway.config;
    let length = parts.uri.path_and_query().map_or(0, |p| p.as_str().len());
    if length > config.uri_limit {
        return Err(Failure::new(kinds::URI_TOO_LONG));
    }
    let total: usize = parts.headers.iter().map(|(n, v)| n.as_str().len() + v.len()).sum();
    if total > config.header_limit || parts.headers.len() > config.header_count {
        return Err(Failure::new(kinds::HEADERS_TOO_LARGE));
    }
    let known = [Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::PATCH, Method::DELETE, Method::OPTIONS];
    if known.contains(&parts.method) { Ok(()) } else { Err(Failure::new(kinds::METHOD_NOT_ALLOWED)) }
}

async fn dispatch(view: &View, mut parts: Parts, body: Body) -> Outcome {
    let Some(site) = &view.site else { return Err(Failure::new(kinds::WRONG_HOST)) };
    let brings_files = matches!(site, Site::App(_)) && parts.uri.path().starts_with(files::PREFIX);
    if parts.uri.path().starts_with("/_city/") && !brings_files {
        return city::answer(view, site, &parts, body).await;
    }
    if let Some(enroll) = portal::enroll_first(view, site, &parts) {
        return enroll;
    }
    let gateway = &view.gateway;
    let pages = match site {
        Site::App(name) if brings_files => return files::answer(view, name, parts, body).await,
        Site::App(name) => return apps::answer(view, name, parts, body).await,
        Site::Portal => &gateway.portal,
        Site::Console => &gateway.console,
    };
    parts.extensions.insert(view.clone());
    // What changes installations may compile: "busy" would be wrong while it goes on.
    let limit = match site {
        // A file has its own time to arrive.
        Site::Console if console::takes_files(&parts.method, parts.uri.path()) => {
            gateway.config.upload_timeout + gateway.config.operation_timeout
        }
        Site::Console if !csrf::is_safe(&parts.method) => gateway.config.operation_timeout,
        _ => gateway.config.page_timeout,
    };
    let call = pages.clone().oneshot(Request::from_parts(parts, body));
    match tokio::time::timeout(limit, call).await {
        // What an extractor refused: those answers are plain words in one language.
        Ok(Ok(response)) if response.status().is_client_error() && is_plain(&response) => {
            Err(Failure::new(kinds::MALFORMED))
        }
        Ok(Ok(response)) => Ok(response),
        Ok(Err(never)) => match never {},
        Err(_) => Err(Failure::new(kinds::BUSY).retry_after(5)),
    }
}

fn is_plain(response: &Response) -> bool {
    response.headers().get(header::CONTENT_TYPE).is_some_and(|v| v.as_bytes().starts_with(b"text/plain"))
}

/// About as many headers as [`finish`] adds.
const ADDED: usize = 12;

/// What every answer carries.
fn finish(view: &View, response: &mut Response, stale_cookie: bool) {
    let gateway = &view.gateway;
    let scripts = response.extensions().get::<apps::Scripts>().copied();
    let is_framed = response.extensions().get::<files::Sent>().is_some_and(|sent| sent.is_framed);
    let headers = response.headers_mut();
    // At once: a map that grows by steps hashes its names again at each.
    headers.reserve(ADDED);
    gateway.fixed.apply(headers, view.site.as_ref(), scripts);
    if is_framed {
        gateway.fixed.let_own_pages_frame(headers);
    }
    headers.insert(REQUEST_ID, view.request_id.header());
    if stale_cookie && !headers.contains_key(header::SET_COOKIE) {
        headers.append(header::SET_COOKIE, gateway.cookies.clear_session());
    }
    if !headers.contains_key(header::CACHE_CONTROL) {
        // What somebody who is signed in sees stays in no cache: computers are shared.
        let kept = if view.session.is_some() { "private, no-store" } else { "private, no-cache" };
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(kept));
    }
}

fn log(view: &View, method: &Method, path: &str, status: StatusCode, started: Instant) {
    let took = started.elapsed();
    let site = match &view.site {
        Some(Site::Portal) => "portal",
        Some(Site::Console) => "console",
        // An unknown name is anybody's invention and gets no series of its own.
        Some(Site::App(name)) if view.gateway.services.installations.get(name).is_some() => name.as_str(),
        _ => "none",
    };
    view.gateway.metrics.answered(site, status.as_u16(), took);
    // The path alone: queries carry one-time codes and what people typed.
    tracing::info!(target: "yunlong::access", request_id = %view.request_id, site, %method, path, status = status.as_u16(), millis = took.as_secs_f64() * 1e3, client = %view.client);
}

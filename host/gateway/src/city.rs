//! `/_city/…` on every origin: sign-on between origins, signing out, preferences.
//!
//! Sign-on: the app's origin starts it (`/_city/sign-on`) and leaves a *state* in a cookie of its
//! own; the portal knows who is signed in and answers with a one-time code and that state
//! (`/sign-on`); the app's origin redeems the code (`/_city/session`) only for the browser that
//! holds the state. Without it, somebody could sign a victim's browser on as themself and read
//! later what the victim did (RFC 6749 section 10.12).
//!
//! Preferences: cookies are host-only, so a language or elder mode that somebody chose before
//! signing in goes along with the links between origins (`presentation=en.elder`). An account that
//! has preferences of its own stands over all of them.

pub(crate) use crate::auth::session_origin as origin_of;
use crate::auth::session_origin;
use crate::body::{self, Fields};
use crate::cookies::{parse_preferences, write_preferences};
use crate::failure::{Failure, Outcome, kinds};
use crate::origins::{Site, local_or_root};
use crate::view::{View, see_other};
use crate::{Gateway, encode};
use axum::body::Body;
use axum::response::Response;
use http::{Method, header, request::Parts};
use yunlong_identity::{CodeError, Session};
use yunlong_model::{Lang, Presentation};

/// Operations that a program may call without a bearer token: they look at no cookie, so nobody's
/// standing can be misused by calling them.
pub(crate) fn uses_no_cookie(site: &Site, method: &Method, path: &str) -> bool {
    *site == Site::Portal
        && *method == Method::POST
        && (path == "/api/v1/sessions" || path.starts_with("/payments/callback/"))
}

pub(crate) async fn answer(view: &View, site: &Site, parts: &Parts, body: Body) -> Outcome {
    let query = Fields::parse(parts.uri.query().unwrap_or("").as_bytes());
    match (&parts.method, parts.uri.path()) {
        (&Method::GET, "/_city/sign-on") => start(view, site, &query),
        (&Method::GET, "/_city/session") => redeem(view, site, parts, &query).await,
        (&Method::POST, "/_city/sign-out") => sign_out(view).await,
        (&Method::GET, "/_city/preferences") => Ok(carried(view, parts, &query)),
        (&Method::POST, "/_city/preferences") => {
            let config = &view.gateway.config;
            let bytes = body::read(body, &parts.headers, config.body_limit, config.read_timeout).await?;
            preferences(view, &Fields::parse(&bytes)).await
        }
        (_, "/_city/sign-on" | "/_city/session" | "/_city/sign-out" | "/_city/preferences") => {
            Err(Failure::new(kinds::METHOD_NOT_ALLOWED))
        }
        _ => Err(Failure::not_found()),
    }
}

/// The name of an origin in `/sign-on?installation=`.
pub(crate) fn label(site: &Site) -> &str {
    match site {
        Site::Portal => "",
        Site::Console => "console",
        Site::App(name) => name.as_str(),
    }
}

/// Where a browser starts to sign on at `site`.
pub(crate) fn start_address(gateway: &Gateway, site: &Site, return_path: &str) -> String {
    format!("{}/_city/sign-on?return={}", gateway.origins.of(site), encode(return_path))
}

/// Where the portal sends a browser with a code.
pub(crate) fn redeem_address(gateway: &Gateway, site: &Site, code: &str, state: &str, return_path: &str) -> String {
    format!(
        "{}/_city/session?code={}&state={}&return={}",
        gateway.origins.of(site),
        encode(code),
        encode(state),
        encode(return_path)
    )
}

fn start(view: &View, site: &Site, query: &Fields) -> Outcome {
    let back = local_or_root(query.raw("return"));
    let gateway = &view.gateway;
    if *site == Site::Portal {
        return Ok(see_other(&gateway.sign_in_address(Some(site), back)));
    }
    // Two ids of 80 bits: enough that nobody guesses it within the hour that it lives.
    let state = format!("{}{}", crate::RequestId::generate(), crate::RequestId::generate());
    let along = view.chosen.map_or_else(String::new, |p| format!("&presentation={}", write_preferences(p)));
    let mut response = see_other(&format!(
        "{}/sign-on?installation={}&state={state}&return={}{along}",
        gateway.origins.portal(),
        label(site),
        encode(back)
    ));
    response.headers_mut().append(header::SET_COOKIE, gateway.cookies.set_state(&state));
    Ok(response)
}

async fn redeem(view: &View, site: &Site, parts: &Parts, query: &Fields) -> Outcome {
    let gateway = &view.gateway;
    let back = local_or_root(query.raw("return"));
    let again = |failure: Failure| failure.or_offer(start_address(gateway, site, back));
    let expired = || again(Failure::new(kinds::SIGN_ON_EXPIRED));
    let (code, state) = (query.text("code"), query.text("state"));
    let known = gateway.cookies.state(&parts.headers).is_some_and(|s| same(s, state));
    if *site == Site::Portal || !known {
        return Err(expired());
    }
    let session = gateway.services.identity.redeem_code(code, session_origin(site)).await.map_err(|e| match e {
        CodeError::Invalid | CodeError::SessionEnded => expired(),
        CodeError::Identity(e) => e.into(),
    })?;
    let mut response = see_other(back);
    let seconds = (session.expires_at.0 - gateway.services.clock.now().0) / 1000;
    response.headers_mut().append(header::SET_COOKIE, gateway.cookies.set_session(session.token.as_str(), seconds));
    response.headers_mut().append(header::SET_COOKIE, gateway.cookies.clear_state());
    Ok(response)
}

/// Compares without telling by its time how much was right.
fn same(a: &str, b: &str) -> bool {
    a.len() == b.len() && a.bytes().zip(b.bytes()).fold(0, |d, (x, y)| d | (x ^ y)) == 0
}

async fn sign_out(view: &View) -> Outcome {
    let gateway = &view.gateway;
    if let Some(token) = &view.token {
        gateway.services.identity.sign_out(token).await?;
    }
    if view.by_bearer {
        return Ok(axum::response::IntoResponse::into_response(http::StatusCode::NO_CONTENT));
    }
    let mut response = see_other(&format!("{}/signed-out", gateway.origins.portal()));
    response.headers_mut().append(header::SET_COOKIE, gateway.cookies.clear_session());
    Ok(response)
}

/// A link of another origin that brings its visitor's preferences along. It changes nothing but
/// how pages look in this browser; and only where somebody goes there, not where a page loads it
/// as a picture.
fn carried(view: &View, parts: &Parts, query: &Fields) -> Response {
    let mut response = see_other(local_or_root(query.raw("return")));
    let destination = parts.headers.get("sec-fetch-dest").map_or(&b"document"[..], |v| v.as_bytes());
    if let Some(wanted) = parse_preferences(query.text("presentation"))
        && destination == b"document"
    {
        response.headers_mut().append(header::SET_COOKIE, view.gateway.cookies.set_preferences(wanted));
    }
    response
}

/// Where a service is opened by somebody who is not signed in.
pub(crate) fn open_address(view: &View, site: &Site) -> String {
    let origin = view.gateway.origins.of(site);
    match view.chosen {
        Some(p) => format!("{origin}/_city/preferences?presentation={}&return=/", write_preferences(p)),
        None => format!("{origin}/"),
    }
}

async fn preferences(view: &View, form: &Fields) -> Outcome {
    let mut wanted = view.presentation;
    match form.text("lang") {
        "zh" => wanted.lang = Lang::Zh,
        "en" => wanted.lang = Lang::En,
        _ => {}
    }
    match form.text("elder") {
        "true" => wanted.elder = true,
        "false" => wanted.elder = false,
        _ => {}
    }
    if let Some(session) = &view.session {
        view.gateway.services.identity.set_preferences(&session.account, wanted).await?;
    }
    let mut response: Response = see_other(local_or_root(form.raw("return")));
    response.headers_mut().append(header::SET_COOKIE, view.gateway.cookies.set_preferences(wanted));
    Ok(response)
}

impl Gateway {
    /// How somebody who is signed in wants pages: as their account says, otherwise as this browser
    /// does.
    pub(crate) async fn presentation_of(&self, session: &Session, browser: Presentation) -> Presentation {
        match self.services.identity.preferences(&session.account).await {
            Ok(Some(p)) => p,
            Ok(None) => browser,
            Err(e) => {
                // Not worth failing a page for.
                tracing::warn!(error = %e, "preferences cannot be read");
                browser
            }
        }
    }
}

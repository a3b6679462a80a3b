//! Signing in with an outside provider, and linking one to an account.

use super::account::{NAV, keep_session};
use super::second_factor::{asks_password, password_input, proven};
use crate::body::{Form, Query};
use crate::failure::{Failure, Outcome, kinds};
use crate::forms::refused as refused_form;
use crate::layout::Page;
use crate::oidc::{Begun, OidcError, STATE_SECONDS};
use crate::origins::local_or_root;
use crate::view::{View, see_other};
use axum::extract::Path;
use axum::response::Response;
use http::{HeaderMap, StatusCode, header};
use maud::html;
use yunlong_formats::Explain as _;
use yunlong_identity::{IdentityError, NewSession, SessionOrigin, SignInError};

/// `GET /sign-in/with/{provider}`: to the provider. A link, not a form: what follows a form may lead
/// to our own addresses alone.
pub(super) async fn start(view: View, Path(name): Path<String>, Query(query): Query) -> Outcome {
    let begun = begin(&view, &name, local_or_root(query.raw("return")), None).await?;
    Ok(keep_state(&view, see_other(&begun.address), &begun))
}

async fn begin(view: &View, name: &str, back: &str, link: Option<String>) -> Outcome<Begun> {
    let now = view.gateway.services.clock.now();
    view.gateway.oidc.begin(name, back, link, now).await.map_err(|e| failed(view, name, &e))
}

fn keep_state(view: &View, mut response: Response, begun: &Begun) -> Response {
    let cookie = view.gateway.cookies.set_provider_state(&begun.state, STATE_SECONDS);
    response.headers_mut().append(header::SET_COOKIE, cookie);
    response
}

/// `GET /account/link/{provider}`: asks who it is before an account is linked. Who links a provider
/// comes back by it ever after, so an open session alone is not enough, and no link from elsewhere
/// starts it: a browser may be signed in at the provider as somebody else.
pub(super) async fn link(view: View, Path(name): Path<String>) -> Outcome {
    view.signed_in()?;
    view.step_up()?;
    ask_link(&view, &name, None).await
}

fn title_of<'a>(view: &'a View, name: &str) -> Outcome<&'a str> {
    let provider = view.gateway.oidc.list().find(|p| p.name == name).ok_or_else(Failure::not_found)?;
    Ok(provider.title.get(view.lang()))
}

async fn ask_link(view: &View, name: &str, failure: Option<&Failure>) -> Outcome {
    let provider = title_of(view, name)?;
    let title = view.t("关联外部登录", "Link an outside sign-in");
    let password = password_input(view, asks_password(view).await?, failure);
    let content = html! {
        p { a href="/account" { "← " (view.t("我的账号", "Your account")) } }
        h1 { (title) ": " (provider) }
        (refused_form(view, failure))
        form.card method="post" action={ "/account/link/" (name) } {
            p { (view.t("关联后，用这一外部登录就能进入您的账号。请只关联您本人的。", "From then on this outside sign-in leads into your account. Link only one that is your own.")) }
            (password)
            div.actions { button { (view.t("继续", "Go on")) } a href="/account" { (view.t("取消", "Cancel")) } }
        }
    };
    let status = failure.map_or(StatusCode::OK, Failure::status);
    super::page_with(status, view, &Page::narrow(title, NAV), content).await
}

/// `POST /account/link/{provider}`: a page with the way to the provider, since what follows a form may
/// lead to our own addresses alone.
pub(super) async fn start_link(view: View, Path(name): Path<String>, Form(fields): Form) -> Outcome {
    let account = view.signed_in()?.account.clone();
    let provider = title_of(&view, &name)?;
    match proven(&view, &fields).await {
        Ok(()) => {}
        Err(failure) if [kinds::INVALID, kinds::LOCKED].contains(&failure.kind()) && !view.wants_json => {
            return ask_link(&view, &name, Some(&failure)).await;
        }
        Err(failure) => return Err(failure),
    }
    let begun = begin(&view, &name, "/account", Some(account)).await?;
    let title = view.t("前往外部登录", "On to the outside sign-in");
    let content = html! {
        h1 { (title) }
        div.card {
            p { (view.t("请在对方页面以您本人的身份登录，然后会回到这里。", "Sign in there as yourself; you come back here afterwards.")) }
            div.actions { a role="button" href=(begun.address) { (view.t("前往", "Go to")) " " (provider) } a href="/account" { (view.t("取消", "Cancel")) } }
        }
    };
    let response = super::page(&view, &Page::narrow(title, NAV), content).await?;
    Ok(keep_state(&view, response, &begun))
}

/// `GET /sign-in/callback/{provider}`: back from the provider.
pub(super) async fn callback(view: View, Path(name): Path<String>, headers: HeaderMap, Query(query): Query) -> Outcome {
    let done = finish(&view, &name, &headers, &query).await;
    // The state is used up, whatever came of it.
    let clear = |mut response: Response| {
        response.headers_mut().append(header::SET_COOKIE, view.gateway.cookies.clear_provider_state());
        response
    };
    done.map(clear)
}

async fn finish(view: &View, name: &str, headers: &HeaderMap, query: &crate::body::Fields) -> Outcome {
    let gateway = &view.gateway;
    let again = || gateway.sign_in_address(Some(&crate::Site::Portal), "/");
    let state = query.raw("state").unwrap_or("");
    // The state that came back must be the one that this browser took along: otherwise somebody
    // signs a victim's browser in as themself.
    if gateway.cookies.provider_state(headers) != Some(state) {
        return Err(Failure::new(kinds::SIGN_ON_EXPIRED).or_offer(again()));
    }
    if let Some(error) = query.raw("error") {
        gateway.oidc.abandon(state);
        let error: String = error.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '_').take(40).collect();
        tracing::info!(request = %view.request_id, provider = name, error, "the provider did not sign somebody in");
        return Err(Failure::new(kinds::PROVIDER_REFUSED)
            .because(
                format!("对方没有完成登录（{error}）。"),
                format!("The provider did not complete the sign-in ({error})."),
            )
            .or_offer(again()));
    }
    let (code, issuer) = (query.raw("code").unwrap_or(""), query.raw("iss"));
    let recognized = gateway
        .oidc
        .finish(name, state, code, issuer, gateway.services.clock.now())
        .await
        .map_err(|e| failed(view, name, &e))?;
    if let Some(account) = &recognized.link {
        let session = view.signed_in()?;
        if session.account != *account {
            return Err(Failure::new(kinds::SIGN_ON_EXPIRED).or_offer(again()));
        }
        gateway.services.identity.link_external(session, &recognized.external).await?;
        return Ok(see_other("/account?saved=1"));
    }
    let identity = &gateway.services.identity;
    let signed_in = identity.sign_in_external(&recognized.external, &SessionOrigin::Portal, view.device.clone()).await;
    let session = signed_in.map_err(|e| refused(&e).or_offer(again()))?;
    gateway.metrics.sign_in("ok");
    Ok(signed_in_at_portal(view, &session, &recognized.back))
}

/// The answer to a sign-in at the portal: the session, or the second step.
pub(super) fn signed_in_at_portal(view: &View, session: &NewSession, back: &str) -> Response {
    if session.waits_for_second_factor {
        let seconds = (session.expires_at.0 - view.gateway.services.clock.now().0) / 1000;
        let mut response = see_other(&format!("/sign-in/second?return={}", crate::encode(back)));
        let cookie = view.gateway.cookies.set_second_step(session.token.as_str(), seconds);
        response.headers_mut().append(header::SET_COOKIE, cookie);
        return response;
    }
    let mut response = see_other(back);
    keep_session(view, &mut response, session);
    response
}

fn refused(e: &SignInError) -> Failure {
    match e {
        SignInError::Identity(IdentityError::ResidentIdTaken) => Failure::new(kinds::CONFLICT).because(
            "该身份号码已有账号：请用原账号登录，再到“我的账号”关联这一外部登录。",
            "Another account has this resident ID: sign in with that account and link this provider under “Your account”.",
        ),
        SignInError::Identity(inner) => inner.clone().into(),
        other => Failure::new(kinds::FORBIDDEN).because(other.zh(), other.en()),
    }
}

/// What a person is told: whose fault it is and what to do, never the provider's own words, which
/// stand in the log.
fn failed(view: &View, name: &str, error: &OidcError) -> Failure {
    tracing::warn!(request = %view.request_id, provider = name, %error, "an outside sign-in failed");
    view.gateway.metrics.sign_in("provider");
    let again = view.gateway.sign_in_address(Some(&crate::Site::Portal), "/");
    match error {
        OidcError::NoSuchProvider => Failure::not_found(),
        OidcError::Expired => Failure::new(kinds::SIGN_ON_EXPIRED).or_offer(again),
        OidcError::Down(_) => Failure::new(kinds::PROVIDER_DOWN).or_offer(again).retry_after(60),
        OidcError::Refused(_) => Failure::new(kinds::PROVIDER_REFUSED).or_offer(again),
    }
}

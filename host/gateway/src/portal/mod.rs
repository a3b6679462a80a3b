//! The portal: services, signing in, consents, payments, the inbox and help.

mod cashier;
mod consent;
mod help;
mod home;
mod inbox;
mod orders;
mod sign_in;

use crate::failure::{Failure, Outcome, kinds};
use crate::layout::Page;
use crate::view::View;
use axum::Router;
use axum::response::{Html, IntoResponse};
use axum::routing::{get, post};
use http::StatusCode;
use maud::Markup;

pub(crate) use help::page as help;
pub(crate) use sign_in::sign_in as authenticate;

pub(crate) fn router() -> Router {
    Router::new()
        .route("/", get(home::page))
        .route("/sign-in", get(sign_in::page).post(sign_in::submit))
        .route("/sign-on", get(sign_in::sign_on))
        .route("/signed-out", get(sign_in::signed_out))
        .route("/consent", get(consent::page).post(consent::decide))
        .route("/consents", get(consent::list))
        .route("/consents/withdraw", post(consent::withdraw))
        .route("/orders", get(orders::page))
        .route("/inbox", get(inbox::page))
        .route("/inbox/read", post(inbox::mark_read))
        .route("/help", get(help::page))
        .route("/help/problems", get(help::problems))
        .route("/cashier/{intent}", get(cashier::page).post(cashier::pay))
        .route("/payments/callback/{provider}", post(cashier::callback))
        .route("/favicon.ico", get(favicon))
        .merge(crate::api::portal())
        .fallback(no_page)
        .method_not_allowed_fallback(no_method)
}

/// Renders a page of the portal.
pub(crate) async fn page(view: &View, frame: &Page<'_>, content: Markup) -> Outcome {
    page_with(StatusCode::OK, view, frame, content).await
}

/// Renders a page with a status of its own: a form that was refused.
pub(crate) async fn page_with(status: StatusCode, view: &View, frame: &Page<'_>, content: Markup) -> Outcome {
    let unread = match &view.session {
        Some(s) => view.gateway.services.messaging.unread_count(&s.account).await.unwrap_or(0),
        None => 0,
    };
    Ok((status, Html(frame.render(view, unread, &content).into_string())).into_response())
}

pub(crate) async fn favicon(view: View, headers: http::HeaderMap) -> axum::response::Response {
    view.gateway.theme.icon(&headers)
}

pub(crate) async fn no_page() -> Failure {
    Failure::not_found()
}

pub(crate) async fn no_method() -> Failure {
    Failure::new(kinds::METHOD_NOT_ALLOWED)
}

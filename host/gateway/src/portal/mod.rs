//! The portal: services, signing in, consents, payments, the inbox and help.

mod account;
mod cashier;
pub(crate) mod catalogue;
mod consent;
mod escrow;
mod help;
mod home;
mod inbox;
mod mandates;
pub(crate) mod my_data;
mod orders;
mod outside;
mod reset;
mod second_factor;
mod sign_in;
pub(crate) mod topics;

use crate::failure::{Failure, Outcome, kinds};
use crate::layout::Page;
use crate::view::View;
use axum::Router;
use axum::response::{Html, IntoResponse};
use axum::routing::{get, post};
use http::StatusCode;
use maud::Markup;

pub(crate) use cashier::status_badge;
pub(crate) use consent::app_title;
pub(crate) use escrow::still_held;
pub(crate) use help::page as help;
pub(crate) use my_data::Names;
pub(crate) use reset::attributes;
pub(crate) use second_factor::enroll_first;
pub(crate) use sign_in::sign_in as authenticate;

pub(crate) fn router() -> Router {
    Router::new()
        .route("/", get(home::page))
        .route("/sign-in", get(sign_in::page).post(sign_in::submit))
        .route("/sign-in/second", get(second_factor::second_step).post(second_factor::submit_second_step))
        .route("/sign-in/with/{provider}", get(outside::start))
        .route("/sign-in/callback/{provider}", get(outside::callback))
        .route("/step-up", get(second_factor::step_up).post(second_factor::submit_step_up))
        .route("/reset", get(reset::page).post(reset::submit))
        .route("/register", get(reset::register).post(reset::submit_register))
        .merge(own_account())
        .merge(my_data())
        .route("/sign-on", get(sign_in::sign_on))
        .route("/signed-out", get(sign_in::signed_out))
        .route("/consent", get(consent::page).post(consent::decide))
        .route("/consents", get(consent::list))
        .route("/consents/withdraw", post(consent::withdraw))
        .route("/apps", get(catalogue::page))
        .route("/apps/{name}", get(catalogue::app))
        .route("/topics", get(topics::page))
        .route("/topics/{publisher}/{name}", get(topics::topic))
        .route("/pictures/{digest}/{n}", get(crate::pictures::picture))
        .route("/orders", get(orders::page))
        .route("/inbox", get(inbox::page))
        .route("/inbox/read", post(inbox::mark_read))
        .route("/help", get(help::page))
        .route("/help/problems", get(help::problems))
        .route("/cashier/{intent}", get(cashier::page).post(cashier::pay))
        .route("/payments/callback/{provider}", post(cashier::callback))
        .route("/favicon.ico", get(favicon))
        .nest("/audit", crate::audit::router())
        .merge(crate::api::portal())
        .fallback(no_page)
        .method_not_allowed_fallback(no_method)
}

/// What the city holds about a person, who read it, and what they may ask for.
fn my_data() -> Router {
    Router::new()
        .route("/my-data", get(my_data::page))
        .route("/my-data/reads", get(my_data::reads::page))
        .route("/my-data/reads/{index}", get(my_data::reads::proof))
        .route("/my-data/corrections", get(my_data::corrections::list))
        .route("/my-data/corrections/new", get(my_data::corrections::new).post(my_data::corrections::file))
        .route(
            "/my-data/corrections/missing",
            get(my_data::corrections::missing).post(my_data::corrections::file_missing),
        )
        .route("/my-data/corrections/withdraw", post(my_data::corrections::withdraw))
        .route("/my-data/copy", get(my_data::copy::page))
        .route("/my-data/copy/{file}", get(my_data::copy::download))
        .route("/my-data/erasure", get(my_data::apps::erasure_page))
        .route("/my-data/apps/{name}", get(my_data::apps::page))
        .route("/my-data/apps/{name}/erase", get(my_data::apps::confirm).post(my_data::apps::erase))
}

/// What people do with their own account.
fn own_account() -> Router {
    Router::new()
        .route("/account", get(account::page))
        .route("/account/password", get(account::password).post(account::change_password))
        .route("/account/sessions", get(account::sessions))
        .route("/account/sessions/end", post(account::end_session))
        .route("/account/sessions/end-all", post(account::end_all))
        .route("/account/link/{provider}", get(outside::link).post(outside::start_link))
        .route("/account/unlink", post(account::unlink))
        .route("/account/second-factor", get(second_factor::page))
        .route("/account/second-factor/totp", post(second_factor::offer))
        .route("/account/second-factor/totp/confirm", post(second_factor::confirm))
        .route("/account/second-factor/totp/remove", post(second_factor::remove_totp))
        .route("/account/second-factor/passkey", post(second_factor::add_passkey))
        .route("/account/second-factor/passkey/remove", post(second_factor::remove_passkey))
        .route("/account/second-factor/recovery", post(second_factor::renew_recovery))
        .route("/mandates", get(mandates::page))
        .route("/mandates/give", post(mandates::give))
        .route("/mandates/take", post(mandates::take))
        .route("/mandates/revoke", post(mandates::revoke))
        .route("/mandates/act", post(mandates::act))
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

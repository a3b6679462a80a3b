//! The JSON APIs of the portal and the console. Failures are problem documents (RFC 9457).

pub(crate) mod advisories;
mod catalogue;
mod console;
mod hub;
mod hub_exchange;
mod hub_export;
mod journals;
mod lifecycle;
mod people;
mod reviews;
mod topics;

pub(crate) use hub::router as hub;
pub(crate) use hub_exchange::router as hub_exchange;
pub(crate) use hub_export::router as hub_export;
pub(crate) use people::router as people;

use crate::body::Json;
use crate::failure::{Failure, Outcome};
use crate::view::{View, json};
use axum::Router;
use axum::response::IntoResponse;
use axum::routing::{get, post};
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};
use yunlong_identity::SessionOrigin;
use yunlong_installations::{Installation, Status};
use zeroize::Zeroizing;

pub(crate) fn console() -> Router {
    console::router().merge(advisories::router()).merge(journals::router())
}

pub(crate) fn portal() -> Router {
    Router::new()
        .route("/api/v1/sessions", post(sign_in))
        .route("/api/v1/sessions/current", get(current).delete(sign_out))
        .route("/api/v1/apps", get(apps))
        .route("/api/v1/demo", get(demo))
        .merge(catalogue::router())
        .merge(topics::router())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Credentials {
    account: String,
    password: Password,
    /// A code of the second factor, for an account that has one.
    #[serde(default)]
    code: Option<String>,
}

/// A password that is wiped when the request is done.
#[derive(Deserialize)]
#[serde(from = "String")]
struct Password(Zeroizing<String>);

impl From<String> for Password {
    fn from(text: String) -> Self {
        Self(Zeroizing::new(text))
    }
}

/// `POST /api/v1/sessions` `{"account","password","code"?}` → 201 `{"token","expires_at"}`. The token is a
/// bearer token for the portal, the console and every app's API. An account with a second factor
/// needs its code (or a recovery code) as well: without one the answer is 401
/// `second-factor-required`.
async fn sign_in(view: View, body: Json<Credentials>) -> Outcome {
    let wanted = body.take()?;
    let session =
        crate::portal::authenticate(&view, wanted.account.trim(), &wanted.password.0, &SessionOrigin::Bearer).await?;
    let session = match (session.waits_for_second_factor, &wanted.code) {
        (false, _) => session,
        (true, None) => return Err(Failure::new(crate::kinds::SECOND_FACTOR_REQUIRED)),
        (true, Some(code)) => {
            let identity = &view.gateway.services.identity;
            identity.second_step(session.token.as_str(), &SessionOrigin::Bearer, code).await?
        }
    };
    json(
        StatusCode::CREATED,
        &json!({ "token": session.token.as_str(), "expires_at": session.expires_at.to_rfc3339() }),
    )
}

async fn current(view: View) -> Outcome {
    let session = view.signed_in()?;
    json(
        StatusCode::OK,
        &json!({
            "account": session.account, "kind": session.kind, "organization": session.organization,
            "platform_roles": session.platform_roles, "expires_at": session.expires_at.to_rfc3339(),
        }),
    )
}

async fn sign_out(view: View) -> Outcome {
    view.signed_in()?;
    if let Some(token) = &view.token {
        view.gateway.services.identity.sign_out(token).await?;
    }
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// `GET /api/v1/demo` → what a demo city tells of itself, see [`crate::DemoCity`]; 404 in a city that is none.
async fn demo(view: View) -> Outcome {
    let demo = view.gateway.config.demo.as_ref().ok_or_else(Failure::not_found)?;
    json(StatusCode::OK, &json!(demo))
}

/// `GET /api/v1/apps` → `{"apps":[…]}`: the services that the portal lists.
async fn apps(view: View) -> Outcome {
    let gateway = &view.gateway;
    let all: Vec<Value> = gateway
        .services
        .installations
        .list()
        .iter()
        .map(|i| {
            let url = gateway.origins.app(&i.name);
            json!({
                "name": i.name, "title": i.manifest.title, "description": i.manifest.description,
                "app": i.app, "version": i.version,
                "organization": { "code": i.organization, "name": i.organization_name },
                "status": status(i), "url": format!("{url}/"), "openapi": format!("{url}/openapi.json"),
            })
        })
        .collect();
    json(StatusCode::OK, &json!({ "apps": all }))
}

/// An installation's status in one word.
pub(crate) fn status(i: &Installation) -> &'static str {
    match i.status {
        Status::Installing => "installing",
        Status::Running => "running",
        Status::Migrating => "migrating",
        Status::Stopped => "stopped",
        Status::Failed(_) => "failed",
        Status::Recalled => "recalled",
    }
}

/// An installation's name in a path.
pub(crate) fn name(text: &str) -> Outcome<yunlong_model::InstallationName> {
    text.parse().map_err(|_| Failure::new(crate::kinds::NO_SUCH_SERVICE))
}

//! Journals of failed requests, for programs.

use crate::body::{Json, Query};
use crate::console::{administer, journal_file};
use crate::failure::Outcome;
use crate::view::{View, json};
use axum::Router;
use axum::extract::Path;
use axum::routing::{get, post};
use http::StatusCode;
use serde::Deserialize;
use serde_json::json;
use yunlong_model::InstallationName;

pub(super) fn router() -> Router {
    Router::new()
        .route("/api/v1/installations/{name}/journals", get(list).put(set))
        .route("/api/v1/installations/{name}/journals/{id}/file", post(file))
}

/// `GET …/journals` → `{"until","by","journals":[…]}`; `until` is null where none are kept.
async fn list(view: View, Path(text): Path<String>) -> Outcome {
    let (installation, _) = administer(&view, &text)?;
    standing(&view, &installation.name).await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    keep: bool,
}

/// `PUT …/journals` `{"keep":true}`: for a day from now; `false`: no more.
async fn set(view: View, Path(text): Path<String>, body: Json<Wanted>) -> Outcome {
    let (installation, by) = administer(&view, &text)?;
    let wanted = body.take()?;
    if wanted.keep {
        view.step_up()?;
    }
    let installations = &view.gateway.services.installations;
    installations.set_journaling(&installation.name, wanted.keep, &by.account).await?;
    standing(&view, &installation.name).await
}

/// `POST …/journals/ID/file` → the file; with `?keys=true`, with derived keys too.
async fn file(view: View, Path((text, id)): Path<(String, String)>, Query(query): Query) -> Outcome {
    let (installation, by) = administer(&view, &text)?;
    view.step_up()?;
    journal_file(&view, &installation.name, &id, query.text("keys") == "true", &by.account).await
}

async fn standing(view: &View, name: &InstallationName) -> Outcome {
    let installations = &view.gateway.services.installations;
    let on = installations.journaling(name);
    let (until, by) = (on.as_ref().map(|o| o.until), on.as_ref().map(|o| o.by.as_str()));
    json(StatusCode::OK, &json!({ "until": until, "by": by, "journals": installations.journals(name).await? }))
}

//! `console.<domain>/api/v1/hub/exports`: a dataset read out for a stated reason, as `yunlong hub export` does.
//!
//! | | |
//! |---|---|
//! | `POST hub/exports` | `{"dataset","reason","law"?}`: begins an export, for an administrator of the provider, who shows a second factor; the law is required for a dataset about persons. 201 with its id |
//! | `GET hub/exports/{id}/records?after=&limit=500` | `{"records":[…],"next","total"}`: what holds today, for whoever began it, within a day; `total` is how many there are in all pages, at most |
//!
//! The reason and the law stand in the log with the record of each person, who reads them.

use crate::body::{Json, Query};
use crate::failure::Outcome;
use crate::view::{View, json};
use axum::Router;
use axum::extract::Path;
use axum::routing::{get, post};
use http::StatusCode;
use serde::Serialize;
use yunlong_hub::{ExportPage, NewExport, Record};

/// The most records of a page.
const MOST: usize = 500;

pub(crate) fn router() -> Router {
    Router::new().route("/api/v1/hub/exports", post(start)).route("/api/v1/hub/exports/{id}/records", get(records))
}

async fn start(view: View, body: Json<NewExport>) -> Outcome {
    let actor = view.official()?;
    view.step_up()?;
    json(StatusCode::CREATED, &view.gateway.services.hub.start_export(body.take()?, &actor).await?)
}

/// A page of an export.
#[derive(Serialize)]
struct Page {
    records: Vec<Record>,
    next: Option<String>,
    total: u64,
}

async fn records(view: View, Path(id): Path<String>, Query(query): Query) -> Outcome {
    let actor = view.official()?;
    let most = query.text("limit").parse().unwrap_or(MOST).clamp(1, MOST);
    let after = Some(query.text("after")).filter(|a| !a.is_empty());
    let ExportPage { records, next, total } = view.gateway.services.hub.export_page(&id, after, most, &actor).await?;
    json(StatusCode::OK, &Page { records, next, total })
}

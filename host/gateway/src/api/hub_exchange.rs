//! `console.<domain>/api/v1/hub/…` for files: what `yunlong hub import` calls; `export` is in [`super::hub_export`].
//!
//! | | |
//! |---|---|
//! | `GET hub/datasets` | `{"datasets":[…]}`: those that are published, as the catalogue describes them |
//! | `GET hub/datasets/{id}` | one |
//! | `POST hub/imports` | `{"dataset","file","size","fingerprint","valid_from"?}`: begins an import, or finds the one of this file that has not ended; 201 with its id, `next_batch`, and what was loaded, unchanged and refused |
//! | `GET hub/imports?dataset=&file=&size=&fingerprint=` | `{"unfinished"}`: the import of this file that has not ended, or null; begins none |
//! | `GET hub/imports/{id}` | where it stands |
//! | `POST hub/imports/{id}/batches/{n}` | `{"rows":[{"line","record","valid_from"?,"valid_to"?}]}` → `{"loaded","unchanged","refused":[{"line","field","reason"}],"refused_rows","duplicates"}`; the same batch again answers the same and loads nothing |
//! | `POST hub/imports/{id}/finish` | ends it |
//! | `POST hub/imports/{id}/abandon` | gives it up, so that the file can be loaded anew; what it has loaded stays |
//!
//! Who may import is decided by the hub: officials of the provider and of the authorities of items, and the
//! system administrator.

use crate::body::{self, Json, Query};
use crate::failure::{Failure, Outcome, kinds};
use crate::view::{View, json};
use axum::Router;
use axum::extract::{Path, Request};
use axum::routing::{get, post};
use http::StatusCode;
use serde::Deserialize;
use serde_json::json;
use yunlong_hub::{ImportRow, NewImport};

/// A batch: the command line ends one before it has four megabytes.
const BATCH: usize = 8 << 20;
pub(crate) fn router() -> Router {
    Router::new()
        .route("/api/v1/hub/datasets", get(datasets))
        .route("/api/v1/hub/datasets/{id}", get(dataset))
        .route("/api/v1/hub/imports", get(unfinished).post(start))
        .route("/api/v1/hub/imports/{id}", get(import))
        .route("/api/v1/hub/imports/{id}/batches/{n}", post(batch))
        .route("/api/v1/hub/imports/{id}/finish", post(finish))
        .route("/api/v1/hub/imports/{id}/abandon", post(abandon))
}

async fn datasets(view: View) -> Outcome {
    view.official()?;
    json(StatusCode::OK, &json!({ "datasets": view.gateway.services.hub.datasets() }))
}

async fn dataset(view: View, Path(id): Path<String>) -> Outcome {
    view.official()?;
    let dataset =
        view.gateway.services.hub.dataset(&id).ok_or_else(|| {
            Failure::not_found().because("目录中没有这个数据集。", "The catalogue has no such dataset.")
        })?;
    json(StatusCode::OK, &*dataset)
}

async fn start(view: View, body: Json<NewImport>) -> Outcome {
    let actor = view.official()?;
    let new = body.take()?;
    json(StatusCode::CREATED, &view.gateway.services.hub.start_import(new, &actor).await?)
}

async fn unfinished(view: View, Query(query): Query) -> Outcome {
    let actor = view.official()?;
    let text = |name: &str| query.raw(name).unwrap_or("").to_owned();
    let file = NewImport {
        dataset: text("dataset"),
        file: text("file"),
        size: query.text("size").parse().map_err(|_| {
            Failure::new(kinds::INVALID).field("size", "应为文件的字节数", "the file's size in bytes is needed")
        })?,
        fingerprint: text("fingerprint"),
        valid_from: None,
    };
    json(StatusCode::OK, &json!({ "unfinished": view.gateway.services.hub.unfinished_import(&file, &actor).await? }))
}

async fn import(view: View, Path(id): Path<String>) -> Outcome {
    let actor = view.official()?;
    let hub = &view.gateway.services.hub;
    let import = hub.import(&id).await?;
    let provider = hub.dataset(&import.dataset).map(|d| d.provider.clone());
    let concerned = actor.system_admin
        || actor.organization.is_some() && [&import.organization, &provider].contains(&&actor.organization);
    if !concerned {
        return Err(Failure::new(kinds::FORBIDDEN).because(
            "只有导入部门和数据集的提供方可以查看这次导入。",
            "The department that imports and the provider of the dataset see this import.",
        ));
    }
    json(StatusCode::OK, &import)
}

/// A batch as it is sent.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Rows {
    rows: Vec<ImportRow>,
}

async fn batch(view: View, Path((id, n)): Path<(String, u64)>, request: Request) -> Outcome {
    let actor = view.official()?;
    let Rows { rows } = body::json(request, BATCH, view.gateway.config.page_timeout).await?;
    json(StatusCode::OK, &view.gateway.services.hub.import_batch(&id, n, rows, &actor).await?)
}

async fn finish(view: View, Path(id): Path<String>) -> Outcome {
    let actor = view.official()?;
    json(StatusCode::OK, &view.gateway.services.hub.finish_import(&id, &actor).await?)
}

async fn abandon(view: View, Path(id): Path<String>) -> Outcome {
    let actor = view.official()?;
    json(StatusCode::OK, &view.gateway.services.hub.abandon_import(&id, &actor).await?)
}

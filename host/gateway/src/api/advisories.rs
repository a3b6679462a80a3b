//! `console.<domain>/api/v1/advisories`: the copy of known vulnerabilities that submissions are held against. The
//! platform asks no network for it: somebody brings it in.
//!
//! | | |
//! |---|---|
//! | `GET advisories` | `{"imports":[…]}`: the copies in force, one an ecosystem |
//! | `POST advisories?ecosystem=…&source=…` | body: a zip of OSV's or RustSec's advisories. Those of the ecosystem (`crates.io`, `npm`, `PyPI`) take the place of its copy before; `source` says where they are from; 201 with the import, 409 when one that was begun later is in force. For the city's administrators |

use crate::body::{self, Query};
use crate::console::city_administrator;
use crate::failure::{Failure, Outcome, kinds};
use crate::operations::OperationError;
use crate::view::{View, json};
use axum::Router;
use axum::extract::Request;
use axum::routing::get;
use bytes::Bytes;
use http::StatusCode;
use serde_json::json;
use std::io::Cursor;
use yunlong_publications::advisories::{Advisories, Ecosystem, ImportInfo, MAX_ARCHIVE, SourceError};

/// The longest word about where a copy is from.
const SOURCE: usize = 200;

pub(super) fn router() -> Router {
    Router::new().route("/api/v1/advisories", get(current).post(import))
}

async fn current(view: View) -> Outcome {
    view.signed_in()?;
    let publications = view.gateway.services.library.publications();
    let imports = publications.advisories().await.map_err(OperationError::from)?;
    json(StatusCode::OK, &json!({ "imports": imports }))
}

async fn import(view: View, Query(query): Query, request: Request) -> Outcome {
    let by = city_administrator(&view)?.account;
    view.step_up()?;
    let asked = asked(query.text("ecosystem"), query.text("source"))?;
    let _seat = view.gateway.seat()?;
    let (parts, content) = request.into_parts();
    // The archive of a large ecosystem is some hundred megabytes: it has its own limit.
    let limit = usize::try_from(MAX_ARCHIVE).unwrap_or(usize::MAX);
    let zip = body::upload(content, &parts.headers, limit, &view.gateway.config).await?;
    json(StatusCode::CREATED, &json!({ "import": bring_in(&view, asked, zip, &by).await? }))
}

/// What an import is of, and where it is from.
pub(crate) struct Asked {
    ecosystem: Ecosystem,
    source: String,
}

/// Before the archive is looked at.
pub(crate) fn asked(ecosystem: &str, source: &str) -> Outcome<Asked> {
    let ecosystem = Ecosystem::find(ecosystem).ok_or_else(|| {
        Failure::new(kinds::INVALID).field(
            "ecosystem",
            "请写明生态，例如 ?ecosystem=crates.io；可用 crates.io、npm、PyPI",
            "Say which ecosystem it is a copy of: ?ecosystem=crates.io, or npm, or PyPI",
        )
    })?;
    if source.is_empty() || source.chars().count() > SOURCE {
        return Err(Failure::new(kinds::INVALID).field(
            "source",
            format!("请写明来源，最多 {SOURCE} 个字，例如 osv.dev"),
            format!("Say where it is from, in at most {SOURCE} characters, such as osv.dev"),
        ));
    }
    Ok(Asked { ecosystem, source: source.to_owned() })
}

/// Takes a copy in: the console's form and its API come through here.
pub(crate) async fn bring_in(view: &View, asked: Asked, zip: Bytes, by: &str) -> Outcome<ImportInfo> {
    // Unpacks and parses up to hundreds of thousands of files.
    let read = tokio::task::spawn_blocking(move || Advisories::read_zip(Cursor::new(zip))).await;
    let all = read.map_err(|_| Failure::new(kinds::BUSY))?.map_err(|e| refused(&e))?;
    let publications = view.gateway.services.library.publications();
    let imported = publications.import_advisories(&all, asked.ecosystem, &asked.source, by).await;
    Ok(imported.map_err(OperationError::from)?)
}

fn refused(e: &SourceError) -> Failure {
    let text = e.to_string();
    // Such texts are Chinese, then English.
    let (zh, en) = text.split_once(" / ").unwrap_or((&text, &text));
    Failure::new(kinds::INVALID).field("archive", zh, en)
}

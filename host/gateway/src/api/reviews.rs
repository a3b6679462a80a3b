//! `console.<domain>/api/v1/submissions/…`: what vendors publish, its checks, its review.
//!
//! | | |
//! |---|---|
//! | `GET submissions?state=…&app=…&mine=true&before=…` | `{"submissions":[…],"next"?}`, the newest first: a vendor's people see their own, reviewers and the city's administrators all |
//! | `POST submissions` | `{"repository","digest"}`: submits what was pushed there under the tag of its version; 201, 200 when it was submitted before |
//! | `GET submissions/{n}` | one, with its findings, its comments and what may be done with it |
//! | `POST submissions/{n}/assign` | `{"reviewer"?}`: oneself when absent |
//! | `POST submissions/{n}/approve`, `…/reject`, `…/ask-changes` | `{"remark"}`: the reviewer's decision |
//! | `POST submissions/{n}/recheck`, `…/withdraw` | the submission |
//! | `POST submissions/{n}/comments` | `{"text"}`; 201 |
//! | `POST packages/{digest}/yank` | `{"reason","recall"?}`: offered no longer; recalled, it may not even run |
//! | `GET packages/{digest}/proof` | that it was published and approved, for `yunlong-verify publication` |

use super::console::digest;
use crate::body::{Json, Query};
use crate::failure::{Failure, Outcome, kinds};
use crate::operations::OperationError;
use crate::reviews::{self, Step};
use crate::view::{View, json};
use axum::Router;
use axum::extract::Path;
use axum::routing::{get, post};
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};
use yunlong_publications::Submission;

pub(super) fn router() -> Router {
    Router::new()
        .route("/api/v1/submissions", get(list).post(submit))
        .route("/api/v1/submissions/{number}", get(one))
        .route("/api/v1/submissions/{number}/comments", post(comment))
        .route("/api/v1/submissions/{number}/{step}", post(step))
        .route("/api/v1/packages/{digest}/yank", post(yank))
        .route("/api/v1/packages/{digest}/proof", get(proof))
}

/// A submission as it is answered.
pub(super) fn submission(s: &Submission) -> Value {
    json!({
        "number": s.number, "app": s.app, "version": s.version, "digest": s.digest, "title": s.title,
        "vendor": s.vendor, "organization": s.organization, "key": s.key, "by": s.by, "at": s.at.to_rfc3339(),
        "state": s.state.slug(), "state_title": s.state.title(), "since": s.since.to_rfc3339(),
        "reviewer": s.reviewer, "checked": s.checked, "decision": s.decision, "previous": s.previous,
    })
}

async fn list(view: View, Query(query): Query) -> Outcome {
    let mine = query.text("mine") == "true";
    let page = reviews::list(&view, query.text("state"), query.text("app"), mine, query.text("before")).await?;
    let all: Vec<_> = page.submissions.iter().map(submission).collect();
    json(StatusCode::OK, &json!({ "submissions": all, "next": page.next }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Pushed {
    repository: String,
    digest: String,
}

async fn submit(view: View, body: Json<Pushed>) -> Outcome {
    let by = view.publisher()?;
    let pushed = body.take()?;
    let library = &view.gateway.services.library;
    let submitted = library.submit(&pushed.repository, &digest(&pushed.digest)?, &by).await?;
    let status = if submitted.new { StatusCode::CREATED } else { StatusCode::OK };
    json(status, &submission(&submitted.submission))
}

async fn one(view: View, Path(number): Path<u64>) -> Outcome {
    let found = reviews::visible(&view, number).await?;
    let publications = view.gateway.services.library.publications();
    let findings = publications.findings(number).await.map_err(OperationError::from)?;
    let comments = publications.comments(number).await.map_err(OperationError::from)?;
    let mut value = submission(&found);
    value["possible"] = found.state.possible().iter().map(|s| json!(s.slug())).collect();
    value["findings"] = json!(findings);
    value["comments"] = json!(comments);
    json(StatusCode::OK, &value)
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Taken {
    remark: String,
    reviewer: Option<String>,
}

async fn step(view: View, Path((number, name)): Path<(u64, String)>, body: Json<Taken>) -> Outcome {
    let taken = body.take()?;
    let step = Step::from_name(&name, taken.reviewer, taken.remark)
        .ok_or_else(|| Failure::not_found().because("没有这个步骤。", format!("There is no step `{name}`.")))?;
    json(StatusCode::OK, &submission(&reviews::take(&view, number, step).await?))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Remark {
    text: String,
}

async fn comment(view: View, Path(number): Path<u64>, body: Json<Remark>) -> Outcome {
    let remark = body.take()?;
    json(StatusCode::CREATED, &json!(reviews::comment(&view, number, &remark.text).await?))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Ended {
    reason: String,
    #[serde(default)]
    recall: bool,
}

async fn yank(view: View, Path(text): Path<String>, body: Json<Ended>) -> Outcome {
    let by = view.publisher()?;
    let ended = body.take()?;
    view.step_up()?;
    let release = view.gateway.services.library.yank(&digest(&text)?, &ended.reason, ended.recall, &by).await?;
    json(StatusCode::OK, &json!({ "digest": release.digest, "yank": release.yank }))
}

async fn proof(view: View, digest: Path<String>, query: Query) -> Outcome {
    view.signed_in()?;
    anybodys_proof(view, digest, query).await
}

/// The log is everybody's, and so are the proofs of what is in it.
pub(super) async fn anybodys_proof(view: View, Path(text): Path<String>, Query(query): Query) -> Outcome {
    let kept = match query.text("kept") {
        "" => None,
        text => Some(text.parse().map_err(|_| Failure::new(kinds::INVALID).field("kept", "不是数字", "Not a number"))?),
    };
    let publications = view.gateway.services.library.publications();
    let proof = publications.prove(&digest(&text)?, kept).await.map_err(OperationError::from)?;
    json(StatusCode::OK, &json!(proof))
}

//! `console.<domain>/api/v1/installations/{name}/…`: releases, health, jobs and dead letters.
//!
//! | | |
//! |---|---|
//! | `POST health` | `{"healthy":true}` or `{"healthy":false,"reason"}` |
//! | `GET difference/{digest}` | `{"added":[…],"removed":[…]}`: the permissions that a published release asks for otherwise |
//! | `GET upgrade` | what is under way: `{"version","status","data","stage","other","problem","migration",…}` |
//! | `POST upgrade` | `{"package","approve":[id…],"share"?}`: at once, or for a share (1 to 99) of a hundred people |
//! | `POST upgrade/promote`, `…/abort` | what becomes of a canary |
//! | `POST upgrade/resume` | tries a migration again that has stopped |
//! | `POST rollback` | `{"version"?,"accept_unreadable"?,"reason"?}`; 409 naming `accept_unreadable` when the older version would not read all that was written |
//! | `POST export` | everything that it keeps, one line of JSON each; the last one says how much there is, and the SHA-256 of all lines before it. Of one that is stopped it is whole: calls under way have ended; 409 when they do not |
//! | `GET history` | `{"history":[…],"former":[…]}`, newest first |
//! | `GET`, `PUT automatic` | `{"automatic","by"?,"since"?,"failed":{digest:{"version","at","why"}},"newer":[{"version","digest","added":[…],"waits"?}]}`; `{"automatic":true}`: whether it takes approved versions by itself that ask for nothing more |
//! | `GET jobs` | `{"jobs":[…],"delayed":{"count","next"}}` |
//! | `GET jobs/{job}/runs` | `{"runs":[…]}`, newest first |
//! | `POST jobs/{job}/run`, `…/pause`, `…/resume` | 204 |
//! | `GET dead-letters?before=ID&limit=100` | `{"dead_letters":[…],"next"}`, newest first |
//! | `POST dead-letters/redrive` | all that are there: `{"redriven"}` |
//! | `POST dead-letters/{id}/redrive`, `DELETE dead-letters/{id}` | 204 |

use super::console::{capability, digest, whole};
use super::status;
use crate::body::{Json, Query};
use crate::console::administer;
use crate::failure::{Failure, Outcome, kinds};
use crate::operations::{Asked, Upgrading};
use crate::view::{View, json};
use axum::Router;
use axum::extract::Path;
use axum::response::IntoResponse;
use axum::routing::{delete, get, post};
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};
use yunlong_installations::{Installation, Migration, Stage, Why};
use yunlong_model::Digest;

pub(super) fn router() -> Router {
    Router::new()
        .route("/api/v1/installations/{name}/health", post(health))
        .route("/api/v1/installations/{name}/difference/{digest}", get(difference))
        .route("/api/v1/installations/{name}/upgrade", get(state).post(upgrade))
        .route("/api/v1/installations/{name}/upgrade/promote", post(promote))
        .route("/api/v1/installations/{name}/upgrade/abort", post(abort))
        .route("/api/v1/installations/{name}/upgrade/resume", post(resume))
        .route("/api/v1/installations/{name}/rollback", post(roll_back))
        .route("/api/v1/installations/{name}/automatic", get(automatic).put(set_automatic))
        .route("/api/v1/installations/{name}/export", post(export))
        .route("/api/v1/installations/{name}/history", get(history))
        .route("/api/v1/installations/{name}/jobs", get(jobs))
        .route("/api/v1/installations/{name}/jobs/{job}/runs", get(runs))
        .route("/api/v1/installations/{name}/jobs/{job}/{action}", post(job))
        .route("/api/v1/installations/{name}/dead-letters", get(dead_letters))
        .route("/api/v1/installations/{name}/dead-letters/redrive", post(redrive_all))
        .route("/api/v1/installations/{name}/dead-letters/{id}", delete(discard))
        .route("/api/v1/installations/{name}/dead-letters/{id}/redrive", post(redrive))
}

async fn health(view: View, Path(text): Path<String>) -> Outcome {
    let (i, _) = administer(&view, &text)?;
    let body = match view.gateway.operations.health(&i.name).await? {
        Ok(()) => json!({ "healthy": true }),
        Err(reason) => json!({ "healthy": false, "reason": reason.get(view.lang()) }),
    };
    json(StatusCode::OK, &body)
}

async fn difference(view: View, Path((text, to)): Path<(String, String)>) -> Outcome {
    let (i, _) = administer(&view, &text)?;
    let to = digest(&to)?;
    let next = view.gateway.operations.review(to).await?;
    let difference = view.gateway.operations.difference(&i.name, to).await?;
    let added: Vec<Value> = difference.added.iter().map(|c| capability(c, &next.manifest)).collect();
    let removed: Vec<Value> = difference.removed.iter().map(|c| capability(c, &i.manifest)).collect();
    json(StatusCode::OK, &json!({ "added": added, "removed": removed, "version": next.manifest.version }))
}

/// A reason in the language of whoever asks.
fn words(view: &View, why: Option<&Why>) -> Option<String> {
    why.map(|w| w.text().get(view.lang()).to_owned())
}

fn migration(view: &View, m: &Migration) -> Value {
    json!({
        "from": m.from, "to": m.to, "done": m.done, "total": m.total, "batches": m.batches, "finished": m.finished,
        "failure": words(view, m.failure.as_ref()), "started_at": m.started_at.to_rfc3339(), "updated_at": m.updated_at.to_rfc3339(),
    })
}

async fn under_way(view: &View, i: &Installation) -> Outcome<Value> {
    let mut value = json!({
        "name": i.name, "version": i.version, "status": status(i),
        "data": { "oldest": i.data.oldest, "newest": i.data.newest, "schema": i.manifest.data.schema },
    });
    if let Some(change) = &i.change {
        value["other"] = json!(change.release().version);
        value["problem"] = json!(words(view, change.problem.as_ref()));
        match &change.stage {
            Stage::Canary(c) => {
                value["stage"] = json!("canary");
                value["share"] = json!(c.share);
                value["since"] = json!(c.since.to_rfc3339());
            }
            Stage::Trial(t) => {
                value["stage"] = json!("trial");
                value["since"] = json!(t.since.to_rfc3339());
                value["until"] = json!(t.until.to_rfc3339());
            }
        }
    }
    let known = view.gateway.services.installations.migration(&i.name).await?;
    value["migration"] =
        known.filter(|m| m.package_digest == i.package_digest).as_ref().map(|m| migration(view, m)).into();
    Ok(value)
}

async fn state(view: View, Path(text): Path<String>) -> Outcome {
    let (i, _) = administer(&view, &text)?;
    json(StatusCode::OK, &under_way(&view, &i).await?)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    package: Digest,
    #[serde(default)]
    approve: Vec<String>,
    #[serde(default)]
    share: Option<u8>,
}

async fn upgrade(view: View, Path(text): Path<String>, body: Json<Wanted>) -> Outcome {
    let (i, by) = administer(&view, &text)?;
    let Wanted { package, approve, share } = body.take()?;
    view.step_up()?;
    let wanted = Upgrading { package, approve, share, by: by.account };
    let upgraded = view.gateway.operations.upgrade(&i.name, wanted).await?;
    json(StatusCode::OK, &under_way(&view, &upgraded).await?)
}

async fn promote(view: View, Path(text): Path<String>) -> Outcome {
    let (i, by) = administer(&view, &text)?;
    json(StatusCode::OK, &under_way(&view, &*view.gateway.operations.promote(&i.name, &by.account).await?).await?)
}

async fn abort(view: View, Path(text): Path<String>) -> Outcome {
    let (i, by) = administer(&view, &text)?;
    let aborted = view.gateway.operations.abort(&i.name, &by.account, "").await?;
    json(StatusCode::OK, &under_way(&view, &aborted).await?)
}

async fn resume(view: View, Path(text): Path<String>) -> Outcome {
    let (i, by) = administer(&view, &text)?;
    let resumed = view.gateway.operations.resume_migration(&i.name, &by.account).await?;
    json(StatusCode::OK, &under_way(&view, &resumed).await?)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Back {
    #[serde(default)]
    version: Option<semver::Version>,
    #[serde(default)]
    accept_unreadable: bool,
    #[serde(default)]
    reason: String,
}

async fn roll_back(view: View, Path(text): Path<String>, body: Json<Back>) -> Outcome {
    let (i, by) = administer(&view, &text)?;
    let Back { version, accept_unreadable, reason } = body.take()?;
    // A roll-back in a hurry asks for nothing; one that hides what people wrote does.
    if accept_unreadable {
        view.step_up()?;
    }
    let asked = Asked { version, accept_unreadable, why: Why::said(&reason), by: by.account };
    json(StatusCode::OK, &whole(&view, &*view.gateway.operations.roll_back(&i.name, asked).await?))
}

async fn export(view: View, Path(text): Path<String>) -> Outcome {
    let (i, by) = administer(&view, &text)?;
    view.step_up()?;
    crate::console::export_file(&view, &i.name, &by.account).await
}

async fn automatic(view: View, Path(text): Path<String>) -> Outcome {
    let (i, _) = administer(&view, &text)?;
    json(StatusCode::OK, &automatic_of(&view, &i).await?)
}

async fn automatic_of(view: &View, i: &Installation) -> Outcome<Value> {
    let operations = &view.gateway.operations;
    let set = operations.automatic(&i.name).await?;
    let newer: Vec<Value> = operations
        .newer(i)
        .await?
        .iter()
        .map(|n| {
            let added: Vec<Value> = n.difference.added.iter().map(|c| capability(c, &n.manifest)).collect();
            json!({
                "version": n.version.version, "digest": n.version.digest, "added": added,
                "waits": n.waits.as_ref().map(crate::operations::Waits::text),
            })
        })
        .collect();
    Ok(json!({
        "automatic": set.is_some(), "by": set.as_ref().map(|s| &s.by), "newer": newer,
        "since": set.as_ref().map(|s| s.since.to_rfc3339()),
        "failed": set.map(|s| s.failed).unwrap_or_default(),
    }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Switched {
    automatic: bool,
}

async fn set_automatic(view: View, Path(text): Path<String>, body: Json<Switched>) -> Outcome {
    let (i, by) = administer(&view, &text)?;
    let Switched { automatic } = body.take()?;
    // Switching it off is what one does in a hurry.
    if automatic {
        view.step_up()?;
    }
    view.gateway.operations.set_automatic(&i.name, automatic, &by.account).await?;
    json(StatusCode::OK, &automatic_of(&view, &i).await?)
}

async fn history(view: View, Path(text): Path<String>) -> Outcome {
    let (i, _) = administer(&view, &text)?;
    let installations = &view.gateway.services.installations;
    let rows: Vec<Value> = installations
        .history(&i.name, 200)
        .await?
        .into_iter()
        .map(|r| {
            json!({
                "at": r.at.to_rfc3339(), "by": r.by, "event": r.event, "version": r.version, "from": r.from,
                "package": r.package_digest, "why": r.why, "detail": words(&view, r.why.as_ref()),
            })
        })
        .collect();
    let former: Vec<Value> = installations
        .former(&i.name)
        .await?
        .into_iter()
        .map(|f| {
            json!({
                "version": f.release.version, "package": f.release.package_digest, "left_at": f.left_at.to_rfc3339(),
                "reads_all": i.data.strange_to(&f.release.manifest.data).is_empty(),
            })
        })
        .collect();
    json(StatusCode::OK, &json!({ "history": rows, "former": former }))
}

async fn jobs(view: View, Path(text): Path<String>) -> Outcome {
    let (i, _) = administer(&view, &text)?;
    let messaging = &view.gateway.services.messaging;
    let (jobs, delayed) = (messaging.jobs(&i.name).await?, messaging.delayed(&i.name).await?);
    json(StatusCode::OK, &json!({ "jobs": jobs, "delayed": delayed }))
}

async fn runs(view: View, Path((text, job)): Path<(String, String)>) -> Outcome {
    let (i, _) = administer(&view, &text)?;
    json(StatusCode::OK, &json!({ "runs": view.gateway.services.messaging.job_runs(&i.name, &job, 50).await? }))
}

async fn job(view: View, Path((text, job, action)): Path<(String, String, String)>) -> Outcome {
    let (i, by) = administer(&view, &text)?;
    let operations = &view.gateway.operations;
    match action.as_str() {
        "run" => operations.run_job(&i.name, &job, &by.account).await?,
        "pause" => operations.pause_job(&i.name, &job, &by.account).await?,
        "resume" => operations.resume_job(&i.name, &job, &by.account).await?,
        _ => return Err(Failure::new(kinds::NOT_FOUND)),
    }
    Ok(StatusCode::NO_CONTENT.into_response())
}

async fn dead_letters(view: View, Path(text): Path<String>, Query(query): Query) -> Outcome {
    let (i, _) = administer(&view, &text)?;
    let limit = query.text("limit").parse().unwrap_or(100_usize).clamp(1, 100);
    let before = query.raw("before").filter(|b| !b.is_empty());
    let mut letters = view.gateway.services.messaging.dead_letters(&i.name, before, limit + 1).await?;
    let more = letters.len() > limit;
    letters.truncate(limit);
    let next = letters.last().filter(|_| more).map(|l| l.id.clone());
    json(StatusCode::OK, &json!({ "dead_letters": letters, "next": next }))
}

async fn redrive_all(view: View, Path(text): Path<String>) -> Outcome {
    let (i, by) = administer(&view, &text)?;
    let redriven = view.gateway.operations.redrive_all(&i.name, &by.account).await?;
    json(StatusCode::OK, &json!({ "redriven": redriven }))
}

async fn redrive(view: View, Path((text, id)): Path<(String, String)>) -> Outcome {
    let (i, by) = administer(&view, &text)?;
    view.gateway.operations.redrive(&i.name, &id, &by.account).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

async fn discard(view: View, Path((text, id)): Path<(String, String)>) -> Outcome {
    let (i, by) = administer(&view, &text)?;
    view.gateway.operations.discard(&i.name, &id, &by.account).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

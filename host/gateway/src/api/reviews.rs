//! `console.<domain>/api/v1/submissions/…`: what vendors publish, its checks, its review.
//!
//! | | |
//! |---|---|
//! | `GET submissions?state=…&app=…&mine=true&before=…` | `{"submissions":[…],"next"?}`, the newest first: a vendor's people see their own, reviewers and the city's administrators all |
//! | `POST submissions` | `{"repository","digest"}`: submits what was pushed there under the tag of its version; 201, 200 when it was submitted before |
//! | `GET submissions/{n}` | one, with its findings, its comments and what whoever asks may do with it |
//! | `POST submissions/{n}/assign` | `{"reviewer"?}`: oneself when absent |
//! | `POST submissions/{n}/approve` | `{"remark","findings"}`: the reviewer's yes to what the checks found, by the digest that stands at `checked.findings`; 409 when they ran again since |
//! | `POST submissions/{n}/reject`, `…/ask-changes` | `{"remark"}`: the reviewer's decision |
//! | `POST submissions/{n}/recheck`, `…/withdraw` | the submission |
//! | `POST submissions/{n}/comments` | `{"text"}`; 201 |
//! | `POST packages/{digest}/yank` | `{"reason","recall"?}`: offered no longer; recalled, what runs it stops at once (state `recalled`) and keeps its data until it has another version. Vendors yank their own; the city's system and security administrators do both |
//! | `POST packages/{digest}/keep` | `{"reason"}`: it stands although its key was revoked; for the city's administrators |
//! | `GET packages/{digest}/proof` | that it was published and approved, for `yunlong-verify publication` |
//! | `GET signers` | `{"signers":[…]}`: a vendor's people see their own keys, the city's administrators all |
//! | `GET signers/{key}` | one, for everybody who is signed in: it is a public key; `in_doubt` are the versions that wait for the city's word since it was revoked |
//! | `POST signers/{key}/rotate` | `{"public_key": PEM,"possession","endorsement"?}`, signatures of the rotation's statement by the new and the old key in base64: by the vendor, or without the endorsement by the city; 201 |
//! | `POST signers/{key}/revoke` | `{"reason","remark"}`: by the vendor or the security administrator; `{"in_doubt"}`, how many versions wait for a decision |

use super::console::digest;
use crate::body::{Json, Query};
use crate::console::{city_administrator, security_administrator};
use crate::failure::{Failure, Outcome, kinds};
use crate::operations::OperationError;
use crate::reviews::{self, Step};
use crate::view::{View, json};
use axum::Router;
use axum::extract::Path;
use axum::routing::{get, post};
use data_encoding::BASE64;
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};
use yunlong_identity::AccountKind;
use yunlong_publications::{PublicationError, Release, Submission};
use yunlong_registry::{Endorsement, KeyId, PublicKey, TrustError, TrustedKey};

pub(super) fn router() -> Router {
    Router::new()
        .route("/api/v1/submissions", get(list).post(submit))
        .route("/api/v1/submissions/{number}", get(one))
        .route("/api/v1/submissions/{number}/comments", post(comment))
        .route("/api/v1/submissions/{number}/{step}", post(step))
        .route("/api/v1/packages/{digest}/yank", post(yank))
        .route("/api/v1/packages/{digest}/keep", post(keep))
        .route("/api/v1/packages/{digest}/proof", get(proof))
        .route("/api/v1/signers", get(signers))
        .route("/api/v1/signers/{key}", get(signer))
        .route("/api/v1/signers/{key}/rotate", post(rotate))
        .route("/api/v1/signers/{key}/revoke", post(revoke))
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
    let possible = publications.possible(&found, &view.signed_in()?.account).await.map_err(OperationError::from)?;
    value["possible"] = possible.steps.iter().map(|s| json!(s.slug())).collect();
    value["superseded_by"] = json!(possible.superseded_by);
    value["findings"] = json!(findings);
    value["comments"] = json!(comments);
    json(StatusCode::OK, &value)
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Taken {
    remark: String,
    reviewer: Option<String>,
    findings: String,
}

async fn step(view: View, Path((number, name)): Path<(u64, String)>, body: Json<Taken>) -> Outcome {
    let taken = body.take()?;
    let step = Step::from_name(&name, taken.reviewer, taken.remark, &taken.findings)?
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
    let by = view.ends_versions()?;
    let ended = body.take()?;
    view.step_up()?;
    let operations = &view.gateway.operations;
    let release = operations.end_version(&digest(&text)?, &ended.reason, ended.recall, &by).await?;
    json(StatusCode::OK, &json!({ "digest": release.digest, "yank": release.yank }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Reason {
    reason: String,
}

async fn keep(view: View, Path(text): Path<String>, body: Json<Reason>) -> Outcome {
    let by = view.governor()?;
    let wanted = body.take()?;
    view.step_up()?;
    let release = view.gateway.operations.keep_version(&digest(&text)?, &wanted.reason, &by).await?;
    json(StatusCode::OK, &json!({ "digest": release.digest, "kept": release.kept }))
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

// ---- Vendors' keys

/// A key as it is answered.
fn key(id: &KeyId, k: &TrustedKey) -> Value {
    json!({
        "key": id, "vendor": k.vendor, "organization": k.organization, "algorithm": k.public_key.algorithm(),
        "public_key": k.public_key, "enrolled_at": k.enrolled_at.to_rfc3339(), "enrolled_by": k.enrolled_by,
        "revoked_at": k.revoked_at.map(|t| t.to_rfc3339()), "revoked_by": k.revoked_by, "revocation": k.revocation,
        "replaces": k.replaces,
    })
}

fn key_id(text: &str) -> Outcome<KeyId> {
    let wrong = |_| Failure::new(kinds::INVALID).field("key", "不是密钥编号", "Not a key’s id");
    text.parse().map_err(wrong)
}

/// The account and the organization of somebody who works for a vendor.
fn of_a_vendor(view: &View) -> Outcome<Option<(String, String)>> {
    let session = view.signed_in()?;
    let organization = session.organization.clone().filter(|_| session.kind == AccountKind::Vendor);
    Ok(organization.map(|o| (session.account.clone(), o)))
}

async fn signers(view: View) -> Outcome {
    let own = match of_a_vendor(&view)? {
        Some((_, organization)) => Some(organization),
        None => view.one_of(crate::people::STAFF).map(|_| None)?,
    };
    let trust = view.gateway.services.library.publications().trust().await.map_err(OperationError::from)?;
    let visible = trust.keys().filter(|(_, k)| own.is_none() || k.organization == own);
    json(StatusCode::OK, &json!({ "signers": visible.map(|(id, k)| key(id, k)).collect::<Vec<_>>() }))
}

async fn signer(view: View, Path(text): Path<String>) -> Outcome {
    view.signed_in()?;
    let id = key_id(&text)?;
    let publications = view.gateway.services.library.publications();
    match publications.key(&id).await {
        Ok(found) => {
            let mut value = key(&id, &found);
            // Approved once: that they are there is no secret.
            let in_doubt = publications.in_doubt(&id).await.map_err(OperationError::from)?;
            let of = |r: &Release| json!({ "digest": r.digest, "app": r.app, "version": r.version });
            value["in_doubt"] = in_doubt.iter().map(of).collect();
            json(StatusCode::OK, &value)
        }
        Err(PublicationError::Trust(TrustError::Unknown(_))) => {
            let (zh, en) = (format!("没有登记密钥 {id}。"), format!("No key {id} is enrolled."));
            Err(Failure::not_found().because(zh, en))
        }
        Err(e) => Err(OperationError::from(e).into()),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Successor {
    public_key: String,
    possession: String,
    #[serde(default)]
    endorsement: Option<String>,
}

async fn rotate(view: View, Path(text): Path<String>, body: Json<Successor>) -> Outcome {
    // The city's side of it enrolls a key, which is the system administrator's.
    let by = match of_a_vendor(&view)? {
        Some((account, _)) => account,
        None => city_administrator(&view)?.account,
    };
    let wanted = body.take()?;
    view.step_up()?;
    let old = key_id(&text)?;
    let new = PublicKey::from_pem(&wanted.public_key).map_err(|e| {
        let (zh, en) = (format!("不是可用的公钥：{e}"), format!("Not a usable public key: {e}"));
        Failure::new(kinds::INVALID).field("public_key", zh, en)
    })?;
    let signature = |field: &str, text: &str| {
        let wrong = |_| Failure::new(kinds::INVALID).field(field, "不是 base64", "Not base64");
        BASE64.decode(text.as_bytes()).map_err(wrong)
    };
    let possession = signature("possession", &wanted.possession)?;
    let endorsement = match &wanted.endorsement {
        Some(text) => Endorsement::OldKey(signature("endorsement", text)?),
        None => Endorsement::City,
    };
    let publications = view.gateway.services.library.publications();
    let id = publications.rotate(&old, &new, &possession, &endorsement, &by).await.map_err(OperationError::from)?;
    tracing::info!(key = %id, replaces = %old, by, "vendor key rotated");
    json(StatusCode::CREATED, &json!({ "key": id, "replaces": old }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Revoked {
    reason: String,
    remark: String,
}

async fn revoke(view: View, Path(text): Path<String>, body: Json<Revoked>) -> Outcome {
    let by = match of_a_vendor(&view)? {
        Some((account, _)) => account,
        None => security_administrator(&view)?,
    };
    let wanted = body.take()?;
    view.step_up()?;
    let (id, reason) = (key_id(&text)?, crate::console::signers::reason(&wanted.reason)?);
    let publications = view.gateway.services.library.publications();
    let in_doubt = publications.revoke(&id, reason, &wanted.remark, &by).await.map_err(OperationError::from)?;
    tracing::info!(key = %id, by, in_doubt, "vendor key revoked");
    json(StatusCode::OK, &json!({ "in_doubt": in_doubt }))
}

//! `console.<domain>/api/v1/…`: what the command line and other programs of officials call.
//!
//! | | |
//! |---|---|
//! | `GET packages` | `{"packages":[…]}`, newest first for each app |
//! | `GET packages?app=…&version=…` | the one that this name means: without a version the newest that may be installed; 422 says why it may not be (yanked, by whom, why) and which versions may |
//! | `POST packages` | body: the layout's tar; 201 with the submission, 200 when these bytes were submitted before, 422 when refused. Vendors may, for keys of their organization |
//! | `GET packages/{digest}` | what it is, who signed it, what it may do, what was decided about it |
//! | `…/submissions` | see `reviews.rs` |
//! | `GET installations` | `{"installations":[…]}` |
//! | `POST installations` | `{"package","name"?,"organization","config"?,"approve":[id…]}`; 201 |
//! | `GET installations/{name}` | one, with its grants and configuration |
//! | `POST installations/{name}/stop`, `…/start` | the new state |
//! | `DELETE installations/{name}?data=exported&digest=sha256:…`, `?data=erase` | 204; its data is gone, its name stays reserved. `data` says that it was exported (see `lifecycle.rs`), or that nothing is to be kept; 422 without. An export counts while the installation is stopped and its data is what the file holds; 409 otherwise |
//! | `GET`, `PUT installations/{name}/roles` | `{"account","roles":[…]}`: exactly these |
//! | `PUT`, `DELETE installations/{name}/grants/{id}` | give again, take back |
//! | `PUT installations/{name}/config` | the whole configuration |
//! | `GET installations/{name}/payments?cursor=…` | `{"held","refunding","payments":[…],"next"}` in fen: what is held in escrow for its payers, what of it is on its way back, and what it takes, by its own numbers; `escrow` is null for what is not held |
//! | `GET installations/{name}/log?lines=200` | `{"lines":[…]}`, oldest first |
//! | `…/health`, `…/upgrade`, `…/rollback`, `…/history`, `…/jobs`, `…/dead-letters` | see `lifecycle.rs` |
//! | `GET signers`, `…/signers/{key}` | see `reviews.rs` |
//! | `POST signers` | `{"vendor","organization","public_key": PEM}`; 201 `{"key"}`; people of the organization (a vendor's USCC) may publish what the key signed |
//! | `DELETE signers/{key}?reason=compromised\|ended\|replaced&remark=…` | 204; revoked for good, by the security administrator |
//! | `GET ledger` | reads the whole ledger and compares it with the balances: `{"sound","total","entries","balances","differences","escrows"}`, in fen; `escrows` has what is held and what is on its way back, by payment |

use super::status;
use crate::body::{self, Json, Query};
use crate::console::{administer, city_administrator};
use crate::failure::{Failure, Outcome, kinds};
use crate::operations::{Install, ItsData, Review};
use crate::view::{View, json};
use axum::Router;
use axum::extract::{Path, Request};
use axum::response::IntoResponse;
use axum::routing::{delete, get, post, put};
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use yunlong_installations::{Capability, Installation};
use yunlong_model::{Digest, Manifest};

pub(crate) fn router() -> Router {
    Router::new()
        .route("/api/v1/packages", get(packages).post(publish))
        .route("/api/v1/packages/{digest}", get(package))
        .route("/api/v1/installations", get(installations).post(install))
        .route("/api/v1/installations/{name}", get(installation).delete(uninstall))
        .route("/api/v1/installations/{name}/stop", post(stop))
        .route("/api/v1/installations/{name}/start", post(start))
        .route("/api/v1/installations/{name}/roles", get(roles).put(set_roles))
        .route("/api/v1/installations/{name}/grants/{id}", put(restore).delete(revoke))
        .route("/api/v1/installations/{name}/config", put(set_config))
        .route("/api/v1/installations/{name}/payments", get(payments))
        .route("/api/v1/installations/{name}/log", get(log))
        .route("/api/v1/signers", post(enroll))
        .route("/api/v1/signers/{key}", delete(revoke_key))
        .route("/api/v1/ledger", get(ledger))
        .merge(super::lifecycle::router())
        .merge(super::reviews::router())
}

pub(super) fn capability(c: &Capability, manifest: &Manifest) -> Value {
    json!({ "id": c.to_string(), "title": c.title(manifest) })
}

fn review(r: &Review) -> Value {
    json!({
        "digest": r.digest, "app": r.manifest.name, "version": r.manifest.version, "title": r.manifest.title,
        "description": r.manifest.description, "vendor": r.manifest.vendor,
        "signer": { "key": r.signer.key.to_string(), "vendor": r.signer.vendor },
        "permissions": r.capabilities.iter().map(|c| capability(c, &r.manifest)).collect::<Vec<_>>(),
        "roles": r.manifest.roles, "config": r.manifest.config, "repository": r.release.repository,
        "standing": r.standing, "submission": r.release.submission, "approval": r.release.approval, "yank": r.release.yank,
    })
}

fn summary(view: &View, i: &Installation) -> Value {
    json!({
        "name": i.name, "app": i.app, "version": i.version, "title": i.manifest.title, "status": status(i),
        "organization": i.organization, "organization_name": i.organization_name,
        "package": i.package_digest, "url": format!("{}/", view.gateway.origins.app(&i.name)),
    })
}

pub(super) fn whole(view: &View, i: &Installation) -> Value {
    let mut value = summary(view, i);
    value["quota_bytes"] = view.gateway.services.installations.quota(&i.name).into();
    let failure = match &i.status {
        yunlong_installations::Status::Failed(why) => Some(why),
        _ => None,
    };
    let permissions: Vec<_> = Capability::of_manifest(&i.manifest)
        .iter()
        .map(|c| {
            let mut v = capability(c, &i.manifest);
            let grant = i.grants.iter().find(|g| g.capability == *c);
            v["granted"] = grant.is_some().into();
            v["approved_by"] = grant.map(|g| g.approved_by.clone()).into();
            v
        })
        .collect();
    value["failure"] = failure.map(|why| why.text().get(view.lang()).to_owned()).into();
    value["permissions"] = permissions.into();
    value["config"] = json!(i.config);
    value["signer"] = json!(i.signer);
    value["installed_by"] = json!(i.installed_by);
    value["installed_at"] = json!(i.installed_at.to_rfc3339());
    value
}

async fn packages(view: View, Query(query): Query) -> Outcome {
    view.administrator()?;
    let operations = &view.gateway.operations;
    let all = match query.text("app") {
        "" => operations.published().await?,
        app => operations.named(app, query.text("version")).await?.into_iter().collect(),
    };
    json(StatusCode::OK, &json!({ "packages": all.iter().map(review).collect::<Vec<_>>() }))
}

async fn publish(view: View, request: Request) -> Outcome {
    let publisher = view.publisher()?;
    let config = &view.gateway.config;
    let _seat = view.gateway.seat()?;
    let (parts, content) = request.into_parts();
    let tar = body::upload(content, &parts.headers, config.package_limit, config).await?;
    let submitted = view.gateway.operations.publish(tar, &publisher).await?;
    let status = if submitted.new { StatusCode::CREATED } else { StatusCode::OK };
    json(status, &super::reviews::submission(&submitted.submission))
}

pub(super) fn digest(text: &str) -> Outcome<Digest> {
    text.parse().map_err(|e| Failure::new(kinds::INVALID).field("digest", "不是摘要", format!("{e}")))
}

async fn package(view: View, Path(text): Path<String>) -> Outcome {
    view.administrator()?;
    json(StatusCode::OK, &review(&view.gateway.operations.review(digest(&text)?).await?))
}

async fn installations(view: View) -> Outcome {
    let session = view.signed_in()?;
    view.administrator()?;
    let identity = &view.gateway.services.identity;
    let all = view.gateway.services.installations.list();
    let own: Vec<_> =
        all.iter().filter(|i| identity.may_administer(session, &i.organization)).map(|i| summary(&view, i)).collect();
    json(StatusCode::OK, &json!({ "installations": own }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewInstallation {
    package: Digest,
    #[serde(default)]
    name: Option<String>,
    organization: String,
    #[serde(default)]
    config: BTreeMap<String, Value>,
    #[serde(default)]
    approve: Vec<String>,
}

async fn install(view: View, body: Json<NewInstallation>) -> Outcome {
    let administrator = view.administrator()?;
    let wanted = body.take()?;
    crate::console::may_administer(&view, &wanted.organization)?;
    view.step_up()?;
    let NewInstallation { package, name, organization, config, approve } = wanted;
    let installed = view
        .gateway
        .operations
        .install(Install { package, name, organization, config, approve, by: administrator.account })
        .await?;
    json(StatusCode::CREATED, &whole(&view, &installed))
}

async fn installation(view: View, Path(text): Path<String>) -> Outcome {
    let (installation, _) = administer(&view, &text)?;
    let mut body = whole(&view, &installation);
    body["used_bytes"] = view.gateway.services.installations.used(&installation.name).await?.into();
    json(StatusCode::OK, &body)
}

async fn uninstall(view: View, Path(text): Path<String>, Query(query): Query) -> Outcome {
    let (installation, by) = administer(&view, &text)?;
    view.step_up()?;
    let data = ItsData::read(query.text("data"), query.text("digest"))?;
    view.gateway.operations.uninstall_knowing(&installation.name, data, &by.account).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

async fn stop(view: View, Path(text): Path<String>) -> Outcome {
    let (installation, by) = administer(&view, &text)?;
    json(StatusCode::OK, &whole(&view, &*view.gateway.operations.stop(&installation.name, &by.account).await?))
}

async fn start(view: View, Path(text): Path<String>) -> Outcome {
    let (installation, by) = administer(&view, &text)?;
    json(StatusCode::OK, &whole(&view, &*view.gateway.operations.start(&installation.name, &by.account).await?))
}

async fn roles(view: View, Path(text): Path<String>) -> Outcome {
    let (installation, _) = administer(&view, &text)?;
    let assigned = view.gateway.services.identity.role_assignments(&installation.name).await?;
    json(StatusCode::OK, &json!({ "roles": installation.manifest.roles, "assignments": assigned }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Roles {
    account: String,
    roles: Vec<String>,
}

async fn set_roles(view: View, Path(text): Path<String>, body: Json<Roles>) -> Outcome {
    let (installation, by) = administer(&view, &text)?;
    let wanted = body.take()?;
    view.step_up()?;
    view.gateway.operations.set_roles(&installation.name, &wanted.account, &wanted.roles, &by.account).await?;
    json(StatusCode::OK, &json!({ "account": wanted.account, "roles": wanted.roles }))
}

async fn restore(view: View, Path((text, id)): Path<(String, String)>) -> Outcome {
    let (installation, by) = administer(&view, &text)?;
    view.step_up()?;
    json(
        StatusCode::OK,
        &whole(&view, &*view.gateway.operations.set_grant(&installation.name, &id, true, &by.account).await?),
    )
}

async fn revoke(view: View, Path((text, id)): Path<(String, String)>) -> Outcome {
    let (installation, by) = administer(&view, &text)?;
    json(
        StatusCode::OK,
        &whole(&view, &*view.gateway.operations.set_grant(&installation.name, &id, false, &by.account).await?),
    )
}

async fn set_config(view: View, Path(text): Path<String>, body: Json<BTreeMap<String, Value>>) -> Outcome {
    let (installation, by) = administer(&view, &text)?;
    let config = body.take()?;
    json(
        StatusCode::OK,
        &whole(&view, &*view.gateway.operations.set_config(&installation.name, config, &by.account).await?),
    )
}

async fn log(view: View, Path(text): Path<String>, Query(query): Query) -> Outcome {
    let (installation, _) = administer(&view, &text)?;
    let lines = query.text("lines").parse().unwrap_or(200_usize).clamp(1, 1000);
    let lines = view.gateway.services.installations.log().tail(&installation.name, lines).await?;
    json(StatusCode::OK, &json!({ "lines": lines }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Signer {
    vendor: String,
    organization: String,
    public_key: String,
}

async fn enroll(view: View, body: Json<Signer>) -> Outcome {
    let by = city_administrator(&view)?;
    let wanted = body.take()?;
    view.step_up()?;
    let key =
        view.gateway.operations.enroll(&wanted.vendor, &wanted.organization, &wanted.public_key, &by.account).await?;
    json(StatusCode::CREATED, &json!({ "key": key, "vendor": wanted.vendor }))
}

async fn revoke_key(view: View, Path(key): Path<String>, Query(query): Query) -> Outcome {
    let by = crate::console::security_administrator(&view)?;
    view.step_up()?;
    let reason = crate::console::signers::reason(query.text("reason"))?;
    view.gateway.operations.revoke_key(&key, reason, query.text("remark"), &by).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

async fn payments(view: View, Path(name): Path<String>, Query(query): Query) -> Outcome {
    let (i, _) = administer(&view, &name)?;
    let payments = &view.gateway.services.payments;
    let held = payments.held(&i.name).await?;
    let cursor = query.raw("cursor").filter(|c| !c.is_empty());
    let found = payments.intents_for(&i.name, cursor, 100).await?;
    let shown = |p: &yunlong_payments::Intent| {
        json!({
            "id": p.id, "reference": p.reference, "status": p.status.code(), "amount": p.amount, "captured": p.captured,
            "refunded": p.refunded(), "escrow": p.escrow_state(), "created_at": p.created_at.to_rfc3339(),
        })
    };
    let all: Vec<_> = found.intents.iter().map(shown).collect();
    json(
        StatusCode::OK,
        &json!({ "held": held.held, "refunding": held.refunding, "payments": all, "next": found.next }),
    )
}

async fn ledger(view: View) -> Outcome {
    city_administrator(&view)?;
    let report = view.gateway.services.payments.verify_ledger().await?;
    let mut body = serde_json::to_value(&report).map_err(Failure::internal)?;
    body["sound"] = report.is_sound().into();
    json(StatusCode::OK, &body)
}

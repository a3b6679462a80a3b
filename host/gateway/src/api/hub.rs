//! `console.<domain>/api/v1/hub/…` and `…/api/v1/audit/…`: the information hub and its log, for programs.
//!
//! Whoever may do something on the console's pages may do it here, and nobody else. Bodies are flat JSON
//! objects with the names of the forms' fields, unless it says otherwise.
//!
//! | | |
//! |---|---|
//! | `GET hub/catalogue?q=&category=&class=&provider=` | `{"entries":[…]}` |
//! | `POST hub/catalogue` | a dataset's description (JSON as the catalogue keeps it); 201 with the entry, a draft |
//! | `GET hub/catalogue/{id}` | the entry, with `json_schema`: what a record looks like |
//! | `PUT hub/catalogue/{id}` | `{"version","dataset":{…}}`: 409 when somebody else was faster |
//! | `GET hub/catalogue/{id}/guide` | the items of the national guide, with its Chinese names |
//! | `POST hub/catalogue/{id}/publish`, `…/withdraw` `{"reason"}`, `…/provider` `{"organization"}`, `…/authority` `{"item","authority"?}`, `…/sharing` `{"sharing","condition_zh"?,"condition_en"?,"law"?}` | the entry. These, and an edit of level, openness or whose data it is, are for an administrator of the provider, who shows a second factor |
//! | `GET hub/requests?box=in\|out\|all&open=true&before=` | `{"requests":[…],"next"}`, newest first |
//! | `POST hub/requests` | `{"installation","dataset","purpose"}`: asks, or asks again; 201 |
//! | `GET hub/requests/{id}` | one |
//! | `POST hub/requests/{id}/accept`, `…/refuse` `{"reason"}`, `…/withdraw` `{"reason"?}` | the request |
//! | `POST hub/requests/{id}/approve` | `{"field":[…],"mask.<item>"?,"access":[…],"rows"?,"divisions"?,"roles"?,"only"?,"until"?}`: what is left out is not given, except rows and time, which stay as asked; `until` is a day, or a moment in RFC 3339 |
//! | `GET hub/grants` | `{"grants":[{…,"state":"standing"\|"expired"\|"revoked"}]}` |
//! | `POST hub/grants/revoke` | `{"installation","dataset","purpose","reason"}` |
//! | `POST hub/grants/extend` | `{"installation","dataset","purpose","until"}` |
//! | `GET hub/corrections?box=&open=true&before=` | `{"corrections":[{"id","dataset","item","state","filed","due","official"}],"next"}`: nothing that is in a record; to open one is a read |
//! | `POST hub/corrections` | `{"dataset","key","item","claimed","reason","evidence"?}`; 201 |
//! | `GET hub/corrections/{id}` (`was` only for those who handle it), `POST hub/corrections/{id}/accept`, `…/correct` `{"value"?,"answer"?}`, `…/reject` `{"reason"}`, `…/withdraw` | the correction |
//! | `GET hub/quality` | `{"datasets":[…]}` |
//! | `GET hub/orders`, `POST hub/orders` | legal orders, for the security administrator |
//! | `POST hub/orders/{id}/end` | `{"reason"}` |
//! | `GET audit/entries?about=&actor=&action=&target=&organization=&installation=&dataset=&request_id=&outcome=denied&hidden=true&from=&until=&before=` | `{"entries":[…],"next"}`, for the audit administrator; another name is refused |
//! | `GET audit/entries/{index}` | the entry opened, with its proof, as `yunlong-verify inclusion` takes it |
//! | `GET audit/checkpoint` | `{"origin","key","size","hidden","checkpoint","witnesses"}` |
//! | `GET audit/export?opened=true` | the log as JSON Lines, a stream |
//! | `POST audit/erasure` | `{"account","reason","agree":true}`: of a closed account; `{"erased"}` |

use crate::body::{Form, Json, Query};
use crate::console::hub as console;
use crate::failure::{Failure, Outcome, kinds};
use crate::view::{View, json};
use axum::Router;
use axum::extract::Path;
use axum::routing::{get, post};
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};
use yunlong_audit::Seen;
use yunlong_hub::{Dataset, guide_entry};
use yunlong_identity::PlatformRole;

pub(crate) fn router() -> Router {
    Router::new()
        .route("/api/v1/hub/catalogue", get(catalogue).post(create))
        .route("/api/v1/hub/catalogue/{id}", get(entry).put(edit))
        .route("/api/v1/hub/catalogue/{id}/guide", get(guide))
        .route("/api/v1/hub/catalogue/{id}/{act}", post(change))
        .route("/api/v1/hub/requests", get(requests).post(ask))
        .route("/api/v1/hub/requests/{id}", get(request))
        .route("/api/v1/hub/requests/{id}/{act}", post(step))
        .route("/api/v1/hub/grants", get(grants))
        .route("/api/v1/hub/grants/{act}", post(grant))
        .route("/api/v1/hub/corrections", get(corrections).post(file))
        .route("/api/v1/hub/corrections/{id}", get(correction))
        .route("/api/v1/hub/corrections/{id}/{act}", post(answer))
        .route("/api/v1/hub/quality", get(quality))
        .route("/api/v1/hub/orders", get(orders).post(register))
        .route("/api/v1/hub/orders/{id}/end", post(end))
        .route("/api/v1/audit/entries", get(entries))
        .route("/api/v1/audit/entries/{index}", get(opened))
        .route("/api/v1/audit/checkpoint", get(checkpoint))
        .route("/api/v1/audit/export", get(export))
        .route("/api/v1/audit/erasure", post(erase))
}

async fn catalogue(view: View, Query(query): Query) -> Outcome {
    let actor = view.official()?;
    let found = view.gateway.services.hub.catalogue(&console::catalogue_filter(&query), Some(&actor));
    json(StatusCode::OK, &json!({ "entries": found }))
}

async fn create(view: View, body: Json<Dataset>) -> Outcome {
    let actor = view.official()?;
    let dataset = body.take()?;
    json(StatusCode::CREATED, &view.gateway.services.hub.create_dataset(dataset, &actor).await?)
}

async fn entry(view: View, Path(id): Path<String>) -> Outcome {
    let actor = view.official()?;
    let entry = console::entry(&view, &actor, &id)?;
    let mut value = serde_json::to_value(&entry).map_err(Failure::internal)?;
    value["json_schema"] = entry.dataset.json_schema();
    json(StatusCode::OK, &value)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Edit {
    version: u64,
    dataset: Dataset,
}

async fn edit(view: View, Path(id): Path<String>, body: Json<Edit>) -> Outcome {
    console::entry(&view, &view.official()?, &id)?;
    let Edit { version, dataset } = body.take()?;
    if dataset.id != id {
        return Err(Failure::new(kinds::INVALID).field(
            "dataset.id",
            "与网址中的代码不一致。",
            "This is not the code in the address.",
        ));
    }
    json(StatusCode::OK, &console::catalogue_edit(&view, dataset, version).await?)
}

async fn guide(view: View, Path(id): Path<String>) -> Outcome {
    let actor = view.official()?;
    let entry = console::entry(&view, &actor, &id)?;
    let provider = view.gateway.services.identity.organization(&entry.dataset.provider).await?;
    json(StatusCode::OK, &guide_entry(&entry, provider.as_ref().map_or("", |o| &o.name)))
}

async fn change(view: View, Path((id, act)): Path<(String, String)>, Form(form): Form) -> Outcome {
    json(StatusCode::OK, &console::catalogue_act(&view, &id, &act, &form).await?)
}

async fn requests(view: View, Query(query): Query) -> Outcome {
    let actor = view.official()?;
    let page = console::requests_of(&view, &actor, &query).await?;
    json(StatusCode::OK, &json!({ "requests": page.requests, "next": page.next }))
}

async fn ask(view: View, Form(form): Form) -> Outcome {
    let actor = view.official()?;
    let installation = crate::api::name(form.text("installation"))?;
    let hub = &view.gateway.services.hub;
    json(StatusCode::CREATED, &hub.ask(&installation, form.text("dataset"), form.text("purpose"), &actor).await?)
}

async fn request(view: View, Path(id): Path<String>) -> Outcome {
    let actor = view.official()?;
    json(StatusCode::OK, &console::visible_request(&view, &actor, &id).await?)
}

async fn step(view: View, Path((id, act)): Path<(String, String)>, Form(form): Form) -> Outcome {
    json(StatusCode::OK, &console::request_step(&view, &id, &act, &form).await?)
}

async fn grants(view: View) -> Outcome {
    let actor = view.official()?;
    let mut all = Vec::new();
    for g in console::grants_of(&view, &actor).await? {
        let mut value = serde_json::to_value(&g).map_err(Failure::internal)?;
        value["state"] = console::grant_state(&view, &g).into();
        all.push(value);
    }
    json(StatusCode::OK, &json!({ "grants": all }))
}

async fn grant(view: View, Path(act): Path<String>, Form(mut form): Form) -> Outcome {
    view.official()?;
    if act != "revoke" && act != "extend" {
        return Err(Failure::not_found());
    }
    form.push("act".to_owned(), act);
    json(StatusCode::OK, &console::grant_change(&view, &form).await?)
}

async fn corrections(view: View, Query(query): Query) -> Outcome {
    let actor = view.official()?;
    let page = console::corrections_of(&view, &actor, &query).await?;
    json(StatusCode::OK, &json!({ "corrections": page.corrections, "next": page.next }))
}

async fn file(view: View, Form(form): Form) -> Outcome {
    json(StatusCode::CREATED, &console::file_correction(&view, &form).await?)
}

async fn correction(view: View, Path(id): Path<String>) -> Outcome {
    let actor = view.official()?;
    json(StatusCode::OK, &console::visible_correction(&view, &actor, &id).await?)
}

async fn answer(view: View, Path((id, act)): Path<(String, String)>, Form(form): Form) -> Outcome {
    json(StatusCode::OK, &console::correction_step(&view, &id, &act, &form).await?)
}

async fn quality(view: View) -> Outcome {
    let actor = view.official()?;
    let all: Vec<_> = console::quality_of(&view, &actor).await?.into_iter().map(|(_, q)| q).collect();
    json(StatusCode::OK, &json!({ "datasets": all }))
}

async fn orders(view: View) -> Outcome {
    view.one_of(&[PlatformRole::SecurityAdmin, PlatformRole::AuditAdmin])?;
    let actor = view.official()?;
    json(StatusCode::OK, &json!({ "orders": view.gateway.services.hub.orders(&actor).await? }))
}

async fn register(view: View, Form(form): Form) -> Outcome {
    json(StatusCode::CREATED, &console::register_order(&view, &form).await?)
}

async fn end(view: View, Path(id): Path<String>, Form(form): Form) -> Outcome {
    let actor = view.official()?;
    json(StatusCode::OK, &view.gateway.services.hub.end_order(&id, form.text("reason"), &actor).await?)
}

fn seen(s: &Seen) -> Value {
    json!({ "at": s.at.to_rfc3339(), "index": s.index, "entry": s.entry })
}

async fn entries(view: View, Query(query): Query) -> Outcome {
    let page = console::search_audit(&view, &query).await?;
    json(StatusCode::OK, &json!({ "entries": page.entries.iter().map(seen).collect::<Vec<_>>(), "next": page.next }))
}

async fn opened(view: View, Path(index): Path<String>, Query(query): Query) -> Outcome {
    json(StatusCode::OK, &console::open_entry(&view, &index, &query).await?)
}

async fn checkpoint(view: View) -> Outcome {
    view.one_of(&[PlatformRole::AuditAdmin])?;
    let audit = &view.gateway.services.audit;
    let witnesses: Vec<Value> = audit
        .witnesses()
        .iter()
        .map(|w| json!({ "name": w.name, "cosigned": w.cosigned, "refusal": w.refusal }))
        .collect();
    let body = json!({
        "origin": audit.origin(), "key": audit.vkey(), "size": audit.size().await?, "hidden": audit.hidden_count().await?,
        "checkpoint": audit.latest_checkpoint().await?, "witnesses": witnesses,
    });
    json(StatusCode::OK, &body)
}

async fn export(view: View, Query(query): Query) -> Outcome {
    console::export_audit(&view, query.text("opened") == "true").await
}

async fn erase(view: View, Form(form): Form) -> Outcome {
    json(StatusCode::OK, &json!({ "erased": console::erase_audit(&view, &form).await? }))
}

//! `console.<domain>/api/v1/…` for accounts, organizations, roles, the audit trail and the policy.
//!
//! | | |
//! |---|---|
//! | `GET accounts?q=&after=` | `{"accounts":[…],"more"}`, by name; `q` is the beginning of the name |
//! | `POST accounts` | `{"name","kind","organization"?,"real_name"?,"resident_id"?,"mobile"?}`; 201 `{"account","code","expires_at"}`: the owner sets the password with the code |
//! | `GET accounts/{name}` | one |
//! | `POST accounts/{name}/reset` | `{"second_factor": bool}`?; a new code; nothing changes until it is redeemed |
//! | `POST accounts/{name}/disable`, `…/enable`, `…/unlock`, `…/sign-out` | 204 |
//! | `POST accounts/{name}/role` | `{"role": "system-admin" … "none"}`; 204 |
//! | `GET organizations?q=` or `?at=CODE` | `{"organizations":[…]}`: those found, or those right below |
//! | `POST organizations` | `{"level": "department"\|"vendor","code","name","parent"}`; 201 |
//! | `GET roles` | `{"roles":[…]}`: who has which role in which installation |
//! | `GET audit?actor=&action=&target=&before=&of=apps` | `{"rows":[…],"next"}`, newest first |
//! | `GET policy`, `PUT policy` | `{"administrators_need_second_factor","officials_need_second_factor","step_up_minutes"}` |
//! | `POST companies` | `{"code","name","papers","days"}`; 201 `{"mandate","code"}` |

use crate::body::{Form, Json, Query};
use crate::console::{accounts, companies, organizations, oversight};
use crate::failure::Outcome;
use crate::people;
use crate::view::{View, json};
use axum::Router;
use axum::extract::Path;
use axum::response::IntoResponse;
use axum::routing::{get, post};
use http::StatusCode;
use serde_json::{Value, json};
use yunlong_identity::{Account, AuditPage, PlatformRole, ResetCode, SecurityPolicy};

pub(crate) fn router() -> Router {
    Router::new()
        .route("/api/v1/accounts", get(list).post(open))
        .route("/api/v1/accounts/{name}", get(one))
        .route("/api/v1/accounts/{name}/{act}", post(act))
        .route("/api/v1/organizations", get(found).post(add))
        .route("/api/v1/roles", get(roles))
        .route("/api/v1/audit", get(audit))
        .route("/api/v1/policy", get(policy).put(set_policy))
        .route("/api/v1/companies", post(company))
}

fn account(a: &Account) -> Value {
    json!({
        "name": a.name, "kind": a.kind, "organization": a.organization, "platform_roles": a.platform_roles,
        "created_at": a.created_at.to_rfc3339(), "disabled": a.disabled, "second_factor": a.second_factor,
    })
}

fn code(name: &str, code: &ResetCode) -> Value {
    json!({ "account": name, "code": code.code.as_str(), "expires_at": code.expires_at.to_rfc3339() })
}

async fn list(view: View, Query(query): Query) -> Outcome {
    let (accounts, more) = people::list(&view, query.text("q"), query.text("after")).await?;
    json(StatusCode::OK, &json!({ "accounts": accounts.iter().map(account).collect::<Vec<_>>(), "more": more }))
}

async fn open(view: View, Form(fields): Form) -> Outcome {
    view.administrator()?;
    let opened = people::open(&view, accounts::person(&fields)?).await?;
    json(StatusCode::CREATED, &code(fields.text("name"), &opened))
}

async fn one(view: View, Path(name): Path<String>) -> Outcome {
    json(StatusCode::OK, &account(&people::get(&view, &name).await?))
}

async fn act(view: View, Path((name, act)): Path<(String, String)>, Form(fields): Form) -> Outcome {
    view.one_of(people::STAFF)?;
    match people::act(&view, &name, accounts::named(&act, &fields)?).await? {
        Some(issued) => json(StatusCode::OK, &code(&name, &issued)),
        None => Ok(StatusCode::NO_CONTENT.into_response()),
    }
}

async fn found(view: View, Query(query): Query) -> Outcome {
    let session = view.one_of(people::STAFF)?;
    let identity = &view.gateway.services.identity;
    let (wanted, at) = (query.text("q"), query.text("at"));
    let own = session.organization.as_deref().unwrap_or("");
    let found = if wanted.is_empty() {
        identity.children(if at.is_empty() { own } else { at }).await?
    } else {
        identity.search(wanted).await?
    };
    json(StatusCode::OK, &json!({ "organizations": found }))
}

async fn add(view: View, Form(fields): Form) -> Outcome {
    view.administrator()?;
    let new = organizations::organization(&fields)?;
    people::add_organization(&view, new.clone()).await?;
    json(StatusCode::CREATED, &new)
}

async fn roles(view: View) -> Outcome {
    let all: Vec<Value> = oversight::holdings(&view)
        .await?
        .iter()
        .map(|h| {
            json!({
                "organization": h.organization, "organization_name": h.organization_name,
                "installation": h.installation, "account": h.account, "role": h.role,
                "assigned_by": h.assigned_by, "assigned_at": h.assigned_at.to_rfc3339(),
            })
        })
        .collect();
    json(StatusCode::OK, &json!({ "roles": all }))
}

async fn audit(view: View, Query(query): Query) -> Outcome {
    let AuditPage { rows, next } = oversight::trail(&view, &query).await?;
    let rows: Vec<Value> = rows
        .iter()
        .map(|r| {
            json!({
                "at": r.at.to_rfc3339(), "actor": r.actor, "action": r.action, "target": r.target, "detail": r.detail,
            })
        })
        .collect();
    json(StatusCode::OK, &json!({ "rows": rows, "next": next }))
}

async fn policy(view: View) -> Outcome {
    view.one_of(&[PlatformRole::SecurityAdmin])?;
    json(StatusCode::OK, &*view.gateway.services.identity.policy())
}

async fn set_policy(view: View, body: Json<SecurityPolicy>) -> Outcome {
    view.one_of(&[PlatformRole::SecurityAdmin])?;
    let wanted = body.take()?;
    oversight::change_policy(&view, wanted.clone()).await?;
    json(StatusCode::OK, &wanted)
}

async fn company(view: View, Form(fields): Form) -> Outcome {
    view.administrator()?;
    let (mandate, code) = companies::record(&view, &fields).await?;
    json(StatusCode::CREATED, &json!({ "mandate": mandate.id, "code": code.as_str() }))
}

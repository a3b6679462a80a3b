//! `<domain>/api/v1/catalogue…`: the catalogue of apps, for everybody.
//!
//! | | |
//! |---|---|
//! | `GET catalogue?q=…&area=…&category=…&page=…` | `{"apps":[…],"total","categories":[…]}`, the best fit first, twenty a page |
//! | `GET catalogue/{app}` | one: its versions that were ever approved, the newest first, and where it is installed |
//! | `GET packages/{digest}/proof?kept=…` | that it was published and approved, for `yunlong-verify publication` |

use super::console::capability;
use crate::body::Query;
use crate::failure::Outcome;
use crate::pictures;
use crate::portal::catalogue::{Shown, Wanted, find};
use crate::view::{View, json};
use axum::Router;
use axum::extract::Path;
use axum::routing::get;
use http::StatusCode;
use serde_json::{Value, json};
use yunlong_installations::Capability;
use yunlong_model::Digest;
use yunlong_publications::Version;
use yunlong_registry::listing::Screenshot;
use yunlong_registry::{Area, Category};

pub(super) fn router() -> Router {
    Router::new()
        .route("/api/v1/catalogue", get(list))
        .route("/api/v1/catalogue/{app}", get(app))
        .route("/api/v1/packages/{digest}/proof", get(super::reviews::anybodys_proof))
}

fn area(a: Area) -> Value {
    json!({ "slug": a.slug(), "title": a.title() })
}

fn category(c: Category) -> Value {
    json!({ "slug": c.slug(), "title": c.title(), "area": area(c.area()) })
}

fn screenshots(digest: &Digest, shots: &[Screenshot]) -> Vec<Value> {
    let one = |(n, s): (usize, &Screenshot)| json!({ "url": pictures::address(digest, n), "caption": s.caption });
    shots.iter().enumerate().map(one).collect()
}

async fn list(view: View, query: Query) -> Outcome {
    let found = find(&view, &Wanted::read(&query)?).await?;
    let apps: Vec<Value> = found
        .apps
        .iter()
        .map(|a| {
            json!({
                "app": a.app, "title": a.title, "description": a.description, "vendor": a.vendor,
                "organization": a.organization, "category": a.category.map(category), "version": a.version,
                "digest": a.digest, "permissions": a.permissions, "changes": a.changes,
                "reviewer": a.reviewer, "reviewer_organization": a.reviewer_organization,
                "approved_at": a.approved_at.to_rfc3339(), "remark": a.remark,
                "screenshots": screenshots(&a.digest, &a.screenshots),
            })
        })
        .collect();
    let categories: Vec<Value> = found
        .categories
        .iter()
        .map(|(c, n)| {
            let mut value = category(*c);
            value["apps"] = json!(n);
            value
        })
        .collect();
    json(StatusCode::OK, &json!({ "apps": apps, "total": found.total, "categories": categories }))
}

fn version(v: &Version) -> Value {
    let yank = v
        .yank
        .as_ref()
        .map(|y| json!({ "reason": y.reason, "at": y.at.to_rfc3339(), "side": y.side, "recalled": y.recalled }));
    let approval = v
        .approval
        .as_ref()
        .map(|a| json!({ "by": a.by, "organization": a.organization, "at": a.at.to_rfc3339(), "remark": a.remark }));
    json!({
        "version": v.version, "digest": v.digest, "status": v.status, "key": v.key, "published_at": v.at.to_rfc3339(),
        "approval": approval, "yank": yank, "changes": v.changes,
        "proof": format!("/api/v1/packages/{}/proof", v.digest),
    })
}

async fn app(view: View, Path(name): Path<String>) -> Outcome {
    let shown = Shown::of(&view, &name).await?;
    let m = &shown.manifest;
    let permissions: Vec<Value> = Capability::of_manifest(m).iter().map(|c| capability(c, m)).collect();
    let installed: Vec<Value> = shown
        .installed(&view)
        .iter()
        .map(|i| {
            json!({
                "name": i.name, "organization": { "code": i.organization, "name": i.organization_name },
                "url": format!("{}/", view.gateway.origins.app(&i.name)),
            })
        })
        .collect();
    let listing = shown.listing.as_ref();
    json(
        StatusCode::OK,
        &json!({
            "app": shown.app, "title": m.title, "description": m.description, "vendor": shown.vendor,
            "organization": shown.organization, "category": listing.map(|l| category(l.category)),
            "offered": shown.is_offered(), "version": version(&shown.version), "permissions": permissions,
            "screenshots": listing.map(|l| screenshots(&shown.version.digest, &l.screenshots)).unwrap_or_default(),
            "versions": shown.versions.iter().map(version).collect::<Vec<_>>(), "installed": installed,
        }),
    )
}

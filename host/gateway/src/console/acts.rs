//! What apps wrote down of what was done in them (`transaction.audit`): each row stands in the commit of what it tells.
//!
//! The page is the host's and one for all apps: an app knows no official by name, and whoever works in an app is not
//! the one who may say that there was no such row.

use super::hub::audit_tabs;
use crate::body::{Fields, Query};
use crate::failure::{Failure, Outcome, kinds};
use crate::forms::Input;
use crate::layout::{Page, empty};
use crate::view::View;
use axum::body::Body;
use axum::response::Response;
use data_encoding::HEXLOWER;
use http::{HeaderValue, header};
use maud::{Markup, html};
use std::sync::Arc;
use yunlong_exchange::neutralise;
use yunlong_identity::{AuditFilter, AuditPage, AuditRow, PlatformRole};
use yunlong_installations::Installation;
use yunlong_store::Key;
use yunlong_store::documents::{AuditRow as Written, Schema};

/// Rows of one page.
const PAGE: usize = 100;
/// Rows that are looked at for one page: with a filter it may be short and still have a next one.
const LOOKED_AT: usize = 2_000;
/// Rows of one file.
const MOST: usize = 50_000;

/// The rows of an app that fit, the newest first, older than `before`.
pub(crate) async fn rows(view: &View, app: &str, before: Option<&str>, filter: &AuditFilter) -> Outcome<AuditPage> {
    view.one_of(&[PlatformRole::AuditAdmin])?;
    let services = &view.gateway.services;
    let name = crate::api::name(app)?;
    let i = services.installations.get(&name).ok_or_else(|| Failure::new(kinds::NO_SUCH_SERVICE))?;
    let schema = Schema::new(&i.name, &i.manifest);
    let before = before.map(|text| place(&schema, text)).transpose()?;
    let found = schema.audit_committed(&services.store, before.as_ref(), LOOKED_AT).await?;
    let fits = |r: &Written| {
        (filter.actor.is_empty() || r.actor == filter.actor)
            && r.action.starts_with(&filter.action)
            && (filter.target.is_empty() || r.target == filter.target)
    };
    let (total, mut seen, mut last, mut rows) = (found.len(), 0, None, Vec::new());
    for (key, row) in found {
        if rows.len() == PAGE {
            break;
        }
        (seen, last) = (seen + 1, Some(key));
        if fits(&row) {
            rows.push(shown(row));
        }
    }
    let more = seen < total || total == LOOKED_AT;
    Ok(AuditPage { rows, next: last.filter(|_| more).map(|key| HEXLOWER.encode(key.as_bytes())) })
}

/// The row that a page ended with: one of this app's, or nothing that this gave.
fn place(schema: &Schema, text: &str) -> Outcome<Key> {
    let key = HEXLOWER.decode(text.as_bytes()).ok().map(Key::from_bytes);
    key.filter(|key| schema.audit_prefix().children().contains(key))
        .ok_or_else(|| Failure::new(kinds::INVALID).field("before", "请从首页重新查询。", "Begin at the first page."))
}

fn shown(row: Written) -> AuditRow {
    let bare = row.detail.as_object().is_some_and(serde_json::Map::is_empty);
    let detail = if bare { String::new() } else { row.detail.to_string() };
    AuditRow { at: row.at, actor: row.actor, action: row.action, target: row.target, detail }
}

/// What the address asks for.
pub(super) fn filter(query: &Fields) -> AuditFilter {
    AuditFilter {
        actor: query.text("actor").to_owned(),
        action: query.text("action").to_owned(),
        target: query.text("target").to_owned(),
    }
}

fn before(query: &Fields) -> Option<&str> {
    Some(query.text("before")).filter(|b| !b.is_empty())
}

/// The filters of the address, to go on with.
fn again(query: &Fields) -> String {
    let kept = ["app", "actor", "action", "target"];
    kept.map(|name| format!("{name}={}", crate::encode(query.text(name)))).join("&")
}

/// `/audit/acts`: which app, and its rows.
pub(super) async fn page(view: View, Query(query): Query) -> Outcome {
    view.one_of(&[PlatformRole::AuditAdmin])?;
    let app = query.text("app");
    let found = if app.is_empty() { None } else { Some(rows(&view, app, before(&query), &filter(&query)).await?) };
    let title = view.t("应用内的操作", "Acts in apps");
    let content = html! {
        h1 { (title) }
        p { (view.t("应用把谁在什么时候做了什么，与操作在同一次提交中写下，不能更改。工作人员显示账号；市民显示该应用认得的代号，不是姓名。卸载应用时随其数据一起删除。", "Apps write down who did what and when, in the commit of what was done; no row is ever changed. Officials stand here by their accounts, citizens by the subject that the app knows, which is no name. The rows go with the app’s data when it is removed.")) }
        (audit_tabs(&view, "/audit/acts"))
        (form(&view, &query))
        @if let Some(found) = &found {
            (super::oversight::rows_table(&view, title, &found.rows))
            nav.pager aria-label=(view.t("翻页", "Pages")) {
                @if let Some(next) = &found.next { a href={ "/audit/acts?" (again(&query)) "&before=" (next) } { (view.t("更早的记录", "Older rows")) } }
                @if !found.rows.is_empty() { " " a href={ "/audit/acts/file?" (again(&query)) } download { (view.t("下载 CSV", "Download CSV")) } }
            }
        } @else { (empty(view.t("请选择一个应用。", "Choose an app."), None)) }
    };
    super::page(&view, &Page::new(title, "/audit"), &content)
}

fn form(view: &View, query: &Fields) -> Markup {
    let apps: Vec<Arc<Installation>> = view.gateway.services.installations.list();
    html! {
        form.card method="get" action="/audit/acts" {
            div.grid {
                div {
                    label for="app" { (view.t("应用", "App")) }
                    select #app name="app" required { @for i in &apps { option value=(i.name) selected[i.name.as_str() == query.text("app")] { (i.manifest.title.get(view.lang())) " · " (i.organization_name) " · " (i.name) } } }
                }
                div { (Input::text("actor", view.t("操作人（账号或代号）", "Who acted (account or subject)"), query.text("actor")).optional().render(view, None)) }
                div { (Input::text("action", view.t("操作（开头）", "Action (beginning)"), query.text("action")).optional().render(view, None)) }
                div { (Input::text("target", view.t("对象", "To what"), query.text("target")).optional().render(view, None)) }
            }
            div.actions { button { (view.t("查看", "Show")) } }
        }
    }
}

/// `/audit/acts/file`: the same rows as CSV (RFC 4180), the newest first, at most [`MOST`].
pub(super) async fn file(view: View, Query(query): Query) -> Outcome {
    let (app, filter) = (query.text("app"), filter(&query));
    let (mut text, mut written) = (String::from("\u{feff}at,actor,action,target,detail\r\n"), 0);
    let mut next: Option<String> = None;
    loop {
        let found = rows(&view, app, next.as_deref(), &filter).await?;
        written += found.rows.len();
        for r in &found.rows {
            let cells = [&r.at.to_rfc3339(), &r.actor, &r.action, &r.target, &r.detail].map(|cell| quoted(cell));
            text.push_str(&cells.join(","));
            text.push_str("\r\n");
        }
        next = found.next;
        if next.is_none() || written >= MOST {
            break;
        }
    }
    let mut response = Response::new(Body::from(text));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/csv; charset=utf-8"));
    let disposition = HeaderValue::from_str(&format!("attachment; filename=\"{}-acts.csv\"", crate::api::name(app)?));
    headers.insert(header::CONTENT_DISPOSITION, disposition.map_err(Failure::internal)?);
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

/// A cell that no spreadsheet takes for a formula.
fn quoted(cell: &str) -> String {
    format!("\"{}\"", neutralise(cell).replace('"', "\"\""))
}

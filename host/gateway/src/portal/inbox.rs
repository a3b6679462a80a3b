//! What the apps told a person.

use crate::body::{Form, Query};
use crate::failure::{Failure, Outcome, kinds};
use crate::layout::{Page, empty};
use crate::origins::Site;
use crate::view::{View, json, see_other};
use axum::response::IntoResponse;
use http::StatusCode;
use maud::{Markup, html};
use yunlong_messaging::{MessagingError, Note};

/// Notes on one page.
const PAGE: usize = 20;

impl From<MessagingError> for Failure {
    fn from(e: MessagingError) -> Self {
        match e {
            MessagingError::UnknownNote => Self::not_found()
                .because("您的消息中没有这一条：请刷新“消息”页。", "There is no such note in your inbox: reload it."),
            MessagingError::UnknownDeadLetter(id) => Self::not_found().because(
                format!("没有未送达消息“{id}”：可能已重新投递或删除，请刷新页面。"),
                format!("There is no dead letter `{id}`: it may have been redriven or discarded. Reload the page."),
            ),
            MessagingError::UnknownJob(job) => Self::not_found().because(
                format!("该应用没有任务“{job}”：任务由应用的清单定义。"),
                format!("There is no job `{job}`: the app's manifest names its jobs."),
            ),
            MessagingError::JobRuns(job) => Self::new(kinds::CONFLICT).because(
                format!("任务“{job}”正在运行，请等它结束。"),
                format!("The job `{job}` is being run: wait until it has ended."),
            ),
            MessagingError::Store(e) => e.into(),
            MessagingError::Commit(e) => e.into(),
            other => Self::internal(other),
        }
    }
}

pub(super) async fn page(view: View, Query(query): Query) -> Outcome {
    let session = view.signed_in()?;
    let before = query.raw("before").filter(|b| !b.is_empty());
    let found = view.gateway.services.messaging.inbox(&session.account, before, PAGE).await?;
    if view.wants_json {
        return json(StatusCode::OK, &as_json(&view, &found.notes, found.next.as_deref()));
    }
    let title = view.t("消息", "Inbox");
    let content = html! {
        h1 { (title) }
        @if found.notes.is_empty() {
            (empty(view.t("没有消息。各服务给您的通知会出现在这里。", "Nothing here. What services tell you appears on this page."), Some(("/", view.t("全部服务", "All services")))))
        }
        @for note in &found.notes { (entry(&view, note)) }
        @if before.is_some() || found.next.is_some() {
            nav.pager aria-label=(view.t("翻页", "Pages")) {
                @if before.is_some() { a href="/inbox" { (view.t("最新消息", "Newest")) } } @else { span {} }
                @if let Some(next) = &found.next { a href={ "/inbox?before=" (crate::encode(next)) } { (view.t("更早的消息", "Older")) } }
            }
        }
        p { a href="/help#inbox" { (view.t("关于消息", "About the inbox")) } }
    };
    super::page(&view, &Page::new(title, "/inbox"), content).await
}

fn entry(view: &View, note: &Note) -> Markup {
    let heading = format!("note-{}", note.id);
    html! {
        article.card aria-labelledby=(heading) {
            header {
                h2 #(heading) {
                    (note.title.get(view.lang()))
                    @if !note.read { " " span.badge.badge-warn { (view.t("未读", "Unread")) } }
                }
                span.muted { (sender(view, note)) " · " (note.at.to_shanghai()) }
            }
            p { (note.body.get(view.lang())) }
            div.actions {
                @if let Some(path) = &note.path {
                    a role="button" href=(address(view, note, path)) { (view.t("查看", "Open")) span.visually-hidden { " " (note.title.get(view.lang())) } }
                }
                @if !note.read {
                    form.inline method="post" action="/inbox/read" {
                        input type="hidden" name="id" value=(note.id);
                        button.outline { (view.t("标为已读", "Mark as read")) span.visually-hidden { " " (note.title.get(view.lang())) } }
                    }
                }
            }
        }
    }
}

fn sender(view: &View, note: &Note) -> String {
    match &note.installation {
        Some(name) => super::consent::app_title(view, name),
        None => view.t("本平台", "This platform").to_owned(),
    }
}

/// The platform's own notes lead to the portal, where the reader is signed in already.
fn address(view: &View, note: &Note, path: &str) -> String {
    match &note.installation {
        Some(name) => crate::city::start_address(&view.gateway, &Site::App(name.clone()), path),
        None => path.to_owned(),
    }
}

fn as_json(view: &View, notes: &[Note], next: Option<&str>) -> serde_json::Value {
    let notes: Vec<_> = notes
        .iter()
        .map(|n| {
            serde_json::json!({
                "id": n.id, "installation": n.installation, "title": n.title.get(view.lang()), "body": n.body.get(view.lang()),
                "path": n.path, "at": n.at.to_rfc3339(), "read": n.read,
            })
        })
        .collect();
    serde_json::json!({ "notes": notes, "next": next })
}

pub(super) async fn mark_read(view: View, Form(fields): Form) -> Outcome {
    let session = view.signed_in()?;
    view.gateway.services.messaging.mark_read(&session.account, fields.text("id")).await?;
    if view.wants_json { Ok(StatusCode::NO_CONTENT.into_response()) } else { Ok(see_other("/inbox")) }
}

//! Journals of requests that failed: whether they are kept, those that are, and one of them as a file.

use super::administer;
use crate::body::Form;
use crate::failure::{Failure, Outcome};
use crate::layout::{Page, empty, notice};
use crate::view::{View, see_other};
use axum::body::Body;
use axum::extract::Path;
use axum::response::Response;
use http::{HeaderValue, header};
use maud::{Markup, html};
use yunlong_installations::{Installation, JournalRow, Journaling, MAX_JOURNALS};
use yunlong_model::InstallationName;
use yunlong_runtime::Journal;

pub(super) async fn page(view: View, Path(name): Path<String>) -> Outcome {
    let (i, _) = administer(&view, &name)?;
    let installations = &view.gateway.services.installations;
    let (on, rows) = (installations.journaling(&i.name), installations.journals(&i.name).await?);
    let title = view.t("故障记录", "Journals of failed requests");
    let content = html! {
        p { a href={ "/apps/" (i.name) } { "← " (i.manifest.title.get(view.lang())) } }
        h1 { (title) ": " (i.manifest.title.get(view.lang())) }
        (view.step_up_first())
        (switch(&view, &i, on.as_ref()))
        h2 { (view.t("已保存的记录", "Those that are kept")) }
        @if rows.is_empty() { (empty(view.t("没有记录。", "There are none."), None)) } @else {
            (inside(&view))
            (table(&view, &i, &rows, title))
        }
    };
    super::page(&view, &Page::new(title, "/"), &content)
}

fn switch(view: &View, i: &Installation, on: Option<&Journaling>) -> Markup {
    html! {
        section.card {
            p { (view.t(
                "打开后，应用处理失败的请求会留下一份记录：请求本身、应用向平台提出的每次调用和得到的回答、它的输出。供应商用它可以在自己的电脑上原样重现故障（yunlong replay）。",
                "While this is on, a request that the app fails leaves a journal: the request itself, each call that the app made to the platform with its answer, and what it printed. With it the vendor sees the same failure again on a machine of their own (yunlong replay)."
            )) }
            p { (view.t(
                &format!("每次打开 24 小时，到时自动关闭。加密保存，最多 {MAX_JOURNALS} 份，7 天后删除。"),
                &format!("It stays on for 24 hours at a time. Journals are kept encrypted, at most {MAX_JOURNALS}, and deleted after 7 days.")
            )) }
            @if let Some(on) = on {
                (notice("warn", view.t(
                    &format!("正在记录，到 {} 为止（由 {} 打开）。", on.until.to_shanghai(), on.by),
                    &format!("Journals are kept until {} (turned on by {}).", on.until.to_shanghai(), on.by)
                )))
            }
            form method="post" action={ "/apps/" (i.name) "/journals" } { div.actions {
                @if on.is_some() {
                    button.secondary name="keep" value="off" { (view.t("关闭", "Turn it off")) }
                    button.outline name="keep" value="on" { (view.t("再延长到 24 小时", "24 hours more from now")) }
                } @else {
                    button name="keep" value="on" { (view.t("打开 24 小时", "Turn it on for 24 hours")) }
                }
            } }
            p.muted { (view.t("打开、关闭和下载都记入审计日志。", "Turning it on or off and each download go into the audit trail.")) }
        }
    }
}

/// What whoever takes one along has to know.
fn inside(view: &View) -> Markup {
    html! {
        div.notice.notice-warn role="status" {
            strong { (view.t("记录中有个人信息", "A journal holds personal data")) }
            p { (view.t(
                "文件里有市民提交的内容，以及应用读到的文档、姓名、证件号码等，没有遮挡。请按本部门的规定保管；只交给与本部门签有保密约定、负责该应用的供应商，用完即删。",
                "It holds what a citizen sent, and what the app read: documents, names, identity numbers, unmasked. Keep it by your department’s rules, give it only to the app’s vendor under an agreement with your department, and delete it when it has served."
            )) }
            p { (view.t(
                "应用的签名密钥默认不放进文件：拿到密钥的人可以伪造该应用签发的凭证，例如门票。只有故障与签名有关、且能随后更换凭证时，才连同密钥下载。",
                "Keys that the app signs with are left out unless you ask for them: whoever has one can forge what the app issues, a ticket for instance. Ask for them only when the failure lies there, and what was issued can be replaced."
            )) }
        }
    }
}

fn table(view: &View, i: &Installation, rows: &[JournalRow], title: &str) -> Markup {
    html! {
        div.table-wrap tabindex="0" role="region" aria-label=(title) { table {
            thead { tr {
                th scope="col" { (view.t("时间", "When")) }
                th scope="col" { (view.t("请求编号", "Request")) }
                th scope="col" { (view.t("结果", "How it failed")) }
                th scope="col" { (view.t("版本", "Version")) }
                th scope="col" { (view.t("大小", "Size")) }
                th scope="col" { (view.t("操作", "Action")) }
            } }
            tbody { @for row in rows { tr {
                th scope="row" { (row.at.to_shanghai()) }
                td { code { (row.request_id) } }
                td { (failed(view, &row.outcome)) }
                td { (row.version) }
                td { (row.bytes.div_ceil(1 << 10)) " KiB" }
                td { form.inline method="post" action={ "/apps/" (i.name) "/journals/" (row.id) } {
                    button.small { (view.t("下载", "Download")) span.visually-hidden { " " (row.request_id) } }
                    button.small.outline.danger name="keys" value="true" { (view.t("连同密钥下载", "Download with keys")) span.visually-hidden { " " (row.request_id) } }
                } }
            } } }
        } }
    }
}

/// How it failed, for people: the outcomes of the runtime's `InvocationError`.
fn failed<'a>(view: &View, outcome: &'a str) -> &'a str {
    match outcome {
        "trap" => view.t("崩溃", "Crashed"),
        "deadline" => view.t("超时", "Took too long"),
        "cpu" => view.t("计算过多", "Too much computing"),
        "memory" => view.t("内存过多", "Too much memory"),
        "response-too-large" => view.t("答复过大", "Answer too large"),
        "host-calls" => view.t("调用过多", "Too many host calls"),
        "not-granted" => view.t("未获授权", "Not granted"),
        "no-response" => view.t("没有答复", "No answer"),
        _ => outcome,
    }
}

pub(super) async fn set(view: View, Path(name): Path<String>, Form(form): Form) -> Outcome {
    let (i, by) = administer(&view, &name)?;
    let on = form.text("keep") == "on";
    // Turning it off is what one does in a hurry.
    if on {
        view.step_up_for(&format!("/apps/{}/journals", i.name))?;
    }
    view.gateway.services.installations.set_journaling(&i.name, on, &by.account).await?;
    Ok(see_other(&format!("/apps/{}/journals", i.name)))
}

pub(super) async fn download(view: View, Path((name, id)): Path<(String, String)>, Form(form): Form) -> Outcome {
    let (i, by) = administer(&view, &name)?;
    view.step_up_for(&format!("/apps/{}/journals", i.name))?;
    journal_file(&view, &i.name, &id, form.text("keys") == "true", &by.account).await
}

/// A journal, opened; without the keys that the host derived for the app unless they are asked for.
pub(crate) async fn journal_file(view: &View, name: &InstallationName, id: &str, with_keys: bool, by: &str) -> Outcome {
    let services = &view.gateway.services;
    let id = id.parse().map_err(|_| Failure::not_found())?;
    let what = if with_keys { "with keys" } else { "without keys" };
    let opened = services.installations.open_journal(services.identity.field_keys(), name, id, by, what).await?;
    let file = opened.ok_or_else(|| {
        Failure::not_found().because(
            "没有这份记录：可能已过期，或为新的记录腾出了位置。",
            "There is no such journal: it may have expired, or made place for newer ones.",
        )
    })?;
    let text = if with_keys {
        String::from_utf8_lossy(&file).into_owned()
    } else {
        // Why it cannot be read may quote it, and stands in no log.
        let unread = |_| Failure::internal("a journal that was kept cannot be read");
        let mut journal = Journal::read(&file).map_err(unread)?;
        journal.withhold_keys();
        journal.write()
    };
    // A name holds letters, digits and hyphens alone.
    let disposition = HeaderValue::from_str(&format!("attachment; filename=\"{name}-{id}.yjournal\""));
    let mut response = Response::new(Body::from(text));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/jsonl; charset=utf-8"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::CONTENT_DISPOSITION, disposition.map_err(Failure::internal)?);
    Ok(response)
}

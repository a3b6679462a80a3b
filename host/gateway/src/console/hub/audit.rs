//! The audit log for the audit administrator: one entry with its proof, the export, and the erasure of a
//! person's entries when their account is closed. Searching it is in [`super::entries`].

use crate::body::{Fields, Form, Query};
use crate::failure::{Failure, Outcome, kinds};
use crate::forms::{Area, Input, refused};
use crate::layout::{Page, notice};
use crate::view::{View, json, see_other};
use axum::body::Body;
use axum::extract::Path;
use axum::response::Response;
use http::{HeaderValue, StatusCode, header};
use maud::{Markup, html};
use tokio_util::io::ReaderStream;
use yunlong_audit::{Disclosure, Entry, ExportOptions};
use yunlong_identity::{PlatformRole, Session};
use yunlong_model::{Kind, Timestamp};

pub(super) const NAV: &str = "/audit";

/// Bytes of a file that are read at once.
const PIECE: usize = 64 * 1024;

pub(in crate::console) fn tabs(view: &View, current: &str) -> Markup {
    let all = [
        ("/audit", "操作记录", "Administrators’ acts"),
        ("/audit/acts", "应用内的操作", "Acts in apps"),
        ("/audit/entries", "数据读取与共享", "Reads and sharing"),
        ("/audit/log", "日志与校验点", "Log and checkpoints"),
        ("/audit/erasure", "销户销毁", "Erasure at closing"),
    ];
    html! {
        nav.tabs aria-label=(view.t("审计", "Audit")) { ul {
            @for (path, zh, en) in all { li { a href=(path) aria-current=[(path == current).then_some("page")] { (view.t(zh, en)) } } }
        } }
    }
}

pub(super) fn administrator(view: &View) -> Outcome<&Session> {
    view.one_of(&[PlatformRole::AuditAdmin])
}

/// A day in Shanghai as a moment: its beginning.
pub(super) fn day(text: &str) -> Option<Timestamp> {
    let day: jiff::civil::Date = text.parse().ok()?;
    let zone = jiff::tz::TimeZone::fixed(jiff::tz::offset(8));
    Some(Timestamp(day.to_zoned_datetime(zone).ok()?.timestamp().as_millisecond()))
}

/// Writes down what an audit administrator does, before it is answered.
pub(super) async fn told(view: &View, session: &Session, action: &str, detail: &str) -> Outcome<()> {
    let entry = Entry {
        organization: session.organization.clone(),
        request_id: view.request_id.to_string(),
        detail: detail.to_owned(),
        ..Entry::new(action, &session.account, Kind::Official)
    };
    Ok(view.gateway.services.audit.record(vec![entry]).await?)
}

/// An entry opened, with its proof; that it was opened is an entry itself.
pub(crate) async fn opened(view: &View, index: &str, query: &Fields) -> Outcome<Disclosure> {
    let session = administrator(view)?;
    let number: u64 = index.parse().map_err(|_| Failure::not_found())?;
    let disclosed = view.gateway.services.audit.disclose(number, kept(query)?).await?;
    told(view, session, "audit.opened", &format!("leaf {number}")).await?;
    Ok(disclosed)
}

/// The size of a checkpoint that the reader kept, if they say so.
pub(crate) fn kept(query: &Fields) -> Outcome<Option<u64>> {
    let wrong = || {
        let (zh, en) = ("请填写所保存检查点的记录条数", "Give the number of entries of the checkpoint that you kept");
        Failure::new(kinds::INVALID).field("checkpoint", zh, en)
    };
    query.raw("checkpoint").map(|text| text.parse().map_err(|_| wrong())).transpose()
}

pub(super) async fn entry(view: View, Path(index): Path<String>, Query(query): Query) -> Outcome {
    administrator(&view)?;
    let file = index.strip_suffix(".json");
    let disclosed = opened(&view, file.unwrap_or(&index), &query).await?;
    let (audit, number) = (&view.gateway.services.audit, disclosed.proof.index);
    if file.is_some() || view.wants_json {
        return json(StatusCode::OK, &disclosed);
    }
    let record = data_encoding::BASE64.decode(disclosed.opened.record.as_bytes()).map_err(Failure::internal)?;
    let record = match serde_json::from_slice::<serde_json::Value>(&record) {
        Ok(value) => format!("{value:#}"),
        Err(_) => String::from_utf8_lossy(&record).into_owned(),
    };
    let heading = view.t("日志的第 ", "Entry ");
    let title = format!("{heading}{number}{}", view.t(" 条", ""));
    let content = html! {
        p { a href="/audit/entries" { "← " (view.t("数据读取与共享", "Reads and sharing")) } }
        h1 { (title) }
        section.card {
            dl.facts {
                dt { (view.t("日志长度", "Entries in the log")) } dd { (disclosed.proof.size) }
                dt { (view.t("证明路径", "Audit path")) } dd { (disclosed.proof.proof.len()) (view.t(" 个散列", " hashes")) }
                dt { (view.t("盐", "Salt")) } dd { code.digest { (disclosed.opened.salt) } }
            }
            pre.log tabindex="0" role="region" aria-label=(view.t("记录内容", "The record")) { (record) }
            div.actions {
                a role="button" href={ "/audit/entries/" (number) ".json" } download={ "entry-" (number) ".json" } { (view.t("下载记录与证明", "Download entry and proof")) }
            }
            pre.log tabindex="0" role="region" aria-label=(view.t("核验命令", "The command that checks it")) { "yunlong-verify inclusion entry-" (number) ".json --key '" (audit.vkey()) "'" }
        }
        p { a href="/help#audit" { (view.t("关于审计日志", "About the audit log")) } }
    };
    super::super::page(&view, &Page::new(&title, NAV), &content)
}

pub(super) async fn log(view: View) -> Outcome {
    administrator(&view)?;
    let audit = &view.gateway.services.audit;
    let (checkpoint, witnesses) = (audit.latest_checkpoint().await?, audit.witnesses());
    let (size, hidden) = (audit.size().await?, audit.hidden_count().await?);
    let title = view.t("日志与校验点", "Log and checkpoints");
    let content = html! {
        h1 { (title) }
        (tabs(&view, "/audit/log"))
        section.card {
            dl.facts {
                dt { (view.t("日志名", "Log")) } dd { code { (audit.origin()) } }
                dt { (view.t("验证公钥", "Verifier key")) } dd { code.digest { (audit.vkey()) } }
                dt { (view.t("记录条数", "Entries")) } dd { (size) }
                dt { (view.t("其中依法暂不公开", "Of these hidden by a legal order")) } dd { (hidden) }
                dt { (view.t("内容保存", "Contents are kept for")) } dd { (audit.retention_days()) (view.t(" 天", " days")) }
            }
        }
        section.card {
            h2 { (view.t("最新校验点", "Newest checkpoint")) }
            @match &checkpoint {
                Some(text) => pre.log tabindex="0" role="region" aria-label=(view.t("校验点", "Checkpoint")) { (text) },
                None => p { (view.t("日志还是空的。", "The log is empty yet.")) },
            }
            p.muted { (view.t("第一行是日志名，第二行是条数，第三行是根散列；“—”开头的是平台和见证方的签名。", "The log’s name, the number of entries, the root; lines that begin with “—” are the signatures of the platform and the witnesses.")) }
        }
        section.card {
            h2 { (view.t("见证方", "Witnesses")) }
            @if witnesses.is_empty() { p { (view.t("没有配置见证方：平台自己重写日志不会被外部发现。请运维人员按手册配置。", "None is configured: nobody outside would notice if the platform rewrote its log. Ask the operators to configure one, as their manual says.")) } }
            @else { ul { @for w in &witnesses { li {
                strong { (w.name) } (view.t("：已副署到第 ", ": cosigned up to ")) (w.cosigned) (view.t(" 条", ""))
                @if let Some(why) = &w.refusal { " " span.badge.badge-bad { (view.t("拒绝副署", "Refuses")) } " " (why) }
            } } } }
        }
        section.card {
            h2 { (view.t("导出", "Export")) }
            p { (view.t("整个日志，每行一条（JSON Lines），用独立程序 yunlong-verify 核验。不含内容的导出可以交给任何人。", "The whole log, one line each (JSON Lines), for the independent yunlong-verify. Without contents it can be given to anybody.")) }
            div.actions {
                a role="button" href="/audit/export" download="audit-log.jsonl" { (view.t("导出（不含内容）", "Export without contents")) }
                a role="button" class="outline" href="/audit/export?opened=true" download="audit-log-opened.jsonl" { (view.t("导出（含内容）", "Export with contents")) }
            }
            pre.log tabindex="0" role="region" aria-label=(view.t("核验命令", "The command that checks it")) { "yunlong-verify log audit-log.jsonl --key '" (audit.vkey()) "'" }
        }
        p { a href="/help#audit" { (view.t("关于审计日志", "About the audit log")) } }
    };
    super::super::page(&view, &Page::new(title, NAV), &content)
}

pub(super) async fn export(view: View, Query(query): Query) -> Outcome {
    export_response(&view, query.text("opened") == "true").await
}

/// The log as a stream: nothing of it is held in memory as a whole.
pub(crate) async fn export_response(view: &View, opened: bool) -> Outcome {
    let session = administrator(view)?;
    if opened {
        view.step_up_for("/audit/log")?;
    }
    told(view, session, "audit.exported", if opened { "with contents" } else { "without contents" }).await?;
    // Gathered first: a client that reads slowly, or not at all, holds up no erasure.
    let (file, _) = view.gateway.services.audit.gather(ExportOptions { opened }).await?;
    let mut response =
        Response::new(Body::from_stream(ReaderStream::with_capacity(tokio::fs::File::from_std(file), PIECE)));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/jsonl; charset=utf-8"));
    let name = if opened {
        "attachment; filename=\"audit-log-opened.jsonl\""
    } else {
        "attachment; filename=\"audit-log.jsonl\""
    };
    headers.insert(header::CONTENT_DISPOSITION, HeaderValue::from_static(name));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

pub(super) async fn erasure(view: View, Query(query): Query) -> Outcome {
    administrator(&view)?;
    let erased = query.raw("erased").and_then(|n| n.parse().ok());
    show_erasure(&view, StatusCode::OK, erased, &Fields::default(), None)
}

fn show_erasure(
    view: &View,
    status: StatusCode,
    erased: Option<u64>,
    f: &Fields,
    failure: Option<&Failure>,
) -> Outcome {
    let title = view.t("销户销毁", "Erasure at closing");
    let content = html! {
        h1 { (title) }
        (tabs(view, "/audit/erasure"))
        @if let Some(n) = erased { (notice("ok", &format!("{}{n}{}", view.t("已销毁 ", "Destroyed: "), view.t(" 条记录的内容；日志中留下了一条说明。", " entries’ contents; an entry in the log says so.")))) }
        (refused(view, failure))
        (view.step_up_first())
        div.notice.notice-warn role="status" {
            strong { (view.t("此操作不能撤销", "This cannot be undone")) }
            p { (view.t("市民注销账号并书面申请时，可以提前销毁关于该人的记录内容。摘要保留，日志仍可核验；销毁本身是一条记录。仍在保存期内且没有申请的，不得销毁。", "When a citizen closes their account and asks in writing, the contents of the entries about them can be destroyed before their time. Digests stay, so the log still verifies; the destruction is an entry itself. Nothing else is destroyed within the retention.")) }
        }
        form.card method="post" action="/audit/erasure" {
            (Input::text("account", view.t("已停用的账号", "The account, disabled"), f.text("account")).help(view.t("须先由安全管理员停用。", "The security administrator disables it first.")).render(view, failure))
            (Area::new("reason", view.t("依据（申请文号等）", "On what ground (the application’s number and so on)"), f.text("reason")).render(view, failure))
            label.choice { input type="checkbox" name="agree" value="true" required; " " (view.t("我已核对申请人身份和申请", "I have checked who applies and the application")) }
            div.actions { button.danger { (view.t("销毁", "Destroy")) } }
        }
        p { a href="/help#audit" { (view.t("关于审计日志", "About the audit log")) } }
    };
    super::super::page_with(status, view, &Page::narrow(title, NAV), &content)
}

/// Destroys what is written about the person of a closed account, and answers of how many entries.
pub(crate) async fn closing(view: &View, form: &Fields) -> Outcome<u64> {
    let session = administrator(view)?;
    view.step_up_for("/audit/erasure")?;
    let mut failure = Failure::new(kinds::INVALID);
    let (name, reason) = (form.text("account"), form.text("reason"));
    if reason.is_empty() {
        failure = failure.field("reason", "请写明依据。", "Say on what ground.");
    }
    if form.text("agree") != "true" {
        failure = failure.field("agree", "请勾选确认。", "Tick that you have checked it.");
    }
    let services = &view.gateway.services;
    match services.identity.account(name).await? {
        None => {
            failure = failure.field("account", format!("没有账号“{name}”。"), format!("There is no account `{name}`."))
        }
        Some(account) if !account.disabled => {
            failure = failure.field(
                "account",
                "该账号还没有停用：请安全管理员先停用它。",
                "The account is not disabled: have the security administrator disable it first.",
            );
        }
        Some(_) => {}
    }
    if !failure.fields().is_empty() {
        return Err(failure);
    }
    // What an order hides goes when it has ended, and nothing that is told now selects it.
    let standing = services.hub.standing_orders().await?;
    let mut erased = 0;
    for person in services.identity.persons_of_account(name).await? {
        erased += services.audit.erase(&person, &standing, reason, &session.account).await?;
    }
    Ok(erased)
}

pub(super) async fn erase(view: View, Form(form): Form) -> Outcome {
    match closing(&view, &form).await {
        Ok(n) => Ok(see_other(&format!("/audit/erasure?erased={n}"))),
        Err(f) if f.kind() == kinds::INVALID => show_erasure(&view, f.status(), None, &form, Some(&f)),
        Err(f) => Err(f),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_begins_at_midnight_in_shanghai() {
        assert_eq!(day("2026-11-26").map(Timestamp::to_rfc3339).as_deref(), Some("2026-11-25T16:00:00.000Z"));
        assert_eq!(day("2026-02-30"), None);
    }
}

//! The releases of one installation: what is under way, what was before, and the way back.

use super::administer;
use super::app::status_badge;
use crate::body::{Form, Query};
use crate::failure::{Failure, Outcome, kinds};
use crate::layout::{Page, empty, notice};
use crate::operations::{Asked, Automatic, Newer};
use crate::view::{View, see_other};
use axum::extract::Path;
use http::StatusCode;
use maud::{Markup, html};
use yunlong_installations::{Canary, Change, Former, HistoryRow, Installation, Migration, Stage, Trial, Why};

/// Rows of the history on the page.
const ROWS: usize = 50;

pub(super) async fn page(view: View, Path(name): Path<String>, Query(query): Query) -> Outcome {
    let (i, _) = administer(&view, &name)?;
    show(&view, &i, StatusCode::OK, query.raw("done").is_some(), None).await
}

async fn show(view: &View, i: &Installation, status: StatusCode, done: bool, failure: Option<&Failure>) -> Outcome {
    let installations = &view.gateway.services.installations;
    let (history, former) = (installations.history(&i.name, ROWS).await?, installations.former(&i.name).await?);
    let migration = installations.migration(&i.name).await?.filter(|m| m.package_digest == i.package_digest);
    let operations = &view.gateway.operations;
    let (newer, automatic) = (operations.newer(i).await?, operations.automatic(&i.name).await?);
    let title = view.t("版本", "Versions");
    let content = html! {
        p { a href={ "/apps/" (i.name) } { "← " (i.manifest.title.get(view.lang())) } }
        h1 { (title) " " (status_badge(view, i)) }
        @if done { (notice("ok", view.t("已处理。", "Done."))) }
        @if let Some(f) = failure { (super::app::refusal(view, f)) }
        p { (view.t("当前版本：", "In charge: ")) strong { (i.version) } }
        @if let Some(change) = &i.change { (under_way(view, i, change)) }
        @if let Some(m) = &migration { (progress(view, i, m)) }
        (newer_versions(view, i, &newer, automatic.is_some()))
        (switch(view, i, automatic.as_ref()))
        (roll_back_form(view, i, &former))
        (past(view, &history))
    };
    super::page_with(status, view, &Page::new(title, "/"), &content)
}

/// The approved versions that are newer, what each asks for in addition, and whether it waits for a person.
fn newer_versions(view: &View, i: &Installation, newer: &[Newer], automatic: bool) -> Markup {
    let (heading, lang) = (view.t("可升级到", "Newer versions"), view.lang());
    html! {
        h2 { (heading) }
        @if newer.is_empty() { (empty(view.t("没有已通过审核的更新版本。", "No newer version has been approved."), None)) } @else {
            div.table-wrap tabindex="0" role="region" aria-label=(heading) { table {
                thead { tr {
                    th scope="col" { (view.t("版本", "Version")) }
                    th scope="col" { (view.t("权限", "Permissions")) }
                    th scope="col" { (view.t("更新内容", "What has changed")) }
                    th scope="col" { (view.t("自动升级", "By itself")) }
                    th scope="col" { (view.t("操作", "Action")) }
                } }
                tbody { @for n in newer { tr {
                    th scope="row" { (n.version.version) }
                    td { (widening(view, n)) }
                    td.detail { @match &n.version.changes { Some(c) => p.lines { (c.get(lang)) }, None => span.muted { (view.t("开发商没有说明", "Its vendor does not say")) } } }
                    td.detail { @match &n.waits {
                        Some(why) => { span.badge.badge-warn { (view.t("等待您决定", "Waits for you")) } br; small.muted { (why.text().get(lang)) } }
                        None if automatic => span.badge.badge-info { (view.t("将自动升级", "Taken by itself")) },
                        None => span.muted { (view.t("可以；开关未打开", "Possible; it is switched off")) },
                    } }
                    td { a role="button" class="small" href={ "/apps/" (i.name) "/upgrade/" (n.version.digest) } { (view.t("查看并升级", "Look and upgrade")) span.visually-hidden { " " (n.version.version) } } }
                } } }
            } }
        }
    }
}

/// Whether a version asks for more.
pub(super) fn widening(view: &View, n: &Newer) -> Markup {
    let (added, removed) = (n.difference.added.len(), n.difference.removed.len());
    html! {
        @if added > 0 { span.badge.badge-warn { (view.t("新增或放宽 ", "New or wider: ")) (added) (view.t(" 项", "")) } }
        @else if removed > 0 { span.badge.badge-ok { (view.t("减少 ", "Fewer: ")) (removed) (view.t(" 项", "")) } }
        @else { span.badge.badge-ok { (view.t("不变", "Unchanged")) } }
    }
}

/// The switch of automatic upgrades.
fn switch(view: &View, i: &Installation, automatic: Option<&Automatic>) -> Markup {
    html! {
        section.card aria-labelledby="automatic" {
            h2 #automatic { (view.t("自动升级", "Automatic upgrades")) " "
                @if automatic.is_some() { span.badge.badge-ok { (view.t("已打开", "On")) } } @else { span.badge { (view.t("已关闭", "Off")) } }
            }
            p { (view.t("打开后，新版本通过审核即自动升级，前提是：不新增或放宽权限，当前版本能读取其数据（所以能自动退回），没有新的必填设置。其余版本等待您决定，并显示在控制台首页。", "When it is on, a version is taken as soon as it is approved, if it asks for nothing more, if the running version reads its data (so that it can be rolled back by itself), and if it has no new setting to fill in. Others wait for you and stand on the console’s front page.")) }
            @if let Some(a) = automatic {
                p.muted { (view.t("打开：", "Switched on: ")) (a.since.to_shanghai()) " · " (a.by) }
                @for f in a.failed.values().filter(|f| f.version > i.version) {
                    div.notice.notice-warn role="status" {
                        strong { (view.t("未能自动升级到 ", "Not upgraded by itself to ")) (f.version) }
                        p { (f.why.get(view.lang())) }
                        p.muted { (f.at.to_shanghai()) (view.t("。不会再自动尝试这个版本；可以手动升级，或关闭后重新打开。", ". It is not tried again by itself: upgrade by hand, or switch this off and on again.")) }
                    }
                }
            }
            form method="post" action={ "/apps/" (i.name) "/automatic" } {
                @if automatic.is_some() { button.outline name="automatic" value="false" { (view.t("关闭自动升级", "Switch it off")) } }
                @else { button.outline name="automatic" value="true" { (view.t("打开自动升级", "Switch it on")) } }
            }
        }
    }
}

pub(super) async fn set_automatic(view: View, Path(name): Path<String>, Form(form): Form) -> Outcome {
    let (i, by) = administer(&view, &name)?;
    let on = match form.text("automatic") {
        "true" => true,
        "false" => false,
        _ => return Err(Failure::new(kinds::MALFORMED)),
    };
    // Switching it off is what one does in a hurry.
    if on {
        view.step_up_for(&format!("/apps/{}/versions", i.name))?;
    }
    view.gateway.operations.set_automatic(&i.name, on, &by.account).await?;
    Ok(see_other(&format!("/apps/{}/versions?done=1", i.name)))
}

fn under_way(view: &View, i: &Installation, change: &Change) -> Markup {
    html! {
        section.card aria-labelledby="under-way" {
            @match &change.stage {
                Stage::Canary(c) => (canary(view, i, c)),
                Stage::Trial(t) => (trial(view, t)),
            }
            @if let Some(problem) = &change.problem {
                div.notice.notice-bad role="alert" {
                    strong { (view.t("需要您决定", "Your decision is needed")) }
                    p { (problem.text().get(view.lang())) }
                }
            }
        }
    }
}

fn canary(view: &View, i: &Installation, c: &Canary) -> Markup {
    html! {
        h2 #under-way { (view.t("灰度发布", "Canary")) }
        p { (view.t("版本 ", "Version ")) strong { (c.release.version) } (view.t(" 正在服务约 ", " serves about ")) (c.share) (view.t("% 的市民；同一人始终使用同一版本。消息和定时任务仍由当前版本处理。", " % of the people, the same ones every time. Messages and jobs stay with the version in charge.")) }
        p.muted { (c.since.to_shanghai()) " · " (c.by) }
        div.actions {
            form.inline method="post" action={ "/apps/" (i.name) "/versions" } { button name="action" value="promote" { (view.t("全量发布", "Give it to everybody")) } }
            form.inline method="post" action={ "/apps/" (i.name) "/versions" } { button.outline.danger name="action" value="abort" { (view.t("中止", "Abort")) } }
        }
    }
}

fn trial(view: &View, t: &Trial) -> Markup {
    html! {
        h2 #under-way { (view.t("观察期", "Trial")) }
        p { (view.t("新版本已全量启用。如果健康检查失败，或出错率达到上一版本的两倍，平台会在十秒内自动退回版本 ", "The new version serves everybody. If it is not well, or fails twice as often as the one before, it is rolled back within ten seconds to version ")) strong { (t.former.version) } (view.t("。", ".")) }
        p.muted { (view.t("观察到：", "Watched until: ")) (t.until.to_shanghai()) " · " (t.by) }
    }
}

fn progress(view: &View, i: &Installation, m: &Migration) -> Markup {
    let text = match m.total {
        Some(total) => format!("{} / {total}", m.done),
        None => m.done.to_string(),
    };
    html! {
        section.card aria-labelledby="migration" {
            h2 #migration { (view.t("数据迁移", "Data migration")) " " small.muted { (m.from) " → " (m.to) } }
            @if m.finished { p { span.badge.badge-ok { (view.t("已完成", "Done")) } " " (text) } } @else {
                label for="migration-progress" { (view.t("已处理：", "Done so far: ")) (text) }
                @match m.total {
                    Some(total) => progress #migration-progress max=(total) value=(m.done.min(total)) { (text) },
                    None => progress #migration-progress { (text) },
                }
                p.muted { (view.t("最近一批：", "Last batch: ")) (m.updated_at.to_shanghai()) " · " a href={ "/apps/" (i.name) "/versions" } { (view.t("刷新", "Reload")) } }
            }
            @if let Some(why) = &m.failure {
                div.notice.notice-bad role="alert" { strong { (view.t("迁移已停止", "The migration has stopped")) } p { (why.text().get(view.lang())) } }
                form method="post" action={ "/apps/" (i.name) "/versions" } { button name="action" value="resume" { (view.t("重试", "Try again")) } }
            }
        }
    }
}

fn roll_back_form(view: &View, i: &Installation, former: &[Former]) -> Markup {
    let others: Vec<_> = former.iter().filter(|f| f.release.package_digest != i.package_digest).collect();
    html! {
        h2 { (view.t("退回旧版本", "Roll back")) }
        @if others.is_empty() { (empty(view.t("该应用没有运行过其他版本。", "It has run no other version."), None)) } @else {
            form.card method="post" action={ "/apps/" (i.name) "/versions" } {
                label for="version" { (view.t("退回到", "To")) }
                select #version name="version" { @for f in &others { option value=(f.release.version) { (f.release.version) " · " (view.t("停用于 ", "left ")) (f.left_at.to_shanghai()) } } }
                label for="reason" { (view.t("原因", "Why")) }
                input #reason name="reason" maxlength="500" aria-describedby="reason-help";
                span.field-help #reason-help { (view.t("记入版本记录和审计日志。", "It goes into the history and the audit trail.")) }
                div.actions { button.danger name="action" value="roll-back" { (view.t("退回", "Roll back")) } }
            }
        }
    }
}

/// What the old version could not read: nothing happens before it is confirmed.
fn confirm(view: &View, i: &Installation, form: &Form, failure: &Failure) -> Outcome {
    let title = view.t("确认退回", "Confirm the roll-back");
    let content = html! {
        h1 { (title) ": " (i.version) " → " (form.0.text("version")) }
        div.notice.notice-warn role="alert" {
            strong { (view.t("旧版本不能读取全部数据", "The older version does not read all data")) }
            @for e in failure.fields() { p { (e.detail.get(view.lang())) } }
        }
        form.card method="post" action={ "/apps/" (i.name) "/versions" } {
            input type="hidden" name="version" value=(form.0.text("version"));
            input type="hidden" name="reason" value=(form.0.text("reason"));
            label { input type="checkbox" name="accept_unreadable" value="true" required; " " (view.t("我了解：此后写入的内容在旧版本中可能不可见", "I understand: what was written since may be hidden in the older version")) }
            div.actions {
                button.danger name="action" value="roll-back" { (view.t("仍然退回", "Roll back all the same")) }
                a role="button" class="outline" href={ "/apps/" (i.name) "/versions" } { (view.t("取消", "Cancel")) }
            }
        }
    };
    super::page_with(StatusCode::CONFLICT, view, &Page::narrow(title, "/"), &content)
}

fn past(view: &View, history: &[HistoryRow]) -> Markup {
    let heading = view.t("版本记录", "History");
    html! {
        h2 #history { (heading) }
        div.table-wrap tabindex="0" role="region" aria-label=(heading) { table {
            thead { tr {
                th scope="col" { (view.t("时间", "When")) }
                th scope="col" { (view.t("事件", "What")) }
                th scope="col" { (view.t("版本", "Version")) }
                th scope="col" { (view.t("由谁", "By")) }
                th scope="col" { (view.t("说明", "Why")) }
            } }
            tbody { @for r in history { tr {
                td { (r.at.to_shanghai()) }
                td { (event(view, &r.event)) }
                td { @if let Some(from) = &r.from { (from) " → " } (r.version) }
                td { (r.by) }
                td { @if let Some(why) = &r.why { (why.text().get(view.lang())) } }
            } } }
        } }
    }
}

fn event<'a>(view: &View, event: &'a str) -> &'a str {
    match event {
        "installed" => view.lang().pick("安装", "Installed"),
        "upgraded" => view.lang().pick("升级", "Upgraded"),
        "canary.started" => view.lang().pick("开始灰度", "Canary started"),
        "canary.aborted" => view.lang().pick("中止灰度", "Canary aborted"),
        "rolled-back" => view.lang().pick("退回", "Rolled back"),
        "recalled" => view.lang().pick("城市召回，服务停止", "Recalled by the city"),
        "refused" => view.lang().pick("未启用", "Refused"),
        "migrated" => view.lang().pick("数据迁移完成", "Data migrated"),
        "settled" => view.lang().pick("观察期结束", "Trial over"),
        "alarm" => view.lang().pick("需要处理", "Needs a decision"),
        other => other,
    }
}

pub(super) async fn act(view: View, Path(name): Path<String>, form: Form) -> Outcome {
    let (i, by) = administer(&view, &name)?;
    let operations = &view.gateway.operations;
    let done = match form.0.text("action") {
        "promote" => operations.promote(&i.name, &by.account).await,
        "abort" => operations.abort(&i.name, &by.account, "").await,
        "resume" => operations.resume_migration(&i.name, &by.account).await,
        "roll-back" => {
            let version = form.0.text("version").parse().map_err(|_| Failure::new(kinds::MALFORMED))?;
            let accept_unreadable = form.0.text("accept_unreadable") == "true";
            if accept_unreadable {
                view.step_up_for(&format!("/apps/{}/versions", i.name))?;
            }
            let why = Why::said(&form.0.text("reason").chars().take(500).collect::<String>());
            operations
                .roll_back(&i.name, Asked { version: Some(version), accept_unreadable, why, by: by.account })
                .await
        }
        _ => return Err(Failure::new(kinds::MALFORMED)),
    };
    match done.map_err(Failure::from) {
        Ok(_) => Ok(see_other(&format!("/apps/{}/versions?done=1", i.name))),
        Err(failure) if failure.kind() == kinds::INTERNAL => Err(failure),
        Err(failure) if failure.fields().iter().any(|f| f.name == "accept_unreadable") => {
            confirm(&view, &i, &form, &failure)
        }
        Err(failure) => {
            // The state may have changed with the attempt.
            let now = view.gateway.services.installations.get(&i.name);
            show(&view, now.as_deref().unwrap_or(&i), failure.status(), false, Some(&failure)).await
        }
    }
}

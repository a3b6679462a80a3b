//! Jobs, delayed messages and dead letters of one installation.

use super::administer;
use crate::body::{Form, Query};
use crate::failure::{Failure, Outcome, kinds};
use crate::layout::{Page, empty, notice};
use crate::view::{View, see_other};
use axum::extract::Path;
use http::StatusCode;
use maud::{Markup, html};
use yunlong_installations::Installation;
use yunlong_messaging::{DeadLetter, JobState, Run, RunOutcome};

/// Dead letters on one page.
const PAGE: usize = 20;

pub(super) async fn page(view: View, Path(name): Path<String>, Query(query): Query) -> Outcome {
    let (i, _) = administer(&view, &name)?;
    show(&view, &i, StatusCode::OK, query.raw("done").is_some(), None).await
}

async fn show(view: &View, i: &Installation, status: StatusCode, done: bool, failure: Option<&Failure>) -> Outcome {
    let messaging = &view.gateway.services.messaging;
    let (jobs, delayed) = (messaging.jobs(&i.name).await?, messaging.delayed(&i.name).await?);
    let title = view.t("定时任务", "Jobs");
    let content = html! {
        p { a href={ "/apps/" (i.name) } { "← " (i.manifest.title.get(view.lang())) } }
        h1 { (title) }
        @if done { (notice("ok", view.t("已处理。", "Done."))) }
        @if let Some(f) = failure { (super::app::refusal(view, f)) }
        @if jobs.is_empty() { (empty(view.t("该应用没有定时任务。", "The app has no jobs."), None)) } @else {
            p.muted { (view.t("时间为北京时间。", "Beijing time.")) }
            div.table-wrap tabindex="0" role="region" aria-label=(title) { table {
                thead { tr {
                    th scope="col" { (view.t("任务", "Job")) }
                    th scope="col" { (view.t("下次运行", "Next run")) }
                    th scope="col" { (view.t("上次运行", "Last run")) }
                    th scope="col" { (view.t("操作", "Action")) }
                } }
                tbody { @for j in &jobs { (row(view, i, j)) } }
            } }
        }
        h2 { (view.t("延迟消息", "Delayed messages")) }
        p {
            @if delayed.count == 0 { (view.t("没有等待投递的延迟消息。", "No message waits for its time.")) } @else {
                (delayed.count) @if delayed.count >= 1_000 { "+" } (view.t(" 条，最早一条投递于 ", " wait; the first is delivered at "))
                @if let Some(next) = delayed.next { (next.to_shanghai()) }
            }
        }
    };
    super::page_with(status, view, &Page::new(title, "/"), &content)
}

fn row(view: &View, i: &Installation, j: &JobState) -> Markup {
    let button = |action: &str, label: &str, class: &str| {
        html! {
            form.inline method="post" action={ "/apps/" (i.name) "/jobs" } {
                input type="hidden" name="job" value=(j.name);
                button class=(class) name="action" value=(action) { (label) span.visually-hidden { " " (j.name) } }
            }
        }
    };
    html! {
        tr {
            th scope="row" { a href={ "/apps/" (i.name) "/jobs/" (j.name) } { (j.name) } br; small.muted { code.when { (j.cron) } } }
            td {
                @if let Some(since) = j.running_since {
                    span.badge.badge-ok { (view.t("正在运行", "Running")) } " " small.muted { (since.to_shanghai()) }
                } @else if let Some(by) = &j.asked_by {
                    (view.t("即将运行", "At once")) " " small.muted { (by) }
                } @else if let Some(by) = &j.paused_by {
                    span.badge.badge-warn { (view.t("已暂停", "Paused")) } " " small.muted { (by) }
                } @else if let Some(next) = j.next {
                    (next.to_shanghai())
                    @if j.failures > 0 { br; small.muted { (view.t("已失败次数：", "Failed attempts: ")) (j.failures) } }
                }
            }
            td { @if let Some(last) = &j.last { (outcome(view, last)) br; small.muted { (last.ended.to_shanghai()) } } }
            td {
                (button("run", view.t("立即运行", "Run now"), "small"))
                @if j.paused_by.is_some() { (button("resume", view.t("恢复", "Resume"), "small outline")) }
                @else { (button("pause", view.t("暂停", "Pause"), "small outline")) }
            }
        }
    }
}

fn outcome(view: &View, run: &Run) -> Markup {
    match run.outcome {
        RunOutcome::Done => html! { span.badge.badge-ok { (view.t("成功", "Done")) } },
        RunOutcome::Failed => html! { span.badge.badge-warn { (view.t("失败，将重试", "Failed, comes again")) } },
        RunOutcome::GivenUp => html! { span.badge.badge-bad { (view.t("失败，已放弃", "Given up")) } },
        RunOutcome::Lost => html! { span.badge.badge-bad { (view.t("中断", "Cut short")) } },
    }
}

pub(super) async fn runs(view: View, Path((name, job)): Path<(String, String)>) -> Outcome {
    let (i, _) = administer(&view, &name)?;
    let messaging = &view.gateway.services.messaging;
    let jobs = messaging.jobs(&i.name).await?;
    let Some(state) = jobs.into_iter().find(|j| j.name == job) else { return Err(Failure::not_found()) };
    let runs = messaging.job_runs(&i.name, &job, 50).await?;
    let title = view.t("运行记录", "Runs");
    let content = html! {
        p { a href={ "/apps/" (i.name) "/jobs" } { "← " (view.t("定时任务", "Jobs")) } }
        h1 { (title) ": " (state.name) }
        @if runs.is_empty() { (empty(view.t("还没有运行过。", "It has not run yet."), None)) } @else {
            p.muted { (view.t("最近 50 次，最新的在最上面。", "The last 50, the newest first.")) }
            div.table-wrap tabindex="0" role="region" aria-label=(title) { table {
                thead { tr {
                    th scope="col" { (view.t("开始", "Began")) }
                    th scope="col" { (view.t("用时", "Took")) }
                    th scope="col" { (view.t("第几次", "Attempt")) }
                    th scope="col" { (view.t("结果", "Outcome")) }
                    th scope="col" { (view.t("由谁", "By")) }
                } }
                tbody { @for r in &runs { tr {
                    td { (r.started.to_shanghai()) }
                    td { (r.ended.0.saturating_sub(r.started.0)) " ms" }
                    td { (r.attempt) }
                    td { (outcome(&view, r)) @if let Some(e) = &r.error { br; small { (e) } } }
                    td { @match &r.by { Some(by) => (by), None => (view.t("定时", "The clock")) } }
                } } }
            } }
        }
    };
    super::page(&view, &Page::new(title, "/"), &content)
}

pub(super) async fn act(view: View, Path(name): Path<String>, Form(form): Form) -> Outcome {
    let (i, by) = administer(&view, &name)?;
    let (operations, job) = (&view.gateway.operations, form.text("job"));
    let done = match form.text("action") {
        "run" => operations.run_job(&i.name, job, &by.account).await,
        "pause" => operations.pause_job(&i.name, job, &by.account).await,
        "resume" => operations.resume_job(&i.name, job, &by.account).await,
        _ => return Err(Failure::new(kinds::MALFORMED)),
    };
    match done.map_err(Failure::from) {
        Ok(()) => Ok(see_other(&format!("/apps/{}/jobs?done=1", i.name))),
        Err(failure) if failure.kind() == kinds::INTERNAL => Err(failure),
        Err(failure) => show(&view, &i, failure.status(), false, Some(&failure)).await,
    }
}

pub(super) async fn dead_letters(view: View, Path(name): Path<String>, Query(query): Query) -> Outcome {
    let (i, _) = administer(&view, &name)?;
    let before = query.raw("before").filter(|b| !b.is_empty());
    let mut letters = view.gateway.services.messaging.dead_letters(&i.name, before, PAGE + 1).await?;
    let more = letters.len() > PAGE;
    letters.truncate(PAGE);
    let next = letters.last().filter(|_| more).map(|l| l.id.clone());
    let title = view.t("未送达消息", "Dead letters");
    let here = format!("/apps/{}/dead-letters", i.name);
    let content = html! {
        p { a href={ "/apps/" (i.name) } { "← " (i.manifest.title.get(view.lang())) } }
        h1 { (title) }
        p { (view.t("多次处理失败的消息保存在这里。排除原因后可以重新投递。", "Messages that failed every attempt are kept here. Deliver them again once the cause is gone.")) }
        @if let Some(n) = query.raw("redriven") { (notice("ok", &format!("{}{}", view.t("重新投递：", "Delivered again: "), n.chars().filter(char::is_ascii_digit).collect::<String>()))) }
        @if query.raw("done").is_some() { (notice("ok", view.t("已处理。", "Done."))) }
        @if letters.is_empty() { (empty(view.t("没有未送达的消息。", "There are none."), None)) } @else {
            form method="post" action=(here) { button name="action" value="redrive-all" { (view.t("全部重新投递", "Deliver all again")) } }
        }
        @for l in &letters { (letter(&view, &here, l)) }
        nav.actions aria-label=(view.t("翻页", "Pages")) {
            @if before.is_some() { a role="button" class="outline" href=(here) { (view.t("最新", "Newest")) } }
            @if let Some(id) = next { a role="button" class="outline" href={ (here) "?before=" (id) } { (view.t("更早", "Older")) } }
        }
    };
    super::page(&view, &Page::new(title, "/"), &content)
}

fn letter(view: &View, here: &str, l: &DeadLetter) -> Markup {
    html! {
        article.card aria-labelledby=(l.id) {
            header { h2 #(l.id) { (l.event.topic) } span.muted { (l.at.to_shanghai()) " · " code { (l.event.id) } } }
            @if let Some(last) = l.failures.last() { p { strong { (view.t("原因：", "Why: ")) } (last.error) } p.muted { (view.t("尝试次数：", "Attempts: ")) (last.attempt) } }
            form.inline method="post" action=(here) {
                input type="hidden" name="id" value=(l.id);
                button name="action" value="redrive" { (view.t("重新投递", "Deliver again")) span.visually-hidden { " " (l.event.id) } }
                button.outline.danger name="action" value="discard" { (view.t("删除", "Discard")) span.visually-hidden { " " (l.event.id) } }
            }
        }
    }
}

pub(super) async fn dead_letter(view: View, Path(name): Path<String>, Form(form): Form) -> Outcome {
    let (i, by) = administer(&view, &name)?;
    let operations = &view.gateway.operations;
    match form.text("action") {
        "redrive" => operations.redrive(&i.name, form.text("id"), &by.account).await?,
        "discard" => operations.discard(&i.name, form.text("id"), &by.account).await?,
        "redrive-all" => {
            let redriven = operations.redrive_all(&i.name, &by.account).await?;
            return Ok(see_other(&format!("/apps/{}/dead-letters?redriven={redriven}", i.name)));
        }
        _ => return Err(Failure::new(kinds::MALFORMED)),
    }
    Ok(see_other(&format!("/apps/{}/dead-letters?done=1", i.name)))
}

//! Reviews of apps: what vendors published, what the checks found in the binary, and the decision.

use crate::body::{Form, Query};
use crate::failure::{Failure, Outcome, kinds};
use crate::forms::refused;
use crate::layout::{Page, empty, notice};
use crate::operations::OperationError;
use crate::reviews::{self, Step};
use crate::view::{View, see_other};
use axum::extract::Path;
use http::StatusCode;
use maud::{Markup, html};
use yunlong_identity::PlatformRole;
use yunlong_publications::checks::{Difference, Outcome as CheckOutcome, Permission};
use yunlong_publications::{Comment, Findings, State, Submission};

const PATH: &str = "/reviews";

fn state_badge(view: &View, state: State) -> Markup {
    let class = match state {
        State::Approved => "badge-ok",
        State::ChecksFailed | State::Rejected => "badge-bad",
        State::Waiting | State::Assigned | State::ChangesAsked => "badge-warn",
        State::Submitted | State::Checking => "badge-info",
        State::Withdrawn => "",
    };
    html! { span class={ "badge " (class) } { (state.title().get(view.lang())) } }
}

pub(super) async fn list(view: View, Query(query): Query) -> Outcome {
    let (state, app) = (query.text("state"), query.text("app"));
    let found = reviews::list(&view, state, app, query.text("before")).await?;
    let title = view.t("应用审核", "App reviews");
    let lang = view.lang();
    let content = html! {
        h1 { (title) }
        p { (view.t("开发商发布的每个版本先由平台检查组件本身，再由另一单位的审核员决定。通过后各部门才能安装。", "The platform checks the binary of each version that a vendor publishes; then a reviewer of another organization decides. Only what is approved can be installed.")) }
        form.inline method="get" action=(PATH) {
            label for="state" { (view.t("状态", "State")) }
            select #state name="state" {
                option value="" { (view.t("全部", "All")) }
                @for s in State::ALL { option value=(s.slug()) selected[s.slug() == state] { (s.title().get(lang)) } }
            }
            button.small.outline { (view.t("筛选", "Filter")) }
        }
        @if found.submissions.is_empty() {
            (empty(view.t("没有符合条件的提交。开发商用 yunlong publish 发布。", "Nothing was submitted that fits. Vendors publish with `yunlong publish`."), None))
        } @else {
            div.table-wrap tabindex="0" role="region" aria-label=(title) { table {
                thead { tr {
                    th scope="col" { (view.t("编号", "Number")) }
                    th scope="col" { (view.t("应用", "App")) }
                    th scope="col" { (view.t("版本", "Version")) }
                    th scope="col" { (view.t("开发商", "Vendor")) }
                    th scope="col" { (view.t("状态", "State")) }
                    th scope="col" { (view.t("自", "Since")) }
                } }
                tbody { @for s in &found.submissions { tr {
                    td { (s.number) }
                    th scope="row" { a href={ (PATH) "/" (s.number) } { (s.title.get(lang)) } }
                    td { (s.version) }
                    td { (s.vendor) }
                    td { (state_badge(&view, s.state)) }
                    td { (s.since.to_shanghai()) }
                } } }
            } }
        }
        @if let Some(next) = found.next {
            nav.pager aria-label=(view.t("翻页", "Pages")) { a href={ (PATH) "?state=" (state) "&app=" (app) "&before=" (next) } { (view.t("更早的提交", "Older ones")) } }
        }
        p { a href="/help#reviews" { (view.t("关于应用审核", "About reviews")) } }
    };
    super::page(&view, &Page::new(title, PATH), &content)
}

pub(super) async fn page(view: View, Path(number): Path<u64>, Query(query): Query) -> Outcome {
    show(&view, number, StatusCode::OK, query.raw("done").is_some(), None).await
}

pub(super) async fn act(view: View, Path(number): Path<u64>, Form(fields): Form) -> Outcome {
    let remark = fields.text("remark").to_owned();
    let done = match fields.text("step") {
        "comment" => reviews::comment(&view, number, &remark).await.map(drop),
        name => {
            let reviewer = Some(fields.text("reviewer").to_owned());
            let step = Step::from_name(name, reviewer, remark)
                .ok_or_else(|| Failure::new(kinds::INVALID).field("step", "没有这个步骤", "There is no such step"))?;
            reviews::take(&view, number, step).await.map(drop)
        }
    };
    match done {
        Ok(()) => Ok(see_other(&format!("{PATH}/{number}?done=1"))),
        Err(failure) if [kinds::INVALID, kinds::CONFLICT, kinds::FORBIDDEN].contains(&failure.kind()) => {
            show(&view, number, failure.status(), false, Some(&failure)).await
        }
        Err(failure) => Err(failure),
    }
}

async fn show(view: &View, number: u64, status: StatusCode, done: bool, failure: Option<&Failure>) -> Outcome {
    let s = reviews::visible(view, number).await?;
    let publications = view.gateway.services.library.publications();
    let findings = publications.findings(number).await.map_err(OperationError::from)?;
    let comments = publications.comments(number).await.map_err(OperationError::from)?;
    let lang = view.lang();
    let title = format!("{} {}", s.title.get(lang), s.version);
    let content = html! {
        p { a href=(PATH) { "← " (view.t("应用审核", "App reviews")) } }
        h1 { (title) " " (state_badge(view, s.state)) }
        @if done { (notice("ok", view.t("已处理。", "Done."))) }
        (refused(view, failure))
        (facts(view, &s))
        @match &findings {
            Some(f) => (found(view, f)),
            None => {
                h2 { (view.t("平台的检查", "The platform's checks")) }
                p role="status" { (view.t("检查尚未完成，一般需要几秒钟。", "The checks have not ended yet; they take some seconds.")) " " a href={ (PATH) "/" (number) } { (view.t("刷新", "Reload")) } }
            }
        }
        (talk(view, &comments))
        (steps(view, &s))
    };
    super::page_with(status, view, &Page::new(&title, PATH), &content)
}

fn facts(view: &View, s: &Submission) -> Markup {
    html! {
        dl.facts {
            dt { (view.t("应用", "App")) } dd { (s.app) }
            dt { (view.t("开发商", "Vendor")) } dd { (s.vendor) " · " (s.organization) }
            dt { (view.t("提交", "Submitted")) } dd { (s.at.to_shanghai()) " · " (s.by) }
            dt { (view.t("安装包摘要", "Package")) } dd { code.digest { (s.digest) } }
            dt { (view.t("签名密钥", "Signed with")) } dd { code.digest { (s.key) } }
            @if let Some(r) = &s.reviewer { dt { (view.t("审核员", "Reviewer")) } dd { (r.account) " · " (r.organization) } }
            @if let Some(d) = &s.decision {
                dt { (view.t("决定", "Decision")) }
                dd { (d.at.to_shanghai()) " · " (d.by) @if !d.remark.is_empty() { br; (d.remark) } }
            }
            @if let Some(before) = s.previous { dt { (view.t("上一次提交", "Submitted before")) } dd { a href={ (PATH) "/" (before) } { (before) } } }
        }
        @if s.state == State::Approved { p { a role="button" href={ "/install/" (s.digest) } { (view.t("安装", "Install")) } } }
    }
}

/// What the platform found: in the binary, not in claims.
fn found(view: &View, f: &Findings) -> Markup {
    let lang = view.lang();
    let outcome = |o: CheckOutcome| match o {
        CheckOutcome::Pass => ("badge-ok", view.t("通过", "Passed")),
        CheckOutcome::Warn => ("badge-warn", view.t("请注意", "Look at it")),
        CheckOutcome::Fail => ("badge-bad", view.t("未通过", "Failed")),
    };
    let title = view.t("平台的检查", "The platform's checks");
    html! {
        h2 { (title) }
        p.muted { (f.at.to_shanghai()) }
        div.table-wrap tabindex="0" role="region" aria-label=(title) { table {
            thead { tr { th scope="col" { (view.t("结果", "Result")) } th scope="col" { (view.t("发现", "What was found")) } } }
            tbody { @for c in &f.checks { tr {
                @let (class, word) = outcome(c.outcome);
                td { span class={ "badge " (class) } { (word) } }
                td { (c.text.get(lang)) }
            } } }
        } }
        h2 { (view.t("它能做什么", "What it can do")) }
        p.muted { (view.t("部门批准后，它可以：", "Once a department has approved it, it may:")) }
        (permissions(view, &f.permissions))
        @if let Some(d) = &f.difference { (difference(view, d)) }
        details {
            summary { (view.t("组件导入的接口", "Interfaces that the binary imports")) " (" (f.component.imports.len()) ")" }
            ul { @for i in &f.component.imports { li { code { (i.name) } @if !i.callable { " " small.muted { (view.t("仅类型", "types only")) } } } } }
        }
        details {
            summary { (view.t("组件里的软件包", "Packages inside the binary")) " (" (f.component.embedded.len()) ")" }
            @if f.component.embedded.is_empty() { p { (view.t("组件没有写明；以开发商的清单为准。", "The binary does not say; the vendor’s list is all there is.")) } }
            @else { ul { @for c in &f.component.embedded { li { (c.name) " " (c.version) } } } }
        }
    }
}

fn permissions(view: &View, all: &[Permission]) -> Markup {
    html! {
        @if all.is_empty() { p { (view.t("不需要任何权限。", "It asks for no permission.")) } }
        @else { ul { @for p in all { li { (p.text.get(view.lang())) } } } }
    }
}

fn difference(view: &View, d: &Difference) -> Markup {
    html! {
        h2 { (view.t("与上一版本的差别", "Against the version before")) " " small.muted { (d.before) } }
        @if d.widened.is_empty() { p { (view.t("没有新增权限。", "It asks for nothing more.")) } } @else {
            p { strong { (view.t("新增或放宽的权限：", "New or wider permissions:")) } }
            (permissions(view, &d.widened))
        }
        @if !d.narrowed.is_empty() {
            p { (view.t("不再需要的权限：", "No longer asked for:")) }
            (permissions(view, &d.narrowed))
        }
    }
}

fn talk(view: &View, comments: &[Comment]) -> Markup {
    html! {
        h2 { (view.t("意见往来", "Comments")) }
        @if comments.is_empty() { p.muted { (view.t("还没有意见。", "None yet.")) } }
        @for c in comments {
            article.card { p.muted { (c.at.to_shanghai()) " · " (c.by) @if let Some(o) = &c.organization { " · " (o) } } p { (c.text) } }
        }
    }
}

/// What this person can do with it where it stands.
fn steps(view: &View, s: &Submission) -> Markup {
    let session = view.session.as_ref();
    let has = |role| session.is_some_and(|s| s.has(role));
    let vendors = session.and_then(|x| x.organization.as_deref()) == Some(&*s.organization);
    let reviewer = has(PlatformRole::AppReviewer) && !vendors;
    let mine = reviewer && s.reviewer.as_ref().is_some_and(|r| session.is_some_and(|x| x.account == r.account));
    let action = format!("{PATH}/{}", s.number);
    let possible: Vec<&str> = s.state.possible().iter().map(|k| k.slug()).collect();
    let may = |step: &str| possible.contains(&step);
    html! {
        @if may("assign") && reviewer && !mine {
            form method="post" action=(action) { button name="step" value="assign" { (view.t("由我审核", "I review it")) } }
        }
        @if may("assign") && has(PlatformRole::SystemAdmin) {
            form.card method="post" action=(action) {
                label for="reviewer" { (view.t("交给审核员（账号）", "Give it to a reviewer (account)")) }
                input #reviewer name="reviewer" required maxlength="40" autocapitalize="none" spellcheck="false";
                div.actions { button.outline name="step" value="assign" { (view.t("分配", "Assign")) } }
            }
        }
        @if mine && may("approve") {
            (view.step_up_first())
            form.card method="post" action=(action) {
                h2 { (view.t("决定", "Decision")) }
                label for="decision" { (view.t("意见（驳回或要求修改时必填）", "Remark (needed to reject or to ask for changes)")) }
                textarea #decision name="remark" rows="4" maxlength="4000" {}
                div.actions {
                    button name="step" value="approve" { (view.t("通过", "Approve")) }
                    button.outline name="step" value="ask-changes" { (view.t("要求修改", "Ask for changes")) }
                    button.outline.danger name="step" value="reject" { (view.t("驳回", "Reject")) }
                }
            }
        }
        @if s.state.is_open() || s.state == State::ChangesAsked {
            form.card method="post" action=(action) {
                label for="comment" { (view.t("补充意见", "Add a comment")) }
                textarea #comment name="remark" rows="3" required maxlength="4000" {}
                div.actions { button.outline name="step" value="comment" { (view.t("发表", "Add")) } }
            }
        }
        div.actions {
            @if may("recheck") { form.inline method="post" action=(action) { button.outline name="step" value="recheck" { (view.t("重新检查", "Check again")) } } }
            @if may("withdraw") && vendors { form.inline method="post" action=(action) { button.outline.danger name="step" value="withdraw" { (view.t("撤回", "Withdraw")) } } }
        }
    }
}

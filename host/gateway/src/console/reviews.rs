//! Reviews of apps: what vendors published, what the checks found in the binary, and the decision.

mod scenarios;

use crate::body::{Fields, Form, Query};
use crate::failure::{Failure, Outcome, kinds};
use crate::forms::refused;
use crate::layout::{Page, empty, field_error, notice};
use crate::listing;
use crate::operations::OperationError;
use crate::reviews::{self, Step};
use crate::view::{View, see_other};
use crate::words;
use axum::extract::Path;
use http::StatusCode;
use maud::{Markup, html};
use std::collections::BTreeMap;
use yunlong_identity::{AccountKind, PlatformRole};
use yunlong_model::{Lang, Text};
use yunlong_publications::checks::{Check, ComponentFacts, Difference, Outcome as CheckOutcome, Permission};
use yunlong_publications::submission::{MAX_REMARK, StepKind};
use yunlong_publications::{Comment, Findings, Possible, State, Submission};
use yunlong_registry::Listing;

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

/// Whether somebody looks at it as the vendor that published it.
fn is_vendors(view: &View, s: &Submission) -> bool {
    view.session.as_ref().and_then(|x| x.organization.as_deref()) == Some(&*s.organization)
}

/// What whoever looks at it has to do next, if anything.
fn next_step(view: &View, s: &Submission, superseded_by: Option<u64>) -> Text {
    if let Some(by) = superseded_by.filter(|_| !s.state.possible().is_empty()) {
        return Text {
            zh: format!("此版本已重新提交，请看第 {by} 号；本次提交只能撤回"),
            en: format!("This version was submitted again: go on with {by}. This one can only be withdrawn"),
        };
    }
    let own = is_vendors(view, s);
    let reviewer = view.session.as_ref().is_some_and(|x| x.has(PlatformRole::AppReviewer)) && !own;
    let mine = s.reviewer.as_ref().is_some_and(|r| view.session.as_ref().is_some_and(|x| x.account == r.account));
    let (zh, en) = match (s.state, own) {
        (State::Submitted | State::Checking, _) => {
            ("平台正在检查，一般需要几秒钟", "The platform checks it; that takes some seconds")
        }
        (State::ChecksFailed, true) => {
            ("查看未通过的检查，修正后重新打包上传", "Look at what failed, mend it, and upload it again")
        }
        (State::ChecksFailed, false) => ("等待开发商修正", "Its vendor has to mend it"),
        (State::Waiting, false) if reviewer => ("等待审核员：您可以领取", "It waits for a reviewer: you can take it"),
        (State::Waiting, _) => ("等待审核员领取", "It waits for a reviewer"),
        (State::Assigned, false) if mine && reviewer => ("请您审核并决定", "You review it: decide"),
        (State::Assigned, _) => {
            ("审核员正在审核，可在意见往来中沟通", "A reviewer looks at it; talk with them in the comments")
        }
        (State::ChangesAsked, true) => (
            "按审核意见修改，以同一版本号重新打包上传",
            "Change what the reviewer asks for, and upload the same version again",
        ),
        (State::ChangesAsked, false) => ("等待开发商修改后重新提交", "Its vendor has to change it and submit it again"),
        (State::Approved, _) => ("已通过，各部门可以安装", "Approved: departments can install it"),
        (State::Rejected, true) => (
            "已驳回，原因见决定；这个版本不能再提交",
            "Rejected, the decision says why; this version cannot be submitted again",
        ),
        (State::Rejected, false) => ("已驳回", "Rejected"),
        (State::Withdrawn, _) => ("开发商已撤回", "Its vendor took it back"),
    };
    Text { zh: zh.into(), en: en.into() }
}

/// How the checks ended, in a word.
fn checked(view: &View, s: &Submission) -> Markup {
    html! { @match &s.checked {
        None => "—",
        Some(c) if !c.passed => span.badge.badge-bad { (view.t("未通过", "Failed")) },
        Some(c) if c.warnings > 0 => span.badge.badge-warn { (view.t("需注意 ", "To look at: ")) (c.warnings) },
        Some(_) => span.badge.badge-ok { (view.t("通过", "Passed")) },
    } }
}

pub(super) async fn list(view: View, Query(query): Query) -> Outcome {
    show_list(&view, StatusCode::OK, &query, None).await
}

/// The list again, with what was wrong with a package that was uploaded there.
pub(super) async fn refused_upload(view: &View, failure: &Failure) -> Outcome {
    show_list(view, failure.status(), &Fields::default(), Some(failure)).await
}

async fn show_list(view: &View, status: StatusCode, query: &Fields, failure: Option<&Failure>) -> Outcome {
    let (state, app, mine) = (query.text("state"), query.text("app"), query.text("mine") == "true");
    let found = reviews::list(view, state, app, mine, query.text("before")).await?;
    let vendor = view.signed_in()?.kind == AccountKind::Vendor;
    let reviewer = view.signed_in()?.has(PlatformRole::AppReviewer);
    let title =
        if vendor { view.t("我的发布", "What you published") } else { view.t("应用审核", "App reviews") };
    let lang = view.lang();
    let mut newer = BTreeMap::new();
    for s in found.submissions.iter().filter(|s| !s.state.possible().is_empty()) {
        let by = view.gateway.services.library.publications().superseded_by(s).await.map_err(OperationError::from)?;
        newer.extend(by.map(|by| (s.number, by)));
    }
    let more = |next: u64| format!("{PATH}?state={state}&app={}&mine={mine}&before={next}", crate::encode(app));
    let content = html! {
        h1 { (title) }
        p { (view.t("开发商发布的每个版本先由平台检查组件本身，再由另一单位的审核员决定。通过后各部门才能安装。", "The platform checks the binary of each version that a vendor publishes; then a reviewer of another organization decides. Only what is approved can be installed.")) }
        @if !vendor { p { a.target href="/advisories" { (view.t("安全公告：核对了哪些、多新", "Advisories: which are in force, and how old")) } } }
        (refused(view, failure))
        form.filter method="get" action=(PATH) {
            label for="state" { (view.t("状态", "State")) }
            select #state name="state" {
                option value="" { (view.t("全部", "All")) }
                @for s in State::ALL { option value=(s.slug()) selected[s.slug() == state] { (s.title().get(lang)) } }
            }
            label for="app" { (view.t("应用名", "App")) }
            input #app name="app" value=(app) maxlength="40" autocapitalize="none" spellcheck="false";
            @if reviewer {
                label.choice for="mine" { input #mine type="checkbox" name="mine" value="true" checked[mine]; span { (view.t("只看由我审核的", "Mine to review")) } }
            }
            button.outline { (view.t("筛选", "Filter")) }
        }
        @if found.submissions.is_empty() {
            (empty(view.t("没有符合条件的提交。开发商可在下方上传，或用 yunlong publish 发布。", "Nothing was submitted that fits. Vendors upload below, or publish with `yunlong publish`."), None))
        } @else {
            div.table-wrap tabindex="0" role="region" aria-label=(title) { table {
                thead { tr {
                    th scope="col" { (view.t("编号", "Number")) }
                    th scope="col" { (view.t("应用与版本", "App and version")) }
                    th scope="col" { (view.t("开发商", "Vendor")) }
                    th scope="col" { (view.t("状态", "State")) }
                    th scope="col" { (view.t("检查", "Checks")) }
                    th scope="col" { (view.t("审核员", "Reviewer")) }
                    th scope="col" { (view.t("下一步", "What is next")) }
                } }
                tbody { @for s in &found.submissions { tr {
                    td { (s.number) }
                    th scope="row" { a.target href={ (PATH) "/" (s.number) } { (s.title.get(lang)) " " (s.version) } br; small.muted { code { (s.app) } } }
                    td { (s.vendor) }
                    td { (state_badge(view, s.state)) br; small.muted.when { (s.since.to_shanghai()) } }
                    td { (checked(view, s)) }
                    td { @match &s.reviewer { Some(r) => (r.account), None => "—" } }
                    td.detail { (next_step(view, s, newer.get(&s.number).copied()).get(lang)) }
                } } }
            } }
        }
        @if let Some(next) = found.next {
            nav.pager aria-label=(view.t("翻页", "Pages")) { a href=(more(next)) { (view.t("更早的提交", "Older ones")) } }
        }
        (super::publish::form(view, PATH))
        p { a href="/help#reviews" { (view.t("关于应用审核", "About reviews")) } }
    };
    Ok(super::publish::with_form(view, super::page_with(status, view, &Page::new(title, PATH), &content)?))
}

pub(super) async fn page(view: View, Path(number): Path<u64>, Query(query): Query) -> Outcome {
    let done = if query.raw("published").is_some() {
        Some(view.t("已提交，正在检查。", "Submitted; the checks begin."))
    } else {
        query.raw("done").map(|_| view.t("已处理。", "Done."))
    };
    show(&view, number, StatusCode::OK, done, &Fields::default(), None).await
}

pub(super) async fn act(view: View, Path(number): Path<u64>, Form(fields): Form) -> Outcome {
    let remark = fields.text("remark").to_owned();
    let name = fields.text("step");
    // A decision is for good: it is shown once more before it is taken.
    if ["approve", "reject"].contains(&name) && fields.text("confirmed") != "true" {
        return match ask_to_confirm(&view, number, name, &remark, fields.text("findings")).await {
            Err(failure) if is_told(&failure) => {
                show(&view, number, failure.status(), None, &fields, Some(&failure)).await
            }
            asked => asked,
        };
    }
    let done = match name {
        "comment" => reviews::comment(&view, number, &remark).await.map(drop),
        name => {
            let reviewer = Some(fields.text("reviewer").to_owned());
            let step = Step::from_name(name, reviewer, remark, fields.text("findings"))?
                .ok_or_else(|| Failure::new(kinds::INVALID).field("step", "没有这个步骤", "There is no such step"))?;
            reviews::take(&view, number, step).await.map(drop)
        }
    };
    match done {
        Ok(()) => Ok(see_other(&format!("{PATH}/{number}?done=1"))),
        Err(failure) if is_told(&failure) => show(&view, number, failure.status(), None, &fields, Some(&failure)).await,
        Err(failure) => Err(failure),
    }
}

/// What is told on the page itself.
fn is_told(failure: &Failure) -> bool {
    [kinds::INVALID, kinds::CONFLICT, kinds::FORBIDDEN].contains(&failure.kind())
}

/// The decision once more, before it is taken: of which bytes, and what follows.
async fn ask_to_confirm(view: &View, number: u64, step: &str, remark: &str, findings: &str) -> Outcome {
    let s = reviews::visible(view, number).await?;
    let seen = if step == "approve" { Some(reviews::seen(findings)?) } else { None };
    reviews::may_decide(view, &s, seen)?;
    if step == "reject" && remark.is_empty() {
        return Err(Failure::new(kinds::INVALID).field("remark", "驳回须写明理由", "Say why it is rejected"));
    }
    let publications = view.gateway.services.library.publications();
    let findings = publications.findings(number).await.map_err(OperationError::from)?;
    let lang = view.lang();
    let approves = step == "approve";
    let title = if approves {
        view.t("确认通过", "Confirm the approval")
    } else {
        view.t("确认驳回", "Confirm the rejection")
    };
    let follows = if approves {
        view.t("通过后各部门即可安装，自动升级的应用会自行升级；决定写入公开日志，不能撤回，只能下架。", "Departments can install it at once, and apps that upgrade by themselves do so. The decision goes into the public log and cannot be taken back; the version can only be yanked.")
    } else {
        view.t("驳回后这个版本不能再提交，开发商须换一个版本号；决定写入公开日志，不能撤回。", "This version cannot be submitted again: its vendor needs another number. The decision goes into the public log and cannot be taken back.")
    };
    let content = html! {
        h1 { (title) ": " (s.title.get(lang)) " " (s.version) }
        div.notice.notice-warn role="status" { p { (follows) } }
        dl.facts {
            dt { (view.t("应用", "App")) } dd { (s.app) " " (s.version) " · " (s.vendor) }
            dt { (view.t("安装包摘要", "Package")) } dd { code.digest { (s.digest) } }
            dt { (view.t("检查", "Checks")) } dd { (checked(view, &s)) }
            @if let Some(d) = findings.as_ref().and_then(|f| f.difference.as_ref()) {
                dt { (view.t("新增或放宽的权限", "New or wider permissions")) } dd { (d.widened.len()) }
            }
            dt { (view.t("意见（公开）", "Remark (public)")) } dd { @if remark.is_empty() { (view.t("无", "None")) } @else { p.lines { (remark) } } }
        }
        (view.step_up_first_at(&format!("{PATH}/{number}")))
        form.card method="post" action={ (PATH) "/" (number) } {
            input type="hidden" name="remark" value=(remark);
            input type="hidden" name="confirmed" value="true";
            @if let Some(seen) = seen { input type="hidden" name="findings" value=(seen); }
            div.actions {
                @if approves { button name="step" value="approve" { (view.t("确认通过", "Approve")) } }
                @else { button.danger name="step" value="reject" { (view.t("确认驳回", "Reject")) } }
                a role="button" class="outline" href={ (PATH) "/" (number) } { (view.t("返回", "Back")) }
            }
        }
    };
    super::page(view, &Page::narrow(title, PATH), &content)
}

async fn show(
    view: &View,
    number: u64,
    status: StatusCode,
    done: Option<&str>,
    typed: &Fields,
    failure: Option<&Failure>,
) -> Outcome {
    let s = reviews::visible(view, number).await?;
    let publications = view.gateway.services.library.publications();
    let findings = publications.findings(number).await.map_err(OperationError::from)?;
    let comments = publications.comments(number).await.map_err(OperationError::from)?;
    let listing = publications.summary(&s.digest).await.map_err(OperationError::from)?.listing;
    let account = &view.signed_in()?.account;
    let possible = publications.possible(&s, account).await.map_err(OperationError::from)?;
    let lang = view.lang();
    let title = format!("{} {}", s.title.get(lang), s.version);
    let content = html! {
        p { a href=(PATH) { "← " (view.t("应用审核", "App reviews")) } }
        h1 { (title) " " (state_badge(view, s.state)) }
        @if let Some(done) = done { (notice("ok", done)) }
        (refused(view, failure))
        p role="status" { strong { (view.t("下一步：", "Next: ")) } (next_step(view, &s, possible.superseded_by).get(lang))
            @if let Some(by) = possible.superseded_by { " " a.target href={ (PATH) "/" (by) } { (view.t("查看第 ", "See submission ")) (by) (view.t(" 号", "")) } }
        }
        (facts(view, &s))
        @match &findings {
            Some(f) => (found(view, f)),
            None => {
                h2 { (view.t("平台的检查", "The platform's checks")) }
                p { (view.t("检查尚未完成，一般需要几秒钟。", "The checks have not ended yet; they take some seconds.")) " " a.target href={ (PATH) "/" (number) } { (view.t("刷新", "Reload")) } }
            }
        }
        @if let Some(l) = &listing { (shown(view, &s, l)) }
        (talk(view, &comments))
        (steps(view, &s, &possible, typed, failure))
        p { a href="/help#reviews" { (view.t("关于应用审核", "About reviews")) } }
    };
    Ok(super::publish::with_form(view, super::page_with(status, view, &Page::new(&title, PATH), &content)?))
}

/// What departments and citizens will see of it.
fn shown(view: &View, s: &Submission, l: &Listing) -> Markup {
    html! {
        h2 { (view.t("在目录里的样子", "As the catalogue shows it")) }
        p { (l.category.area().title().get(view.lang())) " · " (l.category.title().get(view.lang())) }
        @if let Some(changes) = &l.changes { h3 { (view.t("更新内容", "What has changed")) } p.lines { (changes.get(view.lang())) } }
        (listing::screenshots(view, &s.digest, &l.screenshots))
    }
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
        @if s.state == State::Approved {
            div.actions {
                @if view.administrator().is_ok() { a role="button" href={ "/install/" (s.digest) } { (view.t("安装", "Install")) } }
                a role="button" class="outline" href={ (view.gateway.origins.portal()) "/apps/" (s.app) } { (view.t("在应用目录中查看", "See it in the catalogue")) }
                a role="button" class="outline" href={ "/api/v1/packages/" (s.digest) "/proof" } download={ "proof-" (s.version) ".json" } { (view.t("下载公开日志的证明", "Download the log’s proof")) }
                @if view.ends_versions().is_ok() { a role="button" class="outline" href={ "/versions/" (s.digest) } { (view.t("版本的去留", "What becomes of it")) } }
            }
        }
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
        p.muted {
            (view.t("检查于 ", "Checked ")) span.when { (f.at.to_shanghai()) }
            @for a in &f.advisories {
                (view.t("；", "; ")) (a.ecosystem) (view.t(" 安全通告截至 ", " advisories as of ")) span.when { (a.newest.to_shanghai()) } " (" (a.advisories) ")"
            }
            @if f.advisories.is_empty() { (view.t("；还没有导入安全通告", "; no advisories have been imported")) }
        }
        div.table-wrap tabindex="0" role="region" aria-label=(title) { table {
            thead { tr {
                th scope="col" { (view.t("检查", "Check")) }
                th scope="col" { (view.t("结果", "Result")) }
                th scope="col" { (view.t("发现", "What was found")) }
            } }
            tbody { @for c in &f.checks { tr {
                @let (class, word) = outcome(c.outcome);
                @let name = words::name(&c.check);
                th scope="row" { (check_title(&name, lang)) }
                td { span class={ "badge " (class) } { (word) } }
                td.detail {
                    (c.text.get(lang))
                    @if c.check == Check::Scenarios { (scenarios::results(view, &c.data)) }
                    details { summary { (view.t("数据", "Figures")) span.visually-hidden { " " (check_title(&name, lang)) } } pre.log tabindex="0" { (pretty(&c.data)) } }
                }
            } } }
        } }
        // Nothing is known of what could not be read.
        @if f.check(Check::Package).is_none() {
            (binary(view, &f.component))
            h2 { (view.t("部门批准后，它可以做什么", "What it may do once a department has approved it")) }
            (listing::permissions(view, &f.permissions))
        }
        @if let Some(d) = &f.difference { (difference(view, d)) }
    }
}

/// Figures of a check, as programs get them.
fn pretty(data: &serde_json::Value) -> String {
    serde_json::to_string_pretty(data).unwrap_or_default()
}

/// What a check looks at. One that is not here shows its name alone.
fn check_title(name: &str, lang: Lang) -> String {
    let (zh, en) = match name {
        "package" => ("安装包是否可读", "Whether the package can be read"),
        "imports" => ("接口与声明", "Interfaces against the manifest"),
        "difference" => ("与上一版本比较", "Against the version before"),
        "size" => ("大小", "Sizes"),
        "sbom" => ("软件物料清单", "Bill of materials"),
        "vulnerabilities" => ("已知漏洞", "Known vulnerabilities"),
        "provenance" => ("构建来源", "Provenance"),
        "probe-loop" => ("死循环试验", "Probe: it loops"),
        "probe-memory" => ("耗尽内存试验", "Probe: it takes memory"),
        "probe-oversize-answer" => ("超大应答试验", "Probe: it answers too much"),
        "separate-consent" => ("敏感信息单独同意", "Separate consent to sensitive items"),
        "scenarios" => ("场景与不变量", "Scenarios and invariants"),
        other => return other.to_owned(),
    };
    lang.pick(zh, en).to_owned()
}

/// What the binary says of itself: it cannot hide what it can call.
fn binary(view: &View, c: &ComponentFacts) -> Markup {
    let (callable, types): (Vec<_>, Vec<_>) = c.imports.iter().partition(|i| i.callable);
    html! {
        h2 { (view.t("组件本身", "The binary itself")) }
        p.muted { (view.t("从安装包里的二进制读出，不是开发商的说法。", "Read from the binary in the package, not from what its vendor says.")) }
        @if let Some(fault) = &c.fault { div.notice.notice-bad role="status" { strong { (view.t("不是有效的组件", "It is no valid component")) } p { (fault.get(view.lang())) } } }
        dl.facts {
            dt { (view.t("大小", "Size")) } dd.amount { (kib(c.size)) }
            dt { (view.t("核心模块", "Core modules")) } dd.amount { (c.modules) }
            dt { (view.t("启动前占用内存", "Memory before it runs")) } dd.amount { (kib(c.initial_memory)) }
            @if !c.producers.is_empty() { dt { (view.t("由什么生成", "Made with")) } dd { @for (n, p) in c.producers.iter().enumerate() { @if n > 0 { (view.t("、", ", ")) } (p.name) " " (p.version) } } }
        }
        details open {
            summary { (view.t("它能调用的接口", "Interfaces that it can call")) " (" (callable.len()) ")" }
            @if callable.is_empty() { p { (view.t("没有。", "None.")) } }
            ul { @for i in &callable { li { code.digest { (i.name) } } } }
        }
        details {
            summary { (view.t("它导出的接口", "Interfaces that it exports")) " (" (c.exports.len()) ")" }
            ul { @for e in &c.exports { li { code.digest { (e) } } } }
        }
        details {
            summary { (view.t("只带来类型的导入", "Imports of types alone")) " (" (types.len()) ")" }
            ul { @for i in &types { li { code.digest { (i.name) } } } }
        }
        details {
            summary { (view.t("组件里的软件包", "Packages inside the binary")) " (" (c.embedded.len()) ")" }
            @if c.embedded.is_empty() { p { (view.t("组件没有写明；以开发商的清单为准。", "The binary does not say; the vendor’s list is all there is.")) } }
            @else { ul { @for p in &c.embedded { li { (p.name) " " (p.version) } } } }
        }
    }
}

/// Bytes for people.
fn kib(bytes: u64) -> String {
    let tenths = |unit: u64| {
        let n = bytes.saturating_mul(10) / unit;
        format!("{}.{}", n / 10, n % 10)
    };
    if bytes < 1024 * 1024 { format!("{} KiB", tenths(1024)) } else { format!("{} MiB", tenths(1024 * 1024)) }
}

fn permissions(view: &View, all: &[Permission]) -> Markup {
    html! {
        @if all.is_empty() { p { (view.t("不需要任何权限。", "It asks for no permission.")) } }
        @else { ul { @for p in all { li { (p.text.get(view.lang())) (listing::personal(view, &p.id)) } } } }
    }
}

fn difference(view: &View, d: &Difference) -> Markup {
    let list = |names: &[String]| html! { ul { @for n in names { li { code.digest { (n) } } } } };
    html! {
        h2 { (view.t("与上一版本的差别", "Against the version before")) " " small.muted { (d.before) } }
        @if d.widened.is_empty() { p { (view.t("没有新增权限。", "It asks for nothing more.")) } } @else {
            h3 { (view.t("新增或放宽的权限", "New or wider permissions")) }
            (permissions(view, &d.widened))
        }
        @if !d.narrowed.is_empty() {
            h3 { (view.t("不再需要的权限", "No longer asked for")) }
            (permissions(view, &d.narrowed))
        }
        @if !d.imports_added.is_empty() { h3 { (view.t("新导入的接口", "Interfaces imported anew")) } (list(&d.imports_added)) }
        @if !d.imports_removed.is_empty() { h3 { (view.t("不再导入的接口", "Interfaces imported no longer")) } (list(&d.imports_removed)) }
        dl.facts {
            dt { (view.t("组件大小", "Size of the component")) } dd.amount { (kib(d.size.0)) " → " (kib(d.size.1)) }
            dt { (view.t("数据结构", "Shape of its data")) } dd {
                (d.schema.0) " → " (d.schema.1) " "
                @if !d.reads_before { span.badge.badge-bad { (view.t("读不了上一版本的数据", "Does not read what the version before wrote")) } " " }
                @if d.read_by_before { span.badge.badge-ok { (view.t("可灰度、可自动退回", "Can be tried beside it and rolled back by itself")) } }
                @else { span.badge.badge-warn { (view.t("退回须人工决定", "Going back needs a person’s word")) } }
            }
        }
    }
}

fn talk(view: &View, comments: &[Comment]) -> Markup {
    html! {
        h2 { (view.t("意见往来", "Comments")) }
        @if comments.is_empty() { p.muted { (view.t("还没有意见。开发商和审核员都能看到这里的内容。", "None yet. The vendor and the reviewer both see what stands here.")) } }
        @for c in comments {
            article.card {
                p.muted { span.when { (c.at.to_shanghai()) } " · " (c.by) @if let Some(o) = &c.organization { " · " (o) } " · " (c.state.title().get(view.lang())) }
                p.lines { (c.text) }
            }
        }
    }
}

/// What this person can do with it where it stands.
fn steps(view: &View, s: &Submission, possible: &Possible, typed: &Fields, failure: Option<&Failure>) -> Markup {
    let session = view.session.as_ref();
    let mine = s.reviewer.as_ref().is_some_and(|r| session.is_some_and(|x| x.account == r.account));
    let action = format!("{PATH}/{}", s.number);
    let may = |step| possible.may(step);
    let kept = |steps: &[&str]| if steps.contains(&typed.text("step")) { typed.text("remark") } else { "" };
    let error = failure.and_then(|f| f.fields().iter().find(|e| e.name == "remark")).map(|e| e.detail.get(view.lang()));
    html! {
        @if may(StepKind::Assign) && !mine {
            form method="post" action=(action) { div.actions { button name="step" value="assign" { (view.t("由我审核", "I review it")) } } }
        }
        @if possible.assigns {
            form.card method="post" action=(action) {
                label for="reviewer" { (view.t("交给审核员（账号）", "Give it to a reviewer (account)")) }
                input #reviewer name="reviewer" value=(typed.text("reviewer")) required maxlength="40" autocapitalize="none" spellcheck="false" aria-describedby="reviewer-help";
                span.field-help #reviewer-help { (view.t("须有审核职责，且不属于开发商。", "With the duty to review, and not of the vendor’s organization.")) }
                div.actions { button.outline name="step" value="assign" { (view.t("分配", "Assign")) } }
            }
        }
        @if may(StepKind::Approve) {
            (view.step_up_first_at(&action))
            form.card method="post" action=(action) {
                h2 { (view.t("决定", "Decision")) }
                @if let Some(checked) = &s.checked { input type="hidden" name="findings" value=(checked.findings); }
                label for="decision" { (view.t("意见（驳回或要求修改时必填；通过后公开）", "Remark (needed to reject or to ask for changes; public once approved)")) }
                textarea #decision name="remark" rows="4" maxlength=(MAX_REMARK) aria-invalid=[error.map(|_| "true")] aria-describedby=[error.map(|_| "decision-error")] { (kept(&["approve", "reject", "ask-changes"])) }
                (field_error("decision-error", error))
                div.actions {
                    button name="step" value="approve" { (view.t("通过…", "Approve…")) }
                    button.outline name="step" value="ask-changes" { (view.t("要求修改", "Ask for changes")) }
                    button.outline.danger name="step" value="reject" { (view.t("驳回…", "Reject…")) }
                }
            }
        }
        @if is_vendors(view, s)
            && possible.superseded_by.is_none()
            && matches!(s.state, State::ChangesAsked | State::ChecksFailed)
        {
            (super::publish::form(view, PATH))
        }
        @if possible.comments && (s.state.is_open() || s.state == State::ChangesAsked) {
            form.card method="post" action=(action) {
                label for="comment" { (view.t("补充意见", "Add a comment")) }
                textarea #comment name="remark" rows="3" required maxlength=(MAX_REMARK) { (kept(&["comment"])) }
                div.actions { button.outline name="step" value="comment" { (view.t("发表", "Add")) } }
            }
        }
        div.actions {
            @if may(StepKind::Recheck) { form.inline method="post" action=(action) { button.outline name="step" value="recheck" { (view.t("重新检查", "Check again")) } } }
            @if may(StepKind::Withdraw) { form.inline method="post" action=(action) { button.outline.danger name="step" value="withdraw" { (view.t("撤回", "Withdraw")) } } }
        }
    }
}

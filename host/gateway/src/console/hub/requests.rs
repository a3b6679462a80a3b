//! Requests: those to decide, those that were filed, and one with its history.

use super::{NAV, Typed, clock, decision, tabs};
use crate::body::{Fields, Query};
use crate::failure::{Failure, Outcome};
use crate::forms::refused;
use crate::layout::{Page, empty, notice};
use crate::portal::{Names, app_title};
use crate::view::View;
use crate::words;
use axum::extract::Path;
use http::StatusCode;
use maud::{Markup, html};
use yunlong_hub::{Actor, Dataset, Mask, Request, RequestFilter, RequestPage, RequestState, Terms};
use yunlong_model::Lang;

const PATH: &str = "/hub/requests";
/// Requests of one page.
const PAGE: usize = 50;

/// Where a request stands, with a word and a sign.
pub(crate) fn state_badge(view: &View, state: &RequestState) -> Markup {
    let (class, zh, en) = match state {
        RequestState::Filed => ("badge-warn", "待受理", "Filed"),
        RequestState::Accepted => ("badge-info", "办理中", "In hand"),
        RequestState::Approved { narrowed: false, .. } => ("badge-ok", "已批准", "Approved"),
        RequestState::Approved { narrowed: true, .. } => ("badge-ok", "部分批准", "Approved in part"),
        RequestState::Refused { .. } => ("badge-bad", "未批准", "Refused"),
        RequestState::Withdrawn { .. } => ("", "已撤回", "Withdrawn"),
    };
    html! { span class={ "badge " (class) } { (view.t(zh, en)) } }
}

/// Which requests this person looks at: `in` to their organization, `out` of it, `all` for the city.
pub(crate) async fn of(view: &View, actor: &Actor, query: &Fields) -> Outcome<RequestPage> {
    let own = actor.organization.clone().unwrap_or_default();
    let mut filter = RequestFilter { open: query.text("open") == "true", ..RequestFilter::default() };
    match query.text("box") {
        "out" => filter.organization = own,
        "all" if actor.system_admin => {}
        _ => filter.provider = own,
    }
    let before = Some(query.text("before")).filter(|b| !b.is_empty());
    // Somebody without an organization has no requests, and an empty filter would fit all.
    if filter.organization.is_empty() && filter.provider.is_empty() && !actor.system_admin {
        return Ok(RequestPage::default());
    }
    Ok(view.gateway.services.hub.requests(&filter, before, PAGE).await?)
}

/// A request that this person may see.
pub(crate) async fn visible(view: &View, actor: &Actor, id: &str) -> Outcome<Request> {
    let services = &view.gateway.services;
    let r = services.hub.request(id).await?;
    let provider =
        services.hub.catalogue_entry(r.dataset()).map_or_else(|| r.provider.clone(), |e| e.dataset.provider.clone());
    let own = actor.organization.as_deref();
    let theirs = actor.acts_for(&provider) || own.is_some_and(|o| services.identity.is_within(&r.organization, o));
    if actor.system_admin || theirs {
        return Ok(r);
    }
    // Another department's request is not there.
    Err(Failure::not_found().because("没有这件申请。", "There is no such request."))
}

pub(super) async fn list(view: View, Query(query): Query) -> Outcome {
    let actor = view.official()?;
    let found = of(&view, &actor, &query).await?;
    let current = match query.text("box") {
        "" => "in",
        other => other,
    };
    let names = Names::of(
        &view,
        &found.requests.iter().flat_map(|r| [r.organization.as_str(), r.provider.as_str()]).collect::<Vec<_>>(),
    )
    .await?;
    let title = view.t("数据申请", "Data requests");
    let open = query.text("open") == "true";
    let boxes = [
        (true, "in", "待本部门办理的", "To my department"),
        (true, "out", "本部门提出的", "From my department"),
        (actor.system_admin, "all", "全市", "The whole city"),
    ];
    let days = view.gateway.services.hub.deadlines();
    let content = html! {
        h1 { (title) }
        (tabs(&view, &actor, PATH))
        nav.toc aria-label=(view.t("哪些申请", "Which requests")) { ul {
            @for (_, name, zh, en) in boxes.into_iter().filter(|b| b.0) { li { a href={ (PATH) "?box=" (name) } aria-current=[(name == current).then_some("page")] { (view.t(zh, en)) } } }
        } }
        p { a href={ (PATH) "?box=" (current) @if !open { "&open=true" } } { @if open { (view.t("显示已办结的", "Show those that are done, too")) } @else { (view.t("只看未办结的", "Only those that wait")) } } }
        (table(&view, title, &found.requests, &names))
        @if let Some(next) = &found.next {
            nav.pager aria-label=(view.t("翻页", "Pages")) { a href={ (PATH) "?box=" (current) "&open=" (open) "&before=" (next) } { (view.t("更早的申请", "Older requests")) } }
        }
        p.muted {
            (view.t("受理时限（工作日）：", "Working days to accept: ")) (days.acceptance)
            (view.t("；决定时限（工作日）：", "; to decide: ")) (days.decision)
            (view.t("。按周一至周五计，不计法定节假日调休；逾期会提醒提供部门。", ". Monday to Friday; holidays are not known here. The provider is reminded when a deadline has passed."))
        }
        p { a href="/help#hub" { (view.t("关于信息资源", "About the information hub")) } }
    };
    super::super::page(&view, &Page::new(title, NAV), &content)
}

fn table(view: &View, title: &str, all: &[Request], names: &Names) -> Markup {
    let lang = view.lang();
    html! {
        @if all.is_empty() { (empty(view.t("没有申请。", "No request."), None)) } @else {
            div.table-wrap tabindex="0" role="region" aria-label=(title) { table {
                thead { tr {
                    th scope="col" { (view.t("应用与用途", "App and purpose")) }
                    th scope="col" { (view.t("申请部门", "Asked by")) }
                    th scope="col" { (view.t("信息资源", "Dataset")) }
                    th scope="col" { (view.t("提出时间", "Filed")) }
                    th scope="col" { (view.t("状态", "State")) }
                    th scope="col" { (view.t("时限", "Due")) }
                } }
                tbody { @for r in all { tr {
                    th scope="row" { a href={ (PATH) "/" (r.id) } { (app_title(view, &r.installation)) } br; small.muted { (r.asked.reason.get(lang)) } }
                    td { (names.get(&r.organization)) }
                    td { (dataset_title(view, r.dataset())) }
                    td { (r.filed_at.to_shanghai()) }
                    td { (state_badge(view, &r.state)) @if r.extends { " " span.badge { (view.t("续期或变更", "Extension")) } } }
                    td { (due(view, r)) }
                } } }
            } }
        }
    }
}

/// A dataset's title; its code when it is not published.
pub(crate) fn dataset_title(view: &View, id: &str) -> String {
    view.gateway.services.hub.dataset(id).map_or_else(|| id.to_owned(), |d| d.title.get(view.lang()).to_owned())
}

/// Until when the next step is due.
fn due(view: &View, r: &Request) -> Markup {
    match r.state {
        RequestState::Filed => {
            html! { (view.t("受理：", "Accept: ")) (clock(view, r.accept_by)) br; (view.t("决定：", "Decide: ")) (clock(view, r.decide_by)) }
        }
        RequestState::Accepted => html! { (view.t("决定：", "Decide: ")) (clock(view, r.decide_by)) },
        _ => html! { "—" },
    }
}

pub(super) async fn one(view: View, Path(id): Path<String>, Query(query): Query) -> Outcome {
    show(&view, &id, StatusCode::OK, query.raw("done").is_some(), None).await
}

/// The page; with a form that was refused on it.
pub(super) async fn show(view: &View, id: &str, status: StatusCode, done: bool, typed: Option<Typed<'_>>) -> Outcome {
    let actor = view.official()?;
    let r = visible(view, &actor, id).await?;
    let dataset = view.gateway.services.hub.dataset(r.dataset());
    let provider = dataset.as_ref().map_or_else(|| r.provider.clone(), |d| d.provider.clone());
    let names = Names::of(view, &[r.organization.as_str(), &provider]).await?;
    let decides = r.state.is_open()
        && actor.acts_for(&provider)
        && view.gateway.services.identity.administers(&actor.account, &provider).await?;
    let app = app_title(view, &r.installation);
    let title = format!("{app} · {}", dataset_title(view, r.dataset()));
    let content = html! {
        p { a href=(PATH) { "← " (view.t("数据申请", "Data requests")) } }
        h1 { (title) " " (state_badge(view, &r.state)) }
        (tabs(view, &actor, PATH))
        @if done { (notice("ok", view.t("已办理。", "Done."))) }
        (refused(view, typed.map(|t| t.failure)))
        (asked(view, &r, dataset.as_deref(), names.get(&r.organization), names.get(&provider)))
        (answered(view, &r, dataset.as_deref()))
        @if decides {
            (view.step_up_first_at(&format!("{PATH}/{}", r.id)))
            @if matches!(r.state, RequestState::Filed) {
                form method="post" action={ (PATH) "/" (r.id) "/accept" } { button.outline { (view.t("受理（稍后决定）", "Accept, to decide later")) } }
            }
            (decision::form(view, &r, dataset.as_deref(), typed))
        }
        (asking(view, &actor, &r, typed))
        (history(view, &r))
        p { a href="/help#hub" { (view.t("关于信息资源", "About the information hub")) } }
    };
    super::super::page_with(status, view, &Page::new(&title, NAV), &content)
}

/// What the side that asks can do.
fn asking(view: &View, actor: &Actor, r: &Request, typed: Option<Typed<'_>>) -> Markup {
    let (typed, failure) = Typed::of(typed, "withdraw");
    let own = actor.organization.as_deref();
    let theirs =
        actor.system_admin || own.is_some_and(|o| view.gateway.services.identity.is_within(&r.organization, o));
    html! {
        @if theirs && view.administrator().is_ok() {
            @if r.state.is_open() {
                form.card method="post" action={ (PATH) "/" (r.id) "/withdraw" } {
                    h2 { (view.t("撤回申请", "Take the request back")) }
                    (crate::forms::Input::text("reason", view.t("原因", "Why"), typed.map_or("", |f| f.text("reason"))).optional().render(view, failure))
                    div.actions { button.outline.danger { (view.t("撤回", "Take back")) } }
                }
            } @else {
                form method="post" action={ (PATH) "/" (r.id) "/again" } { button.outline { (view.t("再次申请（或申请续期）", "Ask again, or for an extension")) } }
            }
        }
    }
}

fn asked(view: &View, r: &Request, dataset: Option<&Dataset>, asking: &str, provider: &str) -> Markup {
    let (u, lang) = (&r.asked, view.lang());
    html! {
        section.card {
            h2 { (view.t("申请内容", "What is asked for")) }
            dl.facts {
                dt { (view.t("申请部门", "Asked by")) } dd { (asking) }
                dt { (view.t("应用", "App")) } dd { (app_title(view, &r.installation)) " " small.muted { code.nowrap { (r.installation) } } }
                dt { (view.t("信息资源", "Dataset")) } dd { a href={ "/hub/datasets/" (r.dataset()) } { (dataset_title(view, r.dataset())) } }
                dt { (view.t("提供部门", "Provider")) } dd { (provider) }
                dt { (view.t("用途", "What for")) } dd { (u.reason.get(lang)) " " small.muted { code.nowrap { (u.purpose) } } }
                dt { (view.t("依据", "On what ground")) } dd { (words::basis(u.basis, lang)) @if let Some(law) = &u.law { (view.t("：", ": ")) (law) } }
                dt { (view.t("信息项", "Items")) } dd { (items(&u.fields, dataset, lang)) }
                dt { (view.t("记录范围", "Rows")) } dd { (words::rows(&u.rows, lang)) }
                dt { (view.t("使用方式", "Access")) } dd { (u.access.iter().map(|a| words::access(*a, lang)).collect::<Vec<_>>().join(lang.pick("、", ", "))) }
                @if !u.roles.is_empty() { dt { (view.t("角色", "Roles")) } dd { (u.roles.join(", ")) } }
                dt { (view.t("期限", "For how long")) } dd { (u.days) (view.t(" 天", " days")) }
                @if r.state.is_open() { dt { (view.t("时限", "Due")) } dd { (due(view, r)) } }
            }
        }
    }
}

fn items(names: &[String], dataset: Option<&Dataset>, lang: Lang) -> String {
    let title =
        |n: &String| dataset.and_then(|d| d.item(n)).map_or_else(|| n.clone(), |i| i.title.get(lang).to_owned());
    names.iter().map(title).collect::<Vec<_>>().join(lang.pick("、", ", "))
}

/// Terms in words: for requests and for grants.
pub(super) fn terms(view: &View, t: &Terms, dataset: Option<&Dataset>) -> Markup {
    let lang = view.lang();
    html! {
        dt { (view.t("信息项", "Items")) }
        dd { ul { @for (name, mask) in &t.fields { li {
            (items(std::slice::from_ref(name), dataset, lang))
            @if *mask != Mask::Plain { " " span.badge.badge-info { (words::mask(*mask, lang)) } }
        } } } }
        dt { (view.t("记录范围", "Rows")) } dd { (words::rows(&t.rows, lang)) }
        @if !t.only.is_empty() { dt { (view.t("只限", "Only where")) } dd { @for (item, value) in &t.only { code { (item) " = " (value) } " " } } }
        dt { (view.t("使用方式", "Access")) } dd { (t.access.iter().map(|a| words::access(*a, lang)).collect::<Vec<_>>().join(lang.pick("、", ", "))) }
        @if !t.roles.is_empty() { dt { (view.t("角色", "Roles")) } dd { (t.roles.join(", ")) } }
    }
}

fn answered(view: &View, r: &Request, dataset: Option<&Dataset>) -> Markup {
    html! {
        @match &r.state {
            RequestState::Approved { decision, .. } => section.card {
                h2 { (view.t("批准的内容", "What was granted")) }
                dl.facts {
                    (terms(view, &decision.terms, dataset))
                    dt { (view.t("有效期至", "Until")) } dd { (decision.until.to_shanghai()) }
                }
            },
            RequestState::Refused { reason } => div.notice.notice-bad role="status" {
                strong { (view.t("未批准", "Refused")) }
                p { (words::reason(reason, view.lang())) }
            },
            RequestState::Withdrawn { reason } => @if !reason.is_empty() { div.notice.notice-info role="status" { p { (words::reason(reason, view.lang())) } } },
            RequestState::Filed | RequestState::Accepted => {}
        }
    }
}

fn history(view: &View, r: &Request) -> Markup {
    let heading = view.t("办理过程", "History");
    html! {
        h2 { (heading) }
        div.table-wrap tabindex="0" role="region" aria-label=(heading) { table {
            thead { tr {
                th scope="col" { (view.t("时间", "When")) }
                th scope="col" { (view.t("事项", "What")) }
                th scope="col" { (view.t("由谁", "By")) }
                th scope="col" { (view.t("说明", "Why")) }
            } }
            tbody { @for s in &r.steps { tr {
                th.when scope="row" { (s.at.to_shanghai()) }
                td { (step_name(view, &s.action)) }
                td { @if s.by == "-" { (view.t("平台", "the platform")) } @else { (s.by) } }
                td { (words::reason(&s.note, view.lang())) }
            } } }
        } }
    }
}

fn step_name<'a>(view: &View, action: &'a str) -> &'a str {
    let (zh, en) = match action {
        "filed" => ("提出", "Filed"),
        "accepted" => ("受理", "Accepted"),
        "approved" => ("批准", "Approved"),
        "narrowed" => ("部分批准", "Approved in part"),
        "refused" => ("不予批准", "Refused"),
        "withdrawn" => ("撤回", "Withdrawn"),
        "reminded" => ("逾期提醒", "Reminded"),
        "revoked" => ("撤销授权", "Grant revoked"),
        "extended" => ("延期", "Extended"),
        other => return other,
    };
    view.lang().pick(zh, en)
}

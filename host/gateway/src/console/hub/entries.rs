//! Searching the audit log: by what, who may, and the page. Every search is an entry itself.

use super::audit::{NAV, administrator, day, tabs, told};
use crate::body::{Fields, Query};
use crate::failure::{Failure, Outcome, kinds};
use crate::forms::{Input, refused};
use crate::layout::{Page, empty};
use crate::view::View;
use crate::words;
use http::StatusCode;
use maud::{Markup, html};
use yunlong_audit::{EntryFilter, EntryPage, Outcome as Ended, Seen};
use yunlong_model::PersonId;

/// Entries of one page.
const PAGE: usize = 50;

/// What entries are searched by: the parameters of the address, for people and programs alike.
const FILTERS: [&str; 12] = [
    "about",
    "actor",
    "action",
    "target",
    "organization",
    "installation",
    "dataset",
    "request_id",
    "outcome",
    "hidden",
    "from",
    "until",
];

/// What is looked for, and the persons whom it is about when an account is named: one by the resident ID,
/// one by the account from before that was known.
async fn filter_of(view: &View, query: &Fields) -> Outcome<(EntryFilter, Option<Vec<PersonId>>)> {
    // A condition that is not understood must not pass for one that fits everything.
    if let Some(unknown) = query.names().find(|n| !FILTERS.contains(n) && *n != "before") {
        return Err(Failure::new(kinds::INVALID).field(
            unknown,
            format!("没有“{unknown}”这个查询条件，可用的是：{}。", FILTERS.join("、")),
            format!("There is no condition `{unknown}`; there are: {}.", FILTERS.join(", ")),
        ));
    }
    let moment = |name: &str| match query.text(name) {
        "" => Ok(None),
        text => day(text).map(Some).ok_or_else(|| {
            Failure::new(kinds::INVALID).field(
                name,
                "日期格式不对：请按 2026-10-01 的样式填写。",
                "This is no day: write it like 2026-10-01.",
            )
        }),
    };
    let one_of = |name: &str, value: &str| match query.text(name) {
        "" => Ok(false),
        text if text == value => Ok(true),
        _ => Err(Failure::new(kinds::INVALID).field(
            name,
            format!("只能是 {value}，或者留空。"),
            format!("Only `{value}` is possible, or nothing."),
        )),
    };
    let people = match query.text("about") {
        "" => None,
        account => Some(person(view, account).await?),
    };
    let (from, until) = (moment("from")?, moment("until")?);
    let filter = EntryFilter {
        about: None,
        actor: query.text("actor").to_owned(),
        action: query.text("action").to_owned(),
        target: query.text("target").to_owned(),
        organization: query.text("organization").to_owned(),
        installation: query.text("installation").to_owned(),
        dataset: query.text("dataset").to_owned(),
        request_id: query.text("request_id").to_owned(),
        from,
        // The whole of the last day.
        until: until.map(|t| t.plus_millis(86_400_000)),
        denied: one_of("outcome", "denied")?,
        hidden: one_of("hidden", "true")?,
    };
    Ok((filter, people))
}

/// The persons of an account that there is.
async fn person(view: &View, account: &str) -> Outcome<Vec<PersonId>> {
    let identity = &view.gateway.services.identity;
    if identity.account(account).await?.is_none() {
        return Err(Failure::new(kinds::INVALID).field(
            "about",
            format!("没有账号“{account}”。"),
            format!("There is no account `{account}`."),
        ));
    }
    Ok(identity.persons_of_account(account).await?)
}

/// The entries about either of several persons, those about the first one first. `before` is
/// `<which>.<place in it>`.
async fn about(view: &View, filter: EntryFilter, people: &[PersonId], before: Option<&str>) -> Outcome<EntryPage> {
    let (mut which, mut place) = match before.and_then(|b| b.split_once('.')) {
        Some((n, place)) => (n.parse().unwrap_or(0), Some(place.to_owned()).filter(|p| !p.is_empty())),
        None => (0, None),
    };
    let mut entries = Vec::new();
    while let Some(person) = people.get(which) {
        let filter = EntryFilter { about: Some(person.clone()), ..filter.clone() };
        let audit = &view.gateway.services.audit;
        let page = audit.search(&filter, place.as_deref(), PAGE - entries.len()).await?;
        entries.extend(page.entries);
        place = page.next;
        if place.is_some() {
            break;
        }
        which += 1;
        if entries.len() >= PAGE {
            break;
        }
    }
    let next = people.get(which).map(|_| format!("{which}.{}", place.unwrap_or_default()));
    Ok(EntryPage { entries, next })
}

/// Entries that fit; that they were looked for is an entry itself.
pub(crate) async fn search(view: &View, query: &Fields) -> Outcome<EntryPage> {
    let session = administrator(view)?;
    let (filter, people) = filter_of(view, query).await?;
    let before = Some(query.text("before")).filter(|b| !b.is_empty());
    let page = match people {
        Some(people) => about(view, filter, &people, before).await?,
        None => view.gateway.services.audit.search(&filter, before, PAGE).await?,
    };
    let asked = FILTERS.iter().map(|n| (*n, query.text(n))).filter(|(_, v)| !v.is_empty());
    let detail = asked.map(|(n, v)| format!("{n}={v}")).collect::<Vec<_>>().join(" ");
    told(view, session, "audit.searched", &detail).await?;
    Ok(page)
}

pub(super) async fn entries(view: View, Query(query): Query) -> Outcome {
    administrator(&view)?;
    let (page, failure) = match search(&view, &query).await {
        Ok(page) => (page, None),
        Err(f) if f.kind() == kinds::INVALID => (EntryPage::default(), Some(f)),
        Err(f) => return Err(f),
    };
    let title = view.t("数据读取与共享", "Reads and sharing");
    let content = html! {
        h1 { (title) }
        (tabs(&view, "/audit/entries"))
        p { (view.t("每次读取个人信息、每次拒绝、每次授权与更正。您的每次查询也会记入日志。", "Every read of personal data, every refusal, grant and correction. Each of your searches is an entry, too.")) }
        (refused(&view, failure.as_ref()))
        (filter_form(&view, &query, failure.as_ref()))
        (table(&view, title, &page))
        @if let Some(next) = &page.next {
            nav.pager aria-label=(view.t("翻页", "Pages")) { a href={ "/audit/entries?" (again(&query)) "before=" (crate::encode(next)) } { (view.t("更早的记录", "Older entries")) } }
        }
        p { a href="/help#audit" { (view.t("关于审计日志", "About the audit log")) } }
    };
    let status = failure.as_ref().map_or(StatusCode::OK, Failure::status);
    super::super::page_with(status, &view, &Page::new(title, NAV), &content)
}

/// The query without its place.
fn again(query: &Fields) -> String {
    FILTERS
        .iter()
        .filter(|n| !query.text(n).is_empty())
        .map(|n| format!("{n}={}&", crate::encode(query.text(n))))
        .collect()
}

fn filter_form(view: &View, query: &Fields, failure: Option<&Failure>) -> Markup {
    let line = |name, zh, en| Input::text(name, view.t(zh, en), query.text(name)).optional().render(view, failure);
    html! {
        form.card method="get" action="/audit/entries" {
            div.grid {
                div { (line("about", "关于哪个账号", "About which account")) }
                div { (line("actor", "操作账号", "Who acted")) }
                div { (line("action", "操作（开头，如 data.）", "Action (beginning, such as data.)")) }
                div { (line("target", "操作对象", "Done to what")) }
                div { (line("organization", "部门代码", "Organization’s code")) }
                div { (line("installation", "应用", "Installation")) }
                div { (line("dataset", "信息资源", "Dataset")) }
                div { (line("request_id", "请求编号", "Request number")) }
                div { (Input { kind: "date", ..Input::text("from", view.t("从哪天", "From"), query.text("from")).optional() }.render(view, failure)) }
                div { (Input { kind: "date", ..Input::text("until", view.t("到哪天", "To"), query.text("until")).optional() }.render(view, failure)) }
            }
            label.choice { input type="checkbox" name="outcome" value="denied" checked[query.text("outcome") == "denied"]; " " (view.t("只看被拒绝的", "Refused ones only")) }
            label.choice { input type="checkbox" name="hidden" value="true" checked[query.text("hidden") == "true"]; " " (view.t("只看依法暂不公开的", "Those that a legal order hides only")) }
            div.actions { button { (view.t("查询", "Search")) } a role="button" class="outline" href="/audit/entries" { (view.t("清除条件", "Clear")) } }
        }
    }
}

fn table(view: &View, title: &str, page: &EntryPage) -> Markup {
    html! {
        @if page.entries.is_empty() { (empty(view.t("没有符合的记录。", "No entry fits."), None)) } @else {
            div.table-wrap tabindex="0" role="region" aria-label=(title) { table {
                thead { tr {
                    th scope="col" { (view.t("时间", "When")) }
                    th scope="col" { (view.t("操作账号", "Who")) }
                    th scope="col" { (view.t("操作", "What")) }
                    th scope="col" { (view.t("信息资源与信息项", "Dataset and items")) }
                    th scope="col" { (view.t("用途与依据", "Purpose and basis")) }
                    th scope="col" { (view.t("结果", "Outcome")) }
                    th scope="col" { (view.t("证明", "Proof")) }
                } }
                tbody { @for s in &page.entries { (row(view, s)) } }
            } }
        }
    }
}

fn row(view: &View, s: &Seen) -> Markup {
    let (e, lang) = (&s.entry, view.lang());
    html! { tr {
        th.when scope="row" { (s.at.to_shanghai()) }
        td { (e.actor) @if let Some(i) = &e.installation { br; small.muted { (i) } } }
        td.detail { code.nowrap { (e.action) } @if !e.target.is_empty() { br; small.muted { (e.target) } } @if !e.detail.is_empty() { br; small { (e.detail) } } }
        td.detail { @if let Some(d) = &e.dataset { code.nowrap { (d) } } @if !e.fields.is_empty() { br; small { (e.fields.join(", ")) } } }
        td { @if let Some(p) = &e.purpose { code.nowrap { (p) } } @if let Some(r) = &e.reason { br; small { (r.get(lang)) } } @if let Some(b) = &e.basis { br; small.muted { (words::basis_named(b, lang)) } } }
        td { (outcome(view, &e.outcome)) @if e.hidden.is_some() { " " span.badge.badge-warn { (view.t("暂不公开", "Hidden")) } } }
        td { @if let Some(index) = s.index { a.nowrap href={ "/audit/entries/" (index) } { (view.t("第 ", "No. ")) (index) (view.t(" 条", "")) } } }
    } }
}

fn outcome(view: &View, outcome: &Ended) -> Markup {
    match outcome {
        Ended::Answered => html! { span.badge.badge-ok { (view.t("已完成", "Done")) } },
        Ended::Denied(code) => {
            html! { span.badge.badge-bad { (view.t("已拒绝", "Refused")) } br; small { (words::denial(code, view.lang())) } }
        }
    }
}

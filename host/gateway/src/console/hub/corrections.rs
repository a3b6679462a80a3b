//! The queue of corrections: accepting, correcting and rejecting them, and filing one as a department.

use super::requests::dataset_title;
use super::{NAV, Typed, clock, mendable, tabs};
use crate::body::{Fields, Form, Query};
use crate::failure::{Failure, Outcome, kinds};
use crate::forms::{Area, Choice, Input, refused};
use crate::layout::{Page, empty, notice};
use crate::portal::Names;
use crate::view::{View, see_other};
use crate::words;
use axum::extract::Path;
use http::StatusCode;
use maud::{Markup, html};
use serde_json::Value;
use yunlong_audit::Entry;
use yunlong_formats::Date;
use yunlong_hub::{
    Actor, Claim, Correction, CorrectionFilter, CorrectionPage, CorrectionState, CorrectionSummary, Dataset, Item,
    ItemKind, NewCorrection,
};
use yunlong_model::{Kind, Lang};

const PATH: &str = "/hub/corrections";
/// Corrections of one page.
const PAGE: usize = 50;

/// Where a correction stands, with a word and a sign.
pub(crate) fn state_badge(view: &View, state: CorrectionState) -> Markup {
    let class = match state {
        CorrectionState::Filed => "badge-warn",
        CorrectionState::Accepted => "badge-info",
        CorrectionState::Corrected => "badge-ok",
        CorrectionState::Rejected => "badge-bad",
        CorrectionState::Withdrawn => "",
    };
    html! { span class={ "badge " (class) } { (state_word(state, view.lang())) } }
}

/// Where a correction stands, in a word.
pub(crate) fn state_word(state: CorrectionState, lang: Lang) -> &'static str {
    let (zh, en) = match state {
        CorrectionState::Filed => ("待受理", "Filed"),
        CorrectionState::Accepted => ("核查中", "Looked into"),
        CorrectionState::Corrected => ("已更正", "Corrected"),
        CorrectionState::Rejected => ("不予更正", "Not corrected"),
        CorrectionState::Withdrawn => ("已撤回", "Withdrawn"),
    };
    lang.pick(zh, en)
}

/// What somebody typed as a value of an item: numbers and yes or no as such, the rest as text.
pub(crate) fn typed_value(item: Option<&Item>, text: &str) -> Value {
    match item.map(|i| i.kind) {
        Some(ItemKind::Integer | ItemKind::Decimal | ItemKind::Boolean | ItemKind::Geometry) => {
            serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.to_owned()))
        }
        _ => Value::String(text.to_owned()),
    }
}

/// What is claimed, in words.
pub(crate) fn claimed(view: &View, item: Option<&Item>, claim: &Claim) -> String {
    match claim {
        Claim::Value(value) => words::value(item, value, view.lang()),
        Claim::Nothing => view.t("（应为空）", "(nothing)").to_owned(),
        Claim::NoRecord => view.t("（整条记录不应存在）", "(the whole record should not be there)").to_owned(),
        Claim::Missing => view.t("（应当有登记，现在没有）", "(there should be a record and is none)").to_owned(),
    }
}

/// The name of the doubted item.
pub(crate) fn item_title(view: &View, dataset: Option<&Dataset>, item: Option<&str>) -> String {
    match item {
        Some(name) => {
            dataset.and_then(|d| d.item(name)).map_or_else(|| name.to_owned(), |i| i.title.get(view.lang()).to_owned())
        }
        None => view.t("整条记录", "The whole record").to_owned(),
    }
}

/// What this person's organization handles, or what they filed in their office: nothing that is in a record.
pub(crate) async fn of(view: &View, actor: &Actor, query: &Fields) -> Outcome<CorrectionPage> {
    let hub = &view.gateway.services.hub;
    let before = Some(query.text("before")).filter(|b| !b.is_empty());
    if query.text("box") == "out" {
        return Ok(hub.corrections_filed_by(actor, before, PAGE).await?.summary());
    }
    let filter = CorrectionFilter {
        dataset: query.text("dataset").to_owned(),
        open: query.text("open") == "true",
        ..CorrectionFilter::default()
    };
    match &actor.organization {
        Some(own) => Ok(hub.corrections_of(own, &filter, before, PAGE, actor).await?),
        None => Ok(CorrectionPage::default()),
    }
}

/// A correction that is this person's to see. Somebody else's eyes on it are an entry in the log.
pub(crate) async fn visible(view: &View, actor: &Actor, id: &str) -> Outcome<Correction> {
    let services = &view.gateway.services;
    let c = services.hub.correction_for(id, actor).await?;
    if let Some(person) = &c.person {
        let entry = Entry {
            organization: actor.organization.clone(),
            about: Some(person.clone()),
            dataset: Some(c.dataset.clone()),
            target: c.id.clone(),
            fields: c.item.clone().into_iter().collect(),
            request_id: view.request_id.to_string(),
            ..Entry::new("correction.opened", &actor.account, actor.kind)
        };
        services.audit.record(vec![entry]).await?;
    }
    Ok(c)
}

pub(super) async fn list(view: View, Query(query): Query) -> Outcome {
    let actor = view.official()?;
    let found = of(&view, &actor, &query).await?;
    let out = query.text("box") == "out";
    let (title, open) = (view.t("疑义核查", "Corrections"), query.text("open") == "true");
    let content = html! {
        h1 { (title) }
        (tabs(&view, &actor, PATH))
        @if query.raw("done").is_some() { (notice("ok", view.t("已提出。", "Filed."))) }
        nav.toc aria-label=(view.t("哪些核查", "Which corrections")) { ul {
            li { a href=(PATH) aria-current=[(!out).then_some("page")] { (view.t("待本部门办理的", "To my department")) } }
            li { a href={ (PATH) "?box=out" } aria-current=[out.then_some("page")] { (view.t("我提出的", "Filed by me")) } }
        } }
        @if !out { p { a href={ (PATH) @if !open { "?open=true" } } { @if open { (view.t("显示已办结的", "Show those that are done, too")) } @else { (view.t("只看未办结的", "Only those that wait")) } } } }
        (table(&view, title, &found.corrections))
        @if let Some(next) = &found.next {
            nav.pager aria-label=(view.t("翻页", "Pages")) { a href={ (PATH) "?box=" (query.text("box")) "&open=" (open) "&before=" (next) } { (view.t("更早的", "Older ones")) } }
        }
        p { a role="button" class="outline" href={ (PATH) "/new" } { (view.t("提出疑义核查", "File a correction")) } }
        p { a href="/help#hub" { (view.t("关于信息资源", "About the information hub")) } }
    };
    super::super::page(&view, &Page::new(title, NAV), &content)
}

fn table(view: &View, title: &str, all: &[CorrectionSummary]) -> Markup {
    html! {
        @if all.is_empty() { (empty(view.t("没有疑义核查。", "No correction."), None)) } @else {
            div.table-wrap tabindex="0" role="region" aria-label=(title) { table {
                thead { tr {
                    th scope="col" { (view.t("信息资源与信息项", "Dataset and item")) }
                    th scope="col" { (view.t("提出人", "Filed by")) }
                    th scope="col" { (view.t("提出时间", "Filed")) }
                    th scope="col" { (view.t("状态", "State")) }
                    th scope="col" { (view.t("时限", "Due")) }
                } }
                tbody { @for c in all {
                    @let dataset = view.gateway.services.hub.dataset(&c.dataset);
                    tr {
                        th scope="row" { a href={ (PATH) "/" (c.id) } { (dataset_title(view, &c.dataset)) " · " (item_title(view, dataset.as_deref(), c.item.as_deref())) } }
                        td { @if let Some(official) = &c.official { (official) } @else { (view.t("市民本人", "the person")) } }
                        td { (c.filed.to_shanghai()) }
                        td { (state_badge(view, c.state)) }
                        td { @if c.state.is_open() { (clock(view, c.due)) } @else { "—" } }
                    }
                } }
            } }
        }
    }
}

pub(super) async fn one(view: View, Path(id): Path<String>, Query(query): Query) -> Outcome {
    show(&view, &id, StatusCode::OK, query.raw("done").is_some(), None).await
}

async fn show(view: &View, id: &str, status: StatusCode, done: bool, typed: Option<Typed<'_>>) -> Outcome {
    let actor = view.official()?;
    let c = visible(view, &actor, id).await?;
    let dataset = view.gateway.services.hub.dataset(&c.dataset);
    let names = Names::of(view, &[c.provider.as_str(), c.authority.as_str()]).await?;
    let title =
        format!("{} · {}", dataset_title(view, &c.dataset), item_title(view, dataset.as_deref(), c.item.as_deref()));
    let handles = actor.acts_for(&c.provider) || actor.acts_for(&c.authority);
    let content = html! {
        p { a href=(PATH) { "← " (view.t("疑义核查", "Corrections")) } }
        h1 { (title) " " (state_badge(view, c.state)) }
        (tabs(view, &actor, PATH))
        @if done { (notice("ok", view.t("已办理，提出人会收到消息。", "Done: the filer is told."))) }
        (refused(view, typed.map(|t| t.failure)))
        (facts(view, &c, c.shows_record_to(&actor), dataset.as_deref(), &names))
        @if handles && c.state.is_open() { (acts(view, &actor, &c, dataset.as_deref(), typed)) }
        @if c.filer.account == actor.account && c.state.is_open() {
            form method="post" action={ (PATH) "/" (c.id) "/withdraw" } { button.outline.danger { (view.t("撤回", "Take back")) } }
        }
        p { a href="/help#hub" { (view.t("关于信息资源", "About the information hub")) } }
    };
    super::super::page_with(status, view, &Page::new(&title, NAV), &content)
}

fn facts(view: &View, c: &Correction, shows_record: bool, dataset: Option<&Dataset>, names: &Names) -> Markup {
    let item = c.item.as_deref().and_then(|i| dataset?.item(i));
    html! {
        section.card { dl.facts {
            dt { (view.t("记录标识", "Record")) } dd { code { (c.key) } }
            @if shows_record { dt { (view.t("提出时登记", "As it stood")) } dd { @match &c.was { Some(v) => (words::value(item, v, view.lang())), None => (view.t("（无）", "(none)")) } } }
            dt { (view.t("应为", "Should be")) } dd { strong { (claimed(view, item, &c.claim)) } }
            dt { (view.t("理由", "Why")) } dd { (c.reason) }
            @if !c.evidence.is_empty() { dt { (view.t("证明材料", "What shows it")) } dd { (c.evidence) } }
            dt { (view.t("提出人", "Filed by")) } dd { @if c.filer.kind == Kind::Official { (c.filer.account) } @else { (view.t("市民本人", "the person")) } " · " (c.filed.to_shanghai()) }
            dt { (view.t("提供部门", "Provider")) } dd { (names.get(&c.provider)) }
            dt { (view.t("权威部门", "Authority")) } dd { (names.get(&c.authority)) }
            @if c.state.is_open() { dt { (view.t("时限", "Due")) } dd { (clock(view, c.due)) } }
            @if let Some(a) = &c.answer { dt { (view.t("答复", "Answer")) } dd { (a.at.to_shanghai()) " · " (a.by) @if !a.text.is_empty() { br; (a.text) } } }
        } }
    }
}

fn acts(view: &View, actor: &Actor, c: &Correction, dataset: Option<&Dataset>, typed: Option<Typed<'_>>) -> Markup {
    let (rejecting, not_rejected) = Typed::of(typed, "reject");
    let (typed, failure) = Typed::of(typed, "correct");
    let was = |name: &str| typed.map_or("", |f| f.text(name));
    let item = c.item.as_deref().and_then(|i| dataset?.item(i));
    let claim = match &c.claim {
        Claim::Value(Value::String(text)) => text.clone(),
        Claim::Value(value) => value.to_string(),
        Claim::Nothing | Claim::NoRecord | Claim::Missing => String::new(),
    };
    let value = typed.map_or(claim, |f| f.text("value").to_owned());
    let base = format!("{PATH}/{}", c.id);
    html! {
        @if c.state == CorrectionState::Filed {
            form method="post" action={ (base) "/accept" } { button { (view.t("受理", "Accept")) } " " span.muted { (view.t("受理后转交权威部门核查", "It is then forwarded to the authority")) } }
        }
        @if c.state == CorrectionState::Accepted && actor.acts_for(&c.authority) {
            form.card method="post" action={ (base) "/correct" } {
                h2 { (view.t("更正", "Correct")) }
                @if c.item.is_some() {
                    (Input { max: 2_000, ..Input::text("value", view.t("更正为", "The right value"), &value).optional() }.help(view.t("默认为提出人所说的内容；核查结果不同的，请改写。留空即清除该项。", "What the filer says; write what you found if it is something else. Empty: no value.")).render(view, failure))
                    @if let Some(i) = item && !i.codes.is_empty() { p.muted { @for (code, text) in &i.codes { code { (code) } " " (text.get(view.lang())) "　" } } }
                    (Input { kind: "date", ..Input::text("valid_from", view.t("自哪天起", "From which day"), was("valid_from")).optional() }.help(view.t("留空：自原登记生效之日起。", "Empty: from the day on which the wrong version began.")).render(view, failure))
                }
                @if c.claim == Claim::NoRecord { div.notice.notice-warn role="status" { p { (view.t("整条登记及其历史将被删除，不能恢复。", "The whole record is removed with its history, and does not come back.")) } } }
                @if c.claim == Claim::Missing { p { (view.t("请先把该人的登记导入本信息资源；平台看到登记后，才能办结。", "Enter the person’s record into the dataset first: this is closed when the platform finds it there.")) } }
                (Area::new("answer", view.t("给提出人的说明", "A word to the filer"), was("answer")).optional().render(view, failure))
                div.actions { button { (view.t("更正并答复", "Correct and answer")) } }
            }
        }
        @if c.state == CorrectionState::Filed || actor.acts_for(&c.authority) {
            form.card method="post" action={ (base) "/reject" } {
                h2 { (view.t("不予更正", "Leave it as it is")) }
                (Area::new("reason", view.t("理由（提出人会看到）", "Why (the filer reads it)"), rejecting.map_or("", |f| f.text("reason"))).render(view, not_rejected))
                div.actions { button.outline.danger { (view.t("不予更正", "Leave as it is")) } }
            }
        }
    }
}

/// Takes a step with a correction.
pub(crate) async fn answered(view: &View, id: &str, act: &str, form: &Fields) -> Outcome<Correction> {
    let actor = view.official()?;
    let hub = &view.gateway.services.hub;
    let c = hub.correction_for(id, &actor).await?;
    Ok(match act {
        "accept" => hub.accept_correction(id, &actor).await?,
        "reject" => hub.reject_correction(id, form.text("reason"), &actor).await?,
        "withdraw" => hub.withdraw_correction(id, &actor).await?,
        "correct" => {
            let dataset = hub.dataset(&c.dataset);
            let item = c.item.as_deref().and_then(|i| dataset.as_deref()?.item(i));
            let value = match (c.item.is_some(), form.raw("value")) {
                (true, Some(text)) if text.trim().is_empty() => Some(Value::Null),
                (true, Some(text)) => Some(typed_value(item, text.trim())),
                _ => None,
            };
            let from = match form.text("valid_from") {
                "" => None,
                text => Some(text.parse::<Date>().map_err(|_| {
                    Failure::new(kinds::INVALID).field(
                        "valid_from",
                        "请按 2026-10-01 的样式填写日期。",
                        "Write the day like 2026-10-01.",
                    )
                })?),
            };
            hub.correct(id, value, from, form.text("answer"), &actor).await?
        }
        _ => return Err(Failure::not_found()),
    })
}

pub(super) async fn act(view: View, Path((id, act)): Path<(String, String)>, Form(form): Form) -> Outcome {
    match answered(&view, &id, &act, &form).await {
        Ok(_) => Ok(see_other(&format!("{PATH}/{id}?done=1"))),
        Err(f) if mendable(&f) => {
            let typed = Typed { act: &act, fields: &form, failure: &f };
            show(&view, &id, f.status(), false, Some(typed)).await
        }
        Err(f) => Err(f),
    }
}

pub(super) async fn new(view: View, Query(query): Query) -> Outcome {
    view.official()?;
    show_new(&view, &query, StatusCode::OK, None)
}

fn show_new(view: &View, f: &Fields, status: StatusCode, failure: Option<&Failure>) -> Outcome {
    let title = view.t("提出疑义核查", "File a correction");
    let datasets = view.gateway.services.hub.datasets();
    let options = datasets.iter().map(|d| (d.id.clone(), d.title.get(view.lang()).to_owned())).collect();
    let content = html! {
        p { a href=(PATH) { "← " (view.t("疑义核查", "Corrections")) } }
        h1 { (title) }
        (refused(view, failure))
        form.card method="post" action={ (PATH) "/new" } {
            (Choice { name: "dataset", label: view.t("信息资源", "Dataset"), options, value: f.text("dataset"), help: view.t("本部门提供、负责，或者您可以明文读取该项的。", "One that your department provides or answers for, or whose item you may read unmasked.") }.render(view, failure))
            (Input::text("key", view.t("记录标识", "Which record"), f.text("key")).render(view, failure))
            (Input::text("item", view.t("信息项的字段名", "The item’s name"), f.text("item")).help(view.t("见目录中的“信息项”。", "See the items in the catalogue.")).render(view, failure))
            (Input { max: 2_000, ..Input::text("claimed", view.t("应为", "Should be"), f.text("claimed")).optional() }.help(view.t("留空：应当没有这一项。", "Empty: it should have none.")).render(view, failure))
            (Area::new("reason", view.t("理由", "Why"), f.text("reason")).render(view, failure))
            (Area::new("evidence", view.t("证明材料", "What shows it"), f.text("evidence")).optional().render(view, failure))
            div.actions { button { (view.t("提出", "File it")) } a role="button" class="outline" href=(PATH) { (view.t("取消", "Cancel")) } }
        }
        p { a href="/help#hub" { (view.t("关于信息资源", "About the information hub")) } }
    };
    super::super::page_with(status, view, &Page::narrow(title, NAV), &content)
}

/// Files a correction as an official.
pub(crate) async fn filed(view: &View, form: &Fields) -> Outcome<Correction> {
    let actor = view.official()?;
    let hub = &view.gateway.services.hub;
    let dataset = hub.dataset(form.text("dataset"));
    let item = dataset.as_deref().and_then(|d| d.item(form.text("item")));
    let claim = match form.text("claimed") {
        "" => Claim::Nothing,
        text => Claim::Value(typed_value(item, text)),
    };
    let new = NewCorrection {
        dataset: form.text("dataset").to_owned(),
        key: Some(form.text("key").to_owned()),
        item: Some(form.text("item").to_owned()),
        claim,
        reason: form.text("reason").to_owned(),
        evidence: form.text("evidence").to_owned(),
    };
    Ok(hub.file_correction(new, &actor).await?)
}

pub(super) async fn file(view: View, Form(form): Form) -> Outcome {
    match filed(&view, &form).await {
        Ok(_) => Ok(see_other(&format!("{PATH}?box=out&done=1"))),
        Err(f) if mendable(&f) || f.kind() == kinds::NOT_FOUND => show_new(&view, &form, f.status(), Some(&f)),
        Err(f) => Err(f),
    }
}

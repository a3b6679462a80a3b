//! Asking for a correction of what is registered about oneself, and what became of it.

use super::shown::Shown;
use super::{HeldRecord, NAV, People, covered, described, tabs};
use crate::body::{Fields, Form, Query};
use crate::console::hub::{claimed, correction_badge, correction_word, item_title, typed_value};
use crate::failure::{Failure, Outcome, kinds};
use crate::forms::{Area, Choice, Input, refused};
use crate::layout::{Page, empty, notice};
use crate::portal::Names;
use crate::view::{View, see_other};
use crate::words;
use axum::response::IntoResponse;
use http::StatusCode;
use maud::{Markup, html};
use serde_json::{Value, json};
use yunlong_hub::{Actor, Claim, Correction, Dataset, Item, NewCorrection, Sensitivity};
use yunlong_identity::Session;
use yunlong_model::Kind;

const PATH: &str = "/my-data/corrections";
/// The list with nothing covered.
const SHOW_ALL: &str = "/my-data/corrections?show=all";
/// The form about an item; without `item`, about a whole record.
pub(super) const NEW: &str = "/my-data/corrections/new";
/// The form about a record that is not there.
pub(super) const MISSING: &str = "/my-data/corrections/missing";
/// Corrections of one page.
const PAGE: usize = 50;

/// Somebody on the portal acts for themself, whatever their office is.
fn oneself(view: &View, session: &Session) -> Actor {
    Actor {
        account: session.account.clone(),
        kind: Kind::Citizen,
        organization: None,
        system_admin: false,
        security_admin: false,
        audit_admin: false,
        request_id: view.request_id.to_string(),
    }
}

/// All that somebody filed, for their copy.
pub(super) async fn own(view: &View, session: &Session) -> Outcome<Vec<Correction>> {
    let (mut all, mut before) = (Vec::new(), None::<String>);
    loop {
        let page =
            view.gateway.services.hub.corrections_filed_by(&oneself(view, session), before.as_deref(), PAGE).await?;
        all.extend(page.corrections);
        match page.next {
            Some(next) => before = Some(next),
            None => return Ok(all),
        }
    }
}

/// For programs; unless it is to be `whole`, without a sensitive value that stood on record.
pub(super) fn as_json(view: &View, c: &Correction, whole: bool) -> Value {
    let dataset = described(view, &c.dataset);
    let item = item_of(dataset.as_deref(), c);
    let title = dataset.as_ref().map(|d| d.title.clone());
    let was = c
        .was
        .as_ref()
        .map(|v| if whole || !is_covered(item) { v.clone() } else { covered(view, item, v, false).into() });
    json!({
        "id": c.id, "dataset": c.dataset, "title": title, "item": c.item, "was": was, "claim": c.claim,
        "reason": c.reason, "evidence": c.evidence, "filed": c.filed.to_rfc3339(), "state": c.state,
        "due": c.due.to_rfc3339(),
        "answer": c.answer.as_ref().map(|a| json!({ "at": a.at.to_rfc3339(), "text": a.text })),
    })
}

fn item_of<'a>(dataset: Option<&'a Dataset>, c: &Correction) -> Option<&'a Item> {
    dataset?.item(c.item.as_deref()?)
}

/// Whether a value of the item is covered until the person asks.
fn is_covered(item: Option<&Item>) -> bool {
    item.is_none_or(|i| i.sensitivity == Sensitivity::Sensitive)
}

/// What somebody says that it should be, covered as what stood there is.
fn claim_words(view: &View, item: Option<&Item>, claim: &Claim, whole: bool) -> String {
    match claim {
        Claim::Value(value) => covered(view, item, value, whole),
        other => claimed(view, item, other),
    }
}

/// A correction in words.
pub(super) struct Told {
    pub(super) dataset: String,
    pub(super) item: String,
    /// What is said of it, and what it says.
    pub(super) lines: Vec<(&'static str, String)>,
}

/// All of it, for the person's copy.
pub(super) fn told(view: &View, c: &Correction) -> Told {
    let lang = view.lang();
    let dataset = described(view, &c.dataset);
    let item = item_of(dataset.as_deref(), c);
    let none = || lang.pick("（无）", "(none)").to_owned();
    let mut lines = vec![
        (lang.pick("状态", "State"), correction_word(c.state, lang).to_owned()),
        (lang.pick("原登记", "It said"), c.was.as_ref().map_or_else(none, |v| words::value(item, v, lang))),
        (lang.pick("您认为应为", "You say"), claimed(view, item, &c.claim)),
        (lang.pick("为什么", "Why"), c.reason.clone()),
        (lang.pick("证明材料", "What shows it"), c.evidence.clone()),
        (lang.pick("最迟答复", "To be answered by"), c.due.to_shanghai()),
    ];
    if let Some(a) = &c.answer {
        lines.push((lang.pick("答复时间", "Answered"), a.at.to_shanghai()));
        lines.push((lang.pick("答复", "Answer"), a.text.clone()));
    }
    lines.retain(|(_, text)| !text.is_empty());
    let name = dataset.as_ref().map_or_else(|| c.dataset.clone(), |d| d.title.get(lang).to_owned());
    Told { dataset: name, item: item_title(view, dataset.as_deref(), c.item.as_deref()), lines }
}

pub(in crate::portal) async fn list(view: View, Query(query): Query) -> Outcome {
    let session = view.signed_in()?;
    let whole = query.text("show") == "all";
    if whole || view.wants_json {
        view.step_up_for(SHOW_ALL)?;
    }
    let before = Some(query.text("before")).filter(|b| !b.is_empty());
    let found = view.gateway.services.hub.corrections_filed_by(&oneself(&view, session), before, PAGE).await?;
    let people = People::of(&view, &session.account).await?;
    Shown::to(&view, session, &people).corrections(&found.corrections).write_down().await?;
    if view.wants_json {
        let all: Vec<_> = found.corrections.iter().map(|c| as_json(&view, c, true)).collect();
        return crate::view::json(StatusCode::OK, &json!({ "corrections": all, "next": found.next }));
    }
    let names = Names::of(&view, &found.corrections.iter().map(|c| c.authority.as_str()).collect::<Vec<_>>()).await?;
    let title = view.t("更正", "Corrections");
    let content = html! {
        h1 { (title) }
        (tabs(&view, PATH))
        @if query.raw("done").is_some() { (notice("ok", view.t("已提出。有结果会发到“消息”。", "It is filed. You are told in the inbox what comes of it."))) }
        @if query.raw("withdrawn").is_some() { (notice("ok", view.t("已撤回。", "It was taken back."))) }
        p { (view.t("您申请的更正和办理结果。要申请，请在“我的信息”里找到有误或者空缺的那一项。", "What you asked to be corrected, and what came of it. To ask, find the item that is wrong or missing under “What is held”.")) }
        p { (view.t("负责的部门在 ", "The department that answers for it tells you within ")) (view.gateway.services.hub.deadlines().correction) (view.t(" 个工作日内答复。", " working days.")) }
        @if found.corrections.is_empty() { (empty(view.t("您没有申请过更正。", "You have not asked for a correction."), Some((NAV, view.t("查看我的信息", "See what is held"))))) }
        @if !whole && found.corrections.iter().any(|c| hides(&view, c)) { p { a href=(SHOW_ALL) { (view.t("显示被遮掩的内容", "Show what is covered")) } " " span.muted { (view.t("（请留意旁人）", "(mind who looks on)")) } } }
        @for c in &found.corrections { (card(&view, c, &names, whole)) }
        p { (view.t("应当有您的登记却没有？", "A record about you should be there and is not? ")) a href=(MISSING) { (view.t("申请补登", "Ask for it to be entered")) } }
        @if let Some(next) = &found.next { nav.pager aria-label=(view.t("翻页", "Pages")) { a href={ (PATH) "?before=" (next) @if whole { "&show=all" } } { (view.t("更早的", "Older ones")) } } }
        p { a href="/help#my-data" { (view.t("关于我的数据", "About my data")) } }
    };
    super::super::page(&view, &Page::new(title, NAV), content).await
}

/// Whether a value of a correction is covered.
fn hides(view: &View, c: &Correction) -> bool {
    let has_value = c.was.is_some() || matches!(c.claim, Claim::Value(_));
    has_value && is_covered(item_of(described(view, &c.dataset).as_deref(), c))
}

fn card(view: &View, c: &Correction, names: &Names, whole: bool) -> Markup {
    let dataset = described(view, &c.dataset);
    let item = item_of(dataset.as_deref(), c);
    let title = item_title(view, dataset.as_deref(), c.item.as_deref());
    html! {
        section.card {
            h2 { (dataset.as_ref().map_or(c.dataset.as_str(), |d| d.title.get(view.lang()))) " · " (title) " " (correction_badge(view, c.state)) }
            dl.facts {
                dt { (view.t("原登记", "It said")) } dd { @match &c.was { Some(v) => (covered(view, item, v, whole)), None => (view.t("（无）", "(none)")) } }
                dt { (view.t("您认为应为", "You say")) } dd { (claim_words(view, item, &c.claim, whole)) }
                dt { (view.t("提出", "Filed")) } dd { (c.filed.to_shanghai()) }
                dt { (view.t("由谁核查", "Who looks into it")) } dd { (names.get(&c.authority)) @if c.state.is_open() { (view.t("，最迟 ", ", by ")) (c.due.to_shanghai()) } }
                @if let Some(a) = &c.answer { dt { (view.t("答复", "Answer")) } dd { (a.at.to_shanghai()) @if !a.text.is_empty() { br; (a.text) } } }
            }
            @if c.state.is_open() {
                form method="post" action={ (PATH) "/withdraw" } {
                    input type="hidden" name="id" value=(c.id);
                    button.small.outline.danger { (view.t("撤回", "Take back")) span.visually-hidden { " " (title) } }
                }
            }
        }
    }
}

/// The record that a form is about: always the person's own. What is shown of it is the caller's to write down.
async fn doubted(view: &View, people: &People, f: &Fields) -> Outcome<HeldRecord> {
    let (dataset, record) = (f.text("dataset"), f.text("record"));
    let fits = |h: &HeldRecord| h.dataset.id == dataset && (record.is_empty() || h.id == record) && h.may_be_doubted();
    let found = super::gathered(view, people).await?.into_iter().find(fits);
    let item = f.text("item");
    let found = found.filter(|h| item.is_empty() || h.dataset.item(item).is_some());
    found.ok_or_else(|| {
        Failure::not_found()
            .because("没有关于您的这项登记。", "There is no such record about you.")
            .or_offer(NAV.to_owned())
    })
}

pub(in crate::portal) async fn new(view: View, Query(query): Query) -> Outcome {
    show_new(&view, &query, StatusCode::OK, None).await
}

/// The form with what the item says uncovered.
fn shows_all(h: &HeldRecord, item: Option<&Item>) -> String {
    let item = item.map_or("", |i| i.name.as_str());
    let (dataset, item, record) = (crate::encode(&h.dataset.id), crate::encode(item), crate::encode(&h.id));
    format!("{NEW}?dataset={dataset}&item={item}&record={record}&show=all")
}

/// Why, and what shows it.
fn why(view: &View, f: &Fields, failure: Option<&Failure>) -> Markup {
    html! {
        (Area::new("reason", view.t("为什么", "Why"), f.text("reason")).render(view, failure))
        (Area::new("evidence", view.t("有什么材料可以证明（不必上传，核查时出示）", "What shows it (you show it when asked; nothing is uploaded)"), f.text("evidence")).optional().render(view, failure))
        div.actions { button { (view.t("提出", "Send")) } a role="button" class="outline" href=(NAV) { (view.t("取消", "Cancel")) } }
    }
}

async fn show_new(view: &View, f: &Fields, status: StatusCode, failure: Option<&Failure>) -> Outcome {
    let session = view.signed_in()?;
    let whole = f.text("show") == "all";
    let people = People::of(view, &session.account).await?;
    let h = doubted(view, &people, f).await?;
    let lang = view.lang();
    let item = h.dataset.item(f.text("item"));
    let uncovered = shows_all(&h, item);
    if whole {
        view.step_up_for(&uncovered)?;
    }
    let value = item.and_then(|i| h.record.body.get(&i.name));
    if let Some(item) = item.filter(|_| value.is_some()) {
        Shown::to(view, session, &people).record(&h, Some(&item.name)).write_down().await?;
    }
    let authority = item.map_or(h.dataset.provider.as_str(), |i| h.dataset.authority(i));
    let names = Names::of(view, &[authority]).await?;
    let title = match item {
        Some(_) => view.t("申请更正", "Ask for a correction"),
        None => view.t("这条登记不是我的", "This record is not about me"),
    };
    let content = html! {
        p { a href=(NAV) { "← " (view.t("我的数据", "My data")) } }
        h1 { (title) }
        (refused(view, failure))
        form.card method="post" action=(NEW) {
            dl.facts {
                dt { (view.t("信息资源", "Where")) } dd { (h.dataset.title.get(lang)) }
                @if let Some(item) = item {
                    dt { (view.t("信息项", "Item")) } dd { (item.title.get(lang)) }
                    dt { (view.t("现登记", "It says")) } dd {
                        @match value { Some(v) => (covered(view, Some(item), v, whole)), None => (view.t("（未登记）", "(not recorded)")) }
                        @if value.is_some() && !whole && is_covered(Some(item)) { " " a href=(uncovered) { (view.t("显示", "Show")) span.visually-hidden { " " (item.title.get(lang)) } } }
                    }
                }
                dt { (view.t("由谁核查", "Who looks into it")) } dd { (names.get(authority)) (view.t("，", ", within ")) (view.gateway.services.hub.deadlines().correction) (view.t(" 个工作日内答复", " working days")) }
            }
            input type="hidden" name="dataset" value=(h.dataset.id);
            input type="hidden" name="record" value=(h.id);
            @match item {
                Some(item) => { input type="hidden" name="item" value=(item.name); (claim_fields(view, &h, item, f, failure)) }
                None => {
                    input type="hidden" name="what" value="no-record";
                    p { (view.t("这条登记挂在您的名下，说的却是别人？请写明您怎么知道的。核实后，整条登记会从您的名下去掉。", "This record stands under your name and is about somebody else? Say how you know. Once it was looked into, the whole record is taken away from your name.")) }
                }
            }
            (why(view, f, failure))
        }
        p { a href="/help#my-data" { (view.t("关于我的数据", "About my data")) } }
    };
    super::super::page_with(status, view, &Page::narrow(title, NAV), content).await
}

/// What the item should be: a value, or nothing where it may be empty and is not.
fn claim_fields(view: &View, h: &HeldRecord, item: &Item, f: &Fields, failure: Option<&Failure>) -> Markup {
    let lang = view.lang();
    let codes = item.codes.iter().map(|(code, text)| (code.clone(), text.get(lang).to_owned())).collect::<Vec<_>>();
    let should = view.t("应为", "What it should be");
    let empties = !item.required && item.name != h.dataset.key && h.record.body.contains_key(&item.name);
    let nothing = f.text("what") == "nothing";
    html! {
        @if empties {
            fieldset {
                legend { (view.t("哪里不对？", "What is wrong?")) }
                label.choice { input type="radio" name="what" value="value" checked[!nothing]; " " (view.t("内容不对，应改为下面填写的", "The value is wrong: it should be what I write below")) }
                label.choice { input type="radio" name="what" value="nothing" checked[nothing]; " " (view.t("我没有这一项，应当为空（下面不必填写）", "I have no such thing: it should be empty (leave the next field)")) }
            }
        }
        @if codes.is_empty() { (Input { max: 2_000, required: !empties, ..Input::text("claimed", should, f.text("claimed")) }.render(view, failure)) }
        @else { (Choice { name: "claimed", label: should, options: codes, value: f.text("claimed"), help: "" }.render(view, failure)) }
    }
}

/// What a form claims.
fn claim_of(f: &Fields, item: Option<&Item>) -> Outcome<Claim> {
    match (f.text("what"), item) {
        ("no-record", None) => Ok(Claim::NoRecord),
        ("nothing", Some(_)) => Ok(Claim::Nothing),
        ("" | "value", Some(item)) => match f.text("claimed") {
            "" => Err(Failure::new(kinds::INVALID).field(
                "claimed",
                "请填写应为什么内容；如果应当为空，请选择“应当为空”。",
                "Write what it should be. If it should be empty, choose that.",
            )),
            text => Ok(Claim::Value(typed_value(Some(item), text))),
        },
        _ => Err(Failure::new(kinds::INVALID).field("what", "请选择哪里不对。", "Choose what is wrong.")),
    }
}

pub(in crate::portal) async fn file(view: View, Form(form): Form) -> Outcome {
    let session = view.signed_in()?;
    let people = People::of(&view, &session.account).await?;
    let h = doubted(&view, &people, &form).await?;
    let item = h.dataset.item(form.text("item"));
    let filed = match claim_of(&form, item) {
        Ok(claim) => {
            let new = NewCorrection {
                dataset: h.dataset.id.clone(),
                key: Some(h.record.key.clone()),
                item: item.map(|i| i.name.clone()),
                claim,
                reason: form.text("reason").to_owned(),
                evidence: form.text("evidence").to_owned(),
            };
            view.gateway.services.hub.file_correction(new, &oneself(&view, session)).await.map_err(Failure::from)
        }
        Err(failure) => Err(failure),
    };
    match filed {
        Ok(c) if view.wants_json => filed_json(&view, session, &people, c).await,
        Ok(_) => Ok(see_other(&format!("{PATH}?done=1"))),
        Err(f) if f.kind() == kinds::INVALID && !view.wants_json => {
            // What is said of the item belongs to the field in which its value was typed.
            let f = match f.fields().iter().find(|e| e.name == form.text("item")) {
                Some(e) => Failure::new(kinds::INVALID).field("claimed", &e.detail.zh, &e.detail.en),
                None => f,
            };
            show_new(&view, &form, f.status(), Some(&f)).await
        }
        Err(f) => Err(f),
    }
}

/// What was filed, for programs. It tells what stood on record, which whoever lacks the second factor for sees
/// covered: it is filed all the same.
async fn filed_json(view: &View, session: &Session, people: &People, c: Correction) -> Outcome {
    let filed = [c];
    Shown::to(view, session, people).corrections(&filed).write_down().await?;
    let whole = !view.gateway.services.identity.needs_step_up(session);
    crate::view::json(StatusCode::CREATED, &as_json(view, &filed[0], whole))
}

pub(in crate::portal) async fn missing(view: View, Query(query): Query) -> Outcome {
    show_missing(&view, &query, StatusCode::OK, None).await
}

async fn show_missing(view: &View, f: &Fields, status: StatusCode, failure: Option<&Failure>) -> Outcome {
    view.signed_in()?;
    let lang = view.lang();
    let about_people = view.gateway.services.hub.datasets().into_iter().filter(|d| d.is_personal());
    let options: Vec<_> = about_people.map(|d| (d.id.clone(), d.title.get(lang).to_owned())).collect();
    let title = view.t("申请补登", "Ask for a record to be entered");
    let content = html! {
        p { a href=(NAV) { "← " (view.t("我的数据", "My data")) } }
        h1 { (title) }
        (refused(view, failure))
        p { (view.t("某个部门应当有您的登记、却没有的，请在这里提出。该部门核实后补登，并把结果发到“消息”。", "Say here where a department should have a record about you and has none. It looks into it, enters the record, and tells you in the inbox.")) }
        @if options.is_empty() { (empty(view.t("目前没有登记个人信息的部门目录。", "No department’s register of people is published."), Some((NAV, view.t("返回我的数据", "Back to my data"))))) } @else {
            form.card method="post" action=(MISSING) {
                (Choice { name: "dataset", label: view.t("应当登记在哪里", "Where it should be"), options, value: f.text("dataset"), help: "" }.render(view, failure))
                (why(view, f, failure))
            }
        }
        p { a href="/help#my-data" { (view.t("关于我的数据", "About my data")) } }
    };
    super::super::page_with(status, view, &Page::narrow(title, NAV), content).await
}

pub(in crate::portal) async fn file_missing(view: View, Form(form): Form) -> Outcome {
    let session = view.signed_in()?;
    let new = NewCorrection {
        dataset: form.text("dataset").to_owned(),
        key: None,
        item: None,
        claim: Claim::Missing,
        reason: form.text("reason").to_owned(),
        evidence: form.text("evidence").to_owned(),
    };
    match view.gateway.services.hub.file_correction(new, &oneself(&view, session)).await.map_err(Failure::from) {
        Ok(c) if view.wants_json => {
            let people = People::of(&view, &session.account).await?;
            filed_json(&view, session, &people, c).await
        }
        Ok(_) => Ok(see_other(&format!("{PATH}?done=1"))),
        Err(f) if f.kind() == kinds::INVALID && !view.wants_json => {
            show_missing(&view, &form, f.status(), Some(&f)).await
        }
        Err(f) => Err(f),
    }
}

pub(in crate::portal) async fn withdraw(view: View, Form(form): Form) -> Outcome {
    let session = view.signed_in()?;
    view.gateway.services.hub.withdraw_correction(form.text("id"), &oneself(&view, session)).await?;
    if view.wants_json {
        Ok(StatusCode::NO_CONTENT.into_response())
    } else {
        Ok(see_other(&format!("{PATH}?withdrawn=1")))
    }
}

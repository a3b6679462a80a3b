//! Asking for a correction of what is registered about oneself, and what became of it.

use super::{HeldRecord, NAV, People, tabs};
use crate::body::{Fields, Form, Query};
use crate::console::hub::{claimed, correction_badge, item_title, typed_value};
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
use yunlong_hub::{Actor, Claim, Correction, NewCorrection};
use yunlong_identity::Session;
use yunlong_model::Kind;

const PATH: &str = "/my-data/corrections";
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
pub(super) async fn own(view: &View, session: &Session) -> Outcome<Vec<Value>> {
    let (mut all, mut before) = (Vec::new(), None::<String>);
    loop {
        let page = view.gateway.services.hub.corrections_filed_by(&session.account, before.as_deref(), PAGE).await?;
        all.extend(page.corrections.iter().map(as_json));
        match page.next {
            Some(next) => before = Some(next),
            None => return Ok(all),
        }
    }
}

fn as_json(c: &Correction) -> Value {
    json!({
        "id": c.id, "dataset": c.dataset, "item": c.item, "was": c.was, "claim": c.claim, "reason": c.reason,
        "evidence": c.evidence, "filed": c.filed.to_rfc3339(), "state": c.state, "due": c.due.to_rfc3339(),
        "answer": c.answer.as_ref().map(|a| json!({ "at": a.at.to_rfc3339(), "text": a.text })),
    })
}

pub(in crate::portal) async fn list(view: View, Query(query): Query) -> Outcome {
    let session = view.signed_in()?;
    let before = Some(query.text("before")).filter(|b| !b.is_empty());
    let found = view.gateway.services.hub.corrections_filed_by(&session.account, before, PAGE).await?;
    if view.wants_json {
        let all: Vec<_> = found.corrections.iter().map(as_json).collect();
        return crate::view::json(StatusCode::OK, &json!({ "corrections": all, "next": found.next }));
    }
    let names = Names::of(&view, &found.corrections.iter().map(|c| c.authority.as_str()).collect::<Vec<_>>()).await?;
    let title = view.t("更正", "Corrections");
    let content = html! {
        h1 { (title) }
        (tabs(&view, PATH))
        @if query.raw("done").is_some() { (notice("ok", view.t("已提出。有结果会发到“消息”。", "It is filed. You are told in the inbox what comes of it."))) }
        @if query.raw("withdrawn").is_some() { (notice("ok", view.t("已撤回。", "It was taken back."))) }
        p { (view.t("您申请的更正和办理结果。要申请，请在“我的信息”里找到有误的那一项。", "What you asked to be corrected, and what came of it. To ask, find the wrong item under “What is held”.")) }
        @if found.corrections.is_empty() { (empty(view.t("您没有申请过更正。", "You have not asked for a correction."), Some((NAV, view.t("查看我的信息", "See what is held"))))) }
        @for c in &found.corrections { (card(&view, c, &names)) }
        @if let Some(next) = &found.next { nav.pager aria-label=(view.t("翻页", "Pages")) { a href={ (PATH) "?before=" (next) } { (view.t("更早的", "Older ones")) } } }
        p { a href="/help#my-data" { (view.t("关于我的数据", "About my data")) } }
    };
    super::super::page(&view, &Page::new(title, NAV), content).await
}

fn card(view: &View, c: &Correction, names: &Names) -> Markup {
    let dataset = view.gateway.services.hub.dataset(&c.dataset);
    let item = c.item.as_deref().and_then(|i| dataset.as_deref()?.item(i));
    let title = item_title(view, dataset.as_deref(), c);
    html! {
        section.card {
            h2 { (dataset.as_ref().map_or(c.dataset.as_str(), |d| d.title.get(view.lang()))) " · " (title) " " (correction_badge(view, c.state)) }
            dl.facts {
                dt { (view.t("原登记", "It said")) } dd { @match &c.was { Some(v) => (words::value(item, v, view.lang())), None => (view.t("（无）", "(none)")) } }
                dt { (view.t("您认为应为", "You say")) } dd { (claimed(view, item, &c.claim)) }
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

/// The record and item that a form is about: always the person's own.
async fn doubted(view: &View, session: &Session, f: &Fields) -> Outcome<HeldRecord> {
    let people = People::of(view, &session.account).await?;
    let (dataset, record) = (f.text("dataset"), f.text("record"));
    let fits = |h: &HeldRecord| h.dataset.id == dataset && (record.is_empty() || h.id == record);
    let found = super::records(view, session, &people).await?.into_iter().find(fits);
    let found = found.filter(|h| h.dataset.item(f.text("item")).is_some());
    found.ok_or_else(|| {
        Failure::not_found()
            .because("没有关于您的这项登记。", "There is no such record about you.")
            .or_offer(NAV.to_owned())
    })
}

pub(in crate::portal) async fn new(view: View, Query(query): Query) -> Outcome {
    show_new(&view, &query, StatusCode::OK, None).await
}

async fn show_new(view: &View, f: &Fields, status: StatusCode, failure: Option<&Failure>) -> Outcome {
    let session = view.signed_in()?;
    let h = doubted(view, session, f).await?;
    let lang = view.lang();
    let Some(item) = h.dataset.item(f.text("item")) else { return Err(Failure::not_found()) };
    let names = Names::of(view, &[h.dataset.authority(item)]).await?;
    let title = view.t("申请更正", "Ask for a correction");
    let now = h.record.body.get(&item.name).map(|v| words::value(Some(item), v, lang));
    let codes = item.codes.iter().map(|(code, text)| (code.clone(), text.get(lang).to_owned())).collect::<Vec<_>>();
    let should = view.t("应为", "What it should be");
    let content = html! {
        p { a href=(NAV) { "← " (view.t("我的数据", "My data")) } }
        h1 { (title) }
        (refused(view, failure))
        form.card method="post" action={ (PATH) "/new" } {
            dl.facts {
                dt { (view.t("信息资源", "Where")) } dd { (h.dataset.title.get(lang)) }
                dt { (view.t("信息项", "Item")) } dd { (item.title.get(lang)) }
                dt { (view.t("现登记", "It says")) } dd { (now.as_deref().unwrap_or(view.t("（无）", "(none)"))) }
                dt { (view.t("由谁核查", "Who looks into it")) } dd { (names.get(h.dataset.authority(item))) }
            }
            input type="hidden" name="dataset" value=(h.dataset.id);
            input type="hidden" name="record" value=(h.id);
            input type="hidden" name="item" value=(item.name);
            @if codes.is_empty() { (Input { max: 2_000, ..Input::text("claimed", should, f.text("claimed")) }.render(view, failure)) }
            @else { (Choice { name: "claimed", label: should, options: codes, value: f.text("claimed"), help: "" }.render(view, failure)) }
            (Area::new("reason", view.t("为什么", "Why"), f.text("reason")).render(view, failure))
            (Area::new("evidence", view.t("有什么材料可以证明（不必上传，核查时出示）", "What shows it (you show it when asked; nothing is uploaded)"), f.text("evidence")).optional().render(view, failure))
            div.actions { button { (view.t("提出", "Send")) } a role="button" class="outline" href=(NAV) { (view.t("取消", "Cancel")) } }
        }
        p { a href="/help#my-data" { (view.t("关于我的数据", "About my data")) } }
    };
    super::super::page_with(status, view, &Page::narrow(title, NAV), content).await
}

pub(in crate::portal) async fn file(view: View, Form(form): Form) -> Outcome {
    let session = view.signed_in()?;
    let h = doubted(&view, session, &form).await?;
    let item = h.dataset.item(form.text("item"));
    let new = NewCorrection {
        dataset: h.dataset.id.clone(),
        key: Some(h.record.key.clone()),
        item: item.map(|i| i.name.clone()),
        claim: Claim::Value(typed_value(item, form.text("claimed"))),
        reason: form.text("reason").to_owned(),
        evidence: form.text("evidence").to_owned(),
    };
    let filed = view.gateway.services.hub.file_correction(new, &oneself(&view, session)).await.map_err(Failure::from);
    match filed {
        Ok(c) if view.wants_json => crate::view::json(StatusCode::CREATED, &as_json(&c)),
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

pub(in crate::portal) async fn withdraw(view: View, Form(form): Form) -> Outcome {
    let session = view.signed_in()?;
    view.gateway.services.hub.withdraw_correction(form.text("id"), &oneself(&view, session)).await?;
    if view.wants_json {
        Ok(StatusCode::NO_CONTENT.into_response())
    } else {
        Ok(see_other(&format!("{PATH}?withdrawn=1")))
    }
}

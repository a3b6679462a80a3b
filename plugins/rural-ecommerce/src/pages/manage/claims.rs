//! Claims for parcels that were lost, damaged or refused: a manager decides them.

use super::super::files;
use super::super::forms::{again, unreadable};
use super::super::order_view as view;
use super::super::store::backs;
use super::super::{LAYOUT, PAGE, answer};
use super::menu;
use crate::service::access::MANAGER;
use crate::service::{Refusal, orders};
use maud::{Markup, html};
use yunlong_sdk::page::{Listing, amount, empty, error_summary, field, hidden, pager};
use yunlong_sdk::{Form, Request, Response, Router, Text, t, web};

pub(super) fn routes(router: Router) -> Router {
    router
        .get("/manage/claims", list)
        .get("/manage/claims/file", list_file)
        .get("/manage/claims/{order}", show)
        .post("/manage/claims/{order}", decide)
}

/// `/manage/claims`: the orders on whose claims nobody has decided, the oldest claim first.
fn list(request: &Request) -> web::Result<Response> {
    request.require_role(&[MANAGER])?;
    let shown = || {
        let after = request.query_value("after");
        let at_start = after.is_none();
        let page = orders::with_claims(request.principal(), PAGE, after)?;
        let body = html! {
            (menu(request))
            @if page.items.is_empty() && at_start { (empty(html! { p { (request.t("没有待处理的理赔。", "No claim waits for a decision.")) } })) }
            @else { (view::listing(request, request.t("待处理的理赔", "Claims to decide"), page.items)) }
            (pager(request.lang(), "/manage/claims", &[], at_start, page.next.as_deref()))
            (files::links(request, &Listing::of(request, &[], &[])))
        };
        Ok(LAYOUT.page(request, &t("待处理的理赔", "Claims to decide"), body))
    };
    answer(request, shown())
}

/// `/manage/claims/file`.
fn list_file(request: &Request) -> web::Result<Response> {
    request.require_role(&[MANAGER])?;
    view::file(request, "claims", |limit, after| orders::with_claims(request.principal(), limit, after))
}

/// `/manage/claims/{order}`.
fn show(request: &Request) -> web::Result<Response> {
    request.require_role(&[MANAGER])?;
    let form = Form::new().with("claim", request.query_value("claim").unwrap_or_default());
    answer(request, page(request, &form, html! {}))
}

fn page(request: &Request, form: &Form, message: Markup) -> Result<Response, Refusal> {
    let lang = request.lang();
    let order = orders::get(request.principal(), request.param("order"))?;
    let claim = order.claims.iter().find(|c| c.id == form.value("claim")).ok_or(Refusal::NotFound)?;
    let body = html! {
        (menu(request))
        (message)
        (error_summary(lang, form))
        p { (request.t("包裹 ", "Parcel ")) (claim.parcel) " · " (claim.reason.name().get(lang)) " · " (super::super::local(claim.at)) }
        (view::lines(lang, &order))
        (view::escrow(request, &order))
        form method="post" action={ "/manage/claims/" (order.id) } novalidate {
            (hidden("claim", &claim.id))
            p { (request.t("填写退给买家的件数；全部不填表示不予退款，货款解冻。", "Enter the units that go back to the buyer. With none nothing is due, and the money is free again.")) }
            @for (i, l) in order.lines.iter().enumerate() {
                @if order.returnable(i) > 0 {
                    fieldset {
                        legend { (l.title.get(lang)) " · " (request.t("余额 ", "left ")) (amount(l.left())) }
                        (field(lang, form, &format!("back-{i}-units"), "number", &Text::new(format!("件数（最多 {}）", order.returnable(i)), format!("Units (at most {})", order.returnable(i))), None))
                        (field(lang, form, &format!("back-{i}-amount"), "text", &t("或只退部分货款（元）；件数按价值退回", "Or a reduction alone (yuan); units go back at their worth"), None))
                    }
                }
            }
            (field(lang, form, "reason", "text", &t("理由", "Why"), None))
            div.actions { button type="submit" { (request.t("作出决定", "Decide")) } a href={ "/orders/" (order.id) } { (request.t("返回订单", "Back to the order")) } }
        }
    };
    Ok(LAYOUT.page(request, &t("处理理赔", "Decide a claim"), body).header("cache-control", "no-store"))
}

/// `POST /manage/claims/{order}`.
fn decide(request: &Request) -> web::Result<Response> {
    request.require_role(&[MANAGER])?;
    answer(request, decided(request, request.form()?))
}

fn decided(request: &Request, mut form: Form) -> Result<Response, Refusal> {
    let order = orders::get(request.principal(), request.param("order"))?;
    let Some(backs) = backs(&mut form, &order, true) else { return unreadable(&form, |f, m| page(request, f, m)) };
    match orders::decide_claim(request.principal(), &order.id, form.value("claim"), &backs, form.value("reason")) {
        Ok(o) => Ok(Response::see_other(&format!("/orders/{}", o.id))),
        Err(e) => again(request, form, e, |f, m| page(request, f, m)),
    }
}

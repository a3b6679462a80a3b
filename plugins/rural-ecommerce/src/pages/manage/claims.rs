//! Claims for parcels that were lost, damaged or refused: a manager decides them.

use super::super::files::{self, Field};
use super::super::forms::{again, unreadable};
use super::super::lists::{Asked, Filters};
use super::super::order_view as view;
use super::super::store::backs;
use super::super::{LAYOUT, PAGE, answer, local};
use super::menu;
use crate::domain::machine::Machine;
use crate::domain::order::{Order, State};
use crate::domain::shipment::ClaimState;
use crate::service::access::MANAGER;
use crate::service::{Refusal, orders};
use maud::{Markup, html};
use yunlong_sdk::page::{Column, amount, error_summary, field, hidden};
use yunlong_sdk::{Form, Lang, Request, Response, Router, Stored, Text, t, web};

pub(super) fn routes(router: Router) -> Router {
    router
        .get("/manage/claims", list)
        .get("/manage/claims/file", list_file)
        .get("/manage/claims/{order}", show)
        .post("/manage/claims/{order}", decide)
}

/// The claims that the address asks for, the oldest first unless it says otherwise.
fn asked(request: &Request) -> Asked<State> {
    let number = Some(t("订单号", "Order’s number"));
    Asked::of(request, "claimed", Filters { state: "state", states: &[], first: None, number })
}

/// The claims of an order on which nobody has decided: parcel and what happened to it.
fn open(lang: Lang, order: &Order) -> String {
    let waiting = order.claims.iter().filter(|c| c.state == ClaimState::Open);
    let words: Vec<_> = waiting.map(|c| format!("{} {}", c.parcel, c.reason.name().get(lang))).collect();
    words.join(lang.pick("；", "; "))
}

/// `/manage/claims`: the orders on whose claims nobody has decided, the oldest claim first.
fn list(request: &Request) -> web::Result<Response> {
    request.require_role(&[MANAGER])?;
    let shown = || {
        let (lang, asked) = (request.lang(), asked(request));
        let page = orders::with_claims(request.principal(), &asked.wanted, PAGE, asked.after())?;
        let claims = [
            Column::new(request.t("包裹", "Parcels"), |o: &Stored<Order>| html! { (open(lang, o)) }),
            Column::new(
                request.t("提出时间", "Claimed"),
                |o: &Stored<Order>| html! { @if let Some(at) = o.open_claim { (local(at)) } },
            )
            .sorted_by("claimed"),
        ];
        let columns: Vec<_> = view::columns(request).into_iter().chain(claims).collect();
        let none = html! { p { (request.t("没有待处理的理赔。", "No claim waits for a decision.")) } };
        let none_such = request.t("这个订单没有待处理的理赔。", "No claim of this order waits for a decision.");
        let table = (request.t("待处理的理赔", "Claims to decide"), &columns[..]);
        let body = html! { (menu(request)) (asked.show(request, table, page, none, none_such)) };
        Ok(LAYOUT.page(request, &t("待处理的理赔", "Claims to decide"), body))
    };
    answer(request, shown())
}

/// `/manage/claims/file`.
fn list_file(request: &Request) -> web::Result<Response> {
    request.require_role(&[MANAGER])?;
    let (lang, asked) = (request.lang(), asked(request));
    let columns = [
        Field::new(request.t("订单号", "Number"), |o: &Order| o.id.clone()),
        Field::new(request.t("商品", "Goods"), |o: &Order| view::goods(lang, o)),
        Field::new(request.t("店铺", "Store"), |o: &Order| o.store_name.get(lang).to_owned()),
        Field::new(request.t("下单时间", "Ordered"), |o: &Order| local(o.placed_at)),
        Field::fen(request.t("金额（元）", "Amount (yuan)"), |o: &Order| o.total),
        Field::new(request.t("状态", "State"), |o: &Order| o.state.name().get(lang).to_owned()),
        Field::new(request.t("包裹", "Parcels"), |o: &Order| open(lang, o)),
        Field::new(request.t("提出时间", "Claimed"), |o: &Order| o.open_claim.map(local).unwrap_or_default()),
    ];
    files::file(request, ("claims", request.t("理赔", "Claims")), &columns, |limit, after| {
        orders::with_claims(request.principal(), &asked.wanted, limit, after)
    })
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
        p { (request.t("包裹 ", "Parcel ")) (claim.parcel) " · " (claim.reason.name().get(lang)) " · " (local(claim.at)) }
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

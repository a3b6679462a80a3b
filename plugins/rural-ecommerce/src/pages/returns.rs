//! Returns: asked for by buyers, answered by sellers, decided by arbiters.

use super::files::{self, Field};
use super::forms::{again, fen, typed_money, unreadable};
use super::{LAYOUT, PAGE, answer, local, return_badge};
use crate::domain::machine::Machine;
use crate::domain::order::Order;
use crate::domain::returns::{Asked, Reason, Return, Step};
use crate::domain::shipment::Units;
use crate::service::access::ARBITER;
use crate::service::{Refusal, orders, returns};
use maud::{Markup, html};
use yunlong_sdk::page::{
    Column, Listing, amount, card, empty, error_summary, field, notice, pager, select, table, textarea,
};
use yunlong_sdk::{Form, Page, Request, Response, Router, Stored, Tone, t, web};

pub(super) fn routes(router: Router) -> Router {
    router
        .get("/orders/{order}/return", ask)
        .post("/orders/{order}/return", asked)
        .get("/returns", mine)
        .get("/returns/file", mine_file)
        .get("/returns/{return}", show)
        .post("/returns/{return}", act)
}

/// `GET /orders/{order}/return`.
fn ask(request: &Request) -> web::Result<Response> {
    request.subject()?;
    answer(request, ask_page(request, &Form::new(), html! {}))
}

fn ask_page(request: &Request, form: &Form, message: Markup) -> Result<Response, Refusal> {
    let lang = request.lang();
    let order = orders::own(request.principal(), request.param("order"))?;
    let reasons: Vec<(String, yunlong_sdk::Text)> =
        Reason::ALL.into_iter().map(|r| (r.code().to_owned(), r.name())).collect();
    let body = html! {
        (message)
        (error_summary(lang, form))
        p { (request.t("申请后货款冻结，直到商家处理完或仲裁。生鲜食品不适用无理由退货。", "From then on the money is held until the store or an arbiter has decided. Fresh food is not returned without a reason.")) }
        form method="post" action={ "/orders/" (order.id) "/return" } novalidate {
            (unit_fields(request, &order, form, &|i| order.returnable(i)))
            (select(lang, form, "reason", &t("原因", "Why"), &super::choices(lang, &reasons)))
            (textarea(lang, form, "text", 4, &t("说明（选填）", "What happened (optional)"), None))
            div.actions { button type="submit" { (request.t("提交申请", "Ask for the return")) } a href={ "/orders/" (order.id) } { (request.t("返回订单", "Back to the order")) } }
        }
    };
    Ok(LAYOUT.page(request, &t("申请退货", "Return goods"), body))
}

/// A number field for each line of an order that has units for it.
pub(super) fn unit_fields(request: &Request, order: &Order, form: &Form, most: &dyn Fn(usize) -> u32) -> Markup {
    let lang = request.lang();
    html! {
        fieldset {
            legend { (request.t("数量", "Units")) }
            @for (i, l) in order.lines.iter().enumerate() {
                @if most(i) > 0 {
                    @let label = yunlong_sdk::Text::new(format!("{} · {}（最多 {}）", l.title.zh, l.sku_name.zh, most(i)), format!("{} · {} (at most {})", l.title.en, l.sku_name.en, most(i)));
                    (field(lang, form, &format!("units-{i}"), "number", &label, None))
                }
            }
        }
    }
}

/// The units that were typed; an empty field is none.
pub(super) fn typed_units(form: &mut Form, order: &Order) -> Option<Vec<Units>> {
    let mut units = Vec::new();
    for line in 0..order.lines.len() {
        let name = format!("units-{line}");
        if form.value(&name).trim().is_empty() {
            continue;
        }
        let n = form.number(&name, 0..=1_000_000).and_then(|n| u32::try_from(n).ok())?;
        units.push(Units { line, units: n });
    }
    Some(units)
}

/// `POST /orders/{order}/return`.
fn asked(request: &Request) -> web::Result<Response> {
    request.subject()?;
    answer(request, ask_done(request, request.form()?))
}

fn ask_done(request: &Request, mut form: Form) -> Result<Response, Refusal> {
    let order = orders::own(request.principal(), request.param("order"))?;
    let units = typed_units(&mut form, &order);
    let reason = Reason::ALL.into_iter().find(|r| r.code() == form.value("reason"));
    if reason.is_none() {
        form.reject("reason", t("请选择原因", "Choose the reason"));
    }
    let (Some(units), Some(reason)) = (units, reason) else {
        return unreadable(&form, |f, m| ask_page(request, f, m));
    };
    let what = Asked { units, reason, text: form.value("text").trim().to_owned() };
    match returns::ask(request.principal(), &order.id, &what) {
        Ok(r) => Ok(Response::see_other(&format!("/returns/{}", r.id))),
        Err(e) => again(request, form, e, |f, m| ask_page(request, f, m)),
    }
}

/// `/returns`: the buyer's.
fn mine(request: &Request) -> web::Result<Response> {
    request.subject()?;
    let shown = || {
        let after = request.query_value("after");
        let at_start = after.is_none();
        let page = returns::mine(request.principal(), PAGE, after)?;
        Ok(LAYOUT.page(request, &t("我的退货", "My returns"), listed(request, "/returns", page, at_start)))
    };
    answer(request, shown())
}

/// `/returns/file`.
fn mine_file(request: &Request) -> web::Result<Response> {
    request.subject()?;
    file(request, "returns", |limit, after| returns::mine(request.principal(), limit, after))
}

/// What a list says of each return.
pub(super) fn columns(request: &Request) -> [Column<'_, Stored<Return>>; 5] {
    let lang = request.lang();
    [
        Column::new(
            request.t("退货", "Return"),
            |r: &Stored<Return>| html! { a href={ "/returns/" (r.id) } { (r.id) } },
        ),
        Column::new(request.t("原因", "Why"), move |r: &Stored<Return>| html! { (r.reason.name().get(lang)) }),
        Column::new(request.t("申请时间", "Asked"), |r: &Stored<Return>| html! { (local(r.asked_at)) })
            .sorted_by("asked"),
        Column::new(request.t("金额", "Amount"), |r: &Stored<Return>| amount(r.amount)).numeric(),
        Column::new(request.t("状态", "State"), move |r: &Stored<Return>| return_badge(lang, r.state)),
    ]
}

/// A list of returns with its pager.
pub(super) fn listed(request: &Request, path: &str, page: Page<Return>, at_start: bool) -> Markup {
    html! {
        @if page.items.is_empty() && at_start { (empty(html! { p { (request.t("没有退货。", "There are no returns.")) } })) }
        @else { (table(request.t("退货", "Returns"), &columns(request), page.items)) }
        (pager(request.lang(), path, &[], at_start, page.next.as_deref()))
        (files::links(request, &Listing::of(request, &[], &[])))
    }
}

/// The same returns as a file.
pub(super) fn file(
    request: &Request,
    name: &str,
    find: impl Fn(u32, Option<String>) -> Result<Page<Return>, Refusal>,
) -> web::Result<Response> {
    let lang = request.lang();
    let columns = [
        Field::new(request.t("退货", "Return"), |r: &Return| r.id.clone()),
        Field::new(request.t("订单", "Order"), |r: &Return| r.order.clone()),
        Field::new(request.t("原因", "Why"), |r: &Return| r.reason.name().get(lang).to_owned()),
        Field::new(request.t("申请时间", "Asked"), |r: &Return| local(r.asked_at)),
        Field::fen(request.t("金额（元）", "Amount (yuan)"), |r: &Return| r.amount),
        Field::new(request.t("状态", "State"), |r: &Return| r.state.name().get(lang).to_owned()),
    ];
    files::file(request, (name, request.t("退货", "Returns")), &columns, find)
}

/// `/returns/{return}`.
fn show(request: &Request) -> web::Result<Response> {
    request.subject()?;
    answer(request, page(request, &Form::new(), html! {}))
}

fn page(request: &Request, form: &Form, message: Markup) -> Result<Response, Refusal> {
    let lang = request.lang();
    let r = returns::get(request.principal(), request.param("return"))?;
    // A party that may see the return sees its order, except an arbiter once the dispute is decided.
    let order = match orders::get(request.principal(), &r.order) {
        Ok(o) => Some(o),
        Err(Refusal::NotFound) => None,
        Err(e) => return Err(e),
    };
    let body = html! {
        (message)
        (error_summary(lang, form))
        (notice(Tone::Info, html! { p { (return_badge(lang, r.state)) " " (local(r.changed_at))
            @if let Some(at) = r.due_at { " · " (request.t("下一步须在此之前完成，否则自动处理：", "The next step is to be taken before this, or the clock takes it: ")) (local(at)) } } }))
        (facts(request, &r, order.as_ref()))
        (steps(request, &r, form))
        p { a href={ "/orders/" (r.order) } { (request.t("查看订单", "See the order")) } }
    };
    Ok(LAYOUT.page(request, &t("退货", "Return"), body))
}

fn facts(request: &Request, r: &Return, order: Option<&Order>) -> Markup {
    let lang = request.lang();
    html! {
        dl.facts {
            dt { (request.t("订单", "Order")) } dd { code { (r.order) } }
            dt { (request.t("原因", "Why")) } dd { (r.reason.name().get(lang)) }
            @for u in &r.units {
                dt { @match order.and_then(|o| o.lines.get(u.line)) { Some(l) => (l.title.get(lang)), None => { (request.t("第 ", "Line ")) (u.line + 1) (request.t(" 行", "")) } } }
                dd { (u.units) " " (request.t("件", "units")) }
            }
            dt { (request.t("商品价值", "Worth")) } dd { (amount(r.amount)) }
            @if !r.text.is_empty() { dt { (request.t("买家说明", "The buyer says")) } dd { (r.text) } }
            @if let Some(a) = &r.answer { dt { (request.t("商家答复", "The store says")) } dd { (a) } }
            @if let Some(n) = &r.tracking { dt { (request.t("寄回单号", "Sent back by")) } dd { (n) } }
            @if let Some(d) = &r.decision { dt { (request.t("裁决", "Decision")) } dd { (d) } }
            @if r.refunded > 0 { dt { (request.t("退款", "Refunded")) } dd { strong { (amount(r.refunded)) } } }
        }
    }
}

/// What whoever looks can do with it now: a form for each step.
fn steps(request: &Request, r: &Return, form: &Form) -> Markup {
    let who = request.principal();
    let me = who.subject.as_deref();
    let buyer = me == Some(r.owner.as_deref().unwrap_or(&r.placed_by));
    let seller = me == Some(r.seller.as_str());
    let may = |s: Step| r.state.check(s).is_ok();
    let plain = |step: &str, words: &str| html! { form.inline method="post" action={ "/returns/" (r.id) } { button type="submit" name="step" value=(step) { (words) } } };
    html! {
        @if buyer && may(Step::Send) { (said(request, r, form, "send", "tracking", &t("承运人和单号", "Carrier and number"), request.t("已寄回", "I sent it"))) }
        @if seller && may(Step::Approve) { (said(request, r, form, "approve", "answer", &t("答复（选填，如寄回地址）", "Answer (optional, such as where to send it)"), request.t("同意退货", "Agree"))) }
        @if seller && may(Step::Reject) { (said(request, r, form, "reject", "refusal", &t("拒绝的理由", "Why not"), request.t("拒绝退货", "Refuse"))) }
        div.actions {
            @if seller && may(Step::Inspect) { (plain("inspect", request.t("已收到并验收", "Received and looked at"))) }
            @if seller && may(Step::Refund) { (plain("refund", request.t("退款", "Refund"))) }
            @if buyer && may(Step::Appeal) { (plain("appeal", request.t("申请仲裁", "Go to the arbiter"))) }
            @if buyer && may(Step::Withdraw) { (plain("withdraw", request.t("撤回退货", "Withdraw it"))) }
        }
        @if who.has_role(ARBITER) && may(Step::Arbitrate) { (arbitration(request, r, form)) }
    }
}

fn said(
    request: &Request,
    r: &Return,
    form: &Form,
    step: &str,
    name: &str,
    label: &yunlong_sdk::Text,
    words: &str,
) -> Markup {
    html! {
        form.card method="post" action={ "/returns/" (r.id) } novalidate {
            (field(request.lang(), form, name, "text", label, None))
            div.actions { button.danger[step == "reject"].outline[step == "reject"] type="submit" name="step" value=(step) { (words) } }
        }
    }
}

fn arbitration(request: &Request, r: &Return, form: &Form) -> Markup {
    let lang = request.lang();
    let shown = if form.value("step") == "arbitrate" {
        form.clone()
    } else {
        Form::new().with("amount", typed_money(r.amount))
    };
    card(
        "arbitrate",
        request.t("裁决", "Decide"),
        html! {
            form method="post" action={ "/returns/" (r.id) } novalidate {
                (field(lang, &shown, "amount", "text", &t("退给买家（元），0 为不退", "Back to the buyer (yuan), 0 for nothing"), Some(&t("最多为商品价值；裁决不能更改", "At most what the goods are worth. It is final"))))
                (textarea(lang, &shown, "decision", 4, &t("理由", "Why"), None))
                div.actions { button type="submit" name="step" value="arbitrate" { (request.t("作出裁决", "Decide")) } }
            }
        },
    )
}

/// `POST /returns/{return}`: one step.
fn act(request: &Request) -> web::Result<Response> {
    request.subject()?;
    let mut form = request.form()?;
    let (who, id, step) = (request.principal(), request.param("return"), form.value("step").to_owned());
    let text = |form: &Form, name: &str| form.value(name).trim().to_owned();
    let done = match step.as_str() {
        "send" => returns::send(who, id, &text(&form, "tracking")),
        "approve" => returns::approve(who, id, &text(&form, "answer")),
        "reject" => returns::reject(who, id, &text(&form, "refusal")).map_err(|e| renamed(e, "/answer", "/refusal")),
        "inspect" => returns::inspect(who, id),
        "refund" => returns::refund(who, id),
        "appeal" => returns::appeal(who, id),
        "withdraw" => returns::withdraw(who, id),
        "arbitrate" => {
            let Some(amount) = fen(form.value("amount")) else {
                form.reject("amount", t("请填写金额（元），如 1080.00", "Enter an amount in yuan, such as 1080.00"));
                return answer(request, unreadable(&form, |f, m| page(request, f, m)));
            };
            returns::arbitrate(who, id, amount, &text(&form, "decision"))
        }
        _ => Err(Refusal::NotFound),
    };
    answer(
        request,
        match done {
            Ok(r) => Ok(Response::see_other(&format!("/returns/{}", r.id))),
            Err(e) => again(request, form, e, |f, m| page(request, f, m)),
        },
    )
}

/// Two forms of a page ask for the same field under names of their own.
fn renamed(refusal: Refusal, from: &str, to: &str) -> Refusal {
    match refusal {
        Refusal::Fields(mut fields) => {
            fields.iter_mut().filter(|f| f.pointer == from).for_each(|f| f.pointer = to.to_owned());
            Refusal::Fields(fields)
        }
        other => other,
    }
}

//! The store's orders: accept, send, give back; its returns; its income.

use super::super::files::{self, Field};
use super::super::forms::{again, fen, unreadable};
use super::super::order_view as view;
use super::super::returns::{file as returns_file, listed as returns_listed, typed_units, unit_fields};
use super::super::{LAYOUT, PAGE, acted, answer, local, order_badge, saved};
use super::{menu, part};
use crate::domain::machine::Machine;
use crate::domain::order::{Back, Order, Step};
use crate::domain::shipment::Carrier;
use crate::service::access::MANAGER;
use crate::service::orders::{Wanted, is_seller};
use crate::service::shipping::{self, Shipping};
use crate::service::{Refusal, orders, returns, stores};
use maud::{Markup, html};
use yunlong_sdk::page::{
    Chart, Column, Quantity, amount, chart, confirm, empty, error_summary, field, hidden, select, table,
};
use yunlong_sdk::{Form, Request, Response, Router, Text, random, t, web};

/// The most orders that the income is summed of.
const ORDERS: usize = 2_000;

pub(super) fn routes(router: Router) -> Router {
    router
        .get("/store/orders", list)
        .get("/store/orders/file", list_file)
        .get("/store/orders/{order}", show)
        .post("/store/orders/{order}/accept", accept)
        .post("/store/orders/{order}/ship", ship)
        .post("/store/orders/{order}/brought", brought)
        .post("/store/orders/{order}/refund", refund)
        .get("/store/returns", store_returns)
        .get("/store/returns/file", store_returns_file)
        .get("/store/income", income)
        .get("/store/income/file", income_file)
}

/// `/store/orders`.
fn list(request: &Request) -> web::Result<Response> {
    request.subject()?;
    let shown = || {
        let asked = view::asked(request);
        let page = orders::of_store(request.principal(), &asked.wanted, PAGE, asked.after())?;
        let none = html! { p { (request.t("店铺还没有订单。", "The store has no orders yet.")) } };
        let body = html! {
            (menu(request))
            (view::listed(request, &asked, request.t("店铺的订单", "The store's orders"), page, none))
        };
        Ok(LAYOUT.page(request, &t("店铺订单", "The store's orders"), body))
    };
    answer(request, shown())
}

/// `/store/orders/file`.
fn list_file(request: &Request) -> web::Result<Response> {
    request.subject()?;
    let asked = view::asked(request);
    view::file(request, "store-orders", |limit, after| {
        orders::of_store(request.principal(), &asked.wanted, limit, after)
    })
}

/// `/store/orders/{order}`: what the seller, or a manager, does with it.
fn show(request: &Request) -> web::Result<Response> {
    request.subject()?;
    answer(request, page(request, &Form::new().with("key", random::code(16)), html! {}))
}

fn handled(request: &Request) -> Result<Order, Refusal> {
    let who = request.principal();
    let order = orders::get(who, request.param("order"))?;
    if is_seller(&order, who) || who.has_role(MANAGER) { Ok(order) } else { Err(Refusal::NotFound) }
}

fn page(request: &Request, form: &Form, message: Markup) -> Result<Response, Refusal> {
    let order = handled(request)?;
    let seller = is_seller(&order, request.principal());
    let may = |s: Step| order.state.check(s).is_ok();
    let unsent = (0..order.lines.len()).any(|i| order.to_ship(i) > 0);
    let body = html! {
        (saved(request))
        (message)
        (error_summary(request.lang(), form))
        p { (order_badge(request.lang(), order.state)) " " a href={ "/orders/" (order.id) } { (request.t("订单详情", "The whole order")) } }
        (view::block(request, &order))
        (view::lines(request.lang(), &order))
        (view::facts(request, &order)?)
        @if seller && may(Step::Accept) { (part("accept", request.t("接单", "Accept"), html! {
            p { (request.t("接单后请尽快发货。超时未接单，货款自动退回买家。", "Send it soon after. An order that is not accepted in time is refunded by itself.")) }
            (confirm(&format!("/store/orders/{}/accept", order.id), request.t("接单", "Accept"), &[]))
        })) }
        @if seller && may(Step::Ship) && unsent { (part("ship", request.t("发货", "Send"), ship_form(request, &order, form))) }
        @if may(Step::Refund) { (part("refund", request.t("退款", "Give money back"), refund_form(request, &order, form))) }
        p { a href="/store/orders" { (request.t("返回列表", "Back to the list")) } }
    };
    Ok(LAYOUT.page(request, &t("处理订单", "Handle an order"), body).header("cache-control", "no-store"))
}

fn ship_form(request: &Request, order: &Order, form: &Form) -> Markup {
    let lang = request.lang();
    let carriers = [
        ("city", request.t("城市物流（自动下单）", "The city's carrier (asked by message)")),
        ("own", request.t("其他快递", "Another carrier")),
        ("store", request.t("自己送货", "We bring it")),
    ];
    let whole = |i: usize| order.to_ship(i);
    let filled = (0..order.lines.len()).filter(|i| whole(*i) > 0).fold(form.clone(), |f, i| {
        let name = format!("units-{i}");
        if form.checked(&name) { f } else { f.with(&name, whole(i).to_string()) }
    });
    html! {
        form method="post" action={ "/store/orders/" (order.id) "/ship" } novalidate {
            (hidden("key", form.value("key")))
            (unit_fields(request, order, &filled, &whole))
            (select(lang, form, "carrier", &t("承运人", "Carrier"), &carriers))
            (field(lang, form, "carrier-name", "text", &t("快递公司（其他快递填写）", "Carrier's name (another carrier)"), None))
            (field(lang, form, "carrier-number", "text", &t("快递单号（其他快递填写）", "Carrier's number (another carrier)"), None))
            div.actions { button type="submit" { (request.t("发货", "Send")) } }
        }
    }
}

fn refund_form(request: &Request, order: &Order, form: &Form) -> Markup {
    let lang = request.lang();
    html! {
        p { (request.t("退未发出的商品，或只退部分货款。已发出的商品由买家申请退货。", "Units that were not sent, or a part of the price. What was sent comes back as a return of the buyer's.")) }
        form method="post" action={ "/store/orders/" (order.id) "/refund" } novalidate {
            @for (i, l) in order.lines.iter().enumerate() {
                @if l.left() > 0 {
                    fieldset {
                        legend { (l.title.get(lang)) " · " (request.t("余额 ", "left ")) (amount(l.left())) }
                        (field(lang, form, &format!("back-{i}-units"), "number", &Text::new(format!("退未发的件数（最多 {}）", order.to_ship(i)), format!("Units that were not sent (at most {})", order.to_ship(i))), None))
                        (field(lang, form, &format!("back-{i}-amount"), "text", &t("或只退部分货款（元）；件数按价值退回", "Or a reduction alone (yuan); units go back at their worth"), None))
                    }
                }
            }
            (field(lang, form, "reason", "text", &t("原因", "Why"), None))
            div.actions { button.danger type="submit" { (request.t("退款", "Give it back")) } }
        }
    }
}

/// `POST /store/orders/{order}/accept`.
fn accept(request: &Request) -> web::Result<Response> {
    acted(request, orders::accept(request.principal(), request.param("order")), |o| {
        format!("/store/orders/{}?saved=1", o.id)
    })
}

/// `POST /store/orders/{order}/ship`.
fn ship(request: &Request) -> web::Result<Response> {
    request.subject()?;
    answer(request, ship_done(request, request.form()?))
}

fn ship_done(request: &Request, mut form: Form) -> Result<Response, Refusal> {
    let order = handled(request)?;
    let Some(units) = typed_units(&mut form, &order) else { return unreadable(&form, |f, m| page(request, f, m)) };
    if form.value("carrier") == "own" {
        let wanted = [
            ("carrier-name", t("请填写快递公司", "Enter the carrier's name")),
            ("carrier-number", t("请填写快递单号", "Enter the carrier's number")),
        ];
        for (name, why) in wanted {
            if form.value(name).trim().is_empty() {
                form.reject(name, why);
            }
        }
        if !form.is_valid() {
            return unreadable(&form, |f, m| page(request, f, m));
        }
    }
    let value = |name: &str| form.value(name).trim().to_owned();
    let carrier = match form.value("carrier") {
        "own" => Carrier::Own { name: value("carrier-name"), number: value("carrier-number") },
        "store" => Carrier::Store,
        _ => Carrier::City,
    };
    let key = Some(value("key")).filter(|k| !k.is_empty() && k.len() <= 64);
    let what = Shipping { units, parcels: Vec::new(), carrier, key };
    match shipping::ship(request.principal(), &order.id, &what) {
        Ok(o) => Ok(Response::see_other(&format!("/store/orders/{}?saved=1", o.id))),
        Err(e) => again(request, form, e, |f, m| page(request, f, m)),
    }
}

/// `POST /store/orders/{order}/brought`.
fn brought(request: &Request) -> web::Result<Response> {
    request.subject()?;
    let form = request.form()?;
    acted(request, shipping::brought(request.principal(), request.param("order"), form.value("request")), |o| {
        format!("/orders/{}", o.id)
    })
}

/// `POST /store/orders/{order}/refund`.
fn refund(request: &Request) -> web::Result<Response> {
    request.subject()?;
    answer(request, refund_done(request, request.form()?))
}

fn refund_done(request: &Request, mut form: Form) -> Result<Response, Refusal> {
    let order = handled(request)?;
    let Some(backs) = backs(&mut form, &order, false) else { return unreadable(&form, |f, m| page(request, f, m)) };
    match orders::give_back(request.principal(), &order.id, &backs, form.value("reason")) {
        Ok(o) => Ok(Response::see_other(&format!("/store/orders/{}?saved=1", o.id))),
        Err(e) => again(request, form, e, |f, m| page(request, f, m)),
    }
}

/// What a form says goes back of each line; a line whose fields are empty is left as it is.
pub(in crate::pages) fn backs(form: &mut Form, order: &Order, shipped: bool) -> Option<Vec<Back>> {
    let mut backs = Vec::new();
    for line in 0..order.lines.len() {
        let (of_units, of_amount) = (format!("back-{line}-units"), format!("back-{line}-amount"));
        let (units, money) = (form.value(&of_units).trim().to_owned(), form.value(&of_amount).trim().to_owned());
        let units = if units.is_empty() { 0 } else { u32::try_from(form.number(&of_units, 0..=1_000_000)?).ok()? };
        let amount = if money.is_empty() {
            None
        } else if let Some(fen) = fen(&money) {
            Some(fen)
        } else {
            form.reject(&of_amount, t("请填写金额（元），如 1080.00", "Enter an amount in yuan, such as 1080.00"));
            return None;
        };
        if units > 0 && amount.is_some() {
            form.reject(&of_amount, orders::EITHER);
            return None;
        }
        if units > 0 || amount.is_some() {
            backs.push(Back { line, units, shipped, amount });
        }
    }
    Some(backs)
}

/// `/store/returns`.
fn store_returns(request: &Request) -> web::Result<Response> {
    request.subject()?;
    let shown = || {
        let after = request.query_value("after");
        let at_start = after.is_none();
        let page = returns::of_store(request.principal(), PAGE, after)?;
        let body = html! { (menu(request)) (returns_listed(request, "/store/returns", page, at_start)) };
        Ok(LAYOUT.page(request, &t("店铺退货", "The store's returns"), body))
    };
    answer(request, shown())
}

/// `/store/returns/file`.
fn store_returns_file(request: &Request) -> web::Result<Response> {
    request.subject()?;
    returns_file(request, "store-returns", |limit, after| returns::of_store(request.principal(), limit, after))
}

/// What came of the orders of a month in which they were placed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Income {
    orders: u32,
    held: u64,
    refunded: u64,
    commission: u64,
    paid: u64,
}

/// The income by month, the newest first, and whether there are more orders than were read.
fn by_month(request: &Request) -> Result<(Vec<(String, Income)>, bool), Refusal> {
    let mut months: std::collections::BTreeMap<String, Income> = std::collections::BTreeMap::new();
    let (mut after, mut read) = (None, 0);
    loop {
        let page = orders::of_store(request.principal(), &Wanted::default(), 200, after)?;
        read += page.items.len();
        for o in page.items.iter().filter(|o| o.escrow.captured() > 0) {
            let of = months.entry(crate::domain::time::Month::at(o.placed_at).to_string()).or_default();
            of.orders += 1;
            of.held += o.escrow.held();
            of.refunded += o.escrow.refunded();
            if let Some(r) = &o.release {
                of.commission += r.division.platform + r.division.station;
                of.paid += r.division.seller;
            }
        }
        after = page.next;
        if after.is_none() || read >= ORDERS {
            return Ok((months.into_iter().rev().collect(), after.is_some()));
        }
    }
}

/// `/store/income`.
fn income(request: &Request) -> web::Result<Response> {
    request.subject()?;
    let shown = || {
        stores::my_store(request.principal())?;
        let (rows, more) = by_month(request)?;
        let signed = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
        let drawn =
            Chart::bar(request.t("各月结算和保管的货款", "Paid out and held, by month"), request.t("月份", "Month"))
                .unit(request.t("元", "yuan"))
                .series(request.t("已结算", "Paid to you"))
                .series(request.t("保管中", "Held"))
                .stacked();
        let drawn = rows.iter().rev().fold(drawn, |c, (month, i)| {
            c.row(month.as_str(), [Quantity::fen(signed(i.paid)), Quantity::fen(signed(i.held))])
        });
        let body = html! {
            (menu(request))
            p { (request.t("按下单月份。货款在买家确认收货后结算，扣除服务费（以及站点佣金）。", "By the month of the order. You are paid once the buyer has confirmed, less the commission (and the station's).")) }
            @if rows.is_empty() { (empty(html! { p { (request.t("还没有收入。", "There is no income yet.")) } })) }
            @else {
                (table(request.t("收入", "Income"), &[
                    Column::new(request.t("月份", "Month"), |(m, _): &(String, Income)| html! { (m) }),
                    Column::new(request.t("订单", "Orders"), |(_, i): &(String, Income)| html! { (i.orders) }).numeric(),
                    Column::new(request.t("已结算", "Paid to you"), |(_, i): &(String, Income)| amount(i.paid)).numeric(),
                    Column::new(request.t("服务费", "Commission"), |(_, i): &(String, Income)| amount(i.commission)).numeric(),
                    Column::new(request.t("保管中", "Held"), |(_, i): &(String, Income)| amount(i.held)).numeric(),
                    Column::new(request.t("已退", "Returned"), |(_, i): &(String, Income)| amount(i.refunded)).numeric(),
                ], rows.iter().cloned()))
                @if more { p.muted { (request.t("只统计最近 2000 张订单。", "Of the last 2,000 orders.")) } }
                div.actions.no-print { a href="/store/income/file?format=csv" { (request.t("下载 CSV", "Download CSV")) } a href="/store/income/file?format=xlsx" { (request.t("下载 Excel", "Download for Excel")) } }
                (chart(request.lang(), &drawn))
            }
        };
        Ok(LAYOUT.page(request, &t("收入", "Income"), body))
    };
    answer(request, shown())
}

/// `/store/income/file`: every order with what came of it.
fn income_file(request: &Request) -> web::Result<Response> {
    request.subject()?;
    let lang = request.lang();
    let kept = |o: &Order| o.release.as_ref().map_or(0, |r| r.division.platform + r.division.station);
    let columns = [
        Field::new(request.t("订单号", "Order"), |o: &Order| o.id.clone()),
        Field::new(request.t("下单时间", "Ordered"), |o: &Order| local(o.placed_at)),
        Field::new(request.t("状态", "State"), |o: &Order| o.state.name().get(lang).to_owned()),
        Field::fen(request.t("应付（元）", "Price (yuan)"), |o: &Order| o.total),
        Field::fen(request.t("已退（元）", "Returned (yuan)"), |o: &Order| o.escrow.refunded()),
        Field::fen(request.t("保管中（元）", "Held (yuan)"), |o: &Order| o.escrow.held()),
        Field::fen(request.t("服务费（元）", "Commission (yuan)"), kept),
        Field::fen(request.t("结算给您（元）", "Paid to you (yuan)"), |o: &Order| {
            o.release.as_ref().map_or(0, |r| r.division.seller)
        }),
    ];
    files::file(request, ("income", request.t("收入", "Income")), &columns, |limit, after| {
        orders::of_store(request.principal(), &Wanted::default(), limit, after)
    })
}

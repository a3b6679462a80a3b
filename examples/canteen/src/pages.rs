//! The pages.

use crate::order::{self, Order, State};
use maud::{Markup, html};
use yunlong_sdk::page::{self, Column};
use yunlong_sdk::payments::{self, Status};
use yunlong_sdk::{Layout, NavItem, Request, Response, Tone, clock, t, web};

static LAYOUT: Layout =
    Layout::new(t("社区食堂", "Canteen")).nav(|_| vec![NavItem::new("/", t("今天", "Today"))]).help("/help");

/// How much is left, and what the visitor ordered.
pub(crate) fn home(req: &Request) -> web::Result<Response> {
    let left = order::left()?;
    let mine = match &req.principal().subject {
        Some(owner) => order::of(owner)?,
        None => Vec::new(),
    };
    let columns = [
        Column::new(req.t("编号", "Number"), |o: &Order| html! { a href={ "/orders/" (o.number) } { (o.number) } }),
        Column::new(req.t("日期", "Day"), |o: &Order| html! { (o.day.as_deref().unwrap_or("—")) }),
        Column::new(req.t("状态", "State"), |o: &Order| state(req, o.state)),
        Column::new(req.t("金额", "Price"), |o: &Order| page::amount(o.price)).numeric(),
    ];
    Ok(LAYOUT.page(
        req,
        &t("今天的午餐", "Today's lunch"),
        html! {
            p { (req.t("剩余份数：", "Portions left: ")) strong { (left) } }
            @if left > 0 { (page::confirm("/orders", req.t("预订一份", "Order one"), &[])) }
            @if !mine.is_empty() { (page::table(req.t("我的订餐", "My orders"), &columns, mine)) }
        },
    ))
}

fn state(req: &Request, state: State) -> Markup {
    match state {
        State::Held => page::badge(Tone::Warn, req.t("待付款", "To be paid")),
        State::Paid => page::badge(Tone::Ok, req.t("已付款", "Paid")),
        State::Returning => page::badge(Tone::Info, req.t("退款中", "Being refunded")),
        State::Ended => page::badge(Tone::Info, req.t("已结束", "Ended")),
    }
}

/// Orders, and leads to the order's page.
pub(crate) fn submit(req: &Request) -> web::Result<Response> {
    let order = order::order(req.subject()?)?;
    Ok(Response::see_other(&format!("/orders/{}", order.number)))
}

// ANCHOR: cashier
/// One order, with the way to the cashier while it is to be paid.
pub(crate) fn detail(req: &Request) -> web::Result<Response> {
    let order = order::get(req.subject()?, req.param("number"))?;
    let payment = if order.state == State::Held { Some(payments::intent(&order.intent)?) } else { None };
    // While the provider is asked, a second payment would be one too many.
    let open = payment.filter(|p| matches!(p.status, Status::Pending | Status::Failed));
    Ok(LAYOUT.page(req, &t("订餐", "Order"), html! {
        p { (state(req, order.state)) " " (page::amount(order.price)) }
        p { (req.t("下单时间：", "Ordered: ")) time datetime=(clock::rfc3339(order.time)) { (clock::minute(order.time)) } }
        @if let Some(open) = open { p { a href=(open.cashier_url) { (req.t("去付款", "Pay")) } } }
        @if order.state == State::Paid {
            (page::confirm(&format!("/orders/{}/return", order.number), req.t("退订", "Give it back"), &[]))
        }
    }))
}
// ANCHOR_END: cashier

/// Gives a paid order back.
pub(crate) fn give_back(req: &Request) -> web::Result<Response> {
    let number = req.param("number");
    order::give_back(req.subject()?, number)?;
    Ok(Response::see_other(&format!("/orders/{number}")))
}

/// Help.
pub(crate) fn help(req: &Request) -> web::Result<Response> {
    Ok(LAYOUT.page(req, &t("帮助", "Help"), html! {
        p { (req.t("预订后请在时限内付款，否则自动取消。当天可以退订，餐费原路退回。",
            "Pay within the time, or the order ends by itself. It can be given back on the same day, and the money is returned.")) }
    }))
}

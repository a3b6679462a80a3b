//! A buyer's orders and tickets.

use super::{LAYOUT, answer, state_badge, weekday};
use crate::domain::entitlement;
use crate::domain::order::{Order, State, Step};
use crate::domain::slot::Slot;
use crate::domain::time::{MINUTE, local};
use crate::policy;
use crate::service::gate::{self, TicketView};
use crate::service::{Refusal, now, orders};
use maud::{Markup, html};
use yunlong_sdk::page::{Column, amount, badge, card, confirm, empty, notice, pager, table};
use yunlong_sdk::payments::{self, Status};
use yunlong_sdk::{Lang, Request, Response, Stored, Text, Tone, qr, t, web};

/// How soon a page looks again for a payment's outcome, in seconds.
const LOOK_AGAIN: u32 = 2;

/// `/orders`.
pub(super) fn list(request: &Request) -> web::Result<Response> {
    let subject = request.subject()?;
    let after = request.query_value("after");
    let at_start = after.is_none();
    let page = match orders::list(subject, 20, after) {
        Ok(page) => page,
        Err(e) => return Err(e.into_error(request.lang())),
    };
    let lang = request.lang();
    let body = html! {
        @if page.items.is_empty() && at_start {
            (empty(html! { p { (request.t("您还没有订单。", "You have no orders yet.")) } p { a href="/" { (request.t("去看看景区", "See the attractions")) } } }))
        } @else {
            (table(request.t("我的订单", "My orders"), &[
                Column::new(request.t("订单", "Order"), |o: &Stored<Order>| html! { a href={ "/orders/" (o.id) } { (o.product_name.get(lang)) } }),
                Column::new(request.t("游览时间", "Visit"), |o: &Stored<Order>| html! { @if let Some(p) = o.parts.first() { (p.slot.id.date) " " (p.slot.id.start) } }),
                Column::new(request.t("人数", "People"), |o: &Stored<Order>| html! { (o.people()) }).numeric(),
                Column::new(request.t("金额", "Amount"), |o: &Stored<Order>| amount(o.total)).numeric(),
                Column::new(request.t("状态", "State"), |o: &Stored<Order>| state_badge(lang, o.state)),
            ], page.items))
        }
        (pager(lang, "/orders", &[], at_start, page.next.as_deref()))
    };
    Ok(LAYOUT.page(request, &t("我的订单", "My orders"), body))
}

/// `/orders/{order}`.
pub(super) fn detail(request: &Request) -> web::Result<Response> {
    request.subject()?;
    answer(request, show(request))
}

fn show(request: &Request) -> Result<Response, Refusal> {
    let lang = request.lang();
    let order = orders::get(request.param("order"), request.principal())?;
    let paying = paying(&order);
    let waiting = matches!(paying, Some(Status::Processing | Status::Captured));
    let body = html! {
        (status(request, &order, paying))
        (card("what", request.t("订单内容", "What was ordered"), facts(lang, &order)))
        (card("who", request.t("游客", "Visitors"), visitors(request, &order)))
        (actions(request, &order, waiting))
    };
    let response = LAYOUT.page(request, &order.product_name, body);
    Ok(if waiting || order.state == State::Refunding {
        response.header("refresh", LOOK_AGAIN.to_string())
    } else {
        response
    })
}

/// Where the payment of a held order stands; asked for only while it is held.
fn paying(order: &Order) -> Option<Status> {
    let intent = order.intent.as_ref().filter(|_| order.state == State::Held)?;
    payments::intent(&intent.id).ok().map(|i| i.status)
}

fn status(request: &Request, order: &Order, paying: Option<Status>) -> Markup {
    let lang = request.lang();
    let text = match order.state {
        State::Held => return held(request, order, paying),
        State::Issued | State::PartUsed => t(
            "已出票。入园时打开下面的票，出示正在更新的票码。",
            "The tickets are ready. Open a ticket below and show its live code at the gate.",
        ),
        State::Used => t("所有票都已使用，谢谢光临。", "All tickets were used. Thank you for your visit."),
        State::Expired => t(
            "没有在保留时间内支付，名额已释放，没有收费。",
            "It was not paid in time. The places are free again and nothing was charged.",
        ),
        State::Refunded if order.captured == 0 => t("预约已取消。", "The booking was cancelled."),
        State::Refunded => t("票款已原路退回。", "The money was returned the way it came."),
        State::Refunding if order.refund.as_ref().is_some_and(|r| r.failed.is_some()) => t(
            "支付机构拒绝了退款。请再次申请，或联系景区。",
            "The payment provider refused the refund. Ask again, or contact the attraction.",
        ),
        State::Refunding => t("正在退款，票已作废。", "The money is on its way back; the tickets are void."),
        State::Draft | State::Paid => t("正在出票。", "The tickets are being issued."),
    };
    let tone = match order.state {
        State::Issued | State::PartUsed | State::Used => Tone::Ok,
        State::Expired => Tone::Warn,
        _ => Tone::Info,
    };
    notice(tone, html! { p { (state_badge(lang, order.state)) " " (text.get(lang)) } })
}

fn held(request: &Request, order: &Order, paying: Option<Status>) -> Markup {
    let lang = request.lang();
    let until = local(order.hold_until);
    let text = match paying {
        Some(Status::Processing | Status::Captured) => {
            t("正在确认支付结果，本页会自动更新。", "The payment is being confirmed; this page follows by itself.")
        }
        Some(Status::Failed) => {
            t("上次支付没有成功，可以再试。", "The last payment did not go through; you can try again.")
        }
        _ => t("名额已为您保留，请在此之前支付：", "Your places are kept. Pay before:"),
    };
    let left = (order.hold_until - now()).max(0).div_euclid(MINUTE);
    notice(
        if paying == Some(Status::Failed) { Tone::Bad } else { Tone::Warn },
        html! {
            p { (state_badge(lang, order.state)) " " (text.get(lang)) " " strong { (until) } " (" (left) " " (request.t("分钟", "min")) ")" }
        },
    )
}

fn when(lang: Lang, slot: &Slot) -> String {
    format!("{} {} {}", slot.id.date, weekday(lang, slot.id.date), slot.hours())
}

fn facts(lang: Lang, order: &Order) -> Markup {
    html! {
        dl.facts {
            dt { (lang.pick("订单号", "Number")) } dd { code { (order.id) } }
            @for p in &order.parts { dt { (p.name.get(lang)) } dd { (when(lang, &p.slot)) } }
            dt { (lang.pick("金额", "Amount")) } dd { (amount(order.total)) }
            @if order.refunded > 0 { dt { (lang.pick("已退", "Returned")) } dd { (amount(order.refunded)) } }
            dt { (lang.pick("下单时间", "Ordered")) } dd { (local(order.created_at)) }
        }
    }
}

fn visitors(request: &Request, order: &Order) -> Markup {
    let tickets = matches!(order.state, State::Issued | State::PartUsed | State::Used);
    let mut columns = vec![
        Column::new(request.t("姓名", "Name"), |(_, v): &(usize, crate::domain::visitor::Visitor)| html! { (v.name) }),
        Column::new(
            request.t("证件", "Document"),
            |(_, v): &(usize, crate::domain::visitor::Visitor)| html! { (v.id_masked) },
        ),
        Column::new(request.t("价格", "Price"), |(_, v): &(usize, crate::domain::visitor::Visitor)| amount(v.price))
            .numeric(),
    ];
    if tickets {
        columns.push(Column::new(request.t("票", "Ticket"), |(i, v): &(usize, crate::domain::visitor::Visitor)| {
            html! { a href={ "/orders/" (order.id) "/tickets/" (i) } aria-label={ (request.t("打开票码：", "Open the ticket of ")) (v.name) } { (request.t("打开票码", "Open the ticket")) } }
        }));
    }
    table(request.t("游客名单", "List of visitors"), &columns, order.visitors.iter().cloned().enumerate())
}

fn actions(request: &Request, order: &Order, waiting: bool) -> Markup {
    let at = |what: &str| format!("/orders/{}/{what}", order.id);
    let failed = order.state == State::Refunding && order.refund.as_ref().is_some_and(|r| r.failed.is_some());
    html! {
        div.actions {
            @if order.state == State::Held && !waiting {
                (confirm(&at("pay"), request.t("去支付", "Pay"), &[]))
                a role="button" class="secondary outline" href=(at("cancel")) { (request.t("放弃订单", "Give up the order")) }
            }
            @if order.check(Step::Refund).is_ok() || failed {
                a role="button" class="secondary outline" href=(at("refund")) { (request.t("整单退票", "Give back the whole order")) }
            }
            a href="/orders" { (request.t("我的订单", "My orders")) }
        }
    }
}

/// `POST /orders/{order}/pay`: to the cashier.
pub(super) fn pay(request: &Request) -> web::Result<Response> {
    request.subject()?;
    answer(
        request,
        orders::pay(request.param("order"), request.principal(), false).map(|order| {
            let to = order
                .intent
                .filter(|_| order.state == State::Held)
                .map_or_else(|| format!("/orders/{}", order.id), |i| i.cashier_url);
            Response::see_other(&to)
        }),
    )
}

/// `GET /orders/{order}/cancel`.
pub(super) fn ask_cancel(request: &Request) -> web::Result<Response> {
    ask(
        request,
        Step::Expire,
        &t("放弃订单", "Give up the order"),
        &t("放弃后名额立即释放，不收任何费用。", "The places are free again at once, and nothing is charged."),
        "cancel",
    )
}

/// `GET /orders/{order}/refund`.
pub(super) fn ask_refund(request: &Request) -> web::Result<Response> {
    ask(
        request,
        Step::Refund,
        &t("整单退票", "Give back the whole order"),
        &t(
            "所有票立即作废，票款全额原路退回。",
            "All tickets are void at once, and the whole price returns the way it came.",
        ),
        "refund",
    )
}

/// The question before a step that cannot be taken back.
fn ask(request: &Request, step: Step, title: &Text, what: &Text, action: &str) -> web::Result<Response> {
    request.subject()?;
    let shown = orders::get(request.param("order"), request.principal()).and_then(|order| {
        let again = step == Step::Refund && order.refund.as_ref().is_some_and(|r| r.failed.is_some());
        if !again {
            order.check(step)?;
        }
        let lang = request.lang();
        let body = html! {
            p { (what.get(lang)) }
            (facts(lang, &order))
            div.actions {
                form method="post" action={ "/orders/" (order.id) "/" (action) } { button.danger type="submit" { (title.get(lang)) } }
                a href={ "/orders/" (order.id) } { (request.t("返回订单", "Back to the order")) }
            }
        };
        Ok(LAYOUT.page(request, title, body))
    });
    answer(request, shown)
}

/// `POST /orders/{order}/cancel`.
pub(super) fn cancel(request: &Request) -> web::Result<Response> {
    request.subject()?;
    answer(
        request,
        orders::cancel(request.param("order"), request.principal())
            .map(|o| Response::see_other(&format!("/orders/{}", o.id))),
    )
}

/// `POST /orders/{order}/refund`.
pub(super) fn refund(request: &Request) -> web::Result<Response> {
    request.subject()?;
    let refunded = orders::refund(request.param("order"), request.principal(), "asked on the order's page");
    answer(request, refunded.map(|o| Response::see_other(&format!("/orders/{}", o.id))))
}

/// `/orders/{order}/tickets/{ticket}`: the live code.
pub(super) fn ticket(request: &Request) -> web::Result<Response> {
    request.subject()?;
    let Ok(number) = request.param("ticket").parse() else { return answer(request, Err(Refusal::NotFound)) };
    let shown = gate::ticket(request.param("order"), number, request.principal()).and_then(|view| {
        let seconds = policy::code_seconds()?;
        let wait = view.code.as_ref().map(|c| (c.next_at - now()).max(1_000).div_euclid(1_000) + 1);
        let response = LAYOUT.page(request, &view.order.product_name, ticket_body(request, &view, seconds)?);
        // The page follows the code without a script; a stored copy would show an old one.
        let response = response.header("cache-control", "no-store");
        Ok(match wait {
            Some(seconds) => response.header("refresh", seconds.to_string()),
            None => response,
        })
    });
    answer(request, shown)
}

fn ticket_body(request: &Request, view: &TicketView, seconds: u32) -> Result<Markup, Refusal> {
    let lang = request.lang();
    let Some(visitor) = view.order.visitors.get(view.visitor) else { return Err(Refusal::NotFound) };
    Ok(html! {
        @match &view.code {
            Some(code) => {
                (qr::svg(&code.text, request.t("入园票码，文字见下方", "The ticket's code; its text stands below")).unwrap_or_else(|_| html! {}))
                p { strong { (request.t("票码：", "Code: ")) code { (code.text) } } }
                p { (request.t("票码定时更新，截图无效。更新间隔（秒）：", "The code changes; a screenshot is refused. Seconds between codes: ")) (seconds) }
                p { a href={ "/orders/" (view.order.id) "/tickets/" (view.visitor) } { (request.t("立即更新", "Show the next code")) } }
            }
            None => { (notice(Tone::Ok, request.t("这张票已经用完。", "The ticket is used up."))) }
        }
        dl.facts {
            dt { (request.t("姓名", "Name")) } dd { (visitor.name) }
            dt { (request.t("证件", "Document")) } dd { (visitor.id_masked) }
            @for (part, e) in view.order.parts.iter().zip(&view.entitlements) {
                dt { (part.name.get(lang)) }
                dd { (when(lang, &part.slot)) " " (entitlement_badge(lang, e)) }
            }
        }
        p { a href={ "/orders/" (view.order.id) } { (request.t("返回订单", "Back to the order")) } }
    })
}

fn entitlement_badge(lang: Lang, e: &entitlement::Entitlement) -> Markup {
    match e.state {
        entitlement::State::Unused => badge(Tone::Ok, lang.pick("未使用", "unused")),
        entitlement::State::Used => {
            badge(Tone::Info, format!("{} {}", lang.pick("已使用", "used"), e.used_at.map(local).unwrap_or_default()))
        }
        entitlement::State::Refunded => badge(Tone::Bad, lang.pick("已退", "refunded")),
    }
}

//! A buyer's orders and tickets.

use super::{LAYOUT, answer, mandate, state_badge, weekday};
use crate::domain::entitlement;
use crate::domain::order::{Order, State, Step};
use crate::domain::refund::{RefundTier, Returned};
use crate::domain::slot::Slot;
use crate::domain::time::{MINUTE, local};
use crate::policy;
use crate::service::gate::{self, TicketView};
use crate::service::orders::{GiveBack, MANAGER};
use crate::service::{Refusal, now, orders};
use maud::{Markup, html};
use yunlong_sdk::page::{Column, amount, badge, card, checkbox, confirm, empty, error_summary, notice, pager, table};
use yunlong_sdk::payments::{self, Status};
use yunlong_sdk::{Form, Lang, Request, Response, StatusCode, Stored, Text, Tone, qr, t, web};

/// How soon a page looks again for a payment's outcome, in seconds.
const LOOK_AGAIN: i64 = 2;
/// How often a page loads itself again before it waits to be asked (WCAG 2.2.1): a minute of
/// waiting for a payment, some ten minutes of a ticket's code.
const LOOKS: u32 = 30;

/// Lets a page load itself again, with a count that ends.
fn load_again(request: &Request, response: Response, seconds: i64) -> Response {
    match looked(request) {
        n if n < LOOKS => response.header("refresh", format!("{seconds}; url=?look={}", n + 1)),
        _ => response,
    }
}

/// How often the page has loaded itself.
fn looked(request: &Request) -> u32 {
    request.query_value("look").and_then(|n| n.parse().ok()).unwrap_or(0)
}

/// What a page says when it no longer loads itself.
fn paused(request: &Request, waiting: bool) -> Markup {
    html! {
        @if waiting && looked(request) >= LOOKS {
            (notice(Tone::Info, html! {
                p { (request.t("本页已停止自动更新。", "This page no longer follows by itself.")) " " a href=(request.path()) { (request.t("继续更新", "Follow again")) } }
            }))
        }
    }
}

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
    let made_for_me = mandate::made_for_me(request).map_err(|e| e.into_error(lang))?;
    let body = html! {
        @if page.items.is_empty() && at_start {
            (empty(html! { p { (request.t("您还没有订单。", "You have no orders yet.")) } p { a href="/" { (request.t("去看看景区", "See the attractions")) } } }))
        } @else {
            (listing(request, request.t("我的订单", "My orders"), page.items))
        }
        (pager(lang, "/orders", &[], at_start, page.next.as_deref()))
        (made_for_me)
    };
    Ok(LAYOUT.page(request, &t("我的订单", "My orders"), body))
}

/// A table of orders, each leading to its page.
pub(super) fn listing(request: &Request, caption: &str, orders: Vec<Stored<Order>>) -> Markup {
    let lang = request.lang();
    table(
        caption,
        &[
            Column::new(
                request.t("订单", "Order"),
                |o: &Stored<Order>| html! { a href={ "/orders/" (o.id) } { (o.product_name.get(lang)) } },
            ),
            Column::new(
                request.t("游览时间", "Visit"),
                |o: &Stored<Order>| html! { @if let Some(p) = o.parts.first() { (p.slot.id.date) " " (p.slot.id.start) } },
            ),
            Column::new(request.t("人数", "People"), |o: &Stored<Order>| html! { (o.people()) }).numeric(),
            Column::new(request.t("金额", "Amount"), |o: &Stored<Order>| amount(o.total)).numeric(),
            Column::new(request.t("状态", "State"), |o: &Stored<Order>| state_badge(lang, o.state)),
        ],
        orders,
    )
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
    // A refund that the provider refused waits for a person, not for the provider.
    let following = waiting || order.waiting_since().is_some();
    let body = html! {
        (paused(request, following))
        (status(request, &order, paying))
        (card("what", request.t("订单内容", "What was ordered"), facts(lang, &order)))
        (card("who", request.t("游客", "Visitors"), visitors(request, &order)))
        (actions(request, &order, waiting))
    };
    let response = LAYOUT.page(request, &order.product_name, body);
    Ok(if following { load_again(request, response, LOOK_AGAIN) } else { response })
}

/// Where the payment of an order stands; asked for only while it can still arrive.
fn paying(order: &Order) -> Option<Status> {
    let intent = order.intent.as_ref().filter(|_| matches!(order.state, State::Held | State::Expired))?;
    payments::intent(&intent.id).ok().map(|i| i.status)
}

fn status(request: &Request, order: &Order, paying: Option<Status>) -> Markup {
    let lang = request.lang();
    let text = match order.state {
        State::Held => return held(request, order, paying),
        State::Issued | State::PartUsed if order.refund_failure().is_none() => t(
            "已出票。入园时打开下面的票，出示正在更新的票码。",
            "The tickets are ready. Open a ticket below and show its live code at the gate.",
        ),
        State::Used if order.refund_failure().is_none() => {
            t("所有票都已使用，谢谢光临。", "All tickets were used. Thank you for your visit.")
        }
        State::Expired if order.given_up => t(
            "您已放弃此订单，名额已释放。如有款项在途，将自动原路退回。",
            "You gave this order up and its places are free. Money that was on its way returns by itself.",
        ),
        State::Expired if matches!(paying, Some(Status::Processing | Status::Captured)) => t(
            "款项在保留时间之后才到。名额还在就出票，否则自动原路退款；本页会自动更新。",
            "The money came after the places were free again. You get the tickets if they can still be had, else the money returns by itself; this page follows.",
        ),
        // The provider may have taken the money before it was told that the order was given up: a
        // page that said "nothing was charged" could be wrong.
        State::Expired => t(
            "没有在保留时间内收到付款，名额已释放。如果您已付款，款项到账后会出票，或自动原路退回。",
            "No payment arrived in time, and the places are free again. If you have paid, you get the tickets when the money arrives, or it returns by itself.",
        ),
        _ if order.refund_failure().is_some() => t(
            "支付机构拒绝了退款。请再次申请，或联系景区。",
            "The payment provider refused the refund. Ask again, or contact the attraction.",
        ),
        State::PartRefunded => {
            t("部分票已退，其余的票仍然有效。", "Some tickets were given back; the others are still valid.")
        }
        State::Refunded if order.captured == 0 => t("预约已取消。", "The booking was cancelled."),
        State::Refunded => t("票款已原路退回。", "The money was returned the way it came."),
        State::Refunding => t("正在退款，票已作废。", "The money is on its way back; the tickets are void."),
        State::Draft | State::Paid | State::Issued | State::PartUsed | State::Used => {
            t("正在出票。", "The tickets are being issued.")
        }
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
            (mandate::facts(lang, order))
        }
    }
}

fn visitors(request: &Request, order: &Order) -> Markup {
    let shown = [State::Issued, State::PartUsed, State::Used, State::PartRefunded];
    // The code is the buyer's: a manager sees the order, not what opens the gate.
    let tickets = shown.contains(&order.state) && orders::is_owner(order, request.principal());
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
    let mine = orders::is_owner(order, request.principal());
    let failed = order.refund_failure().is_some();
    let may_give_back = orders::may_give_back(order, request.principal());
    html! {
        div.actions {
            @if order.state == State::Held && !waiting && mine {
                (confirm(&at("pay"), request.t("去支付", "Pay"), &[]))
                a role="button" class="secondary outline" href=(at("cancel")) { (request.t("放弃订单", "Give up the order")) }
            }
            @if !may_give_back {}
            @else if failed {
                a role="button" class="secondary outline" href=(at("refund")) { (request.t("再次申请退款", "Ask for the refund again")) }
            } @else if order.check(Step::Refund).is_ok() && !order.unused().is_empty() {
                a role="button" class="secondary outline" href=(at("refund")) { (request.t("退票", "Give tickets back")) }
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

/// The question before an order is given up, which cannot be taken back.
fn ask(request: &Request, step: Step, title: &Text, what: &Text, action: &str) -> web::Result<Response> {
    request.subject()?;
    let shown = orders::own(request.param("order"), request.principal()).and_then(|order| {
        order.check(step)?;
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

/// `GET /orders/{order}/refund`: which tickets, and what returns for them.
pub(super) fn ask_refund(request: &Request) -> web::Result<Response> {
    request.subject()?;
    answer(request, refund_form(request, &Form::new()))
}

fn refund_form(request: &Request, form: &Form) -> Result<Response, Refusal> {
    let lang = request.lang();
    let order = orders::get(request.param("order"), request.principal())?;
    orders::may_return(&order)?;
    let failed = order.refund_failure();
    let manager = request.principal().has_role(MANAGER);
    let by_rule = orders::quote(&order, &GiveBack::default(), now());
    let full = orders::quote(&order, &GiveBack { full: true, ..GiveBack::default() }, now());
    let of = |items: &[Returned], v: usize| items.iter().filter(|i| i.ticket.visitor == v).map(|i| i.amount).sum();
    let open = if manager { &full } else { &by_rule };
    let visitors: Vec<_> =
        order.visitors.iter().enumerate().filter(|(v, _)| open.iter().any(|i| i.ticket.visitor == *v)).collect();
    let body = html! {
        (error_summary(lang, form))
        @if let Some(why) = failed {
            (notice(Tone::Warn, html! { p { (request.t("支付机构的答复：", "The provider said: ")) (why) } }))
        } @else if visitors.is_empty() {
            (notice(Tone::Warn, Refusal::TooLateToReturn.detail().get(lang)))
        } @else {
            p { (request.t("所选的票立即作废，不能恢复；票款原路退回。已使用的票不能退。", "The tickets that you choose are void at once, for good; their money returns the way it came. Used tickets cannot be given back.")) }
        }
        (rules(lang, &order))
        form method="post" action={ "/orders/" (order.id) "/refund" } {
            @if failed.is_none() {
                fieldset #field-ticket {
                    legend { (request.t("退哪些游客的票", "Whose tickets")) }
                    @for (v, visitor) in &visitors {
                        label.choice {
                            input type="checkbox" name="ticket" value=(v) checked;
                            span { (visitor.name) " · " (request.t("退", "returns")) " " (amount(of(&by_rule, *v))) }
                        }
                    }
                }
                @if manager {
                    (checkbox(lang, form, "full", &t("管理员：不按退票规则，全额退款", "Manager: return the full price, whatever the rules say")))
                }
            }
            div.actions {
                @if failed.is_some() || !visitors.is_empty() { button.danger type="submit" { (request.t("确认退票", "Give the tickets back")) } }
                a href={ "/orders/" (order.id) } { (request.t("返回订单", "Back to the order")) }
            }
        }
    };
    Ok(LAYOUT.page(request, &t("退票", "Give tickets back"), body))
}

/// What returns when, in words.
fn rules(lang: Lang, order: &Order) -> Markup {
    let line = |t: &RefundTier| {
        let (h, m) = (t.before_minutes / 60, t.before_minutes % 60);
        let when = match (h, m) {
            (0, 0) => lang.pick("时段开始前", "until the slot begins").to_owned(),
            (h, 0) => {
                lang.pick("时段开始前 {} 小时", "until {} hours before the slot begins").replace("{}", &h.to_string())
            }
            _ => lang
                .pick("时段开始前 {} 分钟", "until {} minutes before the slot begins")
                .replace("{}", &t.before_minutes.to_string()),
        };
        format!("{when}{}{} %", lang.pick("：退 ", ": "), t.percent)
    };
    html! {
        h2 { (lang.pick("退票规则", "What returns")) }
        ul {
            @for t in &order.tiers { li { (line(t)) } }
            li { (lang.pick("之后不退；景区临时关闭的，全额退款。", "After that nothing; everything where the attraction closes.")) }
        }
    }
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
    let mut form = request.form()?;
    answer(request, give_back(request, &mut form))
}

fn give_back(request: &Request, form: &mut Form) -> Result<Response, Refusal> {
    let visitors: Vec<usize> = form.values("ticket").filter_map(|n| n.parse().ok()).collect();
    let order = orders::get(request.param("order"), request.principal())?;
    if visitors.is_empty() && order.refund_failure().is_none() && order.check(Step::Refund).is_ok() {
        form.reject("ticket", t("请至少选择一位游客", "Choose at least one visitor"));
        return Ok(refund_form(request, form)?.status(StatusCode::UNPROCESSABLE_ENTITY));
    }
    let what = GiveBack {
        visitors: Some(visitors),
        full: form.checked("full"),
        reason: "asked on the order's page".to_owned(),
    };
    orders::refund(&order.id, request.principal(), &what).map(|o| Response::see_other(&format!("/orders/{}", o.id)))
}

/// `/orders/{order}/tickets/{ticket}`: the live code.
pub(super) fn ticket(request: &Request) -> web::Result<Response> {
    request.subject()?;
    let Ok(number) = request.param("ticket").parse() else { return answer(request, Err(Refusal::NotFound)) };
    let shown = gate::ticket(request.param("order"), number, request.principal()).and_then(|view| {
        let seconds = policy::code_seconds()?;
        let wait = view.code.as_ref().map(|c| (c.next_at - now()).max(1_000).div_euclid(1_000) + 1);
        let body = html! { (paused(request, wait.is_some())) (ticket_body(request, &view, seconds)?) };
        let response = LAYOUT.page(request, &view.order.product_name, body);
        // The page follows the code without a script; a stored copy would show an old one.
        let response = response.header("cache-control", "no-store");
        Ok(match wait {
            Some(seconds) => load_again(request, response, seconds),
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
                div.no-print { (qr::svg(&code.text, request.t("入园票码，文字见下方", "The ticket's code; its text stands below")).unwrap_or_else(|_| html! {})) }
                // A printed code is worthless in a minute; the document is not.
                p.print-only { strong { (request.t("打印件不含票码：请凭购票时填写的证件原件入园，检票员会核对证件。", "A printout has no code: enter with the document that the ticket was bought with; the gate admits by it.")) } " " (request.t("订单号：", "Order: ")) (view.order.id) }
                p.no-print { strong { (request.t("票码：", "Code: ")) code { (code.text) } } }
                p.no-print { (request.t("票码定时更新，截图无效。更新间隔（秒）：", "The code changes; a screenshot is refused. Seconds between codes: ")) (seconds) }
                p.no-print { a href={ "/orders/" (view.order.id) "/tickets/" (view.visitor) } { (request.t("立即更新", "Show the next code")) } }
            }
            None => { (notice(Tone::Ok, request.t("这张票已经用完。", "The ticket is used up."))) }
        }
        dl.facts {
            dt { (request.t("姓名", "Name")) } dd { (visitor.name) }
            dt { (request.t("证件", "Document")) } dd { (visitor.id_masked) }
            @for (part, e) in view.order.parts.iter().zip(&view.entitlements) {
                dt { (part.name.get(lang)) }
                dd { (when(lang, &part.slot)) " " (entitlement_badge(lang, e, part.slot.ends_at)) }
            }
        }
        p { a href={ "/orders/" (view.order.id) } { (request.t("返回订单", "Back to the order")) } }
    })
}

fn entitlement_badge(lang: Lang, e: &entitlement::Entitlement, ends_at: i64) -> Markup {
    use entitlement::State;
    match e.state_at(ends_at, now()) {
        State::Unused => badge(Tone::Ok, lang.pick("未使用", "unused")),
        State::Used => {
            badge(Tone::Info, format!("{} {}", lang.pick("已使用", "used"), e.used_at.map(local).unwrap_or_default()))
        }
        State::Expired => badge(Tone::Warn, lang.pick("已过期", "expired")),
        State::Suspended => badge(Tone::Bad, lang.pick("退款中", "being refunded")),
        State::Refunded => badge(Tone::Bad, lang.pick("已退", "refunded")),
    }
}

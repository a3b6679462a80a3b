//! Orders: the buyer's list, one order for all whom it concerns, and its receipt on paper.

use super::order_view as view;
use super::{LAYOUT, PAGE, acted, answer, local, order_badge, until};
use crate::domain::machine::Machine;
use crate::domain::order::{Order, RefundState, State, Step};
use crate::domain::shipment::{Carrier, ClaimState, Shipment};
use crate::service::access::MANAGER;
use crate::service::orders::{is_buyer, is_seller};
use crate::service::{Refusal, now, orders, returns, stations, statistics};
use maud::{Markup, html};
use yunlong_sdk::page::{Paper, amount, card, confirm, notice, print_view};
use yunlong_sdk::payments::{self, Status};
use yunlong_sdk::{Lang, Request, Response, Router, Text, Tone, t, web};

/// How soon a page looks again for a payment's outcome, in seconds.
const LOOK_AGAIN: u32 = 2;
/// How often a page loads itself again before it waits to be asked (WCAG 2.2.1).
const LOOKS: u32 = 30;

pub(super) fn routes(router: Router) -> Router {
    router
        .get("/orders", list)
        .get("/orders/file", list_file)
        .get("/orders/{order}", detail)
        .post("/orders/{order}/pay", pay)
        .get("/orders/{order}/cancel", ask_cancel)
        .post("/orders/{order}/cancel", cancel)
        .get("/orders/{order}/confirm", ask_confirm)
        .post("/orders/{order}/confirm", confirm_goods)
        .post("/orders/{order}/refund-again", refund_again)
        .get("/orders/{order}/receipt", receipt)
}

/// `/orders`.
fn list(request: &Request) -> web::Result<Response> {
    request.subject()?;
    let shown = || {
        let asked = view::asked(request);
        let page = orders::list(request.principal(), &asked.wanted, PAGE, asked.after())?;
        let none = html! { p { (request.t("您还没有订单。", "You have no orders yet.")) } p { a href="/" { (request.t("去逛商品", "To the shop")) } } };
        let body = html! {
            @if request.query_value("placed").is_some() { (notice(Tone::Ok, request.t("已按店铺分成几张订单，请分别付款。", "There is one order for each store: pay each of them."))) }
            (view::listed(request, &asked, request.t("我的订单", "My orders"), page, none))
            p { a href="/returns" { (request.t("我的退货", "My returns")) } }
        };
        Ok(LAYOUT.page(request, &t("我的订单", "My orders"), body))
    };
    answer(request, shown())
}

/// `/orders/file`.
fn list_file(request: &Request) -> web::Result<Response> {
    request.subject()?;
    let asked = view::asked(request);
    view::file(request, "orders", |limit, after| orders::list(request.principal(), &asked.wanted, limit, after))
}

/// `/orders/{order}`.
fn detail(request: &Request) -> web::Result<Response> {
    request.subject()?;
    answer(request, shown(request))
}

fn shown(request: &Request) -> Result<Response, Refusal> {
    let who = request.principal();
    let order = orders::get(who, request.param("order"))?;
    let all = returns::of_order(who, &order.id)?;
    let (buyer, seller) = (is_buyer(&order, who), is_seller(&order, who));
    let paying = paying(&order);
    let waiting = matches!(paying, Some(Status::Processing | Status::Captured))
        || order.refunds.iter().any(|r| r.state == RefundState::Asked);
    let looked = request.query_value("look").and_then(|n| n.parse().ok()).unwrap_or(0_u32);
    let brought = |s: &Shipment| {
        html! {
            @if seller && s.carrier != Carrier::City && s.parcels.iter().any(|p| !p.state.arrived()) {
                (confirm(&format!("/store/orders/{}/brought", order.id), request.t("已全部送达", "All have arrived"), &[("request", &s.request)]))
            }
        }
    };
    let body = html! {
        @if waiting && looked >= LOOKS { (notice(Tone::Info, html! { p { (request.t("本页已停止自动更新。", "This page no longer follows by itself.")) " " a href=(request.path()) { (request.t("继续更新", "Follow again")) } } })) }
        (status(request, &order, paying, buyer))
        (view::block(request, &order))
        (view::timeline(request, &order))
        (card("what", request.t("商品", "Goods"), view::lines(request.lang(), &order)))
        (card("facts", request.t("订单信息", "The order"), view::facts(request, &order)?))
        (view::shipments(request, &order, &brought))
        (view::claims(request, &order, &|c| html! {
            @if who.has_role(MANAGER) && !buyer && !seller && c.state == ClaimState::Open { p { a href={ "/manage/claims/" (order.id) "?claim=" (web::encode_url(&c.id)) } { (request.t("处理理赔", "Decide it")) } } }
        }))
        (view::returns(request, &all))
        (view::escrow(request, &order))
        (actions(request, &order, buyer, seller, waiting))
    };
    let response = LAYOUT.page(request, &t("订单", "Order"), body).header("cache-control", "no-store");
    Ok(if waiting && looked < LOOKS {
        response.header("refresh", format!("{LOOK_AGAIN}; url=?look={}", looked + 1))
    } else {
        response
    })
}

/// Where the payment of an order stands; asked for only while it can still arrive.
fn paying(order: &Order) -> Option<Status> {
    let intent = order.intent.as_ref().filter(|_| order.state == State::Placed)?;
    payments::intent(&intent.id).ok().map(|i| i.status)
}

fn status(request: &Request, order: &Order, paying: Option<Status>, buyer: bool) -> Markup {
    let lang = request.lang();
    let now = now();
    let until_pay = || {
        let (left, at) = (until(lang, now, order.pay_until), local(order.pay_until));
        Text::new(
            format!("商品已为您保留，请在 {at} 前付款（还剩 {left}）。"),
            format!("Your goods are kept. Pay before {at} ({left} left)."),
        )
    };
    let text = match order.state {
        State::Placed if matches!(paying, Some(Status::Processing | Status::Captured)) => {
            t("正在确认支付结果，本页会自动更新。", "The payment is being confirmed; this page follows by itself.")
        }
        State::Placed if !buyer => t("等待买家付款。", "It waits for the buyer's payment."),
        State::Placed => until_pay(),
        State::Cancelled => t(
            "订单已取消。如有款项在途，到账后自动原路退回。",
            "The order was cancelled. Money that was on its way returns by itself.",
        ),
        State::Paid if order.group.is_some() => t(
            "已付款，成团后商家发货；未成团自动全额退款。",
            "Paid. The store sends it once the group has formed; otherwise all money goes back by itself.",
        ),
        State::Paid => Text::new(
            format!("已付款，货款在担保账户。商家须在 {} 前接单，否则自动退款。", local(order.accept_by)),
            format!(
                "Paid, and held in escrow. The store must accept before {}, or the money goes back by itself.",
                local(order.accept_by)
            ),
        ),
        State::Accepted => Text::new(
            format!("商家已接单，正在备货。{} 前未发货，自动退款。", local(order.ship_by)),
            format!("The store is preparing it. What is not sent by {} is refunded by itself.", local(order.ship_by)),
        ),
        State::PartShipped => t("部分商品已发出。", "Some of it is on its way."),
        State::Shipped => t("全部商品已发出。", "All of it is on its way."),
        State::Delivered => Text::new(
            format!("已全部送达。请验收后确认收货；{} 自动确认。", local(order.confirm_at)),
            format!(
                "All has arrived. Look at it and confirm; it is confirmed by itself at {}.",
                local(order.confirm_at)
            ),
        ),
        State::Confirmed => Text::new(
            format!("已确认收货，{} 结算给卖家。", local(order.settle_at)),
            format!("Confirmed. The seller is paid at {}.", local(order.settle_at)),
        ),
        State::Settled => t("货款已结算给卖家，谢谢。", "The seller is paid. Thank you."),
        State::Refunding => t("正在原路退款。", "The money is on its way back."),
        State::Refunded => t("款项已原路退回。", "The money was returned the way it came."),
    };
    let tone = match order.state {
        State::Placed | State::Refunding => Tone::Warn,
        State::Cancelled => Tone::Bad,
        State::Delivered | State::Confirmed | State::Settled => Tone::Ok,
        _ => Tone::Info,
    };
    notice(tone, html! { p { (order_badge(lang, order.state)) " " (text.get(lang)) } })
}

fn actions(request: &Request, order: &Order, buyer: bool, seller: bool, waiting: bool) -> Markup {
    let at = |what: &str| format!("/orders/{}/{what}", order.id);
    let may = |s: Step| order.state.check(s).is_ok();
    let free = order.open_return.is_none();
    let failed = order.refunds.iter().any(|r| r.state == RefundState::Failed);
    let manager = request.principal().has_role(MANAGER);
    let link = |to: String, words: &str| html! { a.secondary.outline role="button" href=(to) { (words) } };
    html! {
        div.actions {
            @if buyer && may(Step::Pay) && !waiting { (confirm(&at("pay"), request.t("去付款", "Pay"), &[])) }
            @if buyer && may(Step::Confirm) && free { a role="button" href=(at("confirm")) { (request.t("确认收货", "I have the goods")) } }
            @if buyer && may(Step::Return) && free { (link(at("return"), request.t("申请退货", "Return goods"))) }
            @if buyer && order.may_be_given_up(now()) { (link(at("cancel"), request.t("取消订单", "Give it up"))) }
            @if seller { a role="button" href={ "/store/orders/" (order.id) } { (request.t("处理订单", "Handle it")) } }
            @if manager && !seller && !buyer && may(Step::Refund) { (link(format!("/store/orders/{}", order.id), request.t("退款", "Refund"))) }
            @if failed && (buyer || seller || manager) { (confirm(&at("refund-again"), request.t("再次申请退款", "Ask for the refund again"), &[])) }
            (link(at("receipt"), request.t("打印收据", "Print the receipt")))
            a href=(if seller { "/store/orders" } else { "/orders" }) { (request.t("返回列表", "Back to the list")) }
        }
    }
}

/// `POST /orders/{order}/pay`: to the cashier.
fn pay(request: &Request) -> web::Result<Response> {
    request.subject()?;
    let done = orders::pay(request.principal(), request.param("order"), false);
    acted(request, done, |o| {
        let cashier = o.intent.as_ref().filter(|_| o.state == State::Placed);
        cashier.map_or_else(|| format!("/orders/{}", o.id), |i| i.cashier_url.clone())
    })
}

/// The question before a step that cannot be taken back.
fn question(request: &Request, title: &Text, what: &Text, action: &str) -> web::Result<Response> {
    request.subject()?;
    let shown = || {
        let order = orders::own(request.principal(), request.param("order"))?;
        let body = html! {
            (view::block(request, &order))
            p { (what.get(request.lang())) }
            (view::lines(request.lang(), &order))
            div.actions {
                form method="post" action={ "/orders/" (order.id) "/" (action) } { button type="submit" { (title.get(request.lang())) } }
                a href={ "/orders/" (order.id) } { (request.t("返回订单", "Back to the order")) }
            }
        };
        Ok(LAYOUT.page(request, title, body))
    };
    answer(request, shown())
}

/// `GET /orders/{order}/cancel`.
fn ask_cancel(request: &Request) -> web::Result<Response> {
    let what = t(
        "取消后商品释放给其他买家；已付的款项全额原路退回。",
        "The goods are free for others, and what you paid goes back in full.",
    );
    question(request, &t("取消订单", "Give the order up"), &what, "cancel")
}

/// `POST /orders/{order}/cancel`.
fn cancel(request: &Request) -> web::Result<Response> {
    acted(request, orders::cancel(request.principal(), request.param("order")), |o| format!("/orders/{}", o.id))
}

/// `GET /orders/{order}/confirm`.
fn ask_confirm(request: &Request) -> web::Result<Response> {
    let what = t(
        "确认收货后，退货期满即把货款结算给卖家，之后不能再从担保账户退回。请先验收全部包裹。",
        "Once you confirm, the seller is paid when the days for a return are over, and nothing more can be returned from escrow then. Look at every parcel first.",
    );
    question(request, &t("确认收货", "I have the goods"), &what, "confirm")
}

/// `POST /orders/{order}/confirm`.
fn confirm_goods(request: &Request) -> web::Result<Response> {
    acted(request, orders::confirm(request.principal(), request.param("order")), |o| format!("/orders/{}", o.id))
}

/// `POST /orders/{order}/refund-again`.
fn refund_again(request: &Request) -> web::Result<Response> {
    acted(request, orders::retry_refunds(request.principal(), request.param("order")), |o| format!("/orders/{}", o.id))
}

/// `/orders/{order}/receipt`: on a roll of 80 mm, with the consent where a station ordered for somebody.
fn receipt(request: &Request) -> web::Result<Response> {
    request.subject()?;
    let shown = || {
        let order = orders::get(request.principal(), request.param("order"))?;
        let at_station =
            order.station.is_some().then(|| stations::receipt(request.principal(), &order.id)).transpose()?;
        let body = html! {
            (print_view(request.lang(), Paper::Receipt, request.t("订单收据", "Receipt"), paper(request, &order, at_station.as_ref())?))
            p.no-print { a href={ "/orders/" (order.id) } { (request.t("返回订单", "Back to the order")) } }
        };
        Ok(LAYOUT.page(request, &t("收据", "Receipt"), body).header("cache-control", "no-store"))
    };
    answer(request, shown())
}

fn paper(request: &Request, order: &Order, at: Option<&stations::Receipt>) -> Result<Markup, Refusal> {
    let (lang, divisions) = (request.lang(), statistics::divisions()?);
    Ok(html! {
        dl.facts {
            @if let Some(r) = at {
                dt { (request.t("凭证号", "Number")) } dd { strong { (r.number) } }
                dt { (request.t("站点", "Station")) } dd { (r.station.name.get(lang)) }
                dt { (request.t("地址", "Address")) } dd { (divisions.address(&r.station.village)) (r.station.address) }
            }
            dt { (request.t("订单号", "Order")) } dd { (order.id) }
            dt { (request.t("店铺", "Store")) } dd { (order.store_name.get(lang)) }
            dt { (request.t("时间", "Time")) } dd { (local(order.placed_at)) }
            dt { (request.t("状态", "State")) } dd { (order.state.name().get(lang)) }
            dt { (request.t("收货人", "Receiver")) } dd { (order.recipient.name) }
        }
        (goods(lang, order))
        dl.facts {
            dt { (request.t("应付", "To pay")) } dd { strong { (amount(order.total)) } }
            dt { (request.t("已收货款", "Received")) } dd { (amount(order.escrow.captured())) }
            @if order.escrow.refunded() > 0 { dt { (request.t("已退", "Returned")) } dd { (amount(order.escrow.refunded())) } }
        }
        p { (request.t("货款由平台担保，确认收货后结算给卖家。", "The price is held in escrow until the goods are confirmed.")) }
        @if let Some(r) = at {
            p { (r.consent.text) }
            p { (request.t("本人同意方式：", "Agreed by: ")) (r.consent.by.name().get(lang)) " · " (local(r.consent.at)) }
            p { (request.t("签名：＿＿＿＿＿＿＿＿", "Signature: ________")) }
        }
    })
}

fn goods(lang: Lang, order: &Order) -> Markup {
    html! {
        ul {
            @for l in &order.lines {
                li {
                    (l.title.get(lang)) " " (l.sku_name.get(lang)) " × " (l.quantity) " " (amount(l.paid()))
                    @if let Some(code) = &l.batch { br; (lang.pick("追溯码 ", "trace code ")) (code) }
                }
            }
        }
    }
}

//! What an order looks like, for its buyer, its seller and the department alike.

use super::files::{self, Field};
use super::lists::{Asked, Filters};
use super::{local, order_badge, return_badge};
use crate::domain::machine::Machine;
use crate::domain::order::{Block, Line, Order, Refund, RefundState, State};
use crate::domain::returns::Return;
use crate::domain::shipment::{Carrier, Claim, ClaimState, Parcel, ParcelState, Shipment};
use crate::notes::reason_name;
use crate::service::{Refusal, statistics};
use maud::{Markup, html};
use yunlong_sdk::page::{Column, amount, badge, card, notice, table};
use yunlong_sdk::{Lang, Page, Request, Response, Stored, Tone, t, web};

pub(super) fn columns(request: &Request) -> [Column<'_, Stored<Order>>; 5] {
    let lang = request.lang();
    [
        Column::new(request.t("订单", "Order"), move |o: &Stored<Order>| {
            html! {
                a href={ "/orders/" (o.id) } { (o.lines.first().map_or("", |l| l.title.get(lang))) }
                @if o.lines.len() > 1 { " +" (o.lines.len() - 1) }
                br; small.muted { (o.id) }
            }
        }),
        Column::new(request.t("店铺", "Store"), move |o: &Stored<Order>| html! { (o.store_name.get(lang)) }),
        Column::new(request.t("下单时间", "Ordered"), |o: &Stored<Order>| html! { (local(o.placed_at)) })
            .sorted_by("placed"),
        Column::new(request.t("金额", "Amount"), |o: &Stored<Order>| amount(o.total)).numeric(),
        Column::new(request.t("状态", "State"), move |o: &Stored<Order>| order_badge(lang, o.state)),
    ]
}

/// A table of orders, each leading to its page.
pub(super) fn listing(request: &Request, caption: &str, orders: Vec<Stored<Order>>) -> Markup {
    table(caption, &columns(request), orders)
}

/// A list of orders as the address asks for it.
pub(super) fn asked(request: &Request) -> Asked<State> {
    let number = Some(t("订单号", "Number"));
    Asked::of(request, "-placed", Filters { state: "state", states: State::ALL, first: None, number })
}

/// The list with its filters, its pager and its files; `none` stands in place of one in which there is nothing yet.
pub(super) fn listed(
    request: &Request,
    asked: &Asked<State>,
    caption: &str,
    page: Page<Order>,
    none: Markup,
) -> Markup {
    let none_such = request.t("没有这样的订单。", "There are no such orders.");
    asked.show(request, (caption, &columns(request)), page, none, none_such)
}

/// All lines of an order in one cell of a file.
pub(super) fn goods(lang: Lang, order: &Order) -> String {
    let line = |l: &Line| format!("{} {} × {}", l.title.get(lang), l.sku_name.get(lang), l.quantity);
    order.lines.iter().map(line).collect::<Vec<_>>().join(lang.pick("；", "; "))
}

/// The same orders as a file, with their numbers and all of their lines; who receives them stands on their own pages
/// alone.
pub(super) fn file(
    request: &Request,
    name: &str,
    find: impl Fn(u32, Option<String>) -> Result<Page<Order>, Refusal>,
) -> web::Result<Response> {
    let lang = request.lang();
    let columns = [
        Field::new(request.t("订单号", "Number"), |o: &Order| o.id.clone()),
        Field::new(request.t("商品", "Goods"), |o: &Order| goods(lang, o)),
        Field::new(request.t("店铺", "Store"), |o: &Order| o.store_name.get(lang).to_owned()),
        Field::new(request.t("下单时间", "Ordered"), |o: &Order| local(o.placed_at)),
        Field::fen(request.t("金额（元）", "Amount (yuan)"), |o: &Order| o.total),
        Field::new(request.t("状态", "State"), |o: &Order| o.state.name().get(lang).to_owned()),
    ];
    files::file(request, (name, request.t("订单", "Orders")), &columns, find)
}

/// The way of an order, with the place where it is: for those who see and those who hear it.
pub(super) fn timeline(request: &Request, order: &Order) -> Markup {
    let lang = request.lang();
    let steps = [
        State::Placed,
        State::Paid,
        State::Accepted,
        State::Shipped,
        State::Delivered,
        State::Confirmed,
        State::Settled,
    ];
    let at = |s: State| order.history.iter().find(|p| p.state == s).map(|p| p.at);
    let beside = !steps.contains(&order.state);
    html! {
        ol.steps aria-label=(request.t("订单进度", "The order's way")) {
            @for s in steps {
                @if !beside || at(s).is_some() {
                    li aria-current=[(order.state == s).then_some("step")] { (s.name().get(lang)) @if let Some(t) = at(s) { " " small { (local(t)) } } }
                }
            }
            @if beside { li aria-current="step" { (order.state.name().get(lang)) @if let Some(t) = at(order.state) { " " small { (local(t)) } } } }
        }
    }
}

/// What was ordered.
pub(super) fn lines(lang: Lang, order: &Order) -> Markup {
    table(
        lang.pick("订购的商品", "What was ordered"),
        &[
            Column::new(lang.pick("商品", "Goods"), |l: &Line| html! {
                a href={ "/goods/" (l.listing) } { (l.title.get(lang)) } " · " (l.sku_name.get(lang))
                @if let Some(code) = &l.batch { br; a href={ "/trace/" (code) } { (lang.pick("追溯码 ", "trace code ")) (code) } }
            }),
            Column::new(lang.pick("单价", "Price"), |l: &Line| amount(l.price)).numeric(),
            Column::new(lang.pick("数量", "Units"), |l: &Line| html! { (l.quantity) }).numeric(),
            Column::new(lang.pick("优惠", "Coupon"), |l: &Line| if l.discount == 0 { html! { "—" } } else { html! { "−" (amount(l.discount)) } }).numeric(),
            Column::new(lang.pick("实付", "Paid"), |l: &Line| amount(l.paid())).numeric(),
            Column::new(lang.pick("已退", "Returned"), |l: &Line| html! {
                @if l.given_back == 0 { "—" } @else { (amount(l.given_back)) @if l.cancelled + l.returned > 0 { " · " (l.cancelled + l.returned) " " (lang.pick("件", "units")) } }
            }).numeric(),
        ],
        order.lines.iter().cloned(),
    )
}

/// Numbers and dates of an order, and to whom it goes. The address is for its parties alone: whoever
/// sees the page is one, or the department.
///
/// # Errors
/// An error of the data service.
pub(super) fn facts(request: &Request, order: &Order) -> Result<Markup, Refusal> {
    let (lang, divisions) = (request.lang(), statistics::divisions()?);
    let r = &order.recipient;
    Ok(html! {
        dl.facts {
            dt { (request.t("订单号", "Number")) } dd { code { (order.id) } }
            dt { (request.t("店铺", "Store")) } dd { a href={ "/stores/" (order.store) } { (order.store_name.get(lang)) } }
            dt { (request.t("下单时间", "Ordered")) } dd { (local(order.placed_at)) }
            dt { (request.t("应付", "To pay")) } dd { (amount(order.total)) }
            @if let Some(code) = &order.coupon { dt { (request.t("优惠券", "Coupon")) } dd { code { (code) } } }
            @if let Some(g) = &order.group { dt { (request.t("拼团", "Group buy")) } dd { a href={ "/groups/" (g) } { (request.t("查看拼团", "See the group")) } } }
            @if order.station.is_some() { dt { (request.t("下单方式", "Ordered by")) } dd { (request.t("村级站点代购", "a village station, for somebody")) } }
            dt { (request.t("收货人", "Receiver")) } dd { (r.name) @if !r.phone.is_empty() { " " (r.phone) } }
            dt { (request.t("地址", "Address")) } dd { (divisions.address(&r.division)) (r.address) }
        }
    })
}

/// The escrow account: what came in is paid out, returned or held, always.
pub(super) fn escrow(request: &Request, order: &Order) -> Markup {
    let (lang, e) = (request.lang(), &order.escrow);
    html! {
        @if e.captured() > 0 {
            (card("escrow", request.t("担保账户", "Escrow account"), html! {
                dl.facts {
                    dt { (request.t("收到货款", "Came in")) } dd { (amount(e.captured())) }
                    dt { (request.t("已结算", "Paid out")) } dd { (amount(e.released())) }
                    dt { (request.t("已退或退款中", "Returned or on its way")) } dd { (amount(e.refunded())) }
                    dt { (request.t("保管中", "Held")) } dd { strong { (amount(e.held())) } }
                }
                @if let Some(r) = &order.release {
                    p { (request.t("结算明细：", "Paid out: ")) (request.t("卖家 ", "seller ")) (amount(r.division.seller)) "，" (request.t("平台服务费 ", "commission ")) (amount(r.division.platform))
                        @if r.division.station > 0 { "，" (request.t("站点佣金 ", "station ")) (amount(r.division.station)) } }
                }
                @if !order.refunds.is_empty() { (refunds(lang, order)) }
            }))
        }
    }
}

fn refunds(lang: Lang, order: &Order) -> Markup {
    table(
        lang.pick("退款", "Refunds"),
        &[
            Column::new(lang.pick("时间", "When"), |r: &Refund| html! { (local(r.asked_at)) }),
            Column::new(lang.pick("原因", "Why"), |r: &Refund| html! { (reason_name(&r.reason).get(lang)) }),
            Column::new(lang.pick("金额", "Amount"), |r: &Refund| amount(r.amount)).numeric(),
            Column::new(lang.pick("状态", "State"), |r: &Refund| match r.state {
                RefundState::Asked => badge(Tone::Warn, lang.pick("退款中", "on its way")),
                RefundState::Settled => badge(Tone::Ok, lang.pick("已到账", "is back")),
                RefundState::Failed => {
                    html! { (badge(Tone::Bad, lang.pick("被拒绝", "refused"))) @if let Some(why) = &r.failed { " " (why) } }
                }
            }),
        ],
        order.refunds.iter().cloned(),
    )
}

/// Why the money stays where it is, where it does.
pub(super) fn block(request: &Request, order: &Order) -> Markup {
    let text = match order.block() {
        None => return html! {},
        Some(Block::Return(_)) => request.t("有退货在处理，货款冻结。", "A return is open; the money is held."),
        Some(Block::Claim(_)) => request.t(
            "有包裹丢失、损坏、被拒收或逾期未送达，货款冻结，等主管处理。",
            "A parcel is lost, damaged, refused or overdue. The money is held until a manager has decided.",
        ),
        Some(Block::FailedRefund) => request
            .t("支付机构拒绝了一笔退款，请再次申请。", "The payment provider refused a refund: ask for it again."),
    };
    notice(Tone::Warn, html! { p { (text) } })
}

/// The parcels of an order, shipment by shipment. `more` adds to each what whoever looks can do with it.
pub(super) fn shipments(request: &Request, order: &Order, more: &dyn Fn(&Shipment) -> Markup) -> Markup {
    let lang = request.lang();
    html! {
        @for (i, s) in order.shipments.iter().enumerate() {
            (card(&format!("shipment-{i}"), html! { (request.t("发货 ", "Shipment ")) (i + 1) " · " (local(s.at)) }, html! {
                @if let Some(why) = &s.refused { (notice(Tone::Bad, html! { p { (request.t("物流未接单：", "The carrier does not take it: ")) (why.get(lang)) } })) }
                p {
                    @match &s.carrier {
                        Carrier::City => { (request.t("城市物流", "The city's carrier")) " · " @if let Some(w) = &s.waybill { (request.t("运单 ", "waybill ")) code { (w) } } @else { (request.t("等待运单", "the waybill is to come")) } }
                        Carrier::Own { name, number } => { (name) " " code { (number) } }
                        Carrier::Store => { (request.t("商家自送", "brought by the store")) }
                    }
                }
                (table(&format!("{}{}", request.t("包裹 · 发货 ", "Parcels of shipment "), i + 1), &[
                    Column::new(request.t("包裹", "Parcel"), |p: &&Parcel| html! { (p.id) " · " (p.goods) }),
                    Column::new(request.t("状态", "State"), |p: &&Parcel| html! { (parcel(lang, p.state)) @if p.delayed { " " (badge(Tone::Warn, lang.pick("延误", "late"))) } }),
                    Column::new(request.t("重量", "Weight"), |p: &&Parcel| html! { (kilograms(p.grams)) " kg" }).numeric(),
                    Column::new(request.t("更新时间", "Since"), |p: &&Parcel| html! { (local(p.at)) }),
                ], s.parcels.iter()))
                (more(s))
            }))
        }
    }
}

fn kilograms(grams: u32) -> String {
    format!("{}.{:02}", grams / 1_000, grams % 1_000 / 10)
}

fn parcel(lang: Lang, state: ParcelState) -> Markup {
    let tone = match state {
        s if s.arrived() => Tone::Ok,
        s if s.is_exception() => Tone::Bad,
        _ => Tone::Info,
    };
    badge(tone, state.name().get(lang))
}

/// The claims for parcels.
pub(super) fn claims(request: &Request, order: &Order, more: &dyn Fn(&Claim) -> Markup) -> Markup {
    let lang = request.lang();
    html! {
        @if !order.claims.is_empty() {
            (card("claims", request.t("包裹理赔", "Claims for parcels"), html! {
                ol.entries {
                    @for c in &order.claims {
                        li {
                            p { (request.t("包裹 ", "Parcel ")) (c.parcel) " · " (parcel(lang, c.reason)) " · " (local(c.at)) " · " (claim_badge(lang, c.state)) }
                            @if let Some(said) = &c.decision { p { (said) @if c.amount > 0 { " · " (request.t("退款 ", "refunded ")) (amount(c.amount)) } } }
                            (more(c))
                        }
                    }
                }
            }))
        }
    }
}

fn claim_badge(lang: Lang, state: ClaimState) -> Markup {
    match state {
        ClaimState::Open => badge(Tone::Warn, lang.pick("处理中", "open")),
        ClaimState::Refunded => badge(Tone::Ok, lang.pick("已退款", "refunded")),
        ClaimState::Dismissed => badge(Tone::Info, lang.pick("不予退款", "nothing is due")),
    }
}

/// The returns of an order.
pub(super) fn returns(request: &Request, all: &[Return]) -> Markup {
    let lang = request.lang();
    html! {
        @if !all.is_empty() {
            (card("returns", request.t("退货", "Returns"), html! {
                ul { @for r in all { li { a href={ "/returns/" (r.id) } { (r.reason.name().get(lang)) " · " (amount(r.amount)) } " " (return_badge(lang, r.state)) " " (local(r.asked_at)) } } }
            }))
        }
    }
}

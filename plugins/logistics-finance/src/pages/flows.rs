//! Three flows side by side: goods, information, money, with what agrees and what is missing.

use super::flow_steps::offered_steps;
use super::lists::{Beside, Col, Key, List, STATE, filed_fen, filed_state, filed_time, shown_state};
use super::party::{Named, party};
use super::{LAYOUT, Shown, code, facts, goods_and_quantity, quantity, receipts::link, state_badge, when};
use crate::domain::actor::{Actor, Role};
use crate::domain::flow::{Disagreement, Flow, State};
use crate::domain::time::local;
use crate::domain::warehouse::Unit;
use crate::service::flows::Side;
use crate::service::refusal::disagreement;
use crate::service::{Refusal, flows, quotes, who};
use crate::views::{Gathered, gather};
use maud::{Markup, html};
use yunlong_sdk::page::{amount, badge, card, notice};
use yunlong_sdk::sheet::Cell;
use yunlong_sdk::{Lang, Request, Text, Tone, t};

static LIST: List<Named<Flow>> = List {
    path: "/flows",
    title: t("三流", "Three flows"),
    sort: "-created",
    states: || State::ALL.map(State::code).to_vec(),
    state: |f| f.state.code(),
    words: |f| {
        vec![&f.id, &f.order.number, &f.buyer, f.word(&f.buyer), &f.seller, f.word(&f.seller), &f.bank, &f.order.goods]
    },
    empty: t(
        "还没有三流关联。卖方以订单建立。",
        "There are no links yet. The company that sells opens one for an order.",
    ),
    beside: &[
        Beside {
            behind: "seller", title: t("卖方代码", "Seller's code"), of: |f, _| Cell::from(f.seller.as_str())
        },
        Beside { behind: "buyer", title: t("买方代码", "Buyer's code"), of: |f, _| Cell::from(f.buyer.as_str()) },
    ],
    columns: &[
        Col {
            key: "order",
            title: t("订单", "Order"),
            numeric: false,
            show: |f, _| html! { a href={ "/flows/" (f.id) } { (f.order.number) } },
            file: |f, _| Cell::from(f.order.number.as_str()),
            order: |f| Key::from(f.order.number.as_str()),
        },
        Col {
            key: "seller",
            title: t("卖方", "Seller"),
            numeric: false,
            show: |f, _| f.party(&f.seller),
            file: |f, _| f.filed(&f.seller),
            order: |f| Key::from(f.word(&f.seller)),
        },
        Col {
            key: "buyer",
            title: t("买方", "Buyer"),
            numeric: false,
            show: |f, _| f.party(&f.buyer),
            file: |f, _| f.filed(&f.buyer),
            order: |f| Key::from(f.word(&f.buyer)),
        },
        Col {
            key: "amount",
            title: t("金额", "Amount"),
            numeric: true,
            show: |f, _| amount(f.order.amount),
            file: |f, _| filed_fen(f.order.amount),
            order: |f| Key::from(f.order.amount),
        },
        Col {
            key: "missing",
            title: t("不一致", "Disagreements"),
            numeric: true,
            show: |f, lang| points(lang, f),
            file: |f, _| Cell::from(u32::try_from(f.disagreements().len()).unwrap_or(u32::MAX)),
            order: |f| Key::Number(f.disagreements().len() as i128),
        },
        Col {
            key: "state",
            title: STATE,
            numeric: false,
            show: |f, lang| shown_state(lang, f.state.code()),
            file: |f, lang| filed_state(lang, f.state.code()),
            order: |f| Key::from(f.state.code()),
        },
        Col {
            key: "created",
            title: t("建立时间", "Opened"),
            numeric: true,
            show: |f, _| html! { (local(f.created_at)) },
            file: |f, _| filed_time(Some(f.created_at)),
            order: |f| Key::from(f.created_at),
        },
    ],
};

fn points(lang: Lang, f: &Flow) -> Markup {
    match f.disagreements().len() {
        0 => badge(Tone::Ok, lang.pick("一致", "agree")),
        n => html! { (n) },
    }
}

fn rows(request: &Request, actor: &Actor) -> Result<Gathered<Named<Flow>>, Refusal> {
    let side = if request.query_value("part").as_deref() == Some("others") { Side::Buyer } else { Side::Seller };
    Ok(Named::all(gather(|limit, after| flows::list(actor, side, limit, after))?, |f| [&f.seller, &f.buyer]))
}

/// `/flows`.
pub(super) fn list(request: &Request) -> Shown {
    let actor = who()?;
    let company = actor.is(Role::Manufacturer);
    let head = html! { @if company { div.actions.no-print { a role="button" href="/flows/new" { (request.t("建立三流关联", "Link an order's flows")) } } } };
    let parts = company.then(|| (t("本企业卖出", "Sold by us"), t("本企业买入", "Bought by us")));
    LIST.page(request, rows(request, &actor)?, &head, parts)
}

/// `/flows/file`.
pub(super) fn file(request: &Request) -> Shown {
    LIST.file(request, rows(request, &who()?)?)
}

/// Which of the three flows a disagreement is about.
fn is_money(d: Disagreement) -> bool {
    matches!(d, Disagreement::NoPayment | Disagreement::OtherAmount | Disagreement::OtherParties)
}

/// The unit of goods by their price; kilograms where nobody has quoted one.
pub(super) fn unit_of(actor: &Actor, goods: &str) -> Unit {
    quotes::get(actor, goods).map(|q| q.unit).unwrap_or_default()
}

/// `/flows/{flow}`.
pub(super) fn detail(request: &Request) -> Shown {
    let (actor, lang) = (who()?, request.lang());
    let f = flows::get(&actor, request.param("flow"))?;
    let (of_money, of_goods): (Vec<_>, Vec<_>) = f.disagreements().into_iter().partition(|d| is_money(*d));
    let body = html! {
        @if request.query_value("done").is_some() { (notice(Tone::Ok, request.t("已办理。", "Done."))) }
        p { (state_badge(lang, f.state.code())) }
        @if of_goods.is_empty() && of_money.is_empty() { (notice(Tone::Ok, request.t("货物、信息、资金三流一致。", "Goods, order and money agree."))) }
        @else { (notice(Tone::Warn, html! { strong { (request.t("三流不一致，资金不能释放，发票不能结清：", "The flows do not agree: no funds are released and no invoice settles.")) } ul { @for d in of_goods.iter().chain(&of_money) { li { (disagreement(*d).get(lang)) } } } })) }
        div.grid-wide {
            (card("information", request.t("信息流：订单", "Information: the order"), information(request, &actor, &f)))
            (card("goods", request.t("货物流：运单与仓单", "Goods: waybill and receipt"), goods(request, &actor, &f, &of_goods)))
            (card("money", request.t("资金流：付款", "Money: the payment"), money(request, &f, &of_money)))
        }
        (offered_steps(request, &actor, &f))
    };
    Ok(LAYOUT.page(
        request,
        &Text::new(format!("三流 {}", f.order.number), format!("Flows of {}", f.order.number)),
        body,
    ))
}

fn information(request: &Request, actor: &Actor, f: &Flow) -> Markup {
    let lang = request.lang();
    facts(&[
        (request.t("订单号", "Number"), html! { strong { (f.order.number) } }),
        (request.t("卖方", "Seller"), party(&f.seller)),
        (request.t("买方", "Buyer"), party(&f.buyer)),
        (request.t("货物", "Goods"), goods_and_quantity(actor, lang, &f.order.goods, f.order.quantity)),
        (request.t("金额", "Amount"), amount(f.order.amount)),
        (request.t("资金银行", "The bank"), party(&f.bank)),
        (
            request.t("发票", "Invoice"),
            html! { @match &f.invoice { Some(n) => (n), None => (request.t("未结清", "not settled")) } },
        ),
    ])
}

fn goods(request: &Request, actor: &Actor, f: &Flow, open: &[Disagreement]) -> Markup {
    let (lang, unit) = (request.lang(), unit_of(actor, &f.order.goods));
    html! {
        h3 { (request.t("运单", "Waybill")) }
        @match &f.carried {
            Some(c) => (facts(&[
                (request.t("编号", "Number"), html! { a href={ "/waybills/" (c.waybill) } { (c.waybill) } }),
                (request.t("订单号", "Order"), html! { (c.order) }),
                (request.t("货物", "Goods"), html! { (c.goods) }),
                (request.t("签收数量", "Arrived"), html! { @match c.delivered { Some(n) => (quantity(lang, n, unit)), None => (request.t("未签收", "not signed for")) } }),
            ])),
            None => p.muted { (request.t("未关联", "not linked")) }
        }
        h3 { (request.t("仓单", "Receipt")) }
        @match &f.stored {
            Some(s) => (facts(&[
                (request.t("编号", "Number"), link(&s.receipt)),
                (request.t("持有人", "Holder"), party(&s.holder)),
                (request.t("货物", "Goods"), goods_and_quantity(actor, lang, &s.goods, s.quantity)),
            ])),
            None => p.muted { (request.t("未关联", "not linked")) }
        }
        (verdict(lang, open))
    }
}

fn money(request: &Request, f: &Flow, open: &[Disagreement]) -> Markup {
    html! {
        @match &f.paid {
            Some(p) => (facts(&[
                (request.t("银行流水号", "The bank's number"), code(&p.reference)),
                (request.t("付款方", "Who paid"), party(&p.payer)),
                (request.t("收款方", "Who was paid"), party(&p.payee)),
                (request.t("金额", "Amount"), amount(p.amount)),
                (request.t("时间", "When"), html! { (local(p.at)) }),
            ])),
            None => p.muted { (request.t("没有付款", "Nothing is paid")) }
        }
        p { (request.t("资金释放：", "Funds released: ")) (when(f.released_at)) }
        (verdict(request.lang(), open))
    }
}

/// What agrees with the order, or does not, in words.
fn verdict(lang: Lang, open: &[Disagreement]) -> Markup {
    html! {
        @if open.is_empty() { p { (badge(Tone::Ok, lang.pick("与订单一致", "agrees with the order"))) } }
        @else {
            p { (badge(Tone::Bad, lang.pick("不一致", "does not agree"))) }
            ul { @for d in open { li { (disagreement(*d).get(lang)) } } }
        }
    }
}

//! Waybills: where the goods are, and the proof that they arrived.

use super::lists::{Beside, Col, Key, List, STATE, filed_fen, filed_number, filed_state, filed_time, shown_state};
use super::party::{Named, party};
use super::{LAYOUT, Shown, code, facts, freight, goods_and_quantity, grouped, state_badge, timeline};
use crate::domain::actor::Actor;
use crate::domain::freight::{Parcel, Reason, State, Waybill};
use crate::domain::time::local;
use crate::service::{Refusal, freight as service, who};
use crate::views::{self, Gathered, Part};
use maud::{Markup, html};
use yunlong_sdk::page::{Column, Paper, amount, card, notice, print_view, table};
use yunlong_sdk::sheet::Cell;
use yunlong_sdk::{Lang, Request, Text, Tone, t};

static LIST: List<Named<Waybill>> = List {
    path: "/waybills",
    title: t("运单", "Waybills"),
    sort: "-created",
    states: || State::ALL.map(State::code).to_vec(),
    state: |w| w.state.code(),
    words: |w| {
        vec![&w.id, &w.order, &w.shipper, w.word(&w.shipper), &w.carrier, w.word(&w.carrier), &w.goods, &w.vehicle]
    },
    empty: t(
        "还没有运单。承运人接受运输委托后生成。",
        "There are no waybills yet. A carrier makes them of freight orders.",
    ),
    beside: &[
        Beside { behind: "goods", title: t("数量", "Quantity"), of: |w, _| filed_number(w.quantity) },
        Beside {
            behind: "shipper",
            title: t("托运人代码", "Shipper's code"),
            of: |w, _| Cell::from(w.shipper.as_str()),
        },
        Beside {
            behind: "carrier",
            title: t("承运人代码", "Carrier's code"),
            of: |w, _| Cell::from(w.carrier.as_str()),
        },
    ],
    columns: &[
        Col {
            key: "number",
            title: t("编号", "Number"),
            numeric: false,
            show: |w, _| html! { a href={ "/waybills/" (w.id) } { (w.id) } },
            file: |w, _| Cell::from(w.id.as_str()),
            order: |w| Key::from(w.id.as_str()),
        },
        Col {
            key: "order",
            title: t("订单号", "Order"),
            numeric: false,
            show: |w, _| html! { (w.order) },
            file: |w, _| Cell::from(w.order.as_str()),
            order: |w| Key::from(w.order.as_str()),
        },
        Col {
            key: "goods",
            title: t("货物", "Goods"),
            numeric: false,
            show: |w, _| html! { (w.goods) " · " (grouped(w.quantity)) },
            file: |w, _| Cell::from(w.goods.as_str()),
            order: |w| Key::from(w.goods.as_str()),
        },
        Col {
            key: "shipper",
            title: t("托运人", "Shipper"),
            numeric: false,
            show: |w, _| w.party(&w.shipper),
            file: |w, _| w.filed(&w.shipper),
            order: |w| Key::from(w.word(&w.shipper)),
        },
        Col {
            key: "carrier",
            title: t("承运人", "Carrier"),
            numeric: false,
            show: |w, _| w.party(&w.carrier),
            file: |w, _| w.filed(&w.carrier),
            order: |w| Key::from(w.word(&w.carrier)),
        },
        Col {
            key: "value",
            title: t("货值", "Value"),
            numeric: true,
            show: |w, _| amount(w.value),
            file: |w, _| filed_fen(w.value),
            order: |w| Key::from(w.value),
        },
        Col {
            key: "to",
            title: t("送达地", "To"),
            numeric: false,
            show: |w, lang| html! { (freight::place(lang, &w.to)) },
            file: |w, lang| Cell::from(freight::place(lang, &w.to)),
            order: |w| Key::from(w.to.division.as_str()),
        },
        Col {
            key: "state",
            title: STATE,
            numeric: false,
            show: |w, lang| html! { (shown_state(lang, w.state.code())) @if let Some(r) = w.reason { " " (reason_name(r).get(lang)) } },
            file: |w, lang| filed_state(lang, w.state.code()),
            order: |w| Key::from(w.state.code()),
        },
        Col {
            key: "until",
            title: t("送达期限", "By when"),
            numeric: true,
            show: |w, _| html! { (local(w.not_after)) },
            file: |w, _| filed_time(Some(w.not_after)),
            order: |w| Key::from(w.not_after),
        },
        Col {
            key: "created",
            title: t("承运时间", "Booked"),
            numeric: true,
            show: |w, _| html! { (local(w.created_at)) },
            file: |w, _| filed_time(Some(w.created_at)),
            order: |w| Key::from(w.created_at),
        },
    ],
};

/// What went wrong, in words.
pub(super) fn reason_name(reason: Reason) -> Text {
    match reason {
        Reason::Lost => t("丢失", "lost"),
        Reason::Damaged => t("破损", "damaged"),
        Reason::Delayed => t("延误", "delayed"),
        Reason::Refused => t("拒收", "refused by the receiver"),
    }
}

fn rows(request: &Request, actor: &Actor) -> Result<Gathered<Named<Waybill>>, Refusal> {
    let found = views::waybills(actor, Part::of(&request.query_value("part").unwrap_or_default()))?;
    Ok(Named::all(found, |w| [&w.shipper, &w.carrier]))
}

/// `/waybills`.
pub(super) fn list(request: &Request) -> Shown {
    let actor = who()?;
    LIST.page(request, rows(request, &actor)?, &html! {}, freight::parts(&actor))
}

/// `/waybills/file`.
pub(super) fn file(request: &Request) -> Shown {
    LIST.file(request, rows(request, &who()?)?)
}

/// `/waybills/{waybill}`.
pub(super) fn detail(request: &Request) -> Shown {
    let (actor, lang) = (who()?, request.lang());
    let w = service::waybill(&actor, request.param("waybill"))?;
    let history = w.history.iter().map(|p| {
        let parcel = p.parcel.as_ref().map(|id| format!("{} {id}", lang.pick("包裹", "parcel")));
        let reason = p.reason.map(|r| reason_name(r).get(lang).to_owned());
        let more: Vec<String> = parcel.into_iter().chain(reason).collect();
        (p.state.code(), p.at, (!more.is_empty()).then(|| more.join(" · ")))
    });
    let body = html! {
        @if request.query_value("done").is_some() { (notice(Tone::Ok, request.t("已办理。", "Done."))) }
        @if let Some(r) = w.reason { (notice(Tone::Bad, html! { (request.t("运输异常：", "Something went wrong: ")) strong { (reason_name(r).get(lang)) } })) }
        p { (state_badge(lang, w.state.code())) }
        (card("facts", request.t("运单", "The waybill"), about(request, &actor, &w)))
        (super::waybill_steps::offered(request, &actor, &w))
        @if !w.parcels.is_empty() { (card("parcels", request.t("包裹", "Parcels"), parcels(lang, &w.parcels))) }
        (card("proof", request.t("签收凭证", "Proof of delivery"), proof(request, &actor, &w)))
        (card("history", request.t("经过", "History"), timeline(lang, request.t("运单的经过", "What the waybill passed"), history)))
        p.no-print { a href={ "/waybills/" (w.id) "/print" } { (request.t("打印运单", "Print the waybill")) } }
    };
    Ok(LAYOUT.page(request, &Text::new(format!("运单 {}", w.id), format!("Waybill {}", w.id)), body))
}

fn about(request: &Request, actor: &Actor, w: &Waybill) -> Markup {
    let lang = request.lang();
    let or_dash = |text: &str| html! { @if text.is_empty() { "—" } @else { (text) } };
    facts(&[
        (request.t("订单号", "Order"), html! { (w.order) }),
        (request.t("托运人", "Shipper"), party(&w.shipper)),
        (request.t("承运人", "Carrier"), party(&w.carrier)),
        (request.t("货物", "Goods"), goods_and_quantity(actor, lang, &w.goods, w.quantity)),
        (request.t("货值", "Value"), amount(w.value)),
        (request.t("起运", "From"), html! { (freight::place(lang, &w.from)) }),
        (request.t("送达", "To"), html! { (freight::place(lang, &w.to)) }),
        (request.t("车牌", "Vehicle"), or_dash(&w.vehicle)),
        (request.t("驾驶员工号", "Driver's number"), or_dash(&w.driver)),
        (request.t("送达期限", "By when"), html! { (local(w.not_after)) }),
    ])
}

fn parcels(lang: Lang, parcels: &[Parcel]) -> Markup {
    let columns = [
        Column::new(lang.pick("包裹", "Parcel"), |p: &&Parcel| html! { (p.parcel) }),
        Column::new(lang.pick("内容", "Goods"), |p: &&Parcel| html! { (p.goods) }),
        Column::new(lang.pick("克", "Grams"), |p: &&Parcel| html! { (grouped(p.grams)) }).numeric(),
        Column::new(
            lang.pick("状态", "State"),
            move |p: &&Parcel| html! { (state_badge(lang, p.state.code())) @if let Some(r) = p.reason { " " (reason_name(r).get(lang)) } },
        ),
    ];
    table(lang.pick("包裹", "Parcels"), &columns, parcels.iter())
}

fn proof(request: &Request, actor: &Actor, w: &Waybill) -> Markup {
    match &w.proof {
        Some(p) => facts(&[
            (request.t("签收单位", "Received at"), html! { (p.received_by) }),
            (request.t("凭证编号", "Paper"), code(&p.document)),
            (request.t("签收数量", "Arrived"), goods_and_quantity(actor, request.lang(), &w.goods, p.quantity)),
            (request.t("时间", "When"), html! { (local(p.at)) }),
        ]),
        None => html! { p.muted { (request.t("还没有签收。", "Nobody has signed for it yet.")) } },
    }
}

/// `/waybills/{waybill}/print`.
pub(super) fn print(request: &Request) -> Shown {
    let actor = who()?;
    let w = service::waybill(&actor, request.param("waybill"))?;
    let body = html! {
        p { strong { (w.id) } }
        (about(request, &actor, &w))
        @if !w.parcels.is_empty() { (parcels(request.lang(), &w.parcels)) }
        (proof(request, &actor, &w))
        div.signatures { p { (request.t("承运人", "Carrier")) } p { (request.t("收货单位（盖章）", "Receiver (seal)")) } }
    };
    let page = html! {
        p.no-print { a href={ "/waybills/" (w.id) } { (request.t("返回运单", "Back to the waybill")) } }
        (print_view(request.lang(), Paper::A4, request.t("货物运单", "Waybill"), body))
    };
    Ok(LAYOUT.page(request, &Text::new(format!("打印运单 {}", w.id), format!("Waybill {} for print", w.id)), page))
}

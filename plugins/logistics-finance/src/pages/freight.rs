//! Freight orders: what companies want carried, and what a carrier takes.

use super::forms::{Ask, Field, Kind, first, key, submit};
use super::lists::{Beside, Col, Key, List, filed_fen, filed_number, filed_time};
use super::party::{Named, party};
use super::read::Read;
use super::{LAYOUT, Shown, district_name, facts, goods_and_quantity, grouped};
use crate::domain::actor::{Actor, Role};
use crate::domain::freight::{FreightOrder, Place};
use crate::domain::time::local;
use crate::service::freight::NewFreight;
use crate::service::{Refusal, freight, who};
use crate::views::{self, Gathered, Part};
use maud::{Markup, html};
use yunlong_sdk::page::{Column, amount, badge, card, confirm, notice, table};
use yunlong_sdk::sheet::Cell;
use yunlong_sdk::{Form, Lang, Request, Response, Text, Tone, t};

static LIST: List<Named<FreightOrder>> = List {
    path: "/freight",
    title: t("运输委托", "Freight orders"),
    sort: "-created",
    states: || vec!["to-book", "booked"],
    state: |f| if f.waybill.is_some() { "booked" } else { "to-book" },
    words: |f| vec![&f.id, &f.order, &f.shipper, f.word(&f.shipper), &f.carrier, f.word(&f.carrier), &f.goods],
    empty: t("还没有运输委托。", "There are no freight orders yet."),
    beside: &[
        Beside {
            behind: "shipper",
            title: t("托运人代码", "Shipper's code"),
            of: |f, _| Cell::from(f.shipper.as_str()),
        },
        Beside {
            behind: "carrier",
            title: t("承运人代码", "Carrier's code"),
            of: |f, _| Cell::from(f.carrier.as_str()),
        },
    ],
    columns: &[
        Col {
            key: "number",
            title: t("编号", "Number"),
            numeric: false,
            show: |f, _| html! { a href={ "/freight/" (f.id) } { (f.id) } },
            file: |f, _| Cell::from(f.id.as_str()),
            order: |f| Key::from(f.id.as_str()),
        },
        Col {
            key: "order",
            title: t("订单号", "Order"),
            numeric: false,
            show: |f, _| html! { (f.order) },
            file: |f, _| Cell::from(f.order.as_str()),
            order: |f| Key::from(f.order.as_str()),
        },
        Col {
            key: "goods",
            title: t("货物", "Goods"),
            numeric: false,
            show: |f, _| html! { (f.goods) },
            file: |f, _| Cell::from(f.goods.as_str()),
            order: |f| Key::from(f.goods.as_str()),
        },
        Col {
            key: "quantity",
            title: t("数量", "Quantity"),
            numeric: true,
            show: |f, _| html! { (grouped(f.quantity)) },
            file: |f, _| filed_number(f.quantity),
            order: |f| Key::from(f.quantity),
        },
        Col {
            key: "shipper",
            title: t("托运人", "Shipper"),
            numeric: false,
            show: |f, _| f.party(&f.shipper),
            file: |f, _| f.filed(&f.shipper),
            order: |f| Key::from(f.word(&f.shipper)),
        },
        Col {
            key: "carrier",
            title: t("承运人", "Carrier"),
            numeric: false,
            show: |f, _| f.party(&f.carrier),
            file: |f, _| f.filed(&f.carrier),
            order: |f| Key::from(f.word(&f.carrier)),
        },
        Col {
            key: "value",
            title: t("货值", "Value"),
            numeric: true,
            show: |f, _| amount(f.value),
            file: |f, _| filed_fen(f.value),
            order: |f| Key::from(f.value),
        },
        Col {
            key: "waybill",
            title: t("运单", "Waybill"),
            numeric: false,
            show: |f, lang| taken(lang, f),
            file: |f, _| f.waybill.clone().into(),
            order: |f| Key::Text(f.waybill.clone().unwrap_or_default()),
        },
        Col {
            key: "until",
            title: t("送达期限", "By when"),
            numeric: true,
            show: |f, _| html! { (local(f.not_after)) },
            file: |f, _| filed_time(Some(f.not_after)),
            order: |f| Key::from(f.not_after),
        },
        Col {
            key: "created",
            title: t("委托时间", "Asked for"),
            numeric: true,
            show: |f, _| html! { (local(f.created_at)) },
            file: |f, _| filed_time(Some(f.created_at)),
            order: |f| Key::from(f.created_at),
        },
    ],
};

fn taken(lang: Lang, f: &FreightOrder) -> Markup {
    match &f.waybill {
        Some(id) => html! { a href={ "/waybills/" (id) } { (id) } },
        None => badge(Tone::Warn, lang.pick("待承运", "to be taken")),
    }
}

/// The two parts of a company's lists of freight.
pub(super) fn parts(actor: &Actor) -> Option<(Text, Text)> {
    Part::applies(actor, Role::Carrier).then(|| (t("本企业托运", "Sent by us"), t("本企业承运", "Carried by us")))
}

/// An end of the way in words.
pub(super) fn place(lang: Lang, p: &Place) -> String {
    let district = district_name(lang, &p.division);
    if p.address.is_empty() { district } else { format!("{district} · {}", p.address) }
}

fn rows(request: &Request, actor: &Actor) -> Result<Gathered<Named<FreightOrder>>, Refusal> {
    let found = views::freight_orders(actor, Part::of(&request.query_value("part").unwrap_or_default()))?;
    Ok(Named::all(found, |f| [&f.shipper, &f.carrier]))
}

/// `/freight`.
pub(super) fn list(request: &Request) -> Shown {
    let actor = who()?;
    let head = html! { @if actor.is(Role::Manufacturer) { div.actions.no-print { a role="button" href="/freight/new" { (request.t("委托运输", "Ask a carrier")) } } } };
    LIST.page(request, rows(request, &actor)?, &head, parts(&actor))
}

/// `/freight/file`.
pub(super) fn file(request: &Request) -> Shown {
    LIST.file(request, rows(request, &who()?)?)
}

/// `/freight/{freight}`.
pub(super) fn detail(request: &Request) -> Shown {
    let (actor, lang) = (who()?, request.lang());
    let f = freight::freight(&actor, request.param("freight"))?;
    let columns = [
        Column::new(request.t("包裹", "Parcel"), |p: &&crate::domain::freight::Parcel| html! { (p.parcel) }),
        Column::new(request.t("内容", "Goods"), |p: &&crate::domain::freight::Parcel| html! { (p.goods) }),
        Column::new(request.t("克", "Grams"), |p: &&crate::domain::freight::Parcel| html! { (grouped(p.grams)) })
            .numeric(),
    ];
    let body = html! {
        @if request.query_value("done").is_some() { (notice(Tone::Ok, request.t("已提交。", "Done."))) }
        (card("facts", request.t("委托内容", "What is to be carried"), facts(&[
            (request.t("订单号", "Order"), html! { (f.order) }),
            (request.t("托运人", "Shipper"), party(&f.shipper)),
            (request.t("承运人", "Carrier"), party(&f.carrier)),
            (request.t("货物", "Goods"), goods_and_quantity(&actor, lang, &f.goods, f.quantity)),
            (request.t("货值", "Value"), amount(f.value)),
            (request.t("起运", "From"), html! { (place(lang, &f.from)) }),
            (request.t("送达", "To"), html! { (place(lang, &f.to)) }),
            (request.t("送达期限", "By when"), html! { (local(f.not_after)) }),
            (request.t("运单", "Waybill"), taken(lang, &f)),
        ])))
        @if !f.parcels.is_empty() { (table(request.t("包裹", "Parcels"), &columns, f.parcels.iter())) }
        @if f.waybill.is_none() && actor.is_of(Role::Carrier, &f.carrier) { div.actions { (confirm(&format!("/freight/{}/book", f.id), request.t("承运，生成运单", "Take it: make a waybill"), &[])) } }
    };
    Ok(LAYOUT.page(request, &Text::new(format!("运输委托 {}", f.id), format!("Freight order {}", f.id)), body))
}

/// `POST /freight/{freight}/book`.
pub(super) fn book(request: &Request) -> Shown {
    let waybill = freight::book(&who()?, request.param("freight"))?;
    Ok(Response::see_other(&format!("/waybills/{}?done=1", waybill.id)))
}

/// `GET /freight/new`.
pub(super) fn new(request: &Request) -> Shown {
    Ok(first(request, &form(request)?, &Form::new()))
}

fn form(request: &Request) -> Result<Ask, Refusal> {
    who()?.needs(Role::Manufacturer)?;
    Ok(Ask {
        title: t("委托运输", "Ask a carrier"),
        action: "/freight/new".into(),
        back: "/freight".into(),
        intro: html! { p { (request.t("承运人接受后生成运单。地址不写人名和电话。", "The carrier makes a waybill of it. Write nobody's name or number into the addresses.")) } },
        fields: vec![
            Field::text("carrier", t("承运人（组织代码）", "Carrier (organization)")),
            Field::text("order", t("订单号", "The order's number")),
            Field::text("goods", t("货物", "Goods")).hint(t(
                "大宗货物填货物代码，如 coal-5500，便于与订单核对",
                "For bulk goods their code, such as coal-5500, to be compared with the order",
            )),
            Field::text("quantity", t("数量（货物的最小单位）", "Quantity (in the smallest unit of the goods)"))
                .hint(t("千克、升或件；按包裹发运时填包裹数", "Kilograms, litres or pieces; of parcels how many")),
            Field::text("from-division", t("起运地行政区划代码", "From: division's code")),
            Field::text("from-address", t("起运地址", "From: address")),
            Field::text("to-division", t("送达地行政区划代码", "To: division's code")),
            Field::text("to-address", t("送达地址", "To: address")),
            Field::text("value", t("货值（元）", "Value (yuan)")),
            Field::new("not_after", t("最晚送达日期", "It must be there by"), Kind::Date),
            Field::new("parcels", t("包裹（选填）", "Parcels (optional)"), Kind::Area(4))
                .hint(t("每行一个：编号, 内容, 克", "One a line: number, goods, grams")),
        ],
        submit: t("提交委托", "Ask"),
    })
}

fn parcels(read: &mut Read<'_>) -> Vec<(String, String, u64)> {
    let text = read.text("parcels");
    let parse = |line: &str| {
        let mut parts = line.split([',', '，']).map(str::trim);
        let (parcel, goods, grams) = (parts.next()?, parts.next()?, parts.next()?);
        Some((parcel.to_owned(), goods.to_owned(), grams.parse().ok()?)).filter(|_| parts.next().is_none())
    };
    let lines: Option<Vec<_>> = text.lines().filter(|l| !l.trim().is_empty()).map(parse).collect();
    lines.unwrap_or_else(|| {
        read.wrong("parcels", t("每行写一个包裹：编号, 内容, 克", "Write one parcel a line: number, goods, grams"));
        Vec::new()
    })
}

/// `POST /freight/new`.
pub(super) fn order(request: &Request) -> Shown {
    submit(
        request,
        || form(request),
        |typed| {
            let mut read = Read::of(typed);
            let end = |read: &Read<'_>, of: &str| Place {
                division: read.text(&format!("{of}-division")),
                address: read.text(&format!("{of}-address")),
            };
            let new = NewFreight {
                carrier: read.text("carrier"),
                order: read.text("order"),
                goods: read.text("goods"),
                quantity: read.number("quantity"),
                from: end(&read, "from"),
                to: end(&read, "to"),
                value: read.fen("value"),
                not_after: read.end_of_day("not_after"),
                parcels: parcels(&mut read),
            };
            read.done()?;
            Ok(format!("/freight/{}?done=1", freight::order(&who()?, key(typed), &new)?.id))
        },
    )
}

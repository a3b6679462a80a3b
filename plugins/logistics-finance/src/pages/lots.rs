//! Lots: what lies in a warehouse, what receipts promise of it, and what sensors saw.

use super::forms::{Ask, Field, Kind, first, key, submit};
use super::lists::{Beside, Col, Key, List, UNIT, filed_number, filed_time, no_states};
use super::party::{Named, party};
use super::read::{Read, quantity_hint};
use super::{LAYOUT, Shown, devices, facts, quantity, receipts};
use crate::domain::actor::{Actor, Role};
use crate::domain::time::local;
use crate::domain::warehouse::{Lot, Unit};
use crate::service::refusal::unit_name;
use crate::service::warehouses::NewLot;
use crate::service::{self, Refusal, sensors, warehouses, who};
use crate::views::{self, Gathered, Part, gather};
use maud::{Markup, html};
use yunlong_sdk::page::{card, notice};
use yunlong_sdk::sheet::Cell;
use yunlong_sdk::{Form, Request, Text, Tone, t};

static LIST: List<Named<Lot>> = List {
    path: "/lots",
    title: t("批次", "Lots"),
    sort: "-created",
    states: no_states,
    state: |_| "",
    words: |l| {
        vec![&l.id, &l.goods, &l.goods_name.zh, &l.goods_name.en, &l.spec, &l.owner, l.word(&l.owner), &l.location]
    },
    empty: t("还没有批次。货物入库时登记。", "There are no lots yet. They are entered when goods come in."),
    beside: &[
        Beside { behind: "quantity", title: UNIT, of: |l, lang| Cell::from(unit_name(l.unit).get(lang)) },
        Beside { behind: "owner", title: t("货主代码", "Owner's code"), of: |l, _| Cell::from(l.owner.as_str()) },
    ],
    columns: &[
        Col {
            key: "number",
            title: t("编号", "Number"),
            numeric: false,
            show: |l, _| html! { a href={ "/lots/" (l.id) } { (l.id) } },
            file: |l, _| Cell::from(l.id.as_str()),
            order: |l| Key::from(l.id.as_str()),
        },
        Col {
            key: "goods",
            title: t("货物", "Goods"),
            numeric: false,
            show: |l, lang| html! { (l.goods_name.get(lang)) " " span.muted { (l.spec) } },
            file: |l, lang| Cell::from(format!("{} {}", l.goods_name.get(lang), l.spec)),
            order: |l| Key::from(&*l.goods_name.zh),
        },
        Col {
            key: "quantity",
            title: t("在库", "In store"),
            numeric: true,
            show: |l, lang| html! { (quantity(lang, l.quantity, l.unit)) },
            file: |l, _| filed_number(l.quantity),
            order: |l| Key::from(l.quantity),
        },
        Col {
            key: "receipted",
            title: t("已开仓单", "On receipts"),
            numeric: true,
            show: |l, lang| html! { (quantity(lang, l.receipted, l.unit)) },
            file: |l, _| filed_number(l.receipted),
            order: |l| Key::from(l.receipted),
        },
        Col {
            key: "missing",
            title: t("异常缺失", "Missing"),
            numeric: true,
            show: |l, lang| missing(lang, l),
            file: |l, _| filed_number(l.missing),
            order: |l| Key::from(l.missing),
        },
        Col {
            key: "owner",
            title: t("货主", "Owner"),
            numeric: false,
            show: |l, _| l.party(&l.owner),
            file: |l, _| l.filed(&l.owner),
            order: |l| Key::from(l.word(&l.owner)),
        },
        Col {
            key: "created",
            title: t("入库时间", "Came in"),
            numeric: true,
            show: |l, _| html! { (local(l.created_at)) },
            file: |l, _| filed_time(Some(l.created_at)),
            order: |l| Key::from(l.created_at),
        },
    ],
};

fn missing(lang: yunlong_sdk::Lang, l: &Lot) -> Markup {
    if l.missing == 0 {
        html! { "—" }
    } else {
        yunlong_sdk::page::badge(Tone::Bad, quantity(lang, l.missing, l.unit))
    }
}

fn rows(request: &Request, actor: &Actor) -> Result<Gathered<Named<Lot>>, Refusal> {
    if !actor.is(Role::Warehouse) {
        actor.needs(Role::Manufacturer)?;
    }
    let found = views::lots(actor, Part::of(&request.query_value("part").unwrap_or_default()))?;
    Ok(Named::all(found, |l| [&l.owner]))
}

/// `/lots`.
pub(super) fn list(request: &Request) -> Shown {
    let actor = who()?;
    LIST.page(request, rows(request, &actor)?, &html! {}, receipts::parts(&actor))
}

/// `/lots/file`.
pub(super) fn file(request: &Request) -> Shown {
    LIST.file(request, rows(request, &who()?)?)
}

/// The lots of a warehouse, on its page.
pub(super) fn of_warehouse(request: &Request, actor: &Actor, warehouse: &str) -> Result<Markup, Refusal> {
    let lots = gather(|limit, after| warehouses::lots(actor, Some(warehouse), limit, after))?;
    Ok(LIST.table(
        request.lang(),
        request.t("仓库中的批次", "Lots in the warehouse"),
        &Named::rows(lots.items, |l| [&l.owner]),
    ))
}

/// `/lots/{lot}`.
pub(super) fn detail(request: &Request) -> Shown {
    let (actor, lang) = (who()?, request.lang());
    let l = warehouses::lot(&actor, request.param("lot"))?;
    let warehouse = super::warehouses::name(&actor, lang, &l.warehouse);
    let keeps = actor.is_of(Role::Warehouse, &l.custodian);
    let on_it = gather(|limit, after| service::receipts::of_lot(&actor, &l.id, limit, after))?.items;
    let seen = gather(|limit, after| sensors::events(&actor, &l.id, limit, after))?.items;
    let body = html! {
        @if request.query_value("done").is_some() { (notice(Tone::Ok, request.t("已办理。", "Done."))) }
        @if l.missing > 0 || l.written_off > 0 {
            (notice(Tone::Bad, html! {
                @if l.missing > 0 { strong { (request.t("异常出库：", "Goods left without an order: ")) (quantity(lang, l.missing, l.unit)) } }
                @else { strong { (request.t("盘点核销：", "Written off after a count: ")) (quantity(lang, l.written_off, l.unit)) } }
                p { (request.t("有关仓单已冻结，不能再签发新仓单。监管人员盘点后登记在库数量；货物补足后再逐张解冻。", "Its receipts are frozen, and none is issued. A regulator enters what was counted; once all that they promise is there, each is unfrozen.")) }
                @if actor.is(Role::Regulator) { p { a href={ "/lots/" (l.id) "/found" } { (request.t("登记盘点结果", "Enter what was counted")) } } }
            }))
        }
        (card("facts", request.t("批次", "The lot"), facts(&[
            (request.t("货物", "Goods"), html! { (l.goods_name.get(lang)) " · " (l.spec) " · " a href={ "/quotes/" (l.goods) } { (l.goods) } }),
            (request.t("货主", "Owner"), party(&l.owner)),
            (request.t("位置", "Where"), html! { a href={ "/warehouses/" (l.warehouse) } { (warehouse) } " · " (l.location) }),
            (request.t("在库", "In store"), html! { (quantity(lang, l.quantity, l.unit)) }),
            (request.t("已开仓单", "On receipts"), html! { (quantity(lang, l.receipted, l.unit)) }),
            (request.t("还可开具", "Left for receipts"), html! { strong { (quantity(lang, l.free(), l.unit)) } }),
            (request.t("待出库", "To leave"), html! { (quantity(lang, l.leaving, l.unit)) }),
            (request.t("入库时间", "Came in"), html! { (local(l.created_at)) }),
        ])))
        @if keeps && l.free() > 0 { div.actions.no-print { a role="button" href={ "/lots/" (l.id) "/issue" } { (request.t("签发仓单", "Issue a receipt")) } } }
        (card("receipts", request.t("仓单", "Receipts"), receipts::on_lot(request, on_it)))
        (card("seen", request.t("传感器记录", "What sensors saw"), html! {
            (devices::readings(request, &seen, l.unit))
            @if !seen.is_empty() { (super::lists::links(lang, &format!("/lots/{}/events/file", l.id))) }
        }))
    };
    Ok(LAYOUT.page(request, &Text::new(format!("批次 {}", l.id), format!("Lot {}", l.id)), body))
}

/// `/lots/{lot}/events/file`.
pub(super) fn events_file(request: &Request) -> Shown {
    let actor = who()?;
    devices::READINGS.file(request, gather(|limit, after| sensors::events(&actor, request.param("lot"), limit, after))?)
}

/// `GET /warehouses/{warehouse}/receive`.
pub(super) fn new(request: &Request) -> Shown {
    Ok(first(request, &form(request)?, &Form::new().with("unit", Unit::Kilogram.code())))
}

fn form(request: &Request) -> Result<Ask, Refusal> {
    let (actor, lang) = (who()?, request.lang());
    let w = warehouses::get(&actor, request.param("warehouse"))?;
    actor.needs_of(Role::Warehouse, &w.custodian)?;
    let units = Unit::ALL.map(|u| (u.code().to_owned(), unit_name(u).get(lang).to_owned())).to_vec();
    Ok(Ask {
        title: t("货物入库", "Take goods in"),
        action: format!("/warehouses/{}/receive", w.id),
        back: format!("/warehouses/{}", w.id),
        intro: html! { p { (w.name.get(lang)) } },
        fields: vec![
            Field::text("owner", t("货主（统一社会信用代码）", "Owner (unified social credit code)")),
            Field::text("goods", t("货物代码", "Goods by their code"))
                .hint(t("与价格表一致，如 coal-5500", "As in the list of prices, such as coal-5500")),
            Field::text("goods_name", t("货物名称", "What they are called")),
            Field::text("goods_name_en", t("英文名称（选填）", "In English (optional)")),
            Field::text("spec", t("规格等级", "Grade, size, packing")),
            Field::new("unit", t("计量单位", "Unit"), Kind::Choice(units)),
            Field::text("quantity", t("数量", "Quantity")).hint(quantity_hint(Unit::Kilogram)),
            Field::text("location", t("库位", "Where they lie")).hint(t("如 A-01", "Such as A-01")),
        ],
        submit: t("入库", "Take in"),
    })
}

/// `POST /warehouses/{warehouse}/receive`.
pub(super) fn receive(request: &Request) -> Shown {
    submit(
        request,
        || form(request),
        |typed| {
            let mut read = Read::of(typed);
            let unit = read.choice("unit", |code| Unit::ALL.into_iter().find(|u| u.code() == code));
            let new = NewLot {
                warehouse: request.param("warehouse").to_owned(),
                owner: read.text("owner"),
                goods: read.text("goods"),
                goods_name: read.text("goods_name"),
                goods_name_en: read.text("goods_name_en"),
                spec: read.text("spec"),
                unit,
                quantity: read.quantity("quantity", unit),
                location: read.text("location"),
            };
            read.done()?;
            Ok(format!("/lots/{}?done=1", warehouses::receive(&who()?, key(typed), &new)?.id))
        },
    )
}

/// `GET /lots/{lot}/found`.
pub(super) fn ask_found(request: &Request) -> Shown {
    Ok(first(request, &found_form(request)?, &Form::new()))
}

fn found_form(request: &Request) -> Result<Ask, Refusal> {
    let (actor, lang) = (who()?, request.lang());
    actor.needs(Role::Regulator)?;
    let l = warehouses::lot(&actor, request.param("lot"))?;
    Ok(Ask {
        title: t("登记盘点结果", "What was counted"),
        action: format!("/lots/{}/found", l.id),
        back: format!("/lots/{}", l.id),
        intro: html! {
            p { (request.t("登记的缺失：", "On record as missing: ")) strong { (quantity(lang, l.missing, l.unit)) } }
            p { (request.t("盘点不足账面的部分核销；有效仓单超过在库数量时不能解冻，直至补足并重新盘点。", "What is not there is written off. Receipts that promise more than is left stay frozen until it is made good and counted again.")) }
        },
        fields: vec![
            Field::text("quantity", t("盘点数量（含待出库）", "How much lies there, what may leave among it"))
                .hint(quantity_hint(l.unit)),
            Field::new("reason", t("盘点结论", "What was found"), Kind::Area(3))
                .hint(t("最多 200 个字，写入审计记录", "At most 200 characters; it stands in the audit trail")),
        ],
        submit: t("登记", "Enter"),
    })
}

/// `POST /lots/{lot}/found`.
pub(super) fn found(request: &Request) -> Shown {
    submit(
        request,
        || found_form(request),
        |typed| {
            let (actor, lot) = (who()?, request.param("lot"));
            let unit = warehouses::lot(&actor, lot)?.unit;
            let mut read = Read::of(typed);
            let counted = read.quantity("quantity", unit);
            read.done()?;
            let l = sensors::clear_missing(&actor, lot, counted, typed.value("reason"))?;
            Ok(format!("/lots/{}?done=1", l.id))
        },
    )
}

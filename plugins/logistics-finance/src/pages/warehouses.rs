//! Warehouses: who keeps goods where.

use super::forms::{Ask, Field, Kind, first, key, submit};
use super::lists::{Beside, Col, Key, List, filed_time, no_states};
use super::party::party;
use super::read::Read;
use super::{LAYOUT, Shown, code, devices, district_name, facts, lots};
use crate::domain::actor::{Actor, Role};
use crate::domain::time::local;
use crate::domain::warehouse::Warehouse;
use crate::service::warehouses::NewWarehouse;
use crate::service::{Refusal, warehouses, who};
use crate::views::gather;
use maud::html;
use yunlong_sdk::page::{card, notice};
use yunlong_sdk::sheet::Cell;
use yunlong_sdk::{Form, Lang, Request, Tone, t};

static LIST: List<Warehouse> = List {
    path: "/warehouses",
    title: t("仓库", "Warehouses"),
    sort: "name",
    states: no_states,
    state: |_| "",
    words: |w| vec![&w.id, &w.name.zh, &w.name.en, &w.custodian, &w.custodian_name, &w.address, &w.division],
    empty: t("还没有登记仓库。由监管人员登记。", "No warehouse is registered yet. A regulator registers them."),
    beside: &[Beside {
        behind: "custodian",
        title: t("仓储企业代码", "Custodian's code"),
        of: |w, _| Cell::from(w.custodian.as_str()),
    }],
    columns: &[
        Col {
            key: "name",
            title: t("名称", "Name"),
            numeric: false,
            show: |w, lang| html! { a href={ "/warehouses/" (w.id) } { (w.name.get(lang)) } },
            file: |w, lang| Cell::from(w.name.get(lang)),
            order: |w| Key::from(&*w.name.zh),
        },
        Col {
            key: "custodian",
            title: t("仓储企业", "Custodian"),
            numeric: false,
            show: |w, _| html! { (w.custodian_name) " " small.muted { (code(&w.custodian)) } },
            file: |w, _| Cell::from(w.custodian_name.as_str()),
            order: |w| Key::from(w.custodian_name.as_str()),
        },
        Col {
            key: "division",
            title: t("县区", "District"),
            numeric: false,
            show: |w, lang| html! { (district_name(lang, &w.division)) },
            file: |w, lang| Cell::from(district_name(lang, &w.division)),
            order: |w| Key::from(w.division.as_str()),
        },
        Col {
            key: "address",
            title: t("地址", "Address"),
            numeric: false,
            show: |w, _| html! { (w.address) },
            file: |w, _| Cell::from(w.address.as_str()),
            order: |w| Key::from(w.address.as_str()),
        },
        Col {
            key: "created",
            title: t("登记时间", "Registered"),
            numeric: true,
            show: |w, _| html! { (local(w.created_at)) },
            file: |w, _| filed_time(Some(w.created_at)),
            order: |w| Key::from(w.created_at),
        },
    ],
};

/// `/warehouses`.
pub(super) fn list(request: &Request) -> Shown {
    let actor = who()?;
    let head = html! { @if actor.is(Role::Regulator) { div.actions.no-print { a role="button" href="/warehouses/new" { (request.t("登记仓库", "Register a warehouse")) } } } };
    LIST.page(request, gather(|limit, after| warehouses::list(&actor, limit, after))?, &head, None)
}

/// `/warehouses/file`.
pub(super) fn file(request: &Request) -> Shown {
    let actor = who()?;
    LIST.file(request, gather(|limit, after| warehouses::list(&actor, limit, after))?)
}

/// What a warehouse is called; its number, to those who may not look at it.
pub(super) fn name(actor: &Actor, lang: Lang, id: &str) -> String {
    warehouses::get(actor, id).map_or_else(|_| id.to_owned(), |w| w.name.get(lang).to_owned())
}

/// `/warehouses/{warehouse}`.
pub(super) fn detail(request: &Request) -> Shown {
    let (actor, lang) = (who()?, request.lang());
    let w = warehouses::get(&actor, request.param("warehouse"))?;
    let keeps = actor.is_of(Role::Warehouse, &w.custodian);
    let inside = keeps || actor.is(Role::Regulator);
    let affiliates = html! { @if w.affiliates.is_empty() { "—" } @for a in &w.affiliates { (party(a)) " " } };
    let body = html! {
        @if request.query_value("done").is_some() { (notice(Tone::Ok, request.t("已登记。", "Registered."))) }
        (card("facts", request.t("仓库", "The warehouse"), facts(&[
            (request.t("编号", "Number"), code(&w.id)),
            (request.t("仓储企业", "Custodian"), html! { (w.custodian_name) " " small.muted { (code(&w.custodian)) } }),
            (request.t("地址", "Address"), html! { (district_name(lang, &w.division)) " · " (w.address) }),
            (request.t("关联企业（不能以此仓库的仓单贷款）", "Affiliates (may not borrow on goods here)"), affiliates),
        ])))
        @if keeps {
            div.actions.no-print {
                a role="button" href={ "/warehouses/" (w.id) "/receive" } { (request.t("货物入库", "Take goods in")) }
                a.outline role="button" href={ "/warehouses/" (w.id) "/device" } { (request.t("登记传感器", "Register a sensor")) }
            }
        }
        @if inside {
            (card("lots", request.t("批次", "Lots"), lots::of_warehouse(request, &actor, &w.id)?))
            (card("devices", request.t("传感器", "Sensors"), devices::of_warehouse(request, &actor, &w.id)?))
        }
    };
    Ok(LAYOUT.page(request, &w.name, body))
}

/// `GET /warehouses/new`.
pub(super) fn new(request: &Request) -> Shown {
    Ok(first(request, &form(request)?, &Form::new()))
}

fn form(request: &Request) -> Result<Ask, Refusal> {
    who()?.needs(Role::Regulator)?;
    Ok(Ask {
        title: t("登记仓库", "Register a warehouse"),
        action: "/warehouses/new".into(),
        back: "/warehouses".into(),
        intro: html! { p { (request.t("登记后，仓储企业可以在此收货、签发仓单。", "The custodian may then take goods in and issue receipts.")) } },
        fields: vec![
            Field::text("name", t("名称", "Name")),
            Field::text("name_en", t("英文名称（选填）", "Name in English (optional)")),
            Field::text("custodian", t("仓储企业（统一社会信用代码）", "Custodian (unified social credit code)")),
            Field::text("custodian_name", t("仓储企业名称", "The custodian's name")),
            Field::text("division", t("行政区划代码", "Division's code"))
                .hint(t("如 320305（贾汪区），可细到镇村", "Such as 320305 (Jiawang), down to the village")),
            Field::text("address", t("地址", "Address")).hint(t("不写人名和电话", "Without anybody's name or number")),
            Field::new("affiliates", t("关联企业（选填）", "Affiliates (optional)"), Kind::Area(3)).hint(t(
                "每行一个统一社会信用代码：控股、被控股或同一控制人的企业",
                "One code a line: owners, subsidiaries, and those with the same owner",
            )),
        ],
        submit: t("登记", "Register"),
    })
}

/// `POST /warehouses/new`.
pub(super) fn register(request: &Request) -> Shown {
    submit(
        request,
        || form(request),
        |typed| {
            let read = Read::of(typed);
            let new = NewWarehouse {
                name: read.text("name"),
                name_en: read.text("name_en"),
                custodian: read.text("custodian"),
                custodian_name: read.text("custodian_name"),
                division: read.text("division"),
                address: read.text("address"),
                affiliates: read.words("affiliates"),
            };
            let made = warehouses::register(&who()?, key(typed), &new)?;
            Ok(format!("/warehouses/{}?done=1", made.id))
        },
    )
}

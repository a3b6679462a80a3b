//! The pages. They work without JavaScript; what a person typed is never lost.

mod alerts;
mod borrowers;
mod devices;
mod flow_steps;
mod flows;
mod forms;
mod freight;
mod help;
mod home;
mod lists;
mod loan_ledger;
mod loan_steps;
mod loans;
mod lots;
mod overview;
mod party;
mod pledges;
mod quotes;
mod read;
mod receipt_steps;
mod receipts;
mod steps;
mod verify;
mod warehouses;
mod waybill_steps;
mod waybills;

use crate::domain::actor::{Actor, Role};
use crate::domain::time::local;
use crate::domain::warehouse::Unit;
use crate::service::refusal::{state_name, unit_name};
use crate::service::{Refusal, quotes as prices, who};
use maud::{Markup, html};
use yunlong_sdk::page::badge;
use yunlong_sdk::{Lang, Layout, NavItem, Request, Response, Router, Text, Tone, t, web};

pub(crate) static LAYOUT: Layout = Layout::new(t("物流金融", "Logistics finance")).nav(nav).help("/help");

/// What a page is made of, or why it is not shown.
type Shown = Result<Response, Refusal>;

/// Adds the pages.
pub(crate) fn routes(router: Router) -> Router {
    let router = router
        .get("/", page(home::show))
        .get("/help", page(help::show))
        .get("/verify", page(verify::ask))
        .get("/verify/{receipt}", page(verify::show))
        .get("/overview", page(overview::show))
        .get("/alerts", page(alerts::list))
        .get("/alerts/file", page(alerts::file))
        .post("/alerts/seen", page(alerts::seen));
    money(goods(way(router)))
}

fn goods(router: Router) -> Router {
    router
        .get("/warehouses", page(warehouses::list))
        .get("/warehouses/file", page(warehouses::file))
        .get("/warehouses/new", page(warehouses::new))
        .post("/warehouses/new", page(warehouses::register))
        .get("/warehouses/{warehouse}", page(warehouses::detail))
        .get("/warehouses/{warehouse}/receive", page(lots::new))
        .post("/warehouses/{warehouse}/receive", page(lots::receive))
        .get("/warehouses/{warehouse}/device", page(devices::new))
        .post("/warehouses/{warehouse}/device", page(devices::register))
        .get("/warehouses/{warehouse}/devices/file", page(devices::file))
        .get("/devices/{device}", page(devices::detail))
        .post("/devices/{device}/{step}", page(devices::step))
        .get("/lots", page(lots::list))
        .get("/lots/file", page(lots::file))
        .get("/lots/{lot}", page(lots::detail))
        .get("/lots/{lot}/events/file", page(lots::events_file))
        .get("/lots/{lot}/issue", page(receipt_steps::new))
        .post("/lots/{lot}/issue", page(receipt_steps::issue_new))
        .get("/lots/{lot}/found", page(lots::ask_found))
        .post("/lots/{lot}/found", page(lots::found))
        .get("/receipts", page(receipts::list))
        .get("/receipts/file", page(receipts::file))
        .get("/receipts/merge", page(receipt_steps::ask_merge))
        .post("/receipts/merge", page(receipt_steps::merge))
        .get("/receipts/{receipt}", page(receipts::detail))
        .get("/receipts/{receipt}/print", page(receipts::print))
        .get("/receipts/{receipt}/{step}", page(receipt_steps::ask))
        .post("/receipts/{receipt}/{step}", page(receipt_steps::take))
        .get("/quotes", page(quotes::list))
        .get("/quotes/file", page(quotes::file))
        .get("/quotes/new", page(quotes::new))
        .post("/quotes/new", page(quotes::publish))
        .get("/quotes/{goods}", page(quotes::detail))
        .get("/quotes/{goods}/file", page(quotes::past_file))
}

fn money(router: Router) -> Router {
    router
        .get("/pledges", page(pledges::list))
        .get("/pledges/file", page(pledges::file))
        .get("/borrowers", page(borrowers::list))
        .get("/borrowers/file", page(borrowers::file))
        .get("/borrowers/new", page(borrowers::new))
        .post("/borrowers/new", page(borrowers::open))
        .get("/consents", page(borrowers::consents))
        .get("/consents/file", page(borrowers::consents_file))
        .post("/consents/{step}", page(borrowers::decide))
        .get("/loans", page(loans::list))
        .get("/loans/file", page(loans::file))
        .get("/loans/new", page(loan_steps::new))
        .post("/loans/new", page(loan_steps::apply))
        .get("/loans/{loan}", page(loans::detail))
        .get("/loans/{loan}/print", page(loans::print))
        .get("/loans/{loan}/entries/file", page(loan_ledger::entries_file))
        .get("/loans/{loan}/{step}", page(loan_steps::ask))
        .post("/loans/{loan}/{step}", page(loan_steps::take))
        .get("/flows", page(flows::list))
        .get("/flows/file", page(flows::file))
        .get("/flows/new", page(flow_steps::new))
        .post("/flows/new", page(flow_steps::open))
        .get("/flows/{flow}", page(flows::detail))
        .get("/flows/{flow}/{step}", page(flow_steps::ask))
        .post("/flows/{flow}/{step}", page(flow_steps::take))
}

fn way(router: Router) -> Router {
    router
        .get("/freight", page(freight::list))
        .get("/freight/file", page(freight::file))
        .get("/freight/new", page(freight::new))
        .post("/freight/new", page(freight::order))
        .get("/freight/{freight}", page(freight::detail))
        .post("/freight/{freight}/book", page(freight::book))
        .get("/waybills", page(waybills::list))
        .get("/waybills/file", page(waybills::file))
        .get("/waybills/{waybill}", page(waybills::detail))
        .get("/waybills/{waybill}/print", page(waybills::print))
        .get("/waybills/{waybill}/{step}", page(waybill_steps::ask))
        .post("/waybills/{waybill}/{step}", page(waybill_steps::take))
}

/// A handler of the router: what is refused where no form can be shown again becomes a page of its own.
fn page(handler: fn(&Request) -> Shown) -> impl Fn(&Request) -> web::Result<Response> {
    move |request| handler(request).map_err(|e| e.into_error(request.lang()))
}

fn nav(_: &Request) -> Vec<NavItem> {
    use Role::{Bank, Carrier, Manufacturer, Regulator, Warehouse};
    let mut items = vec![NavItem::new("/", t("首页", "Start"))];
    let roles = who().map(|a| a.roles).unwrap_or_default();
    let any = |of: &[Role]| roles.iter().any(|r| of.contains(r));
    let offered: [(&[Role], &'static str, Text); 13] = [
        (&[Regulator], "/overview", t("总览", "Overview")),
        (&[Manufacturer, Warehouse, Regulator], "/receipts", t("仓单", "Receipts")),
        (&[Manufacturer, Warehouse], "/lots", t("批次", "Lots")),
        (&[Manufacturer, Warehouse, Regulator], "/warehouses", t("仓库", "Warehouses")),
        (&[Manufacturer, Bank, Regulator], "/loans", t("贷款", "Loans")),
        (&[Bank], "/pledges", t("质押登记", "Pledges")),
        (&[Bank], "/borrowers", t("客户", "Borrowers")),
        (&[Manufacturer], "/consents", t("征信授权", "Consents")),
        (&[Manufacturer, Bank, Regulator], "/flows", t("三流", "Flows")),
        (&[Manufacturer, Carrier], "/freight", t("运输委托", "Freight")),
        (&[Manufacturer, Carrier, Regulator], "/waybills", t("运单", "Waybills")),
        (&Role::ALL, "/quotes", t("价格", "Prices")),
        (&[Bank, Regulator], "/alerts", t("预警", "Alerts")),
    ];
    items.extend(offered.into_iter().filter(|(of, ..)| any(of)).map(|(_, path, title)| NavItem::new(path, title)));
    items.push(NavItem::new("/verify", t("仓单核验", "Verify")));
    items
}

/// How a state sounds: good, under way, wrong.
fn tone(code: &str) -> Tone {
    match code {
        "issued" | "released" | "registered" | "settled" | "signed" | "confirmed" | "cured" | "delivered"
        | "disbursed" => Tone::Ok,
        "frozen" | "overdue" | "disposal" | "written-off" | "rejected" | "exception" | "lapsed" | "refused" => {
            Tone::Bad
        }
        "pledge-pending" | "pledged" | "applied" | "credit-checked" | "approved" | "requested" | "asked"
        | "unknown" | "open" => Tone::Warn,
        _ => Tone::Info,
    }
}

fn state_badge(lang: Lang, code: &str) -> Markup {
    badge(tone(code), state_name(code).get(lang))
}

/// Digits in groups of three.
fn grouped(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::with_capacity(digits.len() * 4 / 3 + 1);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// A quantity as people write it: kilograms as tonnes, litres as cubic metres, with as many places as it has.
fn quantity(lang: Lang, n: u64, unit: Unit) -> String {
    let large = match unit {
        Unit::Kilogram => lang.pick("吨", "t"),
        Unit::Litre => lang.pick("立方米", "m³"),
        Unit::Piece => return format!("{} {}", grouped(n), unit_name(unit).get(lang)),
    };
    let places = match n % 1_000 {
        0 => String::new(),
        rest => format!(".{rest:03}").trim_end_matches('0').to_owned(),
    };
    format!("{}{places} {large}", grouped(n / 1_000))
}

/// How much of which goods: by their name and in their unit where a price tells both, else as they were typed.
fn goods_and_quantity(actor: &Actor, lang: Lang, goods: &str, n: u64) -> Markup {
    match prices::get(actor, goods) {
        Ok(q) => html! { (q.name.get(lang)) " · " (quantity(lang, n, q.unit)) },
        Err(_) => html! { (goods) " · " (grouped(n)) },
    }
}

/// For what a price is.
fn priced_by(unit: Unit) -> Text {
    match unit {
        Unit::Kilogram => t("元/吨", "yuan a tonne"),
        Unit::Litre => t("元/立方米", "yuan a cubic metre"),
        Unit::Piece => t("元/件", "yuan a piece"),
    }
}

/// A time as people in Xuzhou read it; a dash where there is none.
fn when(at: Option<i64>) -> String {
    at.map_or_else(|| "—".to_owned(), local)
}

/// A number that is compared letter by letter.
fn code(of: &str) -> Markup {
    html! { code { (of) } }
}

/// Facts about a thing: pairs of what and what it is.
fn facts(pairs: &[(&str, Markup)]) -> Markup {
    html! { dl.facts { @for (what, it) in pairs { dt { (what) } dd { (it) } } } }
}

/// The states that a thing passed, with their times.
fn timeline<'a>(lang: Lang, title: &str, passages: impl IntoIterator<Item = (&'a str, i64, Option<String>)>) -> Markup {
    html! {
        ol.timeline aria-label=(title) {
            @for (state, at, more) in passages {
                li { (state_badge(lang, state)) " " span.muted { (local(at)) } @if let Some(more) = more { " · " (more) } }
            }
        }
    }
}

/// A division's name beside its code, where the platform's table of districts has it.
fn district_name(lang: Lang, code: &str) -> String {
    let name = match code.get(..6).unwrap_or(code) {
        "320302" => t("鼓楼区", "Gulou"),
        "320303" => t("云龙区", "Yunlong"),
        "320305" => t("贾汪区", "Jiawang"),
        "320311" => t("泉山区", "Quanshan"),
        "320312" => t("铜山区", "Tongshan"),
        "320321" => t("丰县", "Fengxian"),
        "320322" => t("沛县", "Peixian"),
        "320324" => t("睢宁县", "Suining"),
        "320371" => t("经济技术开发区", "Development zone"),
        "320381" => t("新沂市", "Xinyi"),
        "320382" => t("邳州市", "Pizhou"),
        other => return other.to_owned(),
    };
    name.get(lang).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quantity_has_as_many_places_as_it_needs() {
        assert_eq!(quantity(Lang::Zh, 600_000, Unit::Kilogram), "600 吨");
        assert_eq!(quantity(Lang::En, 1_234_567_050, Unit::Kilogram), "1,234,567.05 t");
        assert_eq!(quantity(Lang::En, 1, Unit::Litre), "0.001 m³");
        assert_eq!(quantity(Lang::Zh, 12_000, Unit::Piece), "12,000 件");
    }

    #[test]
    fn no_route_stands_in_the_way_of_another() {
        assert_eq!(crate::api::routes(routes(Router::new())).check(), Ok(()));
    }
}

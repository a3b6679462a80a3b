//! A regulator's figures: charts, and a map of the districts.

use super::{LAYOUT, Shown, district_name, facts, state_badge};
use crate::domain::money::{percent, ratio_up};
use crate::domain::time::local;
use crate::service::refusal::state_name;
use crate::service::who;
use crate::views::overview::{self, Overview};
use maud::{Markup, html};
use std::collections::BTreeMap;
use yunlong_sdk::page::{Chart, DistrictMap, ON_THE_MAP, Quantity, amount, card, chart, district_map, notice};
use yunlong_sdk::{Request, Tone, t};

/// Fen as a chart has them.
fn fen(amount: u64) -> Quantity {
    Quantity::fen(i64::try_from(amount).unwrap_or(i64::MAX))
}

/// `/overview`.
pub(super) fn show(request: &Request) -> Shown {
    let o = overview::of(&who()?)?;
    let lang = request.lang();
    let share = if o.value == 0 { "—".to_owned() } else { percent(ratio_up(o.pledged, o.value)) };
    let body = html! {
        @if o.cut { (notice(Tone::Info, request.t("数据较多，图表只计最新的 50,000 条。", "There is more: the charts count the newest 50,000 of each."))) }
        (card("sums", request.t("合计", "In all"), facts(&[
            (request.t("在库货物价值（有效仓单）", "Goods on live receipts"), html! { strong { (amount(o.value)) } }),
            (request.t("其中已质押", "Pledged of it"), html! { (amount(o.pledged)) " · " (share) }),
            (request.t("贷款余额（含利息）", "Owed on loans, interest included"), html! { strong { (amount(o.owed)) } }),
            (request.t("其中逾期和处置中", "Overdue or in disposal"), amount(o.overdue)),
            (request.t("未查看的预警", "Alerts that nobody has seen"), html! { a href="/alerts" { (o.unseen) } }),
        ])))
        (district_map(lang, &map(request, &o)))
        (chart(lang, &months(request, &o)))
        div.grid-wide {
            (chart(lang, &states(request, request.t("仓单", "Receipts"), "/receipts", &o.receipts)))
            (chart(lang, &states(request, request.t("贷款", "Loans"), "/loans", &o.loans)))
            (chart(lang, &states(request, request.t("运单", "Waybills"), "/waybills", &o.waybills)))
            (chart(lang, &states(request, request.t("三流", "Three flows"), "/flows", &o.flows)))
        }
        (legend(request))
    };
    Ok(LAYOUT.page(request, &t("监管总览", "Overview"), body))
}

fn map(request: &Request, o: &Overview) -> DistrictMap {
    let lang = request.lang();
    let at = request.t("数据时间 ", "As of ").to_owned() + &local(o.at);
    let map =
        DistrictMap::new(request.t("各县区在库货物价值", "Goods in store by district"), request.t("价值", "Value"))
            .unit(request.t("元", "yuan"))
            .source(at);
    // Every district of the map, those without warehouses as nothing; then what lies elsewhere.
    let elsewhere = o.districts.keys().map(String::as_str).filter(|c| !ON_THE_MAP.contains(c));
    ON_THE_MAP.into_iter().chain(elsewhere).fold(map, |map, code| {
        let value = o.districts.get(code).map_or(0, |d| d.value);
        map.linked_district(code, district_name(lang, code), format!("/warehouses?q={code}"), fen(value))
    })
}

fn months(request: &Request, o: &Overview) -> Chart {
    let chart = Chart::bar(request.t("每月放款与还款", "Paid out and repaid by month"), request.t("月份", "Month"))
        .unit(request.t("元", "yuan"))
        .series(request.t("放款", "Paid out"))
        .series(request.t("还款（含利息）", "Repaid, interest included"));
    o.months.iter().fold(chart, |c, (name, m)| c.row(name.as_str(), [fen(m.lent), fen(m.repaid)]))
}

fn states(request: &Request, title: &str, path: &str, counts: &BTreeMap<&'static str, usize>) -> Chart {
    let chart = Chart::bar(title, request.t("状态", "State")).horizontal().series(request.t("数量", "How many"));
    counts.iter().fold(chart, |c, (code, n)| {
        c.linked_row(state_name(code).get(request.lang()), format!("{path}?state={code}"), [Quantity::from(*n)])
    })
}

/// How figures are counted.
fn legend(request: &Request) -> Markup {
    card(
        "how",
        request.t("怎样统计", "How it is counted"),
        html! {
            p { (request.t("在库货物价值：有效仓单的数量乘最新价格；没有价格的货物不计。县区以仓库所在地为准。", "Goods: what live receipts promise, at the latest prices; goods without a price count as nothing. The district is the warehouse's.")) }
            p { (request.t("放款按合同放款之月，还款按银行入账之月，均以北京时间划分。", "Paid out by the month of the payment, repaid by the month of the booking, in Beijing's time.")) }
            p { (request.t("颜色之外，各状态都有文字：", "Beside its colour each state has its word: ")) @for code in ["issued", "pledged", "frozen"] { (state_badge(request.lang(), code)) " " } }
        },
    )
}

//! The department's page: a day's sales, and how full the day is.

use super::{LAYOUT, answer, level_name, mandate, weekday};
use crate::domain::alert::Level;
use crate::domain::site::OnSite;
use crate::domain::time::Date;
use crate::service::orders::{self, MANAGER};
use crate::service::sales::{self, AttractionSales, SlotSales};
use crate::service::{Refusal, now};
use maud::{Markup, html};
use yunlong_sdk::page::{Column, amount, badge, card, notice, table};
use yunlong_sdk::{Lang, Request, Response, Tone, base32, money, t, web};

/// `/sales`.
pub(super) fn show(request: &Request) -> web::Result<Response> {
    request.require_role(&[MANAGER])?;
    answer(request, page(request))
}

/// `/sales/order`: to the order of a number, as it was read out or typed.
pub(super) fn find(request: &Request) -> web::Result<Response> {
    request.require_role(&[MANAGER])?;
    let number = request.query_value("number").and_then(|n| base32::typed(&n)).unwrap_or_default();
    answer(
        request,
        orders::get(&number, request.principal()).map(|o| Response::see_other(&format!("/orders/{}", o.id))),
    )
}

fn page(request: &Request) -> Result<Response, Refusal> {
    let lang = request.lang();
    let today = Date::at(now());
    let asked = request.query_value("date").filter(|d| !d.is_empty());
    let date: Option<Date> = asked.as_deref().map_or(Some(today), |d| d.parse().ok());
    let readable = date.is_some();
    let date = date.unwrap_or(today);
    let all = sales::of_day(date)?;
    let mandates = orders::under_mandates(date, 100)?;
    let body = html! {
        @if !readable { (notice(Tone::Warn, request.t("没有看懂您输入的日期，现在显示今天。", "The date could not be read; this is today."))) }
        form.inline method="get" action="/sales" {
            label for="date" { (request.t("日期", "Day")) }
            input #date type="date" name="date" value=(date) required;
            button type="submit" { (request.t("查看", "Show")) }
        }
        @for a in all.iter().filter(|a| a.alert.is_some()) { (alert(lang, a)) }
        @for a in &all { @if let Some(crowd) = a.on_site { (on_site(lang, a, crowd)) } }
        (totals(request, date, &all))
        form.inline method="get" action="/sales/order" {
            label for="number" { (request.t("订单号", "Order's number")) }
            input #number type="text" name="number" required maxlength="20";
            button type="submit" { (request.t("查找订单", "Find the order")) }
        }
        div.actions {
            a href={ "/sales/statement?from=" (date) } { (request.t("结算单与导出", "Statement and files")) }
            a href="/sales/batches" { (request.t("离线检票记录", "Gates without a network")) }
        }
        (mandate::of_day(request, &mandates))
        @for a in &all { (card(&format!("sales-{}", a.attraction), a.name.get(lang), by_slot(request, a))) }
    };
    Ok(LAYOUT.page(request, &t("销售", "Sales"), body))
}

fn alert(lang: Lang, a: &AttractionSales) -> Markup {
    let Some(level) = a.alert else { return html! {} };
    let tone = if level == Level::Red { Tone::Bad } else { Tone::Warn };
    notice(
        tone,
        html! {
            strong { (a.name.get(lang)) " · " (level_name(level).get(lang)) }
            p { (a.taken) " / " (a.cap.unwrap_or(0)) }
        },
    )
}

/// Who is on site, by the gates' estimate.
fn on_site(lang: Lang, a: &AttractionSales, crowd: OnSite) -> Markup {
    let tone = match crowd.level() {
        Some(Level::Red) => Tone::Bad,
        Some(_) => Tone::Warn,
        None => Tone::Info,
    };
    let text = html! { (a.name.get(lang)) " · " (lang.pick("估计在园", "on site, about")) " " (crowd.people) " / " (crowd.cap) };
    notice(
        tone,
        html! { p { (text) @if crowd.is_full() { " " strong { (lang.pick("已达瞬时承载量", "as many as may be at once")) } } } },
    )
}

/// Fen of a counter, which is never below zero.
fn money(fen: i64) -> Markup {
    amount(u64::try_from(fen).unwrap_or(0))
}

fn totals(request: &Request, date: Date, all: &[AttractionSales]) -> Markup {
    let lang = request.lang();
    let caption = format!(
        "{date} {} · {} ¥{}",
        weekday(lang, date),
        request.t("合计", "total"),
        money::yuan(u64::try_from(all.iter().map(AttractionSales::revenue).sum::<i64>()).unwrap_or(0))
    );
    table(
        &caption,
        &[
            Column::new(
                request.t("景区", "Attraction"),
                |a: &&AttractionSales| html! { a href={ "#sales-" (a.attraction) } { (a.name.get(lang)) } },
            ),
            Column::new(request.t("占用 / 上限", "Taken / cap"), |a: &&AttractionSales| match a.cap {
                Some(cap) => html! { (a.taken) " / " (cap) },
                None => badge(Tone::Info, request.t("闭馆", "closed")),
            })
            .numeric(),
            Column::new(request.t("已售", "Sold"), |a: &&AttractionSales| html! { (a.sold()) }).numeric(),
            Column::new(request.t("已入园", "Admitted"), |a: &&AttractionSales| html! { (a.admitted()) }).numeric(),
            Column::new(request.t("收入", "Revenue"), |a: &&AttractionSales| money(a.revenue())).numeric(),
        ],
        all.iter(),
    )
}

fn by_slot(request: &Request, a: &AttractionSales) -> Markup {
    if a.slots.is_empty() {
        return html! { p { (request.t("当天不开放。", "Closed on this day.")) } };
    }
    let caption = format!("{} {}", a.name.get(request.lang()), request.t("各时段", "by slot"));
    table(
        &caption,
        &[
            Column::new(request.t("时段", "Slot"), |s: &&SlotSales| html! { (s.slot.hours()) }),
            Column::new(
                request.t("占用 / 上限", "Taken / cap"),
                |s: &&SlotSales| html! { (s.taken) " / " (s.slot.cap) },
            )
            .numeric(),
            Column::new(request.t("已售", "Sold"), |s: &&SlotSales| html! { (s.sold) }).numeric(),
            Column::new(request.t("已入园", "Admitted"), |s: &&SlotSales| html! { (s.admitted) }).numeric(),
            Column::new(request.t("收入", "Revenue"), |s: &&SlotSales| money(s.revenue)).numeric(),
        ],
        a.slots.iter(),
    )
}

//! One attraction's slots, a joint product's slots. The list is in `browse.rs`.

use super::{LAYOUT, answer, refused, weekday, weekdays};
use crate::domain::catalogue::{Attraction, PlaceKind, Product};
use crate::domain::district;
use crate::domain::slot::{Availability, SlotState};
use crate::domain::time::Date;
use crate::service::catalogue::{self, DayView};
use crate::service::{Refusal, now, purchase};
use maud::{Markup, html};
use yunlong_sdk::page::{amount, badge, card, empty, hidden, notice};
use yunlong_sdk::{Lang, Request, Response, Tone, web};

/// How many days are linked beside the date field.
const NEXT_DAYS: i32 = 7;

/// The day that the query names, or today; and whether it could be read.
fn asked_date(request: &Request, now: i64) -> (Date, bool) {
    let today = Date::at(now);
    match request.query_value("date").filter(|d| !d.is_empty()) {
        None => (today, true),
        Some(text) => text.parse().map_or((today, false), |d| (d, true)),
    }
}

/// `/attractions/{attraction}`: the slots of a day.
pub(super) fn detail(request: &Request) -> web::Result<Response> {
    answer(request, show_detail(request))
}

fn show_detail(request: &Request) -> Result<Response, Refusal> {
    let lang = request.lang();
    let attraction = catalogue::attraction(request.param("attraction"))?;
    let now = now();
    let (date, readable) = asked_date(request, now);
    let day = catalogue::day(&attraction, date, now)?;
    let path = format!("/attractions/{}", attraction.id);
    let body = html! {
        p { (attraction.about.get(lang)) }
        dl.facts {
            dt { (request.t("所在区县", "District")) } dd { (district::name(&attraction.district).get(lang)) }
            dt { (request.t("地址", "Address")) } dd { (attraction.address.get(lang)) }
            dt { @if attraction.kind == PlaceKind::Coach { (request.t("班次（发车–到达）", "Trips (departure–arrival)")) } @else { (request.t("开放时段", "Sessions")) } } dd { (sessions(&attraction)) }
            @if !attraction.closed_weekdays.is_empty() { dt { (request.t("闭馆", "Closed")) } dd { (weekdays(lang, &attraction.closed_weekdays)) } }
        }
        @if !readable { (notice(Tone::Warn, request.t("没有看懂您输入的日期，现在显示今天。", "The date could not be read; this is today."))) }
        @if let Ok(single) = catalogue::product(&Product::single_id(&attraction.id)) { (validity(lang, &single, date, now)) }
        (date_picker(lang, &path, date, now))
        (slots(lang, &attraction, date, &day, &|slot| order_link(&Product::single_id(&attraction.id), date, &[(&attraction.id, slot)])))
    };
    Ok(LAYOUT.page(request, &attraction.name, body))
}

fn sessions(a: &Attraction) -> String {
    a.sessions.iter().map(|s| format!("{}–{}", s.start, s.end)).collect::<Vec<_>>().join("  ")
}

/// A form with a date field, and links to the next days.
fn date_picker(lang: Lang, path: &str, date: Date, now: i64) -> Markup {
    let today = Date::at(now);
    html! {
        form.inline method="get" action=(path) {
            label for="date" { (lang.pick("游览日期", "Day of the visit")) }
            input #date type="date" name="date" value=(date) min=(today) required;
            button type="submit" { (lang.pick("查看", "Show")) }
        }
        nav.actions aria-label=(lang.pick("日期", "Days")) {
            @for n in 0..NEXT_DAYS {
                @let d = today.plus(n);
                a href={ (path) "?date=" (d) } aria-current=[(d == date).then_some("date")] { (weekday(lang, d)) " " (d.to_string().get(5..).unwrap_or_default()) }
            }
        }
    }
}

/// Says so where a ticket is not sold today or not for the day that is shown.
fn validity(lang: Lang, product: &Product, date: Date, now: i64) -> Markup {
    html! {
        @if let Err(r) = purchase::valid(product, [date], now) { (refused(lang, &r, html! {})) }
    }
}

fn order_link(product: &str, date: Date, slots: &[(&str, String)]) -> String {
    let slots: String = slots.iter().map(|(a, s)| format!("&slot-{a}={s}")).collect();
    format!("/order?product={product}&date={date}{slots}")
}

/// The slots of a day as a table.
fn slots(lang: Lang, a: &Attraction, date: Date, day: &DayView, link: &dyn Fn(String) -> String) -> Markup {
    let title = format!("{} {} {}", date, weekday(lang, date), lang.pick("各时段余票", "slots"));
    match day {
        DayView::Closed(reason) => empty(html! {
            p { strong { (date) " " (weekday(lang, date)) " " (lang.pick("不开放", "closed")) } }
            @if let Some(r) = reason { p { (r.get(lang)) } }
            p { (lang.pick("请选择其他日期。", "Choose another day.")) }
        }),
        DayView::Open(slots) => html! {
            div.table-wrap role="region" aria-label=(title) tabindex="0" {
                table {
                    caption { (title) }
                    thead { tr {
                        th scope="col" { (lang.pick("时段", "Slot")) }
                        th.amount scope="col" { (lang.pick("余票", "Left")) }
                        th scope="col" { (lang.pick("状态", "State")) }
                        th scope="col" { (lang.pick("预订", "Book")) }
                    } }
                    tbody {
                        @for s in slots {
                            tr {
                                th scope="row" { (s.slot.hours()) }
                                td.amount { (s.remaining) }
                                td { (slot_badge(lang, s)) }
                                td {
                                    @if s.state == SlotState::OnSale {
                                        a.small role="button" href=(link(s.slot.id.start.to_string()))
                                            aria-label={ (lang.pick("预订", "Book")) " " (a.name.get(lang)) " " (date) " " (s.slot.hours()) } { (lang.pick("预订", "Book")) }
                                    } @else { "—" }
                                }
                            }
                        }
                    }
                }
            }
        },
    }
}

fn slot_badge(lang: Lang, a: &Availability) -> Markup {
    match a.state {
        SlotState::OnSale if a.remaining * 10 <= a.slot.cap => badge(Tone::Warn, lang.pick("余票紧张", "few left")),
        SlotState::OnSale => badge(Tone::Ok, lang.pick("可预订", "on sale")),
        SlotState::SoldOut => badge(Tone::Bad, lang.pick("已满", "full")),
        SlotState::Past => badge(Tone::Info, lang.pick("已停售", "sales ended")),
        SlotState::NotYet => badge(Tone::Info, lang.pick("未开售", "not yet on sale")),
    }
}

/// `/products/{product}`: choose a slot for each attraction of a joint ticket.
pub(super) fn product(request: &Request) -> web::Result<Response> {
    answer(request, show_product(request))
}

fn show_product(request: &Request) -> Result<Response, Refusal> {
    let lang = request.lang();
    let product = catalogue::product(request.param("product"))?;
    let now = now();
    let (date, readable) = asked_date(request, now);
    let mut parts = Vec::with_capacity(product.components.len());
    for c in &product.components {
        let a = catalogue::attraction(&c.attraction)?;
        let day = catalogue::day(&a, date, now)?;
        parts.push((a, day));
    }
    let open = parts.iter().all(|(_, d)| on_sale(d).next().is_some());
    let body = html! {
        p { strong { (amount(product.price)) } " " (request.t("每人。各景区的名额一起预留，任何一处已满则都不预留。", "each. Places are reserved at all attractions together or at none.")) }
        @if !readable { (notice(Tone::Warn, request.t("没有看懂您输入的日期，现在显示今天。", "The date could not be read; this is today."))) }
        (validity(lang, &product, date, now))
        (date_picker(lang, &format!("/products/{}", product.id), date, now))
        form method="get" action="/order" {
            (hidden("product", &product.id))
            (hidden("date", &date.to_string()))
            @for (a, day) in &parts { (card(&format!("part-{}", a.id), a.name.get(lang), slot_choice(lang, a, day, date))) }
            @if open { div.actions { button type="submit" { (request.t("填写游客信息", "Go on to the visitors")) } } }
            @else { (notice(Tone::Warn, request.t("当天至少有一个景区没有可订的时段，请选择其他日期。", "At least one attraction has no slot on this day. Choose another."))) }
        }
    };
    Ok(LAYOUT.page(request, &product.name, body))
}

fn on_sale(day: &DayView) -> impl Iterator<Item = &Availability> {
    let slots: &[Availability] = match day {
        DayView::Closed(_) => &[],
        DayView::Open(slots) => slots,
    };
    slots.iter().filter(|s| s.state == SlotState::OnSale)
}

fn slot_choice(lang: Lang, a: &Attraction, day: &DayView, date: Date) -> Markup {
    if let DayView::Closed(reason) = day {
        return html! { p { (date) " " (lang.pick("不开放", "closed")) @if let Some(r) = reason { " " (r.get(lang)) } } };
    }
    html! {
        fieldset {
            legend { (lang.pick("选择时段", "Choose a slot")) }
            @if on_sale(day).next().is_none() { p { (badge(Tone::Bad, lang.pick("没有可订的时段", "no slot can be booked"))) } }
            @for (i, s) in on_sale(day).enumerate() {
                label.choice {
                    input type="radio" name={ "slot-" (a.id) } value=(s.slot.id.start) checked[i == 0] required;
                    span { (s.slot.hours()) " · " (lang.pick("余票", "left:")) " " (s.remaining) }
                }
            }
        }
    }
}

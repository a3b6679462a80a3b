//! Figures on four levels with drill-down, and the service coverage with its formula. For everybody:
//! they are sums and tell of nobody.

use super::{LAYOUT, answer};
use crate::domain::coverage::{Coverage, Light};
use crate::domain::division::{CITY, Level};
use crate::domain::statistics::Period;
use crate::domain::time::{Date, Month};
use crate::service::statistics::{self, Counted, Covered, Drill};
use crate::service::{Refusal, now};
use maud::{Markup, html};
use yunlong_sdk::page::{
    Chart, Column, DistrictMap, Listing, Quantity, badge, chart, district_map, empty, notice, table,
};
use yunlong_sdk::sheet::{Cell, Format, Sheet};
use yunlong_sdk::{Lang, Request, Response, Router, Tone, t, web};

pub(super) fn routes(router: Router) -> Router {
    router
        .get("/figures", show)
        .get("/figures/file", file)
        .get("/coverage", coverage)
        .get("/coverage/file", coverage_file)
        .get("/coverage/uncovered", uncovered)
        .get("/coverage/uncovered/file", uncovered_file)
}

/// The division and period that the query names; what it does not name or cannot be read is the city
/// and the last whole month.
fn asked(request: &Request) -> (String, Period, bool) {
    let code = request.query_value("division").filter(|c| Level::of(c).is_some()).unwrap_or_else(|| CITY.to_owned());
    let typed = request.query_value("period").filter(|p| !p.is_empty());
    let read = typed.as_deref().map(Period::parse);
    let period = read.flatten().unwrap_or_else(|| Period::Month(Month::at(now()).before()));
    (code, period, matches!(read, Some(None)))
}

/// `/figures`.
fn show(request: &Request) -> web::Result<Response> {
    answer(request, figures_page(request))
}

fn sort(list: &Listing, rows: &mut [Counted]) {
    match list.sort() {
        "amount" => rows.sort_by_key(|c| c.figures.amount),
        "orders" => rows.sort_by_key(|c| c.figures.orders),
        _ => rows.sort_by(|a, b| a.code.cmp(&b.code)),
    }
    if list.is_descending() {
        rows.reverse();
    }
}

fn figures_page(request: &Request) -> Result<Response, Refusal> {
    let (code, period, unreadable) = asked(request);
    let drill = statistics::drill(&code, period)?;
    let list = Listing::of(request, &["code", "-amount", "-orders"], &["division", "period"]);
    let mut rows = drill.below.clone();
    sort(&list, &mut rows);
    let months = trend(request, &code, period)?;
    let name = &drill.of.name;
    let title = yunlong_sdk::Text::new(format!("{name} 销售统计"), format!("{name}: sales"));
    let body = html! {
        (crumbs(request, &drill.path, "/figures", &format!("&period={period}")))
        @if unreadable { (notice(Tone::Warn, request.t("没有看懂统计期，现在显示上个月。请写成 2026-10 或 2026。", "The period could not be read; this is last month. Write it as 2026-10 or 2026."))) }
        (period_form(request, &code, period))
        (totals(request, &drill))
        @if drill.of.level != Level::Village {
            @if rows.is_empty() { (empty(html! { p { (request.t("没有下级区划。", "There is nothing below.")) } })) }
            @else {
                (below_table(request, &list, &rows, period))
                (list.files("/figures/file"))
                (below_chart(request, &rows, period))
                @if drill.of.level == Level::City { (map(request, &drill.below, period)) }
            }
        }
        (chart(request.lang(), &months.unit(request.t("元", "yuan"))))
        p { (request.t("一张订单在商家接单时计一次，计入店铺所在的村和当月；之后的退款计入同一处。每一级等于下一级之和。", "An order is counted once, when its store accepts it, in the store's village and that month; what returns later is counted in the same place. Each level is the sum of those below.")) }
        p { a href={ "/coverage?division=" (code) } { (request.t("服务覆盖率", "Service coverage")) } }
    };
    Ok(LAYOUT.page(request, &title, body))
}

fn crumbs(request: &Request, path: &[(String, String)], to: &str, kept: &str) -> Markup {
    html! {
        nav.actions aria-label=(request.t("区划层级", "Levels")) {
            @for (i, (code, name)) in path.iter().enumerate() {
                a href={ (to) "?division=" (code) (kept) } aria-current=[(i + 1 == path.len()).then_some("page")] { (name) }
            }
        }
    }
}

fn period_form(request: &Request, code: &str, period: Period) -> Markup {
    html! {
        form.inline.no-print method="get" action="/figures" {
            (yunlong_sdk::page::hidden("division", code))
            label for="period" { (request.t("统计期（2026-10 或 2026）", "Period (2026-10 or 2026)")) }
            input #period type="text" name="period" value=(period) pattern="[0-9]{4}(-[0-9]{2})?" required;
            button type="submit" { (request.t("查看", "Show")) }
        }
    }
}

/// Fen of a figure, which is never below zero unless a refund came in another period's place.
fn money(fen: i64) -> Markup {
    html! { (Quantity::fen(fen).text()) }
}

fn totals(request: &Request, drill: &Drill) -> Markup {
    let f = &drill.of.figures;
    html! {
        dl.facts {
            dt { (request.t("统计期", "Period")) } dd { (drill.period) }
            dt { (request.t("订单", "Orders")) } dd { (f.orders) }
            dt { (request.t("成交额", "Sold")) } dd { (money(f.amount)) }
            dt { (request.t("退款", "Returned")) } dd { (money(f.refunded)) }
            dt { (request.t("净额", "Kept")) } dd { strong { (money(f.net())) } }
            dt { (request.t("其中站点代购", "Of stations")) } dd { (f.station) }
            @if drill.of.level != Level::Village {
                dt { (request.t("与下级之和", "Against the sum below")) }
                dd { @if drill.adds_up() { (badge(Tone::Ok, request.t("一致", "equal"))) } @else { (badge(Tone::Bad, request.t("不一致，请联系管理员", "not equal: tell an administrator"))) } }
            }
        }
    }
}

fn below_table(request: &Request, list: &Listing, rows: &[Counted], period: Period) -> Markup {
    let link = move |c: &&Counted| html! { a href={ "/figures?division=" (c.code) "&period=" (period) } { (c.name) } };
    list.table(
        request.t("下级区划", "By division"),
        &[
            Column::new(request.t("区划", "Division"), link).sorted_by("code"),
            Column::new(request.t("订单", "Orders"), |c: &&Counted| html! { (c.figures.orders) })
                .numeric()
                .sorted_by("orders"),
            Column::new(request.t("成交额", "Sold"), |c: &&Counted| money(c.figures.amount))
                .numeric()
                .sorted_by("amount"),
            Column::new(request.t("退款", "Returned"), |c: &&Counted| money(c.figures.refunded)).numeric(),
            Column::new(request.t("净额", "Kept"), |c: &&Counted| money(c.figures.net())).numeric(),
            Column::new(request.t("站点代购", "Of stations"), |c: &&Counted| html! { (c.figures.station) }).numeric(),
        ],
        rows.iter(),
    )
}

fn below_chart(request: &Request, rows: &[Counted], period: Period) -> Markup {
    let drawn = Chart::bar(
        format!("{period} {}", request.t("各区划成交额", "sold, by division")),
        request.t("区划", "Division"),
    )
    .unit(request.t("元", "yuan"))
    .series(request.t("净额", "Kept"))
    .series(request.t("退款", "Returned"))
    .stacked()
    .horizontal();
    let sold = rows.iter().filter(|c| c.figures.orders > 0);
    let drawn = sold.fold(drawn, |d, c| {
        d.linked_row(
            c.name.as_str(),
            format!("/figures?division={}&period={period}", c.code),
            [Quantity::fen(c.figures.net()), Quantity::fen(c.figures.refunded)],
        )
    });
    chart(request.lang(), &drawn)
}

fn map(request: &Request, counties: &[Counted], period: Period) -> Markup {
    let drawn = DistrictMap::new(
        format!("{period} {}", request.t("各县（市、区）成交额", "sold, by county")),
        request.t("成交额", "Sold"),
    )
    .unit(request.t("元", "yuan"));
    let drawn = counties.iter().fold(drawn, |d, c| {
        d.linked_district(
            c.code.as_str(),
            c.name.as_str(),
            format!("/figures?division={}&period={period}", c.code),
            Quantity::fen(c.figures.amount),
        )
    });
    district_map(request.lang(), &drawn)
}

/// How the division's figures went: twelve months up to the period's last, or up to now.
fn trend(request: &Request, code: &str, period: Period) -> Result<Chart, Refusal> {
    let last = match period {
        Period::Month(m) => m,
        Period::Year(_) => period.days().1.month().min(Month::at(now())),
    };
    let mut months: Vec<Month> = std::iter::successors(Some(last), |m| Some(m.before())).take(12).collect();
    months.reverse();
    let drawn = Chart::line(request.t("近 12 个月", "Twelve months"), request.t("月份", "Month"))
        .series(request.t("成交额", "Sold"))
        .series(request.t("退款", "Returned"));
    months.into_iter().try_fold(drawn, |d, m| {
        let f = statistics::figures_of(code, Period::Month(m))?;
        Ok(d.row(m.to_string(), [Quantity::fen(f.amount), Quantity::fen(f.refunded)]))
    })
}

/// `/figures/file`: what the page shows below the division.
fn file(request: &Request) -> web::Result<Response> {
    let format = Format::asked(request)?;
    let (code, period, _) = asked(request);
    let drill = statistics::drill(&code, period).map_err(|e| e.into_error(request.lang()))?;
    let list = Listing::of(request, &["code", "-amount", "-orders"], &["division", "period"]);
    let mut rows = drill.below;
    sort(&list, &mut rows);
    let headings = [
        request.t("代码", "Code"),
        request.t("区划", "Division"),
        request.t("订单", "Orders"),
        request.t("成交额（元）", "Sold (yuan)"),
        request.t("退款（元）", "Returned (yuan)"),
        request.t("净额（元）", "Kept (yuan)"),
        request.t("站点代购", "Of stations"),
    ];
    let cells = |c: &Counted| {
        let f = &c.figures;
        [
            Cell::from(c.code.as_str()),
            Cell::from(c.name.as_str()),
            Cell::from(f.orders),
            Cell::Fen(f.amount),
            Cell::Fen(f.refunded),
            Cell::Fen(f.net()),
            Cell::from(f.station),
        ]
    };
    let sheet = Sheet::new(request.t("统计", "Figures"), headings).rows(rows.iter().map(cells));
    format.response(&format!("figures-{code}-{period}"), &period.days().1.to_string(), &[sheet])
}

/// The division and month of the coverage; this month where the query names none.
fn asked_month(request: &Request) -> (String, Month, bool) {
    let code = request.query_value("division").filter(|c| Level::of(c).is_some()).unwrap_or_else(|| CITY.to_owned());
    let typed = request.query_value("month").filter(|m| !m.is_empty());
    let read = typed.as_deref().map(str::parse::<Month>);
    let unreadable = matches!(read, Some(Err(_)));
    (code, read.and_then(Result::ok).unwrap_or_else(|| Month::at(now())), unreadable)
}

/// `/coverage`.
fn coverage(request: &Request) -> web::Result<Response> {
    answer(request, coverage_page(request))
}

fn light(lang: Lang, c: &Coverage) -> Markup {
    let tone = if c.light() == Light::Green { Tone::Ok } else { Tone::Bad };
    badge(tone, c.verdict().get(lang))
}

fn coverage_page(request: &Request) -> Result<Response, Refusal> {
    let lang = request.lang();
    let (code, month, unreadable) = asked_month(request);
    let (of, below) = statistics::coverage(&code, month)?;
    let table_of = statistics::divisions()?;
    let path: Vec<(String, String)> = crate::domain::division::line(&code)
        .into_iter()
        .rev()
        .map(|c| (c.to_owned(), table_of.name(c).to_owned()))
        .collect();
    let c = &of.coverage;
    let body = html! {
        (crumbs(request, &path, "/coverage", &format!("&month={month}")))
        @if unreadable { (notice(Tone::Warn, request.t("没有看懂月份，现在显示本月。请写成 2026-10。", "The month could not be read; this is the current one. Write it as 2026-10."))) }
        form.inline.no-print method="get" action="/coverage" {
            (yunlong_sdk::page::hidden("division", &code))
            label for="month" { (request.t("月份", "Month")) }
            input #month type="month" name="month" value=(month) required;
            button type="submit" { (request.t("查看", "Show")) }
        }
        (notice(if c.light() == Light::Green { Tone::Ok } else { Tone::Bad }, html! {
            p { strong { (c.percent()) " %" } " " (light(lang, c)) " · " (request.t("目标 ", "target ")) (c.target) " %" }
            p { (c.formula().get(lang)) }
            p { (request.t("颜色按整数比较，不四舍五入到目标。", "The colour follows from whole numbers: nothing is rounded up to the target.")) }
        }))
        @if !below.is_empty() {
            (coverage_table(request, &below, month))
            div.actions.no-print { a href={ "/coverage/file?format=csv&division=" (code) "&month=" (month) } { (request.t("下载 CSV", "Download CSV")) } a href={ "/coverage/file?format=xlsx&division=" (code) "&month=" (month) } { (request.t("下载 Excel", "Download for Excel")) } }
            @if code == CITY { (coverage_map(request, &below, month, c.target)) }
        }
        @if c.served < c.villages { p { a href={ "/coverage/uncovered?division=" (code) "&month=" (month) } { (request.t("尚未服务的村：", "Villages without service: ")) (c.villages - c.served) } } }
        p { a href={ "/figures?division=" (code) } { (request.t("销售统计", "Figures")) } }
    };
    let title = yunlong_sdk::Text::new(format!("{} 服务覆盖率", of.name), format!("{}: service coverage", of.name));
    Ok(LAYOUT.page(request, &title, body))
}

fn coverage_table(request: &Request, below: &[Covered], month: Month) -> Markup {
    let lang = request.lang();
    table(
        request.t("各区划的服务覆盖率", "Service coverage by division"),
        &[
            Column::new(
                request.t("区划", "Division"),
                |c: &&Covered| html! { a href={ "/coverage?division=" (c.code) "&month=" (month) } { (c.name) } },
            ),
            Column::new(request.t("有服务的村", "Served"), |c: &&Covered| html! { (c.coverage.served) }).numeric(),
            Column::new(request.t("在册的村", "Villages"), |c: &&Covered| html! { (c.coverage.villages) }).numeric(),
            Column::new(request.t("覆盖率", "Coverage"), |c: &&Covered| html! { (c.coverage.percent()) " %" })
                .numeric(),
            Column::new(request.t("结论", "Verdict"), |c: &&Covered| light(lang, &c.coverage)),
        ],
        below.iter(),
    )
}

fn hundredths(c: &Coverage) -> Quantity {
    Quantity::decimal(i64::try_from(c.hundredths()).unwrap_or(0), 2)
}

fn coverage_map(request: &Request, below: &[Covered], month: Month, target: u64) -> Markup {
    let (low, high) = match request.lang() {
        Lang::Zh => (format!("低于 {target} %"), format!("达到 {target} %")),
        Lang::En => (format!("below {target} %"), format!("{target} % and more")),
    };
    let drawn = DistrictMap::new(
        format!("{month} {}", request.t("村级服务覆盖率", "service coverage")),
        request.t("覆盖率", "Coverage"),
    )
    .unit("%")
    .toned_class(0, low, Tone::Bad)
    .toned_class(target, high, Tone::Ok);
    let drawn = below.iter().fold(drawn, |d, c| {
        d.linked_district(
            c.code.as_str(),
            c.name.as_str(),
            format!("/coverage?division={}&month={month}", c.code),
            hundredths(&c.coverage),
        )
    });
    district_map(request.lang(), &drawn)
}

/// `/coverage/file`.
fn coverage_file(request: &Request) -> web::Result<Response> {
    let format = Format::asked(request)?;
    let (code, month, _) = asked_month(request);
    let (_, below) = statistics::coverage(&code, month).map_err(|e| e.into_error(request.lang()))?;
    let headings = [
        request.t("代码", "Code"),
        request.t("区划", "Division"),
        request.t("有服务的村", "Served"),
        request.t("在册的村", "Villages"),
        request.t("覆盖率（%）", "Coverage (%)"),
        request.t("结论", "Verdict"),
    ];
    let count = |n: u64| Cell::Number(i64::try_from(n).unwrap_or(i64::MAX));
    let sheet = Sheet::new(request.t("服务覆盖率", "Coverage"), headings).rows(below.iter().map(|c| {
        let of = &c.coverage;
        let rate = Cell::Decimal { units: i64::try_from(of.hundredths()).unwrap_or(0), scale: 2 };
        [
            Cell::from(c.code.as_str()),
            Cell::from(c.name.as_str()),
            count(of.served),
            count(of.villages),
            rate,
            Cell::from(of.verdict().get(request.lang())),
        ]
    }));
    format.response(&format!("coverage-{code}-{month}"), &month.last().min(Date::at(now())).to_string(), &[sheet])
}

/// `/coverage/uncovered`: the villages that nothing serves in the month, a page at a time.
fn uncovered(request: &Request) -> web::Result<Response> {
    let shown = || {
        let (code, month, _) = asked_month(request);
        let all = statistics::uncovered(&code, month)?;
        let list = Listing::of(request, &[], &["division", "month"]);
        let divisions = statistics::divisions()?;
        let rows = all[list.range(all.len(), 50)].iter();
        let body = html! {
            @if all.is_empty() { (empty(html! { p { (request.t("每个村都有服务。", "Every village is served.")) } })) }
            @else {
                (table(request.t("尚未服务的村", "Villages without service"), &[
                    Column::new(request.t("代码", "Code"), |(c, _): &&(String, String)| html! { code { (c) } }),
                    Column::new(request.t("村（社区）", "Village"), |(c, _): &&(String, String)| html! { (divisions.address(c)) }),
                ], rows))
                (list.pages(all.len(), 50))
                (list.files("/coverage/uncovered/file"))
            }
            p { a href={ "/coverage?division=" (code) "&month=" (month) } { (request.t("返回覆盖率", "Back to the coverage")) } }
        };
        Ok(LAYOUT.page(request, &t("尚未服务的村", "Villages without service"), body))
    };
    answer(request, shown())
}

/// `/coverage/uncovered/file`: all of those villages, since the table of divisions bounds them.
fn uncovered_file(request: &Request) -> web::Result<Response> {
    let format = Format::asked(request)?;
    let (code, month, _) = asked_month(request);
    let read = || Ok((statistics::uncovered(&code, month)?, statistics::divisions()?));
    let (all, divisions) = read().map_err(|e: Refusal| e.into_error(request.lang()))?;
    let headings = [request.t("代码", "Code"), request.t("村（社区）", "Village")];
    let rows = all.iter().map(|(c, _)| [Cell::from(c.as_str()), Cell::from(divisions.address(c))]);
    let sheet = Sheet::new(request.t("尚未服务的村", "Villages without service"), headings).rows(rows);
    format.response(&format!("uncovered-{code}-{month}"), &month.last().min(Date::at(now())).to_string(), &[sheet])
}

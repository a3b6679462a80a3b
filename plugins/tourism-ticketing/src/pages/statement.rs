//! The department's statement: on the page, for the printer, and as a file.

use super::{LAYOUT, answer};
use crate::domain::statement::Line;
use crate::domain::time::Date;
use crate::service::orders::MANAGER;
use crate::service::statement::{self, Statement, Table};
use crate::service::{Refusal, manage, now};
use maud::{Markup, html};
use yunlong_sdk::page::{Column, amount, empty, error_summary, field, print_button, select, table};
use yunlong_sdk::sheet::Format;
use yunlong_sdk::web::encode_url;
use yunlong_sdk::{Form, Request, Response, StatusCode, t, web};

/// `/sales/statement`.
pub(super) fn show(request: &Request) -> web::Result<Response> {
    request.require_role(&[MANAGER])?;
    answer(request, page(request))
}

/// What the query asks for; the day that was yesterday when it does not say.
fn asked(request: &Request) -> Form {
    let form = request.query_form();
    let yesterday = Date::at(now()).plus(-1).to_string();
    let or = |name: &str, default: &str| {
        let value = form.value(name);
        if value.is_empty() { default.to_owned() } else { value.to_owned() }
    };
    let from = or("from", &yesterday);
    Form::new().with("until", or("until", &from)).with("from", from).with("attraction", form.value("attraction"))
}

fn read(form: &mut Form, file: Option<usize>) -> Result<Option<Statement>, Refusal> {
    let why = t("请填写日期", "Enter a day");
    let (from, until) = (form.parse("from", why.clone()), form.parse("until", why));
    let (Some(from), Some(until)) = (from, until) else { return Ok(None) };
    let attraction = Some(form.value("attraction").to_owned()).filter(|a| !a.is_empty());
    match statement::of(from, until, attraction.as_deref(), file) {
        Ok(s) => Ok(Some(s)),
        Err(Refusal::Fields(errors)) => {
            errors.into_iter().for_each(|e| form.reject("until", e.text));
            Ok(None)
        }
        Err(r @ Refusal::TooMuch { .. }) => {
            form.reject("until", r.detail());
            Ok(None)
        }
        Err(e) => Err(e),
    }
}

fn page(request: &Request) -> Result<Response, Refusal> {
    let lang = request.lang();
    let mut form = asked(request);
    let found = read(&mut form, None)?;
    let (places, _) = manage::everything()?;
    let mut options = vec![("", request.t("全部", "All"))];
    options.extend(places.iter().map(|a| (a.id.as_str(), a.name.get(lang))));
    let body = html! {
        (error_summary(lang, &form))
        form.no-print method="get" action="/sales/statement" {
            (field(lang, &form, "from", "date", &t("游览日期自", "Visits from"), None))
            (field(lang, &form, "until", "date", &t("至", "to"), None))
            (select(lang, &form, "attraction", &t("景区", "Attraction"), &options))
            div.actions { button type="submit" { (request.t("查看", "Show")) } }
        }
        @if let Some(s) = &found { (shown(request, &form, s)) }
    };
    let status = if found.is_some() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    Ok(LAYOUT.page(request, &t("结算单", "Statement"), body).status(status))
}

fn shown(request: &Request, form: &Form, s: &Statement) -> Markup {
    let lang = request.lang();
    if s.lines.is_empty() {
        return empty(html! { p { (request.t("这些日期没有售出的票。", "No ticket was sold for these days.")) } });
    }
    let (paid, returned, kept) = s.totals();
    let query = ["from", "until", "attraction"].map(|n| format!("{n}={}", encode_url(form.value(n)))).join("&");
    let file = |format: &str, n: usize| format!("/sales/statement/file?format={format}&file={n}&{query}");
    let part = |n: usize| if s.files() == 1 { String::new() } else { format!(" {n} / {}", s.files()) };
    html! {
        p { (s.from) " – " (s.until) }
        dl.facts {
            dt { (request.t("票款", "Paid")) } dd { (amount(paid)) }
            dt { (request.t("退款", "Returned")) } dd { (amount(returned)) }
            dt { (request.t("应结算", "To settle")) } dd { strong { (amount(kept)) } }
        }
        (table(request.t("按收款单位、景区和日期", "By receiver, attraction and day"), &[
            Column::new(request.t("收款单位", "Receiver"), |l: &&Line| html! { (l.operator) }),
            Column::new(request.t("景区", "Attraction"), |l: &&Line| html! { (l.name.get(lang)) }),
            Column::new(request.t("日期", "Day"), |l: &&Line| html! { (l.date) }),
            Column::new(request.t("售票", "Tickets"), |l: &&Line| html! { (l.tickets) }).numeric(),
            Column::new(request.t("退票", "Given back"), |l: &&Line| html! { (l.given_back) }).numeric(),
            Column::new(request.t("入园", "Admitted"), |l: &&Line| html! { (l.admitted) }).numeric(),
            Column::new(request.t("票款", "Paid"), |l: &&Line| amount(l.paid)).numeric(),
            Column::new(request.t("退款", "Returned"), |l: &&Line| amount(l.returned)).numeric(),
            Column::new(request.t("应结算", "To settle"), |l: &&Line| amount(l.kept())).numeric(),
        ], s.lines.iter()))
        div.actions.no-print { a href=(file("csv", 1)) { (request.t("下载 CSV（结算）", "Download CSV (settlement)")) } }
        // Many tickets fill several files; the settlement is whole in each of them.
        @for n in 1..=s.files() {
            div.actions.no-print {
                a href=(file("xlsx", n)) { (request.t("下载 Excel", "Download for Excel")) (part(n)) }
                a href=(file("tickets", n)) { (request.t("下载 CSV（明细）", "Download CSV (tickets)")) (part(n)) }
            }
        }
        (print_button(lang))
    }
}

/// `/sales/statement/file`: `format` is `xlsx`, `csv` or `tickets`; `file` which of its files, from 1.
pub(super) fn file(request: &Request) -> web::Result<Response> {
    request.require_role(&[MANAGER])?;
    answer(request, download(request))
}

fn download(request: &Request) -> Result<Response, Refusal> {
    let lang = request.lang();
    let mut form = asked(request);
    let n = request.query_value("file").map_or(Some(1), |n| n.parse::<usize>().ok()).filter(|n| *n > 0);
    let n = n.ok_or(Refusal::NotFound)?;
    let Some(s) = read(&mut form, Some(n - 1))? else {
        let errors =
            form.errors().map(|(name, why)| crate::domain::visitor::FieldError::new(format!("/{name}"), why.clone()));
        return Err(Refusal::Fields(errors.collect()));
    };
    if n > s.files() {
        return Err(Refusal::NotFound);
    }
    let part = if s.files() == 1 { String::new() } else { format!("-{n}-of-{}", s.files()) };
    let name = |what: &str, part: &str| format!("{what}-{}-{}{part}", s.from, s.until);
    // ANCHOR: file
    let (lines, tickets) = (|| Table::Lines.sheet(&s, lang), || Table::Tickets.sheet(&s, lang));
    let (format, name, tables) = match request.query_value("format").as_deref() {
        Some("csv") => (Format::Csv, name("settlement", ""), vec![lines()]),
        Some("tickets") => (Format::Csv, name("tickets", &part), vec![tickets()]),
        Some("xlsx") => (Format::Xlsx, name("statement", &part), vec![lines(), tickets()]),
        _ => return Err(Refusal::NotFound),
    };
    // The date of the statement rather than that of the clock: the same statement is the same file.
    Ok(format.response(&name, &s.until.to_string(), &tables)?)
    // ANCHOR_END: file
}

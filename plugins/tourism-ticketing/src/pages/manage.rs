//! The department's pages about what it sells. Lists of a form are lines of text: one session, one
//! component, one tier a line.

mod products;

pub(super) use products::{product, save_product};

use super::{LAYOUT, answer, closures, refused, weekday, weekdays};
use crate::domain::catalogue::{Attraction, DayPlan, Gate, PlaceKind, Product, ProductKind, Session};
use crate::domain::time::Date;
use crate::domain::visitor::FieldError;
use crate::service::orders::MANAGER;
use crate::service::{Refusal, manage, now};
use maud::{Markup, html};
use yunlong_sdk::page::{Column, amount, badge, checkbox, error_summary, field, notice, select, table, textarea};
use yunlong_sdk::{Form, Lang, Request, Response, StatusCode, Text, Tone, t, web};

/// The id in the path of a form for something new.
const NEW: &str = "new";

/// `/manage`.
pub(super) fn list(request: &Request) -> web::Result<Response> {
    request.require_role(&[MANAGER])?;
    answer(request, show(request))
}

fn show(request: &Request) -> Result<Response, Refusal> {
    let lang = request.lang();
    let (places, products) = manage::everything()?;
    let state = |on: bool| {
        if on {
            badge(Tone::Ok, lang.pick("在售", "on sale"))
        } else {
            badge(Tone::Info, lang.pick("停售", "off sale"))
        }
    };
    let body = html! {
        (table(request.t("景区与旅游班线", "Attractions and coach lines"), &[
            Column::new(request.t("名称", "Name"), |a: &&Attraction| html! { a href={ "/manage/attractions/" (a.id) } { (a.name.get(lang)) } }),
            Column::new(request.t("时段", "Sessions"), |a: &&Attraction| html! { @for s in &a.sessions { div.when { (s.start) "–" (s.end) " · " (s.cap) } } }),
            Column::new(request.t("每日上限", "Daily cap"), |a: &&Attraction| html! { (a.daily_cap) }).numeric(),
            Column::new(request.t("闭馆", "Closed"), |a: &&Attraction| html! { (weekdays(lang, &a.closed_weekdays)) }),
            Column::new(request.t("状态", "State"), |a: &&Attraction| state(a.active)),
            Column::new(request.t("特殊日期", "Single days"), |a: &&Attraction| html! { a href={ "/manage/attractions/" (a.id) "/days" } aria-label={ (a.name.get(lang)) " " (request.t("闭馆与限额", "closures and caps")) } { (request.t("闭馆与限额", "Closures and caps")) } }),
        ], &places))
        (table(request.t("票种", "Products"), &[
            Column::new(request.t("名称", "Name"), |p: &&Product| html! { a href={ "/manage/products/" (p.id) } { (p.name.get(lang)) } }),
            Column::new(request.t("类型", "Kind"), |p: &&Product| html! { (kind_name(p.kind).get(lang)) }),
            Column::new(request.t("价格", "Price"), |p: &&Product| amount(p.price)).numeric(),
            Column::new(request.t("状态", "State"), |p: &&Product| state(p.active)),
        ], &products))
        div.actions {
            a role="button" class="secondary outline" href="/manage/attractions/new" { (request.t("添加景区或班线", "Add an attraction or coach line")) }
            a role="button" class="secondary outline" href="/manage/products/new" { (request.t("添加票种", "Add a product")) }
        }
        (closures::shown(request)?)
    };
    Ok(LAYOUT.page(request, &t("管理", "Manage"), body))
}

fn kind_name(kind: ProductKind) -> Text {
    match kind {
        ProductKind::Single => t("单票", "single"),
        ProductKind::Joint => t("联票", "joint"),
        ProductKind::Package => t("套票（含班线）", "package with coach"),
    }
}

fn session_lines(sessions: &[Session]) -> String {
    sessions.iter().map(|s| format!("{}-{} {}", s.start, s.end, s.cap)).collect::<Vec<_>>().join("\n")
}

/// Lines of a text area with the number of each that is not empty.
fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines().map(str::trim).filter(|l| !l.is_empty()).enumerate().map(|(i, l)| (i + 1, l))
}

/// A gate a line, with its officers' numbers after a colon.
fn gate_lines(gates: &[Gate]) -> String {
    let line = |g: &Gate| {
        if g.officers.is_empty() { g.name.clone() } else { format!("{}: {}", g.name, g.officers.join(" ")) }
    };
    gates.iter().map(line).collect::<Vec<_>>().join("\n")
}

fn read_gates(form: &Form) -> Vec<Gate> {
    let gate = |(_, line): (usize, &str)| {
        let (name, officers) = line.split_once([':', '：']).unwrap_or((line, ""));
        Gate { name: name.trim().to_owned(), officers: officers.split_whitespace().map(ToOwned::to_owned).collect() }
    };
    lines(form.value("gates")).map(gate).collect()
}

/// `09:00-11:00 100`.
fn read_sessions(form: &mut Form) -> Option<Vec<Session>> {
    let text = form.value("sessions").to_owned();
    let read = |line: &str| {
        let (hours, cap) = line.split_once(char::is_whitespace)?;
        let (start, end) = hours.split_once(['-', '–', '—'])?;
        Some(Session { start: start.parse().ok()?, end: end.parse().ok()?, cap: cap.trim().parse().ok()? })
    };
    let mut out = Vec::new();
    for (n, line) in lines(&text) {
        match read(line) {
            Some(s) => out.push(s),
            None => {
                let zh = format!("第 {n} 行：请写成 09:00-11:00 100");
                form.reject("sessions", Text::new(zh, format!("Line {n}: write it as 09:00-11:00 100")));
                return None;
            }
        }
    }
    Some(out)
}

/// Puts the domain's errors beside the fields of the form; `/name/zh` is the field `name-zh`.
fn reject_all(form: &mut Form, errors: Vec<FieldError>) {
    for e in errors {
        let mut parts = e.pointer.trim_start_matches('/').split('/');
        let first = parts.next().unwrap_or("").to_owned();
        let name = match parts.next() {
            Some(lang @ ("zh" | "en")) => format!("{first}-{lang}"),
            Some(day) if first == "validity" => day.to_owned(),
            _ => first,
        };
        form.reject(&name, e.text);
    }
}

/// The form again with what is wrong, or what stands in the way.
fn again(
    request: &Request,
    mut form: Form,
    refusal: Refusal,
    page: impl FnOnce(&Form, Option<Markup>) -> Result<Response, Refusal>,
) -> Result<Response, Refusal> {
    match refusal {
        Refusal::Fields(errors) => {
            reject_all(&mut form, errors);
            Ok(page(&form, None)?.status(StatusCode::UNPROCESSABLE_ENTITY))
        }
        r @ Refusal::TicketsSold { .. } => {
            form.reject("refund_sold", r.detail());
            let message = refused(request.lang(), &r, html! {});
            Ok(page(&form, Some(message))?.status(StatusCode::CONFLICT))
        }
        other => Err(other),
    }
}

fn refund_sold(lang: Lang, form: &Form) -> Markup {
    html! {
        @if form.error("refund_sold").is_some() || form.checked("refund_sold") {
            (checkbox(lang, form, "refund_sold", &t("为失效的票全额退款", "Refund the tickets that become void, in full")))
        }
    }
}

fn pair(lang: Lang, form: &Form, name: &str, label: &Text) -> Markup {
    let with = |zh: &str, en: &str| Text::new(format!("{}（{zh}）", label.zh), format!("{} ({en})", label.en));
    html! {
        (field(lang, form, &format!("{name}-zh"), "text", &with("中文", "Chinese"), None))
        (field(lang, form, &format!("{name}-en"), "text", &with("英文", "English"), None))
    }
}

fn typed_pair(form: &Form, name: &str) -> Text {
    let value = |lang: &str| form.value(&format!("{name}-{lang}")).trim().to_owned();
    Text::new(value("zh"), value("en"))
}

/// `GET /manage/attractions/{attraction}`.
pub(super) fn attraction(request: &Request) -> web::Result<Response> {
    request.require_role(&[MANAGER])?;
    let id = request.param("attraction");
    let shown = if id == NEW {
        attraction_page(
            request,
            &Form::new().with("active", "yes").with("kind", "site").with("stay_minutes", "120"),
            None,
        )
    } else {
        manage::attraction(id).and_then(|a| attraction_page(request, &attraction_form(&a), None))
    };
    answer(request, shown)
}

fn attraction_form(a: &Attraction) -> Form {
    let mut form = Form::new()
        .with("id", &*a.id)
        .with("kind", a.kind.code())
        .with("district", &*a.district)
        .with("operator", &*a.operator)
        .with("sessions", session_lines(&a.sessions))
        .with("daily_cap", a.daily_cap.to_string())
        .with("instant_cap", a.instant_cap.map(|n| n.to_string()).unwrap_or_default())
        .with("stay_minutes", a.stay_minutes.to_string())
        .with("gates", gate_lines(&a.gates))
        .with("rank", a.rank.to_string());
    for (name, text) in
        [("name", &a.name), ("about", &a.about), ("address", &a.address), ("operator_name", &a.operator_name)]
    {
        form = form.with(&format!("{name}-zh"), &*text.zh).with(&format!("{name}-en"), &*text.en);
    }
    for d in &a.closed_weekdays {
        form = form.with("closed_weekdays", d.to_string());
    }
    if a.active { form.with("active", "yes") } else { form }
}

fn attraction_page(request: &Request, form: &Form, message: Option<Markup>) -> Result<Response, Refusal> {
    let lang = request.lang();
    let id = request.param("attraction");
    let kinds = [("site", request.t("景区", "Attraction")), ("coach", request.t("旅游班线", "Coach line"))];
    let closed: Vec<&str> = form.values("closed_weekdays").collect();
    let body = html! {
        @if request.query_value("saved").is_some() { (notice(Tone::Ok, request.t("已保存。", "Saved."))) }
        @if let Some(m) = message { (m) }
        (error_summary(lang, form))
        form method="post" action={ "/manage/attractions/" (id) } novalidate {
            @if id == NEW { (field(lang, form, "id", "text", &t("编号", "Id"), Some(&t("小写字母、数字和连字符，以后不能更改", "Lower-case letters, digits and hyphens; it cannot be changed later")))) }
            (select(lang, form, "kind", &t("类型", "Kind"), &kinds))
            (pair(lang, form, "name", &t("名称", "Name")))
            (pair(lang, form, "about", &t("简介", "About")))
            (pair(lang, form, "address", &t("地址", "Address")))
            (field(lang, form, "district", "text", &t("行政区划代码", "Division's code"), None))
            (field(lang, form, "operator", "text", &t("经营单位统一社会信用代码", "Operator's unified social credit code"), None))
            (pair(lang, form, "operator_name", &t("经营单位名称", "Operator's name")))
            (textarea(lang, form, "sessions", 5, &t("时段", "Sessions"), Some(&t("每行一个：开始-结束 人数，如 09:00-11:00 100。班线写发车-到达 座位数。", "One a line: start-end people, such as 09:00-11:00 100. For a coach line departure-arrival seats."))))
            (field(lang, form, "daily_cap", "number", &t("每日上限", "Daily cap"), None))
            (field(lang, form, "instant_cap", "number", &t("瞬时承载量（人）", "People on site at once"), Some(&t("同时在园的人数上限，不填则不限。达到时检票口提醒，由检票员决定是否放行。", "Empty: no bound. When it is reached the gate says so, and the officer decides."))))
            (field(lang, form, "stay_minutes", "number", &t("游客通常停留（分钟）", "Usual stay (minutes)"), Some(&t("用于估计在园人数，10 至 720", "Tells how many are on site; 10 to 720"))))
            (textarea(lang, form, "gates", 3, &t("检票口", "Gates"), Some(&t("每行一个名称；只限部分检票员时，在冒号后写他们的工号（见各自的检票页），如 东门: 工号一 工号二。不填则检票口名称不限。", "One name a line; for certain officers only write their numbers (see the gate's page of each) after a colon, such as East gate: number-1 number-2. Empty: any name goes."))))
            fieldset #field-closed_weekdays {
                legend { (request.t("每周闭馆", "Closed weekdays")) }
                @for d in 1..=7_u8 {
                    label.choice { input type="checkbox" name="closed_weekdays" value=(d) checked[closed.contains(&d.to_string().as_str())]; span { (weekdays(lang, &[d])) } }
                }
            }
            (field(lang, form, "rank", "number", &t("排序", "Place in lists"), None))
            (checkbox(lang, form, "active", &t("显示并售票", "Listed and on sale")))
            (refund_sold(lang, form))
            div.actions { button type="submit" { (request.t("保存", "Save")) } a href="/manage" { (request.t("返回", "Back")) } }
        }
    };
    Ok(LAYOUT.page(request, &t("景区与班线", "Attraction or coach line"), body))
}

/// `POST /manage/attractions/{attraction}`.
pub(super) fn save_attraction(request: &Request) -> web::Result<Response> {
    let by = request.require_role(&[MANAGER])?.subject.clone().unwrap_or_default();
    let mut form = request.form()?;
    let Some(new) = read_attraction(request, &mut form)? else {
        return answer(
            request,
            attraction_page(request, &form, None).map(|r| r.status(StatusCode::UNPROCESSABLE_ENTITY)),
        );
    };
    let refund = form.checked("refund_sold");
    let saved = match manage::put_attraction(&new, refund, &by) {
        Ok(()) => Ok(Response::see_other(&format!("/manage/attractions/{}?saved=1", new.id))),
        Err(e) => again(request, form, e, |form, message| attraction_page(request, form, message)),
    };
    answer(request, saved)
}

fn read_attraction(request: &Request, form: &mut Form) -> web::Result<Option<Attraction>> {
    let path = request.param("attraction");
    let id = if path == NEW { form.value("id").trim().to_owned() } else { path.to_owned() };
    let picture = manage::attraction(&id).ok().and_then(|a| a.picture);
    let sessions = read_sessions(form);
    let daily_cap = form.number("daily_cap", 0..=1_000_000).and_then(|n| u32::try_from(n).ok());
    let rank = if form.value("rank").trim().is_empty() { Some(0) } else { form.number("rank", 0..=10_000) };
    let instant_cap = if form.value("instant_cap").trim().is_empty() {
        Some(None)
    } else {
        form.number("instant_cap", 1..=1_000_000).map(|n| u32::try_from(n).ok())
    };
    let stay_minutes = if form.value("stay_minutes").trim().is_empty() {
        Some(120)
    } else {
        form.number("stay_minutes", 10..=720).and_then(|n| u32::try_from(n).ok())
    };
    let gates = read_gates(form);
    let (Some(sessions), Some(daily_cap), Some(rank)) = (sessions, daily_cap, rank) else { return Ok(None) };
    let (Some(instant_cap), Some(stay_minutes)) = (instant_cap, stay_minutes) else { return Ok(None) };
    Ok(Some(Attraction {
        id,
        kind: if form.value("kind") == "coach" { PlaceKind::Coach } else { PlaceKind::Site },
        name: typed_pair(form, "name"),
        about: typed_pair(form, "about"),
        address: typed_pair(form, "address"),
        district: form.value("district").trim().to_owned(),
        operator: form.value("operator").trim().to_owned(),
        operator_name: typed_pair(form, "operator_name"),
        sessions,
        closed_weekdays: form.values("closed_weekdays").filter_map(|d| d.parse().ok()).collect(),
        daily_cap,
        instant_cap,
        stay_minutes,
        gates,
        picture,
        active: form.checked("active"),
        rank: u32::try_from(rank).unwrap_or(0),
    }))
}

/// `GET /manage/attractions/{attraction}/days`.
pub(super) fn days(request: &Request) -> web::Result<Response> {
    request.require_role(&[MANAGER])?;
    let tomorrow = request.query_value("date").unwrap_or_else(|| Date::at(now()).plus(1).to_string());
    answer(request, days_page(request, &Form::new().with("date", tomorrow).with("what", "close"), None))
}

fn days_page(request: &Request, form: &Form, message: Option<Markup>) -> Result<Response, Refusal> {
    let lang = request.lang();
    let place = manage::attraction(request.param("attraction"))?;
    let plans = manage::plans(&place.id, 200)?;
    let what = [
        ("close", request.t("当天关闭", "Close the day")),
        ("open", request.t("当天开放（平时闭馆的日子）", "Open the day (a weekday that is closed)")),
        ("ordinary", request.t("恢复平常安排", "Make it an ordinary day again")),
        ("change", request.t("只改限额或时段", "Change cap or sessions only")),
    ];
    let body = html! {
        @if request.query_value("saved").is_some() { (notice(Tone::Ok, request.t("已保存。", "Saved."))) }
        @if let Some(m) = message { (m) }
        (error_summary(lang, form))
        @if plans.is_empty() { p { (request.t("今后没有特殊日期。", "No day to come is different.")) } }
        @else {
            (table(request.t("特殊日期", "Days that are different"), &[
                Column::new(request.t("日期", "Day"), |(d, _): &(Date, DayPlan)| html! { (d) " " (weekday(lang, *d)) }),
                Column::new(request.t("安排", "What"), |(_, p): &(Date, DayPlan)| match p.open {
                    Some(false) => badge(Tone::Bad, lang.pick("关闭", "closed")),
                    Some(true) => badge(Tone::Ok, lang.pick("开放", "open")),
                    None => html! { "—" },
                }),
                Column::new(request.t("当日上限", "Cap"), |(_, p): &(Date, DayPlan)| html! { @match p.daily_cap { Some(c) => (c), None => "—" } }).numeric(),
                Column::new(request.t("时段", "Sessions"), |(_, p): &(Date, DayPlan)| html! { @match &p.sessions { Some(s) => (session_lines(s)), None => "—" } }),
                Column::new(request.t("原因", "Why"), |(_, p): &(Date, DayPlan)| html! { (p.reason.as_ref().map_or("", |r| r.get(lang))) }),
            ], plans))
        }
        form method="post" action={ "/manage/attractions/" (place.id) "/days" } novalidate {
            (field(lang, form, "date", "date", &t("日期", "Day"), None))
            (select(lang, form, "what", &t("安排", "What"), &what))
            (pair(lang, form, "reason", &t("原因，游客会看到", "Why, as visitors read it")))
            (field(lang, form, "daily_cap", "number", &t("当日上限", "Cap of the day"), Some(&t("不填则不变。低于已售数时只停止售票，已售的票仍有效。", "Empty: unchanged. Below what is sold it only stops sales; sold tickets stay valid."))))
            (textarea(lang, form, "sessions", 4, &t("当日时段", "Sessions of the day"), Some(&t("不填则不变。每行一个：09:00-11:00 100", "Empty: unchanged. One a line: 09:00-11:00 100"))))
            (refund_sold(lang, form))
            div.actions { button type="submit" { (request.t("保存", "Save")) } a href="/manage" { (request.t("返回", "Back")) } }
        }
    };
    Ok(LAYOUT.page(request, &place.name, body))
}

/// `POST /manage/attractions/{attraction}/days`.
pub(super) fn save_day(request: &Request) -> web::Result<Response> {
    let by = request.require_role(&[MANAGER])?.subject.clone().unwrap_or_default();
    let mut form = request.form()?;
    let id = request.param("attraction");
    let Some((date, plan)) = read_day(&mut form) else {
        return answer(request, days_page(request, &form, None).map(|r| r.status(StatusCode::UNPROCESSABLE_ENTITY)));
    };
    let saved = match manage::put_plan(id, date, plan, form.checked("refund_sold"), &by) {
        Ok(_) => Ok(Response::see_other(&format!("/manage/attractions/{id}/days?saved=1&date={date}"))),
        Err(e) => again(request, form, e, |form, message| days_page(request, form, message)),
    };
    answer(request, saved)
}

fn read_day(form: &mut Form) -> Option<(Date, DayPlan)> {
    let date = form.parse("date", t("请填写日期", "Enter a day"));
    let reason = typed_pair(form, "reason");
    let reason = (!reason.zh.is_empty() || !reason.en.is_empty()).then_some(reason);
    let cap = if form.value("daily_cap").trim().is_empty() {
        Some(None)
    } else {
        form.number("daily_cap", 0..=1_000_000).map(Some)
    };
    let sessions = read_sessions(form)?;
    let open = match form.choice("what", &["close", "open", "change", "ordinary"])?.as_str() {
        "ordinary" => return Some((date?, DayPlan::default())),
        "close" => Some(false),
        "open" => Some(true),
        _ => None,
    };
    let plan = DayPlan {
        id: String::new(),
        open,
        reason,
        daily_cap: cap?.and_then(|n| u32::try_from(n).ok()),
        sessions: (!sessions.is_empty()).then_some(sessions),
    };
    Some((date?, plan))
}

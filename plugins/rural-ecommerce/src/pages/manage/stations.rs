//! Stations and their commissions, for managers.

use super::super::files::{self, Field};
use super::super::forms::{again, fen, pair, typed_money, typed_pair, unreadable, with_pair};
use super::super::{LAYOUT, PAGE, acted, answer, place, saved};
use super::menu;
use crate::domain::commission::MAX_STATION;
use crate::domain::division::Level;
use crate::domain::station::{Service, Station};
use crate::domain::time::Date;
use crate::service::access::MANAGER;
use crate::service::stations::{self, StationInput};
use crate::service::{Refusal, now, statistics};
use maud::{Markup, html};
use yunlong_sdk::page::{Column, Listing, badge, card, confirm, empty, error_summary, field};
use yunlong_sdk::sheet::Cell;
use yunlong_sdk::{Form, Lang, Request, Response, Router, Stored, Tone, t, web};

/// The word for a station that is not there yet.
const NEW: &str = "new";

pub(super) fn routes(router: Router) -> Router {
    router
        .get("/manage/stations", list)
        .get("/manage/stations/file", list_file)
        .get("/manage/stations/{station}", show)
        .post("/manage/stations/{station}", save)
        .post("/manage/stations/{station}/active", active)
        .post("/manage/stations/{station}/commission", commission)
}

/// Basis points as per cent, `1.50`: hundredths, as fen are of a yuan.
fn per_cent(bps: u16) -> String {
    typed_money(bps.into())
}

fn open_word(lang: Lang, s: &Station, day: Date) -> &'static str {
    if s.on(day) { lang.pick("营业中", "open") } else { lang.pick("已停业", "closed") }
}

/// The list that the address asks for, and the county, town or village to which it is narrowed: the last one that was
/// chosen and lies in the one before.
fn asked(request: &Request) -> (Listing, Option<String>) {
    let fields = ["village-county", "village-town", "village"];
    let list = Listing::of(request, &[], &fields);
    let levels = [Level::County, Level::Town, Level::Village];
    let division = fields.iter().zip(levels).map_while(|(f, level)| {
        let code = list.filter(f);
        (Level::of(code) == Some(level)).then_some(code)
    });
    let narrowed = division.reduce(|above, code| if code.starts_with(above) { code } else { above });
    let narrowed = narrowed.map(str::to_owned);
    (list, narrowed)
}

/// `/manage/stations`.
fn list(request: &Request) -> web::Result<Response> {
    request.require_role(&[MANAGER])?;
    let shown = || {
        let lang = request.lang();
        let (list, division) = asked(request);
        let page = stations::list(division.as_deref(), PAGE, list.after())?;
        let (divisions, today) = (statistics::divisions()?, Date::at(now()));
        let nothing = page.items.is_empty() && list.after().is_none();
        let columns = [
            Column::new(
                request.t("站点", "Station"),
                |s: &Stored<Station>| html! { a href={ "/manage/stations/" (s.id) } { (s.name.get(lang)) } },
            ),
            Column::new(request.t("村", "Village"), |s: &Stored<Station>| html! { (divisions.address(&s.village)) }),
            Column::new(
                request.t("佣金（%）", "Commission (%)"),
                |s: &Stored<Station>| html! { (per_cent(s.commission_bps)) },
            )
            .numeric(),
            Column::new(request.t("状态", "State"), |s: &Stored<Station>| {
                badge(if s.on(today) { Tone::Ok } else { Tone::Bad }, open_word(lang, s, today))
            }),
        ];
        let body = html! {
            (menu(request))
            (saved(request))
            @if nothing && !list.is_filtered() { (empty(html! { p { (request.t("还没有站点。", "There are no stations yet.")) } })) }
            @else {
                (list.form(place::fields(lang, list.filters(), "village")?))
                @if nothing { (empty(html! { p { (request.t("这里没有站点。", "There are no stations there.")) } })) }
                @else { (list.table(request.t("站点", "Stations"), &columns, page.items)) }
                (list.pager(page.next.as_deref()))
                (files::links(request, &list))
            }
            p { a role="button" href="/manage/stations/new" { (request.t("添加站点", "Add a station")) } }
        };
        Ok(LAYOUT.page(request, &t("站点与佣金", "Stations and commissions"), body))
    };
    answer(request, shown())
}

/// `/manage/stations/file`.
fn list_file(request: &Request) -> web::Result<Response> {
    request.require_role(&[MANAGER])?;
    let (lang, today) = (request.lang(), Date::at(now()));
    let (_, division) = asked(request);
    let divisions = statistics::divisions().map_err(|e| e.into_error(lang))?;
    let columns = [
        Field::new(request.t("站点", "Station"), |s: &Station| s.name.get(lang).to_owned()),
        Field::new(request.t("村", "Village"), |s: &Station| divisions.address(&s.village)),
        Field::new(request.t("佣金（%）", "Commission (%)"), |s: &Station| Cell::Decimal {
            units: s.commission_bps.into(),
            scale: 2,
        }),
        Field::new(request.t("状态", "State"), |s: &Station| open_word(lang, s, today)),
    ];
    files::file(request, ("stations", request.t("站点", "Stations")), &columns, |limit, after| {
        stations::list(division.as_deref(), limit, after)
    })
}

/// `/manage/stations/{station}`.
fn show(request: &Request) -> web::Result<Response> {
    request.require_role(&[MANAGER])?;
    let shown = || {
        let form = match request.param("station") {
            NEW => Service::ALL.iter().fold(Form::new(), |f, s| f.with("services", s.code())),
            id => filled(&stations::get(id)?),
        };
        page(request, &form, html! {})
    };
    answer(request, shown())
}

fn filled(s: &Station) -> Form {
    let form = Form::new()
        .with("address", &*s.address)
        .with("keeper", &*s.keeper)
        .with("payee", &*s.payee)
        .with("bps", per_cent(s.commission_bps));
    let form = place::with(with_pair(form, "name", &s.name), "village", &s.village);
    s.services.iter().fold(form, |f, x| f.with("services", x.code()))
}

fn page(request: &Request, form: &Form, message: Markup) -> Result<Response, Refusal> {
    let (lang, id) = (request.lang(), request.param("station"));
    let station = if id == NEW { None } else { Some(stations::get(id)?) };
    let chosen: Vec<&str> = form.values("services").collect();
    let submit = request.t("保存", "Save");
    let body = html! {
        (menu(request))
        (saved(request))
        (message)
        (error_summary(lang, form))
        form method="post" action={ "/manage/stations/" (id) } novalidate {
            (place::enter(submit))
            (pair(lang, form, "name", &t("名称", "Name")))
            (place::fields(lang, form, "village")?)
            (field(lang, form, "address", "text", &t("村内地址", "Address in the village"), None))
            (field(lang, form, "keeper", "text", &t("负责人工号", "Keeper's number"), Some(&t("负责人在站点页看到的编号", "As the keeper sees it on the station's page"))))
            fieldset #field-services {
                legend { (request.t("服务", "Services")) }
                @for s in Service::ALL { label.choice { input type="checkbox" name="services" value=(s.code()) checked[chosen.contains(&s.code())]; span { (s.name().get(lang)) } } }
                @if let Some(why) = form.error("services") { span.field-error { (why.get(lang)) } }
            }
            (field(lang, form, "payee", "text", &t("佣金收款单位统一社会信用代码", "Receiver of the commission (USCC)"), None))
            div.actions { button type="submit" name="action" value="save" { (submit) } a href="/manage/stations" { (request.t("返回", "Back")) } }
        }
        @if let Some(s) = station { (standing(request, &s, form)) }
    };
    Ok(LAYOUT.page(request, &t("站点", "Station"), body))
}

/// What is set by steps of their own: the commission, and whether the station is active.
fn standing(request: &Request, s: &Station, form: &Form) -> Markup {
    let open = s.on(Date::at(now())) && s.active.last().is_some_and(|a| a.to.is_none());
    let shown = if form.checked("bps") { form.clone() } else { form.clone().with("bps", per_cent(s.commission_bps)) };
    html! {
        (card("commission", request.t("代购佣金", "Commission"), html! {
            p { (request.t("按代购订单的货款计算；负责人不能修改自己的佣金，每次修改和尝试都有记录。", "Of the price of what it orders for others. A keeper does not set their own; each change and each attempt is recorded.")) }
            form method="post" action={ "/manage/stations/" (s.id) "/commission" } novalidate {
                (field(request.lang(), &shown, "bps", "text", &yunlong_sdk::Text::new(format!("比例（%），最高 {}", per_cent(MAX_STATION)), format!("Rate (%), at most {}", per_cent(MAX_STATION))), None))
                div.actions { button type="submit" { (request.t("保存佣金", "Save the commission")) } }
            }
        }))
        p { a href={ "/station/" (s.id) "/visit" } { (request.t("登记上门服务", "Record a visit")) } }
        (card("active", request.t("营业", "Active"), html! {
            ul { @for a in &s.active { li { (a.from) " – " @match a.to { Some(d) => (d), None => (request.t("至今", "now")) } } } }
            @if open { form.inline method="post" action={ "/manage/stations/" (s.id) "/active" } { button.danger.outline type="submit" name="active" value="no" { (request.t("自今日起停业", "Close it after today")) } } }
            @else { (confirm(&format!("/manage/stations/{}/active", s.id), request.t("自今日起营业", "Open it from today on"), &[("active", "yes")])) }
        }))
    }
}

/// `POST /manage/stations/{station}`.
fn save(request: &Request) -> web::Result<Response> {
    request.require_role(&[MANAGER])?;
    answer(request, save_done(request, request.form()?))
}

fn save_done(request: &Request, mut form: Form) -> Result<Response, Refusal> {
    if form.value("action") == place::ACTION {
        return page(request, &place::unpressed(&form), html! {});
    }
    let Some(village) = place::village(&mut form, "village") else {
        return unreadable(&form, |f, m| page(request, f, m));
    };
    let services = form.values("services").filter_map(|c| Service::ALL.into_iter().find(|s| s.code() == c)).collect();
    let value = |name: &str| form.value(name).trim().to_owned();
    let input = StationInput {
        name: typed_pair(&form, "name"),
        village,
        address: value("address"),
        keeper: value("keeper"),
        services,
        payee: value("payee"),
    };
    let id = request.param("station");
    match stations::put(request.principal(), (id != NEW).then_some(id), &input) {
        Ok(s) => Ok(Response::see_other(&format!("/manage/stations/{}?saved=1", s.id))),
        Err(e) => again(request, form, e, |f, m| page(request, f, m)),
    }
}

/// `POST /manage/stations/{station}/active`.
fn active(request: &Request) -> web::Result<Response> {
    request.require_role(&[MANAGER])?;
    let active = request.form()?.value("active") == "yes";
    acted(request, stations::set_active(request.principal(), request.param("station"), active), |s| {
        format!("/manage/stations/{}?saved=1", s.id)
    })
}

/// `POST /manage/stations/{station}/commission`. Also for a keeper without the role: the attempt on
/// one's own is refused and recorded by the service.
fn commission(request: &Request) -> web::Result<Response> {
    request.subject()?;
    answer(request, commission_done(request, request.form()?))
}

fn commission_done(request: &Request, typed: Form) -> Result<Response, Refusal> {
    let id = request.param("station");
    let bps = fen(typed.value("bps")).and_then(|n| u16::try_from(n).ok());
    if !request.principal().has_role(MANAGER) {
        // Refused in any case; the service records an attempt on one's own.
        let refused = stations::set_commission(request.principal(), id, bps.unwrap_or(0));
        return refused.and(Err(Refusal::RoleRequired(MANAGER)));
    }
    let station = stations::get(id)?;
    // The page has two forms: the other one shows what is stored.
    let rest = super::super::forms::without(&filled(&station), &["bps"]);
    let mut form = rest.with("bps", typed.value("bps"));
    let Some(bps) = bps else {
        form.reject("bps", t("请填写百分比，如 1.50", "Enter a percentage, such as 1.50"));
        return unreadable(&form, |f, m| page(request, f, m));
    };
    match stations::set_commission(request.principal(), id, bps) {
        Ok(s) => Ok(Response::see_other(&format!("/manage/stations/{}?saved=1", s.id))),
        Err(e) => again(request, form, e, |f, m| page(request, f, m)),
    }
}

//! The store's batches.

use super::super::files::{self, Field};
use super::super::forms::{again, pair, typed_pair, unreadable};
use super::super::lists::{Asked, Filters};
use super::super::{LAYOUT, PAGE, answer, batch_badge, local, place, saved};
use super::menu;
use crate::domain::batch::{Batch, State};
use crate::domain::machine::Machine;
use crate::domain::time::Date;
use crate::service::batches::{self, BatchInput};
use crate::service::{Refusal, now, stores};
use maud::{Markup, html};
use yunlong_sdk::page::{Column, error_summary, field};
use yunlong_sdk::{Form, Request, Response, Router, Stored, t, web};

pub(super) fn routes(router: Router) -> Router {
    router
        .get("/store/batches", list)
        .get("/store/batches/file", list_file)
        .get("/store/batches/new", new)
        .post("/store/batches/new", save)
}

/// The batches that the address asks for, the newest first unless it says otherwise.
fn asked(request: &Request) -> Asked<State> {
    let number = Some(t("追溯码", "Trace code"));
    Asked::of(request, "-created", Filters { state: "state", states: State::ALL, first: None, number })
}

/// `/store/batches`.
fn list(request: &Request) -> web::Result<Response> {
    request.subject()?;
    let shown = || {
        let asked = asked(request);
        let page = batches::mine(request.principal(), &asked.wanted, PAGE, asked.after())?;
        let none = html! { p { (request.t("还没有登记批次。食品须凭检测合格的批次上架。", "No batch is registered yet. Food is listed with a batch that passed its test.")) } };
        let none_such = request.t("没有这样的批次。", "There are no such batches.");
        let table = (request.t("批次", "Batches"), &columns(request)[..]);
        let body = html! {
            (menu(request))
            (saved(request))
            (asked.show(request, table, page, none, none_such))
            p { a role="button" href="/store/batches/new" { (request.t("登记批次", "Register a batch")) } }
        };
        Ok(LAYOUT.page(request, &t("批次", "Batches"), body))
    };
    answer(request, shown())
}

fn columns(request: &Request) -> [Column<'_, Stored<Batch>>; 7] {
    let lang = request.lang();
    [
        Column::new(
            request.t("追溯码", "Trace code"),
            |b: &Stored<Batch>| html! { a href={ "/trace/" (b.id) } { code { (b.id) } } },
        ),
        Column::new(request.t("货品", "Goods"), move |b: &Stored<Batch>| html! { (b.goods.get(lang)) }),
        Column::new(request.t("采收", "Harvest"), |b: &Stored<Batch>| html! { (b.harvest) }),
        Column::new(
            request.t("保质期至", "Best before"),
            |b: &Stored<Batch>| html! { @match b.best_before { Some(d) => (d), None => "—" } },
        ),
        Column::new(request.t("千克", "kg"), |b: &Stored<Batch>| html! { (b.kilograms) }).numeric(),
        Column::new(request.t("登记时间", "Registered"), |b: &Stored<Batch>| html! { (local(b.created_at)) })
            .sorted_by("created"),
        Column::new(
            request.t("状态", "State"),
            move |b: &Stored<Batch>| html! { (batch_badge(lang, b.state)) @if let Some(why) = &b.reason { " " (why.get(lang)) } },
        ),
    ]
}

/// `/store/batches/file`.
fn list_file(request: &Request) -> web::Result<Response> {
    request.subject()?;
    let (lang, asked) = (request.lang(), asked(request));
    let best_before = |b: &Batch| b.best_before.map(|d| d.to_string()).unwrap_or_default();
    let columns = [
        Field::new(request.t("追溯码", "Trace code"), |b: &Batch| b.id.clone()),
        Field::new(request.t("货品", "Goods"), |b: &Batch| b.goods.get(lang).to_owned()),
        Field::new(request.t("采收", "Harvest"), |b: &Batch| b.harvest.to_string()),
        Field::new(request.t("保质期至", "Best before"), best_before),
        Field::new(request.t("千克", "kg"), |b: &Batch| b.kilograms),
        Field::new(request.t("登记时间", "Registered"), |b: &Batch| local(b.created_at)),
        Field::new(request.t("状态", "State"), |b: &Batch| b.state.name().get(lang).to_owned()),
    ];
    files::file(request, ("batches", request.t("批次", "Batches")), &columns, |limit, after| {
        batches::mine(request.principal(), &asked.wanted, limit, after)
    })
}

/// `GET /store/batches/new`.
fn new(request: &Request) -> web::Result<Response> {
    request.subject()?;
    let shown = || {
        let store = stores::my_store(request.principal())?;
        let form = place::with(Form::new().with("harvest", Date::at(now()).to_string()), "origin", &store.village);
        page(request, &form, html! {})
    };
    answer(request, shown())
}

fn page(request: &Request, form: &Form, message: Markup) -> Result<Response, Refusal> {
    let lang = request.lang();
    let submit = request.t("登记批次", "Register the batch");
    let body = html! {
        (menu(request))
        (message)
        (error_summary(lang, form))
        form method="post" action="/store/batches/new" novalidate {
            (place::enter(submit))
            (pair(lang, form, "goods", &t("货品", "Goods")))
            (place::fields(lang, form, "origin")?)
            (field(lang, form, "harvest", "date", &t("采收或生产日期", "Day of the harvest or making"), None))
            (field(lang, form, "best_before", "date", &t("保质期至（选填）", "Best before (optional)"), None))
            (field(lang, form, "kilograms", "number", &t("重量（千克）", "Kilograms"), None))
            (field(lang, form, "trace_code", "text", &t("已有的追溯码（选填）", "A trace code that it has already (optional)"), Some(&t("13 位；不填则由系统生成", "13 characters; left empty, one is made"))))
            div.actions { button type="submit" name="action" value="save" { (submit) } a href="/store/batches" { (request.t("返回", "Back")) } }
        }
    };
    Ok(LAYOUT.page(request, &t("登记批次", "Register a batch"), body))
}

/// `POST /store/batches/new`.
fn save(request: &Request) -> web::Result<Response> {
    request.subject()?;
    answer(request, saved_batch(request, request.form()?))
}

fn saved_batch(request: &Request, mut form: Form) -> Result<Response, Refusal> {
    if form.value("action") == place::ACTION {
        return page(request, &place::unpressed(&form), html! {});
    }
    let origin = place::village(&mut form, "origin");
    let harvest = form.parse("harvest", t("请填写日期", "Enter a day"));
    let best_before = if form.value("best_before").trim().is_empty() {
        Some(None)
    } else {
        form.parse("best_before", t("请填写日期", "Enter a day")).map(Some)
    };
    let kilograms = form.number("kilograms", 1..=1_000_000).and_then(|n| u32::try_from(n).ok());
    let (Some(origin), Some(harvest), Some(best_before), Some(kilograms)) = (origin, harvest, best_before, kilograms)
    else {
        return unreadable(&form, |f, m| page(request, f, m));
    };
    let trace_code = Some(form.value("trace_code").trim().to_owned()).filter(|c| !c.is_empty());
    let input = BatchInput { trace_code, goods: typed_pair(&form, "goods"), origin, harvest, best_before, kilograms };
    match batches::register(request.principal(), &input) {
        Ok(_) => Ok(Response::see_other("/store/batches?saved=1")),
        Err(e) => again(request, form, e, |f, m| page(request, f, m)),
    }
}

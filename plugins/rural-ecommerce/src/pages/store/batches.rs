//! The store's batches.

use super::super::forms::{again, pair, typed_pair, unreadable};
use super::super::{LAYOUT, PAGE, answer, batch_badge, place, saved};
use super::menu;
use crate::domain::batch::Batch;
use crate::domain::time::Date;
use crate::service::batches::{self, BatchInput};
use crate::service::{Refusal, now, stores};
use maud::{Markup, html};
use yunlong_sdk::page::{Column, empty, error_summary, field, pager, table};
use yunlong_sdk::{Form, Request, Response, Router, t, web};

pub(super) fn routes(router: Router) -> Router {
    router.get("/store/batches", list).get("/store/batches/new", new).post("/store/batches/new", save)
}

/// `/store/batches`.
fn list(request: &Request) -> web::Result<Response> {
    request.subject()?;
    let shown = || {
        let lang = request.lang();
        let after = request.query_value("after");
        let at_start = after.is_none();
        let page = batches::mine(request.principal(), PAGE, after)?;
        let body = html! {
            (menu(request))
            (saved(request))
            @if page.items.is_empty() && at_start { (empty(html! { p { (request.t("还没有登记批次。食品须凭检测合格的批次上架。", "No batch is registered yet. Food is listed with a batch that passed its test.")) } })) }
            @else { (listed(request, page.items.into_iter().map(|b| b.value))) }
            (pager(lang, "/store/batches", &[], at_start, page.next.as_deref()))
            p { a role="button" href="/store/batches/new" { (request.t("登记批次", "Register a batch")) } }
        };
        Ok(LAYOUT.page(request, &t("批次", "Batches"), body))
    };
    answer(request, shown())
}

fn listed(request: &Request, rows: impl Iterator<Item = Batch>) -> Markup {
    let lang = request.lang();
    table(
        request.t("批次", "Batches"),
        &[
            Column::new(
                request.t("追溯码", "Trace code"),
                |b: &Batch| html! { a href={ "/trace/" (b.id) } { code { (b.id) } } },
            ),
            Column::new(request.t("货品", "Goods"), |b: &Batch| html! { (b.goods.get(lang)) }),
            Column::new(request.t("采收", "Harvest"), |b: &Batch| html! { (b.harvest) }),
            Column::new(
                request.t("保质期至", "Best before"),
                |b: &Batch| html! { @match b.best_before { Some(d) => (d), None => "—" } },
            ),
            Column::new(request.t("千克", "kg"), |b: &Batch| html! { (b.kilograms) }).numeric(),
            Column::new(
                request.t("状态", "State"),
                |b: &Batch| html! { (batch_badge(lang, b.state)) @if let Some(why) = &b.reason { " " (why.get(lang)) } },
            ),
        ],
        rows,
    )
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

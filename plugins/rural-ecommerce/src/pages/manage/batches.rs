//! Tests of batches, for inspectors, and recalls, for managers.

use super::super::files::{self, Field};
use super::super::forms::{again, pair, typed_pair, unreadable};
use super::super::lists::{Asked, Filters};
use super::super::{LAYOUT, PAGE, answer, batch_badge, local, saved};
use super::menu;
use crate::domain::batch::{Batch, State, Step};
use crate::domain::machine::Machine;
use crate::domain::time::Date;
use crate::service::access::{INSPECTOR, MANAGER};
use crate::service::batches::{self, TestInput};
use crate::service::{Refusal, now, statistics};
use maud::{Markup, html};
use yunlong_sdk::page::{Column, badge, card, error_summary, field, select};
use yunlong_sdk::{Form, Request, Response, Router, Stored, Text, Tone, t, web};

pub(super) fn routes(router: Router) -> Router {
    router
        .get("/manage/batches", list)
        .get("/manage/batches/file", list_file)
        .get("/manage/batches/{code}", show)
        .post("/manage/batches/{code}", act)
}

/// The batches that the address asks for: what waits for its test, the oldest first, unless it says other ones.
fn asked(request: &Request) -> Asked<State> {
    let number = Some(t("追溯码", "Trace code"));
    let filters = Filters { state: "state", states: State::ALL, first: Some(State::Registered), number };
    Asked::of(request, "created", filters)
}

/// `/manage/batches`.
fn list(request: &Request) -> web::Result<Response> {
    request.require_role(&[MANAGER, INSPECTOR])?;
    let shown = || {
        let (lang, asked) = (request.lang(), asked(request));
        let page = batches::every(request.principal(), &asked.wanted, PAGE, asked.after())?;
        let divisions = statistics::divisions()?;
        let columns = [
            Column::new(
                request.t("追溯码", "Trace code"),
                |b: &Stored<Batch>| html! { a href={ "/manage/batches/" (b.id) } { code { (b.id) } } },
            ),
            Column::new(request.t("货品", "Goods"), |b: &Stored<Batch>| html! { (b.goods.get(lang)) }),
            Column::new(request.t("产地", "Origin"), |b: &Stored<Batch>| html! { (divisions.address(&b.origin)) }),
            Column::new(request.t("采收", "Harvest"), |b: &Stored<Batch>| html! { (b.harvest) }),
            Column::new(request.t("登记时间", "Registered"), |b: &Stored<Batch>| html! { (local(b.created_at)) })
                .sorted_by("created"),
            Column::new(request.t("检测次数", "Tests"), |b: &Stored<Batch>| html! { (b.tests.len()) }).numeric(),
            Column::new(request.t("状态", "State"), |b: &Stored<Batch>| batch_badge(lang, b.state)),
        ];
        let none_such = request.t("没有这样的批次。", "There are no such batches.");
        let table = (request.t("批次", "Batches"), &columns[..]);
        let body = html! {
            (menu(request))
            (saved(request))
            (asked.show(request, table, page, html! {}, none_such))
        };
        Ok(LAYOUT.page(request, &t("检测与召回", "Tests and recalls"), body))
    };
    answer(request, shown())
}

/// `/manage/batches/file`.
fn list_file(request: &Request) -> web::Result<Response> {
    request.require_role(&[MANAGER, INSPECTOR])?;
    let (lang, asked) = (request.lang(), asked(request));
    let divisions = statistics::divisions().map_err(|e| e.into_error(lang))?;
    let columns = [
        Field::new(request.t("追溯码", "Trace code"), |b: &Batch| b.id.clone()),
        Field::new(request.t("货品", "Goods"), |b: &Batch| b.goods.get(lang).to_owned()),
        Field::new(request.t("产地", "Origin"), |b: &Batch| divisions.address(&b.origin)),
        Field::new(request.t("采收", "Harvest"), |b: &Batch| b.harvest.to_string()),
        Field::new(request.t("登记时间", "Registered"), |b: &Batch| local(b.created_at)),
        Field::new(request.t("检测次数", "Tests"), |b: &Batch| u32::try_from(b.tests.len()).unwrap_or(u32::MAX)),
        Field::new(request.t("状态", "State"), |b: &Batch| b.state.name().get(lang).to_owned()),
    ];
    files::file(request, ("batches", request.t("批次", "Batches")), &columns, |limit, after| {
        batches::every(request.principal(), &asked.wanted, limit, after)
    })
}

/// `/manage/batches/{code}`.
fn show(request: &Request) -> web::Result<Response> {
    request.require_role(&[MANAGER, INSPECTOR])?;
    answer(request, page(request, &Form::new().with("day", Date::at(now()).to_string()), html! {}))
}

fn page(request: &Request, form: &Form, message: Markup) -> Result<Response, Refusal> {
    let (lang, who) = (request.lang(), request.principal());
    let b = batches::get(who, request.param("code"))?;
    let divisions = statistics::divisions()?;
    let may = |s: Step| b.state.check(s).is_ok();
    let body = html! {
        (menu(request))
        (saved(request))
        (message)
        (error_summary(lang, form))
        dl.facts {
            dt { (request.t("状态", "State")) } dd { (batch_badge(lang, b.state)) @if let Some(why) = &b.reason { " " (why.get(lang)) } }
            dt { (request.t("货品", "Goods")) } dd { (b.goods.get(lang)) }
            dt { (request.t("产地", "Origin")) } dd { (divisions.address(&b.origin)) }
            dt { (request.t("采收日期", "Harvest")) } dd { (b.harvest) }
            dt { (request.t("重量", "Weight")) } dd { (b.kilograms) " kg" }
            @for x in &b.tests { dt { (x.item.get(lang)) } dd { (x.day) " " (x.laboratory) " " code { (x.report) } " " @if x.passed { (badge(Tone::Ok, request.t("合格", "passed"))) } @else { (badge(Tone::Bad, request.t("不合格", "failed"))) } } }
        }
        p { a href={ "/trace/" (b.id) } { (request.t("公开的追溯页", "The public trace")) } }
        @if who.has_role(INSPECTOR) && (may(Step::Pass) || may(Step::Fail)) { (card("test", request.t("登记检测", "Record a test"), test_form(request, &b, form))) }
        @if who.has_role(MANAGER) && may(Step::Recall) { (card("recall", request.t("召回", "Recall"), html! {
            p { (request.t("召回后，全市各部门的商品立即下架，已付款未发货的订单全额退款。不能撤销。", "The goods go off sale in every department at once, and orders that were paid and not sent are refunded in full. It cannot be undone.")) }
            form method="post" action={ "/manage/batches/" (b.id) } novalidate {
                (pair(lang, form, "reason", &t("原因，公众会看到", "Why, as everybody reads it")))
                div.actions { button.danger type="submit" name="step" value="recall" { (request.t("召回", "Recall")) } }
            }
        })) }
        p { a href="/manage/batches" { (request.t("返回", "Back")) } }
    };
    Ok(LAYOUT.page(request, &Text::new(format!("批次 {}", b.id), format!("Batch {}", b.id)), body))
}

fn test_form(request: &Request, b: &Batch, form: &Form) -> Markup {
    let lang = request.lang();
    let results = [
        ("", request.t("请选择", "Choose")),
        ("passed", request.t("合格", "Passed")),
        ("failed", request.t("不合格（立即下架并退款）", "Failed (off sale at once, with refunds)")),
    ];
    html! {
        form method="post" action={ "/manage/batches/" (b.id) } novalidate {
            (field(lang, form, "report", "text", &t("报告编号", "Report"), None))
            (pair(lang, form, "item", &t("检测项目", "Tested for")))
            (field(lang, form, "laboratory", "text", &t("检测机构", "Laboratory"), None))
            (field(lang, form, "day", "date", &t("采样日期", "Day of the sample"), None))
            (select(lang, form, "result", &t("结果", "Result"), &results))
            div.actions { button type="submit" name="step" value="test" { (request.t("登记", "Record it")) } }
        }
    }
}

/// `POST /manage/batches/{code}`.
fn act(request: &Request) -> web::Result<Response> {
    request.require_role(&[MANAGER, INSPECTOR])?;
    answer(request, acted(request, request.form()?))
}

fn acted(request: &Request, mut form: Form) -> Result<Response, Refusal> {
    let (who, code) = (request.principal(), request.param("code"));
    let done = match form.value("step") {
        "recall" => batches::recall(who, code, &typed_pair(&form, "reason")),
        "test" => {
            let day = form.parse("day", t("请填写日期", "Enter a day"));
            let result = form.choice("result", &["passed", "failed"]);
            let (Some(day), Some(result)) = (day, result) else { return unreadable(&form, |f, m| page(request, f, m)) };
            let test = TestInput {
                report: form.value("report").trim().to_owned(),
                item: typed_pair(&form, "item"),
                laboratory: form.value("laboratory").trim().to_owned(),
                day,
                passed: result == "passed",
            };
            batches::record_test(who, code, &test)
        }
        _ => Err(Refusal::NotFound),
    };
    match done {
        Ok(b) => Ok(Response::see_other(&format!("/manage/batches/{}?saved=1", b.id))),
        Err(e) => again(request, form, e, |f, m| page(request, f, m)),
    }
}

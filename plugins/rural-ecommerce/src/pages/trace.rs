//! The public trace: by the code on a label or its QR code, without signing in. No person stands in it.

use super::{LAYOUT, answer, batch_badge};
use crate::domain::batch::State;
use crate::service::Refusal;
use crate::service::trace::{self, PublicTest, Trace};
use maud::{Markup, html};
use yunlong_sdk::page::{Column, Paper, badge, card, empty, error_summary, field, notice, print_view, table};
use yunlong_sdk::{Form, Request, Response, StatusCode, Tone, context, qr, t, web};

/// `/trace`: a form for the code; with `code` in the query on to the batch.
pub(super) fn ask(request: &Request) -> web::Result<Response> {
    let typed = request.query_value("code").unwrap_or_default();
    if typed.trim().is_empty() {
        return Ok(form_page(request, &Form::new()));
    }
    let mut form = Form::new().with("code", &*typed);
    match trace::by_code(&typed) {
        Ok(found) => Ok(Response::see_other(&format!("/trace/{}", found.code))),
        Err(Refusal::NotFound) => {
            form.reject(
                "code",
                t(
                    "没有找到这个追溯码，请核对标签（13 位字母和数字）",
                    "There is no such trace code: look at the label again (13 letters and digits)",
                ),
            );
            Ok(form_page(request, &form).status(StatusCode::NOT_FOUND))
        }
        Err(e) => answer(request, Err(e)),
    }
}

fn form_page(request: &Request, form: &Form) -> Response {
    let lang = request.lang();
    let body = html! {
        p { (request.t("输入商品标签上的追溯码，或扫描标签上的二维码，查看产地、采收日期和检测结果。不用登录。", "Enter the trace code of the label, or scan its QR code, to see the origin, the harvest and the tests. No account is needed.")) }
        (error_summary(lang, form))
        search { form method="get" action="/trace" {
            (field(lang, form, "code", "text", &t("追溯码", "Trace code"), None))
            div.actions { button type="submit" { (request.t("查询", "Look it up")) } }
        } }
    };
    LAYOUT.page(request, &t("商品追溯", "Trace goods"), body)
}

/// `/trace/{code}`.
pub(super) fn show(request: &Request) -> web::Result<Response> {
    let found = match trace::by_code(request.param("code")) {
        Ok(t) => t,
        Err(Refusal::NotFound) => {
            let mut form = Form::new().with("code", request.param("code"));
            form.reject(
                "code",
                t("没有找到这个追溯码，请核对标签", "There is no such trace code: look at the label again"),
            );
            return Ok(form_page(request, &form).status(StatusCode::NOT_FOUND));
        }
        Err(e) => return answer(request, Err(e)),
    };
    let body = html! {
        (verdict(request, &found))
        (facts(request, &found))
        (tests(request, &found))
        (card("label", request.t("标签", "Label"), label(request, &found)))
        p { a href="/trace" { (request.t("查询另一个追溯码", "Look up another code")) } }
    };
    Ok(LAYOUT.page(request, &found.goods, body))
}

fn verdict(request: &Request, found: &Trace) -> Markup {
    let lang = request.lang();
    let (tone, text) = match found.state {
        State::Passed => (Tone::Ok, t("检测合格。", "It passed its test.")),
        State::Registered => (Tone::Warn, t("等待检测，尚不能销售。", "It waits for its test and is not sold yet.")),
        State::Failed => (
            Tone::Bad,
            t(
                "检测不合格，已下架。如已购买，请不要食用，可申请退货。",
                "It failed its test and is off sale. If you bought it, do not eat it, and ask for a return.",
            ),
        ),
        State::Recalled => (
            Tone::Bad,
            t(
                "已召回并下架。如已购买，请不要食用，可申请退货。",
                "It was called back and is off sale. If you bought it, do not eat it, and ask for a return.",
            ),
        ),
        State::Expired => (Tone::Info, t("已过保质期，不再销售。", "Its last day is over; it is not sold any more.")),
    };
    notice(
        tone,
        html! { p { (batch_badge(lang, found.state)) " " (text.get(lang)) } @if let Some(why) = &found.reason { p { (why.get(lang)) } } },
    )
}

fn facts(request: &Request, found: &Trace) -> Markup {
    let lang = request.lang();
    html! {
        dl.facts {
            dt { (request.t("追溯码", "Trace code")) } dd { code { (found.code) } }
            dt { (request.t("货品", "Goods")) } dd { (found.goods.get(lang)) }
            dt { (request.t("产地", "Origin")) } dd { (found.origin.1) " " small { (found.origin.0) } }
            dt { (request.t("采收或生产日期", "Harvest or making")) } dd { (found.harvest) }
            @if let Some(last) = found.best_before { dt { (request.t("保质期至", "Best before")) } dd { (last) } }
            @if let Some((id, name)) = &found.store { dt { (request.t("销售店铺", "Store")) } dd { a href={ "/stores/" (id) } { (name.get(lang)) } } }
        }
    }
}

fn tests(request: &Request, found: &Trace) -> Markup {
    let lang = request.lang();
    if found.tests.is_empty() {
        return empty(html! { p { (request.t("还没有检测记录。", "There are no tests yet.")) } });
    }
    table(
        request.t("检测记录", "Tests"),
        &[
            Column::new(request.t("项目", "For"), |x: &PublicTest| html! { (x.item.get(lang)) }),
            Column::new(request.t("结果", "Result"), |x: &PublicTest| {
                if x.passed {
                    badge(Tone::Ok, lang.pick("合格", "passed"))
                } else {
                    badge(Tone::Bad, lang.pick("不合格", "failed"))
                }
            }),
            Column::new(request.t("采样日期", "Sampled"), |x: &PublicTest| html! { (x.day) }),
            Column::new(request.t("检测机构", "Laboratory"), |x: &PublicTest| html! { (x.laboratory) }),
            Column::new(request.t("报告编号", "Report"), |x: &PublicTest| html! { code { (x.report) } }),
        ],
        found.tests.iter().cloned(),
    )
}

/// What is printed and stuck on the goods: the code, and the address of this page as a QR code.
fn label(request: &Request, found: &Trace) -> Markup {
    let address = format!("{}/trace/{}", context::installation().origin, found.code);
    let words = request.t("打开追溯页的二维码，网址见下方", "A QR code that opens the trace; its address stands below");
    print_view(
        request.lang(),
        Paper::Receipt,
        found.goods.get(request.lang()),
        html! {
            (qr::svg(&address, words).unwrap_or_else(|_| html! {}))
            p { strong { code { (found.code) } } }
            p { (found.origin.1) " · " (found.harvest) }
            p { small { (address) } }
        },
    )
}

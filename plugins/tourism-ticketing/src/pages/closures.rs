//! What became of closures that met tickets: what was asked back, what is back, what was refused.

use super::answer;
use crate::service::Refusal;
use crate::service::closures::{self, Outcome};
use crate::service::orders::MANAGER;
use maud::{Markup, html};
use yunlong_sdk::page::{Column, amount, badge, confirm, notice, table};
use yunlong_sdk::{Request, Response, Tone, web};

/// The closures on the department's page; nothing when there are none.
pub(super) fn shown(request: &Request) -> Result<Markup, Refusal> {
    let lang = request.lang();
    let all = closures::list(20)?;
    if all.is_empty() {
        return Ok(html! {});
    }
    Ok(html! {
        @if request.query_value("retried").is_some() { (notice(Tone::Ok, request.t("已重新申请退款，结果稍后显示。", "The refunds were asked for again; the outcome follows."))) }
        (table(
            request.t("临时关闭与退票", "Closures and their refunds"),
            &[
                Column::new(request.t("景区", "Attraction"), |o: &Outcome| html! { (o.closure.name.get(lang)) }),
                Column::new(request.t("日期", "Days"), |o: &Outcome| {
                    let c = &o.closure;
                    html! { (c.from) @match c.until { Some(u) if u == c.from => {}, Some(u) => { "–" (u) }, None => { (lang.pick(" 起", " and on")) } } }
                }),
                Column::new(request.t("原因", "Why"), |o: &Outcome| html! { (o.closure.reason.get(lang)) }),
                Column::new(request.t("退票", "Tickets"), |o: &Outcome| html! { (o.closure.tickets) }).numeric(),
                Column::new(request.t("应退", "Asked"), |o: &Outcome| amount(o.closure.amount)).numeric(),
                Column::new(request.t("已退", "Returned"), |o: &Outcome| amount(o.returned)).numeric(),
                Column::new(request.t("退款失败", "Failed"), |o: &Outcome| amount(o.failed)).numeric(),
                Column::new(request.t("进度", "State"), |o: &Outcome| state(request, o)),
                Column::new(request.t("时间", "At"), |o: &Outcome| html! { (crate::domain::time::local(o.closure.at)) }),
            ],
            all,
        ))
    })
}

fn state(request: &Request, o: &Outcome) -> Markup {
    html! {
        @if !o.closure.done { (badge(Tone::Warn, request.t("处理中", "going on"))) }
        @else if o.failed > 0 {
            (badge(Tone::Bad, request.t("有退款失败", "some failed")))
            (confirm(&format!("/manage/closures/{}/retry", o.closure.id), request.t("全部重新申请", "Ask for all again"), &[]))
        }
        @else if o.waiting() > 0 { (badge(Tone::Warn, request.t("退款中", "on its way"))) }
        @else { (badge(Tone::Ok, request.t("已完成", "done"))) }
    }
}

/// `POST /manage/closures/{closure}/retry`.
pub(super) fn retry(request: &Request) -> web::Result<Response> {
    request.require_role(&[MANAGER])?;
    answer(request, closures::retry(request.param("closure")).map(|_| Response::see_other("/manage?retried=1")))
}

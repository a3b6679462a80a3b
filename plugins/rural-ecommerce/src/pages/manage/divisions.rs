//! Villages that merge or change their code, for managers.

use super::super::forms::{again, unreadable};
use super::super::{LAYOUT, answer, saved};
use super::menu;
use crate::domain::division::Change;
use crate::domain::time::Date;
use crate::service::access::MANAGER;
use crate::service::statistics::{self, ChangeInput};
use crate::service::{Refusal, now};
use maud::{Markup, html};
use yunlong_sdk::page::{Column, empty, error_summary, field, table};
use yunlong_sdk::{Form, Request, Response, Router, t, web};

pub(super) fn routes(router: Router) -> Router {
    router.get("/manage/divisions", show).post("/manage/divisions", save)
}

/// `/manage/divisions`.
fn show(request: &Request) -> web::Result<Response> {
    request.require_role(&[MANAGER])?;
    answer(request, page(request, &Form::new().with("on", Date::at(now()).plus(1).to_string()), html! {}))
}

fn page(request: &Request, form: &Form, message: Markup) -> Result<Response, Refusal> {
    let lang = request.lang();
    let (changes, divisions) = (statistics::changes()?, statistics::divisions()?);
    let body = html! {
        (menu(request))
        (saved(request))
        (message)
        (error_summary(lang, form))
        p { (request.t("生效日之前的统计留在原村，之后计入新村；站点随村并入。", "What was counted before the day stays with the old village; from then on it counts for the new one. Stations go with their village.")) }
        @if changes.is_empty() { (empty(html! { p { (request.t("没有登记过变更。", "No change is recorded.")) } })) }
        @else {
            (table(request.t("变更", "Changes"), &[
                Column::new(request.t("生效日", "From"), |c: &Change| html! { (c.on) }),
                Column::new(request.t("原村", "Village"), |c: &Change| html! { code { (c.village) } " " (divisions.name(&c.village)) }),
                Column::new(request.t("变为", "Becomes"), |c: &Change| html! { code { (c.into) } " " (divisions.name(&c.into)) }),
            ], changes))
        }
        form method="post" action="/manage/divisions" novalidate {
            (field(lang, form, "village", "text", &t("原村代码（12 位）", "The village's code (12 digits)"), None))
            (field(lang, form, "into", "text", &t("并入的村或新代码（12 位）", "The village that it goes into, or its new code (12 digits)"), None))
            (field(lang, form, "name", "text", &t("新名称（只在启用新代码时填写）", "The new name (for a new code alone)"), None))
            (field(lang, form, "on", "date", &t("生效日", "The first day"), None))
            div.actions { button type="submit" { (request.t("登记变更", "Record it")) } }
        }
    };
    Ok(LAYOUT.page(request, &t("区划变更", "Changes of villages"), body))
}

/// `POST /manage/divisions`.
fn save(request: &Request) -> web::Result<Response> {
    request.require_role(&[MANAGER])?;
    answer(request, save_done(request, request.form()?))
}

fn save_done(request: &Request, mut form: Form) -> Result<Response, Refusal> {
    let Some(on) = form.parse("on", t("请填写日期", "Enter a day")) else {
        return unreadable(&form, |f, m| page(request, f, m));
    };
    let value = |name: &str| form.value(name).trim().to_owned();
    let input = ChangeInput {
        village: value("village"),
        into: value("into"),
        name: Some(value("name")).filter(|n| !n.is_empty()),
        on,
    };
    match statistics::change_division(request.principal(), &input) {
        Ok(_) => Ok(Response::see_other("/manage/divisions?saved=1")),
        Err(e) => again(request, form, e, |f, m| page(request, f, m)),
    }
}

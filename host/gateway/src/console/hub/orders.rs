//! Legal orders, for the security administrator: what is kept from a person for a time, and by what law.

use super::{NAV, mendable, tabs};
use crate::body::{Fields, Form, Query};
use crate::failure::{Failure, Outcome, kinds};
use crate::forms::{Choice, Input, refused};
use crate::layout::{Page, empty, notice};
use crate::portal::app_title;
use crate::view::{View, see_other};
use axum::extract::Path;
use http::StatusCode;
use maud::{Markup, html};
use yunlong_hub::{NewOrder, Order};
use yunlong_identity::PlatformRole;

const PATH: &str = "/hub/orders";

pub(super) async fn page(view: View, Query(query): Query) -> Outcome {
    view.one_of(&[PlatformRole::SecurityAdmin])?;
    show(&view, StatusCode::OK, query.raw("done").is_some(), &Fields::default(), None).await
}

async fn show(view: &View, status: StatusCode, done: bool, f: &Fields, failure: Option<&Failure>) -> Outcome {
    let actor = view.official()?;
    let all = view.gateway.services.hub.orders(&actor).await?;
    let title = view.t("法律文书", "Legal orders");
    let content = html! {
        h1 { (title) }
        (tabs(view, &actor, PATH))
        @if done { (notice("ok", view.t("已登记。", "Recorded."))) }
        (refused(view, failure))
        p { (view.t("只有凭法律文书，才可以在一段时间内不向本人显示某个应用对其信息的读取。读取照常记录；文书期满或者提前终止后，记录立即对本人可见。全市隐藏的读取次数是公开的。", "Only a legal order can keep from a person, for a time, that an app read their data. The reads are recorded as ever, and appear to the person as soon as the order ends. How many are hidden in the whole city is public.")) }
        (table(view, title, &all))
        (form(view, f, failure))
        p { a href="/help#hub" { (view.t("关于信息资源", "About the information hub")) } }
    };
    super::super::page_with(status, view, &Page::new(title, NAV), &content)
}

fn table(view: &View, title: &str, all: &[Order]) -> Markup {
    let now = view.gateway.services.clock.now();
    html! {
        @if all.is_empty() { (empty(view.t("没有登记过法律文书。", "No order was registered."), None)) } @else {
            div.table-wrap tabindex="0" role="region" aria-label=(title) { table {
                thead { tr {
                    th scope="col" { (view.t("文号与机关", "Document and authority")) }
                    th scope="col" { (view.t("依据", "Law")) }
                    th scope="col" { (view.t("范围", "Scope")) }
                    th scope="col" { (view.t("期限", "Time")) }
                    th scope="col" { (view.t("状态", "State")) }
                } }
                tbody { @for o in all { tr {
                    th scope="row" { (o.reference) br; small.muted { (o.authority) } }
                    td { (o.law) }
                    td { (app_title(view, &o.installation)) " · " (super::requests::dataset_title(view, &o.dataset)) br; small.muted { @if o.person.is_some() { (view.t("仅一人", "one person")) } @else { (view.t("不限个人", "anybody")) } } }
                    td { (o.from.to_shanghai()) (view.t(" 至 ", " to ")) (o.until.to_shanghai()) br; small.muted { (o.registered_by) } }
                    td {
                        @if o.stands(now) {
                            span.badge.badge-warn { (view.t("有效", "Standing")) }
                            form.inline method="post" action={ (PATH) "/" (o.id) "/end" } {
                                label.visually-hidden for={ "reason-" (o.id) } { (view.t("终止原因", "Why it ends")) " " (o.reference) }
                                input id={ "reason-" (o.id) } name="reason" required maxlength="1000" placeholder=(view.t("终止原因", "Why it ends"));
                                button.small.outline.danger { (view.t("提前终止", "End now")) span.visually-hidden { " " (o.reference) } }
                            }
                        } @else if let Some(e) = &o.ended {
                            span.badge { (view.t("已提前终止", "Ended early")) } br; small.muted { (e.at.to_shanghai()) " · " (e.by) (view.t("：", ": ")) (e.reason) }
                        } @else { span.badge { (view.t("已期满", "Over")) } }
                    }
                } } }
            } }
        }
    }
}

fn form(view: &View, f: &Fields, failure: Option<&Failure>) -> Markup {
    let services = &view.gateway.services;
    let apps = services.installations.list();
    let apps = apps
        .iter()
        .map(|i| (i.name.to_string(), format!("{} ({})", i.manifest.title.get(view.lang()), i.name)))
        .collect();
    let datasets = services.hub.datasets();
    let datasets = datasets
        .iter()
        .filter(|d| d.is_personal())
        .map(|d| (d.id.clone(), d.title.get(view.lang()).to_owned()))
        .collect();
    html! {
        (view.step_up_first())
        form.card method="post" action=(PATH) {
            h2 { (view.t("登记法律文书", "Register an order")) }
            (Input::text("reference", view.t("文号", "The document’s number"), f.text("reference")).render(view, failure))
            (Input::text("authority", view.t("作出机关", "The authority"), f.text("authority")).render(view, failure))
            (Input { max: 200, ..Input::text("law", view.t("法律依据", "The law"), f.text("law")) }.render(view, failure))
            (Choice { name: "installation", label: view.t("哪个应用的读取", "Whose reads"), options: apps, value: f.text("installation"), help: "" }.render(view, failure))
            (Choice { name: "dataset", label: view.t("哪项信息资源", "Of which dataset"), options: datasets, value: f.text("dataset"), help: "" }.render(view, failure))
            (Input::text("resident_id", view.t("只限此人（身份证号码）", "About this person alone (resident ID)"), f.text("resident_id")).optional().render(view, failure))
            (Input { kind: "date", ..Input::text("until", view.t("有效期至（含当天）", "Until (that day included)"), f.text("until")) }.render(view, failure))
            div.actions { button { (view.t("登记", "Register")) } }
        }
    }
}

/// Registers an order.
pub(crate) async fn registered(view: &View, f: &Fields) -> Outcome<Order> {
    view.one_of(&[PlatformRole::SecurityAdmin])?;
    let actor = view.official()?;
    view.step_up_for(PATH)?;
    let mut failure = Failure::new(kinds::INVALID);
    let until = super::audit::day(f.text("until"));
    if until.is_none() {
        failure = failure.field("until", "请按 2026-10-01 的样式填写日期。", "Write the day like 2026-10-01.");
    }
    let installation = f.text("installation").parse();
    if installation.is_err() {
        failure = failure.field("installation", "请选择应用。", "Choose an app.");
    }
    let (Some(until), Ok(installation)) = (until, installation) else { return Err(failure) };
    let new = NewOrder {
        reference: f.text("reference").to_owned(),
        authority: f.text("authority").to_owned(),
        law: f.text("law").to_owned(),
        installation,
        dataset: f.text("dataset").to_owned(),
        resident_id: Some(f.text("resident_id").to_owned()).filter(|id| !id.is_empty()),
        until: until.plus_millis(86_400_000),
    };
    Ok(view.gateway.services.hub.register_order(new, &actor).await?)
}

pub(super) async fn add(view: View, Form(form): Form) -> Outcome {
    match registered(&view, &form).await {
        Ok(_) => Ok(see_other(&format!("{PATH}?done=1"))),
        Err(f) if mendable(&f) => show(&view, f.status(), false, &form, Some(&f)).await,
        Err(f) => Err(f),
    }
}

pub(super) async fn end(view: View, Path(id): Path<String>, Form(form): Form) -> Outcome {
    view.one_of(&[PlatformRole::SecurityAdmin])?;
    let actor = view.official()?;
    view.gateway.services.hub.end_order(&id, form.text("reason"), &actor).await?;
    Ok(see_other(&format!("{PATH}?done=1")))
}

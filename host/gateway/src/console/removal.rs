//! Removing an installation: what becomes of its data is asked, and an export counts by the file that it made.

use super::administer;
use crate::body::{Fields, Form};
use crate::failure::Outcome;
use crate::layout::{Page, field_error};
use crate::operations::{ItsData, OperationError, rests};
use crate::view::{View, see_other};
use axum::extract::Path;
use http::StatusCode;
use maud::html;
use yunlong_installations::{Exported, Installation};
use yunlong_payments::{Held, PaymentError};

pub(super) async fn confirm_uninstall(view: View, Path(name): Path<String>) -> Outcome {
    let (i, _) = administer(&view, &name)?;
    let export = view.gateway.operations.exported(&i.name).await?;
    let Held { held, refunding } = view.gateway.services.payments.held(&i.name).await?;
    let problem = OperationError::from(PaymentError::StillHeld { held, refunding }).text();
    let wrong = Unconfirmed { field: HELD, text: problem.get(view.lang()), status: StatusCode::OK };
    let holds = held > 0 || refunding > 0;
    confirm(&view, &i, export.as_ref(), "", holds.then_some(&wrong))
}

/// What stands at no field: nothing that is typed here mends it.
const HELD: &str = "held";

/// What is wrong with a confirmation: the field, what to write, and the answer's status.
struct Unconfirmed<'a> {
    field: &'a str,
    text: &'a str,
    status: StatusCode,
}

fn confirm(
    view: &View,
    i: &Installation,
    export: Option<&Exported>,
    data: &str,
    wrong: Option<&Unconfirmed<'_>>,
) -> Outcome {
    let title = view.t("卸载应用", "Uninstall");
    let of = |field: &str| wrong.filter(|w| w.field == field).map(|w| w.text);
    let (name_error, data_error) = (of("confirm"), of("data"));
    let choice = |value: &str, text: &str| {
        html! {
            label.choice for={ "data-" (value) } {
                input id={ "data-" (value) } type="radio" name="data" value=(value) required checked[data == value] aria-describedby=[data_error.map(|_| "data-error")];
                span { (text) }
            }
        }
    };
    let content = html! {
        h1 { (title) ": " (i.manifest.title.get(view.lang())) }
        @if let Some(w) = wrong { div.notice.notice-bad role="alert" { strong { (view.t("没有卸载", "Not uninstalled")) } p { (w.text) } } }
        div.notice.notice-warn role="status" {
            strong { (view.t("此操作不能撤销", "This cannot be undone")) }
            p { (view.t("该应用的全部数据、授权和角色都会被永久删除，网址名今后不能再用。如只想暂停服务，请返回并选择“暂停服务”。", "All its data, consents and roles are removed for good, and its name is never used again. To pause the service only, go back and choose “Pause”.")) }
        }
        (view.step_up_first_at(&format!("/apps/{}/uninstall", i.name)))
        section.card {
            h2 { (view.t("先导出数据", "Export its data first")) }
            p { (view.t("依法须留存的办理记录，请在卸载前导出并归档。", "Records that a law demands to keep are exported and filed before the app is removed.")) }
            @if !rests(i) { p { (view.t("应用没有暂停：请先返回并暂停服务，再导出。暂停后导出的文件才是完整的，卸载时只认它。", "It is not paused: go back and pause it first, then export it. Only a file that was exported of a paused app is whole, and counts here.")) } }
            @if let Some(e) = export { p { (view.t("最近一次导出：", "The last export: ")) span.when { (e.at.to_shanghai()) } (view.t("，由 ", ", by ")) (e.by) " " code.digest { (e.digest) } } }
            p { a role="button" class="outline" href={ "/apps/" (i.name) "/export" } { (view.t("导出数据", "Export its data")) } }
        }
        form.card method="post" action={ "/apps/" (i.name) "/uninstall" } {
            // The removal is refused when the data is not what this file holds.
            @if let Some(e) = export { input type="hidden" name="digest" value=(e.digest); }
            fieldset {
                legend { (view.t("它的数据", "Its data")) }
                (choice("exported", &exported(view, export)))
                (choice("erase", view.t("不需要留存，直接删除", "Nothing is to be kept: erase it")))
                (field_error("data-error", data_error))
            }
            label for="confirm" { (view.t("请输入网址名以确认：", "Type its name to confirm: ")) code { (i.name) } }
            input #confirm name="confirm" required autocomplete="off" autocapitalize="none" spellcheck="false" aria-invalid=[name_error.map(|_| "true")] aria-describedby=[name_error.map(|_| "confirm-error")];
            (field_error("confirm-error", name_error))
            div.actions {
                button.danger { (view.t("永久卸载", "Uninstall for good")) }
                a role="button" class="outline" href={ "/apps/" (i.name) } { (view.t("取消", "Cancel")) }
            }
        }
    };
    let status = wrong.map_or(StatusCode::OK, |w| w.status);
    super::page_with(status, view, &Page::narrow(title, "/"), &content)
}

/// What the choice says: how much the file holds that it is about.
fn exported(view: &View, export: Option<&Exported>) -> String {
    match export {
        None => view.t("已导出，可以删除", "It was exported and can be erased").to_owned(),
        Some(Exported { documents: d, counters: c, values: v, files: f, .. }) => {
            let zh = format!("已导出（{d} 份文档、{c} 个计数器、{v} 个桶值、{f} 个文件），可以删除");
            let en = format!(
                "It was exported ({d} documents, {c} counters, {v} values of buckets, {f} files) and can be erased"
            );
            view.t(&zh, &en).to_owned()
        }
    }
}

pub(super) async fn uninstall(view: View, Path(name): Path<String>, Form(form): Form) -> Outcome {
    let (i, by) = administer(&view, &name)?;
    view.step_up_for(&format!("/apps/{}/uninstall", i.name))?;
    let data = match read(&view, &i, &form) {
        Ok(data) => data,
        Err(wrong) => return again(&view, &i, &form, &wrong).await,
    };
    match view.gateway.operations.uninstall_knowing(&i.name, data, &by.account).await {
        Ok(()) => Ok(see_other("/?removed=1")),
        Err(
            e @ (OperationError::NotStopped(_)
            | OperationError::ChangedSinceExport(_)
            | OperationError::StillRunning(_)
            | OperationError::Payments(PaymentError::StillHeld { .. })),
        ) => {
            let text = e.text();
            let field = if matches!(e, OperationError::Payments(_)) { HELD } else { "data" };
            let wrong = Unconfirmed { field, text: text.get(view.lang()), status: StatusCode::CONFLICT };
            again(&view, &i, &form, &wrong).await
        }
        Err(e) => Err(e.into()),
    }
}

/// What a form says, or what is wrong with it.
fn read(view: &View, i: &Installation, form: &Fields) -> Result<ItsData, Unconfirmed<'static>> {
    let wrong = |field, text| Unconfirmed { field, text, status: StatusCode::UNPROCESSABLE_ENTITY };
    let said = form.text("data");
    let data = ItsData::read(said, form.text("digest")).map_err(|_| {
        let text = if said == "exported" {
            view.t(
                "还没有导出完整的文件：请先暂停服务并导出数据。",
                "There is no whole export yet: pause it and export its data first.",
            )
        } else {
            view.t("请选择数据如何处理。", "Say what becomes of its data.")
        };
        wrong("data", text)
    })?;
    if form.text("confirm") != i.name.as_str() {
        return Err(wrong("confirm", view.t("与网址名不一致。", "This is not its name.")));
    }
    Ok(data)
}

/// The page with what is wrong.
async fn again(view: &View, i: &Installation, form: &Fields, wrong: &Unconfirmed<'_>) -> Outcome {
    let export = view.gateway.operations.exported(&i.name).await?;
    confirm(view, i, export.as_ref(), form.text("data"), Some(wrong))
}

//! The installed apps of one's department.

use super::app::status_badge;
use crate::body::Query;
use crate::failure::Outcome;
use crate::layout::{Page, empty, notice};
use crate::view::{View, see_other};
use maud::html;
use yunlong_identity::{AccountKind, PlatformRole};

pub(super) async fn page(view: View, Query(query): Query) -> Outcome {
    let session = view.signed_in()?;
    // Administrators who run no apps begin with what is theirs.
    if session.has(PlatformRole::SecurityAdmin) {
        return Ok(see_other("/accounts"));
    }
    if session.has(PlatformRole::AuditAdmin) {
        return Ok(see_other("/audit"));
    }
    if view.administrator().is_err() && session.kind == AccountKind::Official {
        return Ok(see_other("/hub"));
    }
    view.administrator()?;
    let identity = &view.gateway.services.identity;
    let all = view.gateway.services.installations.list();
    let own: Vec<_> = all.iter().filter(|i| identity.may_administer(session, &i.organization)).collect();
    let title = view.t("已装应用", "Installed apps");
    let content = html! {
        h1 { (title) }
        @if query.raw("removed").is_some() { (notice("ok", view.t("应用已卸载。", "The app was uninstalled."))) }
        @if view.gateway.services.payments.only_sandbox() {
            (notice("warn", view.t(
                "本平台只接入了模拟收银台：所有付款均不产生真实资金，不能用于正式收费。",
                "The sandbox cashier is the only payment provider of this platform: no payment moves real money, and nothing can be charged for in earnest.",
            )))
        }
        @if own.is_empty() {
            (empty(view.t("本部门还没有安装应用。", "Your department has installed no app yet."), Some(("/install", view.t("安装应用", "Install an app")))))
        } @else {
            div.table-wrap tabindex="0" role="region" aria-label=(title) {
                table {
                    thead { tr {
                        th scope="col" { (view.t("应用", "App")) }
                        th scope="col" { (view.t("网址名", "Name")) }
                        th scope="col" { (view.t("版本", "Version")) }
                        th scope="col" { (view.t("部门", "Department")) }
                        th scope="col" { (view.t("状态", "State")) }
                    } }
                    tbody { @for i in &own { tr {
                        th scope="row" { a href={ "/apps/" (i.name) } { (i.manifest.title.get(view.lang())) } }
                        td { code { (i.name) } }
                        td { (i.version) }
                        td { (i.organization_name) }
                        td { (status_badge(&view, i)) }
                    } } }
                }
            }
            p { a role="button" href="/install" { (view.t("安装应用", "Install an app")) } }
        }
    };
    super::page(&view, &Page::new(title, "/"), &content)
}

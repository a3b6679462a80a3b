//! The installed apps of one's department.

use super::app::status_badge;
use crate::body::Query;
use crate::failure::Outcome;
use crate::layout::{Page, empty, notice};
use crate::operations::Newer;
use crate::view::{View, see_other};
use maud::{Markup, html};
use std::sync::Arc;
use yunlong_identity::{AccountKind, PlatformRole};
use yunlong_installations::Installation;

pub(super) async fn page(view: View, Query(query): Query) -> Outcome {
    let session = view.signed_in()?;
    // Administrators who run no apps begin with what is theirs.
    if session.has(PlatformRole::SecurityAdmin) {
        return Ok(see_other("/accounts"));
    }
    if session.has(PlatformRole::AuditAdmin) {
        return Ok(see_other("/audit"));
    }
    if view.administrator().is_err() && (session.has(PlatformRole::AppReviewer) || session.kind == AccountKind::Vendor)
    {
        return Ok(see_other("/reviews"));
    }
    if view.administrator().is_err() && session.kind == AccountKind::Official {
        return Ok(see_other("/hub"));
    }
    view.administrator()?;
    let identity = &view.gateway.services.identity;
    let all = view.gateway.services.installations.list();
    let own: Vec<_> = all.iter().filter(|i| identity.may_administer(session, &i.organization)).collect();
    let waiting = waiting(&view, &own).await?;
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
        (decisions(&view, &waiting))
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

/// The newest version of each installation that waits for a person's decision.
async fn waiting<'a>(view: &View, own: &[&'a Arc<Installation>]) -> Outcome<Vec<(&'a Arc<Installation>, Newer)>> {
    let operations = &view.gateway.operations;
    let mut all = Vec::new();
    for i in own {
        // What is under way stands on the app's own page.
        if i.change.is_some() {
            continue;
        }
        let automatic = operations.automatic(&i.name).await?.is_some();
        let newest = operations.newer(i).await?.into_iter().next();
        all.extend(newest.filter(|n| n.waits.is_some() || !automatic).map(|n| (*i, n)));
    }
    Ok(all)
}

fn decisions(view: &View, waiting: &[(&Arc<Installation>, Newer)]) -> Markup {
    let heading = view.t("等待您决定的新版本", "New versions that wait for you");
    html! {
        @if !waiting.is_empty() {
            h2 { (heading) }
            div.table-wrap tabindex="0" role="region" aria-label=(heading) { table {
                thead { tr {
                    th scope="col" { (view.t("应用", "App")) }
                    th scope="col" { (view.t("版本", "Version")) }
                    th scope="col" { (view.t("权限", "Permissions")) }
                    th scope="col" { (view.t("操作", "Action")) }
                } }
                tbody { @for (i, n) in waiting { tr {
                    th scope="row" { (i.manifest.title.get(view.lang())) br; small.muted { code { (i.name) } } }
                    td { (i.version) " → " (n.version.version) }
                    td.detail {
                        (super::versions::widening(view, n))
                        @if let Some(why) = &n.waits { br; small.muted { (why.text().get(view.lang())) } }
                    }
                    td { a role="button" class="small" href={ "/apps/" (i.name) "/upgrade/" (n.version.digest) } { (view.t("查看", "Look at it")) span.visually-hidden { " " (i.name) " " (n.version.version) } } }
                } } }
            } }
            h2 { (view.t("全部", "All of them")) }
        }
    }
}

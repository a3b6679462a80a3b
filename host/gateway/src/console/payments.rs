//! What an installation takes, and what the platform holds for its payers.

use super::administer;
use crate::body::Query;
use crate::failure::Outcome;
use crate::layout::{Page, empty, money};
use crate::portal::status_badge;
use crate::view::View;
use axum::extract::Path;
use maud::{Markup, html};
use yunlong_installations::Installation;
use yunlong_payments::{EscrowState, Held, Intent};

/// Payments on one page.
const PAGE: usize = 50;

pub(super) async fn page(view: View, Path(name): Path<String>, Query(query): Query) -> Outcome {
    let (i, _) = administer(&view, &name)?;
    let payments = &view.gateway.services.payments;
    let cursor = query.raw("cursor").filter(|c| !c.is_empty());
    let held = payments.held(&i.name).await?;
    let found = payments.intents_for(&i.name, cursor, PAGE).await?;
    let title = view.t("收款与托管", "Payments and escrow");
    let content = html! {
        p { a href={ "/apps/" (i.name) } { "← " (i.manifest.title.get(view.lang())) } }
        h1 { (title) }
        section.card { dl.facts { (rows(&view, held)) } }
        p { (view.t(
            "托管款属于付款人：应用在付款人确认后付给收款方，或者退回。有托管款的应用不能卸载。",
            "Money in escrow is its payers': the app releases it to payees once they confirm, or returns it. An app that holds some cannot be removed.",
        )) }
        @if found.intents.is_empty() { (empty(view.t("还没有收款。", "Nothing was to be paid yet."), None)) } @else { (table(&view, title, &found.intents)) }
        @if cursor.is_some() || found.next.is_some() {
            nav.pager aria-label=(view.t("翻页", "Pages")) {
                @if cursor.is_some() { a href={ "/apps/" (i.name) "/payments" } { (view.t("第一页", "First page")) } } @else { span {} }
                @if let Some(next) = &found.next { a href={ "/apps/" (i.name) "/payments?cursor=" (crate::encode(next)) } { (view.t("下一页", "Next page")) } }
            }
        }
    };
    super::page(&view, &Page::new(title, "/"), &content)
}

fn rows(view: &View, held: Held) -> Markup {
    html! {
        dt { (view.t("平台托管", "Held in escrow")) } dd { span.amount { "¥" (money(held.held)) } }
        dt { (view.t("正在退回付款人", "On its way back to payers")) } dd { span.amount { "¥" (money(held.refunding)) } }
    }
}

fn table(view: &View, title: &str, all: &[Intent]) -> Markup {
    let columns = [
        view.t("金额（元）", "Yuan"),
        view.t("托管", "Held"),
        view.t("已付出", "Released"),
        view.t("正在退回", "On its way back"),
        view.t("已退回", "Returned"),
    ];
    html! {
        div.table-wrap tabindex="0" role="region" aria-label=(title) { table {
            thead { tr {
                th scope="col" { (view.t("应用的编号", "The app's number")) }
                th scope="col" { (view.t("时间", "When")) }
                th scope="col" { (view.t("状态", "State")) }
                @for c in columns { th.amount scope="col" { (c) } }
            } }
            tbody { @for i in all { (row(view, i)) } }
        } }
    }
}

fn row(view: &View, i: &Intent) -> Markup {
    // What is not held belongs to its payees from the moment at which it is taken.
    let plain = EscrowState { released: i.captured - i.refunded(), refunded: i.refunded(), ..EscrowState::default() };
    let s = i.escrow_state().unwrap_or(plain);
    html! {
        tr {
            th scope="row" { (i.reference) @if i.escrow.is_some() { " " span.badge { (view.t("托管", "Escrow")) } } }
            td { (i.created_at.to_shanghai()) }
            td { (status_badge(view, i.status)) }
            @for fen in [i.amount, s.held, s.released, s.refunding, s.refunded] { td.amount { (money(fen)) } }
        }
    }
}

/// On the installation's own page: what is held, if it takes payments at all.
pub(super) fn fact(view: &View, i: &Installation, held: Held) -> Markup {
    html! {
        @if i.manifest.payments.is_some() || !held.is_nothing() {
            dt { (view.t("平台托管", "Held in escrow")) }
            dd {
                "¥" (money(held.held))
                @if held.refunding > 0 { (view.t("，另有 ¥", ", and ¥")) (money(held.refunding)) (view.t(" 正在退回", " on its way back")) }
                " · " a href={ "/apps/" (i.name) "/payments" } { (view.t("收款与托管", "Payments and escrow")) }
            }
        }
    }
}

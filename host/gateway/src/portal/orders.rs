//! What a person has ordered: where each service lists it, and the payments over all services.

use super::cashier::{as_json, status_badge};
use crate::body::Query;
use crate::failure::Outcome;
use crate::layout::{Page, empty, money};
use crate::origins::Site;
use crate::view::{View, json};
use http::StatusCode;
use maud::{Markup, html};
use yunlong_payments::{Intent, Status};

/// Payments on one page.
const PAGE: usize = 20;

pub(super) async fn page(view: View, Query(query): Query) -> Outcome {
    let session = view.signed_in()?;
    let cursor = query.raw("cursor").filter(|c| !c.is_empty());
    let found = view.gateway.services.payments.intents_of(&session.account, cursor, PAGE).await?;
    if view.wants_json {
        let payments: Vec<_> = found.intents.iter().map(|i| as_json(&view, i)).collect();
        return json(StatusCode::OK, &serde_json::json!({ "payments": payments, "next": found.next }));
    }
    let title = view.t("我的订单", "My orders");
    let payments = view.t("付款与退款", "Payments and refunds");
    let content = html! {
        h1 { (title) }
        (by_service(&view))
        h2 { (payments) }
        p { (view.t("各项服务的付款和退款都列在这里；免费的预约没有付款，请在相应服务中查看。", "Payments and refunds of all services. What was free has no payment: open its service.")) }
        @if found.intents.is_empty() {
            (empty(view.t("还没有付款记录。", "No payments yet."), Some(("/", view.t("全部服务", "All services")))))
        } @else {
            div.table-wrap tabindex="0" role="region" aria-label=(payments) { table {
                thead { tr {
                    th scope="col" { (view.t("事项", "For")) }
                    th scope="col" { (view.t("服务", "Service")) }
                    th scope="col" { (view.t("时间", "When")) }
                    th.amount scope="col" { (view.t("金额（元）", "Yuan")) }
                    th scope="col" { (view.t("状态", "State")) }
                    th scope="col" { (view.t("操作", "Action")) }
                } }
                tbody { @for i in &found.intents { (row(&view, i)) } }
            } }
        }
        @if cursor.is_some() || found.next.is_some() {
            nav.pager aria-label=(view.t("翻页", "Pages")) {
                @if cursor.is_some() { a href="/orders" { (view.t("最新", "Newest")) } } @else { span {} }
                @if let Some(next) = &found.next { a href={ "/orders?cursor=" (crate::encode(next)) } { (view.t("更早", "Older")) } }
            }
        }
        p { a href="/help#payments" { (view.t("关于支付", "About payments")) } }
    };
    super::page(&view, &Page::new(title, "/orders"), content).await
}

/// The services that list orders of their own, free bookings among them.
fn by_service(view: &View) -> Markup {
    let all = view.gateway.services.installations.list();
    let listing: Vec<_> = all.iter().filter_map(|i| Some((i, i.manifest.orders.as_deref()?))).collect();
    html! {
        @if !listing.is_empty() {
            h2 { (view.t("各服务的订单与预约", "Orders and bookings by service")) }
            ul.grid-wide { @for (i, path) in listing { li {
                div.card {
                    h3 { a href=(crate::city::start_address(&view.gateway, &Site::App(i.name.clone()), path)) { (i.manifest.title.get(view.lang())) } }
                    p.muted { (i.organization_name) }
                }
            } } }
        }
    }
}

fn row(view: &View, i: &Intent) -> Markup {
    let description = i.description.get(view.lang());
    let payable =
        matches!(i.status, Status::Pending | Status::Failed) && view.gateway.services.clock.now() < i.expires_at;
    html! {
        tr {
            th scope="row" { (description) }
            td { (super::consent::app_title(view, &i.installation)) }
            td { (i.created_at.to_shanghai()) }
            td.amount {
                (money(i.amount))
                @if i.refunded() > 0 { br; small { (view.t("退 ", "back ")) (money(i.refunded())) } }
            }
            td { (status_badge(view, i.status)) (super::escrow::in_short(view, i)) }
            td {
                @if payable {
                    a role="button" class="small" href={ "/cashier/" (i.id) } { (view.t("去支付", "Pay")) span.visually-hidden { " " (description) } }
                } @else if view.gateway.services.installations.get(&i.installation).is_none() {
                    a href={ "/cashier/" (i.id) } { (view.t("查看", "Open")) span.visually-hidden { " " (description) } }
                } @else {
                    a href=(crate::city::start_address(&view.gateway, &Site::App(i.installation.clone()), &i.return_path)) { (view.t("查看", "Open")) span.visually-hidden { " " (description) } }
                }
            }
        }
    }
}

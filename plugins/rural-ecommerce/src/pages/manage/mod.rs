//! The department's pages: what waits, and for whom.

mod batches;
mod claims;
mod divisions;
mod review;
mod stations;

use super::order_view::{self, Orders};
use super::{LAYOUT, PAGE, answer};
use crate::domain::{batch, farmer};
use crate::service::access::{ARBITER, INSPECTOR, MANAGER};
use crate::service::{Refusal, batches as batch_service, farmers, listings, orders, returns};
use maud::{Markup, html};
use yunlong_sdk::{Request, Response, Router, t, web};

pub(super) fn routes(router: Router) -> Router {
    let router = router
        .get("/manage", home)
        .get("/manage/orders", all_orders)
        .get("/manage/orders/file", orders_file)
        .get("/manage/disputes", disputes)
        .get("/manage/disputes/file", disputes_file);
    claims::routes(divisions::routes(stations::routes(batches::routes(review::routes(router)))))
}

/// Counts of a first page: `50+` when there are more.
fn count<T>(page: &yunlong_sdk::Page<T>) -> String {
    if page.next.is_some() { format!("{}+", page.items.len()) } else { page.items.len().to_string() }
}

/// `/manage`: what waits for each role.
fn home(request: &Request) -> web::Result<Response> {
    request.require_role(&[MANAGER, INSPECTOR, ARBITER])?;
    let shown = || {
        let who = request.principal();
        let mut rows: Vec<(&str, &str, String)> = Vec::new();
        if who.has_role(MANAGER) {
            rows.push((
                request.t("待审核的农户登记", "Registrations to look at"),
                "/manage/farmers",
                count(&farmers::list(who, farmer::Status::Applied, 50, None)?),
            ));
            rows.push((
                request.t("待审核的商品", "Listings to review"),
                "/manage/listings",
                count(&listings::waiting(who, 50, None)?),
            ));
            rows.push((
                request.t("待处理的理赔", "Claims to decide"),
                "/manage/claims",
                count(&orders::with_claims(who, 50, None)?),
            ));
        }
        if who.has_role(MANAGER) || who.has_role(INSPECTOR) {
            rows.push((
                request.t("待检测的批次", "Batches to test"),
                "/manage/batches",
                count(&batch_service::in_state(who, batch::State::Registered, 50, None)?),
            ));
        }
        if who.has_role(ARBITER) {
            rows.push((
                request.t("待仲裁的退货", "Disputes to decide"),
                "/manage/disputes",
                count(&returns::disputed(who, 50, None)?),
            ));
        }
        let body = html! {
            (menu(request))
            ul.grid { @for (words, path, n) in rows { li { article.card { h2 { a href=(path) { (words) } } p { strong { (n) } } } } } }
        };
        Ok(LAYOUT.page(request, &t("管理", "Manage"), body))
    };
    answer(request, shown())
}

/// The ways of those who manage.
fn menu(request: &Request) -> Markup {
    let who = request.principal();
    let ways = [
        ("/manage/farmers", request.t("农户", "Farmers"), who.has_role(MANAGER)),
        ("/manage/listings", request.t("商品审核", "Listings"), who.has_role(MANAGER)),
        (
            "/manage/batches",
            request.t("检测与召回", "Tests and recalls"),
            who.has_role(MANAGER) || who.has_role(INSPECTOR),
        ),
        ("/manage/disputes", request.t("仲裁", "Arbitration"), who.has_role(ARBITER)),
        ("/manage/claims", request.t("理赔", "Claims"), who.has_role(MANAGER)),
        ("/manage/orders", request.t("订单", "Orders"), who.has_role(MANAGER)),
        ("/manage/stations", request.t("站点与佣金", "Stations and commissions"), who.has_role(MANAGER)),
        ("/manage/divisions", request.t("区划变更", "Changes of villages"), who.has_role(MANAGER)),
    ];
    html! {
        nav.actions aria-label=(request.t("管理", "Manage")) {
            @for (path, words, may) in ways { @if may { a href=(path) aria-current=[(request.path() == path).then_some("page")] { (words) } } }
        }
    }
}

/// `/manage/orders`.
fn all_orders(request: &Request) -> web::Result<Response> {
    request.require_role(&[MANAGER])?;
    let shown = || {
        let asked = Orders::asked(request);
        let page = orders::every(request.principal(), &asked.wanted, PAGE, asked.after())?;
        let none = html! { p { (request.t("还没有订单。", "There are no orders yet.")) } };
        let body = html! { (menu(request)) (asked.show(request, request.t("订单", "Orders"), page, none)) };
        Ok(LAYOUT.page(request, &t("订单", "Orders"), body))
    };
    answer(request, shown())
}

/// `/manage/orders/file`.
fn orders_file(request: &Request) -> web::Result<Response> {
    request.require_role(&[MANAGER])?;
    let asked = Orders::asked(request);
    order_view::file(request, "all-orders", |limit, after| {
        orders::every(request.principal(), &asked.wanted, limit, after)
    })
}

/// `/manage/disputes`.
fn disputes(request: &Request) -> web::Result<Response> {
    request.require_role(&[ARBITER])?;
    let shown = || -> Result<Response, Refusal> {
        let after = request.query_value("after");
        let at_start = after.is_none();
        let page = returns::disputed(request.principal(), PAGE, after)?;
        let body = html! { (menu(request)) (super::returns::listed(request, "/manage/disputes", page, at_start)) };
        Ok(LAYOUT.page(request, &t("仲裁", "Arbitration"), body))
    };
    answer(request, shown())
}

/// `/manage/disputes/file`.
fn disputes_file(request: &Request) -> web::Result<Response> {
    request.require_role(&[ARBITER])?;
    super::returns::file(request, "disputes", |limit, after| returns::disputed(request.principal(), limit, after))
}

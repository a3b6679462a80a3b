//! The department's pages: what waits, and for whom.

mod batches;
mod claims;
mod divisions;
mod review;
mod stations;

use super::lists::{Asked, Filters};
use super::order_view;
use super::{LAYOUT, PAGE, answer};
use crate::domain::returns::State;
use crate::domain::{batch, farmer};
use crate::service::access::{ARBITER, INSPECTOR, MANAGER};
use crate::service::{Refusal, Wanted, batches as batch_service, farmers, listings, orders, returns};
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
                count(&farmers::list(who, &Some(farmer::Status::Applied).into(), 50, None)?),
            ));
            rows.push((
                request.t("待审核的商品", "Listings to review"),
                "/manage/listings",
                count(&listings::waiting(who, 50, None)?),
            ));
            rows.push((
                request.t("待处理的理赔", "Claims to decide"),
                "/manage/claims",
                count(&orders::with_claims(who, &Wanted::default(), 50, None)?),
            ));
        }
        if who.has_role(MANAGER) || who.has_role(INSPECTOR) {
            rows.push((
                request.t("待检测的批次", "Batches to test"),
                "/manage/batches",
                count(&batch_service::every(who, &Some(batch::State::Registered).into(), 50, None)?),
            ));
        }
        if who.has_role(ARBITER) {
            rows.push((
                request.t("待仲裁的退货", "Disputes to decide"),
                "/manage/disputes",
                count(&returns::disputed(who, &Wanted::default(), 50, None)?),
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
        let asked = order_view::asked(request);
        let page = orders::every(request.principal(), &asked.wanted, PAGE, asked.after())?;
        let none = html! { p { (request.t("还没有订单。", "There are no orders yet.")) } };
        let body =
            html! { (menu(request)) (order_view::listed(request, &asked, request.t("订单", "Orders"), page, none)) };
        Ok(LAYOUT.page(request, &t("订单", "Orders"), body))
    };
    answer(request, shown())
}

/// `/manage/orders/file`.
fn orders_file(request: &Request) -> web::Result<Response> {
    request.require_role(&[MANAGER])?;
    let asked = order_view::asked(request);
    order_view::file(request, "all-orders", |limit, after| {
        orders::every(request.principal(), &asked.wanted, limit, after)
    })
}

/// The disputes that the address asks for: those that wait, unless it says other ones.
fn asked_disputes(request: &Request) -> Asked<State> {
    let number = Some(t("退货号或订单号", "Return or order"));
    let filters = Filters { state: "state", states: returns::DISPUTES, first: Some(State::Disputed), number };
    Asked::of(request, "asked", filters)
}

/// `/manage/disputes`.
fn disputes(request: &Request) -> web::Result<Response> {
    request.require_role(&[ARBITER])?;
    let shown = || -> Result<Response, Refusal> {
        let asked = asked_disputes(request);
        let page = returns::disputed(request.principal(), &asked.wanted, PAGE, asked.after())?;
        let none_such = request.t("没有这样的仲裁。", "There are no such disputes.");
        let table = (request.t("仲裁", "Arbitration"), &super::returns::columns(request)[..]);
        let body = html! { (menu(request)) (asked.show(request, table, page, html! {}, none_such)) };
        Ok(LAYOUT.page(request, &t("仲裁", "Arbitration"), body))
    };
    answer(request, shown())
}

/// `/manage/disputes/file`.
fn disputes_file(request: &Request) -> web::Result<Response> {
    request.require_role(&[ARBITER])?;
    let asked = asked_disputes(request);
    super::returns::file(request, "disputes", |limit, after| {
        returns::disputed(request.principal(), &asked.wanted, limit, after)
    })
}

//! The pages. They work without JavaScript; what a person typed is never lost.

mod attractions;
mod browse;
mod closures;
mod gate;
mod help;
mod manage;
mod mandate;
mod offline;
mod order_form;
mod orders;
mod sales;
mod statement;

use crate::domain::alert::Level;
use crate::domain::order::State;
use crate::domain::time::Date;
use crate::service::orders::{GATE, MANAGER};
use crate::service::{Refusal, refusal};
use maud::{Markup, html};
use yunlong_sdk::page::{badge, notice};
use yunlong_sdk::{Lang, Layout, NavItem, Request, Response, Router, Text, Tone, t, web};

pub(crate) static LAYOUT: Layout = Layout::new(t("景区电子联票", "Attraction tickets")).nav(nav).help("/help");

/// Adds the pages.
pub(crate) fn routes(router: Router) -> Router {
    router
        .get("/", browse::list)
        .get("/attractions/{attraction}", attractions::detail)
        .get("/products/{product}", attractions::product)
        .get("/order", order_form::show)
        .post("/order", order_form::submit)
        .get("/order/consented", order_form::consented)
        .get("/orders", orders::list)
        .get("/orders/{order}", orders::detail)
        .post("/orders/{order}/pay", orders::pay)
        .get("/orders/{order}/cancel", orders::ask_cancel)
        .post("/orders/{order}/cancel", orders::cancel)
        .get("/orders/{order}/refund", orders::ask_refund)
        .post("/orders/{order}/refund", orders::refund)
        .get("/orders/{order}/tickets/{ticket}", orders::ticket)
        .get("/gate", gate::show)
        .post("/gate", gate::admit)
        .get("/gate/offline", offline::show)
        .get("/gate/worker.js", offline::worker)
        .get("/sales", sales::show)
        .get("/sales/order", sales::find)
        .get("/sales/batches", offline::batches)
        .get("/sales/statement", statement::show)
        .get("/sales/statement/file", statement::file)
        .get("/manage", manage::list)
        .post("/manage/closures/{closure}/retry", closures::retry)
        .get("/manage/attractions/{attraction}", manage::attraction)
        .post("/manage/attractions/{attraction}", manage::save_attraction)
        .get("/manage/attractions/{attraction}/days", manage::days)
        .post("/manage/attractions/{attraction}/days", manage::save_day)
        .get("/manage/products/{product}", manage::product)
        .post("/manage/products/{product}", manage::save_product)
        .get("/help", help::show)
}

fn nav(request: &Request) -> Vec<NavItem> {
    let mut items =
        vec![NavItem::new("/", t("景区", "Attractions")), NavItem::new("/orders", t("我的订单", "My orders"))];
    let principal = request.principal();
    if principal.has_role(GATE) {
        items.push(NavItem::new("/gate", t("检票", "Gate")));
    }
    if principal.has_role(MANAGER) {
        items.push(NavItem::new("/sales", t("销售", "Sales")));
        items.push(NavItem::new("/manage", t("管理", "Manage")));
    }
    items
}

/// The answer to a refusal where there is no form to show again.
fn answer(request: &Request, result: Result<Response, Refusal>) -> web::Result<Response> {
    result.map_err(|e| e.into_error(request.lang()))
}

/// A refusal as a notice above the page that goes on.
fn refused(lang: Lang, refusal: &Refusal, more: Markup) -> Markup {
    let (title, detail) = (refusal.title(), refusal.detail());
    notice(Tone::Bad, html! { strong { (title.get(lang)) } p { (detail.get(lang)) } (more) })
}

fn state_badge(lang: Lang, state: State) -> Markup {
    let tone = match state {
        State::Issued | State::Used | State::PartUsed | State::PartRefunded => Tone::Ok,
        State::Held | State::Paid | State::Refunding => Tone::Warn,
        State::Expired => Tone::Bad,
        State::Draft | State::Refunded => Tone::Info,
    };
    badge(tone, refusal::state_name(state).get(lang))
}

fn level_name(level: Level) -> Text {
    match level {
        Level::Yellow => t("黄色预警：达到 80 %", "Yellow: 80 % reached"),
        Level::Orange => t("橙色预警：达到 90 %", "Orange: 90 % reached"),
        Level::Red => t("红色预警：达到 95 %", "Red: 95 % reached"),
    }
}

/// `周一` or `Mon`.
fn weekday(lang: Lang, date: Date) -> &'static str {
    let i = usize::from(date.weekday().saturating_sub(1)).min(6);
    lang.pick(
        ["周一", "周二", "周三", "周四", "周五", "周六", "周日"][i],
        ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"][i],
    )
}

/// A list of weekdays, `周一、周三` or `Mon, Wed`.
fn weekdays(lang: Lang, days: &[u8]) -> String {
    let name = |d: &u8| {
        let i = usize::from(d.saturating_sub(1)).min(6);
        lang.pick(
            ["周一", "周二", "周三", "周四", "周五", "周六", "周日"][i],
            ["Mondays", "Tuesdays", "Wednesdays", "Thursdays", "Fridays", "Saturdays", "Sundays"][i],
        )
    };
    days.iter().map(name).collect::<Vec<_>>().join(lang.pick("、", ", "))
}

//! The pages. They work without JavaScript, except the station's page for times without a network;
//! what a person typed is never lost.

mod cart;
mod checkout;
mod figures;
mod files;
mod forms;
mod goods;
mod groups;
mod help;
mod lists;
mod manage;
mod offline;
mod order_view;
mod orders;
mod pictures;
mod place;
mod returns;
mod shop;
mod station;
mod store;
mod trace;

use crate::domain::machine::Machine;
use crate::domain::{batch, farmer, group, listing, order, returns as ret};
use crate::service::access::{ARBITER, INSPECTOR, MANAGER, STATION};
use crate::service::{Refusal, install};
use maud::{Markup, html};
use yunlong_sdk::page::{badge, notice};
use yunlong_sdk::{Lang, Layout, NavItem, Request, Response, Router, Text, Tone, clock, t, web};

pub(crate) static LAYOUT: Layout = Layout::new(t("农村电商", "Rural e-commerce")).nav(nav).help("/help");

/// Rows of a page of a list.
const PAGE: u32 = 20;

/// Adds the pages.
pub(crate) fn routes(router: Router) -> Router {
    let router = router
        .get("/", shop::window)
        .get("/goods/{listing}", goods::show)
        .get("/stores/{store}", shop::store)
        .get("/groups", groups::list)
        .get("/groups/{group}", groups::show)
        .get("/cart", cart::show)
        .post("/cart", cart::change)
        .get("/checkout", checkout::show)
        .post("/checkout", checkout::submit)
        .get("/trace", trace::ask)
        .get("/trace/{code}", trace::show)
        .get("/help", help::show);
    let router = pictures::routes(router);
    let router = figures::routes(orders::routes(returns::routes(router)));
    let router = station::routes(store::routes(manage::routes(router)));
    router.get("/station/offline", offline::show).get("/station/worker.js", offline::worker)
}

fn nav(request: &Request) -> Vec<NavItem> {
    let who = request.principal();
    let mut items = vec![NavItem::new("/", t("逛商品", "Shop")), NavItem::new("/groups", t("拼团", "Group buys"))];
    if who.subject.is_some() {
        items.push(NavItem::new("/cart", t("购物车", "Cart")));
        items.push(NavItem::new("/orders", t("我的订单", "My orders")));
        items.push(NavItem::new("/store", t("我的店铺", "My store")));
    }
    if who.has_role(STATION) {
        items.push(NavItem::new("/station", t("站点", "Station")));
    }
    if [MANAGER, INSPECTOR, ARBITER].iter().any(|r| who.has_role(r)) {
        items.push(NavItem::new("/manage", t("管理", "Manage")));
    }
    items.push(NavItem::new("/figures", t("统计", "Figures")));
    items.push(NavItem::new("/trace", t("追溯", "Trace")));
    items
}

/// The answer to a refusal where there is no form to show again.
fn answer(request: &Request, result: Result<Response, Refusal>) -> web::Result<Response> {
    result.map_err(|e| e.into_error(request.lang()))
}

/// After a step that is a button alone: back to a page, or the refusal as one.
fn acted<T>(request: &Request, result: Result<T, Refusal>, to: impl Fn(&T) -> String) -> web::Result<Response> {
    answer(request, result.map(|done| Response::see_other(&to(&done))))
}

/// A refusal as a notice above the page that goes on.
fn refused(lang: Lang, refusal: &Refusal, more: Markup) -> Markup {
    let (title, detail) = (refusal.title(), refusal.detail());
    notice(
        Tone::Bad,
        html! {
            strong { (title.get(lang)) }
            @if detail != title { p { (detail.get(lang)) } }
            (more)
        },
    )
}

/// What a page says after something was saved: `?saved=1`.
fn saved(request: &Request) -> Markup {
    html! {
        @if request.query_value("saved").is_some() { (notice(Tone::Ok, request.t("已保存。", "Saved."))) }
    }
}

/// That the sample data is still being loaded, with a bar; the page follows by itself.
fn loading(request: &Request) -> Result<Option<Markup>, Refusal> {
    let (done, of) = install::progress()?;
    Ok((done < of).then(|| {
        notice(
            Tone::Info,
            html! {
                label for="loading" { (request.t("正在载入示例数据：", "The sample data is being loaded: ")) (done) " / " (of) }
                progress #loading value=(done) max=(of) { (done) " / " (of) }
            },
        )
    }))
}

/// A time of the trade, in China to the minute.
fn local(millis: i64) -> String {
    clock::minute(u64::try_from(millis).unwrap_or(0))
}

/// How long it is until a time, in words: `2 天 3 小时`.
fn until(lang: Lang, now: i64, then: i64) -> String {
    let minutes = (then - now).max(0) / 60_000;
    let (days, hours, minutes) = (minutes / 1_440, minutes / 60 % 24, minutes % 60);
    match (lang, days, hours) {
        (Lang::Zh, 0, 0) => format!("{minutes} 分钟"),
        (Lang::Zh, 0, h) => format!("{h} 小时 {minutes} 分钟"),
        (Lang::Zh, d, h) => format!("{d} 天 {h} 小时"),
        (Lang::En, 0, 0) => format!("{minutes} min"),
        (Lang::En, 0, h) => format!("{h} h {minutes} min"),
        (Lang::En, d, h) => format!("{d} d {h} h"),
    }
}

fn named<M: Machine>(lang: Lang, state: M, tone: Tone) -> Markup {
    badge(tone, state.name().get(lang))
}

fn order_badge(lang: Lang, state: order::State) -> Markup {
    use order::State as S;
    let tone = match state {
        S::Delivered | S::Confirmed | S::Settled => Tone::Ok,
        S::Placed | S::Paid | S::Accepted | S::Refunding => Tone::Warn,
        S::Cancelled => Tone::Bad,
        S::PartShipped | S::Shipped | S::Refunded => Tone::Info,
    };
    named(lang, state, tone)
}

fn listing_badge(lang: Lang, state: listing::State) -> Markup {
    use listing::State as S;
    let tone = match state {
        S::OnSale => Tone::Ok,
        S::Review => Tone::Warn,
        S::Draft => Tone::Info,
        S::Recalled => Tone::Bad,
    };
    named(lang, state, tone)
}

fn batch_badge(lang: Lang, state: batch::State) -> Markup {
    use batch::State as S;
    let tone = match state {
        S::Passed => Tone::Ok,
        S::Registered => Tone::Warn,
        S::Failed | S::Recalled => Tone::Bad,
        S::Expired => Tone::Info,
    };
    named(lang, state, tone)
}

fn return_badge(lang: Lang, state: ret::State) -> Markup {
    use ret::State as S;
    let tone = match state {
        S::Refunded | S::Arbitrated => Tone::Ok,
        S::Rejected => Tone::Bad,
        S::Withdrawn => Tone::Info,
        _ => Tone::Warn,
    };
    named(lang, state, tone)
}

fn group_badge(lang: Lang, state: group::State) -> Markup {
    let tone = match state {
        group::State::Formed => Tone::Ok,
        group::State::Open => Tone::Warn,
        group::State::Failed => Tone::Bad,
    };
    named(lang, state, tone)
}

fn farmer_badge(lang: Lang, status: farmer::Status) -> Markup {
    let tone = match status {
        farmer::Status::Active => Tone::Ok,
        farmer::Status::Applied => Tone::Warn,
        farmer::Status::Suspended | farmer::Status::Refused => Tone::Bad,
    };
    named(lang, status, tone)
}

/// Two words of one text, as a select wants them.
fn choices(lang: Lang, options: &[(String, Text)]) -> Vec<(&str, &str)> {
    options.iter().map(|(value, text)| (value.as_str(), text.get(lang))).collect()
}

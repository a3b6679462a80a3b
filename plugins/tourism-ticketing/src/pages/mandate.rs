//! Orders that one makes for another: how pages say so, and the lists of both sides.

use super::orders::listing;
use super::state_badge;
use crate::domain::mandate::Acting;
use crate::domain::order::Order;
use crate::service::{Refusal, orders};
use maud::{Markup, html};
use yunlong_sdk::page::{Column, table};
use yunlong_sdk::{Lang, Request};

/// The query of the list's next page.
const AFTER: &str = "made";

/// Who acted for whom, among the facts of an order; nothing when the buyer came for themself.
pub(super) fn facts(lang: Lang, order: &Order) -> Markup {
    html! {
        @if let Some(a) = &order.acting {
            dt { (lang.pick("代办", "Made for")) }
            dd {
                (grantor(lang, a)) " · " (lang.pick("授权编号", "mandate")) " " code { (a.mandate) }
                p.muted { (lang.pick("由受托人下单、付款；退款退给付款人。", "The authorised person ordered and pays; refunds go to who paid.")) }
            }
        }
    }
}

fn grantor(lang: Lang, a: &Acting) -> Markup {
    html! {
        @match &a.company {
            Some(c) => { (c.name) " (" (c.code) ")" }
            None => { (lang.pick("一位授权人（个人）", "a person")) }
        }
    }
}

/// The orders that others made for whoever looks; nothing when there are none.
pub(super) fn made_for_me(request: &Request) -> Result<Markup, Refusal> {
    let Some(grantor) = orders::represented(request.principal()) else { return Ok(html! {}) };
    let after = request.query_value(AFTER);
    let at_start = after.is_none();
    let page = orders::made_for(&grantor, 20, after)?;
    if page.items.is_empty() && at_start {
        return Ok(html! {});
    }
    let next = page.next.as_deref().map(|n| format!("/orders?{AFTER}={}", yunlong_sdk::web::encode_url(n)));
    Ok(html! {
        (listing(request, request.t("他人代办的订单", "Orders that others made for you"), page.items))
        @if let Some(next) = next { nav.actions { a href=(next) { (request.t("更早的代办订单", "Earlier ones")) } } }
    })
}

/// The department's list of a day's orders under mandates; nothing when there are none.
pub(super) fn of_day(request: &Request, all: &[Order]) -> Markup {
    let lang = request.lang();
    if all.is_empty() {
        return html! {};
    }
    table(
        request.t("当天下单的代办订单", "Orders made under mandates on this day"),
        &[
            Column::new(request.t("订单", "Order"), |o: &&Order| html! { a href={ "/orders/" (o.id) } { (o.id) } }),
            Column::new(request.t("票种", "Product"), |o: &&Order| html! { (o.product_name.get(lang)) }),
            Column::new(
                request.t("授权人", "Made for"),
                |o: &&Order| html! { @if let Some(a) = &o.acting { (grantor(lang, a)) } },
            ),
            Column::new(
                request.t("授权编号", "Mandate"),
                |o: &&Order| html! { @if let Some(a) = &o.acting { code { (a.mandate) } } },
            ),
            Column::new(request.t("状态", "State"), |o: &&Order| state_badge(lang, o.state)),
        ],
        all.iter(),
    )
}

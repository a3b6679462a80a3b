//! Group buys.

use super::{LAYOUT, PAGE, answer, group_badge, local, until};
use crate::domain::group::{GroupBuy, State};
use crate::service::{Refusal, groups, listings, now};
use maud::{Markup, html};
use yunlong_sdk::page::{amount, card, empty, hidden, notice, pager};
use yunlong_sdk::{Lang, Request, Response, Tone, t, web};

/// `/groups`: those that can be joined, the first deadline first.
pub(super) fn list(request: &Request) -> web::Result<Response> {
    answer(request, listed(request))
}

fn listed(request: &Request) -> Result<Response, Refusal> {
    let lang = request.lang();
    let after = request.query_value("after");
    let at_start = after.is_none();
    let page = groups::list_open(PAGE, after)?;
    let body = html! {
        p { (request.t("截止前付款人数达到要求即成团，按拼团价发货；未成团全额退款。", "With enough people who have paid before the deadline everybody has the lower price; otherwise all money goes back.")) }
        @if page.items.is_empty() && at_start { (empty(html! { p { (request.t("现在没有进行中的拼团。", "No group buy is open now.")) } p { a href="/" { (request.t("去逛商品", "To the shop")) } } })) }
        @else { ul.grid { @for g in &page.items { li { article.card { h2 { a href={ "/groups/" (g.id) } { (g.title.get(lang)) } } (progress(lang, g, now())) } } } } }
        (pager(lang, "/groups", &[], at_start, page.next.as_deref()))
    };
    Ok(LAYOUT.page(request, &t("拼团", "Group buys"), body))
}

/// How far it is, in words and as a bar.
fn progress(lang: Lang, g: &GroupBuy, now: i64) -> Markup {
    html! {
        p { strong { (amount(g.price)) } " " (group_badge(lang, g.state)) }
        p {
            label for={ "g-" (g.id) } { (lang.pick("已付款 ", "Paid: ")) (g.paid) " / " (g.minimum) " " (lang.pick("人", "people")) }
            " " progress id={ "g-" (g.id) } value=(g.paid.min(g.minimum)) max=(g.minimum) {}
        }
        p {
            @if now < g.deadline { (lang.pick("距截止还有 ", "Time left: ")) strong { (until(lang, now, g.deadline)) } " · " }
            (lang.pick("截止 ", "deadline ")) (local(g.deadline))
        }
    }
}

/// `/groups/{group}`.
pub(super) fn show(request: &Request) -> web::Result<Response> {
    answer(request, page(request))
}

fn page(request: &Request) -> Result<Response, Refusal> {
    let lang = request.lang();
    let g = groups::get(request.param("group"))?;
    let offer = listings::offer(request.principal(), &g.listing)?;
    let sku = offer.skus.iter().find(|(s, _)| s.id == g.sku);
    let now = now();
    let may = g.joinable(now).is_ok() && offer.refused.is_none() && sku.is_some_and(|(_, left)| *left > 0);
    let body = html! {
        (card("group", request.t("拼团进度", "How far it is"), progress(lang, &g, now)))
        @if g.state == State::Failed { (notice(Tone::Warn, request.t("人数不够，已付款的全部退回。", "Too few people: all money goes back."))) }
        @if let Some(why) = &offer.refused { (notice(Tone::Warn, why.get(lang))) }
        p { a href={ "/goods/" (g.listing) } { (request.t("查看商品", "See the goods")) }
            @if let Some((s, left)) = sku { " · " (s.name.get(lang)) " · " (request.t("单买价 ", "alone ")) (amount(s.price)) " · " (request.t("库存 ", "in stock ")) (left.max(&0)) } }
        @if may {
            form method="get" action="/checkout" {
                (hidden("group", &g.id))
                (hidden("listing", &g.listing))
                (hidden("sku", &g.sku))
                label for="quantity" { (request.t("数量", "Units")) }
                input #quantity type="number" name="quantity" value="1" min="1" max="999" required;
                div.actions { button type="submit" { (request.t("参加拼团", "Join")) } }
            }
            p.muted { (request.t("每人在一个拼团中限下一单，按付款时间计算；截止前最后一毫秒付款也算数。", "One order a person. What counts is when the money was taken, to the last millisecond before the deadline.")) }
        }
    };
    Ok(LAYOUT.page(request, &g.title, body))
}

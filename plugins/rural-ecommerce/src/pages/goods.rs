//! A product on sale: its variants, its batch, its seller, its group buys.

use super::{LAYOUT, answer, batch_badge, listing_badge, local, pictures, until};
use crate::domain::listing::State;
use crate::domain::product::Sku;
use crate::service::listings::{self, Offer};
use crate::service::{Refusal, groups, now, statistics};
use maud::{Markup, html};
use yunlong_sdk::page::{amount, badge, card, hidden, notice};
use yunlong_sdk::{Request, Response, Tone, web};

/// `/goods/{listing}`.
pub(super) fn show(request: &Request) -> web::Result<Response> {
    answer(request, page(request))
}

fn page(request: &Request) -> Result<Response, Refusal> {
    let lang = request.lang();
    let offer = listings::offer(request.principal(), request.param("listing"))?;
    let groups = groups::of_listing(&offer.listing.id)?;
    let (divisions, now) = (statistics::divisions()?, now());
    let (p, s) = (&offer.product, &offer.store);
    let body = html! {
        @if request.query_value("added").is_some() {
            (notice(Tone::Ok, html! { (request.t("已放入购物车。", "It is in your cart.")) " " a href="/cart" { (request.t("去购物车", "To the cart")) } }))
        }
        @if request.query_value("sku").is_some() && !request.principal().is_anonymous() {
            (notice(Tone::Info, request.t("已登录，请再按一次“放入购物车”。", "You are signed in: press “Into the cart” once more.")))
        }
        (standing(request, &offer))
        figure { (pictures::shown(lang, p.picture.as_ref(), pictures::PAGE)) }
        p { (p.description.get(lang)) }
        p { (badge(Tone::Info, p.category.name().get(lang))) @if p.category.perishes() { " " (request.t("生鲜食品不适用无理由退货；损坏、不符或有质量问题的仍可退。", "Fresh food is not returned without a reason; what is damaged, wrong or poor is.")) } }
        (variants(request, &offer))
        @if !groups.is_empty() {
            (card("groups", request.t("拼团更优惠", "Cheaper together"), html! {
                ul {
                    @for g in &groups {
                        li {
                            a href={ "/groups/" (g.id) } { (amount(g.price)) " · " (g.paid) " / " (g.minimum) " " (request.t("人", "people")) }
                            " · " (request.t("还剩 ", "left: ")) (until(lang, now, g.deadline)) " (" (local(g.deadline)) ")"
                        }
                    }
                }
            }))
        }
        (origin(request, &offer))
        (card("seller", request.t("卖家", "Seller"), html! {
            p { a href={ "/stores/" (s.id) } { (s.name.get(lang)) } }
            p { (divisions.address(&s.village)) }
        }))
        (card("escrow", request.t("担保交易", "Held for you"), html! {
            p { (request.t("您付的钱由平台保管。确认收货后才结算给卖家；退货、包裹丢失时先冻结，处理完再结算或退回。", "The platform holds what you pay. The seller has it once you have confirmed; with a return or a lost parcel it stays held until that is decided.")) }
        }))
    };
    Ok(LAYOUT.page(request, &p.title, body))
}

/// Why it cannot be bought, where it cannot.
fn standing(request: &Request, offer: &Offer) -> Markup {
    let (lang, l) = (request.lang(), &offer.listing);
    let tone = if l.state == State::Recalled { Tone::Bad } else { Tone::Warn };
    html! {
        @if let Some(why) = &offer.refused {
            (notice(tone, html! {
                p { (listing_badge(lang, l.state)) " " (why.get(lang)) }
                @if let Some(reason) = &l.reason { p { (reason.get(lang)) } }
            }))
        }
    }
}

/// The variants, each with its own form, so that one can be bought without a script.
fn variants(request: &Request, offer: &Offer) -> Markup {
    let lang = request.lang();
    let may = offer.refused.is_none();
    // What a visitor chose before signing in.
    let chosen = request.query_value("sku").unwrap_or_default();
    let quantity = request.query_value("quantity").and_then(|n| n.parse::<u32>().ok()).unwrap_or(1).max(1);
    let typed = |sku: &Sku| if sku.id == chosen { quantity } else { 1 };
    let buy = |sku: &Sku, left: i64| {
        html! {
            form.inline method="post" action="/cart" {
                (hidden("listing", &offer.listing.id))
                (hidden("sku", &sku.id))
                label for={ "n-" (sku.id) } { (request.t("数量", "Units")) span.visually-hidden { (request.t("：", " of ")) (sku.name.get(lang)) } }
                input id={ "n-" (sku.id) } type="number" name="quantity" value=(typed(sku)) min="1" max=(left) required;
                button type="submit" name="action" value="add" { (request.t("放入购物车", "Into the cart")) span.visually-hidden { " " (sku.name.get(lang)) } }
            }
        }
    };
    // Cards, not a table: on a phone its last column, the one that sells, would stand outside.
    html! {
        h2 { (request.t("规格和价格", "Variants and prices")) }
        ul.grid { @for (s, left) in &offer.skus { li { article.card {
            h3 { (s.name.get(lang)) }
            p {
                strong { (amount(s.price)) } " · "
                @if *left > 0 { (request.t("库存 ", "in stock: ")) (left) } @else { (badge(Tone::Bad, request.t("售完", "sold out"))) }
                @if s.parcels > 1 { " · " (request.t("每件分 ", "sent in ")) (s.parcels) (request.t(" 个包裹", " parcels")) }
            }
            @if may && *left > 0 { (buy(s, *left)) }
        } } } }
    }
}

/// Where it comes from, for what is traced.
fn origin(request: &Request, offer: &Offer) -> Markup {
    let lang = request.lang();
    html! {
        @if let Some(b) = &offer.batch {
            (card("batch", request.t("批次和检测", "Batch and tests"), html! {
                dl.facts {
                    dt { (request.t("追溯码", "Trace code")) } dd { a href={ "/trace/" (b.id) } { code { (b.id) } } }
                    dt { (request.t("状态", "State")) } dd { (batch_badge(lang, b.state)) }
                    dt { (request.t("采收日期", "Harvest")) } dd { (b.harvest) }
                    @if let Some(last) = b.best_before { dt { (request.t("保质期至", "Best before")) } dd { (last) } }
                    @for test in &b.tests { dt { (test.item.get(lang)) } dd { (test.day) " " (test.laboratory) " · " @if test.passed { (badge(Tone::Ok, lang.pick("合格", "passed"))) } @else { (badge(Tone::Bad, lang.pick("不合格", "failed"))) } } }
                }
            }))
        }
    }
}

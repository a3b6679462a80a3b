//! The cart.

use super::forms::again;
use super::{LAYOUT, answer};
use crate::domain::cart::{CartLine, MAX_UNITS};
use crate::service::Refusal;
use crate::service::cart::{self, Shown};
use maud::{Markup, html};
use yunlong_sdk::identity::sign_in_url;
use yunlong_sdk::page::{amount, badge, empty, error_summary, hidden, notice};
use yunlong_sdk::{Form, Request, Response, Tone, t, web};

/// `/cart`.
pub(super) fn show(request: &Request) -> web::Result<Response> {
    request.subject()?;
    answer(request, page(request, &Form::new(), html! {}))
}

fn page(request: &Request, form: &Form, message: Markup) -> Result<Response, Refusal> {
    let lines = cart::get(request.principal())?;
    let total: u64 = lines.iter().filter(|l| l.refused.is_none()).map(Shown::amount).sum();
    let ready = lines.iter().any(|l| l.refused.is_none());
    let stuck = lines.iter().any(|l| l.refused.is_some());
    let body = html! {
        (message)
        (error_summary(request.lang(), form))
        @if lines.is_empty() { (empty(html! { p { (request.t("购物车是空的。", "Your cart is empty.")) } p { a href="/" { (request.t("去逛商品", "To the shop")) } } })) }
        @else {
            @if stuck { (notice(Tone::Warn, request.t("有商品现在不能购买，结算时会留在购物车里。", "Some goods cannot be bought now; they stay in the cart at the checkout."))) }
            (listed(request, &lines))
            p { (request.t("可结算合计：", "Total of what can be bought: ")) strong { (amount(total)) } }
            div.actions {
                @if ready { a role="button" href="/checkout" { (request.t("去结算", "To the checkout")) } }
                a href="/" { (request.t("继续逛", "Go on shopping")) }
            }
            form.inline method="post" action="/cart" { button.secondary.outline type="submit" name="action" value="clear" { (request.t("清空购物车", "Empty the cart")) } }
        }
    };
    Ok(LAYOUT.page(request, &t("购物车", "Cart"), body))
}

/// A card for each line, not a table: on a phone the field of its units would stand outside.
fn listed(request: &Request, lines: &[Shown]) -> Markup {
    let lang = request.lang();
    let name = |l: &Shown| {
        l.title
            .as_ref()
            .map_or_else(|| request.t("已下架的商品", "Goods that are no more").to_owned(), |t| t.get(lang).to_owned())
    };
    html! {
        @for l in lines {
            article.card {
                h2 { a href={ "/goods/" (l.line.listing) } { (name(l)) } }
                p {
                    @if let Some(sku) = &l.sku { (sku.name.get(lang)) " · " (amount(sku.price)) }
                    @if let Some((id, store)) = &l.store { " · " a.muted href={ "/stores/" (id) } { (store.get(lang)) } }
                }
                @if let Some(why) = &l.refused { p { (badge(Tone::Warn, why.get(lang))) } }
                (quantity(request, l, &name(l)))
                p { (request.t("小计：", "Sum: ")) strong { (amount(l.amount())) } }
            }
        }
    }
}

fn quantity(request: &Request, l: &Shown, name: &str) -> Markup {
    let id = format!("n-{}-{}", l.line.listing, l.line.sku);
    html! {
        form.inline method="post" action="/cart" {
            (hidden("listing", &l.line.listing))
            (hidden("sku", &l.line.sku))
            label for=(id) { (request.t("数量", "Units")) span.visually-hidden { (request.t("：", " of ")) (name) } }
            input id=(id) type="number" name="quantity" value=(l.line.quantity) min="0" max=(MAX_UNITS) required;
            button.small.secondary type="submit" name="action" value="set" { (request.t("更改", "Change")) span.visually-hidden { " " (name) } }
            button.small.secondary.outline type="submit" name="action" value="remove" { (request.t("删除", "Remove")) span.visually-hidden { " " (name) } }
        }
    }
}

/// `POST /cart`: puts something in (with what is there already), changes how many, takes out, empties.
pub(super) fn change(request: &Request) -> web::Result<Response> {
    let mut form = request.form()?;
    let action = form.value("action").to_owned();
    let (listing, sku) = (form.value("listing").to_owned(), form.value("sku").to_owned());
    if action == "add" && request.principal().is_anonymous() {
        // From the sign-in a visitor comes back to the goods, with what they chose.
        let of = |name: &str| web::encode_url(form.value(name));
        let to = format!("/goods/{}?sku={}&quantity={}", of("listing"), of("sku"), of("quantity"));
        return Ok(Response::see_other(&sign_in_url(&to)));
    }
    request.subject()?;
    let who = request.principal();
    let asked = match action.as_str() {
        "clear" => return answer(request, cart::clear(who).map(|()| Response::see_other("/cart"))),
        "remove" => Some(0),
        _ => form.number("quantity", 0..=i64::from(MAX_UNITS)).and_then(|n| u32::try_from(n).ok()),
    };
    let Some(quantity) = asked else {
        return answer(request, super::forms::unreadable(&form, |f, m| page(request, f, m)));
    };
    let before =
        if action == "add" { cart::units(who, &listing, &sku).map_err(|e| e.into_error(request.lang()))? } else { 0 };
    let to = if action == "add" { format!("/goods/{}?added=1", web::encode_url(&listing)) } else { "/cart".to_owned() };
    let done = cart::set(who, &CartLine { listing, sku, quantity: quantity.saturating_add(before).min(MAX_UNITS) });
    answer(
        request,
        match done {
            Ok(()) => Ok(Response::see_other(&to)),
            Err(e) => again(request, form, e, |f, m| page(request, f, m)),
        },
    )
}

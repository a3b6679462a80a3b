//! The checkout: where the goods go, a coupon, the total that the buyer agrees to.

use super::forms::{again, unreadable};
use super::{LAYOUT, answer, place, until};
use crate::domain::cart::MAX_LINES;
use crate::domain::order::Recipient;
use crate::service::checkout::{self, Item, Purchase};
use crate::service::{Refusal, cart, coupons, groups, listings, now};
use maud::{Markup, html};
use yunlong_sdk::page::{Column, amount, card, error_summary, field, hidden, notice, table};
use yunlong_sdk::{Form, Lang, Principal, Request, Response, Text, Tone, random, t, web};

/// What is bought, with prices as they are now.
struct Basket {
    lines: Vec<Line>,
    group: Option<String>,
}

struct Line {
    item: Item,
    title: Text,
    sku: Text,
    price: u64,
    store: String,
}

impl Line {
    fn amount(&self) -> u64 {
        self.price * u64::from(self.item.quantity)
    }
}

impl Basket {
    /// Looks the goods up. `wanted` are `listing/sku/quantity`.
    fn of(who: &Principal, wanted: impl Iterator<Item = Item>, group: Option<&str>) -> Result<Self, Refusal> {
        let group = group.filter(|g| !g.is_empty()).map(groups::get).transpose()?;
        let mut lines = Vec::new();
        for item in wanted.take(MAX_LINES) {
            let offer = listings::offer(who, &item.listing)?;
            let (sku, _) = offer.skus.iter().find(|(s, _)| s.id == item.sku).ok_or(Refusal::NotFound)?;
            let price = group.as_ref().map_or(sku.price, |g| g.price);
            let (sku, title) = (sku.name.clone(), offer.product.title.clone());
            lines.push(Line { item, title, sku, price, store: offer.store.id });
        }
        Ok(Self { lines, group: group.map(|g| g.id) })
    }

    fn total(&self) -> u64 {
        self.lines.iter().map(Line::amount).sum()
    }

    /// What a coupon takes off the order of its store.
    fn off(&self, who: &Principal, code: &str) -> Result<u64, Refusal> {
        let mut last = None;
        let mut stores: Vec<&str> = self.lines.iter().map(|l| l.store.as_str()).collect();
        stores.sort_unstable();
        stores.dedup();
        for store in stores {
            let amounts: Vec<u64> = self.lines.iter().filter(|l| l.store == store).map(Line::amount).collect();
            match coupons::quote(who, code, store, &amounts) {
                Ok(off) => return Ok(off.iter().sum()),
                // Another store's coupon is unknown here; what another store says of it is more to the point.
                Err(e) if last.is_none() || e.kind() != "coupon-unknown" => last = Some(e),
                Err(_) => {}
            }
        }
        last.map_or(Ok(0), Err)
    }
}

fn item(text: &str) -> Option<Item> {
    let mut parts = text.split('/');
    let (listing, sku, quantity) = (parts.next()?, parts.next()?, parts.next()?.parse().ok()?);
    Some(Item { listing: listing.to_owned(), sku: sku.to_owned(), quantity })
}

/// `GET /checkout`: of the cart, or of a group buy that the query names.
pub(super) fn show(request: &Request) -> web::Result<Response> {
    request.subject()?;
    answer(request, first(request))
}

fn first(request: &Request) -> Result<Response, Refusal> {
    let of = |name: &str| request.query_value(name).unwrap_or_default();
    let group = of("group");
    let items: Vec<Item> = if group.is_empty() {
        let ready = cart::get(request.principal())?.into_iter().filter(|l| l.refused.is_none());
        ready.map(|l| Item { listing: l.line.listing, sku: l.line.sku, quantity: l.line.quantity }).collect()
    } else {
        vec![Item { listing: of("listing"), sku: of("sku"), quantity: of("quantity").parse().unwrap_or(1) }]
    };
    if items.is_empty() {
        return Ok(Response::see_other("/cart"));
    }
    let form = items.iter().fold(Form::new().with("key", random::code(24)).with("group", group), |f, i| {
        f.with("item", format!("{}/{}/{}", i.listing, i.sku, i.quantity))
    });
    page(request, &form, html! {})
}

/// `POST /checkout`: the next list of places, the coupon's worth, or the order.
pub(super) fn submit(request: &Request) -> web::Result<Response> {
    let form = request.form()?;
    answer(request, submitted(request, form))
}

fn submitted(request: &Request, mut form: Form) -> Result<Response, Refusal> {
    match form.value("action") {
        place::ACTION => return page(request, &place::unpressed(&form), html! {}),
        "coupon" => return page(request, &place::unpressed(&form), html! {}),
        _ => {}
    }
    let items: Vec<Item> = form.values("item").filter_map(item).collect();
    let (village, total) = (place::village(&mut form, "division"), form.value("total").parse::<u64>().ok());
    let Some(village) = village else { return unreadable(&form, |f, m| page(request, f, m)) };
    let value = |name: &str| form.value(name).trim().to_owned();
    let some = |name: &str| Some(value(name)).filter(|v| !v.is_empty());
    let purchase = Purchase {
        items,
        recipient: Recipient {
            name: value("recipient-name"),
            phone: value("recipient-phone"),
            division: village,
            address: value("recipient-address"),
        },
        coupon: some("coupon").map(|c| c.to_ascii_uppercase()),
        group: some("group"),
        expected_total: total,
    };
    let key = some("key").filter(|k| k.len() <= 200);
    match checkout::place(request.principal(), key.as_deref(), &purchase) {
        Ok(orders) => match &orders[..] {
            [one] => Ok(Response::see_other(&format!("/orders/{}", one.id))),
            _ => Ok(Response::see_other("/orders?placed=1")),
        },
        Err(Refusal::KeyReused { order }) => {
            let message = sent_before(request, &order);
            let form = super::forms::without(&form, &["key", "action"]).with("key", random::code(24));
            Ok(page(request, &form, message)?.status(yunlong_sdk::StatusCode::CONFLICT))
        }
        Err(e) => again(request, form, e, |f, m| page(request, f, m)),
    }
}

fn sent_before(request: &Request, order: &str) -> Markup {
    notice(
        Tone::Warn,
        html! {
            p { (request.t("这张表单提交过，已生成下面的订单，内容与现在填写的不同。如需另下一单，请再次提交。", "This form was submitted before and made the order below, from what it held then. To make another order, submit it again.")) }
            p { a href={ "/orders/" (order) } { (request.t("查看该订单", "See that order")) " " (order) } }
        },
    )
}

fn page(request: &Request, form: &Form, message: Markup) -> Result<Response, Refusal> {
    let lang = request.lang();
    let group = Some(form.value("group")).filter(|g| !g.is_empty());
    let basket = Basket::of(request.principal(), form.values("item").filter_map(item), group)?;
    let coupon = form.value("coupon").trim().to_ascii_uppercase();
    let quote = if coupon.is_empty() { Ok(0) } else { basket.off(request.principal(), &coupon) };
    let off = *quote.as_ref().unwrap_or(&0);
    let body = html! {
        (message)
        (error_summary(lang, form))
        @if let Err(why) = &quote { (super::refused(lang, why, html! {})) }
        (listed(lang, &basket))
        @if let Some(g) = &basket.group { (deadline(request, g)?) }
        form method="post" action="/checkout" novalidate {
            (place::enter(request.t("提交订单", "Place the order")))
            @for i in form.values("item") { (hidden("item", i)) }
            (hidden("group", form.value("group")))
            (hidden("key", form.value("key")))
            (hidden("total", &(basket.total() - off.min(basket.total())).to_string()))
            (card("where", request.t("收货信息", "Where it goes"), html! {
                (field(lang, form, "recipient-name", "text", &t("收货人", "Receiver"), None))
                (field(lang, form, "recipient-phone", "tel", &t("手机号码", "Mobile number"), None))
                (place::fields(lang, form, "division")?)
                (field(lang, form, "recipient-address", "text", &t("详细地址", "Address"), Some(&t("门牌或村组，不含姓名", "House or group, without the name"))))
            }))
            @if basket.group.is_none() {
                (field(lang, form, "coupon", "text", &t("优惠券码（选填）", "Coupon (optional)"), None))
                div.actions { button.secondary.outline type="submit" name="action" value="coupon" { (request.t("核算优惠", "See what it takes off")) } }
            }
            dl.facts {
                dt { (request.t("商品", "Goods")) } dd { (amount(basket.total())) }
                @if off > 0 { dt { (request.t("优惠", "Coupon")) } dd { "−" (amount(off)) } }
                dt { (request.t("应付", "To pay")) } dd { strong { (amount(basket.total() - off.min(basket.total()))) } }
            }
            p { (request.t("您付的钱由平台担保账户保管，确认收货后才结算给卖家。", "What you pay is held in escrow until you confirm that you have the goods.")) }
            div.actions { button type="submit" name="action" value="order" { (request.t("提交订单", "Place the order")) } a href="/cart" { (request.t("返回购物车", "Back to the cart")) } }
        }
    };
    Ok(LAYOUT.page(request, &t("结算", "Checkout"), body))
}

fn listed(lang: Lang, basket: &Basket) -> Markup {
    table(
        lang.pick("订购的商品", "What you order"),
        &[
            Column::new(lang.pick("商品", "Goods"), |l: &&Line| html! { (l.title.get(lang)) " · " (l.sku.get(lang)) }),
            Column::new(lang.pick("单价", "Price"), |l: &&Line| amount(l.price)).numeric(),
            Column::new(lang.pick("数量", "Units"), |l: &&Line| html! { (l.item.quantity) }).numeric(),
            Column::new(lang.pick("小计", "Sum"), |l: &&Line| amount(l.amount())).numeric(),
        ],
        basket.lines.iter(),
    )
}

fn deadline(request: &Request, group: &str) -> Result<Markup, Refusal> {
    let (g, now) = (groups::get(group)?, now());
    Ok(notice(
        Tone::Info,
        html! {
            (request.t("拼团订单：请在截止前付款，还剩 ", "A group buy: pay before the deadline. Time left: "))
            strong { (until(request.lang(), now, g.deadline)) }
        },
    ))
}

//! What can be visited: the list with its search, its filters, its orders and its pages.

use super::{LAYOUT, weekdays};
use crate::domain::browse::{self, Fee, Order, Wanted};
use crate::domain::catalogue::{Attraction, PlaceKind, Product, ProductKind};
use crate::domain::district;
use crate::service::catalogue;
use maud::{Markup, html};
use std::collections::BTreeSet;
use yunlong_sdk::page::{Listing, amount, empty, field, select};
use yunlong_sdk::{Lang, Request, Response, Text, t, web};

/// Attractions on a page.
const PAGE: usize = 12;
/// Characters of a search; the rest is dropped.
const WORDS: usize = 60;
const FILTERS: [&str; 3] = ["q", "district", "fee"];

/// Everything that is on sale.
struct Offer {
    places: Vec<Attraction>,
    products: Vec<Product>,
}

impl Offer {
    fn price(&self, place: &Attraction) -> Option<u64> {
        let single = Product::single_id(&place.id);
        self.products.iter().find(|p| p.id == single).map(|p| p.price)
    }

    fn places_of(&self, product: &Product) -> Vec<&Attraction> {
        product.components.iter().filter_map(|c| self.places.iter().find(|a| a.id == c.attraction)).collect()
    }

    /// The places of a kind that are looked for.
    fn found(&self, kind: PlaceKind, wanted: &Wanted) -> Vec<Attraction> {
        let fits = |a: &&Attraction| a.kind == kind && wanted.takes_place(a, self.price(a));
        self.places.iter().filter(fits).cloned().collect()
    }
}

/// `/`: attractions by words, district and fee; on the first page also the coach lines and the joint tickets that fit.
pub(super) fn list(request: &Request) -> web::Result<Response> {
    let lang = request.lang();
    let offer = Offer { places: catalogue::attractions()?, products: catalogue::products()? };
    let asked = Listing::of(request, &["rank", "price", "district"], &FILTERS);
    let words: String = asked.filter("q").chars().take(WORDS).collect();
    let wanted = Wanted::new(&words, asked.filter("district"), Fee::read(asked.filter("fee")));
    let mut sites = offer.found(PlaceKind::Site, &wanted);
    browse::sort(&mut sites, order(&asked), |a| offer.price(a));
    let range = asked.range(sites.len(), PAGE);
    let first = range.start == 0;
    let total = sites.len();
    let body = html! {
        p { (request.t("选择景区，查看每天各时段的余票，在线预订，凭动态票码入园。", "Choose an attraction, see what is left of each slot, book, and enter with a live code.")) }
        (asked.form(fields(lang, &asked, &offer)))
        (orders(request, &asked))
        @if sites.is_empty() { (nothing(request, &asked)) }
        @else { ul.grid-wide { @for a in sites.drain(range) { li.card { (place_card(lang, &a, &offer)) } } } }
        (asked.pages(total, PAGE))
        @if first { (more(request, &wanted, &offer)) }
    };
    Ok(LAYOUT.page(request, &t("景区", "Attractions"), body))
}

fn order(asked: &Listing) -> Order {
    match (asked.sort(), asked.is_descending()) {
        ("price", false) => Order::Cheapest,
        ("price", true) => Order::Dearest,
        ("district", _) => Order::District,
        _ => Order::Listed,
    }
}

fn fields(lang: Lang, asked: &Listing, offer: &Offer) -> Markup {
    let all = lang.pick("全部", "All");
    let codes: BTreeSet<&str> = offer.places.iter().map(|a| a.district.as_str()).collect();
    let names: Vec<(&str, Text)> = codes.into_iter().map(|c| (c, district::name(c))).collect();
    let mut districts = vec![("", all)];
    districts.extend(names.iter().map(|(code, name)| (*code, name.get(lang))));
    let fees =
        [("", all), ("free", lang.pick("免费，须预约", "Free, with a booking")), ("paid", lang.pick("收费", "Paid"))];
    html! {
        (field(lang, asked.filters(), "q", "search", &t("找什么", "Words"), Some(&t("名称、介绍或地址，如 汉墓", "A name, a place or what it is, such as tomb"))))
        div.grid {
            (select(lang, asked.filters(), "district", &t("区县", "District"), &districts))
            (select(lang, asked.filters(), "fee", &t("费用", "Fee"), &fees))
        }
    }
}

/// Links to the orders of the list.
fn orders(request: &Request, asked: &Listing) -> Markup {
    let options = [
        ("", Order::Listed, request.t("推荐", "Recommended")),
        ("price", Order::Cheapest, request.t("价格从低到高", "Cheapest")),
        ("-price", Order::Dearest, request.t("价格从高到低", "Dearest")),
        ("district", Order::District, request.t("按区县", "By district")),
    ];
    let link = |sort: &str| {
        let said = FILTERS.iter().map(|n| (*n, asked.filter(n))).chain([("sort", sort)]);
        let said: Vec<_> =
            said.filter(|(_, v)| !v.is_empty()).map(|(n, v)| format!("{n}={}", web::encode_url(v))).collect();
        if said.is_empty() { "/".to_owned() } else { format!("/?{}", said.join("&")) }
    };
    html! {
        nav.actions aria-label=(request.t("排序", "Order")) {
            @for (sort, which, words) in options {
                a href=(link(sort)) aria-current=[(order(asked) == which).then_some("true")] { (words) }
            }
        }
    }
}

fn nothing(request: &Request, asked: &Listing) -> Markup {
    empty(html! {
        @if asked.is_filtered() {
            p { (request.t("没有符合条件的景区。", "No attraction fits.")) }
            p { a href="/" { (request.t("看全部景区", "See all of them")) } }
        } @else { p { (request.t("现在没有可预订的景区。", "Nothing can be booked now.")) } }
    })
}

/// Coach lines, joint tickets and packages.
fn more(request: &Request, wanted: &Wanted, offer: &Offer) -> Markup {
    let lang = request.lang();
    let coaches = offer.found(PlaceKind::Coach, wanted);
    let several = offer.products.iter().filter(|p| p.kind != ProductKind::Single).map(|p| (p, offer.places_of(p)));
    let joint: Vec<_> = several.filter(|(p, places)| wanted.takes_product(p, places)).collect();
    html! {
        @if !joint.is_empty() {
            h2 { (request.t("联票与套票", "Joint tickets and packages")) }
            ul.grid-wide { @for (p, places) in &joint { li.card { (joint_card(lang, p, places)) } } }
        }
        @if !coaches.is_empty() {
            h2 { (request.t("旅游专线", "Coach lines")) }
            ul.grid-wide { @for a in &coaches { li.card { (place_card(lang, a, offer)) } } }
        }
    }
}

fn place_card(lang: Lang, a: &Attraction, offer: &Offer) -> Markup {
    html! {
        @if let Some(p) = &a.picture { img src=(p) alt="" width="96" height="64" loading="lazy"; }
        h2 { a href={ "/attractions/" (a.id) } { (a.name.get(lang)) } }
        @if a.kind == PlaceKind::Site { p.muted { (district::name(&a.district).get(lang)) } }
        p { (a.about.get(lang)) }
        @if !a.closed_weekdays.is_empty() { p.muted { (lang.pick("闭馆：", "Closed: ")) (weekdays(lang, &a.closed_weekdays)) } }
        @if let Some(fen) = offer.price(a) { p { (price(lang, fen)) } }
    }
}

fn joint_card(lang: Lang, p: &Product, places: &[&Attraction]) -> Markup {
    let names: Vec<&str> = places.iter().map(|a| a.name.get(lang)).collect();
    html! {
        h3 { a href={ "/products/" (p.id) } { (p.name.get(lang)) } }
        p { (names.join(" + ")) }
        p { strong { (amount(p.price)) } " " (lang.pick("每人", "each")) }
    }
}

fn price(lang: Lang, fen: u64) -> Markup {
    html! { @if fen == 0 { strong { (lang.pick("免费，须预约", "Free, with a booking")) } } @else { strong { (amount(fen)) } " " (lang.pick("每人", "each")) } }
}

//! The shop window and a store's page.

use super::pictures::{CARD, shown as picture};
use super::{LAYOUT, PAGE, answer, choices, loading};
use crate::domain::division::{CITY, Table};
use crate::domain::listing::Listing;
use crate::domain::picture::Picture;
use crate::domain::product::Category;
use crate::domain::time::Date;
use crate::service::listings::{self, Filter};
use crate::service::{Refusal, coupons, now, pictures, statistics, stores};
use maud::{Markup, html};
use yunlong_sdk::page::{Listing as Asked, amount, badge, empty, field, notice, select};
use yunlong_sdk::{Lang, Request, Response, Stored, Text, Tone, t, web};

/// The most goods that are looked through for a filter or an order of prices; with more, the page asks to narrow
/// the search.
const SORTED: usize = 1_000;
/// Goods that one call of the search brings when all are wanted.
const CHUNK: u32 = 200;

/// What a list shows: its rows, the links to its other pages, and whether more fit than are shown.
struct Found {
    rows: Vec<Listing>,
    pages: Markup,
    cut: bool,
}

/// `/`: everything on sale, by words, category, county and town, the newest or the cheapest first.
pub(super) fn window(request: &Request) -> web::Result<Response> {
    answer(request, shown(request))
}

fn shown(request: &Request) -> Result<Response, Refusal> {
    let lang = request.lang();
    let asked = Asked::of(request, &["-new", "price"], &["q", "category", "county", "town"]);
    let table = statistics::divisions()?;
    let found = find(&asked, &filter(&asked))?;
    let seen = pictures::of_listings(&found.rows)?;
    let loading = loading(request)?;
    let follow = loading.is_some();
    let body = html! {
        @if let Some(bar) = loading { (bar) }
        p { (request.t("徐州农户和村级服务站直供：食品凭批次追溯，货款由平台担保，确认收货后才结算给农户。", "From farmers and village stations of Xuzhou: food can be traced by its batch, and your money is held until you have the goods.")) }
        (asked.form(fields(lang, &asked, &table)))
        (order(request, &asked))
        @if found.cut { (notice(Tone::Info, request.t("符合的商品较多，只显示最新的 1000 件，请缩小范围。", "Many fit: these are the newest 1,000. Narrow the search."))) }
        @if found.rows.is_empty() { (nothing(request, &asked)) }
        @else { ul.grid { @for l in &found.rows { li { (card(lang, l, seen.get(&l.product), &table)) } } } }
        (found.pages)
    };
    let response = LAYOUT.page(request, &t("逛商品", "Shop"), body);
    Ok(if follow { response.header("refresh", "3") } else { response })
}

fn filter(asked: &Asked) -> Filter {
    let of = |name: &str| Some(asked.filter(name).to_owned()).filter(|v| !v.is_empty());
    // A town that lies in another county than the one that was chosen is of an earlier choice.
    let town = of("town").filter(|t| of("county").is_none_or(|c| t.starts_with(&c)));
    Filter {
        category: Category::ALL.into_iter().find(|c| c.code() == asked.filter("category")),
        division: town.or_else(|| of("county")),
        words: asked.filter("q").chars().take(60).collect(),
    }
}

fn find(asked: &Asked, filter: &Filter) -> Result<Found, Refusal> {
    // Words and places are looked for row by row, so a page of the index could hold nothing that fits:
    // only what the index itself finds is turned over by its cursor.
    let indexed = filter.words.is_empty() && filter.division.is_none();
    if asked.sort() != "price" && indexed {
        let page = listings::search(filter, PAGE, asked.after())?;
        let pages = asked.pager(page.next.as_deref());
        return Ok(Found { rows: page.items.into_iter().map(Stored::into_value).collect(), pages, cut: false });
    }
    let (mut rows, mut after): (Vec<Listing>, Option<String>) = (Vec::new(), None);
    loop {
        let page = listings::search(filter, CHUNK, after)?;
        rows.extend(page.items.into_iter().map(Stored::into_value));
        after = page.next;
        if after.is_none() || rows.len() >= SORTED {
            break;
        }
    }
    if asked.sort() == "price" {
        rows.sort_by(|a, b| (a.price_from, &a.id).cmp(&(b.price_from, &b.id)));
        if asked.is_descending() {
            rows.reverse();
        }
    }
    let (total, each) = (rows.len(), PAGE as usize);
    let range = asked.range(total, each);
    let rows = rows.drain(range).collect();
    Ok(Found { rows, pages: asked.pages(total, each), cut: after.is_some() })
}

fn fields(lang: Lang, asked: &Asked, table: &Table) -> Markup {
    let today = Date::at(now());
    let below = |code: &str, all: Text| -> Vec<(String, Text)> {
        let rows = table.children(code, today, today).map(|r| (r.code.clone(), Text::same(r.name.to_string())));
        std::iter::once((String::new(), all)).chain(rows).collect()
    };
    let all = t("全部", "All");
    let categories: Vec<(String, Text)> = std::iter::once((String::new(), all.clone()))
        .chain(Category::ALL.into_iter().map(|c| (c.code().to_owned(), c.name())))
        .collect();
    let (counties, county) = (below(CITY, all.clone()), asked.filter("county"));
    let towns = if county.len() == 6 { below(county, all) } else { Vec::new() };
    html! {
        (field(lang, asked.filters(), "q", "search", &t("找什么", "Words"), Some(&t("商品名称，如 苹果", "A name, such as apples"))))
        div.grid {
            (select(lang, asked.filters(), "category", &t("类别", "Category"), &choices(lang, &categories)))
            (select(lang, asked.filters(), "county", &t("县（市、区）", "County"), &choices(lang, &counties)))
            @if !towns.is_empty() { (select(lang, asked.filters(), "town", &t("镇（街道）", "Town"), &choices(lang, &towns))) }
        }
    }
}

/// Links to the orders of the list.
fn order(request: &Request, asked: &Asked) -> Markup {
    let options = [
        ("-new", "new", true, request.t("最新上架", "Newest")),
        ("price", "price", false, request.t("价格从低到高", "Cheapest")),
        ("-price", "price", true, request.t("价格从高到低", "Dearest")),
    ];
    let kept: String = ["q", "category", "county", "town"]
        .iter()
        .filter(|n| !asked.filter(n).is_empty())
        .map(|n| format!("&{n}={}", web::encode_url(asked.filter(n))))
        .collect();
    html! {
        nav.actions aria-label=(request.t("排序", "Order")) {
            @for (value, key, down, words) in options {
                @let here = asked.sort() == key && asked.is_descending() == down;
                a href={ "/?sort=" (value) (kept) } aria-current=[here.then_some("true")] { (words) }
            }
        }
    }
}

fn nothing(request: &Request, asked: &Asked) -> Markup {
    empty(html! {
        @if asked.is_filtered() {
            p { (request.t("没有符合条件的商品。", "Nothing on sale fits.")) }
            p { a href="/" { (request.t("看全部商品", "See everything")) } }
        } @else { p { (request.t("现在没有在售商品。", "Nothing is on sale now.")) } }
    })
}

/// One of the goods, as lists show it.
fn card(lang: Lang, l: &Listing, seen: Option<&Picture>, table: &Table) -> Markup {
    html! {
        article.card {
            (picture(lang, seen, CARD))
            h2 { a href={ "/goods/" (l.id) } { (l.title.get(lang)) } }
            p { strong { (amount(l.price_from)) } " " (lang.pick("起", "and more")) }
            p { (badge(Tone::Info, l.category.name().get(lang))) @if l.batch.is_some() { " " (badge(Tone::Ok, lang.pick("可追溯", "traceable"))) } }
            p.muted { (table.address(l.village.get(..9).unwrap_or(&l.village)).trim_start_matches(crate::domain::division::CITY_NAME)) }
        }
    }
}

/// `/stores/{store}`: what a store says of itself and sells.
pub(super) fn store(request: &Request) -> web::Result<Response> {
    answer(request, store_page(request))
}

fn store_page(request: &Request) -> Result<Response, Refusal> {
    let lang = request.lang();
    let s = stores::get(request.param("store"))?;
    let after = request.query_value("after");
    let at_start = after.is_none();
    let page = listings::of_store(request.principal(), &s.id, PAGE, after)?;
    let seen = pictures::of_listings(page.items.iter().map(|l| &l.value))?;
    let (table, today) = (statistics::divisions()?, Date::at(now()));
    let coupons: Vec<_> = coupons::of_store(&s.id)?
        .into_iter()
        .map(|(c, _)| c)
        .filter(|c| c.active && c.from <= today && today <= c.until)
        .collect();
    let body = html! {
        @if !s.open { (notice(Tone::Warn, request.t("店铺暂停营业，商品暂不能购买。", "The store is closed for now; nothing can be bought."))) }
        p { (s.intro.get(lang)) }
        dl.facts { dt { (request.t("所在地", "Where")) } dd { (table.address(&s.village)) } }
        @if !coupons.is_empty() {
            h2 { (request.t("优惠券", "Coupons")) }
            ul { @for c in &coupons { li { strong { (c.title.get(lang)) } " · " (request.t("结算时填写券码 ", "enter this code at the checkout: ")) code { (c.id) } " · " (request.t("有效期至 ", "until ")) (c.until) } } }
        }
        h2 { (request.t("在售商品", "On sale")) }
        @if page.items.is_empty() && at_start { (empty(html! { p { (request.t("这家店现在没有在售商品。", "The store has nothing on sale now.")) } p { a href="/" { (request.t("看全部商品", "See everything")) } } })) }
        @else { ul.grid { @for l in &page.items { li { (card(lang, l, seen.get(&l.product), &table)) } } } }
        (yunlong_sdk::page::pager(lang, &format!("/stores/{}", s.id), &[], at_start, page.next.as_deref()))
    };
    Ok(LAYOUT.page(request, &s.name, body))
}

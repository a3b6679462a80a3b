//! The store's products and their listings: drafts, stock, review.

use super::super::forms::{again, money, pair, typed_money, typed_pair, unreadable, with_pair};
use super::super::pictures::{ROW, shown};
use super::super::{LAYOUT, PAGE, acted, answer, choices, listing_badge, saved};
use super::{menu, part};
use crate::domain::edit::MOST_STOCK;
use crate::domain::listing::{Listing, State};
use crate::domain::product::{Category, Licence, Product, Sku};
use crate::domain::time::Date;
use crate::service::{Refusal, Wanted, batches, listings, stores};
use maud::{Markup, html};
use yunlong_sdk::page::{Column, amount, empty, error_summary, field, notice, pager, select, table, textarea};
use yunlong_sdk::{Form, Lang, Request, Response, Router, Stored, Text, Tone, t, web};

/// Rows of variants in a product's form.
const SKUS: usize = 5;
/// The word for a product that is not there yet.
const NEW: &str = "new";

pub(super) fn routes(router: Router) -> Router {
    router
        .get("/store/goods", list)
        .get("/store/goods/{product}", product)
        .post("/store/goods/{product}", save)
        .get("/store/goods/{product}/list", draft)
        .post("/store/goods/{product}/list", drafted)
        .get("/store/listings", all_listings)
        .get("/store/listings/{listing}", listing)
        .post("/store/listings/{listing}", act)
}

/// `/store/goods`.
fn list(request: &Request) -> web::Result<Response> {
    request.subject()?;
    answer(request, listed(request))
}

fn listed(request: &Request) -> Result<Response, Refusal> {
    let (lang, who) = (request.lang(), request.principal());
    let store = stores::my_store(who)?;
    let after = request.query_value("after");
    let at_start = after.is_none();
    let all = listings::of_store(who, &store.id, 50, None)?;
    let products = stores::products(&store.id, PAGE, after)?;
    let body = html! {
        (menu(request))
        (saved(request))
        (part("listings", request.t("上架情况", "Listings"), html! {
            @if all.items.is_empty() { (empty(html! { p { (request.t("还没有上架的商品。先添加商品，再申请上架。", "Nothing is listed yet: add a product, then list it.")) } })) }
            @else {
                @let more = all.next.is_some();
                (listing_table(request, all.items))
                @if more { p { a href="/store/listings" { (request.t("查看全部上架记录", "See all listings")) } } }
            }
        }))
        (part("products", request.t("商品", "Products"), html! {
            @if products.items.is_empty() && at_start { (empty(html! { p { (request.t("还没有商品。", "There are no products yet.")) } })) }
            @else {
                (table(request.t("店里的商品", "The store's products"), &[
                    Column::new(request.t("图片", "Picture"), |p: &Product| html! {
                        @if p.picture.is_some() { (shown(lang, p.picture.as_ref(), ROW)) }
                        a href={ "/store/goods/" (p.id) "/picture" } aria-label={ (request.t("图片：", "Picture of ")) (p.title.get(lang)) } {
                            @if p.picture.is_some() { (request.t("更换", "Change it")) } @else { (request.t("添加", "Add one")) }
                        }
                    }),
                    Column::new(request.t("名称", "Name"), |p: &Product| html! { a href={ "/store/goods/" (p.id) } { (p.title.get(lang)) } }),
                    Column::new(request.t("类别", "Category"), |p: &Product| html! { (p.category.name().get(lang)) }),
                    Column::new(request.t("规格", "Variants"), |p: &Product| html! { (p.skus.len()) }).numeric(),
                    Column::new(request.t("价格", "Price"), |p: &Product| amount(p.price_from())).numeric(),
                    Column::new(request.t("上架", "List"), |p: &Product| html! { a href={ "/store/goods/" (p.id) "/list" } aria-label={ (request.t("上架：", "List ")) (p.title.get(lang)) } { (request.t("上架", "List it")) } }),
                ], products.items.into_iter().map(|p| p.value)))
            }
            (pager(lang, "/store/goods", &[], at_start, products.next.as_deref()))
            p { a role="button" href="/store/goods/new" { (request.t("添加商品", "Add a product")) } }
        }))
    };
    Ok(LAYOUT.page(request, &t("商品和上架", "Goods and listings"), body))
}

fn listing_table(request: &Request, listings: Vec<Stored<Listing>>) -> Markup {
    let lang = request.lang();
    table(
        request.t("上架", "Listed goods"),
        &[
            Column::new(
                request.t("商品", "Goods"),
                |l: &Listing| html! { a href={ "/store/listings/" (l.id) } { (l.title.get(lang)) } },
            ),
            Column::new(request.t("批次", "Batch"), |l: &Listing| html! { (l.batch.as_deref().unwrap_or("—")) }),
            Column::new(request.t("价格", "Price"), |l: &Listing| amount(l.price_from)).numeric(),
            Column::new(request.t("状态", "State"), |l: &Listing| listing_badge(lang, l.state)),
        ],
        listings.into_iter().map(|l| l.value),
    )
}

/// `/store/listings`: all of the store's listings, whatever their state, the newest first.
fn all_listings(request: &Request) -> web::Result<Response> {
    request.subject()?;
    let shown = || {
        let who = request.principal();
        let after = request.query_value("after");
        let at_start = after.is_none();
        let page = listings::of_store(who, &stores::my_store(who)?.id, PAGE, after)?;
        let body = html! {
            (menu(request))
            @if page.items.is_empty() && at_start { (empty(html! { p { (request.t("还没有上架的商品。", "Nothing is listed yet.")) } })) }
            @else { (listing_table(request, page.items)) }
            (pager(request.lang(), "/store/listings", &[], at_start, page.next.as_deref()))
        };
        Ok(LAYOUT.page(request, &t("全部上架记录", "All listings"), body))
    };
    answer(request, shown())
}

/// `GET /store/goods/{product}`.
fn product(request: &Request) -> web::Result<Response> {
    request.subject()?;
    let shown = || {
        let form = match request.param("product") {
            NEW => Form::new()
                .with("category", Category::FreshFood.code())
                .with("sku-0-id", "single")
                .with("sku-0-name-zh", "单件")
                .with("sku-0-name-en", "single")
                .with("sku-0-parcels", "1"),
            id => filled(&own(request, id)?),
        };
        product_page(request, &form, html! {})
    };
    answer(request, shown())
}

/// A product of the store of whoever asks.
pub(in crate::pages) fn own(request: &Request, id: &str) -> Result<Product, Refusal> {
    let store = stores::my_store(request.principal())?;
    stores::product(id).and_then(|p| if p.store == store.id { Ok(p) } else { Err(Refusal::NotFound) })
}

fn filled(p: &Product) -> Form {
    let form = with_pair(
        with_pair(Form::new().with("category", p.category.code()), "title", &p.title),
        "description",
        &p.description,
    );
    let form = p.skus.iter().enumerate().fold(form, |f, (i, s)| {
        let f = with_pair(f, &format!("sku-{i}-name"), &s.name);
        f.with(&format!("sku-{i}-id"), &*s.id)
            .with(&format!("sku-{i}-price"), typed_money(s.price))
            .with(&format!("sku-{i}-grams"), s.grams.to_string())
            .with(&format!("sku-{i}-parcels"), s.parcels.to_string())
    });
    p.licences
        .first()
        .into_iter()
        .fold(form, |f, l| f.with("licence-number", &*l.number).with("licence-until", l.until.to_string()))
}

fn product_page(request: &Request, form: &Form, message: Markup) -> Result<Response, Refusal> {
    let lang = request.lang();
    stores::my_store(request.principal())?;
    let id = request.param("product");
    let categories: Vec<(String, Text)> = Category::ALL.into_iter().map(|c| (c.code().to_owned(), c.name())).collect();
    // A product that has more keeps them all in the form.
    let used = |i: &usize| *i == 0 || form.pairs().any(|(n, v)| n.starts_with(&format!("sku-{i}-")) && !v.is_empty());
    let (shown, rest): (Vec<usize>, Vec<usize>) = (0..20).partition(used);
    let spare = rest.into_iter().filter(|i| *i < SKUS);
    let body = html! {
        (menu(request))
        (message)
        (error_summary(lang, form))
        form method="post" action={ "/store/goods/" (id) } novalidate {
            @if id == NEW { (select(lang, form, "category", &t("类别（以后不能更改）", "Category (it cannot be changed later)"), &choices(lang, &categories))) }
            @else { (yunlong_sdk::page::hidden("category", form.value("category"))) }
            (pair(lang, form, "title", &t("名称", "Name")))
            (textarea(lang, form, "description-zh", 4, &t("说明（中文）", "Description (Chinese)"), None))
            (textarea(lang, form, "description-en", 4, &t("说明（英文）", "Description (English)"), None))
            @for i in shown { (variant(lang, form, i)) }
            // Most goods have one variant: the empty rows are a click away.
            details { summary { (request.t("更多规格", "More variants")) } @for i in spare { (variant(lang, form, i)) } }
            fieldset {
                legend { (request.t("食品经营许可（加工食品必填）", "Food business licence (for processed food)")) }
                (field(lang, form, "licence-number", "text", &t("许可证编号", "Number"), None))
                (field(lang, form, "licence-until", "date", &t("有效期至", "Valid until"), None))
            }
            div.actions { button type="submit" { (request.t("保存", "Save")) } a href="/store/goods" { (request.t("返回", "Back")) } }
        }
    };
    Ok(LAYOUT.page(request, &t("商品资料", "Product"), body))
}

/// The fields of one variant.
fn variant(lang: Lang, form: &Form, i: usize) -> Markup {
    html! {
        fieldset #{ "field-skus-" (i) } {
            legend { (lang.pick("规格 ", "Variant ")) (i + 1) @if i > 0 { " " (lang.pick("（可不填）", "(may be left empty)")) } }
            (field(lang, form, &format!("sku-{i}-id"), "text", &t("代码", "Code"), Some(&t("小写字母、数字和连字符", "Small letters, digits and hyphens"))))
            (pair(lang, form, &format!("sku-{i}-name"), &t("规格名称", "Variant's name")))
            (field(lang, form, &format!("sku-{i}-price"), "text", &t("价格（元）", "Price (yuan)"), None))
            (field(lang, form, &format!("sku-{i}-grams"), "number", &t("每件重量（克，含包装）", "Grams of one unit, packed"), None))
            (field(lang, form, &format!("sku-{i}-parcels"), "number", &t("每件的包裹数", "Parcels of one unit"), Some(&t("家具可能要分几个包裹", "Furniture may need several"))))
        }
    }
}

/// `POST /store/goods/{product}`.
fn save(request: &Request) -> web::Result<Response> {
    request.subject()?;
    answer(request, save_done(request, request.form()?))
}

fn save_done(request: &Request, mut form: Form) -> Result<Response, Refusal> {
    let id = request.param("product");
    let (skus, licences) = (skus(&mut form), licences(&mut form));
    let category = Category::ALL.into_iter().find(|c| c.code() == form.value("category"));
    if category.is_none() {
        form.reject("category", t("请选择类别", "Choose a category"));
    }
    let (Some(skus), Some(licences), Some(category)) = (skus, licences, category) else {
        return unreadable(&form, |f, m| product_page(request, f, m));
    };
    let input = Product {
        id: String::new(),
        store: String::new(),
        title: typed_pair(&form, "title"),
        description: typed_pair(&form, "description"),
        category,
        skus,
        licences,
        picture: None,
        created_at: 0,
    };
    match stores::put_product(request.principal(), (id != NEW).then_some(id), &input) {
        Ok(_) => Ok(Response::see_other("/store/goods?saved=1")),
        Err(e) => again(request, form, variants(e), |f, m| product_page(request, f, m)),
    }
}

/// The variants whose code was filled in.
fn skus(form: &mut Form) -> Option<Vec<Sku>> {
    let mut out = Some(Vec::new());
    for i in 0..20 {
        let name = |f: &str| format!("sku-{i}-{f}");
        let id = form.value(&name("id")).trim().to_owned();
        if id.is_empty() && i > 0 {
            continue;
        }
        let price = money(form, &name("price"));
        let grams = form.number(&name("grams"), 1..=1_000_000).and_then(|n| u32::try_from(n).ok());
        let parcels = form.number(&name("parcels"), 1..=20).and_then(|n| u8::try_from(n).ok());
        let text = typed_pair(form, &name("name"));
        out = match (out, price, grams, parcels) {
            (Some(mut all), Some(price), Some(grams), Some(parcels)) => {
                all.push(Sku { id, name: text, price, grams, parcels });
                Some(all)
            }
            _ => None,
        };
    }
    out
}

fn licences(form: &mut Form) -> Option<Vec<Licence>> {
    let number = form.value("licence-number").trim().to_owned();
    if number.is_empty() {
        return Some(Vec::new());
    }
    let until: Date = form.parse("licence-until", t("请填写有效期", "Enter the last day"))?;
    Some(vec![Licence { kind: "food-business".to_owned(), number, until }])
}

/// The fields of the form are named after a variant's place, those of the domain after the list.
fn variants(refusal: Refusal) -> Refusal {
    match refusal {
        Refusal::Fields(mut fields) => {
            for f in &mut fields {
                f.pointer = f.pointer.replace("/skus/", "/sku/").replace("/licences/0/", "/licence/");
            }
            Refusal::Fields(fields)
        }
        other => other,
    }
}

/// `GET /store/goods/{product}/list`.
fn draft(request: &Request) -> web::Result<Response> {
    request.subject()?;
    answer(request, draft_page(request, &Form::new(), html! {}))
}

fn draft_page(request: &Request, form: &Form, message: Markup) -> Result<Response, Refusal> {
    let lang = request.lang();
    let p = own(request, request.param("product"))?;
    let known = batches::mine(request.principal(), &Wanted::default(), 100, None)?;
    let live = known.items.iter().filter(|b| !b.is_bad());
    let none = (String::new(), t("不用批次（非食品）", "None (no food)"));
    let options: Vec<(String, Text)> = std::iter::once(none)
        .chain(live.map(|b| {
            (
                b.id.clone(),
                Text::new(
                    format!("{} · {} · {}", b.id, b.goods.zh, b.harvest),
                    format!("{} · {} · {}", b.id, b.goods.en, b.harvest),
                ),
            )
        }))
        .collect();
    let body = html! {
        (menu(request))
        (message)
        (error_summary(lang, form))
        @if p.category.is_food() { (notice(Tone::Info, html! { (request.t("食品必须登记批次、检测合格才能上架。", "Food is listed with a batch that passed its test.")) " " a href="/store/batches/new" { (request.t("登记批次", "Register a batch")) } })) }
        form method="post" action={ "/store/goods/" (p.id) "/list" } novalidate {
            (select(lang, form, "batch", &t("批次", "Batch"), &choices(lang, &options)))
            @for (i, s) in p.skus.iter().enumerate() {
                (field(lang, form, &format!("stock-{i}-units"), "number", &Text::new(format!("库存：{}", s.name.zh), format!("In stock: {}", s.name.en)), None))
            }
            div.actions { button type="submit" { (request.t("存为草稿", "Save the draft")) } a href="/store/goods" { (request.t("返回", "Back")) } }
        }
    };
    Ok(LAYOUT.page(request, &p.title, body))
}

/// `POST /store/goods/{product}/list`.
fn drafted(request: &Request) -> web::Result<Response> {
    request.subject()?;
    answer(request, draft_done(request, request.form()?))
}

fn draft_done(request: &Request, mut form: Form) -> Result<Response, Refusal> {
    let p = own(request, request.param("product"))?;
    let units: Vec<Option<(String, i64)>> = p
        .skus
        .iter()
        .enumerate()
        .map(|(i, s)| form.number(&format!("stock-{i}-units"), 0..=MOST_STOCK).map(|n| (s.id.clone(), n)))
        .collect();
    let Some(stock) = units.into_iter().collect::<Option<Vec<_>>>() else {
        return unreadable(&form, |f, m| draft_page(request, f, m));
    };
    let batch = Some(form.value("batch").to_owned()).filter(|b| !b.is_empty());
    match listings::draft(request.principal(), &p.id, batch.as_deref(), &stock) {
        Ok(l) => Ok(Response::see_other(&format!("/store/listings/{}?saved=1", l.id))),
        Err(e) => again(request, form, e, |f, m| draft_page(request, f, m)),
    }
}

/// `/store/listings/{listing}`.
fn listing(request: &Request) -> web::Result<Response> {
    request.subject()?;
    answer(request, listing_page(request, &Form::new(), html! {}))
}

fn listing_page(request: &Request, form: &Form, message: Markup) -> Result<Response, Refusal> {
    let lang = request.lang();
    let store = stores::my_store(request.principal())?;
    let offer = listings::offer(request.principal(), request.param("listing"))?;
    if offer.store.id != store.id {
        return Err(Refusal::NotFound);
    }
    let l = &offer.listing;
    let button = |step: &str, words: &str| html! { form.inline method="post" action={ "/store/listings/" (l.id) } { button type="submit" name="step" value=(step) { (words) } } };
    let skus: Vec<(String, Text)> = offer
        .skus
        .iter()
        .map(|(s, left)| {
            (s.id.clone(), Text::new(format!("{}（现有 {left}）", s.name.zh), format!("{} ({left} now)", s.name.en)))
        })
        .collect();
    let body = html! {
        (menu(request))
        (saved(request))
        (message)
        (error_summary(lang, form))
        dl.facts {
            dt { (request.t("状态", "State")) } dd { (listing_badge(lang, l.state)) }
            @if let Some(why) = &l.reason { dt { (request.t("原因", "Why")) } dd { (why.get(lang)) } }
            dt { (request.t("批次", "Batch")) } dd { @match &l.batch { Some(code) => { a href={ "/trace/" (code) } { (code) } }, None => "—" } }
            @for (s, left) in &offer.skus { dt { (s.name.get(lang)) } dd { (amount(s.price)) " · " (request.t("库存 ", "in stock ")) (left) } }
        }
        div.actions {
            @if l.state == State::Draft { (button("submit", request.t("提交审核", "Submit for review"))) }
            @if l.state == State::OnSale { (button("withdraw", request.t("下架", "Take it off sale"))) a href={ "/goods/" (l.id) } { (request.t("查看商品页", "See its page")) } }
        }
        @if l.state != State::Recalled {
            form.card method="post" action={ "/store/listings/" (l.id) } novalidate {
                (select(lang, form, "sku", &t("规格", "Variant"), &choices(lang, &skus)))
                (field(lang, form, "units", "number", &t("增加的库存，减少写负数", "Units to add; below zero to take away"), None))
                div.actions { button.secondary type="submit" name="step" value="stock" { (request.t("调整库存", "Change the stock")) } }
            }
        }
        p { a href="/store/goods" { (request.t("返回", "Back")) } }
    };
    Ok(LAYOUT.page(request, &l.title, body))
}

/// `POST /store/listings/{listing}`: submit, withdraw, or change the stock.
fn act(request: &Request) -> web::Result<Response> {
    request.subject()?;
    let mut form = request.form()?;
    let (who, id) = (request.principal(), request.param("listing"));
    let to = format!("/store/listings/{}?saved=1", web::encode_url(id));
    match form.value("step") {
        "withdraw" => acted(request, listings::withdraw(who, id, None), |_| to.clone()),
        "submit" => {
            let done = match listings::submit(who, id) {
                Ok(_) => Ok(Response::see_other(&to)),
                Err(e) => again(request, form, e, |f, m| listing_page(request, f, m)),
            };
            answer(request, done)
        }
        "stock" => {
            let Some(units) = form.number("units", -MOST_STOCK..=MOST_STOCK) else {
                return answer(request, unreadable(&form, |f, m| listing_page(request, f, m)));
            };
            let done = match listings::add_stock(who, id, form.value("sku"), units) {
                Ok(_) => Ok(Response::see_other(&to)),
                Err(e) => again(request, form, e, |f, m| listing_page(request, f, m)),
            };
            answer(request, done)
        }
        _ => answer(request, Err(Refusal::NotFound)),
    }
}

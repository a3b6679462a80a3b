//! The store's group buys and coupons.

use super::super::forms::{again, money, pair, typed_money, typed_pair, unreadable};
use super::super::{LAYOUT, answer, choices, local, saved};
use super::{menu, part};
use crate::domain::coupon::{Coupon, Off};
use crate::domain::time::{Date, MINUTE};
use crate::service::groups::{self, NewGroup};
use crate::service::{Refusal, coupons, listings, now, stores};
use maud::{Markup, html};
use yunlong_sdk::page::{Column, amount, checkbox, empty, error_summary, field, select, table};
use yunlong_sdk::{Form, Request, Response, Router, Text, t, web};

pub(super) fn routes(router: Router) -> Router {
    router.get("/store/offers", show).post("/store/offers/group", open_group).post("/store/offers/coupon", put_coupon)
}

/// `/store/offers`.
fn show(request: &Request) -> web::Result<Response> {
    request.subject()?;
    let today = Date::at(now());
    let form = Form::new()
        .with("deadline-day", today.plus(3).to_string())
        .with("deadline-time", "20:00")
        .with("from", today.to_string())
        .with("until", today.plus(30).to_string())
        .with("active", "yes");
    answer(request, page(request, &form, html! {}))
}

fn page(request: &Request, form: &Form, message: Markup) -> Result<Response, Refusal> {
    let (lang, who) = (request.lang(), request.principal());
    let store = stores::my_store(who)?;
    let on_sale = listings::on_sale(who, &store.id)?;
    let mut open = Vec::new();
    let mut goods: Vec<(String, Text)> = Vec::new();
    for l in &on_sale {
        open.extend(groups::of_listing(&l.id)?);
        let offer = listings::offer(who, &l.id)?;
        let option = |s: &crate::domain::product::Sku| {
            let text = |title: &str, name: &str| format!("{title} · {name} · {}", typed_money(s.price));
            (format!("{}/{}", l.id, s.id), Text::new(text(&l.title.zh, &s.name.zh), text(&l.title.en, &s.name.en)))
        };
        goods.extend(offer.skus.iter().map(|(s, _)| option(s)));
    }
    let body = html! {
        (menu(request))
        (saved(request))
        (message)
        (error_summary(lang, form))
        (part("groups", request.t("拼团", "Group buys"), html! {
            @if open.is_empty() { p { (request.t("没有进行中的拼团。", "No group buy is open.")) } }
            @else { ul { @for g in &open { li { a href={ "/groups/" (g.id) } { (g.title.get(lang)) } " · " (amount(g.price)) " · " (g.paid) " / " (g.minimum) " · " (request.t("截止 ", "until ")) (local(g.deadline)) } } } }
            @if goods.is_empty() { (empty(html! { p { (request.t("有在售商品后可以开团。", "Once something is on sale you can open a group buy of it.")) } })) }
            @else { (group_form(request, form, &goods)) }
        }))
        (part("coupons", request.t("优惠券", "Coupons"), html! {
            (coupon_list(request, coupons::of_store(&store.id)?))
            (coupon_form(request, form))
        }))
    };
    Ok(LAYOUT.page(request, &t("拼团和优惠券", "Group buys and coupons"), body))
}

fn group_form(request: &Request, form: &Form, goods: &[(String, Text)]) -> Markup {
    let lang = request.lang();
    html! {
        h3 { (request.t("开团", "Open one")) }
        form method="post" action="/store/offers/group" novalidate {
            (select(lang, form, "goods", &t("商品和规格", "Goods and variant"), &choices(lang, goods)))
            (field(lang, form, "price", "text", &t("拼团价（元）", "Price for the group (yuan)"), None))
            (field(lang, form, "minimum", "number", &t("成团人数", "People that it needs"), None))
            (field(lang, form, "deadline-day", "date", &t("截止日期", "Deadline's day"), None))
            (field(lang, form, "deadline-time", "time", &t("截止时间", "Deadline's time"), None))
            div.actions { button type="submit" { (request.t("开团", "Open it")) } }
        }
    }
}

fn coupon_list(request: &Request, all: Vec<(Coupon, i64)>) -> Markup {
    let lang = request.lang();
    let off = |c: &Coupon| match c.off {
        Off::Amount { fen } => html! { (amount(fen)) },
        Off::Rate { bps } => html! { (bps / 100) "." (format!("{:02}", bps % 100)) " %" },
    };
    html! {
        @if all.is_empty() { p { (request.t("还没有优惠券。", "There are no coupons yet.")) } }
        @else {
            (table(request.t("优惠券", "Coupons"), &[
                Column::new(request.t("券码", "Code"), |(c, _): &(Coupon, i64)| html! { code { (c.id) } }),
                Column::new(request.t("名称", "Title"), |(c, _): &(Coupon, i64)| html! { (c.title.get(lang)) @if !c.active { " " (request.t("（已停发）", "(ended)")) } }),
                Column::new(request.t("减免", "Takes off"), |(c, _): &(Coupon, i64)| off(c)).numeric(),
                Column::new(request.t("门槛", "From"), |(c, _): &(Coupon, i64)| amount(c.from_amount)).numeric(),
                Column::new(request.t("有效期", "Valid"), |(c, _): &(Coupon, i64)| html! { (c.from) " – " (c.until) }),
                Column::new(request.t("已用", "Used"), |(c, n): &(Coupon, i64)| html! { (n) " / " (c.uses) }).numeric(),
            ], all))
        }
    }
}

fn coupon_form(request: &Request, form: &Form) -> Markup {
    let lang = request.lang();
    let kinds =
        [("amount", request.t("减金额（元）", "an amount (yuan)")), ("rate", request.t("减百分比", "a percentage"))];
    html! {
        h3 { (request.t("添加或更改优惠券", "Add or change a coupon")) }
        form method="post" action="/store/offers/coupon" novalidate {
            (field(lang, form, "id", "text", &t("券码", "Code"), Some(&t("4 至 20 位大写字母或数字；与已有的相同则更改它", "4 to 20 capitals or digits; the code of one that is there changes it"))))
            (pair(lang, form, "title", &t("名称", "Title")))
            (select(lang, form, "kind", &t("减免方式", "What it takes off"), &kinds))
            (field(lang, form, "off", "text", &t("减免数额", "How much"), Some(&t("元，或百分比，如 5 或 12.5", "Yuan or per cent, such as 5 or 12.5"))))
            (field(lang, form, "from_amount", "text", &t("订单满多少元可用（0 为不限）", "For orders from so many yuan on (0 for all)"), None))
            (field(lang, form, "from", "date", &t("开始日期", "First day"), None))
            (field(lang, form, "until", "date", &t("结束日期", "Last day"), None))
            (field(lang, form, "uses", "number", &t("发放数量", "Uses"), None))
            (checkbox(lang, form, "active", &t("继续发放", "Still given")))
            div.actions { button type="submit" { (request.t("保存优惠券", "Save the coupon")) } }
        }
    }
}

/// `POST /store/offers/group`.
fn open_group(request: &Request) -> web::Result<Response> {
    request.subject()?;
    answer(request, group_done(request, request.form()?))
}

/// The instant of a day and a time of day in Shanghai.
fn instant(form: &mut Form, name: &str) -> Option<i64> {
    let day: Date = form.parse(&format!("{name}-day"), t("请填写日期", "Enter a day"))?;
    let minutes = form.check(&format!("{name}-time"), |text| {
        let read = |(h, m): (&str, &str)| Some((h.parse::<i64>().ok()?, m.get(..2)?.parse::<i64>().ok()?));
        let of = text.split_once(':').and_then(read).filter(|(h, m)| (0..24).contains(h) && (0..60).contains(m));
        of.map(|(h, m)| h * 60 + m).ok_or_else(|| t("请填写时间，如 20:00", "Enter a time, such as 20:00"))
    })?;
    Some(day.start() + minutes * MINUTE)
}

fn group_done(request: &Request, mut form: Form) -> Result<Response, Refusal> {
    let goods = form.value("goods").to_owned();
    let (price, deadline) = (money(&mut form, "price"), instant(&mut form, "deadline"));
    let minimum = form.number("minimum", 2..=10_000).and_then(|n| u32::try_from(n).ok());
    let (Some(price), Some(deadline), Some(minimum), Some((listing, sku))) =
        (price, deadline, minimum, goods.split_once('/'))
    else {
        return unreadable(&form, |f, m| page(request, f, m));
    };
    let new = NewGroup { listing: listing.to_owned(), sku: sku.to_owned(), price, minimum, deadline };
    match groups::open(request.principal(), &new) {
        Ok(g) => Ok(Response::see_other(&format!("/groups/{}", g.id))),
        Err(Refusal::Fields(mut fields)) => {
            fields.iter_mut().filter(|f| f.pointer == "/deadline").for_each(|f| f.pointer = "/deadline-day".to_owned());
            again(request, form, Refusal::Fields(fields), |f, m| page(request, f, m))
        }
        Err(e) => again(request, form, e, |f, m| page(request, f, m)),
    }
}

/// `POST /store/offers/coupon`.
fn put_coupon(request: &Request) -> web::Result<Response> {
    request.subject()?;
    answer(request, coupon_done(request, request.form()?))
}

fn coupon_done(request: &Request, mut form: Form) -> Result<Response, Refusal> {
    let (off, from_amount) = (money(&mut form, "off"), money(&mut form, "from_amount"));
    let day = || t("请填写日期", "Enter a day");
    let (from, until) = (form.parse("from", day()), form.parse("until", day()));
    let uses = form.number("uses", 1..=1_000_000).and_then(|n| u32::try_from(n).ok());
    let (Some(off), Some(from_amount), Some(from), Some(until), Some(uses)) = (off, from_amount, from, until, uses)
    else {
        return unreadable(&form, |f, m| page(request, f, m));
    };
    // Hundredths of a per cent are basis points, as hundredths of a yuan are fen.
    let off = if form.value("kind") == "rate" {
        Off::Rate { bps: u16::try_from(off).unwrap_or(u16::MAX) }
    } else {
        Off::Amount { fen: off }
    };
    let coupon = Coupon {
        id: form.value("id").trim().to_ascii_uppercase(),
        store: String::new(),
        title: typed_pair(&form, "title"),
        off,
        from_amount,
        from,
        until,
        uses,
        active: form.checked("active"),
    };
    match coupons::put(request.principal(), &coupon) {
        Ok(_) => Ok(Response::see_other("/store/offers?saved=1")),
        Err(e) => again(request, form, e, |f, m| page(request, f, m)),
    }
}

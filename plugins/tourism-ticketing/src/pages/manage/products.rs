//! The form of a product.

use super::{NEW, again, kind_name, lines, pair, typed_pair};
use crate::domain::catalogue::{Component, Product, ProductKind, Validity};
use crate::domain::refund::{self, RefundTier};
use crate::domain::time::Date;
use crate::pages::{LAYOUT, answer};
use crate::service::orders::MANAGER;
use crate::service::{Refusal, manage};
use maud::{Markup, html};
use yunlong_sdk::money::yuan;
use yunlong_sdk::page::{card, checkbox, error_summary, field, notice, select, textarea};
use yunlong_sdk::{Form, Request, Response, StatusCode, Text, Tone, t, web};

/// `GET /manage/products/{product}`.
pub(in crate::pages) fn product(request: &Request) -> web::Result<Response> {
    request.require_role(&[MANAGER])?;
    let id = request.param("product");
    let shown = if id == NEW {
        let tiers = tier_lines(&refund::until_the_start());
        let form =
            Form::new().with("active", "yes").with("one_id", "yes").with("kind", "single").with("refund_tiers", tiers);
        product_page(request, &form, None)
    } else {
        manage::product(id).and_then(|p| product_page(request, &product_form(&p), None))
    };
    answer(request, shown)
}

fn tier_lines(tiers: &[RefundTier]) -> String {
    tiers.iter().map(|t| format!("{} {}", t.before_minutes, t.percent)).collect::<Vec<_>>().join("\n")
}

fn product_form(p: &Product) -> Form {
    let components: Vec<String> = p.components.iter().map(|c| format!("{} {}", c.attraction, c.weight)).collect();
    let mut form = Form::new()
        .with("name-zh", &*p.name.zh)
        .with("name-en", &*p.name.en)
        .with("kind", p.kind.code())
        .with("components", components.join("\n"))
        .with("price", yuan(p.price))
        .with("refund_tiers", tier_lines(&p.refund_tiers))
        .with("rank", p.rank.to_string());
    let v = &p.validity;
    for (name, day) in VALIDITY.into_iter().zip([v.sale_from, v.sale_until, v.visit_from, v.visit_until]) {
        form = form.with(name, day.map(|d| d.to_string()).unwrap_or_default());
    }
    for (name, on) in [("one_id", p.one_id), ("active", p.active)] {
        if on {
            form = form.with(name, "yes");
        }
    }
    form
}

fn product_page(request: &Request, form: &Form, message: Option<Markup>) -> Result<Response, Refusal> {
    let lang = request.lang();
    let id = request.param("product");
    let kinds = ProductKind::ALL.map(|k| (k.code(), kind_name(k)));
    let kinds: Vec<(&str, &str)> = kinds.iter().map(|(code, name)| (*code, name.get(lang))).collect();
    let (places, _) = manage::everything()?;
    let body = html! {
        @if request.query_value("saved").is_some() { (notice(Tone::Ok, request.t("已保存。", "Saved."))) }
        @if let Some(m) = message { (m) }
        (error_summary(lang, form))
        form method="post" action={ "/manage/products/" (id) } novalidate {
            @if id == NEW { (field(lang, form, "id", "text", &t("编号", "Id"), Some(&t("小写字母、数字和连字符。景区自己的单票编号为“景区编号-single”。", "Lower-case letters, digits and hyphens. An attraction's own single ticket has its id and -single.")))) }
            (pair(lang, form, "name", &t("名称", "Name")))
            (select(lang, form, "kind", &t("类型", "Kind"), &kinds))
            (textarea(lang, form, "components", 3, &t("包含的景区和班线", "Attractions and coach lines"), Some(&t("每行一个：编号 分账权重，如 guishan 60", "One a line: id and weight of its part of the price, such as guishan 60"))))
            (field(lang, form, "price", "text", &t("价格（元）", "Price (yuan)"), None))
            (textarea(lang, form, "refund_tiers", 3, &t("退票规则", "What returns"), Some(&t("每行一档：时段开始前多少分钟 退百分之几，如 1440 100。都不满足时不退。", "One a line: minutes before the slot and per cent that return, such as 1440 100. Where none holds, nothing returns."))))
            fieldset {
                legend { (request.t("有效期，含首尾两天；不填则不限", "Validity, both days included; empty: no bound")) }
                (field(lang, form, "sale_from", "date", &t("售票自", "Sold from"), None))
                (field(lang, form, "sale_until", "date", &t("售票至", "Sold until"), None))
                (field(lang, form, "visit_from", "date", &t("游览自", "Visits from"), None))
                (field(lang, form, "visit_until", "date", &t("游览至", "Visits until"), None))
            }
            (field(lang, form, "rank", "number", &t("排序", "Place in lists"), None))
            (checkbox(lang, form, "one_id", &t("一个证件同一时段限一张", "One document takes one ticket a slot")))
            (checkbox(lang, form, "active", &t("在售", "On sale")))
            div.actions { button type="submit" { (request.t("保存", "Save")) } a href="/manage" { (request.t("返回", "Back")) } }
        }
        (card("ids", request.t("编号", "Ids"), html! { dl.facts { @for a in &places { dt { code { (a.id) } } dd { (a.name.get(lang)) } } } }))
    };
    Ok(LAYOUT.page(request, &t("票种", "Product"), body))
}

/// `POST /manage/products/{product}`.
pub(in crate::pages) fn save_product(request: &Request) -> web::Result<Response> {
    request.require_role(&[MANAGER])?;
    let mut form = request.form()?;
    let Some(new) = read_product(request, &mut form)? else {
        return answer(request, product_page(request, &form, None).map(|r| r.status(StatusCode::UNPROCESSABLE_ENTITY)));
    };
    let saved = match manage::put_product(&new) {
        Ok(()) => Ok(Response::see_other(&format!("/manage/products/{}?saved=1", new.id))),
        Err(e) => again(request, form, e, |form, message| product_page(request, form, message)),
    };
    answer(request, saved)
}

fn read_product(request: &Request, form: &mut Form) -> web::Result<Option<Product>> {
    let path = request.param("product");
    let id = if path == NEW { form.value("id").trim().to_owned() } else { path.to_owned() };
    // Reduced prices are written by the API; the form leaves them as they are.
    let concessions = manage::product(&id).map(|p| p.concessions).unwrap_or_default();
    let components = read_pairs::<String, u64>(form, "components", "guishan 60");
    let tiers = read_pairs::<u32, u8>(form, "refund_tiers", "1440 100");
    let price = form.check("price", read_yuan);
    let kind = ProductKind::ALL.into_iter().find(|k| k.code() == form.value("kind")).unwrap_or(ProductKind::Single);
    let rank = if form.value("rank").trim().is_empty() { Some(0) } else { form.number("rank", 0..=10_000) };
    let validity = read_validity(form);
    let (Some(components), Some(tiers), Some(price), Some(rank)) = (components, tiers, price, rank) else {
        return Ok(None);
    };
    let Some(validity) = validity else { return Ok(None) };
    Ok(Some(Product {
        id,
        name: typed_pair(form, "name"),
        kind,
        components: components.into_iter().map(|(attraction, weight)| Component { attraction, weight }).collect(),
        price,
        concessions,
        refund_tiers: tiers
            .into_iter()
            .map(|(before_minutes, percent)| RefundTier { before_minutes, percent })
            .collect(),
        validity,
        one_id: form.checked("one_id"),
        active: form.checked("active"),
        rank: u32::try_from(rank).unwrap_or(0),
    }))
}

/// A day that may be left out.
fn read_day_if_any(form: &mut Form, name: &str) -> Option<Option<Date>> {
    if form.value(name).trim().is_empty() {
        return Some(None);
    }
    form.parse(name, t("请填写日期", "Enter a day")).map(Some)
}

fn read_validity(form: &mut Form) -> Option<Validity> {
    let [sale_from, sale_until, visit_from, visit_until] = VALIDITY.map(|name| read_day_if_any(form, name));
    Some(Validity {
        sale_from: sale_from?,
        sale_until: sale_until?,
        visit_from: visit_from?,
        visit_until: visit_until?,
    })
}

/// The fields of a product's validity.
const VALIDITY: [&str; 4] = ["sale_from", "sale_until", "visit_from", "visit_until"];

/// Two numbers or words a line.
fn read_pairs<A: std::str::FromStr, B: std::str::FromStr>(
    form: &mut Form,
    name: &str,
    as_in: &str,
) -> Option<Vec<(A, B)>> {
    let text = form.value(name).to_owned();
    let mut out = Vec::new();
    for (n, line) in lines(&text) {
        let pair =
            line.split_once(char::is_whitespace).and_then(|(a, b)| Some((a.parse().ok()?, b.trim().parse().ok()?)));
        match pair {
            Some(p) => out.push(p),
            None => {
                form.reject(
                    name,
                    Text::new(format!("第 {n} 行：请写成 {as_in}"), format!("Line {n}: write it as {as_in}")),
                );
                return None;
            }
        }
    }
    Some(out)
}

/// `¥60.00` typed as `60` or `60.00`, in fen.
fn read_yuan(text: &str) -> Result<u64, Text> {
    let wrong = || t("请填写金额，如 60 或 59.50", "Enter an amount such as 60 or 59.50");
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    if whole.is_empty() || part.len() > 2 || !whole.bytes().chain(part.bytes()).all(|b| b.is_ascii_digit()) {
        return Err(wrong());
    }
    let cents: u64 = format!("{part:0<2}").parse().map_err(|_| wrong())?;
    let yuan: u64 = whole.parse().map_err(|_| wrong())?;
    yuan.checked_mul(100).and_then(|f| f.checked_add(cents)).ok_or_else(wrong)
}

//! Registrations of farmers and listings: looked at by managers.

use super::super::files::{self, Field};
use super::super::forms::{again, pair, typed_pair};
use super::super::lists::{Asked, Filters};
use super::super::pictures::{CARD, shown as picture};
use super::super::{LAYOUT, PAGE, acted, answer, batch_badge, farmer_badge, listing_badge, local};
use super::menu;
use crate::domain::explain::Explain;
use crate::domain::farmer::{Farmer, Status, Step};
use crate::domain::listing::{Listing, State, sellable};
use crate::domain::machine::Machine;
use crate::domain::time::Date;
use crate::service::access::MANAGER;
use crate::service::{Refusal, farmers, listings, now, statistics};
use maud::{Markup, html};
use yunlong_sdk::page::{Column, amount, badge, card, empty, error_summary, field, hidden, pager, table};
use yunlong_sdk::{Form, Request, Response, Router, Stored, Tone, t, web};

pub(super) fn routes(router: Router) -> Router {
    router
        .get("/manage/farmers", farmer_list)
        .post("/manage/farmers", find)
        .get("/manage/farmers/file", farmer_file)
        .get("/manage/farmers/{farmer}", farmer)
        .post("/manage/farmers/{farmer}", decide)
        .get("/manage/listings", listing_list)
        .get("/manage/listings/{listing}", listing)
        .post("/manage/listings/{listing}", review)
}

/// The registrations that the address asks for: those that wait, the oldest first, unless it says other ones.
fn asked(request: &Request) -> Asked<Status> {
    let filters = Filters { state: "status", states: Status::ALL, first: Some(Status::Applied), number: None };
    Asked::of(request, "created", filters)
}

/// `/manage/farmers`.
fn farmer_list(request: &Request) -> web::Result<Response> {
    request.require_role(&[MANAGER])?;
    answer(request, farmers_page(request, &Form::new(), html! {}))
}

/// The list below a form that finds a farmer by document. That one is sent by `POST`: no number of a document stands in
/// an address.
fn farmers_page(request: &Request, form: &Form, message: Markup) -> Result<Response, Refusal> {
    let (lang, asked) = (request.lang(), asked(request));
    let page = farmers::list(request.principal(), &asked.wanted, PAGE, asked.after())?;
    let divisions = statistics::divisions()?;
    let columns = [
        Column::new(
            request.t("姓名或字号", "Name"),
            |f: &Stored<Farmer>| html! { a href={ "/manage/farmers/" (f.id) } { (f.name) } },
        ),
        Column::new(request.t("证件", "Document"), |f: &Stored<Farmer>| html! { (f.masked()) }),
        Column::new(request.t("村", "Village"), |f: &Stored<Farmer>| html! { (divisions.address(&f.village)) }),
        Column::new(request.t("登记时间", "Registered"), |f: &Stored<Farmer>| html! { (local(f.created_at)) })
            .sorted_by("created"),
        Column::new(request.t("状态", "State"), |f: &Stored<Farmer>| farmer_badge(lang, f.status)),
    ];
    let none_such = request.t("没有这样的登记。", "There are no such registrations.");
    let table = (request.t("农户登记", "Registrations"), &columns[..]);
    let body = html! {
        (menu(request))
        (message)
        (error_summary(lang, form))
        // Two searches on a page are told apart by their names.
        form.no-print method="post" action="/manage/farmers" role="search" aria-label=(request.t("按证件号码", "By document")) novalidate {
            (field(lang, form, "document", "text", &t("按证件号码查找", "Find by document"), Some(&t("居民身份证号码或统一社会信用代码，不分状态", "A resident ID or a USCC, in every state"))))
            div.actions { button type="submit" { (request.t("查找", "Find")) } }
        }
        (asked.show(request, table, page, html! {}, none_such))
    };
    Ok(LAYOUT.page(request, &t("农户", "Farmers"), body))
}

/// `POST /manage/farmers`: to the registration under a document.
fn find(request: &Request) -> web::Result<Response> {
    request.require_role(&[MANAGER])?;
    let form = request.form()?;
    let done = match farmers::by_document(request.principal(), form.value("document")) {
        Ok(f) => Ok(Response::see_other(&format!("/manage/farmers/{}", f.id))),
        Err(e) => again(request, form, e, |f, m| farmers_page(request, f, m)),
    };
    answer(request, done.map(|r| r.header("cache-control", "no-store")))
}

/// `/manage/farmers/file`.
fn farmer_file(request: &Request) -> web::Result<Response> {
    request.require_role(&[MANAGER])?;
    let (lang, asked) = (request.lang(), asked(request));
    let divisions = statistics::divisions().map_err(|e| e.into_error(lang))?;
    let columns = [
        Field::new(request.t("姓名或字号", "Name"), |f: &Farmer| f.name.clone()),
        Field::new(request.t("证件", "Document"), Farmer::masked),
        Field::new(request.t("村", "Village"), |f: &Farmer| divisions.address(&f.village)),
        Field::new(request.t("登记时间", "Registered"), |f: &Farmer| local(f.created_at)),
        Field::new(request.t("状态", "State"), |f: &Farmer| f.status.name().get(lang).to_owned()),
    ];
    files::file(request, ("farmers", request.t("农户", "Farmers")), &columns, |limit, after| {
        farmers::list(request.principal(), &asked.wanted, limit, after)
    })
}

/// `/manage/farmers/{farmer}`.
fn farmer(request: &Request) -> web::Result<Response> {
    request.require_role(&[MANAGER])?;
    answer(request, farmer_page(request, &Form::new(), html! {}))
}

fn farmer_page(request: &Request, form: &Form, message: Markup) -> Result<Response, Refusal> {
    let lang = request.lang();
    let f = farmers::get(request.principal(), request.param("farmer"))?;
    let divisions = statistics::divisions()?;
    let may = |s: Step| f.status.check(s).is_ok();
    let body = html! {
        (menu(request))
        (message)
        (error_summary(lang, form))
        dl.facts {
            dt { (request.t("状态", "State")) } dd { (farmer_badge(lang, f.status)) @if let Some(why) = &f.reason { " " (why) } }
            dt { (request.t("姓名或字号", "Name")) } dd { (f.name) }
            dt { (request.t("证件号码", "Document")) } dd { (f.document) }
            dt { (request.t("手机号码", "Mobile number")) } dd { (f.phone) }
            dt { (request.t("所在村", "Village")) } dd { (divisions.address(&f.village)) }
            dt { (request.t("收款代码", "Is paid under")) } dd { code { (f.payee) } }
        }
        form method="post" action={ "/manage/farmers/" (f.id) } novalidate {
            @if may(Step::Refuse) || may(Step::Suspend) { (field(lang, form, "reason", "text", &t("退回或暂停的原因", "Why it is refused or suspended"), None)) }
            div.actions {
                @if may(Step::Approve) { button type="submit" name="step" value="approve" { (request.t("通过", "Approve")) } }
                @if may(Step::Refuse) { button.secondary type="submit" name="step" value="refuse" { (request.t("退回", "Refuse")) } }
                @if may(Step::Suspend) { button.danger type="submit" name="step" value="suspend" { (request.t("暂停", "Suspend")) } }
                a href="/manage/farmers" { (request.t("返回", "Back")) }
            }
        }
    };
    Ok(LAYOUT.page(request, &t("农户登记", "Registration"), body).header("cache-control", "no-store"))
}

/// `POST /manage/farmers/{farmer}`.
fn decide(request: &Request) -> web::Result<Response> {
    request.require_role(&[MANAGER])?;
    let form = request.form()?;
    let step = match form.value("step") {
        "approve" => Step::Approve,
        "refuse" => Step::Refuse,
        "suspend" => Step::Suspend,
        _ => return answer(request, Err(Refusal::NotFound)),
    };
    let done = match farmers::decide(request.principal(), request.param("farmer"), step, form.value("reason")) {
        Ok(_) => Ok(Response::see_other("/manage/farmers")),
        Err(e) => again(request, form, e, |f, m| farmer_page(request, f, m)),
    };
    answer(request, done)
}

/// `/manage/listings`.
fn listing_list(request: &Request) -> web::Result<Response> {
    request.require_role(&[MANAGER])?;
    let shown = || {
        let lang = request.lang();
        let after = request.query_value("after");
        let at_start = after.is_none();
        let page = listings::waiting(request.principal(), PAGE, after)?;
        let divisions = statistics::divisions()?;
        let body = html! {
            (menu(request))
            @if page.items.is_empty() && at_start { (empty(html! { p { (request.t("没有待审核的商品。", "No listing waits for its review.")) } })) }
            @else {
                (table(request.t("待审核的商品", "Listings to review"), &[
                    Column::new(request.t("商品", "Goods"), |l: &Listing| html! { a href={ "/manage/listings/" (l.id) } { (l.title.get(lang)) } }),
                    Column::new(request.t("类别", "Category"), |l: &Listing| html! { (l.category.name().get(lang)) }),
                    Column::new(request.t("村", "Village"), |l: &Listing| html! { (divisions.address(&l.village)) }),
                    Column::new(request.t("价格", "Price"), |l: &Listing| amount(l.price_from)).numeric(),
                    Column::new(request.t("提交时间", "Submitted"), |l: &Listing| html! { (local(l.changed_at)) }),
                ], page.items.into_iter().map(|l| l.value)))
            }
            (pager(lang, "/manage/listings", &[], at_start, page.next.as_deref()))
        };
        Ok(LAYOUT.page(request, &t("商品审核", "Review of listings"), body))
    };
    answer(request, shown())
}

/// `/manage/listings/{listing}`.
fn listing(request: &Request) -> web::Result<Response> {
    request.require_role(&[MANAGER])?;
    answer(request, listing_page(request, &Form::new(), html! {}))
}

fn listing_page(request: &Request, form: &Form, message: Markup) -> Result<Response, Refusal> {
    let lang = request.lang();
    let offer = listings::offer(request.principal(), request.param("listing"))?;
    let (l, p) = (&offer.listing, &offer.product);
    // The rules that the listing must keep, as they stand now.
    let rules = sellable(p, offer.batch.as_ref(), Date::at(now()));
    let body = html! {
        (menu(request))
        (message)
        (error_summary(lang, form))
        dl.facts {
            dt { (request.t("状态", "State")) } dd { (listing_badge(lang, l.state)) @if let Some(why) = &l.reason { " " (why.get(lang)) } }
            dt { (request.t("类别", "Category")) } dd { (p.category.name().get(lang)) }
            dt { (request.t("店铺", "Store")) } dd { a href={ "/stores/" (offer.store.id) } { (offer.store.name.get(lang)) } }
            @for (s, left) in &offer.skus { dt { (s.name.get(lang)) } dd { (amount(s.price)) " · " (request.t("库存 ", "in stock ")) (left) } }
            @for licence in &p.licences { dt { (request.t("许可", "Licence")) } dd { (licence.kind) " " code { (licence.number) } " " (request.t("至 ", "until ")) (licence.until) } }
            @if let Some(b) = &offer.batch { dt { (request.t("批次", "Batch")) } dd { a href={ "/trace/" (b.id) } { code { (b.id) } } " " (batch_badge(lang, b.state)) } }
            dt { (request.t("上架规则", "Rules")) } dd { @match &rules { Ok(()) => (badge(Tone::Ok, request.t("符合", "kept"))), Err(e) => { (badge(Tone::Bad, request.t("不符合", "broken"))) " " (e.title().get(lang)) } } }
        }
        figure { (picture(lang, p.picture.as_ref(), CARD)) @if let Some(shown) = &p.picture { figcaption { (shown.alt.get(lang)) } } }
        p { (p.description.get(lang)) }
        div.actions {
            @if l.state == State::Review { form.inline method="post" action={ "/manage/listings/" (l.id) } { (hidden("version", &offer.version)) button type="submit" name="step" value="publish" { (request.t("通过，上架", "Put it on sale")) } } }
            a href="/manage/listings" { (request.t("返回", "Back")) }
        }
        @if matches!(l.state, State::Review | State::OnSale) {
            (card("back", if l.state == State::Review { request.t("退回", "Send it back") } else { request.t("下架", "Take it off sale") }, html! {
                form method="post" action={ "/manage/listings/" (l.id) } novalidate {
                    (pair(lang, form, "reason", &t("原因，卖家会看到", "Why, as the seller reads it")))
                    div.actions { button.danger type="submit" name="step" value=(if l.state == State::Review { "send-back" } else { "withdraw" }) { @if l.state == State::Review { (request.t("退回", "Send it back")) } @else { (request.t("下架", "Take it off sale")) } } }
                }
            }))
        }
    };
    Ok(LAYOUT.page(request, &l.title, body))
}

/// `POST /manage/listings/{listing}`.
fn review(request: &Request) -> web::Result<Response> {
    request.require_role(&[MANAGER])?;
    let form = request.form()?;
    let (who, id, reason) = (request.principal(), request.param("listing"), typed_pair(&form, "reason"));
    let done = match form.value("step") {
        "publish" => listings::publish(who, id, form.value("version")),
        "send-back" => listings::send_back(who, id, &reason),
        "withdraw" => {
            return acted(request, listings::withdraw(who, id, (!reason.zh.is_empty()).then_some(&reason)), |_| {
                "/manage/listings".to_owned()
            });
        }
        _ => Err(Refusal::NotFound),
    };
    let done = match done {
        Ok(_) => Ok(Response::see_other("/manage/listings")),
        Err(e) => again(request, form, e, |f, m| listing_page(request, f, m)),
    };
    answer(request, done)
}

//! The farmer's store: registration, what the store says of itself, goods, batches, orders, offers.

mod batches;
mod goods;
mod offers;
mod orders;

pub(super) use goods::own;
pub(super) use orders::backs;

use super::forms::{again, pair, typed_pair, unreadable, with_pair};
use super::{LAYOUT, acted, answer, farmer_badge, place, saved};
use crate::domain::farmer::{Farmer, Registration, Status};
use crate::domain::machine::Machine;
use crate::domain::order::State;
use crate::service::stores::StoreInput;
use crate::service::{Refusal, farmers, orders as order_service, stores};
use maud::{Markup, html};
use yunlong_sdk::page::{card, confirm, error_summary, field, notice, textarea};
use yunlong_sdk::{Form, Request, Response, Router, Tone, t, web};

pub(super) fn routes(router: Router) -> Router {
    let router = router
        .get("/store", home)
        .get("/store/register", register)
        .post("/store/register", registered)
        .get("/store/edit", edit)
        .post("/store/edit", edited)
        .post("/store/open", open);
    orders::routes(offers::routes(batches::routes(goods::routes(router))))
}

/// `/store`: where the farmer stands, and what waits.
fn home(request: &Request) -> web::Result<Response> {
    request.subject()?;
    let shown = || {
        let who = request.principal();
        let body = match (farmers::mine(who)?, stores::mine(who)?) {
            (None, _) => begin(request),
            (Some(f), None) => {
                html! { (registration(request, &f)) @if f.status == Status::Active { p { a role="button" href="/store/edit" { (request.t("开店", "Open your store")) } } } }
            }
            (Some(f), Some(s)) => {
                let waiting = |state: State| {
                    Ok::<_, Refusal>(order_service::of_store(who, &Some(state).into(), 50, None)?.items.len())
                };
                let (paid, accepted) =
                    (waiting(State::Paid)?, waiting(State::Accepted)? + waiting(State::PartShipped)?);
                html! {
                    (saved(request))
                    @if f.status != Status::Active { (registration(request, &f)) }
                    dl.facts {
                        dt { (request.t("店铺", "Store")) } dd { a href={ "/stores/" (s.id) } { (s.name.get(request.lang())) } }
                        dt { (request.t("营业", "Open")) } dd { @if s.open { (request.t("营业中", "open")) } @else { (request.t("暂停营业", "closed for now")) } }
                        dt { (request.t("待接单", "To accept")) } dd { a href="/store/orders?state=paid" { (paid) } }
                        dt { (request.t("待发货", "To send")) } dd { a href="/store/orders?state=accepted" { (accepted) } }
                    }
                    (menu(request))
                    div.actions {
                        a.secondary.outline role="button" href="/store/edit" { (request.t("店铺资料", "What the store says")) }
                        @if s.open { form.inline method="post" action="/store/open" { button.secondary.outline type="submit" name="open" value="no" { (request.t("暂停营业", "Close for now")) } } }
                        @else { (confirm("/store/open", request.t("恢复营业", "Open again"), &[("open", "yes")])) }
                    }
                }
            }
        };
        Ok(LAYOUT.page(request, &t("我的店铺", "My store"), body))
    };
    answer(request, shown())
}

fn begin(request: &Request) -> Markup {
    html! {
        p { (request.t("农户凭居民身份证、个体工商户或合作社凭统一社会信用代码登记。主管审核后即可开店；货款由平台担保，买家确认收货后结算。", "Farmers register with a resident ID, sole traders and cooperatives with a unified social credit code. Once a manager has approved, you open your store; the platform holds the buyers' money and pays you when they have the goods.")) }
        p { a role="button" href="/store/register" { (request.t("登记", "Register")) } }
    }
}

fn registration(request: &Request, f: &Farmer) -> Markup {
    let tone = if f.status == Status::Active { Tone::Ok } else { Tone::Warn };
    notice(
        tone,
        html! {
            p { (request.t("农户登记：", "Registration: ")) (farmer_badge(request.lang(), f.status)) }
            @if f.status == Status::Applied { p { (request.t("主管审核通过后，请回到本页开店。", "Once a manager has approved, come back here and open your store.")) } }
            @if let Some(why) = &f.reason { p { (request.t("原因：", "Why: ")) (why) } }
            @if f.status.check(crate::domain::farmer::Step::Apply).is_ok() { p { a href="/store/register" { (request.t("更正后重新提交", "Correct it and submit again")) } } }
        },
    )
}

/// The ways from the store's page.
pub(super) fn menu(request: &Request) -> Markup {
    let ways = [
        ("/store/goods", request.t("商品和上架", "Goods and listings")),
        ("/store/batches", request.t("批次", "Batches")),
        ("/store/orders", request.t("订单", "Orders")),
        ("/store/returns", request.t("退货", "Returns")),
        ("/store/offers", request.t("拼团和优惠券", "Group buys and coupons")),
        ("/store/income", request.t("收入", "Income")),
    ];
    html! {
        nav.actions aria-label=(request.t("店铺", "Store")) {
            @for (path, words) in ways { a href=(path) aria-current=[(request.path() == path).then_some("page")] { (words) } }
        }
    }
}

/// `GET /store/register`.
fn register(request: &Request) -> web::Result<Response> {
    request.subject()?;
    let shown = || {
        let form = farmers::mine(request.principal())?.map_or_else(Form::new, |f| {
            place::with(
                Form::new().with("name", f.name).with("phone", f.phone).with("document", f.document),
                "village",
                &f.village,
            )
        });
        register_page(request, &form, html! {})
    };
    answer(request, shown())
}

fn register_page(request: &Request, form: &Form, message: Markup) -> Result<Response, Refusal> {
    let lang = request.lang();
    let submit = request.t("提交登记", "Register");
    let body = html! {
        (message)
        (error_summary(lang, form))
        form method="post" action="/store/register" novalidate {
            (place::enter(submit))
            (field(lang, form, "document", "text", &t("居民身份证号码或统一社会信用代码", "Resident ID or unified social credit code"), Some(&t("18 位；加密保存，不公开", "18 characters; kept sealed, never shown to others"))))
            (field(lang, form, "name", "text", &t("姓名或字号", "Name or business name"), None))
            (field(lang, form, "phone", "tel", &t("手机号码", "Mobile number"), None))
            (place::fields(lang, form, "village")?)
            div.actions { button type="submit" name="action" value="save" { (submit) } a href="/store" { (request.t("返回", "Back")) } }
        }
    };
    Ok(LAYOUT.page(request, &t("农户登记", "Registration"), body))
}

/// `POST /store/register`.
fn registered(request: &Request) -> web::Result<Response> {
    request.subject()?;
    answer(request, register_done(request, request.form()?))
}

fn register_done(request: &Request, mut form: Form) -> Result<Response, Refusal> {
    if form.value("action") == place::ACTION {
        return register_page(request, &place::unpressed(&form), html! {});
    }
    let Some(village) = place::village(&mut form, "village") else {
        return unreadable(&form, |f, m| register_page(request, f, m));
    };
    let value = |name: &str| form.value(name).to_owned();
    let what = Registration { document: value("document"), name: value("name"), phone: value("phone"), village };
    match farmers::register(request.principal(), &what) {
        Ok(_) => Ok(Response::see_other("/store")),
        Err(e) => again(request, form, e, |f, m| register_page(request, f, m)),
    }
}

/// `GET /store/edit`.
fn edit(request: &Request) -> web::Result<Response> {
    request.subject()?;
    let shown = || {
        let form = stores::mine(request.principal())?.map_or_else(Form::new, |s| {
            with_pair(with_pair(Form::new().with("address", s.address), "name", &s.name), "intro", &s.intro)
        });
        edit_page(request, &form, html! {})
    };
    answer(request, shown())
}

fn edit_page(request: &Request, form: &Form, message: Markup) -> Result<Response, Refusal> {
    let lang = request.lang();
    let body = html! {
        (message)
        (error_summary(lang, form))
        form method="post" action="/store/edit" novalidate {
            (pair(lang, form, "name", &t("店名", "Name")))
            (textarea(lang, form, "intro-zh", 4, &t("介绍（中文）", "About the store (Chinese)"), None))
            (textarea(lang, form, "intro-en", 4, &t("介绍（英文）", "About the store (English)"), None))
            (field(lang, form, "address", "text", &t("取件地址", "Where parcels are fetched"), Some(&t("村内地址，不含姓名", "In the village, without a name"))))
            div.actions { button type="submit" { (request.t("保存", "Save")) } a href="/store" { (request.t("返回", "Back")) } }
        }
    };
    Ok(LAYOUT.page(request, &t("店铺资料", "What the store says"), body))
}

/// `POST /store/edit`.
fn edited(request: &Request) -> web::Result<Response> {
    request.subject()?;
    let form = request.form()?;
    let input = StoreInput {
        name: typed_pair(&form, "name"),
        intro: typed_pair(&form, "intro"),
        address: form.value("address").to_owned(),
    };
    let done = match stores::open_or_edit(request.principal(), &input) {
        Ok(_) => Ok(Response::see_other("/store?saved=1")),
        Err(e) => again(request, form, e, |f, m| edit_page(request, f, m)),
    };
    answer(request, done)
}

/// `POST /store/open`.
fn open(request: &Request) -> web::Result<Response> {
    request.subject()?;
    let open = request.form()?.value("open") == "yes";
    acted(request, stores::set_open(request.principal(), open), |_| "/store?saved=1".to_owned())
}

/// A card of a page of the store.
fn part(id: &str, heading: &str, body: Markup) -> Markup {
    card(id, heading, body)
}

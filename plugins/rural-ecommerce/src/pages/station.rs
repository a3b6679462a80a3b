//! The station's desk: orders for people without a telephone, visits to villages without a station.

use super::forms::{again, unreadable};
use super::order_view as view;
use super::{LAYOUT, PAGE, answer, choices, place, saved};
use crate::domain::cart::CartLine;
use crate::domain::order::Recipient;
use crate::domain::station::{CONSENT_TEXT, ConsentBy, Service, Station};
use crate::domain::time::Date;
use crate::service::access::{MANAGER, STATION};
use crate::service::cart::{self, Shown};
use crate::service::checkout::{Item, Purchase};
use crate::service::stations::{self, Sale};
use crate::service::{Refusal, now, orders, statistics};
use maud::{Markup, html};
use yunlong_sdk::page::{
    Column, amount, badge, card, empty, error_summary, field, hidden, notice, pager, select, table,
};
use yunlong_sdk::{Form, Request, Response, Router, Text, Tone, random, t, web};

pub(super) fn routes(router: Router) -> Router {
    router
        .get("/station", home)
        .get("/station/{station}", desk)
        .get("/station/{station}/order", order)
        .post("/station/{station}/order", ordered)
        .get("/station/{station}/visit", visit)
        .post("/station/{station}/visit", visited)
}

/// `/station`: the stations of the keeper.
fn home(request: &Request) -> web::Result<Response> {
    request.require_role(&[STATION])?;
    let shown = || {
        let (mine, divisions) = (stations::mine(request.principal())?, statistics::divisions()?);
        let today = Date::at(now());
        let body = html! {
            @if mine.is_empty() { (empty(html! { p { (request.t("没有以您为负责人的站点，请联系电商主管。", "No station has you as its keeper: ask a manager.")) } })) }
            @else {
                ul.grid { @for s in &mine { li { article.card {
                    h2 { a href={ "/station/" (s.id) } { (s.name.get(request.lang())) } }
                    p { (divisions.address(&s.village)) }
                    p { (standing(request, s, today)) }
                } } } }
            }
            p.muted { (request.t("您的工号（由主管登记为站点负责人）：", "Your number, by which a manager makes you a station's keeper: ")) code { (request.principal().subject.as_deref().unwrap_or_default()) } }
            p { a href="/station/offline" { (request.t("没有网络时代购（先联网打开一次）", "Order without a network (open it once with one)")) } }
        };
        Ok(LAYOUT.page(request, &t("村级服务站", "Village stations"), body))
    };
    answer(request, shown())
}

fn standing(request: &Request, s: &Station, today: Date) -> Markup {
    if s.on(today) {
        badge(Tone::Ok, request.t("营业中", "open"))
    } else {
        badge(Tone::Bad, request.t("已停业", "closed"))
    }
}

/// A station of whoever asks.
fn kept(request: &Request) -> Result<Station, Refusal> {
    let id = request.param("station");
    stations::mine(request.principal())?.into_iter().find(|s| s.id == id).ok_or(Refusal::NotFound)
}

/// `/station/{station}`: what it does and what it ordered.
fn desk(request: &Request) -> web::Result<Response> {
    request.require_role(&[STATION])?;
    let shown = || {
        let (lang, s) = (request.lang(), kept(request)?);
        let after = request.query_value("after");
        let at_start = after.is_none();
        let page = orders::of_station(request.principal(), &s.id, PAGE, after)?;
        let divisions = statistics::divisions()?;
        let services =
            s.services.iter().map(|x| x.name().get(lang).to_owned()).collect::<Vec<_>>().join(lang.pick("、", ", "));
        let body = html! {
            (saved(request))
            dl.facts {
                dt { (request.t("所在村", "Village")) } dd { (divisions.address(&s.village)) (s.address) }
                dt { (request.t("状态", "State")) } dd { (standing(request, &s, Date::at(now()))) }
                dt { (request.t("服务", "Services")) } dd { (services) }
                dt { (request.t("代购佣金", "Commission")) } dd { (s.commission_bps / 100) "." (format!("{:02}", s.commission_bps % 100)) " % " (request.t("（由主管设定）", "(set by a manager)")) }
            }
            div.actions {
                @if s.services.contains(&Service::Order) { a role="button" href={ "/station/" (s.id) "/order" } { (request.t("为老人代购", "Order for somebody")) } }
                a.secondary.outline role="button" href={ "/station/" (s.id) "/visit" } { (request.t("登记上门服务", "Record a visit")) }
                a.secondary.outline role="button" href="/station/offline" { (request.t("离线代购和同步", "Without a network, and sync")) }
            }
            (card("orders", request.t("代购订单", "Orders for others"), html! {
                @if page.items.is_empty() && at_start { (empty(html! { p { (request.t("还没有代购订单。", "There are no orders yet.")) } })) }
                @else { (view::listing(request, request.t("已为他人下的订单", "Placed for others"), page.items)) }
                (pager(lang, &format!("/station/{}", s.id), &[], at_start, page.next.as_deref()))
            }))
        };
        Ok(LAYOUT.page(request, &s.name, body))
    };
    answer(request, shown())
}

/// `GET /station/{station}/order`.
fn order(request: &Request) -> web::Result<Response> {
    request.require_role(&[STATION])?;
    let shown = || {
        let s = kept(request)?;
        let ready = cart::get(request.principal())?.into_iter().filter(|l| l.refused.is_none());
        let form = place::with(Form::new().with("client", random::code(24)), "division", &s.village);
        let form = ready.fold(form, |f, l| f.with("item", item_text(&l.line)));
        order_page(request, &form, html! {})
    };
    answer(request, shown())
}

fn item_text(l: &CartLine) -> String {
    format!("{}/{}/{}", l.listing, l.sku, l.quantity)
}

fn items(form: &Form) -> Vec<Item> {
    let read = |text: &str| {
        let mut parts = text.split('/');
        let (listing, sku, quantity) =
            (parts.next()?.to_owned(), parts.next()?.to_owned(), parts.next()?.parse().ok()?);
        Some(Item { listing, sku, quantity })
    };
    form.values("item").filter_map(read).collect()
}

fn order_page(request: &Request, form: &Form, message: Markup) -> Result<Response, Refusal> {
    let (lang, s) = (request.lang(), kept(request)?);
    let wanted = items(form);
    let lines: Vec<Shown> = cart::get(request.principal())?;
    let lines: Vec<Shown> = lines
        .into_iter()
        .filter(|l| wanted.iter().any(|i| i.listing == l.line.listing && i.sku == l.line.sku))
        .collect();
    let submit = request.t("提交代购订单", "Place the order");
    let ways: Vec<(String, Text)> = std::iter::once((String::new(), t("还没有同意", "Not agreed yet")))
        .chain(
            [ConsentBy::Signature, ConsentBy::Fingerprint, ConsentBy::Witness]
                .into_iter()
                .map(|c| (word(c).to_owned(), c.name())),
        )
        .collect();
    let body = html! {
        (message)
        (error_summary(lang, form))
        @if wanted.is_empty() {
            (empty(html! { p { (request.t("先把老人要买的商品放入购物车，再回到这里。", "Put what the person wants into the cart first, then come back here.")) } p { a role="button" href="/" { (request.t("去选商品", "To the shop")) } } }))
        } @else {
            (goods(request, lines))
            form method="post" action={ "/station/" (s.id) "/order" } novalidate {
                (place::enter(submit))
                @for i in form.values("item") { (hidden("item", i)) }
                (hidden("client", form.value("client")))
                (card("who", request.t("为谁代购", "For whom"), html! {
                    (field(lang, form, "recipient-name", "text", &t("姓名", "Name"), None))
                    (field(lang, form, "recipient-phone", "tel", &t("手机号码（没有可不填）", "Mobile number (none is fine)"), None))
                    (place::fields(lang, form, "division")?)
                    (field(lang, form, "recipient-address", "text", &t("详细地址", "Address"), None))
                }))
                (card("agreed", request.t("本人同意", "The person's consent"), html! {
                    p { (request.t("请向本人读出：", "Read this to the person: ")) }
                    blockquote lang="zh-CN" { (CONSENT_TEXT) }
                    (select(lang, form, "consent", &t("同意方式", "How they agreed"), &choices(lang, &ways)))
                }))
                div.actions { button type="submit" name="action" value="order" { (submit) } a href={ "/station/" (s.id) } { (request.t("返回", "Back")) } }
            }
            p.muted { (request.t("提交后在收银台付款，再打印 80 毫米收据交给本人。", "Pay at the cashier then, and give the person the printed receipt.")) }
        }
    };
    Ok(LAYOUT.page(request, &t("代购", "Order for somebody"), body).header("cache-control", "no-store"))
}

fn goods(request: &Request, lines: Vec<Shown>) -> Markup {
    let lang = request.lang();
    let total: u64 = lines.iter().map(Shown::amount).sum();
    html! {
        (table(request.t("商品", "Goods"), &[
            Column::new(request.t("商品", "Goods"), |l: &Shown| html! { (l.title.as_ref().map_or("", |t| t.get(lang))) @if let Some(s) = &l.sku { " · " (s.name.get(lang)) } }),
            Column::new(request.t("数量", "Units"), |l: &Shown| html! { (l.line.quantity) }).numeric(),
            Column::new(request.t("小计", "Sum"), |l: &Shown| amount(l.amount())).numeric(),
        ], lines))
        p { (request.t("合计：", "Total: ")) strong { (amount(total)) } " " a href="/cart" { (request.t("更改", "Change")) } }
    }
}

fn word(by: ConsentBy) -> &'static str {
    match by {
        ConsentBy::Signature => "signature",
        ConsentBy::Fingerprint => "fingerprint",
        ConsentBy::Witness => "witness",
    }
}

/// `POST /station/{station}/order`.
fn ordered(request: &Request) -> web::Result<Response> {
    request.require_role(&[STATION])?;
    answer(request, order_done(request, request.form()?))
}

fn order_done(request: &Request, mut form: Form) -> Result<Response, Refusal> {
    if form.value("action") == place::ACTION {
        return order_page(request, &place::unpressed(&form), html! {});
    }
    let Some(division) = place::village(&mut form, "division") else {
        return unreadable(&form, |f, m| order_page(request, f, m));
    };
    let value = |name: &str| form.value(name).trim().to_owned();
    let consent = [ConsentBy::Signature, ConsentBy::Fingerprint, ConsentBy::Witness]
        .into_iter()
        .find(|c| word(*c) == form.value("consent"));
    let items = items(&form);
    let sale = Sale {
        client_id: value("client"),
        purchase: Purchase {
            items: items.clone(),
            recipient: Recipient {
                name: value("recipient-name"),
                phone: value("recipient-phone"),
                division,
                address: value("recipient-address"),
            },
            coupon: None,
            group: None,
            expected_total: None,
        },
        consent,
        made_at: now(),
    };
    match stations::sell(request.principal(), request.param("station"), &sale) {
        Ok(made) => {
            // The keeper's own cart held what the person wanted; a line that stays there harms nobody.
            for i in items {
                let _ = cart::set(request.principal(), &CartLine { listing: i.listing, sku: i.sku, quantity: 0 });
            }
            let to = made
                .first()
                .map_or_else(|| format!("/station/{}", request.param("station")), |o| format!("/orders/{}", o.id));
            Ok(Response::see_other(&to))
        }
        Err(e) => again(request, form, named(e), |f, m| order_page(request, f, m)),
    }
}

/// What the service says of a consent belongs to the form's own field.
fn named(refusal: Refusal) -> Refusal {
    match refusal {
        Refusal::Rule(e) if e.kind() == "consent-required" => Refusal::field("/consent", e.detail()),
        other => other,
    }
}

/// `GET /station/{station}/visit`: for its keeper, and managers.
fn visit(request: &Request) -> web::Result<Response> {
    request.require_role(&[STATION, MANAGER])?;
    let shown = || {
        let s = stations::visiting(request.principal(), request.param("station"))?;
        let form = Form::new().with("day", Date::at(now()).to_string());
        let part = |n: usize| s.village.get(..n).unwrap_or("").to_owned();
        visit_page(request, &form.with("village-county", part(6)).with("village-town", part(9)), html! {})
    };
    answer(request, shown())
}

fn visit_page(request: &Request, form: &Form, message: Markup) -> Result<Response, Refusal> {
    let lang = request.lang();
    let s = stations::visiting(request.principal(), request.param("station"))?;
    let submit = request.t("登记", "Record it");
    let body = html! {
        (message)
        (saved(request))
        (error_summary(lang, form))
        (notice(Tone::Info, request.t("没有站点的村，当月有一次上门服务即计入服务覆盖。站点只登记本县的村，每天的数量有限；其他的由主管登记。", "A village without a station counts as served in a month with one visit. A keeper records a few villages a day, of the station's county; others are recorded by a manager.")))
        form method="post" action={ "/station/" (s.id) "/visit" } novalidate {
            (place::enter(submit))
            (place::fields(lang, form, "village")?)
            (field(lang, form, "day", "date", &t("服务日期", "Day"), None))
            div.actions { button type="submit" name="action" value="save" { (submit) } a href={ "/station/" (s.id) } { (request.t("返回", "Back")) } }
        }
    };
    Ok(LAYOUT.page(request, &t("登记上门服务", "Record a visit"), body))
}

/// `POST /station/{station}/visit`.
fn visited(request: &Request) -> web::Result<Response> {
    request.require_role(&[STATION, MANAGER])?;
    answer(request, visit_done(request, request.form()?))
}

fn visit_done(request: &Request, mut form: Form) -> Result<Response, Refusal> {
    if form.value("action") == place::ACTION {
        return visit_page(request, &place::unpressed(&form), html! {});
    }
    let (village, day) = (place::village(&mut form, "village"), form.parse("day", t("请填写日期", "Enter a day")));
    let (Some(village), Some(day)) = (village, day) else { return unreadable(&form, |f, m| visit_page(request, f, m)) };
    let id = request.param("station");
    match stations::record_visit(request.principal(), id, &village, day) {
        Ok(_) => Ok(Response::see_other(&format!("/station/{}/visit?saved=1", web::encode_url(id)))),
        Err(e) => again(request, form, e, |f, m| visit_page(request, f, m)),
    }
}

//! The pages, without a browser: what they say, and that nothing typed is lost.

use crate::support::*;
use tourism_ticketing::Ticketing;
use yunlong_sdk::{Lang, Request, Response};

fn page(x: &Xuzhou, path: &str) -> String {
    let answer = x.get::<Ticketing>(path);
    assert_eq!(answer.code().as_u16(), 200, "{path}: {}", answer.body_text());
    answer.body_text()
}

fn location(answer: &Response) -> String {
    assert_eq!(answer.code().as_u16(), 303, "{}", answer.body_text());
    answer.header_value("location").unwrap().to_owned()
}

/// The hidden key of a form.
fn key(html: &str) -> String {
    let at = html.find("name=\"key\" value=\"").unwrap() + 18;
    html[at..].split('"').next().unwrap().to_owned()
}

fn form_path() -> String {
    format!("/order?product=guishan-single&date={}&slot-guishan=09:00", day(1))
}

fn fields<'a>(key: &'a str, date: &'a str, name: &'a str, id: &'a str) -> Vec<(&'a str, &'a str)> {
    vec![
        ("product", "guishan-single"),
        ("date", date),
        ("slot-guishan", "09:00"),
        ("key", key),
        ("count", "1"),
        ("action", "order"),
        ("v0-name", name),
        ("v0-id_type", "resident-id"),
        ("v0-id_number", id),
        ("v0-phone", ""),
    ]
}

#[test]
fn everybody_reads_the_catalogue_in_both_languages() {
    let x = Xuzhou::new();
    x.sign_out();
    let home = page(&x, "/");
    assert!(home.contains("龟山汉墓") && home.contains("两汉联票") && home.contains("/products/lianghan-joint"));
    assert!(page(&x, &format!("/attractions/guishan?date={}", day(1))).contains("09:00–11:00"));
    assert!(page(&x, "/attractions/museum?date=2026-11-30").contains("不开放"));
    assert!(page(&x, "/attractions/guishan?date=soon").contains("没有看懂"));
    assert!(page(&x, "/products/lianghan-joint").contains("slot-bingmayong"));
    assert!(page(&x, "/help").contains("退票"));
    x.prefer(Lang::En, true);
    for path in ["/", "/attractions/guishan", "/products/lianghan-joint", "/help"] {
        let html = page(&x, path);
        assert!(html.contains("lang=\"en\""), "{path}");
    }
    assert!(page(&x, "/").contains("Guishan Han Tomb"));
    for path in ["/attractions/atlantis", "/products/none", "/nothing"] {
        assert_eq!(x.get::<Ticketing>(path).code().as_u16(), 404, "{path}");
    }
}

#[test]
fn a_visitor_signs_in_before_the_form_and_comes_back_to_it() {
    let x = Xuzhou::new();
    x.sign_out();
    assert!(location(&x.get::<Ticketing>(&form_path())).contains("sign-on"));
    for path in ["/orders", "/gate", "/sales"] {
        assert!(location(&x.get::<Ticketing>(path)).contains("sign-on"), "{path}");
    }
}

#[test]
fn the_whole_way_through_the_pages() {
    let x = Xuzhou::new();
    x.consent("anna", "visitor");
    let form = page(&x, &form_path());
    assert!(form.contains("云小龙"), "the buyer's own data is filled in");
    let (key, date, id) = (key(&form), day(1), resident_id("1990-01-01", 900));
    let order = location(&x.post::<Ticketing>("/order", &fields(&key, &date, "云小龙", &id)));
    assert_eq!(
        location(&x.post::<Ticketing>("/order", &fields(&key, &date, "云小龙", &id))),
        order,
        "a double click is one order"
    );
    assert!(page(&x, &order).contains("去支付"));
    assert!(page(&x, "/orders").contains(&order));
    let cashier = location(&x.post::<Ticketing>(&format!("{order}/pay"), &[]));
    assert!(cashier.contains("/cashier/"));
    x.city.pay(&format!("intent-{}", order.trim_start_matches("/orders/")));
    assert!(x.get::<Ticketing>(&order).header_value("refresh").is_some(), "it waits for the outcome");
    x.deliver::<Ticketing>();
    assert!(page(&x, &order).contains("/tickets/0"));
    let ticket = x.get::<Ticketing>(&format!("{order}/tickets/0"));
    assert!(ticket.body_text().contains("<svg") && ticket.header_value("cache-control") == Some("no-store"));
    let refresh: u64 = ticket.header_value("refresh").unwrap().parse().unwrap();
    assert!((1..=31).contains(&refresh));
    assert!(page(&x, &format!("{order}/refund")).contains("整单退票"));
    assert_eq!(location(&x.post::<Ticketing>(&format!("{order}/refund"), &[])), order);
    assert!(page(&x, &order).contains("退款"));
}

#[test]
fn a_wrong_form_keeps_what_was_typed_and_says_why_beside_the_field() {
    let x = Xuzhou::new();
    let key = key(&page(&x, &form_path()));
    let date = day(1);
    let answer = x.post::<Ticketing>("/order", &fields(&key, &date, "云<b>", "320302199001019990"));
    let html = answer.body_text();
    assert_eq!(answer.code().as_u16(), 422);
    assert!(html.contains("value=\"云&lt;b&gt;\"") && html.contains("320302199001019990"));
    assert!(html.contains("error-v0-id_number") && html.contains("校验码不对"));
    assert!(html.contains(&key), "the same key: no second order");
}

#[test]
fn adding_and_removing_visitors_needs_no_script_and_loses_nothing() {
    let x = Xuzhou::new();
    let key = key(&page(&x, &form_path()));
    let date = day(1);
    let mut f = fields(&key, &date, "云龙", "abc");
    f[5] = ("action", "add");
    let html = x.post::<Ticketing>("/order", &f).body_text();
    assert!(html.contains("v1-name") && html.contains("value=\"云龙\"") && html.contains("value=\"abc\""));
    f[4] = ("count", "2");
    f[5] = ("action", "remove");
    let html = x.post::<Ticketing>("/order", &f).body_text();
    assert!(!html.contains("v1-name") && html.contains("value=\"云龙\""));
    f[4] = ("count", "99999999999999999999");
    assert!(x.post::<Ticketing>("/order", &f).code().is_success());
}

#[test]
fn a_duplicate_and_a_full_slot_are_told_with_the_way_on() {
    let x = Xuzhou::new();
    let first = text(&x.ordered(&guishan(1)), "/id");
    let (date, id) = (day(1), resident_id("1990-01-01", 1));
    let answer = x.post::<Ticketing>("/order", &fields("k", &date, "云龙", &id));
    assert_eq!(answer.code().as_u16(), 409);
    assert!(answer.body_text().contains(&format!("/orders/{first}")));
    for n in 100..199 {
        x.ordered(&guishan(n));
    }
    let other = resident_id("1990-01-01", 500);
    let answer = x.post::<Ticketing>("/order", &fields("k", &date, "云龙", &other));
    assert_eq!(answer.code().as_u16(), 409);
    let html = answer.body_text();
    assert!(html.contains("龟山汉墓已满") && html.contains(&other) && html.contains("/attractions/guishan?date="));
}

#[test]
fn a_session_that_ended_loses_nothing_that_was_typed() {
    let x = Xuzhou::new();
    let key = key(&page(&x, &form_path()));
    x.sign_out();
    let date = day(1);
    let answer = x.post::<Ticketing>("/order", &fields(&key, &date, "云龙", "abc"));
    assert_eq!(answer.code().as_u16(), 401);
    assert!(answer.body_text().contains("value=\"云龙\""));
}

#[test]
fn the_reduced_price_is_offered_to_whom_it_is_due() {
    let x = Xuzhou::new();
    assert!(page(&x, &form_path()).contains("授权核对出生日期"));
    x.consent("anna", "concession");
    assert!(!page(&x, &form_path()).contains("v0-concession"));
    x.set_attribute("anna", yunlong_sdk::Attribute::BirthDate, "1950-01-01");
    assert!(page(&x, &form_path()).contains("v0-concession"));
    x.withdraw("anna", "concession");
    let (date, id) = (day(1), resident_id("1950-01-01", 1));
    let mut f = fields("k", &date, "云龙", &id);
    f.push(("v0-concession", "yes"));
    let answer = x.post::<Ticketing>("/order", &f);
    assert_eq!(answer.code().as_u16(), 403);
    assert!(answer.body_text().contains(&id) && answer.body_text().contains("consent"));
}

#[test]
fn the_gate_page_answers_large_and_keeps_its_place() {
    let x = Xuzhou::new();
    x.configure("admission_window", "any-time");
    let id = x.bought(&guishan(1));
    let code = x.code(&id, 0);
    x.at_the_gate(|| {
        assert!(page(&x, "/gate").contains("name=\"code\""));
        let post =
            |code: &str| x.post::<Ticketing>("/gate", &[("attraction", "guishan"), ("gate", "东门"), ("code", code)]);
        let ok = post(&code);
        assert!(ok.code().is_success() && ok.body_text().contains("可以入园") && ok.body_text().contains("东门"));
        let again = post(&code);
        assert_eq!(again.code().as_u16(), 409);
        assert!(again.body_text().contains("不能入园") && again.body_text().contains("已经用过"));
        assert!(post("<script>").body_text().contains("票码无效"));
    });
    assert_eq!(x.get::<Ticketing>("/gate").code().as_u16(), 403);
}

#[test]
fn the_sales_page_shows_figures_and_alerts_to_managers() {
    let x = Xuzhou::new();
    let id = x.bought(&guishan(1));
    x.as_manager(|| {
        let typed = id.to_lowercase();
        assert_eq!(location(&x.get::<Ticketing>(&format!("/sales/order?number={typed}"))), format!("/orders/{id}"));
        assert!(page(&x, &format!("/orders/{id}")).contains("整单退票"));
        assert_eq!(x.get::<Ticketing>("/sales/order?number=").code().as_u16(), 404);
        let html = page(&x, &format!("/sales?date={}", day(1)));
        assert!(html.contains("¥60.00") && html.contains("1 / 360"));
        assert!(page(&x, "/sales?date=2026-11-30").contains("闭馆"));
        assert!(page(&x, "/sales?date=x").contains("没有看懂"));
    });
    assert_eq!(x.get::<Ticketing>("/sales").code().as_u16(), 403);
}

#[test]
fn nobody_reads_another_ones_pages() {
    let x = Xuzhou::new();
    let id = x.bought(&guishan(1));
    x.sign_in("bo");
    for path in ["", "/refund", "/cancel", "/tickets/0"] {
        assert_eq!(x.get::<Ticketing>(&format!("/orders/{id}{path}")).code().as_u16(), 404, "{path}");
    }
    assert!(page(&x, "/orders").contains("您还没有订单"));
    x.sign_in("anna");
    for path in ["/tickets/9", "/tickets/x", "/tickets/-1"] {
        assert_eq!(x.get::<Ticketing>(&format!("/orders/{id}{path}")).code().as_u16(), 404, "{path}");
    }
    assert_eq!(x.send::<Ticketing>(Request::get(&format!("/orders/{id}/cancel"))).code().as_u16(), 409);
}

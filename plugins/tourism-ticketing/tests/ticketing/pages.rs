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

const OWN_DATA: [&str; 3] = ["visitor-name", "visitor-id", "visitor-mobile"];

fn consent_to_own_data(x: &Xuzhou) {
    OWN_DATA.into_iter().for_each(|scope| x.consent("anna", scope));
}

#[test]
fn the_whole_way_through_the_pages() {
    let x = Xuzhou::new();
    consent_to_own_data(&x);
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
    let (refresh, next) = ticket.header_value("refresh").unwrap().split_once("; url=").unwrap();
    assert!((1..=31).contains(&refresh.parse::<u64>().unwrap()) && next == "?look=1");
    let last = x.get::<Ticketing>(&format!("{order}/tickets/0?look=30"));
    assert!(last.header_value("refresh").is_none() && last.body_text().contains("已停止自动更新"), "it ends");
    assert!(page(&x, &format!("{order}/refund")).contains("退票规则"));
    let none = x.post::<Ticketing>(&format!("{order}/refund"), &[]);
    assert!(none.code().as_u16() == 422 && none.body_text().contains("请至少选择一位游客"));
    assert_eq!(location(&x.post::<Ticketing>(&format!("{order}/refund"), &[("ticket", "0")])), order);
    assert!(x.get::<Ticketing>(&order).header_value("refresh").is_some(), "the money is on its way");
    x.refuse_refunds("account closed");
    x.deliver::<Ticketing>();
    let failed = x.get::<Ticketing>(&order);
    assert!(failed.header_value("refresh").is_none(), "nothing to wait for");
    assert!(failed.body_text().contains("再次申请退款"));
    assert!(page(&x, &format!("{order}/refund")).contains("account closed"));
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
    assert!(answer.body_text().contains(&format!("href=\"/orders/{first}\"")));
    x.sign_in("bo");
    let answer = x.post::<Ticketing>("/order", &fields("k2", &date, "云龙", &id));
    assert_eq!(answer.code().as_u16(), 409);
    let html = answer.body_text();
    assert!(
        !html.contains(&format!("/orders/{first}")) && html.contains("该订单由他人购买"),
        "a link that answers 404"
    );
    x.sign_in("anna");
    x.configure("max_open_orders", 1_000);
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
fn an_expired_order_says_nothing_false_of_money() {
    let x = Xuzhou::new();
    let id = text(&x.ordered(&guishan(1)), "/id");
    let path = format!("/orders/{id}");
    x.advance(16 * MINUTE);
    x.deliver::<Ticketing>();
    assert_eq!(x.state(&id), "expired");
    let html = page(&x, &path);
    assert!(!html.contains("没有收费") && html.contains("如果您已付款"), "{html}");
    // The provider has the money; its event is on its way.
    x.pay(&format!("intent-{id}"));
    let answer = x.get::<Ticketing>(&path);
    assert!(answer.body_text().contains("款项在保留时间之后才到"));
    assert!(answer.header_value("refresh").is_some(), "the page follows");
    x.deliver::<Ticketing>();
    assert!(page(&x, &path).contains("已出票"));
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
    let first = page(&x, &form_path());
    assert!(first.contains("授权核对出生日期") && first.contains("target=\"_blank\" rel=\"noopener\""));
    assert!(first.contains("value=\"child\""), "a child's price needs no consent");
    x.consent("anna", CONCESSION);
    assert!(!page(&x, &form_path()).contains("value=\"senior\""));
    x.born("anna", "1950-01-01");
    assert!(page(&x, &form_path()).contains("value=\"senior\""));
    x.put_record(RESIDENTS, "anna", Some("anna"), &serde_json::json!({"birth_date": 66}));
    assert!(page(&x, &form_path()).contains("value=\"senior\""), "an age is enough");
    x.revoke(RESIDENTS, CONCESSION);
    let without = page(&x, &form_path());
    assert!(!without.contains("value=\"senior\"") && !without.contains("授权核对出生日期"), "consent would not help");
    let (date, id) = (day(1), resident_id("1950-01-01", 1));
    let mut f = fields("k0", &date, "云龙", &id);
    f.push(("v0-concession", "senior"));
    let told = x.post::<Ticketing>("/order", &f).body_text();
    assert!(told.contains("没有授权本应用核对年龄") && told.contains("60.00") && told.contains(&id), "{told}");
    x.grant(RESIDENTS, CONCESSION);
    x.withdraw("anna", CONCESSION);
    let (date, id) = (day(1), resident_id("1950-01-01", 1));
    let mut f = fields("k", &date, "云龙", &id);
    f.push(("v0-concession", "senior"));
    let answer = x.post::<Ticketing>("/order", &f);
    assert_eq!(answer.code().as_u16(), 403);
    assert!(answer.body_text().contains(&id) && answer.body_text().contains("consent"));
}

#[test]
fn consent_and_another_try_keep_every_visitor() {
    let x = Xuzhou::new();
    let key = key(&page(&x, &form_path()));
    let date = day(1);
    let id = resident_id("1990-01-01", 1);
    let mut f = fields(&key, &date, "", "");
    f[4] = ("count", "2");
    f[5] = ("action", "fill");
    f.extend([("v1-name", "云二"), ("v1-id_number", id.as_str())]);
    let asked = x.post::<Ticketing>("/order", &f);
    assert_eq!(asked.code().as_u16(), 403);
    let html = asked.body_text();
    assert!(html.contains("value=\"云二\"") && html.contains("order%2Fconsented") && html.contains("noopener"));
    for scope in OWN_DATA {
        assert!(html.contains(scope), "{scope} is asked for on the way");
    }
    consent_to_own_data(&x);
    assert!(page(&x, "/order/consented").contains("关闭这个窗口"));
    let html = x.post::<Ticketing>("/order", &f).body_text();
    assert!(html.contains("value=\"云小龙\"") && html.contains("value=\"云二\"") && html.contains(&key));
    f[5] = ("action", "again");
    assert!(x.post::<Ticketing>("/order", &f).body_text().contains("value=\"云二\""));
}

#[test]
fn a_form_that_was_sent_before_comes_back_with_a_key_of_its_own() {
    let x = Xuzhou::new();
    let form_key = key(&page(&x, &form_path()));
    let date = day(1);
    let (one, two) = (resident_id("1990-01-01", 1), resident_id("1990-01-01", 2));
    let first = location(&x.post::<Ticketing>("/order", &fields(&form_key, &date, "云龙", &one)));
    let again = x.post::<Ticketing>("/order", &fields(&form_key, &date, "云龙", &two));
    let html = again.body_text();
    assert!(again.code().as_u16() == 409 && html.contains(&first) && html.contains(&two));
    let fresh = key(&html);
    assert_ne!(fresh, form_key);
    assert_ne!(location(&x.post::<Ticketing>("/order", &fields(&fresh, &date, "云龙", &two))), first);
    // Too many conflicts are no reason to lose what was typed.
    x.conflict_next(1_000);
    let three = resident_id("1990-01-01", 3);
    let busy = x.post::<Ticketing>("/order", &fields("k-3", &date, "云龙", &three));
    assert!(busy.code().as_u16() == 503 && busy.body_text().contains(&three));
    x.conflict_next(0);
}

#[test]
fn the_gate_page_answers_large_and_keeps_its_place() {
    let x = Xuzhou::new();
    x.configure("admission_window", "any-time");
    let id = x.bought(&guishan(1));
    let code = x.code(&id, 0);
    x.at_the_gate(|| {
        assert!(page(&x, "/gate").contains("name=\"code\""));
        let nowhere = x.post::<Ticketing>("/gate", &[("attraction", ""), ("gate", "东门"), ("code", &code)]);
        assert!(nowhere.code().as_u16() == 422 && nowhere.body_text().contains("error-attraction"));
        assert_eq!(x.post::<Ticketing>("/gate", &[("attraction", "atlantis"), ("code", &code)]).code().as_u16(), 422);
        let post =
            |code: &str| x.post::<Ticketing>("/gate", &[("attraction", "guishan"), ("gate", "东门"), ("code", code)]);
        let ok = post(&code);
        assert!(ok.code().is_success() && ok.body_text().contains("可以入园") && ok.body_text().contains("东门"));
        assert!(ok.body_text().contains("value=\"guishan\" selected"), "the place is kept for the next");
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
        let seen = page(&x, &format!("/orders/{id}"));
        assert!(seen.contains("退票") && !seen.contains("/tickets/0"));
        assert!(page(&x, &format!("/orders/{id}/refund")).contains("name=\"full\""));
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

//! Closures: what was sold for a day that the department closes goes back, once.

use crate::support::*;
use serde_json::{Value, json};
use tourism_ticketing::Ticketing;

fn close(x: &Xuzhou, attraction: &str, body: &Value) -> yunlong_sdk::Response {
    x.as_manager(|| x.put(&format!("/api/manage/attractions/{attraction}/days/{}", day(1)), body))
}

fn storm() -> Value {
    json!({"open": false, "reason": {"zh": "暴雨", "en": "Storm"}, "refund_sold": true})
}

/// Acceptance line 8.
#[test]
fn closing_a_day_that_was_sold_asks_first_and_then_refunds_its_tickets() {
    let x = Xuzhou::new();
    let ids: Vec<String> = (1..=3).map(|n| x.bought(&guishan(n))).collect();
    let mut afternoon = guishan(1);
    afternoon["slot"] = json!("15:00");
    let other_slot = x.bought(&afternoon);
    let mut another_day = guishan(4);
    another_day["date"] = json!(day(2));
    let kept = x.bought(&another_day);
    let held = text(&x.ordered(&guishan(9)), "/id");
    let asked = close(&x, "guishan", &json!({"open": false}));
    assert_eq!((kind(&asked).as_str(), asked.body_json()["tickets"].clone()), ("tickets-sold", json!(5)));
    assert_eq!(x.state(&ids[0]), "issued", "nothing happened");
    assert_eq!(close(&x, "guishan", &storm()).code().as_u16(), 200);
    assert_eq!(kind(&x.order(&guishan(10))), "closed");
    x.settle();
    for id in ids.iter().chain([&other_slot]) {
        let order = x.get_order(id);
        assert_eq!((order["state"].clone(), order["refunded"].clone()), (json!("refunded"), json!(6_000)));
    }
    assert_eq!((x.state(&held).as_str(), x.state(&kept).as_str()), ("expired", "issued"));
    let told = x.inbox("anna").iter().filter(|n| n.body.zh.contains("暴雨")).count();
    assert_eq!(told, 5, "each order's buyer is told why");
    let closures = x.as_manager(|| x.api("/api/manage/closures").body_json());
    let c = &closures["closures"][0];
    assert_eq!(
        (c["tickets"].clone(), c["orders"].clone(), c["amount"].clone(), c["done"].clone()),
        (json!(4), json!(5), json!(24_000), json!(true))
    );
    // The same again changes nothing.
    assert_eq!(close(&x, "guishan", &storm()).code().as_u16(), 200);
    x.settle();
    assert_eq!(x.as_manager(|| x.api("/api/manage/closures").body_json())["closures"].as_array().unwrap().len(), 1);
    // And opened again, the day sells again.
    close(&x, "guishan", &json!({}));
    x.ordered(&guishan(1));
}

/// Acceptance line 6.
#[test]
fn a_used_part_stays_used_and_the_closed_part_returns_at_its_settlement_price() {
    let x = Xuzhou::new();
    let id = x.bought(&joint(1));
    x.at_nine_tomorrow();
    assert_eq!(x.admit(&json!({"code": x.code(&id, 0), "attraction": "guishan"})).code().as_u16(), 200);
    assert_eq!(close(&x, "bingmayong", &storm()).code().as_u16(), 200);
    x.settle();
    let check = || {
        let order = x.get_order(&id);
        assert_eq!((order["state"].clone(), order["refunded"].clone()), (json!("part-refunded"), json!(7_314)));
        assert_eq!(order["refunds"][0]["tickets"], json!([{"ticket": 0, "attraction": "bingmayong", "amount": 7_314}]));
        let report = x.as_manager(|| x.api(&format!("/api/sales?date={}", day(1))).body_json());
        assert_eq!(report["revenue"], 5_486);
    };
    check();
    let events = x.published().iter().filter(|e| e.topic == "tickets.sweep").cloned().collect::<Vec<_>>();
    for event in &events {
        x.deliver_event::<Ticketing>(event).unwrap();
    }
    x.settle();
    check();
}

#[test]
fn a_closure_of_many_tickets_goes_on_page_by_page_and_survives_conflicts() {
    let x = Xuzhou::new();
    let orders: Vec<String> = (0..30)
        .map(|n| {
            let mut order = guishan(0);
            order["visitors"] = (0..3).map(|k| visitor(n * 3 + k)).collect();
            x.bought(&order)
        })
        .collect();
    x.conflict_next(1);
    assert_eq!(close(&x, "guishan", &storm()).code().as_u16(), 200);
    x.conflict_next(3);
    x.settle();
    assert!(orders.iter().all(|id| x.state(id) == "refunded"));
    let c = x.as_manager(|| x.api("/api/manage/closures").body_json())["closures"][0].clone();
    assert_eq!((c["tickets"].clone(), c["amount"].clone()), (json!(90), json!(540_000)));
    assert_eq!(x.remaining_after_reopening("guishan"), 100);
}

#[test]
fn a_weekday_that_is_closed_from_now_on_refunds_the_days_to_come() {
    let x = Xuzhou::new();
    let tomorrow = x.bought(&guishan(1));
    let mut next_week = guishan(2);
    next_week["date"] = json!(day(8));
    let next_week = x.bought(&next_week);
    let mut thursday = guishan(3);
    thursday["date"] = json!(day(2));
    let thursday = x.bought(&thursday);
    let edit = |refund: bool| {
        let mut a = attraction("guishan");
        // Tomorrow is a Wednesday.
        a["closed_weekdays"] = json!([3]);
        a["refund_sold"] = json!(refund);
        x.as_manager(|| x.put("/api/manage/attractions/guishan", &a))
    };
    assert_eq!(edit(false).body_json()["tickets"], 2);
    assert_eq!(edit(true).code().as_u16(), 200);
    x.settle();
    assert_eq!([x.state(&tomorrow), x.state(&next_week), x.state(&thursday)], ["refunded", "refunded", "issued"]);
}

#[test]
fn a_cap_below_what_is_sold_stops_sales_and_takes_no_ticket_away() {
    let x = Xuzhou::new();
    let ids: Vec<String> = (1..=5).map(|n| x.bought(&guishan(n))).collect();
    let lowered = close(&x, "guishan", &json!({"daily_cap": 3}));
    assert_eq!((lowered.code().as_u16(), lowered.body_json()["daily_cap"].clone()), (200, json!(3)));
    assert_eq!(kind(&x.order(&guishan(6))), "sold-out");
    assert_eq!(x.slot("guishan", &day(1), "09:00")["remaining"], 0);
    x.settle();
    assert!(ids.iter().all(|id| x.state(id) == "issued"));
    // The day is over its cap: the red alert is given with the change.
    let alerts = x.as_manager(|| x.api(&format!("/api/manage/alerts?date={}", day(1))).body_json());
    assert_eq!(alerts["alerts"][0]["level"], "red");
}

/// Puts the clock so many hours into tomorrow.
fn tomorrow_at(x: &Xuzhou, hour: i64) {
    let start = tourism_ticketing::domain::time::Date::at(TUESDAY).plus(1).start();
    x.set_now(u64::try_from(start + hour * 3_600_000).unwrap());
}

#[test]
fn closing_today_returns_what_is_not_over_and_a_past_day_cannot_be_closed() {
    let x = Xuzhou::new();
    let missed = x.bought(&guishan(1));
    let mut afternoon = guishan(2);
    afternoon["slot"] = json!("15:00");
    let afternoon = x.bought(&afternoon);
    tomorrow_at(&x, 16);
    let asked = close(&x, "guishan", &json!({"open": false}));
    assert_eq!((kind(&asked).as_str(), asked.body_json()["tickets"].clone()), ("tickets-sold", json!(1)));
    assert_eq!(close(&x, "guishan", &storm()).code().as_u16(), 200);
    x.settle();
    assert_eq!([x.state(&missed), x.state(&afternoon)], ["issued", "refunded"], "a session that is over was missed");
    // At five nothing is left to return, and nobody is asked.
    close(&x, "guishan", &json!({}));
    tomorrow_at(&x, 17);
    assert_eq!(close(&x, "guishan", &json!({"open": false})).code().as_u16(), 200);
    x.settle();
    assert_eq!(x.state(&missed), "issued");
    tomorrow_at(&x, 24);
    let past = close(&x, "guishan", &storm());
    assert_eq!((past.code().as_u16(), &past.body_json()["errors"][0]["pointer"]), (422, &json!("/date")));
    x.settle();
    assert_eq!(x.state(&missed), "issued");
    let typed = [("date", day(1)), ("what", "close".into()), ("refund_sold", "yes".into())];
    let typed: Vec<(&str, &str)> = typed.iter().map(|(n, v)| (*n, v.as_str())).collect();
    let page = x.as_manager(|| x.post::<Ticketing>("/manage/attractions/guishan/days", &typed));
    assert!(page.code().as_u16() == 422 && page.body_text().contains("已经过去"));
}

fn outcome(x: &Xuzhou) -> [Value; 4] {
    let c = x.as_manager(|| x.api("/api/manage/closures").body_json())["closures"][0].clone();
    ["amount", "returned", "failed", "waiting"].map(|f| c[f].clone())
}

#[test]
fn what_is_asked_back_returned_and_refused_is_told_apart_and_asked_for_again_in_one_step() {
    let x = Xuzhou::new();
    let orders: Vec<String> = (1..=3).map(|n| x.bought(&guishan(n))).collect();
    // One more refund fails that has nothing to do with the closure.
    let mut other = guishan(4);
    other["date"] = json!(day(2));
    let other = x.bought(&other);
    assert_eq!(x.call(&format!("/api/orders/{other}/refund"), &json!({})).code().as_u16(), 202);
    assert_eq!(close(&x, "guishan", &storm()).code().as_u16(), 200);
    x.deliver::<Ticketing>();
    assert_eq!(outcome(&x), [18_000, 0, 0, 18_000].map(|n| json!(n)), "asked is not returned");
    let page = || x.as_manager(|| x.get::<Ticketing>("/manage").body_text());
    assert!(page().contains("退款中") && !page().contains("已完成"));
    x.refuse_refunds("declined");
    x.deliver::<Ticketing>();
    assert_eq!(outcome(&x), [18_000, 0, 18_000, 0].map(|n| json!(n)));
    let html = page();
    assert!(html.contains("退款失败") && html.contains("全部重新申请"));
    let id = text(&x.as_manager(|| x.api("/api/manage/closures").body_json()), "/closures/0/id");
    let retry = format!("/api/manage/closures/{id}/retry");
    assert_eq!(kind(&x.call(&retry, &json!({}))), "role-required");
    assert_eq!(kind(&x.as_manager(|| x.call("/api/manage/closures/none/retry", &json!({})))), "not-found");
    // Twice, as impatient people do.
    for _ in 0..2 {
        assert_eq!(x.as_manager(|| x.call(&retry, &json!({}))).code().as_u16(), 202);
    }
    x.conflict_next(2);
    x.deliver::<Ticketing>();
    x.deliver::<Ticketing>();
    assert_eq!(outcome(&x), [18_000, 0, 0, 18_000].map(|n| json!(n)));
    assert!(orders.iter().all(|id| x.get_order(id)["refunds"][0]["state"] == "asked"));
    assert_eq!(x.get_order(&other)["refunds"][0]["state"], "failed", "another's refund is its own");
    x.settle();
    assert_eq!(outcome(&x), [18_000, 18_000, 0, 0].map(|n| json!(n)));
    assert!(orders.iter().all(|id| x.state(id) == "refunded") && page().contains("已完成"));
    // Nothing failed any more: nothing is asked.
    let before = x.published().len();
    let posted = x.as_manager(|| x.post::<Ticketing>(&format!("/manage/closures/{id}/retry"), &[]));
    assert_eq!((posted.code().as_u16(), x.published().len()), (303, before));
}

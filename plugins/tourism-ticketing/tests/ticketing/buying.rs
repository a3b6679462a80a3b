//! What can be bought, and what is refused with which reason.

use crate::support::*;
use serde_json::{Value, json};
use tourism_ticketing::Ticketing;
use tourism_ticketing::domain::catalogue::{DayPlan, Session};
use tourism_ticketing::domain::time::Date;
use tourism_ticketing::store::{ATTRACTIONS, DAY_PLANS};
use yunlong_sdk::{App, Request};

fn set_cap(attraction: &str, cap: u32) {
    let mut a = ATTRACTIONS.get(attraction).unwrap().unwrap().into_value();
    a.sessions = a.sessions.iter().map(|s| Session { cap, ..*s }).collect();
    ATTRACTIONS.put(&a).unwrap();
}

#[test]
fn the_routes_are_sound_and_the_document_names_every_operation() {
    let x = Xuzhou::new();
    Ticketing::router().check().unwrap();
    let doc = x.get::<Ticketing>("/openapi.json").body_json();
    assert_eq!(doc["openapi"], "3.1.0");
    let ids: Vec<&str> = doc["paths"]
        .as_object()
        .unwrap()
        .values()
        .flat_map(|p| p.as_object().unwrap().values())
        .filter_map(|o| o["operationId"].as_str())
        .collect();
    for id in [
        "listAttractions",
        "listSlots",
        "createOrder",
        "payOrder",
        "getOrder",
        "admit",
        "listOrders",
        "cancelOrder",
        "refundOrder",
        "getTicketCode",
        "salesReport",
        "getCatalogue",
        "putAttraction",
        "putProduct",
        "listDays",
        "putDay",
        "listClosures",
        "listAlerts",
        "getGateList",
        "uploadBatch",
        "getBatch",
        "listBatches",
        "getStatement",
    ] {
        assert!(ids.contains(&id), "{id}");
    }
}

#[test]
fn the_catalogue_has_all_of_the_sample_and_begins_with_the_joint_ticket_of_two_han_sites() {
    let x = Xuzhou::new();
    x.sign_out();
    let c = x.api("/api/attractions").body_json();
    let of = |kind: &str| c["attractions"].as_array().unwrap().iter().filter(|a| a["kind"] == kind).count();
    let sample = tourism_ticketing::domain::sample::catalogue().unwrap();
    assert_eq!((of("site"), of("coach")), (54, 4));
    assert_eq!(c["products"].as_array().unwrap().len(), sample.products.len());
    let joint = c["products"].as_array().unwrap().iter().find(|p| p["kind"] == "joint").unwrap();
    assert_eq!(joint["id"], "lianghan-joint");
    assert_eq!((joint["price"].clone(), joint["components"][1]["weight"].clone()), (json!(12_800), json!(80)));
}

#[test]
fn a_hundred_of_five_hundred_buyers_get_a_ticket_and_the_rest_a_clear_refusal() {
    let x = Xuzhou::new();
    x.configure("max_open_orders", 1_000);
    let (mut held, mut refused) = (Vec::new(), 0);
    for n in 0..500 {
        let answer = x.order(&guishan(n));
        if answer.code().as_u16() == 201 {
            held.push(text(&answer.body_json(), "/id"));
        } else {
            refused += 1;
            let doc = answer.body_json();
            assert_eq!(
                (kind(&answer).as_str(), &doc["component"]["attraction"], &doc["component"]["hours"]),
                ("sold-out", &json!("guishan"), &json!("09:00–11:00"))
            );
            assert!(text(&doc, "/title").contains("龟山汉墓"));
        }
    }
    assert_eq!((held.len(), refused), (100, 400));
    for id in &held {
        assert_eq!(x.call(&format!("/api/orders/{id}/pay"), &json!({})).code().as_u16(), 202);
        x.pay(&format!("intent-{id}"));
    }
    x.deliver::<Ticketing>();
    assert!(held.iter().all(|id| x.state(id) == "issued"));
    let report = x.as_manager(|| x.api(&format!("/api/sales?date={}", day(1))).body_json());
    assert_eq!((report["sold"].clone(), report["revenue"].clone()), (json!(100), json!(600_000)));
    assert_eq!(x.slot("guishan", &day(1), "09:00")["state"], "sold-out");
}

#[test]
fn a_joint_purchase_reserves_all_or_nothing_and_names_the_full_component() {
    let x = Xuzhou::new();
    set_cap("bingmayong", 1);
    x.ordered(&joint(1));
    let (guishan, queued) = (x.remaining("guishan", "09:00"), x.queued().len());
    let answer = x.order(&joint(2));
    assert_eq!(kind(&answer), "sold-out");
    assert_eq!(answer.body_json()["component"]["attraction"], "bingmayong");
    assert!(answer.body_text().contains("汉兵马俑"));
    assert_eq!((x.remaining("guishan", "09:00"), x.queued().len()), (guishan, queued), "neither is reserved");
    x.ordered(&joint_at("11:00", 2));
}

fn joint_at(slot: &str, n: u32) -> Value {
    let mut order = joint(n);
    order["components"][1]["slot"] = json!(slot);
    order
}

#[test]
fn the_joint_ticket_is_divided_54_86_and_73_14() {
    let x = Xuzhou::new();
    let order = x.ordered(&joint(1));
    let lines: Vec<u64> = order["lines"].as_array().unwrap().iter().map(|l| l["amount"].as_u64().unwrap()).collect();
    assert_eq!((order["amount"].clone(), lines), (json!(12_800), vec![5_486, 7_314]));
}

#[test]
fn the_daily_cap_is_shared_by_the_slots() {
    let x = Xuzhou::new();
    let mut a = ATTRACTIONS.get("guishan").unwrap().unwrap().into_value();
    a.daily_cap = 2;
    ATTRACTIONS.put(&a).unwrap();
    x.ordered(&guishan(1));
    let mut later = guishan(2);
    later["slot"] = json!("13:00");
    x.ordered(&later);
    let answer = x.order(&guishan(3));
    assert_eq!((kind(&answer).as_str(), &answer.body_json()["component"]["hours"]), ("sold-out", &Value::Null));
    assert_eq!(x.remaining("guishan", "11:00"), 0);
}

#[test]
fn one_id_has_one_ticket_for_a_slot_and_the_refusal_names_the_first_order() {
    let x = Xuzhou::new();
    let first = text(&x.ordered(&guishan(7)), "/id");
    let before = x.remaining("guishan", "09:00");
    for second in [guishan(7), joint(7)] {
        let answer = x.order(&second);
        assert_eq!((kind(&answer).as_str(), answer.code().as_u16()), ("duplicate-id", 409));
        assert_eq!(answer.body_json()["first_order"], first.as_str());
        assert_eq!(answer.body_json()["pointer"], "/visitors/0/id_number");
        assert!(text(&answer.body_json(), "/detail").contains(&first));
    }
    assert_eq!(x.remaining("guishan", "09:00"), before);
    let mut afternoon = guishan(7);
    afternoon["slot"] = json!("15:00");
    x.ordered(&afternoon);
}

#[test]
fn the_second_visitor_of_an_order_is_the_one_who_is_named() {
    let x = Xuzhou::new();
    let first = text(&x.ordered(&guishan(7)), "/id");
    let mut two = guishan(8);
    two["visitors"] = json!([visitor(8), visitor(7)]);
    let answer = x.order(&two).body_json();
    assert_eq!(
        (answer["first_order"].clone(), answer["pointer"].clone()),
        (json!(first), json!("/visitors/1/id_number"))
    );
}

#[test]
fn an_id_is_free_again_after_its_hold_was_given_up() {
    let x = Xuzhou::new();
    let first = text(&x.ordered(&guishan(7)), "/id");
    assert_eq!(x.call(&format!("/api/orders/{first}/cancel"), &json!({})).code().as_u16(), 200);
    x.ordered(&guishan(7));
}

#[test]
fn the_museum_sells_no_monday_and_names_why_a_closed_day_is_closed() {
    let x = Xuzhou::new();
    // 2026-11-30 is a Monday.
    let order = |date: &str| json!({"attraction": "museum", "date": date, "slot": "09:00", "visitors": [visitor(1)]});
    let slots = x.api("/api/attractions/museum/slots?date=2026-11-30").body_json();
    assert_eq!((slots["closed"].clone(), slots["slots"].clone()), (json!(true), json!([])));
    assert_eq!(kind(&x.order(&order("2026-11-30"))), "closed");
    let id = DayPlan::key("museum", "2026-12-01".parse::<Date>().unwrap());
    DAY_PLANS
        .put(&DayPlan {
            id,
            open: Some(false),
            reason: Some(yunlong_sdk::t("设备检修", "Maintenance")),
            ..DayPlan::default()
        })
        .unwrap();
    let answer = x.order(&order("2026-12-01"));
    assert_eq!(kind(&answer), "closed");
    assert!(answer.body_text().contains("设备检修"));
}

#[test]
fn a_free_ticket_is_booked_and_issued_without_a_payment() {
    let x = Xuzhou::new();
    let order = x.ordered(&json!({"attraction": "museum", "date": day(1), "slot": "09:00", "visitors": [visitor(1)]}));
    assert_eq!(
        (order["state"].clone(), order["amount"].clone(), order["cashier_url"].clone()),
        (json!("issued"), json!(0), Value::Null)
    );
    assert_eq!(x.inbox("anna").len(), 1);
}

#[test]
fn the_same_idempotency_key_answers_the_same_order_and_never_another() {
    let x = Xuzhou::new();
    let send = |body: &Value, key: &str| {
        x.operation("post", "/api/orders", Request::post("/api/orders").header("idempotency-key", key).json(body))
    };
    let first = send(&guishan(1), "k-1").body_json();
    assert_eq!(send(&guishan(1), "k-1").body_json()["id"], first["id"]);
    assert_eq!(x.remaining("guishan", "09:00"), 99);
    assert_eq!(kind(&send(&guishan(2), "k-1")), "idempotency-key-reused");
    x.sign_in("bo");
    assert_ne!(send(&guishan(3), "k-1").body_json()["id"], first["id"], "another buyer's key is another key");
    x.sign_in("anna");
    x.advance(20 * MINUTE);
    x.deliver::<Ticketing>();
    assert_eq!(send(&guishan(1), "k-1").body_json()["state"], "expired", "also when the order has gone on");
}

#[test]
fn every_field_refuses_with_its_pointer() {
    let x = Xuzhou::new();
    let with = |f: &dyn Fn(&mut Value)| {
        let mut body = guishan(1);
        f(&mut body);
        x.order(&body)
    };
    for (want, change) in [
        ("/date", &(|b: &mut Value| b["date"] = json!("2026-02-30")) as &dyn Fn(&mut Value)),
        ("/date", &|b| drop(b.as_object_mut().unwrap().remove("date"))),
        ("/slot", &|b| b["slot"] = json!("nine")),
        ("/slot", &|b| b["slot"] = json!("10:00")),
        ("/product", &|b| drop(b.as_object_mut().unwrap().remove("attraction"))),
        ("/visitors", &|b| b["visitors"] = json!([])),
        ("/visitors", &|b| b["visitors"] = Value::Array((0..6).map(visitor).collect())),
        ("/visitors/0/name", &|b| b["visitors"][0]["name"] = json!("")),
        ("/visitors/0/id_type", &|b| b["visitors"][0]["id_type"] = json!("visa")),
        ("/visitors/0/id_number", &|b| b["visitors"][0]["id_number"] = json!("320302199001019990")),
        ("/visitors/0/id_number", &|b| b["visitors"][0]["id_number"] = json!("320302199902299996")),
        ("/visitors/0/phone", &|b| b["visitors"][0]["phone"] = json!("123")),
        ("/visitors/0/concession", &|b| b["visitors"][0]["concession"] = json!("student")),
        ("/guardian", &|b| b["visitors"][0]["id_number"] = json!(resident_id("2015-01-01", 1))),
        ("/components/0/attraction", &|b| b["components"] = json!([{"attraction": "museum"}])),
    ] {
        let answer = with(change);
        assert_eq!((kind(&answer).as_str(), answer.code().as_u16()), ("invalid-fields", 422), "{want}");
        assert_eq!(answer.body_json()["errors"][0]["pointer"], want);
    }
    for (change, status) in [("not json", 400), ("3", 400), ("{\"visitors\": 1}", 400)] {
        assert_eq!(
            x.operation("post", "/api/orders", Request::post("/api/orders").body("application/json", change))
                .code()
                .as_u16(),
            status,
            "{change}"
        );
    }
    assert_eq!(with(&|b| b["attraction"] = json!("atlantis")).code().as_u16(), 404);
    assert_eq!(with(&|b| b["attraction"] = json!("x".repeat(400))).code().as_u16(), 404);
    assert_eq!(x.remaining("guishan", "09:00"), 100, "no refusal leaves a trace");
    assert!(x.queued().is_empty() && x.audit().is_empty());
}

#[test]
fn a_slot_that_is_over_or_far_away_is_not_on_sale() {
    let x = Xuzhou::new();
    for date in [day(-1), day(31)] {
        let mut order = guishan(1);
        order["date"] = json!(date);
        assert_eq!(kind(&x.order(&order)), "not-on-sale", "{date}");
    }
    let mut order = guishan(1);
    order["date"] = json!(day(30));
    x.ordered(&order);
}

#[test]
fn nobody_orders_without_signing_in() {
    let x = Xuzhou::new();
    x.sign_out();
    assert_eq!(x.order(&guishan(1)).code().as_u16(), 401);
}

#[test]
fn without_visitors_the_buyers_own_data_is_used_by_consent() {
    let x = Xuzhou::new();
    let order = json!({"attraction": "guishan", "date": day(1), "slot": "09:00"});
    let answer = x.order(&order);
    assert_eq!((kind(&answer).as_str(), answer.code().as_u16()), ("consent-required", 403));
    assert_eq!(answer.body_json()["scope"], "visitor-name");
    x.consent("anna", "visitor-name");
    assert_eq!(x.order(&order).body_json()["scope"], "visitor-id", "one consent is not another");
    x.consent("anna", "visitor-id");
    let order = x.ordered(&order);
    assert_eq!(order["visitors"][0]["name"], "云小龙", "without a mobile, which the buyer kept back");
    assert!(text(&order, "/visitors/0/id_number").contains("********"));
}

#[test]
fn without_a_slot_the_first_with_room_is_taken() {
    let x = Xuzhou::new();
    set_cap("guishan", 1);
    let order = |n| json!({"product": "guishan-single", "date": day(1), "visitors": [visitor(n)]});
    let starts: Vec<String> = (0..4).map(|n| text(&x.ordered(&order(n)), "/components/0/slot")).collect();
    assert_eq!(starts, ["09:00", "11:00", "13:00", "15:00"]);
    assert_eq!(kind(&x.order(&order(9))), "sold-out");
    assert_eq!(
        text(
            &x.ordered(&json!({"product": "hubushan-single", "date": day(0), "visitors": [visitor(1)]})),
            "/components/0/slot"
        ),
        "09:00"
    );
}

mod concessions {
    use super::*;

    fn senior(x: &Xuzhou, born: &str) -> Value {
        x.born("anna", born);
        json!({"attraction": "guishan", "date": day(1), "slot": "09:00", "visitors": [{"name": "云老", "id_number": resident_id(born, 5), "concession": "senior"}]})
    }

    #[test]
    fn the_price_by_age_is_proven_by_the_population_database() {
        let x = Xuzhou::new();
        let order = senior(&x, "1966-11-25");
        let answer = x.order(&order);
        assert_eq!(
            (kind(&answer).as_str(), answer.body_json()["scope"].clone()),
            ("consent-required", json!(CONCESSION))
        );
        assert_eq!(x.shared_reads(), []);
        x.consent("anna", CONCESSION);
        assert_eq!(x.ordered(&order)["amount"], 3_000, "sixty on the day of the visit");
        let reads = x.shared_reads();
        assert_eq!(
            (reads.len(), &reads[0].fields[..]),
            (1, &["birth_date".to_owned()][..]),
            "nothing but what it needs"
        );
        x.set_now(TUESDAY as u64);
        let free = x.ordered(&senior(&x, "1961-11-25"));
        assert_eq!((free["amount"].clone(), free["state"].clone()), (json!(0), json!("issued")));
        assert_eq!(free["visitors"][0]["concession"], "senior-65");
    }

    #[test]
    fn a_provider_that_grants_the_age_alone_is_enough() {
        let x = Xuzhou::new();
        x.consent("anna", CONCESSION);
        let order = senior(&x, "1966-11-25");
        x.put_record(RESIDENTS, "anna", Some("anna"), &json!({"birth_date": 59}));
        assert_eq!(x.ordered(&order)["amount"], 3_000, "fifty-nine today, sixty on the day of the visit");
        x.put_record(RESIDENTS, "anna", Some("anna"), &json!({"birth_date": 70}));
        let other = x.order(&senior_of("1966-11-25", 6));
        assert_eq!(
            other.body_json()["errors"][0]["pointer"],
            "/visitors/0/concession",
            "the document of somebody else"
        );
    }

    fn senior_of(born: &str, n: u32) -> Value {
        json!({"attraction": "guishan", "date": day(1), "slot": "09:00", "visitors": [{"name": "云老", "id_number": resident_id(born, n), "concession": "senior"}]})
    }

    /// Whoever cannot have the reduced price learns why, and what the ticket costs without it.
    #[test]
    fn without_a_record_or_a_grant_the_full_price_is_named_and_can_be_paid() {
        let x = Xuzhou::new();
        x.consent("anna", CONCESSION);
        let order = senior(&x, "1950-01-01");
        let refused = |x: &Xuzhou, says: &str| {
            let answer = x.order(&order);
            assert_eq!(answer.code().as_u16(), 422, "{}", answer.body_text());
            let error = &answer.body_json()["errors"][0];
            assert_eq!(error["pointer"], "/visitors/0/concession");
            let text = error["detail"].as_str().unwrap().to_owned();
            assert!(text.contains(says) && text.contains("60.00"), "{text}");
        };
        x.remove_record(RESIDENTS, "anna");
        refused(&x, "没有您的出生日期");
        x.born("anna", "1950-01-01");
        x.revoke(RESIDENTS, CONCESSION);
        refused(&x, "没有授权");
        x.expire(RESIDENTS, CONCESSION);
        refused(&x, "没有授权");
        x.grant(RESIDENTS, CONCESSION);
        // The provider gives the year alone: it decides nothing.
        x.put_record(RESIDENTS, "anna", Some("anna"), &json!({"birth_date": "1950"}));
        refused(&x, "没有授权");
        assert_eq!(x.ordered(&guishan(7))["amount"], 6_000);
    }

    #[test]
    fn a_consent_that_is_taken_back_ends_the_next_reading() {
        let x = Xuzhou::new();
        x.consent("anna", CONCESSION);
        x.ordered(&senior(&x, "1950-01-01"));
        x.withdraw("anna", CONCESSION);
        let reads = x.shared_reads().len();
        let mut later = senior(&x, "1950-01-01");
        later["slot"] = json!("11:00");
        assert_eq!(kind(&x.order(&later)), "consent-required");
        assert_eq!(x.shared_reads().len(), reads);
    }

    #[test]
    fn too_young_another_persons_and_a_second_one_are_refused_at_the_field() {
        let x = Xuzhou::new();
        x.consent("anna", CONCESSION);
        let young = senior(&x, "1966-11-26");
        let mut other = senior(&x, "1950-01-01");
        other["visitors"][0]["id_number"] = json!(resident_id("1951-01-01", 1));
        let mut passport = senior(&x, "1950-01-01");
        passport["visitors"][0] = json!({"name": "Ada", "id_type": "passport", "id_number": "E12345678", "birth_date": "1950-01-01", "concession": "senior"});
        let mut joint = joint(1);
        joint["visitors"][0]["concession"] = json!("senior");
        for order in [young.clone(), other, passport, joint] {
            x.born("anna", if order == young { "1966-11-26" } else { "1950-01-01" });
            let answer = x.order(&order);
            assert_eq!(answer.body_json()["errors"][0]["pointer"], "/visitors/0/concession", "{order}");
        }
        let mut two = senior(&x, "1950-01-01");
        let second = json!({"name": "云", "id_number": resident_id("1950-01-01", 6), "concession": "senior"});
        two["visitors"].as_array_mut().unwrap().push(second);
        assert_eq!(x.order(&two).body_json()["errors"][0]["pointer"], "/visitors/1/concession");
    }
}

/// The early look at a slot's counter turns most of the late away; what keeps the promise is the
/// bound of the commit. Here the last place goes to somebody else between the two.
#[test]
fn the_commit_itself_refuses_to_sell_the_last_place_twice() {
    use tourism_ticketing::domain::order::{NewOrder, Order, Part};
    use tourism_ticketing::domain::{sample, slot};
    use tourism_ticketing::store::{StageError, stage};
    use yunlong_sdk::{DataError, transact};
    let x = Xuzhou::new();
    set_cap("guishan", 1);
    let first = text(&x.ordered(&guishan(1)), "/id");
    let visitors = tourism_ticketing::store::ORDERS.get(&first).unwrap().unwrap().into_value().visitors;
    assert_eq!(x.call(&format!("/api/orders/{first}/cancel"), &json!({})).code().as_u16(), 200);
    let attraction = ATTRACTIONS.get("guishan").unwrap().unwrap().into_value();
    let nine = slot::day(&attraction, None, Date::at(TUESDAY).plus(1)).slots()[0].clone();
    let product = sample::catalogue().unwrap().products.into_iter().find(|p| p.id == "guishan-single").unwrap();
    let part = Part { name: attraction.name, operator: attraction.operator, slot: nine };
    let new = NewOrder {
        id: "RACER0000000".into(),
        owner: "bo".into(),
        request: String::new(),
        parts: vec![part],
        visitors,
        guardian: false,
        acting: None,
    };
    let refused = transact(|tx| {
        let mut order = Order::draft(new.clone(), &product, TUESDAY);
        let effects = order.hold(15, TUESDAY).unwrap();
        stage(tx, &mut order, effects, true, TUESDAY)?;
        x.ordered(&guishan(2));
        Ok::<(), StageError>(())
    });
    assert!(matches!(refused, Err(StageError::Data(DataError::OutOfBounds { value: 1, max: 1, .. }))), "{refused:?}");
    assert_eq!((x.remaining("guishan", "09:00"), x.get_order("RACER0000000")["status"].clone()), (0, json!(404)));
}

#[test]
fn what_is_kept_of_a_request_is_not_its_plain_digest() {
    use sha2::{Digest, Sha256};
    use tourism_ticketing::domain::visitor::VisitorInput;
    use tourism_ticketing::service::purchase::{Choice, Purchase};
    let x = Xuzhou::new();
    let id = text(&x.ordered(&guishan(1)), "/id");
    let kept = tourism_ticketing::store::ORDERS.get(&id).unwrap().unwrap().into_value().request;
    let purchase = Purchase {
        product: "guishan-single".into(),
        choices: vec![Choice { date: day(1).parse().unwrap(), start: Some("09:00".parse().unwrap()) }],
        visitors: Some(vec![VisitorInput {
            name: "云龙".into(),
            id_type: "resident-id".into(),
            id_number: resident_id("1990-01-01", 1),
            birth_date: String::new(),
            phone: "19900000001".into(),
            concession: None,
        }]),
        guardian: false,
    };
    let json = serde_json::to_string(&purchase).unwrap();
    let plain: String = Sha256::digest(json.as_bytes()).iter().map(|b| format!("{b:02x}")).collect();
    assert_eq!(kept, tourism_ticketing::service::keys().request_digest(&json), "it is this request's");
    assert_ne!(kept, plain, "whoever reads the data could try IDs out");
}

#[test]
fn one_buyer_holds_so_many_unpaid_orders_and_no_more() {
    let x = Xuzhou::new();
    x.configure("max_open_orders", 2);
    let first = text(&x.ordered(&guishan(1)), "/id");
    x.ordered(&guishan(2));
    let before = x.remaining("guishan", "09:00");
    let third = x.order(&guishan(3));
    assert_eq!((kind(&third).as_str(), third.body_json()["max"].clone()), ("too-many-open-orders", json!(2)));
    assert_eq!(x.remaining("guishan", "09:00"), before, "it reserved nothing");
    // A free booking holds nothing unpaid.
    x.ordered(&json!({"attraction": "museum", "date": day(1), "slot": "09:00", "visitors": [visitor(9)]}));
    x.sign_in("bo");
    x.ordered(&guishan(4));
    x.sign_in("anna");
    x.call(&format!("/api/orders/{first}/cancel"), &json!({}));
    let paid = x.bought(&guishan(3));
    x.ordered(&guishan(5));
    assert_eq!(x.state(&paid), "issued");
    x.advance(15 * MINUTE);
    x.deliver::<Ticketing>();
    x.ordered(&guishan(6));
    x.ordered(&guishan(7));
    assert_eq!(kind(&x.order(&guishan(8))), "too-many-open-orders");
}

mod children {
    use super::*;

    fn child(born: &str, concession: bool) -> Value {
        let mut v = json!({"name": "云小", "id_number": resident_id(born, 3)});
        if concession {
            v["concession"] = json!("child");
        }
        v
    }

    #[test]
    fn a_guardian_declares_and_a_child_pays_by_its_document() {
        let x = Xuzhou::new();
        let mut order = guishan(1);
        order["visitors"] = json!([visitor(1), child("2022-01-01", true), child("2012-11-26", true)]);
        let refused = x.order(&order);
        assert_eq!(refused.body_json()["errors"][0]["pointer"], "/guardian");
        order["guardian"] = json!(true);
        let made = x.ordered(&order);
        let prices: Vec<u64> =
            made["visitors"].as_array().unwrap().iter().map(|v| v["price"].as_u64().unwrap()).collect();
        assert_eq!((prices, made["amount"].clone()), (vec![6_000, 0, 3_000], json!(9_000)));
        let kept = tourism_ticketing::store::ORDERS.get(&text(&made, "/id")).unwrap().unwrap().into_value();
        assert!(kept.guardian && kept.visitors[1].phone.is_empty(), "and needs no phone");
    }

    #[test]
    fn a_child_with_a_passport_needs_its_guardian_too() {
        let x = Xuzhou::new();
        let mut child = json!({"name": "Ada", "id_type": "passport", "id_number": "E12345678"});
        let order = |child: &Value, guardian: bool| {
            let mut body = guishan(1);
            body["visitors"] = json!([visitor(1), child]);
            body["guardian"] = json!(guardian);
            x.order(&body)
        };
        let pointer = |answer: yunlong_sdk::Response| answer.body_json()["errors"][0]["pointer"].clone();
        assert_eq!(pointer(order(&child, true)), "/visitors/1/birth_date", "it is asked for");
        child["birth_date"] = json!("2016-05-01");
        assert_eq!(pointer(order(&child, false)), "/guardian");
        let made = order(&child, true);
        assert_eq!(made.code().as_u16(), 201, "{}", made.body_text());
        let kept = tourism_ticketing::store::ORDERS.get(&text(&made.body_json(), "/id")).unwrap().unwrap().into_value();
        assert!(kept.guardian);
        assert!(!serde_json::to_string(&kept).unwrap().contains("2016-05-01"), "the date of birth is not kept");
    }

    #[test]
    fn an_adult_a_passport_and_a_product_without_the_price_are_refused_at_the_field() {
        let x = Xuzhou::new();
        let mut passport = child("2022-01-01", true);
        passport["id_type"] = json!("passport");
        passport["id_number"] = json!("E12345678");
        passport["birth_date"] = json!("2022-01-01");
        for (product, visitor) in [
            ("guishan-single", child("2000-01-01", true)),
            ("guishan-single", passport),
            ("lianghan-joint", child("2022-01-01", true)),
        ] {
            let body =
                json!({"product": product, "date": day(1), "slot": "09:00", "visitors": [visitor], "guardian": true});
            let answer = x.order(&body);
            assert_eq!(answer.body_json()["errors"][0]["pointer"], "/visitors/0/concession", "{body}");
        }
    }
}

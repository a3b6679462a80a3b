//! The API: whole stories, each answer held to the document.

use crate::support::*;
use serde_json::{Value, json};
use yunlong_sdk::Request;

#[test]
fn everybody_searches_the_goods_and_sees_their_trace() {
    let x = Xuzhou::new();
    x.sign_out();
    let beds = x.api("/api/listings?category=furniture&division=320324109&limit=100").body_json();
    assert_eq!(beds["listings"].as_array().unwrap().len(), 60, "twelve stores of five");
    let found = x.api("/api/listings?q=%E8%8B%B9%E6%9E%9C&limit=100").body_json();
    let id = text(&found, "/listings/0/id");
    let offer = x.api(&format!("/api/listings/{id}")).body_json();
    assert!(offer["skus"][0]["left"].as_i64().unwrap() > 0 && offer["refused"].is_null());
    let code = text(&offer, "/batch/code");
    let trace = x.api(&format!("/api/trace/{}", code.to_lowercase())).body_json();
    assert_eq!(trace["state"], "passed");
    assert!(!trace.to_string().contains("农户"), "no person stands in it");
    let store = text(&offer, "/store/id");
    for path in ["", "/listings", "/coupons"] {
        assert_eq!(x.api(&format!("/api/stores/{store}{path}")).code().as_u16(), 200, "{path}");
    }
    assert_eq!(x.api("/api/divisions").body_json()["divisions"].as_array().unwrap().len(), 11);
    for path in
        ["/api/listings/NONE", "/api/trace/0000000000000", "/api/stores/NONE", "/api/groups/NONE", "/api/stations/NONE"]
    {
        assert_eq!(x.api(path).code().as_u16(), 404, "{path}");
    }
    for path in ["/api/listings?limit=0", "/api/listings?category=x", "/api/listings?division=11"] {
        let answer = x.api(path);
        assert_eq!((answer.code().as_u16(), kind(&answer)), (422, "invalid-fields".into()), "{path}");
    }
    for path in ["/api/orders", "/api/cart", "/api/returns", "/api/store/orders", "/api/manage/orders"] {
        assert_eq!(x.api(path).code().as_u16(), 401, "{path}");
    }
}

#[test]
fn a_bed_is_bought_sent_and_settled_to_the_fen() {
    let x = Xuzhou::new();
    x.configure("return_days", 0);
    let (bed, seller) = x.goods("furniture");
    let id = x.bought(&bed, 1);
    let paid = x.order(&id);
    let total = paid["total"].as_u64().unwrap();
    assert_eq!((&paid["state"], paid["escrow"]["held"].as_u64()), (&json!("paid"), Some(total)));
    // Nobody else sees it, and the buyer does not handle it.
    assert_eq!(x.by("bo", || x.api(&format!("/api/orders/{id}")).code().as_u16()), 404);
    assert_eq!(x.call(&format!("/api/store/orders/{id}/accept"), &json!({})).code().as_u16(), 403);
    let shipped = x.by(&seller, || {
        x.done(&format!("/api/store/orders/{id}/accept"), &json!({}));
        let ship = json!({"units": [{"line": 0, "units": 1}], "brings": true, "key": "first"});
        let twice = [
            x.done(&format!("/api/store/orders/{id}/ship"), &ship),
            x.done(&format!("/api/store/orders/{id}/ship"), &ship),
        ];
        assert_eq!(twice[0]["shipments"], twice[1]["shipments"], "the same key is the same shipment");
        let request = text(&twice[0], "/shipments/0/request");
        x.done(&format!("/api/store/orders/{id}/brought"), &json!({"request": request}))
    });
    assert_eq!(shipped["state"], "delivered");
    assert_eq!(shipped["shipments"][0]["parcels"].as_array().unwrap().len(), 3, "a bed has three parcels");
    x.done(&format!("/api/orders/{id}/confirm"), &json!({}));
    x.run();
    let settled = x.order(&id);
    let part = |name: &str| settled["division"][name].as_u64().unwrap();
    assert_eq!((&settled["state"], part("platform") + part("station") + part("seller")), (&json!("settled"), total));
    assert_eq!(settled["escrow"], json!({"captured": total, "released": total, "refunded": 0, "held": 0}));
}

#[test]
fn the_same_key_places_one_order_and_another_purchase_under_it_is_refused() {
    let x = Xuzhou::new();
    let (bed, _) = x.goods("furniture");
    let place = |n: u32| {
        x.operation(
            "post",
            "/api/orders",
            Request::post("/api/orders").header("idempotency-key", "one").json(&purchase(&bed, n)),
        )
    };
    let (first, second) = (place(1), place(1));
    assert_eq!((first.code().as_u16(), first.body_json()), (201, second.body_json()));
    let other = place(2);
    assert_eq!((other.code().as_u16(), kind(&other)), (422, "idempotency-key-reused".into()));
    let many = x.call("/api/orders", &purchase(&bed, 999));
    assert_eq!((many.code().as_u16(), kind(&many)), (409, "sold-out".into()));
    let nowhere = x.call(
        "/api/orders",
        &json!({"items": [], "recipient": {"name": "", "phone": "1", "division": "1", "address": ""}}),
    );
    assert_eq!(nowhere.code().as_u16(), 422);
    let id = text(&first.body_json(), "/orders/0/id");
    assert_eq!(x.done(&format!("/api/orders/{id}/cancel"), &json!({}))["state"], "cancelled");
    let again = x.call(&format!("/api/orders/{id}/cancel"), &json!({}));
    assert_eq!((again.code().as_u16(), kind(&again)), (409, "wrong-state".into()));
}

#[test]
fn a_cart_is_filled_quoted_and_emptied() {
    let x = Xuzhou::new();
    let (bed, _) = x.goods("furniture");
    let line = |n: u32| x.put("/api/cart", &json!({"listing": bed, "sku": "single", "quantity": n})).body_json();
    assert_eq!(line(2)["lines"][0]["quantity"], 2);
    assert!(line(3)["total"].as_u64().unwrap() > 0);
    assert_eq!(line(0)["lines"], json!([]));
    let quote = x.done("/api/quotes", &json!({"coupon": "YUN001", "store": "SAMPLE0001", "lines": [3_000, 2_000]}));
    assert_eq!(quote, json!({"lines": [300, 200], "total": 500}));
    let none = x.call("/api/quotes", &json!({"coupon": "NONE", "store": "SAMPLE0001", "lines": [3_000]}));
    assert_eq!((none.code().as_u16(), kind(&none)), (409, "coupon-unknown".into()));
    assert_eq!(
        x.operation(
            "delete",
            "/api/cart",
            yunlong_sdk::testing::TestRequest::new(yunlong_sdk::Method::DELETE, "/api/cart")
        )
        .code()
        .as_u16(),
        204
    );
}

/// Delivered by its store; the order's number and its seller.
fn delivered(x: &Xuzhou, category: &str) -> (String, String) {
    let (listing, seller) = x.goods(category);
    let id = x.bought(&listing, 2);
    x.by(&seller, || {
        x.done(&format!("/api/store/orders/{id}/accept"), &json!({}));
        let o = x.done(
            &format!("/api/store/orders/{id}/ship"),
            &json!({"units": [{"line": 0, "units": 2}], "brings": true}),
        );
        x.done(&format!("/api/store/orders/{id}/brought"), &json!({"request": text(&o, "/shipments/0/request")}));
    });
    (id, seller)
}

#[test]
fn a_return_goes_to_the_arbiter_whose_word_is_final() {
    let x = Xuzhou::new();
    let (id, seller) = delivered(&x, "furniture");
    let body = json!({"units": [{"line": 0, "units": 1}], "reason": "quality", "text": "开裂"});
    let r = x.done(&format!("/api/orders/{id}/returns"), &body);
    let path = format!("/api/returns/{}/steps", text(&r, "/id"));
    let step = |body: Value| x.call(&path, &body);
    let held = x.call(&format!("/api/orders/{id}/confirm"), &json!({}));
    assert_eq!((held.code().as_u16(), kind(&held)), (409, "escrow-held".into()));
    assert_eq!(step(json!({"step": "approve"})).code().as_u16(), 404, "a buyer does not approve");
    x.by(&seller, || assert_eq!(step(json!({"step": "reject", "text": "使用痕迹"})).body_json()["state"], "rejected"));
    assert_eq!(step(json!({"step": "appeal"})).body_json()["state"], "disputed");
    let worth = r["amount"].as_u64().unwrap();
    x.role("arbiter", || {
        assert_eq!(x.api("/api/manage/disputes").body_json()["returns"].as_array().unwrap().len(), 1);
        let over = step(json!({"step": "arbitrate", "amount": worth + 1, "text": "全退"}));
        assert_eq!((over.code().as_u16(), kind(&over)), (422, "invalid-fields".into()));
        let decided = step(json!({"step": "arbitrate", "amount": 10_000, "text": "部分退款"})).body_json();
        assert_eq!((&decided["state"], &decided["refunded"]), (&json!("arbitrated"), &json!(10_000)));
    });
    x.run();
    assert_eq!(x.order(&id)["escrow"]["refunded"], 10_000);
    assert_eq!(x.api("/api/returns").body_json()["returns"][0]["allowed"], json!([]));
    assert_eq!(step(json!({"step": "dance"})).code().as_u16(), 422);
}

#[test]
fn fresh_food_is_not_returned_without_a_reason() {
    let x = Xuzhou::new();
    let (id, _) = delivered(&x, "fresh-food");
    let ask = |reason: &str| {
        x.call(&format!("/api/orders/{id}/returns"), &json!({"units": [{"line": 0, "units": 1}], "reason": reason}))
    };
    assert_eq!(kind(&ask("no-reason")), "fresh-food");
    assert_eq!(ask("damaged").code().as_u16(), 201);
}

#[test]
fn a_station_orders_for_an_elder_and_syncs_each_order_once() {
    let x = Xuzhou::new();
    let (bed, _) = x.goods("craft");
    let sale = |client: &str, consent: Value| {
        let mut purchase = purchase(&bed, 1);
        purchase["recipient"]["phone"] = json!("");
        json!({"client_id": client, "purchase": purchase, "consent": consent, "made_at": TUESDAY})
    };
    x.official("sample-keeper-19", "station", || {
        let mine = x.api("/api/my-stations").body_json();
        let s = text(&mine, "/stations/0/id");
        assert!(!x.api(&format!("/api/stations/{s}/catalogue")).body_json()["goods"].as_array().unwrap().is_empty());
        let without = x.call(&format!("/api/stations/{s}/orders"), &sale("client-0001", Value::Null));
        assert_eq!((without.code().as_u16(), kind(&without)), (409, "consent-required".into()));
        let made = x.done(&format!("/api/stations/{s}/orders"), &sale("client-0001", json!("witness")));
        let id = text(&made, "/orders/0/id");
        let receipt = x.api(&format!("/api/orders/{id}/receipt")).body_json();
        assert_eq!((receipt["number"].as_str().unwrap().len(), &receipt["consent_by"]), (8, &json!("witness")));
        let batch = json!({"orders": [sale("client-0001", json!("witness")), sale("client-0002", json!("signature")), sale("client-0003", Value::Null)]});
        let synced = [x.done(&format!("/api/stations/{s}/sync"), &batch), x.done(&format!("/api/stations/{s}/sync"), &batch)];
        assert_eq!(synced[0], synced[1], "sent twice it has its effect once");
        let ids: Vec<_> = (0..2).map(|i| text(&synced[0], &format!("/results/{i}/orders/0/id"))).collect();
        assert!(ids[0] == id && ids[1] != id);
        assert_eq!(synced[0]["results"][2]["refused"]["kind"], "consent-required");
        assert_eq!(x.api(&format!("/api/stations/{s}/orders")).body_json()["orders"].as_array().unwrap().len(), 2);
        let visit = |village: &str| x.call(&format!("/api/stations/{s}/visits"), &json!({"village": village, "day": "2026-11-24"}));
        let near = text(&mine, "/stations/0/village");
        assert_eq!(visit(&near).body_json()["days"], json!(["2026-11-24"]));
        assert_eq!((visit(&near).body_json()["days"].as_array().unwrap().len(), visit("320399999999").code().as_u16()), (1, 422));
        let own = x.put(&format!("/api/manage/stations/{s}/commission"), &json!({"bps": 1_000}));
        assert_eq!((own.code().as_u16(), kind(&own)), (403, "own-commission".into()));
        assert_eq!(x.api("/api/stations/STATION001/catalogue").code().as_u16(), 404, "another's station");
    });
    assert!(x.audit().iter().any(|a| a.action == "station.own-commission"));
    assert_eq!(x.api("/api/stations").code().as_u16(), 200);
}

#[test]
fn figures_and_coverage_say_how_they_were_made() {
    let x = Xuzhou::new();
    x.sign_out();
    let city = x.api("/api/figures?period=2026-10").body_json();
    assert_eq!(city["adds_up"], true);
    let sum: i64 = city["below"].as_array().unwrap().iter().map(|c| c["orders"].as_i64().unwrap()).sum();
    assert!(sum > 0 && sum == city["of"]["orders"].as_i64().unwrap());
    for code in ["320324", "320324109", DONGFENG] {
        assert_eq!(
            x.api(&format!("/api/figures?division={code}&period=2026-10")).body_json()["adds_up"],
            true,
            "{code}"
        );
    }
    let coverage = x.api("/api/coverage?month=2026-11").body_json();
    let (served, villages) = (coverage["of"]["served"].as_u64().unwrap(), coverage["of"]["villages"].as_u64().unwrap());
    assert_eq!((served, villages, &coverage["of"]["reached"]), (60, 2_812, &json!(false)));
    assert_eq!(coverage["of"]["hundredths"], 213);
    assert!(text(&coverage, "/formula/zh").contains("60 ÷ "));
    for path in ["/api/figures?period=soon", "/api/coverage?month=2026-13"] {
        assert_eq!(x.api(path).code().as_u16(), 422, "{path}");
    }
    assert_eq!(x.api("/api/figures?division=110000").code().as_u16(), 404);
}

#[test]
fn units_with_an_amount_are_refused_at_that_field_by_api_and_form() {
    let x = Xuzhou::new();
    let (craft, seller) = x.goods("craft");
    let id = x.bought(&craft, 2);
    x.by(&seller, || {
        let both = json!({"backs": [{"line": 0, "units": 1, "amount": 100}], "reason": "缺货"});
        let refused = x.call(&format!("/api/store/orders/{id}/refund"), &both);
        assert_eq!(
            (refused.code().as_u16(), text(&refused.body_json(), "/errors/0/pointer")),
            (422, "/backs/0/amount".into())
        );
        let fields = [("back-0-units", "1"), ("back-0-amount", "1.00"), ("reason", "缺货")];
        let page = x.form(&format!("/store/orders/{id}/refund"), &fields);
        assert!(page.code().as_u16() == 422 && page.body_text().contains("id=\"error-back-0-amount\""));
        assert!(page.body_text().contains("value=\"1.00\""), "nothing typed is lost");
    });
    assert_eq!(x.order(&id)["escrow"]["refunded"], 0);
}

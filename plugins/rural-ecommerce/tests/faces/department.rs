//! From a farmer's registration to goods on sale, through the API, and what a bad batch does.

use crate::support::*;
use serde_json::{Value, json};
use yunlong_sdk::Lang;

fn both(zh: &str) -> Value {
    json!({"zh": zh, "en": zh})
}

fn register(x: &Xuzhou) -> Value {
    let body =
        json!({"document": "92320324MA000TX221", "name": "农户 900 号", "phone": "19900000900", "village": DONGFENG});
    x.by("grower", || x.put("/api/farmer", &body)).body_json()
}

/// A registered store with a product of fresh food; the product's id.
fn store(x: &Xuzhou) -> String {
    let f = register(x);
    assert_eq!((&f["status"], text(&f, "/document").contains("****")), (&json!("applied"), true));
    x.role("manager", || {
        x.done(&format!("/api/manage/farmers/{}/steps", text(&f, "/id")), &json!({"step": "approve"}))
    });
    x.by("grower", || {
        let store = json!({"name": both("苹果园"), "intro": both("自产自销"), "address": "村部旁"});
        assert_eq!(x.put("/api/store", &store).code().as_u16(), 200);
        let product = json!({
            "title": both("红富士苹果"), "description": both("五千克装"), "category": "fresh-food",
            "skus": [{"id": "single", "name": both("单件"), "price": 4_980, "grams": 5_600, "parcels": 1}],
        });
        text(&x.done("/api/store/products", &product), "/id")
    })
}

#[test]
fn food_without_a_batch_is_refused_and_the_rule_is_named() {
    let x = Xuzhou::empty();
    let product = store(&x);
    x.by("grower", || {
        let l = x.done("/api/store/listings", &json!({"product": product, "stock": [{"sku": "single", "units": 10}]}));
        let refused = x.call(&format!("/api/store/listings/{}/steps", text(&l, "/id")), &json!({"step": "submit"}));
        assert_eq!((refused.code().as_u16(), kind(&refused)), (409, "batch-required".into()));
        assert!(refused.body_text().contains("规则"));
    });
}

/// Listed with a batch that passed its test; the listing's id and the trace code.
fn listed(x: &Xuzhou) -> (String, String) {
    let product = store(x);
    let batch = json!({"goods": both("苹果"), "origin": DONGFENG, "harvest": "2026-11-20", "kilograms": 500});
    let code = x.by("grower", || text(&x.done("/api/store/batches", &batch), "/code"));
    let test = json!({"report": "JC9001", "item": both("农药残留"), "laboratory": "县检测中心", "day": "2026-11-23", "passed": true});
    x.role("inspector", || x.done(&format!("/api/manage/batches/{code}/tests"), &test));
    let listing = x.by("grower", || {
        let l = x.done(
            "/api/store/listings",
            &json!({"product": product, "batch": code, "stock": [{"sku": "single", "units": 10}]}),
        );
        let id = text(&l, "/id");
        assert_eq!(x.done(&format!("/api/store/listings/{id}/steps"), &json!({"step": "submit"}))["state"], "review");
        id
    });
    x.role("manager", || {
        assert_eq!(x.api("/api/manage/listings").body_json()["listings"].as_array().unwrap().len(), 1);
        let version = text(&x.api(&format!("/api/listings/{listing}")).body_json(), "/version");
        x.done(&format!("/api/manage/listings/{listing}/steps"), &json!({"step": "publish", "version": version}));
    });
    (listing, code)
}

#[test]
fn what_was_changed_after_the_look_is_shown_again_and_not_put_on_sale() {
    let x = Xuzhou::empty();
    let (listing, _) = listed(&x);
    let product = text(&x.api(&format!("/api/listings/{listing}")).body_json(), "/listing/product");
    let change = |title: &str| {
        let changed = json!({"title": both(title), "description": both("说明"), "category": "fresh-food", "skus": [{"id": "single", "name": both("单件"), "price": 3_980, "grams": 5_000, "parcels": 1}]});
        x.by("grower", || assert_eq!(x.put(&format!("/api/store/products/{product}"), &changed).code().as_u16(), 200));
    };
    change("第二种");
    let page = format!("/manage/listings/{listing}");
    let seen = x.role("manager", || hidden(&x.page(&page), "version"));
    change("第三种");
    x.role("manager", || {
        let again = x.form(&page, &[("step", "publish"), ("version", &seen)]);
        let shown = again.body_text();
        assert_eq!(again.code().as_u16(), 409);
        assert!(shown.contains("商品在您查看后已修改") && shown.contains("第三种"), "{shown}");
        assert_ne!(hidden(&shown, "version"), seen, "what is shown now can be approved");
        let steps = format!("/api/manage/listings/{listing}/steps");
        let stale = x.call(&steps, &json!({"step": "publish", "version": seen}));
        assert_eq!((stale.code().as_u16(), kind(&stale)), (409, "changed-since-seen".into()));
        let unsaid = x.call(&steps, &json!({"step": "publish"}));
        assert_eq!(text(&unsaid.body_json(), "/errors/0/pointer"), "/version");
        x.prefer(Lang::En, false);
        let english = x.call(&steps, &json!({"step": "publish", "version": seen}));
        assert!(text(&english.body_json(), "/title").contains("changed after you looked"));
        assert_eq!(
            location(&x.form(&page, &[("step", "publish"), ("version", &hidden(&shown, "version"))])),
            "/manage/listings"
        );
    });
    x.sign_out();
    assert!(x.page(&format!("/goods/{listing}")).contains("第三种"));
}

#[test]
fn a_failed_test_takes_the_goods_off_sale_and_refunds_what_was_not_sent() {
    let x = Xuzhou::empty();
    let (listing, code) = listed(&x);
    let orders: Vec<String> = ["a", "b", "c"]
        .iter()
        .map(|p| {
            x.by(p, || {
                x.sign_in(p);
                x.bought(&listing, 1)
            })
        })
        .collect();
    let test = json!({"report": "JC9002", "item": both("农药残留"), "laboratory": "县检测中心", "day": "2026-11-24", "passed": false});
    x.role("inspector", || assert_eq!(x.done(&format!("/api/manage/batches/{code}/tests"), &test)["state"], "failed"));
    x.run();
    let offer = x.api(&format!("/api/listings/{listing}")).body_json();
    assert_eq!(offer["listing"]["state"], "recalled");
    assert_eq!(x.api(&format!("/api/trace/{code}")).body_json()["state"], "failed");
    for (person, id) in ["a", "b", "c"].iter().zip(&orders) {
        let o = x.by(person, || x.order(id));
        assert_eq!((&o["state"], o["escrow"]["refunded"] == o["total"]), (&json!("refunded"), true));
    }
    let late = x.call("/api/orders", &purchase(&listing, 1));
    assert_eq!((late.code().as_u16(), kind(&late)), (409, "not-on-sale".into()));
}

#[test]
fn a_group_a_coupon_and_the_stock_are_the_sellers_own() {
    let x = Xuzhou::empty();
    let (listing, code) = listed(&x);
    x.by("grower", || {
        let group = json!({"listing": listing, "sku": "single", "price": 3_980, "minimum": 2, "deadline": TUESDAY + 86_400_000});
        let g = x.done("/api/store/groups", &group);
        assert_eq!(x.api(&format!("/api/groups/{}", text(&g, "/id"))).body_json()["paid"], 0);
        let dear = json!({"listing": listing, "sku": "single", "price": 9_980, "minimum": 1, "deadline": 0});
        assert_eq!(x.call("/api/store/groups", &dear).code().as_u16(), 422);
        let coupon = json!({"title": both("满减"), "fen": 100, "from_amount": 1_000, "from": "2026-11-24", "until": "2026-12-24", "uses": 5, "active": true});
        assert_eq!(x.put("/api/store/coupons/APPLE", &coupon).body_json()["used"], 0);
        let neither = json!({"title": both("满减"), "from": "2026-11-24", "until": "2026-12-24", "uses": 5, "active": true});
        assert_eq!(x.put("/api/store/coupons/APPLE", &neither).code().as_u16(), 422);
        let stock = |n: i64| x.call(&format!("/api/store/listings/{listing}/stock"), &json!({"sku": "single", "units": n}));
        assert_eq!(stock(-4).body_json()["left"], 6);
        assert_eq!(kind(&stock(-7)), "sold-out", "never below zero");
        for path in ["/api/store", "/api/farmer", "/api/store/products", "/api/store/batches", "/api/store/orders", "/api/store/returns"] {
            assert_eq!(x.api(path).code().as_u16(), 200, "{path}");
        }
    });
    assert_eq!(x.api("/api/groups").body_json()["groups"].as_array().unwrap().len(), 1);
    assert_eq!(x.api(&format!("/api/listings/{listing}/groups")).body_json()["groups"].as_array().unwrap().len(), 1);
    let stranger = x.call(&format!("/api/store/listings/{listing}/stock"), &json!({"sku": "single", "units": 1}));
    assert_eq!(kind(&stranger), "not-selling");
    x.role("manager", || {
        let recalled = x.done(&format!("/api/manage/batches/{code}/recall"), &json!({"reason": both("抽检异常")}));
        assert_eq!(recalled["state"], "recalled");
    });
}

#[test]
fn only_the_right_role_does_the_departments_work() {
    let x = Xuzhou::new();
    let gets = ["farmers", "listings", "batches", "orders", "claims", "disputes"];
    for path in gets {
        let answer = x.api(&format!("/api/manage/{path}"));
        assert_eq!((answer.code().as_u16(), kind(&answer)), (403, "role-required".into()), "{path}");
    }
    x.role("manager", || {
        for path in ["farmers?status=active", "listings", "batches?state=passed", "orders?state=paid", "claims", "divisions"] {
            assert_eq!(x.api(&format!("/api/manage/{path}")).code().as_u16(), 200, "{path}");
        }
        let station = json!({"name": both("新站"), "village": DONGFENG, "address": "村部", "keeper": "keeper-1", "services": ["order"], "payee": "93320382MA000TX30Q"});
        let made = x.done("/api/manage/stations", &station);
        let path = format!("/api/manage/stations/{}", text(&made, "/id"));
        assert_eq!(x.put(&path, &station).code().as_u16(), 200);
        assert_eq!(x.put(&format!("{path}/commission"), &json!({"bps": 150})).body_json()["commission_bps"], 150);
        assert_eq!(x.put(&format!("{path}/commission"), &json!({"bps": 1_001})).code().as_u16(), 409);
        assert_eq!(x.put(&format!("{path}/active"), &json!({"active": false})).code().as_u16(), 200);
        let change = json!({"village": "320324109003", "into": DONGFENG, "on": "2026-12-01"});
        assert_eq!(x.call("/api/manage/divisions", &change).code().as_u16(), 201);
        assert_eq!(x.call("/api/manage/divisions", &change).code().as_u16(), 422, "it is dissolved already");
    });
}

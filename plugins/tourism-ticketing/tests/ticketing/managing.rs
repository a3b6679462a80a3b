//! The department changes what it sells, by the API and by its pages.

use crate::support::*;
use serde_json::{Value, json};
use tourism_ticketing::Ticketing;
use yunlong_sdk::Response;

fn put(x: &Xuzhou, path: &str, body: &Value) -> Response {
    x.as_manager(|| x.put(path, body))
}

#[test]
fn nobody_but_a_manager_changes_anything() {
    let x = Xuzhou::new();
    let refused = |x: &Xuzhou| {
        for (path, body) in [
            ("/api/manage/attractions/guishan", attraction("guishan")),
            (
                "/api/manage/products/guishan-single",
                json!({"name": {"zh": "a", "en": "a"}, "kind": "single", "components": [], "price": 1}),
            ),
            ("/api/manage/attractions/guishan/days/2026-12-01", json!({})),
        ] {
            assert_eq!(kind(&x.put(path, &body)), "role-required", "{path}");
        }
        for path in [
            "/api/manage/catalogue",
            "/api/manage/closures",
            "/api/manage/alerts",
            "/api/manage/attractions/guishan/days",
        ] {
            assert_eq!(kind(&x.api(path)), "role-required", "{path}");
        }
    };
    refused(&x);
    x.at_the_gate(|| refused(&x));
    assert_eq!(x.get::<Ticketing>("/manage").code().as_u16(), 403);
}

#[test]
fn a_new_attraction_a_coach_line_and_a_package_are_sold_at_once() {
    let x = Xuzhou::new();
    let mut coach = attraction("guishan");
    coach["kind"] = json!("coach");
    coach["name"] = json!({"zh": "云龙山专线", "en": "Yunlong Hill line"});
    coach["sessions"] = json!([{"start": "08:00", "end": "09:00", "cap": 2}]);
    assert_eq!(put(&x, "/api/manage/attractions/hill-line", &coach).code().as_u16(), 200);
    let package = json!({"name": {"zh": "一日游", "en": "Day trip"}, "kind": "package", "price": 9_000,
        "components": [{"attraction": "hill-line", "weight": 1}, {"attraction": "guishan", "weight": 2}]});
    assert_eq!(put(&x, "/api/manage/products/day-trip", &package).code().as_u16(), 200);
    let order = |n: u32| {
        json!({"product": "day-trip", "date": day(1), "visitors": [visitor(n)],
            "components": [{"attraction": "hill-line", "slot": "08:00"}, {"attraction": "guishan", "slot": "09:00"}]})
    };
    let first = x.ordered(&order(1));
    let lines: Vec<u64> = first["lines"].as_array().unwrap().iter().map(|l| l["amount"].as_u64().unwrap()).collect();
    assert_eq!(lines, [9_000], "one operator runs both");
    x.ordered(&order(2));
    // Acceptance line 10, small: the last seat is gone, and no ticket is kept.
    let before = x.remaining("guishan", "09:00");
    let refused = x.order(&order(3));
    assert_eq!(
        (kind(&refused).as_str(), &refused.body_json()["component"]["attraction"]),
        ("sold-out", &json!("hill-line"))
    );
    assert_eq!(x.remaining("guishan", "09:00"), before);
}

#[test]
fn every_wrong_field_is_pointed_at_and_nothing_is_written() {
    let x = Xuzhou::new();
    for (change, want) in [
        (json!({"name": {"zh": "", "en": "x"}}), "/name/zh"),
        (json!({"operator": "91320300MA000TX14H"}), "/operator"),
        (json!({"district": "999999"}), "/district"),
        (json!({"sessions": []}), "/sessions"),
        (json!({"sessions": [{"start": "9", "end": "10:00", "cap": 1}]}), "/sessions/0/start"),
        (json!({"closed_weekdays": [8]}), "/closed_weekdays"),
        (json!({"daily_cap": 4_000_000}), "/daily_cap"),
        (json!({"kind": "ship"}), "/kind"),
    ] {
        let mut a = attraction("guishan");
        a.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        let answer = put(&x, "/api/manage/attractions/guishan", &a);
        assert_eq!(answer.body_json()["errors"][0]["pointer"], want, "{}", answer.body_text());
    }
    let product = |change: Value| {
        let mut p = json!({"name": {"zh": "票", "en": "Ticket"}, "kind": "single", "price": 100, "components": [{"attraction": "guishan", "weight": 1}]});
        p.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        put(&x, "/api/manage/products/guishan-single", &p).body_json()["errors"][0]["pointer"].clone()
    };
    assert_eq!(product(json!({"kind": "gift"})), "/kind");
    assert_eq!(product(json!({"components": [{"attraction": "atlantis", "weight": 1}]})), "/components/0/attraction");
    assert_eq!(product(json!({"components": [{"attraction": "guishan", "weight": 0}]})), "/components/0/weight");
    assert_eq!(product(json!({"price": 99_999_999})), "/price");
    assert_eq!(product(json!({"refund_tiers": [{"before_minutes": 0, "percent": 101}]})), "/refund_tiers/0/percent");
    let day = put(&x, "/api/manage/attractions/guishan/days/2026-02-30", &json!({}));
    assert_eq!(day.body_json()["errors"][0]["pointer"], "/date");
    assert_eq!(put(&x, "/api/manage/attractions/atlantis/days/2026-12-01", &json!({})).code().as_u16(), 404);
    let nothing = x.audit();
    assert!(nothing.is_empty(), "{nothing:?}");
}

#[test]
fn a_price_that_changes_leaves_orders_as_they_were_sold() {
    let x = Xuzhou::new();
    let sold = text(&x.ordered(&guishan(1)), "/id");
    let product = json!({"name": {"zh": "龟山汉墓门票", "en": "Guishan"}, "kind": "single", "price": 7_000, "components": [{"attraction": "guishan", "weight": 1}]});
    put(&x, "/api/manage/products/guishan-single", &product);
    assert_eq!(
        (x.get_order(&sold)["amount"].clone(), x.ordered(&guishan(2))["amount"].clone()),
        (json!(6_000), json!(7_000))
    );
    let mut off = product.clone();
    off["active"] = json!(false);
    put(&x, "/api/manage/products/guishan-single", &off);
    assert_eq!(x.order(&guishan(3)).code().as_u16(), 404);
    assert!(x.audit().iter().any(|r| r.action == "catalogue.product" && r.actor.as_deref() == Some("boss")));
}

#[test]
fn the_pages_change_the_same_and_keep_what_was_typed() {
    let x = Xuzhou::new();
    x.bought(&guishan(1));
    let date = day(1);
    x.as_manager(|| {
        let html = |path: &str| x.get::<Ticketing>(path).body_text();
        assert!(
            html("/manage").contains("龟山汉墓") && html("/manage/attractions/guishan").contains("09:00-11:00 100")
        );
        assert!(html("/manage/products/lianghan-joint").contains("guishan 60"));
        assert!(html("/manage/attractions/new").contains("编号") && html("/manage/products/new").contains("编号"));
        let days = "/manage/attractions/guishan/days";
        let mut fields = vec![
            ("date", date.as_str()),
            ("what", "close"),
            ("reason-zh", "暴雨"),
            ("reason-en", "Storm"),
            ("daily_cap", ""),
            ("sessions", ""),
        ];
        let asked = x.post::<Ticketing>(days, &fields);
        assert_eq!(asked.code().as_u16(), 409);
        assert!(asked.body_text().contains("name=\"refund_sold\"") && asked.body_text().contains("value=\"暴雨\""));
        fields.push(("refund_sold", "yes"));
        assert_eq!(x.post::<Ticketing>(days, &fields).code().as_u16(), 303);
        fields[5] = ("sessions", "nine to five");
        let wrong = x.post::<Ticketing>(days, &fields);
        assert_eq!(wrong.code().as_u16(), 422);
        assert!(wrong.body_text().contains("nine to five") && wrong.body_text().contains("error-sessions"));
        assert!(html(days).contains("暴雨"));
        let product = "/manage/products/guishan-single";
        let typed = [
            ("name-zh", "龟山"),
            ("name-en", "Guishan"),
            ("kind", "single"),
            ("components", "guishan 1"),
            ("price", "59.5"),
            ("refund_tiers", "1440 100\n60 50"),
            ("rank", "1"),
            ("active", "yes"),
            ("one_id", "yes"),
        ];
        assert_eq!(x.post::<Ticketing>(product, &typed).code().as_u16(), 303);
        let mut bad = typed;
        bad[4] = ("price", "cheap");
        let refused = x.post::<Ticketing>(product, &bad);
        assert!(refused.code().as_u16() == 422 && refused.body_text().contains("value=\"cheap\""));
        let whole = x.api("/api/manage/catalogue").body_json();
        let changed =
            whole["products"].as_array().unwrap().iter().find(|p| p["id"] == "guishan-single").unwrap().clone();
        assert_eq!(
            (changed["price"].clone(), changed["refund_tiers"][1]["percent"].clone()),
            (json!(5_950), json!(50))
        );
        assert_eq!(changed["concessions"].as_array().unwrap().len(), 4, "what the form does not show stays");
    });
    x.settle();
    x.as_manager(|| assert!(x.get::<Ticketing>("/manage").body_text().contains("已完成")));
}

#[test]
fn a_product_is_sold_and_visited_within_its_validity_only() {
    let x = Xuzhou::new();
    let product = |validity: Value| {
        json!({"name": {"zh": "龟山汉墓门票", "en": "Guishan"}, "kind": "single", "price": 6_000,
            "components": [{"attraction": "guishan", "weight": 1}], "validity": validity})
    };
    let set = |validity: Value| put(&x, "/api/manage/products/guishan-single", &product(validity));
    let turned = set(json!({"sale_from": day(3), "sale_until": day(1)}));
    assert_eq!(turned.body_json()["errors"][0]["pointer"], "/validity/sale_until");
    assert_eq!(set(json!({"visit_from": "soon"})).body_json()["errors"][0]["pointer"], "/validity/visit_from");
    let sold = set(json!({"sale_from": day(1)})).body_json();
    assert_eq!(sold["validity"]["sale_from"], day(1));
    let refused = x.order(&guishan(1));
    assert_eq!((kind(&refused).as_str(), &refused.body_json()["from"]), ("not-valid", &json!(day(1))));
    assert!(x.get::<Ticketing>("/attractions/guishan").body_text().contains("售票期"));
    set(json!({"sale_until": day(0), "visit_from": day(1), "visit_until": day(1)}));
    let mut later = guishan(1);
    later["date"] = json!(day(2));
    assert_eq!(kind(&x.order(&later)), "not-valid");
    x.ordered(&guishan(1));
    x.advance(24 * 60 * MINUTE);
    let mut today = guishan(2);
    today["date"] = json!(day(1));
    assert_eq!(kind(&x.order(&today)), "not-valid", "sales ended yesterday");
}

#[test]
fn the_forms_keep_gates_caps_and_validity() {
    let x = Xuzhou::new();
    x.as_manager(|| {
        let path = "/manage/attractions/guishan";
        let a = attraction("guishan");
        let of = |pointer: &str| text(&a, pointer);
        let [zh, en, about, about_en] = ["/name/zh", "/name/en", "/about/zh", "/about/en"].map(of);
        let [place, place_en, operator, op, op_en] =
            ["/address/zh", "/address/en", "/operator", "/operator_name/zh", "/operator_name/en"].map(of);
        let district = of("/district");
        let typed = |cap: &'static str, gates: &'static str| {
            vec![
                ("kind", "site"),
                ("name-zh", zh.as_str()),
                ("name-en", en.as_str()),
                ("about-zh", &about),
                ("about-en", &about_en),
                ("address-zh", &place),
                ("address-en", &place_en),
                ("district", &district),
                ("operator", &operator),
                ("operator_name-zh", &op),
                ("operator_name-en", &op_en),
                ("sessions", "09:00-11:00 100"),
                ("daily_cap", "360"),
                ("instant_cap", cap),
                ("stay_minutes", "90"),
                ("gates", gates),
                ("active", "yes"),
                ("refund_sold", "yes"),
            ]
        };
        assert_eq!(x.post::<Ticketing>(path, &typed("50", "东门\n西门：o-1 o-2")).code().as_u16(), 303);
        let html = x.get::<Ticketing>(path).body_text();
        assert!(html.contains("西门: o-1 o-2") && html.contains("value=\"50\"") && html.contains("value=\"90\""));
        for (cap, gates, field) in [("0", "", "error-instant_cap"), ("", "东门\n东门", "error-gates")] {
            let wrong = x.post::<Ticketing>(path, &typed(cap, gates));
            assert!(wrong.code().as_u16() == 422 && wrong.body_text().contains(field), "{field}");
        }
        let date = day(9);
        let product = [
            ("name-zh", "龟山"),
            ("name-en", "Guishan"),
            ("kind", "single"),
            ("components", "guishan 1"),
            ("price", "60"),
            ("refund_tiers", "0 100"),
            ("active", "yes"),
            ("sale_until", date.as_str()),
            ("visit_from", ""),
        ];
        assert_eq!(x.post::<Ticketing>("/manage/products/guishan-single", &product).code().as_u16(), 303);
        let kept = x.get::<Ticketing>("/manage/products/guishan-single").body_text();
        assert!(kept.contains(&format!("value=\"{date}\"")));
    });
}

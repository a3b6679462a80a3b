//! Lists that the department and the farmers work with: narrowed, searched, turned round, saved.

use crate::support::*;
use rural_ecommerce::Rural;
use serde_json::{Value, json};

const DAY: u64 = 86_400_000;

fn both(zh: &str) -> Value {
    json!({"zh": zh, "en": zh})
}

/// A page's list or file, by what its rows hold.
fn holds<'a>(x: &Xuzhou, path: &str, words: &[&'a str]) -> Vec<&'a str> {
    let page = x.page(path);
    let mut found: Vec<_> = words.iter().filter_map(|w| page.find(w).map(|at| (at, *w))).collect();
    found.sort_unstable();
    found.into_iter().map(|(_, w)| w).collect()
}

fn ids(answer: &Value, list: &str, id: &str) -> Vec<String> {
    answer[list].as_array().unwrap().iter().map(|row| text(row, id)).collect()
}

/// Two registrations, a minute apart.
fn two_farmers(x: &Xuzhou) {
    let people = [("grower", "92320324MA000TX221"), ("weaver", "320302199001019999")];
    for (minute, (person, document)) in (0..).zip(people) {
        x.set_now(TUESDAY + minute * 60_000);
        let body = json!({"document": document, "name": person, "phone": "19900000900", "village": DONGFENG});
        assert_eq!(x.by(person, || x.put("/api/farmer", &body)).body_json()["status"], "applied");
    }
}

#[test]
fn a_farmer_is_found_by_document_in_every_state_and_the_number_stands_in_no_address() {
    let x = Xuzhou::empty();
    two_farmers(&x);
    x.role("manager", || {
        let find = |document: &str| x.form("/manage/farmers", &[("document", document)]);
        let found = location(&find(" 320302199001019999 "));
        assert!(x.page(&found).contains("weaver"), "{found}");
        location(&x.form(&found, &[("step", "approve")]));
        assert_eq!(location(&find("320302199001019999")), found, "also once it is approved");
        for (document, nobody) in [("320323199001019990", true), ("320302199001019990", false)] {
            let none = find(document);
            assert_eq!(none.code().as_u16(), 422, "{document}");
            let page = none.body_text();
            assert!(
                page.contains("id=\"error-document\"") && page.contains(&format!("value=\"{document}\"")),
                "{page}"
            );
            assert_eq!(page.contains("没有用这个证件的登记"), nobody, "a wrong number is told as such: {page}");
        }
        let asked = |document: &str| x.call("/api/manage/farmers/find", &json!({"document": document}));
        let farmer = asked("92320324MA000TX221").body_json();
        assert_eq!((&farmer["name"], &farmer["status"]), (&json!("grower"), &json!("applied")));
        assert!(text(&farmer, "/document").contains("****"));
        let none = asked("320323199001019990");
        assert_eq!((none.code().as_u16(), text(&none.body_json(), "/errors/0/pointer")), (422, "/document".into()));
    });
    let find = |x: &Xuzhou| x.call("/api/manage/farmers/find", &json!({"document": "92320324MA000TX221"}));
    assert_eq!((find(&x).code().as_u16(), kind(&find(&x))), (403, "role-required".into()));
    assert_eq!(x.form("/manage/farmers", &[("document", "92320324MA000TX221")]).code().as_u16(), 403);
}

#[test]
fn registrations_are_turned_round_within_their_state() {
    let x = Xuzhou::empty();
    two_farmers(&x);
    let both = [">grower<", ">weaver<"];
    x.role("manager", || {
        let shown = |query: &str| holds(&x, &format!("/manage/farmers{query}"), &both);
        assert_eq!((shown(""), shown("?sort=-created")), (both.to_vec(), vec![">weaver<", ">grower<"]));
        assert_eq!(shown("?status=active"), [""; 0]);
        assert!(x.page("/manage/farmers?status=active").contains("没有这样的登记"));
        let file = x.page("/manage/farmers/file?sort=-created&format=csv");
        assert!(file.find("weaver").unwrap() < file.find("grower").unwrap(), "{file}");
        let listed = |query: &str| ids(&x.api(&format!("/api/manage/farmers{query}")).body_json(), "farmers", "/name");
        assert_eq!(
            (listed(""), listed("?order=newest")),
            (vec!["grower".into(), "weaver".into()], vec!["weaver".into(), "grower".into()])
        );
        assert_eq!(x.api("/api/manage/farmers?order=dearest").code().as_u16(), 422);
    });
}

#[test]
fn stations_are_narrowed_to_a_county_a_town_and_a_village() {
    let x = Xuzhou::new();
    let all = ids(&x.api("/api/stations?limit=100").body_json(), "stations", "/village");
    let within = |code: &str| all.iter().filter(|v| v.starts_with(code)).count();
    let village = all.iter().find(|v| v.starts_with("320324")).unwrap().as_str();
    let (county, town) = (&village[..6], &village[..9]);
    let (in_county, in_town) = (within(county), within(town));
    assert!(all.len() == 60 && in_county < 60 && in_town <= in_county && in_town > 0);
    for (code, n) in [(county, in_county), (town, in_town), (village, 1), ("320300", 60)] {
        let found =
            ids(&x.api(&format!("/api/stations?division={code}&limit=100")).body_json(), "stations", "/village");
        assert_eq!(found.len(), n, "{code}");
        assert!(code == "320300" || found.iter().all(|v| v.starts_with(code)), "{code}: {found:?}");
    }
    assert_eq!(x.api("/api/stations?division=32").code().as_u16(), 422);
    x.role("manager", || {
        let rows = |query: &str| x.page(&format!("/manage/stations/file?{query}&format=csv")).lines().count() - 1;
        assert_eq!(rows(&format!("village-county={county}")), in_county);
        assert_eq!(rows(&format!("village-county={county}&village-town={town}")), in_town);
        assert_eq!(rows(&format!("village-county={county}&village-town={town}&village={village}")), 1);
        assert_eq!(rows("village-county=320382&village-town=320324109"), within("320382"), "a town of another county");
        let page = x.page(&format!("/manage/stations?village-county={county}&action=place"));
        assert!(page.contains("name=\"village-town\""), "the towns of the county can be chosen");
        assert!(page.contains(&format!("/manage/stations/file?village-county={county}&amp;format=csv")));
        let none = x.page("/manage/stations?village-county=320324&village-town=320324999");
        assert!(none.contains("这里没有站点") && none.contains("清除筛选"));
    });
}

/// A delivered order with a return that its buyer brought before the arbiter; the return's number.
fn dispute(x: &Xuzhou, listing: &str, seller: &str) -> String {
    let id = x.bought(listing, 1);
    x.by(seller, || {
        x.done(&format!("/api/store/orders/{id}/accept"), &json!({}));
        let sent = json!({"units": [{"line": 0, "units": 1}], "brings": true});
        let o = x.done(&format!("/api/store/orders/{id}/ship"), &sent);
        x.done(&format!("/api/store/orders/{id}/brought"), &json!({"request": text(&o, "/shipments/0/request")}));
    });
    let ask = json!({"units": [{"line": 0, "units": 1}], "reason": "quality", "text": "开裂"});
    let r = text(&x.done(&format!("/api/orders/{id}/returns"), &ask), "/id");
    let step = |body: Value| x.done(&format!("/api/returns/{r}/steps"), &body);
    x.by(seller, || step(json!({"step": "reject", "text": "使用痕迹"})));
    step(json!({"step": "appeal"}));
    r
}

#[test]
fn an_arbiter_finds_disputes_that_wait_and_those_that_are_decided() {
    let x = Xuzhou::new();
    let (bed, seller) = x.goods("furniture");
    let made: Vec<String> = (0..3)
        .map(|n| {
            x.set_now(TUESDAY + n * 60_000);
            dispute(&x, &bed, &seller)
        })
        .collect();
    let links: Vec<String> = made.iter().map(|r| format!("href=\"/returns/{r}\"")).collect();
    let words: Vec<&str> = links.iter().map(String::as_str).collect();
    x.role("arbiter", || {
        let step = json!({"step": "arbitrate", "amount": 0, "text": "不退"});
        x.done(&format!("/api/returns/{}/steps", made[0]), &step);
        let shown = |query: &str| holds(&x, &format!("/manage/disputes{query}"), &words);
        assert_eq!(shown(""), words[1..], "those that wait, the oldest first");
        assert_eq!(shown("?sort=-asked"), [words[2], words[1]]);
        assert_eq!(shown("?state=arbitrated"), words[..1]);
        assert_eq!(shown(&format!("?state=disputed&number={}", made[0].to_lowercase())), words[..1], "in every state");
        let order = made[1].split('.').next().unwrap();
        assert_eq!(shown(&format!("?number=+{order}")), words[1..2], "by the order's number");
        assert!(x.page("/manage/disputes?number=none").contains("没有这样的仲裁"));
        let file = x.page("/manage/disputes/file?state=arbitrated&format=csv");
        assert!(file.contains(&made[0]) && !file.contains(&made[1]), "{file}");
        let listed = |query: &str| ids(&x.api(&format!("/api/manage/disputes{query}")).body_json(), "returns", "/id");
        assert_eq!((listed("?state=arbitrated"), listed("")), (made[..1].to_vec(), made[1..].to_vec()));
        assert_eq!(listed("?order=newest"), [made[2].clone(), made[1].clone()]);
        assert_eq!(x.api("/api/manage/disputes?state=asked").code().as_u16(), 422, "no arbiter sees it");
    });
    let other = json!({"units": [{"line": 0, "units": 1}], "reason": "quality", "text": "开裂"});
    let id = x.bought(&bed, 1);
    assert_eq!(x.call(&format!("/api/orders/{id}/returns"), &other).code().as_u16(), 409, "not arrived yet");
    x.role("arbiter", || assert!(x.page(&format!("/manage/disputes?number={id}")).contains("没有这样的仲裁")));
}

#[test]
fn claims_say_what_became_of_the_parcel_and_are_found_by_the_orders_number() {
    let x = Xuzhou::new();
    let (bed, seller) = x.goods("furniture");
    let orders: Vec<String> = (0..2)
        .map(|n| {
            x.set_now(TUESDAY + n * 60_000);
            let id = x.bought(&bed, 1);
            x.by(&seller, || {
                x.done(&format!("/api/store/orders/{id}/accept"), &json!({}));
                let sent = json!({"units": [{"line": 0, "units": 1}], "brings": true});
                x.done(&format!("/api/store/orders/{id}/ship"), &sent);
            });
            id
        })
        .collect();
    for n in 0..2 {
        x.set_now(TUESDAY + 15 * DAY + n * 60_000 + 1);
        x.run();
    }
    let links: Vec<String> = orders.iter().map(|o| format!("href=\"/orders/{o}\"")).collect();
    let words: Vec<&str> = links.iter().map(String::as_str).collect();
    x.role("manager", || {
        let shown = |query: &str| holds(&x, &format!("/manage/claims{query}"), &words);
        assert_eq!((shown(""), shown("?sort=-claimed")), (words.clone(), vec![words[1], words[0]]));
        assert_eq!(shown(&format!("?number={}", orders[1].to_lowercase())), words[1..]);
        assert!(x.page("/manage/claims?number=none").contains("这个订单没有待处理的理赔"));
        let file = x.page(&format!("/manage/claims/file?number={}&format=csv", orders[0]));
        assert!(file.contains("提出时间") && file.contains(&orders[0]) && !file.contains(&orders[1]), "{file}");
        assert_eq!(ids(&x.api("/api/manage/claims").body_json(), "orders", "/id"), orders, "the oldest first");
    });
}

/// A farmer's store with three batches, a minute apart, the first of which passed its test; their codes.
fn batches(x: &Xuzhou) -> Vec<String> {
    let body = json!({"document": "92320324MA000TX221", "name": "grower", "phone": "19900000900", "village": DONGFENG});
    let farmer = text(&x.by("grower", || x.put("/api/farmer", &body)).body_json(), "/id");
    x.role("manager", || x.done(&format!("/api/manage/farmers/{farmer}/steps"), &json!({"step": "approve"})));
    let codes: Vec<String> = x.by("grower", || {
        let store = json!({"name": both("苹果园"), "intro": both("自产自销"), "address": "村部旁"});
        assert_eq!(x.put("/api/store", &store).code().as_u16(), 200);
        let batch = json!({"goods": both("苹果"), "origin": DONGFENG, "harvest": "2026-11-20", "kilograms": 500});
        let register = |n: u64| {
            x.set_now(TUESDAY + n * 60_000);
            text(&x.done("/api/store/batches", &batch), "/code")
        };
        (0..3).map(register).collect()
    });
    let test = json!({"report": "JC9001", "item": both("农药残留"), "laboratory": "县检测中心", "day": "2026-11-23", "passed": true});
    x.role("inspector", || x.done(&format!("/api/manage/batches/{}/tests", codes[0]), &test));
    codes
}

#[test]
fn farmers_find_their_batches_and_the_department_all_of_them() {
    let x = Xuzhou::empty();
    let codes = batches(&x);
    let links = |to: &str| -> Vec<String> { codes.iter().map(|c| format!("href=\"{to}{c}\"")).collect() };
    let (traces, tests) = (links("/trace/"), links("/manage/batches/"));
    x.by("grower", || {
        let words: Vec<&str> = traces.iter().map(String::as_str).collect();
        let shown = |query: &str| holds(&x, &format!("/store/batches{query}"), &words);
        assert_eq!(shown(""), [words[2], words[1], words[0]], "the newest first");
        assert_eq!(shown("?state=registered&sort=created"), words[1..]);
        assert_eq!(shown("?state=passed"), words[..1]);
        assert_eq!(shown(&format!("?state=passed&number={}", codes[1])), [""; 0], "both hold");
        let page = x.page("/store/batches?state=passed");
        assert!(page.contains("href=\"/store/batches/file?state=passed&amp;format=csv\""));
        let file = x.page("/store/batches/file?state=passed&format=csv");
        assert!(file.contains(&codes[0]) && !file.contains(&codes[1]) && file.contains("检测合格"), "{file}");
        let listed = |query: &str| ids(&x.api(&format!("/api/store/batches{query}")).body_json(), "batches", "/code");
        assert_eq!(listed("?state=registered&order=oldest"), codes[1..]);
        assert_eq!(listed("").len(), 3);
        assert_eq!(x.api("/api/store/batches?state=rotten").code().as_u16(), 422);
    });
    assert_eq!(x.get::<Rural>("/store/batches/file?format=csv").code().as_u16(), 409, "who has no store");
    x.role("inspector", || {
        let words: Vec<&str> = tests.iter().map(String::as_str).collect();
        let shown = |query: &str| holds(&x, &format!("/manage/batches{query}"), &words);
        assert_eq!((shown(""), shown("?sort=-created")), (words[1..].to_vec(), vec![words[2], words[1]]));
        let typed = codes[0].to_lowercase();
        assert_eq!(shown(&format!("?state=registered&number=+{typed}")), words[..1], "in every state");
        assert!(x.page("/manage/batches?number=none").contains("没有这样的批次"));
        let newest = x.api("/api/manage/batches?order=newest").body_json();
        assert_eq!(ids(&newest, "batches", "/code"), [codes[2].clone(), codes[1].clone()]);
    });
}

#[test]
fn a_farmer_sees_no_batch_of_another() {
    let x = Xuzhou::new();
    let codes = batches(&x);
    let others = x.by("sample-farmer-01", || holds(&x, &format!("/store/batches?number={}", codes[0]), &["/trace/"]));
    assert!(others.is_empty());
}

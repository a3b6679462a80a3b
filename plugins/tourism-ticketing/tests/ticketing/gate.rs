//! Codes and admission.

use crate::support::*;
use serde_json::json;
use tourism_ticketing::Ticketing;
use tourism_ticketing::store::Verification;
use yunlong_sdk::Request;

#[test]
fn a_ticket_is_admitted_once() {
    let x = Xuzhou::new();
    let id = x.bought(&guishan(1));
    x.at_nine_tomorrow();
    let code = x.code(&id, 0);
    let first = x.admit(&json!({"code": code, "attraction": "guishan", "gate": "东门"}));
    assert_eq!(
        (first.code().as_u16(), first.body_json()["admitted"].clone()),
        (200, json!(true)),
        "{}",
        first.body_text()
    );
    let second = x.admit(&json!({"code": code, "attraction": "guishan", "gate": "西门"}));
    assert_eq!((kind(&second).as_str(), second.body_json()["gate"].clone()), ("already-used", json!("东门")));
    assert_eq!(x.state(&id), "used");
    assert!(x.api(&format!("/api/orders/{id}/tickets/0/code")).body_json()["code"].is_null());
    let refund = x.call(&format!("/api/orders/{id}/refund"), &json!({}));
    assert_eq!(kind(&refund), "wrong-state");
}

#[test]
fn the_losing_gate_of_a_race_reads_again_and_says_where_the_ticket_was_used() {
    let x = Xuzhou::new();
    let id = x.bought(&guishan(1));
    x.at_nine_tomorrow();
    let code = x.code(&id, 0);
    x.conflict_next(1);
    assert_eq!(x.admit(&json!({"code": code})).code().as_u16(), 200);
    x.conflict_next(1);
    assert_eq!(kind(&x.admit(&json!({"code": code}))), "already-used");
}

#[test]
fn a_joint_ticket_opens_each_attraction_once_and_the_gate_says_which_it_is() {
    let x = Xuzhou::new();
    x.configure("admission_window", "any-time");
    let id = x.bought(&joint(1));
    let admit = |attraction: Option<&str>| x.admit(&json!({"code": x.code(&id, 0), "attraction": attraction}));
    assert_eq!(kind(&admit(None)), "attraction-needed");
    let other = admit(Some("museum"));
    assert_eq!(kind(&other), "other-attraction");
    let told = text(&other.body_json(), "/detail");
    assert!(told.contains("龟山汉墓、汉兵马俑") && !told.contains("guishan"), "by name: {told}");
    assert_eq!(admit(Some("guishan")).code().as_u16(), 200);
    assert_eq!(x.state(&id), "part-used");
    assert_eq!(kind(&admit(Some("guishan"))), "already-used");
    assert_eq!(admit(Some("bingmayong")).code().as_u16(), 200);
    assert_eq!(x.state(&id), "used");
}

#[test]
fn each_visitor_of_an_order_has_a_ticket_of_their_own() {
    let x = Xuzhou::new();
    x.configure("admission_window", "any-time");
    let mut order = guishan(1);
    order["visitors"] = json!([visitor(1), visitor(2)]);
    let id = x.bought(&order);
    for (ticket, state) in [(0, "part-used"), (1, "used")] {
        assert_eq!(x.admit(&json!({"code": x.code(&id, ticket)})).code().as_u16(), 200);
        assert_eq!(x.state(&id), state);
    }
    assert_eq!(x.api(&format!("/api/orders/{id}/tickets/2/code")).code().as_u16(), 404);
}

#[test]
fn the_gate_opens_a_little_early_and_closes_with_the_slot() {
    let x = Xuzhou::new();
    let id = x.bought(&guishan(1));
    x.at_nine_tomorrow();
    let at = |minutes: i64, want: &str| {
        let nine = u64::try_from(TUESDAY + 25 * 3_600_000).unwrap();
        x.set_now(nine.saturating_add_signed(minutes * 60_000));
        assert_eq!(kind(&x.admit(&json!({"code": x.code(&id, 0)}))), want, "{minutes}");
    };
    at(-16, "too-early");
    at(121, "too-late");
    x.set_now(u64::try_from(TUESDAY + 25 * 3_600_000 - 15 * 60_000).unwrap());
    assert_eq!(x.admit(&json!({"code": x.code(&id, 0)})).code().as_u16(), 200);
}

#[test]
fn a_screenshot_a_typing_error_and_an_invention_are_told_apart() {
    let x = Xuzhou::new();
    let id = x.bought(&guishan(1));
    x.at_nine_tomorrow();
    let code = x.code(&id, 0);
    x.advance(61_000);
    for (text, want) in [
        (code.as_str(), "code-expired"),
        ("hello", "code-invalid"),
        ("", "code-invalid"),
        ("0000-0000-0000-0-0000-0000-0000", "code-invalid"),
    ] {
        assert_eq!(kind(&x.admit(&json!({"code": text}))), want, "{text}");
    }
    assert_eq!(x.state(&id), "issued");
    let typed = x.code(&id, 0).to_lowercase().replace('-', " ");
    assert_eq!(x.admit(&json!({"code": typed})).code().as_u16(), 200);
}

#[test]
fn only_the_gate_role_admits_and_only_the_holder_sees_the_code() {
    let x = Xuzhou::new();
    let id = x.bought(&guishan(1));
    x.at_nine_tomorrow();
    let code = x.code(&id, 0);
    assert_eq!(kind(&x.call("/api/admissions", &json!({"code": code}))), "role-required");
    let manager = x.as_manager(|| x.call("/api/admissions", &json!({"code": code})));
    assert_eq!(kind(&manager), "role-required");
    let shown = x.as_manager(|| x.api(&format!("/api/orders/{id}/tickets/0/code")));
    assert_eq!(kind(&shown), "not-found", "a manager sees the order and not what opens the gate");
    x.sign_in("bo");
    assert_eq!(x.api(&format!("/api/orders/{id}/tickets/0/code")).code().as_u16(), 404);
    x.sign_out();
    assert_eq!(x.send::<Ticketing>(Request::get(&format!("/api/orders/{id}/tickets/0/code"))).code().as_u16(), 401);
}

#[test]
fn a_refunded_ticket_and_an_unpaid_order_open_no_gate() {
    let x = Xuzhou::new();
    x.configure("admission_window", "any-time");
    let id = x.bought(&guishan(1));
    let code = x.code(&id, 0);
    x.call(&format!("/api/orders/{id}/refund"), &json!({}));
    assert_eq!(kind(&x.admit(&json!({"code": code}))), "ticket-refunded", "at once");
    x.pay_refunds();
    x.deliver::<Ticketing>();
    assert_eq!(kind(&x.admit(&json!({"code": code}))), "ticket-refunded");
    let held = text(&x.ordered(&guishan(2)), "/id");
    assert_eq!(kind(&x.api(&format!("/api/orders/{held}/tickets/0/code"))), "wrong-state");
}

#[test]
fn admissions_are_counted_and_recorded() {
    let x = Xuzhou::new();
    x.configure("admission_window", "any-time");
    let id = x.bought(&guishan(1));
    x.admit(&json!({"code": x.code(&id, 0), "gate": "东门"}));
    let report = x.as_manager(|| x.api(&format!("/api/sales?date={}", day(1))).body_json());
    assert_eq!(report["attractions"][0]["admitted"], 1);
    assert_eq!(report["attractions"][0]["slots"][0]["admitted"], 1);
}

fn edit(x: &Xuzhou, change: &serde_json::Value) {
    let mut a = attraction("guishan");
    a.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
    let answer = x.as_manager(|| x.put("/api/manage/attractions/guishan", &a));
    assert_eq!(answer.code().as_u16(), 200, "{}", answer.body_text());
}

fn verification(order: &str) -> Verification {
    yunlong_sdk::Collection::<Verification>::new().get(&format!("{order}.0.0.1")).unwrap().unwrap().into_value()
}

#[test]
fn a_gate_is_one_of_the_attractions_and_its_officers_alone_work_at_it() {
    let x = Xuzhou::new();
    x.configure("admission_window", "any-time");
    let id = x.bought(&guishan(1));
    edit(&x, &json!({"gates": [{"name": "东门"}, {"name": "西门", "officers": ["somebody-else"]}]}));
    let admit = |gate: Option<&str>| {
        x.admit(&json!({"code": x.code(&id, 0), "attraction": "guishan", "gate": gate, "device": "scanner-7"}))
    };
    for gate in [None, Some("南门")] {
        let refused = admit(gate);
        assert_eq!((kind(&refused).as_str(), &refused.body_json()["gates"]), ("wrong-gate", &json!(["东门", "西门"])));
    }
    let others = admit(Some("西门"));
    assert_eq!((kind(&others).as_str(), &others.body_json()["gates"]), ("wrong-gate", &json!(["东门"])));
    let code = x.code(&id, 0);
    x.at_the_gate(|| {
        let form = x.get::<Ticketing>("/gate?attraction=guishan").body_text();
        assert!(form.contains("value=\"东门\"") && form.contains("gate-1"), "a choice, and the officer's own number");
        let wrong = x.post::<Ticketing>("/gate", &[("attraction", "guishan"), ("gate", "南门"), ("code", &code)]);
        assert!(wrong.code().as_u16() == 422 && wrong.body_text().contains("error-gate"));
    });
    assert_eq!(x.state(&id), "issued");
    assert_eq!(admit(Some("东门")).code().as_u16(), 200);
    let kept = verification(&id);
    assert_eq!((kept.gate.as_str(), kept.device.as_deref(), kept.over_cap), ("东门", Some("scanner-7"), false));
}

#[test]
fn a_full_site_is_told_and_the_officer_decides() {
    let x = Xuzhou::new();
    x.configure("admission_window", "any-time");
    edit(&x, &json!({"instant_cap": 2, "stay_minutes": 60}));
    let ids: Vec<String> = (1..=5).map(|n| x.bought(&guishan(n))).collect();
    let admit = |id: &str, over_cap: bool| {
        x.admit(&json!({"code": x.code(id, 0), "attraction": "guishan", "over_cap": over_cap}))
    };
    let first = x.code(&ids[0], 0);
    for (n, id) in ids[..2].iter().enumerate() {
        let ok = admit(id, false).body_json();
        assert_eq!((ok["on_site"].clone(), ok["instant_cap"].clone()), (json!(n + 1), json!(2)), "{ok}");
    }
    let refused = admit(&ids[2], false);
    assert_eq!((kind(&refused).as_str(), &refused.body_json()["on_site"]), ("site-full", &json!(2)));
    assert_eq!(x.state(&ids[2]), "issued", "nothing happened");
    let again = x.admit(&json!({"code": first, "attraction": "guishan", "over_cap": true}));
    assert_eq!(kind(&again), "already-used", "an override opens to a valid ticket only");
    assert_eq!(admit(&ids[2], true).body_json()["on_site"], 3);
    assert!(verification(&ids[2]).over_cap && !verification(&ids[1]).over_cap);
    assert!(x.audit().iter().any(|r| r.action == "gate.over-cap" && r.actor.as_deref() == Some("gate-1")));
    // On the page it is one button, and the department sees it.
    let code = x.code(&ids[3], 0);
    x.at_the_gate(|| {
        let typed = [("attraction", "guishan"), ("gate", "东门"), ("how", "code"), ("code", code.as_str())];
        let full = x.post::<Ticketing>("/gate", &typed);
        let html = full.body_text();
        assert!(full.code().as_u16() == 409 && html.contains("瞬时承载量") && html.contains("仍然放行"), "{html}");
        let mut anyway = typed.to_vec();
        anyway.push(("over_cap", "yes"));
        let ok = x.post::<Ticketing>("/gate", &anyway);
        assert!(ok.code().is_success() && ok.body_text().contains("4 / 2"));
        assert!(x.get::<Ticketing>("/gate?attraction=guishan").body_text().contains("4 / 2"), "before the next comes");
    });
    x.as_manager(|| {
        assert!(x.get::<Ticketing>("/sales").body_text().contains("已达瞬时承载量"));
        let sales = x.api("/api/sales").body_json();
        assert_eq!(
            (&sales["attractions"][0]["on_site"], &sales["attractions"][0]["instant_cap"]),
            (&json!(4), &json!(2))
        );
    });
    // People leave.
    x.advance(71 * MINUTE);
    assert_eq!(admit(&ids[4], false).body_json()["on_site"], 1);
}

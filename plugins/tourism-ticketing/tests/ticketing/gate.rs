//! Codes and admission.

use crate::support::*;
use serde_json::json;
use tourism_ticketing::Ticketing;
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

//! The sensors' webhook: old signatures, repetitions, devices that nobody knows.

use crate::support::*;
use crate::{call, made, operation, page, refused};
use data_encoding::HEXLOWER;
use logistics_finance::domain::keys::hmac_sha256;
use logistics_finance::domain::sensor::{Kind, Reading, text};
use serde_json::{Value, json};
use yunlong_sdk::Request;

/// A lot, and a device of its warehouse with the secret.
fn device(x: &Xuzhou) -> (String, String, Vec<u8>) {
    let lot = x.coal(1_000);
    x.issue(&lot, 600).unwrap();
    x.clerk();
    let path = format!("/api/warehouses/{}/devices", lot.warehouse);
    let d = made(x, &path, &json!({"place": "东门地磅", "method": "hmac-sha256"}));
    let secret = HEXLOWER.decode(d["secret"].as_str().unwrap().as_bytes()).unwrap();
    x.sign_out();
    (lot.id, d["id"].as_str().unwrap().to_owned(), secret)
}

fn signed(device: &str, secret: &[u8], lot: &str, sequence: u64, quantity: i64, sent_at: i64) -> Value {
    let r = Reading {
        device: device.into(),
        sequence,
        kind: Kind::Gate,
        lot: lot.into(),
        quantity,
        at: sent_at,
        sent_at,
        signature: String::new(),
    };
    let signature = HEXLOWER.encode(&hmac_sha256(secret, text(&r).as_bytes()));
    json!({"device": device, "sequence": sequence, "kind": "gate", "lot": lot, "quantity": quantity, "at": sent_at, "sent_at": sent_at, "signature": signature})
}

fn now() -> i64 {
    i64::try_from(yunlong_sdk::now()).unwrap()
}

const PATH: &str = "/api/sensor-events";

#[test]
fn a_device_reports_without_signing_in_and_goods_that_leave_freeze_their_receipts() {
    let x = Xuzhou::new();
    let (lot, id, secret) = device(&x);
    let taken = made(&x, PATH, &signed(&id, &secret, &lot, 1, -50_000, now()));
    assert_eq!((taken["event"]["unexplained"].as_u64(), taken["frozen"].as_array().unwrap().len()), (Some(50_000), 1));
    x.regulator();
    let html = page(&x, &format!("/lots/{lot}"));
    assert!(html.contains("异常出库") && html.contains("50 吨") && html.contains("已冻结"), "{html}");
}

#[test]
fn the_same_event_a_thousand_times_counts_once() {
    let x = Xuzhou::new();
    let (lot, id, secret) = device(&x);
    let body = signed(&id, &secret, &lot, 1, -50_000, now());
    assert_eq!(made(&x, PATH, &body)["repeated"], false);
    for _ in 0..999 {
        assert_eq!(made(&x, PATH, &body)["repeated"], true);
    }
    x.regulator();
    let seen = operation(&x, "get", &format!("/api/lots/{lot}"), Request::get(&format!("/api/lots/{lot}"))).body_json();
    assert_eq!(seen["missing"], 50_000);
}

#[test]
fn what_is_not_signed_now_by_a_known_device_is_refused_and_says_why() {
    let x = Xuzhou::new();
    let (lot, id, secret) = device(&x);
    let old = signed(&id, &secret, &lot, 1, -1_000, now() - 300_001);
    assert_eq!(refused(&x, PATH, &old), (401, "sent-at-another-time".into()));
    let early = signed(&id, &secret, &lot, 1, -1_000, now() + 300_001);
    assert_eq!(refused(&x, PATH, &early), (401, "sent-at-another-time".into()));
    let unknown = signed("DV0000000000", &secret, &lot, 1, -1_000, now());
    assert_eq!(refused(&x, PATH, &unknown), (401, "not-signed-by-device".into()));
    let other = signed(&id, b"another secret", &lot, 1, -1_000, now());
    assert_eq!(refused(&x, PATH, &other), (401, "not-signed-by-device".into()));
    let mut changed = signed(&id, &secret, &lot, 1, -1_000, now());
    changed["quantity"] = json!(-1);
    assert_eq!(refused(&x, PATH, &changed), (401, "not-signed-by-device".into()));
    let elsewhere = signed(&id, &secret, "LT000000000000", 1, -1_000, now());
    assert_eq!(refused(&x, PATH, &elsewhere), (422, "reading-invalid".into()));
    made(&x, PATH, &signed(&id, &secret, &lot, 1, 1_000, now()));
    assert_eq!(refused(&x, PATH, &signed(&id, &secret, &lot, 1, 2_000, now())), (409, "sequence-reused".into()));
    assert_eq!(call(&x, PATH, &json!({"device": id})).code().as_u16(), 400);
    x.regulator();
    let seen = operation(&x, "get", &format!("/api/lots/{lot}"), Request::get(&format!("/api/lots/{lot}"))).body_json();
    assert_eq!(seen["missing"], 0, "nothing that was refused left a trace");
}

#[test]
fn a_gap_is_told_and_a_renewed_secret_voids_the_old_one() {
    let x = Xuzhou::new();
    let (lot, id, secret) = device(&x);
    made(&x, PATH, &signed(&id, &secret, &lot, 1, 1_000, now()));
    assert_eq!(made(&x, PATH, &signed(&id, &secret, &lot, 5, 1_000, now()))["missing"], 3);
    x.clerk();
    let renewed = made(&x, &format!("/api/devices/{id}/renew-secret"), &json!({}));
    assert_ne!(renewed["secret"].as_str().unwrap(), HEXLOWER.encode(&secret));
    assert_eq!(refused(&x, PATH, &signed(&id, &secret, &lot, 6, 1_000, now())).0, 401);
    let shown = page(&x, &format!("/devices/{id}"));
    assert!(!shown.contains(renewed["secret"].as_str().unwrap()), "a secret is told once");
}

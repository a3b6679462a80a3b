//! Other apps' orders, and what becomes of their parcels.

use crate::support::*;
use logistics_finance::LogisticsFinance;
use logistics_finance::domain::freight::{Reason, State};
use logistics_finance::service::freight;
use serde_json::{Value, json};

fn asked(request: &str) -> Value {
    json!({
        "request": request, "order": "RO-1",
        "parcels": [{"parcel": "1", "goods": "床", "grams": 40_000}, {"parcel": "2", "goods": "床垫", "grams": 20_000}],
        "from": {"division": "320324109002", "address": "沙集镇东风社区"}, "to": {"division": "320303001", "address": "彭城街道"},
        "value": 108_000, "not_after": TUESDAY + 5 * DAY as i64,
    })
}

fn told(x: &Xuzhou, topic: &str) -> Vec<Value> {
    let of = x.published().into_iter().filter(|e| e.topic == topic);
    of.map(|e| serde_json::from_str(&e.data).unwrap()).collect()
}

#[test]
fn an_order_becomes_a_waybill_and_is_answered_once_however_often_it_is_asked() {
    let x = Xuzhou::new();
    for _ in 0..3 {
        x.arrive("rural-ecommerce", "shipment.requested", Some("R-1"), &asked("R-1"));
        x.settle();
    }
    let answers = told(&x, "shipment.answered");
    assert_eq!(answers.len(), 1);
    let waybill = answers[0]["waybill"].as_str().unwrap();
    let found = freight::waybill(&x.carrier(), waybill).unwrap();
    assert_eq!((found.request.as_deref(), found.parcels.len()), (Some("R-1"), 2));
    assert_eq!(told(&x, "waybill.changed").len(), 1, "booked");
}

#[test]
fn a_lost_parcel_is_told_with_its_number() {
    let x = Xuzhou::new();
    x.arrive("rural-ecommerce", "shipment.requested", Some("R-1"), &asked("R-1"));
    x.settle();
    let waybill = told(&x, "shipment.answered")[0]["waybill"].as_str().unwrap().to_owned();
    let carrier = x.carrier();
    freight::load(&carrier, &waybill, "苏C·00001", "D-1").unwrap();
    freight::parcel_exception(&carrier, &waybill, "2", Reason::Lost).unwrap();
    freight::parcel_exception(&carrier, &waybill, "2", Reason::Lost).unwrap();
    let last = told(&x, "waybill.changed").pop().unwrap();
    assert_eq!(
        (&last["request"], &last["parcel"], &last["state"], &last["reason"]),
        (&json!("R-1"), &json!("2"), &json!("exception"), &json!("lost"))
    );
    assert_eq!(told(&x, "waybill.changed").len(), 3, "booked, loaded, lost: said once each");
    freight::advance(&carrier, &waybill, State::InTransit, None).unwrap();
    not_found(freight::waybill(&x.company(A), &waybill));
}

#[test]
fn what_is_wrong_with_a_request_is_an_answer() {
    let x = Xuzhou::new();
    let bad = |f: fn(&mut Value)| {
        let mut request = asked("R-0");
        f(&mut request);
        request
    };
    type Spoil = fn(&mut Value);
    let cases: [(&str, Spoil); 5] = [
        ("too-late", |r| r["not_after"] = json!(1)),
        ("invalid", |r| r["parcels"] = json!([])),
        ("invalid", |r| r["to"]["division"] = json!("99")),
        ("invalid", |r| r["value"] = json!(0)),
        ("invalid", |r| r["parcels"][1]["parcel"] = json!("1")),
    ];
    for (n, (code, f)) in cases.into_iter().enumerate() {
        let mut request = bad(f);
        request["request"] = json!(format!("R-{n}"));
        x.arrive("rural-ecommerce", "shipment.requested", None, &request);
        x.settle();
        let answer = told(&x, "shipment.answered").pop().unwrap();
        assert_eq!(answer["refused"]["code"], code, "{answer}");
        assert!(!answer["refused"]["zh"].as_str().unwrap().is_empty());
    }
    x.configure("carrier", "");
    x.arrive("rural-ecommerce", "shipment.requested", None, &asked("R-9"));
    x.settle();
    assert_eq!(told(&x, "shipment.answered").pop().unwrap()["refused"]["code"], "no-carrier");
    // What has no number cannot be answered.
    x.arrive("rural-ecommerce", "shipment.requested", None, &asked(""));
    assert_eq!(x.deliver::<LogisticsFinance>().dead, 1);
}

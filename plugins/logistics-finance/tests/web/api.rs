//! The whole trade over the API.

use crate::support::*;
use crate::{api, call, made, operation, refused};
use logistics_finance::LogisticsFinance;
use serde_json::{Value, json};
use yunlong_sdk::{App, Request};

fn text(v: &Value) -> String {
    v.as_str().unwrap().to_owned()
}

/// A warehouse, 1,000 t of coal in it, and a receipt on all of it, over the API.
fn receipt(x: &Xuzhou) -> (String, String) {
    x.regulator();
    made(
        x,
        "/api/quotes",
        &json!({"goods": "coal-5500", "name": "动力煤", "unit": "kilogram", "price": 100_000, "source": "市场监测"}),
    );
    let warehouse = made(
        x,
        "/api/warehouses",
        &json!({"name": "贾汪一号仓", "custodian": W, "custodian_name": "仓储一号", "division": "320305", "address": "大吴街道"}),
    );
    x.clerk();
    let lot = made(
        x,
        "/api/lots",
        &json!({"warehouse": warehouse["id"], "owner": A, "goods": "coal-5500", "goods_name": "动力煤", "spec": "Q5500", "unit": "kilogram", "quantity": 1_000_000, "location": "A-01"}),
    );
    let receipt = made(x, "/api/receipts", &json!({"lot": lot["id"], "quantity": 1_000_000}));
    (text(&lot["id"]), text(&receipt["id"]))
}

/// An application of the manufacturer at bank A, checked.
fn checked(x: &Xuzhou, receipt: &str) -> String {
    x.bank(BANK_A, "opener");
    made(x, "/api/borrowers", &json!({"uscc": A}));
    x.company(A);
    made(x, "/api/consents", &json!({"bank": BANK_A}));
    let loan = made(
        x,
        "/api/loans",
        &json!({"bank": BANK_A, "purpose": "采购", "principal": 70_000_000, "term_days": 90, "receipts": [receipt]}),
    );
    let id = text(&loan["id"]);
    x.bank(BANK_A, "checker");
    made(x, &format!("/api/loans/{id}/check-credit"), &json!({}));
    id
}

#[test]
fn the_document_is_sound_and_every_operation_has_its_words() {
    assert_eq!(LogisticsFinance::router().check(), Ok(()));
    let x = Xuzhou::new();
    let document = x.send::<LogisticsFinance>(Request::get("/openapi.json")).body_json();
    let operations: Vec<&Value> =
        document["paths"].as_object().unwrap().values().flat_map(|p| p.as_object().unwrap().values()).collect();
    assert!(operations.len() > 60, "{}", operations.len());
    assert!(operations.iter().all(|o| o["summary"].is_string() && o["tags"].is_array()));
}

#[test]
fn every_list_answers_everybody_as_the_document_says() {
    let x = Xuzhou::new();
    receipt(&x);
    let document = x.send::<LogisticsFinance>(Request::get("/openapi.json")).body_json();
    let lists: Vec<String> = document["paths"]
        .as_object()
        .unwrap()
        .iter()
        .filter(|(p, o)| !p.contains('{') && o.get("get").is_some())
        .map(|(p, _)| p.clone())
        .collect();
    let people: [&dyn Fn(); 6] = [
        &|| drop(x.regulator()),
        &|| drop(x.clerk()),
        &|| drop(x.bank(BANK_A, "officer")),
        &|| drop(x.carrier()),
        &|| drop(x.company(A)),
        &|| x.sign_out(),
    ];
    for sign_in in people {
        sign_in();
        for path in &lists {
            for query in ["", "?limit=1", "?limit=0", "?limit=x", "?after=made-up"] {
                let target = format!("{path}{query}");
                let answer = operation(&x, "get", path, Request::get(&target));
                assert!(answer.code().as_u16() < 500, "{target}: {}", answer.body_text());
            }
        }
    }
}

#[test]
fn a_loan_from_the_application_to_the_last_fen() {
    let x = Xuzhou::new();
    let (lot, receipt) = receipt(&x);
    x.clerk();
    assert_eq!(refused(&x, "/api/receipts", &json!({"lot": lot, "quantity": 1})), (409, "lot-short".into()));
    let id = checked(&x, &receipt);
    let at = |step: &str| format!("/api/loans/{id}/{step}");
    assert_eq!(refused(&x, &at("approve"), &json!({})), (403, "same-hands".into()));
    x.bank(BANK_A, "approver");
    assert_eq!(call(&x, &at("approve"), &json!({"principal": 70_000_001})).code().as_u16(), 409);
    assert_eq!(made(&x, &at("approve"), &json!({"principal": 70_000_000}))["state"], "approved");
    assert_eq!(refused(&x, &at("ask-disbursement"), &json!({})), (409, "not-signed".into()));
    made(&x, &at("sign"), &json!({}));
    x.company(A);
    assert_eq!(made(&x, &at("sign"), &json!({}))["state"], "signed");
    x.bank(BANK_A, "maker");
    assert_eq!(refused(&x, &at("ask-disbursement"), &json!({})), (409, "not-registered".into()));
    made(&x, &at("register-pledges"), &json!({}));
    made(&x, &at("ask-disbursement"), &json!({}));
    let again = made(&x, &at("ask-disbursement"), &json!({}));
    assert_eq!(
        (again["disbursement"]["asked"].as_u64(), again["disbursement"]["reference"].as_str()),
        (Some(2), Some(format!("{id}-D1").as_str()))
    );
    x.bank(BANK_A, "payer");
    let paid = json!({"outcome": "paid", "bank_reference": "BK-1"});
    let mut other = paid.clone();
    other["reference"] = json!(format!("{id}-D2"));
    assert_eq!(refused(&x, &at("confirm-disbursement"), &other), (409, "other-payment".into()));
    let mut named = paid.clone();
    named["reference"] = json!(format!("{id}-D1"));
    assert_eq!(made(&x, &at("confirm-disbursement"), &named)["state"], "disbursed");
    assert_eq!(made(&x, &at("confirm-disbursement"), &paid)["state"], "disbursed");
    assert_eq!(
        refused(&x, &at("repayments"), &json!({"bank_reference": "RP-0", "amount": 70_000_001})),
        (409, "over-owed".into())
    );
    let part = json!({"bank_reference": "RP-1", "amount": 30_000_000});
    assert_eq!(made(&x, &at("repayments"), &part)["owed"], 40_000_000);
    assert_eq!(made(&x, &at("repayments"), &part)["owed"], 40_000_000, "the same number counts once");
    // 400,000 owed need 571,428.58 yuan of goods: 428 t may go, 429 t may not.
    let release = |kilograms: u64| json!({"receipts": [{"receipt": receipt, "quantity": kilograms}]});
    assert_eq!(refused(&x, &at("release"), &release(428_000)), (403, "same-hands".into()), "who booked the money");
    x.bank(BANK_A, "keeper");
    assert_eq!(refused(&x, &at("release"), &release(429_000)), (409, "leaves-over-ltv".into()));
    made(&x, &at("release"), &release(428_000));
    x.bank(BANK_A, "payer");
    assert_eq!(
        made(&x, &at("repayments"), &json!({"bank_reference": "RP-2", "amount": 40_000_000}))["state"],
        "settled"
    );
    let kept = api(&x, &format!("/api/loans/{id}")).body_json();
    let kept = kept["pledges"].as_array().unwrap().iter().find(|p| p["ended_at"].is_null()).unwrap().clone();
    x.bank(BANK_A, "keeper");
    made(&x, &at("release"), &json!({"receipts": [{"receipt": kept["receipt"]}]}));
    let entries = api(&x, &format!("/api/loans/{id}/entries")).body_json();
    let sum = |e: &Value| e["postings"].as_array().unwrap().iter().map(|p| p["amount"].as_i64().unwrap()).sum::<i64>();
    assert_eq!(entries["items"].as_array().unwrap().iter().map(sum).collect::<Vec<_>>(), [0, 0, 0]);
    let shown = api(&x, &format!("/api/loans/{id}")).body_json();
    assert!(shown["pledges"].as_array().unwrap().iter().all(|p| p["ended_at"].is_string()));
    assert!(!shown.to_string().contains("approver"), "no subject of a person is told");
    x.bank(BANK_B, "officer");
    assert_eq!(api(&x, &format!("/api/loans/{id}")).code().as_u16(), 404);
}

#[test]
fn the_same_key_makes_one_thing_and_another_request_under_it_is_refused() {
    let x = Xuzhou::new();
    let (lot, _) = receipt(&x);
    x.regulator();
    let warehouse = text(&api(&x, &format!("/api/lots/{lot}")).body_json()["warehouse"]);
    x.clerk();
    let send = |quantity: u64| {
        let body = json!({"warehouse": warehouse, "owner": A, "goods": "coal-5500", "goods_name": "动力煤", "spec": "Q5500", "unit": "kilogram", "quantity": quantity, "location": "A-02"});
        operation(&x, "post", "/api/lots", Request::post("/api/lots").json(&body).header("idempotency-key", "k-1"))
    };
    let first = text(&send(5).body_json()["id"]);
    assert_eq!(text(&send(5).body_json()["id"]), first);
    let other = send(6);
    assert_eq!((other.code().as_u16(), text(&other.body_json()["first"])), (422, first));
}

#[test]
fn a_company_out_of_business_is_refused_by_a_problem_whose_status_is_the_answers() {
    let x = Xuzhou::new();
    x.register(A, "revoked");
    x.bank(BANK_A, "opener");
    let answer = call(&x, "/api/borrowers", &json!({ "uscc": A }));
    let problem = answer.body_json();
    assert_eq!((problem["status"].as_u64(), problem["registered"].as_str()), (Some(409), Some("revoked")), "{problem}");
}

#[test]
fn fields_that_are_wrong_are_all_named() {
    let x = Xuzhou::new();
    x.regulator();
    let answer = call(
        &x,
        "/api/warehouses",
        &json!({"name": "", "custodian": "91320300MA000TX9X7", "custodian_name": "仓", "division": "999", "address": "x"}),
    );
    let pointers: Vec<String> =
        answer.body_json()["errors"].as_array().unwrap().iter().map(|e| text(&e["pointer"])).collect();
    assert_eq!(
        (answer.code().as_u16(), pointers),
        (422, ["/name", "/custodian", "/division"].map(String::from).to_vec())
    );
}

#[test]
fn goods_order_and_money_agree_before_funds_are_released() {
    let x = Xuzhou::new();
    let (_, receipt) = receipt(&x);
    x.company(A);
    let order = json!({"number": "DD-1", "buyer": C, "bank": BANK_A, "goods": "coal-5500", "quantity": 1_000_000, "amount": 100_000_000});
    let flow = text(&made(&x, "/api/flows", &order)["id"]);
    let at = |step: &str| format!("/api/flows/{flow}/{step}");
    let freight = json!({"carrier": CARRIER, "order": "DD-1", "goods": "coal-5500", "quantity": 1_000_000, "from": {"division": "320305"}, "to": {"division": "320302"}, "value": 100_000_000, "not_after": TUESDAY + 5 * i64::try_from(DAY).unwrap()});
    let freight = text(&made(&x, "/api/freight-orders", &freight)["id"]);
    x.carrier();
    let waybill = text(&made(&x, &format!("/api/freight-orders/{freight}/book"), &json!({}))["id"]);
    let on = |step: &str| format!("/api/waybills/{waybill}/{step}");
    made(&x, &on("load"), &json!({"vehicle": "苏C00001", "driver": "D-01"}));
    made(&x, &on("advance"), &json!({"state": "in-transit"}));
    assert_eq!(refused(&x, &on("advance"), &json!({"state": "signed"})), (409, "wrong-state".into()));
    made(&x, &on("advance"), &json!({"state": "delivered"}));
    made(&x, &on("sign"), &json!({"received_by": "收货部", "document": "POD-1", "quantity": 1_000_000}));
    x.company(A);
    made(&x, &at("waybill"), &json!({"waybill": waybill}));
    let linked = made(&x, &at("receipt"), &json!({"receipt": receipt}));
    assert_eq!(linked["disagreements"], json!(["no-payment"]));
    assert_eq!(refused(&x, &at("settle"), &json!({"invoice": "FP-1"})), (409, "flows-disagree".into()));
    x.bank(BANK_A, "one");
    made(&x, &at("payment"), &json!({"bank_reference": "BK-9", "payer": C, "payee": A, "amount": 100_000_000}));
    assert_eq!(refused(&x, &at("release"), &json!({})), (403, "same-hands".into()));
    x.bank(BANK_A, "two");
    assert_eq!(made(&x, &at("release"), &json!({}))["state"], "released");
    x.company(A);
    assert_eq!(made(&x, &at("settle"), &json!({"invoice": "FP-1"}))["state"], "settled");
}

#[test]
fn anybody_verifies_a_receipt_with_the_published_keys() {
    let x = Xuzhou::new();
    let (_, receipt) = receipt(&x);
    x.sign_out();
    let v = api(&x, &format!("/api/receipts/{receipt}/verification")).body_json();
    assert_eq!((v["genuine"].as_bool(), v["state"].as_str()), (Some(true), Some("issued")));
    let keys = api(&x, "/api/keys").body_json();
    assert!(keys["keys"].as_array().unwrap().iter().any(|k| k["kid"] == v["signature"]["kid"]));
    assert_eq!(api(&x, "/api/receipts/WR000000000000/verification").code().as_u16(), 404);
    assert_eq!(api(&x, &format!("/api/receipts/{receipt}")).code().as_u16(), 401);
}

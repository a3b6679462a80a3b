//! Forms: what is refused comes back with what was typed, at its field; what is accepted happens once.

use crate::support::*;
use crate::{api, location, page, post, refused, status};
use logistics_finance::LogisticsFinance;
use logistics_finance::service::{loans, receipts, sensors, warehouses};
use serde_json::json;

#[test]
fn a_receipt_over_its_lot_comes_back_at_the_quantity_with_what_was_typed() {
    let x = Xuzhou::new();
    let lot = x.coal(1_000);
    x.issue(&lot, 600).unwrap();
    x.clerk();
    let path = format!("/lots/{}/issue", lot.id);
    assert!(page(&x, &path).contains("value=\"400\""), "what is left is suggested");
    let over = post(&x, &path, &[("key", "k1"), ("quantity", "500 吨"), ("holder", A), ("how", "issue")]);
    let html = over.body_text();
    assert_eq!(over.code().as_u16(), 409);
    assert!(
        html.contains("value=\"500 吨\"") && html.contains("id=\"error-quantity\"") && html.contains("400000"),
        "{html}"
    );
    let wrong =
        post(&x, &path, &[("key", "k1"), ("quantity", "viele"), ("holder", "91320300MA000TX14H"), ("how", "issue")]);
    assert!(wrong.code().as_u16() == 422 && wrong.body_text().contains("value=\"91320300MA000TX14H\""));
    let made = post(&x, &path, &[("key", "k1"), ("quantity", "400000 kg"), ("holder", A), ("how", "issue")]);
    let first = location(&made);
    let again = post(&x, &path, &[("key", "k1"), ("quantity", "400000 kg"), ("holder", A), ("how", "issue")]);
    assert_eq!(location(&again), first, "the button was pressed twice");
    assert_eq!(warehouses::lot(&x.clerk(), &lot.id).unwrap().free(), 0);
    let other = post(&x, &path, &[("key", "k1"), ("quantity", "1 kg"), ("holder", A), ("how", "draft")]);
    let first = first.trim_start_matches("/receipts/").trim_end_matches("?done=1");
    assert!(other.code().as_u16() == 422 && other.body_text().contains(first), "another request under the same key");
    assert!(!other.body_text().contains("value=\"k1\""), "the form comes back with a key of its own");
}

#[test]
fn a_fen_over_the_limit_is_refused_at_the_principal_and_the_limit_is_fine() {
    let x = Xuzhou::new();
    let (loan, _) = x.checked(70_000_001);
    x.bank(BANK_A, "approver");
    let path = format!("/loans/{}/approve", loan.id);
    assert!(page(&x, &path).contains("value=\"700000.01\""));
    let over = post(&x, &path, &[("principal", "700000.01")]);
    let html = over.body_text();
    assert!(
        over.code().as_u16() == 409 && html.contains("error-principal") && html.contains("value=\"700000.01\""),
        "{html}"
    );
    assert_eq!(location(&post(&x, &path, &[("principal", "700,000.00")])), format!("/loans/{}?done=1", loan.id));
    assert!(page(&x, &format!("/loans/{}", loan.id)).contains("已审批"));
}

#[test]
fn a_maker_who_would_check_is_told_on_the_form() {
    let x = Xuzhou::new();
    let (loan, _) = x.checked(70_000_000);
    x.bank(BANK_A, "opener");
    let refused = post(&x, &format!("/loans/{}/approve", loan.id), &[("principal", "700000.00")]);
    assert!(refused.code().as_u16() == 403 && refused.body_text().contains("经办与复核须为不同的人"));
    assert_eq!(x.audited("loan.approve.refused"), 1);
}

#[test]
fn a_loan_goes_all_its_way_by_forms() {
    let x = Xuzhou::new();
    x.price(1_000);
    let receipt = x.issue(&x.coal(1_000), 1_000).unwrap();
    x.bank(BANK_A, "opener");
    assert_eq!(location(&post(&x, "/borrowers/new", &[("uscc", A)])), "/borrowers?done=1");
    x.company(A);
    location(&post(&x, "/consents/give", &[("bank", BANK_A)]));
    assert!(page(&x, &format!("/loans/new?receipt={}", receipt.id)).contains("checked"));
    let apply = [
        ("key", "a1"),
        ("bank", BANK_A),
        ("purpose", "采购动力煤"),
        ("principal", "700000"),
        ("term_days", "90"),
        ("receipts", receipt.id.as_str()),
    ];
    let first = location(&post(&x, "/loans/new", &apply));
    assert_eq!(location(&post(&x, "/loans/new", &apply)), first);
    let id = first.trim_start_matches("/loans/").trim_end_matches("?done=1").to_owned();
    let step = |person: &str, step: &str, fields: &[(&str, &str)]| {
        x.bank(BANK_A, person);
        location(&post(&x, &format!("/loans/{id}/{step}"), fields))
    };
    step("checker", "check-credit", &[]);
    step("approver", "approve", &[("principal", "700000")]);
    step("approver", "sign", &[]);
    x.company(A);
    location(&post(&x, &format!("/loans/{id}/sign"), &[]));
    step("maker", "register-pledges", &[]);
    step("maker", "ask-disbursement", &[]);
    x.bank(BANK_A, "payer");
    let payment = format!("{id}-D1");
    assert!(page(&x, &format!("/loans/{id}/confirm-disbursement")).contains(&payment), "the form names the payment");
    let late = [("reference", "LN-D0"), ("outcome", "refused"), ("reason", "额度不足")];
    let late = post(&x, &format!("/loans/{id}/confirm-disbursement"), &late);
    assert!(late.code().as_u16() == 409 && late.body_text().contains("error-reference"));
    let answer = [("reference", payment.as_str()), ("outcome", "paid"), ("bank_reference", "BK-1")];
    step("payer", "confirm-disbursement", &answer);
    step("payer", "repay", &[("amount", "300000"), ("bank_reference", "RP-1")]);
    x.bank(BANK_A, "keeper");
    let release =
        |quantity: &str| post(&x, &format!("/loans/{id}/release"), &[("receipt", &receipt.id), ("quantity", quantity)]);
    let over = release("429 t");
    assert!(over.code().as_u16() == 409 && over.body_text().contains("error-quantity"));
    location(&release("428 t"));
    let html = page(&x, &format!("/loans/{id}"));
    assert!(
        html.contains("<meter") && html.contains("还款中") && html.contains("¥400,000.00") && html.contains("RP-1")
    );
    let over = post(&x, &format!("/loans/{id}/repay"), &[("amount", "400000.01"), ("bank_reference", "RP-2")]);
    assert!(over.code().as_u16() == 409 && over.body_text().contains("error-amount"));
    assert_eq!(loans::get(&x.bank(BANK_A, "payer"), &id).unwrap().repayments.len(), 1);
    // Once all is back, everything that is left goes in one step, by other hands.
    step("payer", "repay", &[("amount", "400000"), ("bank_reference", "RP-3")]);
    assert_eq!(post(&x, &format!("/loans/{id}/release"), &[]).code().as_u16(), 403);
    step("keeper", "release", &[]);
    let held = loans::overview(&x.bank(BANK_A, "keeper"), &id).unwrap();
    assert!(held.pledges.iter().all(|p| p.ended_at.is_some()), "{:?}", held.pledges);
}

#[test]
fn a_count_is_entered_by_a_form_that_says_what_is_too_much() {
    let x = Xuzhou::new();
    let receipt = x.issue(&x.coal(1_000), 1_000).unwrap();
    receipts::freeze(&x.regulator(), &receipt.id, "goods-missing").unwrap();
    assert!(page(&x, &format!("/receipts/{}", receipt.id)).contains("质物异常出库"), "the reason is in words");
    let path = format!("/lots/{}/found", receipt.lot);
    let over = post(&x, &path, &[("quantity", "1000.001 吨"), ("reason", "盘点")]);
    assert!(over.code().as_u16() == 409 && over.body_text().contains("error-quantity"), "{}", over.body_text());
    location(&post(&x, &path, &[("quantity", "950 吨"), ("reason", "盘点")]));
    let html = page(&x, &format!("/lots/{}", receipt.lot));
    assert!(html.contains("盘点核销") && html.contains(&path), "it can be counted again");
    assert_eq!(warehouses::lot(&x.regulator(), &receipt.lot).unwrap().quantity, 950_000);
}

#[test]
fn goods_are_taken_in_split_merged_and_handed_on_by_forms() {
    let x = Xuzhou::new();
    let w = x.warehouse();
    x.clerk();
    let goods = [
        ("key", "g1"),
        ("owner", A),
        ("goods", "coal-5500"),
        ("goods_name", "动力煤"),
        ("spec", "Q5500"),
        ("unit", "kilogram"),
        ("quantity", "1000 吨"),
        ("location", "A-01"),
    ];
    let lot = location(&post(&x, &format!("/warehouses/{}/receive", w.id), &goods));
    let lot = lot.trim_start_matches("/lots/").trim_end_matches("?done=1").to_owned();
    assert_eq!(warehouses::lot(&x.clerk(), &lot).unwrap().quantity, 1_000_000);
    let receipt = x.issue(&warehouses::lot(&x.clerk(), &lot).unwrap(), 1_000).unwrap();
    x.company(A);
    let path = format!("/receipts/{}/split", receipt.id);
    let uneven = post(&x, &path, &[("key", "s1"), ("quantities", "600\n399")]);
    assert!(
        uneven.code().as_u16() >= 400
            && uneven.body_text().contains("error-quantities")
            && uneven.body_text().contains("399")
    );
    location(&post(&x, &path, &[("key", "s1"), ("quantities", "600 吨\n400 吨")]));
    let children = receipts::get(&x.company(A), &receipt.id).unwrap().children;
    let merged = location(&post(
        &x,
        "/receipts/merge",
        &[("key", "m1"), ("receipts", &children[0]), ("receipts", &children[1])],
    ));
    let merged = merged.trim_start_matches("/receipts/").trim_end_matches("?done=1").to_owned();
    location(&post(&x, &format!("/receipts/{merged}/transfer"), &[("to", C)]));
    assert_eq!(status(&x, &format!("/receipts/{merged}")), 404, "it is the other company's now");
    x.company(C);
    assert!(page(&x, &format!("/receipts/{merged}")).contains("已签发"));
}

#[test]
fn nothing_that_was_typed_is_lost_when_the_session_has_ended() {
    let x = Xuzhou::new();
    x.sign_out();
    let answer = post(&x, "/loans/new", &[("key", "k"), ("purpose", "采购<煤>"), ("principal", "700000")]);
    let html = answer.body_text();
    assert!(
        answer.code().as_u16() == 401 && html.contains("采购&lt;煤&gt;") && html.contains("value=\"700000\""),
        "{html}"
    );
}

#[test]
fn a_sensor_s_secret_is_shown_once() {
    let x = Xuzhou::new();
    let w = x.warehouse();
    x.clerk();
    let shown = post(
        &x,
        &format!("/warehouses/{}/device", w.id),
        &[("place", "东门地磅"), ("method", "hmac-sha256"), ("public_key", "")],
    );
    assert!(shown.code().as_u16() == 200 && shown.body_text().contains("只显示这一次"));
    assert_eq!(shown.header_value("cache-control"), Some("no-store"));
    let device = sensors::devices(&x.clerk(), &w.id, 10, None).unwrap().items[0].id.clone();
    assert!(!page(&x, &format!("/devices/{device}")).contains("只显示这一次"));
    location(&post(&x, &format!("/devices/{device}/off"), &[]));
    assert!(!sensors::device(&x.clerk(), &device).unwrap().active);
}

#[test]
fn the_three_flows_stand_side_by_side_and_say_what_is_missing() {
    let x = Xuzhou::new();
    x.price(1_000);
    x.company(A);
    let fields = [
        ("key", "f1"),
        ("number", "DD-1"),
        ("buyer", C),
        ("bank", BANK_A),
        ("goods", "coal-5500"),
        ("quantity", "1000 吨"),
        ("amount", "1000000.00"),
    ];
    let path = location(&post(&x, "/flows/new", &fields));
    let html = page(&x, &path);
    for words in ["信息流", "货物流", "资金流", "没有关联运单", "没有关联仓单", "没有付款", "1,000 吨", "¥1,000,000.00"]
    {
        assert!(html.contains(words), "{words}");
    }
    let flow = path.trim_end_matches("?done=1");
    let early = post(&x, &format!("{flow}/settle"), &[("invoice", "FP-1")]);
    assert!(early.code().as_u16() == 409 && early.body_text().contains("value=\"FP-1\""));
}

#[test]
fn a_carrier_takes_an_order_and_brings_it_there_by_forms() {
    let x = Xuzhou::new();
    x.company(A);
    let fields = [
        ("key", "w1"),
        ("carrier", CARRIER),
        ("order", "DD-1"),
        ("goods", "床"),
        ("quantity", "2"),
        ("from-division", "320324"),
        ("from-address", ""),
        ("to-division", "320302"),
        ("to-address", "云龙路 1 号"),
        ("value", "2160.00"),
        ("not_after", "2026-11-30"),
        ("parcels", "P-1, 床头, 20000\nP-2, 床板, 30000"),
    ];
    let mut bad = fields;
    bad[11] = ("parcels", "P-1 only");
    let refused = post(&x, "/freight/new", &bad);
    assert!(
        refused.code().as_u16() == 422
            && refused.body_text().contains("error-parcels")
            && refused.body_text().contains("云龙路 1 号")
    );
    let freight = location(&post(&x, "/freight/new", &fields)).trim_end_matches("?done=1").to_owned();
    x.carrier();
    let waybill = location(&post(&x, &format!("{freight}/book"), &[])).trim_end_matches("?done=1").to_owned();
    let step = |step: &str, fields: &[(&str, &str)]| location(&post(&x, &format!("{waybill}/{step}"), fields));
    step("load", &[("vehicle", "苏C00001"), ("driver", "D-01")]);
    step("depart", &[]);
    step("parcel", &[("parcel", "P-2"), ("reason", "lost")]);
    step("deliver", &[]);
    step("sign", &[("received_by", "收货部"), ("document", "POD-1"), ("quantity", "1")]);
    let html = page(&x, &waybill);
    assert!(html.contains("丢失") && html.contains("POD-1") && html.contains("已签署"), "{html}");
    assert!(page(&x, &format!("{waybill}/print")).contains("print-view"));
}

#[test]
fn goods_are_sold_by_a_form_of_one_officer_and_a_form_of_another() {
    let x = Xuzhou::new();
    let (loan, receipt) = x.out(70_000_000);
    x.advance(100 * DAY);
    x.run_job::<LogisticsFinance>("due-days").unwrap();
    x.bank(BANK_A, "officer");
    let path = format!("/loans/{}", loan.id);
    location(&post(&x, &format!("{path}/dispose"), &[]));
    x.bank(BANK_A, "teller");
    assert!(!page(&x, &path).contains("confirm-sale"), "there is nothing to confirm");
    let sale = [("receipt", receipt.id.as_str()), ("buyer", C), ("proceeds", "600000"), ("bank_reference", "SL-1")];
    location(&post(&x, &format!("{path}/enter-sale"), &sale));
    let html = page(&x, &path);
    assert!(html.contains("待复核的出售") && html.contains("¥600,000.00") && !html.contains("质物处置"), "{html}");
    let (number, confirm) = (format!("{}-S1", loan.id), format!("{path}/confirm-sale"));
    let agreed = [("sale", number.as_str()), ("outcome", "confirmed")];
    let own = post(&x, &confirm, &agreed);
    assert!(own.code().as_u16() == 403 && own.body_text().contains("经办与复核须为不同的人"));
    x.bank(BANK_A, "second");
    let form = page(&x, &confirm);
    assert!(
        form.contains(&format!("{number} · {} · {C} · 600000.00", receipt.id)),
        "it says what is confirmed: {form}"
    );
    let unsaid = post(&x, &confirm, &[("sale", &number)]);
    assert!(unsaid.code().as_u16() == 422 && unsaid.body_text().contains("error-outcome"));
    let steps = format!("/api{path}/confirm-sale");
    let other = refused(&x, &steps, &json!({"sale": format!("{}-S2", loan.id), "confirmed": true}));
    assert_eq!(other, (409, "no-such-sale".into()));
    for _ in 0..2 {
        location(&post(&x, &confirm, &agreed));
    }
    let sold = api(&x, &format!("/api{path}")).body_json();
    assert_eq!((&sold["loan"]["pending_sales"], &sold["loan"]["sales"][0]["number"]), (&json!([]), &json!(number)));
    assert_eq!(receipts::get(&x.company(C), &receipt.id).unwrap().holder, C);
    // What is refused is dropped, and nobody confirms it any more.
    x.bank(BANK_A, "second");
    assert_eq!(refused(&x, &steps, &json!({"sale": "LN-S9", "confirmed": false})), (409, "no-such-sale".into()));
}

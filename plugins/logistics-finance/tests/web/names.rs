//! People read names: companies, banks and carriers by what the register of legal entities calls them, with their codes
//! small beside it, and in columns of their own in files.

use crate::support::*;
use crate::{page, status};
use logistics_finance::LogisticsFinance;
use logistics_finance::service::flows::NewFlow;
use logistics_finance::service::{flows, parties};
use serde_json::json;
use yunlong_sdk::Event;

const BANK: &str = "徐州甲银行股份有限公司";

/// A flow of company A's, that C buys and a bank of the register pays.
fn trade(x: &Xuzhou) -> String {
    let bank = json!({"uscc": BANK_A, "name": BANK, "status": "active", "representative": "x"});
    x.put_record("legal-entities.entity", BANK_A, None, &bank);
    let new = NewFlow {
        number: "SO-1".into(),
        buyer: C.into(),
        bank: BANK_A.into(),
        goods: "coal-5500".into(),
        quantity: 100 * TONNE,
        amount: 10_000_000,
    };
    flows::open(&x.company(A), Some("k"), &new).unwrap().id
}

fn beside(code: &str, name: &str) -> String {
    format!("{name} <small class=\"muted\"><code>{code}</code></small>")
}

fn told(x: &Xuzhou, code: &str, ended: bool) {
    let data = json!({
        "dataset": "legal-entities.entity", "purpose": "party-names", "reference": code,
        "version": u64::MAX, "fields": ["name"], "ended": ended,
    });
    x.deliver_event::<LogisticsFinance>(&Event {
        id: format!("hub-{ended}"),
        source: "/platform/hub".into(),
        topic: "city.hub.changed".into(),
        subject: None,
        time: yunlong_sdk::now(),
        key: None,
        data: data.to_string(),
        attempt: 1,
    })
    .unwrap();
}

#[test]
fn lists_and_pages_say_names_with_the_code_beside_them() {
    let x = Xuzhou::new();
    let flow = trade(&x);
    let (seller, buyer) = (beside(A, &format!("{A}公司")), beside(C, &format!("{C}公司")));
    let list = page(&x, "/flows");
    assert!(list.contains(&seller) && list.contains(&buyer), "{list}");
    let detail = page(&x, &format!("/flows/{flow}"));
    assert!(detail.contains(&seller) && detail.contains(&buyer) && detail.contains(&beside(BANK_A, BANK)), "{detail}");
    let (loan, receipt) = x.out(70_000_000);
    for path in ["/loans".to_owned(), format!("/loans/{}", loan.id), format!("/loans/{}/print", loan.id)] {
        x.company(A);
        assert!(page(&x, &path).contains(&beside(BANK_A, BANK)), "{path}");
    }
    for path in ["/receipts", "/lots", &format!("/receipts/{}/print", receipt.id), &format!("/lots/{}", receipt.lot)] {
        x.company(A);
        assert!(page(&x, path).contains(&seller), "{path}");
    }
    assert!(page(&x, &format!("/lots/{}", receipt.lot)).contains(">贾汪一号仓</a>"), "a warehouse by its name, too");
    assert!(page(&x, "/consents").contains(&beside(BANK_A, BANK)));
    x.bank(BANK_A, "officer");
    assert!(page(&x, "/").contains(&beside(BANK_A, BANK)), "an officer sees whose office it is");
    x.company(A);
    assert!(page(&x, "/loans/new").contains(&format!(">{BANK} · {BANK_A}</option>")));
}

#[test]
fn a_list_is_searched_by_names_and_its_files_have_name_and_code_in_two_columns() {
    let x = Xuzhou::new();
    trade(&x);
    x.out(70_000_000);
    x.company(A);
    assert!(page(&x, "/loans?q=%E7%94%B2%E9%93%B6%E8%A1%8C").contains(BANK), "甲银行");
    let csv = |path: &str| x.get::<LogisticsFinance>(&format!("{path}/file?format=csv")).body_text();
    let loans = csv("/loans");
    assert!(loans.contains("借款企业,借款企业代码,银行,银行代码,"), "{loans}");
    assert!(loans.contains(&format!("{A}公司,{A},{BANK},{BANK_A},")), "{loans}");
    assert!(csv("/flows").contains(&format!("{A}公司,{A},{C}公司,{C},")));
    assert!(csv("/receipts").contains(&format!("{A}公司,{A},")) && csv("/lots").contains(&format!("{A}公司,{A},")));
    assert!(csv("/warehouses").contains(&format!("仓储一号,{W},")));
    let xlsx = x.get::<LogisticsFinance>("/loans/file?format=xlsx");
    assert!(xlsx.code() == 200 && xlsx.body().starts_with(b"PK"));
}

#[test]
fn a_name_is_asked_for_once_and_follows_the_register() {
    let x = Xuzhou::new();
    let flow = trade(&x);
    let path = format!("/flows/{flow}");
    page(&x, &path);
    let asked = x.shared_reads().len();
    page(&x, &path);
    page(&x, "/flows");
    assert_eq!(x.shared_reads().len(), asked, "it is kept here");
    let renamed = json!({"uscc": BANK_A, "name": "徐州甲银行", "status": "active", "representative": "x"});
    x.put_record("legal-entities.entity", BANK_A, None, &renamed);
    told(&x, BANK_A, false);
    x.company(A);
    assert!(page(&x, &path).contains(&beside(BANK_A, "徐州甲银行")));
    told(&x, CARRIER, false);
    assert_eq!(parties::names([CARRIER]).get(CARRIER), None, "of whom nobody here has heard nothing is kept");
}

#[test]
fn whom_the_register_does_not_know_keeps_the_code_and_is_asked_for_again_a_day_later() {
    let x = Xuzhou::new();
    let flow = trade(&x);
    assert_eq!(parties::names([CARRIER, "rural-ecommerce", "320300", ""]), parties::Names::default());
    let asked = x.shared_reads().len();
    let carrier = json!({"uscc": CARRIER, "name": "徐州物流", "status": "active", "representative": "x"});
    x.put_record("legal-entities.entity", CARRIER, None, &carrier);
    assert_eq!(parties::names([CARRIER]).get(CARRIER), None);
    assert_eq!(x.shared_reads().len(), asked, "not at every page");
    x.advance(DAY);
    assert_eq!(parties::names([CARRIER]).get(CARRIER), Some("徐州物流"));
    // A register that grants nothing is no reason to show no page.
    x.revoke("legal-entities.entity", "party-names");
    x.company(A);
    let shown = page(&x, &format!("/flows/{flow}"));
    assert!(shown.contains(&format!("<code>{A}</code>")) && !shown.contains(BANK), "{shown}");
    assert_eq!(status(&x, "/flows/file?format=csv"), 200);
}

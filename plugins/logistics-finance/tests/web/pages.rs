//! What the pages show, and to whom.

use crate::support::*;
use crate::{page, status};
use logistics_finance::LogisticsFinance;
use logistics_finance::domain::sensor::Method;
use logistics_finance::service::sensors::NewDevice;
use logistics_finance::service::{receipts, sensors, warehouses};
use yunlong_sdk::Lang;

/// The pages that each role finds in its navigation, with forms.
fn offered() -> [(&'static str, &'static [&'static str]); 5] {
    [
        (
            "manufacturer",
            &[
                "/",
                "/receipts",
                "/receipts/merge",
                "/lots",
                "/warehouses",
                "/loans",
                "/loans/new",
                "/consents",
                "/flows",
                "/flows/new",
                "/freight",
                "/freight/new",
                "/waybills",
                "/quotes",
                "/help",
            ],
        ),
        ("warehouse", &["/", "/receipts", "/lots", "/warehouses", "/quotes"]),
        ("bank", &["/", "/loans", "/pledges", "/borrowers", "/borrowers/new", "/flows", "/quotes", "/alerts"]),
        ("carrier", &["/", "/freight", "/waybills", "/quotes"]),
        (
            "regulator",
            &[
                "/",
                "/overview",
                "/receipts",
                "/warehouses",
                "/warehouses/new",
                "/loans",
                "/flows",
                "/waybills",
                "/quotes",
                "/quotes/new",
                "/alerts",
            ],
        ),
    ]
}

fn sign_in(x: &Xuzhou, role: &str) {
    match role {
        "manufacturer" => drop(x.company(A)),
        "warehouse" => drop(x.clerk()),
        "bank" => drop(x.bank(BANK_A, "officer")),
        "carrier" => drop(x.carrier()),
        _ => drop(x.regulator()),
    }
}

#[test]
fn every_page_of_every_role_is_shown_empty_and_full_in_both_languages() {
    let empty = Xuzhou::new();
    for (role, paths) in offered() {
        sign_in(&empty, role);
        paths.iter().for_each(|p| drop(page(&empty, p)));
    }
    drop(empty);
    let x = Xuzhou::new();
    let (loan, receipt) = x.out(70_000_000);
    for (role, paths) in offered() {
        sign_in(&x, role);
        for lang in [Lang::Zh, Lang::En] {
            x.prefer(lang, false);
            paths.iter().for_each(|p| drop(page(&x, p)));
        }
    }
    x.prefer(Lang::Zh, true);
    x.company(A);
    for path in [
        format!("/receipts/{}", receipt.id),
        format!("/receipts/{}/print", receipt.id),
        format!("/loans/{}", loan.id),
        format!("/loans/{}/print", loan.id),
        format!("/lots/{}", receipt.lot),
    ] {
        assert!(page(&x, &path).contains("data-elder"), "{path}");
    }
}

#[test]
fn a_page_is_for_its_role_and_a_thing_for_its_own_organization() {
    let x = Xuzhou::new();
    let (loan, receipt) = x.out(70_000_000);
    x.sign_out();
    assert_eq!(status(&x, "/receipts"), 303, "who is not signed in is sent to sign in");
    assert!(page(&x, "/").contains("/verify"));
    x.carrier();
    for (path, code) in
        [("/receipts", 403), ("/overview", 403), ("/pledges", 403), ("/quotes/new", 403), ("/loans/new", 403)]
    {
        assert_eq!(status(&x, path), code, "{path}");
    }
    x.company(C);
    for path in [
        format!("/receipts/{}", receipt.id),
        format!("/receipts/{}/transfer", receipt.id),
        format!("/loans/{}", loan.id),
        format!("/loans/{}/reject", loan.id),
        format!("/lots/{}", receipt.lot),
    ] {
        assert_eq!(status(&x, &path), 404, "{path}");
    }
    x.bank(BANK_B, "officer");
    assert_eq!(status(&x, &format!("/loans/{}", loan.id)), 404);
    x.sign_in("nobody");
    assert!(page(&x, "/").contains("没有岗位"));
}

#[test]
fn lists_are_searched_narrowed_and_downloaded_as_they_are_shown() {
    let x = Xuzhou::new();
    let lot = x.coal(1_000);
    let (a, b) = (x.issue(&lot, 600).unwrap(), x.issue(&lot, 400).unwrap());
    x.clerk();
    receipts::freeze(&x.clerk(), &b.id, "盘点").unwrap();
    let shown = |query: &str| page(&x, &format!("/receipts{query}"));
    assert!(shown("").contains(&a.id) && shown("").contains(&b.id));
    let frozen = shown("?state=frozen");
    assert!(!frozen.contains(&a.id) && frozen.contains(&b.id));
    assert!(shown("?q=no-such-thing").contains("没有符合条件的"));
    let sorted = shown("?sort=quantity");
    assert!(sorted.find(&b.id) < sorted.find(&a.id) && sorted.contains("aria-sort"), "400 t before 600 t");
    let csv = x.get::<LogisticsFinance>("/receipts/file?format=csv&state=frozen").body_text();
    assert!(csv.contains(&b.id) && !csv.contains(&a.id) && csv.contains("400000"), "{csv}");
    let xlsx = x.get::<LogisticsFinance>("/receipts/file?format=xlsx");
    assert!(xlsx.body().starts_with(b"PK") && xlsx.header_value("content-type").unwrap().contains("spreadsheetml"));
    assert_eq!(status(&x, "/receipts/file?format=exe"), 404);
}

#[test]
fn anybody_verifies_a_receipt_and_sees_no_holder() {
    let x = Xuzhou::new();
    let lot = x.coal(1_000);
    let r = x.issue(&lot, 600).unwrap();
    x.sign_out();
    let html = page(&x, &format!("/verify/{}", r.id));
    assert!(html.contains("签名真实") && html.contains("600 吨") && html.contains("贾汪一号仓"));
    let facts = html.split("<details").next().unwrap();
    assert!(
        !facts.contains(A) && !html.contains("clerk"),
        "the holder stands in the signed text alone, and no person anywhere"
    );
    assert_eq!(status(&x, "/verify/WR000000000000"), 404);
    assert_eq!(status(&x, "/verify?receipt=%3Cscript%3E"), 404);
    let typed = x.get::<LogisticsFinance>(&format!("/verify?receipt={}", r.id.to_lowercase()));
    assert_eq!(typed.header_value("location"), Some(format!("/verify/{}", r.id).as_str()));
    x.clerk();
    let print = page(&x, &format!("/receipts/{}/print", r.id));
    assert!(
        print.contains("<svg") && print.contains("class=\"print-view") && print.contains(&format!("/verify/{}", r.id))
    );
}

#[test]
fn what_waits_is_the_first_thing_that_a_role_sees() {
    let x = Xuzhou::new();
    let (loan, receipt) = x.checked(70_000_000);
    x.bank(BANK_A, "approver");
    let bank = page(&x, "/");
    assert!(bank.contains("待审批") && bank.contains(&format!("/loans/{}", loan.id)));
    receipts::freeze(&x.regulator(), &receipt.id, "核查").unwrap();
    let regulator = page(&x, "/");
    assert!(regulator.contains("已冻结的仓单") && regulator.contains(&receipt.id) && regulator.contains("紧急"));
    x.bank(BANK_A, "approver");
    assert!(page(&x, "/").contains("未查看的预警"));
    assert!(page(&x, &format!("/loans/{}", loan.id)).contains("质押的仓单被冻结"));
}

#[test]
fn the_overview_counts_what_there_is() {
    let x = Xuzhou::new();
    x.out(70_000_000);
    x.regulator();
    let html = page(&x, "/overview");
    // 1,000 t at 1,000 yuan, all of it pledged; 700,000 owed.
    assert!(html.contains("¥1,000,000.00") && html.contains("¥700,000.00") && html.contains("100.00 %"));
    assert!(html.contains("data-chart=\"map\"") && html.contains("data-code=\"320305\""));
    assert!(html.contains("data-chart=\"bar\""));
}

#[test]
fn the_pages_of_a_warehouse_show_its_lots_and_sensors_to_its_own_people() {
    let x = Xuzhou::new();
    let lot = x.coal(1_000);
    let clerk = x.clerk();
    let path = format!("/warehouses/{}", lot.warehouse);
    assert!(page(&x, &path).contains(&lot.id) && page(&x, &path).contains("货物入库"));
    assert!(sensors::devices(&clerk, &lot.warehouse, 10, None).unwrap().items.is_empty());
    x.company(A);
    let seen = page(&x, &path);
    assert!(seen.contains("贾汪一号仓") && !seen.contains("货物入库") && !seen.contains(&lot.id));
    assert!(warehouses::lot(&x.company(C), &lot.id).is_err());
}

#[test]
fn consents_sensors_and_prices_are_downloaded_like_every_list() {
    let x = Xuzhou::new();
    let csv = |path: &str| {
        let shown = page(&x, path.split("/file").next().unwrap());
        assert!(shown.contains(&format!("href=\"{path}?format=csv\"")), "{path}");
        assert!(x.get::<LogisticsFinance>(&format!("{path}?format=xlsx")).body().starts_with(b"PK"), "{path}");
        x.get::<LogisticsFinance>(&format!("{path}?format=csv")).body_text()
    };
    x.price(1_000);
    x.advance(60_000);
    x.price(800);
    x.regulator();
    let prices = csv("/quotes/coal-5500/file");
    assert!(
        prices.find("800.00") < prices.find("1000.00") && prices.lines().count() == 3,
        "the newest first: {prices}"
    );

    x.file(BANK_A);
    x.company(A);
    let consents = csv("/consents/file");
    assert!(consents.contains(BANK_A) && consents.contains("有效"), "{consents}");
    x.bank(BANK_A, "officer");
    assert_eq!(status(&x, "/consents/file?format=csv"), 403, "a bank gives no consents");

    let warehouse = x.warehouse().id;
    let new = NewDevice {
        warehouse: warehouse.clone(),
        place: "=东门".into(),
        method: Method::HmacSha256,
        public_key: String::new(),
    };
    let device = sensors::register(&x.clerk(), &new).unwrap().device;
    let file = format!("/warehouses/{warehouse}/devices/file");
    assert!(page(&x, &format!("/warehouses/{warehouse}")).contains(&format!("href=\"{file}?format=xlsx\"")));
    let devices = x.get::<LogisticsFinance>(&format!("{file}?format=csv")).body_text();
    assert!(devices.contains(&format!("{},'=东门,", device.id)) && devices.contains("启用"), "{devices}");
    x.company(A);
    assert_eq!(status(&x, &format!("{file}?format=csv")), 404, "another's sensors");
}

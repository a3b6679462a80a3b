//! Lists as files: what stands in them, for whom, and that nothing in them is run.

use crate::support::*;
use rural_ecommerce::Rural;

impl Xuzhou {
    /// A list as CSV, without the mark by which spreadsheets know UTF-8.
    fn csv(&self, path: &str) -> String {
        let answer = self.get::<Rural>(path);
        assert_eq!(answer.code().as_u16(), 200, "{path}: {}", answer.body_text());
        assert!(answer.header_value("content-disposition").unwrap().contains("attachment"), "{path}");
        answer.body_text().trim_start_matches('\u{feff}').to_owned()
    }
}

#[test]
fn each_list_leads_to_files_that_keep_its_filter() {
    let x = Xuzhou::new();
    let (bed, seller) = x.goods("furniture");
    x.bought(&bed, 1);
    let leads = |path: &str, kept: &str| {
        let page = x.page(path);
        let (plain, amp) = (path.split('?').next().unwrap(), if kept.is_empty() { "" } else { "&amp;" });
        for format in ["csv", "xlsx"] {
            let link = format!("href=\"{plain}/file?{kept}{amp}format={format}\"");
            assert!(page.contains(&link), "{path} has no {link}");
            let file = x.get::<Rural>(&link.trim_start_matches("href=").trim_matches('"').replace("&amp;", "&"));
            assert_eq!(file.code().as_u16(), 200, "{link}: {}", file.body_text());
        }
        assert_eq!(x.get::<Rural>(&format!("{plain}/file?format=pdf")).code().as_u16(), 404, "{plain}");
    };
    leads("/orders", "");
    leads("/returns", "");
    leads("/coverage/uncovered?division=320324109", "division=320324109");
    x.by(&seller, || {
        leads("/store/orders?state=paid", "state=paid");
        leads("/store/returns", "");
    });
    x.role("manager", || {
        leads("/manage/farmers?status=active", "status=active");
        leads("/manage/stations", "");
        leads("/manage/claims?number=none", "number=none");
        leads("/manage/orders?state=paid", "state=paid");
    });
    x.role("inspector", || leads("/manage/batches?state=passed", "state=passed"));
    x.role("arbiter", || leads("/manage/disputes", ""));
}

#[test]
fn a_file_has_all_rows_of_the_list_and_the_page_twenty() {
    let x = Xuzhou::new();
    x.role("manager", || {
        let farmers = x.csv("/manage/farmers/file?status=active&format=csv");
        assert_eq!(farmers.lines().count(), 1 + 60, "the headings and sixty farmers");
        assert_eq!(x.page("/manage/farmers?status=active").matches("href=\"/manage/farmers/SAMPLE").count(), 20);
        assert_eq!(x.csv("/manage/farmers/file?format=csv").lines().count(), 1, "nobody waits");
        assert!(x.csv("/manage/stations/file?format=csv").contains("营业中"));
    });
    let villages = x.csv("/coverage/uncovered/file?division=320324109&month=2026-11&format=csv");
    assert!(villages.starts_with("代码,村（社区）") && villages.contains("睢宁县沙集镇"));
}

#[test]
fn a_file_shows_no_more_of_a_person_than_the_list_and_runs_nothing_that_was_typed() {
    let x = Xuzhou::empty();
    let fields = [
        ("document", "320302199001019999"),
        ("name", "=1+1"),
        ("phone", "19900000900"),
        ("village-county", "320324"),
        ("village-town", "320324109"),
        ("village", DONGFENG),
        ("action", "save"),
    ];
    location(&x.form("/store/register", &fields));
    x.role("manager", || {
        let file = x.csv("/manage/farmers/file?format=csv");
        assert!(file.contains("'=1+1,320302********9999,"), "{file}");
        assert!(!file.contains("320302199001019999") && !file.contains("19900000900"));
    });
}

#[test]
fn orders_in_a_file_name_their_goods_and_nobody_who_receives_them() {
    let x = Xuzhou::new();
    let (bed, seller) = x.goods("furniture");
    let order = x.bought(&bed, 2);
    let of_store = "/store/orders/file?state=paid&format=csv";
    for (person, path) in [("anna", "/orders/file?format=csv"), (seller.as_str(), of_store)] {
        let file = x.by(person, || x.csv(path));
        assert!(file.contains(&order) && file.contains(" × 2") && file.contains("已付款，待接单"), "{file}");
        assert!(!file.contains("19900000001") && !file.contains("买家 1 号"), "{file}");
    }
    assert!(!x.by(&seller, || x.csv("/store/orders/file?state=shipped&format=csv")).contains(&order));
    assert!(!x.by("bo", || x.csv("/orders/file?format=csv")).contains(&order), "another buyer's");
}

#[test]
fn a_file_is_for_whom_the_list_is() {
    let x = Xuzhou::new();
    for path in ["farmers", "stations", "batches", "claims", "orders", "disputes"] {
        let path = format!("/manage/{path}/file?format=csv");
        assert_eq!(x.get::<Rural>(&path).code().as_u16(), 403, "{path}");
    }
    assert_eq!(x.get::<Rural>("/store/orders/file?format=csv").code().as_u16(), 409, "who has no store");
    x.sign_out();
    for path in ["/orders", "/returns", "/store/orders", "/store/returns", "/manage/farmers"] {
        assert!(location(&x.get::<Rural>(&format!("{path}/file?format=csv"))).contains("sign-on"), "{path}");
    }
}

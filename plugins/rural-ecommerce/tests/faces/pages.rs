//! The pages, without a browser: what they say, and that nothing typed is lost.

use crate::support::*;
use rural_ecommerce::Rural;
use yunlong_sdk::Lang;

#[test]
fn everybody_reads_the_shop_in_both_languages() {
    let x = Xuzhou::new();
    x.sign_out();
    let home = x.page("/");
    assert!(home.contains("role=\"search\"") && home.contains("/goods/LISTING") && home.contains("下一页"));
    let cheap = x.page("/?sort=price&category=furniture");
    assert!(cheap.contains("第 1 / 3 页，共 60 条") && !cheap.contains("红富士"));
    // What fits stands far behind the newest: the page goes on until it has found it.
    let apples = x.page("/?q=%E7%BA%A2%E5%AF%8C%E5%A3%AB");
    assert!(apples.contains("红富士") && apples.contains("共 12 条"));
    assert!(x.page("/?q=no+such+thing").contains("没有符合条件的商品"));
    assert!(x.page("/?county=320321&town=320321111").contains("丰县"));
    let (bed, _) = x.goods("furniture");
    assert!(x.page(&format!("/goods/{bed}")).contains("放入购物车"));
    for path in ["/groups", "/trace", "/help", "/figures", "/coverage", "/stores/SAMPLE0001"] {
        x.page(path);
    }
    x.prefer(Lang::En, true);
    for path in
        ["/", "/groups", "/trace", "/help", "/figures", "/coverage", "/stores/SAMPLE0001", &format!("/goods/{bed}")]
    {
        assert!(x.page(path).contains("lang=\"en\""), "{path}");
    }
    for path in ["/goods/NONE", "/stores/NONE", "/groups/NONE", "/trace/0000000000000", "/nothing"] {
        assert_eq!(x.get::<Rural>(path).code().as_u16(), 404, "{path}");
    }
    for path in ["/cart", "/checkout", "/orders", "/returns", "/store", "/station", "/manage"] {
        assert!(location(&x.get::<Rural>(path)).contains("sign-on"), "{path}");
    }
}

#[test]
fn the_trace_is_public_has_a_qr_code_and_names_no_person() {
    let x = Xuzhou::new();
    x.sign_out();
    let found = x.api("/api/listings?category=fresh-food&limit=1").body_json();
    let code = text(&found, "/listings/0/batch");
    let page = x.page(&format!("/trace/{code}"));
    assert!(page.contains("<svg") && page.contains("检测合格") && page.contains("农药残留"));
    assert!(!page.contains("农户 ") && !page.contains("199000"), "no person stands in it");
    assert_eq!(location(&x.get::<Rural>(&format!("/trace?code={}", code.to_lowercase()))), format!("/trace/{code}"));
    let wrong = x.get::<Rural>("/trace?code=abc");
    assert!(wrong.code().as_u16() == 404 && wrong.body_text().contains("value=\"abc\""), "what was typed stays");
}

/// The fields of a checkout, with the village chosen.
fn checkout<'a>(key: &'a str, item: &'a str, total: &'a str, phone: &'a str) -> Vec<(&'a str, &'a str)> {
    vec![
        ("item", item),
        ("key", key),
        ("total", total),
        ("action", "order"),
        ("recipient-name", "买家 1 号"),
        ("recipient-phone", phone),
        ("recipient-address", "一组 1 号"),
        ("division-county", "320324"),
        ("division-town", "320324109"),
        ("division", DONGFENG),
    ]
}

#[test]
fn the_whole_way_from_the_cart_to_the_receipt() {
    let x = Xuzhou::new();
    x.configure("return_days", 0);
    let (bed, seller) = x.goods("furniture");
    let add = [("listing", bed.as_str()), ("sku", "single"), ("quantity", "1"), ("action", "add")];
    assert!(location(&x.form("/cart", &add)).ends_with("?added=1"));
    assert!(x.page("/cart").contains("去结算"));
    let form = x.page("/checkout");
    let (key, item, total) = (hidden(&form, "key"), hidden(&form, "item"), hidden(&form, "total"));
    // The lists of places need no script: each shows the next one.
    let step = x.form(
        "/checkout",
        &[
            ("item", &item),
            ("key", &key),
            ("division-county", "320324"),
            ("recipient-name", "买家 1 号"),
            ("action", "place"),
        ],
    );
    let html = step.body_text();
    assert!(html.contains("沙集镇") && html.contains("value=\"买家 1 号\""), "nothing typed is lost");
    let wrong = x.form("/checkout", &checkout(&key, &item, &total, "12"));
    assert!(
        wrong.code().as_u16() == 422
            && wrong.body_text().contains("id=\"error-recipient-phone\"")
            && wrong.body_text().contains("value=\"12\"")
    );
    let fields = checkout(&key, &item, &total, "19900000001");
    let order = location(&x.form("/checkout", &fields));
    assert_eq!(location(&x.form("/checkout", &fields)), order, "sent twice it is one order");
    assert!(x.page("/cart").contains("购物车是空的"));
    let cheap = checkout("another-key-of-this-buyer", &item, "1", "19900000001");
    let changed = x.form("/checkout", &cheap);
    assert!(changed.code().as_u16() == 409 && changed.body_text().contains("价格已变化"));
    assert!(x.page(&order).contains("去付款"));
    assert!(location(&x.form(&format!("{order}/pay"), &[])).contains("intent"));
    x.pay(&format!("intent-{}", order.trim_start_matches("/orders/")));
    x.run();
    assert!(x.page(&order).contains("担保账户"));
    x.by(&seller, || handle(&x, &order));
    assert!(x.page(&format!("{order}/confirm")).contains("确认收货"));
    location(&x.form(&format!("{order}/confirm"), &[]));
    x.run();
    assert!(x.page(&order).contains("货款已结算"));
    let receipt = x.page(&format!("{order}/receipt"));
    assert!(receipt.contains("print-receipt") && receipt.contains("订单收据"));
    assert!(x.page("/orders").contains(&order));
    assert_eq!(x.by("bo", || x.get::<Rural>(&order).code().as_u16()), 404);
}

#[test]
fn a_visitor_signs_in_and_is_back_at_the_goods_with_what_they_chose() {
    let x = Xuzhou::new();
    let (bed, _) = x.goods("furniture");
    x.sign_out();
    let add = [("listing", bed.as_str()), ("sku", "single"), ("quantity", "3"), ("action", "add")];
    let to = location(&x.form("/cart", &add));
    assert!(to.contains("sign-on") && to.contains(&bed) && to.contains("quantity%3D3"), "{to}");
    x.sign_in("anna");
    let back = x.page(&format!("/goods/{bed}?sku=single&quantity=3"));
    assert!(back.contains("name=\"quantity\" value=\"3\"") && back.contains("再按一次"));
}

#[test]
fn what_an_inbox_leads_to_is_a_page_of_whoever_reads_it() {
    let x = Xuzhou::new();
    let (bed, seller) = x.goods("furniture");
    // Only who has been here can be written to.
    x.by(&seller, || x.page("/store"));
    x.bought(&bed, 1);
    for person in [seller.as_str(), "anna"] {
        let notes = x.inbox(person);
        assert!(person == "anna" || !notes.is_empty(), "the seller hears of an order");
        for path in notes.into_iter().filter_map(|n| n.path) {
            assert_eq!(x.by(person, || x.get::<Rural>(&path).code().as_u16()), 200, "{path}");
        }
    }
}

/// The seller accepts, sends and brings it.
fn handle(x: &Xuzhou, order: &str) {
    let path = format!("/store{order}");
    assert!(x.page("/store").contains("待接单") && x.page("/store/orders?state=paid").contains(order));
    location(&x.form(&format!("{path}/accept"), &[]));
    let key = hidden(&x.page(&path), "key");
    let none = x.form(&format!("{path}/ship"), &[("key", &key), ("units-0", "9"), ("carrier", "store")]);
    assert!(none.code().as_u16() == 409 && none.body_text().contains("最多可处理 1 件"));
    let nameless = x.form(&format!("{path}/ship"), &[("key", &key), ("units-0", "1"), ("carrier", "own")]);
    assert!(nameless.code().as_u16() == 422 && nameless.body_text().contains("id=\"error-carrier-name\""));
    location(&x.form(&format!("{path}/ship"), &[("key", &key), ("units-0", "1"), ("carrier", "store")]));
    let request = hidden(&x.page(order), "request");
    location(&x.form(&format!("{path}/brought"), &[("request", &request)]));
    assert!(x.page("/store/income").contains("data-chart=\"bar\""));
    let csv = x.get::<Rural>("/store/income/file?format=csv");
    assert!(csv.code().as_u16() == 200 && csv.body_text().contains(order.trim_start_matches("/orders/")));
}

#[test]
fn a_farmer_registers_and_each_refusal_stands_at_its_field() {
    let x = Xuzhou::empty();
    assert!(x.page("/store").contains("登记"));
    let fields = |document: &'static str| {
        vec![
            ("document", document),
            ("name", "农户 900 号"),
            ("phone", "19900000900"),
            ("village-county", "320324"),
            ("village-town", "320324109"),
            ("village", DONGFENG),
            ("action", "save"),
        ]
    };
    let wrong = x.form("/store/register", &fields("320302199001019990"));
    assert!(
        wrong.code().as_u16() == 422
            && wrong.body_text().contains("id=\"error-document\"")
            && wrong.body_text().contains("320302199001019990")
    );
    assert_eq!(location(&x.form("/store/register", &fields("320302199001019999"))), "/store");
    assert!(x.page("/store").contains("待审核"));
    let taken = x.by("bo", || x.form("/store/register", &fields("320302199001019999")));
    assert!(taken.code().as_u16() == 409 && taken.body_text().contains("已登记"));
    let farmer = x.role("manager", || {
        let list = x.page("/manage/farmers");
        assert!(list.contains("320302********9999"), "the middle of the number is hidden in lists");
        let at = list.find("/manage/farmers/").unwrap();
        list[at..].split('"').next().unwrap().to_owned()
    });
    assert_eq!(x.get::<Rural>(&farmer).code().as_u16(), 403);
    x.role("manager", || location(&x.form(&farmer, &[("step", "approve")])));
    let store = [
        ("name-zh", "苹果园"),
        ("name-en", "Orchard"),
        ("intro-zh", "自产"),
        ("intro-en", "Own"),
        ("address", "村部旁"),
    ];
    location(&x.form("/store/edit", &store));
    for path in [
        "/store",
        "/store/goods",
        "/store/goods/new",
        "/store/batches",
        "/store/batches/new",
        "/store/orders",
        "/store/returns",
        "/store/offers",
        "/store/income",
    ] {
        x.page(path);
    }
    let bad = x.form(
        "/store/goods/new",
        &[
            ("category", "craft"),
            ("title-zh", "筐"),
            ("sku-0-id", "a"),
            ("sku-0-price", "1,5"),
            ("sku-0-grams", "10"),
            ("sku-0-parcels", "1"),
        ],
    );
    assert!(
        bad.code().as_u16() == 422
            && bad.body_text().contains("value=\"1,5\"")
            && bad.body_text().contains("id=\"error-sku-0-price\"")
    );
}

#[test]
fn the_keeper_orders_with_consent_and_has_a_page_for_times_without_a_network() {
    let x = Xuzhou::new();
    let (goods, _) = x.goods("craft");
    x.official("sample-keeper-01", "station", || {
        assert!(x.page("/station").contains("/station/STATION001"));
        let add = [("listing", goods.as_str()), ("sku", "single"), ("quantity", "1"), ("action", "add")];
        location(&x.form("/cart", &add));
        let form = x.page("/station/STATION001/order");
        assert!(form.contains("我同意由本站点代我下单"));
        let (client, item) = (hidden(&form, "client"), hidden(&form, "item"));
        let fields = |consent: &'static str| {
            vec![
                ("item".to_owned(), item.clone()),
                ("client".to_owned(), client.clone()),
                ("recipient-name".to_owned(), "老人 1 号".to_owned()),
                ("recipient-address".to_owned(), "二组".to_owned()),
                ("division-county".to_owned(), "320324".to_owned()),
                ("division-town".to_owned(), "320324109".to_owned()),
                ("division".to_owned(), DONGFENG.to_owned()),
                ("consent".to_owned(), consent.to_owned()),
            ]
        };
        let post = |consent| {
            let fields = fields(consent);
            let pairs: Vec<(&str, &str)> = fields.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
            x.form("/station/STATION001/order", &pairs)
        };
        let without = post("");
        assert!(
            without.code().as_u16() == 422
                && without.body_text().contains("id=\"error-consent\"")
                && without.body_text().contains("老人 1 号")
        );
        let order = location(&post("fingerprint"));
        let receipt = x.page(&format!("{order}/receipt"));
        assert!(receipt.contains("按手印") && receipt.contains("凭证号"));
        assert!(x.page("/station/offline").contains("/assets/station/offline.js"));
        assert_eq!(
            x.get::<Rural>("/station/worker.js").header_value("content-type"),
            Some("text/javascript; charset=utf-8")
        );
        assert_eq!(x.get::<Rural>("/station/STATION002").code().as_u16(), 404, "another's station");
        x.page("/station/STATION001/visit");
    });
    assert_eq!(x.get::<Rural>("/station").code().as_u16(), 403);
}

#[test]
fn figures_drill_down_are_drawn_and_are_saved_as_files() {
    let x = Xuzhou::new();
    x.sign_out();
    let city = x.page("/figures?period=2026-10");
    assert!(
        city.contains("data-chart=\"map\"")
            && city.contains("data-chart=\"line\"")
            && city.contains("一致")
            && city.contains("division=320324")
    );
    for code in ["320324", "320324109", DONGFENG] {
        assert!(
            x.page(&format!("/figures?division={code}&period=2026-10")).contains("一致") || code == DONGFENG,
            "{code}"
        );
    }
    assert!(x.page("/figures?period=soon").contains("没有看懂统计期"));
    let coverage = x.page("/coverage?month=2026-11");
    assert!(coverage.contains("60 ÷ ") && coverage.contains("2.13") && coverage.contains("未达标"));
    assert!(x.page("/coverage/uncovered?division=320324109&month=2026-11").contains("沙集镇"));
    for path in [
        "/figures/file?format=csv",
        "/figures/file?format=xlsx",
        "/coverage/file?format=csv",
        "/coverage/file?format=xlsx",
    ] {
        let answer = x.get::<Rural>(path);
        assert_eq!(answer.code().as_u16(), 200, "{path}");
        assert!(answer.header_value("content-disposition").unwrap().contains("attachment"));
    }
    assert_eq!(x.get::<Rural>("/figures/file?format=pdf").code().as_u16(), 404);
}

#[test]
fn the_department_sees_what_waits_for_its_role_alone() {
    let x = Xuzhou::new();
    x.role("manager", || {
        for path in [
            "/manage",
            "/manage/farmers?status=active",
            "/manage/listings",
            "/manage/batches?state=passed",
            "/manage/orders",
            "/manage/claims",
            "/manage/stations",
            "/manage/stations/new",
            "/manage/stations/STATION001",
            "/manage/divisions",
            "/manage/farmers/SAMPLE0001",
        ] {
            x.page(path);
        }
        let saved = location(&x.form("/manage/stations/STATION001/commission", &[("bps", "1.50")]));
        assert!(x.page(&saved).contains("1.50"));
        let over = x.form("/manage/stations/STATION001/commission", &[("bps", "10.01")]);
        assert!(over.code().as_u16() == 409 && over.body_text().contains("value=\"10.01\""));
        assert_eq!(x.get::<Rural>("/manage/disputes").code().as_u16(), 403);
    });
    x.official("sample-keeper-01", "manager", || {
        let own = x.form("/manage/stations/STATION001/commission", &[("bps", "9.00")]);
        assert!(own.code().as_u16() == 403 && own.body_text().contains("不能修改自己站点的佣金"));
    });
    x.role("inspector", || {
        let found = x.api("/api/listings?category=fresh-food&limit=1").body_json();
        let code = text(&found, "/listings/0/batch");
        let path = format!("/manage/batches/{code}");
        let fields = |result: &'static str| {
            [
                ("step", "test"),
                ("report", "JC9999"),
                ("item-zh", "重金属"),
                ("item-en", "heavy metals"),
                ("laboratory", "县检测中心"),
                ("day", "2026-11-24"),
                ("result", result),
            ]
        };
        let unread = x.form(&path, &fields(""));
        assert!(unread.code().as_u16() == 422 && unread.body_text().contains("value=\"JC9999\""));
        location(&x.form(&path, &fields("failed")));
        x.run();
        assert!(x.page(&format!("/trace/{code}")).contains("检测不合格"));
    });
    for path in ["/manage", "/manage/farmers", "/manage/batches", "/manage/stations"] {
        assert_eq!(x.get::<Rural>(path).code().as_u16(), 403, "{path}");
    }
}

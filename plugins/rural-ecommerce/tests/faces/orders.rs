//! Lists of orders: narrowed to a state, searched by number, turned round.

use crate::support::*;
use serde_json::{Value, json};

/// Three orders of one buyer, a minute apart, the first of them accepted; and their seller.
fn three(x: &Xuzhou) -> (Vec<String>, String) {
    let (bed, seller) = x.goods("furniture");
    let buy = |n: u64| {
        x.set_now(TUESDAY + n * 60_000);
        x.bought(&bed, 1)
    };
    let orders: Vec<String> = (0..3).map(buy).collect();
    x.by(&seller, || x.done(&format!("/api/store/orders/{}/accept", orders[0]), &json!({})));
    (orders, seller)
}

/// Which of the orders a page shows, as it comes to them.
fn shown(x: &Xuzhou, orders: &[String], path: &str) -> Vec<usize> {
    let page = x.page(path);
    let at = |n: usize| page.find(&format!("href=\"/orders/{}\"", orders[n])).map(|at| (at, n));
    let mut found: Vec<_> = (0..orders.len()).filter_map(at).collect();
    found.sort_unstable();
    found.into_iter().map(|(_, n)| n).collect()
}

#[test]
fn buyers_sellers_and_managers_find_an_order_by_state_number_and_time() {
    let x = Xuzhou::new();
    let (orders, seller) = three(&x);
    let finds = |list: &str| {
        let shown = |query: &str| shown(&x, &orders, &format!("{list}{query}"));
        assert_eq!(shown(""), [2, 1, 0], "{list}: the newest first");
        assert_eq!(shown("?sort=placed"), [0, 1, 2], "{list}");
        assert_eq!(shown("?state=accepted"), [0], "{list}");
        assert_eq!(shown("?state=paid&sort=placed"), [1, 2], "{list}");
        assert_eq!(shown(&format!("?number=+{}+", orders[1].to_lowercase())), [1], "{list}: as people type it");
        assert_eq!(shown(&format!("?number={}&state=accepted", orders[1])), [0; 0], "{list}");
        assert!(x.page(&format!("{list}?number=no%2Fsuch+number")).contains("没有这样的订单"), "{list}");
        let page = x.page(&format!("{list}?state=paid"));
        assert!(page.contains(&format!("href=\"{list}?sort=placed&amp;state=paid\"")), "{list}: the heading turns it");
    };
    finds("/orders");
    x.by(&seller, || finds("/store/orders"));
    x.role("manager", || finds("/manage/orders"));
}

#[test]
fn a_number_finds_nothing_in_a_list_to_which_it_does_not_belong() {
    let x = Xuzhou::new();
    let (orders, seller) = three(&x);
    let number = format!("?number={}", orders[0]);
    assert_eq!(x.by("bo", || shown(&x, &orders, &format!("/orders{number}"))), [0; 0], "another's order");
    let others = (1..=60).map(|n| format!("sample-farmer-{n:02}")).find(|s| *s != seller).unwrap();
    assert_eq!(x.by(&others, || shown(&x, &orders, &format!("/store/orders{number}"))), [0; 0], "another store's");
    assert_eq!(x.by(&seller, || shown(&x, &orders, &format!("/store/orders{number}"))), [0]);
}

#[test]
fn cursors_go_through_the_list_both_ways_and_a_file_keeps_its_order() {
    let x = Xuzhou::new();
    let (orders, _) = three(&x);
    let ids =
        |page: &Value| -> Vec<String> { page["orders"].as_array().unwrap().iter().map(|o| text(o, "/id")).collect() };
    let read = |query: &str| -> Vec<String> {
        let first = x.api(&format!("/api/orders?{query}limit=2")).body_json();
        let next = text(&first, "/next");
        let second = x.api(&format!("/api/orders?{query}limit=2&after={next}")).body_json();
        assert!(second["next"].is_null());
        ids(&first).into_iter().chain(ids(&second)).collect()
    };
    let mut newest = orders.clone();
    newest.reverse();
    assert_eq!((read("order=oldest&"), read("")), (orders.clone(), newest));
    assert_eq!(ids(&x.api("/api/orders?state=paid&order=oldest").body_json()), orders[1..]);
    assert_eq!(x.api("/api/orders?order=dearest").code().as_u16(), 422);
    let file = x.get::<rural_ecommerce::Rural>("/orders/file?sort=placed&format=csv").body_text();
    let at: Vec<_> = orders.iter().map(|o| file.find(o).unwrap()).collect();
    assert!(at.is_sorted(), "{file}");
}

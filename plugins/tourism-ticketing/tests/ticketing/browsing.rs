//! Finding something among the city's attractions: search, filters, orders and pages.

use crate::support::*;
use tourism_ticketing::Ticketing;
use yunlong_sdk::Lang;

fn page(x: &Xuzhou, path: &str) -> String {
    let answer = x.get::<Ticketing>(path);
    assert_eq!(answer.code().as_u16(), 200, "{path}: {}", answer.body_text());
    answer.body_text()
}

/// The ids behind the links of a page that lead to a folder, in their order.
fn linked(html: &str, folder: &str) -> Vec<String> {
    let start = format!("href=\"/{folder}/");
    html.split(&start).skip(1).filter_map(|rest| rest.split('"').next()).map(ToOwned::to_owned).collect()
}

/// The attractions of a list without its coach lines.
fn sites(html: &str) -> Vec<String> {
    linked(html, "attractions").into_iter().filter(|id| !id.ends_with("-line")).collect()
}

/// Every page of a list.
fn all_pages(x: &Xuzhou, path: &str) -> Vec<String> {
    let join = if path.contains('?') { '&' } else { '?' };
    let mut all = Vec::new();
    for n in 1.. {
        let html = page(x, &format!("{path}{join}page={n}"));
        all.extend(sites(&html));
        if !html.contains("rel=\"next\"") {
            return all;
        }
    }
    all
}

fn sample_price(id: &str) -> u64 {
    let single = format!("{id}-single");
    let all = tourism_ticketing::domain::sample::catalogue().unwrap().products;
    all.into_iter().find(|p| p.id == single).unwrap().price
}

#[test]
fn the_pages_show_every_attraction_once_twelve_at_a_time() {
    let x = Xuzhou::new();
    let first = page(&x, "/");
    assert_eq!(sites(&first).len(), 12);
    assert_eq!(sites(&first)[0], "guishan");
    let all = all_pages(&x, "/");
    let distinct: std::collections::BTreeSet<_> = all.iter().collect();
    assert!(all.len() >= 40 && distinct.len() == all.len(), "{} attractions, {} distinct", all.len(), distinct.len());
    assert!(first.contains(&format!("共 {} 条", all.len())));
    let second = page(&x, "/?page=2");
    assert!(linked(&first, "products").contains(&"lianghan-joint".to_owned()));
    assert!(linked(&second, "products").is_empty(), "joint tickets stand on the first page alone");
    assert_eq!(sites(&page(&x, "/?page=999")), sites(&page(&x, "/?page=5")), "a page behind the last is the last");
}

#[test]
fn words_find_attractions_coaches_and_joint_tickets_in_either_language() {
    let x = Xuzhou::new();
    let found = page(&x, "/?q=%E7%AA%91%E6%B9%BE"); // 窑湾
    assert_eq!(sites(&found), ["yaowan"]);
    assert_eq!(linked(&found, "products"), ["xinyi-joint", "xinyi-day"]);
    assert!(linked(&found, "attractions").contains(&"xinyi-line".to_owned()));
    assert!(found.contains("value=\"窑湾\""), "what was typed stays");
    assert_eq!(sites(&page(&x, "/?q=GUISHAN+tomb")), ["guishan"]);
    let none = page(&x, "/?q=%3Cb%3Eatlantis");
    assert!(sites(&none).is_empty() && none.contains("没有符合条件的景区") && none.contains("看全部景区"));
    assert!(!none.contains("<b>atlantis"));
    assert!(!none.contains("联票与套票"), "no heading over nothing");
}

#[test]
fn a_district_holds_its_own_and_no_other() {
    let x = Xuzhou::new();
    let catalogue = tourism_ticketing::domain::sample::catalogue().unwrap().attractions;
    let home = page(&x, "/");
    for (code, name) in &tourism_ticketing::domain::district::ALL {
        assert!(home.contains(&format!("<option value=\"{code}\">{}</option>", name.zh)), "{code}");
        let found = all_pages(&x, &format!("/?district={code}"));
        assert!(!found.is_empty(), "{code}");
        for id in found {
            assert_eq!(catalogue.iter().find(|a| a.id == id).unwrap().district, *code, "{id}");
        }
    }
    assert!(page(&x, "/?district=110101").contains("没有符合条件的景区"));
}

#[test]
fn free_and_paid_divide_the_list_and_an_unknown_fee_does_not_narrow_it() {
    let x = Xuzhou::new();
    let (free, paid) = (all_pages(&x, "/?fee=free"), all_pages(&x, "/?fee=paid"));
    assert!(free.iter().all(|id| sample_price(id) == 0) && free.contains(&"museum".to_owned()));
    assert!(paid.iter().all(|id| sample_price(id) > 0) && paid.contains(&"guishan".to_owned()));
    let all = all_pages(&x, "/");
    assert_eq!(free.len() + paid.len(), all.len());
    assert_eq!(all_pages(&x, "/?fee=cheap"), all);
}

#[test]
fn an_order_reaches_over_all_pages_and_keeps_the_filters() {
    let x = Xuzhou::new();
    let prices = |path: &str| all_pages(&x, path).iter().map(|id| sample_price(id)).collect::<Vec<_>>();
    assert!(prices("/?sort=price").is_sorted());
    assert!(prices("/?sort=-price").iter().rev().is_sorted());
    assert!(prices("/?sort=-price&district=320302").iter().rev().is_sorted());
    let html = page(&x, "/?sort=-price&fee=paid");
    assert!(html.contains("href=\"/?sort=-price&amp;fee=paid&amp;page=2\""), "{html}");
    assert!(html.contains("href=\"/?fee=paid&amp;sort=price\""), "another order keeps the filter");
    assert!(html.contains("aria-current=\"true\">价格从高到低"));
}

#[test]
fn an_attraction_that_is_off_sale_is_on_no_page() {
    let x = Xuzhou::new();
    let mut off = attraction("yaowan");
    off["active"] = serde_json::json!(false);
    let put = x.as_manager(|| x.put("/api/manage/attractions/yaowan", &off));
    assert_eq!(put.code().as_u16(), 200, "{}", put.body_text());
    assert!(!all_pages(&x, "/").contains(&"yaowan".to_owned()));
}

#[test]
fn the_list_is_in_english_as_well() {
    let x = Xuzhou::new();
    x.prefer(Lang::En, false);
    let html = page(&x, "/?district=320381&fee=paid");
    for words in ["Xinyi City", "Free, with a booking", "Cheapest", "By district", "Yaowan Old Town", "2 in all"] {
        assert!(html.contains(words), "{words}: {html}");
    }
}

//! Figures on four levels, the service coverage, divisions that change, the sample: acceptance lines 6 and 7.

use crate::support::*;
use rural_ecommerce::Rural;
use rural_ecommerce::domain::coverage::Light;
use rural_ecommerce::domain::division::{Change, Level};
use rural_ecommerce::domain::order::Back;
use rural_ecommerce::domain::product::Category;
use rural_ecommerce::domain::station::{Service, Span, Station};
use rural_ecommerce::domain::statistics::{Figures, Period};
use rural_ecommerce::domain::time::Date;
use rural_ecommerce::service::statistics::{self, ChangeInput, Drill};
use rural_ecommerce::service::{install, listings, orders, stations};
use rural_ecommerce::store::{LISTINGS, STATIONS, STORES};
use yunlong_sdk::{Query, transact};

fn month() -> Period {
    Period::parse("2026-11").unwrap()
}

/// Every level below a division, down to the villages that have figures.
fn walk(code: &str, period: Period, seen: &mut Vec<Drill>) {
    let d = statistics::drill(code, period).unwrap();
    assert!(d.adds_up(), "{code}: {:?}", d.of.figures);
    for b in d.below.iter().filter(|b| b.figures != Figures::default()) {
        walk(&b.code, period, seen);
    }
    seen.push(d);
}

/// Acceptance line 6.
#[test]
fn the_city_is_the_sum_of_its_counties_down_to_the_villages_and_an_order_is_counted_once() {
    let x = Xuzhou::new();
    let bed = x.bed(20);
    x.garlic_store();
    let craft = x.listed("garlic-grower", &product(Category::Craft, 1_500), None, 20);
    for n in 0..3 {
        let o = x.bought(&format!("b-{n}"), &bed.id, 1);
        x.by("bed-maker", |w| orders::accept(w, &o.id)).unwrap();
        assert_eq!(kind(x.by("bed-maker", |w| orders::accept(w, &o.id))), "wrong-state", "accepted once");
    }
    let o = x.bought("c", &craft.id, 2);
    x.by("garlic-grower", |w| orders::accept(w, &o.id)).unwrap();
    let unsent = Back { line: 0, units: 1, shipped: false, amount: None };
    x.by("garlic-grower", |w| orders::give_back(w, &o.id, &[unsent], "缺货")).unwrap();
    // Paid and given up before it was accepted: in no figure.
    let given_up = x.bought("d", &bed.id, 1);
    x.by("d", |w| orders::cancel(w, &given_up.id)).unwrap();
    x.settle();
    for period in [month(), Period::parse("2026").unwrap()] {
        let mut seen = Vec::new();
        walk("320300", period, &mut seen);
        let city = seen.last().unwrap();
        let want = Figures { orders: 4, amount: 327_000, refunded: 1_500, station: 0 };
        assert_eq!((city.of.figures, city.of.level), (want, Level::City));
        let villages: Vec<_> = seen.iter().filter(|d| d.of.level == Level::Village).collect();
        assert_eq!(villages.len(), 2);
        let dongfeng = villages.iter().find(|d| d.of.code == DONGFENG).unwrap();
        assert_eq!((dongfeng.of.figures.orders, dongfeng.of.figures.amount), (3, 324_000));
        assert_eq!(
            dongfeng.path.iter().map(|p| p.1.as_str()).collect::<Vec<_>>(),
            ["徐州市", "睢宁县", "沙集镇", "东风社区居委会"]
        );
    }
    assert_eq!(kind(statistics::drill("999999", month())), "not-found");
}

fn stations_in(villages: &[String]) {
    for chunk in villages.chunks(500) {
        transact(|tx| {
            for v in chunk {
                tx.put(&Station {
                    id: format!("S{v}"),
                    name: text("站"),
                    village: v.clone(),
                    address: "村部".into(),
                    keeper: "k".into(),
                    services: vec![Service::Order],
                    commission_bps: 0,
                    payee: "93320382MA000TX30Q".into(),
                    active: vec![Span { from: "2026-01-01".parse().unwrap(), to: None }],
                    created_at: 0,
                })?;
            }
            Ok::<_, yunlong_sdk::DataError>(())
        })
        .unwrap();
    }
}

/// Acceptance line 7.
#[test]
fn of_2812_villages_2755_are_red_and_one_more_is_green() {
    let x = Xuzhou::new();
    let month = "2026-11".parse().unwrap();
    let all: Vec<String> = statistics::divisions().unwrap().villages("320300", month).map(|r| r.code.clone()).collect();
    assert_eq!(all.len(), 2_812);
    stations_in(&all[..2_755]);
    let (city, below) = statistics::coverage("320300", month).unwrap();
    assert_eq!((city.coverage.percent().as_str(), city.coverage.light()), ("97.97", Light::Red));
    assert!(city.coverage.formula().zh.contains("2755 ÷ 月末在册的村 2812 = 97.97%"));
    let sums = below.iter().fold((0, 0), |s, b| (s.0 + b.coverage.served, s.1 + b.coverage.villages));
    assert_eq!(sums, (2_755, 2_812), "the counties sum to the city");
    assert_eq!(statistics::uncovered("320300", month).unwrap().len(), 57);
    // One more is served by visits of another village's station.
    let missing = all[2_755].clone();
    x.sign_in_official("the-manager", &["manager"]);
    let day = Date::at(TUESDAY as i64);
    for _ in 0..2 {
        stations::record_visit(&x.who(), &format!("S{}", all[0]), &missing, day).unwrap();
    }
    let (city, _) = statistics::coverage("320300", month).unwrap();
    assert_eq!((city.coverage.percent().as_str(), city.coverage.light()), ("98.01", Light::Green));
    let (october, _) = statistics::coverage("320300", "2026-10".parse().unwrap()).unwrap();
    assert_eq!(october.coverage.served, 2_755, "a visit counts in its month alone");
}

#[test]
fn a_village_that_merges_keeps_its_past_figures_and_counts_under_its_new_code_from_then_on() {
    let x = Xuzhou::new();
    let bed = x.bed(20);
    let sell = || {
        let o = x.bought("anna", &bed.id, 1);
        x.by("bed-maker", |w| orders::accept(w, &o.id)).unwrap();
    };
    sell();
    let into = "320324109001";
    let input =
        |on: &str| ChangeInput { village: DONGFENG.into(), into: into.into(), name: None, on: on.parse().unwrap() };
    assert_eq!(kind(x.by("anna", |w| statistics::change_division(w, &input("2026-12-01")))), "role-required");
    assert_eq!(kind(x.role("manager", |w| statistics::change_division(w, &input("2026-11-01")))), "invalid-fields");
    x.role("manager", |w| statistics::change_division(w, &input("2026-12-01"))).unwrap();
    sell();
    x.later(7 * DAY);
    sell();
    let of = |p: &str, code: &str| statistics::drill(code, Period::parse(p).unwrap()).unwrap().of.figures.orders;
    assert_eq!((of("2026-11", DONGFENG), of("2026-12", DONGFENG), of("2026-12", into)), (2, 0, 1));
    let year = statistics::drill("320324109", Period::parse("2026").unwrap()).unwrap();
    assert!(year.adds_up() && year.of.figures.orders == 3, "both codes stand in the year's table");
    let december = statistics::drill("320324109", Period::parse("2026-12").unwrap()).unwrap();
    assert!(december.adds_up() && december.below.iter().all(|b| b.code != DONGFENG));
    assert_eq!(kind(x.role("manager", |w| statistics::change_division(w, &input("2026-12-24")))), "invalid-fields");
}

/// What is recorded on the first of a month meets orders that were counted that morning.
#[test]
fn a_village_that_changes_on_the_first_day_of_a_month_and_a_year_stays_in_their_sums() {
    let x = Xuzhou::new();
    let bed = x.bed(20);
    for first in ["2026-12-01", "2027-01-01"] {
        let day: Date = first.parse().unwrap();
        let noon = day.start() as u64 + 12 * HOUR;
        x.set_now(noon);
        let o = x.bought("anna", &bed.id, 1);
        x.by("bed-maker", |w| orders::accept(w, &o.id)).unwrap();
        let into = if first == "2026-12-01" { "320324109901" } else { "320324109902" };
        let from = if first == "2026-12-01" { DONGFENG } else { "320324109901" };
        let input = ChangeInput { village: from.into(), into: into.into(), name: Some("新东风村".into()), on: day };
        x.role("manager", |w| statistics::change_division(w, &input)).unwrap();
        let o = x.bought("anna", &bed.id, 1);
        x.by("bed-maker", |w| orders::accept(w, &o.id)).unwrap();
        for period in [&first[..7], &first[..4]].map(|p| Period::parse(p).unwrap()) {
            let town = statistics::drill("320324109", period).unwrap();
            assert!(town.adds_up(), "{first} {period}: {:?}", town.of.figures);
            let of = |code: &str| town.below.iter().find(|b| b.code == code).map(|b| b.figures.orders);
            assert_eq!((of(from), of(into)), (Some(1), Some(1)), "{first} {period}");
        }
    }
}

#[test]
fn the_sample_loads_by_messages_once_whatever_is_delivered_again() {
    let x = Xuzhou::new();
    x.install::<Rural>().unwrap();
    assert_eq!(install::progress().unwrap().0, 0);
    x.conflict_next(2);
    x.run();
    let (done, of) = install::progress().unwrap();
    assert_eq!(done, of);
    let loads: Vec<_> = x.published().into_iter().filter(|e| e.topic == "sample.load").collect();
    assert_eq!(loads.len() as u32, of);
    let counted = || {
        let mut seen = Vec::new();
        walk("320300", Period::parse("2025-11").unwrap(), &mut seen);
        seen.last().unwrap().of.figures
    };
    let before = counted();
    assert!(before.orders > 0 && before.amount > 0);
    for e in &loads {
        x.deliver_event::<Rural>(e).unwrap();
    }
    assert_eq!(counted(), before, "loaded once");
    assert_eq!(STORES.find(Query::by_id().limit(500)).unwrap().items.len(), 60);
    assert_eq!(STATIONS.find(Query::by_id().limit(500)).unwrap().items.len(), 60);
    assert_eq!(LISTINGS.find(Query::by_id().limit(500)).unwrap().items.len(), 300);
    let apples = listings::Filter { words: "苹果".into(), division: Some("320321".into()), ..Default::default() };
    let found = listings::search(&apples, 20, None).unwrap();
    assert!(!found.items.is_empty() && found.items.iter().all(|l| l.village.starts_with("320321")));
    let mut p = purchase(&found.items[0].id, 1);
    p.items[0].sku = "single".into();
    assert!(x.buy("anna", &p).unwrap().total > 0, "it can be bought");
}

#[test]
fn the_five_hundred_and_first_change_of_a_village_counts_too() {
    let x = Xuzhou::new();
    let day: Date = "2026-11-24".parse().unwrap();
    let all: Vec<String> = statistics::divisions()
        .unwrap()
        .villages("320300", "2026-11".parse().unwrap())
        .map(|r| r.code.clone())
        .collect();
    let into = all.last().unwrap().clone();
    for chunk in all[..600].chunks(200) {
        transact(|tx| {
            for v in chunk {
                let change = Change {
                    id: format!("{day}/{v}"),
                    village: v.clone(),
                    into: into.clone(),
                    name: None,
                    on: day,
                    by: "m".into(),
                    at: 0,
                };
                tx.put(&change)?;
            }
            Ok::<_, yunlong_sdk::DataError>(())
        })
        .unwrap();
    }
    assert_eq!(statistics::changes().unwrap().len(), 600);
    let left = statistics::divisions().unwrap().villages("320300", "2026-11".parse().unwrap()).count();
    assert_eq!(left, all.len() - 600);
    x.run();
}

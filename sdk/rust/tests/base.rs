//! The typed base databases on the test double.
#![allow(clippy::unwrap_used)]

use serde_json::json;
use yunlong_sdk::base::{credit, economy, geospatial, legal_entities, population};
use yunlong_sdk::shared::SharedError;
use yunlong_sdk::testing::TestCity;

const MANIFEST: &str = include_str!("app.toml");
const PURPOSE: &str = "lesson";

fn city() -> TestCity {
    let city = TestCity::new(MANIFEST);
    for dataset in ["legal-entities.entity", "credit.event", "geospatial.place", "economy.observation"] {
        city.grant(dataset, PURPOSE);
    }
    city
}

#[test]
fn an_age_and_a_date_are_told_apart_and_what_is_not_granted_is_not_released() {
    let city = city();
    city.grant_fields("population.person", "age-check", &["birth_date"]);
    city.sign_in("li");
    city.put_record("population.person", "A", Some("li"), &json!({"name": "李", "birth_date": 66}));
    let me = || population::me("age-check", &[]);
    assert_eq!(me(), Err(SharedError::ConsentRequired("age-check".into())));
    city.consent("li", "age-check");
    let person = me().unwrap().unwrap();
    assert_eq!((person.age, person.birth_date, person.name), (Some(66), None, None));
    assert_eq!(person.standing.released, ["birth_date"]);
    city.put_record("population.person", "A", Some("li"), &json!({"birth_date": "1960-02-03"}));
    assert_eq!(me().unwrap().unwrap().birth_date.as_deref(), Some("1960-02-03"));
    city.put_record("population.person", "A", Some("li"), &json!({"birth_date": true}));
    assert_eq!(me().unwrap().unwrap().standing.present, ["birth_date"]);
}

#[test]
fn entities_are_found_by_name_and_by_where_they_sit() {
    let city = city();
    for (uscc, name, industry, division) in
        [("U1", "甲公司", "C", "320302001"), ("U2", "乙公司", "C", "320303001"), ("U3", "丙公司", "F", "320302002")]
    {
        let body = json!({"uscc": uscc, "name": name, "industry": industry, "division": division});
        city.put_record("legal-entities.entity", uscc, None, &body);
    }
    assert_eq!(legal_entities::get(PURPOSE, "U2").unwrap().unwrap().name.as_deref(), Some("乙公司"));
    assert_eq!(legal_entities::get(PURPOSE, "U9"), Ok(None));
    let found = |which| {
        let page = legal_entities::find(PURPOSE, which, None).unwrap();
        page.items.into_iter().filter_map(|e| e.uscc).collect::<Vec<_>>()
    };
    assert_eq!(found(legal_entities::Which::Named("丙公司")), ["U3"]);
    assert_eq!(found(legal_entities::Which::Division("320302")), ["U1", "U3"]);
    assert_eq!(found(legal_entities::Which::Division("320300000000")), ["U1", "U3", "U2"]);
    assert_eq!(found(legal_entities::Which::Industry { section: "C", division: "320302" }), ["U1"]);
}

#[test]
fn a_summary_counts_what_is_in_force_today() {
    let city = city();
    for (n, kind, until) in
        [(1, "penalty", Some("2026-04-30")), (2, "penalty", Some("2026-05-01")), (3, "honour", None)]
    {
        let mut body = json!({"event": n.to_string(), "uscc": "U1", "kind": kind, "date": format!("2025-01-0{n}")});
        if let Some(until) = until {
            body["until"] = until.into();
        }
        city.put_record("credit.event", &n.to_string(), None, &body);
    }
    let summary = credit::summary(PURPOSE, "U1").unwrap();
    assert_eq!(summary.into_iter().collect::<Vec<_>>(), [("honour".to_owned(), 1), ("penalty".to_owned(), 1)]);
    let penalties = credit::events(PURPOSE, "U1", &["penalty"], None).unwrap();
    assert_eq!(penalties.items.iter().map(|e| e.number.as_deref().unwrap()).collect::<Vec<_>>(), ["1", "2"]);
    city.grant_fields("credit.event", PURPOSE, &["uscc", "date"]);
    assert_eq!(credit::summary(PURPOSE, "U1"), Err(SharedError::FieldsNotGranted(vec!["kind".into()])));
}

#[test]
fn places_are_found_in_areas_boxes_and_by_distance() {
    let city = city();
    for (code, at) in [("near", [117.18, 34.26]), ("far", [117.30, 34.26]), ("north", [117.18, 34.40])] {
        let body = json!({"place": code, "geometry": {"type": "Point", "coordinates": at}});
        city.put_record("geospatial.place", code, None, &body);
    }
    let found = |at| {
        let page = geospatial::find(PURPOSE, at, 10, None).unwrap();
        page.items.into_iter().filter_map(|p| p.code).collect::<Vec<_>>()
    };
    let square = json!({"type": "Polygon", "coordinates": [[[117.0, 34.2], [117.4, 34.2], [117.4, 34.3], [117.0, 34.3], [117.0, 34.2]]]}).to_string();
    assert_eq!(found(geospatial::Where::Within(&square)), ["far", "near"]);
    assert_eq!(
        found(geospatial::Where::InBox { west: 117.1, south: 34.2, east: 117.2, north: 34.5 }),
        ["near", "north"]
    );
    let nearest = geospatial::Where::Nearest { longitude: 117.19, latitude: 34.26, max_distance: 12_000.0 };
    assert_eq!(found(nearest), ["near", "far"]);
    let first = geospatial::find(PURPOSE, nearest, 1, None).unwrap();
    assert!(first.items[0].distance.is_some_and(|d| (900.0..950.0).contains(&d)) && first.next.is_some());
}

#[test]
fn a_series_is_in_order_with_its_growth() {
    let city = city();
    for (division, period, value) in [
        ("320302", "2024", 100.0),
        ("320302", "2025", 103.5),
        ("320303", "2025", 50.0),
        ("320300", "2025", 900.0),
        ("320302", "2025-Q1", 25.0),
    ] {
        let number = format!("gdp/{division}/{period}");
        let body = json!({"observation": number, "indicator": "gdp", "division": division, "period": period, "value": value, "unit": "亿元"});
        city.put_record("economy.observation", &number, None, &body);
    }
    let counties = economy::Divisions::Level { within: "320300", level: "county" };
    let series = economy::series(PURPOSE, "gdp", counties, "2020", "2025").unwrap();
    let names: Vec<&str> = series.iter().map(|s| s.division.as_str()).collect();
    assert_eq!(names, ["320302", "320303"]);
    let points: Vec<_> = series[0].points.iter().map(|p| (p.period.as_str(), p.value, p.growth)).collect();
    assert_eq!(points, [("2024", 100.0, None), ("2025", 103.5, Some(3.5))]);
    let city_alone = economy::series(PURPOSE, "gdp", economy::Divisions::Codes(&["320300"]), "2025", "2025").unwrap();
    assert_eq!(city_alone[0].points[0].value, 900.0);
    assert_eq!(economy::indicators(PURPOSE).unwrap()[0].code, "gdp");
    assert_eq!(economy::get(PURPOSE, "gdp/320303/2025").unwrap().unwrap().unit.as_deref(), Some("亿元"));
}

//! The typed views of the five base databases, as apps get them: under a grant, with masks, and logged.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on panics")]

#[allow(dead_code, reason = "the city of the tests of sharing; not all of it is needed here")]
#[path = "../sharing/city.rs"]
mod city;

use city::{City, POLICE, TOURISM, Who, a_use, strings};
use serde_json::json;
use yunlong_formats::{DivisionCode, Level};
use yunlong_hub::base::geospatial::Where;
use yunlong_hub::base::legal_entities::Which;
use yunlong_hub::base::{credit, economy, geospatial, legal_entities, population};
use yunlong_hub::series::{Divisions, SeriesQuery, to_number};
use yunlong_hub::{Actor, Caller, Denial, Mask, ReadError};

const PERSON: &str = "population.person";
const ENTITY: &str = "legal-entities.entity";
const EVENT: &str = "credit.event";
const PLACE: &str = "geospatial.place";
const OBSERVATION: &str = "economy.observation";
const ALL: &str = "rows = \"all\"\naccess = [\"get\", \"query\"]";
const USCC: &str = "91320300MA000TX14G";

/// A city whose police provides a dataset, and an app that was granted these items of it for `check`.
async fn granted(dataset: &str, items: &[&str], mask: &[(&str, Mask)]) -> City {
    let city = City::new().await;
    city.hub.set_provider(dataset, POLICE, &Actor::platform()).await.unwrap();
    city.install("tickets", TOURISM, &a_use(dataset, "check", items, ALL)).await;
    city.grant_some("tickets", dataset, "check", |decision| {
        decision.terms.fields.extend(mask.iter().map(|(item, mask)| ((*item).to_owned(), *mask)));
    })
    .await;
    city
}

fn job(city: &City) -> Caller {
    city.caller("tickets", Who::Job)
}

#[tokio::test]
async fn a_person_is_released_as_the_grant_says_and_the_read_is_in_the_log() {
    let items = ["name", "birth_date", "mobile", "address"];
    let city = granted(PERSON, &items, &[("birth_date", Mask::Age), ("mobile", Mask::Presence)]).await;
    let body = json!({
        "name": "王示例", "sex": "2", "birth_date": "1960-03-01", "division": "320321", "status": "normal", "mobile": "19900000001",
    });
    city.put(PERSON, &city.residents.wang, body).await;
    let wang = population::get(&city.hub, job(&city), "check", &city.residents.wang, &[]).await.unwrap().unwrap();
    assert_eq!((wang.name.as_deref(), wang.age, wang.birth_date), (Some("王示例"), Some(66), None));
    assert_eq!((wang.address, wang.sex), (None, None), "the one is not on record, the other not granted");
    assert_eq!(wang.about.released, ["address", "birth_date", "mobile", "name"]);
    assert_eq!(wang.about.present, ["mobile"]);
    let me = city.caller("tickets", Who::Citizen("wang", &city.residents.wang));
    let me = population::me(&city.hub, me, "check", &strings(&["name"])).await.unwrap().unwrap();
    assert_eq!((me.name.as_deref(), me.age), (Some("王示例"), None));
    assert_eq!(me.about.reference, wang.about.reference);
    assert_eq!(city.log("data.read").await.len(), 2);
    let denied = population::get(&city.hub, job(&city), "other", &city.residents.wang, &[]).await;
    assert!(matches!(denied, Err(ReadError::Denied(_))), "{denied:?}");
}

#[tokio::test]
async fn entities_are_found_by_code_name_division_and_industry() {
    let items = ["uscc", "name", "industry", "division"];
    let city = granted(ENTITY, &items, &[]).await;
    for (uscc, name, industry, division) in [
        (USCC, "甲公司（示例）", "C", "320302"),
        ("92320324MA000TX221", "乙商店（示例）", "F", "320324109002"),
        ("93320382MA000TX30Q", "丙合作社（示例）", "C", "320382"),
    ] {
        let body = json!({
            "name": name, "kind": "company", "industry": industry, "division": division, "founded": "2020-01-01", "status": "active",
        });
        city.put(ENTITY, uscc, body).await;
    }
    let one = legal_entities::get(&city.hub, job(&city), "check", USCC).await.unwrap().unwrap();
    assert_eq!((one.name.as_deref(), one.capital), (Some("甲公司（示例）"), None));
    let find = async |which: Which| {
        let page = legal_entities::find(&city.hub, job(&city), "check", &which, None).await?;
        assert_eq!(page.next, None);
        Ok::<_, ReadError>(page.records.into_iter().map(|e| e.uscc.unwrap()).collect::<Vec<_>>())
    };
    assert_eq!(find(Which::Named("丙合作社（示例）".into())).await.unwrap(), ["93320382MA000TX30Q"]);
    assert_eq!(find(Which::In("320324".into())).await.unwrap(), ["92320324MA000TX221"]);
    assert_eq!(find(Which::In("320300".into())).await.unwrap().len(), 3);
    let industry =
        |section: &str, division: &str| Which::Industry { section: section.into(), division: division.into() };
    assert_eq!(find(industry("C", "320300")).await.unwrap(), [USCC, "93320382MA000TX30Q"]);
    assert_eq!(find(industry("F", "320302")).await.unwrap(), [""; 0]);
    assert!(matches!(find(Which::In("徐州".into())).await, Err(ReadError::Invalid(_))));
}

async fn put_events(city: &City) {
    for (event, kind, date, until) in [
        ("e1", "penalty", "2020-01-01", Some("2023-01-01")),
        ("e2", "penalty", "2025-01-01", Some("2028-01-01")),
        ("e3", "licence", "2024-01-01", None),
        ("e4", "penalty", "2026-01-01", Some("2026-11-26")),
    ] {
        let mut body = json!({
            "uscc": USCC, "kind": kind, "date": date, "authority": "市场监管局（示例）", "content": "示例", "division": "320302",
        });
        if let Some(until) = until {
            body["until"] = json!(until);
        }
        city.put(EVENT, event, body).await;
    }
}

#[tokio::test]
async fn a_summary_counts_the_events_that_are_in_force() {
    let city = granted(EVENT, &["event", "uscc", "date", "kind", "until"], &[]).await;
    put_events(&city).await;
    let counts = credit::summary(&city.hub, job(&city), "check", USCC, &mut unmetered).await.unwrap();
    let counts: Vec<_> = counts.iter().map(|c| (c.kind.as_str(), c.count)).collect();
    assert_eq!(counts, [("licence", 1), ("penalty", 2)], "the one of 2020 has ended, the last day counts");
    let penalties = credit::events(&city.hub, job(&city), "check", USCC, &strings(&["penalty"]), None).await.unwrap();
    let numbers: Vec<_> = penalties.records.iter().map(|e| e.event.as_deref().unwrap()).collect();
    assert_eq!(numbers, ["e1", "e2", "e4"], "the oldest first");
    let all = credit::events(&city.hub, job(&city), "check", USCC, &[], None).await.unwrap();
    assert_eq!(all.records.len(), 4);
}

#[tokio::test]
async fn kinds_cannot_be_asked_for_where_they_are_not_granted() {
    let city = granted(EVENT, &["event", "uscc", "date"], &[]).await;
    put_events(&city).await;
    let denied = credit::events(&city.hub, job(&city), "check", USCC, &strings(&["penalty"]), None).await.unwrap_err();
    assert_eq!(denied, ReadError::Denied(Denial::Fields(strings(&["kind"]))));
    let denied = credit::summary(&city.hub, job(&city), "check", USCC, &mut unmetered).await.unwrap_err();
    assert!(matches!(denied, ReadError::Denied(Denial::Fields(_))), "{denied:?}");
    assert_eq!(credit::events(&city.hub, job(&city), "check", USCC, &[], None).await.unwrap().records.len(), 4);
}

#[tokio::test]
async fn an_end_that_is_masked_cannot_be_counted_with() {
    for mask in [Mask::Presence, Mask::Year] {
        let city = granted(EVENT, &["event", "uscc", "date", "kind", "until"], &[("until", mask)]).await;
        put_events(&city).await;
        let denied = credit::summary(&city.hub, job(&city), "check", USCC, &mut unmetered).await.unwrap_err();
        assert_eq!(denied, ReadError::Denied(Denial::Fields(strings(&["until"]))), "{mask:?}");
    }
}

async fn places() -> City {
    let city = granted(PLACE, &["place", "name", "kind", "division", "geometry"], &[]).await;
    for (place, kind, longitude, latitude) in
        [("p1", "school", 117.18, 34.26), ("p2", "station", 117.19, 34.27), ("p3", "school", 117.9, 34.0)]
    {
        let point = json!({ "type": "Point", "coordinates": [longitude, latitude] });
        city.put(PLACE, place, json!({ "name": "示例", "kind": kind, "division": "320303", "geometry": point })).await;
    }
    city
}

#[tokio::test]
async fn places_are_found_by_area_box_and_distance() {
    let city = places().await;
    let find = async |at: Where, limit: usize, cursor: Option<&str>| {
        geospatial::find(&city.hub, job(&city), "check", &at, limit, cursor).await
    };
    let codes = |page: &yunlong_hub::base::TypedPage<geospatial::Place>| {
        page.records.iter().map(|p| p.place.clone().unwrap()).collect::<Vec<_>>()
    };
    let near = |max_m: f64| Where::Nearest { longitude: 117.18, latitude: 34.26, max_m };
    let first = find(near(10_000.0), 1, None).await.unwrap();
    assert_eq!((codes(&first), first.records[0].distance_m), (strings(&["p1"]), Some(0.0)));
    let second = find(near(10_000.0), 1, first.next.as_deref()).await.unwrap();
    assert_eq!(codes(&second), ["p2"]);
    let metres = second.records[0].distance_m.unwrap();
    assert!((metres - 1_441.0).abs() < 5.0, "{metres}");
    assert_eq!(codes(&find(Where::InBox([117.0, 34.0, 117.185, 34.3]), 10, None).await.unwrap()), ["p1"]);
    let area = json!({ "type": "Polygon", "coordinates": [[[117.185, 34.2], [117.5, 34.2], [117.5, 34.5], [117.185, 34.5], [117.185, 34.2]]] });
    for at in [Where::Within(area.to_string()), Where::Touching(area.to_string())] {
        assert_eq!(codes(&find(at, 10, None).await.unwrap()), ["p2"]);
    }
    let one = geospatial::get(&city.hub, job(&city), "check", "p3").await.unwrap().unwrap();
    assert!(one.geometry.unwrap().contains("[117.9,34.0]"));
}

#[tokio::test]
async fn a_question_about_no_place_says_what_is_wrong() {
    let city = places().await;
    for (at, words) in [
        (Where::Within("{}".into()), "GeoJSON"),
        (Where::Touching(json!({ "type": "Point", "coordinates": [117.0, 34.0] }).to_string()), "Polygon"),
        (Where::InBox([170.0, 34.0, -170.0, 35.0]), "date line"),
        (Where::Nearest { longitude: 34.26, latitude: 117.18, max_m: 1.0 }, "longitude comes first"),
        (Where::Nearest { longitude: 117.18, latitude: 34.26, max_m: -1.0 }, "distance"),
    ] {
        match geospatial::find(&city.hub, job(&city), "check", &at, 10, None).await {
            Err(ReadError::Invalid(why)) => assert!(why.contains(words), "{why}"),
            other => panic!("{at:?}: {other:?}"),
        }
    }
}

/// Whoever bounds nothing.
fn unmetered() -> Result<(), ReadError> {
    Ok(())
}

async fn put_figures(city: &City) {
    for (division, period, value) in [
        ("320300", "2024", 100.0),
        ("320300", "2025", 110.0),
        ("320302", "2024", 60.5),
        ("320302", "2025", 63.4),
        ("320302", "2025-Q4", 20.0),
        ("320303", "2025", 46.6),
        ("320324109", "2025", 1.0),
    ] {
        let body =
            json!({ "indicator": "gdp", "division": division, "period": period, "value": value, "unit": "亿元" });
        city.put(OBSERVATION, &format!("gdp/{division}/{period}"), body).await;
    }
}

fn asked(divisions: Divisions) -> SeriesQuery {
    SeriesQuery::new(vec!["gdp".into()], divisions, "2024".parse().unwrap(), "2025".parse().unwrap()).unwrap()
}

#[tokio::test]
async fn series_come_by_codes_and_by_level() {
    let items = ["observation", "indicator", "division", "period", "value", "unit"];
    let city = granted(OBSERVATION, &items, &[]).await;
    put_figures(&city).await;
    let division = |code: &str| DivisionCode::parse(code).unwrap();
    let by_code = asked(Divisions::Codes(vec![division("320302")]));
    let by_code = economy::series(&city.hub, job(&city), "check", &by_code, &mut unmetered).await.unwrap();
    let points: Vec<_> = by_code[0].points.iter().map(|p| (p.period.to_string(), to_number(p.value))).collect();
    assert_eq!((by_code.len(), points), (1, vec![("2024".to_owned(), 60.5), ("2025".to_owned(), 63.4)]));
    let counties = asked(Divisions::Level { within: division("320300"), level: Level::County });
    let counties = economy::series(&city.hub, job(&city), "check", &counties, &mut unmetered).await.unwrap();
    let found: Vec<_> = counties.iter().map(|s| s.division.as_str()).collect();
    assert_eq!(found, ["320302", "320303"], "neither the city nor a town");
    let figure = economy::get(&city.hub, job(&city), "check", "gdp/320302/2025-Q4").await.unwrap().unwrap();
    assert_eq!((figure.value, figure.state), (Some(20.0), None));
    let indicators = economy::indicators(&city.hub, job(&city), "check").await.unwrap();
    assert!(indicators.iter().any(|i| i.code == "gdp" && i.name.zh == "地区生产总值"));
    let denied = economy::indicators(&city.hub, job(&city), "other").await;
    assert!(matches!(denied, Err(ReadError::Denied(_))), "{denied:?}");
}

#[tokio::test]
async fn a_series_without_its_values_is_denied_by_name() {
    let city = granted(OBSERVATION, &["indicator", "division", "period", "unit"], &[]).await;
    put_figures(&city).await;
    let query = asked(Divisions::Codes(vec![DivisionCode::parse("320302").unwrap()]));
    let denied = economy::series(&city.hub, job(&city), "check", &query, &mut unmetered).await.unwrap_err();
    assert_eq!(denied, ReadError::Denied(Denial::Fields(strings(&["value"]))));
}

#[tokio::test]
async fn each_read_behind_a_question_is_metered_and_there_are_only_so_many() {
    let items = ["observation", "indicator", "division", "period", "value", "unit"];
    let city = granted(OBSERVATION, &items, &[]).await;
    put_figures(&city).await;
    let codes = |n: u32| (1..=n).map(|i| DivisionCode::parse(&format!("3203{i:02}")).unwrap()).collect();
    let query = asked(Divisions::Codes(codes(5)));
    let mut reads = 0;
    let mut three = || {
        reads += 1;
        if reads > 3 { Err(ReadError::TooLarge("spent".into())) } else { Ok(()) }
    };
    let stopped = economy::series(&city.hub, job(&city), "check", &query, &mut three).await;
    assert_eq!(stopped.unwrap_err(), ReadError::TooLarge("spent".into()));
    assert_eq!(reads, 4, "one for each series");
    let indicators = (0..50).map(|n| format!("i{n}")).collect();
    let (from, to) = ("2024".parse().unwrap(), "2025".parse().unwrap());
    let many = SeriesQuery::new(indicators, Divisions::Codes(codes(11)), from, to).unwrap();
    let mut none = || panic!("nothing is read");
    let refused = economy::series(&city.hub, job(&city), "check", &many, &mut none).await;
    assert!(matches!(refused, Err(ReadError::TooLarge(_))), "{refused:?}");
}

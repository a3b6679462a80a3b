//! What a synthetic city promises.
#![allow(clippy::unwrap_used)] // The helpers are tests too.

use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use yunlong_formats::{Date, ResidentId, Uscc};
use yunlong_samples::{Citizen, City, DATASETS, MAX_PEOPLE, Row, SampleError, citizen_rows};

const SEED: u64 = 320_300;

fn rows(people: u64, dataset: &str) -> impl Iterator<Item = Row> {
    City::new(SEED, people).unwrap().rows(dataset).unwrap()
}

fn text<'a>(row: &'a Row, item: &str) -> &'a str {
    row[item].as_str().unwrap()
}

fn age(row: &Row) -> u16 {
    let born: Date = text(row, "birth_date").parse().unwrap();
    born.age_on(Date::new(2025, 12, 31).unwrap()).unwrap()
}

#[test]
fn the_same_seed_gives_the_same_city_and_another_seed_another_one() {
    for dataset in DATASETS {
        let first: Vec<Row> = rows(3_000, dataset).collect();
        assert_eq!(first, rows(3_000, dataset).collect::<Vec<_>>(), "{dataset}");
        let other: Vec<Row> = City::new(1, 3_000).unwrap().rows(dataset).unwrap().collect();
        assert_ne!(first, other, "{dataset}");
        assert_eq!(City::new(SEED, 3_000).unwrap().count(dataset), first.len() as u64, "{dataset}");
    }
    // These stand in examples and tests elsewhere: a change of them is a change of the contract.
    assert_eq!(rows(1, "population.person").next().map(Value::from), Some(FIRST.clone()));
}

static FIRST: std::sync::LazyLock<Value> = std::sync::LazyLock::new(|| {
    json!({
        "resident_id": "320382198010048836", "name": "彭嘉帅", "sex": "1", "birth_date": "1980-10-04", "ethnicity": "01",
        "division": "320382110206", "address": "徐州市邳州市邹庄镇红圈村振兴路290号", "household": "32038200000000",
        "relation": "0", "mobile": "19939361640", "status": "normal",
    })
});

#[test]
fn a_person_is_the_same_however_many_are_asked_for() {
    let many: Vec<Row> = rows(10_000, "population.person").take(1_237).collect();
    assert_eq!(rows(1_237, "population.person").collect::<Vec<_>>(), many);
    assert_eq!(
        City::new(SEED, 1_237).unwrap().count("population.household"),
        rows(1_237, "population.household").count() as u64
    );
}

#[test]
fn there_is_a_largest_city() {
    assert_eq!(City::new(SEED, MAX_PEOPLE + 1).unwrap_err(), SampleError::TooMany(MAX_PEOPLE + 1));
    assert!(City::new(SEED, MAX_PEOPLE).unwrap().rows("population.pets").is_none());
}

/// What is checked of each person; answers how many there were.
fn check_people(people: impl Iterator<Item = Row>) -> u64 {
    let mut numbers = HashSet::new();
    let mut count = 0;
    for row in people {
        let id = ResidentId::parse(text(&row, "resident_id")).unwrap();
        assert_eq!(id.as_str(), text(&row, "resident_id"));
        assert_eq!(id.birth_date().to_string(), text(&row, "birth_date"));
        let odd = id.as_str().as_bytes()[16] % 2 == 1;
        assert_eq!(text(&row, "sex"), if odd { "1" } else { "2" });
        let number: u64 = id.as_str()[..17].parse().unwrap();
        assert!(numbers.insert(number), "{id} twice");
        count += 1;
    }
    count
}

#[test]
fn numbers_are_valid_and_unique_over_200_000_people() {
    assert_eq!(check_people(rows(200_000, "population.person")), 200_000);
}

#[test]
#[ignore = "a million people take half a minute: run it after a change of people.rs"]
fn numbers_are_valid_and_unique_over_all_people_there_can_be() {
    assert_eq!(check_people(rows(MAX_PEOPLE, "population.person")), MAX_PEOPLE);
}

#[test]
fn ages_are_those_of_a_city() {
    let mut ages = [0_u32; 4];
    let mut areas = BTreeSet::new();
    let mut mobiles = 0;
    for row in rows(50_000, "population.person") {
        let age = age(&row);
        ages[match age {
            0..18 => 0,
            18..35 => 1,
            35..60 => 2,
            _ => 3,
        }] += 1;
        assert!(age < 100, "{row:?}");
        areas.insert(text(&row, "resident_id")[..6].to_owned());
        if let Some(mobile) = row.get("mobile") {
            assert!(mobile.as_str().unwrap().starts_with("199") && age >= 18);
            mobiles += 1;
        }
    }
    let share = ages.map(|n| n * 100 / 50_000);
    assert!((15..30).contains(&share[0]) && (15..30).contains(&share[1]), "{share:?}");
    assert!((25..45).contains(&share[2]) && (15..30).contains(&share[3]), "{share:?}");
    assert!(areas.contains("320323"), "people of the county that was abolished keep their numbers");
    assert!(!areas.contains("320371"), "no number has the code of a statistical division");
    assert!((15_000..25_000).contains(&mobiles), "{mobiles}");
}

#[test]
fn households_are_of_one_piece() {
    let mut members: HashMap<String, Vec<Row>> = HashMap::new();
    for row in rows(20_000, "population.person") {
        members.entry(text(&row, "household").to_owned()).or_default().push(row);
    }
    let mut seen = 0;
    for home in rows(20_000, "population.household") {
        let people = &members[text(&home, "household")];
        assert_eq!(home["size"], people.len());
        assert_eq!((&people[0]["resident_id"], &people[0]["relation"]), (&home["head"], &json!("0")));
        let heads = people.iter().filter(|p| p["relation"] == "0").count();
        assert_eq!(heads, 1);
        for person in people {
            assert_eq!((&person["address"], &person["division"]), (&home["address"], &home["division"]));
            let older = age(&people[0]);
            match text(person, "relation") {
                "0" => assert!(older >= 20),
                "1" => assert_ne!(person["sex"], people[0]["sex"]),
                relation @ ("2" | "3") => {
                    assert_eq!(person["sex"], if relation == "2" { "1" } else { "2" });
                    assert!(age(person) + 20 <= older, "{person:?} of {older}");
                    let father = people.iter().find(|p| matches!(text(p, "relation"), "0" | "1") && p["sex"] == "1");
                    if let Some(father) = father {
                        assert_eq!(text(person, "name").chars().next(), text(father, "name").chars().next());
                    }
                }
                "5" => assert!(age(person) >= older + 20),
                other => panic!("{other}"),
            }
        }
        seen += people.len();
    }
    assert_eq!(seen, 20_000);
}

/// The parts of the catalogue that rows are held against.
struct Dataset(toml::Table);

impl Dataset {
    fn read(id: &str) -> Self {
        let path = format!("{}/../../host/hub/data/datasets/{id}.toml", env!("CARGO_MANIFEST_DIR"));
        Self(std::fs::read_to_string(path).unwrap().parse().unwrap())
    }

    /// The items with their types, in order.
    fn items(&self) -> Vec<(&str, &str)> {
        let items = self.0["items"].as_array().unwrap().iter();
        items.map(|i| (i["name"].as_str().unwrap(), i["type"].as_str().unwrap())).collect()
    }

    fn check(&self, row: &Row, villages: &HashSet<String>) {
        let items: BTreeMap<&str, &toml::Table> = self.0["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|i| (i["name"].as_str().unwrap(), i.as_table().unwrap()))
            .collect();
        for (name, item) in &items {
            let required = item.get("required").and_then(toml::Value::as_bool).unwrap_or(false);
            assert!(row.contains_key(*name) || !required, "{name} of {row:?}");
        }
        for (name, value) in row {
            let item = items.get(name.as_str()).unwrap_or_else(|| panic!("{name} is no item"));
            let text = value.as_str().unwrap_or("");
            match item["type"].as_str().unwrap() {
                "text" => assert!(!text.is_empty(), "{name}"),
                "integer" => assert!(value.is_i64(), "{name}"),
                "decimal" => assert!(value.is_number(), "{name}"),
                "date" => _ = text.parse::<Date>().unwrap(),
                "resident-id" => _ = text.parse::<ResidentId>().unwrap(),
                "uscc" => _ = text.parse::<Uscc>().unwrap(),
                "mobile" => _ = text.parse::<yunlong_formats::Mobile>().unwrap(),
                "division" => assert!(villages.contains(text), "{text}"),
                "geometry" => assert!(value["coordinates"].is_array(), "{name}"),
                "period" => assert!(text.len() == 4 || text[4..].starts_with("-Q"), "{text}"),
                other => panic!("{other}"),
            }
            if let Some(codes) = item.get("codes") {
                assert!(codes.get(text).is_some(), "{name}: {text}");
            }
        }
    }
}

#[test]
fn rows_are_as_the_catalogue_describes_them() {
    let divisions = std::fs::read_to_string(format!(
        "{}/../../host/identity/data/xuzhou-divisions.csv",
        env!("CARGO_MANIFEST_DIR")
    ));
    let divisions = divisions.unwrap().lines().map(|l| l.split(',').next().unwrap().to_owned()).collect();
    for id in DATASETS {
        let dataset = Dataset::read(id);
        assert_eq!(yunlong_samples::items(id), dataset.items());
        let key = dataset.0["key"].as_str().unwrap();
        let mut keys = HashSet::new();
        for row in rows(4_000, id) {
            dataset.check(&row, &divisions);
            assert!(keys.insert(text(&row, key).to_owned()), "{} twice", text(&row, key));
        }
        assert!(keys.len() > 100, "{id}");
    }
}

#[test]
fn companies_are_marked_and_events_are_theirs() {
    let codes: HashSet<String> = rows(100_000, "legal-entities.entity").map(|r| text(&r, "uscc").to_owned()).collect();
    assert_eq!(codes.len(), 5_000);
    for row in rows(100_000, "legal-entities.entity") {
        assert!(text(&row, "name").ends_with("（示例）"));
        assert_eq!(&text(&row, "uscc")[8..13], "MA000", "a block that the province was not allotted");
    }
    let events: Vec<Row> = rows(100_000, "credit.event").collect();
    assert!(events.len() > 3_000);
    for event in events {
        assert!(codes.contains(text(&event, "uscc")));
        if let Some(until) = event.get("until") {
            assert!(until.as_str().unwrap() > text(&event, "date"));
        }
    }
    // As many as there can be: codes do not run out.
    let many = City::new(SEED, MAX_PEOPLE).unwrap();
    let codes: HashSet<String> =
        many.rows("legal-entities.entity").unwrap().map(|r| text(&r, "uscc").to_owned()).collect();
    assert_eq!(codes.len() as u64, many.count("legal-entities.entity"));
}

#[test]
fn places_lie_in_their_districts() {
    let all: Vec<Row> = rows(50_000, "geospatial.place").collect();
    let outlines: HashMap<&str, &Value> =
        all.iter().filter(|r| r["kind"] == "division").map(|r| (text(r, "division"), &r["geometry"])).collect();
    assert_eq!(outlines.len(), 10);
    for place in all.iter().filter(|r| r["kind"] != "division") {
        let at = &place["geometry"]["coordinates"];
        let (x, y) = (at[0].as_f64().unwrap(), at[1].as_f64().unwrap());
        let mut crossings = 0;
        for ring in outlines[text(place, "division")]["coordinates"]
            .as_array()
            .unwrap()
            .iter()
            .flat_map(|p| p.as_array().unwrap())
        {
            let ring: Vec<(f64, f64)> =
                ring.as_array().unwrap().iter().map(|p| (p[0].as_f64().unwrap(), p[1].as_f64().unwrap())).collect();
            assert_eq!(ring.first(), ring.last(), "rings are closed");
            crossings += ring
                .windows(2)
                .filter(|e| {
                    (e[0].1 > y) != (e[1].1 > y) && x < e[0].0 + (y - e[0].1) / (e[1].1 - e[0].1) * (e[1].0 - e[0].0)
                })
                .count();
        }
        assert_eq!(crossings % 2, 1, "{place:?}");
    }
}

#[test]
fn series_add_up() {
    let mut values: BTreeMap<(String, String, String), i64> = BTreeMap::new();
    for row in rows(0, "economy.observation") {
        let key = ["indicator", "period", "division"].map(|i| text(&row, i).to_owned());
        assert_eq!(text(&row, "observation"), format!("{}/{}/{}", key[0], key[2], key[1]));
        assert!(row.get("state").is_none(), "drawn figures have no state of publication");
        let hundredths = (row["value"].as_f64().unwrap() * 100.0).round() as i64;
        assert!(hundredths > 0, "{row:?}");
        values.insert(key.into(), hundredths);
    }
    let indicators: BTreeSet<&str> = values.keys().map(|k| k.0.as_str()).collect();
    assert_eq!(indicators.len(), 9);
    let get = |i: &str, p: &str, d: &str| values[&(i.to_owned(), p.to_owned(), d.to_owned())];
    let counties: BTreeSet<&str> = values.keys().map(|k| k.2.as_str()).filter(|d| *d != "320300").collect();
    assert_eq!(counties.len(), 11);
    for year in 2015..=2025 {
        let year = year.to_string();
        for indicator in ["gdp", "retail-sales", "budget-revenue", "population"] {
            let sum: i64 = counties.iter().map(|c| get(indicator, &year, c)).sum();
            assert_eq!(get(indicator, &year, "320300"), sum, "{indicator} {year}");
        }
        let parts = ["primary-industry", "secondary-industry", "tertiary-industry"];
        assert_eq!(get("gdp", &year, "320382"), parts.iter().map(|p| get(p, &year, "320382")).sum::<i64>());
        let quarters: i64 = (1..=4).map(|q| get("gdp", &format!("{year}-Q{q}"), "320324")).sum();
        assert_eq!(get("gdp", &year, "320324"), quarters);
        let incomes: Vec<i64> = counties.iter().map(|c| get("urban-income", &year, c)).collect();
        let city = get("urban-income", &year, "320300");
        assert!(incomes.iter().min().unwrap() <= &city && &city <= incomes.iter().max().unwrap());
    }
}

#[test]
fn citizens_of_a_demo_have_rows_too() {
    for id in ["320302199001019999", "32032119900101998X", "320323199001019990"] {
        let citizen =
            Citizen { resident_id: id.parse().unwrap(), name: "王云龙".into(), mobile: Some("19900000001".into()) };
        let (person, home) = citizen_rows(SEED, &citizen);
        assert_eq!(person["resident_id"], id);
        assert_eq!((&person["household"], &home["head"]), (&home["household"], &json!(id)));
        assert_eq!(person["sex"], if id.as_bytes()[16] % 2 == 1 { "1" } else { "2" });
        assert_eq!(citizen_rows(SEED, &citizen), (person, home), "the same at every start");
    }
}

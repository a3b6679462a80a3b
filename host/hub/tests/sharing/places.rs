//! Finding by place, within what was granted.

use crate::city::{City, TOURISM, Who, a_use, strings};
use serde_json::json;
use yunlong_hub::geo::{BoundingBox, Position};
use yunlong_hub::{Denial, PlaceQuery, ReadError};

const PLACES: &str = "geospatial.place";

async fn city() -> City {
    let city = City::new().await;
    for (key, name, division, at) in [
        ("p1", "甲公园", "320303", [117.20, 34.26]),
        ("p2", "乙公园", "320303", [117.21, 34.26]),
        ("p3", "丙公园", "320322", [117.22, 34.26]),
    ] {
        let geometry = json!({ "type": "Point", "coordinates": at });
        let body = json!({ "place": key, "name": name, "kind": "park", "division": division, "geometry": geometry });
        city.put(PLACES, key, body).await;
    }
    let extra = "rows = { divisions = [\"320303\"] }\naccess = [\"get\", \"query\"]";
    let uses = [
        a_use(PLACES, "map", &["name", "geometry"], extra),
        a_use(PLACES, "names", &["name"], "rows = \"all\"\naccess = [\"get\", \"query\"]"),
    ];
    city.install("tickets", TOURISM, &uses.concat()).await;
    for purpose in ["map", "names"] {
        city.grant("tickets", PLACES, purpose).await;
    }
    city
}

fn here() -> PlaceQuery {
    PlaceQuery::InBox(BoundingBox::new(117.0, 34.0, 118.0, 35.0).unwrap())
}

#[tokio::test]
async fn places_are_found_within_the_granted_rows_page_by_page() {
    let city = city().await;
    let open = city.open("tickets", Who::Nobody, PLACES, "map").await.unwrap();
    let (mut names, mut cursor) = (Vec::new(), None);
    loop {
        let page = open.places(&here(), 1, cursor.as_deref(), &strings(&["name"])).await.unwrap();
        names.extend(page.records.iter().map(|(r, _)| r.body["name"].as_str().unwrap().to_owned()));
        cursor = page.next;
        if cursor.is_none() {
            break;
        }
    }
    names.sort();
    assert_eq!(names, ["乙公园", "甲公园"], "the third lies in another division");
    let nearest = PlaceQuery::Nearest { from: Position::new(117.211, 34.26).unwrap(), max_m: 5_000.0 };
    let page = open.places(&nearest, 10, None, &strings(&["name"])).await.unwrap();
    let found: Vec<_> = page.records.iter().map(|(r, m)| (r.reference.as_str(), m.unwrap() < 1_100.0)).collect();
    assert_eq!(found, [("p2", true), ("p1", true)], "the nearest first, and nothing about a person in the log");
    assert!(city.log("data.read").await.is_empty());
}

#[tokio::test]
async fn whoever_may_not_see_the_geometry_does_not_search_by_it() {
    let city = city().await;
    let open = city.open("tickets", Who::Job, PLACES, "names").await.unwrap();
    let refused = open.places(&here(), 10, None, &[]).await;
    assert_eq!(refused, Err(ReadError::Denied(Denial::Fields(strings(&["geometry"])))));
    let map = city.open("tickets", Who::Job, PLACES, "map").await.unwrap();
    let forged = map.places(&here(), 10, Some("AAAA"), &[]).await;
    assert!(matches!(forged, Err(ReadError::Invalid(_))), "{forged:?}");
}

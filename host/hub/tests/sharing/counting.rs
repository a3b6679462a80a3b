//! What is kept from an app cannot be counted by the pages of what it is shown.

use crate::city::{ASKED, City, TOURISM, Who, a_use, name, resident_id, strings};
use serde_json::{Value, json};
use yunlong_hub::{Bound, Open, Query, ReadError, ReleasedPage};

const FIELDS: [&str; 3] = ["name", "birth_date", "division"];

/// More of 320321 than a walk looks at, and Zhao alone of 320322.
async fn city(extra: &str) -> City {
    let city = City::new().await;
    for area in ["320302", "320321", "320322"] {
        let keys: Vec<String> = (0..800).map(|n| resident_id(area, "19700101", n)).collect();
        city.put_many(ASKED, &keys).await;
    }
    city.install("tickets", TOURISM, &a_use(ASKED, "check", &FIELDS, extra)).await;
    city.grant("tickets", ASKED, "check").await;
    city
}

async fn open(city: &City) -> Open {
    city.open("tickets", Who::Job, ASKED, "check").await.unwrap()
}

fn by(index: &str, equals: Vec<Value>) -> Query {
    Query { index: strings(&[index]), equals, limit: 10, ..Query::default() }
}

fn names(page: &ReleasedPage) -> Vec<&str> {
    page.records.iter().filter_map(|r| r.body["name"].as_str()).collect()
}

#[tokio::test]
async fn pages_do_not_tell_how_many_lie_outside_of_the_granted_divisions() {
    let city = city("rows = { divisions = [\"320322\", \"320301\"] }\naccess = [\"get\", \"query\", \"bulk\"]").await;
    let open = open(&city).await;
    let page = open.query(&by("division", vec![]), &[]).await.unwrap();
    assert_eq!((names(&page), page.next.as_deref()), (vec!["赵示例"], None), "only the granted ones are walked");
    let bounds = Query {
        lower: Some(Bound { value: json!("320302"), inclusive: true }),
        upper: Some(Bound { value: json!("320323"), inclusive: false }),
        ..by("division", vec![])
    };
    let page = open.query(&bounds, &[]).await.unwrap();
    assert_eq!((names(&page), page.next.as_deref()), (vec!["赵示例"], None));
    let page = open.query(&by("birth_date", vec![json!("1990-01-01")]), &[]).await.unwrap();
    assert_eq!(
        (names(&page), page.next.as_deref()),
        (vec!["赵示例"], None),
        "few: all of them are looked at, in one page"
    );
    let range =
        Query { lower: Some(Bound { value: json!("1960-01-01"), inclusive: true }), ..by("birth_date", vec![]) };
    let Err(ReadError::TooLarge(why)) = open.query(&range, &[]).await else { panic!("counted") };
    assert!(why.contains("[division]"), "which index to use: {why}");
    // A job tells what it found, not how far it came.
    let id = open.start_job(&range, &[]).await.unwrap();
    city.hub.work().await.unwrap();
    let job = open.job(&id).await.unwrap();
    assert_eq!((job.ready, job.records), (true, 1));
}

#[tokio::test]
async fn nor_how_many_have_not_consented() {
    let city = city("basis = \"consent\"\nrows = \"all\"\naccess = [\"get\", \"query\"]").await;
    let declared = city.manifest_of("tickets").datasets[0].clone();
    city.identity.consent_to_use("wang", &name("tickets"), &declared).await.unwrap();
    let open = open(&city).await;
    let page = open.query(&by("birth_date", vec![json!("1960-03-01")]), &[]).await.unwrap();
    assert_eq!((names(&page), page.next.as_deref()), (vec!["王示例"], None));
    let all = open.query(&by("division", vec![json!("320321")]), &[]).await;
    assert!(matches!(all, Err(ReadError::TooLarge(_))), "{all:?}");
}

#[tokio::test]
async fn where_nothing_is_kept_a_filter_may_leave_pages_short() {
    let city = city("rows = { divisions = [\"320321\"] }\naccess = [\"get\", \"query\"]").await;
    let open = open(&city).await;
    let filter = crate::city::object(json!({ "birth_date": "1960-03-01" }));
    let mut query = Query { filter, ..by("division", vec![]) };
    let (mut found, mut pages) = (Vec::new(), 0);
    loop {
        let page = open.query(&query, &[]).await.unwrap();
        found.extend(names(&page).into_iter().map(str::to_owned));
        pages += 1;
        query.cursor = page.next;
        if query.cursor.is_none() {
            break;
        }
    }
    assert_eq!(found, ["王示例"]);
    assert!(pages > 1, "{pages}");
}

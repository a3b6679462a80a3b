use crate::city::{City, HOUSEHOLD, PERSON, PLACE, POLICE, TOURISM, errors, id, person, police_admin};
use serde_json::{Value, json};
use yunlong_formats::Date;
use yunlong_hub::{Authority, Bound, Find, Fresh, HubError, Record, Written};
use yunlong_store::{Direction, Key};

fn day(text: &str) -> Date {
    text.parse().unwrap()
}

fn days(records: &[Record]) -> Vec<(&str, Option<&str>)> {
    records.iter().map(|r| (r.valid_from.as_str(), r.valid_to.as_deref())).collect()
}

async fn history(city: &City, n: u16) -> Vec<Record> {
    let records = city.records(PERSON);
    records.history(&records.id(&id(n))).await.unwrap()
}

#[tokio::test]
async fn a_change_begins_a_version_and_the_day_finds_the_one_that_held() {
    let city = City::new().await;
    let records = city.records(PERSON);
    let key = records.id(&id(1));
    assert_eq!(city.put(PERSON, city.fresh(&id(1), person(1), "2020-05-01")).await, Ok(Written::New));
    let moved = city.fresh(&id(1), json!({ "division": "320322" }), "2024-01-01");
    assert_eq!(city.put(PERSON, moved).await, Ok(Written::Changed(2)));
    assert_eq!(days(&history(&city, 1).await), [("2024-01-01", None), ("2020-05-01", Some("2024-01-01"))]);
    let division = async |on: &str| records.as_of(&key, day(on)).await.unwrap().map(|r| r.body["division"].clone());
    assert_eq!(division("2020-04-30").await, None);
    assert_eq!(division("2020-05-01").await, Some(json!("320321")));
    assert_eq!(division("2023-12-31").await, Some(json!("320321")));
    assert_eq!(division("2024-01-01").await, Some(json!("320322")));
    assert_eq!(records.current(&key).await.unwrap().unwrap().body["division"], "320322");
}

#[tokio::test]
async fn what_says_nothing_new_writes_no_version_and_no_change() {
    let city = City::new().await;
    city.put(PERSON, city.fresh(&id(1), person(1), "2026-01-01")).await.unwrap();
    let mut txn = yunlong_store::Txn::new(city.store.clone());
    let mut writer = city.hub.writer(&mut txn, PERSON).await.unwrap();
    let by = Authority::Of(POLICE.into());
    let same = city.fresh(&id(1), person(1), "2026-05-01");
    assert_eq!(writer.put(&mut txn, &by, same).await, Ok(Written::Unchanged(1)));
    assert_eq!(writer.finish(&mut txn), 0);
    // The provider's word that it still holds: the dataset is up to date, and that is all that is written.
    txn.commit().await.unwrap();
    assert_eq!(days(&history(&city, 1).await), [("2026-01-01", None)]);
    assert_eq!(city.records(PERSON).changes(None, 10).await.unwrap().len(), 1);
}

#[tokio::test]
async fn versions_do_not_overlap_and_none_begins_in_the_future() {
    let city = City::new().await;
    let until = |from: &str, to: &str| Fresh { valid_to: Some(day(to)), ..city.fresh(&id(1), person(1), from) };
    let future = errors(city.put(PERSON, city.fresh(&id(1), person(1), "2026-11-27")).await);
    assert_eq!(future[0].field.as_deref(), Some("valid_from"));
    let backwards = errors(city.put(PERSON, until("2020-01-02", "2020-01-02")).await);
    assert_eq!(backwards[0].field.as_deref(), Some("valid_to"));
    city.put(PERSON, until("2020-01-01", "2022-01-01")).await.unwrap();
    let inside = errors(city.put(PERSON, city.fresh(&id(1), json!({ "status": "moved-out" }), "2021-06-01")).await);
    assert!(inside[0].reason.en.contains("overlaps") && inside[0].reason.zh.contains("重叠"), "{inside:?}");
    // A gap is no overlap.
    city.put(PERSON, city.fresh(&id(1), json!({}), "2023-01-01")).await.unwrap();
    assert_eq!(days(&history(&city, 1).await), [("2023-01-01", None), ("2020-01-01", Some("2022-01-01"))]);
    let past = errors(city.put(PERSON, city.fresh(&id(1), json!({ "name": "别" }), "2022-06-01")).await);
    assert!(past[0].reason.en.contains("correction"), "{past:?}");
}

#[tokio::test]
async fn only_a_correction_reaches_into_the_past_and_what_it_replaces_is_kept() {
    let city = City::new().await;
    city.put(PERSON, city.fresh(&id(1), person(1), "2020-01-01")).await.unwrap();
    city.put(PERSON, city.fresh(&id(1), json!({ "name": "示例新" }), "2024-01-01")).await.unwrap();
    // Within a former version: it takes over the rest of it.
    city.correct(PERSON, city.fresh(&id(1), json!({ "division": "320322" }), "2022-01-01")).await.unwrap();
    let all = history(&city, 1).await;
    assert_eq!(
        days(&all),
        [("2024-01-01", None), ("2022-01-01", Some("2024-01-01")), ("2020-01-01", Some("2022-01-01"))]
    );
    assert_eq!(all[1].body["division"], "320322");
    assert_eq!(all[1].body["name"], "示例1", "fields come from the version that it falls into");
    assert_eq!(all[0].body["division"], "320321", "what came later is not touched");
    // On the first day of a version: it takes its place.
    city.correct(PERSON, city.fresh(&id(1), json!({ "division": "320324" }), "2020-01-01")).await.unwrap();
    // Before all of them, in no version: it fills the gap, and must be a whole record.
    let part = errors(city.correct(PERSON, city.fresh(&id(1), json!({ "name": "旧" }), "2010-01-01")).await);
    assert!(part.iter().any(|e| e.field.as_deref() == Some("sex")), "{part:?}");
    city.correct(PERSON, city.fresh(&id(1), person(1), "2010-01-01")).await.unwrap();
    let all = history(&city, 1).await;
    assert_eq!(days(&all).last(), Some(&("2010-01-01", Some("2020-01-01"))));
    let records = city.records(PERSON);
    let replaced = records.replaced(&records.id(&id(1))).await.unwrap();
    assert_eq!(replaced.len(), 2);
    assert!(replaced.iter().all(|r| r.body["division"] == "320321"));
    let mut versions: Vec<u64> = all.iter().chain(&replaced).map(|r| r.version).collect();
    versions.sort_unstable();
    versions.dedup();
    assert_eq!(*versions.last().unwrap(), 5, "numbers only grow: {versions:?}");
    let across =
        Fresh { valid_to: Some(day("2023-01-01")), ..city.fresh(&id(1), json!({ "name": "x" }), "2021-01-01") };
    assert_eq!(errors(city.correct(PERSON, across).await)[0].field.as_deref(), Some("valid_to"));
}

#[tokio::test]
async fn a_record_that_was_closed_is_not_found_any_more_from_its_last_day_on() {
    let city = City::new().await;
    let records = city.records(PERSON);
    let key = records.id(&id(1));
    city.put(PERSON, city.fresh(&id(1), person(1), "2026-01-01")).await.unwrap();
    assert_eq!(city.close(PERSON, &id(1), "2026-11-27").await, Ok(Written::Changed(2)));
    assert!(records.current(&key).await.unwrap().is_some(), "it holds today");
    let find = Find { index: vec!["division".into()], equals: vec![json!("320321")], limit: 10, ..Find::default() };
    assert_eq!(records.find(&find).await.unwrap().records.len(), 1);
    city.clock.advance(crate::city::DAY);
    assert!(records.current(&key).await.unwrap().is_none());
    assert!(records.find(&find).await.unwrap().records.is_empty());
    assert_eq!(records.newest(&key).await.unwrap().unwrap().valid_to.as_deref(), Some("2026-11-27"));
    assert_eq!(city.close(PERSON, &id(1), "2026-11-27").await, Ok(Written::Unchanged(2)));
    assert_eq!(errors(city.close(PERSON, &id(1), "2026-12-01").await)[0].field.as_deref(), Some("valid_to"));
    assert!(matches!(city.close(PERSON, &id(2), "2026-12-01").await, Err(HubError::NoSuchRecord(_))));
    // It can come back.
    city.put(PERSON, city.fresh(&id(1), json!({}), "2026-11-27")).await.unwrap();
    assert!(records.current(&key).await.unwrap().is_some());
}

#[tokio::test]
async fn an_organization_sets_only_what_it_is_the_authority_for() {
    let city = City::new().await;
    city.hub.set_authority(PERSON, "mobile", Some(TOURISM), &police_admin()).await.unwrap();
    let other = Authority::Of(TOURISM.into());
    let mobile = || city.fresh(&id(1), json!({ "mobile": "19900000001" }), "2026-02-01");
    let add = city.put_as(&other, PERSON, mobile()).await;
    assert!(matches!(add, Err(HubError::Forbidden(_))), "{add:?}");
    let missing =
        errors(city.put_as(&other, PERSON, city.fresh(&id(2), json!({ "name": "示例2" }), "2026-02-01")).await);
    city.put(PERSON, city.fresh(&id(1), person(1), "2026-01-01")).await.unwrap();
    // Whether the record is there, and whether it says the same, makes no difference to the answer.
    for guess in ["示例1", "x"] {
        let foreign = city.fresh(&id(1), json!({ "name": guess, "mobile": "19900000001" }), "2026-02-01");
        let refused = errors(city.put_as(&other, PERSON, foreign).await);
        assert_eq!(refused, missing, "{guess}");
        assert!(refused[0].reason.en.contains(POLICE), "{refused:?}");
    }
    city.put_as(&other, PERSON, mobile()).await.unwrap();
    // Nor does the provider say what another answers for.
    let back = errors(city.put(PERSON, city.fresh(&id(1), json!({ "mobile": "19900000001" }), "2026-02-01")).await);
    assert!(back[0].reason.en.contains(TOURISM), "{back:?}");
    let records = city.records(PERSON);
    let record = records.current(&records.id(&id(1))).await.unwrap().unwrap();
    assert_eq!(record.body["mobile"], "19900000001");
    assert_eq!((record.sources.len(), record.body.len()), (1, 7));
    assert!(record.sources.contains_key("mobile"), "each field knows where it comes from");
}

#[tokio::test]
async fn a_change_that_is_based_on_an_older_version_is_refused() {
    let city = City::new().await;
    let based = |on: u64, fields: Value| Fresh { based_on: Some(on), ..city.fresh(&id(1), fields, "2026-01-01") };
    assert_eq!(city.put(PERSON, based(1, person(1))).await, Err(HubError::Changed { is: 0, based_on: 1 }));
    city.put(PERSON, based(0, person(1))).await.unwrap();
    assert_eq!(city.put(PERSON, based(0, person(1))).await, Err(HubError::Changed { is: 1, based_on: 0 }));
    assert_eq!(city.put(PERSON, based(1, json!({ "name": "新" }))).await, Ok(Written::Changed(2)));
    assert_eq!(
        city.put(PERSON, based(1, json!({ "name": "旧" }))).await,
        Err(HubError::Changed { is: 2, based_on: 1 })
    );
}

#[tokio::test]
async fn indexes_find_records_in_order_and_page_by_page() {
    let city = City::new().await;
    for n in 1..=30 {
        let mut fields = person(n);
        fields["division"] = json!(if n % 3 == 0 { "320322" } else { "320321" });
        fields["household"] = json!(format!("H{}", n % 5));
        city.put(PERSON, city.fresh(&id(n), fields, "2026-01-01")).await.unwrap();
    }
    let records = city.records(PERSON);
    let find = Find { index: vec!["division".into()], equals: vec![json!("320321")], limit: 7, ..Find::default() };
    let (mut seen, mut cursor) = (Vec::new(), None);
    loop {
        let page = records.find(&Find { cursor: cursor.clone(), ..find.clone() }).await.unwrap();
        assert!(page.records.len() <= 7);
        seen.extend(page.records.into_iter().map(|f| f.record.key));
        cursor = page.next;
        if cursor.is_none() {
            break;
        }
    }
    seen.sort();
    let mut wanted: Vec<String> = (1..=30).filter(|n| n % 3 != 0).map(id).collect();
    wanted.sort();
    assert_eq!(seen, wanted);
    let other = Find { equals: vec![json!("320322")], cursor: records.find(&find).await.unwrap().next, ..find.clone() };
    assert!(records.find(&other).await.is_err(), "a cursor belongs to its query");

    let ranged = Find {
        index: vec!["birth_date".into()],
        lower: Some(Bound { value: json!("1990-01-01"), inclusive: true }),
        upper: Some(Bound { value: json!("1990-01-01"), inclusive: false }),
        limit: 500,
        ..Find::default()
    };
    assert!(records.find(&ranged).await.unwrap().records.is_empty());
    let by_household =
        Find { index: vec!["household".into()], equals: vec![json!("H2")], limit: 500, ..Find::default() };
    assert_eq!(records.find(&by_household).await.unwrap().records.len(), 6);
    let hashed = Find { equals: vec![], lower: Some(Bound { value: json!("H1"), inclusive: true }), ..by_household };
    assert!(records.find(&hashed).await.unwrap_err().to_string().contains("not by a range"));
    let none = Find { index: vec!["name".into()], limit: 1, ..Find::default() };
    assert!(records.find(&none).await.unwrap_err().to_string().contains("[household]"), "it says which there are");
}

#[tokio::test]
async fn a_record_about_a_person_is_found_by_the_person_alone() {
    let city = City::new().await;
    city.put(PERSON, city.fresh(&id(1), person(1), "2026-01-01")).await.unwrap();
    let household =
        json!({ "household": "H1", "head": id(1), "division": "320321", "address": "示例路 1 号", "size": 3 });
    city.put(HOUSEHOLD, city.fresh("H1", household, "2026-01-01")).await.unwrap();
    let ann = city.identity.person_of_account("ann").await.unwrap();
    let bob = city.identity.person_of_account("bob").await.unwrap();
    let (people, households) = (city.records(PERSON), city.records(HOUSEHOLD));
    assert_eq!(people.about(&ann).await.unwrap()[0].record.key, id(1));
    assert_eq!(households.about(&ann).await.unwrap()[0].record.key, "H1");
    assert!(people.about(&bob).await.unwrap().is_empty() && households.about(&bob).await.unwrap().is_empty());
    assert_eq!(people.person(&people.about(&ann).await.unwrap()[0].record), Some(ann.clone()));
    // The household gets another head.
    city.put(HOUSEHOLD, city.fresh("H1", json!({ "head": id(2) }), "2026-02-01")).await.unwrap();
    assert!(households.about(&ann).await.unwrap().is_empty());
    assert_eq!(households.about(&bob).await.unwrap().len(), 1);
}

#[tokio::test]
async fn the_store_tells_nothing_about_a_person() {
    let city = City::new().await;
    let mut fields = person(1);
    fields["mobile"] = json!("19900000001");
    fields["household"] = json!("H-77777");
    fields["address"] = json!("示例路 1 号");
    city.put(PERSON, city.fresh(&id(1), fields, "2026-01-01")).await.unwrap();
    city.put(PERSON, city.fresh(&id(1), json!({ "name": "示例改名" }), "2026-02-01")).await.unwrap();
    let household =
        json!({ "household": "H-77777", "head": id(1), "division": "320321", "address": "示例路 1 号", "size": 3 });
    city.put(HOUSEHOLD, city.fresh("H-77777", household, "2026-01-01")).await.unwrap();
    let rows = city.store.scan(&Key::space("@hub").children(), Direction::Ascending, usize::MAX).await.unwrap();
    assert!(rows.len() > 20);
    for row in rows {
        let all = [row.key.as_bytes(), &row.value].concat();
        for secret in [id(1).as_str(), "示例1", "示例改名", "19900000001", "H-77777", "示例路"] {
            let found = all.windows(secret.len()).any(|w| w == secret.as_bytes());
            assert!(!found, "{:?} tells {secret}", row.key);
        }
    }
}

#[tokio::test]
async fn what_was_erased_leaves_no_row_but_its_change() {
    let city = City::new().await;
    let count = async |under: &str| {
        let range = Key::space("@hub").text(under).text(PERSON).children();
        city.store.scan(&range, Direction::Ascending, 100).await.unwrap().len()
    };
    city.put(PERSON, city.fresh(&id(1), person(1), "2026-01-01")).await.unwrap();
    city.put(PERSON, city.fresh(&id(1), json!({ "name": "二" }), "2026-02-01")).await.unwrap();
    city.put(PERSON, city.fresh(&id(1), json!({ "name": "三" }), "2026-02-01")).await.unwrap();
    assert_eq!((count("r").await, count("h").await, count("o").await, count("x").await), (1, 1, 1, 2));
    city.erase(PERSON, &id(1)).await.unwrap();
    assert_eq!((count("r").await, count("h").await, count("o").await, count("x").await), (0, 0, 0, 0));
    assert_eq!(city.records(PERSON).count().await.unwrap(), 0);
    assert!(matches!(city.erase(PERSON, &id(1)).await, Err(HubError::NoSuchRecord(_))));
    let changes = city.records(PERSON).changes(None, 10).await.unwrap();
    assert!(changes.last().unwrap().changes[0].ended);
}

#[tokio::test]
async fn changes_name_the_fields_that_changed_in_the_order_of_the_commits() {
    let city = City::new().await;
    let records = city.records(PERSON);
    city.put(PERSON, city.fresh(&id(1), person(1), "2026-01-01")).await.unwrap();
    city.put(PERSON, city.fresh(&id(1), json!({ "name": "新", "sex": "1" }), "2026-02-01")).await.unwrap();
    let all = records.changes(None, 10).await.unwrap();
    assert_eq!(all.len(), 2);
    assert_eq!(all[0].changes[0].fields.len(), 6);
    assert_eq!((all[1].changes[0].version, all[1].changes[0].fields.as_slice()), (2, ["name".to_owned()].as_slice()));
    assert_eq!(all[1].changes[0].id, records.id(&id(1)));
    assert_eq!(records.changes(Some(&all[0].at), 10).await.unwrap(), all[1..]);
    assert_eq!(records.trim_changes(&all[0].at, 10).await.unwrap(), 1);
    assert_eq!(records.changes(None, 10).await.unwrap(), all[1..]);
}

#[tokio::test]
async fn a_place_is_found_where_it_is_and_no_longer_where_it_was() {
    let city = City::new().await;
    let place = |longitude: f64| {
        json!({ "place": "p1", "name": "示例站", "kind": "station", "division": "320302",
            "geometry": { "type": "Point", "coordinates": [longitude, 34.26] } })
    };
    city.put(PLACE, city.fresh("p1", place(117.2), "2026-01-01")).await.unwrap();
    city.put(PLACE, city.fresh("p1", place(117.3), "2026-02-01")).await.unwrap();
    let within = async |west: f64, east: f64| {
        let bounds = yunlong_hub::geo::BoundingBox::new(west, 34.0, east, 34.5).unwrap();
        let page = yunlong_hub::geo::Page { limit: 10, ..Default::default() };
        yunlong_hub::geo::in_box(&*city.store, PLACE, &bounds, &page).await.unwrap().hits.len()
    };
    assert_eq!((within(117.15, 117.25).await, within(117.25, 117.35).await), (0, 1));
}

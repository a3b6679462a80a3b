use crate::city::{City, DAY, PERSON, citizen, id, new_import, person, police, row};
use serde_json::json;
use yunlong_hub::{Claim, HubError, NewCorrection, Quality};

fn filled(quality: &Quality, item: &str) -> (u64, f64) {
    let item = quality.items.iter().find(|i| i.name == item).unwrap();
    (item.filled, item.share)
}

#[tokio::test]
async fn nothing_is_complete_and_fresh() {
    let city = City::new().await;
    let quality = city.hub.quality(PERSON).await.unwrap();
    assert_eq!((quality.records, quality.freshness.updated, quality.freshness.late_days), (0, None, 0));
    assert_eq!(filled(&quality, "name"), (0, 1.0));
    assert!(matches!(city.hub.quality("none.such").await, Err(HubError::NoSuchDataset(_))));
}

#[tokio::test]
async fn completeness_follows_each_change() {
    let city = City::new().await;
    for n in 1..=4 {
        city.put(PERSON, city.fresh(&id(n), person(n), "2026-01-01")).await.unwrap();
    }
    city.put(PERSON, city.fresh(&id(1), json!({ "mobile": "19900000001" }), "2026-02-01")).await.unwrap();
    let quality = city.hub.quality(PERSON).await.unwrap();
    assert_eq!((filled(&quality, "mobile"), filled(&quality, "name")), ((1, 0.25), (4, 1.0)));
    city.put(PERSON, city.fresh(&id(1), json!({ "mobile": null }), "2026-03-01")).await.unwrap();
    city.erase(PERSON, &id(2)).await.unwrap();
    let quality = city.hub.quality(PERSON).await.unwrap();
    assert_eq!((filled(&quality, "mobile").0, filled(&quality, "name").0, quality.records), (0, 3, 3));
}

#[tokio::test]
async fn a_dataset_is_late_when_its_cycle_has_passed() {
    let city = City::new().await;
    city.put(PERSON, city.fresh(&id(1), person(1), "2026-01-01")).await.unwrap();
    let late = async || city.hub.quality(PERSON).await.unwrap().freshness.late_days;
    assert_eq!(late().await, 0);
    city.clock.advance(DAY);
    assert_eq!(late().await, 0, "daily: the next day is in time");
    city.clock.advance(3 * DAY);
    assert_eq!(late().await, 3);
    city.put(PERSON, city.fresh(&id(2), person(2), "2026-01-01")).await.unwrap();
    assert_eq!(late().await, 0);
}

#[tokio::test]
async fn a_correction_of_one_record_makes_no_dataset_fresh_and_a_file_does_when_it_is_loaded() {
    let city = City::new().await;
    let late = async || city.hub.quality(PERSON).await.unwrap().freshness.late_days;
    city.put(PERSON, city.fresh(&id(1), person(1), "2026-01-01")).await.unwrap();
    city.clock.advance(4 * DAY);
    let corrected = json!({ "mobile": "19900000001" });
    city.correct(PERSON, city.fresh(&id(1), corrected, "2026-01-01")).await.unwrap();
    assert_eq!(late().await, 3, "what a citizen found says nothing of all others");
    let import = city.hub.start_import(new_import(PERSON, "a"), &police()).await.unwrap();
    city.hub.import_batch(&import.id, 0, vec![row(2, person(2))], &police()).await.unwrap();
    assert_eq!(late().await, 3, "a part of a file");
    city.hub.finish_import(&import.id, &police()).await.unwrap();
    assert_eq!(late().await, 0);
    city.clock.advance(4 * DAY);
    let refused = city.hub.start_import(new_import(PERSON, "b"), &police()).await.unwrap();
    let mut wrong = person(3);
    wrong["sex"] = json!("7");
    city.hub.import_batch(&refused.id, 0, vec![row(2, wrong)], &police()).await.unwrap();
    city.hub.finish_import(&refused.id, &police()).await.unwrap();
    assert_eq!(late().await, 3, "a file of which nothing was taken");
    let same = city.hub.start_import(new_import(PERSON, "c"), &police()).await.unwrap();
    city.hub.import_batch(&same.id, 0, vec![row(2, person(2))], &police()).await.unwrap();
    let ended = city.hub.finish_import(&same.id, &police()).await.unwrap();
    assert_eq!((ended.unchanged, late().await), (1, 0), "there was nothing new to bring");
}

#[tokio::test]
async fn refused_rows_duplicates_and_open_corrections_are_counted() {
    let city = City::new().await;
    let import = city.hub.start_import(new_import(PERSON, "a"), &police()).await.unwrap();
    let mut wrong = person(3);
    wrong["sex"] = json!("7");
    let rows = vec![row(2, person(1)), row(3, person(1)), row(4, wrong)];
    city.hub.import_batch(&import.id, 0, rows, &police()).await.unwrap();
    let new = NewCorrection {
        dataset: PERSON.into(),
        key: None,
        item: Some("name".into()),
        claim: Claim::Value(json!("示例真名")),
        reason: "写错".into(),
        evidence: String::new(),
    };
    city.hub.file_correction(new, &citizen("ann")).await.unwrap();
    let quality = city.hub.quality(PERSON).await.unwrap();
    assert_eq!((quality.imports, quality.rows, quality.refused, quality.duplicates), (1, 3, 2, 1));
    assert_eq!(quality.open_corrections, 1);
}

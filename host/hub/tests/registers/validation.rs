use crate::city::{City, HOUSEHOLD, PERSON, PLACE, POLICE, errors, id, person, resident_id, system_admin};
use serde_json::{Value, json};
use yunlong_hub::{Authority, HubError};

/// What is refused, by field, when `change` is made of a good person.
async fn refused(city: &City, change: impl Fn(&mut Value)) -> Vec<(String, String)> {
    let mut fields = person(1);
    change(&mut fields);
    let key = fields["resident_id"].as_str().unwrap_or(&id(1)).to_owned();
    let errors = errors(city.put(PERSON, city.fresh(&key, fields, "2026-01-01")).await);
    errors
        .into_iter()
        .map(|e| {
            assert!(!e.reason.zh.is_empty() && e.reason.zh != e.reason.en);
            (e.field.unwrap_or_default(), e.reason.en)
        })
        .collect()
}

#[tokio::test]
async fn a_good_person_is_taken_in_its_normal_form() {
    let city = City::new().await;
    let key = resident_id("320321", "19900101", 998);
    assert!(key.ends_with('X') || key.len() == 18);
    let mut fields = person(998);
    fields["resident_id"] = json!(key.to_lowercase());
    fields["mobile"] = json!("１９９００００００２０");
    city.put(PERSON, city.fresh(&key.to_lowercase(), fields, "2026-01-01")).await.unwrap();
    let records = city.records(PERSON);
    let record = records.current(&records.id(&key)).await.unwrap().unwrap();
    assert_eq!((record.key.as_str(), record.body["resident_id"].as_str()), (key.as_str(), Some(key.as_str())));
    assert_eq!(record.body["mobile"], "19900000020");
}

#[tokio::test]
async fn a_record_is_one_however_its_key_is_written() {
    let city = City::new().await;
    // Its last character is a letter.
    let code = POLICE;
    let entity = json!({ "uscc": code.to_lowercase(), "name": "示例公司", "kind": "company", "division": "320302",
        "founded": "2020-01-01", "status": "active" });
    let fresh = city.fresh(&code.to_lowercase(), entity, "2026-01-01");
    city.put_as(&Authority::All, "legal-entities.entity", fresh).await.unwrap();
    let again = city.fresh(code, json!({ "name": "示例公司二" }), "2026-02-01");
    city.put_as(&Authority::All, "legal-entities.entity", again).await.unwrap();
    let records = city.records("legal-entities.entity");
    assert_eq!(records.count().await.unwrap(), 1);
    for written in [code.to_owned(), code.to_lowercase()] {
        assert_eq!(records.current(&records.id(&written)).await.unwrap().unwrap().body["name"], "示例公司二");
    }
    let find = yunlong_hub::Find {
        index: vec!["division".into()],
        equals: vec![json!("320302")],
        limit: 5,
        ..Default::default()
    };
    assert_eq!(records.find(&find).await.unwrap().records.len(), 1);
}

#[tokio::test]
async fn each_field_that_is_wrong_is_named_with_what_to_do() {
    let city = City::new().await;
    let wrong = format!("{}{}", &id(1)[..17], if id(1).ends_with('1') { '2' } else { '1' });
    type Change = Box<dyn Fn(&mut Value)>;
    let cases: Vec<(&str, &str, Change)> = vec![
        ("resident_id", "check digit", Box::new(move |f| f["resident_id"] = json!(wrong))),
        ("birth_date", "no such day", Box::new(|f| f["birth_date"] = json!("1990-02-30"))),
        ("birth_date", "differs", Box::new(|f| f["birth_date"] = json!("1990-01-02"))),
        ("sex", "differs", Box::new(|f| f["sex"] = json!("2"))),
        ("sex", "codes", Box::new(|f| f["sex"] = json!("7"))),
        ("division", "no division", Box::new(|f| f["division"] = json!("320398"))),
        ("mobile", "", Box::new(|f| f["mobile"] = json!("12"))),
        ("name", "required", Box::new(|f| drop(f.as_object_mut().unwrap().remove("name")))),
        ("name", "required", Box::new(|f| f["name"] = Value::Null)),
        ("name", "blank", Box::new(|f| f["name"] = json!("  "))),
        ("name", "control", Box::new(|f| f["name"] = json!("a\u{7}"))),
        ("name", "text", Box::new(|f| f["name"] = json!(7))),
        ("name", "too long", Box::new(|f| f["name"] = json!("长".repeat(4_001)))),
        ("colour", "no item", Box::new(|f| f["colour"] = json!("red"))),
    ];
    for (field, words, change) in cases {
        let found = refused(&city, change).await;
        assert!(found.iter().any(|(f, en)| f == field && en.contains(words)), "{field} {words}: {found:?}");
    }
    let all = refused(&city, |f| {
        f["sex"] = json!("7");
        f["birth_date"] = json!("x");
        f["colour"] = json!(1);
    })
    .await;
    assert_eq!(all.len(), 3, "all of them are said at once: {all:?}");
    // A sex that was not stated contradicts nothing.
    let mut fields = person(1);
    fields["sex"] = json!("9");
    city.put(PERSON, city.fresh(&id(1), fields, "2026-01-01")).await.unwrap();
}

#[tokio::test]
async fn the_area_in_a_resident_id_says_nothing_of_where_somebody_lives() {
    let city = City::new().await;
    // 320323 was abolished in 2010; the number was given to somebody born after that.
    let key = resident_id("320323", "20150301", 11);
    let mut fields = person(11);
    fields["resident_id"] = json!(key);
    fields["birth_date"] = json!("2015-03-01");
    city.put(PERSON, city.fresh(&key, fields, "2026-01-01")).await.unwrap();
}

#[tokio::test]
async fn a_division_must_exist_on_the_day_from_which_the_record_holds() {
    let city = City::new().await;
    let csv = "code,level,name,parent,valid_from,valid_to\n320397,county,旧县,320300,2000-01-01,2020-01-01\n";
    city.identity.import_divisions(csv).await.unwrap();
    let mut fields = person(1);
    fields["division"] = json!("320397");
    let late = errors(city.put(PERSON, city.fresh(&id(1), fields.clone(), "2026-01-01")).await);
    assert!(late[0].reason.en.contains("does not exist on 2026-01-01"), "{late:?}");
    city.put(PERSON, city.fresh(&id(1), fields, "2019-12-31")).await.unwrap();
    // A later change of another field does not ask again whether it exists.
    city.put(PERSON, city.fresh(&id(1), json!({ "name": "新" }), "2026-01-01")).await.unwrap();
    // A department is no division.
    let mut fields = person(2);
    fields["division"] = json!(POLICE);
    assert!(!errors(city.put(PERSON, city.fresh(&id(2), fields, "2026-01-01")).await).is_empty());
}

#[tokio::test]
async fn what_belongs_together_is_checked_in_each_base_database() {
    let city = City::new().await;
    let refused = async |dataset: &str, key: &str, fields: Value| -> Vec<String> {
        let fresh = city.fresh(key, fields, "2026-01-01");
        let errors = errors(city.put_as(&Authority::All, dataset, fresh).await);
        errors.into_iter().filter_map(|e| e.field).collect()
    };
    let household = json!({ "household": "H1", "head": id(1), "division": "320321", "address": "示例路", "size": 0 });
    assert_eq!(refused(HOUSEHOLD, "H1", household).await, ["size"]);
    let event = |date: &str, until: &str| {
        json!({ "event": "E1", "uscc": POLICE, "kind": "honour", "date": date, "until": until,
            "authority": "示例", "content": "示例", "division": "320300" })
    };
    assert_eq!(refused("credit.event", "E1", event("2026-01-02", "2026-01-01")).await, ["until"]);
    let fresh = city.fresh("E1", event("2026-01-01", "2026-01-01"), "2026-01-01");
    city.put_as(&Authority::All, "credit.event", fresh).await.unwrap();
    let observation = |key: &str, value: Value| json!({ "observation": key, "indicator": "gdp", "division": "320300", "period": "2025", "value": value, "unit": "亿元" });
    assert_eq!(refused("economy.observation", "x", observation("x", json!(1))).await, ["observation"]);
    assert_eq!(
        refused("economy.observation", "gdp/320300/2025", observation("gdp/320300/2025", json!("many"))).await,
        ["value"]
    );
    let place =
        |at: Value| json!({ "place": "p", "name": "示例", "kind": "park", "division": "320302", "geometry": at });
    let swapped = json!({ "type": "Point", "coordinates": [34.26, 117.2] });
    assert_eq!(refused(PLACE, "p", place(swapped)).await, ["geometry"]);
    let future = json!({ "uscc": POLICE, "name": "示例", "kind": "company", "division": "320302",
        "founded": "2027-01-01", "status": "active", "capital": -1 });
    assert_eq!(refused("legal-entities.entity", POLICE, future).await, ["capital", "founded"]);
}

#[tokio::test]
async fn periods_times_and_keys_have_one_form() {
    let city = City::new().await;
    let period = |p: &str| json!({ "observation": format!("gdp/320300/{p}"), "indicator": "gdp", "division": "320300", "period": p, "value": 1, "unit": "亿元" });
    for (text, good) in [
        ("2025", true),
        ("2025-Q3", true),
        ("2025-07", true),
        ("2025-Q5", false),
        ("2025-13", false),
        ("2025-7", false),
        ("25", false),
        ("2025-", false),
        ("二〇二五", false),
    ] {
        let key = format!("gdp/320300/{text}");
        let written =
            city.put_as(&Authority::All, "economy.observation", city.fresh(&key, period(text), "2026-01-01")).await;
        assert_eq!(written.is_ok(), good, "{text}: {written:?}");
    }
    for key in ["", " a", "a\u{2}b", &"x".repeat(129)] {
        let fields = json!({ "place": key });
        let refused = errors(city.put(PLACE, city.fresh(key, fields, "2026-01-01")).await);
        assert_eq!(refused[0].field.as_deref(), Some("place"), "{key:?}");
    }
}

#[tokio::test]
async fn a_json_schema_is_checked_and_its_findings_repeat_no_value() {
    let city = City::new().await;
    let mut dataset = (*city.hub.dataset(PERSON).unwrap()).clone();
    let version = city.hub.catalogue_entry(PERSON).unwrap().version;
    dataset.schema = Some(json!({ "properties": { "address": { "pattern": "^.*路.*$" } } }));
    city.hub.edit_dataset(dataset, version, &system_admin()).await.unwrap();
    let mut fields = person(1);
    fields["address"] = json!("秘密街 1 号");
    let refused = errors(city.put(PERSON, city.fresh(&id(1), fields.clone(), "2026-01-01")).await);
    assert_eq!(refused[0].field.as_deref(), Some("address"));
    assert!(!refused[0].reason.zh.contains("秘密街") && !refused[0].reason.en.contains("秘密街"), "{refused:?}");
    fields["address"] = json!("示例路 1 号");
    city.put(PERSON, city.fresh(&id(1), fields, "2026-01-01")).await.unwrap();
    let changed_key = city.put(PERSON, city.fresh(&id(1), json!({ "resident_id": id(3) }), "2026-02-01")).await;
    assert!(matches!(changed_key, Err(HubError::Record(_))));
}

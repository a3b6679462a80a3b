use crate::city::{
    City, PERSON, POLICE, TOURISM, id, official, person, police, police_admin, row, system_admin, tourism,
    tourism_admin,
};
use serde_json::json;
use yunlong_hub::{
    Actor, CatalogueFilter, Category, Class, Dataset, Find, Hub, HubError, ItemKind, Level, Openness, Publication,
    Sensitivity, Sharing,
};
use yunlong_model::Text;

fn bus_stops() -> Dataset {
    toml::from_str(&format!(
        r#"
        id = "transport.bus-stop"
        title = {{ zh = "公交站点", en = "Bus stops" }}
        summary = {{ zh = "公交站点的名称。", en = "Names of bus stops." }}
        category = "department"
        provider = "{TOURISM}"
        key = "stop"
        indexes = [["line"]]
        update_cycle = "monthly"
        sharing = {{ class = "unconditional" }}
        items = [
            {{ name = "stop", title = {{ zh = "站点编号", en = "Stop" }}, type = "text", required = true }},
            {{ name = "name", title = {{ zh = "名称", en = "Name" }}, type = "text", required = true }},
            {{ name = "line", title = {{ zh = "线路", en = "Line" }}, type = "text" }},
            {{ name = "seats", title = {{ zh = "座位", en = "Seats" }}, type = "integer" }},
            {{ name = "kind", title = {{ zh = "类别", en = "Kind" }}, type = "text", codes = {{ a = {{ zh = "甲", en = "A" }} }} }},
        ]
        "#
    ))
    .unwrap()
}

fn text(s: &str) -> Text {
    Text { zh: s.into(), en: s.into() }
}

/// The field of an [`HubError::Invalid`].
fn field<T: std::fmt::Debug>(result: Result<T, HubError>) -> String {
    match result {
        Err(HubError::Invalid { field, problem }) => {
            assert!(!problem.zh.is_empty() && !problem.en.is_empty());
            field
        }
        other => panic!("not invalid: {other:?}"),
    }
}

#[tokio::test]
async fn the_base_datasets_are_there_and_published() {
    let city = City::new().await;
    let ids: Vec<String> = city.hub.datasets().iter().map(|d| d.id.clone()).collect();
    assert_eq!(
        ids,
        [
            "credit.event",
            "economy.observation",
            "geospatial.place",
            "legal-entities.entity",
            "population.household",
            "population.person"
        ]
    );
    let entry = city.hub.catalogue_entry(PERSON).unwrap();
    assert!(entry.base && entry.publication == Publication::Published);
    assert_eq!(entry.dataset.released.as_deref(), Some("2026-11-26"));
}

#[tokio::test]
async fn a_restart_keeps_what_people_decided() {
    let city = City::new().await;
    city.hub.set_authority(PERSON, "mobile", Some(TOURISM), &police_admin()).await.unwrap();
    let sharing = Sharing::Conditional { condition: text("only for schools") };
    city.hub.set_sharing(PERSON, sharing.clone(), &police_admin()).await.unwrap();
    let before = city.hub.catalogue_entry(PERSON).unwrap();
    let again = City::on(city.store.clone()).await;
    let after = again.hub.catalogue_entry(PERSON).unwrap();
    assert_eq!(after, before);
    assert_eq!(after.dataset.provider, POLICE);
    assert_eq!(after.dataset.item("mobile").unwrap().authority.as_deref(), Some(TOURISM));
    assert_eq!(after.dataset.sharing, sharing);
}

#[tokio::test]
async fn a_dataset_goes_from_draft_to_published_to_withdrawn_and_back() {
    let city = City::new().await;
    let (hub, by) = (&city.hub, tourism_admin());
    let entry = hub.create_dataset(bus_stops(), &tourism()).await.unwrap();
    assert_eq!((entry.publication, entry.version), (Publication::Draft, 1));
    assert!(hub.dataset("transport.bus-stop").is_none(), "nobody finds a draft");
    assert!(matches!(
        hub.withdraw_dataset("transport.bus-stop", "x", &by).await,
        Err(HubError::Transition { state: "draft", .. })
    ));
    hub.publish_dataset("transport.bus-stop", &by).await.unwrap();
    assert!(hub.dataset("transport.bus-stop").is_some());
    assert!(matches!(
        hub.publish_dataset("transport.bus-stop", &by).await,
        Err(HubError::Transition { state: "published", .. })
    ));
    assert_eq!(field(hub.withdraw_dataset("transport.bus-stop", " ", &by).await), "reason");
    hub.withdraw_dataset("transport.bus-stop", "超期", &by).await.unwrap();
    assert!(hub.dataset("transport.bus-stop").is_none());
    assert!(matches!(hub.records("transport.bus-stop"), Err(HubError::NoSuchDataset(_))));
    let entry = hub.publish_dataset("transport.bus-stop", &by).await.unwrap();
    assert_eq!(entry.version, 4);
    let actions: Vec<String> = city.audited("catalogue.").await.into_iter().map(|e| e.action).collect();
    assert!(
        actions.ends_with(
            &["catalogue.created", "catalogue.published", "catalogue.withdrawn", "catalogue.published"]
                .map(String::from)
        ),
        "{actions:?}"
    );
    let versions: Vec<u64> =
        hub.catalogue_history("transport.bus-stop", 10).await.unwrap().iter().map(|e| e.version).collect();
    assert_eq!(versions, [3, 2, 1]);
}

#[tokio::test]
async fn a_department_describes_its_own_datasets_only() {
    let city = City::new().await;
    let hub = &city.hub;
    let refused = hub.create_dataset(bus_stops(), &police()).await.unwrap_err();
    assert!(matches!(refused, HubError::Forbidden(_)), "{refused:?}");
    hub.create_dataset(bus_stops(), &system_admin()).await.unwrap();
    assert!(matches!(hub.publish_dataset("transport.bus-stop", &police()).await, Err(HubError::Forbidden(_))));
    assert!(matches!(hub.edit_dataset(bus_stops(), 1, &police()).await, Err(HubError::Forbidden(_))));
    assert!(matches!(hub.set_provider(PERSON, TOURISM, &police()).await, Err(HubError::Forbidden(_))));
    assert!(
        matches!(
            hub.set_sharing("transport.bus-stop", Sharing::Unconditional, &system_admin()).await,
            Err(HubError::Forbidden(_)),
        ),
        "a system administrator does not decide for a department"
    );
    assert_eq!(field(hub.set_provider(PERSON, "320999", &system_admin()).await), "provider");
    assert_eq!(field(hub.create_dataset(bus_stops(), &tourism()).await), "id");
}

#[tokio::test]
async fn what_a_description_may_not_be_is_refused_by_name() {
    let city = City::new().await;
    type Change = fn(&mut Dataset);
    let cases: [(&str, Change); 22] = [
        ("id", |d| d.id = "bus".into()),
        ("id", |d| d.id = "Transport.bus".into()),
        ("id", |d| d.id = "population.bus".into()),
        ("title", |d| d.title.en = " ".into()),
        ("provider", |d| d.provider = "320999".into()),
        ("items", |d| d.items.clear()),
        ("items.Name", |d| d.items[1].name = "Name".into()),
        ("items.stop", |d| d.items[1].name = "stop".into()),
        ("items.seats", |d| d.items[3].codes = d.items[4].codes.clone()),
        ("items.name", |d| d.items[1].kind = ItemKind::ResidentId),
        ("key", |d| d.key = "nothing".into()),
        ("key", |d| d.key = "seats".into()),
        ("division", |d| d.division = Some("name".into())),
        ("geometry", |d| d.geometry = Some("name".into())),
        ("person", |d| d.items[1].sensitivity = Sensitivity::Personal),
        ("indexes.nothing", |d| d.indexes = vec![vec!["nothing".into()]]),
        ("indexes", |d| d.indexes = (0..9).map(|_| vec!["line".into()]).collect()),
        ("indexes.line", |d| d.indexes = vec![vec!["line".into()], vec!["line".into()]]),
        ("schema", |d| d.schema = Some(json!({ "type": "tree" }))),
        ("level", |d| d.level = Level::Core),
        ("level", |d| d.level = Level::Classified),
        ("sharing", |d| d.sharing = Sharing::NotShared { law: " ".into() }),
    ];
    let by = Actor { system_admin: true, ..tourism() };
    for (wanted, change) in cases {
        let mut dataset = bus_stops();
        change(&mut dataset);
        assert_eq!(field(city.hub.create_dataset(dataset, &by).await), wanted);
    }
    let mut open = (*city.hub.dataset(PERSON).unwrap()).clone();
    open.openness = Openness::Open;
    assert_eq!(field(city.hub.edit_dataset(open.clone(), 2, &police()).await), "openness");
    let closed = Dataset {
        openness: Openness::Open,
        sharing: Sharing::NotShared { law: "《示例条例》第九条".into() },
        ..bus_stops()
    };
    assert_eq!(field(city.hub.create_dataset(closed, &tourism()).await), "openness");
    let core = Dataset { level: Level::Core, ..bus_stops() };
    let why = city.hub.create_dataset(core, &tourism()).await.unwrap_err().text();
    assert!(why.zh.contains("核心数据") && why.en.contains("not built for core data"), "{why:?}");
}

async fn published(hub: &Hub) {
    hub.create_dataset(bus_stops(), &tourism()).await.unwrap();
    hub.publish_dataset("transport.bus-stop", &tourism_admin()).await.unwrap();
}

async fn load(city: &City, rows: &[serde_json::Value], file: &str) {
    let by = tourism();
    let import = city.hub.start_import(crate::city::new_import("transport.bus-stop", file), &by).await.unwrap();
    let rows = rows.iter().enumerate().map(|(n, r)| row(n as u64 + 2, r.clone())).collect();
    let report = city.hub.import_batch(&import.id, 0, rows, &by).await.unwrap();
    assert!(report.refused.is_empty(), "{report:?}");
    city.hub.finish_import(&import.id, &by).await.unwrap();
}

#[tokio::test]
async fn without_records_anything_changes_and_with_records_only_what_they_allow() {
    let city = City::new().await;
    published(&city.hub).await;
    let by = tourism();
    let mut free = bus_stops();
    free.items[3].kind = ItemKind::Text;
    free.items.remove(4);
    city.hub.edit_dataset(free, 2, &by).await.unwrap();
    city.hub.edit_dataset(bus_stops(), 3, &by).await.unwrap();
    load(&city, &[json!({ "stop": "1", "name": "东站", "line": "7", "seats": 3, "kind": "a" })], "one").await;

    type Change = fn(&mut Dataset);
    let refused: [(&str, Change); 8] = [
        ("key", |d| d.key = "name".into()),
        ("items.kind", |d| drop(d.items.remove(4))),
        ("items.seats", |d| d.items[3].kind = ItemKind::Text),
        ("items.line", |d| d.items[2].required = true),
        ("items.kind", |d| d.items[4].codes = [("b".to_owned(), text("b"))].into()),
        ("items.line", |d| d.items[2].codes = [("7".to_owned(), text("7"))].into()),
        ("items.colour", |d| {
            let new = yunlong_hub::Item { name: "colour".into(), ..d.items[1].clone() };
            d.items.push(new);
        }),
        ("schema", |d| d.schema = Some(json!({ "type": "object" }))),
    ];
    for (wanted, change) in refused {
        let mut dataset = bus_stops();
        change(&mut dataset);
        assert_eq!(field(city.hub.edit_dataset(dataset, 4, &by).await), wanted);
    }

    let mut wider = bus_stops();
    wider.items[3].kind = ItemKind::Decimal;
    wider.items[1].required = false;
    wider.items[4].codes.insert("b".into(), text("b"));
    wider.items.push(yunlong_hub::Item { name: "colour".into(), required: false, ..wider.items[2].clone() });
    assert!(matches!(
        city.hub.edit_dataset(wider.clone(), 3, &by).await,
        Err(HubError::Changed { is: 4, based_on: 3 })
    ));
    city.hub.edit_dataset(wider, 4, &by).await.unwrap();
    load(&city, &[json!({ "stop": "2", "seats": 2.5, "kind": "b", "colour": "红" })], "two").await;
}

#[tokio::test]
async fn an_index_that_is_added_later_is_built_before_it_answers() {
    let city = City::new().await;
    published(&city.hub).await;
    let by = tourism();
    let rows: Vec<_> = (0..1_200)
        .map(|n| json!({ "stop": n.to_string(), "name": format!("站{}", n % 7), "line": (n % 3).to_string() }))
        .collect();
    load(&city, &rows, "stops").await;
    let mut dataset = bus_stops();
    dataset.indexes.push(vec!["name".into(), "line".into()]);
    city.hub.edit_dataset(dataset.clone(), 2, &by).await.unwrap();
    let find = Find { index: vec!["name".into(), "line".into()], limit: 500, ..Find::default() };
    let one = Find { equals: vec![json!("站3"), json!("0")], ..find.clone() };
    assert_eq!(field(city.records("transport.bus-stop").find(&one).await), "index");
    city.hub.tick().await.unwrap();
    let found = city.records("transport.bus-stop").find(&one).await.unwrap();
    let wanted = rows.iter().filter(|r| r["name"] == "站3" && r["line"] == "0").count();
    assert_eq!(found.records.len(), wanted);

    // Dropped, changed, and brought back: no row of what was once so.
    dataset.indexes.pop();
    city.hub.edit_dataset(dataset.clone(), 4, &by).await.unwrap();
    load(&city, &[json!({ "stop": "3", "name": "别处" })], "move").await;
    dataset.indexes.push(vec!["name".into(), "line".into()]);
    city.hub.edit_dataset(dataset, 5, &by).await.unwrap();
    city.hub.tick().await.unwrap();
    let found = city.records("transport.bus-stop").find(&one).await.unwrap();
    assert_eq!(found.records.len(), wanted - 1, "stop 3 has another name now");
}

#[tokio::test]
async fn the_catalogue_is_searched_by_words_category_provider_and_class() {
    let city = City::new().await;
    city.hub.create_dataset(bus_stops(), &tourism()).await.unwrap();
    let find = |filter: CatalogueFilter, by: Option<&Actor>| {
        city.hub.catalogue(&filter, by).into_iter().map(|e| e.dataset.id.clone()).collect::<Vec<_>>()
    };
    let by_text = |s: &str| CatalogueFilter { text: s.into(), ..CatalogueFilter::default() };
    assert_eq!(find(by_text("户主"), None), ["population.household", "population.person"]);
    assert_eq!(find(by_text("  CREDIT events"), None), ["credit.event"]);
    assert!(find(by_text("公交"), None).is_empty(), "a draft is its provider's own");
    assert_eq!(find(by_text("公交"), Some(&tourism())), ["transport.bus-stop"]);
    assert!(find(by_text("公交"), Some(&police())).is_empty());
    assert_eq!(find(CatalogueFilter { provider: POLICE.into(), ..Default::default() }, None).len(), 3);
    let open = CatalogueFilter { class: Some(Class::Unconditional), ..Default::default() };
    assert_eq!(find(open, None), ["economy.observation", "geospatial.place", "legal-entities.entity"]);
    let own = CatalogueFilter { category: Some(Category::Department), ..Default::default() };
    assert_eq!(find(own, Some(&system_admin())), ["transport.bus-stop"]);
}

#[tokio::test]
async fn an_entry_is_exported_in_the_words_of_the_national_guide() {
    let city = City::new().await;
    let entry = city.hub.guide_entry(PERSON).await.unwrap();
    assert_eq!(entry["信息资源分类"], "基础信息资源");
    assert_eq!(entry["信息资源名称"], "人口基本信息");
    assert_eq!(entry["信息资源代码"], PERSON);
    assert_eq!(entry["信息资源提供方"], "公安局（示例）");
    assert_eq!(entry["信息资源提供方代码"], POLICE);
    assert_eq!(entry["共享属性"]["共享类型"], "有条件共享");
    assert_eq!(entry["开放属性"]["是否向社会开放"], false);
    assert_eq!(entry["更新周期"], "每日");
    assert_eq!(entry["发布日期"], "2026-11-26");
    assert_eq!(entry["信息项信息"][0]["字段名"], "resident_id");
    assert_eq!(entry["信息项信息"][0]["敏感程度"], "敏感个人信息");
    let way = city.hub.dataset(PERSON).unwrap().sharing.way();
    assert_eq!(entry["共享属性"]["共享方式"], way.zh, "as the page says it");
    assert!(entry.get("关联资源代码").is_none(), "what is not kept is not exported as an empty list");
    assert_eq!(entry["JSON Schema"]["properties"]["birth_date"]["format"], "date");
    assert!(city.hub.guide_entry("none.such").await.is_none());
}

#[tokio::test]
async fn the_key_and_whatever_is_required_stay_with_the_provider() {
    let city = City::new().await;
    let by = police_admin();
    assert_eq!(field(city.hub.set_authority(PERSON, "resident_id", Some(TOURISM), &by).await), "item");
    assert_eq!(field(city.hub.set_authority(PERSON, "name", Some(TOURISM), &by).await), "item");
    assert_eq!(field(city.hub.set_authority(PERSON, "nothing", Some(TOURISM), &by).await), "item");
    assert_eq!(field(city.hub.set_authority(PERSON, "mobile", Some("320999"), &by).await), "authority");
    let outsider = official("tourism-clerk", TOURISM);
    let refused = city.hub.set_authority(PERSON, "mobile", Some(TOURISM), &outsider).await;
    assert!(matches!(refused, Err(HubError::Forbidden(_))));
    // A change of the description is seen by a record that is written behind it.
    city.hub.set_authority(PERSON, "mobile", Some(TOURISM), &by).await.unwrap();
    let mut fields = person(1);
    fields["mobile"] = json!("19900000001");
    let refused = crate::city::errors(city.put(PERSON, city.fresh(&id(1), fields, "2026-01-01")).await);
    assert_eq!(refused[0].field.as_deref(), Some("mobile"));
}

#[tokio::test]
async fn an_authority_in_a_description_is_refused_and_not_dropped() {
    let city = City::new().await;
    let entry = city.hub.catalogue_entry(PERSON).unwrap();
    let mut dataset = (*entry.dataset).clone();
    dataset.items.iter_mut().find(|i| i.name == "mobile").unwrap().authority = Some(TOURISM.into());
    let refused = city.hub.edit_dataset(dataset, entry.version, &police_admin()).await;
    assert_eq!(field(refused), "items.mobile.authority");
}

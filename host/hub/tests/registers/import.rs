use crate::city::{
    City, DAY, PERSON, PLACE, POLICE, TOURISM, citizen, id, new_import, official, person, police, police_admin, row,
    system_admin, tourism, tourism_admin,
};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use yunlong_hub::{Actor, HubError, ImportRow, ImportState, NewExport, NewImport};

fn rows(numbers: impl IntoIterator<Item = u16>) -> Vec<ImportRow> {
    numbers.into_iter().map(|n| row(u64::from(n) + 1, person(n))).collect()
}

#[tokio::test]
async fn a_file_is_loaded_in_batches_and_what_is_refused_is_reported_by_line() {
    let city = City::new().await;
    let import = city.hub.start_import(new_import(PERSON, "people.csv"), &police()).await.unwrap();
    assert_eq!((import.next_batch, import.state), (0, ImportState::Running));
    let mut first = rows(1..=3);
    first.push(row(5, json!({ "name": "无号" })));
    let mut wrong = person(5);
    wrong["birth_date"] = json!("1990-13-01");
    wrong["colour"] = json!("red");
    first.push(row(6, wrong));
    let report = city.hub.import_batch(&import.id, 0, first, &police()).await.unwrap();
    assert_eq!((report.loaded, report.unchanged, report.refused_rows), (3, 0, 2));
    let said: Vec<(u64, &str)> =
        report.refused.iter().map(|e| (e.line, e.field.as_deref().unwrap_or_default())).collect();
    assert_eq!(said.iter().collect::<BTreeSet<_>>().len(), 3);
    assert!(said.contains(&(5, "resident_id")) && said.contains(&(6, "birth_date")) && said.contains(&(6, "colour")));
    city.hub.import_batch(&import.id, 1, rows(6..=8), &police()).await.unwrap();
    let ended = city.hub.finish_import(&import.id, &police()).await.unwrap();
    assert_eq!((ended.loaded, ended.refused, ended.state, ended.next_batch), (6, 2, ImportState::Finished, 2));
    assert_eq!(city.hub.finish_import(&import.id, &police()).await.unwrap(), ended, "twice is no harm");
    assert!(matches!(
        city.hub.import_batch(&import.id, 2, rows(9..=9), &police()).await,
        Err(HubError::Transition { state: "finished", .. })
    ));
    assert_eq!(city.records(PERSON).count().await.unwrap(), 6);
    assert_eq!(city.hub.imports(PERSON, 10).await.unwrap(), [ended]);
    let actions: Vec<String> = city.audited("").await.into_iter().map(|e| e.action).collect();
    for action in ["import.started", "data.written", "import.finished"] {
        assert!(actions.contains(&action.to_owned()), "{actions:?}");
    }
    let written = city.audited("data.written").await;
    assert!(written.len() == 2 && written.iter().all(|e| e.about.is_none()), "one entry a batch, about nobody");
}

#[tokio::test]
async fn the_same_batch_again_answers_the_same_and_loads_nothing() {
    let city = City::new().await;
    let import = city.hub.start_import(new_import(PERSON, "people.csv"), &police()).await.unwrap();
    let mut batch = rows(1..=3);
    batch.push(row(9, json!({ "name": "无号" })));
    let first = city.hub.import_batch(&import.id, 0, batch.clone(), &police()).await.unwrap();
    let before = city.store.watch().borrow().0;
    assert_eq!(city.hub.import_batch(&import.id, 0, batch.clone(), &police()).await.unwrap(), first);
    assert_eq!(city.store.watch().borrow().0, before);
    assert!(matches!(city.hub.import_batch(&import.id, 2, batch, &police()).await, Err(HubError::Invalid { .. })));
    // The same file finds its import, and goes on.
    let again = city.hub.start_import(new_import(PERSON, "people.csv"), &police()).await.unwrap();
    assert_eq!((again.id.as_str(), again.next_batch, again.loaded), (import.id.as_str(), 1, 3));
    let other = city.hub.start_import(new_import(PERSON, "other.csv"), &police()).await.unwrap();
    assert_ne!(other.id, import.id);
}

#[tokio::test]
async fn an_interrupted_import_keeps_its_day_and_is_given_up_by_name() {
    let city = City::new().await;
    let from = |day: Option<&str>| NewImport { valid_from: day.map(Into::into), ..new_import(PERSON, "people.csv") };
    let looked_for = from(None);
    assert_eq!(city.hub.unfinished_import(&looked_for, &police()).await.unwrap(), None);
    assert_eq!(city.hub.imports(PERSON, 10).await.unwrap(), [], "looking begins nothing");
    let import = city.hub.start_import(from(Some("2025-01-01")), &police()).await.unwrap();
    city.hub.import_batch(&import.id, 0, rows(1..=2), &police()).await.unwrap();
    // Another day is refused by name; the same one, and none, go on.
    match city.hub.start_import(from(Some("2025-10-01")), &police()).await {
        Err(HubError::Invalid { field, problem }) => {
            assert_eq!(field, "valid_from");
            for said in [&problem.zh, &problem.en] {
                assert!(
                    said.contains("2025-01-01") && said.contains("2025-10-01") && said.contains("--abandon"),
                    "{said}"
                );
            }
        }
        other => panic!("{other:?}"),
    }
    for day in [Some("2025-01-01"), None] {
        let again = city.hub.start_import(from(day), &police()).await.unwrap();
        assert_eq!((&again.id, again.next_batch, again.valid_from.as_str()), (&import.id, 1, "2025-01-01"));
    }
    let found = city.hub.unfinished_import(&looked_for, &police()).await.unwrap().unwrap();
    assert_eq!((&found.id, found.next_batch), (&import.id, 1));
    for by in [tourism(), citizen("ann")] {
        assert!(matches!(city.hub.unfinished_import(&looked_for, &by).await, Err(HubError::Forbidden(_))));
        assert!(matches!(city.hub.abandon_import(&import.id, &by).await, Err(HubError::Forbidden(_))));
    }
    let given_up = city.hub.abandon_import(&import.id, &police()).await.unwrap();
    assert_eq!((given_up.state, given_up.loaded), (ImportState::Abandoned, 2));
    assert_eq!(city.hub.abandon_import(&import.id, &police()).await.unwrap(), given_up, "twice is no harm");
    assert_eq!(city.hub.unfinished_import(&looked_for, &police()).await.unwrap(), None);
    assert!(matches!(
        city.hub.import_batch(&import.id, 1, rows(3..=4), &police()).await,
        Err(HubError::Transition { .. })
    ));
    let fresh = city.hub.start_import(from(Some("2025-10-01")), &police()).await.unwrap();
    assert_eq!((fresh.next_batch, fresh.valid_from.as_str()), (0, "2025-10-01"));
    let report = city.hub.import_batch(&fresh.id, 0, rows(1..=3), &police()).await.unwrap();
    assert_eq!((report.loaded, report.unchanged), (1, 2), "what was loaded stays");
    city.hub.finish_import(&fresh.id, &police()).await.unwrap();
    assert!(matches!(
        city.hub.abandon_import(&fresh.id, &police()).await,
        Err(HubError::Transition { state: "finished", .. })
    ));
    assert_eq!(city.audited("import.abandoned").await.len(), 1);
}

#[tokio::test]
async fn loading_a_file_again_writes_nothing_and_a_changed_row_one_version() {
    let city = City::new().await;
    let load = async |file: &str, batch: Vec<ImportRow>| {
        let import = city.hub.start_import(new_import(PERSON, file), &police()).await.unwrap();
        let report = city.hub.import_batch(&import.id, 0, batch, &police()).await.unwrap();
        city.hub.finish_import(&import.id, &police()).await.unwrap();
        report
    };
    load("a", rows(1..=50)).await;
    let again = load("b", rows(1..=50)).await;
    assert_eq!((again.loaded, again.unchanged, again.refused_rows), (0, 50, 0));
    let mut changed = rows(1..=50);
    changed[7].record.insert("address".into(), json!("示例路 8 号"));
    changed[7].valid_from = Some("2026-06-01".into());
    let report = load("c", changed).await;
    assert_eq!((report.loaded, report.unchanged), (1, 49));
    let records = city.records(PERSON);
    assert_eq!(records.history(&records.id(&id(8))).await.unwrap().len(), 2);
}

#[tokio::test]
async fn a_record_that_stands_in_the_file_twice_is_reported_with_the_first_line() {
    let city = City::new().await;
    let import = city.hub.start_import(new_import(PERSON, "people.csv"), &police()).await.unwrap();
    let mut batch = rows(1..=2);
    batch.push(row(77, person(1)));
    let report = city.hub.import_batch(&import.id, 0, batch, &police()).await.unwrap();
    assert_eq!((report.loaded, report.duplicates), (2, 1));
    assert!(report.refused[0].line == 77 && report.refused[0].reason.en.contains("line 2"), "{report:?}");
    // In a later batch, too.
    let report = city.hub.import_batch(&import.id, 1, vec![row(99, person(2))], &police()).await.unwrap();
    assert!(report.refused[0].reason.en.contains("line 3"), "{report:?}");
    // With another day it is another version, not a duplicate.
    let mut later = row(100, person(2));
    later.record.insert("address".into(), json!("示例路 9 号"));
    later.valid_from = Some("2026-03-01".into());
    let report = city.hub.import_batch(&import.id, 2, vec![later], &police()).await.unwrap();
    assert_eq!((report.loaded, report.duplicates), (1, 0));
    assert_eq!(city.hub.import(&import.id).await.unwrap().duplicates, 2);
}

#[tokio::test]
async fn after_a_restart_a_second_row_is_known_by_where_the_record_came_from() {
    let city = City::new().await;
    let import = city.hub.start_import(new_import(PERSON, "people.csv"), &police()).await.unwrap();
    city.hub.import_batch(&import.id, 0, rows(1..=2), &police()).await.unwrap();
    let again = City::on(city.store.clone()).await;
    let mut other = person(2);
    other["name"] = json!("另名");
    let report = again.hub.import_batch(&import.id, 1, vec![row(9, other)], &police()).await.unwrap();
    assert_eq!((report.loaded, report.duplicates), (0, 1), "{report:?}");
}

#[tokio::test]
async fn a_batch_of_more_than_one_commit_is_loaded_whole() {
    let city = City::new().await;
    let import = city.hub.start_import(new_import(PLACE, "places.jsonl"), &police()).await.unwrap();
    let place = |n: u64| {
        let at = 117.0 + f64::from(u32::try_from(n).unwrap()) / 10_000.0;
        row(
            n,
            json!({ "place": format!("p{n}"), "name": "示例", "kind": "park", "division": "320302",
            "geometry": { "type": "Point", "coordinates": [at, 34.2] } }),
        )
    };
    let before = city.store.watch().borrow().0;
    let report = city.hub.import_batch(&import.id, 0, (0..4_500).map(place).collect(), &police()).await.unwrap();
    assert_eq!((report.loaded, report.refused_rows), (4_500, 0));
    assert!(city.store.watch().borrow().0 - before >= 2, "it was more than one commit");
    assert_eq!(city.records(PLACE).count().await.unwrap(), 4_500);
    let too_many = (0..5_001).map(place).collect();
    assert!(matches!(
        city.hub.import_batch(&import.id, 1, too_many, &police()).await,
        Err(HubError::Invalid { field, .. }) if field == "rows"
    ));
}

#[tokio::test]
async fn the_report_of_the_largest_batch_of_nothing_but_errors_fits() {
    let city = City::new().await;
    let import = city.hub.start_import(new_import(PERSON, "wrong.jsonl"), &police()).await.unwrap();
    let names: Vec<String> = (0..3).map(|n| format!("{n}{}", "错".repeat(200))).collect();
    let wrong = |n: u16| {
        let mut body = person(n);
        names.iter().for_each(|name| body[name.as_str()] = json!("x"));
        row(u64::from(n), body)
    };
    let report = city.hub.import_batch(&import.id, 0, (1..=5_000).map(wrong).collect(), &police()).await.unwrap();
    assert_eq!((report.loaded, report.refused_rows), (0, 5_000));
    let lines: BTreeSet<u64> = report.refused.iter().map(|e| e.line).collect();
    assert_eq!(lines.len(), 5_000, "each row is told");
    assert!(report.refused[0].reason.en.contains("it has: "), "{:?}", report.refused[0]);
    city.hub.import_batch(&import.id, 1, rows(1..=2), &police()).await.unwrap();
}

#[tokio::test]
async fn who_may_load_is_the_provider_an_authority_or_the_system_administrator() {
    let city = City::new().await;
    for other in [tourism(), citizen("ann"), official("x", "320300")] {
        let refused = city.hub.start_import(new_import(PERSON, "a"), &other).await;
        assert!(matches!(refused, Err(HubError::Forbidden(_))), "{other:?}");
    }
    let import = city.hub.start_import(new_import(PERSON, "a"), &police()).await.unwrap();
    let refused = city.hub.import_batch(&import.id, 0, rows(1..=1), &tourism()).await;
    assert!(matches!(refused, Err(HubError::Forbidden(_))));
    assert!(matches!(city.hub.finish_import(&import.id, &tourism()).await, Err(HubError::Forbidden(_))));
    city.hub.import_batch(&import.id, 0, rows(1..=1), &system_admin()).await.unwrap();
    assert!(matches!(city.hub.import("none").await, Err(HubError::Unknown { what: "import", .. })));
    // An authority of one item writes that one, and adds nobody.
    city.hub.set_authority(PERSON, "mobile", Some(TOURISM), &police_admin()).await.unwrap();
    let import = city.hub.start_import(new_import(PERSON, "mobiles"), &tourism()).await.unwrap();
    let mobile = |n: u16| row(u64::from(n), json!({ "resident_id": id(n), "mobile": "19900000001" }));
    let report = city.hub.import_batch(&import.id, 0, vec![mobile(1), mobile(2)], &tourism()).await.unwrap();
    assert_eq!((report.loaded, report.refused_rows), (1, 1));
    assert!(report.refused[0].field.is_none() && report.refused[0].reason.en.contains("provider"), "{report:?}");
}

#[tokio::test]
async fn days_of_a_row_stand_before_those_of_the_file_and_impossible_ones_are_refused() {
    let city = City::new().await;
    let mut bad = new_import(PERSON, "a");
    bad.valid_from = Some("2026-02-30".into());
    assert!(matches!(city.hub.start_import(bad, &police()).await, Err(HubError::Invalid { .. })));
    let mut today = new_import(PERSON, "b");
    today.valid_from = None;
    let import = city.hub.start_import(today, &police()).await.unwrap();
    assert_eq!(import.valid_from, "2026-11-26");
    let dated = |n: u16, from: &str, to: Option<&str>| ImportRow {
        valid_from: Some(from.into()),
        valid_to: to.map(Into::into),
        ..row(u64::from(n), person(n))
    };
    let batch = vec![
        dated(1, "2020-01-01", Some("2021-01-01")),
        dated(2, "2020-02-30", None),
        dated(3, "2021-01-01", Some("2020-01-01")),
        dated(4, "2027-01-01", None),
    ];
    let report = city.hub.import_batch(&import.id, 0, batch, &police()).await.unwrap();
    let fields: Vec<&str> = report.refused.iter().filter_map(|e| e.field.as_deref()).collect();
    assert_eq!((report.loaded, fields), (1, vec!["valid_from", "valid_to", "valid_from"]));
}

#[tokio::test]
async fn an_export_is_for_the_provider_and_each_person_in_it_was_read() {
    let city = City::new().await;
    let import = city.hub.start_import(new_import(PERSON, "a"), &police()).await.unwrap();
    city.hub.import_batch(&import.id, 0, rows(1..=5), &police()).await.unwrap();
    let of = |dataset: &str, reason: &str, law: &str| NewExport {
        dataset: dataset.into(),
        reason: reason.into(),
        law: law.into(),
    };
    let why = || of(PERSON, "年度数据核对", "《示例条例》第九条");
    // A clerk of the provider is not enough, nor who administers another department.
    for other in [police(), tourism_admin(), system_admin(), citizen("ann"), official("police-admin", TOURISM)] {
        let refused = city.hub.start_export(why(), &other).await;
        assert!(matches!(refused, Err(HubError::Forbidden(_))), "{other:?}");
    }
    for (new, field) in [(of(PERSON, " ", "《示例条例》第九条"), "reason"), (of(PERSON, "核对", " "), "law")]
    {
        match city.hub.start_export(new, &police_admin()).await {
            Err(HubError::Invalid { field: at, problem }) => assert!(at == field && !problem.zh.is_empty(), "{at}"),
            other => panic!("{field}: {other:?}"),
        }
    }
    assert!(city.audited("export.").await.is_empty() && city.audited("data.").await.iter().all(|e| e.about.is_none()));
    let export = city.hub.start_export(why(), &police_admin()).await.unwrap();
    let page = async |after: Option<&str>, by: &Actor| city.hub.export_page(&export.id, after, 3, by).await;
    let first = page(None, &police_admin()).await.unwrap();
    let rest = page(first.next.as_deref(), &police_admin()).await.unwrap();
    assert_eq!((first.records.len(), rest.records.len(), rest.next.is_none()), (3, 2, true));
    let reads = city.audited("data.exported").await;
    let whom: BTreeSet<_> = reads.iter().map(|e| e.about.clone().unwrap()).collect();
    assert_eq!((reads.len(), whom.len()), (5, 5));
    let basis = "statutory-duty: 《示例条例》第九条";
    for entry in reads.iter().chain(&city.audited("export.started").await) {
        assert_eq!((entry.purpose.as_deref(), entry.basis.as_deref()), (Some("年度数据核对"), Some(basis)));
    }
    assert!(reads.iter().all(|e| e.fields.contains(&"name".to_owned()) && e.detail == export.id));
    assert!(matches!(page(Some("elsewhere"), &police_admin()).await, Err(HubError::Invalid { .. })));
    // Another administrator states their own reason, and who is one no longer reads no further page.
    let other = official("police-second", POLICE);
    assert!(matches!(page(None, &other).await, Err(HubError::Unknown { what: "export", .. })));
    city.identity.set_disabled("police-admin", true, "-").await.unwrap();
    assert!(matches!(page(None, &police_admin()).await, Err(HubError::Forbidden(_))));
    city.identity.set_disabled("police-admin", false, "-").await.unwrap();
    city.clock.advance(DAY);
    assert!(matches!(page(None, &police_admin()).await, Err(HubError::Unknown { .. })), "a day later it has ended");
    city.hub.tick().await.unwrap();
    let kept = yunlong_store::Key::space("@hub").text("export").children();
    assert!(city.store.scan(&kept, yunlong_store::Direction::Ascending, 10).await.unwrap().is_empty());
    let places = city.hub.start_export(of(PLACE, "制图", ""), &system_admin()).await.unwrap();
    city.hub.export_page(&places.id, None, 3, &system_admin()).await.unwrap();
}

#[tokio::test]
async fn an_import_is_no_way_to_ask_what_others_answer_for_and_what_was_compared_is_in_the_log() {
    let city = City::new().await;
    let import = city.hub.start_import(new_import(PERSON, "a"), &police()).await.unwrap();
    city.hub.import_batch(&import.id, 0, rows(1..=2), &police()).await.unwrap();
    assert!(city.audited("data.").await.iter().all(|e| e.about.is_none()), "what is new tells nothing of anybody");
    city.hub.set_authority(PERSON, "mobile", Some(TOURISM), &police_admin()).await.unwrap();
    let asks = city.hub.start_import(new_import(PERSON, "guesses"), &tourism()).await.unwrap();
    let guess = |line: u64, n: u16, name: &str| row(line, json!({ "resident_id": id(n), "name": name }));
    let batch = vec![guess(1, 1, "示例1"), guess(2, 2, "错"), guess(3, 9, "示例9")];
    let report = city.hub.import_batch(&asks.id, 0, batch, &tourism()).await.unwrap();
    assert_eq!((report.loaded, report.unchanged, report.refused_rows), (0, 0, 3));
    let said: BTreeSet<_> = report.refused.iter().map(|e| (&e.field, &e.reason.zh, &e.reason.en)).collect();
    assert_eq!(said.len(), 1, "right, wrong and not there are answered alike: {said:?}");
    assert!(city.audited("data.").await.iter().all(|e| e.about.is_none()), "nothing was compared");

    let mobile = |line: u64, n: u16| row(line, json!({ "resident_id": id(n), "mobile": "19900000001" }));
    let report = city.hub.import_batch(&asks.id, 1, vec![mobile(4, 1), mobile(5, 9)], &tourism()).await.unwrap();
    assert_eq!((report.loaded, report.refused_rows), (1, 1));
    let again = city.hub.start_import(new_import(PERSON, "again"), &tourism()).await.unwrap();
    let report = city.hub.import_batch(&again.id, 0, vec![mobile(1, 1)], &tourism()).await.unwrap();
    assert_eq!(report.unchanged, 1);
    let told = |entries: Vec<yunlong_audit::Entry>| entries.into_iter().filter_map(|e| e.about).collect::<Vec<_>>();
    let (one, nine) = (city.identity.person_of_resident_id(&id(1)), city.identity.person_of_resident_id(&id(9)));
    assert_eq!(told(city.audited("data.written").await), std::slice::from_ref(&one), "the one that it changed");
    assert_eq!(told(city.audited("data.compared").await), [nine, one], "the one that is not there, and the equal one");
    // A row that is wrong in itself was not compared with anything.
    let wrong = row(2, json!({ "resident_id": id(1), "mobile": "no number" }));
    city.hub.import_batch(&again.id, 1, vec![wrong], &tourism()).await.unwrap();
    assert_eq!(city.audited("data.compared").await.len(), 2);
}

#[tokio::test]
async fn a_page_of_an_export_ends_before_it_is_too_large_and_tells_how_many_there_are() {
    let city = City::new().await;
    let import = city.hub.start_import(new_import(PERSON, "people.csv"), &police()).await.unwrap();
    // 24 KB each: 200 of them are more than a page takes, although it may have 500.
    let long = "长".repeat(4_000);
    let large = rows(1..=200).into_iter().map(|mut row| {
        row.record.extend([("name".to_owned(), long.as_str().into()), ("address".to_owned(), long.as_str().into())]);
        row
    });
    let report = city.hub.import_batch(&import.id, 0, large.collect(), &police()).await.unwrap();
    assert_eq!(report.loaded, 200, "{:?}", report.refused.first());
    let (mut after, mut keys, mut pages) = (None, BTreeSet::new(), Vec::new());
    let why = NewExport { dataset: PERSON.into(), reason: "年度核对".into(), law: "《统计法》".into() };
    let export = city.hub.start_export(why, &police_admin()).await.unwrap();
    loop {
        let page = city.hub.export_page(&export.id, after.as_deref(), 500, &police_admin()).await.unwrap();
        assert_eq!(page.total, 200);
        let bytes = page.records.iter().map(|r| serde_json::to_vec(r).unwrap().len()).sum::<usize>();
        assert!(bytes < 4 << 20, "{bytes}");
        pages.push(page.records.len());
        keys.extend(page.records.into_iter().map(|r| r.key));
        match page.next {
            Some(next) => after = Some(next),
            None => break,
        }
    }
    assert_eq!((pages.iter().sum::<usize>(), keys.len()), (200, 200), "each once: {pages:?}");
    assert!(pages.len() > 1 && pages[0] > 100, "{pages:?}");
    assert_eq!(city.audited("data.exported").await.len(), 200, "and nothing is logged that is not answered");
}

#[tokio::test]
async fn old_reports_are_removed_and_imports_that_nobody_goes_on_with_are_ended() {
    let city = City::new().await;
    let done = city.hub.start_import(new_import(PERSON, "a"), &police()).await.unwrap();
    city.hub.import_batch(&done.id, 0, rows(1..=1), &police()).await.unwrap();
    city.hub.finish_import(&done.id, &police()).await.unwrap();
    let left = city.hub.start_import(new_import(PERSON, "b"), &police()).await.unwrap();
    let reports = async || {
        let range = yunlong_store::Key::space("@hub").text("batch").children();
        city.store.scan(&range, yunlong_store::Direction::Ascending, 10).await.unwrap().len()
    };
    city.hub.tick().await.unwrap();
    assert_eq!(reports().await, 1);
    city.clock.advance(31 * DAY);
    city.hub.tick().await.unwrap();
    assert_eq!(reports().await, 0);
    assert_eq!(city.hub.import(&left.id).await.unwrap().state, ImportState::Abandoned);
    assert_eq!(city.hub.import(&done.id).await.unwrap().loaded, 1, "its totals stay");
}

#[tokio::test]
async fn a_report_is_sealed_since_what_was_refused_is_about_somebody() {
    let city = City::new().await;
    let import = city.hub.start_import(new_import(PERSON, "a"), &police()).await.unwrap();
    let mut wrong = person(1);
    wrong["sex"] = Value::String("张某某".into());
    let report = city.hub.import_batch(&import.id, 0, vec![row(2, wrong)], &police()).await.unwrap();
    assert!(report.refused[0].reason.zh.contains("张某某"), "whoever loads it reads it");
    let range = yunlong_store::Key::space("@hub").children();
    for row in city.store.scan(&range, yunlong_store::Direction::Ascending, usize::MAX).await.unwrap() {
        assert!(!String::from_utf8_lossy(&row.value).contains("张某某"), "{:?}", row.key);
    }
}

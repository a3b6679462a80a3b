//! Bulk jobs: the host walks, the app takes pages, and every page is read anew.

use crate::city::{ASKED, City, DAY, POLICE, TOURISM, Who, a_use, by_division, name, official, resident_id, strings};
use serde_json::{Value, json};
use std::sync::Arc;
use yunlong_hub::{Denial, Query, ReadError};
use yunlong_store::memory::MemoryStore;
use yunlong_store::{Direction, Key, SharedStore};

const BULK: &str = "rows = \"all\"\naccess = [\"get\", \"bulk\"]";

async fn city(people: u16) -> City {
    let city = City::new().await;
    city.install("tickets", TOURISM, &a_use(ASKED, "count", &["name", "division"], BULK)).await;
    city.grant("tickets", ASKED, "count").await;
    let keys: Vec<String> = (0..people).map(|n| resident_id("320321", "19700101", n)).collect();
    city.put_many(ASKED, &keys).await;
    city
}

#[tokio::test]
async fn a_job_reads_all_records_page_by_page_and_tells_when_it_is_ready() {
    let city = city(700).await;
    let open = city.open("tickets", Who::Job, ASKED, "count").await.unwrap();
    let id = open.start_job(&by_division("320321", 1), &strings(&["name"])).await.unwrap();
    assert!(!open.job(&id).await.unwrap().ready);
    assert_eq!(open.job_page(&id, 0).await, Err(ReadError::NotFound), "not ready");
    city.hub.work().await.unwrap();
    let job = open.job(&id).await.unwrap();
    assert_eq!((job.ready, job.records, job.pages, job.failure), (true, 702, 2, None));
    let mut read = 0;
    for page in 0..job.pages {
        read += open.job_page(&id, page).await.unwrap().len();
    }
    assert_eq!(read, 702);
    assert_eq!(city.log("data.read").await.len(), 500, "each about its person; a page of the log");
    assert_eq!(open.job_page(&id, 2).await, Err(ReadError::NotFound));
    let told: Vec<Value> = city.messages().await.into_iter().map(|(_, _, data)| data).collect();
    assert_eq!(told.len(), 1);
    assert_eq!((&told[0]["job"], &told[0]["ready"], &told[0]["records"]), (&json!(id), &json!(true), &json!(702)));
}

#[tokio::test]
async fn what_a_job_keeps_tells_nobody_who_it_is() {
    let city = city(5).await;
    let open = city.open("tickets", Who::Job, ASKED, "count").await.unwrap();
    let query = Query { filter: crate::city::object(json!({ "name": "王示例" })), ..by_division("320321", 1) };
    open.start_job(&query, &[]).await.unwrap();
    city.hub.work().await.unwrap();
    for table in ["job", "job-page"] {
        let rows =
            city.store.scan(&Key::space("@hub").text(table).children(), Direction::Ascending, 100).await.unwrap();
        assert!(!rows.is_empty(), "{table}");
        for row in rows {
            let text = String::from_utf8_lossy(&row.value).into_owned();
            assert!(!text.contains("王示例") && !text.contains("320321"), "{text}");
        }
    }
}

#[tokio::test]
async fn a_page_is_read_with_the_rights_of_the_moment_at_which_it_is_taken() {
    let city = city(3).await;
    let open = city.open("tickets", Who::Job, ASKED, "count").await.unwrap();
    let id = open.start_job(&by_division("320321", 1), &[]).await.unwrap();
    city.hub.work().await.unwrap();
    city.install("parks", TOURISM, &a_use(ASKED, "count", &["name", "division"], BULK)).await;
    city.grant("parks", ASKED, "count").await;
    let parks = city.open("parks", Who::Job, ASKED, "count").await.unwrap();
    assert_eq!(parks.job(&id).await, Err(ReadError::NotFound), "another app's job");
    assert_eq!(parks.job_page(&id, 0).await, Err(ReadError::NotFound));
    assert_eq!(open.job_page(&id, 0).await.unwrap().len(), 5);
    city.hub.revoke_grant(&name("tickets"), ASKED, "count", "撤销", &official("police-admin", POLICE)).await.unwrap();
    assert!(matches!(open.job_page(&id, 0).await, Err(ReadError::Denied(Denial::Revoked(_)))));
}

#[tokio::test]
async fn jobs_are_bounded_expire_and_go_with_their_app() {
    let city = city(3).await;
    let open = city.open("tickets", Who::Job, ASKED, "count").await.unwrap();
    let mut ids = Vec::new();
    for _ in 0..10 {
        ids.push(open.start_job(&by_division("320321", 1), &[]).await.unwrap());
    }
    assert!(matches!(open.start_job(&by_division("320321", 1), &[]).await, Err(ReadError::TooLarge(_))));
    city.hub.work().await.unwrap();
    city.clock.advance(DAY);
    assert_eq!(open.job(&ids[0]).await, Err(ReadError::NotFound), "expired");
    city.hub.work().await.unwrap();
    let id = open.start_job(&by_division("320321", 1), &[]).await.unwrap();
    city.hub.work().await.unwrap();
    assert!(open.job(&id).await.unwrap().ready);
    city.hub.end_installation(&name("tickets"), &official("tourism-admin", TOURISM)).await.unwrap();
    for table in ["job", "job-page", "job-place"] {
        let rows = city.store.scan(&Key::space("@hub").text(table).children(), Direction::Ascending, 10).await.unwrap();
        assert!(rows.is_empty(), "{table}");
    }
}

#[tokio::test]
async fn what_a_job_may_not_do_it_says_at_its_start() {
    let city = city(3).await;
    let open = city.open("tickets", Who::Job, ASKED, "count").await.unwrap();
    let by_birth = Query { index: strings(&["birth_date"]), limit: 1, ..Query::default() };
    assert_eq!(open.start_job(&by_birth, &[]).await, Err(ReadError::Denied(Denial::Fields(strings(&["birth_date"])))));
    let unknown = Query { index: strings(&["division", "name"]), limit: 1, ..Query::default() };
    assert!(matches!(open.start_job(&unknown, &[]).await, Err(ReadError::Invalid(_))));
    city.install("parks", TOURISM, &a_use(ASKED, "reads", &["name"], "rows = \"all\"")).await;
    city.grant("parks", ASKED, "reads").await;
    let parks = city.open("parks", Who::Job, ASKED, "reads").await.unwrap();
    let refused = parks.start_job(&Query { limit: 1, ..Query::default() }, &[]).await;
    assert!(matches!(refused, Err(ReadError::Denied(Denial::Access(_)))), "{refused:?}");
}

#[tokio::test]
async fn a_job_goes_on_after_a_stop_and_doubles_nothing() {
    let store: SharedStore = Arc::new(MemoryStore::new());
    let city = City::on(store.clone(), true).await;
    city.install("tickets", TOURISM, &a_use(ASKED, "count", &["name", "division"], BULK)).await;
    city.grant("tickets", ASKED, "count").await;
    let keys: Vec<String> = (0..999).map(|n| resident_id("320321", "19700101", n)).collect();
    city.put_many(ASKED, &keys).await;
    let open = city.open("tickets", Who::Job, ASKED, "count").await.unwrap();
    let id = open.start_job(&by_division("320321", 1), &[]).await.unwrap();
    // Stopped in the middle of a step that holds the lease.
    {
        let work = city.hub.work();
        tokio::pin!(work);
        for _ in 0..3 {
            tokio::select! {
                biased;
                _ = &mut work => break,
                () = tokio::task::yield_now() => {}
            }
        }
    }
    let again = City::on(store, false).await;
    again.clock.advance(61_000);
    again.hub.work().await.unwrap();
    let open = again.open("tickets", Who::Job, ASKED, "count").await.unwrap();
    let job = open.job(&id).await.unwrap();
    assert_eq!((job.ready, job.records), (true, 1_001));
    let mut references = Vec::new();
    for page in 0..job.pages {
        references.extend(open.job_page(&id, page).await.unwrap().into_iter().map(|r| r.reference));
    }
    let count = references.len();
    references.sort();
    references.dedup();
    assert_eq!((count, references.len()), (1_001, 1_001));
}

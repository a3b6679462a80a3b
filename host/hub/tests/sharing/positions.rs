//! What two apps are told of the same people in an order tells neither who is who for the other: not the pages of
//! queries, nor those of jobs, nor the arrival of messages.

use crate::city::{ASKED, City, HALF_AN_HOUR, TOURISM, Who, a_use, by_division, name, resident_id, strings};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use yunlong_hub::{Bound, Open, Query, ReadError, Released};

const ALL: &str = "rows = \"all\"\naccess = [\"get\", \"query\", \"bulk\", \"changes\"]";
/// People of one division, so many that two orders do not agree by chance.
const PEOPLE: u16 = 60;
const QUARTER: i64 = 900_000;

/// Two apps that have no field in common but what they search by: one is given names, the other telephones.
const APPS: [(&str, &str); 2] = [("tickets", "name"), ("parks", "mobile")];

fn key(n: u16) -> String {
    resident_id("320302", "19700101", n)
}

fn body(n: u16, round: u16) -> Value {
    json!({
        "name": format!("{round}示例{n:03}"), "mobile": format!("199{round:02}000{n:03}"), "division": "320302",
        // Four of each day.
        "birth_date": format!("1970-01-{:02}", n / 4 + 1),
    })
}

async fn city(shared: &[&str]) -> City {
    let city = City::new().await;
    let others = &city.residents;
    for key in [&others.wang, &others.li, &others.zhao] {
        city.erase(ASKED, key).await;
    }
    for n in 0..PEOPLE {
        city.put(ASKED, &key(n), body(n, 0)).await;
    }
    for (app, field) in APPS {
        let fields = [shared, &[field]].concat();
        city.install(app, TOURISM, &a_use(ASKED, "check", &fields, ALL)).await;
        city.grant(app, ASKED, "check").await;
    }
    city.hub.work().await.unwrap();
    city.clock.advance(HALF_AN_HOUR);
    city.messages().await;
    city
}

async fn open(city: &City, app: &str) -> Open {
    city.open(app, Who::Job, ASKED, "check").await.unwrap()
}

/// Who a record is about, as only this test knows.
fn person(record: &Released) -> u16 {
    let text = record.body.get("name").or(record.body.get("mobile")).and_then(Value::as_str).unwrap();
    let digits: Vec<char> = text.chars().collect();
    digits[digits.len() - 3..].iter().collect::<String>().parse().unwrap()
}

fn people(records: &[Released]) -> Vec<u16> {
    records.iter().map(person).collect()
}

/// That the same people stand in both, and that the place of one in a list tells nothing of the other.
fn do_not_agree(a: &[u16], b: &[u16]) {
    assert!(a.len() >= 40, "{a:?}");
    let sorted = |all: &[u16]| {
        let mut all = all.to_vec();
        all.sort_unstable();
        all
    };
    assert_eq!(sorted(a), sorted(b));
    let reversed: Vec<u16> = b.iter().rev().copied().collect();
    for b in [b, &reversed] {
        let agree = a.iter().zip(b).filter(|(a, b)| a == b).count();
        // One is to be expected of any two orders.
        assert!(agree <= 5, "{agree} of {} stand at the same place: {a:?} {b:?}", a.len());
    }
}

/// All pages of a query.
async fn pages(open: &Open, query: &Query) -> Vec<Released> {
    let (mut query, mut all) = (query.clone(), Vec::new());
    loop {
        let page = open.query(&query, &[]).await.unwrap();
        assert!(page.records.len() <= query.limit);
        all.extend(page.records);
        query.cursor = page.next;
        if query.cursor.is_none() {
            return all;
        }
    }
}

#[tokio::test]
async fn the_pages_of_a_query_come_in_an_order_of_the_installations_own() {
    let city = city(&["division"]).await;
    let mut seen = Vec::new();
    for (app, _) in APPS {
        let open = open(&city, app).await;
        let once = pages(&open, &by_division("320302", 500)).await;
        for limit in [1, 7, 60] {
            assert_eq!(pages(&open, &by_division("320302", limit)).await, once, "{app}: one order, by {limit}");
        }
        seen.push(people(&once));
    }
    do_not_agree(&seen[0], &seen[1]);
}

#[tokio::test]
async fn values_of_the_index_come_first_and_the_order_within_them_is_the_installations_own() {
    let city = city(&["birth_date"]).await;
    let range = Query {
        index: strings(&["birth_date"]),
        lower: Some(Bound { value: json!("1970-01-01"), inclusive: true }),
        upper: Some(Bound { value: json!("1970-01-15"), inclusive: true }),
        limit: 7,
        ..Query::default()
    };
    let mut seen = Vec::new();
    for (app, _) in APPS {
        let open = open(&city, app).await;
        let all = pages(&open, &range).await;
        let born: Vec<&str> = all.iter().map(|r| r.body["birth_date"].as_str().unwrap()).collect();
        assert!(born.is_sorted(), "{born:?}");
        assert_eq!(pages(&open, &Query { limit: 500, ..range.clone() }).await, all);
        seen.push(people(&all));
    }
    let days = |people: &[u16]| people.chunks(4).map(<[u16]>::to_vec).collect::<Vec<_>>();
    let differ = days(&seen[0]).iter().zip(days(&seen[1])).filter(|(a, b)| **a != *b).count();
    // Of 24 orders of four people one is the same by chance.
    assert!(differ >= 11, "{differ} of 15 days: {seen:?}");
}

#[tokio::test]
async fn all_people_are_read_by_a_job_whose_pages_are_in_no_order_that_another_app_sees() {
    let city = city(&[]).await;
    let all = Query { limit: 10, ..Query::default() };
    let mut seen = Vec::new();
    for (app, _) in APPS {
        let open = open(&city, app).await;
        let Err(ReadError::Invalid(why)) = open.query(&all, &[]).await else { panic!("{app}: all, by pages") };
        assert!(why.contains("by a job"), "{why}");
        assert_eq!(why.contains("[name]"), app == "tickets", "which of the indexes is granted: {why}");
        let id = open.start_job(&all, &[]).await.unwrap();
        assert_eq!((open.job(&id).await.unwrap().records, city.hub.work().await), (0, Ok(())));
        let job = open.job(&id).await.unwrap();
        assert_eq!((job.ready, job.records, job.pages), (true, u64::from(PEOPLE), 1));
        seen.push(people(&open.job_page(&id, 0).await.unwrap()));
    }
    do_not_agree(&seen[0], &seen[1]);
}

#[tokio::test]
async fn a_job_does_not_tell_how_far_it_was_when_it_found_somebody() {
    let city = city(&["division"]).await;
    let open = open(&city, "tickets").await;
    let id = open.start_job(&by_division("320302", 1), &[]).await.unwrap();
    // Polled at any moment of its way.
    for polls in 1..60 {
        let work = city.hub.work();
        tokio::pin!(work);
        for _ in 0..polls {
            if std::future::poll_fn(|cx| std::task::Poll::Ready(work.as_mut().poll(cx).is_ready())).await {
                break;
            }
            // The log is written by a task of its own.
            tokio::task::yield_now().await;
        }
        let job = open.job(&id).await.unwrap();
        let told = if job.ready { (u64::from(PEOPLE), 1) } else { (0, 0) };
        assert_eq!((job.records, job.pages), told);
        city.clock.advance(61_000);
    }
    city.hub.work().await.unwrap();
    assert!(open.job(&id).await.unwrap().ready);
}

/// References of an app, and who they are.
async fn who(city: &City, app: &str) -> BTreeMap<String, u16> {
    let open = open(city, app).await;
    let mut who = BTreeMap::new();
    for n in 0..PEOPLE {
        who.insert(open.get(&key(n), &[], None).await.unwrap().unwrap().reference, n);
    }
    who
}

#[tokio::test]
async fn messages_about_people_tell_neither_by_their_order_nor_by_their_moment_which_belong_together() {
    let city = city(&[]).await;
    let who = [who(&city, "tickets").await, who(&city, "parks").await];
    for n in 0..PEOPLE {
        city.put_from(ASKED, &key(n), body(n, 1), "2026-11-26").await;
    }
    city.hub.work().await.unwrap();
    assert!(city.deliveries().await.is_empty(), "not at the moment of the change");
    // Who arrives in which minute.
    let (mut seen, mut minutes) = ([Vec::new(), Vec::new()], [BTreeMap::new(), BTreeMap::new()]);
    for minute in 0..30 {
        city.clock.advance(60_000);
        for (to, event) in city.deliveries().await {
            let app = usize::from(to == name("parks"));
            assert_eq!(event.time.0 % 3_600_000, 0, "in which hour");
            assert!(event.id[14..].starts_with('4'), "an id without a time: {}", event.id);
            let person = who[app][event.data["reference"].as_str().unwrap()];
            assert_eq!(event.data["fields"], json!([APPS[app].1]));
            seen[app].push(person);
            minutes[app].insert(person, minute);
        }
    }
    do_not_agree(&seen[0], &seen[1]);
    let together = (0..PEOPLE).filter(|n| minutes[0][n] == minutes[1][n]).count();
    assert!(together <= 15, "{together} of {PEOPLE} arrive in the same minute of fifteen");
    assert!(minutes[0].values().collect::<std::collections::BTreeSet<_>>().len() >= 10, "all over the quarter");
}

#[tokio::test]
async fn changes_of_one_record_arrive_in_their_order_all_the_same() {
    let city = city(&[]).await;
    let mut versions = Vec::new();
    for round in 1..9 {
        city.put_from(ASKED, &key(7), body(7, round), "2026-11-26").await;
        city.hub.work().await.unwrap();
        versions.push(open(&city, "tickets").await.get(&key(7), &[], None).await.unwrap().unwrap().version);
        // Within a quarter of an hour, and from one to the next.
        city.clock.advance(QUARTER / 3);
    }
    city.clock.advance(HALF_AN_HOUR);
    let tickets = city.deliveries().await.into_iter().filter(|(to, _)| *to == name("tickets"));
    let told: Vec<u64> = tickets.map(|(_, event)| event.data["version"].as_u64().unwrap()).collect();
    assert_eq!(told, versions);
}

#[tokio::test]
async fn more_people_of_equal_values_than_can_be_sorted_are_refused_and_read_by_a_job() {
    let city = city(&["division", "birth_date"]).await;
    for area in ["320303", "320305", "320311", "320312", "320321", "320322"] {
        let keys: Vec<String> = (0..840).map(|n| resident_id(area, "19700101", n)).collect();
        city.put_many(ASKED, &keys).await;
    }
    let open = open(&city, "tickets").await;
    let Err(ReadError::TooLarge(why)) = open.query(&by_division("320321", 20), &[]).await else { panic!("sorted") };
    assert!(why.contains("start a job"), "{why}");
    assert_eq!(open.query(&by_division("320302", 20), &[]).await.unwrap().records.len(), 20, "others are not so many");
    let id = open.start_job(&by_division("320321", 1), &[]).await.unwrap();
    city.hub.work().await.unwrap();
    let job = open.job(&id).await.unwrap();
    assert_eq!((job.ready, job.records, job.pages), (true, 5_040, 11));
    assert_eq!(open.job_page(&id, 10).await.unwrap().len(), 40);
}

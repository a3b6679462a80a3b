//! Collections, queries and transactions on the test double, which follows `city:data`.
#![allow(clippy::unwrap_used)]

use serde::{Deserialize, Serialize};
use yunlong_sdk::testing::TestCity;
use yunlong_sdk::{Collection, DataError, Document, Migrations, Progress, Query, Tx, data, transact, web};

const MANIFEST: &str = include_str!("app.toml");
const PUPILS: Collection<Pupil> = Collection::new();

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Document)]
#[document(collection = "pupils", indexes("by-class", "by-card"))]
struct Pupil {
    #[document(id)]
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    class: Option<String>,
    age: u8,
    #[serde(skip_serializing_if = "Option::is_none")]
    card: Option<Card>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Card {
    number: u32,
}

fn pupil(name: &str, class: &str, age: u8) -> Pupil {
    Pupil { name: name.into(), class: Some(class.into()), age, card: None }
}

fn carded(name: &str, number: u32) -> Pupil {
    Pupil { card: Some(Card { number }), ..pupil(name, "1a", 7) }
}

fn names(query: Query<Pupil>) -> Vec<String> {
    PUPILS.find(query).unwrap().into_iter().map(|p| p.id.clone()).collect()
}

#[test]
fn the_derive_takes_the_names_of_app_toml() {
    assert_eq!((Pupil::COLLECTION, Pupil::BY_CLASS.name(), Pupil::BY_CARD.name()), ("pupils", "by-class", "by-card"));
}

#[test]
fn a_document_is_inserted_once_put_and_deleted() {
    let _city = TestCity::new(MANIFEST);
    PUPILS.insert(&pupil("a", "1a", 7)).unwrap();
    assert_eq!(PUPILS.insert(&pupil("a", "1a", 8)), Err(DataError::AlreadyExists("a".into())));
    let first = PUPILS.get("a").unwrap().unwrap();
    PUPILS.put(&pupil("a", "1b", 8)).unwrap();
    let second = PUPILS.get("a").unwrap().unwrap();
    assert_eq!((first.age, second.age), (7, 8));
    assert!(second.version > first.version);
    PUPILS.delete("a").unwrap();
    PUPILS.delete("a").unwrap();
    assert_eq!(PUPILS.get("a").unwrap(), None);
}

#[test]
fn queries_walk_an_index_in_ranges_and_both_directions() {
    let _city = TestCity::new(MANIFEST);
    for (name, class, age) in [("a", "1a", 9), ("b", "1a", 7), ("c", "1b", 6), ("d", "1a", 8), ("e", "1a", 7)] {
        PUPILS.put(&pupil(name, class, age)).unwrap();
    }
    PUPILS.put(&Pupil { class: None, ..pupil("no-class", "", 7) }).unwrap();
    let of_1a = || Pupil::BY_CLASS.equals("1a");
    assert_eq!(names(Pupil::BY_CLASS.all()), ["b", "e", "d", "a", "c"], "what lacks a field is not in the index");
    assert_eq!(names(of_1a()), ["b", "e", "d", "a"]);
    assert_eq!(names(of_1a().descending()), ["a", "d", "e", "b"]);
    assert_eq!(names(of_1a().equals(7)), ["b", "e"]);
    assert_eq!(names(of_1a().at_least(8)), ["d", "a"]);
    assert_eq!(names(of_1a().above(8)), ["a"]);
    assert_eq!(names(of_1a().at_most(8)), ["b", "e", "d"]);
    assert_eq!(names(of_1a().below(8).above(7)), [""; 0]);
    assert_eq!(names(Query::by_id().limit(2)), ["a", "b"]);
}

#[test]
fn cursors_go_on_and_belong_to_their_query() {
    let _city = TestCity::new(MANIFEST);
    for i in 0..7 {
        PUPILS.put(&pupil(&format!("p{i}"), "1a", 7)).unwrap();
    }
    let mut seen = Vec::new();
    let mut cursor = None;
    loop {
        let page = PUPILS.find(Pupil::BY_CLASS.equals("1a").limit(3).after(cursor)).unwrap();
        seen.extend(page.items.iter().map(|p| p.id.clone()));
        cursor = page.next;
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!(seen, (0..7).map(|i| format!("p{i}")).collect::<Vec<_>>());
    let foreign = PUPILS.find(Pupil::BY_CLASS.equals("1a").limit(3)).unwrap().next;
    assert!(matches!(PUPILS.find(Query::by_id().after(foreign)), Err(DataError::Invalid(_))));
    assert!(matches!(PUPILS.find(Query::by_id().after(Some("龟"))), Err(DataError::Invalid(_))));
    assert!(matches!(PUPILS.find(Query::by_id().limit(0)), Err(DataError::Invalid(_))));
}

#[test]
fn what_app_toml_does_not_declare_is_refused() {
    #[derive(Serialize, Deserialize, Document)]
    #[document(collection = "teachers", indexes("by-subject"))]
    struct Teacher {
        #[document(id)]
        name: String,
    }
    let _city = TestCity::new(MANIFEST);
    assert!(matches!(Collection::<Teacher>::new().get("x"), Err(DataError::Undeclared(_))));
    assert!(matches!(Collection::<Teacher>::new().find(Teacher::BY_SUBJECT.all()), Err(DataError::Undeclared(_))));
    assert!(matches!(data::counter("chairs", "x"), Err(DataError::Undeclared(_))));
    assert!(matches!(PUPILS.find(yunlong_sdk::Index::<Pupil>::new("by-shoe").all()), Err(DataError::Undeclared(_))));
}

#[test]
fn a_unique_index_refuses_the_second_and_frees_with_the_first() {
    let _city = TestCity::new(MANIFEST);
    PUPILS.put(&carded("a", 1)).unwrap();
    let taken =
        DataError::UniqueViolation { collection: "pupils".into(), index: "by-card".into(), existing: "a".into() };
    assert_eq!(PUPILS.put(&carded("b", 1)), Err(taken));
    PUPILS.put(&carded("a", 1)).unwrap();
    transact(|tx| {
        tx.delete::<Pupil>("a")?;
        tx.put(&carded("b", 1))
    })
    .unwrap();
    PUPILS.put(&pupil("c", "1a", 7)).unwrap();
    PUPILS.put(&pupil("d", "1a", 7)).unwrap();
}

#[test]
fn a_transaction_sees_its_own_writes_and_leaves_nothing_when_it_fails() {
    let city = TestCity::new(MANIFEST);
    let result: Result<(), web::Error> = transact(|tx| {
        tx.put(&pupil("a", "1a", 7))?;
        assert_eq!(tx.get::<Pupil>("a")?.unwrap().age, 7);
        assert_eq!(tx.find(Pupil::BY_CLASS.equals("1a"))?.items.len(), 1);
        tx.adjust("seats", "room", 2, 0..=10)?;
        assert_eq!(tx.counter("seats", "room")?, 2);
        tx.audit("pupil.join", "a", &serde_json::json!({}))?;
        Err(yunlong_sdk::Problem::not_found().into())
    });
    assert!(result.is_err());
    assert_eq!(PUPILS.get("a").unwrap(), None);
    assert_eq!(data::counter("seats", "room"), Ok(0));
    assert!(city.audit().is_empty());
}

#[test]
fn a_read_that_somebody_changed_is_a_conflict_and_runs_again() {
    let _city = TestCity::new(MANIFEST);
    PUPILS.put(&pupil("a", "1a", 7)).unwrap();
    let mut runs = 0;
    let older: Result<u8, DataError> = transact(|tx| {
        runs += 1;
        let read = tx.get::<Pupil>("a")?.unwrap().into_value();
        if runs == 1 {
            PUPILS.put(&pupil("a", "1a", 20))?;
        }
        let older = Pupil { age: read.age + 1, ..read };
        tx.put(&older)?;
        Ok(older.age)
    });
    assert_eq!((older, runs), (Ok(21), 2));
}

#[test]
fn who_looked_and_was_forestalled_looks_again_instead_of_being_refused() {
    let _city = TestCity::new(MANIFEST);
    let mut runs = 0;
    let found: Result<Option<u8>, DataError> = transact(|tx| {
        runs += 1;
        if let Some(there) = tx.get::<Pupil>("a")? {
            return Ok(Some(there.into_value().age));
        }
        if runs == 1 {
            PUPILS.insert(&pupil("a", "1a", 20))?;
        }
        tx.insert(&pupil("a", "1a", 7))?;
        Ok(None)
    });
    assert_eq!((found, runs), (Ok(Some(20)), 2));
}

#[test]
fn a_phantom_in_a_range_that_was_read_is_a_conflict() {
    let _city = TestCity::new(MANIFEST);
    let mut runs = 0;
    let count: Result<usize, DataError> = transact(|tx| {
        runs += 1;
        let n = tx.find(Pupil::BY_CLASS.equals("1a"))?.items.len();
        if runs == 1 {
            PUPILS.put(&pupil("new", "1a", 7))?;
        }
        tx.put(&pupil("counted", "1b", n as u8))?;
        Ok(n)
    });
    assert_eq!((count, runs), (Ok(1), 2));
}

#[test]
fn counters_do_not_conflict_and_keep_their_bounds() {
    let _city = TestCity::new(MANIFEST);
    let mut runs = 0;
    transact(|tx| {
        runs += 1;
        if runs == 1 {
            transact(|other| other.adjust("seats", "room", 3, 0..=5))?;
        }
        tx.adjust("seats", "room", 2, 0..=5)
    })
    .unwrap();
    assert_eq!((runs, data::counter("seats", "room")), (1, Ok(5)));
    let over = transact(|tx| {
        tx.put(&pupil("late", "1a", 7))?;
        tx.adjust("seats", "room", 1, 0..=5)
    });
    assert_eq!(
        over,
        Err(DataError::OutOfBounds { counter: "seats".into(), key: "room".into(), value: 5, delta: 1, min: 0, max: 5 })
    );
    assert_eq!(PUPILS.get("late").unwrap(), None, "nothing was written");
}

#[test]
fn conflicts_end_in_an_error_after_a_bounded_number_of_attempts() {
    let city = TestCity::new(MANIFEST);
    city.conflict_next(u32::MAX);
    let mut runs = 0;
    let result: Result<(), DataError> = transact(|tx| {
        runs += 1;
        tx.put(&pupil("a", "1a", 7))
    });
    assert_eq!((result, runs), (Err(DataError::Conflict), 24));
}

#[test]
fn limits_are_those_of_the_contract() {
    let _city = TestCity::new(MANIFEST);
    assert!(matches!(PUPILS.get(""), Err(DataError::Invalid(_))));
    assert!(matches!(PUPILS.get(&"x".repeat(257)), Err(DataError::Invalid(_))));
    assert!(matches!(PUPILS.put(&pupil("big", &"x".repeat(1 << 20), 7)), Err(DataError::TooLarge(_))));
}

/// Makes everybody a year older, two at a time.
struct Birthday;

impl Migrations for Birthday {
    fn migrate(from: u32, to: u32, cursor: Option<&str>, tx: &Tx<'_>) -> Result<Progress, String> {
        assert_eq!((from, to), (1, 2));
        let (done, after) = Progress::resume(cursor)?;
        let page = tx.find::<Pupil>(Query::by_id().limit(2).after(after)).map_err(|e| e.to_string())?;
        for pupil in &page.items {
            tx.put(&Pupil { age: pupil.age + 1, ..pupil.value.clone() }).map_err(|e| e.to_string())?;
        }
        Ok(Progress::after(done + page.items.len() as u64, page.next))
    }
}

/// Never moves on.
struct Stuck;

impl Migrations for Stuck {
    fn migrate(_: u32, _: u32, _: Option<&str>, _: &Tx<'_>) -> Result<Progress, String> {
        Ok(Progress::after(0, Some("here".into())))
    }
}

#[test]
fn a_migration_runs_batch_by_batch_and_each_has_its_effect_once() {
    let city = TestCity::new(MANIFEST);
    for name in ["a", "b", "c", "d", "e"] {
        PUPILS.insert(&pupil(name, "1a", 7)).unwrap();
    }
    city.conflict_next(1);
    assert_eq!(city.migrate::<Birthday>(1, 2), Ok(5));
    assert!(names(Query::by_id()).iter().all(|n| PUPILS.get(n).unwrap().unwrap().age == 8));
    assert!(city.migrate::<Stuck>(1, 2).unwrap_err().contains("does not move on"));
}

//! Collections: documents, indexes, queries, cursors, and what transactions see of them.

use serde_json::{Value, json};
use std::sync::Arc;
use yunlong_model::{Manifest, Timestamp};
use yunlong_sealing::{Algorithm, DataKey, Keyring};
use yunlong_store::documents::{Bound, Document, DocumentError, MAX_BODY, Page, Query, Schema};
use yunlong_store::{CommitError, Direction, Seq, SharedStore, StoreError, Txn, transact};

crate::on_every_engine![
    documents_come_back_with_their_version,
    only_what_is_declared_can_be_used,
    ids_and_bodies_have_limits,
    inserting_an_id_twice_is_refused,
    who_was_forestalled_between_looking_and_writing_meets_a_conflict,
    an_index_follows_its_documents,
    a_document_without_a_field_is_not_in_the_index,
    an_index_cannot_order_lists_and_objects,
    queries_take_prefixes_and_ranges_both_ways,
    scalars_of_all_types_stand_in_one_order,
    pages_join_without_gap_or_repetition,
    a_cursor_serves_its_own_query_only,
    queries_that_cannot_be_are_refused,
    unique_values_are_taken_once,
    unique_values_race,
    a_transaction_finds_its_own_documents,
    a_phantom_in_a_query_is_a_conflict,
    counters_are_bounded_and_named,
    a_refused_write_leaves_the_transaction_usable,
    audit_rows_come_with_the_commit,
    pages_outside_transactions_are_one_state,
    a_new_index_is_built_for_the_documents_that_are_there,
    sealed_documents_are_found_like_others_and_lie_encrypted,
    documents_are_sealed_anew_when_the_seal_or_the_key_is_new,
];

const APP: &str = r#"
name = "clinic"
version = "1.0.0"
vendor = "vendor"
title = { zh = "门诊", en = "Clinic" }
description = { zh = "预约", en = "Booking" }
counters = ["seats", "capped"]

[[collections]]
name = "visits"

[[collections.indexes]]
name = "slot"
fields = ["slot", "visitor.id"]

[[collections.indexes]]
name = "number"
fields = ["number"]
unique = true

[[collections]]
name = "notes"
"#;

fn schema_of(app: &str) -> Schema {
    Schema::new(&"clinic".parse().unwrap(), &Manifest::parse(app).unwrap())
}

fn schema() -> Schema {
    schema_of(APP)
}

/// Runs one write as a transaction.
async fn write<T>(
    store: &SharedStore,
    f: impl AsyncFn(&Schema, &mut Txn) -> Result<T, DocumentError>,
) -> Result<T, DocumentError> {
    let schema = schema();
    transact(store, async |txn| f(&schema, txn).await).await
}

async fn put(store: &SharedStore, id: &str, body: Value) -> Result<(), DocumentError> {
    write(store, async |schema, txn| schema.put(txn, "visits", id, &body.to_string()).await).await
}

fn query(index: &str) -> Query {
    Query { index: index.into(), limit: 100, ..Query::default() }
}

fn bound(value: Value, inclusive: bool) -> Option<Bound> {
    Some(Bound { value, inclusive })
}

fn ids(page: &Page) -> String {
    page.documents.iter().map(|d| d.id.as_str()).collect::<Vec<_>>().join(" ")
}

async fn found(store: &SharedStore, query: Query) -> String {
    ids(&schema().find_committed(store, "visits", &query).await.unwrap())
}

async fn documents_come_back_with_their_version(store: SharedStore) {
    let body = r#"{ "slot": 1,  "text": "景" }"#;
    let mut txn = Txn::new(store.clone());
    schema().put(&mut txn, "visits", "a", body).await.unwrap();
    let own = schema().get(&mut txn, "visits", "a").await.unwrap().unwrap();
    assert_eq!(own, Document { id: "a".into(), version: Seq(0), body: body.into() });
    let seq = txn.commit().await.unwrap();
    let stored = schema().get_committed(&store, "visits", "a").await.unwrap().unwrap();
    assert_eq!(stored, Document { id: "a".into(), version: seq, body: body.into() });
    assert_eq!(schema().get_committed(&store, "notes", "a").await, Ok(None));
    write(&store, async |s, txn| s.delete(txn, "visits", "a").await).await.unwrap();
    write(&store, async |s, txn| s.delete(txn, "visits", "a").await).await.unwrap();
    assert_eq!(schema().get_committed(&store, "visits", "a").await, Ok(None));
}

async fn only_what_is_declared_can_be_used(store: SharedStore) {
    let undeclared = |r: DocumentError| assert!(matches!(r, DocumentError::Undeclared(_)), "{r}");
    let (schema, mut txn) = (schema(), Txn::new(store.clone()));
    undeclared(schema.get(&mut txn, "others", "a").await.unwrap_err());
    undeclared(schema.put(&mut txn, "others", "a", "{}").await.unwrap_err());
    undeclared(schema.delete(&mut txn, "others", "a").await.unwrap_err());
    undeclared(schema.find(&mut txn, "others", &query("id")).await.unwrap_err());
    undeclared(schema.find(&mut txn, "visits", &query("other")).await.unwrap_err());
    undeclared(schema.find(&mut txn, "notes", &query("slot")).await.unwrap_err());
    undeclared(schema.adjust(&mut txn, "other", "k", 1, 0, 1).unwrap_err());
    undeclared(schema.counter_committed(&store, "other", "k").await.unwrap_err());
}

async fn ids_and_bodies_have_limits(store: SharedStore) {
    let (schema, mut txn) = (schema(), Txn::new(store));
    for id in ["", &"i".repeat(257)] {
        assert!(matches!(schema.put(&mut txn, "notes", id, "{}").await, Err(DocumentError::Invalid(_))));
    }
    schema.put(&mut txn, "notes", &"\0".repeat(256), "{}").await.unwrap();
    for body in ["", "[]", "1", "{", "{} {}", r#"{"a":NaN}"#] {
        assert!(matches!(schema.put(&mut txn, "notes", "a", body).await, Err(DocumentError::Invalid(_))), "{body}");
    }
    let deep = format!(r#"{{"a":{}{}}}"#, "[".repeat(500), "]".repeat(500));
    assert!(matches!(schema.put(&mut txn, "notes", "a", &deep).await, Err(DocumentError::Invalid(_))));
    let sized = |n: usize| format!(r#"{{"a":"{}"}}"#, "x".repeat(n - 8));
    schema.put(&mut txn, "notes", "a", &sized(MAX_BODY)).await.unwrap();
    assert!(matches!(schema.put(&mut txn, "notes", "a", &sized(MAX_BODY + 1)).await, Err(DocumentError::TooLarge(_))));
    let indexed = json!({"slot": "x".repeat(2_040), "visitor": {"id": 1}}).to_string();
    assert!(matches!(schema.put(&mut txn, "visits", "a", &indexed).await, Err(DocumentError::TooLarge(_))));
    txn.commit().await.unwrap();
}

async fn inserting_an_id_twice_is_refused(store: SharedStore) {
    let insert = async || write(&store, async |s, txn| s.insert(txn, "notes", "a", "{}").await).await;
    assert_eq!(insert().await, Ok(()));
    assert_eq!(insert().await, Err(DocumentError::AlreadyExists("a".into())));
    // Two at once: one commit finds that the absence it has read is over.
    let (mut one, mut two) = (Txn::new(store.clone()), Txn::new(store.clone()));
    schema().insert(&mut one, "notes", "b", "{}").await.unwrap();
    schema().insert(&mut two, "notes", "b", "{}").await.unwrap();
    one.commit().await.unwrap();
    assert_eq!(two.commit().await, Err(CommitError::Conflict));
}

async fn who_was_forestalled_between_looking_and_writing_meets_a_conflict(store: SharedStore) {
    let schema = schema();
    // By id.
    let mut late = Txn::new(store.clone());
    assert_eq!(schema.get(&mut late, "notes", "a").await, Ok(None));
    write(&store, async |s, txn| s.insert(txn, "notes", "a", "{}").await).await.unwrap();
    assert_eq!(schema.insert(&mut late, "notes", "a", "{}").await, Err(DocumentError::Conflict));
    assert_eq!(late.commit().await, Err(CommitError::Conflict));
    // By the value of a unique index.
    let mut late = Txn::new(store.clone());
    let seven = Query { equals: vec![json!(7)], ..query("number") };
    assert_eq!(schema.find(&mut late, "visits", &seven).await.unwrap().documents, []);
    put(&store, "first", json!({"number": 7})).await.unwrap();
    let second = json!({"number": 7}).to_string();
    assert_eq!(schema.put(&mut late, "visits", "second", &second).await, Err(DocumentError::Conflict));
    // Who looks again is told what is there.
    let mut again = Txn::new(store.clone());
    assert_eq!(schema.find(&mut again, "visits", &seven).await.unwrap().documents.len(), 1);
    assert!(matches!(
        schema.put(&mut again, "visits", "second", &second).await,
        Err(DocumentError::UniqueViolation { existing, .. }) if existing == "first"
    ));
}

async fn an_index_follows_its_documents(store: SharedStore) {
    put(&store, "a", json!({"slot": 1, "visitor": {"id": "x"}})).await.unwrap();
    let at = |slot: i64| Query { equals: vec![json!(slot)], ..query("slot") };
    assert_eq!((found(&store, at(1)).await, found(&store, at(2)).await), ("a".into(), String::new()));
    put(&store, "a", json!({"slot": 2, "visitor": {"id": "x"}})).await.unwrap();
    assert_eq!((found(&store, at(1)).await, found(&store, at(2)).await), (String::new(), "a".into()));
    put(&store, "a", json!({"slot": 2})).await.unwrap();
    assert_eq!(found(&store, query("slot")).await, "");
    put(&store, "a", json!({"slot": 3, "visitor": {"id": "x"}, "number": 1})).await.unwrap();
    write(&store, async |s, txn| s.delete(txn, "visits", "a").await).await.unwrap();
    assert_eq!(found(&store, query("slot")).await, "");
    assert_eq!(found(&store, query("number")).await, "");
}

async fn a_document_without_a_field_is_not_in_the_index(store: SharedStore) {
    put(&store, "none", json!({})).await.unwrap();
    put(&store, "half", json!({"slot": 1, "visitor": {}})).await.unwrap();
    put(&store, "other", json!({"slot": 1, "visitor": "x"})).await.unwrap();
    put(&store, "null", json!({"slot": 1, "visitor": {"id": null}})).await.unwrap();
    assert_eq!(found(&store, query("slot")).await, "null");
    assert_eq!(found(&store, query("id")).await, "half none null other");
}

async fn an_index_cannot_order_lists_and_objects(store: SharedStore) {
    for bad in [json!([1]), json!({"a": 1})] {
        let refused = put(&store, "a", json!({"number": bad})).await;
        assert!(matches!(refused, Err(DocumentError::Invalid(_))));
        let refused = schema().find_committed(&store, "visits", &Query { equals: vec![bad], ..query("number") }).await;
        assert!(matches!(refused, Err(DocumentError::Invalid(_))));
    }
}

async fn queries_take_prefixes_and_ranges_both_ways(store: SharedStore) {
    for (id, slot, visitor) in
        [("a", 1, "x"), ("b", 1, "y"), ("c", 1, "y\0"), ("d", 1, "z"), ("e", 2, "y"), ("f", 10, "y")]
    {
        put(&store, id, json!({"slot": slot, "visitor": {"id": visitor}})).await.unwrap();
    }
    let one = |lower, upper, direction| Query { equals: vec![json!(1)], lower, upper, direction, ..query("slot") };
    let (up, down) = (Direction::Ascending, Direction::Descending);
    let cases = [
        (one(None, None, up), "a b c d"),
        (one(None, None, down), "d c b a"),
        (one(bound(json!("y"), true), None, up), "b c d"),
        (one(bound(json!("y"), false), None, up), "c d"),
        (one(None, bound(json!("y"), true), down), "b a"),
        (one(None, bound(json!("y"), false), up), "a"),
        (one(bound(json!("x"), false), bound(json!("z"), false), down), "c b"),
        (one(bound(json!("z"), true), bound(json!("x"), true), up), ""),
        (Query { equals: vec![json!(1), json!("y")], ..query("slot") }, "b"),
        (Query { lower: bound(json!(1), false), ..query("slot") }, "e f"),
        (Query { upper: bound(json!(2), true), direction: down, ..query("slot") }, "e d c b a"),
        (Query { lower: bound(json!(1.5), true), upper: bound(json!(9.5), true), ..query("slot") }, "e"),
        (Query { lower: bound(json!("b"), true), upper: bound(json!("d"), false), ..query("id") }, "b c"),
        (Query { equals: vec![json!("e")], ..query("id") }, "e"),
        (Query { limit: 2, direction: down, ..query("id") }, "f e"),
    ];
    for (query, expected) in cases {
        assert_eq!(found(&store, query.clone()).await, expected, "{query:?}");
    }
}

async fn scalars_of_all_types_stand_in_one_order(store: SharedStore) {
    let values = [
        json!(null),
        json!(false),
        json!(true),
        json!(-1.5),
        json!(0),
        json!(2),
        json!(10),
        json!(""),
        json!("10"),
        json!("2"),
        json!("景"),
    ];
    for (n, value) in values.iter().enumerate().rev() {
        put(&store, &format!("{n:02}"), json!({"number": value})).await.unwrap();
    }
    let expected = (0..values.len()).map(|n| format!("{n:02}")).collect::<Vec<_>>().join(" ");
    assert_eq!(found(&store, query("number")).await, expected);
}

async fn pages_join_without_gap_or_repetition(store: SharedStore) {
    for n in 0..23 {
        put(&store, &format!("{n:02}"), json!({"slot": n % 3, "visitor": {"id": n / 5}})).await.unwrap();
    }
    for (index, direction) in [
        ("slot", Direction::Ascending),
        ("slot", Direction::Descending),
        ("id", Direction::Ascending),
        ("id", Direction::Descending),
    ] {
        let whole = found(&store, Query { direction, ..query(index) }).await;
        for limit in [1, 4, 22, 23, 24] {
            let (mut pages, mut cursor) = (Vec::new(), None);
            loop {
                let query = Query { direction, limit, cursor, ..query(index) };
                let page = schema().find_committed(&store, "visits", &query).await.unwrap();
                assert!(!page.documents.is_empty());
                pages.push(ids(&page));
                cursor = page.next;
                if cursor.is_none() {
                    break;
                }
            }
            assert_eq!(pages.join(" "), whole, "{index} {direction:?} {limit}");
        }
    }
}

async fn a_cursor_serves_its_own_query_only(store: SharedStore) {
    for n in 0..6 {
        put(&store, &n.to_string(), json!({"slot": n, "visitor": {"id": 1}, "number": n})).await.unwrap();
    }
    let first = Query { limit: 2, upper: bound(json!(4), true), ..query("slot") };
    let page = schema().find_committed(&store, "visits", &first).await.unwrap();
    let cursor = page.next;
    let with = |q: Query| Query { cursor: cursor.clone(), ..q };
    assert_eq!(found(&store, with(first.clone())).await, "2 3");
    assert_eq!(found(&store, with(Query { limit: 100, ..first.clone() })).await, "2 3 4");
    let others = [
        Query { direction: Direction::Descending, ..first.clone() },
        Query { upper: bound(json!(5), true), ..first.clone() },
        Query { upper: bound(json!(4), false), ..first.clone() },
        Query { equals: vec![json!(2)], upper: None, ..first.clone() },
        query("number"),
        query("id"),
    ];
    for other in others {
        let refused = schema().find_committed(&store, "visits", &with(other)).await;
        assert!(matches!(refused, Err(DocumentError::Invalid(_))));
    }
    for made_up in ["", "!", "AAAA", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"] {
        let refused =
            schema().find_committed(&store, "visits", &Query { cursor: Some(made_up.into()), ..first.clone() }).await;
        assert!(matches!(refused, Err(DocumentError::Invalid(_))));
    }
    // A cursor outlives the document it points at.
    write(&store, async |s, txn| s.delete(txn, "visits", "1").await).await.unwrap();
    assert_eq!(found(&store, with(first)).await, "2 3");
}

async fn queries_that_cannot_be_are_refused(store: SharedStore) {
    let bad = [
        Query { limit: 0, ..query("slot") },
        Query { limit: 501, ..query("slot") },
        Query { equals: vec![json!(1); 3], ..query("slot") },
        Query { equals: vec![json!(1); 2], lower: bound(json!(1), true), ..query("slot") },
        Query { equals: vec![json!(1)], ..query("id") },
    ];
    for query in bad {
        let refused = schema().find_committed(&store, "visits", &query).await;
        assert!(matches!(refused, Err(DocumentError::Invalid(_))), "{query:?}");
    }
    assert!(schema().find_committed(&store, "visits", &Query { limit: 500, ..query("slot") }).await.is_ok());
}

async fn unique_values_are_taken_once(store: SharedStore) {
    put(&store, "a", json!({"number": 7})).await.unwrap();
    let taken =
        DocumentError::UniqueViolation { collection: "visits".into(), index: "number".into(), existing: "a".into() };
    assert_eq!(put(&store, "b", json!({"number": 7.0})).await, Err(taken.clone()));
    put(&store, "a", json!({"number": 7, "more": 1})).await.unwrap();
    put(&store, "b", json!({"number": 8})).await.unwrap();
    assert_eq!(put(&store, "b", json!({"number": 7})).await, Err(taken));
    // The value goes from one to the other in one transaction.
    write(&store, async |s, txn| {
        s.put(txn, "visits", "a", r#"{"number":9}"#).await?;
        s.put(txn, "visits", "b", r#"{"number":7}"#).await
    })
    .await
    .unwrap();
    let number = |lower, upper| Query { lower, upper, ..query("number") };
    assert_eq!(found(&store, query("number")).await, "b a");
    assert_eq!(found(&store, Query { equals: vec![json!(9)], ..query("number") }).await, "a");
    assert_eq!(found(&store, number(bound(json!(7), false), bound(json!(9), true))).await, "a");
    assert_eq!(found(&store, number(bound(json!(7), true), bound(json!(9), false))).await, "b");
    write(&store, async |s, txn| s.delete(txn, "visits", "b").await).await.unwrap();
    put(&store, "c", json!({"number": 7})).await.unwrap();
}

async fn unique_values_race(store: SharedStore) {
    let task = |who: u64| {
        let store = store.clone();
        tokio::spawn(async move {
            let schema = schema();
            let mut won = 0;
            for number in 0..20 {
                let body = json!({"number": number}).to_string();
                let id = format!("{who}-{number}");
                let outcome = transact!(&store, |txn| { schema.insert(txn, "visits", &id, &body).await });
                match outcome {
                    Ok(()) => won += 1,
                    Err(DocumentError::UniqueViolation { .. }) => {}
                    Err(e) => panic!("{e}"),
                }
            }
            won
        })
    };
    let mut won = 0;
    for task in (0..6).map(task).collect::<Vec<_>>() {
        won += task.await.unwrap();
    }
    let page = schema().find_committed(&store, "visits", &query("number")).await.unwrap();
    assert_eq!((won, page.documents.len()), (20, 20));
}

async fn a_transaction_finds_its_own_documents(store: SharedStore) {
    for id in ["a", "c", "e"] {
        put(&store, id, json!({"slot": 1, "visitor": {"id": id}})).await.unwrap();
    }
    let (schema, mut txn) = (schema(), Txn::new(store.clone()));
    let body = |id: &str, slot: i64| json!({"slot": slot, "visitor": {"id": id}}).to_string();
    schema.put(&mut txn, "visits", "b", &body("b", 1)).await.unwrap();
    schema.put(&mut txn, "visits", "c", &body("c", 2)).await.unwrap();
    schema.delete(&mut txn, "visits", "e").await.unwrap();
    let one = Query { equals: vec![json!(1)], ..query("slot") };
    assert_eq!(ids(&schema.find(&mut txn, "visits", &one).await.unwrap()), "a b");
    assert_eq!(ids(&schema.find(&mut txn, "visits", &query("slot")).await.unwrap()), "a b c");
    let page = schema.find(&mut txn, "visits", &Query { limit: 1, ..one.clone() }).await.unwrap();
    let rest = Query { cursor: page.next, ..one };
    assert_eq!(ids(&schema.find(&mut txn, "visits", &rest).await.unwrap()), "b");
    assert_eq!(found(&store, query("id")).await, "a c e");
}

async fn a_phantom_in_a_query_is_a_conflict(store: SharedStore) {
    let one = Query { equals: vec![json!(1)], ..query("slot") };
    let looking = async || {
        let mut txn = Txn::new(store.clone());
        let page = schema().find(&mut txn, "visits", &one).await.unwrap();
        schema().put(&mut txn, "notes", "n", &json!({"seen": page.documents.len()}).to_string()).await.unwrap();
        txn
    };
    let txn = looking().await;
    put(&store, "a", json!({"slot": 1, "visitor": {"id": 1}})).await.unwrap();
    assert_eq!(txn.commit().await, Err(CommitError::Conflict));
    let txn = looking().await;
    put(&store, "b", json!({"slot": 2, "visitor": {"id": 1}})).await.unwrap();
    assert!(txn.commit().await.is_ok(), "another slot does not matter");
    let txn = looking().await;
    put(&store, "b", json!({"slot": 1, "visitor": {"id": 2}})).await.unwrap();
    assert_eq!(txn.commit().await, Err(CommitError::Conflict), "a document moved in");
    let txn = looking().await;
    put(&store, "a", json!({"slot": 1, "visitor": {"id": 1}, "changed": true})).await.unwrap();
    assert_eq!(txn.commit().await, Err(CommitError::Conflict), "a document changed in place");
    let txn = looking().await;
    write(&store, async |s, txn| s.delete(txn, "visits", "a").await).await.unwrap();
    assert_eq!(txn.commit().await, Err(CommitError::Conflict), "a document went");
}

async fn counters_are_bounded_and_named(store: SharedStore) {
    let adjust = async |delta| write(&store, async |s, txn| s.adjust(txn, "seats", "slot-1", delta, 0, 5)).await;
    adjust(4).await.unwrap();
    let refused = DocumentError::OutOfBounds {
        counter: "seats".into(),
        key: "slot-1".into(),
        value: 4,
        delta: 2,
        min: 0,
        max: 5,
    };
    assert_eq!(adjust(2).await, Err(refused));
    assert_eq!(schema().counter_committed(&store, "seats", "slot-1").await, Ok(4));
    assert_eq!(schema().counter_committed(&store, "capped", "slot-1").await, Ok(0));
    let mut txn = Txn::new(store.clone());
    schema().adjust(&mut txn, "seats", "slot-1", -1, 0, 5).unwrap();
    assert_eq!(schema().counter(&txn, "seats", "slot-1").await, Ok(3));
    assert!(matches!(schema().adjust(&mut txn, "seats", &"k".repeat(257), 1, 0, 5), Err(DocumentError::Invalid(_))));
}

async fn a_refused_write_leaves_the_transaction_usable(store: SharedStore) {
    put(&store, "a", json!({"number": 1})).await.unwrap();
    let (schema, mut txn) = (schema(), Txn::new(store.clone()));
    let body = json!({"slot": 5, "visitor": {"id": 1}, "number": 1}).to_string();
    assert!(schema.put(&mut txn, "visits", "b", &body).await.is_err());
    assert_eq!(txn.len(), 0, "no index row without its document");
    schema.put(&mut txn, "visits", "b", r#"{"number":2}"#).await.unwrap();
    txn.commit().await.unwrap();
    assert_eq!(found(&store, query("slot")).await, "");
    assert_eq!(found(&store, query("number")).await, "a b");
}

async fn audit_rows_come_with_the_commit(store: SharedStore) {
    let schema = schema();
    let mut txn = Txn::new(store.clone());
    for n in 0..3 {
        schema.audit(&mut txn, "p-1", "visit.cancel", &n.to_string(), r#"{"why":"rain"}"#, Timestamp(n)).unwrap();
    }
    assert_eq!(schema.audit_committed(&store, None, 10).await.unwrap(), []);
    for (action, detail) in [("", "{}"), ("a", "[]"), ("a", "{")] {
        let refused = schema.audit(&mut txn, "p-1", action, "t", detail, Timestamp(0));
        assert!(matches!(refused, Err(DocumentError::Invalid(_))));
    }
    txn.commit().await.unwrap();
    let rows = schema.audit_committed(&store, None, 2).await.unwrap();
    assert_eq!(rows.iter().map(|(_, r)| r.target.as_str()).collect::<Vec<_>>(), ["2", "1"]);
    assert_eq!(
        (rows[0].1.at, rows[0].1.actor.as_str(), &rows[0].1.detail),
        (Timestamp(2), "p-1", &json!({"why": "rain"}))
    );
    let older = schema.audit_committed(&store, Some(&rows[1].0), 2).await.unwrap();
    assert_eq!(older.iter().map(|(_, r)| r.target.as_str()).collect::<Vec<_>>(), ["0"]);
}

/// A document is in one of two slots at any time; no page may show it in both or in none.
async fn pages_outside_transactions_are_one_state(store: SharedStore) {
    let body = |slot: i64| json!({"slot": slot, "visitor": {"id": 1}});
    put(&store, "a", body(0)).await.unwrap();
    let mover = {
        let store = store.clone();
        tokio::spawn(async move {
            let schema = schema();
            for n in 0..150 {
                let body = json!({"slot": n % 2, "visitor": {"id": 1}}).to_string();
                transact!(&store, |txn| { schema.put(txn, "visits", "a", &body).await }).unwrap();
            }
        })
    };
    while !mover.is_finished() {
        let page = schema().find_committed(&store, "visits", &query("slot")).await.unwrap();
        assert!(page.documents.len() <= 1);
        tokio::task::yield_now().await;
    }
    mover.await.unwrap();
    assert_eq!(found(&store, query("slot")).await, "a");
}

async fn a_new_index_is_built_for_the_documents_that_are_there(store: SharedStore) {
    for n in 0..250 {
        put(&store, &format!("{n:03}"), json!({"slot": n % 5, "visitor": {"id": n}, "number": n, "list": [n]}))
            .await
            .unwrap();
    }
    let newer = schema_of(
        &APP.replace(r#"fields = ["slot", "visitor.id"]"#, r#"fields = ["number"]"#)
            .replace(r#"name = "number""#, r#"name = "visitor""#)
            .replace(
                r#"fields = ["number"]
unique = true"#,
                r#"fields = ["visitor.id"]
unique = true"#,
            ),
    );
    assert!(!newer.indexes_alike(&schema()) && newer.indexes_alike(&newer.clone()));
    newer.rebuild_indexes(&store).await.unwrap();
    let pages = async |index: &str| {
        newer.find_committed(&store, "visits", &Query { limit: 500, ..query(index) }).await.unwrap()
    };
    let all = (0..250).map(|n| format!("{n:03}")).collect::<Vec<_>>().join(" ");
    assert_eq!(ids(&pages("slot").await), all, "the rows of the former definition are gone");
    assert_eq!(ids(&pages("visitor").await), all);
    let stale = store
        .scan(
            &yunlong_store::Key::space("clinic").text("u").text("visits").text("number").children(),
            Direction::Ascending,
            9,
        )
        .await;
    assert_eq!(stale, Ok(vec![]), "the rows of an index that is no more are gone");
    // Values that are taken twice cannot be made unique.
    let impossible =
        schema_of(&APP.replace(r#"fields = ["slot", "visitor.id"]"#, "fields = [\"slot\"]\nunique = true"));
    assert!(matches!(impossible.rebuild_indexes(&store).await, Err(DocumentError::UniqueViolation { .. })));
}

fn data_key() -> DataKey {
    DataKey::from_file(&DataKey::generate(Algorithm::Aes256Gcm).unwrap()).unwrap()
}

fn sealed_schema(keys: &Arc<Keyring>) -> Schema {
    schema_of(&APP.replace("name = \"visits\"", "name = \"visits\"\nsealed = true")).with_keys(keys.clone())
}

/// What lies in the store for the documents of the app.
async fn lying(store: &SharedStore) -> Vec<Vec<u8>> {
    let all = yunlong_store::Key::space("clinic").text("d").children();
    let rows = store.scan(&all, Direction::Ascending, 1_000).await.unwrap();
    rows.into_iter().map(|r| r.value.to_vec()).collect()
}

fn shows(rows: &[Vec<u8>], text: &str) -> bool {
    rows.iter().any(|r| r.windows(text.len()).any(|w| w == text.as_bytes()))
}

async fn sealed_documents_are_found_like_others_and_lie_encrypted(store: SharedStore) {
    let schema = sealed_schema(&Arc::new(Keyring::new(data_key(), vec![])));
    let body = json!({"slot": "09:00", "visitor": {"id": "v"}, "number": 1, "name": "云小龙"});
    let put = async |id: &'static str, body: Value| {
        transact(&store, async |txn| schema.put(txn, "visits", id, &body.to_string()).await).await
    };
    put("v1", body.clone()).await.unwrap();
    assert!(!shows(&lying(&store).await, "云小龙"));
    assert!(matches!(put("v2", body.clone()).await, Err(DocumentError::UniqueViolation { .. })));

    let read = schema.get_committed(&store, "visits", "v1").await.unwrap().unwrap();
    assert_eq!(serde_json::from_str::<Value>(&read.body).unwrap(), body);
    let at = |slot: &str| Query { index: "slot".into(), equals: vec![json!(slot)], limit: 10, ..Query::default() };
    assert_eq!(schema.find_committed(&store, "visits", &at("09:00")).await.unwrap().documents, [read]);

    // Its own writes are sealed as well, and its index rows move.
    let mut txn = Txn::new(store.clone());
    let moved = json!({"slot": "11:00", "visitor": {"id": "v"}, "number": 1, "name": "云小龙"});
    schema.put(&mut txn, "visits", "v1", &moved.to_string()).await.unwrap();
    assert_eq!(schema.find(&mut txn, "visits", &at("11:00")).await.unwrap().documents.len(), 1);
    txn.commit().await.unwrap();
    assert!(schema.find_committed(&store, "visits", &at("09:00")).await.unwrap().documents.is_empty());

    // Without the key, or with another one, it says which key is missing and shows nothing.
    let strange = sealed_schema(&Arc::new(Keyring::new(data_key(), vec![])));
    for schema in [schema_of(APP), strange] {
        let refused = schema.get_committed(&store, "visits", "v1").await.unwrap_err();
        assert!(matches!(&refused, DocumentError::Store(StoreError::Sealed(_))), "{refused}");
    }
    // A row that somebody moves to another place does not open there.
    let rows = store.scan(&yunlong_store::Key::space("clinic").text("d").children(), Direction::Ascending, 9).await;
    let mut txn = Txn::new(store.clone());
    txn.put(yunlong_store::Key::space("clinic").text("d").text("visits").text("v9"), rows.unwrap()[0].value.clone());
    txn.commit().await.unwrap();
    assert!(schema.get_committed(&store, "visits", "v9").await.is_err());
}

async fn documents_are_sealed_anew_when_the_seal_or_the_key_is_new(store: SharedStore) {
    for n in 0..250 {
        put(&store, &format!("v{n:03}"), json!({"slot": "09:00", "number": n, "name": "云小龙"})).await.unwrap();
    }
    write(&store, async |schema, txn| schema.put(txn, "notes", "n1", r#"{"text": "公开"}"#).await).await.unwrap();
    let text = DataKey::generate(Algorithm::Sm4Gcm).unwrap();
    let first = || DataKey::from_file(&text).unwrap();
    let before = sealed_schema(&Arc::new(Keyring::new(first(), vec![])));
    assert!(before.seals_no_more_than(&before) && schema().seals_no_more_than(&before));
    assert!(!before.seals_no_more_than(&schema()), "an upgrade has to seal");
    assert_eq!(before.seal_anew(&store).await.unwrap(), 250);
    assert_eq!(before.seal_anew(&store).await.unwrap(), 0, "nothing is left to do");
    assert!(!shows(&lying(&store).await, "云小龙") && shows(&lying(&store).await, "公开"));

    // The release that was left knows no seal, and its documents follow the new key all the same.
    let after = schema().with_keys(Arc::new(Keyring::new(data_key(), vec![first()])));
    assert_eq!(after.seal_anew(&store).await.unwrap(), 250);
    let read = after.get_committed(&store, "visits", "v007").await.unwrap().unwrap();
    assert!(read.body.contains("云小龙"));
    assert!(before.get_committed(&store, "visits", "v007").await.is_err(), "the former key opens nothing any more");
}

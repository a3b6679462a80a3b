//! What every engine does alike.

use crate::{key, value};
use bytes::Bytes;
use std::cell::Cell;
use yunlong_store::{
    Adjust, Append, Batch, CommitError, Direction, Entry, Key, KeyRange, MAX_BATCH_ROWS, MAX_KEY, MAX_VALUE,
    RangeCheck, ReadCheck, Seq, SharedStore, StoreError, Txn, Write, transact, usage_key,
};

crate::on_every_engine![
    a_commit_is_seen_whole_and_versioned,
    a_stale_read_is_a_conflict,
    a_read_of_nothing_conflicts_with_an_insertion,
    a_range_catches_insertions_removals_and_changes,
    a_range_ignores_what_lies_outside,
    scans_walk_both_ways_within_their_limit,
    counters_stay_within_their_bounds,
    adjustments_of_one_counter_do_not_conflict,
    a_refused_batch_changes_nothing,
    appended_rows_stand_in_the_order_of_commits,
    a_batch_that_only_reads_is_validated_and_numbered_as_before,
    limits_are_refused_before_anything_happens,
    long_values_come_back_and_go,
    the_watch_follows_commits,
    a_transaction_sees_its_own_writes,
    what_was_never_there_together_is_told_before_the_commit,
    a_transaction_scans_across_its_own_writes,
    a_limited_scan_conflicts_only_with_what_it_covered,
    transact_repeats_until_it_commits,
    transact_gives_up_when_the_conflict_stays,
    a_refusal_from_a_stale_read_is_tried_again,
    what_json_cannot_express_fails_the_commit,
    a_range_within_a_group_counts_the_group,
    bytes_are_counted_by_space,
    a_space_is_held_to_its_ceiling,
];

async fn put(store: &SharedStore, name: &str, text: &str) -> Seq {
    let batch = Batch { writes: vec![Write::Put(key(name), value(text))], ..Batch::default() };
    store.commit(batch).await.unwrap()
}

async fn delete(store: &SharedStore, name: &str) -> Seq {
    store.commit(Batch { writes: vec![Write::Delete(key(name))], ..Batch::default() }).await.unwrap()
}

fn range(from: &str, to: &str) -> KeyRange {
    KeyRange { start: key(from), end: key(to) }
}

fn adjust(name: &str, delta: i64, min: i64, max: i64) -> Adjust {
    Adjust { key: key(name), delta, min, max }
}

async fn a_commit_is_seen_whole_and_versioned(store: SharedStore) {
    assert_eq!(*store.watch().borrow(), Seq(0));
    let batch = Batch {
        writes: vec![
            Write::Put(key("a"), value("1")),
            Write::Put(key("b"), value("2")),
            Write::Put(key("a"), value("3")),
        ],
        ..Batch::default()
    };
    let seq = store.commit(batch).await.unwrap();
    assert_eq!(seq, Seq(1));
    let a = store.get(&key("a")).await.unwrap().unwrap();
    assert_eq!((a.value, a.version), (value("3"), seq), "the last write of a batch counts");
    assert_eq!(store.get(&key("b")).await.unwrap().unwrap().version, seq);
    assert_eq!(delete(&store, "a").await, Seq(2));
    assert_eq!(store.get(&key("a")).await, Ok(None));
    assert_eq!(delete(&store, "a").await, Seq(3), "removing what is absent is no error");
}

async fn a_stale_read_is_a_conflict(store: SharedStore) {
    let old = put(&store, "a", "1").await;
    put(&store, "a", "2").await;
    let batch = Batch {
        reads: vec![ReadCheck { key: key("a"), version: Some(old) }],
        writes: vec![Write::Put(key("b"), value("x"))],
        ..Batch::default()
    };
    assert_eq!(store.commit(batch).await, Err(CommitError::Conflict));
    assert_eq!(store.get(&key("b")).await, Ok(None));
}

async fn a_read_of_nothing_conflicts_with_an_insertion(store: SharedStore) {
    let absent = || vec![ReadCheck { key: key("a"), version: None }];
    let write = |text: &str| vec![Write::Put(key("a"), value(text))];
    store.commit(Batch { reads: absent(), writes: write("1"), ..Batch::default() }).await.unwrap();
    let again = Batch { reads: absent(), writes: write("2"), ..Batch::default() };
    assert_eq!(store.commit(again).await, Err(CommitError::Conflict));
}

/// A transaction that reads `range` and writes something, to be committed later.
async fn reader(store: &SharedStore, range: &KeyRange, limit: usize) -> Txn {
    let mut txn = Txn::new(store.clone());
    txn.scan(range, Direction::Ascending, limit).await.unwrap();
    txn.put(key("written"), value("x"));
    txn
}

async fn a_range_catches_insertions_removals_and_changes(store: SharedStore) {
    for name in ["b", "d", "f"] {
        put(&store, name, "0").await;
    }
    let all = range("a", "g");
    let txn = reader(&store, &all, 100).await;
    put(&store, "c", "new").await;
    assert_eq!(txn.commit().await, Err(CommitError::Conflict), "an insertion");

    let txn = reader(&store, &all, 100).await;
    delete(&store, "b").await;
    assert_eq!(txn.commit().await, Err(CommitError::Conflict), "a removal");

    let txn = reader(&store, &all, 100).await;
    put(&store, "d", "1").await;
    assert_eq!(txn.commit().await, Err(CommitError::Conflict), "a change");

    let txn = reader(&store, &all, 100).await;
    delete(&store, "c").await;
    put(&store, "c", "new").await;
    assert_eq!(txn.commit().await, Err(CommitError::Conflict), "a removal and an insertion");

    assert!(reader(&store, &all, 100).await.commit().await.is_ok());
}

async fn a_range_ignores_what_lies_outside(store: SharedStore) {
    put(&store, "b", "0").await;
    let txn = reader(&store, &range("b", "d"), 100).await;
    put(&store, "a", "1").await;
    put(&store, "d", "1").await;
    assert!(txn.commit().await.is_ok(), "the start is in a range, the end is not");
}

async fn scans_walk_both_ways_within_their_limit(store: SharedStore) {
    for name in ["a", "b", "c", "d"] {
        put(&store, name, name).await;
    }
    let names = |entries: Vec<Entry>| entries.iter().filter_map(|e| e.key.last_text()).collect::<String>();
    let all = range("a", "z");
    assert_eq!(names(store.scan(&all, Direction::Ascending, 10).await.unwrap()), "abcd");
    assert_eq!(names(store.scan(&all, Direction::Descending, 3).await.unwrap()), "dcb");
    assert_eq!(names(store.scan(&range("b", "d"), Direction::Ascending, 10).await.unwrap()), "bc");
    assert_eq!(names(store.scan(&all, Direction::Ascending, 0).await.unwrap()), "");
    assert_eq!(names(store.scan(&range("z", "a"), Direction::Ascending, 10).await.unwrap()), "");
    assert_eq!(names(store.scan(&all, Direction::Ascending, usize::MAX).await.unwrap()), "abcd");
}

async fn counters_stay_within_their_bounds(store: SharedStore) {
    let commit = |adjusts: Vec<Adjust>| store.commit(Batch { adjusts, ..Batch::default() });
    assert_eq!(store.counter(&key("stock")).await, Ok(0));
    commit(vec![adjust("stock", 10, 0, 10)]).await.unwrap();
    let refused = commit(vec![adjust("stock", -6, 0, 10), adjust("stock", -5, 0, 10)]).await;
    assert_eq!(refused, Err(CommitError::OutOfBounds { adjust: adjust("stock", -5, 0, 10), value: 4 }));
    assert_eq!(store.counter(&key("stock")).await, Ok(10));
    assert!(matches!(commit(vec![adjust("stock", 1, 0, 10)]).await, Err(CommitError::OutOfBounds { value: 10, .. })));
    commit(vec![adjust("stock", i64::MAX - 10, i64::MIN, i64::MAX)]).await.unwrap();
    let overflow = commit(vec![adjust("stock", 1, i64::MIN, i64::MAX)]).await;
    assert!(matches!(overflow, Err(CommitError::OutOfBounds { value: i64::MAX, .. })), "no wrapping");
    commit(vec![adjust("seats", -3, -3, 0)]).await.unwrap();
    let all = Key::space("s").children();
    assert_eq!(store.counters(&all, 10).await, Ok(vec![(key("seats"), -3), (key("stock"), i64::MAX)]));
    assert_eq!(store.counters(&all, 1).await.unwrap().len(), 1);
    assert_eq!(store.get(&key("stock")).await, Ok(None), "counters have a key space of their own");
}

async fn adjustments_of_one_counter_do_not_conflict(store: SharedStore) {
    let (mut one, mut two) = (Txn::new(store.clone()), Txn::new(store.clone()));
    one.adjust(key("n"), 1, 0, 9);
    two.adjust(key("n"), 2, 0, 9);
    assert_eq!(two.counter(&key("n")).await, Ok(2));
    one.commit().await.unwrap();
    assert_eq!(two.counter(&key("n")).await, Ok(3));
    two.commit().await.unwrap();
    assert_eq!(store.counter(&key("n")).await, Ok(3));
}

async fn a_refused_batch_changes_nothing(store: SharedStore) {
    let batch = Batch {
        writes: vec![Write::Put(key("a"), value("1"))],
        adjusts: vec![adjust("good", 1, 0, 1), adjust("bad", 2, 0, 1)],
        appends: vec![Append { prefix: key("log"), value: value("row") }],
        ..Batch::default()
    };
    assert!(store.commit(batch).await.is_err());
    assert_eq!(store.scan(&Key::space("s").children(), Direction::Ascending, 10).await, Ok(vec![]));
    assert_eq!(store.counter(&key("good")).await, Ok(0));
    assert_eq!(*store.watch().borrow(), Seq(0));
}

async fn appended_rows_stand_in_the_order_of_commits(store: SharedStore) {
    for round in 0..300 {
        let mut txn = Txn::new(store.clone());
        txn.append(key("log"), value(format!("{round} first")));
        txn.append(key("log"), value(format!("{round} second")));
        txn.commit().await.unwrap();
    }
    let rows = store.scan(&key("log").children(), Direction::Ascending, 1_000).await.unwrap();
    let texts: Vec<_> = rows.iter().map(|e| String::from_utf8(e.value.to_vec()).unwrap()).collect();
    let expected: Vec<_> = (0..300).flat_map(|n| [format!("{n} first"), format!("{n} second")]).collect();
    assert_eq!(texts, expected);
    assert_eq!(rows[3].key, key("log").u64(rows[3].version.0).u64(1));
}

async fn a_batch_that_only_reads_is_validated_and_numbered_as_before(store: SharedStore) {
    let seq = put(&store, "a", "1").await;
    let reads = |version| Batch { reads: vec![ReadCheck { key: key("a"), version }], ..Batch::default() };
    assert_eq!(store.commit(reads(Some(seq))).await, Ok(seq));
    assert_eq!(store.commit(reads(None)).await, Err(CommitError::Conflict));
    assert_eq!(store.commit(Batch::default()).await, Ok(seq));
}

async fn limits_are_refused_before_anything_happens(store: SharedStore) {
    let too_large = |batch: Batch| {
        let store = store.clone();
        async move { assert!(matches!(store.commit(batch).await, Err(CommitError::TooLarge(_)))) }
    };
    let write = |k: Key, v: Bytes| Batch { writes: vec![Write::Put(k, v)], ..Batch::default() };
    too_large(write(key(&"k".repeat(MAX_KEY)), value(""))).await;
    too_large(write(key("k"), Bytes::from(vec![0; MAX_VALUE + 1]))).await;
    let row = Write::Put(key("k"), value(""));
    too_large(Batch { writes: vec![row; MAX_BATCH_ROWS + 1], ..Batch::default() }).await;
    let append = Append { prefix: key(&"k".repeat(MAX_KEY - 20)), value: value("") };
    too_large(Batch { appends: vec![append], ..Batch::default() }).await;
    let many = (0..17).map(|n| Write::Put(key(&n.to_string()), Bytes::from(vec![0; MAX_VALUE]))).collect();
    too_large(Batch { writes: many, ..Batch::default() }).await;
    let longest = key(&"k".repeat(MAX_KEY - key("").as_bytes().len()));
    assert_eq!(longest.as_bytes().len(), MAX_KEY);
    store.commit(write(longest.clone(), Bytes::from(vec![7; MAX_VALUE]))).await.unwrap();
    assert_eq!(store.get(&longest).await.unwrap().unwrap().value.len(), MAX_VALUE);
}

async fn long_values_come_back_and_go(store: SharedStore) {
    let long = |n: usize| (0..n).map(|i| (i % 251) as u8).collect::<Bytes>();
    for n in [65_535, 65_536, 65_537, 1_000_000, 200_000, 131_072, 10, 70_000] {
        store.commit(Batch { writes: vec![Write::Put(key("long"), long(n))], ..Batch::default() }).await.unwrap();
        assert_eq!(store.get(&key("long")).await.unwrap().unwrap().value, long(n), "{n}");
        let scanned = store.scan(&range("a", "z"), Direction::Descending, 5).await.unwrap();
        assert_eq!((scanned.len(), scanned[0].value.len()), (1, n));
    }
    delete(&store, "long").await;
    assert_eq!(store.get(&key("long")).await, Ok(None));
    assert_eq!(store.scan(&Key::space("s").children(), Direction::Ascending, 5).await, Ok(vec![]));
}

async fn the_watch_follows_commits(store: SharedStore) {
    let mut watch = store.watch();
    let waiting = tokio::spawn(async move {
        watch.wait_for(|seq| *seq >= Seq(3)).await.unwrap();
    });
    for _ in 0..3 {
        let seq = put(&store, "a", "x").await;
        assert!(*store.watch().borrow() >= seq, "who is answered finds the sequence published");
    }
    waiting.await.unwrap();
}

async fn what_was_never_there_together_is_told_before_the_commit(store: SharedStore) {
    let moved = async |from: &str, to: &str| {
        let writes = vec![Write::Delete(key(from)), Write::Put(key(to), value("it"))];
        store.commit(Batch { writes, ..Batch::default() }).await.unwrap();
    };
    moved("nowhere", "here").await;
    for read_there in [true, false] {
        // It is here, then there; or neither there nor here.
        let (first, second) = if read_there { ("here", "there") } else { ("there", "here") };
        let mut txn = Txn::new(store.clone());
        txn.get(&key(first)).await.unwrap();
        assert_eq!(txn.of_one_moment().await, Ok(()));
        moved("here", "there").await;
        assert_eq!(txn.of_one_moment().await, Ok(()), "what was read was so before");
        txn.get(&key(second)).await.unwrap();
        assert_eq!(txn.of_one_moment().await, Err(CommitError::Conflict));
        moved("there", "here").await;
    }
    // What others do elsewhere is nothing to it, and what is old is read with what was read before.
    put(&store, "old", "1").await;
    let mut txn = Txn::new(store.clone());
    txn.get(&key("here")).await.unwrap();
    put(&store, "elsewhere", "2").await;
    txn.get(&key("elsewhere")).await.unwrap();
    assert_eq!(txn.of_one_moment().await, Ok(()));
    moved("here", "there").await;
    txn.get(&key("old")).await.unwrap();
    assert_eq!(txn.of_one_moment().await, Ok(()), "both were there when it began");
    txn.scan(&range("a", "z"), Direction::Ascending, 10).await.unwrap();
    assert_eq!(txn.of_one_moment().await, Err(CommitError::Conflict));
}

async fn a_transaction_sees_its_own_writes(store: SharedStore) {
    put(&store, "a", "old").await;
    let mut txn = Txn::new(store.clone());
    txn.put(key("a"), value("new"));
    txn.put_as(key("json"), &[1, 2]);
    assert_eq!(txn.get(&key("a")).await, Ok(Some(value("new"))));
    assert_eq!(txn.get_as::<Vec<u8>>(&key("json")).await, Ok(Some(vec![1, 2])));
    assert!(matches!(txn.get_as::<String>(&key("json")).await, Err(StoreError::Corrupt(_))));
    txn.delete(key("a"));
    assert_eq!(txn.get(&key("a")).await, Ok(None));
    assert_eq!(txn.len(), 2);
    // Its own writes are no reads: somebody else's change of `a` is overwritten, not a conflict.
    put(&store, "a", "other").await;
    txn.commit().await.unwrap();
    assert_eq!(store.get(&key("a")).await, Ok(None));
}

async fn a_transaction_scans_across_its_own_writes(store: SharedStore) {
    for name in ["b", "d", "f", "h"] {
        put(&store, name, "old").await;
    }
    let mut txn = Txn::new(store.clone());
    for name in ["b", "d"] {
        txn.delete(key(name));
    }
    txn.put(key("a"), value("own"));
    txn.put(key("e"), value("own"));
    txn.put(key("h"), value("own"));
    let mut names = async |dir, limit| {
        let rows = txn.scan(&range("a", "z"), dir, limit).await.unwrap();
        rows.iter().filter_map(|(k, _)| k.last_text()).collect::<String>()
    };
    assert_eq!(names(Direction::Ascending, 10).await, "aefh");
    assert_eq!(names(Direction::Descending, 10).await, "hfea");
    assert_eq!(names(Direction::Ascending, 2).await, "ae");
    assert_eq!(names(Direction::Descending, 3).await, "hfe");
    assert_eq!(names(Direction::Ascending, usize::MAX).await, "aefh");
}

async fn a_limited_scan_conflicts_only_with_what_it_covered(store: SharedStore) {
    for name in ["b", "d", "f"] {
        put(&store, name, "0").await;
    }
    let txn = reader(&store, &range("a", "z"), 2).await;
    put(&store, "e", "behind the limit").await;
    assert!(txn.commit().await.is_ok());
    let txn = reader(&store, &range("a", "z"), 2).await;
    put(&store, "c", "before the limit").await;
    assert_eq!(txn.commit().await, Err(CommitError::Conflict));
    // The other way round.
    let mut txn = Txn::new(store.clone());
    txn.scan(&range("a", "g"), Direction::Descending, 1).await.unwrap();
    txn.put(key("written"), value("x"));
    put(&store, "e", "1").await;
    assert!(txn.commit().await.is_ok());
}

async fn transact_repeats_until_it_commits(store: SharedStore) {
    put(&store, "n", "0").await;
    let mut tasks = Vec::new();
    for _ in 0..8 {
        let store = store.clone();
        tasks.push(tokio::spawn(async move {
            transact!(&store, |txn| {
                let n: u32 = txn.get_as(&key("n")).await?.unwrap_or_default();
                txn.put_as(key("n"), &(n + 1));
                Ok::<_, CommitError>(n)
            })
        }));
    }
    let mut seen = Vec::new();
    for task in tasks {
        seen.push(task.await.unwrap().unwrap());
    }
    seen.sort_unstable();
    assert_eq!(seen, (0..8).collect::<Vec<_>>());
}

async fn transact_gives_up_when_the_conflict_stays(store: SharedStore) {
    let attempts = Cell::new(0);
    let outcome = transact(&store, async |txn| {
        txn.get(&key("a")).await?;
        txn.put(key("b"), value("x"));
        attempts.set(attempts.get() + 1);
        put(&store, "a", "changed").await;
        Ok::<_, CommitError>(())
    })
    .await;
    assert_eq!((outcome, attempts.get()), (Err(CommitError::Conflict), 32));
}

async fn a_refusal_from_a_stale_read_is_tried_again(store: SharedStore) {
    #[derive(Debug, PartialEq)]
    enum Refused {
        SoldOut,
        Store(CommitError),
    }
    impl From<CommitError> for Refused {
        fn from(e: CommitError) -> Self {
            Self::Store(e)
        }
    }
    put(&store, "seats", "0").await;
    let first = Cell::new(true);
    let outcome = transact(&store, async |txn| {
        let seats: u32 = txn.get_as(&key("seats")).await.map_err(CommitError::from)?.unwrap_or_default();
        if first.replace(false) {
            put(&store, "seats", "1").await;
        }
        if seats == 0 { Err(Refused::SoldOut) } else { Ok(seats) }
    })
    .await;
    assert_eq!(outcome, Ok(1));
}

async fn what_json_cannot_express_fails_the_commit(store: SharedStore) {
    let mut txn = Txn::new(store.clone());
    txn.put(key("a"), value("x"));
    txn.put_as(key("b"), &std::collections::BTreeMap::from([((1, 2), 3)]));
    assert!(matches!(txn.commit().await, Err(CommitError::Store(StoreError::Corrupt(_)))));
    assert_eq!(store.get(&key("a")).await, Ok(None));
}

/// Batches that race are gathered into groups; each must see those before it in the group.
async fn a_range_within_a_group_counts_the_group(store: SharedStore) {
    let all = Key::space("s").text("g").children();
    let one_of_many = |n: u64| {
        let (store, range) = (store.clone(), all.clone());
        tokio::spawn(async move {
            let empty = RangeCheck { range, count: 0, newest: Seq(0) };
            let put = Write::Put(Key::space("s").text("g").u64(n), value("x"));
            store.commit(Batch { ranges: vec![empty], writes: vec![put], ..Batch::default() }).await
        })
    };
    let tasks: Vec<_> = (0..64).map(one_of_many).collect();
    let mut won = 0;
    for task in tasks {
        won += usize::from(task.await.unwrap().is_ok());
    }
    assert_eq!((won, store.scan(&all, Direction::Ascending, 100).await.unwrap().len()), (1, 1));
}

/// What the counter should say.
async fn held(store: &SharedStore, space: &str) -> i64 {
    let rows = store.scan(&Key::space(space).children(), Direction::Ascending, usize::MAX).await.unwrap();
    rows.iter().map(|e| i64::try_from(e.key.as_bytes().len() + e.value.len()).unwrap()).sum()
}

async fn bytes_are_counted_by_space(store: SharedStore) {
    let other = Key::space("other").text("x");
    for n in 0..40_usize {
        let mut txn = Txn::new(store.clone());
        txn.put(key("row").u64(n as u64 % 7), value("x".repeat(n * 13)));
        txn.delete(key("row").u64((n as u64 + 3) % 7));
        // Longer than one row of sled.
        txn.put(key("long"), value("y".repeat(60_000 + n * 4_000)));
        txn.append(key("log"), value("appended"));
        txn.put(other.clone(), value("z".repeat(n)));
        txn.adjust(key("count"), 1, 0, 100);
        txn.commit().await.unwrap();
        for space in ["s", "other"] {
            assert_eq!(store.counter(&usage_key(space)).await.unwrap(), held(&store, space).await, "{space}, {n}");
        }
    }
    let mut txn = Txn::new(store.clone());
    txn.delete(other);
    txn.commit().await.unwrap();
    assert_eq!(store.counter(&usage_key("other")).await, Ok(0));
}

async fn a_space_is_held_to_its_ceiling(store: SharedStore) {
    let write = async |name: &str, length: usize, ceiling: u64| {
        let mut txn = Txn::new(store.clone());
        txn.hold_to("s", ceiling);
        txn.put(key(name), value("x".repeat(length)));
        txn.commit().await
    };
    write("a", 1_000, 2_000).await.unwrap();
    let used = held(&store, "s").await;
    let refused = write("b", 1_000, 2_000).await.unwrap_err();
    assert!(
        matches!(&refused, CommitError::OverQuota { space, used: u, limit: 2_000, .. } if space == "s" && *u == used),
        "{refused:?}"
    );
    assert!(refused.to_string().contains("delete what is no longer needed"), "{refused}");
    assert_eq!(held(&store, "s").await, used, "nothing was written");
    // Over a quota that was lowered, what becomes smaller is still taken.
    write("a", 500, 100).await.unwrap();
    assert!(write("a", 501, 100).await.is_err());
    // Many at once: no two of them share what is left.
    let racing: Vec<_> = (0..50)
        .map(|n| {
            let mut txn = Txn::new(store.clone());
            txn.hold_to("s", 3_000);
            txn.put(key("racing").u64(n), value("x".repeat(200)));
            tokio::spawn(txn.commit())
        })
        .collect();
    let mut won = 0;
    for task in racing {
        won += i32::from(task.await.unwrap().is_ok());
    }
    let used = held(&store, "s").await;
    assert!(used <= 3_000 && won >= 5, "{won} of 50 were taken, {used} bytes are used");
}

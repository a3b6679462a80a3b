//! Serializability, by invariants that only hold if transactions might as well have run one by one.

use crate::{key, value};
use std::time::Duration;
use yunlong_store::{Batch, CommitError, Direction, Key, SharedStore, Txn, Write, transact};

crate::on_every_engine![
    numbers_counted_from_a_range_are_never_given_twice,
    transfers_keep_the_total_and_readers_see_it,
    no_write_skew_leaves_nobody_on_call,
    the_last_seats_are_sold_once,
    sixty_four_tasks_commit_without_hanging,
];

async fn join<T>(tasks: Vec<tokio::task::JoinHandle<T>>) -> Vec<T> {
    let mut out = Vec::new();
    for task in tasks {
        // Not a measurement: a hang must fail instead of waiting for ever.
        out.push(tokio::time::timeout(Duration::from_secs(120), task).await.expect("no hang").unwrap());
    }
    out
}

/// As [`transact!`], but patient: under this much contention 32 attempts may not be enough.
macro_rules! patiently {
    ($store:expr, |$txn:ident| $body:block) => {
        loop {
            match transact!($store, |$txn| $body) {
                Err(CommitError::Conflict) => {}
                other => break other.unwrap(),
            }
        }
    };
}

async fn numbers_counted_from_a_range_are_never_given_twice(store: SharedStore) {
    let tickets = key("tickets");
    let task = |who: u64| {
        let (store, tickets) = (store.clone(), tickets.clone());
        tokio::spawn(async move {
            for _ in 0..12 {
                patiently!(&store, |txn| {
                    let n = txn.scan(&tickets.children(), Direction::Ascending, 1_000).await?.len();
                    // A blind write under a name of its own: only the range can tell of the others.
                    txn.put(tickets.clone().u64(who * 1_000 + n as u64), value(n.to_string()));
                    Ok(())
                });
            }
        })
    };
    join((0..6).map(task).collect()).await;
    let rows = store.scan(&tickets.children(), Direction::Ascending, 1_000).await.unwrap();
    let mut numbers: Vec<usize> =
        rows.iter().map(|e| std::str::from_utf8(&e.value).unwrap().parse().unwrap()).collect();
    numbers.sort_unstable();
    assert_eq!(numbers, (0..72).collect::<Vec<_>>());
}

async fn transfers_keep_the_total_and_readers_see_it(store: SharedStore) {
    const ACCOUNTS: u64 = 6;
    let account = |n: u64| key("account").u64(n);
    for n in 0..ACCOUNTS {
        let mut txn = Txn::new(store.clone());
        txn.put_as(account(n), &100);
        txn.commit().await.unwrap();
    }
    let transfer = |seed: u64| {
        let store = store.clone();
        tokio::spawn(async move {
            for i in 0..30 {
                let (from, to) = ((seed + i) % ACCOUNTS, (seed * 3 + i * i + 1) % ACCOUNTS);
                patiently!(&store, |txn| {
                    let a: i64 = txn.get_as(&account(from)).await?.unwrap_or_default();
                    txn.put_as(account(from), &(a - 7));
                    let b: i64 = txn.get_as(&account(to)).await?.unwrap_or_default();
                    txn.put_as(account(to), &(b + 7));
                    Ok(())
                });
            }
        })
    };
    let audit = || {
        let store = store.clone();
        tokio::spawn(async move {
            let mut seen = 0;
            for _ in 0..200 {
                let mut txn = Txn::new(store.clone());
                let rows = txn.scan(&key("account").children(), Direction::Descending, 100).await.unwrap();
                let sum: i64 = rows.iter().map(|(_, v)| serde_json::from_slice::<i64>(v).unwrap()).sum();
                // One scan is one state, validated or not.
                assert_eq!(sum, 600);
                let mut txn = Txn::new(store.clone());
                let mut sum = 0;
                for n in 0..ACCOUNTS {
                    sum += txn.get_as::<i64>(&account(n)).await.unwrap().unwrap_or_default();
                    tokio::task::yield_now().await;
                }
                // Six reads may be of six states, but then they do not validate.
                if txn.commit().await.is_ok() {
                    assert_eq!(sum, 600);
                    seen += 1;
                }
            }
            seen
        })
    };
    let audits: Vec<_> = (0..2).map(|_| audit()).collect();
    join((0..4).map(transfer).collect()).await;
    join(audits).await;
}

async fn no_write_skew_leaves_nobody_on_call(store: SharedStore) {
    for round in 0..40 {
        let doctor = |who: &str| key("on-call").u64(round).text(who);
        store
            .commit(Batch {
                writes: vec![Write::Put(doctor("a"), value("yes")), Write::Put(doctor("b"), value("yes"))],
                ..Batch::default()
            })
            .await
            .unwrap();
        let leave = |who: Key, other: Key| {
            let store = store.clone();
            tokio::spawn(async move {
                patiently!(&store, |txn| {
                    if txn.get(&other).await? == Some(value("yes")) {
                        tokio::task::yield_now().await;
                        txn.put(who.clone(), value("no"));
                    }
                    Ok(())
                });
            })
        };
        join(vec![leave(doctor("a"), doctor("b")), leave(doctor("b"), doctor("a"))]).await;
        let rows = store.scan(&key("on-call").u64(round).children(), Direction::Ascending, 9).await.unwrap();
        assert!(rows.iter().any(|e| e.value == value("yes")));
    }
}

async fn the_last_seats_are_sold_once(store: SharedStore) {
    let mut txn = Txn::new(store.clone());
    txn.adjust(key("seats"), 100, 0, 100);
    txn.commit().await.unwrap();
    let buyer = |n: u64| {
        let store = store.clone();
        tokio::spawn(async move {
            let mut sold = 0;
            for i in 0..10 {
                let mut txn = Txn::new(store.clone());
                txn.adjust(key("seats"), -1, 0, 100);
                txn.put(key("ticket").u64(n).u64(i), value(""));
                match txn.commit().await {
                    Ok(_) => sold += 1,
                    Err(e) => assert!(matches!(e, CommitError::OutOfBounds { value: 0, .. }), "{e}"),
                }
            }
            sold
        })
    };
    let sold: usize = join((0..16).map(buyer).collect()).await.into_iter().sum();
    let tickets = store.scan(&key("ticket").children(), Direction::Ascending, 1_000).await.unwrap().len();
    assert_eq!((sold, tickets, store.counter(&key("seats")).await), (100, 100, Ok(0)));
}

async fn sixty_four_tasks_commit_without_hanging(store: SharedStore) {
    let task = |n: u64| {
        let store = store.clone();
        tokio::spawn(async move {
            let mut last = None;
            for i in 0..25 {
                let write = Write::Put(key("t").u64(n).u64(i), value("x"));
                let seq = store.commit(Batch { writes: vec![write], ..Batch::default() }).await?;
                assert!(last < Some(seq));
                last = Some(seq);
                assert_eq!(store.get(&key("t").u64(n).u64(i)).await?.map(|v| v.version), Some(seq));
            }
            Ok::<_, CommitError>(())
        })
    };
    for outcome in join((0..64).map(task).collect()).await {
        outcome.unwrap();
    }
    let rows = store.scan(&key("t").children(), Direction::Ascending, 10_000).await.unwrap();
    assert_eq!(rows.len(), 64 * 25);
}

//! The check of the ledger: exact, and not confused by payments that go on meanwhile.

#![allow(clippy::unwrap_used, reason = "a helper that panics fails its test")]

mod support;

use async_trait::async_trait;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use support::*;
use yunlong_model::Timestamp;
use yunlong_model::clock::ManualClock;
use yunlong_payments::*;
use yunlong_store::memory::MemoryStore;
use yunlong_store::{
    Batch, CommitError, Direction, Entry as Row, Key, KeyRange, Seq, SharedStore, Store, StoreError, Txn, Versioned,
};

fn line(payee: &str, amount: u64) -> Line {
    Line { payee: payee.into(), amount, description: String::new() }
}

/// One commit of an entry and, unless `counted` says otherwise, of the balances that it moves.
async fn book(store: &SharedStore, payee: &str, amount: u64, counted: bool) {
    let entry = Entry::capture("pi-1", "tickets", "sandbox", &[line(payee, amount)], Timestamp(0)).unwrap();
    let mut txn = Txn::new(store.clone());
    if counted {
        for p in entry.postings() {
            txn.adjust(Key::space("@payments").text("balance").text(&p.account), p.amount, i64::MIN, i64::MAX);
        }
    }
    txn.append_as(Key::space("@payments").text("ledger"), &entry);
    txn.commit().await.unwrap();
}

/// A store in which money arrives whenever the ledger is read: before each page and each look at the
/// balances.
struct Busy {
    inner: SharedStore,
    left: AtomicUsize,
}

impl Busy {
    async fn arrive(&self) {
        if self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |n| n.checked_sub(1)).is_ok() {
            let n = self.left.load(Ordering::Relaxed);
            book(&self.inner, if n.is_multiple_of(3) { A } else { B }, 7, true).await;
            // An account that nobody had before.
            book(&self.inner, &format!("91320300MA{n:08}"), 5, true).await;
        }
    }
}

#[async_trait]
impl Store for Busy {
    async fn get(&self, key: &Key) -> Result<Option<Versioned>, StoreError> {
        self.inner.get(key).await
    }

    async fn scan(&self, range: &KeyRange, direction: Direction, limit: usize) -> Result<Vec<Row>, StoreError> {
        let rows = self.inner.scan(range, direction, limit).await;
        self.arrive().await;
        rows
    }

    async fn counter(&self, key: &Key) -> Result<i64, StoreError> {
        self.inner.counter(key).await
    }

    async fn counters(&self, range: &KeyRange, limit: usize) -> Result<Vec<(Key, i64)>, StoreError> {
        let counters = self.inner.counters(range, limit).await;
        self.arrive().await;
        counters
    }

    async fn commit(&self, batch: Batch) -> Result<Seq, CommitError> {
        self.inner.commit(batch).await
    }

    fn watch(&self) -> tokio::sync::watch::Receiver<Seq> {
        self.inner.watch()
    }
}

fn city(store: SharedStore) -> City {
    City::on(store, ManualClock::new(Timestamp(1_800_000_000_000)), Arc::default())
}

#[tokio::test]
async fn money_that_arrives_during_the_check_is_no_difference() {
    let inner: SharedStore = Arc::new(MemoryStore::new());
    for _ in 0..1_500 {
        book(&inner, A, 1, true).await;
    }
    for left in 0..8 {
        let city = city(Arc::new(Busy { inner: inner.clone(), left: AtomicUsize::new(left) }));
        let report = city.payments.verify_ledger().await.unwrap();
        assert!(report.is_sound(), "{:?}", report.differences);
        assert_eq!(report.balances.values().sum::<i64>(), 0);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_city_that_is_paying_is_sound() {
    let store: SharedStore = Arc::new(MemoryStore::new());
    let paying = tokio::spawn({
        let store = store.clone();
        async move {
            for n in 0..2_000 {
                book(&store, if n % 2 == 0 { A } else { B }, n + 1, true).await;
                tokio::task::yield_now().await;
            }
        }
    });
    let city = city(store);
    while !paying.is_finished() {
        let report = city.payments.verify_ledger().await.unwrap();
        assert!(report.is_sound(), "{:?}", report.differences);
    }
    paying.await.unwrap();
    let report = city.payments.verify_ledger().await.unwrap();
    assert!(report.is_sound());
    assert_eq!((report.entries, report.balances["clearing:sandbox"]), (2_000, 2_001_000));
}

#[tokio::test]
async fn a_balance_that_is_wrong_or_missing_is_found() {
    let store: SharedStore = Arc::new(MemoryStore::new());
    book(&store, A, 60, true).await;
    let city = city(store.clone());
    assert!(city.payments.verify_ledger().await.unwrap().is_sound());

    // Entries whose balance was never written: the account is in no counter.
    book(&store, B, 40, false).await;
    let report = city.payments.verify_ledger().await.unwrap();
    assert_eq!(report.differences[&format!("payee:tickets:{B}")], (0, -40));
    assert_eq!(report.differences["clearing:sandbox"], (60, 100));
    assert!(!report.differences.contains_key(&format!("payee:tickets:{A}")));

    // A balance that no entry explains.
    let mut txn = Txn::new(store);
    txn.adjust(Key::space("@payments").text("balance").text("payee:nobody"), 3, i64::MIN, i64::MAX);
    txn.commit().await.unwrap();
    let report = city.payments.verify_ledger().await.unwrap();
    assert_eq!(report.differences["payee:nobody"], (3, 0));
}

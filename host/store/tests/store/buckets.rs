//! Buckets: keys and bytes, lists that go on where they ended, numbers, swaps.

use std::collections::BTreeSet;
use std::sync::Arc;
use yunlong_model::Manifest;
use yunlong_sealing::{Algorithm, DataKey, Keyring};
use yunlong_store::buckets::{BucketError, Buckets, MAX_BATCH, MAX_KEY, MAX_KEYS, MAX_VALUE};
use yunlong_store::{CommitError, Direction, Key, SharedStore, Txn, transact};

crate::on_every_engine![
    a_value_is_read_replaced_and_deleted,
    only_declared_buckets_exist,
    keys_and_values_have_limits,
    a_list_ends_with_every_key_once,
    any_position_lists_this_bucket_alone,
    numbers_are_counted_within_their_bounds,
    a_swap_replaces_what_was_read_and_nothing_newer,
    values_lie_encrypted_and_follow_a_new_key,
    a_bucket_is_within_the_installations_quota,
];

const APP: &str = r#"
name = "kiosk"
version = "1.0.0"
vendor = "vendor"
title = { zh = "亭", en = "Kiosk" }
description = { zh = "亭", en = "Kiosk" }
[[buckets]]
name = "default"
[[buckets]]
name = ""
"#;

fn with(installation: &str, keys: Arc<Keyring>) -> Buckets {
    Buckets::new(&installation.parse().unwrap(), &Manifest::parse(APP).unwrap(), keys)
}

fn key() -> DataKey {
    DataKey::from_file(&DataKey::generate(Algorithm::Sm4Gcm).unwrap()).unwrap()
}

fn buckets() -> Buckets {
    with("kiosk", Arc::new(Keyring::new(key(), vec![])))
}

async fn put(store: &SharedStore, buckets: &Buckets, bucket: &str, key: &str, value: &[u8]) {
    let mut txn = Txn::new(store.clone());
    buckets.put(&mut txn, bucket, key, value).unwrap();
    txn.commit().await.unwrap();
}

async fn read(store: &SharedStore, buckets: &Buckets, key: &str) -> Option<Vec<u8>> {
    buckets.get(store, "default", key).await.unwrap().map(|v| v.bytes)
}

async fn a_value_is_read_replaced_and_deleted(store: SharedStore) {
    let b = buckets();
    assert_eq!(read(&store, &b, "k").await, None);
    for value in [&b"\0\xffone"[..], b"two", b""] {
        put(&store, &b, "default", "k", value).await;
        assert_eq!(read(&store, &b, "k").await.as_deref(), Some(value));
        assert!(b.exists(&store, "default", "k").await.unwrap());
    }
    assert_eq!(b.get(&store, "", "k").await.unwrap(), None, "another bucket has keys of its own");
    let other = with("other", Arc::new(Keyring::new(key(), vec![])));
    assert_eq!(read(&store, &other, "k").await, None, "another installation, too");
    for _ in 0..2 {
        let mut txn = Txn::new(store.clone());
        b.delete(&mut txn, "default", "k").unwrap();
        txn.commit().await.unwrap();
        assert_eq!(read(&store, &b, "k").await, None);
        assert!(!b.exists(&store, "default", "k").await.unwrap());
        assert_eq!(b.list(&store, "default", None).await.unwrap().keys, [""; 0]);
    }
}

async fn only_declared_buckets_exist(store: SharedStore) {
    let (b, mut txn) = (buckets(), Txn::new(store.clone()));
    let undeclared = |e: BucketError| assert!(matches!(&e, BucketError::Undeclared(n) if n == "others"), "{e}");
    undeclared(b.get(&store, "others", "k").await.unwrap_err());
    undeclared(b.exists(&store, "others", "k").await.unwrap_err());
    undeclared(b.list(&store, "others", None).await.unwrap_err());
    undeclared(b.get_many(&store, "others", &["k".into()]).await.unwrap_err());
    undeclared(b.put(&mut txn, "others", "k", b"").unwrap_err());
    undeclared(b.put_many(&mut txn, "others", &[]).unwrap_err());
    undeclared(b.delete(&mut txn, "others", "k").unwrap_err());
    undeclared(b.delete_many(&mut txn, "others", &[]).unwrap_err());
    undeclared(b.increment(&mut txn, "others", "k", 1, 0..=9).await.unwrap_err());
    undeclared(b.swap(&mut txn, "others", "k", None, b"").await.unwrap_err());
    assert!(txn.is_empty());
}

async fn keys_and_values_have_limits(store: SharedStore) {
    let b = buckets();
    // The longest key, each byte of which is escaped, and the largest value really fit.
    let longest = "\0".repeat(MAX_KEY);
    put(&store, &b, "default", &longest, &vec![7; MAX_VALUE]).await;
    assert_eq!(read(&store, &b, &longest).await.map(|v| v.len()), Some(MAX_VALUE));
    let mut txn = Txn::new(store.clone());
    for key in [String::new(), "k".repeat(MAX_KEY + 1)] {
        assert!(matches!(b.put(&mut txn, "default", &key, b"v"), Err(BucketError::Invalid(_))));
        assert!(matches!(b.delete(&mut txn, "default", &key), Err(BucketError::Invalid(_))));
        assert!(matches!(b.get(&store, "default", &key).await, Err(BucketError::Invalid(_))));
        assert!(matches!(b.exists(&store, "default", &key).await, Err(BucketError::Invalid(_))));
    }
    let large = |e: Result<(), BucketError>| assert!(matches!(e, Err(BucketError::TooLarge(_))), "{e:?}");
    large(b.put(&mut txn, "default", "k", &vec![0; MAX_VALUE + 1]));
    let many: Vec<String> = (0..=MAX_KEYS).map(|n| n.to_string()).collect();
    large(b.delete_many(&mut txn, "default", &many));
    large(b.get_many(&store, "default", &many).await.map(drop));
    large(b.put_many(&mut txn, "default", &many.iter().map(|k| (k.clone(), vec![])).collect::<Vec<_>>()));
    let heavy: Vec<_> = (0..=MAX_BATCH / MAX_VALUE).map(|n| (n.to_string(), vec![0; MAX_VALUE])).collect();
    large(b.put_many(&mut txn, "default", &heavy));
    assert!(txn.is_empty(), "what is refused stages nothing");
    // What is there is not read into memory without bound, either.
    let names: Vec<String> = heavy.iter().map(|(k, _)| k.clone()).collect();
    for (name, value) in &heavy {
        put(&store, &b, "default", name, value).await;
    }
    large(b.get_many(&store, "default", &names).await.map(drop));
    assert_eq!(b.get_many(&store, "default", &names[..2]).await.unwrap().len(), 2);
}

async fn a_list_ends_with_every_key_once(store: SharedStore) {
    let b = buckets();
    let wanted: BTreeSet<String> = (0..MAX_KEYS * 2 + 100).map(|n| format!("key-{n}")).collect();
    for part in wanted.iter().cloned().collect::<Vec<_>>().chunks(MAX_KEYS) {
        let mut txn = Txn::new(store.clone());
        b.put_many(&mut txn, "default", &part.iter().map(|k| (k.clone(), vec![])).collect::<Vec<_>>()).unwrap();
        txn.commit().await.unwrap();
    }
    let (mut found, mut after, mut pages) = (Vec::new(), None, 0);
    loop {
        let page = b.list(&store, "default", after).await.unwrap();
        found.extend(page.keys);
        pages += 1;
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!((found.len(), pages), (wanted.len(), 3));
    assert_eq!(found.into_iter().collect::<BTreeSet<_>>(), wanted);
}

async fn any_position_lists_this_bucket_alone(store: SharedStore) {
    let b = buckets();
    put(&store, &b, "default", "mine", b"").await;
    put(&store, &b, "", "other", b"").await;
    let foreign = with("lake", Arc::new(Keyring::new(key(), vec![])));
    put(&store, &foreign, "default", "foreign", b"").await;
    for after in [None, Some(0), Some(1 << 63), Some(u64::MAX - 1), Some(u64::MAX)] {
        let keys = b.list(&store, "default", after).await.unwrap().keys;
        assert!(keys.iter().all(|k| k == "mine"), "{after:?}: {keys:?}");
    }
}

async fn numbers_are_counted_within_their_bounds(store: SharedStore) {
    let b = buckets();
    let add = async |key: &'static str, delta: i128, max: i128| {
        transact(&store, async |txn| b.increment(txn, "default", key, delta, 0..=max).await).await
    };
    assert_eq!(add("n", 5, 9).await, Ok(5));
    assert_eq!(read(&store, &b, "n").await.as_deref(), Some(&b"5"[..]), "a number is decimal text to whoever reads it");
    assert!(matches!(add("n", 5, 9).await, Err(BucketError::Invalid(_))));
    assert_eq!(add("n", -5, 9).await, Ok(0));
    assert!(matches!(add("n", -1, 9).await, Err(BucketError::Invalid(_))));
    assert!(matches!(add("n", i128::MAX, 9).await, Err(BucketError::Invalid(_))));
    for strange in [&b"ten"[..], b"\xff", b"99"] {
        put(&store, &b, "default", "s", strange).await;
        assert!(matches!(add("s", 0, 9).await, Err(BucketError::Invalid(_))), "{strange:?}");
        assert_eq!(read(&store, &b, "s").await.as_deref(), Some(strange));
    }
    // Who count at once lose nothing.
    let count = (0..20).map(|_| {
        let (store, b) = (store.clone(), b.clone());
        tokio::spawn(async move {
            let mut retry = yunlong_store::retry::Retry::default();
            loop {
                let mut txn = Txn::new(store.clone());
                b.increment(&mut txn, "default", "visits", 1, 0..=1000).await.unwrap();
                if retry.commit(txn).await.unwrap() {
                    break;
                }
            }
        })
    });
    for one in count.collect::<Vec<_>>() {
        one.await.unwrap();
    }
    assert_eq!(add("visits", 0, 1000).await, Ok(20));
}

async fn a_swap_replaces_what_was_read_and_nothing_newer(store: SharedStore) {
    let b = buckets();
    let version = async || b.get(&store, "default", "k").await.unwrap().map(|v| v.version);
    let mut txn = Txn::new(store.clone());
    assert!(b.swap(&mut txn, "default", "k", None, b"one").await.unwrap());
    txn.commit().await.unwrap();
    let first = version().await;
    let mut txn = Txn::new(store.clone());
    assert!(!b.swap(&mut txn, "default", "k", None, b"lost").await.unwrap(), "it is there now");
    assert!(txn.is_empty());
    // Somebody writes between the check and the commit.
    let mut late = Txn::new(store.clone());
    assert!(b.swap(&mut late, "default", "k", first, b"late").await.unwrap());
    put(&store, &b, "default", "k", b"two").await;
    assert_eq!(late.commit().await, Err(CommitError::Conflict));
    // The same bytes again are another value.
    put(&store, &b, "default", "k", b"one").await;
    let mut txn = Txn::new(store.clone());
    assert!(!b.swap(&mut txn, "default", "k", first, b"lost").await.unwrap());
    assert_eq!(read(&store, &b, "k").await.as_deref(), Some(&b"one"[..]));
}

async fn values_lie_encrypted_and_follow_a_new_key(store: SharedStore) {
    let text = DataKey::generate(Algorithm::Sm4Gcm).unwrap();
    let first = || DataKey::from_file(&text).unwrap();
    let before = with("kiosk", Arc::new(Keyring::new(first(), vec![])));
    for n in 0..150 {
        put(&store, &before, "default", &format!("k{n}"), "云小龙".as_bytes()).await;
    }
    let rows = store.scan(&Key::space("kiosk").children(), Direction::Ascending, 1_000).await.unwrap();
    let secret = "云小龙".as_bytes();
    assert!(rows.iter().all(|r| !r.value.windows(secret.len()).any(|w| w == secret)));
    assert!(buckets().get(&store, "default", "k1").await.is_err(), "another key opens nothing");

    let after = with("kiosk", Arc::new(Keyring::new(key(), vec![first()])));
    assert_eq!(after.seal_anew(&store).await.unwrap(), 150);
    assert_eq!(after.seal_anew(&store).await.unwrap(), 0, "nothing is left to do");
    assert_eq!(read(&store, &after, "k7").await.as_deref(), Some(secret));
    assert!(before.get(&store, "default", "k7").await.is_err(), "the former key opens nothing any more");
}

async fn a_bucket_is_within_the_installations_quota(store: SharedStore) {
    let b = buckets();
    let write = async |bytes: usize| {
        let mut txn = Txn::new(store.clone());
        txn.hold_to("kiosk", 10_000);
        b.put(&mut txn, "default", "k", &vec![0; bytes]).unwrap();
        txn.commit().await.map_err(BucketError::from)
    };
    write(8_000).await.unwrap();
    assert!(matches!(write(12_000).await, Err(BucketError::OverQuota(_))));
    write(9_000).await.unwrap();
}

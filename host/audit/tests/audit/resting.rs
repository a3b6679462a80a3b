//! Entries that rest on something: they are written while that stands, and not afterwards.

use super::*;
use yunlong_audit::AuditError;
use yunlong_store::ReadCheck;

async fn put(store: &SharedStore, key: &Key, value: &'static [u8]) -> ReadCheck {
    let mut txn = Txn::new(store.clone());
    txn.put(key.clone(), value.into());
    let version = txn.commit().await.unwrap();
    ReadCheck { key: key.clone(), version: Some(version) }
}

#[tokio::test]
async fn what_rests_on_a_changed_row_is_not_written_and_nobody_else_is_kept_from_writing() {
    let city = City::new().await;
    let grant = |n: u8| Key::space("@hub").text("grant").text(&n.to_string());
    let (first, second) = (put(&city.store, &grant(1), b"stands").await, put(&city.store, &grant(2), b"stands").await);
    city.audit.record_checked(vec![read(1, "before")], std::slice::from_ref(&first)).await.unwrap();
    put(&city.store, &grant(1), b"revoked").await;
    // Callers whose rows share a commit: those of the revoked grant are refused, the others are not.
    let callers = (0..60_u32).map(|n| {
        let (audit, row) = (city.audit.clone(), if n % 3 == 0 { first.clone() } else { second.clone() });
        tokio::spawn(async move { audit.record_checked(vec![read(n, "after")], &[row]).await })
    });
    let callers: Vec<_> = callers.collect();
    for (n, caller) in callers.into_iter().enumerate() {
        let done = caller.await.unwrap();
        if n % 3 == 0 {
            assert_eq!(done, Err(AuditError::Moved), "{n}");
        } else {
            assert_eq!(done, Ok(()), "{n}");
        }
    }
    city.audit.sequence_once().await.unwrap();
    assert_eq!(city.verified().await.unwrap().leaves, 41);
    // A row that is gone, and one that was not there, are other than they were as well.
    let mut txn = Txn::new(city.store.clone());
    txn.delete(grant(2));
    txn.commit().await.unwrap();
    assert_eq!(city.audit.record_checked(vec![read(1, "x")], &[second]).await, Err(AuditError::Moved));
    let absent = ReadCheck { key: grant(3), version: None };
    assert_eq!(city.audit.record_checked(vec![read(1, "x")], std::slice::from_ref(&absent)).await, Ok(()));
    put(&city.store, &grant(3), b"new").await;
    assert!(city.store.get(&grant(3)).await.unwrap().is_some());
    assert_eq!(city.audit.record_checked(vec![read(1, "x")], &[absent]).await, Err(AuditError::Moved));
}

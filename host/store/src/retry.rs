//! [`transact!`](crate::transact!): [`transact`](crate::txn::transact) without a closure.
//!
//! The compiler cannot yet show that the future of an async closure over a borrowed transaction is
//! `Send` for every lifetime (rust-lang/rust#110338), so a future that holds one cannot be spawned
//! nor served. The macro writes the loop out instead.

use crate::{CommitError, Txn};
use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

/// How often a transaction is tried.
const ATTEMPTS: u32 = 32;

/// Counts the attempts of one transaction.
#[derive(Debug, Default)]
pub struct Retry(u32);

impl Retry {
    /// Commits; `false` after a conflict, when it is time to run the transaction again.
    ///
    /// # Errors
    /// The commit's error; [`CommitError::Conflict`] when every attempt met one.
    pub async fn commit(&mut self, txn: Txn) -> Result<bool, CommitError> {
        match txn.commit().await {
            Ok(_) => Ok(true),
            Err(CommitError::Conflict) if self.again().await => Ok(false),
            Err(e) => Err(e),
        }
    }

    /// After the transaction refused: whether that rests on a read that has changed meanwhile, so
    /// that it is time to run it again.
    pub async fn is_stale(&mut self, txn: &Txn) -> bool {
        txn.validate().await == Err(CommitError::Conflict) && self.again().await
    }

    /// Pauses before the next attempt, if there is one.
    async fn again(&mut self) -> bool {
        let another = self.0 + 1 < ATTEMPTS;
        if another {
            tokio::time::sleep(pause(self.0)).await;
            self.0 += 1;
        }
        another
    }
}

/// Half to all of 1 ms, 2 ms, 4 ms … 64 ms: those who collided must not meet again.
fn pause(attempt: u32) -> Duration {
    let ceiling = 1_000 << attempt.min(6);
    // Each RandomState has its own keys: enough randomness to spread, without a generator.
    let jitter = RandomState::new().hash_one(attempt) % (ceiling / 2);
    Duration::from_micros(ceiling / 2 + jitter)
}

/// Runs a block until its commit succeeds: a conflict runs it again, up to 32 times with growing,
/// jittered pauses. In the block, `txn` is a `&mut Txn`, and `?` and `return` leave the block. When
/// it refuses (answers `Err`), nothing is written, and the refusal counts only if what it read still
/// holds. It must have no effects but those on the transaction. Answers a `Result` of the block's type.
///
/// ```
/// # async fn f(store: yunlong_store::SharedStore) -> Result<(), yunlong_store::CommitError> {
/// use yunlong_store::{CommitError, Key, transact};
///
/// let before = transact!(&store, |txn| {
///     let key = Key::space("@example").text("visits");
///     let visits: u64 = txn.get_as(&key).await?.unwrap_or(0);
///     txn.put_as(key, &(visits + 1));
///     Ok::<_, CommitError>(visits)
/// })?;
/// # let _: u64 = before; Ok(())
/// # }
/// ```
#[macro_export]
macro_rules! transact {
    ($store:expr, |$txn:ident| $body:block) => {{
        let store: &$crate::SharedStore = $store;
        let mut retry = $crate::retry::Retry::default();
        loop {
            let mut transaction = $crate::Txn::new(store.clone());
            let answer = async {
                let $txn: &mut $crate::Txn = &mut transaction;
                $body
            }
            .await;
            match answer {
                Err(e) => {
                    if !retry.is_stale(&transaction).await {
                        break Err(e);
                    }
                }
                Ok(answer) => match retry.commit(transaction).await {
                    Ok(true) => break Ok(answer),
                    Ok(false) => {}
                    Err(e) => break Err(::core::convert::From::from(e)),
                },
            }
        }
    }};
}

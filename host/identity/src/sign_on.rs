//! Sign-on: a session at one origin leads to a session at another by a one-time code, since
//! cookies stay where they are.

use crate::error::{CodeError, IdentityError};
use crate::secret::{Token, TokenHash};
use crate::sessions::{Start, millis};
use crate::types::{Account, NewSession, Session, SessionOrigin};
use crate::{Identity, accounts, detached, keys};
use serde::{Deserialize, Serialize};
use yunlong_model::Timestamp;
use yunlong_store::Txn;
use yunlong_store::transact;

/// What is stored of a code.
#[derive(Serialize, Deserialize)]
struct Record {
    parent: TokenHash,
    to: SessionOrigin,
    expires_at: Timestamp,
}

enum Outcome {
    In(NewSession),
    Invalid,
    Ended,
}

impl Identity {
    /// Issues a code that leads from this session to one at the origin `to`: good once, for
    /// [`crate::IdentityConfig::code_lifetime`].
    ///
    /// # Errors
    /// [`CodeError::SessionEnded`] when the session is over.
    pub async fn issue_code(&self, session: &Session, to: SessionOrigin) -> Result<Token, CodeError> {
        let code = accounts::random_token()?;
        let hash =
            TokenHash::of(code.as_str()).ok_or_else(|| IdentityError::Crypto("a code of the wrong shape".into()))?;
        let expires_at = self.inner.now().plus_millis(millis(self.inner.config.code_lifetime));
        let record = Record { parent: session.id.clone(), to, expires_at };
        transact!(&self.inner.store, |txn| {
            if self.inner.alive(txn, &session.id).await?.is_none() {
                return Err(CodeError::SessionEnded);
            }
            txn.put_as(keys::code(&hash), &record);
            txn.put_as(keys::expiry(expires_at, "code", &hash), &[keys::code(&hash)]);
            Ok(())
        })?;
        Ok(code)
    }

    /// Redeems a code at the origin `at` for a session there. A code that is presented at another
    /// origin than its own has leaked: it is used up as well.
    ///
    /// # Errors
    /// [`CodeError::Invalid`] for a code that is unknown, used, expired or for another origin;
    /// [`CodeError::SessionEnded`] when the session behind it is over.
    pub async fn redeem_code(&self, code: &str, at: SessionOrigin) -> Result<NewSession, CodeError> {
        let hash = TokenHash::of(code).ok_or(CodeError::Invalid)?;
        let me = self.clone();
        let outcome = detached(async move { transact!(&me.inner.store, |txn| { me.redeem(txn, &hash, &at).await }) });
        match outcome.await? {
            Outcome::In(session) => Ok(session),
            Outcome::Invalid => Err(CodeError::Invalid),
            Outcome::Ended => Err(CodeError::SessionEnded),
        }
    }

    /// The code is read and deleted in one transaction: of two that race, one conflicts, runs
    /// again and finds nothing.
    async fn redeem(&self, txn: &mut Txn, hash: &TokenHash, at: &SessionOrigin) -> Result<Outcome, CodeError> {
        let key = keys::code(hash);
        let Some(record) = txn.get_as::<Record>(&key).await? else { return Ok(Outcome::Invalid) };
        txn.delete(key);
        txn.delete(keys::expiry(record.expires_at, "code", hash));
        if self.inner.now() >= record.expires_at || record.to != *at {
            return Ok(Outcome::Invalid);
        }
        let Some(parent) = self.inner.alive(txn, &record.parent).await? else { return Ok(Outcome::Ended) };
        let account: Option<Account> = txn.get_as(&keys::account(&parent.account)).await?;
        let Some(account) = account.filter(|a| !a.disabled && a.generation == parent.generation) else {
            return Ok(Outcome::Ended);
        };
        let start = Start::below(&account, at, &record.parent, &parent);
        Ok(Outcome::In(self.inner.start(txn, &start)?))
    }
}

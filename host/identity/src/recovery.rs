//! How somebody comes back to an account: by a one-time code that an administrator gives them in
//! person. There are no security questions: their answers are known to too many.
//!
//! A new account begins the same way, so that no administrator ever knows a password.

use crate::accounts::check_password;
use crate::attempts::Place;
use crate::error::{CodeError, IdentityError};
use crate::secret::{Code, Password};
use crate::types::{Account, NewPerson, ResetCode};
use crate::{Identity, detached, keys};
use serde::{Deserialize, Serialize};
use yunlong_model::Timestamp;
use yunlong_store::{Txn, transact};

/// A reset is redeemed at the same counter, or on the way home.
const RESET_MILLIS: i64 = 24 * 3600 * 1000;
/// A new account may be opened before somebody's first day.
const OPENING_MILLIS: i64 = 7 * 24 * 3600 * 1000;

/// What is stored of a reset.
#[derive(Serialize, Deserialize)]
struct Record {
    account: String,
    expires_at: Timestamp,
    /// Whether it also takes the second factors away: they are lost.
    clears_second_factor: bool,
}

enum Outcome {
    Done(String),
    Invalid,
}

impl Identity {
    /// Opens an account without a password and answers the code with which its owner sets one.
    ///
    /// # Errors
    /// As [`Identity::create_account`].
    pub async fn open_account(&self, new: NewPerson, by: &str) -> Result<ResetCode, IdentityError> {
        let ready = self.check_person(new).await?;
        let (code, expires_at) = (Code::random(4)?, self.inner.now().plus_millis(OPENING_MILLIS));
        transact!(&self.inner.store, |txn| {
            if txn.get(&keys::account(&ready.account.name)).await?.is_some() {
                return Err(IdentityError::NameTaken(ready.account.name.clone()));
            }
            self.stage(txn, &ready, by).await?;
            self.stage_reset(txn, &code, &ready.account.name, expires_at, false).await
        })?;
        Ok(ResetCode { code, expires_at })
    }

    /// Issues a one-time code with which the owner of an account sets a new password; the one before
    /// it is void. With `clears_second_factor` it also takes away the second factors, for somebody
    /// who lost them. Nothing changes until the code is redeemed.
    ///
    /// # Errors
    /// [`IdentityError::NoSuchAccount`].
    pub async fn issue_reset(
        &self,
        account: &str,
        clears_second_factor: bool,
        by: &str,
    ) -> Result<ResetCode, IdentityError> {
        let (code, expires_at) = (Code::random(4)?, self.inner.now().plus_millis(RESET_MILLIS));
        transact!(&self.inner.store, |txn| {
            if txn.get(&keys::account(account)).await?.is_none() {
                return Err(IdentityError::NoSuchAccount(account.to_owned()));
            }
            let detail = if clears_second_factor { "password and second factor" } else { "password" };
            self.inner.audit_of(account, txn, by, "account.reset-issued", account, detail).await?;
            self.stage_reset(txn, &code, account, expires_at, clears_second_factor).await
        })?;
        Ok(ResetCode { code, expires_at })
    }

    /// Sets a new password with a code; ends a lock, all sessions and every link to an outside provider:
    /// nobody who came in before comes in after. Answers the account's name.
    ///
    /// # Errors
    /// [`CodeError::Invalid`] for a code that is unknown, used, expired, or of an account that is
    /// disabled; [`CodeError::Identity`] names a password that is refused, and then the code is
    /// still good.
    pub async fn redeem_reset(&self, code: &str, password: Password) -> Result<String, CodeError> {
        let tag = Code::tag(&self.inner.secrets, "reset", code);
        let key = keys::reset(&tag);
        // Looked at before the work of hashing, which is not for strangers to order.
        let found: Option<Record> = Txn::new(self.inner.store.clone()).get_as(&key).await?;
        let record = found.filter(|r| self.inner.now() < r.expires_at).ok_or(CodeError::Invalid)?;
        check_password(&record.account, &password)?;
        let hash = self.inner.gate.enter_patiently().await?.hash(password).await?;
        let me = self.clone();
        let outcome = detached(async move {
            let outcome = transact!(&me.inner.store, |txn| { me.redeem_reset_in(txn, &tag, &hash).await });
            me.inner.people.invalidate(&record.account);
            outcome
        });
        match outcome.await? {
            Outcome::Done(account) => Ok(account),
            Outcome::Invalid => Err(CodeError::Invalid),
        }
    }

    async fn redeem_reset_in(&self, txn: &mut Txn, tag: &str, hash: &String) -> Result<Outcome, CodeError> {
        let key = keys::reset(tag);
        let Some(record) = txn.get_as::<Record>(&key).await? else { return Ok(Outcome::Invalid) };
        let name = &record.account;
        let Some(mut account) = txn.get_as::<Account>(&keys::account(name)).await? else {
            return Ok(Outcome::Invalid);
        };
        if self.inner.now() >= record.expires_at || account.disabled {
            return Ok(Outcome::Invalid);
        }
        txn.delete(key);
        txn.delete(keys::reset_of(name));
        if record.clears_second_factor {
            txn.delete(keys::factors(name));
            account.second_factor = false;
        }
        // Whoever had the account meanwhile may have linked an outside sign-in of their own.
        self.stage_unlink_all(txn, name).await?;
        account.generation += 1;
        txn.put_as(keys::account(name), &account);
        txn.put_as(keys::password(name), hash);
        Place::of_name(&self.inner.secrets, name).forgive(txn).await?;
        self.inner.audit_of(name, txn, name, "account.reset-redeemed", name, "").await?;
        Ok(Outcome::Done(name.clone()))
    }

    async fn stage_reset(
        &self,
        txn: &mut Txn,
        code: &Code,
        account: &str,
        expires_at: Timestamp,
        clears_second_factor: bool,
    ) -> Result<(), IdentityError> {
        if let Some(before) = txn.get_as::<String>(&keys::reset_of(account)).await? {
            txn.delete(keys::reset(&before));
        }
        let tag = Code::tag(&self.inner.secrets, "reset", code.as_str());
        let record = Record { account: account.to_owned(), expires_at, clears_second_factor };
        txn.put_as(keys::reset(&tag), &record);
        txn.put_as(keys::reset_of(account), &tag);
        Ok(())
    }
}

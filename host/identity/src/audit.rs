//! Who did what to whom, told to the audit in the transaction of what it is about: entries of the book
//! of people, sealed for the person whom they are about.

use crate::error::IdentityError;
use crate::{Identity, Inner};
use yunlong_audit::{Act, AuditError, AuditFilter, AuditPage, AuditRow, Book};
use yunlong_store::{Txn, transact};

impl Identity {
    /// The newest rows, newest first: sign-ins, accounts, consents, roles.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn audit(&self, limit: usize) -> Result<Vec<AuditRow>, IdentityError> {
        Ok(self.audit_page(None, limit, &AuditFilter::default()).await?.rows)
    }

    /// At most `limit` rows that fit, older than `before`; without what was erased or has expired. A page
    /// may be short and still have a next one, when much was looked at.
    ///
    /// # Errors
    /// [`IdentityError::Invalid`] for a `before` that this did not give; when the store fails.
    pub async fn audit_page(
        &self,
        before: Option<&str>,
        limit: usize,
        filter: &AuditFilter,
    ) -> Result<AuditPage, IdentityError> {
        match self.inner.audit.leaf_through(Book::People, before, limit, filter).await {
            Err(AuditError::Invalid(_)) => {
                Err(IdentityError::invalid("before", "请从首页重新查询", "begin at the first page"))
            }
            page => Ok(page?),
        }
    }

    /// Writes down what was done outside of this service: to vendors' keys, for instance.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn record(&self, actor: &str, action: &str, target: &str, detail: &str) -> Result<(), IdentityError> {
        transact!(&self.inner.store, |txn| { self.inner.audit_about(None, txn, actor, action, target, detail).await })
    }
}

/// What is to be told when a change is complete.
#[derive(Default)]
pub(crate) struct Told(Vec<[String; 5]>);

impl Told {
    /// An act that is about the person of an account.
    pub(crate) fn of(&mut self, account: &str, actor: &str, action: &str, target: &str, detail: String) {
        self.0.push([account.into(), actor.into(), action.into(), target.into(), detail]);
    }
}

impl Inner {
    /// Tells an act that is about the person of an account.
    pub(crate) async fn audit_of(
        &self,
        account: &str,
        txn: &mut Txn,
        actor: &str,
        action: &str,
        target: &str,
        detail: &str,
    ) -> Result<(), IdentityError> {
        self.audit_about(Some(account), txn, actor, action, target, detail).await
    }

    /// Tells an act that is about the person of an account, or about nobody.
    pub(crate) async fn audit_about(
        &self,
        account: Option<&str>,
        txn: &mut Txn,
        actor: &str,
        action: &str,
        target: &str,
        detail: &str,
    ) -> Result<(), IdentityError> {
        // By the account, not by its resident ID: an erasure covers both.
        let about = account.map(|account| self.person_by_account(account));
        let act = Act { actor, action, target, detail, about: about.as_ref() };
        Ok(self.audit.tell(Book::People, txn, act).await?)
    }

    /// Tells everything that a change has to tell.
    pub(crate) async fn audit_all(&self, txn: &mut Txn, told: Told) -> Result<(), IdentityError> {
        for [account, actor, action, target, detail] in &told.0 {
            self.audit_of(account, txn, actor, action, target, detail).await?;
        }
        Ok(())
    }
}

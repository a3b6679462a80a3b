//! The audit trail: who did what, in the order of the commits. Rows are written in the transaction
//! of what they tell, and never changed.

use crate::error::IdentityError;
use crate::{Identity, Inner, keys};
use yunlong_store::Txn;
use yunlong_store::trail::{self, AuditFilter, AuditPage, AuditRow};

/// Where the trail's rows stand in the store: the audit log makes leaves of them.
#[must_use]
pub fn audit_trail() -> yunlong_store::Key {
    keys::audit()
}

impl Identity {
    /// The newest rows of the audit trail, newest first: sign-ins, accounts, consents, roles.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn audit(&self, limit: usize) -> Result<Vec<AuditRow>, IdentityError> {
        Ok(self.audit_page(None, limit, &AuditFilter::default()).await?.rows)
    }

    /// At most `limit` rows that fit, older than `before`. A page may be short and still have a
    /// next one, when much was looked at.
    ///
    /// # Errors
    /// [`IdentityError::Invalid`] for a `before` that this did not give; when the store fails.
    pub async fn audit_page(
        &self,
        before: Option<&str>,
        limit: usize,
        filter: &AuditFilter,
    ) -> Result<AuditPage, IdentityError> {
        let page = trail::page(&self.inner.store, &keys::audit(), before, limit, filter).await?;
        page.ok_or_else(|| IdentityError::invalid("before", "请从首页重新查询", "begin at the first page"))
    }

    /// Writes down what was done outside of this service: to vendors' keys, for instance.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn record(&self, actor: &str, action: &str, target: &str, detail: &str) -> Result<(), IdentityError> {
        let mut txn = Txn::new(self.inner.store.clone());
        self.inner.audit(&mut txn, actor, action, target, detail);
        txn.commit().await?;
        Ok(())
    }
}

impl Inner {
    pub(crate) fn audit(&self, txn: &mut Txn, actor: &str, action: &str, target: &str, detail: &str) {
        let row = AuditRow {
            at: self.now(),
            actor: actor.into(),
            action: action.into(),
            target: target.into(),
            detail: detail.into(),
        };
        txn.append_as(keys::audit(), &row);
    }
}

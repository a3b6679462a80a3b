//! The audit trail: who did what, in the order of the commits. Rows are written in the transaction
//! of what they tell, and never changed.

use crate::error::IdentityError;
use crate::types::AuditRow;
use crate::{Identity, Inner, keys};
use data_encoding::HEXLOWER;
use yunlong_store::txn::from_json;
use yunlong_store::{Direction, Key, Txn};

/// What somebody looks for. Empty fields fit every row.
#[derive(Clone, Debug, Default)]
pub struct AuditFilter {
    /// The account that acted.
    pub actor: String,
    /// The beginning of the action, such as `role.`.
    pub action: String,
    /// To what or whom.
    pub target: String,
}

impl AuditFilter {
    fn fits(&self, row: &AuditRow) -> bool {
        (self.actor.is_empty() || row.actor == self.actor)
            && row.action.starts_with(&self.action)
            && (self.target.is_empty() || row.target == self.target)
    }
}

/// Some rows, the newest first, and where to go on.
#[derive(Clone, Debug, Default)]
pub struct AuditPage {
    /// The rows.
    pub rows: Vec<AuditRow>,
    /// What to give as `before` for older ones; `None` at the end.
    pub next: Option<String>,
}

/// Rows that one page looks at: a filter that fits nothing must not read the whole trail.
const SCANNED: usize = 20_000;
const STEP: usize = 500;

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
        let mut range = keys::audit().children();
        if let Some(before) = before {
            let end = HEXLOWER.decode(before.as_bytes()).map(Key::from_bytes).ok().filter(|k| range.contains(k));
            range.end =
                end.ok_or_else(|| IdentityError::invalid("before", "请从首页重新查询", "begin at the first page"))?;
        }
        let mut page = AuditPage::default();
        let mut scanned = 0;
        while page.rows.len() < limit {
            let rows = self.inner.store.scan(&range, Direction::Descending, STEP.min(limit.max(50))).await?;
            let Some(last) = rows.last().map(|r| r.key.clone()) else {
                page.next = None;
                break;
            };
            for row in &rows {
                let read: AuditRow = from_json(&row.key, &row.value)?;
                page.next = Some(HEXLOWER.encode(row.key.as_bytes()));
                if filter.fits(&read) {
                    page.rows.push(read);
                    if page.rows.len() == limit {
                        return Ok(page);
                    }
                }
            }
            scanned += rows.len();
            if scanned >= SCANNED {
                break;
            }
            range.end = last;
        }
        Ok(page)
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

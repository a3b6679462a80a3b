//! Trails: rows of who did what, appended in the commit of what they tell and never changed; read
//! page by page, the newest first.

use crate::txn::from_json;
use crate::{Direction, Key, SharedStore, StoreError};
use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};
use yunlong_model::Timestamp;

/// A row of a trail.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditRow {
    /// When.
    pub at: Timestamp,
    /// The account that acted; `-` for somebody who is not signed in.
    pub actor: String,
    /// What was done, such as `sign-in.failed`, `grant.revoked`, `installed`.
    pub action: String,
    /// To what or whom.
    pub target: String,
    /// More, in the words of the action.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub detail: String,
}

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

/// At most `limit` rows under `trail` that fit, older than `before`. A page may be short and still
/// have a next one, when much was looked at. `None` for a `before` that did not come from here.
///
/// # Errors
/// When the store fails.
pub async fn page(
    store: &SharedStore,
    trail: &Key,
    before: Option<&str>,
    limit: usize,
    filter: &AuditFilter,
) -> Result<Option<AuditPage>, StoreError> {
    let mut range = trail.children();
    if let Some(before) = before {
        let end = HEXLOWER.decode(before.as_bytes()).map(Key::from_bytes).ok().filter(|k| range.contains(k));
        match end {
            Some(end) => range.end = end,
            None => return Ok(None),
        }
    }
    let mut page = AuditPage::default();
    let mut scanned = 0;
    while page.rows.len() < limit {
        let rows = store.scan(&range, Direction::Descending, STEP.min(limit.max(50))).await?;
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
                    return Ok(Some(page));
                }
            }
        }
        scanned += rows.len();
        if scanned >= SCANNED {
            break;
        }
        range.end = last;
    }
    Ok(Some(page))
}

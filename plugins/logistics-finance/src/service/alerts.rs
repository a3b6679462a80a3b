//! What banks must know.

use super::{Refusal, known};
use crate::domain::actor::{Actor, Role};
use crate::domain::alert::Alert;
use crate::store::{ALERTS, by};
use serde_json::json;
use yunlong_sdk::{Page, transact};

/// The alerts of the actor's bank, all for a regulator, the latest first.
///
/// # Errors
/// [`Refusal`].
pub fn list(actor: &Actor, limit: u32, after: Option<String>) -> Result<Page<Alert>, Refusal> {
    let query = if actor.is(Role::Bank) {
        by::ALERT_BANK.equals(actor.organization.as_str())
    } else {
        actor.needs(Role::Regulator)?;
        by::ALERT_TIME.all()
    };
    Ok(ALERTS.find(query.descending().limit(limit).after(after))?)
}

/// The alerts of the actor's bank that nobody has seen, those of all banks for a regulator, the latest first.
///
/// # Errors
/// [`Refusal`].
pub fn unseen(actor: &Actor, limit: u32, after: Option<String>) -> Result<Page<Alert>, Refusal> {
    let query = if actor.is(Role::Bank) {
        by::ALERT_UNSEEN.equals(actor.organization.as_str())
    } else {
        actor.needs(Role::Regulator)?;
        by::ALERT_UNSEEN.all()
    };
    Ok(ALERTS.find(query.descending().limit(limit).after(after))?)
}

/// Somebody of the bank has seen an alert. Seen before, it stays as it is.
///
/// # Errors
/// [`Refusal::NotFound`].
pub fn seen(actor: &Actor, id: &str) -> Result<Alert, Refusal> {
    transact(|tx| {
        let mut alert: Alert = known(tx.get(id))?;
        actor.needs_of(Role::Bank, &alert.bank)?;
        if alert.seen_by.is_none() {
            alert.see(&actor.subject);
            tx.put(&alert)?;
            tx.audit("alert.seen", id, &json!({}))?;
        }
        Ok(alert)
    })
}

//! What the security administrator decides for all accounts.

use crate::error::IdentityError;
use crate::types::{Account, AccountKind, Session};
use crate::{Identity, detached, keys};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::time::Duration;
use yunlong_store::transact;
use yunlong_store::txn::from_json;
use yunlong_store::{SharedStore, StoreError, Txn};

/// The policy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SecurityPolicy {
    /// Whoever has a role on the platform must have a second factor: who has none may do nothing but
    /// enroll one.
    pub administrators_need_second_factor: bool,
    /// The same for all officials.
    pub officials_need_second_factor: bool,
    /// Dangerous acts ask for the second factor again when it was shown longer ago than this. 1 to 60.
    pub step_up_minutes: u32,
}

impl Default for SecurityPolicy {
    fn default() -> Self {
        Self { administrators_need_second_factor: true, officials_need_second_factor: false, step_up_minutes: 10 }
    }
}

impl SecurityPolicy {
    /// How long a shown second factor is good for dangerous acts.
    #[must_use]
    pub fn step_up(&self) -> Duration {
        Duration::from_secs(u64::from(self.step_up_minutes) * 60)
    }
}

/// What is stored: a policy that was set before administrators had one of their own says nothing of
/// them.
#[derive(Deserialize)]
struct Stored {
    #[serde(default)]
    administrators_need_second_factor: Option<bool>,
    officials_need_second_factor: bool,
    step_up_minutes: u32,
}

/// The policy that was set; `unset` while none was.
pub(crate) async fn load(store: &SharedStore, unset: &SecurityPolicy) -> Result<SecurityPolicy, StoreError> {
    let key = keys::policy();
    let Some(row) = store.get(&key).await? else { return Ok(unset.clone()) };
    let stored: Stored = from_json(&key, &row.value)?;
    Ok(SecurityPolicy {
        administrators_need_second_factor: stored
            .administrators_need_second_factor
            .unwrap_or(unset.administrators_need_second_factor),
        officials_need_second_factor: stored.officials_need_second_factor,
        step_up_minutes: stored.step_up_minutes,
    })
}

impl Identity {
    /// The policy that holds.
    #[must_use]
    pub fn policy(&self) -> Arc<SecurityPolicy> {
        self.inner.policy.read().clone()
    }

    /// Sets the policy. It holds from the next request of everybody.
    ///
    /// # Errors
    /// [`IdentityError::Invalid`] for `step_up_minutes`.
    pub async fn set_policy(&self, policy: SecurityPolicy, by: &str) -> Result<(), IdentityError> {
        if !(1..=60).contains(&policy.step_up_minutes) {
            return Err(IdentityError::invalid("step_up_minutes", "请填写 1 至 60 分钟", "enter 1 to 60 minutes"));
        }
        let (me, by) = (self.clone(), by.to_owned());
        detached(async move {
            transact!(&me.inner.store, |txn| {
                txn.put_as(keys::policy(), &policy);
                let detail = serde_json::to_string(&policy).unwrap_or_default();
                me.inner.audit_about(None, txn, &by, "policy.set", "second-factor", &detail).await?;
                Ok::<_, IdentityError>(())
            })?;
            *me.inner.policy.write() = Arc::new(policy);
            Ok(())
        })
        .await
    }

    /// Whether the policy wants a second factor that the account has not.
    pub(crate) fn must_enroll(&self, account: &Account) -> bool {
        let policy = self.inner.policy.read();
        let wanted = (policy.administrators_need_second_factor && !account.platform_roles.is_empty())
            || (policy.officials_need_second_factor && account.kind == AccountKind::Official);
        wanted && !account.second_factor
    }

    /// Whether a session began within the time that a shown second factor is good for: what stands in
    /// for proof of an account that has neither password nor factor.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn signed_in_lately(&self, session: &Session) -> Result<bool, IdentityError> {
        let mut txn = Txn::new(self.inner.store.clone());
        let within = i64::try_from(self.policy().step_up().as_millis()).unwrap_or(i64::MAX);
        let record = self.inner.alive(&mut txn, &session.id).await?;
        Ok(record.is_some_and(|r| self.inner.now() < r.started_at.plus_millis(within)))
    }

    /// Whether a dangerous act asks this person for the second factor first: they have one, and did
    /// not show it lately.
    #[must_use]
    pub fn needs_step_up(&self, session: &Session) -> bool {
        session.second_factor && !session.is_strong(self.inner.now(), self.policy().step_up())
    }
}

//! Grants: kept in memory for each call, revoked with effect from the next one.

use super::desk::{read, settle};
use super::request::said;
use super::{Request, RequestState, RequestStep, Step, act, keys, not_theirs};
use crate::{Actor, Grant, Hub, HubError, Revoked, detached};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use yunlong_installations::Installation;
use yunlong_model::{InstallationName, Timestamp};
use yunlong_store::txn::from_json;
use yunlong_store::{Direction, Key, ReadCheck, Seq, StoreError, Txn, transact};

/// The grants of one installation, by dataset and purpose.
#[derive(Debug, Default)]
pub(crate) struct GrantsOf {
    by_use: BTreeMap<String, BTreeMap<String, Arc<Grant>>>,
    /// The versions of their rows, which whoever writes down what rests on one checks.
    rows: BTreeMap<Key, Seq>,
}

impl GrantsOf {
    pub(crate) fn of(&self, dataset: &str, purpose: &str) -> Option<&Arc<Grant>> {
        self.by_use.get(dataset)?.get(purpose)
    }

    /// The row of the grant for a use, as it was when it was loaded.
    pub(crate) fn row(&self, installation: &InstallationName, dataset: &str, purpose: &str) -> ReadCheck {
        let key = keys::grant(installation, dataset, purpose);
        ReadCheck { version: self.rows.get(&key).copied(), key }
    }

    /// The other purposes for which the dataset is granted now.
    pub(crate) fn other_purposes(&self, dataset: &str, purpose: &str, now: Timestamp) -> Vec<String> {
        let all = self.by_use.get(dataset).into_iter().flatten();
        all.filter(|(p, g)| *p != purpose && g.stands(now)).map(|(p, _)| p.clone()).collect()
    }

    /// All of a dataset.
    pub(crate) fn of_dataset(&self, dataset: &str) -> impl Iterator<Item = &Arc<Grant>> {
        self.by_use.get(dataset).into_iter().flat_map(BTreeMap::values)
    }
}

/// Which grants somebody looks for. What is empty fits every one.
#[derive(Clone, Debug, Default)]
pub struct GrantFilter {
    /// The installation.
    pub installation: Option<InstallationName>,
    /// The provider of the dataset, as the catalogue has it.
    pub provider: String,
    /// The dataset.
    pub dataset: String,
    /// Only those that stand now.
    pub standing: bool,
}

impl Hub {
    /// The grants that fit, by installation, dataset and purpose. The newest for each use; what came
    /// before it is in the requests.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn grants(&self, filter: &GrantFilter) -> Result<Vec<Grant>, HubError> {
        let range = filter.installation.as_ref().map_or_else(keys::grants, keys::grants_of).children();
        let now = self.inner.now();
        // As many as apps declare uses: some thousand in a city.
        let rows = self.inner.store.scan(&range, Direction::Ascending, usize::MAX).await?;
        let all = rows.iter().map(|r| from_json::<Grant>(&r.key, &r.value));
        let fits = |g: &Grant| {
            (filter.dataset.is_empty() || g.dataset == filter.dataset)
                && (!filter.standing || g.stands(now))
                && (filter.provider.is_empty() || self.provides(&filter.provider, &g.dataset))
        };
        Ok(all.collect::<Result<Vec<_>, _>>()?.into_iter().filter(fits).collect())
    }

    /// Whether an organization provides a dataset.
    pub(crate) fn provides(&self, organization: &str, dataset: &str) -> bool {
        self.catalogue_entry(dataset).is_some_and(|e| e.dataset.provider == organization)
    }

    /// Takes a grant back, for a reason that the department reads which held it. It has no effect from
    /// the moment at which this answers.
    ///
    /// # Errors
    /// [`HubError::Unknown`] when there is none, [`HubError::Forbidden`] for whoever does not decide for
    /// the provider, [`HubError::Invalid`] for a reason that is missing. One that is revoked stays so.
    pub async fn revoke_grant(
        &self,
        installation: &InstallationName,
        dataset: &str,
        purpose: &str,
        reason: &str,
        by: &Actor,
    ) -> Result<Grant, HubError> {
        let reason = said(reason)?;
        let granted = self.grants_of(installation).await?;
        let found = granted.of(dataset, purpose).cloned().ok_or_else(|| unknown(dataset, purpose))?;
        let request = self.request(&found.request).await?;
        self.may_decide(dataset, &request.provider, by).await?;
        let to = self.inner.identity.administrators_of(&request.organization).await?;
        self.revoke(&found, &reason, by, &to).await
    }

    /// Ends what an installation has of the hub: its grants are revoked and its requests withdrawn.
    /// Called when it is removed; calling it again does no harm.
    ///
    /// # Errors
    /// When the store or the audit fails; what is left is ended by the next call.
    pub async fn end_installation(&self, installation: &InstallationName, by: &Actor) -> Result<(), HubError> {
        let reason = "应用已卸载 / the app was removed";
        self.end_uses(installation, &|_, _| true, reason, by).await?;
        self.forget_jobs(installation).await
    }

    /// Ends the uses that the manifest no longer has.
    pub(super) async fn end_former_uses(&self, installed: &Installation, by: &Actor) -> Result<(), HubError> {
        // A canary beside it may still declare them.
        let other = self.inner.installations.get_other(&installed.name);
        let declared = |dataset: &str, purpose: &str| {
            [Some(installed), other.as_deref()]
                .into_iter()
                .flatten()
                .any(|i| i.manifest.datasets.iter().any(|u| u.dataset == dataset && u.purpose == purpose))
        };
        let reason = "应用不再使用该数据 / the app no longer uses the dataset";
        self.end_uses(&installed.name, &|dataset, purpose| !declared(dataset, purpose), reason, by).await
    }

    /// Ends what is left of apps that were removed, and of uses that no release declares any more: when an
    /// upgrade's trial has ended, nobody asks for it.
    pub(crate) async fn end_what_is_left(&self) -> Result<(), HubError> {
        let mut names = BTreeSet::new();
        for grant in self.grants(&GrantFilter { standing: true, ..GrantFilter::default() }).await? {
            names.insert(grant.installation);
        }
        let by = Actor::platform();
        for name in names {
            match self.inner.installations.get(&name) {
                Some(installed) => self.end_former_uses(&installed, &by).await?,
                None => self.end_installation(&name, &by).await?,
            }
        }
        Ok(())
    }

    async fn end_uses(
        &self,
        installation: &InstallationName,
        ends: &(dyn Fn(&str, &str) -> bool + Sync),
        reason: &str,
        by: &Actor,
    ) -> Result<(), HubError> {
        let range = keys::newest_of(installation).children();
        for row in self.inner.store.scan(&range, Direction::Ascending, usize::MAX).await? {
            let request = self.request(&from_json::<String>(&row.key, &row.value)?).await?;
            if request.state.is_open() && ends(request.dataset(), request.purpose()) {
                self.withdraw_for(&request.id, reason, by).await?;
            }
        }
        let filter = GrantFilter { installation: Some(installation.clone()), ..GrantFilter::default() };
        for grant in self.grants(&filter).await? {
            if grant.revoked.is_none() && ends(&grant.dataset, &grant.purpose) {
                self.revoke(&grant, reason, by, &[]).await?;
            }
        }
        Ok(())
    }

    async fn withdraw_for(&self, id: &str, reason: &str, by: &Actor) -> Result<(), HubError> {
        let now = self.inner.now();
        transact!(&self.inner.store, |txn| {
            let mut request = read(txn, id).await?;
            if request.state.is_open() {
                request.take(RequestStep::Withdraw(reason.to_owned()), &by.account, now)?;
                settle(txn, &request);
                self.inner.audit.stage(txn, &act("request.withdrawn", by, &request, reason.to_owned())).await?;
            }
            Ok::<_, HubError>(())
        })
    }

    pub(super) async fn revoke(
        &self,
        grant: &Grant,
        reason: &str,
        by: &Actor,
        tell: &[String],
    ) -> Result<Grant, HubError> {
        let (me, grant, reason) = (self.clone(), grant.clone(), reason.to_owned());
        let (by, tell) = (by.clone(), tell.to_vec());
        detached(async move {
            let done = transact!(&me.inner.store, |txn| {
                let (revoked, request) = me.stage_revocation(txn, &grant, &reason, &by).await?;
                if let Some(request) = request {
                    me.note_revoked(txn, &tell, &request, &reason)?;
                }
                Ok::<_, HubError>(revoked)
            });
            // Whatever came of it: a commit that failed may still have taken place.
            me.inner.sharing.grants.changed(&grant.installation);
            done
        })
        .await
    }

    /// Stages a revocation; the request only when it was not revoked before.
    async fn stage_revocation(
        &self,
        txn: &mut Txn,
        grant: &Grant,
        reason: &str,
        by: &Actor,
    ) -> Result<(Grant, Option<Request>), HubError> {
        let key = keys::grant(&grant.installation, &grant.dataset, &grant.purpose);
        let mut grant: Grant = txn.get_as(&key).await?.ok_or_else(|| unknown(&grant.dataset, &grant.purpose))?;
        if grant.revoked.is_some() {
            return Ok((grant, None));
        }
        let now = self.inner.now();
        grant.revoked = Some(Revoked { at: now, by: by.account.clone(), reason: reason.to_owned() });
        txn.put_as(key, &grant);
        let mut request = read(txn, &grant.request).await?;
        let step = Step { at: now, by: by.account.clone(), action: "revoked".into(), note: reason.to_owned() };
        request.steps.push(step);
        settle(txn, &request);
        self.inner.audit.stage(txn, &act("grant.revoked", by, &request, reason.to_owned())).await?;
        Ok((grant, Some(request)))
    }

    /// The grants of an installation, from memory.
    pub(crate) async fn grants_of(&self, installation: &InstallationName) -> Result<Arc<GrantsOf>, StoreError> {
        let kept = &self.inner.sharing.grants;
        if let Some(found) = kept.get(installation) {
            return Ok(found);
        }
        let changes = kept.changes();
        let rows =
            self.inner.store.scan(&keys::grants_of(installation).children(), Direction::Ascending, usize::MAX).await?;
        let mut all = GrantsOf::default();
        for row in &rows {
            let grant: Grant = from_json(&row.key, &row.value)?;
            all.rows.insert(row.key.clone(), row.version);
            let purposes = all.by_use.entry(grant.dataset.clone()).or_default();
            purposes.insert(grant.purpose.clone(), Arc::new(grant));
        }
        let all = Arc::new(all);
        kept.keep(changes, installation.clone(), all.clone());
        Ok(all)
    }

    /// Extends a grant that stands, on the terms that it has: by the provider itself, before it ends,
    /// until at most as long from now as was asked for.
    ///
    /// # Errors
    /// [`HubError::Unknown`], [`HubError::Forbidden`]; [`HubError::Invalid`] for a grant that no longer
    /// stands (the department asks anew), and for a time that is earlier, or later than was asked for.
    pub async fn extend_grant(
        &self,
        installation: &InstallationName,
        dataset: &str,
        purpose: &str,
        until: Timestamp,
        by: &Actor,
    ) -> Result<Grant, HubError> {
        let granted = self.grants_of(installation).await?;
        let found = granted.of(dataset, purpose).cloned().ok_or_else(|| unknown(dataset, purpose))?;
        let request = self.request(&found.request).await?;
        self.may_decide(dataset, &request.provider, by).await?;
        let (me, by, id) = (self.clone(), by.clone(), request.id.clone());
        detached(async move {
            let done = transact!(&me.inner.store, |txn| {
                let now = me.inner.now();
                let key = keys::grant(&found.installation, &found.dataset, &found.purpose);
                let mut grant: Grant = txn.get_as(&key).await?.ok_or_else(not_theirs)?;
                let mut request = read(txn, &id).await?;
                check_extension(&grant, &request, until, now)?;
                grant.until = until;
                txn.put_as(key, &grant);
                let note = until.to_rfc3339();
                request.steps.push(Step {
                    at: now,
                    by: by.account.clone(),
                    action: "extended".into(),
                    note: note.clone(),
                });
                if let RequestState::Approved { decision, .. } = &mut request.state {
                    decision.until = until;
                }
                settle(txn, &request);
                me.inner.audit.stage(txn, &act("grant.extended", &by, &request, note)).await?;
                Ok::<_, HubError>(grant)
            });
            me.inner.sharing.grants.changed(&found.installation);
            done
        })
        .await
    }
}

fn check_extension(grant: &Grant, request: &Request, until: Timestamp, now: Timestamp) -> Result<(), HubError> {
    if !grant.stands(now) {
        return Err(HubError::invalid(
            "grant",
            "授权已失效，不能延期：请申请部门重新申请",
            "the grant no longer stands: the department asks anew",
        ));
    }
    if until <= grant.until || until > request.longest(now) {
        return Err(HubError::invalid(
            "until",
            "新的截止时间应晚于原来的，且不超过申请的期限",
            "choose a later time, at most as long from now as was asked for",
        ));
    }
    Ok(())
}

fn unknown(dataset: &str, purpose: &str) -> HubError {
    HubError::Unknown { what: "grant", id: format!("{dataset}@{purpose}") }
}

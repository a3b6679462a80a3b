//! Filing requests and deciding them.

use super::request::{Verdict, check, verdict};
use super::{Decision, Request, RequestState, RequestStep, act, keys, new_id, not_theirs};
use crate::{Actor, Dataset, Grant, Hub, HubError, detached};
use std::sync::Arc;
use yunlong_installations::Installation;
use yunlong_model::manifest::DatasetUse;
use yunlong_model::{InstallationName, Kind, Text, Timestamp};
use yunlong_store::{Txn, transact};

impl Hub {
    /// Files the request of an installation for one of the uses that its manifest declares. A request for
    /// the same that is open is answered as it is; one for something else is withdrawn, since this one
    /// takes its place. While a grant stands the request asks for its extension.
    ///
    /// What is shared unconditionally is granted at once; what is not shared is refused at once, except
    /// to the provider itself.
    ///
    /// # Errors
    /// [`HubError::Unknown`] for an installation or a use that does not exist, [`HubError::NoSuchDataset`],
    /// [`HubError::Forbidden`] for whoever does not administer the installation's organization.
    pub async fn ask(
        &self,
        installation: &InstallationName,
        dataset: &str,
        purpose: &str,
        by: &Actor,
    ) -> Result<Request, HubError> {
        let installed = self.installed(installation)?;
        self.may_ask(&installed, by).await?;
        let declared = installed.manifest.datasets.iter().find(|u| u.dataset == dataset && u.purpose == purpose);
        let declared =
            declared.ok_or_else(|| HubError::Unknown { what: "use", id: format!("{dataset}@{purpose}") })?.clone();
        self.file(installed, declared, by, false).await
    }

    /// Files what the manifest of an installation asks for and was not answered yet: at its installation
    /// and at each upgrade. A use that is unchanged since its last request is not asked for again while
    /// that is open, stands granted, or was refused or revoked by a person: the department asks again at
    /// the console, by [`Hub::ask`]. Requests for uses that the app no longer has are withdrawn, and
    /// their grants revoked.
    ///
    /// # Errors
    /// As [`Hub::ask`]; a dataset that is not in the catalogue is left out, and can be asked for when it is.
    pub async fn ask_all(&self, installation: &InstallationName, by: &Actor) -> Result<Vec<Request>, HubError> {
        let installed = self.installed(installation)?;
        self.may_ask(&installed, by).await?;
        self.end_former_uses(&installed, by).await?;
        let mut filed = Vec::new();
        for declared in &installed.manifest.datasets {
            match self.file(installed.clone(), declared.clone(), by, true).await {
                Ok(request) => filed.push(request),
                Err(HubError::NoSuchDataset(id)) => {
                    tracing::warn!(%installation, dataset = %id, "the app asks for a dataset that is not in the catalogue");
                }
                Err(e) => return Err(e),
            }
        }
        Ok(filed)
    }

    /// The provider takes a request in hand.
    ///
    /// # Errors
    /// [`HubError::Unknown`], [`HubError::Forbidden`], [`HubError::Transition`].
    pub async fn accept_request(&self, id: &str, by: &Actor) -> Result<Request, HubError> {
        self.step(id, RequestStep::Accept, by).await
    }

    /// The provider gives this: all that was asked for ([`Request::everything`]), or less.
    ///
    /// # Errors
    /// As [`Hub::accept_request`]; [`HubError::Invalid`] names what would be more than was asked for.
    pub async fn approve_request(&self, id: &str, decision: Decision, by: &Actor) -> Result<Request, HubError> {
        self.step(id, RequestStep::Approve(decision), by).await
    }

    /// The provider refuses, for a reason.
    ///
    /// # Errors
    /// As [`Hub::accept_request`]; [`HubError::Invalid`] for a reason that is missing.
    pub async fn refuse_request(&self, id: &str, reason: &str, by: &Actor) -> Result<Request, HubError> {
        self.step(id, RequestStep::Refuse(reason.to_owned()), by).await
    }

    /// The department that asked takes its request back.
    ///
    /// # Errors
    /// As [`Hub::accept_request`].
    pub async fn withdraw_request(&self, id: &str, reason: &str, by: &Actor) -> Result<Request, HubError> {
        self.step(id, RequestStep::Withdraw(reason.to_owned()), by).await
    }

    pub(crate) fn installed(&self, name: &InstallationName) -> Result<Arc<Installation>, HubError> {
        self.inner
            .installations
            .get(name)
            .ok_or_else(|| HubError::Unknown { what: "installation", id: name.to_string() })
    }

    /// Whether somebody may ask, and take back, for an installation: the administrators of its
    /// organization and of those above it, the system administrator who installs for them, the platform.
    async fn may_ask(&self, installed: &Installation, by: &Actor) -> Result<(), HubError> {
        if by.system_admin {
            return Ok(());
        }
        if let Some(own) = by.organization.as_deref().filter(|_| by.kind == Kind::Official)
            && self.inner.identity.is_within(&installed.organization, own)
            && self.inner.identity.administers(&by.account, own).await?
        {
            return Ok(());
        }
        Err(HubError::forbidden(
            "只有安装该应用的部门的管理员可以申请",
            "an administrator of the department that installed the app asks for its data",
        ))
    }

    /// Whether somebody decides for the provider: one of its administrators, as they stand now.
    pub(crate) async fn may_decide(&self, dataset: &str, provider: &str, by: &Actor) -> Result<(), HubError> {
        // Who decides is the provider of today; that of the request's day where the dataset is gone.
        let provider =
            self.catalogue_entry(dataset).map_or_else(|| provider.to_owned(), |e| e.dataset.provider.clone());
        if by.acts_for(&provider) && self.inner.identity.administers(&by.account, &provider).await? {
            Ok(())
        } else {
            Err(not_theirs())
        }
    }

    async fn file(
        &self,
        installed: Arc<Installation>,
        declared: DatasetUse,
        by: &Actor,
        unasked: bool,
    ) -> Result<Request, HubError> {
        let dataset =
            self.dataset(&declared.dataset).ok_or_else(|| HubError::NoSuchDataset(declared.dataset.clone()))?;
        let (me, by, name) = (self.clone(), by.clone(), installed.name.clone());
        let (administrators, provider) = self.sides(&dataset, &installed.organization).await?;
        let done = detached(async move {
            let done = transact!(&me.inner.store, |txn| {
                let filing = Filing { hub: &me, installed: &installed, dataset: &dataset, by: &by };
                let (request, fresh) = filing.stage(txn, &declared, unasked).await?;
                if fresh {
                    // The provider has something to decide, or the dataset's class has decided.
                    let to = if request.state.is_open() { &provider } else { &administrators };
                    me.note(txn, to, &request)?;
                }
                Ok::<_, HubError>(request)
            });
            me.inner.sharing.grants.changed(&installed.name);
            done
        })
        .await;
        if let Ok(request) = &done {
            tracing::info!(installation = %name, dataset = request.dataset(), state = request.state.name(), "dataset asked for");
        }
        done
    }

    /// The administrators of the organization that asks, and those of the provider.
    async fn sides(&self, dataset: &Dataset, asking: &str) -> Result<(Vec<String>, Vec<String>), HubError> {
        let identity = &self.inner.identity;
        Ok((identity.administrators_of(asking).await?, identity.administrators_of(&dataset.provider).await?))
    }

    async fn step(&self, id: &str, step: RequestStep, by: &Actor) -> Result<Request, HubError> {
        let request = self.request(id).await?;
        if matches!(step, RequestStep::Withdraw(_)) {
            match self.inner.installations.get(&request.installation) {
                Some(installed) => self.may_ask(&installed, by).await?,
                None if by.system_admin => {}
                None => return Err(not_theirs()),
            }
        } else {
            self.may_decide(request.dataset(), &request.provider, by).await?;
        }
        let to = self.inner.identity.administrators_of(&request.organization).await?;
        let (me, by, id) = (self.clone(), by.clone(), id.to_owned());
        detached(async move {
            let done = transact!(&me.inner.store, |txn| {
                let request = me.stage_step(txn, &id, &step, &by).await?;
                me.note(txn, &to, &request)?;
                Ok::<_, HubError>(request)
            });
            // Whatever came of it: a commit that failed may still have taken place.
            me.inner.sharing.grants.changed(&request.installation);
            done
        })
        .await
    }

    async fn stage_step(&self, txn: &mut Txn, id: &str, step: &RequestStep, by: &Actor) -> Result<Request, HubError> {
        let now = self.inner.now();
        let mut request = read(txn, id).await?;
        if let RequestStep::Approve(decision) = step {
            let dataset =
                self.dataset(request.dataset()).ok_or_else(|| HubError::NoSuchDataset(request.dataset().to_owned()))?;
            // Its class may have changed since it was filed.
            if let Verdict::Refused(reason) = verdict(&dataset, &request.asked, &request.organization) {
                return Err(HubError::Forbidden(both(&reason)));
            }
            check(decision, &request, &dataset, now)?;
        }
        request.take(step.clone(), &by.account, now)?;
        settle(txn, &request);
        if let RequestState::Approved { decision, .. } = &request.state {
            put_grant(txn, &request, decision, &by.account, now).await?;
        }
        let action = format!("request.{}", request.state.name());
        let detail = request.steps.last().map(|s| s.note.clone()).unwrap_or_default();
        self.inner.audit.stage(txn, &act(&action, by, &request, detail)).await?;
        Ok(request)
    }
}

/// One filing, in its transaction.
struct Filing<'a> {
    hub: &'a Hub,
    installed: &'a Installation,
    dataset: &'a Dataset,
    by: &'a Actor,
}

impl Filing<'_> {
    /// Stages it, and answers the request and whether it is a new one.
    async fn stage(&self, txn: &mut Txn, declared: &DatasetUse, unasked: bool) -> Result<(Request, bool), HubError> {
        let (name, now) = (&self.installed.name, self.hub.inner.now());
        let newest = keys::newest(name, &declared.dataset, &declared.purpose);
        let before = match txn.get_as::<String>(&newest).await? {
            Some(id) => Some(read(txn, &id).await?),
            None => None,
        };
        let grant: Option<Grant> = txn.get_as(&keys::grant(name, &declared.dataset, &declared.purpose)).await?;
        let stands = grant.as_ref().is_some_and(|g| g.stands(now));
        if let Some(before) = before {
            let same = before.asked == *declared;
            if same && (before.state.is_open() || unasked && answered(&before, grant.as_ref(), now)) {
                return Ok((before, false));
            }
            if before.state.is_open() {
                self.replace(txn, before).await?;
            }
        }
        let id = new_id(now);
        let asking = (name, self.installed.organization.as_str());
        let config = &self.hub.inner.config;
        let mut request = Request::filed(id, asking, self.dataset, declared.clone(), &self.by.account, now, config);
        request.extends = stands;
        self.hub.inner.audit.stage(txn, &act("request.filed", self.by, &request, String::new())).await?;
        self.judge(txn, &mut request, now).await?;
        txn.put_as(newest, &request.id);
        settle(txn, &request);
        Ok((request, true))
    }

    /// What the dataset itself says.
    async fn judge(&self, txn: &mut Txn, request: &mut Request, now: Timestamp) -> Result<(), HubError> {
        let step = match verdict(self.dataset, &request.asked, &request.organization) {
            Verdict::Open => return Ok(()),
            Verdict::Given => RequestStep::Approve(request.everything(now)),
            Verdict::Refused(reason) => RequestStep::Refuse(reason),
        };
        request.take(step, "-", now)?;
        if let RequestState::Approved { decision, .. } = &request.state {
            put_grant(txn, request, decision, Grant::AUTOMATIC, now).await?;
        }
        let action = format!("request.{}", request.state.name());
        let detail = request.steps.last().map(|s| s.note.clone()).unwrap_or_default();
        self.hub.inner.audit.stage(txn, &act(&action, &Actor::platform(), request, detail)).await?;
        Ok(())
    }

    /// The open request whose place a new one takes.
    async fn replace(&self, txn: &mut Txn, mut before: Request) -> Result<(), HubError> {
        let reason = "新的申请取代了它 / a new request takes its place";
        before.take(RequestStep::Withdraw(reason.into()), &self.by.account, self.hub.inner.now())?;
        settle(txn, &before);
        self.hub.inner.audit.stage(txn, &act("request.withdrawn", self.by, &before, reason.into())).await?;
        Ok(())
    }
}

/// Whether a request needs not be filed again by itself: a grant stands, or a person said no.
fn answered(request: &Request, grant: Option<&Grant>, now: Timestamp) -> bool {
    match &request.state {
        RequestState::Refused { .. } => true,
        RequestState::Approved { .. } => grant.is_some_and(|g| g.stands(now) || g.revoked.is_some()),
        _ => false,
    }
}

pub(super) async fn read(txn: &mut Txn, id: &str) -> Result<Request, HubError> {
    let found = txn.get_as(&keys::request(id)).await?;
    found.ok_or_else(|| HubError::Unknown { what: "request", id: id.to_owned() })
}

/// Writes a request and whether it waits.
pub(super) fn settle(txn: &mut Txn, request: &Request) {
    txn.put_as(keys::request(&request.id), request);
    if request.state.is_open() {
        txn.put_as(keys::open_request(&request.id), &request.id);
    } else {
        txn.delete(keys::open_request(&request.id));
    }
}

async fn put_grant(
    txn: &mut Txn,
    request: &Request,
    decision: &Decision,
    by: &str,
    now: Timestamp,
) -> Result<(), HubError> {
    let key = keys::grant(&request.installation, request.dataset(), request.purpose());
    let replaced: Option<Grant> = txn.get_as(&key).await?;
    let grant = Grant {
        request: request.id.clone(),
        installation: request.installation.clone(),
        dataset: request.dataset().to_owned(),
        purpose: request.purpose().to_owned(),
        terms: decision.terms.clone(),
        from: now,
        unbroken_from: replaced.filter(|g| g.stands(now)).map(|g| g.since()),
        until: decision.until,
        granted_by: by.to_owned(),
        revoked: None,
        warned_of: None,
    };
    txn.put_as(key, &grant);
    Ok(())
}

/// A reason of the platform, which has both languages in one text.
fn both(reason: &str) -> Text {
    let (zh, en) = reason.split_once(" / ").unwrap_or((reason, reason));
    Text { zh: zh.to_owned(), en: en.to_owned() }
}

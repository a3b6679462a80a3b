//! Changes of the catalogue: who may make them, and how one is committed.

use super::check::{check, compatible};
use super::{Catalogue, CatalogueEntry, Live, Publication};
use crate::{Actor, Category, Dataset, Hub, HubError, Sharing, detached, keys};
use std::sync::Arc;
use yunlong_audit::Entry;
use yunlong_model::Timestamp;
use yunlong_store::transact;

/// What a change of an entry is decided on, beside the entry.
#[derive(Clone, Copy)]
pub(super) struct Moment {
    pub(super) at: Timestamp,
    /// Whether the dataset has, or ever had, records.
    pub(super) has_records: bool,
}

impl CatalogueEntry {
    pub(super) fn new(dataset: Dataset, at: Timestamp) -> Self {
        Self {
            dataset: Arc::new(dataset),
            publication: Publication::Draft,
            version: 1,
            base: false,
            changed: at,
            changed_by: String::new(),
            building: Vec::new(),
            dropped: Vec::new(),
        }
    }

    /// What the entry becomes with the next change. Who changed it is written at the commit.
    pub(super) fn next(&self, at: Timestamp) -> Self {
        Self { version: self.version + 1, changed: at, ..self.clone() }
    }

    /// Whether a new description decides on the data, and not on what is said of it: its level, its openness,
    /// whose data it is and how sensitive. What is a draft is decided on when it is published.
    #[must_use]
    pub fn decides(&self, new: &Dataset) -> bool {
        let old = &self.dataset;
        let less = |item: &crate::Item| old.item(&item.name).is_some_and(|o| o.sensitivity > item.sensitivity);
        self.publication != Publication::Draft
            && (old.level != new.level
                || old.openness != new.openness
                || (&old.person, &old.division) != (&new.person, &new.division)
                || new.items.iter().any(less))
    }

    /// Takes over a description; indexes that are new to records that are there have to be built.
    pub(super) fn describe(&mut self, dataset: Dataset, has_records: bool) {
        if has_records {
            let new =
                dataset.indexes.iter().filter(|i| !self.dataset.indexes.contains(i) && !self.building.contains(i));
            self.building.extend(new.cloned().collect::<Vec<_>>());
        }
        self.building.retain(|i| dataset.indexes.contains(i));
        // Rows of an index that comes back later would be those of records as they were.
        let gone = self.dataset.indexes.iter().filter(|i| !dataset.indexes.contains(i) && !self.dropped.contains(i));
        self.dropped.extend(gone.cloned().collect::<Vec<_>>());
        self.dataset = Arc::new(dataset);
    }
}

impl Hub {
    /// Puts a new dataset into the catalogue, as a draft.
    ///
    /// # Errors
    /// [`HubError::Invalid`] names what is wrong with the description; [`HubError::Forbidden`] for a
    /// provider that is not the actor's own organization, and for base datasets.
    pub async fn create_dataset(&self, dataset: Dataset, by: &Actor) -> Result<CatalogueEntry, HubError> {
        self.may_edit(&dataset, by)?;
        if dataset.category == Category::Base && !by.system_admin {
            return Err(HubError::forbidden(
                "基础信息资源由平台统一设置",
                "base datasets are the platform's: a system administrator adds them",
            ));
        }
        check(&dataset)?;
        self.check_organizations(&dataset).await?;
        let id = dataset.id.clone();
        self.change_entry(&id, by, "catalogue.created", "", move |now, moment| match now {
            Some(_) => {
                Err(HubError::invalid("id", "该代码已被使用：请换一个", "the code is in use: choose another one"))
            }
            None => Ok(CatalogueEntry::new(dataset.clone(), moment.at)),
        })
        .await
    }

    /// Describes a dataset anew. `version` is the one that the change is based on. The provider, the
    /// authorities and the sharing have operations of their own and stay as they are; another authority is refused. Once it was published,
    /// what is a decision on the data and not a word about it ([`CatalogueEntry::decides`]) is for an
    /// administrator of the provider.
    ///
    /// # Errors
    /// As [`Hub::create_dataset`]; [`HubError::Changed`] when somebody else was faster;
    /// [`HubError::Invalid`] names an item that records do not allow to change.
    pub async fn edit_dataset(&self, dataset: Dataset, version: u64, by: &Actor) -> Result<CatalogueEntry, HubError> {
        let id = dataset.id.clone();
        let standing = self.entry_or_refused(&id)?;
        self.may_edit(&standing.dataset, by)?;
        self.check_organizations(&with_what_people_decided(dataset.clone(), &standing.dataset)).await?;
        let governs = self.may_govern(&standing.dataset, by).await;
        let what = move |now: Option<&CatalogueEntry>, moment: Moment| {
            let now = there(now)?;
            if now.version != version {
                return Err(HubError::Changed { is: now.version, based_on: version });
            }
            if now.publication == Publication::Withdrawn {
                return Err(transition("edit", now.publication));
            }
            // What would be left out is refused: an authority is set by the act of its own.
            let other = |i: &&crate::Item| {
                let stands = now.dataset.item(&i.name).and_then(|s| s.authority.as_ref());
                i.authority.is_some() && i.authority.as_ref() != stands
            };
            if let Some(item) = dataset.items.iter().find(other) {
                return Err(HubError::invalid(
                    format!("items.{}.authority", item.name),
                    "权威来源不在这里更改：请使用“设定信息项的权威来源”",
                    "the authority is not changed here: set it by the act for it",
                ));
            }
            let edited = with_what_people_decided(dataset.clone(), &now.dataset);
            check(&edited)?;
            if now.decides(&edited) {
                governs.clone()?;
            }
            if moment.has_records {
                compatible(&now.dataset, &edited)?;
            }
            let mut next = now.next(moment.at);
            next.describe(edited, moment.has_records);
            Ok(next)
        };
        self.change_entry(&id, by, "catalogue.edited", "", what).await
    }

    /// Lets everybody find the dataset, on the terms that stand in its description: for an administrator of
    /// the provider, or of the system.
    ///
    /// # Errors
    /// [`HubError::Transition`] when it is published already; [`HubError::Forbidden`].
    pub async fn publish_dataset(&self, id: &str, by: &Actor) -> Result<CatalogueEntry, HubError> {
        self.may_govern(&self.entry_or_refused(id)?.dataset, by).await?;
        self.change_entry(id, by, "catalogue.published", "", |now, moment| {
            let now = there(now)?;
            if now.publication == Publication::Published {
                return Err(transition("publish", now.publication));
            }
            let released = now.dataset.released.clone().unwrap_or_else(|| crate::days::day(moment.at).to_string());
            let dataset = Dataset { released: Some(released), ..(*now.dataset).clone() };
            let next = now.next(moment.at);
            Ok(CatalogueEntry { dataset: Arc::new(dataset), publication: Publication::Published, ..next })
        })
        .await
    }

    /// Takes the dataset back: from now on nobody reads it or asks for it. Its records are kept, and it
    /// can be published again. For an administrator of the provider, or of the system.
    ///
    /// # Errors
    /// [`HubError::Transition`] unless it is published; [`HubError::Invalid`] without a reason;
    /// [`HubError::Forbidden`].
    pub async fn withdraw_dataset(&self, id: &str, reason: &str, by: &Actor) -> Result<CatalogueEntry, HubError> {
        self.may_govern(&self.entry_or_refused(id)?.dataset, by).await?;
        if reason.trim().is_empty() {
            return Err(HubError::invalid("reason", "请填写撤回原因", "say why it is withdrawn"));
        }
        self.change_entry(id, by, "catalogue.withdrawn", reason, |now, moment| {
            let now = there(now)?;
            if now.publication != Publication::Published {
                return Err(transition("withdraw", now.publication));
            }
            Ok(CatalogueEntry { publication: Publication::Withdrawn, ..now.next(moment.at) })
        })
        .await
    }

    /// Makes an organization the provider of a dataset.
    ///
    /// # Errors
    /// [`HubError::Forbidden`] unless the actor is a system administrator;
    /// [`HubError::Invalid`] for an organization that does not exist.
    pub async fn set_provider(&self, id: &str, organization: &str, by: &Actor) -> Result<CatalogueEntry, HubError> {
        self.system_admin_only(by)?;
        self.check_organization("provider", organization).await?;
        let to = organization.to_owned();
        self.describe_anew(id, by, "catalogue.provider", organization, move |d| {
            d.provider.clone_from(&to);
            Ok(())
        })
        .await
    }

    /// Makes an organization the authority for an item; `None`: the provider is. An administrator of the
    /// provider decides, or of the system. The key, and whatever else a record must have, stays with the provider,
    /// who adds records.
    ///
    /// # Errors
    /// [`HubError::Forbidden`]; [`HubError::Invalid`] for an item or organization that does not exist, and
    /// for a required item.
    pub async fn set_authority(
        &self,
        id: &str,
        item: &str,
        organization: Option<&str>,
        by: &Actor,
    ) -> Result<CatalogueEntry, HubError> {
        self.may_govern(&self.entry_or_refused(id)?.dataset, by).await?;
        if let Some(organization) = organization {
            self.check_organization("authority", organization).await?;
        }
        let (item, to) = (item.to_owned(), organization.map(ToOwned::to_owned));
        let detail = format!("{item}: {}", organization.unwrap_or("provider"));
        self.describe_anew(id, by, "catalogue.authority", &detail, move |d| {
            let key = d.key == item;
            let Some(found) = d.items.iter_mut().find(|i| i.name == item) else {
                return Err(HubError::invalid(
                    "item",
                    format!("没有名为 {item} 的信息项"),
                    format!("there is no item `{item}`"),
                ));
            };
            if to.is_some() && (key || found.required) {
                return Err(HubError::invalid(
                    "item",
                    "必填项由提供方负责：请先将它改为选填",
                    "the provider answers for what a record must have: make the item optional first",
                ));
            }
            found.authority.clone_from(&to);
            Ok(())
        })
        .await
    }

    /// Sets the terms of sharing. An administrator of the provider alone decides on them, as on requests: who
    /// chooses the class approves whatever is asked for. Where it is no longer shared unconditionally, the
    /// grants that nobody decided on have no effect any more and are revoked.
    ///
    /// # Errors
    /// [`HubError::Forbidden`]; [`HubError::Invalid`] for `not shared` without a law, or a condition that
    /// is not there in both languages.
    pub async fn set_sharing(&self, id: &str, sharing: Sharing, by: &Actor) -> Result<CatalogueEntry, HubError> {
        if !is_platform(by) {
            self.administers_provider(&self.entry_or_refused(id)?.dataset, by).await?;
        }
        let detail = format!("{:?}", sharing.class());
        let set = self
            .describe_anew(id, by, "catalogue.sharing", &detail, move |d| {
                d.sharing = sharing.clone();
                Ok(())
            })
            .await?;
        // They have no effect since the commit; what is not ended now, the next tick ends.
        if let Err(error) = self.end_automatic_grants().await {
            tracing::warn!(dataset = id, %error, "grants that nobody decided on could not be revoked");
        }
        Ok(set)
    }

    async fn describe_anew(
        &self,
        id: &str,
        by: &Actor,
        action: &'static str,
        detail: &str,
        change: impl Fn(&mut Dataset) -> Result<(), HubError> + Send + Sync + 'static,
    ) -> Result<CatalogueEntry, HubError> {
        self.change_entry(id, by, action, detail, move |now, moment| {
            let now = there(now)?;
            let mut dataset = (*now.dataset).clone();
            change(&mut dataset)?;
            check(&dataset)?;
            Ok(CatalogueEntry { dataset: Arc::new(dataset), ..now.next(moment.at) })
        })
        .await
    }

    /// Commits a change of an entry with its audit row, and lets everybody see it before it answers.
    pub(super) async fn change_entry(
        &self,
        id: &str,
        by: &Actor,
        action: &'static str,
        detail: &str,
        change: impl Fn(Option<&CatalogueEntry>, Moment) -> Result<CatalogueEntry, HubError> + Send + Sync + 'static,
    ) -> Result<CatalogueEntry, HubError> {
        let (me, id, by, detail) = (self.clone(), id.to_owned(), by.clone(), detail.to_owned());
        detached(async move {
            // Commits and their copies in memory stand in the same order.
            let _one_at_a_time = me.inner.catalogue_writer.lock().await;
            let entry = transact!(&me.inner.store, |txn| {
                let now: Option<CatalogueEntry> = txn.get_as(&keys::dataset(&id)).await?;
                // Whoever writes records touches this: what was decided on whether there are any holds.
                let has_records = txn.get(&keys::touched(&id)).await?.is_some();
                let mut next = change(now.as_ref(), Moment { at: me.inner.now(), has_records })?;
                next.changed_by.clone_from(&by.account);
                txn.put_as(keys::dataset(&id), &next);
                if let Some(now) = &now {
                    txn.put_as(keys::dataset_versions(&id).u64(now.version), now);
                }
                let entry = audit_entry(action, &by, &id, &detail);
                me.inner.audit.stage(txn, &entry).await?;
                Ok::<_, HubError>(next)
            })?;
            let live = Live::new(entry.clone())?;
            let mut all = me.inner.catalogue.write();
            let Catalogue(map) = Arc::make_mut(&mut all);
            map.insert(id, live);
            Ok(entry)
        })
        .await
    }

    fn entry_or_refused(&self, id: &str) -> Result<CatalogueEntry, HubError> {
        self.catalogue_entry(id).ok_or_else(|| HubError::NoSuchDataset(id.to_owned()))
    }

    fn may_edit(&self, dataset: &Dataset, by: &Actor) -> Result<(), HubError> {
        if by.system_admin || by.acts_for(&dataset.provider) {
            return Ok(());
        }
        Err(HubError::forbidden(
            "只有提供方的工作人员可以编辑本部门的数据集",
            "officials of the provider edit its datasets: act in its office, or let a system administrator do it",
        ))
    }

    /// What decides on the data weighs more than a word about it.
    async fn may_govern(&self, dataset: &Dataset, by: &Actor) -> Result<(), HubError> {
        if by.system_admin { Ok(()) } else { self.administers_provider(dataset, by).await }
    }

    /// Whether somebody is an administrator of the provider, as they stand now.
    pub(crate) async fn administers_provider(&self, dataset: &Dataset, by: &Actor) -> Result<(), HubError> {
        let provider = &dataset.provider;
        if by.acts_for(provider) && self.inner.identity.administers(&by.account, provider).await? {
            return Ok(());
        }
        Err(HubError::forbidden(
            "这由提供方的部门管理员决定：请联系本部门的管理员",
            "a department administrator of the provider decides on this: ask yours",
        ))
    }

    fn system_admin_only(&self, by: &Actor) -> Result<(), HubError> {
        if by.system_admin {
            return Ok(());
        }
        Err(HubError::forbidden("提供方由系统管理员设置", "a system administrator says who provides a dataset"))
    }

    async fn check_organizations(&self, dataset: &Dataset) -> Result<(), HubError> {
        self.check_organization("provider", &dataset.provider).await?;
        for item in &dataset.items {
            if let Some(authority) = &item.authority {
                self.check_organization(&format!("items.{}.authority", item.name), authority).await?;
            }
        }
        Ok(())
    }

    async fn check_organization(&self, field: &str, code: &str) -> Result<(), HubError> {
        if self.inner.identity.organization(code).await?.is_some() {
            return Ok(());
        }
        Err(HubError::invalid(
            field,
            format!("没有代码为 {code} 的组织：请核对代码，或先添加该组织"),
            format!("there is no organization with the code {code}: check it, or add the organization first"),
        ))
    }
}

/// The new description, with what has operations of its own as it stands.
fn with_what_people_decided(mut new: Dataset, standing: &Dataset) -> Dataset {
    new.provider.clone_from(&standing.provider);
    new.category = standing.category;
    new.sharing.clone_from(&standing.sharing);
    new.released.clone_from(&standing.released);
    for item in &mut new.items {
        item.authority = standing.item(&item.name).and_then(|i| i.authority.clone());
    }
    new
}

fn there(now: Option<&CatalogueEntry>) -> Result<&CatalogueEntry, HubError> {
    now.ok_or_else(|| HubError::NoSuchDataset("-".into()))
}

fn is_platform(by: &Actor) -> bool {
    by.kind == yunlong_model::Kind::Service && by.account == "-"
}

fn transition(step: &'static str, from: Publication) -> HubError {
    let possible = match from {
        Publication::Draft => vec!["edit", "publish"],
        Publication::Published => vec!["edit", "withdraw"],
        Publication::Withdrawn => vec!["publish"],
    };
    HubError::Transition { step, state: from.name(), possible }
}

/// What the log tells of an act on the hub itself.
pub(crate) fn audit_entry(action: &str, by: &Actor, dataset: &str, detail: &str) -> Entry {
    Entry {
        organization: by.organization.clone(),
        dataset: Some(dataset.to_owned()),
        target: dataset.to_owned(),
        request_id: by.request_id.clone(),
        detail: detail.to_owned(),
        ..Entry::new(action, by.account.clone(), by.kind)
    }
}
